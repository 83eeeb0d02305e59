// Space taken and given back by works that share a transaction, and the statements that they really send.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Cidr, formatCidr, parseCidr } from '#model/cidr.ts'
import { emptyPostgres } from '../../test/postgres.ts'
import type { Engine } from '../../test/world.ts'
import { checkSpace } from './check.ts'
import { openPostgres } from './postgres.ts'
import { createSealer } from './sealer.ts'
import { type Allocation, Space } from './space.ts'
import type { Sql, SqlValue } from './sql.ts'
import { openSqlite } from './sqlite.ts'
import type { Store, Transaction } from './store.ts'

const accounts = ['111111111111', '222222222222'] as const

/** So small that they are often full. Two pools of one family that differ in nothing but their last octet; the first has two neighbours that must not merge. */
const provisioned = [['198.18.0.0/30', '198.18.0.4/30'], ['198.18.0.64/29']].map((texts) =>
  texts.map((text) => parseCidr(text)!),
)

async function insertPool(tx: Transaction, index: number): Promise<number> {
  const n = tx.nextSequence()
  await tx.pools.insert({
    n,
    id: `ipam-pool-${index}`,
    scopeId: 'ipam-scope-1',
    ipamId: 'ipam-1',
    account: accounts[0],
    parent: undefined,
    depth: 1,
    locale: undefined,
    family: 4,
    description: undefined,
    awsService: undefined,
    publicIpSource: undefined,
    publiclyAdvertisable: undefined,
    autoImport: false,
    minNetmaskLength: undefined,
    maxNetmaskLength: undefined,
    defaultNetmaskLength: undefined,
    requiredTags: [],
    sourceResource: undefined,
    quarantineSeconds: undefined,
    createdAt: tx.now,
  })
  for (const cidr of provisioned[index]!) {
    await tx.pools.insertCidr({
      id: `ipam-pool-cidr-${formatCidr(cidr)}`,
      pool: n,
      cidr,
      state: 'provisioned',
      failureCode: undefined,
      failureMessage: undefined,
      parentAllocation: undefined,
      createdAt: tx.now,
    })
    await tx.space.add(n, cidr)
  }
  return n
}
async function insertScope(tx: Transaction): Promise<void> {
  await tx.organizations.insertAccount({
    id: accounts[0],
    name: 'management',
    email: 'management@example.com',
    status: 'ACTIVE',
    joinedMethod: 'INVITED',
    joinedAt: tx.now,
  })
  await tx.ipams.insert({
    id: 'ipam-1',
    account: accounts[0],
    region: 'us-east-1',
    description: undefined,
    tier: 'advanced',
    isPrivateGuaEnabled: false,
    meteredAccount: 'ipam-owner',
    publicScopeId: 'ipam-scope-0',
    privateScopeId: 'ipam-scope-1',
    resourceDiscoveryId: 'ipam-res-disco-1',
    resourceDiscoveryAssociationId: 'ipam-res-disco-assoc-1',
    policyCompatibility: 'strict',
    unmatched: 'provider',
    operatingRegions: ['us-east-1'],
    createdAt: tx.now,
  })
  await tx.ipams.insertScope({
    id: 'ipam-scope-1',
    ipamId: 'ipam-1',
    account: accounts[0],
    region: 'us-east-1',
    kind: 'private',
    isDefault: true,
    description: undefined,
    createdAt: tx.now,
  })
}
interface Stage {
  /** What asks: each store of a database in turn. */
  readonly stores: readonly Store[]
  readonly pools: readonly number[]
  readonly folder: string
  now: number
  close(): Promise<void>
}
async function openStage(engine: Engine): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-blocks-'))
  const moment = { now: 1_000 }
  const options = { clock: () => moment.now, sealer: createSealer(new Uint8Array(32)) }
  const stores: Store[] = []
  if (engine === 'sqlite') stores.push(openSqlite({ ...options, folder, exclusive: true }))
  else {
    const url = await emptyPostgres()
    for (let server = 0; server < 2; server++) stores.push(await openPostgres({ ...options, url }))
  }
  const pools = await stores[0]!.write(async (tx) => {
    await insertScope(tx)
    return [await insertPool(tx, 0), await insertPool(tx, 1)]
  })
  return Object.assign(moment, {
    stores,
    pools,
    folder,
    async close() {
      for (const store of stores) await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  })
}
const allocationOf = (tx: Transaction, pool: number, cidr: Cidr): Allocation => ({
  n: tx.nextSequence(),
  pool,
  cidr,
  resourceType: 'custom',
  resourceId: undefined,
  account: accounts[0],
  region: undefined,
  description: undefined,
  decision: undefined,
  createdAt: tx.now,
})

// The naive model: addresses by their last octet, and the moment until which each is in use --------------------------

/** Of each pool, what is taken: until when it rests, or Infinity where it is in use. */
type Model = readonly Map<string, { readonly cidr: Cidr; readonly until: number }>[]

function isFree(model: Model, pool: number, first: bigint, size: bigint, now: number): boolean {
  for (const { cidr, until } of model[pool]!.values()) {
    const end = cidr.first + (1n << BigInt(32 - cidr.length))
    if (until > now && first < end && cidr.first < first + size) return false
  }
  return true
}
/** The lowest aligned place of the smallest free block that suffices: every block of every size is looked at. */
function expectedTake(model: Model, pool: number, length: number, now: number): bigint | undefined {
  for (let around = length; around >= 29; around--) {
    const size = 1n << BigInt(32 - around)
    for (const whole of provisioned[pool]!) {
      const end = whole.first + (1n << BigInt(32 - whole.length))
      for (let first = whole.first; first + size <= end; first += size) {
        if (isFree(model, pool, first, size, now) && isWhole(model, pool, first, size, whole, now)) return first
      }
    }
  }
  return undefined
}
/** Whether a free place is a block of its own: half of no larger one that is free as well. */
function isWhole(model: Model, pool: number, first: bigint, size: bigint, whole: Cidr, now: number): boolean {
  const parent = first - (first % (size * 2n))
  const end = whole.first + (1n << BigInt(32 - whole.length))
  return parent < whole.first || parent + size * 2n > end || !isFree(model, pool, parent, size * 2n, now)
}

// Stories: what several callers ask at once ---------------------------------------------------------------------------

interface Ask {
  readonly pool: number
  /** Lengths to take, one after another. */
  readonly take: readonly number[]
  /** Which of the pool's allocations to give back first, and how long it rests. */
  readonly release: { readonly which: number; readonly rest: number } | undefined
  /** Throws before it does anything, or when all is done. */
  readonly fails: 'early' | 'late' | undefined
}
const ask: fc.Arbitrary<Ask> = fc.record({
  pool: fc.nat(1),
  // Equal sizes mostly: only they are served from memory.
  take: fc.oneof(
    { weight: 3, arbitrary: fc.constant([32]) },
    { weight: 1, arbitrary: fc.array(fc.integer({ min: 29, max: 32 }), { maxLength: 3 }) },
  ),
  release: fc.option(fc.record({ which: fc.nat(30), rest: fc.constantFrom(0, 0, 5) }), { nil: undefined, freq: 3 }),
  fails: fc.constantFrom(undefined, undefined, undefined, undefined, 'early', 'late'),
})
const stories = fc.array(
  fc.record({ asks: fc.array(ask, { minLength: 1, maxLength: 8 }), wait: fc.constantFrom(0, 1, 5) }),
  { minLength: 3, maxLength: 12 },
)

class Failed extends Error {}

async function serve(tx: Transaction, { pools }: Stage, asked: Ask): Promise<string[]> {
  if (asked.fails === 'early') throw new Failed()
  const pool = pools[asked.pool]!
  if (asked.release) {
    const own = await tx.space.ofPool(pool, undefined, 100)
    const one = own[asked.release.which % Math.max(own.length, 1)]
    if (one) await tx.space.release(one, tx.now + asked.release.rest)
  }
  const answers: string[] = []
  for (const length of asked.take) {
    const taken = await tx.space.take(pool, 4, { length })
    if (taken) await tx.space.record(allocationOf(tx, pool, taken))
    answers.push(taken ? formatCidr(taken) : 'none')
  }
  if (asked.fails === 'late') throw new Failed()
  return answers
}
function expect(model: Model, asked: Ask, now: number): string[] {
  const held = model[asked.pool]!
  if (asked.release) {
    const own = [...held.values()].filter(({ until }) => until === Number.POSITIVE_INFINITY)
    own.sort((a, b) => Number(a.cidr.first - b.cidr.first))
    const one = own[asked.release.which % Math.max(own.length, 1)]
    if (one) held.delete(formatCidr(one.cidr))
    if (one && asked.release.rest > 0) {
      held.set(formatCidr(one.cidr), { ...one, until: now + asked.release.rest })
    }
  }
  return asked.take.map((length) => {
    // What has rested long enough is only looked at where nothing else is left.
    let first = expectedTake(model, asked.pool, length, Number.NEGATIVE_INFINITY)
    if (first === undefined) {
      for (const [name, { until }] of held) if (until <= now) held.delete(name)
      first = expectedTake(model, asked.pool, length, now)
    }
    if (first === undefined) return 'none'
    const cidr: Cidr = { family: 4, first, length }
    held.set(formatCidr(cidr), { cidr, until: Number.POSITIVE_INFINITY })
    return formatCidr(cidr)
  })
}

/** A database of its own for each story costs PostgreSQL more. */
const runs: Readonly<Record<Engine, number>> = { sqlite: 40, postgres: 8 }
for (const engine of ['sqlite', 'postgres'] satisfies Engine[]) {
  test(`I1 I2 I6 callers who share a transaction get what they would get one after another, whoever among them fails (${engine})`, async () => {
    const property = fc.asyncProperty(stories, async (story) => {
      const stage = await openStage(engine)
      try {
        const model: Model = [new Map(), new Map()]
        for (const [turn, { asks, wait }] of story.entries()) {
          stage.now += wait
          const store = stage.stores[turn % stage.stores.length]!
          const settled = await Promise.allSettled(asks.map((one) => store.write((tx) => serve(tx, stage, one))))
          for (const [index, one] of asks.entries()) {
            const outcome = settled[index]!
            if (one.fails) assert(outcome.status === 'rejected' && outcome.reason instanceof Failed)
            else assert.deepEqual(outcome, { status: 'fulfilled', value: expect(model, one, stage.now) })
          }
          assert.deepEqual((await checkSpace(store)).problems, [])
        }
      } finally {
        await stage.close()
      }
    })
    await fc.assert(property, { numRuns: runs[engine] })
  })
}

// The statements that are really sent --------------------------------------------------------------------------------

/** Remembers every text that is sent. */
class Recording implements Sql {
  readonly texts = new Set<string>()
  readonly #database: DatabaseSync
  constructor(database: DatabaseSync) {
    this.#database = database
  }
  #prepare(text: string) {
    this.texts.add(text)
    return this.#database.prepare(text)
  }
  get<Row>(text: string, ...values: SqlValue[]): Row | undefined {
    return this.#prepare(text).get(...values) as Row | undefined
  }
  all<Row>(text: string, ...values: SqlValue[]): Row[] {
    return this.#prepare(text).all(...values) as Row[]
  }
  run(text: string, ...values: SqlValue[]): number {
    return Number(this.#prepare(text).run(...values).changes)
  }
  later(text: string, ...values: SqlValue[]): void {
    this.run(text, ...values)
  }
}

test('every statement that taking, giving back and paging send is a search of a key: none scans, none sorts', async () => {
  const { pools, folder, close } = await openStage('sqlite')
  const database = new DatabaseSync(join(folder, 'cadastre.db'))
  const sql = new Recording(database)
  const clock = { now: 1_000 }
  const space = new Space(sql, clock)
  const pool = pools[0]!
  let n = 1_000
  const record = async (cidr: Cidr | undefined): Promise<Allocation> => {
    assert(cidr)
    const allocation = { n: ++n, pool, cidr, resourceType: 'custom', account: accounts[0], createdAt: clock.now }
    const unset = { resourceId: undefined, region: undefined, description: undefined, decision: undefined }
    await space.record({ ...allocation, ...unset })
    return { ...allocation, ...unset }
  }
  database.exec('begin immediate')
  const first = await record(await space.take(pool, 4, { length: 32 }))
  const second = await record(await space.take(pool, 4, { length: 32, disallowed: [parseCidr('198.18.0.0/30')!] }))
  const exact = parseCidr('198.18.0.6/32')!
  assert.equal(await space.takeExactly(pool, exact), 'taken')
  const third = await record(exact)
  await space.flush()
  for (const allocation of [first, second, third]) assert.deepEqual(await space.find(allocation.n), allocation)
  assert.equal((await space.ofPool(pool, undefined, 2)).length, 2)
  assert.equal((await space.ofAccount(accounts[0], first.n, 1)).length, 1)
  await space.at(pool, first.cidr)
  await space.ofResource('vpc-1')
  await space.inside(pool, provisioned[0]![0]!, 10)
  await space.release(first, clock.now + 10)
  await space.release(second, clock.now + 10)
  await space.release(third, clock.now)
  assert.equal(await space.reclaim(pool, first.cidr, accounts[0]), true)
  clock.now += 10
  assert.equal(await space.anyQuarantineEnded(), true)
  // Nothing of this size is free until what has rested is swept.
  assert.equal(await space.take(pool, 4, { length: 27 }), undefined)
  assert.equal(await space.endQuarantines(10), 0)
  await space.flush()

  const plans = [...sql.texts].flatMap((text) => {
    const rows = database.prepare(`explain query plan ${text}`).all() as { detail: string }[]
    return rows.map(({ detail }) => ({ text, detail }))
  })
  database.exec('rollback')
  database.close()
  await close()
  assert(plans.length > 20)
  const slow = plans.filter(
    ({ detail }) => !/^SEARCH \w+ USING (?:(?:COVERING )?INDEX|(?:INTEGER )?PRIMARY KEY)/.test(detail),
  )
  assert.deepEqual(slow, [])
})
