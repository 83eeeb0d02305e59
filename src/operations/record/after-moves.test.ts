// What readers of a unit are told of an account that has left it: what was so until then, and nothing of what came after.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Acme, asNetwork, dev, lab, openAcme, prod, root } from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'

let acme: Acme & Native
let auditor: string
before(async () => {
  acme = await withNativeApi(await openAcme())
  auditor = await acme.tokenOf('user:auditor-of-prod', 'auditor', prod)
})
after(() => acme.close())

interface Allocation {
  readonly allocationId: string
  readonly cidr: string
  readonly decisionId: string
}
interface Row {
  readonly allocationId: string
  readonly until?: string
  readonly knownUntil?: string
  readonly heldUntil?: string
  readonly ending?: string
}
interface Page {
  readonly items: readonly Row[]
  readonly nextCursor?: string
}
const hour = 3_600_000
const now = () => acme.store.read((tx) => Promise.resolve(tx.now))
const iso = (at: number) => new Date(at).toISOString()
const move = (parentId: string) => acme.post(`/accounts/${lab}/move`, { parentId })
const take = (more: object = {}) =>
  acme.post<Allocation>('/allocations', { account: lab, resourceType: 'eip', locale: 'eu-central-1', ...more })

test('I8 the record of an account ends with the moment at which it left, for who was to read it until then', async () => {
  await move(prod)
  acme.advance(hour)
  const [one, two, three] = [await take(), await take({ tags: { of: 'prod' } }), await take()]
  const held = await take({ hold: { expiresInSeconds: 86_400 } })
  acme.advance(hour)
  await acme.ask('DELETE', `/allocations/${three.allocationId}`)
  acme.advance(hour)
  const movedAt = await now()
  await move(dev)
  acme.advance(hour)

  const later = iso(await now())
  acme.advance(hour)
  const queries = [
    ...[one, two, three, held].flatMap(({ allocationId, cidr }) => [
      `/history/objects/${allocationId}`,
      `/history/objects/${allocationId}?at=${later}`,
      `/history/addresses?cidr=${cidr}`,
      `/history/addresses?cidr=${cidr}&from=${later}`,
      `/history/resources/${allocationId}`,
    ]),
    `/history/accounts/${lab}`,
    `/history/accounts/${lab}?from=${later}`,
    `/history/accounts/${lab}?limit=1`,
  ]
  const tell = async () => {
    const told: (readonly [string, readonly Row[]])[] = []
    for (const query of queries) {
      const items: Row[] = []
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const next: string = cursor === '' ? '' : `${query.includes('?') ? '&' : '?'}cursor=${cursor}`
        const page: Page = await acme.get<Page>(`${query}${next}`, { as: auditor })
        items.push(...page.items)
        cursor = page.nextCursor
      }
      told.push([query, items])
    }
    return told
  }
  const before = await tell()
  // Within the hour of `later`, and after it.
  acme.advance(-hour / 2)
  await acme.ask('DELETE', `/allocations/${one.allocationId}`)
  await acme.post(`/allocations/${held.allocationId}/confirm`, {})
  acme.advance(hour)
  await acme.ask('PATCH', `/allocations/${two.allocationId}`, { body: { tags: { of: 'dev' } } })
  acme.advance(2 * 86_400_000)
  assert.deepEqual(await tell(), before)

  const [rows] = [new Map(before).get(`/history/accounts/${lab}`)!]
  const left = { knownUntil: iso(movedAt) }
  const over = rows.at(-1)!
  assert.equal(over.allocationId, three.allocationId)
  assert.partialDeepStrictEqual(over, { ending: 'released', ...left })
  assert.ok(over.until !== undefined && over.heldUntil === over.until)
  assert.deepEqual(
    rows
      .slice(0, -1)
      .map(({ allocationId, until, heldUntil, ending, knownUntil }) => [
        allocationId,
        until,
        heldUntil,
        ending,
        knownUntil,
      ]),
    [held, two, one].map(({ allocationId }) => [allocationId, undefined, undefined, undefined, left.knownUntil]),
  )
  for (const [query, items] of before) if (query.includes(later)) assert.deepEqual(items, [], query)

  const all = await acme.get<Page>(`/history/addresses?cidr=${one.cidr}`)
  assert.partialDeepStrictEqual(all.items[0], { allocationId: one.allocationId, ending: 'released' })
  assert.equal(all.items[0]!.knownUntil, undefined)
})

test('I8 the explanation of a decision tells what would be now only to who may ask for the account now', async () => {
  await move(prod)
  acme.advance(hour)
  const pool = await acme.pool()
  const policy = await acme.policy()
  await acme.rules(policy, [pool])
  await acme.enable(policy)
  const denied = await acme.ask<Allocation>('POST', '/allocations', {
    body: { account: lab, resourceType: 'eip', locale: 'us-east-1', poolId: 'provider' },
  })
  assert.equal(denied.status, 403)
  interface Explanation {
    readonly outcome: string
    readonly nearestChange?: { readonly kind: string; readonly poolId: string }
    readonly messages: { readonly standard: string; readonly long: string }
  }
  const explain = (as?: string) =>
    acme.get<Explanation>(`/decisions/${denied.body.decisionId}/explanation`, as === undefined ? {} : { as })
  const before = await explain(auditor)
  assert.equal(before.nearestChange!.kind, 'drop-explicit')
  acme.advance(hour)
  await move(dev)
  const then = await explain(auditor)
  assert.equal(then.outcome, 'deny')
  assert.equal(then.nearestChange, undefined)
  assert.doesNotMatch(then.messages.long + then.messages.standard, /Nearest change|it would come from/)
  // Another law for the account, where it is now.
  const other = await acme.pool()
  const law = await acme.policy()
  await acme.rules(law, [other])
  await acme.enable(law, dev)
  await acme.call('ModifyIpamPool', { IpamPoolId: other, Description: 'of dev' }, asNetwork)
  assert.deepEqual(await explain(auditor), then)
  assert.equal((await explain()).nearestChange!.poolId, other)
  assert.equal(
    (
      await acme.get<Explanation>(`/decisions/${denied.body.decisionId}/explanation`, {
        as: await acme.tokenOf('user:all', 'auditor', root),
      })
    ).nearestChange!.poolId,
    other,
  )
})
