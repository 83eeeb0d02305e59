// Whose target is called next, where many wait.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Called,
  CallingTurns,
  callsAtOnceMax,
  callsOfNodeMax,
  callsOfSetterMax,
  callsPerTopUnitMax,
  callsReserve,
} from './calling-turns.ts'

let made = 0
const waiting = (unit: string, node: string, setter: string, isAtTop = false, makers: string[] = []): Called => ({
  subscription: {
    id: `subscription-${++made}`,
    node,
    setBy: { name: setter, makers },
  } as unknown as Called['subscription'],
  ...{ unit, isAtTop },
})
const some = (many: number, make: (n: number) => Called): Called[] => Array.from({ length: many }, (_, n) => make(n))

function begin(turns: CallingTurns, due: readonly Called[], running: Called[] = []): Called[] {
  const left = new Set(due)
  for (let one = turns.next([...left], running); one; one = turns.next([...left], running)) {
    left.delete(one)
    turns.began(one)
    running.push(one)
  }
  return running
}
const countOf = (running: readonly Called[], unit: string) => running.filter((one) => one.unit === unit).length

test('D8 one setter, and one unit, hold a part of the places at most, however many nodes they have', () => {
  const mallory = some(100, (n) => waiting('ou-prod', `account-${n}`, 'user:mallory'))
  const running = begin(new CallingTurns(), mallory)
  assert.equal(running.length, callsOfSetterMax)
  const others = some(100, (n) => waiting('ou-prod', `other-${n}`, `user:${n}`))
  assert.equal(begin(new CallingTurns(), others, running).length, callsPerTopUnitMax)
})

test('D8 the services that one person has made tokens for are one setter with them', () => {
  const mallory = some(100, (n) => waiting('ou-prod', `account-${n}`, `service:${n}`, false, ['user:mallory']))
  assert.equal(begin(new CallingTurns(), mallory).length, callsOfSetterMax)
})

test('D8 all units together leave places to those of the top', () => {
  const running = begin(
    new CallingTurns(),
    some(400, (n) => waiting(`ou-${n % 20}`, `account-${n}`, `user:${n}`)),
  )
  assert.equal(running.length, callsAtOnceMax - callsReserve)
  const ofTop = some(100, (n) => waiting('ou-1', `account-${n}`, 'user:boss', true))
  assert.equal(begin(new CallingTurns(), ofTop, running).length, callsAtOnceMax)
})

test('one node has four at a time', () => {
  const due = some(10, (n) => waiting('ou-prod', 'account-1', `user:${n}`, n < 5))
  assert.equal(begin(new CallingTurns(), due).length, callsOfNodeMax)
})

test('D8 units that wait have places alike, and whoever was called last is called last again', () => {
  const turns = new CallingTurns()
  const big = some(50, (n) => waiting('ou-big', `account-${n}`, `user:${n}`))
  const small = some(3, (n) => waiting('ou-small', `lab-${n}`, `user:small-${n}`))
  const first = begin(turns, [...big, ...small]).slice(0, 6)
  assert.deepEqual([countOf(first, 'ou-big'), countOf(first, 'ou-small')], [3, 3])
  // One place is free, again and again: all have had theirs before somebody has the second one.
  const alternating = new CallingTurns()
  const units = ['a', 'b', 'c'].map((unit) => waiting(unit, `node of ${unit}`, `user:${unit}`))
  const order: string[] = []
  for (let n = 0; n < 6; n++) {
    const one = alternating.next(units, [])!
    alternating.began(one)
    order.push(one.unit)
  }
  assert.deepEqual(order, ['a', 'b', 'c', 'a', 'b', 'c'])
})

test('D7 of a thousand that wait each is looked at once for each call that begins', () => {
  let looks = 0
  const counting = (one: Called): Called => ({
    ...one,
    get isAtTop() {
      looks++
      return one.isAtTop
    },
  })
  const due = some(1_000, (n) => counting(waiting(`ou-${n % 100}`, `account-${n}`, `user:${n % 300}`, n % 10 === 0)))
  begin(new CallingTurns(), due)
  const looksPerCall = 6
  assert(looks > 0 && looks <= (callsAtOnceMax + 1) * due.length * looksPerCall, `${looks} looks`)
})
