// Which addresses a name leads to, looked up once for each call: none is called that is of this machine, of private networks or of the link,
// unless the operator allows it (threat D4).
import type { LookupAddress } from 'node:dns'
import { type Cidr, parseAddress } from '#model/cidr.ts'
import { isInner } from '#model/delivery-target.ts'

const dns = process.getBuiltinModule('node:dns').promises

/** A server of names that somebody's target leads to and that does not answer: for so long, twice, and no thread waits for it. */
const nameServerMs = 2_000
const nameServerTries = 2
/**
 * Names that the system looks up at once. Each takes one of four threads that also read the server's files, for as long as servers of names
 * like.
 */
const systemLookUpsMax = 2

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
    return await (resolve ?? lookUpName)(host)
  } catch {
    // Whatever it was, there is no address to call.
    return []
  }
}

type Found = readonly Pick<LookupAddress, 'address'>[]

/** Of servers of names, without a thread; what these do not know, such as what stands in the file of hosts, of the system. */
async function lookUpName(host: string): Promise<Found> {
  if (host.includes('.')) {
    const resolver = new dns.Resolver({ timeout: nameServerMs, tries: nameServerTries })
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
    const found = answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
    if (found.length > 0) return found.map((address) => ({ address }))
    const isSilent = answers.some((one) => one.status === 'rejected' && one.reason.code === 'ETIMEOUT')
    if (isSilent) return []
  }
  return ofSystem.find(host)
}

/** Looks of the system, so many at once; whoever asks for a name that is looked up already waits for the same look. */
export class SystemLookUps {
  readonly #look: (host: string) => Promise<Found>
  readonly #underWay = new Map<string, Promise<Found>>()
  readonly #waiting: (() => void)[] = []
  #running = 0
  constructor(look: (host: string) => Promise<Found>) {
    this.#look = look
  }
  find(host: string): Promise<Found> {
    const known = this.#underWay.get(host)
    if (known) return known
    const found = this.#inTurn(host)
    this.#underWay.set(host, found)
    return found
  }
  async #inTurn(host: string): Promise<Found> {
    if (this.#running < systemLookUpsMax) this.#running++
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await this.#look(host)
    } finally {
      this.#underWay.delete(host)
      const next = this.#waiting.shift()
      // Its place is handed on.
      if (next) next()
      else this.#running--
    }
  }
}
const ofSystem = new SystemLookUps((host) => dns.lookup(host, { all: true }))
