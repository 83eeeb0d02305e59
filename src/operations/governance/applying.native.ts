// What is governed as one state: its number, and changes of it that are made together.
import { z } from 'zod'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import { nameShapes } from '../shapes.native.ts'
import {
  bodyOfList,
  governedOperationList,
  noteOnLength,
  refusalsOfGoverned,
  runGoverned,
} from './operations.native.ts'
import { epochOf, requireEpoch } from './state.ts'

const epoch = z
  .number()
  .int()
  .min(0)
  .describe('Moves with every change of policies, pool rules, roles or the organization, by whomever and over any API.')
const state = z.object({ epoch })
const applied = z.object({
  epoch: epoch.describe('What it is afterwards.'),
  results: z
    .array(
      z.object({
        operation: z.string().meta({ examples: ['createUnit'] }),
        id: z
          .string()
          .optional()
          .describe('What it made or changed.')
          .meta({ examples: ['ou-59bb-00000006'] }),
        as: z
          .string()
          .optional()
          .describe('Its label.')
          .meta({ examples: ['prod'] }),
      }),
    )
    .describe('What each operation made or changed, in their order.'),
})
nameShapes({ GovernanceState: state, AppliedGovernance: applied })

export const getGovernance = nativeRead({
  name: 'getGovernance',
  summary:
    'Show the number of the state of all that is governed: whoever plans a change says which one it was made for.',
  action: 'policy:read',
  input: z.strictObject({}),
  output: state,
  rest: { method: 'GET', path: '/governance' },
  cli: 'governance show',
  refusals: [],
  at: 'own',
  run: async (context) => ({ epoch: epochOf(context) }),
})

export const applyGovernance = nativeWrite({
  name: 'applyGovernance',
  summary: 'Make several changes of governance in one transaction: all of them, or none.',
  description:
    'Each is an operation of this description with its input, and is permitted to whoever might ask for it alone. What a refusal says is of the first that is refused, whose number it has. Later operations name what earlier ones made by its name or by a label. Conflicts of policies are looked for when all are done. A dry run tells what would be answered, and what it would make of space in use.',
  action: 'policy:manage',
  input: z.strictObject({
    operations: governedOperationList.describe(`What is to be done, in this order. ${noteOnLength}`),
    expectedEpoch: epoch
      .optional()
      .describe('The state that it was planned for (`GET /governance`): refused where there is another one by now.'),
  }),
  output: applied,
  rest: { method: 'POST', path: '/governance/apply', body: bodyOfList },
  cli: 'governance apply',
  refusals: [...refusalsOfGoverned, 'PreconditionFailed'],
  // Every operation asks for its own action, at its own place, of the roles and of the scopes of the token.
  at: 'own',
  needsNoScope: () => true,
  isList: true,
  propose: ({ operations }) => operations,
  async run(context, { operations, expectedEpoch }) {
    requireEpoch(context, expectedEpoch)
    const { results } = await runGoverned(context, operations)
    return { epoch: epochOf(context), results: [...results] }
  },
})

export const governanceOperations = [getGovernance, applyGovernance] as const
