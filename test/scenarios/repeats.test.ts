// What clients do without being asked: trying again, asking in pages, waiting until something is ready, trying dry.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  AllocateAddressCommand,
  AllocateIpamPoolCidrCommand,
  CreateIpamPoolCommand,
  CreateNatGatewayCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteNatGatewayCommand,
  DescribeAddressesCommand,
  DescribeIpamPoolsCommand,
  DescribeNatGatewaysCommand,
  DescribeTagsCommand,
  DescribeVpcsCommand,
  EC2Client,
  GetIpamPoolAllocationsCommand,
  ProvisionIpamPoolCidrCommand,
  paginateDescribeIpamPools,
  paginateDescribeTags,
  paginateDescribeVpcs,
  paginateGetIpamPoolAllocations,
  ReleaseAddressCommand,
  waitUntilNatGatewayAvailable,
  waitUntilNatGatewayDeleted,
  waitUntilSubnetAvailable,
  waitUntilVpcAvailable,
} from '@aws-sdk/client-ec2'
import { startCuttingProxy } from '../clients/cutting-proxy.ts'
import { administrator } from '../clients/server.ts'
import { type Acme, foundAcme, home } from './acme.ts'

let acme: Acme
let network: EC2Client
let shop: EC2Client
before(async () => {
  acme = await foundAcme()
  network = acme.clients('network').ec2
  shop = acme.clients('shop').ec2
})
after(() => acme.close())

async function makePool(cidr: string): Promise<string> {
  const { IpamPool: pool } = await network.send(
    new CreateIpamPoolCommand({ IpamScopeId: acme.names.get('private')!, AddressFamily: 'ipv4', Locale: home }),
  )
  await network.send(new ProvisionIpamPoolCidrCommand({ IpamPoolId: pool!.IpamPoolId!, Cidr: cidr }))
  return pool!.IpamPoolId!
}

async function allocationsOf(pool: string): Promise<string[]> {
  const answer = await network.send(new GetIpamPoolAllocationsCommand({ IpamPoolId: pool }))
  return answer.IpamPoolAllocations!.map(({ Cidr }) => Cidr!)
}

test('I5 an SDK that never got its answer tries again, and one address is taken', async () => {
  const proxy = await startCuttingProxy(acme.server.port)
  const client = new EC2Client({
    endpoint: proxy.endpoint,
    region: home,
    credentials: administrator,
    maxAttempts: 3,
  })
  try {
    const answer = await client.send(new AllocateAddressCommand({}))
    assert.equal(proxy.cuts(), 1)
    assert.equal(answer.$metadata.attempts, 2)
    const { Addresses: held } = await client.send(new DescribeAddressesCommand({}))
    assert.deepEqual(
      held!.map(({ AllocationId, PublicIp }) => ({ AllocationId, PublicIp })),
      [{ AllocationId: answer.AllocationId, PublicIp: answer.PublicIp }],
    )
    // Another call of the same client is another request.
    const next = await client.send(new AllocateAddressCommand({}))
    assert.notEqual(next.AllocationId, answer.AllocationId)
    for (const { AllocationId } of [answer, next]) await client.send(new ReleaseAddressCommand({ AllocationId }))
  } finally {
    client.destroy()
    await proxy.close()
  }
})

test('I5 the same client token gives the same answer, and is refused with other parameters', async () => {
  const IpamPoolId = await makePool('10.0.0.0/16')
  const params = { IpamPoolId, NetmaskLength: 24, ClientToken: 'a-token-of-our-own' }
  const first = await network.send(new AllocateIpamPoolCidrCommand(params))
  const second = await network.send(new AllocateIpamPoolCidrCommand(params))
  assert.deepEqual(second.IpamPoolAllocation, first.IpamPoolAllocation)
  await assert.rejects(network.send(new AllocateIpamPoolCidrCommand({ ...params, NetmaskLength: 25 })), {
    name: 'IdempotentParameterMismatch',
    message:
      'The client token `a-token-of-our-own` was used before with other parameters. Use a new token, or the same parameters.',
  })
  assert.deepEqual(await allocationsOf(IpamPoolId), ['10.0.0.0/24'])
})

test('I5 a client token belongs to the account that chose it', async () => {
  const token = { CidrBlock: '10.9.0.0/24' }
  const nat = { AvailabilityMode: 'regional', ClientToken: 'everybody-chooses-this' } as const
  const made: string[] = []
  for (const client of [shop, network]) {
    const { Vpc: vpc } = await client.send(new CreateVpcCommand(token))
    const { NatGateway: gateway } = await client.send(new CreateNatGatewayCommand({ ...nat, VpcId: vpc!.VpcId! }))
    made.push(gateway!.NatGatewayId!)
    await client.send(new DeleteNatGatewayCommand({ NatGatewayId: gateway!.NatGatewayId! }))
  }
  assert.notEqual(made[0], made[1])
})

test('a dry run says that it would have worked, or why not, and changes nothing', async () => {
  const IpamPoolId = await makePool('10.1.0.0/16')
  await assert.rejects(network.send(new AllocateIpamPoolCidrCommand({ IpamPoolId, NetmaskLength: 24, DryRun: true })), {
    name: 'DryRunOperation',
    message: 'Request would have succeeded, but DryRun flag is set.',
  })
  await assert.rejects(network.send(new AllocateIpamPoolCidrCommand({ IpamPoolId, NetmaskLength: 8, DryRun: true })), {
    name: 'InvalidParameterValue',
  })
  assert.deepEqual(await allocationsOf(IpamPoolId), [])
  await assert.rejects(shop.send(new AllocateAddressCommand({ DryRun: true })), { name: 'DryRunOperation' })
  assert.deepEqual((await shop.send(new DescribeAddressesCommand({}))).Addresses, [])
})

test('paginators read every page once', async () => {
  const IpamPoolId = await makePool('10.2.0.0/16')
  const taken: string[] = []
  for (let count = 0; count < 12; count++) {
    const answer = await network.send(new AllocateIpamPoolCidrCommand({ IpamPoolId, NetmaskLength: 24 }))
    taken.push(answer.IpamPoolAllocation!.Cidr!)
  }
  const sizes: number[] = []
  const read: string[] = []
  const pages = paginateGetIpamPoolAllocations({ client: network, pageSize: 1000 }, { IpamPoolId })
  for await (const { IpamPoolAllocations: page } of pages) {
    sizes.push(page!.length)
    read.push(...page!.map(({ Cidr }) => Cidr!))
  }
  assert.deepEqual(sizes, [12])
  assert.deepEqual(read.toSorted(), taken.toSorted())

  const made: string[] = []
  for (let count = 0; count < 11; count++) {
    const { Vpc: vpc } = await shop.send(new CreateVpcCommand({ CidrBlock: `172.16.${count}.0/24` }))
    made.push(vpc!.VpcId!)
    await shop.send(new CreateTagsCommand({ Resources: [vpc!.VpcId!], Tags: [{ Key: 'story', Value: 'paging' }] }))
  }
  const filter = [{ Name: 'tag:story', Values: ['paging'] }]
  const vpcs: string[] = []
  const vpcPages: number[] = []
  for await (const { Vpcs: page } of paginateDescribeVpcs({ client: shop, pageSize: 5 }, { Filters: filter })) {
    vpcPages.push(page!.length)
    vpcs.push(...page!.map(({ VpcId }) => VpcId!))
  }
  assert.deepEqual(vpcPages, [5, 5, 1])
  assert.deepEqual(vpcs.toSorted(), made.toSorted())

  const tagged: string[] = []
  for await (const { Tags: page } of paginateDescribeTags({ client: shop, pageSize: 5 }, {})) {
    tagged.push(...page!.map(({ ResourceId }) => ResourceId!))
  }
  assert.deepEqual(tagged.toSorted(), made.toSorted())

  const pools: string[] = []
  for await (const { IpamPools: page } of paginateDescribeIpamPools({ client: network, pageSize: 5 }, {})) {
    pools.push(...page!.map(({ IpamPoolId }) => IpamPoolId!))
  }
  const { IpamPools: all } = await network.send(new DescribeIpamPoolsCommand({}))
  assert.deepEqual(
    pools,
    all!.map(({ IpamPoolId }) => IpamPoolId),
  )
})

test('a page token that no answer gave is refused', async () => {
  await assert.rejects(shop.send(new DescribeVpcsCommand({ NextToken: 'made-up', MaxResults: 5 })), {
    name: 'InvalidPaginationToken',
  })
  await assert.rejects(shop.send(new DescribeTagsCommand({ MaxResults: 1 })), { name: 'InvalidMaxResults' })
})

test("the SDK's waiters see networks become available and go", async () => {
  const waiter = { client: shop, minDelay: 1, maxDelay: 1, maxWaitTime: 10 }
  const { Vpc: vpc } = await shop.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))
  const VpcId = vpc!.VpcId!
  assert.equal((await waitUntilVpcAvailable(waiter, { VpcIds: [VpcId] })).state, 'SUCCESS')
  const { Subnet: subnet } = await shop.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.0.0/24' }))
  assert.equal((await waitUntilSubnetAvailable(waiter, { SubnetIds: [subnet!.SubnetId!] })).state, 'SUCCESS')
  const { NatGateway: gateway } = await shop.send(new CreateNatGatewayCommand({ VpcId, AvailabilityMode: 'regional' }))
  assert.equal(gateway!.State, 'pending')
  const NatGatewayIds = [gateway!.NatGatewayId!]
  assert.equal((await waitUntilNatGatewayAvailable(waiter, { NatGatewayIds })).state, 'SUCCESS')
  await shop.send(new DeleteNatGatewayCommand({ NatGatewayId: gateway!.NatGatewayId! }))
  assert.equal((await waitUntilNatGatewayDeleted(waiter, { NatGatewayIds })).state, 'SUCCESS')
  const { NatGateways: left } = await shop.send(
    new DescribeNatGatewaysCommand({ Filter: [{ Name: 'state', Values: ['pending', 'available'] }] }),
  )
  assert.deepEqual(left, [])
})
