// What the register has of blocks and resources that others name: for comparing.
import type { Cidr } from '#model/cidr.ts'
import { firstOfEach } from '../merged-ranges.ts'
import { listOfBlocks, listOfTextPairs, listOfTexts, type Sql } from '../sql.ts'
import { type Allocation, type AllocationRow, rangedAllocation, selectAllocation, toAllocation } from './holdings.ts'

export class RegisteredSpace {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Allocations of exactly these blocks in a private scope, in public ones and of the provider. No more than `limit`. */
  async ofBlocks(blocks: readonly Cidr[], scopeId: string | undefined, limit: number): Promise<Allocation[]> {
    if (blocks.length === 0) return []
    const probes = listOfBlocks(blocks)
    const rows = await this.#sql.all<AllocationRow>(
      `with probe (first, length) as (values ${probes.text})
       ${selectAllocation.replace(' from allocation a ', ' from probe q cross join allocation a ')}
       join pool p on p.n = a.pool left join scope s on s.id = p.scope_id
       where a.first = q.first and a.length = q.length and (p.scope_id = ? or s.kind = 'public' or p.scope_id is null)
       order by a.n limit ?`,
      ...probes.values,
      scopeId ?? '',
      limit,
    )
    return rows.map(toAllocation)
  }
  /** Allocations of these resources. No more than `limit`. */
  async ofResources(ids: readonly string[], limit: number): Promise<Allocation[]> {
    if (ids.length === 0) return []
    const list = listOfTexts(ids)
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.resource_id in ${list.text} order by a.n limit ?`,
      ...list.values,
      limit,
    )
    return rows.map(toAllocation)
  }
  /** Which of these accounts hold something for which resource: however much others hold for it, it costs nothing. */
  async heldAmong<Pair extends { readonly id: string; readonly account: string }>(
    pairs: readonly Pair[],
  ): Promise<readonly { readonly id: string; readonly account: string }[]> {
    if (pairs.length === 0) return []
    const probes = listOfTextPairs(pairs.map(({ id, account }) => [id, account]))
    return this.#sql.all(
      `with probe (id, account) as (values ${probes.text})
       select distinct q.id, q.account from probe q where exists (select 1 from holder h cross join allocation a
         where h.account = q.account and a.holder = h.n and a.resource_id = q.id)`,
      ...probes.values,
    )
  }
  /** Of each of these holders the allocations for a resource, in order of creation: no more than `limit` of one. */
  async ofEachHolder(holders: readonly number[], resourceId: string, limit: number): Promise<Allocation[]> {
    const range = {
      columns: rangedAllocation,
      table: 'allocation t',
      joined: 'join holder h on h.n = t.holder',
      where: (key: string) => `t.holder = ${key} and t.resource_id = ?`,
      values: [resourceId],
      order: ['n'],
      compare: (a: AllocationRow, b: AllocationRow) => a.n - b.n,
    } as const
    return (await firstOfEach<AllocationRow>(this.#sql, holders, range, limit)).map(toAllocation)
  }
  /** Of each of these resources the allocations behind a number, in order of creation: no more than `limit` of one. */
  async ofEachResource(ids: readonly string[], after: number, limit: number): Promise<Allocation[]> {
    const range = {
      columns: rangedAllocation,
      table: 'allocation t',
      joined: 'join holder h on h.n = t.holder',
      where: (key: string) => `t.resource_id = ${key} and t.n > ?`,
      values: [after],
      order: ['n'],
      compare: (a: AllocationRow, b: AllocationRow) => a.n - b.n,
    } as const
    return (await firstOfEach<AllocationRow>(this.#sql, ids, range, limit)).map(toAllocation).sort((a, b) => a.n - b.n)
  }
}
