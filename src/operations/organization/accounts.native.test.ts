// Accounts over the native API: under their own numbers and ids, renamed, and found by whoever may see them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { formatId } from '#model/identifier.ts'
import { wordsOfTold } from '#model/policy/explain.ts'
import { spread } from '#model/spread.ts'
import { createAccessKey, listAccessKeys } from '#operations/identity/access-keys.ts'
import { tokenHash } from '#operations/identity/tokens.ts'
import { refusalOf } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { costOf } from '../../../test/statement-cost.ts'
import { managementAccount } from '../../../test/world.ts'
import { bindingsEndedMax } from '../identity/role-binding-record.ts'
import { sharesWithUnseenMax } from '../ipam/shares-unseen.ts'
import { endTokensOfRemoved } from './account-states.ts'

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

test('I9 what is wrong with a tag is said by its key, whatever that has in it', async () => {
  const cases: [object, string][] = [
    [{ 'a/b': 5 }, 'a/b'],
    [{ a: 'x', 'a/b': 'x'.repeat(300) }, 'a/b'],
    [{ 'a/b': 'x', 'a/b/c/': 7 }, 'a/b/c/'],
    [{ 'aws:a/b': 'x' }, 'aws:a/b'],
    [{ '/': 'x'.repeat(300) }, '/'],
    [{ 'cadastre:when/us-east-1/P': 'x' }, 'cadastre:when/us-east-1/P'],
  ]
  for (const [tags, key] of cases) {
    const { code, field, value } = (await refused('POST', '/accounts', { name: 'x', tags })) as Problem & {
      value?: string
    }
    assert.deepEqual([code, field], ['InvalidParameterValue', `tags.${key}`], JSON.stringify(tags))
    assert.equal(value?.slice(0, 200), String((tags as Record<string, unknown>)[key]).slice(0, 200))
  }
  // A name that is not there has none.
  assert.equal((await refused('POST', '/accounts/batch', { accounts: [{ tags: {} }] })).field, 'accounts.0.name')
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

test('a request names an account by its number, its id in its cloud or its name', async () => {
  const site = await create({ cloud: 'onprem', externalId: 'fra1', name: 'Frankfurt 1' })
  for (const name of [site.account, 'fra1', 'Frankfurt 1']) {
    const shown = await world.get<Account>(`/accounts/${encodeURIComponent(name)}`)
    assert.equal(shown.account, site.account, name)
  }
  const named = await create({ cloud: 'gcp', externalId: 'named-project', name: 'Project 1' })
  assert.equal((await world.get<Account>('/accounts/named-project')).account, named.account)
  const upper = await create({ cloud: 'azure', externalId: guid.replace('0B', '1c'), name: 'upper' })
  assert.equal((await world.get<Account>(`/accounts/${guid.replace('0B', '1C')}`)).account, upper.account)

  const binding = await world.post<{ node: string }>('/role-bindings', {
    principal: 'user:frank',
    role: 'auditor',
    node: 'Frankfurt 1',
  })
  assert.equal(binding.node, site.account)
  const { ipamId, account } = await world.post<{ ipamId: string; account: string }>('/ipams', {
    account: 'Frankfurt 1',
    region: 'us-east-1',
  })
  assert.equal(account, site.account)
  const list = await world.get<{ items: { ipamId: string }[] }>('/ipams?account=fra1')
  assert.deepEqual(
    list.items.map((one) => one.ipamId),
    [ipamId],
  )
  const { policyId } = await world.post<{ policyId: string }>('/policies', { ipamId })
  const assigned = await world.ask<{ targetId: string }>('PUT', `/policies/${policyId}/assignments/fra1`, {
    body: { mode: 'observe' },
  })
  assert.equal(assigned.body.targetId, site.account)
  assert.equal((await refused('GET', '/accounts/nobody')).code, 'NotFound')
})

test('Z4 an account that is given what another is called as its id is not taken for that one', async () => {
  const payments = await create({ name: 'payments-prod' })
  assert.equal((await world.get<Account>('/accounts/payments-prod')).account, payments.account)
  const other = await create({ name: 'other', cloud: 'k8s', externalId: 'payments-prod' })
  const ambiguous = await refused('GET', '/accounts/payments-prod')
  assert.equal(ambiguous.code, 'InvalidParameterValue')
  for (const { account } of [other, payments]) assert.match(ambiguous.detail!, new RegExp(`\`${account}\``))
  await world.ask('PATCH', `/accounts/${other.account}`, { body: { externalId: 'payments-copy' } })
  assert.equal((await world.get<Account>('/accounts/payments-prod')).account, payments.account)
})

test('D8 nobody keeps the number of an account from its owner by the email that it would have', async () => {
  const number = '777788889999'
  for (const email of [`account@${number}.invalid`, `ACCOUNT@${number}.INVALID`]) {
    const { code, field } = await refused('POST', '/accounts', { name: 'squatter', email })
    assert.deepEqual([code, field], ['InvalidParameterValue', 'email'])
    const { code: changed } = await refused('PATCH', '/accounts/other', { email })
    assert.equal(changed, 'InvalidParameterValue')
  }
  // One that has it from before is named, and is no fault.
  await world.database.execute(`update account set email = 'account@${number}.invalid' where name = 'other'`)
  const body = { account: number, name: 'own' }
  const taken = await refused('POST', '/accounts', body)
  assert.equal(taken.code, 'AlreadyExists')
  assert.match(taken.detail!, /the email `account@777788889999\.invalid`/)
  await world.ask('PATCH', '/accounts/other', { body: { email: 'other@example.com' } })
  assert.equal((await create(body)).email, `account@${number}.invalid`)
  // A number that is drawn is one whose email is free, too.
  const next = await world.store.write(async (tx) => ({ sequence: tx.nextSequence(), key: tx.installation }))
  const shape = { alphabet: '0123456789', length: 12 }
  const emails = Array.from(
    { length: 40 },
    (_, ahead) => `account@${spread(next.sequence + ahead, shape, next.key)}.invalid`,
  )
  await world.store.write(async (tx) => {
    for (const [index, email] of emails.entries()) {
      const joined = { status: 'ACTIVE', joinedMethod: 'CREATED', joinedAt: tx.now } as const
      await tx.organizations.insertAccount({
        id: `30000000${String(index).padStart(4, '0')}`,
        name: 'squats',
        email,
        ...joined,
      })
    }
  })
  for (let index = 0; index < 10; index++) await create({ name: 'drawn beside' })
  const kept = await world.ask('PATCH', `/accounts/${number}`, {
    body: { email: `account@${number}.invalid`, name: 'mine' },
  })
  assert.equal(kept.status, 200)
})

test('Z1 whoever administers an account alone learns no email, id or number of others by taking them', async () => {
  const own = await create({ name: 'administered alone' })
  const hidden = await create({
    name: 'hidden one',
    email: 'hidden@example.com',
    cloud: 'k8s',
    externalId: 'hidden-cluster',
  })
  const as = await world.tokenOf('user:alone', 'organization-administrator', own.account)
  for (const given of [{ email: hidden.email }, { cloud: 'k8s', externalId: hidden.externalId }]) {
    const absent = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, name === 'cloud' ? value : `no-${value}`]),
    )
    const [taken, free] = [given, absent].map((body) => world.ask('PATCH', `/accounts/${own.account}`, { body, as }))
    assert.deepEqual([(await taken!).status, (await free!).status], [403, 403])
  }
  assert.equal(
    (await world.ask('PATCH', `/accounts/${own.account}`, { body: { name: 'renamed alone' }, as })).status,
    200,
  )
})

test('several requests at once say which one names an account that is not there', async () => {
  const one = { account: managementAccount, resourceType: 'eip', locale: 'us-east-1' }
  const { code, ...facts } = (await refused('POST', '/allocations/batch', {
    allocations: [one, { ...one, account: 'nobody' }],
  })) as Problem & { index?: number }
  assert.deepEqual([code, facts.index], ['NotFound', 1])
})

test('I8 an account that one may not see answers to no name, and makes none ambiguous', async () => {
  const unit = (name: string) => world.post<{ unitId: string }>('/organizational-units', { name, parentId: root })
  const [mine, theirs] = [await unit('mine'), await unit('theirs')]
  const own = await create({ name: 'twin', parentId: mine.unitId })
  const hidden = await create({ name: 'twin', parentId: theirs.unitId })
  await create({ name: 'only theirs', cloud: 'k8s', externalId: 'their-id', parentId: theirs.unitId })
  const as = await world.tokenOf('user:mine', 'organization-administrator', mine.unitId)
  assert.equal((await world.get<Account>('/accounts/twin', { as })).account, own.account)
  const absent = await refused('GET', '/accounts/never-there', undefined, as)
  for (const name of ['only theirs', 'their-id']) {
    const { detail, ...problem } = await refused('GET', `/accounts/${encodeURIComponent(name)}`, undefined, as)
    const { detail: absentDetail, ...other } = absent
    assert.equal(detail, absentDetail?.replace('never-there', name))
    assert.deepEqual(Object.keys(problem), Object.keys(other))
    assert.equal(problem.code, other.code)
  }
  const ambiguous = await refused('GET', '/accounts/twin')
  assert.deepEqual([ambiguous.code, ambiguous.field], ['InvalidParameterValue', 'account'])
  for (const number of [own.account, hidden.account]) assert.match(ambiguous.detail!, new RegExp(number))
  // Whoever may take space for an account may name it, and no other.
  const operator = await world.tokenOf('user:operator', 'resource-operator', own.account)
  const body = { account: 'twin', resourceType: 'eip', locale: 'us-east-1' }
  const { account } = await world.post<Account>('/allocations', body, { as: operator })
  assert.equal(account, own.account)
})

test('a repeat of a request that names an account is answered as at first', async () => {
  await create({ name: 'repeated' })
  const headers = { 'idempotency-key': 'same' }
  const ask = () => world.ask<Account>('PATCH', '/accounts/repeated', { body: { contact: 'me' }, headers })
  const first = await ask()
  assert.deepEqual([first.status, (await ask()).body], [200, first.body])
  const rename = () =>
    world.ask<Account>('PATCH', '/accounts/repeated', {
      body: { name: 'has another name' },
      headers: { 'idempotency-key': 'rename' },
    })
  const renamed = await rename()
  assert.deepEqual([renamed.status, (await rename()).body], [200, renamed.body])
})

test('many accounts are made at once, all of them or none', async () => {
  const unit = await world.post<{ unitId: string }>('/organizational-units', { name: 'many', parentId: root })
  const accounts = Array.from({ length: 100 }, (_, n) => ({
    account: String(700_000_000_000 + n),
    name: `batch-${n}`,
    parentId: unit.unitId,
  }))
  const batch = (body: object[]) =>
    refused('POST', '/accounts/batch', { accounts: body }) as Promise<Problem & { index?: number }>
  const twice = await batch([...accounts.slice(0, 99), accounts[3]!])
  assert.deepEqual([twice.code, twice.index], ['AlreadyExists', 99])
  const wrong = await batch([accounts[0]!, { ...accounts[1]!, contact: ' ' }])
  assert.deepEqual([wrong.code, wrong.index, wrong.field], ['InvalidParameterValue', 1, 'contact'])
  assert.equal(
    (await batch([...accounts, { name: 'one more', account: '800000000000', parentId: root }])).field,
    'accounts',
  )
  const made = await world.post<{ accounts: Account[] }>('/accounts/batch', { accounts })
  assert.deepEqual(
    made.accounts.map(({ account }) => account),
    accounts.map(({ account }) => account),
  )
  const below = await world.get<{ items: Account[] }>(`/accounts?parentId=${unit.unitId}&limit=1000`)
  assert.equal(below.items.length, 100)
  const as = await world.tokenOf('user:many', 'organization-administrator', unit.unitId)
  const elsewhere = { name: 'elsewhere', parentId: root }
  const denied = await refused(
    'POST',
    '/accounts/batch',
    { accounts: [{ ...elsewhere, parentId: unit.unitId }, elsewhere] },
    as,
  )
  assert.equal(denied.code, 'NotFound')
})

test('I8 accounts made at once, first where one may only read, tell nobody which units are there', async () => {
  const post = (name: string) =>
    world.post<{ unitId: string }>('/organizational-units', { name, parentId: root }).then(({ unitId }) => unitId)
  const [read, hidden] = [await post('only read'), await post('hidden')]
  const as = await world.tokenOf('user:reads-unit', 'auditor', read)
  const absent = hidden.slice(0, -1).concat(hidden.endsWith('a') ? 'b' : 'a')
  for (const query of ['', '?dryRun=true']) {
    const answers: unknown[] = []
    for (const other of [hidden, absent]) {
      const accounts = [read, other].map((parentId, n) => ({ name: `made-${n}`, parentId }))
      const { code, detail } = await refused('POST', `/accounts/batch${query}`, { accounts }, as)
      answers.push([code, detail])
    }
    assert.deepEqual(answers[1], answers[0])
    assert.equal((answers[0] as unknown[])[0], 'NotAuthorized')
  }
})

const onlyHeld = {
  resourceType: 'rack:lapsing',
  summary: 'x',
  scopeTypes: ['private'],
  takes: 'any',
  lengths: { ipv4: { min: 24, max: 32 } },
}
test('a hold that has lapsed keeps no account and no resource type, and tells nobody of its pool, swept or not', async () => {
  const { account } = await create({ name: 'lapsing' })
  await world.post('/resource-types', onlyHeld)
  const other = (await create({ name: 'owner of a pool' })).account
  const ipam = await world.post<{ privateScopeId: string }>('/ipams', { account: other, region: 'us-east-1' })
  const share = { locale: 'us-east-1', family: 'ipv4', sharedWith: [account] }
  const pool = await world.post<{ poolId: string }>('/pools', { scopeId: ipam.privateScopeId, ...share })
  await world.post(`/pools/${pool.poolId}/cidrs`, { cidr: '10.68.0.0/24' })
  const asked = {
    account,
    resourceType: onlyHeld.resourceType,
    locale: 'us-east-1',
    poolId: pool.poolId,
    netmaskLength: 28,
  }
  const held = await world.post<{ allocationId: string }>('/allocations', { ...asked, hold: { expiresInSeconds: 60 } })
  await world.ask('PATCH', `/pools/${pool.poolId}`, { body: { sharedWith: [] } })
  const knows = await world.tokenOf('user:knows', 'resource-operator', account)
  const take = () => refused('POST', '/allocations', asked, knows)
  world.advance(59_999)
  assert.match((await refused('DELETE', '/accounts/lapsing')).detail!, new RegExp(held.allocationId))
  assert.equal((await refused('DELETE', `/resource-types/${onlyHeld.resourceType}`)).code, 'DependencyViolation')
  assert.equal((await take()).code, 'NotShared')
  world.advance(1)
  assert.equal((await take()).code, 'NotFound')
  assert.equal((await world.ask('DELETE', `/resource-types/${onlyHeld.resourceType}`)).status, 204)
  assert.equal((await world.ask('DELETE', '/accounts/lapsing')).status, 204)
  // What was left of it is swept as ever, and its space is there again.
  world.advance(2_000)
  await world.post('/resource-types', onlyHeld)
  assert.equal((await world.ask('DELETE', `/pools/${pool.poolId}?cascade=true`)).status, 204)
})

test('a suspended account gets no new space and goes on later; a closed one stays closed and can still release', async () => {
  const unit = await world.post<{ unitId: string }>('/organizational-units', { name: 'states', parentId: root })
  const { account } = await create({ name: 'states', parentId: unit.unitId })
  const turn = (how: string, as?: string) =>
    world.ask<Account & Problem>('POST', `/accounts/states/${how}`, { as, body: {} })
  const eip = { account, resourceType: 'eip', locale: 'us-east-1' }
  const first = await world.post<{ allocationId: string }>('/allocations', eip)
  const own = await world.tokenOf('user:own', 'organization-administrator', account)
  const ipam = await world.post<{ ipamId: string; privateScopeId: string }>('/ipams', { account, region: 'us-east-1' })
  const { poolId } = await world.post<{ poolId: string }>('/pools', { scopeId: ipam.privateScopeId, family: 'ipv4' })
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.66.0.0/24' })
  const expiresAt = new Date(Date.UTC(2026, 0, 1, 2)).toISOString()
  const pair = { locale: 'us-east-1', resourceType: 'eip' }
  const wanted = { target: account, ...pair, grants: { provider: true }, reason: 'more', expiresAt }
  const held = await world.post<{ allocationId: string }>('/allocations', { ...eip, hold: { expiresInSeconds: 600 } })
  assert.equal((await turn('suspend', own)).body.code, 'NotAuthorized', 'above it is decided about it')
  assert.equal((await turn('resume')).body.code, 'IncorrectState')
  const suspended = await turn('suspend')
  assert.deepEqual([suspended.status, suspended.body.status], [200, 'suspended'])
  assert.equal((await turn('suspend')).body.code, 'IncorrectState')
  const { Account: seen } = await world.organizations('DescribeAccount', { AccountId: account })
  assert.deepEqual([seen!.Status, seen!.State], ['SUSPENDED', 'SUSPENDED'])
  const paths: [string, object][] = [
    ['/allocations', eip],
    ['/allocations', { ...eip, hold: { expiresInSeconds: 600 } }],
    [`/allocations/${held.allocationId}/confirm`, {}],
    ['/explanations', { account, resourceType: 'eip', locale: 'us-east-1' }],
    ['/exceptions', wanted],
    ['/exceptions', { ...wanted, grants: { pools: [poolId] }, hold: { expiresInSeconds: 600 } }],
    ['/exceptions/break-glass', wanted],
    ['/ipams', { account, region: 'eu-central-1' }],
    ['/pools', { scopeId: ipam.privateScopeId, family: 'ipv4' }],
    [`/pools/${poolId}/cidrs`, { cidr: '10.67.0.0/24' }],
  ]
  for (const [path, body] of paths) {
    const no = await refused('POST', path, body)
    assert.equal(no.code, 'IncorrectState', path)
    assert.match(no.detail!, /is suspended: it gets no new space/)
  }
  assert.equal((await turn('resume')).body.status, 'active')
  assert.equal((await world.ask('POST', `/allocations/${held.allocationId}/confirm`, { body: {} })).status, 200)

  assert.equal((await turn('close')).body.status, 'closed')
  for (const how of ['resume', 'suspend', 'close']) assert.equal((await turn(how)).body.code, 'IncorrectState')
  assert.equal((await refused('POST', '/allocations', eip)).code, 'IncorrectState')
  const kept = await world.get<{ items: unknown[] }>(`/allocations?account=${account}`)
  assert.equal(kept.items.length, 2)
  const still = await refused('DELETE', '/accounts/states')
  assert.equal(still.code, 'DependencyViolation')
  assert.equal((await world.ask('DELETE', `/pools/${poolId}/cidrs?cidr=10.66.0.0/24`)).status < 500, true)
  assert.equal((await world.ask('DELETE', `/ipams/${ipam.ipamId}?cascade=true`)).status, 204)
  assert.match(still.detail!, new RegExp(first.allocationId))
  for (const { allocationId } of [first, held]) {
    assert.equal((await world.ask('DELETE', `/allocations/${allocationId}`)).status, 204)
  }
  assert.equal((await world.ask('DELETE', '/accounts/states')).status, 204)
  assert.equal((await refused('GET', `/accounts/${account}`)).code, 'NotFound')
  for (const how of ['suspend', 'close']) {
    const no = await refused('POST', `/accounts/${managementAccount}/${how}`, {})
    assert.equal(no.code, 'NotEligible')
  }
  assert.equal((await refused('DELETE', `/accounts/${managementAccount}`)).code, 'NotEligible')
})

test('an account that was removed leaves nothing behind, and its number can come back', async () => {
  const number = '610000000001'
  const params = { account: number, name: 'comes back', email: 'back@example.com', contact: 'somebody' }
  await create(params)
  await world.post('/role-bindings', { principal: 'user:left', role: 'auditor', node: number })
  await world.tokenOf('service:left', 'auditor', '*')
  const { token } = await world.post<{ token: string }>('/tokens', { principal: 'service:left', account: number })
  assert.equal((await world.ask('GET', '/me', { as: token })).status, 200)
  assert.equal((await world.ask('POST', `/accounts/${number}/suspend`, { body: {} })).status, 200)
  assert.equal((await world.ask('GET', '/me', { as: token })).status, 401)
  assert.equal((await world.ask('POST', `/accounts/${number}/resume`, { body: {} })).status, 200)
  assert.equal((await world.ask('GET', '/me', { as: token })).status, 200)
  assert.equal((await world.ask('DELETE', `/accounts/${number}`)).status, 204)
  assert.equal((await world.ask('GET', '/me', { as: token })).status, 401)
  const listed = await world.get<{ items: Account[] }>('/accounts?limit=1000')
  assert(!listed.items.some((one) => one.account === number))
  assert.equal((await refused('GET', '/accounts/comes%20back')).code, 'NotFound')
  const back = await create({ ...params, contact: undefined })
  assert.deepEqual([back.account, back.status, back.contact], [number, 'active', undefined])
  assert.equal((await world.ask('GET', '/me', { as: token })).status, 401)
  const bindings = await world.get<{ items: unknown[] }>(`/role-bindings?node=${number}`)
  assert.deepEqual(bindings.items, [])
})

test('D8 an account is removed however many tokens and roles there are at it, and none of them is good any more', async () => {
  const number = '610000000002'
  await create({ account: number, name: 'crowded' })
  await world.tokenOf('service:crowd', 'auditor', '*')
  const { token, tokenId } = await world.post<{ token: string; tokenId: string }>('/tokens', {
    principal: 'service:crowd',
    account: number,
  })
  const lastId = await world.store.write(async (tx) => {
    const like = (await tx.apiTokens.find(tokenId))!
    const next = (kind: 'apiToken' | 'roleBinding') => formatId(kind, tx.installation, tx.nextSequence())
    let id = ''
    for (let n = 0; n < 3_000; n++) {
      id = next('apiToken')
      await tx.apiTokens.insert({ ...like, id, makers: [`user:crowd-${n % 7}`] }, tokenHash(`crowd ${n}`))
    }
    for (let n = 0; n < 1_000; n++) {
      const binding = { principal: `user:crowd-${n}`, role: 'auditor', node: number, effect: 'permit' } as const
      await tx.roleBindings.insert({ ...binding, id: next('roleBinding'), createdAt: tx.now })
    }
    return id
  })
  const last = async () => (await world.store.read((tx) => tx.apiTokens.findByHash(tokenHash('crowd 2999'))))?.id
  assert.equal(await last(), lastId)
  const cost = await costOf(() => world.ask('DELETE', `/accounts/${number}`))
  // Some for each that it names on record, and a few for all together.
  assert(cost.statements < 2_600, JSON.stringify(cost))
  assert.equal((await refused('GET', `/accounts/${number}`)).code, 'NotFound')
  // Those that nothing has ended yet are good for nothing, also once the account has come back.
  assert.equal(await last(), undefined)
  await create({ account: number, name: 'crowded' })
  assert.equal(await last(), undefined)
  assert.equal((await world.ask('GET', '/me', { as: token })).status, 401)
  await world.tokenOf('service:newer', 'auditor', '*')
  const anew = await world.post<{ token: string }>('/tokens', { principal: 'service:newer', account: number })
  assert.equal((await world.ask('GET', '/me', { as: anew.token })).status, 200)
  // And say so after some turns of a job.
  let turns = 0
  while (await world.store.write((tx) => endTokensOfRemoved(tx))) turns++
  assert.equal(turns, 6)
  const left = await world.store.read((tx) => tx.apiTokens.find(lastId))
  assert.notEqual(left?.revokedAt, undefined)
  assert.equal((await world.ask('GET', '/me', { as: anew.token })).status, 200)
  assert.deepEqual((await world.get<{ items: unknown[] }>(`/role-bindings?node=${number}`)).items, [])
})

test('what only those at the top make so many of at an account is named, and what to do first', async () => {
  const number = '610000000003'
  await create({ account: number, name: 'ruled' })
  await world.store.write(async (tx) => {
    for (let n = 0; n <= bindingsEndedMax; n++) {
      const id = formatId('roleBinding', tx.installation, tx.nextSequence())
      const binding = { principal: `user:ruled-${n}`, role: 'auditor', node: number, effect: 'permit' } as const
      await tx.roleBindings.insert({ ...binding, id, createdAt: tx.now })
    }
  })
  const { code, detail } = await refused('DELETE', `/accounts/${number}`)
  assert.equal(code, 'DependencyViolation')
  assert.match(detail!, new RegExp(String(bindingsEndedMax)))
  const { items } = await world.get<{ items: { bindingId: string }[] }>(`/role-bindings?node=${number}&limit=1`)
  assert.equal((await world.ask('DELETE', `/role-bindings/${items[0]!.bindingId}`)).status, 204)
  assert.equal((await world.ask('DELETE', `/accounts/${number}`)).status, 204)
})

test('an account stays as long as it has a resource discovery, which is named: nobody gets it with the number', async () => {
  const { account } = await create({ name: 'discovers' })
  const made = await world.call('CreateIpamResourceDiscovery', {}, { account })
  const id = made.IpamResourceDiscovery!.IpamResourceDiscoveryId!
  const { code, detail } = await refused('DELETE', `/accounts/${account}`)
  assert.deepEqual([code, detail!.includes(id)], ['DependencyViolation', true])
  await world.call('DeleteIpamResourceDiscovery', { IpamResourceDiscoveryId: id }, { account })
  assert.equal((await world.ask('DELETE', `/accounts/${account}`)).status, 204)
})

test('a refusal that says which account to ask says whom there, as the account says now', async () => {
  const owner = await create({ name: 'addresses', contact: 'net@example.com' })
  const { ipamId } = await world.post<{ ipamId: string }>('/ipams', { account: owner.account, region: 'us-east-1' })
  await world.ask('PUT', '/organization/ipam-administrator', { body: { account: owner.account } })
  assert.equal((await world.ask('PATCH', `/ipams/${ipamId}`, { body: { unmatched: 'deny' } })).status, 200)
  const user = (await create({ name: 'asks' })).account
  const denied = async () =>
    (await refused('POST', '/allocations', { account: user, resourceType: 'eip', locale: 'us-east-1' })) as Problem & {
      owner?: string
      contact?: string
      decisionId?: string
    }
  const first = await denied()
  assert.deepEqual([first.code, first.owner, first.contact], ['DeniedByPolicy', owner.account, 'net@example.com'])
  assert.match(first.detail!, new RegExp(`ask account ${owner.account} \\(net@example\\.com\\), the owner of`))
  const refusal = await refusalOf(world.call('AllocateAddress', {}, { account: user }))
  assert(refusal.code === 'DeniedByPolicy')
  assert(wordsOfTold(refusal.told).lines.some((line) => line.includes('(net@example.com)')))
  await world.ask('PATCH', `/accounts/${owner.account}`, { body: { contact: null } })
  const second = await denied()
  assert.deepEqual([second.owner, second.contact], [owner.account, undefined])
  await world.ask('PATCH', `/accounts/${owner.account}`, { body: { contact: 'others' } })
  const path = `/decisions/${first.decisionId}/explanation`
  const explained = await world.get<{ failed: { contact?: string } }>(path)
  assert.equal(explained.failed.contact, 'others')
})

test('the operator makes keys for an account by its number, its id or its name, and they sign while it is active', async () => {
  const { account } = await create({ cloud: 'onprem', externalId: 'keyed', name: 'has keys' })
  const { store } = world
  const drawn = (n: number) => ({ accessKeyId: `AKIAKEYED0000000000${n}`, secretAccessKey: `secret-${n}` })
  for (const [n, called] of [account, 'keyed', 'has keys'].entries()) {
    assert.equal(await createAccessKey(store, called, 'somebody', drawn(n)), undefined)
  }
  assert.equal((await listAccessKeys(store, 'keyed')).length, 3)
  await create({ name: 'has keys' })
  assert.match((await createAccessKey(store, 'has keys', 'x', drawn(9)))!, /Several accounts are called `has keys`/)
  assert.match((await createAccessKey(store, 'nobody', 'x', drawn(9)))!, /There is no account `nobody`/)
  const isFound = () => store.read(async (tx) => (await tx.accessKeys.find(drawn(0).accessKeyId)) !== undefined)
  const isGood = () => {
    const key = { id: drawn(0).accessKeyId, account, arn: `arn:aws:iam::${account}:user/somebody` }
    return store.read((tx) => tx.accessKeys.isGood(key, tx.now))
  }
  assert.deepEqual([await isFound(), await isGood()], [true, true])
  const epoch = () => store.read(async (tx) => tx.keyEpoch)
  const before = await epoch()
  await world.ask('POST', '/accounts/keyed/suspend', { body: {} })
  assert.deepEqual([await isFound(), await isGood()], [false, false])
  assert.notEqual(await epoch(), before, 'requests under way are looked at anew')
  await world.ask('POST', '/accounts/keyed/resume', { body: {} })
  assert.deepEqual([await isFound(), await isGood()], [true, true])
  await world.ask('DELETE', '/accounts/keyed')
  assert.deepEqual([await isFound(), await isGood()], [false, false])
})

test('an account is found by its number, its id in its cloud and its name, and no more once it is removed', async () => {
  const { account } = await create({
    cloud: 'azure',
    externalId: '5E1F6471-1BF0-4DDA-AEC3-CB9272F09591',
    name: 'found',
  })
  const found = async (text: string) => {
    const { objects } = await world.get<{ objects: { items: { id: string }[] }[] }>(`/find?q=${text}`)
    return objects.flatMap(({ items }) => items.map(({ id }) => id))
  }
  const names = [account, '5e1f6471-1bf0-4dda-aec3-cb9272f09591', 'found']
  for (const text of names) assert.deepEqual(await found(text), [account], text)
  assert.equal((await world.ask('DELETE', `/accounts/${account}`)).status, 204)
  for (const text of names) assert.deepEqual(await found(text), [], text)
})

test('D3 a batch with tags reads the rules once, and not again for each account that it makes', async () => {
  const batchOf = (count: number, cloud: string) =>
    costOf(() =>
      world.post('/accounts/batch', {
        accounts: Array.from({ length: count }, (_, n) => ({
          name: `${cloud}-${n}`,
          cloud,
          externalId: `site-${n}`,
          tags: { stage: 'prod' },
        })),
      }),
    )
  const [few, many] = [await batchOf(20, 'few'), await batchOf(80, 'many')]
  assert(many.rows <= few.rows * 5, `rows for 20 and for 80: ${few.rows}, ${many.rows}`)
})

test('P4 the number of an account that was removed comes back by leave of the unit that it left, and to others it is taken', async () => {
  const unit = async (name: string) =>
    (await world.post<{ unitId: string }>('/organizational-units', { name, parentId: root })).unitId
  const [left, other] = [await unit('left'), await unit('other')]
  const role = 'organization-administrator'
  const [asLeft, asOther] = [
    await world.tokenOf('user:left', role, left),
    await world.tokenOf('user:other', role, other),
  ]
  const number = '555566667777'
  await world.post('/accounts', { account: number, name: 'comes and goes', parentId: left })
  world.advance(1_000)
  const removedAt = await world.store.read(async (tx) => tx.now)
  assert.equal((await world.ask('DELETE', `/accounts/${number}`, { as: asLeft })).status, 204)
  world.advance(1_000)
  const [gone] = await world.store.read((tx) => tx.history.movesOf(number, 1))
  assert.equal(gone?.unit, '')
  assert(gone.from <= removedAt + 1_000, 'whoever saw it knows of it until then')

  const again = (parentId: string, as: string) =>
    world.ask<Problem>('POST', '/accounts', { body: { account: number, name: 'again', parentId }, as })
  const refusedThere = await again(other, asOther)
  assert.deepEqual([refusedThere.status, refusedThere.body.code], [409, 'AlreadyExists'])
  assert.match(refusedThere.body.detail!, /account with the number `555566667777` exists already/)
  assert.equal((await again(left, asLeft)).status, 201)
  assert.equal((await world.ask('DELETE', `/accounts/${number}`, { as: asLeft })).status, 204)
  await create({ account: number, name: 'from above', parentId: other })
})

test('D8 shares with numbers that nobody has keep nobody from registering them, and give nothing to whoever does', async () => {
  const planner = await create({ name: 'planner' })
  const number = '666677778888'
  const { privateScopeId: scopeId } = await world.post<{ privateScopeId: string }>('/ipams', {
    account: planner.account,
    region: 'us-east-1',
  })
  const pool = { scopeId, family: 'ipv4', sharedWith: [number, managementAccount] }
  const { poolId } = await world.post<{ poolId: string }>('/pools', pool)
  const { unitId } = await world.post<{ unitId: string }>('/organizational-units', {
    name: 'registers',
    parentId: root,
  })
  const as = await world.tokenOf('user:registers', 'organization-administrator', unitId)
  const body = { account: number, name: 'registered', parentId: unitId }
  assert.equal((await world.ask('POST', '/accounts', { body, as })).status, 201)
  const shown = () => world.get<{ sharedWith: string[] }>(`/pools/${poolId}`)
  assert.deepEqual((await shown()).sharedWith, [managementAccount])
  const versions = await world.get<{ items: { action: string }[] }>(`/history/objects/${poolId}`)
  assert(
    versions.items.some(({ action }) => action === 'EndShares'),
    'the end of the share is on record',
  )

  // Whoever may share what the planner owns vouches for the number.
  const vouched = '666677779999'
  await world.ask('PATCH', `/pools/${poolId}`, { body: { sharedWith: [vouched] } })
  await create({ account: vouched, name: 'vouched for' })
  assert.deepEqual((await shown()).sharedWith, [vouched])
})

test('D8 as many pools can be shared with a number that nobody has as registering it can end, whatever else they are shared with', async () => {
  const planner = await create({ name: 'plans for nobody' })
  const { privateScopeId: scopeId } = await world.post<{ privateScopeId: string }>('/ipams', {
    account: planner.account,
    region: 'us-east-1',
  })
  const numbers = Array.from({ length: 60 }, (_, index) => `66667777${9_000 + index}`)
  const ask = () =>
    world.ask<Problem>('POST', '/pools', {
      body: { scopeId, family: 'ipv4', sharedWith: [managementAccount, ...numbers] },
    })
  for (let pool = 0; pool < sharesWithUnseenMax; pool++) assert.equal((await ask()).status, 201)
  const { status, body } = await ask()
  assert.deepEqual([status, body.code], [409, 'LimitExceeded'])
  assert.match(body.detail!, /pools shared with a number of which you see no account.* 100/)
  const { unitId } = await world.post<{ unitId: string }>('/organizational-units', {
    name: 'after shares',
    parentId: root,
  })
  const as = await world.tokenOf('user:after-shares', 'organization-administrator', unitId)
  const wanted = { account: numbers[0], name: 'registered after shares', parentId: unitId }
  // Some for each pool that they name on record, and a few for all together.
  const cost = await costOf(async () => {
    assert.equal((await world.ask('POST', '/accounts', { body: wanted, as })).status, 201)
  })
  assert(cost.statements < 3.5 * sharesWithUnseenMax, JSON.stringify(cost))
  // Whoever shared learns that it has ended, and nothing of who has registered the number.
  type Entry = { readonly subjects: readonly string[]; readonly principal: string; readonly requestId: string }
  const latestOf = async (action: string) =>
    (await world.get<{ items: readonly Entry[] }>(`/changes?action=${action}&limit=1`)).items[0]!
  const [made, ended] = [await latestOf('createAccount'), await latestOf('EndShares')]
  const poolsIn = ({ subjects }: Entry) => subjects.filter((id) => id.startsWith('ipam-pool-')).length
  assert.deepEqual([poolsIn(made), poolsIn(ended), ended.principal], [0, sharesWithUnseenMax, 'housekeeping'])
  assert.doesNotMatch(JSON.stringify(ended), /after-shares|createAccount/)
  // Of accounts that are there, any number may be shared with.
  const shared = { scopeId, family: 'ipv4', sharedWith: [managementAccount, numbers[0]] }
  await world.post('/pools', shared)
})

test('I8 accounts of one name that somebody may not see do not keep theirs from its name, however many', async () => {
  const own = await create({ name: 'many alike' })
  await world.store.write(async (tx) => {
    for (let index = 0; index < 1_100; index++) {
      const id = String(100_000_000_000 + index)
      const joined = { status: 'ACTIVE', joinedMethod: 'CREATED', joinedAt: tx.now } as const
      await tx.organizations.insertAccount({ id, name: 'many alike', email: `${id}@example.com`, ...joined })
      await tx.organizations.insertNode({ id, kind: 'account', parentId: root, name: 'many alike' })
    }
    await tx.moveGovernanceEpoch()
  })
  const as = await world.tokenOf('user:one', 'organization-administrator', own.account)
  assert.equal((await world.get<Account>('/accounts/many%20alike', { as })).account, own.account)
})

test('D8 whoever registers the numbers that would be drawn next keeps nobody from making accounts', async () => {
  const next = await world.store.write(async (tx) => ({ sequence: tx.nextSequence(), key: tx.installation }))
  const shape = { alphabet: '0123456789', length: 12 }
  const taken = Array.from({ length: 400 }, (_, ahead) => spread(next.sequence + ahead, shape, next.key))
  await world.store.write(async (tx) => {
    const joined = { status: 'ACTIVE', joinedMethod: 'CREATED', joinedAt: tx.now } as const
    for (const id of taken) {
      await tx.organizations.insertAccount({ id, name: 'squats', email: `${id}@example.com`, ...joined })
    }
  })
  const made = [await create({ name: 'beside squats' }), await create({ name: 'a site', cloud: 'onprem' })]
  for (const { account } of made) assert.match(account, /^[1-9]\d{11}$/)
  assert.equal(new Set([...taken, ...made.map(({ account }) => account)]).size, 402)
  // The last numbers of all are taken: the first ones come next.
  const free = await world.store.read((tx) => tx.organizations.freeNumberFrom('999999999999'))
  assert.equal(free, '999999999999')
  await create({ account: '999999999999', name: 'the last' })
  assert.equal(await world.store.read((tx) => tx.organizations.freeNumberFrom('999999999999')), undefined)
})
