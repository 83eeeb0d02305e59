// Repeats of a request over the native API: the first answer again, for whoever may still do what it did.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { lab, openAcme, prod, root, shop } from '../../test/acme.ts'
import { type Native, withNativeApi } from '../../test/native-world.ts'

type World = Awaited<ReturnType<typeof openAcme>> & Native
interface Answer {
  readonly code?: string
  readonly allocationId?: string
  readonly detail?: string
}
let acme: World
before(async () => {
  acme = await withNativeApi(await openAcme())
})
after(() => acme.close())

const send = (key: string, as: string, method: 'POST' | 'DELETE', path: string, body?: object) =>
  acme.ask<Answer>(method, path, { as, body, headers: { 'idempotency-key': key } })
const params = (account: string) => ({ account, resourceType: 'eip', locale: 'us-east-1' })
async function boundTo(principal: string, node: string): Promise<string> {
  const body = { principal, role: 'resource-operator', node }
  return (await acme.post<{ bindingId: string }>('/role-bindings', body)).bindingId
}
const tokenFor = async (principal: string, scopes: readonly string[] = []): Promise<string> =>
  (await acme.post<{ token: string }>('/tokens', { principal, scopes })).token
const count = async (): Promise<number> => (await acme.get<{ items: object[] }>('/allocations')).items.length

test('I5 who lost the role, or asks with a narrower token, is not answered again', async () => {
  const bindingId = await boundTo('service:op', shop)
  const [whole, narrow] = [await tokenFor('service:op'), await tokenFor('service:op', ['read'])]
  const first = await send('one', whole, 'POST', '/allocations', params(shop))
  const again = await send('one', await tokenFor('service:op'), 'POST', '/allocations', params(shop))
  assert.deepEqual([again.status, again.body], [201, first.body], 'another token of the same principal will do')
  const byNarrow = await send('one', narrow, 'POST', '/allocations', params(shop))
  assert.deepEqual([byNarrow.status, byNarrow.body.code, byNarrow.body.allocationId], [403, 'NotAuthorized', undefined])
  await acme.ask('DELETE', `/role-bindings/${bindingId}`)
  const late = await send('one', whole, 'POST', '/allocations', params(shop))
  assert.deepEqual([late.status, late.body.code], [403, 'NotAuthorized'])
  assert.equal(await count(), 1)
  await boundTo('service:op', prod)
  assert.deepEqual((await send('one', whole, 'POST', '/allocations', params(shop))).body, first.body)
})

test('I5 of several accounts, each must still be permitted', async () => {
  await boundTo('service:both', shop)
  const ofLab = await boundTo('service:both', lab)
  const as = await tokenFor('service:both')
  const body = { allocations: [params(shop), params(lab)] }
  const first = await send('two', as, 'POST', '/allocations/batch', body)
  assert.equal(first.status, 201)
  assert.deepEqual((await send('two', as, 'POST', '/allocations/batch', body)).body, first.body)
  await acme.ask('DELETE', `/role-bindings/${ofLab}`)
  assert.equal((await send('two', as, 'POST', '/allocations/batch', body)).body.code, 'NotAuthorized')
})

test('I5 what a request deleted is no reason to refuse its repeat, and who answers for what was above it still counts', async () => {
  const bind = { principal: 'service:boss', role: 'organization-administrator', node: root }
  const { bindingId } = await acme.post<{ bindingId: string }>('/role-bindings', bind)
  const as = await tokenFor('service:boss')
  const unit = await acme.post<{ unitId: string }>('/organizational-units', { name: 'Brief', parentId: prod }, { as })
  const path = `/organizational-units/${unit.unitId}`
  for (let times = 0; times < 2; times++) assert.equal((await send('three', as, 'DELETE', path)).status, 204)
  const given = await send('four', as, 'POST', '/allocations', params(shop))
  const release = `/allocations/${given.body.allocationId}`
  for (let times = 0; times < 2; times++) assert.equal((await send('five', as, 'DELETE', release)).status, 204)
  await acme.ask('DELETE', `/role-bindings/${bindingId}`)
  for (const [key, what] of [
    ['three', path],
    ['five', release],
  ] as const) {
    const { status, body } = await send(key, as, 'DELETE', what)
    assert.deepEqual([status, body.code], [403, 'NotAuthorized'])
  }
})

test('a refused repeat is on record like any denial, and the key still names the first request', async () => {
  const bindingId = await boundTo('service:rec', shop)
  const as = await tokenFor('service:rec')
  const first = await send('six', as, 'POST', '/allocations', params(shop))
  await acme.ask('DELETE', `/role-bindings/${bindingId}`)
  await send('six', as, 'POST', '/allocations', params(shop))
  const { items } = await acme.get<{ items: { action: string; outcome: string; principal: string }[] }>(
    '/changes?limit=1000',
  )
  const mine = items.filter(({ principal }) => principal.endsWith('service/rec'))
  assert.deepEqual(
    mine.map(({ action, outcome }) => [action, outcome]),
    [
      ['createAllocation', 'NotAuthorized'],
      ['createAllocation', 'Success'],
    ],
  )
  await boundTo('service:rec', shop)
  const other = await send('six', as, 'POST', '/allocations', { ...params(shop), description: 'other' })
  assert.equal(other.body.code, 'IdempotencyMismatch')
  assert.deepEqual((await send('six', as, 'POST', '/allocations', params(shop))).body, first.body)
})

interface Made {
  readonly allocationId: string
  readonly [member: string]: unknown
}
/** Makes something with a key; `again` sends the same once more. */
async function make(key: string, path: string, body: object) {
  const as = await acme.tokenOf('user:maker', 'organization-administrator', '*')
  const ask = () =>
    acme.ask<Made & { code?: string; id?: string }>('POST', path, { as, body, headers: { 'idempotency-key': key } })
  const first = await ask()
  assert.ok(first.status < 300, JSON.stringify(first.body))
  const again = async () => {
    const { status, body: answered } = await ask()
    return [status, answered.code, answered.id]
  }
  assert.deepEqual((await ask()).body, first.body, 'as long as it is there')
  return { first: first.body, again }
}
const remove = async (path: string) => assert.equal((await acme.ask('DELETE', path)).status, 204)

test('I5 a repeat is a conflict once its space was given back, whoever has it by then, and has no effect', async () => {
  const poolId = await acme.pool({ cidr: '203.0.99.0/32' })
  await acme.ask('PATCH', `/pools/${poolId}`, { body: { sharedWith: [root] } })
  const { first, again } = await make('gone-1', '/allocations', { ...params(shop), poolId })
  await remove(`/allocations/${first.allocationId}`)
  assert.deepEqual(await again(), [409, 'OutdatedRepeat', first.allocationId])
  acme.advance(20 * 3_600_000)
  const theirs = await acme.post<Made>('/allocations', { ...params(lab), poolId })
  assert.equal(theirs.cidr, first.cidr, 'somebody else has it')
  const held = await count()
  assert.deepEqual(await again(), [409, 'OutdatedRepeat', first.allocationId])
  assert.equal(await count(), held)
  const { items } = await acme.get<{ items: { outcome: string }[] }>(
    `/changes?limit=1000&subject=${first.allocationId}`,
  )
  assert.equal(items.filter(({ outcome }) => outcome === 'OutdatedRepeat').length, 2, 'each is on record')
})

test('I5 of several, one that is gone is enough, and the conflict names it', async () => {
  const { first, again } = await make('gone-batch', '/allocations/batch', { allocations: [params(shop), params(lab)] })
  const [, second] = first.allocations as Made[]
  await remove(`/allocations/${second!.allocationId}`)
  assert.deepEqual(await again(), [409, 'OutdatedRepeat', second!.allocationId])
})

test('I5 what was held and has lapsed, or was dropped, is no answer any more; what was confirmed is', async () => {
  const hold = { ...params(shop), hold: { expiresInSeconds: 60 } }
  const [lapsing, dropped, confirmed] = [
    await make('gone-hold-1', '/allocations', hold),
    await make('gone-hold-2', '/allocations', hold),
    await make('gone-hold-3', '/allocations', hold),
  ]
  await acme.post(`/allocations/${confirmed.first.allocationId}/confirm`, {})
  await remove(`/allocations/${dropped.first.allocationId}`)
  acme.advance(61_000)
  assert.deepEqual(await lapsing.again(), [409, 'OutdatedRepeat', lapsing.first.allocationId])
  assert.deepEqual(await dropped.again(), [409, 'OutdatedRepeat', dropped.first.allocationId])
  assert.equal((await confirmed.again())[0], 201)
})

test('I5 objects of every other kind that were deleted, or changed and then deleted, are no answer any more', async () => {
  const unit = await make('gone-unit', '/organizational-units', { name: 'Gone', parentId: prod })
  await remove(`/organizational-units/${unit.first.unitId}`)
  assert.deepEqual(await unit.again(), [409, 'OutdatedRepeat', unit.first.unitId])
  const binding = await make('gone-role', '/role-bindings', { principal: 'user:x', role: 'auditor', node: shop })
  await remove(`/role-bindings/${binding.first.bindingId}`)
  assert.deepEqual(await binding.again(), [409, 'OutdatedRepeat', binding.first.bindingId])
  const ipam = await make('gone-ipam', '/ipams', { account: lab, region: 'us-east-1' })
  const { ipamId } = ipam.first as { ipamId?: string }
  const policy = await make('gone-policy', '/policies', { ipamId: acme.ipam })
  const path = `/policies/${policy.first.policyId}`
  const renamed = async (key: string) =>
    acme.ask<{ code?: string }>('PATCH', path, { body: { tags: { a: 'b' } }, headers: { 'idempotency-key': key } })
  assert.equal((await renamed('gone-rename')).status, 200)
  assert.equal((await renamed('gone-rename')).status, 200)
  await remove(path)
  assert.deepEqual(await policy.again(), [409, 'OutdatedRepeat', policy.first.policyId])
  assert.deepEqual((await renamed('gone-rename')).body.code, 'OutdatedRepeat')
  await remove(`/ipams/${ipamId}`)
  assert.deepEqual(await ipam.again(), [409, 'OutdatedRepeat', ipamId])
})

interface Kept {
  readonly status: number
  readonly body: { readonly code?: string; readonly id?: string }
}
/** A request that is sent twice at once, and later again: what the last time is answered. */
async function keep(key: string, method: 'PUT' | 'POST' | 'PATCH', path: string, body?: object) {
  const ask = (): Promise<Kept> =>
    acme.ask<Kept['body']>(method, path, { headers: { 'idempotency-key': key }, ...(body ? { body } : {}) })
  const first = await ask()
  assert.ok(first.status < 300, JSON.stringify(first.body))
  const quick = await ask()
  assert.deepEqual([quick.status, quick.body], [first.status, first.body], 'a quick repeat is answered alike')
  const again = async () => {
    const { status, body } = await ask()
    return [status, body.code, body.id]
  }
  return { first: first.body as Record<string, string>, again }
}
const outdated = (id: string) => [409, 'OutdatedRepeat', id]

test('I5 an assignment, candidate or document that was taken away or is another one by now is no answer any more', async () => {
  const { policyId } = await acme.post<{ policyId: string }>('/policies', { ipamId: acme.ipam })
  const path = `/policies/${policyId}/assignments/${lab}`
  const [id, documentPath] = [`${policyId}/${lab}`, `/policies/${policyId}/documents/us-east-1/eip`]
  const poolId = await acme.pool()
  const document = await keep('kept-document', 'PUT', documentPath, { rules: [{ poolId }] })
  const assignment = await keep('kept-assignment', 'PUT', path, { mode: 'observe' })
  const candidate = await keep('kept-candidate', 'PUT', `${path}/candidate`, { mode: 'warn' })
  assert.equal((await assignment.again())[0], 200, 'a candidate leaves the assignment as it is')
  await remove(`${path}/candidate`)
  assert.deepEqual(await candidate.again(), outdated(id))
  const promoted = await keep('kept-candidate-2', 'PUT', `${path}/candidate`, { mode: 'warn' })
  const promotion = await keep('kept-promotion', 'POST', `${path}/candidate/promote`)
  assert.equal((await promotion.again())[0], 200)
  assert.deepEqual(await promoted.again(), outdated(id))
  assert.deepEqual(await assignment.again(), outdated(id), 'it is in another mode')
  const second = await keep('kept-assignment-2', 'PUT', path, { mode: 'observe' })
  await remove(path)
  assert.deepEqual(await second.again(), outdated(id))
  assert.equal((await document.again())[0], 200)
  await remove(documentPath)
  assert.deepEqual(await document.again(), outdated(`${policyId}/us-east-1/eip`))
})

test('I5 a draft of a policy that was deleted is no answer any more', async () => {
  const { policyId } = await acme.post<{ policyId: string }>('/policies', { ipamId: acme.ipam })
  const draft = await keep('kept-draft', 'POST', `/policies/${policyId}/versions`, { documents: [] })
  await remove(`/policies/${policyId}`)
  assert.deepEqual(await draft.again(), outdated(policyId))
})

test('I5 an approval that was revoked, and a move back, are no answer any more', async () => {
  const requester = await acme.tokenOf('user:requester', 'organization-administrator', root)
  const { now } = await acme.store.read(async (tx) => ({ now: tx.now }))
  const asked = {
    target: shop,
    locale: 'us-east-1',
    resourceType: 'eip',
    grants: { provider: true },
    reason: 'a test',
    expiresAt: new Date(now + 3_600_000).toISOString(),
  }
  const { exceptionId } = await acme.post<{ exceptionId: string }>('/exceptions', asked, { as: requester })
  const approval = await keep('kept-approval', 'POST', `/exceptions/${exceptionId}/approve`)
  acme.advance(1_000)
  assert.equal((await approval.again())[0], 200)
  await acme.post(`/exceptions/${exceptionId}/revoke`, {})
  assert.deepEqual(await approval.again(), outdated(exceptionId))
  const { parentId } = await acme.get<{ parentId: string }>(`/accounts/${lab}`)
  const move = await keep('kept-move', 'POST', `/accounts/${lab}/move`, { parentId: prod })
  await acme.post(`/accounts/${lab}/move`, { parentId })
  assert.deepEqual(await move.again(), outdated(lab))
})

test('I5 who asks again for a change sees it alike whatever else has become of what is around it', async () => {
  const poolId = await acme.pool({ cidr: '203.0.98.0/24' })
  const pool = await keep('kept-pool', 'PATCH', `/pools/${poolId}`, { sharedWith: [root], description: 'a pool' })
  const first = await acme.post<Made>('/allocations', { ...params(shop), poolId })
  assert.equal((await pool.again())[0], 200)
  const changed = await keep('kept-change', 'PATCH', `/allocations/${first.allocationId}`, { description: 'one' })
  acme.advance(1_000)
  assert.equal((await changed.again())[0], 200)
  const ipam = await keep('kept-ipam', 'PATCH', `/ipams/${acme.ipam}`, { description: 'an IPAM' })
  const unit = await keep('kept-unit', 'PATCH', `/organizational-units/${prod}`, { tags: { a: 'b', '1': 'c' } })
  const account = await keep('kept-account', 'PATCH', `/accounts/${shop}`, { tags: { b: 'c', a: 'b' } })
  for (const { again } of [ipam, unit, account, pool]) assert.equal((await again())[0], 200)
  await acme.ask('PATCH', `/pools/${poolId}`, { body: { description: 'another' } })
  assert.deepEqual(await pool.again(), outdated(poolId))
})

test('I5 a quick repeat of every other change of an object is answered alike', async () => {
  const { scopeId } = await acme.post<{ scopeId: string }>('/scopes', { ipamId: acme.ipam })
  const scope = await keep('kept-scope', 'PATCH', `/scopes/${scopeId}`, { description: 'a scope' })
  const { policyId } = await acme.post<{ policyId: string }>('/policies', { ipamId: acme.ipam })
  await keep('kept-policy', 'PATCH', `/policies/${policyId}`, { tags: { b: 'c', a: 'b' } })
  const hold = { ...params(shop), hold: { expiresInSeconds: 60 } }
  const { allocationId } = await acme.post<Made>('/allocations', hold)
  const extended = await keep('kept-hold', 'POST', `/allocations/${allocationId}/hold`, { expiresInSeconds: 120 })
  await keep('kept-confirm', 'POST', `/allocations/${allocationId}/confirm`, { description: 'kept' })
  assert.deepEqual(await extended.again(), outdated(allocationId), 'it ends no more')
  const ask = async (name: string, path = '/exceptions', hours = 2): Promise<string> => {
    const { now } = await acme.store.read(async (tx) => ({ now: tx.now }))
    const body = {
      target: lab,
      locale: 'us-east-1',
      resourceType: 'eip',
      resource: name,
      grants: { provider: true },
      reason: 'a test',
      expiresAt: new Date(now + hours * 3_600_000).toISOString(),
    }
    const as = await acme.tokenOf('user:requester', 'organization-administrator', root)
    return (await acme.post<{ exceptionId: string }>(path, body, { as })).exceptionId
  }
  const denied = await ask('one')
  await keep('kept-denial', 'POST', `/exceptions/${denied}/deny`, { note: 'no' })
  const approved = await ask('two')
  await keep('kept-approval-2', 'POST', `/exceptions/${approved}/approve`)
  const { now } = await acme.store.read(async (tx) => ({ now: tx.now }))
  const expiresAt = new Date(now + 4 * 3_600_000).toISOString()
  await keep('kept-renewal', 'POST', `/exceptions/${approved}/renew`, { expiresAt, reason: 'longer' })
  await keep('kept-revocation', 'POST', `/exceptions/${approved}/revoke`, { note: 'done' })
  await keep('kept-review', 'POST', `/exceptions/${await ask('three', '/exceptions/break-glass')}/review`, {
    note: 'seen',
  })
  await remove(`/scopes/${scopeId}`)
  assert.deepEqual(await scope.again(), outdated(scopeId))
})

test('I5 what different people made for one service has keys of its own', async () => {
  const bind = (node: string) =>
    acme.post('/role-bindings', { principal: 'service:shared', role: 'resource-operator', node })
  await bind(shop)
  const made = async (maker: string): Promise<string> => {
    const as = await acme.tokenOf(maker, 'organization-administrator', '*')
    return (await acme.post<{ token: string }>('/tokens', { principal: 'service:shared' }, { as })).token
  }
  const [one, again, other] = [await made('user:one'), await made('user:one'), await made('user:other')]
  const first = await send('build', one, 'POST', '/allocations', params(shop))
  assert.deepEqual((await send('build', again, 'POST', '/allocations', params(shop))).body, first.body)
  const second = await send('build', other, 'POST', '/allocations', params(shop))
  assert.equal(second.status, 201)
  assert.notEqual(second.body.allocationId, first.body.allocationId)
  const third = await send('build-2', one, 'POST', '/allocations', { ...params(shop), description: 'first' })
  assert.equal(third.status, 201)
  assert.equal(
    (await send('build-2', other, 'POST', '/allocations', params(shop))).status,
    201,
    'nobody takes away a key',
  )
})
