// Where sources and the register differ.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { type Organization, withOrganization } from '../../../test/organization.ts'

interface Difference {
  readonly difference: string
  readonly cidr: string
  readonly account?: string
  readonly registered?: { readonly account: string; readonly cidr: string; readonly resourceId?: string }
}
let world: NativeWorld & Organization
let shop: string
let lab: string
let poolId: string
let passed = 0
before(async () => {
  world = await withOrganization(await openNativeWorld())
  const prod = await world.unit('prod')
  shop = await world.account('shop', prod)
  lab = await world.account('lab')
  await world.post('/accounts', { name: 'azure-shop', cloud: 'azure', externalId: azure, parentId: prod })
  await world.call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] })
  const { items } = await world.get<{ items: { privateScopeId: string }[] }>('/ipams')
  const scopeId = items[0]!.privateScopeId
  const pool = { scopeId, family: 'ipv4', locale: 'us-east-1', sharedWith: [world.rootId] }
  poolId = (await world.post<{ poolId: string }>('/pools', pool)).poolId
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.0.0.0/8' })
  await world.post('/sources', { name: 'cloud', kind: 'aws', node: world.rootId, scopeId })
})
after(() => world.close())
const azure = '0aa1b2c3-0000-4000-8000-000000000001'

const register = (account: string, cidr: string, resourceId?: string) =>
  world.post('/allocations', {
    account,
    ...{ resourceType: 'custom', locale: 'us-east-1', poolId, cidr },
    ...(resourceId === undefined ? {} : { resourceId }),
  })
async function send(...lines: readonly object[]): Promise<void> {
  world.advance(1_000)
  passed += 1_000
  const takenAt = new Date(Date.UTC(2026, 0, 1) + passed).toISOString()
  const text = [{ snapshot: { takenAt } }, ...lines, { end: { observations: lines.length } }]
  const { status, body } = await world.ask('POST', '/sources/cloud/snapshots', {
    headers: { 'content-type': 'application/x-ndjson' },
    body: text.map((line) => `${JSON.stringify(line)}\n`).join(''),
  })
  assert.equal(status, 201, JSON.stringify(body))
}
const seen = (cidr: string, id: string, account: string, more: object = {}) => ({
  ...{ kind: 'network', cidr, id, account, space: id, locale: 'us-east-1' },
  ...more,
})
const listed = async (query = '', as?: string): Promise<readonly Difference[]> =>
  (await world.get<{ items: Difference[] }>(`/sources/cloud/differences${query}`, as === undefined ? {} : { as })).items

test('what is there and is not registered as it is there is listed, and nothing else', async () => {
  await register(shop, '10.1.0.0/16', 'vpc-same')
  await register(shop, '10.2.0.0/16', 'vpc-owner')
  await register(shop, '10.3.0.0/16', 'vpc-first')
  await register(shop, '10.4.0.0/16', 'vpc-block')
  const gone = seen('10.5.0.0/16', 'vpc-gone', shop)
  await register(shop, '10.5.0.0/16', 'vpc-gone')
  const there = [
    seen('10.1.0.0/16', 'vpc-same', shop),
    seen('10.2.0.0/16', 'vpc-owner', lab),
    seen('10.3.0.0/16', 'vpc-second', shop),
    seen('10.44.0.0/16', 'vpc-block', shop),
    seen('10.6.0.0/16', 'vpc-new', azure),
    seen('10.7.0.0/16', 'vpc-unknown', '999999999999'),
    seen('10.8.0.0/16', 'pl-1', shop, { kind: 'prefix-list' }),
  ]
  await send(...there, gone)
  const first = (await listed()).map(({ difference, cidr }) => `${difference} ${cidr}`)
  assert.deepEqual(first, [
    'other-owner 10.2.0.0/16',
    'other-resource 10.3.0.0/16',
    'other-block 10.44.0.0/16',
    'unregistered 10.6.0.0/16',
    'unregistered 10.7.0.0/16',
  ])
  // Missing once may be a slip.
  await send(...there)
  assert.equal((await listed('?difference=gone')).length, 0)
  await send(...there)
  const [found] = await listed('?difference=gone')
  assert.deepEqual([found!.cidr, found!.registered!.resourceId], ['10.5.0.0/16', 'vpc-gone'])
})

test('accounts are those that the source means, by whatever id it calls them', async () => {
  const numbers = new Map((await listed()).map(({ cidr, account }) => [cidr, account]))
  const { items } = await world.get<{ items: { account: string; name: string }[] }>('/accounts')
  assert.equal(numbers.get('10.6.0.0/16'), items.find(({ name }) => name === 'azure-shop')!.account)
  assert.equal((await listed(`?account=${azure}`)).length, 1)
  assert.equal((await listed(`?account=${shop}`)).length, 3)
})

test('I8 what somebody may not see of the register counts as not there', async () => {
  await world.post('/sources', { name: 'ours', kind: 'csv', node: lab })
  const as = await world.tokenOf('user:lab', 'auditor', lab)
  assert.equal((await world.ask('GET', '/sources/cloud/differences', { as })).status, 404)
  const reads = await world.tokenOf('user:reads', 'policy-author', world.rootId)
  await world.post('/role-bindings', { principal: 'user:reads', role: 'policy-author', node: shop, effect: 'forbid' })
  const kinds = new Map((await listed('', reads)).map(({ cidr, difference }) => [cidr, difference]))
  assert.deepEqual(
    ['10.1.0.0/16', '10.2.0.0/16', '10.5.0.0/16'].map((cidr) => kinds.get(cidr)),
    ['unregistered', 'unregistered', undefined],
  )
})

test('I8 who gives an account the name of somebody else’s neither keeps that one’s source from speaking of it nor shows in what it says', async () => {
  const as = await world.tokenOf('user:lab-admin', 'ipam-administrator', lab)
  await world.post('/accounts', { name: 'lab', cloud: 'azure', externalId: '0aa1b2c3-0000-4000-8000-000000000002' })
  await world.post('/sources', { name: 'of lab', kind: 'csv', node: lab }, { as })
  const takenAt = new Date(Date.UTC(2026, 0, 1)).toISOString()
  const lines = [{ snapshot: { takenAt } }, seen('10.90.0.0/16', 'net', 'lab'), { end: { observations: 1 } }]
  const { status, body } = await world.ask('POST', '/sources/of%20lab/snapshots', {
    as,
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  })
  assert.equal(status, 201, JSON.stringify(body))
  const { items } = await world.get<{ items: Difference[] }>('/sources/of%20lab/differences', { as })
  assert.deepEqual(
    items.map(({ cidr, account }) => [cidr, account]),
    [['10.90.0.0/16', lab]],
  )
})

test('I8 what others have by the id of one’s own resource keeps nobody from finding what one has by it', async () => {
  const hidden = async (count: number): Promise<void> => {
    const allocations = Array.from({ length: 100 }, () => ({
      ...{ account: lab, resourceType: 'custom', locale: 'us-east-1', poolId, netmaskLength: 32, resourceId: 'shared' },
    }))
    for (let made = 0; made < count; made += 100) await world.post('/allocations/batch', { allocations })
  }
  const unit = await world.unit('very many')
  const accounts = Array.from({ length: 101 }, (_, n) => ({
    ...{ account: String(610_000_000_000 + n), name: `many-${n}`, parentId: unit },
  }))
  for (const some of [accounts.slice(0, 100), accounts.slice(100)])
    await world.post('/accounts/batch', { accounts: some })
  const last = accounts.at(-1)!.account
  await hidden(4_100)
  await register(shop, '10.120.0.0/16', 'shared')
  await register(shop, '10.121.0.0/16', 'beside')
  await register(last, '10.122.0.0/16', 'shared')
  const { items } = await world.get<{ items: { privateScopeId: string }[] }>('/ipams')
  const scopeId = items[0]!.privateScopeId
  const kindsFor = async (node: string, account: string): Promise<readonly (string | undefined)[]> => {
    const as = await world.tokenOf(`user:auditor-${node}`, 'auditor', node)
    const { sourceId } = await world.post<{ sourceId: string }>('/sources', { name: 'at', kind: 'csv', node, scopeId })
    const takenAt = new Date(Date.UTC(2026, 0, 1)).toISOString()
    const told = [seen('10.123.0.0/16', 'shared', account), seen('10.124.0.0/16', 'beside', account)]
    const lines = [{ snapshot: { takenAt } }, ...told, { end: { observations: told.length } }]
    const { status, body } = await world.ask('POST', `/sources/${sourceId}/snapshots`, {
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    })
    assert.equal(status, 201, JSON.stringify(body))
    const found = (await world.get<{ items: Difference[] }>(`/sources/${sourceId}/differences`, { as })).items
    const kinds = new Map(found.map(({ cidr, difference }) => [cidr, difference]))
    return ['10.123.0.0/16', '10.124.0.0/16'].map((cidr) => kinds.get(cidr))
  }
  assert.deepEqual(await kindsFor(shop, shop), ['other-block', 'other-block'])
  assert.deepEqual(
    await kindsFor(unit, last),
    ['other-block', 'unregistered'],
    'of more accounts than are read one by one',
  )
  assert.deepEqual(await kindsFor(world.rootId, shop), ['other-block', 'other-block'])
})
