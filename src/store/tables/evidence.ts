// The log of evidence: the leaf of each entry, the tree above them in tiles, the keys that sign it, and the checkpoints that were signed.

import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { formatCidr, fromKey } from '#model/cidr.ts'
import {
  committedTexts,
  type DecisionFacts,
  type EntryFacts,
  type OriginFacts,
  type SubjectFacts,
  saltDigits,
  saltText,
  type VersionFacts,
} from '#model/evidence/commitments.ts'
import { nameOfNative } from '#model/principal.ts'
import { bytesOf, commitmentTo, hexOf } from '../commitments.ts'
import { keyOf } from '../key.ts'
import { listOf, type Sql } from '../sql.ts'
import { blob, changing, integer, onlyRow, optional, type RowOf, table, text } from '../table.ts'
import type { Sealer } from './access-keys.ts'
import { eraseMaker, eraseOrigin, type MadeTokens } from './erased-origin.ts'

export const evidenceLogTable = table(
  'evidence_log',
  {
    only: onlyRow(),
    size: changing(integer()),
    /** The entry that the last leaf is of; -1: none yet. */
    entry: changing(integer()),
    /** What the salts of records from before follow from; undefined before the first leaf. */
    secret: changing(optional(blob())),
  },
  'seeded',
)
export const evidenceTileTable = table(
  'evidence_tile',
  {
    level: integer(),
    n: integer(),
    /** Of level 0: the entry that the first leaf is of. */
    firstEntry: optional(integer()),
    hashes: changing(blob()),
  },
  'kept',
)
export const evidenceKeyTable = table(
  'evidence_key',
  { n: integer(), name: text(), publicKey: blob(), sealed: blob(), madeAt: integer() },
  'recorded',
)
export const evidenceCheckpointTable = table(
  'evidence_checkpoint',
  { n: integer(), size: integer(), at: integer(), note: text() },
  'recorded',
)

export type EvidenceLog = RowOf<typeof evidenceLogTable>
export type StoredTile = RowOf<typeof evidenceTileTable>
export type StoredCheckpoint = RowOf<typeof evidenceCheckpointTable>
/** A key that signs checkpoints, without its secret. */
export type LogKey = Omit<RowOf<typeof evidenceKeyTable>, 'sealed'>

/** An entry, and what its leaf holds of it: 32 bytes. */
export interface Leaf {
  readonly entry: number
  readonly commitment: Uint8Array
}
/** A part of a record with its commitment; the salt is missing where it was erased. */
export interface Opened<Facts> {
  readonly facts: Facts
  readonly salt: string | undefined
  /** Of what stands in the tables now, in hexadecimal; as it was written where the salt is gone. */
  readonly commitment: string
  /** As it was written; undefined where it is a part of something else, or from before. */
  readonly written?: string
}
/** All of an entry that its leaf commits to, as it stands in the tables now. */
export interface Opening {
  readonly entry: EntryFacts
  readonly salt: string
  /** In hexadecimal. */
  readonly commitment: string
  /** As it was written with the entry; undefined for one from before. */
  readonly written: string | undefined
  readonly origin: Opened<OriginFacts>
  /** Objects as they were after it. */
  readonly versions: readonly Opened<VersionFacts>[]
  /** Those that are evidence and not forgotten. */
  readonly decisions: readonly Opened<DecisionFacts>[]
}

const saltBytes = saltDigits / 2
const secretBytes = 32
const commitmentBytes = 32
/** Many leaves as one row: an object and a buffer for each would cost five times all that is hashed of them. */
const leavesText = `select string_agg(cast(n as text), ',' order by n) as entries, count(*) - count(evidence) as lacking,
    cast(string_agg(substr(evidence, ${saltBytes + 1}), cast('' as blob) order by n) as blob) as commitments
  from (select n, evidence from audit_entry where n > ? order by n limit ?) as leaf`
interface LeavesRow {
  readonly entries: string | null
  readonly lacking: number
  readonly commitments: Uint8Array | null
}
/** Entries whose facts are read at once. */
const openedPerStep = 100

interface OriginRow {
  origin: number
  salt: Uint8Array | null
  commitment: Uint8Array | null
  account: string
  principal: string
  access_key_id: string
  source_address: string
  region: string
  action: string
}
interface EntryRow extends OriginRow {
  n: number
  at: number
  request_id: string
  outcome: string
  subjects: string
  result: string | null
  dry_run: number | null
  times: number | null
  given: number | null
  evidence: Uint8Array | null
  decided: Uint8Array | null
}
interface SubjectRow {
  entry: number
  object_id: string
  version_before: number | null
  version_after: number | null
  kind: string | null
  account: string | null
  from_at: number | null
  body: string | null
  salt: Uint8Array | null
}
interface DecisionRow {
  audit_entry: number
  n: number
  at: number
  first: Uint8Array | null
  length: number | null
  request: string | null
  salt: Uint8Array
  account: string
  locale: string
  resource_type: string
  outcome: string
  mode: string
  policy_id: string | null
  policy_version: number | null
  pool: string | null
  would_be: string | null
  candidate_outcome: string | null
  body: string
}

export class Evidence {
  readonly #sql: Sql
  readonly #sealer: Sealer
  readonly #clock: { readonly now: number; nextSequence(): number; nextTurn(): Promise<void> }
  constructor(
    sql: Sql,
    sealer: Sealer,
    clock: { readonly now: number; nextSequence(): number; nextTurn(): Promise<void> },
  ) {
    this.#sql = sql
    this.#sealer = sealer
    this.#clock = clock
  }

  // The tree ---------------------------------------------------------------------------------------------------------

  async log(): Promise<EvidenceLog> {
    return (await evidenceLogTable.first(this.#sql, ''))!
  }
  async setLog(changes: Partial<Pick<EvidenceLog, 'size' | 'entry'>>): Promise<void> {
    await evidenceLogTable.change(this.#sql, changes, '')
  }
  /** Draws what the salts of records from before follow from. */
  async begin(): Promise<void> {
    const secret = randomBytes(secretBytes)
    await evidenceLogTable.change(this.#sql, { secret }, 'where secret is null')
  }
  /** Those of the entries behind one, in their order; of entries from before they are made here. */
  async leavesAfter(after: number, limit: number): Promise<readonly Leaf[]> {
    const read = (await this.#sql.get<LeavesRow>(leavesText, after, limit))!
    const entries = read.entries?.split(',').map(Number) ?? []
    const made = read.lacking === 0 ? undefined : await this.#madeOf(entries)
    let at = 0
    const next = (): Uint8Array => {
      at += commitmentBytes
      return read.commitments!.subarray(at - commitmentBytes, at)
    }
    return entries.map((entry) => ({ entry, commitment: made?.get(entry) ?? next() }))
  }
  /** Of those of some entries that are from before there were leaves, made from what stands in the tables. */
  async #madeOf(entries: readonly number[]): Promise<ReadonlyMap<number, Uint8Array>> {
    const made = new Map<number, Uint8Array>()
    for (let from = 0; from < entries.length; from += openedPerStep) {
      for (const opening of await this.openings(entries.slice(from, from + openedPerStep))) {
        if (opening.written === undefined) made.set(opening.entry.n, bytesOf(opening.commitment))
      }
      await this.#clock.nextTurn()
    }
    return made
  }
  /** The numbers of entries behind one, in their order. */
  async entriesAfter(after: number, limit: number): Promise<readonly number[]> {
    const rows = await this.#sql.all<{ n: number }>(
      'select n from audit_entry where n > ? order by n limit ?',
      after,
      limit,
    )
    return rows.map(({ n }) => n)
  }
  /** Of a period, from its beginning to before its end. */
  async entriesBetween(
    { from, until, after }: { readonly from: number; readonly until: number; readonly after: number },
    limit: number,
  ): Promise<readonly number[]> {
    const rows = await this.#sql.all<{ n: number }>(
      'select n from audit_entry where n > ? and at >= ? and at < ? order by n limit ?',
      after,
      from,
      until,
      limit,
    )
    return rows.map(({ n }) => n)
  }
  /** Objects of a kind as they were at a moment, in the order of their ids, with the entries that made them so. */
  async versionsAt(
    { kind, at, after }: { readonly kind: string; readonly at: number; readonly after: string },
    limit: number,
  ): Promise<readonly { readonly objectId: string; readonly version: number; readonly entry: number | undefined }[]> {
    const rows = await this.#sql.all<{ objectId: string; version: number; entry: number | null }>(
      `select h.object_id as "objectId", h.version, (select max(s.entry) from audit_subject s
         where s.object_id = h.object_id and s.version_after = h.version) as entry
       from history h where h.kind = ? and h.object_id > ? and h.from_at < ? and (h.until_at is null or h.until_at >= ?)
         and h.version = (select max(l.version) from history l where l.object_id = h.object_id and l.from_at < ?)
       order by h.object_id limit ?`,
      kind,
      after,
      at,
      at,
      at,
      limit,
    )
    return rows.map(({ entry, ...rest }) => ({ ...rest, entry: entry ?? undefined }))
  }
  /**
   * Of versions of objects in the order of their ids, those that no entry has made so, or whose end is none that is on record. What an entry
   * changed more than once was something else in between, for no time at all: nothing names that.
   */
  async unrecordedVersions(
    { objectId, version }: { readonly objectId: string; readonly version: number },
    limit: number,
  ): Promise<{
    readonly next: { readonly objectId: string; readonly version: number } | undefined
    readonly found: readonly { readonly objectId: string; readonly version: number }[]
  }> {
    const rows = await this.#sql.all<{ objectId: string; version: number; isBegun: number; isEnded: number }>(
      `select h.object_id as "objectId", h.version,
         case when h.until_at = h.from_at or exists (select 1 from audit_subject s
           where s.object_id = h.object_id and s.version_after = h.version) then 1 else 0 end as "isBegun",
         case when h.until_at is null then case when exists (select 1 from audit_subject s
             where s.object_id = h.object_id and s.version_before = h.version and s.version_after is null) then 0 else 1 end
           when h.until_at = h.from_at then 1
           when h.until_at = (select l.from_at from history l where l.object_id = h.object_id and l.version = h.version + 1)
             then 1
           when exists (select 1 from audit_subject s join audit_entry e on e.n = s.entry
             where s.object_id = h.object_id and s.version_before = h.version and s.version_after is null
               and e.at = h.until_at) then 1 else 0 end as "isEnded"
       from history h where (h.object_id, h.version) > (?, ?) order by h.object_id, h.version limit ?`,
      objectId,
      version,
      limit,
    )
    const last = rows.length < limit ? undefined : rows.at(-1)
    return {
      next: last && { objectId: last.objectId, version: last.version },
      found: rows.flatMap(({ isBegun, isEnded, ...found }) => (isBegun && isEnded ? [] : [found])),
    }
  }
  /** Roles and tokens that are in force otherwise than is on record of them: nobody has given them. */
  async unrecordedRights(limit: number): Promise<readonly string[]> {
    const differs = (table: string, members: readonly string[]): string =>
      `select o.id from ${table} o where not exists (select 1 from history h where h.object_id = o.id and h.until_at is null
         and ${members.map((name) => `json_extract(body, '$.${name}') = o.${name}`).join(' and ')})`
    const rows = await this.#sql.all<{ id: string }>(
      `${differs('role_binding', ['principal', 'role', 'node', 'effect'])} union all
       ${differs('api_token', ['principal', 'account'])} limit ?`,
      limit,
    )
    return rows.map(({ id }) => id)
  }
  /** Whether an object became another one in a period, from its beginning to before its end. */
  async hasVersionBetween(objectId: string, from: number, until: number): Promise<boolean> {
    const row = await this.#sql.get(
      'select version from history where object_id = ? and from_at >= ? and from_at < ? limit 1',
      objectId,
      from,
      until,
    )
    return row !== undefined
  }
  /** The versions of an object behind one, of before a moment, with the entries that made them. */
  async versionsOf(
    objectId: string,
    { after, until }: { readonly after: number; readonly until: number },
    limit: number,
  ): Promise<readonly { readonly version: number; readonly entry: number | undefined }[]> {
    const rows = await this.#sql.all<{ version: number; entry: number | null }>(
      `select h.version, (select max(s.entry) from audit_subject s
         where s.object_id = h.object_id and s.version_after = h.version) as entry
       from history h where h.object_id = ? and h.version > ? and h.from_at < ? order by h.version limit ?`,
      objectId,
      after,
      until,
      limit,
    )
    return rows.map(({ version, entry }) => ({ version, entry: entry ?? undefined }))
  }
  /** What a version of a policy says, as it was written. */
  async policyText(policyId: string, version: number): Promise<string | undefined> {
    const row = await this.#sql.get<{ body: string }>(
      'select body from policy_version where policy_id = ? and version = ?',
      policyId,
      version,
    )
    return row?.body
  }
  /** A node and all below it, as the organization is now. */
  async nodesBelow(node: string): Promise<readonly string[]> {
    const rows = await this.#sql.all<{ id: string }>(
      `with recursive below (id) as (select id from organization_node where id = ? union select o.id from organization_node o join below b on o.parent_id = b.id)
       select id from below order by id`,
      node,
    )
    return rows.map(({ id }) => id)
  }
  async tile(level: number, n: number): Promise<StoredTile | undefined> {
    return evidenceTileTable.first(this.#sql, 'where level = ? and n = ?', level, n)
  }
  async putTile(tile: StoredTile): Promise<void> {
    await evidenceTileTable.put(this.#sql, tile, 'level, n')
  }
  /** The tile of level 0 that the leaf of an entry is in, where it is in any. */
  async tileOfEntry(entry: number): Promise<StoredTile | undefined> {
    return evidenceTileTable.first(
      this.#sql,
      'where first_entry is not null and first_entry <= ? order by first_entry desc limit 1',
      entry,
    )
  }
  /** How many entries there are from one to before another. */
  async countEntries(from: number, to: number): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      'select count(*) as count from audit_entry where n >= ? and n < ?',
      from,
      to,
    )
    return row!.count
  }

  // What leaves commit to --------------------------------------------------------------------------------------------

  /** Of some entries, in their order; those that are not there are missing. */
  async openings(entries: readonly number[]): Promise<readonly Opening[]> {
    if (entries.length === 0) return []
    const list = listOf(entries)
    const { secret } = await this.log()
    const rows = await this.#sql.all<EntryRow>(
      `select a.n, a.at, a.request_id, a.outcome, a.subjects, a.result, a.dry_run, a.times, a.given, a.evidence, a.decided, a.origin,
         o.salt, o.commitment, o.account, o.principal, o.access_key_id, o.source_address, o.region, o.action
       from audit_entry a join origin o on o.n = a.origin where a.n in ${list.text} order by a.n`,
      ...list.values,
    )
    const listed = Map.groupBy(
      await this.#sql.all<SubjectRow>(
        `select s.entry, s.object_id, s.version_before, s.version_after, h.kind, h.account, h.from_at, h.body, h.salt
         from audit_subject s left join history h on h.object_id = s.object_id and h.version = s.version_after
         where s.entry in ${list.text} order by s.entry, s.place`,
        ...list.values,
      ),
      ({ entry }) => entry,
    )
    const secretText = secret ? hexOf(secret) : ''
    const decided = rows.filter(({ decided }) => decided !== null).map(({ n }) => n)
    const decisions = decided.length === 0 ? new Map<number, DecisionRow[]>() : await this.#decisionsOf(decided)
    return rows.map((row) => toOpening(row, listed.get(row.n) ?? [], decisions.get(row.n) ?? [], secretText))
  }
  async #decisionsOf(entries: readonly number[]): Promise<Map<number, DecisionRow[]>> {
    const list = listOf(entries)
    // Decisions were numbered right before their entry; by their numbers they are found without an index of their entries.
    const rows = await this.#sql.all<DecisionRow>(
      `with asked as (select n as entry, coalesce((select max(p.n) from audit_entry p where p.n < a.n), -1) as former
         from audit_entry a where n in ${list.text})
       select d.audit_entry, d.n, d.at, d.first, d.length, d.request, d.salt, r.account, r.locale, r.resource_type, r.outcome, r.mode,
         r.policy_id, r.policy_version, r.pool, r.would_be, r.candidate_outcome, r.body
       from asked cross join decision d join ruling r on r.n = d.ruling
       where d.n > asked.former and d.n < asked.entry and d.audit_entry = asked.entry and d.salt is not null order by d.n`,
      ...list.values,
    )
    return Map.groupBy(rows, ({ audit_entry: entry }) => entry)
  }

  /**
   * Erases who it was, and from where, of requests of a principal, also of what acts for them (`rule:ID of NAME`), so many at a time;
   * answers of how many. What leaves hold of it stays, and nobody can tell any more of whom it is. Other servers are told to name nobody
   * by these rows again.
   */
  async eraseOrigins(principal: string, limit: number): Promise<number> {
    const [ofArn, ofName] = [` of ${principal}`, ` of ${nameOfNative(principal)}`]
    const endsWith = 'substr(principal, length(principal) - length(cast(? as text)) + 1) = ?'

    const secret = hexOf((await this.log()).secret ?? new Uint8Array(0))
    const rows = await this.#sql.all<OriginRow>(
      `select n as origin, salt, commitment, account, principal, access_key_id, source_address, region, action
       from origin where principal = ? or ${endsWith} or ${endsWith} order by n limit ?`,
      principal,
      ofArn,
      ofArn,
      ofName,
      ofName,
      limit,
    )
    for (const row of rows) await eraseOrigin(this.#sql, row.origin, bytesOf(originIn(row, secret).commitment))
    if (rows.length > 0) await this.#sql.run(`update counter set value = value + 1 where name = 'ruling-epoch'`)
    return rows.length
  }

  /** Takes a principal out of the makers of tokens that are over, so many tokens at a time. */
  eraseMaker(principal: string, after: string, limit: number): Promise<MadeTokens> {
    return eraseMaker(this.#sql, nameOfNative(principal), { now: this.#clock.now, after, limit })
  }

  // Keys and checkpoints ---------------------------------------------------------------------------------------------

  /** Newest first. */
  async keys(): Promise<readonly LogKey[]> {
    const rows = await evidenceKeyTable.all(this.#sql, 'order by n desc')
    return rows.map(({ sealed: _, ...key }) => key)
  }
  /** Makes a key that signs from now on. */
  async makeKey(name: string): Promise<LogKey> {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const key: LogKey = {
      n: this.#clock.nextSequence(),
      name,
      publicKey: Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url'),
      madeAt: this.#clock.now,
    }
    const secret = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
    await evidenceKeyTable.insert(this.#sql, { ...key, sealed: this.#sealer.seal(secret, contextOf(key)) })
    return key
  }
  /** Signs with one of them. */
  async signWith(n: number, message: Uint8Array): Promise<Uint8Array> {
    const key = (await evidenceKeyTable.first(this.#sql, 'where n = ?', n))!
    const secret = Buffer.from(this.#sealer.open(key.sealed, contextOf(key)), 'base64')
    return sign(undefined, message, createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' }))
  }
  async newestCheckpoint(): Promise<StoredCheckpoint | undefined> {
    return evidenceCheckpointTable.first(this.#sql, 'order by n desc limit 1')
  }
  /** In their order, behind one. */
  async checkpointsAfter(n: number, limit: number): Promise<readonly StoredCheckpoint[]> {
    return evidenceCheckpointTable.all(this.#sql, 'where n > ? order by n limit ?', n, limit)
  }
  async insertCheckpoint(size: number, note: string): Promise<void> {
    const row = { n: this.#clock.nextSequence(), size, at: this.#clock.now, note }
    await evidenceCheckpointTable.insert(this.#sql, row)
  }
}

const contextOf = ({ n, name }: Pick<LogKey, 'n' | 'name'>): string => `evidence-key/${n}/${name}`

function toOpening(
  row: EntryRow,
  subjects: readonly SubjectRow[],
  decisions: readonly DecisionRow[],
  secret: string,
): Opening {
  const drawn = row.evidence && hexOf(row.evidence)
  const versions = subjects.map((subject) => versionIn(subject, secret))
  const origin = originIn(row, secret)
  const salt = drawn?.slice(0, saltDigits) ?? saltOf(secret, 'entry', String(row.n))
  const entry: EntryFacts = {
    n: row.n,
    at: row.at,
    requestId: row.request_id,
    outcome: row.outcome,
    subjects: row.subjects,
    result: row.result ?? undefined,
    isDryRun: row.dry_run !== null,
    times: row.times ?? undefined,
    isGiven: row.given !== null,
    origin: origin.commitment,
    decided: row.decided ? hexOf(row.decided) : undefined,
    listed: subjects.map(
      ({ object_id: id, version_before: before, version_after: after }, at): SubjectFacts => ({
        id,
        before: before ?? undefined,
        after: after ?? undefined,
        content: versions[at]?.commitment,
      }),
    ),
  }
  return {
    entry,
    salt,
    commitment: commitmentTo(committedTexts.entry(salt, entry)),
    written: drawn?.slice(saltDigits),
    origin,
    versions: versions.filter((version) => version !== undefined),
    decisions: decisions.map(decisionIn),
  }
}
/** Of a record from before there were salts. */
const saltOf = (secret: string, kind: keyof typeof committedTexts, ...key: readonly string[]): string =>
  commitmentTo(saltText(secret, kind, ...key)).slice(0, saltDigits)

function originIn(row: OriginRow, secret: string): Opened<OriginFacts> {
  const { account, principal, region, action } = row
  const facts = {
    account,
    principal,
    accessKeyId: row.access_key_id,
    sourceAddress: row.source_address,
    region,
    action,
  }
  const written = row.commitment ? hexOf(row.commitment) : undefined
  if (written !== undefined && row.salt === null) return { facts, salt: undefined, commitment: written, written }
  const salt = row.salt ? hexOf(row.salt) : saltOf(secret, 'origin', String(row.origin))
  return { facts, salt, commitment: commitmentTo(committedTexts.origin(salt, facts)), written }
}

function versionIn(row: SubjectRow, secret: string): Opened<VersionFacts> | undefined {
  const { object_id: objectId, version_after: version, kind, account, from_at: fromAt, body } = row
  if (version === null || body === null) return undefined
  const salt = row.salt ? hexOf(row.salt) : saltOf(secret, 'version', objectId, String(version))
  const facts = { objectId, version, kind: kind!, account: account!, fromAt: fromAt!, body }
  return { facts, salt, commitment: commitmentTo(committedTexts.version(salt, facts)) }
}

function decisionIn(row: DecisionRow): Opened<DecisionFacts> {
  const names = [row.account, row.locale, row.resource_type, row.outcome, row.mode, row.policy_id, row.policy_version]
  const { n, at, first, length, request } = row
  const facts = {
    n,
    at,
    ruling: `${keyOf([...names, row.pool, row.would_be, row.candidate_outcome])}${row.body}`,
    cidr: first ? formatCidr(fromKey(first, length!)) : undefined,
    request: request ?? undefined,
  }
  const salt = hexOf(row.salt)
  return { facts, salt, commitment: commitmentTo(committedTexts.decision(salt, facts)) }
}
