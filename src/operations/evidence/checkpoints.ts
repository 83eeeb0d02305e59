// Checkpoints: what the log says of itself once a minute, signed, so that nobody can take back what was in it then.

import { eventKindOf, isWanted } from '#model/event.ts'
import { formatCheckpoint } from '#model/evidence/checkpoint.ts'
import { formatNote, keyIdOf, type NoteSignature, signatureTypes, type VerifierKey } from '#model/evidence/note.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction, Store, Transaction } from '#store/store.ts'
import type { LogKey } from '#store/tables/evidence.ts'
import { subscriptionsMax } from '../notification/subscriptions.ts'
import { tell } from '../notification/telling.ts'
import { sha256 } from './sha256.ts'
import { TreeReader } from './tree.ts'

/** What the log and its keys are called: of this database alone. */
export const originOf = ({ installation }: Pick<ReadTransaction, 'installation'>): string => `cadastre/${installation}`

export const verifierKeyOf = ({ name, publicKey }: LogKey): VerifierKey => ({
  name,
  type: signatureTypes.ed25519,
  publicKey,
})

/** Whether the tree is another one than at the last checkpoint, or nothing was signed with the newest key. It only reads. */
export async function isCheckpointDue(tx: ReadTransaction): Promise<boolean> {
  const [log, newest, [key]] = [await tx.evidence.log(), await tx.evidence.newestCheckpoint(), await tx.evidence.keys()]
  return newest === undefined || key === undefined || newest.size < log.size || newest.n < key.n
}

/** Signs what the tree is now. The first checkpoint of a key is also signed by the one before: so whoever has that one knows the next. */
export async function signCheckpoint(store: Store): Promise<void> {
  await store.write(async (tx) => {
    if (!(await isCheckpointDue(tx))) return
    const [key = await tx.evidence.makeKey(originOf(tx)), former] = await tx.evidence.keys()
    const { size } = await tx.evidence.log()
    const newest = await tx.evidence.newestCheckpoint()
    const text = formatCheckpoint({ origin: originOf(tx), size, root: await new TreeReader(tx).root(size) })
    const isFirst = newest !== undefined && newest.n < key.n
    const signers = isFirst && former ? [key, former] : [key]
    const signatures: NoteSignature[] = []
    for (const signer of signers) signatures.push(await signatureOf(tx, signer, text))
    const checkpoint = formatNote({ text, signatures })
    await tx.evidence.insertCheckpoint(size, checkpoint)
    await tellOfCheckpoint(tx, size, checkpoint)
  })
}
/** Written only where somebody is told: it comes every minute. */
async function tellOfCheckpoint(tx: Transaction, size: number, checkpoint: string): Promise<void> {
  const kind = 'evidence.checkpoint'
  const all = await tx.subscriptions.list('', subscriptionsMax)
  if (!all.some((one) => one.isEnabled && isWanted(one, { kind, severity: eventKindOf(kind)!.severity! }))) return
  await tell(tx, { kind, node: everywhere, subject: originOf(tx), facts: { size, checkpoint } })
}
export async function signatureOf(tx: ReadTransaction, key: LogKey, text: string): Promise<NoteSignature> {
  const verifier = verifierKeyOf(key)
  const signature = await tx.evidence.signWith(key.n, Buffer.from(text))
  return { name: key.name, keyId: keyIdOf(sha256, verifier), signature }
}
