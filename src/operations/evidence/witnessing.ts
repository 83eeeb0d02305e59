// This installation as a witness for the logs of others (C2SP tlog-witness): it signs what only grows, and says so where a log does not.
import { type Checkpoint, parseCheckpoint } from '#model/evidence/checkpoint.ts'
import { equalHashes } from '#model/evidence/hashing.ts'
import { isConsistent } from '#model/evidence/merkle.ts'
import {
  cosigned,
  formatNote,
  formatSignature,
  keyIdOf,
  type Note,
  parseNote,
  signatureOn,
  signatureTypes,
  type VerifierKey,
  type VerifyEd25519,
  withTime,
} from '#model/evidence/note.ts'
import {
  conflictIn,
  formatConflict,
  parseSubmission,
  type Submission,
  sizeContentType,
} from '#model/evidence/witness.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction, Store, Transaction } from '#store/store.ts'
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

interface WitnessDuty {
  readonly keys: readonly VerifierKey[]
  readonly verify: VerifyEd25519
  onFork?(origin: string): void
}
/**
 * Takes a checkpoint of a log that the operator has named. What is signed by none of its keys is refused before anything is read; what does not
 * go on from what was seen is refused, kept as a proof, and told.
 * @param keys of the logs that this installation is a witness for
 * @param onFork told of a log that shows another history for the first time
 */
export async function addCheckpoint(
  store: Store,
  body: string,
  { keys, verify, onFork = () => {} }: WitnessDuty,
): Promise<WitnessAnswer> {
  const submission = parseSubmission(body)
  const note = submission && parseNote(submission.checkpoint)
  const checkpoint = note && parseCheckpoint(note.text)
  if (!submission || !note || !checkpoint) return answer(400, 'This is no checkpoint with its proof.')
  const { origin, size } = checkpoint
  const ofLog = keys.filter(({ name }) => name === origin)
  if (ofLog.length === 0) return answer(404, 'This is no witness for that log.')
  const states = ofLog.map((key) => signatureOn(sha256, verify, note, key).status)
  if (states.includes('forged') || !states.includes('signed'))
    return answer(403, 'The checkpoint is signed by no key of that log that is known here.')
  if (submission.before > size)
    return answer(400, `The checkpoint has ${size} leaves, and cannot go on from ${submission.before}.`)
  // What others have written below it is nothing that the log has said: whoever has its checkpoint could add lines without end.
  const own = note.signatures.filter((_, at) => isOfOne(ofLog, note, at, verify))
  const said: Said = { ...submission, checkpoint, note, text: formatNote({ text: note.text, signatures: own }) }
  // Whoever has seen a checkpoint can send it: what changes nothing takes no turn from those who write.
  const seen = await store.read((tx) => check(tx, said))
  const isNothingNew = seen.log === undefined && (seen.answer !== undefined || (await store.read(hasKey)))
  if (isNothingNew) return seen.answer ?? signed(await store.read((tx) => cosign(tx, note.text)))
  const checked = await store.write(async (tx) => {
    const { log, isForked, answer: found } = await check(tx, said)
    if (log) await tx.witnesses.putLog(log)
    if (log && isForked) await tellOfFork(tx, log)
    if (found) return { answer: found, isForked }
    if (!(await hasKey(tx))) await tx.evidence.makeKey(originOf(tx))
    return { answer: signed(await cosign(tx, note.text)) }
  })
  if (checked.isForked) onFork(origin)
  return checked.answer
}

/** What a log has sent. */
interface Said extends Omit<Submission, 'checkpoint'> {
  readonly checkpoint: Checkpoint
  readonly note: Note
  /** The checkpoint with the log's own signatures alone. */
  readonly text: string
}
interface Checked {
  /** Undefined: it is signed. */
  readonly answer?: WitnessAnswer
  /** What is kept of the log from now on, where that is something else. */
  readonly log?: WitnessedLog
  /** It is the first that proves another history. */
  readonly isForked?: true
}
/** Whether it goes on from what was seen; it only reads. */
async function check(tx: ReadTransaction, { before, proof, checkpoint, text }: Said): Promise<Checked> {
  const { origin, size, root } = checkpoint
  const known = await tx.witnesses.findLog(origin)
  const seen = known?.size ?? 0
  const isSame = known !== undefined && size === seen
  // The log itself has signed both: two roots of one size are two histories, and nothing else proves that there are. The first two are kept.
  if (isSame && !equalHashes(root, known.root)) {
    const refused = answer(409, String(seen), sizeContentType)
    if (conflictIn(known.conflict)) return { answer: refused }
    const conflict = formatConflict(known.note, text)
    return { answer: refused, isForked: true, log: { ...known, conflict, conflictAt: tx.now } }
  }
  if (before !== seen) return { answer: answer(409, String(seen), sizeContentType) }
  // Of a proof nobody knows who has made it: anybody can send a false one with a checkpoint that is the log's. So it says nothing of the log.
  if (seen > 0 && !isConsistent(sha256, { size: seen, root: known!.root }, { size, root }, proof))
    return {
      answer: answer(422, `It is not proven that the log begins with the ${seen} leaves that were signed here.`),
    }
  if (isSame) return {}
  const { conflict, conflictAt } = known ?? {}
  return { log: { origin, size, root, note: text, at: tx.now, conflict, conflictAt } }
}

const hasKey = async (tx: ReadTransaction): Promise<boolean> => (await tx.evidence.keys()).length > 0
const signed = (text: string): WitnessAnswer => ({ status: 200, contentType: 'text/plain; charset=utf-8', text })
const isOfOne = (keys: readonly VerifierKey[], note: Note, at: number, verify: VerifyEd25519): boolean =>
  keys.some(
    (key) => signatureOn(sha256, verify, { ...note, signatures: [note.signatures[at]!] }, key).status === 'signed',
  )

async function cosign(tx: ReadTransaction, text: string): Promise<string> {
  const seconds = Math.floor(tx.now / secondMs)
  const lines: string[] = []
  for (const key of (await tx.evidence.keys()).slice(0, signingKeysMax)) {
    const signature = withTime(seconds, await tx.evidence.signWith(key.n, cosigned(text, seconds)))
    lines.push(formatSignature({ name: key.name, keyId: keyIdOf(sha256, witnessKeyOf(key)), signature }))
  }
  return lines.join('')
}

const tellOfFork = (tx: Transaction, { origin, size, conflict }: WitnessedLog): Promise<unknown> => {
  const [seen, other] = conflictIn(conflict)!
  const facts = { size, seen, conflict: other }
  return tell(tx, { kind: 'evidence.forked', node: everywhere, subject: origin, facts })
}
