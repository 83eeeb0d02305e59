// A step of the schema: the management account is called the same in the tree as in the list of accounts.

export const accountNodeNamesSchema = `
-- A node was made with its number for a name. One that was renamed since has one name in both places. The history says what was: its next
-- version has the name.
update organization_node set name = (select a.name from account a where a.id = organization_node.id)
  where kind = 'account' and name = id;
`
