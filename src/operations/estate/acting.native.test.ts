// What people do with differences: adopt, release, ask; one or many, and nothing twice.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { adoptByRules } from '#jobs/adopting.ts'
import { followSources, noteStaleSources } from '#jobs/following.ts'
import { lookAt } from '#jobs/job.ts'
import { jobsIn, openEstate } from '../../../test/estate.ts'
import type { NativeWorld } from '../../../test/native-world.ts'
import type { Organization } from '../../../test/organization.ts'

interface Item {
  readonly differenceId: string
  readonly shown?: string
  readonly outcome: string
  readonly account?: string
  readonly cidr?: string
  readonly id?: string
  readonly allocationId?: string
  readonly decisionId?: string
  readonly contact?: string
  readonly problem?: string
  readonly why?: string
}
interface Part {
  readonly items: readonly Item[]
  readonly next?: string
}
let world: NativeWorld & Organization
let network: string
let shop: string
let lab: string
let poolId: string
let otherPool: string
let scopeId: string
/** Somebody else than who adopts. */
let collector: string
before(async () => {
  const estate = await openEstate()
  const { pool } = estate
  ;({ world, network, shop, lab, scopeId } = estate)
  poolId = await pool('10.0.0.0/12')
  otherPool = await pool('10.128.0.0/12')
  collector = await world.tokenOf('service:collector', 'reporter', world.rootId)
  // Who says of which scope it speaks is another one than who adopts, too.
  const as = await world.tokenOf('user:estate', 'organization-administrator', '*')
  await world.post('/sources', { name: 'cloud', kind: 'aws', node: world.rootId, scopeId }, { as })
})
after(() => world.close())

async function send(lines: readonly object[]): Promise<void> {
  world.advance(60_000)
  const takenAt = new Date(await world.store.read(async (tx) => tx.now)).toISOString()
  const { status, body } = await world.ask('POST', '/sources/cloud/snapshots', {
    headers: { 'content-type': 'application/x-ndjson' },
    body: [{ snapshot: { takenAt } }, ...lines, { end: { observations: lines.length } }]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
    as: collector,
  })
  assert.equal(status, 201, JSON.stringify(body))
}
const vpc = (cidr: string, id: string, account: string, more: object = {}) => ({
  ...{
    kind: 'network',
    type: 'vpc',
    cidr,
    id,
    account,
    space: id,
    locale: 'us-east-1',
    name: id,
    tags: { env: 'prod' },
  },
  ...more,
})
const subnet = (cidr: string, id: string, of: string, account: string) => ({
  ...{ kind: 'subnet', type: 'subnet', cidr, id, account, space: of, parent: of, locale: 'us-east-1' },
})
const address = (cidr: string, id: string, of: string, account: string, more: object = {}) => ({
  ...{ kind: 'address', type: 'aws:network-interface', cidr, id, account, space: of, locale: 'us-east-1' },
  ...more,
})
const adopt = (body: object, as?: string): Promise<Part> =>
  world.post('/sources/cloud/differences/adopt', body, as === undefined ? {} : { as })
const open = async (): Promise<readonly { difference: string; cidr: string; id?: string }[]> =>
  (await world.get<{ items: { difference: string; cidr: string; id?: string }[] }>('/sources/cloud/differences')).items
const outcomes = ({ items }: Part) => items.map(({ id, outcome }) => `${id} ${outcome}`)

test('what is there becomes allocations of whoever has it, networks before what is inside of them, whatever the order of lines', async () => {
  await send([
    address('10.1.1.7/32', 'eni-1', 'vpc-1', shop),
    address('10.1.1.7/32', 'lb-1', 'vpc-1', shop, { kind: 'load-balancer' }),
    subnet('10.1.1.0/24', 'subnet-1', 'vpc-1', shop),
    subnet('10.2.0.0/16', 'subnet-2', 'vpc-2', lab),
    vpc('10.1.0.0/16', 'vpc-1', shop),
    vpc('10.2.0.0/16', 'vpc-2', lab),
  ])
  const dry = await world.post<Part>('/sources/cloud/differences/adopt?dryRun=true', { everything: true })
  assert.deepEqual(outcomes(dry), [
    'vpc-1 adopted',
    'subnet-1 adopted',
    'eni-1 adopted',
    'lb-1 unchanged',
    'vpc-2 adopted',
    'subnet-2 adopted',
  ])
  assert.equal((await open()).length, 6, 'a dry run changes nothing')
  const done = await adopt({ everything: true })
  const [first] = done.items
  assert.deepEqual(outcomes(done), outcomes(dry))
  assert.equal(done.next, undefined)
  assert.deepEqual(await open(), [])
  const { items } = await world.get<{ items: { resourceId: string; account: string; cidr: string; tags: object }[] }>(
    `/allocations?account=${shop}`,
  )
  assert.deepEqual(
    items.map((one) => [one.resourceId, one.cidr, one.tags]),
    [
      ['vpc-1', '10.1.0.0/16', { env: 'prod' }],
      ['subnet-1', '10.1.1.0/24', {}],
      ['eni-1', '10.1.1.7/32', {}],
    ],
  )
  // Again, nothing is left to be done.
  assert.deepEqual((await adopt({ everything: true })).items, [])
  assert.deepEqual(
    (await adopt({ shown: [first!.shown!] })).items.map(({ outcome }) => outcome),
    ['unchanged'],
  )
})

test('I4 what policy would not have given is adopted as noncompliant, and its decision says no', async () => {
  const { ipamId } = (await world.get<{ items: { ipamId: string }[] }>('/ipams')).items[0]!
  const { policyId } = await world.post<{ policyId: string }>('/policies', { ipamId, name: 'vpcs' })
  const rules = [{ poolId }]
  await world.ask('PUT', `/policies/${policyId}/documents/us-east-1/vpc`, { body: { rules, onExplicit: 'deny' } })
  await world.ask('PUT', `/policies/${policyId}/assignments/${shop}`, { body: { kind: 'final', mode: 'enforce' } })
  await send([vpc('10.3.0.0/16', 'vpc-3', shop), vpc('10.130.0.0/16', 'vpc-4', shop)])
  const { items } = await adopt({ kind: 'network' })
  assert.deepEqual(
    items.map(({ id, outcome }) => [id, outcome]),
    [
      ['vpc-3', 'adopted'],
      ['vpc-4', 'noncompliant'],
    ],
  )
  const [good, bad] = await Promise.all(
    items.map(({ decisionId }) =>
      world.get<{ outcome: string; denial?: object; cidr?: string; poolId?: string }>(`/decisions/${decisionId}`),
    ),
  )
  assert.equal(good!.outcome, 'allow')
  assert.equal(bad!.outcome, 'deny')
  const shown = await world.get<{ poolId: string; decisionId: string; adopted?: { isCompliant: boolean } }>(
    `/allocations/${items[1]!.allocationId}`,
  )
  assert.deepEqual(
    [shown.poolId, shown.decisionId, shown.adopted!.isCompliant],
    [otherPool, items[1]!.decisionId, false],
  )
})

test('what cannot be adopted is said, and the rest goes on', async () => {
  await send([
    vpc('192.168.0.0/16', 'vpc-outside', lab),
    vpc('10.5.0.0/16', 'vpc-unknown', '999999999999'),
    vpc('10.1.0.0/20', 'vpc-inside', lab),
    subnet('10.6.1.0/24', 'subnet-6', 'vpc-6', lab),
    vpc('10.6.0.0/16', 'vpc-6', lab),
    vpc('10.7.0.0/16', 'vpc-7', lab),
  ])
  const one = await adopt({ kind: 'subnet' })
  assert.deepEqual(outcomes(one), ['subnet-6 refused'])
  const done = await adopt({ difference: 'unregistered' })
  assert.deepEqual(outcomes(done), [
    'vpc-outside refused',
    'vpc-unknown refused',
    'vpc-inside refused',
    'vpc-6 adopted',
    'subnet-6 adopted',
    'vpc-7 adopted',
  ])
  for (const { outcome, problem } of done.items) assert.equal(outcome === 'refused', problem !== undefined)
})

test('what says something else than what was shown is neither adopted nor ignored, and its answer names whose it is', async () => {
  await send([
    vpc('10.4.0.0/24', 'vpc-40', shop),
    vpc('10.4.1.0/24', 'vpc-41', shop),
    vpc('10.4.2.0/24', 'vpc-42', shop),
  ])
  const path = '/sources/cloud/differences'
  const listed = async () =>
    (await world.get<{ items: (Item & { differenceId: string })[] }>(`${path}?within=10.4.0.0/16`)).items
  const before = await listed()
  const shown = before.map((one) => one.shown!)
  const outside = await world.post<Part>(`${path}/adopt?dryRun=true`, { within: '10.4.0.0/16' })
  assert.deepEqual(
    outside.items.map((one) => one.shown),
    shown,
    'what a dry run tells can be handed back',
  )
  // Meanwhile whoever reports says that one is somebody else's, and of another one that it is larger.
  await send([
    vpc('10.4.0.0/24', 'vpc-40', lab),
    vpc('10.4.1.0/24', 'vpc-41', shop),
    vpc('10.4.2.0/25', 'vpc-42', shop),
  ])
  const until = new Date((await world.store.read(async (tx) => tx.now)) + 86_400_000).toISOString()
  for (const [verb, more] of [
    ['ignore', { reason: 'known', until }],
    ['ask', {}],
    ['adopt', {}],
  ] as const) {
    const { items } = await world.post<Part>(`${path}/${verb}`, { shown, ...more })
    assert.deepEqual(
      items.map(({ differenceId, cidr, account, why, outcome }) => [differenceId, cidr, account, why ?? outcome]),
      [
        [before[0]!.differenceId, '10.4.0.0/24', lab, 'not-as-shown'],
        [
          before[1]!.differenceId,
          '10.4.1.0/24',
          shop,
          { ignore: 'ignored', ask: 'no-contact', adopt: 'adopted' }[verb],
        ],
        [before[2]!.differenceId, undefined, undefined, 'unchanged'],
      ],
      verb,
    )
  }
  // Looked at again, they are what was meant.
  const again = (await listed()).map((one) => one.shown!)
  const { items } = await adopt({ shown: again })
  assert.deepEqual(
    items.map(({ cidr, account, outcome }) => [cidr, account, outcome]),
    [
      ['10.4.0.0/24', lab, 'adopted'],
      ['10.4.2.0/25', shop, 'adopted'],
    ],
  )
  // What lies in a network is what was shown, too, once the network is adopted.
  await send([
    vpc('10.4.16.0/20', 'vpc-44', shop),
    ...[0, 1].map((n) => subnet(`10.4.16.${n * 16}/28`, `subnet-44${n}`, 'vpc-44', shop)),
  ])
  const [outer, ...inner] = (await listed()).map((one) => one.shown!)
  for (const one of [outer!, ...inner])
    assert.deepEqual(
      outcomes(await adopt({ shown: [one] })).map((said) => said.split(' ')[1]),
      ['adopted'],
    )
  // An id alone says nothing of what was seen.
  const { status, body } = await world.ask('POST', `${path}/adopt`, { body: { shown: ['observed-0'] } })
  assert.equal(status, 400)
  assert.match(JSON.stringify(body), /observed-0.*observed-17@/)
})

test('nothing is done with everything unless somebody says so, nor with ids and filters at once', async () => {
  for (const body of [
    {},
    { shown: ['observed-1@00'], everything: true },
    { shown: ['observed-1@00'], kind: 'network' },
  ]) {
    const { status } = await world.ask('POST', '/sources/cloud/differences/adopt', { body })
    assert.equal(status, 400, JSON.stringify(body))
  }
})

test('adopting takes a right at the source, at the account and at the pool', async () => {
  await send([vpc('10.8.0.0/16', 'vpc-8', lab)])
  const path = '/sources/cloud/differences/adopt'
  const looks = await world.tokenOf('user:looks', 'auditor', world.rootId)
  assert.equal((await world.ask('POST', path, { body: { everything: true }, as: looks })).status, 403)
  const as = await world.tokenOf('user:net', 'ipam-administrator', world.rootId)
  for (const node of [lab, network]) {
    const { bindingId } = await world.post<{ bindingId: string }>('/role-bindings', {
      ...{ principal: 'user:net', role: 'ipam-administrator', node, effect: 'forbid' },
    })
    const { items } = await adopt({ everything: true }, as)
    assert.equal(items.find(({ cidr }) => cidr === '10.8.0.0/16')?.outcome ?? 'refused', 'refused', node)
    await world.ask('DELETE', `/role-bindings/${bindingId}`)
  }
  const { items } = await adopt({ everything: true }, as)
  assert.equal(items.find(({ cidr }) => cidr === '10.8.0.0/16')!.outcome, 'adopted')
})

test('what is gone twice is released, the inside before the network, and nothing by itself', async () => {
  const lines = [vpc('10.9.0.0/16', 'vpc-9', lab), subnet('10.9.1.0/24', 'subnet-9', 'vpc-9', lab)]
  await send(lines)
  await adopt({ within: '10.9.0.0/16' })
  await send([])
  const release = (body: object): Promise<Part> => world.post('/sources/cloud/differences/release', body)
  assert.deepEqual((await release({ within: '10.9.0.0/16' })).items, [])
  await send([])
  assert.deepEqual(
    (await open()).filter(({ cidr }) => cidr.startsWith('10.9.')).map(({ difference }) => difference),
    ['gone', 'gone'],
  )
  assert.deepEqual(outcomes(await release({ within: '10.9.0.0/16' })), ['subnet-9 released', 'vpc-9 released'])
  assert.deepEqual(
    (await open()).filter(({ cidr }) => cidr.startsWith('10.9.')),
    [],
  )
  assert.deepEqual((await release({ within: '10.9.0.0/16' })).items, [])
})

test('whoever has a contact is asked, and it is told whom to ask', async () => {
  await send([vpc('10.10.0.0/16', 'vpc-10', lab), vpc('10.11.0.0/16', 'vpc-11', shop)])
  await world.ask('PATCH', `/accounts/${lab}`, { body: { contact: 'team-lab@example.com' } })
  const ask = (body: object): Promise<Part> => world.post('/sources/cloud/differences/ask', body)
  const { items } = await ask({ difference: 'unregistered', kind: 'network', within: '10.8.0.0/14', note: 'yours?' })
  assert.deepEqual(
    items
      .filter(({ cidr }) => cidr === '10.10.0.0/16' || cidr === '10.11.0.0/16')
      .map(({ outcome, contact }) => [outcome, contact]),
    [
      ['asked', 'team-lab@example.com'],
      ['refused', undefined],
    ],
  )
  // Told again to those alone who may read where the contact stands.
  const told = async (as?: string) =>
    (
      await world.get<{ items: { cidr: string; asked?: { account: string; contact?: string } }[] }>(
        '/sources/cloud/differences?within=10.10.0.0/16',
        as === undefined ? {} : { as },
      )
    ).items.map(({ asked }) => [asked?.account, asked?.contact])
  assert.deepEqual(await told(), [[lab, 'team-lab@example.com']])
  const operator = await world.tokenOf('user:oscar', 'resource-operator', '*')
  assert.deepEqual(await told(operator), [[lab, undefined]])
})

/** What jobs do, as the server would. */
const jobs = () => jobsIn(world, network)
interface Found {
  readonly findingId: string
  readonly control: string
  readonly status: string
  readonly resource: string
  readonly summary: string
}
const findings = async (query = ''): Promise<readonly Found[]> =>
  (await world.get<{ items: Found[] }>(`/findings?limit=1000${query}`)).items
const entries = () => world.store.read(async (tx) => tx.recordLists.lastEntry())

test('differences are findings, which resolve once they are none any more, and open again as the same ones', async () => {
  const there = [vpc('10.12.0.0/16', 'vpc-12', lab), vpc('10.13.0.0/16', 'vpc-13', lab)]
  await send(there)
  await lookAt(followSources, jobs())
  const about = async (cidr: string) => (await findings()).filter(({ summary }) => summary.includes(cidr))
  const [first] = await about('10.12.0.0/16')
  assert.deepEqual([first!.control, first!.status], ['difference-unregistered', 'open'])
  const before = await entries()
  await lookAt(followSources, jobs())
  assert.deepEqual(await entries(), before, 'nothing is written where nothing has changed')
  // Adopted, it is over at once.
  const { items } = await adopt({ within: '10.12.0.0/16' })
  assert.equal(items[0]!.outcome, 'adopted')
  assert.deepEqual(
    (await about('10.12.0.0/16')).map(({ status }) => status),
    ['resolved'],
  )
  // Released by whoever has it, it is the same one again with the next look.
  await world.ask('DELETE', `/allocations/${items[0]!.allocationId}`)
  await send(there)
  await lookAt(followSources, jobs())
  assert.deepEqual(
    (await about('10.12.0.0/16')).map(({ findingId, status }) => [findingId, status]),
    [[first!.findingId, 'open']],
  )
  // What the source does not tell of any more is no difference once it is gone, and nobody has it.
  await send([there[1]!])
  await send([there[1]!])
  await lookAt(followSources, jobs())
  assert.deepEqual(
    (await about('10.12.0.0/16')).map(({ status }) => status),
    ['resolved'],
  )
})

test('what is ignored is set aside with a reason until a moment, and adopted only where somebody asks for that', async () => {
  await send([vpc('10.13.0.0/16', 'vpc-13', lab), vpc('10.14.0.0/16', 'vpc-14', lab)])
  const until = new Date((await world.store.read(async (tx) => tx.now)) + 86_400_000).toISOString()
  const ignore = (body: object): Promise<Part> =>
    world.post('/sources/cloud/differences/ignore', { reason: 'a lab', until, ...body })
  assert.deepEqual(outcomes(await ignore({ within: '10.14.0.0/16' })), ['vpc-14 ignored'])
  const list = async (query: string) =>
    (
      await world.get<{ items: { cidr: string; ignored?: { reason: string; by: string } }[] }>(
        `/sources/cloud/differences?within=10.12.0.0%2F14${query}`,
      )
    ).items
  assert.deepEqual(
    (await list('&state=open')).map(({ cidr }) => cidr),
    ['10.13.0.0/16'],
  )
  const [ignored] = await list('&state=ignored')
  assert.deepEqual(
    [ignored!.cidr, ignored!.ignored!.reason, ignored!.ignored!.by],
    ['10.14.0.0/16', 'a lab', 'user:admin'],
  )
  const counts = await world.get<{ items: { difference: string; open: number; ignored: number }[]; isWhole: boolean }>(
    '/sources/cloud/difference-counts',
  )
  assert.deepEqual(
    counts.items.find(({ difference }) => difference === 'unregistered'),
    {
      ...{ difference: 'unregistered', open: 1, ignored: 1 },
    },
  )
  assert.equal(counts.isWhole, true)
  assert.deepEqual(outcomes(await adopt({ within: '10.12.0.0/14', kind: 'network' })), ['vpc-13 adopted'])
  assert.deepEqual(outcomes(await adopt({ within: '10.14.0.0/16', state: 'ignored' })), ['vpc-14 adopted'])
  for (const body of [{ reason: '' }, { until: '2020-01-01T00:00:00Z' }, { until: '2999-01-01T00:00:00Z' }])
    assert.equal(
      (
        await world.ask('POST', '/sources/cloud/differences/ignore', {
          body: { reason: 'r', until, everything: true, ...body },
        })
      ).status,
      400,
    )
})

test('a rule adopts what policy would have allowed and nothing else, after complete snapshots, as the source in the record', async () => {
  await send([vpc('10.15.0.0/16', 'vpc-15', lab), vpc('10.131.0.0/16', 'vpc-131', shop)])
  await lookAt(adoptByRules, jobs())
  assert.equal((await open()).filter(({ id }) => id === 'vpc-15').length, 1, 'off unless it is set')
  const { sourceId } = await world.get<{ sourceId: string }>('/sources/cloud')
  await world.ask('PATCH', '/sources/cloud', { body: { adopts: 'allowed' } })
  const as = `rule:${sourceId} of user:admin`
  await lookAt(adoptByRules, jobs())
  assert.deepEqual(
    (await open()).filter(({ id }) => id === 'vpc-15' || id === 'vpc-131').map(({ id }) => id),
    ['vpc-131'],
  )
  const { items } = await world.get<{ items: { action: string; principal: string }[] }>(
    `/changes?principal=${encodeURIComponent(as)}`,
  )
  assert(items.some(({ action, principal }) => action === 'adoptByRule' && principal === as))
  const before = await entries()
  await lookAt(adoptByRules, jobs())
  assert.deepEqual(await entries(), before)
  await world.ask('PATCH', '/sources/cloud', { body: { adopts: null } })
})

test('a source that is stale is a finding until it reports again', async () => {
  const stale = async () => (await findings('&control=source-stale')).map(({ status }) => status)
  await lookAt(noteStaleSources, jobs())
  assert.deepEqual(await stale(), [])
  world.advance(3 * 86_400_000)
  await lookAt(noteStaleSources, jobs())
  assert.deepEqual(await stale(), ['open'])
  await send([])
  await lookAt(noteStaleSources, jobs())
  assert.deepEqual(await stale(), ['resolved'])
})
