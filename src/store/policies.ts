// Policies, their immutable versions, and where they are enabled.
import type { Clock } from './history.ts'
import type { Sql } from './sql.ts'

export class Policies {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }
}
