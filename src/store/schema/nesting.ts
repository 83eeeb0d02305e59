// A step of the schema: pools that divide an allocation, so that networks hold subnets and subnets hold hosts.

export const nestingSchema = `
-- The allocation whose block it divides; a pool below another one has its space from that. One pool divides one allocation.
alter table pool add column source_allocation integer;
create unique index pool_source_allocation on pool (source_allocation) where source_allocation is not null;
-- The type of the network that it, or a pool above it, divides.
alter table pool add column divides text;
update pool set divides = 'vpc' where source_resource is not null;
-- So many addresses at the ends of what it divides are no host's: allocations of type 'reserved' keep them.
alter table pool add column reserved_first integer check (reserved_first between 0 and 64);
alter table pool add column reserved_last integer check (reserved_last between 0 and 64);
create trigger allocation_divided before delete on allocation begin
  select raise(abort, 'an allocation stays as long as a pool divides it')
  where exists (select 1 from pool p where p.source_allocation = old.n);
end;
-- Its space is the allocation's block, and nothing else.
create trigger pool_cidr_divides before insert on pool_cidr begin
  select raise(abort, 'a pool that divides an allocation has the block of that and no other')
  where new.state <> 'failed-provision' and exists (
    select 1 from pool p where p.n = new.pool and p.source_allocation is not null and not exists (
      select 1 from allocation a where a.n = p.source_allocation and a.n = new.parent_allocation
        and a.first = new.first and a.length = new.length));
end;
`
