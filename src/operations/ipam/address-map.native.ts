// A pool as a map, over the native API.
import { z } from 'zod'
import { formatCidr, parseCidr, sizeOf } from '#model/cidr.ts'
import { nativeRead } from '../operation.native.ts'
import { instant, nameShapes, parseInstant, poolName } from '../shapes.native.ts'
import { addressCount, cidr, netmaskLength } from '../space/shapes.native.ts'
import { findMap, type Tile, tileBitsMax } from './address-map.ts'
import { placeOfOwnPool } from './pool-lists.ts'
import { poolId } from './pools.native.ts'
import { readablePools } from './readable.ts'

const tile = z.object({
  cidr,
  size: addressCount.optional().describe('Where it is less than all.'),
  free: addressCount.optional(),
  allocated: addressCount.optional().describe('Also to pools below.'),
  held: addressCount.optional(),
  resting: addressCount.optional().describe('Released, and not to be had yet.'),
  allocations: z.number().int().optional(),
  isMore: z.literal(true).optional().describe('Not all of it was counted.'),
})
const addressMap = z.object({
  poolId,
  cidr: cidr.optional().describe('The window.'),
  netmaskLength: netmaskLength.optional().describe('Of every tile.'),
  cidrs: z.array(cidr).describe('The space of the pool in the window.'),
  tiles: z.array(tile).describe('Others are free where they lie in `cidrs`. What is 0 is left out.'),
})
nameShapes({ AddressTile: tile, AddressMap: addressMap })

export const getAddressMap = nativeRead({
  name: 'getAddressMap',
  summary: 'Show a pool as a map: what is free, allocated, held and resting in each part.',
  action: 'ipam:read',
  input: z.strictObject({
    poolId: poolName,
    cidr: cidr.optional().describe('The window: its first CIDR by default.'),
    netmaskLength: z.coerce
      .number()
      .int()
      .min(0)
      .max(128)
      .optional()
      .describe(`Of every tile: the window’s and 8, ${tileBitsMax} at most.`),
    at: instant.optional().describe('As it was at this moment. What rested then and rests no more is told as free.'),
  }),
  output: addressMap,
  rest: { method: 'GET', path: '/pools/{poolId}/map' },
  cli: 'pool map',
  refusals: ['NotFound', 'MalformedId'],
  at: (context, { poolId }) => placeOfOwnPool(context, poolId),
  async run(context, { poolId, cidr, netmaskLength, at }) {
    const pool = await readablePools.get(context, poolId)
    const asked = {
      cidr: cidr === undefined ? undefined : parseCidr(cidr),
      length: netmaskLength,
      at: at === undefined ? undefined : parseInstant(at),
    }
    const map = await findMap(context, pool, asked)
    const told = { poolId: pool.id }
    if (!map) return { ...told, cidrs: [], tiles: [] }
    return {
      ...told,
      cidr: formatCidr(map.window),
      netmaskLength: map.length,
      cidrs: map.cidrs.map(formatCidr),
      tiles: map.tiles.map(show),
    }
  },
})

const show = ({ cidr, size, free, allocated, held, resting, allocations, isMore }: Tile): z.output<typeof tile> => ({
  cidr: formatCidr(cidr),
  ...(size === sizeOf(cidr) ? {} : { size: String(size) }),
  ...some('free', free),
  ...some('allocated', allocated),
  ...some('held', held),
  ...some('resting', resting),
  ...(allocations > 0 ? { allocations } : {}),
  ...(isMore ? { isMore: true as const } : {}),
})
const some = <Name extends string>(name: Name, count: bigint): Partial<Record<Name, string>> =>
  count > 0n ? ({ [name]: String(count) } as Record<Name, string>) : {}
