// A step of the schema: whose turn it is of sources that are worked at by themselves.

export const turnsSchema = `
alter table source add column rule_turn integer not null default 0;
alter table source add column finding_turn integer not null default 0;
alter table source add column tidy_turn integer not null default 0;
`
