// Findings: what somebody should look at. Each is the same one again for as long as its control, its resource and its source are.

export const findingStatuses = ['open', 'resolved', 'suppressed'] as const
export type FindingStatus = (typeof findingStatuses)[number]

/** From the most to the least urgent. */
export const severities = ['critical', 'high', 'medium', 'low', 'informational'] as const
export type Severity = (typeof severities)[number]

/** What a control has seen, without words: those are made where it is shown. Only what JSON gives back as it was. */
export type Facts = Readonly<Record<string, string | number | boolean | readonly string[]>>

export interface Suppression {
  readonly reason: string
  /** Milliseconds since 1970: it ends by itself. */
  readonly until: number
  readonly by: string
  readonly at: number
}

/** What is stored of a finding that says what it is. */
export interface FindingState {
  readonly status: FindingStatus
  readonly facts: Facts
  readonly suppression?: Suppression
  readonly openedAt: number
  readonly lastSeenAt: number
  readonly resolvedAt?: number
}

/** How long a finding that goes on is not noted again as seen: what has not changed is not written. */
const seenEveryMs = 86_400_000

/** What it is from now on where nothing is known of it yet. */
export const opened = (facts: Facts, now: number): FindingState => ({
  status: 'open',
  facts,
  openedAt: now,
  lastSeenAt: now,
})

/**
 * What a finding becomes once its control has looked again: `facts` where there is something to look at, and undefined where there is not.
 * Undefined: it stays what it is, and nothing is to be written.
 */
export function seenAgain(state: FindingState, facts: Facts | undefined, now: number): FindingState | undefined {
  const { suppression, resolvedAt, ...rest } = state
  const isSuppressed = isInForce(suppression, now)
  const kept = isSuppressed ? { suppression } : {}
  if (!facts) {
    if (state.status === 'resolved') return undefined
    return { ...rest, ...kept, status: 'resolved', resolvedAt: now }
  }
  const status = isSuppressed ? 'suppressed' : 'open'
  if (state.status === 'resolved') return { status, facts, ...kept, openedAt: now, lastSeenAt: now }
  const isSame = status === state.status && sameFacts(facts, state.facts)
  if (isSame && now - state.lastSeenAt < seenEveryMs) return undefined
  return { ...rest, ...kept, status, facts, lastSeenAt: now }
}

/** The same finding, set aside until a moment; `undefined`: not any more. */
export function suppressed(state: FindingState, suppression: Suppression | undefined): FindingState {
  const { suppression: _, ...rest } = state
  if (!suppression) return { ...rest, status: state.status === 'suppressed' ? 'open' : state.status }
  return { ...rest, suppression, status: state.status === 'open' ? 'suppressed' : state.status }
}

/** As it is at a moment: what was set aside until then is open again by itself. */
export const standingAt = (state: FindingState, now: number): FindingState =>
  state.status === 'suppressed' && !isInForce(state.suppression, now) ? suppressed(state, undefined) : state

export const isInForce = (suppression: Suppression | undefined, now: number): suppression is Suppression =>
  suppression !== undefined && suppression.until > now

/** Whether a state begins another stretch of time than the one before: what is told of a moment is another. */
export const isOtherStretch = (before: FindingState, after: FindingState): boolean =>
  before.status !== after.status || before.openedAt !== after.openedAt || !sameFacts(before.facts, after.facts)

/** In whatever order they stand. */
export function sameFacts(a: Facts, b: Facts): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => sameFact(a[name], b[name]))
}
const sameFact = (a: Facts[string] | undefined, b: Facts[string] | undefined): boolean =>
  a === b ||
  (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, index) => each === b[index]))
