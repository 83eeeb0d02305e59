// What of a pool is stored as JSON; and what was kept of one in EC2's words before is read as if it were kept now.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr } from '#model/cidr.ts'
import { emptyDatabase } from '../../../test/database.ts'
import { assertSaysSame } from '../../../test/history-before.ts'
import { insertPool, insertScope } from '../../../test/pool.ts'

const required = '[{"key":"env","value":"prod"}]'
const source = '{"id":"vpc-1","type":"vpc","region":"us-east-1","account":"111111111111"}'
const before =
  '"requiredTags":[{"Key":"env","Value":"prod"}],"sourceResource":{"ResourceId":"vpc-1","ResourceType":"vpc","ResourceRegion":"us-east-1","ResourceOwner":"111111111111"}'

test('required tags and source resources are stored, and kept in the history, in our words', async () => {
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
    return { ...tx.pools.forHistory(pool), tags: { a: 'b' } }
  })
  const [row] = await database.select(`select required_tags, source_resource from pool where id = 'ipam-pool-plan'`)
  assert.deepEqual({ ...row }, { required_tags: required, source_resource: source })
  const { requiredTags: _, sourceResource: __, tags: ___, ...rest } = kept as Record<string, unknown>
  assertSaysSame('ipam-pool', kept, `{"tags":[{"Key":"a","Value":"b"}],${before},${JSON.stringify(rest).slice(1)}`)
  await store.close()
  await database.remove()
})
