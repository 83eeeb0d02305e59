// The log of evidence over HTTP: as others read logs, by anybody, and nothing of it that nobody has signed yet.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { parseCheckpoint } from '#model/evidence/checkpoint.ts'
import { parseNote, type VerifierKey } from '#model/evidence/note.ts'
import { verifyEd25519 } from '#operator/ed25519.ts'
import { type NativeWorld, openNativeWorld, withNativeApi } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'
import { signCheckpoint, verifierKeyOf } from './checkpoints.ts'
import { growTree, isTreeBehind } from './tree.ts'
import { verifyLog } from './verify-log.ts'

const path = '/api/v1/evidence/log'

suite('the log over HTTP', () => {
  let world: NativeWorld
  let keys: readonly VerifierKey[]
  const get = async (file: string, headers: Record<string, string> = {}) => {
    const { statusCode: status, headers: got, rawPayload } = await world.app.inject({ url: `${path}/${file}`, headers })
    return { status, headers: got, bytes: rawPayload }
  }
  const note = async () => (await get('checkpoint')).bytes.toString()
  const sizeOf = (text: string): number => parseCheckpoint(parseNote(text)!.text)!.size
  const record = (count: number) =>
    world.store.write(async (tx) => {
      for (let n = 0; n < count; n++) {
        await tx.journal.recordOwn(tx, 'operator', { action: 'Note', account: managementAccount, subjects: [`n:${n}`] })
      }
    })
  const grow = async () => {
    while (await world.store.read(isTreeBehind)) await growTree(world.store)
  }
  before(async () => {
    world = await openNativeWorld()
    await record(300)
    await grow()
    await signCheckpoint(world.store)
    keys = (await world.store.read((tx) => tx.evidence.keys())).map(verifierKeyOf)
  })
  after(() => world.close())

  test('is sound for whoever has nothing but its address and the public key', async () => {
    const read = async (file: string) => {
      const { status, bytes } = await get(file)
      return status === 200 ? bytes : undefined
    }
    const checkpoint = await note()
    const size = sizeOf(checkpoint)
    assert(size >= 300)
    const checkpoints = [{ name: 'checkpoint', note: checkpoint }]
    const report = await verifyLog({ read, checkpoints, size }, keys, verifyEd25519)
    assert.deepEqual(report, { problems: [], leaves: size, checkpoints: 1 })
  })
  test('is kept on the way as long as it holds: a checkpoint for seconds, tiles for good', async () => {
    const checkpoint = await get('checkpoint')
    assert.equal(checkpoint.headers['content-type'], 'text/plain; charset=utf-8')
    assert.equal(checkpoint.headers['cache-control'], 'public, max-age=5')
    const tile = await get('tile/0/000')
    assert.equal(tile.headers['content-type'], 'application/octet-stream')
    assert.equal(tile.headers['cache-control'], 'public, max-age=31536000, immutable')
    assert.equal(tile.bytes.length, 8_192)
    assert.equal((await get('tile/0/000', { 'if-none-match': String(tile.headers.etag) })).status, 304)
  })
  test('has nothing that is not signed yet, and no other path', async () => {
    const size = sizeOf(await note())
    await record(2)
    await grow()
    assert.equal(sizeOf(await note()), size)
    const partial = `tile/0/001.p/${size % 256}`
    assert.equal((await get(partial)).status, 200)
    for (const file of [
      `tile/0/001.p/${(size % 256) + 1}`,
      `tile/entries/001.p/${(size % 256) + 1}`,
      'tile/0/001',
      'tile/0/002.p/1',
      'tile/2/000.p/1',
      'tile/0/1',
      'tile/0/x000/001',
      'checkpoints/1',
      'checkpoint/',
      'tile/0/000.p/0',
      'tile/0/000.p/256',
    ]) {
      const { status, bytes } = await get(file)
      assert.equal(status, 404, file)
      assert.equal(JSON.parse(bytes.toString()).code, 'NotFound', file)
    }
    // Earlier partial tiles stay what they were.
    assert.equal((await get('tile/0/000.p/7')).bytes.length, 7 * 32)
    await signCheckpoint(world.store)
    assert.equal(sizeOf(await note()), size + 2)
  })
  test('names what is wrong with a path as it is described', async () => {
    const { status, bytes } = await get('x'.repeat(101))
    const { code, field } = JSON.parse(bytes.toString())
    assert.deepEqual([status, code, field], [400, 'InvalidParameterValue', 'file'])
  })
  test('tells whoever has a bad token so, and whoever has a good one nothing else', async () => {
    assert.equal((await get('checkpoint', { authorization: 'Bearer nobodys' })).status, 401)
    const as = await world.tokenOf('user:report', 'reporter', managementAccount)
    assert.equal((await get('checkpoint', { authorization: `Bearer ${as}` })).bytes.toString(), await note())
    assert.equal((await get(`checkpoint?what=ever`)).status, 400)
  })
  test('is for tokens alone where the operator says so, and counts those without one by where they come from', async (t) => {
    const closed = await withNativeApi(world, { isEvidencePublic: false })
    t.after(() => closed.app.close())
    const ask = (headers: Record<string, string>) => closed.app.inject({ url: `${path}/checkpoint`, headers })
    assert.equal((await ask({})).statusCode, 401)
    const as = await world.tokenOf('user:report', 'reporter', managementAccount)
    const good = await ask({ authorization: `Bearer ${as}` })
    assert.equal(good.headers['cache-control'], 'private, max-age=5')
    assert.equal(good.statusCode, 200)
    const few = await withNativeApi(world, { requestsPerMinute: 3 })
    t.after(() => few.app.close())
    const from = (address: string) =>
      few.app.inject({ url: `${path}/checkpoint`, headers: { 'x-forwarded-for': address } })
    for (let n = 0; n < 3; n++) assert.equal((await from('192.0.2.1')).statusCode, 200)
    const limited = await from('192.0.2.1')
    assert.equal(limited.statusCode, 429)
    assert(Number(limited.headers['retry-after']) > 0)
    assert.equal((await from('192.0.2.2')).statusCode, 200)
  })
})
