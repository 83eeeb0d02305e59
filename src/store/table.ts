// A table is one definition: what a row is among our values, and from that its columns, how it is read and written, and what the
// server's role may do with it on PostgreSQL. The schema itself stands in steps (`schema/`), which are never rewritten; a test
// compares the two.
import { assert } from '#model/assert.ts'
import { type Cidr, fromKey, toKey } from '#model/cidr.ts'
import { type Sql, type SqlValue, toBit } from './sql.ts'

/** What the server's role may do with a table on PostgreSQL, beside reading it. */
export interface Right {
  readonly insert?: true
  /** These columns and no others. */
  readonly update?: readonly string[]
  readonly delete?: true
}
/** A row as the engines give it. */
export type Row = Readonly<Record<string, SqlValue>>
type StoredType = 'text' | 'integer' | 'blob'

/** How a member of ours stands in the table: in one column or, for a block, in two. */
export interface Column<T> {
  /** Undefined: the member's name in snake case. */
  readonly names?: readonly string[]
  readonly types: readonly StoredType[]
  readonly isOptional: boolean
  /** Whether the server may change it in a row that is there. */
  readonly isChanging: boolean
  /** Written, and of no use to whoever reads a row. */
  readonly isUnread?: true
  toStored(value: T): readonly SqlValue[]
  fromStored(...stored: readonly SqlValue[]): T
}

function single<T>(type: StoredType, store: (value: T) => SqlValue, load: (stored: SqlValue) => T): Column<T> {
  return {
    types: [type],
    isOptional: false,
    isChanging: false,
    toStored: (value) => [store(value)],
    fromStored: (stored) => load(stored!),
  }
}

export const text = <T extends string = string>(): Column<T> =>
  single<T>(
    'text',
    (value) => value,
    (stored) => stored as T,
  )
export const integer = <T extends number = number>(): Column<T> =>
  single<T>(
    'integer',
    (value) => value,
    (stored) => stored as T,
  )
/** Yes or no: 1 or 0. */
export const bit = (): Column<boolean> => single('integer', toBit, (stored) => stored === 1)
/** A value as JSON. Only what JSON gives back as it was. */
export const json = <T>(): Column<T> =>
  single<T>(
    'text',
    (value) => JSON.stringify(value),
    (stored) => JSON.parse(stored as string) as T,
  )
/** A value as JSON in a shape of its own, which was chosen before and stays. */
export const jsonAs = <T, Stored>(store: (value: T) => Stored, load: (stored: Stored) => T): Column<T> =>
  single<T>(
    'text',
    (value) => JSON.stringify(store(value)),
    (stored) => load(JSON.parse(stored as string) as Stored),
  )
/** A block, in two columns: its first address (16 bytes), and its length in its own family. */
export const block = (first = 'first', length = 'length'): Column<Cidr> => ({
  names: [first, length],
  types: ['blob', 'integer'],
  isOptional: false,
  isChanging: false,
  toStored: (cidr) => [toKey(cidr), cidr.length],
  fromStored: (key, bits) => fromKey(key as Uint8Array, bits as number),
})

/** `null` in the database is `undefined` here. */
export const optional = <T>(column: Column<T>): Column<T | undefined> => ({
  ...column,
  isOptional: true,
  toStored: (value) => (value === undefined ? column.types.map(() => null) : column.toStored(value)),
  fromStored: (...stored) => (stored[0] === null ? undefined : column.fromStored(...stored)),
})
/** One whose column is not called after its member. */
export const named = <T>(name: string, column: Column<T>): Column<T> => ({ ...column, names: [name] })
/** One that the server may change; the others stay as they were written. */
export const changing = <T>(column: Column<T>): Column<T> => ({ ...column, isChanging: true })

/** One that the schema needs, and that no reading has: it follows from others. */
export const unread = <T>(column: Column<T>): Column<T | undefined> => ({ ...optional(column), isUnread: true })

type Columns<T> = { readonly [Name in keyof T]: Column<T[Name]> }
/** A value with these members; those that may be undefined may be left out. */
type Value<T> = { readonly [Name in keyof T as undefined extends T[Name] ? never : Name]: T[Name] } & {
  readonly [Name in keyof T as undefined extends T[Name] ? Name : never]?: T[Name]
}
/** What a row of a table is: `type Vpc = RowOf<typeof vpcTable>`. */
export type RowOf<Defined> = Defined extends Table<infer T> ? Value<T> : never

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

type Members<T> = readonly (readonly [name: keyof T, column: Column<T[keyof T]>, names: readonly string[]])[]

export class Table<T> {
  readonly name: string
  /** All columns that are read, as a list for `select`. */
  readonly columns: string
  readonly columnNames: readonly string[]
  /** Of the columns, in their order. */
  readonly types: readonly { readonly type: StoredType; readonly isOptional: boolean }[]
  readonly rights: Right
  readonly #members: Members<T>
  readonly #read: Members<T>
  readonly #readNames: readonly string[]
  readonly #insertion: string

  constructor(name: string, columns: Columns<T>, isDeleted: boolean, changedElsewhere: readonly string[]) {
    this.name = name
    const entries = Object.entries(columns) as [keyof T & string, Column<T[keyof T]>][]
    this.#members = entries.map(([member, column]) => [member, column, column.names ?? [snake(member)]])
    this.columnNames = this.#members.flatMap(([, , names]) => names)
    this.types = this.#members.flatMap(([, { types, isOptional }]) => types.map((type) => ({ type, isOptional })))
    this.#read = this.#members.filter(([, { isUnread }]) => !isUnread)
    this.#readNames = this.#read.flatMap(([, , names]) => names)
    this.columns = this.#readNames.join(', ')
    this.#insertion = `insert into ${name} (${this.columnNames.join(', ')}) values (${this.columnNames.map(() => '?').join(', ')})`
    const changing = this.#members.flatMap(([, { isChanging }, names]) => (isChanging ? names : []))
    const update = [...changing, ...changedElsewhere].sort()
    this.rights = {
      insert: true,
      ...(update.length === 0 ? {} : { update }),
      ...(isDeleted ? { delete: true as const } : {}),
    }
  }

  /** The columns in a statement that reads more tables: `v.id, v.account`. */
  columnsOf(alias: string): string {
    return this.#readNames.map((name) => `${alias}.${name}`).join(', ')
  }
  /** A row that was read with all columns. Members that it has no value for are left out. */
  of(row: Row): Value<T> {
    const value = {} as T
    for (const [member, column, names] of this.#read) {
      const found =
        names.length === 1 ? column.fromStored(row[names[0]!]!) : column.fromStored(...names.map((name) => row[name]!))
      if (found !== undefined) value[member] = found
    }
    return value as Value<T>
  }
  /** @param rest of the statement, after the name of the table: `where id = ?` */
  async first(sql: Sql, rest: string, ...values: SqlValue[]): Promise<Value<T> | undefined> {
    const row = await sql.get<Row>(`select ${this.columns} from ${this.name} ${rest}`, ...values)
    return row && this.of(row)
  }
  /** @param rest as in `first`; it has an order, and a bound where there can be many */
  async all(sql: Sql, rest: string, ...values: SqlValue[]): Promise<Value<T>[]> {
    const rows = await sql.all<Row>(`select ${this.columns} from ${this.name} ${rest}`, ...values)
    return rows.map((row) => this.of(row))
  }
  async insert(sql: Sql, value: Value<T>): Promise<void> {
    const given = value as T
    await sql.run(this.#insertion, ...this.#members.flatMap(([member, column]) => column.toStored(given[member])))
  }
  /**
   * Changes members of rows that are there; answers how many rows.
   * @param rest which ones: `where id = ?`
   */
  async change(sql: Sql, changes: Partial<T>, rest: string, ...values: SqlValue[]): Promise<number> {
    const changed = this.#members.filter(([member]) => member in (changes as object))
    assert(changed.length > 0, 'a change changes something')
    for (const [member, { isChanging }] of changed) assert(isChanging, `${this.name}.${String(member)} may be changed`)
    const sets = changed.flatMap(([, , names]) => names.map((name) => `${name} = ?`)).join(', ')
    const stored = changed.flatMap(([member, column]) => column.toStored(changes[member] as T[keyof T]))
    return sql.run(`update ${this.name} set ${sets} ${rest}`, ...stored, ...values)
  }
}

/**
 * Defines a table that rows are added to.
 * @param lifetime `kept`: rows are never deleted
 * @param changedElsewhere columns that are no members, and that statements of others change
 */
export const table = <T>(
  name: string,
  columns: Columns<T>,
  lifetime: 'kept' | 'deleted',
  changedElsewhere: readonly string[] = [],
): Table<T> => new Table(name, columns, lifetime === 'deleted', changedElsewhere)
