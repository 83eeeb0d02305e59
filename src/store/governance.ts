// Everything that decisions are made on, read at once.
import { type Cidr, fromKey } from '#model/cidr.ts'
import type { Assignment, AssignmentCandidate, Mode, PolicyDocument, PolicyVersion } from '#model/policy/document.ts'
import type { GovernanceFacts, IpamFacts, NodeFacts, PoolFacts } from '#model/policy/snapshot.ts'
import type { RoleBinding } from '#model/roles.ts'
import { Exceptions } from './exceptions.ts'
import type { Clock } from './history.ts'
import type { PoolTag } from './pools.ts'
import { ResourceTypes } from './resource-types.ts'
import { listOfTexts, readWhole, type Sql, type SqlValue } from './sql.ts'

/** What stands in `policy_version.body`. */
export type PolicyBody = Pick<PolicyVersion, 'compatibility' | 'documents'>

interface PolicyRow {
  id: string
  version: number
  ipam_id: string
  account: string
  body: string
}
function toVersion(row: PolicyRow): PolicyVersion {
  const { compatibility, documents } = JSON.parse(row.body) as {
    compatibility: PolicyBody['compatibility']
    documents: PolicyDocument[]
  }
  return {
    policyId: row.id,
    version: row.version,
    ipamId: row.ipam_id,
    account: row.account,
    compatibility,
    documents,
  }
}
interface CandidateRow extends Omit<PolicyRow, 'version' | 'body'> {
  n: number
  target_id: string
  mode: Mode | null
  version: number | null
  body: string | null
}
interface PoolRow {
  n: number
  id: string
  ipam_id: string
  account: string
  scope_id: string
  scope_type: 'public' | 'private'
  family: 4 | 6
  locale: string | null
  aws_service: string | null
  public_ip_source: string | null
  min_netmask_length: number | null
  max_netmask_length: number | null
  default_netmask_length: number | null
  required_tags: string
}

const toPool = (row: PoolRow, cidrs: readonly Cidr[], sharedWith: readonly string[]): PoolFacts => ({
  id: row.id,
  ipamId: row.ipam_id,
  account: row.account,
  scopeId: row.scope_id,
  scopeType: row.scope_type,
  family: row.family,
  locale: row.locale ?? undefined,
  awsService: row.aws_service ?? undefined,
  publicIpSource: row.public_ip_source ?? undefined,
  minNetmaskLength: row.min_netmask_length ?? undefined,
  maxNetmaskLength: row.max_netmask_length ?? undefined,
  defaultNetmaskLength: row.default_netmask_length ?? undefined,
  requiredTags: (JSON.parse(row.required_tags) as PoolTag[]).map(({ Key, Value }) => ({ key: Key, value: Value })),
  cidrs,
  sharedWith,
})

/** What facts are read of: all, or those that a condition of SQL picks by what follows `in`. */
interface Part {
  readonly text: string
  readonly values: readonly SqlValue[]
}
/** Far below the parameters that a statement may have. */
const poolsPerStatementMax = 1_000

/** An account, and all that is above it in the tree. */
const wayUp = `with recursive way (id, parent_id) as (
    select id, parent_id from organization_node where id = ?
    union all
    select o.id, o.parent_id from organization_node o join way on o.id = way.parent_id)
  select id from way`

export class Governance {
  readonly #sql: Sql
  readonly #exceptions: Exceptions
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#exceptions = new Exceptions(sql, clock)
  }

  async facts(): Promise<GovernanceFacts> {
    const admin = await this.#sql.get<{ account: string }>(
      `select account from delegated_administrator where service_principal = 'ipam.amazonaws.com'`,
    )
    return {
      nodes: await this.#nodes(),
      ipams: await this.#ipams(),
      policies: await this.#policies(),
      assignments: await this.#assignments(),
      pools: await this.#pools(),
      bindings: await this.#sql.all<RoleBinding>(
        'select id, principal, role, node, effect, binds_from as "bindsFrom" from role_binding order by id',
      ),
      candidates: await this.#candidates(),
      exceptions: await this.#exceptions.facts(),
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
    const policies = await this.#policies(listOfTexts(assignments.map(({ policyId }) => policyId)))
    const documents = policies.flatMap((policy) => policy.documents)
    const listed = [...new Set(documents.flatMap(({ rules }) => rules.map(({ pool }) => pool)))]
    const pools: PoolFacts[] = []
    for (let at = 0; at < listed.length; at += poolsPerStatementMax) {
      pools.push(...(await this.#pools(listOfTexts(listed.slice(at, at + poolsPerStatementMax)))))
    }
    return {
      nodes: await this.#nodes({ text: `(${wayUp})`, values: [account] }),
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

  async #nodes(ids?: Part): Promise<NodeFacts[]> {
    const tags = await this.#tags(ids)
    const rows = await readWhole<{ id: string; kind: NodeFacts['kind']; parent_id: string | null }>((last, limit) =>
      this.#sql.all(
        `select id, kind, parent_id from organization_node
         where id > ? ${ids ? `and id in ${ids.text}` : ''} order by id limit ?`,
        last?.id ?? '',
        ...(ids?.values ?? []),
        limit,
      ),
    )
    return rows.map(({ id, kind, parent_id }) => ({
      id,
      kind,
      ...(parent_id === null ? {} : { parentId: parent_id }),
      ...(tags.has(id) ? { tags: tags.get(id)! } : {}),
    }))
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

  async #policies(ids?: Part): Promise<PolicyVersion[]> {
    const rows = await this.#sql.all<PolicyRow>(
      `select p.id, p.version, p.ipam_id, p.account, v.body from policy p
       join policy_version v on v.policy_id = p.id and v.version = p.version
       ${ids ? `where p.id in ${ids.text}` : ''} order by p.id`,
      ...(ids?.values ?? []),
    )
    return rows.map(toVersion)
  }

  async #candidates(): Promise<AssignmentCandidate[]> {
    const rows = await this.#sql.all<CandidateRow>(
      `select c.n, c.target_id, c.mode, p.id, p.ipam_id, p.account, v.version, v.body from assignment_candidate c
       join policy p on p.id = c.policy_id
       left join policy_version v on v.policy_id = c.policy_id and v.version = c.version order by c.n`,
    )
    return rows.map(({ n, target_id, mode, version, body, ...row }) => ({
      n,
      policyId: row.id,
      targetId: target_id,
      ...(mode === null ? {} : { mode }),
      ...(version === null || body === null ? {} : { version: toVersion({ ...row, version, body }) }),
    }))
  }

  /** Those picked by their ids come without their CIDRs and shares. */
  async #pools(ids?: Part): Promise<PoolFacts[]> {
    const rows = await readWhole<PoolRow>((last, limit) =>
      this.#sql.all(
        `select p.n, p.id, p.ipam_id, p.account, p.scope_id, s.kind as scope_type, p.family, p.locale, p.aws_service,
           p.public_ip_source, p.min_netmask_length, p.max_netmask_length, p.default_netmask_length, p.required_tags
         from pool p join scope s on s.id = p.scope_id
         where p.n > ? ${ids ? `and p.id in ${ids.text}` : ''} order by p.n limit ?`,
        last?.n ?? -1,
        ...(ids?.values ?? []),
        limit,
      ),
    )
    if (ids) return rows.map((row) => toPool(row, [], []))
    const cidrs = Map.groupBy(
      await readWhole<{ pool: number; first: Uint8Array; length: number }>((last, limit) =>
        this.#sql.all(
          `select pool, first, length from pool_cidr
           where state <> 'failed-provision' and pool >= ? and (pool > ? or first > ?) order by pool, first limit ?`,
          last?.pool ?? -1,
          last?.pool ?? -1,
          last?.first ?? new Uint8Array(0),
          limit,
        ),
      ),
      ({ pool }) => pool,
    )
    const shares = Map.groupBy(
      await readWhole<{ pool: number; principal: string }>((last, limit) =>
        this.#sql.all(
          `select pool, principal from pool_share
           where pool >= ? and (pool > ? or principal > ?) order by pool, principal limit ?`,
          last?.pool ?? -1,
          last?.pool ?? -1,
          last?.principal ?? '',
          limit,
        ),
      ),
      ({ pool }) => pool,
    )
    return rows.map((row) =>
      toPool(
        row,
        (cidrs.get(row.n) ?? []).map(({ first, length }) => fromKey(first, length)),
        (shares.get(row.n) ?? []).map(({ principal }) => principal),
      ),
    )
  }

  /** Tags that decisions read: those of organization nodes. */
  async #tags(ids?: Part): Promise<Map<string, Map<string, string>>> {
    const rows = await readWhole<{ resource_id: string; key: string; value: string }>((last, limit) =>
      this.#sql.all(
        `select resource_id, key, value from tag
         where resource_id in ${ids?.text ?? '(select id from organization_node)'}
           and resource_id >= ? and (resource_id > ? or key > ?) order by resource_id, key limit ?`,
        ...(ids?.values ?? []),
        last?.resource_id ?? '',
        last?.resource_id ?? '',
        last?.key ?? '',
        limit,
      ),
    )
    const tags = new Map<string, Map<string, string>>()
    for (const { resource_id, key, value } of rows) {
      const ofResource = tags.get(resource_id) ?? new Map<string, string>()
      ofResource.set(key, value)
      tags.set(resource_id, ofResource)
    }
    return tags
  }
}
