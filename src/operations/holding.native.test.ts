// Change requests are tried however often somebody changes what is governed: others wait for them a moment, and not the other way round.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Store } from '#store/store.ts'
import { openAcme, prod, root, shop } from '../../test/acme.ts'
import { withNativeApi } from '../../test/native-world.ts'
import { withRequests } from '../../test/requests/company.ts'
import { heldMsMax } from './holding.ts'

interface Told {
  readonly changeRequestId: string
  readonly contentHash: string
  readonly state: string
  readonly code?: string
}
/** What somebody does after each try of others, before these can go on. */
let storm: (() => Promise<unknown>) | undefined
/** Told of each write that is over. */
let onWrite: (() => void) | undefined
const begun: Promise<unknown>[] = []
const stormy = (store: Store): Store => ({
  read: store.read.bind(store),
  close: store.close.bind(store),
  async write(work, asked) {
    try {
      return await store.write(work, asked)
    } finally {
      onWrite?.()
      if (asked?.isTried && storm) {
        const isHeld = await store.read(async (tx) => tx.governanceHeld > 0)
        const done = storm()
        begun.push(done)
        // Once somebody holds it, what storms waits for them.
        if (!isHeld) await done
      }
    }
  },
})
let acme: Awaited<ReturnType<typeof openCompany>>
const openCompany = async () =>
  withRequests(await withNativeApi(await openAcme({ around: stormy })), {
    ann: ['organization-administrator', root],
    bob: ['organization-administrator', root],
    sam: ['organization-administrator', shop],
  })
before(async () => {
  acme = await openCompany()
})
beforeEach(() => acme.renewTokens())
after(() => acme.close())

let count = 0
const retag = () =>
  acme.ask<Told>('PATCH', `/accounts/${shop}`, { as: acme.people.sam, body: { tags: { count: String(count++) } } })
const operations = () => [{ operation: 'createUnit', input: { name: `Unit ${count++}`, parentId: prod } }]
const post = (path: string, body: object, as = acme.people.ann) => acme.ask<Told>('POST', path, { as, body })
async function during<T>(what: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  storm = what
  try {
    return await work()
  } finally {
    storm = undefined
  }
}
const held = () => acme.store.read(async (tx) => tx.governanceHeld)

test('D8 who changes what is governed without end keeps nobody from proposing, submitting and applying', async () => {
  const proposed = await during(retag, () =>
    post('/change-requests', { node: root, reason: 'a test', operations: operations() }),
  )
  assert.equal(proposed.status, 201, JSON.stringify(proposed.body))
  const draft = await post('/change-requests', { node: root, reason: 'a test', operations: operations(), draft: true })
  const submitted = await during(retag, () => post(`/change-requests/${draft.body.changeRequestId}/submit`, {}))
  assert.equal(submitted.body.state, 'in-review', JSON.stringify(submitted.body))
  for (const { changeRequestId, contentHash } of [proposed.body, submitted.body]) {
    const path = `/change-requests/${changeRequestId}`
    assert.equal((await post(`${path}/approve`, { contentHash }, acme.people.bob)).status, 200)
    const applied = await during(retag, () => post(`${path}/apply`, { contentHash }))
    assert.equal(applied.body.state, 'applied', JSON.stringify(applied.body))
  }
  assert.equal(await held(), 0)
  // Nobody who waited for them was refused.
  const answers = (await Promise.all(begun.splice(0))) as { status: number }[]
  assert.ok(answers.length >= 8)
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 200),
  )
})

test('D8 whoever has held what is governed gives it back at once, and leaves it to others for as long as they had it', async () => {
  const tookMs = 40
  const slow = () => {
    acme.advance(tookMs)
    return retag()
  }
  const proposed = await during(slow, () =>
    post('/change-requests', { node: root, reason: 'a test', operations: operations() }),
  )
  assert.equal(proposed.status, 201, JSON.stringify(proposed.body))
  const rests = -(await held())
  const now = await acme.store.read(async (tx) => tx.now)
  assert.ok(rests > now && rests <= now + begun.length * tookMs, `until ${rests - now} ms from now`)
  await Promise.all(begun.splice(0))
  acme.advance(rests - now)
})

test('D8 the same with exceptions that are asked for and denied, without end', async () => {
  const asked = { target: shop, resourceType: 'eip', locale: 'us-east-1', provider: true, reason: 'a test', for: '1h' }
  const askAndDeny = async () => {
    const { status, body } = await acme.ask<{ exceptionId: string }>('POST', '/exceptions', {
      as: acme.people.sam,
      body: asked,
    })
    assert.equal(status, 201, JSON.stringify(body))
    const path = `/exceptions/${body.exceptionId}/deny`
    return acme.ask('POST', path, { as: acme.people.bob, body: { note: 'no' } })
  }
  const proposed = await during(askAndDeny, () =>
    post('/change-requests', { node: root, reason: 'a test', operations: operations() }),
  )
  assert.equal(proposed.status, 201, JSON.stringify(proposed.body))
  await Promise.all(begun.splice(0))
})

test('what another server holds is changed once it has done; what it left behind holds up nobody', async () => {
  await acme.store.write((tx) => tx.holdGovernance(tx.now + heldMsMax))
  const tagsNow = async () =>
    (await acme.ask<{ tags: object }>('GET', `/accounts/${shop}`, { as: acme.people.sam })).body.tags
  const was = await tagsNow()
  const { promise: once, resolve } = Promise.withResolvers<void>()
  onWrite = resolve
  const changed = retag()
  await once
  onWrite = undefined
  assert.deepEqual(await tagsNow(), was)
  await acme.store.write((tx) => tx.holdGovernance(0))
  assert.equal((await changed).status, 200)
  assert.notDeepEqual(await tagsNow(), was)
  // Of a clock that was set back, and of a server that is gone.
  for (const moment of [2 * heldMsMax + 1, -1]) {
    await acme.store.write((tx) => tx.holdGovernance(tx.now + moment))
    assert.equal((await retag()).status, 200)
  }
  await acme.store.write((tx) => tx.holdGovernance(0))
})
