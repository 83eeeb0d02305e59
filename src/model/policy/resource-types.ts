// The registry of resource types: what may ask for address space, and what space fits it. Data, not code.

/** Netmask lengths that a type can have; as in EC2, `min` is the largest block. */
export interface TypeLengths {
  readonly min: number
  readonly max: number
  /** Where neither the request, the policy nor the pool says. */
  readonly default?: number
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
  /** Pools without a locale will do, and the pool's required tags are not asked for. */
  readonly isReservation?: true
}

const oneV4 = { 4: { min: 32, max: 32, default: 32 } } as const
const oneEither = { 4: { min: 32, max: 32, default: 32 }, 6: { min: 128, max: 128, default: 128 } } as const
const anyEither = { 4: { min: 0, max: 32 }, 6: { min: 0, max: 128 } } as const
const both = ['public', 'private'] as const

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
    lengths: { 4: { min: 16, max: 28 }, 6: { min: 44, max: 60 } },
  },
  {
    name: 'subnet',
    summary: 'A CIDR of a subnet.',
    scopeTypes: both,
    takes: 'cidr',
    lengths: { 4: { min: 16, max: 28 }, 6: { min: 44, max: 64 } },
  },
  {
    name: 'custom',
    summary: 'A reservation by hand (AllocateIpamPoolCidr).',
    scopeTypes: both,
    takes: 'any',
    lengths: anyEither,
    isReservation: true,
  },
  {
    name: 'azure:public-ip',
    summary: 'A public IP address in Azure.',
    scopeTypes: ['public'],
    takes: 'address',
    lengths: oneEither,
  },
  {
    name: 'azure:virtual-network',
    summary: 'An address space of a virtual network in Azure.',
    scopeTypes: both,
    takes: 'cidr',
    lengths: { 4: { min: 8, max: 29, default: 24 }, 6: { min: 48, max: 64, default: 64 } },
  },
  {
    name: 'gcp:address',
    summary: 'An address in Google Cloud.',
    scopeTypes: both,
    takes: 'address',
    lengths: oneEither,
  },
  {
    name: 'gcp:subnetwork',
    summary: 'A range of a subnetwork in Google Cloud.',
    scopeTypes: both,
    takes: 'cidr',
    lengths: { 4: { min: 8, max: 29, default: 24 }, 6: { min: 48, max: 64, default: 64 } },
  },
  {
    name: 'k8s:load-balancer',
    summary: 'The address of a Kubernetes service of type LoadBalancer.',
    scopeTypes: both,
    takes: 'address',
    lengths: oneEither,
  },
  {
    name: 'onprem:host',
    summary: 'The address of a machine on a site of one’s own.',
    scopeTypes: both,
    takes: 'address',
    lengths: oneEither,
  },
  {
    name: 'onprem:network',
    summary: 'A network on a site of one’s own.',
    scopeTypes: both,
    takes: 'cidr',
    lengths: anyEither,
  },
]

const byName = new Map(resourceTypes.map((type) => [type.name, type]))

/** All of them are usable through ModifyIpamPolicyAllocationRules. */
export const findResourceType = (name: string): ResourceType | undefined => byName.get(name)
export const resourceTypeNames: readonly string[] = resourceTypes.map(({ name }) => name)
