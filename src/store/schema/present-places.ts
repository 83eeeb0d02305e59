// A step of the schema: what sources say of a place now, without what is gone and what they said before.

export const presentPlacesSchema = `
drop index observation_place;
create index observation_place on observation (source_id, first, length) where until_snapshot is null and missing < 2;
`
