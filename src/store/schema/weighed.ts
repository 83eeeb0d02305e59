// A step of the schema: what sources say is weighed, so that nobody fills the disk by it; snapshots name who made the token of whoever
// sent them; and an account may be removed however many tokens are at home there.

export const weighedSchema = `
-- Characters of what the version says.
alter table observation add column bytes integer not null default 0 check (bytes >= 0);
update observation set bytes = length(body) + length(object_id) + length(account) + length(locale) + length(space);
-- Of the newest versions, and of those that have ended.
alter table source add column bytes integer not null default 0 check (bytes >= 0);
alter table source add column former_bytes integer not null default 0 check (former_bytes >= 0);
update source set
  bytes = (select coalesce(sum(o.bytes), 0) from observation o where o.source_id = source.id and o.until_snapshot is null),
  former_bytes =
    (select coalesce(sum(o.bytes), 0) from observation o where o.source_id = source.id and o.until_snapshot is not null);
-- By how much a snapshot has changed the two.
alter table snapshot add column bytes integer not null default 0;
alter table snapshot add column former_bytes integer not null default 0;
alter table snapshot add column makers text not null default '[]';
update snapshot set
  bytes = (
    select coalesce(sum(case when o.since_snapshot = snapshot.number then o.bytes else -o.bytes end), 0) from observation o
    where o.source_id = snapshot.source_id and (o.since_snapshot = snapshot.number or o.until_snapshot = snapshot.number)),
  former_bytes = (
    select coalesce(sum(o.bytes), 0) from observation o
    where o.source_id = snapshot.source_id and o.until_snapshot = snapshot.number)
where exists (select 1 from source s where s.id = snapshot.source_id and s.taking = snapshot.number);

-- Tokens of services at home there up to this one ended when it was removed, whatever they say.
alter table account add column tokens_ended text;
create index account_tokens_ended on account (tokens_ended) where tokens_ended is not null;
create index api_token_account on api_token (account, id) where revoked_at is null and principal like 'service:%';
`
