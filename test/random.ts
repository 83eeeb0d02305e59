// Random choices that a seed repeats, for tests that try many worlds.

/** Numbers from 0 up to 1, the same ones for the same seed (Mulberry32). */
export function randomOf(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The usual choices, drawn from one such sequence. */
export interface Choices {
  /** True with this probability. */
  chance(probability: number): boolean
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number
  pick<T>(from: readonly T[]): T
  /** Between `low` and `high` different elements, in random order. */
  some<T>(from: readonly T[], low: number, high: number): T[]
}

export function choicesOf(seed: number): Choices {
  const random = randomOf(seed)
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1))
  return {
    chance: (probability) => random() < probability,
    between,
    pick: (from) => {
      if (from.length === 0) throw new Error('There is nothing to choose from.')
      return from[between(0, from.length - 1)]!
    },
    some: (from, low, high) => {
      const rest = [...from]
      const count = Math.min(between(low, high), rest.length)
      return Array.from({ length: count }, () => rest.splice(between(0, rest.length - 1), 1)[0]!)
    },
  }
}
