// A step of the schema: which witnesses have signed the log, and the logs that this installation is a witness for.

export const witnessesSchema = `
create table evidence_witness (
  -- Of the witness's key.
  name text primary key,
  -- The largest tree that it has seen.
  size integer not null check (size >= 0),
  -- The checkpoint that it has signed last, and its lines.
  checkpoint integer,
  signature text,
  at integer,
  -- Why it has not signed since, and how often in a row; it is left alone until a moment.
  problem text,
  failures integer not null,
  next_at integer not null
) strict;
create table witnessed_log (
  origin text primary key,
  size integer not null check (size >= 0),
  root blob not null,
  -- The newest checkpoint that was signed here.
  note text not null,
  at integer not null,
  -- One that the log has signed too, and that does not fit: both together prove that it shows two histories.
  conflict text,
  conflict_at integer
) strict;
`
