// What a source says is there: one form for every cloud, cluster, tool and file.
import type { Cidr } from './cidr.ts'

/** What holds addresses, by what it is for. Sources have a hundred names for these. */
export const observedKinds = {
  network: 'A network with a block of its own: a VPC, a virtual network.',
  subnet: 'A part of a network in which hosts have addresses.',
  address: 'One address that something has: a host, a network interface, a public address.',
  range: 'Addresses that are kept for something, such as a DHCP range.',
  reservation: 'A part of a subnet that is kept from hosts.',
  container: 'Space that is planned and holds other blocks, such as an aggregate.',
  pool: 'Space from which something else hands out addresses.',
  allocation: 'What a pool of another address manager gave.',
  'load-balancer': 'An address of a load balancer.',
  'nat-gateway': 'An address of a NAT gateway.',
  database: 'An address of a database.',
  'vpn-pool': 'Addresses that VPN clients get.',
  'service-range': 'Addresses of services in a cluster.',
  'pod-range': 'Addresses of pods in a cluster.',
  'peer-range': 'A block on the other side of a connection, which is known from there.',
  'prefix-list': 'A block that a prefix list names.',
  registration: 'A block that a registry has delegated.',
} as const
export type ObservedKind = keyof typeof observedKinds

/** What its source says of it, in our words. */
export const observedStates = {
  'in-use': 'Something uses it.',
  planned: 'It is meant for something that does not use it yet.',
  free: 'It is there, and nothing uses it.',
  releasing: 'It is on its way out.',
  failed: 'It could not be made or used.',
  unknown: 'The source does not say.',
} as const
export type ObservedState = keyof typeof observedStates

export interface Observation {
  readonly kind: ObservedKind
  readonly cidr: Cidr
  /**
   * The routing domain in which the block is unique: a VPC, a VRF, a network view. Empty where there is one alone, as for public
   * addresses. Equal blocks in two spaces are no conflict.
   */
  readonly space: string
  /** Of the object that holds it, as its source writes it; empty where it has none. */
  readonly id: string
  /** What ids are told apart by, where the same can be written in more than one way; else the id. */
  readonly key: string
  /** Whoever owns it: a number, or an id in the source's cloud; empty where the source does not say. */
  readonly account: string
  /** As in pools: a Region, or `CLOUD:PLACE`; empty where it is nowhere in particular. */
  readonly locale: string
  /** The id of a zone in the locale. */
  readonly zone?: string
  /** The resource type of a policy that it would be, such as `vpc` or `azure:virtual-network`. */
  readonly type?: string
  readonly name?: string
  readonly tags: Readonly<Record<string, string>>
  /** The id of what encloses it, as its source says. */
  readonly parent?: string
  readonly state: ObservedState
  /** What the source calls the state. */
  readonly sourceState?: string
  /** First and last address of what is no block, such as `192.0.2.5-192.0.2.20`: each of its blocks is one observation. */
  readonly range?: string
}

/** What tells one observation of a source from another, and stays while everything else of it changes. */
export const identityOf = ({ kind, space, key, cidr }: Observation): readonly [string, string, string, Cidr] => [
  kind,
  space,
  key,
  cidr,
]
