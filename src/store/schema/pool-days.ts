// A step of the schema: how much of each pool was used at the ends of days.

export const poolDaysSchema = `
-- The day since 1970 on which a pool's counters last changed; null: not since this step.
alter table pool add column counted_on integer;
-- What it had at the end of a day, and until the next day on which it changed.
create table pool_day (
  pool integer not null,
  day integer not null,
  allocated text not null,
  quarantined text not null,
  free text not null,
  allocations integer not null check (allocations >= 0),
  primary key (pool, day)
) strict, without rowid;
`
