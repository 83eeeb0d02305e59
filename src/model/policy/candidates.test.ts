// Claims about candidates (policy-model §4): they are asked on every request, and change no answer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseCidr } from '../cidr.ts'
import { findConflicts } from './conflicts.ts'
import { conclude, decide } from './decide.ts'
import type { AllocationRequest, Verdict } from './decision.ts'
import type { AssignmentCandidate } from './document.ts'
import { mayUsePool } from './resolve.ts'
import type { GovernanceFacts, Snapshot } from './snapshot.ts'
import {
  assign,
  dev,
  documentOf,
  loner,
  policy,
  pools,
  prod,
  prodUnit,
  request,
  root,
  workloads,
  worldOf,
} from './testdata/world.ts'
import { assignmentKindValues, modeValues, onExhaustedValues, onExplicitValues } from './values.ts'

const now = new Date('2026-01-02T03:04:05Z')
const ask = (world: Snapshot, change: Partial<AllocationRequest> = {}) => decide(world, request(change), now)
const names = ({ candidates }: Pick<Verdict, 'candidates'>) => candidates.map((candidate) => candidate.pool)
const next = policy('net', [documentOf(['p3'])], { version: 2 })
const lawWith = (candidates: readonly AssignmentCandidate[], change: Partial<GovernanceFacts> = {}) =>
  worldOf({
    policies: [policy('net', [documentOf(['p1', 'p2'])])],
    assignments: [assign('net', root)],
    candidates,
    ...change,
  })
const onRoot = { n: 7, policyId: 'net', targetId: root }

test('a candidate version is asked beside the live one, and what it would have answered is recorded', () => {
  const verdict = ask(lawWith([{ ...onRoot, version: next }]))
  assert.deepEqual([verdict.outcome, names(verdict), verdict.policy?.version], ['allow', ['p1', 'p2'], 1])
  assert.deepEqual(
    [verdict.candidate?.outcome, names(verdict.candidate!), verdict.candidate?.policy],
    ['allow', ['p3'], { id: 'net', version: 2 }],
  )
  assert.deepEqual(verdict.candidate?.assignments, [{ n: 7, policy: 'net', target: root, version: 2, mode: undefined }])
  const decision = conclude(
    verdict,
    { id: 'decision-1', at: now, request: request() },
    { pool: 'p1', cidr: parseCidr('198.51.100.0/32')! },
  )
  assert.equal(decision.candidate, verdict.candidate)
})

test('a candidate mode is asked as if it were in force: what enforcing would deny, what observing would let pass', () => {
  const params = { explicit: { pool: 'p3' } }
  const shared = { pools: pools.map((one) => ({ ...one, sharedWith: [root] })) }
  const observed = { ...shared, assignments: [assign('net', root, { mode: 'observe' })] }
  const stricter = ask(lawWith([{ ...onRoot, mode: 'enforce' }], observed), params)
  assert.deepEqual(
    [stricter.outcome, stricter.candidate?.outcome, stricter.candidate?.denial?.setting],
    ['allow', 'deny', 'on-explicit'],
  )
  const off = { ...shared, assignments: [assign('net', root, { mode: 'off' })] }
  assert.equal(ask(lawWith([{ ...onRoot, mode: 'enforce' }], off), params).candidate?.outcome, 'deny')
  const looser = ask(lawWith([{ ...onRoot, mode: 'observe' }], shared), params)
  assert.deepEqual([looser.outcome, looser.candidate?.outcome], ['deny', 'allow'])
})

test('a candidate that answers the same leaves no trace, though its version is another', () => {
  const same = policy('net', [documentOf(['p1', 'p2'])], { version: 2 })
  assert.equal(ask(lawWith([{ ...onRoot, version: same }])).candidate, undefined)
  const reordered = policy('net', [documentOf(['p2', 'p1'])], { version: 2 })
  assert.deepEqual(names(ask(lawWith([{ ...onRoot, version: reordered }])).candidate!), ['p2', 'p1'])
})

test('what makes a difference: outcome, pools, what happens when these are full, who decides, by which setting', () => {
  const differs = (settings: Parameters<typeof documentOf>[1], change: Partial<AllocationRequest> = {}) =>
    ask(lawWith([{ ...onRoot, version: policy('net', [documentOf(['p1', 'p2'], settings)], { version: 2 }) }]), change)
      .candidate !== undefined
  assert.equal(differs({}), false)
  assert.equal(differs({ onExhausted: 'provider' }), true)
  assert.equal(differs({ requiredTags: [{ key: 'team' }] }), true)
  assert.equal(differs({ requiredTags: [{ key: 'team' }] }, { tags: new Map([['team', 'net']]) }), false)
  assert.equal(differs({ onExplicit: 'steer' }, { explicit: { pool: 'p3' } }), true)
  assert.equal(differs({ requiredTags: [{ key: 'team' }] }, { explicit: { pool: 'p3' } }), true, 'denied otherwise')
})

test('a candidate concerns its target and below, and an account elsewhere is not asked about it', () => {
  const facts = {
    assignments: [assign('net', root), assign('net', workloads)],
    candidates: [{ ...onRoot, targetId: workloads, version: next }],
  }
  const world = lawWith([], facts)
  assert.equal(ask(world).candidate !== undefined, true)
  assert.equal(ask(world, { account: loner }).candidate, undefined)
  const [other] = world.candidates!.snapshot.assignmentsByTarget.get(root)!
  assert.equal(other?.version, undefined, 'the same policy elsewhere keeps the version in force')
})

test('a pool that only a candidate lists is not there for the account', () => {
  const world = lawWith([{ ...onRoot, version: next }])
  assert.deepEqual(
    ['p1', 'p3'].map((id) => mayUsePool(world, prod, id)),
    [true, false],
  )
})

test('without candidates there is no second world, and with one its conflicts can be found', () => {
  assert.equal(lawWith([]).candidates, undefined)
  const facts = {
    policies: [policy('net', [documentOf(['p1', 'p2'])]), policy('narrow', [documentOf(['p1'])])],
    assignments: [assign('net', root), assign('narrow', prodUnit, { kind: 'final' })],
  }
  const world = lawWith([{ ...onRoot, version: next }], facts)
  assert.deepEqual(findConflicts(world), [])
  const [conflict] = findConflicts(world.candidates!.snapshot)
  assert.deepEqual(
    conflict?.parties.map(({ policy, version, target }) => [policy, version, target]),
    [
      ['net', 2, root],
      ['narrow', 1, prodUnit],
    ],
  )
})

// What holds in every world.

const documentIn = fc.record({
  pools: fc.uniqueArray(fc.constantFrom('p1', 'p2', 'p3'), { minLength: 1 }),
  onExplicit: fc.constantFrom(...onExplicitValues),
  onExhausted: fc.constantFrom(...onExhaustedValues),
  requiredTags: fc.constantFrom([], [{ key: 'env' }]),
})
const enabled = fc.record({
  document: documentIn,
  target: fc.constantFrom(root, workloads, prodUnit, prod),
  kind: fc.constantFrom(...assignmentKindValues),
  mode: fc.constantFrom(...modeValues),
  candidate: fc.option(
    fc.record({
      document: fc.option(documentIn, { nil: undefined }),
      mode: fc.option(fc.constantFrom(...modeValues), { nil: undefined }),
    }),
    { nil: undefined },
  ),
})
type Enabled = typeof enabled extends fc.Arbitrary<infer T> ? T : never
const requestIn = fc.record({
  account: fc.constantFrom(prod, dev, loner),
  explicit: fc.constantFrom<AllocationRequest['explicit'][]>(
    undefined,
    undefined,
    { pool: 'p1' },
    { pool: 'p3' },
    { cidr: parseCidr('203.0.113.9/32')! },
  ),
  tags: fc.constantFrom(undefined, new Map([['env', 'prod']])),
})
const worldIn = fc.array(enabled, { minLength: 1, maxLength: 4 })

const documentFrom = ({ pools, ...settings }: Enabled['document']) => documentOf(pools, settings)
function factsFrom(all: readonly Enabled[]): Partial<GovernanceFacts> {
  return {
    policies: all.map(({ document }, i) => policy(`policy-${i}`, [documentFrom(document)])),
    assignments: all.map(({ target, kind, mode }, i) => assign(`policy-${i}`, target, { kind, mode })),
    candidates: all.flatMap(({ candidate, target }, i) => {
      if (!candidate || (!candidate.document && candidate.mode === undefined)) return []
      const { document, mode } = candidate
      const version = document && policy(`policy-${i}`, [documentFrom(document)], { version: 2 })
      return [{ n: i, policyId: `policy-${i}`, targetId: target, mode, version }]
    }),
  }
}
/** The world in which every candidate has been promoted. */
const promoted = (all: readonly Enabled[]): readonly Enabled[] =>
  all.map(({ candidate, ...one }) => ({
    ...one,
    document: candidate?.document ?? one.document,
    mode: candidate?.mode ?? one.mode,
    candidate: undefined,
  }))
const facts = ({ outcome, candidates, onExhausted, denial, mode, policy, target, wouldBe }: Verdict) => ({
  outcome,
  candidates,
  onExhausted,
  denial,
  mode,
  policy,
  target,
  wouldBe,
})
const withoutVersions = (value: unknown) =>
  JSON.parse(
    JSON.stringify(value, (key, inner: unknown) =>
      key === 'version' ? undefined : typeof inner === 'bigint' ? String(inner) : inner,
    ),
  )

test('whatever the candidates are, the answer is exactly that of the world without them', () => {
  let differences = 0
  fc.assert(
    fc.property(worldIn, fc.array(requestIn, { minLength: 1, maxLength: 4 }), (all, requests) => {
      const made = factsFrom(all)
      const world = worldOf(made)
      const bare = worldOf({ ...made, candidates: [] })
      for (const one of [...requests, ...requests]) {
        const verdict = ask(world, one)
        if (verdict.candidate) differences++
        assert.deepEqual(facts(verdict), facts(ask(bare, one)))
        assert.deepEqual(verdict.trace, ask(bare, one).trace)
        assert.deepEqual(verdict.candidate, ask(worldOf(made), one).candidate, 'caches are warm')
      }
    }),
    { numRuns: 1_000 },
  )
  assert(differences > 100)
})

test('what is recorded of the candidates is what the same request gets once they are promoted', () => {
  fc.assert(
    fc.property(worldIn, requestIn, (all, one) => {
      const made = factsFrom(all)
      const { candidate, ...live } = ask(worldOf(made), one)
      const later = ask(worldOf(factsFrom(promoted(all))), one)
      const answer = candidate ?? live
      // Who decides is no difference by itself: where nothing else is, none is recorded.
      const sides = [answer, later].map(({ outcome, candidates, onExhausted, policy, target, denial }) => {
        const said = { outcome, candidates, onExhausted, cause: denial?.cause, setting: denial?.setting }
        return withoutVersions(candidate ? { ...said, policy, target } : said)
      })
      const [seen, then] = sides
      // Rules may have moved within a document: their numbers are no difference.
      for (const side of sides) for (const pool of side.candidates) delete pool.rule
      assert.deepEqual(seen, then)
    }),
    { numRuns: 1_000 },
  )
})
