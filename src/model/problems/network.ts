// What is wrong with networks, subnets, their blocks and NAT gateways.
import type { Nested, Say } from './said.ts'

export const networkProblems = {
  // Blocks
  'network-lengths': ({ network, min, max, step }: LengthFacts) =>
    `the netmask length of a ${network === 'vpc' ? 'VPC' : 'subnet'} is between /${min} and /${max}${step === undefined ? '' : `, in steps of ${step}`}`,
  'unfit-block-given': ({ cidr, problem }: { cidr: string; problem: Nested }, { words }: Say) =>
    `policy and pools give \`${cidr}\`, but ${words(problem)}`,
  'pool-holds-family': ({ family }: { family: 4 | 6 }) => `the pool holds IPv${family} space`,
  'no-planning-pool': ({ network }: { network: string }) => `it is no resource planning pool of \`${network}\``,
  'plans-subnets': () => 'it plans the subnets of a VPC, and cannot give blocks to VPCs',
  'not-in-network': ({ network, family, blocks }: { network: string; family: 4 | 6; blocks: readonly string[] }) =>
    `It is not inside \`${network}\`: ${blocks.length === 0 ? `it has no IPv${family} block` : `it has ${blocks.join(', ')}`}`,
  'overlaps-subnet': ({ subnet, cidr }: { subnet: string; cidr: string }) =>
    `It overlaps with the subnet \`${subnet}\` (${cidr})`,
  'overlaps-planned': ({ cidr, pool, network }: { cidr: string; pool: string; network: string }) =>
    `It overlaps with ${cidr}, which the pool \`${pool}\` that plans \`${network}\` has handed out or keeps`,
  'overlaps-own-block': ({ cidr }: { cidr: string }) => `It overlaps with ${cidr}, which the VPC has already`,
  'primary-block': ({ association }: { association: string }) =>
    `The vpc CIDR block with association ID ${association} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
  'subnet-in-block': ({ subnet, cidr }: { subnet: string; cidr: string }) =>
    `the subnet \`${subnet}\` (${cidr}) is inside the block`,

  // What is in them
  'has-inside': ({ id }: { id: string }) => `\`${id}\` is in it`,
  'nat-gateway-inside': ({ gateway }: { gateway: string }) => `The NAT gateway \`${gateway}\` is in it`,
  'planned-by': ({ pool, account, cidr, mayNoMore }: PlannedFacts) =>
    `The pool \`${pool}\`${account === undefined ? '' : ` of the account \`${account}\``} plans ${cidr ?? 'it'}; ${mayNoMore ? 'it may not any more: delete that pool with all that is in it' : 'take the CIDR out of that pool or delete it first'}`,

  'planned-inside': ({ network, pool }: { network?: string; pool?: string }) =>
    network === undefined || pool === undefined
      ? 'A network of another account has its block from it, and its inside is planned by a pool'
      : `\`${network}\` has its block from it, and the pool \`${pool}\` plans that network; delete that pool first`,

  // NAT gateways
  'private-gateway': ({ gateway }: OfGateway) => `\`${gateway}\` is private, and has no Elastic IP addresses`,
  'manages-itself': ({ gateway }: OfGateway) => `\`${gateway}\` manages its addresses itself`,
  'primary-address': ({ gateway, association }: OfGateway & { association: string }) =>
    `\`${association}\` is the primary address of \`${gateway}\`, which stays as long as the gateway`,
  'left-without-address': ({ gateway }: OfGateway) => `\`${gateway}\` would be left without an address`,
  'regional-without-private': () => 'A regional NAT gateway has no private addresses.',
  'only-regional-takes-zone': () => 'Only a regional NAT gateway takes an availability zone.',
  'as-many-items': ({ member, as }: { member: string; as: string }, { name }: Say) =>
    `\`${name(member)}\` must have as many items as \`${name(as)}\`.`,
  'no-private-ipv4': () => 'an IPv6-native subnet has no private IPv4 addresses',
  'taken-or-twice': () => 'it is taken, or appears more than once',
  'ipv4-address-expected': ({ such }: { such: string }) => `an IPv4 address such as \`${such}\` is expected`,
  'not-in-subnet': ({ cidr }: { cidr: string }) => `it is not inside the subnet's ${cidr}`,
  'reserved-in-subnet': () => 'the first four addresses of a subnet and the last one are reserved',
}

interface LengthFacts {
  readonly network: 'vpc' | 'subnet'
  readonly min: number
  readonly max: number
  readonly step?: number
}
interface PlannedFacts {
  readonly pool: string
  /** Where it is another one's. */
  readonly account?: string
  /** Where a part is planned. */
  readonly cidr?: string
  /** Who planned it may not any more. */
  readonly mayNoMore: boolean
}
interface OfGateway {
  readonly gateway: string
}
