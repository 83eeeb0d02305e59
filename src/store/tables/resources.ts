// What holds space, of whatever kind: the resources of EC2's model, and those that allocations name.

import { compareValues, firstOf } from '../merged-ranges.ts'
import type { Sql } from '../sql.ts'
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
  /** Whether it stands in no subnet, as some NAT gateways do. */
  readonly isRegional: boolean
}
type NetworkRow = Omit<NetworkResource, 'isRegional'> & { readonly regional: number }

const tables = { vpc: 'vpc', subnet: 'subnet', 'nat-gateway': 'nat_gateway' } as const
export type NetworkKind = keyof typeof tables

/** What a NAT gateway that was deleted is still shown as takes a moment; then come its values. */
const shown = (kind: NetworkKind): string =>
  kind === 'nat-gateway' ? 'and (t.deleted_at is null or t.deleted_at > ?)' : ''
const columnsOf = (kind: NetworkKind): string =>
  `t.id, t.account, t.region, ${kind === 'vpc' ? 'null' : 't.vpc_id'} as "partOf", t.created_at as "createdAt",
   ${kind === 'nat-gateway' ? `case t.availability_mode when 'regional' then 1 else 0 end` : '0'} as regional`

export class Resources {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }

  /** By its id; a NAT gateway also where it was deleted less than an hour ago. */
  async findNetwork(kind: NetworkKind, id: string): Promise<NetworkResource | undefined> {
    const row = await this.#sql.get<NetworkRow>(
      `select ${columnsOf(kind)} from ${tables[kind]} t where t.id = ? ${shown(kind)}`,
      id,
      ...this.#shownFrom(kind),
    )
    return row && toNetwork(row)
  }
  /**
   * In order of creation, after an id; NAT gateways with those that were deleted less than an hour ago.
   * @param accounts only theirs: what others have costs nothing
   */
  async networks(
    kind: NetworkKind,
    accounts: readonly string[] | undefined,
    after: string,
    limit: number,
  ): Promise<NetworkResource[]> {
    const condition = `t.id > ? ${shown(kind)}`
    const values = [after, ...this.#shownFrom(kind)]
    const table = `${tables[kind]} t`
    const rows = accounts
      ? await firstOf<NetworkRow>(
          this.#sql,
          accounts,
          {
            columns: columnsOf(kind),
            table,
            where: (account) => `t.account = ${account} and ${condition}`,
            values,
            order: ['id'],
            compare: (a, b) => compareValues(a.id, b.id),
          },
          limit,
        )
      : await this.#sql.all<NetworkRow>(
          `select ${columnsOf(kind)} from ${table} where ${condition} order by t.id limit ?`,
          ...values,
          limit,
        )
    return rows.map(toNetwork)
  }
  #shownFrom(kind: NetworkKind): readonly number[] {
    return kind === 'nat-gateway' ? [this.#clock.now - deletedShownMs] : []
  }
}
const toNetwork = ({ regional, ...row }: NetworkRow): NetworkResource => ({
  ...row,
  isRegional: Number(regional) === 1,
})
