// What waits for somebody: what they may approve or review, and what of their own goes on with them alone.
import { needsReview } from '#model/policy/exception.ts'
import { changeReview } from '../finding/change-review.ts'
import { listFindings } from '../finding/findings.ts'
import { listChanges } from '../governance/change-request-lists.ts'
import { permitter } from '../identity/authority.ts'
import type { Page, PageAsked } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { type DescribedException, listExceptions } from '../policy/exception-lists.ts'
import { always } from '../record/spans.ts'

/** What somebody is asked to do with it. */
export const waitingFor = ['approve', 'review', 'revise', 'apply'] as const

export interface Waiting {
  readonly id: string
  readonly for: (typeof waitingFor)[number]
  readonly node: string
  readonly by: string
  readonly at: number
  readonly reason: string
}
export interface Found<Item> {
  readonly items: readonly Item[]
  /** Not all were looked at. */
  readonly isMore: boolean
}

/** Items of each list that are looked at. */
const lookedMax = 200
const pageSize = 100
/** The first items of a list, page by page. */
export async function readSome<Item, Place>(
  read: (asked: PageAsked<Place>) => Promise<Page<Item, Place>>,
  max = lookedMax,
): Promise<Found<Item>> {
  const items: Item[] = []
  let after: Place | undefined
  // A page may be short and say where to go on: as many pages as items would do.
  for (let pages = 0; pages < max / pageSize + 1; pages++) {
    const page = await read({ limit: Math.min(pageSize, max - items.length), after })
    items.push(...page.items)
    after = page.next
    if (after === undefined || items.length >= max) break
  }
  return { items, isMore: after !== undefined }
}

/** Whoever waits longest goes first. */
const oldestFirst = (items: readonly Waiting[]): readonly Waiting[] => [...items].sort((a, b) => a.at - b.at)
const by = ({ by, at }: { readonly by: string; readonly at: number }) => ({ by, at })

/** What others have asked for that the caller may approve, by the roles that they have now. */
export async function approvalsWaiting(
  context: ReadContext,
  exceptions: Found<DescribedException>,
): Promise<Found<Waiting>> {
  const { name } = context.caller.native!
  const mayChange = await permitter(context, 'change:approve')
  const mayExcept = await permitter(context, 'exception:approve')
  const changes = await readSome((asked: PageAsked<string>) => listChanges(context, { state: 'in-review' }, asked))
  const waiting: Waiting[] = []
  for (const { id, node, author, editors, approvals, reason } of changes.items) {
    const isOwn = author.by === name || editors.some(({ by }) => by === name) || approvals.some(({ by }) => by === name)
    if (!isOwn && mayChange(node)) waiting.push({ id, for: 'approve', node, ...by(author), reason })
  }
  for (const { exception } of exceptions.items) {
    const { id, target, status, requested, renewal, reason, expiresAt } = exception
    const asked = status === 'requested' && expiresAt > context.now ? { ...requested, reason } : renewal
    if (!asked || status === 'denied' || status === 'revoked' || asked.by === name || !mayExcept(target)) continue
    waiting.push({ id, for: 'approve', node: target, ...by(asked), reason: asked.reason })
  }
  return { items: oldestFirst(waiting), isMore: changes.isMore || exceptions.isMore }
}

/** All that waits for the caller. */
export async function everythingWaiting(context: ReadContext): Promise<Found<Waiting>> {
  const exceptions = await readSome((asked: PageAsked<string>) =>
    listExceptions(context, { hasFinding: false }, { from: 0, until: always }, asked),
  )
  const found = [await approvalsWaiting(context, exceptions)]
  await context.tx.nextTurn()
  found.push(await ownChanges(context))
  await context.tx.nextTurn()
  found.push(await emergencies(context), await broken(context, exceptions))
  return { items: oldestFirst(found.flatMap(({ items }) => items)), isMore: found.some(({ isMore }) => isMore) }
}

/** What the caller wrote that was sent back, or is approved and made by nobody until somebody does. */
async function ownChanges(context: ReadContext): Promise<Found<Waiting>> {
  const { name } = context.caller.native!
  const own = await readSome((asked: PageAsked<string>) => listChanges(context, { author: name }, asked))
  const waiting = own.items.flatMap(
    ({ id, node, status, reason, rejected, author, appliesAt, approvals }): Waiting[] => {
      if (status === 'draft' && rejected) return [{ id, for: 'revise', node, ...by(rejected), reason }]
      if (status !== 'approved' || appliesAt !== undefined) return []
      return [{ id, for: 'apply', node, ...by(approvals.at(-1) ?? author), reason }]
    },
  )
  return { items: waiting, isMore: own.isMore }
}

/** Changes that somebody else made in an emergency. */
async function emergencies(context: ReadContext): Promise<Found<Waiting>> {
  const { name } = context.caller.native!
  const mayReview = await permitter(context, 'change:approve')
  const filter = { control: changeReview.name, status: 'open' } as const
  const open = await readSome((asked: PageAsked<string>) => listFindings(context, filter, asked))
  const waiting = open.items.flatMap(({ finding: { resource, node, facts, openedAt } }): Waiting[] => {
    const { requestedBy, others = [] } = facts as { readonly requestedBy: string; readonly others?: readonly string[] }
    if ([requestedBy, ...others].includes(name) || !mayReview(node)) return []
    const reason = changeReview.words({ requestedBy, others })
    return [{ id: resource, for: 'review', node, by: requestedBy, at: openedAt, reason }]
  })
  return { items: waiting, isMore: open.isMore }
}

/** Exceptions likewise. */
async function broken(context: ReadContext, { items, isMore }: Found<DescribedException>): Promise<Found<Waiting>> {
  const { name } = context.caller.native!
  const mayReview = await permitter(context, 'exception:approve')
  const waiting = items.flatMap(({ exception }): Waiting[] => {
    const { id, target, requested, reason } = exception
    if (!needsReview(exception) || requested.by === name || !mayReview(target)) return []
    return [{ id, for: 'review', node: target, ...by(requested), reason }]
  })
  return { items: waiting, isMore }
}
