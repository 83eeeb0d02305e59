// The executor: what becomes of a request that comes again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AllocateAddressResult } from '#formats/aws/ec2.generated.ts'
import { refuses } from '../../test/organization.ts'
import { managementAccount, openWorld, testSettings, type World } from '../../test/world.ts'
import { type Call, NotBegun, openExecutor } from './execute.ts'
import { operationTables } from './tables.aws.ts'

const call: Call = {
  principal: { account: managementAccount, arn: 'arn:x', accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
  region: 'us-east-1',
  input: {},
  requestId: 'request',
  signature: 'ab'.repeat(32),
  sourceAddress: '127.0.0.1',
}
const allocateAddress = operationTables.ec2.get('AllocateAddress')!

const take = async (world: World, more: Partial<Call>) =>
  (await world.executor.execute(allocateAddress, { ...call, ...more })).output as AllocateAddressResult
const heldIn = async (world: World) => (await world.call('DescribeAddresses', {})).Addresses!.length
const otherSignature = 'cd'.repeat(32)

test('I5 an invocation id seen again gets the first answer, signed or not, though the retry was signed anew', async () => {
  const world = await openWorld()
  for (const id of [{ invocationId: 'one' }, { unsignedInvocationId: 'two' }]) {
    const first = await take(world, { ...id, signature: `${JSON.stringify(id).length}f`.repeat(16).slice(0, 64) })
    assert.deepEqual(await take(world, { ...id, signature: otherSignature }), first)
  }
  assert.equal(await heldIn(world), 2)
  await world.close()
})

test('I5 equal calls of one second have one signature, and their unsigned ids tell them apart', async () => {
  const world = await openWorld()
  const ids = ['one', 'two', 'three']
  const made = await Promise.all(ids.map((unsignedInvocationId) => take(world, { unsignedInvocationId })))
  assert.equal(new Set(made.map(({ AllocationId }) => AllocationId)).size, ids.length)
  for (const [index, unsignedInvocationId] of ids.entries())
    assert.deepEqual(await take(world, { unsignedInvocationId }), made[index])
  // Without any id nothing tells a repeat from an equal call, so nothing is given twice and nothing is lost.
  await take(world, { signature: 'ef'.repeat(32) })
  await refuses(take(world, { signature: 'ef'.repeat(32) }), { code: 'Unavailable' })
  assert.equal(await heldIn(world), ids.length + 1)
  await world.close()
})

test('I5 A3 where replays are refused strictly, a signature is good for one call, whatever id comes beside it', async () => {
  const world = await openWorld({ isStrictOnReplays: true })
  const first = await take(world, { unsignedInvocationId: 'one' })
  await refuses(take(world, { unsignedInvocationId: 'two' }), { code: 'Unavailable' })
  await refuses(take(world, {}), { code: 'Unavailable' })
  assert.deepEqual(await take(world, { unsignedInvocationId: 'one' }), first)
  const second = await take(world, { unsignedInvocationId: 'two', signature: otherSignature })
  assert.notEqual(second.AllocationId, first.AllocationId)
  assert.equal(await heldIn(world), 2)
  await world.close()
})

test('I5 an unsigned id with other parameters is another call', async () => {
  const world = await openWorld()
  const tagged: object = { TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: [{ Key: 'a', Value: 'b' }] }] }
  const first = await take(world, { unsignedInvocationId: 'one' })
  const second = await take(world, { unsignedInvocationId: 'one', input: tagged, signature: otherSignature })
  assert.notEqual(second.AllocationId, first.AllocationId)
  await world.close()
})

test('I5 what was used is known after a restart', async () => {
  const world = await openWorld({ isStrictOnReplays: true })
  const first = await take(world, { unsignedInvocationId: 'one' })
  await take(world, { signature: otherSignature })
  const again = { ...world, executor: await openExecutor(world.store, { ...testSettings, isStrictOnReplays: true }) }
  assert.deepEqual(await take(again, { unsignedInvocationId: 'one', signature: '12'.repeat(32) }), first)
  await refuses(take(again, { unsignedInvocationId: 'two' }), { code: 'Unavailable' })
  await refuses(take(again, { signature: otherSignature }), { code: 'Unavailable' })
  await world.close()
})

test('what was handed over and is no longer ours is not begun, and leaves nothing', async () => {
  const world = await openWorld()
  let asked = 0
  const handedOver = { invocationId: 'one', isStillOurs: () => asked++ < 0 }
  await take(world, {})
  const [gone, other] = await Promise.allSettled([take(world, handedOver), take(world, { invocationId: 'two' })])
  assert.ok(gone.status === 'rejected' && gone.reason instanceof NotBegun)
  assert.equal(other.status, 'fulfilled', 'what shares the transaction goes on')
  assert.equal(asked, 1)
  // Whoever asked does it by themselves: the same token is not used yet.
  const done = await take(world, { invocationId: 'one' })
  assert.deepEqual(await take(world, { ...handedOver, isStillOurs: () => true }), done)
  await world.close()
})

test('I5 a client token does not mind in which order the same parameters stand, at any depth', async () => {
  const world = await openWorld()
  const TagSpecifications = [{ ResourceType: 'ipam', Tags: [{ Key: 'a', Value: 'b' }] }] as const
  const first = await world.call('CreateIpam', { ClientToken: 'one', Description: 'x', TagSpecifications })
  const reordered = [{ Tags: [{ Value: 'b', Key: 'a' }], ResourceType: 'ipam' }] as const
  const again = await world.call('CreateIpam', {
    TagSpecifications: reordered,
    Description: 'x',
    ClientToken: 'one',
  })
  assert.equal(again.Ipam!.IpamId, first.Ipam!.IpamId)
  const other = [{ ResourceType: 'ipam', Tags: [{ Key: 'b', Value: 'a' }] }] as const
  await refuses(world.call('CreateIpam', { ClientToken: 'one', Description: 'x', TagSpecifications: other }), {
    code: 'IdempotencyMismatch',
  })
  await world.close()
})

test('I9 text that a database cannot keep is refused by its place, whatever is asked', async () => {
  const world = await openWorld()
  await refuses(world.call('CreateIpam', { Description: 'a\0b' }), {
    code: 'InvalidParameterValue',
    field: 'Description',
  })
  await refuses(world.call('DescribeIpams', { Filters: [{ Name: 'tag:x', Values: ['\ud83d'] }] }), {
    code: 'InvalidParameterValue',
    field: 'Filters.0.Values.0',
  })
  await world.close()
})

test('D8 one account changes what is governed so often in a minute, and leaves others theirs', async () => {
  const world = await openWorld()
  // The first of all makes the pool of the provider.
  await take(world, {})
  const executor = await openExecutor(world.store, testSettings, { movesPerMinute: 2 })
  const ask = async (name: string, input: object, more: Partial<Call> = {}) =>
    (await executor.execute(operationTables.ec2.get(name)!, { ...call, ...more, input })).output
  const { Ipam } = (await ask('CreateIpam', {}, { invocationId: 'one' })) as { Ipam: { IpamId: string } }
  const makeScope = (invocationId: string) => ask('CreateIpamScope', { IpamId: Ipam.IpamId }, { invocationId })
  const made = await makeScope('two')
  await refuses(makeScope('three'), { code: 'Throttled' })
  // What was made is answered again, and what changes nothing that is governed goes on.
  assert.equal(JSON.stringify(await makeScope('two')), JSON.stringify(made))
  await ask('AllocateAddress', {}, { invocationId: 'take' })
  const account = '222222222222'
  await world.store.write(({ organizations, now }) =>
    organizations.insertAccount({
      ...{ id: account, name: 'other', email: 'other@example.com' },
      ...{ status: 'ACTIVE', joinedMethod: 'INVITED', joinedAt: now },
    }),
  )
  const principal = { ...call.principal, account, arn: 'arn:y' }
  await ask('CreateIpam', {}, { invocationId: 'four', principal })
  world.advance(60_000)
  await makeScope('three')
  await world.close()
})
