// The model's pure functions with the hashes and signatures of the browser. The browser answers later, and a pure function cannot wait:
// so it is run with what is known, what it asked for beside that is found out, and it is run again, until it has asked for nothing new.
import type { Sha256 } from '#model/evidence/hashing.ts'
import type { VerifyEd25519 } from '#model/evidence/note.ts'

export interface Means {
  readonly sha256: Sha256
  readonly verify: VerifyEd25519
}
/** The browser knows no signatures of this kind, or gives them to no page without TLS. */
export class NoCrypto extends Error {}

const hashLength = 32
const textOf = (bytes: Uint8Array): string => {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
/** The types of the browser want bytes that nobody shares. */
const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes)

async function isSigned(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey('raw', own(publicKey), 'Ed25519', false, ['verify'])
    return await crypto.subtle.verify('Ed25519', key, own(signature), own(message))
  } catch (error) {
    // Bytes that are no point of the curve are nobody's key.
    if (error instanceof DOMException && error.name === 'DataError') return false
    throw new NoCrypto('This browser cannot check Ed25519 signatures. Use a newer one, or the command line.')
  }
}

/** What a pure function answers once all that it asks for is known. */
export async function withBrowserCrypto<T>(work: (means: Means) => T): Promise<T> {
  if (crypto.subtle === undefined)
    throw new NoCrypto('The browser gives no cryptography to a page without TLS: open this one over https.')
  const hashes = new Map<string, Uint8Array>()
  const signatures = new Map<string, boolean>()
  for (;;) {
    const asked = new Map<string, () => Promise<unknown>>()
    const means: Means = {
      sha256(bytes) {
        const key = textOf(bytes)
        const known = hashes.get(key)
        if (known) return known.slice()
        const copy = own(bytes)
        asked.set(key, async () => hashes.set(key, new Uint8Array(await crypto.subtle.digest('SHA-256', copy))))
        return new Uint8Array(hashLength)
      },
      verify(publicKey, message, signature) {
        const key = [publicKey, message, signature].map((bytes) => `${bytes.length}:${textOf(bytes)}`).join('')
        const known = signatures.get(key)
        if (known !== undefined) return known
        asked.set(key, async () => signatures.set(key, await isSigned(publicKey, message, signature)))
        return false
      },
    }
    // What it answers, or throws, on the way is made of what is not known yet.
    let outcome: { readonly answer: T } | { readonly error: unknown }
    try {
      outcome = { answer: work(means) }
    } catch (error) {
      outcome = { error }
    }
    if (asked.size > 0) await Promise.all([...asked.values()].map((find) => find()))
    else if ('error' in outcome) throw outcome.error
    else return outcome.answer
  }
}
