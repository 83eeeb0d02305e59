// What a change request would do: its operations are tried and taken back, and how many have to approve that follows.
import { type ChangeImpact, type ChangeRequest, classOf, neededFor } from '#model/change-request.ts'
import { partOfStage } from '#model/change-rollout.ts'
import { refuseValue } from '#model/refusal.ts'
import { everywhere } from '#model/roles.ts'
import { AheadOutdated } from '../ahead.ts'
import type { Ahead, Tried, TriedWell, WriteContext } from '../operation.ts'
import { contentOf, getChange, numberOf } from './kept-requests.ts'
import type { Answered, Binding, DoneList, ListHow, ProposedOperation } from './proposed.ts'
import { requireEpoch } from './state.ts'

/** Does all of them, in one transaction. */
export type DoAll = (
  context: WriteContext,
  operations: readonly ProposedOperation[],
  how?: ListHow,
) => Promise<DoneList>

/** Rows of the request itself that are written once it is made: how far it is, what undoes it, its version, its events. */
const rowsOfMaking = 50
/** What is looked through for that, beside what was made of each object. */
const lookedThroughOfMaking = 2_000
const lookedThroughPerObject = 4
/**
 * Does all of them to find out whether that can be made: what making them writes on top has to fit too, else it would be approved and
 * refused then.
 */
const withRoom =
  (doAll: DoAll): DoAll =>
  async (context, operations, how) => {
    const done = await doAll(context, operations, how)
    const lookedThrough = lookedThroughOfMaking + lookedThroughPerObject * context.tx.subjects.count
    context.tx.setAside({ changed: rowsOfMaking, lookedThrough })
    return done
  }

/** What was prepared to undo it is as long as that makes it. */
const undoing = (doAll: DoAll): NonNullable<Parameters<Ahead['attempt']>[1]> => ({
  undo: (context, operations) => doAll(context, operations, { isPrepared: true }),
})

/** What is tried in place of what the request says. */
export interface Edited {
  readonly operations?: readonly ProposedOperation[] | undefined
  readonly expectedEpoch?: number | undefined
}

/** What trying operations that nobody has proposed yet comes to. */
export const tryProposal = (
  ahead: Ahead,
  { operations, expectedEpoch }: Edited & { readonly operations: readonly ProposedOperation[] },
  {
    doAll,
    before,
  }: { readonly doAll: DoAll; readonly before?: ((context: WriteContext) => Promise<void>) | undefined },
): Promise<Tried> =>
  ahead.attempt(async (context) => {
    // What is wrong by now with a plan for another state says less than that it is for another one.
    requireEpoch(context, expectedEpoch)
    await before?.(context)
    return withRoom(doAll)(context, operations)
  }, undoing(doAll))
/** What trying the operations of a request anew comes to; of one that is not there, nothing is tried. */
export const tryChange = (
  ahead: Ahead,
  id: string,
  doAll: DoAll,
  { operations, expectedEpoch }: Edited = {},
): Promise<Tried> =>
  ahead.attempt(async (context) => {
    const request = await getChange(context, id)
    requireEpoch(context, expectedEpoch)
    return withRoom(doAll)(context, operations ?? (await contentOf(context, request)).operations)
  }, undoing(doAll))
/** The same of what was approved. */
export const tryBound = (ahead: Ahead, id: string, doAll: DoAll): Promise<Tried> =>
  ahead.attempt(async (context) => {
    const { operations, bindings } = await contentOf(context, await getChange(context, id))
    return withRoom(doAll)(context, operations, { bindings })
  }, undoing(doAll))
/** Behind its last stage, nothing is left to be made. */
export const isEnd = ({ progress }: ChangeRequest): boolean => progress!.stage >= progress!.stages

/** The same of the next stage of a rollout; behind its last one, nothing is tried. */
export const tryStage = (ahead: Ahead, id: string, doAll: DoAll): Promise<Tried> =>
  ahead.attempt(async (context) => {
    const request = await getChange(context, id)
    const { progress, rollout } = request
    if (!progress || isEnd(request)) return undefined
    const { operations, bindings } = await contentOf(context, request)
    const made = (await context.tx.changeRequests.madeBy(numberOf(context, id))) as readonly Answered[]
    return withRoom(doAll)(context, operations, { ...partOfStage(operations, rollout, progress.stage), bindings, made })
  })

/** What the names in operations that were tried stand for. */
export const bindingsFound = (tried: Tried | undefined): readonly Binding[] | undefined =>
  tried && !('refused' in tried) ? (tried.answer as DoneList).bindings : undefined

/** The request with what it would do by the rules of now, and how many have to approve that. */
export async function withImpact(
  context: WriteContext,
  request: ChangeRequest,
  tried: Tried | undefined,
): Promise<ChangeRequest> {
  // What could not be tried is refused as the operation refused it: others waited for that once.
  if (tried && 'refused' in tried) throw tried.refused
  if (tried?.epoch !== context.tx.governanceEpoch) throw new AheadOutdated()
  refuseOutside(request.node, tried)
  const impact = impactIn(tried, context.now)
  const { left, revertRefused, rulings } = tried
  const told = { ...impact, ...(left.length === 0 ? {} : { left }), ...(revertRefused ? { revertRefused } : {}) }
  return { ...request, impact: told, needed: neededFor(impact.class, rulings) }
}

/** Needs for the request itself are those of whoever asks, and not of what it changes. */
export const needsOf = ({ needs }: TriedWell) => needs.filter(({ action }) => !action.startsWith('change:'))

export function refuseOutside(node: string, tried: TriedWell): void {
  if (node === everywhere) return
  for (const { path } of needsOf(tried)) {
    const other = path.at(-1)!
    if (!path.includes(node)) refuseValue('node', node, { why: 'outside-of-node', node, other })
  }
}

export function impactIn(tried: TriedWell, at: number): ChangeImpact {
  const { hasUnseen = false, ...found } = tried.impact ?? {
    evaluated: 0,
    isWhole: true,
    noncompliant: 0,
    compliant: 0,
    groups: [],
    samples: [],
  }
  const acting = needsOf(tried).map(({ path }) => path.at(-1))
  // What others have who are hidden from whoever proposes it must not tell by the class which tags it has (I8).
  const isWhole = found.isWhole && !hasUnseen
  const nodes = [...tried.nodes, ...acting]
  return { ...found, class: classOf({ ...found, isWhole, nodes }), epoch: tried.epoch, at }
}
