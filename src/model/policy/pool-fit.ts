// Whether one pool may serve one request: the pool's own rules, whatever policy says (policy-model §5, step 6).

import { bitsOf, type Cidr, contains, formatCidr } from '../cidr.ts'
import { servesLocale } from '../locale.ts'
import { missingTags } from '../pool.ts'
import { type AllocationRequest, type Candidate, type Denial, provider } from './decision.ts'
import { carriedFor, type DenialAllowed, type DenialValue, nothing } from './denial.ts'
import { nestingProblem } from './nesting.ts'
import { isOwnOrShared } from './resolve.ts'
import type { ResourceType } from './resource-types.ts'
import type { Lengths } from './setting.ts'
import type { PoolFacts, Snapshot } from './snapshot.ts'
import type { MisfitReason } from './trace.ts'
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
  readonly reason: MisfitReason
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
      reason: { why: 'absent' },
      denial: { cause: 'pool-rule', setting: 'pool', value: { is: poolId }, allowed: nothing, pool: poolId },
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
  const { min, max } = lengths
  const reason: MisfitReason =
    netmaskLength === undefined ? { why: 'no-length' } : { why: 'length-outside', length: netmaskLength, min, max }
  const denial: Denial = {
    cause: 'pool-rule',
    setting: 'netmask-length',
    value: { length: netmaskLength ?? 'none' },
    allowed: { lengths: { min, max } },
    pool: provider,
  }
  return { reason, denial, isRequestsFault: true }
}

/** What takes one address gets one, whatever defaults there are. */
const lengthFor = (pool: PoolFacts | undefined, { netmaskLength, cidr, type, request }: Want): number | undefined =>
  type.takes === 'address'
    ? bitsOf(request.family)
    : (cidr?.length ?? netmaskLength ?? pool?.defaultNetmaskLength ?? type.lengths[request.family]?.default)

const isWithin = (length: number, { min, max }: Lengths): boolean => length >= min && length <= max

function candidateOf(pool: PoolFacts, want: Want): Candidate {
  const netmaskLength = lengthFor(pool, want)!
  return Object.freeze({ pool: pool.id, netmaskLength, cidr: want.cidr, rule: want.rule })
}

/** Rules that no other request of this account, locale and type could meet. */
function placeMisfit(snapshot: Snapshot, pool: PoolFacts, { request, type }: Want): Misfit | undefined {
  const misfit = (reason: MisfitReason, setting: string, value: DenialValue, allowed: DenialAllowed): Misfit => ({
    reason,
    denial: { cause: 'pool-rule', setting, value, allowed, owner: pool.account, pool: pool.id },
    isRequestsFault: false,
  })
  const operatingRegions = snapshot.ipams.get(pool.ipamId)?.operatingRegions ?? []
  const isReservation = type.isReservation === true
  if (!servesLocale(pool, { locale: request.locale, isReservation, operatingRegions })) {
    const { locale } = pool
    const ofNone: DenialAllowed = isReservation ? { oneOf: operatingRegions } : { no: 'locale' }
    const allowed = locale === undefined ? ofNone : { oneOf: [locale] }
    const reason: MisfitReason = { why: 'locale', ...(locale === undefined ? {} : { locale }) }
    return misfit(reason, 'locale', { is: request.locale }, allowed)
  }
  if (pool.family !== request.family) {
    const reason: MisfitReason = { why: 'family', holds: pool.family }
    return misfit(reason, 'address-family', { family: request.family }, { families: [pool.family] })
  }
  const scopeTypes = request.scopeType ? [request.scopeType] : type.scopeTypes
  if (!scopeTypes.includes(pool.scopeType)) {
    const reason: MisfitReason = { why: 'scope', scope: pool.scopeType }
    return misfit(reason, 'scope', { scopes: scopeTypes }, { oneOf: [pool.scopeType] })
  }
  if (type.awsService && pool.awsService !== type.awsService) {
    const { awsService: service } = pool
    const reason: MisfitReason = { why: 'service', ...(service === undefined ? {} : { service }) }
    const allowed: DenialAllowed = service === undefined ? { no: 'aws-service' } : { oneOf: [service] }
    return misfit(reason, 'aws-service', { is: type.awsService }, allowed)
  }
  const nesting =
    pool.divides === undefined ? undefined : nestingProblem(type, snapshot.resourceTypes.get(pool.divides))
  if (nesting !== undefined) {
    const holds = type.level === 'network' ? 'subnets' : 'hosts'
    return misfit({ why: nesting }, 'resource-type', { is: type.name }, { holds })
  }
  if (pool.account !== request.account && snapshot.ipams.get(pool.ipamId)?.tier === 'free') {
    return misfit({ why: 'free-tier' }, 'tier', { is: request.account }, { oneOf: [pool.account] })
  }
  return undefined
}

function requestMisfit(snapshot: Snapshot, pool: PoolFacts, want: Want): Misfit | undefined {
  const { request, type, cidr } = want
  const misfit = (reason: MisfitReason, setting: string, value: DenialValue, allowed: DenialAllowed): Misfit => ({
    reason,
    denial: { cause: 'pool-rule', setting, value, allowed, owner: pool.account, pool: pool.id },
    isRequestsFault: true,
  })
  if (cidr && !pool.cidrs.some((provisioned) => contains(provisioned, cidr))) {
    const is = formatCidr(cidr)
    const reason: MisfitReason = { why: 'outside', cidr: is }
    if (isOwnOrShared(snapshot, request.account, pool.id)) {
      return misfit(reason, 'cidr', { is }, { oneOf: pool.cidrs.map(formatCidr) })
    }
    const outside = misfit(reason, 'cidr', { is }, nothing)
    return { ...outside, denial: { ...outside.denial, isWithheld: true } }
  }
  const wrong = lengthMisfit(pool, want)
  if (wrong) {
    const { reason, setting, value, allowed } = wrong
    return { ...misfit(reason, setting, value, { lengths: allowed }), isRequestsFault: wrong.isRequestsFault }
  }
  const missing = type.isReservation ? [] : missingTags(pool.requiredTags, request.tags)
  if (missing.length === 0) return undefined
  const missingTexts = missing.map(formatRequiredTag)
  const base = misfit({ why: 'pool-tags', tags: missingTexts }, 'required-tags', carriedFor(missing, request.tags), {
    tags: pool.requiredTags,
  })
  return { ...base, denial: { ...base.denial, missingTags: missingTexts } }
}

/** What is wrong with the length. Where the pool has none that the type and policy allow, no other request could do better. */
function lengthMisfit(pool: PoolFacts, want: Want) {
  const { lengths } = want
  const own: Lengths = { min: pool.minNetmaskLength ?? 0, max: pool.maxNetmaskLength ?? bitsOf(pool.family) }
  const isRequestsFault = Math.max(own.min, lengths.min) <= Math.min(own.max, lengths.max)
  const misfit = (reason: MisfitReason, setting: string, value: DenialValue, allowed = own) => ({
    reason,
    setting,
    value,
    allowed,
    isRequestsFault,
  })
  const length = lengthFor(pool, want)
  if (length === undefined) return misfit({ why: 'no-default-length' }, 'netmask-length', { length: 'none' })
  const value = { length }
  if (length < own.min) return misfit({ why: 'too-large', length, min: own.min }, 'min-netmask-length', value)
  if (length > own.max) return misfit({ why: 'too-small', length, max: own.max }, 'max-netmask-length', value)
  if (isWithin(length, lengths)) return undefined
  const { min, max } = lengths
  return misfit({ why: 'default-outside', length, min, max }, 'default-netmask-length', value, { min, max })
}
