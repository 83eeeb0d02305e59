// A step of the schema: pools that have become fuller or emptier by a step, which are looked at before all others. Those of before are
// looked at within an hour, as all are.

export const fullPoolsSchema = `
alter table pool add column full_changed integer check (full_changed = 1);
create index pool_full_changed on pool (n) where full_changed = 1;
`
