// IPAMs and their scopes.
import type { Compatibility, OnExhausted } from '#model/policy/document.ts'
import type { Sql } from '../sql.ts'
import { toBit } from '../sql.ts'

export interface Ipam {
  readonly id: string
  readonly account: string
  /** The home Region. */
  readonly region: string
  readonly description: string | undefined
  readonly tier: 'free' | 'advanced'
  readonly isPrivateGuaEnabled: boolean
  readonly meteredAccount: 'ipam-owner' | 'resource-owner'
  readonly publicScopeId: string
  readonly privateScopeId: string
  readonly resourceDiscoveryId: string
  readonly resourceDiscoveryAssociationId: string
  /** What policies are that do not say. */
  readonly policyCompatibility: Compatibility
  /** What a request gets where no document applies. */
  readonly unmatched: OnExhausted
  /** In alphabetical order; the home Region is always among them. */
  readonly operatingRegions: readonly string[]
  readonly createdAt: number
}
export interface Scope {
  readonly id: string
  readonly ipamId: string
  readonly account: string
  /** The home Region of its IPAM. */
  readonly region: string
  readonly kind: 'public' | 'private'
  readonly isDefault: boolean
  readonly description: string | undefined
  readonly createdAt: number
}

interface IpamRow {
  id: string
  account: string
  region: string
  description: string | null
  tier: Ipam['tier']
  enable_private_gua: number
  metered_account: Ipam['meteredAccount']
  public_scope_id: string
  private_scope_id: string
  resource_discovery_id: string
  resource_discovery_association_id: string
  policy_compatibility: Compatibility
  unmatched: OnExhausted
  created_at: number
}
interface ScopeRow {
  id: string
  ipam_id: string
  account: string
  region: string
  kind: Scope['kind']
  is_default: number
  description: string | null
  created_at: number
}
const ipamColumns = `id, account, region, description, tier, enable_private_gua, metered_account, public_scope_id, private_scope_id,
  resource_discovery_id, resource_discovery_association_id, policy_compatibility, unmatched, created_at`
const scopeQuery = `select s.id, s.ipam_id, s.account, i.region, s.kind, s.is_default, s.description, s.created_at
  from scope s join ipam i on i.id = s.ipam_id`

const toScope = (row: ScopeRow): Scope => ({
  id: row.id,
  ipamId: row.ipam_id,
  account: row.account,
  region: row.region,
  kind: row.kind,
  isDefault: row.is_default === 1,
  description: row.description ?? undefined,
  createdAt: row.created_at,
})

export class Ipams {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  async find(id: string): Promise<Ipam | undefined> {
    const row = await this.#sql.get<IpamRow>(`select ${ipamColumns} from ipam where id = ?`, id)
    return row && this.#toIpam(row)
  }
  /** An account's IPAMs whose home is the Region, in order of creation. */
  async ofAccount(account: string, region: string): Promise<Ipam[]> {
    const rows = await this.#sql.all<IpamRow>(
      `select ${ipamColumns} from ipam where account = ? and region = ? order by id`,
      account,
      region,
    )
    return Promise.all(rows.map((row) => this.#toIpam(row)))
  }
  /** Of all accounts, or of one, in order of creation. */
  async list({ account }: { readonly account?: string }, after: string, limit: number): Promise<Ipam[]> {
    const rows = await this.#sql.all<IpamRow>(
      `select ${ipamColumns} from ipam where id > ?${account === undefined ? '' : ' and account = ?'} order by id limit ?`,
      after,
      ...(account === undefined ? [] : [account]),
      limit,
    )
    return Promise.all(rows.map((row) => this.#toIpam(row)))
  }
  /** Its two default scopes are inserted by themselves. */
  async insert(ipam: Ipam): Promise<void> {
    await this.#sql.run(
      `insert into ipam (${ipamColumns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ipam.id,
      ipam.account,
      ipam.region,
      ipam.description ?? null,
      ipam.tier,
      toBit(ipam.isPrivateGuaEnabled),
      ipam.meteredAccount,
      ipam.publicScopeId,
      ipam.privateScopeId,
      ipam.resourceDiscoveryId,
      ipam.resourceDiscoveryAssociationId,
      ipam.policyCompatibility,
      ipam.unmatched,
      ipam.createdAt,
    )
    await this.#setRegions(ipam)
  }
  /** Changes what may change: description, tier, private GUA, who is metered, settings, operating Regions. */
  async update(ipam: Ipam): Promise<void> {
    await this.#sql.run(
      `update ipam set description = ?, tier = ?, enable_private_gua = ?, metered_account = ?, policy_compatibility = ?,
         unmatched = ? where id = ?`,
      ipam.description ?? null,
      ipam.tier,
      toBit(ipam.isPrivateGuaEnabled),
      ipam.meteredAccount,
      ipam.policyCompatibility,
      ipam.unmatched,
      ipam.id,
    )
    await this.#sql.run('delete from ipam_region where ipam_id = ?', ipam.id)
    await this.#setRegions(ipam)
  }
  /** No scope and no policy may be left: the schema's foreign keys see to it. */
  async delete(id: string): Promise<void> {
    await this.#sql.run('delete from ipam where id = ?', id)
  }

  async findScope(id: string): Promise<Scope | undefined> {
    const row = await this.#sql.get<ScopeRow>(`${scopeQuery} where s.id = ?`, id)
    return row && toScope(row)
  }
  /** In order of creation. */
  async scopesOf(ipamId: string): Promise<Scope[]> {
    const rows = await this.#sql.all<ScopeRow>(`${scopeQuery} where s.ipam_id = ? order by s.id`, ipamId)
    return rows.map(toScope)
  }
  /** Of all IPAMs, or of one, in order of creation. */
  async listScopes({ ipamId }: { readonly ipamId?: string }, after: string, limit: number): Promise<Scope[]> {
    const rows = await this.#sql.all<ScopeRow>(
      `${scopeQuery} where s.id > ?${ipamId === undefined ? '' : ' and s.ipam_id = ?'} order by s.id limit ?`,
      after,
      ...(ipamId === undefined ? [] : [ipamId]),
      limit,
    )
    return rows.map(toScope)
  }
  async insertScope(scope: Scope): Promise<void> {
    await this.#sql.run(
      'insert into scope (id, ipam_id, account, kind, is_default, description, created_at) values (?, ?, ?, ?, ?, ?, ?)',
      scope.id,
      scope.ipamId,
      scope.account,
      scope.kind,
      toBit(scope.isDefault),
      scope.description ?? null,
      scope.createdAt,
    )
  }
  async describeScope(id: string, description: string | undefined): Promise<void> {
    await this.#sql.run('update scope set description = ? where id = ?', description ?? null, id)
  }
  /** No pool may be left in it: the schema's foreign keys see to it. */
  async deleteScope(id: string): Promise<void> {
    await this.#sql.run('delete from scope where id = ?', id)
  }

  async #toIpam(row: IpamRow): Promise<Ipam> {
    const regions = await this.#sql.all<{ region: string }>(
      'select region from ipam_region where ipam_id = ? order by region',
      row.id,
    )
    return {
      id: row.id,
      account: row.account,
      region: row.region,
      description: row.description ?? undefined,
      tier: row.tier,
      isPrivateGuaEnabled: row.enable_private_gua === 1,
      meteredAccount: row.metered_account,
      publicScopeId: row.public_scope_id,
      privateScopeId: row.private_scope_id,
      resourceDiscoveryId: row.resource_discovery_id,
      resourceDiscoveryAssociationId: row.resource_discovery_association_id,
      policyCompatibility: row.policy_compatibility,
      unmatched: row.unmatched,
      operatingRegions: regions.map(({ region }) => region),
      createdAt: row.created_at,
    }
  }
  async #setRegions({ id, operatingRegions }: Ipam): Promise<void> {
    for (const region of operatingRegions) {
      await this.#sql.run('insert into ipam_region (ipam_id, region) values (?, ?)', id, region)
    }
  }
}
