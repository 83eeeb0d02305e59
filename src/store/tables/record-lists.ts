// Reading the record: decisions and audit entries by what they are about, newest or oldest first, a page at a time.

import { kindOf, sequenceIn } from '#model/identifier.ts'
import { firstOf } from '../merged-ranges.ts'
import { listOf, listOfNumbers, listOfTexts, type Sql, type SqlValue } from '../sql.ts'
import type { Subject } from '../subjects.ts'
import { newestEntry } from '../time.ts'
import { makersBeside, makersIn } from './api-tokens.ts'
import { standsInEntry } from './journal.ts'

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
  /** The names of an object that the change or refusal was about: an Elastic IP and its allocation are one. */
  readonly subject?: readonly string[]
  /** Of these alone: whatever others asked costs nothing then. */
  readonly accounts?: readonly string[] | undefined
}
export interface EntryFilter {
  readonly account?: string
  readonly principal?: string
  readonly action?: string
  readonly subject?: readonly string[]
}

/** One line of the audit. */
export interface ListedEntry {
  readonly n: number
  readonly at: number
  readonly requestId: string
  readonly account: string
  readonly principal: string
  readonly accessKeyId: string
  /** Who made the token that was used, and who made theirs. */
  readonly makers: readonly string[]
  readonly sourceAddress: string
  readonly region: string
  readonly action: string
  readonly outcome: string
  readonly isDryRun: boolean
  /** For how many refusals it stands; 1, unless they were too many to have an entry each. */
  readonly times: number
  /** The first of them. */
  readonly subjects: readonly Subject[]
  /** How many there are. */
  readonly subjectCount: number
}

/** An entry as whoever follows the record reads it. */
export interface FollowedEntry {
  readonly n: number
  readonly at: number
  readonly outcome: string
  /** The first of them. */
  readonly subjects: readonly Subject[]
  readonly subjectCount: number
}
export interface FollowedEntries {
  /** Those that changed something, but for what policy has just given. */
  readonly entries: readonly FollowedEntry[]
  /** How far that was read: the last one looked at. */
  readonly last: { readonly n: number; readonly at: number }
  /** Whether there was none behind it. */
  readonly isNewest: boolean
}
interface EntryRow extends Omit<ListedEntry, 'subjects' | 'subjectCount' | 'isDryRun' | 'times' | 'makers'> {
  readonly makers: string | null
  readonly dryRun: number | null
  readonly times: number | null
  readonly subjects: string
}
interface SubjectRow {
  readonly entry: number
  readonly place: number
  readonly object_id: string
  readonly version_before: number | null
  readonly version_after: number | null
}
const toSubject = ({ object_id: id, version_before: before, version_after: after }: SubjectRow): Subject => ({
  id,
  before: before ?? undefined,
  after: after ?? undefined,
})
const subjectsIn = (text: string): Subject[] => (text === '' ? [] : text.split(' ').map((id) => ({ id })))

/**
 * Rulings or origins whose rows are read as ranges of their own. Where more may match, the list is read in order of time and what
 * does not match is passed over.
 */
const matchingMax = 4_096
const stepSize = 1_000
/** Rows looked at for one page; with fewer matches the page is shorter and says where to go on. */
export const rowsPerPageMax = 50_000

/** Entries that are passed over at once where they are followed, and rows of subjects that are read of the others. */
const followedPassedMax = 5_000
const followedRowsMax = 5_000

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
] as const satisfies readonly (readonly [keyof Filter, string])[]
type Filter = Omit<DecisionFilter & EntryFilter, 'subject' | 'accounts'>
type ListFilter = Omit<DecisionFilter & EntryFilter, 'subject'>
type Wanted = readonly (typeof filterColumns)[number][]

/** Lets other requests have their turn. */
interface Turns {
  nextTurn(): Promise<void>
}

/** How many decisions one account had of one outcome in one stretch of time. */
export interface CountedDecisions {
  readonly account: string
  readonly outcome: 'allow' | 'steer' | 'warn' | 'deny'
  /** The first and the last of their moments. */
  readonly from: number
  readonly until: number
  readonly count: number
  /** The least of their numbers. */
  readonly least: number
}

export class RecordLists {
  readonly #sql: Sql
  readonly #turns: Turns
  constructor(sql: Sql, turns: Turns) {
    this.#sql = sql
    this.#turns = turns
  }

  /** Numbers of decisions before `before`, newest first. */
  async decisionsBefore({ subject, ...filter }: DecisionFilter, before: number, limit: number): Promise<Found> {
    if (subject !== undefined) {
      const found = subject.map((name) => this.#decisionsAbout(name, filter, before, limit))
      return merged(await Promise.all(found), limit, { isNewestFirst: true })
    }
    return this.#list({ table: 'decision', repeated: 'ruling', isNewestFirst: true }, filter, before, limit)
  }
  /** Numbers of decisions after `after`, oldest first. */
  async decisionsAfter(filter: Omit<DecisionFilter, 'subject'>, after: number, limit: number): Promise<Found> {
    return this.#list({ table: 'decision', repeated: 'ruling', isNewestFirst: false }, filter, after, limit)
  }
  async lastDecision(): Promise<number> {
    return (await this.#sql.get<{ n: number | null }>('select max(n) as n from decision'))?.n ?? 0
  }
  /** Numbers of decisions after `after` that denied, or would have by what is only observed, oldest first: of all accounts, or of some. */
  async denialsAfter(accounts: readonly string[] | undefined, after: number, limit: number): Promise<Found> {
    const list = { table: 'decision', repeated: 'ruling', isNewestFirst: false } as const
    const denied = await this.#list(list, { accounts, outcome: 'deny' }, after, limit)
    const observed = await this.#list(list, { accounts, wouldBe: 'deny' }, after, limit)
    return merged([denied, observed], limit, list)
  }
  /**
   * The latest decisions before a number, `limit` at most: how many there are of each account, outcome and stretch of time, from when to
   * when, and the least of their numbers.
   */
  async countDecisions({
    first,
    before,
    limit,
    perMs,
  }: {
    readonly first: number
    readonly before: number
    readonly limit: number
    readonly perMs: number
  }): Promise<CountedDecisions[]> {
    return this.#sql.all<CountedDecisions>(
      `select r.account, r.outcome, min(d.at) as "from", max(d.at) as until, count(*) as count, min(d.n) as least
       from (select n, at, ruling from decision where n >= ? and n < ? order by n desc limit ?) d
       join ruling r on r.n = d.ruling group by r.account, r.outcome, d.at / cast(? as bigint)`,
      first,
      before,
      limit,
      perMs,
    )
  }
  /** Numbers of audit entries after `after`, oldest first. */
  async entriesAfter(filter: EntryFilter, after: number, limit: number): Promise<Found> {
    return this.#entries(filter, after, limit, { isNewestFirst: false })
  }
  /** Numbers of audit entries before `before`, newest first. */
  async entriesBefore(filter: EntryFilter, before: number, limit: number): Promise<Found> {
    return this.#entries(filter, before, limit, { isNewestFirst: true })
  }
  async #entries(
    { subject, ...filter }: EntryFilter,
    from: number,
    limit: number,
    { isNewestFirst }: Direction,
  ): Promise<Found> {
    if (subject !== undefined) {
      const found = subject.map((name) => this.#entriesAbout(name, filter, from, limit, { isNewestFirst }))
      return merged(await Promise.all(found), limit, { isNewestFirst })
    }
    return this.#list({ table: 'audit_entry', repeated: 'origin', isNewestFirst }, filter, from, limit)
  }

  /** Entries by number, each with its first subjects. */
  async entries(numbers: readonly number[], subjectsMax: number): Promise<ReadonlyMap<number, ListedEntry>> {
    if (numbers.length === 0) return new Map()
    const list = listOf(numbers)
    const rows = await this.#sql.all<EntryRow>(
      `select a.n, a.at, a.request_id as "requestId", o.account, o.principal, o.access_key_id as "accessKeyId",
         o.source_address as "sourceAddress", o.region, o.action, a.outcome, a.dry_run as "dryRun", a.times, a.subjects,
         ${makersBeside}
       from audit_entry a join origin o on o.n = a.origin where a.n in ${list.text}`,
      ...list.values,
    )
    const first = await this.#sql.all<SubjectRow>(
      `select entry, place, object_id, version_before, version_after from audit_subject
       where entry in ${list.text} and place < ? order by entry, place limit ?`,
      ...list.values,
      subjectsMax,
      subjectsMax * numbers.length,
    )
    const counts = await this.#sql.all<{ entry: number; last: number }>(
      `select entry, max(place) as last from audit_subject where entry in ${list.text} group by entry limit ?`,
      ...list.values,
      numbers.length,
    )
    const countOf = new Map(counts.map(({ entry, last }) => [entry, last + 1]))
    const firstOf = Map.groupBy(first, ({ entry }) => entry)
    return new Map(
      rows.map(({ dryRun, times, makers, subjects: text, ...row }) => {
        const inline = subjectsIn(text)
        const subjects = firstOf.get(row.n)?.map(toSubject) ?? inline.slice(0, subjectsMax)
        const subjectCount = countOf.get(row.n) ?? inline.length
        const rest = { isDryRun: dryRun !== null, times: times ?? 1, makers: makersIn(makers) }
        return [row.n, { ...row, ...rest, subjects, subjectCount }]
      }),
    )
  }
  /**
   * The entries after one, oldest first, with the first subjects of each, as ranges of numbers, since entries and their subjects are
   * numbered in one order; what policy has just given is passed over. Fewer than so many where they are about very much.
   */
  async followed(after: number, limit: number, subjectsMax: number): Promise<FollowedEntries> {
    const whole = await this.#sql.get<{ n: number; at: number }>(
      'select n, at from audit_entry where n > ? order by n limit 1 offset ?',
      after,
      followedPassedMax - 1,
    )
    const end = whole ?? (await this.#sql.get<{ n: number; at: number }>(newestEntry))
    if (!end) return { entries: [], last: { n: after, at: 0 }, isNewest: true }
    const rows = await this.#sql.all<{ n: number; at: number; outcome: string; subjects: string }>(
      'select n, at, outcome, subjects from audit_entry where n > ? and n <= ? and given is null order by n limit ?',
      after,
      end.n,
      limit,
    )
    if (rows.length === 0) return { entries: [], last: end, isNewest: !whole }
    const named = await this.#sql.all<SubjectRow>(
      `select entry, place, object_id, version_before, version_after from audit_subject
       where entry > ? and entry <= ? and place < ? order by entry, place limit ?`,
      after,
      rows.at(-1)!.n,
      subjectsMax,
      followedRowsMax,
    )
    // Of the last one that was read there may be more: it is left to the next time, if it is not the first.
    const cut = named.length < followedRowsMax ? undefined : named.at(-1)!.entry
    const isRead = (n: number): boolean => cut === undefined || n < cut || n === rows[0]!.n
    const entries = rows.filter(({ n }) => isRead(n))
    const counts =
      named.length === 0
        ? []
        : await this.#sql.all<{ entry: number; last: number }>(
            `select entry, max(place) as last from audit_subject where entry > ? and entry <= ? group by entry limit ?`,
            after,
            entries.at(-1)!.n,
            limit,
          )
    const countOf = new Map(counts.map(({ entry, last }) => [entry, last + 1]))
    const firstOf = Map.groupBy(named, ({ entry }) => entry)
    const read = entries.map(({ subjects: text, ...row }): FollowedEntry => {
      const some = firstOf.get(row.n)
      if (some) return { ...row, subjects: some.map(toSubject), subjectCount: countOf.get(row.n)! }
      const subjects = subjectsIn(text)
      return { ...row, subjects, subjectCount: subjects.length }
    })
    const isAll = rows.length < limit && entries.length === rows.length
    return { entries: read, last: isAll ? end : entries.at(-1)!, isNewest: isAll && !whole }
  }
  /** The subjects of an entry from a place on, in order. */
  async subjectsOf(entry: number, from: number, limit: number): Promise<Subject[]> {
    const rows = await this.#sql.all<SubjectRow>(
      `select entry, place, object_id, version_before, version_after from audit_subject
       where entry = ? and place >= ? order by place limit ?`,
      entry,
      from,
      limit,
    )
    if (rows.length > 0) return rows.map(toSubject)
    const text = await this.#sql.get<{ subjects: string }>('select subjects from audit_entry where n = ?', entry)
    return subjectsIn(text?.subjects ?? '').slice(from, from + limit)
  }
  /**
   * By which entries the versions of an object began, from a moment on: by the version. Reads so many of the entries about the
   * object, in order; those that began no version among them.
   */
  async beginningsOf(
    objectId: string,
    since: number,
    limit: number,
  ): Promise<ReadonlyMap<number, { readonly entry: number; readonly firstDecision: number | undefined }>> {
    const first = await this.firstSince('audit_entry', since)
    const rows = await this.#sql.all<{ entry: number; version_after: number | null; first_decision: number | null }>(
      `select entry, version_after, first_decision from audit_subject
       where object_id = ? and entry >= ? order by entry limit ?`,
      objectId,
      first,
      limit,
    )
    return new Map(
      rows.flatMap(({ entry, version_after: version, first_decision: decision }) =>
        version === null ? [] : [[version, { entry, firstDecision: decision ?? undefined }] as const],
      ),
    )
  }
  /** Of these pairs of numbers, as `AFTER/BEFORE`, those between which any entry lies. */
  async anyEntryBetween(pairs: readonly (readonly [after: number, before: number])[]): Promise<ReadonlySet<string>> {
    if (pairs.length === 0) return new Set()
    const list = listOfNumbers(pairs)
    const rows = await this.#sql.all<{ n: number; until: number }>(
      `with asked (n, until) as (values ${list.text})
       select asked.n, asked.until from asked
       where exists (select 1 from audit_entry a where a.n > asked.n and a.n < asked.until)`,
      ...list.values,
    )
    return new Set(rows.map(({ n, until }) => `${n}/${until}`))
  }
  /**
   * The last of the entries behind one that are looked at together, whatever they are about: with so many of them, or with so many
   * subjects in rows of their own, it ends. Undefined where the record ends first.
   */
  async stretchEnd(
    from: number,
    { isNewestFirst }: Direction,
    { entries, subjects }: { readonly entries: number; readonly subjects: number },
  ): Promise<number | undefined> {
    const [behind, order] = isNewestFirst ? ['<', 'desc'] : ['>', 'asc']
    const entry = await this.#sql.get<{ n: number }>(
      `select n from audit_entry where n ${behind} ? order by n ${order} limit 1 offset ?`,
      from,
      entries - 1,
    )
    const subject = await this.#sql.get<{ n: number }>(
      `select entry as n from audit_subject where entry ${behind} ? order by entry ${order}, place ${order} limit 1 offset ?`,
      from,
      subjects - 1,
    )
    const ends = [entry, subject].flatMap((one) => one?.n ?? [])
    return ends.length === 0 ? undefined : isNewestFirst ? Math.max(...ends) : Math.min(...ends)
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

  async #list(list: List, { accounts, ...filter }: ListFilter, from: number, limit: number): Promise<Found> {
    const wanted = wantedOf(filter)
    if (wanted.length === 0 && !accounts) return this.#scan(list, 'all', from, limit)
    const matching =
      (accounts && (await this.#matchingOf(list, accounts, wanted, filter))) ??
      (await this.#matching(list, wanted, filter))
    if (matching === undefined) {
      return this.#scan(list, conditionsOf({ accounts, ...filter }), from, limit)
    }
    const { table, repeated, isNewestFirst } = list
    const rows = await firstOf<{ n: number }>(
      this.#sql,
      matching,
      {
        columns: 't.n',
        table: `${table} t`,
        where: (key) => `t.${repeated} = ${key} and t.n ${isNewestFirst ? '<' : '>'} ?`,
        values: [from],
        order: ['n'],
        isDescending: isNewestFirst,
        compare: (a, b) => (isNewestFirst ? b.n - a.n : a.n - b.n),
      },
      limit,
    )
    const numbers = rows.map(({ n }) => n)
    return { numbers, last: numbers.at(-1) ?? from, isWhole: numbers.length < limit }
  }

  /** The numbers of the repeated rows of some accounts that match; undefined where these have too many. */
  async #matchingOf(
    { repeated }: List,
    accounts: readonly string[],
    wanted: Wanted,
    filter: Filter,
  ): Promise<number[] | undefined> {
    const list = listOfTexts(accounts)
    // By the index of accounts: an expression is served by no other.
    const rows = await this.#sql.all<{ n: number }>(
      `select n from ${repeated} where account in ${list.text}
       ${wanted.map(([, column]) => `and ${column} || '' = ?`).join(' ')} limit ?`,
      ...list.values,
      ...wanted.map(([name]) => filter[name] as SqlValue),
      matchingMax + 1,
    )
    return rows.length > matchingMax ? undefined : rows.map(({ n }) => n)
  }

  /** The numbers of the repeated rows that match; undefined where too many have each of the wanted values. */
  async #matching({ repeated }: List, wanted: Wanted, filter: Filter): Promise<number[] | undefined> {
    for (const [name, column] of wanted) {
      const rows = await this.#sql.all<Record<string, SqlValue>>(
        `select n, ${wanted.map(([, column]) => column).join(', ')} from ${repeated} where ${column} = ? limit ?`,
        filter[name] as SqlValue,
        matchingMax + 1,
      )
      if (rows.length > matchingMax) continue
      return rows
        .filter((row) => wanted.every(([name, column]) => row[column] === filter[name]))
        .map(({ n }) => Number(n))
    }
    return undefined
  }

  /** In order of time, a step at a time; what does not match is passed over. */
  async #scan(list: List, conditions: Conditions | 'all', from: number, limit: number): Promise<Found> {
    const { table, repeated, isNewestFirst } = list
    const rows = `where t.n ${isNewestFirst ? '<' : '>'} ? order by t.n ${isNewestFirst ? 'desc' : 'asc'} limit ?`
    if (conditions === 'all') {
      const text = `select t.n, 1 as matches from ${table} t ${rows}`
      return this.#walk((last, step) => [text, last, step], { from, limit, step: limit })
    }
    const text = `select t.n, case when ${conditions.text} then 1 else 0 end as matches
      from ${table} t join ${repeated} r on r.n = t.${repeated} ${rows}`
    return this.#walk((last, step) => [text, ...conditions.values, last, step], { from, limit })
  }

  /** Entries that name an object: in a row of its own, found by the index, or in the entry itself, one after the other. */
  async #entriesAbout(
    subject: string,
    filter: Filter,
    from: number,
    limit: number,
    { isNewestFirst }: Direction,
  ): Promise<Found> {
    const { text, values } = conditionsOf(filter)
    const [behind, order] = isNewestFirst ? ['<', 'desc'] : ['>', 'asc']
    const inRow = `select s.entry as n, case when ${text} then 1 else 0 end as matches
      from audit_subject s join audit_entry t on t.n = s.entry join origin r on r.n = t.origin
      where s.object_id = ? and s.entry ${behind} ? order by s.entry ${order} limit ?`
    const rows = await this.#walk((last, step) => [inRow, ...values, subject, last, step], { from, limit })
    // Entries from before there were rows name everything themselves.
    const first = await this.#sql.get<{ entry: number | null }>('select min(entry) as entry from audit_subject')
    const end = standsInEntry(subject) ? Number.MAX_SAFE_INTEGER : (first?.entry ?? Number.MAX_SAFE_INTEGER)
    // Nothing was done to it before its own number was drawn.
    const begin = (kindOf(subject) && sequenceIn(subject)) ?? 0
    const inEntry = `select t.n, case when ${text} and ' ' || t.subjects || ' ' like ? escape '!' then 1 else 0 end as matches
      from audit_entry t join origin r on r.n = t.origin where t.n > ? and t.n < ? order by t.n ${order} limit ?`
    const pattern = `% ${subject.replaceAll(/[!%_]/g, '!$&')} %`
    const between = (last: number): readonly [number, number] =>
      isNewestFirst ? [begin, Math.min(last, end)] : [Math.max(last, begin), end]
    const entries = await this.#walk((last, step) => [inEntry, ...values, pattern, ...between(last), step], {
      from,
      limit,
    })
    return merged([rows, entries], limit, { isNewestFirst })
  }

  /** Decisions of the entries that name an object in a row of its own. */
  async #decisionsAbout(subject: string, filter: ListFilter, before: number, limit: number): Promise<Found> {
    const { text, values } = conditionsOf(filter)
    const inRow = `select d.n, case when ${text} then 1 else 0 end as matches
      from audit_subject s join decision d on d.n >= s.first_decision and d.n < s.entry and d.audit_entry = s.entry
        join ruling r on r.n = d.ruling
      where s.object_id = ? and s.first_decision is not null and d.n < ?
        and s.entry <= coalesce((select a.n from audit_entry a where a.n >= ? order by a.n limit 1), ?)
      order by s.entry desc, d.n desc limit ?`
    return this.#walk((last, step) => [inRow, ...values, subject, last, last, last, step], { from: before, limit })
  }

  /** Reads a step at a time until enough match, all is read, or too much was. */
  async #walk(
    read: (last: number, step: number) => readonly [string, ...SqlValue[]],
    { from, limit, step = stepSize }: { readonly from: number; readonly limit: number; readonly step?: number },
  ): Promise<Found> {
    const numbers: number[] = []
    let last = from
    for (let rowsRead = 0; rowsRead < rowsPerPageMax; ) {
      if (rowsRead > 0) await this.#turns.nextTurn()
      const [text, ...values] = read(last, step)
      const rows = await this.#sql.all<{ n: number; matches: number }>(text, ...values)
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

/** Several lists in one order as one, as far as all of them were read. */
function merged(lists: readonly Found[], limit: number, { isNewestFirst }: Direction): Found {
  const inOrder = (a: number, b: number): number => (isNewestFirst ? b - a : a - b)
  const unread = lists.filter(({ isWhole }) => !isWhole).map(({ last }) => last)
  // Where all were read, the one that went furthest; else the one that came least far.
  const end =
    unread.length > 0
      ? unread.sort(inOrder)[0]!
      : lists
          .map(({ last }) => last)
          .sort(inOrder)
          .at(-1)!
  const all = [...new Set(lists.flatMap(({ numbers }) => numbers))].filter((n) => inOrder(n, end) <= 0).sort(inOrder)
  const numbers = all.slice(0, limit)
  const isCut = all.length > limit
  return { numbers, last: isCut ? numbers.at(-1)! : end, isWhole: unread.length === 0 && !isCut }
}

const wantedOf = (filter: Filter) => filterColumns.filter(([name]) => filter[name] !== undefined)
/** Of the repeated row `r`; without any, all match. */
function conditionsOf({ accounts, ...filter }: ListFilter): Conditions {
  const wanted = wantedOf(filter)
  const some = accounts && listOfTexts(accounts)
  const texts = [...(some ? [`r.account in ${some.text}`] : []), ...wanted.map(([, column]) => `r.${column} = ?`)]
  return {
    text: texts.length === 0 ? '1 = 1' : texts.join(' and '),
    values: [...(some?.values ?? []), ...wanted.map(([name]) => filter[name] as SqlValue)],
  }
}

interface Direction {
  readonly isNewestFirst: boolean
}
interface Conditions {
  readonly text: string
  readonly values: readonly SqlValue[]
}
interface List extends Direction {
  readonly table: 'decision' | 'audit_entry'
  /** The table of the repeated rows, and the column that names one. */
  readonly repeated: 'ruling' | 'origin'
}
