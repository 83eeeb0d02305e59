// A step of the schema: tries of subscriptions are counted.

export const testsToldSchema = `
create index event_test on event (at) where only_for is not null;
`
