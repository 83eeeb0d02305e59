// Texts of SQL that tests have SQLite asked for and PostgreSQL not, as a whole `npm test` finds them.

/**
 * Nothing is added here: a test that runs on both asks for it. Undefined until a whole run has found the first list; until then a
 * whole run only tells what it found.
 */
export const statementGaps: readonly string[] | undefined = [
  `select (select value from meta where name = 'installation') as installation, (select value from counter where name = 'sequence') as sequence, (select value from counter where name = 'governance-epoch') as "governanceEpoch", (select value from counter where name = 'key-epoch') as "keyEpoch", (select value from counter where name = 'ruling-epoch') as "rulingEpoch", (select value from counter where name = 'governance-held') as "governanceHeld", (select value from counter where name = 'history') as history, (select at || ' ' || request_id from audit_entry where n = ?) as asked, newest.n as "newestN", newest.at as "newestEntryAt", newest.request_id as "newestRequestId" from (select 1 as one) one left join (select n, at, request_id from audit_entry order by n desc limit 1) newest on true`,
  'select * from (select t.n, t.pool, t.first, t.length, t.resource_id, t.description, t.decision, t.created_at, t.version, t.from_at, t.resource_type, t.account, t.region, t.state, t.tags, t.association, t.expires_at, t.until_at, null as ending from tenure_state t where t.first = ? and t.length = ? and (t.created_at, t.n) <= (?) and ((t.created_at, t.n) < (?) or t.version < ?) order by t.created_at desc, t.n desc, t.version desc limit ?) head order by created_at desc, n desc, version desc limit ?',
  'select a.n as entry, a.parameters, a.result, a.request_id as "requestId", t.needs from client_token t join audit_entry a on a.n = t.audit_entry where t.token = ?',
  `select cast(group_concat(coalesce(substr(token, 1, 8), zeroblob(8)), '') as blob) as tokens, cast(group_concat(coalesce(substr(parameters, 1, 8), zeroblob(8)), '') as blob) as parameters, group_concat(n) as numbers, min(n) as "oldestN", min(at) as "oldestAt", max(at) as "newestAt", count(*) as count from (select n, at, token, parameters from audit_entry where n < ? order by n desc limit ?)`,
  `select cast(group_concat(coalesce(substr(token, 1, 8), zeroblob(8)), '') as blob) as tokens, null as parameters, group_concat(n) as numbers, min(n) as "oldestN", min(at) as "oldestAt", max(at) as "newestAt", count(*) as count from (select n, at, token, parameters from audit_entry where n < ? order by n desc limit ?)`,
  'select n as entry, token, parameters, result, request_id as "requestId", null as needs from audit_entry where n = ? and token is not null',
  // PostgreSQL finds all the places of a block with one statement of its own (src/store/postgres/space.ts).
  `select n from ruling where account in (?) and outcome || '' = ? and resource_type || '' = ? limit ?`,
]
