// Simulations over the native API: what a change would have made of what was asked, of space in use and of pools, for whom, and how one ends.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input } from '#formats/aws/ec2.generated.ts'
import { simulate } from '#jobs/simulating.ts'
import { type Acme, lab, network, openAcme, prod, refusalOf, root, shop } from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { simulateAll, workplaceOf } from '../../../test/simulations/run.ts'
import { managementAccount } from '../../../test/world.ts'
import { openSimulationsPerHolderMax, simulationsPerHolderMax } from './simulations.ts'

interface Totals {
  readonly requests: number
  readonly newlyDenied: number
  readonly newlyAllowed: number
  readonly elsewhere: number
  readonly exhausted: number
  readonly resources: number
  readonly noncompliant: number
  readonly compliant: number
  readonly isRoomCounted?: boolean
}
interface Simulation {
  readonly simulationId: string
  readonly status: string
  readonly phase: string
  readonly percent: number
  readonly epoch?: number
  readonly isCurrent?: boolean
  readonly isWhole?: boolean
  readonly totals?: Totals
  readonly refusal?: { readonly code: string; readonly operation?: number; readonly problem?: string }
}
interface Told {
  readonly outcome: string
  readonly poolId?: string
  readonly policyId?: string
  readonly setting?: string
}
interface Group extends Totals {
  readonly account: string
  readonly resourceType: string
  readonly locale: string
  readonly link: string
  readonly samples: readonly {
    readonly kind: string
    readonly decisionId?: string
    readonly resource?: string
    readonly link?: string
    readonly present?: Told
    readonly candidate?: Told
  }[]
}
interface Use {
  readonly free: string
  readonly taken: string
  readonly served: number
  readonly refused: number
  readonly dryInDays?: number
}
interface SimulatedPool {
  readonly poolId: string
  readonly isNew: boolean
  readonly present?: Use
  readonly candidate?: Use
}
interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string
}
interface Operation {
  readonly operation: string
  readonly input: object
  readonly as?: string
}

let acme: Acme & Native
let [listed, other, law] = ['', '', '']
const open = () => {
  before(async () => {
    acme = await withNativeApi(await openAcme())
    ;[listed, other, law] = [await acme.pool(), await acme.pool({ cidr: '203.0.200.0/30' }), await acme.policy()]
    assert.equal((await acme.ask('PATCH', `/pools/${other}`, { body: { sharedWith: [root] } })).status, 200)
    await acme.rules(law, [listed])
    await acme.enable(law)
  })
  after(() => acme.close())
}
const allocate = (account: string, input: Ec2Input['AllocateAddress'] = {}) =>
  acme.call('AllocateAddress', input, { account })
const putRules = (pools: readonly string[], settings: object = {}): Operation => ({
  operation: 'putPolicyDocument',
  input: {
    policyId: law,
    locale: 'us-east-1',
    resourceType: 'eip',
    rules: pools.map((poolId) => ({ poolId })),
    ...settings,
  },
})
const start = (operations: readonly Operation[], as?: string, days = 30) =>
  acme.post<Simulation>('/simulations', { operations, days }, as === undefined ? {} : { as })
const show = (id: string, as?: string) => acme.get<Simulation>(`/simulations/${id}`, as === undefined ? {} : { as })
async function run(operations: readonly Operation[]): Promise<Simulation> {
  const { simulationId } = await start(operations)
  await simulateAll(workplaceOf(acme))
  return show(simulationId)
}
const groupsOf = async ({ simulationId }: Simulation, query = '', as?: string): Promise<readonly Group[]> =>
  (await acme.get<Page<Group>>(`/simulations/${simulationId}/groups${query}`, as === undefined ? {} : { as })).items
const poolsOf = async ({ simulationId }: Simulation, as?: string): Promise<readonly SimulatedPool[]> =>
  (await acme.get<Page<SimulatedPool>>(`/simulations/${simulationId}/pools`, as === undefined ? {} : { as })).items

describe('what others take', () => {
  open()

  test('I8 what hidden accounts have asked for is in nothing that is told of one\u2019s own, however small a new pool is', async () => {
    // Who administers the network team and the lab, and sees nothing of the shop.
    const eve = await acme.tokenOf('user:eve', 'organization-administrator', network)
    await acme.tokenOf('user:eve', 'organization-administrator', lab)
    const place = { family: 'ipv4', locale: 'us-east-1', awsService: 'ec2', publicIpSource: 'byoip' }
    const operations = [
      { operation: 'createPool', as: 'np', input: { scopeId: acme.publicScope, ...place } },
      { operation: 'provisionPoolCidr', input: { poolId: '$np', cidr: '203.0.180.0/30' } },
      putRules(['$np']),
    ]
    const told = async (as?: string) => {
      const { simulationId } = await start(operations, as)
      await simulateAll(workplaceOf(acme))
      const done = await show(simulationId, as)
      const [group] = await groupsOf(done, `?account=${lab}`, as)
      const { requests, elsewhere, exhausted, samples } = group!
      const pools = samples.flatMap(({ candidate }) => (candidate ? [candidate.poolId] : []))
      return { requests, elsewhere, exhausted, pools, isRoomCounted: done.totals!.isRoomCounted, totals: done.totals! }
    }
    await allocate(lab)
    for (let n = 0; n < 4; n++) await allocate(shop)
    await allocate(lab)
    const { totals, ...ofEve } = await told(eve)
    const pools = ['$np', '$np']
    assert.deepEqual(ofEve, { requests: 2, elsewhere: 2, exhausted: 0, pools, isRoomCounted: false })
    assert.deepEqual([totals.requests, totals.elsewhere, totals.exhausted], [2, 2, 0])
    const { totals: all, ...ofAll } = await told()
    const isTold = { requests: 2, elsewhere: 1, exhausted: 1, pools: ['$np', undefined], isRoomCounted: true }
    assert.deepEqual(ofAll, isTold)
    assert.deepEqual([all.requests, all.exhausted], [6, 2])
    // Whether hidden accounts have asked for anything makes no difference: this one has not.
    const ada = await acme.tokenOf('user:ada', 'organization-administrator', '*')
    const forbid = { principal: 'user:ada', role: 'auditor', node: managementAccount, effect: 'forbid' }
    await acme.post('/role-bindings', forbid)
    assert.equal((await told(ada)).isRoomCounted, false)
  })
})

describe('what would fare otherwise', () => {
  open()

  test('requests are denied, allowed, served elsewhere and find pools exhausted, by account, with a link to each', async () => {
    for (let n = 0; n < 5; n++) await allocate(shop)
    await allocate(lab)
    await refusalOf(allocate(lab, { IpamPoolId: other }))
    const before = await acme.get<{ epoch: number }>('/governance')
    const done = await run([putRules([other])])
    assert.deepEqual(
      [done.status, done.isWhole, done.isCurrent, done.epoch, done.refusal],
      ['done', true, true, before.epoch, undefined],
    )
    // The other pool has four addresses: five requests of the shop and one of the lab come first, and then what the lab asked for by its name.
    const { requests, elsewhere, exhausted, newlyDenied, newlyAllowed, resources, noncompliant } = done.totals!
    assert.deepEqual([requests, elsewhere, exhausted, newlyDenied, newlyAllowed], [7, 4, 3, 0, 0])
    assert.deepEqual([resources, noncompliant], [6, 6])
    assert.deepEqual(await acme.get('/governance'), before, 'nothing was changed')
    const [ofShop, ofLab] = await groupsOf(done)
    assert.deepEqual([ofShop!.account, ofShop!.elsewhere, ofShop!.exhausted], [shop, 4, 1])
    assert.deepEqual([ofLab!.account, ofLab!.exhausted, ofLab!.requests], [lab, 2, 2])
    const [sample] = ofShop!.samples
    assert.deepEqual(
      [sample!.kind, sample!.present, sample!.candidate],
      [
        'elsewhere',
        { outcome: 'served', poolId: listed, policyId: law, targetId: root },
        { outcome: 'served', poolId: other, policyId: law, targetId: root },
      ],
    )
    const decision = await acme.get<{ decisionId: string; account: string }>(sample!.link!.replace('/api/v1', ''))
    assert.deepEqual([decision.decisionId, decision.account], [sample!.decisionId, shop])
    const list = await acme.get<Page<object>>(ofShop!.link.replace('/api/v1', ''))
    assert.equal(list.items.length, 5)
    const resource = ofShop!.samples.find(({ kind }) => kind === 'noncompliant')!
    assert.equal((await acme.ask('GET', resource.link!.replace('/api/v1', ''))).status, 200)
    assert.deepEqual(await groupsOf(done, `?account=${lab}&kind=exhausted`), [ofLab])
    assert.deepEqual(await groupsOf(done, '?kind=newly-denied'), [])
    assert.deepEqual(await groupsOf(done, '?resourceType=vpc'), [])
    assert.deepEqual(await groupsOf(done, '?locale=eu-central-1'), [])
  })

  test('of each pool it is told what the requests take of it, now and then, and when nothing is left', async () => {
    const done = await run([putRules([other])])
    const pools = new Map((await poolsOf(done)).map((pool) => [pool.poolId, pool]))
    const { free, taken, served, refused, dryInDays } = pools.get(other)!.candidate!
    assert.deepEqual([free, taken, served, refused], ['4', '4', 4, 3])
    assert.equal(typeof dryInDays, 'number')
    assert.deepEqual(pools.get(listed)!.present, {
      ...pools.get(listed)!.present!,
      free: '10',
      taken: '6',
      served: 6,
      refused: 0,
    })
    assert.equal(pools.get(listed)!.candidate!.taken, '0')
  })

  test('a pool that the change makes is called as the operations call it, and has what they give it', async () => {
    const make = {
      operation: 'createPool',
      input: {
        scopeId: acme.publicScope,
        family: 'ipv4',
        locale: 'us-east-1',
        awsService: 'ec2',
        publicIpSource: 'byoip',
        name: 'edge',
      },
      as: 'edge',
    }
    const provision = { operation: 'provisionPoolCidr', input: { poolId: '$edge', cidr: '198.51.100.0/24' } }
    const listsIt = {
      ...putRules([]),
      input: { ...putRules([]).input, rules: [{ poolId: '$edge' }] },
    }
    const done = await run([make, provision, listsIt])
    assert.equal(done.status, 'done', JSON.stringify(done))
    const made = (await poolsOf(done)).find(({ isNew }) => isNew)!
    assert.deepEqual(
      [made.poolId, made.present, made.candidate!.free, made.candidate!.taken],
      ['$edge', undefined, '256', '6'],
    )
    const [ofShop] = await groupsOf(done)
    assert.equal(ofShop!.samples[0]!.candidate!.poolId, '$edge')
    const law2 = { operation: 'createPolicy', input: { ipamId: acme.ipam, name: 'second' }, as: 'second' }
    const own = { ...listsIt.input, policyId: '$second', rules: [{ poolId: other }] }
    const byNew = await run([
      law2,
      { operation: 'putPolicyDocument', input: own },
      { operation: 'putPolicyAssignment', input: { policyId: '$second', targetId: prod, kind: 'default' } },
    ])
    const [byShop] = await groupsOf(byNew)
    assert.deepEqual(
      byShop!.samples.flatMap(({ candidate }) => candidate?.policyId ?? []).filter((id) => id !== '$second'),
      [],
    )
    assert.equal(byShop!.account, shop)
    assert.equal((await acme.get<Page<object>>('/pools?limit=1000')).items.length, 2, 'there is no such pool')
  })

  test('a policy that is enabled nowhere any more gives provider space, and what it denied is allowed', async () => {
    const done = await run([{ operation: 'deletePolicyAssignment', input: { policyId: law, targetId: root } }])
    const { elsewhere, newlyAllowed } = done.totals!
    assert.deepEqual([elsewhere, newlyAllowed], [6, 1])
    const denied = await run([putRules([listed], { requiredTags: [{ key: 'team' }] })])
    assert.equal(denied.totals!.newlyDenied, 6)
    const [sample] = (await groupsOf(denied, '?kind=newly-denied'))[0]!.samples
    assert.equal(sample!.candidate!.setting, 'required-tags')
    const allowed = await run([putRules([listed, other])])
    assert.deepEqual(
      [allowed.totals!.newlyAllowed, (await groupsOf(allowed, '?kind=newly-allowed'))[0]!.account],
      [1, lab],
    )
  })

  test('an account that moves is asked as where it would be', async () => {
    await acme.call('DisableIpamPolicy', { IpamPolicyId: law, OrganizationTargetId: root }, { account: network })
    await acme.enable(law, prod)
    const moved = await run([{ operation: 'moveAccount', input: { account: shop, parentId: root } }])
    assert.equal(moved.status, 'done', JSON.stringify(moved))
    const [group, ...others] = await groupsOf(moved)
    assert.deepEqual([group!.account, group!.elsewhere, others.length], [shop, 5, 0])
    assert.equal(group!.samples[0]!.candidate!.poolId, 'provider')
    await acme.call('DisableIpamPolicy', { IpamPolicyId: law, OrganizationTargetId: prod }, { account: network })
    await acme.enable(law)
  })

  test('what was asked in a dry run, or before the days that are asked for, is not asked again', async () => {
    const { requests } = (await run([putRules([other])])).totals!
    await refusalOf(allocate(lab, { IpamPoolId: other, DryRun: true }))
    assert.equal((await run([putRules([other])])).totals!.requests, requests)
  })
})

describe('who sees what', () => {
  open()

  test('only accounts are told of that one may see, in totals too; others have no simulation there', async () => {
    for (const account of [shop, shop, lab]) await allocate(account)
    const done = await run([putRules([other])])
    assert.equal(done.totals!.requests, 3)
    // Reads all policies, and of what was asked only the shop's.
    const reader = await acme.tokenOf('user:reader', 'approver', root)
    assert.equal((await show(done.simulationId, reader)).totals!.requests, 3)
    const ofShop = await acme.tokenOf('user:ofshop', 'auditor', shop)
    const hidden = await acme.ask<{ code: string }>('GET', `/simulations/${done.simulationId}`, { as: ofShop })
    const absent = await acme.ask<{ code: string }>('GET', `/simulations/${done.simulationId.slice(0, -2)}ff`, {
      as: ofShop,
    })
    assert.deepEqual([hidden.status, absent.status, hidden.body.code], [404, 404, 'NotFound'])
    for (const path of ['groups', 'pools'])
      assert.equal((await acme.ask('GET', `/simulations/${done.simulationId}/${path}`, { as: ofShop })).status, 404)
    for (const [method, path] of [
      ['POST', '/cancel'],
      ['DELETE', ''],
    ] as const)
      assert.equal((await acme.ask(method, `/simulations/${done.simulationId}${path}`, { as: ofShop })).status, 404)
    assert.deepEqual((await acme.get<Page<object>>('/simulations', { as: ofShop })).items, [])
  })

  test('whoever may change policy for one account sees what that would make of this account alone', async () => {
    const author = await acme.tokenOf('user:author', 'organization-administrator', shop)
    const own = await start([{ operation: 'requestException', input: exceptionFor(shop) }], author)
    await simulateAll(workplaceOf(acme))
    const seen = await show(own.simulationId, author)
    assert.equal(seen.status, 'done', JSON.stringify(seen))
    assert.deepEqual(
      [seen.totals!.requests, (await show(own.simulationId)).totals!.requests],
      [2, 3],
      'the administrator sees all of them',
    )
    assert.deepEqual(
      (await groupsOf(own, '?unchanged=true', author)).map(({ account }) => account),
      [shop],
    )
    assert.deepEqual(await poolsOf(own, author), [], "the pools are the network team's")
    assert.equal((await acme.get<Page<object>>('/simulations', { as: author })).items.length, 1)
  })

  test('I8 pools are told to whoever sees all that was asked: what is left of one says what hidden accounts are', async () => {
    const told: unknown[] = []
    const eve = await acme.tokenOf('user:eve', 'organization-administrator', network)
    await acme.tokenOf('user:eve', 'organization-administrator', prod)
    const forbid = { principal: 'user:eve', role: 'organization-administrator', node: shop, effect: 'forbid' }
    const { bindingId } = await acme.post<{ bindingId: string }>('/role-bindings', forbid)
    const when = { tags: [{ key: 'secret', values: ['merger'] }] }
    const operations = [
      {
        operation: 'createPool',
        as: 'np',
        input: {
          scopeId: acme.publicScope,
          family: 'ipv4',
          locale: 'us-east-1',
          awsService: 'ec2',
          publicIpSource: 'byoip',
        },
      },
      { operation: 'provisionPoolCidr', input: { poolId: '$np', cidr: '203.0.180.0/28' } },
      {
        operation: 'putPolicyDocument',
        input: {
          policyId: law,
          locale: 'us-east-1',
          resourceType: 'eip',
          rules: [{ poolId: '$np', when }, { poolId: listed }],
        },
      },
    ]
    for (const secret of ['merger', 'none']) {
      assert.equal((await acme.ask('PATCH', `/accounts/${shop}`, { body: { tags: { secret } } })).status, 200)
      const { simulationId } = await start(operations, eve)
      await simulateAll(workplaceOf(acme))
      const seen = await show(simulationId, eve)
      assert.equal(seen.status, 'done', JSON.stringify(seen))
      told.push(await poolsOf(seen, eve))
      assert.notEqual((await poolsOf(seen)).length, 0, 'the administrator sees them')
    }
    assert.deepEqual(told, [[], []])
    assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
    await acme.ask('PATCH', `/accounts/${shop}`, { body: { tags: {} } })
  })

  test('what would be refused is refused at once, as the operation itself would be, and nothing is begun', async () => {
    const author = await acme.tokenOf('user:author', 'organization-administrator', shop)
    const before = (await acme.get<Page<object>>('/simulations')).items.length
    const refused = async (operations: readonly Operation[], as?: string) =>
      acme.ask<{ code: string; index?: number; id?: string }>('POST', '/simulations', {
        body: { operations },
        ...(as === undefined ? {} : { as }),
      })
    const hidden = await refused([putRules([other])], author)
    const itself = await acme.ask<{ code: string }>('POST', '/governance/apply', {
      body: { operations: [putRules([other])] },
      as: author,
    })
    assert.deepEqual([hidden.status, hidden.body.code], [itself.status, itself.body.code])
    const unfit = await refused([
      putRules([listed]),
      { operation: 'deletePolicy', input: { policyId: 'ipam-policy-0' } },
    ])
    assert.deepEqual([unfit.status, unfit.body.code, unfit.body.index], [404, 'NotFound', 1])
    assert.equal((await acme.get<Page<object>>('/simulations')).items.length, before)
    assert.equal(await simulate.isDue(workplaceOf(acme)), false)
  })

  test('what cannot be made any more by the time that a server comes to it is told with it', async () => {
    const { policyId } = await acme.post<{ policyId: string }>('/policies', { ipamId: acme.ipam, name: 'for a while' })
    const fault = await start([putRules([listed]), { operation: 'deletePolicy', input: { policyId } }])
    assert.equal((await acme.ask('DELETE', `/policies/${policyId}`)).status, 204)
    await simulateAll(workplaceOf(acme))
    const unfit = await show(fault.simulationId)
    assert.deepEqual([unfit.status, unfit.refusal!.operation, unfit.totals], ['refused', 1, undefined])
  })

  test('where change control is required, a change is simulated though it cannot be made at once', async () => {
    const controlled = { body: { changeControl: 'required' } }
    assert.equal((await acme.ask('PATCH', `/ipams/${acme.ipam}`, controlled)).status, 200)
    assert.equal((await run([putRules([other])])).status, 'done')
  })
})
const exceptionFor = (target: string) => ({
  target,
  locale: 'us-east-1',
  resourceType: 'eip',
  grants: { pools: [other] },
  reason: 'a trial',
  expiresAt: '2026-01-10T00:00:00Z',
})

describe('how one goes and ends', () => {
  open()

  test('one that is cancelled is worked at no more, also in the middle, and tells nothing', async () => {
    await allocate(shop)
    const [waiting, running] = [await start([putRules([other])]), await start([putRules([other])])]
    const cancel = (id: string) => acme.post<Simulation>(`/simulations/${id}/cancel`, {})
    assert.equal((await cancel(waiting.simulationId)).status, 'cancelled')
    const at = workplaceOf(acme)
    await simulate.turn(at)
    assert.equal((await show(running.simulationId)).status, 'running')
    assert.equal((await cancel(running.simulationId)).status, 'cancelled')
    assert.equal((await cancel(running.simulationId)).status, 'cancelled', 'again, nothing more happens')
    await simulateAll(at)
    for (const { simulationId } of [waiting, running]) {
      const { status, totals } = await show(simulationId)
      assert.deepEqual([status, totals], ['cancelled', undefined])
      assert.deepEqual((await acme.get<Page<object>>(`/simulations/${simulationId}/groups?unchanged=true`)).items, [])
      assert.equal((await acme.ask('DELETE', `/simulations/${simulationId}`)).status, 204)
    }
    await simulateAll(at)
    assert.deepEqual((await acme.get<Page<object>>('/simulations')).items, [])
  })

  test('one that is cancelled while a server is in the midst of a step stays so, whichever step it is', async () => {
    for (let last = 1; ; last++) {
      const { simulationId } = await start([putRules([other])])
      let steps = 0
      const at = workplaceOf(acme, `cancelled at ${last}`)
      const pace = {
        ...at.pace,
        async step<T>(work: () => Promise<T>): Promise<T> {
          if (++steps === last) await acme.post(`/simulations/${simulationId}/cancel`, {})
          return work()
        },
      }
      await simulateAll({ ...at, pace })
      const { status } = await show(simulationId)
      const { items } = await acme.get<Page<object>>(`/simulations/${simulationId}/groups?unchanged=true`)
      assert.equal((await acme.ask('DELETE', `/simulations/${simulationId}`)).status, 204)
      await simulateAll(workplaceOf(acme))
      assert.equal(await simulate.isDue(at), false)
      if (steps < last) {
        assert.deepEqual([status, items.length > 0], ['done', true])
        assert(last > 3, 'requests, space and what came of it are steps of their own')
        return
      }
      assert.deepEqual([status, items], ['cancelled', []])
    }
  })

  test('where a server ends in the middle another one begins anew, once the first is taken to be gone', async () => {
    const { simulationId } = await start([putRules([other])])
    const [first, second] = [workplaceOf(acme, 'first'), workplaceOf(acme, 'second')]
    await simulate.turn(first)
    assert.equal(await simulate.isDue(second), false, "it is the first one's")
    await acme.store.write(async (tx) => {
      const { n } = (await tx.simulations.list(undefined, Number.MAX_SAFE_INTEGER, 1))[0]!
      await tx.simulations.set(n, { workerUntil: tx.now - 1 })
    })
    await simulateAll(second)
    const done = await show(simulationId)
    assert.deepEqual([done.status, done.totals!.requests], ['done', 1])
    // What the first one would write comes too late.
    await simulate.turn(first)
    assert.deepEqual(await show(simulationId), done)
  })

  test('two servers work at two, and each comes out as though it were alone', async () => {
    const [one, two] = [
      await start([putRules([other])]),
      await start([putRules([listed], { onExhausted: 'provider' })]),
    ]
    const servers = [workplaceOf(acme, 'first'), workplaceOf(acme, 'second')]
    for (let turn = 0; turn < 40; turn++) {
      await Promise.all(servers.map(async (at) => ((await simulate.isDue(at)) ? simulate.turn(at) : undefined)))
    }
    assert.deepEqual(
      await Promise.all([one, two].map(async ({ simulationId }) => (await show(simulationId)).totals!.elsewhere)),
      [1, 0],
    )
  })

  test('one that servers end at again and again has failed', async () => {
    const { simulationId } = await start([putRules([other])])
    for (let server = 0; server < 5; server++) {
      await simulate.turn(workplaceOf(acme, `server ${server}`))
      await acme.store.write(async (tx) => {
        const { n, status } = (await tx.simulations.list(undefined, Number.MAX_SAFE_INTEGER, 1))[0]!
        if (status === 'running') await tx.simulations.set(n, { workerUntil: tx.now - 1 })
      })
    }
    assert.equal((await show(simulationId)).status, 'failed')
  })

  test('somebody has so many that are not over, and so many in all; they go after some days', async () => {
    for (const { simulationId } of (await acme.get<Page<Simulation>>('/simulations')).items)
      await acme.ask('DELETE', `/simulations/${simulationId}`)
    const refusedBy = async () => {
      const { status, body } = await acme.ask<{ code: string; limit: number }>('POST', '/simulations', {
        body: { operations: [putRules([other])] },
      })
      return [status, body.code, body.limit]
    }
    for (let made = 0; made < simulationsPerHolderMax; made++) {
      if (made > 0 && made % openSimulationsPerHolderMax === 0) {
        assert.deepEqual((await refusedBy()).slice(1), ['LimitExceeded', openSimulationsPerHolderMax])
        await simulateAll(workplaceOf(acme))
      }
      await start([putRules([other])])
    }
    await simulateAll(workplaceOf(acme))
    assert.deepEqual((await refusedBy()).slice(1), ['LimitExceeded', simulationsPerHolderMax])
    await acme.store.write(async (tx) => {
      for (const { n } of await tx.simulations.list(undefined, Number.MAX_SAFE_INTEGER, 100))
        await tx.simulations.set(n, { endedAt: 1 })
    })
    await simulateAll(workplaceOf(acme))
    assert.deepEqual((await acme.get<Page<object>>('/simulations')).items, [])
  })
})

describe('simulations of change requests', () => {
  open()
  interface Request {
    readonly changeRequestId: string
    readonly contentHash: string
    readonly state: string
    readonly code: string
    readonly detail: string
    readonly needed?: { readonly isSimulated?: boolean }
    readonly simulation?: Simulation & { readonly changeRequestId: string }
  }
  const ask = (method: 'POST' | 'PATCH' | 'GET', path: string, as: string, body?: object) =>
    acme.ask<Request>(method, `/change-requests${path}`, { as, ...(body ? { body } : {}) })
  const propose = async (as: string, more: object = {}): Promise<Request> => {
    const body = { node: root, reason: 'a trial', operations: [putRules([other])], ...more }
    const asked = await ask('POST', '', as, body)
    assert.equal(asked.status, 201, JSON.stringify(asked.body))
    return asked.body
  }
  const people = async () => ({
    ann: await acme.tokenOf('user:ann', 'organization-administrator', root),
    bob: await acme.tokenOf('user:bob', 'organization-administrator', root),
    cat: await acme.tokenOf('user:cat', 'approver', root),
    dora: await acme.tokenOf('user:dora', 'organization-administrator', shop),
  })

  test('proposing simulates where that is asked for; who approves sees what came of it, and an edit voids it', async () => {
    await allocate(shop)
    const { ann, cat, dora } = await people()
    const proposed = await propose(ann, { simulate: true })
    const { changeRequestId: id } = proposed
    assert.deepEqual([proposed.simulation!.status, proposed.simulation!.changeRequestId], ['waiting', id])
    const first = await acme.ask('GET', `/change-requests/${id}`, { as: cat })
    await simulateAll(workplaceOf(acme))
    const { body, headers } = await acme.ask<Request>('GET', `/change-requests/${id}`, { as: cat })
    assert.deepEqual([body.simulation!.status, body.simulation!.totals!.elsewhere], ['done', 1])
    assert.equal(headers.etag, first.headers.etag, 'how far a simulation is changes nothing that is approved')
    assert.equal((await groupsOf(body.simulation!, '', cat)).length, 1)
    assert.equal((await ask('POST', `/${id}/simulate`, dora)).status, 404)
    assert.equal((await acme.ask('GET', `/simulations/${body.simulation!.simulationId}`, { as: dora })).status, 404)
    const edited = await ask('PATCH', `/${id}`, ann, { reason: 'another' })
    assert.deepEqual([edited.status, edited.body.simulation], [200, undefined])
    assert.equal((await ask('GET', `/${id}`, cat)).body.simulation, undefined)
    const again = await ask('POST', `/${id}/simulate`, ann, { days: 3 })
    assert.equal(again.status, 201, JSON.stringify(again.body))
    await simulateAll(workplaceOf(acme))
    const { simulation } = (await ask('GET', `/${id}`, cat)).body
    assert.deepEqual([simulation!.status, simulation!.changeRequestId], ['done', id])
    assert.notEqual(simulation!.simulationId, body.simulation!.simulationId)
  })

  test('a draft is simulated too; what is over is not, and neither is what would be refused', async () => {
    const { ann } = await people()
    const draft = await propose(ann, { draft: true, simulate: true })
    assert.deepEqual([draft.state, draft.simulation!.status], ['draft', 'waiting'])
    const { changeRequestId: id } = draft
    await simulateAll(workplaceOf(acme))
    const abandoned = await ask('POST', `/${id}/abandon`, ann, {})
    assert.deepEqual([abandoned.status, abandoned.body.simulation!.status], [200, 'done'])
    const late = await ask('POST', `/${id}/simulate`, ann)
    assert.deepEqual([late.status, late.body.code], [409, 'IncorrectState'])
    const wrong = await propose(ann, {
      draft: true,
      operations: [{ operation: 'deletePolicy', input: { policyId: 'ipam-policy-0' } }],
    })
    const refused = await ask('POST', `/${wrong.changeRequestId}/simulate`, ann)
    assert.deepEqual([refused.status, refused.body.code], [404, 'NotFound'])
  })

  test('what was approved is simulated, whatever its names stand for by then', async () => {
    await allocate(shop)
    const { ann } = await people()
    const call = (id: string, name: string) =>
      acme.call('CreateTags', { Resources: [id], Tags: [{ Key: 'Name', Value: name }] }, { account: network })
    await call(other, 'edge')
    const { changeRequestId: id } = await propose(ann, { operations: [putRules(['edge'])] })
    await call(other, 'edge-former')
    await call(listed, 'edge')
    assert.equal((await ask('POST', `/${id}/simulate`, ann)).status, 201)
    await simulateAll(workplaceOf(acme))
    const { totals } = (await ask('GET', `/${id}`, ann)).body.simulation!
    assert(totals!.elsewhere > 0, JSON.stringify(totals))
  })

  test('whoever sees it beside a request alone does not end it', async () => {
    const { ann } = await people()
    const { changeRequestId: id, simulation } = await propose(ann, {
      node: shop,
      operations: [{ operation: 'requestException', input: exceptionFor(shop) }],
      simulate: true,
    })
    const reader = await acme.tokenOf('user:rita', 'auditor', shop)
    const path = `/simulations/${simulation!.simulationId}`
    assert.equal((await ask('GET', `/${id}`, reader)).body.simulation!.simulationId, simulation!.simulationId)
    assert.equal((await acme.ask('GET', path, { as: reader })).status, 200)
    assert.equal((await acme.ask('POST', `${path}/cancel`, { as: reader, body: {} })).status, 403)
    assert.equal((await acme.ask('DELETE', path, { as: reader })).status, 403)
    assert.equal((await acme.ask('DELETE', path, { as: ann })).status, 204)
    assert.equal((await ask('GET', `/${id}`, ann)).body.simulation, undefined)
  })

  test('where the rules of approval ask for it, nothing is approved before it was simulated as it is', async () => {
    const { ann, bob } = await people()
    const rule = { approvers: 1, ofRoot: 0 }
    const changeApprovals = { contained: rule, noncompliant: rule, central: { ...rule, isSimulated: true } }
    const set = await acme.ask('PATCH', `/ipams/${acme.ipam}`, { body: { changeApprovals } })
    assert.equal(set.status, 200, JSON.stringify(set.body))
    const { changeRequestId: id, contentHash, needed } = await propose(ann)
    assert.equal(needed!.isSimulated, true)
    const approve = (hash = contentHash) => ask('POST', `/${id}/approve`, bob, { contentHash: hash })
    const early = await approve()
    assert.deepEqual([early.status, early.body.code], [409, 'IncorrectState'])
    assert(early.body.detail.includes(`cadastre change-request simulate ${id}`), early.body.detail)
    assert.equal((await ask('POST', `/${id}/simulate`, ann)).status, 201)
    assert.equal((await approve()).status, 409, 'it is not over yet')
    await simulateAll(workplaceOf(acme))
    const { body: edited } = await ask('PATCH', `/${id}`, ann, { reason: 'another' })
    assert.equal((await approve(edited.contentHash)).status, 409, 'what was simulated said something else')
    assert.equal((await ask('POST', `/${id}/simulate`, ann)).status, 201)
    await simulateAll(workplaceOf(acme))
    const approved = await approve(edited.contentHash)
    assert.deepEqual([approved.status, approved.body.state], [200, 'approved'])
  })

  test('and nothing that was approved before they asked for it is made before it was simulated', async () => {
    const { ann, bob } = await people()
    const rule = { approvers: 1, ofRoot: 0 }
    const setRules = async (isSimulated: boolean) => {
      const central = { ...rule, ...(isSimulated ? { isSimulated } : {}) }
      const changeApprovals = { contained: rule, noncompliant: rule, central }
      assert.equal((await acme.ask('PATCH', `/ipams/${acme.ipam}`, { body: { changeApprovals } })).status, 200)
    }
    await setRules(false)
    const { changeRequestId: id, contentHash } = await propose(ann)
    assert.equal((await ask('POST', `/${id}/approve`, bob, { contentHash })).body.state, 'approved')
    await setRules(true)
    const apply = () => ask('POST', `/${id}/apply`, ann, { contentHash })
    const early = await apply()
    assert.deepEqual([early.status, early.body.code], [409, 'IncorrectState'])
    assert(early.body.detail.includes(`cadastre change-request simulate ${id}`), early.body.detail)
    assert.equal((await ask('POST', `/${id}/simulate`, ann)).status, 201)
    await simulateAll(workplaceOf(acme))
    assert.equal((await apply()).body.state, 'applied')
    await setRules(false)
  })
})
