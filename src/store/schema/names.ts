// A step of the schema: what things are called, which is their tag `Name`, and whom to ask about pools and policies.

export const namesSchema = `
-- Of the tag \`Name\` of things that go by it: what they are under, and whether something there had the same name before. Names
-- that are given as such are told apart by their parent; with tags, several things may be called the same.
alter table tag add column name_parent text;
alter table tag add column name_shared integer not null default 0 check (name_shared in (0, 1));
update tag set name_parent = case resource_type
    when 'ipam' then account
    when 'ipam-scope' then (select s.ipam_id from scope s where s.id = resource_id)
    when 'ipam-pool' then (select coalesce((select above.id from pool above where above.n = p.parent_n), p.scope_id)
      from pool p where p.id = resource_id)
    when 'ipam-policy' then (select p.ipam_id from policy p where p.id = resource_id)
    when 'vpc' then account
    when 'subnet' then (select s.vpc_id from subnet s where s.id = resource_id)
  end
  where key = 'Name' and value <> '';
update tag set name_shared = 1 where name_parent is not null and exists (
  select 1 from tag other where other.key = 'Name' and other.value = tag.value and other.resource_type = tag.resource_type
    and other.account = tag.account and other.name_parent = tag.name_parent and other.resource_id < tag.resource_id);
create unique index tag_name on tag (resource_type, name_parent, value) where name_parent is not null and name_shared = 0;
-- Whom to ask about it: a person, a team, a mail address or a link. Where nothing is said, it is the owner's contact.
alter table pool add column contact text;
alter table policy add column contact text;
`
