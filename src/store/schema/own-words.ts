// A step of the schema: what pools require and what they plan stands in words of our own, and no longer in EC2's.

export const ownWordsSchema = `
-- Of JSON as it is written here: a quotation mark inside of a text has a backslash before it, so that these are names of members.
-- The history is as it was written, and is read in the words of now.
update pool set required_tags = replace(replace(required_tags, '"Key":', '"key":'), '"Value":', '"value":')
  where required_tags <> '[]';
update pool set source_resource = replace(replace(replace(replace(source_resource,
    '"ResourceId":', '"id":'), '"ResourceType":', '"type":'), '"ResourceRegion":', '"region":'), '"ResourceOwner":', '"account":')
  where source_resource is not null;
`
