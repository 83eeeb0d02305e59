// Holds over the native API: kept, confirmed as policy says by then, given up, and over at their moment whoever has swept.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { checkSpace } from '#store/upkeep/check.ts'
import { foundOrganization, lab, network, prod, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import type { NativeOperation } from '../operation.native.ts'
import { allocationOperations } from './allocations.native.ts'

const [confirmAllocation, holdAllocation] = ['confirmAllocation', 'holdAllocation'].map(
  (called) => allocationOperations.find(({ name }) => name === called)!,
) as [NativeOperation, NativeOperation]

let world: NativeWorld
let scopes: { readonly public: string; readonly private: string }
let ipamId: string
interface Allocation {
  readonly allocationId: string
  readonly state: 'allocated' | 'held'
  readonly cidr: string
  readonly address: string
  readonly poolId: string
  readonly decisionId: string
  readonly resourceId?: string
  readonly description?: string
  readonly createdAt: string
  readonly expiresAt?: string
  readonly tags: object
}
interface Problem {
  readonly code: string
  readonly field?: string
  readonly detail?: string
  readonly decisionId?: string
}

before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  const ipam = await world.post<{ ipamId: string; publicScopeId: string; privateScopeId: string }>('/ipams', {
    account: network,
    region: 'us-east-1',
  })
  scopes = { public: ipam.publicScopeId, private: ipam.privateScopeId }
  ipamId = ipam.ipamId
})
after(async () => {
  assert.deepEqual((await checkSpace(world.store)).problems, [])
  await world.close()
})

let blocks = 0
async function pool(
  params: { readonly cidr?: string; readonly quarantineSeconds?: number; readonly locale?: string } = {},
) {
  const { cidr = `10.${100 + blocks++}.0.0/30`, ...rest } = params
  const { poolId } = await world.post<{ poolId: string }>('/pools', {
    scopeId: scopes.private,
    family: 'ipv4',
    locale: 'onprem:berlin',
    sharedWith: [root],
    ...rest,
  })
  await world.post(`/pools/${poolId}/cidrs`, { cidr })
  return poolId
}
const paramsFor = (poolId: string | undefined, more: object = {}) => ({
  account: shop,
  resourceType: 'onprem:host',
  locale: 'onprem:berlin',
  ...(poolId ? { poolId } : { scopeType: 'private' }),
  ...more,
})
const allocate = (params: object) => world.post<Allocation>('/allocations', params)
const hold = (params: object, expiresInSeconds = 60) => allocate({ ...params, hold: { expiresInSeconds } })
const confirm = (held: Allocation, body: object = {}) =>
  world.ask<Allocation & Problem>('POST', `/allocations/${held.allocationId}/confirm`, { body })
const extend = (held: Allocation, expiresInSeconds: number) =>
  world.ask<Allocation & Problem>('POST', `/allocations/${held.allocationId}/hold`, { body: { expiresInSeconds } })
const refused = async (params: object) => (await world.ask<Problem>('POST', '/allocations', { body: params })).body.code
const utilization = (poolId: string) =>
  world.get<{ held: string; free: string; quarantined: string; allocated: string }>(`/pools/${poolId}/utilization`)
const historyOf = async (address: string) =>
  (await world.get<{ items: Tenure[] }>(`/history/addresses?cidr=${address}`)).items.map(
    ({ state, ending, heldFrom, heldUntil, expiresAt }) => ({ state, ending, heldFrom, heldUntil, expiresAt }),
  )
interface Tenure {
  readonly state: string
  readonly ending?: string
  readonly expiresAt?: string
  readonly heldFrom: string
  readonly heldUntil?: string
}

test('what is held is nobody else’s, and an allocation once it is confirmed', async () => {
  const poolId = await pool({ cidr: '10.1.0.1/32' })
  const held = await hold(paramsFor(poolId, { tags: { app: 'x' }, description: 'plan' }))
  assert.deepEqual([held.state, held.expiresAt], ['held', new Date(Date.parse(held.createdAt) + 60_000).toISOString()])
  assert.deepEqual(await utilization(poolId), {
    provisioned: '1',
    allocated: '0',
    quarantined: '0',
    held: '1',
    free: '0',
    allocations: 0,
  })
  assert.equal(await refused(paramsFor(poolId)), 'Exhausted')
  assert.equal(await refused(paramsFor(poolId, { cidr: '10.1.0.1', account: lab })), 'CidrConflict')
  const { status, body } = await confirm(held, { resourceId: 'vm-7' })
  assert.equal(status, 200)
  assert.deepEqual(
    [body.allocationId, body.state, body.cidr, body.resourceId, body.description, body.tags, body.expiresAt],
    [held.allocationId, 'allocated', held.cidr, 'vm-7', 'plan', { app: 'x' }, undefined],
  )
  assert.notEqual(body.decisionId, held.decisionId)
  assert.deepEqual(await world.get(`/allocations/${held.allocationId}`), body)
  const again = await confirm(held)
  assert.equal(again.body.code, 'IncorrectState')
})

test('I6 a hold lapses at its moment: confirmed a millisecond before, and gone at it', async () => {
  const poolId = await pool()
  const early = await hold(paramsFor(poolId))
  const late = await hold(paramsFor(poolId))
  world.advance(59_999)
  assert.equal((await confirm(early)).status, 200)
  world.advance(1)
  for (const [method, path] of [
    ['POST', '/confirm'],
    ['POST', '/hold'],
    ['GET', ''],
    ['DELETE', ''],
  ] as const) {
    const body = path === '/hold' ? { expiresInSeconds: 60 } : path ? {} : undefined
    const answer = await world.ask<Problem>(method, `/allocations/${late.allocationId}${path}`, { body })
    assert.deepEqual([answer.status, answer.body.code], [404, 'NotFound'], method + path)
  }
  const { items } = await world.get<{ items: Allocation[] }>(`/allocations?poolId=${poolId}`)
  assert.deepEqual(
    items.map(({ allocationId }) => allocationId),
    [early.allocationId],
  )
  assert.equal((await utilization(poolId)).held, '0')
})

test('I6 lapsed space is free for others at once, swept or not, without a quarantine; confirmed space rests', async () => {
  const poolId = await pool({ cidr: '10.2.0.1/32', quarantineSeconds: 600 })
  const lapsing = await hold(paramsFor(poolId))
  world.advance(60_000)
  const taken = await hold({ ...paramsFor(poolId), account: lab })
  assert.equal(taken.cidr, lapsing.cidr)
  assert.equal((await world.ask('DELETE', `/allocations/${taken.allocationId}`)).status, 204)
  const used = await hold(paramsFor(poolId))
  await confirm(used)
  assert.equal((await world.ask('DELETE', `/allocations/${used.allocationId}`)).status, 204)
  assert.equal(await refused({ ...paramsFor(poolId), account: lab }), 'Exhausted')
})

test('I6 a hold is no way around the rest of what was released', async () => {
  const poolId = await pool({ cidr: '10.3.0.1/32', quarantineSeconds: 600 })
  const used = await allocate(paramsFor(poolId))
  await world.ask('DELETE', `/allocations/${used.allocationId}`)
  const params = paramsFor(poolId, { cidr: used.address, hold: { expiresInSeconds: 60 } })
  assert.equal(await refused(params), 'CidrConflict', 'the account could hold it and give the hold up')
  const back = await allocate(paramsFor(poolId, { cidr: used.address }))
  assert.equal(back.cidr, used.cidr, 'it may have it again itself')
})

test('I5 the account that holds an address cannot also take it', async () => {
  const poolId = await pool({ cidr: '10.4.0.1/32' })
  const held = await hold(paramsFor(poolId))
  assert.equal(await refused(paramsFor(poolId, { cidr: held.address })), 'CidrConflict')
  assert.equal((await confirm(held)).status, 200)
})

test('a hold is extended from now on, and never beyond seven days in all', async () => {
  const poolId = await pool()
  const held = await hold(paramsFor(poolId))
  world.advance(50_000)
  const { body } = await extend(held, 60)
  assert.equal(Date.parse(body.expiresAt!) - Date.parse(held.createdAt), 110_000)
  world.advance(59_999)
  assert.equal((await confirm(held)).status, 200)
  const long = await hold(paramsFor(poolId), 7 * 86_400)
  world.advance(1_000)
  const more = await extend(long, 7 * 86_400)
  assert.deepEqual([more.status, more.body.field], [400, 'expiresInSeconds'])
  assert.equal((await extend(long, 7 * 86_400 - 1)).status, 200)
  const longer = await world.ask<Problem>('POST', '/allocations', {
    body: paramsFor(poolId, { hold: { expiresInSeconds: 7 * 86_400 + 1 } }),
  })
  assert.equal(longer.body.field, 'hold.expiresInSeconds')
})

const recorded = (decision: string) =>
  world.store.read((tx) => tx.journal.findDecision(Number.parseInt(decision.slice(-12), 16)))

test('I4 policy decides when space is held, when it is held for longer, and again when it is confirmed', async () => {
  const as = { account: network }
  const allowed = await pool({ locale: 'onprem:kiel' })
  const other = await pool({ locale: 'onprem:kiel' })
  const { IpamPolicy } = await world.call('CreateIpamPolicy', { IpamId: ipamId }, as)
  const IpamPolicyId = IpamPolicy!.IpamPolicyId!
  const rules = (pools: readonly string[]) =>
    world.call(
      'ModifyIpamPolicyAllocationRules',
      {
        IpamPolicyId,
        Locale: 'onprem:kiel',
        ResourceType: 'onprem:host',
        AllocationRules: pools.map((SourceIpamPoolId) => ({ SourceIpamPoolId })),
      },
      as,
    )
  await rules([allowed])
  await world.call('EnableIpamPolicy', { IpamPolicyId, OrganizationTargetId: prod }, as)
  const params = paramsFor(undefined, { locale: 'onprem:kiel' })
  assert.equal(
    await refused({ ...params, scopeType: undefined, poolId: other, hold: { expiresInSeconds: 60 } }),
    'DeniedByPolicy',
  )

  const held = await hold(params)
  assert.equal(held.poolId, allowed)
  await rules([other])
  const denied = await confirm(held)
  assert.deepEqual([denied.status, denied.body.code], [403, 'DeniedByPolicy'])
  assert.match(denied.body.detail!, new RegExp(IpamPolicyId))
  assert.equal((await recorded(denied.body.decisionId!))?.outcome, 'deny')
  assert.equal((await world.get<Allocation>(`/allocations/${held.allocationId}`)).state, 'held', 'it stays held')
  const longer = await extend(held, 600)
  assert.deepEqual([longer.status, longer.body.code], [403, 'DeniedByPolicy'])
  assert.equal((await recorded(longer.body.decisionId!))?.outcome, 'deny')
  assert.equal((await world.get<Allocation>(`/allocations/${held.allocationId}`)).expiresAt, held.expiresAt)
  await rules([other, allowed])
  assert.equal((await extend(held, 90)).status, 200)
  const { items } = await world.get<{ items: { outcome: string; cidr: string }[] }>('/decisions?limit=1')
  assert.deepEqual([items[0]!.outcome, items[0]!.cidr], ['allow', held.cidr], 'that, too, is on record')
  const second = await confirm(held)
  assert.equal(second.status, 200, 'listed anywhere will do')
  assert.equal(second.body.poolId, allowed)
})

test('what a pool asks of tags by now is asked again, and both operations say that they may refuse it', async () => {
  const poolId = await pool()
  const held = await hold(paramsFor(poolId))
  const { status } = await world.ask('PATCH', `/pools/${poolId}`, { body: { requiredTags: { team: 'net' } } })
  assert.equal(status, 200)
  for (const [operation, answer] of [
    [confirmAllocation, await confirm(held)],
    [holdAllocation, await extend(held, 600)],
  ] as const) {
    assert.deepEqual([answer.status, answer.body.code], [403, 'MissingRequiredTags'], operation.name)
    assert.ok(operation.refusals.includes('MissingRequiredTags'), operation.name)
  }
})

test('what the provider gave, because nothing else had room, is confirmed as long as policy says so', async () => {
  const as = { account: network }
  const tags = [{ Key: 'cadastre:on-exhausted', Value: 'provider' }]
  const { IpamPolicy } = await world.call(
    'CreateIpamPolicy',
    { IpamId: ipamId, TagSpecifications: [{ ResourceType: 'ipam-policy', Tags: tags }] },
    as,
  )
  const policy = IpamPolicy!.IpamPolicyId!
  const { poolId } = await world.post<{ poolId: string }>('/pools', {
    scopeId: scopes.public,
    family: 'ipv4',
    locale: 'us-east-1',
    awsService: 'ec2',
  })
  await world.call(
    'ModifyIpamPolicyAllocationRules',
    {
      IpamPolicyId: policy,
      Locale: 'us-east-1',
      ResourceType: 'eip',
      AllocationRules: [{ SourceIpamPoolId: poolId }],
    },
    as,
  )
  await world.call('EnableIpamPolicy', { IpamPolicyId: policy, OrganizationTargetId: prod }, as)
  const params = { account: shop, resourceType: 'eip', locale: 'us-east-1' }
  const held = await hold(params)
  assert.equal(held.poolId, 'provider')
  const { Addresses: before } = await world.call('DescribeAddresses', {}, { account: shop })
  assert.deepEqual(before, [], 'what is only held is no Elastic IP yet')
  const { body } = await confirm(held)
  const { Addresses } = await world.call('DescribeAddresses', { AllocationIds: [body.resourceId!] }, { account: shop })
  assert.equal(Addresses![0]!.PublicIp, held.address)
  const another = await hold(params)
  await world.call('DeleteTags', { Resources: [policy], Tags: [{ Key: 'cadastre:on-exhausted' }] }, as)
  assert.equal((await confirm(another)).body.code, 'DeniedByPolicy')
})

test('history says that a hold lapsed at exactly its moment, or was dropped, whether or not it was swept', async () => {
  const poolId = await pool({ cidr: '10.7.0.1/32' })
  const lapsing = await hold(paramsFor(poolId))
  const { createdAt: heldFrom, expiresAt } = lapsing
  const tenure = { state: 'held', ending: undefined, heldFrom, heldUntil: undefined, expiresAt }
  assert.deepEqual(await historyOf('10.7.0.1'), [tenure])
  world.advance(500_000)
  const lapsed = { ...tenure, ending: 'lapsed', heldUntil: expiresAt }
  assert.deepEqual(await historyOf('10.7.0.1'), [lapsed], 'before anybody swept')
  const dropped = await hold(paramsFor(poolId))
  await world.ask('DELETE', `/allocations/${dropped.allocationId}`)
  const used = await hold(paramsFor(poolId))
  world.advance(1_000)
  await confirm(used)
  assert.deepEqual(await historyOf('10.7.0.1'), [
    { state: 'allocated', ending: undefined, heldFrom: used.createdAt, heldUntil: undefined, expiresAt: undefined },
    { ...tenure, heldFrom: used.createdAt, expiresAt: used.expiresAt },
    {
      state: 'held',
      ending: 'dropped',
      heldFrom: dropped.createdAt,
      heldUntil: dropped.createdAt,
      expiresAt: dropped.expiresAt,
    },
    lapsed,
  ])
  const account = await world.get<{ items: (Tenure & { allocationId: string })[] }>(
    `/history/accounts/${shop}?limit=1000`,
  )
  assert.equal(account.items.find(({ allocationId }) => allocationId === lapsing.allocationId)?.ending, 'lapsed')
})

test('holds are listed among allocations, by all filters, and by their state', async () => {
  const poolId = await pool({ cidr: '10.8.0.0/28' })
  const made: Allocation[] = []
  for (let index = 0; index < 6; index++) {
    const params = paramsFor(poolId, { resourceId: 'listed', tags: { odd: String(index % 2) } })
    made.push(index % 2 ? await hold(params) : await allocate(params))
  }
  const ids = (items: readonly Allocation[]) => items.map(({ allocationId }) => allocationId)
  for (const query of [`poolId=${poolId}`, 'resourceId=listed', 'within=10.8.0.0/28']) {
    const seen: string[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const page: { items: Allocation[]; nextCursor?: string } = await world.get(
        `/allocations?${query}&limit=2${cursor && `&cursor=${cursor}`}`,
      )
      seen.push(...ids(page.items))
      cursor = page.nextCursor
    }
    assert.deepEqual(seen, ids(made), query)
  }
  const held = await world.get<{ items: Allocation[] }>(`/allocations?poolId=${poolId}&state=held`)
  assert.deepEqual(ids(held.items), ids(made.filter(({ state }) => state === 'held')))
  const odd = await world.get<{ items: Allocation[] }>(`/allocations?resourceId=listed&tag=odd=1`)
  assert.deepEqual(ids(odd.items), ids(held.items))
})

test('a pool with something held in it can be neither deleted nor emptied before it lapses', async () => {
  const poolId = await pool({ cidr: '10.9.0.0/28' })
  await hold(paramsFor(poolId))
  const kept = await world.ask<Problem>('DELETE', `/pools/${poolId}?cascade=true`)
  assert.equal(kept.body.code, 'DependencyViolation')
  const space = await world.ask<Problem>('DELETE', `/pools/${poolId}/cidrs?cidr=10.9.0.0/28`)
  assert.equal(space.status, 409)
  world.advance(60_000)
  assert.equal((await world.ask('DELETE', `/pools/${poolId}?cascade=true`)).status, 204)
})

test('tags of a hold are policy’s to read when it is confirmed', async () => {
  const { poolId } = await world.post<{ poolId: string }>('/pools', {
    scopeId: scopes.private,
    family: 'ipv4',
    locale: 'onprem:berlin',
    sharedWith: [root],
    requiredTags: { env: 'prod' },
  })
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.10.0.0/28' })
  const held = await hold(paramsFor(poolId, { tags: { env: 'prod' } }))
  await world.ask('PATCH', `/allocations/${held.allocationId}`, { body: { tags: { env: 'test' } } })
  assert.equal((await confirm(held)).body.code, 'MissingRequiredTags')
  await world.ask('PATCH', `/allocations/${held.allocationId}`, { body: { tags: { env: 'prod' } } })
  assert.equal((await confirm(held)).status, 200)
})

test('I8 somebody else’s hold is not there', async () => {
  const poolId = await pool()
  const held = await hold(paramsFor(poolId))
  const as = await world.tokenOf('user:lab', 'resource-operator', lab)
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/confirm'],
  ] as const) {
    const body = path ? {} : undefined
    const answer = await world.ask<Problem>(method, `/allocations/${held.allocationId}${path}`, { as, body })
    assert.equal(answer.body.code, 'NotFound', method + path)
  }
})

test('a hold that does not rest as it says, and a rest for no hold, are found by the check', async () => {
  const poolId = await pool()
  await hold(paramsFor(poolId), 600)
  await world.database.tamper('update quarantine set ends_at = ends_at + 1 where hold is not null')
  assert.match((await checkSpace(world.store)).problems.join(), /hold \d+ does not rest as it says/)
  await world.database.tamper('update quarantine set ends_at = ends_at - 1 where hold is not null')
  await world.database.tamper('update quarantine set hold = hold + 1000 where hold is not null')
  assert.match((await checkSpace(world.store)).problems.join(), /quarantine: \d+ rows are for holds that are not there/)
  await world.database.tamper('update quarantine set hold = hold - 1000 where hold is not null')
})

test('an exception for one resource is for what is allocated or confirmed under its name', async () => {
  const as = { account: network }
  const allowed = await pool({ locale: 'onprem:ulm' })
  const other = await pool({ locale: 'onprem:ulm' })
  const { IpamPolicy } = await world.call('CreateIpamPolicy', { IpamId: ipamId }, as)
  const IpamPolicyId = IpamPolicy!.IpamPolicyId!
  const pair = { Locale: 'onprem:ulm', ResourceType: 'onprem:host' }
  const AllocationRules = [{ SourceIpamPoolId: allowed }]
  await world.call('ModifyIpamPolicyAllocationRules', { IpamPolicyId, ...pair, AllocationRules }, as)
  await world.call('EnableIpamPolicy', { IpamPolicyId, OrganizationTargetId: prod }, as)
  const requester = await world.tokenOf('user:asks', 'organization-administrator', '*')
  const { exceptionId } = await world.post<{ exceptionId: string }>(
    '/exceptions',
    {
      target: shop,
      locale: 'onprem:ulm',
      resourceType: 'onprem:host',
      resource: 'db-*',
      grants: { pools: [other] },
      reason: 'the database is there',
      expiresAt: new Date((await world.store.read(async (tx) => tx.now)) + 3_600_000).toISOString(),
    },
    { as: requester },
  )
  await world.post(`/exceptions/${exceptionId}/approve`, {})
  const params = paramsFor(other, { locale: 'onprem:ulm' })
  assert.equal(await refused({ ...params, resourceId: 'web-1' }), 'DeniedByPolicy')
  const made = await allocate({ ...params, resourceId: 'db-1' })
  assert.equal(made.poolId, other)
  const held = await hold({ ...params, resourceId: 'db-2' })
  assert.equal((await confirm(held, { resourceId: 'web-2' })).body.code, 'DeniedByPolicy')
  assert.equal((await confirm(held)).status, 200)
})
