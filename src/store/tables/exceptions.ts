// Exceptions: what was asked for, who decided, and which space was taken under each.
import { type Cidr, fromKey, sizeOf } from '#model/cidr.ts'
import type {
  Attribution,
  Exception,
  ExceptionFacts,
  ExceptionGrants,
  ExceptionStatus,
} from '#model/policy/exception.ts'
import type { ExceptionBound, ExceptionKind, Unreviewed } from '#model/policy/exception-bounds.ts'
import { ExceptionIndex } from '#model/policy/exception-index.ts'
import { accountableFor } from '#model/principal.ts'
import type { KeptName } from '../memory.ts'
import { compareValues, firstOf } from '../merged-ranges.ts'
import { listOfTexts, readEach, type Sql, type SqlValue } from '../sql.ts'
import {
  bit,
  block,
  changing,
  integer,
  json,
  named,
  optional,
  type RowOf,
  references,
  table,
  text,
  unread,
  unwritten,
} from '../table.ts'
import type { Clock } from './history.ts'
import { type Around, factsNow, type KeptFacts, nextEpoch } from './kept-facts.ts'

/** How long ended ones are compiled into snapshots, so that a denial can say that one has expired. */
const rememberedMs = 7 * 86_400_000
/** Of those that have ended, the latest. */
const rememberedMax = 1_000

/** Break-glass that one person made and nobody has reviewed, of those that a question is about: one is enough to refuse. */
const unreviewedMax = 100

/** What a decision under an exception gave: an allocation, or the use of space that is none of its own. */
export interface Used {
  readonly decision: number
  /** The number of the allocation. */
  readonly allocation?: number
  readonly cidr: Cidr
  readonly resourceType: string
  readonly resourceId?: string
  readonly account: string
}
/** Space that was taken or used under an exception, and is still. */
export interface ExceptionUse extends Used {
  /** What has it, where there is no allocation: an association, or the resource itself. */
  readonly place?: string
  readonly exceptionId: string
}

/** By an index each; where both are given, rows of other requesters are passed over. */
export interface ExceptionFilter {
  readonly target?: string | undefined
  readonly requestedBy?: string | undefined
  /** Only those for some of these, whatever else is asked; what there is for others costs nothing. */
  readonly targets?: readonly string[] | undefined
}
/** In the order of time; those of one moment in that of their ids. */
export interface ExceptionPlace {
  readonly requestedAt: number
  readonly id: string
}

type StoredRow = Parameters<typeof exceptionTable.of>[0] & { readonly id: string; readonly requested_at: number }
interface UseRow {
  exceptionId: string
  allocation: number | null
  place: string | null
  decision: number
  first: Uint8Array
  length: number
  resource_type: string
  resource_id: string | null
  account: string
}
/** What is known of a person beside the name. */
type Known = Pick<Attribution, 'subject' | 'makers'>

export const exceptionTable = table(
  'policy_exception',
  {
    id: text(),
    /** An account, a unit or a root. */
    target: named('target_id', text()),
    resource: optional(text()),
    locale: text(),
    resourceType: text(),
    grants: json<ExceptionGrants>(),
    isBreakGlass: bit(),
    hold: optional(integer()),
    requestedBy: text(),
    requestedAt: integer(),
    requestedAs: optional(json<Known>()),
    /** Whoever made the first of the tokens that led to the requester's, or the requester. */
    countedFor: unread(text()),
    // What may change after the request: who is asked for what stays as it was.
    reason: changing(text()),
    /** What people decided; that it is active or expired follows from the time. */
    status: changing(text<ExceptionStatus>()),
    startsAt: changing(integer()),
    expiresAt: changing(integer()),
    askedBy: changing(text()),
    askedAt: changing(integer()),
    askedAs: changing(optional(json<Known>())),
    approvedBy: changing(optional(text())),
    approvedAt: changing(optional(integer())),
    /** A later end that waits for approval. */
    renewal: changing(optional(json<NonNullable<Exception['renewal']>>())),
    endedBy: changing(optional(text())),
    endedAt: changing(optional(integer())),
    endedNote: changing(optional(text())),
    reviewedBy: changing(optional(text())),
    reviewedAt: changing(optional(integer())),
    reviewNote: changing(optional(text())),
    sharedPools: changing(json<readonly string[]>()),
    factsAt: unread(unwritten(changing(integer()))),
  },
  'kept',
)
type Row = RowOf<typeof exceptionTable>
const exceptionsKept: KeptName<KeptFacts<ExceptionIndex>> = { name: 'exceptions', isImmutable: true }

/** What was given under an exception; without an allocation, it was an address that was held already, or space brought along. */
export const exceptionUseTable = table(
  'exception_use',
  {
    exceptionId: references('policy_exception', text()),
    decision: integer(),
    allocation: optional(integer()),
    /** Of what was used or brought along without an allocation of its own: it is there as long as the resource has it. */
    resourceId: optional(text()),
    resourceType: optional(text()),
    account: optional(text()),
    cidr: optional(block()),
  },
  'kept',
)

const attributionOf = (by: string | undefined, at: number | undefined) =>
  by === undefined || at === undefined ? undefined : { by, at }
function toException(row: Row): Exception {
  const ended = attributionOf(row.endedBy, row.endedAt)
  const reviewed = attributionOf(row.reviewedBy, row.reviewedAt)
  return {
    ...toFacts(row),
    status: row.status,
    reason: row.reason,
    isBreakGlass: row.isBreakGlass,
    hold: row.hold,
    requested: { by: row.requestedBy, at: row.requestedAt, ...row.requestedAs },
    asked: { by: row.askedBy, at: row.askedAt, ...row.askedAs },
    approved: attributionOf(row.approvedBy, row.approvedAt),
    renewal: row.renewal,
    ended: ended && { ...ended, note: row.endedNote },
    reviewed: reviewed && { ...reviewed, note: row.reviewNote! },
  }
}
const toFacts = (row: Row): ExceptionFacts => ({
  id: row.id,
  target: row.target,
  resource: row.resource,
  locale: row.locale,
  resourceType: row.resourceType,
  grants: row.grants,
  ...(row.sharedPools.length === 0 ? {} : { sharedPools: row.sharedPools }),
  startsAt: row.startsAt,
  expiresAt: row.expiresAt,
})

const knownOf = ({ subject, makers }: Attribution): Known | undefined =>
  subject === undefined && makers === undefined ? undefined : { subject, makers }
const changesIn = (exception: Exception) => ({
  reason: exception.reason,
  status: exception.status,
  startsAt: exception.startsAt,
  expiresAt: exception.expiresAt,
  askedBy: exception.asked.by,
  askedAt: exception.asked.at,
  askedAs: knownOf(exception.asked),
  approvedBy: exception.approved?.by,
  approvedAt: exception.approved?.at,
  renewal: exception.renewal,
  endedBy: exception.ended?.by,
  endedAt: exception.ended?.at,
  endedNote: exception.ended?.note,
  reviewedBy: exception.reviewed?.by,
  reviewedAt: exception.reviewed?.at,
  reviewNote: exception.reviewed?.note,
  sharedPools: exception.sharedPools ?? [],
})

/** Of an exception what tells whom it awaits the review of. */
interface UnreviewedRow {
  readonly id: string
  readonly target_id: string
  readonly locale: string
  readonly resource_type: string
  readonly requested_by: string
  readonly requested_as: string | null
}
const toUnreviewed = (row: UnreviewedRow): Unreviewed => ({
  id: row.id,
  target: row.target_id,
  locale: row.locale,
  resourceType: row.resource_type,
  requested: { by: row.requested_by, ...(row.requested_as === null ? {} : (JSON.parse(row.requested_as) as Known)) },
})
// Ordered by an expression below: the index of the moments would be walked from its beginning for the few that fit.
const marksFor = (values: readonly unknown[]): string => values.map(() => '?').join(', ')
/** Whose name shows nothing of who is behind it: anybody who may make tokens may make one for a service of that name. */
const isMadeService = `(requested_by like 'service:%' and coalesce(requested_as, '') like '%"makers":%')`
/** By name, or by a text in what else is known of whoever asked; at least for all who have one of the identities. */
const isByOneOf = (identities: readonly string[]): string =>
  `((requested_by in (${marksFor(identities)}) and not ${isMadeService})${identities.map(() => " or replace(requested_as, ?, '') <> requested_as").join('')})`
const identityValues = (identities: readonly string[]): readonly string[] => [
  ...identities,
  ...identities.map((identity) => JSON.stringify(identity)),
]

/** The status of a kind, and whether it is break-glass. */
const countedAs: Readonly<Record<ExceptionKind, readonly [ExceptionStatus, 0 | 1]>> = {
  requested: ['requested', 0],
  approved: ['approved', 0],
  'break-glass': ['approved', 1],
}

export class Exceptions {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }

  async find(id: string): Promise<Exception | undefined> {
    const row = await exceptionTable.first(this.#sql, 'where id = ?', id)
    return row && toException(row)
  }

  /** The one that space is held for, or was, by the number of the hold. */
  async ofHold(n: number): Promise<Exception | undefined> {
    const row = await exceptionTable.first(this.#sql, 'where hold = ?', n)
    return row && toException(row)
  }

  /** Those that were asked for in a stretch of time, newest first, before a place. */
  async list(
    { target, requestedBy, targets }: ExceptionFilter,
    { from, until }: { readonly from: number; readonly until: number },
    before: ExceptionPlace | undefined,
    limit: number,
  ): Promise<Exception[]> {
    const place = [from, until, before?.requestedAt ?? until, before?.id ?? ''] as const
    if (targets) {
      const found = await firstOf<StoredRow>(
        this.#sql,
        targets,
        {
          columns: exceptionTable.columnsOf('t'),
          table: 'policy_exception t',
          where: (key) =>
            `t.target_id = ${key} and t.requested_at >= ? and t.requested_at < ? and (t.requested_at, t.id) < (?, ?)`,
          values: place,
          order: ['requested_at', 'id'],
          isDescending: true,
          compare: (a, b) => b.requested_at - a.requested_at || compareValues(b.id, a.id),
        },
        limit,
      )
      return found.map((row) => toException(exceptionTable.of(row)))
    }
    const [column, value] = target === undefined ? ['requested_by', requestedBy] : ['target_id', target]
    const rows = await exceptionTable.all(
      this.#sql,
      `where ${value === undefined ? '' : `${column} = ? and `}requested_at >= ? and requested_at < ?
         and (requested_at, id) < (?, ?) order by requested_at desc, id desc limit ?`,
      ...(value === undefined ? [] : [value]),
      ...place,
      limit,
    )
    return rows.map(toException)
  }
  /** How many a bound counts together with an exception, without it; no more than the bound's maximum are looked at. */
  async count({ kind, per, max }: ExceptionBound, exception: Exception): Promise<number> {
    const [status, isBreakGlass] = countedAs[kind]
    const conditions = ['id <> ?', 'is_break_glass = ?', 'status = ?', 'expires_at > ?']
    const values: SqlValue[] = [exception.id, isBreakGlass, status, this.#clock.now]
    const equal = (column: string, value: string) => {
      conditions.push(`${column} = ?`)
      values.push(value)
    }
    if (per.includes('requester')) equal('counted_for', accountableFor(exception.requested))
    if (per.includes('target') || per.includes('pair')) equal('target_id', exception.target)
    if (per.includes('pair')) {
      equal('locale', exception.locale)
      equal('resource_type', exception.resourceType)
    }
    const row = await this.#sql.get<{ count: number }>(
      `select count(*) as count from (select 1 as one from policy_exception where ${conditions.join(' and ')} limit ?) found`,
      ...values,
      max,
    )
    return row!.count
  }

  /**
   * Break-glass for a pair that nobody has reviewed and somebody may stand behind, by one of the identities that they are known
   * by, where it has an account in common with the target: at a node of the target's path or below the target, in force or
   * not, or used by an account that is below the target by now.
   * @param path from the root to the target
   */
  async unreviewed(
    { target, locale, resourceType }: Pick<ExceptionFacts, 'target' | 'locale' | 'resourceType'>,
    path: readonly string[],
    identities: readonly string[],
  ): Promise<Unreviewed[]> {
    const rows = await this.#sql.all<UnreviewedRow>(
      `with recursive part (id) as (
         select id from organization_node where id = ? union select id from account where id = ?
         union all select n.id from part p join organization_node n on n.parent_id = p.id)
       select id, target_id, locale, resource_type, requested_by, requested_as from policy_exception e
       where target_id > '' and locale = ? and resource_type = ? and is_break_glass = 1 and reviewed_by is null
         and ${isByOneOf(identities)}
         and (target_id in (${marksFor(path)}) or target_id in (select id from part)
           or exists (select 1 from part p join exception_use u on u.account = p.id where u.exception_id = e.id))
       order by requested_at + 0, id limit ?`,
      target,
      target,
      locale,
      resourceType,
      ...identityValues(identities),
      ...path,
      unreviewedMax,
    )
    return rows.map(toUnreviewed)
  }

  /** Break-glass at these nodes that is not over, that nobody has reviewed and that somebody may stand behind, whatever it is for. */
  async unreviewedAt(nodes: readonly string[], identities: readonly string[]): Promise<Unreviewed[]> {
    if (nodes.length === 0) return []
    const rows = await this.#sql.all<UnreviewedRow>(
      `select id, target_id, locale, resource_type, requested_by, requested_as from policy_exception
       where target_id in (${marksFor(nodes)}) and is_break_glass = 1 and reviewed_by is null and status = 'approved'
         and expires_at > ? and ${isByOneOf(identities)}
       order by requested_at + 0, id limit ?`,
      ...nodes,
      this.#clock.now,
      ...identityValues(identities),
      unreviewedMax,
    )
    return rows.map(toUnreviewed)
  }

  /** Whether one at a target is not over, awaits review, or has given what is still there. */
  async needsTarget(target: string): Promise<string | undefined> {
    const row = await this.#sql.get<{ id: string }>(
      `select id from policy_exception where target_id = ? and ((status in ('requested', 'approved') and expires_at > ?)
         or (is_break_glass = 1 and reviewed_by is null) or (status in ('approved', 'revoked')
         and exists (select 1 from exception_use u where u.exception_id = policy_exception.id and (${isStillThere}))))
       order by id limit 1`,
      target,
      this.#clock.now,
    )
    return row?.id
  }

  /** Whether one for a type, whoever it is for, is not over. */
  async isOpenFor(resourceType: string): Promise<boolean> {
    const row = await this.#sql.get(
      `select 1 as one from policy_exception
       where resource_type = ? and status in ('requested', 'approved') and expires_at > ? limit 1`,
      resourceType,
      this.#clock.now,
    )
    return row !== undefined
  }

  /**
   * How many wait for approval and keep space meanwhile, also past the end that they ask for: for a target, of those that
   * somebody is accountable for, or both.
   */
  async countPending({ target, accountable }: { readonly target?: string; readonly accountable?: string }) {
    const conditions = [
      ...(target === undefined ? [] : [['e.target_id', target]]),
      ...(accountable === undefined ? [] : [['e.counted_for', accountable]]),
    ] as const
    const row = await this.#sql.get<{ count: number }>(
      `select count(*) as count from policy_exception e join hold h on h.n = e.hold
       where ${[pending, ...conditions.map(([column]) => `${column} = ?`)].join(' and ')}`,
      this.#clock.now,
      ...conditions.map(([, value]) => value!),
    )
    return row!.count
  }
  /** The addresses of a pool that they keep; where somebody is named, those that that one is accountable for. */
  async pendingIn(pool: number, family: 4 | 6, accountable?: string): Promise<bigint> {
    const rows = await this.#sql.all<{ length: number; count: number }>(
      `select h.length, count(*) as count from policy_exception e join hold h on h.n = e.hold
       where ${pending} and h.pool = ? ${accountable === undefined ? '' : 'and e.counted_for = ?'} group by h.length`,
      this.#clock.now,
      pool,
      ...(accountable === undefined ? [] : [accountable]),
    )
    return rows.reduce((sum, { length, count }) => sum + sizeOf({ family, first: 0n, length }) * BigInt(count), 0n)
  }

  async insert(exception: Exception): Promise<void> {
    const { id, target, resource, locale, resourceType, grants, isBreakGlass, hold, requested } = exception
    const asked = { id, target, resource, locale, resourceType, grants, isBreakGlass, hold }
    const by = {
      requestedBy: requested.by,
      requestedAt: requested.at,
      requestedAs: knownOf(requested),
      countedFor: accountableFor(requested),
    }
    await exceptionTable.insert(this.#sql, { ...asked, ...by, ...changesIn(exception) })
    await this.#noteFacts(exception)
  }
  async update(exception: Exception): Promise<void> {
    await exceptionTable.change(this.#sql, changesIn(exception), 'where id = ?', exception.id)
    await this.#noteFacts(exception)
  }
  async #noteFacts({ id }: Exception): Promise<void> {
    await this.#sql.run(`update policy_exception set facts_at = ${nextEpoch} where id = ?`, id)
  }

  /**
   * The approved ones that decisions are made on: all that are not over, and the latest of those that are. Reads those alone of
   * which something has changed since they were read last.
   */
  facts(around: Around): Promise<ExceptionIndex> {
    const { now } = this.#clock
    return factsNow(this.#sql, around, {
      name: exceptionsKept,
      collect: ExceptionIndex.collect,
      read: (since) => (since === undefined ? this.#allFacts(now) : this.#factsSince(since)),
      forgettable: (known) => {
        const forgettable = known.forgettable({ endedBy: now - rememberedMs, now, latestMax: rememberedMax })
        return forgettable.map(({ id }) => id)
      },
    })
  }
  async #allFacts(now: number): Promise<Map<string, ExceptionFacts>> {
    const facts = new Map<string, ExceptionFacts>()
    const over = await exceptionTable.all(
      this.#sql,
      `where status = 'approved' and expires_at > ? and expires_at <= ? order by expires_at desc, id desc limit ?`,
      now - rememberedMs,
      now,
      rememberedMax,
    )
    for (const row of over) facts.set(row.id, toFacts(row))
    await readEach<Row>(
      (last, limit) =>
        exceptionTable.all(
          this.#sql,
          `where status = 'approved' and expires_at >= ? and (expires_at > ? or id > ?) order by expires_at, id limit ?`,
          last?.expiresAt ?? now + 1,
          last?.expiresAt ?? now,
          last?.id ?? '',
          limit,
        ),
      (row) => facts.set(row.id, toFacts(row)),
    )
    return facts
  }
  /** Undefined: none that decisions are made on. */
  async #factsSince(epoch: number): Promise<Map<string, ExceptionFacts | undefined>> {
    const facts = new Map<string, ExceptionFacts | undefined>()
    await readEach<Row>(
      (last, limit) =>
        exceptionTable.all(
          this.#sql,
          'where id > ? and id in (select id from policy_exception where facts_at > ?) order by id limit ?',
          last?.id ?? '',
          epoch,
          limit,
        ),
      (row) => facts.set(row.id, row.status === 'approved' ? toFacts(row) : undefined),
    )
    return facts
  }

  /** Remembers that a decision was made under an exception, and what came of it. */
  async use(id: string, { decision, allocation, cidr, resourceType, resourceId, account }: Used): Promise<void> {
    // An allocation says the rest of it itself.
    const isAlone = allocation === undefined
    const alone = isAlone ? { resourceId, resourceType, cidr } : {}
    await exceptionUseTable.insert(this.#sql, { exceptionId: id, decision, allocation, account, ...alone })
  }
  /**
   * What is still there of the space that was taken or used under exceptions: of one after the other in the order of their ids, the
   * latest decisions first.
   * @param before the number of a decision, where there is one exception: only what came before it
   */
  async held(ids: readonly string[], before: number, limit: number): Promise<ExceptionUse[]> {
    const list = listOfTexts(ids)
    const found: ExceptionUse[] = []
    for (const { select, tables, condition } of homes) {
      const rows = await this.#sql.all<UseRow>(
        `select u.exception_id as "exceptionId", u.decision, ${select} from exception_use u cross join ${tables}
         where ${condition} and u.exception_id in ${list.text} and u.decision < ?
         order by u.exception_id, u.decision desc limit ?`,
        ...list.values,
        before,
        limit,
      )
      found.push(...rows.map(toUse))
    }
    const inOrder = (a: ExceptionUse, b: ExceptionUse) =>
      compareTexts(a.exceptionId, b.exceptionId) || b.decision - a.decision
    return found.sort(inOrder).slice(0, limit)
  }
  /** Approved ones that begin or end after one moment and until another, in the order of their ids. */
  async turningBetween(after: number, until: number, limit: number): Promise<ExceptionFacts[]> {
    const rest = `where status = 'approved' and expires_at > ?
        and ((starts_at > ? and starts_at <= ?) or (expires_at > ? and expires_at <= ?)) order by id limit ?`
    return (await exceptionTable.all(this.#sql, rest, after, after, until, after, until, limit)).map(toFacts)
  }
  /** Approved ones that end behind a place and by a moment, in the order in which they do. */
  async endingAfter(
    after: { readonly at: number; readonly id: string },
    until: number,
    limit: number,
  ): Promise<Exception[]> {
    const rest = `where status = 'approved' and expires_at >= ? and expires_at <= ? and (expires_at > ? or id > ?)
      order by expires_at, id limit ?`
    return (await exceptionTable.all(this.#sql, rest, after.at, until, after.at, after.id, limit)).map(toException)
  }
  /** The next moment at which an approved one begins or ends; undefined where none will. */
  async nextMoment(after: number): Promise<number | undefined> {
    const row = await this.#sql.get<{ at: number | null }>(
      `select min(at) as at from (
         select min(starts_at) as at from policy_exception where status = 'approved' and expires_at > ? and starts_at > ?
         union all select min(expires_at) as at from policy_exception where status = 'approved' and expires_at > ?) moments`,
      after,
      after,
      after,
    )
    return row?.at ?? undefined
  }
  /** The accounts that have something of the space that was taken or used under exceptions: by the ids of the exceptions. */
  async holdersUnder(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const list = listOfTexts(ids)
    const rows = await this.#sql.all<{ id: string; account: string }>(
      `select distinct u.exception_id as id, u.account from exception_use u
       where u.exception_id in ${list.text} and u.account is not null and (${isStillThere})`,
      ...list.values,
    )
    const byId = Map.groupBy(rows, ({ id }) => id)
    return new Map([...byId].map(([id, some]) => [id, some.map(({ account }) => account)]))
  }
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const toUse = ({ first, length, resource_type, resource_id, allocation, place, ...row }: UseRow): ExceptionUse => ({
  ...row,
  ...(allocation === null ? {} : { allocation }),
  ...(place === null ? {} : { place }),
  cidr: fromKey(first, length),
  resourceType: resource_type,
  resourceId: resource_id ?? undefined,
})

const ofUse = 'null as allocation, u.first, u.length, u.resource_type, u.resource_id, u.account'
const isBlockOf = (table: string) => `${table}.first = u.first and ${table}.length = u.length`
/** Where space can be that was taken or used under an exception: each decision gave one of these. */
const homes = [
  {
    select: 'u.allocation, null as place, a.first, a.length, h.resource_type, a.resource_id, h.account',
    tables: 'allocation a join holder h on h.n = a.holder',
    condition: 'a.n = u.allocation',
  },
  {
    select: `${ofUse}, c.association_id as place`,
    tables: 'vpc_cidr c',
    condition: `c.vpc_id = u.resource_id and ${isBlockOf('c')}`,
  },
  { select: `${ofUse}, s.id as place`, tables: 'subnet s', condition: `s.id = u.resource_id and ${isBlockOf('s')}` },
  {
    select: `${ofUse}, c.association_id as place`,
    tables: 'subnet_cidr c',
    condition: `c.subnet_id = u.resource_id and ${isBlockOf('c')}`,
  },
  {
    select: `${ofUse}, g.association_id as place`,
    tables: 'allocation a join address_association g on g.allocation = a.n',
    condition: `g.nat_gateway_id = u.resource_id and ${isBlockOf('a')}`,
  },
] as const
const isStillThere = homes
  .map(({ tables, condition }) => `exists (select 1 from ${tables} where ${condition})`)
  .join(' or ')

const pending = `e.status = 'requested' and e.hold is not null and h.expires_at > ?`
