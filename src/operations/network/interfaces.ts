// Network interfaces: those of NAT gateways, the only ones that are on record here.
import { refuse } from '#model/refusal.ts'
import type { InterfaceAt } from '#store/tables/nat-gateways.ts'
import { type ReadRows, readFrom } from '../listing.ts'
import type { ReadContext } from '../operation.ts'

export type Interface = InterfaceAt

export const placeOfInterface = ({ address: { natGatewayId, associationId } }: Interface): string =>
  `${natGatewayId}/${associationId}`

/** Those that are named, or all of the caller's in this Region. */
export async function interfacesOf(context: ReadContext, ids: readonly string[] = []): Promise<ReadRows<Interface>> {
  const at = { account: context.caller.account, region: context.region }
  if (ids.length === 0) {
    return (after = '', limit) => {
      const [natGatewayId = '', associationId = ''] = after.split('/')
      return context.tx.natGateways.interfaces(at, { natGatewayId, associationId }, limit)
    }
  }
  const named: Interface[] = []
  for (const id of new Set(ids)) {
    named.push((await findInterface(context, id)) ?? refuse({ code: 'NotFound', what: 'network-interface', id }))
  }
  return readFrom(
    named.sort((a, b) => (placeOfInterface(a) < placeOfInterface(b) ? -1 : 1)),
    (one, place) => placeOfInterface(one) > place,
  )
}

/** The caller's, by its id; undefined where none of a NAT gateway has it. */
export async function findInterface({ tx, caller, region }: ReadContext, id: string): Promise<Interface | undefined> {
  const found = await tx.natGateways.findInterface(id)
  const isOwn = found?.gateway.account === caller.account && found.gateway.region === region
  return isOwn ? found : undefined
}
