// A step of the schema: space of networks that no pool gave, from when until when, so that policy is asked about it as about all else.

export const broughtSpaceSchema = `
insert into holder (account, resource_type, region)
  select distinct v.account, 'vpc', v.region from vpc v join vpc_cidr c on c.vpc_id = v.id where c.allocation is null
    and not exists (select 1 from holder h where h.account = v.account and h.resource_type = 'vpc' and h.region = v.region);
insert into holder (account, resource_type, region)
  select distinct s.account, 'subnet', s.region from subnet s left join subnet_cidr c on c.subnet_id = s.id
  where ((s.first is not null and s.allocation is null) or (c.subnet_id is not null and c.allocation is null))
    and not exists (select 1 from holder h where h.account = s.account and h.resource_type = 'subnet' and h.region = s.region);
create table brought_space (
  n integer primary key,
  holder integer not null references holder (n),
  -- The network, and what of it has the block: an association, or the subnet itself.
  network text not null,
  resource text not null,
  first blob not null check (length(first) = 16),
  length integer not null,
  created_at integer not null,
  -- Null as long as it is there.
  ended_at integer check (ended_at >= created_at)
) strict;
create unique index brought_space_resource on brought_space (resource) where ended_at is null;
create index brought_space_network on brought_space (network, n);
create index brought_space_here on brought_space (n) where ended_at is null;
create index brought_space_holder on brought_space (holder, n) where ended_at is null;
create index brought_space_ended on brought_space (ended_at, n) where ended_at is not null;
insert into brought_space (n, holder, network, resource, first, length, created_at, ended_at)
  select row_number() over (order by t.created_at, t.resource), h.n, t.network, t.resource, t.first, t.length, t.created_at, null
  from (
    select v.account, v.region, 'vpc' as type, v.id as network, c.association_id as resource, c.first, c.length, c.created_at
    from vpc v join vpc_cidr c on c.vpc_id = v.id where c.allocation is null
    union all
    select account, region, 'subnet', id, id, first, length, created_at from subnet where first is not null and allocation is null
    union all
    select s.account, s.region, 'subnet', s.id, c.association_id, c.first, c.length, c.created_at
    from subnet s join subnet_cidr c on c.subnet_id = s.id where c.allocation is null
  ) t join holder h on h.account = t.account and h.resource_type = t.type and h.region = t.region;
-- Nobody has looked at it: from when everything has been looked at is known once this is through.
update finding_progress set evaluated_from = null where "only" = 1 and exists (select 1 from brought_space);
insert into finding_scan (n, scope, place, is_again, looked)
  select coalesce((select min(n) from finding_scan), 0) - 1, '{}', '', 0, 0
  where exists (select 1 from brought_space) and not exists (select 1 from finding_scan where scope = '{}');
`
