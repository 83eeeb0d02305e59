// A pool as a map: a window of its addresses in tiles of one size, each with what is free, allocated, held and resting of it. However
// many allocations there are, no row of any is read: they are counted in the order of their addresses. Of a moment that is past, rows
// are read, so many at most: those of the window, or of what has changed since.
import {
  bitsOf,
  type Cidr,
  compareCidrs,
  contains,
  formatCidr,
  orderOf,
  overlaps,
  sizeOf,
  supernet,
} from '#model/cidr.ts'
import { refuseValue } from '#model/refusal.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { ReadContext } from '../operation.ts'

/** How many tiles a window may have, as bits: 4,096. */
export const tileBitsMax = 12
/** Where nobody says how many. */
const tileBitsDefault = 8
/** Tiles that one statement counts in, and the first one. */
const tilesPerStatement = 256
const tilesAtFirst = 4

/** What one map reads, whatever there is. */
export interface MapBounds {
  /** Free blocks of one size that are read; where there are more, they are counted. */
  readonly freeRead: number
  /** Blocks that rest or are held: of all that the map tells of, and of one statement. */
  readonly resting: number
  readonly restingPerStatement: number
  /** Rows that are counted: of all, beyond which some is told as `isMore`, and of one statement, which is some milliseconds. */
  readonly rows: number
  readonly rowsPerStatement: number
  /** Of a moment that is past: rows of the window that are read, or else of what has ended since, and of one statement. */
  readonly pastRows: number
  readonly pastEnded: number
  readonly pastPerStatement: number
  /** And numbers of allocations that were given since. */
  readonly pastNumbers: number
}
export const boundsOfMaps: MapBounds = {
  freeRead: 1_000,
  ...{ resting: 20_000, restingPerStatement: 1_000 },
  ...{ rows: 4_000_000, rowsPerStatement: 16_384 },
  ...{ pastRows: 10_000, pastEnded: 50_000, pastPerStatement: 2_000, pastNumbers: 250_000 },
}

export interface AskedMap {
  readonly window: Cidr
  readonly length: number
}
/** What somebody asks to see. */
export interface AskedWindow {
  readonly cidr: Cidr | undefined
  readonly length: number | undefined
  /** Without the empty space around what is in use. */
  readonly isFolded?: boolean
}
export interface Tile {
  readonly cidr: Cidr
  /** Addresses of the pool in it. */
  readonly size: bigint
  readonly free: bigint
  readonly held: bigint
  readonly resting: bigint
  /** What of its addresses is nothing of these. */
  readonly allocated: bigint
  /** That begin in it. */
  readonly allocations: number
  /** Some of it was not counted. */
  readonly isMore: boolean
}
export interface AddressMap extends AskedMap {
  /** The pool's own space in the window. */
  readonly cidrs: readonly Cidr[]
  /** Those of which not all is free, nor all outside of the pool. */
  readonly tiles: readonly Tile[]
}

type Reading = Pick<ReadContext, 'tx'>

/** What lies where in a window of a pool; undefined where it has no space, and none was asked for. */
export async function findMap(
  context: ReadContext,
  pool: Pool,
  asked: AskedWindow & { readonly at?: number | undefined },
): Promise<AddressMap | undefined> {
  const rows = (await context.tx.pools.cidrsOf([pool.n])).filter(({ state }) => state !== 'failed-provision')
  const cidrs = rows.map(({ cidr }) => cidr).sort(compareCidrs)
  const window = asked.cidr ?? cidrs[0]
  if (!window) return undefined
  const found = askedMap(pool.family, asked.isFolded ? await folded(context, pool, window) : window, asked.length)
  const at = asked.at !== undefined && asked.at < context.now ? asked.at : undefined
  if (at === undefined) return mapOf(context, pool, cidrs, found)
  const before = rows.filter(({ createdAt }) => createdAt <= at).map(({ cidr }) => cidr)
  return pastMapOf(context, pool, { now: cidrs, before: before.sort(compareCidrs) }, { ...found, at })
}

/** A window in tiles of which one can see many, where nobody says how large they are. */
export function askedMap(family: 4 | 6, window: Cidr, asked: number | undefined): AskedMap {
  const bits = bitsOf(family)
  if (window.family !== family) refuseValue('cidr', formatCidr(window), { why: 'pool-is-of-family', family })
  const length = asked ?? Math.min(window.length + tileBitsDefault, bits)
  const most = Math.min(window.length + tileBitsMax, bits)
  if (length < window.length || length > most)
    refuseValue('netmaskLength', length, { why: 'length-of-tiles', least: window.length, most })
  return { window, length }
}

/** Without the empty space around what is in use: the smallest block that has all of it, and some more around that. */
async function folded({ tx }: Reading, { n }: Pool, window: Cidr): Promise<Cidr> {
  return foldedTo(window, await tx.addressTiles.endsOfUsed(n, window))
}
export function foldedTo(window: Cidr, used: readonly Cidr[]): Cidr {
  const inside = used.filter((one) => overlaps(one, window) && one.length >= window.length)
  const [one] = inside
  if (!one) return window
  let length = Math.min(...inside.map((cidr) => cidr.length))
  while (!inside.every((cidr) => contains(supernet(one, length), cidr))) length--
  return supernet(one, Math.max(window.length, length - tileBitsDefault))
}

export async function mapOf(
  context: Reading,
  pool: Pool,
  all: readonly Cidr[],
  { window, length }: AskedMap,
  bounds = boundsOfMaps,
): Promise<AddressMap> {
  const grid = new Grid(window, length, bounds)
  const cidrs = all.filter((cidr) => overlaps(cidr, window))
  for (const cidr of cidrs) grid.spread(grid.size, cidr)
  if (cidrs.length > 0) {
    await addFree(context, pool, grid)
    await addResting(context, pool, grid)
    await addAllocations(context, pool, grid)
  }
  return { window, length, cidrs, tiles: grid.tiles() }
}

/** The same of a moment that is past. What rested then and rests no more is free on it, as is what has left the pool since. */
export async function pastMapOf(
  context: Reading,
  pool: Pool,
  all: { readonly now: readonly Cidr[]; readonly before: readonly Cidr[] },
  { window, length, at }: AskedMap & { readonly at: number },
  bounds = boundsOfMaps,
): Promise<AddressMap> {
  const grid = new Grid(window, length, bounds)
  const cidrs = all.before.filter((cidr) => overlaps(cidr, window))
  for (const cidr of cidrs) grid.spread(grid.size, cidr)
  if (cidrs.length === 0) return { window, length, cidrs, tiles: [] }
  const { pastSpace } = context.tx
  const nextTurn = () => context.tx.nextTurn()
  const read = { rows: bounds.pastRows, rowsPerStatement: bounds.pastPerStatement, nextTurn }
  const allocated = new Array<bigint>(grid.count).fill(0n)
  const blocks = await pastSpace.within(pool.n, window, at, read)
  if (!blocks) {
    const present = await mapOf(context, pool, all.now, { window, length }, bounds)
    for (const tile of present.tiles) {
      const n = grid.indexOf(tile.cidr.first)
      allocated[n] = tile.allocated
      grid.allocations[n] = tile.allocations
      if (tile.isMore) grid.isMore.add(n)
    }
    if (!(await takeBackBegun(context, pool, grid, { at, allocated }))) grid.isMoreFrom(0)
  }
  const then = blocks ?? (await pastSpace.endedSince(pool.n, at, { ...read, rows: bounds.pastEnded }))
  if (!then) grid.isMoreFrom(0)
  for (const { cidr, isHeld } of then ?? []) {
    grid.spread(isHeld ? grid.held : allocated, cidr)
    if (!isHeld && contains(window, cidr)) grid.allocations[grid.indexOf(cidr.first)]! += 1
  }
  // What is held at present was read with the others of the window.
  await addResting(context, pool, grid, { at, withHeld: !blocks })
  for (let n = 0; n < grid.count; n++) {
    const free = grid.size[n]! - allocated[n]! - grid.held[n]! - grid.resting[n]!
    grid.free[n] = free > 0n ? free : 0n
  }
  return { window, length, cidrs, tiles: grid.tiles() }
}

/** Takes from what is allocated now what was allocated later than at a moment; false where that is too much to be read. */
async function takeBackBegun(
  { tx }: Reading,
  pool: Pool,
  grid: Grid,
  { at, allocated }: { readonly at: number; readonly allocated: bigint[] },
): Promise<boolean> {
  const { pastNumbers, pastPerStatement } = grid.bounds
  const first = await tx.pastSpace.firstNumberAfter(at)
  const newest = await tx.pastSpace.newestNumber()
  if (newest - first > pastNumbers) return false
  for (let from = first; from <= newest; from += pastPerStatement) {
    await tx.nextTurn()
    const numbers = { from, until: from + pastPerStatement }
    for (const cidr of await tx.pastSpace.begunSince(pool.n, grid.window, at, numbers)) {
      grid.spread(allocated, cidr, -1n)
      if (contains(grid.window, cidr)) grid.allocations[grid.indexOf(cidr.first)]! -= 1
    }
  }
  return true
}

async function addFree({ tx }: Reading, { n }: Pool, grid: Grid): Promise<void> {
  const { addressTiles } = tx
  const windowOrder = orderOf(grid.window)
  for (const order of await addressTiles.ordersOf(n)) {
    if (order >= windowOrder) {
      if (await addressTiles.isFreeAround(n, grid.window, order)) grid.spread(grid.free, grid.window)
      continue
    }
    await tx.nextTurn()
    const isLarge = order >= grid.tileOrder
    const { freeRead } = grid.bounds
    const blocks = await addressTiles.free(n, order, grid.window, isLarge ? grid.count : freeRead)
    if (isLarge || blocks.length < freeRead) for (const block of blocks) grid.spread(grid.free, block)
    else await countRows(tx, n, grid, { order }, (at, count) => grid.add(grid.free, at, BigInt(count) << BigInt(order)))
  }
}

/** Of a moment that is past: what had begun to rest by then and rests still, or has not been swept yet. */
async function addResting(
  { tx }: Reading,
  { n }: Pool,
  grid: Grid,
  past?: { readonly at: number; readonly withHeld: boolean },
): Promise<void> {
  const { resting, restingPerStatement } = grid.bounds
  let after: Cidr | undefined
  for (let read = 0; read < resting; read += restingPerStatement) {
    await tx.nextTurn()
    const blocks = await tx.addressTiles.resting(n, grid.window, restingPerStatement, after)
    for (const { cidr, isOver, isHeld, since, endsAt } of blocks) {
      if (past && (since > past.at || endsAt <= past.at || (isHeld && !past.withHeld))) continue
      grid.spread(isOver && !past ? grid.free : isHeld ? grid.held : grid.resting, cidr)
    }
    after = blocks.at(-1)?.cidr
    if (blocks.length < restingPerStatement) return
  }
  grid.isMoreFrom(grid.indexOf(after!.first))
}

async function addAllocations({ tx }: Reading, { n }: Pool, grid: Grid): Promise<void> {
  await countRows(tx, n, grid, 'allocations', (at, count) => {
    grid.allocations[at] = count
  })
}

type Counted = Parameters<ReadContext['tx']['addressTiles']['count']>[1]

/** How many rows begin in each tile: the empty ends of the window are not asked for. */
async function countRows(
  tx: ReadContext['tx'],
  pool: number,
  grid: Grid,
  counted: Counted,
  take: (at: number, count: number) => void,
): Promise<void> {
  const extent = await tx.addressTiles.extent(pool, counted, grid.window)
  if (!extent) return
  const { rows, rowsPerStatement } = grid.bounds
  const until = grid.indexOf(extent.last)
  const countAlone = (tile: Cidr, expected: number) =>
    tx.addressTiles.countOn(pool, counted, tile, {
      ...{ rows: rowsPerStatement, max: Math.max(rows - grid.counted, 0), expected },
      nextTurn: () => tx.nextTurn(),
    })
  // As many tiles at once as are counted to their ends, going by those before. One with more than a statement counts is counted alone, and
  // so is what follows it: space in use looks like the space beside it.
  let width = tilesAtFirst
  let before = 0
  for (let from = grid.indexOf(extent.first); from <= until; ) {
    await tx.nextTurn()
    const tiles: Cidr[] = []
    for (let at = from; at <= until && at < from + width; at++) tiles.push(grid.tileAt(at))
    const isAlone = before >= rowsPerStatement
    const { counts, most } = isAlone
      ? { counts: tiles.map(() => rowsPerStatement), most: rowsPerStatement }
      : await tx.addressTiles.count(pool, counted, tiles, rowsPerStatement)
    const found: number[] = []
    for (const [offset, count] of counts.entries()) {
      const at = from + offset
      let whole = { count, isMore: false }
      if (count >= most) {
        whole = await countAlone(tiles[offset]!, before >= most ? before : Number.POSITIVE_INFINITY)
        if (whole.isMore && !isAlone) whole = { count: Math.max(whole.count, count), isMore: true }
      }
      grid.counted += whole.count
      if (whole.count > 0) take(at, whole.count)
      if (whole.isMore) grid.isMore.add(at)
      found.push(whole.count)
      before = whole.count
    }
    from += tiles.length
    const largest = Math.max(...found, 1)
    width = Math.max(1, Math.min(tilesPerStatement, 2 ** Math.floor(Math.log2(rowsPerStatement / (2 * largest)))))
  }
}

/** The tiles of a window, by their numbers in address order. */
class Grid {
  readonly window: Cidr
  readonly bounds: MapBounds
  readonly count: number
  readonly tileOrder: number
  readonly size: bigint[]
  readonly free: bigint[]
  readonly held: bigint[]
  readonly resting: bigint[]
  readonly allocations: number[]
  readonly isMore = new Set<number>()
  /** Rows so far. */
  counted = 0
  readonly #length: number

  constructor(window: Cidr, length: number, bounds: MapBounds) {
    this.window = window
    this.bounds = bounds
    this.#length = length
    this.count = 2 ** (length - window.length)
    this.tileOrder = bitsOf(window.family) - length
    const none = (): bigint[] => new Array<bigint>(this.count).fill(0n)
    this.size = none()
    this.free = none()
    this.held = none()
    this.resting = none()
    this.allocations = new Array<number>(this.count).fill(0)
  }
  tileAt(at: number): Cidr {
    const { family, first } = this.window
    return { family, first: first + (BigInt(at) << BigInt(this.tileOrder)), length: this.#length }
  }
  indexOf(address: bigint): number {
    return Number((address - this.window.first) >> BigInt(this.tileOrder))
  }
  add(to: bigint[], at: number, addresses: bigint): void {
    to[at]! += addresses
  }
  /** Adds a block to all tiles that it lies in, as far as it is in the window. */
  spread(to: bigint[], block: Cidr, times = 1n): void {
    if (!overlaps(block, this.window)) return
    const inside = contains(block, this.window) ? this.window : block
    const at = this.indexOf(inside.first)
    if (inside.length >= this.#length) {
      to[at]! += times * sizeOf(inside)
      return
    }
    const each = times << BigInt(this.tileOrder)
    const until = at + 2 ** (this.#length - inside.length)
    for (let tile = at; tile < until; tile++) to[tile]! += each
  }
  isMoreFrom(from: number): void {
    for (let at = from; at < this.count; at++) this.isMore.add(at)
  }
  tiles(): Tile[] {
    const found: Tile[] = []
    for (let at = 0; at < this.count; at++) {
      const [size, free] = [this.size[at]!, this.free[at]!]
      if (size === 0n || (free === size && !this.isMore.has(at))) continue
      const [held, resting] = [this.held[at]!, this.resting[at]!]
      const allocated = size - free - held - resting
      const allocations = this.allocations[at]!
      found.push({
        ...{ cidr: this.tileAt(at), size, free, held, resting, allocations },
        allocated: allocated > 0n ? allocated : 0n,
        isMore: this.isMore.has(at),
      })
    }
    return found
  }
}
