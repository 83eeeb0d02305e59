// Who holds what: allocations, as they are read and recorded.
import { assert } from '#model/assert.ts'
import { type Cidr, lastAddress, toKey } from '#model/cidr.ts'
import { refuse } from '#model/refusal.ts'
import { keyOf } from '../key.ts'
import type { ConnectionMemory, Kept } from '../memory.ts'
import { inParts, listOf, listOfTexts, type Sql } from '../sql.ts'
import type { Row } from '../table.ts'
import type { Clock } from './history.ts'
import { allocationTable, endedTenureTable, holderTable, type Said, usedAs } from './tenure-states.ts'

/** What is put on record of each is a statement of its own in an embedded database, and nobody has his turn between them. */
const endedPerStatement = 20
/** Holders whose number is remembered. */
const holdersMax = 10_000
/** Types in locales of which one account has ever had space. */
export const holdersPerAccountMax = 2_000

export interface Allocation {
  readonly n: number
  readonly pool: number
  readonly cidr: Cidr
  readonly resourceType: string
  /** Undefined for Elastic IPs and custom allocations, whose identifier is made of `n`. */
  readonly resourceId: string | undefined
  readonly account: string
  readonly region: string | undefined
  readonly description: string | undefined
  readonly decision: number | undefined
  readonly createdAt: number
  /** Of the state that it is in, where it is not the first one: its number, and since when it holds. */
  readonly version?: number
  readonly changedAt?: number
}

/** Who holds space of a type where; the region is empty where it belongs to none. */
export interface HolderName {
  readonly account: string
  readonly resourceType: string
  readonly region: string
}

export type AllocationRow = Row & {
  readonly n: number
  readonly first: Uint8Array
  readonly resource_type: string
  readonly account: string
  readonly region: string
}
/** Every reading of allocations, with who holds them. */
export const selectAllocation = `select ${allocationTable.columnsOf('a')}, h.resource_type, h.account, h.region
  from allocation a join holder h on h.n = a.holder`
/** The same columns of ranges of the table, which goes by `t` there. */
export const rangedAllocation = `t.n, t.pool, t.first, t.length, h.resource_type, t.resource_id, h.account, h.region, t.description,
  t.decision, t.created_at, t.version, t.changed_at`

export function toAllocation(row: AllocationRow): Allocation {
  const { holder: _, resourceId, description, decision, ...rest } = allocationTable.of(row)
  const { resource_type: resourceType, account, region } = row
  return { ...rest, resourceType, resourceId, account, region: region || undefined, description, decision }
}

/** Of the rows alone: `Space` takes and gives back what they stand for. */
export class Holdings {
  readonly #sql: Sql
  readonly #clock: Clock
  /** Their committed rows never change. */
  readonly #holders: Kept<string, number>
  constructor(sql: Sql, clock: Clock, memory: ConnectionMemory) {
    this.#sql = sql
    this.#clock = clock
    this.#holders = memory.facts(holdersMax)
  }

  /** Adds the row of an allocation. */
  async insert(allocation: Allocation): Promise<void> {
    const { account, resourceType, region = '' } = allocation
    const holder = await this.holderOf({ account, resourceType, region })
    const { n, pool, cidr, resourceId, description, decision, createdAt } = allocation
    allocationTable.later(this.#sql, { n, pool, cidr, holder, resourceId, description, decision, createdAt })
  }
  /** Numbers the state that an allocation begins in where it was a hold before. */
  async setState(n: number, state: { readonly version: number; readonly changedAt: number }): Promise<void> {
    await allocationTable.change(this.#sql, state, 'where n = ?', n)
  }
  /**
   * Ends an allocation: it is one of the tenures that are over.
   * @param said what it said until now beside its row, for the record
   */
  async end(allocation: Allocation, said: Said): Promise<void> {
    const gone = await this.#sql.run('delete from allocation where n = ?', allocation.n)
    assert(gone === 1, `allocation ${allocation.n} of pool ${allocation.pool} is released once`)
    this.#recordEnd(allocation, said)
  }
  /** The same of many. */
  async endMany(ending: readonly { readonly allocation: Allocation; readonly said: Said }[]): Promise<void> {
    await inParts(
      ending,
      async (part) => {
        const list = listOf(part.map(({ allocation }) => allocation.n))
        const gone = await this.#sql.run(`delete from allocation where n in ${list.text}`, ...list.values)
        assert(gone === part.length, 'allocations that were just read are released once')
        for (const { allocation, said } of part) this.#recordEnd(allocation, said)
      },
      endedPerStatement,
    )
  }
  #recordEnd(allocation: Allocation, { tags, association }: Said): void {
    const releasedAt = Math.max(this.#clock.now, allocation.changedAt ?? allocation.createdAt)
    endedTenureTable.later(this.#sql, { ...allocation, releasedAt, tags, ...usedAs(association) })
  }

  /** The number of a holder, who is there from then on. */
  async holderOf({ account, resourceType, region }: HolderName): Promise<number> {
    const name = keyOf([account, resourceType, region])
    const known = this.#holders.get(name)
    if (known !== undefined) return known
    const find = () =>
      this.#sql.get<{ n: number }>(
        'select n from holder where account = ? and resource_type = ? and region = ?',
        account,
        resourceType,
        region,
      )
    let row = await find()
    if (!row) {
      await this.#refuseTooMany(account)
      await holderTable.insert(this.#sql, { account, resourceType, region })
      row = await find()
    }
    this.#holders.set(name, row!.n)
    return row!.n
  }
  /** They stay for ever, and whoever looks at what an account has goes through all of them. */
  async #refuseTooMany(account: string): Promise<void> {
    const found = await this.#sql.get<{ used: number }>(
      'select count(*) as used from holder where account = ?',
      account,
    )
    const used = Number(found!.used)
    if (used < holdersPerAccountMax) return
    refuse({
      code: 'LimitExceeded',
      what: { of: 'types-in-locales' },
      limit: holdersPerAccountMax,
      used,
      countedFor: { per: 'one-account', account },
      remedy: { do: 'known-locale' },
    })
  }
  async find(n: number): Promise<Allocation | undefined> {
    const row = await this.#sql.get<AllocationRow>(`${selectAllocation} where a.n = ?`, n)
    return row && toAllocation(row)
  }
  /** Those of some numbers that are there, in their order. */
  async some(numbers: readonly number[]): Promise<Allocation[]> {
    if (numbers.length === 0) return []
    const list = listOf(numbers)
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.n in ${list.text} order by a.n`,
      ...list.values,
    )
    return rows.map(toAllocation)
  }
  /** Allocations of one pool in address order, after a cursor. */
  async ofPool(pool: number, after: Uint8Array | undefined, limit: number): Promise<Allocation[]> {
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.pool = ? and a.first > ? order by a.first limit ?`,
      pool,
      after ?? new Uint8Array(0),
      limit,
    )
    return rows.map(toAllocation)
  }
  /** Those of many pools that have something given: for whoever looks at each of these alone. */
  async poolsWithAny(pools: readonly number[]): Promise<ReadonlySet<number>> {
    const found = new Set<number>()
    await inParts(pools, async (part) => {
      const list = listOf(part)
      const rows = await this.#sql.all<{ readonly n: number }>(
        `select p.n from pool p where p.n in ${list.text} and exists (select 1 from allocation a where a.pool = p.n)`,
        ...list.values,
      )
      for (const { n } of rows) found.add(n)
    })
    return found
  }
  /** All of many pools, by pool and address: for whoever has counted them. */
  async ofPools(pools: readonly number[]): Promise<Allocation[]> {
    const found: Allocation[] = []
    await inParts(pools, async (part) => {
      const list = listOf(part)
      const rows = await this.#sql.all<AllocationRow>(
        `${selectAllocation} where a.pool in ${list.text} order by a.pool, a.first`,
        ...list.values,
      )
      for (const row of rows) found.push(toAllocation(row))
    })
    return found
  }
  /** Those of many pools in which there are allocations of other types than these. */
  async poolsWithOther(pools: readonly number[], types: readonly string[]): Promise<ReadonlySet<number>> {
    const found = new Set<number>()
    const known = listOfTexts(types)
    await inParts(pools, async (part) => {
      const list = listOf(part)
      const rows = await this.#sql.all<{ n: number }>(
        `select p.n from pool p where p.n in ${list.text} and exists (
           select 1 from allocation a join holder h on h.n = a.holder where a.pool = p.n and h.resource_type not in ${known.text})`,
        ...list.values,
        ...known.values,
      )
      for (const { n } of rows) found.add(n)
    })
    return found
  }
  async ofResource(resourceId: string, after = 0, limit = -1): Promise<Allocation[]> {
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.resource_id = ? and a.n > ? order by a.n ${limit < 0 ? '' : 'limit ?'}`,
      resourceId,
      after,
      ...(limit < 0 ? [] : [limit]),
    )
    return rows.map(toAllocation)
  }
  /** Some allocations inside a block, lowest first: which ones stand in the way of deprovisioning. */
  async inside(pool: number, cidr: Cidr, limit: number): Promise<Allocation[]> {
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.pool = ? and a.first between ? and ? order by a.first limit ?`,
      pool,
      toKey(cidr),
      toKey(lastAddress(cidr)),
      limit,
    )
    return rows.map(toAllocation)
  }
  /** The allocation that starts at exactly this block. */
  async at(pool: number, cidr: Cidr): Promise<Allocation | undefined> {
    const row = await this.#sql.get<AllocationRow>(
      `${selectAllocation} where a.pool = ? and a.first = ? and a.length = ?`,
      pool,
      toKey(cidr),
      cidr.length,
    )
    return row && toAllocation(row)
  }
  /** Allocations of exactly this block in any pool: the same private block may stand in several scopes. */
  async allAt(cidr: Cidr): Promise<Allocation[]> {
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.first = ? and a.length = ?`,
      toKey(cidr),
      cidr.length,
    )
    return rows.map(toAllocation)
  }
}
