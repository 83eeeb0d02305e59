// The kinds of objects, one entry each. What an API calls a kind, and where it shows one, stands with that API, complete by type;
// its rows have a table in the store.
import type { Action } from './roles.ts'

interface Kind {
  /** How its identifiers begin, and how many hexadecimal digits follow. Others have numbers, or ids that were drawn. */
  readonly prefix?: string
  readonly digits?: number
  /** A thing of Cadastre alone, whose ids may be written short: a cloud's own have ids as short as these, such as `vpc-1a2b3c4d`. */
  readonly isOwn?: true
  /** What it is called in refusals, in the record and in answers; without it nothing names one by itself. */
  readonly noun?: string
  /** What its tags say that they are on; without it, it has none. */
  readonly tagType?: string
  /** What lets somebody read one, and find it. */
  readonly read?: Action
  /** What several are called of what has a name that is good wherever its id is. */
  readonly plural?: string
  /** What one is called in prose, with its article; everything with a noun has it. */
  readonly label?: string
  /** The word that the command line and the native API have for it, where either shows it by its id. */
  readonly word?: string
  /** Where the native API has it, below `/api/v1`: by its id, or alone where there is one. Its history shows what has none. */
  readonly path?: string
  /** Where one is in the organization: at itself, a node of it, or at the node that this member says; by default at the account that has it. */
  readonly place?: 'itself' | 'node' | 'target'
  /** What it is called is told beside its id wherever a decision, an exception or an effective policy names it. */
  readonly isToldByName?: true
}

const short = 17
const long = 32

/** In the order in which they are found. */
export const kinds = {
  ipam: {
    prefix: 'ipam-',
    digits: short,
    isOwn: true,
    noun: 'ipam',
    tagType: 'ipam',
    read: 'ipam:read',
    plural: 'IPAMs',
    label: 'an IPAM',
    word: 'ipam',
    path: '/ipams/{id}',
    isToldByName: true,
  },
  scope: {
    prefix: 'ipam-scope-',
    digits: short,
    isOwn: true,
    noun: 'ipam-scope',
    tagType: 'ipam-scope',
    read: 'ipam:read',
    plural: 'scopes',
    label: 'a scope',
    word: 'scope',
    path: '/scopes/{id}',
  },
  pool: {
    prefix: 'ipam-pool-',
    digits: short,
    isOwn: true,
    noun: 'ipam-pool',
    tagType: 'ipam-pool',
    read: 'ipam:read',
    plural: 'pools',
    label: 'a pool',
    word: 'pool',
    path: '/pools/{id}',
    isToldByName: true,
  },
  resourceDiscovery: {
    prefix: 'ipam-res-disco-',
    digits: short,
    isOwn: true,
    noun: 'ipam-resource-discovery',
    tagType: 'ipam-resource-discovery',
    read: 'ipam:read',
    label: 'a resource discovery',
    word: 'discovery',
    path: '/discoveries/{id}',
  },
  resourceDiscoveryAssociation: {
    prefix: 'ipam-res-disco-assoc-',
    digits: short,
    isOwn: true,
    noun: 'ipam-resource-discovery-association',
    tagType: 'ipam-resource-discovery-association',
    read: 'ipam:read',
    label: 'an association of a resource discovery',
    word: 'discovery-association',
  },
  poolCidr: {
    prefix: 'ipam-pool-cidr-',
    digits: long,
    isOwn: true,
    noun: 'ipam-pool-cidr',
    read: 'ipam:read',
    label: 'a provisioned CIDR',
    word: 'pool-cidr',
  },
  allocation: {
    prefix: 'ipam-pool-alloc-',
    digits: long,
    isOwn: true,
    noun: 'ipam-pool-allocation',
    tagType: 'ipam-pool-allocation',
    read: 'allocation:read',
    plural: 'allocations',
    label: 'an allocation',
    word: 'allocation',
    path: '/allocations/{id}',
  },
  address: {
    prefix: 'eipalloc-',
    digits: short,
    noun: 'elastic-ip',
    tagType: 'elastic-ip',
    read: 'allocation:read',
    label: 'an Elastic IP, by allocation id',
    word: 'resource',
    path: '/resources/{id}',
  },
  vpc: {
    prefix: 'vpc-',
    digits: short,
    noun: 'vpc',
    tagType: 'vpc',
    read: 'allocation:read',
    label: 'a VPC',
    word: 'resource',
    path: '/resources/{id}',
    plural: 'VPCs',
  },
  subnet: {
    prefix: 'subnet-',
    digits: short,
    noun: 'subnet',
    tagType: 'subnet',
    read: 'allocation:read',
    label: 'a subnet',
    word: 'resource',
    path: '/resources/{id}',
    plural: 'subnets',
  },
  natGateway: {
    prefix: 'nat-',
    digits: short,
    noun: 'nat-gateway',
    tagType: 'natgateway',
    read: 'allocation:read',
    label: 'a NAT gateway',
    word: 'resource',
    path: '/resources/{id}',
    plural: 'NAT gateways',
  },
  internetGateway: {
    prefix: 'igw-',
    digits: short,
    noun: 'internet-gateway',
    tagType: 'internet-gateway',
    read: 'allocation:read',
    label: 'an internet gateway',
  },
  egressOnlyInternetGateway: {
    prefix: 'eigw-',
    digits: short,
    noun: 'egress-only-internet-gateway',
    tagType: 'egress-only-internet-gateway',
    read: 'allocation:read',
    label: 'an egress-only internet gateway',
  },
  routeTable: {
    prefix: 'rtb-',
    digits: short,
    noun: 'route-table',
    tagType: 'route-table',
    read: 'allocation:read',
    label: 'a route table',
  },
  securityGroup: {
    prefix: 'sg-',
    digits: short,
    noun: 'security-group',
    tagType: 'security-group',
    read: 'allocation:read',
    label: 'a security group',
  },
  networkAcl: {
    prefix: 'acl-',
    digits: short,
    noun: 'network-acl',
    tagType: 'network-acl',
    read: 'allocation:read',
    label: 'a network ACL',
  },
  dhcpOptions: {
    prefix: 'dopt-',
    digits: short,
    noun: 'dhcp-options',
    tagType: 'dhcp-options',
    read: 'allocation:read',
    label: 'a set of DHCP options',
  },
  subnetCidrReservation: {
    prefix: 'scr-',
    digits: short,
    noun: 'subnet-cidr-reservation',
    tagType: 'subnet-cidr-reservation',
    read: 'allocation:read',
    label: 'a CIDR reservation of a subnet',
  },
  policy: {
    prefix: 'ipam-policy-',
    digits: short,
    isOwn: true,
    noun: 'ipam-policy',
    tagType: 'ipam-policy',
    read: 'policy:read',
    plural: 'policies',
    label: 'a policy',
    word: 'policy',
    path: '/policies/{id}',
    isToldByName: true,
  },
  source: {
    prefix: 'source-',
    digits: short,
    isOwn: true,
    noun: 'source',
    read: 'estate:read',
    label: 'a source',
    word: 'source',
    path: '/sources/{id}',
    place: 'node',
  },
  exception: {
    prefix: 'exception-',
    digits: short,
    isOwn: true,
    noun: 'exception',
    read: 'exception:read',
    label: 'an exception',
    word: 'exception',
    path: '/exceptions/{id}',
    place: 'target',
  },
  changeRequest: {
    prefix: 'change-request-',
    digits: short,
    isOwn: true,
    noun: 'change-request',
    read: 'change:read',
    label: 'a change request',
    word: 'change-request',
    path: '/change-requests/{id}',
    place: 'node',
  },
  finding: {
    prefix: 'finding-',
    digits: short,
    isOwn: true,
    noun: 'finding',
    read: 'finding:read',
    label: 'a finding',
    word: 'finding',
    path: '/findings/{id}',
    place: 'node',
  },
  subscription: {
    prefix: 'subscription-',
    digits: short,
    isOwn: true,
    noun: 'subscription',
    read: 'notification:read',
    label: 'a subscription',
    word: 'subscription',
    path: '/subscriptions/{id}',
    place: 'node',
  },
  event: { prefix: 'event-', digits: short, isOwn: true, noun: 'event', label: 'an event', word: 'event' },
  delivery: {
    prefix: 'delivery-',
    digits: short,
    isOwn: true,
    noun: 'delivery',
    label: 'a delivery',
    word: 'delivery',
  },
  decision: {
    prefix: 'decision-',
    digits: short,
    isOwn: true,
    noun: 'decision',
    read: 'decision:read',
    label: 'a decision',
    word: 'decision',
    path: '/decisions/{id}',
  },
  account: {
    noun: 'account',
    tagType: 'account',
    read: 'organization:read',
    label: 'an account',
    word: 'account',
    path: '/accounts/{id}',
    place: 'itself',
  },
  organizationalUnit: {
    noun: 'organizational-unit',
    tagType: 'organizational-unit',
    read: 'organization:read',
    label: 'an organizational unit',
    word: 'unit',
    path: '/organizational-units/{id}',
    place: 'itself',
  },
  root: {
    noun: 'root',
    tagType: 'root',
    read: 'organization:read',
    label: 'the root',
    word: 'organization',
    path: '/organization',
    place: 'itself',
  },
  organization: {
    noun: 'organization',
    read: 'organization:read',
    label: 'the organization',
    word: 'organization',
    path: '/organization',
  },
  roleBinding: {
    prefix: 'role-binding-',
    digits: short,
    isOwn: true,
    noun: 'role-binding',
    read: 'role:read',
    label: 'a role binding',
    word: 'role-binding',
    path: '/role-bindings/{id}',
    place: 'node',
  },
  apiToken: {
    prefix: 'token-',
    digits: short,
    isOwn: true,
    noun: 'api-token',
    read: 'token:read',
    label: 'a token',
    word: 'token',
  },
  simulation: {
    prefix: 'simulation-',
    digits: short,
    isOwn: true,
    noun: 'simulation',
    label: 'a simulation',
    word: 'simulation',
  },
  addressAssociation: { prefix: 'eipassoc-', digits: short, noun: 'association', label: 'an association' },
  networkInterface: { prefix: 'eni-', digits: short, noun: 'network-interface', label: 'a network interface' },
  securityGroupRule: {
    prefix: 'sgr-',
    digits: short,
    noun: 'security-group-rule',
    tagType: 'security-group-rule',
    read: 'allocation:read',
    label: 'a rule of a security group',
  },
  routeTableAssociation: {
    prefix: 'rtbassoc-',
    digits: short,
    noun: 'route-table-association',
    label: 'an association of a route table',
  },
  networkAclAssociation: {
    prefix: 'aclassoc-',
    digits: short,
    noun: 'network-acl-association',
    label: 'an association of a network ACL',
  },
  vpcCidrAssociation: {
    prefix: 'vpc-cidr-assoc-',
    digits: short,
    noun: 'vpc-cidr-association',
    label: 'a CIDR of a VPC',
  },
  subnetCidrAssociation: {
    prefix: 'subnet-cidr-assoc-',
    digits: short,
    noun: 'subnet-cidr-association',
    label: 'an IPv6 CIDR of a subnet',
  },
} as const satisfies Readonly<Record<string, Kind>>

type Entries = typeof kinds
export type KindName = keyof Entries
/** The kinds that have something, such as identifiers of their own. */
export type KindWith<Member extends keyof Kind> = {
  [Name in KindName]: Entries[Name] extends { readonly [M in Member]: unknown } ? Name : never
}[KindName]
/** The nouns of objects. */
export type ObjectNoun = Entries[KindWith<'noun'>]['noun']
/** The nouns of what can be found. */
export type FoundNoun = Entries[KindWith<'noun'> & KindWith<'read'>]['noun']

/** The kinds that have something, in their order. */
export const kindsWith = <Member extends keyof Kind>(member: Member): readonly KindWith<Member>[] =>
  (Object.keys(kinds) as KindName[]).filter((name) => member in kinds[name]) as KindWith<Member>[]

/** The label of everything with a noun. */
export const labelOf = Object.fromEntries(
  kindsWith('noun').map((name) => [kinds[name].noun, kinds[name].label]),
) as Readonly<Record<ObjectNoun, string>>
/** The same without its article. */
export const nameOfNoun = (noun: ObjectNoun): string => labelOf[noun].replace(/^(?:an?|the) /, '')
/** What a noun's kind says, of those that have one. */
export const kindOfNoun: Readonly<Partial<Record<string, Kind>>> = Object.fromEntries(
  kindsWith('noun').map((name) => [kinds[name].noun, kinds[name]]),
)
