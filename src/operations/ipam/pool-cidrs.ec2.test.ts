// CIDRs of pools: provisioned from scopes, parents and Amazon, and taken away again; what cannot be fails as in EC2.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input } from '#formats/aws/ec2.generated.ts'
import { finishDeprovisions } from '#jobs/deprovisioning.ts'
import { lookAt } from '#jobs/job.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { type Acme, asNetwork, network, openAcme, shop, tagsOf } from '../../../test/acme.ts'
import { refuses } from '../../../test/organization.ts'
import { openWorld, workplaceOf } from '../../../test/world.ts'

type Params = Partial<Ec2Input['CreateIpamPool']>
type Provision = Omit<Ec2Input['ProvisionIpamPoolCidr'], 'IpamPoolId'>

let acme: Acme
before(async () => {
  acme = await openAcme()
})
after(async () => {
  assert.deepEqual((await checkSpace(acme.store)).problems, [])
  await acme.close()
})

const make = async (params: Params = {}): Promise<string> => {
  const input = { IpamScopeId: acme.privateScope, AddressFamily: 'ipv4', ...params } as const
  return (await acme.call('CreateIpamPool', input, asNetwork)).IpamPool!.IpamPoolId!
}
const provision = async (IpamPoolId: string, input: Provision) =>
  (await acme.call('ProvisionIpamPoolCidr', { IpamPoolId, ...input }, asNetwork)).IpamPoolCidr!
const deprovision = async (IpamPoolId: string, Cidr?: string) =>
  (await acme.call('DeprovisionIpamPoolCidr', { IpamPoolId, Cidr }, asNetwork)).IpamPoolCidr!
const cidrs = async (IpamPoolId: string) =>
  (await acme.call('GetIpamPoolCidrs', { IpamPoolId }, asNetwork)).IpamPoolCidrs!
const allocations = async (IpamPoolId: string) =>
  (await acme.call('GetIpamPoolAllocations', { IpamPoolId }, asNetwork)).IpamPoolAllocations!
const scope = async () => (await acme.call('CreateIpamScope', { IpamId: acme.ipam }, asNetwork)).IpamScope!.IpamScopeId!

describe('a top-level pool', () => {
  test('I1 holds what no other pool of the scope holds; what overlaps fails after the answer', async () => {
    const [one, two] = [await make(), await make()]
    assert.partialDeepStrictEqual(await provision(one, { Cidr: '10.0.0.0/9' }), {
      Cidr: '10.0.0.0/9',
      State: 'pending-provision',
    })
    for (const Cidr of ['10.0.0.0/8', '10.0.0.0/9', '10.127.0.0/16']) {
      assert.equal((await provision(two, { Cidr })).State, 'pending-provision')
    }
    await provision(two, { Cidr: '10.128.0.0/9' })
    const failed = {
      State: 'failed-provision',
      FailureReason: {
        Code: 'cidr-not-available',
        Message: `The CIDR overlaps 10.0.0.0/9 of the pool ${one} in the same scope.`,
      },
    }
    assert.partialDeepStrictEqual(await cidrs(two), [
      { Cidr: '10.0.0.0/8', ...failed },
      { Cidr: '10.0.0.0/9', ...failed },
      { Cidr: '10.127.0.0/16', ...failed },
      { Cidr: '10.128.0.0/9', State: 'provisioned', NetmaskLength: 9 },
    ])
    const other = await make({ IpamScopeId: await scope() })
    await provision(other, { Cidr: '10.0.0.0/8' })
    assert.equal((await cidrs(other))[0]!.State, 'provisioned')

    await deprovision(one, '10.0.0.0/9')
    await provision(two, { Cidr: '10.0.0.0/9' })
    assert.equal((await cidrs(two)).find(({ Cidr }) => Cidr === '10.0.0.0/9')!.State, 'provisioned')
    for (const Cidr of ['10.0.0.0/8', '10.0.0.0/9', '10.127.0.0/16', '10.128.0.0/9']) await deprovision(two, Cidr)
    assert.deepEqual(await cidrs(two), [])
  })

  test('takes a CIDR, well-formed and of its family, or a length, but not both', async () => {
    const id = await make()
    for (const Cidr of ['lemon', '10.0.0.1/8', '10.0.0.0/33', '10.0.0.0', '2001:db8::/32', '']) {
      await refuses(provision(id, { Cidr }), { code: 'InvalidParameterValue', field: 'Cidr', value: Cidr })
    }
    await refuses(provision(id, {}), { code: 'InvalidParameterCombination' })
    await refuses(provision(id, { Cidr: '10.0.0.0/8', NetmaskLength: 8 }), { code: 'InvalidParameterCombination' })
    await refuses(provision(id, { NetmaskLength: 33 }), { code: 'InvalidParameterValue', field: 'NetmaskLength' })
    await refuses(provision(id, { NetmaskLength: 8 }), { code: 'InvalidParameterCombination' })
    await refuses(provision(id, { Cidr: '10.0.0.0/8', DryRun: true }), { code: 'DryRunSucceeded' })
    assert.deepEqual(await cidrs(id), [])
  })

  test('of private IPv6 holds unique local space, also by its length, and global space where the IPAM allows it', async () => {
    const id = await make({ AddressFamily: 'ipv6', IpamScopeId: await scope() })
    const fails = (Cidr: string) => refuses(provision(id, { Cidr }), { code: 'InvalidParameterValue', field: 'Cidr' })
    for (const Cidr of ['fd00:1::/32', 'fc00::/16', 'fe80::/10', '2600:9000::/32']) await fails(Cidr)
    await provision(id, { Cidr: 'fd80::/48' })
    await provision(id, { NetmaskLength: 48 })
    await provision(id, { NetmaskLength: 32 })
    assert.deepEqual(
      (await cidrs(id)).map(({ Cidr }) => Cidr),
      ['fd80::/48', 'fd80:0:1::/48', 'fd80:1::/32'],
    )
    await refuses(provision(id, { NetmaskLength: 64 }), { code: 'InvalidParameterValue', field: 'NetmaskLength' })
    await refuses(provision(id, { NetmaskLength: 9 }), { code: 'InvalidParameterValue', field: 'NetmaskLength' })
    await acme.call('ModifyIpam', { IpamId: acme.ipam, EnablePrivateGua: true }, asNetwork)
    await provision(id, { Cidr: '2600:9000::/32' })
    for (const { Cidr } of await cidrs(id)) await deprovision(id, Cidr)
    await acme.call('ModifyIpam', { IpamId: acme.ipam, EnablePrivateGua: false }, asNetwork)
  })

  test('of public space holds none that the provider hands out', async () => {
    const id = await make({ IpamScopeId: acme.publicScope })
    const refusal = { code: 'InvalidParameterValue', field: 'Cidr' } as const
    await refuses(provision(id, { Cidr: '198.18.7.0/24' }), refusal)
    const amazon = await make({ IpamScopeId: acme.publicScope, PublicIpSource: 'amazon', Locale: 'us-east-1' })
    await provision(amazon, { NetmaskLength: 28 })
    await refuses(provision(id, { Cidr: '198.18.7.0/24' }), refusal)
    await provision(id, { Cidr: '203.0.113.0/24' })
  })

  test('holds no space that has another purpose, whatever the scope', async () => {
    const publicPool = await make({ IpamScopeId: acme.publicScope, Locale: 'us-east-1', AwsService: 'ec2' })
    const cannot = ['224.0.0.0/24', '127.0.0.0/16', '10.0.0.0/16', '0.0.0.0/8', '169.254.0.0/16', '240.0.0.0/8']
    for (const Cidr of [...cannot, '100.64.0.0/24', '192.168.0.0/24', '8.0.0.0/5']) {
      await refuses(provision(publicPool, { Cidr }), { code: 'InvalidParameterValue', field: 'Cidr', value: Cidr })
    }
    const privatePool = await make()
    for (const Cidr of ['0.0.0.0/0', '127.0.0.0/24', '169.254.0.0/24', '239.0.0.0/8', '255.255.255.255/32']) {
      await refuses(provision(privatePool, { Cidr }), { code: 'InvalidParameterValue', field: 'Cidr', value: Cidr })
    }
    const publicIpv6 = await make({
      IpamScopeId: acme.publicScope,
      AddressFamily: 'ipv6',
      Locale: 'us-east-1',
      PubliclyAdvertisable: false,
    })
    for (const Cidr of ['2002:a00::/24', '2001::/32', 'fe80::/64', 'ff0e::/48']) {
      await refuses(provision(publicIpv6, { Cidr }), { code: 'InvalidParameterValue', field: 'Cidr', value: Cidr })
    }
    assert.deepEqual([await cidrs(publicPool), await cidrs(privatePool), await cidrs(publicIpv6)], [[], [], []])
  })

  test('takes no block of IPv4-mapped IPv6 for one of IPv4, and names the one that was probably meant', async () => {
    for (const AddressFamily of ['ipv4', 'ipv6'] as const) {
      const pool = await make({ AddressFamily })
      for (const Cidr of ['::ffff:10.0.0.0/104', '::ffff:a00:0/112']) {
        const refusal = await refuses(provision(pool, { Cidr }), { code: 'InvalidParameterValue', field: 'Cidr' })
        assert.match((refusal as { problem: string }).problem, /IPv4-mapped IPv6; the IPv4 block `10\.0\.0\.0\/(8|16)`/)
      }
    }
  })

  test('is provisioned once for one token', async () => {
    const id = await make({ IpamScopeId: await scope() })
    const first = await provision(id, { Cidr: '10.0.0.0/8', ClientToken: 'cidr' })
    assert.deepEqual(await provision(id, { Cidr: '10.0.0.0/8', ClientToken: 'cidr' }), {
      Cidr: first.Cidr,
      State: first.State,
      IpamPoolCidrId: first.IpamPoolCidrId,
    })
    await refuses(provision(id, { Cidr: '11.0.0.0/8', ClientToken: 'cidr' }), { code: 'IdempotencyMismatch' })
    assert.equal((await cidrs(id)).length, 1)
  })
})

describe('a pool under another', () => {
  let top: string
  let child: string
  before(async () => {
    top = await make({ IpamScopeId: await scope() })
    const { IpamPools } = await acme.call('DescribeIpamPools', { IpamPoolIds: [top] }, asNetwork)
    const IpamScopeId = IpamPools![0]!.IpamScopeArn!.split('/')[1]!
    child = await make({ IpamScopeId, SourceIpamPoolId: top })
    await provision(top, { Cidr: '10.0.0.0/16' })
  })

  test('I9 holds an allocation of its parent, block for block, and gives it back', async () => {
    await provision(child, { NetmaskLength: 20 })
    await provision(child, { Cidr: '10.0.128.0/20' })
    assert.deepEqual(
      (await cidrs(child)).map(({ Cidr }) => Cidr),
      ['10.0.0.0/20', '10.0.128.0/20'],
    )
    const held = await allocations(top)
    assert.deepEqual(
      held.map(({ Cidr, ResourceType, ResourceId, ResourceOwner }) => [Cidr, ResourceType, ResourceId, ResourceOwner]),
      ['10.0.0.0/20', '10.0.128.0/20'].map((cidr) => [cidr, 'ipam-pool', child, network]),
    )
    const { IpamPoolAllocationId = '', Cidr = '' } = held[0]!
    const release = { IpamPoolId: top, IpamPoolAllocationId, Cidr }
    await refuses(acme.call('ReleaseIpamPoolAllocation', release, asNetwork), {
      code: 'InvalidParameterValue',
      field: 'IpamPoolAllocationId',
    })
    await deprovision(child, '10.0.0.0/20')
    assert.equal((await allocations(top)).length, 1)
    await deprovision(child, '10.0.128.0/20')
    assert.deepEqual(await allocations(top), [])
  })

  test('fails after the answer where the parent has no such space, and is refused a length it has no room for', async () => {
    await acme.call('AllocateIpamPoolCidr', { IpamPoolId: top, Cidr: '10.0.0.0/24' }, asNetwork)
    await provision(child, { Cidr: '10.0.0.0/17' })
    await provision(child, { Cidr: '10.1.0.0/24' })
    assert.deepEqual(
      (await cidrs(child)).map(({ State, FailureReason }) => [State, FailureReason!.Message]),
      [
        ['failed-provision', `The CIDR is allocated from the source pool ${top}, in whole or in part.`],
        ['failed-provision', `The CIDR is not inside the provisioned CIDRs of the source pool ${top}.`],
      ],
    )
    await refuses(provision(child, { NetmaskLength: 16 }), {
      code: 'InvalidParameterValue',
      problem: 'The allocation size is too big for the pool.',
    })
    for (const Cidr of ['10.0.0.0/17', '10.1.0.0/24']) await deprovision(child, Cidr)
  })

  test('keeps its parent from giving up the space', async () => {
    await provision(child, { Cidr: '10.0.64.0/20' })
    assert.equal((await deprovision(top, '10.0.0.0/16')).State, 'pending-deprovision')
    assert.equal((await cidrs(top))[0]!.State, 'failed-deprovision')
    await deprovision(child, '10.0.64.0/20')
  })
})

describe('a pool of Amazon’s addresses', () => {
  test('is provisioned by length from the provider’s range', async () => {
    const params = { IpamScopeId: acme.publicScope, PublicIpSource: 'amazon', Locale: 'us-east-1' } as const
    for (const [family, lengths, range] of [
      ['ipv4', [28, 30], /^198\.18\./],
      ['ipv6', [40, 52], /^2001:db8/],
    ] as const) {
      const id = await make({ ...params, AddressFamily: family })
      for (const NetmaskLength of lengths) {
        const answer = await provision(id, { NetmaskLength })
        assert.equal(answer.Cidr, undefined)
        assert.equal(answer.NetmaskLength, NetmaskLength)
      }
      const got = await cidrs(id)
      assert.deepEqual(new Set(got.map(({ NetmaskLength }) => NetmaskLength)), new Set(lengths))
      for (const { Cidr } of got) assert.match(Cidr!, range)
      const fails = (input: Provision, code: 'InvalidParameterValue' | 'InvalidParameterCombination') =>
        refuses(provision(id, input), { code })
      await fails({ NetmaskLength: lengths[0] - 1 }, 'InvalidParameterValue')
      await fails({ NetmaskLength: lengths[1] + 1 }, 'InvalidParameterValue')
      await fails({ Cidr: got[0]!.Cidr }, 'InvalidParameterCombination')
      for (const { Cidr } of got) await deprovision(id, Cidr)
      assert.deepEqual(await cidrs(id), [])
    }
  })
})

describe('a CIDR that is taken away', () => {
  test('is named exactly, and is there', async () => {
    const id = await make({ IpamScopeId: await scope() })
    await provision(id, { Cidr: '10.0.0.0/8' })
    for (const Cidr of ['10.0.0.0/9', '11.0.0.0/8', '10.0.0.0/7']) {
      const problem = `The CIDR ${Cidr} is in an invalid state.`
      await refuses(deprovision(id, Cidr), { code: 'IncorrectState', what: 'ipam-pool', id, problem })
    }
    await refuses(deprovision(id), { code: 'MissingParameter', field: 'Cidr' })
    await refuses(deprovision(id, '10.0.0.1/8'), { code: 'InvalidParameterValue', field: 'Cidr' })
    assert.equal((await deprovision(id, '10.0.0.0/8')).State, 'pending-deprovision')
    await refuses(deprovision(id, '10.0.0.0/8'), { code: 'IncorrectState' })
  })

  test('stays, and says so, while there are allocations in it', async () => {
    const id = await make({ IpamScopeId: await scope() })
    await provision(id, { Cidr: '10.0.0.0/8' })
    const { IpamPoolAllocation } = await acme.call(
      'AllocateIpamPoolCidr',
      { IpamPoolId: id, NetmaskLength: 24 },
      asNetwork,
    )
    await deprovision(id, '10.0.0.0/8')
    assert.partialDeepStrictEqual(await cidrs(id), [
      {
        State: 'failed-deprovision',
        FailureReason: { Code: 'cidr-not-available', Message: 'The CIDR has one or more allocations.' },
      },
    ])
    const { IpamPoolAllocationId = '', Cidr = '' } = IpamPoolAllocation!
    await acme.call('ReleaseIpamPoolAllocation', { IpamPoolId: id, IpamPoolAllocationId, Cidr }, asNetwork)
    await deprovision(id, '10.0.0.0/8')
    assert.deepEqual(await cidrs(id), [])
  })

  describe('while released space in it rests', () => {
    /** A pool below another, with one CIDR of which a /24 was released and rests for a minute. */
    async function release(): Promise<{ readonly top: string; readonly id: string; readonly rested: string }> {
      const IpamScopeId = await scope()
      const top = await make({ IpamScopeId })
      await provision(top, { Cidr: '10.0.0.0/8' })
      const Tags = tagsOf({ 'cadastre:quarantine-seconds': '60' })
      const TagSpecifications = [{ ResourceType: 'ipam-pool' as const, Tags }]
      const id = await make({ IpamScopeId, SourceIpamPoolId: top, TagSpecifications })
      await provision(id, { Cidr: '10.0.0.0/16' })
      return { top, id, rested: await takeAndRelease(id) }
    }
    async function takeAndRelease(id: string): Promise<string> {
      const params = { IpamPoolId: id, NetmaskLength: 24 }
      const { IpamPoolAllocation } = await acme.call('AllocateIpamPoolCidr', params, asNetwork)
      const { IpamPoolAllocationId = '', Cidr = '' } = IpamPoolAllocation!
      await acme.call('ReleaseIpamPoolAllocation', { IpamPoolId: id, IpamPoolAllocationId, Cidr }, asNetwork)
      return Cidr
    }
    const take = (IpamPoolId: string, params: object) =>
      acme.call('AllocateIpamPoolCidr', { IpamPoolId, ...params }, asNetwork)

    test('I6 is pending, gives nothing more, not even to who released it, and leaves when the last rest ends', async () => {
      const { top, id, rested } = await release()
      acme.advance(30_000)
      await takeAndRelease(id)
      for (let time = 0; time < 2; time++) {
        assert.partialDeepStrictEqual(await deprovision(id, '10.0.0.0/16'), { State: 'pending-deprovision' })
        assert.partialDeepStrictEqual(await cidrs(id), [{ Cidr: '10.0.0.0/16', State: 'pending-deprovision' }])
      }
      assert.equal((await cidrs(id))[0]!.FailureReason, undefined)
      for (const params of [
        { NetmaskLength: 28 },
        { Cidr: rested },
        { Cidr: '10.0.0.0/16' },
        { Cidr: '10.0.9.0/24' },
      ]) {
        await assert.rejects(take(id, params), JSON.stringify(params))
      }
      assert.deepEqual((await checkSpace(acme.store)).problems, [])
      // The first rest ends, and the second one goes on; nothing that sweeps takes the CIDR for free.
      acme.advance(59_999)
      await lookAt(finishDeprovisions, workplaceOf(acme.store))
      await acme.store.write((tx) => tx.resting.end(1_000))
      await assert.rejects(take(id, { NetmaskLength: 28 }))
      await refuses(provision(id, { Cidr: '10.0.0.0/16' }), { code: 'CidrConflict', field: 'Cidr' })
      await refuses(acme.call('DeleteIpamPool', { IpamPoolId: id }, asNetwork), { code: 'DependencyViolation' })
      await refuses(acme.call('DeleteIpamPool', { IpamPoolId: id, Cascade: true }, asNetwork), {
        code: 'DependencyViolation',
      })
      assert.equal((await allocations(top)).length, 1)
      acme.advance(1)
      assert.deepEqual(await cidrs(id), [])
      await assert.rejects(take(id, { NetmaskLength: 28 }))
      await lookAt(finishDeprovisions, workplaceOf(acme.store))
      assert.deepEqual(await allocations(top), [])
      assert.deepEqual((await checkSpace(acme.store)).problems, [])
      assert.equal((await take(top, { Cidr: '10.0.0.0/16' })).IpamPoolAllocation!.Cidr, '10.0.0.0/16')
    })

    test('is gone at the next look, without the job, for whoever provisions it or deletes the pool', async () => {
      const { id } = await release()
      await deprovision(id, '10.0.0.0/16')
      acme.advance(60_000)
      await provision(id, { Cidr: '10.0.0.0/16' })
      assert.equal((await cidrs(id))[0]!.State, 'provisioned')
      await takeAndRelease(id)
      await deprovision(id, '10.0.0.0/16')
      acme.advance(60_000)
      await acme.call('DeleteIpamPool', { IpamPoolId: id }, asNetwork)
      const { id: other } = await release()
      await deprovision(other, '10.0.0.0/16')
      acme.advance(60_000)
      await acme.call('DeleteIpamPool', { IpamPoolId: other, Cascade: true }, asNetwork)
      assert.deepEqual((await checkSpace(acme.store)).problems, [])
    })

    test('its history says when it was pending and when it left', async () => {
      const { id } = await release()
      const [{ IpamPoolCidrId } = {}] = await cidrs(id)
      await deprovision(id, '10.0.0.0/16')
      acme.advance(60_000)
      await lookAt(finishDeprovisions, workplaceOf(acme.store))
      const { versions, latest } = await acme.store.read(async ({ history }) => ({
        versions: await history.versions(IpamPoolCidrId!),
        latest: await history.latest(IpamPoolCidrId!),
      }))
      assert.deepEqual(
        versions.map(({ body }) => (JSON.parse(body) as { state: string }).state),
        ['provisioned', 'pending-deprovision'],
      )
      assert.equal(latest!.untilAt! - latest!.fromAt, 60_000)
    })
  })
})

test('a CIDR that the pool has is refused at once, without a row; a repeat and another attempt after a failure are not', async () => {
  const IpamScopeId = await scope()
  const [id, other] = [await make({ IpamScopeId }), await make({ IpamScopeId })]
  const made = await provision(id, { Cidr: '10.0.0.0/8', ClientToken: 'once' })
  const refusal = await refuses(provision(id, { Cidr: '10.0.0.0/8' }), { code: 'CidrConflict', field: 'Cidr' })
  assert.match('problem' in refusal ? refusal.problem! : '', new RegExp(`has it already \\(${made.IpamPoolCidrId}\\)`))
  await refuses(provision(id, { Cidr: '10.0.0.0/8', ClientToken: 'twice' }), { code: 'CidrConflict' })
  const repeated = await provision(id, { Cidr: '10.0.0.0/8', ClientToken: 'once' })
  assert.equal(repeated.IpamPoolCidrId, made.IpamPoolCidrId)
  assert.partialDeepStrictEqual(await cidrs(id), [{ IpamPoolCidrId: made.IpamPoolCidrId, State: 'provisioned' }])
  assert.equal((await cidrs(id)).length, 1)
  for (let time = 0; time < 2; time++) {
    await provision(other, { Cidr: '10.0.0.0/8' })
    assert.deepEqual(
      (await cidrs(other)).map(({ State }) => State),
      ['failed-provision'],
    )
  }
})

test('CIDRs of a pool are listed in address order, in pages, and through every filter', async () => {
  const id = await make({ IpamScopeId: await scope() })
  for (const Cidr of ['10.3.0.0/16', '10.0.0.0/16', '9.0.0.0/8', '10.1.0.0/16', '192.168.0.0/16', '172.16.0.0/12']) {
    await provision(id, { Cidr })
  }
  const order = ['9.0.0.0/8', '10.0.0.0/16', '10.1.0.0/16', '10.3.0.0/16', '172.16.0.0/12', '192.168.0.0/16']
  const first = await acme.call('GetIpamPoolCidrs', { IpamPoolId: id, MaxResults: 5 }, asNetwork)
  const { NextToken } = first
  const second = await acme.call('GetIpamPoolCidrs', { IpamPoolId: id, MaxResults: 5, NextToken }, asNetwork)
  assert.deepEqual(
    [...first.IpamPoolCidrs!, ...second.IpamPoolCidrs!].map(({ Cidr }) => Cidr),
    order,
  )
  assert.equal(second.NextToken, undefined)
  await provision(id, { Cidr: '10.0.0.0/8' })
  const filter = async (Name: string, value: string) => {
    const Filters = [{ Name, Values: [value] }]
    return (await acme.call('GetIpamPoolCidrs', { IpamPoolId: id, Filters }, asNetwork)).IpamPoolCidrs!.length
  }
  assert.equal(await filter('cidr', '10.*'), 4)
  assert.equal(await filter('state', 'provisioned'), 6)
  assert.equal(await filter('netmask-length', '16'), 4)
  assert.equal(await filter('ipam-pool-cidr-id', first.IpamPoolCidrs![0]!.IpamPoolCidrId!), 1)
  assert.equal(await filter('failure-reason-code', 'cidr-not-available'), 1)
  await refuses(filter('colour', 'red'), { code: 'InvalidFilter' })
})

test('where the server asks for proof, a public CIDR of one’s own needs its authorization context', async () => {
  const world = await openWorld({ requireCidrAuthorization: true })
  const { Ipam } = await world.call('CreateIpam', {})
  const pool = async (IpamScopeId: string) =>
    (await world.call('CreateIpamPool', { IpamScopeId, AddressFamily: 'ipv4' })).IpamPool!.IpamPoolId!
  const inPublic = await pool(Ipam!.PublicDefaultScopeId!)
  const bring = (input: Provision) =>
    world.call('ProvisionIpamPoolCidr', { IpamPoolId: inPublic, Cidr: '203.0.113.0/24', ...input })
  const refusal = await refuses(bring({}), { code: 'InvalidParameterCombination' })
  assert.match('problem' in refusal ? refusal.problem! : '', /^The request must contain a CIDR Auth/)
  const proof = { Message: '1|aws|1', Signature: 'signed' }
  await refuses(bring({ CidrAuthorizationContext: { Message: '1|aws|1' } }), { code: 'MissingParameter' })
  await refuses(bring({ CidrAuthorizationContext: { Signature: 'signed' } }), { code: 'MissingParameter' })
  const token = { IpamExternalResourceVerificationTokenId: 'ipam-ext-res-ver-token-1' }
  await refuses(bring({ CidrAuthorizationContext: proof, ...token }), { code: 'InvalidParameterCombination' })
  await refuses(bring(token), { code: 'NotSupported' })
  await refuses(bring({ VerificationMethod: 'dns-token' }), { code: 'NotSupported' })
  assert.equal((await bring({ CidrAuthorizationContext: proof })).IpamPoolCidr!.State, 'pending-provision')
  const inPrivate = await pool(Ipam!.PrivateDefaultScopeId!)
  await world.call('ProvisionIpamPoolCidr', { IpamPoolId: inPrivate, Cidr: '10.0.0.0/8' })
  await world.close()
})

test('I8 whom a pool is shared with is not told why a CIDR failed: that is about pools which they may not see', async () => {
  const hidden = await make()
  await provision(hidden, { Cidr: '172.20.0.0/16' })
  const tags = tagsOf({ 'cadastre:shared-with': shop })
  const shared = await make({ TagSpecifications: [{ ResourceType: 'ipam-pool', Tags: tags }], Locale: 'us-east-1' })
  await provision(shared, { Cidr: '172.20.128.0/20' })
  await provision(shared, { Cidr: '172.21.0.0/16' })
  await acme.call('AllocateIpamPoolCidr', { IpamPoolId: shared, Cidr: '172.21.7.0/24' }, asNetwork)
  await deprovision(shared, '172.21.0.0/16')
  const reasonsFor = async (account: string) =>
    (await acme.call('GetIpamPoolCidrs', { IpamPoolId: shared }, { account })).IpamPoolCidrs!.map(
      ({ Cidr, State, FailureReason }) => [Cidr, State, FailureReason],
    )
  const code = { Code: 'cidr-not-available' }
  const neutral = (state: string) => ({ ...code, Message: `The owner of the pool can see why the CIDR is ${state}.` })
  assert.deepEqual(await reasonsFor(shop), [
    ['172.20.128.0/20', 'failed-provision', neutral('failed-provision')],
    ['172.21.0.0/16', 'failed-deprovision', neutral('failed-deprovision')],
  ])
  const overlaps = `The CIDR overlaps 172.20.0.0/16 of the pool ${hidden} in the same scope.`
  assert.deepEqual(await reasonsFor(network), [
    ['172.20.128.0/20', 'failed-provision', { ...code, Message: overlaps }],
    ['172.21.0.0/16', 'failed-deprovision', { ...code, Message: 'The CIDR has one or more allocations.' }],
  ])
})
