// The hallway: what becomes of a request that comes again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AllocateAddressResult } from '#formats/aws/ec2.generated.ts'
import { refuses } from '../../test/organization.ts'
import { managementAccount, openWorld } from '../../test/world.ts'
import type { Call } from './execute.ts'
import { operationTables } from './tables.ts'

const call: Call = {
  principal: { account: managementAccount, arn: 'arn:x', accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
  region: 'us-east-1',
  input: {},
  requestId: 'request',
  signature: 'ab'.repeat(32),
  sourceAddress: '127.0.0.1',
}
const allocateAddress = operationTables.ec2.get('AllocateAddress')!

test('I5 a signature seen again gets the first answer', async () => {
  const world = await openWorld()
  const first = (await world.hallway.execute(allocateAddress, call)).output
  assert.deepEqual((await world.hallway.execute(allocateAddress, call)).output, first)
  assert.equal((await world.call('DescribeAddresses', {})).Addresses!.length, 1)
  await world.close()
})

test('I5 equal requests in one second, told apart by an id that is not signed: the second has to be signed anew', async () => {
  const world = await openWorld()
  const take = async (call: Call) =>
    (await world.hallway.execute(allocateAddress, call)).output as AllocateAddressResult
  const first = await take({ ...call, unsignedInvocationId: 'one' })
  assert.equal((await take({ ...call, unsignedInvocationId: 'one' })).AllocationId, first.AllocationId)
  // So does somebody who has read the first on its way and changes the id.
  await refuses(take({ ...call, unsignedInvocationId: 'two' }), { code: 'Unavailable' })
  const second = await take({ ...call, unsignedInvocationId: 'two', signature: 'cd'.repeat(32) })
  assert.notEqual(second.AllocationId, first.AllocationId)
  assert.equal((await world.call('DescribeAddresses', {})).Addresses!.length, 2)
  await world.close()
})
