// What was released rests: nobody but its last owner gets it back before the end, however they ask.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import { openWorld, type World } from './world.ts'

const restSeconds = 300
/** Four addresses of the provider's: few enough to take them all. */
const settings = { quarantineSecondsPublic: restSeconds, providerIpv4Cidr: '198.18.0.0/30' }
const everyAddress = ['198.18.0.0', '198.18.0.1', '198.18.0.2', '198.18.0.3']

/** A world with a second account, which has nothing to do with the first. */
async function openTwo(): Promise<{ world: World; other: { account: string } }> {
  const world = await openWorld(settings)
  await world.organizations('CreateOrganization', {})
  const { CreateAccountStatus } = await world.organizations('CreateAccount', {
    AccountName: 'other',
    Email: 'other@example.com',
  })
  const { CreateAccountStatus: done } = await world.organizations('DescribeCreateAccountStatus', {
    CreateAccountRequestId: CreateAccountStatus!.Id!,
  })
  return { world, other: { account: done!.AccountId! } }
}

/** The first account takes everything and gives the first address back. */
async function fillAndRelease(world: World): Promise<void> {
  const ids: string[] = []
  for (const expected of everyAddress) {
    const { AllocationId, PublicIp } = await world.call('AllocateAddress', {})
    assert.equal(PublicIp, expected)
    ids.push(AllocationId!)
  }
  await world.call('ReleaseAddress', { AllocationId: ids[0]! })
}
const isRefused = (error: unknown): boolean => error instanceof Refused

test('I6 a released address goes to nobody else before its rest ends, and then does', async () => {
  const { world, other } = await openTwo()
  try {
    await fillAndRelease(world)
    for (const wait of [0, restSeconds * 1000 - 1]) {
      world.advance(wait)
      await assert.rejects(world.call('AllocateAddress', {}, other), isRefused)
      await assert.rejects(world.call('AllocateAddress', { Address: everyAddress[0]! }, other), isRefused)
      await assert.rejects(world.call('AllocateAddress', {}), isRefused)
    }
    world.advance(1)
    const { PublicIp } = await world.call('AllocateAddress', {}, other)
    assert.equal(PublicIp, everyAddress[0])
  } finally {
    await world.close()
  }
})

test('I6 who released an address may have it back early by naming it, and it then rests anew', async () => {
  const { world, other } = await openTwo()
  try {
    await fillAndRelease(world)
    world.advance(restSeconds * 1000 - 1)
    const { AllocationId, PublicIp } = await world.call('AllocateAddress', { Address: everyAddress[0]! })
    assert.equal(PublicIp, everyAddress[0])
    world.advance(restSeconds * 1000)
    await assert.rejects(world.call('AllocateAddress', {}, other), isRefused)
    await world.call('ReleaseAddress', { AllocationId: AllocationId! })
    world.advance(restSeconds * 1000 - 1)
    await assert.rejects(world.call('AllocateAddress', {}, other), isRefused)
  } finally {
    await world.close()
  }
})
