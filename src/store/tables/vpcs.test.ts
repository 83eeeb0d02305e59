// What of VPCs and subnets is kept in the history: the text that every version has written, whatever it is called in the code.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr } from '#model/cidr.ts'
import { emptyDatabase } from '../../../test/database.ts'

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

test('a VPC is kept in the history as it was from the beginning', async () => {
  const database = await emptyDatabase()
  const store = await database.open()
  const kept = await store.write(async (tx) => {
    await tx.vpcs.insert(vpc)
    for (const each of blocks) await tx.vpcs.insertCidr(each)
    const tags = [{ Key: 'Name', Value: 'a' }]
    return tx.vpcs.forHistory((await tx.vpcs.find(vpc.id))!, { cidrs: await tx.vpcs.cidrs(vpc.id), tags })
  })
  const ipv4 =
    '[{"AssociationId":"vpc-cidr-assoc-1","CidrBlock":"10.1.0.0/16","CidrBlockState":{"State":"associated"}}]'
  const provided =
    '{"AssociationId":"vpc-cidr-assoc-2","Ipv6CidrBlock":"2001:db8::/56","Ipv6CidrBlockState":{"State":"associated"},"NetworkBorderGroup":"us-east-1","Ipv6Pool":"Amazon","Ipv6AddressAttribute":"public","IpSource":"amazon"}'
  const ofPool =
    '{"AssociationId":"vpc-cidr-assoc-3","Ipv6CidrBlock":"fd12::/56","Ipv6CidrBlockState":{"State":"associated"},"NetworkBorderGroup":"us-east-1","Ipv6Pool":"IPAM Managed","Ipv6AddressAttribute":"private","IpSource":"none"}'
  assert.equal(
    JSON.stringify(kept),
    `{"VpcId":"vpc-1","OwnerId":"111111111111","State":"available","CidrBlock":"10.1.0.0/16","CidrBlockAssociationSet":${ipv4},"Ipv6CidrBlockAssociationSet":[${provided},${ofPool}],"DhcpOptionsId":"default","InstanceTenancy":"dedicated","IsDefault":false,"BlockPublicAccessStates":{"InternetGatewayBlockMode":"off"},"Tags":[{"Key":"Name","Value":"a"}],"enableDnsSupport":true,"enableDnsHostnames":false,"enableNetworkAddressUsageMetrics":false}`,
  )
  await store.close()
  await database.remove()
})
