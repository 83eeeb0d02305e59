// Change requests: what is proposed, by whom, who approved what of it, and what became of it.
import type { ChangeRequest, ChangeRequestState } from '#model/change-request.ts'
import { formatId } from '#model/identifier.ts'
import { accountableFor } from '#model/principal.ts'
import { firstOf } from '../merged-ranges.ts'
import type { Sql, SqlValue } from '../sql.ts'
import {
  changing,
  integer,
  json,
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

import type { RuleSetter } from './sources.ts'
import { bytesWrittenBy, countWrittenBytes } from './written-bytes.ts'

/** Of objects, by their ids. */
export type Versions = Readonly<Record<string, number>>

/** What is known of a person beside the name. */
type Known = Pick<ChangeRequest['author'], 'subject' | 'makers' | 'groups' | 'makerGroups'>

export const changeRequestTable = table(
  'change_request',
  {
    n: integer(),
    node: text(),
    reason: changing(text()),
    contentHash: changing(text()),
    status: changing(text<ChangeRequestState>()),
    by: named('author', text()),
    proposedAt: integer(),
    authorAs: optional(json<Known>()),
    countedFor: unread(text()),
    editors: changing(json<ChangeRequest['editors']>()),
    approvals: changing(json<ChangeRequest['approvals']>()),
    impact: changing(optional(json<NonNullable<ChangeRequest['impact']>>())),
    needed: changing(optional(json<NonNullable<ChangeRequest['needed']>>())),
    windowFrom: changing(optional(integer())),
    windowUntil: changing(optional(integer())),
    rejected: changing(optional(json<NonNullable<ChangeRequest['rejected']>>())),
    ended: changing(optional(json<NonNullable<ChangeRequest['ended']>>())),
    emergencies: changing(optional(json<NonNullable<ChangeRequest['emergencies']>>())),
    rollout: changing(optional(json<NonNullable<ChangeRequest['rollout']>>())),
    progress: changing(optional(json<NonNullable<ChangeRequest['progress']>>())),
    halted: changing(optional(json<NonNullable<ChangeRequest['halted']>>())),
    inverse: unread(unwritten(changing(optional(json<object>())))),
    /** What operations of the stages so far have made. */
    made: unread(unwritten(changing(optional(json<readonly object[]>())))),
    runner: unread(unwritten(changing(optional(json<RuleSetter>())))),
    dueAt: unread(unwritten(changing(optional(integer())))),
    appliesAt: changing(optional(integer())),
    failed: changing(optional(json<NonNullable<ChangeRequest['failed']>>())),
    plannedFor: changing(optional(integer())),
    basis: unread(unwritten(changing(optional(json<Versions>())))),
  },
  'kept',
)
type Stored = RowOf<typeof changeRequestTable>

export const changeRequestContentTable = table(
  'change_request_content',
  {
    request: references('change_request', integer()),
    contentHash: text(),
    operations: json<readonly object[]>(),
    /** What it refers to; undefined of a draft. */
    bindings: optional(json<readonly object[]>()),
  },
  'deleted',
)

type Content = Pick<RowOf<typeof changeRequestContentTable>, 'operations' | 'bindings'>

export const changeRequestWrittenTable = table(
  'change_request_written',
  { requester: text(), day: integer(), bytes: changing(integer()) },
  'deleted',
)

export const unreviewedEmergencyTable = table(
  'unreviewed_emergency',
  { request: references('change_request', integer()), place: integer(), requester: text() },
  'deleted',
)

/** What rows are found by, each with an index: one of them at a time. */
export interface ChangeRequestRange {
  readonly by: 'node' | 'status' | 'author'
  readonly keys: readonly string[]
}
/** Whom open ones are counted for; both: those of one requester at one node. */
export interface OpenCount {
  readonly accountable?: string
  readonly node?: string
  readonly max: number
}

const open = "status in ('draft', 'in-review', 'approved', 'scheduled', 'halted')"

interface Around {
  readonly installation: string
  readonly now: number
}

interface DueRow {
  readonly n: number
  /** Whoever is accountable for it. */
  readonly countedFor: string
  /** Since when it is due. */
  readonly at: number
}
export interface DueRequest extends DueRow {
  /** The next one of a rollout; else its window has opened. */
  readonly isStage: boolean
}

export class ChangeRequests {
  readonly #sql: Sql
  readonly #around: Around
  constructor(sql: Sql, around: Around) {
    this.#sql = sql
    this.#around = around
  }

  async find(n: number): Promise<ChangeRequest | undefined> {
    const row = await changeRequestTable.first(this.#sql, 'where n = ?', n)
    return row && this.#of(row)
  }
  /** What one said, by the hash of that. */
  async contentOf(n: number, contentHash: string): Promise<Content | undefined> {
    return changeRequestContentTable.first(this.#sql, 'where request = ? and content_hash = ?', n, contentHash)
  }
  /** Newest first, before a number: of some ranges of one index, or all. */
  async before(
    range: ChangeRequestRange | undefined,
    before: number,
    limit: number,
  ): Promise<{ readonly n: number; readonly request: ChangeRequest }[]> {
    const rows = range
      ? (
          await firstOf<Row & { readonly n: number }>(
            this.#sql,
            range.keys,
            {
              columns: changeRequestTable.columnsOf('t'),
              table: 'change_request t',
              where: (key) => `t.${range.by} = ${key} and t.n < ?`,
              values: [before],
              order: ['n'],
              isDescending: true,
              compare: (a, b) => b.n - a.n,
            },
            limit,
          )
        ).map((row) => changeRequestTable.of(row))
      : await changeRequestTable.all(this.#sql, 'where n < ? order by n desc limit ?', before, limit)
    return rows.map((row) => ({ n: row.n, request: this.#of(row) }))
  }
  /** The numbers of those behind one, in their order. */
  async numbersAfter(after: number, limit: number): Promise<readonly number[]> {
    const rows = await this.#sql.all<{ n: number }>(
      'select n from change_request where n > ? order by n limit ?',
      after,
      limit,
    )
    return rows.map(({ n }) => n)
  }
  /** How many wait for somebody; no more than the maximum are looked at. */
  async countOpen({ accountable, node, max }: OpenCount): Promise<number> {
    const conditions = [open]
    const values: SqlValue[] = []
    if (accountable !== undefined) {
      conditions.push('counted_for = ?')
      values.push(accountable)
    }
    if (node !== undefined) {
      conditions.push('node = ?')
      values.push(node)
    }
    const row = await this.#sql.get<{ count: number }>(
      `select count(*) as count from (select 1 as one from change_request where ${conditions.join(' and ')} limit ?) found`,
      ...values,
      max,
    )
    return row!.count
  }

  /** Emergencies that nobody else has reviewed; no more than the maximum are looked at. */
  async countUnreviewed(accountable: string, max: number): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      'select count(*) as count from (select 1 as one from unreviewed_emergency where requester = ? limit ?) found',
      accountable,
      max,
    )
    return row!.count
  }

  async insert(n: number, request: ChangeRequest, content: Content): Promise<void> {
    const { node, author, contentHash } = request
    const { by, at: proposedAt, ...known } = author
    const authorAs = Object.keys(known).length === 0 ? undefined : known
    await changeRequestTable.insert(this.#sql, {
      ...{ n, node, by, proposedAt, authorAs },
      countedFor: accountableFor(author),
      ...changesIn(request),
    })
    await this.say(n, contentHash, content)
    await this.#keepUnreviewed(n, request)
  }
  async update(n: number, request: ChangeRequest): Promise<void> {
    const dueAt = request.status === 'scheduled' ? request.progress?.nextAt : undefined
    await changeRequestTable.change(this.#sql, { ...changesIn(request), dueAt }, 'where n = ?', n)
    await this.#keepUnreviewed(n, request)
  }
  async #keepUnreviewed(n: number, { emergencies }: ChangeRequest): Promise<void> {
    if (!emergencies) return
    await this.#sql.run('delete from unreviewed_emergency where request = ?', n)
    for (const [place, { broken, reviewed }] of emergencies.entries()) {
      if (reviewed) continue
      await unreviewedEmergencyTable.insert(this.#sql, { request: n, place, requester: accountableFor(broken) })
    }
  }
  /** What undoes what was made of it so far. */
  async keepInverse(n: number, inverse: object): Promise<void> {
    await changeRequestTable.change(this.#sql, { inverse }, 'where n = ?', n)
  }
  async inverseOf(n: number): Promise<unknown> {
    const row = await this.#sql.get<{ inverse: string | null }>('select inverse from change_request where n = ?', n)
    return row?.inverse ? JSON.parse(row.inverse) : undefined
  }
  /** What its stages have made so far, for those behind them. */
  async keepMade(n: number, made: readonly object[]): Promise<void> {
    await changeRequestTable.change(this.#sql, { made }, 'where n = ?', n)
  }
  async madeBy(n: number): Promise<readonly object[]> {
    const row = await this.#sql.get<{ made: string | null }>('select made from change_request where n = ?', n)
    return row?.made ? JSON.parse(row.made) : []
  }
  /** The versions that the objects had that it changes, where it is bound to a state. */
  async keepBasis(n: number, basis: Versions | undefined): Promise<void> {
    await changeRequestTable.change(this.#sql, { basis }, 'where n = ?', n)
  }
  async basisOf(n: number): Promise<Versions | undefined> {
    const row = await this.#sql.get<{ basis: string | null }>('select basis from change_request where n = ?', n)
    return row?.basis ? (JSON.parse(row.basis) as Versions) : undefined
  }
  /** On whose right it goes on. */
  async setRunner(n: number, runner: RuleSetter): Promise<void> {
    await changeRequestTable.change(this.#sql, { runner }, 'where n = ?', n)
  }
  async runnerOf(n: number): Promise<RuleSetter | undefined> {
    const row = await this.#sql.get<{ runner: string | null }>('select runner from change_request where n = ?', n)
    return row?.runner ? (JSON.parse(row.runner) as RuleSetter) : undefined
  }
  /** Those whose window has opened, and those that are rolled out and whose next stage is due: what has waited longest first. */
  async due(limit: number): Promise<readonly DueRequest[]> {
    const { now } = this.#around
    const [windows, stages] = [
      await this.#sql.all<DueRow>(
        `select n, counted_for as "countedFor", applies_at as at from change_request
         where applies_at is not null and applies_at <= ? order by applies_at, n limit ?`,
        now,
        limit,
      ),
      await this.#sql.all<DueRow>(
        `select n, counted_for as "countedFor", due_at as at from change_request
         where due_at is not null and due_at <= ? order by due_at, n limit ?`,
        now,
        limit,
      ),
    ]
    const due = [
      ...windows.map((one) => ({ ...one, isStage: false })),
      ...stages.map((one) => ({ ...one, isStage: true })),
    ]
    return due.sort((one, other) => one.at - other.at || one.n - other.n)
  }
  /** Those that are rolled out now, by number, behind one of them. */
  async rollingOut(after: number, limit: number): Promise<readonly { readonly n: number; request: ChangeRequest }[]> {
    const rows = await changeRequestTable.all(
      this.#sql,
      "where status = 'scheduled' and n > ? order by n limit ?",
      after,
      limit,
    )
    return rows.map((row) => ({ n: row.n, request: this.#of(row) }))
  }
  /** Where those are that are rolled out now; no more than the maximum are looked at. */
  async nodesRollingOut(max: number): Promise<readonly string[]> {
    const rows = await this.#sql.all<{ node: string }>(
      "select node from change_request where status = 'scheduled' order by n limit ?",
      max,
    )
    return rows.map(({ node }) => node)
  }
  /** What it says from now on. */
  async say(n: number, contentHash: string, { operations, bindings }: Content): Promise<void> {
    await changeRequestContentTable.insert(this.#sql, { request: n, contentHash, operations, bindings })
  }
  /** What it said once, and nobody has approved. */
  async unsay(n: number, contentHash: string): Promise<void> {
    await this.#sql.run('delete from change_request_content where request = ? and content_hash = ?', n, contentHash)
  }

  /** Bytes that somebody has written today (UTC). */
  bytesWritten(requester: string): Promise<number> {
    return bytesWrittenBy(this.#sql, requester, this.#around.now)
  }
  countWritten(requester: string, bytes: number): Promise<void> {
    return countWrittenBytes(this.#sql, requester, this.#around.now, bytes)
  }

  #of({ n, by, proposedAt, authorAs, windowFrom, windowUntil, ...rest }: Stored): ChangeRequest {
    const window = {
      ...(windowFrom === undefined ? {} : { from: windowFrom }),
      ...(windowUntil === undefined ? {} : { until: windowUntil }),
    }
    return {
      id: formatId('changeRequest', this.#around.installation, n),
      ...rest,
      author: { by, at: proposedAt, ...authorAs },
      ...(Object.keys(window).length === 0 ? {} : { window }),
    }
  }
}

const changesIn = (request: ChangeRequest) => ({
  reason: request.reason,
  contentHash: request.contentHash,
  status: request.status,
  editors: request.editors,
  approvals: request.approvals,
  impact: request.impact,
  needed: request.needed,
  windowFrom: request.window?.from,
  windowUntil: request.window?.until,
  rejected: request.rejected,
  ended: request.ended,
  emergencies: request.emergencies,
  rollout: request.rollout,
  progress: request.progress,
  halted: request.halted,
  appliesAt: request.appliesAt,
  failed: request.failed,
  plannedFor: request.plannedFor,
})
