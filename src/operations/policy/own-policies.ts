// Policies as their account has them in a Region: listed, their pools for a pair, and where they are enabled.
import type { Assignment } from '#model/policy/document.ts'
import { assignmentsOn } from '#model/policy/resolve.ts'
import type { Registry } from '#model/policy/resource-types.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { ruledBy } from '#model/policy/tag-agreement.ts'
import { refuse } from '#model/refusal.ts'
import type { Policy } from '#store/tables/policies.ts'
import { type ReadRows, readById } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { type WithTags, withTags } from '../readable.ts'
import { assign, getTarget, kindDefault, modeDefault, unassign } from './assignments.ts'
import { contentOf, getPolicy, isSamePair, putDocument, tagSettingsOf } from './content.ts'
import { deletePolicy } from './policies.ts'

/** The caller's in this Region, or those that are named, each once and in the order of ids. */
export async function ownPolicies(context: ReadContext, ids: readonly string[] = []): Promise<ReadRows<Policy>> {
  const { tx, caller, region } = context
  if (ids.length === 0) {
    return (after = '', limit) => tx.policies.list({ account: caller.account, region }, after, limit)
  }
  const policies: Policy[] = []
  for (const id of new Set(ids)) policies.push(await getPolicy(context, id))
  return readById(policies)
}

export const resourceTypesOf = async (context: ReadContext): Promise<Registry> =>
  (await context.snapshot()).resourceTypes

/** Deletes one of the caller's. Answers what it was. */
export async function deleteOwnPolicy(context: WriteContext, id: string): Promise<WithTags<Policy>> {
  const [found] = await withTags(context, [await getPolicy(context, id)])
  await deletePolicy(context, found!.row)
  return found!
}

interface Pair {
  readonly locale: string
  readonly resourceType: string
}
/** Gives one of the caller's exactly these pools for a pair, in order; all else that its document says stays. */
export async function putPools(
  context: WriteContext,
  policy: Policy,
  pair: Pair,
  pools: readonly string[],
): Promise<void> {
  const { documents, compatibility } = await contentOf(context, policy)
  const before = documents.find((document) => isSamePair(document, pair))
  const tags = await tagSettingsOf(context, policy)
  await putDocument(context, policy, ruledBy(pair, pools, { before, tags, compatibility }))
}

// Where it is enabled ------------------------------------------------------------------------------------------------

/** Enables a policy; how is for its own fields, and the tags that change them, to say. */
export async function enablePolicy(context: WriteContext, policy: Policy, id: string | undefined): Promise<void> {
  const target = getTarget(context, await context.snapshot(), id)
  const current = await context.tx.policies.findAssignment(policy.id, target.targetId)
  if (current?.managedBy === target.managedBy) return
  const { mode = modeDefault, kind = kindDefault } = await tagSettingsOf(context, policy)
  await assign(context, policy, { ...target, kind, mode, replaces: true })
}

/** Takes a policy off a target. An owner who is no longer the delegated administrator may still take back what they enabled. */
export async function disablePolicy(context: WriteContext, policy: Policy, id: string | undefined): Promise<void> {
  const targetId = id ?? getTarget(context, await context.snapshot(), undefined).targetId
  if (!(await context.tx.policies.findAssignment(policy.id, targetId))) {
    getTarget(context, await context.snapshot(), targetId)
    const problem = { why: 'not-enabled-on', target: targetId } as const
    refuse({ code: 'IncorrectState', what: 'ipam-policy', id: policy.id, problem })
  }
  await unassign(context, policy, targetId)
}

export const targetsOf =
  ({ tx }: ReadContext, { id }: Policy): ReadRows<string> =>
  (after = '', limit) =>
    tx.policies.targetsOf(id, after, limit)

/**
 * The one policy that the caller's requests meet, where there is room for one: the nearest default, or without one the final that
 * gives the order. One that enforces goes before one that only watches.
 */
export async function findEnabled(context: ReadContext): Promise<Assignment | undefined> {
  const snapshot = await context.snapshot()
  const path = pathOf(snapshot, context.caller.account)
  for (const world of ['enforce', 'warn', 'observe'] as const) {
    const assignments = assignmentsOn(snapshot, world, path)
    if (assignments.length > 0) return assignments.findLast(({ kind }) => kind === 'default') ?? assignments[0]
  }
  return undefined
}
