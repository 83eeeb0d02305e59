// Which of several servers leads: one short lease in the database, by the database's clock. Whoever leads is asked by the others to
// write for them; correctness never rests on it, since writers take turns by a lock (`takeLock`), whoever leads.

import { connect, type Link, type LinkOptions } from './link.ts'
import { translate } from './sql.ts'

/** How long a lease holds: so long after a leader has died all write by themselves. */
export const leaseMs = 3_000
/** A database that does not answer within this time is asked again. */
const answerMs = 1_500

export interface Lease {
  readonly holder: string
  /** Where peers reach it: `HOST:PORT`. */
  readonly address: string
  /** It only grows. */
  readonly term: number
  /** How long it holds from now on; 0 where it is over. */
  readonly leftMs: number
}
const now = '(extract(epoch from clock_timestamp()) * 1000)::bigint'
const find = `select holder, address, term, greatest(until - ${now}, 0) as "leftMs" from writer_lease`
/** Taken where it is free, and renewed by its holder: also where two ask at once, one of them has it. */
const take = `insert into writer_lease as l (one, holder, address, term, until) values (1, ?, ?, 1, ${now} + ${leaseMs})
  on conflict (one) do update set holder = excluded.holder, address = excluded.address, until = excluded.until,
    term = l.term + case when l.holder = excluded.holder and l.until > ${now} then 0 else 1 end
  where l.holder = excluded.holder or l.until <= ${now}
  returning l.holder, l.address, l.term, greatest(l.until - ${now}, 0) as "leftMs"`
const giveUp = 'update writer_lease set until = 0 where holder = ?'

export class LeaseKeeper {
  readonly #options: LinkOptions
  readonly #id: string
  #link: Link | undefined
  #isClosed = false

  /** @param id of this server, drawn when it starts */
  constructor(options: LinkOptions, id: string) {
    this.#options = { ...options, deadlineMs: answerMs, statementMs: answerMs }
    this.#id = id
  }

  get id(): string {
    return this.#id
  }
  /** Who leads; this server, where nobody did and it has an address. Undefined where the database says nothing. */
  async look(address: string): Promise<Lease | undefined> {
    const found = await this.#ask(find)
    if (found && found.leftMs > 0 && found.holder !== this.#id) return found
    // Another one may have been faster.
    return (await this.#ask(take, this.#id, address)) ?? (await this.#ask(find))
  }
  /** The next one that looks may lead. */
  async giveUp(): Promise<void> {
    await this.#ask(giveUp, this.#id)
  }
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#link?.close()
  }

  async #ask(text: string, ...values: string[]): Promise<Lease | undefined> {
    if (!this.#link?.isUsable) this.#link = await connect(this.#options)
    const link = this.#link
    if (this.#isClosed) await link.close()
    const statement = translate(text)
    return (await link.query(statement.name, statement.text, values)).rows[0] as Lease | undefined
  }
}
