// For whom it is counted what people use up, and the indexes that the counts are searches of.
export const boundsSchema = `
-- For whom it is counted: whoever made the first of the tokens that led to the requester's, or the requester.
alter table policy_exception add column counted_for text not null default '';
update policy_exception set counted_for = requested_by;
create index policy_exception_of_requester on policy_exception (counted_for, is_break_glass, status, expires_at);
create index policy_exception_of_target on policy_exception (target_id, is_break_glass, status, expires_at);
create index policy_exception_of_kind on policy_exception (is_break_glass, status, expires_at);
create index policy_exception_unreviewed on policy_exception (target_id, locale, resource_type)
  where is_break_glass = 1 and reviewed_by is null;
-- Empty: the operator, or not known, since it was made before this step.
alter table role_binding add column counted_for text not null default '';
create index role_binding_of_maker on role_binding (counted_for, node);
create index role_binding_of_node on role_binding (node);
create index organization_node_kind on organization_node (kind);
`

/** How many somebody has made is counted whenever they make one more: by the first member of the list. */
export const tokensOfMakerSchema = `
create index api_token_of_maker on api_token (makers) where makers <> '[]';
`
