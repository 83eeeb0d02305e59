// Refusals name the members of requests; each API says them by its own names.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { member, nameMembers, naming, type Refused, refuseValue } from './refusal.ts'

const shorter = { code: 'InvalidParameterValue', field: 'minLength', value: '30' } as const
const members = { minLength: 'AllocationMinNetmaskLength', maxLength: 'AllocationMaxNetmaskLength' }

test('a refusal names its member, and those that its sentence names, as the API calls them', async () => {
  const refused = naming(members, async () => refuseValue('minLength', 30, `it exceeds ${member('maxLength')} 28`))
  await assert.rejects(refused, ({ refusal }: Refused) => {
    const problem = 'it exceeds AllocationMaxNetmaskLength 28'
    assert.deepEqual(refusal, { ...shorter, field: 'AllocationMinNetmaskLength', problem })
    return true
  })
})

test('a member that the API has no other name for keeps its own, and no mark is left', () => {
  const refusal = { ...shorter, problem: `it exceeds ${member('maxLength')}` }
  assert.deepEqual(nameMembers(refusal), { ...shorter, problem: 'it exceeds maxLength' })
  assert.equal(nameMembers({ ...refusal, field: 'constructor' }, members).code, 'InvalidParameterValue')
})

test('words of a sentence that happen to be names of members stay as they are', () => {
  const refusal = { ...shorter, problem: 'the minLength of 8, in `minLength`' }
  assert.deepEqual(nameMembers(refusal, members), { ...refusal, field: 'AllocationMinNetmaskLength' })
})

test('what is no refusal passes unchanged', async () => {
  const fault = new Error('minLength')
  await assert.rejects(
    naming(members, () => Promise.reject(fault)),
    (error) => error === fault,
  )
})
