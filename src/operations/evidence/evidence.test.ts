// The log of evidence: each entry has its leaf from the transaction that wrote it, and whoever changes the record afterwards is found.
import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { parseCheckpoint } from '#model/evidence/checkpoint.ts'
import { equalHashes } from '#model/evidence/hashing.ts'
import { isConsistent } from '#model/evidence/merkle.ts'
import { parseNote, signatureOn, type VerifyEd25519 } from '#model/evidence/note.ts'
import { type Acme, asNetwork, network, openAcme, prod, root, shop, tagsOf } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { type Choices, choicesOf } from '../../../test/random.ts'
import { managementAccount, openSealer } from '../../../test/world.ts'
import { allocateAddress } from '../space/addresses.ec2.ts'
import { isCheckpointDue, originOf, signCheckpoint, verifierKeyOf } from './checkpoints.ts'
import { erasePrincipal } from './erasing.ts'
import { type PackLine, packLines } from './packs.ts'
import { sha256 } from './sha256.ts'
import { growTree, indexOfEntry, isLeafAt, isTreeBehind, TreeReader } from './tree.ts'
import { type EvidenceReport, verifyRecord } from './verify.ts'

const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  const x = Buffer.from(publicKey).toString('base64url')
  return verify(
    undefined,
    message,
    createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }),
    signature,
  )
}
const verified = (world: Acme): Promise<EvidenceReport> => verifyRecord(world.store, { verify: verifyEd25519 })

async function grow({ store }: Acme): Promise<void> {
  while (await store.read(isTreeBehind)) await growTree(store)
}
const allocate = (world: Acme) =>
  world.call(
    'AllocateAddress',
    { TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: tagsOf({ owner: 'shop' }) }] },
    { account: shop },
  )
/** A company with everything that a leaf speaks of: changes of governance, space, denials, and a refusal. */
async function openRecord(): Promise<Acme> {
  const world = await openAcme()
  const open = await world.pool({})
  const policy = await world.policy({ 'cadastre:required-tags': 'owner' })
  await world.rules(policy, [open])
  await world.enable(policy, prod)
  await assert.rejects(world.poolOfAddress(shop))
  for (let n = 0; n < 5; n++) await allocate(world)
  await assert.rejects(world.call('DeleteIpamPool', { IpamPoolId: 'ipam-pool-0123456789abcdef0' }, asNetwork))
  return world
}

suite('the log of evidence', () => {
  let world: Acme
  before(async () => {
    world = await openRecord()
  })
  after(() => world.close())

  test('has a leaf for each entry, from the transaction that wrote it', async () => {
    const bare = await world.database.select('select n from audit_entry where evidence is null')
    assert.deepEqual(bare, [])
    const [counted] = await world.database.select('select count(*) as entries from audit_entry')
    await grow(world)
    const { size } = await world.store.read((tx) => tx.evidence.log())
    assert.equal(size, Number(counted!.entries))
    assert.equal(await world.store.read(isTreeBehind), false)
  })
  test('proves each entry under a signed checkpoint', async () => {
    await grow(world)
    await signCheckpoint(world.store)
    await world.store.read(async (tx) => {
      const { size, note } = (await tx.evidence.newestCheckpoint())!
      const reader = new TreeReader(tx)
      assert(equalHashes(parseCheckpoint(parseNote(note)!.text)!.root, await reader.root(size)))
      const leaves = await tx.evidence.leavesAfter(-1, 1_000)
      assert.equal(leaves.length, size)
      for (const [at, { entry, commitment }] of leaves.entries()) {
        assert.equal(await indexOfEntry(tx, entry), at)
        assert(await isLeafAt(reader, commitment, at, size))
        assert(!(await isLeafAt(reader, commitment, (at + 1) % size, size)))
      }
    })
  })
  test('begins with what it was, however far it has grown', async () => {
    await grow(world)
    const before = await world.store.read((tx) => tx.evidence.log())
    const root = await world.store.read((tx) => new TreeReader(tx).root(before.size))
    for (let n = 0; n < 3; n++) await allocate(world)
    await grow(world)
    await world.store.read(async (tx) => {
      const { size } = await tx.evidence.log()
      assert(size > before.size)
      const reader = new TreeReader(tx)
      const path = await reader.consistency(before.size, size)
      const now = { size, root: await reader.root(size) }
      assert(isConsistent(sha256, { size: before.size, root }, now, path))
      assert(!isConsistent(sha256, { size: before.size, root: now.root }, now, path))
    })
  })
  test('is signed anew only where there is something new', async () => {
    await grow(world)
    await signCheckpoint(world.store)
    assert.equal(await world.store.read(isCheckpointDue), false)
    await allocate(world)
    await grow(world)
    assert.equal(await world.store.read(isCheckpointDue), true)
  })
  test('holds of a denial what was decided, and says nothing of it without its salt', async () => {
    const [row] = await world.database.select(
      `select a.n, a.decided, d.salt from audit_entry a join decision d on d.audit_entry = a.n where a.decided is not null`,
    )
    assert.equal((row!.decided as Uint8Array).length, 32)
    assert.equal((row!.salt as Uint8Array).length, 16)
    const openings = await world.store.read((tx) => tx.evidence.openings([Number(row!.n)]))
    assert.equal(openings[0]!.decisions[0]!.commitment, Buffer.from(row!.decided as Uint8Array).toString('hex'))
    assert.equal(openings[0]!.commitment, openings[0]!.written)
  })
})

test('a record that nobody has changed is found to be whole, and says how much it was', async () => {
  const world = await openRecord()
  await grow(world)
  await signCheckpoint(world.store)
  await allocate(world)
  const { size } = await world.store.read((tx) => tx.evidence.log())
  assert.deepEqual(await verified(world), {
    problems: [],
    isCut: false,
    leaves: size,
    checkpoints: 1,
    erased: 0,
    waiting: 1,
  })
  await world.close()
})

/** Whoever can write the database: one change of what is there, and the entry that it is told to be found at. */
interface Tampering {
  readonly of: string
  readonly sql: string
  /** Of the entries that it touches; undefined where it is no entry's. */
  readonly entries?: string
}
const flip = (table: string, column: string, where: string): string =>
  `update ${table} set ${column} = ${column} || '!' where ${where}`
const add = (table: string, column: string, where: string): string =>
  `update ${table} set ${column} = ${column} + 1 where ${where}`
function tamperings(entry: number, spare: number): readonly Tampering[] {
  const of = `n = ${entry}`
  const own = `select ${entry} as n`
  const ofOrigin = `select n from audit_entry where origin = (select origin from audit_entry where n = ${entry}) order by n`
  return [
    { of: 'when', sql: add('audit_entry', 'at', of), entries: own },
    { of: 'the request', sql: flip('audit_entry', 'request_id', of), entries: own },
    { of: 'the outcome', sql: flip('audit_entry', 'outcome', of), entries: own },
    { of: 'the subjects', sql: flip('audit_entry', 'subjects', of), entries: own },
    { of: 'the answer', sql: `update audit_entry set result = '{}' where ${of}`, entries: own },
    { of: 'a dry run', sql: `update audit_entry set dry_run = 1 where ${of}`, entries: own },
    { of: 'how often', sql: `update audit_entry set times = 7 where ${of}`, entries: own },
    { of: 'what was decided', sql: `update audit_entry set decided = evidence where ${of}`, entries: own },
    {
      of: 'the evidence itself',
      sql: `update audit_entry set evidence = (select evidence from audit_entry where n = ${spare}) where ${of}`,
      entries: own,
    },
    {
      of: 'who asked',
      sql: `update origin set principal = 'mallory' where n = (select origin from audit_entry where ${of})`,
      entries: ofOrigin,
    },
    {
      of: 'from where',
      sql: `update origin set source_address = '203.0.113.9' where n = (select origin from audit_entry where ${of})`,
      entries: ofOrigin,
    },
    {
      of: 'another origin',
      sql: `update audit_entry set origin = (select max(n) from origin) where ${of} and origin <> (select max(n) from origin)`,
      entries: own,
    },
  ]
}

test('what anybody changes of the record is found, and where', async (t) => {
  const world = await openRecord()
  t.after(() => world.close())
  await grow(world)
  await signCheckpoint(world.store)
  const putBack = await world.database.keep()
  const seed = Number(process.env.CADASTRE_TEST_SEED ?? 1)
  t.diagnostic(`seed ${seed}`)
  const random = choicesOf(seed)
  const entries = (await world.database.select('select n from audit_entry order by n')).map(({ n }) => Number(n))
  const leafOf = new Map(entries.map((n, at) => [n, at]))
  for (const entry of [entries[0]!, random.pick(entries), random.pick(entries), entries.at(-1)!]) {
    for (const { of, sql, entries: touched } of tamperings(entry, entries.find((n) => n !== entry)!)) {
      const where = (await world.database.select(touched!)).map(({ n }) => Number(n))
      const had = await world.database.tables()
      await world.database.tamper(sql)
      const isChanged = JSON.stringify(had) !== JSON.stringify(await world.database.tables())
      const { problems } = await verified(world)
      const found = problems.map((problem) => ('entry' in problem ? problem.entry : undefined))
      assert.deepEqual(found, isChanged ? where : [], `${of} of entry ${entry}`)
      for (const problem of problems) {
        assert(problem.kind === 'record-changed', of)
        assert.equal(problem.leaf, leafOf.get(problem.entry))
        assert.equal(problem.part, /who|from where/.test(of) ? 'origin' : 'entry')
      }
      await putBack()
    }
  }

  const middle = entries[Math.floor(entries.length / 2)]!
  const former = entries[entries.indexOf(middle) - 1]!
  const leaf = leafOf.get(middle)!
  const last = entries.at(-1)!
  const found = async (sql: string) => {
    await world.database.tamper(sql)
    const { problems } = await verified(world)
    await putBack()
    return problems
  }
  const size = entries.length
  assert.deepEqual(await found(`delete from audit_entry where n = ${middle}`), [
    { kind: 'record-missing', leaf, afterEntry: former },
  ])
  assert.deepEqual(await found(`delete from audit_entry where n = ${last}`), [
    { kind: 'record-missing', leaf: size - 1, afterEntry: entries.at(-2)! },
  ])
  const copied =
    'at, origin, request_id, outcome, subjects, token, parameters, result, dry_run, times, given, evidence, decided'
  // Between two numbers that are drawn there is room: decisions and origins have the numbers there.
  const room = entries.findIndex((n, at) => at > 0 && n > entries[at - 1]! + 1)
  const free = entries[room]! - 1
  assert.deepEqual(
    await found(
      `insert into audit_entry (n, ${copied}) select ${free}, ${copied} from audit_entry where n = ${middle}`,
    ),
    [{ kind: 'record-added', entry: free }],
  )
  // Two that change places: the number is in what is hashed.
  const swapped = `update audit_entry set n = -5 where n = ${former}; update audit_entry set n = ${former} where n = ${middle};
    update audit_entry set n = ${middle} where n = -5`
  assert.deepEqual(
    (await found(swapped)).map((problem) => 'entry' in problem && problem.entry),
    [former, middle],
  )
  // One bit of the tree itself: the entry does not fit its leaf, and neither does what was signed.
  const [tile] = await world.database.select('select hashes from evidence_tile where level = 0')
  const hashes = Buffer.from(tile!.hashes as Uint8Array)
  hashes[leaf * 32 + random.between(0, 31)]! ^= 1 << random.between(0, 7)
  const literal = world.database.engine === 'sqlite' ? (text: string) => `x'${text}'` : (text: string) => `'\\x${text}'`
  const [signed] = await world.database.select('select n from evidence_checkpoint')
  assert.deepEqual(
    await found(`update evidence_tile set hashes = ${literal(hashes.toString('hex'))} where level = 0`),
    [
      { kind: 'record-changed', entry: middle, leaf, part: 'entry' },
      { kind: 'tree-changed', checkpoint: Number(signed!.n), from: 0, to: size },
    ],
  )

  const [denied] = await world.database.select(
    'select d.n, d.audit_entry as entry from decision d where d.salt is not null order by d.n limit 1',
  )
  const [entry, decision] = [Number(denied!.entry), Number(denied!.n)]
  for (const sql of [
    `update decision set at = at + 1 where n = ${decision}`,
    `update decision set request = '{}' where n = ${decision}`,
    `update ruling set outcome = 'allow' where n = (select ruling from decision where n = ${decision})`,
    `update ruling set body = replace(body, 'trace', 'trade') where n = (select ruling from decision where n = ${decision})`,
  ]) {
    assert.deepEqual(await found(sql), [{ kind: 'decision-changed', entry, decision }], sql)
  }
  assert.deepEqual(await found(`delete from decision where n = ${decision}`), [
    { kind: 'decision-missing', entry, count: 1 },
  ])

  // What an object was, and which versions a change was between.
  const [version] = await world.database.select(
    `select s.entry, s.object_id as id, s.version_after as version from audit_subject s
     join history h on h.object_id = s.object_id and h.version = s.version_after where h.kind = 'ipam-policy' order by s.entry limit 1`,
  )
  const where = `object_id = '${version!.id}' and version = ${version!.version}`
  const changed = {
    kind: 'record-changed',
    entry: Number(version!.entry),
    leaf: leafOf.get(Number(version!.entry)),
    part: 'entry',
  }
  const ofSubject = `entry = ${version!.entry} and object_id = '${version!.id}'`
  for (const sql of [
    `update history set body = replace(body, '{', '{ ') where ${where}`,
    `update history set account = '999999999999' where ${where}`,
    `update history set from_at = from_at - 1 where ${where}`,
    `update audit_subject set version_after = version_after + 1 where ${ofSubject}`,
    `update audit_subject set object_id = 'other' where ${ofSubject}`,
    `delete from audit_subject where ${ofSubject}`,
  ]) {
    assert.deepEqual(await found(sql), [changed], sql)
  }
})

/** What there is to tamper with. */
interface Log {
  readonly entries: readonly number[]
  /** In their order, with whether the key from before signed them alone. */
  readonly checkpoints: readonly { readonly n: number; readonly size: number; readonly note: string; isOld: boolean }[]
  readonly world: Acme
}
type Drawn = { readonly sql: string; readonly problems: EvidenceReport['problems'] }
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
/** Kinds of tampering at a place that is drawn, with what is to be told of it. */
const kindsOfTampering: Readonly<Record<string, (log: Log, random: Choices) => Promise<Drawn>>> = {
  async 'an entry says something else'({ entries }, random) {
    const leaf = random.between(0, entries.length - 1)
    const entry = entries[leaf]!
    const flips = ['request_id', 'outcome', 'subjects'].map((column) => flip('audit_entry', column, `n = ${entry}`))
    const sql = random.pick([...flips, add('audit_entry', 'at', `n = ${entry}`)])
    return { sql, problems: [{ kind: 'record-changed', entry, leaf, part: 'entry' }] }
  },
  async 'somebody else asked'({ entries, world }, random) {
    const of = `(select origin from audit_entry where n = ${random.pick(entries)})`
    const rows = await world.database.select(`select n from audit_entry where origin = ${of} order by n`)
    const column = random.pick(['principal', 'source_address', 'access_key_id', 'region', 'action'])
    return {
      sql: flip('origin', column, `n = ${of}`),
      problems: rows.map(({ n }) => {
        const entry = Number(n)
        return { kind: 'record-changed', entry, leaf: entries.indexOf(entry), part: 'origin' }
      }),
    }
  },
  async 'an entry is gone'({ entries }, random) {
    const leaf = random.between(1, entries.length - 1)
    return {
      sql: `delete from audit_entry where n = ${entries[leaf]}`,
      problems: [{ kind: 'record-missing', leaf, afterEntry: entries[leaf - 1]! }],
    }
  },
  async 'a bit of the tree is another'({ entries, checkpoints, world }, random) {
    const leaf = random.between(0, entries.length - 1)
    const [tile] = await world.database.select('select hashes from evidence_tile where level = 0')
    const hashes = Buffer.from(tile!.hashes as Uint8Array)
    hashes[leaf * 32 + random.between(0, 31)]! ^= 1 << random.between(0, 7)
    const literal =
      world.database.engine === 'sqlite' ? `x'${hashes.toString('hex')}'` : `'\\x${hashes.toString('hex')}'`
    const from = checkpoints.findLast(({ size }) => size <= leaf)?.size ?? 0
    const signed = checkpoints.filter(({ size }) => size > leaf)
    return {
      sql: `update evidence_tile set hashes = ${literal} where level = 0`,
      problems: [
        { kind: 'record-changed', entry: entries[leaf]!, leaf, part: 'entry' },
        ...signed.map(({ n, size }) => ({ kind: 'tree-changed', checkpoint: n, from, to: size }) as const),
      ],
    }
  },
  async 'a checkpoint says something else'({ checkpoints }, random) {
    const { n, note } = random.pick(checkpoints)
    const at = random.pick([...note.slice(0, note.indexOf('\n\n'))].flatMap((one, at) => (one === '\n' ? [] : [at])))
    const changed = note.slice(0, at) + (note[at] === '7' ? '8' : '7') + note.slice(at + 1)
    const sql = `update evidence_checkpoint set note = ${quoted(changed)} where n = ${n}`
    return { sql, problems: [{ kind: 'checkpoint-changed', checkpoint: n }] }
  },
  async 'a checkpoint of the key from before has the signature of another'({ checkpoints }, random) {
    const [one, other] = random.some(
      checkpoints.filter(({ isOld }) => isOld),
      2,
      2,
    )
    const text = one!.note.slice(0, one!.note.indexOf('\n\n'))
    const forged = text + other!.note.slice(other!.note.indexOf('\n\n'))
    const sql = `update evidence_checkpoint set note = ${quoted(forged)} where n = ${one!.n}`
    return { sql, problems: [{ kind: 'checkpoint-changed', checkpoint: one!.n }] }
  },
  async 'the key from before is another'({ checkpoints, world }) {
    const [older] = await world.database.select('select min(n) as n from evidence_key')
    const [newer] = await world.database.select('select public_key from evidence_key order by n desc limit 1')
    const hex = Buffer.from(newer!.public_key as Uint8Array).toString('hex')
    const literal = world.database.engine === 'sqlite' ? `x'${hex}'` : `'\\x${hex}'`
    return {
      sql: `update evidence_key set public_key = ${literal} where n = ${older!.n}`,
      problems: checkpoints
        .filter(({ isOld }) => isOld)
        .map(({ n }) => ({ kind: 'checkpoint-changed', checkpoint: n })),
    }
  },
  async 'a decision says something else, or is gone'({ world }, random) {
    const rows = await world.database.select(
      'select n, audit_entry as entry from decision where salt is not null and audit_entry is not null order by n',
    )
    const { n, entry: ofEntry } = random.pick(rows)
    const [decision, entry] = [Number(n), Number(ofEntry)]
    if (random.chance(0.3)) {
      const sql = `delete from decision where n = ${decision}`
      return { sql, problems: [{ kind: 'decision-missing', entry, count: 1 }] }
    }
    const sql = random.pick([
      add('decision', 'at', `n = ${decision}`),
      `update decision set request = '{}' where n = ${decision}`,
    ])
    return { sql, problems: [{ kind: 'decision-changed', entry, decision }] }
  },
  async 'an object was something else'({ entries, world }, random) {
    const rows = await world.database.select(
      `select s.entry, s.object_id as id, s.version_after as version from audit_subject s
       join history h on h.object_id = s.object_id and h.version = s.version_after order by s.entry, s.object_id`,
    )
    const { entry: made, id, version } = random.pick(rows)
    const entry = Number(made)
    const where = `object_id = '${id}' and version = ${version}`
    const sql = random.pick([
      `update history set body = replace(body, '{', '{ ') where ${where}`,
      `update history set account = '999999999999' where ${where}`,
      `update history set from_at = from_at - 1 where ${where}`,
    ])
    return { sql, problems: [{ kind: 'record-changed', entry, leaf: entries.indexOf(entry), part: 'entry' }] }
  },
  async 'the end is cut off'({ entries, checkpoints }, random) {
    const { size } = random.pick(checkpoints.filter((one) => one.size < entries.length))
    const last = entries[size - 1]!
    const sql = `delete from audit_entry where n > ${last};
      update evidence_tile set hashes = substr(hashes, 1, ${32 * size}) where level = 0;
      update evidence_log set size = ${size}, entry = ${last}`
    const lost = checkpoints.filter((one) => one.size > size)
    return {
      sql,
      problems: lost.map((one) => ({ kind: 'tail-missing', checkpoint: one.n, size: one.size, leaves: size })),
    }
  },
}

test('S7 what an object was, and who may do what, is found where nobody has made it so', async (t) => {
  const acme = await openRecord()
  const world = Object.assign(await withNativeApi(acme), acme)
  t.after(() => world.close())
  const bind = async (principal: string): Promise<string> =>
    (await world.post<{ bindingId: string }>('/role-bindings', { principal, role: 'auditor', node: prod })).bindingId
  const ended = await bind('user:pat')
  await world.ask('DELETE', `/role-bindings/${ended}`)
  const kept = await bind('user:kim')
  await grow(world)
  await signCheckpoint(world.store)
  assert.deepEqual((await verified(world)).problems, [])
  const putBack = await world.database.keep()
  const columns = 'from_at, until_at, kind, account, body, salt, commitment, since, whole_length'
  const cases: readonly (readonly [string, object])[] = [
    [
      `insert into history (object_id, version, ${columns}) select 'role-binding-ghost', 1, ${columns} from history where object_id = '${kept}'`,
      { kind: 'history-unrecorded', object: 'role-binding-ghost', version: 1 },
    ],
    [
      `update history set until_at = from_at + 1 where object_id = '${kept}'`,
      { kind: 'history-unrecorded', object: kept, version: 1 },
    ],
    [
      `update history set until_at = until_at + 1000 where object_id = '${ended}'`,
      { kind: 'history-unrecorded', object: ended, version: 1 },
    ],
    [
      `update history set until_at = null where object_id = '${ended}'`,
      { kind: 'history-unrecorded', object: ended, version: 1 },
    ],
    [`update role_binding set role = 'approver' where id = '${kept}'`, { kind: 'right-unrecorded', object: kept }],
    [
      `update role_binding set principal = 'user:ghost' where id = '${kept}'`,
      { kind: 'right-unrecorded', object: kept },
    ],
  ]
  for (const [sql, problem] of cases) {
    await world.database.tamper(sql)
    const { problems } = await verified(world)
    assert(
      problems.some((found) => JSON.stringify(found) === JSON.stringify(problem)),
      `${sql}: ${JSON.stringify(problems)}`,
    )
    await putBack()
  }
})

test('whatever is drawn of tampering is found, and where, also under checkpoints of a key from before', async (t) => {
  const seed = Number(process.env.CADASTRE_TEST_SEED ?? Math.floor(Math.random() * 1_000_000))
  t.diagnostic(`seed ${seed}`)
  const random = choicesOf(seed)
  const world = await openRecord()
  t.after(() => world.close())
  const olds = 3
  for (let n = 0; n < olds + 2; n++) {
    if (n === olds) await world.store.write((tx) => tx.evidence.makeKey(originOf(tx)))
    for (let more = random.between(1, 2); more > 0; more--) await allocate(world)
    await grow(world)
    await signCheckpoint(world.store)
  }
  const entries = (await world.database.select('select n from audit_entry order by n')).map(({ n }) => Number(n))
  const rows = await world.database.select('select n, size, note from evidence_checkpoint order by n')
  const checkpoints = rows.map(({ n, size, note }, at) => {
    return { n: Number(n), size: Number(size), note: String(note), isOld: at < olds }
  })
  const putBack = await world.database.keep()
  assert.deepEqual((await verified(world)).problems, [])
  const kinds = Object.entries(kindsOfTampering)
  for (const [kind, draw] of [...random.some(kinds, kinds.length, kinds.length), ...random.some(kinds, 5, 5)]) {
    const { sql, problems } = await draw({ entries, checkpoints, world }, random)
    await world.database.tamper(sql)
    assert.deepEqual((await verified(world)).problems, problems, `${kind}, seed ${seed}: ${sql}`)
    await putBack()
  }
})

test('a tail that is cut off is found by what was signed of it, and so is a tree that was made anew', async (t) => {
  const world = await openRecord()
  t.after(() => world.close())
  await grow(world)
  await signCheckpoint(world.store)
  const first = await world.store.read((tx) => tx.evidence.log())
  for (let n = 0; n < 4; n++) await allocate(world)
  await grow(world)
  await signCheckpoint(world.store)
  const second = await world.store.read((tx) => tx.evidence.log())
  const putBack = await world.database.keep()
  const signed = (await world.database.select('select n from evidence_checkpoint order by n')).map(({ n }) => Number(n))
  /** Everything as if the tree had never been other than what the rows say now. */
  const forget = `delete from evidence_tile; update evidence_log set size = 0, entry = -1`

  const cutTo = `update evidence_tile set hashes = substr(hashes, 1, ${32 * first.size}) where level = 0;
    update evidence_log set size = ${first.size}, entry = ${first.entry}`
  await world.database.tamper(`delete from audit_entry where n > ${first.entry}; ${cutTo}`)
  const cut = await verified(world)
  assert.deepEqual(cut.problems, [
    { kind: 'tail-missing', checkpoint: signed[1], size: second.size, leaves: first.size },
  ])
  await putBack()

  // A change behind the first checkpoint, with a leaf and a tree to fit.
  const after = await world.store.read((tx) => tx.evidence.entriesAfter(first.entry, 1))
  await world.database.tamper(
    `update audit_entry set evidence = null, outcome = 'Success', at = at + 1 where n = ${after[0]}; ${forget}`,
  )
  await grow(world)
  const remade = await verified(world)
  assert.deepEqual(remade.problems, [
    { kind: 'tree-changed', checkpoint: signed[1], from: first.size, to: second.size },
  ])
  await putBack()

  // A checkpoint that nobody signed.
  await world.database.tamper(
    `update evidence_checkpoint set note = replace(note, 'cadastre', 'cadaster') where n = ${signed[0]}`,
  )
  assert.deepEqual((await verified(world)).problems, [{ kind: 'checkpoint-changed', checkpoint: signed[0] }])
  await putBack()
  assert.deepEqual((await verified(world)).problems, [])
})

test('who somebody was can be erased: what they did stays proven, and nobody is named by it again', async (t) => {
  const world = await openRecord()
  t.after(() => world.close())
  await grow(world)
  await signCheckpoint(world.store)
  const who = `arn:aws:iam::${shop}:user/test`
  const [had] = await world.database.select(
    `select count(*) as entries from audit_entry a join origin o on o.n = a.origin where o.principal = '${who}'`,
  )
  await assert.rejects(world.database.execute(`update origin set principal = 'mallory'`), /immutable/)
  const owner = await world.database.openAsOwner({ sealer: openSealer, clock: () => Date.UTC(2026, 0, 1) })
  assert((await erasePrincipal(owner, network, who)).erased > 0)
  assert.deepEqual(await erasePrincipal(owner, network, who), { erased: 0, made: 0, good: 0 })
  await owner.close()
  assert(!JSON.stringify((await world.database.tables()).origin).includes(who))
  await grow(world)
  const { problems, erased } = await verified(world)
  assert.deepEqual(problems, [])
  assert.equal(erased, Number(had!.entries))
  // The server that had remembered the row names them by another one.
  await allocate(world)
  const [newest] = await world.database.select(
    'select o.principal from audit_entry a join origin o on o.n = a.origin order by a.n desc limit 1',
  )
  assert.equal(newest!.principal, who)
})

test('who asked through a rule, a change or a service with a token of theirs is erased, too', async (t) => {
  const world = await withNativeApi(await openAcme())
  t.after(() => world.close())
  const zed = await world.tokenOf('user:zed', 'organization-administrator', '*')
  const { token, tokenId } = await world.post<{ token: string; tokenId: string }>(
    '/tokens',
    { principal: 'service:robot' },
    { as: zed },
  )
  await world.post('/role-bindings', { principal: 'service:robot', role: 'organization-administrator', node: '*' })
  const unit = (name: string, as: string) => world.post('/organizational-units', { name, parentId: root }, { as })
  await unit('By zed', zed)
  await unit('By a robot', token)
  for (const arn of ['rule:source-1 of user:zed', 'change:change-request-1 of user:zed', 'rule:pool-1 of user:ozed']) {
    const principal = { account: shop, arn, accessKeyId: '', userId: '' }
    const asked = { region: 'us-east-1', input: {}, requestId: arn, sourceAddress: 'local' }
    await world.executor.execute(allocateAddress, { ...asked, principal })
  }
  const named = async () => {
    const { items } = await world.get<{ items: { principal: string; makers?: string[] }[] }>('/changes?limit=100')
    return items
      .flatMap(({ principal, makers = [] }) => [principal, ...makers])
      .filter((name) => name.endsWith('zed'))
      .sort()
  }
  assert(new Set(await named()).size === 5, (await named()).join(', '))
  const who = `arn:cadastre::${managementAccount}:user/zed`
  const owner = await world.database.openAsOwner({ sealer: openSealer, clock: () => Date.UTC(2026, 0, 1) })
  t.after(() => owner.close())
  const early = await erasePrincipal(owner, managementAccount, who)
  assert.deepEqual([early.made, early.good], [0, 1])
  assert.equal((await world.ask('DELETE', `/tokens/${tokenId}`)).status, 200)
  const { made, good } = await erasePrincipal(owner, managementAccount, who)
  assert.deepEqual([made, good], [1, 0])
  assert.deepEqual(await named(), ['rule:pool-1 of user:ozed'])
  assert.deepEqual((await verified(world)).problems, [])
})

test('a pack of a part has all that is about it as it was then, also refusals, ends, and what acts from above', async (t) => {
  const world = await withNativeApi(await openAcme())
  t.after(() => world.close())
  const { unitId } = await world.post<{ unitId: string }>('/organizational-units', { name: 'team', parentId: prod })
  const { account } = await world.post<{ account: string }>('/accounts', { name: 'teamacc', parentId: unitId })
  const weak = await world.tokenOf('user:weak', 'auditor', root)
  const [law, pool] = [await world.policy(), await world.pool()]
  await world.rules(law, [pool])
  await world.enable(law)
  const newest = async () => (await world.get<{ items: { changeId: string }[] }>('/changes?limit=1')).items[0]!.changeId
  const did: string[] = []
  const ask = async (method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object, as?: string) => {
    const answer = await world.ask<{ allocationId: string }>(method, path, { ...(body && { body }), ...(as && { as }) })
    did.push(await newest())
    return answer.body
  }
  await ask('PATCH', `/accounts/${account}`, { tags: { a: 'b' } }, weak)
  await ask('DELETE', `/organizational-units/${unitId}`)
  const { allocationId } = await ask('POST', '/allocations', { account, resourceType: 'eip', locale: 'us-east-1' })
  await ask('DELETE', `/allocations/${allocationId}`, undefined, weak)
  await ask('DELETE', `/allocations/${allocationId}`)
  world.advance(1_000)
  await ask('POST', `/accounts/${account}/move`, { parentId: root })
  world.advance(1_000)
  await world.ask('PATCH', `/accounts/${account}`, { body: { tags: { later: 'elsewhere' } } })
  const later = await newest()
  assert.equal(new Set(did).size, 6)
  await grow(world)
  await signCheckpoint(world.store)
  for (const node of [account, unitId]) {
    const lines: PackLine[] = []
    for await (const line of packLines(world.store, { from: 0, until: Date.UTC(2030, 0, 1), node })) lines.push(line)
    const records = lines.flatMap((line) => (line.kind === 'record' ? [String(line.record.entry.n)] : []))
    assert.deepEqual(
      did.filter((n) => !records.includes(n)),
      // That a unit is not deleted is nothing of an account's.
      node === account ? [did[1]] : [],
      node,
    )
    assert.equal(records.includes(later), node === account)
    const inForce = lines.flatMap((line) => (line.kind === 'in-force' ? [line.objectId] : []))
    assert.deepEqual(inForce, [law])
  }
})

test('a new key signs from its first checkpoint on, which the one before signs too', async (t) => {
  const world = await openRecord()
  t.after(() => world.close())
  await grow(world)
  await signCheckpoint(world.store)
  await world.store.write((tx) => tx.evidence.makeKey(originOf(tx)))
  const [newer, older] = (await world.store.read((tx) => tx.evidence.keys())).map(verifierKeyOf)
  const signers = async () => {
    const { note } = (await world.store.read((tx) => tx.evidence.newestCheckpoint()))!
    return [newer!, older!].map((key) => signatureOn(sha256, verifyEd25519, parseNote(note)!, key).status)
  }
  assert.deepEqual(await signers(), ['unsigned', 'signed'])
  assert.equal(await world.store.read(isCheckpointDue), true)
  await signCheckpoint(world.store)
  assert.deepEqual(await signers(), ['signed', 'signed'])
  await allocate(world)
  await grow(world)
  await signCheckpoint(world.store)
  assert.deepEqual(await signers(), ['signed', 'unsigned'])
  assert.deepEqual((await verified(world)).problems, [])
})
