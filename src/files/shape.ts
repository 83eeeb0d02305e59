// What policy files say: one shape for all of them, made of the shapes of the native API.
import { z } from 'zod'
import { governedOperations } from '#operations/governance/operations.native.ts'
import type { AccountState } from '#operations/organization/account-states.ts'

/** The format of the files. A later one is refused: what it means is not known here. */
export const formatVersion = 1

/** A member of the input of an operation, which may be left out where the file says nothing. */
function member(operation: string, name: string): z.ZodType {
  const shape = governedOperations.get(operation)!.input.shape[name] as z.ZodType
  const inner = shape instanceof z.ZodOptional || shape instanceof z.ZodDefault ? (shape.unwrap() as z.ZodType) : shape
  return (inner instanceof z.ZodNullable ? (inner.unwrap() as z.ZodType) : inner).optional()
}
const members = (operation: string, names: readonly string[]): Record<string, z.ZodType> =>
  Object.fromEntries(names.map((name) => [name, member(operation, name)]))

/** Members of a request that stand elsewhere in a file, or that files do not say. */
const besides: ReadonlySet<string> = new Set([
  ...['name', 'account', 'region', 'ipamId', 'policyId', 'poolId', 'scopeId', 'parentPoolId', 'family', 'sharedWith'],
  ...['sourceVpcId', 'sourceAllocationId', 'reservedFirst', 'reservedLast'],
])
const saidIn = (operation: string): string[] =>
  Object.keys(governedOperations.get(operation)!.input.shape).filter((each) => !besides.has(each))
const inAnother = (operation: string) => {
  const others = new Set(saidIn(operation))
  return (each: string): boolean => others.has(each)
}
export const ipamMembers: readonly string[] = saidIn('createIpam')
export const policyMembers: readonly string[] = saidIn('createPolicy')
/** What a pool is made with, and keeps. */
export const poolFixed: readonly string[] = saidIn('createPool').filter((each) => !inAnother('updatePool')(each))
export const poolChangeable: readonly string[] = saidIn('createPool').filter(inAnother('updatePool'))

const textOf = (description: string, example: string) =>
  z
    .string()
    .min(1)
    .max(1_000)
    .describe(description)
    .meta({ examples: [example] })
const name = textOf(
  'What it is called. An id in the comment behind it says which one it is, where its name changes.',
  'prod',
)
const node = textOf(
  'A node of the organization: `/` for the root, `/Prod/Shops` for a unit, or an account by its number or name.',
  '/Prod',
)
const accountRef = textOf('An account by its number or name.', '222222222222')
const ipamRef = textOf('An IPAM by its name.', 'main')
const scopeRef = textOf(
  'A scope as `IPAM/SCOPE`; the default ones are `IPAM/private` and `IPAM/public`.',
  'main/private',
)
const poolRef = textOf('A pool with all that it is under, as `IPAM/SCOPE/POOL` and so on down.', 'main/private/offices')
const id = textOf('In place of a name, of what has none on the server.', 'ipam-pool-059bb00000000000b').optional()

const accountItem = z
  .strictObject({
    name,
    account: member('createAccount', 'account').describe('Its number; drawn where it is new and says none.'),
    ...members('createAccount', ['email', 'cloud', 'externalId', 'contact', 'tags']),
    status: z
      .enum(['active', 'suspended', 'closed'] satisfies AccountState[])
      .optional()
      .describe('Whether it is in use; left as it is where nothing is said. One that is closed stays closed.'),
  })
  .meta({ id: 'Account' })
const unitItem = z
  .strictObject({
    name,
    tags: member('createUnit', 'tags'),
    accounts: z.array(accountItem).optional(),
    get units(): z.ZodOptional<z.ZodArray<z.ZodType>> {
      return z.array(unitItem).optional()
    },
  })
  .meta({ id: 'Unit' })
const organization = z
  .strictObject({
    ipamAdministrator: accountRef
      .nullable()
      .optional()
      .describe('The account that runs the IPAM for all; `null`: none does.'),
    accounts: z.array(accountItem).optional().describe('Directly under the root.'),
    units: z.array(unitItem).optional(),
  })
  .meta({ id: 'Organization' })

const resourceType = z
  .strictObject(governedOperations.get('createResourceType')!.input.shape)
  .meta({ id: 'ResourceType' })

const scopeItem = z
  .strictObject({
    default: z.enum(['private', 'public']).optional().describe('Of the two that every IPAM has.'),
    name: name.optional(),
    id,
    ...members('createScope', ['description', 'tags']),
  })
  .meta({ id: 'Scope' })
const ipamItem = z
  .strictObject({
    name: name.optional(),
    id,
    account: accountRef.describe('Its owner.'),
    region: member('createIpam', 'region').nonoptional(),
    ...members('createIpam', ipamMembers),
    scopes: z.array(scopeItem).optional(),
  })
  .meta({ id: 'Ipam' })

const poolFacts = {
  name: name.optional(),
  id,
  ...members('createPool', [...poolFixed, ...poolChangeable]),
  sharedWith: z.array(node).optional().describe('Nodes that may use it beside its owner.'),
  cidrs: z.array(member('provisionPoolCidr', 'cidr').nonoptional()).optional().describe('The space that it has.'),
}
const childPool = z
  .strictObject({
    ...poolFacts,
    get pools(): z.ZodOptional<z.ZodArray<z.ZodType>> {
      return z.array(childPool).optional()
    },
  })
  .meta({ id: 'PoolBelow' })
const topPool = z
  .strictObject({
    ...poolFacts,
    scope: scopeRef,
    family: member('createPool', 'family').nonoptional(),
    pools: z.array(childPool).optional().describe('Those that take their space from it.'),
  })
  .meta({ id: 'Pool' })

const documentShape = governedOperations.get('putPolicyDocument')!.input.shape
const nodeList = z.array(node).min(1).optional()
const when = z
  .strictObject({
    accounts: z.array(accountRef).min(1).optional(),
    organizationalUnits: nodeList,
    tags: z
      .array(z.strictObject({ key: z.string().min(1).max(128), values: z.array(z.string().max(256)).min(1) }))
      .min(1)
      .optional(),
  })
  .meta({ id: 'Condition', description: 'When the rule applies; all parts must hold.' })
const settings = Object.keys(documentShape).filter(
  (each) => !['policyId', 'locale', 'resourceType', 'rules'].includes(each),
)
const documentItem = z
  .strictObject({
    locale: documentShape.locale as z.ZodType<string>,
    resourceType: documentShape.resourceType as z.ZodType<string>,
    rules: z
      .array(z.strictObject({ pool: poolRef, when: when.optional() }))
      .min(1)
      .describe('The pools that may serve it, in order.'),
    ...members('putPolicyDocument', settings),
  })
  .meta({ id: 'Document' })
const draftName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'a letter is expected, then letters, digits, `-` and `_`, at most 64 in all')
  .describe('What candidates in the same policy call it. The server knows it by what it says.')
const draftItem = z
  .strictObject({
    name: draftName,
    compatibility: member('draftPolicyVersion', 'compatibility').describe('That of the policy where nothing is said.'),
    documents: z.array(documentItem).optional().describe('All that it would say.'),
  })
  .meta({ id: 'Draft' })
const candidateItem = z
  .strictObject({
    draft: draftName.optional().describe('The draft that would be in force; the policy as it is by default.'),
    mode: member('putAssignmentCandidate', 'mode'),
  })
  .meta({ id: 'Candidate' })
const assignmentItem = z
  .strictObject({
    target: node,
    kind: member('putPolicyAssignment', 'kind'),
    mode: member('putPolicyAssignment', 'mode'),
    candidate: candidateItem.optional().describe('What is asked beside it on every request, and does not act.'),
  })
  .meta({ id: 'Assignment' })
const policyItem = z
  .strictObject({
    name: name.optional(),
    id,
    ipam: ipamRef,
    ...members('createPolicy', policyMembers),
    documents: z.array(documentItem).optional(),
    drafts: z.array(draftItem).optional().describe('What it may say one day: candidates name them.'),
    assignments: z.array(assignmentItem).optional().describe('Where it is enabled.'),
  })
  .meta({ id: 'Policy' })

const bindingItem = z
  .strictObject({
    principal: member('createRoleBinding', 'principal').nonoptional(),
    role: member('createRoleBinding', 'role').nonoptional(),
    node: textOf('Where it holds: a node of the organization, or `*` for everything.', '/Prod'),
    effect: member('createRoleBinding', 'effect'),
  })
  .meta({ id: 'RoleBinding' })

/** Read by people alone: what files cannot make stands there as the server has it. */
const toBeRead = (why: string) =>
  z.array(z.record(z.string(), z.unknown())).optional().describe(`To be read alone: ${why}.`)

export const policyFile = z
  .strictObject({
    cadastre: z.literal(formatVersion).describe('The version of the format.'),
    organization: organization.optional(),
    resourceTypes: z.array(resourceType).optional().describe('Those that were added to the registry.'),
    ipams: z.array(ipamItem).optional(),
    pools: z.array(topPool).optional().describe('Pools at the top, with those below them.'),
    policies: z.array(policyItem).optional(),
    roleBindings: z.array(bindingItem).optional().describe('Who may do what where.'),
    exceptions: toBeRead('exceptions are asked for and approved at the server'),
    poolsInNetworks: toBeRead('pools that divide a network come and go with it'),
  })
  .meta({
    title: 'Cadastre policy file',
    description: 'Everything governed, or a part of it, with names in place of ids.',
  })
export type PolicyFile = z.output<typeof policyFile>

/** The names of the members that there are at a place; none where there is nothing with members. */
export function membersAt(path: readonly (string | number)[]): readonly string[] {
  let at: unknown = policyFile
  for (const part of path) {
    const inner = bare(at)
    if (inner instanceof z.ZodObject) at = inner.shape[part]
    else if (inner instanceof z.ZodArray) at = inner.element
    else return []
  }
  const found = bare(at)
  return found instanceof z.ZodObject ? Object.keys(found.shape) : []
}
function bare(shape: unknown): unknown {
  let inner = shape
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNonOptional || inner instanceof z.ZodNullable)
    inner = inner.unwrap()
  return inner
}

/** As editors read it. */
export const jsonSchema = (): object => z.toJSONSchema(policyFile, { io: 'input', unrepresentable: 'any' })

/** Defaults of what a file need not say, by kind and member. */
export const defaults: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ipam: {
    tier: 'advanced',
    enablePrivateGua: false,
    meteredAccount: 'ipam-owner',
    policyCompatibility: 'strict',
    unmatched: 'provider',
    changeControl: 'none',
  },
  pool: { avoidsObserved: false },
}
