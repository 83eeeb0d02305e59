// What servers put off until a moment of their own: until when one of them works at something alone, when what failed is tried again, by when
// something was looked at. Where the clock was ahead when that was written, it would keep them from going on for as long as it was ahead.
import { dayMs } from '#model/clock.ts'
import { quietSecondsMax } from '#model/delivery.ts'
import { endsSoonDays } from '#model/event.ts'
import type { Sql } from '../sql.ts'

const hourMs = 3_600_000
/** A server that works at something says so again before this. */
export const leaseMsMax = 60_000
/** What fails again and again is left alone for no longer. */
export const pauseMsMax = 2 * hourMs
/** No delivery waits for longer: for the end of a day, for the next try, or because its subscription is quiet. */
export const deliveryMsMax = quietSecondsMax * 1_000 + dayMs

interface PutOff {
  readonly table: string
  readonly key: string
  readonly column: string
  /** No clock that is right puts it off for longer. */
  readonly furthestMs: number
  /** It is put off no longer then, but for as long: it is the end of what was looked at. */
  readonly isEnd?: true
  /** Of which rows. */
  readonly where?: string
  /** What the column counts; milliseconds by default. */
  readonly unitMs?: number
  /** What is due at once, once the column is back. */
  readonly also?: string
}
const lease = (table: string, key: string, more: Partial<PutOff> = {}): PutOff => ({
  ...{ table, key, column: 'worker_until', furthestMs: leaseMsMax },
  ...more,
})
const all: readonly PutOff[] = [
  lease('finding_progress', '"only"'),
  lease('outbox_progress', '"only"'),
  lease('record_sink', 'name'),
  lease('simulation', 'n', { where: "status = 'running'" }),
  { table: 'record_sink', key: 'name', column: 'next_at', furthestMs: pauseMsMax },
  { table: 'evidence_witness', key: 'name', column: 'next_at', furthestMs: pauseMsMax },
  { table: 'subscription', key: 'id', column: 'paused_until', furthestMs: pauseMsMax },
  { table: 'delivery', key: 'n', column: 'next_at', furthestMs: deliveryMsMax, where: "status = 'waiting'" },
  { table: 'finding_progress', key: '"only"', column: 'moment', furthestMs: 0, also: 'next_moment' },
  // One millisecond behind what was looked at.
  { table: 'outbox_progress', key: '"only"', column: 'ended_at', furthestMs: 1, isEnd: true },
  { table: 'outbox_progress', key: '"only"', column: 'soon_at', furthestMs: endsSoonDays * dayMs + 1, isEnd: true },
  { table: 'capacity_watch', key: '"only"', column: 'hour', furthestMs: 0, unitMs: hourMs },
  { table: 'source', key: 'id', column: 'found_at', furthestMs: 0 },
  { table: 'snapshot', key: 'source_id', column: 'touched_at', furthestMs: 0, where: "state = 'open'" },
]
/** Rows of one table that one transaction changes. */
const rowsPerTurn = 500

export class PutOffs {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Whether anything is put off for longer than it can be. */
  async anyTooLong(now: number): Promise<boolean> {
    for (const one of all) {
      const furthest = momentIn(one, now + one.furthestMs)
      const row = await this.#sql.get(`select 1 as one from ${one.table} where ${isTooLong(one)} limit 1`, furthest)
      if (row) return true
    }
    return false
  }
  /** Puts some of it off no longer. */
  async bringBack(now: number): Promise<void> {
    for (const one of all) {
      const { table, key, column, furthestMs, isEnd, also } = one
      const furthest = momentIn(one, now + furthestMs)
      const then = isEnd ? furthest : momentIn(one, now)
      await this.#sql.run(
        `update ${table} set ${column} = ?${also === undefined ? '' : `, ${also} = ?`}
         where ${isTooLong(one)} and ${key} in (select ${key} from ${table} where ${isTooLong(one)} limit ?)`,
        then,
        ...(also === undefined ? [] : [then]),
        furthest,
        furthest,
        rowsPerTurn,
      )
    }
  }
}
const isTooLong = ({ column, where }: PutOff): string => `${column} > ?${where === undefined ? '' : ` and ${where}`}`
const momentIn = ({ unitMs = 1 }: PutOff, at: number): number => Math.floor(at / unitMs)
