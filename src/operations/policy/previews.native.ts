// Changes of policies looked at before they are made: what is wrong with them, what they are against, and what a request would get.
import { z } from 'zod'
import type { Conflict } from '#model/policy/conflicts.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'
import { documentsBody, nativeRead } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import { nameShapes, policyName, targetName } from '../shapes.native.ts'
import { kindDefault, modeDefault } from './assignments.ts'
import {
  askedShape,
  askingAccount,
  describeExplained,
  describeParty,
  describeSupposed,
  explanation,
  requestOf,
} from './explanations.native.ts'
import { namesBeside } from './labels.ts'
import { placeOfAssignment, placeOfPolicy } from './places.ts'
import { type Previewed, previewAssignment, previewDocument } from './previews.ts'
import {
  documentParams,
  kind,
  locale,
  mode,
  namesShape,
  party,
  policyId,
  readDocument,
  resourceTypeName,
} from './shapes.native.ts'

const conflict = z.object({
  kind: z.string(),
  node: z.string().describe('Whose requests would meet it.'),
  locale: z.string(),
  resourceType: z.string(),
  parties: z.array(party).describe('Both of them.'),
  problem: z.string().describe('In words.'),
})
const compared = z.object({
  present: explanation.describe('By what holds now.'),
  supposed: explanation.describe('By what would hold then.'),
  isOnPath: z.boolean().describe('Whether the policy is then enabled on the way to the account.'),
})
const preview = z.object({
  policyId,
  version: z.number().int().optional().describe('Of a document: the number that the version would have.'),
  conflict: conflict.optional().describe('What it would be against, and be refused for.'),
  request: compared.optional().describe('What the request would get; absent where none was given.'),
  names: namesShape,
})
const asking = z
  .strictObject({ account: askingAccount, ...askedShape })
  .meta({ examples: [{ account: '222222222222' }] })
nameShapes({
  PreviewedConflict: conflict,
  PreviewedRequest: compared,
  PolicyPreview: preview,
  SupposedRequest: asking,
})

export const previewPolicyDocument = nativeRead({
  name: 'previewPolicyDocument',
  summary: 'Tell what a document of a policy would do, without writing it.',
  description: 'Refused where writing it would be; a conflict is told. A `request` takes `decision:read`.',
  action: 'policy:manage',
  input: z.strictObject({
    policyId: policyName,
    locale,
    resourceType: resourceTypeName,
    ...documentParams,
    request: asking.optional(),
  }),
  output: preview,
  rest: {
    method: 'POST',
    path: '/policies/{policyId}/documents/{locale}/{resourceType}/preview',
    body: documentsBody,
  },
  cli: 'policy-document preview',
  refusals: ['NotFound', 'NotShared', 'MalformedId', 'InvalidParameterValue', 'NotSupported', 'IncorrectState'],
  at: placeOfPolicy,
  async run(context, { policyId, request, ...params }) {
    const { locale, resourceType } = params
    const asked = request && requestOf({ ...request, locale, resourceType })
    const { version, ...found } = await previewDocument(context, policyId, readDocument(params), asked)
    return show(context, { policyId, version }, found)
  },
})

export const previewPolicyAssignment = nativeRead({
  name: 'previewPolicyAssignment',
  summary: 'Tell what enabling a policy on a target would do, without doing it.',
  description:
    'Refused where enabling it would be; a conflict is told. A `request` takes `decision:read`, a locale and a type.',
  action: 'policy:manage',
  input: z.strictObject({
    policyId: policyName,
    targetId: targetName,
    kind: kind.default(kindDefault),
    mode: mode.default(modeDefault),
    replaces: policyName.optional(),
    locale: locale.optional(),
    resourceType: resourceTypeName.optional(),
    request: asking.optional(),
  }),
  output: preview,
  rest: { method: 'POST', path: '/policies/{policyId}/assignments/{targetId}/preview' },
  cli: 'assignment preview',
  refusals: [
    'NotFound',
    'MalformedId',
    'NotEligible',
    'InvalidParameterValue',
    'InvalidParameterCombination',
    'IncorrectState',
  ],
  at: placeOfAssignment,
  async run(context, { locale, resourceType, request, ...assignment }) {
    if (request && (locale === undefined || resourceType === undefined)) {
      refuse({
        code: 'InvalidParameterCombination',
        problem: worded('a `request` is for a `locale` and a `resourceType`.'),
      })
    }
    const asked = request && requestOf({ ...request, locale: locale!, resourceType: resourceType! })
    return show(context, { policyId: assignment.policyId }, await previewAssignment(context, assignment, asked))
  },
})

// The answer ---------------------------------------------------------------------------------------------------------

async function show(
  context: ReadContext,
  named: { readonly policyId: string; readonly version?: number },
  { conflict: found, compared: of }: Previewed,
): Promise<z.output<typeof preview>> {
  const answer = {
    ...named,
    ...(found ? { conflict: showConflict(found) } : {}),
    ...(of
      ? {
          request: {
            present: await describeExplained(context, of.present),
            supposed: await describeSupposed(context, of.supposed),
            isOnPath: of.isOnPath,
          },
        }
      : {}),
  }
  return { ...answer, names: await namesBeside(context, answer) }
}
const showConflict = ({ parties, problem, ...rest }: Conflict): z.output<typeof conflict> => ({
  ...rest,
  parties: parties.map(describeParty),
  problem: problemInWords(problem)!,
})
