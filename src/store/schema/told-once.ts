// A step of the schema: by whom what is told was brought about, and what is told of it together.

export const toldOnceSchema = `
-- For whom it is counted; empty: nobody's request has brought it about.
alter table event add column requester text not null default '';
-- The same of what waits; and how many others of its kind it stands for, of the same requester.
alter table delivery add column requester text;
alter table delivery add column others integer not null default 0;
create index delivery_of_requester on delivery (subscription, requester) where status = 'waiting' and requester is not null;
`
