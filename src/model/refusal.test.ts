// Refusals name the members of requests; each API says them by its own names.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemInWords } from './problems/problem.ts'
import { nameMembers, naming, type Refused, refuseValue } from './refusal.ts'

const problem = { why: 'greater-than', member: 'maxLength', max: 28 } as const
const shorter = { code: 'InvalidParameterValue', field: 'minLength', value: '30', problem } as const
const members = { minLength: 'AllocationMinNetmaskLength', maxLength: 'AllocationMaxNetmaskLength' }

test('a refusal names its member as the API calls it, and knows how it calls those that its problem is about', async () => {
  const refused = naming(members, async () => refuseValue('minLength', 30, problem))
  await assert.rejects(refused, ({ refusal }: Refused) => {
    assert.deepEqual(refusal, { ...shorter, field: 'AllocationMinNetmaskLength', members })
    return true
  })
  const name = (member: string) => members[member as keyof typeof members]
  assert.equal(problemInWords(problem, { name }), 'it must not be greater than AllocationMaxNetmaskLength 28')
})

test('a member that the API has no other name for keeps its own', () => {
  assert.equal(problemInWords(problem), 'it must not be greater than maxLength 28')
  assert.equal(nameMembers({ ...shorter, field: 'constructor' }, members).code, 'InvalidParameterValue')
})

test('whoever names the members first is who was asked', () => {
  const named = nameMembers(nameMembers(shorter, members), { AllocationMinNetmaskLength: 'other' })
  assert.deepEqual(named.members, members)
})

test('what is no refusal passes unchanged', async () => {
  const fault = new Error('minLength')
  await assert.rejects(
    naming(members, () => Promise.reject(fault)),
    (error) => error === fault,
  )
})
