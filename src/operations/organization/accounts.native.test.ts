// Accounts over the native API: under their own numbers and ids, renamed, and found by whoever may see them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'

let world: NativeWorld
let root: string
interface Account {
  readonly account: string
  readonly name: string
  readonly email: string
  readonly cloud?: string
  readonly externalId?: string
  readonly contact?: string
  readonly status: string
  readonly parentId?: string
}
interface Problem {
  readonly code: string
  readonly field?: string
  readonly detail?: string
}

before(async () => {
  world = await openNativeWorld()
  root = (await world.post<{ rootId: string }>('/organization', { managementAccount })).rootId
})
after(() => world.close())

const create = (body: object) => world.post<Account>('/accounts', body)
const refused = async (
  method: 'POST' | 'PATCH' | 'GET' | 'DELETE',
  path: string,
  body?: object,
  as?: string,
): Promise<Problem> => (await world.ask<Problem>(method, path, { body, as })).body

const guid = '0B1F6471-1bf0-4dda-aec3-cb9272f09590'

test('an account of AWS is its own number, and nobody else gets that', async () => {
  const shop = await create({ account: '012345678901', name: 'shop', contact: 'team-shop@example.com' })
  assert.deepEqual(
    [shop.account, shop.cloud, shop.externalId, shop.contact, shop.status, shop.parentId],
    ['012345678901', 'aws', undefined, 'team-shop@example.com', 'active', root],
  )
  assert.equal(shop.email, 'account@012345678901.invalid')
  const { Account: seen } = await world.organizations('DescribeAccount', { AccountId: shop.account })
  assert.deepEqual([seen!.Name, seen!.JoinedMethod], ['shop', 'INVITED'])
  const same = { cloud: 'aws', externalId: '444455556666', name: 'by its id' }
  assert.equal((await create(same)).account, '444455556666')
  for (const body of [{ account: '012345678901', name: 'x' }, same, { account: managementAccount, name: 'x' }]) {
    assert.equal((await refused('POST', '/accounts', body)).code, 'AlreadyExists')
  }
})

test('an account of another cloud has its id there, once in that cloud, and a number that is drawn', async () => {
  const azure = await create({ cloud: 'azure', externalId: guid, name: 'billing' })
  assert.match(azure.account, /^[1-9]\d{11}$/)
  assert.deepEqual([azure.cloud, azure.externalId], ['azure', guid.toLowerCase()])
  const again = { cloud: 'azure', externalId: guid.toLowerCase(), name: 'billing' }
  assert.equal((await refused('POST', '/accounts', again)).code, 'AlreadyExists')
  await create({ cloud: 'gcp', externalId: 'example.com:shop-1234', name: 'legacy' })
  await create({ cloud: 'k8s', externalId: 'Cluster 1/eu', name: 'cluster' })
  await create({ cloud: 'onprem', externalId: 'Cluster 1/eu', name: 'site' })
  assert.equal((await create({ cloud: 'onprem', name: 'team' })).externalId, undefined)
})

test('what no account can be called is refused by the name of the member', async () => {
  const cases: [object, string, string][] = [
    [{ account: '123456789012', cloud: 'azure' }, 'InvalidParameterValue', 'account'],
    [{ account: '123456789012', externalId: '123456789013' }, 'InvalidParameterValue', 'externalId'],
    [{ account: '12345678901' }, 'InvalidParameterValue', 'account'],
    [{ externalId: 'cluster' }, 'MissingParameter', 'cloud'],
    [{ cloud: 'Azure', externalId: guid }, 'InvalidParameterValue', 'cloud'],
    [{ cloud: 'azure', externalId: 'cluster' }, 'InvalidParameterValue', 'externalId'],
    [{ cloud: 'gcp', externalId: 'Shop' }, 'InvalidParameterValue', 'externalId'],
    [{ cloud: 'aws', externalId: 'shop' }, 'InvalidParameterValue', 'externalId'],
    [{ cloud: 'k8s', externalId: '123456789012' }, 'InvalidParameterValue', 'externalId'],
    [{ cloud: 'k8s', externalId: ' a' }, 'InvalidParameterValue', 'externalId'],
    [{ contact: '' }, 'InvalidParameterValue', 'contact'],
  ]
  for (const [body, code, field] of cases) {
    const problem = await refused('POST', '/accounts', { name: 'x', ...body })
    assert.deepEqual([problem.code, problem.field], [code, field], JSON.stringify([body, problem]))
  }
})

test('an account is renamed, and gets another contact, id or none', async () => {
  const made = await create({ cloud: 'k8s', externalId: 'old', name: 'old' })
  const path = `/accounts/${made.account}`
  const patch = async (body: object) => (await world.ask<Account>('PATCH', path, { body })).body
  const renamed = await patch({
    name: 'new',
    externalId: 'new',
    contact: 'https://example.com/k8s',
    email: 'k8s@example.com',
  })
  assert.deepEqual(
    [renamed.name, renamed.externalId, renamed.contact, renamed.email],
    ['new', 'new', 'https://example.com/k8s', 'k8s@example.com'],
  )
  const tree = await world.get<{ items: { nodeId: string; name: string }[] }>('/organization/tree?limit=1000')
  assert.equal(tree.items.find(({ nodeId }) => nodeId === made.account)?.name, 'new')
  assert.equal((await world.organizations('DescribeAccount', { AccountId: made.account })).Account!.Name, 'new')
  const { body } = (await world.store.read((tx) => tx.history.latest(made.account)))!
  assert.deepEqual([JSON.parse(body).name, JSON.parse(body).contact], ['new', 'https://example.com/k8s'])
  await create({ cloud: 'k8s', externalId: 'old', name: 'the id is free again' })
  for (const taken of [{ externalId: 'old' }, { email: 'management@example.com' }]) {
    assert.equal((await refused('PATCH', path, taken)).code, 'AlreadyExists', JSON.stringify(taken))
  }
  const without = await patch({ contact: null, externalId: null, cloud: null })
  assert.deepEqual([without.contact, without.externalId, without.cloud], [undefined, undefined, undefined])
  assert.equal((await refused('PATCH', path, {})).code, 'InvalidParameterCombination')
  assert.equal((await refused('PATCH', path, { externalId: 'x' })).code, 'MissingParameter')
  assert.equal((await refused('PATCH', path, { cloud: 'aws', externalId: '123456789012' })).field, 'externalId')
})
