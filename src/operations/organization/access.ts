// Who may ask about the organization, and who may change it.
import { refuse } from '#model/refusal.ts'
import type { Organization } from '#store/tables/organizations.ts'
import type { ReadContext } from '../operation.ts'

/** The organization, for any account in it. Whoever is in none learns nothing about one. */
export async function organizationOfCaller({ tx, caller }: ReadContext): Promise<Organization> {
  const organization = await tx.organizations.find()
  if (!organization || !(await tx.organizations.findNode(caller.account))) {
    refuse({ code: 'NotFound', what: 'organization', id: caller.account })
  }
  return organization
}

/** The organization, for its management account alone. `action` is such as `organizations:MoveAccount`. */
export async function organizationToChange(context: ReadContext, action: string): Promise<Organization> {
  const organization = await organizationOfCaller(context)
  if (context.caller.account !== organization.managementAccount) {
    refuse({ code: 'NotAuthorized', action, because: { why: 'only-management' } })
  }
  return organization
}

/** The organization, for its management account and for delegated administrators of whatever service (as in AWS). */
export async function organizationToRead(context: ReadContext, action: string): Promise<Organization> {
  const organization = await organizationOfCaller(context)
  const { account } = context.caller
  if (account !== organization.managementAccount && !(await context.tx.organizations.isDelegated(account))) {
    refuse({
      code: 'NotAuthorized',
      action,
      because: { why: 'only-management-and-delegated' },
    })
  }
  return organization
}
