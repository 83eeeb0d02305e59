// What a change of the rules would have made of requests that were made: each is asked again under the rules of now and under those of the
// candidate, one after the other as they came, on what the pools have free (policy-model §8).
import { bitsOf } from './cidr.ts'
import { dayMs } from './clock.ts'
import { joinKey } from './key.ts'
import { type Candidate, candidatesInOrder, provider, type Verdict } from './policy/decision.ts'

/** What a request gets: space of a pool (or `provider`), no space since nothing has room, or a denial. */
export type Outcome =
  | { readonly kind: 'served'; readonly pool: string; readonly length: number }
  | { readonly kind: 'exhausted' }
  | { readonly kind: 'denied' }

/** In which way requests fare otherwise: as the candidate answers them. */
export const requestKinds = ['newly-denied', 'newly-allowed', 'elsewhere', 'other-size', 'exhausted'] as const
export type RequestKind = (typeof requestKinds)[number]
/** What space that is in use would become. */
export const resourceKinds = ['noncompliant', 'compliant'] as const
export type ResourceKind = (typeof resourceKinds)[number]
export type SimulationKind = RequestKind | ResourceKind

/** Undefined where a request fares the same. Whoever gets nothing either way does so where only the reason is another that room is lacking. */
export function kindOf(present: Outcome, candidate: Outcome): RequestKind | undefined {
  if (candidate.kind !== 'served') {
    if (present.kind === candidate.kind) return undefined
    return candidate.kind === 'denied' ? 'newly-denied' : 'exhausted'
  }
  if (present.kind !== 'served') return 'newly-allowed'
  if (present.pool !== candidate.pool) return 'elsewhere'
  return present.length === candidate.length ? undefined : 'other-size'
}

/** `refused`: the change could not be made; `failed`: it was begun again and again, and never came to its end. */
export const simulationStatuses = ['waiting', 'running', 'done', 'refused', 'failed', 'cancelled'] as const
export type SimulationStatus = (typeof simulationStatuses)[number]
/** What is looked at, one after the other. */
export const simulationPhases = ['waiting', 'requests', 'resources', 'results'] as const
export type SimulationPhase = (typeof simulationPhases)[number]

// Room ---------------------------------------------------------------------------------------------------------------

/** How a pool fared in one of the two worlds, in addresses. */
interface Use {
  readonly free: bigint
  left: bigint
  served: number
  /** Requests that asked it and found no room. */
  refused: number
  /** When the first of them was made. */
  dryAt: number | undefined
}
export interface PoolUse extends Readonly<Omit<Use, 'left'>> {
  readonly taken: bigint
}

const sizes: readonly bigint[] = Array.from({ length: 129 }, (_, bits) => 1n << BigInt(bits))

/**
 * Counts what pools have left, in addresses. Nothing is given back meanwhile, and where the free ones lie makes no difference: so it is
 * the pace of requests that is told, and not the day on which a block of some length is gone.
 */
export class Ledger {
  readonly #uses = new Map<string, Use>()

  /** Of these pools it is not known yet what is free. */
  unknownOf(verdict: Verdict): string[] {
    return candidatesInOrder(verdict)
      .map(({ pool }) => pool)
      .filter((pool) => pool !== provider && !this.#uses.has(pool))
  }
  learn(pool: string, free: bigint): void {
    if (!this.#uses.has(pool)) this.#uses.set(pool, { free, left: free, served: 0, refused: 0, dryAt: undefined })
  }

  /** Takes what a request gets. */
  answer(verdict: Verdict, family: 4 | 6, at: number): Outcome {
    if (verdict.outcome === 'deny') return denied
    for (const candidate of candidatesInOrder(verdict)) {
      const { pool, netmaskLength } = candidate
      if (pool === provider || this.#take(pool, sizes[bitsOf(family) - netmaskLength]!, at))
        return servedFrom(candidate)
    }
    return exhausted
  }
  #take(pool: string, size: bigint, at: number): boolean {
    const use = this.#uses.get(pool)
    if (!use) return false
    if (use.left < size) {
      use.refused++
      use.dryAt ??= at
      return false
    }
    use.left -= size
    use.served++
    return true
  }

  get pools(): readonly string[] {
    return [...this.#uses.keys()]
  }
  /** Undefined of a pool that was never asked. */
  useOf(pool: string): PoolUse | undefined {
    const use = this.#uses.get(pool)
    return use && { ...use, taken: use.free - use.left }
  }
}
const servedFrom = ({ pool, netmaskLength: length }: Candidate): Outcome => ({ kind: 'served', pool, length })
const denied: Outcome = { kind: 'denied' }
const exhausted: Outcome = { kind: 'exhausted' }

/** Nothing is said of what lies further ahead. */
export const horizonDays = 3_650

/**
 * In how many days a pool has no room any more, if requests go on as they came in this span: where it ran dry within the span, as then,
 * and else at the same pace, of which less than a day says nothing. Undefined: not within ten years.
 */
export function dryInDays({ free, taken, dryAt }: PoolUse, { from, until }: Span): number | undefined {
  if (dryAt !== undefined) return Math.max(0, dryAt - from) / dayMs
  if (taken === 0n) return undefined
  const days = (Number(free) / Number(taken)) * (Math.max(until - from, dayMs) / dayMs)
  return days > horizonDays ? undefined : days
}
export interface Span {
  readonly from: number
  readonly until: number
}

// What is told -------------------------------------------------------------------------------------------------------

/** Of a request that would fare otherwise. */
export interface RequestSample {
  readonly kind: RequestKind
  readonly decision: number
  readonly at: number
  readonly present: Told
  readonly candidate: Told
}
export interface Told {
  readonly outcome: Outcome['kind']
  readonly pool?: string
  readonly policy?: string
  readonly target?: string
  /** Which setting denies it. */
  readonly setting?: string
}
/** Of space in use that would comply otherwise. */
export interface ResourceSample {
  readonly kind: ResourceKind
  readonly resource: string
  readonly cidr: string
  /** Which setting it does not comply with, then or now. */
  readonly setting?: string
}
export type Sample = RequestSample | ResourceSample

export interface Group {
  readonly account: string
  readonly resourceType: string
  readonly locale: string
}
/** Counts of one account, type and locale. */
export interface Tally extends Group {
  /** Requests that were asked again, and space that was looked at. */
  readonly requests: number
  readonly resources: number
  readonly counts: Readonly<Record<SimulationKind, number>>
  /** When the first and the last of the requests were made; undefined where there were none. */
  readonly firstAt?: number
  readonly lastAt?: number
  /** Of each kind the latest. */
  readonly samples: readonly Sample[]
  /** What rules alone make of the requests, as if every pool had room: what others have asked for has no part in it. */
  readonly ruled: Ruled
}
export interface Ruled {
  readonly counts: Readonly<Record<RequestKind, number>>
  readonly samples: readonly RequestSample[]
}
/** Of which requests it is told how they would fare by the rules alone, for whoever may not see all that takes room. */
export const byRules = <T extends { readonly counts: Tally['counts']; readonly ruled: Ruled['counts'] }>(
  totals: T,
): T => ({
  ...totals,
  counts: { ...totals.counts, ...totals.ruled },
})
/** The same of one group, with its samples. */
export const groupByRules = (tally: Tally): Tally => ({
  ...tally,
  counts: { ...tally.counts, ...tally.ruled.counts },
  samples: [...tally.ruled.samples, ...tally.samples.filter((one) => !('decision' in one))],
})

/** Samples that are kept of each kind in a group. */
export const samplesPerKindMax = 3
/** Groups that are told apart: with more, what is told is a part. */
export const simulationGroupsMax = 20_000

interface Counting extends Group {
  requests: number
  resources: number
  readonly counts: Record<SimulationKind, number>
  firstAt: number | undefined
  lastAt: number | undefined
  readonly samples: Map<SimulationKind, Sample[]>
  readonly ruledCounts: Record<RequestKind, number>
  readonly ruledSamples: Map<RequestKind, RequestSample[]>
}

export class Tallies {
  readonly #groups = new Map<string, Counting>()
  /** Whoever asks with the same object again is found without its key. */
  readonly #known = new WeakMap<Group, Counting>()
  readonly #groupsMax: number
  #isWhole = true
  constructor(groupsMax = simulationGroupsMax) {
    this.#groupsMax = groupsMax
  }

  /** @param ruled the same by rules alone */
  request(
    group: Group,
    at: number,
    sample: () => RequestSample | undefined,
    ruled: () => RequestSample | undefined = sample,
  ): void {
    const counting = this.#of(group)
    if (!counting) return
    counting.requests++
    counting.firstAt ??= at
    counting.lastAt = at
    count(counting.counts, counting.samples, sample())
    count(counting.ruledCounts, counting.ruledSamples, ruled())
  }
  resource(group: Group, sample: ResourceSample | undefined): void {
    const counting = this.#of(group)
    if (!counting) return
    counting.resources++
    count(counting.counts, counting.samples, sample)
  }
  /** Whether there were no more groups than are told apart. */
  get isWhole(): boolean {
    return this.#isWhole
  }
  get size(): number {
    return this.#groups.size
  }
  /** By account, type and locale. */
  all(): Tally[] {
    return [...this.#groups.values()].map(({ samples, firstAt, lastAt, ruledCounts, ruledSamples, ...rest }) => ({
      ...rest,
      ...(firstAt === undefined ? {} : { firstAt }),
      ...(lastAt === undefined ? {} : { lastAt }),
      samples: [...samples.values()].flat(),
      ruled: { counts: ruledCounts, samples: [...ruledSamples.values()].flat() },
    }))
  }
  #of(group: Group): Counting | undefined {
    const known = this.#known.get(group)
    if (known) return known
    const found = this.#find(group)
    if (found) this.#known.set(group, found)
    return found
  }
  #find({ account, resourceType, locale }: Group): Counting | undefined {
    const key = joinKey(account, resourceType, locale)
    const known = this.#groups.get(key)
    if (known) return known
    if (this.#groups.size >= this.#groupsMax) {
      this.#isWhole = false
      return undefined
    }
    const begun: Counting = {
      account,
      resourceType,
      locale,
      requests: 0,
      resources: 0,
      counts: { ...noCounts },
      firstAt: undefined,
      lastAt: undefined,
      samples: new Map(),
      ruledCounts: { ...noRequestCounts },
      ruledSamples: new Map(),
    }
    this.#groups.set(key, begun)
    return begun
  }
}
const noRequestCounts: Readonly<Record<RequestKind, number>> = {
  'newly-denied': 0,
  'newly-allowed': 0,
  elsewhere: 0,
  'other-size': 0,
  exhausted: 0,
}
export const noCounts: Readonly<Record<SimulationKind, number>> = { ...noRequestCounts, noncompliant: 0, compliant: 0 }

function count<One extends Sample>(
  counts: Record<One['kind'], number>,
  samples: Map<One['kind'], One[]>,
  sample: One | undefined,
): void {
  if (!sample) return
  const kind: One['kind'] = sample.kind
  counts[kind]++
  const kept = samples.get(kind)
  if (!kept) samples.set(kind, [sample])
  else {
    if (kept.length === samplesPerKindMax) kept.shift()
    kept.push(sample)
  }
}

// Asking again -------------------------------------------------------------------------------------------------------

/** A request that was made, with what each world says of it. */
export interface Replayed {
  readonly decision: number
  readonly at: number
  readonly group: Group
  readonly family: 4 | 6
  readonly present: Verdict
  readonly candidate: Verdict
}

/** Two worlds that are asked the same, request by request. */
export class Replay {
  readonly present = new Ledger()
  readonly candidate = new Ledger()
  readonly tallies: Tallies
  constructor(tallies = new Tallies()) {
    this.tallies = tallies
  }

  ask({ decision, at, group, family, present, candidate }: Replayed): void {
    const was = this.present.answer(present, family, at)
    const becomes = this.candidate.answer(candidate, family, at)
    const sampleOf = (was: Outcome, becomes: Outcome) => (): RequestSample | undefined => {
      const kind = kindOf(was, becomes)
      return kind && { kind, decision, at, present: told(was, present), candidate: told(becomes, candidate) }
    }
    const ruled = sampleOf(ruledOutcome(present), ruledOutcome(candidate))
    this.tallies.request(group, at, sampleOf(was, becomes), ruled)
  }
}

/** What a request gets where every pool has room. */
function ruledOutcome(verdict: Verdict): Outcome {
  if (verdict.outcome === 'deny') return denied
  const [first] = candidatesInOrder(verdict)
  return first ? servedFrom(first) : exhausted
}

function told(outcome: Outcome, verdict: Verdict): Told {
  const { policy, target } = verdict
  const denial = outcome.kind === 'exhausted' ? verdict.ifExhausted : verdict.denial
  return {
    outcome: outcome.kind,
    ...(outcome.kind === 'served' ? { pool: outcome.pool } : {}),
    ...(policy ? { policy: policy.id } : {}),
    ...(target === undefined ? {} : { target }),
    ...(outcome.kind === 'served' || !denial ? {} : { setting: denial.setting }),
  }
}
