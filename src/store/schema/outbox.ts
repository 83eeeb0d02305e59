// A step of the schema: what others are told of, who wants to be told, and how far that has come.

export const outboxSchema = `
create table event (
  n integer primary key,
  kind text not null,
  severity text not null,
  -- Where it may be read: an account, or another node.
  node text not null,
  subject text not null,
  -- Which source told it, of a finding; empty where none did.
  source text not null,
  -- As JSON, without words.
  facts text not null,
  at integer not null,
  -- The subscription that alone is told: of a try.
  only_for text
) strict;
create table subscription (
  id text primary key,
  node text not null,
  -- As JSON: kinds and groups of events; an empty list: all.
  events text not null,
  severity text not null,
  format text not null,
  -- What may be shown of where it goes.
  target text not null,
  -- {url, recipients, secrets}; the id is the associated data.
  sealed blob not null,
  contact text,
  description text,
  is_enabled integer not null check (is_enabled in (0, 1)),
  -- Who set it, as JSON: it tells what they may see.
  set_by text not null,
  created_at integer not null,
  -- Failures one after the other, and until when it is left alone for them.
  failures integer not null,
  paused_until integer,
  last_problem text,
  last_failed_at integer,
  last_delivered_at integer,
  -- How many events found no room among those that wait.
  dropped integer not null,
  deleted_at integer
) strict;
create index subscription_node on subscription (node, id);
create index subscription_deleted on subscription (id) where deleted_at is not null;
create table delivery (
  n integer primary key,
  subscription text not null,
  event integer not null references event (n),
  status text not null check (status in ('waiting', 'delivered', 'dead', 'withheld')),
  attempts integer not null,
  made_at integer not null,
  next_at integer not null,
  last_at integer,
  -- As JSON, without words.
  problem text
) strict;
create unique index delivery_once on delivery (subscription, event);
create index delivery_list on delivery (subscription, n);
create index delivery_made on delivery (made_at);
create index delivery_state on delivery (subscription, status, next_at, n);
create index delivery_due on delivery (next_at) where status = 'waiting';
create index delivery_event on delivery (event);
create table outbox_progress (
  "only" integer primary key check ("only" = 1),
  -- Every subscription was looked at for events up to this one; of the next one, those up to a subscription.
  event integer not null,
  subscription text not null,
  -- The last exceptions that were told of: that they are over, and that they will be soon. By when they end, and their ids.
  ended_at integer not null,
  ended_id text not null,
  soon_at integer not null,
  soon_id text not null,
  -- Which server delivers, until when unless it says so again.
  worker text,
  worker_until integer not null
) strict;
insert into outbox_progress ("only", event, subscription, ended_at, ended_id, soon_at, soon_id, worker, worker_until)
  select 1, 0, '', newest.at, '', newest.at + 604800000, '', null, 0
  from (select coalesce((select at from audit_entry order by n desc limit 1), 0) as at) newest;
`
