// What the server's role may do with each table, granted by the schema's owner: what is on record, it can only add to.

import { definitions } from '../definitions.ts'
import type { Right } from '../table.ts'
import { StoreTrouble } from '../trouble.ts'
import { grantedTables } from './sql.ts'
import { postgresDefinitions } from './tables.ts'

/** By table, as its definition says it. Everything may be read. Nobody needs `truncate`. */
export const rights: Readonly<Record<string, Right>> = {
  ...Object.fromEntries([...definitions, ...postgresDefinitions].map(({ name, rights }) => [name, rights])),
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
const rightOf = (table: string): Right => {
  const right = rights[table]
  if (!right) throw new Error(`bug: nobody has said what the server may do with \`${table}\``)
  return right
}

/** Takes every right on the schema from `role`, and from everybody, and gives it exactly those of the table above. */
export function grantsTo(role: string, schema: string): string {
  const to = quoted(role)
  const tables = grantedTables.map((table) => {
    const { insert, update, delete: remove } = rightOf(table)
    const words = ['select', insert && 'insert', update && `update (${update.join(', ')})`, remove && 'delete']
    return `grant ${words.filter(Boolean).join(', ')} on ${quoted(schema)}.${table} to ${to}`
  })
  return [
    ...[to, 'public'].flatMap((from) => [
      `revoke all on all tables in schema ${quoted(schema)} from ${from}`,
      `revoke all on schema ${quoted(schema)} from ${from}`,
    ]),
    `grant usage on schema ${quoted(schema)} to ${to}`,
    ...tables,
  ].join(';\n')
}

// What a role has --------------------------------------------------------------------------------------------------

/** One row for each table and right: whether `current_user` has it. */
export function askRights(schema: string): string {
  const asked = grantedTables.flatMap((table) => {
    const columns = (rightOf(table).update ?? []).map((column) => `update ${column}`)
    const words = ['select', 'insert', 'delete', 'truncate', 'update', 'update a column', ...columns]
    return words.map((word) => `('${table}', '${word}')`)
  })
  // `has_any_column_privilege` looks at every column of every table, which is most of what a start waits for: a column without
  // rights of its own has those of its table.
  return `select asked.name as "table", word as "right", case
      when word = 'update a column' then has_table_privilege(c.oid, 'update') or exists (select from pg_attribute a
        where a.attrelid = c.oid and a.attacl is not null and has_column_privilege(c.oid, a.attnum, 'update'))
      when word like 'update %' then has_column_privilege(c.oid, substr(word, 8), 'update')
      else has_table_privilege(c.oid, word) end as has
    from (values ${asked.join(', ')}) asked (name, word)
    left join pg_class c on c.relnamespace = '"${schema}"'::regnamespace and c.relname = asked.name`
}
export interface HeldRight {
  readonly table: string
  readonly right: string
  readonly has: boolean
}

/** Compares what a role has with what it should have. */
export function compareRights(held: readonly HeldRight[]): { missing: string[]; excess: string[] } {
  const wanted = (table: string, right: string): boolean => {
    const { insert = false, update, delete: remove = false } = rightOf(table)
    if (right === 'select') return true
    if (right === 'insert') return insert
    if (right === 'delete') return remove
    if (right === 'update a column') return update !== undefined
    // Of the whole table nobody needs it.
    return right !== 'update' && right !== 'truncate'
  }
  const differ = (isWanted: boolean): string[] =>
    held
      .filter(({ table, right, has }) => has !== isWanted && wanted(table, right) === isWanted)
      .map(({ table, right }) => `${right} on ${table}`)
  return { missing: differ(true), excess: differ(false) }
}

export function refuseMissingRights(role: string, missing: readonly string[]): void {
  if (missing.length === 0) return
  throw new StoreTrouble(
    'permission',
    `the user \`${role}\` lacks rights that this program needs (${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', …' : ''}); run \`cadastre migrate\` as the owner of the schema`,
    { fatal: true },
  )
}
