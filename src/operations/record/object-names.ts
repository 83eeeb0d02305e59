// What an object is called in the record. Every request that names a subject asks this, so it loads nothing of the native API.
import { formatId, spaceNumberIn } from '#model/identifier.ts'
import type { ReadContext } from '../operation.ts'

/** All names that an object goes by in the record: an Elastic IP and its allocation are one. */
export function namesOf({ tx }: ReadContext, id: string): readonly string[] {
  const n = spaceNumberIn(tx.installation, id)
  if (n === undefined) return [id]
  return [formatId('address', tx.installation, n), formatId('allocation', tx.installation, n)]
}
