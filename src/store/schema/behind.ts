// A step of the schema: subscriptions that are looked at by themselves.

export const behindSchema = `
-- Of one that more happened for than its share of a turn: the last event that it was looked at for. Null: it goes with all others.
alter table subscription add column behind integer;
create index subscription_behind on subscription (behind) where behind is not null;
`
