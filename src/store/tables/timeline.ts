// The time machine: who held which space when, by address, account and resource, and what each tenure said at a time. Reads
// what allocation, change and release wrote. Its lists are in the order of keys that never change, whatever happens between
// two pages: a tenure that is given back meanwhile only moves from one table to another.
import { bitsOf, type Cidr, fromKey, lastAddress, supernet, supernets, toKey } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { firstOf, type RangeKey, type Ranges } from '../merged-ranges.ts'
import { listOf, listOfBlocks, listOfNumbers, listOfTexts, type Sql, type SqlValue } from '../sql.ts'
import { Addresses, type Association } from './addresses.ts'
import type { Clock } from './history.ts'
import type { HoldEnding } from './holds.ts'
import { mergedIn, type TagHomes, Tags } from './tags.ts'
import { associationIn, tagsIn } from './tenure-states.ts'

/** A stretch of time in which one allocation or hold had its space and said the same of itself. */
export interface Tenure {
  readonly n: number
  /** The number of this state among the tenure's own, from 1. */
  readonly version: number
  readonly pool: number
  readonly cidr: Cidr
  readonly state: 'held' | 'allocated'
  readonly resourceType: string
  readonly resourceId: string | undefined
  readonly account: string
  readonly region: string | undefined
  readonly description: string | undefined
  readonly decision: number | undefined
  /** When it lapses or would have lapsed, where it was held; of what was given up before tenures had states, unknown. */
  readonly expiresAt: number | undefined
  /** Since when it says so. */
  readonly from: number
  /** Until when; undefined: it says so still. */
  readonly until: number | undefined
  readonly heldFrom: number
  /** The end of the tenure; undefined: it has its space still. `describe` fills it in for states that are over. */
  readonly heldUntil: number | undefined
  readonly ending: 'released' | HoldEnding | undefined
  /** When the state ends, as far as that is known: what is held lapses, if nothing happens before. */
  readonly endsAt: number | undefined
  /** What `describe` makes tags and an association of. */
  readonly stored: Stored
}
/** All of it. */
export interface DescribedTenure extends Tenure {
  readonly tags: ReadonlyMap<string, string>
  readonly association: Association | undefined
}

interface Stored {
  readonly kind: Kind
  readonly tags: string | null
  readonly association: string | null
}
interface Row {
  n: number
  version: number
  pool: number
  first: Uint8Array
  length: number
  state: Tenure['state']
  resource_type: string
  resource_id: string | null
  account: string
  region: string | null
  description: string | null
  decision: number | null
  tags: string | null
  association: string | null
  expires_at: number | null
  created_at: number
  from_at: number
  until_at: number | null
  ending: HoldEnding | null
}

/** A place in the order of address, netmask length, time, number and version: every state has its own. */
export interface AddressPlace {
  readonly first: Uint8Array
  readonly length: number
  readonly heldFrom: number
  readonly n: number
  readonly version: number
}
/** A place in the order of time: newest first by the beginning of the tenure, its number and the number of the state. */
export interface TimePlace {
  readonly heldFrom: number
  readonly n: number
  readonly version: number
}
/** A place among what lay inside a range: a block, and a place in its time. */
export interface InsidePlace extends TimePlace {
  readonly first: Uint8Array
  readonly length: number
}
/** A place among what held a range or lay inside. */
export type AroundPlace = TimePlace | InsidePlace
export interface TenureSlice {
  readonly rows: readonly Tenure[]
  /** Behind which to go on; undefined where nothing more comes. */
  readonly next: AroundPlace | undefined
}
type SimpleKey = number | string
type KeysOf = (part: Part) => readonly SimpleKey[] | undefined
interface LengthWithKey {
  readonly length: number
  readonly key: SimpleKey
}
/** A place in the order of tenures and their states. */
export interface NumberPlace {
  readonly n: number
  readonly version: number
}
/** A place in what an account held: first what was not over by some moment, by number, then all else, by its end. Newest first. */
export interface AccountPlace extends NumberPlace {
  readonly until: number | undefined
}
/** What rows are found by, and how their number is written. */
interface Condition {
  readonly text: string
  readonly values: readonly SqlValue[]
  readonly n?: string
}
/** No place of a row is as late. */
const behindEverything: NumberPlace = { n: Number.MAX_SAFE_INTEGER, version: Number.MAX_SAFE_INTEGER }

/** The tables that tell of states: those in force of what is allocated, the last ones of what ended, what is held, what was said before. */
type Kind = 'allocated' | 'ended' | 'held' | 'changed'
interface Part {
  readonly kind: Kind
  readonly columns: string
  /** With `t` for the row. */
  readonly table: string
  readonly joined: string
  readonly version: string
  /** What says whose a row is: its holder's number, or its account. */
  readonly key: 'holder' | 'account'
}
const common = 't.n, t.pool, t.first, t.length, t.resource_id, t.description, t.decision, t.created_at'
const present = 'coalesce(t.version, 1) as version, coalesce(t.changed_at, t.created_at) as from_at'
const own = 't.resource_type, t.account, t.region'
const parts: Readonly<Record<Kind, Part>> = {
  allocated: {
    kind: 'allocated',
    columns: `${common}, ${present}, h.resource_type, h.account, h.region, 'allocated' as state, null as tags,
      null as association, null as expires_at, null as until_at, null as ending`,
    table: 'allocation t',
    joined: 'join holder h on h.n = t.holder',
    version: 'coalesce(t.version, 1)',
    key: 'holder',
  },
  ended: {
    kind: 'ended',
    columns: `${common}, ${present}, ${own}, case when t.ending is null then 'allocated' else 'held' end as state,
      t.tags, t.association, case when t.ending = 'lapsed' then t.released_at else t.expires_at end as expires_at,
      t.released_at as until_at, t.ending`,
    table: 'allocation_history t',
    joined: '',
    version: 'coalesce(t.version, 1)',
    key: 'account',
  },
  held: {
    kind: 'held',
    columns: `${common}, ${present}, ${own}, 'held' as state, t.tags, null as association, t.expires_at,
      null as until_at, null as ending`,
    table: 'hold t',
    joined: '',
    version: 'coalesce(t.version, 1)',
    key: 'account',
  },
  changed: {
    kind: 'changed',
    columns: `${common}, t.version, t.from_at, ${own}, t.state, t.tags, t.association, t.expires_at, t.until_at,
      null as ending`,
    table: 'tenure_state t',
    joined: '',
    version: 't.version',
    key: 'account',
  },
}
const allParts = Object.values(parts)

export class Timeline {
  readonly #sql: Sql
  readonly #clock: Clock & { readonly installation: string }
  readonly #tags: Tags
  readonly #addresses: Addresses
  constructor(sql: Sql, clock: Clock & { readonly installation: string }) {
    this.#sql = sql
    this.#clock = clock
    this.#tags = new Tags(sql)
    this.#addresses = new Addresses(sql)
  }

  // By address -----------------------------------------------------------------------------------------------------

  /**
   * Everything that ever held `range`, a part of it, or space around it, after a place: first what held all of it, newest first;
   * then what lay inside, in the order of addresses, of each block newest first.
   * @param accounts only what these had: whatever others have costs nothing then
   */
  async around(
    range: Cidr,
    after: AroundPlace | undefined,
    limit: number,
    accounts?: readonly string[],
  ): Promise<TenureSlice> {
    const keysOf = await this.#keysOf(accounts)
    const inside = after && 'first' in after ? after : undefined
    const rows = inside ? [] : await this.#wholeOf(range, after, limit, { keysOf, accounts })
    if (rows.length >= limit) return { rows, next: placeAround(rows.at(-1)!, range) }
    const others = await this.#blocksInside(range, inside, limit - rows.length, keysOf)
    return { rows: [...rows, ...others.rows], next: others.next }
  }

  /** The place of a row among what `around` answers. */
  placeAround(row: Tenure, range: Cidr): AroundPlace {
    return placeAround(row, range)
  }

  /** What held all of the range, each kind found through the index of blocks, and where few blocks have many rows, block by block. */
  async #wholeOf(
    range: Cidr,
    after: TimePlace | undefined,
    limit: number,
    { keysOf, accounts }: { readonly keysOf: KeysOf; readonly accounts: readonly string[] | undefined },
  ): Promise<Tenure[]> {
    const probes = probesOf(range, undefined)
    const found: Tenure[] = []
    for (const part of allParts) {
      const keys = keysOf(part)
      // Of one block any number of tenures may have ended, and any number of states.
      const isLong = part.kind === 'ended' || part.kind === 'changed'
      if (!isLong) {
        const rest = { text: `${before(part, after)} ${newestFirst(part)}`, values: [...valuesBefore(after), limit] }
        found.push(...(await this.#probing(part, probes, accounts, rest)))
        continue
      }
      const blocks = keys
        ? await this.#keysWith(part, keys, probes)
        : [...(await this.#lengthsThere(part, probes))].map((length) => ({ length, key: undefined }))
      const ranges = blocks.map(({ length, key }) => [
        ...(key === undefined ? [] : [key]),
        toKey(supernet(range, length)),
        length,
      ])
      const where = (...marks: string[]) =>
        `${keys ? `t.${part.key} = ${marks[0]} and ` : ''}t.first = ${marks.at(-2)} and t.length = ${marks.at(-1)}
         ${before(part, after)}`
      found.push(...(await this.#readOf(part, ranges, { where, values: valuesBefore(after), ...newest(part) }, limit)))
    }
    return found.sort(newestIn).slice(0, limit)
  }

  /** Whole blocks, as many as are read at once; one that has more than that by itself. */
  async #blocksInside(
    range: Cidr,
    after: InsidePlace | undefined,
    limit: number,
    keysOf: KeysOf,
  ): Promise<TenureSlice> {
    if (range.length === bitsOf(range.family)) return { rows: [], next: undefined }
    const begun = after && !isBehindBlock(after) ? await this.#ofBlock(after, after, limit, keysOf) : []
    if (begun.length >= limit) return { rows: begun, next: placeAround(begun.at(-1)!, range) }
    const found: Tenure[] = []
    // The first block of which there may be more than was read.
    let cut: Tenure | undefined
    for (const part of allParts) {
      const keys = keysOf(part)
      const place = after && { ...after, ...behindAll }
      const rows = await (keys
        ? this.#insideOf(part, keys, range, place, limit)
        : this.#inside(part, range, place, limit))
      found.push(...rows)
      const last = rows.length < limit ? undefined : rows.at(-1)!
      if (last && (!cut || inBlockOrder(last, cut) < 0)) cut = last
    }
    const whole = found.filter((row) => !cut || inBlockOrder(row, cut) < 0)
    if (whole.length > 0 || !cut) {
      const rows = whole.sort((a, b) => inBlockOrder(a, b) || newestIn(a, b))
      const next = cut && { first: toKey(rows.at(-1)!.cidr), length: rows.at(-1)!.cidr.length, ...behindBlock }
      return { rows: [...begun, ...rows], next }
    }
    const block = { first: toKey(cut.cidr), length: cut.cidr.length }
    const rows = await this.#ofBlock(block, undefined, limit, keysOf)
    return { rows: [...begun, ...rows], next: placeAround(rows.at(-1)!, range) }
  }

  /** What one block had, newest first. */
  async #ofBlock(
    { first, length }: Pick<InsidePlace, 'first' | 'length'>,
    after: TimePlace | undefined,
    limit: number,
    keysOf: KeysOf,
  ): Promise<Tenure[]> {
    const found: Tenure[] = []
    for (const part of allParts) {
      const keys = keysOf(part)
      const values = [first, length, ...valuesBefore(after)]
      const block = `t.first = ? and t.length = ? ${before(part, after)}`
      found.push(
        ...(await (keys
          ? this.#readOf(
              part,
              keys,
              { where: (key) => `t.${part.key} = ${key} and ${block}`, values, ...newest(part) },
              limit,
            )
          : this.#read(part, `from ${part.table} ${part.joined} where ${block} ${newestFirst(part)}`, [
              ...values,
              limit,
            ]))),
      )
    }
    return found.sort(newestIn).slice(0, limit)
  }

  /** What the ranges of some accounts begin with, of each kind; of all accounts undefined. */
  async #keysOf(accounts: readonly string[] | undefined): Promise<KeysOf> {
    if (!accounts) return () => undefined
    const { text, values } = listOfTexts(accounts)
    const holders = await this.#sql.all<{ n: number }>(`select n from holder where account in ${text}`, ...values)
    const numbers = holders.map(({ n }) => n)
    return ({ key }) => (key === 'holder' ? numbers : accounts)
  }

  async #insideOf(
    part: Part,
    keys: readonly RangeKey[],
    range: Cidr,
    after: AddressPlace | undefined,
    limit: number,
  ): Promise<Tenure[]> {
    const found: Tenure[] = []
    for (const [from, to] of spansOf(range)) {
      if (found.length >= limit) break
      const where = (one: string) =>
        `t.${part.key} = ${one} and t.first between ? and ? and t.length > ? ${afterPlace(part, after)}`
      const values = [from, to, range.length, ...valuesOf(after)]
      found.push(
        ...(await this.#readOf(
          part,
          keys,
          { where, values, order: placeOrder(part), compare: compareRows },
          limit - found.length,
        )),
      )
    }
    return found
  }

  async #readOf(
    part: Part,
    keys: readonly RangeKey[],
    range: Omit<Ranges<Row>, 'columns' | 'table' | 'joined'>,
    limit: number,
  ): Promise<Tenure[]> {
    const { columns, table, joined } = part
    const rows = await firstOf<Row>(this.#sql, keys, { columns, table, joined, ...range }, limit)
    return rows.map((row) => this.#tenureOf(part, row))
  }

  /** Few have a block at once: one in each scope. */
  async #covering(
    part: Part,
    range: Cidr,
    after: AddressPlace | undefined,
    limit: number,
    accounts: readonly string[] | undefined,
  ): Promise<Tenure[]> {
    const rest = { text: `${afterPlace(part, after)} ${inPlace(part)}`, values: [...valuesOf(after), limit] }
    return this.#probing(part, probesOf(range, after), accounts, rest)
  }
  /** What has one of these blocks. */
  async #probing(
    part: Part,
    probes: readonly Cidr[],
    accounts: readonly string[] | undefined,
    rest: { readonly text: string; readonly values: readonly SqlValue[] },
  ): Promise<Tenure[]> {
    if (probes.length === 0) return []
    const blocks = listOfBlocks(probes)
    const { columns, table, joined } = part
    const some = accounts && listOfTexts(accounts)
    const rows = await this.#sql.all<Row>(
      `with probe (first, length) as (values ${blocks.text})
       select ${columns} from probe cross join ${table} ${joined}
       where t.first = probe.first and t.length = probe.length
         ${some ? `and ${part.key === 'holder' ? 'h' : 't'}.account in ${some.text}` : ''} ${rest.text}`,
      ...blocks.values,
      ...(some?.values ?? []),
      ...rest.values,
    )
    return rows.map((row) => this.#tenureOf(part, row))
  }

  async #inside(part: Part, range: Cidr, after: AddressPlace | undefined, limit: number): Promise<Tenure[]> {
    const found: Tenure[] = []
    for (const [from, to] of spansOf(range)) {
      if (found.length >= limit) break
      const { table, joined } = part
      const text = `from ${table} ${joined} where t.first between ? and ? and t.length > ?
        ${afterPlace(part, after)} ${inPlace(part)}`
      const values = [from, to, range.length, ...valuesOf(after), limit - found.length]
      found.push(...(await this.#read(part, text, values)))
    }
    return found
  }

  /** Whose exactly this block was when its last tenure or hold ended, and in which pool; undefined where none ever did. */
  async lastEnded(block: Cidr): Promise<Pick<Row, 'account' | 'pool' | 'resource_type'> | undefined> {
    return this.#sql.get<Row>(
      `select t.account, t.pool, t.resource_type from allocation_history t where t.first = ? and t.length = ?
       order by t.first desc, t.length desc, t.created_at desc, t.n desc limit 1`,
      toKey(block),
      block.length,
    )
  }

  /** Of each netmask length, whose keys have such a block of these. */
  async #keysWith(
    { table, key }: Part,
    keys: readonly SimpleKey[],
    probes: readonly Cidr[],
  ): Promise<readonly LengthWithKey[]> {
    if (probes.length === 0 || keys.length === 0) return []
    const blocks = listOfBlocks(probes)
    return this.#sql.all<LengthWithKey>(
      `with probe (first, length) as (values ${blocks.text}),
         party (key) as (values ${keys.map(() => '(cast(? as text))').join(', ')})
       select length, key from (select p.length, party.key,
         (select 1 from ${table} where t.${key} = party.key and t.first = p.first and t.length = p.length limit 1) as one
         from probe p cross join party) found
       where one = 1`,
      ...blocks.values,
      ...keys,
    )
  }
  /** The netmask lengths of which anybody has such a block. */
  async #lengthsThere({ table }: Part, probes: readonly Cidr[]): Promise<ReadonlySet<number>> {
    if (probes.length === 0) return new Set()
    const blocks = listOfBlocks(probes)
    const there = await this.#sql.all<{ length: number }>(
      `with probe (first, length) as (values ${blocks.text})
       select p.length from probe p where exists
         (select 1 from ${table} where t.first = p.first and t.length = p.length)`,
      ...blocks.values,
    )
    return new Set(there.map(({ length }) => length))
  }

  // Now, and before --------------------------------------------------------------------------------------------------

  /** What has `range`, space around it or a part of it now, allocated or held, as `around` answers it. */
  async presentAround(
    range: Cidr,
    after: AddressPlace | undefined,
    limit: number,
    accounts?: readonly string[],
  ): Promise<Tenure[]> {
    const keysOf = await this.#keysOf(accounts)
    const found: Tenure[] = []
    for (const part of [parts.allocated, parts.held]) {
      const keys = keysOf(part)
      found.push(...(await this.#covering(part, range, after, limit, accounts)))
      found.push(
        ...(await (keys ? this.#insideOf(part, keys, range, after, limit) : this.#inside(part, range, after, limit))),
      )
    }
    return found.sort(inOrder).slice(0, limit)
  }

  /** What had exactly `range`, or space around it, and has ended: of each block the latest ones, of all of them newest first. */
  async endedAround(range: Cidr, limit: number, accounts?: readonly string[]): Promise<Tenure[]> {
    const part = parts.ended
    const keys = (await this.#keysOf(accounts))(part)
    const probes = probesOf(range, undefined)
    const having = keys && Map.groupBy(await this.#keysWith(part, keys, probes), ({ length }) => length)
    const lengths = having ?? (await this.#lengthsThere(part, probes))
    const found: Tenure[] = []
    for (const block of probes) {
      if (!lengths.has(block.length)) continue
      const some = having?.get(block.length)?.map(({ key }) => key)
      found.push(...(await this.#latestOfBlock(block, some, limit)))
    }
    return found.sort((a, b) => b.endsAt! - a.endsAt! || b.n - a.n)
  }
  async #latestOfBlock(block: Cidr, keys: readonly RangeKey[] | undefined, limit: number): Promise<Tenure[]> {
    const part = parts.ended
    const values = [toKey(block), block.length]
    if (!keys) {
      const newest = 'order by t.first desc, t.length desc, t.created_at desc, t.n desc limit ?'
      return this.#read(part, `from ${part.table} where t.first = ? and t.length = ? ${newest}`, [...values, limit])
    }
    const where = (one: string) => `t.${part.key} = ${one} and t.first = ? and t.length = ?`
    const order = ['created_at', 'n'] as const
    const compare = (a: Row, b: Row) => b.created_at - a.created_at || b.n - a.n
    return this.#readOf(part, keys, { where, values, order: [...order], isDescending: true, compare }, limit)
  }

  // By account -----------------------------------------------------------------------------------------------------

  /**
   * What an account held, in the order of `AccountPlace`, after one: first the states that were not over by `final`, newest first;
   * then all others that were not over before `since`, what ended last first. That of the second part nothing is missing, and
   * nothing new will come, is for the caller to know: `final` is the `asOf` of the first page, for all pages.
   */
  async ofAccount(
    account: string,
    { since, final }: { readonly since: number; readonly final: number },
    after: AccountPlace | undefined,
    limit: number,
  ): Promise<Tenure[]> {
    const isInSecond = after?.until !== undefined
    const others = isInSecond ? [] : await this.#notOverBy(account, final, after, limit)
    if (others.length === limit) return others
    const over = await this.#overBy(account, { since, final }, isInSecond ? after : undefined, limit - others.length)
    return [...others, ...over]
  }

  async #overBy(
    account: string,
    { since, final }: { readonly since: number; readonly final: number },
    after: AccountPlace | undefined,
    limit: number,
  ): Promise<Tenure[]> {
    const found: Tenure[] = []
    for (const [part, end] of ends) {
      const { table, version } = part
      const place = after ? `and (t.${end} < ? or t.n < ? or (t.n = ? and ${version} < ?))` : ''
      const { until = final, n = 0, version: last = 0 } = after ?? {}
      found.push(
        ...(await this.#read(
          part,
          `from ${table} where t.account = ? and t.${end} >= ? and t.${end} <= ? ${place}
           order by t.${end} desc, t.n desc, ${version} desc limit ?`,
          [account, since, Math.min(final, until), ...(after ? [until, n, n, last] : []), limit],
        )),
      )
    }
    return found.sort((a, b) => b.endsAt! - a.endsAt! || inNumberOrder(b, a)).slice(0, limit)
  }

  async #notOverBy(account: string, final: number, after: NumberPlace | undefined, limit: number): Promise<Tenure[]> {
    const found: Tenure[] = []
    const holders = await this.#sql.all<{ n: number }>('select n from holder where account = ?', account)
    // Each holder's allocations stand in order in the index: the head of each is enough, whatever the limit leaves over.
    for (const { n } of holders) {
      found.push(...(await this.#byNumber(parts.allocated, { text: 't.holder = ?', values: [n] }, after, limit)))
    }
    for (const [part, end] of ends) {
      // `+` keeps to the index of ends: in the order of numbers, all that everybody ever held would be read.
      const condition = { text: `t.account = ? and t.${end} > ?`, values: [account, final], n: '+t.n' }
      found.push(...(await this.#byNumber(part, condition, after, limit)))
    }
    return found.sort((a, b) => inNumberOrder(b, a)).slice(0, limit)
  }

  // By resource and number -----------------------------------------------------------------------------------------

  /**
   * All that a resource held under its name, or was associated with by its id: by number, newest first, after a place.
   * @param accounts only what these had: whatever others have costs nothing then. Of what uses it now, all the same
   */
  async ofResource(
    resourceId: string,
    after: NumberPlace | undefined,
    limit: number,
    accounts?: readonly string[],
  ): Promise<Tenure[]> {
    const keysOf = await this.#keysOf(accounts)
    const { n, version } = after ?? behindEverything
    const found: Tenure[] = []
    const read = async (part: Part, column: string) => {
      const keys = keysOf(part)
      if (!keys) return this.#byNumber(part, { text: `t.${column} = ?`, values: [resourceId] }, after, limit)
      const where = (one: string) =>
        `t.${part.key} = ${one} and t.${column} = ? and t.n <= ? and (t.n < ? or ${part.version} < ?)`
      const order = part.kind === 'changed' ? (['n', 'version'] as const) : (['n'] as const)
      const compare = (a: NumberPlace, b: NumberPlace): number => inNumberOrder(b, a)
      const values = [resourceId, n, n, version]
      return this.#readOf(part, keys, { where, values, order, isDescending: true, compare }, limit)
    }
    for (const part of allParts) found.push(...(await read(part, 'resource_id')))
    for (const part of [parts.ended, parts.changed]) found.push(...(await read(part, 'used_by')))
    const { columns, table, joined } = parts.allocated
    const uses = await this.#sql.all<Row>(
      `select ${columns} from address_association g join ${table} on t.n = g.allocation ${joined}
       where g.used_by = ? and g.allocation <= ? and (g.allocation < ? or coalesce(t.version, 1) < ?)
       order by g.allocation desc limit ?`,
      resourceId,
      n,
      n,
      version,
      limit,
    )
    found.push(...uses.map((row) => this.#tenureOf(parts.allocated, row)))
    return found.sort((a, b) => inNumberOrder(b, a)).slice(0, limit)
  }

  /** The states of one tenure, by its number, newest first, before a version. */
  async ofNumber(n: number, before: number | undefined, limit: number): Promise<Tenure[]> {
    const found: Tenure[] = []
    const place = { n, version: before ?? behindEverything.version }
    for (const part of allParts) {
      found.push(...(await this.#byNumber(part, { text: 't.n = ?', values: [n] }, place, limit)))
    }
    return found.sort((a, b) => inNumberOrder(b, a)).slice(0, limit)
  }
  /** The present or last state of a tenure. */
  async latestOf(n: number): Promise<Tenure | undefined> {
    return (await this.latestOfMany([n])).get(n)
  }
  /** The same of many, by their numbers; those that never were are missing. */
  async latestOfMany(numbers: readonly number[]): Promise<ReadonlyMap<number, Tenure>> {
    const found = new Map<number, Tenure>()
    for (const part of [parts.allocated, parts.held, parts.ended]) {
      const left = numbers.filter((n) => !found.has(n))
      if (left.length === 0) break
      const { text, values } = listOf(left)
      const rows = await this.#byNumber(part, { text: `t.n in ${text}`, values }, undefined, 2 * left.length)
      for (const row of rows) if (!found.has(row.n)) found.set(row.n, row)
    }
    return found
  }
  /** The present states of allocations and holds, by their numbers; those that are over are missing. */
  async presentOf(numbers: readonly number[]): Promise<ReadonlyMap<number, Tenure>> {
    if (numbers.length === 0) return new Map()
    const { text, values } = listOf(numbers)
    const found: Tenure[] = []
    for (const part of [parts.allocated, parts.held]) {
      found.push(...(await this.#byNumber(part, { text: `t.n in ${text}`, values }, undefined, numbers.length)))
    }
    return new Map(found.map((tenure) => [tenure.n, tenure]))
  }
  /** The first states of tenures, by their numbers; those that never were are missing. */
  async firstStates(numbers: readonly number[]): Promise<ReadonlyMap<number, Tenure>> {
    if (numbers.length === 0) return new Map()
    const { text, values } = listOf(numbers)
    const found: Tenure[] = []
    for (const part of allParts) {
      const { table, joined, version } = part
      const where = `where t.n in ${text} and ${version} = 1 limit ?`
      found.push(...(await this.#read(part, `from ${table} ${joined} ${where}`, [...values, numbers.length])))
    }
    // What is held and confirmed has its first state in both tables: the one that is over is the first.
    return new Map(found.map((tenure) => [tenure.n, tenure]))
  }
  /** What tenures said at moments, as `NUMBER/MOMENT`; where one was not then, it is missing. */
  async statesAt(asked: readonly (readonly [n: number, at: number])[]): Promise<ReadonlyMap<string, Tenure>> {
    if (asked.length === 0) return new Map()
    const { text, values } = listOf(asked.map(([n]) => n))
    const latest = new Map<number, Tenure>()
    for (const part of [parts.ended, parts.held, parts.allocated]) {
      const { table, joined } = part
      const rows = await this.#read(part, `from ${table} ${joined} where t.n in ${text} limit ?`, [
        ...values,
        asked.length,
      ])
      for (const row of rows) latest.set(row.n, row)
    }
    const states = new Map<string, Tenure>()
    const earlier: (readonly [number, number])[] = []
    for (const [n, at] of asked) {
      const last = latest.get(n)
      if (!last || last.from > at) earlier.push([n, at])
      else if (isAt(last, at)) states.set(`${n}/${at}`, last)
    }
    if (earlier.length === 0) return states
    const list = listOfNumbers(earlier)
    const { columns, table } = parts.changed
    const rows = await this.#sql.all<Row & { at: number }>(
      `with probe (n, at) as (values ${list.text})
       select ${columns}, probe.at from probe cross join ${table}
       where t.n = probe.n and t.from_at <= probe.at and t.until_at > probe.at limit ?`,
      ...list.values,
      list.values.length,
    )
    for (const row of rows) states.set(`${row.n}/${row.at}`, this.#tenureOf(parts.changed, row))
    return states
  }
  /** What a tenure said at a moment; undefined where it was not. */
  async stateAt(n: number, at: number): Promise<Tenure | undefined> {
    const latest = await this.latestOf(n)
    if (latest && latest.from <= at) return isAt(latest, at) ? latest : undefined
    const [before] = await this.#read(
      parts.changed,
      `from tenure_state t where t.n = ? and t.from_at <= ? and t.until_at > ? order by t.version desc limit 1`,
      [n, at, at],
    )
    return before
  }

  /** Newest first. */
  async #byNumber(
    part: Part,
    { text, values, n = 't.n' }: Condition,
    after: NumberPlace | undefined,
    limit: number,
  ): Promise<Tenure[]> {
    const place = after ?? behindEverything
    const { table, joined } = part
    return this.#read(
      part,
      `from ${table} ${joined} where ${text} and ${n} <= ? and (${n} < ? or ${part.version} < ?)
       order by ${n} desc, ${part.version} desc limit ?`,
      [...values, place.n, place.n, place.version, limit],
    )
  }

  // All of it ------------------------------------------------------------------------------------------------------

  /** What a page shows of its rows beyond what they are found by: tags, associations, and how tenures ended. */
  async describe(rows: readonly Tenure[]): Promise<DescribedTenure[]> {
    const isOf = (kind: Kind) => (row: Tenure) => row.stored.kind === kind
    const inForce = rows.filter(isOf('allocated'))
    const tags =
      inForce.length === 0 ? new Map() : await this.#tags.ofMany(inForce.flatMap((row) => this.#homesOf(row)))
    const elasticIps = inForce.filter(({ resourceType }) => resourceType === 'eip').map(({ n }) => n)
    const associations = await this.#addresses.usesOf(elasticIps)
    const ends = await this.endsOf(rows.filter(isOf('changed')).map(({ n }) => n))
    return rows.map((row) => {
      const { stored } = row
      const association = stored.kind === 'allocated' ? associations.get(row.n) : undefined
      return {
        ...row,
        ...(stored.kind === 'changed' ? ends.get(row.n) : {}),
        tags: stored.kind === 'allocated' ? mergedIn(this.#homesOf(row), tags) : tagsIn(stored.tags),
        association: association ?? associationIn(stored.association),
      }
    })
  }

  #homesOf({ n, resourceType }: Tenure): TagHomes {
    const { installation } = this.#clock
    const id = formatId('allocation', installation, n)
    return resourceType === 'eip' ? [id, formatId('address', installation, n)] : [id]
  }

  /** Whose space it is or was, by the numbers of tenures: it never changes while one lasts. Those that never were are missing. */
  async accountsOf(numbers: readonly number[]): Promise<ReadonlyMap<number, string>> {
    if (numbers.length === 0) return new Map()
    const list = listOf(numbers)
    const rows = await this.#sql.all<{ n: number; account: string }>(
      `select a.n, h.account from allocation a join holder h on h.n = a.holder where a.n in ${list.text}
       union select n, account from allocation_history where n in ${list.text}
       union select n, account from hold where n in ${list.text}`,
      ...list.values,
      ...list.values,
      ...list.values,
    )
    return new Map(rows.map(({ n, account }) => [n, account]))
  }

  /** How and when tenures ended, by their numbers; those that have not are missing. */
  async endsOf(numbers: readonly number[]): Promise<ReadonlyMap<number, Pick<Tenure, 'heldUntil' | 'ending'>>> {
    if (numbers.length === 0) return new Map()
    const list = listOf(numbers)
    const ended = await this.#sql.all<{ n: number; released_at: number; ending: HoldEnding | null }>(
      `select n, released_at, ending from allocation_history where n in ${list.text}`,
      ...list.values,
    )
    const lapsed = await this.#sql.all<{ n: number; expires_at: number }>(
      `select n, expires_at from hold where n in ${list.text} and expires_at <= ?`,
      ...list.values,
      this.#clock.now,
    )
    return new Map([
      ...ended.map(
        ({ n, released_at, ending }) => [n, { heldUntil: released_at, ending: ending ?? 'released' }] as const,
      ),
      ...lapsed.map(({ n, expires_at }) => [n, { heldUntil: expires_at, ending: 'lapsed' }] as const),
    ])
  }

  async #read(part: Part, text: string, values: readonly SqlValue[]): Promise<Tenure[]> {
    const rows = await this.#sql.all<Row>(`select ${part.columns} ${text}`, ...values)
    return rows.map((row) => this.#tenureOf(part, row))
  }

  #tenureOf({ kind }: Part, row: Row): Tenure {
    // Swept or not, what is held lapses at its moment.
    const isLapsed = kind === 'held' && row.expires_at! <= this.#clock.now
    const until = isLapsed ? row.expires_at! : (row.until_at ?? undefined)
    const isOver = isLapsed || kind === 'ended'
    return {
      n: row.n,
      version: row.version,
      pool: row.pool,
      cidr: fromKey(row.first, row.length),
      state: row.state,
      resourceType: row.resource_type,
      resourceId: row.resource_id ?? undefined,
      account: row.account,
      region: row.region || undefined,
      description: row.description ?? undefined,
      decision: row.decision ?? undefined,
      expiresAt: row.expires_at ?? undefined,
      from: row.from_at,
      until,
      heldFrom: row.created_at,
      heldUntil: isOver ? until : undefined,
      ending: isOver ? (isLapsed ? 'lapsed' : (row.ending ?? 'released')) : undefined,
      endsAt: until ?? (kind === 'held' ? row.expires_at! : undefined),
      stored: { kind, tags: row.tags, association: row.association },
    }
  }
}

/** Where the end of a state stands, of those that have one. */
const ends = [
  [parts.ended, 'released_at'],
  [parts.held, 'expires_at'],
  [parts.changed, 'until_at'],
] as const

/** What ends at a moment was so before it, and is not at it. */
const isAt = (tenure: Tenure, at: number): boolean =>
  tenure.from <= at && (tenure.endsAt ?? Number.POSITIVE_INFINITY) > at

/** The numbers of the keys of IPv4: they lie among those of IPv6, and are none of them. */
const mapped = { first: 0xffff_0000_0000n, last: 0xffff_ffff_ffffn }

/** The keys in a range, from the first to the last, without those of the other family. In order. */
export function spansOf(range: Cidr): readonly (readonly [Uint8Array, Uint8Array])[] {
  const last = lastAddress(range)
  if (range.family === 4 || range.first > mapped.last || last.first < mapped.first) return [[toKey(range), toKey(last)]]
  const span = (from: bigint, to: bigint) =>
    from > to ? [] : [[toKey({ ...last, first: from }), toKey({ ...last, first: to })] as const]
  return [...span(range.first, mapped.first - 1n), ...span(mapped.last + 1n, last.first)]
}

/** A block around the range can only start at one place for each netmask length. In the order of `AddressPlace`. */
const probesOf = (range: Cidr, after: AddressPlace | undefined): Cidr[] =>
  supernets(range).filter((block) => !after || compareKeys(toKey(block), after.first) >= 0)

/** The first four are in every index, so that they say where to begin. */
const afterPlace = ({ version }: Part, after: AddressPlace | undefined): string =>
  after
    ? `and (t.first, t.length, t.created_at, t.n) >= (?, ?, ?, ?)
       and ((t.first, t.length, t.created_at, t.n) > (?, ?, ?, ?) or ${version} > ?)`
    : ''
const placeColumns = ['first', 'length', 'created_at', 'n', 'version'] as const
/** Only of what changed there are several with one number. */
const placeOrder = ({ kind }: Part, from = 0): Ranges<Row>['order'] =>
  placeColumns.slice(from, kind === 'changed' ? 5 : 4) as [string, ...string[]]
const inPlace = (part: Part): string =>
  `order by ${placeOrder(part)
    .map((column) => `t.${column}`)
    .join(', ')} limit ?`
function valuesOf(after: AddressPlace | undefined): SqlValue[] {
  if (!after) return []
  const place = [after.first, after.length, after.heldFrom, after.n]
  return [...place, ...place, after.version]
}
/** The same newest first: no row of a block is behind the first of these places, and all are behind the second. */
const behindBlock: TimePlace = { heldFrom: -1, n: 0, version: 0 }
const behindAll: TimePlace = { heldFrom: Number.MAX_SAFE_INTEGER, ...behindEverything }
const isBehindBlock = ({ heldFrom }: TimePlace): boolean => heldFrom === behindBlock.heldFrom
const before = ({ version }: Part, after: TimePlace | undefined): string =>
  after ? `and (t.created_at, t.n) <= (?, ?) and ((t.created_at, t.n) < (?, ?) or ${version} < ?)` : ''
const valuesBefore = (after: TimePlace | undefined): SqlValue[] =>
  after ? [after.heldFrom, after.n, after.heldFrom, after.n, after.version] : []
const newest = (part: Part): Pick<Ranges<Row>, 'order' | 'isDescending' | 'compare'> => ({
  order: placeOrder(part, 2),
  isDescending: true,
  compare: (a, b) => b.created_at - a.created_at || inNumberOrder(b, a),
})
const newestFirst = (part: Part): string =>
  `order by ${placeOrder(part, 2)
    .map((column) => `t.${column} desc`)
    .join(', ')} limit ?`
function placeAround({ cidr, heldFrom, n, version }: Tenure, range: Cidr): AroundPlace {
  const time = { heldFrom, n, version }
  return cidr.length <= range.length ? time : { first: toKey(cidr), length: cidr.length, ...time }
}

const compareKeys = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b)

const compareRows = (a: Row, b: Row): number =>
  compareKeys(a.first, b.first) || a.length - b.length || a.created_at - b.created_at || inNumberOrder(a, b)
const inNumberOrder = (a: NumberPlace, b: NumberPlace): number => a.n - b.n || a.version - b.version
const inBlockOrder = ({ cidr: a }: Tenure, { cidr: b }: Tenure): number =>
  compareKeys(toKey(a), toKey(b)) || a.length - b.length
const inOrder = (a: Tenure, b: Tenure): number => inBlockOrder(a, b) || a.heldFrom - b.heldFrom || inNumberOrder(a, b)
const newestIn = (a: Tenure, b: Tenure): number => b.heldFrom - a.heldFrom || inNumberOrder(b, a)
