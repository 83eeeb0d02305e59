// A step of the schema: since when pools import by themselves.

export const importingSinceSchema = `
alter table pool add column auto_import_at integer;
-- Of pools that import already all that stands there now has come before.
update pool set auto_import_at = (select coalesce(max(created_at), 0) from vpc_cidr) where auto_import = 1;
`
