// IPAMs and their scopes.
import type { Clock } from './history.ts'
import type { Sql } from './sql.ts'

export class Ipams {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }
}
