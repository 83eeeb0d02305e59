// Much of what stands in networks and holds no addresses, and requests for every operation that has to do with it.
import { formatId, type IdKind } from '#model/identifier.ts'
import { allProtocols, entryKey, type NetworkObjectKind, nounOf, type Part } from '#model/network-object.ts'
import { partsOfObjectMax, reservationsOfSubnetMax } from '#operations/network/objects.ts'
import type { Transaction } from '#store/store.ts'
import { managementAccount as account, type World } from '../world.ts'
import type { Asked } from './filled-world.ts'

const region = 'us-east-1'
const step = 100
const some = (...inputs: readonly object[]): readonly Asked[] => inputs.map((input) => ({ input }))

/** Inserts gateways and DHCP options, as many of each, and in one VPC and subnet whatever has parts, by default with as many as it may have. */
export async function fillNetworkObjects(
  { store, call }: Pick<World, 'store' | 'call'>,
  {
    vpc,
    subnet,
    count,
    parts = partsOfObjectMax - 1,
    reservations = reservationsOfSubnetMax,
  }: {
    readonly vpc: string
    readonly subnet: string
    readonly count: number
    readonly parts?: number
    readonly reservations?: number
  },
) {
  const newId = (tx: Transaction, kind: IdKind): string => formatId(kind, tx.installation, tx.nextSequence())
  const insert = async (tx: Transaction, kind: NetworkObjectKind, more: object = {}): Promise<string> => {
    const id = newId(tx, kind)
    const none = { vpcId: undefined, subnetId: undefined, name: undefined, isDefault: false, body: {} }
    await tx.networkObjects.insert({ id, noun: nounOf(kind), account, region, ...none, ...more })
    return id
  }
  const { InternetGateway } = await call('CreateInternetGateway', {})
  const { RouteTable } = await call('CreateRouteTable', { VpcId: vpc })
  const { AssociationId } = await call('AssociateRouteTable', {
    RouteTableId: RouteTable!.RouteTableId!,
    SubnetId: subnet,
  })
  const group = { VpcId: vpc, GroupName: 'one', Description: 'one' }
  const { GroupId } = await call('CreateSecurityGroup', group)
  const [rule] = (await call('DescribeSecurityGroupRules', { Filters: [{ Name: 'group-id', Values: [GroupId!] }] }))
    .SecurityGroupRules!
  const { NetworkAcl } = await call('CreateNetworkAcl', { VpcId: vpc })
  const { DhcpOptions } = await call('CreateDhcpOptions', {
    DhcpConfigurations: [{ Key: 'domain-name', Values: ['b.example'] }],
  })
  const { EgressOnlyInternetGateway: egressOnly } = await call('CreateEgressOnlyInternetGateway', { VpcId: vpc })
  for (let from = 0; from < count; from += step) {
    await store.write(async (tx) => {
      for (let index = from; index < Math.min(from + step, count); index++) {
        await insert(tx, 'internetGateway')
        await insert(tx, 'egressOnlyInternetGateway', { vpcId: vpc })
        await insert(tx, 'dhcpOptions', { body: { options: [{ key: 'domain-name', values: ['a.example'] }] } })
      }
    })
  }
  const many = await store.write(async (tx) => {
    for (let n = 0; n < reservations; n++) {
      const body = { cidr: `10.9.0.${128 + n}/32`, reservationType: 'explicit' as const }
      await insert(tx, 'subnetCidrReservation', { subnetId: subnet, body })
    }
    const [table, group, acl] = [
      await insert(tx, 'routeTable', { vpcId: vpc }),
      await insert(tx, 'securityGroup', { vpcId: vpc, name: 'many', body: { description: 'many' } }),
      await insert(tx, 'networkAcl', { vpcId: vpc }),
    ]
    const put = (id: string, kind: Part['kind'], key: string, target: string | undefined, body: object) =>
      tx.networkObjects.insertPart(id, { kind, key, target, body } as Part)
    for (let n = 0; n < parts; n++) {
      const cidr = `172.16.${n >> 8}.${n & 255}/32`
      const all = { isEgress: true, protocol: allProtocols }
      await put(table, 'route', cidr, 'tgw-0123456789abcdef0', { via: 'transit-gateway' })
      await put(group, 'rule', newId(tx, 'securityGroupRule'), undefined, { ...all, peer: { kind: 'ipv4', cidr } })
      const entry = { ...all, number: n + 1, action: 'allow', cidr }
      await put(acl, 'entry', entryKey(true, n + 1), undefined, entry)
    }
    return { table, group, acl }
  })
  const { SubnetCidrReservations } = await reservationOf({ call }, subnet)
  return {
    ...many,
    vpc,
    subnet,
    gateway: InternetGateway!.InternetGatewayId!,
    egressOnly: egressOnly!.EgressOnlyInternetGatewayId!,
    freeTable: RouteTable!.RouteTableId!,
    tableAssociation: AssociationId!,
    freeGroup: GroupId!,
    freeRule: rule!.SecurityGroupRuleId!,
    freeAcl: NetworkAcl!.NetworkAclId!,
    options: DhcpOptions!.DhcpOptionsId!,
    reservation: SubnetCidrReservations,
  }
}
async function reservationOf({ call }: Pick<World, 'call'>, SubnetId: string) {
  const { SubnetIpv4CidrReservations: all } = await call('GetSubnetCidrReservations', { SubnetId })
  return { SubnetCidrReservations: all![0]!.SubnetCidrReservationId! }
}

type Made = Awaited<ReturnType<typeof fillNetworkObjects>>
const unmatched = (Name: string) => ({ Filters: [{ Name, Values: ['nothing-matches'] }] })

/** By the name of an operation. */
export function networkRequests(made: Made): Readonly<Record<string, readonly Asked[]>> {
  const { vpc, subnet, gateway, table, group, acl } = made
  const ofTable = { RouteTableId: table }
  const ofGroup = { GroupId: group }
  const ofAcl = { NetworkAclId: acl, Egress: true }
  const entry = { Protocol: '-1', RuleAction: 'deny', CidrBlock: '0.0.0.0/0' }
  const permission = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '192.0.2.0/24' }] }
  const there = { IpProtocol: '-1', IpRanges: [{ CidrIp: '172.16.0.7/32', Description: 'seven' }] }
  const rule = { SecurityGroupRuleId: made.freeRule }
  const mainOf = vpc.replace('vpc-', 'rtbassoc-')
  return {
    ModifySubnetAttribute: some({ SubnetId: subnet, MapPublicIpOnLaunch: { Value: true } }),
    AssociateSubnetCidrBlock: [
      { input: { SubnetId: subnet, Ipv6CidrBlock: '2001:db8::/64' }, refused: 'InvalidRange' },
    ],
    DisassociateSubnetCidrBlock: [
      { input: { AssociationId: 'subnet-cidr-assoc-0123456789abcdef0' }, refused: 'NotFound' },
    ],
    CreateSubnetCidrReservation: [
      { input: { SubnetId: subnet, Cidr: '10.9.0.64/28', ReservationType: 'prefix' }, refused: 'LimitExceeded' },
    ],
    DeleteSubnetCidrReservation: some({ SubnetCidrReservationId: made.reservation }),
    GetSubnetCidrReservations: some({ SubnetId: subnet }),
    CreateInternetGateway: [{ input: {}, refused: 'LimitExceeded' }],
    AttachInternetGateway: some({ InternetGatewayId: gateway, VpcId: vpc }),
    DetachInternetGateway: [{ input: { InternetGatewayId: gateway, VpcId: vpc }, refused: 'NotFound' }],
    DeleteInternetGateway: some({ InternetGatewayId: gateway }),
    DescribeInternetGateways: some({}, unmatched('owner-id')),
    CreateEgressOnlyInternetGateway: [{ input: { VpcId: vpc }, refused: 'LimitExceeded' }],
    DeleteEgressOnlyInternetGateway: some({ EgressOnlyInternetGatewayId: made.egressOnly }),
    DescribeEgressOnlyInternetGateways: some({}, unmatched('tag-key')),
    CreateRouteTable: some({ VpcId: vpc }),
    DeleteRouteTable: some(ofTable),
    CreateRoute: some({ ...ofTable, DestinationCidrBlock: '192.0.2.0/24', TransitGatewayId: 'tgw-1' }),
    ReplaceRoute: some({ ...ofTable, DestinationCidrBlock: '172.16.0.7/32', TransitGatewayId: 'tgw-1' }),
    DeleteRoute: some({ ...ofTable, DestinationCidrBlock: '172.16.0.7/32' }),
    AssociateRouteTable: [{ input: { ...ofTable, SubnetId: subnet }, refused: 'AlreadyAssociated' }],
    DisassociateRouteTable: some({ AssociationId: made.tableAssociation }),
    ReplaceRouteTableAssociation: some({ AssociationId: mainOf, ...ofTable }),
    DescribeRouteTables: some({}, unmatched('route.state'), { RouteTableIds: [table] }),
    CreateSecurityGroup: some({ VpcId: vpc, GroupName: 'new', Description: 'new' }),
    DeleteSecurityGroup: some(ofGroup),
    DescribeSecurityGroups: some({}, unmatched('description'), { GroupIds: [group] }),
    DescribeSecurityGroupRules: some({}, unmatched('tag-key'), { SecurityGroupRuleIds: [made.freeRule] }),
    AuthorizeSecurityGroupIngress: some({ ...ofGroup, IpPermissions: [permission] }),
    AuthorizeSecurityGroupEgress: some({ ...ofGroup, IpPermissions: [permission] }),
    RevokeSecurityGroupIngress: [{ input: { ...ofGroup, IpPermissions: [permission] }, refused: 'NotFound' }],
    RevokeSecurityGroupEgress: some({ ...ofGroup, IpPermissions: [there] }),
    ModifySecurityGroupRules: some({
      GroupId: made.freeGroup,
      SecurityGroupRules: [{ ...rule, SecurityGroupRule: { IpProtocol: '-1', CidrIpv4: '10.0.0.0/8' } }],
    }),
    UpdateSecurityGroupRuleDescriptionsIngress: [
      { input: { ...ofGroup, IpPermissions: [permission] }, refused: 'NotFound' },
    ],
    UpdateSecurityGroupRuleDescriptionsEgress: some({ ...ofGroup, IpPermissions: [there] }),
    CreateNetworkAcl: some({ VpcId: vpc }),
    DeleteNetworkAcl: some({ NetworkAclId: acl }),
    CreateNetworkAclEntry: some({ ...ofAcl, ...entry, RuleNumber: 700 }),
    ReplaceNetworkAclEntry: some({ ...ofAcl, ...entry, RuleNumber: 7 }),
    DeleteNetworkAclEntry: some({ ...ofAcl, RuleNumber: 7 }),
    ReplaceNetworkAclAssociation: some({
      AssociationId: subnet.replace('subnet-', 'aclassoc-'),
      NetworkAclId: made.freeAcl,
    }),
    DescribeNetworkAcls: some({}, unmatched('entry.cidr'), { NetworkAclIds: [acl] }),
    CreateDhcpOptions: [
      { input: { DhcpConfigurations: [{ Key: 'domain-name', Values: ['c.example'] }] }, refused: 'LimitExceeded' },
    ],
    DeleteDhcpOptions: some({ DhcpOptionsId: made.options }),
    AssociateDhcpOptions: some({ DhcpOptionsId: made.options, VpcId: vpc }),
    DescribeDhcpOptions: some({}, unmatched('value')),
    CreateDefaultVpc: [{ input: {}, refused: 'LimitExceeded' }],
    CreateDefaultSubnet: [{ input: { AvailabilityZone: `${region}a` }, refused: 'NotFound' }],
  }
}
