// Policies made and changed by whoever has the right at their owner's: the owner acts, in the home Region of the IPAM.
import type { DocumentParams, PolicyDocument } from '#model/policy/document.ts'
import type { Policy } from '#store/tables/policies.ts'
import { refuseMalformed } from '../identifiers.ts'
import { readableIpams } from '../ipam/readable.ts'
import type { WriteContext } from '../operation.ts'
import { putDocument, refuseUnknownType, restoreVersion, writeDocument } from './content.ts'
import { actingOn, findPolicy, getDocument } from './places.ts'
import { createPolicy, deletePolicy, type PolicyChanges, type PolicySpec, updatePolicy } from './policies.ts'
import { getKeptVersion, type KeptVersion } from './readable.ts'

export async function makePolicy(context: WriteContext, ipamId: string, spec: PolicySpec): Promise<Policy> {
  const ipam = await readableIpams.get(context, ipamId)
  return createPolicy(context.actingFor(ipam.account, ipam.region), ipam, spec)
}

export async function changePolicy(context: WriteContext, id: string, changes: PolicyChanges): Promise<Policy> {
  const { acting, found } = await actingOn(context, id)
  await updatePolicy(acting, found, changes)
  return findPolicy(context, id)
}

export async function dropPolicy(context: WriteContext, id: string): Promise<void> {
  const { acting, found } = await actingOn(context, id)
  await deletePolicy(acting, found)
}

/** Makes what an old version says the next one. Answers the version in force. */
export async function restorePolicy(context: WriteContext, id: string, number: number): Promise<KeptVersion> {
  const { acting, found } = await actingOn(context, id)
  await restoreVersion(acting, found, number)
  return getKeptVersion(context, id, (await findPolicy(context, id)).version)
}

/** Writes the document of a policy for a pair. Answers it as it is then. */
export async function putDocumentOf(
  context: WriteContext,
  policyId: string,
  params: DocumentParams,
): Promise<PolicyDocument> {
  await refuseUnknownType(context, params.resourceType)
  for (const { pool } of params.rules) refuseMalformed('pool', pool)
  const { acting, found } = await actingOn(context, policyId)
  await writeDocument(acting, found, params)
  return getDocument(context, { policyId, ...params })
}

/** Takes the document for a pair out of a policy. */
export async function dropDocument(
  context: WriteContext,
  id: { readonly policyId: string; readonly locale: string; readonly resourceType: string },
): Promise<void> {
  const gone = await getDocument(context, id)
  const { acting, found } = await actingOn(context, id.policyId)
  await putDocument(acting, found, { ...gone, rules: [] })
}
