// Snapshots of sources as NDJSON (one JSON value a line): a head, observations, an end. What collectors write and the server reads.
import { blocksOf, formatRange, parseRange } from '#model/address-range.ts'
import { type Cidr, formatCidr, nearCidrProblem, parseAddress, parseCidr } from '#model/cidr.ts'
import {
  type Observation,
  type ObservedKind,
  type ObservedState,
  observedKinds,
  observedStates,
} from '#model/observation.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { findUnfitText } from '#model/text.ts'

/** What is wrong with a line. */
export interface LineProblem {
  readonly field: string
  readonly value: string
  readonly problem: string
}

/** The first line. */
export interface SnapshotHead {
  /** When the listing began, in milliseconds since 1970. Of two snapshots of a source the later one tells what is there. */
  readonly takenAt: number
  /** What made it, such as `cadastre 0.1.0 aws`. */
  readonly collector: string
}

/** Of what was not listed: nothing there is taken for gone. An empty member is everything, so that `{}` is the whole source. */
export interface Unlisted {
  readonly account: string
  readonly locale: string
  /** For people: what the source answered. */
  readonly reason: string
}

/** The last line: without it a snapshot was cut off. */
export interface SnapshotEnd {
  /** So many lines with observations were written. */
  readonly observations: number
  /** Empty: the listing is complete. */
  readonly unlisted: readonly Unlisted[]
}

export type SnapshotLine =
  | { readonly head: SnapshotHead }
  /** One for each block of a range, else one. */
  | { readonly observations: readonly Observation[] }
  | { readonly end: SnapshotEnd }
  | { readonly wrong: LineProblem }

/** Of a line, with its tags. */
export const lineBytesMax = 65_536
/** What was not listed, in one snapshot. */
export const unlistedMax = 10_000
/** Some clouds have more than EC2's fifty. */
export const observedTagsMax = 200

interface Field {
  /** In characters. */
  readonly max: number
  readonly isNeeded?: true
  /** For the reference. */
  readonly words: string
}

/** The members of a line that are texts, in the order in which they are written. */
export const observationFields = {
  kind: { max: 32, isNeeded: true, words: 'What it is: one of the kinds below.' },
  cidr: { max: 64, words: 'Its block, or one address. Needed unless there is a `range`.' },
  range: { max: 96, words: 'First and last address of what need be no block: `192.0.2.5-192.0.2.20`.' },
  space: { max: 1_024, words: 'The routing domain in which the block is unique: a VPC, a VRF, a network view.' },
  id: { max: 1_024, words: 'The id of the object that holds it, as the source writes it.' },
  key: {
    max: 1_024,
    words: 'What ids are told apart by, where the source writes the same one in several ways. Defaults to `id`.',
  },
  account: { max: 128, words: 'Whoever owns it: the number of an account, or the id that it has in its cloud.' },
  locale: { max: 97, words: 'Where it is: a Region, or `CLOUD:PLACE` such as `azure:westeurope`.' },
  zone: { max: 64, words: 'The id of a zone there.' },
  type: { max: 97, words: 'The resource type of policies that it is, such as `vpc`.' },
  name: { max: 256, words: 'What it is called.' },
  parent: { max: 1_024, words: 'The id of what encloses it, as the source says.' },
  state: { max: 16, words: 'One of the states below. Defaults to `unknown`.' },
  sourceState: { max: 64, words: 'What the source calls the state.' },
} as const satisfies Readonly<Record<string, Field>>
type FieldName = keyof typeof observationFields
const fieldNames = Object.keys(observationFields) as FieldName[]

// Lines --------------------------------------------------------------------------------------------------------------

/** Reads a body line by line, in bounded memory: a line that is too long, or no UTF-8, is wrong, and the others go on. Empty ones are passed over. */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<SnapshotLine & { readonly line: number }> {
  let kept: Uint8Array[] = []
  let length = 0
  let number = 0
  const take = (piece: Uint8Array): void => {
    // Of what is too long nothing more is kept.
    if (length <= lineBytesMax) kept.push(piece)
    length += piece.length
  }
  const finish = (): (SnapshotLine & { readonly line: number }) | undefined => {
    number++
    const [bytes, size] = [joined(kept), length]
    kept = []
    length = 0
    if (size > lineBytesMax) return { line: number, ...wrong('line', '', `it has more than ${lineBytesMax} bytes`) }
    const text = decode(bytes)
    if (text === undefined) return { line: number, ...wrong('line', '', 'it is not UTF-8') }
    return text.trim() === '' ? undefined : { line: number, ...readLine(text) }
  }
  for await (const piece of pieces) {
    let from = 0
    for (let at = piece.indexOf(lineFeed); at >= 0; at = piece.indexOf(lineFeed, from)) {
      take(piece.subarray(from, at))
      from = at + 1
      const line = finish()
      if (line) yield line
    }
    if (from < piece.length) take(piece.subarray(from))
  }
  const last = finish()
  if (last) yield last
}
const lineFeed = 10
const utf8 = new TextDecoder('utf-8', { fatal: true })
function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

// Reading ------------------------------------------------------------------------------------------------------------

/** Reads one line, without the line break. */
export function readLine(text: string): SnapshotLine {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return wrong('line', text, `it is not JSON: ${(error as Error).message}`)
  }
  if (!isObject(value)) return wrong('line', text, 'a JSON object is expected')
  const read = 'snapshot' in value ? readHead(value) : 'end' in value ? readEnd(value) : readObservation(value)
  // Only now: what has been read has no depth.
  const unfit = 'wrong' in read ? undefined : findUnfitText(value)
  return unfit ? { wrong: { ...unfit, value: brief(unfit.value), problem: problemInWords(unfit.problem) } } : read
}

function readHead(line: Members): SnapshotLine {
  const head = line.snapshot
  const stranger = strangerIn(line, ['snapshot'], '') ?? strangerIn(head, ['takenAt', 'collector'], 'snapshot.')
  if (stranger) return stranger
  const { takenAt, collector = '' } = head as Members
  const at = typeof takenAt === 'string' && instantPattern.test(takenAt) ? Date.parse(takenAt) : Number.NaN
  if (!Number.isSafeInteger(at) || at < 0 || !isDay(takenAt as string))
    return wrong('snapshot.takenAt', takenAt, 'a moment is expected, such as `2026-11-25T09:30:00Z`')
  if (typeof collector !== 'string' || collector.length > collectorMax)
    return wrong('snapshot.collector', collector, `a text of at most ${collectorMax} characters is expected`)
  return { head: { takenAt: at, collector } }
}
/** Programs read the 30th of February as the 2nd of March. */
function isDay(instant: string): boolean {
  const [year, month, day] = instant.slice(0, 10).split('-').map(Number)
  return new Date(Date.UTC(year!, month! - 1, day)).getUTCDate() === day
}
/** RFC 3339, section 5.6. */
const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/
const collectorMax = 128

function readEnd(line: Members): SnapshotLine {
  const { end } = line
  const stranger = strangerIn(line, ['end'], '') ?? strangerIn(end, ['observations', 'unlisted'], 'end.')
  if (stranger) return stranger
  const { observations, unlisted = [] } = end as Members
  if (!Number.isSafeInteger(observations) || (observations as number) < 0)
    return wrong('end.observations', observations, 'the number of lines with observations is expected')
  if (!Array.isArray(unlisted) || unlisted.length > unlistedMax)
    return wrong('end.unlisted', unlisted, `a list of at most ${unlistedMax} is expected`)
  const read: Unlisted[] = []
  for (const [at, one] of unlisted.entries()) {
    const place = `end.unlisted.${at}`
    const unknown = strangerIn(one, ['account', 'locale', 'reason'], `${place}.`)
    if (unknown) return unknown
    const { account = '', locale = '', reason = '' } = one as Members
    for (const [name, value, max] of [
      ['account', account, observationFields.account.max],
      ['locale', locale, observationFields.locale.max],
      ['reason', reason, reasonMax],
    ] as const) {
      if (typeof value !== 'string' || value.length > max)
        return wrong(`${place}.${name}`, value, `a text of at most ${max} characters is expected`)
    }
    read.push({ account, locale, reason } as Unlisted)
  }
  return { end: { observations: observations as number, unlisted: read } }
}
/** Of why something was not listed. */
export const reasonMax = 512

function readObservation(line: Members): SnapshotLine {
  const stranger = strangerIn(line, [...fieldNames, 'tags'], '')
  if (stranger) return stranger
  const texts: Partial<Record<FieldName, string>> = {}
  for (const name of fieldNames) {
    const { max, isNeeded }: Field = observationFields[name]
    const value = line[name]
    // Absent, null and empty are three spellings of none.
    if (value === undefined || value === null || value === '') {
      if (isNeeded) return wrong(name, value ?? '', 'it is missing')
      continue
    }
    if (typeof value !== 'string') return wrong(name, value, 'a text is expected')
    if ([...value].length > max) return wrong(name, value, `at most ${max} characters are allowed`)
    texts[name] = value
  }
  const {
    kind,
    state = 'unknown',
    cidr,
    range,
    space = '',
    id = '',
    key = id,
    account = '',
    locale = '',
    ...others
  } = texts
  if (!Object.hasOwn(observedKinds, kind!))
    return wrong('kind', kind, `one of ${Object.keys(observedKinds).join(', ')} is expected`)
  if (!Object.hasOwn(observedStates, state))
    return wrong('state', state, `one of ${Object.keys(observedStates).join(', ')} is expected`)
  const tags = readTags(line.tags)
  if ('wrong' in tags) return tags
  const found = readBlocks(cidr, range)
  if ('wrong' in found) return found
  const shared = {
    kind: kind as ObservedKind,
    state: state as ObservedState,
    space,
    id,
    key,
    account,
    locale,
    ...others,
    ...found.shared,
    tags: tags.tags,
  }
  return { observations: found.blocks.map((block) => ({ ...shared, cidr: block })) }
}

type Blocks = { readonly blocks: readonly Cidr[]; readonly shared: { readonly range?: string } }
function readBlocks(cidr: string | undefined, range: string | undefined): Blocks | { readonly wrong: LineProblem } {
  if (cidr !== undefined && range !== undefined)
    return wrong('range', range, 'there is a `cidr` beside it; give one of the two')
  if (range !== undefined) {
    const found = parseRange(range)
    return typeof found === 'string'
      ? wrong('range', range, found)
      : { blocks: blocksOf(found), shared: { range: formatRange(found) } }
  }
  if (cidr === undefined) return wrong('cidr', '', 'it is missing')
  const block = parseCidr(cidr) ?? parseAddress(cidr)
  if (block) return { blocks: [block], shared: {} }
  return wrong(
    'cidr',
    cidr,
    problemInWords(nearCidrProblem(cidr)) ?? 'a block such as `10.0.0.0/16`, or one address, is expected',
  )
}

function readTags(
  tags: unknown,
): { readonly tags: Readonly<Record<string, string>> } | { readonly wrong: LineProblem } {
  if (tags === undefined || tags === null) return { tags: {} }
  if (!isObject(tags)) return wrong('tags', tags, 'an object of texts is expected')
  const entries = Object.entries(tags)
  if (entries.length > observedTagsMax)
    return wrong('tags', `${entries.length} tags`, `at most ${observedTagsMax} are allowed`)
  for (const [name, value] of entries) {
    if (typeof value !== 'string') return wrong(`tags.${name}`, value, 'a text is expected')
    if ([...name].length > tagCharactersMax || [...value].length > tagCharactersMax)
      return wrong(`tags.${name}`, value, `names and values have at most ${tagCharactersMax} characters`)
  }
  // In one order, so that equal tags are equal texts.
  return { tags: Object.fromEntries((entries as [string, string][]).sort(([a], [b]) => (a < b ? -1 : 1))) }
}
const tagCharactersMax = 512

type Members = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The first member that nothing here has: a misspelt one would be lost without a word. */
function strangerIn(
  value: unknown,
  allowed: readonly string[],
  place: string,
): { readonly wrong: LineProblem } | undefined {
  if (!isObject(value)) return wrong(place.slice(0, -1), value, 'a JSON object is expected')
  const stranger = Object.keys(value).find((name) => !allowed.includes(name))
  return stranger === undefined
    ? undefined
    : wrong(`${place}${stranger}`, value[stranger], `there is no such member; there are ${allowed.join(', ')}`)
}

const wrong = (field: string, value: unknown, problem: string): { readonly wrong: LineProblem } => ({
  wrong: {
    field: brief(field),
    value: brief(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')),
    problem,
  },
})
const briefMax = 100
const brief = (text: string): string => (text.length > briefMax ? `${text.slice(0, briefMax)}…`.toWellFormed() : text)

// Writing ------------------------------------------------------------------------------------------------------------

/** What is written of an observation: its block as a text, and nothing that is empty. */
export interface WrittenObservation {
  readonly kind: ObservedKind
  readonly cidr?: string
  readonly range?: string
  readonly space?: string
  readonly id?: string
  readonly key?: string
  readonly account?: string
  readonly locale?: string
  readonly zone?: string
  readonly type?: string
  readonly name?: string
  readonly parent?: string
  readonly state?: ObservedState
  readonly sourceState?: string
  readonly tags?: Readonly<Record<string, string>>
}

export const writeHead = ({ takenAt, collector }: SnapshotHead): string =>
  `${JSON.stringify({ snapshot: { takenAt: new Date(takenAt).toISOString(), collector } })}\n`
export const writeEnd = ({ observations, unlisted }: SnapshotEnd): string =>
  `${JSON.stringify({ end: { observations, ...(unlisted.length > 0 ? { unlisted } : {}) } })}\n`

/** One line, with its line break. */
export function writeObservation(observation: WrittenObservation): string {
  const kept: [string, unknown][] = fieldNames.map((name) => [name, observation[name]])
  const tags = observation.tags && Object.keys(observation.tags).length > 0 ? observation.tags : undefined
  return `${JSON.stringify(Object.fromEntries([...kept, ['tags', tags] as const].filter(([, value]) => value !== undefined && value !== '')))}\n`
}

/** An observation as it is written. */
export function writtenOf({ cidr, key, ...observation }: Observation): WrittenObservation {
  return {
    ...observation,
    ...(observation.range === undefined ? { cidr: formatCidr(cidr) } : {}),
    ...(key === observation.id ? {} : { key }),
  }
}
