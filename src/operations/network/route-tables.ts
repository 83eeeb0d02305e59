// What can be done with route tables: where a VPC sends what is for somewhere else. The routes to its own blocks follow from these.
import { formatCidr } from '#model/cidr.ts'
import { siblingId } from '#model/identifier.ts'
import { type Part, partsOf, type RouteVia } from '#model/network-object.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { NatGateway } from '#store/tables/nat-gateways.ts'
import type { VpcCidr } from '#store/tables/vpcs.ts'
import { refuseMalformed } from '../identifiers.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import {
  changeObject,
  findOwnObject,
  getObject,
  makeObject,
  type ObjectState,
  refuseDependent,
  removeObject,
} from './objects.ts'
import { getSubnet } from './subnets.ts'
import { findVpc, getVpc } from './vpcs.ts'

/** A block in its canonical form, or the id of a prefix list. */
export interface Destination {
  readonly kind: 'ipv4' | 'ipv6' | 'prefix-list'
  readonly text: string
}
export interface RouteTarget {
  readonly via: RouteVia
  readonly id: string
}
export interface ShownRoute {
  readonly destination: string
  /** Undefined: within the VPC. */
  readonly target: RouteTarget | undefined
  /** What it leads to is gone, or stands in the VPC no more. */
  readonly isBlackhole: boolean
}
export interface Association {
  readonly id: string
  /** A subnet or gateway; undefined for that of the main table, with the VPC. */
  readonly target: string | undefined
}
export interface RouteTableState extends ObjectState {
  readonly routes: readonly ShownRoute[]
  readonly associations: readonly Association[]
}

export async function createRouteTable(
  context: WriteContext,
  vpcId: string,
  tags: readonly Tag[],
): Promise<RouteTableState> {
  const vpc = await getVpc(context, vpcId)
  return described(context, await makeObject(context, 'routeTable', { vpcId: vpc.id, tags }))
}

export async function deleteRouteTable(context: WriteContext, id: string): Promise<void> {
  const state = await getTable(context, id)
  const [{ associations }] = [await described(context, state)]
  const [first] = associations
  if (first) refuseDependent('routeTable', id, { why: 'table-in-use', table: id, user: first.target })
  await removeObject(context, state)
}

const getTable = (context: ReadContext, id: string): Promise<ObjectState> => getObject(context, 'routeTable', id)

// Routes -------------------------------------------------------------------------------------------------------------

export async function createRoute(
  context: WriteContext,
  tableId: string,
  destination: Destination,
  target: RouteTarget,
): Promise<void> {
  const state = await getTable(context, tableId)
  if (findRoute(state, destination) || (await localRoute(context, state, destination))) {
    const problem = { why: 'route-there', destination: destination.text } as const
    refuse({ code: 'AlreadyExists', what: 'route', problem })
  }
  await refuseUnfit(context, state, destination, target)
  await changeObject(context, state, { put: [routeTo(destination, target)] })
}

/** @param target undefined: within the VPC, where a route to one of its blocks leads already */
export async function replaceRoute(
  context: WriteContext,
  tableId: string,
  destination: Destination,
  target: RouteTarget | undefined,
): Promise<void> {
  const state = await getTable(context, tableId)
  const isLocal = await localRoute(context, state, destination)
  if (target === undefined) {
    if (!isLocal) refuseValue('localTarget', true, { why: 'no-local-route', destination: destination.text })
    return
  }
  if (isLocal) {
    refuse({
      code: 'NotSupported',
      what: { feature: 'other-target', destination: destination.text },
      because: { why: 'local-routes-follow' },
    })
  }
  if (!findRoute(state, destination)) refuseAbsent(tableId, destination)
  await refuseUnfit(context, state, destination, target)
  await changeObject(context, state, { put: [routeTo(destination, target)] })
}

export async function deleteRoute(context: WriteContext, tableId: string, destination: Destination): Promise<void> {
  const state = await getTable(context, tableId)
  if (await localRoute(context, state, destination)) {
    const problem = { why: 'cannot-remove-local-route', destination: destination.text, table: tableId } as const
    refuseValue('destination', destination.text, problem)
  }
  if (!findRoute(state, destination)) refuseAbsent(tableId, destination)
  await changeObject(context, state, { removed: [destination.text] })
}

const routeTo = ({ text }: Destination, { via, id }: RouteTarget): Part => ({
  key: text,
  kind: 'route',
  target: id,
  body: { via },
})
const findRoute = ({ parts }: ObjectState, { text }: Destination) =>
  partsOf(parts, 'route').find(({ key }) => key === text)

async function localRoute({ tx }: ReadContext, { object }: ObjectState, { text }: Destination): Promise<boolean> {
  return (await tx.vpcs.cidrs(object.vpcId!)).some(({ cidr }) => formatCidr(cidr) === text)
}
function refuseAbsent(tableId: string, { text }: Destination): never {
  refuse({ code: 'NotFound', what: 'route', id: `${text} in ${tableId}` })
}

/** Ids of what is on record elsewhere are taken as they are: nobody here knows whether it is there. */
const beginsWith: Readonly<Partial<Record<RouteVia, string>>> = {
  instance: 'i-',
  'network-interface': 'eni-',
  'vpc-peering-connection': 'pcx-',
  'transit-gateway': 'tgw-',
  'local-gateway': 'lgw-',
  'carrier-gateway': 'cagw-',
  'vpc-endpoint': 'vpce-',
  'core-network': 'arn:',
  'odb-network': 'arn:',
}

async function refuseUnfit(
  context: ReadContext,
  { object }: ObjectState,
  { kind }: Destination,
  { via, id }: RouteTarget,
): Promise<void> {
  const refuseElsewhere = (): never => refuseValue(via, id, { why: 'gateway-elsewhere', table: object.id, gateway: id })
  switch (via) {
    case 'gateway': {
      if (id.startsWith('vgw-')) return
      const gateway = await findOwnObject(context, 'internetGateway', id)
      if (!gateway) refuse({ code: 'NotFound', what: 'gateway', id })
      if (gateway.vpcId !== object.vpcId) refuseElsewhere()
      return
    }
    case 'egress-only-internet-gateway': {
      const gateway = await findOwnObject(context, 'egressOnlyInternetGateway', id)
      if (!gateway) refuse({ code: 'NotFound', what: 'egress-only-internet-gateway', id })
      if (gateway.vpcId !== object.vpcId) refuseElsewhere()
      if (kind === 'ipv4') refuseValue(via, id, { why: 'egress-only-ipv6' })
      return
    }
    case 'nat-gateway': {
      const gateway = await context.tx.natGateways.find(id)
      const isOwn = gateway?.account === context.caller.account && gateway.region === context.region
      if (!isOwn || gateway.deletedAt !== undefined) refuse({ code: 'NotFound', what: 'nat-gateway', id })
      if (gateway.vpcId !== object.vpcId) refuseElsewhere()
      return
    }
    default: {
      const prefix = beginsWith[via]!
      if (!id.startsWith(prefix)) refuseValue(via, id, { why: 'id-such-as', prefix })
    }
  }
}

// Associations -------------------------------------------------------------------------------------------------------

/** A subnet, or a gateway of the VPC: what comes from there goes by the table. */
export type AssociationTarget = { readonly subnetId: string } | { readonly gatewayId: string }

/** Answers the id of the association, also of one that was there. */
export async function associateRouteTable(
  context: WriteContext,
  tableId: string,
  named: AssociationTarget,
): Promise<string> {
  const state = await getTable(context, tableId)
  const target =
    'subnetId' in named
      ? await subnetOf(context, state, named.subnetId)
      : await gatewayOf(context, state, named.gatewayId)
  const there = await associationOf(context, target)
  if (there?.objectId === tableId) return there.part.key
  if (there) {
    const problem = { why: 'association-conflicts', table: tableId } as const
    refuse({ code: 'AlreadyAssociated', what: 'subnet', id: shownTarget(target), problem })
  }
  const association = associationWith(context, target)
  await changeObject(context, state, { put: [association] })
  context.changed(association.key)
  return association.key
}
async function associationOf(context: ReadContext, target: string) {
  const { networkObjects } = context.tx
  const known = shownTarget(target)
  const found = await networkObjects.naming([...new Set([target, known])], 'route-table-association', 1)
  const there = found.get(target)?.[0]
  if (there || known === target) return there
  // From before gateways that nobody keeps were each account's own: of whichever account it is.
  const former = found.get(known)?.[0]
  const table = former && (await networkObjects.findMany([former.objectId])).get(former.objectId)
  return table?.account === context.caller.account ? former : undefined
}
async function subnetOf(context: ReadContext, { object }: ObjectState, id: string): Promise<string> {
  const subnet = await getSubnet(context, id)
  if (subnet.vpcId !== object.vpcId) refuseElsewhere(object.id, subnet.id)
  return subnet.id
}
async function gatewayOf(context: ReadContext, { object }: ObjectState, id: string): Promise<string> {
  // A virtual private gateway has no row here: whoever names one says nothing of what another account calls so.
  if (id.startsWith('vgw-')) return `${context.caller.account}/${id}`
  const gateway = await findOwnObject(context, 'internetGateway', id)
  if (!gateway) refuse({ code: 'NotFound', what: 'gateway', id })
  if (gateway.vpcId !== object.vpcId) refuseElsewhere(object.id, id)
  return id
}
/** Without whose it is. */
const shownTarget = (target: string): string => target.slice(target.indexOf('/') + 1)
const refuseElsewhere = (tableId: string, id: string): never =>
  refuseValue('routeTableId', tableId, { why: 'table-elsewhere', table: tableId, id })
const associationWith = (context: WriteContext, target: string): Part => ({
  key: context.newId('routeTableAssociation'),
  kind: 'route-table-association',
  target,
  body: {},
})

export async function disassociateRouteTable(context: WriteContext, id: string): Promise<void> {
  const { state, vpcId } = await getAssociation(context, id)
  if (vpcId !== undefined) {
    refuseValue('associationId', id, { why: 'main-association', association: id })
  }
  await changeObject(context, state, { removed: [id] })
  context.changed(id)
}

/** Gives a subnet, a gateway or, as its main one, a VPC another table; answers the id of the new association. */
export async function replaceRouteTableAssociation(
  context: WriteContext,
  id: string,
  tableId: string,
): Promise<string> {
  const { state: former, isStored, target } = await getAssociation(context, id)
  let next = await getTable(context, tableId)
  if (next.object.vpcId !== former.object.vpcId) refuseElsewhere(tableId, former.object.id)
  const association = associationWith(context, target)
  if (isStored) {
    const left = await changeObject(context, former, { removed: [id] })
    if (left.object.id === next.object.id) next = left
  }
  await changeObject(context, next, { put: [association] })
  context.changed(id, association.key)
  return association.key
}

interface FoundAssociation {
  /** The table that has it. */
  readonly state: ObjectState
  /** Undefined where it is not that of a main table. */
  readonly vpcId: string | undefined
  /** The main one that a VPC has from its beginning is not. */
  readonly isStored: boolean
  readonly target: string
}
async function getAssociation(context: ReadContext, id: string): Promise<FoundAssociation> {
  refuseMalformed('routeTableAssociation', id)
  const found = await context.tx.networkObjects.findPart(id)
  if (found?.part.kind === 'route-table-association') {
    const object = await findOwnObject(context, 'routeTable', found.objectId)
    if (object) {
      const target = found.part.target!
      const vpcId = target === object.vpcId ? target : undefined
      return { state: await getTable(context, object.id), vpcId, isStored: true, target }
    }
  }
  const vpc = await findVpc(context, siblingId('vpc', id))
  if (!vpc || (await mainAssociations(context, [vpc.id])).get(vpc.id)!.id !== id) {
    refuse({ code: 'NotFound', what: 'route-table-association', id })
  }
  const state = await getTable(context, siblingId('routeTable', vpc.id))
  return { state, vpcId: vpc.id, isStored: false, target: vpc.id }
}

interface MainAssociation {
  readonly id: string
  readonly tableId: string
}
/** Of each VPC: it has its first table until another one takes its place. */
async function mainAssociations(
  { tx }: ReadContext,
  vpcIds: readonly string[],
): Promise<ReadonlyMap<string, MainAssociation>> {
  const stored = await tx.networkObjects.naming(vpcIds, 'route-table-association', vpcIds.length)
  return new Map(
    vpcIds.map((vpcId) => {
      const found = stored.get(vpcId)?.[0]
      const first = { id: siblingId('routeTableAssociation', vpcId), tableId: siblingId('routeTable', vpcId) }
      return [vpcId, found ? { id: found.part.key, tableId: found.objectId } : first]
    }),
  )
}

// What is shown ------------------------------------------------------------------------------------------------------

const described = async (context: ReadContext, state: ObjectState): Promise<RouteTableState> =>
  (await describeRouteTables(context, [state]))[0]!

/** With the routes within their VPCs, whether what they lead to is there, and which are main tables. */
export async function describeRouteTables(
  context: ReadContext,
  states: readonly ObjectState[],
): Promise<readonly RouteTableState[]> {
  const { tx } = context
  const vpcIds = [...new Set(states.map(({ object }) => object.vpcId!))]
  if (vpcIds.length === 0) return []
  const cidrs = await tx.vpcs.cidrsOf(vpcIds)
  const mains = await mainAssociations(context, vpcIds)
  const targets = [...new Set(states.flatMap(({ parts }) => partsOf(parts, 'route').map(({ target }) => target!)))]
  const gateways = await tx.networkObjects.findMany(targets.filter((id) => /^e?igw-/.test(id)))
  const natIds = targets.filter((id) => id.startsWith('nat-'))
  const nats = natIds.length === 0 ? new Map<string, NatGateway>() : await tx.natGateways.findMany(natIds)
  const isThere = (vpcId: string, via: RouteVia, id: string): boolean => {
    if (via === 'nat-gateway') return nats.has(id) && nats.get(id)!.deletedAt === undefined
    if (via === 'egress-only-internet-gateway' || id.startsWith('igw-')) return gateways.get(id)?.vpcId === vpcId
    return true
  }
  return states.map((state) => {
    const { id, vpcId } = state.object
    const main = mains.get(vpcId!)!
    const own = partsOf(state.parts, 'route-table-association').filter(({ target }) => target !== vpcId)
    return {
      ...state,
      routes: [
        ...localRoutes(cidrs.get(vpcId!) ?? []),
        ...partsOf(state.parts, 'route').map(({ key, target, body: { via } }) => ({
          destination: key,
          target: { via, id: target! },
          isBlackhole: !isThere(vpcId!, via, target!),
        })),
      ],
      associations: [
        ...(main.tableId === id ? [{ id: main.id, target: undefined }] : []),
        ...own.map(({ key, target }) => ({ id: key, target: shownTarget(target!) })),
      ],
    }
  })
}
const localRoutes = (cidrs: readonly VpcCidr[]): ShownRoute[] =>
  cidrs.map(({ cidr }) => ({ destination: formatCidr(cidr), target: undefined, isBlackhole: false }))

/** The main table of a VPC. */
export async function getMainTable(context: ReadContext, vpcId: string): Promise<string> {
  return (await mainAssociations(context, [vpcId])).get(vpcId)!.tableId
}
