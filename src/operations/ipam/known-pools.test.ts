// Who may know of a pool is told that it is not shared with them, and whose it is; to everybody else it is not there (invariant I8).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import { foundOrganization, lab, network, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { costOf } from '../../../test/statement-cost.ts'

let world: NativeWorld
/** It was shared with the lab, which has space of it; by now with the shop. */
let pool: string
/** Nobody but its owner has anything to do with it. */
let hidden: string
let absent: string
const locale = 'us-east-1'
const host = { resourceType: 'onprem:host', locale }
let scopeId: string
const operators: Record<string, string> = {}

interface Problem {
  readonly code: string
  readonly account?: string
  readonly owner?: string
  readonly contact?: string
  readonly detail: string
}
interface Pool {
  readonly poolId: string
  readonly sharedWith: readonly string[]
  readonly tags: Readonly<Record<string, string>>
}
const takeOf = (poolId: string, account: string) =>
  world.ask<Problem>('POST', '/allocations', { as: operators[account]!, body: { ...host, account, poolId } })

/** What its owner alone may ask of a pool. */
const ownersAlone = (poolId: string) =>
  [
    ['GET', `/pools/${poolId}/free`, undefined],
    ['GET', `/pools/${poolId}/utilization`, undefined],
    ['GET', `/pools/${poolId}/cidrs`, undefined],
    ['POST', `/pools/${poolId}/cidrs`, { cidr: '10.60.1.0/24' }],
    ['PATCH', `/pools/${poolId}`, { description: 'ours' }],
    ['DELETE', `/pools/${poolId}`, undefined],
  ] as const

before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  scopeId = (await world.post<{ privateScopeId: string }>('/ipams', { account: network, region: locale }))
    .privateScopeId
  const poolOf = async (cidr: string, sharedWith: readonly string[]) => {
    const params = { scopeId, family: 'ipv4', locale, sharedWith, tags: { cost: 'centre' } }
    const { poolId } = await world.post<Pool>('/pools', params)
    await world.post(`/pools/${poolId}/cidrs`, { cidr })
    return poolId
  }
  for (const account of [lab, shop])
    operators[account] = await world.tokenOf(`user:${account}`, 'resource-operator', account)
  pool = await poolOf('10.60.0.0/16', [lab])
  hidden = await poolOf('10.61.0.0/16', [])
  absent = hidden.slice(0, -4).concat('ffff')
  assert.equal((await takeOf(pool, lab)).status, 201)
  assert.equal((await world.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: [] } })).status, 200)
})
after(() => world.close())

test('who has space of a pool that is not shared with them any more is told so, and whose it is', async () => {
  const { status, body } = await takeOf(pool, lab)
  assert.deepEqual([status, body.code, body.account, body.owner], [403, 'NotShared', lab, network])
  assert.match(
    body.detail,
    new RegExp(`^The pool \`${pool}\` is not shared with \`${lab}\`; its owner is \`${network}\``),
  )
  await world.ask('PATCH', `/accounts/${network}`, { body: { contact: 'net@example.com' } })
  assert.equal((await takeOf(pool, lab)).body.contact, 'net@example.com')
  const code = await world
    .call('AllocateIpamPoolCidr', { IpamPoolId: pool, NetmaskLength: 28 }, { account: lab })
    .catch((error: unknown) => (error instanceof Refused ? error.refusal.code : error))
  assert.equal(code, 'NotShared')
})

test('so is who may read the IPAM of its owner, for whichever account they ask', async () => {
  const both = await world.tokenOf('user:both', 'resource-operator', shop)
  await world.post('/role-bindings', { principal: 'user:both', role: 'auditor', node: network })
  const body = { ...host, account: shop, poolId: hidden }
  const answer = await world.ask<Problem>('POST', '/allocations', { as: both, body })
  assert.deepEqual([answer.status, answer.body.code, answer.body.owner], [403, 'NotShared', network])
})

test('a refusal has names beside ids, for whoever may see what is called so', async () => {
  const named = async (as?: string) => {
    const body = { ...host, account: shop, poolId: hidden }
    return (await world.ask<Problem>('POST', '/allocations', { ...(as && { as }), body })).body.detail
  }
  await world.ask('PATCH', `/pools/${hidden}`, { body: { name: 'cellar' } })
  assert.match(await named(), new RegExp(`^The pool \`${hidden}\` \\(cellar\\) is not shared with`))
  const gone = await world.ask<Problem>('DELETE', `/pools/${hidden}`)
  assert.match(gone.body.detail, new RegExp(`${hidden}\`? \\(cellar\\)`))
  // As of what is not there: not even the name.
  assert.doesNotMatch(await named(operators[shop]), /cellar|not shared/)
  // Who knows of it by its id alone is told the id alone.
  await world.ask('PATCH', `/pools/${pool}`, { body: { name: 'attic' } })
  const known = await takeOf(pool, lab)
  assert.equal(known.body.code, 'NotShared')
  assert.doesNotMatch(known.body.detail, /attic/)
  for (const id of [pool, hidden]) await world.ask('PATCH', `/pools/${id}`, { body: { name: null } })
})

test('whoever has space of a pool can name it: in a request for an exception, and where it is asked what would be', async () => {
  const params = (target: string) => ({
    target,
    locale,
    resourceType: host.resourceType,
    grants: { pools: [pool] },
    reason: 'the old rack',
    expiresAt: '2026-02-01T00:00:00.000Z',
  })
  const ask = (path: string, account: string, body: object) =>
    world.ask<Problem>('POST', path, { as: operators[account]!, body })
  assert.equal((await ask('/exceptions', lab, params(lab))).status, 201)
  const other = await ask('/exceptions', shop, params(shop))
  assert.deepEqual([other.status, other.body.code], [404, 'NotFound'])
  const asked = { ...host, scopeType: 'private', poolId: pool }
  assert.equal((await ask('/explanations', lab, { ...asked, account: lab })).status, 200)
  assert.equal((await ask('/explanations', shop, { ...asked, account: shop })).status, 404)
})

test('what a list of pools that an account may use has can be shown; what is its owner’s stays with them', async () => {
  await world.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: [root] } })
  const as = operators[shop]!
  const { items } = await world.get<{ items: readonly Pool[] }>(`/pools?usableBy=${shop}`, { as })
  assert.deepEqual(
    items.map(({ poolId }) => poolId),
    [pool],
  )
  const shown = await world.get<Pool>(`/pools/${pool}`, { as })
  assert.deepEqual(shown, items[0])
  assert.deepEqual([shown.sharedWith, shown.tags], [[], {}])
  const own = await world.get<Pool>(`/pools/${pool}`)
  assert.deepEqual([own.sharedWith, own.tags], [[root], { cost: 'centre' }])
  // What is asked of it beyond that is its owner's to answer, and not absent.
  const own403 = ownersAlone(pool).map(async ([method, path, body]) => {
    const { status, body: answer } = await world.ask<Problem>(method, path, { as, ...(body && { body }) })
    return [path, status, answer.code, answer.detail.includes(network)]
  })
  assert.deepEqual(
    await Promise.all(own403),
    ownersAlone(pool).map(([, path]) => [path, 403, 'NotAuthorized', true]),
  )
  await world.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: [] } })
  assert.equal((await world.ask('GET', `/pools/${pool}`, { as })).status, 404)
  // Who has space of it knows that it is there.
  const seen = await world.ask<Problem>('GET', `/pools/${pool}`, { as: operators[lab]! })
  assert.deepEqual([seen.status, seen.body.code], [403, 'NotAuthorized'])
  assert.match(seen.body.detail, new RegExp(network))
})

test('I8 of whom nothing may be known is answered as what is not there: in text, status, headers and what it costs', async () => {
  const as = operators[shop]!
  const requests = (poolId: string) =>
    [
      ['POST', '/allocations', { ...host, account: shop, poolId }],
      ['POST', '/explanations', { ...host, scopeType: 'private', account: shop, poolId }],
      ['GET', `/pools/${poolId}`, undefined],
      ...ownersAlone(poolId),
    ] as const
  for (const [index, [method, path, body]] of requests(hidden).entries()) {
    const [, absentPath, absentBody] = requests(absent)[index]!
    const ask = (to: string, what: object | undefined) =>
      world.ask<Problem>(method, to, { as, ...(what === undefined ? {} : { body: what }) })
    const told = async (to: string, what: object | undefined) => {
      const { status, headers, body: answer } = await ask(to, what)
      const names = [...Object.keys(headers as object)].sort()
      return JSON.stringify([status, names, { ...answer, instance: '' }]).replaceAll(hidden, absent)
    }
    assert.equal(await told(path, body), await told(absentPath, absentBody), path)
    assert.match(await told(path, body), /NotFound/)
    if (world.database.engine !== 'sqlite') continue
    const leastOf = async (to: string, what: object | undefined) => {
      const costs = [await costOf(() => ask(to, what)), await costOf(() => ask(to, what))]
      return costs.reduce((least, cost) => (cost.statements < least.statements ? cost : least))
    }
    assert.deepEqual(await leastOf(path, body), await leastOf(absentPath, absentBody), path)
  }
})
