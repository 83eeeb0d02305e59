// What the record tells of each change and refusal: what was changed, from what to what, which decisions, and what a refusal was about.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import type { Store } from '#store/store.ts'
import { lab, network, openAcme, prod, root, shop } from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { testSettings } from '../../../test/world.ts'
import { openExecutor } from '../execute.ts'
import { refusalsPerMinute } from '../refused-changes.ts'

interface Difference {
  readonly objectId: string
  readonly kind?: string
  readonly versionBefore?: number
  readonly versionAfter?: number
  readonly members: readonly { readonly member: string; readonly before?: unknown; readonly after?: unknown }[]
}
interface Change {
  readonly changeId: string
  readonly at: string
  readonly action: string
  readonly outcome: string
  readonly isDryRun?: true
  readonly times?: number
  readonly subjects: readonly string[]
  readonly subjectCount: number
  readonly differences: readonly Difference[]
  readonly principal: string
}
interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string
}
type World = Awaited<ReturnType<typeof openAcme>> & Native

let acme: World
before(async () => {
  acme = await withNativeApi(await openAcme())
})
after(() => acme.close())

/** A pool that everybody in the organization may name. */
async function sharedPool(cidr?: string): Promise<string> {
  const poolId = await acme.pool({ cidr })
  assert.equal((await acme.ask('PATCH', `/pools/${poolId}`, { body: { sharedWith: [root] } })).status, 200)
  return poolId
}
async function changesOf(work: () => Promise<unknown>): Promise<readonly Change[]> {
  const { nextCursor } = await acme.get<Page<Change>>('/changes?latest=true')
  await work()
  return (await acme.get<Page<Change>>(`/changes?limit=1000&cursor=${nextCursor}`)).items
}
/** The one entry of a request. */
async function changeOf(work: () => Promise<unknown>): Promise<Change> {
  const changes = await changesOf(work)
  assert.equal(changes.length, 1, JSON.stringify(changes.map(({ action, outcome }) => [action, outcome])))
  return changes[0]!
}
async function pagesOf<T>(path: string): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const sign = path.includes('?') ? '&' : '?'
    const page: Page<T> = await acme.get(`${path}${cursor === '' ? '' : `${sign}cursor=${cursor}`}`)
    items.push(...page.items)
    cursor = page.nextCursor
  }
  return items
}
const idsIn = (header: unknown): string[] => (header === undefined ? [] : String(header).split(', '))
const headerOf = ({ headers }: { headers: Readonly<Record<string, unknown>> }): string[] =>
  idsIn(headers['x-cadastre-decision'])
interface Decision {
  readonly outcome: string
  readonly isDryRun?: true
}
const decision = (id: string) => acme.get<Decision>(`/decisions/${id}`)
const differenceIn = ({ differences }: Change, id: string): Record<string, readonly [unknown, unknown]> =>
  Object.fromEntries(
    differences
      .find(({ objectId }) => objectId === id)!
      .members.map(({ member, before, after }) => [member, [before, after] as const]),
  )
const eip = (account: string, more: object = {}) => ({ account, resourceType: 'eip', locale: 'us-east-1', ...more })

// Decisions ----------------------------------------------------------------------------------------------------------

test('every answer that policy decided names its decisions, and each can be read', async () => {
  const [small, other] = [await sharedPool('203.0.50.0/30'), await sharedPool()]
  const policy = await acme.policy()
  await acme.rules(policy, [small])
  await acme.enable(policy, prod)
  const ask = (body: object, headers: Record<string, string> = {}, path = '/allocations') =>
    acme.ask<{ code?: string; decisionId?: string }>('POST', path, { body, headers })
  const key = { 'idempotency-key': 'once' }

  const allowed = await ask(eip(shop), key)
  assert.equal(allowed.status, 201)
  assert.deepEqual(headerOf(allowed), [allowed.body.decisionId])
  const repeated = await ask(eip(shop), key)
  assert.deepEqual(headerOf(repeated), headerOf(allowed), 'a repeat names the decision of the first time')
  const denied = await ask(eip(shop, { poolId: other }))
  assert.equal(denied.body.code, 'DeniedByPolicy')
  assert.deepEqual(headerOf(denied), [denied.body.decisionId])
  const batch = { allocations: [eip(shop), eip(shop)] }
  const [both, again] = [
    await ask(batch, { 'idempotency-key': 'both' }, '/allocations/batch'),
    await ask(batch, { 'idempotency-key': 'both' }, '/allocations/batch'),
  ]
  assert.equal(headerOf(both).length, 2)
  assert.deepEqual(headerOf(again), headerOf(both))
  const taken = await ask(eip(shop, { poolId: small, cidr: '203.0.50.0/32' }))
  assert.deepEqual([taken.body.code, headerOf(taken).length], ['CidrConflict', 1], 'whatever the refusal is called')
  const refusedBatch = await ask({ allocations: [eip(shop), eip(shop)] }, {}, '/allocations/batch')
  assert.deepEqual(
    [refusedBatch.body.code, headerOf(refusedBatch).length],
    ['Exhausted', 1],
    'what was undone is not named',
  )
  assert.deepEqual(headerOf(refusedBatch), [refusedBatch.body.decisionId])
  const last = await ask(eip(shop))
  const exhausted = await ask(eip(shop))
  assert.deepEqual([last.status, exhausted.body.code], [201, 'Exhausted'])
  assert.deepEqual(headerOf(exhausted), [exhausted.body.decisionId])

  const named = [allowed, denied, both, taken, refusedBatch, last, exhausted].flatMap(headerOf)
  const outcomes = (await Promise.all(named.map(decision))).map(({ outcome }) => outcome)
  assert.deepEqual(outcomes, ['allow', 'deny', 'allow', 'allow', 'deny', 'deny', 'allow', 'deny'])
})

test('a dry run that would succeed names no decision, and says why; one that is denied is on record as what it was', async () => {
  const [ours, other] = [await sharedPool(), await sharedPool()]
  const policy = await acme.policy()
  await acme.rules(policy, [ours])
  await acme.enable(policy, lab)
  const none = await changesOf(async () => {
    const { status, headers, body } = await acme.ask<{ decisionId?: string; address?: string }>(
      'POST',
      '/allocations?dryRun=true',
      { body: eip(lab) },
    )
    assert.equal(status, 201)
    assert.match(body.address!, /^203\.0\./)
    assert.deepEqual([headers['x-cadastre-decision'], body.decisionId], [undefined, undefined])
    assert.match(String(headers['x-cadastre-explanation']), new RegExp(`from pool .${ours}., by policy .${policy}.`))
  })
  assert.deepEqual(none, [])

  let id = ''
  const change = await changeOf(async () => {
    const answer = await acme.ask<{ code: string; decisionId: string }>('POST', '/allocations?dryRun=true', {
      body: eip(lab, { poolId: other }),
    })
    assert.deepEqual([answer.body.code, headerOf(answer)], ['DeniedByPolicy', [answer.body.decisionId]])
    id = answer.body.decisionId
  })
  assert.deepEqual([change.outcome, change.isDryRun], ['DeniedByPolicy', true])
  const { outcome, isDryRun } = await decision(id)
  assert.deepEqual([outcome, isDryRun], ['deny', true])
  const over = await acme
    .call('AllocateAddress', { IpamPoolId: other, DryRun: true }, { account: lab })
    .catch((error: unknown) => error)
  assert.ok(over instanceof Refused && over.refusal.code === 'DeniedByPolicy')
  assert.equal((await decision(over.refusal.decision)).isDryRun, true, 'over EC2 likewise')
})

test('what is denied after other changes of its request is named as it is recorded', async () => {
  const pool = await acme.pool({ cidr: '203.0.60.0/32' })
  const policy = await acme.policy()
  await acme.rules(policy, [pool])
  await acme.enable(policy, lab)
  const answer = await acme.ask<{ decisionId: string; index: number; detail: string }>('POST', '/allocations/batch', {
    body: { allocations: [eip(lab), eip(lab)] },
  })
  assert.equal(answer.body.index, 1)
  assert.equal((await decision(answer.body.decisionId)).outcome, 'deny')
  assert.match(answer.body.detail, new RegExp(answer.body.decisionId))
  const { items } = await acme.get<Page<{ decisionId: string }>>(`/decisions?subject=${pool}`)
  assert.deepEqual(
    items.map(({ decisionId }) => decisionId),
    [answer.body.decisionId],
    'and found by what it was about',
  )
})

test('what is denied after other changes of its request has the moment of its entry, and none that was final before', async () => {
  const pool = await acme.pool({ cidr: '203.0.61.0/32' })
  const policy = await acme.policy()
  await acme.rules(policy, [pool])
  await acme.enable(policy, shop)
  // Time goes on between the transaction that is rolled back and the one in which the denial is recorded.
  const store: Store = {
    read: (work) => acme.store.read(work),
    write(work, asked) {
      acme.advance(1_000)
      return acme.store.write(work, asked)
    },
    close: async () => {},
  }
  const slow = await withNativeApi({ ...acme, store, executor: await openExecutor(store, testSettings) })
  const [change] = await changesOf(async () => {
    const body = { allocations: [eip(shop), eip(shop)] }
    assert.equal((await slow.ask('POST', '/allocations/batch', { body })).status, 507)
  })
  const { items } = await acme.get<Page<{ at: string }>>(`/decisions?subject=${pool}`)
  assert.deepEqual(
    items.map(({ at }) => at),
    [change!.at],
  )
})

// What changed -------------------------------------------------------------------------------------------------------

test('a change tells the members that changed, with the old and the new value', async () => {
  const poolId = await acme.pool()
  const updated = await changeOf(() => acme.ask('PATCH', `/pools/${poolId}`, { body: { description: 'egress' } }))
  assert.deepEqual(updated.subjects, [poolId])
  assert.deepEqual(differenceIn(updated, poolId), { description: [undefined, 'egress'] })
  const again = await changeOf(() => acme.ask('PATCH', `/pools/${poolId}`, { body: { description: 'of all' } }))
  assert.deepEqual(differenceIn(again, poolId), { description: ['egress', 'of all'] })
  const [{ versionBefore, versionAfter, kind } = {}] = again.differences
  assert.deepEqual([kind, versionAfter], ['ipam-pool', versionBefore! + 1])
  const tagged = await changeOf(() =>
    acme.call('CreateTags', { Resources: [poolId], Tags: [{ Key: 'team', Value: 'net' }] }, { account: network }),
  )
  assert.deepEqual(differenceIn(tagged, poolId), { tags: [{}, { team: 'net' }] })
})

test('an object that one request changes twice is told once, from before the first to after the last', async () => {
  const object = { id: 'twice', kind: 'sample', account: network }
  const told = (...bodies: (object | undefined)[]) =>
    acme.store.write(async (tx) => {
      tx.subjects.begin()
      for (const body of bodies) await tx.history.changed(object, body)
      return tx.subjects.take()
    })
  assert.deepEqual(await told({ a: 1 }, { a: 2 }), [{ id: 'twice', before: undefined, after: 2 }])
  assert.deepEqual(await told({ a: 3 }, { a: 4 }), [{ id: 'twice', before: 2, after: 4 }])
  assert.deepEqual(await told({ a: 5 }, undefined), [{ id: 'twice', before: 4, after: undefined }])
})

test('tags of networks and scopes are changes of them', async () => {
  const as = { account: lab }
  const { Vpc } = await acme.call('CreateVpc', { CidrBlock: '172.20.0.0/16' }, as)
  const { Subnet } = await acme.call('CreateSubnet', { VpcId: Vpc!.VpcId!, CidrBlock: '172.20.1.0/24' }, as)
  const { IpamScope } = await acme.call('CreateIpamScope', { IpamId: acme.ipam }, { account: network })
  for (const [id, account] of [
    [Vpc!.VpcId!, lab],
    [Subnet!.SubnetId!, lab],
    [IpamScope!.IpamScopeId!, network],
  ] as const) {
    const Tags = [{ Key: 'team', Value: 'net' }]
    const change = await changeOf(() => acme.call('CreateTags', { Resources: [id], Tags }, { account }))
    assert.deepEqual(differenceIn(change, id), { tags: [{}, { team: 'net' }] }, id)
  }
})

test('space that is taken and given back is told with what it was', async () => {
  await acme.pool()
  const { allocationId, resourceId } = await acme.post<{ allocationId: string; resourceId: string }>(
    '/allocations',
    eip('999999999999'),
  )
  const { items } = await acme.get<Page<Change>>(`/changes?subject=${allocationId}`)
  const [taken] = items
  assert.deepEqual([items.length, taken!.action, taken!.subjects], [1, 'createAllocation', [resourceId]])
  assert.equal(differenceIn(taken!, resourceId).account![1], '999999999999')
  acme.advance(1_000)
  const released = await changeOf(() =>
    acme.call('ReleaseAddress', { AllocationId: resourceId }, { account: '999999999999' }),
  )
  assert.deepEqual([released.subjects, released.subjectCount], [[resourceId], 1])
  assert.match(String(differenceIn(released, resourceId).cidr![0]), /\/32$/)
  assert.equal(differenceIn(released, resourceId).cidr![1], undefined)
})

test('a cascade tells of every object that it ended, each once, page by page', async () => {
  const { Ipam } = await acme.call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] }, { account: lab })
  const { IpamPool } = await acme.call(
    'CreateIpamPool',
    { IpamScopeId: Ipam!.PrivateDefaultScopeId!, AddressFamily: 'ipv4', Locale: 'us-east-1' },
    { account: lab },
  )
  const pool = IpamPool!.IpamPoolId!
  await acme.call('ProvisionIpamPoolCidr', { IpamPoolId: pool, Cidr: '10.99.0.0/16' }, { account: lab })
  const cidrs = await acme.call('GetIpamPoolCidrs', { IpamPoolId: pool }, { account: lab })
  const allocations: string[] = []
  for (let i = 0; i < 84; i++) {
    const { IpamPoolAllocation } = await acme.call(
      'AllocateIpamPoolCidr',
      { IpamPoolId: pool, NetmaskLength: 28 },
      { account: lab },
    )
    allocations.push(IpamPoolAllocation!.IpamPoolAllocationId!)
  }
  acme.advance(1_000)
  const change = await changeOf(() =>
    acme.call('DeleteIpamPool', { IpamPoolId: pool, Cascade: true }, { account: lab }),
  )
  const ended = [...allocations, cidrs.IpamPoolCidrs![0]!.IpamPoolCidrId!, pool].sort()
  assert.deepEqual([...change.subjects].sort(), ended)
  assert.equal(change.subjectCount, ended.length)
  const subjects = await pagesOf<Difference>(`/changes/${change.changeId}/subjects?limit=7`)
  assert.deepEqual(subjects.map(({ objectId }) => objectId).sort(), ended)
  assert.ok(subjects.every(({ members }) => members.length > 0 && members.every(({ after }) => after === undefined)))
  for (const id of [allocations[0]!, allocations.at(-1)!, pool]) {
    const about = await acme.get<Page<Change>>(`/changes?subject=${id}&action=DeleteIpamPool`)
    assert.deepEqual(
      about.items.map(({ changeId }) => changeId),
      [change.changeId],
      id,
    )
  }
  const shown = await acme.get<Change>(`/changes/${change.changeId}`)
  assert.deepEqual({ ...shown, decisionIds: [] }, { ...change, decisionIds: [] })

  const whole = await changeOf(() =>
    acme.call('DeleteIpam', { IpamId: Ipam!.IpamId!, Cascade: true }, { account: lab }),
  )
  assert.deepEqual(
    [...whole.subjects].sort(),
    [
      Ipam!.IpamId!,
      Ipam!.PrivateDefaultScopeId!,
      Ipam!.PublicDefaultScopeId!,
      Ipam!.DefaultResourceDiscoveryId!,
      Ipam!.DefaultResourceDiscoveryAssociationId!,
    ].sort(),
  )
})

test('a VPC is told with the space that came and went with it', async () => {
  const pool = await acme.pool({ scope: 'private', cidr: '10.77.0.0/16' })
  await acme.call('ModifyIpamPool', { IpamPoolId: pool, AddAllocationResourceTags: [] }, { account: network })
  const as = { account: network }
  const { Vpc } = await acme.call('CreateVpc', { Ipv4IpamPoolId: pool, Ipv4NetmaskLength: 24 }, as)
  const made = (await acme.get<Page<Change>>(`/changes?subject=${Vpc!.VpcId!}`)).items.at(-1)!
  assert.equal(made.subjectCount, 2)
  acme.advance(1_000)
  const gone = await changeOf(() => acme.call('DeleteVpc', { VpcId: Vpc!.VpcId! }, as))
  assert.deepEqual([...gone.subjects].sort(), [...made.subjects].sort())
})

test('a token tells what ended with it, and no secret', async () => {
  const made = await acme.post<{ token: string; tokenId: string }>('/tokens', {})
  const child = await acme.post<{ token: string; tokenId: string }>('/tokens', {}, { as: made.token })
  const change = await changeOf(() => acme.ask('DELETE', `/tokens/${made.tokenId}`))
  assert.deepEqual([...change.subjects].sort(), [made.tokenId, child.tokenId].sort())
  for (const { tokenId } of [made, child]) assert.equal(typeof differenceIn(change, tokenId).revokedAt![1], 'number')
  const all = JSON.stringify(await acme.get(`/changes?limit=1000`))
  const history = JSON.stringify(await acme.get(`/history/objects/${made.tokenId}`))
  for (const secret of [made.token, child.token, 'hash', 'subject"']) {
    assert.ok(!history.includes(secret), secret)
    if (secret.length > 20) assert.ok(!all.includes(secret))
  }
})

test('an association that gives way to another is on record too', async () => {
  await acme.pool()
  const as = { account: lab }
  const { AllocationId } = await acme.call('AllocateAddress', { Domain: 'vpc' }, { account: '999999999999' })
  const stranger = { account: '999999999999' }
  const first = await acme.call('AssociateAddress', { AllocationId, InstanceId: 'i-0123456789abcdef0' }, stranger)
  const change = await changeOf(() =>
    acme.call('AssociateAddress', { AllocationId, InstanceId: 'i-0123456789abcdef1' }, stranger),
  )
  assert.ok(change.subjects.includes(first.AssociationId!), as.account)
  assert.equal(differenceIn(change, first.AssociationId!).instanceId![1], undefined)
  assert.equal(differenceIn(change, first.AssociationId!).instanceId![0], 'i-0123456789abcdef0')
})

test('holds that lapse are on record, whoever has swept them', async () => {
  const poolId = await acme.pool({ scope: 'private', locale: 'us-east-1', cidr: '10.78.0.0/31' })
  await acme.call('ModifyIpamPool', { IpamPoolId: poolId, AllocationMinNetmaskLength: 16 }, { account: network })
  const params = { account: network, resourceType: 'custom', locale: 'us-east-1', poolId, netmaskLength: 32 }
  const holds: string[] = []
  for (let i = 0; i < 2; i++) {
    const body = { ...params, hold: { expiresInSeconds: 60 } }
    holds.push((await acme.post<{ allocationId: string }>('/allocations', body)).allocationId)
  }
  acme.advance(61_000)
  const [lapse, ...others] = await changesOf(() => acme.post('/allocations', params))
  assert.deepEqual([lapse!.action, lapse!.principal, lapse!.outcome], ['LapseHolds', 'housekeeping', 'Success'])
  assert.deepEqual(lapse!.subjects, holds)
  assert.deepEqual(
    others.map(({ action }) => action),
    ['createAllocation'],
  )
  assert.ok(!others[0]!.subjects.some((id) => holds.includes(id)))
})

test('what one may not see is named, and nothing of it is told', async () => {
  const auditor = await acme.tokenOf('user:lab-auditor', 'auditor', lab)
  const poolId = await acme.pool()
  const changes = await acme.get<Page<Change>>('/changes?limit=1000', { as: auditor })
  assert.ok(changes.items.length > 0)
  assert.ok(changes.items.every(({ differences }) => !JSON.stringify(differences).includes(`"account":"${network}"`)))
  const { items } = await acme.get<Page<Change>>(`/changes?subject=${poolId}`)
  const status = async (path: string) => (await acme.ask('GET', path, { as: auditor })).status
  assert.equal(await status(`/changes/${items[0]!.changeId}`), 404)
  assert.equal(await status(`/changes/${items[0]!.changeId}/subjects`), 404)
  assert.equal(await status('/changes/999999999'), 404)
  assert.equal(await status('/changes/none'), 404)
})

// Refusals -----------------------------------------------------------------------------------------------------------

test('every refused change has its entry, with what it was about', async () => {
  const pool = await acme.pool()
  const absent = 'ipam-pool-0123456789abcdef0'
  const binding = { principal: 'user:twice', role: 'auditor', node: lab }
  await acme.post('/role-bindings', binding)
  const native = (method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object | string) => () =>
    acme.ask(method, path, { body })
  const ec2 = (name: 'DeleteIpamPool' | 'CreateTags', input: object) => () =>
    acme.call(name, input as never, { account: network }).catch(() => undefined)
  for (const [work, action, outcome, subject] of [
    [native('DELETE', `/pools/${absent}`), 'deletePool', 'NotFound', absent],
    [native('DELETE', `/pools/${pool}`), 'deletePool', 'DependencyViolation', pool],
    [native('POST', '/role-bindings', binding), 'createRoleBinding', 'AlreadyExists', lab],
    [
      native('POST', '/role-bindings', { principal: 'user:a', node: lab }),
      'createRoleBinding',
      'MissingParameter',
      lab,
    ],
    [native('PATCH', `/pools/${pool}`, { description: 7 }), 'updatePool', 'InvalidParameterValue', pool],
    [native('PATCH', `/pools/${pool}`, { colour: 'red' }), 'updatePool', 'UnknownParameter', pool],
    [native('PATCH', `/pools/${pool}`, '{'), 'updatePool', 'MalformedRequest', pool],
    [ec2('DeleteIpamPool', { IpamPoolId: absent }), 'DeleteIpamPool', 'NotFound', absent],
    [ec2('DeleteIpamPool', { IpamPoolId: pool }), 'DeleteIpamPool', 'DependencyViolation', pool],
    [ec2('CreateTags', { Resources: [pool], Tags: [] }), 'CreateTags', 'MissingParameter', pool],
    [
      ec2('CreateTags', { Resources: [pool], Tags: [{ Key: '\u0000', Value: '' }] }),
      'CreateTags',
      'InvalidParameterValue',
      pool,
    ],
  ] as const) {
    const change = await changeOf(work)
    assert.deepEqual([change.action, change.outcome], [action, outcome])
    assert.ok(change.subjects.includes(subject), `${action} ${outcome}: ${change.subjects}`)
    assert.equal(new Set(change.subjects).size, change.subjects.length, 'each once')
    const about = await acme.get<Page<Change>>(`/changes?subject=${subject}&limit=1000`)
    assert.ok(
      about.items.some(({ changeId }) => changeId === change.changeId),
      'found by what it was about',
    )
  }
})

test('reading, and asking without a good token, is no entry', async () => {
  const none = await changesOf(async () => {
    await acme.ask('GET', '/pools/ipam-pool-0123456789abcdef0')
    await acme.ask('GET', '/pools?limit=nonsense')
    await acme.ask('POST', '/pools', { body: {}, as: 'nobody' })
    await acme.ask('POST', '/nowhere', { body: {} })
  })
  assert.deepEqual(none, [])
})

test('of very many refusals a principal has so many entries a minute, and one that says how many more there were', async () => {
  const more = 25
  const refuse = () => acme.call('ReleaseAddress', {}, { account: lab }).catch(() => undefined)
  const changes = await changesOf(async () => {
    // A few at a time: those of one transaction may all have their entries.
    for (let i = 0; i < refusalsPerMinute + more; i++) await refuse()
    await acme.executor.recordCounted()
  })
  assert.equal(changes.length, refusalsPerMinute)
  const pool = await acme.pool()
  const policy = await acme.policy()
  await acme.rules(policy, [pool])
  await acme.enable(policy, lab)
  const [denied] = await changesOf(() =>
    acme.call('AllocateAddress', { Address: '8.8.8.8' }, { account: lab }).catch(() => undefined),
  )
  assert.ok(denied, 'what policy decides always has its entry')
  acme.advance(60_000)
  const [counted, ...rest] = await changesOf(() => acme.executor.recordCounted())
  assert.deepEqual(rest, [])
  assert.deepEqual(
    [counted!.action, counted!.outcome, counted!.times, counted!.principal],
    ['CountRefusals', 'MissingParameter', more, `arn:aws:iam::${lab}:user/test`],
  )
  assert.equal((await changesOf(refuse)).length, 1, 'in the next minute there are entries again')
  assert.deepEqual(await changesOf(() => acme.executor.recordCounted({ isAll: true })), [])
})

test('changes between two moments are those, through every page, and what comes later is none of them', async () => {
  const change = async (description: string) => {
    const { scopeId } = await acme.post<{ scopeId: string }>('/scopes', { ipamId: acme.ipam, description })
    return scopeId
  }
  await change('before')
  acme.advance(2_000)
  const scopes = [await change('one')]
  const [first] = await changesAbout(scopes[0]!)
  acme.advance(2_000)
  scopes.push(await change('two'), await change('three'))
  acme.advance(2_000)
  const [last] = await changesAbout(await change('after'))
  const between = `from=${first!.at}&until=${last!.at}`
  for (const filter of [
    '',
    `&account=${(await acme.get<Page<{ account: string }>>(`/changes?${between}`)).items[0]!.account}`,
  ]) {
    for (const [order, expected] of [
      ['', scopes.toReversed()],
      ['&order=oldest-first', scopes],
    ] as const) {
      const found: Change[] = []
      let cursor: string | undefined = ''
      let page: Page<Change>
      do {
        page = await acme.get(`/changes?${between}${filter}${order}&limit=2${cursor && `&cursor=${cursor}`}`)
        found.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== undefined && page.items.length > 0)
      assert.deepEqual(
        found.map(({ subjects }) => subjects[0]),
        expected,
      )
      await change('later')
      // In the order of time there is always more to come; what comes is none of them.
      assert.equal(cursor !== undefined, order !== '')
      if (cursor === undefined) continue
      assert.deepEqual(
        (await acme.get<Page<Change>>(`/changes?${between}${filter}${order}&cursor=${cursor}`)).items,
        [],
      )
    }
  }
})

test('a list of changes begins with the newest, and what comes later is read on from any change, in the order of time', async () => {
  const change = async (description: string) =>
    (await acme.post<{ scopeId: string }>('/scopes', { ipamId: acme.ipam, description })).scopeId
  const [one, two, three] = [await change('one'), await change('two'), await change('three')]
  const idsOf = (items: readonly Change[]) => items.map(({ subjects }) => subjects[0])
  const newest = await acme.get<Page<Change>>('/changes?limit=2')
  assert.deepEqual(idsOf(newest.items), [three, two])
  const older = await acme.get<Page<Change>>(`/changes?limit=1&cursor=${newest.nextCursor}`)
  assert.deepEqual(idsOf(older.items), [one])
  const [first] = older.items
  const later = await acme.get<Page<Change>>(`/changes?cursor=${first!.changeId}`)
  assert.deepEqual(idsOf(later.items), [two, three])
  const four = await change('four')
  assert.deepEqual(idsOf((await acme.get<Page<Change>>(`/changes?cursor=${later.nextCursor}`)).items), [four])
  // A cursor goes on the way it began.
  for (const query of [
    `order=oldest-first&cursor=${newest.nextCursor}`,
    `order=newest-first&cursor=${later.nextCursor}`,
  ]) {
    const { body } = await acme.ask<{ code: string }>('GET', `/changes?${query}`)
    assert.equal(body.code, 'InvalidPaginationToken', query)
  }
})
const changesAbout = async (id: string): Promise<readonly Change[]> =>
  (await acme.get<Page<Change>>(`/changes?subject=${id}`)).items

test('the changes of a pool are those of the pool itself and of its space, those that are over among them', async () => {
  const other = await sharedPool('203.9.1.0/24')
  const pool = await sharedPool('203.9.2.0/24')
  const take = (poolId: string) =>
    acme.post<{ allocationId: string }>('/allocations', {
      ...{ account: shop, resourceType: 'custom', locale: 'us-east-1', poolId, netmaskLength: 28 },
    })
  const { allocationId } = await take(pool)
  await take(other)
  await acme.ask('DELETE', `/allocations/${allocationId}`)
  const { items } = await acme.get<Page<Change>>(`/changes?poolId=${pool}`)
  assert.deepEqual(
    items.slice(0, 2).map(({ action, subjects }) => [action, subjects[0]]),
    [
      ['releaseAllocation', allocationId],
      ['createAllocation', allocationId],
    ],
  )
  assert(items.length > 2 && items.every(({ subjects }) => subjects.includes(allocationId) || subjects.includes(pool)))
})

test('I8 decisions are read on in the order of time, behind a place or one of them, by whoever may see them and no others', async () => {
  type Listed = { readonly decisionId: string; readonly account: string }
  const ask = (account: string) => acme.ask('POST', '/allocations', { body: eip(account) })
  const list = (query: string, as?: string) =>
    acme.get<Page<Listed>>(`/decisions?${query}`, as === undefined ? {} : { as })
  const as = await acme.tokenOf('user:of-shop', 'resource-operator', shop)
  const [all, own] = [await list('latest=true'), await list('latest=true', as)]
  assert.deepEqual([all.items, own.items], [[], []])
  for (const account of [shop, lab, shop]) await ask(account)
  const later = (await list('limit=3')).items.toReversed()
  const first = await list(`limit=2&cursor=${all.nextCursor}`)
  assert.deepEqual(first.items, later.slice(0, 2))
  assert.deepEqual((await list(`cursor=${first.nextCursor}`)).items, later.slice(2))
  assert.deepEqual((await list(`cursor=${later[0]!.decisionId}`)).items, later.slice(1))
  assert.deepEqual(
    (await list(`cursor=${own.nextCursor}`, as)).items.map(({ account }) => account),
    [shop, shop],
  )
  const end = await list(`cursor=${first.nextCursor}`)
  assert.deepEqual((await list(`cursor=${end.nextCursor}`)).items, [])
  for (const wrong of ['cursor=x', 'cursor=decision-00000000000000000'])
    assert.equal((await acme.ask<{ code: string }>('GET', `/decisions?${wrong}`)).body.code, 'InvalidPaginationToken')
  const subject = await acme.ask<{ field: string }>('GET', `/decisions?latest=true&subject=${shop}`)
  assert.deepEqual([subject.status, subject.body.field], [400, 'subject'])
})
