// The overview: each part compared with what the lists show, for whoever may see all and whoever may see little.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'

interface Overview {
  readonly decisions: readonly Record<'from' | 'allow' | 'deny', string | number>[]
  readonly pools: readonly { readonly poolId: string }[]
  readonly findings: Record<string, number>
  readonly exceptions: readonly { readonly exceptionId: string }[]
  readonly waiting: readonly { readonly id: string; readonly by: string }[]
  readonly sources: readonly { readonly name: string; readonly freshness: string }[]
  readonly counts: Readonly<Record<'pools' | 'exceptions' | 'waiting' | 'sources' | 'freshSources', number>>
  readonly moreOf: readonly string[]
}
const hourMs = 3_600_000

let world: NativeWorld
before(async () => {
  world = await openNativeWorld()
})
after(() => world.close())

const sum = ({ decisions }: Overview, outcome: 'allow' | 'deny') =>
  decisions.reduce((all, hour) => all + Number(hour[outcome]), 0)

test('of nothing it tells nothing', async () => {
  const told = await world.get<Overview>('/overview')
  assert.equal(told.decisions.length, 24)
  assert.deepEqual([sum(told, 'allow'), sum(told, 'deny')], [0, 0])
  const { pools, exceptions, waiting, sources, moreOf } = told
  assert.deepEqual([pools, exceptions, waiting, sources, moreOf], [[], [], [], [], []])
  assert.deepEqual([told.counts.pools, told.counts.exceptions, told.counts.waiting, told.counts.sources], [0, 0, 0, 0])
})

test('decisions are counted by the hour, of the last day alone, and of accounts that one may see alone', async () => {
  await world.call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] })
  const { items } = await world.get<{ items: { privateScopeId: string }[] }>('/ipams')
  const pool = { scopeId: items[0]!.privateScopeId, family: 'ipv4', locale: 'us-east-1' }
  const { poolId } = await world.post<{ poolId: string }>('/pools', pool)
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.0.0.0/24' })
  const host = { account: managementAccount, resourceType: 'custom', locale: 'us-east-1', poolId, netmaskLength: 32 }
  const take = () => world.post('/allocations', host)
  await take()
  world.advance(25 * hourMs)
  await take()
  world.advance(2 * hourMs)
  await take()
  await take()
  const whole = await world.get<Overview>('/overview')
  const { items: listed } = await world.get<{ items: { at: string; outcome: string }[] }>('/decisions')
  const since = String(whole.decisions[0]!.from)
  const recent = listed.filter(({ at }) => at >= since)
  assert(recent.length >= 3 && recent.length < listed.length, `${recent.length} of ${listed.length}`)
  for (const hour of whole.decisions) {
    const until = new Date(Date.parse(String(hour.from)) + hourMs).toISOString()
    const inside = recent.filter(({ at }) => at >= String(hour.from) && at < until)
    for (const outcome of ['allow', 'steer', 'warn', 'deny'])
      assert.equal(hour[outcome as 'allow'], inside.filter((one) => one.outcome === outcome).length, String(hour.from))
  }
  const own = await world.tokenOf('user:own', 'auditor', managementAccount)
  assert.deepEqual((await world.get<Overview>('/overview', { as: own })).decisions, whole.decisions)
  // With a role that shows no decisions.
  const reporter = await world.tokenOf('user:reporter', 'reporter', '*')
  const nothing = await world.get<Overview>('/overview', { as: reporter })
  assert.deepEqual([sum(nothing, 'allow'), sum(nothing, 'deny'), nothing.counts.pools], [0, 0, 0])
})

test('exceptions that wait are told to whoever may approve them, and not to who asked; those in force by their end', async () => {
  const approver = await world.tokenOf('user:approver', 'approver', '*')
  const asked = async (days: number, body: object = {}) => {
    const expiresAt = new Date(world.clock() + days * 24 * hourMs).toISOString()
    const params = { target: managementAccount, locale: 'us-east-1', resourceType: 'eip', grants: { provider: true } }
    return (
      await world.post<{ exceptionId: string }>('/exceptions', { ...params, reason: `for ${days}`, expiresAt, ...body })
    ).exceptionId
  }
  const [long, short, third] = [await asked(20), await asked(2), await asked(5)]
  assert.equal((await world.get<Overview>('/overview')).counts.waiting, 0)
  const waiting = (await world.get<Overview>('/overview', { as: approver })).waiting
  assert.deepEqual(
    waiting.map(({ id, by }) => [id, by]).sort(),
    [long, short, third].map((id) => [id, 'user:admin']).sort(),
  )
  for (const id of [long, short]) await world.post(`/exceptions/${id}/approve`, {}, { as: approver })
  const told = await world.get<Overview>('/overview', { as: approver })
  assert.deepEqual(
    told.exceptions.map(({ exceptionId }) => exceptionId),
    [short, long],
  )
  assert.deepEqual([told.counts.exceptions, told.waiting.map(({ id }) => id)], [2, [third]])
})

test('what waits for somebody is what they may approve or review, and what of their own was sent back or is approved', async () => {
  interface Inbox {
    items: { id: string; for: string; by: string }[]
    isWhole: boolean
  }
  const carl = await world.tokenOf('user:carl', 'approver', '*')
  const inbox = async (as?: string) => (await world.get<Inbox>('/waiting', as === undefined ? {} : { as })).items
  const before = { admin: await inbox(), carl: await inbox(carl) }
  const emergency = { target: managementAccount, locale: 'us-east-1', resourceType: 'eip', provider: true }
  const { exceptionId } = await world.post<{ exceptionId: string }>('/exceptions/break-glass', {
    ...emergency,
    reason: 'it burns',
    for: '1h',
  })
  interface Request {
    changeRequestId: string
    contentHash: string
  }
  const propose = (name: string) =>
    world.post<Request>('/change-requests', {
      node: '*',
      reason: name,
      operations: [
        {
          operation: 'createRoleBinding',
          input: { principal: `user:${name}`, role: 'auditor', node: managementAccount },
        },
      ],
    })
  const [sentBack, approved] = [await propose('back'), await propose('good')]
  const kinds = (items: Inbox['items'], known: Inbox['items']) =>
    Object.fromEntries(items.filter(({ id }) => !known.some((one) => one.id === id)).map((one) => [one.id, one.for]))
  assert.deepEqual(kinds(await inbox(carl), before.carl), {
    [exceptionId]: 'review',
    [sentBack.changeRequestId]: 'approve',
    [approved.changeRequestId]: 'approve',
  })
  assert.deepEqual(kinds(await inbox(), before.admin), {})
  await world.post(`/change-requests/${sentBack.changeRequestId}/reject`, { note: 'not so' }, { as: carl })
  const approve = async (as: string) =>
    world.post(`/change-requests/${approved.changeRequestId}/approve`, { contentHash: approved.contentHash }, { as })
  await approve(carl)
  await approve(await world.tokenOf('user:dina', 'approver', '*'))
  assert.deepEqual(kinds(await inbox(), before.admin), {
    [sentBack.changeRequestId]: 'revise',
    [approved.changeRequestId]: 'apply',
  })
  await world.post(`/exceptions/${exceptionId}/review`, { note: 'it did' }, { as: carl })
  assert.deepEqual(kinds(await inbox(carl), before.carl), {})
})

test('sources that are not fresh, and findings that are open, are told', async () => {
  const root = managementAccount
  await world.post('/sources', { name: 'never', kind: 'csv', node: root })
  const told = await world.get<Overview>('/overview')
  assert.deepEqual(
    told.sources.map(({ name, freshness }) => [name, freshness]),
    [['never', 'never']],
  )
  assert.deepEqual([told.counts.freshSources, told.counts.sources], [0, 1])
  const { items } = await world.get<{ items: { severity: string }[] }>('/findings?status=open')
  for (const severity of ['critical', 'high', 'medium', 'low', 'informational'])
    assert.equal(told.findings[severity], items.filter((one) => one.severity === severity).length)
})
