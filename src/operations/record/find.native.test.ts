// Where an address is, and what goes by a name: in every scope, from the top-level pool to whoever has it, and for each only what is theirs.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Acme, asNetwork, lab, network, openAcme, prod, shop } from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { nativeOperations } from '../table.native.ts'
import { shownBy } from './find.native.ts'
import { foundKinds } from './find-objects.ts'

interface Step {
  readonly kind: string
  readonly id?: string
  readonly cidr?: string
  readonly name?: string
  readonly account?: string
  readonly resourceType?: string
  readonly resourceId?: string
  readonly until?: string
}
interface Place {
  readonly space: string
  readonly scopeId?: string
  readonly state?: string
  readonly chain: readonly Step[]
  readonly policy?: {
    readonly assignments: readonly { policyId: string; target: string; mode: string; part: string }[]
  }
  readonly inside: readonly Step[]
  readonly hasMoreInside: boolean
  readonly before: readonly Step[]
}
interface Match {
  readonly kind: string
  readonly id: string
  readonly name?: string
  readonly cidr?: string
  readonly path: string
  readonly isGone?: true
}
interface Found {
  readonly places: readonly Place[]
  readonly hasMorePlaces: boolean
  readonly objects: readonly { readonly kind: string; readonly items: readonly Match[]; readonly hasMore: boolean }[]
  readonly hasMoreObjects: boolean
}

let acme: Acme & Native
let second: string
let top: string
let middle: string
let hosts: string
let other: string
let VpcId: string
let SubnetId: string
let policy: string
let auditorOfShop: string
let auditorOfLab: string
const hour = 3_600_000

const find = (q: string, as?: string): Promise<Found> =>
  acme.get(`/find?q=${encodeURIComponent(q)}`, as === undefined ? {} : { as })
/** Each step as kind, CIDR, and whose. */
const chainOf = ({ chain }: Place) => chain.map(({ kind, cidr, account }) => [kind, cidr, account])
const inScope = ({ places }: Found, scope: string): Place => {
  const found = places.find(({ scopeId }) => scopeId === scope)
  assert(found, `a place in ${scope}`)
  return found
}
const ids = ({ objects }: Found) => objects.flatMap(({ items }) => items.map(({ kind, id }) => [kind, id]))

const makePool = async (params: object, ...cidrs: readonly string[]): Promise<string> => {
  const base = { scopeId: acme.privateScope, family: 'ipv4', locale: 'us-east-1', quarantineSeconds: 60 }
  const { poolId } = await acme.post<{ poolId: string }>('/pools', { ...base, ...params })
  for (const cidr of cidrs) await acme.post(`/pools/${poolId}/cidrs`, { cidr })
  return poolId
}
const allocate = (params: object) => acme.post<{ allocationId: string; cidr: string }>('/allocations', params)

before(async () => {
  acme = await withNativeApi(await openAcme())
  second = (await acme.post<{ scopeId: string }>('/scopes', { ipamId: acme.ipam, description: 'lab nets' })).scopeId
  top = await makePool({ locale: undefined, description: 'company' }, '10.0.0.0/8')
  middle = await makePool({ parentPoolId: top, description: 'prod' }, '10.1.0.0/16')
  hosts = await makePool({ parentPoolId: top, sharedWith: [shop, lab] }, '10.2.0.0/16')
  other = await makePool({ scopeId: second, sharedWith: [lab], quarantineSeconds: 0 }, '10.0.0.0/8')
  const { Vpc } = await acme.call('CreateVpc', { Ipv4IpamPoolId: middle, Ipv4NetmaskLength: 20 }, asNetwork)
  VpcId = Vpc!.VpcId!
  const { Subnet } = await acme.call('CreateSubnet', { VpcId, CidrBlock: '10.1.2.0/24' }, asNetwork)
  SubnetId = Subnet!.SubnetId!
  policy = await acme.policy({ Name: 'hosts' })
  await acme.rules(policy, [hosts], { type: 'onprem:host' })
  await acme.enable(policy, prod)
  auditorOfShop = await acme.tokenOf('user:shop-auditor', 'auditor', shop)
  auditorOfLab = await acme.tokenOf('user:lab-auditor', 'auditor', lab)
})
after(() => acme.close())

test('an address is told in each scope that has it: pools from the top, the VPC and the subnet that hold it', async () => {
  const found = await find('10.1.2.3')
  assert.equal(found.hasMorePlaces, false)
  assert.deepEqual(
    found.places.map(({ space, scopeId, state }) => [space, scopeId, state]).sort(),
    [
      ['private', acme.privateScope, 'allocated'],
      ['private', second, 'free'],
    ].sort(),
  )
  const first = inScope(found, acme.privateScope)
  assert.deepEqual(chainOf(first), [
    ['pool', '10.0.0.0/8', network],
    ['pool', '10.1.0.0/16', network],
    ['allocation', '10.1.0.0/20', network],
    ['subnet', '10.1.2.0/24', network],
  ])
  assert.deepEqual(
    first.chain.map(({ id, resourceId }) => resourceId ?? id),
    [top, middle, VpcId, SubnetId],
  )
  assert.deepEqual(chainOf(inScope(found, second)), [['pool', '10.0.0.0/8', network]])
})

test('what plans a VPC stands behind it', async () => {
  const { Vpc } = await acme.call('CreateVpc', { Ipv4IpamPoolId: middle, CidrBlock: '10.1.128.0/24' }, asNetwork)
  const VpcId = Vpc!.VpcId!
  const { IpamPool } = await acme.call(
    'CreateIpamPool',
    {
      IpamScopeId: acme.privateScope,
      AddressFamily: 'ipv4',
      Locale: 'us-east-1',
      SourceResource: { ResourceId: VpcId, ResourceType: 'vpc', ResourceRegion: 'us-east-1', ResourceOwner: network },
    },
    asNetwork,
  )
  const IpamPoolId = IpamPool!.IpamPoolId!
  await acme.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr: '10.1.128.0/24' }, asNetwork)
  await acme.call('CreateSubnet', { VpcId, Ipv4IpamPoolId: IpamPoolId, Ipv4NetmaskLength: 28 }, asNetwork)
  const found = await find('10.1.128.1')
  assert.equal(found.places.length, 2)
  assert.deepEqual(
    inScope(found, acme.privateScope).chain.map(({ kind, cidr, resourceType }) => [kind, cidr, resourceType]),
    [
      ['pool', '10.0.0.0/8', undefined],
      ['pool', '10.1.0.0/16', undefined],
      ['allocation', '10.1.128.0/24', 'vpc'],
      ['pool', '10.1.128.0/24', undefined],
      ['allocation', '10.1.128.0/28', 'subnet'],
    ],
  )
})

test('a host is told with its subnet and that one’s network, each with the pool that divides it; and so does its history', async () => {
  const space = await makePool({ parentPoolId: top, sharedWith: [shop] }, '10.8.0.0/16')
  const common = { account: shop, locale: 'us-east-1', scopeType: 'private' }
  const vpc = await allocate({ ...common, resourceType: 'vpc', resourceId: 'vpc-0f', netmaskLength: 20, poolId: space })
  const subnet = await allocate({
    ...common,
    resourceType: 'subnet',
    resourceId: 'subnet-0f',
    netmaskLength: 24,
    inside: 'vpc-0f',
  })
  const host = await allocate({
    ...common,
    resourceType: 'aws:network-interface',
    resourceId: 'eni-0f',
    inside: 'subnet-0f',
  })
  const found = inScope(await find(host.cidr.split('/')[0]!), acme.privateScope)
  assert.deepEqual(
    found.chain.map(({ kind, cidr, resourceId }) => [kind, cidr, resourceId]),
    [
      ['pool', '10.0.0.0/8', undefined],
      ['pool', '10.8.0.0/16', undefined],
      ['allocation', vpc.cidr, 'vpc-0f'],
      ['pool', vpc.cidr, undefined],
      ['allocation', subnet.cidr, 'subnet-0f'],
      ['pool', subnet.cidr, undefined],
      ['allocation', host.cidr.split('/')[0], 'eni-0f'],
    ],
  )
  assert.equal(found.state, 'allocated')
  const stateOf = async (q: string) => inScope(await find(q), acme.privateScope).state
  const at = (octet: number) => subnet.cidr.replace('0/24', String(octet))
  assert.deepEqual(
    [await stateOf(at(1)), await stateOf(at(99)), await stateOf(subnet.cidr), await stateOf(vpc.cidr)],
    ['reserved', 'free', 'partly-used', 'partly-used'],
  )
  // The scope is not theirs to see.
  const [blind] = (await find(at(254), auditorOfShop)).places
  assert.deepEqual(
    blind!.chain.filter(({ kind }) => kind === 'allocation').map(({ resourceId }) => resourceId),
    ['vpc-0f', 'subnet-0f', 'eni-0f'],
  )
  const path = `/history/addresses?cidr=${at(254)}&scopeId=${acme.privateScope}`
  const { items } = await acme.get<{ items: { resourceId?: string; resourceType: string }[] }>(path)
  const known = items.filter(({ resourceType }) => resourceType !== 'ipam-pool').map(({ resourceId }) => resourceId)
  assert.deepEqual(new Set(known), new Set(['vpc-0f', 'subnet-0f', 'eni-0f']))
})

test('a VPC that brought its block is found by it, and its subnet', async () => {
  const { Vpc } = await acme.call('CreateVpc', { CidrBlock: '172.16.0.0/16' }, { account: shop })
  const { Subnet } = await acme.call(
    'CreateSubnet',
    { VpcId: Vpc!.VpcId!, CidrBlock: '172.16.3.0/24' },
    { account: shop },
  )
  const [place] = (await find('172.16.3.9', auditorOfShop)).places
  assert.equal(place!.space, 'network')
  assert.deepEqual(
    place!.chain.map(({ kind, id }) => [kind, id]),
    [
      ['vpc', Vpc!.VpcId!],
      ['subnet', Subnet!.SubnetId!],
    ],
  )
  assert.deepEqual((await find('172.16.3.9', auditorOfLab)).places, [])
})

test('who had it before, newest first; that it rests, and until when; what policy speaks for whoever has it now', async () => {
  const host = { account: shop, resourceType: 'onprem:host', locale: 'us-east-1', poolId: hosts, cidr: '10.2.0.7/32' }
  for (const name of ['first', 'second']) {
    const { allocationId } = await allocate({ ...host, resourceId: name })
    acme.advance(hour)
    await acme.ask('DELETE', `/allocations/${allocationId}`)
    const resting = inScope(await find('10.2.0.7'), acme.privateScope)
    assert.equal(resting.state, 'quarantined')
    assert.deepEqual(chainOf(resting).at(-1), ['quarantine', '10.2.0.7', shop])
    acme.advance(hour)
    assert.equal(inScope(await find('10.2.0.7'), acme.privateScope).state, 'free', 'swept or not')
  }
  await allocate({ ...host, resourceId: 'third', tags: { Name: 'web' } })
  const place = inScope(await find('10.2.0.7'), acme.privateScope)
  assert.deepEqual(
    place.before.map(({ resourceId, until }) => [resourceId, until !== undefined]),
    [
      ['second', true],
      ['first', true],
    ],
  )
  const holder = place.chain.at(-1)!
  assert.deepEqual([holder.resourceId, holder.name, holder.account], ['third', 'web', shop])
  assert.deepEqual(
    place.policy?.assignments.map(({ policyId, target, mode, part }) => [policyId, target, mode, part]),
    [[policy, prod, 'enforce', 'order']],
  )
  // The same address in the other scope has a history of its own.
  const { allocationId } = await allocate({ ...host, account: lab, poolId: other, resourceId: 'elsewhere' })
  await acme.ask('DELETE', `/allocations/${allocationId}`)
  const found = await find('10.2.0.7')
  assert.deepEqual(
    inScope(found, second).before.map(({ resourceId }) => resourceId),
    ['elsewhere'],
  )
  assert.equal(inScope(found, acme.privateScope).before.length, 2)
})

test('what is held is told with its end, and not once it has lapsed', async () => {
  const hold = { account: lab, resourceType: 'onprem:host', locale: 'us-east-1', poolId: other, cidr: '10.5.0.1/32' }
  await allocate({ ...hold, hold: { expiresInSeconds: 60 } })
  const held = inScope(await find('10.5.0.1'), second)
  assert.deepEqual([held.state, held.chain.at(-1)!.kind], ['held', 'hold'])
  acme.advance(hour)
  const lapsed = inScope(await find('10.5.0.1'), second)
  assert.equal(lapsed.chain.at(-1)!.kind, 'pool')
  assert.equal(lapsed.before.length, 0, 'what lapsed and was not swept is told by its history')
})

test('a range is told with what lies in it, in address order, and so many at most', async () => {
  for (let n = 1; n <= 25; n++) {
    await allocate({
      account: shop,
      resourceType: 'onprem:host',
      locale: 'us-east-1',
      poolId: hosts,
      cidr: `10.2.9.${n}/32`,
      resourceId: `many-${n}`,
    })
  }
  const place = inScope(await find('10.2.9.0/24'), acme.privateScope)
  assert.equal(place.state, 'partly-used')
  assert.deepEqual(chainOf(place), [
    ['pool', '10.0.0.0/8', network],
    ['pool', '10.2.0.0/16', network],
  ])
  assert.equal(place.inside.length, 20)
  assert.equal(place.hasMoreInside, true)
  assert.deepEqual(
    place.inside.slice(0, 3).map(({ cidr }) => cidr),
    ['10.2.9.1', '10.2.9.2', '10.2.9.3'],
  )
  const few = inScope(await find('10.2.9.0/29'), acme.privateScope)
  assert.deepEqual([few.inside.length, few.hasMoreInside], [7, false])
  const pools = inScope(await find('10.0.0.0/8'), acme.privateScope)
  assert(pools.inside.some(({ kind, id }) => kind === 'pool' && id === middle))
  assert(pools.inside.some(({ kind, id }) => kind === 'pool' && id === hosts))
})

test('I8 who may see one account alone is told of its space and its history, and of nobody else’s', async () => {
  const found = await find('10.2.0.7', auditorOfShop)
  assert.deepEqual(
    found.places.map(({ space, scopeId, state }) => [space, scopeId, state]),
    [['private', undefined, 'allocated']],
  )
  const [place] = found.places
  assert.deepEqual(
    place!.chain.map(({ kind, id, cidr }) => [kind, kind === 'pool' ? id : cidr, cidr]),
    [
      ['pool', hosts, undefined],
      ['allocation', '10.2.0.7', '10.2.0.7'],
    ],
  )
  assert.equal(place!.before.length, 2)
  const text = JSON.stringify(found)
  for (const secret of [network, lab, top, second, other, 'elsewhere']) assert(!text.includes(secret), secret)

  // In the range, only their own; where nothing is theirs, the same as where nothing is.
  const ofLab = await find('10.2.9.0/24', auditorOfLab)
  const nothing = await find('10.77.0.0/24', auditorOfLab)
  assert.deepEqual(ofLab.places, nothing.places)
  assert.deepEqual(ofLab.places, [])
  const lately = await find('10.2.0.7', auditorOfLab)
  assert.deepEqual(
    lately.places.map(({ before, chain }) => [before.map(({ resourceId }) => resourceId), chain.length]),
    [[['elsewhere'], 0]],
  )
})

test('I8 the owner of a pool who may not see who has its space is told that it is not free', async () => {
  const planner = await acme.tokenOf('user:planner', 'auditor', network)
  const place = inScope(await find('10.2.0.7', planner), acme.privateScope)
  assert.deepEqual([place.state, chainOf(place).length], ['other', 2])
  assert(!JSON.stringify(place).includes(shop))
})

test('public space and the space of the provider are told, too', async () => {
  const pool = await acme.pool({ cidr: '203.0.113.0/28' })
  const { PublicIp, AllocationId } = await acme.call('AllocateAddress', { IpamPoolId: pool }, asNetwork)
  const [own] = (await find(PublicIp!)).places
  assert.deepEqual([own!.space, own!.state, own!.chain.at(-1)!.resourceId], ['public', 'allocated', AllocationId])
  const { PublicIp: provided } = await acme.call('AllocateAddress', {}, { account: shop })
  const [place] = (await find(provided!, auditorOfShop)).places
  assert.deepEqual([place!.space, place!.state], ['provider', 'allocated'])
  assert.equal((await find(provided!, auditorOfLab)).places[0]!.state, undefined, 'not theirs to see')
  const ipv6 = await acme.pool({ family: 'ipv6', cidr: '2a00:1234::/48' })
  assert.deepEqual(
    (await find('2a00:1234::1')).places[0]!.chain.map(({ id }) => id),
    [ipv6],
  )
})

test('an id of any kind is found, in its short form too, by whoever may read such a thing there', async () => {
  const { items } = await acme.get<{ items: { allocationId: string; decisionId: string }[] }>(
    '/allocations?resourceId=third',
  )
  const { allocationId, decisionId } = items[0]!
  for (const [kind, id] of [
    ['ipam', acme.ipam],
    ['ipam-scope', second],
    ['ipam-pool', hosts],
    ['ipam-policy', policy],
    ['ipam-pool-allocation', allocationId],
    ['decision', decisionId],
    ['subnet', SubnetId],
    ['account', shop],
    ['organizational-unit', prod],
  ] as const) {
    assert.deepEqual(ids(await find(id)), [[kind, id]], id)
  }
  // With what it was given, of which the block is told.
  assert.deepEqual(
    (await find(VpcId)).objects.map(({ kind, items }) => [kind, items.map(({ cidr }) => cidr)]),
    [
      ['ipam-pool-allocation', ['10.1.0.0/20']],
      ['vpc', [undefined]],
    ],
  )
  const short = `ipam-pool-${Number.parseInt(hosts.slice(-12), 16).toString(16)}`
  assert.deepEqual(ids(await find(short)), [['ipam-pool', hosts]])
  for (const id of [acme.ipam, hosts, policy, VpcId, network, prod])
    assert.deepEqual(ids(await find(id, auditorOfShop)), [], id)
  assert.deepEqual(ids(await find(allocationId, auditorOfShop)), [['ipam-pool-allocation', allocationId]])
  assert.deepEqual(ids(await find(allocationId, auditorOfLab)), [])
})

test('each is shown by the path and the command that it says', async () => {
  const known = new Map(nativeOperations.map(({ cli, rest }) => [cli, rest]))
  for (const [path, words] of foundKinds.map(shownBy)) {
    const { method, path: template } = known.get(words)!
    assert.deepEqual([method, template.replace(/\{\w+\}/, '{id}')], ['GET', path])
  }
  for (const q of [hosts, VpcId, shop, prod, 'third', 'web']) {
    for (const { items } of (await find(q)).objects) for (const { path } of items) await acme.get(path)
  }
})

test('a resource elsewhere, a name and a tag are found, each kind in a group of its own', async () => {
  const [byHost] = (await find('third', auditorOfShop)).objects
  assert.deepEqual([byHost!.kind, byHost!.items[0]!.cidr], ['ipam-pool-allocation', '10.2.0.7'])
  assert.deepEqual(ids(await find('web')), ids(await find('third')))
  assert.deepEqual(ids(await find('Name=web')), ids(await find('third')))
  assert.deepEqual(ids(await find('hosts')), [['ipam-policy', policy]])
  assert.deepEqual((await find('hosts', auditorOfShop)).objects, [])
  assert.deepEqual((await find('third', auditorOfLab)).objects, [])
  const { places, objects } = await find('nothing like it')
  assert.deepEqual([places, objects], [[], []])

  const host = { resourceType: 'onprem:host', locale: 'us-east-1', poolId: hosts, tags: { env: 'test' } }
  for (let n = 1; n <= 22; n++) await allocate({ ...host, account: shop, cidr: `10.2.10.${n}/32` })
  await allocate({ ...host, account: lab, cidr: '10.2.11.1/32' })
  const [all] = (await find('env=test')).objects
  assert.deepEqual([all!.items.length, all!.hasMore], [20, true])
  const [ofLab] = (await find('env=test', auditorOfLab)).objects
  assert.deepEqual([ofLab!.items.map(({ cidr }) => cidr), ofLab!.hasMore], [['10.2.11.1'], false])
})

test('an account and a unit are found by their names', async () => {
  const { name } = await acme.get<{ name: string }>(`/accounts/${shop}`)
  assert(ids(await find(name)).some(([kind, id]) => kind === 'account' && id === shop))
  assert.deepEqual(ids(await find(name, auditorOfLab)), [])
  assert(ids(await find('prodprod')).some(([kind, id]) => kind === 'organizational-unit' && id === prod))
})

test('what is gone is found by its id, by whoever may read its history', async () => {
  const gone = await makePool({ scopeId: second, locale: undefined })
  await acme.ask('DELETE', `/pools/${gone}`)
  const [group] = (await find(gone)).objects
  assert.deepEqual([group!.items[0]!.isGone, group!.items[0]!.path], [true, `/history/objects/${gone}`])
  assert.deepEqual((await find(gone, auditorOfShop)).objects, [])
})

test('I8 where more goes by a name than is looked at, the answer says so; what others alone may see is not counted', async () => {
  const wide = await acme.tokenOf('user:wide', 'auditor', '*')
  await acme.post('/role-bindings', { principal: 'user:wide', role: 'auditor', node: lab, effect: 'forbid' })
  const told = async (q: string, as: string) => {
    const { objects, hasMoreObjects } = await find(q, as)
    return [objects.length, hasMoreObjects]
  }
  const addTwins = (from: number, to: number) =>
    acme.store.write(async (tx) => {
      for (let n = from; n < to; n++)
        await tx.tags.put({ id: `twin-${n}`, type: 'elastic-ip', account: lab }, [{ key: 'Name', value: 'twin' }])
    })
  await addTwins(0, 499)
  assert.deepEqual(await told('twin', wide), [0, false])
  await addTwins(499, 500)
  assert.deepEqual(await told('twin', wide), [0, true])
  assert.deepEqual(await told('Name=twin', wide), [0, true])
  assert.deepEqual(await told('twin', auditorOfShop), [0, false])

  await acme.store.write(async ({ organizations, now }) => {
    for (let n = 0; n < 500; n++) {
      const id = String(700_000_000_000 + n)
      const joined = { status: 'ACTIVE', joinedMethod: 'INVITED', joinedAt: now } as const
      await organizations.insertAccount({ id, name: 'many', email: `${id}@example.com`, ...joined })
    }
  })
  const { objects, hasMoreObjects } = await find('many')
  assert.deepEqual([objects[0]!.items.length, objects[0]!.hasMore, hasMoreObjects], [20, true, true])
  assert.deepEqual(await told('many', auditorOfShop), [0, false])
})
