// Tables and objects as people read them: what fits, what is never cut, and what others wrote.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cellOf, columnsOf, fieldOf, inDeclaredOrder, printableJson, renderObject, renderTable } from './table.ts'

const zone = 'UTC'
const longText = 'why it is needed, in more words than fit'
const items = [
  { exceptionId: 'exception-059bb00000000000b', count: 1, at: '2026-11-25T19:54:47.123Z', reason: longText },
  { exceptionId: 'exception-059bb00000000000c', count: 12_345, at: '2026-11-25T19:54:48.000Z', reason: 'short' },
]
const columns = ['exceptionId', 'count', 'at', 'reason']

test('columns are aligned, numbers to the right, moments and numbers as people read them', () => {
  assert.equal(
    renderTable(columns, items, { zone }),
    [
      'EXCEPTION ID                  COUNT  AT                    REASON',
      'exception-059bb00000000000b       1  2026-11-25 19:54:47Z  why it is needed, in more words than fit',
      'exception-059bb00000000000c  12,345  2026-11-25 19:54:48Z  short',
      '',
    ].join('\n'),
  )
})

test('a moment is shown in the time zone of whoever reads it, wherever it stands', () => {
  const [first] = items
  assert.match(renderTable(['at'], items, { zone: 'Europe/Berlin' }), /^2026-11-25 20:54:47\+01:00$/m)
  assert.match(
    renderObject({ at: first!.at, all: [{ at: first!.at }] }, 'Asia/Kolkata'),
    /01:24:47\+05:30[\s\S]*01:24:47\+05:30/,
  )
  assert.equal(cellOf({ at: [first!.at] }, 'America/New_York'), 'at=2026-11-25 14:54:47-05:00')
})

test('a table fits the terminal: texts are cut, ids, moments and numbers never', () => {
  const whole = renderTable(columns, items, { zone }).split('\n')[1]!.length
  for (let width = 20; width <= whole + 1; width++) {
    const text = renderTable(columns, items, { zone, width })
    for (const { exceptionId } of items) assert(text.includes(exceptionId), `${width}: ${text}`)
    assert(text.includes('2026-11-25 19:54:47Z') && text.includes('12,345'), `${width}: ${text}`)
    const isTable = text.startsWith('EXCEPTION ID')
    if (isTable) for (const line of text.split('\n')) assert([...line].length <= width, `${width}: ${line}`)
    // Where even cut texts do not fit, everything is there, line by line.
    else assert(text.includes(longText), `${width}: ${text}`)
    assert.equal(text.includes('…'), isTable && width < whole)
  }
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

test('what others wrote does not steer the terminal', () => {
  const evil = 'a\u001b[2Jb\u0007\u009bc'
  assert.equal(cellOf(evil, zone), 'a\u{fffd}[2Jb\u{fffd}\u{fffd}c')
  assert.doesNotMatch(renderTable(['x'], [{ x: `${evil}\r\n` }], { zone }), /(?!\n)\p{Cc}/u)
  assert.doesNotMatch(renderObject({ x: { y: `${evil}\nz` } }, zone), /(?!\n)\p{Cc}/u)
})

test('what turns the direction of text is shown escaped, in tables, objects, fields and names of members', () => {
  const evil = 'user\u202enimda\u2066\u200f\u061c'
  const shown = String.raw`user\u202enimda\u2066\u200f\u061c`
  assert.equal(cellOf(evil, zone), shown)
  assert.equal(fieldOf([{ name: evil }], 'name'), `${shown}\n`)
  for (const text of [
    renderTable(['x'], [{ x: evil }], { zone }),
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
