// Client tokens: one token, one effect (invariant I5).
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ConnectionMemory, Kept, KeptOne } from '../memory.ts'
import type { Awaitable, Sql } from '../sql.ts'
import { blob, integer, optional, table, text } from '../table.ts'
import {
  ReplayWindow,
  replayWindowMs,
  type TokenMark,
  tokenBytes,
  tokenNumberAt,
  tokenNumberOf,
} from './replay-window.ts'

/** Audit entries read back at a time, in a few milliseconds. */
export const sliceSize = 10_000
/** Entries read back; more than this within the window means that the oldest are not recognised as repeats. */
const replayEntriesMax = 5_000_000

/**
 * A slice of the record as one row: an object for each entry would take five times as long. What has no token has zeros.
 */
const packed = (column: 'token' | 'parameters'): string =>
  `cast(group_concat(coalesce(substr(${column}, 1, ${tokenBytes}), zeroblob(${tokenBytes})), '') as blob)`
const sliceOf = (parameters: string): string => `select ${packed('token')} as tokens, ${parameters} as parameters,
  group_concat(n) as numbers, min(n) as "oldestN", min(at) as "oldestAt", max(at) as "newestAt", count(*) as count
  from (select n, at, token, parameters from audit_entry where n < ? order by n desc limit ?)`
const sliceByToken = sliceOf('null')
const sliceByBoth = sliceOf(packed('parameters'))
interface Slice {
  readonly tokens: Uint8Array | null
  readonly parameters: Uint8Array | null
  readonly numbers: string | null
  readonly oldestN: number | null
  readonly oldestAt: number | null
  readonly newestAt: number | null
  readonly count: number
}
const noToken = tokenNumberOf(new Uint8Array(tokenBytes))

interface ReadBack {
  /** The entries before this one have not been read; 0: all that matter have been. */
  readonly before: number
  readonly count: number
}

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

/** The same of a token that came with a request: the token as it stands in the entry, to be compared. */
export interface RequestUse extends TokenUse {
  readonly token: Uint8Array
}

export const clientTokenTable = table(
  'client_token',
  {
    token: blob(),
    auditEntry: integer(),
    at: integer(),
    /** What the caller had to be permitted, as JSON: a repeat is answered where they still are. */
    needs: optional(text()),
  },
  'deleted',
)

/**
 * Two kinds of token live at two places. A client token that the caller chose is kept for a day in a table of its own.
 * With one server, a token that comes with every request (the signed invocation id, else the signature) would cost more than the rest of an
 * allocation if it had a random-keyed index; it stands in the append-only audit entry, and the window in which a
 * signature is accepted at all is kept in memory (`replay-window.ts`). Several servers share no memory: see
 * `postgres/tokens.ts`.
 */
export class Tokens {
  readonly #sql: Sql
  readonly #memory: ConnectionMemory
  readonly #window: Kept<number, TokenMark>
  /** How far the window has been read back from the record, newest entries first. */
  readonly #readBack: KeptOne<ReadBack>
  constructor(sql: Sql, memory: ConnectionMemory) {
    this.#sql = sql
    this.#memory = memory
    this.#window = memory.facts(new ReplayWindow())
    this.#readBack = memory.fact()
  }

  /**
   * Reads back a slice of the requests that could still be repeated. Answers whether all of them are known.
   * @param alsoParameters whether the hash of the parameters is a key too: where signatures stand there, it finds them
   */
  async readBack(now: number, alsoParameters: boolean): Promise<boolean> {
    // What has been written since the first slice is in the window already.
    const { before, count } = this.#readBack.value ?? { before: (this.#memory.newest?.n ?? 0) + 1, count: 0 }
    if (before === 0) return true
    const slice = (await this.#sql.get<Slice>(alsoParameters ? sliceByBoth : sliceByToken, before, sliceSize))!
    const numbers = JSON.parse(`[${slice.numbers ?? ''}]`) as number[]
    const since = now - replayWindowMs
    if (slice.newestAt !== null && slice.newestAt >= since) {
      // All of a slice are kept as long as its newest; a clock that was ahead keeps nothing longer.
      const at = Math.min(slice.newestAt, now)
      this.#learn(slice.tokens, numbers, at)
      this.#learn(slice.parameters, numbers, at)
    }
    const isOver = slice.count < sliceSize || slice.oldestAt! < since || count + slice.count >= replayEntriesMax
    this.#readBack.learn({ before: isOver ? 0 : slice.oldestN!, count: count + slice.count })
    return isOver
  }
  #learn(tokens: Uint8Array | null, numbers: readonly number[], at: number): void {
    if (!tokens) return
    for (let index = 0; index < numbers.length; index++) {
      const token = tokenNumberAt(tokens, index * tokenBytes)
      if (token !== noToken) this.#window.learn(token, { entry: numbers[index]!, at })
    }
  }
  /**
   * The use of a token that came with a request. Before all that could be repeated is known it is looked for in the record,
   * a slice at a time, so that others have their turns. Nearly always there is none, and that is known at once.
   */
  findRequest(token: Uint8Array, now: number, alsoParameters: boolean): Awaitable<RequestUse | undefined> {
    const number = tokenNumberOf(token)
    const isNew = this.#readBack.value?.before === 0 && this.#window.get(number) === undefined
    return isNew ? undefined : this.#lookFor(number, now, alsoParameters)
  }
  async #lookFor(number: number, now: number, alsoParameters: boolean): Promise<RequestUse | undefined> {
    for (;;) {
      const mark = this.#window.get(number)
      const use = mark && (await this.#useOf(mark.entry))
      // The window holds hints: whoever asks compares the tokens.
      if (use || this.#readBack.value?.before === 0) return use
      if (!(await this.readBack(now, alsoParameters))) await nextTurn()
    }
  }
  /** Keeps a token that came with a request. */
  keepRequest(token: Uint8Array, auditEntry: number, at: number): void {
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
  keep(token: Uint8Array, auditEntry: number, at: number, needs: string | null = null): void {
    clientTokenTable.later(this.#sql, { token, auditEntry, at, needs: needs ?? undefined })
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
  async #useOf(auditEntry: number): Promise<RequestUse | undefined> {
    return this.#sql.get<RequestUse>(
      'select n as entry, token, parameters, result, request_id as "requestId", null as needs from audit_entry where n = ? and token is not null',
      auditEntry,
    )
  }
}
