// The numbers of a pack that nothing on the log says by itself: whether they contradict what the pack says they are made of, and each other; and
// which line somebody has changed who could not sign it.
import { hash } from 'node:crypto'
import { type Note, parseNote, signatureOn, type VerifierKey, type VerifyEd25519 } from '#model/evidence/note.ts'
import type { Facts } from '#model/finding.ts'
import { applicableOf, type ComplianceCounts, scoreOf } from '#model/policy/score.ts'
import { sha256 } from './sha256.ts'

/** Of longer periods, the last days: each is counted from all that there was. */
export const complianceDaysMax = 400
const dayMs = 86_400_000
const tableText = 'cadastre evidence compliance'

/** What a stretch of a finding makes of its space, from when to before when. */
export const openStates = ['noncompliant', 'ignored', 'exempt'] as const
export type OpenState = (typeof openStates)[number]

export type DayLine =
  /** Which days are told. */
  | {
      readonly kind: 'days'
      /** Absent: nothing was evaluated in the period, and no day is told. */
      readonly from?: string
      readonly until?: string
      /** Before it nothing is known; absent: nothing ever was. */
      readonly knownFrom?: string
      /** Days of the period before these are left out: one pack has so many. */
      readonly max?: number
      /** Absent in packs from before there were any. */
      readonly hasFindings?: true
    }
  /** A stretch of a finding that days count, in which it said the same. */
  | {
      readonly kind: 'finding'
      readonly findingId: string
      readonly state: OpenState
      readonly account: string
      readonly resource: string
      readonly resourceType?: string
      readonly locale?: string
      readonly from: string
      /** Absent: it goes on. */
      readonly until?: string
      readonly facts: Facts
    }
  /** At the end of a day of UTC, or of the period. */
  | ({
      readonly kind: 'compliance'
      readonly day: string
      readonly at: string
      readonly score?: number
      readonly applicable: number
    } & ComplianceCounts)
  /** The hash of each of these days, signed: so it is known which one somebody has changed. */
  | { readonly kind: 'table'; readonly note: string }

export const timeOf = (at: number): string => new Date(at).toISOString()
export const dayOf = (at: number): string => timeOf(at).slice(0, 10)

/** The ends of days of UTC from one moment to before another; the last one is the end of the period. */
export function endsOfDays(from: number, until: number): readonly number[] {
  const [first, last] = [Math.floor(from / dayMs), Math.floor((until - 1) / dayMs)]
  return Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, index) => Math.min((first + index + 1) * dayMs, until) - 1,
  )
}

/** How much of each kind went on at each of some moments, in their order. */
export class GoingOn<Kind extends string> {
  readonly #moments: readonly number[]
  /** How much more of it there is than at the moment before. */
  readonly #steps: Readonly<Record<Kind, Int32Array>>
  constructor(kinds: readonly Kind[], moments: readonly number[]) {
    this.#moments = moments
    const none = () => new Int32Array(moments.length + 1)
    this.#steps = Object.fromEntries(kinds.map((kind) => [kind, none()])) as Record<Kind, Int32Array>
  }
  add(kind: Kind, from: number, until: number): void {
    this.#steps[kind][this.#firstFrom(from)]!++
    this.#steps[kind][this.#firstFrom(until)]!--
  }
  /** At each of the moments. */
  *counts(): Generator<Readonly<Record<Kind, number>>> {
    const kinds = Object.keys(this.#steps) as Kind[]
    const now = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>
    for (let at = 0; at < this.#moments.length; at++) {
      for (const kind of kinds) now[kind] += this.#steps[kind][at]!
      yield { ...now }
    }
  }
  #firstFrom(moment: number): number {
    let [low, high] = [0, this.#moments.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#moments[middle]! < moment) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** What is signed of the table: of which pack it is, and the hash of each of its lines. */
export interface Table {
  readonly origin: string
  readonly node: string | undefined
  readonly from: string
  readonly until: string
}
export const tableHead = ({ origin, node = '*', from, until }: Table): string =>
  `${tableText}\n${origin}\n${node} ${from} ${until}\n`
export const tableRow = (day: string, line: string): string => `${day} ${hash('sha256', line, 'base64')}\n`

// Verifying ----------------------------------------------------------------------------------------------------------

export type TableProblem =
  /** A number is not what the pack says it is made of. */
  | {
      readonly kind: 'contradicted'
      readonly line: number
      readonly member: string
      readonly told: number | string
      readonly found: number | string
    }
  /** It is not the line that was signed. */
  | { readonly kind: 'line-changed'; readonly line: number }
  | { readonly kind: 'table-forged' | 'table-missing'; readonly line: number }

interface Seen {
  readonly line: number
  readonly day: string
  readonly text: string
}
type ComplianceLine = Extract<DayLine, { kind: 'compliance' }>
type FindingLine = Extract<DayLine, { kind: 'finding' }>

/** What is told by day, line after line. */
export class TableCheck {
  readonly #keys: readonly VerifierKey[]
  readonly #verify: VerifyEd25519
  #table: Table = { origin: '', node: undefined, from: '', until: '' }
  #headAt = 0
  #hasFindings = false
  #moments: readonly number[] = []
  #open: GoingOn<OpenState> | undefined
  #expected: Iterator<Readonly<Record<OpenState, number>>> | undefined
  #isSigned = false
  readonly #seen: Seen[] = []
  constructor(keys: readonly VerifierKey[], verify: VerifyEd25519) {
    this.#keys = keys
    this.#verify = verify
  }

  /** Whether the numbers of what does not comply were counted again. */
  get isRecounted(): boolean {
    return this.#hasFindings
  }
  isOf(table: Partial<Table>): void {
    this.#table = { ...this.#table, ...table }
  }

  days({ from, until, hasFindings }: Extract<DayLine, { kind: 'days' }>, line: number): readonly TableProblem[] {
    const [begin, end] = [momentOf(from), momentOf(until)]
    this.#headAt = line
    this.#hasFindings = hasFindings === true
    if (from === undefined) return []
    const count = Math.floor((end - 1) / dayMs) - Math.floor(begin / dayMs) + 1
    if (!(count >= 1 && count <= complianceDaysMax))
      return [{ kind: 'contradicted', line, member: 'days', told: String(until), found: from }]
    this.#moments = endsOfDays(begin, end)
    this.#open = new GoingOn(openStates, this.#moments)
    return []
  }
  finding({ state, from, until }: FindingLine, line: number): readonly TableProblem[] {
    const [begin, end] = [momentOf(from), until === undefined ? Number.POSITIVE_INFINITY : momentOf(until)]
    const isOne = openStates.includes(state) && begin <= end && this.#open && !this.#expected
    if (!isOne) return [{ kind: 'contradicted', line, member: 'state', told: String(state), found: 'none' }]
    this.#open!.add(state, begin, end)
    return []
  }
  /** @param text the line itself */
  compliance(told: ComplianceLine, line: number, text: string): readonly TableProblem[] {
    const at = this.#moments[this.#seen.length]
    this.#seen.push({ line, day: told.day, text })
    this.#expected ??= this.#open?.counts()
    const open = this.#expected?.next().value as Readonly<Record<OpenState, number>> | undefined
    if (at === undefined) return [{ kind: 'contradicted', line, member: 'day', told: told.day, found: 'none' }]
    const problems: TableProblem[] = []
    const compare = (member: string, said: unknown, found: number | string): void => {
      if (said !== found) problems.push({ kind: 'contradicted', line, member, told: String(said), found })
    }
    compare('day', told.day, dayOf(at))
    compare('at', told.at, timeOf(at))
    if (this.#hasFindings) for (const state of openStates) compare(state, told[state], open![state])
    const counts = countsIn(told)
    if (!counts) return [...problems, { kind: 'contradicted', line, member: 'counts', told: told.day, found: 'none' }]
    compare('applicable', told.applicable, applicableOf(counts))
    compare('score', told.score ?? 'none', scoreOf(counts) ?? 'none')
    return problems
  }
  table({ note }: Extract<DayLine, { kind: 'table' }>, line: number): readonly TableProblem[] {
    this.#isSigned = true
    const signed = parseNote(note)
    const head = tableHead(this.#table)
    if (!signed?.text.startsWith(head) || !this.#isSignedByUs(signed)) return [{ kind: 'table-forged', line }]
    const rows = signed.text.slice(head.length).split('\n').slice(0, -1)
    const changed = this.#seen.filter(({ day, text }, index) => rows[index] !== tableRow(day, text).trimEnd())
    if (changed.length > 0) return changed.map((one) => ({ kind: 'line-changed', line: one.line }))
    return rows.length === this.#seen.length ? [] : this.#daysMissing(rows.length)
  }
  /** Once all lines were seen. */
  end(): readonly TableProblem[] {
    if (this.#headAt === 0) return []
    const missing = this.#seen.length === this.#moments.length ? [] : this.#daysMissing(this.#moments.length)
    return this.#hasFindings && !this.#isSigned ? [...missing, { kind: 'table-missing', line: this.#headAt }] : missing
  }

  #daysMissing(told: number): readonly TableProblem[] {
    return [{ kind: 'contradicted', line: this.#headAt, member: 'days', told, found: this.#seen.length }]
  }
  #isSignedByUs(note: Note): boolean {
    const states = this.#keys.map((key) => signatureOn(sha256, this.#verify, note, key).status)
    return states.includes('signed') && !states.includes('forged')
  }
}

const momentOf = (text: string | undefined): number => Date.parse(String(text))
function countsIn(told: ComplianceLine): ComplianceCounts | undefined {
  const { compliant, noncompliant, ignored, exempt, unmanaged, unknown } = told
  const counts = { compliant, noncompliant, ignored, exempt, unmanaged, unknown }
  return Object.values(counts).every((count) => Number.isSafeInteger(count) && count >= 0) ? counts : undefined
}
