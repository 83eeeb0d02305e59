// What there is in the estate, who may see it, and what stands in the place of what is hidden when it is asked whether it is there.
import { formatId, type IdKind, kindOf, sequenceIn } from '#model/identifier.ts'
import type { Choices } from '../random.ts'

export const askerNames = ['operator', 'owner', 'nobody'] as const
export type AskerName = (typeof askerNames)[number]
export interface Asker {
  readonly name: AskerName
  readonly account: string
  readonly token: string
  readonly key: { readonly id: string; readonly secret: string }
}

const idPattern = /(?<![\w-])[a-z]+(?:-[a-z]+)*-[0-9a-f]{17,32}(?![\w-])/g
const accountPattern = /(?<!\w)\d{12}(?!\w)/g
const nodePattern = /(?<![\w-])(?:ou-[0-9a-z]+-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})(?![\w-])/g
const placePattern = /(?:"(?:nextCursor|NextToken)":"|<nextToken>)([^"<]+)/g

export const idsIn = (text: string): string[] =>
  [idPattern, accountPattern, nodePattern].flatMap((pattern) => text.match(pattern) ?? [])
export const placesIn = (text: string): string[] => [...text.matchAll(placePattern)].map(([, place]) => place!)

/** What a text is an id of; those of accounts and nodes are drawn. */
function kindOfText(text: string): IdKind | 'account' | 'node' | undefined {
  if (/^\d{12}$/.test(text)) return 'account'
  if (/^(?:ou|r)-/.test(text)) return 'node'
  return kindOf(text)
}

export class Known {
  readonly #installation: string
  /** Ids in the order in which they were found, so that a seed draws the same ones. */
  readonly #ids = new Map<IdKind | 'account' | 'node', string[]>()
  readonly #all = new Set<string>()
  readonly #visible = new Map<AskerName, Set<string>>()
  readonly #places: string[] = []
  readonly #names: readonly string[]
  readonly #good = new Map<string, unknown[]>()
  readonly #etags: string[] = ['*', '"x"', 'x', '']

  /** @param names that things of the estate are called by */
  constructor(installation: string, names: readonly string[]) {
    this.#installation = installation
    this.#names = names
  }

  learnIds(text: string): void {
    for (const id of idsIn(text)) {
      const kind = kindOfText(id)
      if (kind === undefined || this.#all.has(id)) continue
      this.#all.add(id)
      this.#ids.set(kind, [...(this.#ids.get(kind) ?? []), id])
    }
  }
  /** Where pages begin, whoever's they are. */
  learnPlaces(text: string): void {
    this.#places.push(...placesIn(text))
  }
  learnEtag(etag: string): void {
    if (this.#etags.length < 50) this.#etags.push(etag)
  }
  /** What stands by a name in what is known to be right. */
  learnGood(value: unknown): void {
    if (Array.isArray(value)) for (const one of value) this.learnGood(one)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    for (const [name, one] of Object.entries(value)) {
      const known = this.#good.get(name) ?? []
      if (known.length < goodMax) this.#good.set(name, [...known, one])
      this.learnGood(one)
    }
  }
  goodFor(name: string): readonly unknown[] {
    return this.#good.get(name) ?? []
  }
  see(asker: AskerName, text: string): void {
    const seen = this.#visible.get(asker) ?? new Set()
    for (const id of idsIn(text)) seen.add(id)
    for (const name of this.#names) if (text.includes(name)) seen.add(name)
    this.#visible.set(asker, seen)
  }

  /** Ids in a text that are there, and texts that are names of what is, of which whoever asks has never been shown anything. */
  hiddenIn(text: string, asker: Asker): string[] {
    const seen = this.#visible.get(asker.name)!
    const named = this.#names.filter((name) => text.includes(`"${name}"`))
    return [...new Set([...idsIn(text).filter((id) => this.#all.has(id)), ...named])].filter((one) => !seen.has(one))
  }
  /** An id of the same kind and length that nothing has, or a name. */
  absentFor(id: string): string {
    if (this.#names.includes(id)) return id.replace(/^./, 'z')
    const kind = kindOfText(id)!
    if (kind === 'account') return `87${id.slice(2)}`
    if (kind === 'node') return id.slice(0, -2) + (id.endsWith('zz') ? 'yy' : 'zz')
    const absent = formatId(kind, this.#installation, notDrawn + (sequenceIn(id)! % notDrawn))
    // What the network beside it would have, has a number of another installation in it.
    return absent.length === id.length ? absent : id.replace(/.{4}$/, 'ffff')
  }

  /** Something that is there: of the kind that is expected or of another one, hidden or not. */
  draw(
    choices: Choices,
    asker: Asker,
    { example, member }: { readonly example: unknown; readonly member: string | number | undefined },
  ): string {
    const isPlace = /^(?:cursor|NextToken)$/.test(String(member))
    if (this.#places.length > 0 && choices.chance(isPlace ? 0.9 : 0.02)) return choices.pick(this.#places)
    const expected = typeof example === 'string' ? kindOfText(example) : undefined
    const draw = choices.between(0, 9)
    if (draw === 0) return choices.pick(this.#names)
    const isOfKind = expected !== undefined && draw < 7
    const ids = this.#ids.get(isOfKind ? expected : choices.pick([...this.#ids.keys()])) ?? []
    const id = ids.length > 0 ? choices.pick(ids) : asker.account
    return draw === 9 ? this.absentFor(id) : id
  }
  drawEtag(choices: Choices): string {
    return choices.pick(this.#etags)
  }
}
/** Of each name. */
const goodMax = 60
/** No number so high is drawn in a test. */
const notDrawn = 0x0a00_0000_0000
