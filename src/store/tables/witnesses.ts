// Witnesses of the log of evidence, and the logs that this installation is a witness for.
import type { Sql } from '../sql.ts'
import { blob, changing, integer, optional, type RowOf, table, text } from '../table.ts'

export const evidenceWitnessTable = table(
  'evidence_witness',
  {
    name: text(),
    size: changing(integer()),
    checkpoint: changing(optional(integer())),
    /** Lines of a signed note. */
    signature: changing(optional(text())),
    at: changing(optional(integer())),
    problem: changing(optional(text())),
    failures: changing(integer()),
    nextAt: changing(integer()),
  },
  'kept',
)
export const witnessedLogTable = table(
  'witnessed_log',
  {
    origin: text(),
    size: changing(integer()),
    root: changing(blob()),
    note: changing(text()),
    at: changing(integer()),
    conflict: changing(optional(text())),
    conflictAt: changing(optional(integer())),
  },
  'kept',
)
export type EvidenceWitness = RowOf<typeof evidenceWitnessTable>
export type WitnessedLog = RowOf<typeof witnessedLogTable>

export class Witnesses {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }
  /** In the order of their names: as many as the operator has named, at any time. */
  async all(): Promise<readonly EvidenceWitness[]> {
    return evidenceWitnessTable.all(this.#sql, 'order by name limit 100')
  }
  async find(name: string): Promise<EvidenceWitness | undefined> {
    return evidenceWitnessTable.first(this.#sql, 'where name = ?', name)
  }
  async put(witness: EvidenceWitness): Promise<void> {
    await evidenceWitnessTable.put(this.#sql, witness, 'name')
  }
  async logs(): Promise<readonly WitnessedLog[]> {
    return witnessedLogTable.all(this.#sql, 'order by origin limit 100')
  }
  async findLog(origin: string): Promise<WitnessedLog | undefined> {
    return witnessedLogTable.first(this.#sql, 'where origin = ?', origin)
  }
  async putLog(log: WitnessedLog): Promise<void> {
    await witnessedLogTable.put(this.#sql, log, 'origin')
  }
}
