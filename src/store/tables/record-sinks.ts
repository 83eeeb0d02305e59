// How far the record was sent to each place that the operator names: whoever goes on knows where.
import type { Sql } from '../sql.ts'
import { changing, integer, optional, type RowOf, table, text } from '../table.ts'

export type SinkName = 'syslog' | 'file'

export const recordSinkTable = table(
  'record_sink',
  {
    name: text<SinkName>(),
    /** The last entry that was sent; -1 before anything is. */
    entry: changing(integer()),
    /** One after the other, and until when it is left alone for them. */
    failures: changing(integer()),
    nextAt: changing(integer()),
    worker: changing(optional(text())),
    workerUntil: changing(integer()),
  },
  'seeded',
)
export type SinkProgress = RowOf<typeof recordSinkTable>

export class RecordSinks {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }
  async progress(name: SinkName): Promise<SinkProgress> {
    return (await recordSinkTable.first(this.#sql, 'where name = ?', name))!
  }
  async setProgress(name: SinkName, changes: Partial<Omit<SinkProgress, 'name'>>): Promise<void> {
    await recordSinkTable.change(this.#sql, changes, 'where name = ?', name)
  }
}
