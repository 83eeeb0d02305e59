// What operations on nodes of the organization share over the native API: their shapes, where they are, and what is absent.
import { z } from 'zod'
import { isRootId, isUnitId } from '#model/organization.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import type { Account, Organization } from '#store/tables/organizations.ts'
import type { Place } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'

export const parentId = z
  .string()
  .refine((text) => isUnitId(text) || isRootId(text), '`ou-…` or `r-…` is expected')
  .describe('What it hangs under: an organizational unit or the root.')
export const name = z.string().max(128)
export const tagsNeedRight =
  'Tags that a rule of an assigned policy or candidate reads need `policy:manage` where it is assigned.'

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
  return (await tx.organizations.find()) ?? refuse(noOrganization)
}
export async function findAccount({ tx }: ReadContext, id: string): Promise<Account> {
  return (await tx.organizations.findAccount(id)) ?? refuse({ code: 'NotFound', what: 'account', id })
}
