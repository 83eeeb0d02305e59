// What lies where, and what goes by a name: the questions of whoever has an address, a name or a tag and nothing else. Each is
// answered by steps in an index.
import { bitsOf, type Cidr, contains, fromKey, supernets, toKey } from '#model/cidr.ts'
import { nameKey } from '#model/tags.ts'
import { lookOf } from '#model/text.ts'
import { compareValues, firstOf } from '../merged-ranges.ts'
import { listOfBlocks, listOfTexts, type Sql } from '../sql.ts'
import type { Clock } from './history.ts'
import { spansOf } from './timeline.ts'

/** A CIDR of a pool, found by its addresses. */
export interface PlacedCidr {
  readonly pool: number
  readonly cidr: Cidr
}
interface PlacedRow {
  readonly pool: number
  readonly first: Uint8Array
  readonly length: number
}
const toPlaced = ({ pool, first, length }: PlacedRow): PlacedCidr => ({ pool, cidr: fromKey(first, length) })

/** Space that was released, or is held. */
export interface Resting {
  readonly cidr: Cidr
  /** Who gave it back. */
  readonly account: string
  readonly endsAt: number
  /** Anybody can have it, though it is not among what is free yet. */
  readonly isOver: boolean
  readonly isHeld: boolean
}
/** A VPC that brought a block of its own. */
export interface BroughtNetwork {
  readonly vpcId: string
  readonly account: string
  readonly region: string
  readonly cidr: Cidr
  readonly createdAt: number
}
export interface NamedNode {
  readonly id: string
  readonly kind: 'root' | 'organizational-unit' | 'account'
  readonly name: string
}
/** Something with a tag that was asked for. */
export interface TaggedObject {
  readonly id: string
  readonly account: string
}

export class Finding {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }

  // By address -------------------------------------------------------------------------------------------------------

  /**
   * CIDRs of pools that are the range or lie around it, larger ones first, after one; of some owners of pools alone, where these
   * are given. What others have in the same place costs a step each, and no row.
   */
  async poolCidrsAround(
    range: Cidr,
    after: PlacedCidr | undefined,
    limit: number,
    owners: readonly string[] | undefined,
  ): Promise<PlacedCidr[]> {
    const from = after?.cidr.length ?? 0
    const probes = listOfBlocks(supernets(range, from))
    const some = owners && listOfTexts(owners)
    const rows = await this.#sql.all<PlacedRow>(
      `with probe (first, length) as (values ${probes.text})
       select c.pool, c.first, c.length from probe cross join pool_cidr c ${some ? 'join pool p on p.n = c.pool' : ''}
       where c.first = probe.first and c.length = probe.length and c.state <> 'failed-provision'
         and (c.length > ? or c.pool > ?) ${some ? `and p.account in ${some.text}` : ''}
       order by c.length, c.pool limit ?`,
      ...probes.values,
      from,
      after?.pool ?? -1,
      ...(some?.values ?? []),
      limit,
    )
    return rows.map(toPlaced)
  }
  /** Those that begin in it and are smaller, in address order. */
  async poolCidrsInside(range: Cidr, limit: number, owners: readonly string[] | undefined): Promise<PlacedCidr[]> {
    if (range.length === bitsOf(range.family)) return []
    const some = owners && listOfTexts(owners)
    const found: PlacedRow[] = []
    for (const [from, to] of spansOf(range)) {
      const rows = await this.#sql.all<PlacedRow>(
        `select c.pool, c.first, c.length from pool_cidr c ${some ? 'join pool p on p.n = c.pool' : ''}
         where c.first between ? and ? and c.length > ? and c.state <> 'failed-provision'
           ${some ? `and p.account in ${some.text}` : ''}
         order by c.first, c.length, c.pool limit ?`,
        from,
        to,
        range.length,
        ...(some?.values ?? []),
        limit - found.length,
      )
      found.push(...rows)
    }
    return found.map(toPlaced)
  }

  /** What rests in a pool around a range: it was released, or is held; also where that is over and nobody has swept it. */
  async restingAround(pool: number, range: Cidr): Promise<Resting | undefined> {
    const row = await this.#sql.get<{
      first: Uint8Array
      length: number
      account: string
      ends_at: number
      hold: number | null
    }>(
      'select first, length, account, ends_at, hold from quarantine where pool = ? and first <= ? order by first desc limit 1',
      pool,
      toKey(range),
    )
    const cidr = row && fromKey(row.first, row.length)
    if (!cidr || !contains(cidr, range)) return undefined
    return {
      cidr,
      account: row.account,
      endsAt: row.ends_at,
      isOver: row.ends_at <= this.#clock.now,
      isHeld: row.hold !== null,
    }
  }
  /** Whether all of the range is free in a pool: one free block is around it. */
  async isFree(pool: number, range: Cidr): Promise<boolean> {
    const probes = listOfBlocks(supernets(range))
    const row = await this.#sql.get(
      `with probe (first, length) as (values ${probes.text})
       select 1 as one from probe cross join free_block f
       where f.pool = ? and f.ord = cast(? as integer) - probe.length and f.first = probe.first limit 1`,
      ...probes.values,
      pool,
      bitsOf(range.family),
    )
    return row !== undefined
  }

  /** VPCs with a block of their own that is the range or lies around it. */
  async networksAround(range: Cidr, limit: number, accounts: readonly string[] | undefined): Promise<BroughtNetwork[]> {
    const probes = listOfBlocks(supernets(range))
    const some = accounts && listOfTexts(accounts)
    const rows = await this.#sql.all<
      Omit<BroughtNetwork, 'cidr'> & { readonly first: Uint8Array; readonly length: number }
    >(
      `with probe (first, length) as (values ${probes.text})
       select c.vpc_id as "vpcId", v.account, v.region, c.first, c.length, c.created_at as "createdAt"
       from probe cross join vpc_cidr c join vpc v on v.id = c.vpc_id
       where c.first = probe.first and c.length = probe.length and c.allocation is null
         ${some ? `and v.account in ${some.text}` : ''}
       order by c.vpc_id limit ?`,
      ...probes.values,
      ...(some?.values ?? []),
      limit,
    )
    return rows.map(({ first, length, ...network }) => ({ ...network, cidr: fromKey(first, length) }))
  }

  // By name ----------------------------------------------------------------------------------------------------------

  /**
   * Units that go by a name, and accounts, also those outside of the organization, by their name or the id that they have in their
   * cloud; in the order of their ids.
   * @param among only these accounts: what others are called costs nothing then
   */
  async nodesNamed(
    { name, externalId }: { readonly name: string; readonly externalId: string },
    limit: number,
    among: readonly string[] | undefined,
  ): Promise<NamedNode[]> {
    const some = among && listOfTexts(among)
    const nodes = await this.#sql.all<NamedNode>(
      `select id, kind, name from organization_node where name = ? and kind <> 'account' and kind <> 'root' order by id limit ?`,
      name,
      limit,
    )
    const accounts: NamedNode[] = []
    for (const [column, value] of [
      ['name', name],
      ['external_id', externalId],
    ] as const) {
      accounts.push(
        ...(await this.#sql.all<NamedNode>(
          `select id, 'account' as kind, name from account where ${column} = ? and removed_at is null
             ${some ? `and id in ${some.text}` : ''} order by id limit ?`,
          value,
          ...(some?.values ?? []),
          limit,
        )),
      )
    }
    const found = new Map([...accounts, ...nodes].map((node) => [node.id, node]))
    return [...found.values()].sort((a, b) => compareValues(a.id, b.id)).slice(0, limit)
  }

  /**
   * Things of one kind that a key and value are on, in the order of their owners and ids.
   * @param accounts only theirs: what others have tagged alike costs nothing then
   * @param after the last one that was read, where those of all are
   */
  async tagged(
    { key, value, type }: { readonly key: string; readonly value: string; readonly type: string },
    limit: number,
    accounts: readonly string[] | undefined,
    after: TaggedObject = { account: '', id: '' },
  ): Promise<TaggedObject[]> {
    // What looks alike is called alike.
    const isName = key === nameKey && value !== ''
    const [condition, values] = isName ? ['name_look = ?', [lookOf(value)]] : ['key = ? and value = ?', [key, value]]
    if (!accounts) {
      return this.#sql.all<TaggedObject>(
        `select resource_id as id, account from tag where ${condition} and resource_type = ?
           and account >= ? and (account > ? or resource_id > ?)
         order by account, resource_id limit ?`,
        ...values,
        type,
        after.account,
        after.account,
        after.id,
        limit,
      )
    }
    const rows = await firstOf<{ readonly account: string; readonly resource_id: string }>(
      this.#sql,
      accounts,
      {
        columns: 't.account, t.resource_id',
        table: 'tag t',
        where: (account) => `t.account = ${account} and ${condition} and t.resource_type = ?`,
        values: [...values, type],
        order: ['resource_id'],
        compare: (a, b) => compareValues(a.account, b.account) || compareValues(a.resource_id, b.resource_id),
      },
      limit,
    )
    return rows.map(({ account, resource_id: id }) => ({ id, account }))
  }
}
