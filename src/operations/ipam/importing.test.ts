// What pools import by themselves: networks that nobody gave, whatever the rules say, the largest first, and what is ignored never.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { importByPools } from '#jobs/importing.ts'
import { type ActingAs, lookAt } from '#jobs/job.ts'
import { parseCidr } from '#model/cidr.ts'
import type { Principal } from '#model/principal.ts'
import { createAccessKey, disableAccessKey } from '#operations/identity/access-keys.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { type Acme, asNetwork, lab, network, openAcme, root, shop, stranger, tagsOf } from '../../../test/acme.ts'
import { costOf } from '../../../test/statement-cost.ts'
import { managementAccount, workplaceOf } from '../../../test/world.ts'
import { isAnyImporting } from './importing.ts'

const asShop = { account: shop } as const
const asLab = { account: lab } as const

let acme: Acme
let pool = ''
before(async () => {
  acme = await openAcme()
  pool = await acme.pool({ scope: 'private', cidr: '10.0.0.0/8' })
})
after(() => acme.close())

/** As the job does it; answers how many of the pool's allocations are new. */
async function importAll(): Promise<number> {
  const before = (await given()).length
  await lookAt(importByPools, {
    ...workplaceOf(acme.store),
    async act(operation, input: object, as: string | ActingAs) {
      const { arn, accessKeyId } = typeof as === 'string' ? { arn: as, accessKeyId: '' } : as
      const principal = { account: managementAccount, arn, accessKeyId, userId: arn }
      const call = { principal, region: '', input, requestId: `import-${++acts}`, sourceAddress: 'local' }
      return (await acme.executor.execute(operation, call)).output
    },
  })
  return (await given()).length - before
}
let acts = 0
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

test('what comes since is imported of whoever may use the pool, and of nobody else', async () => {
  acme.advance(1_000)
  const late = await makeVpc('10.5.0.0/16', asLab)
  assert.equal(await importAll(), 0)
  assert.deepEqual(await stateOf(late), [['unmanaged', 'unmanaged']])
  // To say again that it imports says nothing of what came since.
  await change({ AutoImport: true })
  assert.equal(await importAll(), 0)
  await acme.call('CreateTags', { Resources: [pool], Tags: tagsOf({ 'cadastre:shared-with': lab }) }, asNetwork)
  assert.equal(await importAll(), 1)
  await acme.call('DeleteVpc', { VpcId: late }, asLab)
  await acme.call('DeleteTags', { Resources: [pool], Tags: [{ Key: 'cadastre:shared-with' }] }, asNetwork)
  // Switched off and on, it imports what stands there by then.
  const other = await makeVpc('10.5.0.0/16', asShop)
  assert.equal(await importAll(), 0)
  await change({ AutoImport: false })
  await change({ AutoImport: true })
  assert.equal(await importAll(), 1)
  await acme.call('DeleteVpc', { VpcId: other }, asShop)
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

test('what cannot be imported, however much it is, keeps nothing else from being imported', async () => {
  await insertVpcs(6_100, { account: lab, from: 100 })
  await makeVpc('10.200.0.0/24', asShop)
  // Five thousand are looked at in one turn, and the next goes on behind them.
  assert.equal(await importAll(), 0)
  await makeVpc('10.30.0.0/24', asShop)
  assert.equal(await importAll(), 1)
  assert.equal(await importAll(), 1)
})
test('pools of one account, and what stands in them, keep no other from being looked through', async () => {
  // Six thousand blocks of the account stand in each of them.
  const mine = await acme.call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] }, asLab)
  for (let n = 0; n < 8; n++) {
    const { IpamScope } = await acme.call('CreateIpamScope', { IpamId: mine.Ipam!.IpamId! }, asLab)
    const { IpamScopeId } = IpamScope!
    const inScope = { IpamScopeId: IpamScopeId!, AddressFamily: 'ipv4', Locale: 'us-east-1', AutoImport: true } as const
    const { IpamPool } = await acme.call('CreateIpamPool', inScope, asLab)
    await acme.call('ProvisionIpamPoolCidr', { IpamPoolId: IpamPool!.IpamPoolId!, Cidr: '10.0.0.0/8' }, asLab)
  }
  for (let turn = 0; turn < 3; turn++) assert.equal(await importAll(), 0)
  await makeVpc('10.31.0.0/24', asShop)
  let imported = 0
  for (let turn = 0; turn < 4; turn++) imported += await importAll()
  assert.equal(imported, 1)
})

test('nor does a pool in which very much stands keep another one of its account', async () => {
  const small = await acme.pool({ scope: 'private', cidr: '172.16.0.0/12' })
  const vpc = await makeVpc('172.20.0.0/16', asShop)
  await acme.call('ModifyIpamPool', { IpamPoolId: small, AutoImport: true }, asNetwork)
  assert.equal(await importAll(), 0)
  assert.deepEqual(await stateOf(vpc), [['managed', 'noncompliant']])
})
test('it is done in the name of whoever let the pool, as long as their key is good', async () => {
  const { store, executor } = acme
  const keyOf = async (user: string): Promise<Principal> => {
    const key = { accessKeyId: `AKIA${user.toUpperCase()}`, secretAccessKey: `of ${user}` }
    assert.equal(await createAccessKey(store, network, user, key), undefined)
    const arn = `arn:aws:iam::${network}:user/${user}`
    return { account: network, arn, accessKeyId: key.accessKeyId, userId: user }
  }
  const [ann, ben] = [await keyOf('ann'), await keyOf('ben')]
  const mine = await acme.pool({ scope: 'private', cidr: '192.168.0.0/16' })
  const letImport = async (principal: Principal, AutoImport: boolean) => {
    const input = { IpamPoolId: mine, AutoImport }
    const call = { principal, region: 'us-east-1', input, requestId: `let-${++acts}`, sourceAddress: '192.0.2.7' }
    return (await executor.execute(operationTables.ec2.get('ModifyIpamPool')!, call)).output as {
      IpamPool: { StateMessage?: string }
    }
  }
  const importedBy = async () => {
    const actors = await acme.database.select(
      `select o.principal, o.access_key_id from audit_entry e join origin o on o.n = e.origin where o.action = 'ImportNetworks' order by e.n desc limit 1`,
    )
    return { ...actors[0] }
  }
  const seen = async () =>
    (await acme.call('DescribeIpamPools', { IpamPoolIds: [mine] }, asNetwork)).IpamPools![0]!.StateMessage
  const importMine = async (): Promise<void> => {
    for (let turn = 0; turn < 4; turn++) await importAll()
  }
  const first = await makeVpc('192.168.1.0/24', asShop)
  assert.equal((await letImport(ann, true)).IpamPool.StateMessage, undefined)
  await importMine()
  assert.deepEqual((await stateOf(first))[0]![0], 'managed')
  assert.deepEqual(await importedBy(), { principal: `rule:${mine} of ${ann.arn}`, access_key_id: ann.accessKeyId })

  await disableAccessKey(store, ann.accessKeyId)
  assert.match((await seen())!, /key of whoever set AutoImport is good no more/)
  const second = await makeVpc('192.168.2.0/24', asNetwork)
  await importMine()
  assert.deepEqual((await stateOf(second))[0]![0], 'unmanaged')

  // Somebody else says so again: what had come meanwhile is looked at as before.
  assert.equal((await letImport(ben, true)).IpamPool.StateMessage, undefined)
  await importMine()
  assert.deepEqual((await stateOf(second))[0]![0], 'managed')
  assert.deepEqual(await importedBy(), { principal: `rule:${mine} of ${ben.arn}`, access_key_id: ben.accessKeyId })
  await letImport(ben, false)
  await disableAccessKey(store, ben.accessKeyId)
  assert.equal(await seen(), undefined)
})
test('I8 what others have where a pool lies is not looked at for it', async () => {
  if (acme.database.engine !== 'sqlite') return
  const whole = acme
  acme = await openAcme()
  pool = await acme.pool({ scope: 'private', cidr: '10.0.0.0/8' })
  await makeVpc('10.1.0.0/16', asShop)
  await change({ AutoImport: true })
  assert.equal(await importAll(), 1)
  await insertVpcs(20, { account: shop, from: 100 })
  // Who has any networks in the Region is looked at, and no more of them.
  await makeVpc('10.140.0.0/28', { account: stranger })
  const cost = () => costOf(importAll)
  await cost()
  const before = await cost()
  await insertVpcs(1_000, { account: stranger, from: 150 })
  assert.deepEqual(await cost(), before)
  await acme.close()
  acme = whole
})

/** Networks with a small block each, one behind the other; they are in the public scope, so that no private pool imports them. */
async function insertVpcs(count: number, { account, from }: { account: string; from: number }): Promise<void> {
  const vpc = await anyVpc()
  await acme.store.write(async (tx) => {
    const like = (await tx.vpcs.find(vpc))!
    for (let n = 0; n < count; n++) {
      const id = `vpc-many-${account}-${n}`
      await tx.vpcs.insert({ ...like, id, account })
      await tx.vpcs.insertCidr({
        associationId: `of-${id}`,
        vpcId: id,
        cidr: parseCidr(`10.${from + (n >> 12)}.${(n >> 4) & 255}.${(n & 15) * 16}/28`)!,
        ...{
          isPrimary: true,
          allocation: undefined,
          poolId: undefined,
          ipSource: 'byoip',
          networkBorderGroup: undefined,
        },
      })
    }
  })
}
const anyVpc = async (): Promise<string> => (await acme.call('DescribeVpcs', {}, asShop)).Vpcs![0]!.VpcId!
