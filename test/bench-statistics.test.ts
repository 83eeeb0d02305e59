// What the benchmark says of its rounds, and when it says that it cannot tell.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { instructionsIn, measureRounds, median, spreadOf, summaryOf, tableOf, verdictOf } from '../bench/statistics.ts'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

describe('a summary', () => {
  test('has the median and the quartiles of the rounds, in whatever order they came', () => {
    assert.equal(median([3, 1, 2]), 2)
    assert.equal(median([4, 1, 3, 2]), 2.5)
    assert.deepEqual(summaryOf([5, 1, 4, 2, 3]).quartiles, [2, 4])
  })

  test('says nothing of the true median before six rounds', () => {
    for (const rounds of [1, 5]) assert.equal(summaryOf(upTo(rounds)).interval, undefined)
    assert.deepEqual(summaryOf(upTo(6)).interval, [1, 6])
  })

  // The ranks are those of a table of the sign test, two-sided, at most 5 %.
  for (const [rounds, low, high] of [
    [8, 1, 8],
    [9, 2, 8],
    [12, 3, 10],
    [15, 4, 12],
    [20, 6, 15],
    [25, 8, 18],
  ] as const) {
    test(`of ${rounds} rounds, the true median lies between those of rank ${low} and ${high}`, () => {
      assert.deepEqual(summaryOf(upTo(rounds)).interval, [low, high])
    })
  }

  test('is steady where the interval is narrow beside the median', () => {
    assert.equal(spreadOf(summaryOf([9, 10, 10, 10, 10, 11])), 0.2)
    assert.equal(spreadOf(summaryOf([10, 10])), Infinity)
  })

  test('of one round that is far off in nine is as if it were near', () => {
    const rounds = [1.0, 1.01, 1.02, 1.0, 1.01, 1.02, 1.01, 1.01]
    assert.deepEqual(summaryOf([...rounds, 90]).interval, summaryOf([...rounds, 1.03]).interval)
  })
})

describe('a verdict', () => {
  const between = (low: number, high: number) => summaryOf([low, low, low, high, high, high])
  test('is given only where the goal lies outside the interval', () => {
    assert.equal(verdictOf({ atLeast: 0.6 }, between(0.6, 0.8)), 'met')
    assert.equal(verdictOf({ atLeast: 0.6 }, between(0.4, 0.59)), 'missed')
    assert.equal(verdictOf({ atLeast: 0.6 }, between(0.5, 0.7)), 'cannot tell')
    assert.equal(verdictOf({ atMost: 200 }, between(180, 200)), 'met')
    assert.equal(verdictOf({ atMost: 200 }, between(201, 260)), 'missed')
    assert.equal(verdictOf({ atMost: 200 }, between(180, 201)), 'cannot tell')
  })
  test('of too few rounds is none', () => assert.equal(verdictOf({ atLeast: 1 }, summaryOf([2, 2, 2])), 'cannot tell'))
})

describe('rounds', () => {
  const count = async (max: number, values: (round: number) => Record<string, number>, msMax = 60_000) =>
    (await measureRounds({ max, spreadMax: 0.1, msMax }, async (round) => values(round))).a!.length
  test('end once every figure is steady, and after the most there may be', async () => {
    assert.equal(await count(20, () => ({ a: 1, b: 2 })), 6)
    assert.equal(await count(20, (round) => ({ a: 1, b: round % 2 })), 20)
    assert.equal(await count(20, (round) => ({ a: 1, b: round === 0 ? 9 : 2 })), 9)
    assert.equal(await count(20, () => ({ a: 1 }), 0), 1)
  })
})

test('the table has a line for each figure, with its goal and verdict', () => {
  const lines = tableOf([
    { what: 'rate', values: [0.5, 0.5, 0.5, 0.7, 0.7, 0.7], goal: { atLeast: 0.6 } },
    { what: 'memory', values: [150, 150, 151, 151, 152, 152], goal: { atMost: 200 } },
    { what: 'start', values: [110, 112] },
  ]).split('\n')
  assert.equal(lines.length, 4)
  assert.match(lines[1]!, /^rate +0\.60 +0\.50 to 0\.70 +0\.50 to 0\.70 +6 +≥ 0\.60 +cannot tell$/)
  assert.match(lines[2]!, /^memory +151 .* 6 +≤ 200 +met$/)
  assert.match(lines[3]!, /^start +111 .* too few rounds +2$/)
})

test('instructions are read from what perf says, and are none where the machine does not count them', () => {
  assert.equal(instructionsIn('1234567,,instructions:u,2000000,100.00,,\n'), 1_234_567)
  assert.equal(instructionsIn('<not supported>,,instructions:u,0,100.00,,\n'), undefined)
  assert.equal(instructionsIn(''), undefined)
})
