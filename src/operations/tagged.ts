// Things that are tagged alike, of which somebody sees some.
import type { ReadTransaction } from '#store/store.ts'
import type { TaggedObject } from '#store/tables/finding.ts'

/** Things that are tagged alike and looked at for those that count, where it is not known whose can. */
const alikeMax = 20_000
const alikePerStep = 1_000

/**
 * Those that count; no more than a thousand.
 * @param accounts where only theirs can count: what others have tagged alike costs nothing then
 */
export async function listTagged(
  { tx }: { readonly tx: ReadTransaction },
  named: Parameters<ReadTransaction['finding']['tagged']>[0],
  accounts: readonly string[] | undefined,
  counts: (one: TaggedObject) => boolean,
): Promise<readonly TaggedObject[]> {
  if (accounts) return (await tx.finding.tagged(named, alikePerStep, accounts)).filter(counts)
  const found: TaggedObject[] = []
  let after: TaggedObject | undefined
  for (let looked = 0; looked < alikeMax && found.length < alikePerStep; looked += alikePerStep) {
    if (looked > 0) await tx.nextTurn()
    const rows = await tx.finding.tagged(named, alikePerStep, undefined, after)
    found.push(...rows.filter(counts))
    after = rows.at(-1)
    if (rows.length < alikePerStep) break
  }
  return found
}
