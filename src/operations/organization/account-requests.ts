// Accounts made, changed, moved and ended by whoever has roles: what each of it needs beside the right at the account.
import { nodeNameProblem } from '#model/name.ts'
import { numbered, refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Organization } from '#store/tables/organizations.ts'
import { type Place, permitter, requirePermission } from '../identity/authority.ts'
import { refuseBeyondShare } from '../identity/shares.ts'
import { endSharesWith } from '../ipam/pools.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { refuseToBringUnderOwn } from '../policy/own-break-glass.ts'
import { type AccountState, changeState, removeAccount } from './account-states.ts'
import { type AccountChanges, type AccountParams, changeAccount, createAccount, moveAccount } from './accounts.ts'
import { type DescribedAccount, getAccount } from './node-lists.ts'
import { requireRightToDelete, requireRightToMove, requireRightToNumber, requireRightToTag } from './node-rights.ts'
import { findOrganization, placeOfParent } from './places.ts'
import { refuseBeyondNewTagShare, replaceNodeTags } from './tree-tags.ts'

type NewAccount = Omit<AccountParams, 'roleName'>

/** New accounts need the right at each node that they come under. */
export async function* placesOfNewAccounts(
  context: ReadContext,
  all: readonly Pick<NewAccount, 'parentId'>[],
): AsyncIterable<Place> {
  for (const parentId of new Set(all.map(({ parentId }) => parentId))) yield await placeOfParent(context, parentId)
}

export async function openAccount(context: WriteContext, params: NewAccount): Promise<DescribedAccount> {
  const organization = await findOrganization(context)
  await requireRights(context, organization, params)
  await requireRoom(context, params.parentId ?? organization.rootId, [params])
  return open(context, organization, params)
}

/** Makes all of them, or none. */
export async function openAccounts(
  context: WriteContext,
  all: readonly NewAccount[],
): Promise<readonly DescribedAccount[]> {
  const organization = await findOrganization(context)
  // All that is asked of the rules as they are: each account that is made would have them compiled anew.
  const ofParents = Map.groupBy(all, ({ parentId = organization.rootId }) => parentId)
  for (const [under, those] of ofParents) await requireRoom(context, under, those)
  for (const [index, one] of all.entries()) await numbered(index, () => requireRights(context, organization, one))
  const makeAll = async (): Promise<readonly DescribedAccount[]> => {
    const made: DescribedAccount[] = []
    for (const [index, one] of all.entries()) made.push(await numbered(index, () => open(context, organization, one)))
    return made
  }
  // What ends with a number is asked of the rules, too.
  return all.some((one) => numberOf(one) !== undefined) ? makeAll() : context.lagging(makeAll)
}

/** Makes one. Whether the caller may is for who calls to have asked. */
async function open(context: WriteContext, organization: Organization, params: NewAccount): Promise<DescribedAccount> {
  const number = numberOf(params)
  refuseUnfitName(params.name, number)
  if (number !== undefined) await endSharesWith(context, number, await permitter(context, 'ipam:manage'))
  return getAccount(context, await createAccount(context, organization, params))
}

/** Over AWS Organizations, names may be what they may be there: they are names, and stand for nothing. */
function refuseUnfitName(name: string, own: string | undefined): void {
  const problem = nodeNameProblem(name, own)
  if (problem) refuseValue('name', name, problem)
}

interface Changes extends AccountChanges {
  /** All that it is to have. */
  readonly tags?: readonly Tag[] | undefined
}
export async function reviseAccount(
  context: WriteContext,
  id: string,
  { tags, ...changes }: Changes,
): Promise<DescribedAccount> {
  const organization = await findOrganization(context)
  if (tags) await requireRightToTag(context, { kind: 'account', id }, tags)
  const { name, email, cloud, externalId } = changes
  if (name !== undefined && name !== (await context.tx.organizations.findAccount(id))?.name) refuseUnfitName(name, id)
  if ([email, cloud, externalId].some((value) => value !== undefined)) await requireParent(context, id)
  if (Object.values(changes).some((value) => value !== undefined)) {
    await changeAccount(context, organization, id, changes)
  }
  if (tags) await replaceNodeTags(context, organization, id, tags)
  return getAccount(context, id)
}

export async function bringAccountUnder(
  context: WriteContext,
  id: string,
  parentId: string,
): Promise<DescribedAccount> {
  await requirePermission(context, 'organization:manage', await placeOfParent(context, parentId))
  // Else whoever administers the account and another unit could take it away from those who stand above it.
  const source = await requireParent(context, id)
  await requireRightToMove(context, id, parentId)
  await refuseToBringUnderOwn(context, parentId, id)
  await moveAccount(context, await findOrganization(context), { account: id, from: source, to: parentId })
  return getAccount(context, id)
}

/** Suspends an account, lets it go on, or closes it for good. */
export async function turnAccount(context: WriteContext, id: string, to: AccountState): Promise<DescribedAccount> {
  await requireParent(context, id)
  await changeState(context, await findOrganization(context), id, to)
  return getAccount(context, id)
}

/** Takes an account that has nothing out of the organization. */
export async function endAccount(context: WriteContext, id: string): Promise<void> {
  await requireParent(context, id)
  await requireRightToDelete(context, id)
  await removeAccount(context, await findOrganization(context), id)
}

/** Whoever has the account alone does not decide about it. Answers what it hangs under. */
async function requireParent(context: ReadContext, id: string): Promise<string> {
  const parent = (await context.tx.organizations.findNode(id))?.parentId
  if (parent === undefined) {
    refuse({ code: 'NotEligible', problem: { why: 'not-in-organization', account: id } })
  }
  await requirePermission(context, 'organization:manage', { node: parent })
  return parent
}

/** Whether these accounts may come under a node, with their tags. */
async function requireRoom(context: ReadContext, under: string, all: readonly NewAccount[]): Promise<void> {
  await refuseToBringUnderOwn(context, under)
  await refuseBeyondShare(context, 'account', under, all.length)
  const tags = all.reduce((sum, { tags = [] }) => sum + tags.length, 0)
  await refuseBeyondNewTagShare(context, under, tags)
}

async function requireRights(
  context: ReadContext,
  { rootId }: Organization,
  { parentId = rootId, tags, ...params }: NewAccount,
): Promise<void> {
  const number = numberOf(params)
  refuseUnfitName(params.name, number)
  if (number !== undefined) await requireRightToNumber(context, number, parentId, tags ?? [])
  if (tags) await requireRightToTag(context, { kind: 'account', parentId }, tags)
}

/** The number that an account is to have; undefined where it is drawn. */
const numberOf = ({ account, cloud, externalId }: Pick<NewAccount, 'account' | 'cloud' | 'externalId'>) =>
  account ?? (cloud === 'aws' ? externalId : undefined)
