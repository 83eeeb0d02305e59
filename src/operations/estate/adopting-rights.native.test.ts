// Whose right it takes to adopt: by hand, by the rule of a source, and what neither tells of what is hidden.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { type Acme, dev, lab, network, openAcme, prod, root, shop, workloads } from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { runRules } from '../../../test/ways/telling.ts'
import { managementAccount } from '../../../test/world.ts'
import { updateSource } from './sources.native.ts'

interface Item {
  readonly outcome: string
  readonly cidr?: string
  readonly why?: string
  readonly contact?: string
  readonly allocationId?: string
  readonly decisionId?: string
}
interface Source {
  readonly sourceId: string
  readonly adopts?: string
  readonly adoptsSetBy?: string
  readonly adoptsIsStopped?: true
}
let world: Acme & Native
/** Listed by the policy at the root for Elastic IPs, and one that it does not list; both are shared with all. */
let listed: string
let other: string
/** Sends snapshots for any source, and may do nothing else. */
let collector: string
before(async () => {
  world = await withNativeApi(await openAcme())
  ;[listed, other] = [await world.pool(), await world.pool()]
  const law = await world.policy()
  await world.rules(law, [listed])
  await world.enable(law)
  for (const id of [listed, other])
    assert.equal((await world.ask('PATCH', `/pools/${id}`, { body: { sharedWith: [root] } })).status, 200)
  collector = await world.tokenOf('service:collector', 'reporter', root)
})
after(async () => {
  assert.deepEqual((await checkSpace(world.store)).problems, [])
  await world.close()
})

let sources = 0
const makeSource = async (node: string, more: object = {}, as?: string): Promise<string> => {
  const body = { name: `s${++sources}`, kind: 'csv', node, ...more }
  return (await world.post<Source>('/sources', body, as === undefined ? {} : { as })).sourceId
}
async function send(sourceId: string, lines: readonly object[], as = collector, more: object = {}): Promise<void> {
  world.advance(60_000)
  const takenAt = new Date(await world.store.read(async (tx) => tx.now)).toISOString()
  const { status, body } = await world.ask('POST', `/sources/${sourceId}/snapshots`, {
    headers: { 'content-type': 'application/x-ndjson' },
    body: [{ snapshot: { takenAt } }, ...lines, { end: { observations: lines.length, ...more } }]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
    as,
  })
  assert.equal(status, 201, JSON.stringify(body))
}
const elastic = (address: string, account: string) => ({
  ...{ kind: 'address', type: 'eip', cidr: `${address}/32`, id: `eip-${address}`, account, locale: 'us-east-1' },
})
async function adopt(sourceId: string, as?: string, body: object = { everything: true }): Promise<readonly Item[]> {
  const sent = as === undefined ? {} : { as }
  return (await world.post<{ items: Item[] }>(`/sources/${sourceId}/differences/adopt`, body, sent)).items
}
const shownOf = async (sourceId: string, id: string, as?: string): Promise<string> =>
  (await world.get<{ shown: string }>(`/sources/${sourceId}/differences/${id}`, as === undefined ? {} : { as })).shown
const saying = (items: readonly Item[]) => items.map(({ outcome, why }) => why ?? outcome)
const addressesOf = async (account: string): Promise<readonly string[]> =>
  (await world.get<{ items: { cidr: string }[] }>(`/allocations?account=${account}`)).items.map(({ cidr }) => cidr)
async function unbind(principal: string): Promise<void> {
  const { items } = await world.get<{ items: { bindingId: string }[] }>(`/role-bindings?principal=${principal}`)
  for (const { bindingId } of items)
    assert.equal((await world.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
}
// What policy refuses -------------------------------------------------------------------------------------------------

test('I4 what policy refuses is adopted by nobody who has no right where that policy is enabled', async () => {
  const local = await world.tokenOf('user:local', 'ipam-administrator', shop)
  await world.tokenOf('user:local', 'ipam-administrator', network)
  const sourceId = await makeSource(shop, {}, local)
  await send(sourceId, [elastic('203.0.101.1', shop)], local)
  assert.deepEqual(saying(await adopt(sourceId, local)), ['policy-of-others'])
  // Nor where it is somebody else who tells of it.
  await send(sourceId, [elastic('203.0.101.2', shop), elastic('203.0.100.2', shop)])
  assert.deepEqual(saying(await adopt(sourceId, local)), ['policy-of-others', 'adopted'])
  assert.deepEqual(await addressesOf(shop), ['203.0.100.2/32'])
})

test('I4 what policy refuses is adopted by nobody who told of it, nor by whoever made the token that told of it', async () => {
  const central = await world.tokenOf('user:central', 'organization-administrator', root)
  const sourceId = await makeSource(workloads)
  await send(sourceId, [elastic('203.0.101.3', shop)], central)
  assert.deepEqual(saying(await adopt(sourceId, central)), ['told-by-oneself'])
  await world.post('/role-bindings', { principal: 'service:mine', role: 'reporter', node: root })
  const { token } = await world.post<{ token: string }>('/tokens', { principal: 'service:mine' }, { as: central })
  await send(sourceId, [elastic('203.0.101.4', shop)], token)
  assert.deepEqual(saying(await adopt(sourceId, central)), ['told-by-oneself'])
  // Who told of it first counts: neither does it become theirs by being told again, nor somebody else's.
  await send(sourceId, [elastic('203.0.101.4', shop)])
  assert.deepEqual(saying(await adopt(sourceId, central)), ['told-by-oneself'])
  await send(sourceId, [elastic('203.0.101.5', shop)])
  await send(sourceId, [elastic('203.0.101.5', shop)], central)
  const [item] = await adopt(sourceId, central)
  assert.equal(item!.outcome, 'noncompliant')
  const decision = await world.get<{ outcome: string }>(`/decisions/${item!.decisionId}`)
  assert.equal(decision.outcome, 'deny', 'it is on record with what policy says')
})

test('I4 where it is forgotten who told of it first, whoever has told of anything does not adopt it alone', async () => {
  const central = await world.tokenOf('user:central', 'organization-administrator', root)
  const sourceId = await makeSource(workloads)
  for (let times = 0; times < 2; times++) await send(sourceId, [elastic('203.0.101.6', shop)], central)
  // Of this account it says nothing, so that what was told of it stands: that is no word of its own.
  await send(sourceId, [], collector, { unlisted: [{ account: shop, reason: 'access denied' }] })
  assert.deepEqual(saying(await adopt(sourceId, central)), ['told-by-oneself'])
  const newest = await world.store.read((tx) => tx.sources.newestSnapshot(sourceId))
  await world.store.write((tx) => tx.sources.forgetSnapshots(sourceId, newest - 1, newest, 10))
  assert.deepEqual(saying(await adopt(sourceId, central)), ['told-by-oneself'])
  assert.deepEqual(saying(await adopt(sourceId)), ['noncompliant'])
})

test('I4 what others tell of in one scope is adopted past policy in no other, and as nothing else than they say', async () => {
  const central = await world.tokenOf('user:central', 'organization-administrator', root)
  const { scopeId } = await world.post<{ scopeId: string }>('/scopes', { ipamId: world.ipam })
  const pools = { lawful: '10.70.0.0/16', other: '10.71.0.0/16' }
  const ids: Record<string, string> = {}
  for (const [name, cidr] of Object.entries(pools)) ids[name] = await world.pool({ scope: 'private', cidr })
  const law = await world.policy()
  await world.rules(law, [ids.lawful!], { type: 'vpc' })
  await world.enable(law, prod)
  const told = (cidr: string, type: string) => ({
    ...{
      kind: 'network',
      type,
      cidr,
      id: `${type}-${cidr}`,
      space: `${type}-${cidr}`,
      account: shop,
      locale: 'us-east-1',
    },
  })
  const said = async (sourceId: string, body: object) =>
    saying(await adopt(sourceId, central, { ...everything, ...body }))
  const everything = { everything: true }

  const elsewhere = await makeSource(workloads, { scopeId })
  await send(elsewhere, [told('10.71.0.0/24', 'vpc')])
  assert.deepEqual(await said(elsewhere, { poolId: ids.other }), ['pool-in-other-scope'])

  const scopeless = await makeSource(workloads)
  const line = told('10.71.1.0/24', 'vpc')
  await send(scopeless, [line])
  assert.deepEqual(await said(scopeless, { poolId: ids.other }), ['placed-by-oneself'])
  const moved = await world.ask('PATCH', `/sources/${scopeless}`, { body: { scopeId: world.privateScope } })
  assert.equal(moved.status, 200, JSON.stringify(moved.body))
  assert.deepEqual(await said(scopeless, {}), ['told-before-scope'])
  // Whoever sets the scope is who says so: what others tell later does not say it either, nor does it for a source of one's own.
  const set = async (scope: string | null, as?: string) =>
    (
      await world.ask('PATCH', `/sources/${scopeless}`, {
        body: { scopeId: scope },
        ...(as === undefined ? {} : { as }),
      })
    ).status
  assert.deepEqual([await set(null), await set(world.privateScope, central)], [200, 200])
  await send(scopeless, [line])
  assert.deepEqual(await said(scopeless, {}), ['placed-by-oneself'])
  const own = await makeSource(workloads, { scopeId: world.privateScope }, central)
  await send(own, [line])
  assert.deepEqual(await said(own, {}), ['placed-by-oneself'])
  assert.deepEqual([await set(null), await set(world.privateScope)], [200, 200])
  // Nor does it for who gives a source the name by which others send.
  const byName = await makeSource(workloads, { scopeId: world.privateScope })
  const named = await world.ask('PATCH', `/sources/${byName}`, { body: { name: 'by its name' }, as: central })
  assert.equal(named.status, 200)
  await send(byName, [line])
  assert.deepEqual(await said(byName, {}), ['placed-by-oneself'])
  // Told again since, by somebody else, it is of that scope; and what policy gives needs nobody else.
  await send(scopeless, [line])
  assert.deepEqual(await said(scopeless, {}), ['noncompliant'])

  const fitting = await makeSource(workloads, { scopeId: world.privateScope })
  await send(fitting, [told('10.71.2.0/24', 'onprem:network')])
  assert.deepEqual(await said(fitting, { resourceType: 'vpc' }), ['placed-by-oneself'])
  await send(fitting, [told('10.70.2.0/24', 'onprem:network')])
  assert.deepEqual(await said(fitting, { within: '10.70.0.0/16', everything: undefined, resourceType: 'vpc' }), [
    'adopted',
  ])
})

// The rule of a source ------------------------------------------------------------------------------------------------

test('A11 the rule of a source acts on the right of whoever set it, at the owner of the pool too, and names them', async () => {
  const carl = await world.tokenOf('user:carl', 'organization-administrator', prod)
  const sourceId = await makeSource(prod, { adopts: 'allowed' }, carl)
  const shown = () => world.get<Source>(`/sources/${sourceId}`)
  assert.partialDeepStrictEqual(await shown(), { adopts: 'allowed', adoptsSetBy: 'user:carl' })
  assert.equal((await shown()).adoptsIsStopped, undefined)
  const before = await addressesOf(shop)
  await send(sourceId, [elastic('203.0.100.3', shop)])
  await runRules(world)
  assert.deepEqual(await addressesOf(shop), before, 'carl may do nothing with pools of the network team')
  await world.tokenOf('user:carl', 'ipam-administrator', network)
  await send(sourceId, [elastic('203.0.100.3', shop), elastic('203.0.101.7', shop)])
  await runRules(world)
  assert.deepEqual(await addressesOf(shop), [...before, '203.0.100.3/32'], 'and only what policy gives')
  const { items } = await world.get<{ items: { action: string; principal: string; subjects: string[] }[] }>(
    '/changes?action=adoptByRule',
  )
  const entry = items.find(({ subjects }) => subjects.length > 1)!
  assert.equal(entry.principal, `rule:${sourceId} of user:carl`)
  assert.ok(entry.subjects.includes(sourceId))
  // Once carl is dismissed, what he set does nothing more, whoever sends.
  await unbind('user:carl')
  assert.equal((await shown()).adoptsIsStopped, true)
  await send(sourceId, [elastic('203.0.100.4', shop)])
  await runRules(world)
  assert.deepEqual(await addressesOf(shop), [...before, '203.0.100.3/32'])
  // Set again by somebody who may, it goes on, on their right, with what is there already.
  assert.equal((await world.ask('PATCH', `/sources/${sourceId}`, { body: { adopts: 'allowed' } })).status, 200)
  assert.equal((await shown()).adoptsSetBy, 'user:admin')
  assert.equal((await shown()).adoptsIsStopped, undefined)
  await runRules(world)
  assert.deepEqual(await addressesOf(shop), [...before, '203.0.100.3/32', '203.0.100.4/32'])
})

test('A11 what is forbidden to whoever set a rule, or to a group of theirs, is forbidden to it; and no group permits it anything', async () => {
  const sourceId = await makeSource(prod)
  await world.post('/role-bindings', { principal: 'group:net', role: 'organization-administrator', node: root })
  const native = { name: 'user:grouped', groups: ['group:net'], scopes: [], makers: [] }
  const principal = {
    account: managementAccount,
    arn: 'arn:cadastre::1:user/grouped',
    accessKeyId: '',
    userId: '',
    native,
  }
  const set = (requestId: string, scopes: readonly string[] = []) =>
    world.executor.execute(updateSource, {
      ...{ principal: { ...principal, native: { ...native, scopes } }, region: '', requestId, sourceAddress: 'local' },
      input: { sourceId, adopts: 'allowed' } as never,
    })
  await assert.rejects(set('1'), (error) => {
    assert.ok(error instanceof Refused)
    assert.partialDeepStrictEqual(error.refusal, { code: 'NotAuthorized', because: { why: 'rule-by-name' } })
    return true
  })
  await world.post('/role-bindings', { principal: native.name, role: 'organization-administrator', node: root })
  const takes = async (address: string): Promise<boolean> => {
    await send(sourceId, [elastic(address, shop)])
    await runRules(world)
    return (await addressesOf(shop)).includes(`${address}/32`)
  }
  await set('2', ['estate'])
  assert.equal(await takes('203.0.100.5'), false, 'its token was narrowed, and reads no pools')
  await set('3')
  assert.equal(await takes('203.0.100.5'), true)
  const forbidden = { role: 'ipam-administrator', node: shop, effect: 'forbid' }
  for (const principal of [native.name, 'group:net']) {
    const { bindingId } = await world.post<{ bindingId: string }>('/role-bindings', { ...forbidden, principal })
    assert.equal(await takes('203.0.100.10'), false, principal)
    assert.equal((await world.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
  }
  assert.equal(await takes('203.0.100.10'), true)
})

test('A11 nobody but who may adopt sets a rule, sets it again or leads it into another scope', async () => {
  const sourceId = await makeSource(prod, { adopts: 'allowed' })
  const estate = await world.tokenOf('user:auditor', 'auditor', root)
  assert.equal(
    (await world.ask('PATCH', `/sources/${sourceId}`, { body: { adopts: 'allowed' }, as: estate })).status,
    403,
  )
  const carl = await world.tokenOf('user:carla', 'organization-administrator', prod)
  // A scope that is hidden from her is absent.
  const body = { scopeId: world.privateScope }
  assert.equal((await world.ask('PATCH', `/sources/${sourceId}`, { body, as: carl })).status, 404)
  assert.equal((await world.get<Source>(`/sources/${sourceId}`)).adoptsSetBy, 'user:admin')
  assert.equal(
    (await world.ask('PATCH', `/sources/${sourceId}`, { body: { reportEverySeconds: 600 }, as: carl })).status,
    200,
  )
  assert.equal((await world.get<Source>(`/sources/${sourceId}`)).adoptsSetBy, 'user:admin', 'the rule is as it was')
  assert.equal(
    (await world.ask('PATCH', `/sources/${sourceId}`, { body: { adopts: 'allowed' }, as: carl })).status,
    200,
  )
  assert.equal((await world.get<Source>(`/sources/${sourceId}`)).adoptsSetBy, 'user:carla')
  assert.equal((await world.ask('PATCH', `/sources/${sourceId}`, { body: { adopts: null } })).status, 200)
  assert.equal((await world.get<Source>(`/sources/${sourceId}`)).adoptsSetBy, undefined)
})

// What is hidden ------------------------------------------------------------------------------------------------------

test('I8 adopting from a pool that is hidden is answered like from one that is not there', async () => {
  const alice = await world.tokenOf('user:alice', 'organization-administrator', prod)
  const sourceId = await makeSource(prod, {}, alice)
  await send(sourceId, [elastic('203.0.100.6', shop)])
  const absent = `${other.slice(0, -4)}fff1`
  for (const query of ['', '?dryRun=true'])
    for (const selected of [
      { everything: true },
      { shown: [await shownOf(sourceId, 'observed-0')] },
      { shown: ['observed-9@00'] },
    ]) {
      const answers: string[] = []
      for (const poolId of [other, absent]) {
        const path = `/sources/${sourceId}/differences/adopt${query}`
        const { status, body } = await world.ask('POST', path, { body: { ...selected, poolId }, as: alice })
        answers.push(JSON.stringify({ status, body: { ...body, instance: undefined } }).replaceAll(poolId, 'POOL'))
      }
      assert.equal(answers[0], answers[1])
      assert.match(answers[0]!, /"status":404/)
    }
})

test('I8 of an account that has left its node a source tells neither policy nor contact', async () => {
  const alice = await world.tokenOf('user:alice', 'organization-administrator', prod)
  const { account } = await world.post<{ account: string }>('/accounts', { name: 'moves', parentId: prod })
  const sourceId = await makeSource(prod, {}, alice)
  await send(sourceId, [elastic('203.0.100.7', account), elastic('203.0.100.8', shop)])
  const patch = async (path: string, contact: string) =>
    assert.equal((await world.ask('PATCH', path, { body: { contact } })).status, 200)
  const ask = async () =>
    (
      await world.post<{ items: Item[] }>(
        ...([
          `/sources/${sourceId}/differences/ask`,
          { shown: [await shownOf(sourceId, 'observed-0', alice), await shownOf(sourceId, 'observed-1', alice)] },
          { as: alice },
        ] as const),
      )
    ).items
  await patch(`/accounts/${account}`, 'moves@example.com')
  assert.deepEqual(
    (await ask()).map(({ contact }) => contact),
    ['moves@example.com', undefined],
  )
  await world.post(`/accounts/${account}/move`, { parentId: dev })
  await patch(`/accounts/${account}`, 'secret@example.com')
  assert.deepEqual(saying(await ask()), ['owner-unknown', 'no-contact'])
  const path = `/sources/${sourceId}/differences`
  const { items } = await world.get<{ items: Record<string, unknown>[] }>(path, { as: alice })
  const [moved] = items
  assert.deepEqual([moved!.policy, moved!.wouldBe], [undefined, undefined])
  assert.deepEqual(saying(await adopt(sourceId, undefined, { shown: [await shownOf(sourceId, 'observed-0')] })), [
    'observed-owner-unknown',
  ])
})

// What networks reserve -----------------------------------------------------------------------------------------------

test('what a network reserves is no host’s, whoever says that it is in use', async () => {
  const pool = await world.post<{ poolId: string }>('/pools', {
    ...{ scopeId: world.privateScope, family: 'ipv4', locale: 'onprem:lab', sharedWith: [root] },
  })
  await world.post(`/pools/${pool.poolId}/cidrs`, { cidr: '10.50.0.0/16' })
  const sourceId = await makeSource(root, { scopeId: world.privateScope })
  const seen = (kind: string, cidr: string, id: string) => ({ kind, cidr, id, account: lab, locale: 'onprem:lab' })
  const lines = [
    seen('network', '10.50.3.0/25', 'net'),
    seen('address', '10.50.3.0/32', 'network-address'),
    seen('address', '10.50.3.127/32', 'broadcast'),
    seen('address', '10.50.3.7/32', 'host'),
    seen('address', '10.50.3.0/31', 'pair'),
  ]
  await send(sourceId, lines)
  const expected = ['adopted', 'reserved-ends', 'reserved-ends', 'adopted', 'reserved-ends']
  assert.deepEqual(saying(await adopt(sourceId)), expected)
  // Neither by a rule.
  assert.equal((await world.ask('PATCH', `/sources/${sourceId}`, { body: { adopts: 'allowed' } })).status, 200)
  await send(sourceId, [...lines, seen('address', '10.50.3.8/32', 'another')])
  await runRules(world)
  assert.deepEqual(
    (await addressesOf(lab)).filter((cidr) => cidr.startsWith('10.50.')),
    ['10.50.3.0/25', '10.50.3.7/32', '10.50.3.8/32'],
  )
  assert.deepEqual((await checkSpace(world.store)).problems, [])
})
