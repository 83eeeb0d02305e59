// What the owner of the database alone may do to the record: a server has no right to it on PostgreSQL.
import type { Sql } from '../sql.ts'
import { makersIn } from './api-tokens.ts'

/** Takes away who asked and from where. The commitment stays, which the leaves hold. */
export async function eraseOrigin(sql: Sql, n: number, commitment: Uint8Array): Promise<void> {
  await sql.run(
    `update origin set principal = 'erased', access_key_id = '', source_address = '', salt = null, commitment = ? where n = ?`,
    commitment,
    n,
  )
}

/** Tokens that somebody made, by themselves or through others, behind one and so many at a time. */
export interface MadeTokens {
  /** Of how many that are over they were taken away as a maker. */
  readonly erased: number
  /** How many are good: their makers are asked whenever they are used. */
  readonly good: number
  /** Behind which to go on; undefined where there are no more. */
  readonly next: string | undefined
}

/** Takes a maker out of tokens that are over: entries made with these are told with the makers of the token. */
export async function eraseMaker(
  sql: Sql,
  name: string,
  { now, after, limit }: { readonly now: number; readonly after: string; readonly limit: number },
): Promise<MadeTokens> {
  const rows = await sql.all<{ id: string; makers: string; expires_at: number; revoked_at: number | null }>(
    `select id, makers, expires_at, revoked_at from api_token where makers <> '[]' and id > ? order by id limit ?`,
    after,
    limit,
  )
  const subjects = await sql.all<{ subject: string }>(
    'select distinct subject from api_token where principal = ? and subject is not null',
    name,
  )
  const names = new Set([name, ...subjects.map(({ subject }) => subject)])
  const made = rows.filter(({ makers }) => makersIn(makers).some((maker) => names.has(maker)))
  const over = made.filter((row) => row.revoked_at !== null || row.expires_at <= now)
  for (const { id, makers } of over) {
    const left = makersIn(makers).map((maker) => (names.has(maker) ? 'erased' : maker))
    await sql.run('update api_token set makers = ? where id = ?', JSON.stringify(left), id)
  }
  const next = rows.length < limit ? undefined : rows.at(-1)!.id
  return { erased: over.length, good: made.length - over.length, next }
}
