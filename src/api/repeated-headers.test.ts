// Claims about headers that stand in a request twice.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemInWords } from '#model/problems/problem.ts'
import type { Refused } from '#model/refusal.ts'
import { refuseRepeatedHeaders } from './repeated-headers.ts'

const raw = (names: readonly string[]) => names.flatMap((name) => [name, 'x'])

test('A2 of two tokens in one request none is taken, and of two hosts or keys neither', () => {
  refuseRepeatedHeaders(raw(['Host', 'Authorization', 'Accept', 'accept', 'X-Forwarded-For', 'X-Forwarded-For']))
  for (const names of [
    ['Authorization', 'Authorization'],
    ['authorization', 'Host', 'AUTHORIZATION'],
    ['Host', 'Accept', 'host'],
    ['If-Match', 'if-match'],
    ['Idempotency-Key', 'Host', 'idempotency-key'],
    ['Content-Type', 'content-type'],
  ]) {
    assert.throws(
      () => refuseRepeatedHeaders(raw(names)),
      ({ refusal }: Refused) =>
        refusal.code === 'MalformedRequest' && problemInWords(refusal.problem).includes(names.at(-1)!),
      names.join(),
    )
  }
})
