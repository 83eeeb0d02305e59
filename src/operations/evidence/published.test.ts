// What others keep of the log, and are given of the record: checked with a public key alone, and found out wherever anybody has changed it.
import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { OtherLog, writeLog } from '#jobs/evidence-folder.ts'
import { formatCheckpoint, parseCheckpoint } from '#model/evidence/checkpoint.ts'
import { formatNote, keyIdOf, parseNote, type VerifierKey } from '#model/evidence/note.ts'
import { verifyEd25519 } from '#operator/ed25519.ts'
import { type Acme, lab, openAcme, prod, shop, tagsOf } from '../../../test/acme.ts'
import { dataRoot } from '../../../test/data-root.ts'
import { choicesOf } from '../../../test/random.ts'
import { signCheckpoint, verifierKeyOf } from './checkpoints.ts'
import { packLines, proofOf, sealPack, verifyPack, verifyProof } from './packs.ts'
import { sha256 } from './sha256.ts'
import { growTree, isTreeBehind } from './tree.ts'
import { type LogReport, verifyLog } from './verify-log.ts'

const seed = Number(process.env.CADASTRE_TEST_SEED ?? 20_261_130)
const random = choicesOf(seed)
let world: Acme
let keys: readonly VerifierKey[]
let folder: string

async function grow(): Promise<void> {
  while (await world.store.read(isTreeBehind)) await growTree(world.store)
  await signCheckpoint(world.store)
}
const allocate = (account: string, owner?: string) =>
  world.call(
    'AllocateAddress',
    owner === undefined ? {} : { TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: tagsOf({ owner }) }] },
    { account },
  )
before(async () => {
  world = await openAcme()
  const pool = await world.pool({})
  const policy = await world.policy({ 'cadastre:required-tags': 'owner' })
  await world.rules(policy, [pool])
  await world.enable(policy, prod)
  await assert.rejects(allocate(shop))
  await grow()
  for (let n = 0; n < 5; n++) await allocate(shop, `team ${n}`)
  // More than a tile of them.
  await world.store.write(async (tx) => {
    for (let n = 0; n < 600; n++) {
      await tx.journal.recordOwn(tx, 'operator', { action: 'Note', account: lab, subjects: [`note:${n}`] })
    }
  })
  await grow()
  keys = (await world.store.read((tx) => tx.evidence.keys())).map(verifierKeyOf)
  folder = await mkdtemp(join(dataRoot(), 'cadastre-test-'))
})
after(async () => {
  await rm(folder, { recursive: true, force: true })
  await world.close()
})

/** A log as a folder has it; some files are others. */
async function verified(at: string, more: readonly { name: string; note: string }[] = []): Promise<LogReport> {
  const read = (path: string) => readFile(join(at, path)).catch(() => undefined)
  const names = (await readdir(join(at, 'checkpoints'))).map((name) => `checkpoints/${name}`)
  const checkpoints = [...more]
  for (const name of ['checkpoint', ...names]) checkpoints.push({ name, note: String(await read(name)) })
  const { size } = parseCheckpoint(parseNote(String(await read('checkpoint')))?.text ?? '') ?? { size: 0 }
  return verifyLog({ read, checkpoints, size }, keys, verifyEd25519)
}

suite('a folder with the log', () => {
  test('is sound, and goes on where it was', async () => {
    const written = await writeLog(world.store, folder)
    const { size } = await world.store.read((tx) => tx.evidence.log())
    assert.equal(written, size)
    assert.deepEqual(await verified(folder), { problems: [], leaves: size, checkpoints: 3 })
    await allocate(shop, 'later')
    await grow()
    assert.equal(await writeLog(world.store, folder), size + 1)
    assert.deepEqual(await verified(folder), { problems: [], leaves: size + 1, checkpoints: 4 })
  })
  test('is found to be changed wherever one bit of a file is another, and where', async () => {
    await writeLog(world.store, folder)
    const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && /\/(tile|checkpoints)(\/|$)/.test(entry.parentPath))
      .map((entry) => join(entry.parentPath, entry.name))
    const { size } = await world.store.read((tx) => tx.evidence.log())
    // Of the newest tree: partial tiles of earlier ones are nobody's any more.
    const used = files.filter(
      (file) => !/\.p\//.test(file) || new RegExp(`\\.p/(${size % 256}|${Math.floor(size / 256)})$`).test(file),
    )
    for (const file of random.some(used, 12, 12)) {
      const bytes = await readFile(file)
      const at = random.between(0, bytes.length - 1)
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1 << random.between(0, 6)
      await writeFile(file, changed)
      const { problems } = await verified(folder)
      assert(problems.length > 0, `${file} at ${at}`)
      const index = Number(/entries\/(\d{3})/.exec(file)?.[1])
      const [first] = problems
      // A leaf of 32 bytes stands behind two that say how long it is.
      if (first!.kind === 'leaf-changed' && !Number.isNaN(index)) {
        assert.equal(first!.leaf, index * 256 + Math.floor(at / 34))
      }
      await writeFile(file, bytes)
    }
    assert.deepEqual((await verified(folder)).problems, [])
  })
  test('that was cut, or of which two checkpoints disagree, is found out by what was kept', async (t) => {
    await writeLog(world.store, folder)
    const cut = await mkdtemp(join(dataRoot(), 'cadastre-test-'))
    t.after(() => rm(cut, { recursive: true, force: true }))
    await cp(folder, cut, { recursive: true })
    const names = (await readdir(join(cut, 'checkpoints'))).sort((a, b) => Number(a) - Number(b))
    const first = await readFile(join(cut, 'checkpoints', names[0]!), 'utf8')
    const newest = await readFile(join(cut, 'checkpoint'), 'utf8')
    const size = parseCheckpoint(parseNote(newest)!.text)!.size
    const before = parseCheckpoint(parseNote(first)!.text)!.size
    // Somebody shows the log as it was once: what was kept of it later says that there was more.
    await world.store.read(async (tx) => {
      const leaves = await tx.evidence.leavesAfter(-1, before)
      const { bundleOf, pathOfEntries, pathOfTile } = await import('#model/evidence/tiles.ts')
      const { leafHash } = await import('#model/evidence/hashing.ts')
      const tile = { level: 0, index: 0, width: before }
      for (const [path, bytes] of [
        [pathOfEntries(tile), bundleOf(leaves.map(({ commitment }) => commitment))],
        [pathOfTile(tile), Buffer.concat(leaves.map(({ commitment }) => leafHash(sha256, commitment)))],
      ] as const) {
        const file = join(cut, path)
        await cp(join(folder, 'checkpoint'), file, { recursive: true })
        await writeFile(file, bytes)
      }
    })
    await rm(join(cut, 'checkpoints'), { recursive: true })
    await cp(join(folder, 'checkpoints', names[0]!), join(cut, 'checkpoints', names[0]!), { recursive: true })
    await writeFile(join(cut, 'checkpoint'), first)
    assert.deepEqual((await verified(cut)).problems, [])
    assert.deepEqual((await verified(cut, [{ name: 'kept', note: newest }])).problems, [
      { kind: 'tail-missing', checkpoint: 'kept', size, leaves: before },
    ])

    // A key that signs two trees of one size.
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const bytes = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url')
    const key: VerifierKey = { name: 'two.example', type: 1, publicKey: new Uint8Array(bytes) }
    const noteOf = (root: Uint8Array): string => {
      const text = formatCheckpoint({ origin: key.name, size: 7, root })
      const signature = new Uint8Array(sign(undefined, Buffer.from(text), privateKey))
      return formatNote({ text, signatures: [{ name: key.name, keyId: keyIdOf(sha256, key), signature }] })
    }
    const checkpoints = [1, 2].map((byte) => ({ name: `of ${byte}`, note: noteOf(new Uint8Array(32).fill(byte)) }))
    const read = async () => undefined
    const { problems } = await verifyLog({ read, checkpoints, size: 0 }, [key], verifyEd25519)
    assert.deepEqual(problems[0], { kind: 'checkpoints-disagree', checkpoint: 'of 2', other: 'of 1' })
    // Nobody's key.
    const unsigned = await verifyLog({ read, checkpoints, size: 0 }, keys, verifyEd25519)
    assert.deepEqual(new Set(unsigned.problems.map(({ kind }) => kind)), new Set(['checkpoint-unsigned']))
  })
  test('is not written over by another log', async () => {
    const other = await openAcme()
    while (await other.store.read(isTreeBehind)) await growTree(other.store)
    await signCheckpoint(other.store)
    await writeLog(world.store, folder)
    await assert.rejects(writeLog(other.store, folder), OtherLog)
    await other.close()
  })
})

suite('a record with its proof', () => {
  test('needs a key and nothing else, and is no other record', async () => {
    const entries = await world.database.select('select n from audit_entry order by n')
    for (const { n } of [entries[0]!, random.pick(entries), entries.at(-1)!]) {
      const proof = (await proofOf(world.store, Number(n)))!
      assert.deepEqual(verifyProof(proof, { keys, verify: verifyEd25519 }).problems, [])
      const text = JSON.stringify(proof)
      const other = JSON.parse(text.replace(/"outcome":"\w+"/, '"outcome":"Other"'))
      assert.deepEqual(verifyProof(other, { keys, verify: verifyEd25519 }).problems, [
        { kind: 'record-unproven', line: 1, entry: Number(n), part: 'entry' },
      ])
      const who = JSON.parse(text.replace(/"principal":"[^"]*"/, '"principal":"mallory"'))
      assert.equal(verifyProof(who, { keys, verify: verifyEd25519 }).problems.length, 1)
    }
    assert.equal(await proofOf(world.store, 1_000_000), undefined)
  })
})

suite('a pack', () => {
  const from = Date.UTC(2025, 0, 1)
  const until = Date.UTC(2027, 0, 1)
  async function pack(node?: string): Promise<string> {
    const lines: string[] = []
    for await (const line of packLines(world.store, { from, until, node })) lines.push(`${JSON.stringify(line)}\n`)
    const digest = createHash('sha256').update(lines.join('')).digest()
    return `${lines.join('')}${await sealPack(world.store, digest)}\n`
  }
  const check = (text: string) => verifyPack(text, { keys, verify: verifyEd25519 })

  test('has the record of a period, what was in force at its end, and is sound', async () => {
    const text = await pack()
    const [counted] = await world.database.select('select count(*) as entries from audit_entry')
    const record = Number(counted!.entries)
    assert.deepEqual(check(text), {
      problems: [],
      records: record,
      proven: { record, 'in-force': 1, policy: 1 },
      signed: {},
      isRecounted: false,
    })
    const kinds = new Set(
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).kind),
    )
    assert.deepEqual(
      [...kinds],
      ['pack', 'period', 'checkpoint', 'record', 'in-force', 'policy', 'days', 'end', 'signature'],
    )
    assert.match(text, /DeniedByPolicy/)
  })
  test('of a part of the organization has nothing of others', async () => {
    const text = await pack(prod)
    assert.equal(check(text).problems.length, 0)
    assert(text.includes(shop) && !text.includes(`"account":"${lab}"`))
    assert(!(await pack(lab)).includes(`"account":"${shop}"`))
  })
  test('is rejected once one byte of it is another, wherever it is', async () => {
    const text = await pack(prod)
    for (let time = 0; time < 40; time++) {
      const at = random.between(0, text.length - 1)
      const character = text[at] === 'x' ? 'y' : 'x'
      const changed = text.slice(0, at) + character + text.slice(at + 1)
      assert(check(changed).problems.length > 0, `at ${at}: ${text.slice(at - 20, at + 20)}`)
    }
    const lines = text.split('\n')
    assert(check(lines.toSpliced(5, 1).join('\n')).problems.length > 0, 'a line that is missing')
    assert(check(lines.slice(0, -2).join('\n')).problems.length > 0, 'without its end')
    assert.deepEqual(verifyPack(text, { keys: [], verify: verifyEd25519 }).problems[0], { kind: 'signature-forged' })
  })
})
