// That whoever compiles a large organization, or looks through it, can let others have their turn.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Steps } from '../steps.ts'
import { conflictsIn, firstConflictIn } from './conflicts.ts'
import { compileInSteps, compileSnapshot, type GovernanceFacts, type NodeFacts, type Snapshot } from './snapshot.ts'
import { assign, documentOf, factsOf, nodes, policy, pool, prodUnit, root } from './testdata/world.ts'

const many = <T>(count: number, one: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => one(index))

/** Counts what is taken of all of them since the last look. */
class Meter {
  #taken = 0
  counted<T>(items: readonly T[]): readonly T[] {
    const list = [...items]
    const count = () => this.#taken++
    Object.defineProperty(list, Symbol.iterator, {
      *value() {
        for (let index = 0; index < list.length; index++) {
          count()
          yield list[index]
        }
      },
    })
    return list
  }
  take(): number {
    const taken = this.#taken
    this.#taken = 0
    return taken
  }
}

/** An organization with 12,000 accounts in one unit, and 8,000 pools. */
function largeFacts(change: Partial<GovernanceFacts> = {}): GovernanceFacts {
  const account = (index: number): NodeFacts => ({
    id: String(500_000_000_000 + index),
    kind: 'account',
    parentId: prodUnit,
  })
  return factsOf({
    nodes: [...nodes, ...many(12_000, account)],
    pools: many(8_000, (index) => pool(`p${index + 1}`, `100.${index >> 8}.${index & 255}.0/24`)),
    policies: [policy('P1', [documentOf(['p1'])]), policy('P2', [documentOf(['p2'])])],
    bindings: many(6_000, (index) => ({
      id: `b${index}`,
      principal: `user:u${index}`,
      role: 'auditor',
      node: root,
      effect: 'permit',
    })),
    ...change,
  })
}

function countSteps<T>(steps: Steps<T>): { readonly value: T; readonly count: number } {
  for (let count = 1; ; count++) {
    const step = steps.next()
    if (step.done) return { value: step.value, count }
  }
}

test('D3 a large organization is compiled in steps of a thousand facts at most', () => {
  const facts = largeFacts()
  const meter = new Meter()
  const { nodes, pools, policies, bindings = [] } = facts
  const counted = {
    ...facts,
    nodes: meter.counted(nodes),
    pools: meter.counted(pools),
    policies: meter.counted(policies),
    bindings: meter.counted(bindings),
  }
  const most: number[] = []
  const steps = compileInSteps(counted, 1)
  let snapshot: Snapshot | undefined
  for (let step = steps.next(); ; step = steps.next()) {
    most.push(meter.take())
    if (step.done) {
      snapshot = step.value
      break
    }
  }
  assert.equal(
    most.reduce((sum, taken) => sum + taken, 0),
    nodes.length + pools.length + policies.length + bindings.length,
  )
  assert(Math.max(...most) <= 1_500, `${Math.max(...most)} facts in one step`)
  assert.deepEqual(snapshot, compileSnapshot(facts, 1))
})

test('D3 a large organization is looked through for conflicts in steps, and the first one is the same', () => {
  const final = assign('P1', root, { kind: 'final' })
  const before = compileSnapshot(largeFacts({ assignments: [final] }), 1)
  const apart = compileSnapshot(largeFacts({ assignments: [final, assign('P2', prodUnit)] }), 2)
  for (const look of [{}, { before }]) {
    const { value, count } = countSteps(firstConflictIn(apart, look))
    assert(value, 'P1 and P2 have no pool in common')
    assert.deepEqual(value, conflictsIn(apart, look).next().value)
    assert(count > 5, `it takes ${count} steps`)
  }
  const { value, count } = countSteps(firstConflictIn(before, { before: apart }))
  assert.equal(value, undefined)
  assert(count > 80, `of all that a change can touch: ${count} steps`)
})
