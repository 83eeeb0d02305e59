// What is wrong with gateways, route tables, security groups, network ACLs, DHCP options and reservations. Clients match on what AWS says.
interface OfNetwork {
  readonly id: string
  readonly network: string
}

export const standingProblems = {
  // Gateways
  'attached-already': ({ id, network }: OfNetwork) => `resource ${id} is already attached to network ${network}`,
  'has-gateway': ({ network }: { network: string }) => `Network ${network} already has an internet gateway attached`,
  'has-public-addresses': ({ network }: { network: string }) =>
    `Network ${network} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway`,
  'attached-to': ({ network }: { network: string }) => `It is attached to \`${network}\``,

  // Route tables
  'main-table': ({ id }: { id: string }) =>
    `The routeTable '${id}' has dependencies and cannot be deleted: it is the main route table of its VPC`,
  'table-associated': ({ id, target }: { id: string; target: string }) =>
    `The routeTable '${id}' has dependencies and cannot be deleted: it is associated with \`${target}\``,
  'route-exists': ({ destination }: { destination: string }) => `The route identified by ${destination} already exists`,
  'no-local-route': ({ destination }: { destination: string }) => `\`${destination}\` is no route within the VPC`,
  'local-route-stays': ({ destination, table }: { destination: string; table: string }) =>
    `cannot remove local route ${destination} in route table ${table}`,
  'gateway-elsewhere': ({ table, id }: { table: string; id: string }) =>
    `route table ${table} and network gateway ${id} belong to different networks`,
  'table-elsewhere': ({ table, id }: { table: string; id: string }) =>
    `route table ${table} and ${id} belong to different networks`,
  'ipv6-alone': () => 'an egress-only internet gateway takes IPv6 traffic alone',
  'id-expected': ({ such }: { such: string }) => `an id such as \`${such}…\` is expected`,
  'associated-otherwise': ({ table }: { table: string }) =>
    `the specified association for route table ${table} conflicts with an existing association`,
  'main-association': ({ id }: { id: string }) => `cannot disassociate the main route table association ${id}`,

  // Security groups
  'default-group-name': () => 'the name `default` is that of the group which comes with a VPC',
  'group-exists': ({ name, network }: { name: string; network: string }) =>
    `The security group '${name}' already exists for VPC '${network}'`,
  'default-group': ({ id }: { id: string }) =>
    `the specified group: "${id}" name: "default" cannot be deleted by a user`,
  'group-named-by': ({ id, by }: { id: string; by: string }) =>
    `resource ${id} has a dependent object: a rule of \`${by}\``,
  'rule-exists': ({ rule }: { rule: string }) => `the specified rule "${rule}" already exists`,

  // Network ACLs
  'default-acl': ({ id }: { id: string }) => `cannot delete default network ACL ${id}`,
  'acl-associated': ({ id, target }: { id: string; target: string }) =>
    `The networkAcl '${id}' has dependencies and cannot be deleted: \`${target}\` has it`,
  'entry-exists': ({ number }: { number: number }) => `The network acl entry identified by ${number} already exists.`,
  'entry-number': ({ max }: { max: number }) =>
    `the number of an entry is between 1 and ${max}; those behind are the last ones`,
  'acl-elsewhere': ({ acl, subnet }: { acl: string; subnet: string }) =>
    `network acl ${acl} and subnet ${subnet} belong to different networks`,

  // DHCP options
  'options-of-aws': ({ id }: { id: string }) => `\`${id}\` are the options that AWS gives`,
  'options-in-use': ({ id, network }: OfNetwork) =>
    `The dhcpOptions '${id}' has dependencies and cannot be deleted: \`${network}\` has them`,

  // Subnets, and what is there by default
  'outside-subnet': ({ subnet }: { subnet: string }) => `it is not inside \`${subnet}\``,
  'reserved-already': ({ cidr }: { cidr: string }) => `${cidr} is reserved already`,
  'ipv6-only-subnet': ({ subnet }: { subnet: string }) => `\`${subnet}\` has IPv6 only, and no block but this`,
  'default-vpc-exists': ({ id }: { id: string }) =>
    `A Default VPC already exists for this account in this region: \`${id}\``,
  'default-subnet-exists': ({ id, zone }: { id: string; zone: string }) =>
    `'${id}' is already the default subnet in ${zone}`,
}
