// A scope as one map: all its pools, those below counted in place of what they were given by those above. Of pools that lie within one
// tile their counters are enough, so that very many of them are no more to read than their rows.
import { type Cidr, compareCidrs, contains, overlaps, sizeOf, supernet } from '#model/cidr.ts'
import type { Pool, PoolCidr } from '#store/tables/pools.ts'
import type { ReadContext } from '../operation.ts'
import { type AddressMap, type AskedWindow, askedMap, foldedTo, mapOf, pastMapOf, type Tile } from './address-map.ts'
import { poolsToRead } from './readable.ts'
import { readUtilizations } from './utilization.ts'

/** Pools of a scope that one map is made of: of more it tells that it is not whole. */
const poolsMax = 5_000
const poolsPerRead = 500
/** Pools that are counted block by block; of others that are as large not all is told. */
const countedMax = 64

interface Placed {
  readonly pool: Pool
  readonly rows: readonly PoolCidr[]
}
/** What the caller may see of a scope; undefined where its pools have no space, and no window was asked for. */
export async function findScopeMap(
  context: ReadContext,
  scopeId: string,
  family: 4 | 6,
  asked: AskedWindow & { readonly at?: number | undefined },
): Promise<AddressMap | undefined> {
  const { tx } = context
  const { pools, isWhole } = await poolsOf(context, scopeId, family)
  const rows = (await tx.pools.cidrsOf(pools.map(({ n }) => n))).filter(({ state }) => state !== 'failed-provision')
  const at = asked.at !== undefined && asked.at < context.now ? asked.at : undefined
  const byPool = Map.groupBy(
    at === undefined ? rows : rows.filter(({ createdAt }) => createdAt <= at),
    ({ pool }) => pool,
  )
  const placed = pools.flatMap((pool): Placed[] => (byPool.has(pool.n) ? [{ pool, rows: byPool.get(pool.n)! }] : []))
  const known = new Set(pools.map(({ n }) => n))
  const isTop = ({ parent }: Pool): boolean => parent === undefined || !known.has(parent)
  const tops = placed.filter(({ pool }) => isTop(pool)).flatMap(({ rows }) => rows.map(({ cidr }) => cidr))
  const window = asked.cidr ?? around(tops)
  if (!window) return undefined
  const inside = rows.filter(({ cidr }) => overlaps(cidr, window)).map(({ cidr }) => cidr)
  const shown = askedMap(family, asked.isFolded && inside.length > 0 ? foldedTo(window, inside) : window, asked.length)
  const sums = new Map<bigint, Tile>()
  let counted = 0
  let isCut = !isWhole
  const whole: Placed[] = []
  for (const one of placed) {
    if (!one.rows.some(({ cidr }) => overlaps(cidr, shown.window))) continue
    if (at === undefined && tileOf(one, shown.length) !== undefined) whole.push(one)
    else if (counted++ < countedMax) {
      const cidrs = one.rows.map(({ cidr }) => cidr).sort(compareCidrs)
      const map = await (at === undefined
        ? mapOf(context, one.pool, cidrs, shown)
        : pastMapOf(context, one.pool, { now: cidrs, before: cidrs }, { ...shown, at }))
      addFree(sums, map, isTop(one.pool))
      for (const tile of map.tiles) add(sums, tile, isTop(one.pool))
    } else isCut = true
  }
  const used = await readUtilizations(
    context,
    whole.map(({ pool }) => pool),
  )
  for (const one of whole) {
    const tile = tileOf(one, shown.length)!
    const { provisioned, free, held, quarantined, allocations } = used.get(one.pool.n)!
    const counts = { free, held, resting: quarantined, allocated: 0n, allocations, isMore: false }
    add(sums, { cidr: tile, size: provisioned, ...counts }, isTop(one.pool))
  }
  // What a pool was given is an allocation of the one above it.
  for (const { pool, rows } of placed) {
    if (isTop(pool)) continue
    for (const { cidr } of rows) {
      const tile = cidr.length >= shown.length ? sums.get(supernet(cidr, shown.length).first) : undefined
      if (tile) sums.set(tile.cidr.first, { ...tile, allocations: Math.max(tile.allocations - 1, 0) })
    }
  }
  const tiles = [...sums.values()]
    .map((tile) => ({ ...tile, allocated: tile.size - tile.free - tile.held - tile.resting }))
    .filter(({ size, free, isMore }) => size > 0n && (free !== size || isMore || isCut))
    .map((tile) => ({ ...tile, isMore: tile.isMore || isCut }))
    .sort((a, b) => compareCidrs(a.cidr, b.cidr))
  const cidrs = tops.filter((cidr) => overlaps(cidr, shown.window)).sort(compareCidrs)
  return { ...shown, cidrs, tiles }
}

/** Those that divide an allocation lie inside of what somebody has, and are no space of the scope's own. */
async function poolsOf(
  context: ReadContext,
  scopeId: string,
  family: 4 | 6,
): Promise<{ readonly pools: readonly Pool[]; readonly isWhole: boolean }> {
  const read = await poolsToRead(context, { scopeId, family })
  const pools: Pool[] = []
  for (let after: string | undefined; pools.length < poolsMax; ) {
    await context.tx.nextTurn()
    const some = await read(after, poolsPerRead)
    pools.push(...some)
    if (some.length < poolsPerRead) return { pools: pools.filter(isOwn), isWhole: true }
    after = String(some.at(-1)!.n)
  }
  return { pools: pools.filter(isOwn), isWhole: false }
}
const isOwn = ({ sourceAllocation, sourceResource }: Pool): boolean =>
  sourceAllocation === undefined && sourceResource === undefined

const around = (cidrs: readonly Cidr[]): Cidr | undefined => {
  const [one] = cidrs
  if (!one) return undefined
  let length = Math.min(...cidrs.map((cidr) => cidr.length))
  while (!cidrs.every((cidr) => contains(supernet(one, length), cidr))) length--
  return supernet(one, length)
}

/** The one tile that all of a pool lies in. */
function tileOf({ rows }: Placed, length: number): Cidr | undefined {
  const [one] = rows
  if (!one || one.cidr.length < length) return undefined
  const tile = supernet(one.cidr, length)
  return rows.every(({ cidr }) => contains(tile, cidr)) ? tile : undefined
}

/** Tiles that a map leaves out are free. */
function addFree(sums: Map<bigint, Tile>, { window, length, cidrs, tiles }: AddressMap, isTop: boolean): void {
  const told = new Set(tiles.map(({ cidr }) => cidr.first))
  const size = 1n << BigInt((window.family === 4 ? 32 : 128) - length)
  for (const block of cidrs) {
    const inside = contains(block, window) ? window : block
    const until = inside.first + sizeOf(inside)
    for (let first = (inside.first / size) * size; first < until; first += size) {
      if (told.has(first)) continue
      const cidr: Cidr = { family: window.family, first, length }
      const free = inside.length > length ? sizeOf(inside) : size
      add(sums, { cidr, size: free, free, held: 0n, resting: 0n, allocated: 0n, allocations: 0, isMore: false }, isTop)
    }
  }
}
function add(sums: Map<bigint, Tile>, tile: Tile, isTop: boolean): void {
  const before = sums.get(tile.cidr.first)
  // What is below has its size from what is above it.
  const size = isTop ? tile.size : 0n
  sums.set(tile.cidr.first, {
    cidr: tile.cidr,
    size: (before?.size ?? 0n) + size,
    free: (before?.free ?? 0n) + tile.free,
    held: (before?.held ?? 0n) + tile.held,
    resting: (before?.resting ?? 0n) + tile.resting,
    allocated: 0n,
    allocations: (before?.allocations ?? 0) + tile.allocations,
    isMore: (before?.isMore ?? false) || tile.isMore,
  })
}
