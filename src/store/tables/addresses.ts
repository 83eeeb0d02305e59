// What Elastic IPs are associated with. The addresses themselves are allocations of type `eip`.
import { assert } from '#model/assert.ts'
import { listOf, type Sql } from '../sql.ts'
import { integer, optional, type RowOf, references, table, text, unread } from '../table.ts'

export const addressAssociationTable = table(
  'address_association',
  {
    /** The Elastic IP, by its allocation's n. */
    allocation: references('allocation', integer()),
    associationId: text(),
    instanceId: optional(text()),
    networkInterfaceId: optional(text()),
    networkInterfaceAccount: optional(text()),
    privateIp: optional(text()),
    subnetId: optional(text()),
    natGatewayId: optional(text()),
    /** Set where a service took the address and manages its life. */
    serviceManaged: optional(text<'alb' | 'nlb' | 'rnat' | 'rds'>()),
    usedBy: unread(optional(text())),
    usedAs: unread(optional(text<UseKind>())),
  },
  'deleted',
)
export type AddressAssociation = Omit<RowOf<typeof addressAssociationTable>, 'usedBy' | 'usedAs'>

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

  associationOf(allocation: number): Promise<AddressAssociation | undefined> {
    return addressAssociationTable.first(this.#sql, 'where allocation = ?', allocation)
  }
  /** The same of many addresses, by their numbers; those that nothing uses are missing. */
  async associationsOf(numbers: readonly number[]): Promise<ReadonlyMap<number, AddressAssociation>> {
    const list = listOf(numbers)
    const found = await addressAssociationTable.all(this.#sql, `where allocation in ${list.text}`, ...list.values)
    return new Map(found.map((association) => [association.allocation, association]))
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
  association(associationId: string): Promise<AddressAssociation | undefined> {
    return addressAssociationTable.first(this.#sql, 'where association_id = ?', associationId)
  }
  async associate(association: AddressAssociation): Promise<void> {
    const [usedAs, usedById] = usedBy(association)
    await addressAssociationTable.insert(this.#sql, { ...association, usedBy: usedById, usedAs })
  }
  async disassociate(allocation: number): Promise<boolean> {
    return (await this.#sql.run('delete from address_association where allocation = ?', allocation)) > 0
  }
}
