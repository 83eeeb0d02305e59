// What a list costs where everything that it asks for is hidden from the caller: what it costs where nothing is there.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Overlaid } from '#model/overlaid.ts'
import { foundOrganization, lab, network, prod, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { costOf } from '../../../test/statement-cost.ts'

const hiddenCount = 300
let world: NativeWorld
let pools: readonly string[]
let rosa: string
let vera: string
let una: string

before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  const ipam = await world.post<{ privateScopeId: string }>('/ipams', { account: network, region: 'us-east-1' })
  const locale = 'us-east-1'
  const poolOf = async (cidr: string, sharedWith: readonly string[]) => {
    const params = { scopeId: ipam.privateScopeId, family: 'ipv4', locale, sharedWith }
    const { poolId } = await world.post<{ poolId: string }>('/pools', params)
    await world.post(`/pools/${poolId}/cidrs`, { cidr })
    return poolId
  }
  const own = await poolOf('10.41.0.0/16', [root])
  const hidden = await poolOf('10.42.0.0/16', [lab])
  pools = [hidden, await poolOf('10.43.0.0/16', [lab])]
  const host = { resourceType: 'onprem:host', locale }
  const take = (account: string, poolId: string, resourceId: string, count: number) => {
    const allocations = Array.from({ length: count }, () => ({ ...host, account, poolId, resourceId }))
    return world.post<{ allocations: { allocationId: string }[] }>('/allocations/batch', { allocations })
  }
  await take(shop, own, 'shop-host', 5)
  for (let count = 0; count < hiddenCount; count += 100) {
    await take(lab, hidden, 'lab-host', 100)
    const ended = await take(lab, hidden, 'lab-ended', 50)
    for (const { allocationId } of ended.allocations.slice(0, 10))
      await world.ask('DELETE', `/allocations/${allocationId}`)
    const held = { ...host, account: lab, poolId: hidden, resourceId: 'lab-held', hold: { expiresInSeconds: 86_400 } }
    await world.post('/allocations', held)
  }
  rosa = await world.tokenOf('user:rosa', 'resource-operator', shop)
  vera = await world.tokenOf('user:vera', 'auditor', shop)
  una = await world.tokenOf('user:una', 'auditor', prod)
  for (let made = 0; made < 30; made++) await world.tokenOf('service:lab-deploys', 'resource-operator', lab)
})
after(() => world.close())

const absentPool = (): string => pools[0]!.slice(0, -4).concat('ffff')
const lists = () =>
  [
    [rosa, '/allocations?within=10.42.0.0/16', '/allocations?within=10.43.0.0/16'],
    [rosa, '/allocations?within=10.42.0.7/32', '/allocations?within=10.43.0.7/32'],
    [rosa, '/allocations?resourceId=lab-host', '/allocations?resourceId=nobodys'],
    [rosa, '/allocations?resourceId=lab-held', '/allocations?resourceId=nobodys'],
    [rosa, `/allocations?poolId=${pools[0]}`, `/allocations?poolId=${pools[1]}`],
    [rosa, `/resources?poolId=${pools[0]}`, `/resources?poolId=${pools[1]}`],
    [rosa, '/resources/lab-host', '/resources/nobodys'],
    [vera, '/history/addresses?cidr=10.42.0.0/16', '/history/addresses?cidr=10.43.0.0/16'],
    [vera, '/history/addresses?cidr=10.42.0.7', '/history/addresses?cidr=10.43.0.7'],
    // An auditor of a unit is asked for what was ever in it, too.
    [una, '/history/addresses?cidr=10.42.0.0/16', '/history/addresses?cidr=10.43.0.0/16'],
    [vera, '/history/resources/lab-ended', '/history/resources/nobodys'],
    [vera, `/decisions?poolId=${pools[0]}`, `/decisions?poolId=${absentPool()}`],
    [vera, '/decisions?resourceType=onprem:host&outcome=deny', '/decisions?resourceType=nobodys&outcome=deny'],
    [rosa, '/tokens?principal=service:lab-deploys', '/tokens?principal=service:nobodys'],
    [rosa, '/tokens?principal=user:una', '/tokens?principal=user:nobody'],
  ] as const

test('I8 where all is hidden, a list runs the same statements and reads as many rows as where nothing is', async () => {
  if (world.database.engine !== 'sqlite') return
  for (const [as, hidden, absent] of lists()) {
    const ask = (path: string) => () => world.ask<{ items?: readonly unknown[] }>('GET', path, { as })
    for (const path of [hidden, absent]) {
      const { status, body } = await ask(path)()
      assert.ok(status === 404 || body.items?.length === 0, `${path}: ${JSON.stringify(body)}`)
    }
    // What a connection reads for the first time is no matter of what it is asked.
    const leastOf = async (path: string) => {
      const costs = [await costOf(ask(path)), await costOf(ask(path)), await costOf(ask(path))]
      return costs.reduce((least, cost) => (cost.statements < least.statements ? cost : least))
    }
    assert.deepEqual(await leastOf(hidden), await leastOf(absent), hidden)
  }
})

test('the same lists show all of it to who may see it', async () => {
  for (const [path, atLeast] of [
    ['/allocations?within=10.42.0.0/16&limit=1000', hiddenCount + 120],
    ['/allocations?resourceId=lab-host&limit=1000', hiddenCount],
    ['/history/addresses?cidr=10.42.0.0/16&limit=1000', hiddenCount + 150],
    ['/history/resources/lab-ended', 30],
    [`/decisions?poolId=${pools[0]}&limit=1000`, hiddenCount + 150],
  ] as const) {
    for (const options of [{}, { as: await world.tokenOf('user:lea', 'auditor', lab) }]) {
      const { items } = await world.get<{ items: readonly unknown[] }>(path, options)
      assert.ok(items.length >= atLeast, `${path}: ${items.length}`)
    }
  }
})

test('who is served by account, page by page, is shown what everybody’s rows would show', async () => {
  const rita = await world.tokenOf('user:rita', 'auditor', root)
  const read = async (path: string, options: { as?: string }, limit: number) => {
    const items: unknown[] = []
    let cursor = ''
    do {
      const page = await world.get<{ items: readonly unknown[]; nextCursor?: string }>(
        `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor}`,
        options,
      )
      items.push(...page.items)
      cursor = page.nextCursor === undefined ? '' : `&cursor=${page.nextCursor}`
    } while (cursor !== '')
    return items
  }
  for (const path of [
    '/allocations',
    '/allocations?state=held',
    '/allocations?within=10.42.0.0/16',
    '/allocations?within=10.40.0.0/13',
    `/allocations?poolId=${pools[0]}`,
    '/allocations?resourceId=lab-host',
    '/resources',
    '/resources?resourceType=onprem:host',
    '/history/addresses?cidr=10.42.0.0/16',
    '/history/addresses?cidr=10.42.0.7',
    '/history/resources/lab-ended',
    `/decisions?poolId=${pools[0]}`,
    '/decisions?resourceType=onprem:host',
  ]) {
    assert.deepEqual(await read(path, { as: rita }, 67), await read(path, {}, 1_000), path)
  }
})

test('I8 the history of what is hidden runs the same statements as that of what was never there', async () => {
  if (world.database.engine !== 'sqlite') return
  const { items: bound } = await world.get<{ items: { bindingId: string }[] }>(`/role-bindings?node=${lab}`)
  const gone = pools[0]!.slice(0, -4).concat('ffff')
  for (const [hidden, absent] of [
    [`/history/objects/${pools[0]}`, `/history/objects/${gone}`],
    [`/history/objects/${lab}`, '/history/objects/999999999999'],
    [`/history/objects/${bound[0]!.bindingId}`, `/history/objects/${bound[0]!.bindingId.slice(0, -4)}ffff`],
    [`/history/accounts/${lab}`, '/history/accounts/999999999999'],
  ] as const) {
    const original = Overlaid.prototype.values
    let passes = 0
    const statementsOf = async (path: string): Promise<readonly number[]> => {
      const ask = async () => assert.equal((await world.ask('GET', path, { as: vera })).status, 404, path)
      await ask()
      passes = 0
      Overlaid.prototype.values = function (this: Overlaid<unknown, unknown>) {
        passes++
        return original.call(this)
      }
      try {
        const { statements } = await costOf(ask)
        return [statements, passes]
      } finally {
        Overlaid.prototype.values = original
      }
    }
    assert.deepEqual(await statementsOf(absent), await statementsOf(hidden), hidden)
  }
})

test('I8 lists of roles, exceptions and pools cost the same, however much of it others have', async () => {
  const ipams = await world.get<{ items: { privateScopeId: string; account: string }[] }>('/ipams')
  const { privateScopeId: scopeId } = ipams.items.find(({ account }) => account === network)!
  const now = await world.store.read((tx) => Promise.resolve(tx.now))
  const expiresAt = new Date(now + 86_400_000).toISOString()
  /** Of accounts that nobody of the unit may see, and of one that only shares a pool with it. */
  const add = async (principals: readonly string[]): Promise<void> => {
    for (const principal of principals) {
      await world.post('/role-bindings', { principal, role: 'auditor', node: lab })
      await world.post('/pools', { scopeId, family: 'ipv4', locale: 'us-east-1' })
      const grants = { provider: true }
      const pair = { locale: 'us-east-1', resourceType: 'eip', grants, reason: 'as a test', expiresAt }
      await world.post('/exceptions', { target: lab, ...pair })
    }
  }
  await add(['user:first'])
  const nobody = await world.tokenOf('user:nobody', 'reporter', prod)
  // Whoever may not see an account asks for nothing that it may use.
  const listsOf = (as: string): readonly string[] => [
    ...['/role-bindings', '/exceptions', '/pools', '/pools/tree', '/capacity'],
    ...(as === nobody ? [] : [`/pools?usableBy=${shop}`]),
  ]
  const seenBy = async (as: string) => {
    const seen = []
    for (const path of listsOf(as)) seen.push((await world.get<{ items: readonly object[] }>(path, { as })).items)
    return seen
  }
  const costsOf = async (as: string) => {
    const costs: object[] = []
    for (const path of listsOf(as)) {
      const ask = () => world.ask('GET', path, { as })
      await ask()
      costs.push({ path, ...(await costOf(ask)) })
    }
    return costs
  }
  const before = new Map<string, readonly [unknown, unknown]>()
  const askers = [vera, una, nobody]
  const isCounted = world.database.engine === 'sqlite'
  for (const as of askers) before.set(as, [await seenBy(as), isCounted && (await costsOf(as))])
  await add(['user:second', 'user:third', 'user:fourth', 'user:fifth'])
  for (const as of askers) {
    assert.deepEqual([await seenBy(as), isCounted && (await costsOf(as))], before.get(as))
  }
  const [bindings, exceptions, pools, , , usable] = await seenBy(una)
  assert.deepEqual([bindings!.length > 0, exceptions, pools], [true, [], []])
  assert.equal(usable!.length, 1, 'what is shared with all is found among what others have')
})

test('who is served role bindings and exceptions by their places is shown what all rows would show', async () => {
  type Bound = { principal: string; node: string }
  const all = (await world.get<{ items: Bound[] }>('/role-bindings?limit=1000')).items
  const below = [prod, shop]
  const ofUna = all.filter(({ principal, node }) => below.includes(node) || principal === 'user:una')
  assert.ok(ofUna.length >= 3)
  for (const limit of [1, 2, 1_000]) {
    const found: Bound[] = []
    for (let cursor = ''; ; ) {
      const path = `/role-bindings?limit=${limit}${cursor}`
      const page = await world.get<{ items: Bound[]; nextCursor?: string }>(path, { as: una })
      found.push(...page.items)
      if (page.nextCursor === undefined) break
      cursor = `&cursor=${page.nextCursor}`
    }
    assert.deepEqual(found, ofUna, `limit ${limit}`)
  }

  // Of a unit that is gone, whoever may see the unit above is shown what was asked for.
  const { unitId } = await world.post<{ unitId: string }>('/organizational-units', { parentId: prod, name: 'short' })
  const expiresAt = new Date((await world.store.read((tx) => Promise.resolve(tx.now))) + 86_400_000).toISOString()
  const pair = { locale: 'us-east-1', resourceType: 'eip', grants: { provider: true }, reason: 'as a test', expiresAt }
  const asked = new Map<string, string>()
  for (const target of [unitId, shop, lab]) {
    const { exceptionId } = await world.post<{ exceptionId: string }>('/exceptions', { target, ...pair })
    asked.set(target, exceptionId)
  }
  const approver = await world.tokenOf('user:approver', 'approver', '*')
  await world.post(`/exceptions/${asked.get(unitId)}/deny`, {}, { as: approver })
  assert.equal((await world.ask('DELETE', `/organizational-units/${unitId}`)).status, 204)
  const seen = async (as: string, query = '') =>
    (await world.get<{ items: { target: string }[] }>(`/exceptions${query}`, { as })).items.map(({ target }) => target)
  assert.deepEqual(await seen(una), [shop, unitId])
  assert.deepEqual(await seen(una, `?target=${unitId}`), [unitId])
  assert.deepEqual(await seen(vera), [shop])
  assert.deepEqual(await seen(vera, `?target=${unitId}`), [])
})
