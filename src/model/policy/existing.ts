// Whether space that is in use is as policy would give it now: the one evaluation of what is there, of what would be adopted, and of what a
// change would make of it (policy-model §9). It asks what the allocation decision asks, of what somebody would have asked for.
import type { Cidr } from '../cidr.ts'
import { decide } from './decide.ts'
import {
  type AllocationRequest,
  candidatesInOrder,
  type Decision,
  type Denial,
  provider,
  type Verdict,
} from './decision.ts'
import { denialInWords } from './denial-words.ts'
import { mayUsePool, resolve } from './resolve.ts'
import type { Snapshot } from './snapshot.ts'

/**
 * Who gave space: a pool, by its id; the provider; nobody (`brought`: whoever has it brought it along); or the network that it is part of,
 * whose block was asked for.
 */
export type Origin = { readonly pool: string } | 'provider' | 'brought' | 'network'

/** Space in use and whose it is, as it is now. */
export interface UsedSpace {
  readonly account: string
  readonly locale: string
  readonly resourceType: string
  readonly cidr: Cidr
  readonly origin: Origin
  /** What a pool gave is of the pool's. */
  readonly scopeType?: 'public' | 'private'
  /** By the name or id that it has. */
  readonly resource?: string | undefined
  readonly tags?: ReadonlyMap<string, string>
}

/** `unmanaged`: it comes from no pool, and no document speaks against it. */
export type Compliance = 'compliant' | 'noncompliant' | 'exempt' | 'unmanaged'
export interface Evaluation {
  readonly state: Compliance
  /** Of what does not comply, or only under an exception: which rule, what it has, and what is allowed. */
  readonly facts?: PolicyFacts
  /** What whoever has it could have asked for, and the answer to that: it gives the space, or says why not. */
  readonly request: AllocationRequest
  readonly verdict: Verdict
}
/** Without the version that says so: what does not comply with a rule goes on, whichever version has the rule. */
export interface PolicyFacts {
  readonly cause: Denial['cause'] | 'steered' | 'excepted'
  /** By its public name, such as `on-explicit`. */
  readonly setting?: string
  readonly value?: string
  readonly allowed?: readonly string[]
  readonly policyId?: string
  readonly target?: string
  /** `provider` where no pool gave it. */
  readonly pool: string
  /** The one that it is given under. */
  readonly exceptionId?: string
}

/** Of what is allowed, so much is told. */
const allowedMax = 20

/** Of what candidates call a pool. */
export const originOf = (pool: string): Origin => (pool === provider ? 'provider' : { pool })
const poolOf = (origin: Origin): string => (typeof origin === 'object' ? origin.pool : provider)

/** What policy makes of space that is there, by the rules of a snapshot at a moment. Equal space is evaluated from what is remembered. */
export function evaluateExisting(snapshot: Snapshot, space: UsedSpace, now: Date): Evaluation {
  const unnamed = requestFor(snapshot, space)
  const pool = poolOf(space.origin)
  const asking = (explicit?: AllocationRequest['explicit']): Asked => {
    const request = explicit ? { ...unnamed, explicit } : unnamed
    return { request, verdict: decide(snapshot, request, now) }
  }
  if (space.origin === 'network' && !resolve(snapshot, 'enforce', space.account, space).document)
    return { state: 'unmanaged', ...asking() }
  if (space.origin !== 'provider') {
    // What policy gives to whoever names nothing it gives to whoever names that.
    const named = asking(typeof space.origin === 'object' ? { pool } : { cidr: space.cidr })
    return evaluationOf(named, pool) ?? noncompliant(named, pool)
  }
  // What comes from the provider may be what policy falls back to, or have been asked for by name.
  const chosen = asking()
  const given = evaluationOf(chosen, provider)
  if (given) return given
  const named = asking({ pool: provider })
  return evaluationOf(named, provider) ?? noncompliant(chosen.verdict.outcome === 'deny' ? chosen : named, provider)
}

type Asked = Pick<Evaluation, 'request' | 'verdict'>
const noncompliant = (asked: Asked, pool: string): Evaluation => ({
  state: 'noncompliant',
  ...asked,
  facts: factsOf(asked.verdict, pool),
})

/** Undefined where the verdict gives nothing of the pool. */
function evaluationOf({ request, verdict }: Asked, pool: string): Evaluation | undefined {
  if (verdict.outcome === 'deny' || verdict.outcome === 'steer') return undefined
  const { candidates, exception, reserve, onExhausted } = verdict
  const isGiven =
    candidates.some((candidate) => candidate.pool === pool) || (pool === provider && onExhausted === 'provider')
  if (isGiven && exception === undefined)
    return { state: pool === provider ? 'unmanaged' : 'compliant', request, verdict }
  const under = isGiven
    ? exception
    : reserve?.candidates.some((one) => one.pool === pool)
      ? reserve.exception
      : undefined
  if (under === undefined) return undefined
  const facts = { cause: 'excepted', ...partyOf(verdict), pool, exceptionId: under } as const
  return { state: 'exempt', facts, request, verdict }
}

function partyOf({ policy, target }: Pick<Verdict, 'policy' | 'target'>): Pick<PolicyFacts, 'policyId' | 'target'> {
  return policy === undefined || target === undefined ? {} : { policyId: policy.id, target }
}

function factsOf(verdict: Verdict, pool: string): PolicyFacts {
  const { denial, candidates } = verdict
  if (!denial) {
    const allowed = candidates.slice(0, allowedMax).map((candidate) => candidate.pool)
    return { cause: 'steered', setting: 'on-explicit', value: pool, allowed, ...partyOf(verdict), pool }
  }
  const { cause, setting, value, allowed, by, isWithheld } = denialInWords(denial)
  return {
    cause,
    setting,
    value,
    ...(isWithheld || allowed.length === 0 ? {} : { allowed: allowed.slice(0, allowedMax) }),
    ...(by ? { policyId: by.policy, target: by.target } : {}),
    pool,
  }
}

/** What somebody would ask for who wanted space like this, and left it to policy where from. */
function requestFor(snapshot: Snapshot, space: UsedSpace): AllocationRequest {
  const { account, locale, resourceType, cidr, origin, resource, tags } = space
  const scopeType = typeof origin === 'object' ? snapshot.pools.get(origin.pool)?.scopeType : space.scopeType
  return {
    account,
    locale,
    resourceType,
    family: cidr.family,
    netmaskLength: cidr.length,
    ...(scopeType ? { scopeType } : {}),
    ...(resource === undefined ? {} : { resource }),
    ...(tags && tags.size > 0 ? { tags } : {}),
  }
}

/** Whether tags of the space can have a part in its evaluation: where they have none, nobody needs to read them. */
export function readsTags(
  snapshot: Snapshot,
  space: Pick<UsedSpace, 'account' | 'locale' | 'resourceType' | 'origin'>,
): boolean {
  if (snapshot.exceptions.readsResource) return true
  if (hasRequiredTags(snapshot, poolOf(space.origin))) return true
  const { document } = resolve(snapshot, 'enforce', space.account, space)
  if (!document) return false
  return document.requiredTags.length > 0 || document.rules.some(({ pool }) => hasRequiredTags(snapshot, pool))
}
/**
 * Whether what was just decided complies for as long as the rules stay as they are: no exception and no tags had a part in it, which may
 * be others at any time. A change of the rules has all that they speak for evaluated anyway.
 */
export function isGivenByRules(
  snapshot: Snapshot,
  { outcome, pool, exception, request }: Pick<Decision, 'outcome' | 'pool' | 'exception' | 'request'>,
): boolean {
  if (outcome !== 'allow' || exception !== undefined || pool === undefined) return false
  const { account, locale, resourceType } = request
  return !readsTags(snapshot, { account, locale, resourceType, origin: originOf(pool) })
}
const hasRequiredTags = ({ pools }: Snapshot, pool: string): boolean => (pools.get(pool)?.requiredTags.length ?? 0) > 0

// What would have been answered --------------------------------------------------------------------------------------

/**
 * `elsewhere`: policy would have given other space. `denied`: it would have given none. `outside`: no policy speaks against it, and it lies
 * in no pool that the account may use.
 */
export const existingAnswers = ['allowed', 'elsewhere', 'denied', 'outside'] as const
export type ExistingAnswer = (typeof existingAnswers)[number]
export interface EvaluatedUse extends Asked {
  readonly answer: ExistingAnswer
}

/** What policy would have said to whoever had asked before: allowed is what complies, or would under an exception. */
export function answerTo(snapshot: Snapshot, space: UsedSpace, now: Date): EvaluatedUse {
  const { state, request, verdict } = evaluateExisting(snapshot, space, now)
  if (state === 'compliant' || state === 'exempt') return { answer: 'allowed', request, verdict }
  if (state === 'unmanaged') return { answer: 'outside', request, verdict }
  const unnamed = requestFor(snapshot, space)
  const chosen = { request: unnamed, verdict: decide(snapshot, unnamed, now) }
  // Where no document speaks of it, nothing is given to whoever names nothing.
  const { origin, account } = space
  const isOfPool = typeof origin === 'object' && mayUsePool(snapshot, account, origin.pool, now.getTime())
  if (isOfPool && !chosen.verdict.document && verdict.outcome === 'deny') return { answer: 'denied', request, verdict }
  if (chosen.verdict.outcome === 'deny') return { answer: 'denied', ...chosen }
  return { answer: chosen.verdict.document ? 'elsewhere' : 'outside', ...chosen }
}

/** Whether a verdict gives exactly a block of a pool, under whatever it is given. */
export const givesFrom = (verdict: Verdict, pool: string, { length }: Cidr): boolean =>
  verdict.outcome !== 'deny' &&
  candidatesInOrder(verdict).some((one) => one.pool === pool && one.netmaskLength === length)
