// What a source of one part of the organization is to the others: its findings tell nothing of what lies elsewhere, and its word keeps
// nobody there from space.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createAuthenticator } from '#api/rest/session.ts'
import { followSources } from '#jobs/following.ts'
import { lookAt } from '#jobs/job.ts'
import { parseCidr } from '#model/cidr.ts'
import { type Acme, dev, lab, network, openAcme, prod, root, shop, workloads } from '../../../test/acme.ts'
import { jobsIn } from '../../../test/estate.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { type IntakeLine, takeSnapshot } from './intake.ts'

interface Found {
  readonly findingId: string
  readonly control: string
  readonly status: string
  readonly node: string
  readonly summary: string
}
interface Difference {
  readonly differenceId: string
  readonly shown: string
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
/** As the server does it, until nothing is left; answers how many parts were looked through. */
async function follow(): Promise<number> {
  let parts = 0
  const jobs = jobsIn(world, network)
  const at: typeof jobs = {
    ...jobs,
    act(operation, ...rest) {
      if (operation.name === 'lookForFindings') parts++
      return jobs.act(operation, ...rest)
    },
  }
  while (!(await lookAt(followSources, at)));
  return parts
}
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
    ...{ shown: other.map(({ shown }) => shown), reason: 'known', until },
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

test('D8 what others say of the same address or id, however often, hides nothing of what one’s own sources say', async () => {
  const pool = await world.pool({ scope: 'private', cidr: '10.60.0.0/24' })
  assert.equal((await world.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: [root] } })).status, 200)
  const address = (id: string, account: string) => ({
    ...{ kind: 'address', cidr: '10.60.0.8/32', id, account, locale: 'us-east-1' },
  })
  // Made first, so that its rows come first by whatever they are ordered.
  const theirs = await makeSource(lab)
  await send(
    theirs,
    Array.from({ length: 300 }, (_, n) => ({ ...address(`lab-${n}`, lab), space: `${n}` })),
  )
  for (const [node, account] of [
    [shop, shop],
    [network, network],
  ] as const) {
    const own = await makeSource(node)
    await send(own, [address('mine', account)])
    const as = await world.tokenOf(`user:only-${account}`, 'ipam-administrator', account)
    const { observed = [] } = await world.get<{ observed?: { sourceId: string }[] }>('/find?q=10.60.0.8', { as })
    assert.deepEqual(
      observed.map(({ sourceId }) => sourceId),
      [own],
    )
    if (account === network) {
      const { inUse = [] } = await world.get<{ inUse?: { sourceId: string }[] }>(`/pools/${pool}/free`, { as })
      assert.deepEqual(
        inUse.map(({ sourceId }) => sourceId),
        [own],
      )
    }
  }
})

test('D8 what an account’s own sources say of a place, however often, hides nothing of what is said above', async () => {
  const pool = await world.pool({ scope: 'private', cidr: '10.62.0.0/24' })
  const body = { sharedWith: [root], avoidsObserved: true }
  assert.equal((await world.ask('PATCH', `/pools/${pool}`, { body })).status, 200)
  const take = async (more: object) => {
    const body = { account: shop, resourceType: 'custom', locale: 'us-east-1', poolId: pool, ...more }
    const { status, body: made } = await world.ask<{ allocationId: string }>('POST', '/allocations', { body })
    if (status === 201) await world.ask('DELETE', `/allocations/${made.allocationId}`)
    return status
  }
  const address = (id: string, account: string) => ({
    ...{ kind: 'address', cidr: '10.62.0.0/32', id, account, space: id, locale: 'us-east-1' },
  })
  const named = { cidr: '10.62.0.0/32' }
  // Made first, so that its rows come first by whatever they are ordered.
  const own = await makeSource(shop)
  await send(
    own,
    Array.from({ length: 500 }, (_, n) => address(`own-${n}`, shop)),
  )
  const central = await makeSource(root)
  await send(central, [address('theirs', lab)])
  assert.equal(await take(named), 409)
  // Twice, so that the rest is gone.
  for (let sent = 0; sent < 2; sent++) await send(own, [address('one', shop)])
  assert.equal(await take(named), 409)
  await world.ask('DELETE', `/sources/${central}`)
  assert.equal(await take(named), 201)
})

test('D8 to be called as somebody else is gives nobody what a source says that one has', async () => {
  const pool = await world.pool({ scope: 'private', cidr: '10.61.0.0/24' })
  const body = { sharedWith: [root], avoidsObserved: true }
  assert.equal((await world.ask('PATCH', `/pools/${pool}`, { body })).status, 200)
  const { name } = await world.get<{ name: string }>(`/accounts/${lab}`)
  const central = await makeSource(root)
  await send(central, [{ kind: 'address', cidr: '10.61.0.8/32', id: 'x', account: name, locale: 'us-east-1' }])
  const take = async (account: string) => {
    const body = { account, resourceType: 'custom', locale: 'us-east-1', poolId: pool, cidr: '10.61.0.8/32' }
    const { status, body: made } = await world.ask<{ allocationId: string }>('POST', '/allocations', { body })
    if (status === 201) await world.ask('DELETE', `/allocations/${made.allocationId}`)
    return status
  }
  assert.deepEqual([await take(lab), await take(shop)], [201, 409])
  const own = await world.get<{ name: string }>(`/accounts/${shop}`)
  const renamed = (name: string) => world.ask('PATCH', `/accounts/${shop}`, { body: { name } })
  assert.equal((await renamed(name)).status, 200)
  assert.equal(await take(shop), 409)
  assert.equal((await renamed(own.name)).status, 200)
})

test('I8 what a source told of an account that has left its node is told by neither find nor findings, nor what was filed above it then', async () => {
  const sourceId = await makeSource(dev)
  await send(sourceId, [{ kind: 'address', cidr: '10.62.0.8/32', id: 'left', account: lab, locale: 'us-east-1' }])
  await follow()
  const reader = await world.tokenOf('user:reads-prod', 'ipam-administrator', prod)
  const [found] = await findings(sourceId)
  const told = async () => ({
    find: (await world.get<{ observed?: object[] }>('/find?q=10.62.0.8', { as: reader })).observed?.length ?? 0,
    findings: (await findings(sourceId, reader)).length,
    finding: (await world.ask('GET', `/findings/${found!.findingId}`, { as: reader })).status,
  })
  const move = async (parentId: string) => {
    const { status, body } = await world.ask('POST', `/accounts/${lab}/move`, { body: { parentId } })
    assert.equal(status, 200, JSON.stringify(body))
  }
  await move(prod)
  assert.deepEqual(await told(), { find: 0, findings: 0, finding: 404 })
  await move(dev)

  // A finding that was filed above both accounts, and is filed at one of them since.
  const hidden = await register(lab, {
    resourceType: 'custom',
    poolId: privatePool,
    netmaskLength: 24,
    resourceId: 'of-lab',
  })
  const central = await makeSource(workloads)
  await send(central, [network24(hidden.cidr, 'of-lab', shop)])
  await follow()
  await world.ask('DELETE', `/allocations/${hidden.allocationId}`)
  await send(central, [network24(hidden.cidr, 'of-lab', shop)])
  await follow()
  const [now] = (await findings(central)).filter(({ status }) => status === 'open')
  assert.equal(now!.node, shop)
  const { items } = await world.get<{ items: object[] }>(`/findings/${now!.findingId}/openings`, { as: reader })
  assert(items.length > 0 && !JSON.stringify(items).includes(hidden.allocationId), JSON.stringify(items))

  // Filed at the root, and at a unit since.
  const above = await makeSource(root)
  const first = await register(network, { resourceType: 'custom', poolId: privatePool, netmaskLength: 24 })
  const told1 = [network24(first.cidr, 'between', shop)]
  await send(above, told1)
  await follow()
  await world.ask('DELETE', `/allocations/${first.allocationId}`)
  const second = await register(lab, { resourceType: 'custom', poolId: privatePool, cidr: first.cidr })
  await send(above, told1)
  await follow()
  const [moved] = (await findings(above)).filter(({ status }) => status === 'open')
  assert.equal(moved!.node, workloads)
  const atUnit = await world.tokenOf('user:reads-workloads', 'auditor', workloads)
  const stretches = await world.get<{ items: object[] }>(`/findings/${moved!.findingId}/openings`, { as: atUnit })
  const text = JSON.stringify(stretches)
  assert(text.includes(second.allocationId) && !text.includes(first.allocationId), text)
})

test('of what the register has, that alone is looked through for a source that it speaks of', async () => {
  const bulk = await world.pool({ scope: 'private', cidr: '10.32.0.0/20' })
  await world.ask('PATCH', `/pools/${bulk}`, { body: { sharedWith: [root] } })
  const one = { account: lab, locale: 'us-east-1', resourceType: 'custom', poolId: bulk, netmaskLength: 32 }
  for (let sent = 0; sent < 500; sent += 100)
    await world.post('/allocations/batch', { allocations: Array.from({ length: 100 }, () => one) })
  const partsOf = async (node: string): Promise<number> => {
    const sourceId = await makeSource(node)
    await send(sourceId, [network24('10.77.0.0/24', `of ${sourceId}`, shop)])
    const parts = await follow()
    await world.ask('DELETE', `/sources/${sourceId}`)
    return parts
  }
  assert((await partsOf(root)) >= (await partsOf(prod)) + 2)
})

test('D8 a pool avoids what holds now: neither what is gone, nor what a snapshot brings that does not hold yet', async () => {
  const pool = await world.pool({ scope: 'private', cidr: '10.63.0.0/24' })
  const body = { sharedWith: [root], avoidsObserved: true }
  assert.equal((await world.ask('PATCH', `/pools/${pool}`, { body })).status, 200)
  const take = async (cidr: string) => {
    const body = { account: shop, resourceType: 'custom', locale: 'us-east-1', poolId: pool, cidr }
    const { status, body: made } = await world.ask<{ allocationId: string }>('POST', '/allocations', { body })
    if (status === 201) await world.ask('DELETE', `/allocations/${made.allocationId}`)
    return status
  }
  const [known, coming] = ['10.63.0.8/32', '10.63.0.9/32']
  const address = (cidr: string, name: string) => ({
    ...{ kind: 'address', cidr, id: cidr, name, account: lab, locale: 'us-east-1' },
  })
  const sourceId = await makeSource(root)
  await send(sourceId, [address(known, 'before')])
  assert.deepEqual([await take(known), await take(coming)], [409, 201])

  const principal = await createAuthenticator(world.store)(
    `Bearer ${await world.tokenOf('user:sends', 'reporter', root)}`,
  )
  const call = { principal: principal!, region: 'global', requestId: 'open', sourceAddress: '127.0.0.1', input: {} }
  const run = async (access: 'read' | 'write', run: unknown) =>
    (await world.executor.execute({ name: 'sendSnapshot', access, run } as never, call)).output as never
  const steps = {
    read: (work: unknown) => run('read', work),
    write: (work: unknown) => run('write', work),
    undo: (work: unknown) => run('write', work),
    isCrowded: () => false,
  }
  const observed = (cidr: string, name: string) => ({
    ...{ kind: 'address', cidr: parseCidr(cidr)!, id: cidr, name, account: lab, locale: 'us-east-1' },
    ...{ space: '', key: '', tags: {}, state: 'in-use' },
  })
  const fillers = Array.from({ length: 600 }, (_, n) => observed(`10.64.${n >> 8}.${n & 255}/32`, ''))
  const said = [observed(known, 'after'), observed(coming, 'new'), ...fillers]
  let meanwhile: readonly number[] = []
  world.advance(60_000)
  const takenAt = await world.store.read(async (tx) => tx.now)
  async function* lines(): AsyncGenerator<IntakeLine> {
    yield { line: 1, head: { takenAt, collector: '' } }
    for (const [n, one] of said.entries()) yield { line: n + 2, observations: [one] as never }
    meanwhile = [await take(known), await take(coming)]
    yield { line: said.length + 2, end: { observations: said.length, unlisted: [] } }
  }
  await takeSnapshot(steps as never, { sourceId, onProblem: 'discard' }, lines())
  assert.deepEqual(meanwhile, [409, 201])
  assert.deepEqual([await take(known), await take(coming)], [409, 409])
  await send(sourceId, [])
  assert.equal(await take(known), 409, 'what is missing once may be there still')
  await send(sourceId, [])
  assert.deepEqual([await take(known), await take(coming)], [201, 201])
})
