// A step of the schema: what IPAMs discover resources with, which of these they use, and what is said of single resources.

export const discoveriesSchema = `
create table resource_discovery (
  id text primary key,
  account text not null references account (id),
  region text not null,
  is_default integer not null check (is_default in (0, 1)),
  description text,
  -- Units whose accounts are not looked at, as JSON.
  exclusions text not null,
  created_at integer not null
) strict;
-- One for each Region beside the one that came with the IPAM there.
create unique index resource_discovery_account on resource_discovery (account, region, is_default);
create table resource_discovery_region (
  discovery_id text not null references resource_discovery (id),
  region text not null,
  primary key (discovery_id, region)
) strict, without rowid;
create table resource_discovery_association (
  id text primary key,
  discovery_id text not null references resource_discovery (id),
  ipam_id text not null references ipam (id),
  is_default integer not null check (is_default in (0, 1)),
  created_at integer not null
) strict;
create unique index resource_discovery_association_ipam on resource_discovery_association (ipam_id, discovery_id);
create index resource_discovery_association_discovery on resource_discovery_association (discovery_id);
-- What somebody says of a CIDR of a resource: that it is not looked at, and in which private scope it is.
create table resource_mark (
  ipam_id text not null references ipam (id),
  resource_id text not null,
  first blob not null check (length(first) = 16),
  length integer not null check (length between 0 and 128),
  -- Null: where it is by itself.
  scope_id text references scope (id),
  is_ignored integer not null check (is_ignored in (0, 1)),
  primary key (ipam_id, resource_id, first, length)
) strict, without rowid;
create index resource_mark_scope on resource_mark (scope_id) where scope_id is not null;
create index pool_importing on pool (n) where auto_import = 1;
-- IPAMs from before have theirs by name alone.
insert into resource_discovery (id, account, region, is_default, description, exclusions, created_at)
  select resource_discovery_id, account, region, 1, null, '[]', created_at from ipam;
insert into resource_discovery_region (discovery_id, region)
  select i.resource_discovery_id, r.region from ipam i join ipam_region r on r.ipam_id = i.id;
insert into resource_discovery_association (id, discovery_id, ipam_id, is_default, created_at)
  select resource_discovery_association_id, resource_discovery_id, id, 1, created_at from ipam;
`
