// VPCs and subnets, with their CIDR blocks.
import type { Clock } from './history.ts'
import type { Sql } from './sql.ts'

export class Vpcs {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }
}
