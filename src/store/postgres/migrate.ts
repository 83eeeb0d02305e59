// The schema in PostgreSQL: made and migrated by its owner, who gives the server's role its rights; checked by every server.
import { randomBytes } from 'node:crypto'
import { StoreTrouble, type TroubleKind } from '../trouble.ts'
import { connect, deadlineMsDefault, type Link, type LinkOptions, parseTarget } from './link.ts'
import { askRights, compareRights, grantsTo, type HeldRight, refuseMissingRights } from './rights.ts'
import { postgresMigrations } from './sql.ts'

/** "CADA": the first half of the name of our lock; the second is the schema. */
export const lockClass = 0x43414441
/** The same of the lock that every server shares while it runs: who would exclude the servers of another version asks for it. */
export const presenceClass = 0x43414442
const latest = postgresMigrations.at(-1)!.number
/** A step may rewrite a large table, and whoever finds another process at it waits as long. */
const migrationMsMax = 3_600_000
/** A process that stands still in the middle holds nobody up for as long. */
const patience = { statementMs: migrationMsMax, idleMs: 60_000 } as const

export interface Migrated {
  readonly schema: string
  /** Steps before and after; 0: there was none. */
  readonly from: number
  readonly to: number
  /** The role that was given the server's rights; undefined where the server is the owner itself. */
  readonly grantedTo: string | undefined
}
export interface MigrationOptions {
  /** Of the servers: their user gets rights. */
  readonly url: string
  /** Of the schema's owner; undefined: the servers' user owns it. */
  readonly ownerUrl: string | undefined
  readonly isHighlyAvailable?: boolean
  readonly deadlineMs?: number
}

/** `cadastre migrate`: brings the schema up to date and gives the servers' role exactly what it needs, in one transaction. */
export async function migratePostgres(options: MigrationOptions): Promise<Migrated> {
  const server = targetOf(options.url, "The servers' URL")
  const owner = targetOf(options.ownerUrl ?? options.url, "The owner's URL")
  if (owner.schema !== server.schema || owner.database !== server.database) {
    const places = [owner, server].map(({ database, schema }) => `\`${database}\`, schema \`${schema}\``)
    throw trouble('foreign', `The owner's URL names the database ${places[0]}; the servers' names ${places[1]}`)
  }
  const { isHighlyAvailable = false, deadlineMs = deadlineMsDefault } = options
  const { schema } = owner
  const link = await connect({ target: owner, isHighlyAvailable, deadlineMs, ...patience })
  try {
    await link.script(begin(schema))
    const state = await stateOf(link, schema)
    if (!state.mayMigrate) {
      throw trouble(
        'permission',
        `the user \`${owner.user}\` may not change the schema \`${schema}\`: it is not its owner`,
      )
    }
    await goForward(link, schema, state)
    const grantedTo = server.user === owner.user ? undefined : server.user
    if (grantedTo !== undefined) await grant(link, schema, grantedTo)
    await link.commit()
    return { schema, from: state.version, to: latest, grantedTo }
  } finally {
    await link.close()
  }
}

/** `isStale`: the database lacks what was acknowledged. `exclusive`: a server; the operator's commands change no schema. */
interface Preparing {
  readonly isStale: boolean
  readonly exclusive: boolean
}

/**
 * When a database is opened: its schema is current when this returns, and the answer says what the user has beyond the
 * rights of a server ("everything", where it is the owner). An old copy of a database is left as it is.
 */
export async function prepareSchema(
  link: Link,
  options: LinkOptions,
  { isStale, exclusive }: Preparing,
): Promise<readonly string[]> {
  const { schema, user } = options.target
  let state = await stateOf(link, schema)
  if (state.version < latest) {
    if (isStale) {
      throw trouble(
        'stale',
        `its schema \`${schema}\` is at step ${state.version} (this program needs ${latest}), and it lacks what this server has acknowledged; bring the right database back, or take this one as it is with \`cadastre database accept\``,
      )
    }
    if (!state.mayMigrate) {
      throw trouble(
        'older',
        `its schema \`${schema}\` ${state.version === 0 ? 'is not there' : `is at step ${state.version}, and this program needs ${latest}`}; \`${user}\` may not change it: run \`cadastre migrate\` as its owner`,
      )
    }
    if (!exclusive) throw trouble('older', olderSchema(schema, state))
    const patient = await connect({ ...options, ...patience })
    try {
      await patient.script(begin(schema))
      // Another server may have done it while this one waited for the lock.
      state = await stateOf(patient, schema)
      await goForward(patient, schema, state)
      await patient.commit()
    } finally {
      await patient.close()
    }
  }
  refuseNewer(state)
  if (state.mayMigrate) return ['everything']
  const [held] = await link.script(askRights(schema))
  const { missing, excess } = compareRights(held!.rows as readonly HeldRight[])
  refuseMissingRights(user, missing)
  return excess
}

const olderSchema = (schema: string, { version }: SchemaState): string =>
  `its schema \`${schema}\` ${version === 0 ? 'is not there' : `is at step ${version}, and this program needs ${latest}`}: start a server of this version, or run \`cadastre migrate\`; no other command changes a schema`

/** Shared by every server with its connection that writes, for as long as it has it. */
export const bePresent = `select pg_advisory_lock_shared(${presenceClass}, hashtext(current_schema()))`

/** In a transaction that goes forward: refuses a step that servers of the version before do not survive, while one is there. */
async function refuseServersThatWouldBreak(link: Link, schema: string, version: number): Promise<void> {
  const breaking = postgresMigrations.slice(version).filter(({ olderServers }) => olderServers === 'stop')
  if (breaking.length === 0) return
  const [asked] = await link.script(`select pg_try_advisory_xact_lock(${presenceClass}, hashtext('${schema}')) as free`)
  if ((asked!.rows[0] as { free: boolean }).free) return
  const steps = breaking.map(({ number, name }) => `${number} (${name})`).join(', ')
  throw trouble(
    'locked',
    `servers of another version use the schema \`${schema}\`, and would not work after step ${steps}: stop them first`,
  )
}

const begin = (schema: string): string => `begin; select pg_advisory_xact_lock(${lockClass}, hashtext('${schema}'))`
const trouble = (kind: TroubleKind, message: string): StoreTrouble => new StoreTrouble(kind, message, { fatal: true })

function targetOf(url: string, what: string): LinkOptions['target'] {
  const target = parseTarget(url)
  if (typeof target === 'string') throw trouble('foreign', `${what}: ${target}.`)
  return target
}

interface SchemaState {
  readonly hasSchema: boolean
  readonly version: number
  readonly mayMigrate: boolean
}

/** From the catalogs, which everybody may read: whoever has no right at all is told so, and not that nothing is there. */
async function stateOf(link: Link, schema: string): Promise<SchemaState> {
  const [found] = await link.script(`select n.oid is not null as "hasSchema", c.oid is not null as "hasVersion",
      case when c.oid is not null then pg_has_role(c.relowner, 'member')
        when n.oid is not null then has_schema_privilege(n.oid, 'create')
        else has_database_privilege(current_database(), 'create') end as "mayMigrate",
      coalesce(has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'), true) as "mayRead"
    from (select 1) one left join pg_namespace n on n.nspname = '${schema}'
    left join pg_class c on c.relnamespace = n.oid and c.relname = 'schema_version'`)
  const row = found!.rows[0] as { hasSchema: boolean; hasVersion: boolean; mayMigrate: boolean; mayRead: boolean }
  const { hasSchema, hasVersion, mayMigrate, mayRead } = row
  if (!mayRead) {
    throw trouble(
      'permission',
      `this user has no rights on the schema \`${schema}\`; run \`cadastre migrate\` as its owner`,
    )
  }
  if (!hasVersion) return { hasSchema, version: 0, mayMigrate }
  const [{ version }] = (await link.script(`select version from "${schema}".schema_version`))[0]!.rows as [
    { version: number },
  ]
  return { hasSchema, version, mayMigrate }
}

function refuseNewer({ version }: SchemaState): void {
  if (version <= latest) return
  throw trouble(
    'newer',
    `it was written by a newer Cadastre (schema ${version}, this program knows ${latest}); use that version`,
  )
}

/** Inside a transaction that has the lock. */
async function goForward(link: Link, schema: string, state: SchemaState): Promise<void> {
  refuseNewer(state)
  await refuseServersThatWouldBreak(link, schema, state.version)
  if (!state.hasSchema) await link.script(`create schema "${schema}"`)
  if (state.version === 0) {
    await link.script('create table schema_version (version bigint not null); insert into schema_version values (0)')
  }
  for (const migration of postgresMigrations.slice(state.version)) {
    await link.script(migration.sql)
    if (migration.number === 1) {
      const installation = randomBytes(3).toString('hex').slice(0, 5)
      await link.script(`insert into meta (name, value) values ('installation', '${installation}')`)
    }
    await link.script(`update schema_version set version = ${migration.number}`)
  }
}

async function grant(link: Link, schema: string, role: string): Promise<void> {
  const name = `'${role.replaceAll("'", "''")}'`
  const [found] = await link.script(`select r.rolsuper or pg_has_role(r.oid, c.relowner, 'member') as "isOwner"
    from pg_roles r, pg_class c where r.rolname = ${name} and c.oid = '"${schema}".schema_version'::regclass`)
  const row = found!.rows[0] as { isOwner: boolean } | undefined
  if (!row)
    throw trouble(
      'foreign',
      `there is no role \`${role}\`, which the servers' URL names; make it first (create role … login)`,
    )
  if (row.isOwner) {
    throw trouble(
      'unsafe',
      `the role \`${role}\` is a superuser, or a member of the schema's owner: its rights cannot be limited; give the servers a role of their own`,
    )
  }
  await link.script(grantsTo(role, schema))
}
