// What it costs to make many pools in a list, and to delete them with those below them: a database is asked about many at once where it can be.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Snapshot } from '#model/policy/snapshot.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { foundOrganization, network } from '../../../test/acme.ts'
import { engineUnderTest, isLeftToNight } from '../../../test/engines.ts'
import { measureWork, startCounting } from '../../../test/event-loop/meter.ts'
import { administratorOf } from '../../../test/event-loop/requests.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { namedIn } from './pool-removal.ts'
import { deletePool } from './pools.native.ts'

let world: NativeWorld
before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  startCounting()
})
after(() => world.close())

interface Ipam {
  readonly ipamId: string
  readonly privateScopeId: string
}
interface Made {
  readonly ipam: Ipam
  readonly poolId: string
  readonly below: readonly string[]
}
const few = 4
const many = 44
/** An IPAM with a pool, and pools with a block of it each: named, shared, and under each other as well; as many scopes and policies. */
async function makePools(count: number): Promise<Made> {
  const ipam = await world.post<Ipam>('/ipams', { account: network, region: 'us-east-1' })
  const pool = { scopeId: ipam.privateScopeId, family: 'ipv4' }
  const { poolId } = await world.post<{ poolId: string }>('/pools', pool)
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.0.0.0/16' })
  const below: string[] = []
  for (let index = 0; index < count; index++) {
    await world.post('/scopes', { ipamId: ipam.ipamId })
    await world.post('/policies', { ipamId: ipam.ipamId })
  }
  for (let index = 0; index < count; index++) {
    const parentPoolId = index % 4 === 3 ? below[index - 1] : poolId
    const made = { ...pool, parentPoolId, tags: { Name: `pool-${index}` }, sharedWith: ['333333333333'] }
    const { poolId: id } = await world.post<{ poolId: string }>('/pools', made)
    await world.post(`/pools/${id}/cidrs`, { netmaskLength: index % 4 === 3 ? 28 : 26 })
    below.push(id)
  }
  return { ipam, poolId, below }
}
const statementsOf = async (path: string): Promise<number> => {
  const { total } = await measureWork(async () => {
    const { status, body } = await world.ask('DELETE', path)
    assert.equal(status < 300, true, JSON.stringify(body))
  })
  return total.statements
}
/**
 * What one more pool costs, with a scope and a policy. An embedded database is given what is put on record one row at a time, which is no
 * dearer than several: a tenure, five subjects (the pool, its CIDR, the allocation that it was, the scope and the policy), and what others
 * are told of the policy. All else is asked for many at once.
 */
const mostForEach = engineUnderTest === 'sqlite' ? 7.1 : 0.2

/** Many of them are what an embedded database is given one row at a time, and another all together. */
const mostForEachMade = engineUnderTest === 'sqlite' ? 26.5 : 16.1

async function costOf(count: number, pathOf: (made: Made) => string): Promise<number> {
  const made = await makePools(count)
  const statements = await statementsOf(pathOf(made))
  // An account has one at a time.
  await world.ask('DELETE', `/ipams/${made.ipam.ipamId}?cascade=true`)
  return statements
}
async function refuseMoreForMany(pathOf: (made: Made) => string): Promise<void> {
  const small = await costOf(few, pathOf)
  const large = await costOf(many, pathOf)
  const each = (large - small) / (many - few)
  assert.ok(each <= mostForEach, `${small} statements for ${few} pools and ${large} for ${many}: ${each} for each more`)
}

test('to make a pool with a block and tags in a list of changes costs few statements more', async () => {
  const { ipam, poolId: parentPoolId } = await makePools(0)
  let made = 0
  const costOfList = async (count: number): Promise<number> => {
    const pools = Array.from({ length: count }, (_, index) => ({
      operation: 'createPool',
      input: {
        scopeId: ipam.privateScopeId,
        family: 'ipv4',
        parentPoolId,
        name: `one of ${count} ${index}`,
        tags: { team: 'net' },
      },
      as: `pool-${index}`,
    }))
    const operations = pools.flatMap((pool, index) => [
      pool,
      { operation: 'provisionPoolCidr', input: { poolId: `$pool-${index}`, cidr: `10.0.${made++}.0/24` } },
    ])
    return (await measureWork(() => world.post('/governance/apply', { operations }))).total.statements
  }
  const [small, large] = [await costOfList(few), await costOfList(many)]
  await world.ask('DELETE', `/ipams/${ipam.ipamId}?cascade=true`)
  const each = (large - small) / (many - few)
  assert.ok(
    each <= mostForEachMade,
    `${small} statements for ${few} pools and ${large} for ${many}: ${each} for each more`,
  )
})

for (const query of ['cascade=true', 'cascade=true&dryRun=true']) {
  test(`to delete a pool costs no more statements for many pools below it (${query})`, async (t) => {
    if (isLeftToNight(t)) return
    await refuseMoreForMany(({ poolId }) => `/pools/${poolId}?${query}`)
  })
}

test('to delete an IPAM costs no more statements for many pools, scopes and policies in it', async (t) => {
  if (isLeftToNight(t)) return
  await refuseMoreForMany(({ ipam }) => `/ipams/${ipam.ipamId}?cascade=true`)
})

test('a pool in the middle gives its space back, and all of it is on record', async () => {
  const { poolId, below } = await makePools(8)
  // The eighth is under the seventh.
  assert.equal((await world.ask('DELETE', `/pools/${below[6]}?cascade=true`)).status, 204)
  const { allocations, free } = await world.get<{ allocations: number; free: string }>(`/pools/${poolId}/utilization`)
  assert.deepEqual([allocations, free], [5, String(65_536 - 5 * 64)])
  for (const id of below.slice(6)) {
    assert.equal((await world.ask('GET', `/pools/${id}`)).status, 404)
    const versions = await world.store.read((tx) => tx.history.versions(id))
    assert.equal(versions.at(-1)!.untilAt !== undefined, true)
  }
  assert.deepEqual((await checkSpace(world.store)).problems, [])
})

test('what is provisioned to other pools, or is gone, is not looked through', {
  skip: engineUnderTest !== 'sqlite',
}, async () => {
  const { items } = await world.get<{ items: readonly Ipam[] }>(`/ipams`)
  const makePool = async (cidr: string): Promise<string> => {
    const pool = { scopeId: items[0]!.privateScopeId, family: 'ipv4' }
    const { poolId } = await world.post<{ poolId: string }>('/pools', pool)
    await world.post(`/pools/${poolId}/cidrs`, { cidr })
    return poolId
  }
  // Past the API, which reads a token again once a second.
  const principal = await administratorOf(world)
  const stepsOf = async (cidr: string): Promise<number> => {
    const input = { poolId: await makePool(cidr), cascade: 'true' }
    const call = { principal, region: 'global', input, requestId: 'asked', sourceAddress: '127.0.0.1' }
    const { total } = await measureWork(() => world.executor.execute(deletePool, call))
    return total.steps
  }
  // Whatever is read for the first time is.
  await stepsOf('172.16.0.0/24')
  const before = await stepsOf('172.16.1.0/24')
  const others: string[] = []
  for (let index = 0; index < 60; index++) others.push(await makePool(`192.168.${index}.0/24`))
  const beside = await stepsOf('172.16.2.0/24')
  for (const id of others) await world.ask('DELETE', `/pools/${id}?cascade=true`)
  const behind = await stepsOf('172.16.3.0/24')
  assert.deepEqual([beside - before, behind - before], [0, 0], 'steps more of SQLite than with 60 pools less')
})

test('D7 the rules of all policies are looked through once, however many pools are deleted', () => {
  let looks = 0
  const rule = (id: string) => ({
    get pool() {
      looks++
      return id
    },
  })
  const rules = Array.from({ length: 300 }, (_, index) => rule(`pool-${index}`))
  const policies = new Map(['one', 'two'].map((id) => [id, { policyId: id, documents: [{ rules }, { rules }] }]))
  const snapshot = { policies } as unknown as Snapshot
  for (const count of [1, 1_500]) {
    looks = 0
    const ids = new Set(Array.from({ length: count }, (_, index) => `pool-${index + 299}`))
    assert.deepEqual([...namedIn(snapshot, ids)], ['pool-299'])
    // Twice where it is named: asked, and noted.
    assert.ok(looks <= 4 * (rules.length + 1), `${looks} looks for ${count} pools`)
  }
})

test('D7 to take from an IPAM what it may be costs no more statements for many pools', async (t) => {
  if (isLeftToNight(t)) return
  const lab = '333333333333'
  const ipam = await world.post<Ipam & { publicScopeId: string }>('/ipams', {
    account: lab,
    region: 'us-east-1',
    enablePrivateGua: true,
  })
  const patch = (body: object) => async () => {
    const { status } = await world.ask('PATCH', `/ipams/${ipam.ipamId}?dryRun=true`, { body })
    assert.ok(status < 300 || status === 409, String(status))
  }
  const add = async (count: number) => {
    const body = { scopeId: ipam.publicScopeId, family: 'ipv6', locale: 'us-east-1', publiclyAdvertisable: false }
    for (let index = 0; index < count; index++) await world.post('/pools', body)
  }
  const addPrivate = async (count: number) => {
    for (let index = 0; index < count; index++) {
      await world.post('/pools', { scopeId: ipam.privateScopeId, family: 'ipv6' })
    }
  }
  const costs = async (body: object, more: (count: number) => Promise<void>) => {
    await more(few)
    const { total: small } = await measureWork(patch(body))
    await more(many - few)
    const { total: large } = await measureWork(patch(body))
    const each = (large.statements - small.statements) / (many - few)
    assert.ok(each <= 0.3, `${small.statements} statements for ${few} pools and ${large.statements} for ${many}`)
  }
  await costs({ tier: 'free' }, add)
  await costs({ enablePrivateGua: false }, addPrivate)
})
