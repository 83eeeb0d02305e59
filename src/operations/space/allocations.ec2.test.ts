// Allocations: taken by hand, previewed, listed in pages, described, released by those who may.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input, IpamPoolAllocation } from '#formats/aws/ec2.generated.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { type Acme, asNetwork, lab, network, openAcme, shop, stranger, tagsOf } from '../../../test/acme.ts'
import { refuses } from '../../../test/organization.ts'

type Params = Omit<Ec2Input['AllocateIpamPoolCidr'], 'IpamPoolId'>
interface As {
  readonly account: string
  readonly region?: string
}
const absent = 'ipam-pool-alloc-00000000000000000000000000000000'

let acme: Acme
before(async () => {
  acme = await openAcme()
})
after(async () => {
  assert.deepEqual((await checkSpace(acme.store)).problems, [])
  await acme.close()
})

/** A private pool in a scope of its own. */
const make = async (Cidr: string, params: Partial<Ec2Input['CreateIpamPool']> = {}): Promise<string> => {
  const { IpamScope } = await acme.call('CreateIpamScope', { IpamId: acme.ipam }, asNetwork)
  const AddressFamily = Cidr.includes(':') ? 'ipv6' : 'ipv4'
  const input = { IpamScopeId: IpamScope!.IpamScopeId!, AddressFamily, Locale: 'us-east-1', ...params } as const
  const IpamPoolId = (await acme.call('CreateIpamPool', input, asNetwork)).IpamPool!.IpamPoolId!
  await acme.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr }, asNetwork)
  return IpamPoolId
}
const shared = (...accounts: string[]) => ({
  TagSpecifications: [
    { ResourceType: 'ipam-pool' as const, Tags: tagsOf({ 'cadastre:shared-with': accounts.join() }) },
  ],
})
const allocate = async (IpamPoolId: string, params: Params, as: As = asNetwork): Promise<IpamPoolAllocation> =>
  (await acme.call('AllocateIpamPoolCidr', { IpamPoolId, ...params }, as)).IpamPoolAllocation!
const release = (
  IpamPoolId: string,
  { IpamPoolAllocationId = '', Cidr = '' }: IpamPoolAllocation,
  as: As = asNetwork,
) => acme.call('ReleaseIpamPoolAllocation', { IpamPoolId, IpamPoolAllocationId, Cidr }, as)
const list = async (input: Ec2Input['GetIpamPoolAllocations'], as: As = asNetwork) =>
  (await acme.call('GetIpamPoolAllocations', input, as)).IpamPoolAllocations!
const own = async (as: As, input: Ec2Input['DescribeIpamPoolAllocations'] = {}) =>
  (await acme.call('DescribeIpamPoolAllocations', input, as)).IpamPoolAllocations!

describe('an allocation by hand', () => {
  test('is the lowest free block of its length, and shows who holds it', async () => {
    const pool = await make('10.0.0.0/16')
    const one = await allocate(pool, {
      NetmaskLength: 24,
      Description: 'printers',
      TagSpecifications: [{ ResourceType: 'ipam-pool-allocation', Tags: tagsOf({ floor: '3' }) }],
    })
    assert.deepEqual(one, {
      Cidr: '10.0.0.0/24',
      IpamPoolAllocationId: one.IpamPoolAllocationId,
      Description: 'printers',
      ResourceId: undefined,
      ResourceType: 'custom',
      ResourceRegion: 'us-east-1',
      ResourceOwner: network,
      Tags: tagsOf({ floor: '3' }),
    })
    assert.match(one.IpamPoolAllocationId!, /^ipam-pool-alloc-[0-9a-f]{32}$/)
    assert.equal((await allocate(pool, { NetmaskLength: 24 })).Cidr, '10.0.1.0/24')
    assert.equal((await allocate(pool, { Cidr: '10.0.128.0/17' })).Cidr, '10.0.128.0/17')
    const named = { IpamPoolId: pool, IpamPoolAllocationId: one.IpamPoolAllocationId }
    assert.partialDeepStrictEqual(await list(named), [one])
  })

  test('has the default length of the pool where it names none', async () => {
    const bare = await make('10.0.0.0/16')
    await refuses(allocate(bare, {}), {
      code: 'InvalidParameterCombination',
      problem:
        'The request cannot contain empty CIDR and Netmask Length for a pool with no default allocation netmask length set. Exactly one of them should be provided.',
    })
    const pool = await make('10.0.0.0/16', { AllocationDefaultNetmaskLength: 26 })
    assert.equal((await allocate(pool, {})).Cidr, '10.0.0.0/26')
    assert.equal((await allocate(pool, { NetmaskLength: 28 })).Cidr, '10.0.0.64/28')
  })

  test('keeps to the pool’s lengths, but needs none of the tags that resources need', async () => {
    const pool = await make('10.0.0.0/16', {
      AllocationMinNetmaskLength: 20,
      AllocationMaxNetmaskLength: 28,
      AllocationResourceTags: tagsOf({ env: 'prod' }),
    })
    await allocate(pool, { NetmaskLength: 28 })
    await refuses(allocate(pool, { NetmaskLength: 19 }), { code: 'InvalidParameterValue', field: 'NetmaskLength' })
    await refuses(allocate(pool, { Cidr: '10.0.1.0/29' }), { code: 'InvalidParameterValue' })
  })

  test('is refused what is malformed, contradictory, outside, taken, too large or of the other family', async () => {
    const pool = await make('10.0.0.0/16')
    const { Cidr } = await allocate(pool, { NetmaskLength: 24 })
    const fails = (params: Params, refusal: Parameters<typeof refuses>[1]) => refuses(allocate(pool, params), refusal)
    const invalid = { code: 'InvalidParameterValue' } as const
    await fails({ Cidr: 'lemon' }, { ...invalid, field: 'Cidr' })
    await fails({ Cidr: '10.0.0.1/24' }, { ...invalid, field: 'Cidr' })
    await fails({ Cidr: 'fd80::/48' }, { ...invalid, field: 'Cidr' })
    await fails({ Cidr: '10.1.0.0/24' }, { ...invalid, field: 'Cidr' })
    await fails({ Cidr }, { code: 'CidrConflict', field: 'Cidr' })
    await fails({ Cidr: '10.0.0.0/20' }, { code: 'CidrConflict', field: 'Cidr' })
    await fails({ NetmaskLength: 16 }, { ...invalid, problem: 'The allocation size is too big for the pool.' })
    await fails({ NetmaskLength: 33 }, invalid)
    await fails({ Cidr: '10.0.9.0/24', NetmaskLength: 24 }, { code: 'InvalidParameterCombination' })
    await fails({ Cidr: '10.0.9.0/24', AllowedCidrs: ['10.0.0.0/16'] }, { code: 'InvalidParameterCombination' })
    await fails({ Cidr: '10.0.9.0/24', DisallowedCidrs: ['10.0.0.0/16'] }, { code: 'InvalidParameterCombination' })
    await fails({ NetmaskLength: 24, AllowedCidrs: ['x'] }, { ...invalid, field: 'AllowedCidr.1' })
    await fails({ NetmaskLength: 24, DisallowedCidrs: ['fd80::/48'] }, { ...invalid, field: 'DisallowedCidr' })
    await fails({ NetmaskLength: 24, TagSpecifications: [{ ResourceType: 'vpc' }] }, invalid)
    await fails({ NetmaskLength: 24, DryRun: true }, { code: 'DryRunSucceeded' })
    assert.equal((await list({ IpamPoolId: pool })).length, 1)
  })

  test('stays within what is allowed and out of what is not', async () => {
    const pool = await make('10.0.0.0/16')
    const AllowedCidrs = ['10.0.64.0/18', '10.0.16.0/24']
    assert.equal((await allocate(pool, { NetmaskLength: 24, AllowedCidrs })).Cidr, '10.0.16.0/24')
    assert.equal((await allocate(pool, { NetmaskLength: 24, AllowedCidrs })).Cidr, '10.0.64.0/24')
    const DisallowedCidrs = ['10.0.0.0/20', '10.0.17.128/25']
    assert.equal((await allocate(pool, { NetmaskLength: 24, DisallowedCidrs })).Cidr, '10.0.18.0/24')
    const nowhere = { NetmaskLength: 24, AllowedCidrs: ['10.0.16.0/24'] }
    await refuses(allocate(pool, nowhere), { code: 'InvalidParameterValue' })
  })

  test('is only shown by a preview, which reserves nothing', async () => {
    const pool = await make('10.0.0.0/16')
    for (let times = 0; times < 2; times++) {
      assert.deepEqual(await allocate(pool, { NetmaskLength: 24, PreviewNextCidr: true }), { Cidr: '10.0.0.0/24' })
    }
    const other = { NetmaskLength: 24, PreviewNextCidr: true, DisallowedCidrs: ['10.0.0.0/17'] }
    assert.deepEqual(await allocate(pool, other), { Cidr: '10.0.128.0/24' })
    await refuses(allocate(pool, { NetmaskLength: 8, PreviewNextCidr: true }), { code: 'InvalidParameterValue' })
    assert.deepEqual(await list({ IpamPoolId: pool }), [])
  })

  test('is made once for one token', async () => {
    const pool = await make('10.0.0.0/16')
    const first = await allocate(pool, { NetmaskLength: 24, ClientToken: 'allocation' })
    const again = await allocate(pool, { NetmaskLength: 24, ClientToken: 'allocation' })
    assert.equal(again.IpamPoolAllocationId, first.IpamPoolAllocationId)
    await refuses(allocate(pool, { NetmaskLength: 25, ClientToken: 'allocation' }), { code: 'IdempotencyMismatch' })
    assert.equal((await list({ IpamPoolId: pool })).length, 1)
  })

  test('is taken in the pool’s locale, and from a pool without one in the home Region', async () => {
    const abroad = await make('10.0.0.0/16', { Locale: 'eu-central-1' })
    await refuses(allocate(abroad, { NetmaskLength: 24 }), { code: 'InvalidParameterValue', field: 'IpamPoolId' })
    const there = await allocate(abroad, { NetmaskLength: 24 }, { account: network, region: 'eu-central-1' })
    assert.equal(there.ResourceRegion, 'eu-central-1')
    const nowhere = await make('10.0.0.0/16', { Locale: 'None' })
    assert.equal((await allocate(nowhere, { NetmaskLength: 24 })).Cidr, '10.0.0.0/24')
    await refuses(allocate(nowhere, { NetmaskLength: 24 }, { account: network, region: 'eu-central-1' }), {
      code: 'NotFound',
    })
  })

  test('can be of IPv6', async () => {
    const pool = await make('fd80::/32')
    assert.equal((await allocate(pool, { NetmaskLength: 56 })).Cidr, 'fd80::/56')
    assert.equal((await allocate(pool, { Cidr: 'fd80:0:8000::/33' })).Cidr, 'fd80:0:8000::/33')
  })

  test('is denied where a policy speaks of custom allocations and does not list the pool', async () => {
    const [listed, other] = [await make('10.0.0.0/16', shared(lab)), await make('10.0.0.0/16', shared(lab))]
    const policy = await acme.policy()
    await acme.rules(policy, [listed], { type: 'custom' })
    await acme.enable(policy, lab)
    assert.equal((await allocate(listed, { NetmaskLength: 24 }, { account: lab })).Cidr, '10.0.0.0/24')
    await refuses(allocate(other, { NetmaskLength: 24 }, { account: lab }), { code: 'DeniedByPolicy' })
    await refuses(allocate(other, { NetmaskLength: 24, PreviewNextCidr: true }, { account: lab }), {
      code: 'DeniedByPolicy',
    })
    const disable = { IpamPolicyId: policy, OrganizationTargetId: lab }
    await acme.call('DisableIpamPolicy', disable, asNetwork)
  })
})

describe('a release', () => {
  test('frees the block and takes its tags along', async () => {
    const pool = await make('10.0.0.0/16')
    const one = await allocate(pool, {
      NetmaskLength: 24,
      TagSpecifications: [{ ResourceType: 'ipam-pool-allocation', Tags: tagsOf({ a: 'b' }) }],
    })
    assert.deepEqual(await release(pool, one), { Success: true })
    const tagged = await acme.store.read((tx) => tx.tags.of(one.IpamPoolAllocationId!))
    assert.deepEqual(tagged, [])
    const gone = { code: 'NotFound', what: 'ipam-pool-allocation', id: one.IpamPoolAllocationId } as const
    await refuses(release(pool, one), gone)
    await refuses(list({ IpamPoolId: pool, IpamPoolAllocationId: one.IpamPoolAllocationId }), gone)
    assert.equal((await allocate(pool, { NetmaskLength: 24 })).Cidr, '10.0.0.0/24')
  })

  test('names the allocation’s own block, in its own pool, and one made by hand', async () => {
    const [pool, other] = [await make('10.0.0.0/16'), await make('10.0.0.0/16')]
    const one = await allocate(pool, { NetmaskLength: 24 })
    const fails = (change: IpamPoolAllocation, refusal: Parameters<typeof refuses>[1], at = pool) =>
      refuses(release(at, { ...one, ...change }), refusal)
    await fails({ Cidr: '10.0.0.0/25' }, { code: 'InvalidParameterValue', field: 'Cidr' })
    await fails({ Cidr: 'lemon' }, { code: 'InvalidParameterValue', field: 'Cidr' })
    await fails({ IpamPoolAllocationId: absent }, { code: 'NotFound' })
    await fails({ IpamPoolAllocationId: 'eipalloc-1' }, { code: 'MalformedId' })
    await fails({}, { code: 'NotFound', what: 'ipam-pool-allocation' }, other)
    const vpc = await acme.call('CreateVpc', { Ipv4IpamPoolId: pool, Ipv4NetmaskLength: 24 }, asNetwork)
    const held = (await list({ IpamPoolId: pool })).find(({ ResourceType }) => ResourceType === 'vpc')!
    assert.equal(held.ResourceId, vpc.Vpc!.VpcId)
    await refuses(release(pool, held), { code: 'InvalidParameterValue', field: 'IpamPoolAllocationId' })
  })

  test('I6 leaves the block to rest as long as the pool says', async () => {
    const tags = tagsOf({ 'cadastre:quarantine-seconds': '60' })
    const pool = await make('10.0.0.0/16', { TagSpecifications: [{ ResourceType: 'ipam-pool', Tags: tags }] })
    await release(pool, await allocate(pool, { NetmaskLength: 17 }))
    assert.equal((await allocate(pool, { NetmaskLength: 17 })).Cidr, '10.0.128.0/17')
    await refuses(allocate(pool, { NetmaskLength: 17 }), { code: 'InvalidParameterValue' })
    acme.advance(60_001)
    assert.deepEqual(await allocate(pool, { NetmaskLength: 17, PreviewNextCidr: true }), { Cidr: '10.0.0.0/17' })
    assert.equal((await allocate(pool, { NetmaskLength: 17 })).Cidr, '10.0.0.0/17')
  })
})

describe('a shared pool', () => {
  let pool: string
  let ofShop: IpamPoolAllocation
  let ofLab: IpamPoolAllocation
  const tags = [{ ResourceType: 'ipam-pool-allocation' as const, Tags: tagsOf({ a: 'b' }) }]
  before(async () => {
    pool = await make('10.0.0.0/16', shared(shop, lab))
    ofShop = await allocate(pool, { NetmaskLength: 24, TagSpecifications: tags }, { account: shop })
    ofLab = await allocate(pool, { NetmaskLength: 24, TagSpecifications: tags }, { account: lab })
  })

  test('shows its owner all its allocations, and those with whom it is shared their own', async () => {
    const seen = async (account: string, params = {}) =>
      (await list({ IpamPoolId: pool, ...params }, { account })).map(({ ResourceOwner, Tags }) => [
        ResourceOwner,
        Tags!.length,
      ])
    assert.deepEqual(await seen(network), [
      [shop, 1],
      [lab, 1],
    ])
    assert.deepEqual(await seen(shop), [[shop, 1]])
    const { IpamPoolAllocationId = '' } = ofShop
    assert.deepEqual(await seen(shop, { IpamPoolAllocationId }), [[shop, 1]])
    const ofOthers = { IpamPoolId: pool, IpamPoolAllocationId: ofLab.IpamPoolAllocationId! }
    await refuses(list(ofOthers, { account: shop }), { code: 'NotFound', what: 'ipam-pool-allocation' })
    await refuses(list({ IpamPoolId: pool }, { account: stranger }), { code: 'NotFound', what: 'ipam-pool' })
  })

  test('shows those with whom it is shared their own in pages, whatever they and others hold elsewhere', async () => {
    const [one, other] = [await make('10.0.0.0/16', shared(lab)), await make('10.0.0.0/16', shared(lab))]
    const mine: string[] = []
    for (let n = 0; n < 7; n++) {
      mine.push((await allocate(one, { NetmaskLength: 28 }, { account: lab })).IpamPoolAllocationId!)
      await allocate(one, { NetmaskLength: 28 })
      await allocate(other, { NetmaskLength: 28 }, { account: lab })
    }
    const seen: string[] = []
    let token: string | undefined
    do {
      const input = { IpamPoolId: one, MaxResults: 1_000, NextToken: token }
      const page = await acme.call('GetIpamPoolAllocations', input, { account: lab })
      seen.push(...page.IpamPoolAllocations!.map(({ IpamPoolAllocationId }) => IpamPoolAllocationId!))
      token = page.NextToken
    } while (token !== undefined)
    assert.deepEqual(seen, mine)
  })

  test('I8 has allocations that their holders and its owner release, and nobody else', async () => {
    await refuses(release(pool, ofLab, { account: shop }), { code: 'NotFound', what: 'ipam-pool-allocation' })
    await refuses(release(pool, ofLab, { account: stranger }), { code: 'NotFound', what: 'ipam-pool' })
    await release(pool, ofShop, { account: shop })
    await release(pool, ofLab)
    assert.deepEqual(await list({ IpamPoolId: pool }), [])
  })

  test('that is shared no more has allocations that their holders still release', async () => {
    const other = await make('10.0.0.0/16', shared(shop))
    const allocation = await allocate(other, { NetmaskLength: 28 }, { account: shop })
    await acme.call('DeleteTags', { Resources: [other], Tags: [{ Key: 'cadastre:shared-with' }] }, asNetwork)
    await refuses(list({ IpamPoolId: other }, { account: shop }), { code: 'NotShared', account: shop, owner: network })
    await release(other, allocation, { account: shop })
    assert.deepEqual(await list({ IpamPoolId: other }), [])
  })
})

describe('one’s own allocations', () => {
  let pool: string
  let made: IpamPoolAllocation[]
  before(async () => {
    pool = await acme.pool()
    const tag = { Resources: [pool], Tags: tagsOf({ 'cadastre:shared-with': shop }) }
    await acme.call('CreateTags', tag, asNetwork)
    const hand = await make('10.0.0.0/16', shared(shop))
    made = [
      await allocate(hand, { NetmaskLength: 24, Description: 'one' }, { account: shop }),
      await allocate(hand, { NetmaskLength: 26 }, { account: shop }),
    ]
  })

  test('are described across pools, in order of creation, without those of others or of the provider', async () => {
    const { AllocationId } = await acme.call('AllocateAddress', { IpamPoolId: pool }, { account: shop })
    await acme.call('AllocateAddress', {}, { account: shop })
    const seen = await own({ account: shop })
    assert.deepEqual(
      seen.map(({ ResourceType, ResourceOwner, ResourceId }) => [ResourceType, ResourceOwner, ResourceId]),
      [
        ['custom', shop, undefined],
        ['custom', shop, undefined],
        ['eip', shop, AllocationId],
      ],
    )
    assert.deepEqual(await own({ account: shop, region: 'eu-central-1' }), [])
    assert.deepEqual(await own({ account: stranger }), [])
  })

  test('are found by id and through every filter', async () => {
    const [one] = made as [IpamPoolAllocation]
    const IpamPoolAllocationIds = [one.IpamPoolAllocationId!]
    assert.deepEqual(await own({ account: shop }, { IpamPoolAllocationIds }), [one])
    await refuses(own({ account: shop }, { IpamPoolAllocationIds, MaxResults: 1000 }), {
      code: 'InvalidParameterCombination',
    })
    for (const [account, id] of [
      [lab, IpamPoolAllocationIds[0]!],
      [shop, absent],
    ] as const) {
      const refusal = { code: 'NotFound', what: 'ipam-pool-allocation', id } as const
      await refuses(own({ account }, { IpamPoolAllocationIds: [id] }), refusal)
      await refuses(acme.call('ModifyIpamPoolAllocation', { IpamPoolAllocationId: id }, { account }), refusal)
    }
    const create = { Resources: IpamPoolAllocationIds, Tags: tagsOf({ floor: '3' }) }
    await acme.call('CreateTags', create, { account: shop })
    const filters: Record<string, string> = {
      cidr: one.Cidr!,
      'ipam-pool-allocation-id': one.IpamPoolAllocationId!,
      description: 'o?e',
      'resource-type': 'custom',
      'resource-region': 'us-east-1',
      'resource-owner': shop,
      'tag:floor': '3',
    }
    for (const [Name, value] of Object.entries(filters)) {
      const found = async (text: string) => own({ account: shop }, { Filters: [{ Name, Values: [text] }] })
      assert.equal((await found(value))[0]!.Cidr, one.Cidr, Name)
      assert.deepEqual(await found('no such'), [], Name)
    }
    const byResource = { Filters: [{ Name: 'resource-id', Values: ['eipalloc-*'] }] }
    assert.equal((await own({ account: shop }, byResource)).length, 1)
    await refuses(own({ account: shop }, { Filters: [{ Name: 'colour', Values: ['red'] }] }), { code: 'InvalidFilter' })
  })

  test('can be described anew, and the description taken away', async () => {
    const IpamPoolAllocationId = made[1]!.IpamPoolAllocationId!
    const modify = async (Description?: string) =>
      (await acme.call('ModifyIpamPoolAllocation', { IpamPoolAllocationId, Description }, { account: shop }))
        .IpamPoolAllocation!.Description
    const shown = async () =>
      (await own({ account: shop }, { IpamPoolAllocationIds: [IpamPoolAllocationId] }))[0]!.Description
    assert.equal(await modify('lift'), 'lift')
    assert.equal(await shown(), 'lift')
    assert.equal(await modify(), undefined)
    assert.equal(await shown(), undefined)
  })
})

test('pages hold what was asked for, in order, and nothing is missed or shown twice', async (t) => {
  const pool = await make('10.0.0.0/16', { AllocationDefaultNetmaskLength: 28 })
  const n = (await acme.store.read((tx) => tx.pools.find(pool)))!.n
  await acme.store.write(async (tx) => {
    for (let more = 0; more < 2_345; more++) {
      const cidr = (await tx.space.take(n, 4, { length: 28 }))!
      const holder = { resourceType: 'custom', resourceId: undefined, account: network, region: 'us-east-1' }
      const rest = { description: more % 100 === 0 ? 'round' : undefined, decision: undefined, createdAt: tx.now }
      await tx.space.record({ n: tx.nextSequence(), pool: n, cidr, ...holder, ...rest })
    }
  })
  type Page = Awaited<ReturnType<typeof read>>
  const read = async (NextToken: string | undefined) =>
    acme.call('GetIpamPoolAllocations', { IpamPoolId: pool, MaxResults: 1000, NextToken }, asNetwork)
  const sizes: number[] = []
  const seen: string[] = []
  for (let page: Page = await read(undefined); ; page = await read(page.NextToken)) {
    sizes.push(page.IpamPoolAllocations!.length)
    seen.push(...page.IpamPoolAllocations!.map(({ Cidr }) => Cidr!))
    if (page.NextToken === undefined) break
  }
  assert.deepEqual(sizes, [1000, 1000, 345])
  assert.equal(new Set(seen).size, 2_345)
  assert.equal(seen[1], '10.0.0.16/28')
  assert.equal(seen.at(-1), '10.0.146.128/28')
  assert.equal((await list({ IpamPoolId: pool })).length, 1000)
  const round = { IpamPoolId: pool, Filters: [{ Name: 'description', Values: ['round'] }] }
  const turns = t.mock.method(globalThis, 'setImmediate')
  assert.equal((await list(round)).length, 24)
  assert(turns.mock.callCount() >= 11, `others had ${turns.mock.callCount()} turns while 2,345 rows were read`)
  turns.mock.restore()
  // All of it would be one transaction.
  await refuses(acme.call('DeleteIpamPool', { IpamPoolId: pool, Cascade: true }, asNetwork), {
    code: 'DependencyViolation',
    problem: `There are 2345 allocations in it and the pools below it, and one request ends at most 1000; release some of them first, or delete the pools below one by one`,
  })
  assert.equal((await list(round)).length, 24)
  const before = await own(asNetwork, { MaxResults: 1000 })
  assert.equal(before.length, 1000)
  const first = await acme.call('DescribeIpamPoolAllocations', { MaxResults: 1000 }, asNetwork)
  const params = { MaxResults: 1000, NextToken: first.NextToken }
  const second = await acme.call('DescribeIpamPoolAllocations', params, asNetwork)
  const ids = [...first.IpamPoolAllocations!, ...second.IpamPoolAllocations!].map((one) => one.IpamPoolAllocationId!)
  assert.deepEqual(ids, [...new Set(ids)].sort())
  for (const NextToken of ['x', Buffer.from('1:zz').toString('base64url')]) {
    await refuses(list({ IpamPoolId: pool, NextToken }), { code: 'InvalidPaginationToken' })
    await refuses(own(asNetwork, { NextToken }), { code: 'InvalidPaginationToken' })
  }
})
