// The time machine and the record: who held what when, why and for whom, and that nobody sees what is not theirs to see.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createAuthenticator } from '#api/rest/session.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { type Organization, withOrganization } from '../../../test/organization.ts'
import { managementAccount } from '../../../test/world.ts'
import { boundTo } from '../page-cursors.ts'

let other: string
let world: NativeWorld & Organization
let pool: string
let container: string
let start: number

interface Tenure {
  cidr: string
  poolId: string
  account: string
  resourceType: string
  resourceId?: string
  heldFrom: string
  heldUntil?: string
  decisionId?: string
  requestedBy?: { principal: string }
}
interface Page<Item> {
  items: Item[]
  nextCursor?: string
}
const hour = 3_600_000
const instantOf = (hours: number): string => new Date(start + hours * hour).toISOString()

before(async () => {
  world = await withOrganization(await openNativeWorld())
  other = await world.account('other')
  const { Ipam } = await world.call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] })
  const { IpamPool } = await world.call('CreateIpamPool', {
    IpamScopeId: Ipam!.PrivateDefaultScopeId!,
    AddressFamily: 'ipv4',
    Locale: 'us-east-1',
    AllocationDefaultNetmaskLength: 28,
  })
  pool = IpamPool!.IpamPoolId!
  await world.call('ProvisionIpamPoolCidr', { IpamPoolId: pool, Cidr: '10.0.0.0/16' })
  container = '10.0.0.0/16'
  start = Date.parse(
    (
      await world
        .get<{ at: string }>('/changes?limit=1')
        .then((page) => (page as never as Page<{ at: string }>).items[0]!)
    ).at,
  )
})
after(() => world.close())

test('who had an address then: the holder of each time, and nobody in between', async () => {
  const take = (Cidr: string) => world.call('AllocateIpamPoolCidr', { IpamPoolId: pool, Cidr, Description: Cidr })
  const giveBack = (IpamPoolAllocationId: string, Cidr: string) =>
    world.call('ReleaseIpamPoolAllocation', { IpamPoolId: pool, IpamPoolAllocationId, Cidr })
  world.advance(hour)
  const first = await take('10.0.1.0/24')
  world.advance(hour)
  await giveBack(first.IpamPoolAllocation!.IpamPoolAllocationId!, '10.0.1.0/24')
  world.advance(hour)
  await take('10.0.1.16/28')
  await take('10.0.1.32/28')
  const at = async (address: string, hours: number): Promise<string[]> => {
    const { items } = await world.get<Page<Tenure>>(`/history/addresses?cidr=${address}&at=${instantOf(hours)}`)
    return items.map(({ cidr }) => cidr)
  }
  assert.deepEqual(await at('10.0.1.17', 0.5), [])
  assert.deepEqual(await at('10.0.1.17', 1.5), ['10.0.1.0/24'])
  assert.deepEqual(await at('10.0.1.17', 2.5), [])
  assert.deepEqual(await at('10.0.1.17', 3.5), ['10.0.1.16/28'])
  assert.deepEqual(await at('10.0.1.0/24', 3.5), ['10.0.1.16/28', '10.0.1.32/28'])
  assert.deepEqual(await at('10.0.0.0/8', 1.5), ['10.0.1.0/24'])

  const { items } = await world.get<Page<Tenure>>('/history/addresses?cidr=10.0.1.17')
  assert.deepEqual(
    items.map(({ cidr, heldUntil }) => [cidr, heldUntil !== undefined]),
    [
      ['10.0.1.16/28', false],
      ['10.0.1.0/24', true],
    ],
  )
  const [, released] = items
  assert.equal(released!.resourceId, undefined)
  assert.equal(released!.account, managementAccount)
  assert(released!.decisionId?.startsWith('decision-'))
  assert.match(released!.requestedBy!.principal, /^arn:aws:iam::/)
})

test('between two moments: whatever was held at any time between them, and not what ended before or began at the end', async () => {
  const between = async (from: number, until: number): Promise<string[]> => {
    const query = `cidr=10.0.1.0/27&from=${instantOf(from)}&until=${instantOf(until)}`
    return (await world.get<Page<Tenure>>(`/history/addresses?${query}`)).items.map(({ cidr }) => cidr)
  }
  assert.deepEqual(await between(0, 1), [])
  assert.deepEqual(await between(1.9, 2.1), ['10.0.1.0/24'])
  assert.deepEqual(await between(2.2, 2.9), [])
  assert.deepEqual(await between(1.5, 3.5), ['10.0.1.0/24', '10.0.1.16/28'])
})

test('an address is found through every page, in order and once', async () => {
  for (let n = 0; n < 7; n++) {
    const { IpamPoolAllocation } = await world.call('AllocateIpamPoolCidr', { IpamPoolId: pool, Cidr: '10.0.9.0/28' })
    world.advance(1_000)
    await world.call('ReleaseIpamPoolAllocation', {
      IpamPoolId: pool,
      Cidr: '10.0.9.0/28',
      IpamPoolAllocationId: IpamPoolAllocation!.IpamPoolAllocationId!,
    })
  }
  for (const path of ['/history/addresses?cidr=10.0.9.3', `/history/accounts/${managementAccount}?`]) {
    const whole = await world.get<Page<Tenure>>(`${path}&limit=1000`)
    const pieces: Tenure[] = []
    let cursor = ''
    do {
      const page = await world.get<Page<Tenure>>(`${path}&limit=2${cursor && `&cursor=${cursor}`}`)
      pieces.push(...page.items)
      cursor = page.nextCursor ?? ''
    } while (cursor)
    assert.deepEqual(pieces, whole.items)
    assert(whole.items.length >= 7)
  }
})

test('what a resource held is found by its id, also after it was given back', async () => {
  const { AllocationId, PublicIp } = await world.call('AllocateAddress', {})
  const path = `/history/resources/${AllocationId}`
  assert.equal((await world.get<Page<Tenure>>(path)).items[0]!.cidr, `${PublicIp}/32`)
  await world.call('ReleaseAddress', { AllocationId })
  const [gone] = (await world.get<Page<Tenure>>(path)).items
  assert.equal(gone!.cidr, `${PublicIp}/32`)
  assert(gone!.heldUntil)
  assert.equal(gone!.resourceId, AllocationId)
})

interface State {
  version: number
  from: string
  until?: string
  principal?: string
  action?: string
  changeId?: string
  decisionId?: string
  state: { description?: string }
}

test('an object is shown as it was at a moment', async () => {
  const before = new Date(start + 3.2 * hour).toISOString()
  world.advance(hour)
  await world.call('ModifyIpamPool', { IpamPoolId: pool, Description: 'renamed' })
  const at = (moment: string) =>
    world.get<Page<{ state: { description?: string } }>>(`/history/objects/${pool}?at=${moment}`)
  assert.equal((await at(before)).items[0]!.state.description, undefined)
  const all = await world.get<Page<State>>(`/history/objects/${pool}`)
  assert.equal(all.items[0]!.state.description, 'renamed')
  assert.equal(all.items[0]!.until, undefined)
  assert.equal((await world.ask('GET', '/history/objects/ipam-pool-0')).status, 404)
})

test('I8 whoever may not see an account sees nothing that it held, decided or did', async () => {
  const as = await world.tokenOf('user:elsewhere', 'auditor', other)
  const { items } = await world.get<Page<Tenure>>(`/history/addresses?cidr=${container}`, { as })
  assert.deepEqual(items, [])
  assert.equal((await world.ask('GET', `/history/accounts/${managementAccount}`, { as })).status, 404)
  assert.equal((await world.ask('GET', '/history/accounts/999999999999', { as })).status, 404)
  assert.deepEqual((await world.get<Page<unknown>>('/decisions', { as })).items, [])
  const [decision] = (await world.get<Page<{ decisionId: string }>>('/decisions?limit=1')).items
  const hidden = await world.ask('GET', `/decisions/${decision!.decisionId}`, { as })
  const absent = await world.ask('GET', '/decisions/decision-00000000000000000', { as })
  assert.deepEqual([hidden.status, absent.status], [404, 404])
})

test('decisions are listed newest first by every filter, and shown with their trace', async () => {
  const page = await world.get<Page<{ decisionId: string; at: string; resourceType: string }>>('/decisions?limit=5')
  const numbers = page.items.map(({ decisionId }) => decisionId)
  assert.deepEqual(numbers, numbers.toSorted().reverse())
  const filters = [
    'resourceType=eip',
    'outcome=allow',
    `account=${managementAccount}`,
    `poolId=${pool}`,
    'locale=us-east-1',
  ]
  for (const filter of filters) {
    const { items } = await world.get<Page<Record<string, string>>>(`/decisions?${filter}`)
    const [name, value] = filter.split('=') as [string, string]
    assert(items.length > 0, filter)
    for (const item of items) assert.equal(item[name], value)
  }
  const none = await world.get<Page<unknown>>(`/decisions?until=${instantOf(-1)}`)
  assert.deepEqual(none.items, [])
  const shown = await world.get<{ trace: unknown[]; requestedBy: { action: string } }>(
    `/decisions/${page.items[0]!.decisionId}`,
  )
  assert(shown.trace.length > 0)
  assert.equal(shown.requestedBy.action, 'AllocateAddress')
})

test('decisions between two moments are those, through every page', async () => {
  const query = `from=${instantOf(0.5)}&until=${instantOf(3.5)}`
  const whole = await world.get<Page<{ decisionId: string }>>(`/decisions?${query}`)
  // Three by hand, seven of the pages, one Elastic IP.
  assert.equal(whole.items.length, 11)
  const seen: unknown[] = []
  let cursor = ''
  do {
    const page = await world.get<Page<unknown>>(`/decisions?${query}&limit=1${cursor && `&cursor=${cursor}`}`)
    seen.push(...page.items)
    cursor = page.nextCursor ?? ''
  } while (cursor)
  assert.deepEqual(seen, whole.items)
})

test('changes are read on from where one was', async () => {
  const { nextCursor } = await world.get<Page<unknown>>('/changes?latest=true')
  const later = () => world.get<Page<{ action: string; subjects: string[] }>>(`/changes?cursor=${nextCursor}`)
  assert.deepEqual((await later()).items, [])
  const { AllocationId } = await world.call('AllocateAddress', {})
  const { items } = await later()
  assert.deepEqual(
    items.map(({ action, subjects }) => [action, subjects]),
    [['AllocateAddress', [AllocationId]]],
  )
})

test('D3 states of an object, and changes of it, come in pages of so many bytes, however many are asked for', async () => {
  const { IpamPool } = await world.call('CreateIpamPool', {
    IpamScopeId: (await world.call('DescribeIpamScopes', {})).IpamScopes![0]!.IpamScopeId!,
    AddressFamily: 'ipv4',
  })
  const id = IpamPool!.IpamPoolId!
  const large = 'x'.repeat(500_000)
  const versions = 20
  // As large as security groups and policies can be.
  await world.store.write(async ({ history }) => {
    const first = (await history.latest(id))!
    for (let n = 2; n <= versions; n++) {
      const body = { ...history.bodyOf(first), description: `${large}${n}` }
      await history.changed({ id, kind: first.kind, account: first.account }, body)
    }
  })
  const seen: number[] = []
  let pages = 0
  for (let cursor = ''; ; pages++) {
    const page = await world.get<Page<{ version: number }>>(`/history/objects/${id}?limit=1000${cursor}`)
    assert.ok(JSON.stringify(page).length < 5_000_000)
    seen.push(...page.items.map(({ version }) => version))
    if (page.nextCursor === undefined) break
    cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`
  }
  assert.deepEqual(
    seen,
    Array.from({ length: versions }, (_, n) => versions - n),
  )
  assert.ok(pages >= 2, String(pages))
})

test('what is asked wrongly is named', async () => {
  const cases: [string, string, string][] = [
    ['/history/addresses?cidr=10.0.0.1/24', 'InvalidParameterValue', 'cidr'],
    ['/history/addresses', 'MissingParameter', 'cidr'],
    [`/history/addresses?cidr=10.0.0.1&at=yesterday`, 'InvalidParameterValue', 'at'],
    [`/history/addresses?cidr=10.0.0.1&from=${instantOf(2)}&until=${instantOf(1)}`, 'InvalidParameterValue', 'until'],
    ['/history/addresses?cidr=10.0.0.1&cursor=eHl6', 'InvalidPaginationToken', 'cursor'],
    ['/decisions?outcome=maybe', 'InvalidParameterValue', 'outcome'],
    ['/decisions/nonsense', 'MalformedId', ''],
  ]
  for (const [path, code, field] of cases) {
    const { status, body } = await world.ask('GET', path)
    assert.equal(status, 400, path)
    assert.equal(body.code, code, path)
    if (field) assert.equal(body.field, field)
  }
})

test('a range of IPv6 holds nothing of IPv4, which the database keeps among it', async () => {
  const { scopeId } = await world.get<{ scopeId: string }>(`/pools/${pool}`)
  const { poolId } = await world.post<{ poolId: string }>('/pools', { scopeId, family: 'ipv6' })
  await world.post(`/pools/${poolId}/cidrs`, { cidr: 'fd12:3456::/48' })
  const made: string[] = []
  for (const cidr of ['fd12:3456::/64', 'fd12:3456:0:1::/64']) {
    const params = { account: managementAccount, resourceType: 'custom', locale: 'us-east-1', poolId, cidr }
    made.push((await world.post<{ cidr: string }>('/allocations', params)).cidr)
  }
  const found = async (path: string, cidr: string): Promise<string[]> => {
    const seen: string[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const more: string = cursor && `&cursor=${cursor}`
      const page: Page<Tenure> = await world.get(`${path}=${cidr}&limit=1${more}`)
      seen.push(...page.items.map((item) => item.cidr))
      cursor = page.nextCursor
    }
    return seen
  }
  for (const path of ['/history/addresses?cidr', '/allocations?within']) {
    assert.deepEqual(await found(path, '::/0'), made, path)
    assert.deepEqual(await found(path, '::/64'), [], path)
    const mapped = await world.ask<{ code: string; detail: string }>('GET', `${path}=::ffff:10.0.0.0/104`)
    assert.deepEqual([mapped.status, mapped.body.code], [400, 'InvalidParameterValue'], path)
    assert.match(String(mapped.body.detail), /IPv4-mapped IPv6; the IPv4 block `10\.0\.0\.0\/8`/, path)
    assert((await found(path, '0.0.0.0/0')).length > 0, path)
  }
})

test('what ended says which pool it came from, also after the pool is gone', async () => {
  const Cidr = '10.0.77.0/24'
  const { IpamPool } = await world.call('CreateIpamPool', {
    IpamScopeId: (await world.call('DescribeIpamScopes', {})).IpamScopes!.find((s) => s.IpamScopeType === 'private')!
      .IpamScopeId!,
    AddressFamily: 'ipv4',
    SourceIpamPoolId: pool,
  })
  const IpamPoolId = IpamPool!.IpamPoolId!
  await world.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr })
  const { IpamPoolAllocation } = await world.call('AllocateIpamPoolCidr', { IpamPoolId, NetmaskLength: 28 })
  const allocation = {
    Cidr: IpamPoolAllocation!.Cidr!,
    IpamPoolAllocationId: IpamPoolAllocation!.IpamPoolAllocationId!,
  }
  const idsOf = async (): Promise<string[]> => {
    const { items } = await world.get<Page<Tenure>>(`/history/resources/${allocation.IpamPoolAllocationId}`)
    return items.map(({ poolId }) => poolId)
  }
  assert.deepEqual(await idsOf(), [IpamPoolId])
  await world.call('ReleaseIpamPoolAllocation', { IpamPoolId, ...allocation })
  await world.call('DeprovisionIpamPoolCidr', { IpamPoolId, Cidr })
  await world.call('DeleteIpamPool', { IpamPoolId })
  assert.deepEqual(await world.database.select(`select n from pool where id = '${IpamPoolId}'`), [])
  assert.deepEqual(await idsOf(), [IpamPoolId])
})

test('states of an object come newest first, through every page, with who made each so and by which change and decision', async () => {
  const { Vpc } = await world.call('CreateVpc', { Ipv4IpamPoolId: pool, Ipv4NetmaskLength: 28 })
  const id = Vpc!.VpcId!
  const path = `/history/objects/${id}`
  for (const on of [true, false, true]) {
    world.advance(hour)
    await world.call('ModifyVpcAttribute', { VpcId: id, EnableDnsHostnames: { Value: on } })
  }
  const { items } = await world.get<Page<State>>(path)
  assert.deepEqual(
    items.map(({ version, action }) => [version, action]),
    [
      [4, 'ModifyVpcAttribute'],
      [3, 'ModifyVpcAttribute'],
      [2, 'ModifyVpcAttribute'],
      [1, 'CreateVpc'],
    ],
  )
  assert.match(items[0]!.principal!, /^arn:aws:iam::/)
  const change = await world.get<{ subjects: string[]; decisionIds: string[] }>(`/changes/${items[3]!.changeId}`)
  assert(change.subjects.includes(id))
  assert.deepEqual(change.decisionIds, [items[3]!.decisionId])
  assert.equal(items[0]!.decisionId, undefined)

  const pieces: State[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: Page<State> = await world.get(`${path}?limit=3${cursor && `&cursor=${cursor}`}`)
    pieces.push(...page.items)
    cursor = page.nextCursor
  }
  assert.deepEqual(pieces, items)
  // A cursor from when lists began with the oldest state would go the wrong way.
  const token = await world.tokenOf('user:old', 'auditor', '*')
  const principal = await createAuthenticator(world.store)(`Bearer ${token}`)
  const old = await world.store.read(async (tx) =>
    tx.pageTokens.seal('2', boundTo({ caller: principal, tx }, 'getObjectHistory', { objectId: id }, [])),
  )
  const { body } = await world.ask<{ code: string }>('GET', `${path}?cursor=${old}`, { as: token })
  assert.equal(body.code, 'InvalidPaginationToken')
  const some = await world.get<Page<State>>(`${path}?from=${items[2]!.from}&until=${items[0]!.from}`)
  assert.deepEqual(
    some.items.map(({ version }) => version),
    [3, 2],
  )
})

test('who asked for an allocation is told of its first state, and the decision of each', async () => {
  const { IpamPoolAllocation } = await world.call('AllocateIpamPoolCidr', { IpamPoolId: pool, NetmaskLength: 28 })
  const id = IpamPoolAllocation!.IpamPoolAllocationId!
  world.advance(hour)
  await world.call('ModifyIpamPoolAllocation', { IpamPoolAllocationId: id, Description: 'said later' })
  const { items } = await world.get<Page<State>>(`/history/objects/${id}`)
  assert.deepEqual(
    items.map(({ version, action, decisionId }) => [version, action, decisionId !== undefined]),
    [
      [2, undefined, true],
      [1, 'AllocateIpamPoolCidr', true],
    ],
  )
})

test('the same address in several scopes is told apart by them, also where the pool is gone', async () => {
  const { items: ipams } = await world.get<Page<{ ipamId: string; privateScopeId: string }>>('/ipams')
  const { ipamId, privateScopeId } = ipams[0]!
  const { scopeId } = await world.post<{ scopeId: string }>('/scopes', { ipamId })
  const other = { scopeId, family: 'ipv4', locale: 'us-east-1', quarantineSeconds: 0 }
  const { poolId } = await world.post<{ poolId: string }>('/pools', other)
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.0.7.0/24' })
  const host = { account: managementAccount, resourceType: 'onprem:host', locale: 'us-east-1', resourceId: 'twice' }
  const there = { ...host, cidr: '10.0.7.1/32' }
  await world.post('/allocations', { ...there, poolId: pool })
  const { allocationId } = await world.post<{ allocationId: string }>('/allocations', { ...there, poolId })
  const scopesIn = async (path: string) =>
    (await world.get<Page<{ scopeId?: string }>>(path)).items.map((one) => one.scopeId)
  for (const when of ['held', 'gone']) {
    assert.deepEqual(
      (await scopesIn('/history/addresses?cidr=10.0.7.1')).sort(),
      [privateScopeId, scopeId].sort(),
      when,
    )
    for (const scope of [privateScopeId, scopeId]) {
      for (const path of [
        '/history/addresses?cidr=10.0.7.1',
        '/history/resources/twice?',
        `/history/accounts/${managementAccount}?limit=1000`,
      ]) {
        const found = await scopesIn(`${path}&scopeId=${scope}`)
        assert(found.length > 0 && found.every((one) => one === scope), `${when}: ${path} of ${scope}`)
      }
    }
    if (when === 'gone') break
    await world.ask('DELETE', `/allocations/${allocationId}`)
    await world.ask('DELETE', `/pools/${poolId}/cidrs?cidr=10.0.7.0/24`)
    await world.ask('DELETE', `/pools/${poolId}`)
    assert.equal((await world.ask('GET', `/pools/${poolId}`)).status, 404)
  }
})
