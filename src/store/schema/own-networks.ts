// A step of the schema: what accounts have of networks and interfaces is found without a look at those of others.

export const ownNetworksSchema = `
create index vpc_of_account on vpc (account, id);
create index subnet_of_account on subnet (account, id);
create index nat_gateway_of_account on nat_gateway (account, id);
create index nat_gateway_address_interface on nat_gateway_address (network_interface_id) where network_interface_id is not null;
`
