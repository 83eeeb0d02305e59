// NAT gateways and their addresses.
import type { Clock } from './history.ts'
import type { Sql } from './sql.ts'

export class NatGateways {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }
}
