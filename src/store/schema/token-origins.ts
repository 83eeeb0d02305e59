// A step of the schema: where tokens come from, and whose groups they carry.

export const tokenOriginsSchema = `
-- The token that it was made with; null where a sign-in or the operator made it, and for those that were there before.
alter table api_token add column made_with text references api_token (id);
create index api_token_made_with on api_token (made_with) where made_with is not null;
-- Groups are proven by a sign-in, and as long as its own token is good. Until now they were copied for up to a year: by which
-- sign-in is not known, so only what a sign-in itself made keeps them.
update api_token set member_of = '[]' where sign_in is null;
alter table api_token add column groups_until integer;
update api_token set groups_until = expires_at where member_of <> '[]';
alter table api_token add column origin text not null default 'token' check (
  origin in ('sign-in', 'operator', 'token')
  and (made_with is null or origin = 'token')
  and (member_of = '[]' or (groups_until is not null and expires_at <= groups_until)));
update api_token set origin = 'sign-in' where sign_in is not null;
`
