// This installation as a witness for the logs of others (C2SP tlog-witness): it signs what only grows, and says so where a log does not.
import { parseCheckpoint } from '#model/evidence/checkpoint.ts'
import { equalHashes } from '#model/evidence/hashing.ts'
import { isConsistent } from '#model/evidence/merkle.ts'
import {
  cosigned,
  formatSignature,
  keyIdOf,
  parseNote,
  signatureOn,
  signatureTypes,
  type VerifierKey,
  type VerifyEd25519,
  withTime,
} from '#model/evidence/note.ts'
import { parseSubmission, sizeContentType } from '#model/evidence/witness.ts'
import { everywhere } from '#model/roles.ts'
import type { Store, Transaction } from '#store/store.ts'
import type { LogKey } from '#store/tables/evidence.ts'
import type { WitnessedLog } from '#store/tables/witnesses.ts'
import { tell } from '../notification/telling.ts'
import { originOf } from './checkpoints.ts'
import { sha256 } from './sha256.ts'

/** Bytes of what a log sends: a checkpoint with its signatures, and a proof. */
export const submissionBytesMax = 65_536
/** Keys that sign: the newest, and the one before, which somebody may still go by. */
const signingKeysMax = 2
const secondMs = 1_000

export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly contentType: string
  readonly text: string
}
const answer = (status: WitnessAnswer['status'], text: string, contentType = 'text/plain; charset=utf-8') => ({
  status,
  contentType,
  text: `${text}\n`,
})

/** What the keys of this log are called where they sign for others. */
export const witnessKeyOf = ({ name, publicKey }: LogKey): VerifierKey => ({
  name,
  type: signatureTypes.cosignature,
  publicKey,
})

/**
 * Takes a checkpoint of a log that the operator has named. What is signed by none of its keys is refused before anything is read; what does not
 * go on from what was seen is refused, kept as a proof, and told.
 * @param keys of the logs that this installation is a witness for
 */
export async function addCheckpoint(
  store: Store,
  body: string,
  { keys, verify }: { readonly keys: readonly VerifierKey[]; readonly verify: VerifyEd25519 },
): Promise<WitnessAnswer> {
  const submission = parseSubmission(body)
  const note = submission && parseNote(submission.checkpoint)
  const checkpoint = note && parseCheckpoint(note.text)
  if (!submission || !note || !checkpoint) return answer(400, 'This is no checkpoint with its proof.')
  const { origin, size, root } = checkpoint
  const ofLog = keys.filter(({ name }) => name === origin)
  if (ofLog.length === 0) return answer(404, 'This is no witness for that log.')
  const states = ofLog.map((key) => signatureOn(sha256, verify, note, key).status)
  if (states.includes('forged') || !states.includes('signed'))
    return answer(403, 'The checkpoint is signed by no key of that log that is known here.')
  const { before, proof } = submission
  if (before > size) return answer(400, `The checkpoint has ${size} leaves, and cannot go on from ${before}.`)
  return store.write(async (tx) => {
    const known = await tx.witnesses.findLog(origin)
    const seen = known?.size ?? 0
    const isSame = known !== undefined && size === seen
    // The log itself has signed it: whatever it says of what was before, two roots of one size are two histories.
    if (isSame && !equalHashes(root, known.root)) {
      await noteConflict(tx, known, submission.checkpoint)
      return answer(409, String(seen), sizeContentType)
    }
    if (before !== seen) return answer(409, String(seen), sizeContentType)
    if (seen > 0 && !isConsistent(sha256, { size: seen, root: known!.root }, { size, root }, proof)) {
      await noteConflict(tx, known!, submission.checkpoint)
      return answer(422, `The log does not begin with the ${seen} leaves that were signed here: it is another one.`)
    }
    if (!isSame || known.note !== submission.checkpoint) {
      const { conflict, conflictAt } = known ?? {}
      await tx.witnesses.putLog({ origin, size, root, note: submission.checkpoint, at: tx.now, conflict, conflictAt })
    }
    return { status: 200, contentType: 'text/plain; charset=utf-8', text: await cosign(tx, note.text) }
  })
}

async function cosign(tx: Transaction, text: string): Promise<string> {
  if ((await tx.evidence.keys()).length === 0) await tx.evidence.makeKey(originOf(tx))
  const seconds = Math.floor(tx.now / secondMs)
  const lines: string[] = []
  for (const key of (await tx.evidence.keys()).slice(0, signingKeysMax)) {
    const signature = withTime(seconds, await tx.evidence.signWith(key.n, cosigned(text, seconds)))
    lines.push(formatSignature({ name: key.name, keyId: keyIdOf(sha256, witnessKeyOf(key)), signature }))
  }
  return lines.join('')
}

/** The first one is kept: it and what was signed here are two histories, whatever comes later. */
async function noteConflict(tx: Transaction, known: WitnessedLog, conflict: string): Promise<void> {
  if (known.conflict !== undefined) return
  await tx.witnesses.putLog({ ...known, conflict, conflictAt: tx.now })
  await tell(tx, {
    kind: 'evidence.forked',
    node: everywhere,
    subject: known.origin,
    facts: { size: known.size, seen: known.note, conflict },
  })
}
