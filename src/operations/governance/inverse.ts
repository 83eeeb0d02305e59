// The inverse of a change, prepared when it is made: of each object that it has changed, what makes it again what it was.
import { isDeepStrictEqual } from 'node:util'
import type { ChangeFreeze } from '#model/change-request.ts'
import { kindOf } from '#model/identifier.ts'
import { isTargetId } from '#model/organization.ts'
import { isSetting, type Tag } from '#model/tags.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Subject } from '#store/subjects.ts'
import type { HistoryBody } from '#store/tables/history.ts'
import type { ProposedOperation } from './proposed.ts'

export interface Inverse {
  /** In the order in which they are to be done. */
  readonly operations: readonly ProposedOperation[]
  /** Objects that stay as the change has made them, at least in part. */
  readonly left: readonly string[]
  /** The versions that the change has made: where others stand there, somebody has changed them since. */
  readonly versions: Readonly<Record<string, number>>
}
export const noInverse: Inverse = { operations: [], left: [], versions: {} }

/** Of a change and of another one that came behind it. */
export const inverseOfBoth = (first: Inverse, second: Inverse): Inverse => ({
  operations: [...second.operations, ...first.operations],
  left: [...new Set([...first.left, ...second.left])],
  versions: { ...first.versions, ...second.versions },
})

/** Within the transaction that has made the change. */
export async function inverseOf(tx: ReadTransaction, subjects: readonly Subject[]): Promise<Inverse> {
  const wanted = subjects.flatMap(({ id, before, after }) =>
    [before, after].flatMap((version) => (version === undefined ? [] : [[id, version] as const])),
  )
  const versions = await tx.history.findVersions(wanted)
  const bodyOf = (id: string, version: number | undefined): HistoryBody | undefined => {
    const found = version === undefined ? undefined : versions.get(`${id}/${version}`)
    return found && tx.history.bodyOf(found)
  }
  const undone: UndoneObject[] = []
  // What came last depends on what came before.
  for (const { id, before, after } of [...subjects].reverse()) {
    // Named only: what has changed about it is a subject of its own, as the CIDRs of a pool are.
    if (before === undefined && after === undefined && hasHistory(id)) continue
    const kind = versions.get(`${id}/${after ?? before}`)?.kind
    if (kind === 'change-request') continue
    const [was, is] = [bodyOf(id, before), bodyOf(id, after)]
    const back = (kind && undo[kind]?.({ id, was, is })) || undefined
    undone.push({ id, was, is, operations: back?.operations ?? [], isWhole: back?.isWhole ?? false })
  }
  leaveDepending(undone)
  const operations = undone.flatMap((one) => one.operations)
  const left = undone.filter(({ isWhole }) => !isWhole).map(({ id }) => id)
  const made = subjects.flatMap(({ id, after }) => (after === undefined ? [] : [[id, after] as const]))
  return { operations, left, versions: Object.fromEntries(made) }
}

interface UndoneObject extends Undone {
  readonly id: string
  readonly was: HistoryBody | undefined
  readonly is: HistoryBody | undefined
}

/**
 * What depends on what is left is left too, else nothing of it could be undone: what is about an object that is gone and does not come
 * back, and the deletion of what an object that stays says it is in.
 */
function leaveDepending(undone: UndoneObject[]): void {
  for (let hasLeft = true; hasLeft; ) {
    hasLeft = false
    const stays = undone.filter(({ isWhole }) => !isWhole)
    const gone = stays.filter(({ is, operations }) => is === undefined && operations.length === 0).map(({ id }) => id)
    const texts = stays.flatMap(({ id, was, is }) => (is && !was ? [{ id, text: JSON.stringify(is) }] : []))
    for (const [at, one] of undone.entries()) {
      const isDeleted = one.was === undefined && one.is !== undefined
      const isHeld = isDeleted && texts.some(({ id, text }) => id !== one.id && text.includes(one.id))
      const kept = isHeld ? [] : one.operations.filter(({ input }) => !namesAny(input, gone))
      if (kept.length === one.operations.length) continue
      undone[at] = { ...one, operations: kept, isWhole: false }
      hasLeft = true
    }
  }
}
const namesAny = (input: ProposedOperation['input'], ids: readonly string[]): boolean =>
  Object.values(input).some((value) => ids.some((id) => value === id))

/** Of a change that is tried: what would stay as it makes it. What is new goes by what it is, since its id is another one when it is made. */
export async function leftOf(tx: ReadTransaction, subjects: readonly Subject[]): Promise<readonly string[]> {
  const { left } = await inverseOf(tx, subjects)
  const isNew = new Set(subjects.flatMap(({ id, before }) => (before === undefined ? [id] : [])))
  const named = left.map((id) => (isNew.has(id) && !isTargetId(id) ? (kindOf(id) ?? id) : id))
  return [...new Set(named)].slice(0, leftToldMax)
}
/** Of more, the first are told. */
const leftToldMax = 50

/** Nothing of these changes without a version. */
const hasHistory = (id: string): boolean =>
  isTargetId(id) || ['pool', 'policy', 'ipam', 'scope'].includes(kindOf(id) ?? '')

interface Changed {
  readonly id: string
  readonly was: HistoryBody | undefined
  readonly is: HistoryBody | undefined
}
interface Undone {
  readonly operations: readonly ProposedOperation[]
  readonly isWhole: boolean
}
type Undo = (changed: Changed) => Undone | undefined

const one = (operation: string, input: object, isWhole = true): Undone => ({
  operations: [{ operation, input: input as ProposedOperation['input'] }],
  isWhole,
})
/** A member of what changes an object: what it says of a state on record, and which members of that it is about. */
interface Member {
  readonly says: (body: HistoryBody) => unknown
  readonly of: readonly string[]
}
/** Where it is not there, `null` takes it away, or the default is said. */
const plain = (name: string, absent: unknown = null): Member => ({ says: (body) => body[name] ?? absent, of: [name] })
/** What was called otherwise on record. */
const under = (name: string): Member => ({ says: (body) => body[name], of: [name] })
/** Tags that are settings of AWS's API are no tags here: where one has changed, it stays. */
const tags: Member = {
  says: ({ tags: all = {} }) => Object.fromEntries(Object.entries(all as object).filter(([key]) => !isSetting(key))),
  of: [],
}
const settingTags = ({ tags: all = {} }: HistoryBody) =>
  Object.fromEntries(Object.entries(all as object).filter(([key]) => isSetting(key)))

/** What of a change of an object can be made again as it was, by the operation that changes such ones. */
function asBefore(
  { was, is }: { readonly was: HistoryBody; readonly is: HistoryBody },
  members: Readonly<Record<string, Member>>,
  beside: readonly string[] = [],
): { readonly input: Record<string, unknown>; readonly isWhole: boolean } {
  const differing = Object.entries(members).filter(([, { says }]) => !isDeepStrictEqual(says(was), says(is)))
  const known = new Set([...beside, 'tags', ...Object.values(members).flatMap(({ of }) => of)])
  const isWhole =
    isDeepStrictEqual(settingTags(was), settingTags(is)) &&
    Object.keys({ ...was, ...is }).every((name) => known.has(name) || isDeepStrictEqual(was[name], is[name]))
  return { input: Object.fromEntries(differing.map(([name, { says }]) => [name, says(was)])), isWhole }
}
function changed(
  operation: string,
  named: object,
  bodies: { readonly was: HistoryBody; readonly is: HistoryBody },
  members: Readonly<Record<string, Member>>,
): Undone {
  const { input, isWhole } = asBefore(bodies, members)
  return Object.keys(input).length === 0 ? { operations: [], isWhole } : one(operation, { ...named, ...input }, isWhole)
}

const momentText = (at: number): string => new Date(at).toISOString()
const poolMembers: Readonly<Record<string, Member>> = {
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
  tags,
}
const ipamMembers: Readonly<Record<string, Member>> = {
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
  tags,
}
const scopeMembers: Readonly<Record<string, Member>> = { description: plain('description'), tags }
const unitMembers: Readonly<Record<string, Member>> = { name: under('name'), tags }
const accountMembers: Readonly<Record<string, Member>> = {
  name: under('name'),
  email: under('email'),
  cloud: plain('cloud'),
  externalId: plain('externalId'),
  contact: plain('contact'),
  tags,
}
const policyMembers: Readonly<Record<string, Member>> = { contact: plain('contact'), tags }

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
function candidatesAsBefore(policyId: string, was: HistoryBody, is: HistoryBody): readonly ProposedOperation[] {
  const [before, after, assigned] = [candidatesIn(was), candidatesIn(is), assignmentsIn(was)]
  const put = [...before.values()].flatMap(({ targetId, version, mode }) => {
    const now = after.get(targetId)
    if (now?.version === version && now?.mode === mode && now !== undefined) return []
    const stands = { ...(version === undefined ? {} : { version }), ...(mode === undefined ? {} : { mode }) }
    return one('putAssignmentCandidate', { policyId, targetId, ...stands }).operations
  })
  // With an assignment that goes, its candidate does.
  const gone = [...after.keys()].filter((targetId) => !before.has(targetId) && assigned.has(targetId))
  return [...gone.flatMap((targetId) => one('deleteAssignmentCandidate', { policyId, targetId }).operations), ...put]
}

/** What says when and by which version it is so, and not what it is. */
const besideOfPolicy = ['version', 'contentHash', 'assignments', 'candidates', 'compatibilityDefault']

/** By the kinds of objects in the history. */
const undo: Readonly<Record<string, Undo>> = {
  'ipam-policy'({ id: policyId, was, is }) {
    if (!was || !is)
      return is
        ? { operations: [...unassigned(policyId, is), ...one('deletePolicy', { policyId }).operations], isWhole: true }
        : undefined
    const [before, after] = [assignmentsIn(was), assignmentsIn(is)]
    const operations: ProposedOperation[] = []
    for (const targetId of after.keys()) {
      if (!before.has(targetId)) operations.push(...one('deletePolicyAssignment', { policyId, targetId }).operations)
    }
    if (was.version !== is.version) {
      operations.push(...one('restorePolicyVersion', { policyId, version: was.version }).operations)
    }
    for (const [targetId, { kind, mode }] of before) {
      const now = after.get(targetId)
      if (now?.kind === kind && now.mode === mode) continue
      operations.push(...one('putPolicyAssignment', { policyId, targetId, kind, mode }).operations)
    }
    operations.push(...candidatesAsBefore(policyId, was, is))
    const { input, isWhole } = asBefore({ was, is }, policyMembers, besideOfPolicy)
    if (Object.keys(input).length > 0) operations.push(...one('updatePolicy', { policyId, ...input }).operations)
    return { operations, isWhole }
  },
  'ipam-pool'({ id: poolId, was, is }) {
    if (!was || !is) return is ? one('deletePool', { poolId }) : undefined
    return changed('updatePool', { poolId }, { was, is }, poolMembers)
  },
  'ipam-pool-cidr'({ was, is }) {
    const { pool: poolId, cidr, state } = (is ?? was)!
    if (!was) return state === 'provisioned' ? one('deprovisionPoolCidr', { poolId, cidr }) : undefined
    // What still rests is still there: provisioned again, it would be there twice.
    return is ? undefined : one('provisionPoolCidr', { poolId, cidr })
  },
  ipam({ id: ipamId, was, is }) {
    if (!was || !is) return is ? one('deleteIpam', { ipamId }) : undefined
    return changed('updateIpam', { ipamId }, { was, is }, ipamMembers)
  },
  'ipam-scope'({ id: scopeId, was, is }) {
    // The default ones come and go with their IPAM.
    if (!was && is?.isDefault) return { operations: [], isWhole: true }
    if (!was || !is) return is ? one('deleteScope', { scopeId }) : undefined
    return changed('updateScope', { scopeId }, { was, is }, scopeMembers)
  },
  'organizational-unit'({ id: unitId, was, is }) {
    if (!was || !is) return is ? one('deleteUnit', { unitId }) : undefined
    return changed('updateUnit', { unitId }, { was, is }, unitMembers)
  },
  account({ id: account, was, is }) {
    if (!was || !is) return undefined
    const { input, isWhole } = asBefore({ was, is }, accountMembers, ['parentId', 'joinedAt', 'joinedMethod'])
    const hasMoved = was.parentId !== is.parentId
    // Who is not in the organization any more is not moved back into it.
    const isThere = was.parentId !== undefined && is.parentId !== undefined
    const operations = [
      ...(Object.keys(input).length > 0 ? one('updateAccount', { account, ...input }).operations : []),
      ...(hasMoved && isThere ? one('moveAccount', { account, parentId: was.parentId }).operations : []),
    ]
    return { operations, isWhole: isWhole && (!hasMoved || isThere) }
  },
  'role-binding'({ id: bindingId, was, is }) {
    if (is) return was ? undefined : one('deleteRoleBinding', { bindingId })
    if (!was) return undefined
    const { principal, role, node, effect } = was
    return one('createRoleBinding', { principal, role, node, effect })
  },
  'resource-type'({ id: resourceType, was, is }) {
    return !was && is ? one('deleteResourceType', { resourceType }) : undefined
  },
}

const unassigned = (policyId: string, is: HistoryBody): readonly ProposedOperation[] =>
  [...assignmentsIn(is).keys()].flatMap((targetId) => one('deletePolicyAssignment', { policyId, targetId }).operations)
