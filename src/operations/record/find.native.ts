// `find`: where an address, a range, an id, a name, an account or a tag is, in one answer.
import { z } from 'zod'
import { bitsOf, type Cidr, formatAddress, formatCidr } from '#model/cidr.ts'
import { kindOfNoun } from '#model/kinds.ts'
import type { EffectiveView } from '#model/policy/effective.ts'
import { assignmentKindValues, modeValues } from '#model/policy/values.ts'
import type { DescribedTenure } from '#store/tables/timeline.ts'
import { toldOfAddress } from '../estate/across-sources.ts'
import { describeTold, toldObservation } from '../estate/sources.native.ts'
import { idOf } from '../identifiers.ts'
import { nativeRead } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import { accountId, asOf, finality, formatInstant, idText, instant, nameShapes } from '../shapes.native.ts'
import { locale, shownTags, tagMap } from '../space/shapes.native.ts'
import { beforeMax, type FoundPlace, insideMax, placesMax, type Step } from './find.ts'
import { type FoundKind, foundKinds, type Match, matchesMax } from './find-objects.ts'
import { findAll, idOfStep } from './found.ts'

const charactersMax = 400

const step = z.object({
  kind: z
    .enum(['pool', 'allocation', 'hold', 'vpc', 'subnet', 'quarantine'])
    .describe(
      '`vpc`, `subnet`: made by EC2, without an allocation of its own. `quarantine`: released, and not to be had yet.',
    ),
  id: z.string().optional(),
  cidr: z.string().optional().describe('Absent for a pool that you may not see.'),
  name: z.string().optional().describe('Its tag `Name`.'),
  description: z.string().optional(),
  account: accountId.optional().describe('Who owns the pool, holds the space or gave it back.'),
  locale: locale.optional(),
  resourceType: z.string().optional(),
  resourceId: z.string().optional(),
  usedBy: z.string().optional().describe('What an Elastic IP is associated with.'),
  tags: shownTags.optional(),
  decisionId: z.string().optional().describe('Why it could be had.'),
  since: instant.optional(),
  until: instant.optional().describe('When a hold lapses or a quarantine ends, or when it was over.'),
})
const speaking = z.object({
  locale,
  resourceType: z.string(),
  assignments: z
    .array(
      z.object({
        policyId: z.string(),
        policyName: z.string().optional().describe('Where you may read the policy.'),
        version: z.number().int(),
        target: z.string().describe('Where it is enabled.'),
        kind: z.enum(assignmentKindValues),
        mode: z.enum(modeValues),
        part: z.enum(['order', 'narrows']).describe('`order`: gives the pools. `narrows`: a final that counts.'),
      }),
    )
    .describe('From the root down; none: no policy speaks of it.'),
  unmatched: z.enum(['provider', 'deny']).describe('What a request gets where no policy speaks.'),
  exceptionIds: z.array(z.string()).describe('Exceptions in force there.'),
})
const place = z.object({
  space: z
    .enum(['public', 'private', 'provider', 'network'])
    .describe('`provider`: of the provider. `network`: of a VPC that brought its block, which is in no scope.'),
  scopeId: idText('scope').optional().describe('Where you may see it.'),
  scopeName: z.string().optional(),
  scopeDescription: z.string().optional(),
  state: z
    .enum(['allocated', 'held', 'reserved', 'quarantined', 'free', 'partly-used', 'other'])
    .optional()
    .describe(
      '`reserved`: no host gets it. `partly-used`: a range with something in it. `other`: not all free, and you may not see why. Absent where the pool is not yours to see.',
    ),
  chain: z
    .array(step)
    .describe(
      'From the top-level pool to whoever has it, through networks inside of networks: each lies in the one before it.',
    ),
  policy: speaking.optional().describe('What speaks for whoever has it, where you may read it.'),
  inside: z.array(step).describe(`Of a range: what lies in it, in address order; ${insideMax} at most.`),
  hasMoreInside: z.boolean(),
  before: z
    .array(step)
    .describe(
      `Who had it, or space around it, before: newest first, ${beforeMax} at most. The history of addresses has all, and what lay in a range.`,
    ),
})
const foundKind = z.enum(foundKinds).meta({ id: 'FoundKind' })
const match = z.object({
  kind: foundKind,
  id: z.string().meta({ examples: ['ipam-pool-059bb00000000000b'] }),
  name: z.string().optional(),
  account: accountId.optional(),
  cidr: z.string().optional(),
  resourceType: z.string().optional(),
  resourceId: z.string().optional(),
  isGone: z.literal(true).optional().describe('It was there once: its history is shown.'),
  path: z
    .string()
    .describe('Shows it, below `/api/v1`.')
    .meta({ examples: ['/pools/ipam-pool-059bb00000000000b'] }),
  command: z
    .string()
    .describe('Shows it at the command line.')
    .meta({ examples: ['pool show ipam-pool-059bb00000000000b'] }),
})
const group = z.object({
  kind: foundKind,
  items: z.array(match),
  hasMore: z.boolean().describe(`There may be more than these ${matchesMax}.`),
})
nameShapes({ PlaceStep: step, SpeakingPolicy: speaking, AddressFound: place, ObjectFound: match, ObjectsFound: group })

export const find = nativeRead({
  name: 'find',
  summary: 'Tell where an address, a range, an id, a name, an account or a tag is.',
  description:
    'An address or CIDR is looked up in every scope, in the space of the provider and in VPCs that brought their own: from the top-level pool to whoever has it, with the policy that speaks for them and who had it before. Anything else is the id of something, what a resource is called, the name of an account or the id that it has in its cloud, the name of a unit or of whatever has the tag `Name`, or a tag `KEY=VALUE`. As far as you may see it.',
  action: 'allocation:read',
  input: z.strictObject({
    q: z
      .string()
      .trim()
      .min(1)
      .max(charactersMax)
      .describe('An address, a CIDR, an id, a name, an account or `KEY=VALUE`.')
      .meta({ examples: ['10.1.2.3'] }),
  }),
  output: z.object({
    q: z.string(),
    places: z.array(place).describe(`Where an address or CIDR lies: ${placesMax} spaces at most.`),
    hasMorePlaces: z.boolean(),
    observed: z
      .array(toldObservation)
      .optional()
      .describe(`What sources say is there, or around it: ${toldOfAddress} at most, as far as you may see them.`),
    objects: z.array(group).describe('What goes by it, kind by kind.'),
    hasMoreObjects: z
      .boolean()
      .describe(
        'Very many things go by it, and not all were looked at: there may be more that you may see, also where nothing is listed. Give the id.',
      ),
    ...finality,
  }),
  rest: { method: 'GET', path: '/find' },
  cli: 'find',
  argument: 'q',
  refusals: [],
  at: 'filtered',
  async run(context, { q }) {
    const found = await findAll(context, q)
    const nameOf: NameOf = (id) => found.names.get(id ?? '')
    return {
      q,
      places: found.places.map((one) => showPlace(context, one, nameOf)),
      hasMorePlaces: found.hasMore,
      ...(found.observed.items.length > 0
        ? { observed: found.observed.items.map((told) => describeTold(told, context.now)) }
        : {}),
      objects: found.groups.map(({ kind, matches, hasMore }) => ({
        kind,
        items: matches.map((one) => showMatch(context, one, nameOf)),
        hasMore,
      })),
      hasMoreObjects: found.hasMoreObjects,
      asOf: asOf(context),
    }
  },
})

type NameOf = (id: string | undefined) => string | undefined
// Places -------------------------------------------------------------------------------------------------------------

/** An address without its length. */
const blockText = (cidr: Cidr): string => (cidr.length === bitsOf(cidr.family) ? formatAddress(cidr) : formatCidr(cidr))

function showPlace(context: ReadContext, found: FoundPlace, nameOf: NameOf): z.output<typeof place> {
  const show = (one: Step) => showStep(context, one, nameOf)
  const { scope, view } = found
  return {
    space: found.space,
    scopeId: scope?.id,
    scopeName: scope && nameOf(scope.id),
    scopeDescription: scope?.description,
    state: found.state,
    chain: found.chain.map(show),
    policy: view && speakingIn(view, found, nameOf),
    inside: found.inside.map(show),
    hasMoreInside: found.hasMoreInside,
    before: found.before.map((tenure) => showTenure(context, tenure)),
  }
}

function showStep(context: ReadContext, one: Step, nameOf: NameOf): z.output<typeof step> {
  const id = idOfStep(context, one)
  switch (one.kind) {
    case 'pool': {
      const { account, locale, description } = one.pool
      return { kind: 'pool', id, cidr: formatCidr(one.cidr), name: nameOf(id), description, account, locale }
    }
    case 'hidden-pool':
      return { kind: 'pool', id }
    case 'tenure':
      return showTenure(context, one.tenure)
    case 'quarantine':
      return {
        kind: 'quarantine',
        cidr: blockText(one.cidr),
        account: one.account,
        until: formatInstant(one.endsAt),
      }
    default:
      return {
        kind: one.kind,
        id,
        cidr: formatCidr(one.cidr),
        name: nameOf(id),
        account: one.account,
        locale: one.region,
      }
  }
}

function showTenure(context: ReadContext, row: DescribedTenure): z.output<typeof step> {
  const tags = tagMap([...row.tags].map(([key, value]) => ({ key, value })))
  const isAddress = row.resourceType === 'eip' && row.state === 'allocated'
  const ends = row.heldUntil ?? (row.state === 'held' ? row.expiresAt : undefined)
  return {
    kind: row.state === 'held' ? 'hold' : 'allocation',
    id: idOf(context, 'allocation', row.n),
    cidr: blockText(row.cidr),
    name: tags.Name,
    description: row.description,
    account: row.account,
    locale: row.region,
    resourceType: row.resourceType,
    resourceId: row.resourceId ?? (isAddress ? idOf(context, 'address', row.n) : undefined),
    usedBy: row.association?.resourceId,
    tags: Object.keys(tags).length === 0 ? undefined : tags,
    decisionId: row.decision === undefined ? undefined : idOf(context, 'decision', row.decision),
    since: formatInstant(row.heldFrom),
    until: ends === undefined ? undefined : formatInstant(ends),
  }
}

function speakingIn(view: EffectiveView, { chain }: FoundPlace, nameOf: NameOf): z.output<typeof speaking> | undefined {
  const held = chain.findLast((one) => one.kind === 'tenure')
  if (held?.tenure.region === undefined) return undefined
  return {
    locale: held.tenure.region,
    resourceType: held.tenure.resourceType,
    assignments: view.assignments.flatMap(({ party, kind, mode, part }) =>
      part === 'order' || part === 'narrows'
        ? [
            {
              policyId: party.policy,
              policyName: nameOf(party.policy),
              version: party.version,
              target: party.target,
              kind,
              mode,
              part,
            },
          ]
        : [],
    ),
    unmatched: view.enforced.unmatched.value,
    exceptionIds: view.exceptions.filter((one) => one.isInForce && one.resource === undefined).map(({ id }) => id),
  }
}

// Objects ------------------------------------------------------------------------------------------------------------

/** How each kind is shown, by its entry: the path, with the id in it, and the words of the command line. */
const ofHistory = ['/history/objects/{id}', 'history object'] as const
export function shownBy(kind: FoundKind): readonly [path: string, words: string] {
  const { path, word } = kindOfNoun[kind]!
  return path === undefined ? ofHistory : [path, `${word} show`]
}

function showMatch(context: ReadContext, found: Match, nameOf: NameOf): z.output<typeof match> {
  const { kind, id, account, name, tenure, isGone } = found
  const [path, words] = isGone ? ofHistory : shownBy(kind)
  const shown = tenure && showTenure(context, { ...tenure, tags: new Map(), association: undefined })
  return {
    kind,
    id,
    name: name ?? nameOf(id),
    account,
    cidr: shown?.cidr,
    resourceType: shown?.resourceType,
    resourceId: shown?.resourceId,
    isGone,
    path: path.replace('{id}', encodeURIComponent(id)),
    command: path.includes('{id}') ? `${words} ${id}` : words,
  }
}
