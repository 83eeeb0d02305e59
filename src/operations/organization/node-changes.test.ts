// Who may change which policies and rules apply to an account by moving it or by changing tags that conditions read.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { type Acme, asNetwork, dev, lab, network, openAcme, prod, root, shop, workloads } from '../../../test/acme.ts'
import { type Answered, type Native, withNativeApi } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'

interface Problem {
  readonly code: string
  readonly action: string
  readonly detail: string
}
let acme: Acme & Native
let listed: string
let premium: string
let people = 0

before(async () => {
  acme = await withNativeApi(await openAcme())
  listed = await acme.pool()
  premium = await acme.pool()
})
after(() => acme.close())

/** No policy is assigned anywhere, nothing is forbidden to anybody, and everybody is where they were. */
beforeEach(async () => {
  const { items } = await acme.get<{ items: { policyId: string; targetId: string }[] }>('/assignments?limit=100')
  for (const { policyId, targetId } of items) {
    assert.equal((await acme.ask('DELETE', `/policies/${policyId}/assignments/${targetId}`)).status, 204)
  }
  await liftAll()
  for (const [account, parentId] of [
    [shop, prod],
    [lab, dev],
  ]) {
    const shown = await acme.get<{ parentId: string }>(`/accounts/${account}`)
    if (shown.parentId !== parentId) await move(account!, parentId!)
    await succeeds(acme.ask('PATCH', `/accounts/${account}`, { body: { tags: {} } }))
  }
  for (const unit of [workloads, prod, dev]) {
    await succeeds(acme.ask('PATCH', `/organizational-units/${unit}`, { body: { tags: {} } }))
  }
})

async function liftAll(): Promise<void> {
  const { items } = await acme.get<{ items: { bindingId: string; effect: string }[] }>('/role-bindings?limit=1000')
  for (const { bindingId, effect } of items) {
    if (effect === 'forbid') assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
  }
}

type Rules = readonly object[]
const documentOf = (rules: Rules) => ({ locale: 'us-east-1', resourceType: 'eip', rules })
const whenPremium = { tags: [{ key: 'tier', values: ['premium'] }] }
const premiumFirst: Rules = [{ poolId: '', when: whenPremium }]
const rulesForTier = (): Rules => [...premiumFirst.map((rule) => ({ ...rule, poolId: premium })), { poolId: listed }]

async function policyWith(rules: Rules): Promise<string> {
  const { policyId } = await acme.post<{ policyId: string }>('/policies', { ipamId: acme.ipam })
  const body = { rules }
  await succeeds(acme.ask('PUT', `/policies/${policyId}/documents/us-east-1/eip`, { body }))
  return policyId
}
async function assign(policyId: string, target: string, how: object = {}): Promise<void> {
  await succeeds(acme.ask('PUT', `/policies/${policyId}/assignments/${target}`, { body: how }))
}
/** A token of somebody new who may do everything at these nodes, and nothing anywhere else. */
async function adminOf(...nodes: readonly string[]): Promise<string> {
  const name = `user:admin-${++people}`
  let token = ''
  for (const node of nodes) token = await acme.tokenOf(name, 'organization-administrator', node)
  return token
}
const move = (account: string, parentId: string, as?: string): Promise<Answered<Problem>> =>
  acme.ask<Problem>('POST', `/accounts/${account}/move`, { body: { parentId }, ...(as ? { as } : {}) })
const tag = (path: string, tags: object, as?: string): Promise<Answered<Problem>> =>
  acme.ask<Problem>('PATCH', path, { body: { tags }, ...(as ? { as } : {}) })
async function succeeds(asked: Promise<Answered<unknown>>): Promise<void> {
  const { status, body } = await asked
  assert(status < 300, JSON.stringify(body))
}
async function isDeniedAt(node: string, asked: Promise<Answered<Problem>>, action = 'policy:manage'): Promise<void> {
  const { status, body } = await asked
  assert.deepEqual([status, body.code], [403, 'NotAuthorized'], JSON.stringify(body))
  assert.match(body.detail, new RegExp(action))
  assert.match(body.detail, new RegExp(`\`${node}\``))
}
/** The same without a right over policies there: what a move needs besides is asked of them on its own. */
async function moverOf(...nodes: readonly string[]): Promise<string> {
  const token = await adminOf(...nodes)
  for (const node of nodes) await forbid(`user:admin-${people}`, 'policy-author', node)
  return token
}
const bind = (principal: string, role: string, node: string, effect = 'permit', as?: string) =>
  acme.post<{ bindingId: string }>('/role-bindings', { principal, role, node, effect }, as ? { as } : {})
const forbid = (principal: string, role: string, node: string, as?: string) => bind(principal, role, node, 'forbid', as)
const poolOf = (account: string): Promise<string> => acme.poolOfAddress(account)

test('an account is not moved out from under an assignment without the policy right there', async () => {
  await assign(await policyWith([{ poolId: listed }]), prod)
  await isDeniedAt(prod, move(shop, dev, await moverOf(prod, dev)))
  assert.equal(await poolOf(shop), listed)
  await liftAll()
  await succeeds(move(shop, dev, await adminOf(prod, dev)))
})

test('an account is not moved under an assignment above its new parent without the policy right there', async () => {
  const outside = await acme.post<{ unitId: string }>('/organizational-units', { name: 'outside', parentId: root })
  await succeeds(move(lab, outside.unitId))
  await assign(await policyWith([{ poolId: premium }]), workloads)
  await isDeniedAt(workloads, move(lab, dev, await adminOf(outside.unitId, dev)))
  await succeeds(move(lab, dev, await adminOf(outside.unitId, workloads)))
})

test('a move that changes no policy needs no more than the right to move at both ends', async () => {
  await assign(await policyWith([{ poolId: listed }]), root)
  await assign(await policyWith([{ poolId: listed }]), prod, { mode: 'off' })
  await succeeds(move(shop, dev, await adminOf(prod, dev)))
  assert.equal(await poolOf(shop), listed)
})

test('an assignment that only observes, and a candidate of one that is off, count like one that enforces', async () => {
  await assign(await policyWith([{ poolId: listed }]), prod, { mode: 'observe' })
  await isDeniedAt(prod, move(shop, dev, await moverOf(prod, dev)))
  const policyId = await policyWith([{ poolId: listed }])
  await assign(policyId, dev, { mode: 'off' })
  const path = `/policies/${policyId}/assignments/${dev}/candidate`
  await succeeds(acme.ask('PUT', path, { body: { mode: 'enforce' } }))
  const as = await moverOf(dev)
  await bind(`user:admin-${people}`, 'organization-administrator', prod)
  await isDeniedAt(dev, move(lab, prod, as))
})

test('a rule above that names a unit is not gained or lost by a move without the policy right there', async () => {
  await assign(
    await policyWith([{ poolId: premium, when: { organizationalUnits: [dev] } }, { poolId: listed }]),
    workloads,
  )
  await isDeniedAt(workloads, move(shop, dev, await adminOf(prod, dev)))
  assert.equal(await poolOf(shop), listed)
  await isDeniedAt(workloads, move(lab, prod, await adminOf(dev, prod)))
  await succeeds(move(shop, dev, await adminOf(workloads)))
  assert.equal(await poolOf(shop), premium)
})

test('a rule above that reads tags is not gained through those of the new parent', async () => {
  await succeeds(tag(`/organizational-units/${dev}`, { tier: 'premium' }))
  await assign(await policyWith(rulesForTier()), root)
  await isDeniedAt(root, move(shop, dev, await adminOf(prod, dev)))
  assert.equal(await poolOf(shop), listed)
})

test('an exception of the new parent is not gained by a move without the right to approve it there', async () => {
  await assign(await policyWith([{ poolId: listed }]), root)
  const { now } = await acme.store.read(async (tx) => ({ now: tx.now }))
  const requester = await acme.tokenOf('user:requester', 'organization-administrator', root)
  const { exceptionId } = await acme.post<{ exceptionId: string }>(
    '/exceptions',
    {
      target: workloads,
      locale: 'us-east-1',
      resourceType: 'eip',
      grants: { pools: [premium] },
      reason: 'a migration',
      expiresAt: new Date(now + 3_600_000).toISOString(),
    },
    { as: requester },
  )
  const outside = await acme.post<{ unitId: string }>('/organizational-units', { name: 'beside', parentId: root })
  await succeeds(move(shop, outside.unitId))
  const as = await adminOf(outside.unitId, prod)
  await succeeds(move(shop, prod, as))
  await succeeds(move(shop, outside.unitId))
  await acme.post(`/exceptions/${exceptionId}/approve`, {})
  const denied = move(shop, prod, as)
  await isDeniedAt(prod, denied, 'exception:approve')
  assert(!JSON.stringify(await denied).includes(workloads))
  await succeeds(move(shop, prod, await adminOf(outside.unitId, workloads)))
  acme.advance(3_600_001)
})

test('tags of an account that a rule reads are not set or taken away without the policy right where it is assigned', async () => {
  await assign(await policyWith(rulesForTier()), root)
  const as = await adminOf(shop)
  const path = `/accounts/${shop}`
  await isDeniedAt(root, tag(path, { tier: 'premium' }, as))
  assert.equal(await poolOf(shop), listed)
  // What no rule reads, and what changes nothing for any rule.
  await succeeds(tag(path, { team: 'shop', tier: 'basic' }, as))
  await succeeds(tag(path, { tier: 'premium', team: 'shop' }))
  assert.equal(await poolOf(shop), premium)
  await isDeniedAt(root, tag(path, { team: 'shop' }, as))
  await isDeniedAt(root, tag(path, { tier: 'basic' }, as))
  await succeeds(tag(path, { tier: 'premium', team: 'other' }, as))
})

test('a tag that two keys of a condition ask for is not set by setting one after the other', async () => {
  const tags = [...whenPremium.tags, { key: 'env', values: ['prod'] }]
  await assign(await policyWith([{ poolId: premium, when: { tags } }, { poolId: listed }]), root)
  const as = await adminOf(shop)
  await succeeds(tag(`/accounts/${shop}`, { env: 'prod' }, as))
  await isDeniedAt(root, tag(`/accounts/${shop}`, { env: 'prod', tier: 'premium' }, as))
})

test('tags of a unit that a rule reads, above it or below it, need the policy right where the rule is assigned', async () => {
  const policyId = await policyWith(rulesForTier())
  await assign(policyId, root)
  const path = `/organizational-units/${dev}`
  await isDeniedAt(root, tag(path, { tier: 'premium' }, await adminOf(dev)))
  await succeeds(tag(path, { team: 'lab' }, await adminOf(dev)))
  assert.equal((await acme.ask('DELETE', `/policies/${policyId}/assignments/${root}`)).status, 204)
  await assign(policyId, lab)
  // Whoever manages the unit, and not the policies in it, does not speak for the account below.
  const as = await acme.tokenOf('user:of-dev', 'organization-administrator', dev)
  const binding = { principal: 'user:of-dev', role: 'policy-author', node: dev, effect: 'forbid' }
  await acme.post('/role-bindings', binding)
  await isDeniedAt(dev, tag(path, { tier: 'premium' }, as))
  await succeeds(tag(path, { team: 'shop' }, as))
})

test('a new account or unit has no tag that a rule reads from whoever has no policy right there', async () => {
  await assign(await policyWith(rulesForTier()), root)
  const as = await adminOf(dev)
  const makes = (tags: object) =>
    acme.ask<Problem>('POST', '/accounts', {
      body: { name: 'new', email: `new-${++people}@example.com`, parentId: dev, tags },
      as,
    })
  await isDeniedAt(root, makes({ tier: 'premium' }))
  await succeeds(makes({ team: 'lab' }))
  const unit = (tags: object) =>
    acme.ask<Problem>('POST', '/organizational-units', { body: { name: 'inner', parentId: dev, tags }, as })
  await isDeniedAt(root, unit({ tier: 'premium' }))
  await succeeds(unit({ team: 'lab' }))
})

test('a tag that a candidate’s rule reads counts as one that a rule in force reads', async () => {
  const policyId = await policyWith([{ poolId: listed }])
  await assign(policyId, root)
  const body = { documents: [documentOf(rulesForTier())] }
  const { version } = await acme.post<{ version: number }>(`/policies/${policyId}/versions`, body)
  await succeeds(acme.ask('PUT', `/policies/${policyId}/assignments/${root}/candidate`, { body: { version } }))
  await isDeniedAt(root, tag(`/accounts/${shop}`, { tier: 'premium' }, await adminOf(shop)))
})

test('what holds where no policy speaks is changed by who may change policies of the IPAM’s account, or at the root where it speaks for all', async () => {
  const planner = await acme.tokenOf('user:planner', 'ipam-administrator', network)
  const path = `/ipams/${acme.ipam}`
  const patch = (body: object, as?: string) => acme.ask<Problem>('PATCH', path, { body, ...(as ? { as } : {}) })
  await succeeds(patch({ unmatched: 'deny' }))
  await isDeniedAt(root, patch({ unmatched: 'provider' }, planner))
  await isDeniedAt(root, patch({ policyCompatibility: 'aws' }, planner))
  // The IPAM of the delegated administrator: who may all of its account alone may not this.
  await acme.tokenOf('user:author', 'ipam-administrator', network)
  await isDeniedAt(root, patch({ unmatched: 'provider' }, await acme.tokenOf('user:author', 'policy-author', network)))
  const authorOfAll = await acme.tokenOf('user:author-of-all', 'policy-author', root)
  await acme.tokenOf('user:author-of-all', 'ipam-administrator', network)
  await succeeds(patch({ unmatched: 'provider' }, authorOfAll))
  await succeeds(patch({ unmatched: 'deny' }))
  const byTag = await patch({ tags: { 'cadastre:unmatched': 'provider' } }, planner)
  assert.deepEqual([byTag.status, byTag.body.code], [400, 'InvalidParameterValue'])
  await succeeds(patch({ unmatched: 'deny', description: 'ours' }, planner))
  const ofLab = await acme.tokenOf('user:lab-planner', 'ipam-administrator', lab)
  const body = { account: lab, region: 'us-east-1', unmatched: 'deny' }
  await isDeniedAt(lab, acme.ask<Problem>('POST', '/ipams', { body, as: ofLab }))
  const own = await acme.post<{ ipamId: string }>('/ipams', { account: shop, region: 'us-east-1', unmatched: 'deny' })
  const operator = await acme.tokenOf('user:shop-planner', 'ipam-administrator', shop)
  await isDeniedAt(shop, acme.ask<Problem>('DELETE', `/ipams/${own.ipamId}`, { as: operator }))
  await succeeds(patch({ unmatched: 'provider' }))
  await succeeds(acme.ask('PATCH', `/ipams/${own.ipamId}`, { body: { unmatched: 'provider' } }))
  await succeeds(acme.ask('DELETE', `/ipams/${own.ipamId}`, { as: operator }))
})

test('who administers IPAM for the organization is changed by who may change policies at its root', async () => {
  const organizer = await acme.tokenOf('user:organizer', 'organization-administrator', root)
  const other = await acme.tokenOf('user:narrow', 'organization-administrator', root)
  const { token } = await acme.post<{ token: string }>('/tokens', { scopes: ['organization'] }, { as: other })
  const path = '/organization/ipam-administrator'
  const putByScope = await acme.ask<Problem>('PUT', path, { body: { account: network }, as: token })
  assert.deepEqual([putByScope.status, putByScope.body.code], [403, 'NotAuthorized'])
  const byScope = await acme.ask<Problem>('DELETE', path, { as: token })
  assert.deepEqual([byScope.status, byScope.body.code], [403, 'NotAuthorized'])
  await succeeds(acme.ask('DELETE', path, { as: organizer }))
  await succeeds(acme.ask('PUT', path, { body: { account: network }, as: organizer }))
})

test('the management account, which moves accounts over Organizations, may end the policies of its members anyhow', async () => {
  const policyId = await policyWith([{ poolId: listed }])
  await assign(policyId, prod)
  const RoleArn = `arn:aws:iam::${network}:role/OrganizationAccountAccessRole`
  const session = await acme.sts('AssumeRole', { RoleArn, RoleSessionName: 'administrator' })
  assert.match(session.AssumedRoleUser!.Arn!, new RegExp(`::${network}:assumed-role`))
  const byMember = acme.organizations(
    'MoveAccount',
    { AccountId: shop, SourceParentId: prod, DestinationParentId: dev },
    { account: shop },
  )
  await assert.rejects(byMember)
  await acme.call('DisableIpamPolicy', { IpamPolicyId: policyId, OrganizationTargetId: prod }, asNetwork)
  await assign(policyId, prod)
  const move = { AccountId: shop, SourceParentId: prod, DestinationParentId: dev }
  await acme.organizations('MoveAccount', move, { account: managementAccount })
})

test('nobody takes an account away from whoever administers where it is', async () => {
  await isDeniedAt(prod, move(shop, dev, await adminOf(shop, dev)), 'organization:manage')
  assert.equal((await acme.get<{ parentId: string }>(`/accounts/${shop}`)).parentId, prod)
  await succeeds(move(shop, dev, await adminOf(prod, dev)))
})

test('what is forbidden where an account is, is not lifted by moving it away without the right to lift it', async () => {
  const dual = await adminOf(prod, dev)
  const middle = await adminOf(workloads)
  const { bindingId } = await forbid(`user:admin-${people - 1}`, 'approver', prod)
  for (const as of [dual, middle]) {
    const { status, body } = await move(shop, dev, as)
    assert.deepEqual([status, body.code, body.action], [403, 'NotAuthorized', 'role:manage'])
    assert.match(body.detail, new RegExp(bindingId))
    assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`, { as })).status, 403)
  }
  await succeeds(move(shop, dev))
  await succeeds(move(shop, prod))
  assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
  await forbid('user:other', 'approver', prod, middle)
  await succeeds(move(shop, dev, middle))
})

test('what is forbidden at an account from above is not shaken off by a move to where that is not above it', async () => {
  const { unitId: sub } = await acme.post<{ unitId: string }>('/organizational-units', { name: 'sub', parentId: prod })
  await succeeds(move(shop, sub))
  const above = await adminOf(prod)
  const dual = await adminOf(sub, dev)
  const third = await adminOf(sub, dev)
  const { bindingId } = await forbid(`user:admin-${people - 1}`, 'approver', shop, above)
  for (const as of [dual, third]) {
    const { status, body } = await move(shop, dev, as)
    assert.deepEqual([status, body.code, body.action], [403, 'NotAuthorized', 'role:manage'])
    assert.match(body.detail, new RegExp(bindingId))
  }
  await succeeds(move(shop, prod, above))
  await succeeds(move(shop, dev))
  await succeeds(move(shop, prod))
  assert.equal((await acme.ask('DELETE', `/organizational-units/${sub}`)).status, 204)
})

test('what is forbidden above both ends of a move stays, and needs no right', async () => {
  const { bindingId } = await forbid('user:other', 'approver', workloads)
  await succeeds(move(shop, dev, await adminOf(prod, dev)))
  assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
})

test('nobody gives others by a move what they may not do themselves', async () => {
  const as = await adminOf(prod, dev)
  const { bindingId } = await forbid(`user:admin-${people}`, 'approver', workloads)
  const { bindingId: friend } = await bind('user:friend', 'approver', dev)
  const { status, body } = await move(shop, dev, as)
  assert.deepEqual([status, body.code, body.action], [403, 'NotAuthorized', 'role:manage'], JSON.stringify(body))
  assert.match(body.detail, new RegExp(`By the move, \`[a-z-]+\` at \`${dev}\` would permit`))
  assert.equal((await acme.ask('DELETE', `/role-bindings/${friend}`)).status, 204)
  assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
  await bind('user:friend', 'approver', dev)
  await succeeds(move(shop, dev, as))
})

test('whoever made the token of a service does not give the service what they may not do themselves', async () => {
  const to = await acme.post<{ unitId: string }>('/organizational-units', { name: 'to', parentId: workloads })
  const maker = await adminOf(workloads)
  await forbid(`user:admin-${people}`, 'approver', workloads)
  await bind('service:mover', 'organization-administrator', workloads)
  const { bindingId } = await bind('service:mover', 'approver', to.unitId)
  const forService = { principal: 'service:mover', account: shop }
  const { token } = await acme.post<{ token: string }>('/tokens', forService, { as: maker })
  const { status, body } = await move(shop, to.unitId, token)
  assert.deepEqual([status, body.code, body.action], [403, 'NotAuthorized', 'role:manage'], JSON.stringify(body))
  assert.match(body.detail, new RegExp(`By the move, \`approver\` at \`${to.unitId}\` would permit`))
  assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
  await succeeds(move(shop, to.unitId, token))
})

test('a unit is not deleted by who may not lift what is forbidden there', async () => {
  const { unitId } = await acme.post<{ unitId: string }>('/organizational-units', { name: 'sub', parentId: prod })
  const as = await adminOf(prod)
  const { bindingId } = await forbid('user:other', 'approver', unitId)
  const { status, body } = await acme.ask<Problem>('DELETE', `/organizational-units/${unitId}`, { as })
  assert.deepEqual([status, body.code, body.action], [403, 'NotAuthorized', 'role:manage'])
  assert.match(body.detail, new RegExp(bindingId))
  assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
  await forbid('user:other', 'approver', unitId, as)
  assert.equal((await acme.ask('DELETE', `/organizational-units/${unitId}`, { as })).status, 204)
})

test('what is forbidden at an account from its unit is not shaken off by moving the account', async () => {
  const inner = await acme.post<{ unitId: string }>('/organizational-units', { name: 'inner', parentId: prod })
  await succeeds(move(shop, inner.unitId))
  const as = await adminOf(inner.unitId, dev)
  const dual = `user:admin-${people}`
  const paul = await adminOf(prod)
  const { bindingId } = await forbid(dual, 'approver', shop, paul)
  const mayApprove = async (): Promise<boolean> => {
    const { items } = await acme.get<{ items: unknown[] }>(`/exceptions?target=${shop}`, { as })
    return items.length > 0
  }
  const { now } = await acme.store.read(async (tx) => ({ now: tx.now }))
  const { exceptionId } = await acme.post<{ exceptionId: string }>('/exceptions', {
    target: shop,
    locale: 'us-east-1',
    resourceType: 'eip',
    grants: { pools: [listed] },
    reason: 'a test',
    expiresAt: new Date(now + 3_600_000).toISOString(),
  })
  // Whoever has both ends, and not the right with which it was set: the one whom it binds, and anybody else.
  for (const mover of [as, await adminOf(inner.unitId, dev)]) {
    const { status, body } = await move(shop, dev, mover)
    assert.deepEqual([status, body.code, body.action], [403, 'NotAuthorized', 'role:manage'], JSON.stringify(body))
  }
  // Whoever could lift it may move the account, which takes it along.
  await succeeds(move(shop, dev))
  assert.equal(await mayApprove(), false)
  const approved = await acme.ask<Problem>('POST', `/exceptions/${exceptionId}/approve`, { as })
  assert.equal(approved.status, 404, JSON.stringify(approved.body))
  assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
  assert.equal(await mayApprove(), true)
})

test('who may not move an account learns nothing of what is above their own nodes', async () => {
  const inner = await acme.post<{ unitId: string }>('/organizational-units', { name: 'own', parentId: prod })
  await succeeds(move(shop, inner.unitId))
  const as = await adminOf(inner.unitId, dev)
  const { bindingId } = await forbid('user:other', 'approver', prod)
  const { status, body } = await move(shop, dev, as)
  assert.deepEqual([status, body.code, body.action], [403, 'NotAuthorized', 'role:manage'])
  const told = JSON.stringify(body)
  assert(told.includes(shop) && !told.includes(bindingId) && !told.includes(prod), told)
})

test('§6 an account is not moved by removing it and making its number again, without what a move needs', async () => {
  const number = '717171717171'
  const make = (parentId: string, as?: string, tags: object = {}) =>
    acme.ask<Problem>('POST', '/accounts', {
      body: { account: number, name: 'shed', parentId, tags },
      ...(as ? { as } : {}),
    })
  const remove = (as?: string) => acme.ask<Problem>('DELETE', `/accounts/${number}`, as ? { as } : {})
  await succeeds(make(prod))

  // Out from under a policy, and back under it.
  await assign(await policyWith([{ poolId: listed }]), prod)
  const mover = await moverOf(prod, dev)
  await isDeniedAt(prod, move(number, dev, mover))
  await succeeds(remove(mover))
  await isDeniedAt(prod, make(dev, mover))
  const batch = { accounts: [{ account: number, name: 'shed', parentId: dev }] }
  await isDeniedAt(prod, acme.ask<Problem>('POST', '/accounts/batch', { body: batch, as: mover }))
  await succeeds(make(prod, mover))
  await succeeds(remove())
  await liftAll()

  // Away from what is forbidden where it was.
  const dual = await adminOf(prod, dev)
  await forbid('user:somebody', 'approver', prod)
  await isDeniedAt(prod, make(dev, dual), 'role:manage')
  await liftAll()
  await succeeds(make(dev, await adminOf(prod, dev)))
  await succeeds(remove())

  // Without the tag by which a rule above knew it.
  await assign(await policyWith(rulesForTier()), workloads)
  await succeeds(make(dev, undefined, { tier: 'premium' }))
  const owner = await adminOf(dev)
  await isDeniedAt(workloads, tag(`/accounts/${number}`, {}, owner))
  await succeeds(remove(owner))
  await isDeniedAt(workloads, make(dev, owner))
  await isDeniedAt(workloads, make(dev, owner, { tier: 'premium' }))
  await succeeds(make(dev))
  await succeeds(remove())
})
