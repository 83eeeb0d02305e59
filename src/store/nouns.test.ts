// What a transaction takes over before it begins.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { Nouns } from './nouns.ts'
import { PostgresSql } from './postgres.ts'
import { SharedTokens } from './postgres-tokens.ts'
import { createSealer } from './sealer.ts'
import { Space } from './space.ts'

test('L4 the end of a key that a failover lost does not pass for another one that came after it', () => {
  const sql = new PostgresSql()
  const nouns = new Nouns(sql, createSealer(randomBytes(32)), new SharedTokens(sql), (clock) => new Space(sql, clock))
  const loaded = { newestEntryAt: null, installation: 'a1b2c', sequence: 1, governanceEpoch: 1, keyEpoch: 1 }
  const epochs = [
    { keyEpoch: 1, timeline: 1 },
    { keyEpoch: 2, timeline: 1 },
    { keyEpoch: 2, timeline: 2 },
    { keyEpoch: 12, timeline: 1 },
    { keyEpoch: 2, timeline: 11 },
  ].map((moved) => {
    nouns.load({ ...loaded, ...moved })
    return nouns.keyEpoch
  })
  assert.equal(new Set(epochs).size, epochs.length)
})
