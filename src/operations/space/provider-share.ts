// The provider's space is everybody's: once half of it is used, an account that has its share of it gets no more.
import { lastAddress, sizeOf } from '#model/cidr.ts'
import { refuse } from '#model/refusal.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { WriteContext } from '../operation.ts'

/** Of all of the space, one in so many is an account's share; of little space, so many addresses or networks. */
const sharesOfProvider = 64n
const leastShare = 64n
/** Blocks of one account that are counted: who has more has its share, however large the space is. */
const providerBlocksPerAccountMax = 4_096

/** IPv6 is counted in networks of /64. */
const unitBits = { 4: 0n, 6: 64n } as const

/** Whether more than half is used: allocated, held, or at rest. Undefined where that would have to be read first. */
export function isCrowded(context: WriteContext, pool: Pool): boolean | undefined {
  const used = context.tx.space.utilizationAtHand(pool.n)
  return used && used.free < used.allocated + used.quarantined
}

/**
 * Refuses an account more of the provider's space where it has its share: what it has allocated, holds, or gave back and still
 * rests. Who has none yet gets some as long as there is any. Reads only where the space is crowded.
 */
export async function refuseBeyondProviderShare(
  context: WriteContext,
  pool: Pool,
  { account, length }: { readonly account: string; readonly length: number },
): Promise<void> {
  const { allocated, quarantined, free } = await context.tx.space.utilization(pool.n)
  if (free >= allocated + quarantined) return
  const { family } = pool
  const units = (addresses: bigint): bigint => (addresses + (1n << unitBits[family]) - 1n) >> unitBits[family]
  const share = units(allocated + quarantined + free) / sharesOfProvider
  const limit = share > leastShare ? share : leastShare
  const [first, last] = (await context.tx.pools.span(pool.n))!
  const where = { pool: pool.n, first, last: lastAddress(last), account }
  const { lengths, isAll } = await context.tx.space.heldLengths(where, providerBlocksPerAccountMax)
  if (lengths.length === 0 && isAll) return
  const unitsOf = (one: number): bigint => units(sizeOf({ family, first: 0n, length: one }))
  const used = lengths.reduce((sum, one) => sum + unitsOf(one), 0n)
  if (used + unitsOf(length) <= limit && isAll) return
  refuse({
    code: 'LimitExceeded',
    what: { of: family === 4 ? 'addresses' : 'ipv6-networks' },
    limit: Number(limit),
    used: Number(used),
    countedFor: { per: 'provider-space', account },
    remedy: { do: 'release-or-name-pool' },
  })
}
