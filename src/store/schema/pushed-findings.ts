// A step of the schema: findings that are pushed to where they are imported.

export const pushedFindingsSchema = `
-- The account and Region that findings are imported into, of the format asff.
alter table subscription add column hub_account text;
alter table subscription add column hub_region text;
`
