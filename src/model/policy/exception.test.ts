// Claims about exceptions by themselves: what people may do to one, and when it is in force. All of a small world.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { problemInWords } from '../problems/problem.ts'
import { finish } from '../steps.ts'
import {
  applyAction,
  breakGlassHoursMax,
  dayMs,
  type Exception,
  type ExceptionAction,
  type ExceptionFacts,
  exceptionDaysMax,
  isInForce,
  needsReview,
  stateAt,
  timeProblem,
} from './exception.ts'
import { ExceptionIndex, exceptionsFor, matchesPattern } from './exception-index.ts'

const indexOf = (exceptions: readonly ExceptionFacts[]): ExceptionIndex =>
  finish(ExceptionIndex.collect(new Map(exceptions.map((one) => [one.id, one]))))

const people = ['user:ann', 'user:bob', 'user:eve'] as const
const lengthMaxMs = exceptionDaysMax * dayMs
const end = 10
const later = 20

const requested: Exception = {
  id: 'exception-1',
  target: '222222222222',
  locale: 'us-east-1',
  resourceType: 'eip',
  grants: { pools: ['p3'], provider: false },
  reason: 'a reason',
  startsAt: 2,
  expiresAt: end,
  status: 'requested',
  isBreakGlass: false,
  requested: { by: 'user:ann', at: 0 },
  asked: { by: 'user:ann', at: 0 },
}
const broken: Exception = { ...requested, status: 'approved', isBreakGlass: true, startsAt: 0 }

/** Everything that anybody can try at a moment. */
const actionsAt = (at: number): ExceptionAction[] =>
  people.flatMap((by) => [
    { kind: 'approve', by, at },
    { kind: 'approve', by, at, until: later },
    { kind: 'deny', by, at },
    { kind: 'revoke', by, at },
    { kind: 'review', by, at, note: 'seen' },
    { kind: 'renew', by, at, expiresAt: later, reason: 'longer' },
    { kind: 'renew', by, at, expiresAt: at + lengthMaxMs + 1, reason: 'too long' },
  ])

/** Walks every sequence of acts at these moments, each once per state that is reached. */
function walk(
  from: Exception,
  moments: readonly number[],
  visit: (before: Exception, action: ExceptionAction) => void,
): void {
  const [at, ...rest] = moments
  if (at === undefined) return
  const reached = new Map([[JSON.stringify(from), from]])
  for (const action of actionsAt(at)) {
    visit(from, action)
    const outcome = applyAction(from, action)
    if ('exception' in outcome) reached.set(JSON.stringify(outcome.exception), outcome.exception)
  }
  for (const next of reached.values()) walk(next, rest, visit)
}

test('nobody approves, renews for themselves or reviews what they asked for, in any order of events', () => {
  let approvals = 0
  for (const start of [requested, broken]) {
    walk(start, [1, 5, end, 15], (before, action) => {
      const outcome = applyAction(before, action)
      if ('refused' in outcome) return
      const { exception: after } = outcome
      const asked = [before.requested.by, before.asked.by, before.renewal?.by]
      if (action.kind === 'approve' || action.kind === 'review')
        assert(!asked.includes(action.by), JSON.stringify([before, action]))
      if (action.kind === 'approve') approvals++
      if (after.approved) assert(after.approved.by !== after.requested.by && after.approved.by !== after.asked.by)
      if (after.status === 'approved') assert(after.approved || after.isBreakGlass)
      if (after.reviewed) assert.notEqual(after.reviewed.by, after.requested.by)
    })
  }
  assert(approvals > 0)
})

test('no applyAction makes an exception last longer than was approved, or than the bounds say', () => {
  for (const start of [requested, broken]) {
    walk(start, [1, 5, end, 15], (before, action) => {
      const outcome = applyAction(before, action)
      if ('refused' in outcome) return
      const { exception: after } = outcome
      if (action.kind !== 'approve') assert.equal(after.expiresAt, before.expiresAt)
      assert(after.expiresAt <= after.asked.at + lengthMaxMs)
      assert(after.startsAt < after.expiresAt)
      if (after.isBreakGlass) assert.equal(after.expiresAt, start.expiresAt)
      // What is over comes back by a new approval alone.
      const isBack = stateAt(before, action.at) !== 'active' && stateAt(after, action.at) === 'active'
      if (isBack) assert.equal(action.kind, 'approve')
    })
  }
})

test('denied and revoked are the end: no applyAction leads out of them, but that a break-glass can still be reviewed', () => {
  let ends = 0
  for (const start of [requested, broken]) {
    walk(start, [1, 5, end, 15], (before, action) => {
      if (before.status !== 'denied' && before.status !== 'revoked') return
      ends++
      const outcome = applyAction(before, action)
      if ('exception' in outcome) {
        assert.equal(action.kind, 'review')
        assert.equal(outcome.exception.status, before.status)
      }
    })
  }
  assert(ends > 0)
})

test('a break-glass is a finding from the first moment until somebody else has reviewed it', () => {
  assert(needsReview(broken))
  assert(!needsReview(requested))
  walk(broken, [1, 5, end, 15], (before, action) => {
    const outcome = applyAction(before, action)
    if ('refused' in outcome || before.reviewed) return
    assert.equal(needsReview(outcome.exception), action.kind !== 'review')
  })
})

test('a renewal leaves the present end in place until it is approved, and begins anew where that has passed', () => {
  const at = (kind: 'approve', by: string, moment: number, until?: number): ExceptionAction => ({
    kind,
    by,
    at: moment,
    until,
  })
  const live = take(applyAction(requested, at('approve', 'user:bob', 1)))
  const asked = take(applyAction(live, { kind: 'renew', by: 'user:bob', at: 5, expiresAt: later, reason: 'longer' }))
  assert.equal(stateAt(asked, end), 'expired')
  assert.deepEqual(applyAction(asked, at('approve', 'user:bob', 6, later)), {
    refused: { kind: 'same-person', asked: 'user:bob', by: 'user:bob', shared: 'user:bob' },
  })
  assert.deepEqual(applyAction(asked, at('approve', 'user:ann', 6, later)), {
    refused: { kind: 'same-person', asked: 'user:ann', by: 'user:ann', shared: 'user:ann' },
  })
  for (const until of [undefined, later + 1]) {
    const unnamed = applyAction(asked, at('approve', 'user:eve', 6, until))
    assert(
      'refused' in unnamed &&
        unnamed.refused.kind === 'state' &&
        problemInWords(unnamed.refused.problem).includes('`expiresAt`'),
    )
  }
  assert('refused' in applyAction(requested, at('approve', 'user:bob', 1, later)), 'another end than is asked for')
  const early = take(applyAction(asked, at('approve', 'user:eve', 6, later)))
  assert.deepEqual([early.startsAt, early.expiresAt, early.asked.by], [2, later, 'user:bob'])
  const late = take(applyAction(asked, at('approve', 'user:eve', 15, later)))
  assert.deepEqual([late.startsAt, late.expiresAt, stateAt(late, 15)], [15, later, 'active'])
  const again: ExceptionAction = { kind: 'renew', by: 'user:eve', at: 16, expiresAt: later + 5, reason: 'longer still' }
  assert.deepEqual(applyAction(take(applyAction(late, again)), at('approve', 'user:ann', 17)), {
    refused: { kind: 'same-person', asked: 'user:ann', by: 'user:ann', shared: 'user:ann' },
  })
  const denied = take(applyAction(asked, { kind: 'deny', by: 'user:eve', at: 6 }))
  assert.deepEqual([denied.status, denied.expiresAt, denied.renewal], ['approved', end, undefined])
})

const take = (outcome: ReturnType<typeof applyAction>): Exception => {
  assert('exception' in outcome, JSON.stringify(outcome))
  return outcome.exception
}

test('state follows from the moment alone: active from its start until just before its end', () => {
  const approved: Exception = { ...requested, status: 'approved', approved: { by: 'user:bob', at: 1 } }
  for (let now = 0; now <= end + 2; now++) {
    const expected = now < 2 ? 'approved' : now < end ? 'active' : 'expired'
    assert.equal(stateAt(approved, now), expected)
    assert.equal(isInForce(approved, now), expected === 'active')
    assert.equal(stateAt(requested, now), now < end ? 'requested' : 'expired')
  }
})

test('the time asked for is not in the past, not over at once, and within 90 days, or 24 hours for break-glass', () => {
  const now = 1_000
  const wrong = (startsAt: number, expiresAt: number, isBreakGlass = false) =>
    timeProblem({ startsAt, expiresAt }, { now, isBreakGlass })?.field
  assert.equal(wrong(now, now + lengthMaxMs), undefined)
  assert.equal(wrong(now, now + lengthMaxMs + 1), 'expiresAt')
  assert.equal(wrong(now + 5, now + 5), 'expiresAt')
  assert.equal(wrong(now - 1, now + 1), 'startsAt')
  assert.equal(wrong(now, now + breakGlassHoursMax * 3_600_000, true), undefined)
  assert.equal(wrong(now, now + breakGlassHoursMax * 3_600_000 + 1, true), 'expiresAt')
})

test('a period has the same exceptions in force from its first millisecond to its last', () => {
  const some = fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 6 })), { maxLength: 5 })
  fc.assert(
    fc.property(some, (spans) => {
      const exceptions = spans.map(
        ([startsAt, length], i): ExceptionFacts => ({
          ...requested,
          id: `e${i}`,
          startsAt,
          expiresAt: startsAt + length,
        }),
      )
      const index = indexOf(exceptions)
      const seen = new Map<number, string>()
      for (let now = 0; now <= 20; now++) {
        const inForce = exceptions
          .filter((one) => isInForce(one, now))
          .map(({ id }) => id)
          .join()
        const period = index.periodAt(now)
        assert.equal(seen.get(period) ?? inForce, inForce)
        seen.set(period, inForce)
      }
    }),
  )
})

test('a pattern is for the resources that it matches and for no other, and without a name for none', () => {
  const path = ['r-acme', 'ou-acme-workload', '222222222222']
  const index = indexOf([{ ...requested, resource: 'cluster-*/web' }])
  const asked = { locale: 'us-east-1', resourceType: 'eip' }
  const speaking = (nodes: readonly string[], resource: string | undefined) =>
    exceptionsFor(index, nodes, { ...asked, resource }, requested.startsAt).inForce.length
  assert.equal(speaking(path, 'cluster-7/web'), 1)
  for (const resource of ['cluster-7/db', 'xcluster-7/web', 'cluster-7/web2', undefined]) {
    assert.equal(speaking(path, resource), 0, String(resource))
  }
  assert.equal(speaking(['333333333333'], 'cluster-7/web'), 0)
})

test('a pattern matches what the same regular expression matches', () => {
  const text = fc.stringMatching(/^[ab*]{0,7}$/)
  fc.assert(
    fc.property(text, fc.stringMatching(/^[ab]{0,8}$/), (pattern, subject) => {
      const same = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(subject)
      assert.equal(matchesPattern(pattern, subject), same)
    }),
    { numRuns: 2_000 },
  )
})

test('who made the token of the other may be the other, for approvals, renewals and reviews', () => {
  const ann = { by: 'user:ann' }
  const byAnn = { by: 'user:ann-too', makers: ['user:ann'] }
  const bob = { by: 'user:bob' }
  const refused = (exception: Exception, action: ExceptionAction) => {
    const outcome = applyAction(exception, action)
    return 'refused' in outcome && outcome.refused.kind === 'same-person' ? outcome.refused.shared : undefined
  }
  for (const [asker, other] of [
    [ann, byAnn],
    [byAnn, ann],
  ] as const) {
    const asked = { ...requested, requested: { ...asker, at: 0 }, asked: { ...asker, at: 0 } }
    assert.equal(refused(asked, { kind: 'approve', ...other, at: 1 }), 'user:ann')
    assert.equal(refused(asked, { kind: 'approve', ...bob, at: 1 }), undefined)
    const open = { ...broken, requested: { ...asker, at: 0 } }
    assert.equal(refused(open, { kind: 'review', ...other, at: 1, note: 'seen' }), 'user:ann')
    const renewed = { ...approvedBy(bob), renewal: { ...asker, at: 3, expiresAt: later, reason: 'longer' } }
    assert.equal(refused(renewed, { kind: 'approve', ...other, at: 4 }), 'user:ann')
  }
})

const approvedBy = (by: { readonly by: string }): Exception => ({
  ...requested,
  requested: { by: 'user:carol', at: 0 },
  asked: { by: 'user:carol', at: 0 },
  status: 'approved',
  approved: { ...by, at: 1 },
})
