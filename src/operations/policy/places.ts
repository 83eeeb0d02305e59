// Policies, their versions, documents and assignments as callers name them, and where an action on them must be permitted.
import { hasShape } from '#model/identifier.ts'
import type { PolicyDocument } from '#model/policy/document.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import type { Policy, StoredAssignment, StoredVersion } from '#store/tables/policies.ts'
import { refuseMalformed } from '../identifiers.ts'
import { type Place, requirePermission } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.ts'
import type { Page, PageAsked } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { listVisible } from '../readable.ts'
import { contentOf, isSamePair, refuseUnknownType } from './content.ts'

export async function findPolicy(context: ReadContext, id: string): Promise<Policy> {
  refuseMalformed('policy', id)
  return (await context.tx.policies.find(id)) ?? refuse(absentPolicy(id))
}
export const absentPolicy = (id: string): Refusal => ({ code: 'NotFound', what: 'ipam-policy', id })

/** Where a policy is managed: at the account that owns it. */
export async function placeOfPolicy(context: ReadContext, input: { readonly policyId: string }): Promise<Place> {
  const { id, account } = await findPolicy(context, input.policyId)
  return { node: account, absent: absentPolicy(id) }
}

/** Whose a policy is, or was; and when it was deleted. */
export async function findKept(
  context: ReadContext,
  id: string,
): Promise<{ readonly account: string; readonly deletedAt?: number }> {
  if (!hasShape('policy', id)) return findPolicy(context, id)
  const there = await context.tx.policies.find(id)
  if (there) return { account: there.account }
  const last = await context.tx.history.latest(id)
  if (last?.untilAt === undefined) return refuse(absentPolicy(id))
  return { account: last.account, deletedAt: last.untilAt }
}

/** Where its versions are read, also once the policy is deleted: where the policy was. */
export async function placeOfVersions(
  context: ReadContext,
  { policyId }: { readonly policyId: string },
): Promise<Place> {
  const { account } = await findKept(context, policyId)
  return { node: account, absent: absentPolicy(policyId) }
}

/** The policy, and the request as its owner would make it. */
export async function actingOn(
  context: WriteContext,
  policyId: string,
): Promise<{ acting: WriteContext; found: Policy }> {
  const found = await findPolicy(context, policyId)
  return { acting: context.actingFor(found.account, found.region), found }
}

/** A version of a policy, also of one that is deleted. */
export async function getVersion(context: ReadContext, policyId: string, version: number): Promise<StoredVersion> {
  const found = await context.tx.policies.findVersion(policyId, version)
  return found ?? refuse({ code: 'NotFound', what: 'policy-version', id: String(version) })
}

/** The document of a policy for a pair, in the version in force. */
export async function getDocument(
  context: ReadContext,
  { policyId, ...pair }: { readonly policyId: string; readonly locale: string; readonly resourceType: string },
): Promise<PolicyDocument> {
  await refuseUnknownType(context, pair.resourceType)
  const { documents } = await contentOf(context, await findPolicy(context, policyId))
  const found = documents.find((document) => isSamePair(document, pair))
  return found ?? refuse({ code: 'NotFound', what: 'policy-document', id: `${pair.locale}/${pair.resourceType}` })
}

// Assignments --------------------------------------------------------------------------------------------------------

export interface AssignmentId {
  readonly policyId: string
  readonly targetId: string
}
export const absentAssignment = ({ policyId, targetId }: AssignmentId): Refusal => ({
  code: 'NotFound',
  what: 'policy-assignment',
  id: `${policyId}/${targetId}`,
})

export async function getAssignment(context: ReadContext, id: AssignmentId): Promise<StoredAssignment> {
  return (await context.tx.policies.findAssignment(id.policyId, id.targetId)) ?? refuse(absentAssignment(id))
}

/** An assignment with whose policy it is. */
export type DescribedAssignment = StoredAssignment & { readonly account: string }

export async function getDescribedAssignment(context: ReadContext, id: AssignmentId): Promise<DescribedAssignment> {
  const { account } = await findPolicy(context, id.policyId)
  return { ...(await getAssignment(context, id)), account }
}

/** Assignments whose policy or target the caller may see, policy after policy. */
export function listAssignments(
  context: ReadContext,
  { mode, ...filter }: Partial<Pick<StoredAssignment, 'policyId' | 'targetId' | 'mode'>>,
  asked: PageAsked<string>,
): Promise<Page<DescribedAssignment, string>> {
  const isWanted = (row: DescribedAssignment): boolean => mode === undefined || row.mode === mode
  return listVisible(context, 'policy:read', asked, {
    read: (after = '/', limit) => {
      const [policyId = '', targetId = ''] = after.split('/')
      return context.tx.policies.listAssignments(filter, { policyId, targetId }, limit)
    },
    placeOf: ({ policyId, targetId }) => `${policyId}/${targetId}`,
    nodeOf: ({ targetId, account }) => [targetId, account],
    describe: (rows) => rows.map((row) => (isWanted(row) ? row : undefined)),
  })
}

/** The policy's owner has a say, and so has whoever answers for the target: both must permit it. */
export async function placeOfAssignment(
  context: ReadContext,
  input: AssignmentId & { readonly replaces?: string },
): Promise<Place> {
  await requirePermission(context, 'policy:manage', await placeOfPolicy(context, input))
  if (input.replaces !== undefined) {
    await requirePermission(context, 'policy:manage', await placeOfPolicy(context, { policyId: input.replaces }))
  }
  return placeOfNode(context, input.targetId)
}
