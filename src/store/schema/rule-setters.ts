// A step of the schema: on whose right the rules of sources act, and as whom the identity provider knows who sent a snapshot.

export const ruleSettersSchema = `
alter table source add column adopts_by text;
alter table snapshot add column subject text;
`
