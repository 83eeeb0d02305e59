// A step of the schema: whose is what findings are to be looked at anew, so that it is done in turn.

export const scanOwnersSchema = `
-- The unit below the root, empty at the root and for everything; and the account or unit itself.
alter table finding_scan add column unit text not null default '';
alter table finding_scan add column node text not null default '';
drop index finding_scan_next;
create index finding_scan_next on finding_scan (unit, node, looked, n);
`
