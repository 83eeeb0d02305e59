// Proves from the tables alone that the space of all pools is what it should be; `cadastre check` and tests ask for it.
import { type Cidr, compareCidrs, contains, formatCidr, fromKey, lastAddress, overlaps, sizeOf } from '#model/cidr.ts'
import type { Sql } from './sql.ts'

/** Allocations read at once: a pool may hold millions of them. */
const readStep = 10_000
/** A broken table would otherwise be told of row by row. */
const problemsMax = 1_000

export interface SpaceReport {
  /** One sentence for each thing that is not as it should be; no more than a thousand. */
  readonly problems: readonly string[]
  readonly pools: number
  readonly allocations: number
}

/**
 * Checks I1 (a scope's top-level space never overlaps), I2 (free, quarantined and allocated blocks tile what is
 * provisioned, and the counters say so) and I9 (a child's space is an allocation of its parent); and that the states of
 * tenures have no gap.
 */
export const checkSpace = (store: Checkable): Promise<SpaceReport> => store.read((tx) => tx.spaceCheck.report())

/** A store, as far as it is needed here. */
interface Checkable {
  read<T>(work: (tx: { readonly spaceCheck: SpaceCheck }) => Promise<T>): Promise<T>
}

interface PoolRow {
  n: number
  id: string
  scope_id: string | null
  parent_n: number | null
  family: 4 | 6
  source_resource: string | null
  allocated: string
  quarantined: string
  free: string
  allocation_count: number
}
interface BlockRow {
  first: Uint8Array
  length: number
}
interface CidrRow extends BlockRow {
  id: string
  pool: number
  parent_allocation: number | null
}
interface Block {
  readonly cidr: Cidr
  readonly kind: 'free' | 'quarantined' | 'allocated'
}
interface Sums {
  free: bigint
  quarantined: bigint
  allocated: bigint
  allocations: number
}

export class SpaceCheck {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  async report(): Promise<SpaceReport> {
    const problems: string[] = []
    const pools = await this.#sql.all<PoolRow>(
      `select n, id, scope_id, parent_n, family, source_resource, allocated, quarantined, free, allocation_count
       from pool order by n`,
    )
    const cidrs = await this.#sql.all<CidrRow>(
      `select id, pool, first, length, parent_allocation from pool_cidr where state <> 'failed-provision' order by pool, first`,
    )
    const cidrsByPool = Map.groupBy(cidrs, ({ pool }) => pool)
    let allocations = 0
    for (const pool of pools) {
      const space = (cidrsByPool.get(pool.n) ?? []).map(toCidr)
      const sums = await this.#walk(pool, space, problems)
      problems.push(...counterProblems(pool, sums))
      allocations += sums.allocations
    }
    problems.push(...topLevelProblems(pools, cidrsByPool))
    problems.push(...(await this.#childProblems(pools, cidrs)))
    problems.push(...(await this.#strays()))
    problems.push(...(await this.#holdProblems()))
    problems.push(...(await this.#stateProblems()))
    return { problems: problems.slice(0, problemsMax), pools: pools.length, allocations }
  }

  /** Goes through a pool's blocks in address order: each begins where the one before ended, or the next CIDR begins. */
  async #walk(pool: PoolRow, space: readonly Cidr[], problems: string[]): Promise<Sums> {
    const sums: Sums = { free: 0n, quarantined: 0n, allocated: 0n, allocations: 0 }
    const say = (problem: string): void => {
      if (problems.length < problemsMax) problems.push(`${pool.id}: ${problem}`)
    }
    for (const [index, cidr] of space.entries()) {
      const next = space[index + 1]
      if (next && overlaps(cidr, next)) say(`its CIDRs ${formatCidr(cidr)} and ${formatCidr(next)} overlap`)
    }
    let at = 0
    let expected = space[0]?.first
    const leave = (): void => {
      if (expected! <= lastAddress(space[at]!).first) {
        say(`the end of ${formatCidr(space[at]!)} is neither free, quarantined nor allocated`)
      }
      expected = space[++at]?.first
    }
    for await (const { cidr, kind } of this.#blocks(pool)) {
      sums[kind] += sizeOf(cidr)
      if (kind === 'allocated') sums.allocations++
      while (space[at] && cidr.first > lastAddress(space[at]!).first) leave()
      const around = space[at]
      const text = `${kind} ${formatCidr(cidr)}`
      if (!around || expected === undefined || !contains(around, cidr)) {
        say(`${text} is not in its CIDRs, or overlaps what is before it`)
        continue
      }
      if (cidr.first < expected) say(`${text} overlaps what is before it`)
      else if (cidr.first > expected) {
        say(`what is before ${text} in ${formatCidr(around)} is neither free, quarantined nor allocated`)
      }
      const end = lastAddress(cidr).first + 1n
      if (end > expected) expected = end
    }
    while (space[at]) leave()
    return sums
  }

  /** Free and quarantined blocks and allocations of a pool, merged in address order. */
  async *#blocks(pool: PoolRow): AsyncGenerator<Block> {
    const bits = pool.family === 4 ? 32 : 128
    const free = (
      await this.#sql.all<{ first: Uint8Array; ord: number }>(
        'select first, ord from free_block where pool = ?',
        pool.n,
      )
    ).map(({ first, ord }): Block => ({ cidr: fromKey(first, bits - ord), kind: 'free' }))
    const resting = (await this.#sql.all<BlockRow>('select first, length from quarantine where pool = ?', pool.n)).map(
      (row): Block => ({ cidr: toCidr(row), kind: 'quarantined' }),
    )
    const others = [...free, ...resting].sort((a, b) => compareCidrs(a.cidr, b.cidr))
    let at = 0
    for await (const cidr of this.#allocations(pool.n)) {
      for (; at < others.length && compareCidrs(others[at]!.cidr, cidr) <= 0; at++) yield others[at]!
      yield { cidr, kind: 'allocated' }
    }
    yield* others.slice(at)
  }
  async *#allocations(pool: number): AsyncGenerator<Cidr> {
    let after = new Uint8Array(0)
    for (;;) {
      const rows = await this.#sql.all<BlockRow>(
        'select first, length from allocation where pool = ? and first > ? order by first limit ?',
        pool,
        after,
        readStep,
      )
      for (const row of rows) yield toCidr(row)
      if (rows.length < readStep) return
      after = new Uint8Array(rows.at(-1)!.first)
    }
  }

  /** I9: what a child has is held for it in its parent, block for block; and so it is with space of the provider. */
  async #childProblems(pools: readonly PoolRow[], cidrs: readonly CidrRow[]): Promise<string[]> {
    const poolOf = new Map(pools.map((pool) => [pool.n, pool]))
    const problems: string[] = []
    for (const cidr of cidrs) {
      const pool = poolOf.get(cidr.pool)!
      const parent = pool.parent_n === null ? undefined : poolOf.get(pool.parent_n)
      const plansVpc = pool.source_resource !== null && !parent?.source_resource
      const text = `${pool.id}: its CIDR ${formatCidr(toCidr(cidr))}`
      if (cidr.parent_allocation === null) {
        if (parent && !plansVpc) problems.push(`${text} is no allocation of its source ${parent.id}`)
        continue
      }
      const held = await this.#sql.get<BlockRow & { pool: number; resource_id: string | null }>(
        'select pool, first, length, resource_id from allocation where n = ?',
        cidr.parent_allocation,
      )
      const source = parent ?? pools.find((one) => one.scope_id === null && one.family === pool.family)
      const isHeld =
        held !== undefined &&
        held.pool === source?.n &&
        held.resource_id === pool.id &&
        compareCidrs(toCidr(held), toCidr(cidr)) === 0
      if (!isHeld) problems.push(`${text} is not the allocation of its source that it names`)
    }
    return problems
  }

  /**
   * I6: what is held rests for exactly as long, and nothing rests for a hold that is not there, or waits for an approval
   * that will not be.
   */
  async #holdProblems(): Promise<string[]> {
    const rows = await this.#sql.all<{ n: number }>(
      `select h.n from hold h left join quarantine q on q.hold = h.n and q.pool = h.pool and q.first = h.first
         and q.length = h.length and q.ends_at = h.expires_at and q.account = h.account
       where q.hold is null limit 10`,
    )
    const stray = await this.#sql.get<{ rows: number }>(
      'select count(*) as rows from quarantine where hold is not null and hold not in (select n from hold)',
    )
    const denied = await this.#sql.all<{ n: number; id: string }>(
      `select h.n, e.id from policy_exception e join hold h on h.n = e.hold
       where e.status in ('denied', 'revoked') and h.expires_at > e.ended_at limit 10`,
    )
    return [
      ...denied.map(({ n, id }) => `hold ${n} is still there, and ${id}, which it waited for, was denied or revoked`),
      ...rows.map(({ n }) => `hold ${n} does not rest as it says`),
      ...(stray!.rows > 0 ? [`quarantine: ${stray!.rows} rows are for holds that are not there`] : []),
    ]
  }

  /** The states of a tenure follow each other without a gap, and what it says now, or said last, follows them. */
  async #stateProblems(): Promise<string[]> {
    const follows = (table: string) => `exists (
      select 1 from ${table} t where t.n = s.n and t.version = s.version + 1 and t.changed_at = s.until_at)`
    const loose = await this.#sql.all<{ n: number }>(
      `select s.n from (select n, max(version) as version, max(until_at) as until_at from tenure_state group by n) s
       where not ${follows('allocation')} and not ${follows('hold')} and not ${follows('allocation_history')} limit 10`,
    )
    const torn = await this.#sql.all<{ n: number; version: number }>(
      `select s.n, s.version from tenure_state s
       where not (s.version = 1 and s.from_at = s.created_at) and not exists (
         select 1 from tenure_state t where t.n = s.n and t.version = s.version - 1 and t.until_at = s.from_at) limit 10`,
    )
    const without = await this.#sql.all<{ n: number }>(
      `select t.n from allocation t where t.version is not null
         and not exists (select 1 from tenure_state s where s.n = t.n and s.version = t.version - 1) limit 10`,
    )
    return [
      ...loose.map(({ n }) => `allocation ${n} does not go on where its states end`),
      ...torn.map(({ n, version }) => `state ${version} of allocation ${n} does not follow the one before`),
      ...without.map(({ n }) => `allocation ${n} has changed, and what it said before is not there`),
    ]
  }

  /** Rows of pools that are no more; the schema keeps them out, unless it was switched off. */
  async #strays(): Promise<string[]> {
    const problems: string[] = []
    for (const table of ['free_block', 'allocation', 'quarantine', 'pool_cidr', 'hold']) {
      const row = await this.#sql.get<{ rows: number }>(
        `select count(*) as rows from ${table} where pool not in (select n from pool)`,
      )
      if (row!.rows > 0) problems.push(`${table}: ${row!.rows} rows belong to no pool`)
    }
    const orphans = await this.#sql.all<{ n: number }>(
      `select a.n from allocation a join holder h on h.n = a.holder where h.resource_type = 'ipam-pool'
       and a.n not in (select parent_allocation from pool_cidr where parent_allocation is not null) limit 10`,
    )
    for (const { n } of orphans) problems.push(`allocation ${n} is for a pool that has no such CIDR`)
    return problems
  }
}

const toCidr = ({ first, length }: BlockRow): Cidr => fromKey(first, length)

function counterProblems(pool: PoolRow, sums: Sums): string[] {
  const problems: string[] = []
  for (const kind of ['free', 'quarantined', 'allocated'] as const) {
    if (BigInt(pool[kind]) !== sums[kind]) {
      problems.push(`${pool.id}: its counter of ${kind} addresses is ${pool[kind]}, its blocks sum up to ${sums[kind]}`)
    }
  }
  if (pool.allocation_count !== sums.allocations) {
    problems.push(`${pool.id}: its counter of allocations is ${pool.allocation_count}, it has ${sums.allocations}`)
  }
  return problems
}

/** I1. Pools that plan a VPC subdivide space that the VPC holds, so they are left out. */
function topLevelProblems(pools: readonly PoolRow[], cidrs: ReadonlyMap<number, readonly CidrRow[]>): string[] {
  const problems: string[] = []
  const top = pools.filter((pool) => pool.scope_id !== null && pool.parent_n === null && pool.source_resource === null)
  for (const [scope, inScope] of Map.groupBy(top, ({ scope_id }) => scope_id)) {
    const owned = inScope
      .flatMap((pool) => (cidrs.get(pool.n) ?? []).map((row) => ({ pool: pool.id, cidr: toCidr(row) })))
      .sort((a, b) => compareCidrs(a.cidr, b.cidr))
    let widest = owned[0]
    for (const one of owned.slice(1)) {
      if (widest && overlaps(widest.cidr, one.cidr)) {
        const both = `${formatCidr(widest.cidr)} of ${widest.pool} and ${formatCidr(one.cidr)} of ${one.pool}`
        problems.push(`${scope}: ${both} overlap`)
      } else widest = one
    }
  }
  return problems
}
