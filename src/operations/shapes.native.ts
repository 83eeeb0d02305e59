// The shapes that native operations share: names of things, moments, pages.
import { z } from 'zod'
import { formatId, type IdKind, idKinds, prefixOf, shapePattern } from '#model/identifier.ts'
import { type KindWith, kinds, kindsWith } from '#model/kinds.ts'
import { externalIdCharactersMax, isAccountId, isTargetId } from '#model/organization.ts'
import { isPrincipalName } from '#model/principal.ts'
import { everywhere } from '#model/roles.ts'
import { lookOf } from '#model/text.ts'
import { asOf as asOfReading, type Page, type PageAsked } from './listing.ts'
import type { Named } from './named.ts'
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
/** Why somebody does something, for whoever reads it then: what shows nothing says nothing. */
export const sentence = (charactersMax: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(charactersMax)
    .refine((text) => lookOf(text) !== '', 'something that can be read is expected')
/** Shapes of requests that name something: names are replaced by numbers and ids before all else. */
export const nameMarks = z.registry<Named>()
interface NamedShape {
  readonly id: string
  readonly description: string
  readonly example: string
  readonly charactersMax?: number
  /** What it cannot be, whatever goes by it. */
  readonly isNot?: (text: string) => boolean
  readonly expected?: string
}
function named(names: Named, { id, description, example, isNot, expected, ...bounds }: NamedShape) {
  const { charactersMax = namePathCharactersMax } = bounds
  const text = z.string().min(1).max(charactersMax)
  const shape = (isNot ? text.refine((one) => !isNot(one), expected) : text).meta({
    id,
    description,
    examples: [example],
  })
  nameMarks.add(shape, names)
  return shape
}
/** A name with those of all that it is under; ids may stand for names. */
const namePathCharactersMax = 1_000
const exampleAccount = '222222222222'
const exampleUnit = 'ou-a1b2-12345678'
const nameWords = 'or its name where no other that you see has it'
const accountWords = `the number of an account, its id in its cloud, ${nameWords}`
const unitWords = `\`ou-…\`, \`r-…\`, or the name or path of a unit, such as \`Prod/Shops\``
/** An account in a request. */
export const accountName = named(
  { accounts: true },
  {
    id: 'AccountName',
    description: `An account: ${accountWords}.`,
    example: exampleAccount,
    charactersMax: externalIdCharactersMax,
  },
)
/** In a request, a node where a role is bound. */
export const nodeName = named(
  { accounts: true, units: true },
  {
    id: 'NodeName',
    description: `A node of the organization: ${accountWords}; ${unitWords}; or \`*\` for everything.`,
    example: exampleAccount,
  },
)
/** In a request, a node that something is for: never everything. */
export const targetName = named(
  { accounts: true, units: true },
  {
    id: 'TargetName',
    description: 'A node of the organization by its id or name, but not `*`.',
    example: exampleAccount,
    isNot: (text) => text === everywhere,
    expected: 'an account, `ou-…` or `r-…` is expected',
  },
)
/** In a request, an inner node of the organization. */
export const innerNodeName = named(
  { units: true },
  {
    id: 'InnerNodeName',
    description: `An organizational unit or the root: ${unitWords}.`,
    example: exampleUnit,
    isNot: (text) => isAccountId(text) || text === everywhere,
    expected: '`ou-…`, `r-…` or a name is expected',
  },
)
const nameText = (kind: NameableKind, shape: string, words: string) =>
  named({ kinds: [kind] }, { id: shape, description: words, example: exampleId(kind) })
const exampleInstallation = '059bb'
/** As in a world that its examples tell of; other kinds come behind. */
const exampleSequences: { readonly [K in IdKind]?: number } = {
  roleBinding: 2,
  apiToken: 3,
  ipam: 4,
  scope: 6,
  pool: 11,
  poolCidr: 12,
  policy: 20,
  allocation: 32,
  decision: 33,
  exception: 40,
  vpc: 50,
  subnet: 52,
  natGateway: 54,
}
const exampleAfter = 64
const exampleId = (kind: IdKind): string =>
  formatId(kind, exampleInstallation, exampleSequences[kind] ?? exampleAfter + idKinds.indexOf(kind))
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
export const networkName = named(
  { kinds: ['vpc', 'subnet', 'natGateway'] },
  {
    id: 'NetworkName',
    description: 'A VPC, subnet or NAT gateway, by its id or name, or as `VPC/NAME`.',
    example: exampleId('vpc'),
  },
)
/** In requests, by kind. */
export const nameOf: Readonly<Record<NameableKind, z.ZodString>> = {
  ipam: ipamName,
  scope: scopeName,
  pool: poolName,
  policy: policyName,
  allocation: allocationName,
  vpc: networkName,
  subnet: networkName,
  natGateway: networkName,
}
/** In a request, whatever is on record. */
export const objectName = named(
  {
    accounts: true,
    units: true,
    kinds: ['ipam', 'scope', 'pool', 'policy', 'allocation', 'vpc', 'subnet', 'natGateway'],
    orElse: 'object',
  },
  {
    id: 'ObjectName',
    description: 'Whatever is on record, by its id or name.',
    example: exampleId('pool'),
  },
)
/** In a request, what has or had space. */
export const holderName = named(
  { kinds: ['allocation', 'vpc', 'subnet', 'natGateway'], orElse: 'resource' },
  {
    id: 'HolderName',
    description: 'What has or had space, by its id or name.',
    example: 'vpc-0f00000000000001a',
    charactersMax: 256,
  },
)
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
const idOf = (kind: NamedKind, name: string) =>
  z
    .string()
    .max(idCharactersMax)
    .meta({
      id: `${name}Id`,
      description: `\`${prefixOf(kind)}…\`.`,
      pattern: shapePattern(kind),
      examples: [exampleId(kind)],
    })
/** Each kind of Cadastre's own, called as the command line calls it. */
const ids = Object.fromEntries(
  kindsWith('isOwn').map((kind) => [kind, idOf(kind, pascal(kinds[kind].word))]),
) as Readonly<Record<NamedKind, ReturnType<typeof idOf>>>
type NamedKind = KindWith<'isOwn'>
function pascal(word: string): string {
  return word
    .split('-')
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('')
}
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
  asOf: instant.meta({
    id: 'AsOf',
    description:
      'What this answer says of moments up to this one is final: nothing that comes later changes it. Of later moments, what was known.',
  }),
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
