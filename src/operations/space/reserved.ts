// Addresses that a network keeps for itself: allocations of their own type in the pool that divides it, so that no host gets one,
// and all that counts space counts them.
import { bitsOf, type Cidr, contains, formatCidr, lastAddress, overlaps, split, supernet } from '#model/cidr.ts'
import { keepsWhatIsReserved, reservedBlocks, reservedEndMax } from '#model/policy/nesting.ts'
import type { Registry, ReservedEnds, ResourceType } from '#model/policy/resource-types.ts'
import type { Problem } from '#model/problems/problem.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { endTenure } from './tenures.ts'

/** What such allocations are for; no type of the registry has the name. */
export const reservedType = 'reserved'

type Divider = Pick<Pool, 'reservedFirst' | 'reservedLast'>
export const endsOf = ({ reservedFirst = 0, reservedLast = 0 }: Divider): ReservedEnds | undefined =>
  reservedFirst + reservedLast === 0 ? undefined : { first: reservedFirst, last: reservedLast }

/** Where the cloud reserves them they are nobody's; elsewhere a network inside may have them that keeps as many. */
export const mayBeOfNetworks = ({ divides }: Pool, registry: Registry): boolean => {
  const type = registry.get(divides ?? '')
  return type?.reserved === undefined || type.isReservedByCustom === true
}

/** What a pool reserves, as blocks; none where it has no space at present. */
export async function blocksReservedIn({ tx }: Pick<ReadContext, 'tx'>, pool: Pool): Promise<readonly Cidr[]> {
  const ends = endsOf(pool)
  const [whole] = ends ? await tx.pools.cidrs(pool.n) : []
  return ends && whole ? reservedBlocks(whole.cidr, ends) : []
}

/** Reserves what is not reserved yet and free: all of it at first, and later what a network inside gave back. */
export async function reserveEnds(context: WriteContext, pool: Pool): Promise<void> {
  for (const block of await blocksReservedIn(context, pool)) await reserve(context, pool, block)
}

async function reserve(context: WriteContext, pool: Pool, block: Cidr): Promise<void> {
  const { space } = context.tx
  const held = await context.tx.allocations.at(pool.n, block)
  if (held?.resourceType === reservedType) return
  if ((await space.takeExactly(pool.n, block)) === 'taken') {
    await space.record({
      n: context.newSequence(),
      pool: pool.n,
      cidr: block,
      resourceType: reservedType,
      resourceId: pool.id,
      account: pool.account,
      region: pool.locale,
      description: undefined,
      decision: undefined,
      createdAt: context.now,
    })
    return
  }
  // A part of it may be free.
  if (block.length < bitsOf(block.family)) for (const half of split(block)) await reserve(context, pool, half)
}

/** Gives up what is reserved in a block, where nothing else is allocated in it. Whether there was anything of the kind. */
export async function giveUpReserved(context: WriteContext, pool: Pool, block: Cidr): Promise<boolean> {
  const inside = await context.tx.allocations.inside(pool.n, block, 2 * reservedEndMax + 1)
  const isAll = inside.every(({ resourceType, cidr }) => resourceType === reservedType && contains(block, cidr))
  if (inside.length === 0 || !isAll) return false
  for (const held of inside) await endTenure(context, held, context.now)
  return true
}

/**
 * Takes space for a network inside, which may have what is reserved for the sake of hosts where it keeps that itself: the lowest
 * block that there is. What a network gave back is reserved again before, for one that is too small to keep anything.
 */
export async function takeForNetwork(
  context: WriteContext,
  pool: Pool,
  { type, cidr: wanted, netmaskLength }: WantedNetwork,
  takeOther: () => Promise<Cidr | undefined>,
): Promise<Cidr | undefined> {
  await reserveEnds(context, pool)
  const reserved = await blocksReservedIn(context, pool)
  const keeps = (block: Cidr): boolean => keepsWhatIsReserved(type, block, reserved)
  const takeEnd = async (block: Cidr) => (keeps(block) ? takeOver(context, pool, block) : undefined)
  // What rests is not reserved yet, and whoever had it could have it again.
  if (wanted) return keeps(wanted) ? ((await takeEnd(wanted)) ?? takeOther()) : undefined
  const [whole] = await context.tx.pools.cidrs(pool.n)
  if (!whole || whole.cidr.length > netmaskLength) return takeOther()
  return (
    (await takeEnd({ ...whole.cidr, length: netmaskLength })) ??
    (await takeOther()) ??
    (await takeEnd(supernet(lastAddress(whole.cidr), netmaskLength)))
  )
}
interface WantedNetwork {
  readonly type: ResourceType
  readonly cidr?: Cidr
  readonly netmaskLength: number
}
async function takeOver(context: WriteContext, pool: Pool, block: Cidr): Promise<Cidr | undefined> {
  if (!(await giveUpReserved(context, pool, block))) return undefined
  if ((await context.tx.space.takeExactly(pool.n, block)) === 'taken') return block
  await reserveEnds(context, pool)
  return undefined
}

/** Why a host cannot have a block, in a refusal's words. Undefined where nothing of it is reserved. */
export async function reservedProblem(context: ReadContext, pool: Pool, wanted: Cidr): Promise<Problem | undefined> {
  const block = (await blocksReservedIn(context, pool)).find((one) => overlaps(one, wanted))
  if (!block) return undefined
  const { first, last } = endsOf(pool)!
  return { why: 'reserved-ends', block: formatCidr(block), type: pool.divides!, first, last }
}
