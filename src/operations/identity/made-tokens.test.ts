// What is done with a token that somebody made names its maker beside its bearer, wherever the record names a principal.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asNetwork, openAcme, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, withNativeApi } from '../../../test/native-world.ts'
import { explainDecision } from '../policy/explain.ts'
import { refusalsPerMinute } from '../refused-changes.ts'

interface Made {
  readonly token: string
  readonly tokenId: string
}
interface Named {
  readonly makers?: readonly string[]
}
interface Listed<Item> {
  readonly items: readonly Item[]
}

const subject = 'https://id.example.com ann'
let acme: Awaited<ReturnType<typeof openAcme>> & NativeWorld
/** A token of `service:ci` that ann made, who signed in. */
let as: string
let bindingId: string
before(async () => {
  acme = await withNativeApi(await openAcme())
  const ann = await acme.tokenOf('user:ann', 'organization-administrator', '*')
  const params = { principal: 'service:ci', role: 'organization-administrator', node: '*' }
  bindingId = (await acme.post<{ bindingId: string }>('/role-bindings', params)).bindingId
  const made = await acme.post<Made>('/tokens', { principal: 'service:ci' }, { as: ann })
  await acme.database.execute(`update api_token set makers = '["user:ann", "${subject}"]' where id = '${made.tokenId}'`)
  as = made.token
})
after(() => acme.close())

const bearer = /service\/ci$/
const makers = ['user:ann']
const takes = { account: shop, resourceType: 'eip', locale: 'us-east-1' }

test('the list of changes and each change name both, of what was done and of what was refused', async () => {
  await acme.post('/allocations', takes, { as })
  await acme.ask('POST', '/allocations', { as, body: { ...takes, resourceType: 'nothing' } })
  await acme.post('/allocations', takes)
  const { items } = await acme.get<Listed<Named & { changeId: string; principal: string; outcome: string }>>(
    '/changes?action=createAllocation',
  )
  assert.deepEqual(
    items.map((item) => [bearer.test(item.principal), item.outcome, item.makers]),
    [
      [false, 'Success', undefined],
      [true, 'InvalidParameterValue', makers],
      [true, 'Success', makers],
    ],
  )
  for (const { changeId, makers } of items) {
    assert.deepEqual((await acme.get<Named>(`/changes/${changeId}`)).makers, makers)
  }
  assert(!JSON.stringify(items).includes(subject), 'who a maker is for the identity provider is nothing for the record')
})

test('a decision, its explanation for the operator, and who had a block name both', async () => {
  const { decisionId, cidr } = await acme.post<{ decisionId: string; cidr: string }>('/allocations', takes, { as })
  const decision = await acme.get<{ requestedBy: Named }>(`/decisions/${decisionId}`)
  assert.deepEqual(decision.requestedBy.makers, makers)
  assert.match((await explainDecision(acme.store, decisionId))!, /^by +\S+service\/ci\ntoken of +user:ann$/m)
  const held = await acme.get<Listed<{ requestedBy: Named }>>(`/history/addresses?cidr=${encodeURIComponent(cidr)}`)
  assert.deepEqual(held.items.at(-1)!.requestedBy.makers, makers)
  const own = await acme.post<{ decisionId: string }>('/allocations', takes)
  assert.equal((await acme.get<{ requestedBy: Named }>(`/decisions/${own.decisionId}`)).requestedBy.makers, undefined)
})

test('an exception names both of who asked, approved, prolonged and ended it', async () => {
  const inAnHour = async () => new Date((await acme.store.read(async (tx) => tx.now)) + 3_600_000).toISOString()
  const params = { ...takes, account: undefined, target: shop, grants: { provider: true }, reason: 'a test' }
  interface Exception {
    readonly exceptionId: string
    readonly requested: Named
    readonly approved: Named
    readonly ended: Named
  }
  const ask = async (who?: string) =>
    acme.post<Exception>(
      '/exceptions',
      { ...params, expiresAt: await inAnHour() },
      who === undefined ? {} : { as: who },
    )
  const byService = await ask(as)
  assert.deepEqual(byService.requested.makers, makers)
  const byAdmin = await ask()
  assert.equal(byAdmin.requested.makers, undefined)
  const path = `/exceptions/${byAdmin.exceptionId}`
  assert.deepEqual((await acme.post<Exception>(`${path}/approve`, {}, { as })).approved.makers, makers)
  assert.deepEqual((await acme.post<Exception>(`${path}/revoke`, {}, { as })).ended.makers, makers)
  const { items } = await acme.get<Listed<Exception>>('/exceptions')
  const listed = items.find(({ exceptionId }) => exceptionId === byService.exceptionId)
  assert.deepEqual(listed!.requested.makers, makers)
})

test('a candidate names both of who set it', async () => {
  const policy = await acme.policy()
  await acme.call('EnableIpamPolicy', { IpamPolicyId: policy, OrganizationTargetId: root }, asNetwork)
  const path = `/policies/${policy}/assignments/${root}/candidate`
  const put = await acme.ask<Named>('PUT', path, { body: { mode: 'observe' }, as })
  assert.deepEqual([put.status, put.body.makers], [200, makers])
  assert.deepEqual((await acme.get<Named>(path)).makers, makers)
  await acme.ask('PUT', path, { body: { mode: 'warn' } })
  assert.equal((await acme.get<Named>(path)).makers, undefined)
})

test('a snapshot names both of who sent it, where it is sent, shown and listed', async () => {
  const { sourceId } = await acme.post<{ sourceId: string }>('/sources', { name: 'named', kind: 'csv', node: root })
  const path = `/sources/${sourceId}/snapshots`
  const send = async (who?: string): Promise<Named> => {
    const takenAt = new Date(await acme.store.read(async (tx) => tx.now)).toISOString()
    const body = `${JSON.stringify({ snapshot: { takenAt } })}\n{"end":{"observations":0}}\n`
    const headers = { 'content-type': 'application/x-ndjson' }
    const { status, body: sent } = await acme.ask<Named>('POST', path, { headers, body, ...(who && { as: who }) })
    assert.equal(status, 201, JSON.stringify(sent))
    acme.advance(1_000)
    return sent
  }
  assert.deepEqual((await send(as)).makers, makers)
  assert.equal((await send()).makers, undefined)
  const { items } = await acme.get<Listed<Named>>(path)
  assert.deepEqual(
    items.map((item) => item.makers),
    [undefined, makers],
  )
  assert.deepEqual((await acme.get<Named>(`${path}/1`)).makers, makers)
})

test('refusals that are only counted name both, apart from those with tokens that others made', async () => {
  for (let n = 0; n < refusalsPerMinute + 2; n++) await acme.ask('DELETE', `/role-bindings/${bindingId}x`, { as })
  await acme.executor.recordCounted({ isAll: true })
  const { items } = await acme.get<Listed<Named & { principal: string; times?: number }>>(
    '/changes?action=CountRefusals',
  )
  assert.deepEqual(
    items.map((item) => [bearer.test(item.principal), item.makers]),
    [[true, makers]],
  )
})

test('who somebody is for the identity provider stands in no history of what they made', async () => {
  const { tokenId } = await acme.post<{ tokenId: string }>('/tokens', {}, { as })
  for (const path of [`/history/objects/${tokenId}`, `/changes?subject=${tokenId}`]) {
    const told = JSON.stringify(await acme.get<object>(path))
    assert(told.includes('user:ann') && !told.includes(subject), told)
  }
})
