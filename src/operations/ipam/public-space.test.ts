// Public space is one space for the whole installation: provisioned once at the top, and by who may.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { formatCidr, makeCidr, overlaps, toKey } from '#model/cidr.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { foundOrganization, lab, network, shop, stranger } from '../../../test/acme.ts'
import { refuses } from '../../../test/organization.ts'
import { type As, managementAccount, openWorld, testSettings, type World } from '../../../test/world.ts'
import { openExecutor } from '../execute.ts'
import { operationTables } from '../tables.aws.ts'

const alone = ['555555555555', '666666666666', '777777777777'] as const

async function openAlone(settings = {}): Promise<World> {
  const world = await openWorld(settings)
  await world.store.write(async ({ organizations, now }) => {
    for (const id of alone) {
      const account = { id, name: id, email: `${id}@example.com`, status: 'ACTIVE' } as const
      await organizations.insertAccount({ ...account, joinedMethod: 'CREATED', joinedAt: now })
    }
  })
  return world
}

interface Params {
  readonly family?: 'ipv4' | 'ipv6'
  readonly source?: 'byoip' | 'amazon'
}
/** The account's IPAM in the Region. */
async function ipamOf(world: World, as: As) {
  const { Ipams } = await world.call('DescribeIpams', {}, as)
  return Ipams![0] ?? (await world.call('CreateIpam', { Tier: 'advanced' }, as)).Ipam!
}
/** A public pool in it. */
async function makePool(world: World, as: As, { family = 'ipv4', source = 'byoip' }: Params = {}): Promise<string> {
  const { IpamPool } = await world.call(
    'CreateIpamPool',
    {
      IpamScopeId: (await ipamOf(world, as)).PublicDefaultScopeId!,
      AddressFamily: family,
      Locale: as.region ?? 'us-east-1',
      PublicIpSource: source,
      ...(family === 'ipv4' ? { AwsService: 'ec2' as const } : {}),
      ...(family === 'ipv6' && source === 'byoip' ? { PubliclyAdvertisable: false } : {}),
    },
    as,
  )
  return IpamPool!.IpamPoolId!
}
/** The state of the CIDR afterwards, and why it is not provisioned. */
async function provision(world: World, as: As, IpamPoolId: string, Cidr: string) {
  await world.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr }, as)
  const { IpamPoolCidrs } = await world.call('GetIpamPoolCidrs', { IpamPoolId }, as)
  const one = IpamPoolCidrs!.find((row) => row.Cidr === Cidr)!
  return { state: one.State!, why: one.FailureReason?.Message }
}

describe('I1 a public CIDR is provisioned once at the top in an installation', () => {
  let world: World
  before(async () => {
    world = await openAlone()
  })
  after(async () => {
    assert.deepEqual((await checkSpace(world.store)).problems, [])
    await world.close()
  })

  for (const [family, whole, others] of [
    ['ipv4', '203.0.113.0/24', ['203.0.113.0/24', '203.0.113.16/28', '203.0.112.0/22', '203.0.113.255/32']],
    ['ipv6', '2a00:1234::/32', ['2a00:1234::/32', '2a00:1234:ffff::/48', '2a00::/16', '2a00:1234::/31']],
  ] as const) {
    test(`${family}: neither equal, nor in it, nor around it, by another account, in another IPAM or Region`, async () => {
      const [one, two] = alone.map((account) => ({ account })) as [As, As]
      const abroad = { account: alone[2], region: 'eu-central-1' }
      const first = await makePool(world, one, { family })
      assert.equal((await provision(world, one, first, whole)).state, 'provisioned')
      for (const as of [two, abroad]) {
        const pool = await makePool(world, as, { family })
        for (const cidr of others) {
          const { state, why } = await provision(world, as, pool, cidr)
          assert.equal(state, 'failed-provision', cidr)
          // Whose it is, is not told (I8).
          assert.equal(why, `The public CIDR ${cidr} is already provisioned, in whole or in part.`)
        }
      }
      // The owner is told where it has it, also from another of its IPAMs.
      const elsewhere = { ...one, region: 'eu-central-1' }
      const second = await makePool(world, elsewhere, { family })
      const { why } = await provision(world, elsewhere, second, others[1])
      assert.match(why!, new RegExp(`already provisioned, in whole or in part\\. .*${whole} of the pool ${first}\\.$`))

      await world.call('DeprovisionIpamPoolCidr', { IpamPoolId: first, Cidr: whole }, one)
      assert.equal((await provision(world, elsewhere, second, others[1])).state, 'provisioned')
      assert.equal((await provision(world, one, first, whole)).state, 'failed-provision')
      await world.call('DeprovisionIpamPoolCidr', { IpamPoolId: second, Cidr: others[1] }, elsewhere)
    })
  }

  test('what private scopes hold stands in nobody’s way: each is a space of its own', async () => {
    for (const account of alone) {
      const ipam = await ipamOf(world, { account })
      const params = { IpamScopeId: ipam.PrivateDefaultScopeId!, AddressFamily: 'ipv4' as const }
      const { IpamPool } = await world.call('CreateIpamPool', params, { account })
      const { state } = await provision(world, { account }, IpamPool!.IpamPoolId!, '192.0.2.0/24')
      assert.equal(state, 'provisioned')
    }
    const as = { account: alone[0] }
    assert.equal((await provision(world, as, await makePool(world, as), '192.0.2.0/24')).state, 'provisioned')
  })

  test('three accounts at once: one has it', async () => {
    const pools = await Promise.all(alone.map((account) => makePool(world, { account })))
    const states = await Promise.all(
      pools.map((pool, index) => provision(world, { account: alone[index]! }, pool, '198.51.100.0/24')),
    )
    assert.deepEqual(states.map(({ state }) => state).sort(), ['failed-provision', 'failed-provision', 'provisioned'])
  })
})

test('I1 the provider’s range is not made over space that is provisioned, whatever the setting says by then', async () => {
  const world = await openAlone()
  const [account] = alone
  const as = { account }
  await provision(world, as, await makePool(world, as), '203.0.113.0/28')
  await provision(world, as, await makePool(world, as, { family: 'ipv6' }), '2a00:1234::/48')
  const changed = { ...testSettings, providerIpv4Cidr: '203.0.112.0/22', providerIpv6Cidr: '2a00::/16' }
  const executor = await openExecutor(world.store, changed)
  const ask = (name: string, input: object) =>
    executor.execute(operationTables.ec2.get(name)!, {
      principal: { account, arn: `arn:aws:iam::${account}:user/test`, accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
      region: 'us-east-1',
      input,
      requestId: 'request',
      sourceAddress: '127.0.0.1',
    })
  const four = await refuses(ask('AllocateAddress', {}), { code: 'NotEligible' })
  assert.match('problem' in four ? four.problem! : '', /203\.0\.112\.0\/22.*CADASTRE_PROVIDER_IPV4_CIDR/)
  const six = await refuses(ask('CreateVpc', { CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true }), {
    code: 'NotEligible',
  })
  assert.match('problem' in six ? six.problem! : '', /2a00::\/16.*CADASTRE_PROVIDER_IPV6_CIDR/)
  assert.equal((await world.call('AllocateAddress', {}, as)).PublicIpv4Pool, 'amazon')
  assert.deepEqual((await checkSpace(world.store)).problems, [])
  await world.close()
})

const undelegate = (world: World) =>
  world.store.write(async (tx) => {
    await tx.organizations.undelegate(network, 'ipam.amazonaws.com')
    await tx.moveGovernanceEpoch()
  })

describe('who may provision public space at the top', () => {
  const asks = (world: World, account: string, params: Params, input: object) =>
    makePool(world, { account }, params).then((IpamPoolId) =>
      world.call('ProvisionIpamPoolCidr', { IpamPoolId, ...input }, { account }),
    )
  const refusal = { code: 'NotAuthorized', action: 'ec2:ProvisionIpamPoolCidr' } as const

  test('the delegated administrator of IPAM, whom the operator adds, and who is in no organization; nobody else', async () => {
    const world = await openWorld({ publicSpaceAccounts: [lab] })
    await foundOrganization(world)
    for (const [index, account] of [network, lab, stranger].entries()) {
      await asks(world, account, {}, { Cidr: `203.0.${index}.0/24` })
      await asks(world, account, { source: 'amazon' }, { NetmaskLength: 28 })
      await asks(world, account, { family: 'ipv6' }, { Cidr: `2a00:${index + 1}::/32` })
    }
    for (const account of [shop, managementAccount]) {
      for (const [params, input] of [
        [{}, { Cidr: '203.0.113.0/24' }],
        [{ family: 'ipv6' }, { Cidr: '2a00:1234::/32' }],
        [{ source: 'amazon' }, { NetmaskLength: 28 }],
        [{ family: 'ipv6', source: 'amazon' }, { NetmaskLength: 48 }],
      ] as const) {
        const told = await refuses(asks(world, account, params, input), refusal)
        assert.match('because' in told ? told.because! : '', new RegExp(`administrator of IPAM \`${network}\``))
      }
      // Private space is each account's own.
      const ipam = await ipamOf(world, { account })
      const params = { IpamScopeId: ipam.PrivateDefaultScopeId!, AddressFamily: 'ipv4' as const }
      const { IpamPool } = await world.call('CreateIpamPool', params, { account })
      assert.equal((await provision(world, { account }, IpamPool!.IpamPoolId!, '10.0.0.0/8')).state, 'provisioned')
    }
    await world.close()
  })

  test('the management account where there is no delegated administrator', async () => {
    const world = await openWorld()
    await foundOrganization(world)
    await undelegate(world)
    await asks(world, managementAccount, {}, { Cidr: '203.0.113.0/24' })
    const told = await refuses(asks(world, network, {}, { Cidr: '198.51.100.0/24' }), refusal)
    assert.match('because' in told ? told.because! : '', /its management account `111111111111`/)
    await world.close()
  })

  test('a pool under another has it from there, whoever may provision the top by now', async () => {
    const world = await openWorld()
    await foundOrganization(world)
    const as = { account: network }
    const top = await makePool(world, as)
    await provision(world, as, top, '203.0.113.0/24')
    const { IpamPools } = await world.call('DescribeIpamPools', { IpamPoolIds: [top] }, as)
    const { IpamPool } = await world.call(
      'CreateIpamPool',
      {
        IpamScopeId: IpamPools![0]!.IpamScopeArn!.split('/')[1]!,
        AddressFamily: 'ipv4',
        Locale: 'us-east-1',
        SourceIpamPoolId: top,
        AwsService: 'ec2',
      },
      as,
    )
    await undelegate(world)
    assert.equal((await provision(world, as, IpamPool!.IpamPoolId!, '203.0.113.0/28')).state, 'provisioned')
    await refuses(world.call('ProvisionIpamPoolCidr', { IpamPoolId: top, Cidr: '198.51.100.0/24' }, as), refusal)
    await world.close()
  })
})

test('I1 the schema keeps public space apart by itself, exactly where blocks overlap', async () => {
  const world = await openAlone()
  const [one, two] = alone
  const numberOf = (id: string) => world.store.read(async (tx) => (await tx.pools.find(id))!.n)
  const hex = (cidr: ReturnType<typeof makeCidr>) => `x'${Buffer.from(toKey(cidr)).toString('hex')}'`
  for (const [family, bits, base] of [
    [4, 32, 0xcb007100n],
    [6, 128, 0x2a00_1234n << 96n],
  ] as const) {
    const params = { family: `ipv${family}` } as const
    const mine = await numberOf(await makePool(world, { account: one }, params))
    const theirs = await numberOf(await makePool(world, { account: two }, params))
    const insert = (id: string, pool: number, cidr: ReturnType<typeof makeCidr>, state = 'provisioned') =>
      world.database.execute(`insert into pool_cidr (id, pool, first, length, state, created_at)
        values ('${id}', ${pool}, ${hex(cidr)}, ${cidr.length}, '${state}', 0)`)
    const cidrs = fc
      .tuple(fc.integer({ min: bits - 8, max: bits }), fc.nat(255))
      .map(([length, at]) => makeCidr(family, base + BigInt(at - (at % 2 ** (bits - length))), length))
    await fc.assert(
      fc.asyncProperty(cidrs, cidrs, async (a, b) => {
        await insert('a', mine, a)
        const outcome = await insert('b', theirs, b).then(
          () => 'taken',
          (error: Error) => error.message,
        )
        await world.database.execute(`delete from pool_cidr where id in ('a', 'b')`)
        if (overlaps(a, b)) assert.match(outcome, /never overlap/, `${formatCidr(a)} ${formatCidr(b)}`)
        else assert.equal(outcome, 'taken', `${formatCidr(a)} ${formatCidr(b)}`)
      }),
      { numRuns: 60 },
    )
    // What failed was never in force, and stays so.
    const block = makeCidr(family, base, bits - 4)
    await insert('a', mine, block)
    await insert('b', theirs, block, 'failed-provision')
    await assert.rejects(
      world.database.execute(`update pool_cidr set state = 'provisioned' where id = 'b'`),
      /never in force/,
    )
    await world.database.execute(`delete from pool_cidr where id in ('a', 'b')`)
  }
  await world.close()
})
