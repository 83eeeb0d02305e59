// Change requests that a clock makes, and what is asked anew when a change is made: windows, freezes, and who still may.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { dev, network, openAcme, root, shop } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { type ShownRequest, succeed, type ToldOfRequest, withRequests } from '../../../test/requests/company.ts'

const minute = 60_000

let acme: Awaited<ReturnType<typeof furnish>>
async function furnish() {
  const administrator = ['organization-administrator', root] as const
  const people = { ann: administrator, bob: administrator, cat: administrator }
  const company = await withRequests(await withNativeApi(await openAcme()), people)
  return { ...company, listed: await company.pool() }
}
before(async () => {
  acme = await furnish()
})
beforeEach(() => acme.renewTokens())
after(() => acme.close())

const now = () => acme.store.read(async (tx) => tx.now)
const inMinutes = async (minutes: number) => new Date((await now()) + minutes * minute).toISOString()
const windowOf = async (from: number, until: number) => ({ from: await inMinutes(from), until: await inMinutes(until) })
const propose = (operations: readonly object[], more: object = {}, as = acme.people.ann) =>
  succeed(
    acme.ask<ToldOfRequest>('POST', '/change-requests', {
      as,
      body: { node: root, reason: 'a test', operations, ...more },
    }),
  )
async function approved(operations: readonly object[], more: object = {}): Promise<ShownRequest> {
  const { changeRequestId: id, contentHash } = await propose(operations, more)
  await succeed(acme.act(id, 'approve', { contentHash }, acme.people.bob))
  const { body } = await acme.act(id, 'approve', { contentHash }, acme.people.cat)
  return 'state' in body ? body : acme.show(id)
}
const unit = (name: string) => ({ operation: 'createUnit', input: { name, parentId: dev } })
async function hasUnit(name: string): Promise<boolean> {
  const { items } = await acme.get<{ items: { name: string }[] }>('/organizational-units?limit=1000')
  return items.some((one) => one.name === name)
}
const stages = (...soakSeconds: number[]) => ({
  stages: soakSeconds.map((one) => ({ operations: 1, soakSeconds: one })),
})
async function freeze(minutes: number, work: () => Promise<void>): Promise<void> {
  const changeFreezes = [{ from: await inMinutes(-1), until: await inMinutes(minutes), reason: 'a fair' }]
  assert.equal((await acme.ask('PATCH', `/ipams/${acme.ipam}`, { body: { changeFreezes } })).status, 200)
  try {
    await work()
  } finally {
    await acme.ask('PATCH', `/ipams/${acme.ipam}`, { body: { changeFreezes: [] } })
  }
}
const pool = (description: string) => ({ operation: 'updatePool', input: { poolId: acme.listed, description } })
const description = async () => (await acme.get<{ description?: string }>(`/pools/${acme.listed}`)).description
async function withoutRole(person: string, work: () => Promise<void>): Promise<void> {
  const { items } = await acme.get<{ items: { bindingId: string }[] }>(`/role-bindings?principal=user:${person}`)
  for (const { bindingId } of items) await acme.ask('DELETE', `/role-bindings/${bindingId}`)
  await work()
}
async function eventsOf(id: string): Promise<readonly string[]> {
  return acme.store.read(async (tx) => {
    const events = await tx.outbox.eventsAfter(0, 1_000)
    return events.filter(({ subject }) => subject === id).map(({ kind }) => kind)
  })
}

describe('a clock', () => {
  test('makes what was approved when its window opens, once, whichever of two servers looks', async () => {
    const { changeRequestId: id, appliesAt, state } = await approved([unit('Opened')], { window: await windowOf(2, 9) })
    assert.deepEqual([state, appliesAt], ['approved', await inMinutes(2)])
    acme.advance(2 * minute - 1)
    await acme.look()
    assert(!(await hasUnit('Opened')))
    acme.advance(1)
    await Promise.all([acme.look(), acme.look()])
    const { state: made, failed, appliesAt: none } = await acme.show(id)
    assert.deepEqual([made, failed, none], ['applied', undefined, undefined])
    assert(await hasUnit('Opened'))
    const { items } = await acme.get<{ items: { principal: string; outcome: string }[] }>(
      '/changes?action=openChangeRequest&limit=5',
    )
    assert.match(items.find(({ principal }) => principal.includes(id))!.principal, /user:ann$/)
    assert.deepEqual(await eventsOf(id), [
      'change-request.proposed',
      'change-request.awaits-approval',
      'change-request.approved',
      'change-request.applied',
    ])
  })

  test('tells what it could not make and why, once, and makes it when that is mended', async () => {
    const { changeRequestId: id } = await approved([unit('Twice')], { window: await windowOf(1, 9) })
    const made = await acme.post<{ unitId: string }>('/organizational-units', { name: 'Twice', parentId: dev })
    acme.advance(minute)
    await acme.look()
    await acme.look()
    const { state, failed } = await acme.show(id)
    assert.deepEqual([state, failed?.code], ['approved', 'AlreadyExists'])
    assert.deepEqual((await eventsOf(id)).filter((kind) => kind.endsWith('failed')).length, 1)
    await acme.ask('DELETE', `/organizational-units/${made.unitId}`)
    await succeed(acme.act(id, 'submit', {}, acme.people.ann))
    await acme.look()
    assert.equal((await acme.show(id)).state, 'applied')
  })

  test('waits while changes are frozen, and makes nothing behind the end of the window', async () => {
    const { changeRequestId: id } = await approved([pool('thawed')], { window: await windowOf(1, 60) })
    const { changeRequestId: late } = await approved([pool('late')], { window: await windowOf(1, 5) })
    await freeze(10, async () => {
      acme.advance(minute)
      await acme.look()
      await acme.look()
      assert.equal((await acme.show(id)).appliesAt, await inMinutes(9))
      assert.equal(await description(), undefined)
      acme.advance(9 * minute)
      await acme.look()
      assert.deepEqual([(await acme.show(id)).state, await description()], ['applied', 'thawed'])
      const { state, failed } = await acme.show(late)
      assert.deepEqual([state, failed?.code], ['approved', 'IncorrectState'])
      assert.match(failed!.detail!, /window ended/)
    })
  })

  test('asks anew who may: neither an author nor an approver who has lost the role counts, and they are named', async () => {
    const dan = await acme.tokenOf('user:dan', 'organization-administrator', root)
    const window = await windowOf(1, 30)
    const { changeRequestId: id, contentHash } = await propose([unit('Lost')], { window })
    await succeed(acme.act(id, 'approve', { contentHash }, dan))
    const { changeRequestId: of, contentHash: its } = await propose([unit('Left')], { window }, dan)
    await succeed(acme.act(of, 'approve', { contentHash: its }, acme.people.bob))
    await withoutRole('dan', async () => {
      const byHand = (await acme.act(id, 'apply', { contentHash }, acme.people.ann)).body
      acme.advance(minute)
      const refused = (await acme.act(id, 'apply', { contentHash }, acme.people.ann)).body
      assert.deepEqual([byHand.code, refused.code], ['IncorrectState', 'IncorrectState'])
      assert.match(refused.detail, /`user:dan` may not approve it any more/)
      assert.match(
        (await acme.act(of, 'apply', { contentHash: its }, acme.people.bob)).body.detail,
        /`user:dan`, who wrote it/,
      )
      await acme.look()
      assert.match((await acme.show(id)).failed!.detail!, /`user:dan`/)
      assert(!(await hasUnit('Lost')) && !(await hasUnit('Left')))
      await succeed(acme.act(id, 'approve', { contentHash }, acme.people.bob))
      await acme.look()
      assert(await hasUnit('Lost'))
    })
  })
})

describe('D8 the clock', () => {
  const begun = async (count: number, more: object = {}) => {
    const operations = Array.from({ length: count }, (_, index) => unit(`Stage ${++staged} of ${index}`))
    const rollout = { ...stages(...operations.map(() => 0)), ...more }
    const { changeRequestId: id, contentHash } = await approved(operations, { rollout })
    return { id, begin: () => succeed(acme.act(id, 'apply', { contentHash }, acme.people.ann)) }
  }
  let staged = 0
  const ofOthers = async (name: string) => {
    const dan = await acme.tokenOf('user:dan', 'organization-administrator', root)
    const { changeRequestId: id, contentHash } = await propose([unit(name)], { window: await windowOf(1, 30) }, dan)
    await succeed(acme.act(id, 'approve', { contentHash }, acme.people.bob))
    await succeed(acme.act(id, 'approve', { contentHash }, acme.people.cat))
  }

  test('takes turns: however many stages of one are due, the window of another is made with its next look', async () => {
    const { id, begin } = await begun(20)
    await ofOthers('Turn')
    acme.advance(minute)
    await begin()
    await acme.look()
    assert(await hasUnit('Turn'))
    for (let looks = 0; looks < 5; looks++) await acme.look()
    assert.equal((await acme.show(id)).state, 'applied')
  })

  test('goes on with all others where something of one cannot be done, whatever for, and tries that again', async () => {
    const { id, begin } = await begun(2, { haltOn: { pools: [{ poolId: acme.listed, freePercent: 100 }] } })
    await ofOthers('Past it')
    acme.advance(minute)
    await begin()
    const { AllocationId } = await acme.call('AllocateAddress', { IpamPoolId: acme.listed }, { account: network })
    const failing = new Set(['haltByRule'])
    await assert.rejects(acme.look(failing), /haltByRule fails/)
    await acme.look(failing)
    assert(await hasUnit('Past it'))
    acme.advance(minute)
    await acme.look()
    assert.equal((await acme.show(id)).halted?.why, 'pool')
    await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: network })
    // What it writes is nobody's of the day: they could have used that up.
    const made = await import('./rolling-out.native.ts')
    for (const operation of Object.values(made)) assert.equal(operation.isOfClock, true, operation.name)
  })
})

describe('windows and freezes', () => {
  test('are asked for each stage, for resuming and for reverting; in an emergency, which is reviewed, they are not', async () => {
    const window = await windowOf(-1, 10)
    const { changeRequestId: id, contentHash } = await approved([pool('one'), pool('two')], {
      ...{ window, rollout: stages(60, 60) },
    })
    await acme.look()
    assert.equal((await acme.show(id)).progress?.stage, 1, JSON.stringify([await acme.show(id), contentHash]))
    await freeze(5, async () => {
      acme.advance(minute)
      await acme.look()
      const { state, progress } = await acme.show(id)
      assert.deepEqual([state, progress?.stage, progress?.nextAt], ['scheduled', 1, await inMinutes(4)])
      const halted = await succeed(acme.act(id, 'halt', { note: 'wait' }, acme.people.cat))
      assert.deepEqual([halted.state, halted.halted?.why, halted.halted?.by], ['halted', 'asked', 'user:cat'])
      assert.match((await acme.act(id, 'resume', {}, acme.people.ann)).body.detail, /frozen/)
      assert.match((await acme.act(id, 'revert', { note: 'no' }, acme.people.ann)).body.detail, /frozen/)
      assert.equal(await description(), 'one')
    })
    acme.advance(10 * minute)
    assert.match((await acme.act(id, 'resume', {}, acme.people.ann)).body.detail, /window ended/)
    assert.match((await acme.act(id, 'revert', { note: 'no' }, acme.people.ann)).body.detail, /window ended/)
    const reverted = await succeed(acme.act(id, 'revert', { note: 'no', emergency: 'it burns' }, acme.people.ann))
    assert.deepEqual([reverted.state, reverted.emergencies?.[0]?.reason], ['reverted', 'it burns'])
    assert.equal(await description(), 'thawed')
    const { items } = await acme.get<{ items: { resource: string }[] }>('/findings?control=change-review')
    assert(items.some(({ resource }) => resource === id))
    assert.equal((await acme.act(id, 'review', { note: 'seen' }, acme.people.ann)).body.code, 'NotAuthorized')
    assert((await succeed(acme.act(id, 'review', { note: 'seen' }, acme.people.bob))).emergencies?.[0]?.reviewed)
  })

  test('what waits for a freeze is made within the hour where that is lifted before its end', async () => {
    const window = await windowOf(1, 600)
    const { changeRequestId: id } = await approved([pool('lifted')], { window })
    await freeze(100_000, async () => {
      acme.advance(minute)
      await acme.look()
      assert.equal((await acme.show(id)).state, 'approved')
    })
    acme.advance(60 * minute)
    await acme.look()
    assert.deepEqual([(await acme.show(id)).state, await description()], ['applied', 'lifted'])
    await succeed(acme.act(id, 'revert', { note: 'back' }, acme.people.ann))
  })

  test('a stage that is due behind the end of the window halts the rollout', async () => {
    const { changeRequestId: id } = await approved([pool('three'), pool('four')], {
      ...{ window: await windowOf(-1, 5), rollout: stages(600, 60) },
    })
    await acme.look()
    acme.advance(10 * minute)
    await acme.look()
    const { state, halted } = await acme.show(id)
    assert.deepEqual([state, halted?.why, await description()], ['halted', 'window', 'three'])
    assert.deepEqual((await eventsOf(id)).slice(-2), ['change-request.applied', 'change-request.halted'])
  })
})

describe('what is watched', () => {
  test('is what the change touches: denials elsewhere, and by policies that it has not changed, halt nothing', async () => {
    const [law, other] = [await acme.policy(), await acme.policy()]
    for (const policy of [law, other]) await acme.rules(policy, [acme.listed])
    await acme.enable(law, shop)
    const enabled = { operation: 'putPolicyAssignment', input: { policyId: other, targetId: dev } }
    const { changeRequestId: id, contentHash } = await approved([enabled, unit('Behind')], { rollout: stages(60, 60) })
    await succeed(acme.act(id, 'apply', { contentHash }, acme.people.ann))
    const address = (account: string) =>
      acme.call('AllocateAddress', { Address: '198.51.100.9' }, { account }).then(
        () => assert.fail('it was given'),
        () => undefined,
      )
    await address(shop)
    await acme.look()
    assert.equal((await acme.show(id)).state, 'scheduled')
    await address('444444444444')
    await acme.look()
    assert.equal((await acme.show(id)).halted?.why, 'denials')
  })
})

test('a draft says what its operations take, before anybody tries it', async () => {
  const draft = (operation: object) =>
    acme.ask<ToldOfRequest & { index?: number }>('POST', '/change-requests', {
      ...{
        as: acme.people.ann,
        body: { node: root, reason: 'a draft', operations: [unit('Fine'), operation], draft: true },
      },
    })
  for (const [input, code] of [
    [{ parentId: dev }, 'MissingParameter'],
    [{ parentId: dev, name: 7 }, 'InvalidParameterValue'],
    [{ parentId: dev, name: 'x', colour: 'red' }, 'UnknownParameter'],
  ] as const) {
    const { body } = await draft({ operation: 'createUnit', input })
    assert.deepEqual([body.code, body.index], [code, 1])
  }
  const { changeRequestId: id } = (await draft({ operation: 'createUnit', input: { parentId: dev, name: 'Later' } }))
    .body
  const operations = [{ operation: 'createUnit', input: { parentId: dev } }]
  const edited = await acme.ask<ToldOfRequest>('PATCH', `/change-requests/${id}`, {
    as: acme.people.ann,
    body: { operations },
  })
  assert.equal(edited.body.code, 'MissingParameter')
})

describe('what has no inverse', () => {
  test('is told before anybody approves it, and what has one is made again as it was', async () => {
    const { unitId } = await acme.post<{ unitId: string }>('/organizational-units', { name: 'Gone', parentId: dev })
    const { impact } = await propose([{ operation: 'deleteUnit', input: { unitId } }, unit('New')])
    assert.deepEqual(impact?.left, [unitId])
    const operations = [
      { operation: 'provisionPoolCidr', input: { poolId: acme.listed, cidr: '203.0.200.0/28' } },
      {
        operation: 'updatePool',
        input: { poolId: acme.listed, requiredTags: { team: 'x' }, minNetmaskLength: 30, maxNetmaskLength: 32 },
      },
      {
        operation: 'updateIpam',
        input: {
          ipamId: acme.ipam,
          changeFreezes: [{ from: await inMinutes(9_000), until: await inMinutes(9_001), reason: 'x' }],
        },
      },
    ]
    const state = async () => [
      await acme.get(`/pools/${acme.listed}`),
      await acme.get(`/ipams/${acme.ipam}`),
      (await acme.get<{ items: { cidr: string }[] }>(`/pools/${acme.listed}/cidrs`)).items.map(({ cidr }) => cidr),
    ]
    const was = await state()
    const { changeRequestId: id, contentHash, impact: found } = await approved(operations)
    assert.equal(found?.left, undefined)
    await succeed(acme.act(id, 'apply', { contentHash }, acme.people.ann))
    assert.notDeepEqual(await state(), was)
    await succeed(acme.act(id, 'revert', { note: 'no' }, acme.people.ann))
    assert.deepEqual(await state(), was)
  })
})
