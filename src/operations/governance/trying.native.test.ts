// What is only tried is tried as it is made: with room for all that making it writes.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { changesPerRequestMax, lookedThroughPerRequestMax } from '#store/transaction.ts'
import { openAcme, root, shop } from '../../../test/acme.ts'
import { isLeftToNight } from '../../../test/engines.ts'
import { withNativeApi } from '../../../test/native-world.ts'

interface Told {
  readonly changeRequestId: string
  readonly contentHash: string
  readonly state: string
  readonly code?: string
  readonly limit?: number
  readonly used?: number
}

const whole = { changed: changesPerRequestMax, lookedThrough: lookedThroughPerRequestMax }
type Bound = keyof typeof whole
/** What requests may change and look through. */
let room = whole
let acme: Awaited<ReturnType<typeof openCompany>>
const openCompany = async () =>
  withNativeApi(
    await openAcme({
      around: (store) => ({
        ...store,
        read: store.read.bind(store),
        close: store.close.bind(store),
        write: (work, ...how) =>
          store.write(
            (tx) => {
              const { changed, lookedThrough } = room
              tx.setAside({ changed: whole.changed - changed, lookedThrough: whole.lookedThrough - lookedThrough })
              return work(tx)
            },
            ...how,
          ),
      }),
    }),
  )
let people: Awaited<ReturnType<typeof issueTokens>>
const issueTokens = async () => ({
  ann: await acme.tokenOf('user:ann', 'organization-administrator', root),
  sam: await acme.tokenOf('user:sam', 'organization-administrator', shop),
})
before(async () => {
  acme = await openCompany()
  people = await issueTokens()
})
after(() => acme.close())

const post = (path: string, body: object, as = people.sam) => acme.ask<Told>('POST', path, { as, body })
/** The same where a request may do no more than this. */
async function within<T>(bound: Bound, count: number, work: () => Promise<T>): Promise<T> {
  room = { ...whole, [bound]: count }
  try {
    return await work()
  } finally {
    room = whole
  }
}
/** The least bound with which something is not refused, and what came of it; with a lesser one it was refused for that. */
async function findLeast(
  bound: Bound,
  ask: () => Promise<{ status: number; body: Told }>,
): Promise<readonly [number, Told]> {
  let [refused, done] = [0, bound === 'changed' ? 1_024 : 8_192]
  let answer: Told | undefined
  while (done - refused > 1) {
    const middle = (refused + done) >> 1
    const { status, body } = await within(bound, middle, ask)
    if (status < 300) {
      done = middle
      answer = body
    } else {
      refused = middle
      assert.deepEqual([body.code, body.limit], ['LimitExceeded', whole[bound]], JSON.stringify(body))
      assert.ok(body.used! > whole[bound])
    }
  }
  return [done, answer!]
}
let bound = 0
const bindings = (count: number) =>
  Array.from({ length: count }, () => ({
    operation: 'createRoleBinding',
    input: { principal: `user:number-${bound++}`, role: 'auditor', node: shop },
  }))
const proposal = (operations: readonly object[]) => ({ node: shop, reason: 'a test', operations })

for (const [bound, count, stages] of [
  // More than what making writes of the request itself.
  ['changed', 60, undefined],
  ['changed', 8, [{ operations: 8, soakSeconds: 0 }]],
  ['lookedThrough', 8, undefined],
] as const) {
  const how = stages ? 'in stages' : 'at once'
  test(`what is submitted is made within the same bound (${bound}), ${how}: what has no room is refused before anybody approves it`, async (t) => {
    if (isLeftToNight(t)) return
    const rollout = stages ? { rollout: { stages } } : {}
    const draft = await post('/change-requests', { ...proposal(bindings(count)), draft: true, ...rollout })
    const path = `/change-requests/${draft.body.changeRequestId}`
    const [least, { contentHash, state }] = await findLeast(bound, () => post(`${path}/submit`, {}))
    assert.equal(state, 'in-review')
    const approved = await post(`${path}/approve`, { contentHash }, people.ann)
    assert.equal(approved.status, 200, JSON.stringify(approved.body))
    const applied = await within(bound, least, () => post(`${path}/apply`, { contentHash }))
    assert.equal(applied.status, 200, JSON.stringify(applied.body))
  })
}

test('what is proposed needs as many rows as what is submitted', async () => {
  const [proposed] = await findLeast('changed', () => post('/change-requests', proposal(bindings(8))))
  const draft = await post('/change-requests', { ...proposal(bindings(8)), draft: true })
  const [submitted] = await findLeast('changed', () =>
    post(`/change-requests/${draft.body.changeRequestId}/submit`, {}),
  )
  assert.equal(proposed, submitted)
})

test('what a dry run says can be done is done within the same bound of rows', async () => {
  const operations = bindings(8)
  const [least] = await findLeast('changed', () => post('/governance/apply?dryRun=true', { operations }))
  const done = await within('changed', least, () => post('/governance/apply', { operations }))
  assert.equal(done.status, 200, JSON.stringify(done.body))
})
