// Claims about which documents apply (policy-model §3), against an interpreter written independently of the code.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Assignment, PolicyVersion } from './document.ts'
import { mayUsePool, resolve } from './resolve.ts'
import type { PolicySettings } from './settings.ts'
import { type GovernanceFacts, pathOf } from './snapshot.ts'
import {
  admin,
  assign,
  dev,
  devUnit,
  documentOf,
  factsOf,
  loner,
  nodes,
  policy,
  pool,
  pools,
  prod,
  prodUnit,
  root,
  stranger,
  workloads,
  worldOf,
} from './testdata/world.ts'

const pair = { locale: 'us-east-1', resourceType: 'eip' }

interface Outcome {
  pools: string[]
  onExplicit: string
  onExhausted: string
  size: string
}

/** §3 read aloud, with nothing clever. Conditions are not in these worlds. */
function interpret(facts: Partial<GovernanceFacts>, path: readonly string[]): Outcome | undefined {
  const policies = facts.policies ?? []
  const onPath = (facts.assignments ?? []).filter(({ targetId }) => path.includes(targetId))
  const isAdminThere = onPath.some(({ managedBy }) => managedBy === 'delegated-administrator-for-ipam')
  const counting = onPath.filter(({ managedBy }) => !isAdminThere || managedBy !== 'account')
  const versionOf = ({ policyId }: Assignment): PolicyVersion => policies.find((one) => one.policyId === policyId)!
  const documentIn = (assignment: Assignment) =>
    versionOf(assignment).documents.find((one) => one.locale === pair.locale && one.resourceType === pair.resourceType)
  const depth = ({ targetId }: Assignment) => path.indexOf(targetId)

  const finals = counting.filter(({ kind }) => kind === 'final').filter(documentIn)
  finals.sort((a, b) => depth(a) - depth(b))
  const defaults = counting.filter(({ kind }) => kind === 'default').sort((a, b) => depth(b) - depth(a))
  let orderedBy: Assignment | undefined
  for (const assignment of defaults) {
    if (documentIn(assignment)) orderedBy = assignment
    if (orderedBy || versionOf(assignment).compatibility === 'aws') break
  }
  orderedBy ??= finals[0]
  if (!orderedBy) return undefined
  const all = [documentIn(orderedBy)!, ...finals.map((one) => documentIn(one)!)]
  const settings = all.map((one) => one.settings)
  const sizes = settings.flatMap(({ size }) => size ?? [])
  const min = Math.max(...sizes.map((size) => size.min))
  const max = Math.min(...sizes.map((size) => size.max))
  const asked = sizes[0] && Math.min(Math.max(sizes[0].default, min), max)
  return {
    pools: all[0]!.rules
      .map((rule) => rule.pool)
      .filter((id) => all.every(({ rules }) => rules.some((rule) => rule.pool === id))),
    onExplicit: ['deny', 'steer', 'allow'].find((value) => settings.some(({ onExplicit }) => onExplicit === value))!,
    onExhausted: settings.some(({ onExhausted }) => onExhausted === 'deny') ? 'deny' : 'provider',
    size: sizes[0] ? `${min}/${asked}/${max}` : '',
  }
}

const defaultOptions: readonly ((id: string) => PolicyVersion | undefined)[] = [
  () => undefined,
  (id) => policy(id, []),
  (id) => policy(id, [], { compatibility: 'aws' }),
  (id) =>
    policy(id, [
      documentOf(['p1', 'p2'], {
        onExplicit: 'allow',
        onExhausted: 'provider',
        size: { min: 16, default: 20, max: 28 },
      }),
    ]),
  (id) => policy(id, [documentOf(['p3', 'p2'], { onExplicit: 'steer' })]),
]
const finalOptions: readonly ((id: string) => PolicyVersion | undefined)[] = [
  () => undefined,
  (id) =>
    policy(id, [
      documentOf(['p2'], { onExplicit: 'allow', onExhausted: 'provider', size: { min: 20, default: 24, max: 30 } }),
    ]),
  (id) =>
    policy(id, [
      documentOf(['p1', 'p2'], {
        onExplicit: 'steer',
        onExhausted: 'provider',
        size: { min: 18, default: 19, max: 22 },
      }),
    ]),
]

test('every small world resolves as the interpreter of §3 says', () => {
  const path = [root, workloads, prod]
  const tree = nodes.map((node) => (node.id === prod ? { ...node, parentId: workloads } : node))
  const choices = defaultOptions.flatMap((a) => finalOptions.map((b) => [a, b] as const))
  let worlds = 0
  for (const atRoot of choices) {
    for (const atUnit of choices) {
      for (const atAccount of choices) {
        for (const hasOwn of [false, true]) {
          const policies: PolicyVersion[] = []
          const assignments: Assignment[] = []
          for (const [i, [makeDefault, makeFinal]] of [atRoot, atUnit, atAccount].entries()) {
            for (const [kind, make] of [
              ['default', makeDefault],
              ['final', makeFinal],
            ] as const) {
              const made = make(`${kind}-${i}`)
              if (!made) continue
              policies.push(made)
              assignments.push(assign(made.policyId, path[i]!, { kind }))
            }
          }
          if (hasOwn) {
            policies.push(policy('own', [documentOf(['p3'])], { account: prod }))
            assignments.push(assign('own', prod, { managedBy: 'account' }))
          }
          const facts = { nodes: tree, policies, assignments }
          const { document } = resolve(worldOf(facts), 'enforce', prod, pair)
          const got: Outcome | undefined = document && {
            pools: document.rules.filter(({ skipped }) => skipped === undefined).map((rule) => rule.pool),
            onExplicit: document.onExplicit.value,
            onExhausted: document.onExhausted.value,
            size: document.size
              ? `${document.size.min.value}/${document.size.default.value}/${document.size.max.value}`
              : '',
          }
          assert.deepEqual(got, interpret(facts, path), JSON.stringify(assignments))
          worlds++
        }
      }
    }
  }
  assert.equal(worlds, 6750)
})

const poolsOf = (facts: Partial<GovernanceFacts>, account = prod) =>
  resolve(worldOf(facts), 'enforce', account, pair)
    .document?.rules.filter(({ skipped }) => skipped === undefined)
    .map((rule) => rule.pool)

test('a path is root, units, account; an account outside the organization is its own path', () => {
  const world = worldOf({})
  assert.deepEqual(pathOf(world, prod), [root, workloads, prodUnit, prod])
  assert.deepEqual(pathOf(world, stranger), [stranger])
})

test('the nearest default with a document for the pair gives the order', () => {
  const policies = [
    policy('far', [documentOf(['p1'])]),
    policy('near', [documentOf(['p2'], {}, { resourceType: 'rnat' })]),
  ]
  const assignments = [assign('far', root), assign('near', prodUnit)]
  assert.deepEqual(poolsOf({ policies, assignments }), ['p1'])
})

test('with AWS semantics the nearest assignment wins whole, even without a document for the pair', () => {
  const near = policy('near', [documentOf(['p2'], {}, { resourceType: 'rnat' })], { compatibility: 'aws' })
  const policies = [policy('far', [documentOf(['p1'])]), near]
  assert.equal(poolsOf({ policies, assignments: [assign('far', root), assign('near', prodUnit)] }), undefined)
})

test('a document without rules counts as absent', () => {
  const policies = [policy('far', [documentOf(['p1'])]), policy('near', [documentOf([])])]
  assert.deepEqual(poolsOf({ policies, assignments: [assign('far', root), assign('near', prod)] }), ['p1'])
})

test('an account’s own policy counts only where no administrator’s assignment is on the path', () => {
  const own = policy('own', [documentOf(['p3'])], { account: prod })
  const mine = assign('own', prod, { managedBy: 'account' })
  assert.deepEqual(poolsOf({ policies: [own], assignments: [mine] }), ['p3'])
  const theirs = policy('theirs', [documentOf(['p1'], {}, { resourceType: 'rnat' })])
  for (const kind of ['default', 'final'] as const) {
    const assignments = [mine, assign('theirs', root, { kind })]
    assert.equal(poolsOf({ policies: [own, theirs], assignments }), undefined)
  }
  assert.deepEqual(poolsOf({ policies: [own, theirs], assignments: [mine, assign('theirs', root, { mode: 'off' })] }), [
    'p3',
  ])
  assert.equal(poolsOf({ policies: [own], assignments: [mine] }, dev), undefined)
})

test('the stricter of each setting holds, and says whose it is', () => {
  const size = (min: number, max: number) => ({ size: { min, default: 24, max } })
  const policies = [
    policy('base', [
      documentOf(['p1'], {
        onExplicit: 'allow',
        onExhausted: 'provider',
        requiredTags: [{ key: 'env' }],
        ...size(16, 28),
      }),
    ]),
    policy('final', [
      documentOf(['p1'], {
        onExplicit: 'steer',
        onExhausted: 'provider',
        requiredTags: [{ key: 'env' }, { key: 'team', value: 'net' }],
        ...size(20, 30),
      }),
    ]),
  ] satisfies { documents: readonly { settings: PolicySettings }[] }[]
  const { document } = resolve(
    worldOf({ policies, assignments: [assign('base', prod), assign('final', root, { kind: 'final' })] }),
    'enforce',
    prod,
    pair,
  )
  assert.deepEqual([document?.onExplicit.value, document?.onExplicit.by.policy], ['steer', 'final'])
  assert.deepEqual([document?.onExhausted.value, document?.onExhausted.by.policy], ['provider', 'base'])
  assert.deepEqual([document?.size?.min.value, document?.size?.min.by.policy], [20, 'final'])
  assert.deepEqual([document?.size?.max.value, document?.size?.max.by.policy], [28, 'base'])
  assert.deepEqual(
    document?.requiredTags.map(({ value, by }) => [value.key, by.policy]),
    [
      ['env', 'base'],
      ['team', 'final'],
    ],
  )
  assert.equal(document?.by.policy, 'base')
})

test('conditions read the account, its units, and tags that administrators set on these; the nearest tag has the say', () => {
  const rules = [
    { pool: 'p1', when: { accounts: [prod] } },
    { pool: 'p2', when: { organizationalUnits: [workloads] } },
    {
      pool: 'p3',
      when: {
        tags: [
          { key: 'env', values: ['prod', 'stage'] },
          { key: 'area', values: ['work'] },
        ],
      },
    },
  ]
  const facts = { policies: [policy('one', [documentOf([], {}, { rules })])], assignments: [assign('one', root)] }
  assert.deepEqual(poolsOf(facts, prod), ['p1', 'p2', 'p3'])
  assert.deepEqual(poolsOf(facts, dev), ['p2'])
  assert.deepEqual(poolsOf(facts, loner), [])
  const retagged = nodes.map((node) => (node.id === prod ? { ...node, tags: new Map([['env', 'test']]) } : node))
  assert.deepEqual(poolsOf({ ...facts, nodes: retagged }, prod), ['p1', 'p2'])
})

test('a final whose condition does not hold for the account does not list the pool for it', () => {
  const policies = [
    policy('base', [documentOf(['p1', 'p2'])]),
    policy('final', [documentOf([], {}, { rules: [{ pool: 'p1' }, { pool: 'p2', when: { accounts: [dev] } }] })]),
  ]
  const assignments = [assign('base', root), assign('final', root, { kind: 'final' })]
  assert.deepEqual(poolsOf({ policies, assignments }, prod), ['p1'])
  assert.deepEqual(poolsOf({ policies, assignments }, dev), ['p1', 'p2'])
})

test('moving an account re-resolves at once', () => {
  const facts = factsOf({ policies: [policy('dev', [documentOf(['p1'])])], assignments: [assign('dev', devUnit)] })
  assert.equal(poolsOf(facts), undefined)
  const moved = facts.nodes.map((node) => (node.id === prod ? { ...node, parentId: devUnit } : node))
  assert.deepEqual(poolsOf({ ...facts, nodes: moved }), ['p1'])
})

test('I8 a pool is there for its owner, for whom it is shared with, and for whom an enforced policy lists it', () => {
  const shared = [
    pool('p4', '192.0.2.0/26', { sharedWith: [dev] }),
    pool('p5', '192.0.2.64/26', { sharedWith: [workloads] }),
  ]
  const policies = [policy('one', [documentOf(['p1'])]), policy('watching', [documentOf(['p2'])])]
  const assignments = [assign('one', prodUnit), assign('watching', root, { mode: 'observe' })]
  const world = worldOf({ pools: [...pools, ...shared], policies, assignments })
  const seen = (account: string) => ['p1', 'p2', 'p3', 'p4', 'p5', 'p6'].filter((id) => mayUsePool(world, account, id))
  assert.deepEqual(seen(admin), ['p1', 'p2', 'p3', 'p4', 'p5'])
  assert.deepEqual(seen(prod), ['p1', 'p5'])
  assert.deepEqual(seen(dev), ['p4', 'p5'])
  assert.deepEqual(seen(loner), [])
  assert.deepEqual(seen(stranger), [])
})
