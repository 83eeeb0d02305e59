// Whose turn it is of pools that import: one of each account that has some, then the next of each. What one account has, however much
// it is, keeps no other waiting, nor one pool another of the same account.
import type { Cidr } from '#model/cidr.ts'
import type { ReadTransaction } from '#store/store.ts'

/** Behind which of the blocks in a pool a look goes on. */
export interface BlockPlace {
  readonly cidr: Cidr
  /** Empty: before all of that block. */
  readonly associationId: string
}

/**
 * Keys in a circle, each with what is remembered of it. In one turn of the job each that there is comes once, from behind the one that
 * came last, and only then those that go on.
 */
class Circle<Key extends string | number, Kept> {
  readonly #kept = new Map<Key, { value: Kept; round: number }>()
  #rounds = 0
  #last: Key | undefined
  /** Where the turn of the job began. */
  #start: Key | undefined
  #isBehindEnd = true
  #wereAll = false
  #goingOn: Key[] = []

  begin(): void {
    this.#start = this.#last
    this.#isBehindEnd = this.#last === undefined
    this.#wereAll = false
    this.#goingOn = []
  }
  async next(
    readNext: (after: Key | undefined) => Promise<Key | undefined>,
  ): Promise<{ readonly key: Key; readonly isFirst: boolean } | undefined> {
    while (!this.#wereAll) {
      const key = await readNext(this.#last)
      if (key === undefined && !this.#isBehindEnd) this.#goToStart()
      else if (key === undefined || (this.#isBehindEnd && this.#start !== undefined && key > this.#start)) {
        this.#wereAll = true
      } else return { key: this.#came(key), isFirst: true }
    }
    const key = this.#goingOn.shift()
    return key === undefined ? undefined : { key: this.#came(key), isFirst: false }
  }
  goesOn(key: Key): void {
    this.#goingOn.push(key)
  }
  keptOf(key: Key): Kept | undefined {
    return this.#kept.get(key)?.value
  }
  keep(key: Key, value: Kept | undefined): void {
    if (value === undefined) this.#kept.delete(key)
    else this.#kept.set(key, { value, round: this.#rounds })
  }

  #came(key: Key): Key {
    const kept = this.#kept.get(key)
    if (kept) kept.round = this.#rounds
    this.#last = key
    return key
  }
  /** Forgets those that did not come in the whole of the round that ends. */
  #goToStart(): void {
    this.#isBehindEnd = true
    this.#last = undefined
    for (const [key, { round }] of this.#kept) if (round < this.#rounds) this.#kept.delete(key)
    this.#rounds++
  }
}

/** Which pool is looked through next, and from where. */
export class ImportTurns {
  readonly #owners = new Circle<string, Circle<number, BlockPlace>>()

  /** A turn of the job: whatever was looked through in it is not looked through again. */
  begin(): void {
    this.#owners.begin()
  }
  /** Undefined where all were looked through since the turn began. */
  async next({ discovered }: ReadTransaction): Promise<PoolTurn | undefined> {
    for (;;) {
      const owner = await this.#owners.next((after) => discovered.importingAccount(after ?? ''))
      if (!owner) return undefined
      const account = owner.key
      const pools = this.#owners.keptOf(account) ?? new Circle<number, BlockPlace>()
      this.#owners.keep(account, pools)
      if (owner.isFirst) pools.begin()
      const pool = await pools.next((after) => discovered.importingPool(account, after ?? -1))
      if (!pool) continue
      const n = pool.key
      this.#owners.goesOn(account)
      return {
        n,
        begin: pools.keptOf(n),
        leave(after) {
          pools.keep(n, after)
          if (after) pools.goesOn(n)
        },
      }
    }
  }
}
export interface PoolTurn {
  /** Number of the pool. */
  readonly n: number
  readonly begin: BlockPlace | undefined
  /** Says behind what there may be more; undefined: it was looked through. */
  leave(after: BlockPlace | undefined): void
}
