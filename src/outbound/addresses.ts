// Which addresses a name leads to, looked up once for each call: none is called that is of this machine, of private networks or of the link,
// unless the operator allows it (threat D4).
import type { LookupAddress } from 'node:dns'
import { type Cidr, parseAddress } from '#model/cidr.ts'
import { isInner } from '#model/delivery-target.ts'

const dns = process.getBuiltinModule('node:dns').promises

/** Addresses of one name that are tried. */
const addressesMax = 3

export interface AddressRules {
  readonly allowedBlocks: readonly Cidr[]
  /** Looks a name up, once for each call. */
  resolve?(host: string): Promise<readonly Pick<LookupAddress, 'address'>[]>
}
export interface Address {
  readonly text: string
  readonly family: 4 | 6
}

/**
 * All must be such that may be called: a name that has an inner address beside others means no good.
 * @param host a name, or an address without brackets
 */
export async function addressesOf(
  host: string,
  rules: AddressRules,
): Promise<readonly Address[] | { readonly why: 'target-inner' | 'target-unresolved' }> {
  const found = parseAddress(host) ? [{ address: host }] : await lookUp(host, rules)
  const addresses: Address[] = []
  for (const { address } of found) {
    const parsed = parseAddress(address)
    // With a zone it is one of the link.
    if (!parsed || isInner(parsed, rules.allowedBlocks)) return { why: 'target-inner' }
    addresses.push({ text: address, family: address.includes(':') ? 6 : 4 })
  }
  if (addresses.length === 0) return { why: 'target-unresolved' }
  return addresses.sort((a, b) => a.family - b.family).slice(0, addressesMax)
}
async function lookUp(host: string, { resolve }: AddressRules): Promise<readonly Pick<LookupAddress, 'address'>[]> {
  try {
    return await (resolve ? resolve(host) : dns.lookup(host, { all: true }))
  } catch {
    // Whatever it was, there is no address to call.
    return []
  }
}
