// Tags that are changed after space was given, which a policy or an exception went by (policy-model §6): findings, until they are as before.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { lab, openAcme, prod, root, shop, tagsOf } from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { costOf } from '../../../test/statement-cost.ts'

interface Finding {
  readonly control: string
  readonly resource: string
  readonly exceptionId?: string
  readonly since: string
}
interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string
}
type World = Awaited<ReturnType<typeof openAcme>> & Native

let acme: World
before(async () => {
  acme = await withNativeApi(await openAcme())
})
after(() => acme.close())

async function pagesOf<T>(path: string): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: Page<T> = await acme.get(`${path}${cursor && `&cursor=${cursor}`}`)
    items.push(...page.items)
    cursor = page.nextCursor
  }
  return items
}
const findingsOf = async (account: string): Promise<string[]> =>
  (await pagesOf<Finding>(`/accounts/${account}/findings?limit=1`)).map(({ resource }) => resource)
const setTags = (account: string, id: string, tags: Record<string, string>) =>
  acme.call('CreateTags', { Resources: [id], Tags: tagsOf(tags) }, { account })
async function lawFor(target: string, body: object, type = 'eip'): Promise<string> {
  const policyId = await acme.policy()
  const put = async (path: string, sent: object) => {
    const answer = await acme.ask('PUT', `/policies/${policyId}${path}`, { body: sent })
    assert.ok(answer.status < 300, JSON.stringify(answer.body))
  }
  await put(`/documents/us-east-1/${type}`, body)
  await put(`/assignments/${target}`, { kind: 'default', mode: 'enforce' })
  return policyId
}
const shared = async (params: Parameters<World['pool']>[0] = {}): Promise<string> => {
  const poolId = await acme.pool(params)
  assert.equal((await acme.ask('PATCH', `/pools/${poolId}`, { body: { sharedWith: [root] } })).status, 200)
  return poolId
}
const elasticIp = async (account: string, tags: Record<string, string>, IpamPoolId?: string): Promise<string> => {
  const TagSpecifications = [{ ResourceType: 'elastic-ip' as const, Tags: tagsOf(tags) }]
  const input = Object.keys(tags).length === 0 ? { IpamPoolId } : { TagSpecifications, IpamPoolId }
  return (await acme.call('AllocateAddress', input, { account })).AllocationId!
}

test('a tag that a policy requires: a finding where it is another one or gone, over either API, and none once it is back', async () => {
  const policyId = await lawFor(shop, {
    rules: [{ poolId: await shared() }],
    requiredTags: [{ key: 'team', value: 'net' }],
  })
  const [id, other] = [await elasticIp(shop, { team: 'net' }), await elasticIp(shop, { team: 'net', more: 'x' })]
  assert.deepEqual(await findingsOf(shop), [])
  acme.advance(1_000)
  await setTags(shop, id, { team: 'evil' })
  await setTags(shop, other, { more: 'y' })
  assert.deepEqual(await findingsOf(shop), [id], 'a tag that nothing goes by is nobody’s concern')
  const [finding] = await pagesOf<Finding>(`/accounts/${shop}/findings?limit=1`)
  assert.equal(finding!.control, 'tags-changed')
  assert.equal(Date.parse(finding!.since), Date.UTC(2026, 0, 1) + 1_000)
  await setTags(shop, id, { team: 'net' })
  assert.deepEqual(await findingsOf(shop), [])
  const { items } = await acme.get<Page<{ allocationId: string; resourceId: string }>>(`/allocations?account=${shop}`)
  const { allocationId } = items.find(({ resourceId }) => resourceId === other)!
  assert.equal((await acme.ask('PATCH', `/allocations/${allocationId}`, { body: { tags: {} } })).status, 200)
  await acme.call('DeleteTags', { Resources: [id], Tags: [{ Key: 'team' }] }, { account: shop })
  assert.deepEqual(await findingsOf(shop), [other, id], 'page by page, the latest first')
  await acme.call('ReleaseAddress', { AllocationId: id }, { account: shop })
  assert.deepEqual(await findingsOf(shop), [other])
  // What the policy itself has become is another matter.
  await acme.ask('DELETE', `/policies/${policyId}/assignments/${shop}`)
  assert.deepEqual(await findingsOf(shop), [])
})

test('D3 a page costs a few statements, however many rows it looks at and however often tags above them were changed', async () => {
  const tagAccount = async (stage: string) =>
    assert.equal((await acme.ask('PATCH', `/accounts/${lab}`, { body: { tags: { stage } } })).status, 200)
  const when = { tags: [{ key: 'stage', values: ['a', 'b', 'c'] }] }
  const policyId = await lawFor(lab, { rules: [{ poolId: await shared(), when }] })
  for (const stage of ['a', 'b', 'c']) {
    await tagAccount(stage)
    for (let taken = 0; taken < 4; taken++) await elasticIp(lab, {})
    acme.advance(1_000)
  }
  await tagAccount('none')
  const costs: number[] = []
  for (const limit of [1, 12]) {
    const cost = await costOf(async () => {
      const { items } = await acme.get<Page<Finding>>(`/accounts/${lab}/findings?limit=${limit}`)
      assert.equal(items.length, limit)
    })
    costs.push(cost.statements)
  }
  assert(costs[1]! - costs[0]! <= 5 && costs[1]! < 60, `statements for one and for twelve: ${costs}`)
  await acme.ask('DELETE', `/policies/${policyId}/assignments/${lab}`)
  const { items } = await acme.get<Page<{ allocationId: string }>>(`/allocations?account=${lab}`)
  for (const { allocationId } of items) await acme.ask('DELETE', `/allocations/${allocationId}`)
})

test('the tag Name that an exception goes by: a finding of the exception and of the account', async () => {
  const [listed, poolId] = [await shared(), await shared()]
  const policyId = await lawFor(lab, { rules: [{ poolId: listed }] })
  const [ann, bob] = [await acme.tokenOf('user:ann', 'approver', '*'), await acme.tokenOf('user:bob', 'approver', '*')]
  assert.ok(ann)
  const { exceptionId } = await acme.post<{ exceptionId: string }>('/exceptions', {
    target: lab,
    resource: 'web-*',
    locale: 'us-east-1',
    resourceType: 'eip',
    grants: { pools: [poolId] },
    reason: 'why',
    expiresAt: '2026-01-20T00:00:00Z',
  })
  assert.equal((await acme.ask('POST', `/exceptions/${exceptionId}/approve`, { as: bob })).status, 200)
  const id = await elasticIp(lab, { Name: 'web-1' }, poolId)
  const told = async () => ({
    ofException: (await pagesOf<Finding>(`/exceptions/${exceptionId}/findings?limit=1`)).map(
      ({ control, resource }) => [control, resource],
    ),
    isListed: (await pagesOf<Finding>('/exceptions?finding=open')).some((one) => one.exceptionId === exceptionId),
    ofAccount: await findingsOf(lab),
  })
  const none = { ofException: [], isListed: false, ofAccount: [] }
  assert.deepEqual(await told(), none)
  await setTags(lab, id, { Name: 'web-2' })
  assert.deepEqual(await told(), none, 'another name that it is for')
  await setTags(lab, id, { Name: 'mail' })
  assert.deepEqual(await told(), { ofException: [['tags-changed', id]], isListed: true, ofAccount: [id] })
  await setTags(lab, id, { Name: 'web-1' })
  assert.deepEqual(await told(), none)
  await acme.ask('DELETE', `/policies/${policyId}/assignments/${lab}`)
})

test('a tag of the account that a condition reads, and one of a network', async () => {
  const tagAccount = async (tags: Record<string, string>) =>
    assert.equal((await acme.ask('PATCH', `/accounts/${shop}`, { body: { tags } })).status, 200)
  await tagAccount({ stage: 'prod' })
  const policyId = await lawFor(prod, {
    rules: [{ poolId: await shared(), when: { tags: [{ key: 'stage', values: ['prod'] }] } }],
  })
  const id = await elasticIp(shop, {})
  assert.deepEqual(await findingsOf(shop), [])
  acme.advance(1_000)
  await tagAccount({ stage: 'test' })
  assert.deepEqual(await findingsOf(shop), [id])
  acme.advance(1_000)
  await tagAccount({ stage: 'prod' })
  assert.deepEqual(await findingsOf(shop), [])
  await acme.ask('DELETE', `/policies/${policyId}/assignments/${prod}`)

  const space = await shared({ scope: 'private', cidr: '10.66.0.0/16' })
  await lawFor(lab, { rules: [{ poolId: space }], requiredTags: [{ key: 'team' }] }, 'vpc')
  const { Vpc } = await acme.call(
    'CreateVpc',
    {
      Ipv4IpamPoolId: space,
      Ipv4NetmaskLength: 24,
      TagSpecifications: [{ ResourceType: 'vpc', Tags: tagsOf({ team: 'net' }) }],
    },
    { account: lab },
  )
  assert.deepEqual(await findingsOf(lab), [])
  await acme.call('DeleteTags', { Resources: [Vpc!.VpcId!], Tags: [{ Key: 'team' }] }, { account: lab })
  const [found, ...more] = await pagesOf<Finding & { resourceId: string }>(`/accounts/${lab}/findings?limit=1`)
  assert.deepEqual([found!.resourceId, more], [Vpc!.VpcId!, []])
})
