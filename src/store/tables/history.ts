// What an object was, and when: every change of an object closes one interval and opens the next.
import { committedTexts, type VersionFacts } from '#model/evidence/commitments.ts'
import { bytesOf, commitmentTo, type Salts } from '../commitments.ts'
import type { ConnectionMemory } from '../memory.ts'
import { inParts, listOfRows, listOfTexts, type Sql } from '../sql.ts'
import type { Subjects } from '../subjects.ts'
import { blob, changing, integer, optional, type Row, type RowOf, table, text, unread } from '../table.ts'
import { inPresentWords } from './history-before.ts'
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
    /** The object as it was, as JSON. */
    body: text(),
    /** What the leaf of its entry holds of it, and the salt of that; undefined of versions from before there were any. */
    salt: unread(optional(blob())),
    commitment: unread(optional(blob())),
  },
  'recorded',
)
export type HistoryVersion = RowOf<typeof historyTable>
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
}
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
    const last = await this.#sql.get<LastVersion>(
      'select version, from_at, until_at from history where object_id = ? order by version desc limit 1',
      object.id,
    )
    const at = Math.max(this.#clock.now, last?.from_at ?? 0)
    const version = (last?.version ?? 0) + 1
    this.#clock.subjects?.noteVersions(object.id, inForce(last), body === undefined ? undefined : version)
    await historyTable.change(this.#sql, { untilAt: at }, 'where object_id = ? and until_at is null', object.id)
    if (body === undefined) return
    const { id: objectId, kind, account } = object
    const row = { objectId, fromAt: at, version, kind, account, body: JSON.stringify(body) }
    await historyTable.insert(this.#sql, { ...row, ...this.#commitTo(row) })
  }
  /** The same of an object that has just been made: nothing is on record of it yet. */
  began(object: HistoryObject, body: object): void {
    const { id: objectId, kind, account } = object
    this.#clock.subjects?.noteVersions(objectId, undefined, 1)
    const row = { objectId, fromAt: this.#clock.now, version: 1, kind, account, body: JSON.stringify(body) }
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
        const row = { objectId, fromAt, version, kind, account, body: JSON.stringify(body) }
        historyTable.later(this.#sql, { ...row, ...this.#commitTo(row) })
      }
    })
  }
  /** Ends what holds of some objects; answers their last versions as they were before. */
  async #close(ids: readonly string[]): Promise<ReadonlyMap<string, LastVersion>> {
    const list = listOfTexts(ids)
    const rows = await this.#sql.all<LastVersion & { object_id: string }>(
      `select h.object_id, h.version, h.from_at, h.until_at from history h
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
  bodyOf({ kind, body }: Pick<HistoryVersion, 'kind' | 'body'>): HistoryBody {
    return inPresentWords(kind, JSON.parse(body) as HistoryBody)
  }

  /** The object as it was at a moment; undefined where it was not. */
  async asOf(id: string, at: number): Promise<HistoryVersion | undefined> {
    const rest =
      'where object_id = ? and from_at <= ? and (until_at is null or until_at > ?) order by version desc limit 1'
    return historyTable.first(this.#sql, rest, id, at, at)
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
    return rows.map((row) => ({ ...historyTable.of(row), id: row.object_id as string, at: row.at }))
  }

  /** The object as it is, or was last; undefined where nothing is recorded. */
  async latest(id: string): Promise<HistoryVersion | undefined> {
    return historyTable.first(this.#sql, 'where object_id = ? order by version desc limit 1', id)
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
    return new Map(found.map((row) => [row.object_id as string, historyTable.of(row)]))
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
        `select object_id as id, version, octet_length(body) as bytes from history
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
      for (const version of found) versions.set(`${version.objectId}/${version.version}`, version)
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
    return historyTable.all(this.#sql, rest, id, before, limit)
  }
  /** In order, after one. */
  async versions(id: string, after = 0, limit = versionsMax): Promise<HistoryVersion[]> {
    const rest = 'where object_id = ? and version > ? order by version limit ?'
    return historyTable.all(this.#sql, rest, id, after, limit)
  }
}
