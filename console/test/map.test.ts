// The layout of the map: a curve that leaves nothing out and goes from neighbour to neighbour.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gridOf, indexAt, placeOf } from '../app/map/layout.ts'
import { namesMax, paintOfName } from '../app/map/looks.ts'

test('each tile has a place of its own beside the one before it, and is found there again', () => {
  for (const bits of [0, 1, 2, 3, 4, 5, 8]) {
    const { columns, rows } = gridOf(bits)
    assert.equal(columns * rows, 2 ** bits)
    const seen = new Set<string>()
    for (let index = 0; index < 2 ** bits; index++) {
      const place = placeOf(index, bits)
      assert.ok(place.column >= 0 && place.column < columns && place.row >= 0 && place.row < rows)
      assert.equal(indexAt(place, bits), index, `${index} of ${bits} bits`)
      seen.add(`${place.column} ${place.row}`)
      if (index === 0) continue
      const before = placeOf(index - 1, bits)
      assert.equal(
        Math.abs(place.column - before.column) + Math.abs(place.row - before.row),
        1,
        `${index} of ${bits} bits`,
      )
    }
    assert.equal(seen.size, 2 ** bits)
  }
})

test('each of as many names as a map tells apart looks like no other', () => {
  const looks = Array.from({ length: namesMax }, (_, index) => JSON.stringify(paintOfName(index)))
  assert.equal(new Set(looks).size, namesMax)
})
