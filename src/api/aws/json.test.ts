// Organizations' JSON: every operation's members both ways, and hostile bodies.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { OrganizationsOperation } from '#formats/aws/organizations.generated.ts'
import { organizationsModel } from '#formats/aws/service-model.ts'
import { type Refusal, Refused } from '#model/refusal.ts'
import { readJsonInput, readTarget, writeJsonError, writeJsonResponse } from './json.ts'

function read(name: OrganizationsOperation, text: string): unknown {
  return readJsonInput(name, Buffer.from(text))
}

function refusalOf(run: () => unknown): Refusal {
  try {
    run()
  } catch (error) {
    assert(error instanceof Refused, `not a refusal: ${error}`)
    return error.refusal
  }
  assert.fail('accepted')
}

const ordinary = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test('inputs are read and checked by the model', () => {
  const input = { Email: 'dev@example.com', AccountName: 'Dev', Tags: [{ Key: 'env', Value: 'dev' }] }
  assert.deepEqual(ordinary(read('CreateAccount', JSON.stringify(input))), input)
  assert.deepEqual(ordinary(read('ListAccounts', '{"MaxResults": 20, "NextToken": null}')), { MaxResults: 20 })
  assert.deepEqual(ordinary(read('DescribeOrganization', '')), {})
  const no = (name: OrganizationsOperation, text: string): string => {
    const refusal = refusalOf(() => read(name, text))
    return `${refusal.code} ${'field' in refusal ? refusal.field : ''}`
  }
  assert.equal(no('CreateAccount', '{"Email":"dev@example.com"}'), 'MissingParameter AccountName')
  assert.equal(no('CreateAccount', '{"Email":"nonsense","AccountName":"x"}'), 'InvalidParameterValue Email')
  assert.equal(no('CreateAccount', '{"Email":1,"AccountName":"x"}'), 'InvalidParameterValue Email')
  assert.equal(
    no('CreateAccount', '{"Email":"a@b.cd","AccountName":"x","Tags":[{"Key":"k"}]}'),
    'MissingParameter Tags[0].Value',
  )
  assert.equal(no('CreateAccount', '{"Email":"a@b.cd","AccountName":"x","Extra":1}'), 'UnknownParameter Extra')
  assert.equal(no('ListAccounts', '{"MaxResults": 21}'), 'InvalidParameterValue MaxResults')
  assert.equal(no('ListAccounts', '{"MaxResults": 1.5}'), 'InvalidParameterValue MaxResults')
  assert.equal(no('DescribeAccount', '{"AccountId": "12345678901"}'), 'InvalidParameterValue AccountId')
  assert.equal(
    no('MoveAccount', '{"AccountId":"111111111111","SourceParentId":"r-abcd!","DestinationParentId":"r-abcd"}'),
    'InvalidParameterValue SourceParentId',
  )
})

test('I1 hostile JSON is refused and touches nothing', () => {
  const before = Object.getOwnPropertyNames(Object.prototype).join()
  for (const text of [
    '{"__proto__":{"x":1}}',
    '{"constructor":1}',
    '{"NextToken":{"__proto__":1}}',
    '[]',
    'null',
    '1',
    '{',
    '\u{feff}{',
    '['.repeat(60_000),
    `${'{"a":'.repeat(10_000)}1`,
  ]) {
    refusalOf(() => read('ListAccounts', text))
  }
  refusalOf(() => readJsonInput('ListAccounts', Buffer.from([0x7b, 0xff, 0x7d])))
  fc.assert(
    fc.property(fc.json(), (text) => {
      for (const name of ['ListAccounts', 'CreateAccount', 'TagResource'] as const) {
        try {
          read(name, text)
        } catch (error) {
          assert(error instanceof Refused, `not a refusal: ${error}`)
        }
      }
    }),
    { numRuns: 500 },
  )
  assert.equal(Object.getOwnPropertyNames(Object.prototype).join(), before)
})

test('I3 a member that stands twice is refused by its place', () => {
  const move = '"AccountId":"111111111111","SourceParentId":"r-abcd"'
  for (const [name, text, field] of [
    ['MoveAccount', `{${move},"DestinationParentId":"r-abcd","DestinationParentId":"r-abce"}`, 'DestinationParentId'],
    [
      'MoveAccount',
      `{${move},"DestinationParentId":"r-abcd","\\u0044estinationParentId":"r-abce"}`,
      'DestinationParentId',
    ],
    ['TagResource', '{"ResourceId":"111111111111","Tags":[{"Key":"a","Value":"1","Value":"2"}]}', 'Tags[0].Value'],
  ] as const) {
    assert.deepEqual(
      refusalOf(() => read(name, text)),
      { code: 'DuplicateParameter', field },
      text,
    )
  }
})

test('I10 patterns stay linear on long input', () => {
  const start = performance.now()
  for (const text of [
    'a@'.repeat(16_000),
    `a@${'a.'.repeat(16_000)}`,
    'a'.repeat(32_000),
    `ou-${'a'.repeat(32_000)}`,
  ]) {
    refusalOf(() => read('CreateAccount', JSON.stringify({ Email: text, AccountName: 'x' })))
    refusalOf(() => read('ListChildren', JSON.stringify({ ParentId: text, ChildType: 'ACCOUNT' })))
  }
  assert(performance.now() - start < 250)
})

test('targets outside the service are not this API', () => {
  assert.equal(readTarget('AWSOrganizationsV20161128.ListRoots'), 'ListRoots')
  for (const target of [
    'ListRoots',
    'AWSOrganizationsV20161128.',
    'AWSOrganizationsV20161128.toString',
    'Other.ListRoots',
  ]) {
    assert.equal(refusalOf(() => readTarget(target)).code, 'InvalidAction', target)
  }
  assert.equal(refusalOf(() => readTarget(undefined)).code, 'MissingParameter')
})

test('answers have the members of the model, and moments in seconds', () => {
  const text = writeJsonResponse('DescribeAccount', {
    Account: { Id: '111111111111', JoinedTimestamp: 1_767_323_045_500, Email: undefined },
  })
  assert.deepEqual(JSON.parse(text), { Account: { Id: '111111111111', JoinedTimestamp: 1_767_323_045.5 } })
  assert.equal(writeJsonResponse('MoveAccount', {}), '')
  assert.deepEqual(JSON.parse(writeJsonError('AccountNotFoundException', 'no')), {
    __type: 'AccountNotFoundException',
    Message: 'no',
  })
  assert.deepEqual(JSON.parse(writeJsonError('InvalidInputException', 'no', 'INPUT_REQUIRED')), {
    __type: 'InvalidInputException',
    Message: 'no',
    Reason: 'INPUT_REQUIRED',
  })
  for (const name of Object.keys(organizationsModel.operations)) writeJsonResponse(name as OrganizationsOperation, {})
})
