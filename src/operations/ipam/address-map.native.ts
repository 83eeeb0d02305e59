// A pool or a scope as a map, over the native API.
import { z } from 'zod'
import { familyNumber, formatCidr, parseCidr, sizeOf } from '#model/cidr.ts'
import { nativeRead } from '../operation.native.ts'
import { accountId, flag, instant, nameShapes, parseInstant, poolName, scopeName } from '../shapes.native.ts'
import { addressCount, cidr, family, locale, netmaskLength } from '../space/shapes.native.ts'
import { type AddressMap, findMap, type Tile, tileBitsMax } from './address-map.ts'
import { placeOfOwnPool } from './pool-lists.ts'
import { poolId } from './pools.native.ts'
import { readablePools, readableScopes } from './readable.ts'
import { findScopeMap } from './scope-map.ts'
import { scopeId } from './scopes.native.ts'
import { holdersOfTiles, lookedAtPerTile, type TileHolder } from './tile-holders.ts'

const tile = z.object({
  cidr,
  size: addressCount.optional().describe('Where it is less than all.'),
  free: addressCount.optional(),
  allocated: addressCount.optional().describe('Also to pools below.'),
  held: addressCount.optional(),
  resting: addressCount.optional().describe('Released, and not to be had yet.'),
  allocations: z.number().int().optional(),
  account: accountId.optional().describe('Whose it is, where of one.'),
  locale: locale.optional(),
  poolId: poolId.optional().describe('The pool below that has it.'),
  findings: z.number().int().optional().describe('Allocations that have findings.'),
  isMore: z.literal(true).optional().describe('Not all of it was counted.'),
})
const addressMap = z.object({
  poolId: poolId.optional(),
  scopeId: scopeId.optional(),
  cidr: cidr.optional().describe('The window.'),
  netmaskLength: netmaskLength.optional().describe('Of every tile.'),
  cidrs: z.array(cidr).describe('The space of the pool in the window.'),
  tiles: z.array(tile).describe('Others are free where they lie in `cidrs`. What is 0 is left out.'),
})
nameShapes({ AddressTile: tile, AddressMap: addressMap })

const windowed = {
  cidr: cidr.optional().describe('The window; of a pool its first CIDR by default.'),
  netmaskLength: z.coerce
    .number()
    .int()
    .min(0)
    .max(128)
    .optional()
    .describe(`Of every tile: the window’s and up to ${tileBitsMax}.`),
  fold: flag.optional().describe('`true`: without empty space around what is in use.'),
  at: instant.optional().describe('As it was then; what rested then and rests no more is free.'),
}
interface Windowed {
  readonly cidr?: string | undefined
  readonly netmaskLength?: number | undefined
  readonly fold?: boolean | undefined
  readonly at?: string | undefined
}
const askedIn = ({ cidr, netmaskLength, fold, at }: Windowed) => ({
  cidr: cidr === undefined ? undefined : parseCidr(cidr),
  length: netmaskLength,
  isFolded: fold === true,
  at: at === undefined ? undefined : parseInstant(at),
})
const showMap = (map: AddressMap | undefined, holders?: ReadonlyMap<bigint, TileHolder>) =>
  map === undefined
    ? { cidrs: [], tiles: [] }
    : {
        cidr: formatCidr(map.window),
        netmaskLength: map.length,
        cidrs: map.cidrs.map(formatCidr),
        tiles: map.tiles.map((one) => show(one, holders?.get(one.cidr.first))),
      }

export const getAddressMap = nativeRead({
  name: 'getAddressMap',
  summary: 'Show a pool as a map: what is free, allocated, held and resting in each part.',
  action: 'ipam:read',
  input: z.strictObject({
    poolId: poolName,
    ...windowed,
    holders: flag
      .optional()
      .describe(`\`true\`: also whose tiles are, and findings, by the first ${lookedAtPerTile} allocations in each.`),
  }),
  output: addressMap,
  rest: { method: 'GET', path: '/pools/{poolId}/map' },
  cli: 'pool map',
  refusals: ['NotFound', 'MalformedId'],
  at: (context, { poolId }) => placeOfOwnPool(context, poolId),
  async run(context, { poolId, holders, ...asked }) {
    const pool = await readablePools.get(context, poolId)
    const map = await findMap(context, pool, askedIn(asked))
    const isNow = asked.at === undefined || parseInstant(asked.at) >= context.now
    const taken = map?.tiles.filter(({ allocated }) => allocated > 0n).map((one) => one.cidr) ?? []
    const found = holders && isNow && taken.length > 0 ? await holdersOfTiles(context, pool, taken) : undefined
    return { poolId: pool.id, ...showMap(map, found) }
  },
})

export const getScopeMap = nativeRead({
  name: 'getScopeMap',
  summary: 'Show all pools of a scope as one map.',
  action: 'ipam:read',
  input: z.strictObject({ scopeId: scopeName, family: family.optional().describe('Else IPv4.'), ...windowed }),
  output: addressMap,
  rest: { method: 'GET', path: '/scopes/{scopeId}/map' },
  cli: 'scope map',
  refusals: ['NotFound', 'MalformedId'],
  at: (context, { scopeId }) => readableScopes.placeOf(context, scopeId),
  async run(context, { scopeId, family = 'ipv4', ...asked }) {
    const scope = await readableScopes.get(context, scopeId)
    return {
      scopeId: scope.id,
      ...showMap(await findScopeMap(context, scope.id, familyNumber(family), askedIn(asked))),
    }
  },
})

const show = (
  { cidr, size, free, allocated, held, resting, allocations, isMore }: Tile,
  holder: TileHolder | undefined,
): z.output<typeof tile> => ({
  cidr: formatCidr(cidr),
  ...(size === sizeOf(cidr) ? {} : { size: String(size) }),
  ...some('free', free),
  ...some('allocated', allocated),
  ...some('held', held),
  ...some('resting', resting),
  ...(allocations > 0 ? { allocations } : {}),
  account: holder?.account,
  locale: holder?.locale,
  poolId: holder?.poolId,
  ...(holder && holder.findings > 0 ? { findings: holder.findings } : {}),
  ...(isMore ? { isMore: true as const } : {}),
})
const some = <Name extends string>(name: Name, count: bigint): Partial<Record<Name, string>> =>
  count > 0n ? ({ [name]: String(count) } as Record<Name, string>) : {}
