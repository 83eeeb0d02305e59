// Services that may act in the organization, and the accounts that administer them; for IPAM also through EC2.
import { servicePrincipals } from '#formats/aws/service-principals.ts'
import { isAccountId } from '#model/organization.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { ec2Write, organizationsRead, organizationsWrite } from '../operation.aws.ts'
import type { WriteContext } from '../operation.ts'
import { organizationToChange, organizationToRead } from './access.ts'
import { getMember } from './accounts.aws.ts'
import { pageOf, showAccount } from './answers.aws.ts'

/** Policies that a refusal names. */
const namedMax = 5

/** The service that IPAM is to AWS Organizations. One account administers it (Amazon VPC IPAM, quotas). */
export const ipamService = 'ipam.amazonaws.com'

export const enableAwsServiceAccess = organizationsWrite('EnableAWSServiceAccess', async (context, input) => {
  checkService(input.ServicePrincipal)
  await organizationToChange(context, 'organizations:EnableAWSServiceAccess')
  await enableService(context, input.ServicePrincipal)
  return {}
})

export const disableAwsServiceAccess = organizationsWrite('DisableAWSServiceAccess', async (context, input) => {
  const { ServicePrincipal: service } = input
  await organizationToChange(context, 'organizations:DisableAWSServiceAccess')
  // What was enabled before the list of services was kept can still be disabled.
  if (!(await context.tx.organizations.isServiceEnabled(service))) checkService(service)
  const administrator = await context.tx.organizations.findAdministrator(service)
  if (administrator !== undefined) {
    refuse({
      code: 'NotEligible',
      problem: `account \`${administrator}\` is a delegated administrator of \`${service}\`; deregister it first`,
    })
  }
  if (await context.tx.organizations.isServiceEnabled(service)) {
    await context.tx.organizations.disableService(service)
    await context.tx.history.changed(serviceObject(context, service), undefined)
  }
  context.changed(service)
  return {}
})

export const listAwsServiceAccess = organizationsRead('ListAWSServiceAccessForOrganization', async (context, input) => {
  await organizationToRead(context, 'organizations:ListAWSServiceAccessForOrganization')
  const { items, next } = await pageOf(
    input,
    (stretch) => context.tx.organizations.listEnabledServices(stretch),
    ({ servicePrincipal }) => servicePrincipal,
  )
  return {
    EnabledServicePrincipals: items.map(({ servicePrincipal, enabledAt }) => ({
      ServicePrincipal: servicePrincipal,
      DateEnabled: enabledAt,
    })),
    ...next,
  }
})

export const registerDelegatedAdministrator = organizationsWrite(
  'RegisterDelegatedAdministrator',
  async (context, { AccountId: account, ServicePrincipal: service }) => {
    const { organizations } = context.tx
    checkService(service)
    const { managementAccount } = await organizationToChange(context, 'organizations:RegisterDelegatedAdministrator')
    await getMember(context, account)
    refuseManagementAccount(account, managementAccount)
    if (!(await organizations.isServiceEnabled(service))) {
      refuse({ code: 'NotEligible', problem: `\`${service}\` has no access yet; call EnableAWSServiceAccess first` })
    }
    if (await organizations.isDelegated(account, service)) {
      refuse({
        code: 'AlreadyExists',
        what: 'account',
        problem: `the account is already a delegated administrator of \`${service}\``,
      })
    }
    if (service === ipamService && (await organizations.findAdministrator(service)) !== undefined) {
      refuse({ code: 'LimitExceeded', what: `delegated administrators of \`${service}\``, limit: 1, used: 1 })
    }

    await delegate(context, account, service)
    return {}
  },
)

export const deregisterDelegatedAdministrator = organizationsWrite(
  'DeregisterDelegatedAdministrator',
  async (context, { AccountId: account, ServicePrincipal: service }) => {
    checkService(service)
    await organizationToChange(context, 'organizations:DeregisterDelegatedAdministrator')
    await getMember(context, account)
    await undelegate(context, account, service)
    return {}
  },
)

export const listDelegatedAdministrators = organizationsRead('ListDelegatedAdministrators', async (context, input) => {
  const organization = await organizationToRead(context, 'organizations:ListDelegatedAdministrators')
  const { items, next } = await pageOf(
    input,
    (stretch) => context.tx.organizations.listAdministrators(input.ServicePrincipal, stretch),
    ({ account }) => account,
  )
  const administrators = items.map(async ({ account, enabledAt }) => {
    const { Paths: _, ...shown } = await showAccount(context, organization, await getMember(context, account))
    return { ...shown, DelegationEnabledDate: enabledAt }
  })
  return { DelegatedAdministrators: await Promise.all(administrators), ...next }
})

export const listDelegatedServicesForAccount = organizationsRead(
  'ListDelegatedServicesForAccount',
  async (context, { AccountId: account, ...params }) => {
    await organizationToRead(context, 'organizations:ListDelegatedServicesForAccount')
    await getMember(context, account)
    if (!(await context.tx.organizations.isDelegated(account))) refuseUnregistered(account)
    const { items, next } = await pageOf(
      params,
      (stretch) => context.tx.organizations.listDelegations(account, stretch),
      ({ servicePrincipal }) => servicePrincipal,
    )
    return {
      DelegatedServices: items.map(({ servicePrincipal, enabledAt }) => ({
        ServicePrincipal: servicePrincipal,
        DelegationEnabledDate: enabledAt,
      })),
      ...next,
    }
  },
)

/** Also gives IPAM its access to the organization. Asked again for the same account, nothing changes. */
export const enableIpamOrganizationAdminAccount = ec2Write(
  'EnableIpamOrganizationAdminAccount',
  async (context, { DelegatedAdminAccountId: account }) => {
    const { organizations } = context.tx
    checkAccountId(account)
    const { managementAccount } = await organizationToChange(context, 'ec2:EnableIpamOrganizationAdminAccount')
    await getMember(context, account)
    refuseManagementAccount(account, managementAccount)
    const administrator = await organizations.findAdministrator(ipamService)
    if (administrator === account) return { Success: true }
    if (administrator !== undefined) {
      refuse({
        code: 'IncorrectState',
        what: 'account',
        id: account,
        problem: `account \`${administrator}\` is the IPAM administrator of the organization; disable it first`,
      })
    }

    await enableService(context, ipamService)
    await delegate(context, account, ipamService)
    return { Success: true }
  },
)

export const disableIpamOrganizationAdminAccount = ec2Write(
  'DisableIpamOrganizationAdminAccount',
  async (context, { DelegatedAdminAccountId: account }) => {
    checkAccountId(account)
    await organizationToChange(context, 'ec2:DisableIpamOrganizationAdminAccount')
    await undelegate(context, account, ipamService)
    return { Success: true }
  },
)

const serviceObject = ({ caller }: WriteContext, id: string) =>
  ({ id, kind: 'enabled-service', account: caller.account }) as const
async function enableService(context: WriteContext, servicePrincipal: string): Promise<void> {
  context.changed(servicePrincipal)
  if (await context.tx.organizations.isServiceEnabled(servicePrincipal)) return
  await context.tx.organizations.enableService(servicePrincipal, context.now)
  const body = { servicePrincipal, enabledAt: context.now }
  await context.tx.history.changed(serviceObject(context, servicePrincipal), body)
}

async function delegate(context: WriteContext, account: string, servicePrincipal: string): Promise<void> {
  await context.tx.organizations.delegate({ account, servicePrincipal, enabledAt: context.now })
  await recordDelegation(context, account, servicePrincipal, { account, servicePrincipal })
}

async function undelegate(context: WriteContext, account: string, servicePrincipal: string): Promise<void> {
  if (servicePrincipal === ipamService) await refuseWhilePolicies(context, account)
  if (!(await context.tx.organizations.undelegate(account, servicePrincipal))) refuseUnregistered(account)
  await recordDelegation(context, account, servicePrincipal, undefined)
}

/** Policies that nobody could disable any more must not stay in force, and none may end without being named. */
async function refuseWhilePolicies(context: WriteContext, account: string): Promise<void> {
  const enabled = await context.tx.policies.enabledByAdministrator(account, namedMax)
  if (enabled.length === 0) return
  const names = enabled.map(({ policyId, targetId }) => `${policyId} on ${targetId}`).join(', ')
  refuse({
    code: 'DependencyViolation',
    what: 'account',
    id: account,
    problem: `its policies are enabled in the organization (${names}); disable them first`,
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

function checkService(service: string): void {
  if (servicePrincipals.has(service)) return
  refuse({
    code: 'InvalidParameterValue',
    field: 'ServicePrincipal',
    value: service,
    problem: `IPAM's is \`${ipamService}\``,
    aws: { sentence: 'You specified an unrecognized service principal.', reason: 'UNRECOGNIZED_SERVICE_PRINCIPAL' },
  })
}

function checkAccountId(id: string): void {
  if (!isAccountId(id)) refuseValue('DelegatedAdminAccountId', id, 'an account has twelve digits')
}

function refuseManagementAccount(account: string, managementAccount: string): void {
  if (account !== managementAccount) return
  refuse({ code: 'NotEligible', problem: 'the management account cannot be a delegated administrator; name a member' })
}

function refuseUnregistered(account: string): never {
  refuse({ code: 'NotFound', what: 'delegated-administrator', id: account })
}
