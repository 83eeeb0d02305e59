// What can be done with DHCP options: what a VPC's hosts are told of names and time. Each Region has those that AWS gives, for everybody.
import type { DhcpOption } from '#model/network-object.ts'
import { refuse } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { ReadRows } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import type { TaggableKind } from '../organization/tags.ts'
import {
  getObject,
  type ListedObject,
  makeObject,
  type Narrowed,
  type ObjectState,
  objectsOf,
  ownerOfObject,
  recordObject,
  refuseDependent,
  removeObject,
} from './objects.ts'
import { getVpc, setDhcpOptions } from './vpcs.ts'

/** What a VPC has that was given none: no set of its own. */
export const noOptions = 'default'
export const createDhcpOptions = (
  context: WriteContext,
  options: readonly DhcpOption[],
  tags: readonly Tag[],
): Promise<ObjectState> => makeObject(context, 'dhcpOptions', { body: { options }, tags })

export async function deleteDhcpOptions(context: WriteContext, id: string): Promise<void> {
  const state = await getObject(context, 'dhcpOptions', id)
  if (state.object.isDefault) refuse({ code: 'NotEligible', problem: { why: 'options-of-aws', options: id } })
  const vpc = await context.tx.vpcs.anyWithDhcpOptions(id)
  if (vpc !== undefined) {
    refuseDependent('dhcpOptions', id, { why: 'options-in-use', options: id, network: vpc })
  }
  await removeObject(context, state)
}

/** Gives a VPC of the caller a set of options; `default`: those of the Region. */
export async function associateDhcpOptions(context: WriteContext, id: string, vpcId: string): Promise<void> {
  if (id !== noOptions) await getObject(context, 'dhcpOptions', id)
  await setDhcpOptions(context, await getVpc(context, vpcId), id)
}

export const taggableOptions: TaggableKind = { find: ownerOfObject, settle: recordObject, isRecorded: true }

/** The caller's in this Region. */
export const optionsOf = (context: ReadContext, narrowed: Narrowed): Promise<ReadRows<ListedObject>> =>
  objectsOf(context, 'dhcpOptions', narrowed)
