// What a change request says beside what is there: of each operation, the object that it changes as it is, or was before it was made.
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { initialSettings } from '#model/policy/settings.ts'
import type { Compatibility } from '#model/policy/values.ts'
import { Refused } from '#model/refusal.ts'
import { type NativeOperation, nativeRead } from '../operation.native.ts'
import type { ReadContext, ReadOperation } from '../operation.ts'
import { namesBeside } from '../policy/labels.ts'
import { getPolicy, getPolicyDocument, getPolicyVersion, restorePolicyVersion } from '../policy/policies.native.ts'
import { namesShape } from '../policy/shapes.native.ts'
import { idText, nameShapes } from '../shapes.native.ts'
import { describeChange, inTurns, type VisibleInverse } from './change-request-lists.ts'
import { getChange, placeOfChange } from './kept-requests.ts'
import { asBound, type GovernedOperation, governedOperations } from './operations.native.ts'

/** Operations that are compared; of longer lists the first. Each reads one object. */
export const comparedMax = 50

const compared = z.object({
  operation: z.number().int().min(0).describe('The operation of this number.'),
  before: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('What it changes, as it is, or was before it was made. Absent: nothing was there, or you may not see it.')
    .meta({ examples: [{ unitId: 'ou-59bb-00000006', name: 'Prod' }] }),
  after: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('What the operation says of it, ids in place of names, with what is so by default.')
    .meta({ examples: [{ name: 'Production' }] }),
})
nameShapes({ ComparedOperation: compared })

export const compareChangeRequest = nativeRead({
  name: 'compareChangeRequest',
  summary: 'Compare what a change request says with what is there.',
  action: 'change:read',
  input: z.strictObject({ changeRequestId: idText('changeRequest').describe('`change-request-…`.') }),
  output: z.object({
    operations: z.array(compared).describe(`At most the first ${comparedMax}.`),
    names: namesShape,
  }),
  rest: { method: 'GET', path: '/change-requests/{changeRequestId}/comparison' },
  cli: 'change-request compare',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfChange,
  async run(context, { changeRequestId }) {
    const { content, inverse } = await describeChange(context, await getChange(context, changeRequestId))
    const all = content.operations.slice(0, comparedMax) as readonly GovernedOperation[]
    const bound = await asBound(all, content.bindings)
    const operations = await inTurns(context, bound, async (one, operation): Promise<z.output<typeof compared>> => {
      const before = await beforeOf(context, one, inverse)
      const after = await afterOf(context, one)
      return { operation, ...(before ? { before } : {}), ...(after ? { after } : {}) }
    })
    return { operations, names: await namesBeside(context, { bound, operations }) }
  },
})

async function beforeOf(
  context: ReadContext,
  { operation, input }: GovernedOperation,
  inverse: VisibleInverse | undefined,
): Promise<Record<string, unknown> | undefined> {
  const reading = governedOperations.get(operation)!.changes
  if (!reading) return undefined
  const asked = reading.input.safeParse(membersOf(reading, input))
  // What an operation before it makes is named by a label, and is not there.
  if (!asked.success) return undefined
  for (const one of inverse?.operations ?? []) {
    const undoes = governedOperations.get(one.operation)!
    if (undoes.changes === reading && isDeepStrictEqual(membersOf(reading, one.input), asked.data)) {
      return undoes.rest.method === 'DELETE' ? undefined : { ...one.input }
    }
    // What a policy says is undone as a whole.
    if (undoes === restorePolicyVersion && reading === getPolicyDocument && one.input.policyId === input.policyId) {
      const { documents = [] } = (await read(context, getPolicyVersion, one.input)) ?? {}
      return (documents as Record<string, unknown>[]).find(
        ({ locale, resourceType }) => locale === input.locale && resourceType === input.resourceType,
      )
    }
  }
  return read(context, reading, asked.data)
}

async function afterOf(
  context: ReadContext,
  { operation, input }: GovernedOperation,
): Promise<Record<string, unknown> | undefined> {
  const { input: shape, changes, rest } = governedOperations.get(operation)!
  if (rest.method === 'DELETE') return undefined
  const said = shape.safeParse(input).data ?? input
  const told = Object.entries(said).filter(([name]) => !(changes && name in changes.input.shape))
  if (changes !== getPolicyDocument) return Object.fromEntries(told)
  // A document is written as a whole, and what it leaves out is as its policy has it.
  const { compatibility = 'strict' } = (await read(context, getPolicy, { policyId: input.policyId })) ?? {}
  return { ...initialSettings(compatibility as Compatibility), ...Object.fromEntries(told) }
}

/** Undefined where nothing is there, or nothing for whoever asks. */
async function read(
  context: ReadContext,
  reading: NativeOperation,
  input: object,
): Promise<Record<string, unknown> | undefined> {
  try {
    return (await (reading as ReadOperation<object, unknown>).run(context, input)) as Record<string, unknown>
  } catch (error) {
    if (error instanceof Refused) return undefined
    throw error
  }
}
const membersOf = ({ input }: NativeOperation, given: object): object =>
  Object.fromEntries(Object.entries(given).filter(([name]) => name in input.shape))
