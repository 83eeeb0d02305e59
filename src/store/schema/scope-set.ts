// A step of the schema: since when a source speaks of its scope. What it told before was told of no scope or another one.

export const scopeSetSchema = `
alter table source add column scope_set_at integer not null default 0;
`
