// A step of the schema: what sources count, so that what was taken back counts for nothing, and names of sources that are each node's own.

export const observedSchema = `
-- How many observations there are, with those that are gone and not forgotten yet.
alter table source add column observed integer not null default 0 check (observed >= 0);
update source set observed = (
  select count(*) from observation o where o.source_id = source.id and o.until_snapshot is null);
drop index source_name;
create unique index source_name on source (name, node) where deleted_at is null;
-- What the source had when a snapshot began: as it is again if the snapshot is taken back.
alter table snapshot add column began_with integer not null default 0;
alter table snapshot add column next_number integer not null default 0;
update snapshot set began_with = (select s.observed from source s where s.id = snapshot.source_id),
  next_number = (select s.next_number from source s where s.id = snapshot.source_id);
create index observation_gone on observation (source_id, since_snapshot) where missing = 2 and until_snapshot is null;
`
