// A step of the schema: how far the record was followed for findings, and what is to be looked at anew.

export const findingScansSchema = `
create table finding_progress (
  "only" integer primary key check ("only" = 1),
  -- The last entry that was followed, when it was written, and the epoch of governance then.
  entry integer not null,
  entry_at integer not null,
  epoch integer not null,
  -- Exceptions that begin or end by then were looked at; the next moment at which one does.
  moment integer not null,
  next_moment integer,
  -- Since when everything there is has been evaluated; null before that.
  evaluated_from integer,
  -- Which server works at it, until when unless it says so again.
  worker text,
  worker_until integer not null
) strict;
insert into finding_progress ("only", entry, entry_at, epoch, moment, next_moment, evaluated_from, worker, worker_until)
  select 1, coalesce((select max(n) from audit_entry), 0), coalesce((select at from audit_entry order by n desc limit 1), 0), -1, 0, 0,
    null, null, 0;
-- What is to be looked at anew, and how far that has come.
create table finding_scan (
  n integer primary key,
  -- As JSON; each once.
  scope text not null unique,
  place text not null,
  -- Asked for again since it began: once it is through, it begins anew.
  is_again integer not null check (is_again in (0, 1)),
  looked integer not null
) strict;
create index finding_scan_next on finding_scan (looked, n);
insert into finding_scan (n, scope, place, is_again, looked) values (0, '{}', '', 0, 0);
-- What is open at a moment, whoever has it: those that go on, and those that had an end.
create index finding_opening_going on finding_opening (control, finding) where until_at is null;
create index finding_opening_ended on finding_opening (control, until_at, finding) where until_at is not null;
`
