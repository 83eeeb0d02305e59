// A map in which some values are others than in the one below it, without a copy of that.
import type { Steps } from './steps.ts'

/** For some keys another value than before, or none. */
export type Changes<K, V> = ReadonlyMap<K, V | undefined>

/** Values by their ids with what is found by them: the same but for a few, without going through the others. */
export interface Collection<V, Self> extends Iterable<[string, V]> {
  /** For how many ids there is another value than when it was collected, or none: what each look-up pays for. */
  readonly overlaid: number
  get(id: string): V | undefined
  with(changed: Changes<string, V>): Self
}

export class Overlaid<K, V> implements ReadonlyMap<K, V> {
  readonly #base: ReadonlyMap<K, V>
  /** Undefined: not there any more. */
  readonly #changed: Changes<K, V>
  readonly size: number

  constructor(base: ReadonlyMap<K, V>, changed: Changes<K, V> = new Map()) {
    this.#base = base
    this.#changed = changed
    let size = base.size
    for (const [key, value] of changed) size += (value === undefined ? 0 : 1) - (base.has(key) ? 1 : 0)
    this.size = size
  }
  // biome-ignore lint/correctness/useYield: others are collected in steps.
  static *collect<V>(values: ReadonlyMap<string, V>): Steps<Overlaid<string, V>> {
    return new Overlaid(values)
  }
  /** How many keys it has another value for, or none. */
  get overlaid(): number {
    return this.#changed.size
  }
  /** With these changes over those that are there. */
  with(changed: Changes<K, V>): Overlaid<K, V> {
    return new Overlaid(this.#base, new Map([...this.#changed, ...changed]))
  }
  get(key: K): V | undefined {
    return this.#changed.has(key) ? this.#changed.get(key) : this.#base.get(key)
  }
  has(key: K): boolean {
    return this.get(key) !== undefined
  }
  forEach(visit: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this) visit(value, key, this)
  }
  *keys(): MapIterator<K> {
    for (const [key] of this) yield key
  }
  *values(): MapIterator<V> {
    for (const [, value] of this) yield value
  }
  /** Those below in their order, then those that were added. */
  *entries(): MapIterator<[K, V]> {
    for (const [key, below] of this.#base) {
      const value = this.#changed.has(key) ? this.#changed.get(key) : below
      if (value !== undefined) yield [key, value]
    }
    for (const [key, value] of this.#changed) if (value !== undefined && !this.#base.has(key)) yield [key, value]
  }
  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries()
  }
}
