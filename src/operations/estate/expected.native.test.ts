// What a source is expected to tell of, and what is done with what it never told of.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { followSources } from '#jobs/following.ts'
import { lookAt } from '#jobs/job.ts'
import { jobsIn, openEstate } from '../../../test/estate.ts'
import type { NativeWorld } from '../../../test/native-world.ts'
import type { Organization } from '../../../test/organization.ts'

interface Difference {
  readonly differenceId: string
  readonly cidr: string
}
let world: NativeWorld & Organization
let shop: string
let lab: string
let poolId: string
let scopeId: string
before(async () => {
  const estate = await openEstate(['us-east-1', 'eu-central-1'])
  ;({ world, shop, lab, scopeId } = estate)
  poolId = await estate.pool('10.0.0.0/12')
  await world.post('/sources', { name: 'cloud', kind: 'aws', node: world.rootId, scopeId })
})
after(() => world.close())

async function send(lines: readonly object[], unlisted: readonly object[] = [], source = 'cloud'): Promise<void> {
  world.advance(60_000)
  const takenAt = new Date(await world.store.read(async (tx) => tx.now)).toISOString()
  const end = { end: { observations: lines.length, unlisted } }
  const { status, body } = await world.ask('POST', `/sources/${source}/snapshots`, {
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
const unseen = async (): Promise<readonly string[]> => (await listed('?difference=unseen')).map(({ cidr }) => cidr)
/** As the server does it. */
const follow = () => lookAt(followSources, jobsIn(world, '111111111111'))
const cover = async (body: object): Promise<object> => {
  const { status, body: answer } = await world.ask<object>('PATCH', '/sources/cloud', { body })
  assert.equal(status, 200, JSON.stringify(answer))
  return answer
}

test('a source is expected to tell of what is said, whether it tells of something there or not, and of nothing else', async () => {
  const [a, b] = ['10.64.0.0/24', '10.64.1.0/24'] as const
  const { poolId: there } = await world.post<{ poolId: string }>('/pools', {
    ...{ scopeId, family: 'ipv4' },
    ...{ locale: 'eu-central-1', sharedWith: [world.rootId] },
  })
  await world.post(`/pools/${there}/cidrs`, { cidr: '10.64.0.0/16' })
  for (const [account, cidr] of [
    [shop, a],
    [lab, b],
  ] as const) {
    await world.post('/allocations', {
      ...{ account, resourceType: 'custom', locale: 'eu-central-1', poolId: there, cidr },
    })
  }
  await send([vpc('10.1.0.0/16', 'vpc-seen', shop)])
  const inferred = await unseen()
  assert(!inferred.includes(a) && !inferred.includes(b), inferred.join(' '))
  // What it has listed before is not asked of it: its collector may not have looked there.
  assert.deepEqual(await cover({ coversLocales: ['eu-central-1'] }).then(unseen), [])
  const listAgain = () => send([vpc('10.1.0.0/16', 'vpc-seen', shop)])
  await listAgain()
  // Of these two nobody knew that the source would tell; of the others it is not expected any more.
  assert.deepEqual(await unseen(), [a, b])
  const said = await cover({ coversNodes: [shop] })
  await listAgain()
  assert.partialDeepStrictEqual(said, { coversNodes: [shop], coversLocales: ['eu-central-1'] })
  assert.deepEqual(await unseen(), [a])
  await cover({ coversNodes: [], coversBlocks: ['10.64.1.0/24', '10.0.0.0/12'] })
  await listAgain()
  assert.deepEqual(await unseen(), [b])
  const findings = async () => {
    await follow()
    const { items } = await world.get<{ items: { summary: string }[] }>(
      '/findings?control=difference-unseen&status=open&limit=1000',
    )
    return [a, b].filter((cidr) => items.some(({ summary }) => summary.includes(cidr)))
  }
  assert.deepEqual(await findings(), [b])
  const nothing = await cover({ coversLocales: [], coversBlocks: [] })
  await listAgain()
  assert(!('coversLocales' in nothing) && !('coversNodes' in nothing))
  assert.deepEqual(await unseen(), inferred)
  assert.deepEqual(await findings(), [])
  const elsewhere = await world.ask('PATCH', '/sources/cloud', { body: { coversNodes: ['999999999999'] } })
  assert.equal(elsewhere.status, 400)
})

test('what was not at the node of a source when it listed is not unseen before it lists again', async () => {
  const cidr = '10.14.0.0/28'
  const { account } = await world.post<{ account: string }>('/accounts', { name: 'comes later' })
  await world.post('/allocations', { account, resourceType: 'custom', locale: 'us-east-1', poolId, cidr })
  const { unitId } = await world.post<{ unitId: string }>('/organizational-units', { name: 'of it', parentId: 'Root' })
  const source = await world.post<{ sourceId: string }>('/sources', {
    ...{ name: 'of a unit', kind: 'aws', node: unitId, scopeId, coversNodes: [unitId] },
  })
  const seen = async () =>
    (await world.get<{ items: Difference[] }>(`/sources/${source.sourceId}/differences?difference=unseen`)).items.map(
      (one) => one.cidr,
    )
  await send([], [], source.sourceId)
  await world.post(`/accounts/${account}/move`, { parentId: unitId })
  assert.deepEqual(await seen(), [])
  await send([], [], source.sourceId)
  assert.deepEqual(await seen(), [cidr])
})

test('what a source should have told of and never has is released in parts, where that is said, and not otherwise', async () => {
  const { poolId: many } = await world.post<{ poolId: string }>('/pools', {
    ...{ scopeId, family: 'ipv4' },
    ...{ locale: 'us-east-1', sharedWith: [world.rootId] },
  })
  await world.post(`/pools/${many}/cidrs`, { cidr: '10.96.0.0/16' })
  for (let part = 0; part < 3; part++) {
    const allocations = Array.from({ length: 40 }, () => ({
      ...{ account: shop, resourceType: 'custom', locale: 'us-east-1', poolId: many, netmaskLength: 28 },
    }))
    await world.post('/allocations/batch', { allocations })
  }
  await cover({ coversNodes: [shop], coversBlocks: ['10.96.0.0/16'] })
  await send([vpc('10.1.0.0/16', 'vpc-seen', shop)])
  interface Part {
    readonly items: readonly { readonly outcome: string; readonly cidr: string }[]
    readonly next?: string
  }
  const within = '10.96.0.0/16'
  const release = (body: object, query = ''): Promise<Part> =>
    world.post(`/sources/cloud/differences/release${query}`, { within, ...body })
  // Nothing is taken for gone that the source never had.
  assert.deepEqual(await release({}), { items: [], ...(await facts()) })
  const dry = await release({ difference: 'unseen' }, '?dryRun=true')
  assert.deepEqual(
    [dry.items.length, (await listed(`?within=${encodeURIComponent(within)}&limit=1000`)).length],
    [50, 120],
  )
  const parts: Part[] = []
  for (let after: string | undefined; parts.length === 0 || after !== undefined; after = parts.at(-1)!.next) {
    parts.push(await release({ difference: 'unseen', ...(after === undefined ? {} : { after }) }))
  }
  assert.deepEqual(
    parts.map(({ items }) => items.length),
    [50, 50, 20],
  )
  assert(parts.every(({ items }) => items.every(({ outcome }) => outcome === 'released')))
  assert.deepEqual(await listed(`?within=${encodeURIComponent(within)}`), [])
  // By its id it is said, too.
  const { allocationId } = await world.post<{ allocationId: string }>('/allocations', {
    ...{ account: shop, resourceType: 'custom', locale: 'us-east-1', poolId: many, netmaskLength: 28 },
  })
  await send([vpc('10.1.0.0/16', 'vpc-seen', shop)])
  const { shown } = await world.get<{ shown: string }>(`/sources/cloud/differences/unseen-${allocationId}`)
  const named = await world.post<Part>('/sources/cloud/differences/release', { shown: [shown] })
  assert.deepEqual(
    named.items.map(({ outcome }) => outcome),
    ['released'],
  )
})
const facts = async () => {
  const { freshness, takenAt } = await world.get<{ freshness: string; takenAt: string }>('/sources/cloud')
  return { freshness, takenAt }
}

test('what is ignored or asked about by a filter is of every aspect', async () => {
  const table = { kind: 'network', account: shop, locale: 'us-east-1', space: 'table' }
  await world.post('/allocations', {
    ...{ account: shop, resourceType: 'custom', locale: 'us-east-1', poolId, cidr: '10.15.1.0/24' },
  })
  await cover({ coversNodes: [shop], coversBlocks: ['10.15.0.0/16'] })
  await send([
    { ...table, cidr: '10.15.0.0/24', id: 'first' },
    { ...table, cidr: '10.15.0.0/24', id: 'second' },
  ])
  const until = new Date((await world.store.read(async (tx) => tx.now)) + 86_400_000).toISOString()
  const { items } = await world.post<{ items: { differenceId: string; outcome: string }[] }>(
    '/sources/cloud/differences/ignore',
    { within: '10.15.0.0/16', reason: 'as planned', until },
  )
  assert.deepEqual(
    items.map(({ differenceId, outcome }) => `${differenceId.split('-')[0]} ${outcome}`),
    ['observed ignored', 'observed ignored', 'overlap ignored', 'overlap ignored', 'unseen ignored'],
  )
})
