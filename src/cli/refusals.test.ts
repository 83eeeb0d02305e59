// What people read when the server says no: the sentence, the facts that it has not said, and a next step that exists.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { roleNames } from '#model/roles.ts'
import type { Problem } from './client.ts'
import { endingOf, exitCodes } from './exit-codes.ts'
import { nativeCommands } from './native.generated.ts'
import { type Asked, wordsOf } from './refusals.ts'

const commandOf = (words: string) => nativeCommands.find((command) => command.words === words)!
const asked = (words: string, given: Asked['given'] = {}): Asked => ({
  command: commandOf(words),
  given,
  server: { url: 'https://cadastre.example.com', profile: 'work', principal: 'user:ada' },
  idempotencyKey: 'key-1',
  commands: nativeCommands,
  zone: 'UTC',
})
const problem = (status: number, code: string, facts: object = {}): Problem => ({
  type: `urn:cadastre:problem:${code}`,
  title: code,
  status,
  detail: 'It is so.',
  instance: 'urn:cadastre:request:request-7',
  code,
  ...facts,
})

test('a denial by policy says why, fact by fact, and leads to the explanation and to an exception', () => {
  const ask = "cadastre exception request --decision decision-1 --for 7d --reason 'WHY'"
  const facts = {
    decisionId: 'decision-1',
    cause: 'explicit',
    setting: 'on-explicit',
    version: 2,
    sentence: 'An eip in us-east-1 may not come from the provider.',
    lines: ['policy    ipam-policy-1 version 2', 'allowed   ipam-pool-1', `To ask: \`${ask}\`.`],
    advice: { nearestChange: 'None.', exceptionCommand: ask, mayRequestException: true },
  }
  const given = { account: '111111111111', resourceType: 'eip', locale: 'us-east-1', poolId: 'ipam-pool-2' }
  assert.equal(
    wordsOf(problem(403, 'DeniedByPolicy', facts), asked('explain request', given)),
    [
      'An eip in us-east-1 may not come from the provider.',
      '  policy    ipam-policy-1 version 2',
      '  allowed   ipam-pool-1',
      '  decisionId  decision-1',
      'Next: `cadastre explain decision decision-1` tells why, and the nearest change that would be granted.',
      `Next: or ask for an exception: \`${ask}\`.`,
      '',
    ].join('\n'),
  )
  const mayNot = { ...facts, advice: { ...facts.advice, mayRequestException: false } }
  const told = wordsOf(problem(403, 'DeniedByPolicy', mayNot), asked('explain request', given))
  assert.match(told, /^ {2}To ask: `cadastre exception request/m, 'whoever may not is told by the line alone')
  assert.doesNotMatch(told, /Next: or ask for an exception/)
})

test('for want of a role: which roles would do, where, and how they are given', () => {
  const because = 'no role of `user:ada` permits it at `ou-1`'
  const facts = { action: 'policy:manage', because, reason: 'no-role', principal: 'user:ada', node: 'ou-1' }
  const text = wordsOf(problem(403, 'NotAuthorized', facts), asked('policy create'))
  assert.match(text, /one of these roles at `ou-1`: organization-administrator, policy-author\./)
  assert.match(text, /`cadastre role-binding create --principal user:ada --role policy-author --node ou-1`/)
  const narrowed = { action: 'policy:manage', because: 'the scopes of your token do not cover it', reason: 'scopes' }
  assert.match(wordsOf(problem(403, 'NotAuthorized', narrowed), asked('policy create')), /not narrowed so far/)
})

test('every code has the next step that helps', () => {
  const given = { policyId: 'ipam-policy-1', compatibility: 'odd', account: '111111111111' }
  const steps: readonly [Problem, string, RegExp][] = [
    [problem(401, 'InvalidToken'), 'whoami', /login --url https:\/\/cadastre\.example\.com --profile work`/],
    [
      problem(412, 'PreconditionFailed', { current: '"b"' }),
      'policy update',
      /policy show ipam-policy-1`, repeat with `--if-match '"b"'`/,
    ],
    [problem(409, 'IncorrectState'), 'policy update', /policy show ipam-policy-1`/],
    [problem(422, 'IdempotencyMismatch'), 'policy update', /another one/],
    [problem(404, 'NotFound', { what: 'ipam-policy' }), 'policy update', /`cadastre policy list`/],
    [
      problem(404, 'NotFound', { what: 'ipam-pool' }),
      'policy update',
      /`cadastre pool list --usable-by 111111111111` shows what the account may use/,
    ],
    [problem(404, 'InvalidAction'), 'policy update', /another version/],
    [problem(400, 'InvalidParameterValue', { field: 'compatibility' }), 'policy update', /change `--compatibility`/],
    [problem(400, 'MissingParameter', { field: 'policyId' }), 'policy update', /change POLICY-ID/],
    [problem(429, 'Throttled', { retryAfterSeconds: 3 }), 'policy update', /wait 3 s.*--idempotency-key key-1/],
    [problem(503, 'Unavailable'), 'policy list', /nothing was changed/],
    [
      problem(507, 'Exhausted', { poolId: 'ipam-pool-1', netmaskLength: 28 }),
      'policy list',
      /`ipam-pool-1` to provision more/,
    ],
    [problem(500, 'Fault'), 'policy list', /`request-7` in its log/],
  ]
  for (const [refusal, words, expected] of steps) {
    const text = wordsOf(refusal, asked(words, given))
    assert(text.startsWith('It is so.\n'), text)
    assert.match(text, /\nNext: /)
    assert.match(text, expected)
  }
})

test('a next step names only commands and roles that there are', () => {
  const without: Asked = { ...asked('policy list'), commands: [] }
  const facts = { decisionId: 'decision-1', sentence: 'No.', lines: [] }
  assert.doesNotMatch(wordsOf(problem(403, 'DeniedByPolicy', facts), without), /cadastre (?:explain|exception)/)
  for (const words of ['explain decision', 'exception request', 'role-binding create', 'token create']) {
    assert(commandOf(words), words)
  }
  assert(roleNames.includes('organization-administrator'))
})

test('who may not decide on their own exception is not sent for a role', () => {
  const because = '`user:ada` asked for `exception-1`, and so `user:ada` cannot approve it; somebody else must'
  const text = wordsOf(
    problem(403, 'NotAuthorized', { action: 'exception:approve', because }),
    asked('exception approve'),
  )
  assert.doesNotMatch(text, /Next:/)
})

test('what others wrote into a refusal does not steer the terminal', () => {
  const text = wordsOf(
    { ...problem(409, 'PolicyConflict', { note: 'x\u001b[2J' }), detail: 'a\u001b[31m' },
    asked('policy list'),
  )
  assert.doesNotMatch(text, /(?!\n)\p{Cc}/u)
})

test('each kind of end has a number of its own', () => {
  const codes = Object.values(exitCodes).map(({ code }) => code)
  assert.deepEqual(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  const endings = [400, 401, 403, 404, 409, 410, 412, 422, 429, 500, 501, 503, 507].map(
    (status) => exitCodes[endingOf({ status, code: 'Any' })].code,
  )
  assert.deepEqual(endings, [2, 3, 4, 5, 6, 5, 6, 6, 8, 1, 1, 8, 7])
  assert.equal(endingOf({ status: 404, code: 'InvalidAction' }), 'failed')
})

test('a fact that the sentence has in another case is said all the same', () => {
  const facts = { field: 'name', value: 'Shop', problem: 'it is not so' }
  const text = wordsOf(
    { ...problem(409, 'AlreadyExists', facts), detail: 'The shop is there. It is not so.' },
    asked('policy list'),
  )
  assert.match(text, /^ {2}value {2}Shop$/m)
  assert.doesNotMatch(text, /^ {2}problem /m)
})

test('only what the server writes to its log is looked up there', () => {
  const atLog = /in its log|request-7/
  assert.match(wordsOf(problem(500, 'Fault'), asked('policy list')), atLog)
  for (const [status, code] of [
    [501, 'NotSupported'],
    [503, 'Unavailable'],
    [507, 'Exhausted'],
  ] as const) {
    assert.doesNotMatch(wordsOf(problem(status, code), asked('policy list')), atLog, code)
  }
})

test('a change that may be repeated names the moment that was meant, not one that is later by then', () => {
  const given = { expiresAt: '2026-12-06T23:30:00.000Z', target: '111111111111' }
  const text = wordsOf(problem(503, 'Unavailable'), asked('exception request', given))
  assert.match(text, /with `--idempotency-key key-1 --expires-at 2026-12-06T23:30:00\.000Z` it is done once/)
})

test('for want of tags it is said which, and what a decision that was only tried has left is not named', () => {
  const tags = wordsOf(
    problem(403, 'MissingRequiredTags', { poolId: 'ipam-pool-1', missing: ['team', 'stage=test'] }),
    asked('allocation create'),
  )
  assert.match(tags, /^Next: repeat it with `--tags team=VALUE --tags stage=test`\.$/m)
  const facts = { decisionId: 'decision-1', cause: 'explicit', actual: 'ipam-pool-2', sentence: 'No.', lines: [] }
  const tried = wordsOf(problem(403, 'DeniedByPolicy', facts), { ...asked('allocation create'), isDryRun: true })
  assert.doesNotMatch(tried, /explain decision/)
})

test('what is no longer kept, and what policies conflict about, can be looked up', () => {
  const kept = wordsOf(
    problem(410, 'NoLongerKept', { what: 'decision', id: 'decision-1', before: 'x' }),
    asked('policy list'),
  )
  assert.match(kept, /`cadastre decision retention`/)
  const facts = { node: 'ou-ab12-c3d4e5f6', locale: 'us-east-1', resourceType: 'eip' }
  const given = { policyId: 'ipam-policy-1', targetId: 'ou-ab12-c3d4e5f6' }
  const conflict = wordsOf(problem(409, 'PolicyConflict', facts), asked('assignment put', given))
  // The assignment that was to be put is not there: nothing of it can be shown.
  assert.match(conflict, /`cadastre policy effective --node ou-ab12-c3d4e5f6 --locale us-east-1 --resource-type eip`/)
  assert.doesNotMatch(conflict, /assignment show/)
})
