// What happens by the way moves the governance epoch and is nobody's act: change control is not asked of whoever happens to come first.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { asNetwork, lab, openAcme, refusalOf, root, shop, stranger } from '../../../test/acme.ts'
import { openEstate } from '../../../test/estate.ts'
import { withNativeApi } from '../../../test/native-world.ts'

const open = async () => withNativeApi(await openAcme())
type World = Awaited<ReturnType<typeof open>>
async function control({ ask }: World, ipamId: string): Promise<void> {
  const { status } = await ask('PATCH', `/ipams/${ipamId}`, { body: { changeControl: 'required' } })
  assert.equal(status, 200)
}

describe('the range of the provider, which becomes a pool as it is first taken from', () => {
  /** Each in a world of its own, where nobody has taken any of it. */
  const firsts: Readonly<Record<string, (world: World, vpcId: string) => Promise<unknown>>> = {
    AllocateAddress: ({ call }) => call('AllocateAddress', {}, { account: shop }),
    CreateVpc: ({ call }) =>
      call('CreateVpc', { CidrBlock: '172.16.0.0/16', AmazonProvidedIpv6CidrBlock: true }, { account: shop }),
    AssociateVpcCidrBlock: ({ call }, VpcId) =>
      call('AssociateVpcCidrBlock', { VpcId, AmazonProvidedIpv6CidrBlock: true }, { account: shop }),
    CreateNatGateway: ({ call }, VpcId) =>
      call('CreateNatGateway', { VpcId, AvailabilityMode: 'regional' } as never, { account: shop }),
    createAllocation: ({ post }) => post('/allocations', { account: shop, locale: 'us-east-1', resourceType: 'eip' }),
    createAllocations: ({ post }) =>
      post('/allocations/batch', {
        allocations: ['ipv4', 'ipv6'].map((family) => ({
          ...{ account: shop, locale: 'us-east-1', resourceType: 'custom', scopeType: 'public', family },
          netmaskLength: family === 'ipv4' ? 28 : 64,
        })),
      }),
    'createAllocation, held': ({ post }) =>
      post('/allocations', {
        ...{ account: shop, locale: 'us-east-1', resourceType: 'custom', scopeType: 'public' },
        family: 'ipv6',
        netmaskLength: 64,
        hold: { expiresInSeconds: 60 },
      }),
    previewAllocation: ({ post }) =>
      post('/allocations?dryRun=true', { account: shop, locale: 'us-east-1', resourceType: 'eip' }),
  }
  for (const [name, take] of Object.entries(firsts)) {
    test(`§8 ${name} is as free as before`, async () => {
      const world = await open()
      try {
        const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, { account: shop })
        await control(world, world.ipam)
        const epoch = await world.store.read(async (tx) => tx.governanceEpoch)
        await take(world, Vpc!.VpcId!)
        const now = await world.store.read(async (tx) => tx.governanceEpoch)
        assert.equal(now > epoch, !name.startsWith('preview'), 'it has become a pool by it')
      } finally {
        await world.close()
      }
    })
  }
})

test('§8 space that leaves the pool of somebody whose changes are controlled is no change of who comes next', async () => {
  const world = await open()
  try {
    const { call } = world
    const ownPool = async (account: string, cidr: string) => {
      const { Ipam } = await call('CreateIpam', {}, { account })
      const params = { IpamScopeId: Ipam!.PrivateDefaultScopeId!, AddressFamily: 'ipv4' } as const
      const { IpamPool } = await call('CreateIpamPool', params, { account })
      const IpamPoolId = IpamPool!.IpamPoolId!
      await call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr: cidr }, { account })
      return { ipam: Ipam!.IpamId!, pool: IpamPoolId }
    }
    const [theirs, mine] = [await ownPool(lab, '10.1.0.0/16'), await ownPool(stranger, '10.2.0.0/16')]
    const quarantine = { body: { quarantineSeconds: 60 } }
    assert.equal((await world.ask('PATCH', `/pools/${theirs.pool}`, quarantine)).status, 200)
    const asLab = { account: lab }
    const taken = await call('AllocateIpamPoolCidr', { IpamPoolId: theirs.pool, NetmaskLength: 24 }, asLab)
    const { Cidr, IpamPoolAllocationId } = taken.IpamPoolAllocation!
    await call(
      'ReleaseIpamPoolAllocation',
      { IpamPoolId: theirs.pool, Cidr: Cidr!, IpamPoolAllocationId: IpamPoolAllocationId! },
      asLab,
    )
    await call('DeprovisionIpamPoolCidr', { IpamPoolId: theirs.pool, Cidr: '10.1.0.0/16' }, asLab)
    await control(world, theirs.ipam)
    world.advance(61_000)
    const more = { IpamPoolId: mine.pool, Cidr: '10.3.0.0/16' }
    await call('ProvisionIpamPoolCidr', more, { account: stranger })
    const { IpamPoolCidrs } = await call('GetIpamPoolCidrs', { IpamPoolId: theirs.pool }, asLab)
    assert.deepEqual(IpamPoolCidrs, [], 'and it has left')
    const refused = await refusalOf(
      call('ProvisionIpamPoolCidr', { IpamPoolId: theirs.pool, Cidr: '10.4.0.0/16' }, asLab),
    )
    assert.equal(refused.code, 'ChangeRequestRequired', 'what is an act needs one as before')
  } finally {
    await world.close()
  }
})

test('§8 a change request is about nothing that leaves its pool meanwhile, and undoes nothing of it', async () => {
  const world = await open()
  try {
    const { call, post, ask } = world
    const pool = await world.pool({ scope: 'private', cidr: '10.1.0.0/16' })
    const other = await world.pool({ scope: 'private', cidr: '10.2.0.0/16' })
    assert.equal((await ask('PATCH', `/pools/${pool}`, { body: { quarantineSeconds: 60 } })).status, 200)
    const taken = await call('AllocateIpamPoolCidr', { IpamPoolId: pool, NetmaskLength: 24 }, asNetwork)
    const { Cidr, IpamPoolAllocationId } = taken.IpamPoolAllocation!
    const IpamPoolAllocation = { Cidr: Cidr!, IpamPoolAllocationId: IpamPoolAllocationId! }
    await call('ReleaseIpamPoolAllocation', { IpamPoolId: pool, ...IpamPoolAllocation }, asNetwork)
    await call('DeprovisionIpamPoolCidr', { IpamPoolId: pool, Cidr: '10.1.0.0/16' }, asNetwork)
    world.advance(61_000)
    const as = await world.tokenOf('user:ann', 'organization-administrator', root)
    const operations = [{ operation: 'provisionPoolCidr', input: { poolId: other, cidr: '10.3.0.0/16' } }]
    const proposed = await post<{ changeRequestId: string; contentHash: string }>(
      '/change-requests',
      { node: root, reason: 'a test', operations },
      { as },
    )
    const path = `/change-requests/${proposed.changeRequestId}`
    const { contentHash } = proposed
    const by = await world.tokenOf('user:bob', 'organization-administrator', root)
    for (const person of [by, await world.tokenOf('user:cat', 'organization-administrator', root)])
      await ask('POST', `${path}/approve`, { body: { contentHash }, as: person })
    await post(`${path}/apply`, { contentHash }, { as })
    interface Undone {
      readonly operations: readonly { readonly input: { readonly cidr?: string } }[]
      readonly left: readonly string[]
    }
    const { inverse } = await world.get<{ inverse: Undone }>(path)
    const cidrs = inverse.operations.map(({ input }) => input.cidr)
    assert.deepEqual([cidrs, inverse.left], [['10.3.0.0/16'], []])
  } finally {
    await world.close()
  }
})

test('§8 releasing what is gone tells of the pool inside that a change request has to delete, and releases the others', async () => {
  const { world, lab: account, scopeId, pool } = await openEstate()
  try {
    await pool('10.0.0.0/12')
    const as = await world.tokenOf('user:estate', 'organization-administrator', '*')
    await world.post('/sources', { name: 'cloud', kind: 'aws', node: world.rootId, scopeId }, { as })
    const collector = await world.tokenOf('service:collector', 'reporter', world.rootId)
    const send = async (lines: readonly object[]) => {
      world.advance(60_000)
      const takenAt = new Date(await world.store.read(async (tx) => tx.now)).toISOString()
      const body = [{ snapshot: { takenAt } }, ...lines, { end: { observations: lines.length } }]
        .map((line) => `${JSON.stringify(line)}\n`)
        .join('')
      const headers = { 'content-type': 'application/x-ndjson' }
      const { status } = await world.ask('POST', '/sources/cloud/snapshots', { headers, body, as: collector })
      assert.equal(status, 201)
    }
    const vpc = (cidr: string, id: string) => ({
      ...{ kind: 'network', type: 'vpc', cidr, id, account, space: id, locale: 'us-east-1', name: id },
    })
    await send([vpc('10.8.0.0/16', 'vpc-8'), vpc('10.9.0.0/16', 'vpc-9')])
    interface Items {
      readonly items: readonly { readonly id: string; readonly outcome: string; readonly allocationId?: string }[]
    }
    const adopted = await world.post<Items>('/sources/cloud/differences/adopt', { within: '10.8.0.0/15' })
    const divided = adopted.items.find(({ id }) => id === 'vpc-8')!.allocationId
    const inner = await world.post<{ poolId: string; ipamId: string }>('/pools', { sourceAllocationId: divided })
    await world.ask('PATCH', `/ipams/${inner.ipamId}`, { body: { changeControl: 'required' } })
    await send([])
    await send([])
    const { items } = await world.post<Items>('/sources/cloud/differences/release', { within: '10.8.0.0/15' })
    assert.deepEqual(items.map(({ id, outcome }) => `${id} ${outcome}`).sort(), ['vpc-8 refused', 'vpc-9 released'])
    const { problem } = items.find(({ id }) => id === 'vpc-8') as unknown as { problem: string }
    assert.match(problem, /change control of `ipam-.*` is required: delete it by a change request first/)
  } finally {
    await world.close()
  }
})

test('nothing else is done aside but what nobody asks for', () => {
  const folder = join(import.meta.dirname, '..', '..')
  const aside = globSync('**/*.ts', { cwd: folder })
    .filter((file) => !file.endsWith('.test.ts'))
    .filter((file) => /\btx\.aside\(/.test(readFileSync(join(folder, file), 'utf8')))
  assert.deepEqual(aside.sort(), ['operations/ipam/pool-removal.ts', 'operations/space/grant.ts'])
})
