// Simulations over the native API: begun, followed, cancelled, and what came of them by account, type and locale, and by pool.
import { z } from 'zod'
import { kindOf } from '#model/identifier.ts'
import { problemInWords } from '#model/problems/problem.ts'
import {
  requestKinds,
  resourceKinds,
  type Sample,
  type SimulationKind,
  simulationPhases,
  simulationStatuses,
  type Tally,
  type Told,
} from '#model/simulation.ts'
import type { SimulatedPool, SimulatedUse, StoredSimulation } from '#store/tables/simulations.ts'
import { idOf } from '../identifiers.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext, Tried } from '../operation.ts'
import {
  accountId,
  accountName,
  answerPage,
  flag,
  formatInstant,
  idText,
  instant,
  localeName,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
  typeName,
} from '../shapes.native.ts'
import {
  bodyOfList,
  type GovernedOperation,
  governedOperationList,
  noteOnLength,
  refusalsOfGoverned,
  runGoverned,
} from './operations.native.ts'
import { type DoAll, simulationsKeptDays } from './simulating.ts'
import {
  cancelSimulation as cancel,
  deleteSimulation as drop,
  getSimulation as get,
  listSimulations as list,
  listGroups,
  listSimulatedPools,
  type SimulationTotals,
  simulatedDaysDefault,
  simulatedDaysMax,
  startSimulation as start,
  totalsOf,
  trySimulation,
} from './simulations.ts'
import { epochOf } from './state.ts'

// Shapes -------------------------------------------------------------------------------------------------------------

const count = z.number().int().min(0)
const counts = {
  requests: count.describe('Requests that were asked again.'),
  newlyDenied: count.describe('Of them, those that would be denied, and are not.'),
  newlyAllowed: count.describe('Those that would get space, and get none now.'),
  elsewhere: count.describe('Those that would get it from another pool.'),
  otherSize: count.describe('Those that would get another length from the same pool.'),
  exhausted: count.describe(
    'Those that policy would allow and for which no pool would have room, where that is not so now.',
  ),
  resources: count.describe('Space in use that the change can touch, and that was looked at.'),
  noncompliant: count.describe('Of it, what would not comply any more.'),
  compliant: count.describe('What does not comply, and would.'),
}
const simulationId = idText('simulation')
const refusal = z.object({
  code: z.string().meta({ examples: ['NotFound'] }),
  operation: count.optional().describe('Which of the operations, counted from 0.'),
  field: z.string().optional(),
  value: z.string().optional(),
  id: z.string().optional(),
  problem: z.string().optional().describe('In words.'),
})
export const simulation = z.object({
  simulationId,
  status: z
    .enum(simulationStatuses)
    .describe(
      '`refused`: the change could not be made; `failed`: servers ended again and again while they worked at it.',
    ),
  askedBy: z.string().meta({ examples: ['user:olga'] }),
  days: z.number().int(),
  changeRequestId: idText('changeRequest').optional().describe('Of which change request it is.'),
  createdAt: instant,
  startedAt: instant.optional(),
  endedAt: instant.optional(),
  phase: z.enum(simulationPhases).describe('What is looked at.'),
  percent: z.number().int().min(0).max(100).describe('Of the requests, by the time that they span.'),
  epoch: z.number().int().optional().describe('Of all that is governed (`GET /governance`), when it was compared.'),
  isCurrent: z.boolean().optional().describe('Whether nothing that is governed has changed since.'),
  from: instant.optional().describe('Since when requests were asked again.'),
  until: instant.optional(),
  isWhole: z.boolean().optional().describe('Whether everything was looked at, and told apart.'),
  refusal: refusal.optional().describe('Why the change could not be made.'),
})
const simulationTotals = z.object({
  ...counts,
  isRoomCounted: z
    .boolean()
    .describe(
      'Whether room in pools has a part in it: only where you may see all that was asked. Else requests are told as if every pool had room, since who else takes it would be in what is left.',
    ),
})
export const simulationShown = simulation.extend({
  totals: simulationTotals.optional().describe('Of all accounts that you may see, once it is done.'),
})
const link = z.string().meta({ examples: ['/api/v1/decisions/decision-059bb000000000021'] })
const told = z.object({
  outcome: z.enum(['served', 'exhausted', 'denied']),
  poolId: z.string().optional().describe('The pool, `provider`, or `$LABEL` of what the change makes.'),
  policyId: z.string().optional(),
  targetId: z.string().optional(),
  setting: z.string().optional().describe('Which setting denies it.'),
})
const sample = z.object({
  kind: z.enum([...requestKinds, ...resourceKinds]),
  decisionId: idText('decision').optional(),
  at: instant.optional(),
  present: told.optional(),
  candidate: told.optional(),
  resource: z.string().optional(),
  cidr: z.string().optional(),
  setting: z.string().optional(),
  link: link.optional(),
})
const group = z.object({
  account: accountId,
  resourceType: z.string(),
  locale: z.string(),
  ...counts,
  link: link.describe('Where those requests, or that space, are listed.'),
  samples: z.array(sample).describe('Of each kind the latest.'),
})
const addresses = z
  .string()
  .regex(/^[0-9]+$/)
  .meta({ examples: ['256'] })
const use = z.object({
  free: addresses.describe('Addresses that were free.'),
  taken: addresses.describe('What of them the requests take.'),
  served: count.describe('Requests that it serves.'),
  refused: count.describe('Requests that ask it and find no room.'),
  dryInDays: z
    .number()
    .optional()
    .describe(
      'In how many days it has no room, if requests go on like that and nothing is given back; absent: not within ten years.',
    ),
  dryAt: instant.optional(),
})
const pool = z.object({
  poolId: z.string().describe('Its id, or `$LABEL` of one that the change makes.'),
  isNew: z.boolean(),
  present: use.optional(),
  candidate: use.optional(),
})
nameShapes({
  Simulation: simulation,
  SimulationWithTotals: simulationShown,
  SimulationTotals: simulationTotals,
  SimulationRefusal: refusal,
  SimulatedOutcome: told,
  SimulationSample: sample,
  SimulationGroup: group,
  SimulatedUse: use,
  SimulatedPool: pool,
})

const one = z.strictObject({ simulationId })
export const simulatedDays = z
  .number()
  .int()
  .min(1)
  .max(simulatedDaysMax)
  .optional()
  .describe(`Requests of so many days: 1 to ${simulatedDaysMax}, ${simulatedDaysDefault} by default.`)

// Operations ---------------------------------------------------------------------------------------------------------

const doAll: DoAll = async (context, operations) =>
  (await runGoverned(context, operations as readonly GovernedOperation[])).results

export const startSimulation = nativeWrite({
  name: 'startSimulation',
  summary:
    'Ask what a change of governance would have made of the requests on record, of space in use and of what pools have free.',
  description: `Nothing is changed. The change is tried on your right, in a transaction that is taken back, and what would be refused of it is refused at once; then each request of the last days is asked again under the rules of now and under those of the change, in the order in which they came, on what pools have free now, and space in use is looked at under both. It is worked at behind all other requests; \`GET /simulations/{simulationId}\` says how far it is. What came of it is kept for ${simulationsKeptDays} days.`,
  action: 'policy:read',
  input: z.strictObject({
    operations: governedOperationList.describe(`What would be done, in this order. ${noteOnLength}`),
    days: simulatedDays,
  }),
  output: simulation,
  rest: { method: 'POST', path: '/simulations', status: 201, body: bodyOfList },
  cli: 'simulation start',
  refusals: [...refusalsOfGoverned, 'LimitExceeded'],
  at: 'own',
  lookAhead: (ahead, { operations }): Promise<Tried> => trySimulation(ahead, operations, doAll),
  run: async (context, input, tried: Tried) => describeSimulation(context, await start(context, input, tried)),
})

export const listSimulations = nativeRead({
  name: 'listSimulations',
  summary: 'List simulations, the latest first: your own, and all where you may read all policies.',
  action: 'policy:read',
  input: z.strictObject(paging),
  output: pageOf(simulation),
  rest: { method: 'GET', path: '/simulations' },
  cli: 'simulation list',
  columns: ['simulationId', 'status', 'phase', 'percent', 'days', 'createdAt', 'askedBy'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  run: async (context, asked) =>
    answerPage(await list(context, pageAsked(asked)), (row) => describeSimulation(context, row)),
})

export const getSimulation = nativeRead({
  name: 'getSimulation',
  summary: 'Show how far a simulation is, and what came of it.',
  action: 'policy:read',
  input: one,
  output: simulationShown,
  rest: { method: 'GET', path: '/simulations/{simulationId}' },
  cli: 'simulation show',
  refusals: ['NotFound', 'MalformedId'],
  at: 'own',
  run: async (context, input) => describeWithTotals(context, await get(context, input.simulationId)),
})

export const cancelSimulation = nativeWrite({
  name: 'cancelSimulation',
  summary: 'End a simulation that is not over.',
  action: 'policy:read',
  input: one,
  output: simulation,
  rest: { method: 'POST', path: '/simulations/{simulationId}/cancel' },
  cli: 'simulation cancel',
  refusals: ['NotFound', 'MalformedId'],
  at: 'own',
  run: async (context, input) => describeSimulation(context, await cancel(context, input.simulationId)),
})

export const deleteSimulation = nativeWrite({
  name: 'deleteSimulation',
  summary: 'Take a simulation away, with all that came of it.',
  action: 'policy:read',
  input: one,
  output: z.void(),
  rest: { method: 'DELETE', path: '/simulations/{simulationId}', status: 204 },
  cli: 'simulation delete',
  refusals: ['NotFound', 'MalformedId'],
  at: 'own',
  run: async (context, input) => drop(context, input.simulationId),
})

export const listSimulationGroups = nativeRead({
  name: 'listSimulationGroups',
  summary: 'List what would fare otherwise, by account, resource type and locale, with samples.',
  description:
    'Accounts of which you may see all that was asked, as far as you see them. Room in pools has a part in it only where you may see all that was asked, of every account (`isRoomCounted`).',
  action: 'decision:read',
  input: z.strictObject({
    simulationId,
    ...paging,
    account: accountName.optional(),
    resourceType: typeName.optional(),
    locale: localeName.optional(),
    kind: z
      .enum([...requestKinds, ...resourceKinds])
      .optional()
      .describe('Where this happens; where anything does, by default.'),
    unchanged: flag.optional().describe('Also where nothing would be otherwise.'),
  }),
  output: pageOf(group),
  rest: { method: 'GET', path: '/simulations/{simulationId}/groups' },
  cli: 'simulation groups',
  columns: [
    'account',
    'resourceType',
    'locale',
    'newlyDenied',
    'newlyAllowed',
    'elsewhere',
    'exhausted',
    'noncompliant',
    'compliant',
    'otherSize',
    'requests',
    'resources',
    'link',
  ],
  refusals: ['NotFound', 'MalformedId', 'InvalidPaginationToken'],
  at: 'own',
  async run(context, { simulationId: id, account, resourceType, locale, kind, unchanged, ...asked }) {
    const filter = { account, resourceType, locale, kind, isAll: unchanged ?? false }
    return answerPage(await listGroups(context, id, filter, pageAsked(asked)), (row) => describeGroup(context, row))
  },
})

export const listSimulationPools = nativeRead({
  name: 'listSimulationPools',
  summary:
    'List the pools that the requests come to: what they take, and when nothing is left, now and with the change.',
  description:
    'Where you may see all that was asked, of every account: else none, since what others take is in what is left.',
  action: 'ipam:read',
  input: z.strictObject({ simulationId, ...paging }),
  output: pageOf(pool),
  rest: { method: 'GET', path: '/simulations/{simulationId}/pools' },
  cli: 'simulation pools',
  columns: ['poolId', 'present', 'candidate'],
  refusals: ['NotFound', 'MalformedId', 'InvalidPaginationToken'],
  at: 'own',
  async run(context, { simulationId: id, ...asked }) {
    const found = await get(context, id)
    const page = await listSimulatedPools(context, id, pageAsked(asked))
    return answerPage(page, (row) => describePool(row, found.facts?.until ?? context.now))
  },
})

export const simulationOperations = [
  startSimulation,
  listSimulations,
  getSimulation,
  cancelSimulation,
  deleteSimulation,
  listSimulationGroups,
  listSimulationPools,
]

// Answers ------------------------------------------------------------------------------------------------------------

export function describeSimulation(context: ReadContext, row: StoredSimulation): z.output<typeof simulation> {
  const { n, status, askedBy, days, changeRequest, createdAt, startedAt, endedAt, progress, facts } = row
  return {
    simulationId: idOf(context, 'simulation', n),
    status: status as Exclude<typeof status, 'deleted'>,
    askedBy,
    days,
    ...(changeRequest === undefined ? {} : { changeRequestId: idOf(context, 'changeRequest', changeRequest) }),
    createdAt: formatInstant(createdAt),
    ...(startedAt === undefined ? {} : { startedAt: formatInstant(startedAt) }),
    ...(endedAt === undefined ? {} : { endedAt: formatInstant(endedAt) }),
    ...progress,
    ...(facts && {
      epoch: facts.epoch,
      isCurrent: facts.epoch === epochOf(context),
      from: formatInstant(facts.from),
      until: formatInstant(facts.until),
      isWhole: facts.isWhole,
    }),
    ...(row.refusal && { refusal: describeRefusal(row.refusal) }),
  }
}

export async function describeWithTotals(
  context: ReadContext,
  found: StoredSimulation,
): Promise<z.output<typeof simulationShown>> {
  const totals = found.status === 'done' ? describeTotals(await totalsOf(context, found)) : undefined
  return { ...describeSimulation(context, found), ...(totals ? { totals } : {}) }
}

function describeRefusal({ refusal: said }: NonNullable<StoredSimulation['refusal']>): z.output<typeof refusal> {
  const texts = ['field', 'value', 'id'] as const
  const problem = 'problem' in said ? said.problem : 'because' in said ? said.because : undefined
  return {
    code: said.code,
    ...(said.index === undefined ? {} : { operation: said.index }),
    ...Object.fromEntries(texts.flatMap((name) => (name in said ? [[name, (said as never)[name] as string]] : []))),
    ...(problem === undefined ? {} : { problem: problemInWords(problem) }),
  }
}

const countsOf = (of: Readonly<Record<SimulationKind, number>>) => ({
  newlyDenied: of['newly-denied'],
  newlyAllowed: of['newly-allowed'],
  elsewhere: of.elsewhere,
  otherSize: of['other-size'],
  exhausted: of.exhausted,
  noncompliant: of.noncompliant,
  compliant: of.compliant,
})
const describeTotals = ({ isRoomCounted, requests, resources, counts: of }: SimulationTotals) => ({
  isRoomCounted,
  requests,
  resources,
  ...countsOf(of),
})

const base = '/api/v1'
function describeGroup(context: ReadContext, tally: Tally): z.output<typeof group> {
  const { account, resourceType, locale, requests, resources, counts: of, samples } = tally
  const query = new URLSearchParams({ account, resourceType, locale })
  return {
    account,
    resourceType,
    locale,
    requests,
    resources,
    ...countsOf(of),
    link: `${base}/${requests > 0 ? 'decisions' : 'allocations'}?${query}`,
    samples: samples.map((one) => describeSample(context, one)),
  }
}

function describeSample(context: ReadContext, one: Sample): z.output<typeof sample> {
  if ('decision' in one) {
    const decisionId = idOf(context, 'decision', one.decision)
    return {
      kind: one.kind,
      decisionId,
      at: formatInstant(one.at),
      present: describeTold(one.present),
      candidate: describeTold(one.candidate),
      link: `${base}/decisions/${decisionId}`,
    }
  }
  const { kind, resource, cidr, setting } = one
  const path = kindOf(resource) === 'allocation' ? 'allocations' : 'resources'
  return { kind, resource, cidr, ...(setting === undefined ? {} : { setting }), link: `${base}/${path}/${resource}` }
}
const describeTold = ({ outcome, pool: poolId, policy: policyId, target: targetId, setting }: Told) => ({
  outcome,
  ...(poolId === undefined ? {} : { poolId }),
  ...(policyId === undefined ? {} : { policyId }),
  ...(targetId === undefined ? {} : { targetId }),
  ...(setting === undefined ? {} : { setting }),
})

function describePool({ pool: poolId, isNew, present, candidate }: SimulatedPool, from: number): z.output<typeof pool> {
  const shownUse = ({ free, taken, served, refused, dryInDays }: SimulatedUse): z.output<typeof use> => ({
    free: String(free),
    taken: String(taken),
    served,
    refused,
    ...(dryInDays === undefined
      ? {}
      : { dryInDays: Math.round(dryInDays * 10) / 10, dryAt: formatInstant(from + dryInDays * 86_400_000) }),
  })
  return {
    poolId,
    isNew,
    ...(present && { present: shownUse(present) }),
    ...(candidate && { candidate: shownUse(candidate) }),
  }
}
