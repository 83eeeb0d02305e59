// What one who reports can do to others, and to the disk: what sources say is bounded in bytes, as lists of it are, and whoever sends lets
// others have their turns, and leaves nothing behind.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { createAuthenticator } from '#api/rest/session.ts'
import { parseCidr } from '#model/cidr.ts'
import { type Answered, type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { type Organization, withOrganization } from '../../../test/organization.ts'
import { type IntakeLine, takeSnapshot } from './intake.ts'
import { isUnlisted, silentMsMax, stepSizes } from './snapshots.ts'
import {
  formerBytesKept,
  observedBytesMax,
  observedBytesOfSourceMax,
  observedBytesPerTopUnitMax,
} from './source-bytes.ts'
import { sourcesMax } from './sources.ts'
import { tidySources, untidySource } from './upkeep.ts'

let world: NativeWorld & Organization
let prod: string
let account: string
let sources = 0
before(async () => {
  world = await withOrganization(await openNativeWorld())
  prod = await world.unit('prod')
  account = await world.account('shop', prod)
})
after(() => world.close())

interface Problem {
  readonly code: string
  readonly field?: string
  readonly countedFor?: string
}
interface Page {
  readonly items: readonly Readonly<Record<string, unknown>>[]
  readonly nextCursor?: string
}
type Line = Readonly<Record<string, unknown>>

const makeSource = async (node = world.rootId): Promise<string> => {
  const body = { name: `source ${++sources}`, kind: 'csv', node }
  return (await world.post<{ sourceId: string }>('/sources', body)).sourceId
}
const head = async (): Promise<Line> => {
  world.advance(1_000)
  return { snapshot: { takenAt: new Date(await world.store.read(async (tx) => tx.now)).toISOString() } }
}
const textOf = (lines: readonly Line[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('')
const network = (n: number, more: Line = {}): Line => ({
  account,
  kind: 'network',
  cidr: `10.${n >> 8}.${n & 255}.0/24`,
  ...more,
})
const send = async <Body = Problem>(source: string, lines: readonly Line[], query = ''): Promise<Answered<Body>> =>
  world.ask<Body>('POST', `/sources/${source}/snapshots${query}`, {
    headers: { 'content-type': 'application/x-ndjson' },
    body: textOf([await head(), ...lines, { end: { observations: lines.length } }]),
  })
const sourceOf = (id: string) => world.store.read(async (tx) => (await tx.sources.find(id))!)
const weightOf = async (id: string): Promise<readonly number[]> => {
  const { bytes, formerBytes } = await sourceOf(id)
  return [bytes, formerBytes]
}
/** What the versions that there are come to. */
const counted = async (id: string): Promise<readonly number[]> => {
  const rows = await world.database.select(
    `select until_snapshot is null as newest, bytes from observation where source_id = '${id}'`,
  )
  const sumOf = (isNewest: boolean) =>
    rows.reduce((sum, { newest, bytes }) => sum + (Boolean(newest) === isNewest ? Number(bytes) : 0), 0)
  return [sumOf(true), sumOf(false)]
}
const tidyAll = async (): Promise<void> => {
  for (let turns = 0; (await world.store.read(async (tx) => untidySource(tx))) !== undefined; turns++) {
    assert(turns < 100, 'it comes to its end')
    await world.store.write(async (tx) => void (await tidySources(tx)))
  }
}

test('D8 what a source says is weighed: what changes counts twice, what is taken back not at all', async () => {
  const source = await makeSource()
  const lines = (name: string) => [1, 2, 3].map((n) => network(n, { name: `${name} ${n}` }))
  assert.equal((await send(source, lines('one'))).status, 201)
  const [first, none] = await weightOf(source)
  assert(first! > 30)
  assert.equal(none, 0)
  assert.deepEqual(await weightOf(source), await counted(source))
  await send(source, lines('other'))
  assert.equal((await weightOf(source))[1], first)
  const before = await weightOf(source)
  assert.deepEqual(before, await counted(source))
  assert.equal((await send(source, [...lines('broken'), { kind: 'nothing' }])).status, 400)
  assert.deepEqual(await weightOf(source), before)
  // What is missing has another version, and what is forgotten counts no more.
  await send(source, [])
  await send(source, [])
  assert.deepEqual(await weightOf(source), await counted(source))
  assert.equal((await weightOf(source))[1], 2 * before[0]! + first!)
  await world.store.write((tx) => tx.sources.change(source, { snapshot: 1_000 }))
  await tidyAll()
  assert.deepEqual(await weightOf(source), await counted(source))
  assert.deepEqual(await weightOf(source), [0, 2 * before[0]! + first!])
})

test('D8 so many bytes a source says, all below a unit at the top, and all together', async () => {
  const source = await makeSource(prod)
  const other = await makeSource(prod)
  const ofAll = await makeSource()
  const heavy = (id: string, bytes: number) => world.store.write((tx) => tx.sources.change(id, { bytes }))
  const refusedFor = async (id: string): Promise<string> => {
    const { status, body } = await send(id, [network(1, { tags: { more: 'x'.repeat(100) } })])
    return status === 201 ? 'taken' : `${body.code} ${body.countedFor}`
  }
  await heavy(source, observedBytesOfSourceMax - 50)
  assert.match(await refusedFor(source), /^LimitExceeded source/)
  await heavy(source, 0)
  await heavy(other, observedBytesPerTopUnitMax - 50)
  assert.match(await refusedFor(source), new RegExp(`^LimitExceeded unit .${prod}`))
  assert.equal(await refusedFor(ofAll), 'taken')
  await heavy(other, 0)
  await heavy(ofAll, observedBytesMax - 50)
  assert.match(await refusedFor(source), /^LimitExceeded the whole installation/)
  assert.match(await refusedFor(await makeSource()), /^LimitExceeded the whole installation/)
  await heavy(ofAll, 0)
  assert.equal(await refusedFor(source), 'taken')
})

test('D8 of what a source said before no more is kept than it says now, or some: the oldest goes first', async () => {
  const source = await makeSource()
  for (const name of ['a', 'b', 'c']) await send(source, [network(1, { name })])
  const versions = async () =>
    (
      await world.database.select(`select since_snapshot from observation where source_id = '${source}' order by 1`)
    ).map((row) => Number(row.since_snapshot))
  const heavy = () => world.store.write((tx) => tx.sources.change(source, { formerBytes: formerBytesKept + 1 }))
  assert.deepEqual(await versions(), [1, 2, 3])
  await heavy()
  await tidyAll()
  // What ended with the last one is still read by lists that have begun.
  assert.deepEqual(await versions(), [2, 3])
  await send(source, [network(1, { name: 'd' })])
  await heavy()
  // Whoever sends does it for themselves, and need not wait for a job.
  assert.equal((await send(source, [network(1, { name: 'e' })])).status, 201)
  assert.deepEqual(await versions(), [3, 4, 5])
})

test('D3 pages of what is heavy end by their bytes, and go on', async () => {
  const source = await makeSource()
  const tags = Object.fromEntries(Array.from({ length: 200 }, (_, key) => [`key-${key}`, 'x'.repeat(250)]))
  const lines = Array.from({ length: 150 }, (_, n) => network(n, { tags }))
  assert.equal((await send(source, lines)).status, 201)
  const problems = Array.from({ length: 100 }, (_, n) => ({
    line: n + 1,
    field: 'cidr',
    value: 'v',
    problem: 'p'.repeat(1_000),
  }))
  await world.store.write(async (tx) => {
    const last = (await tx.sources.findSnapshot(source, 1))!
    for (let number = 2; number <= 100; number++)
      await tx.sources.insertSnapshot({ ...last, number, state: 'discarded', problems })
  })
  for (const [what, count] of [
    ['observations', 150],
    ['snapshots', 100],
    ['differences', 150],
  ] as const) {
    let [seen, pages] = [0, 0]
    for (let cursor: string | undefined; pages === 0 || cursor !== undefined; pages++) {
      const page: Page = await world.get(`/sources/${source}/${what}?limit=1000${cursor ? `&cursor=${cursor}` : ''}`)
      const bytes = JSON.stringify(page).length
      assert(bytes < 5_000_000, `${what}: ${bytes} on one page`)
      seen += page.items.length
      cursor = page.nextCursor
    }
    assert.equal(seen, count, what)
    assert(pages > 1, `${what}: ${pages}`)
  }
})

/** Turns of the event loop that others have while a request is taken. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let isOver = false
  const count = (): void => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  await work()
  isOver = true
  return turns
}

test('D1 whoever sends very many short lines, or empty ones, lets others have their turns in between', async () => {
  const source = await makeSource()
  const kilobytes = 256
  const sendText = async (body: string) =>
    world.ask('POST', `/sources/${source}/snapshots?onProblem=skip`, {
      headers: { 'content-type': 'application/x-ndjson' },
      body,
    })
  const turns = await turnsDuring(() => sendText('\n'.repeat(kilobytes * 1_024)))
  assert(turns >= kilobytes / 2, `${turns} turns for ${kilobytes} KiB of nothing`)
  const wrong = `${textOf([await head()])}${'{\n'.repeat(9_000)}`
  const between = await turnsDuring(() => sendText(wrong))
  assert(between >= wrong.length / 2_048, `${between} turns for ${wrong.length} bytes of wrong lines`)
})

test('D8 whoever loses the right in the middle leaves the source to others at once', async () => {
  const source = await makeSource(prod)
  const as = await world.tokenOf('user:dismissed', 'reporter', prod)
  const { items } = await world.get<{ items: { bindingId: string }[] }>('/role-bindings?principal=user:dismissed')
  const first = await head()
  async function* body() {
    yield textOf([first, ...Array.from({ length: 400 }, (_, n) => network(n))])
    // What came so far has been taken.
    for (let turns = 0; (await counted(source))[0] === 0; turns++) {
      assert(turns < 10_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal((await world.ask('DELETE', `/role-bindings/${items[0]!.bindingId}`)).status, 204)
    yield textOf([...Array.from({ length: 400 }, (_, n) => network(400 + n)), { end: { observations: 800 } }])
  }
  const { statusCode } = await world.app.inject({
    method: 'POST',
    url: `/api/v1/sources/${source}/snapshots`,
    headers: { authorization: `Bearer ${as}`, 'content-type': 'application/x-ndjson' },
    payload: Readable.from(body()),
  })
  assert.equal(statusCode, 404)
  assert.deepEqual(await counted(source), [0, 0])
  assert.equal((await send(source, [network(1)])).status, 201)
})

test('D8 sources that somebody makes and deletes again and again count against their own unit, and hold up nothing else', async () => {
  const as = await world.tokenOf('user:churns', 'ipam-administrator', prod)
  const source = await makeSource(prod)
  await send(source, [network(1)])
  await world.store.write(async (tx) => {
    const like = (await tx.sources.find(source))!
    for (let n = 0; n < sourcesMax; n++) {
      await tx.sources.insert({ ...like, id: `${source}-${n}`, name: `gone ${n}`, deletedAt: tx.now })
    }
    const last = (await tx.sources.findSnapshot(source, 1))!
    await tx.sources.insertSnapshot({ ...last, number: 2, state: 'open', endedAt: undefined, touchedAt: tx.now })
    await tx.sources.change(source, { taking: 2 })
  })
  const create = (node: string, name: string, who?: string) =>
    world.ask<Problem>('POST', '/sources', { body: { name, kind: 'csv', node }, ...(who && { as: who }) })
  const elsewhere = await world.unit('elsewhere')
  const other = await world.tokenOf('user:others', 'ipam-administrator', elsewhere)
  assert.equal((await create(elsewhere, 'ours', other)).status, 201)
  const { status, body } = await create(prod, 'one more', as)
  assert.deepEqual([status, body.code, body.countedFor?.includes(prod)], [409, 'LimitExceeded', true])
  // A snapshot that went silent is taken back all the same, long before those are gone.
  world.advance(silentMsMax + 1)
  for (let turns = 0; (await sourceOf(source)).taking !== undefined; turns++) {
    assert(turns < 20)
    world.advance(1)
    await world.store.write(async (tx) => void (await tidySources(tx)))
  }
})

test('D7 the end of a snapshot names very many parts that were not listed, and each row is looked at once', async () => {
  let looks = 0
  const parts = Array.from({ length: 4_000 }, (_, n) => ({
    account: `account ${n}`,
    get locale() {
      looks++
      return n % 2 === 0 ? '' : 'eu'
    },
  }))
  const isOne = isUnlisted(parts)
  const before = looks
  const asked = [
    ['account 2', 'us'],
    ['account 3', 'eu'],
    ['account 3', 'us'],
    ['account 4001', ''],
  ] as const
  assert.deepEqual(
    asked.map(([account, locale]) => isOne({ account, locale })),
    [true, true, false, false],
  )
  assert.equal(looks, before)
  const ofLocale = isUnlisted([{ account: '', locale: 'eu' }])
  assert.deepEqual([ofLocale({ account: 'a', locale: 'eu' }), ofLocale({ account: 'a', locale: 'us' })], [true, false])
  assert(isUnlisted([{ account: '', locale: '' }])({ account: 'a', locale: 'eu' }))
})

test('D8 whose token ends in the middle leaves the source to others at once', async () => {
  const source = await makeSource(prod)
  const as = await world.tokenOf('service:leaked', 'reporter', prod)
  const { tokenId } = await world.get<{ tokenId: string }>('/me', { as })
  const first = await head()
  async function* body() {
    yield textOf([first, ...Array.from({ length: 400 }, (_, n) => network(n))])
    for (let turns = 0; (await counted(source))[0] === 0; turns++) {
      assert(turns < 10_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal((await world.ask('DELETE', `/tokens/${tokenId}`)).status, 200)
    yield textOf([...Array.from({ length: 400 }, (_, n) => network(400 + n)), { end: { observations: 800 } }])
  }
  const { statusCode } = await world.app.inject({
    method: 'POST',
    url: `/api/v1/sources/${source}/snapshots`,
    headers: { authorization: `Bearer ${as}`, 'content-type': 'application/x-ndjson' },
    payload: Readable.from(body()),
  })
  assert.equal(statusCode, 401)
  assert.equal((await send(source, [network(1)])).status, 201)
})

test('S4 each snapshot that is refused is on record as refused, once, whatever it was refused for', async () => {
  const source = await makeSource()
  const path = `/sources/${source}/snapshots`
  const ndjson = { 'content-type': 'application/x-ndjson' }
  const line = textOf([network(1)])
  const begun = async () => textOf([await head()])
  const bad: readonly (readonly [string, string, Record<string, string>, string])[] = [
    ['', 'x', { 'content-type': 'text/plain' }, 'UnsupportedMediaType'],
    ['?more=1', await begun(), ndjson, 'UnknownParameter'],
    ['', await begun(), { ...ndjson, 'idempotency-key': 'a-key' }, 'InvalidParameterValue'],
    ['', line, ndjson, 'MalformedRequest'],
    ['', `${await begun()}${line}`, ndjson, 'MalformedRequest'],
    ['', `${await begun()}wrong\n{"end":{"observations":1}}\n`, ndjson, 'InvalidParameterValue'],
    ['', `${await begun()}{"end":{"observations":1}}\n`, ndjson, 'InvalidParameterValue'],
  ]
  const refusals = async () => {
    const page = await world.get<{ items: { outcome: string }[] }>('/changes?action=sendSnapshot&limit=1000')
    return page.items.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'Success')
  }
  for (const [query, body, headers, code] of bad) {
    const before = await refusals()
    const answer = await world.ask<Problem>('POST', `${path}${query}`, { headers, body })
    assert.equal(answer.body.code, code, JSON.stringify(answer.body))
    assert.deepEqual(await refusals(), [code, ...before])
    // As every other request has the header's name.
    if ('idempotency-key' in headers) assert.equal(answer.body.field, 'Idempotency-Key')
  }
  const old = textOf([{ snapshot: { takenAt: '2020-01-01T00:00:00Z' } }, { end: { observations: 0 } }])
  await send(source, [])
  const before = await refusals()
  assert.equal((await world.ask('POST', path, { headers: ndjson, body: old })).status, 400)
  assert.equal((await refusals()).length, before.length + 1)
})

test('D8 beside others a snapshot is taken, looked through and taken back in shorter steps', async () => {
  const texts = { space: '', id: '', key: '', account: '', locale: '' }
  const observed = { kind: 'network', ...texts, tags: {}, state: 'in-use' } as const
  const lines = Array.from({ length: 400 }, (_, n) => ({
    line: n + 2,
    observations: [{ ...observed, cidr: parseCidr(`10.${n >> 8}.${n & 255}.0/24`)! }],
  }))
  const principal = await createAuthenticator(world.store)(
    `Bearer ${await world.tokenOf('user:steps', 'reporter', world.rootId)}`,
  )
  const call = { principal: principal!, region: 'global', requestId: 'steps', sourceAddress: '127.0.0.1', input: {} }
  async function stepsOf(isCrowded: boolean, last: IntakeLine): Promise<readonly number[]> {
    const sourceId = await makeSource()
    const counts: number[] = []
    const run = async (access: 'read' | 'write', work: unknown) => {
      const before = await rowsOf()
      const answer = await world.executor.execute({ name: 'sendSnapshot', access, run: work } as never, call)
      counts.push(Math.abs((await rowsOf()) - before))
      return answer.output as never
    }
    const rowsOf = async () =>
      (await world.database.select(`select 1 as one from observation where source_id = '${sourceId}'`)).length
    const steps = {
      read: (work: unknown) => run('read', work),
      write: (work: unknown) => run('write', work),
      undo: (work: unknown) => run('write', work),
      isCrowded: () => isCrowded,
    }
    const takenAt = await world.store.read(async (tx) => tx.now)
    async function* all(): AsyncGenerator<IntakeLine> {
      yield { line: 1, head: { takenAt, collector: '' } }
      yield* lines
      yield last
    }
    await takeSnapshot(steps as never, { sourceId, onProblem: 'discard' }, all()).catch((error: unknown) => {
      if (!('wrong' in last)) throw error
    })
    return counts
  }
  const end: IntakeLine = { line: 402, end: { observations: 400, unlisted: [] } }
  const wrong: IntakeLine = { line: 402, wrong: { field: 'line', value: '', problem: '' } }
  assert.equal(Math.max(...(await stepsOf(false, end))), stepSizes.alone.observations)
  assert.equal(Math.max(...(await stepsOf(true, end))), stepSizes.besideOthers.observations)
  assert.equal(Math.max(...(await stepsOf(true, wrong))), stepSizes.besideOthers.takenBack)
})
