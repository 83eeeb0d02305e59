// Claims about lengths (policy-model §3, Lengths): what takes one address gets one, and what the type allows binds every source.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr } from '../cidr.ts'
import { decide } from './decide.ts'
import { type AllocationRequest, candidatesInOrder } from './decision.ts'
import { denialInWords } from './denial-words.ts'
import type { AllocationRule } from './document.ts'
import { explainDecision } from './explain.ts'
import { builtInTypes } from './resource-types.ts'
import type { PolicySettings } from './settings.ts'
import type { GovernanceFacts, PoolFacts, Snapshot } from './snapshot.ts'
import { assign, dev, documentOf, policy, pool, prod, request, root, worldOf } from './testdata/world.ts'

const now = new Date('2026-01-02T03:04:05Z')
const ask = (world: Snapshot, change: Partial<AllocationRequest>) => decide(world, request(change), now)
const lengthsOf = (world: Snapshot, change: Partial<AllocationRequest>) =>
  candidatesInOrder(ask(world, change)).map((one) => `${one.pool} /${one.netmaskLength}`)
const deniedBy = (world: Snapshot, change: Partial<AllocationRequest>) => {
  const { denial } = ask(world, change)
  const { value, allowed } = denial ? denialInWords(denial) : {}
  return [denial?.cause, denial?.setting, value, allowed?.join()]
}

/** A policy on the root with one document of one pool for a type; the pool is the account's own, so that it can be named. */
const worldFor = (
  resourceType: string,
  change: Partial<PoolFacts> = {},
  settings?: Partial<PolicySettings>,
  facts: Partial<GovernanceFacts> = {},
): Snapshot => {
  const own = pool('own', '198.51.0.0/16', { account: prod, ...change })
  const rules: readonly AllocationRule[] = [{ pool: 'own' }]
  return worldOf({
    pools: [own],
    ...(settings
      ? {
          policies: [policy('net', [documentOf([], settings, { resourceType, rules })])],
          assignments: [assign('net', root)],
        }
      : {}),
    ...facts,
  })
}
const cidrType = 'gcp:subnetwork'

test('a type that takes one address gets one, whatever the defaults of pool and document are', () => {
  const sized = { size: { min: 24, default: 28, max: 28 } }
  for (const type of builtInTypes.values()) {
    if (type.takes !== 'address') continue
    const resourceType = type.name
    for (const settings of [undefined, {}, sized]) {
      const world = worldFor(resourceType, { defaultNetmaskLength: 28 }, settings)
      assert.deepEqual(lengthsOf(world, { resourceType, explicit: { pool: 'own' } }), ['own /32'], resourceType)
      if (settings) assert.deepEqual(lengthsOf(world, { resourceType }), ['own /32'], resourceType)
      else assert.deepEqual(lengthsOf(world, { resourceType }), ['provider /32'], resourceType)
    }
    const grants = { pools: ['own'], provider: true }
    const excepted = worldFor(resourceType, { defaultNetmaskLength: 28 }, undefined, {
      exceptions: [
        { id: 'exception-1', target: prod, locale: 'us-east-1', resourceType, grants, startsAt: 0, expiresAt: 1e15 },
      ],
    })
    assert.deepEqual(lengthsOf(excepted, { resourceType }), ['provider /32', 'own /32'], resourceType)
  }
})

test('provider space obeys the sizes of a document like a pool', () => {
  const size = { min: 24, default: 26, max: 28 }
  const forOthers = [{ pool: 'own', when: { accounts: [dev] } }]
  const worldWith = (settings: Partial<PolicySettings>, rules: readonly AllocationRule[] = forOthers, more = {}) =>
    worldOf({
      pools: [pool('own', '198.51.0.0/16')],
      policies: [policy('net', [documentOf([], { size, ...settings }, { resourceType: cidrType, rules })])],
      assignments: [assign('net', root)],
      ...more,
    })
  const fallsBack = worldWith({ onExhausted: 'provider' })
  assert.deepEqual(lengthsOf(fallsBack, { resourceType: cidrType }), ['provider /26'])
  assert.deepEqual(lengthsOf(fallsBack, { resourceType: cidrType, netmaskLength: 28 }), ['provider /28'])
  const allows = worldWith({ onExplicit: 'allow' })
  assert.deepEqual(lengthsOf(allows, { resourceType: cidrType, explicit: { pool: 'provider' } }), ['provider /26'])
  const steers = worldWith({ onExplicit: 'steer', onExhausted: 'provider' })
  const explicit = { cidr: parseCidr('203.0.113.0/27')! }
  assert.deepEqual(lengthsOf(steers, { resourceType: cidrType, explicit }), ['provider /27'])
  const full = worldWith({ onExhausted: 'provider' }, [{ pool: 'own' }])
  assert.deepEqual(lengthsOf(full, { resourceType: cidrType }), ['own /26', 'provider /26'])
  for (const params of [undefined, { pool: 'provider' }]) {
    const grants = { pools: [], provider: true }
    const exception = { id: 'exception-1', target: prod, locale: 'us-east-1', resourceType: cidrType, grants }
    const excepted = worldWith({}, forOthers, { exceptions: [{ ...exception, startsAt: 0, expiresAt: 1e15 }] })
    const verdict = ask(excepted, { resourceType: cidrType, explicit: params })
    assert.equal(verdict.exception, 'exception-1')
    assert.deepEqual(lengthsOf(excepted, { resourceType: cidrType, explicit: params }), ['provider /26'])
  }
})

test('without a length from anywhere, provider space is refused as a pool is, never given in a length that no type has', () => {
  const bare = worldOf({})
  for (const type of builtInTypes.values()) {
    for (const family of [4, 6] as const) {
      const lengths = type.lengths[family]
      if (!lengths) continue
      const { outcome, candidates, denial } = ask(bare, { resourceType: type.name, family })
      if (lengths.default === undefined) {
        assert.deepEqual([outcome, denial?.setting], ['deny', 'netmask-length'], type.name)
      } else assert.equal(candidates[0]!.netmaskLength, lengths.default)
    }
  }
})

test('a pool’s default is no way past what the type allows', () => {
  const named = { resourceType: cidrType, explicit: { pool: 'own' } }
  for (const settings of [undefined, {}]) {
    const small = worldFor(cidrType, { defaultNetmaskLength: 31 }, settings)
    assert.deepEqual(deniedBy(small, named), ['pool-rule', 'default-netmask-length', '/31', '/8 to /29'])
    assert.deepEqual(lengthsOf(small, { ...named, netmaskLength: 29 }), ['own /29'])
    const large = worldFor(cidrType, { defaultNetmaskLength: 4 }, settings)
    assert.deepEqual(deniedBy(large, named), ['pool-rule', 'default-netmask-length', '/4', '/8 to /29'])
  }
  const world = worldFor(cidrType, { defaultNetmaskLength: 31 }, {})
  const asked = request({ resourceType: cidrType })
  const { sentence } = explainDecision({ ...ask(world, asked), request: asked, at: now })
  assert.match(sentence, /cannot have `\/31`, the default netmask length of pool `own`; allowed: `\/8 to \/29`/)
})

test('a document from before sizes were checked gives only lengths that the type allows', () => {
  const world = worldFor(cidrType, {}, { size: { min: 4, default: 31, max: 32 } })
  assert.deepEqual(lengthsOf(world, { resourceType: cidrType }), ['own /29'])
  const large = worldFor(cidrType, {}, { size: { min: 2, default: 4, max: 20 } })
  assert.deepEqual(lengthsOf(large, { resourceType: cidrType }), ['own /8'])
  const outside = worldFor(cidrType, {}, { size: { min: 30, default: 31, max: 32 } })
  assert.deepEqual(deniedBy(outside, { resourceType: cidrType })[0], 'size')
})

test('a default that a final’s bounds exclude becomes the nearest bound', () => {
  const worldWith = (final: { min: number; default: number; max: number }) =>
    worldOf({
      pools: [pool('own', '198.51.0.0/16')],
      policies: [
        policy('net', [documentOf(['own'], { size: { min: 16, default: 24, max: 28 } }, { resourceType: cidrType })]),
        policy('cap', [documentOf(['own'], { size: final }, { resourceType: cidrType })]),
      ],
      assignments: [assign('net', root), assign('cap', root, { kind: 'final' })],
    })
  const asked = { resourceType: cidrType }
  assert.deepEqual(lengthsOf(worldWith({ min: 26, default: 27, max: 28 }), asked), ['own /26'])
  assert.deepEqual(lengthsOf(worldWith({ min: 16, default: 17, max: 20 }), asked), ['own /20'])
})

test('where bounds have nothing in common, every length is denied, and so is none', () => {
  const sizes = [
    { min: 16, default: 18, max: 20 },
    { min: 24, default: 26, max: 28 },
  ]
  const worldIn = (mode: 'enforce' | 'observe' | 'warn') =>
    worldOf({
      pools: [pool('own', '198.51.0.0/16')],
      policies: sizes.map((size, n) =>
        policy(`size-${n}`, [documentOf(['own'], { size }, { resourceType: cidrType })]),
      ),
      assignments: [assign('size-0', root), assign('size-1', root, { kind: 'final', mode })],
    })
  for (const netmaskLength of [undefined, 18, 22, 26]) {
    const asked = { resourceType: cidrType, netmaskLength }
    assert.deepEqual(deniedBy(worldIn('enforce'), asked).slice(0, 2), ['size', 'size'])
    const observed = ask(worldIn('observe'), asked)
    if (observed.outcome === 'allow') {
      assert.deepEqual([observed.wouldBe?.outcome, observed.wouldBe?.denial?.cause], ['deny', 'size'])
      assert.equal(ask(worldIn('warn'), asked).outcome, 'warn')
    }
  }
  assert.equal(ask(worldIn('observe'), { resourceType: cidrType }).outcome, 'allow')
})

test('a pool with no length that the type can have fits no request of it, so that on-exhausted decides', () => {
  const large = { minNetmaskLength: 4, maxNetmaskLength: 7 }
  const asked = { resourceType: cidrType, netmaskLength: 24 }
  assert.deepEqual(lengthsOf(worldFor(cidrType, large, { onExhausted: 'provider' }), asked), ['provider /24'])
  assert.equal(deniedBy(worldFor(cidrType, large, {}), asked)[0], 'no-rule')
  const fitting = { minNetmaskLength: 4, maxNetmaskLength: 16 }
  assert.deepEqual(deniedBy(worldFor(cidrType, fitting, { onExhausted: 'provider' }), asked), [
    'pool-rule',
    'max-netmask-length',
    '/24',
    '/4 to /16',
  ])
})
