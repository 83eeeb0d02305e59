// A step of the schema: of which nodes of the organization what decisions read has changed since an epoch of governance.

export const nodeFactsSchema = `
-- The first epoch at which a node stands where it stands, with the state, the contact and the tags that it has. Whoever knows
-- all nodes of an earlier epoch reads those that have a later one, and takes away those that are gone.
alter table organization_node add column facts_at integer not null default 0;
create index organization_node_facts_at on organization_node (facts_at);
create table organization_node_gone (
  id text primary key,
  facts_at integer not null
) strict, without rowid;
create index organization_node_gone_facts_at on organization_node_gone (facts_at);
`
