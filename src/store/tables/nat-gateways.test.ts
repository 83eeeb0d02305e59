// What of NAT gateways is kept in the history: the same that was kept in EC2's words before, which is read as if it were kept now.
import { test } from 'node:test'
import { formatId } from '#model/identifier.ts'
import { emptyDatabase } from '../../../test/database.ts'
import { assertSaysSame } from '../../../test/history-before.ts'

const gateway = {
  account: '111111111111',
  region: 'us-east-1',
  vpcId: 'vpc-1',
  subnetId: undefined,
  connectivity: 'public',
  availabilityMode: 'zonal',
  isAutomatic: false,
  routeTableId: undefined,
  createdAt: 1_767_225_600_000,
  deletedAt: undefined,
} as const
const address = {
  allocation: undefined,
  publicIp: undefined,
  privateIp: undefined,
  networkInterfaceId: undefined,
  zone: 'us-east-1b',
  zoneId: 'use1-az2',
  isPrimary: false,
  isServiceManaged: false,
}

test('a NAT gateway is kept in the history with what was kept of it before', async () => {
  const database = await emptyDatabase()
  const store = await database.open()
  const [ofPublic, ofPrivate, ofRegional, elasticIp] = await store.read(async ({ natGateways, installation }) => {
    const kept = (one: Parameters<typeof natGateways.forHistory>[0], addresses: readonly object[]): object => {
      const all = addresses.map((each, index) => {
        return { ...address, natGatewayId: one.id, associationId: `eipassoc-${index + 1}`, ...each }
      })
      const tags = [{ key: 'Name', value: 'a' }]
      return natGateways.forHistory(one, { addresses: all, tags, installation })
    }
    const inSubnet = { subnetId: 'subnet-1' }
    const regional = { availabilityMode: 'regional', isAutomatic: true, routeTableId: 'rtb-1' } as const
    const first = { isPrimary: true, privateIp: '10.1.0.9', networkInterfaceId: 'eni-1' }
    const held = { allocation: 43, publicIp: '198.18.0.1' }
    return [
      kept({ ...gateway, ...inSubnet, id: 'nat-1' }, [{ ...first, ...held }]),
      kept({ ...gateway, ...inSubnet, id: 'nat-2', connectivity: 'private' }, [first]),
      kept({ ...gateway, ...regional, id: 'nat-3' }, [{ ...held, isServiceManaged: true }]),
      formatId('address', installation, held.allocation),
    ] as const
  })
  const named = (id: string, rest: string): string => `{"NatGatewayId":"${id}","VpcId":"vpc-1",${rest}`
  const zone = '"AvailabilityZone":"us-east-1b","AvailabilityZoneId":"use1-az2","Status":"succeeded"'
  const end = '"CreateTime":1767225600000,"Tags":[{"Key":"Name","Value":"a"}]}'
  const held = `"AllocationId":"${elasticIp}","AssociationId":"eipassoc-1","PublicIp":"198.18.0.1"`
  const first = `"PrivateIp":"10.1.0.9","NetworkInterfaceId":"eni-1","IsPrimary":true,${zone}`
  assertSaysSame(
    'nat-gateway',
    ofPublic,
    named(
      'nat-1',
      `"SubnetId":"subnet-1","State":"available","ConnectivityType":"public","AvailabilityMode":"zonal","NatGatewayAddresses":[{${held},${first}}],${end}`,
    ),
  )
  assertSaysSame(
    'nat-gateway',
    ofPrivate,
    named(
      'nat-2',
      `"SubnetId":"subnet-1","State":"available","ConnectivityType":"private","AvailabilityMode":"zonal","NatGatewayAddresses":[{${first}}],${end}`,
    ),
  )
  assertSaysSame(
    'nat-gateway',
    ofRegional,
    named(
      'nat-3',
      `"State":"available","ConnectivityType":"public","AvailabilityMode":"regional","AutoScalingIps":"enabled","AutoProvisionZones":"enabled","RouteTableId":"rtb-1","NatGatewayAddresses":[{${held},${zone}}],${end}`,
    ),
  )
  await store.close()
  await database.remove()
})
