// What networks, interfaces and observations an IPAM sees: of the accounts and Regions that it looks at, in the order of their ids.
import { type Cidr, lastAddress, supernets, toKey } from '#model/cidr.ts'
import { compareValues, firstOf, someOfEach } from '../merged-ranges.ts'
import { listOfTexts, type Sql, type SqlValue } from '../sql.ts'
import type { Row } from '../table.ts'
import type { LookedAt } from './nat-gateways.ts'
import { observationTable, type StoredObservation } from './observations.ts'
import {
  type Subnet,
  type SubnetCidr,
  subnetCidrTable,
  subnetTable,
  type VpcCidr,
  vpcCidrTable,
  vpcTable,
} from './vpcs.ts'

export interface OwnedCidr {
  readonly account: string
  readonly region: string
  readonly cidr: VpcCidr
}
export interface SubnetCidrAt {
  readonly subnet: Subnet
  readonly cidr: SubnetCidr
}
/** A block of which it is asked what else it shares addresses with, in a scope. */
export interface OverlapProbe {
  readonly cidr: Cidr
  readonly resourceId: string
  /** Whether a pool of the scope gave it: then no other of its pools has given any of it. */
  readonly isGiven: boolean
}
export interface OverlapScope {
  readonly ipamId: string
  readonly scopeId: string
  /** Where what nobody gave is, unless it was moved. */
  readonly isDefault: boolean
  /** Undefined: whoever's. */
  readonly account: string | undefined
  readonly regions: readonly string[]
}

/** Blocks that stand around others are looked for from this length on: nothing larger is any network's. */
const largestNetwork = 8
const largestNetworkIpv6 = 32

export class Discovered {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Blocks of VPCs by VPC and address, behind one. A VPC has at least one. */
  async vpcCidrs(
    of: LookedAt,
    after: { readonly id: string; readonly first: Uint8Array },
    limit: number,
  ): Promise<OwnedCidr[]> {
    // As two statements: put together, the blocks of all others between two VPCs would be read, too.
    const { text, values } = where('vpc', of)
    const vpcs = await vpcTable.all(
      this.#sql,
      `where ${text} id >= ? order by id limit ?`,
      ...values,
      after.id,
      limit + 1,
    )
    const byId = new Map(vpcs.map((vpc) => [vpc.id, vpc]))
    const list = listOfTexts([...byId.keys()])
    const cidrs = await vpcCidrTable.all(
      this.#sql,
      `where vpc_id in ${list.text} and (vpc_id > ? or first > ?) order by vpc_id, first limit ?`,
      ...list.values,
      after.id,
      after.first,
      limit,
    )
    return cidrs.map((cidr) => {
      const { account, region } = byId.get(cidr.vpcId)!
      return { account, region, cidr }
    })
  }
  async vpcCidrsOf(vpcId: string): Promise<OwnedCidr[]> {
    const rows = await this.#sql.all<Row>(
      `select v.account as owner, v.region as at_region, ${vpcCidrTable.columnsOf('c')} from vpc v
       join vpc_cidr c on c.vpc_id = v.id where v.id = ? order by c.first`,
      vpcId,
    )
    return rows.map(toOwnedCidr)
  }
  /** Subnets in the order of their ids, behind one. */
  async subnets(of: LookedAt, after: string, limit: number): Promise<Subnet[]> {
    const { text, values } = where('subnet', of)
    return subnetTable.all(this.#sql, `where ${text} id > ? order by id limit ?`, ...values, after, limit)
  }
  /** Blocks of VPCs and subnets that are exactly this one, and that no pool gave; no more than `limit` of each. */
  async exactly(
    block: Cidr,
    limit: number,
  ): Promise<{
    readonly vpcs: readonly OwnedCidr[]
    readonly subnets: readonly Subnet[]
    readonly subnetCidrs: readonly SubnetCidrAt[]
  }> {
    const values = [toKey(block), block.length, limit] as const
    const vpcs = await this.#sql.all<Row>(
      `select v.account as owner, v.region as at_region, ${vpcCidrTable.columnsOf('c')}
       from vpc_cidr c cross join vpc v
       where v.id = c.vpc_id and c.allocation is null and c.first = ? and c.length = ? order by c.association_id limit ?`,
      ...values,
    )
    const rest = 'where first is not null and allocation is null and first = ? and length = ? order by id limit ?'
    const subnets = block.family === 4 ? await subnetTable.all(this.#sql, rest, ...values) : []
    const subnetCidrs = await this.#sql.all<Row>(
      `select ${prefixed(subnetTable.columnsOf('s'), 's')}, ${subnetCidrTable.columnsOf('c')}
       from subnet_cidr c cross join subnet s
       where s.id = c.subnet_id and c.allocation is null and c.first = ? and c.length = ?
       order by c.association_id limit ?`,
      ...values,
    )
    return { vpcs: vpcs.map(toOwnedCidr), subnets, subnetCidrs: subnetCidrs.map(toSubnetCidrAt) }
  }
  /** What each of these sources observes under an id now: no more than `limit` of one, by source and number. */
  async observedAs(objectId: string, sourceIds: readonly string[], limit: number): Promise<StoredObservation[]> {
    const range = {
      columns: observationTable.columnsOf('t'),
      table: 'observation t',
      // As a range, since an equal beginning of the primary key would go before the index: all that the source says.
      where: (from: string, to: string) =>
        `t.source_id >= ${from} and t.source_id <= ${to} and t.object_id = ? and t.object_id <> '' and t.missing < 2
         and exists (select 1 from source s where s.id = t.source_id and s.deleted_at is null
           and t.since_snapshot <= s.snapshot and (t.until_snapshot is null or t.until_snapshot > s.snapshot))`,
      values: [objectId],
    } as const
    const keys = sourceIds.map((id) => [id, id] as const)
    return (await someOfEach<Row>(this.#sql, keys, range, limit))
      .map((row) => observationTable.of(row))
      .sort((one, other) => compareValues(one.sourceId, other.sourceId) || one.number - other.number)
  }
  /** Which of some ids the register has as networks, and whose. */
  async registered(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (ids.length === 0) return new Map()
    const list = listOfTexts(ids)
    const rows = await this.#sql.all<{ id: string; account: string }>(
      `select id, account from vpc where id in ${list.text}
       union all select id, account from subnet where id in ${list.text}
       union all select id, account from nat_gateway where id in ${list.text}`,
      ...list.values,
      ...list.values,
      ...list.values,
    )
    return new Map(rows.map(({ id, account }) => [id, account]))
  }
  /** How much of each VPC its subnets have, of 1: by VPC and family. */
  async subnetShares(
    vpcIds: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly 4: number; readonly 6: number }>> {
    if (vpcIds.length === 0) return new Map()
    const list = listOfTexts(vpcIds)
    const counted = async (column: string, table: string, bits: number): Promise<ReadonlyMap<string, number>> => {
      const rows = await this.#sql.all<{ id: string; size: number | bigint | string }>(
        `select vpc_id as id, sum(cast(1 as bigint) << cast(${bits} - length as integer)) as size from ${table}
         where vpc_id in ${list.text} and ${column} is not null group by vpc_id`,
        ...list.values,
      )
      return new Map(rows.map(({ id, size }) => [id, Number(size)]))
    }
    const ipv4 = await counted('first', 'subnet', 32)
    const ipv6 = await counted('first', 'subnet_cidr', ipv6Bits)
    return new Map(vpcIds.map((id) => [id, { 4: ipv4.get(id) ?? 0, 6: ipv6.get(id) ?? 0 }]))
  }

  /** Which of some blocks share addresses with something else in a scope, by their places in the list. */
  async overlapping(scope: OverlapScope, probes: readonly OverlapProbe[]): Promise<ReadonlySet<number>> {
    const found = new Set<number>()
    const open = (): readonly (readonly [number, OverlapProbe])[] =>
      [...probes.entries()].filter(([index]) => !found.has(index))
    for (const kind of ['networks', 'allocations', 'observed'] as const) {
      for (const [at, asked] of [insideOf, aroundOf].entries()) {
        const rows = open()
          .filter(([, { isGiven }]) => kind !== 'allocations' || !isGiven)
          .flatMap(([index, probe]) => asked(probe).map((range) => ({ index, probe, ...range })))
        for (let from = 0; from < rows.length; from += probesPerStatement) {
          const some = rows.slice(from, from + probesPerStatement)
          const hits = await this.#sql.all<{ i: number }>(...statementOf(kind, at === 1, scope, some))
          for (const { i } of hits) found.add(Number(i))
        }
      }
    }
    return found
  }

  // Importing ------------------------------------------------------------------------------------------------------

  /** The first account behind one that has pools which import by themselves. */
  async importingAccount(after: string): Promise<string | undefined> {
    const row = await this.#sql.get<{ account: string }>(
      'select account from pool where auto_import = 1 and account > ? order by account limit 1',
      after,
    )
    return row?.account
  }
  /** The number of an account's first pool that does, behind one. */
  async importingPool(account: string, after: number): Promise<number | undefined> {
    const row = await this.#sql.get<{ n: number }>(
      'select n from pool where auto_import = 1 and account = ? and n > ? order by n limit 1',
      account,
      after,
    )
    return row?.n
  }
  /**
   * Blocks of VPCs that no pool gave, that begin behind one and before an end; of equal beginnings the largest first.
   * @param holders only what these have: what others have there costs nothing; undefined: whoever has them
   */
  async looseWithin(
    holders: readonly number[] | undefined,
    after: { readonly first: Uint8Array; readonly length: number; readonly associationId: string },
    last: Uint8Array,
    limit: number,
  ): Promise<OwnedCidr[]> {
    if (holders) return this.#looseOf(holders, after, last, limit)
    const rows = await this.#sql.all<Row>(
      `select v.account as owner, v.region as at_region, ${vpcCidrTable.columnsOf('c')}
       from vpc_cidr c cross join vpc v
       where v.id = c.vpc_id and c.allocation is null and c.first >= ? and c.first <= ?
         and (c.first > ? or c.length > ? or (c.length = ? and c.association_id > ?))
       order by c.first, c.length, c.association_id limit ?`,
      after.first,
      last,
      after.first,
      after.length,
      after.length,
      after.associationId,
      limit,
    )
    return rows.map(toOwnedCidr)
  }
  async #looseOf(
    holders: readonly number[],
    after: { readonly first: Uint8Array; readonly length: number; readonly associationId: string },
    last: Uint8Array,
    limit: number,
  ): Promise<OwnedCidr[]> {
    const brought = await firstOf<LooseRow>(
      this.#sql,
      holders,
      {
        columns: 't.first, t.length, t.resource',
        table: 'brought_space t',
        where: (holder) =>
          `t.holder = ${holder} and t.ended_at is null and t.first >= ? and t.first <= ?
           and (t.first > ? or t.length > ? or (t.length = ? and t.resource > ?))`,
        values: [after.first, last, after.first, after.length, after.length, after.associationId],
        order: ['first', 'length', 'resource'],
        compare: (a, b) =>
          compareValues(a.first, b.first) || a.length - b.length || compareValues(a.resource, b.resource),
      },
      limit,
    )
    const list = listOfTexts(brought.map(({ resource }) => resource))
    const rows = await this.#sql.all<Row>(
      `select v.account as owner, v.region as at_region, ${vpcCidrTable.columnsOf('c')}
       from vpc_cidr c cross join vpc v where v.id = c.vpc_id and c.association_id in ${list.text}`,
      ...list.values,
    )
    const found = new Map(rows.map((row) => [row.association_id as string, toOwnedCidr(row)]))
    return brought.flatMap(({ resource }) => found.get(resource) ?? [])
  }
}
interface LooseRow {
  readonly first: Uint8Array
  readonly length: number
  readonly resource: string
}

/** Of IPv6 subnets the shares are counted in their /64s. */
const ipv6Bits = 64
const probesPerStatement = 1_024
/** What begins in one block, or stands around it, that is looked at. */
const blocksPerProbe = 100

/** Of everybody, whose and where is for the caller to look at. */
function where(table: string, of: LookedAt): { readonly text: string; readonly values: readonly string[] } {
  if (!of) return { text: '', values: [] }
  return { text: `${table}.account = ? and ${table}.region = ? and`, values: [of.account, of.region] }
}
const prefixed = (columns: string, alias: string): string =>
  columns
    .split(', ')
    .map((column) => `${column} as ${column.replace(`${alias}.`, `${alias}_`)}`)
    .join(', ')
const unprefixed = (row: Row, alias: string): Row =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => name.startsWith(`${alias}_`))
      .map(([name, value]) => [name.slice(alias.length + 1), value]),
  )
const toOwnedCidr = (row: Row): OwnedCidr => ({
  account: row.owner as string,
  region: row.at_region as string,
  cidr: vpcCidrTable.of(row),
})

const toSubnetCidrAt = (row: Row): SubnetCidrAt => ({
  subnet: subnetTable.of(unprefixed(row, 's')),
  cidr: subnetCidrTable.of(row),
})

// Overlaps -----------------------------------------------------------------------------------------------------------

interface Asked {
  readonly index: number
  readonly probe: OverlapProbe
  readonly first: Uint8Array
  readonly last: Uint8Array
  readonly length: number
}
type Range = Pick<Asked, 'first' | 'last' | 'length'>
/** What begins in a block; all that is equal to it or stands in it does. */
const insideOf = ({ cidr }: OverlapProbe): readonly Range[] => [
  { first: toKey(cidr), last: toKey(lastAddress(cidr)), length: cidr.length },
]
/** What stands around it and begins before it. */
const aroundOf = ({ cidr }: OverlapProbe): readonly Range[] => {
  const from = cidr.family === 4 ? largestNetwork : largestNetworkIpv6
  if (cidr.length <= from) return []
  return supernets(cidr, from)
    .filter((block) => block.length < cidr.length && block.first !== cidr.first)
    .map((block) => ({ first: toKey(block), last: toKey(block), length: block.length }))
}

function statementOf(
  kind: 'networks' | 'allocations' | 'observed',
  isAround: boolean,
  { ipamId, scopeId, isDefault, account, regions }: OverlapScope,
  asked: readonly Asked[],
): [string, ...SqlValue[]] {
  const size = 2 ** Math.ceil(Math.log2(asked.length))
  const filled = Array.from({ length: size }, (_, index) => asked[index] ?? asked.at(-1)!)
  const row = '(cast(? as integer), cast(? as text), cast(? as blob), cast(? as blob), cast(? as integer))'
  const values = filled.flatMap(({ index, probe, first, last, length }) => [
    index,
    probe.resourceId,
    first,
    last,
    length,
  ])
  const range = (alias: string): string =>
    isAround
      ? `${alias}.first = q.first and ${alias}.length = q.length`
      : `${alias}.first >= q.first and ${alias}.first <= q.last`
  const list = listOfTexts(regions)
  const owned = (alias: string, column: string): string => (account === undefined ? '' : `and ${alias}.${column} = ?`)
  const own = account === undefined ? [] : [account]
  const byItself = isDefault ? scopeId : ''
  // No more than so many are looked at of each block: whatever else stands in a large one costs nothing.
  const some = (columns: string, table: string, where: string): string =>
    `(select ${columns} from ${table} c where ${range('c')} and ${where} order by c.first limit ${blocksPerProbe}) c`
  const exists = {
    networks: {
      text: `select 1 from ${some('c.vpc_id, c.first, c.length', 'vpc_cidr', 'c.allocation is null and c.vpc_id <> q.resource')}
        cross join vpc v
        where v.id = c.vpc_id and v.region in ${list.text} ${owned('v', 'account')}
          and coalesce((select case when m.is_ignored = 1 then '-' else coalesce(m.scope_id, ?) end from resource_mark m
            where m.ipam_id = ? and m.resource_id = c.vpc_id and m.first = c.first and m.length = c.length), ?) = ?`,
      values: [...list.values, ...own, byItself, ipamId, byItself, scopeId],
    },
    allocations: {
      text: `select 1 from ${some('c.pool, c.holder', 'allocation', "coalesce(c.resource_id, '') <> q.resource")}
        cross join pool p cross join holder h
        where p.n = c.pool and h.n = c.holder and p.scope_id = ?
          and h.resource_type not in ('ipam-pool', 'subnet', 'reserved')`,
      values: [scopeId],
    },
    observed: {
      text: `select 1 from ${some(
        'c.source_id, c.since_snapshot, c.until_snapshot, c.locale, c.account',
        'observation',
        "c.kind = 'network' and c.missing < 2 and c.object_id <> q.resource",
      )} cross join source s
        where s.id = c.source_id and s.deleted_at is null and c.since_snapshot <= s.snapshot
          and (c.until_snapshot is null or c.until_snapshot > s.snapshot)
          and coalesce(s.scope_id, ?) = ? and c.locale in ${list.text} ${owned('c', 'account')}`,
      values: [byItself, scopeId, ...list.values, ...own],
    },
  }[kind]
  return [
    `with q (i, resource, first, last, length) as (values ${filled.map(() => row).join(', ')})
     select distinct q.i as i from q where exists (${exists.text})`,
    ...values,
    ...exists.values,
  ]
}
