// Accounts: asked for, made, shown, listed, moved.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openOrganization, refuses } from '../../../test/organization.ts'
import { managementAccount } from '../../../test/world.ts'

const absent = '222222222222'

test('an account is in progress in the first answer and made in the next', async () => {
  const world = await openOrganization()
  const { CreateAccountStatus: asked } = await world.organizations('CreateAccount', {
    AccountName: 'Team A',
    Email: 'a@example.com',
    IamUserAccessToBilling: 'ALLOW',
    Tags: [{ Key: 'env', Value: 'prod' }],
  })
  assert.match(asked!.Id!, /^car-[a-z0-9]{8,32}$/)
  assert.equal(asked!.State, 'IN_PROGRESS')
  assert.equal(asked!.AccountName, 'Team A')
  assert.equal(asked!.AccountId, undefined)

  const { CreateAccountStatus: done } = await world.organizations('DescribeCreateAccountStatus', {
    CreateAccountRequestId: asked!.Id!,
  })
  assert.equal(done!.State, 'SUCCEEDED')
  assert.match(done!.AccountId!, /^[1-9]\d{11}$/)
  assert.equal(done!.CompletedTimestamp, asked!.RequestedTimestamp)

  const id = done!.AccountId!
  assert.deepEqual(await world.organizations('DescribeAccount', { AccountId: id }), {
    Account: {
      Id: id,
      Arn: `arn:aws:organizations::${managementAccount}:account/${world.organizationId}/${id}`,
      Email: 'a@example.com',
      Name: 'Team A',
      Status: 'ACTIVE',
      State: 'ACTIVE',
      Paths: [`${world.organizationId}/${world.rootId}/${id}/`],
      JoinedMethod: 'CREATED',
      JoinedTimestamp: asked!.RequestedTimestamp,
    },
  })
  assert.deepEqual(await world.organizations('ListParents', { ChildId: id }), {
    Parents: [{ Id: world.rootId, Type: 'ROOT' }],
  })
  assert.deepEqual(await world.organizations('ListTagsForResource', { ResourceId: id }), {
    Tags: [{ Key: 'env', Value: 'prod' }],
  })
  await world.close()
})

test('an e-mail address makes one account; the second request fails and says why', async () => {
  const world = await openOrganization()
  await world.account('a')
  for (const email of ['a@example.com', 'A@Example.com', 'management@example.com']) {
    const { CreateAccountStatus: asked } = await world.organizations('CreateAccount', {
      AccountName: 'b',
      Email: email,
    })
    assert.equal(asked!.State, 'IN_PROGRESS')
    const { CreateAccountStatus: done } = await world.organizations('DescribeCreateAccountStatus', {
      CreateAccountRequestId: asked!.Id!,
    })
    assert.equal(done!.State, 'FAILED')
    assert.equal(done!.FailureReason, 'EMAIL_ALREADY_EXISTS')
    assert.equal(done!.AccountId, undefined)
  }
  assert.equal((await world.organizations('ListAccounts', {})).Accounts!.length, 2)

  const count = async (States: ('SUCCEEDED' | 'FAILED' | 'IN_PROGRESS')[]) =>
    (await world.organizations('ListCreateAccountStatus', { States })).CreateAccountStatuses!.length
  assert.equal(await count(['SUCCEEDED']), 1)
  assert.equal(await count(['FAILED']), 3)
  assert.equal(await count(['IN_PROGRESS']), 0)
  assert.equal(await count([]), 4)
  await refuses(world.organizations('DescribeCreateAccountStatus', { CreateAccountRequestId: 'car-aaaaaaaa' }), {
    code: 'NotFound',
    what: 'create-account-request',
  })
  await world.close()
})

test('a name, e-mail address, role or tag that cannot be is refused by name', async () => {
  const world = await openOrganization()
  const good = { AccountName: 'a', Email: 'a@example.com' }
  const create = (wrong: object) => world.organizations('CreateAccount', { ...good, ...wrong })
  await refuses(create({ AccountName: ' ' }), { code: 'InvalidParameterValue', field: 'AccountName' })
  await refuses(create({ AccountName: 'x'.repeat(51) }), { code: 'InvalidParameterValue', field: 'AccountName' })
  await refuses(create({ Email: 'nobody' }), { code: 'InvalidParameterValue', field: 'Email' })
  await refuses(create({ RoleName: 'a b' }), { code: 'InvalidParameterValue', field: 'RoleName' })
  await refuses(create({ Tags: [{ Key: 'aws:x', Value: '' }] }), { code: 'InvalidTagKey', key: 'aws:x' })
  await refuses(create({ Tags: [{ Key: 'cadastre:mode', Value: 'off' }] }), { code: 'InvalidTagKey' })
  assert.equal((await world.organizations('ListCreateAccountStatus', {})).CreateAccountStatuses!.length, 0)
  await world.close()
})

test('account numbers look drawn, and never collide, not even with those that are there already', async () => {
  const world = await openOrganization()
  const numbers = new Set<string>()
  for (let n = 0; n < 60; n++) numbers.add(await world.account(`account-${n}`))
  assert.equal(numbers.size, 60)
  for (const number of numbers) assert.match(number, /^[1-9]\d{11}$/)
  assert(new Set([...numbers].map((number) => number.slice(0, 3))).size > 40)
  await world.close()
})

test('accounts are listed in pages, all of them or those of one parent', async () => {
  const world = await openOrganization()
  const prod = await world.unit('Prod')
  const inner = await world.unit('Inner', prod)
  const all = [managementAccount]
  for (let n = 0; n < 21; n++) all.push(await world.account(`a${n}`, n < 2 ? prod : world.rootId))
  const deep = await world.account('deep', inner)
  all.push(deep)

  const first = await world.organizations('ListAccounts', {})
  assert.equal(first.Accounts!.length, 20)
  const second = await world.organizations('ListAccounts', { NextToken: first.NextToken })
  assert.deepEqual(
    [...first.Accounts!, ...second.Accounts!].map(({ Id }) => Id),
    all.toSorted(),
  )
  const under = (ParentId: string) => world.organizations('ListAccountsForParent', { ParentId })
  assert.equal((await under(prod)).Accounts!.length, 2)
  assert.deepEqual(
    (await under(inner)).Accounts!.map(({ Id }) => Id),
    [deep],
  )
  assert.deepEqual((await under(inner)).Accounts![0]!.Paths, [
    `${world.organizationId}/${world.rootId}/${prod}/${inner}/${deep}/`,
  ])
  await refuses(under('ou-aaaa-aaaaaaaa'), { code: 'NotFound', what: 'parent' })
  await world.close()
})

test('an account moves from where it is to another parent, and every wrong end is refused by its own name', async () => {
  const world = await openOrganization()
  const prod = await world.unit('Prod')
  const dev = await world.unit('Dev')
  const app = await world.account('app', prod)
  const move = (AccountId: string, SourceParentId: string, DestinationParentId: string) =>
    world.organizations('MoveAccount', { AccountId, SourceParentId, DestinationParentId })
  await refuses(move(absent, prod, dev), { code: 'NotFound', what: 'account', id: absent })
  await refuses(move(app, dev, world.rootId), { code: 'NotFound', what: 'source-parent', id: dev })
  await refuses(move(app, prod, 'ou-aaaa-aaaaaaaa'), { code: 'NotFound', what: 'destination-parent' })
  await refuses(move(app, prod, managementAccount), { code: 'NotFound', what: 'destination-parent' })
  await refuses(move(app, prod, prod), { code: 'AlreadyExists', what: 'child' })

  world.advance(5000)
  assert.deepEqual(await move(app, prod, dev), {})
  assert.deepEqual(await world.organizations('ListParents', { ChildId: app }), {
    Parents: [{ Id: dev, Type: 'ORGANIZATIONAL_UNIT' }],
  })
  const { before, after } = await world.store.read(async (tx) => ({
    before: await tx.history.asOf(app, tx.now - 1),
    after: await tx.history.asOf(app, tx.now),
  }))
  assert.equal(JSON.parse(before!.body).parentId, prod)
  assert.equal(JSON.parse(after!.body).parentId, dev)
  await world.close()
})

test('the tags of the tree are read, changed and bounded, and EC2 does not show them', async () => {
  const world = await openOrganization()
  const app = await world.account('app')
  const tag = (ResourceId: string, ...keys: string[]) =>
    world.organizations('TagResource', { ResourceId, Tags: keys.map((Key) => ({ Key, Value: 'v' })) })
  const keys = async (ResourceId: string) =>
    (await world.organizations('ListTagsForResource', { ResourceId })).Tags!.map(({ Key }) => Key)
  for (const resource of [app, world.rootId, await world.unit('Prod')]) {
    await tag(resource, 'a', 'b')
    await world.organizations('UntagResource', { ResourceId: resource, TagKeys: ['b', 'absent'] })
    assert.deepEqual(await keys(resource), ['a'])
  }
  await refuses(tag(absent, 'a'), { code: 'NotFound', what: 'organization-target', id: absent })
  await refuses(tag(app, 'x', 'x'), { code: 'InvalidTagKey', key: 'x' })
  await refuses(tag(app, ...Array.from({ length: 50 }, (_, n) => `k${n}`)), { code: 'LimitExceeded', limit: 50 })
  assert.deepEqual(await keys(app), ['a'])
  for (const account of [app, managementAccount]) {
    const shown = await world.store.read((tx) => tx.tags.list(account, { resourceId: '', key: '' }, 10))
    assert.deepEqual(shown, [])
  }
  await world.close()
})

test('an account is closed once, and leaves the organization when it has nothing', async () => {
  const world = await openOrganization()
  const app = await world.account('app')
  const ended = (AccountId: string) => world.organizations('CloseAccount', { AccountId })
  const remove = (AccountId: string) => world.organizations('RemoveAccountFromOrganization', { AccountId })
  await refuses(ended(absent), { code: 'NotFound', what: 'account', id: absent })
  await refuses(ended(managementAccount), { code: 'NotEligible' })
  await refuses(remove(managementAccount), { code: 'NotEligible' })
  const { AllocationId } = await world.call('AllocateAddress', {}, { account: app })
  assert.deepEqual(await ended(app), {})
  const { Account: shown } = await world.organizations('DescribeAccount', { AccountId: app })
  assert.deepEqual([shown!.Status, shown!.State], ['SUSPENDED', 'CLOSED'])
  await refuses(ended(app), { code: 'IncorrectState', what: 'account' })
  await refuses(world.call('AllocateAddress', {}, { account: app }), {
    code: 'IncorrectState',
    what: 'account',
    id: app,
  })
  await refuses(remove(app), { code: 'DependencyViolation', what: 'account' })
  await world.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: app })
  assert.deepEqual(await remove(app), {})
  await refuses(world.organizations('DescribeAccount', { AccountId: app }), { code: 'NotFound', what: 'account' })
  await refuses(remove(app), { code: 'NotFound', what: 'account' })
  assert.equal((await world.organizations('ListAccounts', {})).Accounts!.length, 1)
  // The email is free again.
  assert.notEqual(await world.account('app'), app)
  await world.close()
})

test('an organization is deleted once its management account alone is left, and can be made again', async () => {
  const world = await openOrganization()
  const app = await world.account('app')
  const unit = await world.unit('Prod')
  const end = () => world.organizations('DeleteOrganization', {})
  await refuses(world.organizations('DeleteOrganization', {}, { account: app }), { code: 'NotAuthorized' })
  await refuses(end(), { code: 'DependencyViolation', what: 'organization' })
  await world.organizations('RemoveAccountFromOrganization', { AccountId: app })
  await refuses(end(), { code: 'DependencyViolation', what: 'organization' })
  await world.organizations('DeleteOrganizationalUnit', { OrganizationalUnitId: unit })
  await world.organizations('EnableAWSServiceAccess', { ServicePrincipal: 'ram.amazonaws.com' })
  assert.deepEqual(await end(), {})
  await refuses(world.organizations('DescribeOrganization', {}), { code: 'NotFound', what: 'organization' })
  await refuses(end(), { code: 'NotFound', what: 'organization' })
  await world.call('AllocateAddress', {})
  const { Organization } = await world.organizations('CreateOrganization', { FeatureSet: 'ALL' })
  assert.notEqual(Organization!.Id, world.organizationId)
  assert.deepEqual((await world.organizations('ListAWSServiceAccessForOrganization', {})).EnabledServicePrincipals, [])
  await world.close()
})
