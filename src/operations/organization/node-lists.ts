// Accounts, units and the tree of the organization as one may see them, with what stands beside their rows.
import type { Tag } from '#model/tags.ts'
import type { Account, Node, Organization } from '#store/tables/organizations.ts'
import type { Place } from '../identity/authority.ts'
import type { Page, PageAsked } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { listVisible, type WithTags, withTags } from '../readable.ts'
import { findAccount, findOrganization, placeOf } from './places.ts'
import { getUnit } from './units.ts'

export interface DescribedOrganization {
  readonly organization: Organization
  readonly delegatedAdministrator: string | undefined
}
export const describeOrganization = async (
  context: ReadContext,
  organization: Organization,
): Promise<DescribedOrganization> => ({
  organization,
  delegatedAdministrator: (await context.snapshot()).delegatedAdministrator,
})
export const getOrganization = async (context: ReadContext): Promise<DescribedOrganization> =>
  describeOrganization(context, await findOrganization(context))

// Accounts -----------------------------------------------------------------------------------------------------------

export interface DescribedAccount {
  readonly account: Account
  /** Absent where it is in no organization. */
  readonly parent: string | undefined
  readonly tags: readonly Tag[]
}

export async function describeAccounts(
  { tx }: ReadContext,
  accounts: readonly Account[],
): Promise<readonly DescribedAccount[]> {
  const ids = accounts.map(({ id }) => id)
  const parents = await tx.organizations.parentsOf(ids)
  const tags = await tx.tags.ofMany(ids)
  return accounts.map((account) => ({
    account,
    parent: parents.get(account.id),
    tags: tags.get(account.id) ?? [],
  }))
}
export async function getAccount(context: ReadContext, id: string): Promise<DescribedAccount> {
  const [described] = await describeAccounts(context, [await findAccount(context, id)])
  return described!
}

export const listAccounts = (
  context: ReadContext,
  { parentId }: { readonly parentId: string | undefined },
  asked: PageAsked<string>,
): Promise<Page<DescribedAccount, string>> =>
  listVisible(context, 'organization:read', asked, {
    read: (after = '', limit) =>
      parentId === undefined
        ? context.tx.organizations.listAccounts({ after, limit })
        : context.tx.organizations.listMembersUnder(parentId, { after, limit }),
    placeOf: ({ id }) => id,
    nodeOf: ({ id }) => id,
    describe: (rows) => describeAccounts(context, rows),
  })

// The tree, and its units --------------------------------------------------------------------------------------------

interface NodeFilter {
  readonly parentId?: string | undefined
  readonly kind?: Node['kind'] | undefined
}
function listNodes<Item>(
  context: ReadContext,
  filter: NodeFilter,
  asked: PageAsked<string>,
  describe: (rows: readonly Node[]) => Promise<readonly Item[]>,
): Promise<Page<Item, string>> {
  return listVisible(context, 'organization:read', asked, {
    read: (after = '', limit) => context.tx.organizations.listNodes(filter, { after, limit }),
    placeOf: ({ id }) => id,
    nodeOf: ({ id }) => id,
    describe,
  })
}

/** A node with its way from the root. */
export interface TreeNode {
  readonly node: Node
  readonly path: readonly string[]
}
export async function listTree(
  context: ReadContext,
  filter: NodeFilter,
  asked: PageAsked<string>,
): Promise<Page<TreeNode, string>> {
  const { nodes } = await context.snapshot()
  const pathTo = (id: string | undefined): string[] =>
    id === undefined ? [] : [...pathTo(nodes.get(id)?.parentId), id]
  return listNodes(context, filter, asked, async (rows) => rows.map((node) => ({ node, path: pathTo(node.id) })))
}

export const listUnits = (
  context: ReadContext,
  { parentId }: { readonly parentId: string | undefined },
  asked: PageAsked<string>,
): Promise<Page<WithTags<Node>, string>> =>
  listNodes(context, { parentId, kind: 'organizational-unit' }, asked, (rows) => withTags(context, rows))

export async function getUnitWithTags(context: ReadContext, id: string): Promise<WithTags<Node>> {
  const [found] = await withTags(context, [await getUnit(context, id)])
  return found!
}
export const placeOfUnit = async (context: ReadContext, id: string): Promise<Place> =>
  placeOf((await getUnit(context, id)).id, 'organizational-unit')
