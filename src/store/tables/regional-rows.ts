// What has a home Region and operates in several: rows of one table, and of another one those Regions.
import { listOfTexts, type Sql, type SqlValue } from '../sql.ts'
import { references, table, text } from '../table.ts'

/** A table of Regions, each of a row that `column` names. */
export const regionsTable = (name: string, column: string, of: string) =>
  table(name, { owner: { ...references(of, text()), names: [column] }, region: text() }, 'deleted')
type RegionsTable = ReturnType<typeof regionsTable>

interface AtHome {
  readonly id: string
  readonly account: string
  /** The home Region. */
  readonly region: string
}
/** Of a table of such rows. */
interface RowsTable<Row> {
  readonly name: string
  first(sql: Sql, rest: string, ...values: SqlValue[]): Promise<Row | undefined>
  all(sql: Sql, rest: string, ...values: SqlValue[]): Promise<Row[]>
  insert(sql: Sql, row: Row): Promise<void>
  change(sql: Sql, changes: Partial<Row>, rest: string, ...values: SqlValue[]): Promise<number>
}
export type WithRegions<Row> = Row & {
  /** In alphabetical order. */
  readonly operatingRegions: readonly string[]
}

export class RegionalRows<Row extends AtHome> {
  readonly #sql: Sql
  readonly #rows: RowsTable<Row>
  readonly #regions: RegionsTable
  /** The column of the table of Regions that names a row. */
  readonly #owner: string
  constructor(sql: Sql, rows: RowsTable<Row>, regions: RegionsTable) {
    this.#sql = sql
    this.#rows = rows
    this.#regions = regions
    this.#owner = regions.columnNames[0]!
  }

  async find(id: string): Promise<WithRegions<Row> | undefined> {
    const found = await this.#rows.first(this.#sql, 'where id = ?', id)
    return found && (await this.#withRegions([found]))[0]
  }
  /** Those of some ids, in order of creation. */
  async some(ids: readonly string[]): Promise<WithRegions<Row>[]> {
    if (ids.length === 0) return []
    const list = listOfTexts(ids)
    return this.#withRegions(await this.#rows.all(this.#sql, `where id in ${list.text} order by id`, ...list.values))
  }
  /** An account's whose home is the Region, in order of creation. */
  async ofAccount(account: string, region: string): Promise<WithRegions<Row>[]> {
    const found = await this.#rows.all(this.#sql, 'where account = ? and region = ? order by id', account, region)
    return this.#withRegions(found)
  }
  /** Of all accounts, or of one, in order of creation. */
  async list({ account }: { readonly account?: string }, after: string, limit: number): Promise<WithRegions<Row>[]> {
    const found = await this.#rows.all(
      this.#sql,
      `where id > ?${account === undefined ? '' : ' and account = ?'} order by id limit ?`,
      after,
      ...(account === undefined ? [] : [account]),
      limit,
    )
    return this.#withRegions(found)
  }
  async insert(row: WithRegions<Row>): Promise<void> {
    await this.#rows.insert(this.#sql, row)
    this.#insertRegions(row)
  }
  /** Changes members of a row, and its Regions. */
  async update(row: WithRegions<Row>, changes: Partial<Row>): Promise<void> {
    await this.#rows.change(this.#sql, changes, 'where id = ?', row.id)
    await this.#sql.run(`delete from ${this.#regions.name} where ${this.#owner} = ?`, row.id)
    this.#insertRegions(row)
  }
  async delete(id: string): Promise<void> {
    await this.#sql.run(`delete from ${this.#regions.name} where ${this.#owner} = ?`, id)
    await this.#sql.run(`delete from ${this.#rows.name} where id = ?`, id)
  }

  async #withRegions(found: readonly Row[]): Promise<WithRegions<Row>[]> {
    if (found.length === 0) return []
    const { text: ids, values } = listOfTexts(found.map(({ id }) => id))
    const rest = `where ${this.#owner} in ${ids} order by ${this.#owner}, region`
    const regionsOf = Map.groupBy(await this.#regions.all(this.#sql, rest, ...values), ({ owner }) => owner)
    return found.map((row) => ({ ...row, operatingRegions: (regionsOf.get(row.id) ?? []).map(({ region }) => region) }))
  }
  #insertRegions({ id, operatingRegions }: WithRegions<Row>): void {
    for (const region of operatingRegions) this.#regions.later(this.#sql, { owner: id, region })
  }
}
