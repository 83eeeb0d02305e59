// The narrow door to a database engine: three verbs over SQL text that both engines understand.

export type SqlValue = null | number | bigint | string | Uint8Array
/** SQLite answers at once, PostgreSQL later; whoever asks awaits. */
export type Awaitable<T> = T | Promise<T>

export interface Sql {
  /** The first row, or undefined. `?` are positional parameters. */
  get<Row>(text: string, ...values: SqlValue[]): Awaitable<Row | undefined>
  all<Row>(text: string, ...values: SqlValue[]): Awaitable<Row[]>
  /** The number of rows changed. */
  run(text: string, ...values: SqlValue[]): Awaitable<number>
  /**
   * The same, where nobody asks how many: an `insert … values (?, …)`, an `update … set a = ?, … where key = ?` of one row,
   * or a `delete … where key = ? and …` of one row that this transaction has read and that must be there; of a row that
   * nothing in this transaction changes again by the same key. SQLite executes it at once; PostgreSQL sends those of one
   * text together, before the next statement that could tell the difference, deletes first.
   */
  later(text: string, ...values: SqlValue[]): Awaitable<void>
}

/** SQLite has no booleans. */
export const toBit = (value: boolean): number => (value ? 1 : 0)
