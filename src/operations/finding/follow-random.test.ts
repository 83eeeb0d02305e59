// Whatever is changed in whatever order, and however often whoever follows it is ended in the midst of it: findings come to be what a
// second evaluator says of everything there is. `CADASTRE_TEST_SEED` draws other changes, `CADASTRE_TEST_CHANGES` says how many.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import type { Store } from '#store/store.ts'
import { dev, lab, network, openAcme, prod, root, shop, stranger, tagsOf, workloads } from '../../../test/acme.ts'
import { engineUnderTest } from '../../../test/engines.ts'
import { followAll, turnOf } from '../../../test/findings/follow.ts'
import { broughtBlocks, expectedFindings, openFindings } from '../../../test/findings/ledger.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { type Choices, choicesOf } from '../../../test/random.ts'
import { isBehind } from './follow.ts'

const seed = Number(process.env.CADASTRE_TEST_SEED ?? 20_261_130)
const changes = Math.min(Number(process.env.CADASTRE_TEST_CHANGES ?? (engineUnderTest === 'sqlite' ? 300 : 96)), 3_000)
const stepsBetween = 12

type World = Awaited<ReturnType<typeof openAcme>> & Native
interface Drive {
  readonly acme: World
  readonly draw: Choices
  readonly pools: string[]
  readonly privatePools: string[]
  readonly policies: string[]
  readonly addresses: { id: string; account: string }[]
  readonly networks: { id: string; account: string; cidr: string; subnets: string[] }[]
  readonly others: string[]
  readonly exceptions: string[]
  readonly bob: string
}
const accounts = [shop, lab, network, stranger]
const nodes = [root, workloads, prod, dev, shop, lab, network]
const units = [root, workloads, prod, dev]
const teams = ['net', 'web']

let acme: World
before(async () => {
  acme = await withNativeApi(await openAcme())
})
after(() => acme.close())

/** What is refused has changed nothing, and is as good a step as any. */
async function attempt(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error
  })
}
const tagsDrawn = (draw: Choices): Record<string, string> => (draw.chance(0.5) ? { team: draw.pick(teams) } : {})

const steps: readonly ((drive: Drive) => Promise<unknown>)[] = [
  async ({ acme, draw, pools, addresses }) => {
    const account = draw.pick(accounts)
    const tags = tagsDrawn(draw)
    const input = {
      ...(draw.chance(0.6) ? { IpamPoolId: draw.pick(pools) } : {}),
      ...('team' in tags ? { TagSpecifications: [{ ResourceType: 'elastic-ip' as const, Tags: tagsOf(tags) }] } : {}),
    }
    const { AllocationId } = await acme.call('AllocateAddress', input, { account })
    addresses.push({ id: AllocationId!, account })
  },
  async ({ acme, draw, privatePools, others }) => {
    const { status, body } = await acme.ask<{ allocationId: string }>('POST', '/allocations', {
      body: {
        account: draw.pick(accounts),
        resourceType: draw.pick(['vpc', 'onprem:network', 'custom']),
        locale: 'us-east-1',
        poolId: draw.pick(privatePools),
        netmaskLength: draw.pick([26, 27, 28]),
        tags: tagsDrawn(draw),
      },
    })
    if (status < 300) others.push(body.allocationId)
  },
  // Networks that bring their blocks along, some of them in a pool by now, or with a second one.
  async ({ acme, draw, networks }) => {
    const account = draw.pick(accounts)
    const second = draw.between(0, 255)
    const cidr = `10.${draw.pick([1, 2, 9])}.${draw.pick([second, second % 16])}.0/${draw.pick([26, 27, 28])}`
    const TagSpecifications = draw.chance(0.5)
      ? [{ ResourceType: 'vpc' as const, Tags: tagsOf({ team: draw.pick(teams) }) }]
      : []
    const { Vpc } = await acme.call('CreateVpc', { CidrBlock: cidr, TagSpecifications }, { account })
    networks.push({ id: Vpc!.VpcId!, account, cidr, subnets: [] })
  },
  async ({ acme, draw, networks }) => {
    if (networks.length === 0) return
    const { id: VpcId, account, cidr, subnets } = draw.pick(networks)
    const CidrBlock = `${cidr.split('/')[0]}/28`
    const { Subnet } = await acme.call('CreateSubnet', { VpcId, CidrBlock }, { account })
    subnets.push(Subnet!.SubnetId!)
  },
  async ({ acme, draw, networks }) => {
    if (networks.length === 0) return
    const { id: VpcId, account } = draw.pick(networks)
    const { Vpcs } = await acme.call('DescribeVpcs', { VpcIds: [VpcId] }, { account })
    const [, more] = Vpcs![0]!.CidrBlockAssociationSet!
    if (more) await acme.call('DisassociateVpcCidrBlock', { AssociationId: more.AssociationId! }, { account })
    else
      await acme.call('AssociateVpcCidrBlock', { VpcId, CidrBlock: `10.8.${draw.between(0, 255)}.0/28` }, { account })
  },
  async ({ acme, draw, networks }) => {
    if (networks.length === 0) return
    const { id: VpcId, account, subnets } = draw.pick(networks)
    const SubnetId = subnets.shift()
    if (SubnetId !== undefined) await acme.call('DeleteSubnet', { SubnetId }, { account })
    else await acme.call('DeleteVpc', { VpcId }, { account })
  },
  async ({ acme, draw, networks }) => {
    if (networks.length === 0) return
    const { id, account } = draw.pick(networks)
    if (draw.chance(0.5))
      await acme.call('CreateTags', { Resources: [id], Tags: tagsOf({ team: draw.pick(teams) }) }, { account })
    else await acme.call('DeleteTags', { Resources: [id], Tags: [{ Key: 'team' }] }, { account })
  },
  // What lies in a pool that is listed is to come from there.
  async ({ acme, draw, privatePools }) =>
    acme.ask('POST', `/pools/${draw.pick(privatePools)}/cidrs`, {
      body: { cidr: `10.9.${draw.between(0, 15) * 16}.0/20` },
    }),
  async ({ acme, draw, others, pools }) => {
    const spec = { account: draw.pick(accounts), resourceType: 'eip', locale: 'us-east-1' }
    const some = Array.from({ length: draw.between(1, 4) }, () => ({
      ...spec,
      ...(draw.chance(0.3) ? { poolId: draw.pick(pools) } : {}),
    }))
    const { status, body } = await acme.ask<{ allocations: { allocationId: string }[] }>('POST', '/allocations/batch', {
      body: { allocations: some },
    })
    if (status < 300) others.push(...body.allocations.map(({ allocationId }) => allocationId))
  },
  async ({ acme, draw, addresses }) => {
    if (addresses.length === 0) return
    const [{ id, account }] = addresses.splice(draw.between(0, addresses.length - 1), 1) as [(typeof addresses)[number]]
    await acme.call('ReleaseAddress', { AllocationId: id }, { account })
  },
  async ({ acme, draw, others }) => {
    if (others.length > 0) await acme.ask('DELETE', `/allocations/${draw.pick(others)}`)
  },
  async ({ acme, draw, addresses }) => {
    if (addresses.length === 0) return
    const { id, account } = draw.pick(addresses)
    if (draw.chance(0.5))
      await acme.call('CreateTags', { Resources: [id], Tags: tagsOf({ team: draw.pick(teams) }) }, { account })
    else await acme.call('DeleteTags', { Resources: [id], Tags: [{ Key: 'team' }] }, { account })
  },
  async ({ acme, draw, policies, pools, privatePools }) => {
    const type = draw.pick(['eip', 'eip', 'vpc', 'vpc', 'subnet', 'onprem:network'])
    const body = {
      rules: draw.some(type === 'eip' ? pools : privatePools, 1, 2).map((poolId) => ({
        poolId,
        ...(draw.chance(0.3) ? { when: { tags: [{ key: 'stage', values: ['prod'] }] } } : {}),
        ...(draw.chance(0.2) ? { when: { organizationalUnits: [draw.pick(units)] } } : {}),
      })),
      ...(draw.chance(0.3) ? { requiredTags: [{ key: 'team', ...(draw.chance(0.5) ? { value: 'net' } : {}) }] } : {}),
      ...(draw.chance(0.5) ? { onExplicit: draw.pick(['deny', 'steer', 'allow']) } : {}),
      ...(draw.chance(0.5) ? { onExhausted: draw.pick(['deny', 'provider']) } : {}),
      ...(type !== 'eip' && draw.chance(0.4) ? { size: { min: 26, default: 27, max: draw.pick([27, 28]) } } : {}),
    }
    await acme.ask('PUT', `/policies/${draw.pick(policies)}/documents/us-east-1/${type}`, { body })
  },
  async ({ acme, draw, policies }) =>
    acme.ask('DELETE', `/policies/${draw.pick(policies)}/documents/us-east-1/${draw.pick(['eip', 'vpc', 'subnet'])}`),
  async ({ acme, draw, policies }) =>
    acme.ask('PUT', `/policies/${draw.pick(policies)}/assignments/${draw.pick(nodes)}`, {
      body: {
        kind: draw.pick(['default', 'default', 'final']),
        mode: draw.pick(['enforce', 'enforce', 'enforce', 'observe', 'off']),
      },
    }),
  async ({ acme, draw, policies }) =>
    acme.ask('DELETE', `/policies/${draw.pick(policies)}/assignments/${draw.pick(nodes)}`),
  async ({ acme, draw, policies }) =>
    acme.ask('PATCH', `/policies/${draw.pick(policies)}`, { body: { compatibility: draw.pick(['strict', 'aws']) } }),
  async ({ acme, draw }) =>
    acme.ask('POST', `/accounts/${draw.pick([shop, lab])}/move`, { body: { parentId: draw.pick(units) } }),
  async ({ acme, draw }) => {
    const tags = draw.chance(0.5) ? { stage: draw.pick(['prod', 'test']) } : {}
    const path = draw.chance(0.6)
      ? `/accounts/${draw.pick([shop, lab, network])}`
      : `/organizational-units/${draw.pick([prod, dev, workloads])}`
    await acme.ask('PATCH', path, { body: { tags } })
  },
  async ({ acme, draw, pools, privatePools }) => {
    const body = draw.pick<object>([
      { sharedWith: draw.some([root, prod, shop, lab, stranger], 0, 3) },
      { requiredTags: draw.chance(0.5) ? { team: draw.pick(teams) } : {} },
      { minNetmaskLength: draw.pick([24, 27]) },
      { description: 'another' },
    ])
    await acme.ask('PATCH', `/pools/${draw.pick([...pools, ...privatePools])}`, { body })
  },
  async ({ acme, draw }) =>
    acme.ask('PATCH', `/ipams/${acme.ipam}`, { body: { unmatched: draw.pick(['provider', 'provider', 'deny']) } }),
  async ({ acme, draw }) =>
    acme.ask('PATCH', `/ipams/${acme.ipam}`, {
      body: { operatingRegions: draw.pick([['us-east-1'], ['us-east-1', 'eu-central-1'], ['eu-central-1']]) },
    }),
  async ({ acme, draw }) =>
    acme.ask('PATCH', `/ipams/${acme.ipam}`, { body: { tier: draw.pick(['free', 'advanced']) } }),
  async ({ acme, draw, pools, privatePools, exceptions, bob }) => {
    const type = draw.pick(['eip', 'eip', 'vpc', 'onprem:network'])
    const now = await acme.store.read(async (tx) => tx.now)
    const startsAt = now + draw.pick([0, 0, 60_000, 600_000])
    const { status, body } = await acme.ask<{ exceptionId: string }>('POST', '/exceptions', {
      body: {
        target: draw.pick(nodes),
        locale: 'us-east-1',
        resourceType: type,
        grants: draw.pick<object>([
          { provider: true },
          { pools: draw.some(type === 'eip' ? pools : privatePools, 1, 2) },
          ...(type === 'eip' ? [] : [{ size: { min: 26, max: 28 } }]),
        ]),
        reason: 'why',
        ...(startsAt > now ? { startsAt: new Date(startsAt).toISOString() } : {}),
        expiresAt: new Date(startsAt + draw.pick([120_000, 900_000, 36_000_000])).toISOString(),
      },
    })
    if (status >= 300) return
    exceptions.push(body.exceptionId)
    if (draw.chance(0.8)) await acme.ask('POST', `/exceptions/${body.exceptionId}/approve`, { as: bob })
  },
  async ({ acme, draw, exceptions }) => {
    if (exceptions.length > 0) await acme.ask('POST', `/exceptions/${draw.pick(exceptions)}/revoke`, { body: {} })
  },
  async ({ acme, draw }) => acme.advance(draw.pick([1_000, 61_000, 300_000])),
]

type Told = Readonly<Record<string, Readonly<Record<string, number>>>>
/** By account, type, locale and rule, each group with its numbers. */
async function complianceOf(at: string): Promise<Told> {
  const told: Record<string, Readonly<Record<string, number>>> = {}
  for (const by of ['account', 'type', 'locale', 'rule']) {
    const { items } = await acme.get<{ items: { group: string }[] }>(`/compliance?by=${by}&at=${at}`)
    for (const { group, ...counts } of items) {
      const numbers = Object.entries(counts).filter(([, value]) => typeof value === 'number')
      const counted = Object.fromEntries(numbers) as Record<string, number>
      if (group === 'total' && told.total)
        assert.deepEqual(counted, told.total, 'all together is the same by whatever it is counted')
      told[group] = counted
    }
  }
  return told
}

/** A server that ends in the midst of a turn: what it has read is lost, and a part of it at most is written. */
const dying = (store: Store, writesBefore: number): Store => {
  let writes = 0
  return {
    ...store,
    read: (work, ...rest) => store.read(work, ...rest),
    write: (work, ...rest) =>
      writes++ < writesBefore ? store.write(work, ...rest) : Promise.reject(new Error('it ends here')),
  }
}

test('the engine and a second evaluator agree after random changes, kills and other servers', async () => {
  const draw = choicesOf(seed)
  const drive: Drive = {
    acme,
    draw,
    pools: [await acme.pool(), await acme.pool(), await acme.pool({ cidr: '203.0.120.0/26' })],
    privatePools: [],
    policies: [await acme.policy(), await acme.policy(), await acme.policy()],
    addresses: [],
    networks: [],
    others: [],
    exceptions: [],
    bob: await acme.tokenOf('user:bob', 'approver', '*'),
  }
  for (const cidr of ['10.1.0.0/20', '10.2.0.0/20']) {
    const pool = await acme.pool({ scope: 'private', cidr })
    drive.privatePools.push(pool)
  }
  for (const pool of [...drive.pools, ...drive.privatePools])
    await acme.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: [root, stranger] } })
  // Something is in force from the beginning, and something is there that it would not give.
  for (const account of [shop, lab]) {
    await acme.call('AllocateAddress', { IpamPoolId: drive.pools[1]! }, { account })
    await acme.call('CreateVpc', { CidrBlock: '10.9.250.0/28' }, { account })
  }
  for (const [type, pool] of [
    ['eip', drive.pools[0]],
    ['vpc', drive.privatePools[0]],
  ])
    await acme.ask('PUT', `/policies/${drive.policies[0]}/documents/us-east-1/${type}`, {
      body: { rules: [{ poolId: pool }] },
    })
  await acme.ask('PUT', `/policies/${drive.policies[0]}/assignments/${root}`, {
    body: { kind: 'default', mode: 'enforce' },
  })
  let worker = 0
  let seen = 0
  let seenBrought = 0
  const answers: { readonly at: string; readonly told: Told }[] = []
  for (let change = 1; change <= changes; change++) {
    // Space is what all else is about.
    await attempt(draw.chance(0.3) ? steps[draw.between(0, 3)]!(drive) : draw.pick(steps)(drive))
    if (draw.chance(0.3)) acme.advance(1_000)
    const me = { id: `server ${worker}` }
    if (draw.chance(0.2) && (await acme.store.read((tx) => isBehind(tx, me)))) {
      if (draw.chance(0.4)) {
        await turnOf(dying(acme.store, draw.between(0, 4)), me.id).catch(() => undefined)
        // Another one takes over once this one has said nothing for a while.
        acme.advance(20_000)
        worker++
      } else await turnOf(acme.store, me.id)
    }
    if (change % stepsBetween !== 0) continue
    await followAll(acme.store, { id: `server ${worker}` })
    const [expected, found] = [await expectedFindings(acme.store), await openFindings(acme.store)]
    seen += expected.size
    seenBrought += [...expected.keys()].filter((id) => /^(vpc|subnet)-/.test(id)).length
    const at = new Date(await acme.store.read(async (tx) => tx.now)).toISOString()
    const told = await complianceOf(at)
    const { total } = told
    const held = await acme.store.read((tx) => tx.allocationLists.all(-1, 1_000_000))
    const brought = await acme.store.read(broughtBlocks)
    const evaluated = held.filter(({ resourceType }) => resourceType !== 'ipam-pool' && resourceType !== 'reserved')
    assert.deepEqual(
      [total!.noncompliant, total!.exempt, total!.compliant! + total!.unmanaged!, total!.unknown],
      [
        [...expected.values()].filter((text) => text.startsWith('policy ')).length,
        [...expected.values()].filter((text) => text.startsWith('policy-exempt ')).length,
        evaluated.length + brought.length - expected.size,
        0,
      ],
      `seed ${seed}, after change ${change}`,
    )
    answers.push({ at, told })
    acme.advance(1)
    assert.deepEqual(
      [...found].sort().map(String),
      [...expected].sort().map(String),
      `seed ${seed}, after change ${change}`,
    )
  }
  for (const { at, told } of answers)
    assert.deepEqual(await complianceOf(at), told, `seed ${seed}: the same of ${at} as it was told then`)
  assert(seen > changes / stepsBetween, `the drive has seen ${seen} findings`)
  assert(seenBrought > 0, 'some of them of networks that brought their space')
})
