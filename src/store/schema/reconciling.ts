// A step of the schema: of which accounts and places sources tell what is there, found by these.

export const coveredIndex = `
drop index observation_account;
create index observation_account on observation (account, source_id, locale, number);
`

// A step of the schema: what was adopted from sources, whom the owners of differences were asked for, and by which rule sources adopt.
export const adoptionSchema = `
create table adoption (
  allocation integer primary key,
  source_id text not null,
  -- The observation, by its number there.
  observation integer not null,
  -- What policy said of it then.
  answer text not null check (answer in ('allowed', 'elsewhere', 'denied', 'outside')),
  adopted_at integer not null
) strict;
create table owner_question (
  source_id text not null references source (id),
  -- The difference, by its id.
  subject text not null,
  account text not null,
  contact text not null,
  note text,
  asked_by text not null,
  asked_at integer not null,
  primary key (source_id, subject)
) strict, without rowid;
-- What it adopts by itself after each complete snapshot, which was the last one for which that was done, and how far it came since.
alter table source add column adopts text check (adopts in ('allowed'));
alter table source add column adopted_snapshot integer not null default 0;
alter table source add column adopted_after integer;
`

// A step of the schema: how far the findings of what a source tells were looked through.
export const followedSchema = `
alter table source add column found_snapshot integer not null default 0;
alter table source add column found_at integer not null default 0;
alter table source add column found_after text;
`

// A step of the schema: pools that hand out nothing that a source says is in use.
export const avoidingSchema = `
alter table pool add column avoids_observed integer check (avoids_observed = 1);
`
