// Rows that a run of operations in one transaction asks for again and again, and none of them changes: read once.
import type { ConnectionMemory } from './memory.ts'

/** Says that a run goes on. */
const running = ''

/**
 * Nothing is remembered before `begin`, and all of it is forgotten with `end`, with the transaction, and with the next request in it.
 * Whoever changes what is remembered during a run says so here.
 */
export class RowMemory {
  readonly #kept: Map<string, unknown>
  constructor(memory: ConnectionMemory) {
    this.#kept = memory.scratch()
  }
  /** Whether there is a run, so that anything is remembered. */
  get isRunning(): boolean {
    return this.#kept.has(running)
  }
  begin(): void {
    this.#kept.set(running, true)
  }
  end(): void {
    if (this.#kept.size > 0) this.#kept.clear()
  }
  /** What is not there is asked for again. */
  async once<T>(name: string, read: () => T | Promise<T>): Promise<T> {
    if (!this.#kept.has(running)) return read()
    const known = this.#kept.get(name)
    if (known !== undefined) return known as T
    const value = await read()
    if (value !== undefined) this.#kept.set(name, value)
    return value
  }
  /** Only where it is known. */
  peek<T>(name: string): T | undefined {
    return this.#kept.get(name) as T | undefined
  }
  put(name: string, value: unknown): void {
    if (this.#kept.has(running)) this.#kept.set(name, value)
  }
  /** What was counted is so many more by now. */
  add(name: string, more: number): void {
    const known = this.#kept.get(name)
    if (known !== undefined) this.#kept.set(name, (known as number) + more)
  }
  forget(name: string): void {
    this.#kept.delete(name)
  }
  /** Forgets all whose names begin so. */
  forgetAll(beginning: string): void {
    for (const name of this.#kept.keys()) if (name !== running && name.startsWith(beginning)) this.#kept.delete(name)
  }
}
