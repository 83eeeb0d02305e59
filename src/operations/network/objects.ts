// What all records of networks have in common that hold no addresses: how they are made, found, listed, changed and deleted. What a VPC
// has from its beginning, one of each, is not stored before it is changed: it follows from the VPC, and so does its id.
import { derivedId, siblingId } from '#model/identifier.ts'
import { kinds } from '#model/kinds.ts'
import {
  allProtocols,
  type DefaultKind,
  defaultKinds,
  entryKey,
  everywhere4,
  everywhere6,
  type NetworkObjectBody,
  type NetworkObjectKind,
  nounOf,
  type Part,
  partsOf,
} from '#model/network-object.ts'
import type { Counted } from '#model/problems/limits.ts'
import type { Problem } from '#model/problems/problem.ts'
import { refuse } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { NetworkObject, ObjectPlace } from '#store/tables/network-objects.ts'
import type { Owner } from '#store/tables/tags.ts'
import type { Vpc, VpcCidr } from '#store/tables/vpcs.ts'
import { refuseMalformed } from '../identifiers.ts'
import { type PageBounds, type ReadRows, readById } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { putTags } from '../organization/tagging.ts'

/** Routes and associations of a route table, rules of a security group, entries of an ACL: altogether, of one. */
export const partsOfObjectMax = 500
/** Of an account in a Region: internet gateways, egress-only ones and sets of DHCP options, of each. */
const gatewaysPerRegionMax = 500
const routeTablesOfVpcMax = 500
const securityGroupsOfVpcMax = 2_500
const networkAclsOfVpcMax = 200
export const reservationsOfSubnetMax = 100

/** How many there may be, and in what. */
const quotas: {
  readonly [K in NetworkObjectKind]: { readonly limit: number; readonly of: 'account' | 'vpc' | 'subnet' }
} = {
  internetGateway: { limit: gatewaysPerRegionMax, of: 'account' },
  egressOnlyInternetGateway: { limit: gatewaysPerRegionMax, of: 'account' },
  dhcpOptions: { limit: gatewaysPerRegionMax, of: 'account' },
  routeTable: { limit: routeTablesOfVpcMax, of: 'vpc' },
  securityGroup: { limit: securityGroupsOfVpcMax, of: 'vpc' },
  networkAcl: { limit: networkAclsOfVpcMax, of: 'vpc' },
  subnetCidrReservation: { limit: reservationsOfSubnetMax, of: 'subnet' },
}
/** As limits have them. */
const counted = {
  internetGateway: 'internet-gateways',
  egressOnlyInternetGateway: 'egress-only-gateways',
  dhcpOptions: 'dhcp-options',
  routeTable: 'route-tables',
  securityGroup: 'security-groups',
  networkAcl: 'network-acls',
  subnetCidrReservation: 'reservations',
} as const satisfies { readonly [K in NetworkObjectKind]: Counted['of'] }

/** An object as it is listed: stored, or what its VPC has from its beginning. */
export interface ListedObject extends NetworkObject {
  /** It has no row yet. */
  readonly isDerived?: true
  /** The VPC that it came with, then. */
  readonly of?: Vpc
}
/** An object with all that belongs to it. */
export interface ObjectState {
  readonly object: ListedObject
  readonly parts: readonly Part[]
  readonly tags: readonly Tag[]
}
export interface ObjectSpec {
  readonly vpcId?: string
  readonly subnetId?: string
  readonly name?: string
  readonly body?: NetworkObjectBody
  readonly tags?: readonly Tag[]
}

// Making and changing --------------------------------------------------------------------------------------------------

/** @param partsOf what it has from its beginning, by its id */
export async function makeObject(
  context: WriteContext,
  kind: NetworkObjectKind,
  { vpcId, subnetId, name, body = {}, tags = [] }: ObjectSpec,
  partsOf: (id: string) => readonly Part[] = () => [],
): Promise<ObjectState> {
  const { account } = context.caller
  await refuseTooMany(context, kind, {
    account,
    region: context.region,
    vpcIds: vpcId === undefined ? undefined : [vpcId],
    subnetId,
  })
  const object: NetworkObject = {
    id: context.newId(kind),
    noun: nounOf(kind),
    account,
    region: context.region,
    vpcId,
    subnetId,
    name,
    isDefault: false,
    isGone: false,
    body,
    createdAt: context.now,
  }
  const parts = partsOf(object.id)
  await context.tx.networkObjects.insert(object)
  for (const part of parts) await context.tx.networkObjects.insertPart(object.id, part)
  await putTags(context, { id: object.id, type: kinds[kind].tagType, account }, tags)
  return recordState(context, { object, parts, tags })
}

export interface ObjectChange {
  readonly object?: Partial<Pick<NetworkObject, 'vpcId' | 'body'>>
  /** Parts that are added, or take the place of those with the same key. */
  readonly put?: readonly Part[]
  /** By their keys. */
  readonly removed?: readonly string[]
}
/** Changes an object, which has a row from then on. */
export async function changeObject(
  context: WriteContext,
  state: ObjectState,
  { object: changes = {}, put = [], removed = [] }: ObjectChange,
): Promise<ObjectState> {
  const { networkObjects } = context.tx
  const { object, parts: before, tags } = await withRow(context, state)
  if (Object.keys(changes).length > 0) await networkObjects.change(object.id, changes)
  const parts = new Map(before.map((part) => [part.key, part]))
  for (const key of removed) {
    await networkObjects.deletePart(object.id, key)
    parts.delete(key)
  }
  for (const part of put) {
    if (parts.has(part.key)) await networkObjects.changePart(object.id, part)
    else await networkObjects.insertPart(object.id, part)
    parts.set(part.key, part)
  }
  refuseTooManyParts(object, parts.size)
  const sorted = [...parts.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  return recordState(context, { object: { ...object, ...changes }, parts: sorted, tags })
}

/** Gives what came with a VPC a row of its own. */
async function withRow(context: WriteContext, state: ObjectState): Promise<ObjectState> {
  const { of: _, isDerived, ...object } = state.object
  if (!isDerived) return state
  await context.tx.networkObjects.insert(object)
  for (const part of state.parts) await context.tx.networkObjects.insertPart(object.id, part)
  return { ...state, object }
}

/** Deletes an object that nothing depends on. What came with a VPC leaves a mark, so that it does not come again. */
export async function removeObject(context: WriteContext, state: ObjectState): Promise<void> {
  const { object, parts } = await withRow(context, state)
  const { id, noun: kind, account } = object
  if (object.isDefault) {
    for (const { key } of parts) await context.tx.networkObjects.deletePart(id, key)
    await context.tx.networkObjects.change(id, { isGone: true })
  } else await context.tx.networkObjects.delete(id)
  await context.tx.tags.removeAllOf([id, ...rulesIn(parts)])
  await context.tx.history.changed({ id, kind, account }, undefined)
  context.changed(id)
}

/** What came with a VPC goes with it, and so does its main route table. Of what nothing was ever changed there is nothing to end. */
export async function removeStanding(context: WriteContext, vpc: Vpc, mainTable: string | undefined): Promise<void> {
  const { networkObjects, history, tags } = context.tx
  const ids = [...new Set([...defaultKinds.map((kind) => siblingId(kind, vpc.id)), ...(mainTable ? [mainTable] : [])])]
  const known = await history.findLatest(ids)
  const ended = ids.filter((id) => known.has(id) && known.get(id)!.untilAt === undefined)
  const group = ended.length === 0 ? undefined : await findObject(context, siblingId('securityGroup', vpc.id))
  const [state] = group ? await describeObjects(context, [group]) : []
  await networkObjects.deleteOfVpc(vpc.id)
  if (ended.length === 0) return
  await tags.removeAllOf([...ended, ...rulesIn(state?.parts ?? [])])
  await history.ended(ended)
  context.changed(...ended)
}
/** The ids of rules, which have tags of their own. */
const rulesIn = (parts: readonly Part[]): readonly string[] => partsOf(parts, 'rule').map(({ key }) => key)

/** What a subnet has goes with it; what it was associated with stays. */
export async function leaveSubnet(context: WriteContext, subnetId: string): Promise<void> {
  const { reservations, changed } = await context.tx.networkObjects.deleteOfSubnet(subnetId)
  if (reservations.length > 0) {
    await context.tx.tags.removeAllOf(reservations)
    await context.tx.history.ended(reservations)
    context.changed(...reservations)
  }
  if (changed.length === 0) return
  const objects = await context.tx.networkObjects.findMany(changed)
  for (const state of await describeObjects(context, [...objects.values()])) await recordState(context, state)
}

/** Keeps the object with its new tags: its parts, which may be many, are as they were, and are read where all of it is kept anew. */
export async function recordObject(context: WriteContext, id: string, former: readonly Tag[]): Promise<void> {
  const object = await findObject(context, id)
  if (!object) return
  const { history, networkObjects, tags } = context.tx
  const stateNow = async (): Promise<ObjectState> => (await describeObjects(context, [object]))[0]!
  // What came with a VPC follows from it, as long as it has no row: its parts are others where the VPC is another one.
  if (object.isDerived) return void (await recordState(context, await stateNow()))
  await history.changedTags(
    { id, kind: object.noun, account: object.account },
    {
      body: networkObjects.itselfForHistory(object),
      before: tags.keptOf(former),
      after: await tags.forHistory(id),
    },
    async () => bodyOf(context, await stateNow()),
  )
  context.changed(id)
}
const bodyOf = ({ tx }: WriteContext, { object, parts, tags }: ObjectState): object =>
  tx.networkObjects.forHistory(object, parts, tags)

/** Puts the object as it is now into the history, and into the audit entry. */
async function recordState(context: WriteContext, state: ObjectState): Promise<ObjectState> {
  const { id, noun: kind, account } = state.object
  await context.tx.history.changed({ id, kind, account }, bodyOf(context, state))
  context.changed(id)
  return state
}

async function refuseTooMany(context: ReadContext, kind: NetworkObjectKind, place: ObjectPlace): Promise<void> {
  const { limit, of } = quotas[kind]
  const where = of === 'account' ? { account: place.account, region: place.region } : place
  const used = await context.tx.networkObjects.count(nounOf(kind), where, limit)
  if (used >= limit) refuse({ code: 'LimitExceeded', what: { of: counted[kind] }, limit, used })
}
const partsCounted: { readonly [noun: string]: 'routes' | 'security-group-rules' | 'network-acl-entries' } = {
  'route-table': 'routes',
  'security-group': 'security-group-rules',
  'network-acl': 'network-acl-entries',
}
function refuseTooManyParts({ noun }: NetworkObject, used: number): void {
  if (used > partsOfObjectMax) {
    refuse({ code: 'LimitExceeded', what: { of: partsCounted[noun] ?? 'routes' }, limit: partsOfObjectMax, used })
  }
}

// Finding ------------------------------------------------------------------------------------------------------------

const isDefaultKind = (kind: NetworkObjectKind): kind is DefaultKind =>
  (defaultKinds as readonly string[]).includes(kind)

/** What a VPC has of a kind from its beginning, while nothing of it was changed. */
export function defaultOf(kind: DefaultKind, vpc: Vpc): ListedObject {
  const { account, region, id: vpcId, createdAt } = vpc
  return {
    id: siblingId(kind, vpcId),
    noun: nounOf(kind),
    account,
    region,
    vpcId,
    subnetId: undefined,
    name: kind === 'securityGroup' ? defaultGroupName : undefined,
    isDefault: true,
    isGone: false,
    body: kind === 'securityGroup' ? { description: 'default VPC security group' } : {},
    createdAt,
    isDerived: true,
    of: vpc,
  }
}
/** The DHCP options that AWS gives, which each account has in each Region. */
function defaultOptions({ tx, caller, region }: ReadContext): ListedObject {
  const domain = region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`
  return {
    id: derivedId('dhcpOptions', tx.installation, `${caller.account} ${region}`),
    noun: 'dhcp-options',
    account: caller.account,
    region,
    vpcId: undefined,
    subnetId: undefined,
    name: undefined,
    isDefault: true,
    isGone: false,
    body: {
      options: [
        { key: 'domain-name', values: [domain] },
        { key: 'domain-name-servers', values: ['AmazonProvidedDNS'] },
      ],
    },
    createdAt: 0,
    isDerived: true,
  }
}
export const defaultGroupName = 'default'

/** Its parts: the rules and entries that let all in from itself, or from everywhere, and all out. */
export function defaultParts({ id, noun, account, of }: ListedObject, cidrs: readonly VpcCidr[]): readonly Part[] {
  if (of === undefined || noun === 'route-table') return []
  const primary = cidrs.find(({ isPrimary }) => isPrimary)
  const ipv6 = cidrs.find(({ cidr }) => cidr.family === 6)
  const parts: Part[] = []
  if (noun === 'security-group') {
    const fromItself = { isEgress: false, protocol: allProtocols, peer: { kind: 'group', id, account } } as const
    parts.push({ key: siblingId('securityGroupRule', of.id), kind: 'rule', target: id, body: fromItself })
    if (primary) parts.push(allOut(siblingId('securityGroupRule', primary.associationId), 4))
    if (ipv6) parts.push(allOut(siblingId('securityGroupRule', ipv6.associationId), 6))
  } else {
    for (const isEgress of [true, false]) {
      const all = { isEgress, protocol: allProtocols, action: 'allow' } as const
      const entry = (number: number, cidr: string): Part => ({
        key: entryKey(isEgress, number),
        kind: 'entry',
        target: undefined,
        body: { ...all, number, cidr },
      })
      parts.push(entry(100, everywhere4))
      if (ipv6) parts.push(entry(101, everywhere6))
    }
  }
  return parts
}
/** The rule of a security group that lets all out. */
export const allOut = (id: string, family: 4 | 6): Part => ({
  key: id,
  kind: 'rule',
  target: undefined,
  body: {
    isEgress: true,
    protocol: allProtocols,
    peer: { kind: family === 4 ? 'ipv4' : 'ipv6', cidr: family === 4 ? everywhere4 : everywhere6 },
  },
})

/** Whosoever's it is, stored or from the beginning, of DHCP options the caller's; undefined where there is none any more. */
async function findObject(context: ReadContext, id: string): Promise<ListedObject | undefined> {
  const stored = await context.tx.networkObjects.find(id)
  if (stored) return stored.isGone ? undefined : stored
  const kind = defaultKinds.find((one) => id === siblingId(one, id))
  const vpc = kind && (await context.tx.vpcs.find(siblingId('vpc', id)))
  if (vpc) return defaultOf(kind, vpc)
  const options = defaultOptions(context)
  return options.id === id ? options : undefined
}
/** For tags. */
export const ownerOfObject = async (context: ReadContext, id: string): Promise<Owner | undefined> => {
  const object = await findObject(context, id)
  return object && { account: object.account, region: object.region }
}

/** The caller's in the Region of the request; undefined where there is none. */
export async function findOwnObject(
  context: ReadContext,
  kind: NetworkObjectKind,
  id: string,
): Promise<ListedObject | undefined> {
  const object = await findObject(context, id)
  const isOwn = object?.account === context.caller.account && object.region === context.region
  return isOwn && object.noun === nounOf(kind) ? object : undefined
}
/** With all that belongs to it. */
export async function getObject(context: ReadContext, kind: NetworkObjectKind, id: string): Promise<ObjectState> {
  refuseMalformed(kind, id)
  const object = (await findOwnObject(context, kind, id)) ?? refuse({ code: 'NotFound', what: nounOf(kind), id })
  return (await describeObjects(context, [object]))[0]!
}

// Listing ------------------------------------------------------------------------------------------------------------

/** What has parts is read fewer at a time, and pages end by what they hold. */
export const objectBounds: Pick<PageBounds<unknown>, 'stepMax'> = { stepMax: 25 }

export interface Narrowed {
  /** Those alone; each must be there. */
  readonly ids?: readonly string[] | undefined
  /** Those alone that are there of these. */
  readonly someIds?: readonly string[] | undefined
  readonly vpcIds?: readonly string[] | undefined
}

/** The caller's of a kind in this Region, in the order of ids. */
export async function objectsOf(
  context: ReadContext,
  kind: NetworkObjectKind,
  { ids = [], someIds, vpcIds }: Narrowed = {},
): Promise<ReadRows<ListedObject>> {
  if (ids.length > 0 || someIds) {
    const named = new Map<string, ListedObject>()
    for (const id of ids.length > 0 ? ids : someIds!) {
      const found = await findOwnObject(context, kind, id)
      if (found) named.set(id, found)
      else if (ids.length > 0) {
        refuseMalformed(kind, id)
        refuse({ code: 'NotFound', what: nounOf(kind), id })
      }
    }
    return readById([...named.values()])
  }
  const place = { account: context.caller.account, region: context.region, vpcIds }
  const stored = (after: string, limit: number) => context.tx.networkObjects.list(nounOf(kind), place, after, limit)
  if (kind === 'dhcpOptions') {
    const last = defaultOptions(context)
    return async (after = '', limit) => {
      const found = await stored(after, limit)
      return found.length < limit && after < last.id ? [...found, last] : found
    }
  }
  if (!isDefaultKind(kind)) return (after = '', limit) => stored(after, limit)
  return async (after = '', limit) => {
    const vpcs = vpcIds ? await someVpcs(context, vpcIds, after, limit) : await allVpcs(context, after, limit)
    const listed = new Map<string, ListedObject>(vpcs.map((vpc) => [siblingId(kind, vpc.id), defaultOf(kind, vpc)]))
    // What was changed since has a row, which says what it is now.
    for (const object of await stored(after, limit)) listed.set(object.id, object)
    return [...listed.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit)
  }
}
const vpcPlace = (after: string): string => (after === '' ? '' : siblingId('vpc', after))
const allVpcs = (context: ReadContext, after: string, limit: number): Promise<readonly Vpc[]> =>
  context.tx.vpcs.list(context.caller.account, context.region, vpcPlace(after), limit)
async function someVpcs(
  context: ReadContext,
  ids: readonly string[],
  after: string,
  limit: number,
): Promise<readonly Vpc[]> {
  const found = await context.tx.vpcs.findMany(ids)
  return [...found.values()]
    .filter(
      ({ id, account, region }) =>
        account === context.caller.account && region === context.region && id > vpcPlace(after),
    )
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, limit)
}

/** With what belongs to all of them, in their order. */
export async function describeObjects(
  context: ReadContext,
  objects: readonly ListedObject[],
): Promise<readonly ObjectState[]> {
  const states: ObjectState[] = []
  for await (const some of describeInSteps(context, objects)) states.push(...some)
  return states
}

/** Parts, such as rules, that are read and shown between two turns of the event loop: some milliseconds. */
const partsPerStep = 500

/** The same, some at a time, with a turn for others in between: an object has up to 500 parts. */
export async function* describeInSteps(
  context: ReadContext,
  objects: readonly ListedObject[],
): AsyncGenerator<readonly ObjectState[]> {
  const { tx } = context
  const counts = await tx.networkObjects.partCounts(objects.filter(isStored).map(({ id }) => id))
  for (let from = 0, until = 0; from < objects.length; from = until) {
    if (from > 0) await tx.nextTurn()
    for (let parts = 0; until < objects.length; until++) {
      parts += counts.get(objects[until]!.id) ?? 0
      if (until > from && parts > partsPerStep) break
    }
    yield await describeSome(context, objects.slice(from, until))
  }
}
const isStored = ({ isDerived, isGone }: ListedObject): boolean => !isDerived && !isGone

async function describeSome({ tx }: ReadContext, objects: readonly ListedObject[]): Promise<readonly ObjectState[]> {
  const stored = objects.filter(isStored).map(({ id }) => id)
  const parts = await tx.networkObjects.partsOf(stored)
  const vpcIds = objects.flatMap(({ of, noun }) => (of && noun !== 'route-table' ? [of.id] : []))
  const cidrs = vpcIds.length === 0 ? new Map<string, VpcCidr[]>() : await tx.vpcs.cidrsOf(vpcIds)
  const tags = await tx.tags.ofMany(objects.map(({ id }) => id))
  return objects.map((object) => ({
    object,
    parts: object.isDerived ? defaultParts(object, cidrs.get(object.of?.id ?? '') ?? []) : (parts.get(object.id) ?? []),
    tags: tags.get(object.id) ?? [],
  }))
}

/** What is deleted while something else needs it. */
export function refuseDependent(kind: NetworkObjectKind, id: string, problem: Problem): never {
  refuse({ code: 'DependencyViolation', what: nounOf(kind), id, problem })
}
