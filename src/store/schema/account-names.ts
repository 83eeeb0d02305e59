// A step of the schema: accounts of every cloud and site, under the names that they have there, and what becomes of them.

export const accountNamesSchema = `
-- The cloud that it is of, such as \`aws\` or \`azure\`, and what it is called there.
alter table account add column cloud text;
alter table account add column external_id text;
-- Whom to ask about what it owns: a person, a team, a mail address or a link.
alter table account add column contact text;
-- Closed for good; until it is removed it stays in its place in the organization.
alter table account add column closed_at integer;
-- It has left for good: its number stays known, and its names are free for others.
alter table account add column removed_at integer;
create unique index account_external_id on account (external_id, cloud) where removed_at is null and external_id is not null;
drop index account_email;
create unique index account_email on account (lower(email)) where removed_at is null;
`
