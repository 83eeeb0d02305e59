// Policies, their immutable versions, and where they are enabled.
import type { Assignment } from '#model/policy/document.ts'
import type { AssignmentKind, Compatibility, ManagedBy, Mode } from '#model/policy/values.ts'
import { inParts, listOfTexts, type Sql } from '../sql.ts'
import { changing, integer, optional, type Row, type RowOf, references, table, text } from '../table.ts'
import { type PolicyBody, parseBody } from './governance.ts'
import type { Clock } from './history.ts'

export const policyTable = table(
  'policy',
  {
    id: text(),
    ipamId: references('ipam', text()),
    account: text(),
    /** The number of the version in force. */
    version: changing(integer()),
    /** What the IPAM's setting was when the policy was made; the policy's own tag goes before it. */
    compatibilityDefault: text<Compatibility>(),
    createdAt: integer(),
    /** Whom to ask about it; undefined: its owner's contact. */
    contact: changing(optional(text())),
  },
  'deleted',
)
export type Policy = RowOf<typeof policyTable> & {
  /** The home Region of its IPAM. */
  readonly region: string
}
/** A version to be written. */
export interface NewVersion {
  readonly version: number
  readonly contentHash: string
  /** A `PolicyBody` as JSON. */
  readonly text: string
  readonly author: string
  /** What the text says of these. */
  readonly compatibility: Compatibility
  readonly documentCount: number
}
/** A change of what the policies of an account say, before it is made. */
export interface ContentChange {
  readonly policyId: string
  /** This version of the policy would be in force; one that is not there yet counts as nothing. */
  readonly inForce?: number
  /** This version would be the candidate there. */
  readonly candidate?: { readonly targetId: string; readonly version: number }
}
export const policyVersionTable = table(
  'policy_version',
  {
    policyId: text(),
    version: integer(),
    /** SHA-256 of the canonical text, in hexadecimal. */
    contentHash: text(),
    body: text(),
    /** The ARN of who made it. */
    author: text(),
    createdAt: integer(),
    /** What the body says of these: lists show them without reading it. */
    compatibility: text<Compatibility>(),
    documentCount: integer(),
  },
  'recorded',
)
/** A version as lists show it, without what it says. */
export type VersionFacts = Omit<RowOf<typeof policyVersionTable>, 'policyId' | 'body'>
/** In the order of time; versions of one moment in that of their numbers. */
export interface VersionPlace {
  readonly createdAt: number
  readonly version: number
}
/** Bytes of versions that were written to the policies of an account on one day (of UTC, counted from 1970). */
export const policyWrittenTable = table(
  'policy_written',
  { account: text(), day: integer(), bytes: changing(integer()) },
  'deleted',
)
export const assignmentTable = table(
  'assignment',
  {
    policyId: references('policy', text()),
    targetId: text(),
    kind: changing(text<AssignmentKind>()),
    mode: changing(text<Mode>()),
    managedBy: changing(text<ManagedBy>()),
    assignedAt: integer(),
  },
  'deleted',
)
export type StoredAssignment = RowOf<typeof assignmentTable>

export interface StoredVersion extends VersionFacts {
  readonly body: PolicyBody
}

const policyQuery = `select ${policyTable.columnsOf('p')}, i.region from policy p join ipam i on i.id = p.ipam_id`
const toPolicy = (row: Row): Policy => ({ ...policyTable.of(row), region: row.region as string })
const dayMs = 86_400_000

const toVersion = ({ policyId: _, body, ...version }: RowOf<typeof policyVersionTable>): StoredVersion => ({
  ...version,
  body: parseBody(body),
})

export interface PolicyFilter {
  readonly ipamId?: string | undefined
  readonly account?: string | undefined
  /** The home Region of its IPAM. */
  readonly region?: string | undefined
}
/** What a list tells of a policy beside its row. */
export interface Standing extends Pick<VersionFacts, 'contentHash' | 'compatibility' | 'documentCount'> {
  readonly assignmentCount: number
}

const where = (column: string, value: string | undefined) =>
  value === undefined ? [] : [{ text: `${column} = ?`, value }]

export class Policies {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }

  async find(id: string): Promise<Policy | undefined> {
    const row = await this.#sql.get<Row>(`${policyQuery} where p.id = ?`, id)
    return row && toPolicy(row)
  }
  /** Those of an IPAM or an account, or all policies, in order of creation, after the one with id `after`. */
  async list({ ipamId, account, region }: PolicyFilter, after: string, limit: number): Promise<Policy[]> {
    const equal = [...where('p.ipam_id', ipamId), ...where('p.account', account), ...where('i.region', region)]
    const rows = await this.#sql.all<Row>(
      `${policyQuery} where ${[...equal.map(({ text }) => text), 'p.id > ?'].join(' and ')} order by p.id limit ?`,
      ...equal.map(({ value }) => value),
      after,
      limit,
    )
    return rows.map(toPolicy)
  }
  /** Of some policies, each with the hash of the version in force and in how many places it is enabled. */
  async standingOf(ids: readonly string[]): Promise<ReadonlyMap<string, Standing>> {
    const list = listOfTexts(ids)
    const rows = await this.#sql.all<Standing & { readonly id: string }>(
      `select p.id, v.content_hash as "contentHash", v.compatibility, v.document_count as "documentCount",
         (select count(*) from assignment a where a.policy_id = p.id) as "assignmentCount"
       from policy p cross join policy_version v
       where p.id in ${list.text} and v.policy_id = p.id and v.version = p.version`,
      ...list.values,
    )
    return new Map(rows.map(({ id, ...standing }) => [id, standing]))
  }
  async countOfIpam(ipamId: string): Promise<number> {
    const row = await this.#sql.get<{ count: number }>('select count(*) as count from policy where ipam_id = ?', ipamId)
    return row!.count
  }
  async countOfAccount(account: string): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      'select count(*) as count from policy where account = ?',
      account,
    )
    return row!.count
  }
  /**
   * Bytes of all versions of an account's policies that are in force or candidates, each counted once; as they would be after
   * a change. Reads how long they are, and not what they say.
   */
  async bytesInUse(account: string, { policyId, inForce, candidate }: Partial<ContentChange> = {}): Promise<number> {
    const row = await this.#sql.get<{ bytes: number }>(
      `select cast(coalesce(sum(octet_length(v.body)), 0) as bigint) as bytes from (
         select p.id, case when p.id = cast(? as text) then coalesce(cast(? as bigint), p.version) else p.version end as version
           from policy p where p.account = ?
         union
         select c.policy_id, c.version from policy p join assignment_candidate c on c.policy_id = p.id
           where p.account = ? and c.version is not null and not (c.policy_id = ? and c.target_id = ?)
         union
         select cast(? as text), cast(? as bigint)) used
       cross join policy_version v where v.policy_id = used.id and v.version = used.version`,
      policyId ?? '',
      inForce ?? null,
      account,
      account,
      policyId ?? '',
      candidate?.targetId ?? '',
      policyId ?? '',
      candidate?.version ?? null,
    )
    return row!.bytes
  }
  /**
   * Bytes of versions that were written to an account's policies today (UTC), whether or not the policies are still there; or
   * under another name that it was counted for.
   */
  async bytesWritten(account: string): Promise<number> {
    const row = await this.#sql.get<{ bytes: number }>(
      'select bytes from policy_written where account = ? and day = ?',
      account,
      this.#today,
    )
    return row?.bytes ?? 0
  }
  get #today(): number {
    return Math.floor(this.#clock.now / dayMs)
  }
  /** A policy begins with its version 1: `addVersion` must follow in the same transaction. */
  async insert({ region: _, ...policy }: Policy): Promise<void> {
    await policyTable.insert(this.#sql, policy)
  }
  async setContact(id: string, contact: string | undefined): Promise<void> {
    await policyTable.change(this.#sql, { contact }, 'where id = ?', id)
  }
  /** Those of some policies that are assigned to anything. */
  async assignedAmong(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>()
    await inParts(ids, async (part) => {
      const list = listOfTexts(part)
      const rows = await this.#sql.all<{ id: string }>(
        `select p.id from policy p where p.id in ${list.text}
           and exists (select 1 from assignment a where a.policy_id = p.id)`,
        ...list.values,
      )
      for (const { id } of rows) found.add(id)
    })
    return found
  }
  /** The policy must be enabled nowhere: the schema's foreign key sees to it. Its versions stay. */
  async delete(ids: readonly string[]): Promise<void> {
    await inParts(ids, async (part) => {
      const list = listOfTexts(part)
      await this.#sql.run(`delete from policy where id in ${list.text}`, ...list.values)
    })
  }

  /** Adds a version and puts it in force. */
  async addVersion(
    policy: Pick<Policy, 'id' | 'account'>,
    version: NewVersion,
    countedFor: readonly string[],
  ): Promise<void> {
    await this.insertVersion(policy, version, countedFor)
    await this.putInForce(policy.id, version.version)
  }
  async putInForce(id: string, version: number): Promise<void> {
    await policyTable.change(this.#sql, { version }, 'where id = ?', id)
  }
  /** 0 where there is none yet. */
  async highestVersion(id: string): Promise<number> {
    const row = await this.#sql.get<{ version: number | null }>(
      'select max(version) as version from policy_version where policy_id = ?',
      id,
    )
    return row?.version ?? 0
  }
  /**
   * Adds a version that is not in force.
   * @param countedFor names, beside that of the account, under which its bytes are counted
   */
  async insertVersion(
    { id, account }: Pick<Policy, 'id' | 'account'>,
    version: NewVersion,
    countedFor: readonly string[],
  ): Promise<void> {
    const { text: body, ...facts } = version
    await policyVersionTable.insert(this.#sql, { policyId: id, body, createdAt: this.#clock.now, ...facts })
    for (const name of [account, ...countedFor]) {
      await this.#sql.run('delete from policy_written where account = ? and day < ?', name, this.#today)
      await this.#sql.run(
        `insert into policy_written (account, day, bytes) values (?, ?, ?)
         on conflict (account, day) do update set bytes = policy_written.bytes + excluded.bytes`,
        name,
        this.#today,
        Buffer.byteLength(version.text),
      )
    }
  }
  /** Its hash and length alone, without what it says. */
  async measureVersion(
    id: string,
    version: number,
  ): Promise<{ readonly contentHash: string; readonly bytes: number } | undefined> {
    return this.#sql.get(
      `select content_hash as "contentHash", octet_length(body) as bytes from policy_version
       where policy_id = ? and version = ?`,
      id,
      version,
    )
  }
  /** Of a deleted policy too: versions are kept. */
  async findVersion(id: string, version: number): Promise<StoredVersion | undefined> {
    const found = await policyVersionTable.first(this.#sql, 'where policy_id = ? and version = ?', id, version)
    return found && toVersion(found)
  }
  /** All versions, the first one first. */
  async versions(id: string): Promise<StoredVersion[]> {
    return (await policyVersionTable.all(this.#sql, 'where policy_id = ? order by version', id)).map(toVersion)
  }
  /** Versions without what they say, newest first, from the one before a place on. */
  async versionsBefore(
    id: string,
    { from, until }: { readonly from: number; readonly until: number },
    before: VersionPlace | undefined,
    limit: number,
  ): Promise<VersionFacts[]> {
    return this.#sql.all<VersionFacts>(
      `select version, content_hash as "contentHash", author, created_at as "createdAt", compatibility,
         document_count as "documentCount"
       from policy_version where policy_id = ? and created_at >= ? and created_at < ?
         and (created_at, version) < (?, ?) order by created_at desc, version desc limit ?`,
      id,
      from,
      until,
      before?.createdAt ?? until,
      before?.version ?? 0,
      limit,
    )
  }

  /** Where policies are enabled and whose they are, in order of policy and target; of one policy, or on one target. */
  async listAssignments(
    { policyId, targetId }: { readonly policyId?: string | undefined; readonly targetId?: string | undefined },
    after: { readonly policyId: string; readonly targetId: string },
    limit: number,
  ): Promise<(StoredAssignment & { account: string })[]> {
    const equal = [...where('a.policy_id', policyId), ...where('a.target_id', targetId)]
    const rows = await this.#sql.all<Row>(
      `select ${assignmentTable.columnsOf('a')}, p.account as owner from assignment a join policy p on p.id = a.policy_id
       where ${equal.map(({ text }) => `${text} and `).join('')}(a.policy_id, a.target_id) > (?, ?)
       order by a.policy_id, a.target_id limit ?`,
      ...equal.map(({ value }) => value),
      after.policyId,
      after.targetId,
      limit,
    )
    return rows.map((row) => ({ ...assignmentTable.of(row), account: row.owner as string }))
  }
  /** Where a policy is enabled, in order of the target's id. */
  assignmentsOf(policyId: string): Promise<StoredAssignment[]> {
    return assignmentTable.all(this.#sql, 'where policy_id = ? order by target_id', policyId)
  }
  /** The targets alone, after one. */
  async targetsOf(policyId: string, after: string, limit: number): Promise<string[]> {
    const rows = await this.#sql.all<{ target_id: string }>(
      'select target_id from assignment where policy_id = ? and target_id > ? order by target_id limit ?',
      policyId,
      after,
      limit,
    )
    return rows.map(({ target_id: targetId }) => targetId)
  }
  findAssignment(policyId: string, targetId: string): Promise<StoredAssignment | undefined> {
    return assignmentTable.first(this.#sql, 'where policy_id = ? and target_id = ?', policyId, targetId)
  }
  /** The default policy of a target; an account's own one stands beside an administrator's. */
  findDefault(targetId: string, managedBy: ManagedBy): Promise<StoredAssignment | undefined> {
    const rest = `where target_id = ? and managed_by = ? and kind = 'default'`
    return assignmentTable.first(this.#sql, rest, targetId, managedBy)
  }
  /** Where an administrator's policies are enabled, a few of them. */
  async enabledByAdministrator(account: string, limit: number): Promise<{ policyId: string; targetId: string }[]> {
    return this.#sql.all(
      `select a.policy_id as "policyId", a.target_id as "targetId" from assignment a join policy p on p.id = a.policy_id
       where p.account = ? and a.managed_by = 'delegated-administrator-for-ipam' order by a.policy_id, a.target_id limit ?`,
      account,
      limit,
    )
  }
  async countFinals(targetId: string, managedBy: ManagedBy): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      `select count(*) as count from assignment where target_id = ? and kind = 'final' and managed_by = ?`,
      targetId,
      managedBy,
    )
    return row!.count
  }
  /** Enables a policy on a target, or changes how. */
  async assign(assignment: Assignment): Promise<void> {
    const stored = { ...assignment, assignedAt: this.#clock.now }
    await assignmentTable.put(this.#sql, stored, 'policy_id, target_id')
  }
  async unassign(policyId: string, targetId: string): Promise<boolean> {
    return (await this.#sql.run('delete from assignment where policy_id = ? and target_id = ?', policyId, targetId)) > 0
  }
  /** Changes as what a policy is enabled, wherever it is. */
  async changeKinds(policyId: string, kind: AssignmentKind): Promise<void> {
    await assignmentTable.change(this.#sql, { kind }, 'where policy_id = ?', policyId)
  }
  async changeModes(policyId: string, mode: Mode): Promise<void> {
    await assignmentTable.change(this.#sql, { mode }, 'where policy_id = ?', policyId)
  }
}
