// Space that a request for an exception keeps: nobody else gets it, it is given on approval alone, and asking takes no more than it may.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  pendingPerRequesterAndTargetMax,
  pendingPerRequesterMax,
  pendingPerTargetMax,
} from '#model/policy/exception.ts'
import type { Store } from '#store/store.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { asNetwork, dev, lab, network, openAcme, prod, refusalOf, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, withNativeApi } from '../../../test/native-world.ts'

const minuteMs = 60_000
interface Shown {
  readonly exceptionId: string
  readonly state: string
  readonly hold?: { allocationId: string; state: string; cidr: string; poolId?: string; expiresAt?: string }
}
interface Problem {
  readonly code: string
  readonly field?: string
  readonly detail: string
}

let acme: Awaited<ReturnType<typeof furnish>>
let people: { readonly ann: string; readonly bob: string; readonly operator: string; readonly watcher: string }
/** Shop's Elastic IPs come from `listed`, those of lab from `other`, which shop is not given. */
async function furnish(around?: (store: Store) => Store) {
  const company = await withNativeApi(await openAcme({ around }))
  const [listed, other] = [await company.pool(), await company.pool()]
  const [law, ofDev] = [await company.policy(), await company.policy()]
  await company.rules(law, [listed])
  await company.enable(law, prod)
  await company.rules(ofDev, [other])
  await company.enable(ofDev, dev)
  return { ...company, listed, other }
}
const issue = async (world: NativeWorld) => {
  const watcher = await world.tokenOf('user:watcher', 'resource-operator', shop)
  await world.tokenOf('user:watcher', 'auditor', network)
  return {
    ann: await world.tokenOf('user:ann', 'organization-administrator', '*'),
    bob: await world.tokenOf('user:bob', 'organization-administrator', '*'),
    operator: await world.tokenOf('user:op', 'resource-operator', shop),
    watcher,
  }
}
before(async () => {
  acme = await furnish()
  people = await issue(acme)
})
after(async () => {
  assert.deepEqual((await checkSpace(acme.store)).problems, [])
  await acme.close()
})

const inMs = async (ms: number, world: NativeWorld = acme): Promise<string> =>
  new Date((await world.store.read(async (tx) => tx.now)) + ms).toISOString()
interface Change {
  readonly hold?: object
  readonly [name: string]: unknown
}
const paramsOf = async ({ hold = {}, ...change }: Change = {}) => ({
  target: shop,
  locale: 'us-east-1',
  resourceType: 'eip',
  grants: { pools: [acme.other] },
  reason: 'the partner knows this address only',
  expiresAt: await inMs(60 * minuteMs),
  hold: { expiresInSeconds: 600, ...hold },
  ...change,
})
const request = async (change: Change = {}, as = people.ann) =>
  acme.post<Shown & { hold: NonNullable<Shown['hold']> }>('/exceptions', await paramsOf(change), { as })
const refused = async (change: Change, as = people.ann): Promise<Problem> => {
  const { status, body } = await acme.ask<Problem>('POST', '/exceptions', { as, body: await paramsOf(change) })
  assert(status >= 400, JSON.stringify(body))
  return body
}
const act = (id: string, verb: string) =>
  acme.ask<Shown & Problem>('POST', `/exceptions/${id}/${verb}`, { as: people.bob, body: {} })
const show = (id: string) => acme.get<Shown>(`/exceptions/${id}`)
const confirm = (id: string) =>
  acme.ask<Problem & { state: string; address: string }>('POST', `/allocations/${id}/confirm`, { body: {} })
const ofLab = (Address?: string) => acme.call('AllocateAddress', { Address }, { account: lab })
const addressIn = (cidr: string): string => cidr.split('/')[0]!

test('I4 what is held for an approval is nobody’s meanwhile, over both APIs, and the target’s on approval', async () => {
  const { exceptionId, hold } = await request({ hold: { cidr: '203.0.101.7', description: 'for the partner' } })
  const address = addressIn(hold.cidr)
  assert.deepEqual(hold, {
    allocationId: hold.allocationId,
    state: 'held',
    cidr: '203.0.101.7/32',
    poolId: acme.other,
    expiresAt: await inMs(600_000),
  })
  assert.equal((await refusalOf(ofLab(address))).code, 'CidrConflict')
  assert.equal(
    (await refusalOf(acme.call('AllocateAddress', { Address: address }, { account: shop }))).code,
    'DeniedByPolicy',
  )
  const byLab = { account: lab, resourceType: 'eip', locale: 'us-east-1', cidr: address }
  assert.equal((await acme.ask<Problem>('POST', '/allocations', { body: byLab })).body.code, 'CidrConflict')
  const given: string[] = []
  for (let free = 15; free > 0; free--) given.push((await ofLab()).AllocationId!)
  assert.equal((await refusalOf(ofLab())).code, 'Exhausted', 'all but the one that is held')
  assert.equal((await confirm(hold.allocationId)).body.code, 'DeniedByPolicy', 'nobody has approved it yet')
  assert.deepEqual((await acme.call('DescribeAddresses', {}, { account: shop })).Addresses, [])

  const approved = await act(exceptionId, 'approve')
  assert.deepEqual([approved.body.state, approved.body.hold], ['active', hold])
  const confirmed = await confirm(hold.allocationId)
  assert.deepEqual([confirmed.status, confirmed.body.state, confirmed.body.address], [200, 'allocated', address])
  const { Addresses } = await acme.call('DescribeAddresses', {}, { account: shop })
  assert.deepEqual(
    Addresses!.map(({ PublicIp }) => PublicIp),
    [address],
  )
  assert.equal((await show(exceptionId)).hold?.state, 'allocated')

  await act(exceptionId, 'revoke')
  const { items } = await acme.get<{ items: { resource: string; cidr: string }[] }>(
    `/exceptions/${exceptionId}/findings`,
  )
  assert.deepEqual(
    items.map(({ resource, cidr }) => [resource, cidr]),
    [[Addresses![0]!.AllocationId, hold.cidr]],
    'what was confirmed stays, and is a finding',
  )
  await acme.call('ReleaseAddress', { AllocationId: Addresses![0]!.AllocationId! }, { account: shop })
  assert.equal((await show(exceptionId)).hold?.state, 'released')
  for (const AllocationId of given) await acme.call('ReleaseAddress', { AllocationId }, { account: lab })
  acme.advance(86_400_000)
})

test('a denial and a revocation free what is only held in the same moment', async () => {
  const denied = await request()
  const address = addressIn(denied.hold.cidr)
  const { body } = await act(denied.exceptionId, 'deny')
  assert.deepEqual([body.state, body.hold?.state, body.hold?.expiresAt], ['denied', 'dropped', undefined])
  const { AllocationId } = await ofLab(address)
  await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: lab })
  acme.advance(86_400_000)

  const revoked = await request({ hold: { cidr: address } })
  await act(revoked.exceptionId, 'approve')
  assert.equal((await act(revoked.exceptionId, 'revoke')).body.hold?.state, 'dropped')
  assert.equal((await confirm(revoked.hold.allocationId)).body.code, 'NotFound')
  const again = await request({ hold: { cidr: address } })
  assert.equal(again.hold.cidr, denied.hold.cidr)
  await act(again.exceptionId, 'deny')
})

test('I6 it lapses at its moment, whether somebody approves or not', async () => {
  const { exceptionId, hold } = await request({ hold: { expiresInSeconds: 60 } })
  acme.advance(minuteMs - 1)
  assert.equal((await show(exceptionId)).hold?.state, 'held')
  acme.advance(1)
  const { expiresAt: _, ...kept } = hold
  assert.deepEqual((await show(exceptionId)).hold, { ...kept, state: 'lapsed' })
  const { body } = await act(exceptionId, 'approve')
  assert.deepEqual([body.state, body.hold?.state], ['active', 'lapsed'])
  assert.equal((await confirm(hold.allocationId)).body.code, 'NotFound')
  await act(exceptionId, 'revoke')
})

test('I4 what waits for an approval is held for longer while that can still come, and after it as policy says', async () => {
  const { exceptionId, hold } = await request({ expiresAt: await inMs(30 * minuteMs) })
  const extend = (expiresInSeconds: number) =>
    acme.ask<Problem>('POST', `/allocations/${hold.allocationId}/hold`, { body: { expiresInSeconds } })
  assert.equal((await extend(900)).status, 200)
  const long = await extend(1801)
  assert.deepEqual([long.status, long.body.field], [400, 'expiresInSeconds'], 'longer than the exception could last')
  // A pool that is for none of it any more would not serve the account even with the exception.
  const change = (body: object) => acme.ask<Problem>('PATCH', `/pools/${acme.other}`, { body })
  assert.equal((await change({ requiredTags: { env: 'x' } })).status, 200)
  assert.equal((await extend(900)).body.code, 'NotEligible')
  assert.equal((await change({ requiredTags: {} })).status, 200)
  await act(exceptionId, 'approve')
  assert.equal((await extend(1000)).status, 200, 'it is in force')
  assert.equal((await acme.ask('POST', `/exceptions/${exceptionId}/revoke`, { as: people.bob, body: {} })).status, 200)
  const gone = await extend(1000)
  assert.deepEqual([gone.status, gone.body.code], [404, 'NotFound'])

  const over = await request({ expiresAt: await inMs(10 * minuteMs) })
  const overHold = over.hold.allocationId
  await act(over.exceptionId, 'approve')
  acme.advance(9 * minuteMs)
  const more = () => acme.ask<Problem>('POST', `/allocations/${overHold}/hold`, { body: { expiresInSeconds: 300 } })
  assert.equal((await more()).status, 200)
  acme.advance(2 * minuteMs)
  assert.equal((await more()).body.code, 'DeniedByPolicy', 'the exception is over')
  acme.advance(5 * minuteMs)
})

test('I8 who may only ask takes nothing: neither for the target, nor from a pool that is not shared with it', async () => {
  const narrow = await acme.post<{ token: string }>('/tokens', { scopes: ['exception', 'ipam'] }, { as: people.ann })
  const unseen = { grants: { pools: [await acme.pool()] } }
  assert.equal((await refused(unseen, people.operator)).code, 'NotFound', 'a pool that is not there for who asks')
  const seen = await refused({}, people.watcher)
  assert.equal(seen.code, 'NotAuthorized')
  assert.match(seen.detail, new RegExp(`not shared with \`${shop}\`, and you may not allocate at \`${network}\``))
  const asks = await acme.ask('POST', '/exceptions', {
    as: people.watcher,
    body: { ...(await paramsOf()), hold: undefined },
  })
  assert.equal(asks.status, 201, 'without the hold it may be asked for')
  const share = { Resources: [acme.other], Tags: [{ Key: 'cadastre:shared-with', Value: root }] }
  await acme.call('CreateTags', share, asNetwork)
  const byScope = await refused({}, narrow.token)
  assert.equal(byScope.code, 'NotAuthorized')
  assert.match(byScope.detail, /scopes of your token/)
  const { exceptionId } = await request({}, people.operator)
  await act(exceptionId, 'deny')
  await acme.call('DeleteTags', share, asNetwork)
})

test('D8 what waits for an approval is little: for requester and target, requester, target, and of a pool', async () => {
  const ids: string[] = []
  const ofBig = { grants: { pools: [await acme.pool({ cidr: '198.51.100.64/26' })] } }
  const make = async (change: Change, as?: string) => ids.push((await request({ ...ofBig, ...change }, as)).exceptionId)
  const isRefused = async (countedFor: RegExp, change: Change = {}, as?: string) => {
    const { code, detail } = await refused({ ...ofBig, ...change }, as)
    assert.equal(code, 'LimitExceeded')
    assert.match(detail, countedFor)
    assert.match(detail, /Ask without `hold`/)
  }
  for (let count = 0; count < pendingPerRequesterAndTargetMax; count++) await make({})
  await isRefused(/for requester `user:ann`, target `3{12}` there are 5/)
  await make({}, people.bob)

  // An approval ends the waiting.
  await act(ids[0]!, 'approve')
  await make({})
  await isRefused(/for requester `user:ann`, target/)

  for (let left = pendingPerRequesterMax - pendingPerRequesterAndTargetMax; left > 0; left--)
    await make({ target: lab })
  await isRefused(/for requester `user:ann` there are 10/, { target: network })
  await make({ target: network }, people.bob)

  let waiting = pendingPerRequesterAndTargetMax + 1
  for (let person = 0; waiting < pendingPerTargetMax; person++) {
    const as = await acme.tokenOf(`user:n${person}`, 'organization-administrator', '*')
    for (let n = 0; n < pendingPerRequesterAndTargetMax && waiting < pendingPerTargetMax; n++, waiting++)
      await make({}, as)
  }
  const last = await acme.tokenOf('user:last', 'organization-administrator', '*')
  await isRefused(/for target `3{12}` there are 20/, {}, last)
  await make({ target: lab }, last)
  for (const id of ids) await act(id, id === ids[0] ? 'revoke' : 'deny')

  acme.advance(600_000)
  const tiny = await acme.pool({ cidr: '198.51.100.0/30' })
  const grants = { pools: [tiny] }
  const first = await request({ grants })
  assert.match((await refused({ grants })).detail, /of `user:ann` may keep a quarter of what the pool/)
  const second = await request({ grants }, people.bob)
  const third = await refused({ grants }, last)
  assert.deepEqual([third.code], ['NotEligible'])
  assert.match(third.detail, /keep half of what the pool/)
  for (const { exceptionId } of [first, second]) await act(exceptionId, 'deny')
})

test('I6 a hold that outlives a denial is found by the check', async () => {
  const { exceptionId } = await request()
  const set = (change: string) =>
    acme.database.tamper(`update policy_exception set ${change} where id = '${exceptionId}'`)
  await set(`status = 'denied', ended_by = 'user:bob', ended_at = requested_at`)
  assert.match(
    (await checkSpace(acme.store)).problems.join(),
    new RegExp(`hold \\d+ is still there, and ${exceptionId}`),
  )
  await set(`status = 'requested', ended_by = null, ended_at = null`)
  await act(exceptionId, 'deny')
  assert.deepEqual((await checkSpace(acme.store)).problems, [])
})

test('what policy or the pool would deny even with the exception is not held', async () => {
  const outside = await refused({ hold: { cidr: '203.0.113.7' } })
  assert.deepEqual([outside.code, outside.field], ['InvalidParameterValue', 'hold'])
  assert.match(outside.detail, /With the exception, too, it could not be had: ipam-pool-\w+: .*203\.0\.113\.7/)
  const named = await refused({ resource: 'db-*' })
  assert.match(named.detail, /does not let you choose/, 'an Elastic IP has no name yet that it could be for')
  const spare = await acme.pool({ scope: 'private', locale: 'onprem:kiel' })
  const hosts = { resourceType: 'onprem:host', locale: 'onprem:kiel', grants: { pools: [spare] } }
  const { exceptionId, hold } = await request({ ...hosts, resource: 'db-*', hold: { resourceId: 'db-1' } })
  const taken = await refused({ ...hosts, hold: { cidr: addressIn(hold.cidr) } })
  assert.deepEqual([taken.code, taken.field], ['CidrConflict', 'hold.cidr'])
  await act(exceptionId, 'deny')
})

test('I9 bad input names the field, the value and what is allowed', async () => {
  const second = await acme.pool()
  const both = { pools: [acme.other, second] }
  const cases: [Change, string | undefined, RegExp][] = [
    [{ target: prod }, 'target', /one account/],
    [{ grants: { provider: true } }, 'grants.pools', /name the pool/],
    [{ grants: both }, undefined, new RegExp(`hold.poolId.*${second}`)],
    [{ hold: { poolId: second } }, 'hold.poolId', new RegExp(acme.other)],
    [{ hold: { cidr: '203.0.101.1', netmaskLength: 32 } }, undefined, /Only one of/],
    [{ hold: { cidr: '2001:db8::1' } }, 'hold.cidr', /ipv4/],
    [{ hold: { cidr: 'x' } }, 'hold.cidr', /An address or a CIDR/],
    [{ hold: { resourceId: 'vm-1' } }, 'hold.resourceId', /Elastic IP/],
    [{ hold: { expiresInSeconds: 0 } }, 'hold.expiresInSeconds', /1/],
    [{ hold: { expiresInSeconds: 7 * 86_400 + 1 } }, 'hold.expiresInSeconds', /604800/],
    [{ hold: { expiresInSeconds: 3_601 } }, 'hold.expiresInSeconds', /longer than the exception/],
    [{ startsAt: await inMs(30 * minuteMs) }, 'hold.expiresInSeconds', /lapse before the exception begins/],
    [{ hold: { tags: { 'cadastre:x': 'y' } } }, 'hold.tags.cadastre:x', /settings/],
  ]
  for (const [change, field, detail] of cases) {
    const problem = await refused(change)
    assert.equal(problem.field, field, JSON.stringify([change, problem]))
    assert.match(problem.detail, detail)
  }
  const vpc = await acme.pool({ scope: 'private' })
  const own = `vpc-${acme.other.slice(-17)}`
  const asked = { resourceType: 'vpc', grants: { pools: [vpc] }, hold: { netmaskLength: 26, resourceId: own } }
  assert.equal((await refused(asked)).code, 'NotSupported')
  const chosen = await request({ grants: both, hold: { poolId: second } })
  assert.equal(chosen.hold.poolId, second)
  await act(chosen.exceptionId, 'deny')
})

test('I7 request and hold come and go together: in a dry run, and where a transaction is taken back and runs again', async () => {
  const dry = await acme.ask<Shown>('POST', '/exceptions?dryRun=true', { as: people.ann, body: await paramsOf() })
  const { items } = await acme.get<{ items: object[] }>(`/allocations?poolId=${acme.other}&state=held`)
  assert.deepEqual([dry.body.hold?.state, items.length], ['held', 0])

  class TakenBack extends Error {}
  let takenBack = 0
  const other = await furnish((store) => ({
    ...store,
    read: (work) => store.read(work),
    close: () => store.close(),
    async write(work, ...rest) {
      const rehearsal = store.write(async (tx) => {
        await work(tx)
        throw new TakenBack()
      })
      await rehearsal.catch((error: unknown) => {
        if (error instanceof TakenBack) takenBack++
      })
      return store.write(work, ...rest)
    },
  }))
  const { ann, bob } = await issue(other)
  takenBack = 0
  const body = { ...(await paramsOf()), grants: { pools: [other.other] }, expiresAt: await inMs(60 * minuteMs, other) }
  const asked = await other.post<Shown>('/exceptions', body, { as: ann })
  const holds = async () => (await other.get<{ items: { cidr: string }[] }>('/allocations?state=held')).items
  assert.deepEqual(
    (await holds()).map(({ cidr }) => cidr),
    [asked.hold?.cidr],
  )
  await other.post(`/exceptions/${asked.exceptionId}/deny`, {}, { as: bob })
  assert.deepEqual([await holds(), takenBack], [[], 2])
  assert.deepEqual((await checkSpace(other.store)).problems, [])
  await other.close()
})
