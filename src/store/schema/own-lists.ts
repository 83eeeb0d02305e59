// A step of the schema: role bindings in the order of lists, by whom they are for, where they are, and where forbids are lifted.

export const ownListsSchema = `
create index role_binding_of_principal on role_binding (principal, id);
drop index role_binding_of_node;
create index role_binding_of_node on role_binding (node, id);
create index role_binding_lifted_at on role_binding (authority, id) where effect = 'forbid';
`
