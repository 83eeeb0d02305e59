// A step of the schema: of which pools what decisions read has changed since an epoch of governance, as of nodes.

export const poolFactsSchema = `
-- The first epoch at which a pool has the rules, the CIDRs and the shares that it has.
alter table pool add column facts_at integer not null default 0;
create index pool_facts_at on pool (facts_at);
create table pool_gone (
  id text primary key,
  facts_at integer not null
) strict, without rowid;
create index pool_gone_facts_at on pool_gone (facts_at);
`
