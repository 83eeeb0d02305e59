// A step of the schema: names that look alike are one name.

export const namesAlikeSchema = `
-- Of the tag \`Name\`: the one form of all names that look like it, by which names are told apart and found. Those from before keep what
-- they say: without what looks like them, they are told apart as they were.
alter table tag add column name_look text;
update tag set name_look = value where key = 'Name' and value <> '';
drop index tag_name;
create unique index tag_name on tag (resource_type, name_parent, name_look) where name_parent is not null and name_shared = 0;
create index tag_look on tag (name_look, resource_type, account, resource_id) where name_look is not null;
`
