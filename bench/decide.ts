// How long a decision takes: cached and not, in a small organization and in one of 20,000 accounts. Part of `npm run bench`.

import { parseCidr } from '#model/cidr.ts'
import { conclude, decide } from '#model/policy/decide.ts'
import type { AllocationRequest } from '#model/policy/decision.ts'
import { compileSnapshot, type GovernanceFacts, type NodeFacts, type Snapshot } from '#model/policy/snapshot.ts'
import {
  assign,
  documentOf,
  factsOf,
  nodes,
  policy,
  prod,
  request,
  root,
  workloads,
} from '#model/policy/testdata/world.ts'
import type { Figure } from './statistics.ts'

const rounds = 7
const decisionMaxMicros = 10
const now = new Date(0)
const served = { pool: 'p2', cidr: parseCidr('198.51.100.129/32')! }

const small = factsOf({
  policies: [policy('net', [documentOf(['p1', 'p2'])]), policy('narrow', [documentOf(['p2', 'p1'])])],
  assignments: [assign('net', root), assign('narrow', workloads, { kind: 'final' })],
})

const accountsCount = 20_000
const accounts: readonly NodeFacts[] = Array.from({ length: accountsCount }, (_, i) => ({
  id: String(500_000_000_000 + i),
  kind: 'account',
  parentId: nodes[1 + (i % 3)]!.id,
}))
const large: GovernanceFacts = { ...small, nodes: [...nodes, ...accounts] }

interface Case {
  readonly name: string
  readonly count: number
  /** Whether requests decide like this again and again: then there is a goal. */
  readonly isOften?: true
  readonly run: (count: number) => void
}

const decideAndConclude = (snapshot: Snapshot, asked: AllocationRequest) =>
  conclude(decide(snapshot, asked, now), { id: 'decision-1', at: now, request: asked }, served)

const world = compileSnapshot(small, 1)
const tags = new Map([['Name', 'web']])
const address = { cidr: parseCidr('198.51.100.200/32')! }
let spread = compileSnapshot(large, 1)

const cases: readonly Case[] = [
  { name: 'cached: decide', count: 500_000, run: repeat(() => decide(world, request({ tags }), now)) },
  {
    name: 'cached: decide and conclude',
    count: 500_000,
    isOften: true,
    run: repeat(() => decideAndConclude(world, request({ tags }))),
  },
  {
    name: 'cached: a listed pool by name',
    count: 500_000,
    run: repeat(() => decideAndConclude(world, request({ explicit: { pool: 'p2' } }))),
  },
  {
    name: 'cached: denied, a pool that is not listed',
    count: 500_000,
    run: repeat(() => decide(world, request({ explicit: { pool: 'p3' } }), now)),
  },
  {
    name: 'not cached: an address by name',
    count: 100_000,
    isOften: true,
    run: repeat(() => decideAndConclude(world, request({ explicit: address }))),
  },
  {
    name: 'first decision of an account, of 20,000',
    count: accountsCount,
    run: (count) => {
      spread = compileSnapshot(large, 1)
      for (let i = 0; i < count; i++) decide(spread, request({ account: accounts[i]!.id }), now)
    },
  },
  { name: 'compile a snapshot of 20,000 accounts', count: 5, run: repeat(() => compileSnapshot(large, 1)) },
]

function repeat(once: () => unknown): (count: number) => void {
  return (count) => {
    for (let i = 0; i < count; i++) once()
  }
}

/** Microseconds for one call, of each case. */
export function measureDecisions(): Figure[] {
  if (decide(world, request({ account: prod }), now).candidates.length !== 2)
    throw new Error('the world is not as the bench expects')
  const times = new Map(cases.map(({ name }) => [name, [] as number[]]))
  for (let round = 0; round <= rounds; round++) {
    for (const { name, count, run } of cases) {
      const startedAt = process.hrtime.bigint()
      run(count)
      const micros = Number(process.hrtime.bigint() - startedAt) / 1000 / count
      if (round > 0) times.get(name)!.push(micros) // The first round warms up.
    }
  }
  return cases.map(({ name, isOften }) => ({
    what: `decision, µs: ${name}`,
    values: times.get(name)!,
    ...(isOften ? { goal: { atMost: decisionMaxMicros } } : {}),
  }))
}
