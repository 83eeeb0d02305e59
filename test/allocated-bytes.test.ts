// What a request allocates in memory: garbage collection costs by it, whatever else runs on the machine.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { getHeapStatistics } from 'node:v8'
import { operationTables } from '#operations/tables.aws.ts'
import { managementAccount, openWorld } from './world.ts'

/**
 * 27,600 to 27,800 since each entry has its salt and hash (20,000 to 23,000 before), and
 * 40,000 before fewer functions were asynchronous. Under the test runner, which follows every promise; a server has a quarter less.
 */
const bytesMax = 28_000
const together = 64
const perRound = 2_048
/** Until V8 has compiled what it finds hot: beside much else that takes longer. */
const roundsMax = 24

const world = await openWorld({}, undefined, 'sqlite')
after(() => world.close())

let requests = 0
/** As the SDKs of AWS ask for an Elastic IP: with an id of the call that is signed. */
const allocate = () => {
  const requestId = `request-${++requests}`
  return world.executor.execute(operationTables.ec2.get('AllocateAddress')!, {
    principal: {
      account: managementAccount,
      arn: `arn:aws:iam::${managementAccount}:user/test`,
      accessKeyId: 'AKIATEST',
      userId: 'AIDATEST',
    },
    region: 'us-east-1',
    input: { Domain: 'vpc' } as object,
    requestId,
    invocationId: requestId,
    signature: requests.toString(16).padStart(64, '0'),
    bodyHash: '0'.repeat(64),
    sourceAddress: '127.0.0.1',
  })
}

test('an AllocateAddress makes no more garbage than it must, from its call to its commit', async () => {
  await world.executor.readBackRequests(() => false)
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < roundsMax && least > bytesMax; round++) {
    const before = getHeapStatistics().total_allocated_bytes
    for (let done = 0; done < perRound; done += together) await Promise.all(Array.from({ length: together }, allocate))
    least = Math.min(least, (getHeapStatistics().total_allocated_bytes - before) / perRound)
  }
  assert.ok(least <= bytesMax, `${Math.round(least)} bytes a request, and ${bytesMax} are the most`)
})
