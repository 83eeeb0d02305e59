// What compliance of a moment is counted from: who had space then, and what was open of it. A part at a time, counted where it lies.
import type { Sql } from '../sql.ts'

/** Space that one holder had, as far as one part has come. */
export interface HeldCount {
  readonly holder: number
  /** Whether it comes from the provider. */
  readonly isProvided: boolean
  /** Made by the moment up to which everything was looked at; and since. */
  readonly known: number
  readonly unknown: number
}
/** Of a part: how many rows it had, and where the next one begins. */
export interface Counted<Row, Place> {
  readonly rows: readonly Row[]
  readonly next: Place | undefined
}
/** Space that was given back after the moment, and was there at it. */
export interface EndedSpace {
  readonly account: string
  readonly resourceType: string
  readonly locale: string
  readonly isProvided: boolean
  readonly createdAt: number
}
export interface EndedPlace {
  readonly at: number
  readonly n: number
}
/** How many stretches of one kind went on at the moment. */
export interface OpenCount {
  readonly control: string
  readonly node: string
  readonly resourceType: string
  readonly locale: string
  readonly isSuppressed: boolean
  readonly isProvided: boolean
  readonly policyId: string
  readonly setting: string
  readonly count: number
}
export interface OpeningPlace {
  readonly until: number
  readonly finding: number
  readonly number: number
}
/** Up to which moments. */
export interface CountedAt {
  readonly at: number
  /** Everything that was there by then was looked at. */
  readonly knownUntil: number
  /** The numbers of the provider's own pools. */
  readonly provided: readonly number[]
}

/** Rows that one statement counts: a few milliseconds. */
const countedPerStatement = 2_000
const readPerStatement = 1_000

const openColumns = `control, node, coalesce(resource_type, '') as resource_type, coalesce(locale, '') as locale, is_suppressed,
  case when json_extract(facts, '$.pool') = 'provider' then 1 else 0 end as provided,
  coalesce(json_extract(facts, '$.policyId'), '') as policy_id, coalesce(json_extract(facts, '$.setting'), '') as setting`
const openGroup = 'control, node, resource_type, locale, is_suppressed, provided, policy_id, setting'

interface OpenRow {
  readonly control: string
  readonly node: string
  readonly resource_type: string
  readonly locale: string
  readonly is_suppressed: number
  readonly provided: number
  readonly policy_id: string
  readonly setting: string
  readonly count: number
}
const toOpen = (row: OpenRow): OpenCount => ({
  control: row.control,
  node: row.node,
  resourceType: row.resource_type,
  locale: row.locale,
  isSuppressed: row.is_suppressed === 1,
  isProvided: row.provided === 1,
  policyId: row.policy_id,
  setting: row.setting,
  count: row.count,
})

export class Compliance {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Of everybody, in the order of numbers; where a holder is given, of that one alone. */
  async held(
    { at, knownUntil, provided }: CountedAt,
    after: number,
    holder?: number,
  ): Promise<Counted<HeldCount, number>> {
    const [four = -1, six = -1] = provided
    const rows = await this.#sql.all<{
      holder: number
      provided: number
      known: number
      unknown: number
      looked: number
      last: number
    }>(
      `select t.holder, t.provided, count(case when t.created_at <= ? then 1 end) as known,
         count(case when t.created_at > ? and t.created_at <= ? then 1 end) as unknown, count(*) as looked, max(t.n) as last
       from (select a.n, a.holder, a.created_at, case when a.pool in (?, ?) then 1 else 0 end as provided
         from allocation a where ${holder === undefined ? '' : 'a.holder = ? and '}a.n > ? order by a.n limit ?) t
       group by t.holder, t.provided`,
      Math.min(at, knownUntil),
      knownUntil,
      at,
      four,
      six,
      ...(holder === undefined ? [] : [holder]),
      after,
      countedPerStatement,
    )
    const looked = rows.reduce((sum, row) => sum + row.looked, 0)
    const last = rows.reduce((most, row) => Math.max(most, row.last), after)
    return {
      rows: rows.map((row) => ({
        holder: row.holder,
        isProvided: row.provided === 1,
        known: row.known,
        unknown: row.unknown,
      })),
      next: looked < countedPerStatement ? undefined : last,
    }
  }

  /** Of one account, what it has given back since and had at the moment. */
  async ended(
    account: string,
    { at, provided }: CountedAt,
    after: EndedPlace,
  ): Promise<Counted<EndedSpace, EndedPlace>> {
    const rows = await this.#sql.all<{
      n: number
      resource_type: string
      region: string | null
      pool: number
      created_at: number
      released_at: number
    }>(
      `select n, resource_type, region, pool, created_at, released_at from allocation_history
       where account = ? and released_at >= ? and (released_at > ? or n > ?) and created_at <= ? and ending is null
       order by released_at, n limit ?`,
      account,
      after.at,
      after.at,
      after.n,
      at,
      readPerStatement,
    )
    const last = rows.at(-1)
    return {
      rows: rows.map((row) => ({
        account,
        resourceType: row.resource_type,
        locale: row.region ?? '',
        isProvided: provided.includes(row.pool),
        createdAt: row.created_at,
      })),
      next: rows.length < readPerStatement ? undefined : { at: last!.released_at, n: last!.n },
    }
  }

  /** Of a control, what goes on and did so at the moment already. */
  async goingOn(control: string, at: number, after: number): Promise<Counted<OpenCount, number>> {
    const rows = await this.#sql.all<OpenRow & { readonly looked: number; readonly last: number }>(
      `select ${openGroup}, count(case when from_at <= ? then 1 end) as count, count(*) as looked, max(finding) as last
       from (select finding, from_at, ${openColumns} from finding_opening
         where control = ? and until_at is null and finding > ? order by finding limit ?) t
       group by ${openGroup}`,
      at,
      control,
      after,
      countedPerStatement,
    )
    const looked = rows.reduce((sum, row) => sum + row.looked, 0)
    const last = rows.reduce((most, row) => Math.max(most, row.last), after)
    return { rows: rows.map(toOpen), next: looked < countedPerStatement ? undefined : last }
  }

  /** Of a control, what went on at the moment and has ended since. */
  async wentOn(control: string, at: number, after: OpeningPlace): Promise<Counted<OpenCount, OpeningPlace>> {
    const rows = await this.#sql.all<
      Omit<OpenRow, 'count'> & {
        readonly finding: number
        readonly number: number
        readonly from_at: number
        readonly until_at: number
      }
    >(
      `select finding, number, from_at, until_at, ${openColumns} from finding_opening
       where control = ? and until_at is not null and until_at >= ?
         and (until_at > ? or finding > ? or (finding = ? and number > ?))
       order by until_at, finding, number limit ?`,
      control,
      after.until,
      after.until,
      after.finding,
      after.finding,
      after.number,
      readPerStatement,
    )
    const last = rows.at(-1)
    return {
      rows: rows.filter(({ from_at }) => from_at <= at).map((row) => toOpen({ ...row, count: 1 })),
      next:
        rows.length < readPerStatement
          ? undefined
          : { until: last!.until_at, finding: last!.finding, number: last!.number },
    }
  }
}
