// Network interfaces: those of NAT gateways, the only ones that are on record here.
import { refuse } from '#model/refusal.ts'
import type { NatGateway, NatGatewayAddress } from '#store/tables/nat-gateways.ts'
import { type ReadRows, readFrom } from '../listing.ts'
import type { ReadContext } from '../operation.ts'

export interface Interface {
  readonly gateway: NatGateway
  readonly address: NatGatewayAddress
}

export const placeOfInterface = ({ natGatewayId, associationId }: NatGatewayAddress): string =>
  `${natGatewayId}/${associationId}`

/** Those that are named, or all of the caller's in this Region. */
export async function interfacesOf(
  context: ReadContext,
  ids: readonly string[] = [],
): Promise<ReadRows<NatGatewayAddress>> {
  const at = { account: context.caller.account, region: context.region }
  if (ids.length === 0) {
    return (after = '', limit) => {
      const [natGatewayId = '', associationId = ''] = after.split('/')
      return context.tx.natGateways.interfaces(at, { natGatewayId, associationId }, limit)
    }
  }
  const named: NatGatewayAddress[] = []
  for (const id of new Set(ids)) {
    named.push((await findInterface(context, id)) ?? refuse({ code: 'NotFound', what: 'network-interface', id }))
  }
  return readFrom(
    named.sort((a, b) => (placeOfInterface(a) < placeOfInterface(b) ? -1 : 1)),
    (address, place) => placeOfInterface(address) > place,
  )
}

/** The caller's, by its id; undefined where none of a NAT gateway has it. */
export const findInterface = ({ tx, caller, region }: ReadContext, id: string) =>
  tx.natGateways.addressOfInterface(caller.account, region, id)

export async function describeInterfaces(
  { tx }: ReadContext,
  addresses: readonly NatGatewayAddress[],
): Promise<readonly Interface[]> {
  const gateways = await tx.natGateways.findMany(addresses.map(({ natGatewayId }) => natGatewayId))
  return addresses.map((address) => ({ gateway: gateways.get(address.natGatewayId)!, address }))
}
