// Space that is in use, evaluated by policy, many at a time: what controls of space look at.
import type { Facts } from '#model/finding.ts'
import { formatId } from '#model/identifier.ts'
import { type Evaluation, evaluateExisting, readsTags, type UsedSpace } from '#model/policy/existing.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import { homesOf, type Looking, tagsUnder } from '../policy/tag-findings.ts'
import { reservedType } from '../space/reserved.ts'

export interface EvaluatedSpace {
  readonly allocation: Allocation
  readonly held: UsedSpace
  readonly evaluation: Evaluation
}
/** One that looks at space: what it sees of each, in their order. */
export type LookAtSpaces = (
  context: Looking,
  spaces: readonly EvaluatedSpace[],
) => Promise<readonly (Facts | undefined)[]>

/** What pools hand on to pools, and networks keep for themselves, nobody has asked policy for. */
export const isEvaluated = ({ resourceType }: Pick<Allocation, 'resourceType'>): boolean =>
  resourceType !== 'ipam-pool' && resourceType !== reservedType

/** How findings call it: an Elastic IP by the id that it goes by. */
export const idOfSpace = (installation: string, { n, resourceType }: Pick<Allocation, 'n' | 'resourceType'>): string =>
  formatId(resourceType === 'eip' ? 'address' : 'allocation', installation, n)

/** Reads tags alone of what they can have a part in. */
export async function evaluateSpaces(
  context: Looking,
  allocations: readonly Allocation[],
): Promise<readonly EvaluatedSpace[]> {
  const { tx } = context
  const snapshot = await context.snapshot()
  const now = new Date(context.now)
  const spaces = allocations.filter(isEvaluated).map((allocation) => {
    const { account, region, resourceType, cidr, resourceId: resource } = allocation
    const id = formatId('pool', tx.installation, allocation.pool)
    const pool = snapshot.pools.get(id)
    const locale = region ?? pool?.locale ?? ''
    const origin = pool ? { pool: id } : ('provider' as const)
    return { allocation, held: { account, locale, resourceType, cidr, origin, resource } }
  })
  const tagged = spaces.filter(({ held }) => readsTags(snapshot, held)).map(({ allocation }) => allocation)
  const homes = new Map(tagged.map((allocation) => [allocation, homesOf(context, givenOf(allocation))]))
  const tags = homes.size === 0 ? new Map() : await tx.tags.ofMany([...homes.values()].flat())
  return spaces.map(({ allocation, held }) => {
    const home = homes.get(allocation)
    const whole = home ? { ...held, tags: tagsUnder(home, tags) } : held
    return { allocation, held: whole, evaluation: evaluateExisting(snapshot, whole, now) }
  })
}

export const givenOf = ({ n, account, resourceType, cidr, decision, resourceId }: Allocation) => ({
  ...{ allocation: n, account, resourceType, cidr, decision, resourceId },
})
