// Claims about asking requests again, compared with a second evaluation that knows neither ledger nor tally.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dayMs } from './clock.ts'
import { decide } from './policy/decide.ts'
import type { AllocationRequest } from './policy/decision.ts'
import type { Snapshot } from './policy/snapshot.ts'
import {
  admin,
  assign,
  dev,
  devUnit,
  documentOf,
  loner,
  policy,
  prod,
  prodUnit,
  request,
  root,
  worldOf,
} from './policy/testdata/world.ts'
import { dryInDays, groupByRules, kindOf, type Outcome, Replay, samplesPerKindMax, Tallies } from './simulation.ts'

const served = (pool: string, length = 32): Outcome => ({ kind: 'served', pool, length })
const [denied, exhausted] = [{ kind: 'denied' }, { kind: 'exhausted' }] as const

test('a request fares otherwise by what the candidate says, and not by why it gets nothing anyway', () => {
  const kinds = [served('a'), denied, exhausted].map((was) =>
    [served('a'), served('b'), served('a', 28), denied, exhausted].map((is) => kindOf(was, is)),
  )
  assert.deepEqual(kinds, [
    [undefined, 'elsewhere', 'other-size', 'newly-denied', 'exhausted'],
    ['newly-allowed', 'newly-allowed', 'newly-allowed', undefined, 'exhausted'],
    ['newly-allowed', 'newly-allowed', 'newly-allowed', 'newly-denied', undefined],
  ])
})

interface Asked {
  readonly decision: number
  readonly at: number
  readonly request: AllocationRequest
}
const now = new Date(Date.UTC(2026, 0, 1))
function replay(present: Snapshot, candidate: Snapshot, asked: readonly Asked[], free: Free): Replay {
  const run = new Replay()
  for (const { decision, at, request: one } of asked) {
    const [was, becomes] = [decide(present, one, now), decide(candidate, one, now)]
    for (const pool of run.present.unknownOf(was)) run.present.learn(pool, free.present[pool]!)
    for (const pool of run.candidate.unknownOf(becomes)) run.candidate.learn(pool, free.candidate[pool]!)
    const { account, resourceType, locale, family } = one
    run.ask({ decision, at, group: { account, resourceType, locale }, family, present: was, candidate: becomes })
  }
  return run
}
interface Free {
  readonly present: Readonly<Record<string, bigint>>
  readonly candidate: Readonly<Record<string, bigint>>
}

const enabled = (pools: readonly string[], change = {}): Snapshot =>
  worldOf({ policies: [policy('law', [documentOf(pools, change)])], assignments: [assign('law', root)] })

test('what runs dry sends requests on, then refuses them; and when that was is told', () => {
  const free = { p1: 2n, p2: 1n, p3: 100n }
  const asked = Array.from({ length: 5 }, (_, n) => ({ decision: n, at: n * dayMs, request: request() }))
  const run = replay(enabled(['p3']), enabled(['p1', 'p2']), asked, { present: free, candidate: free })
  const [tally] = run.tallies.all()
  assert.deepEqual([tally!.requests, tally!.counts.elsewhere, tally!.counts.exhausted], [5, 3, 2])
  assert.deepEqual(
    tally!.samples.map((sample) => 'decision' in sample && [sample.kind, sample.decision, sample.candidate.pool]),
    [
      ['elsewhere', 0, 'p1'],
      ['elsewhere', 1, 'p1'],
      ['elsewhere', 2, 'p2'],
      ['exhausted', 3, undefined],
      ['exhausted', 4, undefined],
    ],
  )
  const { candidate, present } = run
  assert.deepEqual(candidate.useOf('p1'), { free: 2n, left: 0n, taken: 2n, served: 2, refused: 3, dryAt: 2 * dayMs })
  assert.deepEqual(candidate.useOf('p3'), undefined)
  const span = { from: 0, until: 5 * dayMs }
  assert.equal(dryInDays(candidate.useOf('p1')!, span), 2)
  assert.equal(dryInDays(candidate.useOf('p2')!, span), 3)
  // Five of a hundred in five days.
  assert.equal(dryInDays(present.useOf('p3')!, span), 100)
})

test('I8 what rules alone make of requests is the same, whatever others have asked for before', () => {
  const free = { p1: 2n, p2: 1n, p3: 100n }
  const ofProd = request({ account: prod })
  const told = (others: number) => {
    const before = Array.from({ length: others }, (_, n) => ({
      decision: n,
      at: n,
      request: request({ account: dev }),
    }))
    const asked = [...before, { decision: 50, at: 50, request: ofProd }, { decision: 51, at: 51, request: ofProd }]
    const run = replay(enabled(['p3']), enabled(['p1', 'p2']), asked, { present: free, candidate: free })
    return run.tallies.all().find(({ account }) => account === prod)!
  }
  const [alone, beside] = [told(0), told(2)]
  assert.deepEqual([alone.counts.exhausted, beside.counts.exhausted], [0, 1], 'what is left is told of all')
  assert.deepEqual(groupByRules(beside), groupByRules(alone))
  const { counts, samples } = groupByRules(beside)
  assert.deepEqual([counts.elsewhere, counts.exhausted, samples.length], [2, 0, 2])
  assert.deepEqual(
    samples.map((sample) => 'decision' in sample && sample.candidate.pool),
    ['p1', 'p1'],
  )
})

test('what is never asked for, or lasts for more than ten years, does not run dry', () => {
  const use = { free: 1_000_000n, served: 1, refused: 0, dryAt: undefined }
  const span = { from: 0, until: dayMs }
  assert.equal(dryInDays({ ...use, taken: 0n }, span), undefined)
  assert.equal(dryInDays({ ...use, taken: 1n }, span), undefined)
  assert.equal(dryInDays({ ...use, free: 10n, taken: 1n }, span), 10)
})

test('of each kind the latest samples are kept, and groups beyond the bound are said to be missing', () => {
  const tallies = new Tallies(1)
  const group = { account: prod, resourceType: 'eip', locale: 'us-east-1' }
  const sample = (decision: number) => ({
    kind: 'newly-denied' as const,
    decision,
    at: decision,
    present: { outcome: 'served' as const },
    candidate: { outcome: 'denied' as const },
  })
  for (let n = 0; n < 10; n++) tallies.request(group, n, () => sample(n))
  assert.equal(tallies.isWhole, true)
  tallies.request({ ...group, account: dev }, 10, () => undefined)
  tallies.resource({ ...group, account: dev }, undefined)
  assert.equal(tallies.isWhole, false)
  const [tally, ...others] = tallies.all()
  assert.deepEqual(others, [])
  assert.equal(tally!.counts['newly-denied'], 10)
  assert.equal(tally!.samples.length, samplesPerKindMax)
  assert.deepEqual(
    tally!.samples.map((one) => 'decision' in one && one.decision),
    [7, 8, 9],
  )
  assert.deepEqual([tally!.firstAt, tally!.lastAt], [0, 9])
})

// A second evaluation ------------------------------------------------------------------------------------------------

/** Asks for one request alone, in a world in which those before it have been asked anew, each with a list of what is left. */
function alone(world: () => Snapshot, asked: readonly Asked[], free: Readonly<Record<string, bigint>>): Outcome {
  const left: Record<string, number> = Object.fromEntries(Object.entries(free).map(([id, n]) => [id, Number(n)]))
  let last: Outcome = { kind: 'denied' }
  for (const { request: one } of asked) {
    const verdict = decide(world(), one, now)
    last = verdict.outcome === 'deny' ? { kind: 'denied' } : { kind: 'exhausted' }
    const pools = [...verdict.candidates]
    if (verdict.onExhausted === 'provider' && !pools.some(({ pool }) => pool === 'provider') && pools.length > 0) {
      pools.push({ ...pools.at(-1)!, pool: 'provider' })
    }
    for (const { pool, netmaskLength: length } of pools) {
      const size = 2 ** (32 - length)
      if (pool !== 'provider' && left[pool]! < size) continue
      if (pool !== 'provider') left[pool]! -= size
      last = { kind: 'served', pool, length }
      break
    }
  }
  return last
}

/** The same choices for the same seed. */
function choicesOf(seed: number) {
  let state = seed
  const below = (bound: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * bound)
  }
  const pick = <T>(from: readonly T[]): T => from[below(from.length)]!
  return {
    between: (low: number, high: number): number => low + below(high - low + 1),
    chance: (probability: number): boolean => below(1_000) < probability * 1_000,
    pick,
    some<T>(from: readonly T[], low: number, high: number): T[] {
      const rest = [...from]
      return Array.from({ length: low + below(high - low + 1) }, () => rest.splice(below(rest.length), 1)[0]!)
    },
  }
}

test('random changes come out as where each request is evaluated alone', () => {
  const seed = 14
  const random = choicesOf(seed)
  const kindsSeen = new Set<string>()
  const nodes = [root, prodUnit, devUnit, prod, dev, loner, admin]
  const poolIds = ['p1', 'p2', 'p3']
  const drawWorld = (): (() => Snapshot) => {
    const change = {
      onExhausted: random.pick(['deny', 'provider'] as const),
      onExplicit: random.pick(['deny', 'steer', 'allow'] as const),
      requiredTags: random.chance(0.2) ? [{ key: 'team' }] : [],
    }
    const policies = [policy('law', [documentOf(random.some(poolIds, 0, 3), change)])]
    const assignments = random
      .some(nodes, 0, 3)
      .map((node) => assign('law', node, { mode: random.pick(['enforce', 'observe'] as const) }))
    return () => worldOf({ policies, assignments })
  }
  for (let round = 0; round < 60; round++) {
    const [present, candidate] = [drawWorld(), drawWorld()]
    const drawFree = () => Object.fromEntries(poolIds.map((id) => [id, BigInt(random.between(0, 6))]))
    const free = { present: drawFree(), candidate: drawFree() }
    const asked = Array.from({ length: 20 }, (_, n): Asked => {
      const account = random.pick([prod, dev, loner])
      const explicit = random.chance(0.3) ? { explicit: { pool: random.pick(poolIds) } } : {}
      const tags = random.chance(0.3) ? { tags: new Map([['team', 'a']]) } : {}
      return { decision: n, at: n, request: request({ account, ...explicit, ...tags }) }
    })
    const expected = new Map<string, number>()
    for (let n = 0; n < asked.length; n++) {
      const until = asked.slice(0, n + 1)
      const kind = kindOf(alone(present, until, free.present), alone(candidate, until, free.candidate))
      if (!kind) continue
      const key = `${asked[n]!.request.account} ${kind}`
      expected.set(key, (expected.get(key) ?? 0) + 1)
      kindsSeen.add(kind)
    }
    const found = new Map<string, number>()
    const run = replay(present(), candidate(), asked, free)
    for (const { account, counts } of run.tallies.all()) {
      for (const [kind, count] of Object.entries(counts)) if (count > 0) found.set(`${account} ${kind}`, count)
    }
    assert.deepEqual(new Map([...found].sort()), new Map([...expected].sort()), `seed ${seed}, round ${round}`)
  }
  assert.deepEqual([...kindsSeen].sort(), ['elsewhere', 'exhausted', 'newly-allowed', 'newly-denied'])
})
