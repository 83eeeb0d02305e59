// Sources, their snapshots, and what they say is there, over the native API.
import { z } from 'zod'
import { observationFields, readLines } from '#formats/observations.ts'
import { formatCidr, parseAddress, parseCidr } from '#model/cidr.ts'
import { observedKinds, observedStates } from '#model/observation.ts'
import type { Coverage } from '#model/observed-difference.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { worded } from '#model/problems/worded.ts'
import { refuseValue } from '#model/refusal.ts'
import type { StoredObservation } from '#store/tables/observations.ts'
import type { Source, StoredSnapshot } from '#store/tables/sources.ts'
import { placeOfNode } from '../identity/roles.ts'
import { nativeIntake, nativeRead, nativeWrite } from '../operation.native.ts'
import {
  accountName,
  answerPage,
  filterOf,
  flag,
  formatInstant,
  idText,
  instant,
  localeName,
  nameShapes,
  nodeId,
  nodeName,
  pageAsked,
  pageOf,
  paging,
  scopeName,
  showMakers,
  targetName,
  usedMakers,
} from '../shapes.native.ts'
import { cidr, description, newDescription, refuseNoChange } from '../space/shapes.native.ts'
import { observationsOfAccount, type Told } from './across-sources.ts'
import { takeSnapshot } from './intake.ts'
import { listObservations as listOf, type ObservationFilter, presenceOf, presences } from './observations.ts'
import { type RuleFacts, ruleFacts } from './rule-setter.ts'
import { getSnapshot as getOf, listSnapshots as snapshotsOf } from './snapshots.ts'
import {
  createSource as create,
  findReported,
  findSource,
  freshnessOf,
  listSources as listAll,
  placeOfReported,
  placeOfSource,
  deleteSource as remove,
  reportEveryDefault,
  reportEveryMax,
  reportEveryMin,
  updateSource as update,
} from './sources.ts'

const sourceId = idText('source').describe('`source-…`.')
export const sourceName = z
  .string()
  .min(1)
  .max(128)
  .meta({
    id: 'SourceName',
    description: 'A source: `source-…`, or its name.',
    examples: ['aws-production'],
  })
const newName = z.string().min(1).max(128).describe('What it is to be called; no other source has the name.')
const kind = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/)
  .meta({
    id: 'SourceKind',
    description: 'What kind of source it is, such as `aws`, `netbox` or `csv`.',
    examples: ['aws'],
  })
const reportEvery = z
  .number()
  .int()
  .min(reportEveryMin)
  .max(reportEveryMax)
  .meta({ examples: [reportEveryDefault] })
const snapshotNumber = z.number().int().min(1)
const adopts = z
  .enum(['allowed'])
  .describe(
    'What it adopts by itself after each complete snapshot, on the right of whoever sets this: `allowed`, what policy would have allowed. By default nothing.',
  )
/** Of each, so many may be named. */
const coveredMax = 100
const coverage = {
  coversNodes: z
    .array(targetName)
    .max(coveredMax)
    .optional()
    .describe('The accounts, and units with all accounts below them, of which it is expected to tell.'),
  coversLocales: z
    .array(localeName)
    .max(coveredMax)
    .optional()
    .describe('The locales of which it is expected to tell.'),
  coversBlocks: z.array(cidr).max(coveredMax).optional().describe('The space of which it is expected to tell.'),
}
const coverageWords =
  'What it is expected to tell of is what is in all that `coversNodes`, `coversLocales` and `coversBlocks` name; an empty list says nothing. Of that alone something is `unseen` when the source does not tell of it. Where none of the three says anything, it is expected to tell of the accounts and locales of which it tells something.'
const freshness = z.enum(['never', 'fresh', 'stale']).meta({
  id: 'Freshness',
  description: '`stale` where the listing that holds is more than twice as old as it should be.',
})
/** How fresh what the source tells is: shown with every answer that rests on it. */
export const sourceFacts = {
  freshness,
  takenAt: instant.optional().describe('When the listing that holds began.'),
}
export const freshnessFacts = (found: Source, { now }: { readonly now: number }) => ({
  freshness: freshnessOf(found, now),
  ...(found.snapshot === 0 ? {} : { takenAt: formatInstant(found.takenAt) }),
})
export const source = z.object({
  sourceId,
  name: z.string().describe('What it is called.'),
  kind,
  node: nodeId.describe('It speaks of the accounts at this node and below.'),
  scopeId: idText('scope').optional().describe('The private scope in which its private space is registered.'),
  reportEverySeconds: reportEvery.describe('How often it should report, in seconds.'),
  description: description.optional(),
  coversNodes: z.array(nodeId).optional().describe('The accounts and units of which it is expected to tell.'),
  coversLocales: z.array(z.string()).optional().describe('The locales of which it is expected to tell.'),
  coversBlocks: z.array(z.string()).optional().describe('The space of which it is expected to tell.'),
  adopts: adopts.optional(),
  adoptsSetBy: z
    .string()
    .optional()
    .describe('Who set what it adopts by itself: that is done on their right, as far as they have it at that moment.')
    .meta({ examples: ['user:ada'] }),
  adoptsIsStopped: z
    .literal(true)
    .optional()
    .describe('Whoever set it may not adopt there any more, by roles bound to their name: nothing is adopted.'),
  freshness,
  snapshot: snapshotNumber.optional().describe('The snapshot that holds.'),
  takenAt: instant.optional().describe('When the listing that holds began.'),
  createdAt: instant,
})
const problem = z
  .object({ line: z.number().int().min(1), field: z.string(), value: z.string(), problem: z.string() })
  .meta({
    id: 'LineProblem',
    description: 'What was wrong with a line.',
    examples: [{ line: 7, field: 'cidr', value: '10.0.0.1/16', problem: 'It has host bits set' }],
  })
const unlisted = z
  .object({
    account: z.string().optional(),
    locale: z.string().optional(),
    reason: z.string().optional(),
  })
  .meta({
    id: 'UnlistedPart',
    description: 'What was not listed: nothing there is taken for gone.',
    examples: [{ account: '222222222222', locale: 'us-east-1', reason: 'access denied' }],
  })
const count = z.number().int().min(0)
const snapshot = z.object({
  sourceId,
  snapshot: snapshotNumber,
  state: z
    .enum(['open', 'complete', 'partial', 'discarded'])
    .describe('`partial`: something was not listed or was passed over, and nothing there is taken for gone.'),
  collector: z.string().describe('What made it, as it says itself.'),
  principal: z
    .string()
    .describe('Who sent it.')
    .meta({ examples: ['arn:cadastre:service:collector'] }),
  makers: usedMakers,
  takenAt: instant.describe('When the listing began, as the collector says.'),
  begunAt: instant,
  endedAt: instant.optional(),
  lines: count,
  added: count,
  changed: count.describe('How many were there already, and are otherwise now, or are there again.'),
  missing: count.describe('How many were there in the snapshot before, and are not in this one.'),
  gone: count.describe('How many are missing for the second time.'),
  problems: z.array(problem).describe('The first of what was wrong.'),
  problemCount: count,
  unlisted: z.array(unlisted).describe('The first of what was not listed.'),
  unlistedCount: count,
})
const observedKind = z.enum(Object.keys(observedKinds) as [keyof typeof observedKinds])
const presence = z.enum(presences).meta({
  id: 'Presence',
  description: '`missing`: not in the last snapshot that would have had it; `gone`: in none of the last two.',
})
export const observation = z.object({
  sourceId,
  kind: observedKind,
  cidr: z.string().describe('The block, or one address.'),
  range: z.string().optional().describe('Of what is no block: all of it, of which `cidr` is a part.'),
  space: z.string().optional().describe(observationFields.space.words),
  id: z.string().optional().describe(observationFields.id.words),
  account: z.string().optional().describe(observationFields.account.words),
  locale: z.string().optional().describe(observationFields.locale.words),
  zone: z.string().optional().describe(observationFields.zone.words),
  type: z.string().optional().describe(observationFields.type.words),
  name: z.string().optional().describe(observationFields.name.words),
  parent: z.string().optional().describe(observationFields.parent.words),
  state: z.enum(Object.keys(observedStates) as [keyof typeof observedStates]),
  sourceState: z.string().optional().describe(observationFields.sourceState.words),
  tags: z.record(z.string(), z.string()),
  presence,
  firstSeenAt: instant,
})
nameShapes({ Source: source, Snapshot: snapshot, Observation: observation, ObservedKind: observedKind })

// Sources ------------------------------------------------------------------------------------------------------------

export const listSources = nativeRead({
  name: 'listSources',
  summary: 'List sources and how fresh they are, as far as you may see them.',
  action: 'estate:read',
  input: z.strictObject({ ...paging }),
  output: pageOf(source),
  rest: { method: 'GET', path: '/sources' },
  cli: 'source list',
  columns: ['sourceId', 'name', 'kind', 'node', 'freshness', 'takenAt'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  async run(context, asked) {
    const facts = await ruleFacts(context)
    return answerPage(await listAll(context, pageAsked(asked)), (row) => showSource(row, facts))
  },
})

export const getSource = nativeRead({
  name: 'getSource',
  summary: 'Show one source.',
  action: 'estate:read',
  input: z.strictObject({ sourceId: sourceName }),
  output: source,
  rest: { method: 'GET', path: '/sources/{sourceId}' },
  cli: 'source show',
  refusals: ['NotFound'],
  at: placeOfSource,
  run: async (context, input) => showSource(await findSource(context, input.sourceId), await ruleFacts(context)),
})

export const createSource = nativeWrite({
  name: 'createSource',
  summary: 'Make a source: something that tells what is there.',
  description: `Observations of a source never hand out or free space by themselves. Who has the role \`reporter\` at its node may send its snapshots. ${coverageWords}`,
  action: 'estate:manage',
  input: z.strictObject({
    name: newName,
    kind,
    node: nodeName,
    scopeId: scopeName.optional().describe('The private scope in which its private space is registered.'),
    reportEverySeconds: reportEvery
      .default(reportEveryDefault)
      .describe('How often it should report, in seconds. Defaults to a day.'),
    description: description.optional(),
    ...coverage,
    adopts: adopts.optional(),
  }),
  output: source,
  rest: { method: 'POST', path: '/sources', status: 201 },
  cli: 'source create',
  refusals: ['NotFound', 'AlreadyExists', 'LimitExceeded'],
  at: async (context, { node }) => placeOfNode(context, node),
  async run(context, { reportEverySeconds, coversNodes, coversLocales, coversBlocks, ...spec }) {
    const covers = coverageIn({ coversNodes, coversLocales, coversBlocks })
    const made = await create(context, { ...spec, reportEvery: reportEverySeconds, covers })
    return showSource(made, await ruleFacts(context))
  },
})

export const updateSource = nativeWrite({
  name: 'updateSource',
  summary:
    'Change how a source is called, how often it should report, where its space belongs, or what it is expected to tell of.',
  description: coverageWords,
  action: 'estate:manage',
  input: z.strictObject({
    sourceId: sourceName,
    name: newName.optional(),
    scopeId: scopeName.nullable().optional().describe('`null`: none.'),
    reportEverySeconds: reportEvery.optional().describe('How often it should report, in seconds.'),
    description: newDescription.optional(),
    ...coverage,
    adopts: adopts.nullable().optional().describe('`null`: nothing.'),
  }),
  output: source,
  rest: { method: 'PATCH', path: '/sources/{sourceId}' },
  cli: 'source update',
  refusals: ['NotFound', 'AlreadyExists'],
  changes: getSource,
  at: placeOfSource,
  async run(context, { sourceId, reportEverySeconds, coversNodes, coversLocales, coversBlocks, ...rest }) {
    const covers = coverageIn({ coversNodes, coversLocales, coversBlocks })
    refuseNoChange({ ...rest, reportEverySeconds, covers })
    const found = await findSource(context, sourceId)
    const updated = await update(context, found, { ...rest, reportEvery: reportEverySeconds, covers })
    return showSource(updated, await ruleFacts(context))
  },
})

export const deleteSource = nativeWrite({
  name: 'deleteSource',
  summary: 'Delete a source with all that it has told.',
  action: 'estate:manage',
  input: z.strictObject({ sourceId: sourceName }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/sources/{sourceId}', status: 204 },
  cli: 'source delete',
  refusals: ['NotFound'],
  changes: getSource,
  at: placeOfSource,
  async run(context, input) {
    await remove(context, await findSource(context, input.sourceId))
  },
})

// Snapshots ----------------------------------------------------------------------------------------------------------

export const listSnapshots = nativeRead({
  name: 'listSnapshots',
  summary: 'List the snapshots of a source, newest first.',
  action: 'estate:read',
  input: z.strictObject({ ...paging, sourceId: sourceName }),
  output: pageOf(snapshot),
  rest: { method: 'GET', path: '/sources/{sourceId}/snapshots' },
  cli: 'snapshot list',
  columns: ['snapshot', 'state', 'takenAt', 'lines', 'added', 'changed', 'missing', 'gone', 'problemCount'],
  refusals: ['NotFound', 'InvalidPaginationToken'],
  at: placeOfSource,
  run: async (context, { sourceId, ...asked }) =>
    answerPage(await snapshotsOf(context, await findSource(context, sourceId), pageAsked(asked)), describeSnapshot),
})

export const getSnapshot = nativeRead({
  name: 'getSnapshot',
  summary: 'Show one snapshot of a source, with what was wrong in it.',
  action: 'estate:read',
  input: z.strictObject({ sourceId: sourceName, snapshot: z.coerce.number().int().min(1) }),
  output: snapshot,
  rest: { method: 'GET', path: '/sources/{sourceId}/snapshots/{snapshot}' },
  cli: 'snapshot show',
  refusals: ['NotFound'],
  at: placeOfSource,
  run: async (context, input) =>
    describeSnapshot(await getOf(context, await findSource(context, input.sourceId), input.snapshot)),
})

const exampleLines = `{"snapshot":{"takenAt":"2026-11-25T09:30:00.000Z","collector":"my-script 1"}}
{"kind":"network","cidr":"10.0.0.0/16","space":"vpc-1","id":"vpc-1","account":"222222222222","locale":"eu-central-1"}
{"end":{"observations":1}}
`

export const sendSnapshot = nativeIntake({
  name: 'sendSnapshot',
  summary: 'Send a snapshot of what is there: NDJSON of any size, taken as it comes.',
  description:
    'The first line is the head, the last one the end; without the end nothing holds. By its name a source can be sent to at the node where your right to report is bound; others by their id. Lines are described in [observations](observations.md).',
  action: 'estate:report',
  input: z.strictObject({
    sourceId: sourceName,
    onProblem: z
      .enum(['discard', 'skip'])
      .default('discard')
      .describe(
        'Where lines are wrong: `discard` all of the snapshot, or `skip` them; then nothing is taken for gone.',
      ),
    isTrial: flag
      .optional()
      .describe('`true`: say what is wrong with its lines and what it would bring, and discard it.'),
  }),
  output: snapshot,
  rest: { method: 'POST', path: '/sources/{sourceId}/snapshots', status: 201, contentType: 'application/x-ndjson' },
  example: exampleLines,
  refusals: ['NotFound', 'IncorrectState', 'LimitExceeded'],
  at: placeOfReported,
  identify: async (context, input) => ({ ...input, sourceId: (await findReported(context, input.sourceId)).id }),
  receive: async (steps, input, body) => describeSnapshot(await takeSnapshot(steps, input, readLines(body))),
})

// Observations -------------------------------------------------------------------------------------------------------

export const listObservations = nativeRead({
  name: 'listObservations',
  summary: 'List what a source says is there.',
  action: 'estate:read',
  input: z.strictObject({
    ...paging,
    sourceId: sourceName,
    kind: observation.shape.kind.optional().describe('Only what is of this kind.'),
    account: z.string().max(128).optional().describe('As the source calls it.'),
    locale: z.string().max(97).optional().describe('Only what is there.'),
    id: z.string().max(1_024).optional().describe('Only what the object with this id holds.'),
    within: z.string().max(64).optional().describe('Only what lies in this CIDR.'),
    presence: presence.optional().describe('Only what is there, or missing, or gone.'),
  }),
  output: pageOf(observation).extend(sourceFacts),
  rest: { method: 'GET', path: '/sources/{sourceId}/observations' },
  cli: 'observation list',
  columns: ['cidr', 'kind', 'id', 'account', 'locale', 'name', 'state', 'presence'],
  refusals: ['NotFound', 'InvalidPaginationToken'],
  at: placeOfSource,
  async run(context, { sourceId, within, ...asked }) {
    const wanted: ObservationFilter = { ...filterOf(asked), within: blockIn(within) }
    const found = await findSource(context, sourceId)
    return {
      ...answerPage(await listOf(context, found, wanted, pageAsked(asked)), describeObservation),
      ...freshnessFacts(found, context),
    }
  },
})

export const toldObservation = observation.extend({
  sourceName: z.string().describe('What the source is called.'),
  freshness,
})
nameShapes({ ToldObservation: toldObservation })
export const describeTold = ({ stored, source }: Told, now: number): z.output<typeof toldObservation> => ({
  ...describeObservation(stored),
  sourceName: source.name,
  freshness: freshnessOf(source, now),
})

export const listObservationsOfAccount = nativeRead({
  name: 'listObservationsOfAccount',
  summary: 'List what all sources say of one account, by whatever they call it.',
  description: 'Whoever may read it at the account need not see the sources.',
  action: 'estate:read',
  input: z.strictObject({ ...paging, account: accountName }),
  output: pageOf(toldObservation),
  rest: { method: 'GET', path: '/accounts/{account}/observations' },
  cli: 'observation of-account',
  columns: ['cidr', 'kind', 'id', 'locale', 'name', 'presence', 'sourceName', 'freshness'],
  refusals: ['NotFound', 'InvalidPaginationToken'],
  at: (context, { account }) => placeOfNode(context, account),
  run: async (context, { account, ...asked }) =>
    answerPage(await observationsOfAccount(context, account, pageAsked(asked)), (told) =>
      describeTold(told, context.now),
    ),
})

export const estateOperations = [
  listSources,
  getSource,
  createSource,
  updateSource,
  deleteSource,
  listSnapshots,
  getSnapshot,
  listObservations,
  listObservationsOfAccount,
] as const
export const estateIntakes = [sendSnapshot] as const

// Showing ------------------------------------------------------------------------------------------------------------

function blockIn(text: string | undefined) {
  if (text === undefined) return undefined
  return (
    parseCidr(text) ?? parseAddress(text) ?? refuseValue('within', text, worded('a CIDR or an address is expected'))
  )
}

/** What is given of it; undefined where that is nothing. */
function coverageIn({
  coversNodes: nodes,
  coversLocales: locales,
  coversBlocks: blocks,
}: {
  readonly coversNodes?: readonly string[] | undefined
  readonly coversLocales?: readonly string[] | undefined
  readonly coversBlocks?: readonly string[] | undefined
}): Coverage | undefined {
  if (nodes === undefined && locales === undefined && blocks === undefined) return undefined
  return {
    ...(nodes && { nodes }),
    ...(locales && { locales }),
    ...(blocks && { blocks: blocks.map((text) => formatCidr(parseCidr(text)!)) }),
  }
}

export function showSource(found: Source, facts: RuleFacts): z.output<typeof source> {
  const { id, name, kind, node, scopeId, reportEvery, takenAt, createdAt } = found
  return {
    sourceId: id,
    name,
    kind,
    node,
    scopeId,
    reportEverySeconds: reportEvery,
    description: found.description,
    ...(found.covers?.nodes && { coversNodes: [...found.covers.nodes] }),
    ...(found.covers?.locales && { coversLocales: [...found.covers.locales] }),
    ...(found.covers?.blocks && { coversBlocks: [...found.covers.blocks] }),
    adopts: found.adopts,
    adoptsSetBy: found.adoptsBy?.name,
    ...(facts.isRuleStopped(found) ? { adoptsIsStopped: true } : {}),
    freshness: freshnessOf(found, facts.now),
    ...(found.snapshot === 0 ? {} : { snapshot: found.snapshot, takenAt: formatInstant(takenAt) }),
    createdAt: formatInstant(createdAt),
  }
}

function describeSnapshot({
  number,
  takenAt,
  begunAt,
  endedAt,
  touchedAt: _,
  beganWith: __,
  nextNumber: ___,
  bytes: ____,
  formerBytes: _____,
  subject: ______,
  unlisted,
  problems,
  makers,
  ...rest
}: StoredSnapshot): z.output<typeof snapshot> {
  return {
    ...rest,
    ...showMakers(makers),
    snapshot: number,
    takenAt: formatInstant(takenAt),
    begunAt: formatInstant(begunAt),
    ...(endedAt === undefined ? {} : { endedAt: formatInstant(endedAt) }),
    problems: problems.map(({ problem, ...line }) => ({
      ...line,
      problem: typeof problem === 'string' ? problem : problemInWords(problem),
    })),
    unlisted: unlisted.map((part) => Object.fromEntries(Object.entries(part).filter(([, text]) => text !== ''))),
  }
}

export function describeObservation(stored: StoredObservation): z.output<typeof observation> {
  const { sourceId, kind, cidr, space, id, account, locale, body, firstSeenAt } = stored
  const { key: _, tags, state, ...others } = body
  return {
    sourceId,
    kind,
    cidr: formatCidr(cidr),
    ...Object.fromEntries(Object.entries({ space, id, account, locale }).filter(([, text]) => text !== '')),
    ...others,
    state,
    tags: { ...tags },
    presence: presenceOf(stored),
    firstSeenAt: formatInstant(firstSeenAt),
  }
}
