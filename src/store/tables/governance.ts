// Everything that decisions are made on, read at once.
import { type Assignment, type PolicyVersion, withAllSettings } from '#model/policy/document.ts'
import type { GovernanceFacts, IpamFacts, KnownFacts, PoolFacts } from '#model/policy/snapshot.ts'
import type { Mode } from '#model/policy/values.ts'
import type { KeptName } from '../memory.ts'
import { listOfRows, listOfTexts, type Sql } from '../sql.ts'
import { Exceptions } from './exceptions.ts'
import type { Clock } from './history.ts'
import type { Around as AroundFacts, Part } from './kept-facts.ts'
import { allNodes, nodesIn } from './node-facts.ts'
import { allPools, barePools } from './pool-facts.ts'
import { ResourceTypes } from './resource-types.ts'
import { allBindings } from './role-bindings.ts'

/** What stands in `policy_version.body`. */
export type PolicyBody = Pick<PolicyVersion, 'compatibility' | 'documents'>

export const parseBody = (text: string): PolicyBody => withAllSettings(JSON.parse(text) as PolicyBody)

/** A version that is asked for, without what it says. Neither the owner nor the IPAM of a policy ever changes. */
interface PolicyRow {
  id: string
  version: number
  ipam_id: string
  account: string
}
function toVersion(row: PolicyRow, text: string): PolicyVersion {
  const { compatibility, documents } = parseBody(text)
  return {
    policyId: row.id,
    version: row.version,
    ipamId: row.ipam_id,
    account: row.account,
    compatibility,
    documents,
    bytes: Buffer.byteLength(text),
  }
}
interface CandidateRow extends Omit<PolicyRow, 'version'> {
  n: number
  target_id: string
  mode: Mode | null
  version: number | null
}

/** Versions by policy and number. None ever changes, and no number is given twice in one history. */
type Versions = ReadonlyMap<string, PolicyVersion>
/**
 * The versions that the facts named when they were read last, so that a change costs what it changed and not what all
 * policies say. The snapshot holds the same objects, so its bounds are the bounds of this: no more is kept than that.
 */
const versionsKept: KeptName<Versions> = { name: 'policy versions', isImmutable: true }
const keyOf = (policyId: string, version: number): string => `${policyId} ${version}`
/** What is parsed before others have their turn: one version, unless several are small. */
const bodyBytesPerTurn = 524_288
/** Versions read by one statement at most. */
const bodiesPerStatementMax = 1_000
/** Far below the parameters that a statement may have. */
const poolsPerStatementMax = 1_000

/** An account, and all that is above it in the tree. */
const wayUp = `with recursive way (id, parent_id) as (
    select id, parent_id from organization_node where id = ?
    union all
    select o.id, o.parent_id from organization_node o join way on o.id = way.parent_id)
  select id from way`

interface Around extends Clock, AroundFacts {}

export class Governance {
  readonly #sql: Sql
  readonly #around: Around
  readonly #exceptions: Exceptions
  constructor(sql: Sql, around: Around) {
    this.#sql = sql
    this.#around = around
    this.#exceptions = new Exceptions(sql, around)
  }

  /** All of them. Reads and parses only those versions of policies that the facts did not name when they were read last. */
  async facts(): Promise<KnownFacts> {
    const inForce = await this.#policyRows()
    const candidates = await this.#candidateRows()
    const named = candidates.flatMap(({ version, ...row }) => (version === null ? [] : [{ ...row, version }]))
    const versions = await this.#versions([...inForce, ...named], this.#around.recall(versionsKept))
    this.#around.keep(versionsKept, versions)
    const admin = await this.#sql.get<{ account: string }>(
      `select account from delegated_administrator where service_principal = 'ipam.amazonaws.com'`,
    )
    return {
      nodes: await allNodes(this.#sql, this.#around),
      ipams: await this.#ipams(),
      policies: inForce.map(({ id, version }) => versions.get(keyOf(id, version))!),
      assignments: await this.#assignments(),
      pools: await allPools(this.#sql, this.#around),
      bindings: await allBindings(this.#sql, this.#around),
      candidates: candidates.map(({ n, id, target_id, mode, version }) => ({
        n,
        policyId: id,
        targetId: target_id,
        ...(mode === null ? {} : { mode }),
        ...(version === null ? {} : { version: versions.get(keyOf(id, version))! }),
      })),
      exceptions: await this.#exceptions.facts(this.#around),
      resourceTypes: (await new ResourceTypes(this.#sql).all()).map(({ type }) => type),
      ...(admin ? { delegatedAdministrator: admin.account } : {}),
    }
  }

  /**
   * As much of the facts as says which documents are enforced on one account and what they say: it and what is above it,
   * the policies enabled there, and the pools that they list. Costs a few statements, however large the installation;
   * where fewer than two policies are enabled there is nothing to compare, and only the assignments are read.
   */
  async factsOf(account: string): Promise<GovernanceFacts> {
    const assignments = await this.#assignments({ text: `(${wayUp} union select ?)`, values: [account, account] })
    if (assignments.length < 2) return { nodes: [], ipams: [], policies: [], assignments, pools: [] }
    const rows = await this.#policyRows(listOfTexts(assignments.map(({ policyId }) => policyId)))
    const policies = [...(await this.#versions(rows, this.#around.recall(versionsKept))).values()]
    const documents = policies.flatMap((policy) => policy.documents)
    const listed = [...new Set(documents.flatMap(({ rules }) => rules.map(({ pool }) => pool)))]
    const pools: PoolFacts[] = []
    for (let at = 0; at < listed.length; at += poolsPerStatementMax) {
      pools.push(...(await barePools(this.#sql, listOfTexts(listed.slice(at, at + poolsPerStatementMax)))))
    }
    return {
      nodes: [...(await nodesIn(this.#sql, { text: `(${wayUp})`, values: [account] })).values()],
      ipams: [],
      policies,
      assignments,
      pools,
      resourceTypes: (await new ResourceTypes(this.#sql).all()).map(({ type }) => type),
    }
  }

  async #assignments(targets?: Part): Promise<Assignment[]> {
    const picked = targets ? `where mode = 'enforce' and target_id in ${targets.text}` : ''
    return this.#sql.all<Assignment>(
      `select policy_id as "policyId", target_id as "targetId", kind, mode, managed_by as "managedBy" from assignment
       ${picked} order by assigned_at, policy_id, target_id`,
      ...(targets?.values ?? []),
    )
  }

  async #ipams(): Promise<IpamFacts[]> {
    const rows = await this.#sql.all<Omit<IpamFacts, 'operatingRegions'>>(
      'select id, account, tier, unmatched from ipam order by id',
    )
    const regions = Map.groupBy(
      await this.#sql.all<{ ipam_id: string; region: string }>(
        'select ipam_id, region from ipam_region order by ipam_id, region',
      ),
      ({ ipam_id }) => ipam_id,
    )
    return rows.map((row) => ({ ...row, operatingRegions: (regions.get(row.id) ?? []).map(({ region }) => region) }))
  }

  /** The version in force of each policy. */
  async #policyRows(ids?: Part): Promise<PolicyRow[]> {
    return this.#sql.all<PolicyRow>(
      `select p.id, p.version, p.ipam_id, p.account from policy p
       join policy_version v on v.policy_id = p.id and v.version = p.version
       ${ids ? `where p.id in ${ids.text}` : ''} order by p.id`,
      ...(ids?.values ?? []),
    )
  }

  async #candidateRows(): Promise<CandidateRow[]> {
    return this.#sql.all<CandidateRow>(
      `select c.n, c.target_id, c.mode, c.version, p.id, p.ipam_id, p.account from assignment_candidate c
       join policy p on p.id = c.policy_id order by c.n`,
    )
  }

  /** What these versions say; those that are not known are read, and others have their turn in between. */
  async #versions(rows: readonly PolicyRow[], known: Versions = new Map()): Promise<Versions> {
    const versions = new Map<string, PolicyVersion>()
    const unknown = new Map<string, PolicyRow>()
    for (const row of rows) {
      const key = keyOf(row.id, row.version)
      const version = known.get(key)
      if (version) versions.set(key, version)
      else unknown.set(key, row)
    }
    for (const [index, wanted] of (await this.#inTurns([...unknown.values()])).entries()) {
      if (index > 0) await this.#around.nextTurn()
      for (const { id, version, body } of await this.#bodies(wanted, 'body')) {
        const key = keyOf(id, version)
        versions.set(key, toVersion(unknown.get(key)!, body as string))
      }
    }
    return versions
  }

  /** Parts of a few bytes each, or of one version. */
  async #inTurns(rows: readonly PolicyRow[]): Promise<PolicyRow[][]> {
    if (rows.length <= 1) return rows.map((row) => [row])
    const sizes = new Map<string, number>()
    for (let at = 0; at < rows.length; at += bodiesPerStatementMax) {
      const part = rows.slice(at, at + bodiesPerStatementMax)
      for (const { id, version, body } of await this.#bodies(part, 'octet_length(body)')) {
        sizes.set(keyOf(id, version), body as number)
      }
    }
    const parts: PolicyRow[][] = []
    let bytes = 0
    for (const row of rows) {
      const size = sizes.get(keyOf(row.id, row.version))!
      const last = parts.at(-1)
      if (last && last.length < bodiesPerStatementMax && bytes + size <= bodyBytesPerTurn) last.push(row)
      else {
        parts.push([row])
        bytes = 0
      }
      bytes += size
    }
    return parts
  }

  /** @param column what is asked of the body */
  async #bodies(
    rows: readonly PolicyRow[],
    column: 'body' | 'octet_length(body)',
  ): Promise<{ id: string; version: number; body: string | number }[]> {
    const { text, values } = listOfRows(rows.map(({ id, version }) => [id, version]))
    return this.#sql.all(
      `select policy_id as id, version, ${column} as body from policy_version where (policy_id, version) in (values ${text})`,
      ...values,
    )
  }
}
