// A step of the schema: space that no pool gave, by whose it is and where it lies.

export const broughtPlacesSchema = `
create index brought_space_address on brought_space (holder, first, length, resource) where ended_at is null;
`
