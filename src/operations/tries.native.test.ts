// What is only tried keeps others from changing anything: of one sender there is no more of it in a minute than leaves time for these.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { z } from 'zod'
import { openAcme, prod, root, shop } from '../../test/acme.ts'
import { withNativeApi } from '../../test/native-world.ts'
import { withRequests } from '../../test/requests/company.ts'
import { nativeOperations } from './table.native.ts'
import { triedPerMinuteMax, triedPerMinuteOfTopMax } from './tries.ts'

interface Told {
  readonly changeRequestId: string
  readonly contentHash: string
  readonly state: string
  readonly failed?: object
  readonly code?: string
  readonly retryAfterSeconds?: number
}
/** What requests look through beside what they do. */
let more = 0
/** What a step of a long work is counted as. */
const rowsOfStep = 50
let acme: Awaited<ReturnType<typeof openCompany>>
const openCompany = async () =>
  withRequests(
    await withNativeApi(
      await openAcme({
        around: (store) => ({
          read: store.read.bind(store),
          close: store.close.bind(store),
          write: (work, asked) =>
            store.write(async (tx) => {
              for (let rows = 0; rows < more; rows += rowsOfStep) await tx.nextTurn(0)
              return work(tx)
            }, asked),
        }),
      }),
    ),
    {
      ann: ['organization-administrator', root],
      sam: ['organization-administrator', shop],
      pia: ['organization-administrator', prod],
    },
  )
before(async () => {
  acme = await openCompany()
})
beforeEach(() => {
  acme.advance(60_000)
})
after(() => acme.close())

const post = (path: string, as: string, body: object = {}) => acme.ask<Told>('POST', path, { as, body })
let bound = 0
const binding = (node = shop) => ({
  operation: 'createRoleBinding',
  input: { principal: `user:number-${bound++}`, role: 'auditor', node },
})
const nobody = { operation: 'deleteRoleBinding', input: { bindingId: 'role-binding-0' } }
const proposal = (operations: readonly object[]) => ({ node: shop, reason: 'a test', operations })
const dryRun = (as: string) => post('/governance/apply?dryRun=true', as, { operations: [binding()] })
/** Spends what somebody may try in a minute with one try that looks through so much. */
const eachOfSpent = 90_000
async function spend(as: string, times: number): Promise<void> {
  more = eachOfSpent
  try {
    for (let count = 0; count < times; count++) {
      const { status, body } = await dryRun(as)
      assert.equal(status, 200, JSON.stringify(body))
    }
  } finally {
    more = 0
  }
}
const allocation = { account: shop, resourceType: 'eip', locale: 'us-east-1' }
const timesOf = (limit: number) => Math.ceil(limit / eachOfSpent)

test('D8 whoever has tried much tries nothing more in that minute, in whatever way, and others do', async () => {
  const draft = await post('/change-requests', acme.people.sam, { ...proposal([binding()]), draft: true })
  const path = `/change-requests/${draft.body.changeRequestId}`
  await spend(acme.people.sam, timesOf(triedPerMinuteMax))
  for (const [what, asked] of [
    ['a dry run', dryRun(acme.people.sam)],
    ['a dry run of one', post('/role-bindings?dryRun=true', acme.people.sam, binding().input)],
    ['a proposal', post('/change-requests', acme.people.sam, proposal([binding()]))],
    ['a submission', post(`${path}/submit`, acme.people.sam)],
    ['a list', post('/governance/apply', acme.people.sam, { operations: [binding()] })],
    [
      'an emergency',
      post(`${path}/break-glass`, acme.people.sam, { contentHash: draft.body.contentHash, reason: 'x' }),
    ],
    ['a way back', post(`${path}/revert`, acme.people.sam, { note: 'x' })],
    ['allocations', post('/allocations/batch', acme.people.sam, { allocations: [allocation] })],
    ['a simulation', post('/simulations', acme.people.sam, { operations: [binding()] })],
  ] as const) {
    const { status, body } = await asked
    assert.deepEqual([status, body.code], [429, 'Throttled'], `${what}: ${JSON.stringify(body)}`)
    assert.ok(body.retryAfterSeconds! <= 60)
  }
  assert.equal((await dryRun(acme.people.pia)).status, 200, 'somebody else')
  assert.equal(
    (await post('/role-bindings', acme.people.sam, binding().input)).status,
    201,
    'what is no list and no try',
  )
  acme.advance(60_000)
  assert.equal((await post(`${path}/submit`, acme.people.sam)).status, 200, 'in another minute')
})

test('D8 a list that is refused counts as tried, and one that is made does not', async () => {
  more = eachOfSpent
  try {
    for (let count = 0; count < timesOf(triedPerMinuteMax); count++) {
      const { body } = await post('/governance/apply', acme.people.sam, { operations: [binding()] })
      assert.equal(body.code, undefined, JSON.stringify(body))
    }
    for (let count = 0; count < timesOf(triedPerMinuteMax); count++) {
      const { body } = await post('/governance/apply', acme.people.sam, { operations: [binding(), nobody] })
      assert.equal(body.code, 'NotFound', JSON.stringify(body))
    }
  } finally {
    more = 0
  }
  const { status } = await post('/governance/apply', acme.people.sam, { operations: [binding()] })
  assert.equal(status, 429)
})

test('D8 what takes a long list, or does what a request says, counts as tried where it is refused', () => {
  const isLong = (shape: z.ZodType): boolean => shape instanceof z.ZodArray && shape.element instanceof z.ZodObject
  const long = nativeOperations.filter(
    ({ access, input, rest }) =>
      access === 'write' &&
      (Object.values(input.shape).some(isLong) ||
        /^\/change-requests\/.*\/(apply|break-glass|resume|revert)$/.test(rest.path)),
  )
  // What looks ahead has tried it by then.
  const uncounted = long.filter((one) => !('isList' in one || 'lookAhead' in one)).map(({ name }) => name)
  assert.deepEqual(uncounted, [])
  assert.ok(long.length >= 6)
})

test('D8 whoever governs the top tries more, and has a bound too', async () => {
  await spend(acme.people.ann, timesOf(triedPerMinuteMax))
  assert.equal((await dryRun(acme.people.ann)).status, 200)
  await spend(acme.people.ann, timesOf(triedPerMinuteOfTopMax) - timesOf(triedPerMinuteMax))
  assert.equal((await dryRun(acme.people.ann)).status, 429)
})

test('D8 services whose tokens somebody made have one share with them', async () => {
  const ofAdmin = (principal: string) => acme.post<{ token: string }>('/tokens', { principal, expiresInSeconds: 3_600 })
  const [one, other] = [await ofAdmin('service:one'), await ofAdmin('service:other')]
  await acme.post('/role-bindings', { principal: 'service:one', role: 'organization-administrator', node: shop })
  await acme.post('/role-bindings', { principal: 'service:other', role: 'organization-administrator', node: shop })
  const create = (as: string) => post('/role-bindings?dryRun=true', as, binding().input)
  more = eachOfSpent
  for (let count = 0; count < timesOf(triedPerMinuteMax); count++) {
    const { status, body } = await create(one.token)
    assert.equal(status, 201, JSON.stringify(body))
  }
  more = 0
  assert.equal((await create(other.token)).status, 429)
})

test('D8 what a clock makes does not wait for whoever it is made for to try less: others wait behind it', async () => {
  const from = new Date((await acme.store.read(async (tx) => tx.now)) + 1_000).toISOString()
  const proposed = await post('/change-requests', acme.people.sam, { ...proposal([binding()]), window: { from } })
  const { changeRequestId: id, contentHash } = proposed.body
  assert.equal((await post(`/change-requests/${id}/approve`, acme.people.ann, { contentHash })).status, 200)
  await spend(acme.people.sam, timesOf(triedPerMinuteMax))
  acme.advance(2_000)
  assert.equal((await dryRun(acme.people.sam)).status, 429)
  await acme.look()
  const { state, failed } = await acme.get<Told>(`/change-requests/${id}`)
  assert.deepEqual([state, failed], ['applied', undefined])
})
