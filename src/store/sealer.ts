// Sealing of secrets: AES-256-GCM with a key from a file that is never in the database (threat model S1).
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createPageTokens } from './page-tokens.ts'
import { makePrivate } from './private-file.ts'
import type { Sealer } from './tables/access-keys.ts'
import { StoreTrouble } from './trouble.ts'

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const fingerprintBytes = 16

/**
 * A sealer with a key; every text gets a nonce of its own, and its context is authenticated with it.
 * @param file where the key comes from, for messages
 */
export function createSealer(key: Uint8Array, file?: string): Sealer {
  return {
    pageTokens: createPageTokens(key),
    // Derived (RFC 5869): it can be kept in the database, and neither the key nor another derived key follows from it.
    fingerprint: Buffer.from(hkdfSync('sha256', key, '', 'cadastre sealing key: fingerprint', fingerprintBytes)),
    // Likewise: whoever proves that they have it has the sealing key, or runs as one of our servers.
    peerKey: Buffer.from(hkdfSync('sha256', key, '', 'cadastre sealing key: peers', keyBytes)),
    ...(file === undefined ? {} : { file }),
    seal(text, context) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
    },
    open(sealed, context) {
      const nonce = sealed.subarray(0, nonceBytes)
      const tag = sealed.subarray(nonceBytes, nonceBytes + tagBytes)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context)).setAuthTag(tag)
      try {
        return decipher.update(sealed.subarray(nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8')
      } catch (error) {
        throw new StoreTrouble(
          'corrupt',
          `the secret of ${context} cannot be opened: it was changed, or the secret key file is another one`,
          {
            fatal: false,
            cause: error,
          },
        )
      }
    },
  }
}

/** The 32 bytes of a key file that the operator names: 64 hexadecimal digits. */
export function keyIn(path: string): Uint8Array {
  try {
    return keyOf(readFileSync(path, 'utf8'), `The key file \`${path}\``, ' (`openssl rand -hex 32` makes them)')
  } catch (error) {
    throw error instanceof StoreTrouble ? error : unreadable(`The key file \`${path}\``, error)
  }
}
function keyOf(text: string, what: string, how = ''): Buffer {
  const digits = text.trim()
  if (keyPattern.test(digits)) return Buffer.from(digits, 'hex')
  const message = `${what} does not hold 64 hexadecimal digits${how}.`
  throw new StoreTrouble('corrupt', message, { fatal: true })
}
const unreadable = (what: string, error: unknown): StoreTrouble =>
  new StoreTrouble('permission', `${what} cannot be read (${(error as Error).message}).`, { fatal: true, cause: error })

const keyPattern = /^[0-9a-fA-F]{64}$/
/** Reads the key (64 hexadecimal digits); makes the file, readable by its owner only, where it is missing and may be made. */
export function readSealer(path: string, options: { readonly create: boolean }): Sealer {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
    // Our own; a file that the operator gives may be meant for a group.
    if (options.create) makePrivate(path, { create: false })
  } catch (error) {
    if (!options.create || (error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw unreadable(`The secret key file \`${path}\``, error)
    }
    text = randomBytes(keyBytes).toString('hex')
    // `wx`: two first starts at once must not each make a key. On disk before anything is sealed with it.
    writeFileSync(path, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true })
  }
  return createSealer(keyOf(text, `The secret key file \`${path}\``), path)
}
