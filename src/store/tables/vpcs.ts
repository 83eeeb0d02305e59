// VPCs and subnets, with their CIDR blocks.
import { type Cidr, formatCidr, fromKey, lastAddress, overlaps, toKey } from '#model/cidr.ts'
import type { Tag } from '#model/tags.ts'
import { listOfTexts, type Sql } from '../sql.ts'
import {
  bit,
  block,
  changing,
  integer,
  json,
  mark,
  named,
  optional,
  type RowOf,
  references,
  table,
  text,
} from '../table.ts'
import type { BroughtSpaces } from './brought-space.ts'
import type { Clock } from './history.ts'
import type { Ipv6Kept, SubnetKept, VpcKept } from './kept-states.ts'
import { tagsKept } from './tags.ts'

/** Who provides a block: Amazon, the owner through a public pool, or (for private space) nobody. */
export type IpSource = 'amazon' | 'byoip' | 'none'

export const vpcTable = table(
  'vpc',
  {
    id: text(),
    account: text(),
    region: text(),
    tenancy: text(),
    /** `default`: those of the Region. */
    dhcpOptionsId: changing(text()),
    enableDnsSupport: changing(bit()),
    enableDnsHostnames: changing(bit()),
    enableNetworkAddressUsageMetrics: changing(bit()),
    isDefault: mark(),
    createdAt: integer(),
  },
  'deleted',
)
export type Vpc = RowOf<typeof vpcTable>
export type VpcAttributes = Pick<Vpc, 'enableDnsSupport' | 'enableDnsHostnames' | 'enableNetworkAddressUsageMetrics'>

export const vpcCidrTable = table(
  'vpc_cidr',
  {
    associationId: text(),
    vpcId: references('vpc', text()),
    cidr: block(),
    /** The IPv4 block that the VPC was made with: it stays as long as the VPC. */
    isPrimary: bit(),
    /** The allocation that holds the space; undefined where the caller brought it. */
    allocation: changing(optional(integer())),
    poolId: changing(optional(text())),
    ipSource: text<IpSource>(),
    networkBorderGroup: optional(text()),
    createdAt: integer(),
  },
  'deleted',
)
export type VpcCidr = RowOf<typeof vpcCidrTable>

/** What a subnet does with its hosts. */
export interface SubnetAttributes {
  readonly mapPublicIpOnLaunch?: boolean
  readonly assignIpv6AddressOnCreation?: boolean
  readonly enableDns64?: boolean
  readonly hostnameType?: 'ip-name' | 'resource-name'
  readonly enableResourceNameDnsARecord?: boolean
  readonly enableResourceNameDnsAaaaRecord?: boolean
  readonly enableLniAtDeviceIndex?: number
}

export const subnetTable = table(
  'subnet',
  {
    id: text(),
    vpcId: references('vpc', text()),
    account: text(),
    region: text(),
    zone: text(),
    zoneId: text(),
    /** Undefined where the subnet has IPv6 only. */
    cidr: optional(block()),
    allocation: optional(integer()),
    isIpv6Native: named('ipv6_native', bit()),
    /** What it does with its hosts, where that is not as usual. */
    attributes: changing(optional(json<SubnetAttributes>())),
    /** The default one of its zone. */
    isDefault: mark(),
    createdAt: integer(),
  },
  'deleted',
)
export type Subnet = RowOf<typeof subnetTable>

/** An IPv6 block of a subnet. */
export const subnetCidrTable = table(
  'subnet_cidr',
  {
    associationId: text(),
    subnetId: references('subnet', text()),
    vpcId: references('vpc', text()),
    cidr: block(),
    allocation: optional(integer()),
    ipSource: text<IpSource>(),
    createdAt: integer(),
  },
  'deleted',
)
export type SubnetCidr = RowOf<typeof subnetCidrTable>

export class Vpcs {
  readonly #sql: Sql
  readonly #clock: Clock
  /** What no pool gives a network is put on record with it. */
  readonly #brought: BroughtSpaces
  constructor(sql: Sql, clock: Clock, brought: BroughtSpaces) {
    this.#sql = sql
    this.#clock = clock
    this.#brought = brought
  }

  // VPCs -----------------------------------------------------------------------------------------------------------

  find(id: string): Promise<Vpc | undefined> {
    return vpcTable.first(this.#sql, 'where id = ?', id)
  }
  /** Those of an account in a Region in order of creation, after one (`''`: the first). */
  list(account: string, region: string, after: string, limit: number): Promise<Vpc[]> {
    const rest = 'where account = ? and region = ? and id > ? order by id limit ?'
    return vpcTable.all(this.#sql, rest, account, region, after, limit)
  }
  insert(vpc: Omit<Vpc, 'createdAt'>): Promise<void> {
    return vpcTable.insert(this.#sql, { ...vpc, createdAt: this.#clock.now })
  }
  async setAttributes(id: string, attributes: VpcAttributes): Promise<void> {
    const { enableDnsSupport, enableDnsHostnames, enableNetworkAddressUsageMetrics } = attributes
    const changes = { enableDnsSupport, enableDnsHostnames, enableNetworkAddressUsageMetrics }
    await vpcTable.change(this.#sql, changes, 'where id = ?', id)
  }
  async setDhcpOptions(id: string, dhcpOptionsId: string): Promise<void> {
    await vpcTable.change(this.#sql, { dhcpOptionsId }, 'where id = ?', id)
  }
  /** One that has these DHCP options. */
  async anyWithDhcpOptions(dhcpOptionsId: string): Promise<string | undefined> {
    const row = await this.#sql.get<{ id: string }>(
      `select id from vpc where dhcp_options_id = ? and dhcp_options_id <> 'default' order by id limit 1`,
      dhcpOptionsId,
    )
    return row?.id
  }
  findDefault(account: string, region: string): Promise<Vpc | undefined> {
    return vpcTable.first(this.#sql, 'where account = ? and region = ? and is_default = 1', account, region)
  }
  /** Those of many that are there, by their ids. */
  async findMany(ids: readonly string[]): Promise<ReadonlyMap<string, Vpc>> {
    if (ids.length === 0) return new Map()
    const list = listOfTexts(ids)
    const found = await vpcTable.all(this.#sql, `where id in ${list.text}`, ...list.values)
    return new Map(found.map((vpc) => [vpc.id, vpc]))
  }
  /** A VPC as the history keeps it: what it was before stands there in the same words, so that versions can be compared. */
  forHistory(
    vpc: Vpc,
    { cidrs, tags }: { readonly cidrs: readonly VpcCidr[]; readonly tags: readonly Tag[] },
  ): VpcKept {
    const { id, account, dhcpOptionsId, tenancy, isDefault } = vpc
    const { enableDnsSupport, enableDnsHostnames, enableNetworkAddressUsageMetrics } = vpc
    return {
      id,
      account,
      cidrs: cidrs.filter(({ cidr }) => cidr.family === 4).map(keptIpv4),
      ipv6Cidrs: cidrs.filter(({ cidr }) => cidr.family === 6).map(keptIpv6),
      dhcpOptionsId,
      tenancy,
      enableDnsSupport,
      enableDnsHostnames,
      enableNetworkAddressUsageMetrics,
      isDefault,
      tags: tagsKept(tags),
    }
  }
  /** With its blocks; the schema's foreign keys see to it that no subnet is left. */
  async delete(id: string): Promise<void> {
    await this.#brought.endOf(id)
    await this.#sql.run('delete from vpc_cidr where vpc_id = ?', id)
    await this.#sql.run('delete from vpc where id = ?', id)
  }

  /** In order of association: the primary block is the first. */
  cidrs(vpcId: string): Promise<VpcCidr[]> {
    return vpcCidrTable.all(this.#sql, 'where vpc_id = ? order by association_id', vpcId)
  }
  /** The same of many VPCs. */
  async cidrsOf(vpcIds: readonly string[]): Promise<ReadonlyMap<string, VpcCidr[]>> {
    const list = listOfTexts(vpcIds)
    const rest = `where vpc_id in ${list.text} order by association_id`
    return Map.groupBy(await vpcCidrTable.all(this.#sql, rest, ...list.values), ({ vpcId }) => vpcId)
  }
  findCidr(associationId: string): Promise<VpcCidr | undefined> {
    return vpcCidrTable.first(this.#sql, 'where association_id = ?', associationId)
  }
  async insertCidr(cidr: Omit<VpcCidr, 'createdAt'>): Promise<void> {
    await vpcCidrTable.insert(this.#sql, { ...cidr, createdAt: this.#clock.now })
    if (cidr.allocation === undefined) await this.#bring(cidr)
  }
  async #bring({ vpcId, associationId: resource, cidr }: Omit<VpcCidr, 'createdAt'>): Promise<void> {
    const { account, region } = (await this.find(vpcId))!
    await this.#brought.begin({ account, resourceType: 'vpc', region, network: vpcId, resource, cidr })
  }
  /** A block of a VPC is held by another allocation, or by none. */
  async setHolding(associationId: string, holding: Pick<VpcCidr, 'allocation' | 'poolId'>): Promise<void> {
    const { allocation, poolId } = holding
    await vpcCidrTable.change(this.#sql, { allocation, poolId }, 'where association_id = ?', associationId)
    await this.#brought.end(associationId)
    const cidr = allocation === undefined ? await this.findCidr(associationId) : undefined
    if (cidr) await this.#bring(cidr)
  }
  async deleteCidr(associationId: string): Promise<void> {
    await this.#brought.end(associationId)
    await this.#sql.run('delete from vpc_cidr where association_id = ?', associationId)
  }

  // Subnets --------------------------------------------------------------------------------------------------------

  findSubnet(id: string): Promise<Subnet | undefined> {
    return subnetTable.first(this.#sql, 'where id = ?', id)
  }
  /** Those that are there of many. */
  someSubnets(ids: readonly string[]): Promise<Subnet[]> {
    const list = listOfTexts(ids)
    return subnetTable.all(this.#sql, `where id in ${list.text}`, ...list.values)
  }
  /** In order of creation. */
  subnets(account: string, region: string, after: string, limit: number): Promise<Subnet[]> {
    const rest = 'where account = ? and region = ? and id > ? order by id limit ?'
    return subnetTable.all(this.#sql, rest, account, region, after, limit)
  }
  /** The zones in which a VPC has a subnet. */
  async zonesOf(vpcId: string): Promise<string[]> {
    const rows = await this.#sql.all<{ zone_id: string }>('select distinct zone_id from subnet where vpc_id = ?', vpcId)
    return rows.map(({ zone_id }) => zone_id)
  }
  /** How many subnets of a VPC are read at once for what is shown of them all. */
  subnetsOfMany(vpcIds: readonly string[], limit: number): Promise<Subnet[]> {
    const list = listOfTexts(vpcIds)
    return subnetTable.all(this.#sql, `where vpc_id in ${list.text} order by vpc_id, id limit ?`, ...list.values, limit)
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
  /** So many blocks of one family that the VPC's subnets have, from where one begins. */
  async subnetBlocksFrom(vpcId: string, from: Cidr, limit: number): Promise<Cidr[]> {
    const rows = await this.#sql.all<{ first: Uint8Array; length: number }>(
      `select first, length from ${from.family === 4 ? 'subnet' : 'subnet_cidr'}
       where vpc_id = ? and first >= ? order by first limit ?`,
      vpcId,
      toKey(from),
      limit,
    )
    return rows.map(({ first, length }) => fromKey(first, length))
  }
  async insertSubnet(subnet: Omit<Subnet, 'createdAt'>): Promise<void> {
    await subnetTable.insert(this.#sql, { ...subnet, createdAt: this.#clock.now })
    const { id, account, region, cidr, allocation } = subnet
    if (!cidr || allocation !== undefined) return
    await this.#brought.begin({ account, resourceType: 'subnet', region, network: id, resource: id, cidr })
  }
  /** A subnet as the history keeps it. */
  subnetForHistory(subnet: Subnet, { ipv6, available, tags }: KeptOfSubnet): SubnetKept {
    const { id, vpcId, account, region, zone, zoneId, cidr, isIpv6Native, attributes, isDefault } = subnet
    return {
      id,
      vpcId,
      account,
      region,
      zone,
      zoneId,
      cidr: cidr && formatCidr(cidr),
      availableAddresses: available,
      ipv6Cidrs: ipv6.map(keptIpv6OfSubnet),
      isIpv6Native,
      ...attributes,
      isDefault,
      tags: tagsKept(tags),
    }
  }
  async setSubnetAttributes(id: string, attributes: SubnetAttributes): Promise<void> {
    await subnetTable.change(this.#sql, { attributes }, 'where id = ?', id)
  }
  /** The default one of a zone. */
  defaultSubnet(vpcId: string, zone: string): Promise<Subnet | undefined> {
    return subnetTable.first(this.#sql, 'where vpc_id = ? and zone = ? and is_default = 1', vpcId, zone)
  }
  async deleteSubnet(id: string): Promise<void> {
    await this.#brought.endOf(id)
    await this.#sql.run('delete from subnet_cidr where subnet_id = ?', id)
    await this.#sql.run('delete from subnet where id = ?', id)
  }
  subnetCidrs(subnetId: string): Promise<SubnetCidr[]> {
    return subnetCidrTable.all(this.#sql, 'where subnet_id = ? order by association_id', subnetId)
  }
  /** The same of many subnets. */
  async cidrsOfSubnets(subnetIds: readonly string[]): Promise<ReadonlyMap<string, SubnetCidr[]>> {
    const list = listOfTexts(subnetIds)
    const rest = `where subnet_id in ${list.text} order by association_id`
    return Map.groupBy(await subnetCidrTable.all(this.#sql, rest, ...list.values), ({ subnetId }) => subnetId)
  }
  findSubnetCidr(associationId: string): Promise<SubnetCidr | undefined> {
    return subnetCidrTable.first(this.#sql, 'where association_id = ?', associationId)
  }
  async deleteSubnetCidr(associationId: string): Promise<void> {
    await this.#brought.end(associationId)
    await this.#sql.run('delete from subnet_cidr where association_id = ?', associationId)
  }
  async insertSubnetCidr(association: Omit<SubnetCidr, 'createdAt'>): Promise<void> {
    await subnetCidrTable.insert(this.#sql, { ...association, createdAt: this.#clock.now })
    const { subnetId: network, associationId: resource, cidr, allocation } = association
    if (allocation !== undefined) return
    const { account, region } = (await this.findSubnet(network))!
    await this.#brought.begin({ account, resourceType: 'subnet', region, network, resource, cidr })
  }
}

// In the history -----------------------------------------------------------------------------------------------------

const keptIpv4 = ({ associationId, cidr, isPrimary }: VpcCidr): VpcKept['cidrs'][number] => ({
  associationId,
  cidr: formatCidr(cidr),
  isPrimary,
})

const keptIpv6 = ({
  associationId,
  cidr,
  networkBorderGroup,
  poolId,
  ipSource,
}: VpcCidr): VpcKept['ipv6Cidrs'][number] => ({
  associationId,
  cidr: formatCidr(cidr),
  networkBorderGroup,
  isOfPool: poolId !== undefined,
  ipSource,
})

/** What the history keeps of a subnet beside its row. */
interface KeptOfSubnet {
  readonly ipv6: readonly SubnetCidr[]
  /** Of its IPv4 addresses: how many are free. */
  readonly available: number
  readonly tags: readonly Tag[]
}

const keptIpv6OfSubnet = ({ associationId, cidr, ipSource }: SubnetCidr): Ipv6Kept => ({
  associationId,
  cidr: formatCidr(cidr),
  ipSource,
})
