// Pools, their provisioned CIDRs, and whom they are shared with.
import { type Cidr, compareCidrs, fromKey, lastAddress, overlaps, supernet, toKey } from '#model/cidr.ts'
import type { CidrFailure } from '#model/cidr-failure.ts'
import { publicSpace } from '#model/public-space.ts'
import type { Tag } from '#model/tags.ts'
import { firstOf } from '../merged-ranges.ts'
import type { RowMemory } from '../row-memory.ts'
import { inParts, listOf, listOfTexts, readEach, readWhole, type Sql, type SqlValue } from '../sql.ts'
import {
  bit,
  block,
  type Column,
  changing,
  integer,
  json,
  jsonOrWords,
  mark,
  named,
  optional,
  type Row,
  type RowOf,
  references,
  table,
  text,
  unread,
  unwritten,
} from '../table.ts'
import { goneTable, nextEpoch, noteGone } from './kept-facts.ts'

/** What a pool plans the inside of. */
export interface SourceResource {
  readonly id: string
  readonly type: 'vpc'
  readonly region: string
  readonly account: string
}
/** What the column `required_tags` says. */
export const parseRequiredTags = (text: string): readonly Tag[] =>
  text === '[]' ? [] : (JSON.parse(text) as readonly Tag[])

/** Who has let a pool import: it does so in their name, as long as their key is good. */
export interface ImportSetter {
  readonly arn: string
  /** The key, or the one that opened the session: sessions end by themselves. Undefined where no key of the register signed. */
  readonly credential?: string
}

/** Begins at zero, and is read by itself. */
const counter = <T>(column: Column<T>) => unread(unwritten(changing(column)))
export const poolTable = table(
  'pool',
  {
    n: integer(),
    id: text(),
    /** Undefined for the provider's own pools, which belong to no IPAM. */
    scopeId: optional(references('scope', text())),
    ipamId: optional(references('ipam', text())),
    account: text(),
    parent: named('parent_n', optional(references('pool', integer()))),
    depth: integer(),
    locale: optional(text()),
    /** The locale is the source pool's because none was given: the pool serves it, and over EC2 shows none. */
    isLocaleInherited: named('locale_inherited', bit()),
    family: integer<4 | 6>(),
    description: changing(optional(text())),
    awsService: optional(text<'ec2' | 'global-services'>()),
    publicIpSource: optional(text<'amazon' | 'byoip'>()),
    publiclyAdvertisable: optional(bit()),
    autoImport: changing(bit()),
    /** Since when it does. */
    autoImportAt: changing(optional(integer())),
    /** Who has said so; undefined: before that was kept. */
    autoImportBy: changing(optional(json<ImportSetter>())),
    minNetmaskLength: changing(optional(integer())),
    maxNetmaskLength: changing(optional(integer())),
    defaultNetmaskLength: changing(optional(integer())),
    requiredTags: changing(json<readonly Tag[]>()),
    sourceResource: optional(json<SourceResource>()),
    /** Seconds that released space rests; undefined: the server's setting. */
    quarantineSeconds: changing(optional(integer())),
    /** It hands out nothing that a source says is in use. */
    avoidsObserved: changing(mark()),
    /** Whom to ask about it; undefined: its owner's contact. */
    contact: changing(optional(text())),
    createdAt: integer(),
    /** The number of the allocation whose block it divides; a pool below another one has its space from that. */
    sourceAllocation: optional(integer()),
    /** The type of the network that it, or a pool above it, divides. */
    divides: optional(text()),
    /** So many addresses at the ends of what it divides are no host's. */
    reservedFirst: optional(integer()),
    reservedLast: optional(integer()),
    /** The VPC of the source resource: it does not go before the pool. */
    sourceVpc: unread(optional(references('vpc', text()))),
    /** In which the pool's CIDRs must not overlap those of others (invariant I1); undefined where they come from its parent's. */
    space: unread(optional(text())),
    /** How many addresses are in which state, as decimal text, and how many allocations: written once per transaction. */
    allocated: counter(text()),
    quarantined: counter(text()),
    free: counter(text()),
    allocationCount: counter(integer()),
    /** The day, as in `pool_day`, on which they last changed; undefined: not since days are kept. */
    countedOn: counter(optional(integer())),
    /** It has become fuller or emptier by a step (`fullSteps`) since somebody looked. */
    fullChanged: counter(mark()),
    /** Written by what changes what decisions read of it. */
    factsAt: unread(changing(integer())),
  },
  'deleted',
)
export type Pool = Omit<
  RowOf<typeof poolTable>,
  | 'sourceVpc'
  | 'space'
  | 'allocated'
  | 'quarantined'
  | 'free'
  | 'allocationCount'
  | 'countedOn'
  | 'fullChanged'
  | 'factsAt'
>

/** Pools that are gone, for whoever knows them (`pool-facts.ts`). */
export const gonePoolTable = goneTable('pool_gone')
/** Principals that a pool is shared with. */
export const poolShareTable = table('pool_share', { pool: references('pool', integer()), principal: text() }, 'deleted')

/** A pool that plans a VPC. */
export interface PlanWithin {
  /** The number of the pool that a block of the VPC is allocated in. */
  readonly within: number
  readonly network: string
  readonly pool: string
  readonly account: string
}

interface PlannedRow {
  readonly n: number
  readonly first: Uint8Array
  readonly length: number
  readonly planned_first: Uint8Array
  readonly planned_length: number
}

type StoredState = 'provisioned' | 'failed-provision' | 'failed-deprovision'
export const poolCidrTable = table(
  'pool_cidr',
  {
    id: text(),
    pool: references('pool', integer()),
    cidr: block(),
    state: changing(text<StoredState>()),
    failureCode: changing(optional(text())),
    failure: changing(named('failure_message', optional(jsonOrWords<CidrFailure>((words) => ({ words }))))),
    /** The allocation in the parent pool that holds this space. */
    parentAllocation: optional(integer()),
    createdAt: integer(),
  },
  'deleted',
)
/** As it is provisioned, or failed to be. */
export type NewPoolCidr = RowOf<typeof poolCidrTable>
export type PoolCidr = Omit<NewPoolCidr, 'state'> & {
  readonly state: StoredState | 'pending-deprovision'
  /** Milliseconds since 1970: when the last rest in it ends, where it is `pending-deprovision`. From then on it is gone. */
  readonly leavesAt?: number | undefined
}

/** What a list of pools can be narrowed to. */
export interface PoolFilter {
  readonly ipamId?: string
  readonly scopeId?: string
  readonly parent?: number
  readonly locale?: string
  readonly family?: 4 | 6
  /** Only theirs: what others have costs nothing. */
  readonly accounts?: readonly string[] | undefined
}
const filterColumns = [
  ['ipamId', 'ipam_id'],
  ['scopeId', 'scope_id'],
  ['parent', 'parent_n'],
  ['locale', 'locale'],
  ['family', 'family'],
] as const satisfies readonly (readonly [keyof PoolFilter, string])[]

/** Every reading of CIDRs, with when those leave that are being deprovisioned. */
const cidrsRead = `${poolCidrTable.columnsOf('c')}, (select q.ends_at from quarantine q where q.pool_cidr = c.id) as ends_at`

/**
 * The CIDRs of one space that come from no pool: those of a private scope, the public ones of the installation, or those
 * that plan one VPC.
 */
const topLevelQuery = `select ${cidrsRead}
  from pool p join pool_cidr c on c.pool = p.n
  where p.space = ? and p.family = ? and c.parent_allocation is null and c.state <> 'failed-provision'`

function toPoolCidr(row: Row): PoolCidr {
  const found = poolCidrTable.of(row)
  // A rest that names it: it is being deprovisioned.
  return row.ends_at === null ? found : { ...found, state: 'pending-deprovision', leavesAt: row.ends_at as number }
}

/** Where no address is. */
const noKey = new Uint8Array()

/** Pools whose way up is read at once. */
const chainsPerStatement = 128

/** What a run remembers, by its names there. */
const poolNamed = (id: string): string => `pool ${id}`
const poolNumbered = (n: number): string => `pool #${n}`
const cidrsOf = 'cidrs of'
const factsNoted = (n: number): string => `facts of #${n}`
const cidrsInAny = 'cidrs in #'
const cidrsIn = (n: number): string => `${cidrsInAny}${n}`
/** Of a pool that is shared with nobody. */
const unshared = (n: number): string => `unshared #${n}`
const noneLeaves = 'none leaves'
const childless = (n: number): string => `childless #${n}`
const poolsOf = 'pools of'

/** What of the transaction concerns pools. */
interface PoolsAround {
  readonly governanceEpoch: number
  readonly space: { opened(pool: number): void }
}

export class Pools {
  readonly #sql: Sql
  readonly #memory: RowMemory
  readonly #around: PoolsAround
  constructor(sql: Sql, memory: RowMemory, around: PoolsAround) {
    this.#sql = sql
    this.#memory = memory
    this.#around = around
  }

  async find(id: string): Promise<Pool | undefined> {
    const pool = await this.#memory.once(poolNamed(id), () => poolTable.first(this.#sql, 'where id = ?', id))
    if (pool) this.#memory.put(poolNumbered(pool.n), pool)
    return pool
  }
  /** Those of these ids that there are, in no order. */
  findMany(ids: readonly string[]): Promise<Pool[]> {
    const list = listOfTexts(ids)
    return poolTable.all(this.#sql, `where id in ${list.text}`, ...list.values)
  }
  /** The ids of pools, by their numbers; the provider's own pools are missing. */
  async idsOfIpams(numbers: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const known = numbers.map((n) => this.#memory.peek<Pool>(poolNumbered(n)))
    if (known.every((pool) => pool?.scopeId !== undefined)) return new Map(known.map((pool) => [pool!.n, pool!.id]))
    const list = listOf(numbers)
    const rows = await this.#sql.all<{ n: number; id: string }>(
      `select n, id from pool where n in ${list.text} and scope_id is not null`,
      ...list.values,
    )
    return new Map(rows.map(({ n, id }) => [n, id]))
  }
  /** Those of these numbers that there are, in no order; the provider's own among them. */
  async some(numbers: readonly number[]): Promise<Pool[]> {
    if (numbers.length === 0) return []
    const list = listOf(numbers)
    return poolTable.all(this.#sql, `where n in ${list.text}`, ...list.values)
  }
  findByNumber(n: number): Promise<Pool | undefined> {
    return this.#memory.once(poolNumbered(n), () => poolTable.first(this.#sql, 'where n = ?', n))
  }
  /** Every pool of every IPAM, in order of creation; without the provider's own. */
  all(): Promise<Pool[]> {
    return poolTable.all(this.#sql, 'where scope_id is not null order by n')
  }
  /** Some that have become fuller or emptier by a step since somebody looked. */
  fullChanged(limit: number): Promise<Pool[]> {
    return poolTable.all(this.#sql, 'where full_changed = 1 order by n limit ?', limit)
  }
  /** These were looked at. */
  async seeFull(pools: readonly number[]): Promise<void> {
    const list = listOf(pools)
    await this.#sql.run(`update pool set full_changed = null where n in ${list.text}`, ...list.values)
  }
  /** Pools of IPAMs in order of creation, after a cursor; those that fit, where something is asked for. */
  async list({ accounts, ...filter }: PoolFilter, after: number, limit: number): Promise<Pool[]> {
    const asked = filterColumns.filter(([name]) => filter[name] !== undefined)
    const condition = `t.scope_id is not null and t.n > ? ${asked.map(([, column]) => `and t.${column} = ?`).join(' ')}`
    const values = [after, ...asked.map(([name]) => filter[name]!)]
    const columns = poolTable.columnsOf('t')
    const rows = accounts
      ? await firstOf<Row & { readonly n: number }>(
          this.#sql,
          accounts,
          {
            columns,
            table: 'pool t',
            where: (account) => `t.account = ${account} and ${condition}`,
            values,
            order: ['n'],
            compare: (a, b) => a.n - b.n,
          },
          limit,
        )
      : await this.#sql.all<Row>(
          `select ${columns} from pool t where ${condition} order by t.n limit ?`,
          ...values,
          limit,
        )
    return rows.map((row) => poolTable.of(row))
  }
  ofScope(scopeId: string): Promise<Pool[]> {
    return poolTable.all(this.#sql, 'where scope_id = ? order by n', scopeId)
  }
  /** All pools of one IPAM, in order of creation: parents before their children. */
  ofIpam(ipamId: string): Promise<Pool[]> {
    return readWhole<Pool>((last, limit) =>
      poolTable.all(this.#sql, 'where ipam_id = ? and n > ? order by n limit ?', ipamId, last?.n ?? -1, limit),
    )
  }
  async countOfScope(scopeId: string): Promise<number> {
    const row = await this.#sql.get<{ pools: number }>('select count(*) as pools from pool where scope_id = ?', scopeId)
    return row!.pools
  }
  /** The same of many; those without any are missing. */
  async countsOfScopes(scopeIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (scopeIds.length === 0) return new Map()
    const { text, values } = listOfTexts(scopeIds)
    const rows = await this.#sql.all<{ scope_id: string; pools: number }>(
      `select scope_id, count(*) as pools from pool where scope_id in ${text} group by scope_id`,
      ...values,
    )
    return new Map(rows.map(({ scope_id: id, pools }) => [id, pools]))
  }
  async countOfAccount(account: string): Promise<number> {
    return this.#memory.once(`${poolsOf} ${account}`, async () => {
      const text = 'select count(*) as pools from pool where account = ?'
      return (await this.#sql.get<{ pools: number }>(text, account))!.pools
    })
  }
  /** CIDRs that are provisioned to all pools of an account. */
  async countCidrsOfAccount(account: string): Promise<number> {
    return this.#memory.once(`${cidrsOf} ${account}`, async () => {
      const row = await this.#sql.get<{ cidrs: number }>(
        `select count(*) as cidrs from pool p cross join pool_cidr c
         where p.account = ? and c.pool = p.n and c.state <> 'failed-provision'`,
        account,
      )
      return row!.cidrs
    })
  }
  /** Entries of all lists of whom the pools of an account are shared with. */
  async countSharesOfAccount(account: string): Promise<number> {
    const row = await this.#sql.get<{ shares: number }>(
      'select count(*) as shares from pool p cross join pool_share s where p.account = ? and s.pool = p.n',
      account,
    )
    return row!.shares
  }
  /** How many pools of an account are shared with each of some; those with which none is are missing. */
  async countSharesWith(account: string, principals: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>()
    await inParts(principals, async (part) => {
      const list = listOfTexts(part)
      const rows = await this.#sql.all<{ principal: string; shares: number }>(
        `select s.principal, count(*) as shares from pool p cross join pool_share s
         where p.account = ? and s.pool = p.n and s.principal in ${list.text} group by s.principal`,
        account,
        ...list.values,
      )
      for (const { principal, shares } of rows) counts.set(principal, shares)
    })
    return counts
  }
  /** Bytes of what all pools of an account require, as JSON. */
  async requiredTagBytesOfAccount(account: string): Promise<number> {
    const row = await this.#sql.get<{ bytes: number }>(
      `select cast(coalesce(sum(octet_length(required_tags)), 0) as bigint) as bytes from pool
       where account = ? and required_tags <> '[]'`,
      account,
    )
    return row!.bytes
  }
  async childrenOf(n: number): Promise<Pool[]> {
    return this.#memory.peek(childless(n)) ? [] : this.childrenOfAny([n])
  }
  /** In a run of pools that are to go: reads their rows, their CIDRs and whether pools are below them, of all together. */
  async readAhead(ids: readonly string[]): Promise<void> {
    if (!this.#memory.isRunning) return
    await inParts(ids, async (part) => {
      const pools = await this.findMany(part)
      const numbers = pools.map(({ n }) => n)
      const cidrs = Map.groupBy(await this.cidrsOf(numbers), ({ pool }) => pool)
      const parents = await this.parentsAmong(numbers)
      for (const pool of pools) {
        this.#memory.put(poolNamed(pool.id), pool)
        this.#memory.put(poolNumbered(pool.n), pool)
        this.#memory.put(cidrsIn(pool.n), cidrs.get(pool.n) ?? [])
        if (!parents.has(pool.n)) this.#memory.put(childless(pool.n), true)
      }
    })
  }
  /** The pools directly below any of some. */
  async childrenOfAny(parents: readonly number[]): Promise<Pool[]> {
    const found: Pool[] = []
    await inParts(parents, async (part) => {
      const list = listOf(part)
      await readEach<Pool>(
        (last, limit) =>
          poolTable.all(
            this.#sql,
            `where parent_n in ${list.text} and n > ? order by n limit ?`,
            ...list.values,
            last?.n ?? -1,
            limit,
          ),
        (pool) => found.push(pool),
      )
    })
    return found
  }
  /** Those of these pools that have pools below them, by their numbers. */
  async parentsAmong(pools: readonly number[]): Promise<ReadonlySet<number>> {
    const found = new Set<number>()
    await inParts(pools, async (part) => {
      const list = listOf(part)
      const rows = await this.#sql.all<{ n: number }>(
        `select n from pool p where n in ${list.text} and exists (select 1 from pool c where c.parent_n = p.n)`,
        ...list.values,
      )
      for (const { n } of rows) found.add(n)
    })
    return found
  }
  /** The ids of what a pool is under, from its IPAM and scope down, and its own. */
  async chainOf(id: string): Promise<readonly string[]> {
    return (await this.chainsOf([id])).get(id) ?? []
  }
  /** The same of many; those that are not there are missing. */
  async chainsOf(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const chains = new Map<string, string[]>()
    for (let at = 0; at < ids.length; at += chainsPerStatement) {
      const list = listOfTexts(ids.slice(at, at + chainsPerStatement))
      const rows = await this.#sql.all<{ start: string; id: string; ipam_id: string; scope_id: string }>(
        `with recursive way (start, id, parent_n, ipam_id, scope_id, step) as (
           select id, id, parent_n, ipam_id, scope_id, 0 from pool where id in ${list.text}
           union all
           select way.start, p.id, p.parent_n, p.ipam_id, p.scope_id, way.step + 1 from pool p join way on p.n = way.parent_n)
         select start, id, ipam_id, scope_id from way order by start, step desc`,
        ...list.values,
      )
      for (const { start, id, ipam_id, scope_id } of rows) {
        const chain = chains.get(start)
        if (chain) chain.push(id)
        else chains.set(start, [ipam_id, scope_id, id])
      }
    }
    return chains
  }
  async insert(pool: Pool): Promise<void> {
    const space = await this.#spaceOf(pool)
    const factsAt = this.#around.governanceEpoch + 1
    poolTable.later(this.#sql, { ...pool, sourceVpc: pool.sourceResource?.id, space, factsAt })
    this.#memory.add(`${poolsOf} ${pool.account}`, 1)
    if (pool.parent !== undefined) this.#memory.forget(childless(pool.parent))
    this.#memory.put(factsNoted(pool.n), true)
    this.#around.space.opened(pool.n)
    // Nobody else can have given it anything.
    this.#memory.put(poolNamed(pool.id), pool)
    this.#memory.put(poolNumbered(pool.n), pool)
    this.#memory.put(unshared(pool.n), true)
    this.#memory.put(cidrsIn(pool.n), [])
  }
  /** In a run the epoch stands still: once is enough for it. */
  async #noteFactsOnce(n: number): Promise<void> {
    if (!this.#memory.isRunning) return this.#noteFacts('n = ?', n)
    await this.#memory.once(factsNoted(n), () => {
      this.#sql.later('update pool set facts_at = ? where n = ?', this.#around.governanceEpoch + 1, n)
      return true
    })
  }
  /** Notes that decisions read something else of a pool from now on: its rules, its CIDRs or whom it is shared with. */
  async #noteFacts(where: 'n = ?' | 'n = (select pool from pool_cidr where id = ?)', value: SqlValue): Promise<void> {
    await this.#sql.run(`update pool set facts_at = ${nextEpoch} where ${where}`, value)
  }
  /** In which the pool's CIDRs must not overlap those of others (invariant I1); undefined where they come from its parent's. */
  async #spaceOf({ sourceResource, sourceAllocation, parent, scopeId }: Pool): Promise<string | undefined> {
    if (sourceAllocation !== undefined) return undefined
    const above = parent === undefined ? undefined : await this.findByNumber(parent)
    if (sourceResource) return above?.sourceResource ? undefined : sourceResource.id
    if (above) return undefined
    if (scopeId === undefined) return publicSpace
    const kind = await this.#memory.once(`kind of ${scopeId}`, async () => {
      const text = 'select kind from scope where id = ?'
      return (await this.#sql.get<{ kind: 'public' | 'private' }>(text, scopeId))!.kind
    })
    return kind === 'public' ? publicSpace : scopeId
  }
  /** Changes what may change: description, import, netmask lengths, required tags, quarantine, contact. */
  async update(pool: Pool): Promise<void> {
    const { description, autoImport, autoImportAt, autoImportBy } = pool
    const { minNetmaskLength, maxNetmaskLength, defaultNetmaskLength } = pool
    const { requiredTags, quarantineSeconds, avoidsObserved, contact } = pool
    const lengths = { minNetmaskLength, maxNetmaskLength, defaultNetmaskLength }
    const changes = {
      description,
      autoImport,
      autoImportAt,
      autoImportBy,
      ...lengths,
      requiredTags,
      quarantineSeconds,
      avoidsObserved,
      contact,
    }
    await poolTable.change(this.#sql, changes, 'where n = ?', pool.n)
    await this.#noteFacts('n = ?', pool.n)
  }
  /** A pool as the history keeps it. */
  forHistory({ divides: _, autoImportAt: __, autoImportBy: ___, ...pool }: Pool): object {
    return pool
  }
  /** They must have no allocation, nothing free and nothing that rests left, nor a child that is not among them: the schema's foreign keys see to it. */
  async delete(numbers: readonly number[]): Promise<void> {
    if (numbers.length === 0) return
    for (const n of numbers) {
      const known = this.#memory.peek<Pool>(poolNumbered(n))
      if (known) this.#memory.forget(poolNamed(known.id))
      for (const name of [poolNumbered(n), cidrsIn(n), unshared(n), childless(n), factsNoted(n)])
        this.#memory.forget(name)
    }
    this.#memory.forgetAll(poolsOf)
    this.#memory.forgetAll(cidrsOf)
    await inParts(numbers, async (part) => {
      const list = listOf(part)
      await this.#sql.run(`delete from pool_cidr where pool in ${list.text}`, ...list.values)
      await this.#sql.run(`delete from pool_share where pool in ${list.text}`, ...list.values)
      await noteGone(this.#sql, gonePoolTable, { text: `pool where n in ${list.text}`, values: list.values })
      await this.#sql.run(`delete from pool where n in ${list.text}`, ...list.values)
    })
  }

  async cidrs(pool: number): Promise<PoolCidr[]> {
    const known = this.#memory.peek<readonly PoolCidr[]>(cidrsIn(pool))
    if (known) return known.toSorted((a, b) => compareCidrs(a.cidr, b.cidr))
    const rows = await this.#sql.all<Row>(
      `select ${cidrsRead} from pool_cidr c where c.pool = ? order by c.first, c.length`,
      pool,
    )
    return rows.map(toPoolCidr)
  }
  /** The same of many pools, by pool. */
  async cidrsOf(pools: readonly number[]): Promise<PoolCidr[]> {
    const found: PoolCidr[] = []
    await inParts(pools, async (part) => {
      const list = listOf(part)
      const rows = await this.#sql.all<Row>(
        `select ${cidrsRead} from pool_cidr c where c.pool in ${list.text} order by c.pool, c.first, c.length`,
        ...list.values,
      )
      for (const row of rows) found.push(toPoolCidr(row))
    })
    return found
  }
  /** The first of each of many pools, by their numbers, in address order. */
  async firstCidrs(pools: readonly number[], limit: number): Promise<ReadonlyMap<number, readonly PoolCidr[]>> {
    const list = listOf(pools)
    const rows = await this.#sql.all<Row>(
      `select * from (
         select ${cidrsRead}, row_number() over (partition by c.pool order by c.first, c.length) as place
         from pool_cidr c where c.pool in ${list.text} and c.state <> 'failed-provision'
       ) numbered where place <= ? order by pool, place`,
      ...list.values,
      limit,
    )
    return Map.groupBy(rows.map(toPoolCidr), ({ pool }) => pool)
  }
  /** The space of a private scope in one family: what its top-level pools were given. It never overlaps (invariant I1). */
  async topLevelCidrs(scopeId: string, family: 4 | 6): Promise<PoolCidr[]> {
    const rows = await this.#sql.all<Row>(`${topLevelQuery} order by c.first`, scopeId, family)
    return rows.map(toPoolCidr)
  }
  /**
   * What stands in the way of a block at the top of a space: of a private scope (its id), of a VPC that is planned (its id),
   * or of the public space of the installation (`publicSpace`), whoever's it is. Looks at all that begins in the block, or
   * before it and is larger: in a database from before public space was one, blocks may lie in each other, and the last one
   * before it does not tell.
   */
  async topLevelOverlap(space: string, cidr: Cidr): Promise<PoolCidr | undefined> {
    const rows = await this.#sql.all<Row>(
      `${topLevelQuery} and c.first <= ? and (c.first >= ? or c.length < ?) order by c.first desc`,
      space,
      cidr.family,
      toKey(lastAddress(cidr)),
      toKey(cidr),
      cidr.length,
    )
    return rows.map(toPoolCidr).find((one) => overlaps(one.cidr, cidr))
  }
  /** The pools that divide some allocations, by the numbers of these. */
  async dividing(allocations: readonly number[]): Promise<ReadonlyMap<number, Pool>> {
    if (allocations.length === 0) return new Map()
    const list = listOf(allocations)
    const found = await poolTable.all(this.#sql, `where source_allocation in ${list.text}`, ...list.values)
    return new Map(found.map((pool) => [pool.sourceAllocation!, pool]))
  }
  /** The pools that divide what is allocated from some pools: for whoever has counted that. */
  async dividingWithin(pools: readonly number[]): Promise<Pool[]> {
    const found: Pool[] = []
    await inParts(pools, async (part) => {
      const list = listOf(part)
      const rows = await this.#sql.all<Row>(
        `select ${poolTable.columnsOf('p')} from allocation a cross join pool p
         where a.pool in ${list.text} and p.source_allocation = a.n order by p.n`,
        ...list.values,
      )
      for (const row of rows) found.push(poolTable.of(row))
    })
    return found
  }
  /** Of pools beside these, those that plan blocks of VPCs which are allocated in these, in the same scope: elsewhere they are in nobody's way. */
  async planningWithin(pools: readonly number[]): Promise<readonly PlanWithin[]> {
    const found: PlanWithin[] = []
    const going = new Set(pools)
    await inParts(pools, async (part) => {
      const list = listOf(part)
      const rows = await this.#sql.all<PlanWithin & PlannedRow>(
        `select a.pool as within, a.resource_id as network, a.first, a.length, p.id as pool, p.account as account, p.n,
           c.first as planned_first, c.length as planned_length
         from allocation a cross join pool w cross join pool p cross join pool_cidr c
         where a.pool in ${list.text} and a.resource_id is not null and p.source_vpc = a.resource_id and c.pool = p.n
           and w.n = a.pool and p.scope_id = w.scope_id
           and c.state <> 'failed-provision' order by p.n`,
        ...list.values,
      )
      for (const { n, first, length, planned_first, planned_length, ...plan } of rows) {
        const isPlanned = overlaps(fromKey(first, length), fromKey(planned_first, planned_length))
        if (isPlanned && !going.has(n)) found.push(plan)
      }
    })
    return found
  }
  /** The pools that plan the inside of a VPC, in order of creation; those under others come after them. */
  planning(vpcId: string): Promise<Pool[]> {
    return poolTable.all(this.#sql, 'where source_vpc = ? order by n', vpcId)
  }
  /** Pools of an account that plan VPCs of others, a few of them. */
  async plansOfOthers(account: string, limit: number): Promise<{ pool: string; vpc: string; owner: string }[]> {
    return this.#sql.all(
      `select p.id as pool, v.id as vpc, v.account as owner from pool p cross join vpc v
       where p.account = ? and p.source_vpc is not null and v.id = p.source_vpc and v.account <> p.account
       order by p.n limit ?`,
      account,
      limit,
    )
  }
  /** Provisioned CIDRs of all pools, for the snapshot. */
  async allCidrs(): Promise<PoolCidr[]> {
    const rows = await this.#sql.all<Row>(
      `select ${cidrsRead} from pool_cidr c where c.state <> 'failed-provision' order by c.pool, c.first`,
    )
    return rows.map(toPoolCidr)
  }
  /** The pools, by number, that have space inside a range or around it. */
  async touching(range: Cidr): Promise<number[]> {
    const inside = await this.#sql.all<{ pool: number }>(
      `select distinct pool from pool_cidr where first between ? and ? and state <> 'failed-provision'`,
      toKey(range),
      toKey(lastAddress(range)),
    )
    const pools = new Set(inside.map(({ pool }) => pool))
    // What is around it begins at its first address, cut to a shorter length: one probe each.
    for (let length = 0; length < range.length; length++) {
      const around = supernet(range, length)
      const rows = await this.#sql.all<{ pool: number }>(
        `select pool from pool_cidr where first = ? and length = ? and state <> 'failed-provision'`,
        toKey(around),
        length,
      )
      for (const { pool } of rows) pools.add(pool)
    }
    return [...pools].sort((a, b) => a - b)
  }
  /**
   * What the pools that plan a VPC have handed out of a block, hold or keep at rest: all but one allocation, and what the
   * account itself gave back. In each pool the last one to begin before the block ends decides, since they are disjoint.
   */
  async plannedOverlap(
    vpcId: string,
    cidr: Cidr,
    except: { readonly allocation: number | undefined; readonly account: string; readonly now: number },
  ): Promise<{ readonly pool: Pool; readonly cidr: Cidr } | undefined> {
    for (const pool of await this.planning(vpcId)) {
      const last = toKey(lastAddress(cidr))
      const allocated = await this.#sql.get<{ first: Uint8Array; length: number }>(
        `select a.first, a.length from allocation a join holder h on h.n = a.holder
         where a.pool = ? and a.first <= ? and a.n <> ? and h.resource_type <> 'ipam-pool' order by a.first desc limit 1`,
        pool.n,
        last,
        except.allocation ?? -1,
      )
      const resting = await this.#sql.get<{ first: Uint8Array; length: number }>(
        `select first, length from quarantine where pool = ? and first <= ? and ends_at > ? and (hold is not null or account <> ?)
         order by first desc limit 1`,
        pool.n,
        last,
        except.now,
        except.account,
      )
      for (const row of [allocated, resting]) {
        const taken = row && fromKey(row.first, row.length)
        if (taken && overlaps(taken, cidr)) return { pool, cidr: taken }
      }
    }
    return undefined
  }
  async insertCidr(cidr: NewPoolCidr): Promise<void> {
    poolCidrTable.later(this.#sql, cidr)
    const known = this.#memory.peek<readonly PoolCidr[]>(cidrsIn(cidr.pool))
    if (known) this.#memory.put(cidrsIn(cidr.pool), [...known, cidr])
    const owner = this.#memory.peek<Pool>(poolNumbered(cidr.pool))?.account
    if (owner === undefined) this.#memory.forgetAll(cidrsOf)
    else if (cidr.state !== 'failed-provision') this.#memory.add(`${cidrsOf} ${owner}`, 1)
    await this.#noteFactsOnce(cidr.pool)
  }
  /** CIDRs that are being deprovisioned and in which nothing rests any more, in the order in which they became so. */
  async leaving(now: number, limit: number): Promise<PoolCidr[]> {
    if (this.#memory.peek(noneLeaves)) return []
    const rows = await this.#sql.all<Row>(
      `select ${cidrsRead} from quarantine r join pool_cidr c on c.id = r.pool_cidr
       where r.pool_cidr is not null and r.ends_at <= ? order by r.ends_at, r.pool_cidr limit ?`,
      now,
      limit,
    )
    if (rows.length === 0) this.#memory.put(noneLeaves, true)
    return rows.map(toPoolCidr)
  }
  /** Of a pool whose CIDR rests from now on, which its row does not say. */
  forgetCidrs(pool: number): void {
    this.#memory.forget(cidrsIn(pool))
  }
  async setCidrState(id: string, state: StoredState, failed?: { code: string; failure: CidrFailure }): Promise<void> {
    this.#memory.forgetAll(cidrsInAny)
    const changes = { state, failureCode: failed?.code, failure: failed?.failure }
    await poolCidrTable.change(this.#sql, changes, 'where id = ?', id)
    await this.#noteFacts('n = (select pool from pool_cidr where id = ?)', id)
  }
  async deleteCidr({ id, pool }: Pick<PoolCidr, 'id' | 'pool'>): Promise<void> {
    const known = this.#memory.peek<readonly PoolCidr[]>(cidrsIn(pool))
    const left = known?.filter((one) => one.id !== id)
    if (left) this.#memory.put(cidrsIn(pool), left)
    this.#memory.forgetAll(cidrsOf)
    await this.#noteFactsOnce(pool)
    await this.#sql.run('delete from pool_cidr where id = ?', id)
  }

  /**
   * Whether one of these accounts has space of the pool, allocated or only held and not lapsed: found by what they have where the pool's space is,
   * and not by what others have there.
   */
  async isHeldBy(pool: number, accounts: readonly string[], now: number): Promise<boolean> {
    const [first, last] = (await this.span(pool)) ?? []
    const list = listOfTexts(accounts)
    const row = await this.#sql.get(
      `select 1 as one from holder h join allocation a on a.holder = h.n
       where h.account in ${list.text} and a.first between ? and ? and a.pool + 0 = ?
       union all select 1 as one from hold t where t.account in ${list.text} and t.pool + 0 = ? and t.expires_at > ? limit 1`,
      ...list.values,
      first ? toKey(first) : noKey,
      last ? toKey(lastAddress(last)) : noKey,
      pool,
      ...list.values,
      pool,
      now,
    )
    return row !== undefined
  }
  /** The first and the last of what is provisioned to a pool; undefined where nothing is. */
  async span(pool: number): Promise<readonly [Cidr, Cidr] | undefined> {
    const end = (order: string) =>
      this.#sql.get<{ first: Uint8Array; length: number }>(
        `select first, length from pool_cidr where pool = ? and state <> 'failed-provision' order by first ${order} limit 1`,
        pool,
      )
    // Both are one wait where the database is elsewhere.
    const [first, last] = await Promise.all([end('asc'), end('desc')])
    return first && last && [fromKey(first.first, first.length), fromKey(last.first, last.length)]
  }
  /** Whether a pool has space of one of some holders: found by what they hold, and not by what others have there. */
  async isHeldByAny(pool: number, holders: readonly number[]): Promise<boolean> {
    for (const holder of holders) {
      // An expression: no index of pools serves it.
      const row = await this.#sql.get(
        'select 1 as one from allocation a where a.holder = ? and a.pool + 0 = ? limit 1',
        holder,
        pool,
      )
      if (row) return true
    }
    return false
  }
  /** Those of some pools in which somebody else than the account holds an allocation. */
  async withForeign(pools: readonly number[], account: string): Promise<ReadonlySet<number>> {
    const found = new Set<number>()
    await inParts(pools, async (part) => {
      const list = listOf(part)
      const rows = await this.#sql.all<{ n: number }>(
        `select p.n from pool p where p.n in ${list.text} and exists (
           select 1 from allocation a join holder h on h.n = a.holder where a.pool = p.n and h.account <> ?)`,
        ...list.values,
        account,
      )
      for (const { n } of rows) found.add(n)
    })
    return found
  }
  async shares(pool: number): Promise<string[]> {
    const rows = await this.#sql.all<{ principal: string }>(
      'select principal from pool_share where pool = ? order by principal',
      pool,
    )
    return rows.map(({ principal }) => principal)
  }
  /** The same of many pools; those that are shared with nobody are missing. */
  async sharesOf(pools: readonly number[]): Promise<ReadonlyMap<number, string[]>> {
    if (pools.every((n) => this.#memory.peek(unshared(n)))) return new Map()
    const list = listOf(pools)
    const rows = await this.#sql.all<{ pool: number; principal: string }>(
      `select pool, principal from pool_share where pool in ${list.text} order by pool, principal`,
      ...list.values,
    )
    const shares = new Map<number, string[]>()
    for (const [pool, own] of Map.groupBy(rows, (row) => row.pool)) {
      shares.set(
        pool,
        own.map(({ principal }) => principal),
      )
    }
    return shares
  }
  async allShares(): Promise<{ pool: number; principal: string }[]> {
    return this.#sql.all('select pool, principal from pool_share order by pool, principal')
  }
  async share(pool: number, principals: readonly string[]): Promise<void> {
    this.#memory.forget(unshared(pool))
    const before = new Set(await this.shares(pool))
    for (const principal of principals) {
      if (!before.delete(principal)) poolShareTable.later(this.#sql, { pool, principal })
    }
    for (const principal of before)
      this.#sql.later('delete from pool_share where pool = ? and principal = ?', pool, principal)
    await this.#noteFacts('n = ?', pool)
  }
  /** Ends that some pools are shared with somebody. */
  async unshare(pools: readonly number[], principal: string): Promise<void> {
    await inParts(pools, async (part) => {
      const list = listOf(part)
      const rest = `pool in ${list.text} and principal = ?`
      await this.#sql.run(`delete from pool_share where ${rest}`, ...list.values, principal)
      await this.#sql.run(`update pool set facts_at = ${nextEpoch} where n in ${list.text}`, ...list.values)
    })
  }

  /** The provider's own pool of a family; it stands outside every IPAM and serves every Region. */
  ofProvider(family: 4 | 6): Promise<Pool | undefined> {
    return poolTable.first(this.#sql, 'where scope_id is null and family = ?', family)
  }
}
