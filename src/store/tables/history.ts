// What an object was, and when: every change of an object closes one interval and opens the next.
import { assert } from '#model/assert.ts'
import { committedTexts, type VersionFacts } from '#model/evidence/commitments.ts'
import { bytesOf, commitmentTo, type Salts } from '../commitments.ts'
import type { ConnectionMemory } from '../memory.ts'
import { inParts, listOfRows, listOfTexts, type Sql, type SqlValue } from '../sql.ts'
import type { Subjects } from '../subjects.ts'
import { blob, changing, integer, optional, type Row, type RowOf, table, text, unread } from '../table.ts'
import { inPresentWords } from './history-before.ts'
import {
  changedTags,
  changedText,
  changesBehindWholeMax,
  changesBetween,
  wholeLengthMax,
  withChanges,
} from './history-changes.ts'
import type { KeptBytes } from './kept-bytes.ts'

/** What nouns share of their transaction. */
export interface Clock {
  readonly now: number
  /** Where what changes is noted for the audit entry. */
  readonly subjects?: Subjects
  /** Where long versions are counted. */
  readonly keptBytes?: KeptBytes
  /** Puts holds that have lapsed on record, by their account. */
  recordLapsed?(holds: readonly LapsedHold[]): Promise<void>
}
export interface LapsedHold {
  readonly n: number
  readonly account: string
}

export const historyTable = table(
  'history',
  {
    objectId: text(),
    fromAt: integer(),
    version: integer(),
    /** Undefined: it holds. A version ends once. */
    untilAt: changing(optional(integer())),
    kind: text(),
    account: text(),
    /** The object as it was, as JSON; or what of it has changed. */
    body: text(),
    /** Undefined: the body says all. Else the version that does: each one behind it says what has changed since the one before. */
    since: optional(integer()),
    /** How long all that it says is, about; undefined of what is short, and of what is from before changes were kept. */
    wholeLength: unread(optional(integer())),
    /** What the leaf of its entry holds of it, and the salt of that; undefined of versions from before there were any. */
    salt: unread(optional(blob())),
    commitment: unread(optional(blob())),
  },
  'recorded',
)
type HistoryRow = RowOf<typeof historyTable>
export interface HistoryVersion extends HistoryRow {
  /** Bodies of the versions before it that it says what has changed since: the first one says all. */
  readonly behind?: readonly string[]
}
/** What an object was, as it was kept. */
export type HistoryBody = Readonly<Record<string, unknown>>

/** An object, and the account that its record is filed with. */
export interface HistoryObject {
  readonly id: string
  readonly kind: string
  readonly account: string
}
interface LastVersion {
  readonly version: number
  readonly from_at: number
  readonly until_at: number | null
  readonly since: number | null
  readonly whole_length: number | null
}
const lastColumns = ['version', 'from_at', 'until_at', 'since', 'whole_length'] as const
/** What is kept of a body. */
type KeptOfBody = Pick<HistoryRow, 'body' | 'since' | 'wholeLength'>
const inForce = (last: LastVersion | undefined): number | undefined =>
  last?.until_at === null ? last.version : undefined

/** Since when an account was in a unit. */
export interface Move {
  readonly from: number
  /** Empty where it was in no organization. */
  readonly unit: string
}

/** Of one object that are read at once. */
const versionsMax = 10_000
/** Stretches of versions that are read together. */
const stretchesPerStatement = 64

/** The version that says all, where the next one may say what has changed since the last. */
function sinceOf({ version, until_at: until, since, whole_length: length }: LastVersion): number | undefined {
  const whole = since ?? version
  return until === null && length !== null && version - whole < changesBehindWholeMax ? whole : undefined
}

export class History {
  readonly #sql: Sql
  readonly #clock: Clock
  readonly #salts: Salts
  readonly #written: Map<string, string>
  constructor(sql: Sql, clock: Clock, memory: ConnectionMemory, salts: Salts) {
    this.#sql = sql
    this.#clock = clock
    this.#salts = salts
    this.#written = memory.scratch()
  }
  /** Commitments to the versions that this transaction has written so far, in hexadecimal, by `ID/VERSION`. */
  get written(): ReadonlyMap<string, string> {
    return this.#written
  }

  /** Records that the object is `body` from now on; undefined records its end. */
  async changed(object: HistoryObject, body: object | undefined): Promise<void> {
    const last = await this.#lastOf(object.id)
    await this.#put(object, last, body && (await this.#keptOf(object, body, last)))
  }
  /**
   * Records that of an object nothing is otherwise than it was but its tags, and what it says beside tags and parts.
   * @param whole all that it says: read only where it is kept, since it may be much
   */
  async changedTags(
    object: HistoryObject,
    { body, before, after }: { readonly body: object; readonly before: HistoryBody; readonly after: HistoryBody },
    whole: () => Promise<object>,
  ): Promise<void> {
    const last = await this.#lastOf(object.id)
    const since = last && sinceOf(last)
    if (since === undefined) return this.changed(object, await whole())
    const tags = changedTags(before, after)
    const text = changedText(object.kind, body as HistoryBody, since, { ...(tags && { tags }) })
    const { behind } = (await this.#sql.get<{ behind: number }>(
      `select cast(coalesce(sum(octet_length(body)), 0) as bigint) as behind from history
       where object_id = ? and version > ?`,
      object.id,
      since,
    ))!
    if (Number(behind) + text.length > last!.whole_length!) return this.changed(object, await whole())
    await this.#put(object, last, {
      body: text,
      since,
      wholeLength: last!.whole_length! + JSON.stringify(tags ?? {}).length,
    })
  }
  async #lastOf(id: string): Promise<LastVersion | undefined> {
    const rest = 'from history where object_id = ? order by version desc limit 1'
    return this.#sql.get<LastVersion>(`select ${lastColumns.join(', ')} ${rest}`, id)
  }
  async #put(object: HistoryObject, last: LastVersion | undefined, kept: KeptOfBody | undefined): Promise<void> {
    const at = Math.max(this.#clock.now, last?.from_at ?? 0)
    const version = (last?.version ?? 0) + 1
    this.#clock.subjects?.noteVersions(object.id, inForce(last), kept && version)
    await historyTable.change(this.#sql, { untilAt: at }, 'where object_id = ? and until_at is null', object.id)
    if (!kept) return
    const { id: objectId, kind, account } = object
    const row = { objectId, fromAt: at, version, kind, account, ...kept }
    await historyTable.insert(this.#sql, { ...row, ...this.#commitTo(row) })
  }
  /** What is kept of a body: all of it, or what has changed since the last version. */
  async #keptOf({ id, kind }: HistoryObject, body: object, last: LastVersion | undefined): Promise<KeptOfBody> {
    const whole = JSON.stringify(body)
    if (whole.length <= wholeLengthMax) return { body: whole }
    const since = last && sinceOf(last)
    const changed = since === undefined ? undefined : await this.#changedText({ id, kind, whole }, since, last!.version)
    return { body: changed ?? whole, since: changed === undefined ? undefined : since, wholeLength: whole.length }
  }
  async #changedText(
    { id, kind, whole }: { readonly id: string; readonly kind: string; readonly whole: string },
    since: number,
    last: number,
  ): Promise<string | undefined> {
    const after = JSON.parse(whole) as HistoryBody
    const most = whole.length / 2
    // Much that is said in one piece, such as documents, is kept whole: nothing is read for it.
    if (changedText(kind, after, since, {}).length > most) return undefined
    const rest = 'where object_id = ? and version >= ? and version <= ? order by version'
    const [first, ...behind] = (await historyTable.all(this.#sql, rest, id, since, last)).map(({ body }) => body)
    const before = withChanges(kind, JSON.parse(first!) as HistoryBody, behind)
    const changes = changesBetween(kind, before, after)
    if (!changes) return undefined
    const text = changedText(kind, after, since, changes)
    const length = behind.reduce((sum, each) => sum + each.length, text.length)
    return text.length <= most && length <= first!.length ? text : undefined
  }
  /** The same of an object that has just been made: nothing is on record of it yet. */
  began(object: HistoryObject, body: object): void {
    const { id: objectId, kind, account } = object
    this.#clock.subjects?.noteVersions(objectId, undefined, 1)
    const text = JSON.stringify(body)
    const wholeLength = text.length <= wholeLengthMax ? undefined : text.length
    const row = { objectId, fromAt: this.#clock.now, version: 1, kind, account, body: text, wholeLength }
    historyTable.later(this.#sql, { ...row, ...this.#commitTo(row) })
  }
  #commitTo(row: VersionFacts): { readonly salt: Uint8Array; readonly commitment: Uint8Array } {
    const salt = this.#salts.next()
    const commitment = commitmentTo(committedTexts.version(salt, row))
    this.#clock.keptBytes?.note(row.body)
    this.#written.set(`${row.objectId}/${row.version}`, commitment)
    return { salt: bytesOf(salt), commitment: bytesOf(commitment) }
  }

  /** Records the end of many objects. */
  async ended(ids: readonly string[]): Promise<void> {
    await inParts(ids, async (part) => {
      const last = await this.#close(part)
      for (const id of part) this.#clock.subjects?.noteVersions(id, inForce(last.get(id)), undefined)
    })
  }
  /** Records what many objects are from now on, each once. */
  async changedAll(changed: readonly { readonly object: HistoryObject; readonly body: object }[]): Promise<void> {
    await inParts(changed, async (part) => {
      const last = await this.#close(part.map(({ object }) => object.id))
      for (const { object, body } of part) {
        const { id: objectId, kind, account } = object
        const before = last.get(objectId)
        const version = (before?.version ?? 0) + 1
        this.#clock.subjects?.noteVersions(objectId, inForce(before), version)
        const fromAt = Math.max(this.#clock.now, before?.from_at ?? 0)
        const row = { objectId, fromAt, version, kind, account, ...(await this.#keptOf(object, body, before)) }
        historyTable.later(this.#sql, { ...row, ...this.#commitTo(row) })
      }
    })
  }
  /** Ends what holds of some objects; answers their last versions as they were before. */
  async #close(ids: readonly string[]): Promise<ReadonlyMap<string, LastVersion>> {
    const list = listOfTexts(ids)
    const rows = await this.#sql.all<LastVersion & { object_id: string }>(
      `select h.object_id, ${lastColumns.map((name) => `h.${name}`).join(', ')} from history h
       where h.object_id in ${list.text}
         and h.version = (select max(newer.version) from history newer where newer.object_id = h.object_id)`,
      ...list.values,
    )
    await this.#sql.run(
      `update history set until_at = case when from_at > ? then from_at else cast(? as bigint) end
       where object_id in ${list.text} and until_at is null`,
      this.#clock.now,
      this.#clock.now,
      ...list.values,
    )
    return new Map(rows.map((row) => [row.object_id, row]))
  }

  /** What a version says of its object. */
  bodyOf({ kind, body, since, behind = [] }: Pick<HistoryVersion, 'kind' | 'body' | 'since' | 'behind'>): HistoryBody {
    const [first, ...between] = behind
    if (first === undefined) {
      assert(since === undefined, 'what a version has changed is read with those behind which it stands')
      return inPresentWords(kind, JSON.parse(body) as HistoryBody)
    }
    return withChanges(kind, JSON.parse(first) as HistoryBody, [...between, body])
  }
  /** Each with those that it says what has changed since. */
  async #withBehind<V extends HistoryRow>(rows: readonly V[]): Promise<(V & HistoryVersion)[]> {
    /** The last version of each stretch that is wanted, by the one that says all. */
    const stretches = new Map<string, { readonly id: string; readonly since: number; last: number }>()
    for (const { objectId: id, version, since } of rows) {
      if (since === undefined) continue
      const stretch = stretches.get(`${id}/${since}`)
      if (!stretch) stretches.set(`${id}/${since}`, { id, since, last: version })
      else if (stretch.last < version) stretch.last = version
    }
    if (stretches.size === 0) return [...rows]
    const bodies = new Map<string, string[]>()
    await inParts(
      [...stretches.values()],
      async (part) => {
        const list = listOfRows(part.map(({ id, last }) => [id, last] as const))
        const found = await this.#sql.all<{ id: string; since: number; body: string }>(
          `with named (id, last) as (values ${list.text}), asked as (select distinct id, last from named)
           select h.object_id as id, l.since, h.body
           from asked cross join history l cross join history h
           where l.object_id = asked.id and l.version = asked.last
             and h.object_id = l.object_id and h.version >= l.since and h.version < l.version
           order by h.object_id, h.version`,
          ...list.values,
        )
        for (const { id, since, body } of found) {
          const all = bodies.get(`${id}/${since}`) ?? []
          all.push(body)
          bodies.set(`${id}/${since}`, all)
        }
      },
      stretchesPerStatement,
    )
    return rows.map((row) => {
      if (row.since === undefined) return row
      return { ...row, behind: bodies.get(`${row.objectId}/${row.since}`)!.slice(0, row.version - row.since) }
    })
  }

  /** The object as it was at a moment; undefined where it was not. */
  async asOf(id: string, at: number): Promise<HistoryVersion | undefined> {
    const rest =
      'where object_id = ? and from_at <= ? and (until_at is null or until_at > ?) order by version desc limit 1'
    return this.#first(rest, id, at, at)
  }

  /** The same of many objects, each at moments of its own; what was not there then is missing. */
  async asOfMany(
    asked: readonly (readonly [id: string, at: number])[],
  ): Promise<readonly (HistoryVersion & { readonly id: string; readonly at: number })[]> {
    if (asked.length === 0) return []
    const list = listOfRows(asked)
    const rows = await this.#sql.all<Row & { readonly at: number }>(
      `with asked (id, at) as (values ${list.text})
       select asked.at, ${historyTable.columnsOf('h')}
       from asked cross join history h
       where h.object_id = asked.id and h.from_at <= asked.at and (h.until_at is null or h.until_at > asked.at)`,
      ...list.values,
    )
    return this.#withBehind(rows.map((row) => ({ ...historyTable.of(row), id: row.object_id as string, at: row.at })))
  }

  /** The object as it is, or was last; undefined where nothing is recorded. */
  async latest(id: string): Promise<HistoryVersion | undefined> {
    return this.#first('where object_id = ? order by version desc limit 1', id)
  }
  /** The same of many; those of which nothing is recorded are missing. */
  async findLatest(ids: readonly string[]): Promise<ReadonlyMap<string, HistoryVersion>> {
    if (ids.length === 0) return new Map()
    const list = listOfTexts(ids)
    const found = await this.#sql.all<Row>(
      `select ${historyTable.columnsOf('h')} from history h
       where h.object_id in ${list.text}
         and h.version = (select max(newer.version) from history newer where newer.object_id = h.object_id)`,
      ...list.values,
    )
    const latest = await this.#withBehind(found.map((row) => historyTable.of(row)))
    return new Map(latest.map((version) => [version.objectId, version]))
  }
  /** The number of an object's latest version: more than 1 once it has been modified. 0 where nothing is recorded. */
  async latestVersion(id: string): Promise<number> {
    const row = await this.#sql.get<{ version: number }>(
      'select version from history where object_id = ? order by version desc limit 1',
      id,
    )
    return row?.version ?? 0
  }

  /** The same of many objects; those of which nothing is recorded are missing. */
  async latestVersions(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const list = listOfTexts(ids)
    const rows = await this.#sql.all<{ object_id: string; version: number }>(
      `select object_id, max(version) as version from history where object_id in ${list.text} group by object_id`,
      ...list.values,
    )
    return new Map(rows.map(({ object_id: id, version }) => [id, version]))
  }

  /** How many bytes versions of objects have, as `ID/VERSION`; those that are not there are missing. */
  async lengthsOf(asked: readonly (readonly [id: string, version: number])[]): Promise<ReadonlyMap<string, number>> {
    const lengths = new Map<string, number>()
    await inParts(asked, async (part) => {
      const list = listOfRows(part)
      const rows = await this.#sql.all<{ id: string; version: number; bytes: number }>(
        `select object_id as id, version, coalesce(whole_length, octet_length(body)) as bytes from history
         where (object_id, version) in (values ${list.text})`,
        ...list.values,
      )
      for (const { id, version, bytes } of rows) lengths.set(`${id}/${version}`, bytes)
    })
    return lengths
  }
  /** These versions of objects, as `ID/VERSION`. Those that are not there are left out. */
  async findVersions(
    wanted: readonly (readonly [id: string, version: number])[],
  ): Promise<ReadonlyMap<string, HistoryVersion>> {
    const versions = new Map<string, HistoryVersion>()
    await inParts(wanted, async (part) => {
      const rows = listOfRows(part)
      const found = await historyTable.all(
        this.#sql,
        `where (object_id, version) in (values ${rows.text})`,
        ...rows.values,
      )
      for (const version of await this.#withBehind(found))
        versions.set(`${version.objectId}/${version.version}`, version)
    })
    return versions
  }

  /** The latest moves of an account between units, newest first. Its first place counts as one; other changes of it do not. */
  async movesOf(account: string, limit: number): Promise<Move[]> {
    return this.#sql.all<Move>(
      `select from_at as "from", unit from (
         select version, from_at, unit, lag(unit) over (order by version, from_at) as former from (
           select version, from_at, coalesce(json_extract(body, '$.parentId'), '') as unit
           from history where object_id = ?
           union all
           select h.version, h.until_at, '' from history h where h.object_id = ? and h.until_at is not null
             and not exists (select 1 from history n
               where n.object_id = h.object_id and n.version > h.version and n.from_at = h.until_at)) states) placed
       where former is null or former <> unit order by version desc, from_at desc limit ?`,
      account,
      account,
      limit,
    )
  }

  /** What was ever directly in one of these units; no more than `limit`. */
  async everIn(units: readonly string[], limit: number): Promise<{ readonly id: string; readonly kind: string }[]> {
    const { text, values } = listOfTexts(units)
    return this.#sql.all(
      `select distinct object_id as id, kind from history
       where kind in ('account', 'organizational-unit') and json_extract(body, '$.parentId') in ${text} limit ?`,
      ...values,
      limit,
    )
  }

  /** Newest first, before one. */
  async versionsBefore(id: string, before: number, limit: number): Promise<HistoryVersion[]> {
    const rest = 'where object_id = ? and version < ? order by version desc limit ?'
    return this.#withBehind(await historyTable.all(this.#sql, rest, id, before, limit))
  }
  /** In order, after one. */
  async versions(id: string, after = 0, limit = versionsMax): Promise<HistoryVersion[]> {
    const rest = 'where object_id = ? and version > ? order by version limit ?'
    return this.#withBehind(await historyTable.all(this.#sql, rest, id, after, limit))
  }
  async #first(rest: string, ...values: SqlValue[]): Promise<HistoryVersion | undefined> {
    const found = await historyTable.first(this.#sql, rest, ...values)
    return found && (await this.#withBehind([found]))[0]
  }
}
