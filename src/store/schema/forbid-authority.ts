// Steps of the schema: with which right a forbid was set, who made the token that a candidate was set with; what a forbid binds.

export const forbidAuthoritySchema = `
-- Where whoever set a forbid had the right to, and where it is lifted. Of those from before it is not known: only who manages
-- roles everywhere lifts them. A permit is taken away by whoever manages roles at its node, whoever gave it.
alter table role_binding add column authority text not null default '*' check (effect = 'forbid' or authority = '*');
drop index role_binding_once;
create unique index role_binding_once on role_binding (principal, role, node, effect, authority);
-- Who made the token that a candidate was set with: names of principals, as JSON.
alter table assignment_candidate add column set_by_makers text not null default '[]';
`

export const forbidReachSchema = `
-- The node whose permits a forbid binds, and those below: the one from which its setter's right came. Of those from before their
-- authority was kept it is not known, and an account's administrator must not shut out the centre: they bind from their own node.
alter table role_binding add column binds_from text not null default '*' check (effect = 'forbid' or binds_from = '*');
update role_binding set binds_from = case when authority = '*' then node else authority end where effect = 'forbid';
drop index role_binding_once;
create unique index role_binding_once on role_binding (principal, role, node, effect, authority, binds_from);
`
