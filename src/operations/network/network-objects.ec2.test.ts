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

describe('route tables', () => {
  const tablesOf = async (vpc: string) => (await call('DescribeRouteTables', by('vpc-id', vpc))).RouteTables!
  const make = async (VpcId: string) => (await call('CreateRouteTable', { VpcId })).RouteTable!.RouteTableId!

  test('lead to what is in their VPC, and to a black hole once that is gone', async () => {
    const [vpc, elsewhere] = [await vpcOf(), await vpcOf()]
    const subnet = await subnetOf(vpc, '10.0.0.0/24')
    const RouteTableId = await make(vpc)
    const { InternetGatewayId } = (await call('CreateInternetGateway', {})).InternetGateway!
    const toGateway = { RouteTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId: InternetGatewayId! }
    await refuses(call('CreateRoute', toGateway), { code: 'InvalidParameterValue', field: 'GatewayId' })
    await call('AttachInternetGateway', { InternetGatewayId: InternetGatewayId!, VpcId: vpc })
    await call('CreateRoute', toGateway)
    await refuses(call('CreateRoute', toGateway), { code: 'AlreadyExists', what: 'route' })
    await refuses(call('CreateRoute', { ...toGateway, DestinationCidrBlock: '10.0.0.0/16' }), { code: 'AlreadyExists' })
    await refuses(call('CreateRoute', { ...toGateway, RouteTableId: await make(elsewhere) }), {
      code: 'InvalidParameterValue',
    })
    const { NatGatewayId } = (await call('CreateNatGateway', { SubnetId: subnet, ConnectivityType: 'private' }))
      .NatGateway!
    // Host bits go, as in AWS.
    await call('CreateRoute', { RouteTableId, DestinationCidrBlock: '192.0.2.7/24', NatGatewayId: NatGatewayId! })
    const route = { RouteTableId, DestinationCidrBlock: '198.51.100.0/24' }
    await call('CreateRoute', { ...route, TransitGatewayId: 'tgw-0123456789abcdef0' })
    const routes = async () =>
      (await call('DescribeRouteTables', { RouteTableIds: [RouteTableId] })).RouteTables![0]!.Routes!.map((one) => [
        one.DestinationCidrBlock,
        one.GatewayId ?? one.NatGatewayId ?? one.TransitGatewayId,
        one.State,
      ])
    assert.deepEqual(await routes(), [
      ['10.0.0.0/16', 'local', 'active'],
      ['0.0.0.0/0', InternetGatewayId, 'active'],
      ['192.0.2.0/24', NatGatewayId, 'active'],
      ['198.51.100.0/24', 'tgw-0123456789abcdef0', 'active'],
    ])
    await call('ReplaceRoute', { ...route, NatGatewayId: NatGatewayId! })
    await call('DeleteNatGateway', { NatGatewayId: NatGatewayId! })
    await call('DetachInternetGateway', { InternetGatewayId: InternetGatewayId!, VpcId: vpc })
    assert.deepEqual(
      (await routes()).map(([, , state]) => state),
      ['active', 'blackhole', 'blackhole', 'blackhole'],
    )
    await call('DeleteRoute', route)
    await refuses(call('DeleteRoute', route), { code: 'NotFound', what: 'route' })
    await refuses(call('ReplaceRoute', { ...route, TransitGatewayId: 'tgw-1' }), { code: 'NotFound', what: 'route' })
    await refuses(call('DeleteRoute', { RouteTableId, DestinationCidrBlock: '10.0.0.0/16' }), {
      code: 'InvalidParameterValue',
    })
    await refuses(call('CreateRoute', { ...route, GatewayId: 'igw-0123456789abcdef0' }), {
      code: 'NotFound',
      what: 'gateway',
    })
    await refuses(call('CreateRoute', { ...route, GatewayId: 'igw-1', NatGatewayId: 'nat-1' }), {
      code: 'InvalidParameterCombination',
    })
    await refuses(call('CreateRoute', route), { code: 'MissingParameter' })
  })

  test('are associated with subnets, and one is the main one of its VPC', async () => {
    const vpc = await vpcOf()
    const [first, second] = [await subnetOf(vpc, '10.0.0.0/24'), await subnetOf(vpc, '10.0.1.0/24')]
    const [a, b] = [await make(vpc), await make(vpc)]
    const associate = async (RouteTableId: string, SubnetId: string) =>
      (await call('AssociateRouteTable', { RouteTableId, SubnetId })).AssociationId!
    const id = await associate(a, first)
    assert.equal(await associate(a, first), id, 'the same is no second one')
    await refuses(call('AssociateRouteTable', { RouteTableId: b, SubnetId: first }), { code: 'AlreadyAssociated' })
    await associate(b, second)
    await refuses(call('DeleteRouteTable', { RouteTableId: a }), { code: 'DependencyViolation' })
    const { NewAssociationId } = await call('ReplaceRouteTableAssociation', { AssociationId: id, RouteTableId: b })
    await call('DeleteRouteTable', { RouteTableId: a })
    assert.deepEqual(
      (await call('DescribeRouteTables', by('association.subnet-id', first))).RouteTables!.map(
        (one) => one.RouteTableId,
      ),
      [b],
    )
    const main = vpc.replace('vpc-', 'rtbassoc-')
    await refuses(call('DisassociateRouteTable', { AssociationId: main }), { code: 'InvalidParameterValue' })
    const moved = await call('ReplaceRouteTableAssociation', { AssociationId: main, RouteTableId: b })
    await refuses(call('ReplaceRouteTableAssociation', { AssociationId: main, RouteTableId: b }), { code: 'NotFound' })
    await refuses(call('DisassociateRouteTable', { AssociationId: moved.NewAssociationId! }), {
      code: 'InvalidParameterValue',
    })
    const isMain = by('association.main', 'true').Filters[0]!
    const mains = async () =>
      (await call('DescribeRouteTables', { Filters: [isMain, ...by('vpc-id', vpc).Filters] })).RouteTables!.map(
        (one) => one.RouteTableId,
      )
    assert.deepEqual(await mains(), [b])
    // What came with the VPC is like any other table now, and does not come back.
    const came = vpc.replace('vpc-', 'rtb-')
    await call('CreateTags', { Resources: [came], Tags: tagsOf({ a: 'b' }) })
    await call('DeleteRouteTable', { RouteTableId: came })
    assert.deepEqual(
      (await tablesOf(vpc)).map((one) => one.RouteTableId),
      [b],
    )
    await refuses(call('DescribeRouteTables', { RouteTableIds: [came] }), { code: 'NotFound' })
    await refuses(call('DeleteRouteTable', { RouteTableId: b }), { code: 'DependencyViolation' })
    // The association of a subnet goes with it.
    await call('DeleteSubnet', { SubnetId: first })
    await refuses(call('DisassociateRouteTable', { AssociationId: NewAssociationId! }), { code: 'NotFound' })
    await call('DeleteSubnet', { SubnetId: second })
    // Nobody can delete the main table, so that it goes with its VPC.
    await call('DeleteVpc', { VpcId: vpc })
    await refuses(call('DescribeRouteTables', { RouteTableIds: [b] }), { code: 'NotFound' })
  })

  test('are pages of a list in the order of their ids', async () => {
    const [vpc, another] = [await vpcOf(), await vpcOf()]
    const made = [await make(vpc), await make(another), await make(vpc), await make(vpc), await make(vpc)]
    const all = [...made, vpc.replace('vpc-', 'rtb-'), another.replace('vpc-', 'rtb-')].sort()
    const asked = { ...by('vpc-id', vpc, another), MaxResults: 5 }
    const first = await call('DescribeRouteTables', asked)
    const rest = await call('DescribeRouteTables', { ...asked, NextToken: first.NextToken! })
    assert.equal(rest.NextToken, undefined)
    const found = [...first.RouteTables!, ...rest.RouteTables!].map(({ RouteTableId }) => RouteTableId!)
    assert.deepEqual(found, all)
  })
})

describe('security groups', () => {
  const ssh = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '192.0.2.0/24' }] }
  const make = async (VpcId: string, GroupName: string, more: object = {}) =>
    (await call('CreateSecurityGroup', { VpcId, GroupName, Description: 'a group', ...more })).GroupId!
  const rulesOf = async (GroupId: string) =>
    (await call('DescribeSecurityGroupRules', by('group-id', GroupId))).SecurityGroupRules!

  test('let all out and nothing in until they are told', async () => {
    const vpc = await vpcOf()
    const id = await make(vpc, 'web', tagged('security-group', { team: 'net' }))
    const [group] = (await call('DescribeSecurityGroups', { GroupIds: [id] })).SecurityGroups!
    assert.deepEqual(plain(group), {
      GroupId: id,
      GroupName: 'web',
      Description: 'a group',
      VpcId: vpc,
      OwnerId: '111111111111',
      SecurityGroupArn: `arn:aws:ec2:us-east-1:111111111111:security-group/${id}`,
      IpPermissions: [],
      IpPermissionsEgress: [
        {
          IpProtocol: '-1',
          IpRanges: [{ CidrIp: '0.0.0.0/0', Description: undefined }],
          Ipv6Ranges: [],
          PrefixListIds: [],
          UserIdGroupPairs: [],
        },
      ],
      Tags: tagsOf({ team: 'net' }),
    })
    await refuses(call('CreateSecurityGroup', { VpcId: vpc, GroupName: 'web', Description: 'x' }), {
      code: 'AlreadyExists',
      what: 'security-group',
    })
    for (const GroupName of ['default', 'sg-1', '', 'a\u00e4']) {
      await refuses(call('CreateSecurityGroup', { VpcId: vpc, GroupName, Description: 'x' }), {
        code: 'InvalidParameterValue',
      })
    }
    await refuses(call('CreateSecurityGroup', { GroupName: 'x', Description: 'x' }), {
      code: 'NotFound',
      what: 'default-vpc',
    })
    await refuses(call('DeleteSecurityGroup', { GroupId: vpc.replace('vpc-', 'sg-') }), {
      code: 'InUse',
      what: 'default-security-group',
    })
  })

  test('have rules with ids, one for each source', async () => {
    const vpc = await vpcOf()
    const [GroupId, peer] = [await make(vpc, 'a'), await make(vpc, 'b')]
    const IpPermissions = [
      {
        ...ssh,
        Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32', Description: 'six' }],
        UserIdGroupPairs: [{ GroupId: peer }],
      },
      { IpProtocol: 'icmp', FromPort: 8, ToPort: 0, IpRanges: [{ CidrIp: '10.0.0.5/8' }] },
    ]
    const { SecurityGroupRules: made } = await call('AuthorizeSecurityGroupIngress', {
      GroupId,
      IpPermissions,
      ...tagged('security-group-rule', { team: 'net' }),
    })
    assert.deepEqual(
      made!.map((one) => [
        one.IpProtocol,
        one.FromPort,
        one.ToPort,
        one.CidrIpv4 ?? one.CidrIpv6 ?? one.ReferencedGroupInfo!.GroupId,
        one.Description,
      ]),
      [
        ['tcp', 22, 22, '192.0.2.0/24', undefined],
        ['tcp', 22, 22, '2001:db8::/32', 'six'],
        ['tcp', 22, 22, peer, undefined],
        ['icmp', 8, 0, '10.0.0.0/8', undefined],
      ],
    )
    for (const { SecurityGroupRuleId } of made!) assert.match(SecurityGroupRuleId!, /^sgr-[0-9a-f]{17}$/)
    assert.deepEqual(plain((await rulesOf(GroupId)).slice(1)), plain(made))
    const [group] = (await call('DescribeSecurityGroups', { GroupIds: [GroupId] })).SecurityGroups!
    assert.deepEqual(
      group!.IpPermissions!.map(({ IpProtocol, IpRanges, Ipv6Ranges, UserIdGroupPairs }) => [
        IpProtocol,
        IpRanges!.length,
        Ipv6Ranges!.length,
        UserIdGroupPairs!.length,
      ]),
      [
        ['tcp', 1, 1, 1],
        ['icmp', 1, 0, 0],
      ],
    )
    await refuses(call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: [ssh] }), {
      code: 'AlreadyExists',
      what: 'security-group-permission',
    })
    await refuses(call('DeleteSecurityGroup', { GroupId: peer }), { code: 'DependencyViolation' })
    await refuses(call('DeleteVpc', { VpcId: vpc }), { code: 'DependencyViolation' })

    // By its id a rule becomes another one, is described, tagged, and goes.
    const [first, six, ofPeer] = made!.map(({ SecurityGroupRuleId }) => SecurityGroupRuleId!)
    await call('ModifySecurityGroupRules', {
      GroupId,
      SecurityGroupRules: [
        {
          SecurityGroupRuleId: first!,
          SecurityGroupRule: {
            IpProtocol: '6',
            FromPort: 2222,
            ToPort: 2222,
            CidrIpv4: '192.0.2.0/24',
            Description: 'shell',
          },
        },
      ],
    })
    await call('UpdateSecurityGroupRuleDescriptionsIngress', {
      GroupId,
      SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId: six!, Description: 'IPv6' }],
    })
    await call('CreateTags', { Resources: [first!], Tags: tagsOf({ Name: 'shell' }) })
    const [changed] = (await call('DescribeSecurityGroupRules', { SecurityGroupRuleIds: [first!] })).SecurityGroupRules!
    assert.deepEqual(
      [changed!.FromPort, changed!.Description, plain(changed!.Tags)],
      [2222, 'shell', tagsOf({ Name: 'shell', team: 'net' })],
    )
    assert.equal((await rulesOf(GroupId)).find((one) => one.SecurityGroupRuleId === six)!.Description, 'IPv6')
    const { RevokedSecurityGroupRules } = await call('RevokeSecurityGroupIngress', {
      GroupId,
      SecurityGroupRuleIds: [ofPeer!],
    })
    assert.equal(RevokedSecurityGroupRules![0]!.ReferencedGroupId, peer)
    await call('DeleteSecurityGroup', { GroupId: peer })
    await refuses(call('RevokeSecurityGroupIngress', { GroupId, IpPermissions: [ssh] }), {
      code: 'NotFound',
      what: 'security-group-permission',
    })
    await call('RevokeSecurityGroupIngress', { GroupId, IpPermissions: [{ ...ssh, FromPort: 2222, ToPort: 2222 }] })
    assert.deepEqual((await call('DescribeTags', by('resource-id', first!))).Tags, [])
    await refuses(call('DescribeSecurityGroupRules', { SecurityGroupRuleIds: [first!] }), {
      code: 'NotFound',
      what: 'security-group-rule',
    })
  })

  test('D8 are kept by no rule of another VPC, whosever it is, nor is their VPC', async () => {
    const vpc = await vpcOf()
    const group = await make(vpc, 'named')
    const { Vpc } = await call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, other)
    const theirs = { VpcId: Vpc!.VpcId!, GroupName: 'theirs', Description: 'a group' }
    const others: readonly (readonly [string, string | undefined])[] = [
      [await make(await vpcOf(), 'beside'), undefined],
      [(await call('CreateSecurityGroup', theirs, other)).GroupId!, other],
    ]
    for (const [GroupId, account] of others) {
      const pair = { GroupId: group, UserId: '111111111111' }
      const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, UserIdGroupPairs: [pair] }]
      await call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions }, account)
    }
    await call('DeleteSecurityGroup', { GroupId: group })
    await call('DeleteVpc', { VpcId: vpc })
    // Theirs are as they were.
    const rules = await call('DescribeSecurityGroupRules', by('group-id', others[1]![0]), other)
    assert.ok(rules.SecurityGroupRules!.some(({ ReferencedGroupInfo }) => ReferencedGroupInfo?.GroupId === group))
  })

  test('that come with a VPC have rules under ids that stay, tags and all', async () => {
    const vpc = await vpcOf()
    const GroupId = vpc.replace('vpc-', 'sg-')
    const [fromItself, allOut] = (await rulesOf(GroupId)).toSorted((a) => (a.IsEgress ? 1 : -1))
    const id = allOut!.SecurityGroupRuleId!
    await call('CreateTags', { Resources: [id, fromItself!.SecurityGroupRuleId!], Tags: tagsOf({ a: 'b' }) })
    const [shown] = (await call('DescribeSecurityGroupRules', { SecurityGroupRuleIds: [id] })).SecurityGroupRules!
    assert.deepEqual(plain(shown), { ...plain(allOut), Tags: tagsOf({ a: 'b' }) })
    await call('RevokeSecurityGroupEgress', {
      GroupId,
      IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    })
    await refuses(call('DescribeSecurityGroupRules', { SecurityGroupRuleIds: [id] }), { code: 'NotFound' })
    assert.deepEqual(
      (await rulesOf(GroupId)).map(({ SecurityGroupRuleId }) => SecurityGroupRuleId),
      [fromItself!.SecurityGroupRuleId],
    )
    await call('DeleteVpc', { VpcId: vpc })
    assert.deepEqual((await call('DescribeTags', by('resource-id', fromItself!.SecurityGroupRuleId!))).Tags, [])
  })

  test('say what is wrong with a rule', async () => {
    const GroupId = await make(await vpcOf(), 'wrong')
    const authorize = (one: object) => call('AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: [one] })
    const range = { IpRanges: [{ CidrIp: '10.0.0.0/8' }] }
    await refuses(authorize({ IpProtocol: 'nonsense', ...range }), {
      code: 'InvalidParameterValue',
      field: 'IpPermissions.1.IpProtocol',
    })
    await refuses(authorize({ IpProtocol: 'tcp', ...range }), {
      code: 'InvalidParameterValue',
      field: 'IpPermissions.1.FromPort',
    })
    await refuses(authorize({ IpProtocol: 'tcp', FromPort: 9, ToPort: 8, ...range }), { code: 'InvalidParameterValue' })
    await refuses(authorize({ IpProtocol: '-1' }), { code: 'MissingParameter' })
    await refuses(authorize({ IpProtocol: '-1', IpRanges: [{ CidrIp: '10.0.0.0/33' }] }), {
      code: 'InvalidParameterValue',
    })
    await refuses(authorize({ IpProtocol: '-1', IpRanges: [{ CidrIp: '10.0.0.0/8', Description: '\u20ac' }] }), {
      code: 'InvalidParameterValue',
    })
    await refuses(authorize({ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-0123456789abcdef0' }] }), {
      code: 'NotFound',
      what: 'security-group',
    })
    // Those of other accounts are taken by their ids, whether they are there or not.
    await authorize({ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-0123456789abcdef0', UserId: other }] })
    await refuses(
      call('AuthorizeSecurityGroupIngress', {
        GroupId,
        IpPermissions: Array.from({ length: 501 }, (_, n) => ({
          IpProtocol: '-1',
          IpRanges: [{ CidrIp: `10.1.${n >> 8}.${n & 255}/32` }],
        })),
      }),
      { code: 'LimitExceeded', limit: 500 },
    )
  })
})

describe('network ACLs', () => {
  test('let nothing through but what their entries say', async () => {
    const vpc = await vpcOf()
    const subnet = await subnetOf(vpc, '10.0.0.0/24')
    const { NetworkAclId: id } = (await call('CreateNetworkAcl', { VpcId: vpc })).NetworkAcl!
    const ofAcl = { NetworkAclId: id!, RuleNumber: 100, Egress: false }
    const allow = {
      ...ofAcl,
      Protocol: '6',
      RuleAction: 'allow' as const,
      CidrBlock: '0.0.0.0/0',
      PortRange: { From: 80, To: 90 },
    }
    await call('CreateNetworkAclEntry', allow)
    await refuses(call('CreateNetworkAclEntry', allow), { code: 'AlreadyExists', what: 'network-acl-entry' })
    await call('CreateNetworkAclEntry', {
      ...allow,
      RuleNumber: 9,
      Protocol: 'icmp',
      IcmpTypeCode: { Type: -1, Code: -1 },
      PortRange: undefined,
    })
    await call('ReplaceNetworkAclEntry', { ...allow, RuleAction: 'deny' })
    const shown = async () => (await call('DescribeNetworkAcls', { NetworkAclIds: [id!] })).NetworkAcls![0]!
    assert.deepEqual(
      (await shown())
        .Entries!.filter(({ Egress }) => !Egress)
        .map((one) => [one.RuleNumber, one.Protocol, one.RuleAction, one.PortRange?.From ?? one.IcmpTypeCode?.Type]),
      [
        [9, '1', 'allow', -1],
        [100, '6', 'deny', 80],
        [32767, '-1', 'deny', undefined],
      ],
    )
    await refuses(call('CreateNetworkAclEntry', { ...allow, RuleNumber: 32_767 }), {
      code: 'InvalidParameterValue',
      field: 'RuleNumber',
    })
    await refuses(call('DeleteNetworkAclEntry', { ...ofAcl, Egress: true }), {
      code: 'NotFound',
      what: 'network-acl-entry',
    })
    await call('DeleteNetworkAclEntry', ofAcl)

    const came = vpc.replace('vpc-', 'acl-')
    const { NewAssociationId } = await call('ReplaceNetworkAclAssociation', {
      AssociationId: subnet.replace('subnet-', 'aclassoc-'),
      NetworkAclId: id!,
    })
    assert.equal((await shown()).Associations![0]!.NetworkAclAssociationId, NewAssociationId)
    const [first] = (await call('DescribeNetworkAcls', by('default', 'true'))).NetworkAcls!.filter(
      (one) => one.NetworkAclId === came,
    )
    assert.deepEqual(first!.Associations, [])
    await refuses(call('DeleteNetworkAcl', { NetworkAclId: id! }), { code: 'DependencyViolation' })
    await refuses(call('DeleteNetworkAcl', { NetworkAclId: came }), { code: 'InvalidParameterValue' })
    const back = await call('ReplaceNetworkAclAssociation', { AssociationId: NewAssociationId!, NetworkAclId: came })
    await refuses(call('ReplaceNetworkAclAssociation', { AssociationId: NewAssociationId!, NetworkAclId: came }), {
      code: 'NotFound',
    })
    await call('DeleteNetworkAcl', { NetworkAclId: id! })
    assert.deepEqual(
      (await call('DescribeNetworkAcls', by('association.subnet-id', subnet))).NetworkAcls!.map((one) => [
        one.NetworkAclId,
        one.Associations![0]!.NetworkAclAssociationId,
      ]),
      [[came, back.NewAssociationId]],
    )
    await call('DeleteSubnet', { SubnetId: subnet })
    await call('DeleteVpc', { VpcId: vpc })
  })
})

describe('DHCP options', () => {
  test('are given to VPCs, and are the Region’s by default', async () => {
    const vpc = await vpcOf()
    const DhcpConfigurations = [
      { Key: 'domain-name', Values: ['acme.example'] },
      { Key: 'domain-name-servers', Values: ['10.0.0.2', '10.0.0.3'] },
    ]
    const { DhcpOptionsId } = (await call('CreateDhcpOptions', { DhcpConfigurations })).DhcpOptions!
    await call('AssociateDhcpOptions', { DhcpOptionsId: DhcpOptionsId!, VpcId: vpc })
    const ofVpc = async () => (await call('DescribeVpcs', { VpcIds: [vpc] })).Vpcs![0]!.DhcpOptionsId
    assert.equal(await ofVpc(), DhcpOptionsId)
    await refuses(call('DeleteDhcpOptions', { DhcpOptionsId: DhcpOptionsId! }), { code: 'DependencyViolation' })
    await call('AssociateDhcpOptions', { DhcpOptionsId: 'default', VpcId: vpc })
    assert.equal(await ofVpc(), 'default')
    await call('DeleteDhcpOptions', { DhcpOptionsId: DhcpOptionsId! })

    const [ofRegion] = (await call('DescribeDhcpOptions', by('value', 'AmazonProvidedDNS'))).DhcpOptions!
    assert.match(ofRegion!.DhcpOptionsId!, /^dopt-[0-9a-f]{17}$/)
    assert.deepEqual(plain((await call('DescribeDhcpOptions', {})).DhcpOptions!.at(-1)), plain(ofRegion))
    await call('CreateTags', { Resources: [ofRegion!.DhcpOptionsId!], Tags: tagsOf({ a: 'b' }) })
    const [tagged] = (await call('DescribeDhcpOptions', { DhcpOptionsIds: [ofRegion!.DhcpOptionsId!] })).DhcpOptions!
    assert.deepEqual(plain(tagged!.Tags), tagsOf({ a: 'b' }))
    await refuses(call('DescribeDhcpOptions', { DhcpOptionsIds: [ofRegion!.DhcpOptionsId!] }, other), {
      code: 'NotFound',
    })
    await refuses(call('DeleteDhcpOptions', { DhcpOptionsId: ofRegion!.DhcpOptionsId! }), { code: 'NotEligible' })
    for (const wrong of [
      { Key: 'colour', Values: ['red'] },
      { Key: 'netbios-node-type', Values: ['3'] },
    ]) {
      await refuses(call('CreateDhcpOptions', { DhcpConfigurations: [wrong] }), { code: 'InvalidParameterValue' })
    }
  })
})

describe('subnets', () => {
  const shown = async (id: string) => (await call('DescribeSubnets', { SubnetIds: [id] })).Subnets![0]!
  test('keep what they do with their hosts', async () => {
    const SubnetId = await subnetOf(await vpcOf(), '10.0.0.0/24')
    await call('ModifySubnetAttribute', { SubnetId, MapPublicIpOnLaunch: { Value: true } })
    await call('ModifySubnetAttribute', { SubnetId, PrivateDnsHostnameTypeOnLaunch: 'resource-name' })
    await call('ModifySubnetAttribute', { SubnetId, EnableLniAtDeviceIndex: 1 })
    await call('ModifySubnetAttribute', { SubnetId, DisableLniAtDeviceIndex: { Value: true } })
    const { MapPublicIpOnLaunch, PrivateDnsNameOptionsOnLaunch, EnableDns64, EnableLniAtDeviceIndex } =
      await shown(SubnetId)
    assert.deepEqual(
      [MapPublicIpOnLaunch, PrivateDnsNameOptionsOnLaunch!.HostnameType, EnableDns64, EnableLniAtDeviceIndex],
      [true, 'resource-name', false, undefined],
    )
    await refuses(call('ModifySubnetAttribute', { SubnetId }), { code: 'InvalidParameterCombination' })
    await refuses(call('ModifySubnetAttribute', { SubnetId, EnableDns64: {} }), {
      code: 'MissingParameter',
      field: 'EnableDns64.Value',
    })
    await refuses(call('ModifySubnetAttribute', { SubnetId, EnableDns64: { Value: true } }, other), {
      code: 'NotFound',
    })
  })

  test('get an IPv6 block, and give it back', async () => {
    const vpc = await vpcOf({ CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true })
    const [association] = (await call('DescribeVpcs', { VpcIds: [vpc] })).Vpcs![0]!.Ipv6CidrBlockAssociationSet!
    const block = association!.Ipv6CidrBlock!.replace('/56', '/64')
    const SubnetId = await subnetOf(vpc, '10.0.0.0/24')
    const made = await call('AssociateSubnetCidrBlock', { SubnetId, Ipv6CidrBlock: block })
    assert.deepEqual(made.Ipv6CidrBlockAssociation!.Ipv6CidrBlockState, { State: 'associating' })
    assert.equal((await shown(SubnetId)).Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock, block)
    await refuses(call('AssociateSubnetCidrBlock', { SubnetId, Ipv6CidrBlock: block }), { code: 'LimitExceeded' })
    await refuses(call('DisassociateVpcCidrBlock', { AssociationId: association!.AssociationId! }), { code: 'InUse' })
    const { AssociationId } = made.Ipv6CidrBlockAssociation!
    await refuses(call('DisassociateSubnetCidrBlock', { AssociationId: AssociationId! }, other), { code: 'NotFound' })
    await call('DisassociateSubnetCidrBlock', { AssociationId: AssociationId! })
    assert.deepEqual((await shown(SubnetId)).Ipv6CidrBlockAssociationSet, [])
    await refuses(call('DisassociateSubnetCidrBlock', { AssociationId: AssociationId! }), {
      code: 'NotFound',
      what: 'subnet-cidr-association',
    })
  })

  test('give nobody an address that is reserved, but who names it', async () => {
    const SubnetId = await subnetOf(await vpcOf(), '10.0.0.0/27')
    const reserve = (Cidr: string) =>
      call('CreateSubnetCidrReservation', { SubnetId, Cidr, ReservationType: 'explicit', Description: 'pods' })
    const { SubnetCidrReservation: made } = await reserve('10.0.0.4/30')
    await reserve('10.0.0.8/30')
    await refuses(reserve('10.0.0.0/28'), { code: 'CidrConflict' })
    await refuses(reserve('10.0.1.0/28'), { code: 'InvalidParameterValue', field: 'Cidr' })
    await refuses(reserve('10.0.0.17/28'), { code: 'InvalidParameterValue', field: 'Cidr' })
    const gateway = async (more: object = {}) =>
      (await call('CreateNatGateway', { SubnetId, ConnectivityType: 'private', ...more })).NatGateway!
        .NatGatewayAddresses![0]!.PrivateIp
    assert.equal(await gateway(), '10.0.0.12')
    assert.equal(await gateway({ PrivateIpAddress: '10.0.0.5' }), '10.0.0.5')
    const listed = await call('GetSubnetCidrReservations', { SubnetId })
    assert.deepEqual(
      listed.SubnetIpv4CidrReservations!.map(({ Cidr }) => Cidr),
      ['10.0.0.4/30', '10.0.0.8/30'],
    )
    const { DeletedSubnetCidrReservation } = await call('DeleteSubnetCidrReservation', {
      SubnetCidrReservationId: made!.SubnetCidrReservationId!,
    })
    assert.deepEqual(plain(DeletedSubnetCidrReservation), plain(made))
    assert.equal(await gateway(), '10.0.0.4')
  })
})

describe('the default VPC', () => {
  test('is made whole, once, with a subnet in every zone and a way out', async () => {
    const { Vpc } = await call('CreateDefaultVpc', {}, other)
    assert.deepEqual([Vpc!.CidrBlock, Vpc!.IsDefault], ['172.31.0.0/16', true])
    const ofVpc = by('vpc-id', Vpc!.VpcId!)
    const attribute = await call('DescribeAccountAttributes', { AttributeNames: ['default-vpc'] }, other)
    assert.deepEqual(attribute.AccountAttributes![0]!.AttributeValues, [{ AttributeValue: Vpc!.VpcId }])
    const { Subnets } = await call('DescribeSubnets', ofVpc, other)
    assert.deepEqual(
      Subnets!.map((one) => [one.CidrBlock, one.AvailabilityZone, one.DefaultForAz, one.MapPublicIpOnLaunch]),
      ['a', 'b', 'c'].map((zone, index) => [`172.31.${index * 16}.0/20`, `us-east-1${zone}`, true, true]),
    )
    const [table] = (await call('DescribeRouteTables', ofVpc, other)).RouteTables!
    assert.match(table!.Routes!.find((one) => one.DestinationCidrBlock === '0.0.0.0/0')!.GatewayId!, /^igw-/)
    await refuses(call('CreateDefaultVpc', {}, other), { code: 'AlreadyExists', what: 'default-vpc' })
    const AvailabilityZone = 'us-east-1b'
    await refuses(call('CreateDefaultSubnet', { AvailabilityZone }, other), {
      code: 'AlreadyExists',
      what: 'default-subnet',
    })
    await call('DeleteSubnet', { SubnetId: Subnets![1]!.SubnetId! }, other)
    const { Subnet } = await call('CreateDefaultSubnet', { AvailabilityZone }, other)
    assert.equal(Subnet!.CidrBlock, '172.31.16.0/20')
    // Groups that name no VPC are of this one.
    const { GroupId } = await call('CreateSecurityGroup', { GroupName: 'web', Description: 'x' }, other)
    const named = await call('DescribeSecurityGroups', { GroupNames: ['web', 'default'] }, other)
    assert.deepEqual(named.SecurityGroups!.map((one) => one.GroupName).sort(), ['default', 'web'])
    await call('DeleteSecurityGroup', { GroupName: 'web' }, other)
    await refuses(call('DescribeSecurityGroups', { GroupIds: [GroupId!] }, other), { code: 'NotFound' })
  })
})

describe('the record', () => {
  test('has every version of what stands in a VPC, and none of what was never changed', async () => {
    const vpc = await vpcOf()
    const GroupId = vpc.replace('vpc-', 'sg-')
    const versions = (id: string) =>
      world.store.read(async (tx) =>
        (await tx.history.versions(id)).map((one) => ({ ...tx.history.bodyOf(one), until: one.untilAt !== undefined })),
      )
    assert.deepEqual(await versions(GroupId), [])
    const out = [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }]
    await call('RevokeSecurityGroupEgress', { GroupId, IpPermissions: out })
    await call('CreateTags', { Resources: [GroupId], Tags: tagsOf({ team: 'net' }) })
    await call('DeleteVpc', { VpcId: vpc })
    const kept = await versions(GroupId)
    assert.deepEqual(
      kept.map((one: { rules?: object[]; tags?: object; until: boolean }) => [one.rules!.length, one.tags, one.until]),
      [
        [1, {}, true],
        [1, { team: 'net' }, true],
      ],
    )
    const { id, account, region, vpcId, name, isDefault, description } = kept[1] as Record<string, unknown>
    assert.deepEqual(
      { id, account, region, vpcId, name, isDefault, description },
      {
        id: GroupId,
        account: '111111111111',
        region: 'us-east-1',
        vpcId: vpc,
        name: 'default',
        isDefault: true,
        description: 'default VPC security group',
      },
    )
    assert.deepEqual(await versions(vpc.replace('vpc-', 'acl-')), [])
  })

  test('keeps an account from being removed while it has such a thing', async () => {
    const { InternetGateway } = await call('CreateInternetGateway', {}, other)
    const owned = await world.store.read((tx) => tx.organizations.ownedBy(other, 100))
    assert.ok(owned.includes(InternetGateway!.InternetGatewayId!))
  })
})

test('D7 no more than a few groups are read between two turns, however many rules they have', async () => {
  const VpcId = await vpcOf({ CidrBlock: '10.9.0.0/16' })
  for (let n = 0; n < 12; n++) {
    const { GroupId } = await call('CreateSecurityGroup', { VpcId, GroupName: `g${n}`, Description: 'many rules' })
    const IpRanges = Array.from({ length: 300 }, (_, at) => ({ CidrIp: `10.${at >> 8}.${at & 255}.0/24` }))
    const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges }]
    await call('AuthorizeSecurityGroupIngress', { GroupId: GroupId!, IpPermissions })
  }
  const { prototype } = await world.store.read(
    async (tx) => tx.networkObjects.constructor as { prototype: typeof tx.networkObjects },
  )
  const { partsOf } = prototype
  const read: number[] = []
  prototype.partsOf = async function (ids) {
    const parts = await partsOf.call(this, ids)
    read.push([...parts.values()].reduce((sum, some) => sum + some.length, 0))
    return parts
  }
  try {
    const { SecurityGroups } = await call('DescribeSecurityGroups', by('vpc-id', VpcId))
    assert.equal(SecurityGroups!.length, 13)
    const { SecurityGroupRules } = await call('DescribeSecurityGroupRules', { MaxResults: 1_000 })
    assert.equal(SecurityGroupRules!.length, 1_000)
  } finally {
    prototype.partsOf = partsOf
  }
  assert(Math.max(...read) <= 500, `${Math.max(...read)} at once`)
})

test('I8 what one account calls a virtual private gateway keeps no other from naming one alike', async () => {
  const gatewayOf = async (account: string): Promise<readonly string[]> => {
    const as = { account } as const
    const VpcId = (await world.call('CreateVpc', { CidrBlock: '10.250.0.0/16' }, as)).Vpc!.VpcId!
    const [one, other] = [
      (await world.call('CreateRouteTable', { VpcId }, as)).RouteTable!.RouteTableId!,
      (await world.call('CreateRouteTable', { VpcId }, as)).RouteTable!.RouteTableId!,
    ]
    const named = { GatewayId: 'vgw-0123456789abcdef0' }
    await world.call('AssociateRouteTable', { RouteTableId: one, ...named }, as)
    await refuses(world.call('AssociateRouteTable', { RouteTableId: other, ...named }, as), {
      code: 'AlreadyAssociated',
    })
    const { RouteTables } = await world.call('DescribeRouteTables', { RouteTableIds: [one] }, as)
    return RouteTables![0]!.Associations!.map(({ GatewayId }) => GatewayId!)
  }
  for (const account of ['333333333333', '444444444444'])
    assert.deepEqual(await gatewayOf(account), ['vgw-0123456789abcdef0'])
})
