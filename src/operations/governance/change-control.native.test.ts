// Change control: where an IPAM asks for it, nothing that is governed changes without a change request, over any API.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { asNetwork, dev, lab, network, openAcme, refusalOf, root, shop, stranger } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { type ShownRequest, succeed, type ToldOfRequest, withRequests } from '../../../test/requests/company.ts'
import { createOperatorToken } from '../identity/operator-tokens.ts'

interface Told extends ToldOfRequest {
  readonly ipamId?: string
  readonly proposal?: string
}

let acme: Awaited<ReturnType<typeof furnish>>
async function furnish() {
  const administrator = ['organization-administrator', root] as const
  const people = { ann: administrator, bob: administrator, cat: administrator }
  const company = await withRequests(await withNativeApi(await openAcme()), people)
  const [pool, law] = [await company.pool(), await company.policy()]
  await company.rules(law, [pool])
  await company.enable(law)
  return { ...company, pool_: pool, law }
}
let otherIpam: string
before(async () => {
  acme = await furnish()
  otherIpam = (await acme.call('CreateIpam', {}, { account: lab })).Ipam!.IpamId!
  await setRules({ changeControl: 'required' })
})
after(() => acme.close())

const unit = (name: string) => ({ operation: 'createUnit', input: { name, parentId: dev } })
async function propose(operations: readonly object[], node = root): Promise<ShownRequest> {
  const body = { node, reason: 'a test', operations }
  const { status, body: proposed } = await acme.ask<Told>('POST', '/change-requests', { as: acme.people.ann, body })
  assert.equal(status, 201, JSON.stringify(proposed))
  return proposed
}
async function make(operations: readonly object[]): Promise<void> {
  const { changeRequestId: id, contentHash } = await propose(operations)
  await succeed(acme.act(id, 'approve', { contentHash }, acme.people.bob))
  const { state } = await succeed(acme.act(id, 'approve', { contentHash }, acme.people.cat)).catch(() => ({
    state: 'approved',
  }))
  assert.equal(state, 'approved')
  await succeed(acme.act(id, 'apply', { contentHash }, acme.people.ann))
}
const setRules = (rules: object) => acme.ask<Told>('PATCH', `/ipams/${acme.ipam}`, { as: acme.people.ann, body: rules })
const codeOf = async (asked: Promise<{ body: Told }>): Promise<string> => (await asked).body.code

describe('where it is required', () => {
  beforeEach(async () => {
    await acme.renewTokens().catch(() => undefined)
  })

  test('nothing that is governed is changed at once, over either API, and the refusal has the proposal', async () => {
    const { body } = await acme.ask<Told>('POST', '/organizational-units', {
      as: acme.people.ann,
      body: { name: 'At once', parentId: dev },
    })
    assert.deepEqual([body.code, body.ipamId], ['ChangeRequestRequired', acme.ipam])
    const proposed = await propose(JSON.parse(body.proposal!))
    assert.equal(proposed.state, 'in-review')
    for (const [method, path, sent] of [
      ['PUT', `/policies/${acme.law}/documents/us-east-1/vpc`, { rules: [{ poolId: acme.pool_ }] }],
      ['PUT', `/policies/${acme.law}/assignments/${shop}`, { kind: 'final' }],
      ['DELETE', `/policies/${acme.law}/assignments/${root}`, undefined],
      ['PATCH', `/pools/${acme.pool_}`, { sharedWith: [shop] }],
      ['POST', '/role-bindings', { principal: 'user:x', role: 'auditor', node: shop }],
      ['POST', `/accounts/${shop}/move`, { parentId: dev }],
      ['POST', '/governance/apply', { operations: [unit('Together')] }],
      ['PATCH', `/ipams/${acme.ipam}`, { changeControl: 'none' }],
      ['PATCH', `/ipams/${acme.ipam}`, { changeApprovals: null, changeFreezes: [], unmatched: 'deny' }],
    ] as const) {
      const answer = await acme.ask<Told>(method, path, { as: acme.people.ann, ...(sent ? { body: sent } : {}) })
      assert.equal(answer.body?.code, 'ChangeRequestRequired', `${method} ${path}: ${JSON.stringify(answer.body)}`)
    }
    // What is taken back in the same list was done all the same, and others would have seen nothing of it.
    for (const operations of [
      [
        { ...unit('Passing'), as: 'it' },
        { operation: 'deleteUnit', input: { unitId: '$it' } },
      ],
      [
        { operation: 'createPool', as: 'it', input: { scopeId: acme.privateScope, family: 'ipv4', name: 'passing' } },
        { operation: 'deletePool', input: { poolId: '$it' } },
      ],
      [
        { operation: 'createPolicy', as: 'it', input: { ipamId: acme.ipam, name: 'passing' } },
        { operation: 'deletePolicy', input: { policyId: '$it' } },
      ],
      [true, false].map((isThere) => ({
        operation: 'updatePool',
        input: { poolId: acme.pool_, sharedWith: isThere ? [shop] : [] },
      })),
    ]) {
      const answer = await acme.ask<Told>('POST', '/governance/apply', { as: acme.people.ann, body: { operations } })
      assert.equal(
        answer.body?.code,
        'ChangeRequestRequired',
        `${operations[0]!.operation}: ${JSON.stringify(answer.body)}`,
      )
    }
    const calls = [
      () => acme.call('DisableIpamPolicy', { IpamPolicyId: acme.law, OrganizationTargetId: root }, asNetwork),
      () => acme.call('ModifyIpam', { IpamId: acme.ipam, Description: 'x' }, asNetwork),
      () =>
        acme.call(
          'CreateTags',
          { Resources: [acme.pool_], Tags: [{ Key: 'cadastre:shared-with', Value: shop }] },
          asNetwork,
        ),
      () => acme.rules(acme.law, []),
      () => acme.pool(),
    ]
    for (const call of calls) assert.equal((await refusalOf(call())).code, 'ChangeRequestRequired')
  })

  test('space is taken and given back as before, and exceptions have their own approval', async () => {
    const { AllocationId } = await acme.call('AllocateAddress', {}, { account: shop })
    await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: shop })
    const now = await acme.store.read(async (tx) => tx.now)
    const asked = await acme.post<{ exceptionId: string }>(
      '/exceptions',
      {
        ...{ target: shop, locale: 'us-east-1', resourceType: 'eip', grants: { provider: true }, reason: 'a test' },
        expiresAt: new Date(now + 60_000).toISOString(),
      },
      { as: acme.people.ann },
    )
    await acme.post(`/exceptions/${asked.exceptionId}/approve`, {}, { as: acme.people.bob })
    // Not as one of several: those would be made by one person alone.
    const operations = [{ operation: 'revokeException', input: { exceptionId: asked.exceptionId } }]
    const together = acme.ask<Told>('POST', '/governance/apply', { as: acme.people.ann, body: { operations } })
    assert.equal(await codeOf(together), 'ChangeRequestRequired')
  })

  test('what has been approved is made, and by it the rules of changes too', async () => {
    const rules = {
      contained: { approvers: 3, ofRoot: 0 },
      noncompliant: { approvers: 3, ofRoot: 0 },
      central: { approvers: 3, ofRoot: 3 },
    }
    await make([{ operation: 'updateIpam', input: { ipamId: acme.ipam, changeApprovals: rules } }])
    assert.deepEqual((await propose([unit('Three')])).needed, { approvers: 3, ofRoot: 0 })
    // One that asks for fewer is approved by as many as before it.
    const lower = { ...rules, contained: { approvers: 1, ofRoot: 0 } }
    const lowering = { operation: 'updateIpam', input: { ipamId: acme.ipam, changeApprovals: lower } }
    const lowered = await propose([lowering, unit('Lowered')])
    assert.equal(lowered.needed!.approvers, 3)
    const { contentHash, changeRequestId: id } = await propose([
      { operation: 'updateIpam', input: { ipamId: acme.ipam, changeApprovals: null } },
    ])
    await succeed(acme.act(id, 'break-glass', { contentHash, reason: 'nobody is there' }, acme.people.bob))
    await succeed(acme.act(id, 'review', { note: 'seen' }, acme.people.cat))
  })

  test('the rules of an IPAM of an account add to those of the organization, and take none of them away', async () => {
    const few = { approvers: 1, ofRoot: 0 }
    const changeApprovals = { contained: few, noncompliant: few, central: few }
    const least = { operation: 'updateIpam', input: { ipamId: otherIpam, changeApprovals } }
    await make([least])
    // The organization's says nothing of approvals, so that what holds by default is its rule.
    const ride = { operation: 'updateIpam', input: { ipamId: otherIpam, description: 'a ride' } }
    const grant = { operation: 'createRoleBinding', input: { principal: 'user:m', role: 'auditor', node: root } }
    const off = { operation: 'updateIpam', input: { ipamId: acme.ipam, changeControl: 'none' } }
    for (const operations of [[grant], [ride, grant], [grant, ride], [off, ride]]) {
      assert.deepEqual((await propose(operations)).needed, { approvers: 2, ofRoot: 1 })
    }
    const many = { approvers: 4, ofRoot: 0 }
    await make([{ ...least, input: { ...least.input, changeApprovals: { ...changeApprovals, contained: many } } }])
    assert.deepEqual((await propose([ride], lab)).needed, many)
    assert.deepEqual((await propose([unit('Beside')], dev)).needed, { approvers: 1, ofRoot: 0 })
  })

  test('while changes are frozen nothing is applied but in an emergency', async () => {
    const now = await acme.store.read(async (tx) => tx.now)
    const [from, until] = [0, 60_000].map((ms) => new Date(now + ms).toISOString())
    await make([
      { operation: 'updateIpam', input: { ipamId: acme.ipam, changeFreezes: [{ from, until, reason: 'the end' }] } },
    ])
    const { changeRequestId: id, contentHash } = await propose([unit('Frozen')])
    await succeed(acme.act(id, 'approve', { contentHash }, acme.people.bob))
    assert.equal(await codeOf(acme.act(id, 'apply', { contentHash }, acme.people.ann)), 'IncorrectState')
    acme.advance(60_000)
    await succeed(acme.act(id, 'apply', { contentHash }, acme.people.ann))
  })

  test('break-glass is made at once, and is a finding until somebody else has reviewed it', async () => {
    const { changeRequestId: id, contentHash } = await propose([unit('Emergency')])
    const broken = await succeed(acme.act(id, 'break-glass', { contentHash, reason: 'on fire' }, acme.people.bob))
    assert.deepEqual([broken.state, broken.emergencies?.[0]?.reason], ['applied', 'on fire'])
    const findings = async () =>
      (await acme.get<{ items: { resource: string; status: string }[] }>('/findings?control=change-review')).items
        .filter(({ resource }) => resource === id)
        .map(({ status }) => status)
    assert.deepEqual(await findings(), ['open'])
    for (const as of [acme.people.bob, acme.people.ann]) {
      assert.equal(await codeOf(acme.act(id, 'review', { note: 'fine' }, as)), 'NotAuthorized')
    }
    const reviewed = await succeed(acme.act(id, 'review', { note: 'fine' }, acme.people.cat))
    assert.equal(reviewed.emergencies?.[0]?.reviewed?.by, 'user:cat')
    assert.deepEqual(await findings(), ['resolved'])
    assert.equal(await codeOf(acme.act(id, 'review', { note: 'fine' }, acme.people.cat)), 'IncorrectState')
  })

  test('whoever takes the word of the organization from the one who has it needs one too', async () => {
    const refused = refusalOf(
      acme.organizations('DeregisterDelegatedAdministrator', {
        AccountId: network,
        ServicePrincipal: 'ipam.amazonaws.com',
      }),
    )
    assert.equal(
      (await refused).code,
      'DependencyViolation',
      'it has a policy in force, which only a change request ends',
    )
    const left = refusalOf(acme.organizations('RemoveAccountFromOrganization', { AccountId: shop }))
    assert.equal((await left).code, 'ChangeRequestRequired')
  })

  test('the operator gives a role at once in an emergency alone, which is a finding then', async () => {
    const params = { principal: 'user:sudo', role: 'auditor', node: dev, account: shop } as const
    const refused = await createOperatorToken(acme.store, params)
    assert('problem' in refused)
    const made = await createOperatorToken(acme.store, { ...params, breakGlass: 'nobody is there' })
    assert('token' in made)
    const { items } = await acme.get<{ items: ShownRequest[] }>('/change-requests?author=user:sudo')
    assert.deepEqual([items[0]!.state, items[0]!.emergencies?.[0]?.reason], ['applied', 'nobody is there'])
    const findings = await acme.get<{ items: { resource: string; status: string }[] }>(
      `/findings?resource=${items[0]!.changeRequestId}`,
    )
    assert.deepEqual(
      findings.items.map(({ status }) => status),
      ['open'],
    )
    assert('token' in (await createOperatorToken(acme.store, params)), 'a token for a role that is there is no change')
  })

  test('what is of no part of it changes as before', async () => {
    const { Ipam } = await acme.call('CreateIpam', {}, { account: stranger })
    await acme.call('ModifyIpam', { IpamId: Ipam!.IpamId!, Description: 'mine' }, { account: stranger })
    const of = (account: string) => refusalOf(acme.call('CreateIpam', {}, { account }))
    assert.equal((await of(shop)).code, 'ChangeRequestRequired', 'a member is of it')
  })
})
