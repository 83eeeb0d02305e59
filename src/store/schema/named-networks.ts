// A step of the schema: units are found by their names, and NAT gateways are told apart by theirs.

export const namedNetworksSchema = `
-- Accounts may be called as a unit is, and cost nobody anything who looks for the unit.
create index organization_unit_named on organization_node (name, id) where kind <> 'account';
-- Of the tag \`Name\` of NAT gateways, as of other things: what they are under, and whether another one there had the same name before.
update tag set name_parent = (select g.vpc_id from nat_gateway g where g.id = resource_id),
    name_shared = case when exists (
      select 1 from tag other join nat_gateway o on o.id = other.resource_id
      where other.key = 'Name' and other.value = tag.value and other.resource_type = 'natgateway'
        and other.resource_id < tag.resource_id
        and o.vpc_id = (select g.vpc_id from nat_gateway g where g.id = tag.resource_id)) then 1 else 0 end
  where key = 'Name' and value <> '' and resource_type = 'natgateway';
`
