// Snapshots of sources: what holds, what is missing and gone, what is wrong and what breaks off; and a drive with a ledger of its own.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { isLeftToNight } from '../../../test/engines.ts'
import { type Answered, type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { type Organization, withOrganization } from '../../../test/organization.ts'
import { isUnlisted, silentMsMax } from './snapshots.ts'

interface Problem {
  readonly code: string
  readonly detail: string
  readonly field?: string
}
interface Snapshot {
  readonly snapshot: number
  readonly state: string
  readonly lines: number
  readonly added: number
  readonly changed: number
  readonly missing: number
  readonly gone: number
  readonly problems: readonly { readonly line: number; readonly field: string; readonly problem: string }[]
  readonly problemCount: number
  readonly unlistedCount: number
}
interface Observation {
  readonly cidr: string
  readonly id?: string
  readonly name?: string
  readonly account?: string
  readonly presence: string
  readonly firstSeenAt: string
}
type Line = Readonly<Record<string, unknown>>

let world: NativeWorld & Organization
let prod: string
let shop: string
let elsewhere: string
let sources = 0
before(async () => {
  world = await withOrganization(await openNativeWorld())
  prod = await world.unit('prod')
  shop = await world.account('shop', prod)
  elsewhere = await world.account('elsewhere')
})
after(() => world.close())

const makeSource = async (node = world.rootId): Promise<string> => {
  const name = `source ${++sources}`
  const { sourceId } = await world.post<{ sourceId: string }>('/sources', { name, kind: 'csv', node })
  // By its name it can be sent to where the right is bound, which the administrator's is at the top.
  return node === world.rootId ? name : sourceId
}
const pathOf = (source: string): string => `/sources/${encodeURIComponent(source)}/snapshots`
const head = (): Line => {
  world.advance(1_000)
  passed += 1_000
  return { snapshot: { takenAt: new Date(clock()).toISOString(), collector: 'test' } }
}
const clock = (): number => Date.UTC(2026, 0, 1) + passed
let passed = 0
const network = (cidr: string, more: Line = {}): Line => ({ kind: 'network', cidr, id: cidr, ...more })
const textOf = (lines: readonly (Line | string)[]): string =>
  lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
const ends = (observations: readonly Line[], more: Line = {}): Line => ({
  end: { observations: observations.length, ...more },
})
async function sendText<Body = Snapshot>(
  source: string,
  body: string,
  query = '',
  as?: string,
): Promise<Answered<Body>> {
  return world.ask<Body>('POST', `${pathOf(source)}${query}`, {
    body,
    headers: { 'content-type': 'application/x-ndjson' },
    ...(as === undefined ? {} : { as }),
  })
}
async function send(source: string, observations: readonly Line[], more: Line = {}): Promise<Snapshot> {
  const { status, body } = await sendText(source, textOf([head(), ...observations, ends(observations, more)]))
  assert.equal(status, 201, JSON.stringify(body))
  return body
}
async function observed(source: string): Promise<readonly Observation[]> {
  const path = `/sources/${encodeURIComponent(source)}/observations`
  const found: Observation[] = []
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page: { items: Observation[]; nextCursor?: string } = await world.get(
      `${path}?limit=7${cursor === undefined ? '' : `&cursor=${cursor}`}`,
    )
    found.push(...page.items)
    cursor = page.nextCursor
  }
  return found
}
const presences = async (source: string): Promise<Record<string, string>> =>
  Object.fromEntries((await observed(source)).map(({ cidr, presence }) => [cidr, presence]))

describe('what holds', () => {
  test('a snapshot holds as a whole, and says what it brought', async () => {
    const source = await makeSource()
    const first = await send(source, [
      network('10.0.0.0/16', { name: 'one', tags: { env: 'prod' } }),
      network('10.1.0.0/16'),
    ])
    assert.deepEqual(
      { ...first, problems: undefined },
      { ...first, problems: undefined, state: 'complete', lines: 4, added: 2, changed: 0, missing: 0, gone: 0 },
    )
    const second = await send(source, [network('10.0.0.0/16', { name: 'uno' }), network('10.1.0.0/16')])
    assert.deepEqual([second.added, second.changed], [0, 1])
    assert.deepEqual(
      (await observed(source)).map(({ name }) => name),
      ['uno', undefined],
    )
  })

  test('a trial says what it would bring and what is wrong with each line, and nothing of it holds', async () => {
    const source = await makeSource(prod)
    const own = (cidr: string, more: Line = {}): Line => network(cidr, { account: shop, ...more })
    await send(source, [own('10.0.0.0/16'), own('10.1.0.0/16')])
    const before = [await observed(source), (await world.get<{ snapshot: number }>(`/sources/${source}`)).snapshot]
    const lines = [
      head(),
      own('10.0.0.0/16', { name: 'one' }),
      own('10.2.0.0/16', { account: elsewhere }),
      own('10.3.0.0/8'),
      own('10.4.0.0/16'),
    ]
    const { status, body } = await sendText(source, textOf([...lines, ends(lines.slice(1))]), '?isTrial=true')
    assert.equal(status, 201)
    assert.deepEqual(
      [
        body.state,
        body.added,
        body.changed,
        body.problemCount,
        body.problems.map(({ line, field }) => `${line} ${field}`).sort(),
      ],
      ['discarded', 1, 1, 2, ['3 account', '4 cidr']],
    )
    const whole = [head(), own('10.4.0.0/16')]
    const other = await sendText(source, textOf([...whole, ends(whole.slice(1))]), '?isTrial=true')
    assert.deepEqual([other.body.added, other.body.missing, other.body.problemCount], [1, 2, 0])
    assert.deepEqual(
      [await observed(source), (await world.get<{ snapshot: number }>(`/sources/${source}`)).snapshot],
      before,
    )
    assert.equal((await send(source, [own('10.4.0.0/16')])).missing, 2)
  })

  test('what is not in one complete snapshot is missing, in two it is gone, and comes back where it is seen again', async () => {
    const source = await makeSource()
    const both = [network('10.0.0.0/16'), network('10.1.0.0/16')]
    await send(source, both)
    assert.equal((await send(source, both.slice(1))).missing, 1)
    assert.deepEqual(await presences(source), { '10.0.0.0/16': 'missing', '10.1.0.0/16': 'present' })
    assert.equal((await send(source, both.slice(1))).gone, 1)
    const third = await send(source, both.slice(1))
    assert.deepEqual([third.missing, third.gone], [0, 0])
    assert.deepEqual(await presences(source), { '10.0.0.0/16': 'gone', '10.1.0.0/16': 'present' })
    assert.equal((await send(source, both)).changed, 1)
    assert.deepEqual(await presences(source), { '10.0.0.0/16': 'present', '10.1.0.0/16': 'present' })
  })

  test('nothing is taken for gone where it was not listed', async () => {
    const source = await makeSource()
    const ours = network('10.0.0.0/16', { account: shop, locale: 'us-east-1' })
    const theirs = network('10.1.0.0/16', { account: elsewhere, locale: 'us-east-1' })
    await send(source, [ours, theirs])
    const partial = await send(source, [], { unlisted: [{ account: shop, reason: 'access denied' }] })
    assert.deepEqual([partial.state, partial.missing], ['partial', 1])
    assert.deepEqual(await presences(source), { '10.0.0.0/16': 'present', '10.1.0.0/16': 'missing' })
    assert.equal((await send(source, [ours], { unlisted: [{}] })).missing, 0)
  })

  test('a range is its blocks, and equal blocks in two spaces are two', async () => {
    const source = await makeSource()
    await send(source, [
      { kind: 'range', range: '192.0.2.5-192.0.2.8' },
      network('10.0.0.0/16', { space: 'vrf-1' }),
      network('10.0.0.0/16', { space: 'vrf-2' }),
    ])
    const found = await observed(source)
    assert.deepEqual(
      found.map(({ cidr }) => cidr),
      ['192.0.2.5/32', '192.0.2.6/31', '192.0.2.8/32', '10.0.0.0/16', '10.0.0.0/16'],
    )
  })

  test('a snapshot that changes nothing writes nothing but that it was seen', async () => {
    const source = await makeSource()
    const many = Array.from({ length: 1_200 }, (_, index) => network(`10.${index >> 8}.${index & 255}.0/24`))
    await send(source, many)
    const before = await world.store.read(async (tx) => tx.recordLists.lastEntry())
    const { added, changed } = await send(source, many)
    const entries = (await world.store.read(async (tx) => tx.recordLists.lastEntry())) - before
    assert.deepEqual([added, changed], [0, 0])
    // Its beginning and its end.
    assert.equal(entries, 2)
  })
})

describe('what is refused', () => {
  test('each line says what is wrong with it by its number, and nothing of the snapshot holds', async () => {
    const source = await makeSource()
    await send(source, [network('10.9.0.0/16')])
    const wrong = [
      network('10.0.0.1/16'),
      'no json',
      { kind: 'network', cdir: '10.0.0.0/16' },
      { kind: 'cloud', cidr: '10.0.0.0/16' },
      network('10.2.0.0/16', { name: 'a\u0000b' }),
      { kind: 'range', range: '192.0.2.9-192.0.2.5' },
      network('10.0.0.0/16'),
      network('10.0.0.0/16', { name: 'again' }),
    ] as (Line | string)[]
    const text = textOf([head(), ...wrong, { end: { observations: wrong.length } }])
    const refused = await sendText<Problem>(source, text)
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.field],
      [400, 'InvalidParameterValue', 'line 2: cidr'],
    )
    assert.match(refused.body.detail, /host bits.*7 lines are wrong/)
    assert.deepEqual(await presences(source), { '10.9.0.0/16': 'present' })
    const kept = await world.get<Snapshot>(`${pathOf(source)}/2`)
    assert.deepEqual([kept.state, kept.problemCount], ['discarded', 7])
    assert.deepEqual(
      kept.problems.map(({ line, field }) => [line, field]),
      [
        [2, 'cidr'],
        [3, 'line'],
        [4, 'cdir'],
        [5, 'kind'],
        [6, 'name'],
        [7, 'range'],
        [9, 'cidr'],
      ],
    )
  })

  test('with onProblem=skip the other lines hold, and nothing is taken for gone', async () => {
    const source = await makeSource()
    await send(source, [network('10.9.0.0/16')])
    const text = textOf([head(), 'no json', network('10.0.0.0/16'), { end: { observations: 2 } }])
    const { status, body } = await sendText(source, text, '?onProblem=skip')
    assert.deepEqual([status, body.state, body.added, body.missing, body.problemCount], [201, 'partial', 1, 0, 1])
    assert.deepEqual(await presences(source), { '10.9.0.0/16': 'present', '10.0.0.0/16': 'present' })
  })

  test('a snapshot that is cut off, lies about its lines or has something behind its end does not hold', async () => {
    const source = await makeSource()
    const line = network('10.0.0.0/16')
    for (const [lines, expected] of [
      [[head(), line], /cut off after line 2/],
      [[head(), line, { end: { observations: 2 } }], /1 lines with observations came/],
      [[head(), line, { end: { observations: 1 } }, line], /Nothing is expected after the end/],
      [[line, { end: { observations: 1 } }], /first line must be the head/],
      [[], /body is empty/],
      [[{ snapshot: { takenAt: 'today' } }], /A moment is expected/],
      [[{ snapshot: { takenAt: '2027-01-01T00:00:00Z' } }], /in the future/],
    ] as const) {
      const { status, body } = await sendText<Problem>(source, textOf(lines) || '\n')
      assert.equal(status, 400, JSON.stringify(body))
      assert.match(body.detail, expected)
    }
    assert.deepEqual(await observed(source), [])
  })

  test('a snapshot that was taken before the one that holds is refused', async () => {
    const source = await makeSource()
    const early = head()
    await send(source, [network('10.0.0.0/16')])
    const { body } = await sendText<Problem>(source, textOf([early, { end: { observations: 0 } }]))
    assert.match(body.detail, /A later moment than that of snapshot 1/)
  })

  test('a source speaks of its own accounts alone', async () => {
    const source = await makeSource(prod)
    const said = [
      network('10.0.0.0/16', { account: shop }),
      network('10.1.0.0/16', { account: elsewhere }),
      network('10.2.0.0/16', { account: '999999999999' }),
    ]
    const { body } = await sendText(source, textOf([head(), ...said, ends(said)]), '?onProblem=skip')
    assert.deepEqual(
      body.problems.map(({ line, field, problem }) => [line, field, problem.replaceAll(/`[^`]+`/g, 'X')]),
      [3, 4].map((line) => [
        line,
        'account',
        'the source speaks of accounts at X and below, and none there is called so',
      ]),
    )
    assert.deepEqual(await presences(source), { '10.0.0.0/16': 'present' })
  })

  test('while one snapshot is taken no other one is; one that has gone silent is taken back', async () => {
    const source = await makeSource()
    await send(source, [network('10.0.0.0/16')])
    const { sourceId } = await world.get<{ sourceId: string }>(`/sources/${encodeURIComponent(source)}`)
    // As a server leaves it that was killed in the middle.
    await world.store.write(async (tx) => {
      const open = {
        ...(await tx.sources.findSnapshot(sourceId, 1))!,
        number: 2,
        state: 'open' as const,
        endedAt: undefined,
      }
      await tx.sources.insertSnapshot({ ...open, touchedAt: tx.now })
      await tx.sources.change(sourceId, { taking: 2 })
      const [row] = await tx.observations.newestAfter(sourceId, -1, 1)
      await tx.observations.end(sourceId, [row!.number], 2)
      await tx.observations.insert({ ...row!, sinceSnapshot: 2, account: 'half' })
      await tx.observations.insert({ ...row!, number: 1, identity: new Uint8Array(16), sinceSnapshot: 2 })
    })
    assert.deepEqual(await presences(source), { '10.0.0.0/16': 'present' })
    const line = network('10.0.0.0/16')
    const busy = await sendText<Problem>(source, textOf([head(), line, ends([line])]))
    assert.deepEqual([busy.status, busy.body.code], [409, 'IncorrectState'])
    world.advance(silentMsMax + 1_000)
    passed += silentMsMax + 1_000
    const next = await send(source, [line])
    assert.deepEqual([next.snapshot, next.added, next.changed], [3, 0, 0])
    assert.equal((await world.get<Snapshot>(`${pathOf(source)}/2`)).state, 'discarded')
  })

  test('who may report sends snapshots and can do nothing else; others cannot send', async () => {
    const source = await makeSource(prod)
    const reporter = await world.tokenOf('service:collector', 'reporter', prod)
    const line = network('10.0.0.0/16', { account: shop })
    assert.equal((await sendText(source, textOf([head(), line, ends([line])]), '', reporter)).status, 201)
    const path = `/sources/${encodeURIComponent(source)}`
    assert.equal((await world.ask('GET', `${path}/observations`, { as: reporter })).status, 404)
    const auditor = await world.tokenOf('user:auditor', 'auditor', prod)
    const { status, body } = await sendText<Problem>(source, textOf([head(), line, ends([line])]), '', auditor)
    assert.deepEqual([status, body.code], [403, 'NotAuthorized'])
    const stranger = await world.tokenOf('user:stranger', 'auditor', elsewhere)
    const hidden = await sendText<Problem>(source, textOf([head()]), '', stranger)
    const absent = await sendText<Problem>('no source', textOf([head()]), '', stranger)
    assert.equal(hidden.status, 404)
    assert.equal(hidden.body.detail.replace(source, 'X'), absent.body.detail.replace('no source', 'X'))
  })
})

test('a drive: whatever is sent, holds, breaks off or is wrong, the register says what the ledger says', async (t) => {
  if (isLeftToNight(t)) return
  let seed = 20_261_130
  const draw = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * below)
  }
  const source = await makeSource()
  interface Kept {
    name: string
    account: string
    missing: number
    firstSeenAt: string
  }
  const ledger = new Map<string, Kept>()
  for (let round = 0; round < 60; round++) {
    const said = new Map<string, { name: string; account: string }>()
    for (let n = 0; n < 25; n++)
      if (draw(3) > 0) said.set(`10.${n}.0.0/16`, { name: `name ${draw(3)}`, account: `account ${n % 3}` })
    const lines = [...said].map(([cidr, more]) => network(cidr, more))
    const kind = draw(5)
    const first = head()
    if (kind === 0) {
      const { status } = await sendText(source, textOf([first, ...lines]))
      assert.equal(status, 400)
    } else if (kind === 1) {
      const { status } = await sendText(
        source,
        textOf([first, ...lines, 'wrong', { end: { observations: lines.length + 1 } }]),
      )
      assert.equal(status, 400)
    } else {
      const unlisted = kind === 2 ? [{ account: `account ${draw(3)}` }] : []
      const { status } = await sendText(source, textOf([first, ...lines, ends(lines, { unlisted })]))
      assert.equal(status, 201)
      const now = (await observed(source)).find(({ cidr }) => !ledger.has(cidr))?.firstSeenAt ?? ''
      for (const [cidr, more] of said) ledger.set(cidr, { firstSeenAt: now, ...ledger.get(cidr), ...more, missing: 0 })
      for (const [cidr, kept] of ledger)
        if (!said.has(cidr) && !unlisted.some(({ account }) => account === kept.account))
          kept.missing = Math.min(2, kept.missing + 1)
    }
    const expected = [...ledger].map(([cidr, { name, account, missing, firstSeenAt }]) => ({
      cidr,
      name,
      account,
      presence: ['present', 'missing', 'gone'][missing],
      firstSeenAt,
    }))
    const found = (await observed(source)).map(({ cidr, name, account, presence, firstSeenAt }) => ({
      cidr,
      name,
      account,
      presence,
      firstSeenAt,
    }))
    const byCidr = <T extends { cidr: string }>(rows: T[]): T[] => rows.sort((a, b) => (a.cidr < b.cidr ? -1 : 1))
    assert.deepEqual(byCidr(found), byCidr(expected), `round ${round}`)
  }
})

test('I8 what accounts elsewhere are called neither stops a source nor is told by it', async () => {
  const source = await makeSource(prod)
  const line = network('10.0.0.0/16', { account: 'shop' })
  const taken = async (account: string): Promise<number> =>
    (await sendText(source, textOf([head(), { ...line, account }, ends([line])]))).status
  assert.equal(await taken('shop'), 201)
  // Somebody elsewhere calls an account the same.
  await world.account('shop', world.rootId)
  assert.equal(await taken('shop'), 201)
  const { items } = await world.get<{ items: { account?: string }[] }>(
    `/sources/${encodeURIComponent(source)}/differences`,
  )
  assert.deepEqual(
    items.map(({ account }) => account),
    [shop],
  )
  // What is elsewhere and what is nowhere is one answer.
  assert.deepEqual([await taken('elsewhere'), await taken('nowhere')], [400, 400])
})

test('D8 who may not report takes no place from those who may, and is on record', async () => {
  const source = await makeSource(prod)
  const as = await world.tokenOf('user:nobody-here', 'auditor', elsewhere)
  const before = await world.store.read(async (tx) => tx.recordLists.lastEntry())
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => sendText<Problem>(source, textOf([head()]), '', as)),
  )
  assert.deepEqual(new Set(answers.map(({ body }) => body.code)), new Set(['NotFound']))
  assert((await world.store.read(async (tx) => tx.recordLists.lastEntry())) > before)
  const wrong = await world.ask<{ allowed: string[] }>('POST', pathOf(source), { body: { a: 1 } })
  assert.deepEqual([wrong.status, wrong.body.allowed], [415, ['application/x-ndjson']])
})

test('D8 what was taken back counts for nothing, and draws the same numbers again', async () => {
  const source = await makeSource()
  await send(source, [network('10.0.0.0/16')])
  const { sourceId } = await world.get<{ sourceId: string }>(`/sources/${encodeURIComponent(source)}`)
  const counted = () =>
    world.store.read(async (tx) => {
      const { observed, nextNumber } = (await tx.sources.find(sourceId))!
      return [observed, nextNumber]
    })
  for (let round = 0; round < 3; round++) {
    const many = Array.from({ length: 700 }, (_, index) => network(`10.${round + 1}.${index & 255}.${index >> 8}/32`))
    assert.equal((await sendText(source, textOf([head(), ...many]))).status, 400)
    assert.deepEqual(await counted(), [1, 1])
  }
})

test('D3 nothing more is read where nothing can hold any more', async () => {
  const source = await makeSource()
  const wrong = Array.from({ length: 5_000 }, () => '{')
  const { status } = await sendText<Problem>(source, textOf([head(), ...wrong]))
  assert.equal(status, 400)
  const { lines, problemCount } = await world.get<Snapshot>(`${pathOf(source)}/1`)
  assert.deepEqual([lines <= 105, problemCount], [true, 100])
  const skipped = textOf([head(), ...wrong, ...wrong, ...wrong, { end: { observations: 0 } }])
  const { body } = await sendText<Problem>(source, skipped, '?onProblem=skip')
  assert.equal(body.code, 'LimitExceeded')
})

test('lines are named by their numbers, empty ones too', async () => {
  const source = await makeSource()
  const text = `${textOf([head()])}\n\n${textOf(['no json', { end: { observations: 1 } }])}`
  assert.equal((await sendText<Problem>(source, text)).body.field, 'line 4: line')
  const february = await sendText<Problem>(source, textOf([{ snapshot: { takenAt: '2026-02-30T00:00:00Z' } }]))
  assert.equal(february.body.field, 'line 1: snapshot.takenAt')
})

test('I8 a name is a source’s at its node: hidden ones are neither told nor in the way', async () => {
  const ours = await world.tokenOf('user:ours', 'ipam-administrator', prod)
  const make = (node: string, as?: string) =>
    world.ask<Problem & { sourceId: string }>('POST', '/sources', {
      body: { name: 'crown jewels', kind: 'csv', node },
      ...(as === undefined ? {} : { as }),
    })
  const hidden = await make(elsewhere)
  const own = await make(prod, ours)
  assert.deepEqual([hidden.status, own.status], [201, 201])
  assert.equal((await make(prod, ours)).body.code, 'AlreadyExists')
  const path = '/sources/crown%20jewels'
  assert.equal((await world.get<{ sourceId: string }>(path, { as: ours })).sourceId, own.body.sourceId)
  // The administrator's right is bound at neither node, and they are side by side.
  const several = await world.ask<Problem>('GET', path)
  assert.deepEqual([several.status, several.body.field], [400, 'sourceId'])
  // One above goes before those below, and one at the node of their own role before all, whoever gives theirs the same name.
  const central = await make(world.rootId)
  assert.equal((await world.get<{ sourceId: string }>(path)).sourceId, central.body.sourceId)
  const below = await make(shop)
  assert.equal(below.status, 201)
  const collector = await world.tokenOf('user:collector-of-prod', 'reporter', prod)
  const sent = await sendText<Snapshot & { sourceId: string }>(
    'crown jewels',
    textOf([head(), ends([])]),
    '',
    collector,
  )
  assert.deepEqual([sent.status, sent.body.sourceId], [201, own.body.sourceId])
  // A scope that is hidden is as absent.
  const { items } = await world.get<{ items: { ipamId: string }[] }>('/ipams')
  const ipam = items[0] ?? (await world.post<{ ipamId: string }>('/ipams', { account: elsewhere, region: 'us-east-1' }))
  const { scopeId } = await world.post<{ scopeId: string }>('/scopes', { ipamId: ipam.ipamId })
  const change = (scope: string) =>
    world.ask<Problem>('PATCH', `/sources/${own.body.sourceId}`, { body: { scopeId: scope }, as: ours })
  const [one, other] = [await change(scopeId), await change('ipam-scope-0123456789abcdef0')]
  assert.deepEqual([one.status, other.status], [404, 404])
})

test('I8 what is sent by a name goes to nobody below who has a source of that name', async () => {
  const make = (node: string) => world.post<{ sourceId: string }>('/sources', { name: 'fleet', kind: 'csv', node })
  const below = await make(shop)
  const collector = await world.tokenOf('user:collector-of-all', 'reporter', world.rootId)
  const line = network('10.0.0.0/16', { account: 'secret account' })
  const sendTo = (source: string, query = '') =>
    sendText<Snapshot & { sourceId: string } & Problem>(source, textOf([head(), line, ends([line])]), query, collector)
  const refused = await sendTo('fleet', '?onProblem=skip')
  assert.deepEqual([refused.status, refused.body.code, refused.body.field], [400, 'InvalidParameterValue', 'sourceId'])
  assert.match(refused.body.detail!, new RegExp(below.sourceId))
  assert.deepEqual((await world.get<{ items: object[] }>(`/sources/${below.sourceId}/snapshots`)).items, [])
  // By its id it is meant, and so is the one where the right is bound by its name.
  assert.equal((await sendTo(below.sourceId, '?onProblem=skip')).status, 201)
  const central = await make(world.rootId)
  assert.equal((await sendTo('fleet', '?onProblem=skip')).body.sourceId, central.sourceId)
  assert.equal((await world.ask('DELETE', `/sources/${central.sourceId}`)).status, 204)
  assert.equal((await sendTo('fleet')).status, 400)
  // Who may report nowhere is told what they are told of what is not there.
  const nobody = await world.tokenOf('user:no-collector', 'reporter', elsewhere)
  const [hidden, absent] = await Promise.all(
    ['fleet', 'no-fleet'].map((name) => sendText<Problem>(name, textOf([head(), ends([])]), '', nobody)),
  )
  assert.deepEqual([hidden!.status, hidden!.body.code], [404, 'NotFound'])
  assert.deepEqual([absent!.status, absent!.body.code], [404, 'NotFound'])
})

test('a source ends with its account', async () => {
  const account = await world.account('short-lived', prod)
  const source = await makeSource(account)
  assert.equal((await world.ask('DELETE', `/accounts/${account}`)).status, 204)
  assert.equal((await world.ask('GET', `/sources/${encodeURIComponent(source)}`)).status, 404)
})

test('what is in a part that was not listed is told as by comparing with each part', () => {
  const text = fc.constantFrom('', 'a', 'b')
  const place = fc.record({ account: text, locale: text })
  fc.assert(
    fc.property(fc.array(place, { maxLength: 4 }), place, (parts, { account, locale }) => {
      const expected = parts.some(
        (part) => (part.account === '' || part.account === account) && (part.locale === '' || part.locale === locale),
      )
      assert.equal(isUnlisted(parts)({ account, locale }), expected)
    }),
  )
})
