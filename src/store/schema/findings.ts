// A step of the schema: findings, what was open of them from when to when, and how far the record was followed for them.

export const findingsSchema = `
create table finding (
  n integer primary key,
  -- With the resource and the source, what makes it the same finding again.
  control text not null,
  resource text not null,
  -- Empty where it is of no source.
  source text not null,
  -- Where it may be read: an account, or another node.
  node text not null,
  resource_type text,
  locale text,
  status text not null check (status in ('open', 'resolved', 'suppressed')),
  -- As JSON, without words.
  facts text not null,
  first_seen_at integer not null,
  opened_at integer not null,
  last_seen_at integer not null,
  resolved_at integer,
  -- The number of the opening that is the present or last one.
  opening integer not null check (opening > 0),
  -- Who set it aside, why and until when, as JSON; kept where it resolves meanwhile.
  suppression text,
  suppressed_until integer,
  check ((status = 'resolved') = (resolved_at is not null)),
  check ((suppression is null) = (suppressed_until is null)),
  check (status <> 'suppressed' or suppression is not null)
) strict;
create unique index finding_identity on finding (control, resource, source);
create index finding_resource on finding (resource, n);
create index finding_control on finding (control, n);
create index finding_status on finding (status, n);
create index finding_node on finding (node, n);
create index finding_source on finding (source, n) where source <> '';
create index finding_suppressed on finding (suppressed_until) where status = 'suppressed';
-- What it was from one moment to another, while it was not resolved: each change of its facts, and of whether it was set aside, is one.
create table finding_opening (
  finding integer not null references finding (n),
  number integer not null,
  control text not null,
  node text not null,
  resource_type text,
  locale text,
  is_suppressed integer not null check (is_suppressed in (0, 1)),
  facts text not null,
  from_at integer not null,
  until_at integer check (until_at >= from_at),
  primary key (finding, number)
) strict, without rowid;
`
