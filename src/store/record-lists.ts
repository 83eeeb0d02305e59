// Reading the record: decisions and audit entries by what they are about, newest or oldest first, a page at a time.
import { listOf, type Sql, type SqlValue } from './sql.ts'

/** Every given part must hold. */
export interface DecisionFilter {
  readonly account?: string
  readonly locale?: string
  readonly resourceType?: string
  readonly outcome?: string
  readonly mode?: string
  readonly policyId?: string
  readonly pool?: string
  /** What assignments that only watch would have answered. */
  readonly wouldBe?: string
  readonly candidateOutcome?: string
}
export interface EntryFilter {
  readonly account?: string
  readonly principal?: string
  readonly action?: string
}

/** One line of the audit. */
export interface ListedEntry {
  readonly n: number
  readonly at: number
  readonly requestId: string
  readonly account: string
  readonly principal: string
  readonly accessKeyId: string
  readonly sourceAddress: string
  readonly region: string
  readonly action: string
  readonly outcome: string
  readonly subjects: readonly string[]
}

/** Rulings or origins that are looked through for those that match; where there are more, the list itself is. */
const repeatedRowsMax = 1_000
/** Of those that match. Beyond, the list is read in order of time and what does not match is passed over. */
const headsMax = 32
const stepSize = 1_000
/** Rows looked at for one page; with fewer matches the page is shorter and says where to go on. */
export const rowsPerPageMax = 50_000

/** Numbers, and where to go on where `isWhole` is false. */
export interface Found {
  readonly numbers: readonly number[]
  /** The last number looked at. */
  readonly last: number
  readonly isWhole: boolean
}

/** In the order in which they are asked for: first what few rows have. Each has an index. */
const filterColumns = [
  ['pool', 'pool'],
  ['policyId', 'policy_id'],
  ['principal', 'principal'],
  ['candidateOutcome', 'candidate_outcome'],
  ['wouldBe', 'would_be'],
  ['account', 'account'],
  ['outcome', 'outcome'],
  ['action', 'action'],
  ['mode', 'mode'],
  ['locale', 'locale'],
  ['resourceType', 'resource_type'],
] as const satisfies readonly (readonly [keyof DecisionFilter | keyof EntryFilter, string])[]
type Filter = DecisionFilter & EntryFilter

export class RecordLists {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Numbers of decisions before `before`, newest first. */
  async decisionsBefore(filter: DecisionFilter, before: number, limit: number): Promise<Found> {
    return this.#list({ table: 'decision', repeated: 'ruling', isNewestFirst: true }, filter, before, limit)
  }
  /** Numbers of audit entries after `after`, oldest first. */
  async entriesAfter(filter: EntryFilter, after: number, limit: number): Promise<Found> {
    return this.#list({ table: 'audit_entry', repeated: 'origin', isNewestFirst: false }, filter, after, limit)
  }

  /** Entries by number. */
  async entries(numbers: readonly number[]): Promise<ReadonlyMap<number, ListedEntry>> {
    if (numbers.length === 0) return new Map()
    const list = listOf(numbers)
    const rows = await this.#sql.all<Omit<ListedEntry, 'subjects'> & { subjects: string }>(
      `select a.n, a.at, a.request_id as "requestId", o.account, o.principal, o.access_key_id as "accessKeyId",
         o.source_address as "sourceAddress", o.region, o.action, a.outcome, a.subjects
       from audit_entry a join origin o on o.n = a.origin where a.n in ${list.text}`,
      ...list.values,
    )
    return new Map(rows.map((row) => [row.n, { ...row, subjects: row.subjects === '' ? [] : row.subjects.split(' ') }]))
  }
  async lastEntry(): Promise<number> {
    return (await this.#sql.get<{ n: number | null }>('select max(n) as n from audit_entry'))?.n ?? 0
  }
  /** The first number at or after a moment. Rows are numbered in the order of time, so halving finds it without an index. */
  async firstSince(table: 'decision' | 'audit_entry', since: number): Promise<number> {
    let low = 0
    let high = ((await this.#sql.get<{ n: number | null }>(`select max(n) as n from ${table}`))?.n ?? 0) + 1
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const row = await this.#sql.get<{ n: number; at: number }>(
        `select n, at from ${table} where n >= ? order by n limit 1`,
        middle,
      )
      if (!row || row.at >= since) high = middle
      else low = row.n + 1
    }
    return low
  }

  async #list(list: List, filter: Filter, from: number, limit: number): Promise<Found> {
    const wanted = filterColumns.filter(([name]) => filter[name] !== undefined)
    if (wanted.length === 0) return this.#scan(list, 'all', from, limit)
    const conditions: Conditions = {
      text: wanted.map(([, column]) => `r.${column} = ?`).join(' and '),
      values: wanted.map(([name]) => filter[name] as SqlValue),
    }
    const matching = await this.#matching(list, wanted, filter)
    if (matching === undefined || matching.length > headsMax) return this.#scan(list, conditions, from, limit)
    if (matching.length === 0) return { numbers: [], last: from, isWhole: true }
    // Each repeated row's own are in order in the index: the head of each is enough, whatever the limit leaves over.
    const { values } = listOf(matching)
    const head = `select n from (select n from ${list.table} where ${list.repeated} = ? and n ${list.isNewestFirst ? '<' : '>'} ?
      order by n ${list.isNewestFirst ? 'desc' : 'asc'} limit ?) head`
    const rows = await this.#sql.all<{ n: number }>(
      // The same one may be asked for twice, to fill up: `union` names each number once.
      `${values.map(() => head).join(' union ')} order by n ${list.isNewestFirst ? 'desc' : 'asc'} limit ?`,
      ...values.flatMap((repeated) => [repeated, from, limit]),
      limit,
    )
    const numbers = rows.map(({ n }) => n)
    return { numbers, last: numbers.at(-1) ?? from, isWhole: numbers.length < limit }
  }

  /** The numbers of the repeated rows that match; undefined where too many have each of the wanted values. */
  async #matching(
    { repeated }: List,
    wanted: readonly (typeof filterColumns)[number][],
    filter: Filter,
  ): Promise<number[] | undefined> {
    for (const [name, column] of wanted) {
      const rows = await this.#sql.all<Record<string, SqlValue>>(
        `select n, ${wanted.map(([, column]) => column).join(', ')} from ${repeated} where ${column} = ? limit ?`,
        filter[name] as SqlValue,
        repeatedRowsMax,
      )
      if (rows.length === repeatedRowsMax) continue
      return rows
        .filter((row) => wanted.every(([name, column]) => row[column] === filter[name]))
        .map(({ n }) => Number(n))
    }
    return undefined
  }

  /** In order of time, a step at a time; what does not match is passed over. */
  async #scan(list: List, conditions: Conditions | 'all', from: number, limit: number): Promise<Found> {
    const isAll = conditions === 'all'
    const step = isAll ? limit : stepSize
    const { table, repeated } = list
    const text = isAll
      ? `select t.n, 1 as matches from ${table} t`
      : `select t.n, case when ${conditions.text} then 1 else 0 end as matches from ${table} t join ${repeated} r on r.n = t.${repeated}`
    const numbers: number[] = []
    let last = from
    for (let rowsRead = 0; rowsRead < rowsPerPageMax; ) {
      const rows = await this.#sql.all<{ n: number; matches: number }>(
        `${text} where t.n ${list.isNewestFirst ? '<' : '>'} ? order by t.n ${list.isNewestFirst ? 'desc' : 'asc'} limit ?`,
        ...(isAll ? [] : conditions.values),
        last,
        step,
      )
      for (const { n, matches } of rows) {
        last = n
        if (matches === 0) continue
        numbers.push(n)
        if (numbers.length === limit) return { numbers, last, isWhole: false }
      }
      if (rows.length < step) return { numbers, last, isWhole: true }
      rowsRead += rows.length
    }
    return { numbers, last, isWhole: false }
  }
}

interface Conditions {
  readonly text: string
  readonly values: readonly SqlValue[]
}
interface List {
  readonly table: 'decision' | 'audit_entry'
  /** The table of the repeated rows, and the column that names one. */
  readonly repeated: 'ruling' | 'origin'
  readonly isNewestFirst: boolean
}
