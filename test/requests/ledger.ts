// What must be so of change requests, kept beside the servers: who wrote what, who approved exactly that, and what was made of it.
import { isDeepStrictEqual } from 'node:util'
import { type Drawn, differing, type Governed } from './governed.ts'
import type { Person } from './site.ts'

/** What went wrong, in words. */
export class Finding extends Error {}

/** As a server shows one. */
export interface Shown {
  readonly changeRequestId: string
  readonly contentHash: string
  readonly state: string
  readonly needed?: { readonly approvers: number; readonly ofRoot: number }
  readonly approvals: readonly { readonly by: string }[]
  readonly progress?: { readonly stage: number; readonly since: string }
  readonly halted?: { readonly why: string }
  readonly failed?: { readonly code: string }
  readonly inverse?: { readonly left: readonly string[] }
}
export interface Content {
  readonly operations: readonly Drawn[]
  readonly window?: { readonly from?: string; readonly until?: string } | undefined
  readonly stages?: readonly { readonly operations: number; readonly soakSeconds: number }[] | undefined
}
export interface Known {
  content: Content
  hash: string
  state: string
  readonly writers: Set<Person>
  readonly approvals: Map<Person, string>
  /** Made so far. */
  stage: number
  nextAt: number
  /** Of one that is halted: its last stage was watched for as long as it says, and nothing of what is watched for came. */
  isWatched: boolean
  /** How each thing was before the change first touched it, and what was made of it last. */
  readonly before: Map<string, string | undefined>
  readonly made: Map<string, string | undefined>
  /** What no inverse makes again, as it was told. */
  left: readonly string[]
  isBroken: boolean
  /** Since its last stage, a request was denied by a policy that it has changed. */
  isDenied: boolean
}

export class Ledger {
  readonly requests = new Map<string, Known>()
  governed: Governed
  /** Done by one of two that were asked at once, and not looked at alone. */
  unseen: readonly Drawn[] = []
  /** Who has every right now. */
  readonly permitted: Set<Person>
  constructor(governed: Governed, permitted: Iterable<Person>) {
    this.governed = governed
    this.permitted = new Set(permitted)
  }

  /** Those whose approval counts for what it says now. */
  counting({ approvals, hash, writers }: Known): Person[] {
    return [...approvals].flatMap(([person, of]) =>
      of === hash && !writers.has(person) && this.permitted.has(person) ? [person] : [],
    )
  }

  /** Nothing that is governed has changed. */
  still(now: Governed, why: string): void {
    const changed = differing(this.governed, now)
    if (changed.length > 0) throw new Finding(`${why}, and yet these changed: ${this.#shown(changed, now)}`)
  }

  /** Some operations were done: all of what they are to do is so, and nothing else has changed. */
  done(operations: readonly Drawn[], now: Governed, what: string): string[] {
    const all = [...this.unseen, ...operations]
    const allowed = new Set(all.flatMap(({ things }) => things))
    const changed = differing(this.governed, now)
    const beside = changed.filter((key) => !allowed.has(key))
    if (beside.length > 0) throw new Finding(`${what} has changed beside what it says: ${this.#shown(beside, now)}`)
    for (const [index, { says, operation }] of all.entries()) {
      const later = new Set(all.slice(index + 1).flatMap(({ things }) => things))
      for (const [key, text] of Object.entries(says)) {
        if (later.has(key)) continue
        const is = now.get(key)
        const isSo = text === undefined ? is === undefined : is?.includes(text)
        if (!isSo) throw new Finding(`${what} is done, and ${operation} is not: ${key} is ${is}, without ${text}`)
      }
    }
    return changed
  }

  /** Stages up to a number are made now. */
  madeUntil(id: string, stage: number, now: Governed, nowMs: number): void {
    const known = this.requests.get(id)!
    const part = partOf(known.content, known.stage, stage)
    const changed = this.done(part, now, `stage ${stage} of ${id}`)
    for (const key of changed) {
      if (!known.before.has(key)) known.before.set(key, this.governed.get(key))
      known.made.set(key, now.get(key))
    }
    known.stage = stage
    known.nextAt = nowMs + (known.content.stages?.[stage - 1]?.soakSeconds ?? 0) * 1_000
    known.isDenied = false
    this.governed = now
  }

  /** The same, where something else was done before anybody could look. */
  madeUnseen(id: string, stage: number): void {
    const known = this.requests.get(id)!
    const part = partOf(known.content, known.stage, stage)
    for (const key of part.flatMap(({ things }) => things)) {
      if (!known.before.has(key)) known.before.set(key, this.governed.get(key))
    }
    known.stage = stage
    this.unseen = [...this.unseen, ...part]
  }

  /** It was taken back: what it had touched is as it was before, and nothing else has changed. */
  takenBack(id: string, now: Governed, left: readonly string[]): void {
    const known = this.requests.get(id)!
    const expected = new Map(this.governed)
    for (const [key, text] of known.before) {
      if (text === undefined) expected.delete(key)
      else expected.set(key, text)
    }
    // Which is told before it was approved: nobody can make these again.
    const isLeft = (key: string) =>
      left.some(
        (one) => key.includes(one) || known.before.get(key)?.includes(one) || known.made.get(key)?.includes(one),
      )
    const isUnseen = (key: string) => !known.before.has(key) && this.unseen.some(({ things }) => things.includes(key))
    const wrong = differing(expected, now).filter((key) => !isLeft(key) && !isUnseen(key))
    if (wrong.length > 0) {
      const lines = wrong.map((key) => `${key}\n    was ${expected.get(key)}\n    is  ${now.get(key)}`)
      throw new Finding(`${id} was reverted, and not all is as it was:\n    ${lines.join('\n    ')}`)
    }
    this.governed = now
  }

  #shown(keys: readonly string[], now: Governed): string {
    return keys.map((key) => `${key}: ${this.governed.get(key)} → ${now.get(key)}`).join('; ')
  }
}

/** What is made from one stage to another. */
export function partOf({ operations, stages }: Content, from: number, until: number): readonly Drawn[] {
  const before = (count: number): number =>
    stages ? stages.slice(0, count).reduce((sum, one) => sum + one.operations, 0) : count * operations.length
  return operations.slice(before(from), before(until))
}

export const isSame = (one: Content, other: Content): boolean => isDeepStrictEqual(one, other)
