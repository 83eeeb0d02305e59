// Whose turn it is of what is to be looked at anew: one of each unit below the root that has something, then the next one's; and within a
// unit one of each account. However much one makes of it, again and again, no other waits for more than a turn of each.
import type { ReadTransaction } from '#store/store.ts'
import type { Scan } from '#store/tables/finding-scans.ts'

/** Units are as many as somebody has made: of more, all begin anew. */
const unitsMax = 10_000

export class ScanTurns {
  #unit: string | undefined
  /** The account that came last of each unit. */
  readonly #nodes = new Map<string, string>()

  async next({ findingScans }: ReadTransaction): Promise<Scan | undefined> {
    const behind = (unit: string | undefined) => firstBehind(unit, (after) => findingScans.unitAfter(after))
    const unit = await behind(this.#unit)
    if (unit === undefined) return undefined
    const node = await firstBehind(this.#nodes.get(unit), (after) => findingScans.nodeAfter(unit, after))
    this.#unit = unit
    if (this.#nodes.size >= unitsMax) this.#nodes.clear()
    if (node !== undefined) this.#nodes.set(unit, node)
    return node === undefined ? undefined : findingScans.firstOf({ unit, node })
  }
}

/** In a circle: behind the last one comes the first. Names are texts, of which none is before the empty one. */
async function firstBehind(
  last: string | undefined,
  readAfter: (after: string | undefined) => Promise<string | undefined>,
): Promise<string | undefined> {
  const next = last === undefined ? undefined : await readAfter(last)
  return next ?? readAfter(undefined)
}
