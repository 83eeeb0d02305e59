// What a decision remembers of its way: steps of facts, and never prose. `trace-words.ts` makes the words where they are shown.

import type { Mode, OnExplicit } from './values.ts'

interface Bounds {
  readonly min: number
  readonly max: number
}
/** Of an exception; what it does not grant is left out. Under the names of settings: `GrantedSettings`, which are made of this here. */
export interface Granted {
  readonly pools?: readonly string[]
  readonly provider?: true
  readonly [setting: string]: unknown
}

/**
 * Why a step came out as it did, and what is said with it: ids, numbers, CIDRs and tags. What the step's subject or the request
 * says is not said again, since every decision's row has it. A name or a fact that is on record keeps its meaning for good.
 */
export interface ReasonFacts {
  // Documents
  'no-policy': object
  'has-document': AssignedFacts
  'has-no-document': AssignedFacts & {
    /** As with AWS: the nearest assignment wins whole. */
    readonly isWhole?: true
  }
  /** No document speaks of the locale and type at all. */
  'no-document': object
  /** The same, and the IPAM lets nothing pass outside policy. */
  unmatched: object
  /** What assignments that only warn or observe would have made of it; denied where there are no pools. */
  watching: { readonly mode: 'warn' | 'observe'; readonly pools?: readonly string[] }

  // Settings that deny by themselves
  /** `KEY` or `KEY=VALUE` each. */
  tags: { readonly tags: readonly string[] }
  'size-outside': { readonly length: number } & Bounds
  /** The bounds of two policies have nothing in common. */
  'no-size': Bounds & { readonly minBy: string; readonly maxBy: string }

  // Rules
  listed: { readonly rule: number }
  'for-other-accounts': object
  'for-other-units': object
  /** Without `tag` the key is not set. */
  'for-other-tags': { readonly key: string; readonly values: readonly string[]; readonly tag?: string }
  /** A final policy on a target does not list it. */
  narrowed: { readonly policy: string; readonly target: string }

  // What was named
  unlisted: { readonly onExplicit: OnExplicit }
  'named-listed': object
  'named-allowed': object
  'not-shared': object
  'lies-in': { readonly pools: readonly string[] }

  // Pools that do not fit
  absent: object
  /** Without `locale` the pool has none. */
  locale: { readonly locale?: string }
  family: { readonly holds: 4 | 6 }
  scope: { readonly scope: 'public' | 'private' }
  service: { readonly service?: string }
  'network-inside': object
  'subnet-inside': object
  'free-tier': object
  /** Not in the pool's CIDRs. */
  outside: { readonly cidr: string }
  'pool-tags': { readonly tags: readonly string[] }
  'no-length': object
  'no-default-length': object
  'too-large': { readonly length: number; readonly min: number }
  'too-small': { readonly length: number; readonly max: number }
  'length-outside': { readonly length: number } & Bounds
  'default-outside': { readonly length: number } & Bounds

  // Exceptions
  /** Another one is enough. */
  needless: object
  grants: Granted & { readonly until: number }
  others: Granted & { readonly named?: string }
  'size-not-granted': Granted
  /** None is from this setting, by its public name. */
  'none-from': { readonly setting: string }
  expired: { readonly at: number }
  begins: { readonly at: number }
  'same-without': object
  'in-reserve': object
  'of-reserve': object
  /** The owner does not share the pool with the account any more. */
  unshared: { readonly pool: string }

  // Room
  'cidr-taken': { readonly cidr: string }
  full: { readonly length: number }
  served: object
  'no-room': object
  /** The provider is fallen back to: no candidate has room, or no rule can serve. */
  'no-room-else': object
  'no-rule-else': object
}
interface AssignedFacts {
  readonly version: number
  readonly assigned: 'default' | 'final'
  readonly target: string
  /** Absent: it enforces. */
  readonly mode?: Mode
}

export type Why = keyof ReasonFacts
export type Reason<W extends Why = Why> = { readonly [Y in W]: { readonly why: Y } & ReasonFacts[Y] }[W]

/** Why one pool cannot serve a request, whatever policy says. */
export type MisfitReason = Reason<
  | 'absent'
  | 'locale'
  | 'family'
  | 'scope'
  | 'service'
  | 'network-inside'
  | 'subnet-inside'
  | 'free-tier'
  | 'outside'
  | 'pool-tags'
  | 'no-length'
  | 'no-default-length'
  | 'too-large'
  | 'too-small'
  | 'length-outside'
  | 'default-outside'
>
/** Why a rule of a document is not for an account. */
export type SkipReason = Reason<'for-other-accounts' | 'for-other-units' | 'for-other-tags' | 'narrowed'>

type Step<
  Kind extends string,
  Result extends 'hit' | 'miss' | 'skip' | 'fail',
  R extends { readonly why: Why },
  Subject = string,
> = { readonly kind: Kind; readonly result: Result } & (undefined extends Subject
  ? { readonly subject?: Subject }
  : { readonly subject: Subject }) &
  R

/** Of a setting's gate. */
export type GateStep = Step<'tags' | 'size' | 'setting', 'fail', Reason<'tags' | 'size-outside' | 'no-size'>>

export type ExceptionReason =
  | Reason<
      | 'needless'
      | 'grants'
      | 'others'
      | 'size-not-granted'
      | 'none-from'
      | 'expired'
      | 'begins'
      | 'same-without'
      | 'in-reserve'
      | 'of-reserve'
      | 'unshared'
    >
  // What keeps one of its pools from serving.
  | (MisfitReason & { readonly pool: string })

export type TraceStep =
  | Step<'target', 'miss', Reason<'no-policy'>>
  // Without a subject no policy gives the order.
  | Step<'target', 'skip', Reason<'watching'>, string | undefined>
  | Step<'document', 'hit', Reason<'has-document'>>
  | Step<'document', 'miss', Reason<'has-no-document'>>
  | Step<'document', 'fail', Reason<'unmatched'>>
  // Its subject is what was asked for.
  | Step<'document', 'miss', Reason<'no-document'>, undefined>
  | GateStep
  | Step<'rule', 'hit', Reason<'listed'>>
  | Step<'rule', 'skip', SkipReason | Reason<'outside'>>
  | Step<'rule' | 'pool', 'fail', MisfitReason>
  | Step<'explicit', 'hit', Reason<'named-listed' | 'named-allowed' | 'lies-in'>>
  | Step<'explicit', 'fail', Reason<'not-shared'>>
  | Step<'explicit', 'hit' | 'skip' | 'fail', Reason<'unlisted'>>
  | Step<'exception', 'hit' | 'miss' | 'skip', ExceptionReason>
  | Step<'pool', 'miss', Reason<'cidr-taken' | 'full'>>
  | Step<'pool', 'hit', Reason<'served'>>
  | Step<'exhausted', 'fail', Reason<'no-room'>>
  | Step<'exhausted', 'hit', Reason<'no-room-else' | 'no-rule-else'>>

/** As steps were put on record until they were facts: the words stand in them. */
export interface WordedStep {
  readonly kind: TraceStep['kind']
  readonly subject: string
  readonly result: TraceStep['result']
  readonly because: string
}
/** A step that is on record, from whenever. */
export type RecordedStep = TraceStep | WordedStep
