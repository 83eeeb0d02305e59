// A step of the schema: what somebody may see is read by its account, so that what is hidden from them costs them nothing.

/** What rests is found by its place in the pool; how much of it an account gave back is counted where the space is crowded. */
export const restsOfAccount = `
create index quarantine_account on quarantine (account, pool);
`

export const accountIndexes = `
-- What an account holds or held, in the order of addresses, and by the resource that it names or that used it.
create index allocation_holder_address on allocation (holder, first, n);
create index allocation_holder_resource on allocation (holder, resource_id, n) where resource_id is not null;
create index hold_account_address on hold (account, first, n);
create index allocation_history_account_address on allocation_history (account, first, length, created_at, n);
create index allocation_history_account_resource on allocation_history (account, resource_id, n)
  where resource_id is not null;
create index allocation_history_account_used on allocation_history (account, used_by, n) where used_by is not null;
create index tenure_state_account_address on tenure_state (account, first, length, created_at, n, version);
create index tenure_state_account_resource on tenure_state (account, resource_id, n, version)
  where resource_id is not null;
create index tenure_state_account_used on tenure_state (account, used_by, n, version) where used_by is not null;
-- Which accounts and units were ever in a unit.
create index history_place on history (json_extract(body, '$.parentId'), object_id)
  where kind in ('account', 'organizational-unit');
-- Tokens of a principal by their home account.
create index api_token_principal_account on api_token (principal, account, id);
`
