// A pack for an auditor of one node: what they see of it over the API, and nothing else; whole for whoever checks it with the public key alone.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import type { VerifierKey } from '#model/evidence/note.ts'
import { type Action, roleNames, roles } from '#model/roles.ts'
import { verifyEd25519 } from '#operator/ed25519.ts'
import { type Acme, dev, lab, openAcme, prod, root, shop } from '../../../test/acme.ts'
import { followAll } from '../../../test/findings/follow.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { choicesOf } from '../../../test/random.ts'
import { signCheckpoint, verifierKeyOf } from './checkpoints.ts'
import { type PackLine, sealPack, verifyPack } from './packs.ts'
import { growTree, isTreeBehind } from './tree.ts'

let world: Acme & Native
let keys: readonly VerifierKey[]
/** May see Prod and what is below, and nothing else. */
let auditor: string
/** A policy that Prod breaks, of the network team; it is nobody's there. */
let law: string
/** An entry that was about Prod and Dev, and one that was about Prod alone. */
const units = { mixed: '', hidden: '', alone: '' }
async function grow(): Promise<void> {
  while (await world.store.read(isTreeBehind)) await growTree(world.store)
  await signCheckpoint(world.store)
}
const create = (...made: (readonly [string, string])[]) =>
  world.post<{ results: { unitId: string }[] }>('/governance/apply', {
    operations: made.map(([name, parentId]) => ({ operation: 'createUnit', input: { name, parentId } })),
  })
before(async () => {
  world = await withNativeApi(await openAcme())
  await followAll(world.store)
  auditor = await world.tokenOf('user:below', 'auditor', prod)
  law = await world.policy({ 'cadastre:required-tags': 'env' })
  await world.call('AllocateAddress', {}, { account: shop })
  await world.call('AllocateAddress', {}, { account: lab })
  await world.rules(law, [await world.pool()])
  await world.enable(law, prod)
  await assert.rejects(world.call('AllocateAddress', {}, { account: shop }))
  await create(['Mixed', prod], ['Hidden', dev])
  await create(['Alone', prod])
  const named = async (name: string) =>
    String((await world.database.select(`select id from organization_node where name = '${name}'`))[0]!.id)
  Object.assign(units, { mixed: await named('Mixed'), hidden: await named('Hidden'), alone: await named('Alone') })
  const operations = [{ operation: 'createUnit', input: { name: 'Asked', parentId: prod } }]
  await world.post('/change-requests', { node: prod, reason: 'as agreed', operations })
  await world.post('/change-requests', { node: root, reason: 'above', operations })
  await followAll(world.store)
  await grow()
  keys = (await world.store.read((tx) => tx.evidence.keys())).map(verifierKeyOf)
})
after(() => world.close())

const ask = async (query: string, as: string) => {
  const url = `/api/v1/evidence/pack?from=2020-01-01T00:00:00.000Z${query}`
  return world.app.inject({ url, headers: { authorization: `Bearer ${as}` } })
}
async function packFor(as: string, node = prod): Promise<string> {
  const { statusCode, payload } = await ask(`&node=${node}`, as)
  assert.equal(statusCode, 200, payload)
  return payload
}
const linesIn = (text: string): PackLine[] =>
  text
    .split('\n')
    .slice(0, -2)
    .map((line) => JSON.parse(line) as PackLine)
const ofKind = <Kind extends PackLine['kind']>(lines: readonly PackLine[], kind: Kind) =>
  lines.filter((line) => line.kind === kind) as Extract<PackLine, { kind: Kind }>[]
const report = (text: string) => verifyPack(text, { keys, verify: verifyEd25519 })
const verified = (text: string) => report(text).problems
/** Whoever has the key signs whatever they like. */
async function sealed(lines: readonly object[]): Promise<string> {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  return `${text}${await sealPack(world.store, createHash('sha256').update(text).digest())}\n`
}

suite('a pack for an auditor of a node', () => {
  test('is sound, says whose eyes it is seen with, and has the changes, findings and numbers that they see', async () => {
    const text = await packFor(auditor)
    const { problems, records, proven, signed } = report(text)
    const lines = linesIn(text)
    const changes = ofKind(lines, 'change')
    assert.deepEqual([problems, records], [[], changes.length])
    assert(proven!.record! > 0 && signed!.change === changes.length && signed!.request === 1)
    assert.equal(ofKind(lines, 'pack')[0]!.seenBy, 'user:below')
    const { items } = await world.get<{ items: { changeId: string }[] }>('/changes?order=oldest-first&limit=100', {
      as: auditor,
    })
    const withoutDecisions = changes.map(({ change }) => {
      const { decisionIds: _, ...rest } = change as typeof change & { decisionIds: string[] }
      return rest
    })
    assert.deepEqual(withoutDecisions, items)
    const findings = await world.get<{ items: { findingId: string }[] }>('/findings?limit=100', { as: auditor })
    assert.deepEqual(
      ofKind(lines, 'finding').map(({ findingId }) => findingId),
      findings.items.map(({ findingId }) => findingId),
    )
    const days = ofKind(lines, 'compliance')
    const { items: counted } = await world.get<{ items: Record<string, number>[] }>(
      `/compliance?${new URLSearchParams({ at: days.at(-1)!.at })}`,
      { as: auditor },
    )
    assert.deepEqual([days.at(-1)!.noncompliant, days.at(-1)!.applicable], [1, counted.at(-1)!.applicable])
  })
  test('I8 has nothing of what is hidden from them, and does not tell by what it opens that there is any', async () => {
    const text = await packFor(auditor)
    for (const hidden of [lab, dev, units.hidden, 'Hidden', 'above']) assert(!text.includes(hidden), hidden)
    const lines = linesIn(text)
    const about = (id: string) => {
      const at = lines.findIndex((line) => line.kind === 'change' && JSON.stringify(line).includes(id))
      return { change: lines[at] as Extract<PackLine, { kind: 'change' }>, next: lines[at + 1]!.kind }
    }
    const [mixed, alone] = [about(units.mixed), about(units.alone)]
    assert.deepEqual([mixed.next === 'record', alone.next === 'record'], [false, false])
    assert.deepEqual(Object.keys(mixed.change.change), Object.keys(alone.change.change))
    // What stands in a policy above is not for them to see.
    assert.deepEqual(ofKind(lines, 'state'), [])
  })
  test('opens what an account did of its own, and what it was refused', async () => {
    const records = ofKind(linesIn(await packFor(auditor)), 'record').map(({ record }) => record)
    const actions = records.map(({ entry, origin }) => [origin!.facts.action, entry.outcome, origin!.facts.account])
    assert.deepEqual(actions, [
      ['AllocateAddress', 'Success', shop],
      ['AllocateAddress', 'DeniedByPolicy', shop],
    ])
    assert.equal(records[1]!.decisions.length, 1)
  })
  test('I8 is for nobody who may not see the node, as if it were not there, and without a node for whoever sees all', async () => {
    const answers = []
    for (const node of [lab, dev, '999999999999', 'ou-acme-nobody00']) {
      const { statusCode, payload } = await ask(`&node=${node}`, auditor)
      const { type, status, detail } = JSON.parse(payload) as Record<string, unknown>
      answers.push([statusCode, type, status, String(detail).replaceAll(node, 'NODE')])
    }
    for (const answer of answers) assert.deepEqual(answer, [404, ...answers[0]!.slice(1)])
    assert.equal((await ask('', auditor)).statusCode, 403)
    assert.equal((await ask('&node=*', auditor)).statusCode, 403)
    // At the root one sees all nodes, and not what belongs to none.
    const atRoot = await world.tokenOf('user:at-root', 'auditor', root)
    assert.equal((await ask('', atRoot)).statusCode, 403)
    const ofRoot = await packFor(atRoot, root)
    assert.deepEqual(verified(ofRoot), [])
    assert(ofRoot.includes(lab) && ofRoot.includes(shop))
    // What is forbidden further down is not in it.
    const viewer = await world.tokenOf('user:viewer', 'auditor', prod)
    await world.post('/role-bindings', { principal: 'user:viewer', role: 'auditor', node: shop, effect: 'forbid' })
    const without = await packFor(viewer)
    assert.deepEqual(verified(without), [])
    assert(!without.includes(shop) && without.includes(units.alone))
    assert.equal((await ask(`&node=${shop}`, viewer)).statusCode, 404)
  })
  test('is for each role that may read the record and findings, as far as the token says, and tells others nothing', async () => {
    for (const role of roleNames) {
      const may = (action: Action) => (roles[role].actions as readonly Action[]).includes(action)
      const as = await world.tokenOf(`user:as-${role}`, role, prod)
      const { statusCode } = await ask(`&node=${prod}`, as)
      const expected = may('history:read') && may('finding:read') ? [200] : [403, 404]
      assert(expected.includes(statusCode), `${role}: ${statusCode}`)
      assert.equal((await ask(`&node=${dev}`, as)).statusCode, 404, role)
    }
    for (const scopes of [['history'], ['finding'], ['organization']]) {
      const body = { scopes, expiresInSeconds: 3_600 }
      const { token } = await world.post<{ token: string }>('/tokens', body, { as: auditor })
      assert.notEqual((await ask(`&node=${prod}`, token)).statusCode, 200, String(scopes))
    }
  })
  test('of one account has nothing of the unit that it is in', async () => {
    const lines = linesIn(await packFor(auditor, shop))
    assert(ofKind(lines, 'change').length > 0)
    assert(!JSON.stringify(ofKind(lines, 'change')).includes(units.alone))
    assert.deepEqual(ofKind(lines, 'request'), [])
  })
  test('ends without a signature where the right ends on the way', async () => {
    const as = await world.tokenOf('user:leaving', 'auditor', prod)
    const { items } = await world.get<{ items: { bindingId: string; principal: string }[] }>(
      `/role-bindings?principal=user:leaving`,
    )
    const whole = await packFor(as)
    assert.deepEqual(verified(whole), [])
    await world.ask('DELETE', `/role-bindings/${items[0]!.bindingId}`)
    assert.equal((await ask(`&node=${prod}`, as)).statusCode, 404)
  })
  test('is refused once a byte of it is another, and says nothing else than the log where it is open, whoever signs', async () => {
    const text = await packFor(auditor)
    const random = choicesOf(Number(process.env.CADASTRE_TEST_SEED ?? 11))
    for (let time = 0; time < 40; time++) {
      const at = random.between(0, text.length - 1)
      const changed = `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`
      assert(verified(changed).length > 0, `at ${at}`)
    }
    const lines = linesIn(text)
    assert.deepEqual(verified(await sealed(lines)), [])
    const opened = lines.findIndex((line) => line.kind === 'record') - 1
    const told = lines[opened] as Extract<PackLine, { kind: 'change' }>
    const principal = 'arn:aws:iam::333333333333:user/somebody'
    const forged: readonly [object, object][] = [
      [
        { ...told, change: { ...told.change, principal } },
        { kind: 'unfounded', line: opened + 1, of: 'change' },
      ],
      [
        { ...told, change: { ...told.change, outcome: 'NotAuthorized' } },
        { kind: 'unfounded', line: opened + 1, of: 'change' },
      ],
      ...[{ ...told.leaf, index: told.leaf.index + 1 }, { ...told.leaf, commitment: told.leaf.path[0] }, {}].map(
        (leaf): [object, object] => [
          { ...told, leaf },
          { kind: 'record-unproven', line: opened + 1, entry: Number(told.change.changeId), part: 'leaf' },
        ],
      ),
    ]
    for (const [line, problem] of forged)
      assert.deepEqual(verified(await sealed(lines.with(opened, line as PackLine)))[0], problem)
  })
})
