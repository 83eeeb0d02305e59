// Page tokens: where a list goes on, sealed so that nobody reads from them what the list did not show, or makes one.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
/** Lengths are rounded up: the length of a place is that of a name, which may be hidden. */
const blockBytes = 64

/** Seals places in lists. `context` says which list it is and who asks: a token opens in the same context alone. */
export interface PageTokens {
  /** The same token for the same place: an answer that has not changed keeps its ETag. */
  seal(place: string, context: string): string
  /** The place; undefined for a token that was altered, made up, or sealed in another context. */
  open(token: string, context: string): string | undefined
}

/**
 * Page tokens under a key that all servers of an installation have. AES-256-GCM, whose nonce is an HMAC of what is sealed (as in
 * RFC 5297): it repeats only where everything repeats.
 * @param secret the key of the installation; the keys of page tokens are derived from it (RFC 5869)
 */
export function createPageTokens(secret: Uint8Array): PageTokens {
  const derive = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `cadastre page tokens: ${use}`, keyBytes))
  const [cipherKey, nonceKey] = [derive('encryption'), derive('nonce')]
  return {
    seal(place, context) {
      const text = pad(Buffer.from(place))
      const bound = Buffer.from(context)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bound.length)
      const nonce = createHmac('sha256', nonceKey).update(length).update(bound).update(text).digest()
      const cipher = createCipheriv('aes-256-gcm', cipherKey, nonce.subarray(0, nonceBytes)).setAAD(bound)
      const sealed = Buffer.concat([cipher.update(text), cipher.final()])
      return Buffer.concat([nonce.subarray(0, nonceBytes), cipher.getAuthTag(), sealed]).toString('base64url')
    },
    open(token, context) {
      const bytes = Buffer.from(token, 'base64url')
      // What base64 ignores is no part of a token: each has one way to be written.
      if (bytes.length < nonceBytes + tagBytes + blockBytes || bytes.toString('base64url') !== token) return undefined
      const decipher = createDecipheriv('aes-256-gcm', cipherKey, bytes.subarray(0, nonceBytes))
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
      try {
        const text = Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()])
        return text.subarray(0, text.lastIndexOf(padding)).toString()
      } catch {
        return undefined
      }
    },
  }
}

const padding = 1
/** One byte that marks the end, and zeros up to a whole number of blocks. */
function pad(text: Buffer): Buffer {
  const padded = Buffer.alloc(Math.ceil((text.length + 1) / blockBytes) * blockBytes)
  text.copy(padded)
  padded[text.length] = padding
  return padded
}
