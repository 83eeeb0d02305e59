// Exports, printed as somebody takes them.
import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { type ExportFormat, jsonLines } from '#formats/exports/export.ts'
import { Refused } from '#model/refusal.ts'
import { Exports, exportsMax, exportsOfOneMax, type ReadExportPage } from './exports.ts'

const format: ExportFormat<{ n: number }> = {
  mediaType: 'application/x-ndjson',
  meaning: 'lines',
  open: () => ({ ...jsonLines<{ n: number }>((item) => item), begin: '[\n', end: () => ']\n' }),
}
const facts = { version: '0', now: new Date(0), account: '111111111111', region: 'eu-west-1' }
const opening = { format, facts, accountable: 'user:ada', cursor: undefined, limit: undefined }

/** So many pages of one item, and how many were read. */
function pages(count: number): { read: ReadExportPage; taken(): number } {
  let taken = 0
  return {
    read: async ({ cursor = '0' }) => {
      taken++
      const n = Number(cursor)
      return { items: [{ n }] as never, ...(n + 1 < count ? { nextCursor: String(n + 1) } : {}) }
    },
    taken: () => taken,
  }
}

test('pages are read as they are taken, and no further', async () => {
  const { read, taken } = pages(10_000)
  const stream = await new Exports().open(read, opening)
  const chunks = stream[Symbol.asyncIterator]()
  for (let n = 0; n < 5; n++) await chunks.next()
  assert(taken() < 100, `${taken()} pages were read for five that were taken`)
  stream.destroy()
})

test('it ends where a list that grows has nothing more, and with a limit after one page', async () => {
  const growing: ReadExportPage = async ({ cursor = '0' }) =>
    cursor === '0' ? { items: [{ n: 0 }] as never, nextCursor: '1' } : { items: [], nextCursor: '1' }
  assert.equal(await text(await new Exports().open(growing, opening)), '[\n{"n":0}\n]\n')
  assert.equal(await text(await new Exports().open(pages(9).read, { ...opening, limit: 1 })), '[\n{"n":0}\n]\n')
})

test('what fails on the way ends the answer as one that is not whole', async () => {
  const failing: ReadExportPage = async ({ cursor }) => {
    if (cursor !== undefined) throw new Refused({ code: 'InvalidToken' })
    return { items: [{ n: 0 }] as never, nextCursor: '1' }
  }
  const stream = await new Exports().open(failing, opening)
  await assert.rejects(text(stream))
})

test('D8 one principal has so many under way, others have theirs, and what is over counts no more', async () => {
  const exports = new Exports()
  const open = (accountable: string) => exports.open(pages(1_000).read, { ...opening, accountable })
  const isRefused = (error: unknown) => error instanceof Refused && error.refusal.code === 'Throttled'
  const own = await Promise.all(Array.from({ length: exportsOfOneMax }, () => open('user:ada')))
  await assert.rejects(open('user:ada'), isRefused)
  const others = await Promise.all(
    Array.from({ length: exportsMax - exportsOfOneMax }, (_, n) => open(`user:u${Math.floor(n / exportsOfOneMax)}`)),
  )
  await assert.rejects(open('user:late'), isRefused)
  for (const stream of own) {
    stream.destroy()
    await new Promise((resolve) => stream.once('close', resolve))
  }
  const again = await open('user:ada')
  for (const stream of [again, ...others]) stream.destroy()
  await assert.rejects(
    exports.open(async () => Promise.reject(new Refused({ code: 'InvalidToken' })), { ...opening, accountable: 'x' }),
  )
  assert(await open('x'), 'what could not begin counts no more either')
})
