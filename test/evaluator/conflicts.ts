// A naive search for conflicts, from the policy model alone: every account, pair and address family, one by one (§3).

import type { GovernanceFacts } from '#model/policy/snapshot.ts'
import { documentsFor, enabledFor, holds } from './evaluator.ts'

/** What cannot both be met, and for whom. */
export interface Clash {
  readonly account: string
  readonly locale: string
  readonly resourceType: string
  readonly family: 4 | 6
  readonly kind: 'pools' | 'size'
  /** False where the model leaves open whether it is one: bounds of a family of which not both list a pool. */
  readonly isCertain: boolean
  /** The assignments whose documents apply, which two of them are the parties. */
  readonly among: readonly string[]
}

const families = [4, 6] as const

/** «An account outside the organization» as well: whoever has a node, or something enabled on it. */
const accountsOf = ({ nodes, assignments }: GovernanceFacts): string[] => [
  ...new Set([
    ...nodes.filter(({ kind }) => kind === 'account').map(({ id }) => id),
    ...assignments.map(({ targetId }) => targetId).filter((id) => !nodes.some((node) => node.id === id)),
  ]),
]

/** «An empty intersection … in each address family that both documents list, for every account.» Of what enforces. */
export function clashesIn(facts: GovernanceFacts): Clash[] {
  const pairs = new Map(
    facts.policies
      .flatMap(({ documents }) => documents)
      .map(({ locale, resourceType }) => [`${locale} ${resourceType}`, { locale, resourceType }]),
  )
  return accountsOf(facts).flatMap((account) =>
    [...pairs.values()].flatMap((pair) => families.flatMap((family) => clashesAt(facts, account, pair, family))),
  )
}

export function clashesAt(
  facts: GovernanceFacts,
  account: string,
  pair: { readonly locale: string; readonly resourceType: string },
  family: 4 | 6,
): Clash[] {
  const enabled = enabledFor(facts, account, pair, ['enforce'])
  const applying = documentsFor(enabled, [])
  if (!applying) return []
  const { order, finals } = applying
  const all = [order, ...finals.filter((one) => one !== order)]
  const listing = all.filter(({ document }) =>
    document.rules.some(({ pool }) => facts.pools.find(({ id }) => id === pool)?.family === family),
  )
  const clashOf = (kind: Clash['kind'], isCertain = true): Clash => ({
    account,
    ...pair,
    family,
    kind,
    isCertain,
    among: all.map(({ version, assignment }) => `${version.policyId} ${assignment.targetId}`),
  })
  return [
    ...(isPoolless(facts, account, listing, family) ? [clashOf('pools')] : []),
    ...(isBoundless(all, family) ? [clashOf('size', isBoundless(listing, family))] : []),
  ]
}

type Listing = NonNullable<ReturnType<typeof documentsFor>>['all']

/**
 * Something is listed for the account by one of them, and by all of them together nothing. A default whose rules are all for
 * others gives the account nothing that could be taken away; a final of which that is so leaves nothing of the others.
 */
function isPoolless(facts: GovernanceFacts, account: string, listing: Listing, family: 4 | 6): boolean {
  const pools = facts.pools.filter((pool) => pool.family === family).map(({ id }) => id)
  const lists = ({ document }: Listing[number], id: string): boolean =>
    document.rules.some(({ pool, when }) => pool === id && holds(facts, account, when))
  const counting = listing.filter((one) => one.assignment.kind === 'final' || pools.some((id) => lists(one, id)))
  return (
    counting.length > 1 &&
    pools.some((id) => counting.some((one) => lists(one, id))) &&
    !pools.some((id) => counting.every((one) => lists(one, id)))
  )
}

function isBoundless(listing: Listing, family: 4 | 6): boolean {
  const sizes = listing.flatMap(
    ({ document: { settings } }) => (family === 4 ? settings.size : settings.sizeIpv6) ?? [],
  )
  return Math.max(...sizes.map(({ min }) => min)) > Math.min(...sizes.map(({ max }) => max))
}
