// The snapshot that decisions are made on, as the executor hands it out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAcme, shop } from '../../test/acme.ts'
import { ec2Write } from './operation.aws.ts'

test('what is compiled between a change and its epoch is forgotten: a change that is rolled back decides nothing', async () => {
  const acme = await openAcme()
  const pool = await acme.pool()
  const policy = await acme.policy()
  await acme.rules(policy, [pool])
  await acme.enable(policy)
  // An operation that looks at the snapshot too early and then fails: the worst that a careless one could do.
  const careless = ec2Write('DeleteIpamPolicy', async (context) => {
    await context.governanceChanged()
    await context.tx.policies.unassign(policy, 'r-acme')
    await context.snapshot()
    throw new Error('it breaks off')
  })
  const call = {
    principal: {
      account: shop,
      arn: 'arn:aws:iam::333333333333:user/test',
      accessKeyId: 'AKIATEST',
      userId: 'AIDATEST',
    },
    region: 'us-east-1',
    input: {},
    requestId: 'request',
    sourceAddress: '127.0.0.1',
  }
  await assert.rejects(acme.executor.execute(careless, call), /breaks off/)
  const early = ec2Write('DeleteIpamPolicy', async (context) => {
    await context.tx.policies.unassign(policy, 'r-acme')
    await context.snapshot()
    throw new Error('it breaks off')
  })
  await acme.call(
    'CreateTags',
    { Resources: [acme.ipam], Tags: [{ Key: 'Name', Value: 'acme' }] },
    { account: '222222222222' },
  )
  await assert.rejects(acme.executor.execute(early, call), /breaks off/)
  assert.equal(await acme.poolOfAddress(shop), pool)
  await acme.close()
})
