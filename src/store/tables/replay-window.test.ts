// What the window in which a request could be repeated remembers, and for how long.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { ReplayWindow, replayWindowMs, tokenNumberOf } from './replay-window.ts'

const put = (window: ReplayWindow, token: Uint8Array, entry: number, at: number): void =>
  window.set(tokenNumberOf(token), { entry, at })
const find = (window: ReplayWindow, token: Uint8Array): number | undefined => window.get(tokenNumberOf(token))?.entry

test('I5 two hundred thousand are recognised for ten minutes, and forgotten by generations after that', () => {
  const tokenOf = (n: number) => createHash('sha256').update(String(n)).digest().subarray(0, 16)
  const window = new ReplayWindow()
  const count = 200_000
  for (let n = 0; n < count; n++) put(window, tokenOf(n), n, 1_000 + n / 2)
  for (let n = 0; n < count; n++) assert.equal(find(window, tokenOf(n)), n)
  assert.equal(find(window, tokenOf(count)), undefined)
  // The oldest generation ends 200 seconds after it began, and is kept for ten minutes from there.
  const generationMs = 200_000
  for (let turn = 1; turn <= 3; turn++) put(window, tokenOf(count + turn), count + turn, 1_000 + turn * generationMs)
  for (let n = 0; n < count; n++) assert.equal(find(window, tokenOf(n)), n)
  put(window, tokenOf(count + 4), count + 4, 1_000 + 4 * generationMs)
  for (let n = 0; n < count; n += 997) assert.equal(find(window, tokenOf(n)), undefined)
  for (let turn = 1; turn <= 4; turn++) assert.equal(find(window, tokenOf(count + turn)), count + turn)
})

test('what was remembered by a clock that was ahead is forgotten too, once an earlier one was accepted', () => {
  const token = (n: number) => createHash('sha256').update(String(n)).digest().subarray(0, 16)
  const window = new ReplayWindow()
  const yearMs = 31_536_000_000
  put(window, token(0), 0, yearMs)
  for (let minute = 1; minute <= 30; minute++) put(window, token(minute), minute, minute * 60_000)
  const remembered = Array.from({ length: 31 }, (_, n) => n).filter((n) => find(window, token(n)) !== undefined)
  assert.deepEqual(remembered.slice(-10), [21, 22, 23, 24, 25, 26, 27, 28, 29, 30])
  assert.ok(remembered.length <= 16, String(remembered))
})

test('I5 what is read back from the record, in between what is used meanwhile, displaces nothing', () => {
  const token = (n: number) => createHash('sha256').update(String(n)).digest().subarray(0, 16)
  const window = new ReplayWindow()
  const now = 100 * replayWindowMs + 12_345
  const readBack = 60
  for (let n = 0; n < readBack; n++) {
    put(window, token(n), n, now - n * (replayWindowMs / readBack))
    put(window, token(1_000 + n), 1_000 + n, now + n)
  }
  for (let n = 0; n < readBack; n++) {
    assert.deepEqual([find(window, token(n)), find(window, token(1_000 + n))], [n, 1_000 + n])
  }
})

test('I5 of two uses the later one counts, whichever becomes known first', () => {
  const window = new ReplayWindow()
  const token = Buffer.alloc(16, 7)
  for (const entry of [1, 3, 2]) put(window, token, entry, 1_000)
  assert.equal(find(window, token), 3)
})
