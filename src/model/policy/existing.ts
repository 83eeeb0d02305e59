// What policy would have said of space that is in use already, whoever took it and however.
import { type Cidr, equals } from '../cidr.ts'
import { decide } from './decide.ts'
import { type AllocationRequest, candidatesInOrder, type Verdict } from './decision.ts'
import { mayUsePool } from './resolve.ts'
import type { Snapshot } from './snapshot.ts'

/**
 * `elsewhere`: policy would have given other space. `denied`: it would have given none. `outside`: no policy speaks of it, and it lies in
 * no pool that the account may use.
 */
export const existingAnswers = ['allowed', 'elsewhere', 'denied', 'outside'] as const
export type ExistingAnswer = (typeof existingAnswers)[number]
export interface EvaluatedUse {
  readonly answer: ExistingAnswer
  /** What was asked, and the answer to it. */
  readonly request: AllocationRequest
  readonly verdict: Verdict
}
/** What is in use, without what would be named of it. */
export type InUse = Omit<AllocationRequest, 'netmaskLength' | 'explicit'>

/**
 * Whoever takes space may leave it to policy where from, or name it: what either way could have brought about is allowed.
 * @param pool where the block lies; undefined: in none
 */
export function evaluateExisting(snapshot: Snapshot, used: InUse, place: Place, now: Date): EvaluatedUse {
  const { pool, cidr } = place
  const unnamed = { ...used, netmaskLength: cidr.length }
  const chosen = { request: unnamed, verdict: decide(snapshot, unnamed, now) }
  if (chosen.verdict.outcome !== 'deny' && pool !== undefined && givesFrom(chosen.verdict, { pool, cidr }))
    return { answer: 'allowed', ...chosen }
  if (pool !== undefined && mayUsePool(snapshot, used.account, pool, now.getTime())) {
    const request = { ...used, explicit: { pool, cidr } }
    const named = { request, verdict: decide(snapshot, request, now) }
    if (named.verdict.outcome !== 'deny' && givesExactly(named.verdict, { pool, cidr }))
      return { answer: 'allowed', ...named }
    // Where no document speaks of it, nothing is given to whoever names nothing.
    if (!chosen.verdict.document && named.verdict.outcome === 'deny') return { answer: 'denied', ...named }
  }
  if (chosen.verdict.outcome === 'deny') return { answer: 'denied', ...chosen }
  return { answer: chosen.verdict.document ? 'elsewhere' : 'outside', ...chosen }
}
interface Place {
  readonly pool: string | undefined
  readonly cidr: Cidr
}

const givesFrom = (verdict: Verdict, { pool, cidr }: { readonly pool: string; readonly cidr: Cidr }): boolean =>
  candidatesInOrder(verdict).some((one) => one.pool === pool && one.netmaskLength === cidr.length)
const givesExactly = (verdict: Verdict, { pool, cidr }: { readonly pool: string; readonly cidr: Cidr }): boolean =>
  candidatesInOrder(verdict).some((one) => one.pool === pool && one.cidr !== undefined && equals(one.cidr, cidr))
