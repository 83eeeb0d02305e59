// In which way a candidate answers otherwise than what acts.
import { type Candidate, type CandidateAnswer, candidatesInOrder, type Decision } from './decision.ts'

/** `other-order`: from the same pool, and only those behind it, which nobody needed, would be others. */
export type DifferenceKind = 'newly-denied' | 'newly-allowed' | 'other-pool' | 'other-order' | 'other'

type Live = Pick<Decision, 'outcome' | 'denial' | 'candidates' | 'pool'>
type Answer = Pick<CandidateAnswer, 'outcome' | 'denial' | 'candidates' | 'onExhausted'>

/**
 * In which way a candidate differs from a decision; undefined where that is not worth listing, because both come to the
 * same outcome from the same first pool that has room, or are denied by the same setting (policy-model §5).
 * Which pools have no room is known of those that were tried: a pool that only the candidate names counts as having some.
 */
export function differenceKind(live: Live, candidate: Answer): DifferenceKind | undefined {
  if (isDenied(candidate) !== isDenied(live)) return isDenied(candidate) ? 'newly-denied' : 'newly-allowed'
  if (isDenied(live)) return isSameReason(live, candidate) ? undefined : 'other'
  const full = triedInVain(live)
  const isFull = (one: Candidate): boolean => full.some((other) => isSamePlace(other, one))
  const first = candidatesInOrder(candidate).find((one) => !isFull(one))
  const served = servedBy(live)
  if (first?.pool !== served?.pool) return 'other-pool'
  if (first && served && !isSamePlace(first, served)) return 'other'
  if (!isExhausted(live) && live.outcome !== candidate.outcome) return 'other'
  return poolsOf(live) === poolsOf(candidate) ? undefined : 'other-order'
}

/** A request that policy allows and nothing had room for is none that policy denies: a candidate is asked about policy. */
const isDenied = (answer: Pick<Live, 'outcome' | 'denial'>): boolean =>
  answer.outcome === 'deny' && !isExhausted(answer)
const isExhausted = ({ denial }: Pick<Live, 'denial'>): boolean => denial?.cause === 'exhausted'

const isSameReason = (a: Pick<Live, 'denial'>, b: Pick<Live, 'denial'>): boolean =>
  a.denial?.cause === b.denial?.cause && a.denial?.setting === b.denial?.setting
const isSamePlace = (a: Candidate, b: Candidate): boolean =>
  a.pool === b.pool && a.netmaskLength === b.netmaskLength && !a.cidr === !b.cidr
const poolsOf = ({ candidates }: Pick<Live, 'candidates'>): string => candidates.map(({ pool }) => pool).join(' ')

/** Where it came from; where nobody has looked for room, from the first. The fallback to the provider has the last one's length. */
function servedBy(live: Live): Candidate | undefined {
  const { pool, candidates } = live
  if (isExhausted(live)) return undefined
  if (pool === undefined) return candidates[0]
  const last = candidates.at(-1)
  return candidates.find((one) => one.pool === pool) ?? (last && { ...last, pool })
}

function triedInVain(live: Live): readonly Candidate[] {
  const { pool, candidates } = live
  if (isExhausted(live)) return candidates
  if (pool === undefined) return []
  const at = candidates.findIndex((one) => one.pool === pool)
  return at < 0 ? candidates : candidates.slice(0, at)
}
