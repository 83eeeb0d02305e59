// What pools import by themselves: networks that nobody gave, whatever the rules say, the largest first, and what is ignored never.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Acme, asNetwork, lab, openAcme, root, shop, stranger, tagsOf } from '../../../test/acme.ts'
import { managementAccount } from '../../../test/world.ts'
import type { AnyOperation } from '../operation.ts'
import { type ImportStep, importNetworks, isAnyImporting, lookForImports, principalOfPool } from './importing.ts'

const asShop = { account: shop } as const
const asLab = { account: lab } as const

let acme: Acme
let pool = ''
before(async () => {
  acme = await openAcme()
  pool = await acme.pool({ scope: 'private', cidr: '10.0.0.0/8' })
})
after(() => acme.close())

async function act(operation: AnyOperation, input: object): Promise<unknown> {
  const arn = principalOfPool(pool)
  const principal = { account: managementAccount, arn, accessKeyId: '', userId: arn }
  const call = { principal, region: '', input, requestId: `import-${++acts}`, sourceAddress: 'local' }
  return (await acme.executor.execute(operation, call)).output
}
let acts = 0
/** As the job does it. */
async function importAll(): Promise<number> {
  let all = 0
  for (;;) {
    const step = (await act(lookForImports, { turn: 0 })) as ImportStep | undefined
    if (!step) return all
    const { imported } = (await act(importNetworks, step)) as { imported: number }
    if (imported === 0) return all
    all += imported
  }
}
const makeVpc = async (CidrBlock: string, as: { account: string; region?: string }) =>
  (await acme.call('CreateVpc', { CidrBlock }, as)).Vpc!.VpcId!
const given = async () =>
  (await acme.call('GetIpamPoolAllocations', { IpamPoolId: pool }, asNetwork)).IpamPoolAllocations!.map(
    ({ Cidr, ResourceId, ResourceType, ResourceOwner }) => [Cidr, ResourceType, ResourceId, ResourceOwner],
  )
const stateOf = async (ResourceId: string) =>
  (
    await acme.call('GetIpamResourceCidrs', { IpamScopeId: acme.privateScope, ResourceId }, asNetwork)
  ).IpamResourceCidrs!.map(({ ManagementState, ComplianceStatus }) => [ManagementState, ComplianceStatus])
const change = (input: object) => acme.call('ModifyIpamPool', { IpamPoolId: pool, ...input }, asNetwork)

test('a pool that does not import leaves everything as it is', async () => {
  await makeVpc('10.1.0.0/16', asShop)
  assert.equal(await acme.store.read(isAnyImporting), false)
  assert.equal(await importAll(), 0)
})

test('I4 one that imports has what stands in it, with what policy says on record, and whatever its rules say', async () => {
  const [large, small] = [await makeVpc('10.2.0.0/16', asLab), await makeVpc('10.2.4.0/24', asShop)]
  const elsewhere = await makeVpc('10.3.0.0/16', { ...asShop, region: 'eu-central-1' })
  const foreign = await makeVpc('10.4.0.0/16', { account: stranger })
  const outside = await makeVpc('172.16.0.0/16', asShop)
  await change({ AutoImport: true, AllocationMinNetmaskLength: 20, AllocationMaxNetmaskLength: 24 })
  assert.equal(await acme.store.read(isAnyImporting), true)
  assert.equal(await importAll(), 2)
  assert.deepEqual(
    (await given()).map(([cidr, type, , owner]) => [cidr, type, owner]),
    [
      ['10.1.0.0/16', 'vpc', shop],
      ['10.2.0.0/16', 'vpc', lab],
    ],
  )
  assert.deepEqual(await stateOf(large), [['managed', 'noncompliant']])
  assert.deepEqual(await stateOf(small), [['unmanaged', 'unmanaged']])
  for (const [id, as] of [
    [elsewhere, { ...asShop, region: 'eu-central-1' }],
    [foreign, { account: stranger }],
    [outside, asShop],
  ] as const) {
    await acme.call('DeleteVpc', { VpcId: id }, as)
  }
  const imported = await acme.store.read((tx) => tx.allocations.ofResource(large))
  const { n, decision } = imported[0]!
  assert.equal(typeof n, 'number')
  assert.equal(typeof decision, 'number')
})

test('once shared, what it gave is compliant; its space comes back with the network', async () => {
  await change({ AllocationMinNetmaskLength: 8, AllocationMaxNetmaskLength: 28 })
  await acme.call('CreateTags', { Resources: [pool], Tags: tagsOf({ 'cadastre:shared-with': root }) }, asNetwork)
  const [, [, , large]] = (await given()) as [unknown, string[]]
  assert.deepEqual(await stateOf(large!), [['managed', 'compliant']])
  await acme.call('DeleteVpc', { VpcId: large! }, asLab)
  assert.equal(await importAll(), 1)
  assert.deepEqual(
    (await given()).map(([cidr]) => cidr),
    ['10.1.0.0/16', '10.2.4.0/24'],
  )
})

test('what is ignored is not imported, nor given back to the pool again', async () => {
  const [[, , id]] = (await given()) as [string[]]
  await acme.call(
    'ModifyIpamResourceCidr',
    {
      ResourceId: id!,
      ResourceCidr: '10.1.0.0/16',
      ResourceRegion: 'us-east-1',
      CurrentIpamScopeId: acme.privateScope,
      Monitored: false,
    },
    asNetwork,
  )
  assert.equal(await importAll(), 0)
  assert.deepEqual(
    (await given()).map(([cidr]) => cidr),
    ['10.2.4.0/24'],
  )
  assert.deepEqual(await stateOf(id!), [['ignored', 'ignored']])
})

test('what somebody has already is not imported over', async () => {
  await acme.call('AllocateIpamPoolCidr', { IpamPoolId: pool, Cidr: '10.9.9.0/28' }, asNetwork)
  await makeVpc('10.9.0.0/16', asShop)
  assert.equal(await importAll(), 0)
  await makeVpc('10.9.128.0/24', asShop)
  assert.equal(await importAll(), 1)
})
