// The record as it is sent: each entry, in order, behind a cursor that goes on wherever it was.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { foundOrganization } from '../../test/acme.ts'
import { openWorld, type World } from '../../test/world.ts'
import { type Sink, sendRecord } from './sending.ts'

let world: World
before(async () => {
  world = await openWorld()
  await foundOrganization(world)
})
after(() => world.close())

const pace = { step: <T>(work: () => Promise<T>) => work(), isCrowded: () => false, hearsOthers: () => {} }
const at = (worker: string) => ({ store: world.store, worker, pace })
const write = (count: number) =>
  world.store.write(async (tx) => {
    const { recordOwn } = await import('#operations/record/own-entries.ts')
    for (let n = 0; n < count; n++) {
      tx.subjects.begin()
      await recordOwn(tx, 'housekeeping', { action: `Act${n}`, account: '111111111111', subjects: [] })
    }
  })
function sinkOf(name: Sink['name'], isTaking: () => boolean = () => true) {
  const taken: string[] = []
  const sink: Sink = {
    name,
    async send(changes) {
      if (!isTaking()) throw new Error('not now')
      taken.push(...changes.map(({ action }) => action))
    },
  }
  return { sink, taken }
}

test('what was there before is not sent, and each entry from then on once, in its order', async () => {
  const { sink, taken } = sinkOf('file')
  assert.equal(await sendRecord(sink, at('one')), 0)
  assert.deepEqual(taken, [])
  await write(450)
  assert.equal(await sendRecord(sink, at('one')), 3)
  assert.deepEqual(
    taken,
    Array.from({ length: 450 }, (_, n) => `Act${n}`),
  )
  assert.equal(await sendRecord(sink, at('one')), 0)
})

test('another server waits until the first says nothing any more, and goes on where it was', async () => {
  const [first, second] = [sinkOf('file'), sinkOf('file')]
  await sendRecord(first.sink, at('one'))
  await write(2)
  assert.equal(await sendRecord(second.sink, at('two')), 0)
  assert.equal(await sendRecord(first.sink, at('one')), 1)
  await write(1)
  world.advance(61_000)
  assert.equal(await sendRecord(second.sink, at('two')), 1)
  assert.deepEqual([first.taken, second.taken], [['Act0', 'Act1'], ['Act0']])
})

test('D5 what fails is tried again after longer and longer, from where it was, and holds up nothing else', async () => {
  let isTaking = false
  const { sink, taken } = sinkOf('syslog', () => isTaking)
  assert.equal(await sendRecord(sink, at('one')), 0)
  await write(3)
  await assert.rejects(sendRecord(sink, at('one')))
  assert.equal(await sendRecord(sink, at('one')), 0, 'it is left alone')
  world.advance(2_001)
  await assert.rejects(sendRecord(sink, at('one')))
  world.advance(2_001)
  assert.equal(await sendRecord(sink, at('one')), 0, 'for twice as long')
  world.advance(2_001)
  isTaking = true
  assert.equal(await sendRecord(sink, at('one')), 1)
  assert.deepEqual(taken, ['Act0', 'Act1', 'Act2'])
})
