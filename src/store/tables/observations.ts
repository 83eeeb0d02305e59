// What sources say is there, in versions: each holds from one snapshot of its source until another one. What an open snapshot brings is
// seen by nobody before the source says that it holds.
import { type Cidr, lastAddress, supernets, toKey } from '#model/cidr.ts'
import type { Observation } from '#model/observation.ts'
import { compareValues } from '../merged-ranges.ts'
import { inParts, listOf, listOfBlocks, listOfNumbers, listOfTexts, type Sql, type SqlValue } from '../sql.ts'
import {
  blob,
  block,
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
} from '../table.ts'

/** What is kept of an observation beside its columns. */
export type ObservedBody = Omit<Observation, 'kind' | 'cidr' | 'space' | 'id' | 'account' | 'locale'>

export const observationTable = table(
  'observation',
  {
    sourceId: references('source', text()),
    /** Of the observation, among those of its source: its versions have the same. */
    number: integer(),
    sinceSnapshot: integer(),
    untilSnapshot: changing(optional(integer())),
    identity: blob(),
    cidr: block(),
    kind: text<Observation['kind']>(),
    space: text(),
    id: named('object_id', text()),
    account: text(),
    locale: text(),
    body: json<ObservedBody>(),
    /** In how many complete snapshots in a row it was missing: 0, 1, or 2 for two and more. */
    missing: integer<0 | 1 | 2>(),
    firstSeenAt: integer(),
    /** Characters of what it says. */
    bytes: integer(),
  },
  'deleted',
)
export type StoredObservation = RowOf<typeof observationTable>

/** Which versions are meant: those that hold in this snapshot of the source. */
export interface At {
  readonly sourceId: string
  readonly snapshot: number
}

/** Where an observation stands among those of its account. */
export type PlaceOfObservation = Pick<StoredObservation, 'sourceId' | 'locale' | 'number'>

/** What was taken away. */
export interface Gone {
  readonly count: number
  readonly bytes: number
}

const holds = 'since_snapshot <= ? and (until_snapshot is null or until_snapshot > ?)'

/** Of which one statement looks for what touches a block. */
const sourcesPerStatement = 32
/** As in the index of these. */
const takesSpace = `and o.kind not in ('container', 'pool', 'prefix-list', 'peer-range', 'registration')`
export interface TouchingAsked {
  readonly limit: number
  /** Rows that one statement looks at. */
  readonly lookedMax: number
  /** Only what takes space by itself. */
  readonly isTaking?: boolean
}

interface NewestAt {
  readonly sourceId: string
  readonly number: number
  readonly since: number
  readonly held: number
}
export interface Touching {
  readonly found: readonly StoredObservation[]
  /** There may be more than what was looked at. */
  readonly isCut: boolean
}

export class Observations {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** The newest versions of these identities, also of a snapshot that is open. */
  async newest(sourceId: string, identities: readonly Uint8Array[]): Promise<StoredObservation[]> {
    if (identities.length === 0) return []
    const probes = listOfBlobs(identities)
    // One by one: with a list, SQLite would rather look at all that the source has.
    const rows = await this.#sql.all<Row>(
      `with probe (identity) as (values ${probes.text})
       select ${observationTable.columnsOf('o')} from probe q cross join observation o
       where o.source_id = ? and o.identity = q.identity and o.until_snapshot is null`,
      ...probes.values,
      sourceId,
    )
    return rows.map((row) => observationTable.of(row))
  }
  /** Those that hold, in order of their numbers after one. */
  holding({ sourceId, snapshot }: At, after: number, limit: number): Promise<StoredObservation[]> {
    const rest = `where source_id = ? and number > ? and ${holds} order by number limit ?`
    return observationTable.all(this.#sql, rest, sourceId, after, snapshot, snapshot, limit)
  }
  /** Those with these numbers that hold. */
  async numbered({ sourceId, snapshot }: At, numbers: readonly number[]): Promise<StoredObservation[]> {
    if (numbers.length === 0) return []
    const list = listOf(numbers)
    const rest = `where source_id = ? and number in ${list.text} and ${holds} order by number`
    return observationTable.all(this.#sql, rest, sourceId, ...list.values, snapshot, snapshot)
  }
  /** The newest versions, in order of their numbers after one. */
  newestAfter(sourceId: string, after: number, limit: number): Promise<StoredObservation[]> {
    const rest = 'where source_id = ? and number > ? and until_snapshot is null order by number limit ?'
    return observationTable.all(this.#sql, rest, sourceId, after, limit)
  }
  /** Those that hold and are there, of exactly these blocks. No more than `limit`. */
  async ofBlocks({ sourceId, snapshot }: At, blocks: readonly Cidr[], limit: number): Promise<StoredObservation[]> {
    if (blocks.length === 0) return []
    const probes = listOfBlocks(blocks)
    const rows = await this.#sql.all<Row>(
      `with probe (first, length) as (values ${probes.text})
       select ${observationTable.columnsOf('o')} from probe q cross join observation o
       where o.first = q.first and o.length = q.length and o.source_id = ? and o.missing < 2
         and o.since_snapshot <= ? and (o.until_snapshot is null or o.until_snapshot > ?)
       order by o.number limit ?`,
      ...probes.values,
      sourceId,
      snapshot,
      snapshot,
      limit,
    )
    return rows.map((row) => observationTable.of(row))
  }
  /**
   * Those that hold and are there, of certain sources, and lie in a block or around it: source after source, no more than about `limit`.
   * What other sources say of the block costs nothing, nor what these said before; of what they say by a snapshot that does not hold yet
   * so many are looked at.
   */
  async touching(
    cidr: Cidr,
    sourceIds: readonly string[],
    { limit, lookedMax, isTaking = false }: TouchingAsked,
  ): Promise<Touching> {
    const found: StoredObservation[] = []
    let isCut = false
    for (let from = 0; from < sourceIds.length && found.length < limit; from += sourcesPerStatement) {
      const part = await this.#touching(cidr, sourceIds.slice(from, from + sourcesPerStatement), {
        limit,
        lookedMax,
        isTaking,
      })
      found.push(...part.found)
      isCut ||= part.isCut
    }
    return { found, isCut: isCut || found.length >= limit }
  }
  async #touching(
    cidr: Cidr,
    sourceIds: readonly string[],
    { limit, lookedMax, isTaking }: TouchingAsked,
  ): Promise<Touching> {
    const probes = listOfBlocks(supernets(cidr))
    const list = listOfTexts(sourceIds)
    const columns = 'o.source_id as "sourceId", o.number, o.since_snapshot as since, s.snapshot as held'
    // The newest version of each, which has the same block as the one that holds. In no order, so that it is over with the first ones.
    const isNewest = `s.deleted_at is null and o.source_id = s.id and o.until_snapshot is null and o.missing < 2
      ${isTaking ? takesSpace : ''}`
    const around = await this.#sql.all<NewestAt>(
      `with probe (first, length) as (values ${probes.text})
       select ${columns} from source s cross join probe q cross join observation o
       where s.id in ${list.text} and ${isNewest} and o.first >= q.first and o.first <= q.first and o.length = q.length limit ?`,
      ...probes.values,
      ...list.values,
      lookedMax,
    )
    const inside = await this.#sql.all<NewestAt>(
      `select ${columns} from source s cross join observation o
       where s.id in ${list.text} and ${isNewest} and o.first >= ? and o.first <= ? and o.length > ? limit ?`,
      ...list.values,
      toKey(cidr),
      toKey(lastAddress(cidr)),
      cidr.length,
      lookedMax,
    )
    // Of those that a snapshot brings which does not hold yet, some had a version before, which holds.
    const newest = Map.groupBy([...around, ...inside], ({ since, held }) => since <= held)
    const asked = [...(newest.get(true) ?? []).slice(0, limit), ...(newest.get(false) ?? [])]
    const found: StoredObservation[] = []
    for (const [sourceId, some] of Map.groupBy(asked, (one) => one.sourceId)) {
      const numbers = some.map(({ number }) => number)
      const holding = await this.numbered({ sourceId, snapshot: some[0]!.held }, numbers)
      found.push(...holding.filter(({ missing }) => missing < 2))
    }
    const isCut = [around, inside].some(({ length }) => length === lookedMax)
    return { found: found.sort((one, other) => compareValues(one.sourceId, other.sourceId)), isCut }
  }
  /** Those that hold of one account, as sources call it, in the order of sources, places and numbers, after one. */
  async ofAccount(account: string, after: PlaceOfObservation | undefined, limit: number): Promise<StoredObservation[]> {
    const rows = await this.#sql.all<Row>(
      `select ${observationTable.columnsOf('o')} from observation o join source s on s.id = o.source_id
       where o.account = ? and (o.source_id, o.locale, o.number) > (cast(? as text), cast(? as text), cast(? as bigint))
         and s.deleted_at is null and o.since_snapshot <= s.snapshot and (o.until_snapshot is null or o.until_snapshot > s.snapshot)
       order by o.source_id, o.locale, o.number limit ?`,
      account,
      after?.sourceId ?? '',
      after?.locale ?? '',
      after?.number ?? -1,
      limit,
    )
    return rows.map((row) => observationTable.of(row))
  }
  /** Which of these ids of objects it says something of, and be it that they are gone. */
  async mentioned({ sourceId, snapshot }: At, ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set()
    const list = listOfTexts(ids)
    const rows = await this.#sql.all<{ id: string }>(
      `select distinct object_id as id from observation where object_id <> '' and object_id in ${list.text} and source_id = ?
         and ${holds}`,
      ...list.values,
      sourceId,
      snapshot,
      snapshot,
    )
    return new Set(rows.map(({ id }) => id))
  }
  /** Which of these accounts it tells something of in which locale, that is there: pairs of the two, as the source calls them. */
  async covered(
    { sourceId, snapshot }: At,
    pairs: readonly (readonly [account: string, locale: string])[],
  ): Promise<readonly { readonly account: string; readonly locale: string }[]> {
    if (pairs.length === 0) return []
    const size = 2 ** Math.ceil(Math.log2(pairs.length))
    const filled = Array.from({ length: size }, (_, index) => pairs[index] ?? pairs.at(-1)!)
    return this.#sql.all(
      `with probe (account, locale) as (values ${filled.map(() => '(cast(? as text), cast(? as text))').join(', ')})
       select distinct q.account, q.locale from probe q where exists (
         select 1 from observation o where o.account = q.account and o.source_id = ? and o.locale = q.locale
           and o.missing = 0 and o.since_snapshot <= ? and (o.until_snapshot is null or o.until_snapshot > ?))`,
      ...filled.flat(),
      sourceId,
      snapshot,
      snapshot,
    )
  }
  async insert(observation: StoredObservation): Promise<void> {
    observationTable.later(this.#sql, observation)
  }
  /** The newest versions of these end with a snapshot. */
  async end(sourceId: string, numbers: readonly number[], untilSnapshot: number): Promise<void> {
    if (numbers.length === 0) return
    const list = listOf(numbers)
    const rest = `where source_id = ? and number in ${list.text} and until_snapshot is null and since_snapshot < ?`
    await observationTable.change(this.#sql, { untilSnapshot }, rest, sourceId, ...list.values, untilSnapshot)
  }
  /** Takes back what a snapshot brought, no more than `limit` rows of each; answers how many rows that were. */
  async takeBack({ sourceId, snapshot }: At, limit: number): Promise<number> {
    const removed = await this.#sql.run(
      `delete from observation where source_id = ? and since_snapshot = ? and number in (
         select number from observation where source_id = ? and since_snapshot = ? order by number limit ?)`,
      sourceId,
      snapshot,
      sourceId,
      snapshot,
      limit,
    )
    if (removed === limit) return removed
    const restored = await this.#sql.run(
      `update observation set until_snapshot = null where source_id = ? and until_snapshot = ? and number in (
         select number from observation where source_id = ? and until_snapshot = ? order by number limit ?)`,
      sourceId,
      snapshot,
      sourceId,
      snapshot,
      limit,
    )
    return removed + restored
  }
  /** Takes away versions that ended before a snapshot, no more than `limit`. */
  forget(sourceId: string, before: number, limit: number): Promise<Gone> {
    return this.#takeAway('until_snapshot < ? order by until_snapshot', sourceId, before, limit)
  }
  /** Takes away what was gone before a snapshot, no more than `limit`. */
  forgetGone(sourceId: string, before: number, limit: number): Promise<Gone> {
    const which = 'missing = 2 and until_snapshot is null and since_snapshot < ? order by since_snapshot'
    return this.#takeAway(which, sourceId, before, limit)
  }
  async #takeAway(which: string, sourceId: string, before: number, limit: number): Promise<Gone> {
    const found = await this.#sql.all<Pick<StoredObservation, 'number' | 'bytes'> & { since_snapshot: number }>(
      `select number, since_snapshot, bytes from observation where source_id = ? and ${which} limit ?`,
      sourceId,
      before,
      limit,
    )
    await inParts(found, async (part) => {
      const list = listOfNumbers(part.map((row) => [row.number, row.since_snapshot]))
      await this.#sql.run(
        `delete from observation where source_id = ? and (number, since_snapshot) in (values ${list.text})`,
        sourceId,
        ...list.values,
      )
    })
    return { count: found.length, bytes: found.reduce((sum, { bytes }) => sum + bytes, 0) }
  }
  /** Takes away all versions of a source, no more than `limit`; answers how many. */
  async removeSome(sourceId: string, limit: number): Promise<number> {
    return this.#sql.run(
      `delete from observation where source_id = ? and (number, since_snapshot) in (
         select number, since_snapshot from observation where source_id = ? order by number, since_snapshot limit ?)`,
      sourceId,
      sourceId,
      limit,
    )
  }
}

/** Lists are filled up to a power of two, so that there are few texts. */
function listOfBlobs(all: readonly Uint8Array[]): { readonly text: string; readonly values: readonly SqlValue[] } {
  const size = 2 ** Math.ceil(Math.log2(all.length))
  const filled = Array.from({ length: size }, (_, index) => all[index] ?? all.at(-1)!)
  return { text: filled.map(() => '(cast(? as blob))').join(', '), values: filled }
}
