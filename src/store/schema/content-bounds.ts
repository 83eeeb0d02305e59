// A step of the schema: what one account adds to what every decision is made on, counted without reading it.

export const contentBoundsSchema = `
-- Pools of an account are counted, and what they have.
create index pool_account on pool (account, n);
-- Bytes of versions that were written to the policies of an account on one day (of UTC, counted from 1970). Versions are kept
-- for ever, also those of a policy that is deleted.
create table policy_written (
  account text not null,
  day integer not null,
  bytes integer not null check (bytes >= 0),
  primary key (account, day)
) strict, without rowid;
`
