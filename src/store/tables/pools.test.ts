// What of a pool is stored as JSON: the text that every version has written, whatever it is called in the code.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr } from '#model/cidr.ts'
import { emptyDatabase } from '../../../test/database.ts'
import { insertPool, insertScope } from '../../../test/pool.ts'

const required = '[{"Key":"env","Value":"prod"}]'
const source = '{"ResourceId":"vpc-1","ResourceType":"vpc","ResourceRegion":"us-east-1","ResourceOwner":"111111111111"}'

test('required tags and source resources are stored, and kept in the history, as they were from the beginning', async () => {
  const database = await emptyDatabase()
  const store = await database.open()
  const kept = await store.write(async (tx) => {
    await insertScope(tx)
    await tx.vpcs.insert({
      id: 'vpc-1',
      account: '111111111111',
      region: 'us-east-1',
      tenancy: 'default',
      dhcpOptionsId: 'dopt-1',
      enableDnsSupport: true,
      enableDnsHostnames: false,
      enableNetworkAddressUsageMetrics: false,
    })
    const n = await insertPool(tx, 'plain', [parseCidr('10.0.0.0/8')!], { inScope: true })
    const plain = (await tx.pools.findByNumber(n))!
    const pool = {
      ...plain,
      n: tx.nextSequence(),
      id: 'ipam-pool-plan',
      requiredTags: [{ key: 'env', value: 'prod' }],
      sourceResource: { id: 'vpc-1', type: 'vpc', region: 'us-east-1', account: '111111111111' },
    } as const
    await tx.pools.insert(pool)
    assert.deepEqual(await tx.pools.find(pool.id), pool)
    return JSON.stringify(tx.pools.forHistory(pool))
  })
  const [row] = await database.select(`select required_tags, source_resource from pool where id = 'ipam-pool-plan'`)
  assert.deepEqual({ ...row }, { required_tags: required, source_resource: source })
  assert(kept.includes(`"requiredTags":${required},"sourceResource":${source}`), kept)
  await store.close()
  await database.remove()
})
