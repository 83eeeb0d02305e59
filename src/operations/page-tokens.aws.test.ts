// Page tokens of the AWS APIs: nothing can be read from them, and nobody goes on with one of another list, filter or caller.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Ec2Operation } from '#formats/aws/ec2.generated.ts'
import type { OrganizationsOperation } from '#formats/aws/organizations.generated.ts'
import { ec2Model, organizationsModel, type ServiceModel } from '#formats/aws/service-model.ts'
import type { Principal } from '#model/principal.ts'
import { foundOrganization, network, shop, workloads } from '../../test/acme.ts'
import { refuses } from '../../test/organization.ts'
import { type As, managementAccount, openWorld, type World } from '../../test/world.ts'
import type { AnyOperation } from './operation.ts'
import { operationTables } from './tables.aws.ts'

type Answer = { readonly NextToken?: string } & Readonly<Record<string, unknown>>
type Service = 'ec2' | 'organizations'

let world: World
let poolId: string
before(async () => {
  world = await openWorld()
  await foundOrganization(world)
  for (const account of [network, shop]) {
    for (const block of [1, 2, 3]) await world.call('CreateVpc', { CidrBlock: `10.${block}.0.0/16` }, { account })
    const { Ipam } = await world.call('CreateIpam', { Tier: 'advanced' }, { account })
    const params = { IpamScopeId: Ipam!.PrivateDefaultScopeId!, AddressFamily: 'ipv4', Locale: 'us-east-1' } as const
    const { IpamPool } = await world.call('CreateIpamPool', params, { account })
    poolId = IpamPool!.IpamPoolId!
    const pool = { IpamPoolId: poolId }
    await world.call('ProvisionIpamPoolCidr', { ...pool, Cidr: '10.64.0.0/16' }, { account })
    for (let n = 0; n < 2; n++) await world.call('AllocateIpamPoolCidr', { ...pool, NetmaskLength: 28 }, { account })
  }
})
after(() => world.close())

const ask = (service: Service, name: string, input: object, as: As = { account: shop }): Promise<Answer> =>
  (service === 'ec2'
    ? world.call(name as Ec2Operation, input as never, as)
    : world.organizations(name as OrganizationsOperation, input as never, as)) as Promise<Answer>
const vpcs = (input: object, as?: As) => ask('ec2', 'DescribeVpcs', input, as)
const isNone = { code: 'InvalidPaginationToken', field: 'NextToken' } as const

/** Lists that have a second page in this world. */
const lists: readonly (readonly [Service, string, () => object, As])[] = [
  ['ec2', 'DescribeVpcs', () => ({ MaxResults: 1 }), { account: shop }],
  ['ec2', 'DescribeIpamScopes', () => ({ MaxResults: 1 }), { account: shop }],
  ['ec2', 'GetIpamPoolAllocations', () => ({ MaxResults: 1, IpamPoolId: poolId }), { account: shop }],
  ['ec2', 'DescribeIpamPoolAllocations', () => ({ MaxResults: 1 }), { account: shop }],
  ['organizations', 'ListAccounts', () => ({ MaxResults: 1 }), { account: managementAccount }],
  [
    'organizations',
    'ListOrganizationalUnitsForParent',
    () => ({ MaxResults: 1, ParentId: workloads }),
    { account: managementAccount },
  ],
]

test('a token leads to the next page with another size, and tells nothing of what comes next', async () => {
  for (const [service, name, input, as] of lists) {
    const first = await ask(service, name, input(), as)
    assert(first.NextToken !== undefined, name)
    const text = Buffer.from(first.NextToken, 'base64url').toString('latin1')
    assert.doesNotMatch(text, /vpc-|ipam-|ou-|\d{12}|[0-9a-f]{16}|^1:/, name)
    const second = await ask(service, name, { ...input(), MaxResults: 20, NextToken: first.NextToken }, as)
    const [shown, next] = [first, second].map((page) => Object.values(page).find((value) => Array.isArray(value)))
    assert.equal((shown as readonly unknown[]).length, 1, name)
    assert.notDeepEqual((next as readonly unknown[])[0], (shown as readonly unknown[])[0], name)
    assert((next as readonly unknown[]).length >= 1, name)
  }
})

test('a token of another operation, of either API, is none', async () => {
  const tokens = await Promise.all(
    lists.map(
      async ([service, name, input, as]) => [name, (await ask(service, name, input(), as)).NextToken!] as const,
    ),
  )
  for (const [service, name, input, as] of lists) {
    for (const [other, NextToken] of tokens) {
      if (other !== name) await refuses(ask(service, name, { ...input(), NextToken }, as), isNone)
    }
  }
})

test('a token that was altered or made up, or is of other filters, accounts, Regions or users, is none', async () => {
  const NextToken = (await vpcs({ MaxResults: 1 })).NextToken!
  const made = [
    'x',
    '',
    `${NextToken}A`,
    NextToken.slice(0, -4),
    `${NextToken[0] === 'A' ? 'B' : 'A'}${NextToken.slice(1)}`,
  ]
  for (const other of [...made, Buffer.from('1:vpc-1').toString('base64url')]) {
    await refuses(vpcs({ MaxResults: 1, NextToken: other }), { ...isNone, value: other })
  }
  const Filters = [{ Name: 'state', Values: ['available'] }]
  await refuses(vpcs({ MaxResults: 1, Filters, NextToken }), isNone)
  await refuses(vpcs({ MaxResults: 1, NextToken }, { account: network }), isNone)
  await refuses(vpcs({ MaxResults: 1, NextToken }, { account: shop, region: 'eu-central-1' }), isNone)
  const filtered = (await vpcs({ MaxResults: 1, Filters })).NextToken!
  await refuses(vpcs({ MaxResults: 1, NextToken: filtered }), isNone)
  assert.equal(((await vpcs({ Filters, NextToken: filtered })).Vpcs as unknown[]).length, 2)
})

test('a role goes on with its token in another session, another user of the account does not', async () => {
  const as = async (arn: string, NextToken?: string): Promise<Answer> => {
    const principal: Principal = { account: shop, arn, accessKeyId: 'AKIATEST', userId: 'AIDATEST' }
    const call = { principal, region: 'us-east-1', requestId: 'request', sourceAddress: '127.0.0.1' }
    const operation: AnyOperation = operationTables.ec2.get('DescribeVpcs')!
    const input: object = { MaxResults: 1, ...(NextToken === undefined ? {} : { NextToken }) }
    return (await world.executor.execute(operation, { ...call, input })).output as Answer
  }
  const role = `arn:aws:sts::${shop}:assumed-role/reader`
  const { NextToken } = await as(`${role}/monday`)
  assert((await as(`${role}/tuesday`, NextToken)).Vpcs)
  await refuses(as(`${role}s/monday`, NextToken), isNone)
  await refuses(as(`arn:aws:iam::${shop}:user/eve`, NextToken), isNone)
})

test('every operation that answers in pages takes no token that it did not give', async () => {
  const models: Readonly<Record<Service, ServiceModel>> = { ec2: ec2Model, organizations: organizationsModel }
  let paged = 0
  for (const [service, model] of Object.entries(models) as [Service, ServiceModel][]) {
    for (const [name, { input }] of Object.entries(model.operations)) {
      const members = input && model.shapes[input]!.members
      if (!members || !('NextToken' in members) || !operationTables[service].has(name)) continue
      paged++
      await refuses(ask(service, name, { NextToken: 'made-up' }), isNone)
    }
  }
  assert(paged > 20, `${paged} operations`)
})
