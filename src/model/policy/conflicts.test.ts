// Claims about assignments that cannot both be met.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Conflict, conflictsIn, findConflicts } from './conflicts.ts'
import type { RuleCondition } from './document.ts'
import type { GovernanceFacts, NodeFacts } from './snapshot.ts'
import {
  admin,
  assign,
  dev,
  devUnit,
  documentOf,
  loner,
  nodes,
  policy,
  pools,
  privatePool,
  prod,
  prodUnit,
  root,
  stranger,
  workloads,
  worldOf,
} from './testdata/world.ts'

const size = (min: number, max: number) => ({ size: { min, default: min, max } })
const found = (facts: Partial<GovernanceFacts>) =>
  findConflicts(worldOf(facts)).map(({ kind, node, parties: [a, b] }) => [kind, node, a.policy, b.policy])
const final = { kind: 'final' } as const

test('a default and a final that list no pool in common are a conflict, and both are named', () => {
  const policies = [policy('base', [documentOf(['p1'])]), policy('narrow', [documentOf(['p2'])])]
  assert.deepEqual(found({ policies, assignments: [assign('base', root), assign('narrow', prodUnit, final)] }), [
    ['pools', prodUnit, 'base', 'narrow'],
  ])
  assert.deepEqual(found({ policies, assignments: [assign('base', prodUnit), assign('narrow', root, final)] }), [
    ['pools', prodUnit, 'base', 'narrow'],
  ])
  assert.deepEqual(
    found({ policies, assignments: [assign('base', prodUnit), assign('narrow', dev, final)] }),
    [],
    'they are on no common path',
  )
})

test('two finals can be a conflict without any default', () => {
  const policies = [policy('a', [documentOf(['p1'])]), policy('b', [documentOf(['p2'])])]
  assert.deepEqual(found({ policies, assignments: [assign('a', root, final), assign('b', workloads, final)] }), [
    ['pools', workloads, 'a', 'b'],
  ])
})

test('different pairs are no conflict, nor is an assignment that does not enforce', () => {
  const policies = [
    policy('base', [documentOf(['p1'])]),
    policy('other', [documentOf(['p2'], {}, { locale: 'eu-west-1' })]),
    policy('narrow', [documentOf(['p2'])]),
  ]
  assert.deepEqual(found({ policies, assignments: [assign('base', root), assign('other', root, final)] }), [])
  for (const mode of ['off', 'observe', 'warn'] as const) {
    assert.deepEqual(
      found({ policies, assignments: [assign('base', root), assign('narrow', root, { ...final, mode })] }),
      [],
    )
  }
})

test('size bounds that leave no size, and tags that would need two values, are conflicts', () => {
  const policies = [
    policy('base', [documentOf(['p1'], { ...size(16, 20), requiredTags: [{ key: 'env', value: 'prod' }] })]),
    policy('narrow', [documentOf(['p1'], { ...size(24, 28), requiredTags: [{ key: 'env', value: 'dev' }] })]),
    policy('fits', [documentOf(['p1'], { ...size(20, 28), requiredTags: [{ key: 'env' }] })]),
  ]
  assert.deepEqual(found({ policies, assignments: [assign('base', root), assign('narrow', root, final)] }), [
    ['size', root, 'base', 'narrow'],
    ['required-tags', root, 'base', 'narrow'],
  ])
  assert.deepEqual(found({ policies, assignments: [assign('base', root), assign('fits', root, final)] }), [])
})

test('conditions are tried account by account, and a rule for other accounts is no conflict', () => {
  const onlyFor = (account: string) => ({ accounts: [account] })
  const base = policy('base', [
    documentOf(
      [],
      {},
      {
        rules: [
          { pool: 'p1', when: onlyFor(prod) },
          { pool: 'p2', when: onlyFor(dev) },
        ],
      },
    ),
  ])
  const narrow = policy('narrow', [documentOf(['p2'])])
  const assignments = [assign('base', root), assign('narrow', root, final)]
  assert.deepEqual(found({ policies: [base, narrow], assignments }), [['pools', prod, 'base', 'narrow']])
  assert.deepEqual(found({ policies: [base], assignments: [assign('base', root)] }), [])
  const both = policy('narrow', [documentOf(['p1', 'p2'])])
  assert.deepEqual(found({ policies: [base, both], assignments }), [])
})

// What conditions, families, pools and types make of it --------------------------------------------------------------

const inFamilies = [...pools, ...['a', 'b'].map((id) => privatePool(id, '2001:db8::/32', { family: 6 }))]
const rulesOf = (...rules: [string, RuleCondition?][]) =>
  documentOf([], {}, { rules: rules.map(([pool, when]) => ({ pool, ...(when ? { when } : {}) })) })
const textOf = ({ kind, node, parties: [a, b] }: Conflict) => `${kind} at ${node}: ${a.policy}, ${b.policy}`
const all = (facts: Partial<GovernanceFacts>): string[] => findConflicts(worldOf(facts)).map(textOf)
const made = (before: Partial<GovernanceFacts>, after: Partial<GovernanceFacts>): string[] =>
  [...conflictsIn(worldOf(after), { before: worldOf(before) })].map(textOf)

test('two finals are a conflict for an account for which their conditions leave different pools', () => {
  const inProd = { organizationalUnits: [prodUnit] }
  const policies = [policy('one', [rulesOf(['p1'], ['p2', inProd])]), policy('two', [rulesOf(['p2'])])]
  const assignments = [assign('one', root, final), assign('two', root, final)]
  const others = [admin, dev, loner].map((account) => `pools at ${account}: one, two`)
  assert.deepEqual(all({ policies, assignments }).sort(), others.sort())
})

test('a final that has no rule for an account takes away what another final gives it, whichever is above', () => {
  const [forProd, forDev] = [{ organizationalUnits: [prodUnit] }, { organizationalUnits: [devUnit] }]
  const policies = [policy('one', [rulesOf(['p1', forProd])]), policy('two', [rulesOf(['p1', forDev])])]
  const assignments = [assign('one', root, final), assign('two', root, final)]
  assert.deepEqual(all({ policies, assignments }).sort(), [prod, dev].map((id) => `pools at ${id}: one, two`).sort())
  assert.deepEqual(all({ policies, assignments: [assign('one', root, final)] }), [], 'alone it is at odds with nobody')
})

test('an account outside the organization meets conflicts too, also by conditions', () => {
  const policies = [policy('base', [rulesOf(['p1', { accounts: [stranger] }])]), policy('narrow', [rulesOf(['p2'])])]
  const own = { managedBy: 'account' } as const
  const assignments = [assign('base', stranger, own), assign('narrow', stranger, { ...own, ...final })]
  assert.deepEqual(all({ policies, assignments }), [`pools at ${stranger}: base, narrow`])
})

test('an account that leaves the organization is looked at, since a condition on its unit holds no more', () => {
  const policies = [
    policy('base', [rulesOf(['p1', { organizationalUnits: [prodUnit] }], ['p2'])]),
    policy('narrow', [rulesOf(['p1'])]),
  ]
  const own = { managedBy: 'account' } as const
  const assignments = [assign('base', prod, own), assign('narrow', prod, { ...own, ...final })]
  const before = worldOf({ policies, assignments })
  assert.deepEqual(findConflicts(before), [])
  const after = worldOf({ policies, assignments, nodes: nodes.filter(({ id }) => id !== prod) })
  assert.deepEqual(
    [...conflictsIn(after, { before })].map(({ kind, node }) => [kind, node]),
    [['pools', prod]],
  )
})

test('each family that both list is looked at by itself', () => {
  const policies = [policy('base', [rulesOf(['p1'], ['a'])]), policy('narrow', [rulesOf(['p1'], ['b'])])]
  const assignments = [assign('base', root), assign('narrow', root, final)]
  const [conflict] = findConflicts(worldOf({ pools: inFamilies, policies, assignments }))
  assert.deepEqual([conflict?.kind, conflict?.problem], ['pools', { why: 'no-pool-in-common', family: 6 }])
  const onlyFour = [policies[0]!, policy('narrow', [rulesOf(['p1'])])]
  assert.deepEqual(all({ pools: inFamilies, policies: onlyFour, assignments }), [], 'one of them lists no IPv6 pool')
})

test('finals that have a pool in common two by two, and none all together, are a conflict', () => {
  const policies = [
    policy('one', [documentOf(['p1', 'p2'])]),
    policy('three', [documentOf(['p1', 'p3'])]),
    policy('two', [documentOf(['p2', 'p3'])]),
  ]
  const assignments = policies.map(({ policyId }) => assign(policyId, root, final))
  assert.deepEqual(all({ policies, assignments }), [`pools at ${root}: one, two`])
  assert.deepEqual(all({ policies, assignments: assignments.slice(1) }), [])
})

test('each pair of parties is a conflict of its own, not only the first', () => {
  const policies = ['p1', 'p2', 'p3'].map((pool) => policy(`only-${pool}`, [documentOf([pool])]))
  const assignments = policies.map(({ policyId }) => assign(policyId, root, final))
  const pairs = ['only-p1, only-p2', 'only-p1, only-p3', 'only-p2, only-p3']
  assert.deepEqual(
    all({ policies, assignments }),
    pairs.map((pair) => `pools at ${root}: ${pair}`),
  )
})

test('a pool whose own rules no request within the bounds can meet is as good as not listed', () => {
  const type = { resourceType: 'onprem:network' }
  const [small, large] = [
    privatePool('small', '10.0.0.0/8', { minNetmaskLength: 26 }),
    privatePool('large', '11.0.0.0/8'),
  ]
  const policies = [
    policy('base', [documentOf(['small', 'large'], size(16, 24), type)]),
    policy('narrow', [documentOf(['small'], {}, type)]),
  ]
  const assignments = [assign('base', root), assign('narrow', root, final)]
  assert.deepEqual(all({ pools: [small, large], policies, assignments }), [`pools at ${root}: base, narrow`])
  const open = privatePool('small', '10.0.0.0/8', { minNetmaskLength: 24 })
  const before = { pools: [open, large], policies, assignments }
  assert.deepEqual(all(before), [])
  assert.equal(made(before, { ...before, pools: [small, large] })[0], `pools at ${root}: base, narrow`)
  const tagged = privatePool('small', '10.0.0.0/8', { requiredTags: [{ key: 'env', value: 'prod' }] })
  const [base, other] = [
    policy('base', [documentOf(['small', 'large'], { requiredTags: [{ key: 'env', value: 'dev' }] }, type)]),
    policies[1]!,
  ]
  assert.deepEqual(all({ pools: [tagged, large], policies: [base, other], assignments }), [
    `pools at ${root}: base, narrow`,
  ])
})

test('bounds that have in common only lengths that the type does not allow have nothing in common', () => {
  const type = { resourceType: 'gcp:subnetwork' }
  const policies = [
    policy('one', [documentOf(['p1'], size(4, 32), type)]),
    policy('two', [documentOf(['p1'], size(30, 32), type)]),
  ]
  const assignments = [assign('one', root, final), assign('two', root, final)]
  assert.ok(all({ policies, assignments }).includes(`size at ${root}: one, two`))
})

test('an account’s own policies are looked at also while an administrator’s keep them from counting', () => {
  const own = { managedBy: 'account' } as const
  const policies = [
    policy('law', [documentOf(['p3'])]),
    policy('mine', [documentOf(['p1'])]),
    policy('narrow', [documentOf(['p2'])]),
  ]
  const mine = [assign('mine', prod, own), assign('narrow', prod, { ...own, ...final })]
  const conflict = `pools at ${prod}: mine, narrow`
  const hidden = { policies, assignments: [assign('law', root), ...mine] }
  assert.deepEqual(made({ policies, assignments: [assign('law', root)] }, hidden), [conflict])
  // So that nobody can keep an administrator from ending what is in force.
  assert.deepEqual(made(hidden, { policies, assignments: mine }), [])
})

// What a change brings about ------------------------------------------------------------------------------------------

const withTags = (id: string, tags: Record<string, string>, of: readonly NodeFacts[] = nodes): NodeFacts[] =>
  of.map((node) => (node.id === id ? { ...node, tags: new Map(Object.entries(tags)) } : node))

test('a conflict at one node does not hide that of the same parties at another, and what is mended may be', () => {
  const when = { tags: [{ key: 'ring', values: ['outer'] }] }
  const policies = [policy('base', [rulesOf(['p1', when], ['p2'])]), policy('narrow', [rulesOf(['p1'])])]
  const inner = { tags: [{ key: 'ring', values: ['inner'] }] }
  const bad = [policies[0]!, policy('narrow', [rulesOf(['p1'], ['p2', inner])])]
  const assignments = [assign('base', root), assign('narrow', root, final)]
  const tagged = [admin, prod, dev, loner].reduce((all, id) => withTags(id, { ring: 'outer' }, all), [...nodes])
  const one = { policies, assignments, nodes: withTags(prod, { ring: 'none' }, tagged) }
  assert.deepEqual(all(one), [`pools at ${prod}: base, narrow`])
  const two = { ...one, nodes: withTags(dev, { ring: 'none' }, one.nodes) }
  assert.deepEqual(made(one, two), [`pools at ${dev}: base, narrow`])
  assert.deepEqual(made(two, one), [], 'one of two is mended')
  assert.deepEqual(made(two, { ...two, policies: bad }), [], 'another version of the same policy')
})

test('an account that comes to where others meet a conflict is not let in, and the rest goes on', () => {
  const policies = [policy('base', [documentOf(['p1'])]), policy('narrow', [documentOf(['p2'])])]
  const facts = { policies, assignments: [assign('base', prodUnit), assign('narrow', prodUnit, final)] }
  const came = { id: '555555555555', kind: 'account', parentId: prodUnit } as const
  assert.deepEqual(made(facts, { ...facts, nodes: [...nodes, came] }), [`pools at ${came.id}: base, narrow`])
  const elsewhere = { ...came, parentId: devUnit }
  assert.deepEqual(made(facts, { ...facts, nodes: [...nodes, elsewhere] }), [])
  const moved = nodes.map((node) => (node.id === dev ? { ...node, parentId: prodUnit } : node))
  assert.deepEqual(made(facts, { ...facts, nodes: moved }), [`pools at ${dev}: base, narrow`])
})

test('where AWS’s semantics end, a default above counts again for pairs that the policy does not speak of', () => {
  const other = documentOf(['p3'], {}, { resourceType: 'rnat' })
  const policies = (compatibility: 'aws' | 'strict') => [
    policy('base', [documentOf(['p1'])]),
    policy('narrow', [documentOf(['p2'])]),
    policy('near', [other], { compatibility, version: compatibility === 'aws' ? 1 : 2 }),
  ]
  const assignments = [assign('base', root), assign('near', prodUnit), assign('narrow', prod, final)]
  assert.deepEqual(made({ policies: policies('aws'), assignments }, { policies: policies('strict'), assignments }), [
    `pools at ${prod}: base, narrow`,
  ])
})

// What it costs -------------------------------------------------------------------------------------------------------

const accountsMany = 3_000
const manyAccounts: readonly NodeFacts[] = [
  ...nodes,
  ...Array.from({ length: accountsMany }, (_, n): NodeFacts => {
    const tags =
      n % 3 === 0
        ? undefined
        : new Map([
            ['team', `team-${n}`],
            ['env', n % 3 === 1 ? 'prod' : 'dev'],
          ])
    return {
      id: `7${String(n).padStart(11, '0')}`,
      kind: 'account',
      parentId: n % 2 ? prodUnit : devUnit,
      ...(tags ? { tags } : {}),
    }
  }),
]
const fourPairs = ['eip', 'rnat', 'alb', 'rds']
/** Documents for four pairs, of which one has a rule with a condition. */
const lawOf = (id: string, change: { version?: number; pool?: string } = {}) =>
  policy(
    id,
    fourPairs.map((resourceType, n) => {
      const when = { tags: [{ key: 'env', values: ['prod', 'test'] }] }
      const rules = [{ pool: 'p1', ...(n === 0 ? { when } : {}) }, { pool: n === 1 ? (change.pool ?? 'p2') : 'p2' }]
      return documentOf([], {}, { resourceType, rules })
    }),
    { version: change.version ?? 1 },
  )
const evaluationsOf = (before: Partial<GovernanceFacts> | undefined, after: Partial<GovernanceFacts>): number => {
  const cost = { evaluations: 0 }
  const look = { cost, ...(before ? { before: worldOf(before) } : {}) }
  assert.deepEqual([...conflictsIn(worldOf(after), look)], [])
  return cost.evaluations
}

test('accounts that no condition tells apart are examined once, and a change examines only what it can touch', () => {
  const facts = {
    nodes: manyAccounts,
    policies: [lawOf('base'), lawOf('narrow')],
    assignments: [assign('base', root), assign('narrow', root, final)],
  }
  // The root as a unit, and below it the accounts for which the condition holds and those for which it does not.
  const classes = 3
  assert.equal(evaluationsOf(undefined, facts), classes * fourPairs.length)
  assert.equal(evaluationsOf({ ...facts, assignments: facts.assignments.slice(1) }, facts), classes * fourPairs.length)
  // One pair of one policy says something else. It has no condition: the root and the accounts.
  const changed = { ...facts, policies: [lawOf('base', { version: 2, pool: 'p3' }), facts.policies[1]!] }
  assert.equal(evaluationsOf(facts, changed), 2)
  // One account moves, comes, or has other tags.
  const moved = manyAccounts.map((node) => (node.id === loner ? { ...node, parentId: prodUnit } : node))
  assert.equal(evaluationsOf(facts, { ...facts, nodes: moved }), fourPairs.length)
  assert.equal(
    evaluationsOf(facts, { ...facts, nodes: withTags(prod, { env: 'prod' }, manyAccounts) }),
    fourPairs.length,
  )
  const came = { id: '555555555555', kind: 'account', parentId: root } as const
  assert.equal(evaluationsOf(facts, { ...facts, nodes: [...manyAccounts, came] }), fourPairs.length)
  // Nothing that a conflict could follow from.
  assert.equal(evaluationsOf(facts, { ...facts, bindings: [], delegatedAdministrator: loner }), 0)
})

test('accounts that have the same policies enabled on themselves are one class', () => {
  const targets = manyAccounts.filter(({ kind }) => kind === 'account').map(({ id }) => id)
  const facts = {
    nodes: manyAccounts,
    policies: [lawOf('base'), lawOf('narrow')],
    assignments: [assign('narrow', root, final), ...targets.map((id) => assign('base', id))],
  }
  // With the condition and without it.
  assert.equal(evaluationsOf(undefined, facts), 2 * fourPairs.length)
})

test('who needs one conflict pays for one, however many accounts meet it', () => {
  const facts = {
    nodes: manyAccounts,
    policies: [policy('base', [documentOf(['p1'])]), policy('narrow', [documentOf(['p2'])])],
    assignments: [assign('base', root), assign('narrow', root, final)],
  }
  const cost = { evaluations: 0 }
  const [first] = conflictsIn(worldOf(facts), { before: worldOf({ nodes: manyAccounts }), cost })
  assert.deepEqual([first?.node, cost.evaluations], [root, 1])
})
