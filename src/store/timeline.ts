// The time machine: who held which space when, by address, account and resource. Reads what allocation and release wrote.
import { type Cidr, fromKey, lastAddress, supernet, toKey } from '#model/cidr.ts'
import type { HoldEnding } from './holds.ts'
import type { Sql } from './sql.ts'

/** The time in which one allocation had its space. */
export interface Tenure {
  readonly n: number
  readonly pool: number
  readonly cidr: Cidr
  readonly resourceType: string
  readonly resourceId: string | undefined
  readonly account: string
  readonly region: string | undefined
  readonly description: string | undefined
  readonly decision: number | undefined
  readonly from: number
  /** Undefined: it has it still. */
  readonly until: number | undefined
  /** Where the space was only held: how that ended, or that nobody has swept it, `until` being when it lapses. */
  readonly hold?: 'held' | HoldEnding
}

interface Row {
  n: number
  pool: number
  first: Uint8Array
  length: number
  resource_type: string
  resource_id: string | null
  account: string
  region: string | null
  description: string | null
  decision: number | null
  created_at: number
  released_at: number | null
  ending: 'held' | HoldEnding | null
}
const toTenure = (row: Row): Tenure => ({
  n: row.n,
  pool: row.pool,
  cidr: fromKey(row.first, row.length),
  resourceType: row.resource_type,
  resourceId: row.resource_id ?? undefined,
  account: row.account,
  region: row.region || undefined,
  description: row.description ?? undefined,
  decision: row.decision ?? undefined,
  from: row.created_at,
  until: row.released_at ?? undefined,
  ...(row.ending ? { hold: row.ending } : {}),
})

/** A place in the order of address, netmask length, time and number: every tenure has its own. */
export interface AddressPlace {
  readonly first: Uint8Array
  readonly length: number
  readonly from: number
  readonly n: number
}

const columns =
  't.n, t.pool, t.first, t.length, t.resource_id, t.description, t.decision, t.created_at, %.resource_type, %.account, %.region'
/** The parts of time: what is allocated, what ended, and what is only held. */
const parts = [
  {
    select: `select ${columns.replaceAll('%', 'h')}, null as released_at, null as ending`,
    tables: 'allocation t join holder h on h.n = t.holder',
    table: 'allocation t',
    joined: 'join holder h on h.n = t.holder',
  },
  {
    select: `select ${columns.replaceAll('%', 't')}, t.released_at, t.ending`,
    tables: 'allocation_history t',
    table: 'allocation_history t',
    joined: '',
  },
  {
    select: `select ${columns.replaceAll('%', 't')}, t.expires_at as released_at, 'held' as ending`,
    tables: 'hold t',
    table: 'hold t',
    joined: '',
  },
] as const

export class Timeline {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /**
   * Everything that ever held `range`, a part of it, or space around it, in the order of `AddressPlace`, after one.
   * What lies around begins no later than the range does, so it comes first; each kind is found through the index.
   */
  async around(range: Cidr, after: AddressPlace | undefined, limit: number): Promise<Tenure[]> {
    const found: Tenure[] = []
    for (const part of parts) {
      found.push(
        ...(await (part === parts[1] ? this.#ended(range, after, limit) : this.#covering(part, range, after, limit))),
      )
      found.push(...(await this.#inside(part, range, after, limit)))
    }
    return found.sort(inOrder).slice(0, limit)
  }

  /**
   * The same of what ended: of one block there may be any number, so each block around that was ever held is read by
   * itself, in the order of the key.
   */
  async #ended(range: Cidr, after: AddressPlace | undefined, limit: number): Promise<Tenure[]> {
    const probes = probesOf(range, after)
    if (probes.length === 0) return []
    const { select, tables } = parts[1]
    const there = await this.#sql.all<{ length: number }>(
      `with probe (first, length) as (values ${valuesOfProbes(probes)})
       select p.length from probe p where exists
         (select 1 from allocation_history t where t.first = p.first and t.length = p.length)`,
      ...probes.flatMap((block) => [toKey(block), block.length]),
    )
    const lengths = new Set(there.map(({ length }) => length))
    const found: Tenure[] = []
    for (const block of probes) {
      if (!lengths.has(block.length)) continue
      if (found.length >= limit) break
      const rows = await this.#sql.all<Row>(
        `${select} from ${tables} where t.first = ? and t.length = ? ${after ? afterPlace : ''} ${inPlace}`,
        toKey(block),
        block.length,
        ...valuesOf(after),
        limit,
      )
      found.push(...rows.map(toTenure))
    }
    return found
  }

  async #covering(
    { select, table, joined }: (typeof parts)[number],
    range: Cidr,
    after: AddressPlace | undefined,
    limit: number,
  ): Promise<Tenure[]> {
    const probes = probesOf(range, after)
    if (probes.length === 0) return []
    const rows = await this.#sql.all<Row>(
      `with probe (first, length) as (values ${valuesOfProbes(probes)})
       ${select} from probe cross join ${table} ${joined}
       where t.first = probe.first and t.length = probe.length ${after ? afterPlace : ''} ${inPlace}`,
      ...probes.flatMap((block) => [toKey(block), block.length]),
      ...valuesOf(after),
      limit,
    )
    return rows.map(toTenure)
  }

  async #inside(
    { select, tables }: (typeof parts)[number],
    range: Cidr,
    after: AddressPlace | undefined,
    limit: number,
  ): Promise<Tenure[]> {
    const found: Tenure[] = []
    for (const [from, to] of spansOf(range)) {
      if (found.length >= limit) break
      const rows = await this.#sql.all<Row>(
        `${select} from ${tables} where t.first between ? and ? and t.length > ? ${after ? afterPlace : ''} ${inPlace}`,
        from,
        to,
        range.length,
        ...valuesOf(after),
        limit - found.length,
      )
      found.push(...rows.map(toTenure))
    }
    return found
  }

  /** What an account gave back at `since` or later, in the order in which it did, after one. */
  async givenBackBy(
    account: string,
    since: number,
    after: { readonly until: number; readonly n: number } | undefined,
    limit: number,
  ): Promise<Tenure[]> {
    const { select, tables } = parts[1]
    const rows = await this.#sql.all<Row>(
      `${select} from ${tables} where t.account = ? and t.released_at >= ?
       ${after ? 'and (t.released_at, t.n) > (?, ?)' : ''} order by t.released_at, t.n limit ?`,
      account,
      Math.max(since, after?.until ?? 0),
      ...(after ? [after.until, after.n] : []),
      limit,
    )
    return rows.map(toTenure)
  }

  /** All that a resource ever held, by its id, oldest first. */
  async ofResource(resourceId: string, limit: number): Promise<Tenure[]> {
    return this.#where('t.resource_id = ?', resourceId, limit)
  }
  /** All that ever had an allocation's number: one tenure. */
  async ofNumber(n: number): Promise<Tenure | undefined> {
    return (await this.#where('t.n = ?', n, 1))[0]
  }
  async #where(condition: string, value: string | number, limit: number): Promise<Tenure[]> {
    const found: Tenure[] = []
    for (const { select, tables } of parts) {
      const rows = await this.#sql.all<Row>(
        `${select} from ${tables} where ${condition} order by t.n limit ?`,
        value,
        limit,
      )
      found.push(...rows.map(toTenure))
    }
    return found.sort((a, b) => a.n - b.n).slice(0, limit)
  }
}

/** The numbers of the keys of IPv4: they lie among those of IPv6, and are none of them. */
const mapped = { first: 0xffff_0000_0000n, last: 0xffff_ffff_ffffn }

/** The keys in a range, from the first to the last, without those of the other family. In order. */
function spansOf(range: Cidr): readonly (readonly [Uint8Array, Uint8Array])[] {
  const last = lastAddress(range)
  if (range.family === 4 || range.first > mapped.last || last.first < mapped.first) return [[toKey(range), toKey(last)]]
  const span = (from: bigint, to: bigint) =>
    from > to ? [] : [[toKey({ ...last, first: from }), toKey({ ...last, first: to })] as const]
  return [...span(range.first, mapped.first - 1n), ...span(mapped.last + 1n, last.first)]
}

/** A block around the range can only start at one place for each netmask length. In the order of `AddressPlace`. */
const probesOf = (range: Cidr, after: AddressPlace | undefined): Cidr[] =>
  Array.from({ length: range.length + 1 }, (_, length) => supernet(range, length)).filter(
    (block) => !after || compareKeys(toKey(block), after.first) >= 0,
  )
const valuesOfProbes = (probes: readonly Cidr[]): string =>
  probes.map(() => '(cast(? as blob), cast(? as integer))').join(', ')

const afterPlace = 'and (t.first, t.length, t.created_at, t.n) > (?, ?, ?, ?)'
const inPlace = 'order by t.first, t.length, t.created_at, t.n limit ?'
const valuesOf = (after: AddressPlace | undefined) => (after ? [after.first, after.length, after.from, after.n] : [])
const compareKeys = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b)

function inOrder(a: Tenure, b: Tenure): number {
  return compareKeys(toKey(a.cidr), toKey(b.cidr)) || a.cidr.length - b.cidr.length || a.from - b.from || a.n - b.n
}
