// What can be done with network ACLs: which traffic the subnets of a VPC are said to let through, entry by entry. A subnet has the one that
// came with its VPC until another one takes its place.
import { siblingId } from '#model/identifier.ts'
import { type Entry, entryKey, entryNumberMax, lastEntryNumber, type Part, partsOf } from '#model/network-object.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Subnet } from '#store/tables/vpcs.ts'
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
import { getVpc } from './vpcs.ts'

export interface AclAssociation {
  readonly id: string
  readonly subnetId: string
}
export interface AclState extends ObjectState {
  readonly associations: readonly AclAssociation[]
  /** Its VPC has IPv6, so that it ends with an entry for that. */
  readonly hasIpv6: boolean
}

/** Makes an ACL that lets nothing through. */
export async function createNetworkAcl(context: WriteContext, vpcId: string, tags: readonly Tag[]): Promise<AclState> {
  const vpc = await getVpc(context, vpcId)
  const made = await makeObject(context, 'networkAcl', { vpcId: vpc.id, tags })
  return (await describeAcls(context, [made]))[0]!
}

export async function deleteNetworkAcl(context: WriteContext, id: string): Promise<void> {
  const state = await getAcl(context, id)
  if (state.object.isDefault) refuseValue('networkAclId', id, { why: 'default-acl', acl: id })
  const [used] = partsOf(state.parts, 'network-acl-association')
  if (used) {
    refuseDependent('networkAcl', id, { why: 'acl-in-use', acl: id, subnet: used.target! })
  }
  await removeObject(context, state)
}

const getAcl = (context: ReadContext, id: string): Promise<ObjectState> => getObject(context, 'networkAcl', id)

// Entries ------------------------------------------------------------------------------------------------------------

export async function createEntry(context: WriteContext, aclId: string, entry: Entry): Promise<void> {
  const state = await getAcl(context, aclId)
  refuseBadNumber(entry.number)
  if (findEntry(state, entry)) {
    const problem = { why: 'entry-there', number: entry.number } as const
    refuse({ code: 'AlreadyExists', what: 'network-acl-entry', problem })
  }
  await changeObject(context, state, { put: [partOf(entry)] })
}
export async function replaceEntry(context: WriteContext, aclId: string, entry: Entry): Promise<void> {
  const state = await getAcl(context, aclId)
  refuseBadNumber(entry.number)
  if (!findEntry(state, entry)) refuseAbsent(entry)
  await changeObject(context, state, { put: [partOf(entry)] })
}
export async function deleteEntry(
  context: WriteContext,
  aclId: string,
  entry: Pick<Entry, 'isEgress' | 'number'>,
): Promise<void> {
  const state = await getAcl(context, aclId)
  refuseBadNumber(entry.number)
  if (!findEntry(state, entry)) refuseAbsent(entry)
  await changeObject(context, state, { removed: [entryKey(entry.isEgress, entry.number)] })
}

const partOf = (body: Entry): Part => ({
  key: entryKey(body.isEgress, body.number),
  kind: 'entry',
  target: undefined,
  body,
})
const findEntry = ({ parts }: ObjectState, { isEgress, number }: Pick<Entry, 'isEgress' | 'number'>) =>
  partsOf(parts, 'entry').find(({ key }) => key === entryKey(isEgress, number))
function refuseAbsent({ number }: Pick<Entry, 'number'>): never {
  refuse({ code: 'NotFound', what: 'network-acl-entry', id: String(number) })
}
function refuseBadNumber(number: number): void {
  if (number >= 1 && number <= entryNumberMax) return
  refuseValue('number', number, { why: 'entry-numbers', max: entryNumberMax })
}

// Associations -------------------------------------------------------------------------------------------------------

/** Gives a subnet another ACL; answers the id of the new association. */
export async function replaceAclAssociation(context: WriteContext, id: string, aclId: string): Promise<string> {
  const { state: former, isStored, subnetId } = await getAssociation(context, id)
  let next = await getAcl(context, aclId)
  if (next.object.vpcId !== former.object.vpcId) {
    refuseValue('networkAclId', aclId, { why: 'acl-elsewhere', acl: aclId, subnet: subnetId })
  }
  const key = context.newId('networkAclAssociation')
  if (isStored) {
    const left = await changeObject(context, former, { removed: [id] })
    if (left.object.id === next.object.id) next = left
  }
  const association: Part = { key, kind: 'network-acl-association', target: subnetId, body: {} }
  await changeObject(context, next, { put: [association] })
  context.changed(id, key)
  return key
}

interface FoundAssociation {
  readonly state: ObjectState
  /** What a subnet has from its beginning is not. */
  readonly isStored: boolean
  readonly subnetId: string
}
async function getAssociation(context: ReadContext, id: string): Promise<FoundAssociation> {
  refuseMalformed('networkAclAssociation', id)
  const found = await context.tx.networkObjects.findPart(id)
  if (found?.part.kind === 'network-acl-association') {
    const object = await findOwnObject(context, 'networkAcl', found.objectId)
    if (object) return { state: await getAcl(context, object.id), isStored: true, subnetId: found.part.target! }
  }
  const subnetId = siblingId('subnet', id)
  const subnet = await context.tx.vpcs.findSubnet(subnetId)
  const isOwn = subnet?.account === context.caller.account && subnet.region === context.region
  const isReplaced =
    isOwn && (await context.tx.networkObjects.naming([subnetId], 'network-acl-association', 1)).size > 0
  if (!isOwn || isReplaced) refuse({ code: 'NotFound', what: 'network-acl-association', id })
  return { state: await getAcl(context, siblingId('networkAcl', subnet.vpcId)), isStored: false, subnetId }
}

// What is shown ------------------------------------------------------------------------------------------------------

/** Subnets of VPCs that are looked at for one step of a list: more of them are not shown as associated. */
const subnetsNamedMax = 2_000

/** With the subnets that have them. */
export async function describeAcls({ tx }: ReadContext, states: readonly ObjectState[]): Promise<readonly AclState[]> {
  const vpcIds = [...new Set(states.map(({ object }) => object.vpcId!))]
  if (vpcIds.length === 0) return []
  const cidrs = await tx.vpcs.cidrsOf(vpcIds)
  const withDefaults = states.filter(({ object }) => object.isDefault).map(({ object }) => object.vpcId!)
  const subnets = withDefaults.length === 0 ? [] : await tx.vpcs.subnetsOfMany(withDefaults, subnetsNamedMax)
  const replaced =
    subnets.length === 0
      ? new Map()
      : await tx.networkObjects.naming(
          subnets.map(({ id }) => id),
          'network-acl-association',
          subnets.length,
        )
  const left = Map.groupBy(
    subnets.filter(({ id }) => !replaced.has(id)),
    ({ vpcId }) => vpcId,
  )
  return states.map((state) => {
    const { isDefault, vpcId } = state.object
    const fromBeginning = isDefault ? (left.get(vpcId!) ?? []).map(ofSubnet) : []
    const own = partsOf(state.parts, 'network-acl-association')
    return {
      ...state,
      associations: [...fromBeginning, ...own.map(({ key, target }) => ({ id: key, subnetId: target! }))],
      hasIpv6: (cidrs.get(vpcId!) ?? []).some(({ cidr }) => cidr.family === 6),
    }
  })
}
const ofSubnet = ({ id }: Subnet): AclAssociation => ({ id: siblingId('networkAclAssociation', id), subnetId: id })

/** The entries of an ACL in their order, with the last ones, which let nothing through. */
export function entriesOf({ parts, hasIpv6 }: AclState): readonly Entry[] {
  const last = (isEgress: boolean, family: 4 | 6): Entry => ({
    isEgress,
    number: lastEntryNumber[family],
    protocol: '-1',
    action: 'deny',
    cidr: family === 4 ? '0.0.0.0/0' : '::/0',
  })
  const entries = partsOf(parts, 'entry').map(({ body }) => body)
  return [true, false].flatMap((isEgress) => [
    ...entries.filter((one) => one.isEgress === isEgress),
    last(isEgress, 4),
    ...(hasIpv6 ? [last(isEgress, 6)] : []),
  ])
}
