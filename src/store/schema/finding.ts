// A step of the schema: what goes by a name or a tag, and the networks that nobody gave their space, by their addresses.

export const findingSchema = `
-- By kind, and of each kind by whose it is: what others have tagged alike costs nobody anything.
create index tag_value on tag (key, value, resource_type, account, resource_id);
create index organization_node_named on organization_node (name, id);
create index account_named on account (name, id);
-- A VPC whose block comes from no pool is found by that block alone.
create index vpc_cidr_address on vpc_cidr (first, length) where allocation is null;
`
