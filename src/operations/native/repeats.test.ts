// Repeats of a request over the native API: the first answer again, for whoever may still do what it did.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { lab, openAcme, prod, root, shop } from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'

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
const wish = (account: string) => ({ account, resourceType: 'eip', locale: 'us-east-1' })
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
  const first = await send('one', whole, 'POST', '/allocations', wish(shop))
  const again = await send('one', await tokenFor('service:op'), 'POST', '/allocations', wish(shop))
  assert.deepEqual([again.status, again.body], [201, first.body], 'another token of the same principal will do')
  const byNarrow = await send('one', narrow, 'POST', '/allocations', wish(shop))
  assert.deepEqual([byNarrow.status, byNarrow.body.code, byNarrow.body.allocationId], [403, 'NotAuthorized', undefined])
  await acme.ask('DELETE', `/role-bindings/${bindingId}`)
  const late = await send('one', whole, 'POST', '/allocations', wish(shop))
  assert.deepEqual([late.status, late.body.code], [403, 'NotAuthorized'])
  assert.equal(await count(), 1)
  await boundTo('service:op', prod)
  assert.deepEqual((await send('one', whole, 'POST', '/allocations', wish(shop))).body, first.body)
})

test('I5 of several accounts, each must still be permitted', async () => {
  await boundTo('service:both', shop)
  const ofLab = await boundTo('service:both', lab)
  const as = await tokenFor('service:both')
  const body = { allocations: [wish(shop), wish(lab)] }
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
  const given = await send('four', as, 'POST', '/allocations', wish(shop))
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
  const first = await send('six', as, 'POST', '/allocations', wish(shop))
  await acme.ask('DELETE', `/role-bindings/${bindingId}`)
  await send('six', as, 'POST', '/allocations', wish(shop))
  const { items } = await acme.get<{ items: { action: string; outcome: string; principal: string }[] }>(
    '/changes?limit=1000',
  )
  const mine = items.filter(({ principal }) => principal.endsWith('service/rec'))
  assert.deepEqual(
    mine.map(({ action, outcome }) => [action, outcome]),
    [
      ['createAllocation', 'Success'],
      ['createAllocation', 'NotAuthorized'],
    ],
  )
  await boundTo('service:rec', shop)
  const other = await send('six', as, 'POST', '/allocations', { ...wish(shop), description: 'other' })
  assert.equal(other.body.code, 'IdempotencyMismatch')
  assert.deepEqual((await send('six', as, 'POST', '/allocations', wish(shop))).body, first.body)
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
  const { first, again } = await make('gone-1', '/allocations', { ...wish(shop), poolId })
  await remove(`/allocations/${first.allocationId}`)
  assert.deepEqual(await again(), [409, 'OutdatedRepeat', first.allocationId])
  acme.advance(20 * 3_600_000)
  const theirs = await acme.post<Made>('/allocations', { ...wish(lab), poolId })
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
  const { first, again } = await make('gone-batch', '/allocations/batch', { allocations: [wish(shop), wish(lab)] })
  const [, second] = first.allocations as Made[]
  await remove(`/allocations/${second!.allocationId}`)
  assert.deepEqual(await again(), [409, 'OutdatedRepeat', second!.allocationId])
})

test('I5 what was held and has lapsed, or was dropped, is no answer any more; what was confirmed is', async () => {
  const hold = { ...wish(shop), hold: { expiresInSeconds: 60 } }
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

test('I5 what different people made for one service has keys of its own', async () => {
  const bind = (node: string) =>
    acme.post('/role-bindings', { principal: 'service:shared', role: 'resource-operator', node })
  await bind(shop)
  const made = async (maker: string): Promise<string> => {
    const as = await acme.tokenOf(maker, 'organization-administrator', '*')
    return (await acme.post<{ token: string }>('/tokens', { principal: 'service:shared' }, { as })).token
  }
  const [one, again, other] = [await made('user:one'), await made('user:one'), await made('user:other')]
  const first = await send('build', one, 'POST', '/allocations', wish(shop))
  assert.deepEqual((await send('build', again, 'POST', '/allocations', wish(shop))).body, first.body)
  const second = await send('build', other, 'POST', '/allocations', wish(shop))
  assert.equal(second.status, 201)
  assert.notEqual(second.body.allocationId, first.body.allocationId)
  const third = await send('build-2', one, 'POST', '/allocations', { ...wish(shop), description: 'first' })
  assert.equal(third.status, 201)
  assert.equal(
    (await send('build-2', other, 'POST', '/allocations', wish(shop))).status,
    201,
    'nobody takes away a key',
  )
})
