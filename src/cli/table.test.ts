// Tables and objects as people read them: what fits, what is never cut, and what others wrote.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { paintOf } from './paint.ts'
import { printableJson } from './printable.ts'
import { cellOf, columnsOf, fieldOf, inDeclaredOrder, renderObject, renderTable } from './table.ts'
import { usageOf } from './tree.ts'

const zone = 'UTC'
const longText = 'why it is needed, in more words than fit'
const items = [
  { exceptionId: 'exception-059bb00000000000b', count: 1, at: '2026-11-25T19:54:47.123Z', reason: longText },
  { exceptionId: 'exception-059bb00000000000c', count: 12_345, at: '2026-11-25T19:54:48.000Z', reason: 'short' },
]
const columns = ['exceptionId', 'count', 'at', 'reason']

const tableOf = (...given: Parameters<typeof renderTable>): string => renderTable(...given).text

test('columns are aligned, numbers to the right, moments and numbers as people read them', () => {
  assert.equal(
    tableOf(columns, items, { zone }),
    [
      'EXCEPTION ID                  COUNT  AT (UTC)             REASON',
      'exception-059bb00000000000b       1  2026-11-25 19:54:47  why it is needed, in more words than fit',
      'exception-059bb00000000000c  12,345  2026-11-25 19:54:48  short',
      '',
    ].join('\n'),
  )
})

test('a moment is shown in the time zone of whoever reads it, wherever it stands', () => {
  const [first] = items
  assert.equal(tableOf(['at'], items.slice(0, 1), { zone: 'Europe/Berlin' }), 'AT (+01:00)\n2026-11-25 20:54:47\n')
  // The clocks went back in between: each moment says its own.
  const across = [{ at: '2026-10-25T00:30:00Z' }, { at: '2026-10-25T01:30:00Z' }, {}]
  assert.equal(
    tableOf(['at'], across, { zone: 'Europe/Berlin' }),
    'AT\n2026-10-25 02:30:00+02:00\n2026-10-25 02:30:00+01:00\n\n',
  )
  assert.match(
    renderObject({ at: first!.at, all: [{ at: first!.at }] }, 'Asia/Kolkata'),
    /01:24:47\+05:30[\s\S]*01:24:47\+05:30/,
  )
  assert.equal(cellOf({ at: [first!.at] }, 'America/New_York'), 'at=2026-11-25 14:54:47-05:00')
})

// Widths -------------------------------------------------------------------------------------------------------------

const pools = [
  {
    poolId: 'ipam-pool-2b',
    cidrs: ['10.0.0.0/8'],
    state: 'active',
    note: 'All private space of Acme',
    account: '111111111111',
  },
  {
    poolId: 'ipam-pool-3b',
    cidrs: ['10.16.0.0/16', '10.18.0.0/16', '10.20.0.0/16'],
    state: 'active',
    account: '111111111111',
  },
]
const poolColumns = ['poolId', 'cidrs', 'state', 'makers', 'note', 'account']

test('at 200 columns everything is there, at 80 and 60 columns what matters most', () => {
  const at = (width: number) => renderTable(poolColumns, pools, { zone, width })
  assert.deepEqual(at(200), {
    text: [
      'POOL ID       CIDRS                                     STATE   MAKERS  NOTE                       ACCOUNT',
      'ipam-pool-2b  10.0.0.0/8                                active          All private space of Acme  111111111111',
      'ipam-pool-3b  10.16.0.0/16, 10.18.0.0/16, 10.20.0.0/16  active                                     111111111111',
      '',
    ].join('\n'),
    leftOut: [],
  })
  assert.deepEqual(at(80), {
    text: [
      'POOL ID       CIDRS            STATE   NOTE                       ACCOUNT',
      'ipam-pool-2b  10.0.0.0/8       active  All private space of Acme  111111111111',
      'ipam-pool-3b  10.16.0.0/16 +2  active                             111111111111',
      '',
    ].join('\n'),
    leftOut: [],
  })
  assert.deepEqual(at(60), {
    text: [
      'POOL ID       CIDRS            STATE   NOTE',
      'ipam-pool-2b  10.0.0.0/8       active  All private space of…',
      'ipam-pool-3b  10.16.0.0/16 +2  active',
      '',
    ].join('\n'),
    leftOut: ['account'],
  })
  assert.deepEqual(renderTable(poolColumns, pools, { zone }).leftOut, [])
})

test('a table stays one at every width: no line is wider, texts and lists are cut, ids, moments and numbers never', () => {
  const words = new Set(items.flatMap((item) => tableOf(columns, [item], { zone }).split('\n')[1]!.split(/ {2,}/)))
  const whole = tableOf(columns, items, { zone }).split('\n')[1]!.length
  for (let width = 27; width <= whole + 1; width++) {
    const { text, leftOut } = renderTable(columns, items, { zone, width })
    const lines = text.split('\n')
    assert.equal(lines.length, 4)
    for (const line of lines) assert(line.length <= width, `${width}: ${line}`)
    for (const { exceptionId } of items) assert(text.includes(exceptionId), `${width}: ${text}`)
    for (const cell of lines.slice(1, 3).flatMap((line) => line.split(/ {2,}/))) {
      assert(cell === '' || words.has(cell) || longText.startsWith(cell.replace('…', '')), `${width}: ${cell}`)
    }
    assert.deepEqual(leftOut, columns.slice(lines[0]!.split(/ {2,}/).length))
  }
  // What names the line is there, whatever its width.
  assert.match(tableOf(columns, items, { zone, width: 10 }), /^EXCEPTION ID\nexception-059bb00000000000b\n/)
  assert.match(tableOf(['cidrs'], pools, { zone, width: 30 }), /^10\.16\.0\.0\/16, 10\.18\.0\.0\/16 \+1$/m)
})

test('wide characters, emoji and marks take the columns that a terminal gives them, and are never cut in half', () => {
  const rows = [
    { name: '東京のネットワーク 中央', x: 1 },
    { name: '👩‍👩‍👧 family net', x: 2 },
    { name: 'e\u0301te\u0301', x: 3 },
  ]
  assert.equal(
    tableOf(['name', 'x'], rows, { zone }),
    [
      'NAME                     X',
      '東京のネットワーク 中央  1',
      '👩‍👩‍👧 family net            2',
      'e\u0301te\u0301                      3',
      '',
    ].join('\n'),
  )
  assert.equal(
    tableOf(['name', 'x'], rows, { zone, width: 16 }),
    ['NAME           X', '東京のネット…  1', '👩‍👩‍👧 family net  2', 'e\u0301te\u0301            3', ''].join('\n'),
  )
})

test('ids are shown in their short form where somebody asks, in lists too, and never inside of what somebody wrote', () => {
  const shorten = (text: string): string => (text === 'ipam-pool-00000000000000001' ? 'ipam-pool-1' : text)
  const id = 'ipam-pool-00000000000000001'
  const [, line] = tableOf(['id', 'all', 'note'], [{ id, all: [id, 'x'], note: `see ${id}` }], { zone, shorten }).split(
    '\n',
  )
  assert.equal(line, `ipam-pool-1  ipam-pool-1, x  see ${id}`)
})

test('colour says nothing of its own: without it the same text is left', () => {
  const rows = [
    { id: 'a', state: 'failed-provision' },
    { id: 'b', state: 'allocated' },
    { id: 'c', state: 'other' },
  ]
  const coloured = tableOf(['id', 'state'], rows, { zone, paint: paintOf(true) })
  assert.ok(coloured.includes('\u001b[31mfailed-provision\u001b[39m'), coloured)
  assert.ok(coloured.includes('\u001b[32mallocated\u001b[39m'), coloured)
  assert.match(coloured, / other\n$/)
  const used = [
    { id: 'a', used: usageOf(500) },
    { id: 'b', used: usageOf(800) },
    { id: 'c', used: usageOf(1_000) },
  ]
  const tree = tableOf(['id', 'used'], used, {
    zone,
    paint: paintOf(true),
    whole: 'used',
    drawings: ['', '├─ ', '└─ '],
  })
  const [, , filling, full] = tree.split('\n')
  assert.ok(filling!.startsWith('\u001b[2m├─ \u001b[22mb'), tree)
  assert.ok(filling!.includes('\u001b[33m████████··  80.0%\u001b[39m'), tree)
  assert.ok(full!.includes('\u001b[31m██████████ 100.0%\u001b[39m'), tree)
  assert.equal(stripVTControlCharacters(coloured), tableOf(['id', 'state'], rows, { zone }))
})

test('an object is a line for each member, and what has parts of its own is indented', () => {
  const value = {
    policyId: 'ipam-policy-1',
    tags: { env: 'prod' },
    groups: [],
    absent: undefined,
    scopes: ['read', 'role'],
    rules: [{ poolId: 'ipam-pool-1', when: { accounts: ['1', '2'] } }, { poolId: 'ipam-pool-2' }],
    text: 'one\ntwo',
  }
  assert.equal(
    renderObject(value, zone),
    [
      'policyId  ipam-policy-1',
      'tags',
      '  env  prod',
      'groups    none',
      'scopes    read, role',
      'rules',
      '- poolId  ipam-pool-1',
      '  when',
      '    accounts  1, 2',
      '- poolId  ipam-pool-2',
      'text',
      '  one',
      '  two',
      '',
    ].join('\n'),
  )
})

test('numbers of addresses are grouped, however large, and what only looks like one is not', () => {
  const value = { free: String(1n << 64n), account: '111111111111', at: 3 }
  assert.equal(
    renderObject(value, zone, ['free']),
    'free     18,446,744,073,709,551,616\naccount  111111111111\nat       3\n',
  )
})

test('what others wrote does not steer the terminal', () => {
  const evil = 'a\u001b[2Jb\u0007\u009bc'
  assert.equal(cellOf(evil, zone), 'a\u{fffd}[2Jb\u{fffd}\u{fffd}c')
  assert.doesNotMatch(tableOf(['x'], [{ x: `${evil}\r\n` }], { zone }), /(?!\n)\p{Cc}/u)
  assert.doesNotMatch(renderObject({ x: { y: `${evil}\nz` } }, zone), /(?!\n)\p{Cc}/u)
})

test('what turns the direction of text is shown escaped, in tables, objects, fields and names of members', () => {
  const evil = 'user\u202enimda\u2066\u200f\u061c'
  const shown = String.raw`user\u202enimda\u2066\u200f\u061c`
  assert.equal(cellOf(evil, zone), shown)
  assert.equal(fieldOf([{ name: evil }], 'name'), `${shown}\n`)
  for (const text of [
    tableOf(['x'], [{ x: evil }], { zone }),
    renderObject({ tags: { [evil]: evil } }, zone),
    cellOf({ [evil]: 1 }, zone),
  ]) {
    assert.ok(text.includes(shown), text)
    assert.doesNotMatch(text, /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/)
  }
  const json = printableJson(JSON.stringify({ [evil]: `${evil}\u009b` }))
  assert.doesNotMatch(json, /[\u0080-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/)
  assert.deepEqual(JSON.parse(json), { [evil]: `${evil}\u009b` })
})

test('without columns a table has every member that is not an object, and a cell squeezes those', () => {
  assert.deepEqual(columnsOf([{ a: 1, b: {} }, { c: 'x' }]), ['a', 'c'])
  assert.equal(cellOf({ key: 'team', value: undefined, sizes: [16, 24] }, zone), 'key=team sizes=16, 24')
  assert.equal(cellOf('111111111111', zone), '111111111111')
})

test('one member is printed as it is, a line each; one that nothing has is refused with those that there are', () => {
  assert.equal(fieldOf(items, 'count'), '1\n12345\n')
  assert.equal(fieldOf(items, 'at'), '2026-11-25T19:54:47.123Z\n2026-11-25T19:54:48.000Z\n')
  const nested = [{ by: { name: 'ada' }, rules: [{ poolId: 'a' }] }, { by: null }]
  assert.equal(fieldOf(nested, 'by.name'), 'ada\n\n')
  assert.equal(fieldOf(nested, 'rules.0.poolId'), 'a\n\n')
  assert.equal(fieldOf(nested, 'by'), '{"name":"ada"}\n\n')
  assert.equal(fieldOf([{ text: 'a\u001b[2J' }], 'text'), 'a\ufffd[2J\n')
  assert.equal(fieldOf([], 'anything'), '')
  assert.throws(() => fieldOf(nested, 'by.age'), /no `by\.age`; it has by, rules\./)
  assert.throws(() => fieldOf([{}], 'constructor'), /no `constructor`/)
})

test('an answer is shown in the order of its declaration, whatever order it came in', () => {
  const answer = { z: 1, list: [{ b: 1, a: 2 }], policy: { version: 2, policyId: 'p', new: true }, id: 'x' }
  const shown = inDeclaredOrder(answer, ['id', 'absent', 'policy', 'policy.policyId', 'policy.version', 'list.*', 'z'])
  assert.equal(
    JSON.stringify(shown),
    JSON.stringify({ id: 'x', policy: { policyId: 'p', version: 2, new: true }, list: [{ b: 1, a: 2 }], z: 1 }),
  )
})
