// Which pools some accounts may take from together: found with one look at what is shared, however many accounts there are.
import { poolsExceptedAt } from './exception-index.ts'
import { grantedPools } from './resolve.ts'
import { pathOf, type Sharing, type Snapshot } from './snapshot.ts'

/** The same as `mayUsePool` of each, account after account: what one more costs is its own path, and what policy lists for it. */
export class UsablePools {
  readonly #snapshot: Snapshot
  readonly #now: number
  readonly #accounts = new Set<string>()
  readonly #nodes = new Set<string>()
  readonly #listed = new Set<string>()
  readonly #owners = new Set<string>()

  constructor(snapshot: Snapshot, now: number) {
    this.#snapshot = snapshot
    this.#now = now
  }

  add(account: string): void {
    if (this.#accounts.has(account)) return
    this.#accounts.add(account)
    this.#owners.add(account)
    for (const node of pathOf(this.#snapshot, account)) if (!this.#nodes.has(node)) this.#addNode(node)
    for (const pool of grantedPools(this.#snapshot, account)) this.#list(pool)
  }
  #addNode(node: string): void {
    this.#nodes.add(node)
    for (const owner of sharingOf(this.#snapshot).owners.get(node) ?? []) this.#owners.add(owner)
    for (const pool of poolsExceptedAt(this.#snapshot.exceptions, node, this.#now)) this.#list(pool)
  }
  #list(pool: string): void {
    const owner = this.#snapshot.pools.get(pool)?.account
    if (owner === undefined) return
    this.#listed.add(pool)
    this.#owners.add(owner)
  }

  /** Whether one of the accounts may take from a pool. */
  has(id: string): boolean {
    const pool = this.#snapshot.pools.get(id)
    if (!pool) return false
    return (
      this.#accounts.has(pool.account) || this.#listed.has(id) || pool.sharedWith.some((node) => this.#nodes.has(node))
    )
  }
  /**
   * Whether one of the accounts has a pool without that somebody has only shared it: its own, of the administrator of the organization's
   * IPAM, or listed by a policy or an exception for it. Anybody may share a pool with anybody, who is not asked.
   */
  isMeant(id: string): boolean {
    const owner = this.#snapshot.pools.get(id)?.account
    if (owner === undefined) return false
    return this.#accounts.has(owner) || this.#listed.has(id) || owner === this.#snapshot.delegatedAdministrator
  }
  /** The ids of all that one of the accounts may take from, in no order. */
  get ids(): ReadonlySet<string> {
    const { owned, shared } = sharingOf(this.#snapshot)
    return new Set([
      ...[...this.#accounts].flatMap((account) => owned.get(account) ?? []),
      ...[...this.#nodes].flatMap((node) => shared.get(node) ?? []),
      ...this.#listed,
    ])
  }
  /** The accounts, and whoever owns a pool that they may take from. */
  get owners(): ReadonlySet<string> {
    return this.#owners
  }
}

function sharingOf({ pools, caches }: Snapshot): Sharing {
  if (caches.sharing) return caches.sharing
  const owners = new Map<string, Set<string>>()
  const shared = new Map<string, string[]>()
  const owned = new Map<string, string[]>()
  for (const { id, account, sharedWith } of pools.values()) {
    put(owned, account, id)
    for (const node of sharedWith) {
      put(shared, node, id)
      const known = owners.get(node)
      if (known) known.add(account)
      else owners.set(node, new Set([account]))
    }
  }
  caches.sharing = { owners, shared, owned }
  return caches.sharing
}
function put(lists: Map<string, string[]>, key: string, id: string): void {
  const list = lists.get(key)
  if (list) list.push(id)
  else lists.set(key, [id])
}
