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
}

/** SQLite has no booleans. */
export const toBit = (value: boolean): number => (value ? 1 : 0)
