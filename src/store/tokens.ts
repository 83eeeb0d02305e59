// Client tokens: one token, one effect (invariant I5).
import type { ConnectionMemory, Kept, KeptOne } from './memory.ts'
import { ReplayWindow, replayWindowMs, type TokenMark, tokenNumberOf } from './replay-window.ts'
import type { Sql } from './sql.ts'

/** Audit entries read at a time. */
const stepSize = 10_000
/** Entries read back; more than this within the window means that the oldest are not recognised as repeats. */
const replayEntriesMax = 5_000_000

/** What a token's first use did. */
export interface TokenUse {
  /** The number of its audit entry. */
  readonly entry: number
  /** Hash of the parameters of the first use. */
  readonly parameters: Uint8Array
  /** What was answered, as JSON. */
  readonly result: string
  readonly requestId: string
  /** What its caller had to be permitted, as JSON; null where nothing was asked. */
  readonly needs: string | null
}

/**
 * Two kinds of token live at two places. A client token that the caller chose is kept for a day in a table of its own.
 * With one server, a token that comes with every request (the signed invocation id, else the signature) would cost more than the rest of an
 * allocation if it had a random-keyed index; it stands in the append-only audit entry, and the window in which a
 * signature is accepted at all is kept in memory (`replay-window.ts`). Several servers share no memory: see
 * `postgres-tokens.ts`.
 */
export class Tokens {
  readonly #sql: Sql
  readonly #memory: ConnectionMemory
  readonly #window: Kept<number, TokenMark>
  /** Whether the window has been read back from the record. */
  readonly #isWindowRead: KeptOne<true>
  constructor(sql: Sql, memory: ConnectionMemory) {
    this.#sql = sql
    this.#memory = memory
    this.#window = memory.facts(new ReplayWindow())
    this.#isWindowRead = memory.fact()
  }

  /** Whether tokens that come with every request are found in memory: then it is filled first, by `fillWindow`. */
  get hasWindow(): boolean {
    return true
  }
  /** Reads back which requests could still be repeated, as far as that has not been done; `findRequest` does it else. */
  async fillWindow(now: number): Promise<void> {
    if (this.#isWindowRead.value) return
    // What this transaction has written itself is in the draft.
    const last = this.#memory.newest?.n ?? 0
    await this.visitSince(now - replayWindowMs, replayEntriesMax, ({ token, parameters, n, at }) => {
      if (n > last) return
      this.#window.learn(tokenNumberOf(token), { entry: n, at })
      // Where these are a signature, it is found by this too; anything else is a hint that leads nowhere.
      this.#window.learn(tokenNumberOf(parameters), { entry: n, at })
    })
    this.#isWindowRead.learn(true)
  }
  /** The use of a token that came with a request. The window holds hints: whoever asks compares the tokens. */
  async findRequest(token: Uint8Array, now: number): Promise<(TokenUse & { token: Uint8Array }) | undefined> {
    // Asked of every request: it waits for nothing that is there.
    if (!this.#isWindowRead.value) await this.fillWindow(now)
    const mark = this.#window.get(tokenNumberOf(token))
    return mark && this.#useOf(mark.entry)
  }
  /** Keeps a token that came with a request. */
  async keepRequest(token: Uint8Array, auditEntry: number, at: number): Promise<void> {
    this.#window.set(tokenNumberOf(token), { entry: auditEntry, at })
  }
  /** To be called where a use is answered again: what another server committed must be as safe as a commit of our own. */
  touch(): void {}

  async find(token: Uint8Array): Promise<TokenUse | undefined> {
    return this.#sql.get<TokenUse>(
      `select a.n as entry, a.parameters, a.result, a.request_id as "requestId", t.needs from client_token t join audit_entry a on a.n = t.audit_entry
       where t.token = ?`,
      token,
    )
  }
  async keep(token: Uint8Array, auditEntry: number, at: number, needs: string | null = null): Promise<void> {
    await this.#sql.later(
      'insert into client_token (token, audit_entry, at, needs) values (?, ?, ?, ?)',
      token,
      auditEntry,
      at,
      needs,
    )
  }
  /** Forgets tokens used before `before`; at most `limit` at a time, so that nobody waits long. */
  async forget(before: number, limit: number): Promise<number> {
    return this.#sql.run(
      'delete from client_token where token in (select token from client_token where at < ? order by at limit ?)',
      before,
      limit,
    )
  }
  async anyBefore(before: number): Promise<boolean> {
    return (await this.#sql.get('select 1 as one from client_token where at < ? limit 1', before)) !== undefined
  }
  /** The use of an implicit token, by the audit entry that holds it. */
  async #useOf(auditEntry: number): Promise<(TokenUse & { token: Uint8Array }) | undefined> {
    return this.#sql.get<TokenUse & { token: Uint8Array }>(
      'select n as entry, token, parameters, result, request_id as "requestId", null as needs from audit_entry where n = ? and token is not null',
      auditEntry,
    )
  }
  /** Hands on the implicit tokens used since `since`, oldest first; at most the last `limit` entries. */
  async visitSince(
    since: number,
    limit: number,
    visit: (use: { n: number; at: number; token: Uint8Array; parameters: Uint8Array }) => void,
  ): Promise<void> {
    let after = (await this.#firstSince(since)) - 1
    const last = (await this.#sql.get<{ n: number | null }>('select max(n) as n from audit_entry'))?.n ?? 0
    after = Math.max(after, last - limit)
    for (;;) {
      const rows = await this.#sql.all<{ n: number; at: number; token: Uint8Array | null; parameters: Uint8Array }>(
        'select n, at, token, parameters from audit_entry where n > ? order by n limit ?',
        after,
        stepSize,
      )
      for (const { token, ...rest } of rows) if (token) visit({ token, ...rest })
      if (rows.length < stepSize) return
      after = rows.at(-1)!.n
    }
  }

  /** The first entry at or after a moment. Entries are numbered in the order of time, so halving finds it without an index. */
  async #firstSince(since: number): Promise<number> {
    let low = 0
    let high = ((await this.#sql.get<{ n: number | null }>('select max(n) as n from audit_entry'))?.n ?? 0) + 1
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const row = await this.#sql.get<{ n: number; at: number }>(
        'select n, at from audit_entry where n >= ? order by n limit 1',
        middle,
      )
      if (!row || row.at >= since) high = middle
      else low = row.n + 1
    }
    return low
  }
}
