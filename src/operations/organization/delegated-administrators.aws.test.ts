// Delegated administrators, through Organizations and through EC2.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asNetwork, network, openAcme, root } from '../../../test/acme.ts'
import { openOrganization, refuses } from '../../../test/organization.ts'
import { managementAccount } from '../../../test/world.ts'

const ipam = 'ipam.amazonaws.com'
const guard = 'guardduty.amazonaws.com'
const absent = '222222222222'

test('EC2 makes one member the IPAM administrator, and Organizations knows of it', async () => {
  const world = await openOrganization()
  const network = await world.account('network')
  const other = await world.account('other')
  const enable = (DelegatedAdminAccountId: string, as = {}) =>
    world.call('EnableIpamOrganizationAdminAccount', { DelegatedAdminAccountId }, as)
  await refuses(enable('12'), { code: 'InvalidParameterValue', field: 'DelegatedAdminAccountId' })
  await refuses(enable(network, { account: network }), { code: 'NotAuthorized' })
  await refuses(enable(absent), { code: 'NotFound', what: 'account', id: absent })
  await refuses(enable(managementAccount), { code: 'NotEligible' })
  await refuses(world.call('EnableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: network, DryRun: true }), {
    code: 'DryRunSucceeded',
  })
  assert.deepEqual((await world.organizations('ListDelegatedAdministrators', {})).DelegatedAdministrators, [])

  assert.deepEqual(await enable(network), { Success: true })
  assert.deepEqual(await enable(network), { Success: true })
  await refuses(enable(other), { code: 'IncorrectState', id: other })

  const { DelegatedAdministrators: list } = await world.organizations('ListDelegatedAdministrators', {
    ServicePrincipal: ipam,
  })
  assert.deepEqual(
    list!.map(({ Id }) => Id),
    [network],
  )
  assert.equal(typeof list![0]!.DelegationEnabledDate, 'number')
  const services = await world.organizations('ListDelegatedServicesForAccount', { AccountId: network })
  assert.deepEqual(
    services.DelegatedServices!.map(({ ServicePrincipal }) => ServicePrincipal),
    [ipam],
  )
  const enabled = await world.organizations('ListAWSServiceAccessForOrganization', {})
  assert.deepEqual(
    enabled.EnabledServicePrincipals!.map(({ ServicePrincipal }) => ServicePrincipal),
    [ipam],
  )
  assert.equal(await world.store.read(async (tx) => (await tx.governance.facts()).delegatedAdministrator), network)
  await world.close()
})

test('disabling the IPAM administrator ends it; an account that is none is refused', async () => {
  const world = await openOrganization()
  const network = await world.account('network')
  const disable = (DelegatedAdminAccountId: string, as = {}) =>
    world.call('DisableIpamOrganizationAdminAccount', { DelegatedAdminAccountId }, as)
  await world.call('EnableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: network })
  await refuses(disable(absent), { code: 'NotFound', what: 'delegated-administrator', id: absent })
  await refuses(disable(network, { account: network }), { code: 'NotAuthorized' })
  assert.deepEqual(await disable(network), { Success: true })
  await refuses(disable(network), { code: 'NotFound', what: 'delegated-administrator' })
  assert.equal(await world.store.read(async (tx) => (await tx.governance.facts()).delegatedAdministrator), undefined)
  await world.call('EnableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: await world.account('other') })
  await world.close()
})

test('Organizations registers an administrator once its service has access, and deregisters it', async () => {
  const world = await openOrganization()
  const security = await world.account('security')
  const backup = await world.account('backup')
  const register = (AccountId: string, ServicePrincipal = guard) =>
    world.organizations('RegisterDelegatedAdministrator', { AccountId, ServicePrincipal })
  const deregister = (AccountId: string, ServicePrincipal = guard) =>
    world.organizations('DeregisterDelegatedAdministrator', { AccountId, ServicePrincipal })
  await refuses(register(security), { code: 'NotEligible' })
  await world.organizations('EnableAWSServiceAccess', { ServicePrincipal: guard })
  await world.organizations('EnableAWSServiceAccess', { ServicePrincipal: guard })
  await refuses(register(security, 'guard duty'), { code: 'InvalidParameterValue', field: 'ServicePrincipal' })
  await refuses(world.organizations('EnableAWSServiceAccess', { ServicePrincipal: 'lamp.amazonaws.com' }), {
    code: 'InvalidParameterValue',
    aws: { sentence: 'You specified an unrecognized service principal.', reason: 'UNRECOGNIZED_SERVICE_PRINCIPAL' },
  })
  await refuses(register(absent), { code: 'NotFound', what: 'account' })
  await refuses(register(managementAccount), { code: 'NotEligible' })
  assert.deepEqual(await register(security), {})
  await refuses(register(security), { code: 'AlreadyExists', what: 'account' })
  await register(backup)
  await refuses(world.organizations('DisableAWSServiceAccess', { ServicePrincipal: guard }), { code: 'NotEligible' })

  await refuses(deregister(absent), { code: 'NotFound', what: 'account' })
  await refuses(deregister(security, ipam), { code: 'NotFound', what: 'delegated-administrator' })
  assert.deepEqual(await deregister(security), {})
  await refuses(deregister(security), { code: 'NotFound', what: 'delegated-administrator' })
  await refuses(world.organizations('ListDelegatedServicesForAccount', { AccountId: security }), {
    code: 'NotFound',
    what: 'delegated-administrator',
  })
  await refuses(world.organizations('ListRoots', {}, { account: security }), { code: 'NotAuthorized' })
  await deregister(backup)
  await world.organizations('DisableAWSServiceAccess', { ServicePrincipal: guard })
  assert.deepEqual(await world.organizations('ListAWSServiceAccessForOrganization', {}), {
    EnabledServicePrincipals: [],
  })
  await world.close()
})

test('IPAM has one administrator however it is registered', async () => {
  const world = await openOrganization()
  const one = await world.account('one')
  const two = await world.account('two')
  await world.organizations('EnableAWSServiceAccess', { ServicePrincipal: ipam })
  await world.organizations('RegisterDelegatedAdministrator', { AccountId: one, ServicePrincipal: ipam })
  await refuses(world.organizations('RegisterDelegatedAdministrator', { AccountId: two, ServicePrincipal: ipam }), {
    code: 'LimitExceeded',
    limit: 1,
  })
  await refuses(world.call('EnableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: two }), {
    code: 'IncorrectState',
  })
  await world.close()
})

test('an administrator of several services is listed once, in pages', async () => {
  const world = await openOrganization()
  const accounts = [await world.account('one'), await world.account('two'), await world.account('three')].toSorted()
  for (const service of [guard, 'config.amazonaws.com']) {
    await world.organizations('EnableAWSServiceAccess', { ServicePrincipal: service })
    for (const AccountId of accounts) {
      await world.organizations('RegisterDelegatedAdministrator', { AccountId, ServicePrincipal: service })
    }
  }
  const first = await world.organizations('ListDelegatedAdministrators', { MaxResults: 2 })
  const second = await world.organizations('ListDelegatedAdministrators', { NextToken: first.NextToken })
  assert.deepEqual(
    [...first.DelegatedAdministrators!, ...second.DelegatedAdministrators!].map(({ Id }) => Id),
    accounts,
  )
  const services = await world.organizations('ListDelegatedServicesForAccount', { AccountId: accounts[0]! })
  assert.equal(services.DelegatedServices!.length, 2)
  await world.close()
})

test('the IPAM administrator stays while its policies are enabled in the organization', async () => {
  const acme = await openAcme()
  const policy = await acme.policy()
  await acme.rules(policy, [await acme.pool()])
  await acme.enable(policy)
  const disable = () => acme.call('DisableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: network })
  await refuses(disable(), { code: 'DependencyViolation', id: network })
  await acme.call('DisableIpamPolicy', { IpamPolicyId: policy, OrganizationTargetId: root }, asNetwork)
  assert.deepEqual(await disable(), { Success: true })
  await acme.close()
})
