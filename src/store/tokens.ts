// Client tokens: one token, one effect (invariant I5).
import type { Sql } from './sql.ts'

/** Audit entries read at a time. */
const stepSize = 10_000

/** What a token's first use did. */
export interface TokenUse {
  /** Hash of the parameters of the first use. */
  readonly parameters: Uint8Array
  /** What was answered, as JSON. */
  readonly result: string
  readonly requestId: string
}

/**
 * Two kinds of token live at two places. A client token that the caller chose is kept for a day in a table of its own.
 * With one server, a token that comes with every request (the signed invocation id, else the signature) would cost more than the rest of an
 * allocation if it had a random-keyed index; it stands in the append-only audit entry, and the window in which a
 * signature is accepted at all is kept in memory by `operations/replay.ts`. Several servers share no memory: see
 * `postgres-tokens.ts`.
 */
export class Tokens {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Whether the store itself recognises tokens that come with every request; else its one server does. */
  get remembersRequests(): boolean {
    return false
  }
  /** The use of a token that came with a request; only where the store remembers them. */
  async findRequest(_token: Uint8Array): Promise<TokenUse | undefined> {
    return undefined
  }
  /** Keeps a token that came with a request; only where the store remembers them. */
  async keepRequest(_token: Uint8Array, _auditEntry: number, _at: number): Promise<void> {}
  /** To be called where a use is answered again: what another server committed must be as safe as a commit of our own. */
  touch(): void {}

  async find(token: Uint8Array): Promise<TokenUse | undefined> {
    return this.#sql.get<TokenUse>(
      `select a.parameters, a.result, a.request_id as "requestId" from client_token t join audit_entry a on a.n = t.audit_entry
       where t.token = ?`,
      token,
    )
  }
  async keep(token: Uint8Array, auditEntry: number, at: number): Promise<void> {
    await this.#sql.later('insert into client_token (token, audit_entry, at) values (?, ?, ?)', token, auditEntry, at)
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
  async useOf(auditEntry: number): Promise<(TokenUse & { token: Uint8Array }) | undefined> {
    return this.#sql.get<TokenUse & { token: Uint8Array }>(
      'select token, parameters, result, request_id as "requestId" from audit_entry where n = ? and token is not null',
      auditEntry,
    )
  }
  /** Implicit tokens used since `since`, newest first. Entries are numbered in the order of time, so it reads only what it returns. */
  async recent(since: number, limit: number): Promise<{ n: number; at: number; token: Uint8Array }[]> {
    const found: { n: number; at: number; token: Uint8Array }[] = []
    let before = Number.MAX_SAFE_INTEGER
    while (found.length < limit) {
      const rows = await this.#sql.all<{ n: number; at: number; token: Uint8Array | null }>(
        'select n, at, token from audit_entry where n < ? order by n desc limit ?',
        before,
        stepSize,
      )
      for (const { n, at, token } of rows) if (token && at >= since) found.push({ n, at, token })
      const last = rows.at(-1)
      if (rows.length < stepSize || last!.at < since) break
      before = last!.n
    }
    return found
  }
}
