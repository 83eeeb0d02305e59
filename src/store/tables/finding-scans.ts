// How far the record was followed for findings, and what is to be looked at anew: so that whoever goes on knows where.
import type { Sql } from '../sql.ts'
import { bit, changing, integer, json, named, onlyRow, optional, table, text } from '../table.ts'

export const findingProgressTable = table(
  'finding_progress',
  {
    only: onlyRow(),
    /** The last entry that was followed, and when it was written. */
    entry: changing(integer()),
    entryAt: changing(integer()),
    /** Of governance, when that was. */
    epoch: changing(integer()),
    /** Exceptions that begin or end by this moment were looked at. */
    moment: changing(integer()),
    /** The next one at which one does. */
    nextMoment: changing(optional(integer())),
    /** Since when everything there is has been evaluated. */
    evaluatedFrom: changing(optional(integer())),
    worker: changing(optional(text())),
    workerUntil: changing(integer()),
  },
  'seeded',
)
/** What is to be looked at: without any part, everything. */
export interface Scope {
  /** At it and below. */
  readonly node?: string
  readonly resourceType?: string
  readonly locale?: string
  /** What comes from this pool; `provider` for the provider's. */
  readonly pool?: string
  /** What was given under this exception. */
  readonly exception?: string
}
export const findingScanTable = table(
  'finding_scan',
  {
    n: integer(),
    scope: json<Scope>(),
    /** Whose it is: the unit below the root, empty at the root and for everything; and the account or unit itself. */
    unit: text(),
    node: text(),
    /** How far it has come; empty where it has not begun. */
    place: changing(text()),
    isAgain: changing(named('is_again', bit())),
    /** How many were looked at. */
    looked: changing(integer()),
  },
  'deleted',
)

export interface FindingProgress {
  readonly entry: number
  readonly entryAt: number
  readonly epoch: number
  readonly moment: number
  readonly nextMoment?: number
  readonly evaluatedFrom?: number
  readonly worker?: string
  readonly workerUntil: number
}
/** Whose scans are looked at in turn. */
export interface ScanOwner {
  readonly unit: string
  readonly node: string
}
export interface Scan extends ScanOwner {
  readonly n: number
  readonly scope: Scope
  readonly place: string
  readonly isAgain: boolean
  readonly looked: number
}

/** A scope as it is stored: equal ones are one. */
const textOf = ({ node, resourceType, locale, pool, exception }: Scope): Scope => ({
  ...(node === undefined ? {} : { node }),
  ...(resourceType === undefined ? {} : { resourceType }),
  ...(locale === undefined ? {} : { locale }),
  ...(pool === undefined ? {} : { pool }),
  ...(exception === undefined ? {} : { exception }),
})

export class FindingScans {
  readonly #sql: Sql
  readonly #ids: { nextSequence(): number }
  constructor(sql: Sql, ids: { nextSequence(): number }) {
    this.#sql = sql
    this.#ids = ids
  }

  async progress(): Promise<FindingProgress> {
    return (await findingProgressTable.first(this.#sql, ''))!
  }
  async setProgress(changes: Partial<FindingProgress>): Promise<void> {
    await findingProgressTable.change(this.#sql, changes, '')
  }
  async isAny(): Promise<boolean> {
    return (await findingScanTable.first(this.#sql, 'limit 1')) !== undefined
  }
  /** The first unit that has something to be looked at, or the first behind one, in the order of their ids. */
  async unitAfter(unit: string | undefined): Promise<string | undefined> {
    const first =
      unit === undefined
        ? await findingScanTable.first(this.#sql, 'order by unit limit 1')
        : await findingScanTable.first(this.#sql, 'where unit > ? order by unit limit 1', unit)
    return first?.unit
  }
  /** The same of the accounts and units in it. */
  async nodeAfter(unit: string, node: string | undefined): Promise<string | undefined> {
    const first =
      node === undefined
        ? await findingScanTable.first(this.#sql, 'where unit = ? order by node limit 1', unit)
        : await findingScanTable.first(this.#sql, 'where unit = ? and node > ? order by node limit 1', unit, node)
    return first?.node
  }
  /** The one of which least has been looked at: what is small waits for nothing that is large. */
  firstOf({ unit, node }: ScanOwner): Promise<Scan | undefined> {
    const rest = 'where unit = ? and node = ? order by looked, n limit 1'
    return findingScanTable.first(this.#sql, rest, unit, node)
  }
  async find(n: number): Promise<Scan | undefined> {
    return findingScanTable.first(this.#sql, 'where n = ?', n)
  }
  /** How many there are, no more than `limit`. */
  async count(limit: number): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      'select count(*) as count from (select 1 as one from finding_scan limit ?) found',
      limit,
    )
    return row!.count
  }
  /** Asks for a scope to be looked at, from now on: one that has begun already goes through it once more. */
  async ask(scope: Scope, { unit, node }: ScanOwner): Promise<void> {
    const wanted = textOf(scope)
    const known = await findingScanTable.first(this.#sql, 'where scope = ?', JSON.stringify(wanted))
    if (!known) {
      await findingScanTable.insert(this.#sql, {
        n: this.#ids.nextSequence(),
        scope: wanted,
        unit,
        node,
        place: '',
        isAgain: false,
        looked: 0,
      })
    } else if (known.place !== '' && !known.isAgain) {
      await findingScanTable.change(this.#sql, { isAgain: true }, 'where n = ?', known.n)
    }
  }
  async advance(n: number, changes: Partial<Pick<Scan, 'place' | 'isAgain' | 'looked'>>): Promise<void> {
    await findingScanTable.change(this.#sql, changes, 'where n = ?', n)
  }
  async end(n: number): Promise<void> {
    await this.#sql.run('delete from finding_scan where n = ?', n)
  }
}
