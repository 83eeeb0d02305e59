// What is kept of nodes and pools is what the database says, whatever was changed in which order, and a change reads what it changed.
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { choicesOf } from '../../../test/random.ts'
import { costOf } from '../../../test/statement-cost.ts'
import { managementAccount } from '../../../test/world.ts'
import type { ReadTransaction } from '../store.ts'

let world: NativeWorld
afterEach(() => world.close())

/** What decisions read, as the running server has it and as one reads it that has kept nothing. */
async function bothReadings(): Promise<readonly [unknown, unknown]> {
  const factsOf = async (tx: ReadTransaction) => {
    const { nodes, pools } = await tx.governance.facts()
    return [...nodes.values(), ...pools.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }
  const kept = await world.store.read(factsOf)
  const other = await world.database.openAsOwner({ clock: () => Date.UTC(2026, 0, 1) })
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
  const steps: Readonly<Record<string, () => Promise<{ status: number; body: Record<string, string> }>>> = {
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
  const names = Object.keys(steps)
  const done: string[] = []
  for (let step = 0; step < 300; step++) {
    const name = pick(names)!
    const { status, body } = await steps[name]!()
    assert.deepEqual(world.faults, [], name)
    done.push(`${name} ${status}`)
    if (status < 300 && name === 'unit') units.push(body.unitId!)
    if (status < 300 && name === 'pool') pools.push(body.poolId!)
    if (status < 300 && name === 'account') accounts.push(body.account!)
    // Half of the time several changes are read at once.
    if (draw.chance(0.5)) continue
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
})

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
