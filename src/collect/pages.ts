// Lists that come in pages, each of which names the next one: a service that is broken, or hostile, names one for ever.
import { hash } from 'node:crypto'

/** No list is so long: with a thousand rows on each it would be a hundred million. */
export const pagesMax = 100_000
/** What names a page; also a whole URL, where that is it. */
const nextLengthMax = 16_384

/** The pages of one list. */
export class Pages {
  readonly #named = new Set<string>()

  /** Why the list is given up at this next page, in words that go on from its name; undefined where it is not. */
  problemOf(next: string): string | undefined {
    if (next.length > nextLengthMax) return `names its next page with more than ${nextLengthMax} characters`
    if (this.#named.size === pagesMax) return `has more than ${pagesMax} pages`
    // Some names are long, and there may be many.
    const short = hash('sha256', next, 'base64url')
    if (this.#named.has(short)) return 'has no end: it names a page again that it named before'
    this.#named.add(short)
    return undefined
  }
}
