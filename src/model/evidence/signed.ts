// Whether a checkpoint is a log's own, by its public key, and which witnesses have signed it too.
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import type { Sha256 } from './hashing.ts'
import { parseNote, signatureOn, signatureTypes, type VerifierKey, type VerifyEd25519 } from './note.ts'

/** What whoever verifies goes by. */
export interface Verifier {
  readonly sha256: Sha256
  readonly verify: VerifyEd25519
  readonly keys: readonly VerifierKey[]
}

/** A checkpoint that one of the keys has signed, and no key falsely; else what is wrong with it. */
export function signedCheckpoint(note: string, { sha256, verify, keys }: Verifier): Checkpoint | 'unsigned' | 'forged' {
  const parsed = parseNote(note)
  const checkpoint = parsed && parseCheckpoint(parsed.text)
  if (!checkpoint) return 'forged'
  const states = keys.map((key) => signatureOn(sha256, verify, parsed, key).status)
  if (states.includes('forged')) return 'forged'
  // A witness says that it has seen it, and not that it is the log's.
  const isSigned = keys.some(({ type }, at) => type === signatureTypes.ed25519 && states[at] === 'signed')
  return isSigned ? checkpoint : 'unsigned'
}

/** The witnesses of these keys that have not signed a checkpoint, by their names: of one with several keys any will do. */
export function unwitnessedBy(note: string, { sha256, verify, keys }: Verifier): readonly string[] {
  const parsed = parseNote(note)
  const witnesses = keys.filter(({ type }) => type === signatureTypes.cosignature)
  const have = witnesses.filter((key) => parsed && signatureOn(sha256, verify, parsed, key).status === 'signed')
  const signers = new Set(have.map(({ name }) => name))
  return [...new Set(witnesses.map(({ name }) => name))].filter((name) => !signers.has(name))
}
