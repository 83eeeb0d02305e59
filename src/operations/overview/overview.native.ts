// The overview over the native API.
import { z } from 'zod'
import { ruleFacts } from '../estate/rule-setter.ts'
import { showSource, source } from '../estate/sources.native.ts'
import { capacity, showCapacity } from '../ipam/capacity.native.ts'
import { nativeRead } from '../operation.native.ts'
import { exception, showException } from '../policy/exceptions.native.ts'
import { formatInstant, instant, nameShapes, nodeId, principalName } from '../shapes.native.ts'
import { overviewOf } from './overview.ts'
import { everythingWaiting, type Waiting, waitingFor } from './waiting.ts'

const count = z.number().int()
const hour = z.object({ from: instant, allow: count, steer: count, warn: count, deny: count })
const waiting = z.object({
  id: z.string().meta({ examples: ['exception-059bb000000000011'] }),
  for: z.enum(waitingFor).describe('What you are asked to do with it.'),
  node: nodeId,
  by: principalName,
  at: instant,
  reason: z.string(),
})
const parts = ['decisions', 'pools', 'findings', 'exceptions', 'waiting', 'sources'] as const
const none = { examples: [[]] }
const counts = (example: Readonly<Record<string, number>>) => z.record(z.string(), count).meta({ examples: [example] })
const overview = z.object({
  at: instant,
  decisions: z.array(hour).describe('Of the last day.'),
  pools: z.array(capacity).meta(none).describe('The first to run dry.'),
  findings: counts({ high: 1 }).describe('Open ones, by severity.'),
  exceptions: z.array(exception).meta(none).describe('In force, the first to end.'),
  waiting: z.array(waiting).describe('What you may approve.'),
  sources: z.array(source).meta(none).describe('Not fresh.'),
  counts: counts({ pools: 1 }).describe('Of these, and of `freshSources`.'),
  moreOf: z.array(z.string()).meta(none).describe('Of what not all was looked at.'),
})
nameShapes({ Overview: overview, HourOfDecisions: hour, WaitingApproval: waiting })

export const getOverview = nativeRead({
  name: 'getOverview',
  summary: 'Show what needs a look, as far as you may see it.',
  action: 'allocation:read',
  input: z.strictObject({}),
  output: overview,
  rest: { method: 'GET', path: '/overview' },
  cli: 'overview',
  refusals: [],
  at: 'filtered',
  async run(context) {
    const found = await overviewOf(context)
    const { decisions, pools, findings, exceptions, waiting, sources } = found
    const facts = await ruleFacts(context)
    return {
      at: formatInstant(context.now),
      decisions: decisions.hours.map(({ from, counts }) => ({ from: formatInstant(from), ...counts })),
      pools: pools.items.map(showCapacity),
      findings: findings.open,
      exceptions: exceptions.items.map(showException),
      waiting: waiting.items.map(showWaiting),
      sources: sources.items.map((one) => showSource(one, facts)),
      counts: {
        pools: pools.count,
        exceptions: exceptions.count,
        waiting: waiting.count,
        sources: sources.count,
        freshSources: sources.fresh,
      },
      moreOf: parts.filter((part) => found[part].isMore),
    }
  },
})

const showWaiting = ({ at, ...rest }: Waiting) => ({ ...rest, at: formatInstant(at) })

export const listWaiting = nativeRead({
  name: 'listWaiting',
  summary: 'List what waits for you, the oldest first.',
  description:
    'What you may approve or review, what of yours was sent back (`revise`), and what of yours is approved and nobody has applied.',
  action: 'change:read',
  input: z.strictObject({}),
  output: z.object({
    items: z.array(waiting),
    isWhole: z.boolean().describe('Whether all was looked at.'),
  }),
  rest: { method: 'GET', path: '/waiting' },
  cli: 'waiting',
  columns: ['id', 'for', 'node', 'by', 'at', 'reason'],
  refusals: [],
  at: 'filtered',
  async run(context) {
    const { items, isMore } = await everythingWaiting(context)
    return { items: items.map(showWaiting), isWhole: !isMore }
  },
})
