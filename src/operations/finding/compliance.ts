// Compliance of a day: counted from who had space then and from what was open of it, so that no day has to be stored.

import { addCounts, applicableOf, type ComplianceCounts, noCounts, scoreOf } from '#model/policy/score.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { EndedBrought } from '#store/tables/brought-space.ts'
import type { CountedAt, HeldCount, OpenCount } from '#store/tables/compliance.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { exemptControl, policyControl } from './controls.ts'
import { isEvaluated } from './spaces.ts'

export const complianceKeys = ['unit', 'account', 'type', 'locale', 'rule'] as const
export type ComplianceKey = (typeof complianceKeys)[number]

export interface ComplianceAsked {
  readonly by: ComplianceKey
  /** At it and below. */
  readonly node?: string | undefined
  readonly resourceType?: string | undefined
  readonly locale?: string | undefined
  /** Milliseconds since 1970; undefined: now. */
  readonly at?: number | undefined
  /** Groups that are answered, the worst first. */
  readonly limit: number
}
export interface ComplianceGroup extends ComplianceCounts {
  readonly group: string
  readonly name?: string
  readonly applicable: number
  readonly score?: number
}
export interface ComplianceReport {
  readonly at: number
  /** Up to when the record was followed: what was made since is unknown. */
  readonly evaluatedUntil: number
  /** Since when everything there is has been evaluated; before that, nothing is known. */
  readonly evaluatedFrom: number | undefined
  /** What ended before is forgotten; undefined: nothing is. */
  readonly forgottenBefore: number | undefined
  /** What is being looked at anew, so that numbers may change. */
  readonly pendingScans: number
  readonly total: ComplianceGroup
  readonly groups: readonly ComplianceGroup[]
  readonly groupCount: number
  readonly installation: string
}

/** Of more, that there are more. */
const pendingScansMax = 1_000
const totalGroup = 'total'

/** Whose space it is, and what of. */
interface Owned {
  readonly account: string
  readonly resourceType: string
  readonly locale: string
}
type Counts = Map<string, ComplianceCounts>
/** How far the longest part of it has come: it goes on from there where the reading begins again. */
interface State {
  readonly held: Counts
  /** Undefined: all of it is counted. */
  heldAfter: number | undefined
  /** The same of what no pool gave. */
  broughtAfter: number | undefined
}

/** What is looked at: of whoever asks, or of the server itself. */
export type Reading = Pick<ReadContext, 'tx' | 'now' | 'snapshot' | 'progress'>
type Counted = Pick<ComplianceReport, 'at' | 'evaluatedUntil' | 'evaluatedFrom' | 'forgottenBefore'> & {
  readonly counts: ReadonlyMap<string, ComplianceCounts>
}

export async function complianceAt(context: ReadContext, asked: ComplianceAsked): Promise<ComplianceReport> {
  const { tx } = context
  const { counts, ...of } = await countCompliance(context, asked, await permitter(context, 'finding:read'))
  const named = await groupsOf(context, counts, asked.by)
  const rest = named.filter(({ group }) => group !== totalGroup).sort(worstFirst)
  return {
    ...of,
    pendingScans: await tx.findingScans.count(pendingScansMax),
    total: named.find(({ group }) => group === totalGroup) ?? groupFrom(totalGroup, noCounts),
    groups: rest.slice(0, asked.limit),
    groupCount: rest.length,
    installation: tx.installation,
  }
}

/** All that was held of a node and below at a moment, as though nothing had been open of it. */
export async function heldAt(
  reading: Reading,
  asked: { readonly node: string | undefined; readonly at: number },
): Promise<ComplianceCounts> {
  const { counts } = await countCompliance(reading, { ...asked, by: 'type', isHeldAlone: true }, () => true)
  return counts.get(totalGroup) ?? noCounts
}
/** Whether space is of a node or below, and counted. */
export async function isWantedThere(reading: Reading, node: string | undefined): Promise<(owned: Owned) => boolean> {
  return wanted(await reading.snapshot(), { node }, () => true)
}

/** Since when everything there is has been evaluated, and what of that is not forgotten; undefined: nothing is known. */
export async function knownFrom(tx: ReadTransaction): Promise<number | undefined> {
  const { evaluatedFrom } = await tx.findingScans.progress()
  // What ended before is forgotten: nobody could say of a day before whether it was open.
  const { endedBeforeAt } = await tx.retention.forgotten()
  return evaluatedFrom === undefined ? undefined : Math.max(evaluatedFrom, endedBeforeAt)
}

async function countCompliance(
  reading: Reading,
  asked: Omit<ComplianceAsked, 'limit'> & { readonly isHeldAlone?: true },
  isPermitted: (account: string) => boolean,
): Promise<Counted> {
  const { tx } = reading
  // A clock that is ahead of ours asks for now; the answer says of which moment it is.
  const at = Math.min(asked.at ?? reading.now, reading.now)
  const snapshot = await reading.snapshot()
  const progress = await tx.findingScans.progress()
  const isBehind = (await tx.recordLists.lastEntry()) > progress.entry
  const evaluatedUntil = isBehind ? progress.entryAt : reading.now
  const { endedBeforeAt } = await tx.retention.forgotten()
  const evaluatedFrom = await knownFrom(tx)
  const isKnown = evaluatedFrom !== undefined && at >= evaluatedFrom
  const provided = [await tx.pools.ofProvider(4), await tx.pools.ofProvider(6)].flatMap((pool) => pool?.n ?? [])
  const counted: CountedAt = { at, knownUntil: isKnown ? evaluatedUntil : -1, provided }
  const isWanted = wanted(snapshot, asked, isPermitted)
  const groupOf = grouper(snapshot, asked.by)

  const state = reading.progress.next((): State => ({ held: new Map(), heldAfter: -1, broughtAfter: -1 }))
  const holders = await holdersByNumber(reading)
  await countHeld(reading, counted, { counts: state.held, isWanted, groupOf }, state, holders)
  const counts = new Map(state.held)
  const counting = { counts, isWanted, groupOf }
  if (at < reading.now) {
    const accounts = new Set([...holders.values()].filter(isWanted).map(({ account }) => account))
    for (const account of accounts) await countEnded(reading, counted, counting, account)
    await countEndedBrought(reading, counted, counting)
  }
  if (isKnown && !asked.isHeldAlone) await countOpen(reading, at, counting, asked.by)
  return { at, evaluatedUntil, evaluatedFrom, forgottenBefore: endedBeforeAt > 0 ? endedBeforeAt : undefined, counts }
}

const worstFirst = (a: ComplianceGroup, b: ComplianceGroup): number =>
  b.noncompliant + b.ignored - (a.noncompliant + a.ignored) ||
  b.applicable - a.applicable ||
  (a.group < b.group ? -1 : 1)

/** Whether the caller may see it, and has asked for it. */
function wanted(
  snapshot: Snapshot,
  { node, resourceType, locale }: Pick<ComplianceAsked, 'node' | 'resourceType' | 'locale'>,
  isPermitted: (account: string) => boolean,
): (owned: Owned) => boolean {
  return (owned) =>
    isEvaluated(owned) &&
    (resourceType === undefined || owned.resourceType === resourceType) &&
    (locale === undefined || owned.locale === locale) &&
    isPermitted(owned.account) &&
    (node === undefined || node === everywhere || pathOf(snapshot, owned.account).includes(node))
}

const grouper =
  (snapshot: Snapshot, by: ComplianceKey) =>
  ({ account, resourceType, locale }: Owned, rule: string): string => {
    switch (by) {
      case 'account':
        return account
      case 'unit':
        return pathOf(snapshot, account).at(-2) ?? account
      case 'type':
        return resourceType
      case 'locale':
        return locale
      case 'rule':
        return rule
    }
  }

interface Counting {
  readonly counts: Counts
  isWanted(owned: Owned): boolean
  groupOf(owned: Owned, rule: string): string
}

function add({ counts }: Counting, group: string, some: Partial<ComplianceCounts>): void {
  for (const each of group === '' ? [totalGroup] : [group, totalGroup])
    counts.set(each, addCounts(counts.get(each) ?? noCounts, some))
}

async function holdersByNumber({ tx }: Reading): Promise<ReadonlyMap<number, Owned>> {
  const holders = new Map<number, Owned>()
  for (let from = 0; ; ) {
    const some = await tx.allocationLists.holdersFrom(from, holdersPerStep)
    for (const { n, account, resourceType, region: locale } of some) holders.set(n, { account, resourceType, locale })
    if (some.length < holdersPerStep) return holders
    from = some.at(-1)!.n + 1
    await tx.nextTurn()
  }
}

/** As though all of it complied: what does not is taken from that. */
async function countHeld(
  { tx }: Reading,
  counted: CountedAt,
  counting: Counting,
  state: State,
  holders: ReadonlyMap<number, Owned>,
): Promise<void> {
  const countRows = (rows: readonly HeldCount[]): void => {
    for (const { holder, isProvided, known, unknown } of rows) {
      const owned = holders.get(holder)
      if (!owned || !counting.isWanted(owned) || known + unknown === 0) continue
      add(counting, counting.groupOf(owned, ''), { [isProvided ? 'unmanaged' : 'compliant']: known, unknown })
    }
  }
  while (state.heldAfter !== undefined) {
    const { rows, next } = await tx.compliance.held(counted, state.heldAfter)
    countRows(rows)
    state.heldAfter = next
    tx.keepsSoFar()
    await tx.nextTurn()
  }
  while (state.broughtAfter !== undefined) {
    const { rows, next } = await tx.broughtSpace.counted(counted, state.broughtAfter)
    countRows(rows)
    state.broughtAfter = next
    tx.keepsSoFar()
    await tx.nextTurn()
  }
}
const holdersPerStep = 2_000

async function countEnded({ tx }: Reading, counted: CountedAt, counting: Counting, account: string): Promise<void> {
  let after: { readonly at: number; readonly n: number } | undefined = { at: counted.at, n: Number.MAX_SAFE_INTEGER }
  while (after) {
    const { rows, next }: Awaited<ReturnType<typeof tx.compliance.ended>> = await tx.compliance.ended(
      account,
      counted,
      after,
    )
    for (const { isProvided, createdAt, ...owned } of rows) {
      if (!counting.isWanted(owned)) continue
      const state = createdAt > counted.knownUntil ? 'unknown' : isProvided ? 'unmanaged' : 'compliant'
      add(counting, counting.groupOf(owned, ''), { [state]: 1 })
    }
    after = next
    if (next) await tx.nextTurn()
  }
}

async function countEndedBrought({ tx }: Reading, { at, knownUntil }: CountedAt, counting: Counting): Promise<void> {
  let after: EndedBrought['next'] = { at, n: Number.MAX_SAFE_INTEGER }
  while (after) {
    const { rows, next }: EndedBrought = await tx.broughtSpace.endedSince(at, after)
    for (const { createdAt, account, resourceType, region: locale } of rows) {
      const owned = { account, resourceType, locale }
      if (!counting.isWanted(owned)) continue
      add(counting, counting.groupOf(owned, ''), { [createdAt > knownUntil ? 'unknown' : 'unmanaged']: 1 })
    }
    after = next
    await tx.nextTurn()
  }
}

/** What was open is no part of what complies. */
async function countOpen({ tx }: Reading, at: number, counting: Counting, by: ComplianceKey): Promise<void> {
  const take = ({
    control,
    node: account,
    resourceType,
    locale,
    isSuppressed,
    isProvided,
    policyId,
    setting,
    count,
  }: OpenCount) => {
    const owned = { account, resourceType, locale }
    if (count === 0 || !counting.isWanted(owned)) return
    const state = control === exemptControl.name ? 'exempt' : isSuppressed ? 'ignored' : 'noncompliant'
    const group = counting.groupOf(owned, [policyId, setting].filter((part) => part !== '').join(' '))
    add(counting, group, { [state]: count })
    const otherwise = isProvided ? 'unmanaged' : 'compliant'
    // By rule, what complies is of no group: only all together has it.
    add(counting, by === 'rule' ? '' : group, { [otherwise]: -count })
  }
  for (const { name } of [policyControl, exemptControl]) {
    for (let after: number | undefined = -1; after !== undefined; await tx.nextTurn()) {
      const { rows, next }: Awaited<ReturnType<typeof tx.compliance.goingOn>> = await tx.compliance.goingOn(
        name,
        at,
        after,
      )
      for (const row of rows) take(row)
      after = next
    }
    const first = { until: at, finding: Number.MAX_SAFE_INTEGER, number: 0 }
    for (let after: typeof first | undefined = first; after !== undefined; await tx.nextTurn()) {
      const { rows, next }: Awaited<ReturnType<typeof tx.compliance.wentOn>> = await tx.compliance.wentOn(
        name,
        at,
        after,
      )
      for (const row of rows) take(row)
      after = next
    }
  }
}

function groupFrom(group: string, counts: ComplianceCounts, name?: string): ComplianceGroup {
  const score = scoreOf(counts)
  return {
    group,
    ...(name === undefined ? {} : { name }),
    ...counts,
    applicable: applicableOf(counts),
    ...(score === undefined ? {} : { score }),
  }
}

/** Accounts and units go by their names for whoever may read these, and by their ids for all others. */
async function groupsOf(
  context: ReadContext,
  counts: ReadonlyMap<string, ComplianceCounts>,
  by: ComplianceKey,
): Promise<readonly ComplianceGroup[]> {
  const ids = [...counts.keys()]
  const mayRead = await permitter(context, 'organization:read')
  const named = by === 'account' || by === 'unit' ? ids.filter((id) => mayRead(id)) : []
  const names = await context.tx.organizations.namesOf(named)
  return ids.map((id) => groupFrom(id, counts.get(id)!, names.get(id)))
}
