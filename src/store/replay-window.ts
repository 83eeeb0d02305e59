// Tokens that every request carries (the signed invocation id, else the signature): which audit entry used them, for as long as they could be sent again.

import type { Layer } from './memory.ts'

/** A signature is good for five minutes before and after its date, so a repeat comes within ten. */
export const replayWindowMs = 600_000
/** Memory is given back a generation at a time. */
const generationMs = 200_000
const generationsMax = replayWindowMs / generationMs + 1

/** Open addressing over typed arrays: 16 bytes a slot, where a Map takes three times as much. */
class Generation {
  readonly startedAt: number
  #keys = new Float64Array(1 << 12)
  #entries = new Float64Array(1 << 12)
  #size = 0
  constructor(startedAt: number) {
    this.startedAt = startedAt
  }
  find(key: number): number | undefined {
    const mask = this.#keys.length - 1
    for (let at = key & mask; this.#keys[at] !== 0; at = (at + 1) & mask) {
      if (this.#keys[at] === key) return this.#entries[at]
    }
    return undefined
  }
  put(key: number, entry: number): void {
    if (this.#size * 2 >= this.#keys.length) this.#grow()
    const mask = this.#keys.length - 1
    let at = key & mask
    while (this.#keys[at] !== 0 && this.#keys[at] !== key) at = (at + 1) & mask
    if (this.#keys[at] === 0) this.#size++
    this.#keys[at] = key
    this.#entries[at] = entry
  }
  #grow(): void {
    const keys = this.#keys
    const entries = this.#entries
    this.#keys = new Float64Array(keys.length * 2)
    this.#entries = new Float64Array(keys.length * 2)
    this.#size = 0
    for (let at = 0; at < keys.length; at++) if (keys[at] !== 0) this.put(keys[at]!, entries[at]!)
  }
}

/** Which audit entry used a token, and when, in milliseconds since 1970. */
export interface TokenMark {
  readonly entry: number
  readonly at: number
}

/** A hint, not the truth: another token may have the same 52 bits. Whoever asks compares the token in the entry itself. */
export class ReplayWindow implements Layer<number, TokenMark> {
  #generations: Generation[] = []

  get(token: number): TokenMark | undefined {
    for (const generation of this.#generations) {
      const entry = generation.find(token)
      if (entry !== undefined) return { entry, at: generation.startedAt }
    }
    return undefined
  }
  set(token: number, { entry, at }: TokenMark): void {
    let current = this.#generations[0]
    // Either way: the operator may have accepted a clock that is behind.
    if (!current || Math.abs(at - current.startedAt) >= generationMs) {
      current = new Generation(at)
      this.#generations = [current, ...this.#generations].slice(0, generationsMax)
    }
    current.put(token, entry)
  }
  clear(): void {
    this.#generations = []
  }
}

/** 52 bits of the token, never 0 (which marks an empty slot). */
export function tokenNumberOf(token: Uint8Array): number {
  const view = new DataView(token.buffer, token.byteOffset, token.byteLength)
  return (view.getUint32(0) & 0xfffff) * 0x1_0000_0000 + view.getUint32(4) + 1
}
