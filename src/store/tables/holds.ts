// Space that is held for a limited time: nobody's yet, and nobody else's. It lapses by itself at its moment.
import { type Cidr, makeCidr, sizeOf } from '#model/cidr.ts'
import type { AllocationRequest } from '#model/policy/decision.ts'
import { type AddressSpan, firstOf, spanCondition } from '../merged-ranges.ts'
import { inParts, listOf, listOfTexts, type Sql, type SqlValue } from '../sql.ts'
import {
  block,
  changing,
  integer,
  json,
  jsonAs,
  optional,
  type Row,
  type RowOf,
  references,
  table,
  text,
  unwritten,
} from '../table.ts'
import type { Clock } from './history.ts'
import type { NextState, TenureStates } from './tenure-states.ts'

/** Also the allocation that it would become, were it confirmed: it has its number already, and with it its identifier. */
export interface Hold {
  readonly n: number
  readonly pool: number
  readonly cidr: Cidr
  readonly resourceType: string
  readonly resourceId: string | undefined
  readonly account: string
  /** The locale. */
  readonly region: string
  readonly description: string | undefined
  /** That it could be had; undefined where policy said no and somebody may still say yes. */
  readonly decision: number | undefined
  readonly createdAt: number
  readonly expiresAt: number
  /** What was asked: policy is asked again when it is confirmed. */
  readonly request: AllocationRequest
  /** Of the state that it is in, where it is not the first one: its number, and since when it holds. */
  readonly version?: number
  readonly changedAt?: number
}
/** How a hold ended that was never confirmed. */
export type HoldEnding = 'lapsed' | 'dropped'

export const holdTable = table(
  'hold',
  {
    n: integer(),
    pool: references('pool', integer()),
    cidr: block(),
    account: text(),
    resourceType: text(),
    region: text(),
    resourceId: optional(text()),
    description: changing(optional(text())),
    decision: optional(integer()),
    tags: changing(
      jsonAs<ReadonlyMap<string, string>, Record<string, string>>(
        Object.fromEntries,
        (stored) => new Map(Object.entries(stored)),
      ),
    ),
    /** What was asked: policy is asked again when it is confirmed. */
    request: json<StoredRequest>(),
    createdAt: integer(),
    expiresAt: changing(integer()),
    version: unwritten(changing(optional(integer()))),
    changedAt: unwritten(changing(optional(integer()))),
  },
  'deleted',
)

/** The request as it is stored: what the row has in columns of its own is left out. */
interface StoredRequest extends Omit<AllocationRequest, 'account' | 'locale' | 'resourceType' | 'explicit' | 'tags'> {
  readonly explicit?: { readonly pool?: string; readonly cidr?: { readonly first: string; readonly length: number } }
}

function toHold({ request: stored, tags, resourceId, description, decision, ...row }: RowOf<typeof holdTable>): Hold {
  const { explicit, ...rest } = stored
  return {
    ...row,
    resourceId,
    description,
    decision,
    request: {
      ...rest,
      account: row.account,
      locale: row.region,
      resourceType: row.resourceType,
      ...(explicit && {
        explicit: {
          ...explicit,
          cidr: explicit.cidr && makeCidr(rest.family, BigInt(explicit.cidr.first), explicit.cidr.length),
        },
      }),
      ...(tags.size > 0 ? { tags } : {}),
    },
  }
}

function storedRequest({
  account: _,
  locale: __,
  resourceType: ___,
  tags: ____,
  explicit,
  ...rest
}: AllocationRequest): StoredRequest {
  const cidr = explicit?.cidr && { first: String(explicit.cidr.first), length: explicit.cidr.length }
  return { ...rest, ...(explicit && { explicit: { ...explicit, cidr } }) }
}

/** What holds can be narrowed to. */
export interface HoldFilter {
  readonly pool?: number
  readonly account?: string
  /** Only those of these. */
  readonly accounts?: readonly string[] | undefined
  readonly resourceType?: string
  readonly region?: string
  readonly resourceId?: string
}
const filterColumns = [
  ['pool', 'pool'],
  ['account', 'account'],
  ['resourceType', 'resource_type'],
  ['region', 'region'],
  ['resourceId', 'resource_id'],
] as const satisfies readonly (readonly [keyof HoldFilter, string])[]

/** Of the rows alone; `Space` keeps them and the blocks together. Whatever has lapsed is not there, swept or not. */
export class Holds {
  readonly #sql: Sql
  readonly #clock: Clock
  readonly #states: TenureStates
  constructor(sql: Sql, clock: Clock, states: TenureStates) {
    this.#sql = sql
    this.#clock = clock
    this.#states = states
  }

  async find(n: number): Promise<Hold | undefined> {
    const row = await holdTable.first(this.#sql, 'where n = ? and expires_at > ?', n, this.#clock.now)
    return row && toHold(row)
  }
  /** In order of creation, after a cursor. */
  async list(filter: HoldFilter, after: number, limit: number): Promise<Hold[]> {
    return this.#rows(filter, 'and n > ? order by n limit ?', after, limit)
  }
  /** The accounts for which some of a pool is held. */
  async accountsIn(pool: number): Promise<string[]> {
    const rows = await this.#sql.all<{ account: string }>(
      'select distinct account from hold where pool = ? and expires_at > ?',
      pool,
      this.#clock.now,
    )
    return rows.map(({ account }) => account)
  }
  /** Those that begin between two addresses, in address order. */
  async between(
    pool: number,
    { first, last, isAfter }: { readonly first: Uint8Array; readonly last: Uint8Array; readonly isAfter: boolean },
    limit: number,
  ): Promise<Hold[]> {
    const bounds = `and first ${isAfter ? '>' : '>='} ? and first <= ? order by first limit ?`
    return this.#rows({ pool }, bounds, first, last, limit)
  }
  /** Of some accounts, those that begin in a span, in the order of addresses and numbers. */
  async ofAccountsIn(accounts: readonly string[], span: AddressSpan, limit: number): Promise<Hold[]> {
    const { text, values, order } = spanCondition(span)
    const where = (key: string) => `t.account = ${key} and t.expires_at > ? and ${text}`
    const rows = await firstOf<Row & { readonly n: number; readonly first: Uint8Array }>(
      this.#sql,
      accounts,
      {
        columns: holdTable.columns,
        table: 'hold t',
        where,
        values: [this.#clock.now, ...values],
        order,
        compare: (a, b) => Buffer.compare(a.first, b.first) || a.n - b.n,
      },
      limit,
    )
    return rows.map((row) => toHold(holdTable.of(row)))
  }
  async #rows({ accounts, ...filter }: HoldFilter, rest: string, ...values: SqlValue[]): Promise<Hold[]> {
    const asked = filterColumns.filter(([name]) => filter[name] !== undefined)
    const some = accounts && listOfTexts(accounts)
    const rows = await holdTable.all(
      this.#sql,
      `where expires_at > ? ${some ? `and account in ${some.text}` : ''} ${asked.map(([, column]) => `and ${column} = ?`).join(' ')} ${rest}`,
      this.#clock.now,
      ...(some?.values ?? []),
      ...asked.map(([name]) => filter[name]!),
      ...values,
    )
    return rows.map(toHold)
  }
  /** Numbers of addresses that are held in each of these pools, and of those that have lapsed and were not swept yet. */
  async heldIn(
    pools: readonly { readonly n: number; readonly family: 4 | 6 }[],
  ): Promise<ReadonlyMap<number, { readonly live: bigint; readonly lapsed: bigint }>> {
    const sums = new Map(pools.map(({ n, family }) => [n, { family, live: 0n, lapsed: 0n }]))
    const list = listOf([...sums.keys()])
    for (const name of ['live', 'lapsed'] as const) {
      const rows = await this.#sql.all<{ pool: number; length: number; holds: number }>(
        `select pool, length, count(*) as holds from hold
         where pool in ${list.text} and expires_at ${name === 'live' ? '>' : '<='} ? group by pool, length`,
        ...list.values,
        this.#clock.now,
      )
      for (const { pool, length, holds } of rows) {
        const sum = sums.get(pool)!
        sum[name] += sizeOf({ family: sum.family, first: 0n, length }) * BigInt(holds)
      }
    }
    return sums
  }
  async insert(hold: Hold): Promise<void> {
    const { tags = new Map(), ...request } = hold.request
    holdTable.later(this.#sql, { ...hold, tags, request: storedRequest(request) })
  }
  /** Says something else from now on: another state. */
  async describe(hold: Hold, description: string | undefined, tags: ReadonlyMap<string, string>): Promise<void> {
    const { version, changedAt } = await this.keepState(hold)
    await holdTable.change(this.#sql, { description, tags, version, changedAt }, 'where n = ?', hold.n)
  }
  async extend(hold: Hold, expiresAt: number): Promise<void> {
    const { version, changedAt } = await this.keepState(hold)
    await holdTable.change(this.#sql, { expiresAt, version, changedAt }, 'where n = ?', hold.n)
  }
  /** Keeps what a hold says until now. */
  async keepState(hold: Hold): Promise<NextState> {
    return this.#states.keep(hold, { tags: hold.request.tags ?? new Map(), association: undefined })
  }
  async delete(n: number): Promise<void> {
    await this.#sql.run('delete from hold where n = ?', n)
  }
  /** Ends holds that have lapsed. */
  async lapse(numbers: readonly number[]): Promise<void> {
    await inParts(numbers, async (part) => {
      const list = listOf(part)
      await this.#sql.run(
        `insert into allocation_history (pool, first, length, n, resource_type, resource_id, account, region, description,
           decision, created_at, released_at, ending, version, changed_at, tags, expires_at)
         select pool, first, length, n, resource_type, resource_id, account, region, description, decision, created_at,
           expires_at, 'lapsed', version, changed_at, case when tags = '{}' then null else tags end, expires_at
         from hold where n in ${list.text}`,
        ...list.values,
      )
      await this.#sql.run(`delete from hold where n in ${list.text}`, ...list.values)
    })
  }
  /** The space was out of reach for that long, and whose it might have become: for whoever asks about the address. */
  async recordEnding(n: number, ending: HoldEnding, at: number): Promise<void> {
    await this.#sql.run(
      `insert into allocation_history (pool, first, length, n, resource_type, resource_id, account, region, description,
         decision, created_at, released_at, ending, version, changed_at, tags, expires_at)
       select pool, first, length, n, resource_type, resource_id, account, region, description, decision, created_at,
         cast(? as bigint), cast(? as text), version, changed_at, case when tags = '{}' then null else tags end, expires_at
       from hold where n = ?`,
      at,
      ending,
      n,
    )
  }
}
