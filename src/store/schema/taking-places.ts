// A step of the schema: what takes space by itself where sources say that it is now. What only names space is no reason to pass over any.

export const takingPlacesSchema = `
create index observation_taking on observation (source_id, first, length)
  where until_snapshot is null and missing < 2 and kind not in ('container', 'pool', 'prefix-list', 'peer-range', 'registration');
`
