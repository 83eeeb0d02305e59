// Lists of allocations: of everybody, of a pool between two addresses, and of those who hold them.

import { type Cidr, toKey } from '#model/cidr.ts'
import {
  type AddressSpan,
  compareValues,
  firstOf,
  type Ranges,
  rangesWithRows,
  spanCondition,
} from '../merged-ranges.ts'
import { listOfTexts, type Sql } from '../sql.ts'
import {
  type Allocation,
  type AllocationRow,
  type HolderName,
  rangedAllocation,
  selectAllocation,
  toAllocation,
} from './holdings.ts'

const blocksPerStatement = 200

export class AllocationLists {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Of everybody in order of creation, after a cursor. */
  async all(after: number, limit: number): Promise<Allocation[]> {
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.n > ? order by a.n limit ?`,
      after,
      limit,
    )
    return rows.map(toAllocation)
  }
  /** Of one type in order of creation, after a cursor. Reads over those of other types. */
  async ofType(resourceType: string, after: number, limit: number): Promise<Allocation[]> {
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.n > ? and h.resource_type = ? order by a.n limit ?`,
      after,
      resourceType,
      limit,
    )
    return rows.map(toAllocation)
  }
  /** Of a pool, those that begin between two addresses, in address order. */
  async between(
    pool: number,
    { first, last, isAfter }: { readonly first: Uint8Array; readonly last: Uint8Array; readonly isAfter: boolean },
    limit: number,
  ): Promise<Allocation[]> {
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.pool = ? and a.first ${isAfter ? '>' : '>='} ? and a.first <= ? order by a.first limit ?`,
      pool,
      first,
      last,
      limit,
    )
    return rows.map(toAllocation)
  }

  /** Of blocks in pools, those that are reserved: by pool, in no order. */
  async reservedOf(blocks: readonly { readonly pool: number; readonly cidr: Cidr }[]): Promise<Allocation[]> {
    const found: AllocationRow[] = []
    for (let at = 0; at < blocks.length; at += blocksPerStatement) {
      const some = blocks.slice(at, at + blocksPerStatement)
      const rows = await this.#sql.all<AllocationRow>(
        `with probe (pool, first) as (values ${some.map(() => '(cast(? as integer), cast(? as blob))').join(', ')})
         ${selectAllocation.replace(' from allocation a ', ' from probe p cross join allocation a ')}
         where a.pool = p.pool and a.first = p.first and h.resource_type = 'reserved'`,
        ...some.flatMap(({ pool, cidr }) => [pool, toKey(cidr)]),
      )
      found.push(...rows)
    }
    return found.map(toAllocation)
  }

  // Of holders ---------------------------------------------------------------------------------------------------------

  /** Who holds or has held space, of which type, where: a few rows for millions of allocations. */
  async holders({
    accounts,
    ...filter
  }: Partial<HolderName> & { readonly accounts?: readonly string[] | undefined }): Promise<
    (HolderName & { readonly n: number })[]
  > {
    const asked = (['account', 'resourceType', 'region'] as const).filter((name) => filter[name] !== undefined)
    const columns = { account: 'account', resourceType: 'resource_type', region: 'region' } as const
    const some = accounts && listOfTexts(accounts)
    return this.#sql.all(
      `select n, account, resource_type as "resourceType", region from holder
       where n > 0 ${some ? `and account in ${some.text}` : ''}
         ${asked.map((name) => `and ${columns[name]} = ?`).join(' ')} order by n`,
      ...(some?.values ?? []),
      ...asked.map((name) => filter[name]!),
    )
  }
  /** By whom, in the order of accounts, behind one; of some accounts, or of all. */
  async holdersBehind(
    after: string,
    accounts: readonly string[] | undefined,
    limit: number,
  ): Promise<(HolderName & { readonly n: number })[]> {
    const some = accounts && listOfTexts(accounts)
    return this.#sql.all(
      `select n, account, resource_type as "resourceType", region from holder
       where n > 0 and account > ? ${some ? `and account in ${some.text}` : ''}
       order by account, resource_type, region limit ?`,
      after,
      ...(some?.values ?? []),
      limit,
    )
  }
  /** Those of some holders that name a resource with any allocation. */
  holdersNaming(holders: readonly number[], resourceId: string): Promise<readonly number[]> {
    return rangesWithRows(this.#sql, holders, {
      table: 'allocation t',
      where: (key) => `t.holder = ${key} and t.resource_id = ?`,
      values: [resourceId],
      order: ['n'],
    })
  }
  /** All of them in order, from a number on. */
  async holdersFrom(from: number, limit: number): Promise<(HolderName & { readonly n: number })[]> {
    return this.#sql.all(
      `select n, account, resource_type as "resourceType", region from holder where n >= ? order by n limit ?`,
      from,
      limit,
    )
  }
  /** Of some holders in order of creation, after a cursor. */
  async ofHolders(holders: readonly number[], after: number, limit: number): Promise<Allocation[]> {
    return this.#ofHolders(holders, { text: 't.n > ?', values: [after], order: ['n'] }, byNumber, limit)
  }
  /** Of one account in order of creation, after a cursor. */
  async ofAccount(
    account: string,
    after: number,
    limit: number,
    filter: { readonly resourceType?: string; readonly region?: string } = {},
  ): Promise<Allocation[]> {
    const holders = await this.holders({ accounts: [account], ...filter })
    return this.ofHolders(
      holders.map(({ n }) => n),
      after,
      limit,
    )
  }
  /** The same newest first, before a number. */
  async ofAccountBefore(account: string, before: number, limit: number): Promise<Allocation[]> {
    const holders = (await this.holders({ accounts: [account] })).map(({ n }) => n)
    const newest = { text: 't.n < ?', values: [before], order: ['n'], isDescending: true } as const
    return this.#ofHolders(holders, newest, (a, b) => b.n - a.n, limit)
  }
  /** Of some holders, those that begin in a span, in the order of addresses and numbers. */
  async ofHoldersIn(holders: readonly number[], span: AddressSpan, limit: number): Promise<Allocation[]> {
    return this.#ofHolders(holders, spanCondition(span), byAddress, limit)
  }
  /** Of some holders, those that name a resource, in order of creation. */
  async ofResource(
    holders: readonly number[],
    resourceId: string,
    after: number,
    limit: number,
  ): Promise<Allocation[]> {
    const condition = { text: 't.resource_id = ? and t.n > ?', values: [resourceId, after], order: ['n'] } as const
    return this.#ofHolders(holders, condition, byNumber, limit)
  }
  /** Of some holders, or of everybody, those that name one of these resources: in the order of the names and of creation. */
  async ofResources(
    holders: readonly number[] | undefined,
    resourceIds: readonly string[],
    limit: number,
  ): Promise<Allocation[]> {
    const list = listOfTexts(resourceIds)
    if (holders) {
      const named = { text: `t.resource_id in ${list.text}`, values: list.values, order: ['resource_id', 'n'] } as const
      return this.#ofHolders(holders, named, byResource, limit)
    }
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.resource_id in ${list.text} order by a.resource_id, a.n limit ?`,
      ...list.values,
      limit,
    )
    return rows.map(toAllocation)
  }
  async #ofHolders(
    holders: readonly number[],
    {
      text,
      values,
      order,
      isDescending = false,
    }: Pick<Ranges<never>, 'values' | 'order' | 'isDescending'> & {
      readonly text: string
    },
    compare: (a: AllocationRow, b: AllocationRow) => number,
    limit: number,
  ): Promise<Allocation[]> {
    const rows = await firstOf<AllocationRow>(
      this.#sql,
      holders,
      {
        columns: rangedAllocation,
        table: 'allocation t',
        joined: 'join holder h on h.n = t.holder',
        where: (key) => `t.holder = ${key} and ${text}`,
        values,
        order,
        isDescending,
        compare,
      },
      limit,
    )
    return rows.map(toAllocation)
  }

  /**
   * Names that allocations of some holders, or of everybody, give to what uses them, in their order, from one on.
   * @param isAfter without that one itself
   */
  async resourceNames(
    holders: readonly number[] | undefined,
    { from, isAfter }: { readonly from: string; readonly isAfter: boolean },
    limit: number,
  ): Promise<{ readonly names: readonly string[]; readonly isWhole: boolean }> {
    const condition = `t.resource_id is not null and t.resource_id ${isAfter ? '>' : '>='} ?`
    const read = (all: readonly number[]) =>
      firstOf<NameRow>(
        this.#sql,
        all,
        {
          columns: 't.resource_id, t.n',
          table: 'allocation t',
          where: (key) => `t.holder = ${key} and ${condition}`,
          values: [from],
          order: ['resource_id', 'n'],
          compare: (a, b) => compareValues(a.resource_id, b.resource_id) || a.n - b.n,
        },
        limit,
      )
    const rows = holders
      ? await read(holders)
      : await this.#sql.all<NameRow>(
          `select distinct t.resource_id from allocation t where ${condition} order by t.resource_id limit ?`,
          from,
          limit,
        )
    return { names: [...new Set(rows.map((row) => row.resource_id))], isWhole: rows.length < limit }
  }
}
interface NameRow {
  readonly resource_id: string
  readonly n: number
}

const byResource = (a: AllocationRow, b: AllocationRow): number =>
  compareValues(a.resource_id ?? null, b.resource_id ?? null) || a.n - b.n
const byNumber = (a: AllocationRow, b: AllocationRow): number => a.n - b.n
const byAddress = (a: AllocationRow, b: AllocationRow): number => Buffer.compare(a.first, b.first) || a.n - b.n
