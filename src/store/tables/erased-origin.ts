// What the owner of the database alone may do to the record: a server has no right to it on PostgreSQL.
import type { Sql } from '../sql.ts'

/** Takes away who asked and from where. The commitment stays, which the leaves hold. */
export async function eraseOrigin(sql: Sql, n: number, commitment: Uint8Array): Promise<void> {
  await sql.run(
    `update origin set principal = 'erased', access_key_id = '', source_address = '', salt = null, commitment = ? where n = ?`,
    commitment,
    n,
  )
}
