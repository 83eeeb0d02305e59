// Organizations, accounts and units as callers name them, and where an action on them must be permitted.
import { type Refusal, refuse } from '#model/refusal.ts'
import type { Account, Organization } from '#store/tables/organizations.ts'
import type { Place } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'

const noOrganization: Refusal = { code: 'NotFound', what: 'organization', id: 'organization' }
export const placeOf = (node: string, what: 'root' | 'account' | 'organizational-unit' | 'parent'): Place => ({
  node,
  absent: { code: 'NotFound', what, id: node },
})
/** The caller has named nothing: they are told of no root that they may not see. */
export async function placeOfOrganization(context: ReadContext): Promise<Place> {
  return { node: (await findOrganization(context)).rootId, absent: noOrganization }
}
export async function placeOfAccount(context: ReadContext, input: { readonly account: string }): Promise<Place> {
  return placeOf((await findAccount(context, input.account)).id, 'account')
}
export async function placeOfParent(context: ReadContext, parentId: string | undefined): Promise<Place> {
  if (parentId === undefined) return placeOfOrganization(context)
  await findOrganization(context)
  const place = placeOf(parentId, 'parent')
  const found = await context.tx.organizations.findNode(place.node)
  if (!found || found.kind === 'account') refuse(place.absent as Refusal)
  return place
}

export async function findOrganization({ tx }: ReadContext): Promise<Organization> {
  return (await tx.rows.once('organization', () => tx.organizations.find())) ?? refuse(noOrganization)
}
export async function findAccount({ tx }: ReadContext, id: string): Promise<Account> {
  return (await tx.organizations.findAccount(id)) ?? refuse({ code: 'NotFound', what: 'account', id })
}
