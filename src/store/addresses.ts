// What Elastic IPs are associated with. The addresses themselves are allocations of type `eip`.
import type { Sql } from './sql.ts'

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

export class Addresses {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  async associationOf(allocation: number): Promise<AddressAssociation | undefined> {
    const row = await this.#sql.get<Row>(`select ${columns} from address_association where allocation = ?`, allocation)
    return row && toAssociation(row)
  }
  async association(associationId: string): Promise<AddressAssociation | undefined> {
    const row = await this.#sql.get<Row>(
      `select ${columns} from address_association where association_id = ?`,
      associationId,
    )
    return row && toAssociation(row)
  }
  async associate(association: AddressAssociation): Promise<void> {
    await this.#sql.run(
      `insert into address_association (${columns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      association.allocation,
      association.associationId,
      association.instanceId ?? null,
      association.networkInterfaceId ?? null,
      association.networkInterfaceAccount ?? null,
      association.privateIp ?? null,
      association.subnetId ?? null,
      association.natGatewayId ?? null,
      association.serviceManaged ?? null,
    )
  }
  async disassociate(allocation: number): Promise<boolean> {
    return (await this.#sql.run('delete from address_association where allocation = ?', allocation)) > 0
  }
}
