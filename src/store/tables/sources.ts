// Sources, and the snapshots that they send of what is there.
import type { Coverage } from '#model/observed-difference.ts'
import type { Problem } from '#model/problems/problem.ts'
import { type Awaitable, listOfTexts, type Sql } from '../sql.ts'
import { changing, integer, json, optional, type RowOf, references, table, text } from '../table.ts'

/** What a source's own rule adopts: what policy would have allowed. */
export type AdoptRule = 'allowed'
/** Who set the rule, and with what: it does what they may. */
export interface RuleSetter {
  readonly name: string
  readonly subject?: string
  readonly scopes: readonly string[]
  readonly makers: readonly string[]
  /** What sign-ins behind their credential proved then, of them and of their makers. */
  readonly groups: readonly { readonly name: string; readonly groups: readonly string[] }[]
  readonly credential: string
}

/** Whose word the scope of a source is, as the record names them. */
export interface ScopeSetter {
  readonly by: string
  readonly subject?: string
  readonly makers: readonly string[]
}

export const sourceTable = table(
  'source',
  {
    id: text(),
    name: changing(text()),
    kind: text(),
    /** It speaks of the accounts at this node and below. */
    node: text(),
    scopeId: changing(optional(references('scope', text()))),
    /** When that was changed: what it told before was not told of it. */
    scopeSetAt: changing(integer()),
    /** Who has said so, and who has given it its name since; undefined where nobody knows, and where it speaks of none. */
    scopeSetBy: changing(optional(json<readonly ScopeSetter[]>())),
    /** In seconds. */
    reportEvery: changing(integer()),
    description: changing(optional(text())),
    /** What it is expected to tell of; undefined: where it tells of something. */
    covers: changing(optional(json<Coverage>())),
    createdAt: integer(),
    /** The snapshot that holds; 0 before the first one. */
    snapshot: changing(integer()),
    /** The one that is being taken. */
    taking: changing(optional(integer())),
    /** When the listing of the one that holds began. */
    takenAt: changing(integer()),
    nextNumber: changing(integer()),
    /** How many observations there are, with those that are gone and not forgotten yet. */
    observed: changing(integer()),
    /** What it adopts by itself after each complete snapshot, the last one for which that was done, and how far it came since. */
    adopts: changing(optional(text<AdoptRule>())),
    /** Undefined where nobody knows: then it adopts nothing. */
    adoptsBy: changing(optional(json<RuleSetter>())),
    adoptedSnapshot: changing(integer()),
    adoptedAfter: changing(optional(integer())),
    /** For which snapshot its findings were last looked through to the end, when, and how far that has come since. */
    foundSnapshot: changing(integer()),
    foundAt: changing(integer()),
    foundAfter: changing(optional(text())),
    /** When it was last worked at, as a number that grows: for its rule, for its findings, and to take away what it leaves behind. */
    ruleTurn: changing(integer()),
    findingTurn: changing(integer()),
    tidyTurn: changing(integer()),
    /** Of what it says: of the newest versions, and of those that have ended and are not forgotten yet. */
    bytes: changing(integer()),
    formerBytes: changing(integer()),
    /** It is there for nobody any more, and what it has told goes a part at a time. */
    deletedAt: changing(optional(integer())),
  },
  'deleted',
)
export type Source = RowOf<typeof sourceTable>
export type SourceSettings = Pick<Source, 'name' | 'scopeId' | 'reportEvery' | 'description' | 'covers' | 'adopts'>

export type SnapshotState = 'open' | 'complete' | 'partial' | 'discarded'
/** Of a line of a snapshot. */
export interface KeptProblem {
  /** The number of the line, from 1. */
  readonly line: number
  readonly field: string
  readonly value: string
  /** In words where the line could not be read, and of snapshots from before it was facts. */
  readonly problem: Problem | string
}
export interface KeptUnlisted {
  readonly account: string
  readonly locale: string
  readonly reason: string
}

export const snapshotTable = table(
  'snapshot',
  {
    sourceId: references('source', text()),
    number: integer(),
    state: changing(text<SnapshotState>()),
    collector: text(),
    principal: text(),
    /** Who made the token that it was sent with, and who made theirs. */
    makers: json<readonly string[]>(),
    /** Who that is for the identity provider. */
    subject: optional(text()),
    takenAt: integer(),
    begunAt: integer(),
    /** What the source had when it began: `observed`, and `nextNumber`. */
    beganWith: integer(),
    nextNumber: integer(),
    /** By how much it has changed those of its source. */
    bytes: changing(integer()),
    formerBytes: changing(integer()),
    /** When something of it came last. */
    touchedAt: changing(integer()),
    endedAt: changing(optional(integer())),
    lines: changing(integer()),
    added: changing(integer()),
    changed: changing(integer()),
    /** Missing for the first time. */
    missing: changing(integer()),
    /** Missing for the second time. */
    gone: changing(integer()),
    /** The first of them. */
    problems: changing(json<readonly KeptProblem[]>()),
    problemCount: changing(integer()),
    unlisted: changing(json<readonly KeptUnlisted[]>()),
    unlistedCount: changing(integer()),
  },
  'deleted',
)
export type StoredSnapshot = RowOf<typeof snapshotTable>
/** Of snapshots of one source, of which so many are kept as `snapshotsKept` says. */
export type SnapshotSender = Pick<StoredSnapshot, 'principal' | 'makers' | 'number'> & { readonly subject?: string }
export type SnapshotChanges = Partial<
  Omit<
    StoredSnapshot,
    | 'sourceId'
    | 'number'
    | 'collector'
    | 'principal'
    | 'makers'
    | 'subject'
    | 'takenAt'
    | 'begunAt'
    | 'beganWith'
    | 'nextNumber'
  >
>

/** How many bytes there are of a source. */
export interface SourceWeight {
  readonly id: string
  readonly node: string
  readonly bytes: number
}

export class Sources {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  find(id: string): Promise<Source | undefined> {
    return sourceTable.first(this.#sql, 'where id = ? and deleted_at is null', id)
  }
  /** Those of a name, each at another node; in order of their ids. */
  named(name: string, limit: number): Promise<Source[]> {
    return sourceTable.all(this.#sql, 'where name = ? and deleted_at is null order by id limit ?', name, limit)
  }
  /** Marks those at exactly this node as deleted; answers their ids. */
  async deleteAt(node: string, deletedAt: number): Promise<string[]> {
    const found = await sourceTable.all(this.#sql, 'where node = ? and deleted_at is null order by id', node)
    if (found.length > 0)
      await sourceTable.change(this.#sql, { deletedAt }, 'where node = ? and deleted_at is null', node)
    return found.map(({ id }) => id)
  }
  /** In order of creation, after one (`''`: the first). */
  list(after: string, limit: number): Promise<Source[]> {
    return sourceTable.all(this.#sql, 'where id > ? and deleted_at is null order by id limit ?', after, limit)
  }
  /** Those at some nodes. */
  async at(nodes: readonly string[]): Promise<Source[]> {
    const list = listOfTexts(nodes)
    return sourceTable.all(this.#sql, `where node in ${list.text} and deleted_at is null order by id`, ...list.values)
  }
  // What is worked at by itself: of those that have something to be done, the one that had its last turn before all others. So nobody's
  // sources keep others' waiting, however much there is to do for them and however many are made anew.

  /** Notes that it has its turn. */
  async beginTurn(id: string, turn: 'ruleTurn' | 'findingTurn' | 'tidyTurn', number: number): Promise<void> {
    await this.change(id, { [turn]: number })
  }
  /** Some that is deleted, and may have told something that is still there. */
  anyDeleted(): Promise<Source | undefined> {
    return sourceTable.first(this.#sql, 'where deleted_at is not null order by tidy_turn, id limit 1')
  }
  /** Some that has snapshots beyond the newest `kept`, beside the one that holds. */
  withOldSnapshots(kept: number): Promise<Source | undefined> {
    const rest = `where deleted_at is null and exists (select 1 from snapshot s
        where s.source_id = source.id and s.number <> source.snapshot
          and s.number < (select max(n.number) from snapshot n where n.source_id = source.id) - ?)
      order by tidy_turn, id limit 1`
    return sourceTable.first(this.#sql, rest, kept)
  }
  /** Some that has observations which were gone already before its newest `kept` snapshots. */
  withOldGone(kept: number): Promise<Source | undefined> {
    const rest = `where deleted_at is null and taking is null and exists (select 1 from observation o
        where o.source_id = source.id and o.missing = 2 and o.until_snapshot is null
          and o.since_snapshot < source.snapshot - ?)
      order by tidy_turn, id limit 1`
    return sourceTable.first(this.#sql, rest, kept)
  }
  /** One whose findings were not looked through since its last snapshot, or since a moment. */
  toFollow(before: number): Promise<Source | undefined> {
    const rest = `where deleted_at is null and snapshot > 0 and (snapshot > found_snapshot or found_at < ?)
      order by finding_turn, id limit 1`
    return sourceTable.first(this.#sql, rest, before)
  }
  /** One whose rule has something to do: a complete snapshot holds for which it was not done, or not to its end. */
  async withRule(): Promise<Source | undefined> {
    const rest = `where deleted_at is null and adopts is not null and snapshot > adopted_snapshot and exists (
        select 1 from snapshot s where s.source_id = source.id and s.number = source.snapshot and s.state = 'complete')
      order by rule_turn, id limit 1`
    return sourceTable.first(this.#sql, rest)
  }
  /** Some that has more bytes of versions that have ended than of the newest ones, and more than `kept`, beside what its last snapshot ended. */
  withManyFormer(kept: number): Promise<Source | undefined> {
    const rest = `where deleted_at is null and former_bytes > ? and former_bytes > bytes and exists (
        select 1 from observation o where o.source_id = source.id and o.until_snapshot < source.snapshot)
      order by tidy_turn, id limit 1`
    return sourceTable.first(this.#sql, rest, kept)
  }
  /** What each has told comes to, also of those that are deleted and not gone yet. There are few sources. */
  weights(): Awaitable<readonly SourceWeight[]> {
    return this.#sql.all('select id, node, bytes + former_bytes as bytes from source order by id')
  }
  async newestSnapshot(sourceId: string): Promise<number> {
    const row = await this.#sql.get<{ number: number | null }>(
      'select max(number) as number from snapshot where source_id = ?',
      sourceId,
    )
    return row?.number ?? 0
  }
  /** Those of which a snapshot is being taken. There are few at a time. */
  beingTaken(limit: number): Promise<Source[]> {
    return sourceTable.all(this.#sql, 'where taking is not null order by tidy_turn, id limit ?', limit)
  }
  /** The same of many. */
  async some(ids: readonly string[]): Promise<ReadonlyMap<string, Source>> {
    const list = listOfTexts(ids)
    const found = await sourceTable.all(this.#sql, `where id in ${list.text}`, ...list.values)
    return new Map(found.map((source) => [source.id, source]))
  }
  /** Those that are there, at a node or in all; no more than `limit` are counted. */
  async count(limit: number, node?: string): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      `select count(*) as count from (
         select 1 as one from source where deleted_at is null ${node === undefined ? '' : 'and node = ?'} limit ?) found`,
      ...(node === undefined ? [] : [node]),
      limit,
    )
    return row!.count
  }
  insert(source: Source): Promise<void> {
    return sourceTable.insert(this.#sql, source)
  }
  async change(id: string, changes: Partial<Omit<Source, 'id'>>): Promise<void> {
    await sourceTable.change(this.#sql, changes, 'where id = ?', id)
  }
  /** Of which nothing is left. */
  async remove(id: string): Promise<void> {
    await this.#sql.run('delete from source where id = ?', id)
  }

  // Snapshots ------------------------------------------------------------------------------------------------------

  findSnapshot(sourceId: string, number: number): Promise<StoredSnapshot | undefined> {
    return snapshotTable.first(this.#sql, 'where source_id = ? and number = ?', sourceId, number)
  }
  /** Newest first, before one. */
  listSnapshots(sourceId: string, before: number, limit: number): Promise<StoredSnapshot[]> {
    const rest = 'where source_id = ? and number < ? order by number desc limit ?'
    return snapshotTable.all(this.#sql, rest, sourceId, before, limit)
  }
  /** Who sent those that are known, each once, with the newest of theirs. */
  async sendersOf(sourceId: string): Promise<readonly SnapshotSender[]> {
    const rows = await this.#sql.all<{ principal: string; makers: string; subject: string | null; number: number }>(
      `select principal, makers, subject, max(number) as number from snapshot where source_id = ?
       group by principal, makers, subject order by max(number) desc`,
      sourceId,
    )
    return rows.map(({ principal, makers, subject, number }) => ({
      ...{ principal, number, makers: JSON.parse(makers) as string[] },
      ...(subject === null ? {} : { subject }),
    }))
  }
  insertSnapshot(snapshot: StoredSnapshot): Promise<void> {
    return snapshotTable.insert(this.#sql, snapshot)
  }
  async changeSnapshot(sourceId: string, number: number, changes: SnapshotChanges): Promise<void> {
    await snapshotTable.change(this.#sql, changes, 'where source_id = ? and number = ?', sourceId, number)
  }
  /** Those before a number but one, no more than `limit`; answers how many. */
  async forgetSnapshots(sourceId: string, before: number, but: number, limit: number): Promise<number> {
    return this.#sql.run(
      `delete from snapshot where source_id = ? and number in (
         select number from snapshot where source_id = ? and number < ? and number <> ? order by number limit ?)`,
      sourceId,
      sourceId,
      before,
      but,
      limit,
    )
  }
}
