// A step of the schema: lists of the record of policies and exceptions, newest first, without what versions say at length.

export const recordListsSchema = `
-- What lists show of a version: what it says may be half a megabyte.
alter table policy_version add column compatibility text not null default 'strict' check (compatibility in ('strict', 'aws'));
alter table policy_version add column document_count integer not null default 0 check (document_count >= 0);
drop trigger policy_version_immutable;
update policy_version set compatibility = json_extract(body, '$.compatibility'),
  document_count = json_array_length(body, '$.documents');
create trigger policy_version_immutable before update on policy_version begin
  select raise(abort, 'policy versions are immutable');
end;
-- Everything that a list shows, so that none reads the rows, which are long.
create index policy_version_newest on policy_version (policy_id, created_at, version, content_hash, compatibility, document_count, author);
-- Exceptions by when they were asked for: all, those at one target, and those of one requester.
create index policy_exception_newest on policy_exception (requested_at, id);
create index policy_exception_newest_at on policy_exception (target_id, requested_at, id);
create index policy_exception_newest_of on policy_exception (requested_by, requested_at, id);
`
