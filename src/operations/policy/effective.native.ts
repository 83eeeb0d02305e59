// What is in force at a node of the organization for one locale and type, and where each part of it comes from.
import { z } from 'zod'
import { isAccountId } from '#model/organization.ts'
import type { EffectiveAssignment, EffectiveDocument, EffectiveWorld } from '#model/policy/effective.ts'
import type { FieldShape, ResolvedSize, Sourced } from '#model/policy/setting.ts'
import { type AnySetting, forEachSetting } from '#model/policy/settings.ts'
import { type About, reasonInWords } from '#model/policy/trace-words.ts'
import { assignmentKindValues, modeValues, type RequiredTag } from '#model/policy/values.ts'
import { placeOfNode } from '../identity/roles.ts'
import { nativeRead } from '../operation.native.ts'
import {
  answerPage,
  formatInstant,
  instant,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
  targetName,
} from '../shapes.native.ts'
import { effectivePolicy } from './effective.ts'
import { describeParty } from './explanations.native.ts'
import { namesBeside } from './labels.ts'
import { listMatrix } from './matrix.ts'
import {
  condition,
  locale,
  namesShape,
  party,
  poolId,
  resourceTypeName,
  showCondition,
  shownGrants,
} from './shapes.native.ts'

const sourced = <T extends z.ZodType>(value: T) => z.object({ value, by: party })
const bound = sourced(z.number().int())
const size = z.object({ min: bound, default: bound, max: bound })

/** How a setting is shown where those of several documents are merged: each value with whose it is. */
const kinds: {
  readonly [K in FieldShape['kind']]: {
    shape(setting: AnySetting): z.ZodType
    show(resolved: unknown): unknown
  }
} = {
  choice: {
    shape: ({ shape, summary }) =>
      sourced(z.enum((shape as Extract<FieldShape, { kind: 'choice' }>).values).describe(summary)),
    show: (resolved) => showSourced(resolved as Sourced<string>),
  },
  lengths: { shape: () => size.optional(), show: (resolved) => resolved && showSize(resolved as ResolvedSize) },
  tags: {
    shape: () => z.array(sourced(z.object({ key: z.string(), value: z.string().optional() }))),
    show: (resolved) => (resolved as readonly Sourced<RequiredTag>[]).map(showSourced),
  },
}
const resolvedShape = forEachSetting((_, setting) => kinds[setting.shape.kind].shape(setting))

const rule = z.object({
  poolId,
  number: z.number().int().describe('The place in its document, counted from 1.'),
  inForce: z
    .enum(['yes', 'no', 'depends'])
    .describe('`depends`: at a unit or root, conditions tell the accounts below apart.'),
  because: z.string().optional().describe('Why it is not in force here.'),
  excludedBy: party.optional().describe('The final that does not list the pool.'),
  when: condition.optional().describe('Also absent where you may not read the policy.'),
})
const document = z.object({
  by: party.describe('Who gives the pools and their order.'),
  rules: z.array(rule),
  ...resolvedShape,
  narrowings: z
    .array(z.object({ by: party, setting: z.string(), from: z.string(), to: z.string() }))
    .describe('What finals have made stricter than the document that gives the order has it.'),
})
const world = z.object({
  document: document.optional().describe('Absent where no document applies.'),
  unmatched: z
    .object({ value: z.enum(['provider', 'deny']), ipamId: z.string().optional() })
    .describe('What a request gets where no document applies, and the IPAM that says so.'),
})
const effectiveAssignment = z.object({
  ...party.shape,
  kind: z.enum(assignmentKindValues),
  mode: z.enum(modeValues),
  managedBy: z.enum(['account', 'delegated-administrator-for-ipam']),
  part: z
    .enum(['order', 'narrows', 'hidden', 'no-document', 'not-counted'])
    .describe(
      '`order`: gives the pools. `narrows`: a final that counts. `hidden`: behind a nearer default. `not-counted`: self-enabled, below what an administrator says.',
    ),
})
const showAssignment = ({ party, ...rest }: EffectiveAssignment): z.output<typeof effectiveAssignment> => ({
  ...describeParty(party),
  ...rest,
})
nameShapes({
  EffectiveAssignment: effectiveAssignment,
  EffectiveLength: bound,
  EffectiveSize: size,
  EffectiveRule: rule,
  EffectiveDocument: document,
  EffectiveContent: world,
})

export const getEffectivePolicy = nativeRead({
  name: 'getEffectivePolicy',
  summary: 'Show what is in force at a node for one locale and resource type, and where each part comes from.',
  description:
    'At an account it is what every request of the account is decided by; at a unit or root what the accounts below begin with.',
  action: 'policy:read',
  input: z.strictObject({
    node: targetName,
    locale,
    resourceType: resourceTypeName,
  }),
  output: z.object({
    node: z.string(),
    path: z.array(z.string()).describe('From the root to the node.'),
    locale: z.string(),
    resourceType: z.string(),
    enforced: world.describe('What acts.'),
    warned: world
      .optional()
      .describe('What would act if assignments that warn were enforced; absent where none warns.'),
    observed: world
      .optional()
      .describe('What would act if assignments that warn or observe were enforced; absent where none observes.'),
    assignments: z.array(effectiveAssignment).describe('All on the path that are not off, from the root down.'),
    selfEnabled: z
      .object({
        counts: z.boolean().describe('Whether a policy that the account enables on itself counts.'),
        because: party.optional().describe('The assignment for which it does not.'),
        document: document.optional().describe('What the one that is enabled comes to, or would if it counted.'),
      })
      .optional()
      .describe('At an account alone.'),
    exceptions: z
      .array(
        z.object({
          exceptionId: z.string(),
          target: z.string(),
          resource: z.string().optional().describe('Only for resources whose name matches.'),
          grants: shownGrants,
          startsAt: instant,
          expiresAt: instant,
          isInForce: z.boolean(),
        }),
      )
      .describe(
        'Those on the path that are in force, or will be; the nearest first. Those for some resources alone only where you may read them.',
      ),
    names: namesShape,
  }),
  rest: { method: 'GET', path: '/effective-policies' },
  cli: 'policy effective',
  refusals: ['NotFound', 'InvalidParameterValue'],
  at: async (context, { node }) => placeOfNode(context, node),
  async run(context, { node, ...pair }) {
    const view = await effectivePolicy(context, node, pair)
    const about = { account: view.node, ...pair }
    const answer = {
      node,
      path: [...view.path],
      ...pair,
      enforced: describeWorld(view.enforced, about),
      ...(view.warned ? { warned: describeWorld(view.warned, about) } : {}),
      ...(view.observed ? { observed: describeWorld(view.observed, about) } : {}),
      assignments: view.assignments.map(showAssignment),
      ...(view.selfEnabled
        ? {
            selfEnabled: {
              counts: view.selfEnabled.counts,
              ...(view.selfEnabled.because ? { because: describeParty(view.selfEnabled.because) } : {}),
              ...(view.selfEnabled.document ? { document: describeDocument(view.selfEnabled.document, about) } : {}),
            },
          }
        : {}),
      exceptions: view.exceptions.map(({ id, target, resource, grants, startsAt, expiresAt, isInForce }) => ({
        exceptionId: id,
        target,
        ...(resource === undefined ? {} : { resource }),
        grants: { ...grants, pools: [...grants.pools] },
        startsAt: formatInstant(startsAt),
        expiresAt: formatInstant(expiresAt),
        isInForce,
      })),
    }
    return { ...answer, names: await namesBeside(context, answer, isAccountId(node) ? node : undefined) }
  },
})

const cell = z.object({
  locale: z.string(),
  resourceType: z.string(),
  assignments: z.array(effectiveAssignment).describe('Those with a document for it, from the root down.'),
})
const row = z.object({
  node: z.string(),
  kind: z.enum(['root', 'organizational-unit', 'account']),
  parentId: z.string().optional(),
  cells: z.array(cell),
  isWhole: z.boolean().describe('Whether these are all of them.'),
})
nameShapes({ PolicyMatrixCell: cell, PolicyMatrixRow: row })

export const listPolicyMatrix = nativeRead({
  name: 'listPolicyMatrix',
  summary: 'List which policy speaks where of which locale and type, by which assignment and in which mode.',
  action: 'policy:read',
  input: z.strictObject({
    ...paging,
    parentId: targetName.optional().describe('Only nodes directly under this one.'),
    kind: row.shape.kind.optional().describe('Only nodes of this kind.'),
    locale: locale.optional(),
    resourceType: resourceTypeName.optional(),
  }),
  output: pageOf(row),
  rest: { method: 'GET', path: '/policy-matrix' },
  cli: 'policy matrix',
  columns: ['node', 'kind', 'cells'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  run: async (context, { parentId, kind, locale, resourceType, ...asked }) =>
    answerPage(
      await listMatrix(context, { parentId, kind, locale, resourceType }, pageAsked(asked)),
      ({ node, cells, isWhole }) => ({
        node: node.id,
        kind: node.kind,
        ...(node.parentId === undefined ? {} : { parentId: node.parentId }),
        cells: cells.map(({ assignments, ...pair }) => ({ ...pair, assignments: assignments.map(showAssignment) })),
        isWhole,
      }),
    ),
})

const describeWorld = (
  { document, unmatched: { value, ipam } }: EffectiveWorld,
  about: About,
): z.output<typeof world> => ({
  ...(document ? { document: describeDocument(document, about) } : {}),
  unmatched: { value, ...(ipam === undefined ? {} : { ipamId: ipam }) },
})

function describeDocument(
  { by, rules, narrowings, ...settings }: EffectiveDocument,
  about: About,
): z.output<typeof document> {
  return {
    by: describeParty(by),
    rules: rules.map(({ pool, number, inForce, because, excludedBy, when }) => ({
      poolId: pool,
      number,
      inForce,
      ...(because ? { because: reasonInWords(because, about) } : {}),
      ...(excludedBy ? { excludedBy: describeParty(excludedBy) } : {}),
      ...(when ? { when: showCondition(when) } : {}),
    })),
    ...forEachSetting((name, setting) => kinds[setting.shape.kind].show(settings[name])),
    narrowings: narrowings.map(({ by, ...rest }) => ({ by: describeParty(by), ...rest })),
  }
}
const showSourced = <T>({ value, by }: Sourced<T>) => ({ value, by: describeParty(by) })
const showSize = ({ min, default: asked, max }: ResolvedSize) => ({
  min: showSourced(min),
  default: showSourced(asked),
  max: showSourced(max),
})
