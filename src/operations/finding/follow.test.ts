// Findings follow the record: after whatever has changed, they are what looking at everything anew would find.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Store } from '#store/store.ts'
import { dev, lab, network, openAcme, prod, root, shop, stranger, tagsOf } from '../../../test/acme.ts'
import { isLeftToNight } from '../../../test/engines.ts'
import { followAll, turnOf } from '../../../test/findings/follow.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { isBehind, type Pace, takeTurn } from './follow.ts'
import { ScanTurns } from './scan-turns.ts'

interface Finding {
  readonly findingId: string
  readonly control: string
  readonly status: string
  readonly resource: string
  readonly summary: string
  readonly facts: Readonly<Record<string, unknown>>
}
type World = Awaited<ReturnType<typeof openAcme>> & Native

let acme: World
before(async () => {
  acme = await withNativeApi(await openAcme())
})
after(() => acme.close())

const findings = async (query = 'status=open'): Promise<readonly Finding[]> => {
  await followAll(acme.store)
  return (await acme.get<{ items: Finding[] }>(`/findings?limit=1000&${query}`)).items
}
const put = async (path: string, body: object): Promise<void> => {
  const answer = await acme.ask('PUT', path, { body })
  assert.ok(answer.status < 300, JSON.stringify(answer.body))
}
const elasticIp = async (account: string, input: object = {}): Promise<string> =>
  (await acme.call('AllocateAddress', input, { account })).AllocationId!
const shared = async (): Promise<string> => {
  const poolId = await acme.pool()
  assert.equal((await acme.ask('PATCH', `/pools/${poolId}`, { body: { sharedWith: [root] } })).status, 200)
  return poolId
}

test('space that a new policy would not give is a finding, until the policy gives it, or it is given back', async () => {
  const [listed, other] = [await shared(), await shared()]
  const [good, bad, gone] = [
    await elasticIp(shop, { IpamPoolId: listed }),
    await elasticIp(shop, { IpamPoolId: other }),
    await elasticIp(shop, { IpamPoolId: other }),
  ]
  const provided = await elasticIp(shop)
  assert.deepEqual(await findings(), [])
  const policyId = await acme.policy()
  await acme.rules(policyId, [listed])
  await acme.enable(policyId, prod)
  const found = await findings()
  assert.deepEqual(new Set(found.map(({ resource }) => resource)), new Set([bad, gone, provided]))
  assert(!found.some(({ resource }) => resource === good))
  const { facts, summary, control } = found.find(({ resource }) => resource === bad)!
  assert.deepEqual(
    [control, facts.cause, facts.policyId, facts.target, facts.pool],
    ['policy', 'explicit', policyId, prod, other],
  )
  assert.match(summary, /does not comply: it lists no ipam-pool-/)
  await acme.call('ReleaseAddress', { AllocationId: gone }, { account: shop })
  assert.equal((await findings()).length, 2)
  assert.equal((await findings(`resource=${gone}`))[0]!.status, 'resolved')
  await acme.rules(policyId, [listed, other])
  assert.deepEqual(
    (await findings()).map(({ resource }) => resource),
    [provided],
  )
  await acme.ask('DELETE', `/policies/${policyId}/assignments/${prod}`)
  assert.deepEqual(await findings(), [])
  const again = await findings(`resource=${bad}`)
  await acme.rules(policyId, [listed])
  await acme.enable(policyId, prod)
  const reopened = (await findings()).find(({ resource }) => resource === bad)
  assert.equal(reopened?.findingId, again[0]!.findingId, 'the same one opens again')
  await acme.ask('DELETE', `/policies/${policyId}/assignments/${prod}`)
})

test('space under an exception is exempt, and does not comply once that is over, by the clock alone', async () => {
  const [listed, other] = [await shared(), await shared()]
  const policyId = await acme.policy()
  await acme.rules(policyId, [listed])
  await acme.enable(policyId, lab)
  const bob = await acme.tokenOf('user:bob', 'approver', '*')
  const expiresAt = new Date((await acme.store.read(async (tx) => tx.now)) + 3_600_000).toISOString()
  const { exceptionId } = await acme.post<{ exceptionId: string }>('/exceptions', {
    target: lab,
    locale: 'us-east-1',
    resourceType: 'eip',
    grants: { pools: [other] },
    reason: 'why',
    expiresAt,
  })
  assert.equal((await acme.ask('POST', `/exceptions/${exceptionId}/approve`, { as: bob })).status, 200)
  const id = await elasticIp(lab, { IpamPoolId: other })
  const of = async (): Promise<readonly string[]> =>
    (await findings()).filter(({ resource }) => resource === id).map(({ control }) => control)
  assert.deepEqual(await of(), ['policy-exempt'])
  acme.advance(3_600_000)
  assert.deepEqual(new Set(await of()), new Set(['policy', 'exception-ended']))
  await acme.call('ReleaseAddress', { AllocationId: id }, { account: lab })
  assert.deepEqual(await of(), [])
  await acme.ask('DELETE', `/policies/${policyId}/assignments/${lab}`)
})

test('a break-glass is a finding until somebody else has reviewed it; changed tags are one', async () => {
  const policyId = await acme.policy()
  await put(`/policies/${policyId}/documents/us-east-1/eip`, {
    rules: [{ poolId: await shared() }],
    requiredTags: [{ key: 'team', value: 'net' }],
  })
  await put(`/policies/${policyId}/assignments/${shop}`, { kind: 'default', mode: 'enforce' })
  const TagSpecifications = [{ ResourceType: 'elastic-ip' as const, Tags: tagsOf({ team: 'net' }) }]
  const id = await elasticIp(shop, { TagSpecifications })
  const of = async (resource: string): Promise<ReadonlySet<string>> =>
    new Set((await findings()).filter((one) => one.resource === resource).map(({ control }) => control))
  assert.deepEqual(await of(id), new Set())
  await acme.call('CreateTags', { Resources: [id], Tags: tagsOf({ team: 'evil' }) }, { account: shop })
  assert.deepEqual(await of(id), new Set(['policy', 'tags-changed']))
  await acme.call('CreateTags', { Resources: [id], Tags: tagsOf({ team: 'net' }) }, { account: shop })
  assert.deepEqual(await of(id), new Set())
  const expiresAt = new Date((await acme.store.read(async (tx) => tx.now)) + 3_600_000).toISOString()
  const { exceptionId } = await acme.post<{ exceptionId: string }>('/exceptions/break-glass', {
    target: shop,
    locale: 'us-east-1',
    resourceType: 'eip',
    grants: { provider: true },
    reason: 'fire',
    expiresAt,
  })
  assert.deepEqual(await of(exceptionId), new Set(['break-glass-review']))
  // Not by whoever broke it, nor by anybody else: the review is what ends it.
  const [{ findingId }] = (await findings(`resource=${exceptionId}`)) as [Finding]
  const aside = await acme.ask<{ code: string; detail: string }>('POST', `/findings/${findingId}/suppress`, {
    body: { reason: 'known', until: expiresAt },
  })
  assert.deepEqual([aside.status, aside.body.code], [409, 'IncorrectState'])
  assert.match(aside.body.detail, /Findings of `break-glass-review` are not suppressed/)
  assert.deepEqual(await of(exceptionId), new Set(['break-glass-review']))
  const bob = await acme.tokenOf('user:bob', 'approver', '*')
  assert.equal(
    (await acme.ask('POST', `/exceptions/${exceptionId}/review`, { as: bob, body: { note: 'seen' } })).status,
    200,
  )
  assert.deepEqual(await of(exceptionId), new Set())
})

test('a server that was taken for gone writes nothing of what it had read before another one went on', async () => {
  const policyId = await acme.policy()
  await put(`/policies/${policyId}/documents/us-east-1/eip`, {
    rules: [{ poolId: await shared() }],
    requiredTags: [{ key: 'team' }],
  })
  await put(`/policies/${policyId}/assignments/${lab}`, { kind: 'default', mode: 'enforce' })
  const TagSpecifications = [{ ResourceType: 'elastic-ip' as const, Tags: tagsOf({ team: 'net' }) }]
  const id = await elasticIp(lab, { TagSpecifications })
  await followAll(acme.store)
  await acme.call('DeleteTags', { Resources: [id], Tags: [{ Key: 'team' }] }, { account: lab })
  acme.advance(20_000)
  let writes = 0
  const slow: Store = {
    ...acme.store,
    read: (work, ...rest) => acme.store.read(work, ...rest),
    async write(work, ...rest) {
      // The first one claims the work; behind what is read then, everything else happens.
      if (++writes === 2) {
        acme.advance(20_000)
        await followAll(acme.store, { id: 'another one' })
        await acme.call('ReleaseAddress', { AllocationId: id }, { account: lab })
        await followAll(acme.store, { id: 'another one' })
      }
      return acme.store.write(work, ...rest)
    },
  }
  await turnOf(slow, 'the slow one')
  assert.equal(writes, 2)
  const left = await acme.store.read((tx) => tx.findings.goingOnOf([id]))
  assert.deepEqual(left, [])
  await acme.ask('DELETE', `/policies/${policyId}/assignments/${lab}`)
})

test('a change at a leaf looks at what is there alone', async () => {
  acme.advance(20_000)
  await followAll(acme.store)
  const policyId = await acme.policy()
  await acme.rules(policyId, [await shared()])
  await elasticIp(network)
  await elasticIp(lab)
  await followAll(acme.store)
  await acme.enable(policyId, lab)
  const { items } = await acme.get<{ items: { resourceType: string }[] }>(`/allocations?account=${lab}`)
  assert.equal(await followAll(acme.store), items.filter(({ resourceType }) => resourceType === 'eip').length)
  await acme.ask('PATCH', `/accounts/${lab}`, { body: { contact: 'a@example.com' } })
  await followAll(acme.store)
  await acme.ask('PATCH', `/accounts/${lab}`, { body: { contact: 'b@example.com' } })
  assert.equal(await followAll(acme.store), 0, 'whom to ask is nothing that policy reads')
  await acme.ask('DELETE', `/policies/${policyId}/assignments/${lab}`)
})

test('what the rules in force have just given is not looked at again, unless an exception or tags had a part in it', async () => {
  const [listed, other] = [await shared(), await shared()]
  const policyId = await acme.policy()
  await acme.rules(policyId, [listed])
  await acme.enable(policyId, shop)
  const bob = await acme.tokenOf('user:bob', 'approver', '*')
  const expiresAt = new Date((await acme.store.read(async (tx) => tx.now)) + 3_600_000).toISOString()
  const { exceptionId } = await acme.post<{ exceptionId: string }>('/exceptions', {
    ...{ target: shop, locale: 'us-east-1', resourceType: 'eip', grants: { pools: [other] }, reason: 'why', expiresAt },
  })
  assert.equal((await acme.ask('POST', `/exceptions/${exceptionId}/approve`, { as: bob })).status, 200)
  await followAll(acme.store)
  const plain = await elasticIp(shop)
  assert.equal(await followAll(acme.store), 0)
  const spec = { account: shop, resourceType: 'eip', locale: 'us-east-1' }
  await acme.post('/allocations/batch', { allocations: [spec, spec, spec] })
  assert.equal(await followAll(acme.store), 0)
  await acme.post('/allocations/batch', { allocations: [spec, { ...spec, poolId: other }] })
  assert.equal(await followAll(acme.store), 2)
  const excepted = await elasticIp(shop, { IpamPoolId: other })
  assert.equal(await followAll(acme.store), 1)
  assert.deepEqual(
    (await findings(`resource=${excepted}`)).map(({ control }) => control),
    ['policy-exempt'],
  )
  // What was there before is looked at again, though it was allowed; and what was given before the rules changed.
  await acme.call('CreateTags', { Resources: [plain], Tags: tagsOf({ team: 'net' }) }, { account: shop })
  assert.equal(await followAll(acme.store), 1)
  await put(`/policies/${policyId}/documents/us-east-1/eip`, {
    rules: [{ poolId: listed }],
    requiredTags: [{ key: 'team', value: 'net' }],
  })
  await followAll(acme.store)
  const TagSpecifications = [{ ResourceType: 'elastic-ip' as const, Tags: tagsOf({ team: 'net' }) }]
  await elasticIp(shop, { TagSpecifications })
  assert.equal(await followAll(acme.store), 1)
  const late = await elasticIp(shop, { TagSpecifications })
  await acme.rules(policyId, [other])
  await followAll(acme.store)
  assert.deepEqual(
    (await findings(`resource=${late}`)).map(({ control, status }) => [control, status]),
    [['policy', 'open']],
  )
  await acme.ask('DELETE', `/policies/${policyId}/assignments/${shop}`)
})

test('a block that no pool gave is a finding where policy says which pool, in compliance and in the impact of it, and unmanaged elsewhere', async () => {
  const [poolId] = [await acme.pool({ scope: 'private', cidr: '10.1.0.0/16' })]
  const create = async (CidrBlock: string, account: string) =>
    (await acme.call('CreateVpc', { CidrBlock }, { account })).Vpc!
  const vpc = await create('10.9.0.0/24', shop)
  const later = await create('10.7.0.0/24', lab)
  const subnet = (await acme.call('CreateSubnet', { VpcId: vpc.VpcId!, CidrBlock: '10.9.0.0/28' }, { account: shop }))
    .Subnet!
  const association = vpc.CidrBlockAssociationSet![0]!.AssociationId!
  const countsOf = async (account: string, type: string) => {
    await followAll(acme.store)
    const { items } = await acme.get<{ items: { noncompliant: number; unmanaged: number; exempt: number }[] }>(
      `/compliance?by=type&node=${account}&resourceType=${type}`,
    )
    return items.at(-1)!
  }
  assert.partialDeepStrictEqual(await countsOf(shop, 'vpc'), { noncompliant: 0, unmanaged: 1 })
  assert.partialDeepStrictEqual(await countsOf(shop, 'subnet'), { noncompliant: 0, unmanaged: 1 })
  const policyId = await acme.policy()
  await put(`/policies/${policyId}/documents/us-east-1/vpc`, { rules: [{ poolId }] })
  const assignment = `/policies/${policyId}/assignments/${shop}`
  const body = { kind: 'default', mode: 'enforce' }
  const dry = await acme.ask('PUT', `${assignment}?dryRun=true`, { body })
  const impact = JSON.parse(String(dry.headers['x-cadastre-impact'])) as {
    noncompliant: number
    samples: { id: string }[]
  }
  assert.deepEqual([impact.noncompliant, impact.samples.map(({ id }) => id)], [1, [association]])
  await put(assignment, body)
  const of = async (resource: string) =>
    (await findings(`resource=${resource}`)).map(({ control, status, facts }) => [control, status, facts.cidr])
  assert.deepEqual(await of(association), [['policy', 'open', '10.9.0.0/24']])
  assert.deepEqual(await of(subnet.SubnetId!), [], 'what is inside of it was asked for with it')
  assert.partialDeepStrictEqual(await countsOf(shop, 'vpc'), { noncompliant: 1, unmanaged: 0 })
  // Nobody speaks of it, as long as no pool that is listed has it.
  await put(`/policies/${policyId}/documents/us-east-1/vpc`, { rules: [{ poolId }], onExplicit: 'allow' })
  await put(`/policies/${policyId}/assignments/${lab}`, body)
  assert.deepEqual(await of(association), [['policy', 'resolved', '10.9.0.0/24']])
  assert.deepEqual(await of(later.CidrBlockAssociationSet![0]!.AssociationId!), [])
  await acme.post(`/pools/${poolId}/cidrs`, { cidr: '10.7.0.0/16' })
  assert.deepEqual(await of(later.CidrBlockAssociationSet![0]!.AssociationId!), [['policy', 'open', '10.7.0.0/24']])
  const before = new Date(await acme.store.read(async (tx) => tx.now)).toISOString()
  acme.advance(1_000)
  await acme.call('DeleteVpc', { VpcId: later.VpcId! }, { account: lab })
  assert.deepEqual(await of(later.CidrBlockAssociationSet![0]!.AssociationId!), [['policy', 'resolved', '10.7.0.0/24']])
  assert.partialDeepStrictEqual(await countsOf(lab, 'vpc'), { noncompliant: 0, unmanaged: 0 })
  const then = await acme.get<{ items: { noncompliant: number }[] }>(
    `/compliance?by=type&node=${lab}&resourceType=vpc&at=${before}`,
  )
  assert.equal(then.items.at(-1)!.noncompliant, 1, 'of then it is told as it was then')
  for (const node of [shop, lab]) await acme.ask('DELETE', `/policies/${policyId}/assignments/${node}`)
})

test('D8 what an account changes of an IPAM or pool of its own has nobody else’s space looked at', async (t) => {
  if (isLeftToNight(t)) return
  for (let n = 0; n < 5; n++) await elasticIp(lab)
  const regions = [['us-east-1'], ['us-east-1', 'eu-central-1']]
  const made = await acme.post<Record<'ipamId' | 'publicScopeId' | 'privateScopeId', string>>('/ipams', {
    ...{ account: stranger, region: 'us-east-1', operatingRegions: regions[0], tier: 'advanced' },
  })
  const { ipamId, publicScopeId: scopeId, privateScopeId } = made
  const pool = { scopeId, family: 'ipv4', locale: 'us-east-1', publicIpSource: 'byoip', awsService: 'ec2' }
  const { poolId } = await acme.post<{ poolId: string }>('/pools', pool)
  const own = await elasticIp(stranger)
  // Its own policy is enabled on nobody, and somebody else's on others.
  await acme.post('/policies', { ipamId })
  const law = await acme.policy()
  await acme.rules(law, [await shared()])
  await acme.enable(law, dev)
  await followAll(acme.store)
  const changes: readonly (readonly [string, object])[] = [
    [`/ipams/${ipamId}`, { operatingRegions: regions[1] }],
    [`/ipams/${ipamId}`, { unmatched: 'deny' }],
    [`/ipams/${ipamId}`, { unmatched: 'provider' }],
    [`/pools/${poolId}`, { minNetmaskLength: 30 }],
  ]
  for (const [path, body] of changes) {
    assert.equal((await acme.ask('PATCH', path, { body })).status, 200, path)
    assert.equal(await followAll(acme.store), 1, JSON.stringify(body))
  }
  // However often, and however many that had nothing.
  for (let n = 0; n < 260; n++)
    await acme.ask('PATCH', `/pools/${poolId}`, { body: { minNetmaskLength: 29 + (n % 2) } })
  assert.equal(await followAll(acme.store), 1)
  const inside = { scopeId: privateScopeId, family: 'ipv4', locale: 'us-east-1' }
  const { poolId: top } = await acme.post<{ poolId: string }>('/pools', inside)
  for (let n = 0; n < 255; n++) await acme.post('/pools', { ...inside, parentPoolId: top })
  await followAll(acme.store)
  const gone = await acme.ask('DELETE', `/pools/${top}?cascade=true`)
  assert(gone.status < 300, JSON.stringify(gone.body))
  assert.equal(await followAll(acme.store), 1)
  assert.equal((await acme.ask('PATCH', `/ipams/${ipamId}`, { body: { description: 'x' } })).status, 200)
  assert.equal(await followAll(acme.store), 0)
  await acme.call('ReleaseAddress', { AllocationId: own }, { account: stranger })
  await acme.ask('DELETE', `/policies/${law}/assignments/${dev}`)
})

test('I8 compliance names units and accounts for whoever may read these alone', async () => {
  await followAll(acme.store)
  const as = await acme.tokenOf('user:opa', 'resource-operator', shop)
  await elasticIp(shop)
  const named = async (by: string, who?: string) =>
    (
      await acme.get<{ items: { group: string; name?: string }[] }>(`/compliance?by=${by}`, who ? { as: who } : {})
    ).items
      .filter(({ group }) => group === prod || group === shop)
      .map(({ group, name }) => [group, name])
  assert.deepEqual([await named('unit', as), await named('account', as)], [[[prod, undefined]], [[shop, undefined]]])
  assert.deepEqual([await named('unit'), await named('account')], [[[prod, 'prodprod']], [[shop, 'account-3']]])
})

test('D8 no transaction writes what a change makes of all that an account has', async () => {
  const [listed, other] = [await shared(), await acme.pool({ cidr: '203.0.116.0/24' })]
  const spec = { account: network, resourceType: 'eip', locale: 'us-east-1', poolId: other }
  const some = { allocations: Array.from({ length: 90 }, () => spec) }
  const { allocations } = await acme.post<{ allocations: { allocationId: string }[] }>('/allocations/batch', some)
  const policyId = await acme.policy()
  await acme.rules(policyId, [listed])
  await followAll(acme.store)
  await acme.enable(policyId, network)
  const countOf = async (): Promise<number> =>
    Number(((await acme.database.select('select count(*) as n from finding')) as { n: number }[])[0]!.n)
  const before = await countOf()
  const written: number[] = []
  const counting: Store = {
    ...acme.store,
    read: (work, ...rest) => acme.store.read(work, ...rest),
    async write(work, ...rest) {
      const had = await countOf()
      const answer = await acme.store.write(work, ...rest)
      written.push((await countOf()) - had)
      return answer
    },
  }
  await followAll(counting)
  assert((await countOf()) - before >= allocations.length)
  assert(Math.max(...written) <= 32, `in one transaction ${Math.max(...written)}`)
  await acme.ask('DELETE', `/policies/${policyId}/assignments/${network}`)
})

test('D2 each part is a step of its own, and whoever asks another server is heard of by what comes on record', async () => {
  acme.advance(20_000)
  const [listed, other] = [await shared(), await acme.pool({ cidr: '203.0.117.0/24' })]
  const spec = { account: network, resourceType: 'eip', locale: 'us-east-1', poolId: other }
  await acme.post('/allocations/batch', { allocations: Array.from({ length: 70 }, () => spec) })
  const policyId = await acme.policy()
  await acme.rules(policyId, [listed])
  await acme.enable(policyId, network)
  let [writes, inSteps, heard, isInStep] = [0, 0, 0, false]
  const watched: Store = {
    ...acme.store,
    read: (work, ...rest) => acme.store.read(work, ...rest),
    async write(work, ...rest) {
      writes++
      if (isInStep) inSteps++
      return acme.store.write(work, ...rest)
    },
  }
  const worker = { id: 'of this test', turns: new ScanTurns() }
  const untilDone = async (between: () => Promise<unknown>): Promise<void> => {
    const pace: Pace = {
      async step(work) {
        isInStep = true
        const answer = await work()
        isInStep = false
        await between()
        return answer
      },
      isCrowded: () => true,
      hearsOthers: () => void heard++,
    }
    while (await acme.store.read((tx) => isBehind(tx, worker))) await takeTurn(watched, worker, pace)
  }
  await untilDone(async () => undefined)
  assert.equal(heard, 0)
  // To say who works at it is a step that nobody else waits for.
  assert.deepEqual([inSteps >= 5, writes - inSteps], [true, 1])
  await acme.ask('DELETE', `/policies/${policyId}/assignments/${network}`)
  let asked = 0
  await untilDone(async () => {
    if (++asked <= 5) await elasticIp(lab)
  })
  assert(heard > 0)
})

test('however much names a network, all of it is looked at when its tags change', async () => {
  acme.advance(20_000)
  const pool = await acme.pool({ scope: 'private', cidr: '10.78.0.0/16' })
  const { Vpc } = await acme.call('CreateVpc', { CidrBlock: '10.79.0.0/16' }, { account: network })
  const named = { locale: 'us-east-1', resourceId: Vpc!.VpcId! }
  const spec = { account: network, resourceType: 'custom', netmaskLength: 32, poolId: pool, ...named }
  for (let batch = 0; batch < 11; batch++)
    await acme.post('/allocations/batch', { allocations: Array.from({ length: 100 }, () => spec) })
  await followAll(acme.store)
  await acme.call('CreateTags', { Resources: [Vpc!.VpcId!], Tags: tagsOf({ a: 'b' }) }, { account: network })
  assert((await followAll(acme.store)) >= 1_100)
})
