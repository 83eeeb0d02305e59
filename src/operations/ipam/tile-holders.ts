// Whose the tiles of a map are, by the first allocations in each: so many rows are read, whatever there is.
import { type Cidr, contains, overlaps, sizeOf } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import type { Pool } from '#store/tables/pools.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'

/** Allocations of one tile that are looked at. */
export const lookedAtPerTile = 8
/** Tiles that are looked at between two turns of others. */
const tilesPerTurn = 64

/** What is known of a tile: nothing of what the caller may not see. */
export interface TileHolder {
  /** Whose it is, where all that was looked at is of one. */
  readonly account?: string | undefined
  readonly locale?: string | undefined
  /** A pool below that has it. */
  readonly poolId?: string | undefined
  /** Allocations with a finding that is not resolved, of those that were looked at. */
  readonly findings: number
}

interface Looked {
  readonly accounts: Set<string | undefined>
  readonly locales: Set<string | undefined>
  readonly pools: Set<string | undefined>
  readonly numbers: number[]
}

/** By the first address of each tile that somebody has some of. */
export async function holdersOfTiles(
  context: ReadContext,
  pool: Pool,
  tiles: readonly Cidr[],
): Promise<ReadonlyMap<bigint, TileHolder>> {
  const { tx } = context
  const [mayRead, mayReadPool, mayReadFinding] = [
    await permitter(context, 'allocation:read'),
    await permitter(context, 'ipam:read'),
    await permitter(context, 'finding:read'),
  ]
  const looked = new Map<bigint, Looked>()
  const byFirst = new Map(tiles.map((tile) => [tile.first, tile]))
  const note = (tile: Cidr, take: (of: Looked) => void): void => {
    const of = looked.get(tile.first) ?? { accounts: new Set(), locales: new Set(), pools: new Set(), numbers: [] }
    take(of)
    looked.set(tile.first, of)
  }
  for (let from = 0; from < tiles.length; from += tilesPerTurn) {
    await tx.nextTurn()
    const some = tiles.slice(from, from + tilesPerTurn)
    for (const taken of await tx.addressTiles.firstIn(pool.n, some, lookedAtPerTile)) {
      const isSeen = mayRead(taken.account)
      const isPool = taken.resourceType === 'ipam-pool'
      const told = (of: Looked): void => {
        of.accounts.add(isSeen ? taken.account : undefined)
        of.locales.add(isSeen && taken.locale !== '' ? taken.locale : undefined)
        of.pools.add(isPool && mayReadPool(taken.account) ? (taken.resourceId ?? undefined) : undefined)
        if (isSeen && mayReadFinding(taken.account)) of.numbers.push(taken.n)
      }
      for (const tile of tilesOf(taken.cidr, some, byFirst)) note(tile, told)
    }
  }
  const idOf = (n: number): string => formatId('allocation', tx.installation, n)
  const ids = [...new Set([...looked.values()].flatMap(({ numbers }) => numbers))].map(idOf)
  const found = new Set((await tx.findings.goingOnOf(ids)).map(({ resource }) => resource))
  return new Map(
    [...looked].map(([first, { accounts, locales, pools, numbers }]) => [
      first,
      {
        account: only(accounts),
        locale: only(locales),
        poolId: only(pools),
        findings: new Set(numbers.map(idOf).filter((id) => found.has(id))).size,
      },
    ]),
  )
}

/** The one that there is. */
const only = (all: ReadonlySet<string | undefined>): string | undefined => (all.size === 1 ? [...all][0] : undefined)

/** The tiles that a block has something of: where it is no larger than they are, one. */
function tilesOf(block: Cidr, tiles: readonly Cidr[], byFirst: ReadonlyMap<bigint, Cidr>): readonly Cidr[] {
  const one = tiles[0]!
  if (block.length < one.length) return tiles.filter((tile) => contains(block, tile))
  const size = sizeOf(one)
  const tile = byFirst.get((block.first / size) * size)
  return tile && overlaps(tile, block) ? [tile] : []
}
