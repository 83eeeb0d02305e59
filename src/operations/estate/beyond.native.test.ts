// What a source of one part of the organization is to the others: its findings tell nothing of what lies elsewhere, and its word keeps
// nobody there from space.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { followSources } from '#jobs/following.ts'
import { type ActingAs, lookAt } from '#jobs/job.ts'
import { type Acme, dev, lab, network, openAcme, prod, root, shop, workloads } from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { workplaceOf } from '../../../test/world.ts'

interface Found {
  readonly findingId: string
  readonly control: string
  readonly status: string
  readonly node: string
  readonly summary: string
}
interface Difference {
  readonly differenceId: string
  readonly difference: string
  readonly cidr: string
  readonly findingId?: string
}
let world: Acme & Native
let privatePool: string
let publicPool: string
before(async () => {
  world = await withNativeApi(await openAcme())
  privatePool = await world.pool({ scope: 'private', cidr: '10.0.0.0/16' })
  publicPool = await world.pool({ cidr: '203.0.112.0/28' })
  for (const id of [privatePool, publicPool])
    assert.equal((await world.ask('PATCH', `/pools/${id}`, { body: { sharedWith: [root] } })).status, 200)
})
after(() => world.close())

let sources = 0
const makeSource = async (node: string): Promise<string> => {
  const body = { name: `s${++sources}`, kind: 'csv', node, scopeId: world.privateScope }
  return (await world.post<{ sourceId: string }>('/sources', body)).sourceId
}
async function send(sourceId: string, lines: readonly object[]): Promise<void> {
  world.advance(60_000)
  const takenAt = new Date(await world.store.read(async (tx) => tx.now)).toISOString()
  const { status, body } = await world.ask('POST', `/sources/${sourceId}/snapshots`, {
    headers: { 'content-type': 'application/x-ndjson' },
    body: [{ snapshot: { takenAt } }, ...lines, { end: { observations: lines.length } }]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
  })
  assert.equal(status, 201, JSON.stringify(body))
}
/** As the server does it. */
const follow = () =>
  lookAt(followSources, {
    ...workplaceOf(world.store),
    async act(operation: Parameters<typeof world.executor.execute>[0], input: object, as: string | ActingAs) {
      const acting = typeof as === 'string' ? { arn: as, accessKeyId: '' } : as
      const principal = { account: network, ...acting, userId: acting.arn }
      const call = { principal, region: '', input, requestId: `job-${Math.random()}`, sourceAddress: 'local' }
      return (await world.executor.execute(operation, call)).output
    },
  })
const findings = async (sourceId: string, as?: string): Promise<readonly Found[]> =>
  (await world.get<{ items: Found[] }>(`/findings?limit=100&sourceId=${sourceId}`, as === undefined ? {} : { as }))
    .items
const differences = async (sourceId: string, query = '', as?: string): Promise<readonly Difference[]> =>
  (
    await world.get<{ items: Difference[] }>(
      `/sources/${sourceId}/differences?limit=100${query}`,
      as === undefined ? {} : { as },
    )
  ).items
const network24 = (cidr: string, id: string, account: string) => ({
  ...{ kind: 'network', type: 'vpc', cidr, id, space: id, account, locale: 'us-east-1' },
})
const register = async (account: string, more: object) =>
  world.post<{ allocationId: string; cidr: string }>('/allocations', { account, locale: 'us-east-1', ...more })

test('I8 findings of a source tell nothing of what lies elsewhere than at its node and below', async () => {
  const hidden = await register(lab, {
    resourceType: 'custom',
    poolId: privatePool,
    netmaskLength: 24,
    resourceId: 'db',
  })
  const address = await register(lab, { resourceType: 'eip', poolId: publicPool })
  const told = [
    network24(hidden.cidr, 'vpc-of-the-block', shop),
    network24('10.0.200.0/24', 'db', shop),
    network24('10.0.201.0/24', 'nobodys', shop),
    { kind: 'address', type: 'eip', cidr: address.cidr, id: 'eip-1', account: shop, locale: 'us-east-1' },
    { kind: 'address', type: 'eip', cidr: '203.0.112.13/32', id: 'eip-2', account: shop, locale: 'us-east-1' },
  ]
  const sourceId = await makeSource(prod)
  await send(sourceId, told)
  await follow()
  const kinds = (all: readonly Found[]) => all.map(({ control, node }) => `${control} ${node}`).sort()
  const of = (kind: string, count: number) => Array.from({ length: count }, () => `difference-${kind} ${shop}`)
  const found = await findings(sourceId)
  assert.deepEqual(kinds(found), [...of('unregistered', 3), ...of('unregistered-public', 2)])
  const said = JSON.stringify(found)
  for (const { allocationId } of [hidden, address]) assert(!said.includes(allocationId))

  // Whoever sees both sees it in the list, where it goes by the finding that is there; to ignore it says nothing of it either.
  const other = (await differences(sourceId)).filter(({ difference }) => difference.startsWith('other'))
  assert.deepEqual(other.map(({ difference }) => difference).sort(), ['other-block', 'other-owner', 'other-owner'])
  assert(other.every(({ findingId }) => found.some((one) => one.findingId === findingId)))
  const until = new Date((await world.store.read(async (tx) => tx.now)) + 86_400_000).toISOString()
  const ids = other.map(({ differenceId }) => differenceId)
  const { items } = await world.post<{ items: { outcome: string }[] }>(`/sources/${sourceId}/differences/ignore`, {
    ...{ differenceIds: ids, reason: 'known', until },
  })
  assert.deepEqual(new Set(items.map(({ outcome }) => outcome)), new Set(['ignored']))
  await follow()
  const after = await findings(sourceId)
  assert.equal(after.length, found.length)
  assert.equal(after.filter(({ status }) => status === 'suppressed').length, 3)
  assert(!JSON.stringify(after).includes(hidden.allocationId))
  assert.deepEqual(
    (await differences(sourceId, '&state=ignored')).map(({ differenceId }) => differenceId).sort(),
    ids.toSorted(),
  )
})

test('I8 a finding of two accounts is filed above both', async () => {
  const hidden = await register(lab, {
    resourceType: 'custom',
    poolId: privatePool,
    netmaskLength: 24,
    resourceId: 'two',
  })
  const sourceId = await makeSource(workloads)
  await send(sourceId, [network24(hidden.cidr, 'two', shop)])
  await follow()
  const [found] = await findings(sourceId)
  assert.deepEqual([found!.control, found!.node], ['difference-other-owner', workloads])
  for (const node of [shop, prod]) {
    const reader = await world.tokenOf(`user:reads-${node}`, 'auditor', node)
    assert.deepEqual(await findings(sourceId, reader), [])
  }
  const above = await world.tokenOf('user:reads-all', 'auditor', workloads)
  assert.equal((await findings(sourceId, above)).length, 1)
})

test('D8 what a source says keeps only those at its node and below from a pool that avoids what is in use, unless it stands above its owner', async () => {
  const wide = await world.pool({ scope: 'private', cidr: '10.50.0.0/24' })
  const body = { sharedWith: [root], avoidsObserved: true }
  assert.equal((await world.ask('PATCH', `/pools/${wide}`, { body })).status, 200)
  const take = async (account: string, more: object = { netmaskLength: 28 }) => {
    const body = { account, resourceType: 'custom', locale: 'us-east-1', poolId: wide, ...more }
    const { status, body: made } = await world.ask<{ allocationId: string }>('POST', '/allocations', { body })
    if (status === 201) await world.ask('DELETE', `/allocations/${made.allocationId}`)
    return status
  }
  const halves = ['10.50.0.0/25', '10.50.0.128/25']
  const named = { cidr: '10.50.0.16/28' }
  const sourceId = await makeSource(dev)
  await send(
    sourceId,
    halves.map((cidr) => network24(cidr, cidr, lab)),
  )
  assert.deepEqual([await take(shop), await take(network), await take(lab)], [201, 201, 507])
  assert.deepEqual([await take(shop, named), await take(lab, named)], [201, 409])
  const central = await makeSource(root)
  await send(
    central,
    halves.map((cidr) => network24(cidr, cidr, lab)),
  )
  assert.deepEqual([await take(shop), await take(network), await take(lab)], [507, 507, 507])
  assert.equal(await take(shop, named), 409)
})
