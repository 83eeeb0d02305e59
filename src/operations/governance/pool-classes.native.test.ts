// A change of a pool is of the class of whom it gives space to, or takes it from, by whatever words it does so.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { dev, lab, network, openAcme, prod, root, shop, workloads } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { succeed, withRequests } from '../../../test/requests/company.ts'

async function furnish() {
  const acme = await withRequests(await withNativeApi(await openAcme()), {
    ann: ['organization-administrator', root],
  })
  after(() => acme.close())
  return acme
}
type Acme = Awaited<ReturnType<typeof furnish>>
async function classOf(acme: Acme, operations: readonly object[], node = root): Promise<string> {
  const { impact } = await succeed(acme.propose({ node, reason: 'a pool', operations }, acme.people.ann))
  return impact!.class
}
const share = async (acme: Acme, poolId: string, ...sharedWith: readonly string[]) => {
  const { status, body } = await acme.ask('PATCH', `/pools/${poolId}`, { body: { sharedWith } })
  assert.equal(status, 200, JSON.stringify(body))
}
const updatePool = (poolId: string, input: object) => ({ operation: 'updatePool', input: { poolId, ...input } })
const cidrOf = (operation: 'provisionPoolCidr' | 'deprovisionPoolCidr', poolId: string, cidr: string) => ({
  operation,
  input: { poolId, cidr },
})
const privatePool = (acme: Acme, cidr: string) => acme.pool({ scope: 'private', cidr })
/** Without any space. */
async function emptyPool(acme: Acme): Promise<string> {
  const body = { scopeId: acme.privateScope, family: 'ipv4', locale: 'us-east-1' }
  return (await acme.post<{ poolId: string }>('/pools', body)).poolId
}

test('who takes the space of a pool, its rules or the pool itself from those who have it changes what they have', async () => {
  const acme = await furnish()
  const [shared, empty, parent] = [
    await privatePool(acme, '10.1.0.0/24'),
    await emptyPool(acme),
    await privatePool(acme, '10.2.0.0/24'),
  ]
  const child = await acme.post<{ poolId: string }>('/pools', {
    ...{ scopeId: acme.privateScope, family: 'ipv4', locale: 'us-east-1', parentPoolId: parent },
  })
  const changes: Readonly<Record<string, object>> = {
    'takes its space': cidrOf('deprovisionPoolCidr', shared, '10.1.0.0/24'),
    'gives it more': cidrOf('provisionPoolCidr', shared, '10.3.0.0/24'),
    'is about what it asks for': updatePool(shared, { requiredTags: { nobody: 'has this' } }),
    'is about sizes': updatePool(shared, { minNetmaskLength: 28 }),
    'takes the pool': { operation: 'deletePool', input: { poolId: empty } },
    'takes its space for a pool below': cidrOf('provisionPoolCidr', child.poolId, '10.2.0.0/25'),
  }
  const found = async (node?: string) => {
    const classes: Record<string, string> = {}
    for (const [what, operation] of Object.entries(changes)) classes[what] = await classOf(acme, [operation], node)
    return classes
  }
  const all = (one: string) => Object.fromEntries(Object.keys(changes).map((what) => [what, one]))
  assert.deepEqual(await found(network), all('contained'))
  // Of a part it is no less than that where that part decides on it, and of everybody elsewhere.
  for (const pool of [shared, empty, parent]) await share(acme, pool, prod)
  assert.deepEqual(await found(root), all('contained'))
  assert.deepEqual(await found(network), all('central'))
  for (const pool of [shared, empty, parent]) await share(acme, pool, root)
  assert.deepEqual(await found(root), all('central'))
  assert.equal(await classOf(acme, [updatePool(shared, { description: 'as before' })], network), 'contained')
  // Whom it is given beside those who have it: they have what they had.
  await share(acme, shared, prod)
  assert.equal(await classOf(acme, [updatePool(shared, { sharedWith: [prod, dev] })]), 'contained')
  assert.equal(await classOf(acme, [updatePool(shared, { sharedWith: [prod, network] })], network), 'contained')
})

test('whom a policy lists a pool for has it, whether or not it is shared', async () => {
  const acme = await furnish()
  const [poolId, policyId] = [await acme.pool(), await acme.policy()]
  const { items } = await acme.get<{ items: readonly { cidr: string }[] }>(`/pools/${poolId}/cidrs`)
  const taken = cidrOf('deprovisionPoolCidr', poolId, items[0]!.cidr)
  assert.equal(await classOf(acme, [taken], network), 'contained')
  await acme.rules(policyId, [poolId])
  await acme.enable(policyId, root)
  assert.equal(await classOf(acme, [taken], network), 'central')
  assert.equal(await classOf(acme, [taken], root), 'central')
})

test('space that is taken once what rests in it has rested is taken as well', async () => {
  const acme = await furnish()
  const poolId = await acme.pool()
  await share(acme, poolId, root)
  const { AllocationId } = await acme.call('AllocateAddress', { IpamPoolId: poolId }, { account: shop })
  await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: shop })
  const { items } = await acme.get<{ items: readonly { cidr: string }[] }>(`/pools/${poolId}/cidrs`)
  assert.equal(await classOf(acme, [cidrOf('deprovisionPoolCidr', poolId, items[0]!.cidr)], root), 'central')
})

test('an IPAM that goes takes its pools with it', async () => {
  const acme = await furnish()
  const poolId = await privatePool(acme, '10.1.0.0/24')
  const gone = { operation: 'deleteIpam', input: { ipamId: acme.ipam, cascade: true } }
  assert.equal(await classOf(acme, [gone]), 'contained')
  await share(acme, poolId, root)
  assert.equal(await classOf(acme, [gone]), 'central')
})

test('all parts one by one are no less than all of them together', async () => {
  const acme = await furnish()
  const [poolId, other] = [await acme.pool(), await acme.pool()]
  const { unitId: red } = await acme.post<{ unitId: string }>('/organizational-units', { name: 'Red', parentId: root })
  const shareWith = (pool: string, ...sharedWith: readonly string[]) => updatePool(pool, { sharedWith })
  // There is one part that anybody is in.
  assert.equal(await classOf(acme, [shareWith(poolId, workloads)]), 'contained')
  const moved = await acme.ask('POST', `/accounts/${lab}/move`, { body: { parentId: red } })
  assert.equal(moved.status, 200, JSON.stringify(moved.body))
  assert.equal(await classOf(acme, [shareWith(poolId, root)]), 'central')
  assert.equal(await classOf(acme, [shareWith(poolId, workloads)]), 'contained')
  assert.equal(await classOf(acme, [shareWith(poolId, red)]), 'contained')
  for (const all of [
    [workloads, red],
    [prod, red],
    [shop, red],
    [shop, lab],
  ]) {
    assert.equal(await classOf(acme, [shareWith(poolId, ...all)]), 'central', all.join())
    const each = all.map((node, index) => shareWith([poolId, other][index]!, node))
    assert.equal(await classOf(acme, each), 'central', `${all} apart`)
  }
  // By a policy as by a pool.
  const policyId = await acme.policy()
  await acme.rules(policyId, [poolId])
  const enable = (targetId: string) => ({ operation: 'putPolicyAssignment', input: { policyId, targetId } })
  assert.equal(await classOf(acme, [enable(red)]), 'contained')
  assert.equal(await classOf(acme, [enable(shop), enable(red)]), 'central')
})
