// The shapes that native operations share: names of things, moments, pages.
import { z } from 'zod'
import { formatId, type IdKind, prefixOf, shapePattern } from '#model/identifier.ts'
import { externalIdCharactersMax, isAccountId, isTargetId } from '#model/organization.ts'
import { isPrincipalName } from '#model/principal.ts'
import { everywhere } from '#model/roles.ts'
import { asOf as asOfReading, type Page, type PageAsked } from './listing.ts'
import type { NameableKind } from './names.ts'
import type { ReadContext } from './operation.ts'

export const pageSizeDefault = 100
export const pageSizeMax = 1_000
/** A sealed place: the longest is the name of a resource with its account. */
export const cursorLengthMax = 2_000

/** Names shapes in the description of the API: each name is said once there, and is a type of whoever generates a client. */
export function nameShapes(shapes: Readonly<Record<string, z.ZodType>>): void {
  for (const [id, shape] of Object.entries(shapes)) z.globalRegistry.add(shape, { ...z.globalRegistry.get(shape), id })
}

export const accountId = z
  .string()
  .refine(isAccountId, 'the twelve digits of an account are expected')
  .meta({
    id: 'AccountId',
    description: 'An account: twelve digits.',
    pattern: '^[0-9]{12}$',
    examples: ['222222222222'],
  })
/** Shapes of requests that name an account, or (`orNode`) another node of the organization: names are replaced by numbers before all else. */
export const accountMarks = z.registry<{ readonly orNode: boolean }>()
const accountWords = 'the number of an account, its id in its cloud, or its name where no other that you see has it'
const accountText = z.string().min(1).max(externalIdCharactersMax)
/** An account in a request. */
export const accountName = accountText.meta({
  id: 'AccountName',
  description: `An account: ${accountWords}.`,
  examples: ['222222222222'],
})
/** In a request, a node where a role is bound. */
export const nodeName = accountText.meta({
  id: 'NodeName',
  description: `A node of the organization: ${accountWords}; \`ou-…\`, \`r-…\`, or \`*\` for everything.`,
  examples: ['222222222222'],
})
/** In a request, a node that something is for: never everything. */
export const targetName = accountText
  .refine((text) => text !== everywhere, 'an account, `ou-…` or `r-…` is expected')
  .meta({
    id: 'TargetName',
    description: `A node of the organization: ${accountWords}; \`ou-…\` or \`r-…\`.`,
    examples: ['222222222222'],
  })
accountMarks.add(accountName, { orNode: false })
accountMarks.add(nodeName, { orNode: true })
accountMarks.add(targetName, { orNode: true })
/** Shapes of requests that name such a thing: names are replaced by ids, as those of accounts are by numbers. */
export const thingMarks = z.registry<{ readonly kind: NameableKind }>()
/** A name with those of all that it is under; ids may stand for names. */
const namePathCharactersMax = 1_000
const nameText = (kind: NameableKind, shape: string, words: string) => {
  const text = z
    .string()
    .min(1)
    .max(namePathCharactersMax)
    .meta({ id: shape, description: words, examples: [formatId(kind, exampleInstallation, exampleSequences[kind])] })
  thingMarks.add(text, { kind })
  return text
}
const exampleInstallation = '059bb'
const exampleSequences = { ipam: 4, scope: 6, pool: 11, policy: 20, allocation: 32 } as const
const nameWords = 'or its name where no other that you see has it'
/** In a request, something by its id or name. */
export const ipamName = nameText('ipam', 'IpamName', `An IPAM: \`ipam-…\`, ${nameWords}.`)
export const scopeName = nameText('scope', 'ScopeName', `A scope: \`ipam-scope-…\`, ${nameWords}, else \`IPAM/SCOPE\`.`)
const poolWords = `\`ipam-pool-…\`, ${nameWords}, else with what it is under, such as \`SCOPE/POOL\` or \`PARENT/POOL\``
export const poolName = nameText('pool', 'PoolName', `A pool: ${poolWords}.`)
export const poolNameOrProvider = nameText(
  'pool',
  'PoolNameOrProvider',
  `A pool: ${poolWords}; \`provider\` for space of the provider.`,
)
export const policyName = nameText(
  'policy',
  'PolicyName',
  `A policy: \`ipam-policy-…\`, ${nameWords}, else \`IPAM/POLICY\`.`,
)
export const allocationName = nameText(
  'allocation',
  'AllocationName',
  `An allocation: \`ipam-pool-alloc-…\`, ${nameWords}, else \`POOL/NAME\`.`,
)
/** In requests, by kind. */
export const nameOf: Readonly<Record<NameableKind, z.ZodString>> = {
  ipam: ipamName,
  scope: scopeName,
  pool: poolName,
  policy: policyName,
  allocation: allocationName,
}
export const nodeId = z
  .string()
  .refine((text) => isTargetId(text) || text === everywhere, 'an account, ou-…, r-… or `*` is expected')
  .meta({
    id: 'NodeId',
    description: 'A node of the organization: an account, `ou-…`, `r-…`, or `*` for everything.',
    examples: ['222222222222'],
  })
export const principalName = z
  .string()
  .refine(isPrincipalName, '`user:NAME`, `service:NAME` or `group:NAME` is expected')
  .meta({ id: 'PrincipalName', description: '`user:NAME`, `service:NAME` or `group:NAME`.', examples: ['user:olga'] })
/** Those of makers that name principals: who somebody is for the identity provider is told with tokens alone. */
export const makerNames = z.array(principalName).meta({
  id: 'MakerNames',
  description:
    'Who made the token that was used, and who made theirs: empty where its holder signed in, or had it from the operator.',
})
/** In the record: left out where nobody did. */
export const usedMakers = makerNames.optional()
export const showMakers = (makers: readonly string[]): { makers?: string[] } => {
  const names = namesIn(makers)
  return names.length === 0 ? {} : { makers: names }
}
export const namesIn = (makers: readonly string[]): string[] => makers.filter(isPrincipalName)
/** Its pattern is described only: whoever names something of another kind is told which kind is expected. */
export const idText = (kind: NamedKind) => ids[kind]
export const idCharactersMax = 64
/** Each in examples names one thing, as long as real ones are. */
const named = (kind: IdKind, name: string, sequence: number) =>
  z
    .string()
    .max(idCharactersMax)
    .meta({
      id: `${name}Id`,
      description: `\`${prefixOf(kind)}…\`.`,
      pattern: shapePattern(kind),
      examples: [formatId(kind, exampleInstallation, sequence)],
    })
const ids = {
  ipam: named('ipam', 'Ipam', 4),
  scope: named('scope', 'Scope', 6),
  pool: named('pool', 'Pool', 11),
  poolCidr: named('poolCidr', 'PoolCidr', 12),
  allocation: named('allocation', 'Allocation', 32),
  policy: named('policy', 'Policy', 20),
  decision: named('decision', 'Decision', 33),
  exception: named('exception', 'Exception', 40),
  roleBinding: named('roleBinding', 'RoleBinding', 2),
  apiToken: named('apiToken', 'Token', 3),
}
type NamedKind = keyof typeof ids
/** Of a query, where everything is text. */
export const flag = z
  .stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive', error: 'it must be `true` or `false`' })
  .meta({ enum: ['true', 'false'] })
/** RFC 3339, in UTC, with milliseconds. */
export const instant = z.iso.datetime({ offset: true }).meta({
  id: 'Instant',
  description: 'A moment, as RFC 3339 writes it.',
  examples: ['2026-11-25T09:30:00.000Z'],
})
/** Where space may be used. */
export const localeName = z
  .string()
  .min(1)
  .max(97)
  .meta({
    id: 'Locale',
    description:
      'A Region, or `CLOUD:REGION` for other clouds and sites, such as `azure:westeurope` or `onprem:berlin`.',
    examples: ['eu-central-1'],
  })
export const typeName = z
  .string()
  .min(1)
  .max(97)
  .meta({
    id: 'ResourceTypeName',
    description: 'A type of the registry of resource types, such as `eip`, `azure:public-ip` or `k8s:load-balancer`.',
    examples: ['eip'],
  })

export const formatInstant = (milliseconds: number): string => new Date(milliseconds).toISOString()
export const parseInstant = (text: string): number => Date.parse(text)

/** What every list takes. */
export const paging = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(pageSizeMax)
    .optional()
    .describe(`How many at most: 1 to ${pageSizeMax}, ${pageSizeDefault} by default.`),
  cursor: z
    .string()
    .max(cursorLengthMax)
    .meta({ pattern: '^[A-Za-z0-9_-]+$' })
    .optional()
    .describe('`nextCursor` of the page before.'),
}
const nextCursor = z
  .string()
  .meta({ id: 'NextCursor', description: 'Where the next page begins; absent on the last one.' })
/** What every list answers. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    nextCursor: nextCursor.optional(),
  })

/** What every list of the record answers. */
export const recordPageOf = <Item extends z.ZodType>(item: Item) => pageOf(item).extend(finality)
export const finality = {
  asOf: instant.describe(
    'What this answer says of moments up to this one is final: nothing that comes later changes it. Of later moments, what was known.',
  ),
}
/** As the transaction sees it; the first one of a reading that had several. */
export const asOf = (context: ReadContext): string => formatInstant(asOfReading(context))

export interface PageInput {
  readonly limit?: number
  readonly cursor?: string
}

/** What a list is asked for beside its page. */
export const filterOf = <Input extends PageInput>({
  limit: _,
  cursor: __,
  ...filter
}: Input): Omit<Input, keyof PageInput> => filter

/** A page as it is asked for, and as it is answered. */
export const pageAsked = ({ limit = pageSizeDefault, cursor }: PageInput): PageAsked<string> => ({
  limit,
  after: cursor,
})
export const answerPage = <Row, Item>(
  { items, next }: Page<Row, string>,
  show: (row: Row) => Item,
): { items: Item[]; nextCursor?: string } => ({
  items: items.map(show),
  ...(next === undefined ? {} : { nextCursor: next }),
})
