// Repeats, dry runs and the record: one token has one effect, a dry run has none, and every effect is on record.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import type { AllocateAddressResult, Ec2Input, Ec2Operation, IpamScope } from '#formats/aws/ec2.generated.ts'
import { equals, formatCidr } from '#model/cidr.ts'
import { Refused } from '#model/refusal.ts'
import type { Store } from '#store/store.ts'
import { replayWindowMs } from '#store/tables/replay-window.ts'
import { sliceSize } from '#store/tables/tokens.ts'
import { type Acme, lab, network, openAcme, prod, root, shop, tagsOf } from '../../test/acme.ts'
import { emptyDatabase, type TestDatabase } from '../../test/database.ts'
import { refuses } from '../../test/organization.ts'
import { managementAccount, testSettings } from '../../test/world.ts'
import { type Call, clientTokenMs, type Executor, openExecutor } from './execute.ts'
import { operationTables } from './tables.aws.ts'

// A house that can be shut and opened again ----------------------------------------------------------------------------

interface House {
  readonly store: Store
  readonly executor: Executor
}
class Street {
  now = Date.UTC(2026, 0, 1)
  house!: House
  readonly #database: TestDatabase

  constructor(database: TestDatabase) {
    this.#database = database
  }
  async open(settings = testSettings): Promise<void> {
    const store = await this.#database.open({ clock: () => this.now })
    this.house = { store, executor: await openExecutor(store, settings) }
  }
  async reopen(settings = testSettings): Promise<void> {
    await this.house.store.close()
    await this.open(settings)
  }
  async ask(name: Ec2Operation, call: Partial<Call> & { account?: string } = {}): Promise<unknown> {
    const { account = shop, ...rest } = call
    const answer = await this.house.executor.execute(operationTables.ec2.get(name)!, {
      principal: { account, arn: `arn:aws:iam::${account}:user/test`, accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
      region: 'us-east-1',
      input: {},
      requestId: 'request',
      sourceAddress: '127.0.0.1',
      ...rest,
    })
    // As a client sees it: what is undefined is not said.
    return JSON.parse(JSON.stringify(answer.output))
  }
  allocate(call: Partial<Call> = {}): Promise<AllocateAddressResult> {
    return this.ask('AllocateAddress', call) as Promise<AllocateAddressResult>
  }
  async addresses(): Promise<number> {
    return ((await this.ask('DescribeAddresses')) as { Addresses: unknown[] }).Addresses.length
  }
  /** An IPAM of the account's and its private scope. */
  async ipam(account: string, region = 'us-east-1'): Promise<string> {
    const { Ipam } = (await this.ask('CreateIpam', { account, region, input: {} })) as { Ipam: { IpamId: string } }
    return Ipam.IpamId
  }
  /** Makes a scope with a client token and answers its id. */
  async scope(
    IpamId: string,
    ClientToken: string,
    call: { account?: string; region?: string; Description?: string } = {},
  ) {
    const { Description, ...as } = call
    const input = { IpamId, ClientToken, ...(Description === undefined ? {} : { Description }) }
    return ((await this.ask('CreateIpamScope', { ...as, input })) as { IpamScope: IpamScope }).IpamScope.IpamScopeId!
  }
}
async function onStreet(work: (street: Street) => Promise<void>): Promise<void> {
  const database = await emptyDatabase()
  const street = new Street(database)
  try {
    await street.open()
    await street.house.store.write(async (tx) => {
      for (const id of [shop, lab]) {
        const joined = { status: 'ACTIVE', joinedMethod: 'INVITED', joinedAt: tx.now } as const
        await tx.organizations.insertAccount({ id, name: id, email: `${id}@example.com`, ...joined })
      }
    })
    await work(street)
    await street.house.store.close()
  } finally {
    await database.remove()
  }
}

describe('a client token', () => {
  test('I5 asked again gets the same answer and has one effect, also when the server was stopped between', () =>
    onStreet(async (street) => {
      const ipam = await street.ipam(shop)
      const first = await street.scope(ipam, 'token-1')
      assert.equal(await street.scope(ipam, 'token-1'), first)
      await street.reopen()
      assert.equal(await street.scope(ipam, 'token-1'), first)
      const { IpamScopes } = (await street.ask('DescribeIpamScopes')) as { IpamScopes: IpamScope[] }
      assert.equal(IpamScopes.filter(({ IsDefault }) => !IsDefault).length, 1)
      await refuses(street.scope(ipam, 'token-1', { Description: 'other' }), {
        code: 'IdempotencyMismatch',
        token: 'token-1',
      })
    }))

  test('I5 of another account, Region or operation is another token', () =>
    onStreet(async (street) => {
      const home = await street.ipam(shop)
      const others = [
        [await street.ipam(lab), { account: lab }],
        [await street.ipam(shop, 'eu-central-1'), { region: 'eu-central-1' }],
      ] as const
      const made = [await street.scope(home, 'same')]
      for (const [ipam, as] of others) made.push(await street.scope(ipam, 'same', as))
      assert.equal(new Set(made).size, 3)
      const pool = { IpamScopeId: made[0]!, AddressFamily: 'ipv4', Locale: 'us-east-1', ClientToken: 'same' }
      assert.ok(await street.ask('CreateIpamPool', { input: pool }))
    }))

  test('is 1 to 64 ASCII characters long', () =>
    onStreet(async (street) => {
      const ipam = await street.ipam(shop)
      for (const token of ['', 'x'.repeat(65), 'tokén', 'a b', 'a\n', '\u{1f511}']) {
        await refuses(street.scope(ipam, token), { code: 'InvalidParameterValue', field: 'ClientToken' })
      }
      assert.ok(await street.scope(ipam, 'x'.repeat(64)))
      assert.ok(await street.scope(ipam, '!~/+=:'))
    }))

  test('is forgotten after a day and not before', () =>
    onStreet(async (street) => {
      const forget = () => street.house.store.write((tx) => tx.tokens.forget(tx.now - clientTokenMs, 500))
      const ipam = await street.ipam(shop)
      const first = await street.scope(ipam, 'token-1')
      street.now += clientTokenMs
      assert.equal(await forget(), 0)
      assert.equal(await street.scope(ipam, 'token-1'), first)
      street.now += 1
      assert.equal(await forget(), 1)
      assert.notEqual(await street.scope(ipam, 'token-1'), first)
    }))

  test('I5 of a request that was refused may be used again', () =>
    onStreet(async (street) => {
      await refuses(street.scope('ipam-0123456789abcdef0', 'token-1'), { code: 'NotFound' })
      assert.ok(await street.scope(await street.ipam(shop), 'token-1'))
    }))
})

describe('a token that comes with every request', () => {
  const signature = 'ab'.repeat(32)
  const kinds = [
    ['the signed id of the invocation', { invocationId: 'one' }, { invocationId: 'two' }],
    [
      'an id that is not signed',
      { unsignedInvocationId: 'one', signature },
      { unsignedInvocationId: 'two', signature: 'cd'.repeat(32) },
    ],
  ] as const

  for (const [what, token, later] of kinds) {
    test(`I5 by ${what}, a repeat within ten minutes gets the first answer, also from a server that was started anew`, () =>
      onStreet(async (street) => {
        const first = await street.allocate(token)
        assert.deepEqual(await street.allocate(token), first)
        street.now += replayWindowMs
        await street.reopen()
        assert.deepEqual(await street.allocate(token), first)
        assert.equal(await street.addresses(), 1)
      }))

    test(`I5 by ${what}, repeats in one batch have one effect, also where the batch starts over`, () =>
      onStreet(async (street) => {
        const [one, two] = await Promise.all([street.allocate(token), street.allocate(token)])
        assert.deepEqual(one, two)
        // The dry run refuses after it has changed rows: everybody in its transaction runs a second time.
        const dry = refuses(street.allocate({ input: { DryRun: true } }), { code: 'DryRunSucceeded' })
        const [three, , four] = await Promise.all([street.allocate(later), dry, street.allocate(later)])
        assert.deepEqual(three, four)
        assert.notEqual(three.AllocationId, one.AllocationId)
        assert.equal(await street.addresses(), 2)
      }))
  }

  /** Audit entries of others, so many that they are read back in several slices. */
  async function recordOthers({ store }: House): Promise<void> {
    for (let done = 0; done < 2.5 * sliceSize; done += sliceSize / 4) {
      await store.write(async (tx) => {
        for (let i = 0; i < sliceSize / 4; i++) {
          const n = tx.nextSequence()
          const token = createHash('sha256').update(String(n)).digest().subarray(0, 16)
          const others = {
            account: lab,
            principal: 'test',
            accessKeyId: '',
            sourceAddress: '',
            region: '',
            action: 'Test',
          }
          const result = { outcome: 'Success', subjects: [], token, parameters: token, result: '{}' }
          await tx.journal.record({ n, at: tx.now, requestId: 'other', ...others, ...result })
        }
      })
    }
  }
  for (const [what, token, later] of kinds) {
    test(`I5 by ${what}, a repeat that comes before all recent requests have been read back gets the first answer`, () =>
      onStreet(async (street) => {
        const first = await street.allocate(token)
        await recordOthers(street.house)
        await street.reopen()
        assert.deepEqual(await street.allocate(token), first)
        await street.reopen()
        // Held open at that moment: a slice has been read, and no other will be before somebody asks.
        await street.house.store.write((tx) => tx.tokens.readBack(tx.now, false))
        const [second, again] = await Promise.all([street.allocate(later), street.allocate(token)])
        assert.deepEqual(again, first)
        assert.notEqual(second.AllocationId, first.AllocationId)
        await street.reopen()
        const reading = street.house.executor.readBackRequests(() => false)
        assert.deepEqual(await street.allocate(token), first)
        await reading
        assert.deepEqual(await street.allocate(later), second)
        assert.equal(await street.addresses(), 2)
      }))
  }

  test('I5 where replays are refused strictly, a signature is known before all recent requests have been read back', () =>
    onStreet(async (street) => {
      const settings = { ...testSettings, isStrictOnReplays: true }
      await street.reopen(settings)
      await street.allocate({ signature, unsignedInvocationId: 'one' })
      await recordOthers(street.house)
      await street.reopen(settings)
      await refuses(street.allocate({ signature, unsignedInvocationId: 'two' }), { code: 'Unavailable' })
      assert.equal(await street.addresses(), 1)
    }))

  test('I5 by the signature alone, a repeat has no effect and is told to sign anew, also by a server that was started anew', () =>
    onStreet(async (street) => {
      const again = () => refuses(street.allocate({ signature }), { code: 'Unavailable' })
      await Promise.all([street.allocate({ signature }), again()])
      await again()
      street.now += replayWindowMs
      await street.reopen()
      await again()
      assert.equal(await street.addresses(), 1)
      assert.ok(await street.allocate({ signature: 'cd'.repeat(32) }))
    }))

  test('I5 an invocation’s id with other parameters is refused, and another account’s equal id is its own', () =>
    onStreet(async (street) => {
      const first = await street.allocate({ invocationId: 'one' })
      const other = { invocationId: 'one', input: { Domain: 'vpc' } as Call['input'] }
      await refuses(street.allocate(other), { code: 'IdempotencyMismatch', token: 'one' })
      const theirs = (await street.ask('AllocateAddress', {
        account: lab,
        invocationId: 'one',
      })) as AllocateAddressResult
      assert.notEqual(theirs.PublicIp, first.PublicIp)
    }))

  test('I5 a retry of what was released meanwhile is a conflict and no second effect; one of the release is its success', () =>
    onStreet(async (street) => {
      const first = await street.allocate({ invocationId: 'one' })
      assert.deepEqual(await street.allocate({ invocationId: 'one' }), first)
      const release = () =>
        street.ask('ReleaseAddress', { invocationId: 'two', input: { AllocationId: first.AllocationId! } as object })
      const answer = await release()
      assert.deepEqual(await release(), answer)
      const outdated = { code: 'OutdatedRepeat', id: first.AllocationId! } as const
      await refuses(street.allocate({ invocationId: 'one' }), outdated)
      await street.reopen()
      await refuses(street.allocate({ invocationId: 'one' }), outdated)
      assert.deepEqual(await release(), answer)
      assert.equal(await street.addresses(), 0)
    }))

  test('I5 a retry of a change is a conflict once its object is gone, also within one millisecond', () =>
    onStreet(async (street) => {
      const { AllocationId } = await street.allocate()
      const tag = () =>
        street.ask('CreateTags', {
          invocationId: 'tag',
          input: { Resources: [AllocationId!], Tags: [{ Key: 'Name', Value: 'a' }] } as object,
        })
      await tag()
      await tag()
      await street.ask('ReleaseAddress', { input: { AllocationId } as object })
      await refuses(tag(), { code: 'OutdatedRepeat', id: AllocationId! })
    }))

  test('I5 a client token goes before the id of the invocation', () =>
    onStreet(async (street) => {
      const ipam = await street.ipam(shop)
      const make = (invocationId: string) =>
        street.ask('CreateIpamScope', { invocationId, input: { IpamId: ipam, ClientToken: 't' } as Call['input'] })
      assert.deepEqual(await make('one'), await make('two'))
    }))
})

// What is in the tables ------------------------------------------------------------------------------------------------

/** Numbers are drawn without being used; that is no effect. */
const numbers = { except: ['counter'] }
const record = ['audit_entry', 'audit_subject', 'origin', 'decision', 'ruling', 'client_token', 'request_token']
const numbersAndRecord = { except: [...numbers.except, ...record] }

/** One request of each kind, in an order in which they succeed; `$name` stands for what an earlier one answered. */
type Step = readonly [
  account: string,
  name: Ec2Operation,
  input: Record<string, unknown>,
  keep?: readonly [string, string],
]
/** What stands in a VPC and goes again; `$name@prefix` is what has its id from it. */
const ssh = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }
const entry = { NetworkAclId: '$acl', RuleNumber: 7, Egress: true }
const allow = { ...entry, Protocol: '-1', RuleAction: 'allow', CidrBlock: '0.0.0.0/0' }
const route = { RouteTableId: '$table', DestinationCidrBlock: '0.0.0.0/0' }
const standing: readonly Step[] = [
  [shop, 'ModifySubnetAttribute', { SubnetId: '$subnet', MapPublicIpOnLaunch: { Value: true } }],
  [
    shop,
    'AssociateVpcCidrBlock',
    { VpcId: '$vpc', AmazonProvidedIpv6CidrBlock: true },
    ['six', 'Ipv6CidrBlockAssociation.AssociationId'],
  ],
  [
    shop,
    'AssociateSubnetCidrBlock',
    { SubnetId: '$subnet', Ipv6CidrBlock: '2001:db8::/64' },
    ['sixth', 'Ipv6CidrBlockAssociation.AssociationId'],
  ],
  [shop, 'DisassociateSubnetCidrBlock', { AssociationId: '$sixth' }],
  [shop, 'DisassociateVpcCidrBlock', { AssociationId: '$six' }],
  [
    shop,
    'CreateSubnetCidrReservation',
    { SubnetId: '$subnet', Cidr: '192.168.0.128/28', ReservationType: 'prefix' },
    ['kept', 'SubnetCidrReservation.SubnetCidrReservationId'],
  ],
  [shop, 'DeleteSubnetCidrReservation', { SubnetCidrReservationId: '$kept' }],
  [shop, 'CreateInternetGateway', {}, ['gateway', 'InternetGateway.InternetGatewayId']],
  [shop, 'AttachInternetGateway', { InternetGatewayId: '$gateway', VpcId: '$vpc' }],
  [shop, 'CreateRouteTable', { VpcId: '$vpc' }, ['table', 'RouteTable.RouteTableId']],
  [shop, 'CreateRoute', { ...route, GatewayId: '$gateway' }],
  [shop, 'ReplaceRoute', { ...route, TransitGatewayId: 'tgw-0123456789abcdef0' }],
  [shop, 'DeleteRoute', route],
  [shop, 'AssociateRouteTable', { RouteTableId: '$table', SubnetId: '$subnet' }, ['goes', 'AssociationId']],
  [
    shop,
    'ReplaceRouteTableAssociation',
    { AssociationId: '$goes', RouteTableId: '$vpc@rtb' },
    ['gone', 'NewAssociationId'],
  ],
  [shop, 'DisassociateRouteTable', { AssociationId: '$gone' }],
  [shop, 'DeleteRouteTable', { RouteTableId: '$table' }],
  [shop, 'DetachInternetGateway', { InternetGatewayId: '$gateway', VpcId: '$vpc' }],
  [shop, 'DeleteInternetGateway', { InternetGatewayId: '$gateway' }],
  [
    shop,
    'CreateEgressOnlyInternetGateway',
    { VpcId: '$vpc' },
    ['egress', 'EgressOnlyInternetGateway.EgressOnlyInternetGatewayId'],
  ],
  [shop, 'DeleteEgressOnlyInternetGateway', { EgressOnlyInternetGatewayId: '$egress' }],
  [shop, 'CreateSecurityGroup', { VpcId: '$vpc', GroupName: 'web', Description: 'web' }, ['group', 'GroupId']],
  [
    shop,
    'AuthorizeSecurityGroupIngress',
    { GroupId: '$group', IpPermissions: [ssh] },
    ['rule', 'SecurityGroupRules.0.SecurityGroupRuleId'],
  ],
  [shop, 'AuthorizeSecurityGroupEgress', { GroupId: '$group', IpPermissions: [ssh] }],
  [
    shop,
    'UpdateSecurityGroupRuleDescriptionsIngress',
    { GroupId: '$group', SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId: '$rule', Description: 'shell' }] },
  ],
  [
    shop,
    'UpdateSecurityGroupRuleDescriptionsEgress',
    { GroupId: '$group', IpPermissions: [{ ...ssh, IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'shell' }] }] },
  ],
  [
    shop,
    'ModifySecurityGroupRules',
    {
      GroupId: '$group',
      SecurityGroupRules: [
        { SecurityGroupRuleId: '$rule', SecurityGroupRule: { IpProtocol: '-1', CidrIpv4: '10.0.0.0/8' } },
      ],
    },
  ],
  [shop, 'RevokeSecurityGroupIngress', { GroupId: '$group', SecurityGroupRuleIds: ['$rule'] }],
  [shop, 'RevokeSecurityGroupEgress', { GroupId: '$group', IpPermissions: [ssh] }],
  [shop, 'DeleteSecurityGroup', { GroupId: '$group' }],
  [shop, 'CreateNetworkAcl', { VpcId: '$vpc' }, ['acl', 'NetworkAcl.NetworkAclId']],
  [shop, 'CreateNetworkAclEntry', allow],
  [shop, 'ReplaceNetworkAclEntry', { ...allow, RuleAction: 'deny' }],
  [shop, 'DeleteNetworkAclEntry', entry],
  [
    shop,
    'ReplaceNetworkAclAssociation',
    { AssociationId: '$subnet@aclassoc', NetworkAclId: '$acl' },
    ['guarded', 'NewAssociationId'],
  ],
  [shop, 'ReplaceNetworkAclAssociation', { AssociationId: '$guarded', NetworkAclId: '$vpc@acl' }],
  [shop, 'DeleteNetworkAcl', { NetworkAclId: '$acl' }],
  [
    shop,
    'CreateDhcpOptions',
    { DhcpConfigurations: [{ Key: 'domain-name', Values: ['a.example'] }] },
    ['options', 'DhcpOptions.DhcpOptionsId'],
  ],
  [shop, 'AssociateDhcpOptions', { DhcpOptionsId: '$options', VpcId: '$vpc' }],
  [shop, 'AssociateDhcpOptions', { DhcpOptionsId: 'default', VpcId: '$vpc' }],
  [shop, 'DeleteDhcpOptions', { DhcpOptionsId: '$options' }],
  [shop, 'CreateDefaultVpc', {}],
  [shop, 'DeleteSubnet', { SubnetId: '$defaultSubnet' }],
  [shop, 'CreateDefaultSubnet', { AvailabilityZone: 'us-east-1a' }],
]
const story = (acme: Acme): readonly Step[] => [
  [network, 'ModifyIpam', { IpamId: acme.ipam, Description: 'ours' }],
  [network, 'CreateIpamScope', { IpamId: acme.ipam }, ['scope', 'IpamScope.IpamScopeId']],
  [network, 'ModifyIpamScope', { IpamScopeId: '$scope', Description: 'spare' }],
  [network, 'DeleteIpamScope', { IpamScopeId: '$scope' }],
  [
    network,
    'CreateIpamPool',
    {
      IpamScopeId: acme.publicScope,
      AddressFamily: 'ipv4',
      Locale: 'us-east-1',
      AwsService: 'ec2',
      PublicIpSource: 'byoip',
    },
    ['pool', 'IpamPool.IpamPoolId'],
  ],
  [network, 'ModifyIpamPool', { IpamPoolId: '$pool', Description: 'edge' }],
  [network, 'ProvisionIpamPoolCidr', { IpamPoolId: '$pool', Cidr: '203.0.113.0/28' }],
  [network, 'ProvisionIpamPoolCidr', { IpamPoolId: '$pool', Cidr: '203.0.114.0/28' }],
  [network, 'DeprovisionIpamPoolCidr', { IpamPoolId: '$pool', Cidr: '203.0.114.0/28' }],
  [
    network,
    'CreateIpamPool',
    { IpamScopeId: acme.privateScope, AddressFamily: 'ipv4', Locale: 'us-east-1' },
    ['space', 'IpamPool.IpamPoolId'],
  ],
  [network, 'ProvisionIpamPoolCidr', { IpamPoolId: '$space', Cidr: '10.0.0.0/12' }],
  [network, 'CreateTags', { Resources: ['$space'], Tags: tagsOf({ 'cadastre:shared-with': root }) }],
  [network, 'CreateIpamPolicy', { IpamId: acme.ipam }, ['law', 'IpamPolicy.IpamPolicyId']],
  [
    network,
    'ModifyIpamPolicyAllocationRules',
    {
      IpamPolicyId: '$law',
      Locale: 'us-east-1',
      ResourceType: 'eip',
      AllocationRules: [{ SourceIpamPoolId: '$pool' }],
    },
  ],
  [network, 'EnableIpamPolicy', { IpamPolicyId: '$law', OrganizationTargetId: prod }],
  [lab, 'CreateIpam', {}, ['ipam', 'Ipam.IpamId']],
  [lab, 'CreateIpamResourceDiscovery', {}, ['discovery', 'IpamResourceDiscovery.IpamResourceDiscoveryId']],
  [lab, 'ModifyIpamResourceDiscovery', { IpamResourceDiscoveryId: '$discovery', Description: 'all' }],
  [
    lab,
    'AssociateIpamResourceDiscovery',
    { IpamId: '$ipam', IpamResourceDiscoveryId: '$discovery' },
    ['discovered', 'IpamResourceDiscoveryAssociation.IpamResourceDiscoveryAssociationId'],
  ],
  [lab, 'DisassociateIpamResourceDiscovery', { IpamResourceDiscoveryAssociationId: '$discovered' }],
  [lab, 'DeleteIpamResourceDiscovery', { IpamResourceDiscoveryId: '$discovery' }],
  [lab, 'DeleteIpam', { IpamId: '$ipam', Cascade: true }],
  [
    network,
    'CreateIpamPool',
    { IpamScopeId: acme.privateScope, AddressFamily: 'ipv4' },
    ['spare', 'IpamPool.IpamPoolId'],
  ],
  [network, 'DeleteIpamPool', { IpamPoolId: '$spare' }],
  [
    network,
    'AllocateIpamPoolCidr',
    { IpamPoolId: '$space', Cidr: '10.8.0.0/24' },
    ['hand', 'IpamPoolAllocation.IpamPoolAllocationId'],
  ],
  [network, 'ModifyIpamPoolAllocation', { IpamPoolAllocationId: '$hand', Description: 'reserved' }],
  [network, 'ReleaseIpamPoolAllocation', { IpamPoolId: '$space', IpamPoolAllocationId: '$hand', Cidr: '10.8.0.0/24' }],
  [shop, 'AllocateAddress', {}, ['third', 'AllocationId']],
  [shop, 'AllocateAddress', {}, ['eip', 'AllocationId']],
  [shop, 'AllocateAddress', {}, ['nateip', 'AllocationId']],
  [lab, 'AllocateAddress', {}],
  [shop, 'CreateTags', { Resources: ['$eip'], Tags: tagsOf({ env: 'prod' }) }],
  [shop, 'DeleteTags', { Resources: ['$eip'], Tags: [{ Key: 'env' }] }],
  [
    shop,
    'AssociateAddress',
    { AllocationId: '$eip', InstanceId: 'i-0123456789abcdef0' },
    ['association', 'AssociationId'],
  ],
  [shop, 'DisassociateAddress', { AssociationId: '$association' }],
  [shop, 'CreateVpc', { Ipv4IpamPoolId: '$space', Ipv4NetmaskLength: 20 }, ['vpc', 'Vpc.VpcId']],
  [lab, 'CreateVpc', { CidrBlock: '192.168.0.0/20' }],
  [shop, 'ModifyVpcAttribute', { VpcId: '$vpc', EnableDnsHostnames: { Value: true } }],
  [
    shop,
    'AssociateVpcCidrBlock',
    { VpcId: '$vpc', CidrBlock: '192.168.0.0/20' },
    ['block', 'CidrBlockAssociation.AssociationId'],
  ],
  [
    network,
    'ModifyIpamResourceCidr',
    {
      ResourceId: '$vpc',
      ResourceCidr: '192.168.0.0/20',
      ResourceRegion: 'us-east-1',
      CurrentIpamScopeId: acme.privateScope,
      Monitored: false,
    },
  ],
  [shop, 'CreateSubnet', { VpcId: '$vpc', CidrBlock: '192.168.0.0/24' }, ['subnet', 'Subnet.SubnetId']],
  ...standing,
  [shop, 'CreateNatGateway', { SubnetId: '$subnet', AllocationId: '$nateip' }, ['nat', 'NatGateway.NatGatewayId']],
  [
    shop,
    'AssociateNatGatewayAddress',
    { NatGatewayId: '$nat', AllocationIds: ['$third'] },
    ['second', 'NatGatewayAddresses.0.AssociationId'],
  ],
  [shop, 'DisassociateNatGatewayAddress', { NatGatewayId: '$nat', AssociationIds: ['$second'] }],
  [shop, 'DeleteNatGateway', { NatGatewayId: '$nat' }],
  [shop, 'DeleteSubnet', { SubnetId: '$subnet' }],
  [shop, 'DisassociateVpcCidrBlock', { AssociationId: '$block' }],
  [shop, 'DeleteVpc', { VpcId: '$vpc' }],
  [shop, 'ReleaseAddress', { AllocationId: '$eip' }],
  [network, 'DisableIpamPolicy', { IpamPolicyId: '$law', OrganizationTargetId: prod }],
  [network, 'DeleteIpamPolicy', { IpamPolicyId: '$law' }],
  [managementAccount, 'DisableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: network }],
  [managementAccount, 'EnableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: network }],
]

test('the story of these tests has every change that the EC2 API offers', async () => {
  const acme = await openAcme()
  const told = new Set(story(acme).map(([, name]) => name))
  await acme.close()
  const changes = [...operationTables.ec2.values()].filter(({ access }) => access === 'write')
  assert.deepEqual(new Set(changes.map(({ name }) => name)), told)
})

/** Walks the story; `around` is called with each request, and runs it. */
async function tell(
  acme: Acme,
  around: (ask: (dry: boolean) => Promise<unknown>, name: Ec2Operation) => Promise<unknown>,
): Promise<void> {
  const known = new Map<string, string>()
  for (const [account, name, input, keep] of story(acme)) {
    if (JSON.stringify(input).includes('$defaultSubnet')) known.set('defaultSubnet', await defaultSubnet(acme, account))
    const text = JSON.stringify(input).replace(/\$(\w+)(?:@(\w+))?/g, (_, word: string, prefix?: string) => {
      const id = known.get(word) ?? assert.fail(word)
      return prefix === undefined ? id : id.replace(/^[a-z]+/, prefix)
    })
    const ask = (dry: boolean) =>
      acme.call(name, { ...JSON.parse(text), ...(dry ? { DryRun: true } : {}) } as Ec2Input[typeof name], { account })
    const answer = await around(ask, name)
    if (!keep) continue
    const value = keep[1].split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], answer)
    known.set(keep[0], String(value))
  }
}

async function defaultSubnet(acme: Acme, account: string): Promise<string> {
  const Filters = [
    { Name: 'default-for-az', Values: ['true'] },
    { Name: 'availability-zone', Values: ['us-east-1a'] },
  ]
  return (await acme.call('DescribeSubnets', { Filters }, { account })).Subnets![0]!.SubnetId!
}

const dryRunsOf = async ({ database }: Acme): Promise<string[]> => {
  const rows = await database.select(
    'select o.action, a.outcome from audit_entry a join origin o on o.n = a.origin where a.dry_run = 1 order by a.n',
  )
  return rows.map(({ action, outcome }) => `${action} ${outcome}`)
}

test('a dry run of every kind of change says that it would have worked, and no row of any table is other than before', async () => {
  const acme = await openAcme()
  try {
    await tell(acme, async (ask, name) => {
      const before = await acme.database.tables(numbers)
      await refuses(ask(true), { code: 'DryRunSucceeded' })
      assert.deepEqual(await acme.database.tables(numbers), before, name)
      const answer = await ask(false)
      assert.notDeepEqual(await acme.database.tables(numbers), before, name)
      return answer
    })
    const [before, entries] = [await acme.database.tables(numbersAndRecord), await dryRunsOf(acme)]
    for (const [name, input, code] of [
      ['AllocateAddress', { Address: '8.8.8.8' }, undefined],
      ['ReleaseAddress', { AllocationId: 'eipalloc-0123456789abcdef0' }, 'NotFound'],
      ['CreateVpc', { CidrBlock: '10.0.0.0/8' }, undefined],
    ] as const) {
      const answer = await acme
        .call(name, { ...input, DryRun: true } as never, { account: shop })
        .catch((error: unknown) => error)
      assert.ok(answer instanceof Refused && answer.refusal.code !== 'DryRunSucceeded', name)
      if (code) assert.equal(answer.refusal.code, code)
    }
    assert.deepEqual(await acme.database.tables(numbersAndRecord), before, 'nor of one that is refused')
    assert.deepEqual(entries, [])
    assert.deepEqual(
      await dryRunsOf(acme),
      ['AllocateAddress InvalidParameterValue', 'ReleaseAddress NotFound', 'CreateVpc InvalidRange'],
      'which is on record as what it was',
    )
  } finally {
    await acme.close()
  }
})

test('I7 every request that changed a row left exactly one audit entry, with what it changed', async () => {
  const acme = await openAcme()
  const entries = async () => (await acme.database.tables()).audit_entry!
  try {
    await tell(acme, async (ask, name) => {
      const [before, recorded] = [await acme.database.tables(numbersAndRecord), await entries()]
      const answer = await ask(false)
      assert.notDeepEqual(await acme.database.tables(numbersAndRecord), before, `${name} changed something`)
      const after = await entries()
      assert.deepEqual(after.slice(0, recorded.length), recorded, 'what is on record stays')
      assert.equal(after.length, recorded.length + 1, name)
      const entry = JSON.parse(after.at(-1)!) as { outcome: string; subjects: string }
      assert.equal(entry.outcome, 'Success')
      assert.match(entry.subjects, /^[a-z0-9./-]+( [a-z0-9./-]+)*$/, `${name} names what it changed`)
      return answer
    })
    const quiet = await entries()
    await acme.call('DescribeAddresses', {}, { account: shop })
    assert.deepEqual(await entries(), quiet, 'reading is no entry')
    await refuses(acme.call('ReleaseAddress', { AllocationId: 'eipalloc-0123456789abcdef0' }), { code: 'NotFound' })
    const refused = await entries()
    assert.equal(refused.length, quiet.length + 1, 'a change that is refused is one')
    const { outcome, subjects } = JSON.parse(refused.at(-1)!) as { outcome: string; subjects: string }
    assert.deepEqual([outcome, subjects], ['NotFound', 'eipalloc-0123456789abcdef0'])
  } finally {
    await acme.close()
  }
})

test('I4 every Elastic IP and VPC block that came from a pool has a decision on record that allows it there', async () => {
  const acme = await openAcme()
  try {
    let checked = 0
    await tell(acme, async (ask) => {
      const answer = await ask(false)
      await acme.store.read(async (tx) => {
        for (const account of [shop, lab]) {
          for (const allocation of await tx.allocationLists.ofAccount(account, 0, 1000)) {
            if (!['eip', 'vpc'].includes(allocation.resourceType)) continue
            const decision = await tx.journal.findDecision(allocation.decision!)
            const pool = await tx.pools.findByNumber(allocation.pool)
            assert.ok(decision && decision.outcome !== 'deny')
            assert.equal(decision.request.account, account)
            assert.equal(decision.request.resourceType, allocation.resourceType)
            assert.equal(decision.pool, pool!.scopeId === undefined ? 'provider' : pool!.id)
            assert.ok(equals(decision.cidr!, allocation.cidr), formatCidr(allocation.cidr))
            checked++
          }
        }
      })
      return answer
    })
    assert.ok(checked > 10)
  } finally {
    await acme.close()
  }
})
