// Claims about the nearest change: it is small, it is the first that helps, and it does help.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseCidr } from '../cidr.ts'
import { finish } from '../steps.ts'
import { decide } from './decide.ts'
import type { AllocationRequest } from './decision.ts'
import { ExceptionIndex } from './exception-index.ts'
import {
  answerTo,
  describeChange,
  nearestChange,
  nearestException,
  poolsAroundMax,
  type Room,
} from './nearest-change.ts'
import type { PolicySettings } from './settings.ts'
import { emptyCaches, type GovernanceFacts, type Snapshot } from './snapshot.ts'
import { assign, documentOf, policy, pool, privatePool, request, root, worldOf } from './testdata/world.ts'
import { onExhaustedValues, onExplicitValues } from './values.ts'

const now = new Date('2026-01-02T03:04:05Z')
const everywhere: Room = { has: () => true, holds: () => true, canTake: () => true }
const nowhere: Room = { has: () => false, holds: () => true, canTake: () => false }
const onlyIn = (...names: string[]): Room => ({
  has: (name) => names.includes(name),
  holds: () => true,
  canTake: (name) => names.includes(name),
})

const ruled = (settings: Partial<PolicySettings> = {}, facts: Partial<GovernanceFacts> = {}): Snapshot =>
  worldOf({
    policies: [policy('net', [documentOf(['p1', 'p2'], settings)])],
    assignments: [assign('net', root)],
    ...facts,
  })
const vpcs = (settings: Partial<PolicySettings>): Snapshot =>
  worldOf({
    policies: [policy('net', [documentOf(['v1'], settings, { resourceType: 'vpc' })])],
    assignments: [assign('net', root)],
    pools: [privatePool('v1', '10.0.0.0/16')],
  })
const find = (snapshot: Snapshot, ask: Partial<AllocationRequest>, room: Room = everywhere) =>
  nearestChange({ snapshot, now, room }, request(ask))
const denies = (snapshot: Snapshot, ask: Partial<AllocationRequest>) =>
  assert.equal(decide(snapshot, request(ask), now).outcome, 'deny')

test('a pool that is not listed: do not name it', () => {
  denies(ruled(), { explicit: { pool: 'p3' } })
  const found = find(ruled(), { explicit: { pool: 'p3' } })!
  assert.deepEqual(found.change, { kind: 'drop-explicit', dropped: 'p3' })
  assert.equal(found.pool, 'p1')
  assert.equal(describeChange(found), 'Do not name `p3`: it would come from pool `p1`.')
})

test('a block that is not listed keeps its size when it is not named any more', () => {
  const cidr = parseCidr('192.168.0.0/24')!
  const found = find(vpcs({}), { resourceType: 'vpc', scopeType: 'private', explicit: { cidr } })!
  assert.deepEqual(found.change, { kind: 'drop-explicit', dropped: '192.168.0.0/24' })
  assert.equal(found.request.netmaskLength, 24)
})

test('D8 of a thousand pools around a block those with the least around it are tried, and of the pools that are not seen none', () => {
  const around = Array.from({ length: 1_000 }, (_, at) =>
    privatePool(`a${at}`, at < 990 ? '10.0.0.0/8' : '10.0.0.0/15'),
  )
  const hidden = Array.from({ length: 30 }, (_, at) => privatePool(`h${at}`, '10.0.0.0/16'))
  const snapshot = worldOf({
    policies: [policy('net', [documentOf(['v1'], {}, { resourceType: 'vpc' })])],
    assignments: [assign('net', root)],
    pools: [...around, ...hidden, privatePool('v1', '172.16.0.0/16')],
  })
  const asked = request({
    ...{ resourceType: 'vpc', scopeType: 'private', netmaskLength: 16 },
    explicit: { cidr: parseCidr('10.0.0.0/16')! },
  })
  const tried: string[] = []
  const look = (name: string): boolean => {
    tried.push(name)
    return false
  }
  const room: Room = { has: () => false, holds: look, canTake: look }
  const sight = { isSeen: ({ id }: { readonly id: string }) => !id.startsWith('h'), isTakenSeen: () => true }
  assert.equal(nearestException({ snapshot, now, room }, asked, sight)?.pool, 'provider')
  assert.deepEqual(new Set(tried), new Set([...around.slice(990), ...around.slice(0, 10)].map(({ id }) => id)))
  assert.ok(tried.length <= 2 * poolsAroundMax, String(tried.length))
})

test('missing tags: exactly those, with the value that is asked for', () => {
  const snapshot = ruled({ requiredTags: [{ key: 'env' }, { key: 'team', value: 'net' }] })
  const found = find(snapshot, { tags: new Map([['env', 'x']]) })!
  assert.deepEqual(found.change, { kind: 'add-tags', tags: [{ key: 'team', value: 'net' }] })
  assert.deepEqual(
    found.request.tags,
    new Map([
      ['env', 'x'],
      ['team', 'net'],
    ]),
  )
  assert.match(describeChange(find(snapshot, {})!), /the tag `env` with any value, the tag `team=net`/)
})

test("a pool's own required tags are added together with the policy's", () => {
  const snapshot = ruled(
    { requiredTags: [{ key: 'env' }] },
    { pools: [pool('p1', '198.51.100.0/25', { requiredTags: [{ key: 'own' }] })] },
  )
  assert.deepEqual(find(snapshot, {})!.change, { kind: 'add-tags', tags: [{ key: 'env' }, { key: 'own' }] })
})

test('a size out of bounds: the nearest one within', () => {
  const snapshot = vpcs({ size: { min: 20, default: 24, max: 26 } })
  for (const [asked, wanted] of [
    [16, 20],
    [28, 26],
  ] as const) {
    const found = find(snapshot, { resourceType: 'vpc', scopeType: 'private', netmaskLength: asked })!
    assert.deepEqual(found.change, { kind: 'size', netmaskLength: wanted, insteadOf: asked })
  }
})

test('no room for the size: the nearest one that there is room for', () => {
  const room: Room = { has: (_, length) => length >= 25, holds: () => true, canTake: () => false }
  const found = find(vpcs({}), { resourceType: 'vpc', scopeType: 'private', netmaskLength: 20 }, room)!
  assert.deepEqual(found.change, { kind: 'size', netmaskLength: 25, insteadOf: 20 })
})

test('a named pool that is full: another listed one, which is the only way for a reservation by hand', () => {
  const custom = worldOf({
    policies: [policy('net', [documentOf(['p1', 'p2'], {}, { resourceType: 'custom' })])],
    assignments: [assign('net', root)],
  })
  const ask = { resourceType: 'custom', netmaskLength: 28, explicit: { pool: 'p1' } }
  const found = find(custom, ask, onlyIn('p2'))!
  assert.deepEqual(found.change, { kind: 'other-pool', pool: 'p2', insteadOf: 'p1' })
  assert.equal(find(ruled(), { explicit: { pool: 'p1' } }, onlyIn('p2'))!.change.kind, 'drop-explicit')
})

test('what would be allowed by now is only to be asked again', () => {
  const found = find(ruled(), {})!
  assert.deepEqual([found.change.kind, found.pool], ['ask-again', 'p1'])
})

test('the other family where the type has it', () => {
  const snapshot = worldOf({
    policies: [policy('net', [documentOf(['six'], {}, { resourceType: 'gcp:address', locale: 'gcp:zurich' })])],
    assignments: [assign('net', root)],
    pools: [pool('six', '2001:db8::/64', { family: 6, locale: 'gcp:zurich', awsService: undefined })],
  })
  const found = find(snapshot, { resourceType: 'gcp:address', locale: 'gcp:zurich' })!
  assert.deepEqual(found.change, { kind: 'family', family: 6 })
})

test('an exception where nothing that the caller can change helps: with the least that it takes', () => {
  const vpc = { resourceType: 'vpc', scopeType: 'private' } as const
  const sized = vpcs({ size: { min: 24, default: 24, max: 24 } })
  const roomy: Room = { has: (pool, length) => pool === 'v1' && length === 20, holds: () => true, canTake: () => false }
  const bySize = find(sized, { ...vpc, netmaskLength: 20 }, roomy)!
  assert.deepEqual(bySize.change, {
    kind: 'exception',
    grants: { pools: [], provider: false, size: { min: 20, max: 20 } },
  })
  assert.match(describeChange(bySize), /^Ask for an exception that grants a \/20: approved by somebody else/)
  const byPool = find(ruled(), { explicit: { pool: 'p3' } }, onlyIn('p3'))!
  assert.deepEqual(byPool.change, { kind: 'exception', grants: { pools: ['p3'], provider: false } })
  const byProvider = find(ruled(), {}, onlyIn('provider'))!
  assert.deepEqual(
    [byProvider.change, byProvider.pool],
    [{ kind: 'exception', grants: { pools: [], provider: true } }, 'provider'],
  )
})

test('where no single change helps, none is named', () => {
  const snapshot = ruled({ requiredTags: [{ key: 'env' }] })
  assert.equal(find(snapshot, { explicit: { pool: 'p3' } }), undefined, 'it would take two')
  assert.equal(find(ruled(), {}, nowhere), undefined)
  assert.equal(find(ruled(), { resourceType: 'teapot' }), undefined)
})

const pairOf = ({ locale, resourceType }: AllocationRequest) => ({ locale, resourceType })

test('I4 whatever is found is what decide grants, and nothing before it would be', () => {
  const anyRequest = fc.record({
    resourceType: fc.constantFrom('eip', 'vpc', 'custom'),
    locale: fc.constantFrom('us-east-1', 'eu-west-1'),
    scopeType: fc.constantFrom(undefined, 'public', 'private') as fc.Arbitrary<'public' | 'private' | undefined>,
    netmaskLength: fc.option(fc.integer({ min: 16, max: 32 }), { nil: undefined }),
    explicit: fc.option(fc.record({ pool: fc.option(fc.constantFrom('p1', 'p3', 'v1'), { nil: undefined }) }), {
      nil: undefined,
    }),
    tags: fc.constantFrom(undefined, new Map([['env', 'x']])),
  })
  const anySnapshot = fc
    .record({
      onExplicit: fc.constantFrom(...onExplicitValues),
      onExhausted: fc.constantFrom(...onExhaustedValues),
      requiredTags: fc.constantFrom([], [{ key: 'env' }], [{ key: 'team', value: 'net' }]),
      size: fc.constantFrom(undefined, { min: 20, default: 24, max: 26 }),
      unmatched: fc.constantFrom('deny', 'provider') as fc.Arbitrary<'deny' | 'provider'>,
    })
    .map(({ unmatched, size, ...settings }) =>
      worldOf({
        ipams: [
          {
            id: 'ipam-acme',
            account: '111111111111',
            tier: 'advanced',
            unmatched,
            operatingRegions: ['us-east-1', 'eu-central-1'],
          },
        ],
        policies: [
          policy('net', [
            documentOf(['p1', 'p2'], settings),
            documentOf(['v1'], { ...settings, size }, { resourceType: 'vpc' }),
            documentOf(['p1', 'v1'], { ...settings, size }, { resourceType: 'custom' }),
          ]),
        ],
        assignments: [assign('net', root)],
        pools: [
          pool('p1', '198.51.100.0/25'),
          pool('p2', '203.0.113.0/24', { requiredTags: [{ key: 'own' }] }),
          privatePool('v1', '10.0.0.0/16'),
          pool('p3', '192.0.2.0/24'),
        ],
      }),
    )
  const anyRoom = fc.subarray(['p1', 'p2', 'v1', 'provider']).map((names) => onlyIn(...names))
  fc.assert(
    fc.property(anySnapshot, anyRequest, anyRoom, (snapshot, asked, room) => {
      const whole: AllocationRequest = {
        account: '222222222222',
        family: 4,
        ...asked,
        explicit: asked.explicit?.pool ? asked.explicit : undefined,
      }
      const world = { snapshot, now, room }
      const { served } = answerTo(world, whole)
      const found = nearestChange(world, whole)
      if (served) assert.equal(found?.change.kind, 'ask-again')
      if (!found) return
      const { change } = found
      const granted = {
        ...pairOf(whole),
        id: 'x',
        target: whole.account,
        startsAt: 0,
        expiresAt: now.getTime() + 1,
      }
      const exceptions = change.kind === 'exception' ? [{ ...granted, grants: change.grants }] : []
      const excepted = {
        ...snapshot,
        exceptions: finish(ExceptionIndex.collect(new Map(exceptions.map((one) => [one.id, one])))),
        caches: emptyCaches(),
      }
      const after = answerTo({ ...world, snapshot: excepted }, found.request)
      assert.notEqual(after.verdict.outcome, 'deny')
      assert.equal(after.served!.pool, found.pool)
      assert.doesNotMatch(describeChange(found), /undefined/)
      if (found.change.kind !== 'ask-again') assert.equal(served, undefined)
    }),
    { numRuns: 1_000 },
  )
})
