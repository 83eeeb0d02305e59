// What is approved is what is made: whatever is called so, and whatever stands there, once a change request is applied.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseId } from '#model/identifier.ts'
import { dev, network, openAcme, root, shop } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { type ToldOfRequest, withRequests } from '../../../test/requests/company.ts'
import { asBound, type GovernedOperation } from './operations.native.ts'
import type { Binding } from './proposed.ts'

let acme: Awaited<ReturnType<typeof furnish>>
async function furnish() {
  const administrator = ['organization-administrator', root] as const
  const people = { ann: administrator, bob: administrator, cat: administrator }
  const company = await withRequests(await withNativeApi(await openAcme()), people)
  const [good, bad, spare] = [await company.pool(), await company.pool(), await company.pool()]
  const law = await company.policy()
  await company.rules(law, [good])
  await company.enable(law)
  return { ...company, good, bad, spare, law }
}
before(async () => {
  acme = await furnish()
})
after(() => acme.close())

async function ask(method: 'POST' | 'PUT', path: string, body: object, as = acme.people.ann): Promise<ToldOfRequest> {
  return (await acme.ask<ToldOfRequest>(method, path, { as, body })).body
}
async function propose(operations: readonly object[], more: object = {}): Promise<ToldOfRequest> {
  const proposed = await ask('POST', '/change-requests', { node: root, reason: 'a test', operations, ...more })
  assert(proposed.changeRequestId, JSON.stringify(proposed))
  return proposed
}
const approve = async ({ changeRequestId: id, contentHash }: ToldOfRequest): Promise<void> => {
  for (const as of [acme.people.bob, acme.people.cat]) {
    await ask('POST', `/change-requests/${id}/approve`, { contentHash }, as)
  }
}
const apply = ({ changeRequestId: id, contentHash }: ToldOfRequest) =>
  ask('POST', `/change-requests/${id}/apply`, { contentHash })
const submit = ({ changeRequestId: id }: ToldOfRequest) => ask('POST', `/change-requests/${id}/submit`, {})
/** Over the other API, where no name has ever needed a change request. */
const call = (id: string, name: string) =>
  acme.call('CreateTags', { Resources: [id], Tags: [{ Key: 'Name', Value: name }] }, { account: network })
const documentOf = (policyId: string, ...pools: string[]) => ({
  operation: 'putPolicyDocument',
  input: { policyId, locale: 'us-east-1', resourceType: 'eip', rules: pools.map((poolId) => ({ poolId })) },
})
const rulesOf = async (policyId: string) => {
  const { rules } = await acme.get<{ rules: { poolId: string }[] }>(`/policies/${policyId}/documents/us-east-1/eip`)
  return rules.map(({ poolId }) => poolId)
}

test('a name stands for what it stood for when it was submitted, and approvers see what', async () => {
  await call(acme.good, 'edge')
  const proposed = await propose([documentOf(acme.law, acme.bad), documentOf(acme.law, 'edge')])
  assert.deepEqual(proposed.references, [{ operation: 1, name: 'edge', id: acme.good }])
  await approve(proposed)
  await call(acme.good, 'edge-former')
  await call(acme.bad, 'edge')
  assert.equal((await apply(proposed)).state, 'applied')
  assert.deepEqual(await rulesOf(acme.law), [acme.good])
})

test('of several names each stands for its own, also where a label is in between', async () => {
  await call(acme.good, 'first')
  await call(acme.bad, 'second')
  await call(acme.law, 'law')
  const made = {
    operation: 'createPool',
    input: {
      scopeId: acme.publicScope,
      family: 'ipv4',
      locale: 'us-east-1',
      awsService: 'ec2',
      publicIpSource: 'byoip',
    },
  }
  const named = documentOf('law', 'second', '$made', 'first')
  const proposed = await propose([{ ...made, as: 'made' }, named])
  const stoodFor = new Map(proposed.references!.map(({ name, id }) => [name, id]))
  assert.deepEqual(
    stoodFor,
    new Map([
      ['law', acme.law],
      ['second', acme.bad],
      ['first', acme.good],
    ]),
  )
  await call(acme.good, 'neither')
  await call(acme.bad, 'first')
  await call(acme.good, 'second')
  const { operations, bindings } = await acme.store.read(async (tx) => {
    const n = parseId('changeRequest', tx.installation, proposed.changeRequestId)!
    return (await tx.changeRequests.contentOf(n, proposed.contentHash))!
  })
  const bound = await asBound(operations as readonly GovernedOperation[], bindings as readonly Binding[])
  const { policyId, rules } = bound[1]!.input as { policyId: string; rules: { poolId: string }[] }
  const pools = rules.map(({ poolId }) => poolId)
  assert.deepEqual([policyId, ...pools], [acme.law, acme.bad, '$made', acme.good])
})

test('submitted again it says what its names stand for now, and what was approved is void where that is another thing', async () => {
  await call(acme.good, 'front')
  await call(acme.bad, 'back')
  const proposed = await propose([documentOf(acme.law, 'front')])
  await approve(proposed)
  const same = await submit(proposed)
  assert.deepEqual([same.contentHash, same.approvals.length], [proposed.contentHash, 2])
  await call(acme.good, 'back')
  await call(acme.bad, 'front')
  const again = await submit(proposed)
  assert.deepEqual(again.references, [{ operation: 0, name: 'front', id: acme.bad }])
  assert.notEqual(again.contentHash, proposed.contentHash)
  assert.deepEqual([again.state, again.approvals], ['in-review', []])
})

test('a candidate is promoted as it was approved, or not at all', async () => {
  const candidate = `/policies/${acme.law}/assignments/${root}/candidate`
  const draft = async (...rules: string[]) => {
    const documents = [documentOf(acme.law, ...rules).input].map(({ policyId: _, ...document }) => document)
    const drafted = await acme.post<{ version: number }>(`/policies/${acme.law}/versions`, { documents })
    return drafted.version
  }
  const [approved, other] = [await draft(acme.good), await draft(acme.bad)]
  await ask('PUT', candidate, { version: approved })
  const promote = { operation: 'promoteAssignmentCandidate', input: { policyId: acme.law, targetId: root } }
  const proposed = await propose([promote])
  await approve(proposed)
  for (const changed of [{ version: other }, { version: approved, mode: 'off' }]) {
    await ask('PUT', candidate, changed)
    const refused = await apply(proposed)
    assert.equal(refused.code, 'IncorrectState', JSON.stringify(refused))
  }
  await ask('PUT', candidate, { version: approved })
  assert.equal((await apply(proposed)).state, 'applied')
  assert.deepEqual(await rulesOf(acme.law), [acme.good])
})

test('an operation that says which candidate it promotes promotes no other, in a list as alone, and approvers see which', async () => {
  const candidate = `/policies/${acme.law}/assignments/${root}/candidate`
  const asked = { policyId: acme.law, targetId: root }
  const { policyId: _, ...document } = documentOf(acme.law, acme.bad).input
  const { version } = await acme.post<{ version: number }>(`/policies/${acme.law}/versions`, { documents: [document] })
  await ask('PUT', candidate, { version })
  const promoting = (more: object) => [{ operation: 'promoteAssignmentCandidate', input: { ...asked, ...more } }]
  for (const more of [{ ifVersion: String(version - 1) }, { ifMode: 'off' }]) {
    const alone = await ask('POST', `${candidate}/promote`, more)
    const inList = await ask('POST', '/governance/apply', { operations: promoting(more) })
    const proposed = await ask('POST', '/change-requests', { node: root, reason: 'one', operations: promoting(more) })
    assert.match(alone.detail ?? '', /by now/)
    for (const refused of [inList, proposed]) {
      assert.deepEqual([refused.code, refused.detail], ['IncorrectState', `Number 0: ${alone.detail}`])
    }
  }
  const { lookedAt } = await propose(promoting({}))
  assert.deepEqual(lookedAt, [{ operation: 0, state: { ifVersion: String(version), ifMode: 'none' } }])
  await acme.ask('DELETE', candidate, { as: acme.people.ann })
})

test('the version that a list drafts is the one that it puts in force, whatever others draft until then', async () => {
  const law = await acme.policy()
  await acme.rules(law, [acme.good])
  await acme.enable(law, shop)
  const versions = `/policies/${law}/versions`
  const [mine, others] = [acme.good, acme.bad].map((pool) => {
    const { policyId: _, ...document } = documentOf(law, pool, acme.spare).input
    return [document]
  })
  const { version: next } = await acme.post<{ version: number }>(`${versions}?dryRun=true`, { documents: others })
  const draft = { operation: 'draftPolicyVersion', input: { policyId: law, documents: mine }, as: 'draft' }
  const restore = (version: number | string) => ({
    operation: 'restorePolicyVersion',
    input: { policyId: law, version },
  })
  const onShop = { policyId: law, targetId: shop }
  const candidate = { operation: 'putAssignmentCandidate', input: { ...onShop, version: '$draft.version' } }
  const promote = { operation: 'promoteAssignmentCandidate', input: onShop }

  const proposals = [
    [draft, restore('$draft.version')],
    [draft, candidate, promote],
  ]
  const stages = [1, 1, 1].map((operations) => ({ operations, soakSeconds: 0 }))
  const [restoring, promoting, staged] = [
    await propose(proposals[0]!),
    await propose(proposals[1]!),
    await propose(proposals[1]!, { rollout: { stages, haltOn: {} } }),
  ]
  assert.deepEqual(promoting.lookedAt, [{ operation: 2, state: { ifVersion: '$0.version', ifMode: 'none' } }])
  for (const proposed of [restoring, promoting, staged]) {
    await approve(proposed)
    await acme.rules(law, [acme.good])
    await acme.post(versions, { documents: others })
    await apply(proposed)
    for (let stage = 0; proposed === staged && stage < 3; stage++) {
      await acme.post(versions, { documents: others })
      acme.advance(1_000)
      await acme.look()
    }
    const { state } = await acme.get<ToldOfRequest>(`/change-requests/${proposed.changeRequestId}`)
    assert.deepEqual([state, await rulesOf(law)], ['applied', [acme.good, acme.spare]])
  }

  // By its number, it would be the version of whoever drafts first.
  const documents = others!.map(({ rules }) => documentOf(law, ...rules.map(({ poolId }) => poolId)))
  for (const made of [[draft], [...documents, documentOf(law, acme.good)]]) {
    const { version: now } = await acme.post<{ version: number }>(`${versions}?dryRun=true`, { documents: others })
    assert(now > next)
    for (const operation of [restore(now), { ...candidate, input: { ...onShop, version: now } }]) {
      const refused = await ask('POST', '/change-requests', {
        node: root,
        reason: 'x',
        operations: [...made, operation],
      })
      assert.deepEqual([refused.code, /label/.test(refused.detail ?? '')], ['InvalidParameterValue', true])
    }
  }
  const old = await ask('POST', '/change-requests', { node: root, reason: 'x', operations: [draft, restore(next)] })
  assert.equal(old.state, 'in-review', 'that of a version that is there is its own')
})

test('Z1 whether a hidden assignment has a candidate is told in no list to whoever may not promote it', async () => {
  const larry = await acme.tokenOf('user:larry', 'organization-administrator', dev)
  await acme.enable(acme.law, shop)
  const operations = [{ operation: 'promoteAssignmentCandidate', input: { policyId: acme.law, targetId: shop } }]
  const tell = async () => {
    const told = [
      await ask('POST', '/governance/apply', { operations }, larry),
      await ask('POST', '/change-requests', { node: dev, reason: 'a look', operations }, larry),
      await ask('POST', '/simulations', { operations }, larry),
    ]
    return told.map((one) => ({ ...one, instance: '' }))
  }
  const without = await tell()
  await ask('PUT', `/policies/${acme.law}/assignments/${shop}/candidate`, { mode: 'off' })
  const codes = without.map(({ code }) => code)
  assert.deepEqual([codes, await tell()], [['NotFound', 'NotFound', 'NotFound'], without])
})

test('stages name what those before them have made, whatever others call so by then', async () => {
  const { policyId: evil } = await acme.post<{ policyId: string }>('/policies', { ipamId: acme.ipam, name: 'evil' })
  const proposed = await propose(
    [
      { operation: 'createPolicy', input: { ipamId: acme.ipam, name: 'fresh' }, as: 'made' },
      documentOf('$made', acme.good),
      documentOf('fresh', acme.bad),
      { operation: 'putPolicyAssignment', input: { policyId: '$made', targetId: dev, kind: 'default' } },
    ],
    { rollout: { stages: [1, 1, 1, 1].map((operations) => ({ operations, soakSeconds: 0 })), haltOn: {} } },
  )
  assert.deepEqual(proposed.references, [{ operation: 2, name: 'fresh' }])
  await approve(proposed)
  assert.equal((await apply(proposed)).state, 'scheduled')
  await call(evil, '$made')
  for (let stage = 0; stage < 4; stage++) {
    acme.advance(1_000)
    await acme.look()
  }
  const { state, halted } = await acme.get<ToldOfRequest>(`/change-requests/${proposed.changeRequestId}`)
  assert.deepEqual([state, halted], ['applied', undefined])
  const { items } = await acme.get<{ items: { policyId: string; name: string }[] }>('/policies?limit=1000')
  const fresh = items.find(({ name }) => name === 'fresh')!
  assert.deepEqual(await rulesOf(fresh.policyId), [acme.bad])
  const assigned = await acme.get<{ items: { policyId: string; targetId: string }[] }>(`/assignments?limit=1000`)
  assert.deepEqual(
    assigned.items.filter(({ targetId }) => targetId === dev).map(({ policyId }) => policyId),
    [fresh.policyId],
  )
})

test('what begins like a label is never taken for a name', async () => {
  await call(acme.bad, '$nobody')
  const refused = await ask('POST', '/change-requests', {
    node: shop,
    reason: 'a test',
    operations: [documentOf(acme.law, '$nobody')],
  })
  assert.deepEqual(
    [refused.code, /no operation before/i.test(refused.detail ?? '')],
    ['InvalidParameterValue', true],
    JSON.stringify(refused),
  )
})

test('a label means a member of the answer of what it labels, and nothing else that any object has', async () => {
  const made = { operation: 'createUnit', input: { name: 'Labelled', parentId: dev }, as: 'made' }
  for (const member of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    const below = { operation: 'createUnit', input: { name: 'Below', parentId: `$made.${member}` } }
    const refused = await ask('POST', '/governance/apply', { operations: [made, below] })
    assert.match(refused.detail ?? '', /no such member/, JSON.stringify(refused))
  }
})

const binding = (principal: string) => ({
  operation: 'createRoleBinding',
  input: { principal, role: 'auditor', node: dev },
})
const breakGlass = ({ changeRequestId: id, contentHash }: ToldOfRequest, as: string) =>
  ask('POST', `/change-requests/${id}/break-glass`, { contentHash, reason: 'on fire' }, as)

test('who broke the glass does not review it, whoever has undone it meanwhile', async () => {
  const { ann, bob, cat } = acme.people
  const proposed = await propose([binding('user:q')])
  const path = `/change-requests/${proposed.changeRequestId}`
  assert.equal((await breakGlass(proposed, bob)).state, 'applied')
  const review = (as: string) => ask('POST', `${path}/review`, { note: 'all well' }, as)
  assert.equal((await review(bob)).code, 'NotAuthorized')
  assert.equal((await ask('POST', `${path}/revert`, { note: 'no' }, ann)).state, 'reverted')
  for (const as of [bob, ann]) assert.equal((await review(as)).code, 'NotAuthorized')
  assert.equal((await review(cat)).code, undefined)
})

test('unreviewed emergencies are counted for who broke the glass, and for nobody else', async () => {
  const { ann, bob } = acme.people
  const codes: (string | undefined)[] = []
  for (let n = 0; n < 6; n++) codes.push((await breakGlass(await propose([binding(`user:q${n}`)]), bob)).code)
  assert.deepEqual(codes, [undefined, undefined, undefined, undefined, undefined, 'LimitExceeded'])
  assert.equal((await breakGlass(await propose([binding('user:r')]), ann)).state, 'applied')
})

test('what was approved covers for three days that it is taken back, and never less control', async () => {
  const revert = async ({ changeRequestId: id }: ToldOfRequest, as: string) =>
    ask('POST', `/change-requests/${id}/revert`, { note: 'no' }, as)
  const made = async (operation: object): Promise<ToldOfRequest> => {
    const proposed = await propose([operation])
    await approve(proposed)
    assert.equal((await apply(proposed)).state, 'applied')
    return proposed
  }
  const [early, late] = [await made(binding('user:early')), await made(binding('user:late'))]
  acme.advance(3 * 86_400_000 - 60_000)
  assert.equal((await revert(early, acme.people.cat)).state, 'reverted')
  acme.advance(120_000)
  const refused = await revert(late, acme.people.cat)
  assert.deepEqual([refused.code, /three days/.test(refused.detail ?? '')], ['IncorrectState', true])
  const control = await made({ operation: 'updateIpam', input: { ipamId: acme.ipam, changeControl: 'required' } })
  const kept = await revert(control, acme.people.cat)
  assert.deepEqual([kept.code, /controlled/.test(kept.detail ?? '')], ['IncorrectState', true])
})
