// What a process keeps of its database from one transaction to the next: only what is committed there, and only while the
// database is the one that it came from. See docs/decisions/0021.

/** An audit entry, by all that tells it from another one of the same number. */
export interface EntryMark {
  readonly n: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly requestId: string
}

/** What a transaction finds when it begins. */
export interface Found {
  /**
   * The same text for the same database, by the same clock: where it is, and what a restore, a failover, `database accept` or a clock that is
   * set far back renews.
   */
  readonly identity: string
  /** Undefined where nothing is on record. */
  readonly newest: EntryMark | undefined
  /** Whether the entry that `start` named is there; true where it named none. */
  readonly hasAsked: boolean
}

/** Names something that is kept; made once, as a constant. */
export interface KeptName<T> {
  readonly name: string
  readonly of?: T
  /** Whether it is made of rows that never change once they are there: then it may be used in any state of the same history. */
  readonly isImmutable?: true
}
interface KeptValue {
  readonly value: unknown
  /** The number of the newest entry of the state that it comes from: whoever finds that entry may use it. */
  readonly asOf: number
}

/**
 * What all connections of a store keep together. An audit entry is never deleted, so a database that has the newest entry
 * that was seen here has everything that was committed until then: whatever is kept from then or before holds there. One
 * that lacks it is an old copy, or went on from one, and nothing that is kept holds.
 */
export class Memory {
  #generation = 1
  #identity: string | undefined
  #newest: EntryMark | undefined
  readonly #values = new Map<KeptName<unknown>, KeptValue>()

  /** Counts up whenever the database turns out to be another. */
  get generation(): number {
    return this.#generation
  }
  /** The newest entry that was seen in this history. */
  get newest(): EntryMark | undefined {
    return this.#newest
  }

  /**
   * Compares what a transaction finds with what is known, and drops everything where it is another database. Answers the
   * number of its history; undefined where another connection has found another one since `generation`, so that it cannot be said.
   */
  meet(generation: number, found: Found): number | undefined {
    if (generation !== this.#generation) return undefined
    const isOther = this.#identity !== undefined && (this.#identity !== found.identity || !found.hasAsked)
    if (isOther) {
      this.#generation++
      this.#newest = undefined
      this.#values.clear()
    }
    this.#identity = found.identity
    this.see(this.#generation, found.newest)
    return this.#generation
  }
  see(generation: number | undefined, entry: EntryMark | undefined): void {
    if (generation === this.#generation && entry && entry.n > (this.#newest?.n ?? -1)) this.#newest = entry
  }
  find(name: KeptName<unknown>, generation: number | undefined, asOf: number): unknown {
    const kept = generation === this.#generation ? this.#values.get(name) : undefined
    return kept && kept.asOf <= asOf ? kept.value : undefined
  }
  keep(name: KeptName<unknown>, generation: number | undefined, kept: KeptValue): void {
    if (generation === this.#generation) this.#values.set(name, kept)
  }
}

/** Where committed values are: a map with a bound, however it gives room. */
export interface Layer<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): void
  clear(): void
}

/** A map that is emptied when it is full. */
class Bounded<K, V> implements Layer<K, V> {
  readonly #values = new Map<K, V>()
  readonly #max: number
  constructor(max: number) {
    this.#max = max
  }
  get(key: K): V | undefined {
    return this.#values.get(key)
  }
  set(key: K, value: V): void {
    if (this.#values.size >= this.#max) this.#values.clear()
    this.#values.set(key, value)
  }
  clear(): void {
    this.#values.clear()
  }
}

interface Settling {
  commit(): void
  rollback(): void
  drop(): void
}

/**
 * Two layers: what is committed, and the draft, which is what the running transaction adds. Only a commit merges the one
 * into the other. The draft needs no bound of its own: what one transaction can do has one.
 */
export class Kept<K, V> implements Settling {
  readonly #committed: Layer<K, V>
  readonly #draft = new Map<K, V>()

  /** Made by `ConnectionMemory` alone, which commits it and rolls it back. */
  constructor(committed: Layer<K, V>) {
    this.#committed = committed
  }
  get(key: K): V | undefined {
    const drafted = this.#draft.size === 0 ? undefined : this.#draft.get(key)
    return drafted === undefined ? this.#committed.get(key) : drafted
  }
  /** The transaction's own copy, to be changed in place. */
  own(key: K, copy: (value: V) => V): V | undefined {
    const drafted = this.#draft.get(key)
    if (drafted !== undefined) return drafted
    const committed = this.#committed.get(key)
    if (committed === undefined) return undefined
    const copied = copy(committed)
    this.#draft.set(key, copied)
    return copied
  }
  set(key: K, value: V): void {
    this.#draft.set(key, value)
  }
  /** For what was read from committed rows, and would be the same whatever comes of this transaction. */
  learn(key: K, value: V): void {
    this.#committed.set(key, value)
  }
  get draft(): ReadonlyMap<K, V> {
    return this.#draft
  }
  /** It can always be read again. */
  drop(): void {
    this.#committed.clear()
    this.#draft.clear()
  }
  commit(): void {
    if (this.#draft.size === 0) return
    for (const [key, value] of this.#draft) this.#committed.set(key, value)
    this.#draft.clear()
  }
  rollback(): void {
    if (this.#draft.size > 0) this.#draft.clear()
  }
}

const only = 'only'
/** The same for a single value. */
export class KeptOne<V> {
  readonly #kept: Kept<typeof only, V>
  constructor(kept: Kept<typeof only, V>) {
    this.#kept = kept
  }
  get value(): V | undefined {
    return this.#kept.get(only)
  }
  set value(value: V) {
    this.#kept.set(only, value)
  }
  learn(value: V): void {
    this.#kept.learn(only, value)
  }
}

/**
 * What one connection keeps: nothing in `src/store` outlives a transaction unless it was made here (test/tidy.test.ts looks
 * for it). Begin, commit and rollback of the connection's transactions are told to it, and a commit whose outcome is not
 * known is a rollback.
 */
export class ConnectionMemory {
  readonly #memory: Memory
  /** What holds for the whole history of the database, such as the number of a row that is never deleted. */
  readonly #facts: Settling[] = []
  /** What others may change: gone wherever somebody else may have written. */
  readonly #states: Settling[] = []
  readonly #scratch: { readonly size: number; clear(): void }[] = []
  readonly #values = new Map<KeptName<unknown>, unknown>()
  /** Undefined where it cannot be said. */
  #generation: number | undefined
  #hasMet = false
  #generationAsked = 0
  #asked: EntryMark | undefined
  #newest: EntryMark | undefined
  /** The newest entry that the transaction has written. */
  entry: EntryMark | undefined

  constructor(memory: Memory) {
    this.#memory = memory
  }

  facts<K, V>(committed: number | Layer<K, V>): Kept<K, V> {
    const kept = new Kept<K, V>(typeof committed === 'number' ? new Bounded(committed) : committed)
    this.#facts.push(kept)
    return kept
  }
  states<K, V>(max: number): Kept<K, V> {
    const kept = new Kept<K, V>(new Bounded(max))
    this.#states.push(kept)
    return kept
  }
  fact<V>(): KeptOne<V> {
    return new KeptOne(this.facts(1))
  }
  /** For one transaction: emptied at each end. */
  scratch<K, V>(): Map<K, V> {
    const map = new Map<K, V>()
    this.#scratch.push(map)
    return map
  }

  /** The newest entry of the state at the beginning of the transaction. */
  get newest(): EntryMark | undefined {
    return this.#newest
  }
  /** Of the database that the transaction is in: 0 where it cannot be said whether it is still the one from before. */
  get generation(): number {
    return this.#generation ?? 0
  }

  /**
   * Before a transaction: answers the entry to look for in the database.
   * @param isAlone whether nobody else can have written since the last one
   */
  start(isAlone: boolean): EntryMark | undefined {
    this.rollback()
    if (!isAlone) for (const state of this.#states) state.drop()
    this.#generationAsked = this.#memory.generation
    this.#asked = this.#memory.newest
    this.#newest = this.#asked
    return this.#asked
  }
  /** What was found with it; not asked where the connection is alone. Answers whether it is another database than before. */
  meet(found: Found): boolean {
    const generation = this.#memory.meet(this.#generationAsked, found)
    this.#newest = found.newest
    const isSame = generation !== undefined && generation === this.#generation
    const isFirst = !this.#hasMet && generation !== undefined
    if (!isSame) this.#drop()
    this.#generation = generation
    this.#hasMet = true
    return !isSame && !isFirst
  }
  commit(): void {
    this.#memory.see(this.#generation, this.entry)
    const asOf = Math.max(this.entry?.n ?? 0, this.#newest?.n ?? 0)
    for (const [name, value] of this.#values) {
      this.#memory.keep(name, this.#generation, { value, asOf: name.isImmutable ? 0 : asOf })
    }
    for (const kept of this.#facts) kept.commit()
    for (const kept of this.#states) kept.commit()
    this.#end()
  }
  rollback(): void {
    for (const kept of this.#facts) kept.rollback()
    for (const kept of this.#states) kept.rollback()
    this.#end()
  }

  /** What was kept by a transaction that has committed, or by this one. */
  find<T>(name: KeptName<T>): T | undefined {
    const drafted = this.#values.size === 0 ? undefined : this.#values.get(name)
    return (drafted ?? this.#memory.find(name, this.#generation, this.#asked?.n ?? 0)) as T | undefined
  }
  /** @param isCommitted whether it comes from committed rows alone: then it is kept whatever comes of this transaction */
  keep<T>(name: KeptName<T>, value: T, isCommitted: boolean): void {
    this.#values.set(name, value)
    if (!isCommitted) return
    const asOf = name.isImmutable ? 0 : (this.#newest?.n ?? 0)
    this.#memory.keep(name, this.#generation, { value, asOf })
  }

  #end(): void {
    this.entry = undefined
    if (this.#values.size > 0) this.#values.clear()
    for (const map of this.#scratch) if (map.size > 0) map.clear()
  }
  #drop(): void {
    for (const kept of this.#facts) kept.drop()
    for (const kept of this.#states) kept.drop()
    this.#values.clear()
  }
}
