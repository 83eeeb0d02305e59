// NAT gateways and their addresses.
import { formatId } from '#model/identifier.ts'
import type { Tag } from '#model/tags.ts'
import { listOfTexts, type Sql } from '../sql.ts'
import { bit, changing, integer, named, optional, type RowOf, references, table, text } from '../table.ts'
import type { Clock } from './history.ts'
import type { NatGatewayKept } from './kept-states.ts'
import { tagsKept } from './tags.ts'

/** How long a deleted gateway is still shown. EC2 says: about an hour. */
export const deletedShownMs = 3_600_000
/** Of what was deleted long ago, so much one call clears away; the rest waits for the next. */
const forgottenMax = 100

export const natGatewayTable = table(
  'nat_gateway',
  {
    id: text(),
    account: text(),
    region: text(),
    vpcId: text(),
    /** Undefined exactly for regional gateways. */
    subnetId: optional(text()),
    connectivity: text<'public' | 'private'>(),
    availabilityMode: text<'zonal' | 'regional'>(),
    /** Whether the gateway takes addresses by itself (regional gateways only). */
    isAutomatic: named('automatic', bit()),
    routeTableId: optional(text()),
    createdAt: integer(),
    deletedAt: changing(optional(integer())),
  },
  'deleted',
)
export type NatGateway = RowOf<typeof natGatewayTable>

export const natGatewayAddressTable = table(
  'nat_gateway_address',
  {
    associationId: text(),
    natGatewayId: references('nat_gateway', text()),
    /** The Elastic IP, by its allocation's n; undefined for the addresses of a private gateway. */
    allocation: optional(integer()),
    publicIp: optional(text()),
    /** Undefined for the addresses of a regional gateway, which stands in no subnet. */
    privateIp: optional(text()),
    networkInterfaceId: optional(text()),
    zone: optional(text()),
    zoneId: optional(text()),
    isPrimary: bit(),
    /** Whether the gateway itself took the Elastic IP, and gives it back. */
    isServiceManaged: named('service_managed', bit()),
  },
  'deleted',
)
export type NatGatewayAddress = RowOf<typeof natGatewayAddressTable>

/** What the history keeps of a gateway beside its row, while it is not deleted. */
interface KeptOfGateway {
  readonly addresses: readonly NatGatewayAddress[]
  readonly tags: readonly Tag[]
  /** In which the ids of its Elastic IPs are made. */
  readonly installation: string
}

/** Whose, where; undefined: everybody's, everywhere. */
export type LookedAt = { readonly account: string; readonly region: string } | undefined
export type InterfacePlace = Pick<NatGatewayAddress, 'natGatewayId' | 'associationId'>
export interface InterfaceAt {
  readonly gateway: NatGateway
  readonly address: NatGatewayAddress
}

export class NatGateways {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }

  /** Also one that was deleted less than an hour ago. */
  find(id: string): Promise<NatGateway | undefined> {
    return natGatewayTable.first(
      this.#sql,
      'where id = ? and (deleted_at is null or deleted_at > ?)',
      id,
      this.#clock.now - deletedShownMs,
    )
  }
  /** By their ids; also those that were deleted. */
  async findMany(ids: readonly string[]): Promise<ReadonlyMap<string, NatGateway>> {
    const list = listOfTexts(ids)
    const found = await natGatewayTable.all(this.#sql, `where id in ${list.text}`, ...list.values)
    return new Map(found.map((gateway) => [gateway.id, gateway]))
  }
  /** In order of creation, after one (`''`: the first), with those that were deleted less than an hour ago. */
  list(account: string, region: string, after: string, limit: number): Promise<NatGateway[]> {
    return natGatewayTable.all(
      this.#sql,
      `where account = ? and region = ? and id > ? and (deleted_at is null or deleted_at > ?)
       order by id limit ?`,
      account,
      region,
      after,
      this.#clock.now - deletedShownMs,
      limit,
    )
  }
  /** A gateway that stands in the way of deleting the VPC. */
  async anyOfVpc(vpcId: string): Promise<string | undefined> {
    const row = await this.#sql.get<{ id: string }>(
      'select id from nat_gateway where vpc_id = ? and deleted_at is null order by id limit 1',
      vpcId,
    )
    return row?.id
  }
  /** One with public addresses. */
  async anyPublicOfVpc(vpcId: string): Promise<string | undefined> {
    const row = await this.#sql.get<{ id: string }>(
      `select id from nat_gateway where vpc_id = ? and deleted_at is null and connectivity = 'public' order by id limit 1`,
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
  insert(gateway: Omit<NatGateway, 'createdAt' | 'deletedAt'>): Promise<void> {
    return natGatewayTable.insert(this.#sql, { ...gateway, createdAt: this.#clock.now, deletedAt: undefined })
  }
  /** A gateway as the history keeps it: what it was before stands there in the same words, so that versions can be compared. */
  forHistory(gateway: NatGateway, { addresses, tags, installation }: KeptOfGateway): NatGatewayKept {
    const { id, vpcId, subnetId, connectivity, availabilityMode, isAutomatic, routeTableId, createdAt } = gateway
    return {
      id,
      vpcId,
      subnetId,
      connectivity,
      availabilityMode,
      isAutomatic,
      routeTableId,
      addresses: addresses.map((address) => ({
        ...(address.allocation !== undefined && {
          allocationId: formatId('address', installation, address.allocation),
          associationId: address.associationId,
          publicIp: address.publicIp,
        }),
        privateIp: address.privateIp,
        networkInterfaceId: address.networkInterfaceId,
        // Of the addresses of a regional gateway none goes before the others.
        isPrimary: availabilityMode === 'zonal' ? address.isPrimary : undefined,
        zone: address.zone,
        zoneId: address.zoneId,
      })),
      createdAt,
      tags: tagsKept(tags),
    }
  }
  async markDeleted(id: string): Promise<void> {
    await natGatewayTable.change(this.#sql, { deletedAt: this.#clock.now }, 'where id = ?', id)
  }
  /** Whether any is no longer shown, whoever's. */
  async anyToForget(): Promise<boolean> {
    const before = this.#clock.now - deletedShownMs
    return (await this.#sql.get('select 1 as one from nat_gateway where deleted_at <= ? limit 1', before)) !== undefined
  }
  /** Clears away some that are no longer shown. What they were is in the history. */
  async forgetDeleted(): Promise<void> {
    const rows = await this.#sql.all<{ id: string }>(
      'select id from nat_gateway where deleted_at <= ? order by deleted_at limit ?',
      this.#clock.now - deletedShownMs,
      forgottenMax,
    )
    const list = listOfTexts(rows.map(({ id }) => id))
    await this.#sql.run(`delete from nat_gateway_address where nat_gateway_id in ${list.text}`, ...list.values)
    await this.#sql.run(`delete from nat_gateway where id in ${list.text}`, ...list.values)
  }

  /** In order of association: the primary address is the first. */
  addresses(natGatewayId: string): Promise<NatGatewayAddress[]> {
    return natGatewayAddressTable.all(this.#sql, 'where nat_gateway_id = ? order by association_id', natGatewayId)
  }
  /** The same of many gateways. */
  async addressesOf(natGatewayIds: readonly string[]): Promise<ReadonlyMap<string, NatGatewayAddress[]>> {
    const list = listOfTexts(natGatewayIds)
    const rest = `where nat_gateway_id in ${list.text} order by association_id`
    const found = await natGatewayAddressTable.all(this.#sql, rest, ...list.values)
    return Map.groupBy(found, ({ natGatewayId }) => natGatewayId)
  }
  /**
   * Addresses of living gateways that have a network interface, in the order of gateways and associations, after one. A gateway that
   * stands in a subnet has at least one, and another one has none.
   * @param of only theirs: what others have costs nothing
   */
  async interfaces(of: LookedAt, after: InterfacePlace, limit: number): Promise<InterfaceAt[]> {
    // As two statements: put together, the addresses of all others between two gateways would be read, too.
    const gateways = await natGatewayTable.all(
      this.#sql,
      `where ${of ? 'account = ? and region = ? and' : ''} id >= ? and deleted_at is null and subnet_id is not null
       order by id limit ?`,
      ...(of ? [of.account, of.region] : []),
      after.natGatewayId,
      limit + 1,
    )
    const byId = new Map(gateways.map((gateway) => [gateway.id, gateway]))
    const list = listOfTexts([...byId.keys()])
    const addresses = await natGatewayAddressTable.all(
      this.#sql,
      `where nat_gateway_id in ${list.text} and (nat_gateway_id > ? or association_id > ?)
       order by nat_gateway_id, association_id limit ?`,
      ...list.values,
      after.natGatewayId,
      after.associationId,
      limit,
    )
    return addresses.map((address) => ({ gateway: byId.get(address.natGatewayId)!, address }))
  }
  /** The network interface of an address of a living gateway, whoever's. */
  async findInterface(id: string): Promise<InterfaceAt | undefined> {
    const address = await natGatewayAddressTable.first(this.#sql, 'where network_interface_id = ?', id)
    const gateway =
      address && (await natGatewayTable.first(this.#sql, 'where id = ? and deleted_at is null', address.natGatewayId))
    return address && gateway && { gateway, address }
  }
  insertAddress(address: NatGatewayAddress): Promise<void> {
    return natGatewayAddressTable.insert(this.#sql, address)
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
  /** How many living gateways stand in a subnet; no more than `limit` are counted. */
  async countInSubnet(subnetId: string, limit: number): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      `select count(*) as count from
         (select 1 as one from nat_gateway where subnet_id = ? and deleted_at is null limit ?) found`,
      subnetId,
      limit,
    )
    return Number(row!.count)
  }
  /** The private addresses that living gateways have in a subnet. */
  async privateIpsIn(subnetId: string): Promise<string[]> {
    // As two statements: put together, it could be the addresses of all others that are read.
    const gateways = await this.#sql.all<{ id: string }>(
      'select id from nat_gateway where subnet_id = ? and deleted_at is null',
      subnetId,
    )
    const list = listOfTexts(gateways.map(({ id }) => id))
    const rows = await this.#sql.all<{ private_ip: string }>(
      `select private_ip from nat_gateway_address where nat_gateway_id in ${list.text} and private_ip is not null`,
      ...list.values,
    )
    return rows.map(({ private_ip }) => private_ip)
  }
}
