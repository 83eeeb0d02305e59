// How the things of an organization are named, shown and paged over AWS Organizations, and what its requests have as tags.
import type {
  Account as AccountAnswer,
  Organization as OrganizationAnswer,
  OrganizationalUnit,
} from '#formats/aws/organizations.generated.ts'
import type { Tag } from '#model/tags.ts'
import type { Account, Node, Organization, Stretch } from '#store/tables/organizations.ts'
import { readTokenPage } from '../listing.aws.ts'
import type { ReadContext } from '../operation.ts'
import type { PageParams } from '../page-tokens.aws.ts'
import { managementAccountOf, pathTo } from './lists.ts'

/** AWS Organizations: pages of 20, and no larger. */
const pageSize = 20

export const arnOf = ({ managementAccount, id }: Organization, node: { kind: Node['kind']; id: string }): string =>
  `arn:aws:organizations::${managementAccount}:${arnKinds[node.kind]}/${id}/${node.id}`
const arnKinds = { root: 'root', 'organizational-unit': 'ou', account: 'account' } as const

export async function showOrganization(context: ReadContext, organization: Organization): Promise<OrganizationAnswer> {
  const { id, managementAccount } = organization
  const account = await managementAccountOf(context, organization)
  return {
    Id: id,
    Arn: `arn:aws:organizations::${managementAccount}:organization/${id}`,
    FeatureSet: 'ALL',
    MasterAccountArn: arnOf(organization, { kind: 'account', id: managementAccount }),
    MasterAccountId: managementAccount,
    MasterAccountEmail: account?.email ?? '',
    // The policy types of Organizations itself (service control policies and so on): there are none here.
    AvailablePolicyTypes: [],
  }
}

export async function showUnit(
  context: ReadContext,
  organization: Organization,
  unit: Node,
): Promise<OrganizationalUnit> {
  return {
    Id: unit.id,
    Arn: arnOf(organization, unit),
    Name: unit.name,
    Path: await pathOf(context, organization, unit.id),
  }
}

export async function showAccount(
  context: ReadContext,
  organization: Organization,
  account: Account,
): Promise<AccountAnswer> {
  return {
    Id: account.id,
    Arn: arnOf(organization, { kind: 'account', id: account.id }),
    Email: account.email,
    Name: account.name,
    Status: account.status,
    State: account.closedAt === undefined ? account.status : 'CLOSED',
    Paths: [await pathOf(context, organization, account.id)],
    JoinedMethod: account.joinedMethod,
    JoinedTimestamp: account.joinedAt,
  }
}

/** `o-…/r-…/ou-…/`, ending with the node itself. */
async function pathOf(context: ReadContext, organization: Organization, id: string): Promise<string> {
  const path = await pathTo(context, id)
  return `${[organization.id, ...path.map((node) => node.id)].join('/')}/`
}

/** One page of a list that the store gives in the order of `placeOf`. */
export async function pageOf<T>(
  context: ReadContext,
  params: PageParams,
  list: (stretch: Stretch) => Promise<T[]>,
  placeOf: (item: T) => string,
): Promise<{ items: T[]; next: { NextToken?: string } }> {
  const { items, NextToken } = await readTokenPage<T, T>(
    context,
    params,
    { read: (after = '', limit) => list({ after, limit }), placeOf, show: (rows) => rows },
    pageSize,
  )
  return { items, next: NextToken === undefined ? {} : { NextToken } }
}

/** The tags of a request. */
export const readTags = (tags: readonly { readonly Key: string; readonly Value: string }[] = []): readonly Tag[] =>
  tags.map(({ Key, Value }) => ({ key: Key, value: Value }))
