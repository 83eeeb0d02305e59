// Findings over the native API: one for each identity, seen by whoever may, set aside for a time.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { foundOrganization, lab, prod, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { control } from './control.ts'
import { exceptionEnded, tagsChanged } from './controls.ts'
import { endSuppressions, type Seen, settle, unsettled } from './settle.ts'

interface Finding {
  readonly findingId: string
  readonly status: string
  readonly severity: string
  readonly resource: string
  readonly node: string
  readonly summary: string
  readonly openedAt: string
  readonly resolvedAt?: string
  readonly suppression?: { readonly reason: string; readonly until: string; readonly by: string }
}
interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string
}

let world: NativeWorld
before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
})
after(() => world.close())
beforeEach(() => world.advance(1_000))

const see = (...seen: readonly Seen[]) => world.store.write((tx) => settle(tx, tagsChanged, seen))
const facts = { cidr: '10.0.0.0/24' }
const now = (): Promise<number> => world.store.read(async (tx) => tx.now)
const list = async (query: string, as?: string): Promise<readonly Finding[]> =>
  (await world.get<Page<Finding>>(`/findings?${query}`, as === undefined ? {} : { as })).items
const the = async (resource: string): Promise<Finding> => {
  const [found, ...others] = await list(`resource=${resource}`)
  assert(found && others.length === 0, `one finding about ${resource}`)
  return found
}
const openingsOf = async ({ findingId }: Finding) =>
  (await world.get<Page<{ from: string; until?: string; isSuppressed: boolean }>>(`/findings/${findingId}/openings`))
    .items
const inHours = async (hours: number): Promise<string> => new Date((await now()) + hours * 3_600_000).toISOString()

test('what is seen twice is one finding, resolves when it is over, and opens again as the same one', async () => {
  assert.deepEqual(await see({ resource: 'a', node: shop, facts }), { opened: 1, resolved: 0, changed: 1 })
  const first = await the('a')
  assert.deepEqual([first.status, first.severity, first.node], ['open', 'medium', shop])
  assert.match(first.summary, /^10\.0\.0\.0\/24 would not be given/)
  world.advance(1_000)
  assert.deepEqual(await see({ resource: 'a', node: shop, facts }), { opened: 0, resolved: 0, changed: 0 })
  assert.deepEqual(await see({ resource: 'a', node: shop, facts: undefined }), { opened: 0, resolved: 1, changed: 1 })
  assert.equal((await the('a')).status, 'resolved')
  world.advance(1_000)
  assert.deepEqual(await see({ resource: 'a', node: shop, facts }), { opened: 1, resolved: 0, changed: 1 })
  const again = await the('a')
  assert.deepEqual([again.findingId, again.status], [first.findingId, 'open'])
  assert(again.openedAt > first.openedAt && again.resolvedAt === undefined)
  const openings = await openingsOf(again)
  assert.deepEqual(
    openings.map(({ until }) => until === undefined),
    [true, false],
  )
})

test('another control, and another source, are other findings about the same resource', async () => {
  await see({ resource: 'b', node: shop, facts }, { resource: 'b', source: 'source-1', node: shop, facts })
  await world.store.write((tx) =>
    settle(tx, exceptionEnded, [{ resource: 'b', node: shop, facts: { ...facts, exceptionId: 'exception-1' } }]),
  )
  assert.equal((await list('resource=b')).length, 3)
  assert.equal((await list('resource=b&control=exception-ended')).length, 1)
})

test('only what is not known yet is to be written', async () => {
  const seen: readonly Seen[] = [
    { resource: 'c', node: shop, facts },
    { resource: 'd', node: shop, facts: undefined },
  ]
  const left = () => world.store.read((tx) => unsettled(tx, tagsChanged, seen))
  assert.deepEqual(
    (await left()).map(({ resource }) => resource),
    ['c'],
  )
  await see(...seen)
  assert.deepEqual(await left(), [])
})

test('facts of one finding change in a stretch of their own; what resolved earlier than it was seen ended then', async () => {
  await see({ resource: 'e', node: shop, facts })
  world.advance(1_000)
  await see({ resource: 'e', node: shop, facts: { cidr: '10.0.1.0/24' } })
  world.advance(5_000)
  const until = (await now()) - 2_000
  await see({ resource: 'e', node: shop, facts: undefined, until })
  const openings = await openingsOf(await the('e'))
  assert.equal(openings.length, 2)
  assert.equal(openings[1]!.until, openings[0]!.from)
  assert.equal(openings[0]!.until, new Date(until).toISOString())
})

test('it is set aside with a reason and an end, and ends by itself', async () => {
  await see({ resource: 'f', node: shop, facts })
  const { findingId } = await the('f')
  const until = await inHours(1)
  const set = await world.post<Finding>(`/findings/${findingId}/suppress`, { reason: 'moves on Monday', until })
  assert.equal(set.status, 'suppressed')
  assert.deepEqual(
    [set.suppression!.reason, set.suppression!.until, set.suppression!.by],
    ['moves on Monday', until, 'user:admin'],
  )
  assert.equal((await list('resource=f&status=open')).length, 0)
  world.advance(3_600_000)
  assert.equal((await the('f')).status, 'open', 'at the moment itself, whether anybody has looked or not')
  world.advance(5_000)
  assert.equal(await world.store.write((tx) => endSuppressions(tx, 10)), 1)
  assert.equal(await world.store.write((tx) => endSuppressions(tx, 10)), 0)
  const openings = await openingsOf(await the('f'))
  assert.deepEqual(
    openings.map(({ isSuppressed }) => isSuppressed),
    [false, true, false],
  )
  assert.deepEqual([openings[0]!.from, openings[1]!.until], [until, until], 'nothing lies between two stretches')
})

test('it is opened again by hand, and both are in its history', async () => {
  await see({ resource: 'g', node: shop, facts })
  const { findingId } = await the('g')
  await world.post(`/findings/${findingId}/suppress`, { reason: 'known', until: await inHours(24) })
  assert.equal((await world.post<Finding>(`/findings/${findingId}/unsuppress`, {})).status, 'open')
  const refused = await world.ask<{ code: string }>('POST', `/findings/${findingId}/unsuppress`, { body: {} })
  assert.equal(refused.body.code, 'IncorrectState')
  const history = await world.get<Page<object>>(`/history/objects/${findingId}`)
  assert.equal(history.items.length, 2)
})

test('no longer than a year, with a reason, and nothing that is over', async () => {
  await see({ resource: 'h', node: shop, facts })
  const { findingId } = await the('h')
  const ask = async (body: object) =>
    (await world.ask<{ code: string; field?: string }>('POST', `/findings/${findingId}/suppress`, { body })).body
  assert.equal((await ask({ reason: 'x', until: await inHours(24 * 367) })).field, 'until')
  assert.equal((await ask({ reason: 'x', until: await inHours(-1) })).field, 'until')
  assert.equal((await ask({ reason: ' ', until: await inHours(1) })).field, 'reason')
  await see({ resource: 'h', node: shop, facts: undefined })
  assert.equal((await ask({ reason: 'x', until: await inHours(1) })).code, 'IncorrectState')
})

test('I8 only what lies where the caller may read findings is there', async () => {
  const made = [
    { resource: 'of-shop', node: shop, facts },
    { resource: 'of-lab', node: lab, facts },
    { resource: 'of-prod', node: prod, facts },
    { resource: 'of-root', node: root, facts },
  ]
  await see(...made)
  const as = await world.tokenOf('user:paula', 'auditor', prod)
  const seen = (await list('limit=1000', as)).map(({ resource }) => resource)
  assert(seen.includes('of-shop') && seen.includes('of-prod'))
  assert(!seen.includes('of-lab') && !seen.includes('of-root'))
  const { findingId } = await the('of-lab')
  const absent = await world.ask<{ code: string; detail: string }>('GET', `/findings/${findingId}`, { as })
  const nothing = await world.ask<{ code: string; detail: string }>('GET', `/findings/${findingId.slice(0, -3)}fff`, {
    as,
  })
  assert.equal(absent.body.code, 'NotFound')
  assert.equal(
    absent.body.detail.replace(findingId, ''),
    nothing.body.detail.replace(`${findingId.slice(0, -3)}fff`, ''),
  )
  const below = (await list(`node=${prod}&limit=1000`)).map(({ resource }) => resource)
  assert(below.includes('of-shop') && below.includes('of-prod') && !below.includes('of-root'))
  const body = { reason: 'x', until: await inHours(1) }
  const { findingId: seenId } = await the('of-shop')
  assert.equal((await world.ask('POST', `/findings/${seenId}/suppress`, { body, as })).status, 403)
})

test('they are found by their ids, and page by page', async () => {
  const { findingId } = await the('of-shop')
  const { objects } = await world.get<{ objects: { kind: string; items: object[] }[] }>(`/find?q=${findingId}`)
  assert.equal(objects[0]?.kind, 'finding')
  const all = await list('limit=1000')
  const paged: Finding[] = []
  for (let cursor = ''; ; ) {
    const page = await world.get<Page<Finding>>(`/findings?limit=3${cursor}`)
    paged.push(...page.items)
    if (page.nextCursor === undefined) break
    cursor = `&cursor=${page.nextCursor}`
  }
  assert.deepEqual(
    paged.map((one) => one.findingId),
    all.map((one) => one.findingId),
  )
})

test('one of a control that is not known here goes by its name', async () => {
  const later = control({
    name: 'of-a-newer-server',
    severity: 'low',
    about: 'source',
    summary: '.',
    words: () => '',
  })
  await world.store.write((tx) => settle(tx, later, [{ resource: 'i', node: shop, facts: { a: 1 } }]))
  assert.equal((await the('i')).summary, 'of-a-newer-server')
})
