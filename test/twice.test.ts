// The rehearsal: every transaction runs, is taken back, and runs again; nobody can tell from what is answered or from what is there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ec2Input, Ec2Operation } from '#formats/aws/ec2.generated.ts'
import { Refused } from '#model/refusal.ts'
import type { Store } from '#store/store.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { type Acme, asNetwork, dev, lab, openAcme, prod, shop } from './acme.ts'
import type { As } from './world.ts'

class TakenBack extends Error {}

/** A store that makes use of its right to run every work twice. */
function rehearsing(store: Store, count: () => void): Store {
  return {
    read: (work) => store.read(work),
    close: () => store.close(),
    async write(work) {
      const rehearsal = store.write(async (tx) => {
        await work(tx)
        throw new TakenBack()
      })
      // Refusals of the work itself come again in the performance.
      await rehearsal.catch(() => count())
      return store.write(work)
    },
  }
}

/** Plays the main job once through, and writes down every answer and every refusal. */
async function play(acme: Acme): Promise<string[]> {
  const lines: string[] = []
  const ask = async <Name extends Ec2Operation>(name: Name, input: Ec2Input[Name], as: As) => {
    const answer = await acme.call(name, input, as).catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error
      lines.push(`${name} ${JSON.stringify(error.refusal)}`)
      return undefined
    })
    if (answer) lines.push(`${name} ${JSON.stringify(answer)}`)
    return answer
  }
  const asShop = { account: shop }
  const pool = await acme.pool()
  const other = await acme.pool()
  const network = await acme.pool({ scope: 'private', cidr: '10.64.0.0/12' })
  const policy = await acme.policy()
  await acme.rules(policy, [pool])
  await acme.rules(policy, [network], { type: 'vpc' })
  await acme.rules(policy, [other], { type: 'rnat' })
  await acme.enable(policy, prod)

  const address = await ask('AllocateAddress', {}, asShop)
  await ask('AllocateAddress', { IpamPoolId: other }, asShop)
  await ask('AllocateAddress', { DryRun: true }, asShop)
  await ask('AssociateAddress', { AllocationId: address!.AllocationId!, InstanceId: 'i-0123456789abcdef0' }, asShop)
  await ask('ReleaseAddress', { AllocationId: address!.AllocationId! }, asShop)
  await ask('DisassociateAddress', { PublicIp: address!.PublicIp! }, asShop)
  await ask('ReleaseAddress', { AllocationId: address!.AllocationId! }, asShop)
  await ask('ReleaseAddress', { AllocationId: address!.AllocationId! }, asShop)

  const scope = { IpamId: acme.ipam, ClientToken: 'once' }
  await ask('CreateIpamScope', scope, asNetwork)
  await ask('CreateIpamScope', scope, asNetwork)
  await ask('CreateIpamScope', { ...scope, Description: 'other' }, asNetwork)

  await ask('CreateVpc', { Ipv4IpamPoolId: network, Ipv4NetmaskLength: 8 }, asShop)
  const vpc = await ask('CreateVpc', { Ipv4NetmaskLength: 16 }, asShop)
  const VpcId = vpc!.Vpc!.VpcId!
  await ask('CreateSubnet', { VpcId, CidrBlock: vpc!.Vpc!.CidrBlock!.replace('/16', '/24') }, asShop)
  const gateway = await ask('CreateNatGateway', { VpcId, AvailabilityMode: 'regional' }, asShop)
  await ask('DescribeAddresses', {}, asShop)
  await ask('DeleteVpc', { VpcId }, asShop)
  await ask('DeleteNatGateway', { NatGatewayId: gateway!.NatGateway!.NatGatewayId! }, asShop)

  // Until the pool is dry: sixteen addresses, and the seventeenth is refused.
  for (let count = 0; count <= 16; count++) await ask('AllocateAddress', {}, asShop)
  await acme.organizations('MoveAccount', { AccountId: lab, SourceParentId: dev, DestinationParentId: prod })
  await ask('AllocateAddress', {}, { account: lab })
  await ask('GetIpamPoolAllocations', { IpamPoolId: pool }, asNetwork)
  await ask('DescribeAddresses', {}, asShop)
  return named(lines)
}

/** Identifiers are numbered anew by their first appearance: a rehearsal draws numbers of its own. */
function named(lines: readonly string[]): string[] {
  const names = new Map<string, string>()
  return lines.map((line) =>
    line.replaceAll(/\b([a-z]+(?:-[a-z]+)*)-[0-9a-f]{17,32}\b/g, (id, kind: string) => {
      if (!names.has(id)) names.set(id, `${kind}-${names.size}`)
      return names.get(id)!
    }),
  )
}

/** What repeats is stored once as far as memory reaches, and that is dropped with a transaction: such rows may stand there again. */
const repeating = ['origin', 'ruling']

/** How many rows each table has. */
async function rowsOf({ database }: Acme): Promise<Record<string, number>> {
  const tables = await database.tables({ except: repeating })
  return Object.fromEntries(Object.entries(tables).map(([name, rows]) => [name, rows.length]))
}

test('I5 I7 a transaction that runs twice has one effect, one entry, and the answer that it would have had', async () => {
  let rehearsals = 0
  const plain = await openAcme()
  const rehearsed = await openAcme({
    around: (store) =>
      rehearsing(store, () => {
        rehearsals++
      }),
  })
  const expected = await play(plain)
  assert.deepEqual(await play(rehearsed), expected)
  assert.ok(rehearsals > expected.length, 'every write was rehearsed')
  assert.deepEqual(await rowsOf(rehearsed), await rowsOf(plain))
  for (const { store } of [plain, rehearsed]) assert.deepEqual((await checkSpace(store)).problems, [])

  const told = expected.join('\n')
  for (const word of [
    'DeniedByPolicy',
    'Exhausted',
    'IdempotencyMismatch',
    'DryRunSucceeded',
    'NatGatewayId',
    'InUse',
  ]) {
    assert.ok(told.includes(word), `the story tells of ${word}`)
  }
  await plain.close()
  await rehearsed.close()
})
