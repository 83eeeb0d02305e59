// Parts of a request for space, whatever asks: where it is for, in which kind of scope, and for what it can be had.
import { type Cidr, formatCidr } from '#model/cidr.ts'
import { likelyName } from '#model/known-locales.ts'
import { isForeignLocale, localeProblem } from '#model/locale.ts'
import type { ResourceType } from '#model/policy/resource-types.ts'
import type { PoolFacts } from '#model/policy/snapshot.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { blockProblem } from '../network/blocks.ts'
import type { ReadContext } from '../operation.ts'

/** Refuses a locale that nothing can be in: a Region that is not configured, and no place of another cloud or site. */
export function checkLocale({ settings }: ReadContext, field: string, value: string): void {
  const regions = settings.regions.map(({ name }) => name)
  if (regions.includes(value) || isForeignLocale(value)) return
  refuseValue(field, value, { why: 'locale-expected', regions, meant: likelyName(value, regions) })
}
/** Refuses what is no Region of this server. */
export function checkRegion({ settings }: ReadContext, field: string, value: string): void {
  const regions = settings.regions.map(({ name }) => name)
  if (!regions.includes(value))
    refuseValue(field, value, { why: 'region-expected', regions, meant: likelyName(value, regions) })
}
/** Refuses a locale in which space of a type cannot be used. */
export function checkLocaleOf({ settings }: ReadContext, resourceType: string, field: string, value: string): void {
  const regions = settings.regions.map(({ name }) => name)
  const problem = localeProblem(value, resourceType, regions)
  if (problem !== undefined) refuseValue(field, value, problem)
}

/** Public or private: what the pool is, or what is said, or the only one that the type has. */
export function scopeTypeOf(
  scopeType: 'public' | 'private' | undefined,
  type: ResourceType,
  pool: PoolFacts | undefined,
): 'public' | 'private' | undefined {
  if (pool) {
    if (scopeType !== undefined && scopeType !== pool.scopeType) {
      refuseValue('scopeType', scopeType, { why: 'pool-in-scope-type', scopeType: pool.scopeType })
    }
    return pool.scopeType
  }
  if (scopeType !== undefined) {
    if (type.scopeTypes.includes(scopeType)) return scopeType
    const { name: resourceType, scopeTypes } = type
    refuseValue('scopeType', scopeType, { why: 'type-in-scope-types', resourceType, scopeTypes })
  }
  if (type.scopeTypes.length > 1) refuse({ code: 'MissingParameter', field: 'scopeType' })
  return type.scopeTypes[0]
}

export function refuseResourceOfEip(resourceId: string | undefined, field = 'resourceId'): void {
  if (resourceId === undefined) return
  refuseValue(field, resourceId, { why: 'names-itself' })
}

/** A VPC or subnet elsewhere is bounded as one here is, in its length and in what it can hold. */
export function refuseUnfitNetwork(name: string, block: Cidr | undefined): void {
  const problem = block && (name === 'vpc' || name === 'subnet') ? blockProblem(name, block) : undefined
  if (problem) refuseValue('cidr', formatCidr(block!), problem)
}
