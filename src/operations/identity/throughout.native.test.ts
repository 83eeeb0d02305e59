// Whoever is permitted everywhere and forbidden somewhere does not see everything: what is of many nodes at once is closed to them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Acme, lab, openAcme, root, shop } from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { signCheckpoint } from '../evidence/checkpoints.ts'
import { growTree, isTreeBehind } from '../evidence/tree.ts'

let acme: Acme & Native
let whole: string
let partly: string
before(async () => {
  acme = await withNativeApi(await openAcme())
  whole = await acme.tokenOf('user:whole', 'auditor', '*')
  partly = await acme.tokenOf('user:partly', 'auditor', '*')
  await acme.post('/role-bindings', { principal: 'user:partly', role: 'auditor', node: shop, effect: 'forbid' })
  // A forbid of somebody who manages roles at an account alone binds nothing that is permitted above: it closes nothing.
  const local = await acme.tokenOf('user:local', 'organization-administrator', lab)
  const forbid = { principal: 'user:whole', role: 'auditor', node: lab, effect: 'forbid' }
  await acme.post('/role-bindings', forbid, { as: local })
})
after(() => acme.close())

test('I8 the record of a proof is closed to whoever something of it may be hidden from', async () => {
  const name = (account: string, to: string) => ({ operation: 'updateAccount', input: { account, name: to } })
  await acme.post('/governance/apply', { operations: [name(shop, 'of-shop'), name(lab, 'of-lab')] })
  while (await acme.store.read(isTreeBehind)) await growTree(acme.store)
  await signCheckpoint(acme.store)
  const { items } = await acme.get<{ items: { changeId: string }[] }>('/changes?limit=1')
  const proof = async (as: string) =>
    acme.get<{ proof: string; record?: string }>(`/changes/${items[0]!.changeId}/proof`, { as })
  assert.match((await proof(whole)).record!, /of-shop/)
  const closed = await proof(partly)
  assert.equal(closed.record, undefined)
  assert(closed.proof)
})

test('I8 that an address of the provider is not free is told to whoever sees everybody that may have it', async () => {
  const { PublicIp } = await acme.call('AllocateAddress', {}, { account: shop })
  const state = async (as: string) =>
    (await acme.get<{ places: { state?: string }[] }>(`/find?q=${PublicIp}`, { as })).places[0]?.state
  assert.equal(await state(whole), 'allocated')
  assert.equal(await state(partly), undefined)
})

test('I8 what others simulate is not there for whoever may not read all policies', async () => {
  const ann = await acme.tokenOf('user:ann', 'organization-administrator', root)
  const operations = [{ operation: 'updateAccount', input: { account: shop, name: 'of-ann' } }]
  const { simulationId } = await acme.post<{ simulationId: string }>('/simulations', { operations }, { as: ann })
  const seen = async (as: string) => (await acme.ask('GET', `/simulations/${simulationId}`, { as })).status
  const listed = async (as: string) => (await acme.get<{ items: object[] }>('/simulations', { as })).items.length
  assert.deepEqual([await seen(whole), await seen(partly), await seen(ann)], [200, 404, 200])
  assert.deepEqual([await listed(whole), await listed(partly), await listed(ann)], [1, 0, 1])
})
