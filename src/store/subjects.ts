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
}

/**
 * Every change of an object passes the store, so what is noted here is whole: an operation cannot forget what a cascade has
 * ended. An object is noted once, with the version before its first change and the one after its last.
 */
export class Subjects {
  readonly #ids: { readonly installation: string }
  readonly #noted: Map<string | number, Noted>
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
    if (!noted) this.#noted.set(n ?? id, { id })
    else noted.id = id
  }
  /** The same, with the versions of its history; undefined where it was not there before, or is not any more. */
  noteVersions(id: string, before: number | undefined, after: number | undefined): void {
    const key = this.#allocationIn(id) ?? id
    const noted = this.#noted.get(key)
    if (!noted) this.#noted.set(key, { id, before, after })
    else if (noted.before === undefined && noted.after === undefined) Object.assign(noted, { before, after })
    else noted.after = after
  }
  /** That space was taken or given back. It goes by the name that `note` gives it, or by the one that EC2 would. */
  noteAllocation(n: number, resourceType: string): void {
    if (!this.#noted.has(n)) this.#noted.set(n, { id: undefined, allocation: { n, resourceType } })
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

  /** An Elastic IP and its allocation are one thing under two names, made of one number. */
  #allocationIn(id: string): number | undefined {
    return spaceNumberIn(this.#ids.installation, id)
  }
}

const nameOf = ({ n, resourceType }: { n: number; resourceType: string }, installation: string): string =>
  formatId(resourceType === 'eip' ? 'address' : 'allocation', installation, n)
