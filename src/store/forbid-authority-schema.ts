// A step of the schema: with which right a forbid was set, and who made the token that a candidate was set with.

export const forbidAuthoritySchema = `
-- Where whoever set a forbid had the right to, and where it is lifted. Of those from before it is not known: only who manages
-- roles everywhere lifts them. A permit is taken away by whoever manages roles at its node, whoever gave it.
alter table role_binding add column authority text not null default '*' check (effect = 'forbid' or authority = '*');
drop index role_binding_once;
create unique index role_binding_once on role_binding (principal, role, node, effect, authority);
-- Who made the token that a candidate was set with: names of principals, as JSON.
alter table assignment_candidate add column set_by_makers text not null default '[]';
`
