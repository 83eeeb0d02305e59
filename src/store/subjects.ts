// What the request that is running has changed, gathered by whatever writes it: the subjects of its audit entry.
import { formatId, spaceNumberIn } from '#model/identifier.ts'
import type { ConnectionMemory } from './memory.ts'

/** An object that an audit entry is about. */
export interface Subject {
  readonly id: string
  /** The versions of its history before and after the entry; undefined where it was not, or has no history. */
  readonly before?: number
  readonly after?: number
}

interface Noted {
  /** Undefined for an allocation that nobody has named. */
  id: string | undefined
  before?: number
  after?: number
  readonly allocation?: { readonly n: number; readonly resourceType: string }
  /** It was changed by nothing but what is no act of whoever asks. */
  isAside: boolean
}

/**
 * Every change of an object passes the store, so what is noted here is whole: an operation cannot forget what a cascade has
 * ended. An object is noted once, with the version before its first change and the one after its last.
 */
export class Subjects {
  readonly #ids: { readonly installation: string }
  readonly #noted: Map<string | number, Noted>
  #isAside = false
  constructor(ids: { readonly installation: string }, memory: ConnectionMemory) {
    this.#ids = ids
    this.#noted = memory.scratch()
  }

  /** Forgets what an earlier request has left, which recorded nothing. */
  begin(): void {
    if (this.#noted.size > 0) this.#noted.clear()
  }
  /** That an object was changed, by its identifier. */
  note(id: string): void {
    const n = this.#allocationIn(id)
    const noted = this.#noted.get(n ?? id)
    if (!noted) this.#noted.set(n ?? id, { id, isAside: this.#isAside })
    else {
      noted.id = id
      if (!this.#isAside) noted.isAside = false
    }
  }
  /** The same, with the versions of its history; undefined where it was not there before, or is not any more. */
  noteVersions(id: string, before: number | undefined, after: number | undefined): void {
    const key = this.#allocationIn(id) ?? id
    const noted = this.#noted.get(key)
    if (!noted) this.#noted.set(key, { id, before, after, isAside: this.#isAside })
    else if (noted.before === undefined && noted.after === undefined) Object.assign(noted, { before, after })
    else noted.after = after
    if (noted && !this.#isAside) noted.isAside = false
  }
  /** That space was taken or given back. It goes by the name that `note` gives it, or by the one that EC2 would. */
  noteAllocation(n: number, resourceType: string): void {
    if (!this.#noted.has(n))
      this.#noted.set(n, { id: undefined, allocation: { n, resourceType }, isAside: this.#isAside })
  }
  /** Notes what `work` changes as changed by the way: it is in the audit entry, and nobody's act. */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    const was = this.#isAside
    this.#isAside = true
    try {
      return await work()
    } finally {
      this.#isAside = was
    }
  }
  get isAside(): boolean {
    return this.#isAside
  }
  /** How many there are so far. */
  get count(): number {
    return this.#noted.size
  }
  /** Those that somebody has named or that have a history, so far; they stay. */
  named(): Subject[] {
    return [...this.#noted.values()].flatMap(({ id, before, after }) =>
      id === undefined ? [] : [{ id, before, after }],
    )
  }
  /** The same without what was changed by the way: what whoever asks has done. */
  acted(): Subject[] {
    return [...this.#noted.values()].flatMap(({ id, before, after, isAside }) =>
      id === undefined || isAside ? [] : [{ id, before, after }],
    )
  }
  /** All of them, in the order in which they were first noted; nothing is left. */
  take(): Subject[] {
    const subjects: Subject[] = []
    for (const [key, { id, before, after, allocation }] of this.#noted) {
      // Of the one or two that there nearly always are, this costs less than to clear the map.
      this.#noted.delete(key)
      const name = id ?? nameOf(allocation!, this.#ids.installation)
      subjects.push(before === undefined && after === undefined ? { id: name } : { id: name, before, after })
    }
    return subjects
  }

  /** Some of them, which have no allocation behind them: what is done of them is for another entry. */
  takeOut(ids: readonly string[]): Subject[] {
    return ids.flatMap((id) => {
      const noted = this.#noted.get(id)
      this.#noted.delete(id)
      return noted ? [{ id, before: noted.before, after: noted.after }] : []
    })
  }

  /** An Elastic IP and its allocation are one thing under two names, made of one number. */
  #allocationIn(id: string): number | undefined {
    return spaceNumberIn(this.#ids.installation, id)
  }
}

const nameOf = ({ n, resourceType }: { n: number; resourceType: string }, installation: string): string =>
  formatId(resourceType === 'eip' ? 'address' : 'allocation', installation, n)
