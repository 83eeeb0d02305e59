// A step of the schema: until when somebody holds what is governed still.

export const heldSchema = `
insert into counter (name, value) values ('governance-held', 0);
`
