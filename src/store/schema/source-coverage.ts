// A step of the schema: what a source is expected to tell of.

export const sourceCoverageSchema = `
-- As JSON; null where nobody says, and it is expected to tell of where it tells of something.
alter table source add column covers text;
`
