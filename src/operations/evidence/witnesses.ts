// The witnesses of this log: what is sent to each, and what came of it. The call itself is no part of a transaction.
import {
  formatNote,
  type Note,
  parseNote,
  parseSignature,
  signatureOn,
  type VerifierKey,
  type VerifyEd25519,
} from '#model/evidence/note.ts'
import { formatSubmission, parseSize, sizeContentType } from '#model/evidence/witness.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction, Store, Transaction } from '#store/store.ts'
import type { StoredCheckpoint } from '#store/tables/evidence.ts'
import type { EvidenceWitness } from '#store/tables/witnesses.ts'
import { tell } from '../notification/telling.ts'
import { originOf } from './checkpoints.ts'
import { sha256 } from './sha256.ts'
import { TreeReader } from './tree.ts'

/** Between two tries while it fails: twice as long each time. */
const pauseMs = 5_000
const pauseMsMax = 3_600_000

export interface Sent {
  readonly checkpoint: StoredCheckpoint
  /** The size that the witness is taken to have seen. */
  readonly before: number
  readonly body: string
}
/** What a witness has answered, or why it has not. */
export type Heard =
  | { readonly status: number; readonly contentType: string; readonly text: string }
  | { readonly problem: string }

const unknown = (name: string): EvidenceWitness => ({
  name,
  size: 0,
  checkpoint: undefined,
  signature: undefined,
  at: undefined,
  problem: undefined,
  failures: 0,
  nextAt: 0,
})

/** What there is to send to a witness; undefined where it has signed the newest checkpoint, or is left alone. */
export async function nextSubmission(tx: ReadTransaction, name: string): Promise<Sent | undefined> {
  const checkpoint = await tx.evidence.newestCheckpoint()
  const witness = (await tx.witnesses.find(name)) ?? unknown(name)
  if (!checkpoint || witness.checkpoint === checkpoint.n || witness.nextAt > tx.now) return undefined
  // It has seen more than there is: no proof leads from there, and it says so.
  const before = Math.min(witness.size, checkpoint.size)
  const proof = await new TreeReader(tx).consistency(before, checkpoint.size)
  return { checkpoint, before, body: formatSubmission({ before, proof, checkpoint: checkpoint.note }) }
}

/** Whether a witness has signed the newest checkpoint. */
export async function hasSigned(tx: ReadTransaction, name: string): Promise<boolean> {
  const [newest, witness] = [await tx.evidence.newestCheckpoint(), await tx.witnesses.find(name)]
  return newest === undefined || witness?.checkpoint === newest.n
}

/** Why a witness does not sign; undefined where it does, or was not asked yet. */
export const problemOf = async (tx: ReadTransaction, name: string): Promise<string | undefined> =>
  (await tx.witnesses.find(name))?.problem

/** Notes what came of it. Answers whether it is to be sent again at once: the witness has seen another size. */
export function noteHeard(
  store: Store,
  {
    key,
    verify,
    isLast = false,
  }: { readonly key: VerifierKey; readonly verify: VerifyEd25519; readonly isLast?: boolean },
  { checkpoint, before }: Sent,
  heard: Heard,
): Promise<boolean> {
  return store.write(async (tx) => {
    const { name } = key
    const witness = (await tx.witnesses.find(name)) ?? unknown(name)
    const { n, size, note } = checkpoint
    if ('status' in heard && heard.status === 200) {
      const signature = linesOf(heard.text, parseNote(note)!, key, verify)
      if (signature === undefined) return fail(tx, witness, 'what it has answered is not its signature')
      await tx.witnesses.put({
        ...witness,
        ...{ size, checkpoint: n, signature, at: tx.now, problem: undefined, failures: 0, nextAt: 0 },
      })
      return false
    }
    const seen = 'status' in heard && heard.status === 409 ? sizeIn(heard) : undefined
    if (seen !== undefined && seen <= size && seen !== before) {
      // One that names another size each time is no reason to ask without end.
      if (isLast) return fail(tx, { ...witness, size: seen }, 'it has seen another size each time that it was asked')
      await tx.witnesses.put({ ...witness, size: seen })
      return true
    }
    const isOther = seen !== undefined || ('status' in heard && heard.status === 422)
    return fail(tx, witness, isOther ? otherLog(seen, size) : whyNot(heard), isOther)
  })
}
const otherLog = (seen: number | undefined, size: number): string =>
  seen !== undefined && seen > size
    ? `it has seen ${seen} leaves, and here are ${size}: the log was cut, or put back`
    : 'it has seen another log under this name: what it signed is not what this one begins with'
const whyNot = (heard: Heard): string => ('problem' in heard ? heard.problem : `it has answered ${heard.status}`)
const sizeIn = ({ contentType, text }: { readonly contentType: string; readonly text: string }): number | undefined =>
  contentType.startsWith(sizeContentType) ? parseSize(text.trimEnd()) : undefined

async function fail(tx: Transaction, witness: EvidenceWitness, problem: string, isOther = false): Promise<false> {
  const pause = Math.min(pauseMs * 2 ** Math.min(witness.failures, 20), pauseMsMax)
  await tx.witnesses.put({ ...witness, problem, failures: witness.failures + 1, nextAt: tx.now + pause })
  // Told once, for as long as it is the same.
  if (!isOther || witness.problem === problem) return false
  const facts = { witness: witness.name, problem }
  await tell(tx, { kind: 'evidence.refused', node: everywhere, subject: originOf(tx), facts })
  return false
}

/** Its own lines alone; undefined where they are not its signature of the checkpoint. */
function linesOf(text: string, note: Note, key: VerifierKey, verify: VerifyEd25519): string | undefined {
  const signatures = text
    .trimEnd()
    .split('\n')
    .map(parseSignature)
    .filter((one) => one !== undefined)
  const own = { text: note.text, signatures: signatures.filter(({ name }) => name === key.name) }
  if (signatureOn(sha256, verify, own, key).status !== 'signed') return undefined
  return formatNote(own).slice(note.text.length + 1)
}

/** The newest checkpoint with what witnesses have signed of it. */
export async function cosignedCheckpoint(tx: ReadTransaction): Promise<StoredCheckpoint | undefined> {
  const newest = await tx.evidence.newestCheckpoint()
  if (!newest) return undefined
  const witnesses = await tx.witnesses.all()
  const lines = witnesses.filter(({ checkpoint }) => checkpoint === newest.n).map(({ signature }) => signature ?? '')
  return lines.length === 0 ? newest : { ...newest, note: `${newest.note}${lines.join('')}` }
}
