// Salted hashes of what is put on record, made as it is written: the leaves of the log of evidence hold these.
import { hash, randomBytes } from 'node:crypto'
import { saltDigits } from '#model/evidence/commitments.ts'

/** Drawn at once: each by itself would cost more than all that is done with it. */
const saltsPerDraw = 256

/** Salts for records, in hexadecimal; each is given once. */
export class Salts {
  #drawn = ''
  #at = 0
  next(): string {
    if (this.#at === this.#drawn.length) {
      this.#drawn = randomBytes((saltsPerDraw * saltDigits) / 2).toString('hex')
      this.#at = 0
    }
    const from = this.#at
    this.#at += saltDigits
    return this.#drawn.slice(from, this.#at)
  }
}

/** The commitment to a text that has its salt in it, in hexadecimal: as bytes it would cost three times as much. */
export const commitmentTo = (text: string): string => hash('sha256', text)
export const bytesOf = (hexadecimal: string): Uint8Array => Buffer.from(hexadecimal, 'hex')
export const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
