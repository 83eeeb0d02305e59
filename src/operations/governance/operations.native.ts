// Changes of governance as intent: a list of native operations with their inputs, done in one transaction or not at all.
import { z } from 'zod'
import { isIdLike } from '#model/name.ts'
import { worded } from '#model/problems/worded.ts'
import { naming, numbered, type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import { createRoleBinding, deleteRoleBinding } from '../identity/roles.native.ts'
import { ipamOperations } from '../ipam/ipams.native.ts'
import { poolCidrOperations } from '../ipam/pool-cidrs.native.ts'
import { readAheadOfDropping, readAheadOfMaking } from '../ipam/pool-requests.ts'
import { poolOperations } from '../ipam/pools.native.ts'
import { scopeOperations } from '../ipam/scopes.native.ts'
import { namesIn, replacerOf, withKnown } from '../names.native.ts'
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
import { ListTerms, labelReference } from './list-terms.ts'
import type { Binding, DoneList, ListHow } from './proposed.ts'
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
    'What later operations call what this one makes: `$edge` stands for its id wherever they name something, and `$edge.privateScopeId` for another member of its answer: so a version that one drafts is named `$draft.version`.',
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
export const noteOnLength = `At most ${operationsOfPartMax}, unless you may manage the organization, policies or IPAM at its top.`
export const governedOperationList = z
  .array(governedOperation)
  .min(1)
  .max(operationsMax)
  .meta({ id: 'GovernedOperations', examples: [[exampleOfOne, exampleOfTwo]] })
nameShapes({ GovernedOperation: governedOperation })

/** What is to be done, in its order. */
export type GovernedOperation = z.output<typeof governedOperation>

// Doing it -----------------------------------------------------------------------------------------------------------

/**
 * Does all of it in the transaction of the request, each as if the caller had asked for it alone: their rights are asked for each,
 * and the first that is refused ends all of them with its number. Conflicts of policies are looked for when all is done.
 * @param how.isPrepared it undoes what was done before, and may be longer than what somebody asks for
 */
export async function runGoverned(
  context: WriteContext,
  operations: readonly GovernedOperation[],
  { from = 0, to = operations.length, bindings, made: before = [], isPrepared = false, behind }: ListHow = {},
): Promise<DoneList> {
  // What undoes a list that was bounded is as long as that makes it.
  if (isPrepared) beginList(context)
  else await boundList(context, operations.slice(from, to))
  const list = new ListTerms(operations, before)
  const [results, found]: [DoneList['results'][number][], Binding[]] = [[], []]
  const run: Run = { kind: undefined, left: new Set(), aheadTo: from }
  for (let index = from; index < to; index++) {
    await numbered(index, async () => {
      const { operation: name, as } = operations[index]!
      const binding = bindings?.[index]
      const done = await runOne(context, { operations, to, list, run }, index, binding)
      found.push(binding ?? done.binding)
      const id = idIn(done.answer)
      results.push({ operation: name, ...(id === undefined ? {} : { id }), ...(as === undefined ? {} : { as }) })
    })
    if (behind?.counts.includes(index + 1)) await behind.call()
  }
  await context.catchUp()
  return { results, bindings: found, made: list.made }
}

interface Listed {
  readonly operations: readonly GovernedOperation[]
  readonly to: number
  readonly list: ListTerms
  readonly run: Run
}
async function runOne(
  context: WriteContext,
  { operations, to, list, run: lag }: Listed,
  index: number,
  binding: Binding | undefined,
): Promise<{ readonly answer: object; readonly binding: Binding }> {
  const { operation: name, input } = operations[index]!
  const operation = governedOperations.get(name)!
  const asked = inputOf(name, await readings.get(name)!.replace(input, (text) => list.meant(index, text)))
  const met = { known: binding?.names.map((one) => list.idOf(one)), found: [] as string[] }
  const run = async () => {
    const identified = await naming({}, async () => operation.names?.(context, operation.action, asked, met) ?? asked)
    await list.refuseOwnVersion(context, identified, input)
    const pins = binding ? list.valuesOf(binding.pins) : await operation.pin?.(context, identified as never)
    const output = await (operation as WriteOperation<object, unknown>).run(context, { ...pins, ...identified })
    return { output, pins: pins && list.inItsTerms(identified, pins) }
  }
  const kind = runOf(name, asked, lag.left)
  // What a run of pools has read once may be otherwise by what another operation does.
  if (kind === undefined || kind !== lag.kind) {
    await context.catchUp()
    lag.left.clear()
  }
  if (kind === 'leaving') lag.left.add(accountIn(asked))
  const isNew = kind !== lag.kind || index >= lag.aheadTo
  lag.kind = kind
  const runAhead = async () => {
    if (isNew) lag.aheadTo = (await readAhead(context, operations.slice(index, Math.min(index + aheadMax, to)))) + index
    return run()
  }
  const { output, pins } = await (kind === undefined ? run() : context.lagging(runAhead))
  const names = met.found.map((id) => list.referenceTo(id))
  const answer = (output ?? {}) as object
  list.add(index, answer)
  return { answer, binding: { names, ...(pins ? { pins } : {}) } }
}

/** A list as it was bound: with ids in place of names, and the states that were looked at. Undefined bindings: as it is. */
export async function asBound(
  operations: readonly GovernedOperation[],
  bindings: readonly Binding[] | undefined,
): Promise<readonly GovernedOperation[]> {
  const bound: GovernedOperation[] = []
  for (const [index, one] of operations.entries()) {
    const { names = [], pins = {} } = bindings?.[index] ?? {}
    const { input } = governedOperations.get(one.operation)!
    const known = await withKnown(input, one.input, names, (text) => labelReference.test(text))
    // Nobody changes in between what the list itself makes.
    const outside = Object.entries(pins).filter(([, value]) => !value.startsWith('$'))
    bound.push({ ...one, input: { ...Object.fromEntries(outside), ...known } })
  }
  return bound
}

export interface Reference {
  /** The number of the operation. */
  readonly operation: number
  readonly name: string
  /** Undefined: what an operation before makes. */
  readonly id: string | undefined
}
/** What the names in a list stand for, as it was bound. */
export async function referencesIn(
  operations: readonly GovernedOperation[],
  bindings: readonly Binding[],
): Promise<readonly Reference[]> {
  const references: Reference[] = []
  for (const [index, { operation, input }] of operations.entries()) {
    const bound = bindings[index]?.names ?? []
    if (bound.length === 0) continue
    const names = await namesIn(governedOperations.get(operation)!.input, input, (text) => labelReference.test(text))
    for (const [at, name] of names.entries()) {
      const id = bound[at]
      references.push({ operation: index, name, id: id?.startsWith('$') ? undefined : id })
    }
  }
  return references
}

export interface LookedAt {
  /** The number of the operation. */
  readonly operation: number
  readonly state: NonNullable<Binding['pins']>
}
/** In which state what a list lets act was looked at, as it was bound. */
export const lookedAtIn = (bindings: readonly Binding[]): readonly LookedAt[] =>
  bindings.flatMap(({ pins }, operation) => (pins ? [{ operation, state: pins }] : []))

/** Operations of a list that follow one another and need not see in the rules what those before them did. */
interface Run {
  kind: 'making' | 'dropping' | 'accounts' | 'leaving' | undefined
  /** Accounts that have left in it: whoever names one again is answered by the rules without it. */
  readonly left: Set<unknown>
  /** Before which of them what they ask for was read. */
  aheadTo: number
}
/** Operations of which it is read together what they ask for. */
const aheadMax = 250

/** Reads together what those of the next operations ask for that are of one run. @returns how many these are */
async function readAhead(context: WriteContext, next: readonly GovernedOperation[]): Promise<number> {
  const kind = runsOf.get(next[0]!.operation)
  const end = next.findIndex(({ operation }) => runsOf.get(operation) !== kind)
  const some = end < 0 ? next : next.slice(0, end)
  const inputsOf = (name: string) => some.flatMap(({ operation, input }) => (operation === name ? [input] : []))
  if (kind === 'making') await readAheadOfMaking(context, inputsOf('createPool'))
  else if (kind === 'dropping')
    await readAheadOfDropping(
      context,
      some.map(({ input }) => input),
    )
  return some.length
}
/** Operations that can be of a run. */
const runsOf: ReadonlyMap<string, NonNullable<Run['kind']>> = new Map([
  ['createPool', 'making'],
  ['provisionPoolCidr', 'making'],
  ['deprovisionPoolCidr', 'dropping'],
  ['deletePool', 'dropping'],
  ['createAccount', 'accounts'],
  ['removeAccount', 'leaving'],
])

/**
 * Whether an operation decides nothing by what those before it have made or taken away, in the rules as they are compiled: it names
 * what it needs by id, asks only whether the caller may, and nothing of who shares what.
 */
function runOf(name: string, input: object, left: ReadonlySet<unknown>): Run['kind'] {
  const kind = runsOf.get(name)
  if (kind === 'leaving') return isIdLike(String(accountIn(input))) && !left.has(accountIn(input)) ? kind : undefined
  if (kind === 'dropping') {
    const { poolId, cascade } = input as { readonly poolId?: unknown; readonly cascade?: unknown }
    return isIdLike(String(poolId)) && cascade === undefined ? kind : undefined
  }
  if (kind === undefined) return undefined
  if (kind === 'accounts') return isPlainAccount(input as Readonly<Record<string, unknown>>) ? kind : undefined
  const { scopeId, parentPoolId, poolId, ...rest } = input as Readonly<Record<string, unknown>>
  const isNamedById = [scopeId, parentPoolId, poolId].every((id) => id === undefined || isIdLike(String(id)))
  const isAlone = ['sharedWith', 'sourceVpcId', 'sourceAllocationId'].every((member) => rest[member] === undefined)
  return isNamedById && isAlone ? kind : undefined
}

const accountIn = (input: object): unknown => (input as { readonly account?: unknown }).account

/** Of what has no tags and no number of its own, nothing is decided by the accounts that were made before it; rows say how many there are. */
function isPlainAccount({
  name: _,
  email: __,
  contact: ___,
  parentId,
  ...rest
}: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(rest).length === 0 && (parentId === undefined || isIdLike(String(parentId)))
}

/** Every answer begins with what names the thing that it shows. */
function idIn(answer: object): string | undefined {
  const [first] = Object.values(answer)
  return typeof first === 'string' ? first : undefined
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
  readonly replace: ReturnType<typeof replacerOf>
}
const readingOf = ({ input, rest }: NativeOperation): Reading => {
  const texts = new Set([...rest.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!))
  if (rest.method === 'DELETE') for (const name of Object.keys(input.shape)) texts.add(name)
  return { strict: z.strictObject(input.shape), texts, replace: replacerOf(input) }
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
