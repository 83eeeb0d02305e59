// When the last stage of a rollout that was halted has to be watched anew.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Halt, isUnwatched, type Rollout } from './change-rollout.ts'

const rollout = { stages: [{ soakSeconds: 60 }, { soakSeconds: 600 }] } as unknown as Rollout
const halts: readonly Halt[] = [
  { why: 'denials', count: 2, max: 1 },
  { why: 'exceptions', count: 2, max: 1 },
  { why: 'pool', poolId: 'ipam-pool-1', freePercent: 1, below: 5 },
  { why: 'asked', by: 'user:ann', note: 'a test' },
  { why: 'window', until: 0 },
]

test('a stage that was halted by what it was watched for is watched anew, and any other before its time was over', () => {
  const anew = (at: number, stage: number) =>
    halts.flatMap((halt) => (isUnwatched({ ...halt, at }, { stage, since: 1_000 }, rollout) ? [halt.why] : []))
  assert.deepEqual(anew(60_999, 1), ['denials', 'exceptions', 'pool', 'asked', 'window'])
  assert.deepEqual(anew(61_000, 1), ['denials', 'exceptions', 'pool'])
  assert.deepEqual(anew(61_000, 2), ['denials', 'exceptions', 'pool', 'asked', 'window'])
})
