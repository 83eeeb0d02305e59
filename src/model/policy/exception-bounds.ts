// How many exceptions there may be, and for whom each bound is counted: what one person can reach stays far below what all need.
import { type Actor, accountableFor, sharedBearer } from '../principal.ts'
import type { Counted, CountedFor, Remedy } from '../problems/limits.ts'
import type { Attribution, Exception, ExceptionFacts } from './exception.ts'

/**
 * What is counted, of what is not over: `requested` waits for approval, `approved` is in force or will be, and `break-glass`
 * was made without approval. Each is counted apart, so that asking takes nothing from what is in force, and neither takes
 * anything from emergencies.
 */
export type ExceptionKind = 'requested' | 'approved' | 'break-glass'
/** Whom or what one is counted for. A pair is a locale and a resource type, at one target. */
export type ExceptionCount = 'requester' | 'target' | 'pair'

export interface ExceptionBound {
  readonly kind: ExceptionKind
  /** For all of these together; none: for the whole installation. */
  readonly per: readonly ExceptionCount[]
  readonly max: number
}

/**
 * Every snapshot holds all that are approved, and a decision looks at all for its target and pair; those that are only
 * requested cost a row each. Where several persons share a bound, one of them has half of it at most.
 */
export const exceptionBounds: readonly ExceptionBound[] = [
  { kind: 'requested', per: ['requester', 'pair'], max: 10 },
  { kind: 'requested', per: ['requester'], max: 100 },
  { kind: 'requested', per: ['target'], max: 1_000 },
  { kind: 'approved', per: ['requester', 'pair'], max: 10 },
  { kind: 'approved', per: ['pair'], max: 20 },
  { kind: 'approved', per: ['requester'], max: 500 },
  { kind: 'approved', per: ['target'], max: 1_000 },
  { kind: 'approved', per: [], max: 9_000 },
  { kind: 'break-glass', per: ['requester', 'pair'], max: 5 },
  { kind: 'break-glass', per: ['pair'], max: 20 },
  { kind: 'break-glass', per: ['requester'], max: 20 },
  { kind: 'break-glass', per: [], max: 1_000 },
]

/** Which of the bounds above count an exception; undefined where it was denied or revoked and counts no more. */
export function kindOfException({ status, isBreakGlass }: Exception): ExceptionKind | undefined {
  if (status === 'approved') return isBreakGlass ? 'break-glass' : 'approved'
  return status === 'requested' ? status : undefined
}

const remedyOf = {
  requested: 'have-approved',
  approved: 'revoke-exceptions',
  'break-glass': 'revoke-or-request',
} as const

/** What is said where a bound is reached: of what there are too many, counted for whom, and what helps. */
export interface ReachedBound {
  readonly what: Counted
  readonly countedFor: CountedFor
  readonly limit: number
  readonly used: number
  readonly remedy: Remedy
}

export function factsOfReached({ kind, per, max }: ExceptionBound, exception: Exception, used: number): ReachedBound {
  const { target, locale, resourceType } = exception
  const facts = {
    requester: { requester: accountableFor(exception.requested) },
    target: { target },
    pair: { pair: { target, locale, resourceType } },
  }
  const countedFor = Object.assign({ per: 'exceptions' } as const, ...per.map((one) => facts[one])) as CountedFor
  return { what: { of: `${kind}-exceptions` }, countedFor, limit: max, used, remedy: { do: remedyOf[kind] } }
}

// Break-glass ---------------------------------------------------------------------------------------------------------

/** Somebody’s break-glass that nobody else has reviewed; in force or not. */
export interface Unreviewed extends Pick<ExceptionFacts, 'id' | 'target' | 'locale' | 'resourceType'> {
  readonly requested: Actor
}

/** Those of the same person, by whatever name; `shared` is what shows that it is the same one. */
export function findOwnUnreviewed(
  unreviewed: readonly Unreviewed[],
  caller: Attribution,
): readonly (Unreviewed & { readonly shared: string })[] {
  return unreviewed.flatMap((one) => {
    const shared = sharedBearer(one.requested, caller)
    return shared === undefined ? [] : [{ ...one, shared }]
  })
}
