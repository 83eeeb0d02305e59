// How long decisions are kept, and what is over of findings, counted in days that the record has seen; and forgetting what is older, a
// few at a time.

import type { Sql } from '../sql.ts'
import { changing, integer, onlyRow, optional, table } from '../table.ts'
import type { Journal } from './journal.ts'
import { setDecisionDays } from './retention-setting.ts'

const dayMs = 86_400_000
/** Decisions that one transaction looks at. */
const decisionsPerTurn = 500
/** Rows of what has ended that one transaction forgets. */
const endedPerTurn = 500

/** How long decisions are kept: whoever could change it could have the record forgotten, so only the owner of the database may. */
export const retentionTable = table(
  'retention',
  { only: onlyRow(), decisionDays: optional(integer()), setAt: optional(integer()) },
  'seeded',
)
/** How far the present round has come, and what may be gone: a decision with a lower number that is not there was forgotten. */
export const forgettingTable = table(
  'forgetting',
  {
    only: onlyRow(),
    /** The day for which the round is, and the decision that it goes on with. */
    day: changing(integer()),
    nextN: changing(integer()),
    beforeN: changing(integer()),
    beforeAt: changing(integer()),
    decisions: changing(integer()),
    /** Of findings, what ended before may be gone; and how many rows are. */
    endedBeforeAt: changing(integer()),
    ended: changing(integer()),
  },
  'seeded',
)
/**
 * The days that the record has seen: ages are counted in them, so that a wrong clock cannot age what is on record. When a day
 * begins is said by the clock of the database, where it has one of its own.
 */
export const recordDayTable = table(
  'record_day',
  {
    day: integer(),
    /** Numbers drawn before the day began are lower. */
    firstN: integer(),
    at: integer(),
  },
  'recorded',
)

export interface RetentionSetting {
  /** Undefined: for good. */
  readonly decisionDays: number | undefined
  /** Undefined: never. */
  readonly setAt: number | undefined
}
/** What may be gone: decisions with a lower number, from before a moment. */
export interface Forgotten {
  readonly beforeN: number
  readonly beforeAt: number
  /** How many are gone. */
  readonly decisions: number
  /** Of findings and of space that no pool gave, what ended before; 0: nothing. */
  readonly endedBeforeAt: number
}
/** What one turn forgot. */
export type Forgot =
  | { readonly what: 'decisions'; readonly first: number; readonly last: number; readonly count: number }
  | { readonly what: 'findings'; readonly beforeAt: number; readonly count: number }

/** What there is to do; undefined: nothing. */
type Work =
  | { readonly kind: 'day'; readonly day: number }
  | { readonly kind: 'range'; readonly range: Range }
  | { readonly kind: 'ended'; readonly name: keyof typeof ended; readonly before: number }
interface Range {
  /** The day of the record for which the round is. */
  readonly day: number
  readonly from: number
  /** The first number behind. */
  readonly to: number
  /** The day since which decisions are kept. */
  readonly since: Day
}
interface Day {
  readonly first_n: number
  readonly at: number
}
interface State {
  decision_days: number | null
  day: number
  next_n: number
  last_day: number | null
  last_at: number | null
}
interface GoingRow {
  n: number
  ruling: number
}

/** What is over, in the order in which it goes: stretches before the finding that they are of. As the triggers have it. */
const ended = {
  finding_opening: { key: 'finding, number', where: 'until_at is not null and until_at < ?', order: 'until_at' },
  finding: {
    key: 'n',
    // What was set aside stays so for as long as somebody has said.
    where: `resolved_at is not null and resolved_at < ? and (suppressed_until is null or suppressed_until < ?)
      and not exists (select 1 from finding_opening o where o.finding = finding.n)`,
    order: 'resolved_at',
  },
  brought_space: { key: 'n', where: 'ended_at is not null and ended_at < ?', order: 'ended_at' },
} as const
const endedNames = Object.keys(ended) as readonly (keyof typeof ended)[]
const momentsIn = (where: string): number => where.split('?').length - 1

/** As the trigger `decision_kept` has it; beside it, so that nothing is asked for that it would refuse. */
const mayGo = `d.n < ? and d.at < ?
  and not exists (select 1 from allocation a where a.first = d.first and a.length = d.length and a.decision = d.n)
  and not exists (select 1 from hold h where h.first = d.first and h.length = d.length and h.decision = d.n)
  and not exists (select 1 from tenure_state s join allocation a on a.n = s.n where s.decision = d.n)
  and not exists (select 1 from tenure_state s join hold h on h.n = s.n where s.decision = d.n)
  and not exists (select 1 from exception_use u where u.decision = d.n and u.first is not null)
  and not exists (
    select 1 from (
      select t.decision, t.released_at from allocation_history t
      where t.first = d.first and t.length = d.length and t.created_at <= d.at order by t.created_at desc limit 100
    ) lately where lately.decision = d.n and lately.released_at >= ?)
  and not exists (
    select 1 from tenure_state s join allocation_history t on t.n = s.n
    where s.decision = d.n and t.released_at >= ?)`

export class Retention {
  readonly #sql: Sql
  readonly #journal: Journal
  constructor(sql: Sql, journal: Journal) {
    this.#sql = sql
    this.#journal = journal
  }

  async setting(): Promise<RetentionSetting> {
    const { decisionDays, setAt } = (await retentionTable.first(this.#sql, ''))!
    return { decisionDays, setAt }
  }
  /** Only the owner of the database may. */
  async set(decisionDays: number | undefined, at: number): Promise<void> {
    await setDecisionDays(this.#sql, decisionDays, at)
  }
  async forgotten(): Promise<Forgotten> {
    const row = await this.#sql.get<Forgotten>(
      'select before_n as "beforeN", before_at as "beforeAt", decisions, ended_before_at as "endedBeforeAt" from forgetting',
    )
    return row!
  }

  /** When the day began, so many days before the newest one that the record has seen; undefined where it has not seen so many. */
  async dayBefore(days: number): Promise<number | undefined> {
    const [row] = await this.#sql.all<{ at: number }>(
      'select at from record_day order by day desc limit 1 offset ?',
      days,
    )
    return row?.at
  }

  async isAnythingDue(now: number): Promise<boolean> {
    return (await this.#work(now)) !== undefined
  }

  /** A part of what is due: begins the day, or looks at some decisions. Answers what was forgotten, where any was. */
  async takeTurn(now: number, nextSequence: () => number): Promise<Forgot | undefined> {
    // Anew: another server may have done it.
    const work = await this.#work(now)
    if (work?.kind === 'day') {
      await recordDayTable.insert(this.#sql, { day: work.day, firstN: nextSequence(), at: now })
    }
    if (work?.kind === 'ended') return this.#forgetEnded(work.name, work.before)
    return work?.kind === 'range' ? this.#forget(work.range) : undefined
  }

  async #work(now: number): Promise<Work | undefined> {
    const state = (await this.#sql.get<State>(
      `select retention.decision_days, forgetting.day, forgetting.next_n, l.day as last_day, l.at as last_at
       from retention cross join forgetting left join record_day l on l.day = (select max(day) from record_day)`,
    ))!
    const { decision_days: days, last_day: day, last_at: at } = state
    if (day === null || at === null || Math.abs(now - at) >= dayMs) return { kind: 'day', day: (day ?? 0) + 1 }
    if (days === null) return undefined
    const since = await this.#sql.get<Day>('select first_n, at from record_day where day = ?', day - days)
    const from = state.day === day ? state.next_n : 0
    if (!since) return undefined
    if (from >= since.first_n) return this.#endedBefore(since.at)
    const rows = await this.#sql.all<{ n: number }>(
      'select n from decision where n >= ? and n < ? order by n limit ?',
      from,
      since.first_n,
      decisionsPerTurn,
    )
    const to = rows.length < decisionsPerTurn ? since.first_n : rows.at(-1)!.n + 1
    return { kind: 'range', range: { day, from, to, since } }
  }

  async #endedBefore(before: number): Promise<Work | undefined> {
    for (const name of endedNames) {
      const { where, order } = ended[name]
      const moments = Array.from({ length: momentsIn(where) }, () => before)
      const row = await this.#sql.get(
        `select 1 as one from ${name} where ${where} order by ${order} limit 1`,
        ...moments,
      )
      if (row) return { kind: 'ended', name, before }
    }
    return undefined
  }
  async #forgetEnded(name: keyof typeof ended, before: number): Promise<Forgot> {
    const { key, where, order } = ended[name]
    const moments = Array.from({ length: momentsIn(where) }, () => before)
    const count = await this.#sql.run(
      `delete from ${name} where (${key}) in (select ${key} from ${name} where ${where} order by ${order} limit ?)`,
      ...moments,
      endedPerTurn,
    )
    await this.#sql.run(
      `update forgetting set ended = ended + ?, ended_before_at = case when ? > ended_before_at then ? else ended_before_at end
       where "only" = 1`,
      count,
      before,
      before,
    )
    return { what: 'findings', beforeAt: before, count }
  }

  async #forget({ day, from, to, since }: Range): Promise<Forgot | undefined> {
    const conditions = [from, to, since.first_n, since.at, since.at, since.at] as const
    const going = await this.#sql.all<GoingRow>(
      `select d.n, d.ruling from decision d where d.n >= ? and d.n < ? and ${mayGo} order by d.n`,
      ...conditions,
    )
    const differences = await this.#differencesOf(conditions)
    const decisions = await this.#sql.run(
      `delete from decision as d where d.n >= ? and d.n < ? and ${mayGo}`,
      ...conditions,
    )
    for (const { candidate, account, resource_type, locale, n } of differences) {
      await this.#sql.run(
        `delete from candidate_difference
         where candidate = ? and account = ? and resource_type = ? and locale = ? and decision = ?`,
        candidate,
        account,
        resource_type,
        locale,
        n,
      )
    }
    await this.#journal.dropRulings(new Set(going.map(({ ruling }) => ruling)))
    await this.#sql.run(
      `update forgetting set day = ?, next_n = ?, before_n = case when ? > before_n then ? else before_n end,
         before_at = case when ? > before_at then ? else before_at end, decisions = decisions + ?
       where "only" = 1`,
      day,
      to,
      ...(decisions > 0 ? [to, to, since.at, since.at] : [0, 0, 0, 0]),
      decisions,
    )
    return decisions > 0
      ? { what: 'decisions', first: going[0]!.n, last: going.at(-1)!.n, count: decisions }
      : undefined
  }

  /** What is counted as a difference of a candidate goes with its decision. */
  async #differencesOf(conditions: readonly [number, number, number, number, number, number]) {
    const rows = await this.#sql.all<{
      n: number
      account: string
      resource_type: string
      locale: string
      body: string
    }>(
      `select d.n, r.account, r.resource_type, r.locale, r.body from decision d join ruling r on r.n = d.ruling
       where d.n >= ? and d.n < ? and ${mayGo} and r.candidate_outcome is not null`,
      ...conditions,
    )
    return rows.flatMap(({ body, ...rest }) =>
      this.#journal.candidatesIn(body).map((candidate) => ({ ...rest, candidate })),
    )
  }
}
