// The reference page of errors: one example of each refusal, in words of every protocol.
import type { z } from 'zod'
import { worded, wordedFeature } from '#model/problems/worded.ts'
import { statuses } from '../src/api/rest/problem.ts'
import { factShapes } from '../src/api/rest/problem-facts.ts'
import { wordingOf } from '../src/api/wording.ts'
import { labelOf, type ObjectNoun } from '../src/model/kinds.ts'
import type { Denial, ToldDecision } from '../src/model/policy/decision.ts'
import type { Noun, Refusal } from '../src/model/refusal.ts'
import { page, table } from './pages.ts'

/** What a noun is called on the page: a kind by its label; another one that is missing here does not compile. */
const otherNouns: { readonly [N in Exclude<Noun, ObjectNoun>]: string } = {
  'organization-target': 'a target of policies',
  change: 'a change',
  'elastic-ip-address': 'an Elastic IP, by address',
  resource: 'a resource to tag',
  parent: 'a parent',
  'source-parent': 'the parent to move from',
  'destination-parent': 'the parent to move to',
  child: 'a child',
  'create-account-request': 'a request to create an account',
  'delegated-administrator': 'a delegated administrator',
  role: 'a role',
  region: 'a Region',
  'availability-zone': 'an availability zone',
  gateway: 'a gateway that a route names',
  'gateway-attachment': 'an attachment of a gateway',
  route: 'a route',
  'security-group-permission': 'a rule of a security group, by what it says',
  'default-security-group': 'the security group that comes with a VPC',
  'network-acl-entry': 'an entry of a network ACL',
  'default-vpc': 'the default VPC',
  'evidence-file': 'a file of the log of evidence',
  'default-subnet': 'a default subnet',
  'resource-type': 'a resource type',
  'policy-version': 'a version of a policy',
  'policy-document': 'a document of a policy',
  'policy-assignment': 'an assignment of a policy',
  snapshot: 'a snapshot of a source',
  difference: 'a difference between a source and the register',
  candidate: 'a candidate of an assignment',
}
const nounNames: Readonly<Record<Noun, string>> = { ...labelOf, ...otherNouns }
const everyNoun = Object.keys(nounNames) as Noun[]
const id = 'ID'
const problem = worded('What is wrong with it')

interface Example<C extends Refusal['code'] = Refusal['code']> {
  /** What happened, in a few words. */
  readonly when: string
  readonly refusals: readonly Extract<Refusal, { code: C }>[]
}

/** Refusals of every code with stand-ins for their facts; a code that is missing here does not compile. */
const toldOf = (cause: Denial['cause']): ToldDecision => ({
  id: 'DECISION',
  outcome: 'deny',
  request: { account: 'ACCOUNT', resourceType: 'TYPE', locale: 'LOCALE' },
  candidates: [],
  denial: { cause, setting: 'on-explicit', value: { is: 'POOL' }, allowed: { nothing: true } },
})
const limits = [
  { of: 'filter-values' },
  { of: 'tags' },
  { of: 'cidr-blocks', family: 4 },
  { of: 'addresses' },
  { of: 'pools' },
] as const
const examples: { readonly [C in Refusal['code']]: Example<C> } = {
  MissingAuthentication: { when: 'the request is not signed', refusals: [{ code: 'MissingAuthentication' }] },
  IncompleteSignature: {
    when: 'the signature cannot be read, or leaves out what it must cover',
    refusals: [{ code: 'IncompleteSignature', problem }],
  },
  UnknownAccessKey: { when: 'nobody has this access key', refusals: [{ code: 'UnknownAccessKey' }] },
  WrongSignature: { when: 'the signature is another one than ours', refusals: [{ code: 'WrongSignature' }] },
  InvalidToken: {
    when: 'the token of the native API is not known, has expired or was revoked',
    refusals: [{ code: 'InvalidToken' }],
  },
  CrossSiteRequest: {
    when: 'a browser that is signed in asks, and it is not the console that makes it',
    refusals: [{ code: 'CrossSiteRequest', problem }],
  },
  RequestExpired: {
    when: 'the date of the signature is too far from our clock',
    refusals: [{ code: 'RequestExpired', problem }],
  },
  MalformedRequest: { when: 'the request cannot be read', refusals: [{ code: 'MalformedRequest', problem }] },
  MethodNotAllowed: {
    when: 'the path has other methods; `Allow` names them',
    refusals: [{ code: 'MethodNotAllowed', method: 'PUT', allowed: ['GET', 'HEAD', 'POST'] }],
  },
  UnsupportedMediaType: {
    when: 'the body of a request of the native API is not JSON',
    refusals: [{ code: 'UnsupportedMediaType', value: 'text/plain', allowed: ['application/json'] }],
  },
  RequestTooLarge: {
    when: 'the body or its parameters are too many',
    refusals: [{ code: 'RequestTooLarge', limit: 65_536, unit: 'bytes' }],
  },
  InvalidAction: { when: 'the operation is unknown', refusals: [{ code: 'InvalidAction', action: 'NAME' }] },
  NotSupported: {
    when: 'the operation, or what it is asked for, is known and does not work here',
    refusals: [{ code: 'NotSupported', what: wordedFeature('The operation `NAME`') }],
  },
  UnknownParameter: { when: 'a parameter is unknown', refusals: [{ code: 'UnknownParameter', field: 'NAME' }] },
  DuplicateParameter: { when: 'a parameter is there twice', refusals: [{ code: 'DuplicateParameter', field: 'NAME' }] },
  MissingParameter: { when: 'a parameter is missing', refusals: [{ code: 'MissingParameter', field: 'NAME' }] },
  InvalidParameterValue: {
    when: 'a value is not allowed',
    refusals: [
      { code: 'InvalidParameterValue', field: 'NAME', value: 'VALUE', problem },
      { code: 'InvalidParameterValue', field: 'MaxResults', value: 'VALUE', problem },
    ],
  },
  InvalidParameterCombination: {
    when: 'parameters contradict each other',
    refusals: [{ code: 'InvalidParameterCombination', problem }],
  },
  InvalidRange: {
    when: 'no VPC, or no subnet of this VPC, can have this CIDR',
    refusals: [
      { code: 'InvalidRange', what: 'vpc', field: 'NAME', value: 'VALUE', problem },
      { code: 'InvalidRange', what: 'subnet', field: 'NAME', value: 'VALUE', problem },
    ],
  },
  InvalidPaginationToken: {
    when: 'a page token is not from an earlier answer',
    refusals: [{ code: 'InvalidPaginationToken', field: 'NextToken', value: 'VALUE' }],
  },
  InvalidFilter: {
    when: 'a filter is unknown',
    refusals: [{ code: 'InvalidFilter', name: 'NAME', allowed: ['state'] }],
  },
  InvalidTagKey: { when: 'a tag key is not allowed', refusals: [{ code: 'InvalidTagKey', key: 'KEY', problem }] },
  MalformedId: {
    when: 'an identifier has the wrong form',
    refusals: everyNoun.map((what) => ({ code: 'MalformedId', what, id, expected: 'FORM' })),
  },
  NotAuthorized: {
    when: 'the caller may not do this at all',
    refusals: [{ code: 'NotAuthorized', action: 'NAME', because: problem }],
  },
  NotShared: {
    when: 'a pool that the account may know of is not shared with it',
    refusals: [{ code: 'NotShared', id, account: 'ACCOUNT', owner: 'OWNER' }],
  },
  DryRunSucceeded: { when: 'it would have worked, and `DryRun` was set', refusals: [{ code: 'DryRunSucceeded' }] },
  PreconditionFailed: {
    when: 'what `If-Match` names is no longer so (native API)',
    refusals: [{ code: 'PreconditionFailed', expected: 'ETAG', current: 'ETAG' }],
  },
  IdempotencyMismatch: {
    when: 'a client token comes again with other parameters',
    refusals: [{ code: 'IdempotencyMismatch', token: 'TOKEN' }],
  },
  OutdatedRepeat: {
    when: 'a request comes again, and what it made or changed the first time is gone or has changed since',
    refusals: [{ code: 'OutdatedRepeat', id, token: 'TOKEN' }],
  },
  NotFound: {
    when: 'something does not exist, or the caller may not see it',
    refusals: everyNoun.map((what) => ({ code: 'NotFound', what, id })),
  },
  NoLongerKept: {
    when: 'something may have been there once, and is from before what is kept (native API)',
    refusals: [{ code: 'NoLongerKept', what: 'decision', id, before: 'MOMENT' }],
  },
  NotEligible: { when: 'this cannot be done to that', refusals: [{ code: 'NotEligible', problem }] },
  ChangeRequestRequired: {
    when: 'change control is required, and this is not done by a change request',
    refusals: [{ code: 'ChangeRequestRequired', ipamId: 'IPAM', operation: 'OPERATION' }],
  },
  PolicyConflict: {
    when: 'two policies could not both be met after it',
    refusals: [
      {
        code: 'PolicyConflict',
        kind: 'pools',
        node: 'NODE',
        locale: 'LOCALE',
        resourceType: 'TYPE',
        parties: ['ONE', 'OTHER'].map((policyId) => ({ policyId, version: 1, targetId: 'NODE', account: 'ACCOUNT' })),
        problem,
      },
    ],
  },
  IncorrectState: {
    when: 'the object is not in a state for it',
    refusals: everyNoun.map((what) => ({ code: 'IncorrectState', what, id, problem })),
  },
  DependencyViolation: {
    when: 'something still depends on the object',
    refusals: everyNoun.map((what) => ({ code: 'DependencyViolation', what, id, problem })),
  },
  AlreadyExists: {
    when: 'there is one already',
    refusals: everyNoun.map((what) => ({ code: 'AlreadyExists', what, problem })),
  },
  LimitExceeded: {
    when: 'a quota is reached',
    refusals: limits.map((what) => ({
      code: 'LimitExceeded',
      what,
      limit: 1,
      used: 1,
    })),
  },
  AlreadyAssociated: {
    when: 'the object is associated already',
    refusals: everyNoun.map((what) => ({ code: 'AlreadyAssociated', what, id, problem })),
  },
  InUse: { when: 'the object is in use', refusals: everyNoun.map((what) => ({ code: 'InUse', what, id, problem })) },
  CidrConflict: {
    when: 'a CIDR overlaps another, or is not free',
    refusals: [
      { code: 'CidrConflict', field: 'NAME', value: 'VALUE', problem },
      { code: 'CidrConflict', what: 'subnet', field: 'NAME', value: 'VALUE', problem },
    ],
  },
  MissingRequiredTags: {
    when: "the pool's required tags are missing",
    refusals: [{ code: 'MissingRequiredTags', pool: id, missing: ['KEY=VALUE'] }],
  },
  DeniedByPolicy: {
    when: 'policy denies it; the message begins with the id of the decision',
    refusals: [
      {
        code: 'DeniedByPolicy',
        decision: 'DECISION',
        told: toldOf('explicit'),
        account: 'ACCOUNT',
        resourceType: 'TYPE',
        locale: 'LOCALE',
        cause: 'explicit',
        setting: 'on-explicit',
        actual: { is: 'POOL' },
        expected: { nothing: true },
      },
    ],
  },
  Exhausted: {
    when: 'no pool that may serve the request has room',
    refusals: [
      { code: 'Exhausted', decision: 'DECISION', pool: id, length: 32, told: toldOf('exhausted') },
      { code: 'Exhausted', pool: id, length: 28 },
    ],
  },
  AnswerTooLarge: {
    when: 'what was found is more than one answer may have',
    refusals: [{ code: 'AnswerTooLarge', limit: 8_388_608 }],
  },
  Throttled: { when: 'too many requests', refusals: [{ code: 'Throttled', retryAfterSeconds: 1 }] },
  Unavailable: {
    when: 'the database or its disk is in trouble',
    refusals: [{ code: 'Unavailable', because: problem }],
  },
}

/** Refusals whose code is that of the kind of object, and in which protocol. */
const byKind = [
  ['NotFound', 'ec2'],
  ['MalformedId', 'ec2'],
  ['AlreadyExists', 'ec2'],
  ['InUse', 'ec2'],
  ['NotFound', 'organizations'],
  ['AlreadyExists', 'organizations'],
] as const
const whenByKind = {
  NotFound: 'not found',
  MalformedId: 'malformed id',
  AlreadyExists: 'exists already',
  InUse: 'in use',
} as const
const protocolNames = { ec2: 'EC2', organizations: 'Organizations' } as const

export function errorsPage(): string {
  const protocols = ['ec2', 'organizations', 'sts'] as const
  const codes = (refusals: readonly Refusal[], protocol: (typeof protocols)[number]): string => {
    const said = refusals.map((refusal) => wordingOf(refusal, protocol))
    const statuses = new Set(said.map(({ status }) => status))
    return `${[...new Set(said.map(({ code }) => `\`${code}\``))].join(', ')} (${[...statuses].join(', ')})`
  }
  /** Those whose code depends on what they are about are listed by noun below. */
  const isByNoun = (refusals: readonly Refusal[]): boolean => refusals.length === everyNoun.length
  const all = Object.entries(examples) as [Refusal['code'], Example][]
  return page(
    'Errors',
    'Every refusal, in the order of precedence: where several apply, the first one is answered. In brackets: the status of HTTP. ' +
      'Where EC2 has one code per kind of object, the second table has them.',
    table(
      ['refusal', 'when', 'EC2', 'Organizations', 'STS'],
      all.map(([code, { when, refusals }]) => [
        `\`${code}\``,
        when,
        ...protocols.map((protocol) =>
          isByNoun(refusals) && new Set(refusals.map((refusal) => wordingOf(refusal, protocol).code)).size > 3
            ? 'see below'
            : codes(refusals, protocol),
        ),
      ]),
    ),
    '## By kind of object',
    table(
      ['object', ...byKind.map(([code, protocol]) => `${whenByKind[code]}, ${protocolNames[protocol]}`)],
      everyNoun.map((what, at) => [
        nounNames[what],
        ...byKind.map(([code, protocol]) => `\`${wordingOf(examples[code].refusals[at]!, protocol).code}\``),
      ]),
    ),
    '## Problems of the native API',
    'Each is a problem (RFC 9457) with `type`, `title`, `status`, `detail`, `instance` and `code`, and beside them its facts, ' +
      'also in the OpenAPI description. Those in brackets may be missing. Of several requests at once, `index` tells which ' +
      'one was refused, counted from 0.',
    table(
      ['code', 'status', 'facts'],
      (Object.keys(examples) as Refusal['code'][])
        .filter((code) => statuses[code] >= 400)
        .map((code) => [`\`${code}\``, String(statuses[code]), factNames(factShapes[code])]),
    ),
    '### The facts of a denial',
    table(
      ['fact', 'means'],
      Object.entries(factShapes.DeniedByPolicy).map(([name, { description }]) => [`\`${name}\``, description ?? '']),
    ),
    'A fault of ours is `InternalError` (500), and says nothing but that it happened; the request id leads to the log.',
  )
}

const factNames = (shapes: Readonly<Record<string, z.ZodType>>): string =>
  Object.entries(shapes)
    .map(([name, shape]) => (shape.safeParse(undefined).success ? `(\`${name}\`)` : `\`${name}\``))
    .join(' ')
