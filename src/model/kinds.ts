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
  },
  scope: {
    prefix: 'ipam-scope-',
    digits: short,
    isOwn: true,
    noun: 'ipam-scope',
    tagType: 'ipam-scope',
    read: 'ipam:read',
    plural: 'scopes',
  },
  pool: {
    prefix: 'ipam-pool-',
    digits: short,
    isOwn: true,
    noun: 'ipam-pool',
    tagType: 'ipam-pool',
    read: 'ipam:read',
    plural: 'pools',
  },
  poolCidr: { prefix: 'ipam-pool-cidr-', digits: long, isOwn: true, noun: 'ipam-pool-cidr', read: 'ipam:read' },
  allocation: {
    prefix: 'ipam-pool-alloc-',
    digits: long,
    isOwn: true,
    noun: 'ipam-pool-allocation',
    tagType: 'ipam-pool-allocation',
    read: 'allocation:read',
    plural: 'allocations',
  },
  address: {
    prefix: 'eipalloc-',
    digits: short,
    noun: 'elastic-ip',
    tagType: 'elastic-ip',
    read: 'allocation:read',
  },
  vpc: { prefix: 'vpc-', digits: short, noun: 'vpc', tagType: 'vpc', read: 'allocation:read', plural: 'VPCs' },
  subnet: {
    prefix: 'subnet-',
    digits: short,
    noun: 'subnet',
    tagType: 'subnet',
    read: 'allocation:read',
    plural: 'subnets',
  },
  natGateway: {
    prefix: 'nat-',
    digits: short,
    noun: 'nat-gateway',
    tagType: 'natgateway',
    read: 'allocation:read',
    plural: 'NAT gateways',
  },
  policy: {
    prefix: 'ipam-policy-',
    digits: short,
    isOwn: true,
    noun: 'ipam-policy',
    tagType: 'ipam-policy',
    read: 'policy:read',
    plural: 'policies',
  },
  exception: { prefix: 'exception-', digits: short, isOwn: true, noun: 'exception', read: 'exception:read' },
  decision: { prefix: 'decision-', digits: short, isOwn: true, noun: 'decision', read: 'decision:read' },
  account: { noun: 'account', tagType: 'account', read: 'organization:read' },
  organizationalUnit: {
    noun: 'organizational-unit',
    tagType: 'organizational-unit',
    read: 'organization:read',
  },
  root: { noun: 'root', tagType: 'root', read: 'organization:read' },
  organization: { noun: 'organization', read: 'organization:read' },
  roleBinding: { prefix: 'role-binding-', digits: short, isOwn: true, noun: 'role-binding', read: 'role:read' },
  apiToken: { prefix: 'token-', digits: short, isOwn: true, noun: 'api-token', read: 'token:read' },
  resourceDiscovery: { prefix: 'ipam-res-disco-', digits: short },
  resourceDiscoveryAssociation: { prefix: 'ipam-res-disco-assoc-', digits: short },
  addressAssociation: { prefix: 'eipassoc-', digits: short, noun: 'association' },
  networkInterface: { prefix: 'eni-', digits: short, noun: 'network-interface' },
  routeTable: { prefix: 'rtb-', digits: short },
  dhcpOptions: { prefix: 'dopt-', digits: short },
  vpcCidrAssociation: { prefix: 'vpc-cidr-assoc-', digits: short, noun: 'vpc-cidr-association' },
  subnetCidrAssociation: { prefix: 'subnet-cidr-assoc-', digits: short },
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
