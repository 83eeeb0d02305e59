// Whatever way space is taken or used under an exception: it is on record, and a finding for as long as it outlives the exception.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { checkSpace } from '#store/upkeep/check.ts'
import { asNetwork, dev, openAcme, prod, shop } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'

interface Finding {
  readonly resource: string
  readonly resourceId?: string
  readonly cidr: string
}
const asShop = { account: shop } as const
const region = 'us-east-1'

let acme: Awaited<ReturnType<typeof furnish>>
let people: { readonly ann: string; readonly bob: string }
async function furnish() {
  const company = await withNativeApi(await openAcme())
  return { ...company, law: await company.policy(), usual: await company.pool() }
}
before(async () => {
  acme = await furnish()
  people = {
    ann: await acme.tokenOf('user:ann', 'organization-administrator', '*'),
    bob: await acme.tokenOf('user:bob', 'organization-administrator', '*'),
  }
})
after(async () => {
  assert.deepEqual((await checkSpace(acme.store)).problems, [])
  await acme.close()
})

/** Policy gives shop `usual` alone for a type; an exception opens other pools, or the provider, until it is revoked. */
async function excepted(
  {
    type,
    usual,
    locale = region,
    target = shop,
  }: { readonly type: string; readonly usual: string; readonly locale?: string; readonly target?: string },
  grants: object,
): Promise<string> {
  await acme.rules(acme.law, [usual], { type, locale })
  const { exceptionId } = await acme.post<{ exceptionId: string }>(
    '/exceptions',
    {
      target,
      locale,
      resourceType: type,
      grants,
      reason: 'every way is to be walked',
      expiresAt: new Date((await acme.store.read(async (tx) => tx.now)) + 3_600_000).toISOString(),
    },
    { as: people.ann },
  )
  await acme.post(`/exceptions/${exceptionId}/approve`, {}, { as: people.bob })
  return exceptionId
}
async function findings(exceptionId: string): Promise<readonly Finding[]> {
  const items: Finding[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: { items: Finding[]; nextCursor?: string } = await acme.get(
      `/exceptions/${exceptionId}/findings?limit=2${cursor && `&cursor=${cursor}`}`,
    )
    items.push(...page.items)
    cursor = page.nextCursor
  }
  return items
}
const isListed = async (exceptionId: string): Promise<boolean> => {
  const { items } = await acme.get<{ items: { exceptionId: string }[] }>('/exceptions?finding=open')
  return items.some((one) => one.exceptionId === exceptionId)
}
/** Ends the exception, compares its findings with what was taken in order, and again when all is given back. */
async function outlived(
  exceptionId: string,
  taken: readonly (readonly [string, string])[],
  giveBack: () => Promise<void>,
) {
  assert.deepEqual([await findings(exceptionId), await isListed(exceptionId)], [[], false], 'none while it is in force')
  await acme.post(`/exceptions/${exceptionId}/revoke`, {}, { as: people.bob })
  assert.deepEqual(
    (await findings(exceptionId)).map(({ resource, cidr }) => [resource, cidr]),
    taken.toReversed(),
    'the latest first',
  )
  assert.equal(await isListed(exceptionId), true)
  await giveBack()
  assert.deepEqual([await findings(exceptionId), await isListed(exceptionId)], [[], false], 'none is left')
}

test('Elastic IPs: AllocateAddress, the native API alone and in a batch, a hold, a hold for approval, a NAT gateway of one’s own', async () => {
  const other = await acme.pool()
  const vpc = await acme.call('CreateVpc', { CidrBlock: '10.200.0.0/16' }, asShop)
  const VpcId = vpc.Vpc!.VpcId!
  const { Subnet } = await acme.call('CreateSubnet', { VpcId, CidrBlock: '10.200.1.0/24' }, asShop)
  const SubnetId = Subnet!.SubnetId!
  // Allocated before the policy came: only its use needs the exception.
  const early = await acme.call('AllocateAddress', {}, asShop)
  await acme.enable(acme.law)
  const exceptionId = await excepted({ type: 'eip', usual: acme.usual }, { pools: [other], provider: true })

  const params = { account: shop, resourceType: 'eip', locale: region, poolId: other }
  interface Made {
    readonly allocationId: string
    readonly cidr: string
    readonly resourceId: string
  }
  const taken: [string, string][] = []
  const note = ({ resourceId, cidr }: Made) => taken.push([resourceId, cidr])
  const first = await acme.call('AllocateAddress', { IpamPoolId: other }, asShop)
  taken.push([first.AllocationId!, `${first.PublicIp}/32`])
  note(await acme.post<Made>('/allocations', params))
  const batch = await acme.post<{ allocations: Made[] }>('/allocations/batch', { allocations: [params, params] })
  for (const one of batch.allocations) note(one)
  const held = await acme.post<Made>('/allocations', { ...params, hold: { expiresInSeconds: 60 } })
  note(await acme.post<Made>(`/allocations/${held.allocationId}/confirm`, {}))
  // What is only held is nobody’s yet, and no finding: it lapses by itself.
  await acme.post('/allocations', { ...params, hold: { expiresInSeconds: 60 } })
  const gateway = await acme.call('CreateNatGateway', { SubnetId, AllocationId: early.AllocationId! }, asShop)
  const { NatGatewayId, NatGatewayAddresses } = gateway.NatGateway!
  taken.push([NatGatewayAddresses![0]!.AssociationId!, `${early.PublicIp}/32`])

  await outlived(exceptionId, taken, async () => {
    await acme.call('DeleteNatGateway', { NatGatewayId: NatGatewayId! }, asShop)
    for (const [AllocationId] of taken.slice(0, -1)) await acme.call('ReleaseAddress', { AllocationId }, asShop)
  })

  const pending = await acme.post<{ exceptionId: string; hold: { allocationId: string } }>(
    '/exceptions',
    {
      target: shop,
      locale: region,
      resourceType: 'eip',
      grants: { pools: [other] },
      reason: 'held meanwhile',
      expiresAt: new Date((await acme.store.read(async (tx) => tx.now)) + 3_600_000).toISOString(),
      hold: { expiresInSeconds: 600 },
    },
    { as: people.ann },
  )
  await acme.post(`/exceptions/${pending.exceptionId}/approve`, {}, { as: people.bob })
  const confirmed = await acme.post<Made>(`/allocations/${pending.hold.allocationId}/confirm`, {})
  await outlived(pending.exceptionId, [[confirmed.resourceId, confirmed.cidr]], async () => {
    await acme.call('ReleaseAddress', { AllocationId: confirmed.resourceId }, asShop)
  })
})

test('VPCs: CreateVpc and AssociateVpcCidrBlock, from a pool and with a block brought along', async () => {
  const [usual, spare] = [await acme.pool({ scope: 'private' }), await acme.pool({ scope: 'private' })]
  const exceptionId = await excepted({ type: 'vpc', usual }, { pools: [spare], provider: true })
  const fromPool = { Ipv4IpamPoolId: spare, Ipv4NetmaskLength: 28 }
  const made = (await acme.call('CreateVpc', fromPool, asShop)).Vpc!
  const brought = (await acme.call('CreateVpc', { CidrBlock: '10.201.0.0/16' }, asShop)).Vpc!
  const more = await acme.call('AssociateVpcCidrBlock', { VpcId: brought.VpcId!, CidrBlock: '10.202.0.0/16' }, asShop)
  const { IpamPoolAllocations } = await acme.call('GetIpamPoolAllocations', { IpamPoolId: spare }, asNetwork)
  await outlived(
    exceptionId,
    [
      [IpamPoolAllocations![0]!.IpamPoolAllocationId!, made.CidrBlock!],
      [brought.CidrBlockAssociationSet![0]!.AssociationId!, '10.201.0.0/16'],
      [more.CidrBlockAssociation!.AssociationId!, '10.202.0.0/16'],
    ],
    async () => {
      for (const { VpcId } of [made, brought]) await acme.call('DeleteVpc', { VpcId: VpcId! }, asShop)
    },
  )
})

test('subnets: CreateSubnet with a block of the VPC’s own', async () => {
  const usual = await acme.pool({ scope: 'private' })
  const vpcs = await excepted({ type: 'vpc', usual }, { provider: true })
  const { Vpc } = await acme.call('CreateVpc', { CidrBlock: '10.203.0.0/16' }, asShop)
  const exceptionId = await excepted({ type: 'subnet', usual }, { provider: true })
  const { Subnet } = await acme.call('CreateSubnet', { VpcId: Vpc!.VpcId!, CidrBlock: '10.203.7.0/24' }, asShop)
  await outlived(exceptionId, [[Subnet!.SubnetId!, '10.203.7.0/24']], async () => {
    await acme.call('DeleteSubnet', { SubnetId: Subnet!.SubnetId! }, asShop)
  })
  await acme.call('DeleteVpc', { VpcId: Vpc!.VpcId! }, asShop)
  await acme.post(`/exceptions/${vpcs}/revoke`, {}, { as: people.bob })
})

test('regional NAT gateways that take their addresses themselves', async () => {
  const other = await acme.pool()
  const usual = await acme.pool({ cidr: '198.51.100.0/32' })
  const vpcs = await excepted({ type: 'vpc', usual: await acme.pool({ scope: 'private' }) }, { provider: true })
  const { Vpc } = await acme.call('CreateVpc', { CidrBlock: '10.204.0.0/16' }, asShop)
  const exceptionId = await excepted({ type: 'rnat', usual }, { pools: [other] })
  // The one address that policy gives is gone, so that the exception helps out.
  const gateway = async () => {
    const params = { VpcId: Vpc!.VpcId!, AvailabilityMode: 'regional' } as const
    return (await acme.call('CreateNatGateway', params, asShop)).NatGateway!
  }
  const gateways = [await gateway(), await gateway()]
  const { items } = await acme.get<{ items: { resourceId: string; cidr: string }[] }>(`/allocations?poolId=${other}`)
  await outlived(
    exceptionId,
    items.map(({ resourceId, cidr }) => [resourceId, cidr] as const),
    async () => {
      for (const { NatGatewayId } of gateways) {
        await acme.call('DeleteNatGateway', { NatGatewayId: NatGatewayId! }, asShop)
      }
    },
  )
  assert.notEqual(items.length, 0)
  await acme.call('DeleteVpc', { VpcId: Vpc!.VpcId! }, asShop)
  await acme.post(`/exceptions/${vpcs}/revoke`, {}, { as: people.bob })
})

test('allocations by hand, and for what is at other sites', async () => {
  const [usual, spare] = [await acme.pool({ scope: 'private' }), await acme.pool({ scope: 'private' })]
  const exceptionId = await excepted({ type: 'custom', usual }, { pools: [spare] })
  const { IpamPoolAllocation } = await acme.call(
    'AllocateIpamPoolCidr',
    { IpamPoolId: spare, NetmaskLength: 30 },
    asShop,
  )
  const { IpamPoolAllocationId, Cidr } = IpamPoolAllocation!
  await outlived(exceptionId, [[IpamPoolAllocationId!, Cidr!]], async () => {
    const given = { IpamPoolId: spare, Cidr: Cidr!, IpamPoolAllocationId: IpamPoolAllocationId! }
    await acme.call('ReleaseIpamPoolAllocation', given, asNetwork)
  })

  const locale = 'onprem:kiel'
  const [ours, theirs] = [await acme.pool({ scope: 'private', locale }), await acme.pool({ scope: 'private', locale })]
  const ofSite = await excepted({ type: 'onprem:host', usual: ours, locale }, { pools: [theirs] })
  const params = { account: shop, resourceType: 'onprem:host', locale, poolId: theirs, resourceId: 'db-1' }
  const made = await acme.post<{ allocationId: string; cidr: string }>('/allocations', params)
  await outlived(ofSite, [[made.allocationId, made.cidr]], async () => {
    await acme.ask('DELETE', `/allocations/${made.allocationId}`)
  })
})

test('I8 what an account holds is no finding for who may not read exceptions there', async () => {
  const other = await acme.pool()
  const exceptionId = await excepted({ type: 'eip', usual: acme.usual, target: prod }, { pools: [other] })
  const made = await acme.post<{ allocationId: string }>('/allocations', {
    account: shop,
    resourceType: 'eip',
    locale: region,
    poolId: other,
  })
  await acme.post(`/exceptions/${exceptionId}/revoke`, {}, { as: people.bob })
  const as = await acme.tokenOf('user:prod', 'auditor', prod)
  const seen = async () => {
    const { items } = await acme.get<{ items: Finding[] }>(`/exceptions/${exceptionId}/findings`, { as })
    const open = await acme.get<{ items: { exceptionId: string }[] }>('/exceptions?finding=open', { as })
    return [items.length, open.items.some((one) => one.exceptionId === exceptionId)]
  }
  assert.deepEqual(await seen(), [1, true])
  await acme.post(`/accounts/${shop}/move`, { parentId: dev })
  const left = await seen()
  await acme.post(`/accounts/${shop}/move`, { parentId: prod })
  assert.deepEqual(
    [left, await seen()],
    [
      [0, false],
      [1, true],
    ],
  )
  const forbid = { principal: 'user:prod', role: 'auditor', node: shop, effect: 'forbid' }
  const { bindingId } = await acme.post<{ bindingId: string }>('/role-bindings', forbid)
  assert.deepEqual(await seen(), [0, false])
  assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
  assert.equal((await acme.ask('DELETE', `/allocations/${made.allocationId}`)).status, 204)
})
