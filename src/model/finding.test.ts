// Findings: each is the same one again, opens and resolves by what its control sees, and is set aside for a time alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Facts,
  type FindingState,
  isOtherStretch,
  opened,
  sameFacts,
  seenAgain,
  standingAt,
  suppressed,
} from './finding.ts'

const day = 86_400_000
const facts: Facts = { cidr: '10.0.0.0/24', pools: ['a', 'b'] }
const aside = (until: number) => ({ reason: 'why', until, by: 'user:ann', at: 0 })

test('what is seen again and says the same is not written before a day is over', () => {
  const open = opened(facts, 1_000)
  assert.equal(seenAgain(open, { pools: ['a', 'b'], cidr: '10.0.0.0/24' }, 1_000 + day - 1), undefined)
  assert.equal(seenAgain(open, facts, 1_000 + day)?.lastSeenAt, 1_000 + day)
  assert.equal(seenAgain(open, facts, 1_000 + day)?.openedAt, 1_000)
  assert.deepEqual(seenAgain(open, { ...facts, pools: ['a'] }, 2_000)?.facts, { ...facts, pools: ['a'] })
})

test('it resolves once, and opens again as the same one', () => {
  const resolved = seenAgain(opened(facts, 1_000), undefined, 2_000)!
  assert.deepEqual([resolved.status, resolved.resolvedAt, resolved.openedAt], ['resolved', 2_000, 1_000])
  assert.equal(seenAgain(resolved, undefined, 3_000), undefined)
  const again = seenAgain(resolved, facts, 4_000)!
  assert.deepEqual([again.status, again.resolvedAt, again.openedAt], ['open', undefined, 4_000])
  assert(isOtherStretch(resolved, again))
})

test('set aside until a moment: over by itself, also where it resolves and opens again meanwhile', () => {
  const set = suppressed(opened(facts, 1_000), aside(5_000))
  assert.equal(set.status, 'suppressed')
  assert.equal(standingAt(set, 4_999).status, 'suppressed')
  assert.deepEqual(standingAt(set, 5_000), opened(facts, 1_000))
  const resolved = seenAgain(set, undefined, 2_000)!
  assert.equal(seenAgain(resolved, facts, 3_000)?.status, 'suppressed')
  assert.deepEqual(seenAgain(resolved, facts, 5_000), opened(facts, 5_000))
  assert.equal(suppressed(set, undefined).status, 'open')
  assert.equal(suppressed(resolved, undefined).status, 'resolved')
})

test('whatever happens, a state is resolved exactly where it says when, and suppressed only with a reason', () => {
  const step = fc.oneof(
    fc.record({ see: fc.constantFrom<Facts | undefined>(facts, { cidr: 'x' }, undefined) }),
    fc.record({ until: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let state: FindingState = opened(facts, 0)
      for (const [now, one] of steps.entries()) {
        const until = 'until' in one && one.until !== undefined && one.until > now ? one.until : undefined
        if ('see' in one) state = seenAgain(state, one.see, now) ?? state
        else state = suppressed(state, until === undefined ? undefined : aside(until))
        assert.equal(state.status === 'resolved', state.resolvedAt !== undefined)
        if (state.status === 'suppressed') assert(state.suppression)
        if ('see' in one) assert.equal(standingAt(state, now).status === 'resolved', one.see === undefined)
      }
    }),
  )
})

test('facts are the same in whatever order they stand', () => {
  assert(sameFacts({ a: 1, b: 'x' }, { b: 'x', a: 1 }))
  assert(!sameFacts({ a: 1 }, { a: 1, b: 'x' }))
  assert(!sameFacts({ a: ['x', 'y'] }, { a: ['y', 'x'] }))
})
