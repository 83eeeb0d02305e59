// What a pool still gives, over the native API.
import { z } from 'zod'
import { familyText, formatCidr } from '#model/cidr.ts'
import type { StoredObservation } from '#store/tables/observations.ts'
import { observedFreeOf } from '../estate/in-use.ts'
import { nativeRead } from '../operation.native.ts'
import { idText, nameShapes, poolName } from '../shapes.native.ts'
import { addressCount, cidr, cidrOrAddress, family, netmaskLength } from '../space/shapes.native.ts'
import { fitOf, freeBlocksOf } from './free-space.ts'
import { placeOfOwnPool } from './pool-lists.ts'
import { poolId } from './pools.native.ts'
import { readablePools } from './readable.ts'

const isMore = z.boolean().describe('There are more than were counted.')
const freeBlocks = z.object({ netmaskLength, count: z.number().int().min(1), isMore })
const fit = z.object({
  netmaskLength,
  count: addressCount.describe('How many blocks of this length could be had, one after the other.'),
  isMore,
  next: cidr.optional().describe('The block that would be had next.'),
})
const observedFree = z
  .object({
    cidr: cidrOrAddress,
    sourceId: idText('source'),
    id: z.string().optional(),
    account: z.string().optional(),
  })
  .meta({ id: 'ObservedFreeSpace' })
const freeSpace = z.object({
  poolId,
  family,
  blocks: z.array(freeBlocks).describe('The free blocks by size, the largest first.'),
  largest: netmaskLength.optional().describe('The netmask length of the largest free block.'),
  inUse: z
    .array(observedFree)
    .optional()
    .describe(
      'Of what is free: the first that sources say is in use, as far as you may see them. `avoidsObserved` of the pool keeps it from being handed out.',
    ),
  fit: fit.optional().describe('What would fit of the length that was asked for.'),
})
nameShapes({ FreeBlocks: freeBlocks, Fit: fit, FreeSpace: freeSpace })

export const getFreeSpace = nativeRead({
  name: 'getFreeSpace',
  summary: 'Show what a pool still gives: its free blocks by size, and how many networks of a size would fit.',
  description:
    'Space of pools below it is theirs, and not among it. Whether somebody may have it is for policy to say: `explain` tells that.',
  action: 'ipam:read',
  input: z.strictObject({
    poolId: poolName,
    netmaskLength: z.coerce
      .number()
      .int()
      .min(0)
      .max(128)
      .optional()
      .describe('Also say how many networks of this length would fit, and where the next one would be.'),
  }),
  output: freeSpace,
  rest: { method: 'GET', path: '/pools/{poolId}/free' },
  cli: 'pool free',
  refusals: ['NotFound', 'MalformedId'],
  at: (context, { poolId }) => placeOfOwnPool(context, poolId),
  async run(context, { poolId, netmaskLength }) {
    const pool = await readablePools.get(context, poolId)
    const blocks = await freeBlocksOf(context, pool)
    const found = netmaskLength === undefined ? undefined : await fitOf(context, pool, netmaskLength, blocks)
    const seen = await observedFreeOf(context, pool)
    return {
      poolId: pool.id,
      family: familyText(pool.family),
      blocks: [...blocks],
      largest: blocks[0]?.netmaskLength,
      ...(seen.length > 0 ? { inUse: seen.map(describeObserved) } : {}),
      fit: found && { ...found, count: String(found.count), next: found.next && formatCidr(found.next) },
    }
  },
})

const describeObserved = ({ cidr, sourceId, id, account }: StoredObservation): z.output<typeof observedFree> => ({
  cidr: formatCidr(cidr),
  sourceId,
  ...(id === '' ? {} : { id }),
  ...(account === '' ? {} : { account }),
})
