// What the server's role may do with each table, granted by the schema's owner: what is on record, it can only add to.

import { definitions } from '../definitions.ts'
import type { Right } from '../table.ts'
import { StoreTrouble } from '../trouble.ts'
import { tableNames } from './sql.ts'

/**
 * Every table has its line, here or in its definition, and a test compares each with the statements of the store: one more right
 * than they need, or one less, fails. Everything may be read. Nobody needs `truncate`.
 */
export const rights: Readonly<Record<string, Right>> = {
  ...Object.fromEntries(definitions.map(({ name, rights }) => [name, rights])),
  access_key: { insert: true, update: ['disabled_at'], delete: true },
  address_association: { insert: true, delete: true },
  allocation: { insert: true, update: ['changed_at', 'description', 'version'], delete: true },
  allocation_history: { insert: true },
  api_token: { insert: true, update: ['revoked_at'] },
  assignment: { insert: true, update: ['kind', 'managed_by', 'mode'], delete: true },
  assignment_candidate: { insert: true, delete: true },
  audit_entry: { insert: true },
  audit_subject: { insert: true },
  // Where its decision is gone: a trigger sees to it, and so it does for decisions and rulings.
  candidate_difference: { insert: true, delete: true },
  client_token: { insert: true, delete: true },
  counter: { update: ['value'] },
  // Older than the operator wants them kept.
  decision: { insert: true, delete: true },
  exception_use: { insert: true },
  forgetting: { update: ['before_at', 'before_n', 'day', 'decisions', 'next_n'] },
  free_block: { insert: true, delete: true },
  // Lowered by a trigger too, which runs with the rights of whoever inserts a free block.
  free_cursor: { insert: true, update: ['first'] },
  // An interval can be closed; a closed one is kept by a trigger.
  history: { insert: true, update: ['until_at'] },
  hold: { insert: true, update: ['changed_at', 'description', 'expires_at', 'tags', 'version'], delete: true },
  holder: { insert: true },
  meta: {},
  origin: { insert: true },
  policy_exception: {
    insert: true,
    update: [
      'approved_at',
      'approved_by',
      'asked_as',
      'asked_at',
      'asked_by',
      'ended_at',
      'ended_by',
      'ended_note',
      'expires_at',
      'reason',
      'renewal',
      'review_note',
      'reviewed_at',
      'reviewed_by',
      'shared_pools',
      'starts_at',
      'status',
    ],
  },
  policy_version: { insert: true },
  policy_written: { insert: true, update: ['bytes'], delete: true },
  pool_share: { insert: true, delete: true },
  quarantine: { insert: true, update: ['ends_at'], delete: true },
  // When a day begins is said by the clock of the database.
  record_day: { insert: true },
  request_token: { insert: true, delete: true },
  resource_type: { insert: true, delete: true },
  // Whoever could change it could have the record forgotten.
  retention: {},
  role_binding: { insert: true, delete: true },
  ruling: { insert: true, delete: true },
  schema_version: {},
  sealing_key: { insert: true },
  tag: { insert: true, update: ['name_parent', 'name_shared', 'value'], delete: true },
  tenure_state: { insert: true },
  unshown_key: { insert: true, delete: true },
}

/** Tables of the schema, and the one that numbers its steps. */
export const grantedTables: readonly string[] = [...tableNames, 'schema_version']

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
  return `select asked.name as "table", word as "right", case
      when word = 'update a column' then has_any_column_privilege(c.oid, 'update')
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
