// What policy is asked and what it answers: requests, verdicts, decisions and their traces (policy-model §5).

import type { Cidr } from '../cidr.ts'
import type { DenialAllowed, DenialValue } from './denial.ts'
import type { RecordedStep, TraceStep } from './trace.ts'
import type { Mode, OnExhausted } from './values.ts'

/** A request for address space, from whatever enforcement point. */
export interface AllocationRequest {
  readonly account: string
  /** An AWS Region, a network border group, `CLOUD:REGION` or `onprem:SITE`. */
  readonly locale: string
  readonly resourceType: string
  readonly family: 4 | 6
  readonly scopeType?: 'public' | 'private'
  readonly netmaskLength?: number
  /** What the caller named, if anything. */
  readonly explicit?: { readonly pool?: string; readonly cidr?: Cidr }
  /** The resource that it is for, by the name or id that it has already; exceptions may be for certain ones. */
  readonly resource?: string
  readonly tags?: ReadonlyMap<string, string>
}

/** The candidate that stands for space of the provider, or with a `cidr` for space that the caller brings. */
export const provider = 'provider'

/** Where the allocator may take the space from; it tries candidates in order. */
export interface Candidate {
  /** A pool's id, or `provider`. */
  readonly pool: string
  readonly netmaskLength: number
  /** Exactly this block is wanted. */
  readonly cidr?: Cidr
  /** The rule's place in its document, counted from 1. */
  readonly rule?: number
}

/** The policy that spoke, and where it is enabled. */
export interface Party {
  readonly policy: string
  readonly version: number
  readonly target: string
  /** The account that owns the policy. */
  readonly owner: string
}

/** Why a request was refused: facts, for a refusal and for `explain`. */
export interface Denial {
  /**
   * `tags`, `size`, `setting`, `explicit`, `no-rule`, `exhausted`: a policy's document decided; `setting`: by the gate of another
   * setting than those two. `pool-rule`: a rule of the pool itself.
   * `unmatched`: no document applies, and the IPAM lets nothing pass outside policy. `resource-type`: no such thing exists.
   */
  readonly cause:
    | 'tags'
    | 'size'
    | 'setting'
    | 'explicit'
    | 'no-rule'
    | 'pool-rule'
    | 'unmatched'
    | 'exhausted'
    | 'resource-type'
  /** The setting, rule or pool attribute that decided, by its public name, such as `on-explicit`. */
  readonly setting: string
  readonly value: DenialValue
  readonly allowed: DenialAllowed
  /** What is allowed is not told: it is for those who may read the pool, and policy alone gives it to the account. */
  readonly isWithheld?: true
  /** Whose setting it is; absent where no policy decided. */
  readonly by?: Party
  /** The account to ask for an exception: of the policy, the pool or the IPAM that decided. */
  readonly owner?: string
  /** The pool whose rule it is. */
  readonly pool?: string
  readonly missingTags?: readonly string[]
  /** The exception that would have let the request through, had it not ended, and when it did. */
  readonly endedException?: { readonly id: string; readonly endedAt: string }
}

/** A denial with what it is about in words; the words of what is allowed are empty where nothing is. */
export interface WordedDenial extends Omit<Denial, 'value' | 'allowed'> {
  readonly value: string
  readonly allowed: readonly string[]
}

/** What assignments that observe or warn would have made of the request. */
export interface WouldBe {
  readonly mode: 'observe' | 'warn'
  readonly outcome: 'allow' | 'steer' | 'deny'
  readonly candidates: readonly Candidate[]
  readonly policy?: { readonly id: string; readonly version: number }
  readonly target?: string
  readonly denial?: Denial
  /** The exception without which they would have denied or steered it. */
  readonly exception?: string
}

/** Whether whoever asked has something to change: enforced, it would deny or steer. Another pool alone is nobody's concern. */
export const isWarning = (wouldBe: Pick<WouldBe, 'mode' | 'outcome'> | undefined): boolean =>
  wouldBe?.mode === 'warn' && wouldBe.outcome !== 'allow'

/**
 * What the candidates on the account's path would have answered, where that is something else than what was answered. All
 * of them together: each may be there because of another.
 */
export interface CandidateAnswer {
  readonly outcome: 'allow' | 'steer' | 'warn' | 'deny'
  readonly candidates: readonly Candidate[]
  readonly onExhausted: OnExhausted
  readonly policy?: { readonly id: string; readonly version: number }
  readonly target?: string
  readonly denial?: Denial
  readonly exception?: string
  /** Those on the path, by the sequence numbers of their candidates. */
  readonly assignments: readonly {
    readonly n: number
    readonly policy: string
    readonly target: string
    readonly version?: number
    readonly mode?: Mode
  }[]
}

/** What an exception adds to a request that policy allows: tried after everything that policy lets it have. */
export interface Reserve {
  readonly exception: string
  readonly candidates: readonly Candidate[]
}

/** Policy's answer before the allocator has tried the candidates. Equal requests may get the same object. */
export interface Verdict {
  readonly outcome: 'allow' | 'steer' | 'warn' | 'deny'
  /** In the order to try; empty exactly where the outcome is `deny`. */
  readonly candidates: readonly Candidate[]
  /** What to do where no candidate has room. `provider`: take provider-assigned space. */
  readonly onExhausted: OnExhausted
  /** The exception without which policy would have denied or steered the request. */
  readonly exception?: string
  readonly reserve?: Reserve
  /** The strictest mode among the assignments that apply; `off` where none does. */
  readonly mode: Mode
  readonly wouldBe?: WouldBe
  readonly candidate?: CandidateAnswer
  readonly policy?: { readonly id: string; readonly version: number }
  readonly target?: string
  readonly document?: { readonly locale: string; readonly resourceType: string }
  readonly denial?: Denial
  /** What is said where every candidate is exhausted under `onExhausted: deny`. */
  readonly ifExhausted: Denial
  readonly trace: readonly TraceStep[]
  /** The traces of the ways this verdict has ended, by pool: a store may intern traces by identity. Only `conclude` writes. */
  readonly endings: Map<string, readonly TraceStep[]>
}

/** As the allocator tries them: the candidates, then the provider where policy falls back to it, and last what an exception adds. */
export function candidatesInOrder({
  candidates,
  onExhausted,
  reserve,
}: Pick<Verdict, 'candidates' | 'onExhausted' | 'reserve'>): readonly Candidate[] {
  const last = candidates.at(-1)
  const fallsBack =
    onExhausted === 'provider' && last && !last.cidr && !candidates.some(({ pool }) => pool === provider)
  const ofPolicy = fallsBack ? [...candidates, { pool: provider, netmaskLength: last.netmaskLength }] : candidates
  return reserve ? [...ofPolicy, ...reserve.candidates] : ofPolicy
}

/** The recorded answer to one request. */
export interface Decision {
  readonly id: string
  readonly at: Date
  readonly request: AllocationRequest
  readonly outcome: 'allow' | 'steer' | 'warn' | 'deny'
  readonly mode: Mode
  readonly wouldBe?: WouldBe
  readonly candidate?: CandidateAnswer
  readonly policy?: { readonly id: string; readonly version: number }
  readonly target?: string
  readonly document?: { readonly locale: string; readonly resourceType: string }
  readonly candidates: readonly Candidate[]
  /** The pool that served, or `provider`. */
  readonly pool?: string
  readonly cidr?: Cidr
  /** The exception that the request was served under: without it, it would have got something else or nothing. */
  readonly exception?: string
  readonly denial?: Denial
  readonly trace: readonly TraceStep[]
}

/** A decision that is on record, from whenever. */
export interface DecisionOnRecord extends Omit<Decision, 'trace'> {
  readonly trace: readonly RecordedStep[]
}

/**
 * What is told of a decision: plain facts, of which the words are made where they are shown. `names` are what policies and pools
 * in it are called now, by their ids, and the contacts whom to ask, as far as whoever is told may know.
 */
export interface ToldDecision
  extends Pick<Decision, 'outcome' | 'policy' | 'target' | 'document' | 'pool' | 'exception' | 'denial'> {
  /** Absent: nobody has asked for this. */
  readonly id?: string
  readonly request: Pick<AllocationRequest, 'account' | 'resourceType' | 'locale'> & {
    /** The pool, or else the CIDR, that was named. */
    readonly named?: string
  }
  readonly candidates: readonly Pick<Candidate, 'pool' | 'rule'>[]
  readonly cidr?: string
  /** What those that warn would have made of it. */
  readonly warning?: ToldAnswer
  readonly names?: Readonly<Record<string, string>>
  readonly contact?: string
  readonly poolContact?: string
  /** The step of its trace that says why, where that is more than the decision's own sentence. */
  readonly because?: TraceStep
}
export interface ToldAnswer extends Pick<WouldBe, 'policy' | 'target' | 'denial'> {
  readonly candidates: readonly Pick<Candidate, 'pool'>[]
}

/** How the allocator fared: where it took what, that nothing had room, or undefined where it was never asked. */
export type AllocatorResult = { readonly pool: string; readonly cidr: Cidr } | 'exhausted' | undefined
