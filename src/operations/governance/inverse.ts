// The inverse of a change, prepared when it is made: of each object that it has changed, what makes it again what it was.
import { isDeepStrictEqual } from 'node:util'
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
  const operations: ProposedOperation[] = []
  const left: string[] = []
  // What came last depends on what came before.
  for (const { id, before, after } of [...subjects].reverse()) {
    const kind = versions.get(`${id}/${after ?? before}`)?.kind
    if (kind === 'change-request') continue
    const back = kind && undo[kind]?.({ id, was: bodyOf(id, before), is: bodyOf(id, after) })
    if (!back) {
      left.push(id)
      continue
    }
    operations.push(...back.operations)
    if (!back.isWhole) left.push(id)
  }
  const made = subjects.flatMap(({ id, after }) => (after === undefined ? [] : [[id, after] as const]))
  return { operations, left, versions: Object.fromEntries(made) }
}

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
/** Members that differ, as they were; those that were not there are `null`. */
const differing = (was: HistoryBody, is: HistoryBody, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    names.filter((name) => !isDeepStrictEqual(was[name], is[name])).map((name) => [name, was[name] ?? null]),
  )
const isEqualBeside = (was: HistoryBody, is: HistoryBody, names: readonly string[]): boolean =>
  Object.keys({ ...was, ...is }).every((name) => names.includes(name) || isDeepStrictEqual(was[name], is[name]))

interface AssignmentBody {
  readonly targetId: string
  readonly kind: string
  readonly mode: string
}
const assignmentsIn = (body: HistoryBody): ReadonlyMap<string, AssignmentBody> =>
  new Map(((body.assignments ?? []) as readonly AssignmentBody[]).map((each) => [each.targetId, each]))

/** How what members of a pool are called where they can be taken away. */
const poolMembers = ['description', 'defaultNetmaskLength', 'quarantineSeconds', 'sharedWith', 'contact']
const ipamMembers = ['unmatched', 'policyCompatibility', 'changeControl', 'changeApprovals', 'description', 'tier']

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
    const isWhole = isEqualBeside(was, is, ['version', 'contentHash', 'assignments', 'candidates'])
    return { operations, isWhole }
  },
  'ipam-pool'({ id: poolId, was, is }) {
    if (!was || !is) return is ? one('deletePool', { poolId }) : undefined
    const changes = differing(was, is, poolMembers)
    if (Object.keys(changes).length === 0) return undefined
    return one('updatePool', { poolId, ...changes }, isEqualBeside(was, is, poolMembers))
  },
  ipam({ id: ipamId, was, is }) {
    if (!was || !is) return is ? one('deleteIpam', { ipamId }) : undefined
    const changes = differing(was, is, ipamMembers)
    if (Object.keys(changes).length === 0) return undefined
    return one('updateIpam', { ipamId, ...changes }, isEqualBeside(was, is, ipamMembers))
  },
  'organizational-unit'({ id: unitId, was, is }) {
    if (!was || !is) return is ? one('deleteUnit', { unitId }) : undefined
    return was.name === is.name
      ? undefined
      : one('updateUnit', { unitId, name: was.name }, isEqualBeside(was, is, ['name']))
  },
  account({ id: account, was, is }) {
    if (!was || !is || was.parentId === is.parentId) return undefined
    return one('moveAccount', { account, parentId: was.parentId }, isEqualBeside(was, is, ['parentId', 'joinedAt']))
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
