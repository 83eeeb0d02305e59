// Claims about the finding of conflicts on small worlds, against a search that tries every account, pair, family and length by itself.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Conflict, conflictsIn, findConflicts } from './conflicts.ts'
import type { Assignment, PolicyDocument, PolicyVersion, RuleCondition } from './document.ts'
import { findResourceType } from './resource-types.ts'
import { compileSnapshot, type GovernanceFacts, type NodeFacts, type PoolFacts } from './snapshot.ts'
import {
  admin,
  dev,
  devUnit,
  documentOf,
  factsOf,
  loner,
  nodes,
  policy,
  privatePool,
  prod,
  prodUnit,
  root,
  stranger,
  workloads,
} from './testdata/world.ts'
import { assignmentKindValues, compatibilityValues, modeValues } from './values.ts'

// The naive search ----------------------------------------------------------------------------------------------------

type Family = 4 | 6
interface Part {
  readonly name: string
  readonly isFinal: boolean
  readonly document: PolicyDocument
}

const parentOf = (facts: GovernanceFacts, id: string): string | undefined =>
  facts.nodes.find((node) => node.id === id)?.parentId

function pathTo(facts: GovernanceFacts, id: string): string[] {
  const parent = parentOf(facts, id)
  return parent === undefined ? [id] : [...pathTo(facts, parent), id]
}

const tagOf = (facts: GovernanceFacts, path: readonly string[], key: string): string | undefined => {
  const tagged = path.toReversed().find((id) => facts.nodes.find((node) => node.id === id)?.tags?.has(key))
  return facts.nodes.find((node) => node.id === tagged)?.tags?.get(key)
}

const holds = (facts: GovernanceFacts, path: readonly string[], when: RuleCondition | undefined): boolean =>
  !when ||
  ((!when.accounts || when.accounts.includes(path.at(-1)!)) &&
    (!when.organizationalUnits || path.some((id) => when.organizationalUnits!.includes(id))) &&
    (when.tags ?? []).every(({ key, values }) => values.some((value) => value === tagOf(facts, path, key))))

const lengthsOf = (family: Family): number[] => Array.from({ length: family === 4 ? 33 : 129 }, (_, length) => length)
const isIn = (length: number, bounds: { readonly min: number; readonly max: number } | undefined): boolean =>
  !bounds || (length >= bounds.min && length <= bounds.max)

/** Whether a request could be made that the document, the type and the pool all allow. */
function couldServe(pool: PoolFacts, { resourceType, settings }: PolicyDocument): boolean {
  const type = findResourceType(resourceType)!
  const size = pool.family === 4 ? settings.size : settings.sizeIpv6
  const own = { min: pool.minNetmaskLength ?? 0, max: pool.maxNetmaskLength ?? 128 }
  const fits = (length: number) => isIn(length, size) && isIn(length, own) && isIn(length, type.lengths[pool.family])
  const hasLength = type.takes === 'address' || lengthsOf(pool.family).some(fits)
  const tags = [...pool.requiredTags, ...settings.requiredTags].filter(({ value }) => value !== undefined)
  return hasLength && tags.every(({ key, value }) => tags.every((other) => other.key !== key || other.value === value))
}

/** What a document leaves for an account; undefined where it lists no pool of the family. */
function leaves(facts: GovernanceFacts, account: string, family: Family, { document }: Part): Set<string> | undefined {
  const poolOf = (id: string) => facts.pools.find((pool) => pool.id === id && pool.family === family)
  if (!document.rules.some(({ pool }) => poolOf(pool))) return undefined
  const path = pathTo(facts, account)
  const open = document.rules.filter(({ pool, when }) => holds(facts, path, when) && poolOf(pool))
  return new Set(open.map(({ pool }) => pool).filter((id) => couldServe(poolOf(id)!, document)))
}

function listsOn(facts: GovernanceFacts, account: string): Assignment[][] {
  const enforced = pathTo(facts, account).flatMap((target) =>
    facts.assignments
      .filter((one) => one.targetId === target && one.mode === 'enforce')
      .sort((a, b) => (a.policyId < b.policyId ? -1 : 1)),
  )
  const own = enforced.filter(({ managedBy, targetId }) => managedBy === 'account' && targetId === account)
  const administrators = enforced.filter(({ managedBy }) => managedBy !== 'account')
  return [administrators, own]
}

function partsOf(facts: GovernanceFacts, list: readonly Assignment[], pair: string): Part[] {
  const versionOf = ({ policyId }: Assignment) => facts.policies.find((one) => one.policyId === policyId)!
  const partOf = (assignment: Assignment): Part | undefined => {
    const document = versionOf(assignment).documents.find((one) => one.resourceType === pair && one.rules.length > 0)
    const name = `${assignment.policyId}@${assignment.targetId}`
    return document && { name, isFinal: assignment.kind === 'final', document }
  }
  let base: Part | undefined
  for (const assignment of list.filter(({ kind }) => kind === 'default').reverse()) {
    base = partOf(assignment)
    if (base || versionOf(assignment).compatibility === 'aws') break
  }
  const finals = list.filter(({ kind }) => kind === 'final').flatMap((one) => partOf(one) ?? [])
  return base ? [base, ...finals] : finals
}

/** Every conflict of an account, told apart as finely as can be: `all` says that together they leave nothing. */
function naive(facts: GovernanceFacts, account: string, isUnit = false): Set<string> {
  const found = new Set<string>()
  for (const pair of pairs) {
    for (const list of listsOn(facts, account)) {
      const parts = partsOf(facts, list, pair)
      const two = parts.flatMap((one, i) => parts.slice(i + 1).map((other) => [one, other] as const))
      const namesOf = (both: readonly Part[]) =>
        both
          .map(({ name }) => name)
          .sort()
          .join(',')
      for (const [one, other] of two) {
        for (const family of [4, 6] as const) {
          const [a, b] = [one, other].map(({ document }) => document.settings[family === 4 ? 'size' : 'sizeIpv6'])
          if (!a || !b) continue
          const type = findResourceType(pair)!
          const fits = (length: number) => type.takes === 'address' || isIn(length, type.lengths[family])
          const both = lengthsOf(family).filter((length) => isIn(length, a) && isIn(length, b))
          const some = lengthsOf(family).some((length) => fits(length) && (isIn(length, a) || isIn(length, b)))
          if (both.length > 0 && (!some || both.some(fits))) continue
          found.add(`size|${pair}|${namesOf([one, other])}|${family}`)
        }
        for (const tag of one.document.settings.requiredTags) {
          for (const against of other.document.settings.requiredTags) {
            if (tag.key !== against.key || tag.value === against.value || !tag.value || !against.value) continue
            found.add(`required-tags|${pair}|${namesOf([one, other])}|${tag.key}`)
          }
        }
      }
      if (isUnit && parts.some(({ document }) => document.rules.some(({ when }) => when))) continue
      for (const family of [4, 6] as const) {
        const leftBy = (part: Part) => leaves(facts, account, family, part)
        const sides = parts.filter((part) => leftBy(part) && (part.isFinal || leftBy(part)!.size > 0))
        const pools = [...new Set(sides.flatMap((part) => [...leftBy(part)!]))]
        const haveInCommon = (some: readonly Part[]) => pools.some((id) => some.every((part) => leftBy(part)!.has(id)))
        if (sides.length < 2 || pools.length === 0) continue
        for (const both of two) {
          const isEither = both.every((part) => sides.includes(part)) && both.some((part) => leftBy(part)!.size > 0)
          if (isEither && !haveInCommon(both)) found.add(`pools|${pair}|${namesOf(both)}|${family}`)
        }
        if (!haveInCommon(sides)) found.add(`pools|${pair}|all|${family}`)
      }
    }
  }
  return found
}

/** As a conflict says it: the family is in its words alone. Where two are at odds, that all together are is not said. */
function said(keys: ReadonlySet<string>, all: ReadonlySet<string> = keys): Set<string> {
  const isTold = (key: string): boolean => {
    const [kind, pair, parties, what] = key.split('|')
    const isPlain = (other: string) =>
      other.startsWith(`${kind}|${pair}|`) && other.endsWith(`|${what}`) && other !== key
    return parties !== 'all' || ![...all].some(isPlain)
  }
  return new Set([...keys].filter(isTold).map((key) => key.split('|').slice(0, 3).join('|')))
}
const sayOf = ({ kind, resourceType, parties, problem }: Conflict): string => {
  const names = parties.map(({ policy, target }) => `${policy}@${target}`).sort()
  return `${kind}|${resourceType}|${problem.why === 'no-pool-in-common-with-all' ? 'all' : names.join(',')}`
}

// Small worlds --------------------------------------------------------------------------------------------------------

const pairs = ['eip', 'onprem:network', 'gcp:subnetwork']
const accounts = [prod, dev, loner, admin, stranger]
const targets = [root, workloads, prodUnit, devUnit, ...accounts]
const pools: readonly PoolFacts[] = [
  privatePool('p1', '10.0.0.0/8'),
  privatePool('p2', '11.0.0.0/8', { minNetmaskLength: 20, maxNetmaskLength: 28 }),
  privatePool('p3', '12.0.0.0/8', { requiredTags: [{ key: 'env', value: 'prod' }] }),
  privatePool('a', '2001:db8::/32', { family: 6 }),
  privatePool('b', '2001:db8:1::/48', { family: 6, maxNetmaskLength: 60 }),
]
const condition: fc.Arbitrary<RuleCondition | undefined> = fc.constantFrom(
  undefined,
  undefined,
  undefined,
  { accounts: [prod, stranger] },
  { accounts: [dev] },
  { organizationalUnits: [workloads] },
  { organizationalUnits: [devUnit, root] },
  { tags: [{ key: 'env', values: ['prod', 'test'] }] },
  {
    tags: [
      { key: 'env', values: ['dev'] },
      { key: 'team', values: ['a'] },
    ],
  },
)
const size = (...bounds: [number, number][]) =>
  fc.constantFrom(undefined, undefined, undefined, ...bounds.map(([min, max]) => ({ min, default: min, max })))
const document: fc.Arbitrary<PolicyDocument> = fc
  .record({
    resourceType: fc.constantFrom(...pairs),
    names: fc.subarray(['p1', 'p2', 'p3', 'a', 'b', 'gone'], { minLength: 1, maxLength: 4 }),
    conditions: fc.array(condition, { minLength: 4, maxLength: 4 }),
    size: size([16, 20], [18, 24], [24, 28], [30, 32]),
    sizeIpv6: size([48, 64], [62, 64], [96, 128]),
    requiredTags: fc.constantFrom([], [], [], [{ key: 'env' }], [{ key: 'env', value: 'dev' }]),
  })
  .map(({ resourceType, names, conditions, ...settings }) =>
    documentOf([], settings, {
      resourceType,
      rules: names.map((pool, at) => (conditions[at] ? { pool, when: conditions[at] } : { pool })),
    }),
  )
const versionMax = 1_000_000
const policyIds = ['law', 'net', 'ops']
const version = (id: string): fc.Arbitrary<PolicyVersion> =>
  fc
    .record({
      documents: fc.uniqueArray(document, { maxLength: 3, selector: ({ resourceType }) => resourceType }),
      compatibility: fc.constantFrom(...compatibilityValues),
      version: fc.integer({ min: 1, max: versionMax }),
    })
    .map(({ documents, ...change }) => policy(id, documents, change))
const assignment: fc.Arbitrary<Assignment> = fc
  .record({
    policyId: fc.constantFrom(...policyIds),
    targetId: fc.constantFrom(...targets),
    kind: fc.constantFrom(...assignmentKindValues, 'final' as const),
    mode: fc.constantFrom(...modeValues, 'enforce' as const, 'enforce' as const, 'enforce' as const),
    isOwn: fc.boolean(),
  })
  .map(({ isOwn, ...rest }) => {
    const managedBy = (isOwn && accounts.includes(rest.targetId)) || rest.targetId === stranger
    return { ...rest, managedBy: managedBy ? 'account' : 'delegated-administrator-for-ipam' }
  })
const tree: fc.Arbitrary<readonly NodeFacts[]> = fc
  .record({
    parents: fc.array(fc.constantFrom(root, workloads, prodUnit, devUnit), { minLength: 4, maxLength: 4 }),
    tags: fc.array(
      fc.constantFrom(undefined, { env: 'prod' }, { env: 'dev' }, { team: 'a' }, { env: 'dev', team: 'a' }),
      {
        minLength: 8,
        maxLength: 8,
      },
    ),
  })
  .map(({ parents, tags }) =>
    nodes.map((node, at) => {
      const own = tags[at]
      const place = node.kind === 'account' ? { parentId: parents[at - 4]! } : {}
      return { ...node, ...place, tags: own && new Map(Object.entries(own)) }
    }),
  )
interface Parts {
  readonly tree: readonly NodeFacts[]
  readonly policies: readonly PolicyVersion[]
  readonly assignments: readonly Assignment[]
}
const worldParts: fc.Arbitrary<Parts> = fc.record({
  tree,
  policies: fc.tuple(version('law'), version('net'), version('ops')),
  assignments: fc.uniqueArray(assignment, {
    minLength: 2,
    maxLength: 8,
    selector: ({ policyId, targetId }) => `${policyId} ${targetId}`,
  }),
})
const factsOfParts = (parts: Parts): GovernanceFacts =>
  factsOf({ nodes: parts.tree, policies: parts.policies, assignments: parts.assignments, pools })
const onlyFrom = (conflicts: Iterable<Conflict>, node: string): Set<string> =>
  new Set([...conflicts].filter((one) => one.node === node).map(sayOf))

/** For a unit, as for an account that is named nowhere and has no tags, of the pairs without conditions. */
function naiveAtUnit(facts: GovernanceFacts, unit: string): Set<string> {
  const fresh = '000000000000'
  return naive({ ...facts, nodes: [...facts.nodes, { id: fresh, kind: 'account', parentId: unit }] }, fresh, true)
}
const unitsWithPolicies = (facts: GovernanceFacts): string[] =>
  [root, workloads, prodUnit, devUnit].filter((id) =>
    facts.assignments.some(({ targetId, mode }) => targetId === id && mode === 'enforce'),
  )

const runs = { numRuns: 1_000 }

// Claims --------------------------------------------------------------------------------------------------------------

test('every account meets exactly the conflicts that trying everything finds', () => {
  let met = 0
  fc.assert(
    fc.property(worldParts, (parts) => {
      const facts = factsOfParts(parts)
      const snapshot = compileSnapshot(facts, 1)
      const conflicts = [...conflictsIn(snapshot, { accounts })]
      for (const account of accounts) {
        const expected = said(naive(facts, account))
        met += expected.size
        assert.deepEqual(onlyFrom(conflicts, account), expected, account)
      }
    }),
    runs,
  )
  assert.ok(met > runs.numRuns / 10, `${met} conflicts were met`)
})

test('all conflicts are told, each at the account that meets it or at the unit that it comes from', () => {
  fc.assert(
    fc.property(worldParts, (parts) => {
      const facts = factsOfParts(parts)
      const conflicts = findConflicts(compileSnapshot(facts, 1))
      for (const unit of unitsWithPolicies(facts)) {
        assert.deepEqual(onlyFrom(conflicts, unit), said(naiveAtUnit(facts, unit)), unit)
      }
      for (const account of accounts) {
        const expected = said(naive(facts, account))
        const told = onlyFrom(conflicts, account)
        const above = pathTo(facts, account).flatMap((node) => [...onlyFrom(conflicts, node)])
        assert.ok(told.isSubsetOf(expected), account)
        assert.ok(expected.isSubsetOf(new Set(above)), account)
      }
    }),
    runs,
  )
})

test('a change brings about exactly what is there after it, at some node, and was not before', () => {
  let made = 0
  const changed = fc.record({ before: worldParts, after: worldParts, what: fc.nat(5), which: fc.nat(6) })
  fc.assert(
    fc.property(changed, ({ before, after: other, what, which }) => {
      const after = mixed(before, other, { what, which })
      const [was, is] = [factsOfParts(before), factsOfParts(after)]
      const conflicts = [...conflictsIn(compileSnapshot(is, 2), { before: compileSnapshot(was, 1) })]
      for (const account of accounts) {
        const [now, then] = [naive(is, account), naive(was, account)]
        const expected = said(now.difference(then), now)
        made += expected.size
        assert.deepEqual(onlyFrom(conflicts, account), expected, account)
      }
      for (const unit of unitsWithPolicies(is)) {
        const [now, then] = [naiveAtUnit(is, unit), naiveAtUnit(was, unit)]
        assert.deepEqual(onlyFrom(conflicts, unit), said(now.difference(then), now), unit)
      }
    }),
    runs,
  )
  assert.ok(made > runs.numRuns / 10, `${made} conflicts were made`)
})

/** The world with one thing of another one: a policy, some assignments, an account's place and tags, a unit's tags, or all. */
function mixed(before: Parts, drawn: Parts, { what, which }: { what: number; which: number }): Parts {
  // What a number stands for never changes.
  const policies = drawn.policies.map((one) => ({ ...one, version: one.version + versionMax }))
  const other = { ...drawn, policies }
  const at = <T>(all: readonly T[], index: number, from: readonly T[]): T[] =>
    all.map((one, i) => (i === index % all.length ? from[i]! : one))
  if (what === 0) return { ...before, policies: at(before.policies, which, other.policies) }
  if (what === 1) return { ...before, assignments: before.assignments.filter((_, i) => i !== which) }
  if (what === 2) {
    const [added] = other.assignments
    const rest = before.assignments.filter((one) => one.policyId !== added?.policyId || one.targetId !== added.targetId)
    return { ...before, assignments: added ? [...rest, added] : rest }
  }
  if (what === 3) return { ...before, tree: at(before.tree, which + 1, other.tree) }
  return what === 4 ? { ...before, tree: other.tree } : other
}
