// Everything that decisions are made on, read at once.
import { fromKey } from '#model/cidr.ts'
import type { Assignment, AssignmentCandidate, Mode, PolicyDocument, PolicyVersion } from '#model/policy/document.ts'
import type { GovernanceFacts, IpamFacts, NodeFacts, PoolFacts } from '#model/policy/snapshot.ts'
import type { RoleBinding } from '#model/roles.ts'
import { Exceptions } from './exceptions.ts'
import type { Clock } from './history.ts'
import type { PoolTag } from './pools.ts'
import { ResourceTypes } from './resource-types.ts'
import type { Sql } from './sql.ts'

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

export class Governance {
  readonly #sql: Sql
  readonly #exceptions: Exceptions
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#exceptions = new Exceptions(sql, clock)
  }

  async facts(): Promise<GovernanceFacts> {
    const tags = await this.#tags()
    const admin = await this.#sql.get<{ account: string }>(
      `select account from delegated_administrator where service_principal = 'ipam.amazonaws.com'`,
    )
    return {
      nodes: await this.#nodes(tags),
      ipams: await this.#ipams(),
      policies: await this.#policies(),
      assignments: await this.#sql.all<Assignment>(
        `select policy_id as "policyId", target_id as "targetId", kind, mode, managed_by as "managedBy" from assignment
         order by assigned_at, policy_id, target_id`,
      ),
      pools: await this.#pools(),
      bindings: await this.#sql.all<RoleBinding>(
        'select id, principal, role, node, effect from role_binding order by id',
      ),
      candidates: await this.#candidates(),
      exceptions: await this.#exceptions.facts(),
      resourceTypes: (await new ResourceTypes(this.#sql).all()).map(({ type }) => type),
      ...(admin ? { delegatedAdministrator: admin.account } : {}),
    }
  }

  async #nodes(tags: ReadonlyMap<string, ReadonlyMap<string, string>>): Promise<NodeFacts[]> {
    const rows = await this.#sql.all<{ id: string; kind: NodeFacts['kind']; parent_id: string | null }>(
      'select id, kind, parent_id from organization_node order by id',
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

  async #policies(): Promise<PolicyVersion[]> {
    const rows = await this.#sql.all<PolicyRow>(
      `select p.id, p.version, p.ipam_id, p.account, v.body from policy p
       join policy_version v on v.policy_id = p.id and v.version = p.version order by p.id`,
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

  async #pools(): Promise<PoolFacts[]> {
    const rows = await this.#sql.all<PoolRow>(
      `select p.n, p.id, p.ipam_id, p.account, p.scope_id, s.kind as scope_type, p.family, p.locale, p.aws_service,
         p.public_ip_source, p.min_netmask_length, p.max_netmask_length, p.default_netmask_length, p.required_tags
       from pool p join scope s on s.id = p.scope_id order by p.n`,
    )
    const cidrs = Map.groupBy(
      await this.#sql.all<{ pool: number; first: Uint8Array; length: number }>(
        `select pool, first, length from pool_cidr where state <> 'failed-provision' order by pool, first`,
      ),
      ({ pool }) => pool,
    )
    const shares = Map.groupBy(
      await this.#sql.all<{ pool: number; principal: string }>(
        'select pool, principal from pool_share order by pool, principal',
      ),
      ({ pool }) => pool,
    )
    return rows.map((row) => ({
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
      cidrs: (cidrs.get(row.n) ?? []).map(({ first, length }) => fromKey(first, length)),
      sharedWith: (shares.get(row.n) ?? []).map(({ principal }) => principal),
    }))
  }

  /** Tags that decisions read: those of organization nodes. */
  async #tags(): Promise<Map<string, Map<string, string>>> {
    const rows = await this.#sql.all<{ resource_id: string; key: string; value: string }>(
      `select resource_id, key, value from tag
       where resource_id in (select id from organization_node) order by resource_id, key`,
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
