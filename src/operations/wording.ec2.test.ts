// Codes and sentences of EC2 that its clients match on, as requests for networks, addresses and tags get them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { wordingOf } from '#api/wording.ts'
import type { Ec2Input, Ec2Operation } from '#formats/aws/ec2.generated.ts'
import { Refused } from '#model/refusal.ts'
import { openWorld, type World } from '../../test/world.ts'

let world: World
let VpcId = ''
before(async () => {
  world = await openWorld()
  VpcId = (await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true })).Vpc!.VpcId!
  await world.call('CreateSubnet', { VpcId, CidrBlock: '10.0.0.0/24' })
})
after(() => world.close())

/** The code and the message of the refusal of a request. */
async function said<Name extends Ec2Operation>(name: Name, input: Ec2Input[Name]): Promise<string> {
  try {
    await world.call(name, input)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const { code, message } = wordingOf(error.refusal, 'ec2')
    return `${code}: ${message}`
  }
  return assert.fail(`${name} was not refused`)
}
const begins = (text: string, beginning: string): void => assert.equal(text.slice(0, beginning.length), beginning)

test('an unknown filter is an invalid value, with the sentence of EC2 first', async () => {
  const Filters = [{ Name: 'colour', Values: ['red'] }]
  begins(await said('DescribeVpcs', { Filters }), "InvalidParameterValue: The filter 'colour' is invalid")
})

test('an id of a VPC or subnet that has no such form is not found, as one that is absent', async () => {
  const notFound = "InvalidVpcID.NotFound: The vpc ID 'garbage' does not exist"
  assert.equal(await said('DescribeVpcs', { VpcIds: ['garbage'] }), notFound)
  assert.equal(await said('DeleteVpc', { VpcId: 'garbage' }), notFound)
  assert.equal(await said('CreateSubnet', { VpcId: 'garbage', CidrBlock: '10.0.0.0/24' }), notFound)
  assert.equal(
    await said('DescribeSubnets', { SubnetIds: ['vpc-1'] }),
    "InvalidSubnetID.NotFound: The subnet ID 'vpc-1' does not exist",
  )
})

test('an address is associated with something, or a parameter is missing', async () => {
  const { PublicIp } = await world.call('AllocateAddress', {})
  begins(
    await said('AssociateAddress', { PublicIp }),
    'MissingParameter: Either instance ID or network interface id must be specified',
  )
})

test('what is no IPv4 address is a malformed address wherever one is named', async () => {
  const PublicIp = '256.256.256.256'
  for (const [name, input] of [
    ['DescribeAddresses', { PublicIps: [PublicIp] }],
    ['ReleaseAddress', { PublicIp }],
    ['DisassociateAddress', { PublicIp }],
    ['AssociateAddress', { PublicIp, InstanceId: 'i-12345678' }],
  ] as const) {
    begins(await said(name, input), 'InvalidAddress.Malformed: ')
  }
})

test('a tag specification has tags, and is of what the operation makes', async () => {
  const CidrBlock = '10.0.0.0/16'
  for (const specification of [{ ResourceType: 'vpc' }, { ResourceType: 'vpc', Tags: [] }] as const) {
    begins(
      await said('CreateVpc', { CidrBlock, TagSpecifications: [specification] }),
      'InvalidParameterValue: Tag specification must have at least one tag.',
    )
  }
  const TagSpecifications = [{ ResourceType: 'lamp' as 'vpc', Tags: [{ Key: 'a' }] }]
  begins(
    await said('CreateVpc', { CidrBlock, TagSpecifications }),
    "InvalidParameterValue: 'lamp' is not a valid taggable resource type for this operation.",
  )
  begins(
    await said('CreateTags', { Resources: [], Tags: [{ Key: 'a' }] }),
    'MissingParameter: The request must contain the parameter resourceIdSet',
  )
})

test('a VPC with all the blocks that it may have has reached the limit of CIDRs', async () => {
  const made = await world.call('CreateVpc', { CidrBlock: '10.0.0.0/24' })
  const id = made.Vpc!.VpcId!
  for (let n = 1; n < 50; n++) await world.call('AssociateVpcCidrBlock', { VpcId: id, CidrBlock: `10.0.${n}.0/24` })
  begins(
    await said('AssociateVpcCidrBlock', { VpcId: id, CidrBlock: '10.0.50.0/24' }),
    `CidrLimitExceeded: This network '${id}' has met its maximum number of allowed CIDRs: 50`,
  )
})

test('an IPv6-only subnet has an IPv6 block, and no other', async () => {
  const sentence = "MissingParameter: Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided."
  assert.equal(await said('CreateSubnet', { VpcId, Ipv6Native: true }), sentence)
  assert.equal(await said('CreateSubnet', { VpcId, Ipv6Native: true, CidrBlock: '10.0.1.0/24' }), sentence)
})

test('an IPv6 block with host bits is refused with the network that was probably meant', async () => {
  const Ipv6CidrBlock = '2001:db8::1/64'
  begins(
    await said('CreateSubnet', { VpcId, CidrBlock: '10.0.1.0/24', Ipv6CidrBlock }),
    'InvalidParameterValue: Value (2001:db8::1/64) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block. It has host bits set; the network `2001:db8::/64` was probably meant.',
  )
})

test('blocks, zones and dependencies are refused with the sentences of EC2', async () => {
  const block = (input: Partial<Ec2Input['CreateSubnet']>) => said('CreateSubnet', { VpcId, ...input })
  begins(
    await said('CreateVpc', { CidrBlock: '10.0.0.0' }),
    'InvalidParameterValue: Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block.',
  )
  begins(await said('CreateVpc', { CidrBlock: '10.0.0.0/8' }), "InvalidVpc.Range: The CIDR '10.0.0.0/8' is invalid.")
  begins(await block({ CidrBlock: '10.9.0.0/24' }), "InvalidSubnet.Range: The CIDR '10.9.0.0/24' is invalid.")
  begins(
    await block({ CidrBlock: '10.0.0.0/25' }),
    "InvalidSubnet.Conflict: The CIDR '10.0.0.0/25' conflicts with another subnet",
  )
  begins(
    await block({ CidrBlock: '10.0.1.0/24', AvailabilityZone: 'us-east-1x' }),
    'InvalidParameterValue: Value (us-east-1x) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: us-east-1a, us-east-1b, us-east-1c.',
  )
  begins(
    await said('DeleteVpc', { VpcId }),
    `DependencyViolation: The vpc '${VpcId}' has dependencies and cannot be deleted.`,
  )
})
