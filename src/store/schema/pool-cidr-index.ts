// A step of the schema: the CIDRs of a pool are found by the pool, those that were never provisioned with them.

/** Whoever deletes a pool, and every reading of all its CIDRs, would look through those of all pools. */
export const poolCidrIndex = `
create index pool_cidr_pool on pool_cidr (pool);
`
