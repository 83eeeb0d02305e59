// What stands in a network and holds no addresses: gateways, route tables, security groups, network ACLs, DHCP options and reservations. They
// are records alike: each an object with parts, some of which name something else.
import { type Cidr, formatCidr, parseLooseCidr } from './cidr.ts'
import { kinds } from './kinds.ts'

/** In the order in which a VPC shows them. */
export const networkObjectKinds = [
  'internetGateway',
  'egressOnlyInternetGateway',
  'routeTable',
  'securityGroup',
  'networkAcl',
  'dhcpOptions',
  'subnetCidrReservation',
] as const
export type NetworkObjectKind = (typeof networkObjectKinds)[number]
export type NetworkObjectNoun = (typeof kinds)[NetworkObjectKind]['noun']
export const nounOf = (kind: NetworkObjectKind): NetworkObjectNoun => kinds[kind].noun

/** What a VPC has from its beginning, one of each. */
export const defaultKinds = ['routeTable', 'securityGroup', 'networkAcl'] as const
export type DefaultKind = (typeof defaultKinds)[number]

/** What an object says of itself, beside its parts. */
export interface NetworkObjectBody {
  readonly description?: string
  /** Of DHCP options. */
  readonly options?: readonly DhcpOption[]
  /** Of a reservation. */
  readonly cidr?: string
  readonly reservationType?: 'prefix' | 'explicit'
}
export interface DhcpOption {
  readonly key: string
  readonly values: readonly string[]
}

// Parts --------------------------------------------------------------------------------------------------------------

export type PartKind = keyof PartBodies
interface PartBodies {
  route: Route
  rule: Rule
  entry: Entry
  /** Of a route table, with a subnet, a gateway or, where it is the main one, the VPC. */
  'route-table-association': Record<string, never>
  'network-acl-association': Record<string, never>
}
export interface Part<K extends PartKind = PartKind> {
  /** Its own id where it has one, or what it is told apart by in its object. */
  readonly key: string
  readonly kind: K
  /** The id of what it names; undefined where it names nothing. */
  readonly target: string | undefined
  readonly body: PartBodies[K]
}
export const partsOf = <K extends PartKind>(parts: readonly Part[], kind: K): readonly Part<K>[] =>
  parts.filter((part): part is Part<K> => part.kind === kind)

/** Where a route leads; its target is the part's. */
export interface Route {
  readonly via: RouteVia
}
export const routeVias = [
  'gateway',
  'nat-gateway',
  'egress-only-internet-gateway',
  'instance',
  'network-interface',
  'vpc-peering-connection',
  'transit-gateway',
  'local-gateway',
  'carrier-gateway',
  'vpc-endpoint',
  'core-network',
  'odb-network',
] as const
export type RouteVia = (typeof routeVias)[number]

/** A rule of a security group. The group that it lets in or out to is the part's target. */
export interface Rule extends Traffic {
  readonly isEgress: boolean
  readonly peer:
    | { readonly kind: 'ipv4' | 'ipv6'; readonly cidr: string }
    | { readonly kind: 'prefix-list'; readonly id: string }
    /** `account`: whose it is. */
    | { readonly kind: 'group'; readonly id: string; readonly account: string }
  readonly description?: string
}
/** An entry of a network ACL. */
export interface Entry extends Traffic {
  readonly isEgress: boolean
  readonly number: number
  readonly action: 'allow' | 'deny'
  readonly cidr: string
}
/** Protocol and ports; of ICMP they are its type and code. */
export interface Traffic {
  /** A name for those that have one, else the number; `-1` for all. */
  readonly protocol: string
  readonly fromPort?: number
  readonly toPort?: number
}

// Protocols ----------------------------------------------------------------------------------------------------------

const protocolNumbers: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 }
const protocolNames: ReadonlyMap<number, string> = new Map(
  Object.entries(protocolNumbers).map(([name, number]) => [number, name]),
)
export const allProtocols = '-1'
const protocolMax = 255

/** A protocol by its name, as security groups have it; undefined where there is none. */
export function protocolName(text: string): string | undefined {
  const lower = text.toLowerCase()
  if (lower === allProtocols || lower === 'all') return allProtocols
  if (Object.hasOwn(protocolNumbers, lower)) return lower
  if (!/^\d{1,3}$/.test(lower) || Number(lower) > protocolMax) return undefined
  return protocolNames.get(Number(lower)) ?? String(Number(lower))
}
/** The same by its number, as network ACLs have it. */
export const protocolNumber = (name: string): string => String(protocolNumbers[name] ?? name)

const portMax = 65_535
const icmpMax = 255

/** What is wrong with the ports of a protocol, or with the type and code of ICMP; undefined where nothing is. */
export function trafficProblem({ protocol, fromPort, toPort }: Traffic): string | undefined {
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    const isFit = [fromPort, toPort].every((one) => one === undefined || (one >= -1 && one <= icmpMax))
    return isFit ? undefined : `the type and code of ${protocol} are between -1 and ${icmpMax}`
  }
  if (protocol !== 'tcp' && protocol !== 'udp') return undefined
  if (fromPort === undefined || toPort === undefined) return `${protocol} needs the first and the last port`
  if (fromPort < 0 || toPort > portMax) return `ports are between 0 and ${portMax}`
  return fromPort > toPort ? 'the first port is behind the last one' : undefined
}
/** Only these protocols have ports, or types. */
export const hasPorts = (protocol: string): boolean => Object.hasOwn(protocolNumbers, protocol)

// Rules and entries --------------------------------------------------------------------------------------------------

/** What two rules of one group cannot both be. */
export function ruleIdentity({ isEgress, protocol, fromPort, toPort, peer }: Rule): string {
  const named = 'cidr' in peer ? peer.cidr : peer.id
  return [isEgress ? 'egress' : 'ingress', protocol, fromPort ?? '', toPort ?? '', named].join(' ')
}

const numberDigits = 5
/** How an entry is told apart in its ACL. */
export const entryKey = (isEgress: boolean, number: number): string =>
  `${isEgress ? 'egress' : 'ingress'}/${String(number).padStart(numberDigits, '0')}`
export const entryNumberMax = 32_766
/** The last entry of each family, which every ACL has and nothing changes. */
export const lastEntryNumber = { 4: 32_767, 6: 32_768 } as const

export const everywhere4 = '0.0.0.0/0'
export const everywhere6 = '::/0'

/** The block of this family that a text is; AWS takes away what stands behind the prefix. */
export function blockOf(text: string, family: 4 | 6): Cidr | undefined {
  const cidr = parseLooseCidr(text)
  return cidr?.family === family ? cidr : undefined
}
export const canonical = (text: string, family: 4 | 6): string | undefined => {
  const cidr = blockOf(text, family)
  return cidr && formatCidr(cidr)
}
