// Resources over the native API: what EC2 made and what allocations name, with the space that each holds and why.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { foundOrganization, lab, network, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'

let world: NativeWorld
let poolId: string
let made: {
  readonly vpc: string
  readonly subnet: string
  readonly nat: string
  readonly eip: string
  readonly lone: string
}
interface Resource {
  readonly resourceId: string
  readonly resourceType: string
  readonly account: string
  readonly locale: string
  readonly partOf?: string
  readonly spaces: readonly { cidr: string; allocationId?: string; poolId?: string; decisionId?: string }[]
}
interface Page {
  readonly items: readonly Resource[]
  readonly nextCursor?: string
}
const asShop = { account: shop }
const params = (more: object) => ({ account: shop, resourceType: 'onprem:host', locale: 'us-east-1', poolId, ...more })
const list = async (query = '', as?: string) =>
  (await world.get<Page>(`/resources?limit=1000&${query}`, as ? { as } : {})).items
const idsOf = (items: readonly Resource[]) => items.map(({ resourceId, account }) => `${resourceId} ${account}`)

before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  const ipam = await world.post<{ privateScopeId: string }>('/ipams', { account: network, region: 'us-east-1' })
  const pool = await world.post<{ poolId: string }>('/pools', {
    scopeId: ipam.privateScopeId,
    family: 'ipv4',
    locale: 'us-east-1',
    sharedWith: [root],
  })
  poolId = pool.poolId
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.0.0.0/16' })
  const { Vpc } = await world.call('CreateVpc', { Ipv4IpamPoolId: poolId, Ipv4NetmaskLength: 20 }, asShop)
  const VpcId = Vpc!.VpcId!
  const { Subnet } = await world.call('CreateSubnet', { VpcId, CidrBlock: '10.0.0.0/24' }, asShop)
  const { AllocationId } = await world.call('AllocateAddress', {}, asShop)
  const { NatGateway } = await world.call(
    'CreateNatGateway',
    { SubnetId: Subnet!.SubnetId!, AllocationId: AllocationId! },
    asShop,
  )
  const lone = await world.post<{ resourceId: string }>('/allocations', {
    account: lab,
    resourceType: 'eip',
    locale: 'us-east-1',
  })
  made = {
    vpc: VpcId,
    subnet: Subnet!.SubnetId!,
    nat: NatGateway!.NatGatewayId!,
    eip: AllocationId!,
    lone: lone.resourceId,
  }
  await world.post('/allocations', params({ resourceId: 'web' }))
  await world.post('/allocations', params({ resourceId: 'web' }))
  await world.post('/allocations', params({ resourceId: 'web', account: lab }))
  await world.post('/allocations', params({ resourceId: 'db' }))
  await world.post('/allocations', params({}))
})
after(() => world.close())

test('every kind is listed once, with the space that it holds, the pool it is from and the decision', async () => {
  const items = await list()
  assert.deepEqual(idsOf(items), [
    `${made.eip} ${shop}`,
    `${made.lone} ${lab}`,
    `db ${shop}`,
    `web ${shop}`,
    `web ${lab}`,
    `${made.nat} ${shop}`,
    `${made.subnet} ${shop}`,
    `${made.vpc} ${shop}`,
  ])
  const of = (id: string) => items.find(({ resourceId }) => resourceId === id)!
  assert.equal(of('web').spaces.length, 2)
  assert(of('web').spaces.every((space) => space.poolId === poolId && space.decisionId))
  assert.deepEqual(of(made.nat).spaces, of(made.eip).spaces)
  assert.equal(of(made.vpc).spaces[0]!.poolId, poolId)
  assert.match(of(made.vpc).spaces[0]!.decisionId!, /^decision-/)
  assert.deepEqual([of(made.subnet).partOf, of(made.subnet).spaces[0]!.cidr], [made.vpc, '10.0.0.0/24'])
})

test('one is shown by its id or name; a name of several accounts by the account too', async () => {
  const all = await list()
  for (const found of all) {
    assert.deepEqual(await world.get(`/resources/${found.resourceId}?account=${found.account}`), found)
  }
  assert.equal((await world.ask('GET', '/resources/nothing')).status, 404)
  assert.equal((await world.ask('GET', `/resources/web?account=${network}`)).status, 404)
  assert.equal((await world.ask('GET', `/resources/${poolId}`)).status, 404, 'a pool is no resource')
})

test('lists are narrowed by account, type, locale and pool, and paged without gaps', async () => {
  const all = await list()
  const by = (test: (one: Resource) => boolean) => idsOf(all.filter(test))
  assert.deepEqual(
    idsOf(await list(`account=${lab}`)),
    by(({ account }) => account === lab),
  )
  assert.deepEqual(
    idsOf(await list('resourceType=vpc')),
    by(({ resourceType }) => resourceType === 'vpc'),
  )
  assert.deepEqual(
    idsOf(await list('resourceType=onprem:host')),
    by(({ resourceType }) => resourceType === 'onprem:host'),
  )
  assert.deepEqual(
    idsOf(await list('resourceType=eip')),
    by(({ resourceType }) => resourceType === 'eip'),
  )
  assert.deepEqual(await list('locale=eu-central-1'), [])
  assert.deepEqual(
    idsOf(await list(`poolId=${poolId}`)),
    by(({ spaces }) => spaces.some((space) => space.poolId === poolId)),
  )
  for (const limit of [1, 2, 3]) {
    const seen: string[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const page: Page = await world.get(`/resources?limit=${limit}${cursor && `&cursor=${cursor}`}`)
      assert(page.items.length <= limit)
      seen.push(...idsOf(page.items))
      cursor = page.nextCursor
    }
    assert.deepEqual(seen, idsOf(all), `limit ${limit}`)
  }
  for (const place of ['x', 'eip/x', 'king/1']) {
    const answer = await world.ask<{ code: string }>(
      'GET',
      `/resources?cursor=${Buffer.from(`1:${place}`).toString('base64url')}`,
    )
    assert.equal(answer.body.code, 'InvalidPaginationToken', place)
  }
})

test('I8 who sees one account sees its resources, and no others', async () => {
  const as = await world.tokenOf('user:lab', 'resource-operator', lab)
  assert.deepEqual(idsOf(await list('', as)), [`${made.lone} ${lab}`, `web ${lab}`])
  assert.equal((await world.ask('GET', `/resources/${made.vpc}`, { as })).status, 404)
  assert.equal((await world.get<Resource>('/resources/web', { as })).account, lab)
})

test('I8 what somebody calls after a resource that they may not see is theirs, and hides nothing', async () => {
  const as = await world.tokenOf('user:lab', 'resource-operator', lab)
  const ids = [made.eip, made.vpc, made.subnet, made.nat, 'eipalloc-00000000000000000', 'vpc-00000000000000000']
  for (const resourceId of ids) {
    const body = { ...params({ account: lab, resourceId }), resourceType: 'custom', netmaskLength: 32 }
    const named = await world.ask<{ allocationId: string }>('POST', '/allocations', { body })
    assert.equal(named.status, 201, JSON.stringify(named.body))
    const { allocationId } = named.body
    const shown = await world.get<Resource>(`/resources/${resourceId}`, { as })
    assert.deepEqual([shown.account, shown.spaces[0]?.allocationId], [lab, allocationId], resourceId)
    const { items } = await world.get<{ items: { allocationId: string }[] }>(`/allocations?resourceId=${resourceId}`, {
      as,
    })
    assert.deepEqual(
      items.map((one) => one.allocationId),
      [allocationId],
      resourceId,
    )
    await world.ask('DELETE', `/allocations/${allocationId}`)
  }
})

test('Z4 of several accounts that have a resource of one id, none is shown for the other', async () => {
  const resourceId = 'vpc-0aaaaaaaaaaaaaaaa'
  for (const account of [shop, lab]) {
    const body = { ...params({ account, resourceId }), resourceType: 'custom', netmaskLength: 32 }
    assert.equal((await world.ask('POST', '/allocations', { body })).status, 201)
  }
  const { status, body } = await world.ask<{ code: string; detail: string }>('GET', `/resources/${resourceId}`)
  assert.deepEqual([status, body.code], [400, 'InvalidParameterValue'])
  for (const account of [shop, lab]) {
    assert.match(body.detail, new RegExp(account))
    assert.equal((await world.get<Resource>(`/resources/${resourceId}?account=${account}`)).account, account)
  }
  const as = await world.tokenOf('user:one-of-two', 'auditor', lab)
  assert.equal((await world.get<Resource>(`/resources/${resourceId}`, { as })).account, lab)
})

test('I8 however much one account calls by a name, it hides nothing that others call so', async () => {
  const resourceId = 'busy'
  const host = { resourceType: 'onprem:host', locale: 'us-east-1', poolId, resourceId, account: lab }
  const crowd = 2_100
  for (let count = 0; count < crowd; count += 100) {
    await world.post('/allocations/batch', { allocations: Array.from({ length: 100 }, () => host) })
  }
  await world.post('/allocations', params({ resourceId }))
  const uma = await world.tokenOf('user:uma', 'auditor', '*')
  const forbid = { principal: 'user:uma', role: 'auditor', node: lab, effect: 'forbid' }
  await world.post('/role-bindings', forbid)

  const busy = (items: readonly Resource[]) => items.filter((one) => one.resourceId === resourceId)
  for (const limit of [1, 2, 1_000]) {
    const pages: Resource[] = []
    for (let cursor = '', asked = 0; asked < 50; asked++) {
      const page = await world.get<Page>(`/resources?resourceType=onprem:host&limit=${limit}${cursor}`)
      pages.push(...page.items)
      if (page.nextCursor === undefined) break
      cursor = `&cursor=${page.nextCursor}`
    }
    assert.deepEqual(
      idsOf(pages),
      [`busy ${shop}`, `busy ${lab}`, `db ${shop}`, `web ${shop}`, `web ${lab}`],
      `limit ${limit}`,
    )
    assert.deepEqual(
      busy(pages).map(({ account, spaces }) => [account, spaces.length]),
      [
        [shop, 1],
        [lab, 1_000],
      ],
      `limit ${limit}`,
    )
  }
  const several = await world.ask<{ code: string; detail: string }>('GET', `/resources/${resourceId}`)
  assert.equal(several.body.code, 'InvalidParameterValue')
  for (const account of [shop, lab]) {
    assert.match(several.body.detail, new RegExp(account))
    const one = await world.get<Resource>(`/resources/${resourceId}?account=${account}`)
    assert.deepEqual([one.account, one.spaces.length], [account, account === lab ? 1_000 : 1])
  }
  // Who is forbidden the one is shown the other, as if nothing else were called so.
  const seen = await world.get<Resource>(`/resources/${resourceId}`, { as: uma })
  assert.deepEqual([seen.account, seen.spaces.length], [shop, 1])
  assert.equal((await world.ask('GET', `/resources/${resourceId}?account=${lab}`, { as: uma })).status, 404)
})
