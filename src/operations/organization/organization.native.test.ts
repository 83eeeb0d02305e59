// Organization, accounts and units over the native API: made, moved, seen by those who may, and the same ones over Organizations.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'

let world: NativeWorld
let root: string
interface Unit {
  readonly unitId: string
  readonly name: string
  readonly parentId: string
}
interface Account {
  readonly account: string
  readonly parentId: string
  readonly tags: Record<string, string>
}
interface Problem {
  readonly code: string
  readonly field?: string
}
interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string
}

before(async () => {
  world = await openNativeWorld()
  assert.equal((await world.ask<Problem>('GET', '/organization')).body.code, 'NotFound')
  const made = await world.post<{ rootId: string }>('/organization', { managementAccount })
  root = made.rootId
})
after(() => world.close())

const unit = (name: string, parentId = root) => world.post<Unit>('/organizational-units', { name, parentId })
const account = (name: string, more: object = {}) =>
  world.post<Account>('/accounts', { name, email: `${name}@example.com`, ...more })

test('an organization is made once, and is the one of the Organizations API', async () => {
  const again = await world.ask<Problem>('POST', '/organization', { body: { managementAccount } })
  assert.equal(again.status, 409)
  const { Organization } = await world.organizations('DescribeOrganization', {})
  const shown = await world.get<{ organizationId: string }>('/organization')
  assert.equal(shown.organizationId, Organization!.Id)
})

test('the management account has one name, in the tree, in the list of accounts and in its history', async () => {
  const named = async () => {
    const { items } = await world.get<{ items: { nodeId: string; name: string }[] }>('/organization/tree')
    const { name } = await world.get<{ name: string }>(`/accounts/${managementAccount}`)
    const history = await world.get<{ items: { state: { name: string } }[] }>(`/history/objects/${managementAccount}`)
    return [items.find(({ nodeId }) => nodeId === managementAccount)!.name, name, history.items[0]!.state.name]
  }
  assert.deepEqual(await named(), ['management', 'management', 'management'])
  await world.ask('PATCH', `/accounts/${managementAccount}`, { body: { name: 'head office' } })
  assert.deepEqual(await named(), ['head office', 'head office', 'head office'])
  await world.ask('PATCH', `/accounts/${managementAccount}`, { body: { name: 'management' } })
})

test('the delegated administrator of IPAM is the one of the EC2 API, and there is one at most', async () => {
  const [one, other] = [(await account('net-one')).account, (await account('net-other')).account]
  const path = '/organization/ipam-administrator'
  const put = (params: string) => world.ask<Problem>('PUT', path, { body: { account: params } })
  const shown = () => world.get<{ account?: string }>(path)
  assert.deepEqual(await shown(), {})
  assert.equal((await world.ask<Problem>('DELETE', path)).body.code, 'IncorrectState')
  assert.equal((await put(managementAccount)).body.code, 'NotEligible')
  assert.deepEqual((await put('999999999999')).body.code, 'NotFound')
  for (const _ of ['once', 'twice']) assert.equal((await put(one)).status, 200)
  assert.deepEqual(await shown(), { account: one })
  assert.equal((await world.get<{ delegatedAdministrator: string }>('/organization')).delegatedAdministrator, one)
  const { DelegatedAdministrators } = await world.organizations('ListDelegatedAdministrators', {})
  assert.deepEqual(
    DelegatedAdministrators!.map(({ Id }) => Id),
    [one],
  )
  assert.equal((await put(other)).body.code, 'IncorrectState')
  // It can be taken away once none of its policies would be left in force without anybody who could end them.
  const { ipamId } = await world.post<{ ipamId: string }>('/ipams', { account: one, region: 'us-east-1' })
  const { policyId } = await world.post<{ policyId: string }>('/policies', { ipamId })
  const assignment = `/policies/${policyId}/assignments/${root}`
  assert.equal((await world.ask('PUT', assignment, { body: { mode: 'observe' } })).status, 200)
  assert.equal((await world.ask<Problem>('DELETE', path)).body.code, 'DependencyViolation')
  assert.equal((await world.ask('DELETE', assignment)).status, 204)
  assert.equal((await world.ask('DELETE', path)).status, 204)
  assert.deepEqual(await shown(), {})
  assert.equal((await put(other)).status, 200)
  const auditor = await world.tokenOf('user:audrey', 'auditor', '*')
  const denied = await world.ask<Problem>('DELETE', path, { as: auditor })
  assert.deepEqual([denied.status, denied.body.code], [403, 'NotAuthorized'])
})

test('an account is made where it is asked, moved, and tagged', async () => {
  const prod = await unit('prod')
  const dev = await unit('dev')
  const shop = await account('shop', { parentId: prod.unitId, tags: { team: 'shop' } })
  assert.deepEqual([shop.parentId, shop.tags], [prod.unitId, { team: 'shop' }])
  const versionOf = (id: string) => world.store.read((tx) => tx.history.latestVersion(id))
  assert.equal(await versionOf(shop.account), 1, 'it is nowhere else before')
  const moved = await world.post<Account>(`/accounts/${shop.account}/move`, { parentId: dev.unitId })
  assert.equal(moved.parentId, dev.unitId)
  const { Parents } = await world.organizations('ListParents', { ChildId: shop.account })
  assert.equal(Parents?.[0]?.Id, dev.unitId)
  const tagged = await world.ask<Account>('PATCH', `/accounts/${shop.account}`, { body: { tags: { env: 'dev' } } })
  assert.deepEqual(tagged.body.tags, { env: 'dev' })
  assert.equal(await versionOf(shop.account), 3, 'one tag gave way to another in one step')
  const twice = await world.ask<Problem>('POST', '/accounts', { body: { name: 'shop', email: 'SHOP@example.com' } })
  assert.deepEqual([twice.status, twice.body.code], [409, 'AlreadyExists'])
})

test('If-Match of an account follows what is shown of it', async () => {
  const one = await account('match')
  const read = await world.ask<Account>('GET', `/accounts/${one.account}`)
  const headers = { 'if-match': String(read.headers.etag) }
  const first = await world.ask('PATCH', `/accounts/${one.account}`, { body: { tags: { a: '1' } }, headers })
  assert.equal(first.status, 200)
  assert.notEqual(first.headers.etag, headers['if-match'])
  const second = await world.ask('PATCH', `/accounts/${one.account}`, { body: { tags: { a: '2' } }, headers })
  assert.equal(second.status, 412)
})

test('a unit is renamed, kept while something hangs under it, and deleted', async () => {
  const one = await unit('one')
  const below = await unit('below', one.unitId)
  const renamed = await world.ask<Unit>('PATCH', `/organizational-units/${one.unitId}`, { body: { name: 'other' } })
  assert.equal(renamed.body.name, 'other')
  const kept = await world.ask<Problem>('DELETE', `/organizational-units/${one.unitId}`)
  assert.equal(kept.body.code, 'DependencyViolation')
  assert.equal((await world.ask('DELETE', `/organizational-units/${below.unitId}`)).status, 204)
  assert.equal((await world.ask('DELETE', `/organizational-units/${one.unitId}`)).status, 204)
  const gone = await world.ask<Problem>('GET', `/organizational-units/${one.unitId}`)
  assert.deepEqual([gone.status, gone.body.code], [404, 'NotFound'])
})

test('bad input names our fields, not those of Organizations', async () => {
  const cases: [string, object, string, string][] = [
    ['/accounts', { name: '', email: 'x@example.com' }, 'InvalidParameterValue', 'name'],
    ['/accounts', { name: 'x', email: 'nonsense' }, 'InvalidParameterValue', 'email'],
    [
      '/accounts',
      { name: 'x', email: 'x@example.com', parentId: managementAccount },
      'InvalidParameterValue',
      'parentId',
    ],
    ['/organizational-units', { name: ' ', parentId: root }, 'InvalidParameterValue', 'name'],
    ['/organizational-units', { name: 'x' }, 'MissingParameter', 'parentId'],
    [
      '/organizational-units',
      { name: 'x', parentId: root, tags: { 'cadastre:mode': 'off' } },
      'InvalidParameterValue',
      'tags.cadastre:mode',
    ],
  ]
  for (const [path, body, code, field] of cases) {
    const answer = await world.ask<Problem>('POST', path, { body })
    assert.deepEqual([answer.body.code, answer.body.field], [code, field], JSON.stringify(answer.body))
  }
})

test('I8 who has a role at a unit sees what is below it, and nothing of the rest is there', async () => {
  const mine = await unit('mine')
  const theirs = await unit('theirs')
  const own = await account('own', { parentId: mine.unitId })
  const other = await account('other', { parentId: theirs.unitId })
  const as = await world.tokenOf('user:mine', 'organization-administrator', mine.unitId)
  const tree = await world.get<Page<{ nodeId: string; path: string[] }>>('/organization/tree', { as })
  assert.deepEqual(tree.items.map(({ nodeId }) => nodeId).sort(), [own.account, mine.unitId].sort())
  assert.deepEqual(tree.items.find(({ nodeId }) => nodeId === own.account)?.path, [root, mine.unitId, own.account])
  const list = await world.get<Page<Account>>('/accounts', { as })
  assert.deepEqual(
    list.items.map(({ account }) => account),
    [own.account],
  )
  const hidden = await world.ask<Problem>('GET', `/accounts/${other.account}`, { as })
  const absent = await world.ask<Problem>('GET', '/accounts/123456789012', { as })
  assert.deepEqual([hidden.status, hidden.body.code], [absent.status, absent.body.code])
  const away = await world.ask<Problem>('POST', `/accounts/${own.account}/move`, {
    body: { parentId: theirs.unitId },
    as,
  })
  assert.equal(away.status, 404, 'nobody moves an account to where they may do nothing')
  const into = await world.ask<Problem>('POST', `/accounts/${other.account}/move`, {
    body: { parentId: mine.unitId },
    as,
  })
  assert.equal(into.status, 404, 'nor one that they have no say over')
  const up = await world.ask<Problem>('POST', '/accounts', { body: { name: 'up', email: 'up@example.com' }, as })
  assert.equal(up.status, 404)
})

test('pages of the tree go on where the one before ended', async () => {
  const all = await world.get<Page<{ nodeId: string }>>('/organization/tree?limit=1000')
  const seen: string[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: Page<{ nodeId: string }> = await world.get(`/organization/tree?limit=3${cursor && `&cursor=${cursor}`}`)
    seen.push(...page.items.map(({ nodeId }) => nodeId))
    cursor = page.nextCursor
  }
  assert.deepEqual(
    seen,
    all.items.map(({ nodeId }) => nodeId),
  )
  const units = await world.get<Page<{ kind: string }>>(`/organization/tree?parentId=${root}&kind=organizational-unit`)
  assert(units.items.length > 0 && units.items.every(({ kind }) => kind === 'organizational-unit'))
})
