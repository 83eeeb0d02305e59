// What holds space, of whatever kind: the resources of EC2's model, and those that allocations name.

import { listOfTexts, type Sql } from '../sql.ts'
import type { Clock } from './history.ts'
import { deletedShownMs } from './nat-gateways.ts'

/** A VPC, subnet or NAT gateway, as far as all of them are alike. */
export interface NetworkResource {
  readonly id: string
  readonly account: string
  readonly region: string
  /** The VPC that it is in. */
  readonly partOf: string | null
  readonly createdAt: number
}
export interface ResourceFilter {
  readonly account?: string
  /** Only those of these. */
  readonly accounts?: readonly string[] | undefined
  readonly region?: string
  /** Of NAT gateways: those alone that stand in no subnet. */
  readonly isRegional?: true | undefined
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
    { account, accounts, region, id, isRegional }: ResourceFilter & { readonly id?: string },
    after: string,
    limit: number,
  ): Promise<NetworkResource[]> {
    const some = accounts && listOfTexts(accounts)
    const isGateway = kind === 'nat-gateway'
    return this.#sql.all<NetworkResource>(
      `select id, account, region, ${kind === 'vpc' ? 'null' : 'vpc_id'} as "partOf", created_at as "createdAt"
       from ${tables[kind]} where id > ?
       ${isGateway ? 'and (deleted_at is null or deleted_at > ?)' : ''}
       ${isRegional ? `and availability_mode = 'regional'` : ''}
       ${id === undefined ? '' : 'and id = ?'}
       ${some ? `and account in ${some.text}` : ''} ${account === undefined ? '' : 'and account = ?'} ${region === undefined ? '' : 'and region = ?'}
       order by id limit ?`,
      after,
      ...(isGateway ? [this.#clock.now - deletedShownMs] : []),
      ...(id === undefined ? [] : [id]),
      ...(some?.values ?? []),
      ...(account === undefined ? [] : [account]),
      ...(region === undefined ? [] : [region]),
      limit,
    )
  }
}
