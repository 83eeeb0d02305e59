// What can be done with security groups: which traffic their members are said to take, rule by rule. Nothing is a member here.
import { siblingId } from '#model/identifier.ts'
import { type Part, partsOf, type Rule, ruleIdentity } from '#model/network-object.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Owner } from '#store/tables/tags.ts'
import type { Vpc } from '#store/tables/vpcs.ts'
import { refuseMalformed } from '../identifiers.ts'
import type { Sliced } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { putTags } from '../organization/tagging.ts'
import {
  allOut,
  changeObject,
  defaultGroupName,
  defaultOf,
  describeInSteps,
  describeObjects,
  findOwnObject,
  getObject,
  type ListedObject,
  makeObject,
  type ObjectState,
  objectBounds,
  objectsOf,
  recordObject,
  refuseDependent,
  removeObject,
} from './objects.ts'
import { findDefaultVpc, getVpc } from './vpcs.ts'

/** A rule with its id, as its group has it. */
export type RulePart = Part<'rule'>

export interface GroupSpec {
  /** The default VPC where it is undefined. */
  readonly vpcId: string | undefined
  readonly name: string
  readonly description: string
  readonly tags: readonly Tag[]
}

/** Makes a group that lets all out and nothing in. */
export async function createSecurityGroup(context: WriteContext, spec: GroupSpec): Promise<ObjectState> {
  const vpc = await vpcOf(context, spec.vpcId)
  const { name, description, tags } = spec
  if (name === defaultGroupName) refuseValue('name', name, { why: 'name-of-default-group' })
  if (await context.tx.networkObjects.called(vpc.id, name)) {
    const problem = { why: 'group-there', name, network: vpc.id } as const
    refuse({ code: 'AlreadyExists', what: 'security-group', problem })
  }
  const hasIpv6 = (await context.tx.vpcs.cidrs(vpc.id)).some(({ cidr }) => cidr.family === 6)
  const families = hasIpv6 ? ([4, 6] as const) : ([4] as const)
  const body = { description }
  return makeObject(context, 'securityGroup', { vpcId: vpc.id, name, body, tags }, () =>
    families.map((family) => allOut(context.newId('securityGroupRule'), family)),
  )
}
async function vpcOf(context: ReadContext, id: string | undefined): Promise<Vpc> {
  if (id !== undefined) return getVpc(context, id)
  const found = await findDefaultVpc(context)
  return found ?? refuse({ code: 'NotFound', what: 'default-vpc', id: context.region })
}

/**
 * Deletes a group that no rule of another one of its VPC names. Those of other VPCs do not hold it, whosever they are, as with AWS: anybody
 * may name any group, also one that is yet to come.
 */
export async function deleteSecurityGroup(context: WriteContext, id: string): Promise<void> {
  const state = await getGroup(context, id)
  if (state.object.isDefault) {
    const problem = { why: 'default-group', group: id, name: defaultGroupName } as const
    refuse({ code: 'InUse', what: 'default-security-group', id, problem })
  }
  const other = await context.tx.networkObjects.groupNaming(state.object.vpcId!, id)
  if (other !== undefined) refuseDependent('securityGroup', id, { why: 'named-by-rule', group: id, other })
  await removeObject(context, state)
}
export const getGroup = (context: ReadContext, id: string): Promise<ObjectState> =>
  getObject(context, 'securityGroup', id)

/** The caller's group by its name, in the default VPC. */
export async function getGroupCalled(context: ReadContext, name: string): Promise<ObjectState> {
  const vpc = await vpcOf(context, undefined)
  const found =
    name === defaultGroupName
      ? await findOwnObject(context, 'securityGroup', siblingId('securityGroup', vpc.id))
      : await context.tx.networkObjects.called(vpc.id, name)
  if (!found) refuse({ code: 'NotFound', what: 'security-group', id: name })
  return (await describeObjects(context, [found]))[0]!
}

// Rules --------------------------------------------------------------------------------------------------------------

/** Adds a rule to those that a group has; each is there once. */
function addTo(identities: Set<string>, rule: Rule): void {
  const identity = ruleIdentity(rule)
  if (identities.has(identity)) {
    refuse({
      code: 'AlreadyExists',
      what: 'security-group-permission',
      problem: { why: 'rule-there', rule: wordsOf(rule) },
    })
  }
  identities.add(identity)
}

/** Adds rules, none of which the group has; answers them with their ids. */
export async function authorize(
  context: WriteContext,
  group: ObjectState,
  rules: readonly Rule[],
  tags: readonly Tag[] = [],
): Promise<readonly RulePart[]> {
  const had = new Set(partsOf(group.parts, 'rule').map(({ body }) => ruleIdentity(body)))
  const added: RulePart[] = []
  for (const rule of rules) {
    addTo(had, rule)
    await refuseUnknownPeer(context, group.object, rule)
    added.push(partOf(context.newId('securityGroupRule'), rule))
  }
  const { account } = group.object
  for (const { key } of added) await putTags(context, { id: key, type: 'security-group-rule', account }, tags)
  await changeObject(context, group, { put: added })
  context.changed(...added.map(({ key }) => key))
  return added
}
const partOf = (id: string, body: Rule): RulePart => ({
  key: id,
  kind: 'rule',
  target: body.peer.kind === 'group' ? body.peer.id : undefined,
  body,
})
function wordsOf({ peer, protocol, fromPort, toPort }: Rule): string {
  const name = protocol === '-1' ? 'ALL' : protocol.toUpperCase()
  const ports = fromPort === undefined ? '' : `, from port: ${fromPort}, to port: ${toPort}`
  return `peer: ${'cidr' in peer ? peer.cidr : peer.id}, ${name}${ports}, ALLOW`
}
/** Groups of other accounts are taken by their ids: whether they are there is not told. */
async function refuseUnknownPeer(context: ReadContext, { id, account }: ListedObject, { peer }: Rule): Promise<void> {
  if (peer.kind !== 'group' || peer.id === id || peer.account !== account) return
  if (!(await findOwnObject(context, 'securityGroup', peer.id))) {
    refuse({ code: 'NotFound', what: 'security-group', id: peer.id })
  }
}

/** Takes rules away that are as these, whatever they are described as; answers what they were. */
export async function revoke(
  context: WriteContext,
  group: ObjectState,
  rules: readonly Rule[],
): Promise<readonly RulePart[]> {
  const there = new Map(partsOf(group.parts, 'rule').map((part) => [ruleIdentity(part.body), part]))
  const gone = rules.map(
    (rule) =>
      there.get(ruleIdentity(rule)) ??
      refuse({ code: 'NotFound', what: 'security-group-permission', id: wordsOf(rule) }),
  )
  return take(context, group, gone)
}
/** The same by their ids. */
export async function revokeById(
  context: WriteContext,
  group: ObjectState,
  ids: readonly string[],
  isEgress: boolean,
): Promise<readonly RulePart[]> {
  const gone = ids.map((id) => getRule(group, id))
  const other = gone.find(({ body }) => body.isEgress !== isEgress)
  if (other) refuse({ code: 'NotFound', what: 'security-group-rule', id: other.key })
  return take(context, group, gone)
}
async function take(
  context: WriteContext,
  group: ObjectState,
  gone: readonly RulePart[],
): Promise<readonly RulePart[]> {
  const removed = [...new Set(gone.map(({ key }) => key))]
  await context.tx.tags.removeAllOf(removed)
  await changeObject(context, group, { removed })
  context.changed(...removed)
  return gone
}
export function getRule(group: ObjectState, id: string): RulePart {
  refuseMalformed('securityGroupRule', id)
  const found = partsOf(group.parts, 'rule').find(({ key }) => key === id)
  return found ?? refuse({ code: 'NotFound', what: 'security-group-rule', id })
}

export interface RuleChange {
  readonly id: string
  /** What it becomes, of what it was. */
  readonly change: (rule: Rule) => Rule
}
/** Makes rules others, under their ids. */
export async function changeRules(
  context: WriteContext,
  group: ObjectState,
  changes: readonly RuleChange[],
): Promise<readonly RulePart[]> {
  const all = new Map(partsOf(group.parts, 'rule').map((part) => [part.key, part]))
  const changed: RulePart[] = []
  for (const { id, change } of changes) {
    const next = partOf(id, change(getRule(group, id).body))
    await refuseUnknownPeer(context, group.object, next.body)
    all.set(id, next)
    changed.push(next)
  }
  const seen = new Set<string>()
  for (const { body } of all.values()) {
    addTo(seen, body)
  }
  await changeObject(context, group, { put: changed })
  context.changed(...changed.map(({ key }) => key))
  return changed
}

/** The rule of a group that is as this one. */
export function findSame(group: ObjectState, rule: Rule): RulePart {
  const identity = ruleIdentity(rule)
  const found = partsOf(group.parts, 'rule').find(({ body }) => ruleIdentity(body) === identity)
  return found ?? refuse({ code: 'NotFound', what: 'security-group-permission', id: wordsOf(rule) })
}

// Finding rules ------------------------------------------------------------------------------------------------------

/** The group that has a rule by its id, whosoever's it is: stored, or of the group that came with a VPC. */
async function findGroupOfRule(context: ReadContext, id: string): Promise<ListedObject | undefined> {
  const found = await context.tx.networkObjects.findPart(id)
  if (found) return found.part.kind === 'rule' ? context.tx.networkObjects.find(found.objectId) : undefined
  const vpc =
    (await context.tx.vpcs.find(siblingId('vpc', id))) ??
    (await findVpcOfBlock(context, siblingId('vpcCidrAssociation', id)))
  if (!vpc) return undefined
  const group = siblingId('securityGroup', vpc.id)
  if (await context.tx.networkObjects.find(group)) return undefined
  const [state] = await describeObjects(context, [defaultOf('securityGroup', vpc)])
  return state!.parts.some(({ key }) => key === id) ? state!.object : undefined
}
async function findVpcOfBlock(context: ReadContext, associationId: string): Promise<Vpc | undefined> {
  const block = await context.tx.vpcs.findCidr(associationId)
  return block && context.tx.vpcs.find(block.vpcId)
}
export async function ownerOfRule(context: ReadContext, id: string): Promise<Owner | undefined> {
  const group = await findGroupOfRule(context, id)
  return group && { account: group.account, region: group.region }
}
export async function recordGroupOfRule(context: WriteContext, id: string): Promise<void> {
  const group = await findGroupOfRule(context, id)
  if (group) await recordObject(context, group.id, await context.tx.tags.of(group.id))
}
/** The caller's groups that have these rules; each rule must be there. */
async function groupsOfRules(context: ReadContext, ids: readonly string[]): Promise<readonly string[]> {
  const groups = new Set<string>()
  for (const id of new Set(ids)) {
    refuseMalformed('securityGroupRule', id)
    const group = await findGroupOfRule(context, id)
    if (group?.account !== context.caller.account || group.region !== context.region) {
      refuse({ code: 'NotFound', what: 'security-group-rule', id })
    }
    groups.add(group.id)
  }
  return [...groups]
}

/** A rule in the list of all. */
export interface ListedRule {
  readonly group: ObjectState
  readonly part: RulePart
}
/** Behind every rule of a group. */
const lastRule = '~'

/**
 * The rules of the caller's groups, group after group: a few groups at a time, so that those with many rules and those with none
 * cost what they have.
 * @param ids only groups that have these rules, each of which must be there
 */
export async function rulesOf(
  context: ReadContext,
  {
    ids,
    groupIds,
  }: { readonly ids?: readonly string[] | undefined; readonly groupIds?: readonly string[] | undefined },
): Promise<Omit<Sliced<ListedRule, never>, 'show'>> {
  const someIds = ids?.length ? await groupsOfRules(context, ids) : groupIds
  const read = await objectsOf(context, 'securityGroup', { someIds })
  const placeOf = ({ group, part }: ListedRule): string => `${group.object.id}/${part.key}`
  return {
    placeOf,
    isThere: read.isThere === true,
    bounds: objectBounds,
    async readSlice(after = '', limit) {
      const [group = '', rule = lastRule] = after === '' ? [] : after.split('/')
      const first: readonly ListedObject[] = rule === lastRule ? [] : await read(directlyBefore(group), 1)
      const more = await read(group, limit)
      const objects = [...first, ...more]
      const rows: ListedRule[] = []
      let described = 0
      for await (const states of describeInSteps(context, objects)) {
        described += states.length
        rows.push(...states.flatMap((group) => partsOf(group.parts, 'rule').map((part) => ({ group, part }))))
        if (rows.length >= rulesPerSlice) break
      }
      const isAll = described === objects.length && more.length < limit
      const next = isAll ? undefined : `${objects[described - 1]!.id}/${lastRule}`
      return { rows: rows.filter((row) => placeOf(row) > after), next, looked: described + rows.length }
    },
  }
}
/** With so many, the rest of a slice is left to the next one: what is shown of them takes a turn of the event loop. */
const rulesPerSlice = 500
/** A place before an id, and behind all that are less: ids are equally long. */
const directlyBefore = (id: string): string => id.slice(0, -1) + String.fromCharCode(id.charCodeAt(id.length - 1) - 1)

export const tagsOfRules = ({ tx }: ReadContext, rules: readonly ListedRule[]): Promise<ReadonlyMap<string, Tag[]>> =>
  tx.tags.ofMany(rules.map(({ part }) => part.key))
