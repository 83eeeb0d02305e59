// The proof of a change for whoever may see it. What it opens is all of the entry, so only those get that who may see everything; for others the
// leaf stays closed, which tells nothing of what is hidden from them (invariant I8).
import { formatProof } from '#model/evidence/checkpoint.ts'
import { formatVerifierKey } from '#model/evidence/note.ts'
import { everywhere } from '#model/roles.ts'
import { mayThroughout } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { getChange } from '../record/changes.ts'
import { verifierKeyOf } from './checkpoints.ts'
import { proofFormat, type RecordProof } from './packs.ts'
import { proveEntries } from './proofs.ts'
import { sha256 } from './sha256.ts'
import { indexOfEntry, TreeReader } from './tree.ts'
import { cosignedCheckpoint } from './witnesses.ts'

export interface ChangeProof {
  /** What the leaf of the change holds, in hexadecimal. */
  readonly leaf: string
  /** Of inclusion, under the newest checkpoint, as C2SP tlog-proof has it; undefined while it is in none. */
  readonly proof: string | undefined
  /** All that the leaf commits to, with its proof, for whoever may see everything. */
  readonly record: RecordProof | undefined
  /** The public keys of the log, newest first. */
  readonly keys: readonly string[]
}

export async function proofOfChange(context: ReadContext, id: string): Promise<ChangeProof> {
  const { tx } = context
  const { n } = (await getChange(context, id, 0)).entry
  const [leaf] = await tx.evidence.leavesAfter(n - 1, 1)
  const keys = (await tx.evidence.keys()).map((key) => formatVerifierKey(sha256, verifierKeyOf(key)))
  const closed = { leaf: Buffer.from(leaf!.commitment).toString('hex'), keys }
  const [newest, index] = [await cosignedCheckpoint(tx), await indexOfEntry(tx, n)]
  if (!newest || index === undefined || index >= newest.size) return { ...closed, proof: undefined, record: undefined }
  const path = await new TreeReader(tx).inclusion(index, newest.size)
  const proof = formatProof({ index, path, checkpoint: newest.note })
  const maySeeAll = await mayThroughout(context, 'history:read', everywhere)
  const [record] = maySeeAll ? await proveEntries(tx, [n], newest.size) : []
  return { ...closed, proof, record: record && { format: proofFormat, record, checkpoint: newest.note } }
}
