// Where policies are enabled, as what, and in which mode.
import { z } from 'zod'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import {
  accountId,
  answerPage,
  filterOf,
  formatInstant,
  instant,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
  policyName,
  targetName,
} from '../shapes.native.ts'
import { enable, kindDefault, modeDefault, unassign } from './assignments.ts'
import {
  type AssignmentId,
  actingOn,
  type DescribedAssignment,
  getAssignment,
  getDescribedAssignment,
  listAssignments,
  placeOfAssignment,
  placeOfPolicy,
} from './places.ts'
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
  run: async (context, input) => answerPage(await listAssignments(context, filterOf(input), pageAsked(input)), show),
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
  run: (context, input) => describe(context, input),
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
    await enable(acting, found, { targetId, kind, mode, replaces })
    return describe(context, { policyId, targetId })
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
    const { acting, found } = await actingOn(context, input.policyId)
    await getAssignment(context, input)
    await unassign(acting, found, input.targetId)
  },
})

const describe = async (context: ReadContext, id: AssignmentId): Promise<z.output<typeof assignment>> =>
  show(await getDescribedAssignment(context, id))

function show({
  policyId,
  targetId,
  account,
  kind,
  mode,
  managedBy,
  assignedAt,
}: DescribedAssignment): z.output<typeof assignment> {
  return { policyId, targetId, account, kind, mode, managedBy, assignedAt: formatInstant(assignedAt) }
}
