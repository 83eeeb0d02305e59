// Two installations, one of which is a witness for the other, over HTTP: what grows is signed by both, and another history by one alone.
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, afterEach, before, beforeEach, suite, test } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import { Bodies, bodyBytesOfSenderMax } from '#api/body.ts'
import { addWitness, submissionsPerMinute } from '#api/rest/witness.ts'
import { createSourceAddress } from '#api/source-address.ts'
import { askWitness, type Witness } from '#jobs/witnessing.ts'
import { parseAddress } from '#model/cidr.ts'
import { formatCheckpoint, parseCheckpoint } from '#model/evidence/checkpoint.ts'
import { formatNote, parseNote, signatureOn, type VerifierKey } from '#model/evidence/note.ts'
import { signedCheckpoint } from '#model/evidence/signed.ts'
import { conflictIn, formatSubmission, parseSubmission } from '#model/evidence/witness.ts'
import { verifyEd25519 } from '#operator/ed25519.ts'
import { exchange } from '#outbound/post.ts'
import { openNativeWorld, withNativeApi } from '../../../test/native-world.ts'
import { toHere } from '../../../test/notifying.ts'
import { choicesOf } from '../../../test/random.ts'
import { managementAccount, openWorld, type World } from '../../../test/world.ts'
import { claimOutbox, dispatch } from '../notification/dispatching.ts'
import { originOf, signatureOf, signCheckpoint, verifierKeyOf } from './checkpoints.ts'
import { sha256 } from './sha256.ts'
import { growTree, isTreeBehind, TreeReader } from './tree.ts'
import { cosignedCheckpoint } from './witnesses.ts'
import { addCheckpoint, witnessKeyOf } from './witnessing.ts'

const rules = { allowsHttp: true, allowedBlocks: [parseAddress('127.0.0.1')!], secondsMax: 5 }
const record = ({ store }: World, count = 1) =>
  store.write(async (tx) => {
    for (let n = 0; n < count; n++)
      await tx.journal.recordOwn(tx, 'operator', { action: 'Note', account: managementAccount, subjects: [`n:${n}`] })
  })
async function sign({ store }: World): Promise<void> {
  while (await store.read(isTreeBehind)) await growTree(store)
  await signCheckpoint(store)
}
const keysOf = ({ store }: World) => store.read((tx) => tx.evidence.keys())
const events = ({ database }: World) =>
  database.select(`select kind, facts, subject from event where kind like 'evidence.%' order by n`)

suite('a witness', () => {
  let log: World
  let other: World
  let app: FastifyInstance
  let url: string
  let logKeys: VerifierKey[]
  const bodies = new Bodies()
  let witness: Witness
  before(async () => {
    app = Fastify()
    await addWitness(
      app,
      {
        addressOf: createSourceAddress([parseAddress('127.0.0.1')!]),
        bodies,
        witness: (body) => addCheckpoint(other.store, body, { keys: logKeys, verify: verifyEd25519 }),
      },
      '/api/v1',
    )
    await app.listen({ port: 0, host: '127.0.0.1' })
    url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/api/v1/witness/add-checkpoint`
  })
  after(() => app.close())
  beforeEach(async () => {
    log = await openWorld()
    other = await openWorld()
    await record(log, 300)
    await sign(log)
    await record(other)
    await sign(other)
    logKeys = (await keysOf(log)).map(verifierKeyOf)
    const [key] = await keysOf(other)
    let calls = 0
    witness = {
      key: witnessKeyOf(key!),
      // Each from an address of its own: the bound is looked at by itself.
      submit: async (body) => {
        const headers = { 'x-forwarded-for': `192.0.2.${++calls}` }
        const heard = await exchange({ url, headers, body }, rules)
        return 'status' in heard ? heard : { problem: heard.problem.why }
      },
    }
  })
  afterEach(async () => {
    await log.close()
    await other.close()
  })
  const ask = () => askWitness(witness, log, verifyEd25519)
  const state = () => log.store.read((tx) => tx.witnesses.find(witness.key.name))
  const published = async () => (await log.store.read(cosignedCheckpoint))!.note
  const putOff = () => log.database.tamper('update evidence_witness set next_at = 0')

  test('signs what grows, and the log shows it with the checkpoint', async () => {
    assert.equal(await ask(), true)
    for (let time = 0; time < 3; time++) {
      await record(log, 7)
      await sign(log)
      assert.equal(await ask(), true)
      const note = await published()
      assert(typeof signedCheckpoint(note, { sha256, verify: verifyEd25519, keys: logKeys }) === 'object')
      assert.equal(signatureOn(sha256, verifyEd25519, parseNote(note)!, witness.key).status, 'signed')
    }
    const { size } = await log.store.read((tx) => tx.evidence.log())
    const seen = await other.store.read((tx) => tx.witnesses.findLog(logKeys[0]!.name))
    assert.deepEqual([seen!.size, (await state())!.size], [size, size])
    // Nothing is new: nothing is sent.
    assert.equal(await ask(), true)
    assert.deepEqual(await events(other), [])
  })
  test('is no signer of the log: its signature alone is none', async () => {
    await ask()
    const note = parseNote(await published())!
    const alone = formatNote({ ...note, signatures: note.signatures.slice(-1) })
    assert.equal(
      signedCheckpoint(alone, { sha256, verify: verifyEd25519, keys: [...logKeys, witness.key] }),
      'unsigned',
    )
  })
  test('whose signature is forged is found, wherever a byte of it is another', async () => {
    await ask()
    const note = await published()
    const random = choicesOf(Number(process.env.CADASTRE_TEST_SEED ?? 7))
    const from = note.lastIndexOf('— ') + 3 + witness.key.name.length + 8
    for (let time = 0; time < 10; time++) {
      const at = random.between(from, note.length - 4)
      const changed = `${note.slice(0, at)}${note[at] === 'A' ? 'B' : 'A'}${note.slice(at + 1)}`
      assert.equal(
        signedCheckpoint(changed, { sha256, verify: verifyEd25519, keys: [...logKeys, witness.key] }),
        'forged',
        `at ${at}`,
      )
    }
    // What the witness answers is looked at before it is shown.
    await record(log)
    await sign(log)
    const { submit } = witness
    const lying: Witness = {
      ...witness,
      submit: async (body) => {
        const heard = await submit(body)
        return 'text' in heard ? { ...heard, text: heard.text.replace(/.{6}\n/, 'AAAAAA\n') } : heard
      },
    }
    assert.equal(await askWitness(lying, log, verifyEd25519), false)
    assert.match((await state())!.problem!, /not its signature/)
  })
  test('that has seen more or less than the log remembers says so, and both go on', async () => {
    await ask()
    await log.database.tamper('delete from evidence_witness')
    await record(log)
    await sign(log)
    assert.equal(await ask(), true)
  })
  test('does not sign another history, and the log is told', async () => {
    await ask()
    const seen = (await other.store.read((tx) => tx.witnesses.findLog(logKeys[0]!.name)))!
    // Whoever has the database and the key changes what was signed, and makes all of it anew to fit.
    const [first] = await log.database.select('select min(n) as n from audit_entry')
    await log.database.tamper(
      `update audit_entry set evidence = null, at = at + 1 where n = ${first!.n}; delete from evidence_tile; update evidence_log set size = 0, entry = -1`,
    )
    await record(log, 3)
    await sign(log)
    assert.equal(await ask(), false)
    assert.match((await state())!.problem!, /another log under this name/)
    const kept = (await other.store.read((tx) => tx.witnesses.findLog(seen.origin)))!
    // What was sent is the log's, and whose proof it came with nobody knows.
    assert.deepEqual([kept, await events(other)], [seen, []])
    assert.deepEqual(
      (await events(log)).map(({ kind }) => kind),
      ['evidence.refused'],
    )
    // Once, however often it is tried.
    await putOff()
    await ask()
    assert.equal((await events(log)).length, 1)
  })
  test('is told nothing by a proof that is none: whoever has two checkpoints of an honest log can send one', async () => {
    await ask()
    const before = (await other.store.read((tx) => tx.witnesses.findLog(logKeys[0]!.name)))!
    await record(log, 5)
    await sign(log)
    const checkpoint = (await log.store.read((tx) => tx.evidence.newestCheckpoint()))!.note
    for (const proof of [[], [new Uint8Array(32).fill(9)], [new Uint8Array(32), new Uint8Array(32).fill(1)]]) {
      const heard = await witness.submit(formatSubmission({ before: before.size, proof, checkpoint }))
      assert.equal('status' in heard && heard.status, 422)
    }
    assert.deepEqual(await events(other), [])
    assert.deepEqual(await other.store.read((tx) => tx.witnesses.findLog(before.origin)), before)
    assert.equal(await ask(), true)
  })
  test('does not sign another root of the same size, keeps both as a proof, and tells of it once', async () => {
    await ask()
    const seen = (await other.store.read((tx) => tx.witnesses.findLog(logKeys[0]!.name)))!
    // A version before has kept what proves nothing: it is in nobody's way.
    await other.database.tamper(`update witnessed_log set conflict = note, conflict_at = 1`)
    const note = await log.store.write(async (tx) => {
      const { size } = await tx.evidence.log()
      const text = formatCheckpoint({ origin: originOf(tx), size, root: new Uint8Array(32).fill(7) })
      const [key] = await tx.evidence.keys()
      return formatNote({ text, signatures: [await signatureOf(tx, key!, text)] })
    })
    const { size } = parseCheckpoint(parseNote(note)!.text)!
    const heard = await witness.submit(formatSubmission({ before: size, proof: [], checkpoint: note }))
    assert.deepEqual('status' in heard && [heard.status, heard.contentType, heard.text], [
      409,
      'text/x.tlog.size',
      `${size}\n`,
    ])
    await witness.submit(formatSubmission({ before: size, proof: [], checkpoint: note }))
    const told = (await events(other)).map(({ kind, subject }) => [kind, subject])
    assert.deepEqual(told, [['evidence.forked', seen.origin]])
    // Both are signed by the log's own key, also once it has grown on: nobody can say that they were not.
    await record(log)
    await sign(log)
    assert.equal(await ask(), true)
    const kept = (await other.store.read((tx) => tx.witnesses.findLog(seen.origin)))!
    assert(kept.size > seen.size)
    assert.deepEqual(conflictIn(kept.conflict), [seen.note, note])
    for (const one of conflictIn(kept.conflict)!) {
      const signed = signedCheckpoint(one, { sha256, verify: verifyEd25519, keys: logKeys })
      assert(typeof signed === 'object' && signed.size === seen.size)
    }
  })
  test('that has seen more leaves than there are tells of a log that was cut, or put back', async () => {
    await ask()
    // Left alone with what it remembers, the log would find itself whole.
    await other.database.tamper('update witnessed_log set size = size + 5')
    await log.database.tamper('delete from evidence_witness')
    assert.equal(await ask(), false)
    assert.match((await state())!.problem!, /was cut, or put back/)
  })
  test('says what is wrong with what it is sent, and signs none of it', async () => {
    const checkpoint = (await log.store.read((tx) => tx.evidence.newestCheckpoint()))!.note
    const { size } = parseCheckpoint(parseNote(checkpoint)!.text)!
    const good = formatSubmission({ before: 0, proof: [], checkpoint })
    const statusOf = async (body: string) => {
      const heard = await witness.submit(body)
      return 'status' in heard ? heard.status : heard.problem
    }
    assert.equal(await statusOf('old 0\n\nnothing\n'), 400)
    assert.equal(await statusOf(''), 400)
    assert.equal(await statusOf(good.replace('old 0', `old ${size + 1}`)), 400)
    assert.equal(await statusOf(good.replace(/\ncadastre/g, '\nsomebody')), 404)
    assert.equal(await statusOf(good.replace(`\n${size}\n`, `\n${size + 1}\n`)), 403)
    assert.equal(await statusOf(good.replace('old 0', 'old 3')), 409)
    assert.equal(await statusOf(`${good}${'x'.repeat(70_000)}`), 413)
    assert.equal(await statusOf(good), 200)
    assert.equal(await other.store.read(async (tx) => (await tx.witnesses.logs()).length), 1)
    const hashes = Array.from({ length: 64 }, () => new Uint8Array(32))
    assert.equal(parseSubmission(formatSubmission({ before: 1, proof: hashes, checkpoint })), undefined)
  })
  test('keeps of a checkpoint what the log has signed, whatever others write below it, and takes no turn for what is not new', async () => {
    await ask()
    const checkpoint = (await log.store.read((tx) => tx.evidence.newestCheckpoint()))!.note
    const { size } = parseCheckpoint(parseNote(checkpoint)!.text)!
    const seenAt = () => other.store.read((tx) => tx.witnesses.findLog(logKeys[0]!.name))
    const seen = await seenAt()
    const writes: unknown[] = []
    const { write } = other.store
    other.store.write = (work) => {
      writes.push(work)
      return write.call(other.store, work) as never
    }
    const junk = `— somebody ${Buffer.alloc(60_000 / 2, 1).toString('base64')}\n`
    for (const note of [checkpoint, `${checkpoint}${junk}`, `${checkpoint}— x AAAAAAAA\n`]) {
      const heard = await witness.submit(formatSubmission({ before: size, proof: [], checkpoint: note }))
      assert.deepEqual('status' in heard && heard.status, 200)
      // Sent again with a size that it has not seen: anybody can who has a checkpoint.
      const old = await witness.submit(formatSubmission({ before: size - 1, proof: [], checkpoint: note }))
      assert.deepEqual('status' in old && old.status, 409)
    }
    other.store.write = write
    assert.deepEqual(writes, [])
    assert.deepEqual(await seenAt(), seen)
    await record(log)
    await sign(log)
    const next = (await log.store.read((tx) => tx.evidence.newestCheckpoint()))!
    const proof = await log.store.read((tx) => new TreeReader(tx).consistency(size, next.size))
    await witness.submit(formatSubmission({ before: size, proof, checkpoint: `${next.note}${junk}` }))
    assert.equal((await seenAt())!.note, next.note)
  })
  test('that names another size each time is asked as one that fails, and not without end', async () => {
    await ask()
    await record(log)
    await sign(log)
    let size = 1
    const lying: Witness = {
      ...witness,
      submit: async () => ({ status: 409, contentType: 'text/x.tlog.size', text: `${size++}\n` }),
    }
    assert.equal(await askWitness(lying, log, verifyEd25519), false)
    assert.match((await state())!.problem!, /another size each time/)
    assert((await state())!.nextAt > 0)
  })
  test('D1 reads a body where there is room for it beside all others, and nothing of whoever has asked too often', async () => {
    const sender = { name: '198.51.100.7', isProven: false }
    assert(bodies.take(sender, bodyBytesOfSenderMax))
    const from = async (address: string, body: string) => {
      const heard = await exchange({ url, headers: { 'x-forwarded-for': address }, body }, rules)
      return 'status' in heard && heard.status
    }
    const long = 'x'.repeat(50_000)
    assert.equal(await from('198.51.100.7', long), 429)
    assert.equal(await from('198.51.100.8', long), 400)
    bodies.give(sender, bodyBytesOfSenderMax)
    assert.equal(await from('198.51.100.7', long), 400)
    assert.equal(bodies.held, 0)
  })
  test('D2 hears an address so often a minute and no more, and another one still', async () => {
    const from = async (address: string) => {
      const heard = await exchange({ url, headers: { 'x-forwarded-for': address }, body: '' }, rules)
      return 'status' in heard && heard.status
    }
    const answers = new Set<unknown>()
    for (let n = 0; n < submissionsPerMinute; n++) answers.add(await from('198.51.100.1'))
    assert.deepEqual([...answers], [400, 429])
    assert.equal(await from('198.51.100.2'), 400)
  })
})

test('who may see everything sees witnesses and what is witnessed, and nobody else', async (t) => {
  const world = await openNativeWorld()
  t.after(() => world.close())
  await record(world)
  await sign(world)
  const shown = await world.get<{ size: number; keys: string[]; witnessKeys: string[]; witnesses: object[] }>(
    '/evidence',
  )
  assert.deepEqual([shown.size, shown.keys.length, shown.witnessKeys.length, shown.witnesses], [3, 1, 1, []])
  const { app } = await withNativeApi(world)
  assert.equal((await app.inject({ method: 'POST', url: '/api/v1/witness/add-checkpoint' })).statusCode, 404)
})

test('a checkpoint is told to whoever asks for it by name, and not to whoever asks for everything', async (t) => {
  const world = await openNativeWorld({ notifications: toHere })
  t.after(() => world.close())
  const subscribe = (events?: string[]) =>
    world.post('/subscriptions', {
      ...{
        node: '*',
        format: 'webhook',
        targetUrl: 'http://127.0.0.1:9/',
        severity: 'informational',
        ...(events ? { events } : {}),
      },
    })
  await subscribe()
  await record(world)
  await sign(world)
  assert.deepEqual(await events(world), [])
  await subscribe(['evidence.checkpoint'])
  await record(world)
  await sign(world)
  const [told, ...more] = await events(world)
  const newest = (await world.store.read((tx) => tx.evidence.newestCheckpoint()))!
  assert.deepEqual(JSON.parse(String(told!.facts)), { size: newest.size, checkpoint: newest.note })
  assert.deepEqual(more, [])
  // And to nobody else: of two subscriptions one has a delivery.
  assert(await claimOutbox(world.store, { id: 'here' }))
  while (await dispatch(world.store, { id: 'here' }));
  const [{ count }] = (await world.database.select(
    'select count(*) as count from delivery where event = (select max(n) from event where kind = ' +
      "'evidence.checkpoint')",
  )) as [{ count: number }]
  assert.equal(Number(count), 1)
})
