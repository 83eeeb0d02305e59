// Records with their proofs, for whoever keeps or checks them elsewhere.
import { toBase64 } from '#model/evidence/base64.ts'
import type { Proven, Salted } from '#model/evidence/proven.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Opened, Opening } from '#store/tables/evidence.ts'
import { indexOfEntry, TreeReader } from './tree.ts'

/** Entries with their proofs under the tree of so many leaves; those that are not in it are left out. */
export async function proveEntries(
  tx: ReadTransaction,
  entries: readonly number[],
  size: number,
  reader = new TreeReader(tx),
): Promise<readonly Proven[]> {
  const proven: Proven[] = []
  for (const opening of await tx.evidence.openings(entries)) {
    // A long entry has much to be read and written.
    await tx.nextTurn()
    const index = await indexOfEntry(tx, opening.entry.n)
    if (index === undefined || index >= size) continue
    proven.push(provenBy(opening, index, await reader.inclusion(index, size)))
  }
  return proven
}

function provenBy(opening: Opening, index: number, path: readonly Uint8Array[]): Proven {
  const { entry, salt, origin, versions, decisions } = opening
  return {
    entry,
    salt,
    origin: saltedOf(origin),
    versions: versions.flatMap((version) => saltedOf(version) ?? []),
    decisions: decisions.flatMap((decision) => saltedOf(decision) ?? []),
    index,
    path: path.map(toBase64),
  }
}
const saltedOf = <Facts>({ facts, salt }: Opened<Facts>): Salted<Facts> | undefined =>
  salt === undefined ? undefined : { facts, salt }
