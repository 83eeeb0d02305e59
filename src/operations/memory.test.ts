// What a server remembers is what is committed: dry runs, refused changes and shared batches leave nothing behind.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { checkSpace } from '#store/upkeep/check.ts'
import { type Acme, lab, network, openAcme, root, shop } from '../../test/acme.ts'
import { type Native, withNativeApi } from '../../test/native-world.ts'
import { managementAccount, testSettings } from '../../test/world.ts'
import { openExecutor } from './execute.ts'
import { createOperatorToken } from './identity/operator-tokens.ts'

let acme: Acme & Native
before(async () => {
  acme = await withNativeApi(await openAcme())
})
after(async () => {
  assert.deepEqual((await checkSpace(acme.store)).problems, [])
  await acme.close()
})

interface Decided {
  readonly decisionId: string
  readonly poolId: string
}
/** A policy that gives `eip` a pool, in force for an account of its own. */
async function policyFor(account: string): Promise<{ policy: string; real: string; other: string }> {
  const [real, other] = [await acme.pool(), await acme.pool()]
  const policy = await acme.policy()
  await acme.rules(policy, [real])
  await acme.enable(policy, account)
  return { policy, real, other }
}
const documentOf = (policy: string): string => `/policies/${policy}/documents/us-east-1/eip`
const rulesOf = (...pools: string[]) => ({ rules: pools.map((poolId) => ({ poolId })) })
const put = (policy: string, pool: string, query = '') =>
  acme.ask('PUT', `${documentOf(policy)}${query}`, { body: rulesOf(pool) })
async function decisionOf(account: string): Promise<{ pool: string; version: number }> {
  const { decisionId, poolId } = await acme.post<Decided>('/allocations', {
    account,
    resourceType: 'eip',
    locale: 'us-east-1',
  })
  const { policy } = await acme.get<{ policy: { version: number } }>(`/decisions/${decisionId}`)
  return { pool: poolId, version: policy.version }
}
const versionOf = async (policy: string) => (await acme.get<{ version: number }>(`/policies/${policy}`)).version
/** As `cadastre operator token` beside the server: it moves the epoch of governance. */
async function besideTheServer(): Promise<void> {
  const store = await acme.database.openAsOwner({ clock: () => Date.UTC(2026, 0, 1) })
  const made = await createOperatorToken(store, {
    principal: 'user:beside',
    role: 'auditor',
    node: '*',
    account: managementAccount,
  })
  assert.ok('token' in made)
  await store.close()
}

test('I4 a dry run of a document does not come into force', async () => {
  const { policy, real, other } = await policyFor(shop)
  const third = await acme.pool()
  const version = await versionOf(policy)
  assert.deepEqual(await decisionOf(shop), { pool: real, version })
  assert.equal((await put(policy, other, '?dryRun=true')).status, 200)
  assert.deepEqual(await decisionOf(shop), { pool: real, version })
  assert.equal(await versionOf(policy), version)
  // The next change draws the epoch and the version that the dry run drew, and says something else.
  assert.equal((await put(policy, other, '?dryRun=true')).status, 200)
  assert.equal((await put(policy, third)).status, 200)
  assert.deepEqual(await decisionOf(shop), { pool: third, version: version + 1 })
  assert.equal((await put(policy, other)).status, 200)
  assert.deepEqual(await decisionOf(shop), { pool: other, version: version + 2 })
})

test('I4 nor does it once a command beside the server has drawn the epoch that the dry run drew', async () => {
  const { policy, real, other } = await policyFor(lab)
  const version = await versionOf(policy)
  assert.equal((await put(policy, other, '?dryRun=true')).status, 200)
  await besideTheServer()
  assert.deepEqual(await decisionOf(lab), { pool: real, version })
})

test('I4 a request that shared a rolled-back batch with a change of policy is decided by the rules before it', async () => {
  const [real, other] = [await acme.pool(), await acme.pool()]
  const policy = await acme.policy()
  await acme.rules(policy, [real])
  await acme.enable(policy, network)
  assert.equal(await acme.poolOfAddress(network), real)
  // All four are asked for at once. The last one fails after a change: the transaction that they share is rolled back.
  const [first, , second] = await Promise.all([
    acme.poolOfAddress(network),
    acme.rules(policy, [other]),
    acme.poolOfAddress(network),
    assert.rejects(
      acme.store.write(async (tx) => {
        await tx.organizations.insertNode({
          id: 'ou-acme-rolledba',
          kind: 'organizational-unit',
          parentId: root,
          name: 'x',
        })
        throw new Error('after a change')
      }),
      /after a change/,
    ),
  ])
  assert.deepEqual([first, second], [real, other])
})

test('a refused batch that would have made the space of the provider fails nobody else', async () => {
  const world = await withNativeApi(await openAcme())
  const address = { account: shop, resourceType: 'eip', locale: 'us-east-1' }
  const body = { allocations: [address, { ...address, cidr: '9.9.9.9' }] }
  const { status } = await world.ask('POST', '/allocations/batch', { body })
  assert.ok(status >= 400 && status < 500, String(status))
  await world.call('AllocateAddress', {}, { account: lab })
  await world.post('/allocations', address)
  await world.close()
})

test('a dry run over a fragmented pool, which is deleted after it, fails nobody else', async () => {
  const scopeId = acme.privateScope
  const { poolId } = await acme.post<{ poolId: string }>('/pools', {
    scopeId,
    family: 'ipv4',
    locale: 'us-east-1',
    sharedWith: [root],
  })
  await acme.post(`/pools/${poolId}/cidrs`, { cidr: '10.77.0.0/24' })
  const params = { account: network, resourceType: 'custom', locale: 'us-east-1', poolId, netmaskLength: 32 }
  const batch = (allocations: object[], query = '') =>
    acme.ask<{ allocations: { allocationId: string }[] }>('POST', `/allocations/batch${query}`, {
      body: { allocations },
    })
  const ids: string[] = []
  for (let round = 0; round < 3; round++) {
    const { status, body } = await batch(Array.from({ length: 84 }, () => params))
    assert.equal(status, 201)
    ids.push(...body.allocations.map(({ allocationId }) => allocationId))
  }
  // Every second address is free: as many blocks of the smallest size leave as are taken.
  for (const id of ids.filter((_, index) => index % 2 === 0)) await acme.ask('DELETE', `/allocations/${id}`)
  const eighty = Array.from({ length: 80 }, () => params)
  assert.equal((await batch(eighty, '?dryRun=true')).status, 201)
  // Another server deletes it: the next thing that this one commits is somebody else's.
  const store = await acme.database.openAsOwner({ clock: () => Date.UTC(2026, 0, 1) })
  const beside = await withNativeApi({ ...acme, store, executor: await openExecutor(store, testSettings) })
  for (const id of ids.filter((_, index) => index % 2 === 1)) await beside.ask('DELETE', `/allocations/${id}`)
  assert.equal((await beside.ask('DELETE', `/pools/${poolId}/cidrs?cidr=10.77.0.0/24`)).status, 204)
  assert.equal((await beside.ask('DELETE', `/pools/${poolId}`)).status, 204)
  await store.close()
  await acme.post('/pools', { scopeId, family: 'ipv4' })
})

test('I7 two denials that went the same way to different ends are on record with what each was told', async () => {
  const pools = [await acme.pool(), await acme.pool(), await acme.pool()]
  const policy = await acme.policy()
  await acme.enable(policy, network)
  const held: { allocationId: string }[] = []
  for (const pool of pools) {
    assert.equal((await put(policy, pool)).status, 200)
    const params = { account: network, resourceType: 'eip', locale: 'us-east-1', hold: { expiresInSeconds: 600 } }
    held.push(await acme.post('/allocations', params))
  }
  interface Denied {
    decisionId: string
    value: string
    detail: string
  }
  for (const [index, { allocationId }] of held.slice(0, 2).entries()) {
    const { status, body } = await acme.ask<Denied>('POST', `/allocations/${allocationId}/confirm`, { body: {} })
    assert.equal(status, 403, JSON.stringify(body))
    const recorded = await acme.get<{ denial: { value: string } }>(`/decisions/${body.decisionId}`)
    assert.equal(recorded.denial.value, pools[index], JSON.stringify(recorded))
  }
})
