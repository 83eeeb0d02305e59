// The step of the schema that keeps what each audit entry is about.
export const auditSubjectSchema = `
-- A refusal of a dry run, which would have changed nothing anyway.
alter table audit_entry add column dry_run integer check (dry_run = 1);
-- For how many refusals the entry stands, where they were too many to have one each.
alter table audit_entry add column times integer check (times > 0);
-- What an entry is about: objects with the versions of their history before and after it, and what a refusal was about. An
-- entry about a few allocations or Elastic IPs has no rows: they stand in it, as the first of all others do.
create table audit_subject (
  entry integer not null references audit_entry (n),
  place integer not null check (place >= 0),
  object_id text not null,
  version_before integer,
  version_after integer,
  -- The lowest number of the entry's decisions.
  first_decision integer,
  primary key (entry, place)
) strict, without rowid;
-- Each once; and whatever is on record about an object.
create unique index audit_subject_object on audit_subject (object_id, entry);
create trigger audit_subject_immutable before update on audit_subject begin
  select raise(abort, 'subjects are immutable');
end;
create trigger audit_subject_kept before delete on audit_subject begin
  select raise(abort, 'subjects are kept');
end;
`
