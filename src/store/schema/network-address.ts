// A step of the schema: subnets whose space no pool gave are found by their blocks.

export const networkAddressIndexes = `
create index subnet_address on subnet (first, length) where first is not null and allocation is null;
create index subnet_cidr_address on subnet_cidr (first, length) where allocation is null;
`
