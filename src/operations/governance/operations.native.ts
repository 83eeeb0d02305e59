// Changes of governance as intent: a list of native operations with their inputs, done in one transaction or not at all.
import { z } from 'zod'
import { isIdLike } from '#model/name.ts'
import { worded } from '#model/problems/worded.ts'
import { numbered, type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import { createRoleBinding, deleteRoleBinding } from '../identity/roles.native.ts'
import { ipamOperations } from '../ipam/ipams.native.ts'
import { poolCidrOperations } from '../ipam/pool-cidrs.native.ts'
import { poolOperations } from '../ipam/pools.native.ts'
import { scopeOperations } from '../ipam/scopes.native.ts'
import { replaceNames } from '../names.native.ts'
import type { BodyBounds, NativeOperation } from '../operation.native.ts'
import type { WriteContext, WriteOperation } from '../operation.ts'
import { organizationOperations } from '../organization/organization.native.ts'
import { deletePolicyAssignment, putPolicyAssignment } from '../policy/assignments.native.ts'
import { candidateOperations, draftPolicyVersion } from '../policy/candidates.native.ts'
import { exceptionOperations } from '../policy/exceptions.native.ts'
import {
  createPolicy,
  deletePolicy,
  deletePolicyDocument,
  putPolicyDocument,
  restorePolicyVersion,
  updatePolicy,
} from '../policy/policies.native.ts'
import { resourceTypeOperations } from '../policy/resource-types.native.ts'
import { nameShapes } from '../shapes.native.ts'
import { boundList, listBody, operationsOfPartMax } from './list-bounds.ts'
import { beginList } from './state.ts'

// Which ones ---------------------------------------------------------------------------------------------------------

/**
 * Not among others: what is done at once by its nature and looked at afterwards is proposed to nobody, and a list of
 * lists would have two numbers for what was refused.
 */
const aloneOnly: ReadonlySet<string> = new Set(['breakGlass', 'reviewException', 'createAccounts'])

/** By their names: what changes policies, where they are enabled, exceptions, roles, the organization and what pools allow. */
export const governedOperations: ReadonlyMap<string, NativeOperation> = new Map(
  [
    createPolicy,
    updatePolicy,
    deletePolicy,
    restorePolicyVersion,
    draftPolicyVersion,
    putPolicyDocument,
    deletePolicyDocument,
    putPolicyAssignment,
    deletePolicyAssignment,
    ...candidateOperations,
    ...exceptionOperations,
    createRoleBinding,
    deleteRoleBinding,
    ...organizationOperations,
    ...ipamOperations,
    ...scopeOperations,
    ...poolOperations,
    ...poolCidrOperations,
    ...resourceTypeOperations,
  ]
    .filter(({ access, name }) => access === 'write' && !aloneOnly.has(name))
    .map((operation) => [operation.name, operation]),
)

/** Of what has a list of them: whoever may do none of it anywhere has no use for a long one. */
export const bodyOfList: BodyBounds = {
  ...listBody,
  actions: [...new Set([...governedOperations.values()].map(({ action }) => action))],
}

/** What any of them refuses. */
export const refusalsOfGoverned: readonly Refusal['code'][] = [
  ...new Set([...governedOperations.values()].flatMap(({ refusals }) => refusals)),
]

// The shape of a list ------------------------------------------------------------------------------------------------

/** Of one request. A pool with two CIDRs is three. */
export const operationsMax = 5_000

const labelPattern = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
const exampleOfOne = { operation: 'createUnit', input: { name: 'Prod', parentId: 'r-59bb' }, as: 'prod' }
const exampleOfTwo = {
  operation: 'putPolicyAssignment',
  input: { policyId: 'edge-addresses', targetId: '$prod', kind: 'default' },
}
const label = z
  .string()
  .regex(labelPattern, 'a letter is expected, then letters, digits, `-` and `_`, at most 64 in all')
  .describe(
    'What later operations call what this one makes: `$edge` stands for its id wherever they name something, and `$edge.privateScopeId` for another member of its answer.',
  )
export const governedOperation = z
  .strictObject({
    operation: z
      .enum([...governedOperations.keys()] as [string, ...string[]])
      .describe('The operation, by its name in this description.'),
    input: z
      .record(z.string(), z.unknown())
      .describe('What it takes: the members of its path, its query and its body together.'),
    as: label.optional(),
  })
  .meta({ examples: [exampleOfOne] })
/** Of a list, how long it may be. */
export const noteOnLength = `At most ${operationsOfPartMax}, unless you may manage the organization, policies or IPAM at its top: meanwhile nobody else changes anything.`
export const governedOperationList = z
  .array(governedOperation)
  .min(1)
  .max(operationsMax)
  .meta({ examples: [[exampleOfOne, exampleOfTwo]] })
nameShapes({ GovernedOperation: governedOperation })

/** What is to be done, in its order. */
export type GovernedOperation = z.output<typeof governedOperation>

export interface GovernedResult {
  readonly operation: string
  /** What it made or changed; of what is gone, nothing. */
  readonly id?: string
  readonly as?: string
}

// Doing it -----------------------------------------------------------------------------------------------------------

/**
 * Does all of it in the transaction of the request, each as if the caller had asked for it alone: their rights are asked for each,
 * and the first that is refused ends all of them with its number. Conflicts of policies are looked for when all is done.
 * @param how.isPrepared it undoes what was done before, and may be longer than what somebody asks for
 */
export async function runGoverned(
  context: WriteContext,
  operations: readonly GovernedOperation[],
  { isPrepared = false } = {},
): Promise<GovernedResult[]> {
  // What undoes a list that was bounded is as long as that makes it.
  if (isPrepared) beginList(context)
  else await boundList(context, operations)
  const made = new Map<string, object>()
  const results: GovernedResult[] = []
  for (const [index, { operation: name, input, as }] of operations.entries()) {
    await numbered(index, async () => {
      if (as !== undefined && made.has(as)) refuseValue('as', as, worded('an operation before has this label'))
      const operation = governedOperations.get(name)!
      const asked = inputOf(name, await replaceNames(operation.input, input, (text) => meant(made, text)))
      const run = () => (operation as WriteOperation<object, unknown>).run(context, asked)
      const lags = mayLag(name, asked)
      // What a run of pools has read once may be otherwise by what another operation does.
      if (!lags) await context.catchUp()
      const output = await (lags ? context.lagging(run) : run())
      const answer = (output ?? {}) as Readonly<Record<string, unknown>>
      if (as !== undefined) made.set(as, answer)
      const id = idIn(answer)
      results.push({ operation: name, ...(id === undefined ? {} : { id }), ...(as === undefined ? {} : { as }) })
    })
  }
  await context.catchUp()
  return results
}

/**
 * Whether an operation decides nothing by the pools that those before it have made, in the rules as they are compiled: it names what it
 * needs by id, asks only whether the caller may, and nothing of who shares what.
 */
function mayLag(name: string, input: object): boolean {
  if (name !== 'createPool' && name !== 'provisionPoolCidr') return false
  const { scopeId, parentPoolId, poolId, ...rest } = input as Readonly<Record<string, unknown>>
  const isNamedById = [scopeId, parentPoolId, poolId].every((id) => id === undefined || isIdLike(String(id)))
  return (
    isNamedById && ['sharedWith', 'sourceVpcId', 'sourceAllocationId'].every((member) => rest[member] === undefined)
  )
}

/** Every answer begins with what names the thing that it shows. */
function idIn(answer: object): string | undefined {
  const [first] = Object.values(answer)
  return typeof first === 'string' ? first : undefined
}

/** A label is one only where an operation before has it: else the text is a name like any other. */
function meant(made: ReadonlyMap<string, object>, text: string): string {
  const [, label, member] = /^\$([^.]+)(?:\.(\w+))?$/.exec(text) ?? []
  const answer = label === undefined ? undefined : made.get(label)
  if (!answer) return text
  const value = member === undefined ? idIn(answer) : (answer as Readonly<Record<string, unknown>>)[member]
  return typeof value === 'string' ? value : refuseValue('input', text, worded('what it labels has no such member'))
}

/** Refuses of what is not tried yet what can never be done: what no operation takes. Labels stand for what nobody knows yet. */
export async function refuseMisshapen(operations: readonly GovernedOperation[]): Promise<void> {
  for (const [index, { operation, input }] of operations.entries()) {
    if (JSON.stringify(input).includes('"$')) continue
    await numbered(index, async () => void inputOf(operation, input))
  }
}

interface Reading {
  readonly strict: z.ZodObject
  /** Members that are text in a path or query. */
  readonly texts: ReadonlySet<string>
}
const readingOf = ({ input, rest }: NativeOperation): Reading => {
  const texts = new Set([...rest.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!))
  if (rest.method === 'DELETE') for (const name of Object.keys(input.shape)) texts.add(name)
  return { strict: z.strictObject(input.shape), texts }
}
/** Made once for each: a shape compiles what reads it, which takes longer than to read. */
const readings: ReadonlyMap<string, Reading> = new Map(
  [...governedOperations].map(([name, operation]) => [name, readingOf(operation)]),
)

/** What an operation takes, out of JSON: refused as its own route refuses it. */
function inputOf(name: string, given: object): object {
  const { strict, texts } = readings.get(name)!
  const { data, error } = strict.safeParse(withTexts(given, texts))
  if (!error) return data as object
  // A name that nobody knows goes first: it is most often why another one is missing.
  for (const issue of error.issues) {
    if (issue.code !== 'unrecognized_keys') continue
    refuse({ code: 'UnknownParameter', field: [...issue.path, issue.keys[0]!].join('.') })
  }
  const [{ path, message }] = error.issues as [z.core.$ZodIssue]
  const value = path.reduce<unknown>((within, name) => (within as Record<PropertyKey, unknown>)?.[name], given)
  const field = path.join('.') || 'input'
  if (value === undefined) refuse({ code: 'MissingParameter', field })
  return refuseValue(field, typeof value === 'string' ? value : JSON.stringify(value), worded(message))
}

/** What stands in a path or query is text there; here it may be what it means. */
const withTexts = (given: object, texts: ReadonlySet<string>): object =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      texts.has(name) && (typeof value === 'boolean' || typeof value === 'number') ? String(value) : value,
    ]),
  )
