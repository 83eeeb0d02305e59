// What is done with sources without a request: what deleted ones told goes, what went silent is taken back, what is old is forgotten.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sendSnapshot } from '../../../test/native-access-examples.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'
import { differenceControls, sourceStale } from '../finding/difference-controls.ts'
import { settle } from '../finding/settle.ts'
import { goneKept, silentMsMax, snapshotsKept } from './snapshots.ts'
import { tidySources, untidySource } from './upkeep.ts'

let world: NativeWorld
before(async () => {
  world = await openNativeWorld()
})
after(() => world.close())

const makeSource = async (name: string): Promise<string> => {
  const { sourceId } = await world.post<{ sourceId: string }>('/sources', {
    name,
    kind: 'csv',
    node: managementAccount,
  })
  return sourceId
}
/** As the job does it. */
async function tidyAll(): Promise<number> {
  let turns = 0
  while (await world.store.read(async (tx) => (await untidySource(tx)) !== undefined)) {
    await world.store.write(async (tx) => void (await tidySources(tx)))
    turns++
    assert(turns < 100, 'it comes to its end')
  }
  return turns
}
const rowsOf = (source: string): Promise<number> =>
  world.store.read(async (tx) => (await tx.observations.newestAfter(source, -1, 10_000)).length)

test('what a deleted source has told goes a part at a time, and its name is free at once', async () => {
  const source = await makeSource('cloud')
  const cidrs = Array.from({ length: 1_500 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`)
  await sendSnapshot(world, source, cidrs)
  assert.equal((await world.ask('DELETE', `/sources/${source}`)).status, 204)
  assert.equal((await world.ask('GET', `/sources/${source}`)).status, 404)
  await makeSource('cloud')
  assert.equal(await rowsOf(source), 1_500)
  assert.equal(await tidyAll(), 2)
  assert.equal(await rowsOf(source), 0)
  assert.equal(await world.store.read((tx) => tx.sources.anyDeleted()), undefined)
})

test('what deleted sources had as findings is over as of then, a part at a time, and whatever is done with it besides', async () => {
  const [source, other] = [await makeSource('watched'), await makeSource('beside')]
  await world.store.write(async (tx) => {
    const facts = { cidr: '10.0.0.0/24' }
    for (const id of [source, other])
      for (const control of [differenceControls.unregistered, differenceControls.gone, sourceStale]) {
        const seen = Array.from({ length: 150 }, (_, n) => ({
          resource: `observed-${n}`,
          node: managementAccount,
          facts,
        }))
        await settle(
          tx,
          control,
          seen.map((one) => ({ ...one, source: id })),
        )
      }
  })
  const found = async (id: string) => {
    const { items } = await world.get<{ items: { status: string; resolvedAt?: string }[] }>(
      `/findings?sourceId=${id}&limit=1000`,
    )
    return items
  }
  const [first] = (await world.get<{ items: { findingId: string }[] }>(`/findings?sourceId=${source}`)).items
  const until = new Date((await world.store.read(async (tx) => tx.now)) + 86_400_000).toISOString()
  await world.post(`/findings/${first!.findingId}/suppress`, { reason: 'known', until })
  await world.ask('DELETE', `/sources/${source}`)
  const deletedAt = new Date(await world.store.read(async (tx) => tx.now)).toISOString()
  world.advance(5_000)
  assert.equal(await tidyAll(), 4)
  assert.deepEqual(
    [...new Set((await found(source)).map(({ status, resolvedAt }) => `${status} ${resolvedAt}`))],
    [`resolved ${deletedAt}`],
  )
  assert.deepEqual([...new Set((await found(other)).map(({ status }) => status))], ['open'])
  await world.ask('DELETE', `/sources/${other}`)
  await tidyAll()
})

test('a snapshot that went silent is taken back, and one that is being taken is not', async () => {
  const source = await makeSource('silent')
  await sendSnapshot(world, source, ['10.0.0.0/16'])
  await world.store.write(async (tx) => {
    const last = (await tx.sources.findSnapshot(source, 1))!
    await tx.sources.insertSnapshot({ ...last, number: 2, state: 'open', endedAt: undefined, touchedAt: tx.now })
    await tx.sources.change(source, { taking: 2 })
    const [row] = await tx.observations.newestAfter(source, -1, 1)
    await tx.observations.end(source, [row!.number], 2)
    await tx.observations.insert({ ...row!, sinceSnapshot: 2, account: 'half' })
  })
  assert.equal(await tidyAll(), 0)
  world.advance(silentMsMax + 1)
  assert((await tidyAll()) > 0)
  const [row] = await world.store.read((tx) => tx.observations.newestAfter(source, -1, 2))
  assert.deepEqual([row!.account, row!.sinceSnapshot], [managementAccount, 1])
  assert.equal((await world.store.read((tx) => tx.sources.find(source)))!.taking, undefined)
})

test('versions that ended before the snapshots that are kept are forgotten, and what holds is not', async () => {
  const source = await makeSource('old')
  await sendSnapshot(world, source, ['10.0.0.0/16', '10.1.0.0/16'])
  await world.store.write(async (tx) => {
    const last = (await tx.sources.findSnapshot(source, 1))!
    const [first] = await tx.observations.newestAfter(source, -1, 1)
    await tx.observations.end(source, [first!.number], 2)
    await tx.observations.insert({ ...first!, sinceSnapshot: 2, account: 'newer' })
    const newest = snapshotsKept + 3
    for (const number of [2, newest - 1, newest]) await tx.sources.insertSnapshot({ ...last, number })
    await tx.sources.change(source, { snapshot: newest })
  })
  assert((await tidyAll()) > 0)
  const kept = await world.store.read(async (tx) => ({
    versions: await tx.observations.holding({ sourceId: source, snapshot: snapshotsKept + 3 }, -1, 10),
    before: await tx.observations.holding({ sourceId: source, snapshot: 1 }, -1, 10),
    snapshots: (await tx.sources.listSnapshots(source, Number.MAX_SAFE_INTEGER, 10)).map(({ number }) => number),
  }))
  assert.deepEqual(
    kept.versions.map(({ account }) => account),
    ['newer', managementAccount],
  )
  // What held then and holds no more is forgotten.
  assert.equal(kept.before.length, 1)
  assert.deepEqual(kept.snapshots, [snapshotsKept + 3, snapshotsKept + 2])
  // Who sent them is known, each once, with the newest of theirs.
  const senders = await world.store.read((tx) => tx.sources.sendersOf(source))
  assert.deepEqual(
    senders.map(({ number, makers }) => ({ number, makers })),
    [{ number: snapshotsKept + 3, makers: [] }],
  )
})

test('snapshots that never held are forgotten too, and what has been gone for long', async () => {
  const source = await makeSource('broken')
  await sendSnapshot(world, source, ['10.0.0.0/16', '10.1.0.0/16'])
  await world.store.write(async (tx) => {
    const last = (await tx.sources.findSnapshot(source, 1))!
    const newest = snapshotsKept + 3
    for (const number of [2, 3, newest]) await tx.sources.insertSnapshot({ ...last, number, state: 'discarded' })
    const [first] = await tx.observations.newestAfter(source, -1, 1)
    await tx.observations.end(source, [first!.number], 2)
    await tx.observations.insert({ ...first!, sinceSnapshot: 2, missing: 2 })
  })
  await tidyAll()
  const snapshots = () => world.store.read((tx) => tx.sources.listSnapshots(source, Number.MAX_SAFE_INTEGER, 10))
  // The one that holds stays, whatever comes.
  assert.deepEqual(
    (await snapshots()).map(({ number }) => number),
    [snapshotsKept + 3, 3, 1],
  )
  assert.equal(await rowsOf(source), 2)
  await world.store.write((tx) => tx.sources.change(source, { snapshot: goneKept + 3 }))
  await tidyAll()
  assert.equal(await rowsOf(source), 1)
  assert.equal((await world.store.read((tx) => tx.sources.find(source)))!.observed, 1)
})
