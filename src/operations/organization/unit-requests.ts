// Units, and who runs the IPAM, changed by whoever has roles: what each of it needs beside the right at the node.
import { nodeNameProblem } from '#model/name.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Node } from '#store/tables/organizations.ts'
import { requirePermission } from '../identity/authority.ts'
import { refuseBeyondShare } from '../identity/shares.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import type { WithTags } from '../readable.ts'
import { deregisterAdministrator, ipamService, setIpamAdministrator } from './delegated-administrators.ts'
import { type DescribedOrganization, describeOrganization, getUnitWithTags } from './node-lists.ts'
import { requireRightToDelete, requireRightToTag } from './node-rights.ts'
import { createOrganization } from './organizations.ts'
import { findOrganization } from './places.ts'
import { replaceNodeTags } from './tree-tags.ts'
import { createUnit, deleteUnit, getUnit, renameUnit, type UnitParams } from './units.ts'

/** Makes the organization, of which an installation has one. */
export async function foundOrganization(context: WriteContext, account: string): Promise<DescribedOrganization> {
  if (!(await context.tx.organizations.findAccount(account))) refuse({ code: 'NotFound', what: 'account', id: account })
  return describeOrganization(context, await createOrganization(context, account))
}

export async function openUnit(context: WriteContext, params: UnitParams): Promise<WithTags<Node>> {
  const { parentId, tags } = params
  refuseUnfitName(params.name)
  if (tags) await requireRightToTag(context, { kind: 'organizational-unit', parentId }, tags)
  await refuseBeyondShare(context, 'organizational-unit', parentId)
  const { id } = await createUnit(context, await findOrganization(context), params)
  return getUnitWithTags(context, id)
}

/** Over AWS Organizations, names may be what they may be there: they are names, and stand for nothing. */
function refuseUnfitName(name: string): void {
  const problem = nodeNameProblem(name)
  if (problem) refuseValue('name', name, problem)
}

interface UnitChanges {
  readonly name?: string | undefined
  /** All that it is to have. */
  readonly tags?: readonly Tag[] | undefined
}
export async function reviseUnit(
  context: WriteContext,
  id: string,
  { name, tags }: UnitChanges,
): Promise<WithTags<Node>> {
  if (name !== undefined) {
    // Else whoever has the unit alone could ask which names those beside it have.
    await requirePermission(context, 'organization:manage', { node: (await getUnit(context, id)).parentId! })
    if (name !== (await getUnit(context, id)).name) refuseUnfitName(name)
    await renameUnit(context, await findOrganization(context), id, name)
  }
  if (tags !== undefined) {
    await requireRightToTag(context, { kind: 'organizational-unit', id }, tags)
    await replaceNodeTags(context, await findOrganization(context), id, tags)
  }
  return getUnitWithTags(context, id)
}

export async function removeUnit(context: WriteContext, id: string): Promise<void> {
  await requireRightToDelete(context, id)
  await deleteUnit(context, await findOrganization(context), id)
}

// Who runs the IPAM --------------------------------------------------------------------------------------------------

export const findIpamAdministrator = ({ tx }: ReadContext): Promise<string | undefined> =>
  tx.organizations.findAdministrator(ipamService)

export async function nameIpamAdministrator(context: WriteContext, account: string): Promise<void> {
  await requireRightOverPolicies(context)
  await setIpamAdministrator(context, await findOrganization(context), account)
}

export async function endIpamAdministrator(context: WriteContext): Promise<void> {
  await requireRightOverPolicies(context)
  const account = await findIpamAdministrator(context)
  if (account === undefined) {
    const { id } = await findOrganization(context)
    refuse({ code: 'IncorrectState', what: 'organization', id, problem: { why: 'no-administrator' } })
  }
  await deregisterAdministrator(context, account, ipamService)
}

/** Whose policies can be assigned, and whose word holds for members where none speaks, changes for the whole organization. */
async function requireRightOverPolicies(context: ReadContext): Promise<void> {
  await requirePermission(context, 'policy:manage', { node: (await findOrganization(context)).rootId })
}
