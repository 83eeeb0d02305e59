// A step of the schema: who has said of which scope a source speaks. Of sources from before nobody knows.

export const scopeSettersSchema = `
alter table source add column scope_set_by text;
`
