// Claims about assignments that observe or warn (policy-model §4): what they record, and when whoever asks is told.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conclude, decide } from './decide.ts'
import { type AllocationRequest, isWarning } from './decision.ts'
import type { Assignment } from './document.ts'
import { explainDecision } from './explain.ts'
import type { PolicySettings } from './settings.ts'
import { assign, documentOf, policy, pool, pools, prod, request, root, worldOf } from './testdata/world.ts'

const now = new Date('2026-01-02T03:04:05Z')
const own = pool('own', '192.0.2.0/26', { account: prod })

/** A policy that enforces on the root, and finals that only watch. */
function answer(
  live: Partial<PolicySettings>,
  watching: readonly { pools?: readonly string[]; settings?: Partial<PolicySettings>; mode: Assignment['mode'] }[],
  change: Partial<AllocationRequest> = {},
) {
  const world = worldOf({
    pools: [...pools, own],
    policies: [
      policy('live', [documentOf(['p1', 'p2'], live)]),
      ...watching.map(({ pools: listed = ['p1', 'p2'], settings }, n) =>
        policy(`watch-${n}`, [documentOf(listed, { ...live, ...settings })]),
      ),
    ],
    assignments: [
      assign('live', root),
      ...watching.map(({ mode }, n) => assign(`watch-${n}`, root, { kind: 'final', mode })),
    ],
  })
  return decide(world, request(change), now)
}

const env = { requiredTags: [{ key: 'env' }] }
const named = { explicit: { pool: 'own' } }

test('what would be denied for another cause is recorded where the request is denied already', () => {
  for (const mode of ['observe', 'warn'] as const) {
    const verdict = answer({}, [{ mode, settings: env }], named)
    assert.deepEqual([verdict.outcome, verdict.denial?.cause], ['deny', 'explicit'])
    assert.deepEqual(
      [verdict.wouldBe?.mode, verdict.wouldBe?.outcome, verdict.wouldBe?.denial?.cause],
      [mode, 'deny', 'tags'],
    )
    const decision = conclude(verdict, { id: 'decision-1', at: now, request: request(named) }, undefined)
    assert.equal(decision.wouldBe, verdict.wouldBe)
  }
  // The same word for the same thing is nothing to record.
  assert.equal(answer({}, [{ mode: 'observe' }], named).wouldBe, undefined)
  assert.equal(answer(env, [{ mode: 'observe' }]).wouldBe, undefined)
})

test('warn tells whoever asks only where there is something to change: what would be denied or steered', () => {
  const elsewhere = answer({}, [{ mode: 'warn', pools: ['p2'] }])
  assert.deepEqual([elsewhere.outcome, elsewhere.wouldBe?.mode, elsewhere.wouldBe?.outcome], ['allow', 'warn', 'allow'])
  assert.equal(isWarning(elsewhere.wouldBe), false)
  const decision = conclude(elsewhere, { id: 'decision-1', at: now, request: request() }, undefined)
  assert.deepEqual(explainDecision(decision).lines, [])

  const denied = answer({}, [{ mode: 'warn', settings: env }])
  assert.deepEqual([denied.outcome, isWarning(denied.wouldBe)], ['warn', true])
  const steered = answer({ onExplicit: 'allow' }, [{ mode: 'warn', settings: { onExplicit: 'steer' } }], named)
  assert.deepEqual([steered.outcome, steered.wouldBe?.outcome], ['warn', 'steer'])
})

test('what would be denied is recorded before what would only come from elsewhere', () => {
  const verdict = answer({}, [
    { mode: 'warn', pools: ['p2'] },
    { mode: 'observe', settings: env },
  ])
  assert.deepEqual(
    [verdict.outcome, verdict.wouldBe?.mode, verdict.wouldBe?.outcome, verdict.wouldBe?.denial?.cause],
    ['allow', 'observe', 'deny', 'tags'],
  )
})
