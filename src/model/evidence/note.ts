// Signed notes (C2SP signed-note): a text, an empty line, and a line for each signature. Keys are told apart by a name and a hash.
import { fromBase64, toBase64 } from './base64.ts'
import { equalHashes, type Sha256 } from './hashing.ts'

/** What a signature is: of the text itself, or a witness's of a checkpoint with the time. */
export const signatureTypes = { ed25519: 0x01, cosignature: 0x04 } as const
export type SignatureType = (typeof signatureTypes)[keyof typeof signatureTypes]

const keyIdLength = 4
const publicKeyLength = 32
const signatureLength = 64
const timeLength = 8
/** More are not read: nobody has so many witnesses, and each costs a look. */
const signaturesMax = 64

/** Whose signatures are known, by the `verifier key` of the note format. */
export interface VerifierKey {
  readonly name: string
  readonly type: SignatureType
  readonly publicKey: Uint8Array
}
export interface NoteSignature {
  readonly name: string
  /** The four bytes that say which key, and what follows them. */
  readonly keyId: Uint8Array
  readonly signature: Uint8Array
}
export interface Note {
  /** With the line feed that ends it. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}
/** Whether an Ed25519 signature is the key's of these bytes. */
export type VerifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

const encoder = new TextEncoder()
const isKeyName = (name: string): boolean => name !== '' && !/[\s+]/u.test(name)

/** The first four bytes of the hash of a key's name, type and bytes. */
export function keyIdOf(sha256: Sha256, { name, type, publicKey }: VerifierKey): Uint8Array {
  const named = encoder.encode(`${name}\n`)
  return sha256(Uint8Array.of(...named, type, ...publicKey)).slice(0, keyIdLength)
}
const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** A key as people hand it on: `NAME+HASH+BASE64`. */
export function formatVerifierKey(sha256: Sha256, key: VerifierKey): string {
  return `${key.name}+${hexOf(keyIdOf(sha256, key))}+${toBase64(Uint8Array.of(key.type, ...key.publicKey))}`
}
/** Undefined for what is none, or whose hash is another's. */
export function parseVerifierKey(sha256: Sha256, text: string): VerifierKey | undefined {
  const found = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text)
  if (!found) return undefined
  const [, name, id, encoded] = found
  const bytes = fromBase64(encoded!)
  if (bytes?.length !== 1 + publicKeyLength) return undefined
  const type = Object.values(signatureTypes).find((one) => one === bytes[0])
  if (type === undefined) return undefined
  const key: VerifierKey = { name: name!, type, publicKey: bytes.slice(1) }
  return hexOf(keyIdOf(sha256, key)) === id ? key : undefined
}

export const formatSignature = ({ name, keyId, signature }: NoteSignature): string =>
  `— ${name} ${toBase64(Uint8Array.of(...keyId, ...signature))}\n`
export const formatNote = ({ text, signatures }: Note): string => `${text}\n${signatures.map(formatSignature).join('')}`

export function parseSignature(line: string): NoteSignature | undefined {
  const found = /^— (\S+) ([A-Za-z0-9+/=]+)$/u.exec(line)
  const bytes = found ? fromBase64(found[2]!) : undefined
  if (!found || !bytes || bytes.length <= keyIdLength || !isKeyName(found[1]!)) return undefined
  return { name: found[1]!, keyId: bytes.slice(0, keyIdLength), signature: bytes.slice(keyIdLength) }
}
/** Undefined for what is no note. */
export function parseNote(note: string): Note | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the format forbids exactly these
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note) || !note.endsWith('\n')) return undefined
  const split = note.lastIndexOf('\n\n')
  if (split < 0) return undefined
  const lines = note.slice(split + 2, -1).split('\n')
  if (lines.length > signaturesMax) return undefined
  const signatures = lines.map(parseSignature)
  if (signatures.some((one) => one === undefined)) return undefined
  return { text: note.slice(0, split + 1), signatures: signatures as readonly NoteSignature[] }
}

/** What a signature of a type signs, and the bytes that it is. Undefined where what follows the key's hash has another length. */
export function signedBy(
  type: SignatureType,
  text: string,
  signature: Uint8Array,
): { readonly message: Uint8Array; readonly signature: Uint8Array; readonly atSeconds?: number } | undefined {
  if (type === signatureTypes.ed25519) {
    return signature.length === signatureLength ? { message: encoder.encode(text), signature } : undefined
  }
  if (signature.length !== timeLength + signatureLength) return undefined
  let atSeconds = 0
  for (const byte of signature.subarray(0, timeLength)) atSeconds = atSeconds * 256 + byte
  if (!Number.isSafeInteger(atSeconds)) return undefined
  return { message: cosigned(text, atSeconds), signature: signature.slice(timeLength), atSeconds }
}
/** What a witness signs: the checkpoint with the time at which it saw it (C2SP tlog-cosignature). */
export const cosigned = (text: string, atSeconds: number): Uint8Array =>
  encoder.encode(`cosignature/v1\ntime ${atSeconds}\n${text}`)
/** What follows the key's hash in a witness's signature. */
export function withTime(atSeconds: number, signature: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(timeLength + signature.length)
  for (let at = timeLength - 1, rest = atSeconds; at >= 0; at--, rest = Math.floor(rest / 256)) bytes[at] = rest % 256
  bytes.set(signature, timeLength)
  return bytes
}

export type Signed =
  | { readonly status: 'signed'; readonly atSeconds?: number }
  /** It has no signature of the key. */
  | { readonly status: 'unsigned' }
  /** It has one that is not the key's. */
  | { readonly status: 'forged' }

/** Whether a note is signed by a key. Signatures of keys that nobody asks for are ignored. */
export function signatureOn(sha256: Sha256, verify: VerifyEd25519, note: Note, key: VerifierKey): Signed {
  const id = keyIdOf(sha256, key)
  const own = note.signatures.filter(({ name, keyId }) => name === key.name && equalHashes(keyId, id))
  if (own.length === 0) return { status: 'unsigned' }
  let atSeconds: number | undefined
  for (const { signature } of own) {
    const signed = signedBy(key.type, note.text, signature)
    if (!signed || !verify(key.publicKey, signed.message, signed.signature)) return { status: 'forged' }
    atSeconds = signed.atSeconds
  }
  return { status: 'signed', atSeconds }
}
