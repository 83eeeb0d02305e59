// Well-known parts of the address space that pools have rules about: private, unique local, global unicast.

import { assert } from './assert.ts'
import { type Cidr, contains, overlaps, parseCidr } from './cidr.ts'

const blocks = (...texts: string[]): readonly Cidr[] =>
  Object.freeze(
    texts.map((text) => {
      const cidr = parseCidr(text)
      assert(cidr !== undefined, `${text} is a block`)
      return cidr
    }),
  )

/** RFC 1918, and the shared address space of RFC 6598. */
export const privateIpv4 = blocks('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10')
/** RFC 4193, of which only the locally assigned half is in use. */
export const uniqueLocalIpv6 = blocks('fd00::/8')
/** Reserved by Amazon within `fd00::/8`: no private pool may be given any of it. */
export const amazonReservedIpv6 = blocks('fd00::/16')
/** RFC 4291 §2.5.4: what registries hand out. */
export const globalUnicastIpv6 = blocks('2000::/3')
/** IPv4 that can be no one's: this network, loopback, link-local, multicast, and reserved (RFC 6890). */
const unusableIpv4 = blocks('0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4')

const withinAny = (sets: readonly Cidr[], cidr: Cidr): boolean => sets.some((set) => contains(set, cidr))
const touchesAny = (sets: readonly Cidr[], cidr: Cidr): boolean => sets.some((set) => overlaps(set, cidr))

export const isPrivateIpv4 = (cidr: Cidr): boolean => withinAny(privateIpv4, cidr)
/** Whether no address of the block is private or unusable. Documentation ranges count as public: examples use them. */
export const isPublicIpv4 = (cidr: Cidr): boolean =>
  cidr.family === 4 && !touchesAny(privateIpv4, cidr) && !touchesAny(unusableIpv4, cidr)
export const isUniqueLocalIpv6 = (cidr: Cidr): boolean => withinAny(uniqueLocalIpv6, cidr)
export const isGlobalUnicastIpv6 = (cidr: Cidr): boolean => withinAny(globalUnicastIpv6, cidr)
