// What a setting of documents is: one value, from which the parser of its tag, the shapes of the native API, merging, the evaluator's
// gate, the content hash, words and the reference follow. And the kinds that there are.

import { joinKey } from '../key.ts'
import type { Problem } from '../problems/problem.ts'
import type { AllocationRequest, Denial, Party, WordedDenial } from './decision.ts'
import type { ResourceType } from './resource-types.ts'
import type { GateStep } from './trace.ts'
import {
  type Compatibility,
  compareTexts,
  formatRequiredTag,
  formatSize,
  type RequiredTag,
  type SizeBounds,
} from './values.ts'

/** A value together with who set it. */
export interface Sourced<T> {
  readonly value: T
  readonly by: Party
}

/** How the field is given: the native API makes a shape of it. */
export type FieldShape =
  | { readonly kind: 'choice'; readonly values: readonly [string, ...string[]] }
  | { readonly kind: 'lengths'; readonly bits: 32 | 128 }
  | { readonly kind: 'tags'; readonly max: number }

/**
 * @typeParam Value in a document; with `undefined`, a document need not have it
 * @typeParam Told what a tag says: also that it is not set
 * @typeParam Resolved what comes of all documents that apply to an account
 */
export interface Setting<Value, Told, Resolved> extends SettingWords {
  readonly shape: FieldShape
  /** Where a document does not say. Where it is another one for each compatibility, it follows that. */
  initial(compatibility: Compatibility): Value
  /** A tag's text; undefined where it is not allowed. */
  parse(text: string): Told | undefined
  spell(told: Told): string
  /** Equal exactly where two tags say the same. */
  comparable(told: Told): string
  toTold(value: Value): Told
  fromTold(told: Told): Value
  /**
   * With one spelling, for the content hash; undefined leaves it out. A setting that is added leaves its initial value out, or
   * versions from before would have another hash.
   */
  canonical(value: Value): string | readonly string[] | null | undefined
  /** What is wrong with it for a type of resource. */
  unfit(value: Value, type: ResourceType): { readonly value: string; readonly problem: Problem } | undefined
  /** The document that gives the order of pools comes first, then the finals that narrow it. */
  merge(parts: readonly Sourced<Value>[], type: ResourceType | undefined): Resolved
  /** What finals made stricter than the document that gives the order has it. */
  narrowed(
    own: Value,
    resolved: Resolved,
  ): readonly { readonly by: Party; readonly from: string; readonly to: string }[]
  /** Which requests it denies, before pools are looked at. */
  readonly gate?: Gate<Resolved>
  /** Whether a request can meet two documents that both count, and the rules of a pool; by default, whatever they say. */
  readonly agreement?: Agreement<Value>
}

/** Documents that no request can meet together are refused when they come together (policy-model §3). */
export interface Agreement<Value> {
  readonly kind: 'size' | 'required-tags'
  /** What no request can meet of both, each with what tells it from others. */
  atOdds(one: Value, other: Value, type: ResourceType | undefined): readonly AtOdds[]
  /** Whether any request within the document could also be within a pool's own rules. */
  canBeServed(value: Value, pool: PoolRules, type: ResourceType): boolean
}
export interface AtOdds {
  readonly what: string
  readonly problem: Problem
}
/** What a pool itself asks of requests. */
export interface PoolRules {
  readonly family: 4 | 6
  readonly minNetmaskLength?: number | undefined
  readonly maxNetmaskLength?: number | undefined
  readonly requiredTags: readonly RequiredTag[]
}

export interface SettingWords {
  /** Its public name, such as `on-explicit`: in denials, and behind `cadastre:` in tags. */
  readonly word: string
  readonly summary: string
  /** What a tag takes, in words. */
  readonly allowed: string
  /** What the field takes, where it is more than the tag's text. */
  readonly fieldAllowed?: string
  /** Its default, in words. */
  readonly default: string
}

export interface Asked {
  readonly request: AllocationRequest
  readonly type: ResourceType
}

export interface Gate<Resolved> {
  /** Gates are asked in this order. */
  readonly rank: number
  /** Reads of the request what all with the same answer have in common (`keyOf` in `decide.ts`), a block that is named, and tags. */
  find(asked: Asked, resolved: Resolved): { readonly denial: Denial; readonly step: GateStep } | undefined
  /** Whether what it finds depends on the tags of the request. */
  readsTags(resolved: Resolved): boolean
  /**
   * The changes of a request that might pass, the nearest first: with what documents say, where any applies, and pools that it could be
   * from. Each is tried.
   */
  trials(asked: Asked, resolved: Resolved | undefined, pools: readonly PoolRules[]): Iterable<Trial>
  /** Behind the name of the policy, such as `does not allow a /24`. */
  sentence(denial: WordedDenial): string
  /** The same in few words, without the policy. */
  short(denial: WordedDenial): string
  readonly exceptions: GateExceptions
}

/** Whether exceptions can let a request through: where they grant what it needs, or never, and what is said of that. */
export type GateExceptions = { readonly grant: Grant } | { readonly because: string; readonly remedy: string }

/** What an exception can grant under the setting's own name: netmask lengths that pass too; as in EC2, `min` is the largest block. */
export interface Lengths {
  readonly min: number
  readonly max: number
}
export interface Grant {
  readonly summary: string
  /** What is granted, such as `/24 to /28`. */
  words(granted: Lengths): string
  /** What would let a request through, and no more; undefined where it asks for nothing of the kind. */
  needed(request: AllocationRequest): Lengths | undefined
  /** What a type can have of it at all. */
  possible(type: ResourceType): Lengths | undefined
}

/** A change of a request, by whoever makes it, that might pass a gate. */
export interface Trial {
  readonly change:
    | { readonly kind: 'add-tags'; readonly tags: readonly RequiredTag[] }
    | { readonly kind: 'size'; readonly netmaskLength: number; readonly insteadOf?: number }
  readonly changed: AllocationRequest
}

/** Bounds in words. */
export const boundsText = ({ min, max }: Lengths): string => `/${min} to /${max}`

export const listOf = (values: readonly string[]): string => values.map((value) => `\`${value}\``).join(', ')

// Choices ------------------------------------------------------------------------------------------------------------

/**
 * One of a few values: of all documents that apply, the strictest holds.
 * @param values from the strictest to the most lenient
 */
export function choice<T extends string>({
  values,
  initial,
  ...facts
}: Pick<SettingWords, 'word' | 'summary'> & {
  readonly values: readonly [T, ...T[]]
  readonly initial: { readonly [C in Compatibility]: T }
  readonly gate?: Gate<Sourced<T>>
}): Setting<T, T, Sourced<T>> {
  const { strict, aws } = initial
  return {
    ...facts,
    allowed: listOf(values),
    default: strict === aws ? `\`${strict}\`` : `\`${strict}\`; \`${aws}\` with compatibility \`aws\``,
    shape: { kind: 'choice', values },
    initial: (compatibility) => initial[compatibility],
    parse: (text) => values.find((value) => value === text),
    spell: (told) => told,
    comparable: (told) => told,
    toTold: (value) => value,
    fromTold: (told) => told,
    canonical: (value) => (strict === aws && value === strict ? undefined : value),
    unfit: () => undefined,
    // Of equals the first one's is named.
    merge: (parts) =>
      parts.reduce((best, next) => (values.indexOf(next.value) < values.indexOf(best.value) ? next : best)),
    narrowed: (own, { value, by }) => [{ by, from: own, to: value }],
  }
}

// Netmask lengths ----------------------------------------------------------------------------------------------------

export interface ResolvedSize {
  readonly min: Sourced<number>
  readonly max: Sourced<number>
  readonly default: Sourced<number>
}

/** Bounds of the netmask length for one family, and a default: those that all documents have in common. */
export function lengths({
  family,
  ...facts
}: Pick<SettingWords, 'word' | 'summary' | 'fieldAllowed'> & {
  readonly family: 4 | 6
  readonly example: string
  readonly gate: Gate<ResolvedSize | undefined>
}): Setting<SizeBounds | undefined, SizeBounds | 'none', ResolvedSize | undefined> {
  const bits = family === 4 ? 32 : 128
  const textOf = (told: SizeBounds | 'none'): string => (told === 'none' ? told : formatSize(told))
  return {
    ...facts,
    agreement: agreementOfLengths(facts.word, family),
    allowed: `\`MIN/DEFAULT/MAX\` netmask lengths from 0 to ${bits}, such as \`${facts.example}\`, or \`none\``,
    default: 'no bounds',
    shape: { kind: 'lengths', bits },
    initial: () => undefined,
    parse: (text) => (text === 'none' ? text : parseSize(text, bits)),
    spell: textOf,
    comparable: textOf,
    toTold: (value) => value ?? 'none',
    fromTold: (told) => (told === 'none' ? undefined : told),
    canonical: (value) => (value ? formatSize(value) : null),
    // What takes one address has no choice of a length, so that bounds mean nothing there.
    unfit(size, { name, takes, lengths: { [family]: allowed } }) {
      if (takes === 'address' || !size || !allowed) return undefined
      if (size.min >= allowed.min && size.max <= allowed.max) return undefined
      const { min, max } = allowed
      return { value: formatSize(size), problem: { why: 'lengths-of-type', resourceType: name, min, max } }
    },
    merge: (parts, type) => mergeSizes(parts, type && type.takes !== 'address' ? type.lengths[family] : undefined),
    narrowed(own, size) {
      if (!size) return []
      const from = own ? formatSize(own) : 'no bounds'
      const to = `${size.min.value}/${size.default.value}/${size.max.value}`
      return [...new Set([size.min.by, size.max.by])].map((by) => ({ by, from, to }))
    },
  }
}

/**
 * The bounds that all parts have in common, within what the type allows: documents from before that was asked for may say
 * more. Where nothing is in common, `min` is greater than `max`. A default outside becomes the nearest bound.
 */
function mergeSizes(
  parts: readonly Sourced<SizeBounds | undefined>[],
  allowed: { readonly min: number; readonly max: number } | undefined,
): ResolvedSize | undefined {
  const bounds = parts.flatMap(({ value: size, by }) => (size ? [{ size, by }] : []))
  const first = bounds[0]
  if (!first) return undefined
  const lowest = bounds.reduce((best, next) => (next.size.min > best.size.min ? next : best))
  const highest = bounds.reduce((best, next) => (next.size.max < best.size.max ? next : best))
  const min = { value: Math.max(lowest.size.min, allowed?.min ?? 0), by: lowest.by }
  const max = { value: Math.min(highest.size.max, allowed?.max ?? Infinity), by: highest.by }
  const asked = { value: first.size.default, by: first.by }
  return { min, max, default: asked.value < min.value ? min : asked.value > max.value ? max : asked }
}

type Bounds = Pick<SizeBounds, 'min' | 'max'>
const isNone = ({ min, max }: Bounds): boolean => min > max
const bothOf = (a: Bounds, b: Bounds): Bounds => ({ min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) })

function agreementOfLengths(word: string, family: 4 | 6): Agreement<SizeBounds | undefined> {
  const bits = family === 4 ? 32 : 128
  /** The lengths that both a document and the type allow; none where `min` is greater than `max`. */
  const within = (size: Bounds | undefined, type: ResourceType | undefined): Bounds =>
    bothOf(size ?? { min: 0, max: bits }, type?.lengths[family] ?? { min: 0, max: bits })
  return {
    kind: 'size',
    atOdds(one, other, type) {
      if (!one || !other) return []
      const shared = bothOf(one, other)
      const ofType = type?.takes === 'address' ? [] : [one, other].map((size) => within(size, type))
      const isOutsideType = ofType.some((bounds) => !isNone(bounds)) && isNone(bothOf(ofType[0]!, ofType[1]!))
      if (!isNone(shared) && !isOutsideType) return []
      const { min, max } = isNone(shared) ? shared : bothOf(ofType[0]!, ofType[1]!)
      return [{ what: word, problem: { why: 'lengths-at-odds', setting: word, min, max } }]
    },
    canBeServed(size, { family: own, minNetmaskLength: min = 0, maxNetmaskLength: max = bits }, type) {
      if (own !== family || type.takes === 'address') return true
      return !isNone(bothOf(within(size, type), { min, max }))
    },
  }
}

export function parseWhole(text: string, max: number): number | undefined {
  if (!/^(0|[1-9]\d{0,8})$/.test(text)) return undefined
  const number = Number(text)
  return number <= max ? number : undefined
}

function parseSize(text: string, bits: number): SizeBounds | undefined {
  const numbers = text.split('/').map((part) => parseWhole(part, bits))
  const [min, asked, max] = numbers
  if (numbers.length !== 3 || min === undefined || asked === undefined || max === undefined) return undefined
  return min <= asked && asked <= max ? { min, default: asked, max } : undefined
}

// Tags ---------------------------------------------------------------------------------------------------------------

/** A list of tags: those of all documents together. */
export function tagList({
  max,
  ...facts
}: Pick<SettingWords, 'word' | 'summary' | 'fieldAllowed'> & {
  readonly max: number
  readonly example: string
  readonly gate: Gate<readonly Sourced<RequiredTag>[]>
}): Setting<readonly RequiredTag[], readonly RequiredTag[], readonly Sourced<RequiredTag>[]> {
  return {
    ...facts,
    agreement: agreementOfTags,
    allowed: `\`KEY\` or \`KEY=VALUE\`, comma-separated, such as \`${facts.example}\`, or \`none\``,
    default: 'none',
    shape: { kind: 'tags', max },
    initial: () => [],
    parse: (text) => (text === 'none' ? [] : parseTags(text)),
    spell: (told) => told.map(formatRequiredTag).join(',') || 'none',
    comparable: (told) => JSON.stringify(told.map(({ key, value }) => JSON.stringify([key, value])).toSorted()),
    toTold: (value) => value,
    fromTold: (told) => told,
    canonical: (value) => value.map(canonicalTag).sort(compareTexts),
    unfit: () => undefined,
    merge: mergeTags,
    narrowed: (_, tags) => tags.map(({ value, by }) => ({ by, from: 'not required', to: formatRequiredTag(value) })),
  }
}

const contradicts = (tag: RequiredTag, others: readonly RequiredTag[]): boolean =>
  tag.value !== undefined &&
  others.some(({ key, value }) => key === tag.key && value !== undefined && value !== tag.value)

const agreementOfTags: Agreement<readonly RequiredTag[]> = {
  kind: 'required-tags',
  atOdds: (one, other) =>
    one.flatMap((tag) => {
      const against = other.find((wanted) => contradicts(tag, [wanted]))
      if (!against) return []
      const problem = { why: 'tag-at-odds', key: tag.key, values: [tag.value!, against.value!] } as const
      return [{ what: `tag ${tag.key}`, problem }]
    }),
  canBeServed: (tags, { requiredTags }, type) =>
    type.isReservation === true || !requiredTags.some((tag) => contradicts(tag, tags)),
}

function mergeTags(parts: readonly Sourced<readonly RequiredTag[]>[]): readonly Sourced<RequiredTag>[] {
  const merged = new Map<string, Sourced<RequiredTag>>()
  for (const { value: tags, by } of parts) {
    for (const tag of tags) {
      const key = joinKey(tag.key, tag.value)
      if (!merged.has(key)) merged.set(key, { value: tag, by })
    }
  }
  return [...merged.values()]
}

function parseTags(text: string): readonly RequiredTag[] | undefined {
  const tags = text.split(',').map((part): RequiredTag => {
    const at = part.indexOf('=')
    return at < 0 ? { key: part.trim() } : { key: part.slice(0, at).trim(), value: part.slice(at + 1).trim() }
  })
  const keys = new Set(tags.map(({ key }) => key))
  return keys.has('') || keys.size !== tags.length ? undefined : tags
}

/** Told apart also where the key has a `=`; all others are spelled, and hashed, as they have always been. */
const canonicalTag = ({ key, value }: RequiredTag): string =>
  key.includes('=') || key.startsWith('[') ? JSON.stringify([key, value ?? null]) : formatRequiredTag({ key, value })
