// The product's search for conflicts against the naive search: random worlds, and random changes of governance in them.
// `CADASTRE_TEST_SEED` and `CADASTRE_TEST_CHANGES` choose other worlds, and how many changes there are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Conflict, conflictsIn, findConflicts } from '#model/policy/conflicts.ts'
import type { Assignment } from '#model/policy/document.ts'
import { builtInTypes } from '#model/policy/resource-types.ts'
import { compileSnapshot, type GovernanceFacts, type NodeFacts } from '#model/policy/snapshot.ts'
import { type Choices, choicesOf } from '../random.ts'
import { type Clash, clashesAt, clashesIn } from './conflicts.ts'
import { pathOf } from './evaluator.ts'
import { showWorld } from './print.ts'
import { shrinkFacts } from './shrink.ts'
import { drawWorld } from './worlds.ts'

const seed = Number(process.env.CADASTRE_TEST_SEED ?? 20_261_129)
const changes = Number(process.env.CADASTRE_TEST_CHANGES ?? 5_000)
const changesPerWorld = 5
const worldsMax = 1_000_000
const types = [...builtInTypes.values()]

/** What the naive search and the product both look at: pools without rules of their own, and no requirements of tags. */
function plain(facts: GovernanceFacts): GovernanceFacts {
  return {
    ...facts,
    candidates: [],
    exceptions: [],
    pools: facts.pools.map((pool) => ({
      ...pool,
      minNetmaskLength: undefined,
      maxNetmaskLength: undefined,
      requiredTags: [],
    })),
    policies: facts.policies.map((version) => ({
      ...version,
      documents: version.documents.map((document) => ({
        ...document,
        settings: { ...document.settings, requiredTags: [] },
      })),
    })),
  }
}

// Changes ------------------------------------------------------------------------------------------------------------

const replaced = <T>(list: readonly T[], one: T, ...by: T[]): T[] =>
  list.flatMap((each) => (each === one ? by : [each]))

/** One change of governance; what stands for new documents, assignments, nodes and tags is drawn with another world. */
function changed(choices: Choices, facts: GovernanceFacts, other: GovernanceFacts): GovernanceFacts {
  const { pick } = choices
  const { nodes, policies, assignments } = facts
  const kind = pick(['document', 'document', 'assign', 'end', 'mode', 'kind', 'move', 'tags', 'account'] as const)
  const inner = nodes.filter((node) => node.kind !== 'account')
  if (kind === 'account') {
    const account: NodeFacts = {
      id: '700000000000',
      kind: 'account',
      parentId: pick(inner).id,
      tags: pick(other.nodes).tags,
    }
    return nodes.some(({ id }) => id === account.id) ? facts : { ...facts, nodes: [...nodes, account] }
  }
  if (kind === 'tags' || kind === 'move') {
    const node = pick(nodes.filter((node) => kind === 'tags' || node.kind === 'account'))
    const next = kind === 'tags' ? { ...node, tags: pick(other.nodes).tags } : { ...node, parentId: pick(inner).id }
    return { ...facts, nodes: replaced(nodes, node, next) }
  }
  if (kind === 'document') return withOtherDocuments(choices, facts)
  if (kind === 'assign') {
    const { policyId, account, ipamId } = pick(policies)
    const isAdministrators = ipamId === facts.ipams[0]!.id && facts.delegatedAdministrator !== undefined
    const assignment: Assignment = {
      policyId,
      targetId: isAdministrators ? pick(nodes).id : account,
      kind: 'final',
      mode: 'enforce',
      managedBy: isAdministrators ? 'delegated-administrator-for-ipam' : 'account',
    }
    const { targetId } = assignment
    const isThere = assignments.some((one) => one.policyId === policyId && one.targetId === targetId)
    return isThere ? facts : { ...facts, assignments: [...assignments, assignment] }
  }
  if (assignments.length === 0) return facts
  const assignment = pick(assignments)
  if (kind === 'end') return { ...facts, assignments: replaced(assignments, assignment) }
  const next: Assignment =
    kind === 'mode'
      ? { ...assignment, mode: pick(['enforce', 'observe', 'off'] as const) }
      : { ...assignment, kind: 'final' }
  return { ...facts, assignments: replaced(assignments, assignment, next) }
}

/** The next version of a policy: the rules of a document become others of the same pools, with other conditions and bounds. */
function withOtherDocuments({ pick, some, chance }: Choices, facts: GovernanceFacts): GovernanceFacts {
  const version = pick(facts.policies)
  const pools = facts.pools.filter(({ ipamId }) => ipamId === version.ipamId)
  const conditions = facts.policies
    .flatMap((one) => one.documents)
    .flatMap(({ rules }) => rules.flatMap(({ when }) => when ?? []))
  const documents = version.documents.map((document) => ({
    ...document,
    rules: some(pools, 0, 3).map(({ id }) => {
      return chance(0.4) && conditions.length > 0 ? { pool: id, when: pick(conditions) } : { pool: id }
    }),
    settings: { ...document.settings, size: chance(0.5) ? document.settings.size : undefined },
  }))
  const next = { ...version, version: version.version + 1, documents }
  return { ...facts, policies: replaced(facts.policies, version, next) }
}

// Comparing ----------------------------------------------------------------------------------------------------------

const isOf = (clash: Clash, { kind, node, locale, resourceType }: Conflict, facts: GovernanceFacts): boolean =>
  clash.kind === kind &&
  clash.locale === locale &&
  clash.resourceType === resourceType &&
  pathOf(facts, clash.account).includes(node)

const isSame = (a: Clash, b: Clash): boolean =>
  a.account === b.account &&
  a.locale === b.locale &&
  a.resourceType === b.resourceType &&
  a.family === b.family &&
  a.kind === b.kind

const tell = (clash: Clash): string =>
  `${clash.kind} of IPv${clash.family} for ${clash.resourceType} in ${clash.locale} at ${clash.account}, among ${clash.among.join(', ')}`
const tellConflict = ({ kind, node, locale, resourceType, parties, problem }: Conflict): string =>
  `${kind} for ${resourceType} in ${locale} at ${node}, ${parties.map((one) => `${one.policy} on ${one.target}`).join(' and ')}: ${problem}`

/** What the naive search sees and the product does not, and the other way round. */
function missed(facts: GovernanceFacts, clashes: readonly Clash[], conflicts: readonly Conflict[]): string[] {
  return [
    ...clashes
      .filter((clash) => clash.isCertain && !conflicts.some((conflict) => isOf(clash, conflict, facts)))
      .map((clash) => `not found: ${tell(clash)}`),
    ...conflicts.filter((conflict) => !isReal(facts, conflict)).map((one) => `not there: ${tellConflict(one)}`),
  ]
}

/**
 * A conflict at a unit is one that an account has that would be made there, without tags. One among an account's own policies
 * may be found before those of administrators, which keep them from counting, end.
 */
function isReal(facts: GovernanceFacts, { node, kind, locale, resourceType }: Conflict): boolean {
  const isUnit = facts.nodes.some((one) => one.id === node && one.kind !== 'account')
  const made: NodeFacts = { id: '600000000000', kind: 'account', parentId: node }
  const account = isUnit ? made.id : node
  const peopled = isUnit ? { ...facts, nodes: [...facts.nodes, made] } : facts
  const own = { ...facts, assignments: facts.assignments.filter(({ managedBy }) => managedBy === 'account') }
  return [peopled, own].some((world) =>
    ([4, 6] as const).some((family) =>
      clashesAt(world, account, { locale, resourceType }, family).some((clash) => clash.kind === kind),
    ),
  )
}

const inWorld = (facts: GovernanceFacts): string[] =>
  missed(facts, clashesIn(facts), findConflicts(compileSnapshot(facts, 1)))

function report(facts: GovernanceFacts, problems: (facts: GovernanceFacts) => string[], origin: string): string {
  const kindOf = (text: string): string => text.slice(0, 'not found: size'.length)
  const first = kindOf(problems(facts)[0]!)
  const smallest = shrinkFacts(facts, (smaller) => problems(smaller).some((text) => kindOf(text) === first))
  return [
    `The judges of conflicts differ (${origin}).`,
    ...showWorld({ facts: smallest, room: [] }),
    ...problems(smallest),
  ].join('\n')
}

test(`every empty intersection is a conflict, and nothing else is (seed ${seed})`, () => {
  let count = 0
  for (let n = 0; n < changes / changesPerWorld; n++) {
    const facts = plain(drawWorld(seed * worldsMax + n, types, 0).facts)
    count += clashesIn(facts).length
    assert.equal(inWorld(facts).length, 0, inWorld(facts).length > 0 ? report(facts, inWorld, `world ${n}`) : '')
  }
  assert.ok(count > changes / 100, `${count} conflicts`)
})

test(`a change is refused where it brings about an empty intersection, and only there (${changes} changes, seed ${seed})`, () => {
  let refused = 0
  for (let n = 0; n < changes / changesPerWorld; n++) {
    const choices = choicesOf(seed * worldsMax + n)
    let facts = plain(drawWorld(seed * worldsMax + n, types, 0).facts)
    const other = drawWorld(seed * worldsMax + n + worldsMax / 2, types, 0).facts
    for (let step = 0; step < changesPerWorld; step++) {
      const next = changed(choices, facts, other)
      const before = clashesIn(facts)
      const fresh = clashesIn(next).filter((clash) => !before.some((one) => isSame(one, clash)))
      const found = [...conflictsIn(compileSnapshot(next, 2), { before: compileSnapshot(facts, 1) })]
      const problems = missed(next, fresh, found)
      const worlds = ['Before:', ...showWorld({ facts, room: [] }), 'After:', ...showWorld({ facts: next, room: [] })]
      assert.equal(problems.length, 0, [`world ${n}, step ${step}`, ...problems, ...worlds].join('\n'))
      if (fresh.length > 0) refused++
      else facts = next
    }
  }
  assert.ok(refused > changes / 100, `${refused} changes were refused`)
})
