// A step of the schema: every state of a tenure is kept, with the moments between which it held.

export const statesOfTenures = `
-- What a tenure (one allocation's or hold's time with its space) said before it said something else. A row holds from one
-- moment to another and never changes. What a tenure says now, or said last, stands in its own row, in force since
-- changed_at (null: since it began). Of rows from before this step, what they say counts as said from the beginning.
create table tenure_state (
  n integer not null,
  version integer not null check (version >= 1),
  pool integer not null,
  first blob not null check (length(first) = 16),
  length integer not null,
  resource_type text not null,
  account text not null,
  region text,
  state text not null check (state in ('held', 'allocated')),
  resource_id text,
  description text,
  decision integer,
  -- Keys and values, as JSON; null where there are none.
  tags text,
  -- What an Elastic IP is associated with, and all of the association, as JSON.
  used_by text,
  association text,
  -- When it would have lapsed, where it was held.
  expires_at integer,
  -- Of the tenure.
  created_at integer not null,
  from_at integer not null,
  until_at integer not null,
  primary key (n, version),
  check (from_at >= created_at and until_at >= from_at),
  check ((expires_at is null) = (state = 'allocated')),
  check ((used_by is null) = (association is null))
) strict, without rowid;
create index tenure_state_address on tenure_state (first, length, created_at, n, version);
create index tenure_state_account on tenure_state (account, until_at, n, version);
create index tenure_state_resource on tenure_state (resource_id, n, version) where resource_id is not null;
create index tenure_state_used on tenure_state (used_by, n, version) where used_by is not null;
create index tenure_state_decision on tenure_state (decision) where decision is not null;
create trigger tenure_state_follows before insert on tenure_state begin
  select raise(abort, 'a state of a tenure follows the one before')
  where new.version <> coalesce((select max(s.version) from tenure_state s where s.n = new.n), 0) + 1
    or new.from_at <> coalesce(
      (select s.until_at from tenure_state s where s.n = new.n and s.version = new.version - 1), new.created_at);
end;
create trigger tenure_state_immutable before update on tenure_state begin
  select raise(abort, 'states of tenures are immutable');
end;
create trigger tenure_state_kept before delete on tenure_state begin
  select raise(abort, 'states of tenures are kept');
end;
-- The present or last state: its number among all of them (null: the first), and since when it holds.
alter table allocation add column version integer;
alter table allocation add column changed_at integer;
alter table hold add column version integer;
alter table hold add column changed_at integer;
alter table allocation_history add column version integer;
alter table allocation_history add column changed_at integer;
alter table allocation_history add column tags text;
alter table allocation_history add column used_by text;
alter table allocation_history add column association text;
alter table allocation_history add column expires_at integer;
-- Pages of what a resource held are in the order of numbers.
drop index allocation_resource;
create index allocation_resource on allocation (resource_id, n) where resource_id is not null;
drop index allocation_history_resource;
create index allocation_history_resource on allocation_history (resource_id, n) where resource_id is not null;
create index allocation_history_used on allocation_history (used_by, n) where used_by is not null;
create index hold_account_ends on hold (account, expires_at);
-- By what is associated, and what kind of resource that is.
alter table address_association add column used_by text;
alter table address_association add column used_as text
  check (used_as in ('instance', 'network-interface', 'nat-gateway', 'rnat'));
update address_association set used_by = coalesce(nat_gateway_id, instance_id, network_interface_id),
  used_as = case when nat_gateway_id is not null and subnet_id is null then 'rnat'
    when nat_gateway_id is not null then 'nat-gateway'
    when instance_id is not null then 'instance' else 'network-interface' end;
create index address_association_used on address_association (used_by, allocation);
create index address_association_used_as on address_association (used_as, allocation);
-- A decision that an earlier state of a tenure names stays as long as the tenure, and for the time of decisions from its end.
drop trigger decision_kept;
create trigger decision_kept before delete on decision begin
  select raise(abort, 'decisions are kept')
  where not exists (
    select 1 from record_day b
    where b.day = (select max(day) from record_day) - (select decision_days from retention)
      and old.n < b.first_n and old.at < b.at
      and not exists (
        select 1 from (
          select t.decision, t.released_at from allocation_history t
          where t.first = old.first and t.length = old.length and t.created_at <= old.at order by t.created_at desc limit 100
        ) lately where lately.decision = old.n and lately.released_at >= b.at)
      and not exists (
        select 1 from tenure_state s join allocation_history t on t.n = s.n
        where s.decision = old.n and t.released_at >= b.at))
    or exists (select 1 from allocation a where a.first = old.first and a.length = old.length and a.decision = old.n)
    or exists (select 1 from hold h where h.first = old.first and h.length = old.length and h.decision = old.n)
    or exists (select 1 from tenure_state s join allocation a on a.n = s.n where s.decision = old.n)
    or exists (select 1 from tenure_state s join hold h on h.n = s.n where s.decision = old.n)
    or exists (select 1 from exception_use u where u.decision = old.n and u.first is not null);
end;
`
