// Gateways, route tables, security groups, network ACLs, DHCP options and reservations: records that come with a VPC, stand in it, and go.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input, Ec2Operation } from '#formats/aws/ec2.generated.ts'
import { tagsOf } from '../../../test/acme.ts'
import { refuses } from '../../../test/organization.ts'
import { openWorld, type World } from '../../../test/world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world.close())
const other = '222222222222'
const call = <Name extends Ec2Operation>(name: Name, input: Ec2Input[Name], account?: string) =>
  world.call(name, input, { account })
const vpcOf = async (input: Ec2Input['CreateVpc'] = { CidrBlock: '10.0.0.0/16' }) =>
  (await call('CreateVpc', input)).Vpc!.VpcId!
const subnetOf = async (VpcId: string, CidrBlock: string) =>
  (await call('CreateSubnet', { VpcId, CidrBlock })).Subnet!.SubnetId!
const by = (Name: string, ...Values: string[]) => ({ Filters: [{ Name, Values }] })
/** The database's rows have no prototype. */
const plain = <T>(value: T): T => structuredClone(value)
const tagged = (ResourceType: string, tags: Record<string, string>) => ({
  TagSpecifications: [{ ResourceType: ResourceType as never, Tags: tagsOf(tags) }],
})

describe('what a VPC has from its beginning', () => {
  test('is a main route table with the routes within it, a security group and a network ACL, under ids that stay', async () => {
    const vpc = await vpcOf()
    const subnet = await subnetOf(vpc, '10.0.0.0/24')
    const [table, ...tables] = (await call('DescribeRouteTables', by('vpc-id', vpc))).RouteTables!
    assert.equal(tables.length, 0)
    assert.deepEqual(plain(table), {
      RouteTableId: vpc.replace('vpc-', 'rtb-'),
      VpcId: vpc,
      OwnerId: '111111111111',
      Associations: [
        {
          Main: true,
          RouteTableAssociationId: vpc.replace('vpc-', 'rtbassoc-'),
          RouteTableId: vpc.replace('vpc-', 'rtb-'),
          AssociationState: { State: 'associated' },
        },
      ],
      PropagatingVgws: [],
      Routes: [
        { DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' },
      ],
      Tags: [],
    })
    const [group] = (await call('DescribeSecurityGroups', by('vpc-id', vpc))).SecurityGroups!
    assert.equal(group!.GroupName, 'default')
    assert.deepEqual(plain(group!.IpPermissions), [
      {
        IpProtocol: '-1',
        IpRanges: [],
        Ipv6Ranges: [],
        PrefixListIds: [],
        UserIdGroupPairs: [{ GroupId: group!.GroupId, UserId: '111111111111', Description: undefined }],
      },
    ])
    assert.deepEqual(group!.IpPermissionsEgress![0]!.IpRanges, [{ CidrIp: '0.0.0.0/0', Description: undefined }])
    const [acl] = (await call('DescribeNetworkAcls', by('vpc-id', vpc))).NetworkAcls!
    assert.equal(acl!.IsDefault, true)
    assert.deepEqual(plain(acl!.Associations), [
      {
        NetworkAclAssociationId: subnet.replace('subnet-', 'aclassoc-'),
        NetworkAclId: acl!.NetworkAclId,
        SubnetId: subnet,
      },
    ])
    assert.deepEqual(
      acl!.Entries!.map(({ RuleNumber, Egress, RuleAction }) => [RuleNumber, Egress, RuleAction]),
      [
        [100, true, 'allow'],
        [32767, true, 'deny'],
        [100, false, 'allow'],
        [32767, false, 'deny'],
      ],
    )
    // The first change of it gives it a row, and nothing else becomes another.
    await call('CreateTags', {
      Resources: [acl!.NetworkAclId!, group!.GroupId!, table!.RouteTableId!],
      Tags: tagsOf({ a: 'b' }),
    })
    await call('DeleteNetworkAclEntry', { NetworkAclId: acl!.NetworkAclId!, RuleNumber: 100, Egress: true })
    const [changed] = (await call('DescribeNetworkAcls', { NetworkAclIds: [acl!.NetworkAclId!] })).NetworkAcls!
    assert.deepEqual(plain(changed), {
      ...plain(acl),
      Entries: plain(acl!.Entries!.slice(1)),
      Tags: tagsOf({ a: 'b' }),
    })
    await call('DeleteSubnet', { SubnetId: subnet })
    await call('DeleteVpc', { VpcId: vpc })
    for (const [name, list] of [
      ['DescribeNetworkAcls', 'NetworkAcls'],
      ['DescribeSecurityGroups', 'SecurityGroups'],
      ['DescribeRouteTables', 'RouteTables'],
    ] as const) {
      assert.deepEqual(((await call(name, by('vpc-id', vpc))) as Record<string, unknown>)[list], [], name)
    }
    assert.deepEqual((await call('DescribeTags', by('resource-id', acl!.NetworkAclId!))).Tags, [])
  })

  test('has IPv6 as soon as the VPC has it', async () => {
    const vpc = await vpcOf()
    await call('AssociateVpcCidrBlock', { VpcId: vpc, AmazonProvidedIpv6CidrBlock: true })
    const [acl] = (await call('DescribeNetworkAcls', by('vpc-id', vpc))).NetworkAcls!
    assert.deepEqual(
      acl!.Entries!.filter(({ Egress }) => Egress).map(({ RuleNumber }) => RuleNumber),
      [100, 101, 32767, 32768],
    )
    const [group] = (await call('DescribeSecurityGroups', by('vpc-id', vpc))).SecurityGroups!
    assert.deepEqual(plain(group!.IpPermissionsEgress![0]!.Ipv6Ranges), [{ CidrIpv6: '::/0', Description: undefined }])
    const [table] = (await call('DescribeRouteTables', by('vpc-id', vpc))).RouteTables!
    assert.equal(table!.Routes!.length, 2)
  })

  test('I8 is nobody else’s', async () => {
    const vpc = await vpcOf()
    const id = (kind: string) => vpc.replace('vpc-', kind)
    await refuses(call('DescribeRouteTables', { RouteTableIds: [id('rtb-')] }, other), {
      code: 'NotFound',
      what: 'route-table',
    })
    await refuses(call('DescribeSecurityGroups', { GroupIds: [id('sg-')] }, other), {
      code: 'NotFound',
      what: 'security-group',
    })
    await refuses(call('DescribeNetworkAcls', { NetworkAclIds: [id('acl-')] }, other), {
      code: 'NotFound',
      what: 'network-acl',
    })
    await refuses(call('CreateTags', { Resources: [id('sgr-')], Tags: tagsOf({ a: 'b' }) }, other), {
      code: 'NotFound',
    })
    assert.deepEqual((await call('DescribeRouteTables', by('route-table-id', id('rtb-')), other)).RouteTables, [])
    assert.deepEqual(
      (await call('DescribeSecurityGroupRules', by('group-id', id('sg-')), other)).SecurityGroupRules,
      [],
    )
  })
})

describe('internet gateways', () => {
  test('are attached to one VPC, which has one', async () => {
    const [vpc, second] = [await vpcOf(), await vpcOf()]
    const made = async () =>
      (await call('CreateInternetGateway', tagged('internet-gateway', { Name: 'x' }))).InternetGateway!
    const [gateway, another] = [await made(), await made()]
    assert.deepEqual(gateway.Attachments, [])
    const InternetGatewayId = gateway.InternetGatewayId!
    await call('AttachInternetGateway', { InternetGatewayId, VpcId: vpc })
    await refuses(call('AttachInternetGateway', { InternetGatewayId, VpcId: second }), { code: 'AlreadyAssociated' })
    await refuses(call('AttachInternetGateway', { InternetGatewayId: another.InternetGatewayId!, VpcId: vpc }), {
      code: 'AlreadyExists',
    })
    assert.deepEqual(plain((await call('DescribeInternetGateways', by('attachment.vpc-id', vpc))).InternetGateways), [
      {
        InternetGatewayId,
        OwnerId: '111111111111',
        Attachments: [{ State: 'available', VpcId: vpc }],
        Tags: tagsOf({ Name: 'x' }),
      },
    ])
    await refuses(call('DeleteInternetGateway', { InternetGatewayId }), { code: 'DependencyViolation' })
    await refuses(call('DeleteVpc', { VpcId: vpc }), { code: 'DependencyViolation', what: 'vpc' })
    await refuses(call('DetachInternetGateway', { InternetGatewayId, VpcId: second }), {
      code: 'NotFound',
      what: 'gateway-attachment',
    })
    await call('DetachInternetGateway', { InternetGatewayId, VpcId: vpc })
    await call('DeleteVpc', { VpcId: vpc })
    await call('DeleteInternetGateway', { InternetGatewayId })
    await refuses(call('DescribeInternetGateways', { InternetGatewayIds: [InternetGatewayId] }), { code: 'NotFound' })
    await refuses(call('DescribeInternetGateways', { InternetGatewayIds: ['nonsense'] }), { code: 'MalformedId' })
  })
})
