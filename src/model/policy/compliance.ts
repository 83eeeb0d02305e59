// Whether space that somebody has is as policy would give it now: one evaluation for what is there, what would be adopted, and what a
// change would make of it (policy-model §9).
import type { Cidr } from '../cidr.ts'
import { decide } from './decide.ts'
import { type AllocationRequest, type Denial, provider, type Verdict } from './decision.ts'
import { denialInWords } from './denial-words.ts'
import { resolve } from './resolve.ts'
import type { Snapshot } from './snapshot.ts'

/** Space and whose it is, as it is now. */
export interface HeldSpace {
  readonly account: string
  readonly locale: string
  readonly resourceType: string
  readonly cidr: Cidr
  /** The id of its pool; `provider` where it comes from none. */
  readonly pool: string
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
  readonly pool: string
  /** The one that it is given under. */
  readonly exceptionId?: string
}

/** Of what is allowed, so much is told. */
const allowedMax = 20

/** What policy makes of space that is there, by the rules of a snapshot at a moment. Equal space is evaluated from what is remembered. */
export function evaluateSpace(snapshot: Snapshot, space: HeldSpace, now: Date): Evaluation {
  const request = requestFor(snapshot, space)
  if (space.pool === provider) return evaluateProvided(snapshot, request, now)
  const verdict = decide(snapshot, { ...request, explicit: { pool: space.pool } }, now)
  return evaluationOf(verdict, space.pool) ?? { state: 'noncompliant', facts: factsOf(verdict, space.pool) }
}

/** What comes from the provider may have been asked for by name, or be what policy falls back to. */
function evaluateProvided(snapshot: Snapshot, request: AllocationRequest, now: Date): Evaluation {
  const verdict = decide(snapshot, request, now)
  const given = evaluationOf(verdict, provider)
  if (given) return given
  const named = decide(snapshot, { ...request, explicit: { pool: provider } }, now)
  const facts = factsOf(verdict.outcome === 'deny' ? verdict : named, provider)
  return evaluationOf(named, provider) ?? { state: 'noncompliant', facts }
}

/** Undefined where the verdict gives nothing of the pool. */
function evaluationOf(verdict: Verdict, pool: string): Evaluation | undefined {
  if (verdict.outcome === 'deny' || verdict.outcome === 'steer') return undefined
  const { candidates, exception, reserve, onExhausted } = verdict
  const isGiven =
    candidates.some((candidate) => candidate.pool === pool) || (pool === provider && onExhausted === 'provider')
  if (isGiven && exception === undefined) return { state: pool === provider ? 'unmanaged' : 'compliant' }
  const under = isGiven
    ? exception
    : reserve?.candidates.some((one) => one.pool === pool)
      ? reserve.exception
      : undefined
  if (under === undefined) return undefined
  return { state: 'exempt', facts: { cause: 'excepted', ...partyOf(verdict), pool, exceptionId: under } }
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

/** What somebody would ask for who wanted exactly this. */
function requestFor(snapshot: Snapshot, { account, locale, resourceType, cidr, pool, resource, tags }: HeldSpace) {
  const scopeType = snapshot.pools.get(pool)?.scopeType
  return {
    account,
    locale,
    resourceType,
    family: cidr.family,
    netmaskLength: cidr.length,
    ...(scopeType ? { scopeType } : {}),
    ...(resource === undefined ? {} : { resource }),
    ...(tags && tags.size > 0 ? { tags } : {}),
  } satisfies AllocationRequest
}

/** Whether tags of the space can have a part in its evaluation: where they have none, nobody needs to read them. */
export function readsTags(
  snapshot: Snapshot,
  space: Pick<HeldSpace, 'account' | 'locale' | 'resourceType' | 'pool'>,
): boolean {
  if (snapshot.exceptions.readsResource) return true
  if ((snapshot.pools.get(space.pool)?.requiredTags.length ?? 0) > 0) return true
  const { document } = resolve(snapshot, 'enforce', space.account, space)
  if (!document) return false
  return document.requiredTags.length > 0 || document.rules.some(({ pool }) => hasRequiredTags(snapshot, pool))
}
const hasRequiredTags = ({ pools }: Snapshot, pool: string): boolean => (pools.get(pool)?.requiredTags.length ?? 0) > 0
