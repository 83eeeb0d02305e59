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

/** What becomes of the rows of a table. */
export type Lifetime =
  /** Steps of the schema made them; servers neither add to them nor take any away. */
  | 'seeded'
  | 'deleted'
  /** Never deleted. */
  | 'kept'
  /** On record: triggers of the schema refuse deletion, and changes but of columns that are `changing`. */
  | 'recorded'
  /** On record likewise, and deleted where a trigger finds that it may be. */
  | 'forgotten'

/** How a member of ours stands in the table: in one column or, for a block, in two. */
export interface Column<T> {
  /** Undefined: the member's name in snake case. */
  readonly names?: readonly string[]
  readonly types: readonly StoredType[]
  readonly isOptional: boolean
  /** Whether the server may change it in a row that is there. */
  readonly isChanging: boolean
  /** Not read with the others. */
  readonly isUnread?: true
  /** Not inserted with the others. */
  readonly isUnwritten?: true
  /** The table that must have the row that it names. */
  readonly references?: string
  /** What is stored is the value itself, or null. */
  readonly isPlain?: true
  /** Adds what is stored to a list of values. */
  store(value: T, to: SqlValue[]): void
  load(...stored: readonly SqlValue[]): T
}

function single<T>(type: StoredType, store: (value: T) => SqlValue, load: (stored: SqlValue) => T): Column<T> {
  return {
    types: [type],
    isOptional: false,
    isChanging: false,
    store: (value, to) => {
      to.push(store(value))
    },
    load: (stored) => load(stored!),
  }
}
/** One that is stored as it is. */
const plain = <T extends SqlValue>(type: StoredType): Column<T> => ({
  ...single<T>(
    type,
    (value) => value,
    (stored) => stored as T,
  ),
  isPlain: true,
})

export const text = <T extends string = string>(): Column<T> => plain('text')
export const integer = <T extends number = number>(): Column<T> => plain('integer')
export const blob = (): Column<Uint8Array> => plain('blob')
/** Yes or no: 1 or 0. */
export const bit = (): Column<boolean> => single('integer', toBit, (stored) => stored === 1)
/** Yes, or null. */
export const mark = (): Column<boolean | undefined> => ({
  ...single<boolean | undefined>(
    'integer',
    (value) => (value ? 1 : null),
    (stored) => (stored === 1 ? true : undefined),
  ),
  isOptional: true,
})
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
/** A value as JSON, where it was a sentence before; none of them begins as JSON does. */
export const jsonOrWords = <T extends object>(ofWords: (words: string) => T): Column<T> =>
  single<T>(
    'text',
    (value) => JSON.stringify(value),
    (stored) => ((stored as string).startsWith('{') ? (JSON.parse(stored as string) as T) : ofWords(stored as string)),
  )
/** A block, in two columns: its first address (16 bytes), and its length in its own family. */
export const block = (first = 'first', length = 'length'): Column<Cidr> => ({
  names: [first, length],
  types: ['blob', 'integer'],
  isOptional: false,
  isChanging: false,
  store: (cidr, to) => {
    to.push(toKey(cidr), cidr.length)
  },
  load: (key, bits) => fromKey(key as Uint8Array, bits as number),
})

/** `null` in the database is `undefined` here. */
export const optional = <T>(column: Column<T>): Column<T | undefined> => ({
  ...column,
  isOptional: true,
  store: (value, to) => {
    if (value !== undefined) column.store(value, to)
    else for (const _ of column.types) to.push(null)
  },
  load: (...stored) => (stored[0] === null ? undefined : column.load(...stored)),
})
/** One whose column is not called after its member. */
export const named = <T>(name: string, column: Column<T>): Column<T> => ({ ...column, names: [name] })
/** One that the server may change; the others stay as they were written. */
export const changing = <T>(column: Column<T>): Column<T> => ({ ...column, isChanging: true })
/** One that names a row of another table, which must be there. */
export const references = <T>(table: string, column: Column<T>): Column<T> => ({ ...column, references: table })

/** One that the schema needs, and that no reading has: it follows from others, or is a secret. */
export const unread = <T>(column: Column<T>): Column<T | undefined> => ({
  ...column,
  isUnread: true,
  store: (value, to) => column.store(value as T, to),
})
/** One that a new row has from the schema: its default, or null. */
export const unwritten = <T>(column: Column<T>): Column<T | undefined> => ({
  ...column,
  isUnwritten: true,
  store: (value, to) => column.store(value as T, to),
})

/** Always 1: what keeps a row the only one of its table. PostgreSQL reserves its name. */
export const onlyRow = (name = '"only"'): Column<1 | undefined> => unread(named(name, integer<1>()))

type Columns<T> = { readonly [Name in keyof T]: Column<T[Name]> }
/** A value with these members; those that may be undefined may be left out. */
type Value<T> = { readonly [Name in keyof T as undefined extends T[Name] ? never : Name]: T[Name] } & {
  readonly [Name in keyof T as undefined extends T[Name] ? Name : never]?: T[Name]
}
/** What a row of a table is: `type Vpc = RowOf<typeof vpcTable>`. */
export type RowOf<Defined> = Defined extends Table<infer T> ? Value<T> : never

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

interface Member<T> {
  readonly name: keyof T
  readonly column: Column<T[keyof T]>
  readonly names: readonly string[]
}

/** How a member is written, of one shape for all: every allocation asks it of some thirty columns. */
interface Written<T> {
  readonly name: keyof T
  /** Undefined: as it is. */
  readonly store: Column<T[keyof T]>['store'] | undefined
}

export class Table<T> {
  readonly name: string
  /** All columns that are read, as a list for `select`. */
  readonly columns: string
  readonly columnNames: readonly string[]
  /** Of the columns, in their order. */
  readonly types: readonly { readonly type: StoredType; readonly isOptional: boolean }[]
  /** Other tables that must have what a row here names. */
  readonly references: readonly string[]
  readonly lifetime: Lifetime
  readonly rights: Right
  readonly #members: readonly Member<T>[]
  readonly #read: readonly Member<T>[]
  readonly #written: readonly Written<T>[]
  readonly #readNames: readonly string[]
  readonly #insertion: string

  constructor(name: string, columns: Columns<T>, lifetime: Lifetime) {
    this.name = name
    this.lifetime = lifetime
    const entries = Object.entries(columns) as [keyof T & string, Column<T[keyof T]>][]
    this.#members = entries.map(([member, column]) => ({
      name: member,
      column,
      names: column.names ?? [snake(member)],
    }))
    this.#read = this.#members.filter(({ column }) => !column.isUnread)
    this.columnNames = namesOf(this.#members).map((each) => each.replaceAll('"', ''))
    this.types = this.#members.flatMap(({ column: { types, isOptional } }) =>
      types.map((type) => ({ type, isOptional })),
    )
    this.references = [...new Set(this.#members.flatMap(({ column }) => column.references ?? []))]
    this.#readNames = namesOf(this.#read)
    this.columns = this.#readNames.join(', ')
    const written = this.#members.filter(({ column }) => !column.isUnwritten)
    this.#written = written.map((member) => ({
      name: member.name,
      store: member.column.isPlain ? undefined : member.column.store,
    }))
    const inserted = namesOf(written)
    this.#insertion = `insert into ${name} (${inserted.join(', ')}) values (${inserted.map(() => '?').join(', ')})`
    const update = namesOf(this.#members.filter(({ column }) => column.isChanging)).sort()
    this.rights = {
      ...(lifetime === 'seeded' ? {} : { insert: true as const }),
      ...(update.length === 0 ? {} : { update }),
      ...(lifetime === 'deleted' || lifetime === 'forgotten' ? { delete: true as const } : {}),
    }
  }

  /** The columns in a statement that reads more tables: `v.id, v.account`. */
  columnsOf(alias: string): string {
    return this.#readNames.map((name) => `${alias}.${name}`).join(', ')
  }
  /** A row that was read with all columns. Members that it has no value for are left out. */
  of(row: Row): Value<T> {
    const value = {} as T
    for (const { name, column, names } of this.#read) {
      const found = names.length === 1 ? column.load(row[names[0]!]!) : column.load(...names.map((each) => row[each]!))
      if (found !== undefined) value[name] = found
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
    await sql.run(this.#insertion, ...this.#stored(value as T))
  }
  /** The same as `Sql.later` does it. */
  later(sql: Sql, value: Value<T>): void {
    sql.later(this.#insertion, ...this.#stored(value as T))
  }
  /** The same, where there is none yet. */
  laterUnlessThere(sql: Sql, value: Value<T>): void {
    sql.later(`${this.#insertion} on conflict do nothing`, ...this.#stored(value as T))
  }
  /** Inserts a row, or changes what may be changed of the one that has the same key: `'policy_id, target_id'`. */
  async put(sql: Sql, value: Value<T>, key: string): Promise<void> {
    const sets = this.rights.update!.map((name) => `${name} = excluded.${name}`).join(', ')
    await sql.run(`${this.#insertion} on conflict (${key}) do update set ${sets}`, ...this.#stored(value as T))
  }
  /**
   * Changes members of rows that are there; answers how many rows.
   * @param rest which ones: `where id = ?`
   */
  async change(sql: Sql, changes: Partial<T>, rest: string, ...values: SqlValue[]): Promise<number> {
    const changed = this.#members.filter(({ name }) => name in (changes as object))
    assert(changed.length > 0, 'a change changes something')
    for (const { name, column } of changed) assert(column.isChanging, `${this.name}.${String(name)} may be changed`)
    const sets = namesOf(changed)
      .map((name) => `${name} = ?`)
      .join(', ')
    const stored: SqlValue[] = []
    for (const { name, column } of changed) column.store(changes[name] as T[keyof T], stored)
    return sql.run(`update ${this.name} set ${sets} ${rest}`, ...stored, ...values)
  }

  #stored(value: T): SqlValue[] {
    const stored: SqlValue[] = []
    for (const { name, store } of this.#written) {
      const member = value[name]
      if (store === undefined) stored.push((member as SqlValue | undefined) ?? null)
      else store(member, stored)
    }
    return stored
  }
}

const namesOf = <T>(members: readonly Member<T>[]): string[] => members.flatMap(({ names }) => names)

/** Defines a table. */
export const table = <T>(name: string, columns: Columns<T>, lifetime: Lifetime): Table<T> =>
  new Table(name, columns, lifetime)
