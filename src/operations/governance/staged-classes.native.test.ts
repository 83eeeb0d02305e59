// The class of a change in stages is that of the worst state which is ever in force: what a later stage undoes was there until then.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { lab, network, openAcme, prod, root, shop, workloads } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { type ShownRequest, succeed, type ToldOfRequest, withRequests } from '../../../test/requests/company.ts'

async function furnish() {
  const administrator = ['organization-administrator', root] as const
  const acme = await withRequests(await withNativeApi(await openAcme()), {
    ...{ ann: administrator, bob: administrator, cat: administrator },
    ...({ ned: ['ipam-administrator', network], pat: ['approver', network] } as const),
  })
  after(() => acme.close())
  const [listed, other, law] = [await acme.pool(), await acme.pool(), await acme.policy()]
  await acme.rules(law, [listed])
  await acme.enable(law, prod)
  return { ...acme, listed, other, law }
}
type Acme = Awaited<ReturnType<typeof furnish>>
interface Proposal {
  readonly as?: string
  readonly node?: string
  /** How many operations each stage has; none: all at once. */
  readonly stages?: readonly number[]
}
async function propose(acme: Acme, operations: readonly object[], { as, node = root, stages }: Proposal = {}) {
  const rollout = stages && { stages: stages.map((count) => ({ operations: count, soakSeconds: 3_600 })) }
  const body = { node, reason: 'in stages', operations, ...(rollout ? { rollout } : {}) }
  return succeed(acme.propose(body, as ?? acme.people.ann))
}
const classOf = ({ impact, needed }: ShownRequest) => [impact!.class, needed]
const contained = ['contained', { approvers: 1, ofRoot: 0 }]
const noncompliant = ['noncompliant', { approvers: 2, ofRoot: 0 }]
const central = ['central', { approvers: 2, ofRoot: 1 }]
const shareOf = (poolId: string) => (sharedWith: readonly string[]) => ({
  operation: 'updatePool',
  input: { poolId, sharedWith },
})
const documentOf = (policyId: string, ...pools: readonly string[]) => ({
  operation: 'putPolicyDocument',
  input: { policyId, locale: 'us-east-1', resourceType: 'eip', rules: pools.map((poolId) => ({ poolId })) },
})
const unit = (name: string) => ({ operation: 'createUnit', input: { name, parentId: workloads } })

test('what is given to everybody in one stage and taken back in the next is central, and is made by nobody who may not approve that', async () => {
  const acme = await furnish()
  const { ned, pat } = acme.people
  const share = shareOf(acme.other)
  const there = [share([root]), share([])]
  assert.deepEqual(classOf(await propose(acme, [share([root])], { as: ned, node: network })), central)
  // Within one stage nobody ever sees it.
  assert.deepEqual(classOf(await propose(acme, there, { as: ned, node: network })), contained)
  assert.deepEqual(classOf(await propose(acme, there, { as: ned, node: network, stages: [2] })), contained)
  const staged = await propose(acme, there, { as: ned, node: network, stages: [1, 1] })
  assert.deepEqual(classOf(staged), central)
  const { changeRequestId: id, contentHash } = staged
  assert.equal((await succeed(acme.act(id, 'approve', { contentHash }, pat))).state, 'in-review')
  assert.equal((await acme.act(id, 'apply', { contentHash }, ned)).body.code, 'IncorrectState')
  const { sharedWith } = await acme.get<{ sharedWith: readonly string[] }>(`/pools/${acme.other}`)
  assert.deepEqual(sharedWith, [])
})

test('stages that were put in by an edit, or with a draft, count as those that were proposed', async () => {
  const acme = await furnish()
  const { ned } = acme.people
  const share = shareOf(acme.other)
  const operations = [share([root]), share([])]
  const { changeRequestId: id } = await propose(acme, operations, { as: ned, node: network })
  const rollout = { stages: [1, 1].map((count) => ({ operations: count, soakSeconds: 60 })) }
  assert.deepEqual(classOf(await succeed(acme.edit(id, { rollout }, ned))), central)
  assert.deepEqual(classOf(await succeed(acme.act(id, 'submit', {}, ned))), central)
  assert.deepEqual(classOf(await succeed(acme.edit(id, { reason: 'still in stages' }, ned))), central)
  assert.deepEqual(classOf(await succeed(acme.edit(id, { rollout: null }, ned))), contained)
  const body = { node: network, reason: 'a draft', operations, rollout, draft: true }
  const draft = await succeed(acme.propose(body, ned))
  assert.deepEqual(classOf(await succeed(acme.act(draft.changeRequestId, 'submit', {}, ned))), central)
})

test('what does not comply for the time of a stage is counted, with samples, and each space once', async () => {
  const acme = await furnish()
  const { law, listed, other } = acme
  const { PublicIp, AllocationId } = await acme.call('AllocateAddress', {}, { account: shop })
  const there = [documentOf(law, other), documentOf(law, listed)]
  assert.deepEqual(classOf(await propose(acme, there)), contained)
  const staged = await propose(acme, there, { stages: [1, 1] })
  assert.deepEqual(classOf(staged), noncompliant)
  const { impact } = staged
  assert.deepEqual([impact!.noncompliant, impact!.compliant], [1, 0])
  assert.deepEqual(
    impact!.samples.map(({ id, becomes }) => [id, becomes]),
    [[AllocationId, 'noncompliant']],
  )
  assert.equal(impact!.groups.length, 1)
  assert.match(JSON.stringify(impact), new RegExp(PublicIp!))
  // Three stages in which it does not comply, and one in which it would again: it is one address.
  const longer = await propose(acme, [documentOf(law, other), unit('A'), unit('B'), documentOf(law, listed)], {
    stages: [1, 1, 1, 1],
  })
  assert.deepEqual(classOf(longer), noncompliant)
  assert.deepEqual([longer.impact!.noncompliant, longer.impact!.compliant], [1, 0])
  // What complies in the end and not now is told as it will be.
  await acme.rules(law, [other])
  const mending = await propose(acme, [unit('C'), documentOf(law, listed)], { stages: [1, 1] })
  assert.deepEqual([...classOf(mending), mending.impact!.compliant], [...contained, 1])
})

test('it is found anew when its first stage is made: what somebody has by then counts', async () => {
  const acme = await furnish()
  const { ann, bob } = acme.people
  const { law, listed, other } = acme
  const there = [documentOf(law, other), documentOf(law, listed)]
  const { changeRequestId: id, contentHash, ...proposed } = await propose(acme, there, { stages: [1, 1] })
  assert.deepEqual(classOf({ ...proposed, changeRequestId: id, contentHash }), contained)
  assert.equal((await succeed(acme.act(id, 'approve', { contentHash }, bob))).state, 'approved')
  await acme.call('AllocateAddress', {}, { account: shop })
  const { status, body } = await acme.act(id, 'apply', { contentHash }, ann)
  assert.equal(status, 409)
  assert.match(body.detail, /approv/)
  assert.equal((await acme.show(id)).state, 'approved')
})

test('requests of the last days that a stage would deny count, also where a later one lets them be answered again', async () => {
  const acme = await furnish()
  const { law, listed } = acme
  const { AllocationId } = await acme.call('AllocateAddress', {}, { account: shop })
  await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: shop })
  const strict = documentOf(law, listed)
  Object.assign(strict.input, { requiredTags: [{ key: 'team' }] })
  const there = [
    strict,
    { operation: 'putPolicyDocument', input: { ...documentOf(law, listed).input, requiredTags: [] } },
  ]
  assert.deepEqual(classOf(await propose(acme, there)), contained)
  const staged = await propose(acme, there, { stages: [1, 1] })
  assert.deepEqual(classOf(staged), noncompliant)
  const { requests } = staged.impact as unknown as { requests: { asked: number; newlyDenied: number } }
  assert.partialDeepStrictEqual(requests, { asked: 1, newlyDenied: 1 })
})

test('what an IPAM says of changes counts for a stage in which something of it is there', async () => {
  const acme = await furnish()
  const asked = { approvers: 3, ofRoot: 0 }
  const changeApprovals = { contained: asked, noncompliant: asked, central: { approvers: 3, ofRoot: 1 } }
  const set = await acme.ask<ToldOfRequest>('PATCH', `/ipams/${acme.ipam}`, { body: { changeApprovals } })
  assert.equal(set.status, 200, JSON.stringify(set.body))
  const made = {
    operation: 'createPool',
    input: { scopeId: acme.privateScope, family: 'ipv4', locale: 'us-east-1' },
    as: 'pool',
  }
  const gone = { operation: 'deletePool', input: { poolId: '$pool' } }
  const staged = await propose(acme, [made, gone], { as: acme.people.ned, node: network, stages: [1, 1] })
  assert.deepEqual(classOf(staged), ['contained', asked])
})

test('what is there for a stage only is not made while changes of it are frozen', async () => {
  const acme = await furnish()
  const { ann, bob } = acme.people
  const created = { operation: 'createPolicy', input: { ipamId: acme.ipam }, as: 'law' }
  const gone = { operation: 'deletePolicy', input: { policyId: '$law' } }
  const { changeRequestId: id, contentHash } = await propose(acme, [created, gone], { stages: [1, 1] })
  await succeed(acme.act(id, 'approve', { contentHash }, bob))
  const now = await acme.store.read(async (tx) => tx.now)
  const freeze = { from: new Date(now).toISOString(), until: new Date(now + 3_600_000).toISOString(), reason: 'peak' }
  const set = await acme.ask<ToldOfRequest>('PATCH', `/ipams/${acme.ipam}`, { body: { changeFreezes: [freeze] } })
  assert.equal(set.status, 200, JSON.stringify(set.body))
  const { status, body } = await acme.act(id, 'apply', { contentHash }, ann)
  assert.equal(status, 409)
  assert.match(body.detail, /changes are frozen until .*: peak/i)
})

test('what revert leaves is told of each stage: what one makes and another one takes away comes not back for a while either', async () => {
  const acme = await furnish()
  const deleted = { operation: 'deletePolicy', input: { policyId: '$law' } }
  const created = { operation: 'createPolicy', input: { ipamId: acme.ipam }, as: 'law' }
  const staged = await propose(acme, [created, deleted, unit('D')], { stages: [1, 1, 1] })
  assert.ok(staged.impact!.left?.includes('policy'), JSON.stringify(staged.impact!.left))
})

test('nobody of a part decides what its stages make elsewhere', async () => {
  const acme = await furnish()
  const share = shareOf(acme.other)
  const staged = await propose(acme, [share([lab]), share([])], { as: acme.people.ned, node: network, stages: [1, 1] })
  assert.deepEqual(classOf(staged), central)
})
