// A step of the schema: who has let pools import. Of pools from before nobody knows.

export const importSettersSchema = `
alter table pool add column auto_import_by text;
`
