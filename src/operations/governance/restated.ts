// What operations of the native API make one state of an object out of another: forwards they say what was asked for over another API,
// backwards they undo it.
import { isDeepStrictEqual } from 'node:util'
import type { ChangeFreeze } from '#model/change-request.ts'
import { formatId } from '#model/identifier.ts'
import { orderedJson } from '#model/ordered-json.ts'
import type { PolicyDocument } from '#model/policy/document.ts'
import { saidIn } from '#model/policy/tag-agreement.ts'
import type { Compatibility } from '#model/policy/values.ts'
import { isSetting, nameKey, type Tag } from '#model/tags.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { HistoryBody } from '#store/tables/history.ts'
import { accessRoleDefault } from '../organization/accounts.ts'
import { ipamService } from '../organization/delegated-administrators.ts'
import type { ProposedOperation } from './proposed.ts'

export interface Restated {
  /** In the order in which they are to be done. */
  readonly operations: readonly ProposedOperation[]
  /** Whether it is then as it is to be, but for tags that are settings of AWS's API: nothing here puts these. */
  readonly isWhole: boolean
  /** Whether such tags differ, and if so whether fields say what they say. */
  readonly settingTags?: 'said' | 'unsaid'
  /** It is made anew: another object, with another id. */
  readonly isAnew?: true
}
interface States {
  readonly id: string
  readonly from: HistoryBody | undefined
  readonly to: HistoryBody | undefined
}
type Restating = (states: States, tx: ReadTransaction) => Restated | undefined | Promise<Restated | undefined>

/** What makes `to` out of `from`; undefined where no operation does. */
export const restate = async (
  tx: ReadTransaction,
  { id, kind, from, to }: States & { readonly kind: string | undefined },
): Promise<Restated | undefined> =>
  kind !== undefined && Object.hasOwn(restatings, kind) ? restatings[kind]!({ id, from, to }, tx) : undefined

// Members ------------------------------------------------------------------------------------------------------------

const one = (operation: string, input: object): Restated => ({
  operations: [{ operation, input: input as ProposedOperation['input'] }],
  isWhole: true,
})
const anew = (operation: string, input: object): Restated => ({ ...one(operation, input), isAnew: true })
const nothing: Restated = { operations: [], isWhole: true }

/** A member of what changes an object: what it says of a state on record, and which members of that it is about. */
interface Member {
  readonly says: (body: HistoryBody) => unknown
  readonly of: readonly string[]
}
type Members = Readonly<Record<string, Member>>
/** Where it is not there, `null` takes it away, or the default is said. */
const plain = (name: string, absent: unknown = null): Member => ({ says: (body) => body[name] ?? absent, of: [name] })
/** What was called otherwise on record. */
const under = (name: string): Member => ({ says: (body) => body[name], of: [name] })

const tagsIn = ({ tags = {} }: HistoryBody) => Object.entries(tags as Readonly<Record<string, string>>)
const tagsBut = (isLeftOut: (key: string) => boolean): Member => ({
  says: (body) => Object.fromEntries(tagsIn(body).filter(([key]) => !isLeftOut(key))),
  of: ['tags'],
})
/** Of what has a name, which is its tag `Name`. */
const labels: Members = {
  name: { says: (body) => Object.fromEntries(tagsIn(body))[nameKey] ?? null, of: ['tags'] },
  tags: tagsBut((key) => key === nameKey || isSetting(key)),
}
const settingTags = (body: HistoryBody) => Object.fromEntries(tagsIn(body).filter(([key]) => isSetting(key)))

/** What of a change of an object the operation says that changes such ones. */
function differenceIn(
  { from, to }: { readonly from: HistoryBody; readonly to: HistoryBody },
  members: Members,
  beside: readonly string[] = [],
): { readonly input: Readonly<Record<string, unknown>>; readonly isWhole: boolean } {
  const differing = Object.entries(members).filter(([, { says }]) => !isDeepStrictEqual(says(from), says(to)))
  const known = new Set([...beside, ...Object.values(members).flatMap(({ of }) => of)])
  // What was not kept once, such as the email of an account, is not known.
  const sayable = differing.filter(([, { says }]) => says(to) !== undefined)
  return {
    input: Object.fromEntries(sayable.map(([name, { says }]) => [name, says(to)])),
    isWhole:
      sayable.length === differing.length &&
      Object.keys({ ...from, ...to }).every((name) => known.has(name) || isDeepStrictEqual(from[name], to[name])),
  }
}
function changed(
  operation: string,
  named: object,
  states: { readonly from: HistoryBody; readonly to: HistoryBody },
  members: Members,
): Restated {
  const { input, isWhole } = differenceIn(states, members)
  const saysMore = Object.keys(input).some((name) => !(name in labels))
  const done = Object.keys(input).length === 0 ? nothing : one(operation, { ...named, ...input })
  return { ...done, isWhole, ...differingTags(states, saysMore) }
}
function differingTags(
  { from, to }: { readonly from: HistoryBody; readonly to: HistoryBody },
  areSaid: boolean,
): Pick<Restated, 'settingTags'> {
  if (isDeepStrictEqual(settingTags(from), settingTags(to))) return {}
  return { settingTags: areSaid ? 'said' : 'unsaid' }
}
/** What is said of something new: what is as it is by itself is left out. */
const saidOf = (to: HistoryBody, members: Members): object =>
  Object.fromEntries(
    Object.entries(members).flatMap(([name, { says }]) =>
      isDeepStrictEqual(says(to), says({})) ? [] : [[name, says(to)]],
    ),
  )

const momentText = (at: number): string => new Date(at).toISOString()
const poolMembers: Members = {
  ...labels,
  description: plain('description'),
  minNetmaskLength: plain('minNetmaskLength'),
  defaultNetmaskLength: plain('defaultNetmaskLength'),
  maxNetmaskLength: plain('maxNetmaskLength'),
  requiredTags: {
    says: ({ requiredTags = [] }) =>
      Object.fromEntries((requiredTags as readonly Tag[]).map(({ key, value }) => [key, value])),
    of: ['requiredTags'],
  },
  quarantineSeconds: plain('quarantineSeconds'),
  avoidsObserved: plain('avoidsObserved', false),
  sharedWith: plain('sharedWith', []),
  contact: plain('contact'),
}
const ipamMembers: Members = {
  ...labels,
  description: plain('description'),
  operatingRegions: under('operatingRegions'),
  tier: under('tier'),
  enablePrivateGua: under('isPrivateGuaEnabled'),
  meteredAccount: under('meteredAccount'),
  policyCompatibility: under('policyCompatibility'),
  unmatched: under('unmatched'),
  changeControl: plain('changeControl', 'none'),
  changeApprovals: plain('changeApprovals'),
  changeFreezes: {
    says: ({ changeFreezes = [] }) =>
      (changeFreezes as readonly ChangeFreeze[]).map(({ from, until, reason }) => ({
        ...{ from: momentText(from), until: momentText(until) },
        reason,
      })),
    of: ['changeFreezes'],
  },
}
const scopeMembers: Members = { ...labels, description: plain('description') }
const nodeTags = tagsBut(() => false)
const unitMembers: Members = { name: under('name'), tags: nodeTags }
const accountMembers: Members = {
  name: under('name'),
  email: under('email'),
  cloud: plain('cloud'),
  externalId: plain('externalId'),
  contact: plain('contact'),
  tags: nodeTags,
}
const policyMembers: Members = { ...labels, contact: plain('contact') }

// Policies -----------------------------------------------------------------------------------------------------------

interface AssignmentBody {
  readonly targetId: string
  readonly kind: string
  readonly mode: string
}
const assignmentsIn = (body: HistoryBody): ReadonlyMap<string, AssignmentBody> =>
  new Map(((body.assignments ?? []) as readonly AssignmentBody[]).map((each) => [each.targetId, each]))

interface CandidateBody {
  readonly targetId: string
  readonly version?: number
  readonly mode?: string
}
const candidatesIn = (body: HistoryBody): ReadonlyMap<string, CandidateBody> =>
  new Map(((body.candidates ?? []) as readonly CandidateBody[]).map((each) => [each.targetId, each]))
function candidatesRestated(policyId: string, from: HistoryBody, to: HistoryBody): readonly ProposedOperation[] {
  const [before, after, assigned] = [candidatesIn(from), candidatesIn(to), assignmentsIn(to)]
  const put = [...after.values()].flatMap(({ targetId, version, mode }) => {
    const stood = before.get(targetId)
    if (stood !== undefined && stood.version === version && stood.mode === mode) return []
    const stands = { ...(version === undefined ? {} : { version }), ...(mode === undefined ? {} : { mode }) }
    return one('putAssignmentCandidate', { policyId, targetId, ...stands }).operations
  })
  // With an assignment that goes, its candidate does.
  const gone = [...before.keys()].filter((targetId) => !after.has(targetId) && assigned.has(targetId))
  return [...gone.flatMap((targetId) => one('deleteAssignmentCandidate', { policyId, targetId }).operations), ...put]
}

const unassigned = (policyId: string, targets: Iterable<string>): readonly ProposedOperation[] =>
  [...targets].flatMap((targetId) => one('deletePolicyAssignment', { policyId, targetId }).operations)

/** A version from before is there to be restored; what another one says is written again. */
async function contentRestated(
  tx: ReadTransaction,
  policyId: string,
  from: HistoryBody,
  to: HistoryBody,
): Promise<readonly ProposedOperation[]> {
  const [before, after] = [from.version, to.version] as [number, number]
  if (before === after) return []
  if (after < before) return one('restorePolicyVersion', { policyId, version: after }).operations
  const [stood, stands] = await Promise.all(
    [before, after].map((version) => tx.policies.findVersion(policyId, version)),
  )
  const [was, is] = [stood!.body, stands!.body]
  const keyOf = ({ locale, resourceType }: PolicyDocument): string => `${locale} ${resourceType}`
  const known = new Map(was.documents.map((document) => [keyOf(document), orderedJson(document)]))
  const pairs = new Set(is.documents.map(keyOf))
  const isOther = was.compatibility !== is.compatibility
  const written = is.documents.filter((document) => isOther || known.get(keyOf(document)) !== orderedJson(document))
  const gone = was.documents.filter((document) => !pairs.has(keyOf(document)))
  return [
    ...(isOther ? one('updatePolicy', { policyId, compatibility: is.compatibility }).operations : []),
    ...gone.flatMap(
      ({ locale, resourceType }) => one('deletePolicyDocument', { policyId, locale, resourceType }).operations,
    ),
    ...written.flatMap(
      (document) => one('putPolicyDocument', { policyId, ...writtenAs(document, is.compatibility) }).operations,
    ),
  ]
}
/** With what somebody said: the rest follows the compatibility. */
function writtenAs({ locale, resourceType, rules, settings, said = [] }: PolicyDocument, compatibility: Compatibility) {
  const names = new Set<string>([...said, ...saidIn(settings, compatibility)])
  const settled = Object.entries(settings).filter(([name, value]) => value !== undefined && names.has(name))
  return {
    locale,
    resourceType,
    rules: rules.map(({ pool, when }) => ({ poolId: pool, ...(when ? { when } : {}) })),
    ...Object.fromEntries(settled),
  }
}

/** What says when and by which version it is so, and not what it is. */
const besideOfPolicy = ['version', 'contentHash', 'assignments', 'candidates', 'compatibilityDefault']

async function policyAnew(tx: ReadTransaction, id: string, to: HistoryBody): Promise<Restated | undefined> {
  if (!isMadeNow(tx, to)) return undefined
  const { body } = (await tx.policies.findVersion(id, to.version as number))!
  // Whatever is enabled or written would name it by its label.
  if (body.documents.length > 0 || assignmentsIn(to).size > 0) return undefined
  const { compatibility } = body
  const made = anew('createPolicy', { ipamId: to.ipamId, compatibility, ...saidOf(to, policyMembers) })
  const isSaid = compatibility !== to.compatibilityDefault
  return { ...made, ...differingTags({ from: {}, to }, isSaid) }
}

// Kinds --------------------------------------------------------------------------------------------------------------

/** Of what is on record for the first time, whether it has just been made: what is from before there was a record is not. */
const isMadeNow = ({ now }: ReadTransaction, { createdAt }: HistoryBody): boolean => createdAt === now

async function poolAnew(tx: ReadTransaction, to: HistoryBody): Promise<Restated | undefined> {
  if (!isMadeNow(tx, to)) return undefined
  const parent = to.parent === undefined ? undefined : await tx.pools.findByNumber(to.parent as number)
  const source = to.sourceResource as { readonly id: string } | undefined
  const division = to.sourceAllocation as number | undefined
  if (to.autoImport === true) return undefined
  const given = (name: string, value: unknown): object => (value === undefined ? {} : { [name]: value })
  const made = anew('createPool', {
    scopeId: to.scopeId,
    family: `ipv${to.family}`,
    ...given('parentPoolId', parent?.id),
    ...given('locale', to.isLocaleInherited ? undefined : to.locale),
    ...given('awsService', to.awsService),
    ...given('publicIpSource', to.publicIpSource),
    ...given('publiclyAdvertisable', to.publiclyAdvertisable),
    ...given('sourceVpcId', source?.id),
    ...given('sourceAllocationId', division && formatId('allocation', tx.installation, division)),
    ...given('reservedFirst', to.reservedFirst),
    ...given('reservedLast', to.reservedLast),
    ...saidOf(to, poolMembers),
  })
  return { ...made, ...differingTags({ from: {}, to }, true) }
}

/** By the kinds of objects in the history. */
const restatings: Readonly<Record<string, Restating>> = {
  async 'ipam-policy'({ id: policyId, from, to }, tx) {
    if (!to) {
      const operations = [
        ...unassigned(policyId, assignmentsIn(from!).keys()),
        ...one('deletePolicy', { policyId }).operations,
      ]
      return { operations, isWhole: true }
    }
    if (!from) return policyAnew(tx, policyId, to)
    const [before, after] = [assignmentsIn(from), assignmentsIn(to)]
    const gone = [...before.keys()].filter((targetId) => !after.has(targetId))
    const put = [...after.values()].filter(({ targetId, kind, mode }) => {
      const stood = before.get(targetId)
      return stood?.kind !== kind || stood.mode !== mode
    })
    const content = await contentRestated(tx, policyId, from, to)
    const { input, isWhole } = differenceIn({ from, to }, policyMembers, besideOfPolicy)
    const assigned = put.flatMap(
      ({ targetId, kind, mode }) => one('putPolicyAssignment', { policyId, targetId, kind, mode }).operations,
    )
    const operations = [
      ...unassigned(policyId, gone),
      ...content,
      ...assigned,
      ...candidatesRestated(policyId, from, to),
      ...(Object.keys(input).length > 0 ? one('updatePolicy', { policyId, ...input }).operations : []),
    ]
    return { operations, isWhole, ...differingTags({ from, to }, content.length + assigned.length > 0) }
  },
  'ipam-pool'({ id: poolId, from, to }, tx) {
    if (!to) return one('deletePool', { poolId })
    return from ? changed('updatePool', { poolId }, { from, to }, poolMembers) : poolAnew(tx, to)
  },
  'ipam-pool-cidr'({ from, to }) {
    const { pool: poolId, cidr } = (to ?? from)!
    const [stood, stands] = [from?.state, to?.state]
    if (stood === undefined) return stands === 'provisioned' ? one('provisionPoolCidr', { poolId, cidr }) : undefined
    if (stands !== undefined && stands !== 'pending-deprovision') return undefined
    return stood === 'provisioned' ? one('deprovisionPoolCidr', { poolId, cidr }) : undefined
  },
  ipam({ id: ipamId, from, to }, tx) {
    if (!to) return one('deleteIpam', { ipamId })
    if (from) return changed('updateIpam', { ipamId }, { from, to }, ipamMembers)
    if (!isMadeNow(tx, to)) return undefined
    const { account, region } = to
    return {
      ...anew('createIpam', { account, region, ...saidOf(to, ipamMembers) }),
      ...differingTags({ from: {}, to }, true),
    }
  },
  'ipam-scope'({ id: scopeId, from, to }, tx) {
    // The default ones come and go with their IPAM.
    if ((!from || !to) && (to ?? from)!.isDefault) return nothing
    if (!to) return one('deleteScope', { scopeId })
    if (from) return changed('updateScope', { scopeId }, { from, to }, scopeMembers)
    if (!isMadeNow(tx, to)) return undefined
    return anew('createScope', { ipamId: to.ipamId, ...saidOf(to, scopeMembers) })
  },
  'organizational-unit'({ id: unitId, from, to }, tx) {
    if (!to) return one('deleteUnit', { unitId })
    if (from) return changed('updateUnit', { unitId }, { from, to }, unitMembers)
    if (!isMadeNow(tx, to)) return undefined
    return anew('createUnit', { parentId: to.parentId, ...saidOf(to, unitMembers) })
  },
  async account({ id: account, from, to }, tx) {
    if (!to) return one('removeAccount', { account })
    if (!from) {
      const made = isMadeNow(tx, to) ? await tx.organizations.findAccount(account) : undefined
      if (!made) return undefined
      const { name, email, joinedMethod, roleName } = made
      // Of the management account it is the organization that is made.
      if ((await tx.organizations.find())?.managementAccount === account) return nothing
      if (roleName !== undefined && roleName !== accessRoleDefault) return undefined
      const number = joinedMethod === 'CREATED' ? {} : { account }
      return anew('createAccount', { ...number, parentId: to.parentId, ...saidOf(to, accountMembers), name, email })
    }
    const beside = ['parentId', 'joinedAt', 'joinedMethod', 'status']
    const { input, isWhole } = differenceIn({ from, to }, accountMembers, beside)
    const hasMoved = from.parentId !== to.parentId
    // Who is not in the organization any more is not moved back into it.
    const isThere = from.parentId !== undefined && to.parentId !== undefined
    const turn = from.status === to.status ? undefined : turnOf(to.status)
    // Who is closed stays so.
    const isTurned = from.status === to.status || from.status !== 'closed'
    const operations = [
      ...(Object.keys(input).length > 0 ? one('updateAccount', { account, ...input }).operations : []),
      ...(hasMoved && isThere ? one('moveAccount', { account, parentId: to.parentId }).operations : []),
      ...(turn && isTurned ? one(turn, { account }).operations : []),
    ]
    return { operations, isWhole: isWhole && (!hasMoved || isThere) && isTurned }
  },
  'role-binding'({ id: bindingId, from, to }) {
    if (!to) return one('deleteRoleBinding', { bindingId })
    if (from) return undefined
    const { principal, role, node, effect } = to
    return one('createRoleBinding', { principal, role, node, effect })
  },
  'resource-type'({ id: resourceType, from, to }) {
    return from && !to ? one('deleteResourceType', { resourceType }) : undefined
  },
  'delegated-administrator'({ from, to }) {
    const { account, servicePrincipal } = (to ?? from)!
    if (servicePrincipal !== ipamService) return undefined
    return to ? one('putIpamAdministrator', { account }) : one('deleteIpamAdministrator', {})
  },
  organization({ from, to }) {
    return to && !from ? anew('createOrganization', { managementAccount: to.managementAccount }) : undefined
  },
  root({ from, to }) {
    return to && !from ? nothing : undefined
  },
}

const turnOf = (status: unknown): string =>
  status === 'closed' ? 'closeAccount' : status === 'suspended' ? 'suspendAccount' : 'resumeAccount'

/** What one target has one of, such as a default policy, is taken off it before another one is put there. */
export const inOrder = (operations: readonly ProposedOperation[]): readonly ProposedOperation[] => {
  const isFirst = ({ operation }: ProposedOperation): boolean => operation === 'deletePolicyAssignment'
  return [...operations.filter(isFirst), ...operations.filter((one) => !isFirst(one))]
}
