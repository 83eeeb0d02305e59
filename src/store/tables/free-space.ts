// The free blocks of pools: which is taken, what is left of it, and how blocks grow back together.
import { assert } from '#model/assert.ts'
import { bitsOf, type Cidr, contains, fromKey, orderOf, supernet, toKey } from '#model/cidr.ts'
import { carve, carveAround, coalesce, type Stretch, stretchesOutside } from '#model/free-space.ts'
import type { ConnectionMemory } from '../memory.ts'
import { inParts, listOf, listOfProbes, type Sql } from '../sql.ts'
import { type Front, freeBlockTable, type Head, none, storedBlock } from './free-front.ts'

/** Index probes of one statement that searches for free space. */
const probesMax = 512

export interface Params {
  readonly length: number
  /** Only inside one of these (where given), and outside all of those. */
  readonly allowed?: readonly Cidr[]
  readonly disallowed?: readonly Cidr[]
}
const isNarrowed = ({ allowed, disallowed = [] }: Params): boolean => allowed !== undefined || disallowed.length > 0

/** Free blocks of one size. */
export interface CountedBlocks {
  /** log2 of their size. */
  readonly order: number
  readonly count: number
  /** There are more than were counted. */
  readonly isMore: boolean
}

/** Of the rows alone: `Space` counts, and sees to what rests. */
export class FreeSpace {
  readonly #sql: Sql
  readonly #fronts: Map<number, Front>
  /** By pool, what is left of blocks of which exactly what was wanted was cut: free, and not in the table yet. */
  readonly #pieces: Map<number, Pieces>
  constructor(sql: Sql, memory: ConnectionMemory) {
    this.#sql = sql
    this.#fronts = memory.scratch()
    this.#pieces = memory.scratch()
  }

  /** At the start of a transaction, where others write too. */
  async begin(): Promise<void> {}
  /** Writes what was gathered in memory; before every commit. */
  async flush(): Promise<void> {
    for (const pool of [...this.#fronts.keys(), ...this.#pieces.keys()]) await this.settle(pool)
  }
  /** That somebody wants so much of a pool. */
  ask(_pool: number, _family: 4 | 6, _length: number): void {}

  /** Takes the lowest block of the smallest sufficient free one; undefined where none is free. */
  async take(pool: number, family: 4 | 6, params: Params): Promise<Cidr | undefined> {
    assert(params.length <= bitsOf(family), () => `a /${params.length} of IPv${family} is asked of pool ${pool}`)
    if (!isNarrowed(params)) {
      this.#settlePieces(pool)
      return this.#takeSmallest(pool, family, params.length)
    }
    await this.settle(pool)
    const found = await this.#findWithin(pool, family, params)
    if (!found) return undefined
    this.#replace(pool, found.free, carveAround(found.free, found.wanted).rest)
    return found.wanted
  }
  /** Takes exactly `wanted`; false where it is not free. Of what one request takes next to each other, the table is asked once. */
  async takeExactly(pool: number, wanted: Cidr): Promise<boolean> {
    this.#settleFront(pool)
    const pieces = this.#pieces.get(pool) ?? new Map<string, Cidr>()
    const piece = placesAround(wanted).find((place) => pieces.has(nameOf(place)))
    const free = piece ?? (await this.around(pool, wanted))
    if (!free) return false
    if (piece) pieces.delete(nameOf(piece))
    else this.#dropFound(pool, free)
    for (const left of carveAround(free, wanted).rest) pieces.set(nameOf(left), left)
    this.#pieces.set(pool, pieces)
    return true
  }
  /** What `take` would take. */
  async find(pool: number, family: 4 | 6, params: Params): Promise<Cidr | undefined> {
    await this.settle(pool)
    if (isNarrowed(params)) return (await this.#findWithin(pool, family, params))?.wanted
    const row = await this.#smallest(pool, bitsOf(family) - params.length)
    return row && fromKey(row.first, params.length)
  }
  async isFree(pool: number, wanted: Cidr): Promise<boolean> {
    await this.settle(pool)
    return (await this.around(pool, wanted)) !== undefined
  }
  /** log2 of the size of the largest block; undefined where nothing is free. */
  async largestOrder(pool: number): Promise<number | undefined> {
    await this.settle(pool)
    return this.#largest(pool)
  }

  /**
   * How many free blocks of each size there are, the largest first. Of all sizes together `max` are counted, and one of each size
   * beyond: an IPv6 pool in pieces has a hundred sizes.
   */
  async countBySize(pool: number, max: number): Promise<CountedBlocks[]> {
    await this.settle(pool)
    const found: CountedBlocks[] = []
    let left = max
    for (let order = await this.#largest(pool); order !== undefined; ) {
      const counted = await this.#sql.get<{ count: number }>(
        'select count(*) as count from (select 1 as one from free_block where pool = ? and ord = ? limit ?) found',
        pool,
        order,
        Math.max(left, 1) + 1,
      )
      const count = Math.min(counted!.count, Math.max(left, 1))
      found.push({ order, count, isMore: counted!.count > count })
      left -= count
      const next = await this.#sql.get<{ ord: number | null }>(
        'select max(ord) as ord from free_block where pool = ? and ord < ?',
        pool,
        order,
      )
      order = next?.ord ?? undefined
    }
    return found
  }

  /** Adds a block. */
  async add(pool: number, block: Cidr): Promise<void> {
    await this.settle(pool)
    this.#insert(pool, block)
  }
  /** Removes a block; false, and nothing changes, unless it is free as one. */
  async remove(pool: number, block: Cidr): Promise<boolean> {
    await this.settle(pool)
    return this.#remove(pool, block)
  }
  /** Blocks grow back with their buddies, but never beyond the provisioned CIDR: deprovisioning must find it whole. */
  async merge(pool: number, released: Cidr): Promise<void> {
    await this.settle(pool)
    const provisioned = await this.#provisionedAround(pool, released)
    assert(provisioned !== undefined, `space that is given back to pool ${pool} lies in one of its CIDRs`)
    this.#insert(pool, await coalesce(released, (buddy) => this.#remove(pool, buddy), provisioned))
  }
  /** Forgets all that is free in pools that go away. */
  async drop(pools: readonly number[]): Promise<void> {
    for (const pool of pools) {
      this.#fronts.delete(pool)
      this.#pieces.delete(pool)
    }
    await inParts(pools, async (part) => {
      const list = listOf(part)
      await this.#sql.run(`delete from free_block where pool in ${list.text}`, ...list.values)
    })
  }
  /** Writes what the table does not show yet of a pool's free space, and forgets what was known of it. */
  async settle(pool: number): Promise<void> {
    this.#settleFront(pool)
    this.#settlePieces(pool)
  }
  #settlePieces(pool: number): void {
    const pieces = this.#pieces.get(pool)
    if (!pieces) return
    this.#pieces.delete(pool)
    for (const piece of pieces.values()) this.#insert(pool, piece)
  }
  #settleFront(pool: number): void {
    const front = this.#fronts.get(pool)
    if (!front) return
    this.#fronts.delete(pool)
    for (const head of front) {
      for (const { cidr, isStored } of head?.blocks ?? []) if (!isStored) this.#insert(pool, cidr)
    }
  }

  /** Cuts the smallest sufficient block; what is left of it are smaller ones, of sizes of which there was none. */
  async #takeSmallest(pool: number, family: 4 | 6, length: number): Promise<Cidr | undefined> {
    const bits = bitsOf(family)
    const front = this.#frontOf(pool)
    for (let order = bits - length; order <= bits; order++) {
      const head = front[order] ?? (await this.#look(pool, front, order, family))
      const free = head.blocks.shift()
      if (free) {
        if (free.isStored) this.dropFree(pool, free.cidr)
        const { taken, rest } = carve(free.cidr, length)
        for (const cidr of rest) front[orderOf(cidr)] = { blocks: [{ cidr, isStored: false }], isAll: true }
        return taken
      }
      // There may be more of this size than were known.
      if (!head.isAll) {
        front[order] = undefined
        order--
      }
    }
    return undefined
  }

  #frontOf(pool: number): Front {
    let front = this.#fronts.get(pool)
    if (!front) {
      front = []
      this.#fronts.set(pool, front)
    }
    return front
  }
  /** Reads what is free of at least `order`. */
  async #look(pool: number, front: Front, order: number, family: 4 | 6): Promise<Head> {
    await this.readFree(pool, order, family)
    const head = front[order]
    assert(head !== undefined, 'who reads what is free learns something about the order that was asked for')
    return head
  }
  /** Reads the lowest free blocks of at least `order`: some, where there are any, and of orders without a gap. */
  protected async readFree(pool: number, order: number, family: 4 | 6): Promise<void> {
    const bits = bitsOf(family)
    const row = await this.#smallest(pool, order)
    for (let empty = order; empty < (row?.ord ?? bits + 1); empty++) this.learn(pool, empty, none)
    if (row) this.learn(pool, row.ord, { blocks: [storedBlock(row.first, bits - row.ord)], isAll: false })
  }
  /** Takes over what was read, where it is not known better. */
  protected learn(pool: number, order: number, head: Head): void {
    this.#frontOf(pool)[order] ??= head
  }

  /**
   * The lowest block of a length inside the allowed regions and outside what is disallowed. The addresses between disallowed
   * CIDRs are stretches of whole blocks, so any free block of sufficient size that touches one serves: however fragmented
   * the pool is, the cost is one index probe per stretch and order, and some dozens of stretches are one statement.
   */
  async #findWithin(
    pool: number,
    family: 4 | 6,
    { length, allowed, disallowed = [] }: Params,
  ): Promise<{ free: Cidr; wanted: Cidr } | undefined> {
    const regions = allowed ?? (await this.#provisioned(pool))
    const stretches = stretchesOutside(regions, disallowed, { family, length })
    if (stretches.length === 0) return undefined
    const bits = bitsOf(family)
    const largest = (await this.#largest(pool)) ?? -1
    const orders = Array.from({ length: largest - (bits - length) + 1 }, (_, index) => bits - length + index)
    if (orders.length === 0) return undefined
    const step = Math.max(1, Math.floor(probesMax / orders.length))
    for (let at = 0; at < stretches.length; at += step) {
      const probes = stretches.slice(at, at + step).flatMap((stretch) => orders.map((order) => ({ order, ...stretch })))
      const free = await this.#lowestOf(pool, family, probes)
      if (free) {
        const from = stretches.find(({ last }) => last >= free.first)!.first
        return { free, wanted: { family, first: later(free.first, from), length } }
      }
    }
    return undefined
  }

  /** Of the lowest free blocks of each order that touch each stretch, the one whose usable part begins lowest. */
  async #lowestOf(
    pool: number,
    family: 4 | 6,
    probes: readonly (Stretch & { readonly order: number })[],
  ): Promise<Cidr | undefined> {
    const bits = bitsOf(family)
    const at = (first: bigint): Cidr => ({ family, first, length: bits })
    const rows = listOfProbes(
      // A block of this order around the beginning of the stretch can start at one place alone.
      probes.map(({ order, first, last }) => [
        order,
        toKey(supernet(at(first), bits - order)),
        toKey(at(last)),
        toKey(at(first)),
      ]),
    )
    const row = await this.#sql.get<{ ord: number; first: Uint8Array }>(
      `with probe (ord, low, last, begins) as (values ${rows.text}),
       found as materialized (select p.ord, p.begins, (select f.first from free_block f
         where f.pool = ? and f.ord = p.ord and f.first >= p.low and f.first <= p.last order by f.first limit 1) as first
         from probe p)
       select ord, first from found
       where first is not null order by case when first > begins then first else begins end limit 1`,
      ...rows.values,
      pool,
    )
    return row && fromKey(row.first, bits - row.ord)
  }

  async #smallest(pool: number, order: number): Promise<{ ord: number; first: Uint8Array } | undefined> {
    return this.#sql.get(
      'select ord, first from free_block where pool = ? and ord >= ? order by ord, first limit 1',
      pool,
      order,
    )
  }

  /** The order of the largest free block of each of these pools that has any, as of the last commit or flush. */
  async largestOf(pools: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const found = new Map<number, number>()
    await inParts(pools, async (part) => {
      const list = listOf(part)
      const rows = await this.#sql.all<{ n: number; ord: number | null }>(
        `select n, (select max(f.ord) from free_block f where f.pool = p.n) as ord from pool p where n in ${list.text}`,
        ...list.values,
      )
      for (const { n, ord } of rows) if (ord !== null) found.set(n, ord)
    })
    return found
  }

  /** The free block that contains `wanted`: it can only stand at one place per order. */
  protected async around(pool: number, wanted: Cidr): Promise<Cidr | undefined> {
    for (const block of placesAround(wanted)) {
      const row = await this.#sql.get(
        'select 1 as one from free_block where pool = ? and ord = ? and first = ?',
        pool,
        orderOf(block),
        toKey(block),
      )
      if (row) return block
    }
    return undefined
  }

  async #largest(pool: number): Promise<number | undefined> {
    const row = await this.#sql.get<{ ord: number | null }>(
      'select max(ord) as ord from free_block where pool = ?',
      pool,
    )
    return row?.ord ?? undefined
  }

  #replace(pool: number, free: Cidr, rest: readonly Cidr[]): void {
    this.#dropFound(pool, free)
    for (const block of rest) this.#insert(pool, block)
  }
  async #remove(pool: number, block: Cidr): Promise<boolean> {
    return (await this.#sql.run(deleteFree, pool, orderOf(block), toKey(block))) === 1
  }
  /** The same, of a block that was just found. */
  #dropFound(pool: number, block: Cidr): void {
    this.#sql.later(deleteFree, pool, orderOf(block), toKey(block))
  }
  /** The same, of the lowest block of its order. */
  protected dropFree(pool: number, block: Cidr): void {
    this.#dropFound(pool, block)
  }
  #insert(pool: number, block: Cidr): void {
    freeBlockTable.later(this.#sql, { pool, ord: orderOf(block), first: toKey(block) })
  }

  async #provisioned(pool: number): Promise<Cidr[]> {
    const rows = await this.#sql.all<{ first: Uint8Array; length: number }>(
      `select first, length from pool_cidr where pool = ? and state <> 'failed-provision' order by first`,
      pool,
    )
    return rows.map((row) => fromKey(row.first, row.length))
  }
  async #provisionedAround(pool: number, inner: Cidr): Promise<Cidr | undefined> {
    const row = await this.#sql.get<{ first: Uint8Array; length: number }>(
      `select first, length from pool_cidr where pool = ? and state <> 'failed-provision' and first <= ? order by first desc limit 1`,
      pool,
      toKey(inner),
    )
    const cidr = row && fromKey(row.first, row.length)
    return cidr && contains(cidr, inner) ? cidr : undefined
  }
}

const deleteFree = 'delete from free_block where pool = ? and ord = ? and first = ?'
const later = (a: bigint, b: bigint): bigint => (a > b ? a : b)
type Pieces = Map<string, Cidr>
const nameOf = ({ first, length }: Cidr): string => `${length} ${first}`
/** Where a block can stand that contains another one, the smallest first. */
export const placesAround = (wanted: Cidr): readonly Cidr[] =>
  Array.from({ length: wanted.length + 1 }, (_, shorter) => supernet(wanted, wanted.length - shorter))
