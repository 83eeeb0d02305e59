// What a writer lets out, and what it refuses to write. That it agrees with every operation's schema is looked at in test/native-world.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { instant } from '#operations/shapes.native.ts'
import { compileSerializer } from './serialize.ts'

const answer = z.object({
  id: z.string(),
  note: z.string().optional(),
  tags: z.record(z.string(), z.string()),
  parts: z.array(z.object({ at: instant })),
})
const write = compileSerializer({ schema: answer })

test('what an answer has beyond its schema does not leave the server, at any depth', () => {
  const given = { id: 'a', secret: 'x', tags: { a: '"b"' }, parts: [{ at: '2026-01-01T00:00:00.000Z', secret: 'x' }] }
  assert.deepEqual(JSON.parse(write(given)), {
    id: 'a',
    tags: { a: '"b"' },
    parts: [{ at: '2026-01-01T00:00:00.000Z' }],
  })
})

test('an answer without a declared member is a fault', () => {
  assert.throws(() => write({ tags: {}, parts: [] }), /id/)
})

test('moments are texts like others: nothing in them breaks the JSON around them', () => {
  const at = '"},{"at":"'
  assert.deepEqual(JSON.parse(write({ id: 'a', tags: {}, parts: [{ at }] })), { id: 'a', tags: {}, parts: [{ at }] })
})
