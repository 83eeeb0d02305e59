// Pools that plan the inside of a VPC: they do not outlive it, and nothing of it is given twice.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseCidr } from '#model/cidr.ts'
import { Refused } from '#model/refusal.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { type Acme, asNetwork, lab, network, openAcme, shop } from '../../../test/acme.ts'
import { engineUnderTest } from '../../../test/engines.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { refuses } from '../../../test/organization.ts'
import { costOf } from '../../../test/statement-cost.ts'
import type { As } from '../../../test/world.ts'

let acme: Acme & Native
before(async () => {
  acme = await withNativeApi(await openAcme())
})
after(async () => {
  assert.deepEqual((await checkSpace(acme.store)).problems, [])
  await acme.close()
})

const asShop = { account: shop } as const
/** A pool that plans the VPC, of the account's own IPAM, with the block in it. */
async function plan(as: As, owner: string, VpcId: string, Cidr?: string, scope?: string): Promise<string> {
  const { Ipams } = await acme.call('DescribeIpams', {}, as)
  const ipam = Ipams![0] ?? (await acme.call('CreateIpam', { Tier: 'advanced' }, as)).Ipam!
  const { IpamPool } = await acme.call(
    'CreateIpamPool',
    {
      IpamScopeId: scope ?? ipam.PrivateDefaultScopeId!,
      AddressFamily: 'ipv4',
      Locale: 'us-east-1',
      SourceResource: {
        ResourceId: VpcId,
        ResourceType: 'vpc',
        ResourceRegion: 'us-east-1',
        ResourceOwner: owner,
      },
    },
    as,
  )
  const IpamPoolId = IpamPool!.IpamPoolId!
  if (Cidr !== undefined) await acme.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr }, as)
  return IpamPoolId
}
const makeVpc = async (as: As, CidrBlock: string) => (await acme.call('CreateVpc', { CidrBlock }, as)).Vpc!.VpcId!
const problemOf = (refusal: object): string => ('problem' in refusal ? String(refusal.problem) : '')

describe('a VPC stays as long as a pool plans it', () => {
  for (const [whose, as] of [
    ['its own account’s', asShop],
    ['the delegated administrator’s', asNetwork],
  ] as const) {
    test(`where the pool is ${whose}, which is named; with a CIDR of it and without`, async () => {
      for (const cidr of ['10.9.0.0/16', undefined]) {
        const VpcId = await makeVpc(asShop, '10.9.0.0/16')
        const pool = await plan(as, shop, VpcId, cidr)
        const told = await refuses(acme.call('DeleteVpc', { VpcId }, asShop), {
          code: 'DependencyViolation',
          what: 'vpc',
          id: VpcId,
        })
        assert.match(
          problemOf(told),
          new RegExp(`The pool \`${pool}\`${as === asNetwork ? ` of the account \`${network}\`` : ''} plans it`),
        )
        // To others the VPC is not there, planned or not (I8).
        await refuses(acme.call('DeleteVpc', { VpcId }, { account: lab }), { code: 'NotFound', what: 'vpc', id: VpcId })
        await acme.call('DeleteIpamPool', { IpamPoolId: pool, Cascade: true }, as)
        assert.deepEqual(await acme.call('DeleteVpc', { VpcId }, asShop), { Return: true })
      }
    })

    test(`and so does each of its blocks that a pool has, where the pool is ${whose}`, async () => {
      const VpcId = await makeVpc(asShop, '10.9.0.0/16')
      const input = { VpcId, CidrBlock: '10.10.0.0/16' }
      const { CidrBlockAssociation } = await acme.call('AssociateVpcCidrBlock', input, asShop)
      const pool = await plan(as, shop, VpcId, '10.10.0.0/16')
      const AssociationId = CidrBlockAssociation!.AssociationId!
      const takeOff = () => acme.call('DisassociateVpcCidrBlock', { AssociationId }, asShop)
      const told = await refuses(takeOff(), {
        code: 'DependencyViolation',
        what: 'vpc-cidr-association',
        id: AssociationId,
      })
      assert.ok(problemOf(told).includes(pool) && problemOf(told).includes('10.10.0.0/16'))
      await acme.call('DeprovisionIpamPoolCidr', { IpamPoolId: pool, Cidr: '10.10.0.0/16' }, as)
      await takeOff()
      await refuses(acme.call('DeleteVpc', { VpcId }, asShop), { code: 'DependencyViolation' })
      await acme.call('DeleteIpamPool', { IpamPoolId: pool }, as)
      await acme.call('DeleteVpc', { VpcId }, asShop)
    })
  }

  test('also on the way of the block’s own pool: the next VPC gets other space as long as the plan lasts', async () => {
    const parent = await acme.pool({ scope: 'private', cidr: '10.64.0.0/15' })
    const make = () => acme.call('CreateVpc', { Ipv4IpamPoolId: parent, Ipv4NetmaskLength: 16 }, asNetwork)
    const { VpcId = '', CidrBlock = '' } = (await make()).Vpc!
    const pool = await plan(asNetwork, network, VpcId, CidrBlock)
    await acme.call('AllocateIpamPoolCidr', { IpamPoolId: pool, NetmaskLength: 24 }, asNetwork)
    await refuses(acme.call('DeleteVpc', { VpcId }, asNetwork), { code: 'DependencyViolation' })
    const next = (await make()).Vpc!
    assert.notEqual(next.CidrBlock, CidrBlock)
    await acme.call('DeleteIpamPool', { IpamPoolId: pool, Cascade: true }, asNetwork)
    await acme.call('DeleteVpc', { VpcId }, asNetwork)
    assert.equal((await make()).Vpc!.CidrBlock, CidrBlock)
  })

  test('what such a pool says that it would give next is what it gives, beside the subnets that are there', async () => {
    const VpcId = await makeVpc(asNetwork, '10.80.0.0/16')
    const subnets = ['10.80.0.0/24', '10.80.2.0/24']
    for (const CidrBlock of subnets) await acme.call('CreateSubnet', { VpcId, CidrBlock }, asNetwork)
    const pool = await plan(asNetwork, network, VpcId, '10.80.0.0/16')
    const given: string[] = []
    for (let n = 0; n < 3; n++) {
      const { fit } = await acme.get<{ fit: { next?: string } }>(`/pools/${pool}/free?netmaskLength=24`)
      const { IpamPoolAllocation } = await acme.call(
        'AllocateIpamPoolCidr',
        { IpamPoolId: pool, NetmaskLength: 24 },
        asNetwork,
      )
      assert.equal(fit.next, IpamPoolAllocation!.Cidr)
      given.push(fit.next!)
    }
    assert.deepEqual(given, ['10.80.1.0/24', '10.80.3.0/24', '10.80.4.0/24'])
    await acme.call('DeleteIpamPool', { IpamPoolId: pool, Cascade: true }, asNetwork)
  })

  test('nor does a cascade take the block off under the plan, unless the plan goes as well', async () => {
    const parent = await acme.pool({ scope: 'private', cidr: '10.66.0.0/16' })
    const input = { Ipv4IpamPoolId: parent, Ipv4NetmaskLength: 24 }
    const { VpcId = '', CidrBlock = '' } = (await acme.call('CreateVpc', input, asNetwork)).Vpc!
    const pool = await plan(asNetwork, network, VpcId, CidrBlock)
    const told = await refuses(acme.call('DeleteIpamPool', { IpamPoolId: parent, Cascade: true }, asNetwork), {
      code: 'DependencyViolation',
      what: 'ipam-pool',
      id: parent,
    })
    assert.match(JSON.stringify(told), new RegExp(`${VpcId}.*${pool}|${pool}.*${VpcId}`))
    // Who plans another block of it is not in the way.
    await acme.call('DeprovisionIpamPoolCidr', { IpamPoolId: pool, Cidr: CidrBlock }, asNetwork)
    const other = (await acme.call('AssociateVpcCidrBlock', { VpcId, CidrBlock: '10.67.0.0/24' }, asNetwork))
      .CidrBlockAssociation!
    assert.ok(other.AssociationId)
    await acme.call('ProvisionIpamPoolCidr', { IpamPoolId: pool, Cidr: '10.67.0.0/24' }, asNetwork)
    await acme.call('DeleteIpamPool', { IpamPoolId: parent, Cascade: true }, asNetwork)
    await acme.call('DeleteIpamPool', { IpamPoolId: pool, Cascade: true }, asNetwork)
    await acme.call('DeleteVpc', { VpcId }, asNetwork)
  })

  test('a plan in another scope is in nobody’s way', async () => {
    const parent = await acme.pool({ scope: 'private', cidr: '10.68.0.0/16' })
    const input = { Ipv4IpamPoolId: parent, Ipv4NetmaskLength: 24 }
    const { VpcId = '', CidrBlock = '' } = (await acme.call('CreateVpc', input, asNetwork)).Vpc!
    const { IpamId } = (await acme.call('DescribeIpams', {}, asNetwork)).Ipams![0]!
    const { IpamScope } = await acme.call('CreateIpamScope', { IpamId: IpamId! }, asNetwork)
    const pool = await plan(asNetwork, network, VpcId, CidrBlock, IpamScope!.IpamScopeId!)
    await acme.call('DeleteIpamPool', { IpamPoolId: parent, Cascade: true }, asNetwork)
    await acme.call('DeleteIpamPool', { IpamPoolId: pool, Cascade: true }, asNetwork)
    await acme.call('DeleteVpc', { VpcId }, asNetwork)
  })

  test('and in the schema: neither the VPC nor a block that is planned can be deleted under the pool', async () => {
    const VpcId = await makeVpc(asShop, '10.9.0.0/16')
    const pool = await plan(asNetwork, shop, VpcId, '10.9.0.0/16')
    const block = acme.database.execute(`delete from vpc_cidr where vpc_id = '${VpcId}'`)
    await assert.rejects(block, /stays as long as a pool plans it/)
    await acme.call('DeprovisionIpamPoolCidr', { IpamPoolId: pool, Cidr: '10.9.0.0/16' }, asNetwork)
    await acme.database.execute(`delete from vpc_cidr where vpc_id = '${VpcId}'`)
    await assert.rejects(acme.database.execute(`delete from vpc where id = '${VpcId}'`), /foreign key/i)
    await acme.call('DeleteIpamPool', { IpamPoolId: pool }, asNetwork)
    await acme.call('DeleteVpc', { VpcId }, asShop)
  })
})

describe('what a pool plans of a VPC is given once', () => {
  const overlapsSubnet = { code: 'CidrConflict' } as const

  test('a pool hands out nothing that a subnet has, whether the subnet was there first or came beside the pool', async () => {
    const VpcId = await makeVpc(asShop, '10.11.0.0/24')
    const subnet = (CidrBlock: string) => acme.call('CreateSubnet', { VpcId, CidrBlock }, asShop)
    await subnet('10.11.0.0/26')
    const pool = await plan(asShop, shop, VpcId, '10.11.0.0/24')
    await subnet('10.11.0.64/26')
    const take = (input: object) => acme.call('AllocateIpamPoolCidr', { IpamPoolId: pool, ...input }, asShop)
    await refuses(take({ Cidr: '10.11.0.0/28' }), overlapsSubnet)
    await refuses(take({ Cidr: '10.11.0.0/25' }), overlapsSubnet)
    assert.equal((await take({ NetmaskLength: 28 })).IpamPoolAllocation!.Cidr, '10.11.0.128/28')
    assert.equal((await take({ NetmaskLength: 26 })).IpamPoolAllocation!.Cidr, '10.11.0.192/26')
    await refuses(take({ NetmaskLength: 26 }), { code: 'InvalidParameterValue' })
    assert.deepEqual((await checkSpace(acme.store)).problems, [])
  })

  test('a subnet gets nothing that a pool handed out or a pool under it, equal, in it or around it', async () => {
    const VpcId = await makeVpc(asShop, '10.12.0.0/24')
    const pool = await plan(asNetwork, shop, VpcId, '10.12.0.0/24')
    const { IpamPools } = await acme.call('DescribeIpamPools', { IpamPoolIds: [pool] }, asNetwork)
    const { IpamPool: child } = await acme.call(
      'CreateIpamPool',
      {
        IpamScopeId: IpamPools![0]!.IpamScopeArn!.split('/')[1]!,
        AddressFamily: 'ipv4',
        Locale: 'us-east-1',
        SourceIpamPoolId: pool,
      },
      asNetwork,
    )
    const below = child!.IpamPoolId!
    await acme.call('ProvisionIpamPoolCidr', { IpamPoolId: below, Cidr: '10.12.0.128/25' }, asNetwork)
    const take = async (IpamPoolId: string, Cidr: string) =>
      (await acme.call('AllocateIpamPoolCidr', { IpamPoolId, Cidr }, asNetwork)).IpamPoolAllocation!
    const held = [await take(pool, '10.12.0.32/27'), await take(below, '10.12.0.192/27')]
    const subnet = (CidrBlock: string) => acme.call('CreateSubnet', { VpcId, CidrBlock }, asShop)
    for (const cidr of [
      '10.12.0.32/27',
      '10.12.0.48/28',
      '10.12.0.0/26',
      '10.12.0.0/24',
      '10.12.0.192/28',
      '10.12.0.128/25',
    ]) {
      const told = await refuses(subnet(cidr), {
        code: 'CidrConflict',
        what: 'subnet',
        field: 'CidrBlock',
        value: cidr,
      })
      assert.match(problemOf(told), /handed out or keeps/)
    }
    await subnet('10.12.0.0/27')
    await subnet('10.12.0.224/27')
    const [{ IpamPoolAllocationId = '' } = {}] = held
    const released = { IpamPoolId: pool, Cidr: '10.12.0.32/27', IpamPoolAllocationId }
    await acme.call('ReleaseIpamPoolAllocation', released, asNetwork)
    await subnet('10.12.0.32/27')
    assert.deepEqual((await checkSpace(acme.store)).problems, [])
  })
})

test('I1 no network is made of the inside of another: not by name, by a rule, or by an exception', async () => {
  const VpcId = await makeVpc(asShop, '10.9.0.0/16')
  const poolId = await plan(asNetwork, shop, VpcId, '10.9.0.0/16')
  const { Ipams } = await acme.call('DescribeIpams', {}, asNetwork)
  const policy = await acme.ask<{ policyId: string }>('POST', '/policies', { body: { ipamId: Ipams![0]!.IpamId! } })
  const path = `/policies/${policy.body.policyId}/documents/us-east-1/vpc`
  const rule = await acme.ask<{ code: string; field: string }>('PUT', path, { body: { rules: [{ poolId }] } })
  assert.deepEqual([rule.status, rule.body.code, rule.body.field], [400, 'InvalidParameterValue', 'rules.0.poolId'])

  const named = acme.call('CreateVpc', { Ipv4IpamPoolId: poolId, Ipv4NetmaskLength: 24 }, asNetwork)
  await refuses(named, { code: 'InvalidParameterValue' })
  const glass = { target: lab, locale: 'us-east-1', resourceType: 'vpc', grants: { pools: [poolId] }, reason: 'inside' }
  const expiresAt = new Date(Date.now() + 60_000).toISOString()
  const made = await acme.ask<{ field: string }>('POST', '/exceptions/break-glass', { body: { ...glass, expiresAt } })
  assert.deepEqual([made.status, made.body.field], [400, 'grants.pools.0'])
  await acme.call('CreateSubnet', { VpcId, CidrBlock: '10.9.0.0/24' }, asShop)
})

test('the administrator of IPAM is not let go while its pools plan VPCs of other accounts, which are named', async () => {
  const { IpamPools: earlier = [] } = await acme.call('DescribeIpamPools', {}, asNetwork)
  for (const { IpamPoolId = '', SourceResource, SourceIpamPoolId } of earlier) {
    if (SourceResource && !SourceIpamPoolId) await acme.call('DeleteIpamPool', { IpamPoolId, Cascade: true }, asNetwork)
  }
  const VpcId = await makeVpc(asShop, '10.20.0.0/24')
  const pool = await plan(asNetwork, shop, VpcId, '10.20.0.0/24')
  const own = await plan(asNetwork, network, await makeVpc(asNetwork, '10.21.0.0/24'))
  const ways = [
    () => acme.call('DisableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: network }),
    () =>
      acme.organizations('DeregisterDelegatedAdministrator', {
        AccountId: network,
        ServicePrincipal: 'ipam.amazonaws.com',
      }),
  ]
  for (const way of ways) {
    const told = await refuses(way(), { code: 'DependencyViolation', what: 'account', id: network })
    assert.ok(problemOf(told).includes(`${pool} of ${VpcId} of ${shop}`) && !problemOf(told).includes(own))
  }
  const native = await acme.ask<{ code: string }>('DELETE', '/organization/ipam-administrator')
  assert.deepEqual([native.status, native.body.code], [409, 'DependencyViolation'])
  await acme.call('DeleteIpamPool', { IpamPoolId: pool, Cascade: true }, asNetwork)
  const gone = await acme.ask('DELETE', '/organization/ipam-administrator')
  assert.equal(gone.status, 204)
  await acme.call('DeleteIpamPool', { IpamPoolId: own }, asNetwork)
  const back = await acme.ask('PUT', '/organization/ipam-administrator', { body: { account: network } })
  assert.ok(back.status < 300)
})

test('plans from before that outlived the delegation give nothing, and end when the owner of the VPC says so', async () => {
  const VpcId = await makeVpc(asShop, '10.22.0.0/24')
  const pool = await plan(asNetwork, shop, VpcId, '10.22.0.0/24')
  const take = (input: object) => acme.call('AllocateIpamPoolCidr', { IpamPoolId: pool, ...input }, asNetwork)
  await take({ Cidr: '10.22.0.0/26' })
  const remove = (as: As) => acme.call('DeleteIpamPool', { IpamPoolId: pool, Cascade: true }, as)
  await refuses(remove(asShop), { code: 'NotFound', what: 'ipam-pool' })
  await acme.call('ModifyIpamPool', { IpamPoolId: pool, Description: 'secret' }, asNetwork)
  await acme.database.tamper(`update pool set quarantine_seconds = 3600 where id = '${pool}'`)

  const administrator = (account: string) =>
    acme.database.tamper(`update delegated_administrator set account = '${account}'`)
  const another = () => acme.post('/role-bindings', { principal: `user:${made++}`, role: 'auditor', node: '*' })
  await administrator(lab)
  await another()
  await refuses(take({ NetmaskLength: 26 }), { code: 'NotEligible' })
  await refuses(take({ Cidr: '10.22.0.64/26' }), { code: 'NotEligible' })
  await refuses(take({ NetmaskLength: 26, PreviewNextCidr: true }), { code: 'InvalidParameterValue' })
  await refuses(acme.call('ProvisionIpamPoolCidr', { IpamPoolId: pool, Cidr: '10.22.0.0/24' }, asNetwork), {
    code: 'NotEligible',
  })
  const told = await refuses(acme.call('DeleteVpc', { VpcId }, asShop), { code: 'DependencyViolation', id: VpcId })
  assert.match(problemOf(told), /delete that pool with all that is in it/)
  await refuses(remove({ account: lab }), { code: 'NotFound', what: 'ipam-pool' })
  const { IpamPool } = await remove(asShop)
  assert.deepEqual(IpamPool, { IpamPoolId: pool, OwnerId: network, State: 'delete-in-progress' })
  await acme.call('CreateSubnet', { VpcId, CidrBlock: '10.22.0.0/26' }, asShop)
  await administrator(network)
  await another()
})
let made = 0

test('I6 deleting a pool with all in it goes not past quarantine, also where a pool below has the first of its space', async () => {
  const parent = await acme.pool({ scope: 'private', cidr: '10.96.0.0/16' })
  const { IpamPools } = await acme.call('DescribeIpamPools', { IpamPoolIds: [parent] }, asNetwork)
  const { IpamPool: child } = await acme.call(
    'CreateIpamPool',
    {
      IpamScopeId: IpamPools![0]!.IpamScopeArn!.split('/')[1]!,
      AddressFamily: 'ipv4',
      Locale: 'us-east-1',
      SourceIpamPoolId: parent,
    },
    asNetwork,
  )
  const quarantine = { quarantineSeconds: 3_600 }
  assert.equal((await acme.ask('PATCH', `/pools/${parent}`, { body: quarantine })).status, 200)
  await acme.call('ProvisionIpamPoolCidr', { IpamPoolId: child!.IpamPoolId!, Cidr: '10.96.0.0/24' }, asNetwork)
  const { IpamPoolAllocation: taken } = await acme.call(
    'AllocateIpamPoolCidr',
    { IpamPoolId: parent, Cidr: '10.96.9.0/24' },
    asNetwork,
  )
  const remove = () => acme.call('DeleteIpamPool', { IpamPoolId: parent, Cascade: true }, asNetwork)
  await refuses(remove(), { code: 'DependencyViolation', what: 'ipam-pool', id: parent })
  const { IpamPoolAllocationId = '', Cidr = '' } = taken!
  await acme.call('ReleaseIpamPoolAllocation', { IpamPoolId: parent, Cidr, IpamPoolAllocationId }, asNetwork)
  await refuses(remove(), { code: 'DependencyViolation', what: 'ipam-pool', id: parent })
  acme.advance(3_600_000)
  await remove()
})

test('D2 however many subnets a VPC has, what a pool that plans it gives goes around those that are there, and reads no others', async (t) => {
  const VpcId = await makeVpc(asShop, '10.60.0.0/16')
  const pool = await plan(asShop, shop, VpcId, '10.60.0.0/16')
  const SubnetId = (await acme.call('CreateSubnet', { VpcId, CidrBlock: '10.60.0.0/28' }, asShop)).Subnet!.SubnetId!
  const many = (from: number, to: number) =>
    acme.store.write(async (tx) => {
      const like = (await tx.vpcs.findSubnet(SubnetId))!
      for (let n = from; n < to; n++) {
        const cidr = parseCidr(`10.60.${n >> 4}.${(n & 15) * 16}/28`)!
        await tx.vpcs.insertSubnet({ ...like, id: `subnet-many-${n}`, cidr, allocation: undefined })
      }
    })
  const take = (input: object) => acme.call('AllocateIpamPoolCidr', { IpamPoolId: pool, ...input }, asShop)
  await many(1, 700)
  const { IpamPoolAllocation } = await take({ NetmaskLength: 28 })
  assert.equal(IpamPoolAllocation!.Cidr, '10.60.43.192/28')
  await refuses(take({ Cidr: '10.60.1.0/28' }), { code: 'CidrConflict' })
  if (engineUnderTest !== 'sqlite') return t.diagnostic('rows are counted on SQLite')
  await many(701, 4_000)
  const most = async (input: object): Promise<number> =>
    (await costOf(() => take(input).then(null, (error) => assert(error instanceof Refused)))).rows
  const [chosen, named] = [await most({ NetmaskLength: 28 }), await most({ Cidr: '10.60.1.0/28' })]
  assert(chosen < 2_500 && named < 100, `${chosen} rows, and ${named} where one is named`)
})
