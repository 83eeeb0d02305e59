// What a change would do to space of others tells nothing of them to whoever may not see it.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { dev, network, openAcme, prod, root, shop, stranger } from '../../../test/acme.ts'
import { isLeftToNight } from '../../../test/engines.ts'
import { withNativeApi } from '../../../test/native-world.ts'

interface Impact {
  readonly class: string
  readonly evaluated: number
  readonly isWhole: boolean
}

test('I8 the class of a change, what was looked at and who has to approve are the same whatever tags others have', async () => {
  const acme = await withNativeApi(await openAcme())
  after(() => acme.close())
  const pool = await acme.pool()
  const ann = await acme.tokenOf('user:ann', 'organization-administrator', root)
  const owner = (await acme.get<{ account: string }>(`/pools/${pool}`, { as: ann })).account
  const other = owner === shop ? stranger : shop
  const shared = await acme.ask('PATCH', `/pools/${pool}`, { as: ann, body: { sharedWith: [other] } })
  assert.equal(shared.status, 200, JSON.stringify(shared.body))
  const body = { account: other, resourceType: 'eip', locale: 'us-east-1', poolId: pool, tags: { project: 'falcon' } }
  const given = await acme.ask('POST', '/allocations', { as: ann, body })
  assert.equal(given.status, 201, JSON.stringify(given.body))
  const sue = await acme.tokenOf('user:sue', 'organization-administrator', owner)
  const told: unknown[] = []
  for (const project of ['falcon', 'eagle']) {
    const operations = [{ operation: 'updatePool', input: { poolId: pool, requiredTags: { project } } }]
    const asked = { as: sue, body: { node: owner, reason: 'a guess', operations } }
    const answer = await acme.ask<{ impact: Impact; needed: object }>('POST', '/change-requests?dryRun=true', asked)
    const { class: found, evaluated, isWhole } = answer.body.impact
    told.push({ found, evaluated, isWhole, needed: answer.body.needed })
  }
  assert.deepEqual(told[0], told[1])
  assert.partialDeepStrictEqual(told[0], { found: 'central', evaluated: 0, isWhole: false })
})

test('I8 whether those who are hidden have space is told neither by the class of a change, nor by whether all of it is told', async () => {
  const acme = await withNativeApi(await openAcme())
  after(() => acme.close())
  const [pool, policyId] = [await acme.pool(), await acme.policy()]
  const people = {
    ann: await acme.tokenOf('user:ann', 'organization-administrator', root),
    ruth: await acme.tokenOf('user:ruth', 'policy-author', root),
    eve: await acme.tokenOf('user:eve', 'auditor', root),
  }
  for (const [principal, role] of [
    ['user:ruth', 'policy-author'],
    ['user:eve', 'auditor'],
  ]) {
    await acme.post('/role-bindings', { principal, role, node: shop, effect: 'forbid' })
  }
  const propose = (targetId: string, node: string) => {
    const document = { policyId, locale: 'us-east-1', resourceType: 'eip', rules: [{ poolId: pool }] }
    const operations = [
      { operation: 'putPolicyDocument', input: document },
      { operation: 'putPolicyAssignment', input: { policyId, targetId, mode: 'enforce' } },
    ]
    const body = { node, reason: 'a guess', operations }
    return acme.post<{ changeRequestId: string; impact: Impact; needed: object }>('/change-requests', body, {
      as: people.ruth,
    })
  }
  const told: unknown[] = []
  for (const has of [false, true]) {
    if (has) await acme.call('AllocateAddress', {}, { account: shop })
    const { changeRequestId: id, impact, needed } = await propose(prod, root)
    const { class: found, evaluated, isWhole } = impact
    const shown = await acme.get<{ impact: Impact }>(`/change-requests/${id}`, { as: people.eve })
    told.push({ found, evaluated, isWhole, needed, toEve: [shown.impact.evaluated, shown.impact.isWhole] })
  }
  assert.deepEqual(told[0], told[1])
  assert.partialDeepStrictEqual(told[0], { found: 'noncompliant', isWhole: false, toEve: [0, false] })
  // Where nobody is hidden, nothing is held back.
  const beside = await propose(dev, root)
  assert.equal(beside.impact.class, 'contained')
})

test('a change of many pools of one account is of the class of what it touches, and not central', async (t) => {
  if (isLeftToNight(t)) return
  const acme = await withNativeApi(await openAcme())
  after(() => acme.close())
  const pools: string[] = []
  for (let count = 0; count < 25; count++) pools.push(await acme.pool())
  const ann = await acme.tokenOf('user:ann', 'organization-administrator', root)
  const { account } = await acme.get<{ account: string }>(`/pools/${pools[0]}`, { as: ann })
  const sue = await acme.tokenOf('user:sue', 'organization-administrator', account)
  const operations = pools.map((poolId) => ({
    operation: 'updatePool',
    input: { poolId, requiredTags: { project: 'falcon' } },
  }))
  const asked = { as: sue, body: { node: account, reason: 'tags', operations } }
  const { body } = await acme.ask<{ impact: Impact; needed: object }>('POST', '/change-requests?dryRun=true', asked)
  assert.deepEqual([body.impact.class, body.needed], ['contained', { approvers: 1, ofRoot: 0 }])
})

test('a pool that is given to the whole organization, or taken from it, is a change of the whole organization', async () => {
  const acme = await withNativeApi(await openAcme())
  after(() => acme.close())
  const poolId = await acme.pool()
  const ann = await acme.tokenOf('user:ann', 'organization-administrator', root)
  const { account, scopeId } = await acme.get<{ account: string; scopeId: string }>(`/pools/${poolId}`, { as: ann })
  const share = (...sharedWith: string[]) => ({ operation: 'updatePool', input: { poolId, sharedWith } })
  const made = { scopeId, family: 'ipv4', locale: 'us-east-1', awsService: 'ec2', publicIpSource: 'byoip' }
  const classOf = async (operation: object, node = account) => {
    const body = { node, reason: 'a pool for others', operations: [operation] }
    const answer = await acme.ask<{ impact: Impact; needed: object }>('POST', '/change-requests?dryRun=true', {
      as: ann,
      body,
    })
    return [answer.body.impact?.class, answer.body.needed]
  }
  const [contained, central] = [
    ['contained', { approvers: 1, ofRoot: 0 }],
    ['central', { approvers: 2, ofRoot: 1 }],
  ]
  // Who has it is outside of where it is decided on: nobody of theirs is asked there.
  assert.deepEqual(await classOf(share(shop)), central)
  assert.deepEqual(await classOf(share(shop), root), contained)
  assert.deepEqual(await classOf(share(root)), central)
  assert.deepEqual(await classOf({ operation: 'createPool', input: { ...made, sharedWith: [root] } }), central)
  await acme.ask('PATCH', `/pools/${poolId}`, { as: ann, body: { sharedWith: [root] } })
  assert.deepEqual(await classOf(share()), central)
  assert.deepEqual(await classOf({ operation: 'updatePool', input: { poolId, description: 'as before' } }), contained)
})

test('I8 the record of a change request tells nothing of what it would make of the space of hidden accounts', async () => {
  const acme = await withNativeApi(await openAcme())
  after(() => acme.close())
  const [good, other] = [await acme.pool(), await acme.pool()]
  const policyId = await acme.policy()
  await acme.rules(policyId, [good])
  await acme.enable(policyId)
  const { PublicIp } = await acme.call('AllocateAddress', {}, { account: shop })
  const ann = await acme.tokenOf('user:ann', 'organization-administrator', root)
  const eve = await acme.tokenOf('user:eve', 'auditor', root)
  await acme.post('/role-bindings', { principal: 'user:eve', role: 'auditor', node: shop, effect: 'forbid' })
  const input = { policyId, locale: 'us-east-1', resourceType: 'eip', rules: [{ poolId: other }] }
  const body = { node: root, reason: 'r', operations: [{ operation: 'putPolicyDocument', input }] }
  const { changeRequestId: id, impact } = await acme.post<{ changeRequestId: string; impact: Impact }>(
    '/change-requests',
    body,
    { as: ann },
  )
  assert.match(JSON.stringify(impact), new RegExp(`${shop}.*${PublicIp}`))
  // As versions before this one kept it, too: what was written stays, and is not shown.
  const kept = { impact: { class: 'noncompliant', epoch: 1, at: 1, evaluated: 1, groups: [{ account: shop }] } }
  await acme.store.write(async (tx) =>
    tx.history.changed({ id, kind: 'change-request', account: network }, { id, node: root, ...kept }),
  )
  for (const path of [
    `/change-requests/${id}`,
    `/history/objects/${id}`,
    `/changes?subject=${id}`,
    '/changes?limit=5',
  ]) {
    const { status, body: told } = await acme.ask('GET', path, { as: eve })
    assert.equal(status, 200, path)
    assert.doesNotMatch(JSON.stringify(told), new RegExp(`${shop}|${PublicIp}`), path)
  }
  const { items } = await acme.get<{ items: { state: { impact: object } }[] }>(`/history/objects/${id}`, { as: eve })
  assert.deepEqual(
    items.map(({ state }) => Object.keys(state.impact).sort()),
    [
      ['at', 'class', 'epoch'],
      ['at', 'class', 'epoch'],
    ],
  )
})
