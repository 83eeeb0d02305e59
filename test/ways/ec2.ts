// The ways around a policy that the EC2 API could be, tried over it.
import assert from 'node:assert/strict'
import { parseForm } from '#api/aws/form.ts'
import type { AllocateAddressResult, Ec2Input } from '#formats/aws/ec2.generated.ts'
import type { DecisionOnRecord } from '#model/policy/decision.ts'
import { Refused } from '#model/refusal.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { type Acme, asNetwork, dev, lab, network, prod, refusalOf, root, shop, stranger, tagsOf } from '../acme.ts'
import { refuses } from '../organization.ts'
import { managementAccount } from '../world.ts'
import { breakGlass, findingsOf } from './break-glass.ts'
import { requireChanges } from './changes.ts'
import { type Attempts, hourMs, otherSpellings, restSeconds, sharedWithAll } from './way.ts'

const asShop = { account: shop } as const
const asLab = { account: lab } as const

const setTags = (acme: Acme, id: string, tags: Record<string, string>) =>
  acme.call('CreateTags', { Resources: [id], Tags: tagsOf(tags) }, asNetwork)
const setTagsAs = (acme: Acme, account: string, id: string) =>
  acme.call('CreateTags', { Resources: [id], Tags: tagsOf({ env: 'prod' }) }, { account })
const allocate = (acme: Acme, account: string, input: Ec2Input['AllocateAddress'] = {}) =>
  acme.call('AllocateAddress', input, { account })
const denied = (request: Promise<unknown>) => refuses(request, { code: 'DeniedByPolicy' })

/** A public pool of an account's own IPAM. */
async function ownPool(acme: Acme, account: string): Promise<string> {
  const { Ipams } = await acme.call('DescribeIpams', {}, { account })
  const ipam = Ipams![0] ?? (await acme.call('CreateIpam', {}, { account })).Ipam!
  const { IpamPool } = await acme.call(
    'CreateIpamPool',
    {
      IpamScopeId: ipam.PublicDefaultScopeId!,
      AddressFamily: 'ipv4',
      Locale: 'us-east-1',
      AwsService: 'ec2',
      PublicIpSource: 'byoip',
    },
    { account },
  )
  return IpamPool!.IpamPoolId!
}

export const overEc2: Attempts = {
  /** By whom that may, and by who is in no organization: neither equal, nor a part, nor around it; and nobody learns whose it is. */
  async 'public space provisioned a second time'(acme) {
    for (const account of [lab, stranger]) {
      const IpamPoolId = await ownPool(acme, account)
      for (const Cidr of ['203.0.100.0/28', '203.0.100.3/32', '203.0.0.0/16']) {
        await acme.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr }, { account })
        const { IpamPoolCidrs } = await acme.call('GetIpamPoolCidrs', { IpamPoolId }, { account })
        const one = IpamPoolCidrs!.find((row) => row.Cidr === Cidr)!
        assert.deepEqual(
          [one.State, one.FailureReason?.Message],
          ['failed-provision', `The public CIDR ${Cidr} is already provisioned, in whole or in part.`],
        )
        const taken = acme.call('AllocateIpamPoolCidr', { IpamPoolId, Cidr }, { account })
        await refuses(taken, { code: 'InvalidParameterValue', field: 'Cidr' })
      }
      await refuses(acme.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr: '198.18.0.0/24' }, { account }), {
        code: 'InvalidParameterValue',
        field: 'Cidr',
      })
    }
    assert.equal(await acme.poolOfAddress(shop), acme.listed)
  },

  /** A member and the management account beside the delegated administrator: space that is free, and Amazon's. */
  async 'public space provisioned by who may not'(acme) {
    for (const account of [shop, managementAccount]) {
      const IpamPoolId = await ownPool(acme, account)
      const params = { IpamPoolId, Cidr: '192.0.2.0/24' }
      const refusal = { code: 'NotAuthorized', action: 'ec2:ProvisionIpamPoolCidr' } as const
      await refuses(acme.call('ProvisionIpamPoolCidr', params, { account }), refusal)
      await refuses(acme.call('ProvisionIpamPoolCidr', { ...params, DryRun: true }, { account }), refusal)
      const { IpamPoolCidrs } = await acme.call('GetIpamPoolCidrs', { IpamPoolId }, { account })
      assert.deepEqual(IpamPoolCidrs, [])
    }
  },

  /** The VPC stays, and its block; so nothing of the plan can be given to the next VPC. */
  async 'a planning pool that outlives its network'(acme) {
    const { VpcId = '' } = (await acme.call('CreateVpc', { CidrBlock: '10.50.0.0/16' }, asShop)).Vpc!
    const block = await acme.call('AssociateVpcCidrBlock', { VpcId, CidrBlock: '10.51.0.0/16' }, asShop)
    const { IpamPool } = await acme.call(
      'CreateIpamPool',
      {
        IpamScopeId: acme.privateScope,
        AddressFamily: 'ipv4',
        Locale: 'us-east-1',
        SourceResource: {
          ResourceId: VpcId,
          ResourceType: 'vpc',
          ResourceRegion: 'us-east-1',
          ResourceOwner: shop,
        },
      },
      asNetwork,
    )
    const IpamPoolId = IpamPool!.IpamPoolId!
    await acme.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr: '10.51.0.0/16' }, asNetwork)
    const AssociationId = block.CidrBlockAssociation!.AssociationId!
    for (const attempt of [
      acme.call('DeleteVpc', { VpcId }, asShop),
      acme.call('DisassociateVpcCidrBlock', { AssociationId }, asShop),
    ]) {
      const told = await refuses(attempt, { code: 'DependencyViolation' })
      assert.ok('problem' in told && told.problem?.includes(IpamPoolId))
    }
    const inside = { IpamPoolId, NetmaskLength: 24 }
    assert.ok((await acme.call('AllocateIpamPoolCidr', inside, asNetwork)).IpamPoolAllocation)
    await acme.call('DeleteIpamPool', { IpamPoolId, Cascade: true }, asNetwork)
    await acme.call('DeleteVpc', { VpcId }, asShop)
  },

  /** Naming one that is not listed is denied, whoever asks and however often. */
  async 'explicit pool'(acme) {
    const other = await acme.pool()
    await setTags(acme, other, sharedWithAll)
    for (const account of [shop, lab, network, managementAccount]) {
      await denied(allocate(acme, account, { IpamPoolId: other }))
    }
    assert.equal(await acme.poolOfAddress(shop, { IpamPoolId: acme.listed }), acme.listed)
  },

  /** Neither one of another pool, nor of the provider, nor beside the pool that is named. */
  async 'explicit address or allocation id'(acme) {
    const other = await acme.pool()
    await setTags(acme, other, sharedWithAll)
    await denied(allocate(acme, shop, { Address: '203.0.101.3' }))
    await denied(allocate(acme, shop, { Address: '203.0.101.3', IpamPoolId: other }))
    await denied(allocate(acme, shop, { Address: '198.18.0.3' }))
    await denied(allocate(acme, shop, { Address: '8.8.8.8' }))
    assert.ok((await refusalOf(allocate(acme, shop, { Address: '203.0.101.3', IpamPoolId: acme.listed }))).code)
    const { PublicIp, PublicIpv4Pool } = await allocate(acme, shop, { Address: '203.0.100.9' })
    assert.deepEqual([PublicIp, PublicIpv4Pool], ['203.0.100.9', acme.listed])
    assert.equal((await acme.call('DescribeAddresses', {}, asShop)).Addresses!.length, 1)
  },

  /** Neither shared nor listed, it does not exist, by its id or by its addresses. */
  async 'address of another owner’s pool'(acme) {
    const hidden = await acme.pool()
    await refuses(allocate(acme, shop, { IpamPoolId: hidden }), { code: 'NotFound', what: 'ipam-pool', id: hidden })
    await denied(allocate(acme, shop, { Address: '203.0.101.3' }))
    const own = await acme.call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] }, asLab)
    const { IpamPool } = await acme.call(
      'CreateIpamPool',
      {
        IpamScopeId: own.Ipam!.PublicDefaultScopeId!,
        AddressFamily: 'ipv4',
        Locale: 'us-east-1',
        AwsService: 'ec2',
        PublicIpSource: 'byoip',
      },
      asLab,
    )
    const ofLab = IpamPool!.IpamPoolId!
    await acme.call('ProvisionIpamPoolCidr', { IpamPoolId: ofLab, Cidr: '203.0.200.0/28' }, asLab)
    await refuses(allocate(acme, shop, { IpamPoolId: ofLab }), { code: 'NotFound', what: 'ipam-pool', id: ofLab })
    await denied(allocate(acme, shop, { Address: '203.0.200.3' }))
    // Whose pool it is does not matter either.
    await denied(allocate(acme, lab, { IpamPoolId: ofLab }))
  },

  /** A document for each, or nothing outside policy. */
  async 'another Region or locale'(acme) {
    await setTags(acme, acme.ipam, { 'cadastre:unmatched': 'deny' })
    const there = (input: Ec2Input['AllocateAddress'] = {}) =>
      acme.call('AllocateAddress', input, { account: shop, region: 'eu-central-1' })
    await denied(there())
    await refuses(there({ IpamPoolId: acme.listed }), { code: 'InvalidParameterValue', field: 'IpamPoolId' })
    const pool = await acme.pool({ locale: 'eu-central-1' })
    await acme.rules(acme.law, [pool], { locale: 'eu-central-1' })
    assert.equal((await there()).PublicIpv4Pool, pool)
    await denied(there({ Address: '203.0.100.3' }))
  },

  /** Outside the organization no policy speaks, and its pools do not exist. */
  async 'another account'(acme) {
    const asked = allocate(acme, stranger, { IpamPoolId: acme.listed })
    await refuses(asked, { code: 'NotFound', what: 'ipam-pool', id: acme.listed })
    assert.equal((await allocate(acme, stranger)).PublicIpv4Pool, 'amazon')
    const { Addresses } = await acme.call('DescribeAddresses', {}, asShop)
    assert.deepEqual(Addresses, [])
  },

  /** Is denied. */
  async 'a pool that is shared but not listed'(acme) {
    const shared = await acme.pool()
    await setTags(acme, shared, sharedWithAll)
    await denied(allocate(acme, shop, { IpamPoolId: shared }))
    await acme.rules(acme.law, [acme.listed, shared])
    assert.equal(await acme.poolOfAddress(shop, { IpamPoolId: shared }), shared)
  },

  /** Does not override an administrator’s, and lists no foreign pool. */
  async 'a policy of the account’s own'(acme) {
    const { Ipam } = await acme.call('CreateIpam', {}, asShop)
    const Tags = tagsOf({ 'cadastre:compatibility': 'aws' })
    const { IpamPolicy } = await acme.call(
      'CreateIpamPolicy',
      { IpamId: Ipam!.IpamId!, TagSpecifications: [{ ResourceType: 'ipam-policy', Tags }] },
      asShop,
    )
    const IpamPolicyId = IpamPolicy!.IpamPolicyId!
    const AllocationRules = [{ SourceIpamPoolId: acme.listed }]
    const rule = { IpamPolicyId, Locale: 'us-east-1', ResourceType: 'eip' as const, AllocationRules }
    const foreign = await refuses(acme.call('ModifyIpamPolicyAllocationRules', rule, asShop), {
      code: 'InvalidParameterValue',
    })
    assert.ok(foreign.code === 'InvalidParameterValue' && /belong to the policy's IPAM/.test(foreign.problem))
    await acme.call('EnableIpamPolicy', { IpamPolicyId }, asShop)
    assert.equal(await acme.poolOfAddress(shop), acme.listed)
    await refuses(acme.call('EnableIpamPolicy', { IpamPolicyId, OrganizationTargetId: lab }, asShop), {
      code: 'NotEligible',
    })
    const enabled = await acme.call('GetEnabledIpamPolicy', {}, asShop)
    assert.equal(enabled.ManagedBy, 'delegated-administrator-for-ipam')
  },

  /** Opens nothing that the administrator's IPAM keeps shut. */
  async 'a policy of the account’s own, where nothing is given outside policy'(acme) {
    await acme.call('DisableIpamPolicy', { IpamPolicyId: acme.law, OrganizationTargetId: root }, asNetwork)
    await setTags(acme, acme.ipam, { 'cadastre:unmatched': 'deny' })
    await denied(allocate(acme, shop))
    const own = await ownPool(acme, shop)
    const { Ipams } = await acme.call('DescribeIpams', {}, asShop)
    const Tags = tagsOf({ 'cadastre:on-exhausted': 'provider', 'cadastre:on-explicit': 'allow' })
    const { IpamPolicy } = await acme.call(
      'CreateIpamPolicy',
      { IpamId: Ipams![0]!.IpamId!, TagSpecifications: [{ ResourceType: 'ipam-policy', Tags }] },
      asShop,
    )
    const IpamPolicyId = IpamPolicy!.IpamPolicyId!
    const AllocationRules = [{ SourceIpamPoolId: own }]
    const rule = { IpamPolicyId, Locale: 'us-east-1', ResourceType: 'eip' as const, AllocationRules }
    await acme.call('ModifyIpamPolicyAllocationRules', rule, asShop)
    await acme.call('EnableIpamPolicy', { IpamPolicyId }, asShop)
    await denied(allocate(acme, shop))
    await denied(allocate(acme, shop, { IpamPoolId: own }))
    // As soon as the administrator says otherwise, it counts.
    await setTags(acme, acme.ipam, { 'cadastre:unmatched': 'provider' })
    assert.equal((await allocate(acme, shop)).PublicIpv4Pool, 'amazon')
  },

  /** Others never early, the previous owner only where policy lets it. */
  async 're-allocating a released address'(acme) {
    await setTags(acme, acme.listed, { 'cadastre:quarantine-seconds': String(restSeconds) })
    const first = await allocate(acme, shop)
    const Address = first.PublicIp!
    await acme.call('ReleaseAddress', { AllocationId: first.AllocationId! }, asShop)
    await refuses(allocate(acme, lab, { Address }), { code: 'CidrConflict' })
    await refuses(allocate(acme, network, { Address, IpamPoolId: acme.listed }), { code: 'CidrConflict' })
    assert.notEqual((await allocate(acme, lab)).PublicIp, Address)

    // Once it belonged to shop: no claim against a policy that has changed since.
    const other = await acme.pool()
    await acme.rules(acme.law, [other])
    await denied(allocate(acme, shop, { Address }))
    await refuses(allocate(acme, shop, { Address, IpamPoolId: acme.listed }), { code: 'NotFound', what: 'ipam-pool' })
    await acme.rules(acme.law, [acme.listed])
    const again = await allocate(acme, shop, { Address })
    assert.equal(again.PublicIp, Address)
    assert.notEqual(again.AllocationId, first.AllocationId)

    await acme.call('ReleaseAddress', { AllocationId: again.AllocationId! }, asShop)
    acme.advance(restSeconds * 1000 - 1)
    await refuses(allocate(acme, lab, { Address }), { code: 'CidrConflict' })
    acme.advance(1)
    assert.equal((await allocate(acme, lab, { Address })).PublicIp, Address)
    await refuses(allocate(acme, shop, { Address }), { code: 'CidrConflict' })
  },

  /** It does not exist, by id or by address, and stays as it is. */
  async 'association of a foreign address'(acme) {
    const { AllocationId, PublicIp } = await allocate(acme, lab)
    const target = { InstanceId: 'i-0123456789abcdef0' }
    const { AssociationId } = await acme.call('AssociateAddress', { AllocationId: AllocationId!, ...target }, asLab)
    const seen = () => acme.call('DescribeAddresses', {}, asLab)
    const before = await seen()
    for (const account of [shop, network, managementAccount]) {
      const as = { account }
      const takes = (input: Ec2Input['AssociateAddress']) => acme.call('AssociateAddress', { ...input, ...target }, as)
      await refuses(takes({ AllocationId: AllocationId! }), { code: 'NotFound', what: 'elastic-ip' })
      await refuses(takes({ PublicIp: PublicIp! }), { code: 'NotFound', what: 'elastic-ip-address' })
      const ends = acme.call('DisassociateAddress', { AssociationId: AssociationId! }, as)
      await refuses(ends, { code: 'NotFound', what: 'association' })
      await refuses(acme.call('ReleaseAddress', { AllocationId: AllocationId! }, as), { code: 'NotFound' })
    }
    const abroad = { ...asLab, region: 'eu-central-1' }
    const there = acme.call('AssociateAddress', { AllocationId: AllocationId!, ...target }, abroad)
    await refuses(there, { code: 'NotFound' })
    assert.deepEqual(await seen(), before)
  },

  /** None that is older than the policy, and none of somebody else. */
  async 'NAT gateway with manual addresses'(acme) {
    await acme.call('DisableIpamPolicy', { IpamPolicyId: acme.law, OrganizationTargetId: root }, asNetwork)
    const { Vpc } = await acme.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, asShop)
    const { Subnet } = await acme.call('CreateSubnet', { VpcId: Vpc!.VpcId!, CidrBlock: '10.0.0.0/24' }, asShop)
    const old = (await allocate(acme, shop)).AllocationId!
    await acme.rules(acme.law, [acme.listed], { type: 'rnat' })
    await acme.enable(acme.law)
    const foreign = (await allocate(acme, lab)).AllocationId!
    const own = (await allocate(acme, shop)).AllocationId!

    const zonal = { SubnetId: Subnet!.SubnetId! }
    const regional = (AllocationId: string): Ec2Input['CreateNatGateway'] => ({
      VpcId: Vpc!.VpcId!,
      AvailabilityMode: 'regional',
      AvailabilityZoneAddresses: [{ AvailabilityZone: 'us-east-1a', AllocationIds: [AllocationId] }],
    })
    const make = (input: Ec2Input['CreateNatGateway']) => acme.call('CreateNatGateway', input, asShop)
    await denied(make({ ...zonal, AllocationId: old }))
    await denied(make(regional(old)))
    await refuses(make({ ...zonal, AllocationId: foreign }), { code: 'NotFound', what: 'elastic-ip' })
    await refuses(make(regional(foreign)), { code: 'NotFound', what: 'elastic-ip' })
    assert.deepEqual((await acme.call('DescribeNatGateways', {}, asShop)).NatGateways, [])
    const made = await make({ ...zonal, AllocationId: own })
    assert.equal(made.NatGateway!.NatGatewayAddresses![0]!.AllocationId, own)
  },

  /** They open nothing for the next request, and the address stays. */
  async 'tags changed after allocation'(acme) {
    await setTags(acme, acme.law, { 'cadastre:required-tags': 'env' })
    const TagSpecifications = [{ ResourceType: 'elastic-ip' as const, Tags: tagsOf({ env: 'prod' }) }]
    await denied(allocate(acme, shop))
    const { AllocationId } = await allocate(acme, shop, { TagSpecifications })
    await acme.call('CreateTags', { Resources: [AllocationId!], Tags: tagsOf({ env: 'dev', more: 'x' }) }, asShop)
    await denied(allocate(acme, shop))
    await acme.call('DeleteTags', { Resources: [AllocationId!] }, asShop)
    const { Addresses } = await acme.call('DescribeAddresses', { AllocationIds: [AllocationId!] }, asShop)
    assert.deepEqual(Addresses![0]!.Tags, [])
    await refuses(setTagsAs(acme, shop, acme.listed), { code: 'NotFound' })
    await refuses(setTagsAs(acme, shop, acme.law), { code: 'NotFound' })
  },

  /** Tags of the request steer to no other rule, with the words of a setting or without. */
  async 'tag spoofing'(acme) {
    const premium = await acme.pool()
    await acme.rules(acme.law, [premium, acme.listed])
    await setTags(acme, acme.law, { [`cadastre:when/${premium}`]: 'tag:tier=premium' })
    const asked = (tags: Record<string, string>) =>
      allocate(acme, shop, { TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: tagsOf(tags) }] })
    assert.equal((await asked({ tier: 'premium' })).PublicIpv4Pool, acme.listed)
    await refuses(allocate(acme, shop, { IpamPoolId: premium }), { code: 'NotFound', what: 'ipam-pool' })
    const spoofs: readonly Record<string, string>[] = [
      { 'cadastre:when': 'always' },
      { 'cadastre:mode': 'off' },
      { 'aws:tier': 'premium' },
    ]
    for (const tags of spoofs) {
      const answer = await asked(tags).catch((error: unknown) => error)
      if (answer instanceof Refused) assert.match(answer.refusal.code, /^Invalid/)
      else assert.equal((answer as AllocateAddressResult).PublicIpv4Pool, acme.listed)
    }
    await acme.rules(acme.law, [premium])
    await setTags(acme, acme.law, { [`cadastre:when/${premium}`]: 'tag:tier=premium' })
    await denied(asked({ tier: 'premium' }))
    const spoofed = acme.call('CreateTags', { Resources: [shop], Tags: tagsOf({ tier: 'premium' }) }, asShop)
    await refuses(spoofed, { code: 'NotFound', what: 'resource', id: shop })
  },

  /** Other parameters are refused, and another account’s equal token is its own. */
  async 'idempotency token reused'(acme) {
    const space = await acme.pool({ scope: 'private' })
    await setTags(acme, space, sharedWithAll)
    const take = (account: string, NetmaskLength: number) =>
      acme.call('AllocateIpamPoolCidr', { IpamPoolId: space, NetmaskLength, ClientToken: 'token-1' }, { account })
    const first = await take(shop, 30)
    assert.deepEqual(await take(shop, 30), JSON.parse(JSON.stringify(first)))
    await refuses(take(shop, 29), { code: 'IdempotencyMismatch' })
    const theirs = await take(lab, 30)
    assert.notEqual(theirs.IpamPoolAllocation!.Cidr, first.IpamPoolAllocation!.Cidr)
    // What somebody else was given cannot be had with their token, and a policy that came since is not passed by with a new one.
    const law = await acme.policy()
    await acme.rules(law, [await acme.pool({ scope: 'private' })], { type: 'custom' })
    await acme.enable(law, prod)
    const fresh = { IpamPoolId: space, NetmaskLength: 30, ClientToken: 'token-2' }
    await denied(acme.call('AllocateIpamPoolCidr', fresh, asShop))
    await denied(acme.call('AllocateIpamPoolCidr', fresh, asShop))
    const { IpamPoolAllocations } = await acme.call('GetIpamPoolAllocations', { IpamPoolId: space }, asNetwork)
    assert.equal(IpamPoolAllocations!.length, 2)
  },

  /** What begins after the acknowledgement obeys it, and every decision names its version. */
  async 'a request racing a policy change'(acme) {
    const pools = [acme.listed, await acme.pool({ cidr: '203.0.64.0/24' })] as const
    await acme.rules(acme.law, [pools[1]])
    const versionNow = async () => (await acme.store.read((tx) => tx.policies.versions(acme.law))).at(-1)!.version
    const poolOfVersion = new Map([[await versionNow(), pools[1]]])
    let requests = 0
    const race = async (): Promise<DecisionOnRecord> => {
      const answer = await acme.executor.execute(operationTables.ec2.get('AllocateAddress')!, {
        principal: { account: shop, arn: 'arn:x', accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
        region: 'us-east-1',
        input: {},
        requestId: `race-${++requests}`,
        sourceAddress: '127.0.0.1',
      })
      const { AllocationId, PublicIpv4Pool } = answer.output as AllocateAddressResult
      assert.equal(answer.decisions.length, 1)
      assert.equal(answer.decisions[0]!.pool, PublicIpv4Pool)
      await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, asShop)
      return answer.decisions[0]!
    }
    const change = async (pool: string): Promise<void> => {
      await acme.rules(acme.law, [pool])
      poolOfVersion.set(await versionNow(), pool)
    }
    const obeys = (decision: DecisionOnRecord): void =>
      assert.equal(decision.pool, poolOfVersion.get(decision.policy!.version))

    for (const delay of [0, 1, 2, 3, 4]) {
      const turns = async () => {
        for (let turn = 0; turn < delay; turn++) await new Promise((resolve) => setImmediate(resolve))
      }
      const [from, to] = delay % 2 === 0 ? [pools[1], pools[0]] : [pools[0], pools[1]]
      // In one queue: before and after the change stand in the order in which they were asked.
      const [before, , after] = await Promise.all([race(), change(to), race()])
      assert.deepEqual([before.pool, after.pool], [from, to])
      obeys(before)
      obeys(after)
      // In transactions of their own: the request comes some turns of the event loop after the change, or before it.
      const [, late] = await Promise.all([change(from), turns().then(race)])
      const [early] = await Promise.all([race(), turns().then(() => change(to))])
      obeys(late)
      obeys(early)
      const settled = await race()
      assert.equal(settled.pool, to)
      obeys(settled)
    }
  },

  /** What is asked next is decided there, and nobody moves itself. */
  async 'moving the account to another OU'(acme) {
    const [forProd, forDev] = [await acme.pool(), await acme.pool()]
    for (const [pool, target] of [
      [forProd, prod],
      [forDev, dev],
    ] as const) {
      const law = await acme.policy()
      await acme.rules(law, [pool])
      await acme.enable(law, target)
    }
    const held = await allocate(acme, shop)
    assert.equal(held.PublicIpv4Pool, forProd)
    const move = { AccountId: shop, SourceParentId: prod, DestinationParentId: dev }
    for (const account of [shop, lab]) assert.ok(await refusalOf(acme.organizations('MoveAccount', move, { account })))
    assert.equal(await acme.poolOfAddress(shop), forProd)

    const asked = [allocate(acme, shop), acme.organizations('MoveAccount', move), allocate(acme, shop)] as const
    const [before, , after] = await Promise.all(asked)
    assert.deepEqual([before.PublicIpv4Pool, after.PublicIpv4Pool], [forProd, forDev])
    // The pool of the old place is not even there any more; what was taken of it stays until it is given back.
    await refuses(allocate(acme, shop, { IpamPoolId: forProd }), { code: 'NotShared', account: shop })
    const { Addresses } = await acme.call('DescribeAddresses', { AllocationIds: [held.AllocationId!] }, asShop)
    assert.equal(Addresses![0]!.PublicIpv4Pool, forProd)
    await acme.call('ReleaseAddress', { AllocationId: held.AllocationId! }, asShop)
    await denied(allocate(acme, shop, { Address: held.PublicIp! }))
  },

  /** The pools’ owner and the management account are treated like everybody, and break-glass ends. */
  async 'administrators’ direct writes'(acme) {
    const [open, closed] = [await acme.pool({ scope: 'private' }), await acme.pool({ scope: 'private' })]
    await acme.rules(acme.law, [open], { type: 'custom' })
    await acme.rules(acme.law, [open], { type: 'vpc' })
    const publicUnlisted = await acme.pool()
    const byHand = (IpamPoolId: string) =>
      acme.call('AllocateIpamPoolCidr', { IpamPoolId, NetmaskLength: 30 }, asNetwork)
    await denied(byHand(closed))
    await denied(allocate(acme, network, { IpamPoolId: publicUnlisted }))
    await denied(allocate(acme, network, { Address: '198.18.0.9' }))
    await denied(acme.call('CreateVpc', { CidrBlock: '10.200.0.0/28' }, asNetwork))
    const named = { Ipv4IpamPoolId: closed, Ipv4NetmaskLength: 28 }
    await denied(acme.call('CreateVpc', named, asNetwork))
    await denied(acme.call('CreateVpc', { CidrBlock: '10.200.0.0/28' }))
    assert.ok((await byHand(open)).IpamPoolAllocation!.Cidr)
    assert.equal(await acme.poolOfAddress(network), acme.listed)
    assert.equal(await acme.poolOfAddress(managementAccount), acme.listed)

    // Break-glass is an exception with an end, and a finding until somebody else has looked.
    const exceptionId = await breakGlass(acme, publicUnlisted)
    assert.equal(await acme.poolOfAddress(shop, { IpamPoolId: publicUnlisted }), publicUnlisted)
    await refuses(allocate(acme, lab, { IpamPoolId: publicUnlisted }), { code: 'NotFound', what: 'ipam-pool' })
    acme.advance(24 * hourMs)
    await refuses(allocate(acme, shop, { IpamPoolId: publicUnlisted }), { code: 'NotShared', account: shop })
    assert.deepEqual(await findingsOf(acme, exceptionId), ['break-glass-review', 'exception-ended'])
  },

  /** A clock that goes back and forth ends no quarantine early. */
  async 'clock changes'(acme) {
    await setTags(acme, acme.listed, { 'cadastre:quarantine-seconds': String(restSeconds) })
    const { AllocationId, PublicIp } = await allocate(acme, shop)
    await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, asShop)
    const refusedToLab = () => refuses(allocate(acme, lab, { Address: PublicIp! }), { code: 'CidrConflict' })
    for (let turn = 0; turn < 20; turn++) {
      for (const jump of [-hourMs, hourMs]) {
        acme.advance(jump)
        await refusedToLab()
      }
    }
    acme.advance(restSeconds * 1000 - 1)
    await refusedToLab()
    // Released while the clock is an hour behind: the rest is counted from the latest moment that was ever seen.
    acme.advance(1)
    const second = await allocate(acme, lab, { Address: PublicIp! })
    acme.advance(-hourMs)
    await acme.call('ReleaseAddress', { AllocationId: second.AllocationId! }, asLab)
    const refusedToShop = () => refuses(allocate(acme, shop, { Address: PublicIp! }), { code: 'CidrConflict' })
    await refusedToShop()
    acme.advance(hourMs + restSeconds * 1000 - 1)
    await refusedToShop()
    acme.advance(1)
    assert.equal((await allocate(acme, shop, { Address: PublicIp! })).PublicIp, PublicIp)
  },

  'a hold confirmed after the policy changed': {
    because: 'nothing is held over it',
    unless: /hold|confirm/i,
  },

  'a batch with one denied member': {
    because: 'each request takes one address or CIDR',
    unless: /batch|^AllocateAddresses/i,
  },

  'a token with narrower scopes': {
    because: 'access keys have no scopes',
    unless: /accesskey|credential/i,
  },

  'roles granting oneself more': {
    because: 'accounts are all that it knows',
    unless: /role|binding|permission/i,
  },

  'If-Match races': {
    because: 'its requests name no state that they saw',
    unless: /ifmatch|conditional/i,
  },

  /** Full is full: for the pool that is named, for an address in it, and for the provider. */
  async 'an exhausted pool'(acme) {
    for (let taken = 0; taken < 16; taken++) assert.equal(await acme.poolOfAddress(taken % 2 ? shop : lab), acme.listed)
    for (const input of [{}, { IpamPoolId: acme.listed }]) {
      assert.equal((await refusalOf(allocate(acme, shop, input))).code, 'Exhausted')
    }
    await refuses(allocate(acme, shop, { Address: '203.0.100.3' }), { code: 'CidrConflict' })
    const other = await acme.pool()
    await setTags(acme, other, sharedWithAll)
    await denied(allocate(acme, shop, { IpamPoolId: other }))
    await denied(allocate(acme, shop, { Address: '198.18.0.3' }))
  },

  /** They stay, and are no claim: neither to a gateway, nor to being taken again once they are given back. */
  async 'addresses older than the policy'(acme) {
    const old = await allocate(acme, shop)
    const next = await acme.pool()
    await acme.rules(acme.law, [next])
    const { Addresses } = await acme.call('DescribeAddresses', {}, asShop)
    assert.deepEqual(
      Addresses!.map(({ PublicIp }) => PublicIp),
      [old.PublicIp],
    )
    const { Vpc } = await acme.call('CreateVpc', { CidrBlock: '10.70.0.0/16' }, asShop)
    const inside = { VpcId: Vpc!.VpcId!, CidrBlock: '10.70.1.0/24' }
    const { Subnet } = await acme.call('CreateSubnet', inside, asShop)
    const gateway = { SubnetId: Subnet!.SubnetId!, AllocationId: old.AllocationId! }
    await denied(acme.call('CreateNatGateway', gateway, asShop))
    await acme.call('ReleaseAddress', { AllocationId: old.AllocationId! }, asShop)
    await denied(allocate(acme, shop, { Address: old.PublicIp! }))
    assert.equal(await acme.poolOfAddress(shop), next)
  },

  'an address or CIDR transferred or moved in': {
    because: 'addresses have one holder from allocation to release, and space comes by provisioning alone',
    unless: /transfer|byoip|^MoveAddress|^RestoreAddress/i,
  },

  /** However it is written it is the address that it is, or none: it gets nothing that its one spelling does not. */
  async 'another spelling of an address'(acme) {
    const other = await acme.pool()
    await setTags(acme, other, sharedWithAll)
    for (const Address of otherSpellings) {
      for (const input of [{ Address }, { Address, IpamPoolId: acme.listed }, { Address, IpamPoolId: other }]) {
        const { code } = await refusalOf(allocate(acme, shop, input))
        assert.ok(['DeniedByPolicy', 'InvalidParameterValue'].includes(code), `${Address}: ${code}`)
      }
    }
    assert.deepEqual((await acme.call('DescribeAddresses', {}, asShop)).Addresses, [])
  },

  /** What signatures and policy see is what is read: each name once, decoded once. */
  async 'duplicate or encoded parameters'(acme) {
    const other = await acme.pool()
    await setTags(acme, other, sharedWithAll)
    const read = (text: string) => parseForm(Buffer.from(text))
    for (const text of [
      `IpamPoolId=${acme.listed}&IpamPoolId=${other}`,
      `IpamPoolId=${acme.listed}&%49pamPoolId=${other}`,
      `Tag.1.Key=a&Tag.1.%4bey=b`,
    ]) {
      const { code } = await refusalOf(Promise.resolve(text).then(read))
      assert.equal(code, 'DuplicateParameter', text)
    }
    const pool = read(`IpamPoolId=${other.replace('-', '%2d')}`).children!.get('IpamPoolId')!.value!
    assert.equal(pool, other)
    await denied(allocate(acme, shop, { IpamPoolId: pool }))
    const twice = read(`IpamPoolId=${acme.listed.replace('-', '%252d')}`).children!.get('IpamPoolId')!.value!
    assert.notEqual((await refusalOf(allocate(acme, shop, { IpamPoolId: twice }))).code, 'DeniedByPolicy')
  },

  /** The repeat of what was done is told what was done, and takes nothing; what was denied is decided anew. */
  async 'a token repeated after the policy changed'(acme) {
    const [space, next] = [await acme.pool({ scope: 'private' }), await acme.pool({ scope: 'private' })]
    await setTags(acme, space, sharedWithAll)
    await acme.rules(acme.law, [space], { type: 'custom' })
    const take = (ClientToken: string) =>
      acme.call('AllocateIpamPoolCidr', { IpamPoolId: space, NetmaskLength: 30, ClientToken }, asShop)
    const first = await take('token-1')
    await acme.rules(acme.law, [next], { type: 'custom' })
    await denied(take('token-2'))
    const repeated = await take('token-1')
    assert.deepEqual(repeated, JSON.parse(JSON.stringify(first)))
    const { IpamPoolAllocations } = await acme.call('GetIpamPoolAllocations', { IpamPoolId: space }, asNetwork)
    assert.equal(IpamPoolAllocations!.length, 1)
    await acme.rules(acme.law, [space], { type: 'custom' })
    assert.ok((await take('token-2')).IpamPoolAllocation)
  },

  /** Each part is decided as if it were the whole; there is no sum that parts could stay below. */
  async splitting(acme) {
    const space = await acme.pool({ scope: 'private', cidr: '10.80.0.0/16' })
    await acme.rules(acme.law, [space], { type: 'vpc' })
    await setTags(acme, acme.law, { 'cadastre:size': '20/20/20' })
    for (const length of [17, 19, 21, 24, 28]) {
      await denied(acme.call('CreateVpc', { Ipv4IpamPoolId: space, Ipv4NetmaskLength: length }, asShop))
    }
    for (const CidrBlock of ['10.80.0.0/24', '10.80.1.0/24', '10.80.0.0/19']) {
      await denied(acme.call('CreateVpc', { CidrBlock, Ipv4IpamPoolId: space }, asShop))
    }
    const { Vpc } = await acme.call('CreateVpc', { Ipv4IpamPoolId: space }, asShop)
    assert.match(Vpc!.CidrBlock!, /\/20$/)
  },

  /** A further block of a VPC is decided like the first. */
  async 'growing by association'(acme) {
    const [space, other] = [
      await acme.pool({ scope: 'private', cidr: '10.80.0.0/16' }),
      await acme.pool({ scope: 'private', cidr: '10.81.0.0/16' }),
    ]
    await setTags(acme, other, sharedWithAll)
    await acme.rules(acme.law, [space], { type: 'vpc' })
    await setTags(acme, acme.law, { 'cadastre:size': '20/20/20' })
    const { VpcId = '' } = (await acme.call('CreateVpc', {}, asShop)).Vpc!
    const grow = (input: object) => acme.call('AssociateVpcCidrBlock', { VpcId, ...input }, asShop)
    await denied(grow({ CidrBlock: '10.90.0.0/20' }))
    await denied(grow({ Ipv4IpamPoolId: other, Ipv4NetmaskLength: 20 }))
    await denied(grow({ Ipv4IpamPoolId: space, Ipv4NetmaskLength: 24 }))
    await denied(grow({ AmazonProvidedIpv6CidrBlock: true }))
    const { CidrBlockAssociation } = await grow({ Ipv4IpamPoolId: space, Ipv4NetmaskLength: 20 })
    assert.match(CidrBlockAssociation!.CidrBlock!, /^10\.80\..*\/20$/)
  },

  /** At once is not more than one after the other: of addresses, and of what is bounded by number. */
  async 'parallel requests beyond what is left'(acme) {
    const codes = await Promise.all(
      Array.from({ length: 48 }, (_, at) =>
        allocate(acme, at % 2 ? shop : lab).then(
          ({ PublicIp }) => PublicIp!,
          (error: unknown) => (error instanceof Refused ? error.refusal.code : String(error)),
        ),
      ),
    )
    const given = codes.filter((code) => code.startsWith('203.0.100.'))
    assert.deepEqual([given.length, new Set(given).size], [16, 16])
    assert.deepEqual(new Set(codes.filter((code) => !given.includes(code))), new Set(['Exhausted']))
    const ipams = await Promise.allSettled(Array.from({ length: 8 }, () => acme.call('CreateIpam', {}, asShop)))
    assert.equal(ipams.filter(({ status }) => status === 'fulfilled').length, 1)
  },

  /** What takes addresses beside AllocateAddress is decided as well, and what would and is not built is not there. */
  async 'side-effect operations'(acme) {
    const closed = await acme.pool({ scope: 'private', cidr: '10.82.0.0/16' })
    const nat = await acme.pool()
    await setTags(acme, closed, sharedWithAll)
    const { Vpc } = await acme.call('CreateVpc', { CidrBlock: '10.70.0.0/16' }, asShop)
    const VpcId = Vpc!.VpcId!
    for (const type of ['vpc', 'subnet']) await acme.rules(acme.law, [await acme.pool({ scope: 'private' })], { type })
    await acme.rules(acme.law, [nat], { type: 'rnat' })
    await denied(acme.call('CreateVpc', { Ipv4IpamPoolId: closed, Ipv4NetmaskLength: 24 }, asShop))
    await denied(acme.call('CreateSubnet', { VpcId, CidrBlock: '10.70.1.0/24' }, asShop))
    const { NatGateway } = await acme.call('CreateNatGateway', { VpcId, AvailabilityMode: 'regional' }, asShop)
    const { NatGatewayAddresses } = NatGateway!
    assert.ok(NatGatewayAddresses!.length > 0)
    for (const { PublicIp } of NatGatewayAddresses!) assert.match(PublicIp!, /^203\.0\.102\./)
    // A default VPC takes its block by policy, which has none to give, and so there is no default subnet either.
    await assert.rejects(acme.call('CreateDefaultVpc', {}, asShop))
    await assert.rejects(acme.call('CreateDefaultSubnet', { AvailabilityZone: 'us-east-1a' }, asShop))
    const takers =
      /^(RunInstances|CreateNetworkInterface|Assign|CreateDefault|CreateLoadBalancer|CreateDBInstance|CreateFleet)/
    assert.deepEqual([...operationTables.ec2.keys()].filter((name) => takers.test(name)).sort(), [
      'CreateDefaultSubnet',
      'CreateDefaultVpc',
    ])
  },

  /** Over Organizations that is the management account’s alone, which may enter every member: see docs/guide/security.md. */
  async 'moving or tagging oneself into another rule'(acme) {
    const premium = await acme.pool()
    await acme.rules(acme.law, [premium, acme.listed])
    await setTags(acme, acme.law, { [`cadastre:when/${premium}`]: 'tag:tier=premium' })
    const Tags = [{ Key: 'tier', Value: 'premium' }]
    for (const account of [shop, network]) {
      for (const ResourceId of [shop, prod, root]) {
        const tagged = acme.organizations('TagResource', { ResourceId, Tags }, { account })
        assert.equal((await refusalOf(tagged)).code, 'NotAuthorized')
        const untagged = acme.organizations('UntagResource', { ResourceId, TagKeys: ['tier'] }, { account })
        assert.equal((await refusalOf(untagged)).code, 'NotAuthorized')
      }
      const move = { AccountId: shop, SourceParentId: prod, DestinationParentId: dev }
      assert.equal((await refusalOf(acme.organizations('MoveAccount', move, { account }))).code, 'NotAuthorized')
      const made = { AccountName: 'new', Email: 'new@example.com', Tags }
      assert.equal((await refusalOf(acme.organizations('CreateAccount', made, { account }))).code, 'NotAuthorized')
    }
    assert.equal(await acme.poolOfAddress(shop), acme.listed)
  },

  /** Members neither close nor remove any; what is made anew has another number, and nothing of the one before. */
  async 'an account closed and made anew'(acme) {
    const { organizations } = acme
    for (const account of [shop, network]) {
      for (const work of [
        organizations('CloseAccount', { AccountId: shop }, { account }),
        organizations('RemoveAccountFromOrganization', { AccountId: shop }, { account }),
        organizations('DeleteOrganization', {}, { account }),
      ]) {
        assert.equal((await refusalOf(work)).code, 'NotAuthorized')
      }
    }
    const { AllocationId } = await allocate(acme, shop)
    const remove = () => organizations('RemoveAccountFromOrganization', { AccountId: shop })
    assert.equal((await refusalOf(remove())).code, 'DependencyViolation')
    await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, asShop)
    await organizations('CloseAccount', { AccountId: shop })
    assert.equal((await refusalOf(allocate(acme, shop))).code, 'IncorrectState')
    await remove()
    const { CreateAccountStatus } = await organizations('CreateAccount', {
      AccountName: 'shop',
      Email: 'anew@example.com',
    })
    const made = await acme.store.read((tx) => tx.organizations.findCreation(CreateAccountStatus!.Id!))
    assert.notEqual(made!.account, shop)
    assert.equal(await acme.poolOfAddress(made!.account!), acme.listed)
  },
  'adopting what one has told of': {
    because: 'nothing is adopted over it',
    unless: /adopt|difference|observ/i,
  },

  'the rule of a source': {
    because: 'it has no sources',
    unless: /adopt|difference|observ|snapshot/i,
  },

  async 'a change past change control'(acme) {
    await requireChanges(acme)
    const needsOne = async (work: Promise<unknown>) =>
      assert.equal((await refusalOf(work)).code, 'ChangeRequestRequired')
    await needsOne(acme.rules(acme.law, []))
    await needsOne(acme.call('DisableIpamPolicy', { IpamPolicyId: acme.law, OrganizationTargetId: root }, asNetwork))
    await needsOne(acme.pool())
    const Tags = tagsOf({ 'cadastre:on-explicit': 'allow' })
    await needsOne(acme.call('CreateTags', { Resources: [acme.law], Tags }, asNetwork))
    const Name = tagsOf({ Name: 'somebody else’s' })
    for (const id of [acme.listed, acme.publicScope])
      await needsOne(acme.call('CreateTags', { Resources: [id], Tags: Name }, asNetwork))
    await needsOne(acme.call('ModifyIpamScope', { IpamScopeId: acme.publicScope, Description: 'x' }, asNetwork))
    await needsOne(acme.call('ModifyIpam', { IpamId: acme.ipam, Description: 'x' }, asNetwork))
    await needsOne(
      acme.organizations('MoveAccount', { AccountId: shop, SourceParentId: prod, DestinationParentId: dev }),
    )
    assert.equal(await acme.poolOfAddress(shop), acme.listed)
  },
  'approving one’s own change': {
    because: 'it has no change requests',
    unless: /ChangeRequest/i,
  },
  'a change edited after its approval': {
    because: 'it has no change requests',
    unless: /ChangeRequest/i,
  },
  'fewer approvers by the change itself': {
    because: 'it has no change requests',
    unless: /ChangeRequest/i,
  },
}
