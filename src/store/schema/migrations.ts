// The schema, as numbered steps that only go forward. What must always hold is said here as well as in the code.

import { accountIndexes, restsOfAccount } from './account-index.ts'
import { accountNamesSchema } from './account-names.ts'
import { accountNodeNamesSchema } from './account-node-names.ts'
import { auditSubjectSchema } from './audit-subject.ts'
import { behindSchema } from './behind.ts'
import { bindingFactsSchema } from './binding-facts.ts'
import { boundsSchema, tokensOfMakerSchema } from './bounds.ts'
import { broughtPlacesSchema } from './brought-places.ts'
import { broughtSpaceSchema } from './brought-space.ts'
import { browserSessionsSchema } from './browser-sessions.ts'
import { capacityWatchSchema } from './capacity-watch.ts'
import {
  bindingsSchema,
  changeBytesSchema,
  changeControlSchema,
  changeRequestsSchema,
  changesByClockSchema,
  emergenciesSchema,
  plannedForSchema,
  rolloutSchema,
} from './change-requests.ts'
import { contentBoundsSchema } from './content-bounds.ts'
import { criticalFirstSchema } from './critical-first.ts'
import { deprovisioningSchema } from './deprovisioning.ts'
import { digestsSchema } from './digests.ts'
import { discoveriesSchema } from './discoveries.ts'
import { evidenceSchema } from './evidence.ts'
import { exceptionLeaveSchema } from './exception-leave.ts'
import { findingSchema } from './finding.ts'
import { findingRetentionSchema } from './finding-retention.ts'
import { findingScansSchema } from './finding-scans.ts'
import { findingsSchema } from './findings.ts'
import { firstSchema } from './first.ts'
import { forbidAuthoritySchema, forbidReachSchema } from './forbid-authority.ts'
import { fullPoolsSchema } from './full-pools.ts'
import { givenEntriesSchema } from './given-entries.ts'
import { findingsGoingOn } from './going-on.ts'
import { goodTokensSchema } from './good-tokens.ts'
import { heldSchema } from './held.ts'
import { historyChangesSchema } from './history-changes.ts'
import { importSettersSchema } from './import-setters.ts'
import { importingAccountsSchema } from './importing-accounts.ts'
import { importingSinceSchema } from './importing-since.ts'
import { mailCountsSchema } from './mail-counts.ts'
import { namedNetworksSchema } from './named-networks.ts'
import { namesSchema } from './names.ts'
import { namesAlikeSchema } from './names-alike.ts'
import { nestingSchema } from './nesting.ts'
import { networkAddressIndexes } from './network-address.ts'
import { networkObjectsSchema } from './network-objects.ts'
import { nodeFactsSchema } from './node-facts.ts'
import { observationPlacesSchema } from './observation-places.ts'
import { observationsSchema } from './observations.ts'
import { observedSchema } from './observed.ts'
import { outboxSchema } from './outbox.ts'
import { ownListsSchema } from './own-lists.ts'
import { ownNetworksSchema } from './own-networks.ts'
import { ownWordsSchema } from './own-words.ts'
import { poolCidrIndex } from './pool-cidr-index.ts'
import { poolDaysSchema } from './pool-days.ts'
import { poolFactsSchema } from './pool-facts.ts'
import { presentPlacesSchema } from './present-places.ts'
import { pushedFindingsSchema } from './pushed-findings.ts'
import { adoptionSchema, avoidingSchema, coveredIndex, followedSchema } from './reconciling.ts'
import { recordListsSchema } from './record-lists.ts'
import { recordSinksSchema } from './record-sinks.ts'
import { removedAccountsSchema } from './removed-accounts.ts'
import { ruleSettersSchema } from './rule-setters.ts'
import { ruledSimulationsSchema } from './ruled-simulations.ts'
import { scanOwnersSchema } from './scan-owners.ts'
import { scopeSetSchema } from './scope-set.ts'
import { scopeSettersSchema } from './scope-setters.ts'
import { sealingKeySchema } from './sealing-key.ts'
import { simulatedRequestsSchema } from './simulated-requests.ts'
import { simulationsSchema } from './simulations.ts'
import { sourceCoverageSchema } from './source-coverage.ts'
import { spaceOnceSchema } from './space-once.ts'
import { takingPlacesSchema } from './taking-places.ts'
import { statesOfTenures } from './tenure-states.ts'
import { testsToldSchema } from './tests-told.ts'
import { tokenOriginsSchema } from './token-origins.ts'
import { toldOnceSchema } from './told-once.ts'
import { turnsSchema } from './turns.ts'
import { weighedSchema } from './weighed.ts'
import { witnessesSchema } from './witnesses.ts'
import { wouldBeSchema } from './would-be.ts'

export interface Migration {
  readonly number: number
  readonly name: string
  /**
   * What servers of the version before may do once the schema has this step: `go on` answering as they did, or `stop`, since
   * some of their answers would be faults or wrong. On PostgreSQL no step that says `stop` is taken while a server runs; in a
   * data folder there is never one beside it.
   */
  readonly olderServers: 'go on' | 'stop'
  readonly sql: string
}

/**
 * Conventions: moments are integer milliseconds since 1970; addresses are 16 bytes big-endian (IPv4 as ::ffff:a.b.c.d)
 * with the prefix length of their own family beside them; `n` is a sequence number that an identifier can be made of.
 */
export const migrations: readonly Migration[] = [
  {
    number: 1,
    name: 'foundation',
    olderServers: 'go on',
    sql: firstSchema,
  },
  {
    number: 2,
    name: 'keys that end at once, and a record that is only added to',
    olderServers: 'stop',
    sql: `
-- Moves where a key ends before its time: what a server remembers of keys is good for one epoch.
insert into counter (name, value) values ('key-epoch', 1);
-- The key that asked for a session's credentials: they end with it.
alter table access_key add column opened_by text;
create index access_key_opened_by on access_key (opened_by) where opened_by is not null;
create trigger ruling_kept before delete on ruling begin
  select raise(abort, 'rulings are kept');
end;
create trigger origin_kept before delete on origin begin
  select raise(abort, 'origins are kept');
end;
create trigger allocation_history_immutable before update on allocation_history begin
  select raise(abort, 'what was released is immutable');
end;
create trigger allocation_history_kept before delete on allocation_history begin
  select raise(abort, 'what was released is kept');
end;
create trigger history_immutable before update on history when (old.until_at is not null) begin
  select raise(abort, 'closed intervals are immutable');
end;
create trigger history_kept before delete on history begin
  select raise(abort, 'history is kept');
end;
`,
  },
  {
    number: 3,
    name: 'native principals',
    olderServers: 'go on',
    sql: `
create table role_binding (
  id text primary key,
  principal text not null,
  role text not null,
  -- A root, a unit, an account, or * for everything.
  node text not null,
  effect text not null check (effect in ('permit', 'forbid')),
  created_at integer not null
) strict;
create unique index role_binding_once on role_binding (principal, role, node, effect);
create table api_token (
  id text primary key,
  -- SHA-256 of the token, which nobody but its holder has.
  hash blob not null unique check (length(hash) = 32),
  principal text not null,
  -- The home account of the principal, for the record.
  account text not null references account (id),
  -- Of the identity provider, as they were at sign-in: a list, as JSON.
  member_of text not null default '[]',
  scopes text not null default '[]',
  description text,
  -- The sign-in that made it: one makes one.
  sign_in text unique,
  created_at integer not null,
  expires_at integer not null,
  revoked_at integer,
  check (expires_at > created_at)
) strict;
create index api_token_principal on api_token (principal, id);
create index api_token_expires on api_token (expires_at);
`,
  },
  {
    number: 4,
    name: 'exceptions and candidates',
    olderServers: 'stop',
    sql: `
create table policy_exception (
  id text primary key,
  -- An account, a unit or a root; with a pattern, only resources whose name matches.
  target_id text not null,
  resource text,
  locale text not null,
  resource_type text not null,
  -- Pools, the provider, netmask lengths: as JSON.
  grants text not null,
  reason text not null check (length(reason) > 0),
  -- What people decided; that it is active or expired follows from the time.
  status text not null check (status in ('requested', 'approved', 'denied', 'revoked')),
  is_break_glass integer not null check (is_break_glass in (0, 1)),
  starts_at integer not null,
  expires_at integer not null,
  requested_by text not null,
  requested_at integer not null,
  -- The request, or the renewal, that the present end was asked for in.
  asked_by text not null,
  asked_at integer not null,
  approved_by text,
  approved_at integer,
  -- A later end that waits for approval, as JSON.
  renewal text,
  ended_by text,
  ended_at integer,
  ended_note text,
  reviewed_by text,
  reviewed_at integer,
  review_note text,
  check (expires_at > starts_at),
  -- 90 days, and 24 hours for break-glass.
  check (expires_at <= asked_at + 7776000000),
  check (is_break_glass = 0 or expires_at <= requested_at + 86400000),
  -- Nobody approves or reviews what they asked for.
  check (approved_by is null or (approved_by <> requested_by and approved_by <> asked_by)),
  check (reviewed_by is null or reviewed_by <> requested_by),
  check ((approved_by is null) = (approved_at is null)),
  check ((ended_by is null) = (status in ('requested', 'approved')) and (ended_by is null) = (ended_at is null)),
  check (status <> 'approved' or approved_by is not null or is_break_glass = 1)
) strict;
create index policy_exception_open on policy_exception (status, expires_at);
create index policy_exception_target on policy_exception (target_id, id);
-- What was given under an exception; without an allocation, it was an address that was held already, or space brought along.
create table exception_use (
  exception_id text not null references policy_exception (id),
  decision integer not null,
  allocation integer,
  primary key (exception_id, decision)
) strict, without rowid;
-- What an assignment may become: another version, another mode, or both. It is asked on every request and never acts.
create table assignment_candidate (
  policy_id text not null,
  target_id text not null,
  n integer not null unique,
  version integer,
  mode text check (mode in ('off', 'observe', 'warn', 'enforce')),
  set_by text not null,
  set_at integer not null,
  primary key (policy_id, target_id),
  foreign key (policy_id, target_id) references assignment (policy_id, target_id) on delete cascade,
  foreign key (policy_id, version) references policy_version (policy_id, version),
  check (version is not null or mode is not null)
) strict, without rowid;
-- Decisions that a candidate would have made otherwise.
create table candidate_difference (
  candidate integer not null,
  account text not null,
  resource_type text not null,
  locale text not null,
  decision integer not null,
  at integer not null,
  primary key (candidate, account, resource_type, locale, decision)
) strict, without rowid;
`,
  },
  {
    number: 5,
    name: 'time machine',
    olderServers: 'go on',
    sql: `
-- Who had this address then: what is held and what was given back, by address, account, resource and number.
create index allocation_address on allocation (first, length);
create index allocation_history_account on allocation_history (account, released_at);
create index allocation_history_resource on allocation_history (resource_id) where resource_id is not null;
create index allocation_history_n on allocation_history (n);
-- Lists of the record by what it is about: rows of one ruling, or from one origin, are in the order of time.
create index decision_ruling on decision (ruling, n);
create index ruling_account on ruling (account);
create index audit_entry_origin on audit_entry (origin, n);
create index history_account on history (account, object_id);
`,
  },
  {
    number: 6,
    name: 'settings as fields',
    olderServers: 'stop',
    sql: `
-- Until now these were tags alone, read by whoever needed them; from now on the columns are what holds.
alter table ipam add column policy_compatibility text not null default 'strict' check (policy_compatibility in ('strict', 'aws'));
alter table ipam add column unmatched text not null default 'provider' check (unmatched in ('provider', 'deny'));
update ipam set policy_compatibility = 'aws' where id in
  (select resource_id from tag where key = 'cadastre:policy-compatibility' and value = 'aws');
update ipam set unmatched = 'deny' where id in
  (select resource_id from tag where key = 'cadastre:unmatched' and value = 'deny');
`,
  },
  {
    number: 7,
    name: 'holds and resource types',
    olderServers: 'stop',
    sql: `
-- Space that is held for a limited time, with the number that its allocation would have.
create table hold (
  n integer primary key,
  pool integer not null references pool (n),
  first blob not null check (length(first) = 16),
  length integer not null,
  account text not null,
  resource_type text not null,
  region text not null,
  resource_id text,
  description text,
  decision integer,
  tags text not null,
  -- What was asked, as JSON: policy is asked again when it is confirmed.
  request text not null,
  created_at integer not null,
  expires_at integer not null,
  check (expires_at > created_at)
) strict;
create unique index hold_first on hold (pool, first);
create index hold_address on hold (first, length);
create index hold_account on hold (account, n);
create index hold_resource on hold (resource_id) where resource_id is not null;
-- What is held rests, and is free when its time is over: the quarantine of a hold is named by it.
alter table quarantine add column hold integer references hold (n);
create unique index quarantine_hold on quarantine (hold) where hold is not null;
-- How it ended where it was never an allocation: null for what was released.
alter table allocation_history add column ending text check (ending in ('lapsed', 'dropped'));
create table resource_type (
  name text primary key,
  -- The entry of the registry, as JSON.
  body text not null,
  created_at integer not null
) strict, without rowid;
`,
  },
  {
    number: 8,
    name: 'what exceptions hold and what is used under them',
    olderServers: 'stop',
    sql: `
-- The number of the allocation that is held while an exception waits for approval; it stays when the hold is over.
alter table policy_exception add column hold integer;
create unique index policy_exception_hold on policy_exception (hold) where hold is not null;
create index policy_exception_pending on policy_exception (target_id) where status = 'requested' and hold is not null;
-- What was used or brought along without an allocation of its own, and by which resource: it is there as long as that has it.
alter table exception_use add column resource_id text;
alter table exception_use add column resource_type text;
alter table exception_use add column account text;
alter table exception_use add column first blob;
alter table exception_use add column length integer;
-- Who a token's holder is for the identity provider, and who made the token, and theirs: one person may have several names.
alter table api_token add column subject text;
alter table api_token add column makers text not null default '[]';
-- The same of whoever asked, as JSON; null where nothing but the name is known.
alter table policy_exception add column requested_as text;
alter table policy_exception add column asked_as text;
-- What the caller had to be permitted, as JSON: a repeat is answered where they still are.
alter table client_token add column needs text;
`,
  },
  {
    number: 9,
    name: 'decisions for a time',
    olderServers: 'stop',
    sql: `
-- How long decisions are kept, in days of the record; null: for good. The operator's: on PostgreSQL no server may change it.
create table retention (
  "only" integer primary key check ("only" = 1),
  -- A month is the longest that space can rest: until then, why somebody had it can be explained.
  decision_days integer check (decision_days between 30 and 36500),
  set_at integer
) strict;
insert into retention ("only", decision_days, set_at) values (1, null, null);
-- The days that the record has seen. A clock that jumps, by however much, makes one of them, and a standstill none: ages
-- are counted in these rows, so that a wrong clock cannot age what is on record by more than a day.
create table record_day (
  day integer primary key,
  -- Numbers drawn before the day began are lower.
  first_n integer not null,
  at integer not null
) strict;
insert into record_day (day, first_n, at)
  select row_number() over (order by min(n)), min(n), at / 86400000 * 86400000 from decision group by at / 86400000 order by min(n);
create trigger record_day_grows before insert on record_day begin
  select raise(abort, 'a day of the record follows the one before')
  where new.day <> coalesce((select max(day) from record_day), 0) + 1
    or exists (select 1 from record_day l where l.day = new.day - 1
      and (new.first_n < l.first_n or abs(new.at - l.at) < 86400000));
end;
create trigger record_day_immutable before update on record_day begin
  select raise(abort, 'days of the record are immutable');
end;
create trigger record_day_kept before delete on record_day begin
  select raise(abort, 'days of the record are kept');
end;
-- How far the present round has come, and what may be gone: a decision with a lower number that is not there was forgotten.
create table forgetting (
  "only" integer primary key check ("only" = 1),
  -- The day for which the round is, and the decision that it goes on with.
  day integer not null,
  next_n integer not null,
  before_n integer not null,
  before_at integer not null,
  decisions integer not null
) strict;
insert into forgetting ("only", day, next_n, before_n, before_at, decisions) values (1, 0, 0, 0, 0, 0);
-- What a server remembers of rulings is good for one epoch.
insert into counter (name, value) values ('ruling-epoch', 1);
-- What was brought along under an exception has no allocation that would tell whether it is still there: its decision stays.
create index exception_use_brought on exception_use (decision) where first is not null;
-- A decision goes once it is as old as they are kept, and so is the end of what it gave: a tenure of exactly its block that
-- began by then, of which scopes that overlap have several.
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
        ) lately where lately.decision = old.n and lately.released_at >= b.at))
    or exists (select 1 from allocation a where a.first = old.first and a.length = old.length and a.decision = old.n)
    or exists (select 1 from hold h where h.first = old.first and h.length = old.length and h.decision = old.n)
    or exists (select 1 from exception_use u where u.decision = old.n and u.first is not null);
end;
drop trigger ruling_kept;
create trigger ruling_kept before delete on ruling begin
  select raise(abort, 'rulings are kept')
  where exists (select 1 from decision d where d.ruling = old.n);
end;
create trigger candidate_difference_kept before delete on candidate_difference begin
  select raise(abort, 'differences are kept as long as their decisions')
  where exists (select 1 from decision d where d.n = old.decision);
end;
create trigger candidate_difference_immutable before update on candidate_difference begin
  select raise(abort, 'differences are immutable');
end;
-- What lists of the record are narrowed by.
create index ruling_pool on ruling (pool) where pool is not null;
create index ruling_policy on ruling (policy_id) where policy_id is not null;
create index ruling_outcome on ruling (outcome);
create index ruling_mode on ruling (mode);
create index ruling_locale on ruling (locale);
create index ruling_type on ruling (resource_type);
create index origin_account on origin (account);
create index origin_principal on origin (principal);
create index origin_action on origin (action);
`,
  },
  { number: 10, name: 'what would be', olderServers: 'stop', sql: wouldBeSchema },
  { number: 11, name: 'what a token was made with', olderServers: 'stop', sql: tokenOriginsSchema },
  {
    number: 12,
    name: 'the history of a database',
    olderServers: 'go on',
    sql: `-- Servers drop what they remember where it is another one: \`cadastre database accept\` draws it anew.
insert into counter (name, value) values ('history', 0);`,
  },
  {
    number: 13,
    name: 'differences in order',
    olderServers: 'go on',
    sql: `
-- The candidate gives space from the same pool, and only the pools behind it stand in another order. Of rows from before this
-- step, which counted such a difference as another pool, that is not known.
alter table candidate_difference add column order_only integer not null default 0
  check (order_only in (0, 1) and (order_only = 0 or kind = 'other'));
`,
  },
  { number: 14, name: 'space is given once', olderServers: 'stop', sql: spaceOnceSchema },
  { number: 15, name: 'what a change changed', olderServers: 'stop', sql: auditSubjectSchema },
  { number: 16, name: 'states of tenures', olderServers: 'stop', sql: statesOfTenures },
  { number: 17, name: 'bounds that nobody uses up for others', olderServers: 'stop', sql: boundsSchema },
  { number: 18, name: 'who lifts a forbid', olderServers: 'stop', sql: forbidAuthoritySchema },
  { number: 19, name: 'what a forbid binds', olderServers: 'stop', sql: forbidReachSchema },
  { number: 20, name: 'tokens by their maker', olderServers: 'go on', sql: tokensOfMakerSchema },
  { number: 21, name: 'CIDRs that leave their pool', olderServers: 'stop', sql: deprovisioningSchema },
  { number: 22, name: 'the sealing key of a database', olderServers: 'go on', sql: sealingKeySchema },
  { number: 23, name: 'what accounts have, by account', olderServers: 'go on', sql: accountIndexes },
  { number: 24, name: 'by whose leave exceptions are used', olderServers: 'stop', sql: exceptionLeaveSchema },
  { number: 25, name: 'what policies of an account write', olderServers: 'go on', sql: contentBoundsSchema },
  { number: 26, name: 'what goes by a name', olderServers: 'go on', sql: findingSchema },
  { number: 27, name: 'what rests, by account', olderServers: 'go on', sql: restsOfAccount },
  { number: 28, name: 'accounts under their own names', olderServers: 'stop', sql: accountNamesSchema },
  { number: 29, name: 'what things are called', olderServers: 'stop', sql: namesSchema },
  { number: 30, name: 'what has changed of nodes', olderServers: 'stop', sql: nodeFactsSchema },
  { number: 31, name: 'networks inside of networks', olderServers: 'stop', sql: nestingSchema },
  { number: 32, name: 'what has changed of pools', olderServers: 'stop', sql: poolFactsSchema },
  { number: 33, name: 'words of our own', olderServers: 'stop', sql: ownWordsSchema },
  { number: 34, name: 'one name of the management account', olderServers: 'go on', sql: accountNodeNamesSchema },
  { number: 35, name: 'units and NAT gateways by their names', olderServers: 'stop', sql: namedNetworksSchema },
  { number: 36, name: 'numbers of removed accounts', olderServers: 'go on', sql: removedAccountsSchema },
  { number: 37, name: 'lists of the record', olderServers: 'stop', sql: recordListsSchema },
  { number: 38, name: 'what sources say is there', olderServers: 'go on', sql: observationsSchema },
  { number: 39, name: 'names that look alike', olderServers: 'stop', sql: namesAlikeSchema },
  { number: 40, name: 'CIDRs by their pool', olderServers: 'go on', sql: poolCidrIndex },
  { number: 41, name: 'what sources count', olderServers: 'stop', sql: observedSchema },
  { number: 42, name: 'what resources are discovered with', olderServers: 'stop', sql: discoveriesSchema },
  { number: 43, name: 'pools by the day', olderServers: 'stop', sql: poolDaysSchema },
  { number: 44, name: 'findings', olderServers: 'go on', sql: findingsSchema },
  { number: 45, name: 'what sources weigh', olderServers: 'stop', sql: weighedSchema },
  { number: 46, name: 'what has changed of bindings and exceptions', olderServers: 'stop', sql: bindingFactsSchema },
  { number: 47, name: 'what sources cover', olderServers: 'go on', sql: coveredIndex },
  { number: 48, name: 'what was adopted from sources', olderServers: 'go on', sql: adoptionSchema },
  { number: 49, name: 'subnets by their blocks', olderServers: 'go on', sql: networkAddressIndexes },
  { number: 50, name: 'what is watched of capacity', olderServers: 'go on', sql: capacityWatchSchema },
  { number: 51, name: 'what findings follow', olderServers: 'go on', sql: findingScansSchema },
  { number: 52, name: 'what stands in networks', olderServers: 'stop', sql: networkObjectsSchema },
  { number: 53, name: 'findings of what sources tell', olderServers: 'go on', sql: followedSchema },
  { number: 54, name: 'pools that avoid what is in use', olderServers: 'stop', sql: avoidingSchema },
  { number: 55, name: 'on whose right sources adopt', olderServers: 'stop', sql: ruleSettersSchema },
  { number: 56, name: 'whose turn it is of sources', olderServers: 'go on', sql: turnsSchema },
  { number: 57, name: 'space that no pool gave', olderServers: 'stop', sql: broughtSpaceSchema },
  { number: 58, name: 'what sources are expected to tell of', olderServers: 'stop', sql: sourceCoverageSchema },
  { number: 59, name: 'how long findings are kept', olderServers: 'stop', sql: findingRetentionSchema },
  { number: 60, name: 'what goes on of sources', olderServers: 'go on', sql: findingsGoingOn },
  { number: 61, name: 'what sources say of a place', olderServers: 'go on', sql: observationPlacesSchema },
  { number: 62, name: 'since when sources speak of a scope', olderServers: 'stop', sql: scopeSetSchema },
  { number: 63, name: 'since when pools import', olderServers: 'stop', sql: importingSinceSchema },
  { number: 64, name: 'good tokens by whom they are for', olderServers: 'go on', sql: goodTokensSchema },
  { number: 65, name: 'what sources say of a place now', olderServers: 'go on', sql: presentPlacesSchema },
  { number: 66, name: 'who says of which scope sources speak', olderServers: 'stop', sql: scopeSettersSchema },
  { number: 67, name: 'pools that import, by account', olderServers: 'go on', sql: importingAccountsSchema },
  { number: 68, name: 'what takes space where sources say', olderServers: 'go on', sql: takingPlacesSchema },
  { number: 69, name: 'entries of what policy gave', olderServers: 'go on', sql: givenEntriesSchema },
  { number: 70, name: 'whose is what findings look at anew', olderServers: 'go on', sql: scanOwnersSchema },
  { number: 71, name: 'change requests', olderServers: 'go on', sql: changeRequestsSchema },
  { number: 72, name: 'evidence', olderServers: 'stop', sql: evidenceSchema },
  { number: 73, name: 'simulations', olderServers: 'go on', sql: simulationsSchema },
  { number: 74, name: 'change control', olderServers: 'stop', sql: changeControlSchema },
  { number: 75, name: 'what others are told of', olderServers: 'stop', sql: outboxSchema },
  { number: 76, name: 'who has let pools import', olderServers: 'stop', sql: importSettersSchema },
  { number: 77, name: 'pools that have become full', olderServers: 'go on', sql: fullPoolsSchema },
  { number: 78, name: 'rollouts of changes', olderServers: 'go on', sql: rolloutSchema },
  { number: 79, name: 'where the record is sent', olderServers: 'go on', sql: recordSinksSchema },
  { number: 80, name: 'what change requests write', olderServers: 'go on', sql: changeBytesSchema },
  { number: 81, name: 'findings that are pushed', olderServers: 'stop', sql: pushedFindingsSchema },
  { number: 82, name: 'what change requests were planned for', olderServers: 'stop', sql: plannedForSchema },
  { number: 83, name: 'what is told together', olderServers: 'stop', sql: digestsSchema },
  { number: 84, name: 'what change requests are simulated', olderServers: 'go on', sql: simulatedRequestsSchema },
  { number: 85, name: 'changes that a clock makes', olderServers: 'go on', sql: changesByClockSchema },
  { number: 86, name: 'witnesses of the log of evidence', olderServers: 'go on', sql: witnessesSchema },
  { number: 87, name: 'subscriptions that are looked at by themselves', olderServers: 'stop', sql: behindSchema },
  { number: 88, name: 'what changes refer to', olderServers: 'stop', sql: bindingsSchema },
  { number: 89, name: 'tries of subscriptions', olderServers: 'go on', sql: testsToldSchema },
  { number: 90, name: 'networks by whose they are', olderServers: 'go on', sql: ownNetworksSchema },
  { number: 91, name: 'where space lies that no pool gave', olderServers: 'go on', sql: broughtPlacesSchema },
  { number: 92, name: 'each emergency of a change', olderServers: 'stop', sql: emergenciesSchema },
  { number: 93, name: 'role bindings in the order of lists', olderServers: 'go on', sql: ownListsSchema },
  { number: 94, name: 'what is told once', olderServers: 'go on', sql: toldOnceSchema },
  { number: 95, name: 'simulations by rules alone', olderServers: 'go on', sql: ruledSimulationsSchema },
  { number: 96, name: 'mails of an hour', olderServers: 'go on', sql: mailCountsSchema },
  { number: 97, name: 'what is governed, held still', olderServers: 'go on', sql: heldSchema },
  { number: 98, name: 'what is critical first', olderServers: 'go on', sql: criticalFirstSchema },
  { number: 99, name: 'what versions have changed', olderServers: 'stop', sql: historyChangesSchema },
  { number: 100, name: 'sessions of browsers', olderServers: 'stop', sql: browserSessionsSchema },
  { number: 101, name: 'which server leads', olderServers: 'go on', sql: '' },
]
