// The rules that pools and their CIDRs keep, as pure functions (reference: Amazon VPC IPAM, CreateIpamPool and ProvisionIpamPoolCidr).

import { amazonReservedIpv6, isGlobalUnicastIpv6, isUniqueLocalIpv6, purposeProblem } from './address-space.ts'
import { bitsOf, type Cidr, contains, formatCidr, overlaps } from './cidr.ts'
import { likelyName } from './known-locales.ts'
import { isForeignLocale } from './locale.ts'
import type { Problem } from './problems/problem.ts'

/** What is wrong with which member of a request; an operation turns it into a refusal. */
export interface PoolProblem {
  readonly field: string
  readonly value: string
  readonly problem: Problem
}

export interface NetmaskLengths {
  readonly min?: number
  readonly default?: number
  readonly max?: number
}

export interface PoolShape {
  readonly family: 4 | 6
  readonly scopeType: 'public' | 'private'
  /** Undefined is what EC2 calls `None`. */
  readonly locale?: string
  readonly awsService?: string
  readonly publicIpSource?: string
  readonly publiclyAdvertisable?: boolean
  readonly autoImport?: boolean
  readonly netmaskLengths: NetmaskLengths
}

/** What of a parent pool binds its children. */
export interface ParentPool {
  readonly id: string
  readonly scopeId: string
  readonly family: 4 | 6
  readonly locale?: string
  /** A top-level pool has depth 1. */
  readonly depth: number
  readonly publicIpSource?: string
}

export const poolDepthMax = 10

const fields = {
  min: 'minNetmaskLength',
  default: 'defaultNetmaskLength',
  max: 'maxNetmaskLength',
} as const

/** Bounds of the family, and min ≤ default ≤ max. As in EC2, min is the shortest prefix and so the largest block. */
export function netmaskProblem(family: 4 | 6, lengths: NetmaskLengths): PoolProblem | undefined {
  const bits = bitsOf(family)
  for (const bound of ['min', 'default', 'max'] as const) {
    const length = lengths[bound]
    if (length !== undefined && !(Number.isInteger(length) && length >= 0 && length <= bits)) {
      return {
        field: fields[bound],
        value: String(length),
        problem: { why: 'lengths-of-ip', family, bits },
      }
    }
  }
  const { min = 0, max = bits } = lengths
  if (min > max) {
    const problem = { why: 'greater-than', member: fields.max, max } as const
    return { field: fields.min, value: String(min), problem }
  }
  if (lengths.default !== undefined && (lengths.default < min || lengths.default > max)) {
    return { field: fields.default, value: String(lengths.default), problem: { why: 'between', min, max } }
  }
  return undefined
}

/** The rules of a pool by itself: its lengths, its locale, and what only the public scope has. */
export function shapeProblem(shape: PoolShape, operatingRegions: ReadonlySet<string>): PoolProblem | undefined {
  const { family, scopeType, locale, awsService, publicIpSource, publiclyAdvertisable, autoImport } = shape
  if (locale !== undefined && !operatingRegions.has(locale) && !isForeignLocale(locale)) {
    const regions = [...operatingRegions]
    const problem = { why: 'no-operating-region', regions, meant: likelyName(locale, regions) } as const
    return { field: 'locale', value: locale, problem }
  }
  if (scopeType === 'private') {
    const onlyPublic = { why: 'only-public-pools' } as const
    if (awsService !== undefined) return { field: 'awsService', value: awsService, problem: onlyPublic }
    if (publicIpSource !== undefined) return { field: 'publicIpSource', value: publicIpSource, problem: onlyPublic }
    if (publiclyAdvertisable !== undefined) {
      return { field: 'publiclyAdvertisable', value: String(publiclyAdvertisable), problem: onlyPublic }
    }
  } else {
    const problem = publicProblem(shape)
    if (problem) return problem
  }
  if (autoImport && locale === undefined) {
    return { field: 'autoImport', value: 'true', problem: { why: 'import-needs-locale' } }
  }
  return netmaskProblem(family, shape.netmaskLengths)
}

function publicProblem({ family, publicIpSource, publiclyAdvertisable, locale }: PoolShape): PoolProblem | undefined {
  if (publiclyAdvertisable !== undefined && (family === 4 || publicIpSource === 'amazon')) {
    const problem = { why: 'only-ipv6-byoip' } as const
    return { field: 'publiclyAdvertisable', value: String(publiclyAdvertisable), problem }
  }
  if (publicIpSource === 'amazon' && locale === undefined) {
    const problem = { why: 'amazon-needs-locale' } as const
    return { field: 'locale', value: 'None', problem }
  }
  return undefined
}

/** The rules of a pool under another: same scope and family, a locale that fits, at most ten levels. */
export function childProblem(
  child: { readonly scopeId: string; readonly family: 4 | 6; readonly locale?: string },
  parent: ParentPool,
): PoolProblem | undefined {
  if (child.scopeId !== parent.scopeId) {
    return { field: 'parentPoolId', value: parent.id, problem: { why: 'source-in-other-scope' } }
  }
  if (child.family !== parent.family) {
    return { field: 'family', value: `ipv${child.family}`, problem: { why: 'source-of-family', family: parent.family } }
  }
  if (parent.locale !== undefined && child.locale !== parent.locale) {
    const problem = { why: 'source-has-locale', locale: parent.locale } as const
    return { field: 'locale', value: child.locale ?? 'None', problem }
  }
  if (parent.depth >= poolDepthMax) {
    return { field: 'parentPoolId', value: parent.id, problem: { why: 'nested-too-deep', max: poolDepthMax } }
  }
  return undefined
}

/** Whether a pool may be provisioned with this CIDR. BYOIP minimum sizes are not kept: the operator is the authority. */
export function cidrProblem(
  pool: { readonly family: 4 | 6; readonly scopeType: 'public' | 'private'; readonly isPrivateGuaEnabled?: boolean },
  cidr: Cidr,
): PoolProblem | undefined {
  const wrong = (problem: Problem): PoolProblem => ({ field: 'cidr', value: formatCidr(cidr), problem })
  if (cidr.family !== pool.family) return wrong({ why: 'pool-is-of-family', family: pool.family })
  const purpose = purposeProblem(cidr, pool.scopeType === 'public' ? 'public-pool' : 'private-pool')
  if (purpose !== undefined) return wrong(purpose)
  if (cidr.family === 4) return undefined
  if (pool.scopeType === 'public') {
    return isGlobalUnicastIpv6(cidr) ? undefined : wrong({ why: 'public-ipv6-space' })
  }
  if (isUniqueLocalIpv6(cidr)) {
    return overlaps(amazonReservedIpv6, cidr) ? wrong({ why: 'reserved-by-amazon' }) : undefined
  }
  if (!isGlobalUnicastIpv6(cidr)) return wrong({ why: 'private-ipv6-space' })
  return pool.isPrivateGuaEnabled ? undefined : wrong({ why: 'needs-private-gua' })
}

/** Amazon-provided space comes in these netmask lengths: IPv4 /28 to /30, IPv6 /40 to /52. */
export const amazonLengths = { 4: { min: 28, max: 30 }, 6: { min: 40, max: 52 } } as const

/** Whether Amazon-provided space of this length may be provisioned into a pool. */
export function amazonLengthProblem(family: 4 | 6, length: number): PoolProblem | undefined {
  const { min, max } = amazonLengths[family]
  if (Number.isInteger(length) && length >= min && length <= max) return undefined
  const problem = { why: 'amazon-lengths', family, min, max } as const
  return { field: 'netmaskLength', value: String(length), problem }
}

/**
 * The required tags that a resource lacks. Keys and values compare exactly; without a value any will do, and the
 * resource may have more.
 */
export const missingTags = <T extends { readonly key: string; readonly value?: string }>(
  required: readonly T[],
  tags: ReadonlyMap<string, string> | undefined,
): readonly T[] =>
  required.filter(({ key, value }) => {
    const given = tags?.get(key)
    return given === undefined || (value !== undefined && given !== value)
  })

/** Invariant I9: a child's space lies within its parent's. */
export const liesWithin = (space: readonly Cidr[], cidr: Cidr): boolean => space.some((block) => contains(block, cidr))
