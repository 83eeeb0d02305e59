// A step of the schema: the history says what has changed of tags and parts; bytes that it is given are counted by themselves.

export const historyChangesSchema = `
-- Undefined: the body says all. Else the version that does, behind which each says what has changed since the one before it.
alter table history add column since integer;
-- How long all that it says is, about, where that is much.
alter table history add column whole_length integer;
-- Bytes of long versions that somebody has written on one day (of UTC, counted from 1970).
create table history_written (
  writer text not null,
  day integer not null,
  bytes integer not null check (bytes >= 0),
  primary key (writer, day)
) strict, without rowid;
insert into history_written (writer, day, bytes)
  select substr(requester, 9), day, bytes from change_request_written where requester like 'history %';
delete from change_request_written where requester like 'history %';
`
