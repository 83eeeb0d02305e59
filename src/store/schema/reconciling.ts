// A step of the schema: of which accounts and places sources tell what is there, found by these.

export const coveredIndex = `
drop index observation_account;
create index observation_account on observation (account, source_id, locale, number);
`
