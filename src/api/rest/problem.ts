// Problem details (RFC 9457): a refusal as the native API says it, with its facts beside the sentence.
import type { Refusal } from '#model/refusal.ts'
import { type Beside, nothingBeside } from '../beside-refusals.ts'
import { cutFacts, faultWording, wordingOf } from '../wording.ts'
import { internalFacts, publicNames } from './problem-facts.ts'

export const problemContentType = 'application/problem+json'

/** HTTP statuses (RFC 9110, section 15): the EC2 API answers most refusals with 400, REST tells them apart. */
export const statuses: { readonly [C in Refusal['code']]: number } = {
  MissingAuthentication: 401,
  IncompleteSignature: 401,
  UnknownAccessKey: 401,
  WrongSignature: 401,
  InvalidToken: 401,
  CrossSiteRequest: 403,
  RequestExpired: 401,
  MalformedRequest: 400,
  MethodNotAllowed: 405,
  UnsupportedMediaType: 415,
  RequestTooLarge: 413,
  InvalidAction: 404,
  // What is asked for is refused, and not only today: whoever retries 5xx would do so in vain.
  NotSupported: 422,
  UnknownParameter: 400,
  DuplicateParameter: 400,
  MissingParameter: 400,
  InvalidParameterValue: 400,
  InvalidParameterCombination: 400,
  InvalidRange: 400,
  InvalidPaginationToken: 400,
  InvalidFilter: 400,
  InvalidTagKey: 400,
  MalformedId: 400,
  NotAuthorized: 403,
  NotShared: 403,
  DryRunSucceeded: 200,
  IdempotencyMismatch: 422,
  OutdatedRepeat: 409,
  PreconditionFailed: 412,
  NotFound: 404,
  NoLongerKept: 410,
  NotEligible: 409,
  ChangeRequestRequired: 409,
  PolicyConflict: 409,
  IncorrectState: 409,
  DependencyViolation: 409,
  AlreadyExists: 409,
  LimitExceeded: 409,
  AlreadyAssociated: 409,
  InUse: 409,
  CidrConflict: 409,
  MissingRequiredTags: 403,
  DeniedByPolicy: 403,
  Exhausted: 507,
  AnswerTooLarge: 400,
  Throttled: 429,
  Unavailable: 503,
}

/** Where the wording of the EC2 API speaks of signatures. */
const details: { readonly [C in Refusal['code']]?: string } = {
  MissingAuthentication: 'The request has no token: send it as `Authorization: Bearer TOKEN`.',
}

export interface Problem {
  /** Names the kind of problem; the page of errors describes it. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  /** The request, for whoever looks it up in the log. */
  readonly instance: string
  readonly code: string
  readonly [fact: string]: unknown
}

/** What a problem has as a member for programs, and the AWS APIs can say in words alone. */
const withoutMembers = (refusal: Refusal): Refusal =>
  refusal.code === 'ChangeRequestRequired' ? { ...refusal, proposal: undefined } : refusal

export function problemOf(refusal: Refusal, requestId: string, beside: Beside = nothingBeside): Problem {
  const { code, ...facts } = cutFacts(refusal, beside.advice)
  return {
    ...Object.fromEntries(
      Object.entries(facts)
        .filter(([name]) => !(internalFacts as readonly string[]).includes(name))
        .map(([name, fact]) => [publicNames[name] ?? name, fact]),
    ),
    type: `urn:cadastre:problem:${code}`,
    title: titleOf(code),
    status: statuses[code],
    detail: `${refusal.index === undefined ? '' : `Number ${refusal.index}: `}${details[code] ?? wordingOf(withoutMembers(refusal), 'ec2', beside).message}`,
    instance: `urn:cadastre:request:${requestId}`,
    code,
  }
}

/** What is said of a fault of ours: nothing but that it happened. */
export const faultProblem = (requestId: string): Problem => ({
  type: 'urn:cadastre:problem:Fault',
  title: 'Internal error',
  status: 500,
  detail: faultWording.ec2.message,
  instance: `urn:cadastre:request:${requestId}`,
  code: 'Fault',
})

/** `NotFound` is "Not found". */
export function titleOf(code: string): string {
  const words = code.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
  return words.charAt(0) + words.slice(1).toLowerCase()
}
