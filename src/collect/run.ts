// One run of a collector: what it yields as the lines of a snapshot, and what came of it.
import {
  observationFields,
  reasonMax,
  type Unlisted,
  unlistedMax,
  writeEnd,
  writeHead,
  writeObservation,
} from '#formats/observations.ts'
import { type Around, type Collector, shownText } from './collector.ts'

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
  readonly #places = new Set<string>()

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
    const owner = this.#around.options.get('owner')
    const space = this.#around.options.get('only-space')
    let elsewhere = 0
    const now = this.#around.now()
    let isHeadWritten = false
    for await (const each of this.#collector.collect(this.#around)) {
      if (!isHeadWritten) yield writeHead({ takenAt: 'begunAt' in each ? each.begunAt : now, collector })
      isHeadWritten = true
      if ('begunAt' in each) continue
      if ('unlisted' in each) {
        this.#leaveOut(each.unlisted)
        continue
      }
      if (space !== undefined && (each.found.space ?? '') !== space) {
        elsewhere++
        continue
      }
      const { kind } = each.found
      this.#observations++
      this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1)
      yield writeObservation(owner === undefined || each.found.account ? each.found : { ...each.found, account: owner })
    }
    if (!isHeadWritten) yield writeHead({ takenAt: now, collector })
    if (elsewhere > 0) this.#around.note(`${elsewhere} in other spaces were left out.`)
    // What one may not see is missing without a word in most sources: nothing at all is a right that is missing, or another file.
    if (this.#observations === 0) this.#leaveOut({ account: '', locale: '', reason: 'Nothing at all was found.' })
    yield writeEnd({ observations: this.#observations, unlisted: this.#unlisted })
  }

  /** Such that the server can read it: a reason is what a program said. */
  #leaveOut(given: Unlisted): void {
    const account = shownText(given.account, observationFields.account.max)
    const locale = shownText(given.locale, observationFields.locale.max)
    const part = { account, locale, reason: shownText(given.reason, reasonMax) }
    const place = JSON.stringify([account, locale])
    if (this.#places.has(place)) return
    this.#places.add(place)
    // Rather than forget that something is missing: all of it may be.
    if (this.#unlisted.length === unlistedMax - 1) this.#unlisted.push({ account: '', locale: '', reason: part.reason })
    else if (this.#unlisted.length < unlistedMax) this.#unlisted.push(part)
  }
}
