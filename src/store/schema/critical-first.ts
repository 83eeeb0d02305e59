// A step of the schema: what is critical is told before all else, and what is found in one unit is counted.

export const criticalFirstSchema = `
alter table delivery add column is_critical integer not null default 0 check (is_critical in (0, 1));
-- Of what is found: the unit below the root that it is in, or else its node.
alter table delivery add column unit text;
create index delivery_of_unit on delivery (subscription, unit) where status = 'waiting' and unit is not null;
create index delivery_critical on delivery (subscription, next_at, n) where status = 'waiting' and is_critical = 1;
`
