// Which pools a policy may list for a pair: checked when the rules are written, so that no request meets a rule that cannot serve.

import { servesLocale } from '../locale.ts'
import { member } from '../refusal.ts'
import type { PolicyDocument } from './document.ts'
import { nestingProblem } from './nesting.ts'
import { builtInTypes, findResourceType, namesOf, type Registry } from './resource-types.ts'
import { type SettingName, settingNames, settingOf } from './settings.ts'
import type { IpamFacts, PoolFacts } from './snapshot.ts'
import { reasonInWords } from './trace-words.ts'

/** Amazon VPC IPAM's quota: rules for one resource type and locale. */
export const rulesMax = 10

export interface RulesProblem {
  readonly field: 'resourceType' | 'rules' | 'poolId'
  readonly value: string
  readonly problem: string
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
    const problem = `it must be one of ${namesOf(registry)}`
    return { field: 'resourceType', value: resourceType, problem }
  }
  if (pools.length > rulesMax) {
    const problem = `a document has at most ${rulesMax} rules`
    return { field: 'rules', value: String(pools.length), problem }
  }
  const seen = new Set<string>()
  for (const pool of pools) {
    const wrong = (problem: string): RulesProblem => ({ field: 'poolId', value: pool.id, problem })
    if (seen.has(pool.id)) return wrong('the pool is listed more than once')
    seen.add(pool.id)
    if (pool.ipamId !== ipam.id) return wrong("the pool must belong to the policy's IPAM")
    const { operatingRegions } = ipam
    if (!servesLocale(pool, { locale, isReservation: type.isReservation === true, operatingRegions }))
      return wrong(`its ${member('locale')} is ${pool.locale ?? 'None'}, not ${locale}`)
    if (!type.scopeTypes.includes(pool.scopeType)) return wrong(`${resourceType} needs a pool in the public scope`)
    if (!type.lengths[pool.family]) return wrong(`${resourceType} needs an ipv4 pool`)
    if (type.awsService && pool.awsService !== type.awsService)
      return wrong(`${resourceType} needs ${member('awsService')} ${type.awsService}`)
    const nesting = pool.divides === undefined ? undefined : nestingProblem(type, registry.get(pool.divides))
    if (nesting !== undefined) {
      const about = { account: pool.account, locale, resourceType }
      return wrong(`${reasonInWords({ why: nesting }, about)}: it is none for ${resourceType}`)
    }
  }
  return undefined
}

export interface SettingProblem {
  readonly setting: SettingName
  readonly value: string
  readonly problem: string
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
