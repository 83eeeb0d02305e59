// What whoever comes in the morning looks at first, in one answer: what was decided, what runs dry, what is wrong, what ends, what waits for
// them. Each part is what the list of the same things shows the caller; of each so much is read, and where there is more it says so.
import { hourMs } from '#model/clock.ts'
import type { Severity } from '#model/finding.ts'
import type { Source } from '#store/tables/sources.ts'
import { freshnessOf, listSources } from '../estate/sources.ts'
import { listFindings } from '../finding/findings.ts'
import { visibleAccounts } from '../identity/visible-accounts.ts'
import { listCapacities, type PoolCapacity } from '../ipam/capacity.ts'
import type { PageAsked } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { type DescribedException, listExceptions } from '../policy/exception-lists.ts'
import { listDecisions } from '../record/decisions.ts'
import { permitterThen } from '../record/object-places.ts'
import { always, rangeOfSpan } from '../record/spans.ts'
import { approvalsWaiting, readSome, type Waiting } from './waiting.ts'

/** Of each kind that is named. */
export const namedMax = 5
/** Hours, with the one that goes on. */
export const hoursMax = 24
const findingsLookedMax = 500
/** Decisions that are counted. */
const decisionsCountedMax = 100_000
const decisionsPerStatement = 2_500
/** The same where each is asked about, by whoever may not see all. */
const ownDecisionsMax = 2_000

type Outcome = 'allow' | 'steer' | 'warn' | 'deny'

export interface HourOfDecisions {
  readonly from: number
  readonly counts: Readonly<Record<Outcome, number>>
}
export interface Some<Item> {
  /** The first of them. */
  readonly items: readonly Item[]
  readonly count: number
  /** Not all were looked at. */
  readonly isMore: boolean
}
export interface Overview {
  readonly decisions: { readonly hours: readonly HourOfDecisions[]; readonly isMore: boolean }
  /** Those that run dry, the first one first. */
  readonly pools: Some<PoolCapacity>
  readonly findings: { readonly open: Readonly<Record<Severity, number>>; readonly isMore: boolean }
  /** Those in force, the one that ends first before the others. */
  readonly exceptions: Some<DescribedException>
  readonly waiting: Some<Waiting>
  readonly sources: { readonly fresh: number } & Some<Source>
}

export async function overviewOf(context: ReadContext): Promise<Overview> {
  const { tx } = context
  const decisions = await decisionsByHour(context)
  await tx.nextTurn()
  const pools = await driestPools(context)
  await tx.nextTurn()
  const findings = await openFindings(context)
  await tx.nextTurn()
  const all = await readSome((asked: PageAsked<string>) =>
    listExceptions(context, { hasFinding: false }, { from: 0, until: always }, asked),
  )
  const active = all.items.filter(({ state }) => state === 'active')
  active.sort((a, b) => a.exception.expiresAt - b.exception.expiresAt)
  await tx.nextTurn()
  const approvals = await approvalsWaiting(context, all)
  const waiting = someOf(approvals.items, approvals.isMore)
  await tx.nextTurn()
  const found = await readSome((asked: PageAsked<string>) => listSources(context, asked))
  const old = found.items.filter((one) => freshnessOf(one, context.now) !== 'fresh')
  return {
    ...{ decisions, pools, findings, waiting },
    exceptions: someOf(active, all.isMore),
    sources: { fresh: found.items.length - old.length, ...someOf(old, found.isMore) },
  }
}

const someOf = <Item>(all: readonly Item[], isMore: boolean): Some<Item> => ({
  items: all.slice(0, namedMax),
  count: all.length,
  isMore,
})

async function decisionsByHour(context: ReadContext): Promise<Overview['decisions']> {
  const { tx, now } = context
  const hour = Math.floor(now / hourMs) * hourMs
  const since = hour - (hoursMax - 1) * hourMs
  const hours = Array.from({ length: hoursMax }, (_, n) => ({
    from: since + n * hourMs,
    counts: { allow: 0, steer: 0, warn: 0, deny: 0 } as Record<Outcome, number>,
  }))
  let oldest = now
  const add = (outcome: Outcome, at: number, count: number): void => {
    oldest = Math.min(oldest, at)
    const found = hours[Math.floor((at - since) / hourMs)]
    if (found) found.counts[outcome] += count
  }
  // Hours of which not all was counted are left out, but for the one that goes on.
  const whole = (isMore: boolean): Overview['decisions'] => ({
    hours: isMore ? hours.filter(({ from }) => from > oldest || from === hour) : hours,
    isMore,
  })
  const span = { from: since, until: always }
  if (await visibleAccounts(context, 'decision:read', 'ever')) {
    // Of those of others, not even how many there are.
    const own = await readSome((asked: PageAsked<number>) => listDecisions(context, asked, {}, span), ownDecisionsMax)
    for (const { outcome, at } of own.items) add(outcome, at.getTime(), 1)
    return whole(own.isMore)
  }
  const isPermitted = await permitterThen(context, 'decision:read')
  const { first } = await rangeOfSpan(context, 'decision', span)
  let before = always
  for (let looked = 0; looked < decisionsCountedMax; looked += decisionsPerStatement) {
    await tx.nextTurn()
    const groups = await tx.recordLists.countDecisions({ first, before, limit: decisionsPerStatement, perMs: hourMs })
    let rows = 0
    for (const { account, outcome, from, until, count, least } of groups) {
      rows += count
      before = Math.min(before, least)
      if (await isPermitted(account, from, until + 1)) add(outcome, from, count)
    }
    if (rows < decisionsPerStatement) return whole(false)
  }
  return whole(true)
}

async function driestPools(context: ReadContext): Promise<Some<PoolCapacity>> {
  const found = await readSome((asked: PageAsked<string>) => listCapacities(context, {}, asked))
  const dry = found.items.filter(({ runsDryAt }) => runsDryAt !== undefined)
  return someOf(
    dry.sort((a, b) => a.runsDryAt! - b.runsDryAt!),
    found.isMore,
  )
}

async function openFindings(context: ReadContext): Promise<Overview['findings']> {
  const found = await readSome(
    (asked: PageAsked<string>) => listFindings(context, { status: 'open' }, asked),
    findingsLookedMax,
  )
  const open: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0, informational: 0 }
  for (const { control } of found.items) open[control.severity]++
  return { open, isMore: found.isMore }
}
