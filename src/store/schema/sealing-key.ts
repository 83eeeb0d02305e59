// A step of the schema: which key seals the secrets of this database, and first keys that nobody has been shown yet.

export const sealingKeySchema = `
-- A key with another fingerprint opens no secret of this database. One row, written once; none before the first start.
create table sealing_key (
  one integer primary key check (one = 1),
  fingerprint blob not null check (length(fingerprint) = 16)
) strict;
create trigger sealing_key_immutable before update on sealing_key begin
  select raise(abort, 'the sealing key of a database is immutable');
end;
create trigger sealing_key_kept before delete on sealing_key begin
  select raise(abort, 'the sealing key of a database is kept');
end;
-- The access key of the first start until it has been printed: a start that fails before that leaves it to the next one.
create table unshown_key (
  id text primary key references access_key (id)
) strict, without rowid;
-- Counted up by whoever asks whether the database can be written.
insert into counter (name, value) values ('probe', 0);
`
