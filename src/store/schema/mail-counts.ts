// A step of the schema: how many mails of an hour there were, on whose word and to whom.

export const mailCountsSchema = `
create table mail_count (
  -- By what they are counted: a setter, an address, or both.
  key text primary key,
  -- When the hour began.
  hour integer not null,
  count integer not null
) strict;
create index mail_count_hour on mail_count (hour);
`
