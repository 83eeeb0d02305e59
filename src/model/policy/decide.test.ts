// Claims about decisions: each paragraph of policy-model §§2 to 6 that policy alone can keep.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Cidr, parseAddress, parseCidr } from '../cidr.ts'
import { conclude, decide } from './decide.ts'
import type { AllocationRequest, Verdict } from './decision.ts'
import type { Assignment, PolicyVersion } from './document.ts'
import { mayUsePool } from './resolve.ts'
import { initialSettings } from './settings.ts'
import type { GovernanceFacts, PoolFacts, Snapshot } from './snapshot.ts'
import {
  admin,
  assign,
  dev,
  devUnit,
  documentOf,
  loner,
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
import { assignmentKindValues, modeValues, onExhaustedValues, onExplicitValues } from './values.ts'

const now = new Date('2026-01-02T03:04:05Z')
const cidr = (text: string): Cidr => parseCidr(text)!
const ask = (world: Snapshot, change: Partial<AllocationRequest> = {}) => decide(world, request(change), now)
const names = ({ candidates }: Verdict) => candidates.map((candidate) => candidate.pool)

/** The policy `net`, on the root, with one document of two pools. */
const lawOf = (settings: Parameters<typeof documentOf>[1] = {}, change: Partial<GovernanceFacts> = {}) =>
  worldOf({
    policies: [policy('net', [documentOf(['p1', 'p2'], settings)])],
    assignments: [assign('net', root)],
    ...change,
  })

test('a request that names nothing gets the rules’ pools in order', () => {
  const verdict = ask(lawOf())
  assert.equal(verdict.outcome, 'allow')
  assert.deepEqual(names(verdict), ['p1', 'p2'])
  assert.deepEqual(
    verdict.candidates.map(({ netmaskLength, rule }) => [netmaskLength, rule]),
    [
      [32, 1],
      [32, 2],
    ],
  )
  assert.deepEqual(
    [verdict.policy?.id, verdict.policy?.version, verdict.target, verdict.mode],
    ['net', 1, root, 'enforce'],
  )
  assert.deepEqual(verdict.document, { locale: 'us-east-1', resourceType: 'eip' })
})

test('where no document applies, the request gets provider space, or its own pool', () => {
  const world = worldOf({ pools: [...pools, pool('own', '192.0.2.0/26', { account: prod })] })
  assert.deepEqual([ask(world).outcome, names(ask(world)), ask(world).mode], ['allow', ['provider'], 'off'])
  assert.deepEqual(names(ask(world, { explicit: { pool: 'own' } })), ['own'])
  assert.equal(ask(world, { explicit: { pool: 'p1' } }).denial?.cause, 'explicit')
  const brought = ask(world, { resourceType: 'vpc', explicit: { cidr: cidr('10.0.0.0/16') } })
  assert.deepEqual(
    brought.candidates.map((one) => [one.pool, one.cidr, one.netmaskLength]),
    [['provider', cidr('10.0.0.0/16'), 16]],
  )
})

test('an IPAM that lets nothing pass outside policy denies what no document speaks of', () => {
  const ipam = (account: string) => [
    {
      id: 'ipam-acme',
      account,
      tier: 'advanced' as const,
      unmatched: 'deny' as const,
      operatingRegions: ['us-east-1', 'eu-central-1'],
    },
  ]
  const ofAdmin = worldOf({ ipams: ipam(admin) })
  assert.equal(ask(ofAdmin).denial?.cause, 'unmatched')
  assert.equal(ask(ofAdmin, { account: admin, explicit: { pool: 'p1' } }).denial?.cause, 'unmatched')
  assert.equal(
    ask(ofAdmin, { account: stranger }).outcome,
    'allow',
    'it has no say over accounts outside the organization',
  )
  const ofDev = worldOf({ ipams: ipam(dev) })
  assert.deepEqual([ask(ofDev).outcome, ask(ofDev, { account: dev }).outcome], ['allow', 'deny'])
  const ofPolicy = lawOf({}, { ipams: ipam(stranger), delegatedAdministrator: undefined })
  assert.deepEqual(
    [ask(ofPolicy).outcome, ask(ofPolicy, { resourceType: 'rnat' }).denial?.cause],
    ['allow', 'unmatched'],
  )
  assert.equal(ask(ofPolicy, { resourceType: 'rnat', account: stranger }).denial?.cause, 'unmatched')
})

test('naming a listed pool is always fine and is honoured, and then no other pool is tried', () => {
  for (const onExplicit of onExplicitValues) {
    const verdict = ask(lawOf({ onExplicit, onExhausted: 'provider' }), { explicit: { pool: 'p2' } })
    assert.deepEqual([verdict.outcome, names(verdict), verdict.onExhausted], ['allow', ['p2'], 'deny'])
  }
})

test('naming a pool that the rules do not list is denied, steered or let, as the document says', () => {
  const mine = { pools: [...pools, pool('own', '192.0.2.0/26', { account: prod })] }
  const explicit = { pool: 'own' }
  const denied = ask(lawOf({}, mine), { explicit })
  assert.equal(denied.outcome, 'deny')
  assert.deepEqual(denied.candidates, [])
  assert.deepEqual(
    [denied.denial?.cause, denied.denial?.setting, denied.denial?.value, denied.denial?.allowed],
    ['explicit', 'on-explicit', { is: 'own' }, { pools: ['p1', 'p2'] }],
  )
  const steered = ask(lawOf({ onExplicit: 'steer' }, mine), { explicit })
  assert.deepEqual([steered.outcome, names(steered)], ['steer', ['p1', 'p2']])
  const let_ = ask(lawOf({ onExplicit: 'allow' }, mine), { explicit })
  assert.deepEqual([let_.outcome, names(let_)], ['allow', ['own']])
})

test('naming an address or a block within a listed pool asks for exactly that', () => {
  const verdict = ask(lawOf({ onExhausted: 'provider' }), { explicit: { cidr: parseAddress('198.51.100.200') } })
  assert.deepEqual([verdict.outcome, names(verdict), verdict.onExhausted], ['allow', ['p2'], 'deny'])
  assert.deepEqual(verdict.candidates[0]?.cidr, parseAddress('198.51.100.200'))
  const both = ask(lawOf(), { explicit: { pool: 'p1', cidr: parseAddress('198.51.100.200') } })
  assert.deepEqual([both.denial?.cause, both.denial?.setting], ['pool-rule', 'cidr'])
})

test('naming an address that no listed pool holds is denied, steered or let, as the document says', () => {
  const explicit = { cidr: parseAddress('203.0.113.7') }
  assert.deepEqual(
    [ask(lawOf(), { explicit }).denial?.cause, ask(lawOf(), { explicit }).denial?.value],
    ['explicit', { is: '203.0.113.7/32' }],
  )
  const steered = ask(lawOf({ onExplicit: 'steer' }), { explicit })
  assert.deepEqual([steered.outcome, names(steered), steered.candidates[0]?.cidr], ['steer', ['p1', 'p2'], undefined])
  const let_ = ask(lawOf({ onExplicit: 'allow' }), { explicit })
  assert.deepEqual([let_.outcome, names(let_), let_.candidates[0]?.cidr], ['allow', ['provider'], explicit.cidr])
})

test('a request without the required tags is denied, with what is missing', () => {
  const world = lawOf({ requiredTags: [{ key: 'env' }, { key: 'team', value: 'net' }] })
  const tags = (...pairs: [string, string][]) => ({ tags: new Map(pairs) })
  assert.deepEqual(ask(world).denial?.missingTags, ['env', 'team=net'])
  assert.deepEqual(ask(world, tags(['env', 'x'], ['team', 'app'])).denial?.missingTags, ['team=net'])
  assert.equal(ask(world, tags(['env', ''], ['team', 'net'], ['more', 'y'])).outcome, 'allow')
  assert.equal(ask(world).denial?.cause, 'tags')
})

const vpcWorld = (settings: Parameters<typeof documentOf>[1], change: Partial<PoolFacts> = {}) => {
  const document = documentOf(['v1'], settings, { resourceType: 'vpc' })
  return worldOf({
    pools: [privatePool('v1', '10.0.0.0/8', change)],
    policies: [policy('net', [document])],
    assignments: [assign('net', root)],
  })
}

test('a block outside the document’s sizes is denied; without a request the default is given', () => {
  const world = vpcWorld({ size: { min: 18, default: 20, max: 24 } })
  for (let netmaskLength = 16; netmaskLength <= 28; netmaskLength++) {
    const verdict = ask(world, { resourceType: 'vpc', netmaskLength })
    const isFine = netmaskLength >= 18 && netmaskLength <= 24
    assert.equal(verdict.outcome, isFine ? 'allow' : 'deny')
    if (!isFine)
      assert.deepEqual(
        [verdict.denial?.cause, verdict.denial?.value, verdict.denial?.allowed],
        ['size', { length: netmaskLength }, { lengths: { min: 18, max: 24 } }],
      )
  }
  assert.equal(ask(world, { resourceType: 'vpc' }).candidates[0]?.netmaskLength, 20)
  assert.equal(ask(world, { resourceType: 'vpc', explicit: { cidr: cidr('10.0.0.0/16') } }).denial?.cause, 'size')
})

test('without a request and a default of the policy, the pool’s default is given; without any, the request is refused', () => {
  assert.equal(
    ask(vpcWorld({}, { defaultNetmaskLength: 22 }), { resourceType: 'vpc' }).candidates[0]?.netmaskLength,
    22,
  )
  assert.deepEqual(ask(vpcWorld({}), { resourceType: 'vpc' }).denial?.setting, 'netmask-length')
})

test('where nothing listed has room: no, or provider space, as the document says', () => {
  const at = { id: 'decision-1', at: now, request: request() }
  const strict = conclude(ask(lawOf()), at, 'exhausted')
  assert.deepEqual([ask(lawOf()).onExhausted, strict.outcome, strict.denial?.cause], ['deny', 'deny', 'exhausted'])
  assert.equal(ask(lawOf({ onExhausted: 'provider' })).onExhausted, 'provider')
  const fallen = conclude(ask(lawOf({ onExhausted: 'provider' })), at, { pool: 'provider', cidr: cidr('192.0.2.1/32') })
  assert.deepEqual(
    [fallen.outcome, fallen.pool, fallen.trace.at(-1)?.kind, fallen.trace.at(-1)?.result],
    ['allow', 'provider', 'exhausted', 'hit'],
  )
})

test('where no rule is meant for the account, on-exhausted decides', () => {
  const rules = [{ pool: 'p1', when: { accounts: [dev] } }]
  const of = (onExhausted: 'deny' | 'provider') =>
    worldOf({
      policies: [policy('net', [documentOf([], { onExhausted }, { rules })])],
      assignments: [assign('net', root)],
    })
  assert.equal(ask(of('deny')).denial?.cause, 'no-rule')
  assert.deepEqual(names(ask(of('provider'))), ['provider'])
  assert.deepEqual(names(ask(of('deny'), { account: dev })), ['p1'])
})

test('where a final leaves nothing, nothing is given, not even provider space', () => {
  const settings = { onExhausted: 'provider' } as const
  const policies = [policy('net', [documentOf(['p1'], settings)]), policy('narrow', [documentOf(['p2'], settings)])]
  const world = worldOf({ policies, assignments: [assign('net', root), assign('narrow', root, { kind: 'final' })] })
  assert.equal(ask(world).denial?.cause, 'no-rule')
})

test('no network is made of the inside of another: a pool that divides one serves its subnets', () => {
  const law = vpcWorld({ size: { min: 20, default: 24, max: 24 } }, { divides: 'vpc' })
  const { denial } = ask(law, { resourceType: 'vpc', explicit: { pool: 'v1' } })
  assert.deepEqual([denial?.cause, denial?.setting, denial?.pool], ['pool-rule', 'resource-type', 'v1'])
  assert.deepEqual(names(ask(vpcWorld({ size: { min: 20, default: 24, max: 24 } }), { resourceType: 'vpc' })), ['v1'])
})

test('a pool serves only requests of its locale, family, scope and service', () => {
  const misfits: [Partial<PoolFacts>, string][] = [
    [{ locale: 'eu-west-1' }, 'locale'],
    [{ locale: undefined }, 'locale'],
    [{ family: 6, cidrs: [] }, 'address-family'],
    [{ scopeType: 'private' }, 'scope'],
    [{ awsService: 'global-services' }, 'aws-service'],
    [{ awsService: undefined }, 'aws-service'],
  ]
  for (const [change, setting] of misfits) {
    const verdict = ask(lawOf({}, { pools: [pool('p1', '198.51.100.0/25', change), pools[1]!] }))
    assert.deepEqual(names(verdict), ['p2'], setting)
    const named = ask(lawOf({}, { pools: [pool('p1', '198.51.100.0/25', change)] }), { explicit: { pool: 'p1' } })
    assert.deepEqual([named.denial?.cause, named.denial?.setting, named.denial?.pool], ['pool-rule', setting, 'p1'])
  }
})

test('a pool without a locale takes reservations by hand, and these need none of its tags', () => {
  const container = privatePool('top', '10.0.0.0/8', { locale: undefined, requiredTags: [{ key: 'env' }] })
  const world = worldOf({ pools: [container] })
  const custom = ask(world, { account: admin, resourceType: 'custom', netmaskLength: 24, explicit: { pool: 'top' } })
  assert.deepEqual([custom.outcome, names(custom)], ['allow', ['top']])
  const vpc = ask(world, { account: admin, resourceType: 'vpc', netmaskLength: 24, explicit: { pool: 'top' } })
  assert.equal(vpc.denial?.setting, 'locale')
})

test('a pool’s own lengths and tags are kept, and asking wrongly is no way to provider space', () => {
  const strictPool = { minNetmaskLength: 20, maxNetmaskLength: 24, requiredTags: [{ key: 'env', value: 'prod' }] }
  const world = vpcWorld({ onExhausted: 'provider' }, strictPool)
  const tags = new Map([['env', 'prod']])
  const settingOf = (change: Partial<AllocationRequest>) =>
    ask(world, { resourceType: 'vpc', ...change }).denial?.setting
  assert.equal(settingOf({ netmaskLength: 19, tags }), 'min-netmask-length')
  assert.equal(settingOf({ netmaskLength: 25, tags }), 'max-netmask-length')
  assert.equal(settingOf({ netmaskLength: 22 }), 'required-tags')
  assert.equal(settingOf({ netmaskLength: 22, tags: new Map([['env', 'dev']]) }), 'required-tags')
  assert.deepEqual(names(ask(world, { resourceType: 'vpc', netmaskLength: 22, tags })), ['v1'])
})

test('a pool of a free-tier IPAM serves its owner alone', () => {
  const ipams = [
    {
      id: 'ipam-acme',
      account: admin,
      tier: 'free' as const,
      unmatched: 'provider' as const,
      operatingRegions: ['us-east-1', 'eu-central-1'],
    },
  ]
  const world = worldOf({ ipams, pools: [pool('p1', '198.51.100.0/25', { sharedWith: [root] })] })
  assert.equal(ask(world, { account: admin, explicit: { pool: 'p1' } }).outcome, 'allow')
  assert.equal(ask(world, { explicit: { pool: 'p1' } }).denial?.setting, 'tier')
})

test('with AWS semantics the explicit choice wins and exhaustion falls back to the provider', () => {
  const document = documentOf(['p1'], initialSettings('aws'))
  const world = worldOf({
    pools: [...pools, pool('own', '192.0.2.0/26', { account: prod })],
    policies: [policy('net', [document], { compatibility: 'aws' })],
    assignments: [assign('net', root)],
  })
  assert.deepEqual(names(ask(world, { explicit: { pool: 'own' } })), ['own'])
  assert.equal(
    ask(world, { explicit: { pool: 'own' } }).onExhausted,
    'deny',
    'as in EC2, a named pool that is full is an error',
  )
  assert.equal(ask(world).onExhausted, 'provider')
})

test('what is no request for the type at all is refused before policy is asked', () => {
  const settingOf = (change: Partial<AllocationRequest>) => {
    const { denial, outcome } = ask(lawOf(), change)
    return outcome === 'deny' && denial?.cause === 'resource-type' ? denial.setting : undefined
  }
  assert.equal(settingOf({ resourceType: 'toaster' }), 'resource-type')
  assert.equal(settingOf({ family: 6 }), 'address-family')
  assert.equal(settingOf({ scopeType: 'private' }), 'scope')
  assert.equal(settingOf({ netmaskLength: 31 }), 'netmask-length')
  assert.equal(settingOf({ explicit: { cidr: cidr('2001:db8::/128') } }), 'address-family')
  assert.equal(settingOf({ resourceType: 'vpc', netmaskLength: 15 }), 'netmask-length')
  assert.equal(settingOf({ resourceType: 'vpc', explicit: { cidr: cidr('10.0.0.0/29') } }), 'netmask-length')
})

test('observe changes nothing and records what it would have done', () => {
  const world = worldOf({
    policies: [policy('net', [documentOf(['p1'])])],
    assignments: [assign('net', root, { mode: 'observe' })],
  })
  const verdict = ask(world)
  assert.deepEqual(
    [verdict.outcome, names(verdict), verdict.mode, verdict.policy],
    ['allow', ['provider'], 'observe', undefined],
  )
  assert.deepEqual(
    [verdict.wouldBe?.mode, verdict.wouldBe?.outcome, verdict.wouldBe?.policy?.id],
    ['observe', 'allow', 'net'],
  )
  const refused = ask(
    worldOf({
      pools: [...pools, pool('own', '192.0.2.0/26', { account: prod })],
      policies: [policy('net', [documentOf(['p1'])])],
      assignments: [assign('net', root, { mode: 'observe' })],
    }),
    { explicit: { pool: 'own' } },
  )
  assert.deepEqual(
    [refused.outcome, names(refused), refused.wouldBe?.outcome, refused.wouldBe?.denial?.cause],
    ['allow', ['own'], 'deny', 'explicit'],
  )
})

test('warn changes nothing either, and says so to the caller', () => {
  const policies = [
    policy('net', [documentOf(['p1'])]),
    policy('soft', [documentOf(['p1', 'p2'], { requiredTags: [{ key: 'env' }] })]),
  ]
  const world = worldOf({ policies, assignments: [assign('net', root), assign('soft', prod, { mode: 'warn' })] })
  const verdict = ask(world)
  assert.deepEqual(
    [verdict.outcome, names(verdict), verdict.mode, verdict.policy?.id],
    ['warn', ['p1'], 'enforce', 'net'],
  )
  assert.deepEqual([verdict.wouldBe?.mode, verdict.wouldBe?.denial?.missingTags], ['warn', ['env']])
  assert.equal(ask(world, { account: dev }).outcome, 'allow')
})

test('what observes is evaluated beside what warns, as if both enforced', () => {
  const policies = ['live', 'warned', 'watched'].map((id) =>
    policy(id, [documentOf(['p1'], id === 'watched' ? { requiredTags: [{ key: 'env' }] } : {})]),
  )
  const verdict = ask(
    worldOf({
      policies,
      assignments: [
        assign('live', root),
        assign('warned', prodUnit, { mode: 'warn' }),
        assign('watched', root, { kind: 'final', mode: 'observe' }),
      ],
    }),
  )
  assert.deepEqual(
    [verdict.outcome, verdict.wouldBe?.mode, verdict.wouldBe?.policy?.id],
    ['allow', 'observe', 'warned'],
  )
  assert.equal(verdict.wouldBe?.denial?.by?.policy, 'watched')
})

test('off is as if it were not there', () => {
  const world = worldOf({
    policies: [policy('net', [documentOf(['p1'])])],
    assignments: [assign('net', root, { mode: 'off' })],
  })
  assert.deepEqual([names(ask(world)), ask(world).mode, ask(world).wouldBe], [['provider'], 'off', undefined])
})

// The ways around of policy-model §6 that policy alone can close.

test('way around: another account’s pool is no pool, whatever on-explicit says', () => {
  for (const onExplicit of onExplicitValues) {
    const world = lawOf({ onExplicit })
    assert.equal(mayUsePool(world, prod, 'p3'), false)
    assert.notDeepEqual(names(ask(world, { explicit: { pool: 'p3' } })), ['p3'])
  }
})

test('way around: a pool listed for one resource type does not serve another', () => {
  const documents = [documentOf(['p1'], { onExplicit: 'allow' }), documentOf(['p3'], {}, { resourceType: 'rnat' })]
  const world = worldOf({ policies: [policy('net', documents)], assignments: [assign('net', root)] })
  assert.equal(mayUsePool(world, prod, 'p3'), true)
  assert.equal(ask(world, { explicit: { pool: 'p3' } }).denial?.cause, 'explicit')
})

test('way around: a pool that is shared but not listed', () => {
  const world = lawOf({}, { pools: [...pools, pool('shared', '192.0.2.0/26', { sharedWith: [root] })] })
  assert.equal(mayUsePool(world, prod, 'shared'), true)
  assert.equal(ask(world, { explicit: { pool: 'shared' } }).denial?.setting, 'on-explicit')
})

test('way around: another Region does not find the pool, nor escape an IPAM that denies the unmatched', () => {
  const away = { locale: 'eu-west-1' }
  assert.deepEqual(names(ask(lawOf(), away)), ['provider'])
  const ipams = [
    {
      id: 'ipam-acme',
      account: admin,
      tier: 'advanced' as const,
      unmatched: 'deny' as const,
      operatingRegions: ['us-east-1', 'eu-central-1'],
    },
  ]
  assert.equal(ask(lawOf({}, { ipams }), away).denial?.cause, 'unmatched')
  assert.equal(
    ask(lawOf({}, { pools: [...pools, pool('own', '192.0.2.0/26', { account: prod })] }), {
      ...away,
      explicit: { pool: 'own' },
    }).denial?.setting,
    'locale',
  )
})

test('way around: a released address is asked for again by name', () => {
  const explicit = { cidr: parseAddress('203.0.113.7') }
  assert.equal(ask(lawOf(), { explicit }).outcome, 'deny')
})

test('way around: no tag of the request changes which pools are open', () => {
  const rules = [
    { pool: 'p1', when: { tags: [{ key: 'env', values: ['prod'] }] } },
    { pool: 'p2', when: { tags: [{ key: 'env', values: ['dev'] }] } },
  ]
  const world = worldOf({
    policies: [policy('net', [documentOf([], {}, { rules })])],
    assignments: [assign('net', root)],
  })
  for (const value of ['prod', 'dev', '']) {
    const tags = new Map([['env', value]])
    assert.deepEqual(names(ask(world, { tags })), ['p1'])
    assert.deepEqual(names(ask(world, { tags, account: dev })), ['p2'])
    assert.equal(ask(world, { tags, account: loner }).denial?.cause, 'no-rule')
  }
})

test('way around: the owner of a pool who reserves by hand passes the same evaluator', () => {
  const documents = [documentOf(['p1'], {}, { resourceType: 'custom' })]
  const world = worldOf({ policies: [policy('net', documents)], assignments: [assign('net', root)] })
  const custom = (name: string) =>
    ask(world, { account: admin, resourceType: 'custom', netmaskLength: 30, explicit: { pool: name } })
  assert.deepEqual([custom('p1').outcome, custom('p2').denial?.cause], ['allow', 'explicit'])
})

test('way around: a self-enabled policy does not loosen what an administrator enabled', () => {
  const own = policy('own', [documentOf(['p3'], { onExplicit: 'allow' })], { account: prod })
  const world = worldOf({
    policies: [policy('net', [documentOf(['p1'])]), own],
    assignments: [assign('net', root), assign('own', prod, { managedBy: 'account' })],
  })
  assert.deepEqual(names(ask(world)), ['p1'])
})

// What holds in every world.

const poolIds = ['p1', 'p2', 'p3']
const targets = [root, workloads, prodUnit, devUnit, prod, dev]

const documentIn = fc.record({
  pools: fc.uniqueArray(fc.constantFrom(...poolIds), { minLength: 1 }),
  onExplicit: fc.constantFrom(...onExplicitValues),
  onExhausted: fc.constantFrom(...onExhaustedValues),
  requiredTags: fc.constantFrom([], [], [{ key: 'env' }], [{ key: 'env', value: 'prod' }]),
  condition: fc.constantFrom(undefined, undefined, { accounts: [prod] }, { organizationalUnits: [devUnit] }),
})

const enabled = fc.record({
  document: fc.option(documentIn, { nil: undefined }),
  compatibility: fc.constantFrom('strict' as const, 'strict' as const, 'aws' as const),
  target: fc.constantFrom(...targets),
  kind: fc.constantFrom(...assignmentKindValues),
  mode: fc.constantFrom(...modeValues),
  isOwn: fc.constantFrom(false, false, false, true),
})

type Enabled = typeof enabled extends fc.Arbitrary<infer T> ? T : never

function factsFrom(all: readonly Enabled[]): Partial<GovernanceFacts> {
  const policies: PolicyVersion[] = []
  const assignments: Assignment[] = []
  for (const [i, { document, compatibility, target, kind, mode, isOwn }] of all.entries()) {
    const id = `policy-${i}`
    const made = document && {
      ...documentOf([], {
        onExplicit: document.onExplicit,
        onExhausted: document.onExhausted,
        requiredTags: document.requiredTags,
      }),
      rules: document.pools.map((one) => ({ pool: one, when: document.condition })),
    }
    policies.push(policy(id, made ? [made] : [], { compatibility }))
    assignments.push(
      assign(id, isOwn ? prod : target, {
        kind,
        mode,
        managedBy: isOwn ? 'account' : 'delegated-administrator-for-ipam',
      }),
    )
  }
  return {
    policies,
    assignments,
    pools: [
      ...pools.slice(0, 2),
      pool('p3', '203.0.113.0/24', { account: prod, sharedWith: [dev], requiredTags: [{ key: 'team' }] }),
    ],
  }
}

const anyRequest = fc.record({
  account: fc.constantFrom(prod, dev, loner, stranger),
  explicit: fc.constantFrom<AllocationRequest['explicit'][]>(
    undefined,
    undefined,
    { pool: 'p1' },
    { pool: 'p3' },
    { pool: 'nowhere' },
    { cidr: parseAddress('203.0.113.9') },
    { cidr: parseAddress('192.0.2.1') },
  ),
  tags: fc.constantFrom(
    undefined,
    new Map([['env', 'prod']]),
    new Map([
      ['env', 'dev'],
      ['team', 'net'],
    ]),
  ),
})

const worldFacts = fc.array(enabled, { maxLength: 6 })
const acts = ({ outcome, candidates, onExhausted, denial }: Verdict) => ({
  outcome: outcome === 'warn' ? 'allow' : outcome,
  candidates,
  onExhausted,
  denial,
})

test('I10 the same request on the same snapshot gives the same decision, whatever was asked before', () => {
  fc.assert(
    fc.property(worldFacts, fc.array(anyRequest, { minLength: 1, maxLength: 8 }), (all, requests) => {
      const warm = worldOf(factsFrom(all))
      for (const one of [...requests, ...requests.toReversed()]) {
        const { endings: _, ...verdict } = ask(warm, one)
        const { endings: __, ...fresh } = ask(worldOf(factsFrom(all)), one)
        assert.deepEqual(verdict, fresh)
      }
    }),
    { numRuns: 300 },
  )
})

test('assignments that observe or warn never change what a request gets', () => {
  fc.assert(
    fc.property(worldFacts, anyRequest, (all, one) => {
      const without = all.filter(({ mode }) => mode === 'enforce')
      const names = new Map(without.map((one, i) => [`policy-${all.indexOf(one)}`, `policy-${i}`]))
      const renamed = JSON.parse(
        JSON.stringify(acts(ask(worldOf(factsFrom(all)), one)), plain).replace(
          /policy-\d+/g,
          (id) => names.get(id) ?? id,
        ),
      )
      assert.deepEqual(renamed, JSON.parse(JSON.stringify(acts(ask(worldOf(factsFrom(without)), one)), plain)))
    }),
    { numRuns: 500 },
  )
})

const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)

test('a final can only narrow: it opens no pool, and lets through nothing that was denied', () => {
  fc.assert(
    fc.property(worldFacts, enabled, anyRequest, (all, added, one) => {
      const final: Enabled = { ...added, kind: 'final', mode: 'enforce', isOwn: false }
      const before = worldOf(factsFrom(all))
      const old = ask(before, { ...one, explicit: undefined })
      // An account's own policy ends where an administrator's assignment begins, so it is replaced, not narrowed.
      if (!old.policy || all[Number(old.policy.id.slice('policy-'.length))]!.isOwn) return
      const next = ask(worldOf(factsFrom([...all, final])), { ...one, explicit: undefined })
      const opened = new Set(old.candidates.map((candidate) => candidate.pool))
      assert(next.candidates.every((candidate) => opened.has(candidate.pool)))
      if (old.outcome === 'deny') assert.equal(next.outcome, 'deny')
      if (old.onExhausted === 'deny') assert.equal(next.onExhausted, 'deny')
    }),
    { numRuns: 1000 },
  )
})

test('a verdict has candidates exactly where it does not deny, and a denial exactly where it does', () => {
  fc.assert(
    fc.property(worldFacts, anyRequest, (all, one) => {
      const verdict = ask(worldOf(factsFrom(all)), one)
      assert.equal(verdict.outcome === 'deny', verdict.candidates.length === 0)
      assert.equal(verdict.outcome === 'deny', verdict.denial !== undefined)
      assert(verdict.trace.length > 0 || verdict.denial?.cause === 'resource-type')
    }),
    { numRuns: 500 },
  )
})

test('equal requests share verdicts and traces, and a trace holds nothing of the single request', () => {
  const world = lawOf()
  assert.equal(ask(world), ask(world))
  assert.equal(
    ask(world),
    ask(world, { tags: new Map([['any', 'tag']]) }),
    'tags that nothing asks for make no difference',
  )
  const end = (id: string, address: string) =>
    conclude(ask(world), { id, at: now, request: request() }, { pool: 'p2', cidr: parseAddress(address)! })
  assert.equal(end('decision-1', '198.51.100.129').trace, end('decision-2', '198.51.100.130').trace)
  assert.deepEqual(
    end('decision-1', '198.51.100.129')
      .trace.slice(-2)
      .map(({ subject, result }) => [subject, result]),
    [
      ['p1', 'miss'],
      ['p2', 'hit'],
    ],
  )
  assert.throws(() => Object.assign(ask(world), { outcome: 'deny' }))
})

test('accounts and locales cannot be made to look like each other in the cache', () => {
  const world = lawOf()
  ask(world, { account: prod, locale: 'us-east-1' })
  assert.deepEqual(names(ask(world, { account: `${prod}us-east`, locale: '-1' })), ['provider'])
})

test('requests that are not the same never share a verdict, whatever their texts contain', () => {
  const tricky = ['', '\n', 'a', 'a\na', '1:a', '/', 'eip', 'p1', prod, 'us-east-1', '-']
  const text = fc.constantFrom(...tricky)
  const asked = fc.record(
    {
      account: text,
      locale: text,
      resourceType: text,
      explicit: fc.constantFrom<AllocationRequest['explicit'][]>({}, { pool: 'p1' }, { pool: '' }, { pool: '\np1' }),
      resource: text,
      netmaskLength: fc.constantFrom(3, 32),
    },
    { requiredKeys: ['account', 'locale', 'resourceType'] },
  )
  const made: Partial<GovernanceFacts> = {
    policies: [policy('net', [documentOf(['p1'], { onExhausted: 'provider' })])],
    assignments: [assign('net', prod)],
    exceptions: ['p1', '1:a', 'eip'].map((resource, n) => ({
      id: `exception-${n}`,
      target: prod,
      resource,
      locale: 'us-east-1',
      resourceType: 'eip',
      grants: { pools: ['p3'], provider: false },
      startsAt: 0,
      expiresAt: 1e15,
    })),
  }
  fc.assert(
    fc.property(fc.array(asked, { minLength: 2, maxLength: 6 }), (requests) => {
      const world = worldOf(made)
      for (const one of requests) {
        assert.deepEqual(decide(world, { family: 4, ...one }, now), decide(worldOf(made), { family: 4, ...one }, now))
      }
    }),
    { numRuns: 2_000 },
  )
  // What any separator would join to one text.
  for (const separator of ['', '\n', '/', ':', ' ', '-', ',']) {
    const world = worldOf(made)
    for (const [locale, resourceType] of [
      ['b', `c${separator}d`],
      [`b${separator}c`, 'd'],
    ] as const) {
      const one = { family: 4, account: prod, locale, resourceType } as const
      assert.deepEqual(decide(world, one, now), decide(worldOf(made), one, now))
    }
  }
})

test('an `explicit` that names nothing is none', () => {
  const grants = { pools: ['p3'], provider: false }
  const exception = { id: 'exception-1', target: prod, locale: 'us-east-1', resourceType: 'eip', grants }
  const world = lawOf({}, { exceptions: [{ ...exception, startsAt: 0, expiresAt: 1e15 }] })
  for (const explicit of [{}, undefined, {}, { pool: undefined, cidr: undefined }]) {
    assert.deepEqual(ask(world, { explicit }).reserve?.exception, 'exception-1')
  }
})

test('a final that alone gives the order to other accounts takes nothing away: on-exhausted decides', () => {
  const forDev = [{ pool: 'p1', when: { accounts: [dev] } }]
  const worldWith = (onExhausted: 'deny' | 'provider', more: PolicyVersion[] = []) =>
    worldOf({
      policies: [policy('cap', [documentOf([], { onExhausted }, { rules: forDev })]), ...more],
      assignments: [
        assign('cap', root, { kind: 'final' }),
        ...more.map(({ policyId }) => assign(policyId, prodUnit, { kind: 'final' })),
      ],
    })
  assert.deepEqual(names(ask(worldWith('provider'))), ['provider'])
  assert.equal(ask(worldWith('deny')).denial?.cause, 'no-rule')
  // Where another final would have given something, it is the first one's doing that nothing is left.
  const other = policy('net', [documentOf(['p2'], { onExhausted: 'provider' })])
  const emptied = ask(worldWith('provider', [other]))
  assert.deepEqual([emptied.denial?.cause, emptied.denial?.by?.policy], ['no-rule', 'cap'])
})

test('where no rule is left, the denial names the final that took the pool, or who does not let it fall back', () => {
  const narrow = policy('narrow', [documentOf(['p2'], { onExhausted: 'provider' })])
  const taken = ask(
    worldOf({
      policies: [policy('net', [documentOf(['p1'], { onExhausted: 'provider' })]), narrow],
      assignments: [assign('net', root), assign('narrow', root, { kind: 'final' })],
    }),
  )
  assert.deepEqual([taken.denial?.cause, taken.denial?.by?.policy], ['no-rule', 'narrow'])
  const rules = [{ pool: 'p1', when: { accounts: [dev] } }]
  const kept = ask(
    worldOf({
      policies: [
        policy('net', [documentOf([], { onExhausted: 'provider' }, { rules })]),
        policy('cap', [documentOf(['p1'], { onExhausted: 'deny' })]),
      ],
      assignments: [assign('net', root), assign('cap', root, { kind: 'final' })],
    }),
  )
  assert.deepEqual(
    [kept.denial?.cause, kept.denial?.setting, kept.denial?.by?.policy],
    ['no-rule', 'on-exhausted', 'cap'],
  )
})

test('a CIDR in a listed pool that cannot give it is refused by that pool’s rule, and nothing else is tried', () => {
  const world = vpcWorld({ onExhausted: 'provider' }, { minNetmaskLength: 29, maxNetmaskLength: 30 })
  const asked = ask(world, { resourceType: 'vpc', explicit: { cidr: cidr('10.0.0.0/24') } })
  assert.deepEqual([asked.denial?.cause, asked.denial?.pool], ['pool-rule', 'v1'])
})

test('tags that are required with and without a value are told apart, also where the key has a `=`', () => {
  const policies = [
    policy('net', [documentOf(['p1'], { requiredTags: [{ key: 'a=b' }] })]),
    policy('cap', [documentOf(['p1'], { requiredTags: [{ key: 'a', value: 'b' }] })]),
  ]
  const world = worldOf({ policies, assignments: [assign('net', root), assign('cap', root, { kind: 'final' })] })
  assert.equal(ask(world, { tags: new Map([['a=b', 'x']]) }).denial?.by?.policy, 'cap')
  assert.equal(ask(world, { tags: new Map([['a', 'b']]) }).denial?.by?.policy, 'net')
})
