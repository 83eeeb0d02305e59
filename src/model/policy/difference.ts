// In which way a candidate answers otherwise than what acts.
import type { CandidateAnswer, Decision } from './decision.ts'

export type DifferenceKind = 'newly-denied' | 'newly-allowed' | 'other-pool' | 'other'

type Answer = Pick<Decision | CandidateAnswer, 'outcome' | 'denial' | 'candidates'>

/** A request that policy allows and nothing had room for is none that policy denies: a candidate is asked about policy. */
const isDenied = ({ outcome, denial }: Answer): boolean => outcome === 'deny' && denial?.cause !== 'exhausted'
const poolsOf = ({ candidates }: Answer): string => candidates.map(({ pool }) => pool).join(' ')

export function differenceKind(live: Answer, candidate: Answer): DifferenceKind {
  if (isDenied(candidate) !== isDenied(live)) return isDenied(candidate) ? 'newly-denied' : 'newly-allowed'
  // Of two denials neither names a pool; they differ in what denies.
  return poolsOf(live) === poolsOf(candidate) ? 'other' : 'other-pool'
}
