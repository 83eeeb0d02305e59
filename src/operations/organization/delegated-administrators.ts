// Services that may act in the organization, and the accounts that administer them.
import { refuse } from '#model/refusal.ts'
import type { Organization } from '#store/tables/organizations.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { getMember } from './accounts.ts'

/** Policies that a refusal names. */
const namedMax = 5

/** The service that IPAM is to AWS Organizations. One account administers it (Amazon VPC IPAM, quotas). */
export const ipamService = 'ipam.amazonaws.com'

/** Lets a service act in the organization; one that may already, goes on as it is. */
export async function enableService(
  context: WriteContext,
  organization: Organization,
  servicePrincipal: string,
): Promise<void> {
  context.changed(servicePrincipal)
  if (await context.tx.organizations.isServiceEnabled(servicePrincipal)) return
  await context.tx.organizations.enableService(servicePrincipal, context.now)
  const body = { servicePrincipal, enabledAt: context.now }
  await context.tx.history.changed(serviceObject(organization, servicePrincipal), body)
}

/** Takes a service's access away, once it has no administrator; one that has none anyway, is as it was. */
export async function disableService(
  context: WriteContext,
  organization: Organization,
  servicePrincipal: string,
): Promise<void> {
  const { organizations, history } = context.tx
  const administrator = await organizations.findAdministrator(servicePrincipal)
  if (administrator !== undefined) {
    refuse({
      code: 'NotEligible',
      problem: { why: 'deregister-first', account: administrator, service: servicePrincipal },
    })
  }
  if (await organizations.isServiceEnabled(servicePrincipal)) {
    await organizations.disableService(servicePrincipal)
    await history.changed(serviceObject(organization, servicePrincipal), undefined)
  }
  context.changed(servicePrincipal)
}

/** Refuses to delegate to an account that is no member of the organization, or its management account. */
export async function checkDelegable(
  context: ReadContext,
  { managementAccount }: Organization,
  account: string,
): Promise<void> {
  await getMember(context, account)
  if (account !== managementAccount) return
  refuse({ code: 'NotEligible', problem: { why: 'name-a-member' } })
}

/** Makes an account a delegated administrator of a service that may act in the organization. */
export async function registerAdministrator(
  context: WriteContext,
  organization: Organization,
  account: string,
  servicePrincipal: string,
): Promise<void> {
  const { organizations } = context.tx
  await checkDelegable(context, organization, account)
  if (await organizations.isDelegated(account, servicePrincipal)) {
    refuse({
      code: 'AlreadyExists',
      what: 'account',
      problem: { why: 'delegated-already', service: servicePrincipal },
    })
  }
  if (servicePrincipal === ipamService && (await organizations.findAdministrator(servicePrincipal)) !== undefined) {
    const what = { of: 'administrators', service: servicePrincipal } as const
    refuse({ code: 'LimitExceeded', what, limit: 1, used: 1 })
  }
  await delegate(context, account, servicePrincipal)
}

/** Lets an account administer a service no longer. */
export async function deregisterAdministrator(
  context: WriteContext,
  account: string,
  servicePrincipal: string,
): Promise<void> {
  if (servicePrincipal === ipamService) {
    await refuseWhilePolicies(context, account)
    await refuseWhilePlans(context, account)
  }
  if (!(await context.tx.organizations.undelegate(account, servicePrincipal))) refuseUnregistered(account)
  await recordDelegation(context, account, servicePrincipal, undefined)
}

/** Makes an account the administrator of IPAM, and gives IPAM its access. Asked again for the same one, nothing changes. */
export async function setIpamAdministrator(
  context: WriteContext,
  organization: Organization,
  account: string,
): Promise<void> {
  await checkDelegable(context, organization, account)
  const administrator = await context.tx.organizations.findAdministrator(ipamService)
  if (administrator === account) return
  if (administrator !== undefined) {
    refuse({
      code: 'IncorrectState',
      what: 'account',
      id: account,
      problem: { why: 'other-administrator', account: administrator },
    })
  }
  await enableService(context, organization, ipamService)
  await delegate(context, account, ipamService)
}

export function refuseUnregistered(account: string): never {
  refuse({ code: 'NotFound', what: 'delegated-administrator', id: account })
}

const serviceObject = ({ managementAccount }: Organization, id: string) =>
  ({ id, kind: 'enabled-service', account: managementAccount }) as const

async function delegate(context: WriteContext, account: string, servicePrincipal: string): Promise<void> {
  await context.tx.organizations.delegate({ account, servicePrincipal, enabledAt: context.now })
  await recordDelegation(context, account, servicePrincipal, { account, servicePrincipal })
}

/** Policies that nobody could disable any more must not stay in force, and none may end without being named. */
async function refuseWhilePolicies(context: WriteContext, account: string): Promise<void> {
  const enabled = await context.tx.policies.enabledByAdministrator(account, namedMax)
  if (enabled.length === 0) return
  const facts = enabled.map(({ policyId: policy, targetId: target }) => ({ policy, target }))
  refuse({
    code: 'DependencyViolation',
    what: 'account',
    id: account,
    problem: { why: 'its-policies-enabled', enabled: facts },
  })
}

/** Pools over the networks of others must not outlive the right to plan them: nobody else could end them. */
async function refuseWhilePlans(context: WriteContext, account: string): Promise<void> {
  const plans = await context.tx.pools.plansOfOthers(account, namedMax)
  if (plans.length === 0) return
  refuse({
    code: 'DependencyViolation',
    what: 'account',
    id: account,
    problem: { why: 'plans-of-others', plans },
  })
}

async function recordDelegation(
  context: WriteContext,
  account: string,
  servicePrincipal: string,
  body: object | undefined,
): Promise<void> {
  const object = { id: `${servicePrincipal}/${account}`, kind: 'delegated-administrator', account }
  await context.tx.history.changed(object, body)
  context.changed(account)
  await context.governanceChanged('nothing')
}
