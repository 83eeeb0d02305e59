// A step of the schema: entries that are about space that policy has just given, which findings need not look at. Those from before
// are looked at, as those that an older server writes.

export const givenEntriesSchema = `
-- All that the entry is about is space that policy gave with it, by its own rules: no exception and no tags had a part in it.
alter table audit_entry add column given integer check (given = 1);
`
