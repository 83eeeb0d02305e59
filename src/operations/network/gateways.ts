// What can be done with internet gateways and egress-only ones: records of how a VPC reaches the Internet.
import { refuse } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { WriteContext } from '../operation.ts'
import { changeObject, getObject, makeObject, type ObjectState, refuseDependent, removeObject } from './objects.ts'
import { getVpc } from './vpcs.ts'

export const createInternetGateway = (context: WriteContext, tags: readonly Tag[]): Promise<ObjectState> =>
  makeObject(context, 'internetGateway', { tags })

/** Attaches a gateway of the caller to a VPC of theirs: each has at most one other. */
export async function attachGateway(context: WriteContext, id: string, vpcId: string): Promise<void> {
  const state = await getObject(context, 'internetGateway', id)
  const vpc = await getVpc(context, vpcId)
  const attached = state.object.vpcId
  if (attached !== undefined) {
    const problem = { why: 'gateway-attached', gateway: id, network: attached } as const
    refuse({ code: 'AlreadyAssociated', what: 'internet-gateway', id, problem })
  }
  if (await context.tx.networkObjects.gatewayOf(vpc.id)) {
    const problem = { why: 'has-internet-gateway', network: vpc.id } as const
    refuse({ code: 'AlreadyExists', what: 'gateway-attachment', problem })
  }
  await changeObject(context, state, { object: { vpcId: vpc.id } })
}

/** Detaches a gateway; not while something in the VPC has a public address. */
export async function detachGateway(context: WriteContext, id: string, vpcId: string): Promise<void> {
  const state = await getObject(context, 'internetGateway', id)
  const vpc = await getVpc(context, vpcId)
  if (state.object.vpcId !== vpc.id) refuse({ code: 'NotFound', what: 'gateway-attachment', id })
  if ((await context.tx.natGateways.anyPublicOfVpc(vpc.id)) !== undefined) {
    const problem = { why: 'has-public-addresses', network: vpc.id } as const
    refuse({ code: 'DependencyViolation', what: 'internet-gateway', id, problem })
  }
  await changeObject(context, state, { object: { vpcId: undefined } })
}

export async function deleteInternetGateway(context: WriteContext, id: string): Promise<void> {
  const state = await getObject(context, 'internetGateway', id)
  const { vpcId } = state.object
  if (vpcId !== undefined) refuseDependent('internetGateway', id, { why: 'is-attached-to', network: vpcId })
  await removeObject(context, state)
}

/** An egress-only gateway is of its VPC from beginning to end. */
export async function createEgressOnlyGateway(
  context: WriteContext,
  vpcId: string,
  tags: readonly Tag[],
): Promise<ObjectState> {
  const vpc = await getVpc(context, vpcId)
  return makeObject(context, 'egressOnlyInternetGateway', { vpcId: vpc.id, tags })
}
export async function deleteEgressOnlyGateway(context: WriteContext, id: string): Promise<void> {
  await removeObject(context, await getObject(context, 'egressOnlyInternetGateway', id))
}
