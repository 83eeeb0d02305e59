// Every refusal has its words in every protocol, and the texts that clients match on are as they know them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { organizationsModel } from '#formats/aws/service-model.ts'
import type { Denial, ToldDecision } from '#model/policy/decision.ts'
import { worded, wordedFeature } from '#model/problems/worded.ts'
import type { Refusal } from '#model/refusal.ts'
import { problemOf } from './rest/problem.ts'
import { cutFacts, nounNames, type Protocol, wordingOf } from './wording.ts'

const protocols: readonly Protocol[] = ['ec2', 'organizations', 'sts']
const long = 'x'.repeat(5_000)
const nouns = nounNames
const id = 'an-id'
const problem = worded('it is wrong')

const by = { policy: 'ipam-policy-1', version: 1, target: 'r-1', owner: '222222222222' }
const toldOf = (cause: Denial['cause']): ToldDecision => ({
  id: 'decision-1',
  outcome: 'deny',
  request: { account: '222222222222', resourceType: 'eip', locale: 'us-east-1' },
  policy: { id: by.policy, version: 1 },
  target: by.target,
  document: { locale: 'us-east-1', resourceType: 'eip' },
  candidates: [{ pool: 'ipam-pool-1' }],
  denial: {
    cause,
    setting: 'on-explicit',
    value: { is: 'ipam-pool-1' },
    allowed: { pools: ['ipam-pool-2'] },
    by,
    owner: by.owner,
    pool: 'ipam-pool-1',
  },
  names: { 'ipam-policy-1': 'edge' },
  contact: 'net@example.com',
  poolContact: 'space@example.com',
})
const examples: { readonly [C in Refusal['code']]: readonly Extract<Refusal, { code: C }>[] } = {
  MissingAuthentication: [{ code: 'MissingAuthentication' }],
  IncompleteSignature: [{ code: 'IncompleteSignature', problem }],
  UnknownAccessKey: [{ code: 'UnknownAccessKey' }],
  WrongSignature: [{ code: 'WrongSignature' }],
  InvalidToken: [{ code: 'InvalidToken' }],
  CrossSiteRequest: [{ code: 'CrossSiteRequest', problem }],
  RequestExpired: [{ code: 'RequestExpired', problem }],
  MalformedRequest: [{ code: 'MalformedRequest', problem }],
  MethodNotAllowed: [{ code: 'MethodNotAllowed', method: long, allowed: ['GET', 'HEAD'] }],
  UnsupportedMediaType: [
    { code: 'UnsupportedMediaType', value: long, allowed: ['application/json'] },
    { code: 'UnsupportedMediaType', value: '', allowed: ['application/json'] },
  ],
  RequestTooLarge: [{ code: 'RequestTooLarge', limit: 65_536, unit: 'bytes' }],
  InvalidAction: [
    { code: 'InvalidAction', action: long },
    { code: 'InvalidAction', action: 'X', version: '1' },
  ],
  NotSupported: [
    { code: 'NotSupported', what: wordedFeature('X') },
    { code: 'NotSupported', what: wordedFeature('X'), because: problem },
  ],
  UnknownParameter: [{ code: 'UnknownParameter', field: long }],
  DuplicateParameter: [{ code: 'DuplicateParameter', field: long }],
  MissingParameter: [{ code: 'MissingParameter', field: 'Tag.1.Key' }],
  InvalidParameterValue: [
    { code: 'InvalidParameterValue', field: 'X', value: long, problem },
    { code: 'InvalidParameterValue', field: 'X', value: long, problem, aws: { sentence: `'${long}' is not one.` } },
  ],
  InvalidParameterCombination: [{ code: 'InvalidParameterCombination', problem }],
  InvalidRange: [
    { code: 'InvalidRange', what: 'vpc', field: 'CidrBlock', value: '10.0.0.0/8', problem },
    { code: 'InvalidRange', what: 'subnet', field: 'CidrBlock', value: '10.0.0.0/8', problem },
  ],
  InvalidPaginationToken: [{ code: 'InvalidPaginationToken', field: 'NextToken', value: long }],
  InvalidFilter: [{ code: 'InvalidFilter', name: long, allowed: ['state', 'tag-key'] }],
  InvalidTagKey: [{ code: 'InvalidTagKey', key: long, problem }],
  MalformedId: nouns.map((what) => ({ code: 'MalformedId', what, id: long, expected: 'ipam-…' })),
  NotAuthorized: [{ code: 'NotAuthorized', action: 'ec2:AllocateAddress', because: problem }],
  NotShared: [
    { code: 'NotShared', id, account: '222222222222', owner: '333333333333' },
    { code: 'NotShared', id, account: '222222222222', owner: '333333333333', contact: long },
  ],
  DryRunSucceeded: [{ code: 'DryRunSucceeded' }],
  PreconditionFailed: [{ code: 'PreconditionFailed', expected: long, current: long }],
  IdempotencyMismatch: [{ code: 'IdempotencyMismatch', token: long }],
  OutdatedRepeat: [{ code: 'OutdatedRepeat', id: long, token: long }],
  NotFound: nouns.map((what) => ({ code: 'NotFound', what, id })),
  NoLongerKept: nouns.map((what) => ({ code: 'NoLongerKept', what, id, before: '2026-01-01T00:00:00.000Z' })),
  NotEligible: [{ code: 'NotEligible', problem }],
  ChangeRequestRequired: [
    { code: 'ChangeRequestRequired', ipamId: long, operation: 'putPolicyDocument', proposal: '[]' },
    { code: 'ChangeRequestRequired', ipamId: long, operation: 'ModifyIpamPool', noProposal: 'no-operation' },
    { code: 'ChangeRequestRequired', ipamId: long, operation: 'ModifyIpamPool', noProposal: 'no-change' },
    { code: 'ChangeRequestRequired', ipamId: long, operation: 'ModifyIpamPool', noProposal: 'too-long' },
  ],
  PolicyConflict: [
    {
      code: 'PolicyConflict',
      kind: 'pools',
      node: 'ou-ab12-11111111',
      locale: 'us-east-1',
      resourceType: 'eip',
      parties: ['a', 'b'].map((policyId) => ({ policyId, version: 1, targetId: 'r-ab12', account: '111111111111' })),
      problem,
    },
  ],
  IncorrectState: nouns.map((what) => ({ code: 'IncorrectState', what, id, problem })),
  DependencyViolation: nouns.map((what) => ({ code: 'DependencyViolation', what, id, problem })),
  AlreadyExists: nouns.map((what) => ({ code: 'AlreadyExists', what, problem })),
  LimitExceeded: [{ code: 'LimitExceeded', what: { of: 'ipams' }, limit: 1, used: 1 }],
  AlreadyAssociated: nouns.map((what) => ({ code: 'AlreadyAssociated', what, id, problem })),
  InUse: nouns.map((what) => ({ code: 'InUse', what, id, problem })),
  CidrConflict: [
    { code: 'CidrConflict', field: 'Cidr', value: '10.0.0.0/8', problem },
    { code: 'CidrConflict', what: 'subnet', field: 'CidrBlock', value: '10.0.0.0/24', problem },
  ],
  MissingRequiredTags: [{ code: 'MissingRequiredTags', pool: 'ipam-pool-1', missing: ['env=prod'] }],
  DeniedByPolicy: [
    {
      code: 'DeniedByPolicy',
      decision: 'decision-1',
      told: toldOf('explicit'),
      account: '222222222222',
      resourceType: 'eip',
      locale: 'us-east-1',
      cause: 'explicit',
      setting: 'on-explicit',
      actual: { is: 'ipam-pool-1' },
      expected: { pools: ['ipam-pool-2'] },
    },
  ],
  Exhausted: [
    { code: 'Exhausted', pool: 'ipam-pool-1', length: 28 },
    { code: 'Exhausted', isOfSubnet: true, pool: 'subnet-1', length: 32 },
    {
      code: 'Exhausted',
      decision: 'decision-1',
      pool: 'ipam-pool-1',
      length: 28,
      told: toldOf('exhausted'),
    },
  ],
  AnswerTooLarge: [{ code: 'AnswerTooLarge', limit: 8 }],
  Throttled: [
    { code: 'Throttled', retryAfterSeconds: 2 },
    { code: 'Throttled', retryAfterSeconds: 2, because: worded('more than 200 listen already') },
  ],
  Unavailable: [{ code: 'Unavailable', because: problem }],
}

/** Codes that AWS gives on every service beside the exceptions of the model. */
const commonJsonCodes = new Set([
  'DryRunOperation',
  'IncompleteSignatureException',
  'MissingAuthenticationTokenException',
  'RequestEntityTooLargeException',
  'RequestExpired',
  'SerializationException',
  'UnknownOperationException',
  'UnrecognizedClientException',
])

test('I9 every refusal has a 4xx or 503, a code and a short text in every protocol', () => {
  for (const refusal of Object.values(examples).flat()) {
    for (const protocol of protocols) {
      const { status, code, message } = wordingOf(refusal, protocol)
      assert((status >= 400 && status < 500) || status === 503, `${refusal.code} ${status}`)
      assert.match(code, /^[A-Z][A-Za-z.]+$/)
      assert(message.length > 10 && message.length < 500, `${refusal.code}: ${message.length}`)
      assert.doesNotMatch(message, /undefined|\[object/)
    }
  }
})

test('Organizations only uses exceptions that its model has', () => {
  for (const refusal of Object.values(examples).flat()) {
    const { code } = wordingOf(refusal, 'organizations')
    assert(organizationsModel.shapes[code]?.exception || commonJsonCodes.has(code), `${refusal.code}: ${code}`)
  }
})

test('A7 an unknown key and a wrong signature are one answer', () => {
  for (const protocol of protocols) {
    assert.deepEqual(wordingOf({ code: 'UnknownAccessKey' }, protocol), wordingOf({ code: 'WrongSignature' }, protocol))
  }
  assert.deepEqual(wordingOf({ code: 'UnknownAccessKey' }, 'ec2'), {
    status: 401,
    code: 'AuthFailure',
    message: 'AWS was not able to validate the provided access credentials',
  })
})

test('the texts that clients match on are the observed ones', () => {
  const said = (refusal: Refusal): string => {
    const { status, code, message } = wordingOf(refusal, 'ec2')
    return `${status} ${code}: ${message}`
  }
  assert.equal(
    said({ code: 'NotFound', what: 'ipam-pool', id: 'ipam-pool-0' }),
    "400 InvalidIpamPoolId.NotFound: The ipam-pool ID 'ipam-pool-0' does not exist",
  )
  assert.equal(
    said({ code: 'NotFound', what: 'ipam-pool', id: 'prod-eu' }),
    "400 InvalidIpamPoolId.NotFound: There is no ipam-pool called 'prod-eu'",
  )
  assert.equal(
    said({ code: 'NotFound', what: 'ipam-pool-allocation', id: 'x' }),
    '400 InvalidIpamPoolAllocationId.NotFound: The IPAM pool allocation (x) does not exist.',
  )
  assert.equal(
    said({ code: 'DryRunSucceeded' }),
    '412 DryRunOperation: Request would have succeeded, but DryRun flag is set.',
  )
  assert.match(
    said({ code: 'Exhausted', pool: 'p', length: 28 }),
    /^400 InvalidParameterValue: The allocation size is too big for the pool\./,
  )
  assert.match(
    said(examples.Exhausted[2]!),
    /^400 InsufficientAddressCapacity: decision-1: No free space is left: .*\.\nPolicy: /,
  )
  assert.equal(
    said(examples.Exhausted[1]!),
    '400 InsufficientAddressCapacity: The subnet `subnet-1` has no free address left.',
  )
  assert.match(
    said(examples.DeniedByPolicy[0]!),
    /^403 UnauthorizedOperation: decision-1: Policy `ipam-policy-1` \(edge\) version 1, .*\.\nPolicy: /,
  )
  assert.match(
    said(examples.MissingRequiredTags[0]!),
    /: The resource is missing one or more of the resource tags required by the IPAM pool\./,
  )
  assert.match(
    said({ code: 'LimitExceeded', what: { of: 'addresses' }, limit: 5, used: 5 }),
    /^400 AddressLimitExceeded: You've reached the limit for addresses\./,
  )
  assert.match(
    said({ code: 'InvalidParameterValue', field: 'MaxResults', value: '1', problem }),
    /^400 InvalidMaxResults/,
  )
  assert.match(
    said({ code: 'MalformedId', what: 'vpc', id: 'x', expected: 'vpc-...' }),
    /InvalidVpcID\.Malformed: Invalid id: "x" \(expecting "vpc-\.\.\."\)$/,
  )
})

test('a value keeps its case where a sentence begins with it; a word has a capital', () => {
  const messageOf = (problem: string): string =>
    wordingOf({ code: 'NotEligible', problem: worded(problem) }, 'ec2').message
  for (const value of [
    'ipam-pool-1',
    'eu-central-1',
    'azure:westeurope',
    '10.0.0.0/8',
    'ipv4',
    'ou-ab12-c3',
    'cost_center',
  ]) {
    assert.equal(messageOf(`${value} is in use`), `${value} is in use.`)
  }
  assert.equal(messageOf('the pool is in use'), 'The pool is in use.')
  assert.equal(messageOf('nobody, so far'), 'Nobody, so far.')
  assert.equal(messageOf('full'), 'Full.')
})

test('I9 what a refusal repeats of a request is cut, in whatever fact of whatever refusal it stands', () => {
  const named = new Set(['code', 'what', 'why', 'unit', 'kind', 'reason', 'field', 'cause', 'outcome'])
  const lengthen = (fact: unknown): unknown => {
    if (typeof fact === 'string') return 'x'.repeat(100_000)
    if (Array.isArray(fact)) return fact.map(lengthen)
    if (typeof fact !== 'object' || fact === null) return fact
    return Object.fromEntries(Object.entries(fact).map(([name, one]) => [name, named.has(name) ? one : lengthen(one)]))
  }
  for (const refusal of Object.values(examples).flat()) {
    const lengthened = lengthen(refusal) as Refusal
    for (const protocol of protocols) {
      const { length } = wordingOf(lengthened, protocol).message
      assert(length < 9_000, `${refusal.code}: ${length}`)
    }
    const { length } = JSON.stringify(problemOf(lengthened, 'request'))
    assert(length < 20_000, `${refusal.code}: ${length}`)
  }
})

test('what is to be proposed is told whole: over the AWS APIs in words that a shell takes, over the native one as a member', () => {
  const operations = [
    { operation: 'updatePool', input: { poolId: 'ipam-pool-1', description: `what isn't ${'x'.repeat(300)}` } },
  ]
  const proposal = JSON.stringify(operations)
  assert(proposal.length > 250)
  const refusal = { code: 'ChangeRequestRequired', ipamId: 'ipam-1', operation: 'ModifyIpamPool', proposal } as const
  const { message } = wordingOf(refusal, 'ec2')
  const [, said] = /--operations '(.*)'`\.$/.exec(message)!
  assert.deepEqual(JSON.parse(said!.replaceAll(`'\\''`, `'`)), operations)
  const problem = problemOf(refusal, 'request')
  assert.deepEqual(JSON.parse(String(problem.proposal)), operations)
  assert(!problem.detail.includes('updatePool'), problem.detail)
})

test('a problem that repeats why policy says no has the words of its facts, and those of the step where one says more', () => {
  const refusal = {
    code: 'InvalidParameterValue',
    field: 'hold',
    value: 'ipam-pool-1',
    problem: { why: 'not-even-with' },
    told: toldOf('no-rule'),
  } as const
  const shown = cutFacts(refusal)
  assert.match(
    'problem' in shown ? shown.problem : '',
    /^with the exception, too, it could not be had: Policy `ipam-policy-1` \(edge\) version 1, .* has no allocation rule/,
  )
  const because = { kind: 'rule', subject: 'ipam-pool-1', result: 'hit', why: 'listed', rule: 2 } as const
  const { problem: words } = problemOf({ ...refusal, told: { ...refusal.told, because } }, 'request')
  assert.equal(words, 'with the exception, too, it could not be had: rule 2 lists it')
  for (const api of protocols) assert.doesNotMatch(wordingOf(refusal, api).message, /\p{Co}/u)
  assert(!('told' in problemOf(refusal, 'request')))
})

test('a denial says its words in front of its facts', () => {
  const names = Object.keys(problemOf(examples.DeniedByPolicy[0]!, 'request'))
  assert.deepEqual(names.slice(0, 4), ['decisionId', 'sentence', 'lines', 'account'])
})

test('of a denial for want of space what is cut is its words, however many pools are full', () => {
  const wanted = Array.from({ length: 100 }, (_, n) => ({ pool: `ipam-pool-${n}`, length: 28 }))
  const told = toldOf('exhausted')
  const denial = { ...told.denial!, value: { wanted } }
  const refusal = { ...examples.DeniedByPolicy[0]!, told: { ...told, denial }, actual: denial.value }
  const shown = cutFacts(refusal)
  assert(shown.code === 'DeniedByPolicy')
  const whole = wanted.map(({ pool, length }) => `/${length} in ${pool}`).join(', ')
  assert.equal(
    shown.lines.find((line) => line.startsWith('Value: ')),
    `Value: ${whole.slice(0, 400)}….`,
  )
  assert.equal(shown.actual, `${whole.slice(0, 200)}…`)
})

test('every code of a kind of object is in the reference, whatever is said of it', () => {
  const page = readFileSync(new URL('../../docs/reference/errors.md', import.meta.url), 'utf8')
  const missing = nouns.flatMap((what) =>
    (
      [
        { code: 'NotFound', what, id },
        { code: 'MalformedId', what, id, expected: id },
        { code: 'AlreadyExists', what, problem },
        { code: 'InUse', what, id, problem },
        { code: 'IncorrectState', what, id, problem },
        { code: 'DependencyViolation', what, id, problem },
        { code: 'AlreadyAssociated', what, id, problem },
      ] as const
    ).flatMap((refusal) =>
      protocols.map((protocol) => wordingOf(refusal, protocol).code).filter((code) => !page.includes(`\`${code}\``)),
    ),
  )
  assert.deepEqual([...new Set(missing)], [])
})
