// A step of the schema: which role bindings are new and which exceptions have changed since an epoch of governance, as of nodes.

export const bindingFactsSchema = `
-- The first epoch at which a role binding is there. None ever changes.
alter table role_binding add column facts_at integer not null default 0;
create index role_binding_facts_at on role_binding (facts_at);
create table role_binding_gone (
  id text primary key,
  facts_at integer not null
) strict, without rowid;
create index role_binding_gone_facts_at on role_binding_gone (facts_at);
-- The first epoch at which an exception is what it is, or a later one. None is ever deleted.
alter table policy_exception add column facts_at integer not null default 0;
create index policy_exception_facts_at on policy_exception (facts_at);
`
