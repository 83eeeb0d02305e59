// A step of the schema: pools that import, by their account.

export const importingAccountsSchema = `
drop index pool_importing;
create index pool_importing on pool (account, n) where auto_import = 1;
`
