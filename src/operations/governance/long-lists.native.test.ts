// Lists of changes hold the writing transaction: whoever governs a part has short ones, and nothing is tried in vain.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseId } from '#model/identifier.ts'
import { dev, openAcme, prod, root, shop } from '../../../test/acme.ts'
import { engineUnderTest, isLeftToNight } from '../../../test/engines.ts'
import { measureWork, startCounting } from '../../../test/event-loop/meter.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { changeBytesPerDayMax, operationBytesOfPartMax, operationsOfPartMax } from './list-bounds.ts'

interface Told {
  readonly changeRequestId: string
  readonly simulationId: string
  readonly state: string
  readonly contentHash: string
  readonly code: string
  readonly index?: number
  readonly limit?: number
  readonly used?: number
}

let acme: Awaited<ReturnType<typeof openCompany>>
const openCompany = async () => withNativeApi(await openAcme())
let people: Awaited<ReturnType<typeof issueTokens>>
const issueTokens = async () => ({
  ann: await acme.tokenOf('user:ann', 'organization-administrator', root),
  dora: await acme.tokenOf('user:dora', 'organization-administrator', dev),
  sam: await acme.tokenOf('user:sam', 'organization-administrator', shop),
  ivy: await acme.tokenOf('user:ivy', 'ipam-administrator', root),
})
before(async () => {
  startCounting()
  acme = await openCompany()
  people = await issueTokens()
})
after(() => acme.close())

let bound = 0
const bindings = (count: number, node = shop) =>
  Array.from({ length: count }, () => ({
    operation: 'createRoleBinding',
    input: { principal: `user:number-${bound++}`, role: 'auditor', node },
  }))
const nobody = { operation: 'deleteRoleBinding', input: { bindingId: 'role-binding-0' } }
const post = (path: string, as: string, body: object) => acme.ask<Told>('POST', path, { as, body })
const draft = async (as: string, operations: readonly object[], node: string): Promise<string> => {
  const { status, body } = await post('/change-requests', as, { node, reason: 'a test', operations, draft: true })
  assert.equal(status, 201, JSON.stringify(body))
  return body.changeRequestId
}
/** How many numbers were drawn meanwhile, also by what was taken back. */
async function drawnBy(work: () => Promise<unknown>): Promise<number> {
  const number = async () => Number.parseInt((await draft(people.ann, bindings(1), root)).slice(-8), 16)
  const first = await number()
  await work()
  return (await number()) - first
}

test('D8 who governs a part does, tries, proposes and simulates no more than some operations at once, whoever governs the top does', async () => {
  const operations = bindings(operationsOfPartMax + 1)
  const proposal = { node: shop, reason: 'a test', operations }
  const id = await draft(people.sam, bindings(1), shop)
  for (const [method, path, body] of [
    ['POST', '/governance/apply', { operations }],
    ['POST', '/governance/apply?dryRun=true', { operations }],
    ['POST', '/change-requests', proposal],
    ['POST', '/change-requests?dryRun=true', proposal],
    ['POST', '/change-requests', { ...proposal, draft: true }],
    ['PATCH', `/change-requests/${id}`, { operations }],
    ['POST', '/simulations', { operations }],
  ] as const) {
    const { body: told } = await acme.ask<Told>(method, path, { as: people.sam, body })
    const { code, limit, used } = told
    const expected = { code: 'LimitExceeded', limit: operationsOfPartMax, used: operations.length }
    assert.deepEqual({ code, limit, used }, expected, `${method} ${path}: ${JSON.stringify(told)}`)
  }
  for (const [as, isTop] of [
    [people.dora, false],
    [people.ann, true],
  ] as const) {
    const { status } = await post('/governance/apply?dryRun=true', as, { operations })
    assert.equal(status, isTop ? 200 : 409)
  }
  const fewer = await post('/governance/apply?dryRun=true', people.sam, { operations: bindings(operationsOfPartMax) })
  assert.equal(fewer.status, 200, JSON.stringify(fewer.body))
  const pools = Array.from({ length: operationsOfPartMax + 1 }, () => nobody)
  const { body } = await post('/governance/apply?dryRun=true', people.ivy, { operations: pools })
  assert.notEqual(body.code, 'LimitExceeded', 'who may manage IPAM at the top may have long lists')
})

test('D8 what a list of a part costs the database does not grow with the tags in it', async () => {
  const { body: unit } = await acme.ask<{ unitId: string }>('POST', '/organizational-units', {
    as: people.dora,
    body: { parentId: dev, name: 'tagged' },
  })
  const costOf = async (tags: number, value: string): Promise<number> => {
    const input = {
      unitId: unit.unitId,
      tags: Object.fromEntries(Array.from({ length: tags }, (_, index) => [`key-${index}`, value])),
    }
    const operations = Array.from({ length: 10 }, () => ({ operation: 'updateUnit', input }))
    const { total } = await measureWork(async () => {
      const { status, body } = await post('/governance/apply?dryRun=true', people.dora, { operations })
      assert.equal(status, 200, JSON.stringify(body))
    })
    return total.statements
  }
  for (const value of ['first', 'second']) {
    const [few, many] = [await costOf(1, value), await costOf(50, value)]
    // An embedded database is given rows one at a time.
    const rows = engineUnderTest === 'sqlite' ? 10 * 2 * 49 : 0
    assert.ok(many - few <= rows + 2, `${few} statements for a tag each, and ${many} for fifty`)
  }
})

test('D8 a change that is refused when it is tried is not tried again', async () => {
  const operations = [...bindings(50), nobody]
  const drawn = await drawnBy(async () => {
    const { body } = await post('/change-requests', people.sam, { node: shop, reason: 'a test', operations })
    assert.deepEqual([body.code, body.index], ['NotFound', 50], JSON.stringify(body))
  })
  assert.ok(drawn < 90, `${drawn} numbers were drawn`)
  const { items } = await acme.get<{ items: { action: string; outcome: string }[] }>('/changes?limit=5')
  assert.ok(
    items.some(({ action, outcome }) => action === 'proposeChange' && outcome !== 'Success'),
    'the refusal is on record',
  )
})

test('I8 nothing is tried for whoever may not see the change request: it takes as long as where none is', async () => {
  const id = await draft(people.ann, bindings(60), prod)
  const absent = `${id.slice(0, -8)}7fffffff`
  for (const verb of ['submit', 'apply']) {
    const drawn = await drawnBy(async () => {
      const body = verb === 'apply' ? { contentHash: '0'.repeat(64) } : {}
      const hidden = await post(`/change-requests/${id}/${verb}`, people.sam, body)
      const none = await post(`/change-requests/${absent}/${verb}`, people.sam, body)
      assert.deepEqual([hidden.status, hidden.body.code], [404, 'NotFound'])
      assert.deepEqual([none.status, none.body.code], [404, 'NotFound'])
    })
    assert.ok(drawn < 60, `${drawn} numbers were drawn to ${verb} it`)
  }
  const drawn = await drawnBy(async () => {
    const body = { node: prod, reason: 'a test', operations: bindings(60) }
    assert.notEqual((await post('/change-requests', people.sam, body)).status, 201)
  })
  assert.ok(drawn < 60, `${drawn} numbers were drawn to propose it`)
})

test('D8 what a change request says is bounded in bytes, each and of a day, and no more is kept', async (t) => {
  if (isLeftToNight(t)) return
  // What stands for something that an operation before makes is looked at when it is tried.
  const big = (mark: string, length: number) => [
    { operation: 'createUnit', input: { name: `${mark}${'x'.repeat(length)}`, parentId: '$later' } },
  ]
  const text = (mark: string) => Array.from({ length: 60 }, () => big(mark, 16_000)[0]!)
  const more = Array.from({ length: 80 }, () => big('m', 16_000)[0]!)
  const id = await draft(people.sam, text('a'), shop)
  const edit = (operations: readonly object[]) =>
    acme.ask<Told>('PATCH', `/change-requests/${id}`, { as: people.sam, body: { operations } })
  const refused = (await edit(more)).body
  assert.deepEqual([refused.code, refused.limit], ['LimitExceeded', operationBytesOfPartMax])
  let edits = 0
  let told: Told | undefined
  const hashes: string[] = []
  while (edits < 40 && told?.code === undefined) {
    told = (await edit(text(`b${edits++}`))).body
    if (told.code === undefined) hashes.push(told.contentHash)
  }
  assert.deepEqual([told?.code, told?.limit], ['LimitExceeded', changeBytesPerDayMax], `${edits} edits`)
  const contents = await acme.store.read((tx) => {
    const n = parseId('changeRequest', tx.installation, id)!
    return Promise.all(hashes.map((hash) => tx.changeRequests.contentOf(n, hash)))
  })
  assert.deepEqual(
    contents.map((content) => content !== undefined),
    [...hashes.slice(1).map(() => false), true],
    'what nobody has approved is not kept once it says something else',
  )
  // Others, and the same on another day.
  await draft(people.dora, text('a'), dev)
  acme.advance(86_400_000)
  people = await issueTokens()
  assert.equal((await edit(text('c'))).status, 200)
})

test('D7 a long body is read of whoever might do something with it: of others as much as is usual, of a part as much as it may do', async () => {
  const rep = await acme.tokenOf('user:rep', 'reporter', shop)
  const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, at]))
  const listOf = (count: number) => ({ operations: [{ operation: 'createUnit', input: members(count) }] })
  const version = { documents: Array.from({ length: 8_000 }, () => ({ locale: 'us' })) }
  const [body, usual] = [(count: number) => ({ node: shop, reason: 'a test', ...listOf(count) }), 65_536]
  const refusedFor = async (method: 'POST' | 'PUT', path: string, as: string, sent: object) => {
    const { body: told } = await acme.ask<Told & { unit?: string }>(method, path, { as, body: sent })
    return [told.code, told.limit, told.unit]
  }
  for (const path of ['/change-requests', '/governance/apply', '/simulations']) {
    assert.deepEqual(await refusedFor('POST', path, rep, body(8_000)), ['RequestTooLarge', usual, 'bytes'], path)
    assert.deepEqual(await refusedFor('POST', path, people.sam, body(21_000)), ['RequestTooLarge', 20_000, 'members'])
    const [code] = await refusedFor('POST', path, people.ann, body(21_000))
    assert.notEqual(code, 'RequestTooLarge', path)
  }
  const path = '/policies/ipam-policy-0123456789abcdef0/versions'
  assert.deepEqual(await refusedFor('POST', path, rep, version), ['RequestTooLarge', usual, 'bytes'])
  assert.notEqual((await refusedFor('POST', path, people.sam, version))[0], 'RequestTooLarge')
})

test('how many units a change is about does not make it one of all', async (t) => {
  if (isLeftToNight(t)) return
  const names = Array.from({ length: 210 }, (_, n) => `Unit ${n}`)
  const made = names.map((name) => ({ operation: 'createUnit', input: { name, parentId: dev } }))
  const { results } = await acme.post<{ results: readonly { id: string }[] }>(
    '/governance/apply',
    { operations: made },
    { as: people.ann },
  )
  const operations = results.map(({ id }) => ({ operation: 'updateUnit', input: { unitId: id, tags: { stage: 'x' } } }))
  const { body } = await acme.ask<{ impact: { class: string; isWhole: boolean } }>(
    'POST',
    '/change-requests?dryRun=true',
    { as: people.ann, body: { node: root, reason: 'a test', operations } },
  )
  assert.deepEqual([body.impact.class, body.impact.isWhole], ['contained', true])
})

test('D8 pools of a list, and what undoes it, are asked about together: trying and making it costs hardly more statements for many', async () => {
  let made = 0
  const pools = (count: number) =>
    Array.from({ length: count }, () => ({
      operation: 'createPool',
      input: { scopeId: acme.privateScope, family: 'ipv4', name: `run ${made++}`, tags: { team: 'net' } },
    }))
  const statementsOf = async (work: () => Promise<{ readonly body: Told }>): Promise<[number, Told]> => {
    let told: Told | undefined
    const { total } = await measureWork(async () => {
      told = (await work()).body
    })
    assert.equal(told!.code, undefined, JSON.stringify(told))
    return [total.statements, told!]
  }
  const costsOf = async (count: number) => {
    const [atOnce] = await statementsOf(() => post('/governance/apply', people.ann, { operations: pools(count) }))
    const id = await draft(people.ann, pools(count), root)
    const [submit, { contentHash }] = await statementsOf(() => post(`/change-requests/${id}/submit`, people.ann, {}))
    for (const as of [await acme.tokenOf('user:bob', 'organization-administrator', root), people.dora]) {
      const { body } = await post(`/change-requests/${id}/approve`, as, { contentHash })
      if (body.state === 'approved') break
    }
    const [apply] = await statementsOf(() => post(`/change-requests/${id}/apply`, people.ann, { contentHash }))
    return { atOnce, submit, apply, id }
  }
  // The first ones compile the rules.
  await costsOf(2)
  const [few, many] = [await costsOf(10), await costsOf(60)]
  // An embedded database is given rows one at a time: what is undone is taken away together there, too.
  const rowsOf = engineUnderTest === 'sqlite' ? { atOnce: 5, submit: 5, apply: 10 } : { atOnce: 0, submit: 0, apply: 0 }
  for (const step of ['atOnce', 'submit', 'apply'] as const) {
    const more = many[step] - few[step] - rowsOf[step] * 50
    assert.ok(more <= 12, `${step}: ${few[step]} statements for 10 pools, and ${many[step]} for 60`)
  }
  const [revert] = await statementsOf(() =>
    post(`/change-requests/${many.id}/revert`, people.ann, { note: 'not needed' }),
  )
  assert.ok(revert < 160, `${revert} statements revert 60 pools`)
})

test('D8 accounts of a list, and what undoes it, are made and removed with the rules compiled once', async () => {
  const accounts = (count: number) =>
    Array.from({ length: count }, () => ({ operation: 'createAccount', input: { name: `n${bound++}`, parentId: dev } }))
  const ways: readonly (readonly [string, string, (count: number) => object])[] = [
    ['list', '/governance/apply', (count) => ({ operations: accounts(count) })],
    ['batch', '/accounts/batch', (count) => ({ accounts: accounts(count).map(({ input }) => input) })],
    ['try', '/change-requests', (count) => ({ node: dev, reason: 'a test', operations: accounts(count) })],
  ]
  const each: Record<string, number> = {}
  for (const [way, path, bodyOf] of ways) {
    const statementsOf = async (count: number): Promise<number> => {
      const { total } = await measureWork(async () => {
        const { body } = await post(path, people.dora, bodyOf(count))
        assert.equal(body.code, undefined, JSON.stringify(body))
      })
      return total.statements
    }
    await statementsOf(1)
    const few = await statementsOf(5)
    each[way] = ((await statementsOf(25)) - few) / 20
  }
  assert.ok(each.list! <= 20 && each.batch! <= 18 && each.try! <= 60, JSON.stringify(each))
})

test('an account that a list removes twice is refused the second time as by itself', async () => {
  const { body } = await acme.ask<{ account: string }>('POST', '/accounts', {
    as: people.dora,
    body: { name: 'goes twice', parentId: dev },
  })
  const one = { operation: 'removeAccount', input: { account: body.account } }
  const twice = await post('/governance/apply', people.dora, { operations: [one, one] })
  assert.deepEqual([twice.body.code, twice.body.index], ['NotFound', 1])
  assert.equal((await post('/governance/apply', people.dora, { operations: [one] })).status, 200)
  const again = await post('/governance/apply', people.dora, { operations: [one] })
  assert.deepEqual([again.body.code, again.body.index], ['NotFound', 0])
})

test('pools that a list deletes one after the other are refused as each would be by itself', async () => {
  const input = { scopeId: acme.privateScope, family: 'ipv4' }
  const apply = (operations: readonly object[]) =>
    acme.ask<{ code?: string; index?: number; results: readonly { id: string }[] }>('POST', '/governance/apply', {
      as: people.ann,
      body: { operations },
    })
  const { body } = await apply([
    { operation: 'createPool', input: { ...input, name: 'above' }, as: 'above' },
    { operation: 'createPool', input: { ...input, parentPoolId: '$above', name: 'below' } },
    { operation: 'createPool', input: { ...input, name: 'alone' } },
    { operation: 'createPool', input: { ...input, name: 'with space' }, as: 'full' },
    { operation: 'provisionPoolCidr', input: { poolId: '$full', cidr: '172.28.0.0/16' } },
  ])
  const [above, below, alone, full] = body.results.map(({ id }) => id)
  const deleted = (...ids: readonly (string | undefined)[]) =>
    ids.map((poolId) => ({ operation: 'deletePool', input: { poolId } }))
  const emptied = [{ operation: 'deprovisionPoolCidr', input: { poolId: full, cidr: '172.28.0.0/16' } }]
  const named = (name: string) => ({ operation: 'createPool', input: { ...input, name } })
  for (const [operations, code, index] of [
    [deleted(alone, above, below), 'DependencyViolation', 1],
    [deleted(alone, below, alone), 'NotFound', 2],
    [deleted(alone, below, full), 'DependencyViolation', 2],
    [[...deleted(alone), ...emptied, ...emptied], 'InvalidParameterValue', 2],
    [[...emptied, ...deleted(full), ...emptied], 'NotFound', 2],
    [[...emptied, ...deleted(full, full)], 'NotFound', 2],
    [[...deleted(below), ...emptied, ...deleted(full, above)], undefined, undefined],
    [[...deleted(alone), named('new'), named('NEW')], undefined, undefined],
    [[named('twice'), named('twice')], 'AlreadyExists', 1],
    [[named('fresh'), named('above')], 'AlreadyExists', 1],
    [[...deleted(alone), { operation: 'updatePool', input: { poolId: alone, name: 'gone' } }], 'NotFound', 1],
    // The pool above sees that the one below it is gone; and a name is free again.
    [[...deleted(below, above, alone), named('above'), named('alone')], undefined, undefined],
  ] as const) {
    const isTried = code === undefined ? '?dryRun=true' : ''
    const { status, body: told } = await acme.ask<typeof body>('POST', `/governance/apply${isTried}`, {
      as: people.ann,
      body: { operations },
    })
    const said = JSON.stringify([operations, told])
    if (code === undefined) assert.equal(status, 200, said)
    else assert.deepEqual([told.code, told.index], [code, index], said)
  }
  const { status } = await apply([...deleted(below, alone, above), ...emptied, ...deleted(full)])
  assert.equal(status, 200)
  for (const id of [above, below, alone, full]) assert.equal((await acme.ask('GET', `/pools/${id}`)).status, 404)
})
