// A step of the schema: what stands in networks and holds no addresses, attributes of subnets, and default networks.

export const networkObjectsSchema = `
-- Gateways, route tables, security groups, network ACLs, DHCP options and reservations. What a VPC has from its beginning has a row
-- once it was changed, and its id follows from that of the VPC.
create table network_object (
  id text primary key,
  kind text not null,
  account text not null,
  region text not null,
  -- The VPC that it is of, or is attached to.
  vpc_id text references vpc (id),
  subnet_id text references subnet (id),
  -- By which it is told apart in its VPC.
  name text,
  -- It came with its VPC.
  is_default integer not null check (is_default in (0, 1)),
  -- It came with its VPC, and was deleted since.
  is_gone integer not null default 0 check (is_gone in (0, 1) and (is_gone = 0 or is_default = 1)),
  -- Everything else, as JSON.
  body text not null,
  created_at integer not null
) strict, without rowid;
create index network_object_owner on network_object (account, region, kind, id);
create index network_object_vpc on network_object (vpc_id, kind, id) where vpc_id is not null;
create index network_object_subnet on network_object (subnet_id, id) where subnet_id is not null;
create unique index network_object_name on network_object (vpc_id, name) where name is not null;
create unique index network_object_gateway on network_object (vpc_id) where kind = 'internet-gateway' and vpc_id is not null;
-- Routes, rules, entries and associations.
create table network_object_part (
  object_id text not null references network_object (id),
  key text not null,
  -- Of what has an id of its own: the key.
  id text,
  kind text not null,
  -- The id of what it names.
  target text,
  body text not null,
  primary key (object_id, key)
) strict, without rowid;
create unique index network_object_part_id on network_object_part (id) where id is not null;
create index network_object_part_target on network_object_part (target, kind) where target is not null;
-- A subnet has one route table and one network ACL, and a VPC one main route table.
create unique index network_object_part_association on network_object_part (target, kind)
  where kind in ('route-table-association', 'network-acl-association');
-- What a subnet does with its hosts, as JSON: what is not as usual.
alter table subnet add column attributes text;
alter table subnet add column is_default integer check (is_default = 1);
create unique index subnet_default on subnet (vpc_id, zone) where is_default = 1;
alter table vpc add column is_default integer check (is_default = 1);
create unique index vpc_default on vpc (account, region) where is_default = 1;
-- Which VPCs have a set of DHCP options.
create index vpc_dhcp_options on vpc (dhcp_options_id) where dhcp_options_id <> 'default';
`
