// The forecast, compared with what simulated pools then do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { forecast, growthWeeksMin, horizonWeeks } from './forecast.ts'

const weekly = (...use: readonly number[]): readonly bigint[] => use.map(BigInt)

test('what grows alike each week runs dry to the week, and there is no doubt about it', () => {
  assert.deepEqual(forecast(weekly(0, 10, 20, 30), 100n), {
    growthPerWeek: 10,
    weeks: 7,
    earliest: 7,
    latest: 7,
    none: undefined,
  })
})
test('what is full is dry now', () => {
  assert.deepEqual(forecast(weekly(0, 50, 90, 100), 100n).weeks, 0)
  assert.deepEqual(forecast(weekly(0, 50, 90, 100, 80), 80n).weeks, 0)
})
test('nothing is said of a short past, of what does not grow, nor of what is too far away', () => {
  assert.equal(forecast([], 100n).none, 'short-history')
  assert.equal(forecast(weekly(...Array.from({ length: growthWeeksMin }, (_, at) => at)), 100n).none, 'short-history')
  assert.equal(forecast(weekly(5, 5, 5, 5), 100n).none, 'not-growing')
  assert.equal(forecast(weekly(9, 8, 7, 6), 100n).none, 'not-growing')
  assert.equal(forecast(weekly(0, 1, 2, 3), 10n ** 30n).none, 'beyond-horizon')
})
test('what does not grow but moves may still run dry, and the earliest week says so', () => {
  const { none, weeks, earliest } = forecast(weekly(50, 90, 20, 80, 50), 100n)
  assert.deepEqual([none, weeks], ['not-growing', undefined])
  assert.ok(earliest !== undefined && earliest <= 5, String(earliest))
})
test('the earliest is not after the expected moment, nor the latest before it', () => {
  // Both are found to the minute.
  const within = 1 / (7 * 1_440)
  const steps = fc.array(fc.bigInt({ min: -60n, max: 140n }), { minLength: 3, maxLength: 40 })
  fc.assert(
    fc.property(steps, fc.bigInt({ min: 0n, max: 5_000n }), (grown, left) => {
      const use = sumsOf(10_000n, grown)
      const { weeks, earliest, latest } = forecast(use, use.at(-1)! + left)
      if (weeks === undefined) return
      assert.ok(earliest !== undefined && earliest <= weeks + within, `${earliest} ${weeks}`)
      assert.ok(latest === undefined || latest >= weeks - within, `${weeks} ${latest}`)
      assert.ok(weeks >= 0 && weeks <= horizonWeeks)
    }),
    { seed: 7, numRuns: 1_000 },
  )
})
test('about four of five simulated pools run dry within the interval', () => {
  const steps = fc.array(fc.integer({ min: -10, max: 50 }), { minLength: 226, maxLength: 226 })
  let [within, before, after] = [0, 0, 0]
  for (const drawn of fc.sample(steps, { seed: 11, numRuns: 2_000 })) {
    const grown = drawn.map(BigInt)
    const use = sumsOf(1_000n, grown.slice(0, 26))
    const capacity = use.at(-1)! + 600n
    const { earliest, latest } = forecast(use, capacity)
    const dry = sumsOf(use.at(-1)!, grown.slice(26)).findIndex((used) => used >= capacity)
    assert.ok(dry > 0, 'the simulation is long enough')
    if (dry < earliest!) before++
    else if (latest !== undefined && dry > latest) after++
    else within++
  }
  const share = within / (within + before + after)
  assert.ok(share > 0.76 && share < 0.92, `${share} within, ${before} before and ${after} after`)
})

function sumsOf(first: bigint, steps: readonly bigint[]): readonly bigint[] {
  const sums = [first]
  for (const step of steps) sums.push(sums.at(-1)! + step)
  return sums
}
