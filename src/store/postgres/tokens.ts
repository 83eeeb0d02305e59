// Tokens where several servers share a database: both kinds stand in tables, and a transaction looks its own up together.
import type { ConnectionMemory, KeptOne } from '../memory.ts'
import type { Awaitable } from '../sql.ts'
import { type RequestUse, Tokens, type TokenUse } from '../tables/tokens.ts'
import type { ManySql } from './sql.ts'
import { requestTokenTable } from './tables.ts'

/**
 * For this long a request could be sent again: a signature is good for five minutes before and after its date, by the clock of the server that
 * it reaches, and each of these may be five minutes from that of the database.
 */
export const requestTokenMs = 1_200_000
/** Old tokens are dropped by whoever has added this many, twice as many at a time. */
const purgeEvery = 500

const findUses = `select t.token, a.n as entry, a.parameters, a.result, a.request_id as "requestId", t.needs
  from (select token, audit_entry, needs from client_token where token = any($1)
    union all select token, audit_entry, null as needs from request_token where token = any($1)) t
  join audit_entry a on a.n = t.audit_entry`

const purge =
  'delete from request_token where token in (select token from request_token where at < ? order by at limit ?)'
/**
 * Fills the table from the audit entries since a moment, for a database that comes from one server, which kept these
 * tokens in its memory. As that does, it takes the parameters for a key too: where they are a signature, it is found by it.
 */
export const fillRequestTokens = (since: number): string => `
  with filled as (
    insert into request_token (token, audit_entry, at)
    select distinct on (use.key) use.key, a.n, a.at from audit_entry a, lateral (values (a.token), (a.parameters)) use (key)
    where a.at >= ${since} and use.key is not null and a.token is not null
      and not exists (select from client_token c where c.token = a.token)
    order by use.key, a.n desc
    returning audit_entry)
  select count(distinct audit_entry) as requests from filled`

const nameOf = (token: Uint8Array): string => Buffer.from(token).toString('latin1')

export class SharedTokens extends Tokens {
  readonly #sql: ManySql
  /** What a transaction's tokens did before it; undefined where they had not been used. */
  readonly #found: Map<string, RequestUse | undefined>
  #touched = false
  #added = 0
  /** Since this server last dropped old ones. */
  readonly #addedBefore: KeptOne<number>

  constructor(sql: ManySql, memory: ConnectionMemory) {
    super(sql, memory)
    this.#sql = sql
    this.#found = memory.scratch()
    this.#addedBefore = memory.fact()
  }

  /** At the start of a transaction: looks up all tokens of its requests at once. */
  async begin(tokens: readonly (Uint8Array | undefined)[]): Promise<void> {
    this.#touched = false
    this.#added = 0
    const wanted = tokens.filter((token) => token !== undefined)
    if (wanted.length === 0) return
    for (const token of wanted) this.#found.set(nameOf(token), undefined)
    const uses = await this.#sql.allOf<RequestUse>(findUses, wanted)
    for (const use of uses) this.#found.set(nameOf(use.token), use)
  }
  /** At the end of a transaction. */
  flush(now: number): void {
    if (this.#touched) this.#sql.lastly(`update counter set value = value where name = 'governance-epoch'`)
    const added = (this.#addedBefore.value ?? 0) + this.#added
    this.#addedBefore.value = added < purgeEvery ? added : 0
    if (added < purgeEvery) return
    this.#sql.lastly(purge, now - requestTokenMs, 2 * purgeEvery)
  }

  /** Nothing is kept in memory. */
  override async readBack(): Promise<boolean> {
    return true
  }
  override async find(token: Uint8Array): Promise<TokenUse | undefined> {
    return this.#use(token)
  }
  override findRequest(token: Uint8Array): Awaitable<RequestUse | undefined> {
    return this.#use(token)
  }
  override keep(token: Uint8Array, auditEntry: number, at: number, needs: string | null = null): void {
    this.#found.delete(nameOf(token))
    super.keep(token, auditEntry, at, needs)
  }
  override keepRequest(token: Uint8Array, auditEntry: number, at: number): void {
    this.#found.delete(nameOf(token))
    this.#added++
    requestTokenTable.later(this.#sql, { token, auditEntry, at })
  }
  /** A replay is a write: its commit waits for what the first one's commit must wait for. */
  override touch(): void {
    this.#touched = true
  }

  #use(token: Uint8Array): Awaitable<RequestUse | undefined> {
    const name = nameOf(token)
    return this.#found.has(name) ? this.#found.get(name) : this.#read(token)
  }
  async #read(token: Uint8Array): Promise<RequestUse | undefined> {
    return (await this.#sql.allOf<RequestUse>(findUses, [token]))[0]
  }
}
