// The parts of the address space that have a purpose of their own, and what may hold each: pools of either scope, and VPCs.

import { assert } from './assert.ts'
import { type Cidr, contains, formatCidr, overlaps, parseCidr } from './cidr.ts'
import type { Problem } from './problems/problem.ts'

/** What is given space: a pool of a public or a private scope, or a VPC (and so its subnets). */
export type SpaceHolder = 'public-pool' | 'private-pool' | 'vpc'

export interface SpecialPurposeBlock {
  readonly cidr: Cidr
  /** As the registry names it. */
  readonly name: string
  readonly rfc: number
  /** What may hold any of it. */
  readonly heldBy: readonly SpaceHolder[]
}

const block = (text: string): Cidr => {
  const cidr = parseCidr(text)
  assert(cidr !== undefined, `${text} is a block`)
  return cidr
}

const everywhere = ['public-pool', 'private-pool', 'vpc'] as const
const inside = ['private-pool', 'vpc'] as const
const nowhere = [] as const

/**
 * IANA's IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), with multicast space, which has registries of its own.
 *
 * Documentation and benchmarking ranges may be held anywhere: examples and trial installations use them as if they were public,
 * and the provider's range is one of them unless the operator sets another. Google Cloud takes subnets of 240.0.0.0/4; EC2 takes
 * VPCs of all private, shared and publicly routable space, and of nothing else ("VPC CIDR blocks", Amazon VPC User Guide).
 * Not here, since it is no block to begin with (`parseCidr`): `::ffff:0:0/96`, IPv4-mapped IPv6.
 */
export const specialPurposeBlocks: readonly SpecialPurposeBlock[] = (
  [
    ['0.0.0.0/8', 'this network', 791, nowhere],
    ['10.0.0.0/8', 'private use', 1918, inside],
    ['100.64.0.0/10', 'shared address space', 6598, inside],
    ['127.0.0.0/8', 'loopback', 1122, nowhere],
    ['169.254.0.0/16', 'link-local', 3927, nowhere],
    ['172.16.0.0/12', 'private use', 1918, inside],
    ['192.0.0.0/24', 'IETF protocol assignments', 6890, inside],
    ['192.0.2.0/24', 'documentation', 5737, everywhere],
    ['192.31.196.0/24', 'AS112', 7535, inside],
    ['192.52.193.0/24', 'AMT', 7450, inside],
    ['192.88.99.0/24', '6to4 relay anycast, deprecated', 7526, inside],
    ['192.168.0.0/16', 'private use', 1918, inside],
    ['192.175.48.0/24', 'direct delegation AS112 service', 7534, inside],
    ['198.18.0.0/15', 'benchmarking', 2544, everywhere],
    ['198.51.100.0/24', 'documentation', 5737, everywhere],
    ['203.0.113.0/24', 'documentation', 5737, everywhere],
    ['224.0.0.0/4', 'multicast', 5771, nowhere],
    ['255.255.255.255/32', 'limited broadcast', 919, nowhere],
    ['240.0.0.0/4', 'reserved', 1112, ['private-pool']],
    ['::/128', 'unspecified address', 4291, nowhere],
    ['::1/128', 'loopback address', 4291, nowhere],
    ['64:ff9b::/96', 'IPv4-IPv6 translation', 6052, nowhere],
    ['64:ff9b:1::/48', 'IPv4-IPv6 translation', 8215, nowhere],
    ['100::/64', 'discard-only', 6666, nowhere],
    ['100:0:0:1::/64', 'dummy prefix', 9780, nowhere],
    ['2001::/32', 'Teredo', 4380, nowhere],
    ['2001:2::/48', 'benchmarking', 5180, nowhere],
    ['2001:3::/32', 'AMT', 7450, nowhere],
    ['2001:4:112::/48', 'AS112', 7535, nowhere],
    ['2001:10::/28', 'ORCHID, deprecated', 4843, nowhere],
    ['2001:20::/28', 'ORCHIDv2', 7343, nowhere],
    ['2001:30::/28', 'drone remote identification', 9374, nowhere],
    ['2001::/23', 'IETF protocol assignments', 2928, nowhere],
    ['2001:db8::/32', 'documentation', 3849, everywhere],
    ['2002::/16', '6to4', 3056, nowhere],
    ['2620:4f:8000::/48', 'direct delegation AS112 service', 7534, nowhere],
    ['3fff::/20', 'documentation', 9637, everywhere],
    ['5f00::/16', 'segment routing identifiers', 9602, nowhere],
    ['fc00::/7', 'unique local', 4193, inside],
    ['fe80::/10', 'link-local', 4291, nowhere],
    ['ff00::/8', 'multicast', 4291, nowhere],
  ] as const
).map(([text, name, rfc, heldBy]) => ({ cidr: block(text), name, rfc, heldBy }))

/**
 * Why nothing of this kind may hold the block: a part of it has a purpose that does not allow that. Undefined where it may.
 * Which family and which global unicast space a pool may hold are other rules (`cidrProblem` of the pool).
 */
export function purposeProblem(cidr: Cidr, holder: SpaceHolder): Problem | undefined {
  const found = specialPurposeBlocks.find((special) => overlaps(special.cidr, cidr) && !special.heldBy.includes(holder))
  return found && { why: 'special-purpose', block: formatCidr(found.cidr), purpose: found.name, rfc: found.rfc, holder }
}

/** RFC 4193, of which only the locally assigned half is in use. */
const uniqueLocalIpv6 = block('fd00::/8')
/** Reserved by Amazon within `fd00::/8`: no private pool may be given any of it. */
export const amazonReservedIpv6 = block('fd00::/16')
/** RFC 4291 §2.5.4: what registries hand out. */
const globalUnicastIpv6 = block('2000::/3')

export const isUniqueLocalIpv6 = (cidr: Cidr): boolean => contains(uniqueLocalIpv6, cidr)
export const isGlobalUnicastIpv6 = (cidr: Cidr): boolean => contains(globalUnicastIpv6, cidr)
