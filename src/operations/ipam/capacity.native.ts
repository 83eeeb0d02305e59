// How full pools are and when they run dry, over the native API.
import { z } from 'zod'
import { familyNumber } from '#model/cidr.ts'
import { dayMs } from '#model/clock.ts'
import type { NoForecast } from '#model/forecast.ts'
import { nativeRead } from '../operation.native.ts'
import {
  answerPage,
  filterOf,
  instant,
  ipamName,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
  poolName,
  scopeName,
} from '../shapes.native.ts'
import { addressCount, family, netmaskLength, shownName } from '../space/shapes.native.ts'
import { capacitiesOf, capacityRowsMax, forecastWeeksMax, listCapacities, type PoolCapacity } from './capacity.ts'
import { poolId } from './pools.native.ts'
import { readablePools } from './readable.ts'

const day = z.iso.date()
const noForecast = {
  'short-history': 'There are less than three weeks of it.',
  'not-growing': 'It does not grow.',
  'beyond-horizon': 'It lies more than ten years ahead.',
  divided: 'Pools below have their space from it.',
} as const satisfies Record<NoForecast | 'divided', string>

export const capacity = z.object({
  poolId,
  name: shownName.optional(),
  usedPercent: z.number().min(0).max(100).describe('How much of its space is not free.'),
  provisioned: addressCount,
  free: addressCount,
  largest: netmaskLength
    .optional()
    .describe('The netmask length of the largest free block; none is free where it is not there.'),
  growthPerWeek: z.number().describe('Addresses that are used more each week, on average of the weeks that are known.'),
  runsDryOn: day.optional().describe('The day on which nothing is free any more, if use goes on as it went.'),
  earliest: day.optional().describe('One in ten pools with such a past runs dry before this day.'),
  latest: day.optional().describe('One in ten pools with such a past runs dry after this day.'),
  noForecast: z
    .enum(Object.keys(noForecast) as [keyof typeof noForecast])
    .optional()
    .describe(
      `Why there is no day: ${Object.entries(noForecast)
        .map(([reason, words]) => `\`${reason}\`: ${words}`)
        .join(' ')}`,
    ),
})
const weekOfPool = z.object({
  until: instant.describe('The end of the week, or now.'),
  provisioned: addressCount,
  used: addressCount.describe('What is allocated, and what rests.'),
})
const poolCapacity = capacity.extend({
  weeks: z
    .array(weekOfPool)
    .describe(`The weeks that the forecast is made from, the oldest first: at most ${forecastWeeksMax}, and now.`),
})
nameShapes({ PoolCapacitySummary: capacity, PoolCapacity: poolCapacity, WeekOfPool: weekOfPool })

const method =
  'The forecast goes on as use went on average by the week (random walk with drift); four of five pools with such a past run dry between `earliest` and `latest`.'

export const listCapacity = nativeRead({
  name: 'listCapacity',
  summary: 'List how full pools are, how fast they fill and when they run dry, as far as you may see them.',
  description: `${method} A page has at most ${capacityRowsMax} pools.`,
  action: 'ipam:read',
  input: z.strictObject({
    ...paging,
    ipamId: ipamName.optional().describe('Only pools of this IPAM.'),
    scopeId: scopeName.optional().describe('Only pools of this scope.'),
    family: family.optional(),
  }),
  output: pageOf(capacity),
  rest: { method: 'GET', path: '/capacity' },
  cli: 'capacity',
  columns: [
    'poolId',
    'name',
    'usedPercent',
    'free',
    'largest',
    'growthPerWeek',
    'runsDryOn',
    'earliest',
    'latest',
    'noForecast',
  ],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  run: async (context, { family, ...input }) =>
    answerPage(
      await listCapacities(context, { ...filterOf(input), family: family && familyNumber(family) }, pageAsked(input)),
      showCapacity,
    ),
})

export const getPoolCapacity = nativeRead({
  name: 'getPoolCapacity',
  summary: 'Show how full a pool is, how it came to that by the week, and when it runs dry.',
  description: method,
  action: 'ipam:read',
  input: z.strictObject({ poolId: poolName }),
  output: poolCapacity,
  rest: { method: 'GET', path: '/pools/{poolId}/capacity' },
  cli: 'pool capacity',
  refusals: ['NotFound', 'MalformedId'],
  at: (context, { poolId }) => readablePools.placeOf(context, poolId),
  async run(context, { poolId }) {
    const [found] = await capacitiesOf(context, [await readablePools.get(context, poolId)])
    return {
      ...showCapacity(found!),
      weeks: found!.weeks.map(({ endsAt, provisioned, used }) => ({
        until: new Date(endsAt).toISOString(),
        provisioned: String(provisioned),
        used: String(used),
      })),
    }
  },
})

export const showCapacity = (found: PoolCapacity): z.output<typeof capacity> => ({
  poolId: found.pool.id,
  name: found.name,
  usedPercent: found.usedPerMille / 10,
  provisioned: String(found.utilization.provisioned),
  free: String(found.utilization.free),
  largest: found.largest,
  growthPerWeek: Math.round(found.forecast.growthPerWeek * 10) / 10,
  runsDryOn: dayText(found.runsDryAt),
  earliest: dayText(found.earliestAt),
  latest: dayText(found.latestAt),
  noForecast: found.isDivided ? 'divided' : found.forecast.none,
})
/** The last day that is shown is one that calendars have. */
const dayText = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(Math.floor(at / dayMs) * dayMs).toISOString().slice(0, 10)
