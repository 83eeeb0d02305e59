// Where policies are enabled: on whom they may be, as what, and in which mode (policy-model §§3 and 4).
import { isTargetId } from '#model/organization.ts'
import type { Assignment } from '#model/policy/document.ts'
import type { Snapshot } from '#model/policy/snapshot.ts'
import { keyOf, type PolicyTagSettings } from '#model/policy/tag-settings.ts'
import type { AssignmentKind, ManagedBy, Mode } from '#model/policy/values.ts'
import { whoIs } from '#model/principal.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { everywhere } from '#model/roles.ts'
import type { Policy } from '#store/tables/policies.ts'
import { refuseFreeTier, refuseTooMany } from '../ipam/access.ts'
import { requesterOf, tell } from '../notification/telling.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { changeTags, ipamOf, recordVersion, tagSettingsOf } from './content.ts'

/** Our own bounds, far above Amazon's quota (100 targets): every snapshot holds all of it. */
export const targetsPerPolicyMax = 10_000
/**
 * All finals of a path are merged for each pair that is asked for. An account's own and the organization's are counted apart:
 * what an account enables on itself keeps no administrator's from it.
 */
export const finalsPerTargetMax = 20
const targetsNamedMax = 10

export const kindDefault: AssignmentKind = 'default'
export const modeDefault: Mode = 'enforce'

type Target = Pick<Assignment, 'targetId' | 'managedBy'>

export function refuseMalformedTarget(id: string | undefined): void {
  if (id === undefined || isTargetId(id)) return
  refuse({ code: 'MalformedId', what: 'organization-target', id, expected: 'an account, ou-... or r-...' })
}

/**
 * Where the caller may enable a policy: the delegated administrator anywhere in the organization, anybody else at home.
 * For the others every foreign target is refused alike, so that nobody learns which ones exist.
 */
export function getTarget({ caller }: ReadContext, snapshot: Snapshot, id: string | undefined): Target {
  if (snapshot.delegatedAdministrator === caller.account) {
    if (id === undefined) refuse({ code: 'MissingParameter', field: 'targetId' })
    if (!snapshot.nodes.has(id)) refuse({ code: 'NotFound', what: 'organization-target', id })
    return { targetId: id, managedBy: 'delegated-administrator-for-ipam' }
  }
  if (id !== undefined && id !== caller.account) {
    refuse({
      code: 'NotEligible',
      problem: { why: 'enable-on-itself', account: caller.account },
    })
  }
  return { targetId: caller.account, managedBy: 'account' }
}

export interface AssignmentParams extends Target {
  readonly kind: AssignmentKind
  readonly mode: Mode
  /** Whether another default policy of the target gives way, as with EnableIpamPolicy, or is in the way. */
  readonly replaces: boolean
}

/**
 * Enables a policy on a target, or changes how it is; tags about all of its assignments that say otherwise go away.
 * @param replaces the default policy of the target that gives way to this one
 */
export async function enable(
  context: WriteContext,
  policy: Policy,
  {
    targetId,
    replaces,
    ...how
  }: { readonly targetId: string; readonly replaces?: string | undefined } & Pick<AssignmentParams, 'kind' | 'mode'>,
): Promise<void> {
  const target = getTarget(context, await context.snapshot(), targetId)
  if (replaces !== undefined) {
    const standing = await context.tx.policies.findDefault(targetId, target.managedBy)
    if (standing?.policyId !== replaces || how.kind !== 'default' || replaces === policy.id) {
      refuseValue('replaces', replaces, { why: 'must-replace-default', target: targetId })
    }
  }
  await assign(context, policy, { ...target, ...how, replaces: replaces !== undefined })
  await dropContradictedTags(context, policy)
}

/** Enables a policy on a target, or changes how it is. */
export async function assign(
  context: WriteContext,
  policy: Policy,
  { targetId, managedBy, kind, mode, replaces }: AssignmentParams,
): Promise<void> {
  refuseFreeTier(await ipamOf(context, policy), 'policy')
  const current = await context.tx.policies.findAssignment(policy.id, targetId)
  if (!current) await refuseTooManyTargets(context, policy)
  if (kind === 'final' && current?.kind !== 'final') await refuseTooManyFinals(context, targetId, managedBy)
  if (kind === 'default') {
    if (replaces) await retireDefault(context, policy, { targetId, managedBy })
    else await refuseSecondDefault(context, policy.id, targetId, managedBy)
  }
  await context.tx.policies.assign({ policyId: policy.id, targetId, managedBy, kind, mode })
  if (current?.kind !== kind || current.mode !== mode)
    await tellOfAssignment(context, policy.id, targetId, { kind, mode })
  context.changed(targetId)
  await recordVersion(context, policy.id)
}

/** Takes a policy off a target. What was hidden behind a nearer default comes to the light. */
export async function unassign(context: WriteContext, policy: Policy, targetId: string): Promise<void> {
  await context.tx.policies.unassign(policy.id, targetId)
  await tellOfAssignment(context, policy.id, targetId)
  context.changed(targetId)
  await recordVersion(context, policy.id)
}

/** Kind and mode follow a change of the tags that speak of them, wherever the policy is enabled. */
export async function reassignAsTagged(
  context: WriteContext,
  { id, account }: Policy,
  { before, after }: { readonly before: PolicyTagSettings; readonly after: PolicyTagSettings },
): Promise<void> {
  const [mode, kind] = [after.mode ?? modeDefault, after.kind ?? kindDefault]
  // Wherever it is enabled: whoever may read the policy is told once.
  if (before.mode !== after.mode || before.kind !== after.kind)
    await tellOfAssignment(context, id, everywhere, { kind, mode }, account)
  if (before.mode !== after.mode) await context.tx.policies.changeModes(id, mode)
  if (before.kind === after.kind) return
  for (const { targetId, managedBy, kind: current } of await context.tx.policies.assignmentsOf(id)) {
    if (kind === 'default') await refuseSecondDefault(context, id, targetId, managedBy)
    else if (current === 'default') await refuseTooManyFinals(context, targetId, managedBy)
  }
  await context.tx.policies.changeKinds(id, kind)
}

/** Filed where it is enabled, whoever has it: those there live by it. */
export async function tellOfAssignment(
  context: WriteContext,
  policyId: string,
  target: string,
  as: { readonly kind?: AssignmentKind; readonly mode?: Mode } = {},
  node = target,
): Promise<void> {
  const facts = { target, by: whoIs(context.caller), ...as }
  const requester = requesterOf(context)
  await tell(context.tx, { kind: 'assignment.changed', node, subject: policyId, facts, requester })
}

/** Takes away the tags about all assignments of a policy where one of them now says otherwise. */
export async function dropContradictedTags(context: WriteContext, policy: Policy): Promise<void> {
  const { mode, kind } = await tagSettingsOf(context, policy)
  const assignments = await context.tx.policies.assignmentsOf(policy.id)
  const removed = [
    ...(mode !== undefined && assignments.some((one) => one.mode !== mode) ? [keyOf('policy', 'mode')] : []),
    ...(kind !== undefined && assignments.some((one) => one.kind !== kind) ? [keyOf('policy', 'kind')] : []),
  ]
  if (removed.length > 0) await changeTags(context, policy, { put: [], removed })
}

export async function refuseWhileEnabled(context: ReadContext, { id }: Policy): Promise<void> {
  const targets = (await context.tx.policies.assignmentsOf(id)).map(({ targetId }) => targetId)
  if (targets.length === 0) return
  const named = targets.slice(0, targetsNamedMax)
  refuse({
    code: 'DependencyViolation',
    what: 'ipam-policy',
    id,
    problem: { why: 'enabled-on', targets: named, others: targets.length - named.length },
  })
}

async function refuseTooManyTargets(context: ReadContext, { id }: Policy): Promise<void> {
  const { length } = await context.tx.policies.assignmentsOf(id)
  refuseTooMany({ of: 'targets' }, targetsPerPolicyMax, length + 1)
}
async function refuseTooManyFinals({ tx }: ReadContext, targetId: string, managedBy: ManagedBy): Promise<void> {
  const used = await tx.policies.countFinals(targetId, managedBy)
  if (used < finalsPerTargetMax) return
  const whose = managedBy === 'account' ? 'account' : 'administrator'
  const countedFor = { per: 'target', target: targetId, managedBy: whose } as const
  const remedy = { do: 'disable-one' } as const
  refuse({ code: 'LimitExceeded', what: { of: 'final-policies' }, limit: finalsPerTargetMax, used, countedFor, remedy })
}

/** That another policy loses its target must be said by whoever puts this one there. */
export async function refuseSecondDefault(context: ReadContext, id: string, targetId: string, managedBy: ManagedBy) {
  const other = await context.tx.policies.findDefault(targetId, managedBy)
  if (!other || other.policyId === id) return
  refuse({
    code: 'IncorrectState',
    what: 'ipam-policy',
    id,
    problem: { why: 'other-default', target: targetId, policy: other.policyId },
  })
}

/** Amazon: enabling a second policy on a target replaces the first one there. */
async function retireDefault(context: WriteContext, { id }: Policy, { targetId, managedBy }: Target): Promise<void> {
  const retired = await context.tx.policies.findDefault(targetId, managedBy)
  if (!retired || retired.policyId === id) return
  await context.tx.policies.unassign(retired.policyId, targetId)
  await tellOfAssignment(context, retired.policyId, targetId)
  await recordVersion(context, retired.policyId)
}
