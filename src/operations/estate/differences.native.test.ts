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
