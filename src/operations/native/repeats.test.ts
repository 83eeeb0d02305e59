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
