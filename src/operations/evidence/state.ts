// What there is of the log: its keys, its newest checkpoint, its witnesses, and the logs that are witnessed here.
import { formatVerifierKey } from '#model/evidence/note.ts'
import { conflictIn } from '#model/evidence/witness.ts'
import { everywhere } from '#model/roles.ts'
import type { Place } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { originOf, verifierKeyOf } from './checkpoints.ts'
import { sha256 } from './sha256.ts'
import { witnessKeyOf } from './witnessing.ts'

/** What is about everything is for who may read everything. */
export const everythingPlace: Place = { node: everywhere }

export async function showEvidence({ tx }: ReadContext) {
  const newest = await tx.evidence.newestCheckpoint()
  const keys = await tx.evidence.keys()
  return {
    origin: originOf(tx),
    size: newest?.size ?? 0,
    at: newest?.at,
    keys: keys.map((key) => formatVerifierKey(sha256, verifierKeyOf(key))),
    witnessKeys: keys.map((key) => formatVerifierKey(sha256, witnessKeyOf(key))),
    witnesses: (await tx.witnesses.all()).map(({ name, size, checkpoint, at, problem }) => ({
      ...{ name, size, at, problem },
      isCurrent: newest !== undefined && checkpoint === newest.n,
    })),
    witnessed: (await tx.witnesses.logs()).map(({ root: _, note: checkpoint, conflict, ...log }) => ({
      ...log,
      checkpoint,
      conflict: conflictIn(conflict),
    })),
  }
}
