// Emergencies of change requests: each is one act, which neither windows nor freezes stop, and which somebody else reviews.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openAcme, root } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { succeed, type ToldOfRequest, withRequests } from '../../../test/requests/company.ts'

const minute = 60_000

let acme: Awaited<ReturnType<typeof furnish>>
async function furnish() {
  const administrator = ['organization-administrator', root] as const
  const people = {
    ...{ ann: administrator, bob: administrator, cat: administrator, dan: administrator },
    // May make such changes, and approve none.
    ivan: ['ipam-administrator', root] as const,
  }
  const company = await withRequests(await withNativeApi(await openAcme()), people)
  return { ...company, pool_: await company.pool() }
}
before(async () => {
  acme = await furnish()
})
after(() => acme.close())

const ask = (path: string, body: object, as: string) =>
  acme.ask<ToldOfRequest>('POST', `/change-requests${path}`, { as, body })
const told = async (asked: Promise<{ status: number; body: ToldOfRequest }>) => {
  const { status, body } = await asked
  return [status, /frozen/.test(body.detail ?? '')]
}
const describing = (description: string) => ({ operation: 'updatePool', input: { poolId: acme.pool_, description } })
const description = async () => (await acme.get<{ description?: string }>(`/pools/${acme.pool_}`)).description
const findingsOf = async (id: string) =>
  (
    await acme.get<{ items: { resource: string; status: string; summary: string }[] }>(
      '/findings?control=change-review&limit=100',
    )
  ).items.filter(({ resource }) => resource === id)

/** Its first stage is made, and it is halted. */
async function halted(...descriptions: string[]): Promise<string> {
  const { ann, bob, cat } = acme.people
  const rollout = { stages: descriptions.map(() => ({ operations: 1, soakSeconds: 0 })) }
  const body = { node: root, reason: 'a test', operations: descriptions.map(describing), rollout }
  const { changeRequestId: id, contentHash } = await succeed(ask('', body, ann))
  await succeed(ask(`/${id}/approve`, { contentHash }, bob))
  await ask(`/${id}/approve`, { contentHash }, cat)
  await succeed(ask(`/${id}/apply`, { contentHash }, ann))
  await succeed(ask(`/${id}/halt`, { note: 'wait' }, ann))
  return id
}
async function frozen(work: () => Promise<void>): Promise<void> {
  const now = await acme.store.read(async (tx) => tx.now)
  const [from, until] = [now, now + 60 * minute].map((at) => new Date(at).toISOString())
  const set = (changeFreezes: object[]) => acme.ask('PATCH', `/ipams/${acme.ipam}`, { body: { changeFreezes } })
  assert.equal((await set([{ from, until, reason: 'a fair' }])).status, 200)
  await work()
  assert.equal((await set([])).status, 200)
}
test('windows and freezes are asked of each act, whatever was done in an emergency before', async () => {
  const { ann, dan, ivan } = acme.people
  const id = await halted('one', 'two', 'three', 'four')
  await frozen(async () => {
    assert.deepEqual(await told(ask(`/${id}/resume`, {}, ivan)), [409, true])
    assert.equal((await ask(`/${id}/resume`, { emergency: 'mine' }, ivan)).status, 403)
    assert.equal((await succeed(ask(`/${id}/resume`, { emergency: 'it burns' }, dan))).progress!.stage, 2)
    // The stage behind it has no emergency: a clock waits for the end of the freeze.
    acme.advance(minute)
    await acme.look()
    assert.equal(await description(), 'two')
    await succeed(ask(`/${id}/halt`, { note: 'wait' }, ann))
    assert.deepEqual(await told(ask(`/${id}/resume`, {}, ivan)), [409, true])
    assert.deepEqual(await told(ask(`/${id}/revert`, { note: 'no' }, ivan)), [409, true])
    assert.equal(await description(), 'two')
  })
  assert.equal((await succeed(ask(`/${id}/resume`, {}, ivan))).progress!.stage, 3)
  await succeed(ask(`/${id}/halt`, { note: 'wait' }, ann))
  await succeed(ask(`/${id}/review`, { note: 'seen' }, acme.people.cat))
})

test('what was made in an emergency is reverted in none while changes are frozen', async () => {
  const { ann, bob, ivan } = acme.people
  const body = { node: root, reason: 'a test', operations: [describing('broken')] }
  const { changeRequestId: id, contentHash } = await succeed(ask('', body, ann))
  await frozen(async () => {
    await succeed(ask(`/${id}/break-glass`, { contentHash, reason: 'it burns' }, bob))
    assert.deepEqual(await told(ask(`/${id}/revert`, { note: 'no' }, ivan)), [409, true])
    assert.equal(await description(), 'broken')
  })
  assert.equal((await succeed(ask(`/${id}/revert`, { note: 'no' }, ivan))).state, 'reverted')
})

test('of a rollout that goes on, an emergency is reviewed too', async () => {
  const { bob, dan } = acme.people
  for (const state of ['scheduled', 'halted']) {
    const id = await halted('one', 'two', 'three')
    await succeed(ask(`/${id}/resume`, { emergency: 'it burns' }, dan))
    if (state === 'halted') await succeed(ask(`/${id}/halt`, { note: 'wait' }, dan))
    assert.equal((await ask(`/${id}/review`, { note: 'mine' }, dan)).status, 403)
    const reviewed = await succeed(ask(`/${id}/review`, { note: 'seen' }, bob))
    assert.equal(reviewed.state, state)
    assert.deepEqual(
      (await findingsOf(id)).map(({ status }) => status),
      ['resolved'],
    )
  }
})

test('each emergency is kept by itself, and none is reviewed by whoever made one of them', async () => {
  const { ann, bob, cat, dan } = acme.people
  const body = { node: root, reason: 'a test', operations: [describing('again')] }
  const { changeRequestId: id, contentHash } = await succeed(ask('', body, ann))
  await succeed(ask(`/${id}/break-glass`, { contentHash, reason: 'because' }, bob))
  const { emergencies } = await succeed(ask(`/${id}/revert`, { note: 'undone', emergency: 'it burns' }, cat))
  assert.deepEqual(
    emergencies!.map(({ by, reason, reviewed }) => [by, reason, reviewed]),
    [
      ['user:bob', 'because', undefined],
      ['user:cat', 'it burns', undefined],
    ],
  )
  const review = (as: string) => ask(`/${id}/review`, { note: 'seen' }, as)
  for (const as of [ann, bob, cat]) assert.equal((await review(as)).status, 403)
  const [finding] = await findingsOf(id)
  assert.deepEqual([finding!.status, /^user:bob and user:cat made it/.test(finding!.summary)], ['open', true])
  const reviewed = await succeed(review(dan))
  assert.deepEqual(
    reviewed.emergencies!.map((one) => one.reviewed?.by),
    ['user:dan', 'user:dan'],
  )
  assert.equal((await findingsOf(id))[0]!.status, 'resolved')
})

test('one that was reviewed stays so, and the next one is reviewed by whoever had no part in either', async () => {
  const { bob, cat, dan } = acme.people
  const id = await halted('one', 'two', 'three')
  await succeed(ask(`/${id}/resume`, { emergency: 'it burns' }, dan))
  await succeed(ask(`/${id}/review`, { note: 'seen' }, bob))
  await succeed(ask(`/${id}/halt`, { note: 'wait' }, dan))
  await succeed(ask(`/${id}/resume`, { emergency: 'again' }, cat))
  assert.match((await findingsOf(id))[0]!.summary, /^user:cat made it/)
  assert.equal((await ask(`/${id}/review`, { note: 'mine' }, dan)).status, 403)
  const { emergencies } = await succeed(ask(`/${id}/review`, { note: 'seen' }, bob))
  assert.deepEqual(
    emergencies!.map(({ by }) => by),
    ['user:dan', 'user:cat'],
  )
})

test('unreviewed emergencies are counted for each who made one, also where another one came behind it', async () => {
  const gil = await acme.tokenOf('user:gil', 'organization-administrator', root)
  const { ann, dan } = acme.people
  const broken: string[] = []
  const breakGlass = async () => {
    const body = { node: root, reason: 'a test', operations: [describing('burns')] }
    const { changeRequestId: id, contentHash } = await succeed(ask('', body, ann))
    broken.push(id)
    return (await ask(`/${id}/break-glass`, { contentHash, reason: 'because' }, gil)).body
  }
  for (let n = 0; n < 5; n++) {
    assert.equal((await breakGlass()).state, 'applied')
    await succeed(ask(`/${broken.at(-1)}/revert`, { note: 'undone', emergency: 'no' }, n < 3 ? dan : acme.people.cat))
  }
  assert.equal((await breakGlass()).code, 'LimitExceeded')
  await succeed(ask(`/${broken[0]}/review`, { note: 'seen' }, acme.people.bob))
  assert.equal((await breakGlass()).state, 'applied')
})
