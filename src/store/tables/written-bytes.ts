// Bytes that somebody has written and that are kept, by the day (UTC): of each writer the present day alone is counted. Each kind has its table.
import { dayMs } from '#model/clock.ts'
import type { Sql } from '../sql.ts'
import { changing, integer, table, text } from '../table.ts'

/** What change requests say. */
export const changeRequestWrittenTable = table(
  'change_request_written',
  { requester: text(), day: integer(), bytes: changing(integer()) },
  'deleted',
)
/** Versions of large objects. */
export const historyWrittenTable = table(
  'history_written',
  { writer: text(), day: integer(), bytes: changing(integer()) },
  'deleted',
)

const dayOf = (now: number): number => Math.floor(now / dayMs)
/** When what is counted on the present day is counted no more. */
export const nextDay = (now: number): number => (dayOf(now) + 1) * dayMs

export class WrittenBytes {
  readonly #sql: Sql
  readonly #table: string
  readonly #writer: string
  constructor(
    sql: Sql,
    { name, columnNames: [writer] }: typeof changeRequestWrittenTable | typeof historyWrittenTable,
  ) {
    this.#sql = sql
    this.#table = name
    this.#writer = writer!
  }

  async by(writer: string, now: number): Promise<number> {
    const row = await this.#sql.get<{ bytes: number }>(
      `select bytes from ${this.#table} where ${this.#writer} = ? and day = ?`,
      writer,
      dayOf(now),
    )
    return row?.bytes ?? 0
  }
  /** What the writer has on other days is not counted any more. */
  async count(writer: string, now: number, bytes: number): Promise<void> {
    await this.#sql.run(`delete from ${this.#table} where ${this.#writer} = ? and day < ?`, writer, dayOf(now))
    await this.#sql.run(
      `insert into ${this.#table} (${this.#writer}, day, bytes) values (?, ?, ?)
       on conflict (${this.#writer}, day) do update set bytes = ${this.#table}.bytes + excluded.bytes`,
      writer,
      dayOf(now),
      bytes,
    )
  }
}
