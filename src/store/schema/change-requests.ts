// A step of the schema: change requests, and what each of their contents says.

export const changeRequestsSchema = `
create table change_request (
  n integer primary key,
  -- What it changes is there or below, and there it may be read.
  node text not null,
  reason text not null,
  content_hash text not null,
  status text not null
    check (status in ('draft', 'in-review', 'approved', 'scheduled', 'applied', 'halted', 'reverted', 'abandoned')),
  author text not null,
  proposed_at integer not null,
  -- What is known of the author beside the name, as JSON.
  author_as text,
  -- Whoever made the first of the tokens that led to the author's, or the author.
  counted_for text not null,
  -- As JSON.
  editors text not null,
  approvals text not null,
  impact text,
  needed text,
  window_from integer,
  window_until integer check (window_from is null or window_until is null or window_until > window_from),
  rejected text,
  ended text,
  check (status = 'draft' or status = 'abandoned' or impact is not null)
) strict;
create index change_request_node on change_request (node, n);
create index change_request_status on change_request (status, n);
create index change_request_author on change_request (author, n);
create index change_request_open on change_request (counted_for, node)
  where status in ('draft', 'in-review', 'approved', 'scheduled', 'halted');
-- What it says and said: approvals name the hash, and the history does.
create table change_request_content (
  request integer not null references change_request (n),
  content_hash text not null,
  -- As JSON: operations with their inputs.
  operations text not null,
  primary key (request, content_hash)
) strict, without rowid;
create trigger change_request_content_immutable before update on change_request_content begin
  select raise(abort, 'contents of change requests are immutable');
end;
`

export const changeControlSchema = `
alter table ipam add column change_control text not null default 'none' check (change_control in ('none', 'required'));
-- How many have to approve what, as JSON; null: as where nobody said.
alter table ipam add column change_approvals text;
alter table ipam add column change_freezes text not null default '[]';
-- Why the glass was broken, and who has reviewed it, as JSON.
alter table change_request add column break_glass text;
create index change_request_unreviewed on change_request (counted_for)
  where break_glass is not null and break_glass not like '%"reviewed":%';
`

export const rolloutSchema = `
-- As JSON: its stages, how far they are, why they were halted, what undoes them, and on whose right they go on.
alter table change_request add column rollout text;
alter table change_request add column progress text;
alter table change_request add column halted text;
alter table change_request add column inverse text;
alter table change_request add column runner text;
-- When its next stage is due.
alter table change_request add column due_at integer;
create index change_request_due on change_request (due_at) where due_at is not null;
`

export const bindingsSchema = `
-- What its names and references stand for, as JSON, as it was found when it was tried; null: of a draft, or from before.
alter table change_request_content add column bindings text;
-- What its stages have made, as JSON.
alter table change_request add column made text;
-- Whoever made the first of the tokens that led to that of who broke the glass, or who broke it.
alter table change_request add column broken_for text;
update change_request set broken_for = counted_for where break_glass is not null;
drop index change_request_unreviewed;
create index change_request_unreviewed on change_request (broken_for)
  where break_glass is not null and break_glass not like '%"reviewed":%';
`

export const emergenciesSchema = `
-- As JSON: each emergency in which something was done with it, with who it was and who has reviewed it.
alter table change_request rename column break_glass to emergencies;
update change_request
  set emergencies = '{"broken":'
    || coalesce(ended, '{"by":"' || author || '","at":' || proposed_at || '}')
    || ',' || substr(emergencies, 2)
  where emergencies is not null and emergencies not like '%"broken":%';
update change_request set emergencies = '[' || emergencies || ']' where emergencies is not null;
drop index change_request_unreviewed;
-- Those that nobody has reviewed.
create table unreviewed_emergency (
  request integer not null references change_request (n),
  place integer not null,
  -- Whoever made the first of the tokens that led to that of who did it, or who did it.
  requester text not null,
  primary key (request, place)
) strict, without rowid;
create index unreviewed_emergency_requester on unreviewed_emergency (requester);
insert into unreviewed_emergency (request, place, requester)
  select n, 0, broken_for from change_request where emergencies is not null and emergencies not like '%"reviewed":%';
alter table change_request drop column broken_for;
`

export const changesByClockSchema = `
-- When one that was approved is made by itself, and why that failed.
alter table change_request add column applies_at integer;
alter table change_request add column failed text;
create index change_request_applies on change_request (applies_at) where applies_at is not null;
`

export const plannedForSchema = `
-- The state of governance that it was planned for, and as JSON which versions the objects had there that it changes.
alter table change_request add column planned_for integer;
alter table change_request add column basis text;
`

export const changeBytesSchema = `
-- Bytes of what change requests say, that a requester has written on one day (of UTC, counted from 1970). All of it is kept.
create table change_request_written (
  requester text not null,
  day integer not null,
  bytes integer not null check (bytes >= 0),
  primary key (requester, day)
) strict, without rowid;
`
