// Claims about cutting and merging blocks: small worlds tried in full, then random histories against a naive bitmap.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Cidr,
  compareCidrs,
  contains,
  equals,
  formatCidr,
  makeCidr,
  orderOf,
  overlaps,
  parseCidr,
} from './cidr.ts'
import { carve, carveAround, coalesce, subtract, tiles } from './free-space.ts'

const cidr = (text: string): Cidr => parseCidr(text)!
const whole = cidr('192.0.2.0/24')

/** Every aligned block within `outer`, down to `longest`. */
function blocksWithin(outer: Cidr, longest: number): Cidr[] {
  const all: Cidr[] = []
  for (let length = outer.length; length <= longest; length++) {
    const size = 1n << BigInt(32 - length)
    for (let first = outer.first; first < outer.first + (1n << BigInt(32 - outer.length)); first += size) {
      all.push(makeCidr(4, first, length))
    }
  }
  return all
}

test('I1 carving loses no address and gives none twice', () => {
  for (let length = 24; length <= 32; length++) {
    const { taken, rest } = carve(whole, length)
    assert.equal(taken.length, length)
    assert.equal(taken.first, whole.first)
    assert(tiles([taken, ...rest], whole))
    assert.deepEqual(rest, rest.toSorted(compareCidrs))
  }
})

test('I1 carving around any block loses no address and gives none twice', () => {
  for (const wanted of blocksWithin(whole, 32)) {
    const { taken, rest } = carveAround(whole, wanted)
    assert(equals(taken, wanted))
    assert(tiles([taken, ...rest], whole), formatCidr(wanted))
    assert.deepEqual(rest, rest.toSorted(compareCidrs))
    assert.equal(rest.length, wanted.length - whole.length, 'the rest are the largest blocks')
  }
})

test('I2 what was carved comes back as the block that it was carved from', async () => {
  for (const wanted of blocksWithin(whole, 32)) {
    const { taken, rest } = carveAround(whole, wanted)
    const absorbed: Cidr[] = []
    const takeBuddy = (buddy: Cidr): boolean => {
      absorbed.push(buddy)
      return rest.some((free) => equals(free, buddy))
    }
    assert(equals(await coalesce(taken, takeBuddy, whole), whole))
    assert.deepEqual(absorbed.toSorted(compareCidrs), rest)
  }
})

test('blocks never merge across the border of their provisioned CIDR', async () => {
  const limit = cidr('10.0.0.0/24')
  const block = await coalesce(limit, () => assert.fail('no buddy is asked for'), limit)
  assert(equals(block, limit))
  await assert.rejects(coalesce(cidr('10.0.1.0/24'), () => true, limit))
})

test('tiling is exact: a missing, doubled or foreign address is seen', () => {
  const { taken, rest } = carve(whole, 27)
  assert(tiles([whole], whole))
  assert(!tiles([], whole))
  assert(!tiles(rest, whole))
  assert(!tiles([taken, taken, ...rest], whole))
  assert(!tiles([taken, ...rest, cidr('192.0.3.0/24')], whole))
  assert(!tiles([cidr('192.0.2.0/25'), cidr('192.0.2.0/24')], whole))
})

test('I2 what is used and what is left tile the whole, for any two blocks of a small world', () => {
  const world = cidr('192.0.2.0/28')
  for (const a of blocksWithin(world, 32)) {
    for (const b of blocksWithin(world, 32)) {
      if (overlaps(a, b)) continue
      assert(tiles([a, b, ...subtract(world, [a, b])], world))
    }
  }
  assert.deepEqual(subtract(world, []), [world])
  assert.deepEqual(subtract(world, [cidr('192.0.0.0/16')]), [])
})

test('I1 I2 any history of allocating and releasing agrees with a bitmap of addresses', async () => {
  const world = cidr('192.0.2.0/26')
  const size = 64
  const step = fc.oneof(
    fc.record({ kind: fc.constant('lowest' as const), length: fc.integer({ min: 26, max: 32 }) }),
    fc.record({ kind: fc.constant('exact' as const), length: fc.integer({ min: 26, max: 32 }), at: fc.nat(size - 1) }),
    fc.record({ kind: fc.constant('release' as const), which: fc.nat(100) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      let free: Cidr[] = [world]
      const held: Cidr[] = []
      const bitmap = new Array<boolean>(size).fill(false)
      const offset = (block: Cidr) => Number(block.first - world.first)
      const mark = (block: Cidr, value: boolean) =>
        bitmap.fill(value, offset(block), offset(block) + 2 ** orderOf(block))
      const isFree = (start: number, count: number) => bitmap.slice(start, start + count).every((used) => !used)

      for (const step of steps) {
        if (step.kind === 'release') {
          const block = held.splice(step.which % Math.max(held.length, 1), 1)[0]
          if (!block) continue
          const takeBuddy = (buddy: Cidr): boolean => {
            const before = free.length
            free = free.filter((one) => !equals(one, buddy))
            return free.length < before
          }
          const merged = await coalesce(block, takeBuddy, world)
          free.push(merged)
          mark(block, false)
        } else {
          const count = 2 ** (32 - step.length)
          const wanted =
            step.kind === 'exact'
              ? makeCidr(4, world.first + BigInt(Math.floor(step.at / count) * count), step.length)
              : undefined
          const source = wanted
            ? free.find((block) => contains(block, wanted))
            : free
                .filter((block) => block.length <= step.length)
                .sort((a, b) => b.length - a.length || compareCidrs(a, b))[0]
          const starts = Array.from({ length: size / count }, (_, i) => i * count).filter((start) =>
            isFree(start, count),
          )
          const isPossible = wanted ? isFree(offset(wanted), count) : starts.length > 0
          assert.equal(source !== undefined, isPossible, 'a block is found exactly where the bitmap has room')
          if (!source) continue
          const { taken, rest } = wanted ? carveAround(source, wanted) : carve(source, step.length)
          assert(isFree(offset(taken), count), 'nothing is given twice')
          free = [...free.filter((block) => block !== source), ...rest]
          held.push(taken)
          mark(taken, true)
        }
        assert(tiles([...free, ...held], world))
        assert.equal(
          free.some(
            (one) =>
              one.length > world.length &&
              free.some(
                (other) =>
                  other !== one &&
                  other.length === one.length &&
                  (other.first ^ one.first) === 1n << BigInt(orderOf(one)),
              ),
          ),
          false,
          'buddies that are both free are merged',
        )
      }
    }),
    { numRuns: 200 },
  )
})
