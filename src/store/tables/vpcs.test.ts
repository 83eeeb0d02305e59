// What of VPCs and subnets is kept in the history: the same that was kept in EC2's words before, which is read as if it were kept now.
import { test } from 'node:test'
import { parseCidr } from '#model/cidr.ts'
import { emptyDatabase } from '../../../test/database.ts'
import { assertSaysSame } from '../../../test/history-before.ts'

const account = '111111111111'
const vpc = {
  id: 'vpc-1',
  account,
  region: 'us-east-1',
  tenancy: 'dedicated',
  dhcpOptionsId: 'default',
  enableDnsSupport: true,
  enableDnsHostnames: false,
  enableNetworkAddressUsageMetrics: false,
}
const block = {
  vpcId: vpc.id,
  isPrimary: false,
  allocation: undefined,
  poolId: undefined,
  networkBorderGroup: undefined,
}
const blocks = [
  { ...block, associationId: 'vpc-cidr-assoc-1', cidr: parseCidr('10.1.0.0/16')!, isPrimary: true, ipSource: 'none' },
  {
    ...block,
    associationId: 'vpc-cidr-assoc-2',
    cidr: parseCidr('2001:db8::/56')!,
    ipSource: 'amazon',
    networkBorderGroup: 'us-east-1',
  },
  {
    ...block,
    associationId: 'vpc-cidr-assoc-3',
    cidr: parseCidr('fd12::/56')!,
    ipSource: 'none',
    poolId: 'ipam-pool-1',
    networkBorderGroup: 'us-east-1',
  },
] as const

test('a VPC is kept in the history with what was kept of it before', async () => {
  const database = await emptyDatabase()
  const store = await database.open()
  const kept = await store.write(async (tx) => {
    await tx.vpcs.insert(vpc)
    for (const each of blocks) await tx.vpcs.insertCidr(each)
    const tags = [{ key: 'Name', value: 'a' }]
    return tx.vpcs.forHistory((await tx.vpcs.find(vpc.id))!, { cidrs: await tx.vpcs.cidrs(vpc.id), tags })
  })
  const ipv4 =
    '[{"AssociationId":"vpc-cidr-assoc-1","CidrBlock":"10.1.0.0/16","CidrBlockState":{"State":"associated"}}]'
  const provided =
    '{"AssociationId":"vpc-cidr-assoc-2","Ipv6CidrBlock":"2001:db8::/56","Ipv6CidrBlockState":{"State":"associated"},"NetworkBorderGroup":"us-east-1","Ipv6Pool":"Amazon","Ipv6AddressAttribute":"public","IpSource":"amazon"}'
  const ofPool =
    '{"AssociationId":"vpc-cidr-assoc-3","Ipv6CidrBlock":"fd12::/56","Ipv6CidrBlockState":{"State":"associated"},"NetworkBorderGroup":"us-east-1","Ipv6Pool":"IPAM Managed","Ipv6AddressAttribute":"private","IpSource":"none"}'
  assertSaysSame(
    'vpc',
    kept,
    `{"VpcId":"vpc-1","OwnerId":"111111111111","State":"available","CidrBlock":"10.1.0.0/16","CidrBlockAssociationSet":${ipv4},"Ipv6CidrBlockAssociationSet":[${provided},${ofPool}],"DhcpOptionsId":"default","InstanceTenancy":"dedicated","IsDefault":false,"BlockPublicAccessStates":{"InternetGatewayBlockMode":"off"},"Tags":[{"Key":"Name","Value":"a"}],"enableDnsSupport":true,"enableDnsHostnames":false,"enableNetworkAddressUsageMetrics":false}`,
  )
  await store.close()
  await database.remove()
})

test('a subnet is kept in the history with what was kept of it before', async () => {
  const database = await emptyDatabase()
  const store = await database.open()
  const [dual, native] = await store.write(async (tx) => {
    await tx.vpcs.insert(vpc)
    const at = {
      vpcId: vpc.id,
      account,
      region: 'us-east-1',
      zone: 'us-east-1b',
      zoneId: 'use1-az2',
      allocation: undefined,
    }
    await tx.vpcs.insertSubnet({ ...at, id: 'subnet-1', cidr: parseCidr('10.1.0.0/24')!, isIpv6Native: false })
    await tx.vpcs.insertSubnet({ ...at, id: 'subnet-2', cidr: undefined, isIpv6Native: true })
    const ipv6 = {
      associationId: 'subnet-cidr-assoc-1',
      vpcId: vpc.id,
      allocation: undefined,
      ipSource: 'none',
    } as const
    await tx.vpcs.insertSubnetCidr({ ...ipv6, subnetId: 'subnet-2', cidr: parseCidr('fd12:0:0:1::/64')! })
    const stateOf = async (id: string, available: number): Promise<object> => {
      const tags = [{ key: 'Name', value: id }]
      const belongings = { ipv6: await tx.vpcs.subnetCidrs(id), available, tags }
      return tx.vpcs.subnetForHistory((await tx.vpcs.findSubnet(id))!, belongings)
    }
    return [await stateOf('subnet-1', 251), await stateOf('subnet-2', 0)] as const
  })
  const rest = (hostname: string): string =>
    `"DefaultForAz":false,"MapPublicIpOnLaunch":false,"MapCustomerOwnedIpOnLaunch":false,"EnableDns64":false,"PrivateDnsNameOptionsOnLaunch":{"HostnameType":"${hostname}","EnableResourceNameDnsARecord":false,"EnableResourceNameDnsAAAARecord":false},"BlockPublicAccessStates":{"InternetGatewayBlockMode":"off"}`
  const zone = '"AvailabilityZone":"us-east-1b","AvailabilityZoneId":"use1-az2"'
  const named = (id: string): string =>
    `"SubnetId":"${id}","SubnetArn":"arn:aws:ec2:us-east-1:111111111111:subnet/${id}","VpcId":"vpc-1","OwnerId":"111111111111","State":"available"`
  assertSaysSame(
    'subnet',
    dual,
    `{${named('subnet-1')},"CidrBlock":"10.1.0.0/24","AvailableIpAddressCount":251,${zone},"Ipv6CidrBlockAssociationSet":[],"Ipv6Native":false,"AssignIpv6AddressOnCreation":false,${rest('ip-name')},"Tags":[{"Key":"Name","Value":"subnet-1"}]}`,
  )
  const ipv6 =
    '{"AssociationId":"subnet-cidr-assoc-1","Ipv6CidrBlock":"fd12:0:0:1::/64","Ipv6CidrBlockState":{"State":"associated"},"Ipv6AddressAttribute":"private","IpSource":"none"}'
  assertSaysSame(
    'subnet',
    native,
    `{${named('subnet-2')},"AvailableIpAddressCount":0,${zone},"Ipv6CidrBlockAssociationSet":[${ipv6}],"Ipv6Native":true,"AssignIpv6AddressOnCreation":true,${rest('resource-name')},"Tags":[{"Key":"Name","Value":"subnet-2"}]}`,
  )
  await store.close()
  await database.remove()
})
