// Differences in the other direction, overlaps, public space, and what policy would have said.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openEstate } from '../../../test/estate.ts'
import type { NativeWorld } from '../../../test/native-world.ts'
import type { Organization } from '../../../test/organization.ts'

interface Difference {
  readonly differenceId: string
  readonly difference: string
  readonly cidr: string
  readonly policy?: string
  readonly wouldBe?: {
    readonly poolId?: string
    readonly policyId?: string
    readonly resourceType: string
    readonly allowed?: readonly string[]
  }
  readonly registered?: { readonly allocationId: string }
  readonly overlaps?: { readonly id: string }
}
let world: NativeWorld & Organization
let shop: string
let lab: string
let poolId: string
let otherPool: string
before(async () => {
  const estate = await openEstate(['us-east-1', 'eu-central-1'])
  const { scopeId, pool } = estate
  ;({ world, shop, lab } = estate)
  poolId = await pool('10.0.0.0/12', 'us-east-1')
  otherPool = await pool('10.128.0.0/12', 'us-east-1')
  await world.post('/sources', { name: 'cloud', kind: 'aws', node: world.rootId, scopeId })
})
after(() => world.close())

const register = async (account: string, cidr: string, resourceId?: string, locale = 'us-east-1'): Promise<string> =>
  (
    await world.post<{ allocationId: string }>('/allocations', {
      ...{ account, resourceType: 'custom', locale, poolId, cidr },
      ...(resourceId === undefined ? {} : { resourceId }),
    })
  ).allocationId
async function send(lines: readonly object[], unlisted: readonly object[] = []): Promise<void> {
  world.advance(60_000)
  const takenAt = new Date(await world.store.read(async (tx) => tx.now)).toISOString()
  const end = { end: { observations: lines.length, unlisted } }
  const { status, body } = await world.ask('POST', '/sources/cloud/snapshots', {
    headers: { 'content-type': 'application/x-ndjson' },
    body: [{ snapshot: { takenAt } }, ...lines, end].map((line) => `${JSON.stringify(line)}\n`).join(''),
  })
  assert.equal(status, 201, JSON.stringify(body))
}
const vpc = (cidr: string, id: string, account: string, more: object = {}) => ({
  ...{ kind: 'network', type: 'vpc', cidr, id, account, space: id, locale: 'us-east-1' },
  ...more,
})
const listed = async (query = '', as?: string): Promise<readonly Difference[]> =>
  (await world.get<{ items: Difference[] }>(`/sources/cloud/differences${query}`, as === undefined ? {} : { as })).items
const kindsAt = async (cidr: string): Promise<readonly string[]> =>
  (await listed(`?within=${encodeURIComponent(cidr)}`)).map(({ difference }) => difference)

test('what the register has where the source tells what is there, and not a word of it, is unseen', async () => {
  await register(shop, '10.1.0.0/16', 'vpc-seen')
  const unseen = await register(shop, '10.2.0.0/16', 'vpc-unseen')
  await register(lab, '10.3.0.0/16', 'vpc-of-somebody-not-covered')
  await send([vpc('10.1.0.0/16', 'vpc-seen', shop)])
  const [found, ...others] = await listed('?difference=unseen')
  assert.deepEqual([found!.cidr, found!.registered!.allocationId, others.length], ['10.2.0.0/16', unseen, 0])
  // By its id it is the same one.
  const shown = await world.get<Difference>(`/sources/cloud/differences/${found!.differenceId}`)
  assert.equal(shown.cidr, found!.cidr)
  // What was registered since the listing began is nothing that it could have told of.
  await register(shop, '10.4.0.0/16', 'vpc-new')
  assert.equal((await listed('?difference=unseen')).length, 1)
})

test('nothing is unseen in a part that a snapshot left out, nor once the source has told of it', async () => {
  await send([vpc('10.1.0.0/16', 'vpc-seen', shop)], [{ account: shop, locale: 'us-east-1', reason: 'access denied' }])
  assert.deepEqual(await listed('?difference=unseen'), [])
  await send([vpc('10.1.0.0/16', 'vpc-seen', shop)], [{ account: lab, reason: 'access denied' }])
  assert.deepEqual(
    (await listed('?difference=unseen')).map(({ cidr }) => cidr),
    ['10.2.0.0/16', '10.4.0.0/16'],
  )
  await send([vpc('10.1.0.0/16', 'vpc-seen', shop), vpc('10.2.0.0/16', 'vpc-unseen', shop)])
  assert.deepEqual(await kindsAt('10.2.0.0/16'), [])
  // A resource that has another block by now is one difference, and not two.
  await send([vpc('10.1.0.0/16', 'vpc-seen', shop), vpc('10.44.0.0/16', 'vpc-unseen', shop)])
  assert.deepEqual(await kindsAt('10.2.0.0/16'), [])
  assert.deepEqual(await kindsAt('10.44.0.0/16'), ['other-block'])
})

test('two of one kind with one block in one space overlap, beside what else they are', async () => {
  const table = { kind: 'network', account: shop, locale: 'us-east-1', space: 'table' }
  await send([
    vpc('10.1.0.0/16', 'vpc-seen', shop),
    { ...table, cidr: '10.5.0.0/16', id: 'one' },
    { ...table, cidr: '10.5.0.0/16', id: 'two' },
    { ...table, cidr: '10.5.0.0/16', id: 'three', space: 'another' },
  ])
  const found = await listed('?difference=overlap')
  assert.deepEqual(
    found.map(({ cidr, overlaps }) => [cidr, overlaps!.id]),
    [
      ['10.5.0.0/16', 'two'],
      ['10.5.0.0/16', 'one'],
    ],
  )
  assert.equal((await kindsAt('10.5.0.0/16')).filter((kind) => kind === 'unregistered').length, 3)
})

test('public addresses that nobody registered are told apart', async () => {
  const address = { kind: 'address', account: shop, locale: 'us-east-1', type: 'eip' }
  await send([
    { ...address, cidr: '9.9.9.9/32', id: 'eip-1' },
    { ...address, cidr: '10.9.9.9/32', id: 'eni-1', space: 'vpc-seen' },
  ])
  assert.deepEqual(
    (await listed('?kind=address')).map(({ difference, cidr }) => `${difference} ${cidr}`),
    ['unregistered-public 9.9.9.9/32', 'unregistered 10.9.9.9/32'],
  )
})

test('of what is not registered it is said what policy would have said, to whoever may know it', async () => {
  const { ipamId } = (await world.get<{ items: { ipamId: string }[] }>('/ipams')).items[0]!
  const { policyId } = await world.post<{ policyId: string }>('/policies', { ipamId, name: 'vpcs' })
  const rules = [{ poolId }]
  await world.ask('PUT', `/policies/${policyId}/documents/us-east-1/vpc`, { body: { rules, onExplicit: 'deny' } })
  const put = await world.ask('PUT', `/policies/${policyId}/assignments/${shop}`, {
    body: { kind: 'final', mode: 'enforce' },
  })
  assert(put.status < 300, JSON.stringify(put.body))
  await send([
    vpc('10.6.0.0/16', 'vpc-6', shop),
    vpc('10.130.0.0/16', 'vpc-7', shop),
    vpc('10.7.0.0/16', 'vpc-8', lab),
    vpc('192.168.0.0/16', 'vpc-9', shop),
    vpc('10.8.0.0/16', 'vpc-10', '999999999999'),
  ])
  const found = new Map((await listed('?difference=unregistered')).map((one) => [one.cidr, one]))
  const said = [...found].map(([cidr, { policy, wouldBe }]) => [cidr, policy, wouldBe?.poolId, wouldBe?.policyId])
  assert.deepEqual(said, [
    // Nobody asks whether it was named.
    ['10.6.0.0/16', 'allowed', poolId, policyId],
    ['10.130.0.0/16', 'elsewhere', otherPool, policyId],
    // Outside of every policy: whoever may use the pool may name it.
    ['10.7.0.0/16', 'allowed', poolId, undefined],
    ['192.168.0.0/16', 'elsewhere', undefined, policyId],
    ['10.8.0.0/16', 'outside', poolId, undefined],
  ])
  assert.deepEqual(found.get('10.130.0.0/16')!.wouldBe!.allowed, [poolId])
  assert.equal((await listed('?policy=elsewhere')).length, 2)
  const as = await world.tokenOf('user:looks', 'auditor', world.rootId)
  await world.post('/role-bindings', { principal: 'user:looks', role: 'approver', node: shop, effect: 'forbid' })
  const [hidden] = await listed('?within=10.6.0.0%2F16', as)
  assert.deepEqual(Object.keys(hidden!.wouldBe!).sort(), ['locale', 'poolId', 'resourceType'])
})

test('pages go over all aspects, whatever their size', async () => {
  const all = await listed()
  const found: Difference[] = []
  let cursor = ''
  do {
    const page: { items: Difference[]; nextCursor?: string } = await world.get(
      `/sources/cloud/differences?limit=1${cursor}`,
    )
    found.push(...page.items)
    cursor = page.nextCursor === undefined ? '' : `&cursor=${encodeURIComponent(page.nextCursor)}`
  } while (cursor !== '')
  assert(all.length > 3)
  assert.deepEqual(found, all)
  assert.equal(new Set(found.map(({ differenceId }) => differenceId)).size, found.length)
})

test('what is no difference, or none any more, is not there', async () => {
  for (const id of ['overlap-0', 'observed-999', 'unseen-ipam-pool-alloc-0', 'nothing', 'overlap-1x'])
    assert.equal((await world.ask('GET', `/sources/cloud/differences/${id}`)).status, 404, id)
})

test('a pool that avoids what is in use hands none of it out, and free space tells of it', async () => {
  const free = async () =>
    ((await world.get<{ inUse?: { cidr: string }[] }>(`/pools/${poolId}/free`)).inUse ?? []).map(({ cidr }) => cidr)
  const there = [
    vpc('10.9.0.0/16', 'vpc-a', lab),
    vpc('10.10.0.0/17', 'vpc-b', lab),
    vpc('10.1.0.0/16', 'vpc-seen', shop),
    // What encloses the pool is what the pool lies in.
    vpc('10.0.0.0/8', 'everything', shop, { kind: 'container' }),
    vpc('10.0.0.0/9', 'all', shop),
  ]
  // What is missing once may be there still.
  await send(there)
  await send(there)
  assert.deepEqual(await free(), ['10.9.0.0/16', '10.10.0.0/17'])
  const take = async (more: object) =>
    world.ask<{ cidr: string; allocationId: string }>('POST', '/allocations', {
      body: { account: lab, resourceType: 'custom', locale: 'us-east-1', poolId, ...more },
    })
  // It says so, and hands it out all the same, unless the pool is set to avoid it.
  const given = await take({ cidr: '10.10.128.0/17' })
  assert.equal(given.status, 201)
  await world.ask('DELETE', `/allocations/${given.body.allocationId}`)
  const { status, body } = await world.ask('PATCH', `/pools/${poolId}`, { body: { avoidsObserved: true } })
  assert.equal(status, 200, JSON.stringify(body))
  const got = new Set<string>()
  for (;;) {
    const { status, body } = await take({ netmaskLength: 16 })
    if (status !== 201) break
    got.add(body.cidr)
  }
  assert(got.size > 3)
  assert(!got.has('10.9.0.0/16') && !got.has('10.10.0.0/16'), [...got].join(' '))
  // Whoever has it may have it registered; nobody else.
  assert.equal((await take({ account: shop, cidr: '10.9.0.0/16' })).status >= 400, true)
  assert.equal((await take({ cidr: '10.9.0.0/16' })).status, 201)
  assert.deepEqual(await free(), ['10.10.0.0/17'])
  const { items } = await world.post<{ items: { outcome: string }[] }>('/sources/cloud/differences/adopt', {
    within: '10.10.0.0/17',
  })
  assert.deepEqual(
    items.map(({ outcome }) => outcome),
    ['adopted'],
  )
  assert.deepEqual(await free(), [])
})

test('I8 whoever answers for an account sees what all sources say of it and nothing of others, and so does find', async () => {
  interface Told {
    readonly cidr: string
    readonly sourceName: string
    readonly freshness: string
  }
  await world.post('/sources', { name: 'theirs', kind: 'csv', node: lab })
  await send([
    vpc('10.20.0.0/16', 'vpc-shop', shop),
    vpc('10.21.0.0/16', 'vpc-lab', 'lab'),
    vpc('10.22.0.0/16', 'vpc-x', lab),
  ])
  const as = await world.tokenOf('user:lab', 'resource-operator', lab)
  const seen: Told[] = []
  let cursor = ''
  do {
    const page: { items: Told[]; nextCursor?: string } = await world.get(
      `/accounts/${lab}/observations?limit=1${cursor}`,
      { as },
    )
    seen.push(...page.items)
    cursor = page.nextCursor === undefined ? '' : `&cursor=${encodeURIComponent(page.nextCursor)}`
  } while (cursor !== '')
  const there = new Map(seen.map((one) => [one.cidr, one]))
  assert(there.has('10.21.0.0/16') && there.has('10.22.0.0/16') && !there.has('10.20.0.0/16'))
  assert.deepEqual([there.get('10.21.0.0/16')!.sourceName, there.get('10.21.0.0/16')!.freshness], ['cloud', 'fresh'])
  assert.equal((await world.ask('GET', `/accounts/${shop}/observations`, { as })).status, 404)
  const found = async (q: string, who?: string) =>
    (
      await world.get<{ observed?: Told[] }>(`/find?q=${encodeURIComponent(q)}`, who === undefined ? {} : { as: who })
    ).observed?.map(({ cidr }) => cidr) ?? []
  assert((await found('10.20.1.1')).includes('10.20.0.0/16'))
  assert.deepEqual(await found('10.20.1.1', as), [])
  assert.deepEqual(await found('10.21.1.1', as), ['10.21.0.0/16'])
})
