// Whether one pool may serve one request: the pool's own rules, whatever policy says (policy-model §5, step 6).

import { bitsOf, type Cidr, contains, formatCidr } from '../cidr.ts'
import { servesLocale } from '../locale.ts'
import { missingTags, valueOfTags } from '../pool.ts'
import { type AllocationRequest, type Candidate, type Denial, provider } from './decision.ts'
import type { Lengths } from './exception.ts'
import { nestingProblem } from './nesting.ts'
import { isOwnOrShared } from './resolve.ts'
import { articleFor, type ResourceType } from './resource-types.ts'
import type { PoolFacts, Snapshot } from './snapshot.ts'
import { formatRequiredTag } from './values.ts'

/** What is asked of a pool, after policy had its say about size and explicit choice. */
export interface Want {
  readonly request: AllocationRequest
  readonly type: ResourceType
  /** Undefined: the pool's default, or else the type's. */
  readonly netmaskLength?: number
  /** What the type and policy's sizes allow: a length from elsewhere, such as the pool's default, must lie within, too. */
  readonly lengths: Lengths
  readonly cidr?: Cidr
  readonly rule?: number
}

export interface Misfit {
  readonly because: string
  readonly denial: Denial
  /** Whether another request of the same account, locale and type could have fitted. */
  readonly isRequestsFault: boolean
}

export type Fit = { readonly candidate: Candidate } | Misfit

/** Tries the pool's rules in their order; the first that does not hold is answered. */
export function fitPool(snapshot: Snapshot, poolId: string, want: Want): Fit {
  const pool = snapshot.pools.get(poolId)
  if (!pool) {
    return {
      because: 'there is no such pool',
      denial: { cause: 'pool-rule', setting: 'pool', value: poolId, allowed: [], pool: poolId },
      isRequestsFault: false,
    }
  }
  return (
    placeMisfit(snapshot, pool, want) ?? requestMisfit(snapshot, pool, want) ?? { candidate: candidateOf(pool, want) }
  )
}

/**
 * Tries the provider's space, which has no rules of its own and no default: what the type allows and has as its default
 * counts there as in a pool.
 */
export function fitProvider(want: Want): Fit {
  const { cidr, lengths } = want
  const netmaskLength = lengthFor(undefined, want)
  if (netmaskLength !== undefined && isWithin(netmaskLength, lengths)) {
    return { candidate: Object.freeze({ pool: provider, netmaskLength, cidr }) }
  }
  const [value, because] =
    netmaskLength === undefined
      ? ['none', 'neither the request nor policy says a netmask length, and it has no default']
      : [`/${netmaskLength}`, `/${netmaskLength} is outside ${lengthsText(lengths)}`]
  const denial: Denial = {
    cause: 'pool-rule',
    setting: 'netmask-length',
    value,
    allowed: [lengthsText(lengths)],
    pool: provider,
  }
  return { because, denial, isRequestsFault: true }
}

/** What takes one address gets one, whatever defaults there are. */
const lengthFor = (pool: PoolFacts | undefined, { netmaskLength, cidr, type, request }: Want): number | undefined =>
  type.takes === 'address'
    ? bitsOf(request.family)
    : (cidr?.length ?? netmaskLength ?? pool?.defaultNetmaskLength ?? type.lengths[request.family]?.default)

const isWithin = (length: number, { min, max }: Lengths): boolean => length >= min && length <= max
const lengthsText = ({ min, max }: Lengths): string => `/${min} to /${max}`

function candidateOf(pool: PoolFacts, want: Want): Candidate {
  const netmaskLength = lengthFor(pool, want)!
  return Object.freeze({ pool: pool.id, netmaskLength, cidr: want.cidr, rule: want.rule })
}

/** Rules that no other request of this account, locale and type could meet. */
function placeMisfit(snapshot: Snapshot, pool: PoolFacts, { request, type }: Want): Misfit | undefined {
  const misfit = (setting: string, value: string, allowed: readonly string[], because: string): Misfit => ({
    because,
    denial: { cause: 'pool-rule', setting, value, allowed, owner: pool.account, pool: pool.id },
    isRequestsFault: false,
  })
  const operatingRegions = snapshot.ipams.get(pool.ipamId)?.operatingRegions ?? []
  const isReservation = type.isReservation === true
  if (!servesLocale(pool, { locale: request.locale, isReservation, operatingRegions })) {
    const is = pool.locale ?? 'None'
    const allowed = pool.locale === undefined && isReservation ? operatingRegions : [is]
    return misfit('locale', request.locale, allowed, `its locale is ${is}, the request's ${request.locale}`)
  }
  if (pool.family !== request.family) {
    return misfit('address-family', `ipv${request.family}`, [`ipv${pool.family}`], `it holds IPv${pool.family}`)
  }
  const scopeTypes = request.scopeType ? [request.scopeType] : type.scopeTypes
  if (!scopeTypes.includes(pool.scopeType)) {
    return misfit('scope', scopeTypes.join(' or '), [pool.scopeType], `its scope is ${pool.scopeType}`)
  }
  if (type.awsService && pool.awsService !== type.awsService) {
    const is = pool.awsService ?? 'none'
    return misfit('aws-service', type.awsService, [is], `its AWS service is ${is}, and ${type.name} needs ec2`)
  }
  const nesting =
    pool.divides === undefined ? undefined : nestingProblem(type, snapshot.resourceTypes.get(pool.divides))
  if (nesting !== undefined) {
    return misfit('resource-type', type.name, type.level === 'network' ? ['subnets', 'hosts'] : ['hosts'], nesting)
  }
  if (pool.account !== request.account && snapshot.ipams.get(pool.ipamId)?.tier === 'free') {
    return misfit('tier', request.account, [pool.account], 'its IPAM is of the free tier, which serves its owner alone')
  }
  return undefined
}

function requestMisfit(snapshot: Snapshot, pool: PoolFacts, want: Want): Misfit | undefined {
  const { request, type, cidr } = want
  const misfit = (setting: string, value: string, allowed: readonly string[], because: string): Misfit => ({
    because,
    denial: { cause: 'pool-rule', setting, value, allowed, owner: pool.account, pool: pool.id },
    isRequestsFault: true,
  })
  if (cidr && !pool.cidrs.some((provisioned) => contains(provisioned, cidr))) {
    const because = `${formatCidr(cidr)} is not in its CIDRs`
    if (isOwnOrShared(snapshot, request.account, pool.id)) {
      return misfit('cidr', formatCidr(cidr), pool.cidrs.map(formatCidr), because)
    }
    const outside = misfit('cidr', formatCidr(cidr), [], because)
    return { ...outside, denial: { ...outside.denial, isWithheld: true } }
  }
  const wrong = lengthMisfit(pool, want)
  if (wrong) {
    const { setting, value, allowed, because } = wrong
    return { ...misfit(setting, value, [allowed], because), isRequestsFault: wrong.isRequestsFault }
  }
  const missing = type.isReservation ? [] : missingTags(pool.requiredTags, request.tags)
  if (missing.length === 0) return undefined
  const missingTexts = missing.map(formatRequiredTag)
  const because = `it asks for tags ${missingTexts.join(', ')}`
  const base = misfit(
    'required-tags',
    valueOfTags(missing, request.tags),
    pool.requiredTags.map(formatRequiredTag),
    because,
  )
  return { ...base, denial: { ...base.denial, missingTags: missingTexts } }
}

/** What is wrong with the length. Where the pool has none that the type and policy allow, no other request could do better. */
function lengthMisfit(pool: PoolFacts, want: Want) {
  const { lengths, type } = want
  const own: Lengths = { min: pool.minNetmaskLength ?? 0, max: pool.maxNetmaskLength ?? bitsOf(pool.family) }
  const isRequestsFault = Math.max(own.min, lengths.min) <= Math.min(own.max, lengths.max)
  const misfit = (setting: string, value: string, because: string, allowed = lengthsText(own)) => ({
    setting,
    value,
    because,
    allowed,
    isRequestsFault,
  })
  const length = lengthFor(pool, want)
  if (length === undefined) return misfit('netmask-length', 'none', 'it has no default netmask length')
  const value = `/${length}`
  if (length < own.min) return misfit('min-netmask-length', value, `${value} is larger than its /${own.min}`)
  if (length > own.max) return misfit('max-netmask-length', value, `${value} is smaller than its /${own.max}`)
  if (isWithin(length, lengths)) return undefined
  const allowed = lengthsText(lengths)
  const because = `its default ${value} is outside ${allowed}, which ${articleFor(type.name)} ${type.name} can have`
  return misfit('default-netmask-length', value, because, allowed)
}
