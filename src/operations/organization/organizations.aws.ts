// The organization itself, and how its tree hangs together, as AWS Organizations has them.

import { worded, wordedFeature } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'
import type { Node } from '#store/tables/organizations.ts'
import { organizationsRead, organizationsWrite } from '../operation.aws.ts'
import { organizationOfCaller, organizationToChange, organizationToRead } from './access.ts'
import { arnOf, pageOf, showOrganization } from './answers.aws.ts'
import { childrenOf, getParentOf } from './lists.ts'
import { createOrganization as create, deleteOrganization as end } from './organizations.ts'

export const createOrganization = organizationsWrite('CreateOrganization', async (context, { FeatureSet }) => {
  if (FeatureSet === 'CONSOLIDATED_BILLING') {
    refuse({
      code: 'NotSupported',
      what: wordedFeature('The feature set `CONSOLIDATED_BILLING`'),
      because: worded('nothing is billed here; use `ALL`'),
    })
  }
  return { Organization: await showOrganization(context, await create(context, context.caller.account)) }
})

export const deleteOrganization = organizationsWrite('DeleteOrganization', async (context) => {
  await end(context, await organizationToChange(context, 'organizations:DeleteOrganization'))
  return {}
})

/** For any member, as in AWS: the only operation that member accounts may call. */
export const describeOrganization = organizationsRead('DescribeOrganization', async (context) => ({
  Organization: await showOrganization(context, await organizationOfCaller(context)),
}))

export const listRoots = organizationsRead('ListRoots', async (context, input) => {
  const organization = await organizationToRead(context, 'organizations:ListRoots')
  const root: Node = { id: organization.rootId, kind: 'root', name: 'Root' }
  const { items, next } = await pageOf(
    context,
    input,
    async ({ after }) => (after < root.id ? [root] : []),
    ({ id }) => id,
  )
  return {
    Roots: items.map(({ id, name }) => ({ Id: id, Arn: arnOf(organization, root), Name: name, PolicyTypes: [] })),
    ...next,
  }
})

export const listChildren = organizationsRead('ListChildren', async (context, input) => {
  await organizationToRead(context, 'organizations:ListChildren')
  const kind = input.ChildType === 'ACCOUNT' ? 'account' : 'organizational-unit'
  const { items, next } = await pageOf(context, input, await childrenOf(context, input.ParentId, kind), ({ id }) => id)
  return { Children: items.map(({ id }) => ({ Id: id, Type: input.ChildType })), ...next }
})

/** A child has exactly one parent; AWS gives a list for the sake of its future. */
export const listParents = organizationsRead('ListParents', async (context, { ChildId: id, ...params }) => {
  await organizationToRead(context, 'organizations:ListParents')
  const parent = await getParentOf(context, id)
  const { items, next } = await pageOf(
    context,
    params,
    async ({ after }) => (after < parent.id ? [parent] : []),
    (node) => node.id,
  )
  return {
    Parents: items.map((node) => ({ Id: node.id, Type: node.kind === 'root' ? 'ROOT' : 'ORGANIZATIONAL_UNIT' })),
    ...next,
  }
})
