// Exceptions: for a limited time, one target may have what policy denies it for one locale and type (policy-model §7).
import { type Actor, isSameBearer, sharedIdentity } from '../principal.ts'
import type { Problem } from '../problems/problem.ts'
import type { GrantedSettings } from './settings.ts'

export const dayMs = 86_400_000
/** From the request, or the renewal, to the end. */
export const exceptionDaysMax = 90
export const breakGlassHoursMax = 24
const lengthMaxMs = exceptionDaysMax * dayMs
const breakGlassMaxMs = breakGlassHoursMax * 3_600_000

/**
 * What is permitted: any of them, all approved together.
 * `pools`: these count as listed. `provider`: so does the provider. Under the name of a setting: what passes it too.
 */
export interface ExceptionGrants extends GrantedSettings {
  readonly pools: readonly string[]
  readonly provider: boolean
}

/** What decisions are made on. */
export interface ExceptionFacts {
  readonly id: string
  /** An account, a unit or a root. */
  readonly target: string
  /** Only resources whose name matches; `*` stands for any text. */
  readonly resource?: string
  readonly locale: string
  readonly resourceType: string
  readonly grants: ExceptionGrants
  /**
   * Of the granted pools, those that whoever approved it had no say over: they could only because the owner shares them, and so
   * each counts for an account as long as it is shared with it. Absent where there is none.
   */
  readonly sharedPools?: readonly string[]
  readonly startsAt: number
  readonly expiresAt: number
}

/** What people decided. Whether an approved one is in force follows from the moment that is asked about. */
export type ExceptionStatus = 'requested' | 'approved' | 'denied' | 'revoked'
export const exceptionStates = ['requested', 'approved', 'active', 'expired', 'revoked', 'denied'] as const
export type ExceptionState = (typeof exceptionStates)[number]

/** Something that one person did at a moment. */
export interface Attribution extends Actor {
  readonly at: number
}
/** A later end that is asked for; until somebody else approves it, the present one holds. */
export interface Renewal extends Attribution {
  readonly expiresAt: number
  readonly reason: string
}

export interface Exception extends ExceptionFacts {
  readonly status: ExceptionStatus
  readonly reason: string
  /** In force at once and for hours only; open until somebody else has reviewed it. */
  readonly isBreakGlass: boolean
  /** The number of the allocation that is kept, or was, while it waits for approval. */
  readonly hold?: number
  readonly requested: Attribution
  /** The request, or the renewal, that the present end was asked for in. */
  readonly asked: Attribution
  readonly approved?: Attribution
  readonly renewal?: Renewal
  /** Denied or revoked. */
  readonly ended?: Attribution & { readonly note?: string }
  readonly reviewed?: Attribution & { readonly note: string }
}

/** In force from the moment it starts until just before the moment it expires. */
export const isInForce = ({ startsAt, expiresAt }: ExceptionFacts, now: number): boolean =>
  startsAt <= now && now < expiresAt

export function stateAt({ status, startsAt, expiresAt }: Exception, now: number): ExceptionState {
  if (status === 'denied' || status === 'revoked') return status
  if (now >= expiresAt) return 'expired'
  return status === 'approved' && now >= startsAt ? 'active' : status
}

/** Approved once, and no longer in force. */
export function isOverAt(exception: Exception, now: number): boolean {
  const state = stateAt(exception, now)
  return state === 'revoked' || (state === 'expired' && exception.status === 'approved')
}

/** What must still be looked at by somebody else, for as long as it takes. */
export const needsReview = ({ isBreakGlass, reviewed }: Exception): boolean => isBreakGlass && !reviewed

export interface TimeProblem {
  readonly field: 'startsAt' | 'expiresAt'
  readonly problem: Problem
}

/** What is wrong with the time that is asked for, if anything. */
export function timeProblem(
  { startsAt, expiresAt }: Pick<ExceptionFacts, 'startsAt' | 'expiresAt'>,
  { now, isBreakGlass }: { readonly now: number; readonly isBreakGlass: boolean },
): TimeProblem | undefined {
  if (startsAt < now) return { field: 'startsAt', problem: { why: 'in-the-past' } }
  if (expiresAt <= startsAt) return { field: 'expiresAt', problem: { why: 'not-later-than-start' } }
  if (isBreakGlass && expiresAt > now + breakGlassMaxMs) {
    return { field: 'expiresAt', problem: { why: 'break-glass-too-long', hours: breakGlassHoursMax } }
  }
  if (expiresAt > now + lengthMaxMs) {
    return { field: 'expiresAt', problem: { why: 'too-far-ahead', days: exceptionDaysMax } }
  }
  return undefined
}

// What it may keep while it waits -------------------------------------------------------------------------------------

/** Nobody has had a say about these yet, so that there are few. */
export const pendingPerTargetMax = 20
export const pendingPerRequesterMax = 10
/** Of one requester, at one target: others can still ask for it. */
export const pendingPerRequesterAndTargetMax = 5

/** What is wrong with keeping space until a moment, if anything: it is for nothing before the exception begins or once it is over. */
export function holdTimeProblem(
  { startsAt, expiresAt }: Pick<ExceptionFacts, 'startsAt' | 'expiresAt'>,
  heldUntil: number,
): Problem | undefined {
  if (heldUntil <= startsAt) return { why: 'lapses-before-exception' }
  if (heldUntil > expiresAt) return { why: 'held-beyond-exception' }
  return undefined
}

/** Whether at least as much of a pool stays free as requests keep: whoever only asks cannot exhaust it. */
export const leavesEnough = ({ free, pending, wanted }: Record<'free' | 'pending' | 'wanted', bigint>): boolean =>
  free - wanted >= pending + wanted

/** Of what requests may keep of a pool, one requester has half at most, or a first block of one address. */
export const isWithinShare = ({ free, pending, own, wanted }: Record<'free' | 'pending' | 'own' | 'wanted', bigint>) =>
  (own === 0n && wanted === 1n) || 4n * (own + wanted) <= free + pending

// What people may do to one ------------------------------------------------------------------------------------------

export type ExceptionAction =
  /** `until` is the end that they approve: a renewal's must be named, since it may be another one than they looked at. */
  | ({ readonly kind: 'approve'; readonly until?: number } & Attribution)
  | ({ readonly kind: 'deny' | 'revoke'; readonly note?: string } & Attribution)
  | ({ readonly kind: 'renew' } & Renewal)
  | ({ readonly kind: 'review'; readonly note: string } & Attribution)

export type ActionProblem =
  /** `asked` is who asked for what this person would decide on: the same one, under whatever token and role, by what `shared` says. */
  | { readonly kind: 'same-person'; readonly asked: string; readonly by: string; readonly shared: string }
  | { readonly kind: 'state'; readonly problem: Problem }
  | ({ readonly kind: 'time' } & TimeProblem)

export type Outcome = { readonly exception: Exception } | { readonly refused: ActionProblem }

/** What becomes of an exception, or why nothing does. Nobody decides on what they asked for, whatever their roles are. */
export function applyAction(exception: Exception, action: ExceptionAction): Outcome {
  switch (action.kind) {
    case 'approve':
      return exception.renewal ? approveRenewal(exception, exception.renewal, action) : approve(exception, action)
    case 'deny':
      return deny(exception, action)
    case 'revoke':
      return revoke(exception, action)
    case 'renew':
      return renew(exception, action)
    case 'review':
      return review(exception, action)
  }
}

type Approval = Attribution & { readonly until?: number }

function approve(exception: Exception, action: Approval): Outcome {
  const { at, until } = action
  const state = stateAt(exception, at)
  if (state !== 'requested') return refused({ why: 'exception-state', state, action: 'approve' })
  const same = samePerson([exception.requested, exception.asked], action)
  if (same) return same
  if (until !== undefined && until !== exception.expiresAt)
    return refused({ why: 'other-end', asked: exception.expiresAt, said: until })
  return { exception: { ...exception, status: 'approved', approved: doneBy(action) } }
}

/** Who asked first may not approve what somebody else asked to prolong, either: it is still their exception. */
function approveRenewal(exception: Exception, renewal: Renewal, action: Approval): Outcome {
  const { at, until } = action
  if (at >= renewal.expiresAt) return refused({ why: 'asked-end-passed' })
  const same = samePerson([renewal, exception.requested, exception.asked], action)
  if (same) return same
  if (until !== renewal.expiresAt)
    return refused({ why: 'renewal-end-unnamed', by: renewal.by, until: renewal.expiresAt })
  const wasOver = at >= exception.expiresAt
  return {
    exception: {
      ...exception,
      status: 'approved',
      reason: renewal.reason,
      // What had expired begins anew: between its end and now it was not in force.
      startsAt: wasOver ? at : exception.startsAt,
      expiresAt: renewal.expiresAt,
      asked: doneBy(renewal),
      approved: doneBy(action),
      renewal: undefined,
    },
  }
}

/** Denies what waits: the request, or the renewal alone, after which the present end still holds. */
function deny(exception: Exception, action: Attribution & { note?: string }): Outcome {
  const { at, note } = action
  if (exception.renewal) return { exception: { ...exception, renewal: undefined } }
  const state = stateAt(exception, at)
  if (state !== 'requested') return refused({ why: 'exception-state', state, action: 'deny' })
  return { exception: { ...exception, status: 'denied', ended: { ...doneBy(action), note } } }
}

function revoke(exception: Exception, action: Attribution & { note?: string }): Outcome {
  const { at, note } = action
  const state = stateAt(exception, at)
  if (state !== 'active' && state !== 'approved') return refused({ why: 'exception-state', state, action: 'revoke' })
  return { exception: { ...exception, status: 'revoked', renewal: undefined, ended: { ...doneBy(action), note } } }
}

function renew(exception: Exception, action: Renewal): Outcome {
  const { at, expiresAt, reason } = action
  if (exception.isBreakGlass) return refused({ why: 'break-glass-not-renewed' })
  const isOwn = (one: Attribution): boolean => isSameBearer(one, action)
  const replaces = exception.renewal !== undefined && !isOwn(exception.renewal) && isOwn(exception.requested)
  // Who asked for the exception is not to lose it because somebody else asks for an end that nobody approves.
  if (exception.renewal && !replaces) return refused({ why: 'renewal-waits', by: exception.renewal.by })
  if (exception.status !== 'approved')
    return refused({ why: 'exception-state', state: stateAt(exception, at), action: 'renew' })
  if (expiresAt <= exception.expiresAt)
    return { refused: { kind: 'time', field: 'expiresAt', problem: { why: 'not-later-than-present-end' } } }
  const wrong = timeProblem({ startsAt: at, expiresAt }, { now: at, isBreakGlass: false })
  if (wrong) return { refused: { kind: 'time', ...wrong } }
  return { exception: { ...exception, renewal: { ...doneBy(action), expiresAt, reason } } }
}

function review(exception: Exception, action: Attribution & { note: string }): Outcome {
  if (!exception.isBreakGlass) return refused({ why: 'only-break-glass-is-reviewed' })
  if (exception.reviewed) return refused({ why: 'reviewed-already', by: exception.reviewed.by })
  const same = samePerson([exception.requested], action)
  if (same) return same
  return { exception: { ...exception, reviewed: { ...doneBy(action), note: action.note } } }
}

const refused = (problem: Problem): Outcome => ({ refused: { kind: 'state', problem } })
/** Refuses where whoever does it may be one of those who asked. */
function samePerson(askers: readonly Attribution[], action: Attribution): Outcome | undefined {
  for (const asker of askers) {
    const shared = sharedIdentity(asker, action)
    if (shared !== undefined) return { refused: { kind: 'same-person', asked: asker.by, by: action.by, shared } }
  }
  return undefined
}
/** Who and when alone, without what was done. */
const doneBy = ({ by, at, subject, makers }: Attribution): Attribution => ({
  by,
  at,
  ...(subject === undefined ? {} : { subject }),
  ...(makers && makers.length > 0 ? { makers } : {}),
})
