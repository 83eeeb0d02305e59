// What is kept from one transaction to the next, and when it is dropped.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { keyOf } from './key.ts'
import { ConnectionMemory, type EntryMark, type Found, type KeptName, Memory } from './memory.ts'

const rules: KeptName<string> = { name: 'rules' }
const immutable: KeptName<string> = { name: 'immutable', isImmutable: true }
const entry = (n: number, requestId = `request-${n}`): EntryMark => ({ n, at: 1_000 + n, requestId })
/** A database as far as a memory asks for it: what is on record, and where it is. */
interface Place {
  identity: string
  entries: EntryMark[]
}
const placeOf = (...entries: EntryMark[]): Place => ({ identity: 'here', entries })
const findIn = ({ identity, entries }: Place, asked: EntryMark | undefined): Found => ({
  identity,
  newest: entries.at(-1),
  hasAsked: asked === undefined || entries.some(({ n, requestId }) => n === asked.n && requestId === asked.requestId),
})
/** Begins a transaction; answers whether the database is another one than before. */
const begin = (connection: ConnectionMemory, place: Place): boolean =>
  connection.meet(findIn(place, connection.start(false)))
function commit(connection: ConnectionMemory, place: Place, written: EntryMark): void {
  connection.entry = written
  place.entries.push(written)
  connection.commit()
}

describe('what a transaction adds', () => {
  test('is seen by itself, by others once it has committed, and never where it was rolled back', () => {
    const [memory, place] = [new Memory(), placeOf(entry(1))]
    const [one, other] = [new ConnectionMemory(memory), new ConnectionMemory(memory)]
    const rows = one.facts<string, number>(10)
    begin(one, place)
    rows.set('a', 1)
    one.keep(rules, 'draft', false)
    begin(other, place)
    assert.deepEqual([rows.get('a'), one.find(rules), other.find(rules)], [1, 'draft', undefined])
    one.rollback()
    begin(one, place)
    assert.deepEqual([rows.get('a'), one.find(rules)], [undefined, undefined])
    rows.set('a', 2)
    one.keep(rules, 'kept', false)
    commit(one, place, entry(2))
    begin(one, place)
    begin(other, place)
    assert.deepEqual([rows.get('a'), one.find(rules), other.find(rules)], [2, 'kept', 'kept'])
  })

  test('does not reach what is committed before the commit, also where it is changed in place', () => {
    const [connection, place] = [new ConnectionMemory(new Memory()), placeOf()]
    const counters = connection.states<number, { free: number }>(10)
    const own = (pool: number) => counters.own(pool, (value) => ({ ...value }))
    begin(connection, place)
    counters.set(7, { free: 9 })
    commit(connection, place, entry(1))
    connection.start(true)
    own(7)!.free--
    connection.rollback()
    connection.start(true)
    assert.equal(own(7)!.free, 9)
    own(7)!.free--
    connection.commit()
    connection.start(true)
    assert.equal(own(7)!.free, 8)
    begin(connection, place)
    assert.equal(own(7), undefined)
  })

  test('is bounded, and what one transaction uses is gone with it', () => {
    const [connection, place] = [new ConnectionMemory(new Memory()), placeOf()]
    const rows = connection.facts<number, number>(10)
    const scratch = connection.scratch<number, number>()
    for (let round = 0; round < 5; round++) {
      begin(connection, place)
      assert.equal(scratch.size, 0)
      scratch.set(1, 1)
      for (let n = 0; n < 4; n++) rows.set(round * 4 + n, n)
      commit(connection, place, entry(round))
    }
    const known = Array.from({ length: 20 }, (_, n) => n).filter((n) => rows.get(n) !== undefined)
    assert.deepEqual(known, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
  })
})

describe('the history of the database', () => {
  const others: Readonly<Record<string, (place: Place) => void>> = {
    'the newest entry that was seen is missing': ({ entries }) => entries.pop(),
    'its number has been drawn for another': ({ entries }) => entries.splice(-1, 1, entry(2, 'of another')),
    'it was outrun by others': ({ entries }) => entries.splice(-1, 1, entry(3), entry(4)),
    'nothing is on record': ({ entries }) => entries.splice(0),
    'it is at another place': (place) => {
      place.identity = 'there'
    },
  }
  for (const [title, change] of Object.entries(others)) {
    test(`nothing that is kept holds where ${title}`, () => {
      const [memory, place] = [new Memory(), placeOf(entry(1))]
      const [writing, idle] = [new ConnectionMemory(memory), new ConnectionMemory(memory)]
      const rows = writing.facts<string, number>(10)
      begin(writing, place)
      begin(idle, place)
      rows.set('a', 1)
      writing.keep(rules, 'kept', false)
      writing.keep(immutable, 'kept', false)
      commit(writing, place, entry(2))
      begin(idle, place)
      assert.equal(idle.find(immutable), 'kept')
      const before = idle.generation
      change(place)
      assert.equal(begin(idle, place), true)
      assert.notEqual(idle.generation, before)
      assert.deepEqual([idle.find(rules), idle.find(immutable)], [undefined, undefined])
      assert.equal(begin(writing, place), true)
      assert.deepEqual([rows.get('a'), writing.find(rules)], [undefined, undefined])
      // And once only.
      assert.equal(begin(writing, place), false)
    })
  }

  test('goes on where others have written meanwhile', () => {
    const [memory, place] = [new Memory(), placeOf(entry(1))]
    const [one, other] = [new ConnectionMemory(memory), new ConnectionMemory(memory)]
    begin(one, place)
    one.keep(rules, 'kept', true)
    place.entries.push(entry(2), entry(3))
    assert.equal(begin(other, place), false)
    assert.equal(other.find(rules), 'kept')
  })

  test('is not that of a transaction which began before another one was found', () => {
    const [memory, lost] = [new Memory(), placeOf(entry(1), entry(2))]
    const [early, other] = [new ConnectionMemory(memory), new ConnectionMemory(memory)]
    begin(early, lost)
    const rows = early.facts<string, number>(10)
    rows.set('a', 1)
    begin(other, placeOf(entry(1)))
    // It commits, and nobody uses what it leaves.
    early.keep(rules, 'lost', false)
    commit(early, lost, entry(3))
    begin(other, placeOf(entry(1)))
    assert.equal(other.find(rules), undefined)
    assert.equal(begin(early, placeOf(entry(1))), true)
    assert.equal(rows.get('a'), undefined)
  })

  test('is not said by an answer that was under way when another one was found', () => {
    const [memory, place] = [new Memory(), placeOf(entry(1))]
    const [slow, other] = [new ConnectionMemory(memory), new ConnectionMemory(memory)]
    begin(slow, place)
    begin(other, place)
    const asked = slow.start(false)
    const answer = findIn(place, asked)
    begin(other, placeOf())
    assert.equal(slow.meet(answer), true)
    slow.keep(rules, 'lost', true)
    begin(other, placeOf())
    assert.equal(other.find(rules), undefined)
  })

  test('what is of a later state than the transaction has seen is not used in it', () => {
    const [memory, place] = [new Memory(), placeOf(entry(1))]
    const [reading, writing] = [new ConnectionMemory(memory), new ConnectionMemory(memory)]
    begin(reading, place)
    begin(writing, place)
    writing.keep(rules, 'later', false)
    commit(writing, place, entry(2))
    assert.equal(reading.find(rules), undefined)
    begin(reading, place)
    assert.equal(reading.find(rules), 'later')
  })

  test('but what never changes is used in an earlier state too, once it is committed', () => {
    const [memory, place] = [new Memory(), placeOf(entry(1))]
    const [reading, writing] = [new ConnectionMemory(memory), new ConnectionMemory(memory)]
    begin(reading, place)
    begin(writing, place)
    writing.keep(immutable, 'taken back', false)
    writing.rollback()
    assert.equal(reading.find(immutable), undefined)
    begin(writing, place)
    writing.keep(immutable, 'committed', false)
    assert.equal(reading.find(immutable), undefined)
    commit(writing, place, entry(2))
    assert.equal(reading.find(immutable), 'committed')
  })
})

test('several values are one text that no other values have', () => {
  const all = [
    ['a', 'b'],
    ['a\nb', ''],
    ['a', '\nb'],
    ['1:a1', 'b'],
    ['1', ':a'],
    ['1:', 'a'],
    ['-', ''],
    [null, ''],
    ['', null],
    [null, null],
    [null, null, null],
    ['null', ''],
    [12],
    [1, 2],
  ]
  assert.equal(new Set(all.map(keyOf)).size, all.length)
})
