// Ways around a policy, each tried and each closed. Those that need one request only stand in `policies.test.ts`, under §6.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AllocateAddressResult, Ec2Input } from '#formats/aws/ec2.generated.ts'
import type { Decision } from '#model/policy/decision.ts'
import { Refused } from '#model/refusal.ts'
import { operationTables } from '#operations/tables.ts'
import {
  type Acme,
  asNetwork,
  dev,
  lab,
  network,
  openAcme,
  prod,
  refusalOf,
  root,
  shop,
  stranger,
  tagsOf,
} from './acme.ts'
import { refuses } from './organization.ts'
import { managementAccount } from './world.ts'

const asShop = { account: shop } as const
const asLab = { account: lab } as const
const restSeconds = 300

interface Guarded extends Acme {
  /** The pool that the policy on the root lists for Elastic IPs. */
  readonly listed: string
  readonly law: string
}
/** A company whose every account gets its Elastic IPs from one pool. The pool is 203.0.100.0/28. */
async function withGuarded(work: (acme: Guarded) => Promise<void>): Promise<void> {
  const acme = await openAcme()
  try {
    const [listed, law] = [await acme.pool(), await acme.policy()]
    await acme.rules(law, [listed])
    await acme.enable(law)
    await work({ ...acme, listed, law })
  } finally {
    await acme.close()
  }
}
const setTags = (acme: Acme, id: string, tags: Record<string, string>) =>
  acme.call('CreateTags', { Resources: [id], Tags: tagsOf(tags) }, asNetwork)
const allocate = (acme: Acme, account: string, input: Ec2Input['AllocateAddress'] = {}) =>
  acme.call('AllocateAddress', input, { account })
const denied = (request: Promise<unknown>) => refuses(request, { code: 'DeniedByPolicy' })

describe('§6 ways around', () => {
  test('§6 explicit pool: naming one that is not listed is denied, whoever asks and however often', () =>
    withGuarded(async (acme) => {
      const other = await acme.pool()
      await setTags(acme, other, { 'cadastre:shared-with': root })
      for (const account of [shop, lab, network, managementAccount]) {
        await denied(allocate(acme, account, { IpamPoolId: other }))
      }
      assert.equal(await acme.poolOfAddress(shop, { IpamPoolId: acme.listed }), acme.listed)
    }))

  test('§6 explicit address: neither one of another pool, nor of the provider, nor beside the pool that is named', () =>
    withGuarded(async (acme) => {
      const other = await acme.pool()
      await setTags(acme, other, { 'cadastre:shared-with': root })
      await denied(allocate(acme, shop, { Address: '203.0.101.3' }))
      await denied(allocate(acme, shop, { Address: '203.0.101.3', IpamPoolId: other }))
      await denied(allocate(acme, shop, { Address: '198.18.0.3' }))
      await denied(allocate(acme, shop, { Address: '8.8.8.8' }))
      assert.ok((await refusalOf(allocate(acme, shop, { Address: '203.0.101.3', IpamPoolId: acme.listed }))).code)
      const { PublicIp, PublicIpv4Pool } = await allocate(acme, shop, { Address: '203.0.100.9' })
      assert.deepEqual([PublicIp, PublicIpv4Pool], ['203.0.100.9', acme.listed])
      assert.equal((await acme.call('DescribeAddresses', {}, asShop)).Addresses!.length, 1)
    }))

  test('§6 another account: outside the organization no policy speaks, and its pools do not exist', () =>
    withGuarded(async (acme) => {
      const asked = allocate(acme, stranger, { IpamPoolId: acme.listed })
      await refuses(asked, { code: 'NotFound', what: 'ipam-pool', id: acme.listed })
      assert.equal((await allocate(acme, stranger)).PublicIpv4Pool, 'amazon')
      const { Addresses } = await acme.call('DescribeAddresses', {}, asShop)
      assert.deepEqual(Addresses, [])
    }))

  test('§6 re-allocating a released address: others never early, the previous owner only where policy lets it', () =>
    withGuarded(async (acme) => {
      await setTags(acme, acme.listed, { 'cadastre:quarantine-seconds': String(restSeconds) })
      const first = await allocate(acme, shop)
      const Address = first.PublicIp!
      await acme.call('ReleaseAddress', { AllocationId: first.AllocationId! }, asShop)
      await refuses(allocate(acme, lab, { Address }), { code: 'CidrConflict' })
      await refuses(allocate(acme, network, { Address, IpamPoolId: acme.listed }), { code: 'CidrConflict' })
      assert.notEqual((await allocate(acme, lab)).PublicIp, Address)

      // Once it belonged to shop: no claim against a policy that has changed since.
      const other = await acme.pool()
      await acme.rules(acme.law, [other])
      await denied(allocate(acme, shop, { Address }))
      await refuses(allocate(acme, shop, { Address, IpamPoolId: acme.listed }), { code: 'NotFound', what: 'ipam-pool' })
      await acme.rules(acme.law, [acme.listed])
      const again = await allocate(acme, shop, { Address })
      assert.equal(again.PublicIp, Address)
      assert.notEqual(again.AllocationId, first.AllocationId)

      await acme.call('ReleaseAddress', { AllocationId: again.AllocationId! }, asShop)
      acme.advance(restSeconds * 1000 - 1)
      await refuses(allocate(acme, lab, { Address }), { code: 'CidrConflict' })
      acme.advance(1)
      assert.equal((await allocate(acme, lab, { Address })).PublicIp, Address)
      await refuses(allocate(acme, shop, { Address }), { code: 'CidrConflict' })
    }))

  test('§6 association of a foreign address: it does not exist, by id or by address, and stays as it is', () =>
    withGuarded(async (acme) => {
      const { AllocationId, PublicIp } = await allocate(acme, lab)
      const target = { InstanceId: 'i-0123456789abcdef0' }
      const { AssociationId } = await acme.call('AssociateAddress', { AllocationId: AllocationId!, ...target }, asLab)
      const seen = () => acme.call('DescribeAddresses', {}, asLab)
      const before = await seen()
      for (const account of [shop, network, managementAccount]) {
        const as = { account }
        const takes = (input: Ec2Input['AssociateAddress']) =>
          acme.call('AssociateAddress', { ...input, ...target }, as)
        await refuses(takes({ AllocationId: AllocationId! }), { code: 'NotFound', what: 'elastic-ip' })
        await refuses(takes({ PublicIp: PublicIp! }), { code: 'NotFound', what: 'elastic-ip-address' })
        const ends = acme.call('DisassociateAddress', { AssociationId: AssociationId! }, as)
        await refuses(ends, { code: 'NotFound', what: 'association' })
        await refuses(acme.call('ReleaseAddress', { AllocationId: AllocationId! }, as), { code: 'NotFound' })
      }
      const abroad = { ...asLab, region: 'eu-central-1' }
      const there = acme.call('AssociateAddress', { AllocationId: AllocationId!, ...target }, abroad)
      await refuses(there, { code: 'NotFound' })
      assert.deepEqual(await seen(), before)
    }))

  test('§6 NAT gateway with manual addresses: none that is older than the policy, and none of somebody else', async () => {
    const acme = await openAcme()
    try {
      const { Vpc } = await acme.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, asShop)
      const { Subnet } = await acme.call('CreateSubnet', { VpcId: Vpc!.VpcId!, CidrBlock: '10.0.0.0/24' }, asShop)
      const old = (await allocate(acme, shop)).AllocationId!
      const [listed, law] = [await acme.pool(), await acme.policy()]
      await acme.rules(law, [listed], { type: 'eip' })
      await acme.rules(law, [listed], { type: 'rnat' })
      await acme.enable(law)
      const foreign = (await allocate(acme, lab)).AllocationId!
      const own = (await allocate(acme, shop)).AllocationId!

      const zonal = { SubnetId: Subnet!.SubnetId! }
      const regional = (AllocationId: string): Ec2Input['CreateNatGateway'] => ({
        VpcId: Vpc!.VpcId!,
        AvailabilityMode: 'regional',
        AvailabilityZoneAddresses: [{ AvailabilityZone: 'us-east-1a', AllocationIds: [AllocationId] }],
      })
      const make = (input: Ec2Input['CreateNatGateway']) => acme.call('CreateNatGateway', input, asShop)
      await denied(make({ ...zonal, AllocationId: old }))
      await denied(make(regional(old)))
      await refuses(make({ ...zonal, AllocationId: foreign }), { code: 'NotFound', what: 'elastic-ip' })
      await refuses(make(regional(foreign)), { code: 'NotFound', what: 'elastic-ip' })
      assert.deepEqual((await acme.call('DescribeNatGateways', {}, asShop)).NatGateways, [])
      const made = await make({ ...zonal, AllocationId: own })
      assert.equal(made.NatGateway!.NatGatewayAddresses![0]!.AllocationId, own)
    } finally {
      await acme.close()
    }
  })

  test('§6 tags changed after allocation: they open nothing for the next request', () =>
    withGuarded(async (acme) => {
      await setTags(acme, acme.law, { 'cadastre:required-tags': 'env' })
      const TagSpecifications = [{ ResourceType: 'elastic-ip' as const, Tags: tagsOf({ env: 'prod' }) }]
      await denied(allocate(acme, shop))
      const { AllocationId } = await allocate(acme, shop, { TagSpecifications })
      await acme.call('CreateTags', { Resources: [AllocationId!], Tags: tagsOf({ env: 'dev', more: 'x' }) }, asShop)
      await denied(allocate(acme, shop))
      await refuses(setTagsAs(acme, shop, acme.listed), { code: 'NotFound' })
      await refuses(setTagsAs(acme, shop, acme.law), { code: 'NotFound' })
    }))

  test('§6 tag spoofing: tags of the request steer to no other rule, with the words of a setting or without', () =>
    withGuarded(async (acme) => {
      const premium = await acme.pool()
      await acme.rules(acme.law, [premium, acme.listed])
      await setTags(acme, acme.law, { [`cadastre:when/${premium}`]: 'tag:tier=premium' })
      const asked = (tags: Record<string, string>) =>
        allocate(acme, shop, { TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: tagsOf(tags) }] })
      assert.equal((await asked({ tier: 'premium' })).PublicIpv4Pool, acme.listed)
      await refuses(allocate(acme, shop, { IpamPoolId: premium }), { code: 'NotFound', what: 'ipam-pool' })
      const spoofs: readonly Record<string, string>[] = [
        { 'cadastre:when': 'always' },
        { 'cadastre:mode': 'off' },
        { 'aws:tier': 'premium' },
      ]
      for (const tags of spoofs) {
        const answer = await asked(tags).catch((error: unknown) => error)
        if (answer instanceof Refused) assert.match(answer.refusal.code, /^Invalid/)
        else assert.equal((answer as AllocateAddressResult).PublicIpv4Pool, acme.listed)
      }
    }))

  test('§6 idempotency token reused: other parameters are refused, and another account’s equal token is its own', () =>
    withGuarded(async (acme) => {
      const space = await acme.pool({ scope: 'private' })
      await setTags(acme, space, { 'cadastre:shared-with': root })
      const take = (account: string, NetmaskLength: number) =>
        acme.call('AllocateIpamPoolCidr', { IpamPoolId: space, NetmaskLength, ClientToken: 'token-1' }, { account })
      const first = await take(shop, 30)
      assert.deepEqual(await take(shop, 30), JSON.parse(JSON.stringify(first)))
      await refuses(take(shop, 29), { code: 'IdempotencyMismatch' })
      const theirs = await take(lab, 30)
      assert.notEqual(theirs.IpamPoolAllocation!.Cidr, first.IpamPoolAllocation!.Cidr)
      // What somebody else was given cannot be had with their token, and a policy that came since is not passed by with a new one.
      const law = await acme.policy()
      await acme.rules(law, [await acme.pool({ scope: 'private' })], { type: 'custom' })
      await acme.enable(law, prod)
      const fresh = { IpamPoolId: space, NetmaskLength: 30, ClientToken: 'token-2' }
      await denied(acme.call('AllocateIpamPoolCidr', fresh, asShop))
      await denied(acme.call('AllocateIpamPoolCidr', fresh, asShop))
      const { IpamPoolAllocations } = await acme.call('GetIpamPoolAllocations', { IpamPoolId: space }, asNetwork)
      assert.equal(IpamPoolAllocations!.length, 2)
    }))

  test('§6 a request racing a policy change: what begins after the acknowledgement obeys it, and every decision names its version', () =>
    withGuarded(async (acme) => {
      const pools = [acme.listed, await acme.pool({ cidr: '203.0.64.0/24' })] as const
      await acme.rules(acme.law, [pools[1]])
      const versionNow = async () => (await acme.store.read((tx) => tx.policies.versions(acme.law))).at(-1)!.version
      const poolOfVersion = new Map([[await versionNow(), pools[1]]])
      let requests = 0
      const race = async (): Promise<Decision> => {
        const answer = await acme.hallway.execute(operationTables.ec2.get('AllocateAddress')!, {
          principal: { account: shop, arn: 'arn:x', accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
          region: 'us-east-1',
          input: {},
          requestId: `race-${++requests}`,
          sourceAddress: '127.0.0.1',
        })
        const { AllocationId, PublicIpv4Pool } = answer.output as AllocateAddressResult
        assert.equal(answer.decisions.length, 1)
        assert.equal(answer.decisions[0]!.pool, PublicIpv4Pool)
        await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, asShop)
        return answer.decisions[0]!
      }
      const change = async (pool: string): Promise<void> => {
        await acme.rules(acme.law, [pool])
        poolOfVersion.set(await versionNow(), pool)
      }
      const obeys = (decision: Decision): void =>
        assert.equal(decision.pool, poolOfVersion.get(decision.policy!.version))

      for (const delay of [0, 1, 2, 3, 4]) {
        const turns = async () => {
          for (let turn = 0; turn < delay; turn++) await new Promise((resolve) => setImmediate(resolve))
        }
        const [from, to] = delay % 2 === 0 ? [pools[1], pools[0]] : [pools[0], pools[1]]
        // In one queue: before and after the change stand in the order in which they were asked.
        const [before, , after] = await Promise.all([race(), change(to), race()])
        assert.deepEqual([before.pool, after.pool], [from, to])
        obeys(before)
        obeys(after)
        // In transactions of their own: the request comes some turns of the event loop after the change, or before it.
        const [, late] = await Promise.all([change(from), turns().then(race)])
        const [early] = await Promise.all([race(), turns().then(() => change(to))])
        obeys(late)
        obeys(early)
        const settled = await race()
        assert.equal(settled.pool, to)
        obeys(settled)
      }
    }))

  test('§6 moving the account to another OU: what is asked next is decided there, and nobody moves itself', async () => {
    const acme = await openAcme()
    try {
      const [forProd, forDev] = [await acme.pool(), await acme.pool()]
      for (const [pool, target] of [
        [forProd, prod],
        [forDev, dev],
      ] as const) {
        const law = await acme.policy()
        await acme.rules(law, [pool])
        await acme.enable(law, target)
      }
      const held = await allocate(acme, shop)
      assert.equal(held.PublicIpv4Pool, forProd)
      const move = { AccountId: shop, SourceParentId: prod, DestinationParentId: dev }
      for (const account of [shop, lab])
        assert.ok(await refusalOf(acme.organizations('MoveAccount', move, { account })))
      assert.equal(await acme.poolOfAddress(shop), forProd)

      const asked = [allocate(acme, shop), acme.organizations('MoveAccount', move), allocate(acme, shop)] as const
      const [before, , after] = await Promise.all(asked)
      assert.deepEqual([before.PublicIpv4Pool, after.PublicIpv4Pool], [forProd, forDev])
      // The pool of the old place is not even there any more; what was taken of it stays until it is given back.
      await refuses(allocate(acme, shop, { IpamPoolId: forProd }), { code: 'NotFound', what: 'ipam-pool' })
      const { Addresses } = await acme.call('DescribeAddresses', { AllocationIds: [held.AllocationId!] }, asShop)
      assert.equal(Addresses![0]!.PublicIpv4Pool, forProd)
      await acme.call('ReleaseAddress', { AllocationId: held.AllocationId! }, asShop)
      await denied(allocate(acme, shop, { Address: held.PublicIp! }))
    } finally {
      await acme.close()
    }
  })

  test('§6 administrators’ direct writes: the pools’ owner and the management account are judged like everybody', () =>
    withGuarded(async (acme) => {
      const [open, closed] = [await acme.pool({ scope: 'private' }), await acme.pool({ scope: 'private' })]
      await acme.rules(acme.law, [open], { type: 'custom' })
      await acme.rules(acme.law, [open], { type: 'vpc' })
      const publicUnlisted = await acme.pool()
      const byHand = (IpamPoolId: string) =>
        acme.call('AllocateIpamPoolCidr', { IpamPoolId, NetmaskLength: 30 }, asNetwork)
      await denied(byHand(closed))
      await denied(allocate(acme, network, { IpamPoolId: publicUnlisted }))
      await denied(allocate(acme, network, { Address: '198.18.0.9' }))
      await denied(acme.call('CreateVpc', { CidrBlock: '10.200.0.0/28' }, asNetwork))
      const named = { Ipv4IpamPoolId: closed, Ipv4NetmaskLength: 28 }
      await denied(acme.call('CreateVpc', named, asNetwork))
      await denied(acme.call('CreateVpc', { CidrBlock: '10.200.0.0/28' }))
      assert.ok((await byHand(open)).IpamPoolAllocation!.Cidr)
      assert.equal(await acme.poolOfAddress(network), acme.listed)
      assert.equal(await acme.poolOfAddress(managementAccount), acme.listed)
    }))

  test('§6 clock changes: a clock that goes back and forth ends no quarantine early', () =>
    withGuarded(async (acme) => {
      const hourMs = 3_600_000
      await setTags(acme, acme.listed, { 'cadastre:quarantine-seconds': String(restSeconds) })
      const { AllocationId, PublicIp } = await allocate(acme, shop)
      await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, asShop)
      const refusedToLab = () => refuses(allocate(acme, lab, { Address: PublicIp! }), { code: 'CidrConflict' })
      for (let turn = 0; turn < 20; turn++) {
        for (const jump of [-hourMs, hourMs]) {
          acme.advance(jump)
          await refusedToLab()
        }
      }
      acme.advance(restSeconds * 1000 - 1)
      await refusedToLab()
      // Released while the clock is an hour behind: the rest is counted from the latest moment that was ever seen.
      acme.advance(1)
      const second = await allocate(acme, lab, { Address: PublicIp! })
      acme.advance(-hourMs)
      await acme.call('ReleaseAddress', { AllocationId: second.AllocationId! }, asLab)
      const refusedToShop = () => refuses(allocate(acme, shop, { Address: PublicIp! }), { code: 'CidrConflict' })
      await refusedToShop()
      acme.advance(hourMs + restSeconds * 1000 - 1)
      await refusedToShop()
      acme.advance(1)
      assert.equal((await allocate(acme, shop, { Address: PublicIp! })).PublicIp, PublicIp)
    }))
})

const setTagsAs = (acme: Acme, account: string, id: string) =>
  acme.call('CreateTags', { Resources: [id], Tags: tagsOf({ env: 'prod' }) }, { account })
