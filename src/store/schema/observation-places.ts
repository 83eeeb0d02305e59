// A step of the schema: what certain sources say of a block, or of an id. What others say of the same costs nothing then.

export const observationPlacesSchema = `
create index observation_place on observation (source_id, first, length);
drop index observation_object;
create index observation_object on observation (object_id, source_id) where object_id <> '';
`
