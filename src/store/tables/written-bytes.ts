// Bytes that somebody has written and that are kept, by the day (UTC): of each writer the present day alone is counted.
import { dayMs } from '#model/clock.ts'
import type { Sql } from '../sql.ts'

const dayOf = (now: number): number => Math.floor(now / dayMs)

export async function bytesWrittenBy(sql: Sql, writer: string, now: number): Promise<number> {
  const row = await sql.get<{ bytes: number }>(
    'select bytes from change_request_written where requester = ? and day = ?',
    writer,
    dayOf(now),
  )
  return row?.bytes ?? 0
}
/** What the writer has on other days is not counted any more. */
export async function countWrittenBytes(sql: Sql, writer: string, now: number, bytes: number): Promise<void> {
  await sql.run('delete from change_request_written where requester = ? and day < ?', writer, dayOf(now))
  await sql.run(
    `insert into change_request_written (requester, day, bytes) values (?, ?, ?)
     on conflict (requester, day) do update set bytes = change_request_written.bytes + excluded.bytes`,
    writer,
    dayOf(now),
    bytes,
  )
}
/** When what is counted on the present day is counted no more. */
export const nextDay = (now: number): number => (dayOf(now) + 1) * dayMs
