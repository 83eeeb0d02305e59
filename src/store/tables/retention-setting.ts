// How long decisions are kept, set as the owner of the database: a server's role on PostgreSQL has no right to it.
import type { Sql } from '../sql.ts'

export async function setDecisionDays(sql: Sql, days: number | undefined, at: number): Promise<void> {
  await sql.run('update retention set decision_days = ?, set_at = ? where "only" = 1', days ?? null, at)
}
