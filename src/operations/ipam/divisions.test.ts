// Networks inside of networks: a pool that divides an allocation, what it reserves, and what keeps the outer one.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AllocationLists } from '#store/tables/allocation-lists.ts'
import { Holdings } from '#store/tables/holdings.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { foundOrganization, lab, network, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { refuses } from '../../../test/organization.ts'

interface Allocation {
  readonly allocationId: string
  readonly cidr: string
  readonly poolId: string
  readonly resourceId?: string
  readonly innerPoolId?: string
}
interface Pool {
  readonly poolId: string
  readonly depth: number
  readonly scopeId: string
  readonly locale: string
  readonly sourceAllocationId?: string
  readonly reservedFirst?: number
  readonly reservedLast?: number
  readonly sharedWith: readonly string[]
}
interface Problem {
  readonly code: string
  readonly field?: string
  readonly detail: string
}

let world: NativeWorld
let scopes: { readonly public: string; readonly private: string }
let top: string
before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  const ipam = await world.post<{ publicScopeId: string; privateScopeId: string }>('/ipams', {
    account: network,
    region: 'us-east-1',
    tier: 'advanced',
  })
  scopes = { public: ipam.publicScopeId, private: ipam.privateScopeId }
  top = await pool('private', '10.0.0.0/8', { locale: 'us-east-1' })
})
after(async () => {
  assert.deepEqual((await checkSpace(world.store)).problems, [])
  await world.close()
})

async function pool(scope: 'public' | 'private', cidr: string, more: object = {}): Promise<string> {
  const family = cidr.includes(':') ? 'ipv6' : 'ipv4'
  const params = { scopeId: scopes[scope], family, sharedWith: [shop, lab], quarantineSeconds: 0, ...more }
  const { poolId } = await world.post<Pool>('/pools', params)
  await world.post(`/pools/${poolId}/cidrs`, { cidr })
  return poolId
}
const common = { account: shop, locale: 'us-east-1', scopeType: 'private' }
const take = (params: object) => world.post<Allocation>('/allocations', { ...common, ...params })
const refused = async (params: object): Promise<Problem> => {
  const { status, body } = await world.ask<Problem>('POST', '/allocations', { body: { ...common, ...params } })
  assert.ok(status >= 400, JSON.stringify(body))
  return body
}
const divide = (sourceAllocationId: string, more: object = {}) =>
  world.post<Pool>('/pools', { sourceAllocationId, ...more })
const release = (id: string) => world.ask<Problem>('DELETE', `/allocations/${id}`)
const used = (poolId: string) => world.get<Record<string, unknown>>(`/pools/${poolId}/utilization`)
let networks = 0
/** A VPC elsewhere. */
const vpc = (more: object = {}) => {
  const n = ++networks
  return take({ resourceType: 'vpc', resourceId: `vpc-0a${n}`, cidr: `10.${n}.0.0/16`, poolId: top, ...more })
}

test('I9 a network holds subnets, a subnet hosts: each pool lies where the outer one lies, and has the block', async () => {
  const outer = await vpc()
  const inner = await divide(outer.allocationId)
  const { scopeId, locale, depth, sharedWith, sourceAllocationId } = inner
  assert.deepEqual(
    { scopeId, locale, depth, sharedWith, sourceAllocationId },
    {
      scopeId: scopes.private,
      locale: 'us-east-1',
      depth: 2,
      sharedWith: [shop],
      sourceAllocationId: outer.allocationId,
    },
  )
  const subnet = await take({
    resourceType: 'subnet',
    resourceId: 'subnet-0a1',
    netmaskLength: 24,
    poolId: inner.poolId,
  })
  assert.equal(subnet.cidr, '10.1.0.0/24')
  const hosts = await divide(subnet.allocationId)
  assert.deepEqual([hosts.depth, hosts.reservedFirst, hosts.reservedLast], [3, 4, 1])
  const host = await take({ resourceType: 'aws:network-interface', resourceId: 'eni-1', poolId: hosts.poolId })
  assert.equal(host.cidr, '10.1.0.254/32')
  assert.deepEqual(await used(hosts.poolId), {
    provisioned: '256',
    allocated: '1',
    reserved: '5',
    quarantined: '0',
    held: '0',
    free: '250',
    allocations: 1,
  })
  const shown = await world.get<Allocation>(`/allocations/${subnet.allocationId}`)
  assert.equal(shown.innerPoolId, hosts.poolId)
  const { items } = await world.get<{ items: Allocation[] }>(`/allocations?poolId=${inner.poolId}`)
  assert.deepEqual(
    items.map((one) => [one.cidr, one.innerPoolId]),
    [['10.1.0.0/24', hosts.poolId]],
  )
  const tree = await world.get<{ items: { poolId: string; parentPoolId?: string }[] }>('/pools/tree?limit=100')
  const above = (id: string) => tree.items.find(({ poolId }) => poolId === id)?.parentPoolId
  assert.deepEqual([above(hosts.poolId), above(inner.poolId), above(top)], [inner.poolId, top, undefined])
})

describe('what a network reserves', () => {
  // Type, place, space of the pool, length, type of hosts, and the last octets that are reserved.
  const cases: readonly [string, string, string, number, string, readonly number[]][] = [
    ['subnet', 'us-east-1', '172.16.0.0/24', 28, 'aws:network-interface', [0, 1, 2, 3, 15]],
    ['azure:subnet', 'azure:westeurope', '172.17.0.0/24', 29, 'azure:network-interface', [0, 1, 2, 3, 7]],
    ['gcp:subnetwork', 'gcp:europe-west6', '172.18.0.0/24', 29, 'gcp:address', [0, 1, 6, 7]],
    ['onprem:network', 'onprem:basel', '172.19.0.0/24', 29, 'onprem:host', [0, 1, 7]],
  ]
  for (const [type, locale, space, netmaskLength, hostType, octets] of cases) {
    test(`of ${type} is no host's, whether it is named, the lowest or the last that there is`, async () => {
      const poolId = await pool('private', space, { locale })
      const outer = await take({ locale, resourceType: type, poolId, netmaskLength })
      const reserved = octets.map((octet) => space.replace('0/24', String(octet)))
      const inside = { locale, inside: outer.allocationId }
      for (const address of reserved) {
        for (const resourceType of [hostType, 'custom']) {
          const problem = await refused({ ...inside, resourceType, cidr: address })
          assert.equal(problem.code, 'CidrConflict')
          assert.match(problem.detail, /is reserved: of this .* addresses are no host's/)
        }
      }
      const ends = new Set<string>()
      for (;;) {
        const { status, body } = await world.ask<Allocation>('POST', '/allocations', {
          body: { ...common, ...inside, resourceType: hostType },
        })
        if (status >= 400) break
        ends.add(body.cidr.split('/')[0]!)
      }
      assert.equal(ends.size, 2 ** (32 - netmaskLength) - reserved.length)
      for (const address of reserved) assert.ok(!ends.has(address), address)
      const { innerPoolId } = await world.get<Allocation>(`/allocations/${outer.allocationId}`)
      const { free, reserved: kept } = await used(innerPoolId!)
      assert.deepEqual([free, kept], ['0', String(reserved.length)])
    })
  }

  test('is given back by nobody, over either API, and goes with the pool', async () => {
    const outer = await vpc()
    const subnet = await take({ inside: outer.allocationId, resourceType: 'subnet', netmaskLength: 24 })
    const hosts = await divide(subnet.allocationId)
    const { items } = await world.get<{ items: Allocation[] }>(`/allocations?poolId=${hosts.poolId}`)
    assert.deepEqual(
      items.map(({ cidr }) => cidr.replace(/10\.\d+\./, '')),
      ['0.0/30', '0.255/32'],
    )
    for (const { allocationId, cidr } of items) {
      assert.equal((await release(allocationId)).body.code, 'NotSupported')
      const named = { IpamPoolId: hosts.poolId, Cidr: cidr, IpamPoolAllocationId: allocationId }
      await refuses(world.call('ReleaseIpamPoolAllocation', named, { account: network }), {
        code: 'InvalidParameterValue',
      })
    }
    assert.equal((await world.ask('DELETE', `/pools/${hosts.poolId}`)).status, 204)
    assert.equal((await release(subnet.allocationId)).status, 204)
  })

  test('is for an administrator’s own network what its pool says, and for a cloud’s what that says', async () => {
    const locale = 'onprem:bern'
    const poolId = await pool('private', '172.30.0.0/16', { locale })
    const site = await take({ locale, resourceType: 'onprem:network', netmaskLength: 28, poolId })
    const own = await divide(site.allocationId, { reservedFirst: 1, reservedLast: 3 })
    assert.deepEqual([own.reservedFirst, own.reservedLast], [1, 3])
    const host = { locale, resourceType: 'onprem:host', inside: site.allocationId }
    assert.equal((await take({ ...host, cidr: '172.30.0.1' })).cidr, '172.30.0.1/32')
    assert.equal((await refused({ ...host, cidr: '172.30.0.13' })).code, 'CidrConflict')
    const link = await take({ locale, resourceType: 'onprem:network', netmaskLength: 31, poolId })
    assert.equal((await take({ ...host, inside: link.allocationId })).cidr, link.cidr.replace('/31', '/32'))

    const outer = await vpc()
    const subnet = await take({ inside: outer.allocationId, resourceType: 'subnet', netmaskLength: 28 })
    const cases: [string, object, RegExp][] = [
      [subnet.allocationId, { reservedFirst: 0 }, /The cloud says it for `subnet`: the first 4 and the last 1/],
      [link.allocationId, { reservedFirst: 3 }, /has no more than 2 addresses|divides it already/],
    ]
    for (const [sourceAllocationId, more, detail] of cases) {
      const { body } = await world.ask<Problem>('POST', '/pools', { body: { sourceAllocationId, ...more } })
      assert.match(body.detail, detail)
    }
  })

  test('networks inside of an administrator’s own may have, and hosts do not get it when these are gone', async () => {
    const locale = 'onprem:bern'
    const poolId = await pool('private', '172.31.0.0/24', { locale })
    const site = await take({ locale, resourceType: 'onprem:network', netmaskLength: 24, poolId })
    const inside = { locale, inside: site.allocationId }
    const part = { ...inside, resourceType: 'onprem:network', netmaskLength: 26 }
    const parts = []
    for (let n = 0; n < 4; n++) parts.push(await take(part))
    assert.deepEqual(
      parts.map(({ cidr }) => cidr),
      ['172.31.0.0/26', '172.31.0.64/26', '172.31.0.128/26', '172.31.0.192/26'],
    )
    for (const { allocationId } of parts) assert.equal((await release(allocationId)).status, 204)
    const host = { ...inside, resourceType: 'onprem:host' }
    assert.equal((await take(host)).cidr, '172.31.0.254/32')
    assert.equal((await refused({ ...host, cidr: '172.31.0.1' })).code, 'CidrConflict')
    assert.equal((await refused({ ...host, cidr: '172.31.0.255' })).code, 'CidrConflict')
    const named = await take({ ...inside, resourceType: 'onprem:network', cidr: '172.31.0.0/26' })
    assert.equal(named.cidr, '172.31.0.0/26')
    const other = { ...inside, resourceType: 'onprem:network', cidr: '172.31.0.192/26' }
    assert.equal((await refused(other)).code, 'CidrConflict')
  })

  test('is no network’s that is too small to keep it, whether it is named, the lowest, the last, or was given back', async () => {
    const locale = 'onprem:chur'
    const poolId = await pool('private', '172.28.0.0/28', { locale, quarantineSeconds: 60 })
    const site = await take({ locale, resourceType: 'onprem:network', netmaskLength: 28, poolId })
    const inside = { locale, inside: site.allocationId }
    const link = { ...inside, resourceType: 'onprem:network' }
    const isKept = async (cidr: string, resourceType = link.resourceType) => {
      const problem = await refused({ ...inside, resourceType, cidr })
      assert.equal(problem.code, 'CidrConflict')
      assert.match(problem.detail, /is reserved/)
    }
    for (const cidr of ['172.28.0.15/32', '172.28.0.0/31', '172.28.0.0/32', '172.28.0.14/31']) await isKept(cidr)
    await isKept('172.28.0.8/29', 'k8s:network')
    // What keeps as much has it, and gives it back.
    const parts = [await take({ ...link, cidr: '172.28.0.0/30' }), await take({ ...link, cidr: '172.28.0.12/30' })]
    for (const { allocationId } of parts) assert.equal((await release(allocationId)).status, 204)
    for (const cidr of ['172.28.0.0/31', '172.28.0.15/32'])
      assert.equal((await refused({ ...link, cidr })).code, 'CidrConflict')
    const { innerPoolId } = await world.get<Allocation>(`/allocations/${site.allocationId}`)
    const { scopeId } = await world.get<{ scopeId: string }>(`/pools/${innerPoolId}`)
    world.advance(60_000)
    const below = await world.post<Pool>('/pools', { scopeId, family: 'ipv4', locale, parentPoolId: innerPoolId })
    const { status } = await world.ask('POST', `/pools/${below.poolId}/cidrs`, { body: { cidr: '172.28.0.0/30' } })
    assert.equal(status, 409)
    const links = []
    for (let n = 0; n < 6; n++) links.push((await take({ ...link, netmaskLength: 31 })).cidr)
    assert.equal((await refused({ ...link, netmaskLength: 31 })).code, 'Exhausted')
    const octets = links.map((cidr) => Number(cidr.split('.')[3]!.split('/')[0])).sort((a, b) => a - b)
    assert.deepEqual(octets, [2, 4, 6, 8, 10, 12])
  })

  test('neither where a network gave it back and it rests, nor where it rests no more', async () => {
    const locale = 'onprem:bern'
    const poolId = await pool('private', '172.29.0.0/28', { locale, quarantineSeconds: 60 })
    const site = await take({ locale, resourceType: 'onprem:network', netmaskLength: 28, poolId })
    const inside = { locale, inside: site.allocationId }
    for (const cidr of ['172.29.0.0/30', '172.29.0.12/30']) {
      const part = await take({ ...inside, resourceType: 'onprem:network', cidr })
      assert.equal((await release(part.allocationId)).status, 204)
    }
    const host = { ...inside, resourceType: 'onprem:host' }
    for (const cidr of ['172.29.0.0', '172.29.0.1', '172.29.0.15']) {
      assert.equal((await refused({ ...host, cidr })).code, 'CidrConflict', cidr)
    }
    world.advance(60_000)
    const hosts = []
    for (let n = 0; n < 13; n++) hosts.push((await take(host)).cidr)
    assert.equal((await refused(host)).code, 'Exhausted')
    const octets = hosts.map((cidr) => Number(cidr.split('.')[3]!.split('/')[0])).sort((a, b) => a - b)
    assert.deepEqual(octets, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
  })
})

test('D7 what goes by the id of a network is looked through once for a batch, and what the batch itself makes is found', async () => {
  const poolId = await pool('private', '172.27.0.0/16', { locale: 'us-east-1' })
  const outer = await take({ resourceType: 'vpc', resourceId: 'vpc-0many', netmaskLength: 24, poolId })
  await divide(outer.allocationId)
  const ofId = { ...common, resourceType: 'custom', resourceId: 'vpc-0many', netmaskLength: 32, poolId }
  await world.post('/allocations/batch', { allocations: Array.from({ length: 30 }, () => ofId) })
  const inside = { ...common, resourceType: 'custom', netmaskLength: 32, inside: 'vpc-0many' }
  const original = [AllocationLists.prototype.ofResource, Holdings.prototype.ofResource] as const
  let looks = 0
  AllocationLists.prototype.ofResource = function (this: AllocationLists, ...given) {
    looks++
    return original[0].apply(this, given)
  }
  Holdings.prototype.ofResource = function (this: Holdings, ...given) {
    looks++
    return original[1].apply(this, given)
  }
  try {
    const { allocations } = await world.post<{ allocations: Allocation[] }>('/allocations/batch', {
      allocations: Array.from({ length: 20 }, () => inside),
    })
    assert.equal(allocations.length, 20)
    assert.equal(looks, 1)
  } finally {
    AllocationLists.prototype.ofResource = original[0]
    Holdings.prototype.ofResource = original[1]
  }
  // The second of its id makes it no longer one network.
  const other = { ...common, resourceType: 'vpc', resourceId: 'vpc-0many', netmaskLength: 24, poolId }
  const { status, body } = await world.ask<Problem>('POST', '/allocations/batch', {
    body: { allocations: [inside, other, inside] },
  })
  assert.equal(status, 400)
  assert.match(body.detail, /everal networks go by it/)
  const made = [
    { ...other, resourceId: 'vpc-0new' },
    { ...inside, inside: 'vpc-0new' },
  ]
  await world.post('/allocations/batch', { allocations: made })
})

describe('the outer one stays as long as something divides it', () => {
  test('and whoever wants to remove it is told what is inside, as far as they may see it', async () => {
    const outer = await vpc()
    const names = Array.from({ length: 7 }, (_, n) => `subnet-0c${n}`)
    for (const resourceId of names) {
      await take({ inside: outer.allocationId, resourceType: 'subnet', netmaskLength: 24, resourceId })
    }
    const { body } = await release(outer.allocationId)
    assert.equal(body.code, 'DependencyViolation')
    assert.match(
      body.detail,
      /divides it, and has in it: `subnet` `subnet-0c0` \(10\.\d+\.0\.0\/24\), .*subnet-0c4.*, 2 more\./,
    )
    const { innerPoolId = '' } = await world.get<Allocation>(`/allocations/${outer.allocationId}`)
    const kept = await world.ask<Problem>('DELETE', `/pools/${innerPoolId}`)
    assert.deepEqual([kept.body.code, /allocations in it/.test(kept.body.detail)], ['DependencyViolation', true])
    await world.ask('DELETE', `/pools/${innerPoolId}?cascade=true`)
    assert.equal((await release(outer.allocationId)).status, 204)
  })

  test('also over the EC2 API, which shows what it does not know as reserved by hand', async () => {
    const outer = await take({ resourceType: 'k8s:network', netmaskLength: 24, poolId: top, locale: 'us-east-1' })
    const inner = await divide(outer.allocationId)
    const input = { IpamPoolId: top, Cidr: outer.cidr, IpamPoolAllocationId: outer.allocationId }
    const give = () => world.call('ReleaseIpamPoolAllocation', input, { account: shop })
    await refuses(give(), { code: 'DependencyViolation', what: 'ipam-pool-allocation', id: outer.allocationId })
    await world.call('DeleteIpamPool', { IpamPoolId: inner.poolId }, { account: network })
    await give()
  })

  test('and in the schema: neither the allocation nor another block under the pool', async () => {
    const outer = await vpc()
    const { poolId } = await divide(outer.allocationId)
    const n = Number.parseInt(outer.allocationId.slice(-12), 16)
    await assert.rejects(
      world.database.execute(`delete from allocation where n = ${n}`),
      /stays as long as a pool divides it/,
    )
    const other = `insert into pool_cidr (id, pool, first, length, state, parent_allocation, created_at)
      select 'x', n, (select first from allocation where n = ${n}), 17, 'provisioned', ${n}, 0 from pool where id = '${poolId}'`
    await assert.rejects(world.database.execute(other), /has the block of that and no other/)
    const second = `update pool set source_allocation = ${n} where id = '${top}'`
    await assert.rejects(world.database.execute(second), /unique/i)
  })

  test('a pool that is deleted with all in it takes along what divides its allocations', async () => {
    const poolId = await pool('private', '192.168.0.0/16', { locale: 'us-east-1' })
    const outer = await take({ resourceType: 'vpc', netmaskLength: 20, poolId })
    const subnet = await take({ inside: outer.allocationId, resourceType: 'subnet', netmaskLength: 24 })
    await take({ inside: subnet.allocationId, resourceType: 'aws:network-interface' })
    assert.equal((await world.ask('DELETE', `/pools/${poolId}?cascade=true`)).status, 204)
    assert.deepEqual((await checkSpace(world.store)).problems, [])
  })
})

describe('what cannot be divided, and what is made inside of nothing', () => {
  test('hosts and reservations, what is divided already, whole networks in others, subnets in subnets', async () => {
    const outer = await vpc()
    const inner = await divide(outer.allocationId)
    const custom = await take({ resourceType: 'custom', netmaskLength: 24, poolId: top })
    const again = [
      [custom.allocationId, /no network/],
      [outer.allocationId, new RegExp(`\`${inner.poolId}\` divides it already`)],
    ] as const
    for (const [sourceAllocationId, detail] of again) {
      const { body } = await world.ask<Problem>('POST', '/pools', { body: { sourceAllocationId } })
      assert.deepEqual([body.code, body.field], ['InvalidParameterValue', 'sourceAllocationId'])
      assert.match(body.detail, detail)
    }
    const whole = await refused({ resourceType: 'vpc', netmaskLength: 24, inside: outer.allocationId })
    assert.match(whole.detail, /does not allow resource-type `vpc`; allowed: `subnets`, `hosts`/)
    const subnet = await take({ inside: outer.allocationId, resourceType: 'subnet', netmaskLength: 20 })
    const part = await refused({ resourceType: 'subnet', netmaskLength: 28, inside: subnet.allocationId })
    assert.match(part.detail, /does not allow resource-type `subnet`; allowed: `hosts`/)
    const elsewhere = await world.ask<Problem>('POST', '/pools', {
      body: { sourceAllocationId: subnet.allocationId, scopeId: scopes.public },
    })
    assert.equal(elsewhere.body.field, 'scopeId')
  })

  test('what the EC2 API made stays its own: its VPC is planned, and its subnet is not divided', async () => {
    const as = { account: shop } as const
    const { Vpc } = await world.call('CreateVpc', { Ipv4IpamPoolId: top, Ipv4NetmaskLength: 24 }, as)
    const { VpcId = '' } = Vpc!
    const { items } = await world.get<{ items: Allocation[] }>(`/allocations?resourceId=${VpcId}`)
    const plan = await divide(items[0]!.allocationId)
    const { IpamPools } = await world.call('DescribeIpamPools', { IpamPoolIds: [plan.poolId] }, { account: network })
    assert.equal(IpamPools![0]!.SourceResource!.ResourceId, VpcId)
    const held = await take({ inside: VpcId, resourceType: 'subnet', cidr: Vpc!.CidrBlock!.replace('/24', '/26') })
    const CidrBlock = held.cidr
    await refuses(world.call('CreateSubnet', { VpcId, CidrBlock }, as), { code: 'CidrConflict' })
    const inside = await world.ask<Problem>('POST', '/pools', { body: { sourceAllocationId: held.allocationId } })
    assert.equal(inside.body.code, 'NotSupported')
    const Ipv4IpamPoolId = plan.poolId
    const { Subnet } = await world.call('CreateSubnet', { VpcId, Ipv4IpamPoolId, Ipv4NetmaskLength: 27 }, as)
    const { items: subnets } = await world.get<{ items: Allocation[] }>(`/allocations?resourceId=${Subnet!.SubnetId!}`)
    const of = await world.ask<Problem>('POST', '/pools', { body: { sourceAllocationId: subnets[0]!.allocationId } })
    assert.deepEqual([of.body.code, /gives out its addresses itself/.test(of.body.detail)], ['NotSupported', true])
  })

  test('I8 nobody divides, or takes inside of, what they may not see; and a pool is made by those who may', async () => {
    const outer = await vpc({ resourceId: 'vpc-hidden' })
    const manager = await world.tokenOf('user:lab-manager', 'resource-operator', lab)
    const own = await world.tokenOf('user:shop-manager', 'resource-operator', shop)
    const gone = `${outer.allocationId.slice(0, -3)}fff`
    const told = new Set<string>()
    for (const id of [outer.allocationId, gone]) {
      const { status, body } = await world.ask<Problem>('POST', '/pools', {
        body: { sourceAllocationId: id },
        as: manager,
      })
      told.add(`${status} ${body.detail.replaceAll(id, '')}`)
    }
    assert.equal(told.size, 1, [...told].join())
    const named = new Set<string>()
    for (const inside of [outer.allocationId, gone, 'vpc-hidden', 'vpc-absent']) {
      const body = { ...common, account: lab, inside, resourceType: 'subnet', netmaskLength: 24 }
      const answer = await world.ask<Problem>('POST', '/allocations', { body, as: manager })
      named.add(`${answer.status} ${answer.body.detail.replaceAll(inside, '')}`)
    }
    assert.equal(named.size, 1, [...named].join())
    const body = { ...common, inside: 'vpc-hidden', resourceType: 'subnet', netmaskLength: 24 }
    const without = await world.ask<Problem>('POST', '/allocations', { body, as: own })
    assert.match(
      without.body.detail,
      new RegExp(`No pool divides it; whoever manages IPAM at \`${network}\` can make one`),
    )
    await divide(outer.allocationId)
    const { status } = await world.ask('POST', '/allocations', { body, as: own })
    assert.equal(status, 201)
  })
})

test('public networks are divided, too: their hosts are had once in the installation', async () => {
  const locale = 'onprem:basel'
  const poolId = await pool('public', '192.0.2.0/24', { locale })
  const params = { locale, scopeType: 'public' }
  const site = await take({ ...params, resourceType: 'onprem:network', netmaskLength: 28, poolId })
  const host = await take({ ...params, inside: site.allocationId, resourceType: 'onprem:host' })
  assert.equal(host.cidr, '192.0.2.14/32')
  const again = { ...params, resourceType: 'onprem:host', cidr: '192.0.2.14', poolId }
  assert.equal((await refused(again)).code, 'CidrConflict')
})

test('IPv6 networks are divided likewise', async () => {
  const poolId = await pool('private', 'fd12:3456::/32', { locale: 'us-east-1' })
  const outer = await take({ resourceType: 'vpc', netmaskLength: 56, poolId })
  const subnet = await take({ inside: outer.allocationId, resourceType: 'subnet', netmaskLength: 64 })
  const host = await take({ inside: subnet.allocationId, resourceType: 'aws:network-interface' })
  assert.equal(host.cidr, 'fd12:3456::ffff:ffff:ffff:fffe/128')
  const last = `${subnet.cidr.replace('::/64', '')}:0:0:ffff:ffff:ffff:ffff`
  const named = { inside: subnet.allocationId, resourceType: 'aws:network-interface', cidr: last }
  assert.equal((await refused(named)).code, 'CidrConflict')
})

test('I8 blocks of others under one id keep nobody from space inside of their own network', async () => {
  const resourceId = 'vpc-0shared'
  const common4 = { locale: 'us-east-1', scopeType: 'private', poolId: top, resourceType: 'custom', netmaskLength: 28 }
  for (let batch = 0; batch < 2; batch++) {
    const allocations = Array.from({ length: 60 }, () => ({ ...common4, account: lab, resourceId }))
    assert.equal((await world.ask('POST', '/allocations/batch', { body: { allocations } })).status, 201)
  }
  const own = await take({ resourceType: 'vpc', resourceId, netmaskLength: 24, poolId: top })
  const inner = await divide(own.allocationId)
  for (const as of [await world.tokenOf('user:of-shop', 'resource-operator', shop), undefined]) {
    const { status, body } = await world.ask<Allocation>('POST', '/allocations', {
      body: { account: shop, locale: 'us-east-1', resourceType: 'custom', inside: resourceId, netmaskLength: 28 },
      ...(as ? { as } : {}),
    })
    assert.deepEqual([status, body.poolId], [201, inner.poolId], JSON.stringify(body))
  }
})

test('a name that is given with a hold is told apart like others', async () => {
  const host = { resourceType: 'custom', netmaskLength: 28, poolId: top }
  const hold = { hold: { expiresInSeconds: 600 } }
  await take({ ...host, name: 'named' })
  assert.equal((await refused({ ...host, ...hold, name: 'named' })).code, 'AlreadyExists')
  const [one, other] = [await take({ ...host, ...hold, name: 'held' }), await take({ ...host, ...hold, name: 'held' })]
  const confirm = ({ allocationId }: Allocation) =>
    world.ask<Problem>('POST', `/allocations/${allocationId}/confirm`, { body: {} })
  assert.equal((await confirm(one)).status, 200)
  assert.deepEqual([(await confirm(other)).body.code], ['AlreadyExists'])
  await world.ask('PATCH', `/allocations/${other.allocationId}`, { body: { name: 'held too' } })
  assert.equal((await confirm(other)).status, 200)
})

test('a VPC that the EC2 API made is divided once', async () => {
  const { Vpc } = await world.call('CreateVpc', { Ipv4IpamPoolId: top, Ipv4NetmaskLength: 24 }, { account: network })
  const { items } = await world.get<{ items: Allocation[] }>(`/allocations?resourceId=${Vpc!.VpcId}`)
  const first = await divide(items[0]!.allocationId)
  const again = await world.ask<Problem>('POST', '/pools', { body: { sourceAllocationId: items[0]!.allocationId } })
  assert.deepEqual([again.status, again.body.field], [400, 'sourceAllocationId'])
  assert.match(again.body.detail, new RegExp(`${first.poolId}.* divides it already`))
})
