// Tags over the EC2 API, on every kind of object that can carry them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Ec2Input } from '#formats/aws/ec2.generated.ts'
import { type Acme, asNetwork, lab, network, openAcme, refusalOf, shop, tagsOf } from '../../../test/acme.ts'

let acme: Acme
/** An Elastic IP of `shop`, and its allocation under the pool's name for it. */
let address: string
before(async () => {
  acme = await openAcme()
  address = await allocate()
})
after(() => acme.close())

const asShop = { account: shop } as const
const allocate = async () => (await acme.call('AllocateAddress', {}, asShop)).AllocationId!
const put = (Resources: string[], tags: Record<string, string>, as: object = asShop) =>
  acme.call('CreateTags', { Resources, Tags: tagsOf(tags) }, as)
const list = async (input: Ec2Input['DescribeTags'] = {}, as: object = asShop) =>
  (await acme.call('DescribeTags', input, as)).Tags!.map(
    ({ ResourceId, Key, Value }) => `${ResourceId} ${Key}=${Value}`,
  )
const onlyOf = (id: string) => ({ Filters: [{ Name: 'resource-id', Values: [id] }] })

test('a tag is put, changed and listed with the type of what it is on', async () => {
  const id = await allocate()
  await put([id], { team: 'a', env: 'prod' })
  await put([id], { team: 'b' })
  const { Tags } = await acme.call('DescribeTags', onlyOf(id), asShop)
  assert.deepEqual(Tags, [
    { Key: 'env', ResourceId: id, ResourceType: 'elastic-ip', Value: 'prod' },
    { Key: 'team', ResourceId: id, ResourceType: 'elastic-ip', Value: 'b' },
  ])
  const { Addresses } = await acme.call('DescribeAddresses', { AllocationIds: [id] }, asShop)
  assert.deepEqual(structuredClone(Addresses![0]!.Tags), tagsOf({ env: 'prod', team: 'b' }))
})

test('every kind of object with an owner can be tagged by them', async () => {
  const pool = await acme.pool()
  const policy = await acme.policy()
  const types = new Map([
    [acme.ipam, 'ipam'],
    [acme.publicScope, 'ipam-scope'],
    [pool, 'ipam-pool'],
    [policy, 'ipam-policy'],
  ])
  await put([...types.keys()], { kind: 'mine' }, asNetwork)
  const { Tags } = await acme.call('DescribeTags', { Filters: [{ Name: 'tag:kind', Values: ['mine'] }] }, asNetwork)
  assert.deepEqual(new Map(Tags!.map(({ ResourceId, ResourceType }) => [ResourceId!, ResourceType!])), types)

  const allocation = address.replace('eipalloc-', 'ipam-pool-alloc-000000000000000')
  await put([allocation], { kind: 'allocation' })
  assert.deepEqual(await list(onlyOf(allocation)), [`${allocation} kind=allocation`])
})

test('a network and what stands in it can be tagged, until it is gone', async () => {
  const { Vpc } = await acme.call('CreateVpc', { CidrBlock: '10.9.0.0/16' }, asShop)
  const VpcId = Vpc!.VpcId!
  const { Subnet } = await acme.call('CreateSubnet', { VpcId, CidrBlock: '10.9.0.0/24' }, asShop)
  const SubnetId = Subnet!.SubnetId!
  const { NatGateway } = await acme.call('CreateNatGateway', { SubnetId, ConnectivityType: 'private' }, asShop)
  const NatGatewayId = NatGateway!.NatGatewayId!
  await put([VpcId, SubnetId, NatGatewayId], { kind: 'network' })
  const { Tags } = await acme.call('DescribeTags', { Filters: [{ Name: 'tag:kind', Values: ['network'] }] }, asShop)
  assert.deepEqual(Tags!.map(({ ResourceType }) => ResourceType).sort(), ['natgateway', 'subnet', 'vpc'])

  await acme.call('DeleteNatGateway', { NatGatewayId }, asShop)
  await acme.call('DeleteSubnet', { SubnetId }, asShop)
  const late = (id: string) => refusalOf(put([id], { kind: 'late' }))
  assert.deepEqual(await late(NatGatewayId), { code: 'NotFound', what: 'nat-gateway', id: NatGatewayId })
  assert.deepEqual(await late(SubnetId), { code: 'NotFound', what: 'subnet', id: SubnetId })
})

test('tags are taken away by key, by key and equal value, or all at once', async () => {
  const id = await allocate()
  const take = (Tags?: { Key: string; Value?: string }[]) => acme.call('DeleteTags', { Resources: [id], Tags }, asShop)
  await put([id], { a: '1', b: '2', c: '', d: '4' })
  await take([{ Key: 'a' }, { Key: 'b', Value: 'other' }, { Key: 'd', Value: '' }, { Key: 'never' }])
  assert.deepEqual(await list(onlyOf(id)), [`${id} b=2`, `${id} c=`, `${id} d=4`])
  await take([
    { Key: 'b', Value: '2' },
    { Key: 'c', Value: '' },
  ])
  assert.deepEqual(await list(onlyOf(id)), [`${id} d=4`])
  await take()
  assert.deepEqual(await list(onlyOf(id)), [])
})

test('a call changes all of its resources or none', async () => {
  const [one, other] = [await allocate(), await allocate()]
  const missing = 'eipalloc-0123456789abcdef0'
  const refusal = await refusalOf(put([one, other, missing], { all: 'or none' }))
  assert.deepEqual(refusal, { code: 'NotFound', what: 'elastic-ip', id: missing })
  await put([other], Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`key-${n}`, ''])))
  assert.equal((await refusalOf(put([one, other], { all: 'or none' }))).code, 'LimitExceeded')
  assert.deepEqual(await list(onlyOf(one)), [])
  await put([one, one], { twice: 'named' })
  assert.deepEqual(await list(onlyOf(one)), [`${one} twice=named`])
})

test('what no tag can be is refused, naming the place', async () => {
  const codeOf = async (tags: { Key?: string; Value?: string }[], Resources = [address]) =>
    (await refusalOf(acme.call('CreateTags', { Resources, Tags: tags }, asShop))).code
  assert.equal(await codeOf([]), 'MissingParameter')
  assert.equal(await codeOf([{ Value: 'x' }]), 'MissingParameter')
  assert.equal(await codeOf([{ Key: '' }]), 'InvalidTagKey')
  assert.equal(await codeOf([{ Key: 'aws:name' }]), 'InvalidTagKey')
  assert.equal(await codeOf([{ Key: 'k'.repeat(129) }]), 'InvalidTagKey')
  assert.equal(await codeOf([{ Key: 'k', Value: 'v'.repeat(257) }]), 'InvalidParameterValue')
  assert.equal(await codeOf([{ Key: 'k' }, { Key: 'k' }]), 'InvalidParameterValue')
  assert.equal(await codeOf([{ Key: 'k' }], []), 'MissingParameter')
  assert.equal(await codeOf([{ Key: 'k' }], Array(1001).fill(address)), 'InvalidParameterValue')
  const untagged = await refusalOf(acme.call('DeleteTags', { Resources: [address], Tags: [{}] }, asShop))
  assert.equal(untagged.code, 'MissingParameter')
})

test('settings are taken only where there is a vocabulary for them, and checked there', async () => {
  const wrong = async (id: string, tags: Record<string, string>, as: object) => {
    const refusal = await refusalOf(put([id], tags, as))
    assert.ok(refusal.code === 'InvalidParameterValue', JSON.stringify(refusal))
    return refusal.problem
  }
  assert.match(await wrong(address, { 'cadastre:mode': 'observe' }, asShop), /no settings/)
  assert.match(await wrong(acme.publicScope, { 'cadastre:mode': 'observe' }, asNetwork), /no settings/)
  assert.match(await wrong(acme.ipam, { 'cadastre:unmatched': 'perhaps' }, asNetwork), /`deny`/)
  assert.match(await wrong(acme.ipam, { 'cadastre:mode': 'observe' }, asNetwork), /no setting of an IPAM/)
  assert.match(await wrong(await acme.pool(), { 'cadastre:quarantine-seconds': '-1' }, asNetwork), /whole number/)
  assert.match(await wrong(await acme.policy(), { 'cadastre:size': '28/24/16' }, asNetwork), /MIN\/DEFAULT\/MAX/)
})

test('I8 an object of somebody else, or of another Region, cannot be told from one that never was', async () => {
  const pool = await acme.pool()
  const nouns = { [address]: 'elastic-ip', [pool]: 'ipam-pool', [acme.ipam]: 'ipam', [acme.privateScope]: 'ipam-scope' }
  for (const [id, what] of Object.entries(nouns)) {
    const elsewhere = { account: id === address ? shop : network, region: 'eu-central-1' }
    for (const as of [{ account: lab }, elsewhere]) {
      assert.deepEqual(await refusalOf(put([id], { a: 'b' }, as)), { code: 'NotFound', what, id })
      assert.deepEqual(await refusalOf(acme.call('DeleteTags', { Resources: [id] }, as)), {
        code: 'NotFound',
        what,
        id,
      })
    }
  }
  for (const id of ['nothing', 'ipam-pool-cidr-1', 'nat-1', 'vpc-1', 'subnet-1', 'ipam-pool-alloc-1', shop]) {
    assert.equal((await refusalOf(put([id], { a: 'b' }))).code, 'NotFound', id)
  }
  await put([address], { secret: 'plan' })
  assert.deepEqual(await list({}, { account: lab }), [])
  assert.deepEqual(await list({}, { ...asShop, region: 'eu-central-1' }), [])
})

test('tags are listed page by page, each once, and filtered', async () => {
  const ids = [await allocate(), await allocate(), await allocate()].sort()
  for (const id of ids) await put([id], { 'page/1': 'x', 'page/2': 'y', 'page/3': 'z' })
  const Filters = [{ Name: 'key', Values: ['page/*'] }]
  const all = await list({ Filters })
  assert.equal(all.length, 9)
  const pages: string[] = []
  let NextToken: string | undefined
  do {
    const input = { Filters, MaxResults: 5, NextToken }
    const answer = await acme.call('DescribeTags', input, asShop)
    assert.ok(answer.Tags!.length <= 5)
    pages.push(...answer.Tags!.map(({ ResourceId, Key, Value }) => `${ResourceId} ${Key}=${Value}`))
    NextToken = answer.NextToken
  } while (NextToken)
  assert.deepEqual(pages, all)

  const countOf = async (Name: string, value: string) =>
    (await list({ Filters: [...Filters, { Name, Values: [value] }] })).length
  assert.equal(await countOf('resource-id', ids[1]!), 3)
  assert.equal(await countOf('resource-type', 'elastic-ip'), 9)
  assert.equal(await countOf('resource-type', 'vpc'), 0)
  assert.equal(await countOf('value', 'y'), 3)
  assert.equal(await countOf('tag:page/3', 'z'), 3)
  const code = async (input: Ec2Input['DescribeTags']) =>
    (await refusalOf(acme.call('DescribeTags', input, asShop))).code
  assert.equal(await code({ MaxResults: 4 }), 'InvalidParameterValue')
  assert.equal(await code({ NextToken: 'x' }), 'InvalidPaginationToken')
  assert.equal(await code({ Filters: [{ Name: 'colour', Values: ['red'] }] }), 'InvalidFilter')
})

test('a dry run changes no tag', async () => {
  const id = await allocate()
  const refusal = await refusalOf(
    acme.call('CreateTags', { Resources: [id], Tags: tagsOf({ a: 'b' }), DryRun: true }, asShop),
  )
  assert.equal(refusal.code, 'DryRunSucceeded')
  assert.deepEqual(await list(onlyOf(id)), [])
})
