// What is told of a decision, as facts: with what policies and pools are called, and whom to ask. `explain.ts` puts it into words.

import { formatCidr } from '../cidr.ts'
import type { DenialFacts } from '../refusal.ts'
import {
  type AllocationRequest,
  type Candidate,
  type DecisionOnRecord,
  isWarning,
  type ToldAnswer,
  type ToldDecision,
  type WouldBe,
} from './decision.ts'
import type { DenialAllowed } from './denial.ts'
import type { Snapshot } from './snapshot.ts'

/** Names to show beside ids, by id; where one is missing, the id stands alone. */
export type Names = ReadonlyMap<string, string>

/** A recorded decision, or one that nobody asked for and that has no id. */
export type Explained = Omit<DecisionOnRecord, 'id'> & {
  readonly id?: string
  /** What policies and pools in it are called now, as far as whoever is told may know. */
  readonly names?: Names
  /** Of a denial: whom to ask about what decided, or else at the account that owns it, as these say now. */
  readonly contact?: string | undefined
  /** Of a denial for want of space: whom to ask about the pool that has none. */
  readonly poolContact?: string | undefined
}

/** The contacts that policies and pools have themselves. */
export interface Contacts {
  readonly policy?: string | undefined
  readonly pool?: string | undefined
}

/** With whom to ask about what denied it, or at the account that owns that: whoever is told the account is told its contact. */
export function withContact<T extends Explained>(
  snapshot: Pick<Snapshot, 'nodes'>,
  decision: T,
  { policy, pool }: Contacts = {},
): T & Explained {
  const { owner, by, cause } = decision.denial ?? {}
  const own = by ? policy : cause === 'pool-rule' ? pool : undefined
  const contact = own ?? (owner === undefined ? undefined : snapshot.nodes.get(owner)?.contact)
  return {
    ...decision,
    ...(contact === undefined ? {} : { contact }),
    ...(cause === 'exhausted' && pool !== undefined ? { poolContact: pool } : {}),
  }
}

/** The policies and pools that a caller is told of by their ids, where one is told of a decision. */
export const idsTold = ({ policy, wouldBe, denial, candidates, pool, request }: Explained): readonly string[] =>
  [
    policy?.id,
    wouldBe?.policy?.id,
    denial?.by?.policy,
    denial?.pool,
    ...(denial ? idsIn(denial.allowed) : []),
    ...(wouldBe?.candidates ?? []).map((candidate) => candidate.pool),
    ...candidates.map((candidate) => candidate.pool),
    pool,
    request.explicit?.pool,
  ].filter((id) => id !== undefined)

const idsIn = (allowed: DenialAllowed): readonly string[] =>
  'pools' in allowed ? allowed.pools : 'oneOf' in allowed ? allowed.oneOf : 'words' in allowed ? allowed.words : []

/** The facts of which the words are made that a caller is told. */
export function toldOf({ names, request, ...explained }: Explained): ToldDecision {
  const { id, outcome, policy, target, document, candidates, pool, cidr, exception, denial } = explained
  const { wouldBe, contact, poolContact } = explained
  const { account, resourceType, locale } = request
  const named = paramsOf(request)
  return {
    outcome,
    request: { account, resourceType, locale, ...(named === '' ? {} : { named }) },
    candidates: candidates.map(toldCandidate),
    ...definedIn({ id, policy, target, document, pool, exception, denial, contact, poolContact }),
    ...(cidr ? { cidr: formatCidr(cidr) } : {}),
    // Only those that warn speak to the caller.
    ...(wouldBe && isWarning(wouldBe) ? { warning: toldAnswer(wouldBe) } : {}),
    ...(names && names.size > 0 ? { names: Object.fromEntries(names) } : {}),
  }
}
const toldCandidate = ({ pool, rule }: Candidate) => ({ pool, ...(rule === undefined ? {} : { rule }) })
const toldAnswer = ({ policy, target, denial, candidates }: WouldBe): ToldAnswer => ({
  ...definedIn({ policy, target, denial }),
  candidates: candidates.map(({ pool }) => ({ pool })),
})
const definedIn = <T extends object>(facts: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

/** What the words say of a denial, as data. */
export function denialFacts(explained: Explained): DenialFacts {
  const { request, policy, target, document, denial, names, poolContact } = explained
  const contact = poolContact ?? explained.contact
  const { by, cause, setting, value, allowed, missingTags, pool, owner, endedException } = denial!
  const { account, resourceType, locale } = request
  const party = by ?? (policy && { policy: policy.id, version: policy.version, target })
  return {
    account,
    resourceType,
    locale,
    cause,
    setting,
    actual: value,
    expected: allowed,
    ...(missingTags ? { missingTags } : {}),
    ...(pool === undefined ? {} : { poolId: pool }),
    ...(pool !== undefined && names?.has(pool) ? { poolName: names.get(pool)! } : {}),
    ...(party && names?.has(party.policy) ? { policyName: names.get(party.policy)! } : {}),
    ...(party ? { policyId: party.policy, version: party.version, targetId: party.target } : {}),
    ...(document ? { document } : {}),
    ...(owner === undefined ? {} : { owner }),
    ...(contact === undefined ? {} : { contact }),
    ...(endedException ? { exceptionId: endedException.id } : {}),
  }
}

/** What was named: the pool, or else the CIDR; empty where nothing was. */
export const paramsOf = ({ explicit }: AllocationRequest): string =>
  explicit?.pool ?? (explicit?.cidr ? formatCidr(explicit.cidr) : '')
