// A step of the schema: where accounts were that have left, for their numbers stay taken.

export const removedAccountsSchema = `
-- The unit below the root that it was in, with units in between or not, when it was removed; of one that came with a number of its own.
alter table account add column removed_below text check (removed_below is null or removed_at is not null);
create index account_removed_below on account (removed_below) where removed_below is not null;
`
