// Tokens that every request carries (the signed invocation id, else the signature): which audit entry used them, for as long as they could be sent again.

import type { Layer } from '../memory.ts'

/** A signature is good for five minutes before and after its date, so a repeat comes within ten. */
export const replayWindowMs = 600_000
/** Memory is given back a generation at a time: each has the tokens of one such stretch of time. */
const generationMs = 200_000
/** As many as a window can touch. */
const generationsMax = replayWindowMs / generationMs + 1
const slotsMin = 1 << 12
/** A table that is full at this size is followed by another one of its generation: to copy a larger one would hold up everybody. */
const slotsMax = 1 << 18
const fillMax = 0.75

/** Open addressing over typed arrays: 16 bytes a slot, where a Map takes three times as much. */
class Table {
  /** Of which generation, counted from 1970. */
  readonly generation: number
  #keys = new Float64Array(slotsMin)
  #entries = new Float64Array(slotsMin)
  #size = 0
  constructor(generation: number) {
    this.generation = generation
  }
  get isFull(): boolean {
    return this.#size >= slotsMax * fillMax
  }
  find(key: number): number | undefined {
    const at = this.#slotOf(key)
    return this.#keys[at] === key ? this.#entries[at] : undefined
  }
  put(key: number, entry: number): void {
    let at = this.#slotOf(key)
    if (this.#keys[at] !== key) {
      if (++this.#size > this.#keys.length * fillMax) {
        this.#grow()
        at = this.#slotOf(key)
      }
      this.#keys[at] = key
      // What is read back from the record may come after what was used since.
    } else if (this.#entries[at]! > entry) return
    this.#entries[at] = entry
  }
  /** Where the key is, or would be. */
  #slotOf(key: number): number {
    const keys = this.#keys
    const mask = keys.length - 1
    let at = key & mask
    while (keys[at] !== 0 && keys[at] !== key) at = (at + 1) & mask
    return at
  }
  #grow(): void {
    const [keys, entries] = [this.#keys, this.#entries]
    this.#keys = new Float64Array(keys.length * 2)
    this.#entries = new Float64Array(keys.length * 2)
    for (let from = 0; from < keys.length; from++) {
      if (keys[from] === 0) continue
      const to = this.#slotOf(keys[from]!)
      this.#keys[to] = keys[from]!
      this.#entries[to] = entries[from]!
    }
  }
}

/** Which audit entry used a token, and when, in milliseconds since 1970. */
export interface TokenMark {
  readonly entry: number
  readonly at: number
}

/** A hint, not the truth: another token may have the same 52 bits. Whoever asks compares the token in the entry itself. */
export class ReplayWindow implements Layer<number, TokenMark> {
  /** The one that was written last comes first. */
  #tables: Table[] = []

  /** The latest use. */
  get(token: number): TokenMark | undefined {
    let found: TokenMark | undefined
    for (const table of this.#tables) {
      const entry = table.find(token)
      if (entry !== undefined && entry > (found?.entry ?? -1)) found = { entry, at: table.generation * generationMs }
    }
    return found
  }
  /** In any order of time within one window: what is read back from the record comes between what is used meanwhile. */
  set(token: number, { entry, at }: TokenMark): void {
    const generation = Math.floor(at / generationMs)
    let [table] = this.#tables
    if (table?.generation !== generation || table.isFull) table = this.#toFront(generation)
    table.put(token, entry)
  }
  clear(): void {
    this.#tables = []
  }

  #toFront(generation: number): Table {
    const table = this.#tables.find((one) => one.generation === generation && !one.isFull) ?? new Table(generation)
    // Those that no window has in common with this one are over, or of a clock that was ahead.
    const others = this.#tables.filter((one) => Math.abs(one.generation - generation) < generationsMax)
    this.#tables = [table, ...others.filter((one) => one !== table)]
    return table
  }
}

/** 52 bits of the token, never 0 (which marks an empty slot). */
export const tokenNumberOf = (token: Uint8Array): number => tokenNumberAt(token, 0)
/** The same of the token that begins at an offset; `tokenBytes` of it are looked at. */
export function tokenNumberAt(bytes: Uint8Array, offset: number): number {
  const at = (index: number): number => bytes[offset + index]!
  const high = ((at(1) & 0xf) << 16) | (at(2) << 8) | at(3)
  const low = ((at(4) << 24) | (at(5) << 16) | (at(6) << 8) | at(7)) >>> 0
  return high * 0x1_0000_0000 + low + 1
}
export const tokenBytes = 8
