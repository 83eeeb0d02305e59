// Things that are tagged alike, of which somebody sees some.
import type { ReadTransaction } from '#store/store.ts'
import type { TaggedObject } from '#store/tables/finding.ts'
import { alikePerStep, amongAlike } from './alike.ts'

/**
 * Those that count; a thousand or two at most.
 * @param accounts where only theirs can count: what others have tagged alike costs nothing then
 */
export async function listTagged(
  { tx }: { readonly tx: ReadTransaction },
  named: Parameters<ReadTransaction['finding']['tagged']>[0],
  accounts: readonly string[] | undefined,
  counts: (one: TaggedObject) => boolean,
): Promise<readonly TaggedObject[]> {
  if (accounts) return (await tx.finding.tagged(named, alikePerStep, accounts)).filter(counts)
  return amongAlike(tx, alikePerStep, counts, (after, limit) => tx.finding.tagged(named, limit, undefined, after))
}

/** All of them, whoever's: which of them count can be said later, and again. */
export const listAllTagged = (
  { tx }: { readonly tx: ReadTransaction },
  named: Parameters<ReadTransaction['finding']['tagged']>[0],
): Promise<readonly TaggedObject[]> =>
  amongAlike(
    tx,
    Number.POSITIVE_INFINITY,
    () => true,
    (after, limit) => tx.finding.tagged(named, limit, undefined, after),
  )
