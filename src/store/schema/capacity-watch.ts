// A step of the schema: how far pools were looked at for findings about their capacity.

export const capacityWatchSchema = `
create table capacity_watch (
  "only" integer primary key check ("only" = 1),
  -- The hour since 1970 in which this look at all pools was begun.
  hour integer not null,
  -- The number of the pool that was looked at last; null once all were.
  place integer
) strict;
insert into capacity_watch ("only", hour, place) values (1, 0, null);
`
