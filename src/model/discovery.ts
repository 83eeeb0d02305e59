// Which accounts an IPAM looks at: its own, and where its account administers IPAM for the organization, all others but those of
// units that are left out; and whether what its pools gave still meets their rules.
import { bitsOf, type Cidr } from './cidr.ts'
import { isOwnOrShared } from './policy/resolve.ts'
import { type PoolFacts, pathOf, type Snapshot } from './policy/snapshot.ts'
import { missingTags } from './pool.ts'

/** A unit whose accounts are not looked at: those right in it, or all below it too. */
export interface ExcludedUnit {
  readonly unit: string
  readonly isDeep: boolean
}

/** Those whose unit is still there: what is gone leaves nothing out. */
export const standingExclusions = ({ nodes }: Snapshot, exclusions: readonly ExcludedUnit[]): readonly ExcludedUnit[] =>
  exclusions.filter(({ unit }) => nodes.has(unit))

/** Where an IPAM looks. */
export interface Looking {
  readonly account: string
  /** Of all that it discovers with. */
  readonly exclusions: readonly ExcludedUnit[]
}

/** Whether it looks at more accounts than its own. */
export const looksAtOthers = ({ delegatedAdministrator }: Snapshot, account: string): boolean =>
  delegatedAdministrator === account

export function isLookedAt(snapshot: Snapshot, { account: own, exclusions }: Looking, account: string): boolean {
  if (account === own) return true
  if (!looksAtOthers(snapshot, own) || snapshot.nodes.get(account)?.kind !== 'account') return false
  const path = pathOf(snapshot, account)
  return !exclusions.some(({ unit, isDeep }) => (isDeep ? path.includes(unit) : path.at(-2) === unit))
}

/** The unit that some exclusions leave out twice; undefined where they are apart. */
export function excludedTwice(snapshot: Snapshot, exclusions: readonly ExcludedUnit[]): string | undefined {
  return exclusions.find(({ unit }, index) =>
    exclusions.some(
      (other, at) =>
        at !== index &&
        (other.unit === unit ? at < index : other.isDeep && pathOf(snapshot, unit).includes(other.unit)),
    ),
  )?.unit
}

/** A CIDR of a resource, as the rules of the pool that gave it see it. */
export interface GivenCidr {
  readonly account: string
  readonly locale: string
  readonly cidr: Cidr
  readonly tags: ReadonlyMap<string, string>
}
/**
 * Whether a CIDR meets the rules of the pool that gave it, as they are now: its length, its place, the tags that resources must have,
 * and whether its account may take from the pool.
 */
export function meetsRules(snapshot: Snapshot, pool: PoolFacts, { account, locale, cidr, tags }: GivenCidr): boolean {
  const bits = bitsOf(cidr.family)
  const { minNetmaskLength: min = 0, maxNetmaskLength: max = bits } = pool
  return (
    // What takes one address gets one, whatever lengths its pool gives networks.
    (cidr.length === bits || (cidr.length >= min && cidr.length <= max)) &&
    (pool.locale === undefined || pool.locale === locale) &&
    missingTags(pool.requiredTags, tags).length === 0 &&
    isOwnOrShared(snapshot, account, pool.id)
  )
}
