// Claims about the effective view: whatever it says is in force is what `decide` does.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decide } from './decide.ts'
import type { AllocationRequest } from './decision.ts'
import type { Assignment, PolicyDocument, RuleCondition } from './document.ts'
import { type EffectiveDocument, type EffectiveWorld, effectiveAt } from './effective.ts'
import { compileSnapshot, type Snapshot } from './snapshot.ts'
import {
  admin,
  assign,
  dev,
  devUnit,
  documentOf,
  factsOf,
  loner,
  policy,
  pool,
  pools,
  prod,
  prodUnit,
  request,
  root,
  stranger,
  workloads,
  worldOf,
} from './testdata/world.ts'
import {
  assignmentKindValues,
  compatibilityValues,
  formatRequiredTag,
  onExhaustedValues,
  onExplicitValues,
} from './values.ts'

const now = new Date('2026-01-02T03:04:05Z')
const pair = { locale: 'us-east-1', resourceType: 'eip' }
const targets = [root, workloads, prodUnit, devUnit, prod, dev, loner, admin, stranger]
const accounts = [prod, dev, loner, admin, stranger]

// Small worlds -------------------------------------------------------------------------------------------------------

const condition: fc.Arbitrary<RuleCondition | undefined> = fc.constantFrom(
  undefined,
  undefined,
  { accounts: [prod, loner] },
  { organizationalUnits: [workloads] },
  { organizationalUnits: [devUnit] },
  { tags: [{ key: 'env', values: ['prod'] }] },
)
const document: fc.Arbitrary<PolicyDocument> = fc
  .record({
    names: fc.subarray(['p1', 'p2', 'p3'], { minLength: 1 }),
    onExplicit: fc.constantFrom(...onExplicitValues),
    onExhausted: fc.constantFrom(...onExhaustedValues),
    requiredTags: fc.constantFrom([], [], [{ key: 'env' }], [{ key: 'team', value: 'net' }]),
    conditions: fc.array(condition, { minLength: 3, maxLength: 3 }),
    isForOther: fc.boolean(),
  })
  .map(({ names, conditions, isForOther, ...settings }) =>
    documentOf([], settings, {
      ...(isForOther ? { resourceType: 'rnat' } : {}),
      rules: names.map((name, at) => (conditions[at] ? { pool: name, when: conditions[at] } : { pool: name })),
    }),
  )
const world: fc.Arbitrary<Snapshot> = fc
  .record({
    policies: fc.array(fc.record({ document, compatibility: fc.constantFrom(...compatibilityValues) }), {
      minLength: 1,
      maxLength: 4,
    }),
    assignments: fc.array(
      fc.record({
        policy: fc.nat(3),
        target: fc.constantFrom(...targets),
        kind: fc.constantFrom(...assignmentKindValues),
        mode: fc.constantFrom('enforce', 'enforce', 'enforce', 'warn', 'observe', 'off') as fc.Arbitrary<
          Assignment['mode']
        >,
        isOwn: fc.boolean(),
      }),
      { maxLength: 5 },
    ),
    unmatched: fc.constantFrom('provider', 'deny') as fc.Arbitrary<'provider' | 'deny'>,
  })
  .map(({ policies, assignments, unmatched }) => {
    const seen = new Set<string>()
    return compileSnapshot(
      factsOf({
        ipams: [
          {
            id: 'ipam-acme',
            account: admin,
            tier: 'advanced',
            unmatched,
            operatingRegions: ['us-east-1', 'eu-central-1'],
          },
        ],
        policies: policies.map(({ document, compatibility }, n) =>
          policy(`policy-${n}`, [document], { version: n + 1, compatibility }),
        ),
        assignments: assignments.flatMap(({ policy, target, kind, mode, isOwn }) => {
          const name = `policy-${policy % policies.length}`
          const managedBy = isOwn && accounts.includes(target) ? 'account' : 'delegated-administrator-for-ipam'
          // As the schema has it: a policy once on a target, and one default there for each manager.
          const keys = [`${name} ${target}`, ...(kind === 'default' ? [`${target} ${managedBy}`] : [])]
          if (keys.some((key) => seen.has(key))) return []
          for (const key of keys) seen.add(key)
          return [assign(name, target, { kind, mode, managedBy })]
        }),
      }),
      1,
    )
  })

// The two compared ---------------------------------------------------------------------------------------------------

const inForce = ({ rules }: EffectiveDocument): string[] =>
  rules.filter(({ inForce }) => inForce === 'yes').map(({ pool }) => pool)
const carrying = ({ requiredTags }: EffectiveDocument): ReadonlyMap<string, string> =>
  new Map(requiredTags.map(({ value }) => [value.key, value.value ?? 'x']))
const contradicts = ({ requiredTags }: EffectiveDocument): boolean =>
  new Set(requiredTags.map(({ value }) => value.key)).size < requiredTags.length &&
  requiredTags.some(({ value }) => value.value !== undefined)

/** What the view lets one expect of a plain request that carries every tag that is asked for. */
function expected({ document, unmatched }: EffectiveWorld) {
  if (!document) return unmatched.value === 'deny' ? 'deny unmatched' : 'allow provider'
  const pools = inForce(document)
  if (pools.length > 0) return `allow ${pools} then ${document.onExhausted.value}`
  const isNarrowed = document.rules.some(({ excludedBy }) => excludedBy)
  return document.onExhausted.value === 'provider' && !isNarrowed ? 'allow provider' : 'deny no-rule'
}
function answered(snapshot: Snapshot, asked: AllocationRequest) {
  const { outcome, candidates, onExhausted, denial } = decide(snapshot, asked, now)
  if (outcome === 'deny') return `deny ${denial!.cause}`
  const names = candidates.map(({ pool }) => pool)
  return names[0] === 'provider' ? 'allow provider' : `allow ${names} then ${onExhausted}`
}

test('what the view says is in force at an account is what a request of the account gets', () => {
  fc.assert(
    fc.property(world, fc.constantFrom(...accounts), (snapshot, account) => {
      const { enforced } = effectiveAt(snapshot, account, pair, now)
      if (enforced.document && contradicts(enforced.document)) return
      const tags = enforced.document && carrying(enforced.document)
      assert.equal(answered(snapshot, request({ account, tags })), expected(enforced))
    }),
    { numRuns: 1_000 },
  )
})

test('who the view says has set something is who decide names', () => {
  fc.assert(
    fc.property(world, fc.constantFrom(...accounts), (snapshot, account) => {
      const { document } = effectiveAt(snapshot, account, pair, now).enforced
      if (!document || contradicts(document)) return
      const tags = carrying(document)
      const verdict = decide(snapshot, request({ account, tags }), now)
      assert.deepEqual(
        [verdict.policy?.id, verdict.policy?.version, verdict.target],
        [document.by.policy, document.by.version, document.by.target],
      )
      for (const { value, by } of document.requiredTags) {
        const without = new Map([...tags].filter(([key]) => key !== value.key))
        const { denial } = decide(snapshot, request({ account, tags: without }), now)
        assert.ok(denial?.cause === 'tags' && denial.missingTags!.includes(formatRequiredTag(value)))
        if (denial.missingTags!.length === 1) assert.deepEqual(denial.by, by)
      }
      const unlisted = ['p1', 'p2', 'p3'].find((name) => !inForce(document).includes(name))
      if (unlisted === undefined) return
      const { outcome, denial } = decide(snapshot, request({ account, tags, explicit: { pool: unlisted } }), now)
      if (document.onExplicit.value === 'deny')
        assert.deepEqual([denial?.setting, denial?.by], ['on-explicit', document.onExplicit.by])
      else if (document.onExplicit.value === 'steer' && outcome !== 'deny') {
        assert.ok(outcome === 'steer' || inForce(document).length === 0)
      }
    }),
    { numRuns: 1_000 },
  )
})

test('what would be in force if those that watch acted is what decide records as what would be', () => {
  fc.assert(
    fc.property(world, fc.constantFrom(...accounts), (snapshot, account) => {
      const view = effectiveAt(snapshot, account, pair, now)
      const documents = [view.enforced, view.warned, view.observed].flatMap((world) => world?.document ?? [])
      if (documents.some(contradicts)) return
      const required = documents.flatMap(({ requiredTags }) => requiredTags)
      const tags = new Map(required.map(({ value }) => [value.key, value.value ?? 'x']))
      // `env` and `team=net` never stand against each other, so one request can carry what all worlds ask for.
      const { wouldBe } = decide(snapshot, request({ account, tags }), now)
      for (const [mode, world] of [
        ['warn', view.warned],
        ['observe', view.observed],
      ] as const) {
        if (wouldBe?.mode !== mode) continue
        const would =
          wouldBe.outcome === 'deny'
            ? `deny ${wouldBe.denial!.cause}`
            : `allow ${wouldBe.candidates.map(({ pool }) => pool)}`
        assert.equal(would, expected(world!).split(' then ')[0])
      }
      if (!wouldBe) {
        for (const world of [view.warned, view.observed]) {
          if (world) assert.equal(expected(world), expected(view.enforced))
        }
      }
    }),
    { numRuns: 1_000 },
  )
})

test('what is certain at a unit is so for every account below that has no assignments of its own', () => {
  fc.assert(
    fc.property(world, fc.constantFrom(root, workloads, prodUnit, devUnit), (snapshot, unit) => {
      const above = effectiveAt(snapshot, unit, pair, now).enforced
      for (const account of accounts) {
        const { path, enforced } = effectiveAt(snapshot, account, pair, now)
        const at = path.indexOf(unit)
        if (at < 0 || path.slice(at + 1).some((node) => snapshot.assignmentsByTarget.has(node))) continue
        assert.deepEqual(enforced.document?.by, above.document?.by)
        assert.deepEqual(enforced.unmatched, above.unmatched)
        for (const { pool, inForce } of above.document?.rules ?? []) {
          if (inForce === 'depends') continue
          assert.equal(
            enforced.document!.rules.find((rule) => rule.pool === pool)!.inForce,
            inForce,
            `${pool} at ${account}`,
          )
        }
      }
    }),
    { numRuns: 1_000 },
  )
})

// By example ---------------------------------------------------------------------------------------------------------

test('each part names its assignment, and what a final narrowed is told with both values', () => {
  const wide = documentOf(['p1', 'p2'], { onExplicit: 'steer' })
  const narrow = documentOf(['p2'], { requiredTags: [{ key: 'env' }], size: { min: 20, default: 24, max: 28 } })
  const snapshot = worldOf({
    policies: [policy('wide', [wide], { version: 4 }), policy('narrow', [narrow]), policy('other', [])],
    assignments: [assign('wide', root), assign('narrow', workloads, { kind: 'final' }), assign('other', prodUnit)],
  })
  const { enforced, assignments, path, warned, observed } = effectiveAt(snapshot, prod, pair, now)
  assert.deepEqual(path, [root, workloads, prodUnit, prod])
  const { document } = enforced
  assert.deepEqual(
    document!.rules.map(({ pool, inForce, excludedBy }) => [pool, inForce, excludedBy?.policy]),
    [
      ['p1', 'no', 'narrow'],
      ['p2', 'yes', undefined],
    ],
  )
  assert.deepEqual(
    document!.narrowings.map(({ by, setting, from, to }) => [by.policy, setting, from, to]),
    [
      ['narrow', 'pools', 'p1', 'not listed'],
      ['narrow', 'onExplicit', 'steer', 'deny'],
      ['narrow', 'size', 'no bounds', '20/24/28'],
      ['narrow', 'requiredTags', 'not required', 'env'],
    ],
  )
  assert.deepEqual(
    assignments.map(({ party, part }) => [party.policy, party.version, part]),
    [
      ['wide', 4, 'order'],
      ['narrow', 1, 'narrows'],
      ['other', 1, 'no-document'],
    ],
  )
  assert.deepEqual([warned, observed], [undefined, undefined])
})

test('a self-enabled policy is shown with what it would do, and with what stands in its way', () => {
  const facts = {
    policies: [policy('own', [documentOf(['p3'])], { account: prod }), policy('law', [documentOf(['p1'])])],
    pools: [...pools, pool('p4', '192.0.2.0/24')],
  }
  const own = assign('own', prod, { managedBy: 'account' })
  const free = effectiveAt(worldOf({ ...facts, assignments: [own] }), prod, pair, now)
  assert.deepEqual([free.selfEnabled!.counts, free.enforced.document!.by.policy], [true, 'own'])
  const ruled = effectiveAt(worldOf({ ...facts, assignments: [own, assign('law', root)] }), prod, pair, now)
  assert.deepEqual(
    [ruled.selfEnabled!.counts, ruled.selfEnabled!.because!.policy, inForce(ruled.selfEnabled!.document!)],
    [false, 'law', ['p3']],
  )
  assert.deepEqual(inForce(ruled.enforced.document!), ['p1'])
  assert.equal(ruled.assignments.at(-1)!.part, 'not-counted')
  const watched = effectiveAt(
    worldOf({ ...facts, assignments: [own, assign('law', root, { mode: 'observe' })] }),
    prod,
    pair,
    now,
  )
  assert.equal(watched.selfEnabled!.counts, true, 'one that observes takes nothing away')
  assert.equal(effectiveAt(worldOf({}), workloads, pair, now).selfEnabled, undefined)
})

test('exceptions on the path are shown with what they grant, whether they have begun, and not once they are over', () => {
  const exception = (id: string, target: string, [from, until]: readonly [number, number]) => ({
    id,
    target,
    ...pair,
    grants: { pools: ['p3'], provider: false },
    startsAt: now.getTime() + from,
    expiresAt: now.getTime() + until,
  })
  const snapshot = worldOf({
    policies: [policy('law', [documentOf(['p1'])])],
    assignments: [assign('law', root)],
    exceptions: [
      exception('open', prodUnit, [-1, 1]),
      exception('later', root, [1, 2]),
      exception('over', prod, [-2, 0]),
      exception('elsewhere', devUnit, [-1, 1]),
      { ...exception('other', root, [-1, 1]), resourceType: 'rnat' },
    ],
  })
  const shown = (node: string) =>
    effectiveAt(snapshot, node, pair, now).exceptions.map(({ id, isInForce }) => `${id} ${isInForce}`)
  assert.deepEqual(shown(prod), ['open true', 'later false'])
  assert.deepEqual(shown(loner), ['later false'])
  // And decide goes by them.
  const named = (account: string) => decide(snapshot, request({ account, explicit: { pool: 'p3' } }), now).outcome
  assert.deepEqual([named(prod), named(loner)], ['allow', 'deny'])
})
