// Whose sources are worked at by themselves, and when: in turn, so that what one source tells keeps no other waiting, however much it is.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { adoptByRules } from '#jobs/adopting.ts'
import { followSources } from '#jobs/following.ts'
import { type Job, lookAt } from '#jobs/job.ts'
import { isLeftToNight } from '../../../test/engines.ts'
import { jobsIn, openEstate } from '../../../test/estate.ts'
import type { NativeWorld } from '../../../test/native-world.ts'
import type { Organization } from '../../../test/organization.ts'
import { tidySources } from './upkeep.ts'

let world: NativeWorld & Organization
let scopeId: string
let shop: string
let lab: string
let collector: string
before(async () => {
  const estate = await openEstate()
  ;({ world, shop, lab, scopeId } = estate)
  const poolId = await estate.pool('10.0.0.0/12')
  // Policy allows what lies in it, and it cannot be adopted: somebody has it already, and it is no network.
  const taken = { account: shop, locale: 'us-east-1', resourceType: 'custom', cidr: '10.1.0.0/16' }
  await world.post('/allocations', { ...taken, poolId: poolId })
  collector = await world.tokenOf('service:collector', 'reporter', world.rootId)
})
after(() => world.close())

let sources = 0
async function makeSource(body: object = {}): Promise<string> {
  const made = { name: `source ${++sources}`, kind: 'csv', node: world.rootId, scopeId, ...body }
  return (await world.post<{ sourceId: string }>('/sources', made)).sourceId
}
async function send(source: string, lines: readonly object[]): Promise<void> {
  world.advance(60_000)
  const takenAt = new Date(await world.store.read(async (tx) => tx.now)).toISOString()
  const { status, body } = await world.ask('POST', `/sources/${source}/snapshots`, {
    headers: { 'content-type': 'application/x-ndjson' },
    body: [{ snapshot: { takenAt } }, ...lines, { end: { observations: lines.length } }]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
    as: collector,
  })
  assert.equal(status, 201, JSON.stringify(body))
}
const host = (cidr: string, account: string) => ({
  ...{ kind: 'address', type: 'custom', cidr, id: `host-${cidr}`, account, locale: 'us-east-1' },
})
const many = (count: number) => Array.from({ length: count }, (_, n) => host(`10.1.${n >> 8}.${n & 255}/32`, shop))

/** As the server does it, with so many turns. */
const turnsOf = (job: Job, turnsMax: number) => lookAt({ ...job, turnsMax }, jobsIn(world, shop))
const holding = async (cidr: string): Promise<boolean> =>
  (await world.get<{ items: { cidr: string }[] }>(`/allocations?account=${lab}`)).items.some((one) => one.cidr === cidr)
const changesOf = async (source: string): Promise<number> =>
  (
    await world.get<{ items: { action: string }[] }>(
      `/changes?principal=${encodeURIComponent(`rule:${source} of user:admin`)}`,
    )
  ).items.filter(({ action }) => action === 'adoptByRule').length

test('rules act in turn: one with very much that cannot be adopted keeps no other from acting', async (t) => {
  if (isLeftToNight(t)) return
  const large = await makeSource({ adopts: 'allowed' })
  const small = await makeSource({ adopts: 'allowed' })
  await send(large, many(450))
  await send(small, [host('10.2.0.1/32', lab)])
  await turnsOf(adoptByRules, 2)
  assert(await holding('10.2.0.1/32'))
  // Whoever makes sources anew comes before nobody who waits.
  await send(small, [host('10.2.0.1/32', lab), host('10.2.0.2/32', lab)])
  for (let n = 3; n <= 5; n++) await send(await makeSource({ adopts: 'allowed' }), [host(`10.2.0.${n}/32`, lab)])
  await turnsOf(adoptByRules, 2)
  assert(await holding('10.2.0.2/32'))
  assert(!(await holding('10.2.0.5/32')))
  await turnsOf(adoptByRules, 100)
  assert(await holding('10.2.0.5/32'))
})

test('what policy allows and cannot be adopted is passed over by reading, and what can is adopted between it', async () => {
  const source = await makeSource({ adopts: 'allowed' })
  await send(source, [...many(90), host('10.3.0.1/32', lab), ...many(180).slice(90)])
  await turnsOf(adoptByRules, 100)
  assert(await holding('10.3.0.1/32'))
  // One for what was adopted and fifty behind it, and one that there is nothing more.
  assert.equal(await changesOf(source), 2)
})

test('differences become findings in turn: one source with very many keeps no other waiting', async (t) => {
  if (isLeftToNight(t)) return
  await turnsOf(followSources, 100)
  const [large, small] = [await makeSource(), await makeSource()]
  await send(large, many(450))
  await send(small, [host('10.4.0.1/32', lab)])
  await turnsOf(followSources, 2)
  const found = async (source: string) =>
    (await world.get<{ items: object[] }>(`/findings?sourceId=${source}&limit=1000`)).items.length
  assert.equal(await found(small), 1)
  assert((await found(large)) < 450)
  await turnsOf(followSources, 100)
  assert((await found(large)) >= 450)
})

test('what deleted sources have told goes in turn', async () => {
  const [large, small] = [await makeSource(), await makeSource()]
  await send(large, many(1_100))
  await send(small, [host('10.4.0.1/32', lab)])
  for (const source of [large, small]) await world.ask('DELETE', `/sources/${source}`)
  const turn = async () => (await world.store.write((tx) => tidySources(tx)))!.id
  assert.deepEqual([await turn(), await turn()], [large, small])
})
