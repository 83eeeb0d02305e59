// Things that are called or tagged alike, of which somebody sees some: what others have called so hides none of them.
import { refuse } from '#model/refusal.ts'
import type { Awaitable } from '#store/sql.ts'
import type { ReadTransaction } from '#store/store.ts'

/** Things alike that are looked at for those that count, where it is not known whose can. */
export const alikeMax = 20_000
export const alikePerStep = 1_000

/**
 * Those that count, up to `limit` and the rest of a step. Where there are more alike than are looked at, it is refused and not answered
 * as if there were no others: whoever calls very many things alike would hide those of others.
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
    if (rows.length < alikePerStep) return found
    after = rows.at(-1)
  }
  if (found.length < limit && (await read(after, 1)).length > 0) {
    const used = alikeMax + 1
    refuse({
      code: 'LimitExceeded',
      what: { of: 'alike' },
      limit: alikeMax,
      used,
      countedFor: { per: 'name' },
      remedy: { do: 'give-number' },
      isOfRequest: true,
    })
  }
  return found
}
