// What can be done with CIDR reservations of subnets: addresses that nobody is given who does not name them.
import { type Cidr, contains, formatCidr, overlaps, parseCidr } from '#model/cidr.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { ReadRows } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import {
  getObject,
  type ListedObject,
  makeObject,
  type ObjectState,
  removeObject,
  reservationsOfSubnetMax,
} from './objects.ts'
import { getSubnet } from './subnets.ts'

export interface ReservationSpec {
  readonly subnetId: string
  readonly cidr: Cidr
  readonly reservationType: 'prefix' | 'explicit'
  readonly description: string | undefined
  readonly tags: readonly Tag[]
}

/** Keeps a part of a subnet of the caller for those who name their addresses. */
export async function createReservation(context: WriteContext, spec: ReservationSpec): Promise<ObjectState> {
  const { subnetId, cidr, reservationType, description, tags } = spec
  const subnet = await getSubnet(context, subnetId)
  const own = cidr.family === 4 ? [subnet.cidr] : (await context.tx.vpcs.subnetCidrs(subnet.id)).map((one) => one.cidr)
  const value = formatCidr(cidr)
  if (!own.some((one) => one && contains(one, cidr)))
    refuseValue('cidr', value, { why: 'not-inside-of', id: subnet.id })
  const other = (await reservedIn(context, subnet.id)).find((one) => overlaps(one, cidr))
  if (other)
    refuse({
      code: 'CidrConflict',
      field: 'cidr',
      value,
      problem: { why: 'reserved-already', cidr: formatCidr(other) },
    })
  const body = { cidr: value, reservationType, ...(description === undefined ? {} : { description }) }
  return makeObject(context, 'subnetCidrReservation', { subnetId: subnet.id, body, tags })
}

/** Answers what it was. */
export async function deleteReservation(context: WriteContext, id: string): Promise<ObjectState> {
  const state = await getObject(context, 'subnetCidrReservation', id)
  await removeObject(context, state)
  return state
}

/** Those of a subnet of the caller, in the order of ids. */
export async function reservationsOf(context: ReadContext, subnetId: string): Promise<ReadRows<ListedObject>> {
  const { account, region, id } = await getSubnet(context, subnetId)
  const place = { account, region, subnetId: id }
  return (after = '', limit) => context.tx.networkObjects.list('subnet-cidr-reservation', place, after, limit)
}

/** What is reserved in a subnet, of both families. */
export async function reservedIn({ tx }: ReadContext, subnetId: string): Promise<readonly Cidr[]> {
  const place = { account: '', region: '', subnetId }
  const all = await tx.networkObjects.list('subnet-cidr-reservation', place, '', reservationsOfSubnetMax)
  return all.map(({ body }) => parseCidr(body.cidr!)!)
}
