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

test('why a CIDR could not be had is stored as facts, and a sentence from before is read as it is', async () => {
  const database = await emptyDatabase()
  const store = await database.open()
  const [cidr, failure] = [
    parseCidr('10.0.0.0/9')!,
    { why: 'overlaps', cidr: '10.0.0.0/8', pool: 'ipam-pool-1' } as const,
  ]
  const n = await store.write(async (tx) => {
    await insertScope(tx)
    const n = await insertPool(tx, 'failing', [parseCidr('10.128.0.0/9')!], { inScope: true })
    for (const id of ['ipam-pool-cidr-new', 'ipam-pool-cidr-old']) {
      const [state, failureCode] = ['failed-provision', 'cidr-not-available'] as const
      await tx.pools.insertCidr({
        id,
        pool: n,
        cidr,
        state,
        failureCode,
        failure,
        parentAllocation: undefined,
        createdAt: 0,
      })
    }
    return n
  })
  const [row] = await database.select(`select failure_message from pool_cidr where id = 'ipam-pool-cidr-new'`)
  assert.deepEqual(JSON.parse(row!.failure_message as string), failure)
  await database.execute(`update pool_cidr set failure_message = 'It overlaps.' where id = 'ipam-pool-cidr-old'`)
  const read = await store.read((tx) => tx.pools.cidrs(n))
  assert.deepEqual(
    read.filter(({ failure: why }) => why).map((one) => [one.id, one.failure]),
    [
      ['ipam-pool-cidr-new', failure],
      ['ipam-pool-cidr-old', { words: 'It overlaps.' }],
    ],
  )
  assertSaysSame('ipam-pool-cidr', { failure: { words: 'It overlaps.' } }, '{"failureMessage":"It overlaps."}')
  await store.close()
  await database.remove()
})
