// What is kept of nodes, pools, role bindings and exceptions is what the database says, whatever was changed in which order, and a change reads what it changed.
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { engineUnderTest } from '../../../test/engines.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { type Choices, choicesOf } from '../../../test/random.ts'
import { costOf } from '../../../test/statement-cost.ts'
import { managementAccount } from '../../../test/world.ts'
import type { ReadTransaction } from '../store.ts'

let world: NativeWorld
afterEach(() => world.close())

/** What decisions read, as the running server has it and as one reads it that has kept nothing. */
async function bothReadings(): Promise<readonly [unknown, unknown]> {
  const factsOf = async (tx: ReadTransaction) => {
    const { nodes, pools, bindings, exceptions } = await tx.governance.facts()
    const each = [...nodes.values(), ...pools.values(), ...bindings.values(), ...exceptions.values()]
    const moments = [...exceptions.values()].flatMap(({ startsAt, expiresAt }) => [startsAt - 1, startsAt, expiresAt])
    return {
      now: tx.now,
      each: each.sort((a, b) => (a.id < b.id ? -1 : 1)),
      // In their order, and as they are found.
      ofPrincipals: new Map([...bindings.principals()].map((principal) => [principal, bindings.of(principal)])),
      atNodes: new Map([...nodes.keys()].map((node) => [node, exceptions.at(node)])),
      periods: new Map(moments.map((moment) => [moment, exceptions.periodAt(moment)])),
      size: exceptions.size,
      readsResource: exceptions.readsResource,
    }
  }
  const kept = await world.store.read(factsOf)
  const other = await world.database.openAsOwner({ clock: () => kept.now })
  try {
    return [kept, await other.read(factsOf)]
  } finally {
    await other.close()
  }
}

test('nodes and pools that are kept are those of the database after every change, refused and dry ones too', async () => {
  world = await openNativeWorld()
  const { rootId } = await world.post<{ rootId: string }>('/organization', { managementAccount })
  const draw = choicesOf(29)
  const { privateScopeId: scopeId } = await world.post<{ privateScopeId: string }>('/ipams', {
    account: managementAccount,
    region: 'us-east-1',
  })
  const units: string[] = []
  const pools: string[] = []
  const provisioned: (readonly [string, string])[] = []
  const accounts: string[] = []
  const pick = <T>(list: readonly T[]): T | undefined => (list.length === 0 ? undefined : draw.pick(list))
  const parent = (): string => pick([rootId, ...units])!
  let made = 0
  const steps: Steps = {
    unit: () => world.ask('POST', '/organizational-units', { body: { name: `u${++made}`, parentId: parent() } }),
    account: () =>
      world.ask('POST', '/accounts', { body: { name: `a${++made}`, parentId: parent(), tags: { n: `${made}` } } }),
    move: () => world.ask('POST', `/accounts/${pick(accounts)}/move`, { body: { parentId: parent() } }),
    tag: () =>
      world.ask('PATCH', `/accounts/${pick(accounts)}`, {
        body: { tags: { n: `${++made}`, ...(draw.chance(0.5) ? { m: 'x' } : {}) } },
      }),
    contact: () =>
      world.ask('PATCH', `/accounts/${pick(accounts)}`, {
        body: { contact: draw.chance(0.5) ? `team-${++made}` : null },
      }),
    tagUnit: () =>
      world.ask('PATCH', `/organizational-units/${pick(units)}`, {
        body: { tags: draw.chance(0.5) ? { u: `${++made}` } : {} },
      }),
    suspend: () => world.ask('POST', `/accounts/${pick(accounts)}/suspend`, {}),
    resume: () => world.ask('POST', `/accounts/${pick(accounts)}/resume`, {}),
    close: () => world.ask('POST', `/accounts/${pick(accounts)}/close`, {}),
    remove: () => world.ask('DELETE', `/accounts/${pick(accounts)}`, {}),
    deleteUnit: () => world.ask('DELETE', `/organizational-units/${pick(units)}`, {}),
    dry: () => world.ask('POST', '/accounts?dryRun=true', { body: { name: 'dry', parentId: parent() } }),
    pool: () =>
      world.ask('POST', '/pools', {
        body: {
          scopeId,
          family: 'ipv4',
          ...(draw.chance(0.5) && pools.length > 0 ? { parentPoolId: pick(pools) } : {}),
          ...(draw.chance(0.3) ? { sharedWith: [parent()] } : {}),
        },
      }),
    rules: () =>
      world.ask('PATCH', `/pools/${pick(pools)}`, {
        body: { maxNetmaskLength: draw.between(24, 30), description: `d${++made}` },
      }),
    share: () =>
      world.ask('PATCH', `/pools/${pick(pools)}`, { body: { sharedWith: draw.chance(0.5) ? [parent()] : [] } }),
    provision: async () => {
      const [pool, cidr] = [pick(pools)!, `10.${++made % 250}.0.0/20`]
      const answer = await world.ask<Record<string, string>>('POST', `/pools/${pool}/cidrs`, { body: { cidr } })
      if (answer.status === 201) provisioned.push([pool, cidr])
      return answer
    },
    deprovision: () => {
      const [pool, cidr] = pick(provisioned) ?? ['none', '10.0.0.0/20']
      return world.ask('DELETE', `/pools/${pool}/cidrs?cidr=${cidr}`, {})
    },
    deletePool: () => world.ask('DELETE', `/pools/${pick(pools)}`, {}),
    administrator: () => world.ask('PUT', '/organization/ipam-administrator', { body: { account: pick(accounts) } }),
  }
  await drive(draw, steps, (name, body) => {
    if (name === 'unit') units.push(body.unitId!)
    if (name === 'pool') pools.push(body.poolId!)
    if (name === 'account') accounts.push(body.account!)
  })
})

test('role bindings and exceptions that are kept are those of the database after every change, and as time goes on', async () => {
  world = await openNativeWorld()
  const { rootId } = await world.post<{ rootId: string }>('/organization', { managementAccount })
  const draw = choicesOf(31)
  const bob = await world.tokenOf('user:bob', 'organization-administrator', '*')
  const unitIds: string[] = []
  const [accounts, bindings, exceptions]: [string[], string[], string[]] = [[], [], []]
  const pick = <T>(list: readonly T[]): T | undefined => (list.length === 0 ? undefined : draw.pick(list))
  // Mostly the one of late: those before it have been decided on.
  const recent = () => (draw.chance(0.7) ? exceptions.at(-1) : pick(exceptions))
  const later = async (hours: number) =>
    new Date((await world.store.read(async (tx) => tx.now)) + hours * 3_600_000).toISOString()
  const node = (): string => pick([rootId, ...unitIds, ...accounts])!
  let made = 0
  const params = async (hours: number) => ({
    target: node(),
    locale: 'us-east-1',
    resourceType: draw.pick(['eip', 'custom:host']),
    ...(draw.chance(0.3) && { resource: `host-${draw.between(1, 3)}*` }),
    grants: { provider: true },
    reason: `because ${++made}`,
    expiresAt: await later(hours),
  })
  const act =
    (what: string, body: object = {}, as = bob) =>
    () =>
      world.ask<Body>('POST', `/exceptions/${recent()}/${what}`, { body, as })
  const steps: Steps = {
    unit: () => world.ask('POST', '/organizational-units', { body: { name: `u${++made}`, parentId: rootId } }),
    account: () =>
      world.ask('POST', '/accounts', { body: { name: `a${++made}`, parentId: pick([rootId, ...unitIds])! } }),
    deleteUnit: () => world.ask('DELETE', `/organizational-units/${pick(unitIds)}`, {}),
    removeAccount: () => world.ask('DELETE', `/accounts/${pick(accounts)}`, {}),
    permit: () => bind('permit'),
    permitToo: () => bind('permit'),
    forbid: () => bind('forbid'),
    unbind: () => world.ask('DELETE', `/role-bindings/${pick(bindings)}`, {}),
    dry: () => world.ask('DELETE', `/role-bindings/${pick(bindings)}?dryRun=true`, {}),
    request: async () => world.ask('POST', '/exceptions', { body: await params(draw.between(2, 400)) }),
    requestForLater: async () =>
      world.ask('POST', '/exceptions', {
        body: { ...(await params(300)), startsAt: await later(draw.between(1, 200)) },
      }),
    breakGlass: async () => world.ask('POST', '/exceptions/break-glass', { body: await params(draw.between(1, 24)) }),
    approve: act('approve'),
    approveToo: act('approve'),
    deny: act('deny'),
    revoke: act('revoke'),
    review: act('review', { note: 'seen' }),
    renew: async () => {
      const [id, expiresAt] = [recent(), await later(draw.between(300, 900))]
      const asked = await world.ask<Body>('POST', `/exceptions/${id}/renew`, { body: { expiresAt, reason: 'longer' } })
      if (asked.status >= 300) return asked
      return world.ask('POST', `/exceptions/${id}/approve`, { body: { expiresAt }, as: bob })
    },
    hour: () => pass(1),
    day: () => pass(draw.between(10, 60)),
  }
  const bind = (effect: 'permit' | 'forbid') =>
    world.ask<Body>('POST', '/role-bindings', {
      body: {
        principal: `user:u${draw.between(1, 5)}`,
        role: draw.pick(['auditor', 'approver', 'policy-author']),
        node: node(),
        effect,
      },
    })
  const pass = async (hours: number) => {
    world.advance(hours * 3_600_000)
    return { status: 200, body: {} }
  }
  await drive(draw, steps, (name, body) => {
    if (name === 'unit') unitIds.push(body.unitId!)
    if (name === 'account') accounts.push(body.account!)
    if (/^(permit|forbid)/.test(name)) bindings.push(body.bindingId!)
    if (/^(request|breakGlass)/.test(name)) exceptions.push(body.exceptionId!)
  })
})

type Body = Record<string, string>
type Steps = Readonly<Record<string, () => Promise<{ status: number; body: Body }>>>

/** To open a database of PostgreSQL beside it takes ten times as long. */
const comparedOf = engineUnderTest === 'sqlite' ? 0.5 : 0.15
/** Takes 300 of the steps, and compares after so many of them. */
async function drive(draw: Choices, steps: Steps, onDone: (name: string, body: Body) => void): Promise<void> {
  const names = Object.keys(steps)
  const done: string[] = []
  for (let step = 0; step < 300; step++) {
    const name = draw.pick(names)
    const { status, body } = await steps[name]!()
    assert.deepEqual(world.faults, [], name)
    done.push(`${name} ${status}`)
    if (status < 300) onDone(name, body)
    // Otherwise several changes are read at once.
    if (!draw.chance(comparedOf)) continue
    const [kept, whole] = await bothReadings()
    assert.deepEqual(kept, whole, done.slice(-6).join(', '))
  }
  const [kept, whole] = await bothReadings()
  assert.deepEqual(kept, whole)
  for (const name of names)
    assert(
      done.some((one) => one.startsWith(`${name} 2`)),
      `${name} was done: ${done.join(', ')}`,
    )
}

test('D7 a change of one account reads that one again, however many there are', async () => {
  world = await openNativeWorld()
  await world.post('/organization', { managementAccount })
  const { account } = await world.post<{ account: string }>('/accounts', { name: 'changed' })
  const rowsWith = async (accounts: number): Promise<number> => {
    await world.store.write(async (tx) => {
      for (let index = 0; index < accounts; index++) {
        const id = String(200_000_000_000 + index + accounts)
        const joined = { status: 'ACTIVE', joinedMethod: 'CREATED', joinedAt: tx.now } as const
        await tx.organizations.insertAccount({ id, name: id, email: `${id}@example.com`, ...joined })
        await tx.organizations.insertNode({ id, kind: 'account', parentId: await rootOf(tx), name: id })
      }
      await tx.moveGovernanceEpoch()
    })
    await world.call('AllocateAddress', {})
    const { rows } = await costOf(async () => {
      await world.ask('PATCH', `/accounts/${account}`, { body: { contact: `team-${accounts}` } })
      await world.call('AllocateAddress', {})
    })
    return rows
  }
  const rootOf = async (tx: Parameters<Parameters<typeof world.store.write>[0]>[0]) =>
    (await tx.organizations.find())!.rootId
  if (world.database.engine !== 'sqlite') return
  const [few, many] = [await rowsWith(10), await rowsWith(1_500)]
  assert(many - few < 20, `${few} rows beside 10 accounts, ${many} beside 1,500`)
})

test('D7 a change reads the role binding or exception that it changed, however many there are', async () => {
  world = await openNativeWorld()
  if (world.database.engine !== 'sqlite') return
  await world.post('/organization', { managementAccount })
  const { account } = await world.post<{ account: string }>('/accounts', { name: 'changed' })
  const bob = await world.tokenOf('user:bob', 'organization-administrator', '*')
  const expiresAt = new Date((await world.store.read(async (tx) => tx.now)) + 86_400_000)
  const by = { by: 'user:a', at: expiresAt.getTime() - 86_400_000 }
  const rowsWith = async (count: number): Promise<number> => {
    await world.store.write(async (tx) => {
      for (let index = 0; index < count; index++) {
        const id = `${count}-${index}`
        const principal = `user:${id}`
        const binding = { id: `role-binding-${id}`, role: 'auditor', node: account, effect: 'permit' } as const
        await tx.roleBindings.insert({ ...binding, principal, createdAt: tx.now })
        const times = { startsAt: tx.now, expiresAt: expiresAt.getTime() }
        await tx.exceptions.insert({
          id: `ipam-exception-${id}`,
          target: account,
          locale: 'us-east-1',
          resourceType: `custom:${id}`,
          grants: { pools: [], provider: true },
          reason: 'many',
          isBreakGlass: false,
          status: 'approved',
          requested: by,
          asked: by,
          approved: { ...by, by: 'user:b' },
          ...times,
        })
      }
      await tx.moveGovernanceEpoch()
    })
    await world.call('AllocateAddress', {})
    const { rows } = await costOf(async () => {
      const principal = `user:new-${count}`
      await world.post('/role-bindings', { principal, role: 'auditor', node: account })
      const { exceptionId } = await world.post<{ exceptionId: string }>('/exceptions', {
        target: account,
        locale: 'us-east-1',
        resourceType: 'eip',
        grants: { provider: true },
        reason: 'one more',
        expiresAt: expiresAt.toISOString(),
      })
      await world.call('AllocateAddress', {})
      await world.post(`/exceptions/${exceptionId}/approve`, {}, { as: bob })
      await world.call('AllocateAddress', {})
    })
    return rows
  }
  const [few, many] = [await rowsWith(10), await rowsWith(400)]
  assert(many - few < 20, `${few} rows beside 10 of each, ${many} beside 400`)
})

test('nodes beyond those that are laid over the others are put together again', async () => {
  world = await openNativeWorld()
  await world.post('/organization', { managementAccount })
  await world.post('/accounts', { name: 'first' })
  const { rootId } = (await world.store.read((tx) => tx.organizations.find()))!
  for (let round = 0; round < 3; round++) {
    await world.store.write(async (tx) => {
      for (let index = 0; index < 600; index++) {
        const id = `ou-${rootId.slice(2)}-${String(round * 600 + index).padStart(8, '0')}`
        await tx.organizations.insertNode({ id, kind: 'organizational-unit', parentId: rootId, name: id })
      }
      await tx.moveGovernanceEpoch()
    })
    const [kept, whole] = await bothReadings()
    assert.deepEqual(kept, whole)
  }
})
