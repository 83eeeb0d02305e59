// Pages: every item is shown once, in order, and none costs more than what it shows or has to look at.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Listed, pageBytesMax, readFrom, readPage, readSlicedPage, rowsPerStep } from './listing.ts'
import { Progress } from './progress.ts'

const inOrder = (list: readonly string[]) => [...new Set(list)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
const isShownAlways = () => true

/** What asks for a page of such a list, and how often others had their turn. */
function listOf(list: readonly string[], isShown: (row: string) => boolean = isShownAlways) {
  let turns = 0
  const steps: number[] = []
  const tx = {
    async nextTurn() {
      turns++
    },
    keepsSoFar() {},
    turns: 0,
  }
  const listed: Listed<string, string> = {
    read(after, limit) {
      steps.push(limit)
      return readFrom(list, (row, place) => row > place)(after, limit)
    },
    placeOf: (row) => row,
    show: (rows) => rows.map((row) => (isShown(row) ? row : undefined)),
  }
  return {
    page: (limit: number, after?: string, more: Partial<typeof listed> = {}) =>
      readPage({ tx, progress: new Progress() }, { limit, after }, { ...listed, ...more }),
    steps,
    turns: () => turns,
  }
}
const numbered = (count: number) => Array.from({ length: count }, (_, n) => String(n).padStart(6, '0'))

test('pages are complete, in order and without repeats, whatever comes and goes between them', async () => {
  const places = fc.uniqueArray(fc.string({ maxLength: 6 }), { maxLength: 40 })
  const isShown = (row: string): boolean => row.length % 2 === 0
  await fc.assert(
    fc.asyncProperty(places, places, fc.integer({ min: 1, max: 9 }), async (kept, passing, limit) => {
      const shown: string[] = []
      let after: string | undefined
      let turn = 0
      do {
        // On every second page, others have come; they have gone by the next.
        const list = inOrder(turn++ % 2 === 0 ? kept : [...kept, ...passing])
        const { items, next } = await listOf(list, isShown).page(limit, after)
        assert.ok(items.length <= limit)
        assert.ok(next === undefined || items.length === limit)
        shown.push(...items)
        after = next
      } while (after !== undefined)
      assert.deepEqual(shown, inOrder(shown))
      for (const place of kept.filter(isShown)) assert.ok(shown.includes(place))
    }),
  )
})

test('a last page that is full ends the list', async () => {
  const list = numbered(7)
  const first = await listOf(list).page(4)
  assert.deepEqual(first, { items: list.slice(0, 4), next: list[3] })
  assert.deepEqual(await listOf(list).page(3, first.next), { items: list.slice(4), next: undefined })
})

test('a full page goes on behind what it shows, whatever hidden rows come next', async () => {
  const shown = numbered(500).filter((_, n) => n < 3 || n > 450)
  assert.equal((await listOf(numbered(500), (row) => shown.includes(row)).page(3)).next, shown[2])
})

test('a small page reads one row more than it has, and a long one in steps, between which others have their turn', async () => {
  const small = listOf(numbered(5_000))
  await small.page(5)
  assert.deepEqual([small.steps, small.turns()], [[6], 0])
  const long = listOf(numbered(5_000))
  await long.page(1_000)
  assert.deepEqual([long.steps, long.turns()], [[...Array(5).fill(rowsPerStep), 1], 5])
})

test('where very little is shown the page is short, and says where to go on', async () => {
  const list = numbered(25_000)
  const last = list.at(-1)!
  const { page } = listOf(list, (row) => row === last)
  const cursors: (string | undefined)[] = []
  let after: string | undefined
  let found: readonly string[] = []
  do {
    const { items, next } = await page(100, after)
    found = [...found, ...items]
    cursors.push(next)
    after = next
  } while (after !== undefined)
  assert.deepEqual([found, cursors.length], [[last], 7])
  const few = await listOf(list, () => false).page(100, undefined, { bounds: { rowsMax: 1_000 } })
  assert.equal(few.items.length, 0)
  assert.ok(Number(few.next) < 1_400)
})

test('what is large closes a page that has something already, and never one that has nothing', async () => {
  const list = numbered(3)
  const { page } = listOf(list)
  const isLarge = { bounds: { weightOf: () => 2, weightMax: 1 } }
  assert.deepEqual(await page(10, undefined, isLarge), { items: [list[0]], next: list[0] })
  assert.deepEqual(await page(10, list[1], isLarge), { items: [list[2]], next: undefined })
})

test('D3 a page ends before it has too many bytes, whatever its items, and goes on there', async () => {
  const megabyte = 'x'.repeat(1_048_576)
  const list = numbered(9)
  const read = (row: string) => ({ row, text: [megabyte, new Map([['key', megabyte]])] })
  const tx = { async nextTurn() {}, keepsSoFar() {}, turns: 0 }
  const pages: string[][] = []
  for (let after: string | undefined; ; ) {
    const { items, next } = await readPage<string, ReturnType<typeof read>>(
      { tx, progress: new Progress() },
      { limit: 100, after },
      {
        read: (place, limit) => list.filter((one) => place === undefined || one > place).slice(0, limit),
        placeOf: (row) => row,
        show: (rows) => rows.map(read),
      },
    )
    pages.push(items.map(({ row }) => row))
    after = next
    if (next === undefined) break
  }
  assert.deepEqual(pages.flat(), list)
  assert.ok(pages.every((page) => page.length * 2 * megabyte.length <= pageBytesMax))
  assert.ok(pages.length <= list.length)
})

test('D3 of what may be large few are read at once, and of what turns out to be small as many as of anything', async () => {
  const stepsOf = async (row: (n: number) => string) => {
    const steps: number[] = []
    const list = Array.from({ length: 2_000 }, (_, n) => ({ n, text: row(n) }))
    const tx = { async nextTurn() {}, keepsSoFar() {}, turns: 0 }
    await readPage<{ n: number; text: string }, object, number>(
      { tx, progress: new Progress() },
      { limit: 500, after: undefined },
      {
        read(after = -1, limit) {
          steps.push(limit)
          return list.slice(after + 1, after + 1 + limit)
        },
        placeOf: ({ n }) => n,
        show: (rows) => rows,
        bounds: { isHeavy: true },
      },
    )
    return steps
  }
  const small = await stepsOf(() => 'x')
  assert.ok(small[0]! <= 5 && Math.max(...small) === rowsPerStep && small.length <= 6, small.join())
  const large = await stepsOf(() => 'x'.repeat(200_000))
  assert.ok(Math.max(...large) <= 6, large.join())
})

test('a list that passes over rows by itself says where it is, and ends the page where it found nothing among very many', async () => {
  const tx = { async nextTurn() {}, keepsSoFar() {}, turns: 0 }
  const shown = { placeOf: (row: number) => row, show: (rows: readonly number[]) => rows }
  const read = (looked: number) =>
    readSlicedPage<number, number, number>(
      { tx, progress: new Progress() },
      { limit: 10, after: undefined },
      {
        ...shown,
        readSlice: (after = 0) =>
          after < 3 ? { rows: [], next: after + 1, looked } : { rows: [after], next: undefined },
      },
    )
  assert.deepEqual(await read(1), { items: [3], next: undefined })
  assert.deepEqual(await read(1_000_000), { items: [], next: 1 })
})

test('a page that is read in several transactions has every item once, and ends as the last of them saw the end', async () => {
  const list = numbered(rowsPerStep * 2 + 10)
  const progress = new Progress()
  const tx = { async nextTurn() {}, keepsSoFar() {}, turns: 0 }
  let steps = 0
  let stepsMax = 0
  const interrupted = new Error('interrupted')
  const begin = () => {
    progress.restart(0)
    return readPage<string, string>(
      { tx, progress },
      { limit: 1_000, after: undefined },
      {
        read(after, limit) {
          if (steps++ === stepsMax) throw interrupted
          return readFrom(list, (row, place) => row > place)(after, limit)
        },
        placeOf: (row) => row,
        show: (rows) => rows,
      },
    )
  }
  for (const reads of [1, 1]) {
    steps = 0
    stepsMax = reads
    await assert.rejects(begin, interrupted)
  }
  stepsMax = 10
  steps = 0
  assert.deepEqual(await begin(), { items: list, next: undefined })
  assert.equal(steps, 1, 'two steps were read before')
  // What made something of the page was interrupted: the last step is read again, with what there is by then.
  list.push('999999')
  assert.deepEqual(await begin(), { items: list, next: undefined })
  assert.equal(steps, 2)
})
