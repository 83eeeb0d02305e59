// What an evidence pack tells beside the record: change requests with what they said, compliance by day, and that nobody can make that up.
import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { formatNote, keyIdOf, type VerifierKey } from '#model/evidence/note.ts'
import { verifyEd25519 } from '#operator/ed25519.ts'
import { type Acme, dev, lab, openAcme, prod, root, shop } from '../../../test/acme.ts'
import { followAll } from '../../../test/findings/follow.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { signCheckpoint, verifierKeyOf } from './checkpoints.ts'
import { complianceDaysMax } from './pack-table.ts'
import { type PackLine, packLines, sealPack, signedText, verifyPack } from './packs.ts'
import { sha256 } from './sha256.ts'
import { growTree, isTreeBehind } from './tree.ts'

const dayMs = 86_400_000

let world: Acme & Native
let keys: readonly VerifierKey[]
const people = { ann: '', bob: '', cat: '' }
async function grow(): Promise<void> {
  while (await world.store.read(isTreeBehind)) await growTree(world.store)
  await signCheckpoint(world.store)
}
const nowOf = () => world.store.read(async (tx) => tx.now)
before(async () => {
  world = await withNativeApi(await openAcme())
  for (const name of Object.keys(people) as (keyof typeof people)[])
    people[name] = await world.tokenOf(`user:${name}`, 'organization-administrator', root)
  await grow()
  keys = (await world.store.read((tx) => tx.evidence.keys())).map(verifierKeyOf)
})
after(() => world.close())

const textOf = (lines: readonly object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('')
/** Whoever has the key signs whatever they like. */
async function sealed(lines: readonly object[]): Promise<string> {
  const text = textOf(lines)
  return `${text}${await sealPack(world.store, createHash('sha256').update(text).digest())}\n`
}
async function linesOf(asked: { node?: string; from?: number; until?: number } = {}): Promise<PackLine[]> {
  const until = (await nowOf()) + 1
  const lines: PackLine[] = []
  for await (const line of packLines(world.store, { from: 0, until, ...asked })) lines.push(line)
  return lines
}
const verified = (text: string) => verifyPack(text, { keys, verify: verifyEd25519 }).problems
const ofKind = <Kind extends PackLine['kind']>(lines: readonly PackLine[], kind: Kind) =>
  lines.filter((line) => line.kind === kind) as Extract<PackLine, { kind: Kind }>[]
/** What a step says of its request. */
interface Step {
  readonly status: string
  readonly contentHash: string
  readonly author: { readonly by: string }
  readonly approvals: readonly { readonly by: string }[]
  readonly ended?: { readonly by: string }
  readonly emergencies?: readonly { readonly reason: string; readonly reviewed?: { readonly by: string } }[]
}
const stepsOf = (lines: readonly PackLine[], id: string): Step[] =>
  ofKind(lines, 'change-request')
    .filter(({ changeRequestId }) => changeRequestId === id)
    .map(({ version, record }) => {
      const told = record.versions.find(({ facts }) => facts.objectId === id && facts.version === version)
      return JSON.parse(told!.facts.body) as Step
    })

interface Told {
  readonly changeRequestId: string
  readonly contentHash: string
}
const propose = (node: string, operations: readonly object[]) =>
  world.post<Told>('/change-requests', { node, reason: 'as agreed', operations }, { as: people.ann })
const unit = (name: string, parentId: string) => ({ operation: 'createUnit', input: { name, parentId } })
const act = async (id: string, verb: string, body: object, as: string): Promise<void> => {
  const { status, body: told } = await world.ask('POST', `/change-requests/${id}/${verb}`, { body, as })
  assert(status < 300, JSON.stringify(told))
}

suite('change requests in a pack', () => {
  test('are told from who proposed to who undid them, with what they said', async () => {
    const begun = await nowOf()
    world.advance(1_000)
    const operations = [unit('Fine', dev)]
    const { changeRequestId: id, contentHash } = await propose(root, operations)
    await act(id, 'approve', { contentHash }, people.bob)
    await act(id, 'approve', { contentHash }, people.cat)
    await act(id, 'apply', { contentHash }, people.ann)
    const applied = await nowOf()
    world.advance(1_000)
    await act(id, 'revert', { note: 'not needed' }, people.bob)
    const hasty = await propose(prod, [unit('Hasty', prod)])
    await act(hasty.changeRequestId, 'break-glass', { contentHash: hasty.contentHash, reason: 'it burns' }, people.bob)
    await act(hasty.changeRequestId, 'review', { note: 'well done' }, people.cat)
    await grow()

    const lines = await linesOf({ from: begun })
    assert.deepEqual(verified(await sealed(lines)), [])
    const steps = stepsOf(lines, id)
    const [last, made] = [steps.at(-1)!, steps.at(-2)!]
    assert.deepEqual(
      [made.status, made.ended!.by, made.approvals.map(({ by }) => by)],
      ['applied', 'user:ann', ['user:bob', 'user:cat']],
    )
    assert.deepEqual([last.status, last.ended!.by, last.author.by], ['reverted', 'user:bob', 'user:ann'])
    const [said] = ofKind(lines, 'content').filter(({ changeRequestId }) => changeRequestId === id)
    assert.deepEqual([said!.operations, said!.contentHash, said!.bindings!.length], [operations, contentHash, 1])
    const [emergency] = stepsOf(lines, hasty.changeRequestId).at(-1)!.emergencies!
    assert.deepEqual([emergency!.reason, emergency!.reviewed!.by], ['it burns', 'user:cat'])

    // What it came to by the end of the period, and nothing of later; what was over before is none of its.
    const early = await linesOf({ from: begun, until: applied + 1 })
    assert.deepEqual([stepsOf(early, id).at(-1)!.status, stepsOf(early, hasty.changeRequestId)], ['applied', []])
    world.advance(1_000)
    assert.deepEqual(ofKind(await linesOf({ from: await nowOf() }), 'change-request'), [])
  })
  test('are those of the part that they are about, wherever they were decided', async () => {
    const { changeRequestId: above, contentHash } = await propose(root, [unit('Below', dev)])
    await act(above, 'approve', { contentHash }, people.bob)
    await act(above, 'approve', { contentHash }, people.cat)
    await act(above, 'apply', { contentHash }, people.ann)
    const { changeRequestId: beside } = await propose(prod, [unit('Beside', prod)])
    await grow()
    const ids = async (node: string) =>
      new Set(ofKind(await linesOf({ node }), 'change-request').map(({ changeRequestId }) => changeRequestId))
    const [ofDev, ofProd] = [await ids(dev), await ids(prod)]
    assert.deepEqual([ofDev.has(above), ofDev.has(beside)], [true, false])
    assert.deepEqual([ofProd.has(above), ofProd.has(beside)], [false, true])
  })
})

suite('whoever has the key that signs packs', () => {
  test('cannot have policies, requests or what is in force say something else', async () => {
    const [law, pool] = [await world.policy(), await world.pool()]
    await world.rules(law, [pool])
    await world.enable(law)
    await propose(root, [unit('Other', dev)])
    await grow()
    const lines = await linesOf()
    assert.deepEqual(verified(await sealed(lines)), [])
    const forged = async (kind: PackLine['kind'], change: (line: never) => object) => {
      const at = lines.findIndex((line) => line.kind === kind)
      const text = await sealed(lines.with(at, change(lines[at] as never) as PackLine))
      return { at: at + 1, problems: verified(text) }
    }
    type Line<Kind extends PackLine['kind']> = Extract<PackLine, { kind: Kind }>
    const cases: readonly [PackLine['kind'], (line: never) => object][] = [
      ['policy', (line: Line<'policy'>) => ({ ...line, body: line.body.replace(pool, `${pool.slice(0, -1)}0`) })],
      ['policy', (line: Line<'policy'>) => ({ ...line, body: line.body.replace('"strict"', '"aws"') })],
      ['policy', (line: Line<'policy'>) => ({ ...line, body: '{}' })],
      ['policy', (line: Line<'policy'>) => ({ ...line, version: line.version + 1 })],
      ['content', (line: Line<'content'>) => ({ ...line, operations: [unit('Forged', dev)] })],
      ['content', (line: Line<'content'>) => ({ ...line, bindings: [] })],
      ['content', (line: Line<'content'>) => ({ ...line, changeRequestId: 'change-request-1' })],
      ['change-request', (line: Line<'change-request'>) => ({ ...line, version: line.version + 100 })],
      ['in-force', (line: Line<'in-force'>) => ({ ...line, objectId: 'ipam-policy-1' })],
    ]
    for (const [kind, change] of cases) {
      const { at, problems } = await forged(kind, change)
      assert.deepEqual(problems[0], { kind: 'unfounded', line: at, of: kind }, `${kind}: ${change}`)
    }
  })
})

suite('a pack over the API', () => {
  const get = (query: string, as: string) =>
    world.app.inject({ url: `/api/v1/evidence/pack?${query}`, headers: { authorization: `Bearer ${as}` } })
  test('is the one that the server makes itself, signed', async () => {
    await grow()
    const as = await world.tokenOf('user:audit', 'auditor', '*')
    const { statusCode, headers, payload } = await get(`from=2020-01-01T00:00:00.000Z&node=${prod}`, as)
    assert.equal(statusCode, 200, payload)
    assert.deepEqual([headers['content-type'], headers['cache-control']], ['application/x-ndjson', 'no-store'])
    assert.deepEqual(verified(payload), [])
    await grow()
    const own = await linesOf({ node: prod, from: Date.UTC(2020) })
    const kinds = (text: string) => [...new Set([...text.matchAll(/^\{"kind":"([\w-]+)"/gm)].map(([, kind]) => kind))]
    assert.deepEqual(kinds(payload), [...kinds(textOf(own)), 'signature'])
  })
  test('is for nobody whom anything of it is hidden from', async () => {
    const below = await world.tokenOf('user:below', 'auditor', prod)
    assert.equal((await get(`from=2020-01-01T00:00:00.000Z&node=${prod}`, below)).statusCode, 403)
    const partly = await world.tokenOf('user:partly', 'auditor', '*')
    await world.post('/role-bindings', { principal: 'user:partly', role: 'auditor', node: lab, effect: 'forbid' })
    for (const node of [prod, shop]) {
      const { statusCode, payload } = await get(`from=2020-01-01T00:00:00.000Z&node=${node}`, partly)
      assert.equal(statusCode, 403, payload)
    }
  })
  test('is of a node that there is or was', async () => {
    const as = await world.tokenOf('user:audit', 'auditor', '*')
    assert.equal((await get('from=2020-01-01T00:00:00.000Z&node=999999999999', as)).statusCode, 404)
    assert.equal((await get('from=yesterday', as)).statusCode, 400)
  })
})

suite('compliance in a pack', () => {
  test('is told for each day since it is known, of the node and below, and with what is exempt', async () => {
    await followAll(world.store)
    const known = await nowOf()
    await world.call('AllocateAddress', {}, { account: shop })
    await world.call('AllocateAddress', {}, { account: lab })
    await followAll(world.store)
    world.advance(dayMs)
    const policy = await world.policy({ 'cadastre:required-tags': 'env' })
    await world.rules(policy, [await world.pool()])
    await world.enable(policy, shop)
    await followAll(world.store)
    world.advance(dayMs)
    await grow()
    const days = async (node?: string) => ofKind(await linesOf(node === undefined ? {} : { node }), 'compliance')
    const ofShop = await days(shop)
    assert.deepEqual(
      ofShop.map(({ compliant, noncompliant, exempt, unknown }) => [compliant, noncompliant, exempt, unknown]),
      [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 1, 0, 0],
      ],
    )
    assert.deepEqual(
      (await days()).map(({ compliant, noncompliant }) => [compliant, noncompliant]),
      [
        [2, 0],
        [1, 1],
        [1, 1],
      ],
    )
    assert.equal(ofShop[0]!.day, new Date(known).toISOString().slice(0, 10))
    const [head] = ofKind(await linesOf(), 'days')
    assert(head!.from !== undefined && head!.from === head!.knownFrom && head!.max === undefined)
  })
  test('has the findings that it is counted from, and is counted again from them', async () => {
    const lines = await linesOf({ node: shop })
    const report = verifyPack(await sealed(lines), { keys, verify: verifyEd25519 })
    assert.deepEqual([report.problems, report.isRecounted], [[], true])
    assert.deepEqual(report.signed, { finding: 1, compliance: 3 })
    const [finding] = ofKind(lines, 'finding')
    assert.deepEqual([finding!.account, finding!.state, finding!.until], [shop, 'noncompliant', undefined])
    // Of others no finding is told.
    assert.deepEqual(ofKind(await linesOf({ node: lab }), 'finding'), [])
    // What the server counts by itself of the same moments is the same, with what was set aside and what is over by then.
    const [open] = (await world.get<{ items: { findingId: string }[] }>(`/findings?node=${shop}&control=policy`)).items
    const until = new Date((await nowOf()) + dayMs / 2).toISOString()
    await world.post(`/findings/${open!.findingId}/suppress`, { reason: 'known', until })
    world.advance(dayMs)
    await followAll(world.store)
    world.advance(dayMs)
    await followAll(world.store)
    await grow()
    for (const node of [shop, prod, undefined]) {
      const told = await linesOf(node === undefined ? {} : { node })
      assert.deepEqual(verified(await sealed(told)), [])
      for (const { at, day, kind: _, ...counts } of ofKind(told, 'compliance')) {
        const query = new URLSearchParams({ at, by: 'type', ...(node === undefined ? {} : { node }) })
        const { items } = await world.get<{ items: Record<string, number>[] }>(`/compliance?${query}`)
        const { group: _, ...total } = items.at(-1)!
        assert.deepEqual(counts, total, day)
      }
      if (node === shop)
        assert.deepEqual(
          ofKind(told, 'finding').map(({ state }) => state),
          ['noncompliant', 'ignored', 'noncompliant'],
        )
    }
  })
  test('that was altered is refused, and the line is told; signed by whoever has no key of the log too', async () => {
    const lines = await linesOf({ node: shop })
    const text = await sealed(lines)
    const at = lines.findIndex((line) => line.kind === 'compliance' && line.noncompliant > 0)
    const told = lines[at] as Extract<PackLine, { kind: 'compliance' }>
    const cases: readonly Partial<typeof told>[] = [
      { compliant: told.compliant + 1 },
      { noncompliant: 0 },
      { unmanaged: 7 },
      { exempt: -1 },
      { score: 100 },
      { applicable: 5 },
      { day: '2020-01-01' },
      // All numbers agree with each other.
      { compliant: 3, noncompliant: 0, ignored: 0, exempt: 0, applicable: 3, score: 100 },
      { compliant: told.compliant + 9, applicable: told.applicable + 9, score: 90 },
    ]
    const rows = text.split('\n')
    for (const change of cases) {
      const changed = rows.with(at, JSON.stringify({ ...told, ...change })).join('\n')
      const problems = verified(changed)
      assert.deepEqual(problems[0], { kind: 'signature-forged' }, JSON.stringify(change))
      assert(
        problems.some((one) => 'line' in one && one.line === at + 1),
        JSON.stringify(problems),
      )
    }
    // Signed again, by a key that is nobody's here.
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
    const other: VerifierKey = { ...keys[0]!, publicKey: raw }
    const again = textOf(lines.with(at, { ...told, ...cases[7] } as PackLine))
    const signed = signedText(keys[0]!.name, createHash('sha256').update(again).digest())
    const signature = {
      name: other.name,
      keyId: keyIdOf(sha256, other),
      signature: sign(null, Buffer.from(signed), privateKey),
    }
    const note = formatNote({ text: signed, signatures: [signature] })
    const problems = verified(`${again}${JSON.stringify({ kind: 'signature', note })}\n`)
    assert.deepEqual(problems.slice(0, 1), [{ kind: 'signature-forged' }])
    assert(problems.some((one) => 'line' in one && one.line === at + 1))
  })
  test('cannot be made to say something else than its findings, even by whoever has the key', async () => {
    const lines = await linesOf({ node: shop })
    const at = lines.findIndex((line) => line.kind === 'compliance' && line.noncompliant > 0)
    const told = lines[at] as Extract<PackLine, { kind: 'compliance' }>
    const findingAt = lines.findIndex((line) => line.kind === 'finding')
    const better = { ...told, compliant: told.compliant + told.noncompliant, noncompliant: 0, score: 100 }
    const without = (kind: PackLine['kind']) => lines.filter((line) => line.kind !== kind)
    for (const [name, forged] of Object.entries({
      number: lines.with(at, better),
      finding: lines.toSpliced(findingAt, 1),
      state: lines.with(findingAt, { ...lines[findingAt], state: 'exempt' } as PackLine),
      table: without('table'),
      day: lines.toSpliced(at, 1),
    })) {
      const kinds = new Set(verified(await sealed(forged)).map(({ kind }) => kind))
      assert(kinds.has('contradicted') || kinds.has('table-missing'), `${name}: ${[...kinds]}`)
      assert(!kinds.has('signature-forged'))
    }
    // Whoever leaves all findings out says so.
    const days = lines.map((line) => (line.kind === 'days' ? { ...line, hasFindings: undefined } : line))
    const silent = days.filter((line) => line.kind !== 'finding')
    const report = verifyPack(await sealed(silent), { keys, verify: verifyEd25519 })
    assert.deepEqual(
      [report.isRecounted, report.signed],
      [false, { compliance: told && ofKind(lines, 'compliance').length }],
    )
  })
  test('is told of so many days at most, and says so', async () => {
    world.advance((complianceDaysMax + 5) * dayMs)
    const lines = await linesOf({ node: lab })
    assert.equal(ofKind(lines, 'compliance').length, complianceDaysMax)
    const [head] = ofKind(lines, 'days')
    assert.equal(head!.max, complianceDaysMax)
    assert(head!.from! > head!.knownFrom!)
    assert.deepEqual(verified(await sealed(lines)), [])
  })
})
