// What watches rollouts: all of them in turns, whatever others roll out and are denied, and by what whoever set them may read.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseId } from '#model/identifier.ts'
import { Refused } from '#model/refusal.ts'
import { dev, lab, openAcme, prod, root, shop, stranger } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { type ToldOfRequest, withRequests } from '../../../test/requests/company.ts'

let acme: Awaited<ReturnType<typeof furnish>>
async function furnish() {
  const [administrator, ofDev] = [
    ['organization-administrator', root],
    ['organization-administrator', dev],
  ] as const
  const people = { ann: administrator, bob: administrator, cat: administrator, max: ofDev, may: ofDev }
  const company = await withRequests(await withNativeApi(await openAcme()), people)
  const [listed, other, law] = [await company.pool(), await company.pool(), await company.policy()]
  await company.rules(law, [listed])
  await company.enable(law)
  return { ...company, listed, other, law }
}
before(async () => {
  acme = await furnish()
})
after(() => acme.close())

const propose = (operations: readonly object[], rollout: object, as = acme.people.ann, node: string = root) =>
  acme.ask<ToldOfRequest>('POST', '/change-requests', { as, body: { node, reason: 'a rollout', operations, rollout } })
async function approved(
  operations: readonly object[],
  rollout: object,
  as?: string,
  node?: string,
): Promise<ToldOfRequest> {
  const { status, body } = await propose(operations, rollout, as, node)
  assert.equal(status, 201, JSON.stringify(body))
  const { changeRequestId: id, contentHash } = body
  await acme.act(id, 'approve', { contentHash }, acme.people.bob)
  await acme.act(id, 'approve', { contentHash }, acme.people.cat)
  return body
}
async function begin(operations: readonly object[], rollout: object, as?: string, node?: string): Promise<string> {
  const { changeRequestId: id, contentHash } = await approved(operations, rollout, as, node)
  const { status, body } = await acme.act(id, 'apply', { contentHash }, as ?? acme.people.ann)
  assert.equal(status, 200, JSON.stringify(body))
  return id
}
let units = 0
const unit = () => ({ operation: 'createUnit', input: { name: `Unit ${++units}`, parentId: dev } })
const long = { stages: [86_400, 0].map((soakSeconds) => ({ operations: 1, soakSeconds })) }
const rulesOf = (policyId: string, poolId: string) => ({
  operation: 'putPolicyDocument',
  input: { policyId, locale: 'us-east-1', resourceType: 'eip', rules: [{ poolId }] },
})
const denied = (account: string, operation: 'AllocateAddress' | 'CreateVpc', input: object): Promise<void> =>
  (acme.call as (name: string, input: object, as: object) => Promise<unknown>)(operation, input, { account }).then(
    () => assert.fail('it was given'),
    (error: unknown) => {
      assert(error instanceof Refused && ['DeniedByPolicy', 'Exhausted'].includes(error.refusal.code), String(error))
    },
  )

/** So many like one that is rolled out, as others have begun them. */
async function copy(id: string, count: number, node: string, denials = 1_000): Promise<readonly number[]> {
  const first = 1_000_000 + 1_000 * ++units
  const n = parseId('changeRequest', await acme.store.read(async (tx) => tx.installation), id)!
  await acme.store.write(async (tx) => {
    const like = (await tx.changeRequests.find(n))!
    const { operations, bindings } = (await tx.changeRequests.contentOf(n, like.contentHash))!
    for (let number = first; number < first + count; number++) {
      const author = { by: `user:${number}`, at: like.author.at }
      const one = { ...like, author, node, rollout: { ...like.rollout!, haltOn: { denials } } }
      await tx.changeRequests.insert(number, one, { operations, bindings })
      await tx.changeRequests.update(number, one)
    }
  })
  return Array.from({ length: count }, (_, at) => first + at)
}
const endAll = (numbers: readonly number[]) =>
  acme.store.write(async (tx) => {
    for (const number of numbers) {
      const { progress: _, ...one } = (await tx.changeRequests.find(number))!
      await tx.changeRequests.update(number, { ...one, status: 'abandoned' })
    }
  })

describe('what is rolled out', () => {
  test('is watched in turns, however many others are', async () => {
    const others = await begin([unit(), unit()], { ...long, haltOn: { denials: 1_000 } })
    const copies = await copy(others, 120, dev)
    const id = await begin([rulesOf(acme.law, acme.other), unit()], {
      stages: [{ operations: 1, soakSeconds: 2e6 }, long.stages[1]],
    })
    // By number it is behind the copies.
    const [last] = await copy(id, 1, root, 0)
    await denied(shop, 'AllocateAddress', { Address: '203.0.100.5' })
    for (let second = 0; second < 4; second++) await acme.look()
    const found = await acme.store.read((tx) => tx.changeRequests.find(last!))
    assert.equal(found!.halted?.why, 'denials')
    await acme.act(id, 'revert', { note: 'x' }, acme.people.bob)
    await endAll([...copies, last!])
  })

  test('of a unit is bounded, and the top is not bounded by it', async () => {
    const first = await begin([unit(), unit()], long, acme.people.max, dev)
    const copies = await copy(first, 100, dev)
    const { changeRequestId: id, contentHash } = await approved([unit(), unit()], long, acme.people.may, dev)
    const { body } = await acme.act(id, 'apply', { contentHash }, acme.people.may)
    assert.equal(body.code, 'LimitExceeded', JSON.stringify(body))
    assert.equal((await acme.act(id, 'apply', { contentHash }, acme.people.ann)).body.state, 'scheduled')
    await endAll(copies)
  })

  test('is halted by what it denies, whatever is denied to others behind it', async () => {
    const me = { account: stranger }
    const { Ipam } = await acme.call(
      'CreateIpam',
      { Tier: 'advanced', OperatingRegions: [{ RegionName: 'us-east-1' }] },
      me,
    )
    const { IpamPolicy } = await acme.call('CreateIpamPolicy', { IpamId: Ipam!.IpamId! }, me)
    const { IpamPool } = await acme.call(
      'CreateIpamPool',
      { IpamScopeId: Ipam!.PrivateDefaultScopeId!, AddressFamily: 'ipv4', Locale: 'us-east-1' },
      me,
    )
    await acme.call('ProvisionIpamPoolCidr', { IpamPoolId: IpamPool!.IpamPoolId!, Cidr: '10.0.0.0/16' }, me)
    const pair = { IpamPolicyId: IpamPolicy!.IpamPolicyId!, Locale: 'us-east-1', ResourceType: 'vpc' as const }
    const rules = [{ SourceIpamPoolId: IpamPool!.IpamPoolId! }]
    await acme.call('ModifyIpamPolicyAllocationRules', { ...pair, AllocationRules: rules }, me)
    await acme.call('EnableIpamPolicy', { IpamPolicyId: IpamPolicy!.IpamPolicyId! }, me)
    const id = await begin([rulesOf(acme.law, acme.other), unit()], long)
    await denied(shop, 'AllocateAddress', { Address: '203.0.100.5' })
    for (let time = 0; time < 205; time++) await denied(stranger, 'CreateVpc', { CidrBlock: '10.99.0.0/16' })
    await acme.look()
    await acme.look()
    assert.deepEqual([(await acme.show(id)).halted?.why, (await acme.show(id)).halted?.count], ['denials', 1])
    await acme.act(id, 'revert', { note: 'x' }, acme.people.bob)
  })

  test('is not halted by what is denied elsewhere', async () => {
    const rename = (unitId: string, name: string) => ({ operation: 'updateUnit', input: { unitId, name } })
    const id = await begin([rename(dev, 'Dev 2'), rename(prod, 'Prod 2')], long)
    await denied(stranger, 'CreateVpc', { CidrBlock: '10.98.0.0/16' })
    await denied(shop, 'AllocateAddress', { Address: '203.0.101.5' })
    await acme.look()
    assert.equal((await acme.show(id)).state, 'scheduled')
    await acme.act(id, 'revert', { note: 'x' }, acme.people.bob)
  })
})

describe('what is denied', () => {
  /** What halted it, with everything that is due looked at. */
  const haltOf = async (id: string): Promise<string | undefined> => {
    await acme.look()
    return (await acme.show(id)).halted?.why
  }
  const end = (id: string) => acme.act(id, 'revert', { note: 'x' }, acme.people.bob)

  test('halts nothing where it would be denied without the change, whether it was asked for before or not', async () => {
    await acme.pool()
    const id = await begin([rulesOf(acme.law, acme.other), unit()], long)
    for (let last = 1; last < 12; last++) {
      await denied(shop, 'AllocateAddress', { Address: `203.0.102.${last}` })
    }
    assert.equal(await haltOf(id), undefined)
    // It was given until now.
    await denied(shop, 'AllocateAddress', { Address: '203.0.100.5' })
    assert.equal(await haltOf(id), 'denials')
    await end(id)
  })

  test('halts it by what was changed of a node, and not by what was denied there before', async () => {
    const policy = await acme.policy()
    const document = { rules: [{ poolId: acme.listed, when: { tags: [{ key: 'stage', values: ['test'] }] } }] }
    await acme.ask('PATCH', `/organizational-units/${dev}`, { body: { tags: { stage: 'test' } } })
    await acme.ask('PUT', `/policies/${policy}/documents/us-east-1/eip`, { body: document })
    await acme.ask('PUT', `/policies/${policy}/assignments/${lab}`, { body: { kind: 'default' } })
    const change = { operation: 'updateUnit', input: { unitId: dev, tags: { stage: 'live' } } }
    acme.advance(1)
    const id = await begin([change, unit()], long)
    await denied(lab, 'AllocateAddress', { Address: '203.0.101.6' })
    assert.equal(await haltOf(id), undefined)
    await denied(lab, 'AllocateAddress', { Address: '203.0.100.6' })
    assert.equal(await haltOf(id), 'denials')
    await end(id)
    await acme.ask('DELETE', `/policies/${policy}/assignments/${lab}`)
  })

  test('for want of room halts it only where the change has taken room away', async () => {
    const small = await acme.pool({ cidr: '203.0.113.0/31' })
    const policy = await acme.policy()
    await acme.ask('PUT', `/policies/${policy}/documents/us-east-1/eip`, { body: { rules: [{ poolId: small }] } })
    await acme.ask('PUT', `/policies/${policy}/assignments/${lab}`, { body: { kind: 'default' } })
    for (let taken = 0; taken < 2; taken++) await acme.call('AllocateAddress', {}, { account: lab })
    acme.advance(1)
    const id = await begin([{ operation: 'updatePool', input: { poolId: small, description: 'small' } }, unit()], long)
    await denied(lab, 'AllocateAddress', {})
    assert.equal(await haltOf(id), undefined)
    await end(id)
    await acme.ask('POST', `/pools/${small}/cidrs`, { body: { cidr: '203.0.113.4/31' } })
    acme.advance(1)
    const away = { operation: 'deprovisionPoolCidr', input: { poolId: small, cidr: '203.0.113.4/31' } }
    const taking = await begin([away, unit()], long)
    await denied(lab, 'AllocateAddress', {})
    assert.equal(await haltOf(taking), 'denials')
    await end(taking)
    await acme.ask('DELETE', `/policies/${policy}/assignments/${lab}`)
  })

  test('halts it where it was only observed before', async () => {
    const policy = await acme.policy()
    await acme.ask('PUT', `/policies/${policy}/documents/us-east-1/eip`, { body: { rules: [{ poolId: acme.listed }] } })
    const assign = (mode: string) => ({ policyId: policy, targetId: lab, kind: 'final', mode })
    await acme.ask('PUT', `/policies/${policy}/assignments/${lab}`, { body: { kind: 'final', mode: 'observe' } })
    await acme.rules(acme.law, [acme.listed, acme.other])
    const observed = await begin(
      [{ operation: 'updatePolicy', input: { policyId: policy, contact: 'net' } }, unit()],
      long,
    )
    const { AllocationId } = await acme.call('AllocateAddress', { Address: '203.0.101.7' }, { account: lab })
    await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: lab })
    assert.equal(await haltOf(observed), undefined, 'it would have been denied before')
    await end(observed)
    const enforced = await begin([{ operation: 'putPolicyAssignment', input: assign('enforce') }, unit()], long)
    await denied(lab, 'AllocateAddress', { Address: '203.0.101.7' })
    assert.equal(await haltOf(enforced), 'denials')
    await end(enforced)
  })
})

describe('a stage', () => {
  test('is tried again, and what it would do beyond what was approved is not made', async () => {
    const { AllocationId } = await acme.call('AllocateAddress', {}, { account: lab })
    const law = await acme.policy()
    await acme.ask('PUT', `/policies/${law}/documents/us-east-1/eip`, { body: { rules: [{ poolId: acme.listed }] } })
    const assign = { operation: 'putPolicyAssignment', input: { policyId: law, targetId: lab, kind: 'default' } }
    const rollout = { ...long, haltOn: {} }
    const id = await begin([unit(), assign], rollout)
    const before = await acme.show(id)
    assert.equal(before.impact!.class, 'contained', JSON.stringify(before.impact))
    // Its address does not comply with that any more.
    await acme.ask('PUT', `/policies/${law}/documents/us-east-1/eip`, {
      body: { rules: [{ poolId: acme.listed }], requiredTags: [{ key: 'team' }] },
    })
    acme.advance(86_400_000)
    // Others are due, too.
    for (let second = 0; second < 4; second++) await acme.look()
    const { state, halted } = await acme.show(id)
    assert.deepEqual(
      [state, halted?.why, halted?.class, halted?.approved],
      ['halted', 'impact-changed', 'noncompliant', 'contained'],
    )
    const resumed = await acme.act(id, 'resume', {}, acme.people.ann)
    assert.deepEqual([resumed.status, resumed.body.code], [409, 'IncorrectState'])
    const { body } = await acme.act(id, 'resume', { emergency: 'It burns' }, acme.people.bob)
    assert.equal(body.progress?.stage, 2, JSON.stringify(body))
    await acme.act(id, 'revert', { note: 'x' }, acme.people.bob)
    await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: lab })
  })
})

describe('what would undo it', () => {
  test('is shown to whoever may read what it is about', async () => {
    await acme.tokenOf('user:secret', 'auditor', dev)
    const { items } = await acme.get<{ items: { bindingId: string }[] }>('/role-bindings?principal=user:secret')
    const operations = items.map(({ bindingId }) => ({ operation: 'deleteRoleBinding', input: { bindingId } }))
    const author = await acme.tokenOf('user:paul', 'policy-author', dev)
    const body = { node: dev, reason: 'gone', operations }
    const asked = await acme.ask<ToldOfRequest>('POST', '/change-requests', { as: acme.people.ann, body })
    const { changeRequestId: id, contentHash } = asked.body
    await acme.act(id, 'approve', { contentHash }, acme.people.bob)
    await acme.act(id, 'approve', { contentHash }, acme.people.cat)
    await acme.act(id, 'apply', { contentHash }, acme.people.ann)
    const shown = async (as: string) =>
      JSON.stringify((await acme.ask<ToldOfRequest>('GET', `/change-requests/${id}`, { as })).body.inverse)
    assert.match(await shown(acme.people.ann), /user:secret.*"isWhole":true/)
    assert.doesNotMatch(await shown(author), /user:secret/)
    assert.match(await shown(author), /"isWhole":false/)
  })
})

describe('pools that halt a rollout', () => {
  test('are as absent to whoever may not read them, when it is written and when it is watched', async () => {
    const haltOn = { pools: [{ poolId: acme.listed, freePercent: 100 }] }
    const { body } = await propose([unit(), unit()], { ...long, haltOn }, acme.people.max, dev)
    assert.equal(body.code, 'NotFound')
    const gone = { pools: [{ poolId: acme.listed.replace(/.$/, 'f'), freePercent: 100 }] }
    assert.equal(
      (await propose([unit(), unit()], { ...long, haltOn: gone }, acme.people.max, dev)).body.code,
      'NotFound',
    )
    const { body: plain } = await propose([unit(), unit()], long, acme.people.max, dev)
    const edited = await acme.ask<ToldOfRequest>('PATCH', `/change-requests/${plain.changeRequestId}`, {
      as: acme.people.max,
      body: { rollout: { ...long, haltOn } },
    })
    assert.equal(edited.body.code, 'NotFound')

    await acme.call('AllocateAddress', {}, { account: shop })
    // Proposed by somebody who may read it, and gone on with by somebody who may not.
    const ended = await acme.tokenOf('user:end', 'organization-administrator', root)
    const { changeRequestId: id, contentHash } = await approved([unit(), unit()], { ...long, haltOn }, ended, dev)
    assert.equal((await acme.act(id, 'apply', { contentHash }, acme.people.max)).body.state, 'scheduled')
    await acme.look()
    assert.equal((await acme.show(id)).state, 'scheduled')
    const seen = await begin([unit(), unit()], { ...long, haltOn })
    await acme.look()
    assert.equal((await acme.show(seen)).halted?.why, 'pool')
  })
})
