// The least that an allocation can be in PostgreSQL, without us: five small tables, filled with single free addresses.
import pg from 'pg'

/** No foreign keys, no history, no policy, no tokens: whatever we measure beside it does more. */
const tables = `
create table pool (n bigint primary key, free bigint not null, allocated bigint not null, version bigint not null default 0)
  with (fillfactor = 20);
create table free_block (pool bigint not null, first bigint not null, primary key (pool, first))
  with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create table allocation (n bigint generated always as identity primary key, pool bigint not null, first bigint not null,
  account text not null, at timestamptz not null, unique (pool, first));
create table audit (n bigint generated always as identity primary key, at timestamptz not null, account text not null,
  action text not null, result text not null);
create table decision (n bigint generated always as identity primary key, at timestamptz not null, pool bigint not null,
  first bigint not null, body text not null);`

/** What each of the strategies below writes for the addresses that it has taken. */
const record = `
    insert into allocation (pool, first, account, at) select wanted, f, '111111111111', now() from unnest(firsts) f;
    insert into audit (at, account, action, result)
      select now(), '111111111111', 'AllocateAddress', '{"PublicIp":"' || f || '"}' from unnest(firsts) f;
    insert into decision (at, pool, first, body) select now(), wanted, f, 'allow' from unnest(firsts) f;`
// A function sees in each of its statements what was committed before that statement began: so the lock comes first.
const functionOf = (name: string, body: string): string => `
create function ${name}(wanted bigint, times bigint, seen bigint default 0) returns bigint language plpgsql as $$
declare firsts bigint[];
begin ${body} end $$;`
const functions = [
  // One transaction per request; no counters on the pool, which every request would wait for.
  functionOf(
    'take_skip_locked',
    `with head as (select first from free_block where pool = wanted order by first limit times for update skip locked),
      gone as (delete from free_block b using head where b.pool = wanted and b.first = head.first returning b.first)
      select array_agg(first) into firsts from gone;
    ${record} return cardinality(firsts);`,
  ),
  // The row of the pool is the lock: a batch of any server waits for the one before it.
  functionOf(
    'take_locked',
    `perform from pool where n = wanted for update;
    with gone as (delete from free_block where pool = wanted and first in
      (select first from free_block where pool = wanted order by first limit times) returning first)
      select array_agg(first) into firsts from gone;
    ${record}
    update pool set free = free - cardinality(firsts), allocated = allocated + cardinality(firsts) where n = wanted;
    return cardinality(firsts);`,
  ),
  // The same for some pools, whose rows are locked in the order in which they are named.
  `create function take_each(wanted bigint[], times bigint[]) returns bigint language plpgsql as $$
  declare done bigint := 0;
  begin
    for i in 1 .. cardinality(wanted) loop done := done + take_locked(wanted[i], times[i]); end loop;
    return done;
  end $$;`,
  // Nobody waits: whoever finds that the pool has moved since it was read starts over.
  functionOf(
    'take_compared',
    `update pool set free = free - times, allocated = allocated + times, version = version + 1 where n = wanted and version = seen;
    if not found then return 0; end if;
    with gone as (delete from free_block where pool = wanted and first in
      (select first from free_block where pool = wanted order by first limit times) returning first)
      select array_agg(first) into firsts from gone;
    if cardinality(firsts) <> times then raise exception 'taken by another' using errcode = 'serialization_failure'; end if;
    ${record} return times;`,
  ),
]

export interface Minimal {
  readonly pools: number
  /** Free ones, in all pools together. */
  readonly addresses: number
}
/** A schema of its own with pools that have only free addresses. */
export async function prepareMinimal(url: string, schema: string, { pools, addresses }: Minimal): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  const each = Math.ceil(addresses / pools)
  await client.query(`create schema ${schema}; set search_path to ${schema}; ${tables} ${functions.join('')}
    insert into pool select n, ${each}, 0 from generate_series(1, ${pools}) n;
    insert into free_block select p, f from generate_series(1, ${pools}) p, generate_series(1, ${each}) f;
    analyze`)
  await client.end()
}

/** Allocations in all, and how many addresses two of them share; counters are compared where they are kept. */
export async function checkMinimal(url: string, schema: string): Promise<{ allocations: number; duplicates: number }> {
  const client = new pg.Client(url)
  await client.connect()
  const { rows } = await client.query<{ allocations: string; different: string }>(
    `select count(*) as allocations, count(distinct (pool, first)) as different from ${schema}.allocation`,
  )
  await client.end()
  const [{ allocations, different }] = rows as [{ allocations: string; different: string }]
  return { allocations: Number(allocations), duplicates: Number(allocations) - Number(different) }
}

/** The minimal equivalent of one allocation as a script of pgbench: what anybody would write first. */
export const pgbenchScript = (pools: number): string => `\\set pool random(1, ${pools})
begin;
select n from pool where n = :pool for update;
delete from free_block where pool = :pool and first = (select first from free_block where pool = :pool order by first limit 1) returning first \\gset
insert into allocation (pool, first, account, at) values (:pool, :first, '111111111111', now());
insert into audit (at, account, action, result) values (now(), '111111111111', 'AllocateAddress', '{"PublicIp":"' || cast(:first as text) || '"}');
insert into decision (at, pool, first, body) values (now(), :pool, :first, 'allow');
update pool set free = free - 1, allocated = allocated + 1 where n = :pool;
commit;
`
/** The same in one round trip, as a function. */
export const pgbenchCall = (pools: number): string => `\\set pool random(1, ${pools})
select take_locked(:pool, 1);
`
