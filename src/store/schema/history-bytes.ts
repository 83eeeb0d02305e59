// A step of the schema: how much is kept for good of what large objects said.

export const historyBytesSchema = `
-- Bytes of long versions in the history that somebody has written on one day (of UTC, counted from 1970). All of them are kept.
create table history_written (
  writer text not null,
  day integer not null,
  bytes integer not null check (bytes >= 0),
  primary key (writer, day)
) strict, without rowid;
`
