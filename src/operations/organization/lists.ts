// Lists of an organization in the order of the store, for who may read it: whoever asks has been asked for that already.
import { refuse } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Account, AccountCreation, Node, Organization, Stretch } from '#store/tables/organizations.ts'
import type { ReadContext } from '../operation.ts'
import { getMember } from './accounts.ts'
import { refuseUnregistered } from './delegated-administrators.ts'
import { getParent } from './organizations.ts'
import { getNode } from './tree-tags.ts'

/** Reads the next ones of a list. */
export type ReadStretch<Row> = (stretch: Stretch) => Promise<Row[]>

export const members =
  ({ tx }: ReadContext): ReadStretch<Account> =>
  (stretch) =>
    tx.organizations.listMembers(stretch)

/** The accounts directly under a root or unit, not those further down. */
export async function membersUnder(context: ReadContext, parentId: string): Promise<ReadStretch<Account>> {
  await getParent(context, parentId)
  return (stretch) => context.tx.organizations.listMembersUnder(parentId, stretch)
}
/** The nodes of a kind directly under one. */
export async function childrenOf(
  context: ReadContext,
  parentId: string,
  kind: 'account' | 'organizational-unit',
): Promise<ReadStretch<Node>> {
  await getParent(context, parentId)
  return (stretch) => context.tx.organizations.listChildren(parentId, kind, stretch)
}
export async function getParentOf(context: ReadContext, id: string): Promise<Node> {
  const child = await context.tx.organizations.findNode(id)
  if (child?.parentId === undefined) refuse({ code: 'NotFound', what: 'child', id })
  return getParent(context, child.parentId)
}
/** The nodes from the root down to one. */
export const pathTo = async ({ tx }: ReadContext, id: string): Promise<readonly Node[]> => tx.organizations.path(id)
export const managementAccountOf = ({ tx }: ReadContext, { managementAccount }: Organization) =>
  tx.organizations.findAccount(managementAccount)

export const tagsOfNode = async (context: ReadContext, id: string): Promise<readonly Tag[]> =>
  context.tx.tags.of((await getNode(context, id)).id)

// Accounts that were asked for ---------------------------------------------------------------------------------------

export async function getCreation({ tx }: ReadContext, id: string): Promise<AccountCreation> {
  return (await tx.organizations.findCreation(id)) ?? refuse({ code: 'NotFound', what: 'create-account-request', id })
}
export const creations =
  (
    { tx }: ReadContext,
    wanted: { readonly succeeded: boolean; readonly failed: boolean },
  ): ReadStretch<AccountCreation> =>
  (stretch) =>
    tx.organizations.listCreations(wanted, stretch)

// Services -----------------------------------------------------------------------------------------------------------

export const isServiceEnabled = ({ tx }: ReadContext, service: string): Promise<boolean> =>
  tx.organizations.isServiceEnabled(service)
export const enabledServices = ({ tx }: ReadContext) => tx.organizations.listEnabledServices.bind(tx.organizations)
export const administratorsOf =
  ({ tx }: ReadContext, service: string | undefined) =>
  (stretch: Stretch) =>
    tx.organizations.listAdministrators(service, stretch)
/** The services that an account administers. */
export async function delegationsOf(context: ReadContext, account: string) {
  await getMember(context, account)
  if (!(await context.tx.organizations.isDelegated(account))) refuseUnregistered(account)
  return (stretch: Stretch) => context.tx.organizations.listDelegations(account, stretch)
}
