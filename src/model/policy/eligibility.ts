// Which pools a policy may list for a pair: checked when the rules are written, so that no request meets a rule that cannot serve.

import { servesLocale } from '../locale.ts'
import type { Problem } from '../problems/problem.ts'
import type { PolicyDocument } from './document.ts'
import { nestingProblem } from './nesting.ts'
import { builtInTypes, findResourceType, namesOf, type Registry } from './resource-types.ts'
import { type SettingName, settingNames, settingOf } from './settings.ts'
import type { IpamFacts, PoolFacts } from './snapshot.ts'

/** Amazon VPC IPAM's quota: rules for one resource type and locale. */
export const rulesMax = 10

export interface RulesProblem {
  readonly field: 'resourceType' | 'rules' | 'poolId'
  readonly value: string
  readonly problem: Problem
}

export interface PairOfIpam {
  readonly ipam: Pick<IpamFacts, 'id' | 'operatingRegions'>
  readonly locale: string
  readonly resourceType: string
}

/** What is wrong with a list of rules; pools that do not exist or may not be seen are the caller's to answer. */
export function rulesProblem(
  { ipam, locale, resourceType }: PairOfIpam,
  pools: readonly PoolFacts[],
  registry: Registry = builtInTypes,
): RulesProblem | undefined {
  const type = findResourceType(resourceType, registry)
  if (!type) {
    const known = namesOf(registry)
    return { field: 'resourceType', value: resourceType, problem: { why: 'one-of-types', known } }
  }
  if (pools.length > rulesMax) {
    return { field: 'rules', value: String(pools.length), problem: { why: 'too-many-rules', max: rulesMax } }
  }
  const seen = new Set<string>()
  for (const pool of pools) {
    const wrong = (problem: Problem): RulesProblem => ({ field: 'poolId', value: pool.id, problem })
    if (seen.has(pool.id)) return wrong({ why: 'pool-listed-twice' })
    seen.add(pool.id)
    if (pool.ipamId !== ipam.id) return wrong({ why: 'pool-of-other-ipam' })
    const { operatingRegions } = ipam
    if (!servesLocale(pool, { locale, isReservation: type.isReservation === true, operatingRegions }))
      return wrong({ why: 'pool-in-other-locale', has: pool.locale, locale })
    if (!type.scopeTypes.includes(pool.scopeType)) return wrong({ why: 'type-needs-public-pool', resourceType })
    if (!type.lengths[pool.family]) return wrong({ why: 'type-needs-ipv4-pool', resourceType })
    if (type.awsService && pool.awsService !== type.awsService)
      return wrong({ why: 'type-needs-service', resourceType, service: type.awsService })
    const nesting = pool.divides === undefined ? undefined : nestingProblem(type, registry.get(pool.divides))
    if (nesting !== undefined) return wrong({ why: nesting, resourceType })
  }
  return undefined
}

export interface SettingProblem {
  readonly setting: SettingName
  readonly value: string
  readonly problem: Problem
}

/**
 * What is wrong with the settings of a document for its type, such as lengths that the type cannot have. What means nothing for
 * the type is let be: a tag may speak of many types.
 */
export function settingProblem(
  { resourceType, settings }: Pick<PolicyDocument, 'resourceType' | 'settings'>,
  registry: Registry = builtInTypes,
): SettingProblem | undefined {
  const type = findResourceType(resourceType, registry)
  if (!type) return undefined
  for (const setting of settingNames) {
    const wrong = settingOf(setting).unfit(settings[setting], type)
    if (wrong) return { setting, ...wrong }
  }
  return undefined
}
