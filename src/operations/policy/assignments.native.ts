// Where policies are enabled, as what, and in which mode.
import { z } from 'zod'
import type { Assignment } from '#model/policy/document.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import { type Place, permitter, requirePermission } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import {
  accountId,
  formatInstant,
  gatherPage,
  instant,
  nameShapes,
  pageOf,
  paging,
  policyName,
  targetName,
} from '../shapes.native.ts'
import { assign, dropContradictedTags, getTarget, kindDefault, modeDefault, unassign } from './assignments.ts'
import { actingOn, findPolicy, placeOfPolicy } from './policies.native.ts'
import { kind, mode, policyId, targetId } from './shapes.native.ts'

const assignment = z.object({
  policyId,
  targetId,
  account: accountId.describe('Whose policy it is.'),
  kind,
  mode,
  managedBy: z
    .enum(['account', 'delegated-administrator-for-ipam'])
    .describe("`account`: self-enabled, which counts only where no administrator's assignment is on the path."),
  assignedAt: instant,
})
nameShapes({ PolicyAssignment: assignment })

export const listPolicyAssignments = nativeRead({
  name: 'listPolicyAssignments',
  summary: 'List where policies are enabled, as far as you may see the policy or the target.',
  action: 'policy:read',
  input: z.strictObject({
    ...paging,
    policyId: policyName.optional().describe('Only those of this policy.'),
    targetId: targetName.optional().describe('Only those on exactly this target.'),
    mode: mode.optional().describe('Only those in this mode.'),
  }),
  output: pageOf(assignment),
  rest: { method: 'GET', path: '/assignments' },
  cli: 'assignment list',
  columns: ['policyId', 'targetId', 'kind', 'mode', 'managedBy'],
  refusals: ['InvalidPaginationToken', 'MalformedId'],
  at: 'filtered',
  async run(context, { policyId, targetId, mode, ...params }) {
    const isPermitted = await permitter(context, 'policy:read')
    const isWanted = (row: Assignment): boolean =>
      (policyId === undefined || row.policyId === policyId) &&
      (targetId === undefined || row.targetId === targetId) &&
      (mode === undefined || row.mode === mode)
    return gatherPage(context, params, {
      start: '/',
      read: (after, limit) => {
        const [policy, target] = after.split('/') as [string, string]
        return context.tx.policies.listAssignments({ policyId: policy, targetId: target ?? '' }, limit)
      },
      key: ({ policyId, targetId }) => `${policyId}/${targetId}`,
      show: async (row) =>
        isWanted(row) && (isPermitted(row.targetId) || isPermitted(row.account)) ? describe(row) : undefined,
    })
  },
})

export const getPolicyAssignment = nativeRead({
  name: 'getPolicyAssignment',
  summary: 'Show how a policy is enabled on a target.',
  action: 'policy:read',
  input: z.strictObject({ policyId: policyName, targetId: targetName }),
  output: assignment,
  rest: { method: 'GET', path: '/policies/{policyId}/assignments/{targetId}' },
  cli: 'assignment show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfPolicy,
  run: async (context, input) => describe(await getAssignment(context, input)),
})

export const putPolicyAssignment = nativeWrite({
  name: 'putPolicyAssignment',
  summary: 'Enable a policy on a target, or change as what and in which mode it is.',
  description:
    "The organization's delegated administrator of IPAM enables policies anywhere in it, every other account on itself. You need `policy:manage` at the target and at the policy's account. A superseded tag that says otherwise is taken away.",
  action: 'policy:manage',
  input: z.strictObject({
    policyId: policyName,
    targetId: targetName,
    kind: kind.default(kindDefault),
    mode: mode.default(modeDefault),
    replaces: policyName
      .optional()
      .describe('The default policy of the target that gives way to this one, in the same step.'),
  }),
  output: assignment,
  rest: { method: 'PUT', path: '/policies/{policyId}/assignments/{targetId}' },
  cli: 'assignment put',
  refusals: [
    'NotFound',
    'MalformedId',
    'NotEligible',
    'NotSupported',
    'IncorrectState',
    'LimitExceeded',
    'PolicyConflict',
    'InvalidParameterValue',
  ],
  changes: getPolicyAssignment,
  at: placeOfAssignment,
  async run(context, { policyId, targetId, kind, mode, replaces }) {
    const { acting, found } = await actingOn(context, policyId)
    const target = getTarget(acting, await context.snapshot(), targetId)
    if (replaces !== undefined) {
      const standing = await context.tx.policies.findDefault(targetId, target.managedBy)
      if (standing?.policyId !== replaces || kind !== 'default' || replaces === policyId) {
        const problem = `it must be the default policy of \`${targetId}\` that this default takes the place of`
        refuse({ code: 'InvalidParameterValue', field: 'replaces', value: replaces, problem })
      }
    }
    await assign(acting, found, { ...target, kind, mode, replaces: replaces !== undefined })
    await dropContradictedTags(acting, found)
    return describe(await getAssignment(context, { policyId, targetId }))
  },
})

export const deletePolicyAssignment = nativeWrite({
  name: 'deletePolicyAssignment',
  summary: 'Take a policy off a target.',
  action: 'policy:manage',
  input: z.strictObject({ policyId: policyName, targetId: targetName }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/policies/{policyId}/assignments/{targetId}', status: 204 },
  cli: 'assignment delete',
  refusals: ['NotFound', 'MalformedId', 'PolicyConflict'],
  changes: getPolicyAssignment,
  at: placeOfAssignment,
  async run(context, input) {
    await getAssignment(context, input)
    const { acting, found } = await actingOn(context, input.policyId)
    await unassign(acting, found, input.targetId)
  },
})

/** The policy's owner has a say, and so has whoever answers for the target: both must permit it. */
export async function placeOfAssignment(
  context: ReadContext,
  input: { readonly policyId: string; readonly targetId: string; readonly replaces?: string },
): Promise<Place> {
  await requirePermission(context, 'policy:manage', await placeOfPolicy(context, input))
  if (input.replaces !== undefined) {
    await requirePermission(context, 'policy:manage', await placeOfPolicy(context, { policyId: input.replaces }))
  }
  return placeOfNode(context, input.targetId)
}

async function getAssignment(context: ReadContext, { policyId, targetId }: { policyId: string; targetId: string }) {
  const { account } = await findPolicy(context, policyId)
  const found = await context.tx.policies.findAssignment(policyId, targetId)
  const absent: Refusal = { code: 'NotFound', what: 'policy-assignment', id: `${policyId}/${targetId}` }
  return found ? { ...found, account } : refuse(absent)
}

function describe({
  policyId,
  targetId,
  account,
  kind,
  mode,
  managedBy,
  assignedAt,
}: Assignment & { readonly account: string; readonly assignedAt: number }): z.output<typeof assignment> {
  return { policyId, targetId, account, kind, mode, managedBy, assignedAt: formatInstant(assignedAt) }
}
