// The organization: its tree, its accounts, its delegated administrators.
import type { Clock } from './history.ts'
import type { Sql } from './sql.ts'

export class Organizations {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }
}
