// A step of the schema: sources count what they have, so that what was taken back counts for nothing, and have names at their nodes. Made anew:
// what a source has told until now it tells again with its next snapshot.

export const observedSchema = `
drop table observation;
drop table snapshot;
drop table source;
create table source (
  id text primary key,
  name text not null,
  kind text not null,
  -- What it may speak of: the accounts at this node and below.
  node text not null,
  -- The private scope in which its private space is registered.
  scope_id text references scope (id),
  -- In seconds: how often it should report.
  report_every integer not null check (report_every > 0),
  description text,
  created_at integer not null,
  -- The snapshot that holds, and the one that is being taken.
  snapshot integer not null default 0 check (snapshot >= 0),
  taking integer check (taking > snapshot),
  -- When the listing of the one that holds began; 0 before the first one.
  taken_at integer not null default 0,
  -- Its observations have numbers below this one.
  next_number integer not null default 0 check (next_number >= 0),
  -- How many there are, with those that are gone and not forgotten yet.
  observed integer not null default 0 check (observed >= 0),
  -- It is there for nobody any more, and what it has told goes a part at a time.
  deleted_at integer
) strict, without rowid;
create unique index source_name on source (name, node) where deleted_at is null;
create index source_node on source (node);
create index source_deleted on source (deleted_at) where deleted_at is not null;
create index source_taking on source (taking) where taking is not null;
create table snapshot (
  source_id text not null references source (id),
  number integer not null,
  state text not null check (state in ('open', 'complete', 'partial', 'discarded')),
  collector text not null,
  principal text not null,
  taken_at integer not null,
  begun_at integer not null,
  -- What the source had when it began: as it was if it is taken back.
  began_with integer not null,
  next_number integer not null,
  -- Of one that is open: when something of it came last.
  touched_at integer not null,
  ended_at integer check ((ended_at is null) = (state = 'open')),
  lines integer not null default 0,
  added integer not null default 0,
  changed integer not null default 0,
  missing integer not null default 0,
  gone integer not null default 0,
  -- What was wrong, and what was not listed, as JSON.
  problems text not null default '[]',
  problem_count integer not null default 0,
  unlisted text not null default '[]',
  unlisted_count integer not null default 0,
  primary key (source_id, number)
) strict, without rowid;
-- A version of an observation holds from one snapshot until another one.
create table observation (
  source_id text not null references source (id),
  number integer not null,
  since_snapshot integer not null,
  until_snapshot integer check (until_snapshot > since_snapshot),
  -- Digest of kind, space, key and block.
  identity blob not null,
  first blob not null,
  length integer not null,
  kind text not null,
  space text not null,
  object_id text not null,
  account text not null,
  locale text not null,
  -- Everything else, as JSON.
  body text not null,
  -- In how many complete snapshots in a row it was missing: 0, 1, or 2 for two and more.
  missing integer not null check (missing between 0 and 2),
  first_seen_at integer not null,
  primary key (source_id, number, since_snapshot)
) strict, without rowid;
create unique index observation_version on observation (source_id, number) where until_snapshot is null;
-- By which what comes is found again: the newest version of each.
create unique index observation_identity on observation (source_id, identity) where until_snapshot is null;
create index observation_gone on observation (source_id, since_snapshot) where missing = 2 and until_snapshot is null;
create index observation_since on observation (source_id, since_snapshot);
create index observation_until on observation (source_id, until_snapshot) where until_snapshot is not null;
create index observation_block on observation (first, length);
create index observation_object on observation (object_id) where object_id <> '';
create index observation_account on observation (account) where account <> '';
`
