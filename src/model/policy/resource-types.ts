// The registry of resource types: what may ask for address space, and what space fits it. Data, which administrators add to.

import { bitsOf } from '../cidr.ts'
import type { Problem } from '../problems/problem.ts'

/** Netmask lengths that a type can have; as in EC2, `min` is the largest block. */
export interface TypeLengths {
  readonly min: number
  readonly max: number
  /** Where neither the request, the policy nor the pool says. */
  readonly default?: number
}

/** Numbers of addresses at the two ends of a network. */
export interface ReservedEnds {
  readonly first: number
  readonly last: number
}

export interface ResourceType {
  readonly name: string
  readonly summary: string
  readonly scopeTypes: readonly ('public' | 'private')[]
  /** One address, a block, or either. */
  readonly takes: 'address' | 'cidr' | 'any'
  /** By family; a family that is missing does not fit the type. */
  readonly lengths: { readonly 4?: TypeLengths; readonly 6?: TypeLengths }
  /** Pools for it must be of this AWS service, so that AWS advertises their space. */
  readonly awsService?: 'ec2'
  /** A network that stands alone, or a part of one that holds hosts. */
  readonly level?: 'network' | 'subnet'
  /** Which addresses inside are nobody's: no host gets one. */
  readonly reserved?: { readonly 4?: ReservedEnds; readonly 6?: ReservedEnds }
  /** So it is by custom alone, and not by what the cloud does: a pool may say otherwise, and networks inside may have them. */
  readonly isReservedByCustom?: true
  /** Pools without a locale will do, and the pool's required tags are not asked for. */
  readonly isReservation?: true
}

const oneV4 = { 4: { min: 32, max: 32, default: 32 } } as const
const oneEither = { 4: { min: 32, max: 32, default: 32 }, 6: { min: 128, max: 128, default: 128 } } as const
const anyEither = { 4: { min: 0, max: 32 }, 6: { min: 0, max: 128 } } as const
const both = ['public', 'private'] as const
const firstFourAndLast = { first: 4, last: 1 } as const

const aws = (name: string, summary: string): ResourceType => ({
  name,
  summary,
  scopeTypes: ['public'],
  takes: 'address',
  lengths: oneV4,
  awsService: 'ec2',
})

/** In the order of the reference page. The first four are those of Amazon VPC IPAM's policies. */
export const resourceTypes: readonly ResourceType[] = [
  aws('eip', 'An Elastic IP address.'),
  aws('rnat', 'An address of a regional NAT gateway in automatic mode.'),
  aws('alb', 'An address of an internet-facing Application Load Balancer.'),
  aws('rds', 'The address of a publicly accessible database instance.'),
  {
    name: 'vpc',
    summary: 'A CIDR of a VPC.',
    scopeTypes: both,
    takes: 'cidr',
    level: 'network',
    lengths: { 4: { min: 16, max: 28 }, 6: { min: 44, max: 60 } },
  },
  {
    // «The first four IP addresses and the last IP address in each subnet CIDR block are not available for your use», and the
    // same of IPv6: Amazon VPC User Guide, «Subnet CIDR blocks» (docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html)
    name: 'subnet',
    summary: 'A CIDR of a subnet.',
    scopeTypes: both,
    takes: 'cidr',
    level: 'subnet',
    reserved: { 4: firstFourAndLast, 6: firstFourAndLast },
    lengths: { 4: { min: 16, max: 28 }, 6: { min: 44, max: 64 } },
  },
  {
    name: 'custom',
    summary: 'A reservation by hand.',
    scopeTypes: both,
    takes: 'any',
    lengths: anyEither,
    isReservation: true,
  },
  {
    name: 'aws:network-interface',
    summary: 'An address of a network interface in AWS.',
    scopeTypes: both,
    takes: 'address',
    lengths: oneEither,
  },
  {
    name: 'azure:network-interface',
    summary: 'An address of a network interface in Azure.',
    scopeTypes: both,
    takes: 'address',
    lengths: oneEither,
  },
  {
    name: 'azure:public-ip',
    summary: 'A public IP address in Azure.',
    scopeTypes: ['public'],
    takes: 'address',
    lengths: oneEither,
  },
  {
    // Of Azure's own space /28 to /31 and /124 to /127; one's own, which is what pools hold, up to all of the custom prefix:
    // /21 at most, and of IPv6 the first 2,048 addresses of a region's /64. Microsoft: «Public IP address prefix»
    // (learn.microsoft.com/azure/virtual-network/ip-services/public-ip-address-prefix), «Custom IP address prefix» and
    // «Create a custom IPv6 address prefix», beside it.
    name: 'azure:public-ip-prefix',
    summary: 'A prefix of public IP addresses in Azure.',
    scopeTypes: ['public'],
    takes: 'cidr',
    lengths: { 4: { min: 21, max: 31 }, 6: { min: 117, max: 127 } },
  },
  {
    // IPv4 as for subnets. For IPv6 the documentation names no bounds but that of the subnets inside.
    name: 'azure:virtual-network',
    summary: 'An address space of a virtual network in Azure.',
    scopeTypes: both,
    takes: 'cidr',
    level: 'network',
    lengths: { 4: { min: 2, max: 29, default: 24 }, 6: { min: 48, max: 64, default: 64 } },
  },
  {
    // «The smallest supported IPv4 subnet is /29, and the largest is /2», IPv6 exactly /64: Microsoft, «Azure Virtual Network
    // FAQ», How small and how large can virtual networks and subnets be? (learn.microsoft.com/azure/virtual-network/virtual-networks-faq)
    // «Azure reserves the first four addresses and the last address […] within each subnet»: the same page, Are there any
    // restrictions on using IP addresses within these subnets?
    name: 'azure:subnet',
    summary: 'A range of a subnet in Azure.',
    scopeTypes: both,
    takes: 'cidr',
    level: 'subnet',
    reserved: { 4: firstFourAndLast, 6: firstFourAndLast },
    lengths: { 4: { min: 2, max: 29, default: 24 }, 6: { min: 64, max: 64, default: 64 } },
  },
  {
    name: 'gcp:address',
    summary: 'An address in Google Cloud.',
    scopeTypes: both,
    takes: 'address',
    lengths: oneEither,
  },
  {
    // «The first two and the last two IPv4 addresses» of a primary range are unusable; of IPv6 the page says nothing: Google Cloud,
    // «Subnets», Unusable addresses in IPv4 subnet ranges (cloud.google.com/vpc/docs/subnets)
    name: 'gcp:subnetwork',
    summary: 'A range of a subnetwork in Google Cloud.',
    scopeTypes: both,
    takes: 'cidr',
    level: 'subnet',
    reserved: { 4: { first: 2, last: 2 } },
    lengths: { 4: { min: 8, max: 29, default: 24 }, 6: { min: 64, max: 64, default: 64 } },
  },
  {
    name: 'k8s:load-balancer',
    summary: 'The address of a Kubernetes service of type LoadBalancer.',
    scopeTypes: both,
    takes: 'address',
    lengths: oneEither,
  },
  {
    // Services have at least 8 addresses (`ServiceIPRange` of kube-apiserver), and at most a /12 or a /108
    // (`--service-cluster-ip-range`). Pods may have more: of their range only the difference to that of a node is bounded
    // (16 for IPv6; kube-controller-manager, `cidr_set.go`), so that a /40 is one in which every node has a /56.
    name: 'k8s:network',
    summary: 'A range for the pods or the services of a Kubernetes cluster.',
    scopeTypes: both,
    takes: 'cidr',
    lengths: { 4: { min: 8, max: 29, default: 16 }, 6: { min: 40, max: 125, default: 64 } },
  },
  {
    name: 'onprem:host',
    summary: 'The address of a machine on a site of one’s own.',
    scopeTypes: both,
    takes: 'address',
    lengths: oneEither,
  },
  {
    // Its own address, a gateway as the first host, and the broadcast address; of IPv6 the subnet-router anycast address (RFC 4291
    // §2.6.1) and a gateway. Another gateway, or several: the pool says.
    name: 'onprem:network',
    summary: 'A network on a site of one’s own.',
    scopeTypes: both,
    takes: 'cidr',
    reserved: { 4: { first: 2, last: 1 }, 6: { first: 2, last: 0 } },
    isReservedByCustom: true,
    lengths: anyEither,
  },
]

/** The types by their names: those that stand here, and those that administrators of an installation added. */
export type Registry = ReadonlyMap<string, ResourceType>
const entryOf = (type: ResourceType): [string, ResourceType] => [type.name, type]
export const builtInTypes: Registry = new Map(resourceTypes.map(entryOf))
/** What is built in is never hidden by what is added. */
export const registryOf = (added: readonly ResourceType[]): Registry =>
  added.length === 0
    ? builtInTypes
    : new Map([...builtInTypes, ...added.map(entryOf).filter(([name]) => !builtInTypes.has(name))])

/** Networks of this cloud can have space that their owner brings along, in no pool at all; nothing else can. */
export const isNetwork = (name: string): boolean => name === 'vpc' || name === 'subnet'

/** All of them are usable through ModifyIpamPolicyAllocationRules. */
export const findResourceType = (name: string, registry: Registry = builtInTypes): ResourceType | undefined =>
  registry.get(name)
export const namesOf = (registry: Registry): string => [...registry.keys()].join(', ')
export const resourceTypeNames: readonly string[] = resourceTypes.map(({ name }) => name)

// Adding -------------------------------------------------------------------------------------------------------------

export interface TypeProblem {
  readonly field: string
  readonly value: string
  readonly problem: Problem
}

/** Kept for types that may come to stand here: what is added must not stand in their way. */
export const reservedClouds = ['aws', 'azure', 'cadastre', 'ec2', 'gcp', 'k8s', 'onprem'] as const
const namePattern = /^[a-z][a-z0-9-]{0,31}:[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/

/** Whether a name could be that of a type, added or not. */
export const hasTypeShape = (name: string): boolean => builtInTypes.has(name) || namePattern.test(name)

/** What is wrong with a type that an administrator wants to add; undefined where nothing is. */
export function addedTypeProblem({
  name,
  scopeTypes,
  takes,
  lengths,
  reserved,
}: ResourceType): TypeProblem | undefined {
  const wrongName = (problem: Problem): TypeProblem => ({ field: 'resourceType', value: name, problem })
  if (!namePattern.test(name)) {
    return wrongName({ why: 'no-type-name' })
  }
  if ((reservedClouds as readonly string[]).includes(name.split(':')[0]!)) {
    return wrongName({ why: 'reserved-clouds', clouds: reservedClouds })
  }
  if (scopeTypes.length === 0) return { field: 'scopeTypes', value: '[]', problem: { why: 'needs-one' } }
  if (reserved && takes !== 'cidr') {
    return {
      field: 'reserved',
      value: JSON.stringify(reserved),
      problem: { why: 'has-none-inside' },
    }
  }
  const families = ([4, 6] as const).filter((family) => lengths[family])
  if (families.length === 0) return { field: 'lengths', value: '{}', problem: { why: 'needs-family' } }
  for (const family of families) {
    const problem = lengthsProblem(takes, bitsOf(family), lengths[family]!)
    if (problem) return { field: `lengths.ipv${family}`, value: JSON.stringify(lengths[family]), problem }
  }
  return undefined
}

function lengthsProblem(
  takes: ResourceType['takes'],
  bits: number,
  { min, max, default: usual }: TypeLengths,
): Problem | undefined {
  const isLength = (length: number): boolean => Number.isInteger(length) && length >= 0 && length <= bits
  if (![min, max, usual ?? min].every(isLength)) return { why: 'lengths-of-family', bits }
  if (min > max) return { why: 'min-above-max' }
  if (usual !== undefined && (usual < min || usual > max)) return { why: 'default-outside-min-max' }
  if (takes === 'address' && min !== bits) return { why: 'one-address-length', bits }
  return undefined
}
