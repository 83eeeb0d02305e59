// A snapshot as it comes in, a line after the other: read and written in parts, each a transaction of its own, in bounded memory.
import { assert } from '#model/assert.ts'
import type { Observation } from '#model/observation.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { KeptProblem, KeptUnlisted, StoredSnapshot } from '#store/tables/sources.ts'
import type { Steps, WriteContext } from '../operation.ts'
import {
  beginSnapshot,
  type Counts,
  comparePart,
  endSnapshot,
  findMissing,
  isUnlisted,
  markMissing,
  type PartOutcome,
  problemsKept,
  type Reported,
  type SnapshotSpec,
  type StepSize,
  stepSizes,
  takeBackSnapshot,
  touchSnapshot,
  unlistedKept,
  writePart,
} from './snapshots.ts'

const sizeOf = (steps: Steps): StepSize => (steps.isCrowded() ? stepSizes.besideOthers : stepSizes.alone)

/** A line of a snapshot, as it was read. */
export type IntakeLine = { /** Its number, from 1. */ readonly line: number } & (
  | { readonly head: SnapshotSpec }
  | { readonly observations: readonly Observation[] }
  | { readonly end: { readonly observations: number; readonly unlisted: readonly KeptUnlisted[] } }
  | { readonly wrong: Omit<KeptProblem, 'line'> }
)

/** What becomes of the other lines where some are wrong: none counts, or each of them does. */
export type OnProblem = 'discard' | 'skip'

/** Of one snapshot: whoever has more is told, and reads no further. */
const problemsMax = 10_000
/** As often something is written of a snapshot, so that nobody takes it for silent. By the clock of the transactions. */
const touchedEveryMs = 60_000

export interface SnapshotAsked {
  readonly sourceId: string
  readonly onProblem: OnProblem
  /** To be told what it would bring, and what is wrong with its lines: it is discarded then. */
  readonly isTrial?: boolean | undefined
}

/** Takes a snapshot. Where it refuses, or breaks off, nothing of the snapshot remains but that it was discarded. */
export async function takeSnapshot(
  steps: Steps,
  { sourceId, onProblem, isTrial = false }: SnapshotAsked,
  lines: AsyncIterable<IntakeLine>,
): Promise<StoredSnapshot> {
  const rest = lines[Symbol.asyncIterator]()
  const first = await rest.next()
  if (first.done) refuse({ code: 'MalformedRequest', problem: { why: 'empty-body' } })
  if ('wrong' in first.value) refuseLine({ line: first.value.line, ...first.value.wrong }, 1)
  if (!('head' in first.value))
    return refuse({
      code: 'MalformedRequest',
      problem: { why: 'head-expected' },
    })
  const intake = new Intake(steps, await begin(steps, sourceId, first.value.head))
  try {
    await intake.takeLines(rest, isTrial ? 'skip' : onProblem)
    return await (isTrial ? intake.endTrial() : intake.end())
  } catch (error) {
    // What broke off, or is refused: whoever asks next for a snapshot takes it back where this fails too.
    await intake.takeBack().catch(() => {})
    throw error
  }
}

interface Begun {
  /** Its id: by its name it may be another one by the next step. */
  readonly sourceId: string
  readonly begun: number
  readonly at: number
}

async function begin(steps: Steps, sourceId: string, head: SnapshotSpec): Promise<Begun> {
  for (let wasSilent = false; ; ) {
    const found = await steps.write(async (context) => ({
      ...(await beginSnapshot(context, sourceId, head)),
      at: context.now,
    }))
    if ('begun' in found) return found
    if ('isHeavy' in found) continue
    assert(!wasSilent, 'a snapshot that was taken back is over')
    wasSilent = true
    while (!(await steps.write((context) => takeBackSnapshot(context, sourceId, found.silent, sizeOf(steps)))));
  }
}

class Intake {
  readonly #steps: Steps
  readonly #sourceId: string
  readonly #number: number
  readonly #seen = new Numbers()
  readonly #part: Reported[] = []
  #lines = 0
  #observed = 0
  #added = 0
  #changed = 0
  #missing = 0
  #gone = 0
  readonly #problems: KeptProblem[] = []
  #problemCount = 0
  #unlisted: readonly KeptUnlisted[] = []
  #writtenAt: number

  constructor(steps: Steps, { sourceId, begun, at }: Begun) {
    this.#steps = steps
    this.#sourceId = sourceId
    this.#number = begun
    this.#writtenAt = at
  }

  async takeLines(rest: AsyncIterator<IntakeLine>, onProblem: OnProblem): Promise<void> {
    let end: { readonly observations: number; readonly unlisted: readonly KeptUnlisted[] } | undefined
    for (let next = await rest.next(); !next.done; next = await rest.next()) {
      this.#lines = next.value.line
      // Nothing of it can hold any more, and what is wrong has been seen.
      if (onProblem === 'discard' && this.#problems.length === problemsKept) break
      if (end) this.#note({ line: this.#lines, field: 'line', value: '', problem: { why: 'after-end' } })
      else if ('wrong' in next.value) this.#noteObservation({ line: this.#lines, ...next.value.wrong })
      else if ('head' in next.value)
        this.#noteObservation({
          line: this.#lines,
          field: 'snapshot',
          value: '',
          problem: { why: 'head-twice' },
        })
      else if ('end' in next.value) end = next.value.end
      else {
        this.#observed++
        for (const observation of next.value.observations) this.#part.push({ line: this.#lines, observation })
        if (this.#part.length >= sizeOf(this.#steps).observations) await this.#takeParts()
      }
    }
    await this.#takeParts()
    if (onProblem === 'discard' && this.#problems.length === problemsKept)
      refuseLine(this.#problems[0]!, this.#problemCount)
    if (!end)
      refuse({
        code: 'MalformedRequest',
        problem: { why: 'cut-off', line: this.#lines, observations: this.#observed },
      })
    if (end.observations !== this.#observed)
      refuseValue('end.observations', end.observations, { why: 'lines-lost', observations: this.#observed })
    this.#unlisted = end.unlisted
    if (onProblem === 'discard' && this.#problemCount > 0) refuseLine(this.#problems[0]!, this.#problemCount)
  }

  /** A line that is wrong was meant as one of the observations that the end counts. */
  #noteObservation(problem: KeptProblem): void {
    this.#observed++
    this.#note(problem)
  }
  #note(problem: KeptProblem): void {
    this.#problemCount++
    if (this.#problems.length < problemsKept) this.#problems.push(problem)
    if (this.#problemCount > problemsMax) {
      const what = { of: 'wrong-lines' } as const
      refuse({ code: 'LimitExceeded', what, limit: problemsMax, used: this.#problemCount, isOfRequest: true })
    }
  }

  /** A line may be very many observations, and others may have come while it was read. */
  async #takeParts(): Promise<void> {
    while (this.#part.length > 0) await this.#takePart(this.#part.splice(0, sizeOf(this.#steps).observations))
  }
  async #takePart(reported: readonly Reported[]): Promise<void> {
    const part = {
      sourceId: this.#sourceId,
      number: this.#number,
      reported,
      isSeen: (number: number) => this.#seen.has(number),
    }
    const compared = await this.#steps.read(async (context) => ({
      now: context.now,
      outcome: await comparePart(context, part),
    }))
    this.#add(compared.outcome ?? (await this.#write((context) => writePart(context, part))))
    if (compared.now - this.#writtenAt > touchedEveryMs)
      await this.#write((context) => touchSnapshot(context, this.#sourceId, this.#number))
  }
  async #write<T>(work: (context: WriteContext) => Promise<T>): Promise<T> {
    const { now, value } = await this.#steps.write(async (context) => ({
      now: context.now,
      value: await work(context),
    }))
    this.#writtenAt = now
    return value
  }
  #add({ seen, added, changed, problems }: PartOutcome): void {
    for (const number of seen) this.#seen.add(number)
    this.#added += added
    this.#changed += changed
    for (const problem of problems) this.#note(problem)
  }

  /** What it would have brought. */
  async endTrial(): Promise<StoredSnapshot> {
    await this.#takeMissing(false)
    await this.takeBack()
    return this.#steps.read(async ({ tx }) => (await tx.sources.findSnapshot(this.#sourceId, this.#number))!)
  }

  async end(): Promise<StoredSnapshot> {
    await this.#takeMissing(true)
    return this.#steps.write((context) => endSnapshot(context, this.#sourceId, this.#number, this.#counts()))
  }
  async #takeMissing(isMarked: boolean): Promise<void> {
    // A line that was passed over may have been about anything.
    const unlisted = this.#problemCount > 0 ? [everything] : this.#unlisted
    const looked = {
      sourceId: this.#sourceId,
      number: this.#number,
      isSeen: (number: number) => this.#seen.has(number),
      isUnlisted: isUnlisted(unlisted),
    }
    for (let after: number | undefined = -1; after !== undefined; ) {
      const from: number = after
      const size = sizeOf(this.#steps)
      const { next, missing } = await this.#steps.read((context) => findMissing(context, from, looked, size))
      for (let at = 0; isMarked && at < missing.length; ) {
        const some = missing.slice(at, at + sizeOf(this.#steps).observations)
        await this.#write((context) => markMissing(context, this.#sourceId, this.#number, some))
        at += some.length
      }
      if (missing.length > 0) {
        this.#missing += missing.filter((row) => row.missing === 0).length
        this.#gone += missing.filter((row) => row.missing === 1).length
      }
      after = next
    }
  }

  async takeBack(): Promise<void> {
    const counts = this.#counts()
    for (;;) {
      const size = sizeOf(this.#steps)
      if (await this.#steps.undo((context) => takeBackSnapshot(context, this.#sourceId, this.#number, size, counts)))
        return
    }
  }

  #counts(): Counts {
    return {
      lines: this.#lines,
      added: this.#added,
      changed: this.#changed,
      missing: this.#missing,
      gone: this.#gone,
      problems: this.#problems,
      problemCount: this.#problemCount,
      unlisted: this.#unlisted.slice(0, unlistedKept),
      unlistedCount: this.#unlisted.length,
    }
  }
}
const everything = { account: '', locale: '' }

function refuseLine({ line, field, value, problem }: KeptProblem, count: number): never {
  return refuseValue(`line ${line}: ${field}`, value, { why: 'line-wrong', problem, count })
}

/** A set of whole numbers: an eighth of a byte for each of those that are near each other. */
class Numbers {
  readonly #chunks = new Map<number, Uint8Array>()
  has(number: number): boolean {
    const bits = this.#chunks.get(Math.floor(number / bitsOfChunk))
    const at = number % bitsOfChunk
    return bits !== undefined && (bits[at >> 3]! & (1 << (at & 7))) !== 0
  }
  add(number: number): void {
    const chunk = Math.floor(number / bitsOfChunk)
    const bits = this.#chunks.get(chunk) ?? new Uint8Array(bitsOfChunk / 8)
    const at = number % bitsOfChunk
    bits[at >> 3]! |= 1 << (at & 7)
    this.#chunks.set(chunk, bits)
  }
}
const bitsOfChunk = 65_536
