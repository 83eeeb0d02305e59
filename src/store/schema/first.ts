// The first step of the schema.

export const firstSchema = `
create table meta (name text primary key, value text not null) strict, without rowid;
create table counter (name text primary key, value integer not null check (value >= 0)) strict, without rowid;
insert into counter (name, value) values ('sequence', 1), ('governance-epoch', 1);

-- Organization -------------------------------------------------------------------------------------------------
create table account (
  id text primary key check (length(id) = 12 and id not glob '*[^0-9]*'),
  name text not null,
  email text not null,
  status text not null check (status in ('ACTIVE', 'SUSPENDED', 'PENDING_CLOSURE')),
  joined_method text not null check (joined_method in ('INVITED', 'CREATED')),
  joined_at integer not null,
  -- The role through which the management account enters (null: the usual one).
  role_name text
) strict;
create unique index account_email on account (lower(email));
create table organization (
  "only" integer primary key check ("only" = 1),
  id text not null unique,
  management_account text not null references account (id),
  root_id text not null,
  created_at integer not null
) strict;
create table organization_node (
  id text primary key,
  kind text not null check (kind in ('root', 'organizational-unit', 'account')),
  parent_id text references organization_node (id),
  name text not null,
  created_at integer not null,
  check ((kind = 'root') = (parent_id is null))
) strict;
create unique index organization_node_root on organization_node (kind) where kind = 'root';
create index organization_node_parent on organization_node (parent_id, kind, id);
create unique index organization_node_name on organization_node (parent_id, name) where kind = 'organizational-unit';
create table account_creation (
  id text primary key,
  account text references account (id),
  name text not null,
  email text not null,
  -- Created at once: that it is in progress is said by the first answer alone.
  state text not null check (state in ('SUCCEEDED', 'FAILED')),
  failure text,
  requested_at integer not null,
  completed_at integer not null,
  check ((state = 'FAILED') = (account is null) and (state = 'FAILED') = (failure is not null))
) strict;
create table enabled_service (
  service_principal text primary key,
  enabled_at integer not null
) strict, without rowid;
create table delegated_administrator (
  account text not null references account (id),
  service_principal text not null,
  enabled_at integer not null,
  primary key (account, service_principal)
) strict, without rowid;
-- One IPAM administrator per organization (quota of the vendor).
create unique index delegated_administrator_ipam on delegated_administrator (service_principal)
  where service_principal = 'ipam.amazonaws.com';
create table access_key (
  id text primary key,
  account text not null references account (id),
  arn text not null,
  user_id text not null,
  -- AES-256-GCM of {secret, sessionToken}; the id is the associated data, so that rows cannot be swapped.
  sealed blob not null,
  created_at integer not null,
  expires_at integer,
  disabled_at integer
) strict;
create index access_key_account on access_key (account, id);
create index access_key_expires on access_key (expires_at) where expires_at is not null;

-- Address space ------------------------------------------------------------------------------------------------
create table ipam (
  id text primary key,
  account text not null references account (id),
  region text not null,
  description text,
  tier text not null check (tier in ('free', 'advanced')),
  enable_private_gua integer not null check (enable_private_gua in (0, 1)),
  metered_account text not null check (metered_account in ('ipam-owner', 'resource-owner')),
  public_scope_id text not null,
  private_scope_id text not null,
  resource_discovery_id text not null,
  resource_discovery_association_id text not null,
  created_at integer not null
) strict;
create index ipam_account on ipam (account, region);
create table ipam_region (
  ipam_id text not null references ipam (id) on delete cascade,
  region text not null,
  primary key (ipam_id, region)
) strict, without rowid;
create table scope (
  id text primary key,
  ipam_id text not null references ipam (id),
  account text not null,
  kind text not null check (kind in ('public', 'private')),
  is_default integer not null check (is_default in (0, 1)),
  description text,
  created_at integer not null
) strict;
create unique index scope_public on scope (ipam_id) where kind = 'public';
create index scope_ipam on scope (ipam_id, id);
create table pool (
  n integer primary key,
  id text not null unique,
  scope_id text references scope (id),
  ipam_id text references ipam (id),
  account text not null,
  parent_n integer references pool (n),
  depth integer not null check (depth between 1 and 10),
  locale text,
  family integer not null check (family in (4, 6)),
  description text,
  aws_service text check (aws_service in ('ec2', 'global-services')),
  public_ip_source text check (public_ip_source in ('amazon', 'byoip')),
  publicly_advertisable integer check (publicly_advertisable in (0, 1)),
  auto_import integer not null default 0 check (auto_import in (0, 1)),
  min_netmask_length integer,
  max_netmask_length integer,
  default_netmask_length integer,
  required_tags text not null default '[]',
  source_resource text,
  quarantine_seconds integer check (quarantine_seconds >= 0),
  created_at integer not null,
  -- Numbers of addresses, as decimal text: an IPv6 pool holds more than 64 bits of them.
  allocated text not null default '0',
  quarantined text not null default '0',
  free text not null default '0',
  allocation_count integer not null default 0 check (allocation_count >= 0),
  -- Provider pools (scope_id null) belong to no IPAM: they stand for the space of the provider itself.
  check ((scope_id is null) = (ipam_id is null)),
  check (min_netmask_length is null or max_netmask_length is null or min_netmask_length <= max_netmask_length)
) strict;
create unique index pool_provider on pool (family) where scope_id is null;
create index pool_scope on pool (scope_id, n);
create index pool_parent on pool (parent_n, n);
create table pool_cidr (
  id text primary key,
  pool integer not null references pool (n),
  first blob not null check (length(first) = 16),
  length integer not null check (length between 0 and 128),
  state text not null check (state in ('provisioned', 'failed-provision', 'failed-deprovision')),
  failure_code text,
  failure_message text,
  -- The allocation in the parent pool that this space came from (null for a top-level pool).
  parent_allocation integer,
  created_at integer not null
) strict;
create unique index pool_cidr_first on pool_cidr (pool, first) where state <> 'failed-provision';
create index pool_cidr_search on pool_cidr (first, length);
create table pool_share (
  pool integer not null references pool (n) on delete cascade,
  principal text not null,
  primary key (pool, principal)
) strict, without rowid;

-- A pool's space is partitioned into free, allocated and quarantined blocks (invariant I2). To allocate is to delete a
-- free row: that is the guard; the unique key of allocation is the second one.
create table free_block (
  pool integer not null references pool (n),
  -- log2 of the number of addresses, ascending, so that the key order is "smallest sufficient, lowest first".
  ord integer not null check (ord between 0 and 128),
  first blob not null check (length(first) = 16),
  primary key (pool, ord, first)
) strict, without rowid;
-- Who holds space of which type where: a few rows that a million allocations name.
create table holder (
  n integer primary key,
  account text not null,
  resource_type text not null,
  -- Empty where the space belongs to no Region.
  region text not null,
  unique (account, resource_type, region)
) strict;
create table allocation (
  n integer primary key,
  pool integer not null references pool (n),
  first blob not null check (length(first) = 16),
  length integer not null,
  holder integer not null references holder (n),
  -- Null for Elastic IPs and custom allocations: their identifier is made of n.
  resource_id text,
  description text,
  decision integer,
  created_at integer not null
) strict;
create unique index allocation_first on allocation (pool, first);
create index allocation_holder on allocation (holder, n);
create index allocation_resource on allocation (resource_id) where resource_id is not null;
create table allocation_history (
  pool integer not null,
  first blob not null,
  length integer not null,
  n integer not null,
  resource_type text not null,
  resource_id text,
  account text not null,
  region text,
  description text,
  decision integer,
  created_at integer not null,
  released_at integer not null,
  primary key (first, length, created_at, n)
) strict, without rowid;
create table quarantine (
  pool integer not null references pool (n),
  first blob not null check (length(first) = 16),
  length integer not null,
  account text not null,
  released_at integer not null,
  ends_at integer not null,
  primary key (pool, first)
) strict, without rowid;
create index quarantine_ends on quarantine (ends_at);

-- Policies -----------------------------------------------------------------------------------------------------
create table policy (
  id text primary key,
  ipam_id text not null references ipam (id),
  account text not null,
  version integer not null check (version >= 1),
  -- What the IPAM's setting was when the policy was made; the policy's own tag goes before it.
  compatibility_default text not null check (compatibility_default in ('strict', 'aws')),
  created_at integer not null
) strict;
create index policy_ipam on policy (ipam_id, id);
create index policy_account on policy (account, id);
create table policy_version (
  policy_id text not null,
  version integer not null,
  content_hash text not null,
  body text not null,
  author text not null,
  created_at integer not null,
  primary key (policy_id, version)
) strict, without rowid;
create trigger policy_version_immutable before update on policy_version begin
  select raise(abort, 'policy versions are immutable');
end;
create trigger policy_version_kept before delete on policy_version begin
  select raise(abort, 'policy versions are kept');
end;
create table assignment (
  policy_id text not null references policy (id),
  target_id text not null,
  kind text not null check (kind in ('default', 'final')),
  mode text not null check (mode in ('off', 'observe', 'warn', 'enforce')),
  managed_by text not null check (managed_by in ('account', 'delegated-administrator-for-ipam')),
  assigned_at integer not null,
  primary key (policy_id, target_id)
) strict, without rowid;
-- At most one default per target; an account's own policy stands beside an administrator's.
create unique index assignment_default on assignment (target_id, managed_by) where kind = 'default';
create index assignment_target on assignment (target_id, policy_id);

-- Resources ----------------------------------------------------------------------------------------------------
create table vpc (
  id text primary key,
  account text not null,
  region text not null,
  tenancy text not null,
  dhcp_options_id text not null,
  enable_dns_support integer not null default 1,
  enable_dns_hostnames integer not null default 0,
  enable_network_address_usage_metrics integer not null default 0,
  created_at integer not null
) strict;
create index vpc_account on vpc (account, region, id);
create table vpc_cidr (
  association_id text primary key,
  vpc_id text not null references vpc (id),
  first blob not null check (length(first) = 16),
  length integer not null,
  is_primary integer not null check (is_primary in (0, 1)),
  allocation integer,
  pool_id text,
  ip_source text check (ip_source in ('amazon', 'byoip', 'none')),
  network_border_group text,
  created_at integer not null
) strict;
create unique index vpc_cidr_first on vpc_cidr (vpc_id, first);
create table subnet (
  id text primary key,
  vpc_id text not null references vpc (id),
  account text not null,
  region text not null,
  zone text not null,
  zone_id text not null,
  first blob check (length(first) = 16),
  length integer,
  allocation integer,
  ipv6_native integer not null default 0,
  created_at integer not null
) strict;
create index subnet_vpc on subnet (vpc_id, id);
-- Subnets of a VPC never overlap; the code looks at the neighbours, and equal ones fail here.
create unique index subnet_first on subnet (vpc_id, first) where first is not null;
create index subnet_account on subnet (account, region, id);
create table subnet_cidr (
  association_id text primary key,
  subnet_id text not null references subnet (id),
  vpc_id text not null references vpc (id),
  first blob not null check (length(first) = 16),
  length integer not null,
  allocation integer,
  ip_source text,
  created_at integer not null
) strict;
create index subnet_cidr_subnet on subnet_cidr (subnet_id);
create unique index subnet_cidr_first on subnet_cidr (vpc_id, first);
create table nat_gateway (
  id text primary key,
  account text not null,
  region text not null,
  vpc_id text not null,
  subnet_id text,
  connectivity text not null check (connectivity in ('public', 'private')),
  availability_mode text not null check (availability_mode in ('zonal', 'regional')),
  automatic integer not null default 0,
  route_table_id text,
  created_at integer not null,
  -- A deleted gateway is still shown for a while, as in EC2.
  deleted_at integer,
  check ((availability_mode = 'regional') = (subnet_id is null))
) strict;
create index nat_gateway_account on nat_gateway (account, region, id);
create index nat_gateway_vpc on nat_gateway (vpc_id);
create index nat_gateway_subnet on nat_gateway (subnet_id) where subnet_id is not null;
create index nat_gateway_deleted on nat_gateway (deleted_at) where deleted_at is not null;
create table nat_gateway_address (
  association_id text primary key,
  nat_gateway_id text not null references nat_gateway (id),
  -- The Elastic IP, by its allocation's n; null for a private gateway's addresses.
  allocation integer,
  public_ip text,
  private_ip text,
  network_interface_id text,
  zone text,
  zone_id text,
  is_primary integer not null default 0,
  -- Whether the gateway itself took the Elastic IP (and gives it back) or the customer did.
  service_managed integer not null default 0
) strict;
create index nat_gateway_address_gateway on nat_gateway_address (nat_gateway_id, association_id);
create table address_association (
  allocation integer primary key references allocation (n),
  association_id text not null unique,
  instance_id text,
  network_interface_id text,
  network_interface_account text,
  private_ip text,
  subnet_id text,
  nat_gateway_id text,
  service_managed text check (service_managed in ('alb', 'nlb', 'rnat', 'rds'))
) strict;
create table tag (
  resource_id text not null,
  key text not null,
  value text not null,
  resource_type text not null,
  account text not null,
  -- Where the resource lives; null for what lives in no Region, such as nodes of the organization.
  region text,
  primary key (resource_id, key)
) strict, without rowid;
create index tag_account on tag (account, resource_id, key);

-- The record ---------------------------------------------------------------------------------------------------
-- Who asks for what from where, and how decisions come out, repeat: each combination stands once, and a row names it.
create table origin (
  n integer primary key,
  account text not null,
  principal text not null,
  access_key_id text not null,
  source_address text not null,
  region text not null,
  action text not null
) strict;
create table audit_entry (
  n integer primary key,
  at integer not null,
  origin integer not null references origin (n),
  request_id text not null,
  outcome text not null,
  subjects text not null,
  -- One effect per token (invariant I5): the token's hash, the parameters' hash, and what was answered.
  token blob,
  parameters blob,
  result text
) strict;
create table client_token (
  token blob primary key,
  audit_entry integer not null,
  at integer not null
) strict, without rowid;
create index client_token_at on client_token (at);
create table ruling (
  n integer primary key,
  account text not null,
  locale text not null,
  resource_type text not null,
  outcome text not null check (outcome in ('allow', 'steer', 'warn', 'deny')),
  mode text not null,
  policy_id text,
  policy_version integer,
  pool text,
  -- Target, document, candidates, denial and trace, as JSON.
  body text not null
) strict;
create table decision (
  n integer primary key,
  at integer not null,
  ruling integer not null references ruling (n),
  first blob,
  length integer,
  -- What differs from request to request: the request, tags, size (null where there was none).
  request text,
  audit_entry integer not null references audit_entry (n)
) strict;
create table history (
  object_id text not null,
  from_at integer not null,
  version integer not null,
  until_at integer,
  kind text not null,
  account text not null,
  body text not null,
  primary key (object_id, version)
) strict, without rowid;
create unique index history_current on history (object_id) where until_at is null;
create trigger audit_entry_immutable before update on audit_entry begin
  select raise(abort, 'audit entries are immutable');
end;
create trigger audit_entry_kept before delete on audit_entry begin
  select raise(abort, 'audit entries are kept');
end;
create trigger ruling_immutable before update on ruling begin
  select raise(abort, 'rulings are immutable');
end;
create trigger origin_immutable before update on origin begin
  select raise(abort, 'origins are immutable');
end;
create trigger decision_immutable before update on decision begin
  select raise(abort, 'decisions are immutable');
end;
create trigger decision_kept before delete on decision begin
  select raise(abort, 'decisions are kept');
end;
`
