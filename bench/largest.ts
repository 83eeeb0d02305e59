// The largest transactions that requests may make: how long each takes, and how long others wait meanwhile, of the same server and of another one.

import { openExecutor } from '#operations/execute.ts'
import { cascadeAllocationsMax } from '#operations/ipam/pool-removal.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { sweptPerRequestMax } from '#store/tables/resting.ts'
import { changesPerRequestMax } from '#store/transaction.ts'
import type { Engine } from '../test/engines.ts'
import { managementAccount, openSealer, openWorld, testSettings, type World } from '../test/world.ts'
import { median } from './statistics.ts'

/** As many as a server waits for another one's lock before its own change is refused. */
const waitMsMax = 3_000
const beganAt = Date.UTC(2026, 0, 1)
const tagged = 475
/** As many as the bound of rows allows: each tag is one, and each resource has three more for its state and the record. */
const largestTags = 18
const requestsAtOnce = 250

interface Largest {
  readonly name: string
  /** Makes what the request is about, and answers how to ask it. */
  prepare(world: World): Promise<() => Promise<unknown>>
}

async function many<T>(count: number, one: (index: number) => Promise<T>): Promise<T[]> {
  const answers: T[] = []
  for (let from = 0; from < count; from += requestsAtOnce) {
    const size = Math.min(requestsAtOnce, count - from)
    answers.push(...(await Promise.all(Array.from({ length: size }, (_, index) => one(from + index)))))
  }
  return answers
}

async function makePool(world: World, cidr: string, tags: Readonly<Record<string, string>> = {}): Promise<string> {
  const { Ipams } = await world.call('DescribeIpams', {})
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  const { IpamPool } = await world.call('CreateIpamPool', {
    IpamScopeId: Ipams![0]!.PrivateDefaultScopeId!,
    AddressFamily: 'ipv4',
    ...(Tags.length === 0 ? {} : { TagSpecifications: [{ ResourceType: 'ipam-pool', Tags }] }),
  })
  await world.call('ProvisionIpamPoolCidr', { IpamPoolId: IpamPool!.IpamPoolId!, Cidr: cidr })
  return IpamPool!.IpamPoolId!
}
const allocate = (world: World, IpamPoolId: string, count: number) =>
  many(count, () => world.call('AllocateIpamPoolCidr', { IpamPoolId, NetmaskLength: 32 }))

let pools = 0
/** Every pool has space of its own. */
const newBlock = (): string => `10.${pools++}.0.0/16`

const cascade: Largest = {
  name: `a cascade of ${cascadeAllocationsMax} allocations`,
  async prepare(world) {
    const pool = await makePool(world, newBlock())
    await allocate(world, pool, cascadeAllocationsMax)
    return () => world.call('DeleteIpamPool', { IpamPoolId: pool, Cascade: true })
  },
}
const sweep: Largest = {
  name: `${sweptPerRequestMax} blocks whose quarantine has ended`,
  async prepare(world) {
    const block = newBlock()
    const pool = await makePool(world, block, { 'cadastre:quarantine-seconds': '60' })
    const allocated = await allocate(world, pool, sweptPerRequestMax)
    await many(allocated.length, (index) => {
      const { IpamPoolAllocationId, Cidr } = allocated[index]!.IpamPoolAllocation!
      return world.call('ReleaseIpamPoolAllocation', {
        IpamPoolId: pool,
        IpamPoolAllocationId: IpamPoolAllocationId!,
        Cidr: Cidr!,
      })
    })
    world.advance(61_000)
    // Nothing so large is free before all of them are.
    return () => world.call('AllocateIpamPoolCidr', { IpamPoolId: pool, Cidr: block })
  },
}
const tags = (each: number): Largest => ({
  name: `${each} tags on each of ${tagged} Elastic IPs`,
  async prepare(world) {
    const addresses = await many(tagged, () => world.call('AllocateAddress', {}))
    const Tags = Array.from({ length: each }, (_, index) => ({ Key: `key-${index}`, Value: 'value' }))
    return () => world.call('CreateTags', { Resources: addresses.map(({ AllocationId }) => AllocationId!), Tags })
  },
})

interface Measured {
  readonly ms: number
  readonly waitMs: number
  readonly refused: number
}

/** Asks it, and beside it one allocation after another of somebody else. */
async function measure(asked: () => Promise<unknown>, other: () => Promise<unknown>): Promise<Measured> {
  let isOver = false
  let waitMs = 0
  let refused = 0
  await other()
  const begun = performance.now()
  const request = asked().finally(() => {
    isOver = true
  })
  // Behind it, and not before.
  await new Promise((resolve) => setImmediate(resolve))
  while (!isOver) {
    const since = performance.now()
    await other().catch(() => refused++)
    waitMs = Math.max(waitMs, performance.now() - since)
  }
  await request
  return { ms: performance.now() - begun, waitMs, refused }
}

/** Prints a line for each. */
export async function measureLargest({ engine, rounds }: { engine: Engine; rounds: number }): Promise<void> {
  const clock = { now: beganAt }
  const opened = await openWorld({}, undefined, engine)
  const advance = (milliseconds: number): void => {
    clock.now += milliseconds
    opened.advance(milliseconds)
  }
  const world: World = { ...opened, advance }
  const { IpamPool } = await setUp(world)
  // A second server, where there can be one.
  const beside =
    engine === 'postgres' ? await world.database.open({ clock: () => clock.now, sealer: openSealer }) : undefined
  const executor = beside ? await openExecutor(beside, testSettings) : world.executor
  const operation = operationTables.ec2.get('AllocateIpamPoolCidr')!
  let requests = 0
  const other = () =>
    executor.execute(operation, {
      principal: {
        account: managementAccount,
        arn: `arn:aws:iam::${managementAccount}:user/other`,
        accessKeyId: 'AKIAOTHER',
        userId: 'AIDAOTHER',
      },
      region: 'us-east-1',
      input: { IpamPoolId: IpamPool!.IpamPoolId!, NetmaskLength: 32 } as object,
      requestId: `other-${++requests}`,
      sourceAddress: '127.0.0.1',
    })
  console.log(
    `\nthe largest transactions on ${engine}, in process, in memory; ${rounds} rounds; others: allocations one after another ${beside ? 'of another server' : 'of the same server'}`,
  )
  console.log(
    `${'transaction'.padEnd(46)} ${'median ms'.padStart(10)} ${'most ms'.padStart(8)} ${'wait ms'.padStart(8)}`,
  )
  for (const largest of [cascade, sweep, tags(largestTags)]) {
    const results: Measured[] = []
    for (let round = 0; round < rounds; round++) results.push(await measure(await largest.prepare(world), other))
    const most = Math.max(...results.map(({ ms }) => ms))
    const wait = Math.max(...results.map(({ waitMs }) => waitMs))
    const refused = results.reduce((sum, one) => sum + one.refused, 0)
    const verdict = refused === 0 && wait < waitMsMax ? 'met' : `missed: ${refused} refused`
    console.log(
      `${largest.name.padEnd(46)} ${median(results.map(({ ms }) => ms))
        .toFixed(0)
        .padStart(10)} ${most.toFixed(0).padStart(8)} ${wait.toFixed(0).padStart(8)}  ${verdict}`,
    )
  }
  console.log(`goal: nobody waits ${waitMsMax} ms, and nobody is refused; bound of rows ${changesPerRequestMax}`)
  await beside?.close()
  await world.close()
}
async function setUp(world: World) {
  await world.call('CreateIpam', {})
  const pool = await makePool(world, '172.16.0.0/12')
  return { IpamPool: { IpamPoolId: pool } }
}
