// What Elastic IPs are associated with. The addresses themselves are allocations of type `eip`.
import { assert } from '#model/assert.ts'
import { listOf, type Sql } from '../sql.ts'

export interface AddressAssociation {
  /** The Elastic IP, by its allocation's n. */
  readonly allocation: number
  readonly associationId: string
  readonly instanceId: string | undefined
  readonly networkInterfaceId: string | undefined
  readonly networkInterfaceAccount: string | undefined
  readonly privateIp: string | undefined
  readonly subnetId: string | undefined
  readonly natGatewayId: string | undefined
  /** Set where a service took the address and manages its life. */
  readonly serviceManaged: 'alb' | 'nlb' | 'rnat' | 'rds' | undefined
}
interface Row {
  allocation: number
  association_id: string
  instance_id: string | null
  network_interface_id: string | null
  network_interface_account: string | null
  private_ip: string | null
  subnet_id: string | null
  nat_gateway_id: string | null
  service_managed: AddressAssociation['serviceManaged'] | null
}
const columns = `allocation, association_id, instance_id, network_interface_id, network_interface_account, private_ip, subnet_id,
  nat_gateway_id, service_managed`
const toAssociation = (row: Row): AddressAssociation => ({
  allocation: row.allocation,
  associationId: row.association_id,
  instanceId: row.instance_id ?? undefined,
  networkInterfaceId: row.network_interface_id ?? undefined,
  networkInterfaceAccount: row.network_interface_account ?? undefined,
  privateIp: row.private_ip ?? undefined,
  subnetId: row.subnet_id ?? undefined,
  natGatewayId: row.nat_gateway_id ?? undefined,
  serviceManaged: row.service_managed ?? undefined,
})

/** What uses an Elastic IP, by the kind of resource; a regional NAT gateway has its own type in policy. */
export type UseKind = 'instance' | 'network-interface' | 'nat-gateway' | 'rnat'
/** An association, as the record tells it. */
export interface Association {
  readonly associationId: string
  readonly resourceId: string
  readonly resourceType: UseKind
  /** Where it is not the resource itself. */
  readonly networkInterfaceId?: string
  readonly privateIp?: string
}

/** An association as the record tells it: what uses the address, by its id and kind. */
export function associationOf({
  associationId,
  instanceId,
  networkInterfaceId,
  natGatewayId,
  subnetId,
  privateIp,
}: AddressAssociation): Association {
  const [resourceType, resourceId] = usedBy({ instanceId, networkInterfaceId, natGatewayId, subnetId })
  return {
    associationId,
    resourceId,
    resourceType,
    ...(networkInterfaceId === undefined || networkInterfaceId === resourceId ? {} : { networkInterfaceId }),
    ...(privateIp === undefined ? {} : { privateIp }),
  }
}
/** A NAT gateway that stands in no subnet is a regional one. */
function usedBy({
  instanceId,
  networkInterfaceId,
  natGatewayId,
  subnetId,
}: Pick<AddressAssociation, 'instanceId' | 'networkInterfaceId' | 'natGatewayId' | 'subnetId'>): [UseKind, string] {
  if (natGatewayId !== undefined) return [subnetId === undefined ? 'rnat' : 'nat-gateway', natGatewayId]
  if (instanceId !== undefined) return ['instance', instanceId]
  assert(networkInterfaceId !== undefined, 'an address is associated with something')
  return ['network-interface', networkInterfaceId]
}

export class Addresses {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  async associationOf(allocation: number): Promise<AddressAssociation | undefined> {
    const row = await this.#sql.get<Row>(`select ${columns} from address_association where allocation = ?`, allocation)
    return row && toAssociation(row)
  }
  /** The same of many addresses, by their numbers; those that nothing uses are missing. */
  async associationsOf(numbers: readonly number[]): Promise<ReadonlyMap<number, AddressAssociation>> {
    const list = listOf(numbers)
    const rows = await this.#sql.all<Row>(
      `select ${columns} from address_association where allocation in ${list.text}`,
      ...list.values,
    )
    return new Map(rows.map((row) => [row.allocation, toAssociation(row)]))
  }
  /** As the record tells them, by the addresses' numbers; those that nothing uses are missing. */
  async usesOf(numbers: readonly number[]): Promise<ReadonlyMap<number, Association>> {
    if (numbers.length === 0) return new Map()
    return new Map([...(await this.associationsOf(numbers))].map(([n, association]) => [n, associationOf(association)]))
  }
  /** Numbers of addresses that are used by a resource, or by resources of a kind, in their order, after one. */
  async usedBy(
    use: { readonly resourceId: string } | { readonly kinds: readonly UseKind[] },
    after: number,
    limit: number,
  ): Promise<number[]> {
    const [column, values] =
      'kinds' in use ? (['used_as', use.kinds] as const) : (['used_by', [use.resourceId]] as const)
    const found: number[] = []
    for (const value of values) {
      const rows = await this.#sql.all<{ allocation: number }>(
        `select allocation from address_association where ${column} = ? and allocation > ? order by allocation limit ?`,
        value,
        after,
        limit,
      )
      found.push(...rows.map(({ allocation }) => allocation))
    }
    return found.sort((a, b) => a - b).slice(0, limit)
  }
  async association(associationId: string): Promise<AddressAssociation | undefined> {
    const row = await this.#sql.get<Row>(
      `select ${columns} from address_association where association_id = ?`,
      associationId,
    )
    return row && toAssociation(row)
  }
  async associate(association: AddressAssociation): Promise<void> {
    const [usedAs, usedById] = usedBy(association)
    await this.#sql.run(
      `insert into address_association (${columns}, used_by, used_as) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      association.allocation,
      association.associationId,
      association.instanceId ?? null,
      association.networkInterfaceId ?? null,
      association.networkInterfaceAccount ?? null,
      association.privateIp ?? null,
      association.subnetId ?? null,
      association.natGatewayId ?? null,
      association.serviceManaged ?? null,
      usedById,
      usedAs,
    )
  }
  async disassociate(allocation: number): Promise<boolean> {
    return (await this.#sql.run('delete from address_association where allocation = ?', allocation)) > 0
  }
}
