// What the record says of a moment: what was so then, under the names of then, whatever has become of it since.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { foundOrganization, lab, network, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'

let world: NativeWorld
let publicPool: string
let privatePool: string

interface Made {
  readonly allocationId: string
  readonly decisionId: string
  readonly cidr: string
  readonly poolId: string
  readonly resourceId?: string
}
interface Tenure {
  readonly cidr: string
  readonly poolId: string
  readonly state: string
  readonly resourceId?: string
  readonly allocationId: string
  readonly description?: string
  readonly tags: Readonly<Record<string, string>>
  readonly association?: { readonly resourceId: string; readonly resourceType: string }
  readonly expiresAt?: string
  readonly from: string
  readonly until?: string
  readonly heldUntil?: string
  readonly ending?: string
  readonly decisionId?: string
  readonly requestedBy?: { readonly principal: string; readonly action: string }
}
interface Page<Item> {
  readonly items: Item[]
  readonly nextCursor?: string
  readonly asOf: string
}

before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  const ipam = await world.post<{ publicScopeId: string; privateScopeId: string }>('/ipams', {
    account: network,
    region: 'us-east-1',
  })
  const pool = async (params: object, cidr: string): Promise<string> => {
    const { poolId } = await world.post<{ poolId: string }>('/pools', {
      family: 'ipv4',
      sharedWith: [root],
      quarantineSeconds: 0,
      ...params,
    })
    await world.post(`/pools/${poolId}/cidrs`, { cidr })
    return poolId
  }
  privatePool = await pool({ scopeId: ipam.privateScopeId, locale: 'onprem:berlin' }, '10.0.0.0/16')
  publicPool = await pool({ scopeId: ipam.publicScopeId, locale: 'us-east-1', awsService: 'ec2' }, '203.0.113.0/24')
})
after(() => world.close())

const now = async (): Promise<string> => new Date(await world.store.read(async (tx) => tx.now)).toISOString()
/** A moment between what was before and what comes. */
async function moment(): Promise<string> {
  world.advance(1_000)
  const at = await now()
  world.advance(1_000)
  return at
}
const paramsFor = (more: object = {}) => ({
  account: shop,
  resourceType: 'onprem:host',
  locale: 'onprem:berlin',
  poolId: privatePool,
  ...more,
})
const allocate = (more: object = {}) => world.post<Made>('/allocations', paramsFor(more))
const patch = (id: string, body: object) => world.ask('PATCH', `/allocations/${id}`, { body })
const release = (id: string) => world.ask('DELETE', `/allocations/${id}`)
const history = (path: string) => world.get<Page<Tenure>>(`/history/${path}`)
const only = async (path: string): Promise<Tenure> => {
  const { items } = await history(path)
  assert.equal(items.length, 1, path)
  return items[0]!
}
/** What an answer of the record must not change any more: all but the ends that come later. */
const fixed = (tenure: Tenure) => {
  const { until: _, heldUntil: __, ending: ___, ...rest } = tenure
  return rest
}

test('confirming a hold leaves what it was: under its name, its decision and who asked then', async () => {
  const author = await world.tokenOf('user:planner', 'ipam-administrator', '*')
  const { body: held } = await world.ask<Made>('POST', '/allocations', {
    body: paramsFor({
      resourceId: 'plan-7',
      description: 'planned',
      tags: { app: 'a' },
      hold: { expiresInSeconds: 60 },
    }),
    as: author,
  })
  const early = await moment()
  const was = await only(`addresses?cidr=${held.cidr}&at=${early}`)
  assert.deepEqual(
    [
      was.state,
      was.resourceId,
      was.description,
      was.tags,
      was.decisionId,
      was.requestedBy!.principal.split('/').at(-1),
    ],
    ['held', 'plan-7', 'planned', { app: 'a' }, held.decisionId, 'planner'],
  )
  await world.ask('POST', `/allocations/${held.allocationId}/hold`, { body: { expiresInSeconds: 600 } })
  const extended = await moment()
  const confirmed = await world.post<Made>(`/allocations/${held.allocationId}/confirm`, {
    resourceId: 'web-7',
    description: 'in use',
  })
  const late = await moment()
  assert.notEqual(confirmed.decisionId, held.decisionId)

  for (const path of [`addresses?cidr=${held.cidr}&`, 'resources/plan-7?', `resources/${held.allocationId}?`]) {
    assert.deepEqual(fixed(await only(`${path}at=${early}`)), fixed(was), path)
  }
  const later = await only(`addresses?cidr=${held.cidr}&at=${extended}`)
  assert.deepEqual([later.state, later.decisionId], ['held', held.decisionId])
  assert(later.expiresAt! > was.expiresAt!)
  const is = await only(`addresses?cidr=${held.cidr}&at=${late}`)
  assert.deepEqual(
    [is.state, is.resourceId, is.description, is.tags, is.decisionId, is.expiresAt],
    ['allocated', 'web-7', 'in use', { app: 'a' }, confirmed.decisionId, undefined],
  )
  assert.deepEqual((await history(`resources/plan-7?at=${late}`)).items, [])
  assert.deepEqual((await history(`resources/web-7?at=${early}`)).items, [])
  const rows = (await history(`addresses?cidr=${held.cidr}`)).items
  assert.deepEqual(
    rows.map(({ from, until, state }) => [from, until, state]),
    [
      [is.from, undefined, 'allocated'],
      [later.from, is.from, 'held'],
      [was.from, later.from, 'held'],
    ],
  )
  await release(held.allocationId)
  assert.deepEqual(fixed(await only(`addresses?cidr=${held.cidr}&at=${early}`)), fixed(was))
})

test('descriptions and tags are those of the moment, over both APIs, also of what was released', async () => {
  const { AllocationId: id } = await world.call('AllocateAddress', { IpamPoolId: publicPool }, { account: shop })
  const as = { account: shop }
  const alias = (await only(`resources/${id}`)).allocationId
  const seen: { at: string; said: ReturnType<typeof fixed> }[] = []
  const look = async (): Promise<void> => {
    const at = await moment()
    seen.push({ at, said: fixed(await only(`resources/${id}?at=${at}`)) })
  }
  await look()
  await world.call('ModifyIpamPoolAllocation', { IpamPoolAllocationId: alias, Description: 'one' }, as)
  await look()
  await world.call('CreateTags', { Resources: [id!], Tags: [{ Key: 'app', Value: 'a' }] }, as)
  await look()
  await patch(alias, { description: 'two', tags: { app: 'b', team: 't' } })
  await look()
  await world.call('AssociateAddress', { AllocationId: id!, InstanceId: 'i-0123456789abcdef0' }, as)
  await look()
  await world.call(
    'DisassociateAddress',
    { PublicIp: (await only(`resources/${id}?at=${seen[0]!.at}`)).cidr.split('/')[0]! },
    as,
  )
  await world.call('DeleteTags', { Resources: [id!], Tags: [{ Key: 'app' }] }, as)
  await look()
  const said = seen.map(({ said: { description, tags, association } }) => [description, tags, association?.resourceId])
  assert.deepEqual(said, [
    [undefined, {}, undefined],
    ['one', {}, undefined],
    ['one', { app: 'a' }, undefined],
    ['two', { app: 'b', team: 't' }, undefined],
    ['two', { app: 'b', team: 't' }, 'i-0123456789abcdef0'],
    ['two', { team: 't' }, undefined],
  ])
  // What one request changed is one row.
  assert.equal((await history(`resources/${id}`)).items.length, seen.length + 1)
  await world.call('ReleaseAddress', { AllocationId: id! }, as)
  for (const { at, said } of seen) {
    assert.deepEqual(fixed(await only(`resources/${id}?at=${at}`)), said)
    const { items } = await world.get<Page<{ kind: string; state: Partial<Tenure> }>>(`/history/objects/${id}?at=${at}`)
    const { kind, state } = items[0]!
    assert.deepEqual([kind, state.description, state.tags], ['elastic-ip', said.description, said.tags])
    assert.deepEqual(state.association, said.association)
  }
  const used = await history('resources/i-0123456789abcdef0')
  assert.deepEqual(
    used.items.map(({ resourceId, association }) => [resourceId, association?.resourceType]),
    [[id, 'instance']],
  )
  const leaked = await world.database.select(`select key from tag where resource_id in ('${id}', '${alias}')`)
  assert.deepEqual(leaked, [])
})

test('tags of networks and pools are in their history, as of each moment', async () => {
  const as = { account: shop }
  const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.200.0.0/16' }, as)
  const ids: readonly (readonly [string, { account: string }])[] = [
    [Vpc!.VpcId!, as],
    [privatePool, { account: network }],
  ]
  for (const [id, owner] of ids) {
    const before = await moment()
    await world.call('CreateTags', { Resources: [id], Tags: [{ Key: 'k', Value: 'v' }] }, owner)
    const after = await moment()
    await world.call('DeleteTags', { Resources: [id] }, owner)
    const tagsAt = async (at: string) => {
      const { items } = await world.get<Page<{ state: Record<string, unknown> }>>(`/history/objects/${id}?at=${at}`)
      return items[0]!.state.tags
    }
    assert.deepEqual([await tagsAt(before), await tagsAt(after)], [{}, { k: 'v' }])
    assert.deepEqual(await tagsAt(await now()), {})
  }
})

test('a list of an account that is read page by page loses nothing that ends meanwhile, and tells nothing twice', async () => {
  const made: Made[] = []
  for (let n = 0; n < 12; n++) made.push(await allocate({ account: lab, resourceId: `page-${n}` }))
  world.advance(1_000)
  await release(made[11]!.allocationId)
  const at = await moment()
  // Several pages of what is over, two of them given back in one millisecond, behind those of what is not.
  for (const [index, n] of [10, 9, 8, 7, 6].entries()) {
    if (index !== 1) world.advance(1_000)
    await release(made[n]!.allocationId)
  }
  world.advance(1_000)
  const told: string[] = []
  let cursor = ''
  for (let page = 0; ; page++) {
    const { items, nextCursor } = await history(
      `accounts/${lab}?at=${at}&limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
    )
    told.push(...items.map(({ resourceId }) => resourceId!))
    if (!nextCursor) break
    cursor = nextCursor
    // What is told already and what is not, given back or described anew between any two pages.
    if (page === 0) for (const n of [0, 3]) await release(made[n]!.allocationId)
    if (page === 2) await patch(made[4]!.allocationId, { description: 'later' })
    if (items.some(({ resourceId }) => resourceId === 'page-1')) await release(made[5]!.allocationId)
    world.advance(10)
    assert(page < made.length, 'the list ends')
  }
  // What was had when the first page was told, the newest first; then what was over, what ended last first.
  assert.deepEqual(
    told,
    [5, 4, 3, 2, 1, 0, 6, 7, 8, 10, 9].map((n) => `page-${n}`),
  )
  const [{ nextCursor: old }] = [await history(`accounts/${lab}?limit=1`)]
  world.advance(86_400_001)
  const refused = await world.ask<{ code: string; field: string }>('GET', `/history/accounts/${lab}?cursor=${old}`)
  assert.deepEqual([refused.status, refused.body.code, refused.body.field], [400, 'InvalidPaginationToken', 'cursor'])
})

test('a lapsed hold is over in every list from its moment on, swept or not, and a live one told alike by all', async () => {
  const held = await allocate({ resourceId: 'lapsing', hold: { expiresInSeconds: 30 } })
  const early = await moment()
  const paths = [
    `addresses?cidr=${held.cidr}&`,
    `accounts/${shop}?limit=1000&`,
    'resources/lapsing?',
    `resources/${held.allocationId}?`,
  ]
  const tell = async (query: string): Promise<Tenure[]> => {
    const told: Tenure[] = []
    for (const path of paths) {
      const { items } = await history(`${path}${query}`)
      told.push(...items.filter(({ allocationId }) => allocationId === held.allocationId))
    }
    return told
  }
  const alive = await tell(`at=${early}`)
  assert.equal(alive.length, paths.length)
  for (const one of alive) assert.deepEqual(one, alive[0])
  assert.deepEqual([alive[0]!.until, alive[0]!.heldUntil, alive[0]!.ending], [undefined, undefined, undefined])
  const expiresAt = alive[0]!.expiresAt!
  assert.deepEqual(await tell(`at=${expiresAt}`), [], 'asked before, of the moment at which it lapses')
  world.advance(30_000)
  for (const query of ['', `at=${early}`]) {
    const over = await tell(query)
    assert.equal(over.length, paths.length)
    for (const one of over) {
      assert.deepEqual([one.heldUntil, one.until, one.ending, one.state], [expiresAt, expiresAt, 'lapsed', 'held'])
      assert.deepEqual(fixed(one), fixed(alive[0]!))
    }
  }
  const before = await tell('')
  await world.store.write((tx) => tx.resting.end(100))
  assert.deepEqual(await tell(''), before)
  assert.deepEqual(await tell(`at=${await now()}`), [])
})

test('what a resource held, and the states of an object, go in pages', async () => {
  for (let n = 0; n < 5; n++) {
    const { allocationId } = await allocate({ resourceId: 'often' })
    world.advance(1_000)
    await patch(allocationId, { description: `${n}` })
    world.advance(1_000)
    await release(allocationId)
  }
  const { allocationId } = await allocate({ resourceId: 'often' })
  for (const description of ['a', 'b', 'c']) {
    world.advance(1_000)
    await patch(allocationId, { description })
  }
  for (const [path, count] of [
    ['resources/often', 14],
    [`resources/${allocationId}`, 4],
    [`objects/${allocationId}`, 4],
    [`objects/${privatePool}`, undefined],
  ] as const) {
    const whole = await world.get<Page<object>>(`/history/${path}?limit=1000`)
    assert.equal(whole.items.length, count ?? whole.items.length)
    for (const limit of [1, 2, 3]) {
      const pieces: object[] = []
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const query: string = cursor && `&cursor=${encodeURIComponent(cursor)}`
        const page: Page<object> = await world.get(`/history/${path}?limit=${limit}${query}`)
        assert(page.items.length <= limit)
        pieces.push(...page.items)
        cursor = page.nextCursor
      }
      assert.deepEqual(pieces, whole.items, path)
    }
    const refused = await world.ask<{ code: string }>('GET', `/history/${path}?cursor=eHl6`)
    assert.deepEqual([refused.status, refused.body.code], [400, 'InvalidPaginationToken'])
  }
})

test('space of the provider is named so, and found by that name', async () => {
  const { AllocationId: id } = await world.call('AllocateAddress', {}, { account: lab })
  const { poolId, allocationId } = await only(`resources/${id}`)
  assert.equal(poolId, 'provider')
  assert.equal((await world.get<Made>(`/allocations/${allocationId}`)).poolId, 'provider')
  const allocations = await world.get<Page<Made>>('/allocations?poolId=provider&limit=1000')
  assert(allocations.items.some((one) => one.allocationId === allocationId))
  assert(allocations.items.every((one) => one.poolId === 'provider'))
  interface Resource {
    readonly resourceId: string
    readonly spaces: readonly { readonly poolId?: string }[]
  }
  const resources = await world.get<Page<Resource>>('/resources?poolId=provider&limit=1000')
  assert(resources.items.some(({ resourceId }) => resourceId === id))
  assert(resources.items.every(({ spaces }) => spaces.some((space) => space.poolId === 'provider')))
  const decisions = await world.get<Page<{ poolId: string }>>('/decisions?poolId=provider')
  assert(decisions.items.length > 0)
})

test('what a regional NAT gateway holds is found under its id and its type, now and then', async () => {
  const as = { account: shop }
  const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.201.0.0/16' }, as)
  const { NatGateway } = await world.call('CreateNatGateway', { VpcId: Vpc!.VpcId!, AvailabilityMode: 'regional' }, as)
  const gateway = NatGateway!.NatGatewayId!
  const at = await moment()
  for (const path of [`/history/resources/${gateway}`, `/history/resources/${gateway}?at=${at}`]) {
    const { items } = await world.get<Page<Tenure>>(path)
    assert.deepEqual(
      items.map(({ association, poolId, until }) => [
        association?.resourceId,
        association?.resourceType,
        poolId,
        until,
      ]),
      [[gateway, 'rnat', 'provider', undefined]],
    )
  }
  interface Used {
    readonly usedBy?: { readonly resourceId: string; readonly resourceType: string }
  }
  for (const query of [
    `resourceId=${gateway}`,
    'resourceType=rnat',
    'resourceType=nat-gateway',
    `resourceType=rnat&resourceId=${gateway}`,
  ]) {
    const { items } = await world.get<Page<Used>>(`/allocations?${query}`)
    assert.deepEqual(
      items.map(({ usedBy }) => usedBy),
      [{ resourceId: gateway, resourceType: 'rnat' }],
      query,
    )
  }
  for (const type of ['rnat', 'nat-gateway']) {
    const { items } = await world.get<Page<{ resourceId: string; spaces: unknown[] }>>(
      `/resources?resourceType=${type}`,
    )
    assert.deepEqual(
      items.map(({ resourceId, spaces }) => [resourceId, spaces.length]),
      [[gateway, 1]],
    )
  }
  await world.call('DeleteNatGateway', { NatGatewayId: gateway }, as)
  const { items } = await history(`resources/${gateway}?at=${at}`)
  assert.deepEqual(
    items.map(({ association, ending }) => [association?.resourceId, ending]),
    [[gateway, 'released']],
  )
  assert.deepEqual((await history(`resources/${gateway}?at=${await moment()}`)).items, [])
})

test('an Elastic IP that a NAT gateway uses says so of that time, and of no other', async () => {
  const as = { account: shop }
  const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.202.0.0/16' }, as)
  const { Subnet } = await world.call('CreateSubnet', { VpcId: Vpc!.VpcId!, CidrBlock: '10.202.0.0/24' }, as)
  const take = async () => (await world.call('AllocateAddress', { IpamPoolId: publicPool }, as)).AllocationId!
  const [first, second] = [await take(), await take()]
  const moments = [await moment()]
  const { NatGateway } = await world.call('CreateNatGateway', { SubnetId: Subnet!.SubnetId!, AllocationId: first }, as)
  const NatGatewayId = NatGateway!.NatGatewayId!
  moments.push(await moment())
  const params = { NatGatewayId, AllocationIds: [second] }
  const { NatGatewayAddresses } = await world.call('AssociateNatGatewayAddress', params, as)
  moments.push(await moment())
  const AssociationIds = [NatGatewayAddresses!.find(({ AllocationId }) => AllocationId === second)!.AssociationId!]
  await world.call('DisassociateNatGatewayAddress', { NatGatewayId, AssociationIds }, as)
  moments.push(await moment())
  await world.call('DeleteNatGateway', { NatGatewayId }, as)
  moments.push(await moment())
  const usedBy = (id: string) =>
    Promise.all(moments.map(async (at) => (await only(`resources/${id}?at=${at}`)).association?.resourceId))
  assert.deepEqual(await usedBy(first), [undefined, NatGatewayId, NatGatewayId, NatGatewayId, undefined])
  assert.deepEqual(await usedBy(second), [undefined, undefined, NatGatewayId, undefined, undefined])
})

test('the history of what lives at an account is its auditor’s to read, and nobody’s from beside it', async () => {
  const { account: accountId } = await world.post<{ account: string }>('/accounts', {
    name: 'audited',
    email: 'audited@example.com',
  })
  const auditor = await world.tokenOf('user:own-auditor', 'auditor', accountId)
  const stranger = await world.tokenOf('user:lab-auditor', 'auditor', lab)
  const { bindingId } = await world.post<{ bindingId: string }>('/role-bindings', {
    principal: 'user:somebody',
    role: 'auditor',
    node: accountId,
  })
  const { allocationId } = await allocate({ account: accountId })
  for (const id of [accountId, bindingId, allocationId]) {
    assert.equal((await world.ask('GET', `/history/objects/${id}`, { as: auditor })).status, 200, id)
    assert.equal((await world.ask('GET', `/history/objects/${id}`, { as: stranger })).status, 404, id)
  }
  await world.ask('DELETE', `/role-bindings/${bindingId}`)
  assert.equal((await world.ask('GET', `/history/objects/${bindingId}`, { as: auditor })).status, 200)
})

test('a hold that is alive is not called released space that rests', async () => {
  const scopes = await world.get<Page<{ scopeId: string; type: string }>>('/scopes')
  const { scopeId } = await world.get<{ scopeId: string }>(`/pools/${privatePool}`)
  assert(scopes.items.some((scope) => scope.scopeId === scopeId))
  const { poolId } = await world.post<{ poolId: string }>('/pools', {
    scopeId,
    family: 'ipv4',
    locale: 'onprem:berlin',
    sharedWith: [root],
  })
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.99.0.0/24' })
  const held = await allocate({ poolId, hold: { expiresInSeconds: 60 } })
  const { NetmaskLength: _, ...source } = { NetmaskLength: 0, SourceIpamPoolId: poolId }
  const child = await world.call(
    'CreateIpamPool',
    { IpamScopeId: scopeId, AddressFamily: 'ipv4', ...source },
    { account: network },
  )
  const texts = [
    JSON.stringify((await world.ask('DELETE', `/pools/${poolId}?cascade=true`)).body),
    JSON.stringify((await world.ask('DELETE', `/pools/${poolId}/cidrs/10.99.0.0%2F24`)).body),
    JSON.stringify((await world.ask('POST', '/allocations', { body: paramsFor({ poolId, cidr: held.cidr }) })).body),
    JSON.stringify(
      await world
        .call(
          'ProvisionIpamPoolCidr',
          { IpamPoolId: child.IpamPool!.IpamPoolId!, Cidr: held.cidr },
          { account: network },
        )
        .catch((error: { refusal?: object }) => error.refusal ?? String(error)),
    ),
  ]
  for (const text of texts) assert.doesNotMatch(text, /released|rests/i)
  assert(
    texts.some((text) => /is held/.test(text)),
    texts.join('\n'),
  )
})

test('a part of a larger block that is held, or was released and rests, is called that and not allocated', async () => {
  const { scopeId } = await world.get<{ scopeId: string }>(`/pools/${privatePool}`)
  const { poolId } = await world.post<{ poolId: string }>('/pools', {
    scopeId,
    family: 'ipv4',
    locale: 'onprem:berlin',
    sharedWith: [root],
    quarantineSeconds: 3_600,
  })
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.98.0.0/24' })
  const ofPool = { IpamScopeId: scopeId, AddressFamily: 'ipv4', SourceIpamPoolId: poolId } as const
  const { IpamPool: child } = await world.call('CreateIpamPool', ofPool, { account: network })
  const block = (more: object) => allocate({ poolId, resourceType: 'custom', ...more })
  /** What is said to who asks for a part of it: for an allocation, and for a pool below. */
  async function told(cidr: string): Promise<readonly [string, string]> {
    // Another account than whose it was: that one may have it back.
    const params = paramsFor({ account: lab, poolId, resourceType: 'custom', cidr })
    const { body } = await world.ask<{ code: string; detail: string }>('POST', '/allocations', { body: params })
    assert.equal(body.code, 'CidrConflict', JSON.stringify(body))
    const IpamPoolId = child!.IpamPoolId!
    await world.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr: cidr }, { account: network })
    const { IpamPoolCidrs } = await world.call('GetIpamPoolCidrs', { IpamPoolId }, { account: network })
    return [body.detail, IpamPoolCidrs!.find(({ Cidr }) => Cidr === cidr)!.FailureReason!.Message!]
  }
  await block({ netmaskLength: 26, hold: { expiresInSeconds: 60 } })
  for (const text of await told('10.98.0.32/28')) assert.match(text, /is held/)
  const { allocationId, cidr } = await block({ netmaskLength: 26 })
  assert.equal(cidr, '10.98.0.64/26')
  for (const text of await told('10.98.0.96/28')) assert.match(text, /is (already )?allocated/)
  await release(allocationId)
  for (const text of await told('10.98.0.112/28')) assert.match(text, /[Rr]eleased .*is in quarantine until/)
})

test('every list of the record says up to when it is final', async () => {
  const { allocationId, cidr } = await allocate()
  const { items } = await world.get<Page<{ changeId: string }>>(`/changes?subject=${allocationId}`)
  for (const path of [
    `history/addresses?cidr=${cidr}`,
    `history/accounts/${shop}`,
    `history/resources/${allocationId}`,
    `history/objects/${allocationId}`,
    `history/objects/${privatePool}`,
    'decisions',
    'changes',
    `changes/${items[0]!.changeId}/subjects`,
  ]) {
    const { asOf } = await world.get<Page<unknown>>(`/${path}`)
    assert(asOf < (await now()), path)
    world.advance(1)
    assert.equal((await world.get<Page<unknown>>(`/${path}`)).asOf, new Date(Date.parse(await now()) - 1).toISOString())
  }
})
