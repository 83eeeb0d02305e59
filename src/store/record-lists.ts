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

/** Beyond this many rows that could match, the list is read in order of time and what does not match is passed over. */
const repeatedRowsMax = 200
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

const filterColumns = {
  account: 'account',
  locale: 'locale',
  resourceType: 'resource_type',
  outcome: 'outcome',
  mode: 'mode',
  policyId: 'policy_id',
  pool: 'pool',
  principal: 'principal',
  action: 'action',
} as const

export class RecordLists {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Numbers of decisions before `before`, newest first. */
  async decisionsBefore(filter: DecisionFilter, before: number, limit: number): Promise<Found> {
    return this.#list(
      { table: 'decision', by: 'ruling', repeated: 'ruling', isNewestFirst: true },
      filter,
      before,
      limit,
    )
  }
  /** Numbers of audit entries after `after`, oldest first. */
  async entriesAfter(filter: EntryFilter, after: number, limit: number): Promise<Found> {
    return this.#list(
      { table: 'audit_entry', by: 'origin', repeated: 'origin', isNewestFirst: false },
      filter,
      after,
      limit,
    )
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

  async #list(list: List, filter: DecisionFilter & EntryFilter, from: number, limit: number): Promise<Found> {
    const matching = await this.#matching(list.repeated, filter)
    if (matching === 'all') return this.#scan(list, undefined, from, limit)
    if (matching.length > repeatedRowsMax) return this.#scan(list, new Set(matching), from, limit)
    const found: number[] = []
    // Each repeated row's own are in order in the index: the head of each is enough, whatever the limit leaves over.
    for (const repeated of matching) {
      const rows = await this.#sql.all<{ n: number }>(
        `select n from ${list.table} where ${list.by} = ? and n ${list.isNewestFirst ? '<' : '>'} ?
         order by n ${list.isNewestFirst ? 'desc' : 'asc'} limit ?`,
        repeated,
        from,
        limit,
      )
      for (const { n } of rows) found.push(n)
    }
    const numbers = found.sort((a, b) => (list.isNewestFirst ? b - a : a - b)).slice(0, limit)
    return { numbers, last: numbers.at(-1) ?? from, isWhole: numbers.length < limit }
  }

  /** The numbers of the repeated rows that match; `all` where nothing is asked. */
  async #matching(table: 'ruling' | 'origin', filter: DecisionFilter & EntryFilter): Promise<'all' | number[]> {
    const wanted = Object.entries(filter).filter(([, value]) => value !== undefined)
    if (wanted.length === 0) return 'all'
    const conditions = wanted.map(([name]) => `${filterColumns[name as keyof typeof filterColumns]} = ?`)
    const rows = await this.#sql.all<{ n: number }>(
      `select n from ${table} where ${conditions.join(' and ')} order by n`,
      ...wanted.map(([, value]) => value as SqlValue),
    )
    return rows.map(({ n }) => n)
  }

  async #scan(list: List, wanted: ReadonlySet<number> | undefined, from: number, limit: number): Promise<Found> {
    const numbers: number[] = []
    let last = from
    for (let rowsRead = 0; rowsRead < rowsPerPageMax; ) {
      const step = wanted ? stepSize : limit
      const rows = await this.#sql.all<{ n: number; repeated: number }>(
        `select n, ${list.by} as repeated from ${list.table} where n ${list.isNewestFirst ? '<' : '>'} ?
         order by n ${list.isNewestFirst ? 'desc' : 'asc'} limit ?`,
        last,
        step,
      )
      for (const { n, repeated } of rows) {
        last = n
        if (wanted && !wanted.has(repeated)) continue
        numbers.push(n)
        if (numbers.length === limit) return { numbers, last, isWhole: false }
      }
      if (rows.length < step) return { numbers, last, isWhole: true }
      rowsRead += rows.length
    }
    return { numbers, last, isWhole: false }
  }
}

interface List {
  readonly table: 'decision' | 'audit_entry'
  /** The column that names the repeated row. */
  readonly by: 'ruling' | 'origin'
  readonly repeated: 'ruling' | 'origin'
  readonly isNewestFirst: boolean
}
