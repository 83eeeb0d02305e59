// A step of the schema: what is told together, and what is told of once for a while.

export const digestsSchema = `
-- Whether it is told of an hour or a day in one message; and how long the same of the same object is not told of again.
alter table subscription add column digest text check (digest in ('hourly', 'daily'));
alter table subscription add column quiet_seconds integer not null default 0;
-- The end of the hour or day that it is told with.
alter table delivery add column period integer;
-- Of a subscription that is quiet for a while: what is told, of what; and how many of the same it has taken the place of.
alter table delivery add column topic text;
alter table delivery add column repeats integer not null default 0;
create index delivery_period on delivery (subscription, period, n) where status = 'waiting' and period is not null;
create index delivery_topic on delivery (subscription, topic, n) where topic is not null;
`
