// What a transaction takes over before it begins.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { Memory } from './memory.ts'
import { PostgresSql } from './postgres/engine.ts'
import { createSealer } from './sealer.ts'
import { type Loaded, Nouns } from './transaction.ts'

const loaded: Loaded = {
  installation: 'a1b2c',
  sequence: 1,
  governanceEpoch: 1,
  keyEpoch: 1,
  rulingEpoch: 0,
  history: 0,
  newestN: null,
  newestEntryAt: null,
  newestRequestId: null,
  asked: null,
}

test('L4 the end of a key that a failover lost does not pass for another one that came after it', () => {
  const nouns = new Nouns(new PostgresSql(), createSealer(randomBytes(32)), new Memory())
  const epochs = [
    { keyEpoch: 1, place: '1' },
    { keyEpoch: 2, place: '1' },
    { keyEpoch: 2, place: '2' },
    { keyEpoch: 12, place: '1' },
    { keyEpoch: 2, place: '11' },
  ].map((moved) => {
    nouns.start()
    nouns.load({ ...loaded, ...moved })
    return nouns.keyEpoch
  })
  assert.equal(new Set(epochs).size, epochs.length)
})
