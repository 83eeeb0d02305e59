// Each change of a large object keeps all of it for good: how much of that somebody may do in a day is bounded, and nothing else.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { uncountedBytesMax } from '#store/tables/kept-bytes.ts'
import { refusalOf } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { type Organization, withOrganization } from '../../../test/organization.ts'
import { managementAccount } from '../../../test/world.ts'
import { operationTables } from '../tables.aws.ts'
import { historyBytesPerDayMax, historyBytesPerDayOfTopMax } from './kept-bytes.ts'

let world: NativeWorld & Organization
let shop: string
let lab: string
let unitId: string
let scopeId: string
let ann: string
before(async () => {
  world = await withOrganization(await openNativeWorld())
  unitId = await world.unit('red')
  shop = await world.account('shop', unitId)
  lab = await world.account('lab', unitId)
  const ipam = await world.post<{ privateScopeId: string }>('/ipams', { account: shop, region: 'us-east-1' })
  scopeId = ipam.privateScopeId
  ann = await world.tokenOf('user:ann', 'organization-administrator', unitId)
})
after(() => world.close())

const writtenBy = (writer: string) => world.store.read((tx) => tx.keptBytes.writtenBy(writer))
/** Bytes that work has counted for somebody. */
async function counting(writer: string, work: () => Promise<unknown>): Promise<number> {
  const before = await writtenBy(writer)
  await work()
  return (await writtenBy(writer)) - before
}
const setWritten = (writer: string, bytes: number) =>
  world.database.tamper(`update history_written set bytes = ${bytes} where writer = '${writer}'`)

const many = (count: number) => Array.from({ length: count }, (_, index) => index)
const tags = () => many(50).map((index) => ({ Key: `tag-${index}`, Value: 'v'.repeat(200) }))
const nativeTags = () => Object.fromEntries(tags().map(({ Key, Value }) => [Key, Value]))
async function group(account: string, rules: number) {
  const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, { account })
  const spec = { VpcId: Vpc!.VpcId!, GroupName: 'large', Description: 'large' }
  const { GroupId } = await world.call('CreateSecurityGroup', spec as never, { account })
  const permission = (rule: number, Description: string) => ({
    ...{ IpProtocol: 'tcp', FromPort: 1_000 + rule, ToPort: 1_000 + rule },
    IpRanges: [{ CidrIp: '192.0.2.0/24', Description }],
  })
  const IpPermissions = many(rules).map((rule) => permission(rule, 'd'.repeat(200)))
  await world.call('AuthorizeSecurityGroupIngress', { GroupId: GroupId!, IpPermissions }, { account })
  const describe = (words: string) =>
    world.call(
      'UpdateSecurityGroupRuleDescriptionsIngress',
      { GroupId: GroupId!, IpPermissions: [permission(0, words)] },
      { account },
    )
  return { vpcId: Vpc!.VpcId!, groupId: GroupId!, describe }
}
/** An address with many tags: each change keeps all of these. */
async function address(account: string) {
  const { AllocationId } = await world.call('AllocateAddress', {}, { account })
  const addressId = AllocationId!
  await world.call('CreateTags', { Resources: [addressId], Tags: tags() }, { account })
  const tag = (Value: string) =>
    world.call('CreateTags', { Resources: [addressId], Tags: [{ Key: 'tag-0', Value }] }, { account })
  return { addressId, tag }
}

test('a change that keeps much is counted for who makes it, and one that keeps little of what is large is not', async () => {
  const asShop = { account: shop }
  const { describe, vpcId } = await group(shop, 100)
  const small = await counting(shop, async () => {
    await world.call('AllocateAddress', {}, asShop)
    await world.call('CreateVpc', { CidrBlock: '10.1.0.0/16' }, asShop)
    await world.call('CreateTags', { Resources: [vpcId], Tags: tags().slice(0, 5) }, asShop)
  })
  assert.equal(small, 0)

  const { NetworkAcl } = await world.call('CreateNetworkAcl', { VpcId: vpcId }, asShop)
  const { RouteTable } = await world.call('CreateRouteTable', { VpcId: vpcId }, asShop)
  const { InternetGateway } = await world.call('CreateInternetGateway', {}, asShop)
  const GatewayId = InternetGateway!.InternetGatewayId!
  await world.call('AttachInternetGateway', { VpcId: vpcId, InternetGatewayId: GatewayId }, asShop)
  const route = (index: number) => {
    const DestinationCidrBlock = `192.0.${index}.0/24`
    const RouteTableId = RouteTable!.RouteTableId!
    return world.call('CreateRoute', { RouteTableId, DestinationCidrBlock, GatewayId }, asShop)
  }
  for (const index of many(60)) await route(index)
  const entry = (RuleNumber: number) =>
    world.call(
      'CreateNetworkAclEntry',
      {
        ...{ NetworkAclId: NetworkAcl!.NetworkAclId!, RuleNumber, Protocol: '-1', RuleAction: 'allow', Egress: false },
        CidrBlock: '192.0.2.0/24',
      },
      asShop,
    )
  for (const index of many(60)) await entry(index + 1)
  await world.call('CreateTags', { Resources: [vpcId], Tags: tags() }, asShop)
  const { tag } = await address(shop)
  const ofWhatIsLarge = {
    'security group': () => describe('anew'),
    'route table': () => route(60),
    'network ACL': () => entry(61),
    'tags of a VPC': () =>
      world.call('CreateTags', { Resources: [vpcId], Tags: [{ Key: 'tag-0', Value: 'other' }] }, asShop),
  }
  for (const [kind, change] of Object.entries(ofWhatIsLarge)) assert.equal(await counting(shop, change), 0, kind)
  const overAws = {
    'tags of an address': () => tag('other'),
    'many rules': () => group(shop, 60),
  }
  for (const [kind, change] of Object.entries(overAws)) {
    assert((await counting(shop, change)) > uncountedBytesMax, kind)
  }

  const sharedWith = many(400).map((index) => String(200_000_000_000 + index))
  const as = ann
  const { poolId } = await world.post<{ poolId: string }>('/pools', { scopeId, family: 'ipv4', sharedWith }, { as })
  const allocation = { account: shop, resourceType: 'custom', cidr: '10.2.0.0/24', poolId }
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.2.0.0/16' }, { as })
  const taken = { ...allocation, locale: 'us-east-1', tags: nativeTags() }
  const { allocationId } = await world.post<{ allocationId: string }>('/allocations', taken, { as })
  const patch = (path: string, body: object) => async () => {
    const { status, body: told } = await world.ask('PATCH', path, { body, as })
    assert.equal(status, 200, JSON.stringify(told))
  }
  const overNative = {
    'pool with shares': patch(`/pools/${poolId}`, { description: 'another' }),
    'tags of a unit': patch(`/organizational-units/${unitId}`, { tags: nativeTags() }),
    'tags of an account': patch(`/accounts/${shop}`, { tags: nativeTags() }),
    'tags of an allocation': patch(`/allocations/${allocationId}`, { description: 'another' }),
  }
  for (const [kind, change] of Object.entries(overNative)) {
    assert((await counting('user:ann', change)) > uncountedBytesMax, kind)
  }
  assert.equal(await writtenBy(managementAccount), 0, 'and not for whoever the record is filed with')
})

test('D8 beyond what may be kept in a day it is refused until the next one, and nothing else is', async () => {
  const asLab = { account: lab }
  const { addressId, tag } = await address(lab)
  const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, asLab)
  const each = await counting(lab, () => tag('one'))
  await setWritten(lab, historyBytesPerDayMax - each - 100)
  await tag('two')
  const refused = (await refusalOf(tag('too many'))) as { code: string; limit?: number }
  assert.deepEqual([refused.code, refused.limit], ['LimitExceeded', historyBytesPerDayMax])
  assert.match(JSON.stringify(refused), /2026-01-02T00:00:00.000Z/)
  assert.equal(await counting(lab, async () => undefined), 0)

  await world.call('AllocateAddress', {}, asLab)
  await world.call('CreateTags', { Resources: [Vpc!.VpcId!], Tags: tags().slice(0, 5) }, asLab)
  const { tag: ofShop } = await address(shop)
  await ofShop('as before')

  world.advance(86_400_000)
  await tag('the next day')
  assert((await writtenBy(lab)) <= each + 100)
  await setWritten(lab, historyBytesPerDayMax)
  await world.call('ReleaseAddress', { AllocationId: addressId }, asLab)
})

test('whoever governs the top has more', async () => {
  const { tag } = await address(managementAccount)
  await setWritten(managementAccount, historyBytesPerDayMax)
  await tag('more')
  await setWritten(managementAccount, historyBytesPerDayOfTopMax)
  assert.equal((await refusalOf(tag('too many'))).code, 'LimitExceeded')
})

test('what one request writes for good counts against what keeps others waiting: not only its rows', async () => {
  const { vpcId } = await group(shop, 1)
  const text = 'x'.repeat(500_000)
  const writing = (times: number) =>
    world.store.write(
      async ({ history }) => {
        for (let index = 0; index < times; index++) {
          await history.changed({ id: vpcId, kind: 'vpc', account: shop }, { text: `${text}${index}` })
        }
        throw new Error('taken back')
      },
      { sender: 'somebody' },
    )
  await assert.rejects(writing(30), /taken back/)
  assert.equal((await refusalOf(writing(50))).code, 'LimitExceeded')
})

test('D8 lists over EC2 that are refused count as tried, as those of the native API do', () => {
  for (const name of ['CreateTags', 'DeleteTags', 'ModifyIpamPolicyAllocationRules']) {
    const operation = operationTables.ec2.get(name)!
    assert.ok(operation.access === 'write' && operation.isList === true, name)
  }
})
