// A step of the schema: how far the record was sent to each place that the operator names.

export const recordSinksSchema = `
create table record_sink (
  name text primary key,
  -- The last entry that was sent; -1 before anything is.
  entry integer not null,
  -- One after the other, and until when it is left alone for them.
  failures integer not null,
  next_at integer not null,
  -- Which server sends, until when unless it says so again.
  worker text,
  worker_until integer not null
) strict;
insert into record_sink (name, entry, failures, next_at, worker, worker_until)
  values ('syslog', -1, 0, 0, null, 0), ('file', -1, 0, 0, null, 0);
`
