// Proves from the tables alone that the space of all pools is what it should be; `cadastre check` and tests ask for it.
import { purposeProblem, type SpaceHolder } from '#model/address-space.ts'
import {
  type Cidr,
  compareCidrs,
  contains,
  formatCidr,
  fromKey,
  lastAddress,
  overlaps,
  sizeOf,
  toKey,
} from '#model/cidr.ts'
import { canBeDivided, reservedBlocks } from '#model/policy/nesting.ts'
import { type ResourceType, registryOf } from '#model/policy/resource-types.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { publicSpace } from '#model/public-space.ts'
import type { Sql, SqlValue } from '../sql.ts'
import type { SourceResource } from '../tables/pools.ts'

/** Rows read at once: a pool may hold millions of allocations. */
const readStep = 10_000
/** A broken table would otherwise be told of row by row. */
const problemsMax = 1_000
/** Of one rule, so that the others are told of too. */
const problemsOfRuleMax = 100

export interface SpaceReport {
  /** One sentence for each thing that is not as it should be; no more than a hundred of one rule, and a thousand in all. */
  readonly problems: readonly string[]
  readonly pools: number
  readonly allocations: number
}

/** Checks `spaceRules`, all of them, over everything that is there. */
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
  public_ip_source: string | null
  source_resource: string | null
  source_allocation: number | null
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

/** What the rules read, and what is known of it already. */
interface Reading {
  readonly sql: Sql
  readonly pools: readonly PoolRow[]
  readonly cidrs: readonly CidrRow[]
  /** Counted on the way. */
  allocations: number
}
export interface SpaceRule {
  /** What must hold. The tests damage a database for each rule, by this name. */
  readonly name: string
  find(reading: Reading): AsyncGenerator<string>
}

// What may not overlap -----------------------------------------------------------------------------------------------

interface ApartRule {
  readonly name: string
  /** Columns that tell rows apart and order them by place and first address: they are read page by page, in that order. */
  readonly key: readonly string[]
  /** Expressions: within one place nothing overlaps, but rows of one thing may. Without one, each row is one by itself. */
  readonly place: string
  readonly thing?: string
  /** The alias of the table with the block's columns, and what has the block, in words. */
  readonly block: string
  readonly words: string
  /** `from …`, with its condition. */
  readonly from: string
}
interface ApartRow extends BlockRow, Readonly<Record<`key${number}`, SqlValue>> {
  readonly place: string
  readonly thing: string | null
}

/**
 * No two blocks of a place overlap. One pass in the order of addresses, which remembers only the blocks around the present
 * one: as many as overlap.
 */
const apart = ({ name, key, place, thing = 'null', block, words, from }: ApartRule): SpaceRule => ({
  name,
  async *find({ sql }) {
    const columns = `${place} as place, ${thing} as thing, ${block}.first, ${block}.length`
    // Read only where there is something to tell: texts of a million rows cost more than their order.
    const wordsOf = async (row: ApartRow): Promise<string> => {
      const text = `select ${words} as words ${from} and (${key.join(', ')}) = (${key.map(() => '?').join(', ')})`
      return (await sql.get<{ words: string }>(text, ...keyOf(row, key)))!.words
    }
    let open: { readonly row: ApartRow; readonly cidr: Cidr }[] = []
    for await (const rows of pages<ApartRow>(sql, { key, columns, from })) {
      for (const row of rows) {
        const cidr = toCidr(row)
        open = open.filter((other) => other.row.place === row.place && overlaps(other.cidr, cidr))
        for (const other of open) {
          if (row.thing !== null && other.row.thing === row.thing) continue
          const both = `${formatCidr(other.cidr)} of ${await wordsOf(other.row)} and ${formatCidr(cidr)} of ${await wordsOf(row)}`
          yield `${row.place}: ${both} overlap`
        }
        open.push({ row, cidr })
      }
    }
  },
})
const keyOf = (row: Readonly<Record<`key${number}`, SqlValue>>, key: readonly string[]): SqlValue[] =>
  key.map((_, index) => row[`key${index}`]!)

/** All rows in the order of a key that is theirs alone, some at a time. */
async function* pages<Row>(
  sql: Sql,
  { key, columns, from }: { readonly key: readonly string[]; readonly columns: string; readonly from: string },
): AsyncGenerator<Row[]> {
  const keys = key.map((column, index) => `${column} as key${index}`).join(', ')
  const end = `order by ${key.join(', ')} limit ?`
  const after = `and (${key.join(', ')}) > (${key.map(() => '?').join(', ')})`
  let last: SqlValue[] = []
  for (;;) {
    const text = `select ${keys}, ${columns} ${from} ${last.length === 0 ? '' : after} ${end}`
    const rows = await sql.all<Row & Readonly<Record<`key${number}`, SqlValue>>>(text, ...last, readStep)
    yield rows
    if (rows.length < readStep) return
    last = keyOf(rows.at(-1)!, key)
  }
}

/** Rows that must not be there, as the statement finds them. */
const none = <Row>(name: string, text: string, say: (row: Row) => string): SpaceRule => ({
  name,
  async *find({ sql }) {
    for (const row of await sql.all<Row>(`${text} limit ?`, problemsOfRuleMax)) yield say(row)
  },
})

const isProvisioned = `c.state <> 'failed-provision'`
const ofPool = `p.id || ' (IPAM ' || p.ipam_id || ' of account ' || p.account || ')'`
const isPublic = `(p.scope_id is null or s.kind = 'public')`
const isTop = 'p.parent_n is null and p.source_resource is null and p.source_allocation is null'
/** A pool that plans a VPC, with what is above it: those under another that plans take from that one. */
const planners = 'pool p left join pool u on u.n = p.parent_n'
const isPlanner = 'p.source_resource is not null and u.source_resource is null'

/**
 * Every pair of live things that may not overlap, and whatever else must hold for space to be given once. What hands out or
 * keeps space in a new way gets its rule here.
 */
export const spaceRules: readonly SpaceRule[] = [
  {
    name: 'I2 allocations, resting, held and free blocks tile the CIDRs of each pool, and its counters say so',
    async *find(reading) {
      const byPool = Map.groupBy(reading.cidrs, ({ pool }) => pool)
      const problems: string[] = []
      for (const pool of reading.pools) {
        const sums = await walk(reading.sql, pool, (byPool.get(pool.n) ?? []).map(toCidr), problems)
        reading.allocations += sums.allocations
        if (problems.length < problemsOfRuleMax) problems.push(...counterProblems(pool, sums))
      }
      yield* problems
    },
  },
  apart({
    name: 'I1 top-level CIDRs of a private scope',
    key: ['p.scope_id', 'c.first', 'c.id'],
    place: 'p.scope_id',
    block: 'c',
    words: ofPool,
    from: `from pool_cidr c join pool p on p.n = c.pool join scope s on s.id = p.scope_id
      where ${isProvisioned} and ${isTop} and s.kind = 'private'`,
  }),
  apart({
    name: 'I1 top-level public CIDRs, the provider’s with them, of the installation',
    key: ['c.first', 'c.id'],
    place: `'public space'`,
    block: 'c',
    words: `coalesce(${ofPool}, 'the provider (pool ' || p.id || ')')`,
    from: `from pool_cidr c join pool p on p.n = c.pool left join scope s on s.id = p.scope_id
      where ${isProvisioned} and ${isTop} and ${isPublic} and c.parent_allocation is null`,
  }),
  apart({
    name: 'I1 public addresses and blocks that anybody holds: Elastic IPs, networks and others',
    key: ['a.first', 'a.length', 'a.n'],
    place: `'public space'`,
    block: 'a',
    words: `h.resource_type || ' ' || coalesce(a.resource_id, '(allocation ' || a.n || ')') || ' of account ' || h.account`,
    // What is inside of a network lies within what that holds.
    from: `from allocation a join holder h on h.n = a.holder join pool p on p.n = a.pool left join scope s on s.id = p.scope_id
      where ${isPublic} and p.divides is null and h.resource_type <> 'ipam-pool'`,
  }),
  { name: 'I9 CIDRs of a child are allocations of its source', find: childProblems },
  none<{ id: string; space: string | null }>(
    'I1 each pool says in which space the schema keeps its CIDRs apart',
    `select p.id, p.space from ${planners} left join scope s on s.id = p.scope_id
     where coalesce(p.space, '') <> coalesce(case
       when ${isPlanner} then p.source_vpc
       when p.parent_n is not null or p.source_allocation is not null then null
       when ${isPublic} then '${publicSpace}'
       else p.scope_id end, '') order by p.n`,
    ({ id, space }) => `${id}: its CIDRs are kept apart in ${space ?? 'no space'}, which is not its own`,
  ),
  none<{ id: string; n: number }>(
    'a pool that divides an allocation does not outlive it',
    `select p.id, p.source_allocation as n from pool p
     where p.source_allocation is not null and not exists (select 1 from allocation a where a.n = p.source_allocation) order by p.n`,
    ({ id, n }) => `${id} divides allocation ${n}, which is gone`,
  ),
  none<BlockRow & { id: string; n: number }>(
    'I9 a pool that divides an allocation has the block of that and no other',
    `select p.id, p.source_allocation as n, c.first, c.length from pool p join pool_cidr c on c.pool = p.n
     where ${isProvisioned} and p.source_allocation is not null and not exists (
       select 1 from allocation a where a.n = p.source_allocation and a.n = c.parent_allocation
         and a.first = c.first and a.length = c.length) order by c.id`,
    (row) => `${row.id} has ${formatCidr(toCidr(row))}, which is not the block of allocation ${row.n} that it divides`,
  ),
  none<{ id: string; divides: string; type: string }>(
    'a pool says the type of the network that it divides, as the pools below it do',
    `select p.id, coalesce(p.divides, 'nothing') as divides, coalesce(h.resource_type, u.divides, 'nothing') as type
     from ${planners} left join allocation a on a.n = p.source_allocation left join holder h on h.n = a.holder
     where (p.source_allocation is not null and coalesce(p.divides, '') <> coalesce(h.resource_type, p.divides, ''))
       or (u.n is not null and coalesce(p.divides, '') <> coalesce(u.divides, '')) order by p.n`,
    ({ id, divides, type }) => `${id} says that it divides ${divides}, and divides ${type}`,
  ),
  { name: 'what a network reserves is no host’s', find: reservedProblems },
  apart({
    name: 'I1 CIDRs that plan one VPC',
    key: ['p.source_vpc', 'c.first', 'c.id'],
    place: 'p.source_vpc',
    block: 'c',
    words: ofPool,
    from: `from ${planners} join pool_cidr c on c.pool = p.n
      where ${isProvisioned} and ${isPlanner} and p.source_vpc is not null`,
  }),
  none<{ id: string; account: string; source_resource: string }>(
    'a pool that plans a VPC does not outlive it',
    `select p.id, p.account, p.source_resource from ${planners} left join vpc v on v.id = p.source_vpc
     where ${isPlanner} and v.id is null order by p.n`,
    ({ id, account, source_resource }) => {
      const planned = JSON.parse(source_resource) as SourceResource
      return `${id} of account ${account} plans ${planned.id} of account ${planned.account}, which is gone`
    },
  ),
  none<BlockRow & { id: string; account: string; vpc: string; owner: string }>(
    'what a pool plans of a VPC is a block of that VPC',
    `select p.id, p.account, v.id as vpc, v.account as owner, c.first, c.length
     from ${planners} join vpc v on v.id = p.source_vpc join pool_cidr c on c.pool = p.n
     where ${isProvisioned} and ${isPlanner} and not exists (
       select 1 from vpc_cidr b where b.vpc_id = v.id and b.first = c.first and b.length = c.length) order by c.id`,
    (row) =>
      `${row.id} of account ${row.account} plans ${formatCidr(toCidr(row))}, which is no block of ${row.vpc} of account ${row.owner}`,
  ),
  apart({
    name: 'subnets of a VPC, and what pools that plan it handed out',
    key: ['x.place', 'x.first', 'x.length', 'x.words'],
    place: 'x.place',
    thing: 'x.thing',
    block: 'x',
    words: 'x.words',
    from: `from (
      select t.vpc_id as place, t.id as thing, t.first, t.length, t.id as words from subnet t
        where t.first is not null and t.vpc_id in (select source_vpc from pool)
      union all select t.vpc_id, t.subnet_id, t.first, t.length, t.subnet_id from subnet_cidr t
        where t.vpc_id in (select source_vpc from pool)
      union all select p.source_vpc, coalesce(a.resource_id, 'allocation ' || a.n), a.first, a.length,
          h.resource_type || ' ' || coalesce(a.resource_id, '(allocation ' || a.n || ')') || ' in ' || p.id
        from pool p join allocation a on a.pool = p.n join holder h on h.n = a.holder
        where p.source_vpc is not null and h.resource_type <> 'ipam-pool') x where x.place is not null`,
  }),
  apart({
    name: 'blocks of a VPC',
    key: ['b.vpc_id', 'b.first', 'b.association_id'],
    place: 'b.vpc_id',
    block: 'b',
    words: 'b.association_id',
    from: 'from vpc_cidr b where b.vpc_id is not null',
  }),
  apart({
    name: 'IPv4 blocks of the subnets of a VPC',
    key: ['t.vpc_id', 't.first', 't.id'],
    place: 't.vpc_id',
    block: 't',
    words: 't.id',
    from: 'from subnet t where t.first is not null',
  }),
  apart({
    name: 'IPv6 blocks of the subnets of a VPC',
    key: ['t.vpc_id', 't.first', 't.association_id'],
    place: 't.vpc_id',
    block: 't',
    words: 't.subnet_id',
    from: 'from subnet_cidr t where t.vpc_id is not null',
  }),
  within('IPv4 blocks of subnets lie in their VPC', 'subnet', 'id'),
  within('IPv6 blocks of subnets lie in their VPC', 'subnet_cidr', 'subnet_id'),
  holding('a VPC holds what was allocated to it', 'vpc_cidr', 'vpc_id'),
  holding('a subnet holds the IPv4 block that was allocated to it', 'subnet', 'id'),
  holding('a subnet holds the IPv6 block that was allocated to it', 'subnet_cidr', 'subnet_id'),
  none<{ subnet_id: string; private_ip: string; rows: number }>(
    'a private address of a subnet is that of one gateway',
    `select g.subnet_id, n.private_ip, count(*) as rows from nat_gateway_address n join nat_gateway g on g.id = n.nat_gateway_id
     where g.deleted_at is null and g.subnet_id is not null and n.private_ip is not null
     group by g.subnet_id, n.private_ip having count(*) > 1 order by g.subnet_id, n.private_ip`,
    ({ subnet_id, private_ip, rows }) => `${subnet_id}: ${rows} addresses of NAT gateways are ${private_ip}`,
  ),
  none<{ allocation: number; rows: number }>(
    'an Elastic IP is that of one gateway',
    `select n.allocation, count(*) as rows from nat_gateway_address n join nat_gateway g on g.id = n.nat_gateway_id
     where g.deleted_at is null and n.allocation is not null group by n.allocation having count(*) > 1 order by n.allocation`,
    ({ allocation, rows }) => `allocation ${allocation}: ${rows} addresses of NAT gateways are this Elastic IP`,
  ),
  {
    name: 'I6 what is held rests for exactly as long, and nothing rests for a hold that is not there',
    find: holdProblems,
  },
  none<BlockRow & { id: string; state: string }>(
    'I6 a CIDR that is being deprovisioned rests as one',
    `select p.id, q.first, q.length, c.state from quarantine q join pool p on p.n = q.pool join pool_cidr c on c.id = q.pool_cidr
     where q.pool_cidr is not null and (
       c.state <> 'provisioned' or c.pool <> q.pool or c.first <> q.first or c.length <> q.length) order by c.id`,
    (row) => `${row.id}: ${formatCidr(toCidr(row))} rests for a CIDR that is ${row.state}, or another block`,
  ),
  suited({
    name: 'CIDRs of pools are space that such pools may hold',
    key: ['c.id'],
    block: 'c',
    words: ofPool,
    holder: `case when ${isPublic} then 'public-pool' else 'private-pool' end`,
    from: `from pool_cidr c join pool p on p.n = c.pool left join scope s on s.id = p.scope_id where ${isProvisioned}`,
  }),
  suited({
    name: 'blocks of VPCs are space that VPCs may have',
    key: ['b.association_id'],
    block: 'b',
    words: 'b.vpc_id',
    holder: `'vpc'`,
    from: 'from vpc_cidr b where b.vpc_id is not null',
  }),
  { name: 'nothing belongs to a pool that is not there', find: strays },
  {
    name: 'states of a tenure follow each other without a gap, and what it says now follows them',
    find: stateProblems,
  },
]

/** The last block to begin before a subnet decides: blocks of one VPC do not overlap, which is a rule of its own. */
function within(name: string, table: 'subnet' | 'subnet_cidr', id: 'id' | 'subnet_id'): SpaceRule {
  const key = ['t.vpc_id', 't.first', `t.${id}`]
  const columns = `t.${id} as id, t.vpc_id as vpc, t.first, t.length, b.first as around, b.length as "aroundLength"`
  const from = `from ${table} t left join vpc_cidr b on b.association_id = (
      select x.association_id from vpc_cidr x where x.vpc_id = t.vpc_id and x.first <= t.first order by x.first desc limit 1)
    where t.first is not null`
  interface Row extends BlockRow {
    id: string
    vpc: string
    around: Uint8Array | null
    aroundLength: number | null
  }
  return {
    name,
    async *find({ sql }) {
      for await (const rows of pages<Row>(sql, { key, columns, from })) {
        for (const row of rows) {
          const { id, vpc, around, aroundLength } = row
          const isInside = around && aroundLength !== null && contains(fromKey(around, aroundLength), toCidr(row))
          if (!isInside) yield `${id}: ${formatCidr(toCidr(row))} is in no block of ${vpc}`
        }
      }
    },
  }
}

interface SuitedRule extends Pick<ApartRule, 'name' | 'key' | 'block' | 'words' | 'from'> {
  /** An expression: which `SpaceHolder` has the block. */
  readonly holder: string
}

/** Space with a purpose of its own could be provisioned by versions that did not look: it is reported, and stays what it is. */
function suited({ name, key, block, words, holder, from }: SuitedRule): SpaceRule {
  const columns = `${words} as words, ${holder} as holder, ${block}.first, ${block}.length`
  return {
    name,
    async *find({ sql }) {
      for await (const rows of pages<BlockRow & { words: string | null; holder: SpaceHolder }>(sql, {
        key,
        columns,
        from,
      })) {
        for (const row of rows) {
          const cidr = toCidr(row)
          const problem = purposeProblem(cidr, row.holder)
          if (problem) yield `${formatCidr(cidr)} of ${row.words ?? 'the provider'}: ${problemInWords(problem)}`
        }
      }
    },
  }
}

/** An allocation may be gone, with its pool: then the network has its block as one that was brought along. */
function holding(name: string, table: 'vpc_cidr' | 'subnet' | 'subnet_cidr', id: string): SpaceRule {
  return none<BlockRow & { id: string; n: number; resource: string | null; held: Uint8Array; heldLength: number }>(
    name,
    `select t.${id} as id, t.first, t.length, a.n, a.resource_id as resource, a.first as held, a.length as "heldLength"
     from ${table} t join allocation a on a.n = t.allocation
     where a.resource_id is null or a.resource_id <> t.${id} or t.first is null or a.first <> t.first or a.length <> t.length
     order by a.n`,
    ({ n, resource, held, heldLength, ...row }) =>
      `${row.id} has ${row.first === null ? 'nothing' : formatCidr(toCidr(row))}, and allocation ${n}, which it names, is ${formatCidr(fromKey(held, heldLength))} for ${resource}`,
  )
}

export class SpaceCheck {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  async report(): Promise<SpaceReport> {
    const reading = await this.#read()
    const problems: string[] = []
    for (const { find } of spaceRules) {
      let found = 0
      for await (const problem of find(reading)) {
        problems.push(problem)
        if (++found >= problemsOfRuleMax) break
      }
    }
    const { pools, allocations } = reading
    return { problems: problems.slice(0, problemsMax), pools: pools.length, allocations }
  }
  /** What one rule finds. */
  async *find(find: SpaceRule['find']): AsyncGenerator<string> {
    yield* find(await this.#read())
  }

  async #read(): Promise<Reading> {
    const pools = await this.#sql.all<PoolRow>(
      `select n, id, scope_id, parent_n, family, public_ip_source, source_resource, source_allocation, allocated, quarantined, free,
         allocation_count
       from pool order by n`,
    )
    const cidrs = await this.#sql.all<CidrRow>(
      `select id, pool, first, length, parent_allocation from pool_cidr where state <> 'failed-provision' order by pool, first`,
    )
    return { sql: this.#sql, pools, cidrs, allocations: 0 }
  }
}

// The blocks of one pool ---------------------------------------------------------------------------------------------

/** Goes through a pool's blocks in address order: each begins where the one before ended, or the next CIDR begins. */
async function walk(sql: Sql, pool: PoolRow, space: readonly Cidr[], problems: string[]): Promise<Sums> {
  const sums: Sums = { free: 0n, quarantined: 0n, allocated: 0n, allocations: 0 }
  const say = (problem: string): void => {
    if (problems.length < problemsOfRuleMax) problems.push(`${pool.id}: ${problem}`)
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
  for await (const { cidr, kind } of blocksOf(sql, pool)) {
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
async function* blocksOf(sql: Sql, pool: PoolRow): AsyncGenerator<Block> {
  const bits = pool.family === 4 ? 32 : 128
  const free = (
    await sql.all<{ first: Uint8Array; ord: number }>('select first, ord from free_block where pool = ?', pool.n)
  ).map(({ first, ord }): Block => ({ cidr: fromKey(first, bits - ord), kind: 'free' }))
  const resting = (await sql.all<BlockRow>('select first, length from quarantine where pool = ?', pool.n)).map(
    (row): Block => ({ cidr: toCidr(row), kind: 'quarantined' }),
  )
  const others = [...free, ...resting].sort((a, b) => compareCidrs(a.cidr, b.cidr))
  let at = 0
  for await (const cidr of allocationsOf(sql, pool.n)) {
    for (; at < others.length && compareCidrs(others[at]!.cidr, cidr) <= 0; at++) yield others[at]!
    yield { cidr, kind: 'allocated' }
  }
  yield* others.slice(at)
}
async function* allocationsOf(sql: Sql, pool: number): AsyncGenerator<Cidr> {
  let after = new Uint8Array(0)
  for (;;) {
    const rows = await sql.all<BlockRow>(
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

// What belongs together -----------------------------------------------------------------------------------------------

/** I9: what a child has is held for it in its parent, block for block; and so it is with space of the provider. */
async function* childProblems({ sql, pools, cidrs }: Reading): AsyncGenerator<string> {
  const poolOf = new Map(pools.map((pool) => [pool.n, pool]))
  for (const cidr of cidrs) {
    const pool = poolOf.get(cidr.pool)
    // A rule of its own tells of it.
    if (!pool) continue
    const parent = pool.parent_n === null ? undefined : poolOf.get(pool.parent_n)
    const plansVpc = pool.source_resource !== null && !parent?.source_resource
    const text = `${pool.id}: its CIDR ${formatCidr(toCidr(cidr))}`
    if (cidr.parent_allocation === null) {
      if (parent && !plansVpc) yield `${text} is no allocation of its source ${parent.id}`
      else if (pool.scope_id !== null && pool.public_ip_source === 'amazon')
        yield `${text} is no allocation of the provider`
      continue
    }
    // A rule of its own tells of it.
    if (pool.source_allocation !== null) continue
    const held = await sql.get<BlockRow & { pool: number; resource_id: string | null }>(
      'select pool, first, length, resource_id from allocation where n = ?',
      cidr.parent_allocation,
    )
    const source = parent ?? pools.find((one) => one.scope_id === null && one.family === pool.family)
    const isHeld =
      held !== undefined &&
      held.pool === source?.n &&
      held.resource_id === pool.id &&
      compareCidrs(toCidr(held), toCidr(cidr)) === 0
    if (!isHeld) yield `${text} is not the allocation of its source that it names`
  }
}

/**
 * What lies at the ends of a pool that divides a network is reserved, free, at rest, or, where the cloud does not say so, a
 * network's inside. Types that administrators added take what their row says.
 */
async function* reservedProblems({ sql, cidrs }: Reading): AsyncGenerator<string> {
  const rows = await sql.all<{ n: number; id: string; divides: string; first: number; last: number }>(
    `select n, id, divides, coalesce(reserved_first, 0) as first, coalesce(reserved_last, 0) as last from pool
     where coalesce(reserved_first, 0) + coalesce(reserved_last, 0) > 0 order by n`,
  )
  const added = await sql.all<{ body: string }>('select body from resource_type')
  const registry = registryOf(added.map(({ body }) => JSON.parse(body) as ResourceType))
  const cidrOf = new Map(cidrs.map((cidr) => [cidr.pool, toCidr(cidr)]))
  for (const { n, id, divides, ...ends } of rows) {
    const cidr = cidrOf.get(n)
    const outer = registry.get(divides)
    const isOfCloud = outer?.reserved !== undefined && outer.isReservedByCustom !== true
    for (const block of cidr ? reservedBlocks(cidr, ends) : []) {
      const held = await sql.all<BlockRow & { type: string }>(
        `select a.first, a.length, h.resource_type as type from allocation a join holder h on h.n = a.holder
         where a.pool = ? and a.first <= ? and h.resource_type <> 'reserved' order by a.first desc limit ?`,
        n,
        toKey(lastAddress(block)),
        Number(sizeOf(block)),
      )
      for (const one of held.filter((row) => overlaps(toCidr(row), block))) {
        const type = registry.get(one.type)
        if (!isOfCloud && (one.type === 'ipam-pool' || (type && canBeDivided(type)))) continue
        yield `${id}: ${one.type} ${formatCidr(toCidr(one))} has ${formatCidr(block)}, which the ${divides} reserves`
      }
    }
  }
}

/**
 * I6: what is held rests for exactly as long, and nothing rests for a hold that is not there, or waits for an approval
 * that will not be.
 */
async function* holdProblems({ sql }: Reading): AsyncGenerator<string> {
  const rows = await sql.all<{ n: number }>(
    `select h.n from hold h left join quarantine q on q.hold = h.n and q.pool = h.pool and q.first = h.first
       and q.length = h.length and q.ends_at = h.expires_at and q.account = h.account
     where q.hold is null limit 10`,
  )
  const stray = await sql.get<{ rows: number }>(
    'select count(*) as rows from quarantine where hold is not null and hold not in (select n from hold)',
  )
  const denied = await sql.all<{ n: number; id: string }>(
    `select h.n, e.id from policy_exception e join hold h on h.n = e.hold
     where e.status in ('denied', 'revoked') and h.expires_at > e.ended_at limit 10`,
  )
  for (const { n, id } of denied) {
    yield `hold ${n} is still there, and ${id}, which it waited for, was denied or revoked`
  }
  for (const { n } of rows) yield `hold ${n} does not rest as it says`
  if (stray!.rows > 0) yield `quarantine: ${stray!.rows} rows are for holds that are not there`
}

/** Limits keep it to the first of each kind: where one is wrong, more usually are. */
async function* stateProblems({ sql }: Reading): AsyncGenerator<string> {
  const follows = (table: string) => `exists (
    select 1 from ${table} t where t.n = s.n and t.version = s.version + 1 and t.changed_at = s.until_at)`
  const loose = await sql.all<{ n: number }>(
    `select s.n from (select n, max(version) as version, max(until_at) as until_at from tenure_state group by n) s
     where not ${follows('allocation')} and not ${follows('hold')} and not ${follows('allocation_history')} limit 10`,
  )
  for (const { n } of loose) yield `allocation ${n} does not go on where its states end`
  const torn = await sql.all<{ n: number; version: number }>(
    `select s.n, s.version from tenure_state s
     where not (s.version = 1 and s.from_at = s.created_at) and not exists (
       select 1 from tenure_state t where t.n = s.n and t.version = s.version - 1 and t.until_at = s.from_at) limit 10`,
  )
  for (const { n, version } of torn) yield `state ${version} of allocation ${n} does not follow the one before`
  const without = await sql.all<{ n: number }>(
    `select t.n from allocation t where t.version is not null
       and not exists (select 1 from tenure_state s where s.n = t.n and s.version = t.version - 1) limit 10`,
  )
  for (const { n } of without) yield `allocation ${n} has changed, and what it said before is not there`
}

/** Rows of pools that are no more; the schema keeps them out, unless it was switched off. */
async function* strays({ sql }: Reading): AsyncGenerator<string> {
  for (const table of ['free_block', 'allocation', 'quarantine', 'pool_cidr', 'hold']) {
    const row = await sql.get<{ rows: number }>(
      `select count(*) as rows from ${table} where pool not in (select n from pool)`,
    )
    if (row!.rows > 0) yield `${table}: ${row!.rows} rows belong to no pool`
  }
  const orphans = await sql.all<{ n: number }>(
    `select a.n from allocation a join holder h on h.n = a.holder where h.resource_type = 'ipam-pool'
     and a.n not in (select parent_allocation from pool_cidr where parent_allocation is not null) limit 10`,
  )
  for (const { n } of orphans) yield `allocation ${n} is for a pool that has no such CIDR`
}
