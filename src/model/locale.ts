// Where addresses are used: a Region of this cloud, or a place in another cloud or on a site of one's own.

import { likelyForeignLocale, likelyName } from './known-locales.ts'
import type { Problem } from './problems/problem.ts'

/** `CLOUD:REGION` or `onprem:SITE`, such as `azure:westeurope`. Colons set it apart from Regions, which have none. */
export const isForeignLocale = (text: string): boolean => /^[a-z0-9-]{1,32}:[A-Za-z0-9._-]{1,64}$/.test(text)

/**
 * What is allowed where space of a type cannot be used in a locale: this cloud's types are for its Regions; reservations, and
 * types of other clouds, sites and one's own, for any place. One rule for what is asked and for what is written, so that
 * nothing can be had where no policy can speak of it.
 */
export function localeProblem(locale: string, resourceType: string, regions: readonly string[]): Problem | undefined {
  const isOfThisCloud = !resourceType.includes(':') && resourceType !== 'custom'
  if (regions.includes(locale) || (!isOfThisCloud && isForeignLocale(locale))) return undefined
  return {
    why: isOfThisCloud ? 'no-region-for-type' : 'no-locale-for-type',
    resourceType,
    regions,
    meant: likelyName(locale, regions),
  }
}

/**
 * What to ask where a locale of another cloud is given for the first time, and is probably misspelt: whoever asks for space there
 * later would find none. One that a pool has already is nobody's slip any more.
 */
export function misspellingProblem(locale: string): Problem | undefined {
  const meant = likelyForeignLocale(locale)
  return meant === undefined ? undefined : { why: 'no-such-place', meant }
}

/** What a pool would be used for: where, whether for a reservation, and where the pool's IPAM operates. */
export interface PoolUse {
  readonly locale: string
  readonly isReservation: boolean
  readonly operatingRegions: readonly string[]
}

/**
 * Whether a pool serves a locale: the one that it has. What has none is planned for the operating Regions of its IPAM, and
 * serves reservations there; elsewhere it serves none, for no policy of the IPAM could have a document for the place.
 */
export const servesLocale = (
  pool: { readonly locale?: string },
  { locale, isReservation, operatingRegions }: PoolUse,
): boolean =>
  pool.locale === locale || (pool.locale === undefined && isReservation && operatingRegions.includes(locale))
