// VPCs and subnets, with their CIDR blocks.
import { type Cidr, fromKey, lastAddress, overlaps, toKey } from '#model/cidr.ts'
import type { Clock } from './history.ts'
import { listOfTexts, type Sql, toBit } from './sql.ts'

/** Who provides a block: Amazon, the owner through a public pool, or (for private space) nobody. */
export type IpSource = 'amazon' | 'byoip' | 'none'

export interface VpcAttributes {
  readonly enableDnsSupport: boolean
  readonly enableDnsHostnames: boolean
  readonly enableNetworkAddressUsageMetrics: boolean
}
export interface Vpc extends VpcAttributes {
  readonly id: string
  readonly account: string
  readonly region: string
  readonly tenancy: string
  readonly dhcpOptionsId: string
  readonly createdAt: number
}
export interface VpcCidr {
  readonly associationId: string
  readonly vpcId: string
  readonly cidr: Cidr
  /** The IPv4 block that the VPC was made with: it stays as long as the VPC. */
  readonly isPrimary: boolean
  /** The allocation that holds the space; undefined where the caller brought it. */
  readonly allocation: number | undefined
  readonly poolId: string | undefined
  readonly ipSource: IpSource
  readonly networkBorderGroup: string | undefined
  readonly createdAt: number
}
export interface Subnet {
  readonly id: string
  readonly vpcId: string
  readonly account: string
  readonly region: string
  readonly zone: string
  readonly zoneId: string
  /** Undefined where the subnet has IPv6 only. */
  readonly cidr: Cidr | undefined
  readonly allocation: number | undefined
  readonly isIpv6Native: boolean
  readonly createdAt: number
}
/** An IPv6 block of a subnet. */
export interface SubnetCidr {
  readonly associationId: string
  readonly subnetId: string
  readonly vpcId: string
  readonly cidr: Cidr
  readonly allocation: number | undefined
  readonly ipSource: IpSource
  readonly createdAt: number
}

interface VpcRow {
  id: string
  account: string
  region: string
  tenancy: string
  dhcp_options_id: string
  enable_dns_support: number
  enable_dns_hostnames: number
  enable_network_address_usage_metrics: number
  created_at: number
}
interface VpcCidrRow {
  association_id: string
  vpc_id: string
  first: Uint8Array
  length: number
  is_primary: number
  allocation: number | null
  pool_id: string | null
  ip_source: IpSource
  network_border_group: string | null
  created_at: number
}
interface SubnetRow {
  id: string
  vpc_id: string
  account: string
  region: string
  zone: string
  zone_id: string
  first: Uint8Array | null
  length: number | null
  allocation: number | null
  ipv6_native: number
  created_at: number
}
interface SubnetCidrRow {
  association_id: string
  subnet_id: string
  vpc_id: string
  first: Uint8Array
  length: number
  allocation: number | null
  ip_source: IpSource
  created_at: number
}
const vpcColumns = `id, account, region, tenancy, dhcp_options_id, enable_dns_support, enable_dns_hostnames,
  enable_network_address_usage_metrics, created_at`
const vpcCidrColumns =
  'association_id, vpc_id, first, length, is_primary, allocation, pool_id, ip_source, network_border_group, created_at'
const subnetColumns = 'id, vpc_id, account, region, zone, zone_id, first, length, allocation, ipv6_native, created_at'
const subnetCidrColumns = 'association_id, subnet_id, vpc_id, first, length, allocation, ip_source, created_at'

const toVpc = (row: VpcRow): Vpc => ({
  id: row.id,
  account: row.account,
  region: row.region,
  tenancy: row.tenancy,
  dhcpOptionsId: row.dhcp_options_id,
  enableDnsSupport: row.enable_dns_support === 1,
  enableDnsHostnames: row.enable_dns_hostnames === 1,
  enableNetworkAddressUsageMetrics: row.enable_network_address_usage_metrics === 1,
  createdAt: row.created_at,
})
const toVpcCidr = (row: VpcCidrRow): VpcCidr => ({
  associationId: row.association_id,
  vpcId: row.vpc_id,
  cidr: fromKey(row.first, row.length),
  isPrimary: row.is_primary === 1,
  allocation: row.allocation ?? undefined,
  poolId: row.pool_id ?? undefined,
  ipSource: row.ip_source,
  networkBorderGroup: row.network_border_group ?? undefined,
  createdAt: row.created_at,
})
const toSubnet = (row: SubnetRow): Subnet => ({
  id: row.id,
  vpcId: row.vpc_id,
  account: row.account,
  region: row.region,
  zone: row.zone,
  zoneId: row.zone_id,
  cidr: row.first === null || row.length === null ? undefined : fromKey(row.first, row.length),
  allocation: row.allocation ?? undefined,
  isIpv6Native: row.ipv6_native === 1,
  createdAt: row.created_at,
})
const toSubnetCidr = (row: SubnetCidrRow): SubnetCidr => ({
  associationId: row.association_id,
  subnetId: row.subnet_id,
  vpcId: row.vpc_id,
  cidr: fromKey(row.first, row.length),
  allocation: row.allocation ?? undefined,
  ipSource: row.ip_source,
  createdAt: row.created_at,
})

export class Vpcs {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }

  // VPCs -----------------------------------------------------------------------------------------------------------

  async find(id: string): Promise<Vpc | undefined> {
    const row = await this.#sql.get<VpcRow>(`select ${vpcColumns} from vpc where id = ?`, id)
    return row && toVpc(row)
  }
  /** Those of an account in a Region in order of creation, after one (`''`: the first). */
  async list(account: string, region: string, after: string, limit: number): Promise<Vpc[]> {
    const rows = await this.#sql.all<VpcRow>(
      `select ${vpcColumns} from vpc where account = ? and region = ? and id > ? order by id limit ?`,
      account,
      region,
      after,
      limit,
    )
    return rows.map(toVpc)
  }
  async insert(vpc: Omit<Vpc, 'createdAt'>): Promise<void> {
    await this.#sql.run(
      `insert into vpc (${vpcColumns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      vpc.id,
      vpc.account,
      vpc.region,
      vpc.tenancy,
      vpc.dhcpOptionsId,
      toBit(vpc.enableDnsSupport),
      toBit(vpc.enableDnsHostnames),
      toBit(vpc.enableNetworkAddressUsageMetrics),
      this.#clock.now,
    )
  }
  async setAttributes(id: string, attributes: VpcAttributes): Promise<void> {
    await this.#sql.run(
      `update vpc set enable_dns_support = ?, enable_dns_hostnames = ?, enable_network_address_usage_metrics = ?
       where id = ?`,
      toBit(attributes.enableDnsSupport),
      toBit(attributes.enableDnsHostnames),
      toBit(attributes.enableNetworkAddressUsageMetrics),
      id,
    )
  }
  /** With its blocks; the schema's foreign keys see to it that no subnet is left. */
  async delete(id: string): Promise<void> {
    await this.#sql.run('delete from vpc_cidr where vpc_id = ?', id)
    await this.#sql.run('delete from vpc where id = ?', id)
  }

  /** In order of association: the primary block is the first. */
  async cidrs(vpcId: string): Promise<VpcCidr[]> {
    const rows = await this.#sql.all<VpcCidrRow>(
      `select ${vpcCidrColumns} from vpc_cidr where vpc_id = ? order by association_id`,
      vpcId,
    )
    return rows.map(toVpcCidr)
  }
  /** The same of many VPCs. */
  async cidrsOf(vpcIds: readonly string[]): Promise<ReadonlyMap<string, VpcCidr[]>> {
    const list = listOfTexts(vpcIds)
    const rows = await this.#sql.all<VpcCidrRow>(
      `select ${vpcCidrColumns} from vpc_cidr where vpc_id in ${list.text} order by association_id`,
      ...list.values,
    )
    return Map.groupBy(rows.map(toVpcCidr), ({ vpcId }) => vpcId)
  }
  async findCidr(associationId: string): Promise<VpcCidr | undefined> {
    const row = await this.#sql.get<VpcCidrRow>(
      `select ${vpcCidrColumns} from vpc_cidr where association_id = ?`,
      associationId,
    )
    return row && toVpcCidr(row)
  }
  async insertCidr(cidr: Omit<VpcCidr, 'createdAt'>): Promise<void> {
    await this.#sql.run(
      `insert into vpc_cidr (${vpcCidrColumns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      cidr.associationId,
      cidr.vpcId,
      toKey(cidr.cidr),
      cidr.cidr.length,
      toBit(cidr.isPrimary),
      cidr.allocation ?? null,
      cidr.poolId ?? null,
      cidr.ipSource,
      cidr.networkBorderGroup ?? null,
      this.#clock.now,
    )
  }
  async deleteCidr(associationId: string): Promise<void> {
    await this.#sql.run('delete from vpc_cidr where association_id = ?', associationId)
  }

  // Subnets --------------------------------------------------------------------------------------------------------

  async findSubnet(id: string): Promise<Subnet | undefined> {
    const row = await this.#sql.get<SubnetRow>(`select ${subnetColumns} from subnet where id = ?`, id)
    return row && toSubnet(row)
  }
  /** Those that are there of many. */
  async someSubnets(ids: readonly string[]): Promise<Subnet[]> {
    const list = listOfTexts(ids)
    const rows = await this.#sql.all<SubnetRow>(
      `select ${subnetColumns} from subnet where id in ${list.text}`,
      ...list.values,
    )
    return rows.map(toSubnet)
  }
  /** In order of creation. */
  async subnets(account: string, region: string, after: string, limit: number): Promise<Subnet[]> {
    const rows = await this.#sql.all<SubnetRow>(
      `select ${subnetColumns} from subnet where account = ? and region = ? and id > ? order by id limit ?`,
      account,
      region,
      after,
      limit,
    )
    return rows.map(toSubnet)
  }
  async subnetsOf(vpcId: string): Promise<Subnet[]> {
    const rows = await this.#sql.all<SubnetRow>(
      `select ${subnetColumns} from subnet where vpc_id = ? order by id`,
      vpcId,
    )
    return rows.map(toSubnet)
  }
  async anySubnetOf(vpcId: string): Promise<string | undefined> {
    const row = await this.#sql.get<{ id: string }>('select id from subnet where vpc_id = ? order by id limit 1', vpcId)
    return row?.id
  }
  /**
   * A subnet of the VPC that shares addresses with `cidr`. Subnets are disjoint, so that only the last one to begin before
   * the end of `cidr` can: one step in an index.
   */
  async subnetOverlapping(vpcId: string, cidr: Cidr): Promise<{ id: string; cidr: Cidr } | undefined> {
    const [table, column] = cidr.family === 4 ? ['subnet', 'id'] : ['subnet_cidr', 'subnet_id']
    const row = await this.#sql.get<{ id: string; first: Uint8Array; length: number }>(
      `select ${column} as id, first, length from ${table} where vpc_id = ? and first <= ? order by first desc limit 1`,
      vpcId,
      toKey(lastAddress(cidr)),
    )
    const neighbour = row && { id: row.id, cidr: fromKey(row.first, row.length) }
    return neighbour?.cidr.family === cidr.family && overlaps(neighbour.cidr, cidr) ? neighbour : undefined
  }
  /** The blocks of one family that the VPC's subnets have. */
  async subnetBlocks(vpcId: string, family: 4 | 6): Promise<Cidr[]> {
    const rows = await this.#sql.all<{ first: Uint8Array; length: number }>(
      `select first, length from ${family === 4 ? 'subnet' : 'subnet_cidr'}
       where vpc_id = ? and first is not null order by first`,
      vpcId,
    )
    return rows.map(({ first, length }) => fromKey(first, length))
  }
  async insertSubnet(subnet: Omit<Subnet, 'createdAt'>): Promise<void> {
    await this.#sql.run(
      `insert into subnet (${subnetColumns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      subnet.id,
      subnet.vpcId,
      subnet.account,
      subnet.region,
      subnet.zone,
      subnet.zoneId,
      subnet.cidr ? toKey(subnet.cidr) : null,
      subnet.cidr?.length ?? null,
      subnet.allocation ?? null,
      toBit(subnet.isIpv6Native),
      this.#clock.now,
    )
  }
  async deleteSubnet(id: string): Promise<void> {
    await this.#sql.run('delete from subnet_cidr where subnet_id = ?', id)
    await this.#sql.run('delete from subnet where id = ?', id)
  }
  async subnetCidrs(subnetId: string): Promise<SubnetCidr[]> {
    const rows = await this.#sql.all<SubnetCidrRow>(
      `select ${subnetCidrColumns} from subnet_cidr where subnet_id = ? order by association_id`,
      subnetId,
    )
    return rows.map(toSubnetCidr)
  }
  /** The same of many subnets. */
  async cidrsOfSubnets(subnetIds: readonly string[]): Promise<ReadonlyMap<string, SubnetCidr[]>> {
    const list = listOfTexts(subnetIds)
    const rows = await this.#sql.all<SubnetCidrRow>(
      `select ${subnetCidrColumns} from subnet_cidr where subnet_id in ${list.text} order by association_id`,
      ...list.values,
    )
    return Map.groupBy(rows.map(toSubnetCidr), ({ subnetId }) => subnetId)
  }
  async insertSubnetCidr(cidr: Omit<SubnetCidr, 'createdAt'>): Promise<void> {
    await this.#sql.run(
      `insert into subnet_cidr (${subnetCidrColumns}) values (?, ?, ?, ?, ?, ?, ?, ?)`,
      cidr.associationId,
      cidr.subnetId,
      cidr.vpcId,
      toKey(cidr.cidr),
      cidr.cidr.length,
      cidr.allocation ?? null,
      cidr.ipSource,
      this.#clock.now,
    )
  }
}
