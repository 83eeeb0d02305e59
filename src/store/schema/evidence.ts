// A step of the schema: the log of evidence. What is written on record has a salt and a commitment from now on; what is from before
// has neither, and is taken into the log with salts that follow from the log's own secret.

export const evidenceSchema = `
-- Of an entry: its salt (16 bytes), and the hash that its leaf in the log holds (32).
alter table audit_entry add column evidence blob check (length(evidence) = 48);
-- Hashes of its decisions that deny, steer or warn, or use an exception, 32 bytes each: they stay where decisions are forgotten.
alter table audit_entry add column decided blob;
alter table decision add column salt blob;
-- Who asked is committed to by itself, so that it can be erased: the salt goes with it, and the commitment stays.
alter table origin add column salt blob;
alter table origin add column commitment blob;
drop trigger origin_immutable;
create trigger origin_immutable before update on origin when (new.salt is not null or new.commitment is null or new.commitment <> old.commitment
  or new.principal <> 'erased' or new.access_key_id <> '' or new.source_address <> '' or new.n <> old.n or new.account <> old.account
  or new.region <> old.region or new.action <> old.action) begin
  select raise(abort, 'origins are immutable, but for who it was, which can be erased');
end;
alter table history add column salt blob;
alter table history add column commitment blob;
-- How far the record is in the tree.
create table evidence_log (
  "only" integer primary key check ("only" = 1),
  -- Leaves, and the entry that the last of them is of.
  size integer not null check (size >= 0),
  entry integer not null,
  -- What the salts of records from before follow from; null before the first leaf.
  secret blob
) strict;
insert into evidence_log ("only", size, entry, secret) values (1, 0, -1, null);
-- Hashes of every eighth level of the tree, 256 to a row, 32 bytes each; fewer in the last row of a level.
create table evidence_tile (
  level integer not null check (level >= 0),
  n integer not null check (n >= 0),
  -- Of level 0: the entry that the first leaf is of.
  first_entry integer,
  hashes blob not null,
  primary key (level, n)
) strict, without rowid;
create unique index evidence_tile_entry on evidence_tile (first_entry) where first_entry is not null;
-- Keys that checkpoints are signed with, sealed as other secrets are; the one with the highest number signs.
create table evidence_key (
  n integer primary key,
  name text not null,
  public_key blob not null,
  sealed blob not null,
  made_at integer not null
) strict;
create trigger evidence_key_kept before delete on evidence_key begin
  select raise(abort, 'keys of the log are kept');
end;
create trigger evidence_key_immutable before update on evidence_key begin
  select raise(abort, 'keys of the log are immutable');
end;
create table evidence_checkpoint (
  n integer primary key,
  size integer not null,
  at integer not null,
  -- The signed note.
  note text not null
) strict;
create trigger evidence_checkpoint_kept before delete on evidence_checkpoint begin
  select raise(abort, 'checkpoints are kept');
end;
create trigger evidence_checkpoint_immutable before update on evidence_checkpoint begin
  select raise(abort, 'checkpoints are immutable');
end;
`
