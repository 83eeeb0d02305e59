// A step of the schema: which accounts have used an exception, and by what whoever approved it had a say over its pools.

export const exceptionLeaveSchema = `
-- The account of each use, whatever was used: whether one account has used an exception is one search.
update exception_use set account = coalesce(
    (select h.account from allocation a join holder h on h.n = a.holder where a.n = exception_use.allocation),
    (select min(t.account) from allocation_history t where t.n = exception_use.allocation))
  where account is null and allocation is not null;
create index exception_use_of_account on exception_use (exception_id, account);
-- Of the pools that are granted, as JSON, those that whoever approved had no say over: they count while they are shared.
alter table policy_exception add column shared_pools text not null default '[]'
  check (shared_pools = '[]' or status in ('approved', 'revoked'));
-- Of exceptions from before it is not known what the approver had a say over. A pool of somebody else that is shared with the
-- target is taken to count by that; one that is not goes on as before, until the exception ends. The time of the last entry of
-- the record stands for now.
update policy_exception set shared_pools = (
    with recursive way (id) as (
      select policy_exception.target_id
      union all select n.parent_id from way w join organization_node n on n.id = w.id where n.parent_id is not null)
    select coalesce('[' || string_agg('"' || p.id || '"', ',') || ']', '[]') from pool p
      where instr(policy_exception.grants, '"' || p.id || '"') > 0 and p.account <> policy_exception.target_id
        and exists (select 1 from pool_share s join way w on w.id = s.principal where s.pool = p.n))
  where status = 'approved' and instr(grants, '"ipam-pool-') > 0
    and expires_at > coalesce((select at from audit_entry order by n desc limit 1), 0);
`
