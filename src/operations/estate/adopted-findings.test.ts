// What is adopted is evaluated once: what adopting calls noncompliant is a finding of policy as soon as the record is followed, and nothing
// else of it is. `CADASTRE_TEST_SEED` draws other worlds, `CADASTRE_TEST_CHANGES` says how many.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { formatId, parseId } from '#model/identifier.ts'
import { dev, lab, network, openAcme, prod, root, shop, stranger, workloads } from '../../../test/acme.ts'
import { engineUnderTest } from '../../../test/engines.ts'
import { followAll } from '../../../test/findings/follow.ts'
import { expectedFindings, openFindings } from '../../../test/findings/ledger.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { type Choices, choicesOf } from '../../../test/random.ts'

const seed = Number(process.env.CADASTRE_TEST_SEED ?? 20_261_130)
const rounds = Math.min(Number(process.env.CADASTRE_TEST_CHANGES ?? (engineUnderTest === 'sqlite' ? 30 : 8)), 400)
const blocksPerRound = 24

type World = Awaited<ReturnType<typeof openAcme>> & Native
let acme: World
before(async () => {
  acme = await withNativeApi(await openAcme())
})
after(() => acme.close())

interface Item {
  readonly differenceId: string
  readonly outcome: string
  readonly allocationId?: string
}
const accounts = [shop, lab, network, stranger]
const nodes = [root, workloads, prod, dev, shop, lab, network]
const types = ['eip', 'vpc', 'subnet', 'onprem:network', 'custom']
const names = ['web', 'db', 'web-1']

interface Drive {
  readonly draw: Choices
  readonly publicPools: readonly string[]
  readonly privatePools: readonly string[]
  readonly policies: readonly string[]
  readonly bob: string
}
const poolsFor = ({ publicPools, privatePools }: Drive, type: string) => (type === 'eip' ? publicPools : privatePools)

/** One more thing that policy, pools or exceptions say. */
const changes: readonly ((drive: Drive) => Promise<unknown>)[] = [
  async (drive) => {
    const { draw, policies } = drive
    const type = draw.pick(types)
    const body = {
      rules: draw.some(poolsFor(drive, type), 1, 2).map((poolId) => ({ poolId })),
      onExplicit: draw.pick(['deny', 'steer', 'allow']),
      onExhausted: draw.pick(['deny', 'provider']),
      ...(draw.chance(0.4) ? { requiredTags: [{ key: draw.pick(['team', 'Name']) }] } : {}),
      ...(type !== 'eip' && draw.chance(0.4) ? { size: { min: 24, default: 26, max: draw.pick([26, 28]) } } : {}),
    }
    await acme.ask('PUT', `/policies/${draw.pick(policies)}/documents/us-east-1/${type}`, { body })
  },
  ({ draw, policies }) =>
    acme.ask('PUT', `/policies/${draw.pick(policies)}/assignments/${draw.pick(nodes)}`, {
      body: { kind: draw.pick(['default', 'default', 'final']), mode: draw.pick(['enforce', 'enforce', 'observe']) },
    }),
  ({ draw, policies }) => acme.ask('DELETE', `/policies/${draw.pick(policies)}/assignments/${draw.pick(nodes)}`),
  ({ draw, publicPools, privatePools }) =>
    acme.ask('PATCH', `/pools/${draw.pick([...publicPools, ...privatePools])}`, {
      body: draw.pick<object>([
        { sharedWith: draw.some([root, prod, shop, lab, stranger], 0, 3) },
        { requiredTags: draw.chance(0.5) ? { team: 'net' } : {} },
      ]),
    }),
  ({ draw }) =>
    acme.ask('PATCH', `/ipams/${acme.ipam}`, { body: { unmatched: draw.pick(['provider', 'provider', 'deny']) } }),
  async (drive) => {
    const { draw, bob } = drive
    const type = draw.pick(types)
    const now = await acme.store.read(async (tx) => tx.now)
    const { status, body } = await acme.ask<{ exceptionId: string }>('POST', '/exceptions', {
      body: {
        target: draw.pick(nodes),
        locale: 'us-east-1',
        resourceType: type,
        ...(draw.chance(0.7) ? { resource: draw.pick(['web*', 'db', 'there-1*', 'there-*']) } : {}),
        grants: draw.pick<object>([
          { pools: draw.some(poolsFor(drive, type), 1, 2) },
          ...(type === 'eip' ? [] : [{ size: { min: 24, max: 28 } }]),
        ]),
        reason: 'why',
        expiresAt: new Date(now + draw.pick([600_000, 36_000_000])).toISOString(),
      },
    })
    if (status < 300) await acme.ask('POST', `/exceptions/${body.exceptionId}/approve`, { as: bob })
  },
]

/** What a source could say of a block that nobody had before. */
function observed(draw: Choices, round: number, n: number): object {
  const id = `there-${round}-${n}`
  const account = draw.pick(accounts)
  const more = {
    ...{ id, account, locale: 'us-east-1' },
    ...(draw.chance(0.5) ? { name: draw.pick(names) } : {}),
    tags: draw.chance(0.5) ? { team: draw.pick(['net', 'web']) } : {},
  }
  const address = round * blocksPerRound + n
  if (draw.chance(0.3)) {
    const cidr = `203.0.${draw.pick([114, 115])}.${address % 256}/32`
    return { kind: 'address', type: 'eip', cidr, space: '', ...more }
  }
  const cidr = `10.${draw.pick([1, 2])}.${address % 256}.0/${draw.pick([24, 26, 28])}`
  const type = draw.pick(['vpc', 'vpc', 'onprem:network', 'custom'])
  return { kind: 'network', type, cidr, space: id, ...more }
}

const idOf = (item: Item, isElasticIp: boolean): Promise<string> =>
  acme.store.read(async ({ installation }) =>
    isElasticIp
      ? formatId('address', installation, parseId('allocation', installation, item.allocationId!)!)
      : item.allocationId!,
  )

test('what is adopted as noncompliant, and nothing else that is adopted, is a finding of policy', async () => {
  const draw = choicesOf(seed)
  const drive: Drive = {
    draw,
    publicPools: [await acme.pool({ cidr: '203.0.114.0/24' }), await acme.pool({ cidr: '203.0.115.0/24' })],
    privatePools: [
      await acme.pool({ scope: 'private', cidr: '10.1.0.0/16' }),
      await acme.pool({ scope: 'private', cidr: '10.2.0.0/16' }),
    ],
    policies: [await acme.policy(), await acme.policy(), await acme.policy()],
    bob: await acme.tokenOf('user:bob', 'approver', '*'),
  }
  const { scopeId } = await acme.get<{ scopeId: string }>(`/pools/${drive.privatePools[0]}`)
  for (const pool of [...drive.publicPools, ...drive.privatePools])
    await acme.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: [root, stranger] } })
  await acme.post('/sources', { name: 'cloud', kind: 'aws', node: '*', scopeId })
  const collector = await acme.tokenOf('service:collector', 'reporter', '*')
  const seen = { adopted: 0, noncompliant: 0, exempt: 0 }
  for (let round = 0; round < rounds; round++) {
    for (let change = draw.between(1, 4); change > 0; change--) await draw.pick(changes)(drive)
    acme.advance(60_000)
    const takenAt = new Date(await acme.store.read(async (tx) => tx.now)).toISOString()
    const lines = Array.from({ length: blocksPerRound }, (_, n) => observed(draw, round, n))
    const sent = await acme.ask('POST', '/sources/cloud/snapshots', {
      headers: { 'content-type': 'application/x-ndjson' },
      body: [{ snapshot: { takenAt } }, ...lines, { end: { observations: lines.length } }]
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(''),
      as: collector,
    })
    assert.equal(sent.status, 201, JSON.stringify(sent.body))
    const items: Item[] = []
    for (let after: string | undefined = ''; after !== undefined; ) {
      const part: { items: Item[]; next?: string } = await acme.post('/sources/cloud/differences/adopt', {
        everything: true,
        ...(after === '' ? {} : { after }),
      })
      items.push(...part.items)
      after = part.next
    }
    await followAll(acme.store)
    const [expected, found] = [await expectedFindings(acme.store), await openFindings(acme.store)]
    for (const item of items) {
      if (item.allocationId === undefined) continue
      const held = await acme.store.read((tx) =>
        tx.allocations.find(parseId('allocation', tx.installation, item.allocationId!)!),
      )
      const id = await idOf(item, held!.resourceType === 'eip')
      const open = found.get(id)
      const isFinding = open?.startsWith('policy ') === true
      assert.equal(
        item.outcome,
        isFinding ? 'noncompliant' : 'adopted',
        `seed ${seed}, round ${round}: ${item.differenceId} is ${id}, ${open ?? 'no finding'}`,
      )
      if (open?.startsWith('policy-exempt ')) seen.exempt++
      seen[isFinding ? 'noncompliant' : 'adopted']++
    }
    assert.deepEqual([...found].sort().map(String), [...expected].sort().map(String), `seed ${seed}, round ${round}`)
  }
  for (const [what, count] of Object.entries(seen)) assert(count > 0, `the drive has seen ${what}`)
})
