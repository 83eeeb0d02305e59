// Space that is in use, evaluated by policy, many at a time: what controls of space look at.
import type { Facts } from '#model/finding.ts'
import { formatId } from '#model/identifier.ts'
import { type Evaluation, evaluateExisting, readsTags, type UsedSpace } from '#model/policy/existing.ts'
import type { BroughtSpace } from '#store/tables/brought-space.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import { homesOf, type Looking, tagsUnder } from '../policy/tag-findings.ts'
import { reservedType } from '../space/reserved.ts'

/** What a pool or the provider gave, or what of a network nobody did. */
export type Space = Allocation | BroughtSpace
export interface EvaluatedSpace {
  readonly space: Space
  /** How findings call it. */
  readonly resource: string
  readonly held: UsedSpace
  readonly evaluation: Evaluation
}
/** One that looks at space: what it sees of each, in their order. */
export type LookAtSpaces = (
  context: Looking,
  spaces: readonly EvaluatedSpace[],
) => Promise<readonly (Facts | undefined)[]>

/** What pools hand on to pools, and networks keep for themselves, nobody has asked policy for. */
export const isEvaluated = ({ resourceType }: Pick<Space, 'resourceType'>): boolean =>
  resourceType !== 'ipam-pool' && resourceType !== reservedType
export const mayBeBrought = ({ resourceType }: Pick<Space, 'resourceType'>): boolean =>
  resourceType === 'vpc' || resourceType === 'subnet'
export const isBrought = (space: Space): space is BroughtSpace => 'network' in space

/** How findings call it: an Elastic IP by the id that it goes by. */
export const idOfSpace = (installation: string, { n, resourceType }: Pick<Allocation, 'n' | 'resourceType'>): string =>
  formatId(resourceType === 'eip' ? 'address' : 'allocation', installation, n)

/** Reads tags alone of what they can have a part in. */
export async function evaluateSpaces(context: Looking, some: readonly Space[]): Promise<readonly EvaluatedSpace[]> {
  const { tx } = context
  const snapshot = await context.snapshot()
  const now = new Date(context.now)
  const spaces = some.filter(isEvaluated).map((space) => ({
    space,
    ...(isBrought(space)
      ? { resource: space.resource, held: broughtAs(space) }
      : { resource: idOfSpace(tx.installation, space), held: heldAs(space) }),
  }))
  function heldAs({ account, region, resourceType, cidr, resourceId: resource, pool: n }: Allocation): UsedSpace {
    const id = formatId('pool', tx.installation, n)
    const pool = snapshot.pools.get(id)
    const locale = region ?? pool?.locale ?? ''
    const origin = pool ? { pool: id } : ('provider' as const)
    return { account, locale, resourceType, cidr, origin, resource }
  }
  const tagged = spaces.filter(({ held }) => readsTags(snapshot, held)).map(({ space }) => space)
  const homes = new Map(tagged.map((space) => [space, homesOfSpace(context, space)]))
  const tags = homes.size === 0 ? new Map() : await tx.tags.ofMany([...homes.values()].flat())
  return spaces.map(({ held, ...rest }) => {
    const home = homes.get(rest.space)
    const whole = home ? { ...held, tags: tagsUnder(home, tags) } : held
    return { ...rest, held: whole, evaluation: evaluateExisting(snapshot, whole, now) }
  })
}

/** As its network asked for it. */
const broughtAs = ({ account, region, resourceType, cidr, network }: BroughtSpace): UsedSpace => ({
  ...{ account, locale: region, resourceType, cidr, resource: network },
  origin: resourceType === 'subnet' ? 'network' : 'brought',
  ...(cidr.family === 4 ? { scopeType: 'private' } : {}),
})
const homesOfSpace = (context: Looking, space: Space): readonly (string | undefined)[] =>
  isBrought(space) ? [space.network] : homesOf(context, givenOf(space))

export const givenOf = ({ n, account, resourceType, cidr, decision, resourceId }: Allocation) => ({
  ...{ allocation: n, account, resourceType, cidr, decision, resourceId },
})
