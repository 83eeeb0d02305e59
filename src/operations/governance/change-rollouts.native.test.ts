// Rollouts of change requests: stage by stage, halted by what is watched, resumed, and reverted.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { dev, openAcme, prod, refusalOf, root, shop } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { type ShownRequest, succeed, type ToldOfRequest, withRequests } from '../../../test/requests/company.ts'

let acme: Awaited<ReturnType<typeof furnish>>
async function furnish() {
  const administrator = ['organization-administrator', root] as const
  const people = { ann: administrator, bob: administrator, cat: administrator }
  const company = await withRequests(await withNativeApi(await openAcme()), people)
  const [listed, other, law] = [await company.pool(), await company.pool(), await company.policy()]
  await company.rules(law, [listed])
  await company.enable(law)
  return { ...company, listed, other, law }
}
before(async () => {
  acme = await furnish()
})
beforeEach(() => acme.renewTokens())
after(() => acme.close())

/** Proposed, approved by two and applied, as far as its first stage. */
async function begin(operations: readonly object[], rollout?: object): Promise<ShownRequest> {
  const body = { node: root, reason: 'a rollout', operations, ...(rollout ? { rollout } : {}) }
  const { changeRequestId: id, contentHash } = await succeed(
    acme.ask<ToldOfRequest>('POST', '/change-requests', { as: acme.people.ann, body }),
  )
  await succeed(acme.act(id, 'approve', { contentHash }, acme.people.bob))
  await acme.act(id, 'approve', { contentHash }, acme.people.cat)
  return succeed(acme.act(id, 'apply', { contentHash }, acme.people.ann))
}
const unit = (name: string) => ({ operation: 'createUnit', input: { name, parentId: dev } })
const documentOf = (...pools: string[]) => ({
  operation: 'putPolicyDocument',
  input: { policyId: acme.law, locale: 'us-east-1', resourceType: 'eip', rules: pools.map((poolId) => ({ poolId })) },
})
const rulesNow = async () => {
  const { rules } = await acme.get<{ rules: { poolId: string }[] }>(`/policies/${acme.law}/documents/us-east-1/eip`)
  return rules.map(({ poolId }) => poolId)
}
const units = async () => {
  const { items } = await acme.get<{ items: { name: string }[] }>('/organizational-units?limit=1000')
  return items.map(({ name }) => name)
}
/** What was asked for so far is too long ago to count in what a change would do. */
async function forgetRequests(): Promise<void> {
  acme.advance(31 * 86_400_000)
  await acme.renewTokens()
}
const stages = (...soakSeconds: number[]) => soakSeconds.map((seconds) => ({ operations: 1, soakSeconds: seconds }))

describe('a rollout', () => {
  test('goes on stage by stage, each once the one before was watched for as long as it says', async () => {
    const { changeRequestId: id, state, progress } = await begin([unit('One'), unit('Two')], { stages: stages(60, 30) })
    assert.deepEqual([state, progress!.stage, progress!.stages], ['scheduled', 1, 2])
    assert.deepEqual([(await units()).includes('One'), (await units()).includes('Two')], [true, false])
    acme.advance(59_999)
    await acme.look()
    assert.equal((await acme.show(id)).progress!.stage, 1)
    acme.advance(1)
    await acme.look()
    assert.equal((await acme.show(id)).progress!.stage, 2)
    assert((await units()).includes('Two'))
    acme.advance(30_000)
    await acme.look()
    assert.equal((await acme.show(id)).state, 'applied')
    const { items } = await acme.get<{ items: { principal: string }[] }>('/changes?action=advanceChangeRequest&limit=1')
    assert.match(items[0]!.principal, /user:ann$/)
  })

  test('is halted by new denials, and nothing more is made before somebody resumes it', async () => {
    const operations = [documentOf(acme.other), unit('After')]
    const { changeRequestId: id } = await begin(operations, { stages: stages(60, 0) })
    await acme.look()
    assert.equal((await acme.show(id)).state, 'scheduled')
    const denied = refusalOf(acme.call('AllocateAddress', { Address: '203.0.100.5' }, { account: shop }))
    assert.equal((await denied).code, 'DeniedByPolicy')
    await acme.look()
    const halted = await acme.show(id)
    assert.deepEqual([halted.state, halted.halted!.why, halted.halted!.count], ['halted', 'denials', 1])
    acme.advance(120_000)
    await acme.look()
    assert(!(await units()).includes('After'))

    const reverted = await succeed(acme.act(id, 'revert', { note: 'it denies' }, acme.people.bob))
    assert.equal(reverted.state, 'reverted')
    assert.deepEqual(await rulesNow(), [acme.listed])
    assert.equal((await acme.act(id, 'resume', {}, acme.people.ann)).body.code, 'IncorrectState')
  })

  test('halted and resumed, however often, it makes no stage before the last one was watched for as long as it says', async () => {
    const { changeRequestId: id } = await begin([unit('Fast'), unit('Faster')], { stages: stages(3_600, 60) })
    for (const past of [0, 1_800_000, 1_800_000]) {
      acme.advance(past)
      await succeed(acme.act(id, 'halt', { note: 'wait' }, acme.people.ann))
      await succeed(acme.act(id, 'resume', {}, acme.people.ann))
      await acme.look()
      assert.equal((await acme.show(id)).progress!.stage, 1)
    }
    acme.advance(3_600_000)
    await succeed(acme.act(id, 'halt', { note: 'wait' }, acme.people.ann))
    assert.equal((await succeed(acme.act(id, 'resume', {}, acme.people.ann))).progress!.stage, 2)
    await succeed(acme.act(id, 'halt', { note: 'wait' }, acme.people.ann))
    const resumed = await succeed(acme.act(id, 'resume', { emergency: 'it burns' }, acme.people.bob))
    assert.equal(resumed.state, 'applied')
    assert((await units()).includes('Faster'))
  })

  test('resumed, it goes on with the next stage', async () => {
    await forgetRequests()
    const law = await acme.policy()
    const assignment = { operation: 'putPolicyAssignment', input: { policyId: law, targetId: shop, kind: 'final' } }
    await acme.ask('PUT', `/policies/${law}/documents/us-east-1/eip`, {
      body: { rules: [{ poolId: acme.listed }], requiredTags: [{ key: 'team' }] },
    })
    const observed = { ...assignment, input: { ...assignment.input, mode: 'observe' } }
    const enforced = { ...assignment, input: { ...assignment.input, mode: 'enforce' } }
    const { changeRequestId: id } = await begin([observed, enforced], {
      stages: stages(60, 60),
      haltOn: { denials: 0 },
    })
    // It is given, and what is observed would have denied it.
    const { AllocationId } = await acme.call('AllocateAddress', {}, { account: shop })
    await acme.look()
    assert.equal((await acme.show(id)).halted?.why, 'denials')
    // By the next stage it would not comply, which nobody has approved.
    assert.equal((await acme.act(id, 'resume', {}, acme.people.bob)).body.code, 'IncorrectState')
    await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: shop })
    // Whoever asked for it lately would be denied, too.
    assert.equal((await acme.act(id, 'resume', {}, acme.people.bob)).body.code, 'IncorrectState')
    await forgetRequests()
    const resumed = await succeed(acme.act(id, 'resume', {}, acme.people.bob))
    assert.deepEqual([resumed.state, resumed.progress!.stage, resumed.halted], ['scheduled', 1, undefined])
    // What has halted it was no watching: that begins anew.
    acme.advance(59_999)
    await acme.look()
    assert.equal((await acme.show(id)).progress!.stage, 1)
    acme.advance(1)
    await acme.look()
    assert.equal((await acme.show(id)).progress!.stage, 2)
    assert.equal((await refusalOf(acme.call('AllocateAddress', {}, { account: shop }))).code, 'DeniedByPolicy')
    await acme.look()
    assert.equal((await acme.show(id)).state, 'halted')
    await succeed(acme.act(id, 'revert', { note: 'enough' }, acme.people.ann))
    const { AllocationId: another } = await acme.call('AllocateAddress', {}, { account: shop })
    await acme.call('ReleaseAddress', { AllocationId: another! }, { account: shop })
  })

  test('is halted by exceptions that are asked for, and by a pool that runs short', async () => {
    const haltOn = { exceptions: 0 }
    const { changeRequestId: id } = await begin([documentOf(acme.listed, acme.other), unit('Four')], {
      ...{ stages: stages(60, 0), haltOn },
    })
    const beside = await begin([unit('Three'), unit('Thirteen')], { stages: stages(60, 60), haltOn })
    await acme.look()
    assert.equal((await acme.show(id)).state, 'scheduled')
    const now = await acme.store.read(async (tx) => tx.now)
    await acme.post('/exceptions', {
      ...{ target: shop, locale: 'us-east-1', resourceType: 'eip', grants: { provider: true }, reason: 'a test' },
      expiresAt: new Date(now + 60_000).toISOString(),
    })
    await acme.look()
    assert.equal((await acme.show(id)).halted?.why, 'exceptions')
    // What has nothing to do with the target goes on.
    assert.equal((await acme.show(beside.changeRequestId)).state, 'scheduled')
    const pools = [{ poolId: acme.listed, freePercent: 100 }]
    const short = await begin([unit('Five'), unit('Six')], { stages: stages(60, 0), haltOn: { pools } })
    await acme.call('AllocateAddress', {}, { account: shop })
    await acme.look()
    const { halted } = await acme.show(short.changeRequestId)
    assert.deepEqual([halted?.why, halted?.poolId], ['pool', acme.listed])
    await acme.rules(acme.law, [acme.listed])
  })

  test('is halted where its next stage is refused, which is on record', async () => {
    const { changeRequestId: id } = await begin([unit('Seven'), unit('Eight')], { stages: stages(60, 0) })
    await acme.post('/organizational-units', { name: 'Eight', parentId: dev })
    acme.advance(60_000)
    await acme.look()
    const { state, halted } = await acme.show(id)
    assert.deepEqual([state, halted?.why, halted?.code], ['halted', 'refused', 'AlreadyExists'])
  })

  test('ends with the rights of whoever began it', async () => {
    const gil = await acme.tokenOf('user:gil', 'organization-administrator', root)
    const body = {
      node: root,
      reason: 'x',
      operations: [unit('Nine'), unit('Ten')],
      rollout: { stages: stages(60, 0) },
    }
    const { changeRequestId: id, contentHash } = await succeed(
      acme.ask<ToldOfRequest>('POST', '/change-requests', { as: gil, body }),
    )
    await succeed(acme.act(id, 'approve', { contentHash }, acme.people.bob))
    await succeed(acme.act(id, 'apply', { contentHash }, gil))
    const { items } = await acme.get<{ items: { bindingId: string }[] }>('/role-bindings?principal=user:gil')
    for (const { bindingId } of items) await acme.ask('DELETE', `/role-bindings/${bindingId}`)
    acme.advance(60_000)
    await acme.look()
    const { state, halted } = await acme.show(id)
    assert.deepEqual([state, halted?.why], ['halted', 'unvouched'])
    assert.match(halted!.detail!, /`user:gil`/)
  })

  test('stages have each operation once', async () => {
    const body = { node: root, reason: 'x', operations: [unit('No')], rollout: { stages: stages(1, 1) } }
    const { body: told } = await acme.ask<ToldOfRequest>('POST', '/change-requests', { as: acme.people.ann, body })
    assert.equal(told.code, 'InvalidParameterValue')
  })
})

describe('reverting', () => {
  test('makes again what was, of each kind that it knows', async () => {
    const { account } = await acme.post<{ account: string }>('/accounts', { name: 'mover', parentId: prod })
    const moved = { operation: 'moveAccount', input: { account, parentId: dev } }
    const pool = { operation: 'updatePool', input: { poolId: acme.other, sharedWith: [shop], description: 'lent' } }
    const binding = { operation: 'createRoleBinding', input: { principal: 'user:r', role: 'auditor', node: dev } }
    const { changeRequestId: id } = await begin([documentOf(acme.other), moved, pool, binding, unit('Undone')])
    assert.deepEqual(await rulesNow(), [acme.other])
    const { inverse } = await acme.get<{ inverse: { operations: object[]; left: string[] } }>(`/change-requests/${id}`)
    assert.deepEqual([inverse.operations.length, inverse.left], [5, []])
    await succeed(acme.act(id, 'revert', { note: 'no' }, acme.people.ann))
    assert.deepEqual(await rulesNow(), [acme.listed])
    assert.equal((await acme.get<{ parentId: string }>(`/accounts/${account}`)).parentId, prod)
    const { sharedWith, description } = await acme.get<{ sharedWith: string[]; description?: string }>(
      `/pools/${acme.other}`,
    )
    assert.deepEqual([sharedWith, description], [[], undefined])
    assert.deepEqual((await acme.get<{ items: object[] }>('/role-bindings?principal=user:r')).items, [])
    assert(!(await units()).includes('Undone'))
  })

  const exceptionFor = async (target: string) => ({
    ...{ target, locale: 'us-east-1', resourceType: 'eip', grants: { provider: true }, reason: 'a test' },
    expiresAt: new Date((await acme.store.read(async (tx) => tx.now)) + 3_600_000).toISOString(),
  })
  test('is tried before anybody approves, and what cannot be undone is told', async () => {
    const impactOf = async (...operations: object[]) => {
      const body = { node: root, reason: 'a test', operations }
      const { body: tried } = await acme.ask<{ impact: { left?: string[]; revertRefused?: object } }>(
        'POST',
        '/change-requests?dryRun=true',
        { as: acme.people.ann, body },
      )
      return tried.impact
    }
    const untold = await impactOf(unit('Undone'))
    assert.deepEqual([untold.left, untold.revertRefused], [undefined, undefined])
    const { unitId } = await acme.post<{ unitId: string }>('/organizational-units', { name: 'Deleted', parentId: dev })
    const deletion = { operation: 'deleteUnit', input: { unitId } }
    const deleted = await impactOf(deletion)
    assert.deepEqual([deleted.left, deleted.revertRefused], [[unitId], { code: 'IncorrectState' }])
    const both = await impactOf(deletion, unit('Beside the deleted'))
    assert.deepEqual([both.left, both.revertRefused], [[unitId], undefined], 'the rest of it can be undone')
    const rule = { approvers: 3, ofRoot: 3 }
    const changeApprovals = { contained: rule, noncompliant: rule, central: rule }
    const control = await impactOf({ operation: 'updateIpam', input: { ipamId: acme.ipam, changeApprovals } })
    assert.deepEqual(control.revertRefused, { code: 'IncorrectState', operation: 'updateIpam' })
    const account = await acme.post<{ account: string }>('/accounts', { name: 'called', email: 'called@acme.example' })
    const mail = { operation: 'updateAccount', input: { account: account.account, email: 'other@acme.example' } }
    const { changeRequestId: id } = await begin([mail, unit('With mail')])
    await succeed(acme.act(id, 'revert', { note: 'no' }, acme.people.ann))
    const { email } = await acme.get<{ email: string }>(`/accounts/${account.account}`)
    assert.equal(email, 'called@acme.example')
  })

  test('leaves what depends on what stays, and makes the rest again', async () => {
    const unitOf = (name: string) => units().then((names) => names.includes(name))
    const made = [
      { ...unit('Parent'), as: 'parent' },
      { operation: 'createUnit', input: { name: 'Child', parentId: '$parent' }, as: 'child' },
      { operation: 'requestException', input: await exceptionFor('$child') },
      unit('Goes'),
    ]
    const { changeRequestId: id } = await begin(made)
    await succeed(acme.act(id, 'revert', { note: 'no' }, acme.people.ann))
    assert.deepEqual(await Promise.all(['Parent', 'Child', 'Goes'].map(unitOf)), [true, true, false])

    const account = { name: 'comes', email: 'comes@acme.example', parentId: '$unit' }
    const { changeRequestId: ofAccount } = await begin([
      { ...unit('Comes'), as: 'unit' },
      { operation: 'createAccount', input: account },
    ])
    await succeed(acme.act(ofAccount, 'revert', { note: 'no' }, acme.people.ann))
    assert.equal(await unitOf('Comes'), false, 'an account that came goes, and what it was in')

    const { unitId } = await acme.post<{ unitId: string }>('/organizational-units', { name: 'Bound', parentId: dev })
    await acme.tokenOf('user:bound', 'auditor', unitId)
    const { changeRequestId } = await begin([{ operation: 'deleteUnit', input: { unitId } }, unit('Beside')])
    await succeed(acme.act(changeRequestId, 'revert', { note: 'no' }, acme.people.ann))
    assert.equal(await unitOf('Beside'), false)

    const pool = { operation: 'createPool', input: { scopeId: acme.privateScope, family: 'ipv4' }, as: 'pool' }
    const cidr = { operation: 'provisionPoolCidr', input: { poolId: '$pool', cidr: '10.222.0.0/16' } }
    const { changeRequestId: ofPool } = await begin([pool, cidr])
    await succeed(acme.act(ofPool, 'revert', { note: 'no' }, acme.people.ann))
  })

  test('is refused where somebody has changed one of them since', async () => {
    const { changeRequestId: id } = await begin([documentOf(acme.other)])
    await acme.rules(acme.law, [acme.other, acme.listed])
    assert.equal((await acme.act(id, 'revert', { note: 'no' }, acme.people.ann)).body.code, 'IncorrectState')
    assert.deepEqual(await rulesNow(), [acme.other, acme.listed])
  })

  test('of a rollout is refused where somebody has changed one of them between its stages, and only there', async () => {
    const { poolId } = await acme.post<{ poolId: string }>('/pools', { scopeId: acme.privateScope, family: 'ipv4' })
    const ofType = (resourceType: string) => {
      const { operation, input } = documentOf(acme.other)
      return { operation, input: { ...input, resourceType } }
    }
    const tagged = (tags: object) => ({ operation: 'updatePool', input: { poolId, tags } })
    const state = async () => [
      (await acme.get<{ items: { resourceType: string }[] }>(`/policies/${acme.law}/documents`)).items,
      (await acme.get<{ tags: object }>(`/pools/${poolId}`)).tags,
    ]
    const [byStage, nobody] = [[ofType('rnat'), tagged({ a: '1' }), ofType('alb'), tagged({ a: '2' })], undefined]
    for (const between of [
      nobody,
      () => acme.rules(acme.law, [acme.listed], { type: 'rds' }),
      () => acme.ask('PATCH', `/pools/${poolId}`, { body: { tags: { a: '1', theirs: 'x' } } }),
    ]) {
      const before = await state()
      const { changeRequestId: id } = await begin(byStage, {
        stages: [2, 2].map((operations) => ({ operations, soakSeconds: 60 })),
        haltOn: {},
      })
      await between?.()
      for (let stage = 0; stage < 2; stage++) {
        acme.advance(60_000)
        await acme.look()
      }
      const made = await state()
      assert.equal((await acme.show(id)).state, 'applied')
      const { status, body } = await acme.act(id, 'revert', { note: 'no' }, acme.people.ann)
      const isRefused = body.code === 'IncorrectState' && /has changed .* since/.test(body.detail ?? '')
      assert.deepEqual([status < 300, isRefused], [between === nobody, between !== nobody], JSON.stringify(body))
      assert.deepEqual(await state(), between === nobody ? before : made)
    }
  })
})
