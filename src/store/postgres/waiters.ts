// Who waits at other servers of the same database: none of them sees the queue of another.
import { lockClass, presenceClass } from './migrate.ts'

/** For how long the first of those waits that somebody asked for, in milliseconds; and how many servers there are. */
export interface Waiters {
  readonly waitedMs: number
  readonly servers: number
}
/** Shared by every transaction in which somebody's request is done: what servers do by themselves nobody waits for. */
const askedClass = lockClass + 2
export const sayAsked = `select pg_advisory_xact_lock_shared(${askedClass}, hashtext(current_schema()))`

const isOf = (kind: number): string => `locktype = 'advisory' and classid = ${kind} and objsubid = 2
    and objid = (hashtext(current_schema())::bigint & 4294967295)::oid
    and database = (select oid from pg_database where datname = current_database())`
/** Looks at locks alone: nobody is held up, and nothing of a table is read. */
export const askWaiters = `with held as materialized (select * from pg_locks where locktype = 'advisory')
  select coalesce(extract(epoch from clock_timestamp() - min(waitstart)) * 1000, 0)::float8 as "waitedMs",
    greatest((select count(*) from held where ${isOf(presenceClass)} and granted), 1)::int as servers
  from held where ${isOf(lockClass)} and not granted
    and pid in (select pid from held where ${isOf(askedClass)} and granted)`
