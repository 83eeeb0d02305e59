// What we say no to, and why: facts, never sentences. The wording stands in `api/wording.ts`, one line per code.

import type { ObjectNoun } from './kinds.ts'
import type { ToldDecision } from './policy/decision.ts'
import type { DenialAllowed, DenialValue } from './policy/denial.ts'
import type { Feature } from './problems/features.ts'
import type { Counted, CountedFor, Remedy } from './problems/limits.ts'
import type { Problem } from './problems/problem.ts'
import { factsWithoutSecrets, withoutSecretValue } from './secrets.ts'

/** What a caller can name by an id: objects, and what stands for one or is a part of one. */
export type Noun =
  | ObjectNoun
  | 'organization-target'
  | 'elastic-ip-address'
  | 'resource'
  | 'parent'
  | 'source-parent'
  | 'destination-parent'
  | 'child'
  | 'create-account-request'
  | 'delegated-administrator'
  | 'role'
  | 'region'
  | 'availability-zone'
  | 'gateway'
  | 'gateway-attachment'
  | 'route'
  | 'security-group-permission'
  | 'default-security-group'
  | 'network-acl-entry'
  | 'default-vpc'
  | 'evidence-file'
  | 'default-subnet'
  | 'resource-type'
  | 'change'
  | 'candidate'
  | 'policy-version'
  | 'policy-document'
  | 'policy-assignment'
  | 'snapshot'
  | 'difference'

export interface ConflictParty {
  readonly policyId: string
  readonly version: number
  readonly targetId: string
  /** Whose policy it is. */
  readonly account: string
}

/** What a denial's words say, as data: no more than the words do, because whoever asked reads both (invariant I8). */
export interface DenialFacts {
  readonly account: string
  readonly resourceType: string
  readonly locale: string
  readonly cause: string
  /** The setting, rule or pool attribute that decided, by its public name, such as `on-explicit`. */
  readonly setting: string
  readonly actual: DenialValue
  readonly expected: DenialAllowed
  readonly missingTags?: readonly string[]
  readonly poolName?: string
  readonly policyName?: string
  /** The policy that decided or gave the order of pools, and where it is enabled. */
  readonly policyId?: string
  readonly version?: number
  readonly targetId?: string
  /** For what its document is; it may be wider than what was asked for. */
  readonly document?: { readonly locale: string; readonly resourceType: string }
  /** The account to ask for an exception, and whom there. */
  readonly owner?: string
  readonly contact?: string
  /** The exception that would have let the request through, had it not ended. */
  readonly exceptionId?: string
}

/** Of several requests at once: which one was refused, counted from 0. */
interface Numbered {
  readonly index?: number
}

/** Where the AWS APIs say it otherwise than the code's usual words do, for clients that match on that. */
interface SaidByAws {
  readonly aws?: {
    /** The first sentence, with its full stop where AWS has one. */
    readonly sentence?: string
    /** One of Organizations' InvalidInputExceptionReason. */
    readonly reason?: string
  }
}

/** The decision behind a refusal, of which words are made where it is shown. */
interface Told {
  readonly told?: ToldDecision
}

interface Named {
  /** What the API that was asked calls the members of the request. */
  readonly members?: Members
}

/** Why no proposal is told: none of our operations says the same, nothing would be otherwise, or what says so is long. */
export const noProposals = ['no-operation', 'no-change', 'too-long'] as const
export type NoProposal = (typeof noProposals)[number]
/** Of a proposal that is told: whoever proposes it needs it whole. */
export const proposalLengthMax = 2_000

export type Refusal = Reason & Numbered & SaidByAws & Told & Named

/** Listed in order of precedence: where several apply, the first one is answered. */
type Reason =
  // Who are you.
  | { code: 'MissingAuthentication' }
  | { code: 'IncompleteSignature'; problem: Problem }
  | { code: 'UnknownAccessKey' }
  | { code: 'WrongSignature' }
  | { code: 'InvalidToken' }
  // A browser that has a session asks, and it is not our page that makes it.
  | { code: 'CrossSiteRequest'; problem: Problem }
  | { code: 'RequestExpired'; problem: Problem }
  // What do you ask.
  | { code: 'MalformedRequest'; problem: Problem }
  // `value` is empty where the request does not say.
  | { code: 'MethodNotAllowed'; method: string; allowed: readonly string[] }
  | { code: 'UnsupportedMediaType'; value: string; allowed: readonly string[] }
  // `levels` of nesting, `members` of objects and lists together, `characters` of one text.
  | {
      code: 'RequestTooLarge'
      limit: number
      unit: 'bytes' | 'parameters' | 'levels' | 'members' | 'characters'
    }
  | { code: 'InvalidAction'; action: string; version?: string }
  // `ownNetwork`: its space comes with it, from where it is made.
  | {
      code: 'NotSupported'
      what: Feature
      because?: Problem
      ownNetwork?: { id: string; kind: OwnNetworkKind }
    }
  | { code: 'UnknownParameter'; field: string }
  | { code: 'DuplicateParameter'; field: string }
  | { code: 'MissingParameter'; field: string }
  | { code: 'InvalidParameterValue'; field: string; value: string; problem: Problem }
  | { code: 'InvalidParameterCombination'; problem: Problem }
  // A CIDR that no VPC, or no subnet of this VPC, can have.
  | { code: 'InvalidRange'; what: 'vpc' | 'subnet'; field: string; value: string; problem: Problem }
  | { code: 'InvalidPaginationToken'; field: string; value: string }
  | { code: 'InvalidFilter'; name: string; allowed: readonly string[] }
  | { code: 'InvalidTagKey'; key: string; problem: Problem }
  | { code: 'MalformedId'; what: Noun; id: string; expected: string }
  // May you.
  | {
      code: 'NotAuthorized'
      action: string
      because: Problem
      /** Where roles were asked: why they say no, of whom, and where. */
      reason?: 'no-role' | 'forbidden' | 'scopes'
      principal?: string
      node?: string
      /** The role binding that forbids it. */
      bindingId?: string
    }
  // A pool that one may know of and not use, and whose it is; `contact` says whom to ask there.
  | { code: 'NotShared'; id: string; account: string; owner: string; contact?: string }
  | { code: 'DryRunSucceeded' }
  | { code: 'IdempotencyMismatch'; token: string }
  // What the first request made or changed is not there any more; `token` where the caller chose one.
  | { code: 'OutdatedRepeat'; id: string; token?: string }
  // What the caller saw is no longer so.
  | { code: 'PreconditionFailed'; expected: string; current: string }
  // Is it there. Hidden and absent are the same refusal (invariant I8).
  | { code: 'NotFound'; what: Noun; id: string }
  // The same of what may be gone by age: `before` is the moment from before which not everything is kept.
  | { code: 'NoLongerKept'; what: Noun; id: string; before: string }
  // Can it be.
  | { code: 'NotEligible'; problem: Problem }
  // Change control of an IPAM asks for a change request; `proposal`: the operations of one that would say the same, as JSON; or why none are told.
  | {
      code: 'ChangeRequestRequired'
      ipamId: string
      operation: string
      proposal?: string | undefined
      noProposal?: NoProposal
    }
  // Two assignments that could not both be met. The parties are two: who gives the order or the wider bound, and who leaves nothing.
  | {
      code: 'PolicyConflict'
      kind: 'pools' | 'size' | 'required-tags'
      node: string
      locale: string
      resourceType: string
      parties: readonly ConflictParty[]
      problem: Problem
    }
  | {
      code: 'IncorrectState'
      what: Noun
      id: string
      problem: Problem
    }
  | { code: 'DependencyViolation'; what: Noun; id: string; problem: Problem }
  | { code: 'AlreadyExists'; what: Noun; problem: Problem }
  // `isOfRequest`: what is counted is what the request lists, and not what is there already.
  // `countedFor`: whom or what the bound is counted for, where that is not plain; `remedy`: what to do about it.
  | {
      code: 'LimitExceeded'
      what: Counted
      limit: number
      used: number
      countedFor?: CountedFor
      remedy?: Remedy
      isOfRequest?: true
      /** Which bound it is, where an API has words of its own for it. */
      quota?: { readonly kind: 'ipams' } | { readonly kind: 'cidrs'; readonly id: string }
    }
  | { code: 'AlreadyAssociated'; what: Noun; id: string; problem: Problem }
  | { code: 'InUse'; what: Noun; id: string; problem: Problem }
  // `subnet`: what stands in the way is another subnet of the VPC.
  | { code: 'CidrConflict'; what?: 'subnet'; field: string; value: string; problem: Problem }
  | { code: 'MissingRequiredTags'; pool: string; missing: readonly string[] }
  // Does policy allow it.
  | ({ code: 'DeniedByPolicy'; decision: string; told: ToldDecision } & DenialFacts)
  | ({
      code: 'Exhausted'
      decision?: string
      /** What has no room is a subnet, whose id stands in place of a pool's. */
      isOfSubnet?: true
      pool: string
      length: number
    } & Partial<DenialFacts>)
  // What was found is more than one answer may have, in bytes.
  | { code: 'AnswerTooLarge'; limit: number }
  // Not now.
  // `because`: what there is too much of, where it is not the rate of requests.
  | { code: 'Throttled'; retryAfterSeconds: number; because?: Problem }
  | { code: 'Unavailable'; because: Problem }

/** Networks of the installation's own. */
export type OwnNetworkKind = 'vpc' | 'subnet' | 'natGateway'

const codesOfState: ReadonlySet<Refusal['code']> = new Set([
  'IncorrectState',
  'DependencyViolation',
  'AlreadyExists',
  'AlreadyAssociated',
  'InUse',
])

/**
 * Whether a refusal is about what is there at the moment, and neither about rights, policy and what was named nor about
 * the request itself. A `DryRun` of the EC2 API does not look at such state: it tells "whether you have the required
 * permissions for the action" (EC2 API Reference).
 */
export const isAboutState = (refusal: Refusal): boolean =>
  refusal.code === 'LimitExceeded' ? !refusal.isOfRequest : codesOfState.has(refusal.code)

/** What the members of a request are called in one API; a member that is not there keeps its name. */
export type Members = Readonly<Record<string, string>>

/** A refusal with its member called as one API calls it; how that calls others is known where the problem is put into words. */
export function nameMembers(refusal: Refusal, members: Members = {}): Refusal {
  const named = 'field' in refusal ? { field: nameIn(members, refusal.field) } : {}
  return { ...refusal, ...named, members: refusal.members ?? members }
}
/** What an API calls a member. */
export const nameIn = (members: Members, name: string): string => (Object.hasOwn(members, name) ? members[name]! : name)

/** What one API says in place of the usual words, by the code of the refusal; undefined where it has none of its own. */
export type Sentences = {
  readonly [C in Refusal['code']]?: (refusal: Extract<Refusal, { readonly code: C }>) => string | undefined
}
function withSentence(refusal: Refusal, sentences: Sentences): Refusal {
  const sentence = (sentences[refusal.code] as ((refusal: Refusal) => string | undefined) | undefined)?.(refusal)
  return sentence === undefined ? refusal : { ...refusal, aws: { ...refusal.aws, sentence } }
}

/** Does the work of a verb for one API, which calls the members of requests by these names and may have sentences of its own. */
export async function naming<T>(members: Members, work: () => Promise<T>, sentences: Sentences = {}): Promise<T> {
  try {
    return await work()
  } catch (error) {
    // Nothing is swallowed: the same refusal goes on, in the words of the API.
    if (error instanceof Refused) error.refusal = withSentence(nameMembers(error.refusal, members), sentences)
    throw error
  }
}

/** Does the work for one of several that a request lists: a refusal says which one. */
export async function numbered<T>(index: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    // The same refusal goes on, with its place.
    throw error instanceof Refused ? new Refused({ ...error.refusal, index } as Refusal) : error
  }
}

/**
 * A refusal on its way to `execute`, the only place that catches one. What is repeated in it may be a token that was put in the
 * wrong place, so that none gets further than here: not into answers, logs or the record.
 */
export class Refused extends Error {
  refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.code)
    this.name = 'Refused'
    this.refusal = factsWithoutSecrets(withoutSecretValue(refusal))
  }
}

/** Ends the operation with a refusal. */
export function refuse(refusal: Refusal): never {
  throw new Refused(refusal)
}

/** Shorthand for the commonest refusal of all. */
export function refuseValue(field: string, value: unknown, problem: Problem): never {
  refuse({ code: 'InvalidParameterValue', field, value: String(value), problem })
}
