// One run of a collector: what it yields as the lines of a snapshot, and what came of it.
import { type Unlisted, unlistedMax, writeEnd, writeHead, writeObservation } from '#formats/observations.ts'
import type { Around, Collector } from './collector.ts'

export interface Summary {
  readonly observations: number
  /** By kind. */
  readonly kinds: ReadonlyMap<string, number>
  readonly unlisted: readonly Unlisted[]
}

/** The lines of one snapshot. What was counted stands in `summary` once the last line was read. */
export class Run {
  readonly #collector: Collector
  readonly #around: Around
  readonly #version: string
  #observations = 0
  readonly #kinds = new Map<string, number>()
  readonly #unlisted: Unlisted[] = []

  constructor(collector: Collector, around: Around, version: string) {
    this.#collector = collector
    this.#around = around
    this.#version = version
  }

  get summary(): Summary {
    return { observations: this.#observations, kinds: this.#kinds, unlisted: this.#unlisted }
  }

  /** Throws `SourceTrouble` where nothing of the source can be read: a snapshot without its end is none. */
  async *lines(): AsyncGenerator<string> {
    const collector = `cadastre ${this.#version} ${this.#collector.kind}`
    yield writeHead({ takenAt: this.#around.now(), collector })
    for await (const each of this.#collector.collect(this.#around)) {
      if ('unlisted' in each) {
        this.#leaveOut(each.unlisted)
        continue
      }
      const { kind } = each.found
      this.#observations++
      this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1)
      yield writeObservation(each.found)
    }
    yield writeEnd({ observations: this.#observations, unlisted: this.#unlisted })
  }

  #leaveOut(part: Unlisted): void {
    const { account, locale } = part
    if (this.#unlisted.some((known) => known.account === account && known.locale === locale)) return
    // Rather than forget that something is missing: all of it may be.
    if (this.#unlisted.length === unlistedMax - 1) this.#unlisted.push({ account: '', locale: '', reason: part.reason })
    else if (this.#unlisted.length < unlistedMax) this.#unlisted.push(part)
  }
}
