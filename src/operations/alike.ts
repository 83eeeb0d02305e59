// Things that are called or tagged alike, of which somebody sees some: what others have called so hides none of them.
import type { Awaitable } from '#store/sql.ts'
import type { ReadTransaction } from '#store/store.ts'

/** Things alike that are looked at for those that count, where it is not known whose can. */
const alikeMax = 20_000
export const alikePerStep = 1_000

/**
 * Those that count, up to `limit` and the rest of a step.
 * @param read the next ones behind one, in an order that does not change
 */
export async function amongAlike<Row>(
  tx: Pick<ReadTransaction, 'nextTurn'>,
  limit: number,
  counts: (row: Row) => boolean,
  read: (after: Row | undefined, limit: number) => Awaitable<readonly Row[]>,
): Promise<Row[]> {
  const found: Row[] = []
  let after: Row | undefined
  for (let looked = 0; looked < alikeMax && found.length < limit; looked += alikePerStep) {
    if (looked > 0) await tx.nextTurn()
    const rows = await read(after, alikePerStep)
    found.push(...rows.filter(counts))
    if (rows.length < alikePerStep) break
    after = rows.at(-1)
  }
  return found
}
