// Services that may act in the organization, and the accounts that administer them; for IPAM also through EC2.
import { servicePrincipals } from '#formats/aws/service-principals.ts'
import { isAccountId } from '#model/organization.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { ec2Write, organizationsRead, organizationsWrite } from '../operation.aws.ts'
import { organizationToChange, organizationToRead } from './access.ts'
import { getMember } from './accounts.ts'
import { pageOf, showAccount } from './answers.aws.ts'
import {
  checkDelegable,
  deregisterAdministrator,
  disableService,
  enableService,
  ipamService,
  registerAdministrator,
  setIpamAdministrator,
} from './delegated-administrators.ts'
import { administratorsOf, delegationsOf, enabledServices, isServiceEnabled } from './lists.ts'

export const enableAwsServiceAccess = organizationsWrite('EnableAWSServiceAccess', async (context, input) => {
  checkService(input.ServicePrincipal)
  const organization = await organizationToChange(context, 'organizations:EnableAWSServiceAccess')
  await enableService(context, organization, input.ServicePrincipal)
  return {}
})

export const disableAwsServiceAccess = organizationsWrite('DisableAWSServiceAccess', async (context, input) => {
  const { ServicePrincipal: service } = input
  const organization = await organizationToChange(context, 'organizations:DisableAWSServiceAccess')
  // What was enabled before the list of services was kept can still be disabled.
  if (!(await isServiceEnabled(context, service))) checkService(service)
  await disableService(context, organization, service)
  return {}
})

export const listAwsServiceAccess = organizationsRead('ListAWSServiceAccessForOrganization', async (context, input) => {
  await organizationToRead(context, 'organizations:ListAWSServiceAccessForOrganization')
  const { items, next } = await pageOf(
    context,
    input,
    enabledServices(context),
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
    checkService(service)
    const organization = await organizationToChange(context, 'organizations:RegisterDelegatedAdministrator')
    await checkDelegable(context, organization, account)
    if (!(await isServiceEnabled(context, service))) {
      refuse({
        code: 'NotEligible',
        problem: worded(`\`${service}\` has no access yet; call EnableAWSServiceAccess first`),
      })
    }
    await registerAdministrator(context, organization, account, service)
    return {}
  },
)

export const deregisterDelegatedAdministrator = organizationsWrite(
  'DeregisterDelegatedAdministrator',
  async (context, { AccountId: account, ServicePrincipal: service }) => {
    checkService(service)
    await organizationToChange(context, 'organizations:DeregisterDelegatedAdministrator')
    await getMember(context, account)
    await deregisterAdministrator(context, account, service)
    return {}
  },
)

export const listDelegatedAdministrators = organizationsRead('ListDelegatedAdministrators', async (context, input) => {
  const organization = await organizationToRead(context, 'organizations:ListDelegatedAdministrators')
  const { items, next } = await pageOf(
    context,
    input,
    administratorsOf(context, input.ServicePrincipal),
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
    const delegations = await delegationsOf(context, account)
    const { items, next } = await pageOf(context, params, delegations, ({ servicePrincipal }) => servicePrincipal)
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
    checkAccountId(account)
    const organization = await organizationToChange(context, 'ec2:EnableIpamOrganizationAdminAccount')
    await setIpamAdministrator(context, organization, account)
    return { Success: true }
  },
)

export const disableIpamOrganizationAdminAccount = ec2Write(
  'DisableIpamOrganizationAdminAccount',
  async (context, { DelegatedAdminAccountId: account }) => {
    checkAccountId(account)
    await organizationToChange(context, 'ec2:DisableIpamOrganizationAdminAccount')
    await deregisterAdministrator(context, account, ipamService)
    return { Success: true }
  },
)

function checkService(service: string): void {
  if (servicePrincipals.has(service)) return
  refuse({
    code: 'InvalidParameterValue',
    field: 'ServicePrincipal',
    value: service,
    problem: worded(`IPAM's is \`${ipamService}\``),
    aws: { sentence: 'You specified an unrecognized service principal.', reason: 'UNRECOGNIZED_SERVICE_PRINCIPAL' },
  })
}

function checkAccountId(id: string): void {
  if (!isAccountId(id)) refuseValue('DelegatedAdminAccountId', id, worded('an account has twelve digits'))
}
