// The step of the schema in which top-level CIDRs of one space never overlap, and a pool does not outlive the VPC that it plans.
export const spaceOnceSchema = `
-- The VPC whose inside a pool plans. Pools from before whose VPC is gone already name none: the check of space tells of them.
alter table pool add column source_vpc text references vpc (id);
update pool set source_vpc = json_extract(source_resource, '$.ResourceId')
  where json_extract(source_resource, '$.ResourceId') in (select id from vpc);
create index pool_source_vpc on pool (source_vpc) where source_vpc is not null;
-- In which a pool's CIDRs that come from no pool must not overlap those of others: its private scope, all public space
-- ('public'), or the VPC that it plans. Null for a pool whose CIDRs come from its parent's.
alter table pool add column space text;
update pool set space = case
  when exists (select 1 from pool p where p.n = pool.parent_n and p.source_resource is not null) then null
  when source_resource is not null then source_vpc
  when parent_n is not null then null
  when scope_id is null then 'public'
  else (select case s.kind when 'public' then 'public' else s.id end from scope s where s.id = pool.scope_id) end;
create index pool_space on pool (space, family) where space is not null;
-- Two aligned blocks overlap where the bits of the shorter prefix are the same: whole hexadecimal digits first, then what is
-- left of the next one.
create trigger pool_cidr_apart before insert on pool_cidr begin
  select raise(abort, 'top-level CIDRs of one space never overlap')
  where new.state <> 'failed-provision' and new.parent_allocation is null and exists (
    select 1 from (
      select c.first, cast(case when c.length < new.length then c.length else new.length end
        + case p.family when 4 then 96 else 0 end as int) as bits
      from pool p join pool q on q.space = p.space and q.family = p.family join pool_cidr c on c.pool = q.n
      where p.n = new.pool and c.state <> 'failed-provision' and c.parent_allocation is null) as other
    where substr(hex(other.first), 1, other.bits / 4) = substr(hex(new.first), 1, other.bits / 4)
      and instr('123456789ABCDEF', substr(hex(other.first), other.bits / 4 + 1, 1)) / case other.bits % 4 when 0 then 16 when 1 then 8 when 2 then 4 else 2 end
        = instr('123456789ABCDEF', substr(hex(new.first), other.bits / 4 + 1, 1)) / case other.bits % 4 when 0 then 16 when 1 then 8 when 2 then 4 else 2 end);
end;
create trigger pool_cidr_fixed before update on pool_cidr when (new.pool <> old.pool or new.first <> old.first
  or new.length <> old.length or new.state <> old.state and old.state = 'failed-provision') begin
  select raise(abort, 'the block of a pool is fixed, and one that was never provisioned is never in force');
end;
create trigger vpc_cidr_planned before delete on vpc_cidr begin
  select raise(abort, 'a block of a VPC stays as long as a pool plans it')
  where exists (select 1 from pool p join pool_cidr c on c.pool = p.n where p.space = old.vpc_id and c.first = old.first
    and c.length = old.length and c.state <> 'failed-provision');
end;
`
