// What is wrong with what stands around networks: gateways, route tables, ACLs, security groups, options and reservations.

export const networkObjectProblems = {
  'default-network-there': ({ network }: { network: string }) =>
    `A Default VPC already exists for this account in this region: \`${network}\``,
  'default-subnet-there': ({ subnet, zone }: { subnet: string; zone: string }) =>
    `'${subnet}' is already the default subnet in ${zone}`,
  'ipv6-only': ({ subnet }: { subnet: string }) => `\`${subnet}\` has IPv6 only, and no block but this`,

  // Options
  'options-of-aws': ({ options }: { options: string }) => `\`${options}\` are the options that AWS gives`,
  'options-in-use': ({ options, network }: { options: string; network: string }) =>
    `The dhcpOptions '${options}' has dependencies and cannot be deleted: \`${network}\` has them`,

  // Gateways
  'gateway-attached': ({ gateway, network }: { gateway: string; network: string }) =>
    `resource ${gateway} is already attached to network ${network}`,
  'has-internet-gateway': ({ network }: { network: string }) =>
    `Network ${network} already has an internet gateway attached`,
  'has-public-addresses': ({ network }: { network: string }) =>
    `Network ${network} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway`,
  'is-attached-to': ({ network }: { network: string }) => `It is attached to \`${network}\``,

  // Network ACLs
  'acl-elsewhere': ({ acl, subnet }: { acl: string; subnet: string }) =>
    `network acl ${acl} and subnet ${subnet} belong to different networks`,
  'default-acl': ({ acl }: { acl: string }) => `cannot delete default network ACL ${acl}`,
  'acl-in-use': ({ acl, subnet }: { acl: string; subnet: string }) =>
    `The networkAcl '${acl}' has dependencies and cannot be deleted: \`${subnet}\` has it`,
  'entry-there': ({ number }: { number: number }) => `The network acl entry identified by ${number} already exists.`,
  'entry-numbers': ({ max }: { max: number }) =>
    `the number of an entry is between 1 and ${max}; those behind are the last ones`,

  // Reservations
  'not-inside-of': ({ id }: { id: string }) => `it is not inside \`${id}\``,
  'reserved-already': ({ cidr }: { cidr: string }) => `${cidr} is reserved already`,

  // Route tables
  'local-routes-follow': () => 'the routes within a VPC follow from its blocks',
  'no-local-route': ({ destination }: { destination: string }) => `\`${destination}\` is no route within the VPC`,
  'cannot-remove-local-route': ({ destination, table }: { destination: string; table: string }) =>
    `cannot remove local route ${destination} in route table ${table}`,
  'route-there': ({ destination }: { destination: string }) => `The route identified by ${destination} already exists`,
  'gateway-elsewhere': ({ table, gateway }: { table: string; gateway: string }) =>
    `route table ${table} and network gateway ${gateway} belong to different networks`,
  'table-elsewhere': ({ table, id }: { table: string; id: string }) =>
    `route table ${table} and ${id} belong to different networks`,
  'egress-only-ipv6': () => 'an egress-only internet gateway takes IPv6 traffic alone',
  'id-such-as': ({ prefix }: { prefix: string }) => `an id such as \`${prefix}…\` is expected`,
  'association-conflicts': ({ table }: { table: string }) =>
    `the specified association for route table ${table} conflicts with an existing association`,
  'main-association': ({ association }: { association: string }) =>
    `cannot disassociate the main route table association ${association}`,
  'table-in-use': ({ table, user }: { table: string; user: string | undefined }) =>
    `The routeTable '${table}' has dependencies and cannot be deleted: it is ${user === undefined ? 'the main route table of its VPC' : `associated with \`${user}\``}`,

  // Security groups
  'name-of-default-group': () => 'the name `default` is that of the group which comes with a VPC',
  'group-there': ({ name, network }: { name: string; network: string }) =>
    `The security group '${name}' already exists for VPC '${network}'`,
  'default-group': ({ group, name }: { group: string; name: string }) =>
    `the specified group: "${group}" name: "${name}" cannot be deleted by a user`,
  'named-by-rule': ({ group, other }: { group: string; other: string }) =>
    `resource ${group} has a dependent object: a rule of \`${other}\``,
  'rule-there': ({ rule }: { rule: string }) => `the specified rule "${rule}" already exists`,
}
