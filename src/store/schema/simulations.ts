// A step of the schema: simulations, what came of them by account, type and locale, and by pool.

export const simulationsSchema = `
create table simulation (
  n integer primary key,
  -- For whom they are counted, and who asked.
  holder text not null,
  asked_by text not null,
  days integer not null check (days between 1 and 400),
  status text not null check (status in ('waiting', 'running', 'done', 'refused', 'failed', 'cancelled', 'deleted')),
  created_at integer not null,
  started_at integer,
  ended_at integer,
  -- Which server works at it, until when unless it says so again, and how many have begun.
  worker text,
  worker_until integer not null,
  attempts integer not null,
  -- How far it is: as JSON.
  progress text not null,
  -- What it was evaluated against and how much was left out, as JSON; null before that.
  facts text,
  -- Why it could not be made, as JSON.
  refusal text,
  check ((status in ('waiting', 'running')) = (ended_at is null))
) strict;
create index simulation_open on simulation (n) where status in ('waiting', 'running');
create index simulation_of_holder on simulation (holder, n);
create index simulation_ended on simulation (ended_at, n) where ended_at is not null;
-- What is simulated: operations with their input, and as whom they are tried; as JSON.
create table simulated_change (
  simulation integer primary key references simulation (n),
  asker text not null,
  operations text not null
) strict;
create table simulation_group (
  simulation integer not null references simulation (n),
  account text not null,
  resource_type text not null,
  locale text not null,
  requests integer not null,
  resources integer not null,
  newly_denied integer not null,
  newly_allowed integer not null,
  elsewhere integer not null,
  other_size integer not null,
  exhausted integer not null,
  noncompliant integer not null,
  compliant integer not null,
  first_at integer,
  last_at integer,
  samples text not null,
  primary key (simulation, account, resource_type, locale)
) strict, without rowid;
create table simulation_pool (
  simulation integer not null references simulation (n),
  -- By its id, or where the candidate makes it by what the operations call it.
  pool text not null,
  is_new integer not null check (is_new in (0, 1)),
  -- As JSON, in each of the two worlds.
  present text,
  candidate text,
  primary key (simulation, pool)
) strict, without rowid;
`
