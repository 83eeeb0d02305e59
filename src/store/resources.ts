// What holds space, of whatever kind: the resources of EC2's model, and those that allocations name.
import type { Clock } from './history.ts'
import { deletedShownMs } from './nat-gateways.ts'
import type { Sql } from './sql.ts'

/** A VPC, subnet or NAT gateway, as far as all of them are alike. */
export interface NetworkResource {
  readonly id: string
  readonly account: string
  readonly region: string
  /** The VPC that it is in. */
  readonly partOf: string | null
  readonly createdAt: number
}
/** Somebody's resource elsewhere, by the name that its allocations have for it. */
export interface NamedResource {
  readonly id: string
  readonly account: string
}
export interface ResourceFilter {
  readonly account?: string
  readonly region?: string
}

const tables = { vpc: 'vpc', subnet: 'subnet', 'nat-gateway': 'nat_gateway' } as const
export type NetworkKind = keyof typeof tables

export class Resources {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }

  /** In order of creation, after an id; NAT gateways with those that were deleted less than an hour ago. */
  async networks(
    kind: NetworkKind,
    { account, region, id }: ResourceFilter & { readonly id?: string },
    after: string,
    limit: number,
  ): Promise<NetworkResource[]> {
    const isGateway = kind === 'nat-gateway'
    return this.#sql.all<NetworkResource>(
      `select id, account, region, ${kind === 'vpc' ? 'null' : 'vpc_id'} as "partOf", created_at as "createdAt"
       from ${tables[kind]} where id > ?
       ${isGateway ? 'and (deleted_at is null or deleted_at > ?)' : ''}
       ${id === undefined ? '' : 'and id = ?'}
       ${account === undefined ? '' : 'and account = ?'} ${region === undefined ? '' : 'and region = ?'}
       order by id limit ?`,
      after,
      ...(isGateway ? [this.#clock.now - deletedShownMs] : []),
      ...(id === undefined ? [] : [id]),
      ...(account === undefined ? [] : [account]),
      ...(region === undefined ? [] : [region]),
      limit,
    )
  }

  /** Names that allocations give, in their order and that of their accounts, after one. */
  async named(
    { account, region, resourceType }: ResourceFilter & { readonly resourceType?: string },
    after: NamedResource,
    limit: number,
  ): Promise<NamedResource[]> {
    return this.#sql.all<NamedResource>(
      `select distinct a.resource_id as id, h.account from allocation a join holder h on h.n = a.holder
       where a.resource_id is not null and a.resource_id >= ? and (a.resource_id > ? or h.account > ?)
       and h.resource_type not in ('vpc', 'subnet', 'ipam-pool')
       ${account === undefined ? '' : 'and h.account = ?'} ${region === undefined ? '' : 'and h.region = ?'}
       ${resourceType === undefined ? '' : 'and h.resource_type = ?'}
       order by a.resource_id, h.account limit ?`,
      after.id,
      after.id,
      after.account,
      ...(account === undefined ? [] : [account]),
      ...(region === undefined ? [] : [region]),
      ...(resourceType === undefined ? [] : [resourceType]),
      limit,
    )
  }
}
