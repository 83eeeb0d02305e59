// Claims about decisions under exceptions (policy-model §7): only ever more, only for a time, and always named.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Cidr, parseCidr } from '../cidr.ts'
import { conclude, decide } from './decide.ts'
import type { AllocationRequest, Verdict } from './decision.ts'
import type { ExceptionFacts, ExceptionGrants } from './exception.ts'
import { mayUsePool } from './resolve.ts'
import type { GovernanceFacts, Snapshot } from './snapshot.ts'
import {
  admin,
  assign,
  dev,
  documentOf,
  policy,
  pool,
  pools,
  privatePool,
  prod,
  prodUnit,
  request,
  root,
  stranger,
  workloads,
  worldOf,
} from './testdata/world.ts'
import { inWords } from './trace-words.ts'
import { assignmentKindValues, modeValues, onExhaustedValues, onExplicitValues } from './values.ts'

const startsAt = 1_000
const expiresAt = 2_000
const inForce = 1_500
const cidr = (text: string): Cidr => parseCidr(text)!

const exception = (grants: Partial<ExceptionGrants>, change: Partial<ExceptionFacts> = {}): ExceptionFacts => ({
  id: 'exception-1',
  target: prod,
  locale: 'us-east-1',
  resourceType: 'eip',
  grants: { pools: [], provider: false, ...grants },
  startsAt,
  expiresAt,
  ...change,
})
const ask = (world: Snapshot, change: Partial<AllocationRequest> = {}, now = inForce) =>
  decide(world, request(change), new Date(now))
const names = ({ candidates }: Verdict) => candidates.map((candidate) => candidate.pool)
const lawWith = (
  exceptions: readonly ExceptionFacts[],
  settings: Parameters<typeof documentOf>[1] = {},
  change: Partial<GovernanceFacts> = {},
) =>
  worldOf({
    policies: [policy('net', [documentOf(['p1', 'p2'], settings)])],
    assignments: [assign('net', root)],
    exceptions,
    ...change,
  })

test('a pool that an exception grants counts as listed: naming it is honoured, and the exception is named', () => {
  for (const onExplicit of ['deny', 'steer'] as const) {
    const verdict = ask(lawWith([exception({ pools: ['p3'] })], { onExplicit }), { explicit: { pool: 'p3' } })
    assert.deepEqual([verdict.outcome, names(verdict), verdict.exception], ['allow', ['p3'], 'exception-1'])
    assert.deepEqual([verdict.policy?.id, verdict.mode], ['net', 'enforce'])
    const decision = conclude(
      verdict,
      { id: 'decision-1', at: new Date(inForce), request: request() },
      { pool: 'p3', cidr: cidr('203.0.113.0/32') },
    )
    assert.equal(decision.exception, 'exception-1')
    assert.deepEqual(
      decision.trace.filter(({ kind }) => kind === 'exception').map(({ subject, result }) => [subject, result]),
      [['exception-1', 'hit']],
    )
  }
})

test('an address in a pool that an exception grants can be named too', () => {
  const world = lawWith([exception({ pools: ['p3'] })])
  const verdict = ask(world, { explicit: { cidr: cidr('203.0.113.9/32') } })
  assert.deepEqual([verdict.outcome, names(verdict), verdict.exception], ['allow', ['p3'], 'exception-1'])
  assert.equal(ask(world, { explicit: { cidr: cidr('192.0.2.9/32') } }).denial?.cause, 'explicit')
})

test('what policy allows without the exception stays as it is and does not name it; its pools come after all else', () => {
  const verdict = ask(lawWith([exception({ pools: ['p3'] })]))
  const without = ask(lawWith([]))
  assert.deepEqual(
    [verdict.outcome, verdict.candidates, verdict.onExhausted, verdict.exception],
    [without.outcome, without.candidates, without.onExhausted, undefined],
  )
  assert.deepEqual(
    verdict.reserve?.candidates.map((one) => one.pool),
    ['p3'],
  )
  const identity = { id: 'decision-1', at: new Date(inForce), request: request() }
  const usual = conclude(verdict, identity, { pool: 'p2', cidr: cidr('198.51.100.128/32') })
  assert.deepEqual([usual.exception, usual.candidates.length], [undefined, 2])
  const last = conclude(verdict, identity, { pool: 'p3', cidr: cidr('203.0.113.0/32') })
  assert.deepEqual([last.exception, last.outcome, last.candidates.at(-1)?.pool], ['exception-1', 'allow', 'p3'])
  assert.deepEqual(
    last.trace.slice(-4).map(({ kind, subject, result }) => [kind, subject, result]),
    [
      ['pool', 'p1', 'miss'],
      ['pool', 'p2', 'miss'],
      ['exception', 'exception-1', 'hit'],
      ['pool', 'p3', 'hit'],
    ],
  )
})

test('a caller who names a listed pool gets that one or nothing, exception or not', () => {
  const verdict = ask(lawWith([exception({ pools: ['p3'], provider: true })]), { explicit: { pool: 'p1' } })
  assert.deepEqual([names(verdict), verdict.reserve, verdict.exception], [['p1'], undefined, undefined])
  const twin = pool('twin', '198.51.100.0/25', { scopeId: 'ipam-scope-other' })
  const doubled = lawWith([exception({ pools: ['twin'] })], {}, { pools: [...pools, twin] })
  assert.equal(ask(doubled, { explicit: { cidr: cidr('198.51.100.9/32') } }).reserve, undefined)
})

test('what is steered away from goes on as though nothing had been named: the pools of an exception come after the rules', () => {
  const settings = { onExplicit: 'steer' } as const
  const named = { explicit: { pool: 'p4' } }
  const steered = ask(lawWith([exception({ pools: ['p3'] })], settings), named)
  assert.deepEqual([steered.outcome, names(steered), steered.exception], ['steer', ['p1', 'p2'], undefined])
  assert.deepEqual(
    steered.reserve?.candidates.map((one) => one.pool),
    ['p3'],
  )
  // Where the rules have nothing for the account, the exception is what the request is served under.
  const elsewhere = [{ pool: 'p1', when: { accounts: [dev] } }]
  const forOthers = { policies: [policy('net', [documentOf([], settings, { rules: elsewhere })])] }
  for (const grants of [{ pools: ['p3'] }, { provider: true }]) {
    const served = ask(lawWith([exception(grants)], settings, forOthers), named)
    const pool = grants.pools ? 'p3' : 'provider'
    assert.deepEqual([served.outcome, names(served), served.exception], ['steer', [pool], 'exception-1'])
  }
  assert.equal(ask(lawWith([], settings, forOthers), named).outcome, 'deny')
})

test('an exception that honours what was named is used before one that only adds to what a steered request gets', () => {
  const both = [exception({ pools: ['p1', 'p3'] }), exception({ provider: true }, { id: 'exception-2' })]
  const verdict = ask(lawWith(both, { onExplicit: 'steer' }), { explicit: { pool: 'provider' } })
  assert.deepEqual([verdict.outcome, names(verdict), verdict.exception], ['allow', ['provider'], 'exception-2'])
  assert.deepEqual(
    verdict.trace.filter(({ kind }) => kind === 'exception').map(({ subject, result }) => [subject, result]),
    [
      ['exception-1', 'skip'],
      ['exception-2', 'hit'],
    ],
  )
})

test('a CIDR of a listed pool is not brought along under an exception for the provider', () => {
  const tagged = pool('tagged', '192.0.2.0/24', { requiredTags: [{ key: 'env' }] })
  const world = lawWith(
    [exception({ provider: true })],
    {},
    {
      pools: [...pools, tagged],
      policies: [policy('net', [documentOf(['p1', 'tagged'])])],
    },
  )
  const inListed = ask(world, { explicit: { cidr: cidr('192.0.2.9/32') } })
  assert.deepEqual([inListed.outcome, inListed.denial?.cause, inListed.denial?.pool], ['deny', 'pool-rule', 'tagged'])
  const granted = lawWith([exception({ provider: true, pools: ['tagged'] })], {}, { pools: [...pools, tagged] })
  assert.equal(ask(granted, { explicit: { cidr: cidr('192.0.2.9/32') } }).outcome, 'deny', 'nor one of its own pools')
  const inNone = ask(world, { explicit: { cidr: cidr('198.18.0.9/32') } })
  assert.deepEqual([inNone.outcome, names(inNone), inNone.exception], ['allow', ['provider'], 'exception-1'])
})

test('an address that policy lets the caller bring is looked for in the pools of an exception last', () => {
  const world = worldOf({ exceptions: [exception({ pools: ['p3'] })] })
  const verdict = ask(world, { explicit: { cidr: cidr('203.0.113.9/32') } })
  assert.deepEqual([verdict.outcome, names(verdict)], ['allow', ['provider']])
  assert.deepEqual(
    verdict.reserve?.candidates.map((one) => one.pool),
    ['p3'],
  )
})

test('`provider` lets the provider serve, and is not needed where policy falls back to it', () => {
  const granted = [exception({ provider: true })]
  assert.deepEqual(names(ask(lawWith(granted), { explicit: { pool: 'provider' } })), ['provider'])
  assert.deepEqual(
    ask(lawWith(granted)).reserve?.candidates.map((one) => one.pool),
    ['provider'],
  )
  assert.equal(ask(lawWith(granted, { onExhausted: 'provider' })).reserve, undefined)
  assert.equal(ask(lawWith([exception({ pools: ['p3'] })]), { explicit: { pool: 'provider' } }).outcome, 'deny')
})

test('a size exception widens the size that policy allows, in its family, and nothing else', () => {
  const settings = { size: { min: 24, default: 26, max: 28 } }
  const document = documentOf(['v4'], settings, { resourceType: 'vpc' })
  const world = (grants: Partial<ExceptionGrants>) =>
    worldOf({
      policies: [policy('net', [document])],
      assignments: [assign('net', root)],
      pools: [privatePool('v4', '10.0.0.0/8'), privatePool('other', '172.16.0.0/12', { sharedWith: [root] })],
      exceptions: [exception(grants, { resourceType: 'vpc' })],
    })
  const vpc = { resourceType: 'vpc', scopeType: 'private' } as const
  const wide = world({ size: { min: 20, max: 22 } })
  const verdict = ask(wide, { ...vpc, netmaskLength: 20 })
  assert.deepEqual([verdict.outcome, verdict.candidates[0]?.netmaskLength], ['allow', 20])
  assert.equal(verdict.exception, 'exception-1')
  assert.equal(ask(wide, { ...vpc, netmaskLength: 23 }).denial?.cause, 'size')
  assert.equal(ask(wide, { ...vpc, netmaskLength: 24 }).exception, undefined)
  assert.equal(ask(wide, vpc).candidates[0]?.netmaskLength, 26, 'the default stays policy’s')
  const unlisted = ask(wide, { ...vpc, netmaskLength: 20, explicit: { pool: 'other' } })
  assert.equal(unlisted.denial?.cause, 'size')
  const both = world({ size: { min: 20, max: 22 }, pools: ['other'] })
  assert.deepEqual(names(ask(both, { ...vpc, netmaskLength: 20, explicit: { pool: 'other' } })), ['other'])
  assert.equal(ask(world({ sizeIpv6: { min: 20, max: 22 } }), { ...vpc, netmaskLength: 20 }).denial?.cause, 'size')
})

test('a pool exception is none from the size, and no exception is from required tags', () => {
  const settings = { requiredTags: [{ key: 'team' }] }
  const world = lawWith([exception({ pools: ['p3'], provider: true })], settings)
  const params = { explicit: { pool: 'p3' } }
  assert.equal(ask(world, params).denial?.cause, 'tags')
  assert.equal(ask(world, { ...params, tags: new Map([['team', 'net']]) }).outcome, 'allow')
})

test('what the pool itself asks for holds under an exception as well', () => {
  const misfits = [
    pool('p3', '203.0.113.0/24', { locale: 'eu-central-1' }),
    pool('p3', '203.0.113.0/24', { awsService: undefined }),
    pool('p3', '203.0.113.0/24', { maxNetmaskLength: 31 }),
    pool('p3', '203.0.113.0/24', { requiredTags: [{ key: 'team' }] }),
    privatePool('p3', '203.0.113.0/24'),
  ]
  for (const misfit of misfits) {
    const world = lawWith([exception({ pools: ['p3'] })], {}, { pools: [...pools.slice(0, 2), misfit] })
    assert.equal(ask(world, { explicit: { pool: 'p3' } }).outcome, 'deny')
    assert.equal(ask(world).reserve, undefined)
  }
})

test('finals, an account without rules, and “nothing outside policy” can be excepted', () => {
  const granted = [exception({ pools: ['p3'] })]
  const narrowed = lawWith(
    granted,
    {},
    {
      policies: [policy('net', [documentOf(['p1', 'p2', 'p3'])]), policy('narrow', [documentOf(['p1'])])],
      assignments: [assign('net', root), assign('narrow', prodUnit, { kind: 'final' })],
    },
  )
  assert.deepEqual(names(ask(narrowed, { explicit: { pool: 'p3' } })), ['p3'])
  const others = documentOf([], {}, { rules: [{ pool: 'p1', when: { accounts: [dev] } }] })
  const forOthers = lawWith(granted, {}, { policies: [policy('net', [others])] })
  assert.deepEqual([names(ask(forOthers)), ask(forOthers).exception], [['p3'], 'exception-1'])
  const ipams = [
    {
      id: 'ipam-acme',
      account: admin,
      tier: 'advanced',
      unmatched: 'deny',
      operatingRegions: ['us-east-1', 'eu-central-1'],
    },
  ] as const
  const closed = lawWith(granted, {}, { ipams, assignments: [] })
  assert.deepEqual([names(ask(closed)), ask(closed).exception, ask(closed).mode], [['p3'], 'exception-1', 'enforce'])
  assert.equal(ask(closed, { account: dev }).denial?.cause, 'unmatched')
  const open = lawWith(granted, {}, { assignments: [] })
  assert.deepEqual(names(ask(open, { explicit: { pool: 'p3' } })), ['p3'], 'nor shared with it')
  assert.equal(ask(open, { explicit: { pool: 'p2' } }).outcome, 'deny')
})

test('an exception is for its target and below, its locale, its type and its resources, and for nobody else', () => {
  const params = { explicit: { pool: 'p3' } }
  const ofUnit = lawWith([exception({ pools: ['p3'] }, { target: workloads })])
  assert.deepEqual(
    [prod, dev, admin, stranger].map((account) => ask(ofUnit, { ...params, account }).outcome),
    ['allow', 'allow', 'deny', 'deny'],
  )
  const others: Partial<ExceptionFacts>[] = [
    { locale: 'eu-central-1' },
    { resourceType: 'rnat' },
    { resource: 'web-*' },
  ]
  for (const change of others) {
    assert.equal(ask(lawWith([exception({ pools: ['p3'] }, change)]), params).outcome, 'deny', JSON.stringify(change))
  }
  const named = lawWith([exception({ pools: ['p3'] }, { resource: 'web-*' })])
  assert.equal(ask(named, { ...params, resource: 'web-1' }).outcome, 'allow')
  assert.equal(ask(named, { ...params, resource: 'db-1' }).outcome, 'deny')
  assert.equal(ask(named, params).outcome, 'deny', 'what is cached for one resource is for no other')
})

test('exceptions do not add up: what needs two of them is denied', () => {
  const document = documentOf(['v4'], { size: { min: 24, default: 26, max: 28 } }, { resourceType: 'vpc' })
  const change = { resourceType: 'vpc' }
  const world = worldOf({
    policies: [policy('net', [document])],
    assignments: [assign('net', root)],
    pools: [privatePool('v4', '10.0.0.0/8'), privatePool('other', '172.16.0.0/12')],
    exceptions: [
      exception({ size: { min: 20, max: 22 } }, change),
      exception({ pools: ['other'] }, { ...change, id: 'exception-2' }),
    ],
  })
  const vpc = { resourceType: 'vpc', scopeType: 'private' } as const
  assert.equal(ask(world, { ...vpc, netmaskLength: 20, explicit: { pool: 'other' } }).outcome, 'deny')
  assert.equal(ask(world, { ...vpc, netmaskLength: 24, explicit: { pool: 'other' } }).exception, 'exception-2')
})

test('of several that would do, that of the account is named before that of a unit, and the others are skipped', () => {
  const ofUnit = exception({ pools: ['p3'] }, { target: workloads, id: 'exception-0' })
  const verdict = ask(lawWith([ofUnit, exception({ pools: ['p3'] })]), { explicit: { pool: 'p3' } })
  assert.equal(verdict.exception, 'exception-1')
  assert.deepEqual(
    verdict.trace.filter(({ kind }) => kind === 'exception').map(({ subject, result }) => [subject, result]),
    [
      ['exception-1', 'hit'],
      ['exception-0', 'skip'],
    ],
  )
})

test('an exception that is not in force says so in the trace of the denial', () => {
  const world = lawWith([exception({ pools: ['p3'] })])
  const step = (now: number) =>
    ask(world, { explicit: { pool: 'p3' } }, now).trace.find(({ kind }) => kind === 'exception')!
  const because = (now: number) => inWords(step(now), request({})).because
  assert.equal(because(startsAt - 1), 'it starts at 1970-01-01T00:00:01.000Z')
  assert.equal(because(expiresAt), 'it expired at 1970-01-01T00:00:02.000Z')
})

test('a denial names the exception that would have let the request through, had it not ended', () => {
  const world = lawWith([exception({ pools: ['p4'] }, { id: 'exception-of-another' }), exception({ pools: ['p3'] })])
  const ended = (now: number, change: Partial<AllocationRequest> = { explicit: { pool: 'p3' } }) =>
    ask(world, change, now).denial?.endedException
  assert.deepEqual(ended(expiresAt), { id: 'exception-1', endedAt: '1970-01-01T00:00:02.000Z' })
  assert.equal(ended(startsAt - 1), undefined)
  assert.equal(ended(inForce), undefined)
  assert.equal(ended(expiresAt, {}), undefined)
})

test('what was denied without tags is asked again with them, where the pool of an exception wants tags', () => {
  const picky = pool('p3', '203.0.113.0/24', { requiredTags: [{ key: 'team' }] })
  const world = lawWith(
    [exception({ pools: ['p3'] })],
    {},
    { pools: [...pools.filter(({ id }) => id !== 'p3'), picky] },
  )
  const explicit = { pool: 'p3' }
  assert.equal(ask(world, { explicit }).outcome, 'deny')
  assert.equal(ask(world, { explicit, tags: new Map([['team', 'net']]) }).exception, 'exception-1')
})

test('an account may name the pool of an exception while it is in force, and before and after that it is not there', () => {
  const world = lawWith([exception({ pools: ['p3'] })])
  for (const [now, expected] of [
    [startsAt - 1, false],
    [startsAt, true],
    [expiresAt - 1, true],
    [expiresAt, false],
  ] as const) {
    assert.equal(mayUsePool(world, prod, 'p3', now), expected, String(now))
  }
  assert.equal(mayUsePool(world, dev, 'p3', inForce), false)
  assert.equal(mayUsePool(world, prod, 'p3'), false)
})

// What holds in every world.

const grantsIn = fc.record({
  pools: fc.uniqueArray(fc.constantFrom('p1', 'p2', 'p3'), { maxLength: 3 }),
  provider: fc.boolean(),
})
const exceptionIn = fc.record({
  grants: grantsIn,
  target: fc.constantFrom(root, workloads, prod, dev),
  startsAt: fc.integer({ min: 0, max: 8 }),
  length: fc.integer({ min: 1, max: 6 }),
  resource: fc.constantFrom(undefined, undefined, 'web-*'),
})
const enabled = fc.record({
  pools: fc.uniqueArray(fc.constantFrom('p1', 'p2', 'p3'), { minLength: 1 }),
  onExplicit: fc.constantFrom(...onExplicitValues),
  onExhausted: fc.constantFrom(...onExhaustedValues),
  target: fc.constantFrom(root, workloads, prodUnit, prod),
  kind: fc.constantFrom(...assignmentKindValues),
  mode: fc.constantFrom(...modeValues),
})
const requestIn = fc.record({
  account: fc.constantFrom(prod, dev, stranger),
  resource: fc.constantFrom(undefined, 'web-1', 'db-1'),
  explicit: fc.constantFrom<AllocationRequest['explicit'][]>(
    undefined,
    undefined,
    { pool: 'p1' },
    { pool: 'p3' },
    { pool: 'provider' },
    { cidr: cidr('203.0.113.9/32') },
    { cidr: cidr('192.0.2.1/32') },
  ),
})
const worldIn = fc.record({
  all: fc.array(enabled, { maxLength: 4 }),
  exceptions: fc.array(exceptionIn, { maxLength: 4 }),
  unmatched: fc.constantFrom('provider' as const, 'deny' as const),
})
type WorldIn = typeof worldIn extends fc.Arbitrary<infer T> ? T : never

function factsFrom({ all, exceptions, unmatched }: WorldIn): Partial<GovernanceFacts> {
  return {
    ipams: [
      { id: 'ipam-acme', account: admin, tier: 'advanced', unmatched, operatingRegions: ['us-east-1', 'eu-central-1'] },
    ],
    policies: all.map(({ pools, onExplicit, onExhausted }, i) =>
      policy(`policy-${i}`, [documentOf(pools, { onExplicit, onExhausted })]),
    ),
    assignments: all.map(({ target, kind, mode }, i) => assign(`policy-${i}`, target, { kind, mode })),
    exceptions: exceptions.map(({ grants, target, startsAt, length, resource }, i) =>
      exception(grants, { id: `exception-${i}`, target, resource, startsAt, expiresAt: startsAt + length }),
    ),
  }
}
const without = (facts: Partial<GovernanceFacts>, now: number): Partial<GovernanceFacts> => ({
  ...facts,
  exceptions: facts.exceptions?.filter((one) => one.startsAt <= now && now < one.expiresAt),
})
const acts = ({ outcome, candidates, onExhausted, reserve, exception, denial, policy, target }: Verdict) => ({
  outcome,
  candidates,
  onExhausted,
  reserve,
  exception,
  // The ended ones that a denial names do not act.
  denial: denial && { ...denial, endedException: undefined },
  policy,
  target,
})

test('an exception only ever allows more: what is allowed without it stays exactly as it is', () => {
  fc.assert(
    fc.property(worldIn, requestIn, fc.integer({ min: 0, max: 14 }), (made, one, now) => {
      const facts = factsFrom(made)
      const bare = ask(worldOf({ ...facts, exceptions: [] }), one, now)
      const verdict = ask(worldOf(facts), one, now)
      if (bare.outcome === 'allow' || bare.outcome === 'warn') {
        // The warning may be gone: it says what would be denied, and an exception would allow it.
        const { outcome: _, reserve, ...same } = acts(verdict)
        const { outcome: __, reserve: ___, ...expected } = acts(bare)
        assert.deepEqual(same, expected)
        assert(['allow', 'warn'].includes(verdict.outcome))
        for (const more of reserve?.candidates ?? []) assert(!names(verdict).includes(more.pool))
      } else if (verdict.exception === undefined) {
        // Who is steered gets what the exception grants last, as who names nothing does.
        const { reserve, ...same } = acts(verdict)
        const { reserve: _, ...expected } = acts(bare)
        assert.deepEqual(same, expected)
        assert(reserve === undefined || bare.outcome === 'steer')
      } else {
        assert.notEqual(verdict.outcome, 'deny')
        const granted = facts.exceptions!.find(({ id }) => id === verdict.exception)!.grants
        for (const name of names(verdict))
          assert(granted.pools.includes(name) || (name === 'provider' && granted.provider))
      }
    }),
    { numRuns: 2_000 },
  )
})

test('assignments that observe or warn change nothing of what a request gets under exceptions; warn adds its warning', () => {
  fc.assert(
    fc.property(worldIn, requestIn, fc.integer({ min: 0, max: 14 }), (made, one, now) => {
      const watching = ask(worldOf(factsFrom(made)), one, now)
      const enforced = made.all.map((each) => (each.mode === 'enforce' ? each : { ...each, mode: 'off' as const }))
      const alone = ask(worldOf(factsFrom({ ...made, all: enforced })), one, now)
      const isWarned = watching.outcome === 'warn'
      if (isWarned) assert.equal(watching.wouldBe?.mode, 'warn')
      assert.deepEqual({ ...acts(watching), ...(isWarned ? { outcome: 'allow' } : {}) }, acts(alone))
    }),
    { numRuns: 1_000 },
  )
})

test('at every millisecond around a start and an end the answer is right, on caches that are warm', () => {
  fc.assert(
    fc.property(worldIn, fc.array(requestIn, { minLength: 1, maxLength: 4 }), (made, requests) => {
      const facts = factsFrom(made)
      const warm = worldOf(facts)
      const moments = Array.from({ length: 15 }, (_, now) => now)
      for (const now of [...moments, ...moments.toReversed()]) {
        for (const one of requests) {
          // A world that has never had any but those in force, and has never been asked.
          assert.deepEqual(acts(ask(warm, one, now)), acts(ask(worldOf(without(facts, now)), one, now)))
        }
      }
    }),
    { numRuns: 150 },
  )
})

test('I10 equal requests between two moments share one verdict, exceptions or not', () => {
  const world = lawWith([exception({ pools: ['p3'] })])
  const params = { explicit: { pool: 'p3' } }
  assert.equal(ask(world, params, startsAt), ask(world, params, expiresAt - 1))
  assert.notEqual(ask(world, params, startsAt), ask(world, params, expiresAt))
})

test('how many exceptions have ended makes no request look at more of them', () => {
  const looksWith = (ended: number) => {
    let looks = 0
    const watched = Array.from({ length: ended }, (_, n) => {
      const one = exception({ pools: ['p3'] }, { id: `exception-${n}`, expiresAt: 1_000 + n, startsAt: n })
      // Whatever a decision looks at an exception for, it reads its grants or its times.
      return new Proxy(one, {
        get(target, member) {
          looks++
          return target[member as keyof ExceptionFacts]
        },
      })
    })
    const live = exception({ pools: ['p3'] }, { id: 'exception-live', startsAt: 0, expiresAt: 1e9 })
    const world = lawWith([...watched, live])
    looks = 0
    const now = 1_000 + ended
    const asked = [{}, { explicit: { pool: 'p3' } }, { explicit: { pool: 'p1' } }, { resourceType: 'rnat' }]
    for (const change of asked) ask(world, change, now)
    assert.equal(ask(world, { explicit: { pool: 'p3' } }, now).exception, 'exception-live')
    assert(mayUsePool(world, prod, 'p3', now))
    assert.equal(mayUsePool(world, prod, 'p3', 1e9), false)
    return looks
  }
  const few = looksWith(100)
  const many = looksWith(10_000)
  // A search for the first that is not over takes some steps more.
  assert(few > 0 && many <= few * 3, `${few} looks with 100 ended, ${many} with 10,000`)
})

test('exceptions come into force and end by time alone, in the same snapshot', () => {
  const later = exception({ pools: ['p3'] }, { id: 'exception-2', startsAt: 3_000, expiresAt: 4_000 })
  const world = lawWith([exception({ pools: ['p3'] }), later])
  const nameAt = (now: number) => ask(world, { explicit: { pool: 'p3' } }, now).exception
  for (const [now, named] of [
    [999, undefined],
    [1_000, 'exception-1'],
    [1_999, 'exception-1'],
    [2_000, undefined],
    [2_999, undefined],
    [3_000, 'exception-2'],
    [3_999, 'exception-2'],
    [4_000, undefined],
    [1_500, 'exception-1'],
  ] as const) {
    assert.equal(nameAt(now), named, String(now))
    assert.equal(mayUsePool(world, prod, 'p3', now), named !== undefined, String(now))
  }
})

test('a denial tells the latest exception that would have let it through, however many have ended since', () => {
  const ended = Array.from({ length: 40 }, (_, n) =>
    exception({ pools: ['p3'] }, { id: `exception-${n}`, expiresAt: 1_000 + n, startsAt: n }),
  )
  const { denial, trace } = ask(lawWith(ended), { explicit: { pool: 'p3' } }, 5_000)
  assert.equal(denial?.endedException?.id, 'exception-39')
  assert(trace.some((step) => step.kind === 'exception' && step.why === 'expired'))
})
