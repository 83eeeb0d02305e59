// The organization itself: made once, seen by its members, closed to strangers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openOrganization, refuses } from '../../../test/organization.ts'
import { managementAccount, openWorld, type World } from '../../../test/world.ts'
import { operationTables } from '../tables.aws.ts'

/** An account of this installation that is in no organization. */
const outsider = '999999999999'
async function addOutsider({ store }: World): Promise<void> {
  await store.write((tx) =>
    tx.organizations.insertAccount({
      id: outsider,
      name: 'outsider',
      email: 'outsider@example.com',
      status: 'ACTIVE',
      joinedMethod: 'INVITED',
      joinedAt: tx.now,
    }),
  )
}

test('an organization has an id, a root and its management account, named as AWS names them', async () => {
  const world = await openWorld()
  const { Organization: organization } = await world.organizations('CreateOrganization', { FeatureSet: 'ALL' })
  assert.match(organization!.Id!, /^o-[0-9a-z]{10}$/)
  assert.deepEqual(organization, {
    Id: organization!.Id,
    Arn: `arn:aws:organizations::${managementAccount}:organization/${organization!.Id}`,
    FeatureSet: 'ALL',
    MasterAccountArn: `arn:aws:organizations::${managementAccount}:account/${organization!.Id}/${managementAccount}`,
    MasterAccountId: managementAccount,
    MasterAccountEmail: 'management@example.com',
    AvailablePolicyTypes: [],
  })
  assert.deepEqual(await world.organizations('DescribeOrganization', {}), { Organization: organization })

  const { Roots: roots } = await world.organizations('ListRoots', {})
  assert.equal(roots!.length, 1)
  const root = roots![0]!
  assert.match(root.Id!, /^r-[0-9a-z]{4}$/)
  assert.equal(root.Arn, `arn:aws:organizations::${managementAccount}:root/${organization!.Id}/${root.Id}`)
  assert.equal(root.Name, 'Root')
  const parents = await world.organizations('ListParents', { ChildId: managementAccount })
  assert.deepEqual(parents, { Parents: [{ Id: root.Id, Type: 'ROOT' }] })
  await world.close()
})

test('a second organization is refused, to a member and to an outsider', async () => {
  const world = await openOrganization()
  await addOutsider(world)
  await refuses(world.organizations('CreateOrganization', {}), { code: 'AlreadyExists', what: 'organization' })
  await refuses(world.organizations('CreateOrganization', {}, { account: outsider }), { code: 'NotEligible' })
  await world.close()
})

test('consolidated billing is refused by name and makes nothing', async () => {
  const world = await openWorld()
  await refuses(world.organizations('CreateOrganization', { FeatureSet: 'CONSOLIDATED_BILLING' }), {
    code: 'NotSupported',
  })
  await refuses(world.organizations('DescribeOrganization', {}), { code: 'NotFound', what: 'organization' })
  await world.close()
})

test('I8 whoever is in no organization is answered as if there were none', async () => {
  const world = await openWorld()
  await addOutsider(world)
  const before = await refuses(world.organizations('ListRoots', {}, { account: outsider }), { code: 'NotFound' })
  await world.organizations('CreateOrganization', {})
  const after = await refuses(world.organizations('ListRoots', {}, { account: outsider }), { code: 'NotFound' })
  assert.deepEqual(after, before)
  await refuses(world.organizations('DescribeAccount', { AccountId: outsider }), { code: 'NotFound', what: 'account' })
  await world.close()
})

test('a member sees the organization and may call nothing else, whether what it names exists or not', async () => {
  const world = await openOrganization()
  const member = await world.account('member')
  const unit = await world.unit('Prod')
  const { Organization: organization } = await world.organizations('DescribeOrganization', {}, { account: member })
  assert.equal(organization!.Id, world.organizationId)

  const input = {
    AccountId: member,
    AccountName: 'x',
    ChildId: member,
    ChildType: 'ACCOUNT',
    CreateAccountRequestId: 'car-aaaaaaaa',
    DestinationParentId: unit,
    Email: 'x@example.com',
    Name: 'x',
    OrganizationalUnitId: unit,
    ParentId: world.rootId,
    ResourceId: unit,
    ServicePrincipal: 'ipam.amazonaws.com',
    SourceParentId: world.rootId,
    TagKeys: ['k'],
    Tags: [],
  }
  for (const name of operationTables.organizations.keys()) {
    if (name === 'DescribeOrganization' || name === 'CreateOrganization') continue
    const call = name as 'ListRoots'
    await refuses(world.organizations(call, input as never, { account: member }), { code: 'NotAuthorized' })
    const absent = {
      ...input,
      AccountId: '222222222222',
      OrganizationalUnitId: 'ou-aaaa-aaaaaaaa',
      ResourceId: 'r-none',
    }
    await refuses(world.organizations(call, absent as never, { account: member }), { code: 'NotAuthorized' })
  }
  await world.close()
})

test('a delegated administrator may read everything and change nothing', async () => {
  const world = await openOrganization()
  const admin = await world.account('admin')
  await world.call('EnableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: admin })
  const as = { account: admin }
  assert.equal((await world.organizations('ListAccounts', {}, as)).Accounts!.length, 2)
  assert.equal((await world.organizations('ListRoots', {}, as)).Roots!.length, 1)
  await refuses(world.organizations('CreateOrganizationalUnit', { ParentId: world.rootId, Name: 'x' }, as), {
    code: 'NotAuthorized',
    action: 'organizations:CreateOrganizationalUnit',
  })
  await refuses(world.organizations('CreateAccount', { AccountName: 'x', Email: 'x@example.com' }, as), {
    code: 'NotAuthorized',
  })
  await world.close()
})

test('children are listed by kind, and only of a root or unit', async () => {
  const world = await openOrganization()
  const prod = await world.unit('Prod')
  const nested = await world.unit('Nested', prod)
  const account = await world.account('app', prod)
  const children = (ParentId: string, ChildType: 'ACCOUNT' | 'ORGANIZATIONAL_UNIT') =>
    world.organizations('ListChildren', { ParentId, ChildType })
  assert.deepEqual(await children(world.rootId, 'ORGANIZATIONAL_UNIT'), {
    Children: [{ Id: prod, Type: 'ORGANIZATIONAL_UNIT' }],
  })
  assert.deepEqual(await children(prod, 'ORGANIZATIONAL_UNIT'), {
    Children: [{ Id: nested, Type: 'ORGANIZATIONAL_UNIT' }],
  })
  assert.deepEqual(await children(prod, 'ACCOUNT'), { Children: [{ Id: account, Type: 'ACCOUNT' }] })
  assert.deepEqual(await children(nested, 'ACCOUNT'), { Children: [] })
  await refuses(children(account, 'ACCOUNT'), { code: 'NotFound', what: 'parent', id: account })
  await refuses(children('ou-aaaa-aaaaaaaa', 'ACCOUNT'), { code: 'NotFound', what: 'parent' })

  assert.deepEqual(await world.organizations('ListParents', { ChildId: account }), {
    Parents: [{ Id: prod, Type: 'ORGANIZATIONAL_UNIT' }],
  })
  await refuses(world.organizations('ListParents', { ChildId: world.rootId }), { code: 'NotFound', what: 'child' })
  await refuses(world.organizations('ListParents', { ChildId: '222222222222' }), { code: 'NotFound', what: 'child' })
  await world.close()
})

test('every change of the tree moves the snapshot that decisions are made on', async () => {
  const world = await openOrganization()
  const nodes = () => world.store.read(async (tx) => [...(await tx.governance.facts()).nodes.values()])
  const epoch = () => world.store.read(async (tx) => tx.governanceEpoch)
  let last = await epoch()
  const moves = async (change: Promise<unknown>): Promise<void> => {
    await change
    const now = await epoch()
    assert(now > last)
    last = now
  }
  await moves(world.unit('Prod'))
  const prod = (await nodes()).find(({ kind }) => kind === 'organizational-unit')!.id
  await moves(world.account('app'))
  const app = (await nodes()).find(({ kind, id }) => kind === 'account' && id !== managementAccount)!.id
  await moves(
    world.organizations('MoveAccount', { AccountId: app, SourceParentId: world.rootId, DestinationParentId: prod }),
  )
  assert.equal((await nodes()).find(({ id }) => id === app)!.parentId, prod)
  await moves(world.organizations('TagResource', { ResourceId: prod, Tags: [{ Key: 'env', Value: 'prod' }] }))
  assert.equal((await nodes()).find(({ id }) => id === prod)!.tags!.get('env'), 'prod')
  await moves(world.organizations('UntagResource', { ResourceId: prod, TagKeys: ['env'] }))
  await moves(world.call('EnableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: app }))
  await moves(world.call('DisableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: app }))
  await moves(
    world.organizations('MoveAccount', { AccountId: app, SourceParentId: prod, DestinationParentId: world.rootId }),
  )
  await moves(world.organizations('DeleteOrganizationalUnit', { OrganizationalUnitId: prod }))
  await world.close()
})
