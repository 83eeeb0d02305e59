// What we say when we say no: one line per code of refusal, for each protocol its code. A missing line does not compile.
import { hasShape, type IdKind } from '#model/identifier.ts'
import { labelOf, nameOfNoun, type ObjectNoun } from '#model/kinds.ts'
import { isIdLike } from '#model/name.ts'
import type { Advice } from '#model/policy/advice.ts'
import { type AdviceInWords, adviceInWords, linesOfAdvice } from '#model/policy/advice-words.ts'
import { allowedInWords, valueInWords, withWordsOfDenials } from '#model/policy/denial-words.ts'
import { type Explanation, reasonOfTold, wordsOfTold } from '#model/policy/explain.ts'
import { featureInWords } from '#model/problems/features.ts'
import { type Counted, countedForInWords, countedInWords, remedyInWords } from '#model/problems/limits.ts'
import { type Problem, problemInWords } from '#model/problems/problem.ts'
import {
  type ConflictParty,
  type DenialFacts,
  type Noun,
  nameIn,
  type OwnNetworkKind,
  proposalLengthMax,
  type Refusal,
} from '#model/refusal.ts'
import { type Beside, nothingBeside } from './beside-refusals.ts'

/** Members of refusals that are facts, and words where they are shown. */
type InWords = 'problem' | 'because' | 'countedFor' | 'remedy'
/** Refusals whose `what` is more than a noun. */
type WhatInWords = 'NotSupported' | 'LimitExceeded'
type Omitting<R, M extends string> = R extends unknown ? Omit<R, M> : never
interface FactsInWords {
  readonly actual: string
  readonly expected: readonly string[]
}
interface Advised {
  /** What to do next, as far as it was looked up. */
  readonly advice?: AdviceInWords
}
/** A refusal in words. */
export type ShownRefusal =
  Omitting<Refusal, 'members'> extends infer R
    ? R extends { readonly code: 'DeniedByPolicy' }
      ? Omit<R, keyof FactsInWords> & FactsInWords & Explanation & Advised
      : R extends { readonly code: 'Exhausted' }
        ? Omit<R, keyof FactsInWords> & Partial<FactsInWords & Explanation> & Advised
        : {
            [M in keyof R]: M extends InWords
              ? string | Extract<R[M], undefined>
              : R extends { readonly code: WhatInWords }
                ? M extends 'what'
                  ? string
                  : R[M]
                : R[M]
          }
    : never

export type Protocol = 'ec2' | 'organizations' | 'sts'

/** A refusal as one protocol says it. */
export interface Wording {
  /** Of HTTP. */
  readonly status: number
  readonly code: string
  readonly message: string
  /** Why, as Organizations tells reasons of one error apart. */
  readonly reason?: string
}

interface Words {
  readonly status: number
  readonly ec2: string
  readonly organizations: string
  readonly sts: string
  readonly message: string
  readonly reason?: string
  /** Where the JSON and STS protocols have another HTTP status than EC2. */
  readonly statusElsewhere?: number
}

/** What is said of a fault of ours: nothing but that it happened. The request id leads to the log. */
export const faultWording: Readonly<Record<Protocol, Wording>> = {
  ec2: { status: 500, code: 'InternalError', message: 'An internal error has occurred.' },
  organizations: { status: 500, code: 'ServiceException', message: 'An internal error has occurred.' },
  sts: { status: 500, code: 'InternalFailure', message: 'An internal error has occurred.' },
}

export function wordingOf(refusal: Refusal, protocol: Protocol, { names, advice }: Beside = nothingBeside): Wording {
  const say = words[refusal.code] as (refusal: ShownRefusal) => Words
  const said = say(cutFacts(refusal, advice))
  const message = withNames(said.message, names)
  if (refusal.code === 'LimitExceeded' && protocol === 'ec2') {
    return { status: said.status, code: limitCodes[refusal.what.of] ?? said.ec2, message }
  }
  const status = protocol === 'ec2' ? said.status : (said.statusElsewhere ?? said.status)
  const { reason } = said
  return { status, code: said[protocol], message, ...(reason === undefined ? {} : { reason }) }
}

/** An id has its name beside it once, where it does not have it already. */
function withNames(text: string, names: Readonly<Record<string, string>>): string {
  return Object.entries(names).reduce((said, [id, name]) => {
    const isSaid = said.includes(`${id} (`) || said.includes(`${id}\` (`)
    return isSaid ? said : said.replace(new RegExp(`${id}(?![\\w-])\`?`), (found) => `${found} (${cut(name)})`)
  }, text)
}

const valueLengthMax = 100
/** Sentences of AWS have at most one value in them, which is cut with the rest. */
const awsSentenceLengthMax = 300

/** Of one fact, and of one that is a sentence of ours. */
const factLengthMax = 200
const sentenceLengthMax = 2_000
/** Of a list of facts. */
const factsListedMax = 1_000
const sentences: ReadonlySet<string> = new Set([
  ...['problem', 'because', 'sentence', 'lines', 'remedy', 'what', 'aws', 'advice'],
])

function lengthMaxOf(fact: string): number {
  if (fact === 'proposal') return proposalLengthMax
  return sentences.has(fact) ? sentenceLengthMax : factLengthMax
}

/**
 * A refusal as it may be answered: what came with the request is cut, wherever it stands in it, so that no answer sends back
 * a large part of what was sent. Every wording and every problem is made of this.
 */
export function cutFacts(refusal: Refusal, advice?: Advice): ShownRefusal {
  const facts = Object.entries(withWords(refusal, advice)).map(([name, fact]) => [
    name,
    cutFact(fact, lengthMaxOf(name)),
  ])
  return Object.fromEntries(facts) as ShownRefusal
}

/** Of a fact of which words about a decision are made; the pools of a whole document have room. */
const toldLengthMax = 400

/** What a refusal tells of a decision, in words: beside its facts, or in the problem that repeats why. */
function withWords(whole: Refusal, advice: Advice | undefined): object {
  const { told: facts, members, ...refusal } = whole
  const told = facts && (cutFact(withWordsOfDenials(facts), toldLengthMax) as typeof facts)
  const say = { name: (member: string) => nameIn(members ?? {}, member), told: () => (told ? reasonOfTold(told) : '') }
  if (told && (refusal.code === 'DeniedByPolicy' || refusal.code === 'Exhausted')) {
    // In the place of the facts, in front of those that programs read.
    const { members: _, ...shown } = whole
    const { sentence, lines } = wordsOfTold(told)
    const all = { sentence, lines: [...lines, ...(advice ? linesOfAdvice(advice) : [])] }
    const inPlace = ([name, fact]: [string, unknown]) => (name === 'told' ? Object.entries(all) : [[name, fact]])
    return {
      ...Object.fromEntries(Object.entries(shown).flatMap(inPlace)),
      ...wordsOfFacts(refusal),
      ...(advice && { advice: adviceInWords(advice) }),
    }
  }
  const inWords = (problem: Problem): string => problemInWords(problem, say)
  return {
    ...refusal,
    ...('problem' in refusal && { problem: inWords(refusal.problem) }),
    ...('because' in refusal && refusal.because !== undefined && { because: inWords(refusal.because) }),
    ...(refusal.code === 'NotSupported' && { what: featureInWords(refusal.what) }),
    ...(refusal.code === 'LimitExceeded' && limitInWords(refusal)),
  }
}
const wordsOfFacts = ({ actual, expected }: Partial<DenialFacts>): Partial<FactsInWords> => ({
  ...(actual && { actual: valueInWords(actual) }),
  ...(expected && { expected: allowedInWords(expected) }),
})
const limitInWords = ({ what, countedFor, remedy }: Extract<Refusal, { readonly code: 'LimitExceeded' }>) => ({
  what: countedInWords(what),
  ...(countedFor && { countedFor: countedForInWords(countedFor) }),
  ...(remedy && { remedy: remedyInWords(remedy) }),
})

/** What of the EC2 API gives networks of the installation's own their space. */
const makersOfNetworks: Readonly<Record<OwnNetworkKind, string>> = {
  vpc: 'CreateVpc and AssociateVpcCidrBlock',
  subnet: 'CreateSubnet and AssociateSubnetCidrBlock',
  natGateway: 'CreateNatGateway',
}
const spaceOfOwn = ({ id, kind }: { readonly id: string; readonly kind: OwnNetworkKind }): string =>
  `\`${id}\` is an id of this installation, whose networks have their space from ${makersOfNetworks[kind]} of the EC2 API`

function cutFact(fact: unknown, lengthMax: number): unknown {
  if (typeof fact === 'string') return cut(fact, lengthMax)
  if (Array.isArray(fact)) return fact.slice(0, factsListedMax).map((one) => cutFact(one, lengthMax))
  if (typeof fact !== 'object' || fact === null) return fact
  return Object.fromEntries(Object.entries(fact).map(([name, one]) => [name, cutFact(one, lengthMax)]))
}

/** A value as messages repeat it: cut, because it came from outside and may be long. */
function quoted(value: string): string {
  return `\`${cut(value)}\``
}

function cut(value: string, lengthMax = valueLengthMax): string {
  return value.length > lengthMax ? `${value.slice(0, lengthMax)}…` : value
}

/** What AWS says instead of the code's usual words. It may have a value in it, and those come from outside. */
function saidByAws({ aws }: Pick<Refusal, 'aws'>): string | undefined {
  const text = aws?.sentence
  return text && cut(text, awsSentenceLengthMax)
}

/** Facts become sentences: a capital first where that is a word, for a value keeps its case; a full stop last. */
function sentence(text: string): string {
  const whole = text.replace(/^[a-z](?=[a-z'’]*[,;:.!?)]?(?:\s|$))/, (first) => first.toUpperCase())
  return /[.!?]$/.test(whole) ? whole : `${whole}.`
}

const nameOfParty = ({ policyId, version, targetId }: ConflictParty): string =>
  `policy ${quoted(policyId)} version ${version}, enabled on ${quoted(targetId)},`

/** A parameter as the messages of EC2 name it: with a small first letter. What is no plain name, such as a tag's key, stays. */
const nameInEc2 = (field: string): string =>
  /^[A-Z][A-Za-z0-9]*$/.test(field) ? field.charAt(0).toLowerCase() + field.slice(1) : cut(field)

function howToPropose({
  proposal,
  noProposal,
}: Pick<Extract<ShownRefusal, { readonly code: 'ChangeRequestRequired' }>, 'proposal' | 'noProposal'>): string {
  if (noProposal === 'no-operation')
    return 'No operation of the native API does the same: it cannot be proposed as it is.'
  if (noProposal === 'no-change') return 'It would change nothing: there is nothing to propose.'
  const isLong = noProposal === 'too-long' ? ' What says the same there is too long to be repeated.' : ''
  if (proposal === undefined)
    return `Propose it over the native API (\`cadastre change-request propose\`), for others to approve.${isLong}`
  const operations = `'${proposal.replaceAll("'", `'\\''`)}'`
  return `Propose it over the native API, for others to approve: \`cadastre change-request propose --node NODE --reason WHY --operations ${operations}\`.`
}

/** What EC2 calls a list that is missing. */
const setNames: Readonly<Record<string, string>> = { ResourceId: 'resourceIdSet' }

const list = (names: readonly string[]): string => names.map(quoted).join(', ')

/** How a client that the others do not know is told so; and what each protocol calls a plain «no». */
const denied = { organizations: 'AccessDeniedException', sts: 'AccessDenied' } as const
const badInput = { organizations: 'InvalidInputException', sts: 'ValidationError' } as const
const violated = { organizations: 'ConstraintViolationException', sts: 'ValidationError' } as const

/**
 * An unknown key and a wrong signature are one answer, so that nobody learns which keys exist. STS and Organizations would
 * tell them apart (`SignatureDoesNotMatch`); we always say what they say of an unknown key.
 */
const notAuthenticated: Words = {
  status: 401,
  statusElsewhere: 403,
  ec2: 'AuthFailure',
  organizations: 'UnrecognizedClientException',
  sts: 'InvalidClientTokenId',
  message: 'AWS was not able to validate the provided access credentials',
}

const unitWords = {
  bytes: 'bytes',
  parameters: 'parameters',
  levels: 'levels of nesting',
  members: 'members of objects and lists',
  characters: 'characters of one text',
} as const

const words: { readonly [C in Refusal['code']]: (refusal: Extract<ShownRefusal, { code: C }>) => Words } = {
  MissingAuthentication: () => ({
    status: 403,
    ec2: 'MissingAuthenticationToken',
    organizations: 'MissingAuthenticationTokenException',
    sts: 'MissingAuthenticationToken',
    message:
      'The request has no signature: sign it with AWS Signature Version 4, in the Authorization header or the query.',
  }),
  IncompleteSignature: ({ problem }) => ({
    status: 400,
    ec2: 'IncompleteSignature',
    organizations: 'IncompleteSignatureException',
    sts: 'IncompleteSignature',
    message: sentence(problem),
  }),
  UnknownAccessKey: () => notAuthenticated,
  WrongSignature: () => notAuthenticated,
  InvalidToken: () => ({
    ...notAuthenticated,
    message: 'The token is not known, has expired or was revoked: sign in again, or ask for another one.',
  }),
  CrossSiteRequest: ({ problem }) => ({ ...notAuthenticated, message: sentence(problem) }),
  RequestExpired: ({ problem }) => ({
    status: 400,
    ec2: 'RequestExpired',
    organizations: 'RequestExpired',
    sts: 'RequestExpired',
    message: `Request has expired. ${sentence(problem)}`,
  }),

  MalformedRequest: ({ problem }) => ({
    status: 400,
    ec2: 'MalformedQueryString',
    organizations: 'SerializationException',
    sts: 'MalformedQueryString',
    message: sentence(problem),
  }),
  MethodNotAllowed: ({ method, allowed }) => ({
    status: 405,
    ec2: 'MethodNotAllowed',
    organizations: 'SerializationException',
    sts: 'MethodNotAllowed',
    message: `The method ${quoted(method)} is not allowed here. Allowed are ${list(allowed)}.`,
  }),
  UnsupportedMediaType: ({ value, allowed }) => ({
    status: 415,
    ec2: 'UnsupportedMediaType',
    organizations: 'SerializationException',
    sts: 'UnsupportedMediaType',
    message: `The \`Content-Type\` of the body is ${value === '' ? 'not said' : quoted(value)}: ${list(allowed)} is expected.`,
  }),
  RequestTooLarge: ({ limit, unit }) => ({
    status: 413,
    ec2: 'RequestEntityTooLarge',
    organizations: 'RequestEntityTooLargeException',
    sts: 'RequestEntityTooLarge',
    message: `The request is too large: ${limit} ${unitWords[unit]} are allowed.`,
  }),
  InvalidAction: ({ action, version }) => ({
    status: 400,
    ec2: 'InvalidAction',
    organizations: 'UnknownOperationException',
    sts: 'InvalidAction',
    message: `The action ${quoted(action)} is not valid for this endpoint${version === undefined ? '' : `, in version ${quoted(version)}`}.`,
  }),
  NotSupported: ({ what, ownNetwork, because = ownNetwork && spaceOfOwn(ownNetwork) }) => ({
    status: 400,
    ec2: 'UnsupportedOperation',
    organizations: 'UnsupportedAPIEndpointException',
    sts: 'UnsupportedOperation',
    message: `${cut(what)} is not supported${because === undefined ? '.' : `: ${sentence(because)}`}`,
  }),
  UnknownParameter: ({ field }) => ({
    status: 400,
    ec2: 'UnknownParameter',
    ...badInput,
    message: `The parameter ${quoted(field)} is not recognized.`,
  }),
  DuplicateParameter: ({ field }) => ({
    status: 400,
    ec2: 'InvalidParameterCombination',
    ...badInput,
    message: `The parameter ${quoted(field)} appears more than once in the request.`,
  }),
  MissingParameter: ({ field, aws }) => ({
    status: 400,
    ec2: 'MissingParameter',
    organizations: 'InvalidInputException',
    sts: 'MissingParameter',
    message: saidByAws({ aws }) ?? `The request must contain the parameter ${cut(setNames[field] ?? field)}`,
  }),
  InvalidParameterValue: ({ field, value, problem, aws }) => ({
    status: 400,
    // Clients page on, or make their page smaller, by this code.
    ec2: field === 'MaxResults' ? 'InvalidMaxResults' : 'InvalidParameterValue',
    ...badInput,
    message: `${saidByAws({ aws }) ?? `Value (${cut(value)}) for parameter ${nameInEc2(field)} is invalid.`} ${sentence(problem)}`,
    reason: aws?.reason,
  }),
  InvalidParameterCombination: ({ problem }) => ({
    status: 400,
    ec2: 'InvalidParameterCombination',
    ...badInput,
    message: sentence(problem),
  }),
  InvalidRange: ({ what, value, problem }) => ({
    status: 400,
    ec2: what === 'vpc' ? 'InvalidVpc.Range' : 'InvalidSubnet.Range',
    ...badInput,
    message: `The CIDR '${cut(value)}' is invalid. ${sentence(problem)}`,
  }),
  InvalidPaginationToken: ({ field, value }) => ({
    status: 400,
    ec2: 'InvalidPaginationToken',
    ...badInput,
    message: `The value ${quoted(value)} for the parameter ${quoted(field)} is not one that an earlier answer to this request gave.`,
    reason: 'INVALID_NEXT_TOKEN',
  }),
  InvalidFilter: ({ name, allowed }) => ({
    status: 400,
    ec2: 'InvalidParameterValue',
    ...badInput,
    message: `The filter '${cut(name)}' is invalid. Allowed are ${list(allowed)}.`,
  }),
  InvalidTagKey: ({ key, problem }) => ({
    status: 400,
    ec2: 'InvalidTagKey.Malformed',
    ...badInput,
    message: `The tag key ${quoted(key)} is invalid. ${sentence(problem)}`,
  }),
  MalformedId: ({ what, id, expected }) => ({
    status: 400,
    ec2: nouns[what].malformed ?? 'InvalidParameterValue',
    ...badInput,
    message: `Invalid id: "${cut(id)}" (expecting "${expected}")`,
  }),

  NotAuthorized: ({ action, because }) => ({
    status: 403,
    ec2: 'UnauthorizedOperation',
    ...denied,
    message: `You are not authorized to perform ${quoted(action)}. ${sentence(because)}`,
  }),
  DryRunSucceeded: () => ({
    status: 412,
    ec2: 'DryRunOperation',
    organizations: 'DryRunOperation',
    sts: 'DryRunOperation',
    message: 'Request would have succeeded, but DryRun flag is set.',
  }),
  PreconditionFailed: ({ expected, current }) => ({
    status: 412,
    ec2: 'IncorrectState',
    ...violated,
    message:
      expected === ''
        ? `It is there already: it is ${quoted(current)}. Read it first.`
        : `It has changed since you read it: you expected ${quoted(expected)}, and it is ${quoted(current)} now. Read it again.`,
  }),
  IdempotencyMismatch: ({ token }) => ({
    status: 400,
    ec2: 'IdempotentParameterMismatch',
    ...badInput,
    message: `The client token ${quoted(token)} was used before with other parameters. Use a new token, or the same parameters.`,
  }),
  // EC2 documents a code of its own only for instances (`IdempotentInstanceTerminated`).
  OutdatedRepeat: ({ id, token }) => ({
    status: 400,
    ec2: 'IncorrectState',
    ...violated,
    message: `This repeats a request${token === undefined ? '' : ` (client token ${quoted(token)})`} about ${quoted(id)}, which is gone or has changed since. Nothing was done. Send it as a new request${token === undefined ? '' : ', with a new token'}.`,
  }),

  NotShared: ({ id, account, owner, contact }) => ({
    status: 403,
    ec2: 'UnauthorizedOperation',
    ...denied,
    message: `The pool ${quoted(id)} is not shared with ${quoted(account)}; its owner is ${quoted(owner)}${contact === undefined ? '' : ` (contact: ${cut(contact)})`}.`,
  }),

  NotFound: ({ what, id }) => ({
    status: 400,
    ec2: nouns[what].notFound,
    organizations: nouns[what].organizations?.notFound ?? 'InvalidInputException',
    // STS does not say whether a role exists that the caller may not assume.
    sts: what === 'role' ? 'AccessDenied' : 'ValidationError',
    statusElsewhere: what === 'role' ? 403 : 400,
    message: nouns[what].missing(cut(id)),
  }),

  NoLongerKept: ({ what, id, before }) => ({
    status: 400,
    ec2: nouns[what].notFound,
    ...violated,
    message: `${sentence(nouns[what].missing(cut(id)))} What is from before ${before} is kept only while it is needed: this may be gone, or it may never have been there.`,
  }),

  NotEligible: ({ problem }) => ({
    status: 400,
    ec2: 'OperationNotPermitted',
    ...violated,
    message: sentence(problem),
  }),
  ChangeRequestRequired: ({ ipamId, operation, ...how }) => ({
    status: 400,
    ec2: 'OperationNotPermitted',
    ...violated,
    message: `Change control of ${quoted(ipamId)} is required: \`${operation}\` is not done at once. ${howToPropose(how)}`,
  }),
  PolicyConflict: ({ node, locale, resourceType, parties, problem }) => ({
    status: 400,
    ec2: 'OperationNotPermitted',
    ...violated,
    message: sentence(
      `${parties.map(nameOfParty).join(' and ')} cannot both be met for ${resourceType} in ${locale} at ${quoted(node)}: ${problem}. Change one of them first`,
    ),
  }),
  IncorrectState: ({ what, id, problem }) => ({
    status: 400,
    ec2: 'IncorrectState',
    ...violated,
    organizations: nouns[what].organizations?.state ?? violated.organizations,
    message: `The specified action is not valid for ${quoted(id)}. ${sentence(problem)}`,
  }),
  DependencyViolation: ({ what, id, problem }) => ({
    status: 400,
    ec2: 'DependencyViolation',
    organizations: nouns[what].organizations?.notEmpty ?? 'ConstraintViolationException',
    sts: 'ValidationError',
    message: `${
      what === 'vpc' || what === 'subnet'
        ? `The ${what} '${cut(id)}' has dependencies and cannot be deleted.`
        : `The specified action is not valid for ${quoted(id)}.`
    } ${sentence(problem)}`,
  }),
  AlreadyExists: ({ what, problem }) => ({
    status: 400,
    ec2: nouns[what].exists ?? 'InvalidParameterValue',
    organizations: nouns[what].organizations?.exists ?? 'ConstraintViolationException',
    sts: 'ValidationError',
    message: sentence(problem),
  }),
  LimitExceeded: ({ what, limit, used, countedFor, remedy, aws }) => ({
    status: 400,
    ec2: 'ResourceLimitExceeded',
    ...violated,
    message:
      saidByAws({ aws }) ??
      (countedFor === undefined
        ? `You've reached the limit for ${what}. You have ${used} ${what} and you are limited to ${limit}.`
        : `The limit for ${what} is reached: for ${countedFor} there are ${used}, and ${limit} are allowed.${remedy === undefined ? '' : ` ${remedy}`}`),
  }),
  AlreadyAssociated: ({ id, problem }) => ({
    status: 400,
    ec2: 'Resource.AlreadyAssociated',
    ...violated,
    message: `${quoted(id)} is already associated. ${sentence(problem)}`,
  }),
  InUse: ({ what, id, problem }) => ({
    status: 400,
    ec2: nouns[what].inUse ?? 'DependencyViolation',
    ...violated,
    message: `${quoted(id)} is in use. ${sentence(problem)}`,
  }),
  CidrConflict: ({ what, field, value, problem }) => ({
    status: 400,
    ec2: what === 'subnet' ? 'InvalidSubnet.Conflict' : 'InvalidParameterValue',
    ...violated,
    message:
      what === 'subnet'
        ? `The CIDR '${cut(value)}' conflicts with another subnet. ${sentence(problem)}`
        : `The CIDR ${quoted(value)} of the parameter ${quoted(field)} conflicts with another CIDR. ${sentence(problem)}`,
  }),
  MissingRequiredTags: ({ pool, missing }) => ({
    status: 400,
    ec2: 'InvalidParameterValue',
    ...violated,
    // Clients match on the first sentence.
    message: `The resource is missing one or more of the resource tags required by the IPAM pool. Pool ${quoted(pool)} also requires ${list(missing)}.`,
  }),

  DeniedByPolicy: ({ decision, sentence: why, lines }) => ({
    status: 403,
    ec2: 'UnauthorizedOperation',
    ...denied,
    message: `${decision}: ${[sentence(why), ...lines].join('\n')}`,
  }),
  // A status of 5xx would make SDKs try again at once, which cannot help: an operator must add space, or somebody release some.
  Exhausted: ({ decision, isOfSubnet, pool, length, sentence: why, lines, contact }) => ({
    status: 400,
    ec2:
      decision === undefined && why === undefined && !isOfSubnet
        ? 'InvalidParameterValue'
        : 'InsufficientAddressCapacity',
    ...violated,
    message: isOfSubnet
      ? `The subnet ${quoted(pool)} has no free address left.`
      : decision === undefined && why === undefined
        ? `The allocation size is too big for the pool. Pool ${quoted(pool)} has no free block of /${length} left.${contact === undefined ? '' : ` For more space in it, ask ${contact}.`}`
        : `${decision === undefined ? '' : `${decision}: `}${[
            sentence(why ?? `Pool ${quoted(pool)} has no free block of /${length} left`),
            ...(lines ?? []),
          ].join('\n')}`,
  }),

  // EC2's code for one request that is about too many resources and is to be asked in parts; it documents none for its answers.
  AnswerTooLarge: ({ limit }) => ({
    status: 400,
    ec2: 'ResourceCountExceeded',
    ...violated,
    message: `What was found is more than one answer may have (${limit} bytes). Ask for less: name ids, give filters, or page with MaxResults where the operation has it.`,
  }),
  Throttled: ({ retryAfterSeconds, because }) => ({
    status: 503,
    statusElsewhere: 400,
    ec2: 'RequestLimitExceeded',
    organizations: 'TooManyRequestsException',
    sts: 'Throttling',
    message: `${because === undefined ? 'Request limit exceeded.' : sentence(because)} Try again in ${retryAfterSeconds} seconds.`,
  }),
  Unavailable: ({ because }) => ({
    status: 503,
    ec2: 'ServiceUnavailable',
    organizations: 'ServiceException',
    sts: 'ServiceUnavailable',
    message: `${sentence(because)} Try again, with the same client token where there is one.`,
  }),
}

interface NounWords {
  readonly notFound: string
  readonly missing: (id: string) => string
  readonly malformed?: string
  readonly exists?: string
  readonly inUse?: string
  readonly organizations?: {
    readonly notFound?: string
    readonly notEmpty?: string
    readonly exists?: string
    readonly state?: string
  }
}

/** The established pattern of EC2's errors: `Invalid…Id.NotFound` and a text that clients match on. */
function idWords(code: string, name: string): NounWords {
  return {
    notFound: `${code}.NotFound`,
    malformed: `${code}.Malformed`,
    missing: (id) => `The ${name} ID '${id}' does not exist`,
  }
}

/** What the native API takes by its name, too. */
function namedWords(code: string, kind: IdKind, name: string): NounWords {
  const words = idWords(code, name)
  const isId = (text: string): boolean => hasShape(kind, text) || isIdLike(text)
  return { ...words, missing: (text) => (isId(text) ? words.missing(text) : `There is no ${name} called '${text}'`) }
}

/** Of kinds that AWS has no error for: as EC2 would call it. */
function ownWords(noun: ObjectNoun): NounWords {
  const code = noun
    .split('-')
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('')
  return idWords(`Invalid${code}Id`, nameOfNoun(noun))
}

type WordsOfNouns = { readonly [N in Exclude<Noun, ObjectNoun>]: NounWords } & {
  readonly [N in ObjectNoun]?: NounWords
}
const nounsOfAws: WordsOfNouns = {
  ipam: namedWords('InvalidIpamId', 'ipam', 'ipam'),
  'ipam-scope': namedWords('InvalidIpamScopeId', 'scope', 'ipam-scope'),
  'ipam-pool': namedWords('InvalidIpamPoolId', 'pool', 'ipam-pool'),
  'ipam-pool-allocation': {
    ...idWords('InvalidIpamPoolAllocationId', 'ipam-pool-allocation'),
    missing: (id) => `The IPAM pool allocation (${id}) does not exist.`,
  },
  'ipam-resource-discovery': idWords('InvalidIpamResourceDiscoveryId', 'ipam-resource-discovery'),
  'ipam-resource-discovery-association': idWords(
    'InvalidIpamResourceDiscoveryAssociationId',
    'ipam-resource-discovery-association',
  ),
  'ipam-policy': namedWords('InvalidIpamPolicyId', 'policy', 'ipam-policy'),
  'ipam-pool-cidr': {
    notFound: 'InvalidIpamPoolCidr.NotFound',
    missing: (id) => `The CIDR '${id}' is not provisioned to the pool`,
  },
  'organization-target': {
    notFound: 'InvalidOrganizationTargetId.NotFound',
    malformed: 'InvalidOrganizationTargetId.Malformed',
    missing: (id) => `The organization target '${id}' does not exist`,
    organizations: { notFound: 'TargetNotFoundException' },
  },
  'elastic-ip': { ...idWords('InvalidAllocationID', 'allocation'), inUse: 'InvalidIPAddress.InUse' },
  'elastic-ip-address': {
    notFound: 'InvalidAddress.NotFound',
    malformed: 'InvalidAddress.Malformed',
    inUse: 'InvalidIPAddress.InUse',
    missing: (id) => `Address '${id}' not found.`,
  },
  association: idWords('InvalidAssociationID', 'association'),
  'network-interface': idWords('InvalidNetworkInterfaceID', 'networkInterface'),
  'nat-gateway': {
    notFound: 'NatGatewayNotFound',
    malformed: 'NatGatewayMalformed',
    missing: (id) => `The Nat Gateway ${id} was not found`,
  },
  vpc: idWords('InvalidVpcID', 'vpc'),
  'vpc-cidr-association': {
    ...idWords('InvalidVpcCidrBlockAssociationID', 'vpc CIDR block association'),
    inUse: 'InvalidCidrBlock.InUse',
  },
  subnet: idWords('InvalidSubnetID', 'subnet'),
  'subnet-cidr-association': idWords('InvalidSubnetCidrBlockAssociationID', 'subnet CIDR block association'),
  'subnet-cidr-reservation': idWords('InvalidSubnetCidrReservationID', 'subnet CIDR reservation'),
  gateway: idWords('InvalidGatewayID', 'gateway'),
  'gateway-attachment': {
    notFound: 'Gateway.NotAttached',
    exists: 'InvalidParameterValue',
    missing: (id) => `resource ${id} is not attached to the network`,
  },
  'internet-gateway': idWords('InvalidInternetGatewayID', 'internetGateway'),
  'egress-only-internet-gateway': {
    ...idWords('InvalidGatewayID', 'egress only internet gateway'),
    malformed: 'InvalidEgressOnlyInternetGatewayId.Malformed',
  },
  'route-table': idWords('InvalidRouteTableID', 'routeTable'),
  'route-table-association': idWords('InvalidAssociationID', 'association'),
  route: {
    notFound: 'InvalidRoute.NotFound',
    exists: 'RouteAlreadyExists',
    missing: (id) => `There is no route with the destination ${id}`,
  },
  'security-group': {
    notFound: 'InvalidGroup.NotFound',
    malformed: 'InvalidGroupId.Malformed',
    exists: 'InvalidGroup.Duplicate',
    missing: (id) => `The security group '${id}' does not exist`,
  },
  'default-security-group': {
    notFound: 'InvalidGroup.NotFound',
    inUse: 'CannotDelete',
    missing: (id) => `The security group '${id}' does not exist`,
  },
  'security-group-rule': {
    notFound: 'InvalidSecurityGroupRuleId.NotFound',
    malformed: 'InvalidSecurityGroupRuleId.Malformed',
    missing: (id) => `The security group rule ID '${id}' does not exist`,
  },
  'security-group-permission': {
    notFound: 'InvalidPermission.NotFound',
    exists: 'InvalidPermission.Duplicate',
    missing: () => 'The specified rule does not exist in this security group.',
  },
  'network-acl': idWords('InvalidNetworkAclID', 'networkAcl'),
  'network-acl-association': idWords('InvalidAssociationID', 'association'),
  'network-acl-entry': {
    notFound: 'InvalidNetworkAclEntry.NotFound',
    exists: 'NetworkAclEntryAlreadyExists',
    missing: (id) => `The network acl entry identified by ${id} does not exist`,
  },
  'dhcp-options': idWords('InvalidDhcpOptionID', 'dhcpOption'),
  'evidence-file': {
    notFound: 'NotFound',
    missing: (id) => `The log of evidence has no file '${id}'`,
  },
  'default-vpc': {
    notFound: 'DefaultVpcDoesNotExist',
    exists: 'DefaultVpcAlreadyExists',
    missing: () => 'There is no default VPC for this account in this region.',
  },
  'default-subnet': {
    notFound: 'InvalidSubnetID.NotFound',
    exists: 'DefaultSubnetAlreadyExistsInAvailabilityZone',
    missing: (id) => `There is no default subnet in ${id}`,
  },
  resource: {
    notFound: 'InvalidID',
    malformed: 'InvalidID',
    missing: (id) => `The ID '${id}' is not valid`,
  },
  account: {
    notFound: 'InvalidAccountId.NotFound',
    malformed: 'InvalidAccountId.Malformed',
    missing: (id) => `The account '${id}' does not exist in this organization.`,
    organizations: {
      notFound: 'AccountNotFoundException',
      exists: 'AccountAlreadyRegisteredException',
      // Only what is closed already is in a state that Organizations speaks of.
      state: 'AccountAlreadyClosedException',
    },
  },
  organization: {
    notFound: 'InvalidOrganization.NotFound',
    missing: () => 'Your account is not a member of an organization.',
    organizations: {
      notFound: 'AWSOrganizationsNotInUseException',
      notEmpty: 'OrganizationNotEmptyException',
      exists: 'AlreadyInOrganizationException',
    },
  },
  'organizational-unit': {
    notFound: 'InvalidOrganizationalUnitId.NotFound',
    malformed: 'InvalidOrganizationalUnitId.Malformed',
    missing: (id) => `The organizational unit '${id}' does not exist.`,
    organizations: {
      notFound: 'OrganizationalUnitNotFoundException',
      notEmpty: 'OrganizationalUnitNotEmptyException',
      exists: 'DuplicateOrganizationalUnitException',
    },
  },
  root: {
    notFound: 'InvalidRootId.NotFound',
    missing: (id) => `The root '${id}' does not exist.`,
    organizations: { notFound: 'ParentNotFoundException' },
  },
  parent: {
    notFound: 'InvalidParentId.NotFound',
    missing: (id) => `The root or organizational unit '${id}' does not exist.`,
    organizations: { notFound: 'ParentNotFoundException' },
  },
  'source-parent': {
    notFound: 'InvalidParentId.NotFound',
    missing: (id) => `The account is not under the root or organizational unit '${id}'.`,
    organizations: { notFound: 'SourceParentNotFoundException' },
  },
  'destination-parent': {
    notFound: 'InvalidParentId.NotFound',
    missing: (id) => `The root or organizational unit '${id}' does not exist.`,
    organizations: { notFound: 'DestinationParentNotFoundException' },
  },
  'delegated-administrator': {
    notFound: 'IpamOrganizationAccountNotRegistered',
    missing: (id) => `The account '${id}' is not a delegated administrator of the service.`,
    organizations: { notFound: 'AccountNotRegisteredException' },
  },
  child: {
    notFound: 'InvalidChildId.NotFound',
    missing: (id) => `The organizational unit or account '${id}' does not exist.`,
    organizations: { notFound: 'ChildNotFoundException', exists: 'DuplicateAccountException' },
  },
  'create-account-request': {
    notFound: 'InvalidCreateAccountRequestId.NotFound',
    missing: (id) => `The request to create an account '${id}' does not exist.`,
    organizations: { notFound: 'CreateAccountStatusNotFoundException' },
  },
  role: {
    notFound: 'InvalidRole.NotFound',
    missing: (id) => `You are not authorized to assume the role '${id}', or it does not exist.`,
  },
  change: idWords('InvalidChangeId', 'change'),
  'resource-type': idWords('InvalidResourceType', 'resource type'),
  'policy-version': idWords('InvalidIpamPolicyVersion', 'version of the policy'),
  'policy-document': idWords('InvalidIpamPolicyDocument', 'document of the policy'),
  'policy-assignment': idWords('InvalidIpamPolicyAssignment', 'assignment of the policy'),
  snapshot: idWords('InvalidSnapshotId', 'snapshot'),
  difference: idWords('InvalidDifferenceId', 'difference'),
  candidate: idWords('InvalidCandidate', 'candidate of the assignment'),
  region: {
    notFound: 'InvalidParameterValue',
    missing: (id) => `Invalid region name: '${id}'. DescribeRegions lists those that exist.`,
  },
  'availability-zone': {
    notFound: 'InvalidParameterValue',
    missing: (id) => `Invalid availability zone: [${id}]. DescribeAvailabilityZones lists those that exist.`,
  },
}

const objectNouns = Object.keys(labelOf) as ObjectNoun[]
const nouns = {
  ...Object.fromEntries(objectNouns.map((noun) => [noun, ownWords(noun)])),
  ...nounsOfAws,
} as Readonly<Record<Noun, NounWords>>

export const nounNames = Object.keys(nouns) as Noun[]

/** EC2 has a code of its own for some limits. */
const limitCodes: { readonly [W in Counted['of']]?: string } = {
  'filter-values': 'FilterLimitExceeded',
  'cidr-blocks': 'CidrLimitExceeded',
  tags: 'TagLimitExceeded',
  'node-tags': 'TagLimitExceeded',
  'required-tags': 'TagLimitExceeded',
  'required-tag-bytes': 'TagLimitExceeded',
  'required-tag-bytes-of-pools': 'TagLimitExceeded',
  addresses: 'AddressLimitExceeded',
  'internet-gateways': 'InternetGatewayLimitExceeded',
  'route-tables': 'RouteTableLimitExceeded',
  routes: 'RouteLimitExceeded',
  'security-groups': 'SecurityGroupLimitExceeded',
  'security-group-rules': 'RulesPerSecurityGroupLimitExceeded',
  'network-acls': 'NetworkAclLimitExceeded',
  'network-acl-entries': 'NetworkAclEntryLimitExceeded',
  'nat-gateways': 'NatGatewayLimitExceeded',
}
