// NAT gateways and their addresses.

import { listOfTexts, type Sql, toBit } from '../sql.ts'
import type { Clock } from './history.ts'

/** How long a deleted gateway is still shown. EC2 says: about an hour. */
export const deletedShownMs = 3_600_000
/** Rows of gateways deleted long ago that one call clears away; the rest waits for the next. */
const forgottenMax = 100

export interface NatGateway {
  readonly id: string
  readonly account: string
  readonly region: string
  readonly vpcId: string
  /** Undefined exactly for regional gateways. */
  readonly subnetId: string | undefined
  readonly connectivity: 'public' | 'private'
  readonly availabilityMode: 'zonal' | 'regional'
  /** Whether the gateway takes addresses by itself (regional gateways only). */
  readonly isAutomatic: boolean
  readonly routeTableId: string | undefined
  readonly createdAt: number
  readonly deletedAt: number | undefined
}
export interface NatGatewayAddress {
  readonly associationId: string
  readonly natGatewayId: string
  /** The Elastic IP, by its allocation's n; undefined for the addresses of a private gateway. */
  readonly allocation: number | undefined
  readonly publicIp: string | undefined
  /** Undefined for the addresses of a regional gateway, which stands in no subnet. */
  readonly privateIp: string | undefined
  readonly networkInterfaceId: string | undefined
  readonly zone: string | undefined
  readonly zoneId: string | undefined
  readonly isPrimary: boolean
  /** Whether the gateway itself took the Elastic IP, and gives it back. */
  readonly isServiceManaged: boolean
}

interface Row {
  id: string
  account: string
  region: string
  vpc_id: string
  subnet_id: string | null
  connectivity: NatGateway['connectivity']
  availability_mode: NatGateway['availabilityMode']
  automatic: number
  route_table_id: string | null
  created_at: number
  deleted_at: number | null
}
interface AddressRow {
  association_id: string
  nat_gateway_id: string
  allocation: number | null
  public_ip: string | null
  private_ip: string | null
  network_interface_id: string | null
  zone: string | null
  zone_id: string | null
  is_primary: number
  service_managed: number
}
const columns = `id, account, region, vpc_id, subnet_id, connectivity, availability_mode, automatic, route_table_id,
  created_at, deleted_at`
const addressColumns =
  'association_id, nat_gateway_id, allocation, public_ip, private_ip, network_interface_id, zone, zone_id, is_primary, service_managed'

const toNatGateway = (row: Row): NatGateway => ({
  id: row.id,
  account: row.account,
  region: row.region,
  vpcId: row.vpc_id,
  subnetId: row.subnet_id ?? undefined,
  connectivity: row.connectivity,
  availabilityMode: row.availability_mode,
  isAutomatic: row.automatic === 1,
  routeTableId: row.route_table_id ?? undefined,
  createdAt: row.created_at,
  deletedAt: row.deleted_at ?? undefined,
})
const toAddress = (row: AddressRow): NatGatewayAddress => ({
  associationId: row.association_id,
  natGatewayId: row.nat_gateway_id,
  allocation: row.allocation ?? undefined,
  publicIp: row.public_ip ?? undefined,
  privateIp: row.private_ip ?? undefined,
  networkInterfaceId: row.network_interface_id ?? undefined,
  zone: row.zone ?? undefined,
  zoneId: row.zone_id ?? undefined,
  isPrimary: row.is_primary === 1,
  isServiceManaged: row.service_managed === 1,
})

export class NatGateways {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }

  /** Also one that was deleted less than an hour ago. */
  async find(id: string): Promise<NatGateway | undefined> {
    const row = await this.#sql.get<Row>(
      `select ${columns} from nat_gateway where id = ? and (deleted_at is null or deleted_at > ?)`,
      id,
      this.#clock.now - deletedShownMs,
    )
    return row && toNatGateway(row)
  }
  /** By their ids; also those that were deleted. */
  async findMany(ids: readonly string[]): Promise<ReadonlyMap<string, NatGateway>> {
    const list = listOfTexts(ids)
    const rows = await this.#sql.all<Row>(`select ${columns} from nat_gateway where id in ${list.text}`, ...list.values)
    return new Map(rows.map((row) => [row.id, toNatGateway(row)]))
  }
  /** In order of creation, after one (`''`: the first), with those that were deleted less than an hour ago. */
  async list(account: string, region: string, after: string, limit: number): Promise<NatGateway[]> {
    const rows = await this.#sql.all<Row>(
      `select ${columns} from nat_gateway
       where account = ? and region = ? and id > ? and (deleted_at is null or deleted_at > ?)
       order by id limit ?`,
      account,
      region,
      after,
      this.#clock.now - deletedShownMs,
      limit,
    )
    return rows.map(toNatGateway)
  }
  /** A gateway that stands in the way of deleting the VPC. */
  async anyOfVpc(vpcId: string): Promise<string | undefined> {
    const row = await this.#sql.get<{ id: string }>(
      'select id from nat_gateway where vpc_id = ? and deleted_at is null order by id limit 1',
      vpcId,
    )
    return row?.id
  }
  async anyOfSubnet(subnetId: string): Promise<string | undefined> {
    const row = await this.#sql.get<{ id: string }>(
      'select id from nat_gateway where subnet_id = ? and deleted_at is null order by id limit 1',
      subnetId,
    )
    return row?.id
  }
  async insert(gateway: Omit<NatGateway, 'createdAt' | 'deletedAt'>): Promise<void> {
    await this.#sql.run(
      `insert into nat_gateway (${columns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null)`,
      gateway.id,
      gateway.account,
      gateway.region,
      gateway.vpcId,
      gateway.subnetId ?? null,
      gateway.connectivity,
      gateway.availabilityMode,
      toBit(gateway.isAutomatic),
      gateway.routeTableId ?? null,
      this.#clock.now,
    )
  }
  async markDeleted(id: string): Promise<void> {
    await this.#sql.run('update nat_gateway set deleted_at = ? where id = ?', this.#clock.now, id)
  }
  /** Clears away gateways that are no longer shown. What they were is in the history. */
  async forgetDeleted(): Promise<void> {
    const rows = await this.#sql.all<{ id: string }>(
      'select id from nat_gateway where deleted_at <= ? order by deleted_at limit ?',
      this.#clock.now - deletedShownMs,
      forgottenMax,
    )
    for (const { id } of rows) {
      await this.#sql.run('delete from nat_gateway_address where nat_gateway_id = ?', id)
      await this.#sql.run('delete from nat_gateway where id = ?', id)
    }
  }

  /** In order of association: the primary address is the first. */
  async addresses(natGatewayId: string): Promise<NatGatewayAddress[]> {
    const rows = await this.#sql.all<AddressRow>(
      `select ${addressColumns} from nat_gateway_address where nat_gateway_id = ? order by association_id`,
      natGatewayId,
    )
    return rows.map(toAddress)
  }
  /** The same of many gateways. */
  async addressesOf(natGatewayIds: readonly string[]): Promise<ReadonlyMap<string, NatGatewayAddress[]>> {
    const list = listOfTexts(natGatewayIds)
    const rows = await this.#sql.all<AddressRow>(
      `select ${addressColumns} from nat_gateway_address where nat_gateway_id in ${list.text} order by association_id`,
      ...list.values,
    )
    return Map.groupBy(rows.map(toAddress), ({ natGatewayId }) => natGatewayId)
  }
  /** Those of living gateways that have a network interface, in the order of gateways and associations, after one. */
  async interfaces(
    { account, region }: { readonly account: string; readonly region: string },
    after: Pick<NatGatewayAddress, 'natGatewayId' | 'associationId'>,
    limit: number,
  ): Promise<NatGatewayAddress[]> {
    const rows = await this.#sql.all<AddressRow>(
      `select a.${addressColumns.replaceAll(', ', ', a.')} from nat_gateway g
       join nat_gateway_address a on a.nat_gateway_id = g.id
       where g.account = ? and g.region = ? and g.deleted_at is null and a.network_interface_id is not null
         and g.id >= ? and (g.id > ? or a.association_id > ?)
       order by g.id, a.association_id limit ?`,
      account,
      region,
      after.natGatewayId,
      after.natGatewayId,
      after.associationId,
      limit,
    )
    return rows.map(toAddress)
  }
  /** Of a living gateway of the account in the Region: the address whose network interface this is. */
  async addressOfInterface(account: string, region: string, id: string): Promise<NatGatewayAddress | undefined> {
    const row = await this.#sql.get<AddressRow>(
      `select ${addressColumns} from nat_gateway_address
       where network_interface_id = ?
         and nat_gateway_id in (select id from nat_gateway where account = ? and region = ? and deleted_at is null)`,
      id,
      account,
      region,
    )
    return row && toAddress(row)
  }
  async insertAddress(address: NatGatewayAddress): Promise<void> {
    await this.#sql.run(
      `insert into nat_gateway_address (${addressColumns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      address.associationId,
      address.natGatewayId,
      address.allocation ?? null,
      address.publicIp ?? null,
      address.privateIp ?? null,
      address.networkInterfaceId ?? null,
      address.zone ?? null,
      address.zoneId ?? null,
      toBit(address.isPrimary),
      toBit(address.isServiceManaged),
    )
  }
  async deleteAddress(associationId: string): Promise<void> {
    await this.#sql.run('delete from nat_gateway_address where association_id = ?', associationId)
  }
  /** How many private addresses living gateways have, by their subnet; subnets without any are missing. */
  async countPrivateIps(subnetIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const list = listOfTexts(subnetIds)
    const rows = await this.#sql.all<{ subnet_id: string; count: number }>(
      `select g.subnet_id, count(*) as count from nat_gateway g join nat_gateway_address a on a.nat_gateway_id = g.id
       where g.subnet_id in ${list.text} and g.deleted_at is null and a.private_ip is not null group by g.subnet_id`,
      ...list.values,
    )
    return new Map(rows.map(({ subnet_id: id, count }) => [id, Number(count)]))
  }
  /** The private addresses that living gateways have in a subnet. */
  async privateIpsIn(subnetId: string): Promise<string[]> {
    const rows = await this.#sql.all<{ private_ip: string }>(
      `select private_ip from nat_gateway_address
       where private_ip is not null
         and nat_gateway_id in (select id from nat_gateway where subnet_id = ? and deleted_at is null)`,
      subnetId,
    )
    return rows.map(({ private_ip }) => private_ip)
  }
}
