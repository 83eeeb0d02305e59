// Makes a world in which the two evaluators differ as small as it gets while they still differ in the same part.

import type { GovernanceFacts } from '#model/policy/snapshot.ts'
import type { Question, TrialWorld } from './worlds.ts'

/** A world with a single question. */
export interface Case {
  readonly facts: GovernanceFacts
  readonly room: readonly string[]
  readonly question: Question
}

/** Each round tries every way of making the case smaller once; a world has far fewer parts than this. */
const roundsMax = 200

export function shrink(found: Case, isSame: (smaller: Case) => boolean): Case {
  let smallest = found
  for (let round = 0; round < roundsMax; round++) {
    const smaller = smallerCases(smallest).find((one) => isSound(one.facts) && isSame(one))
    if (!smaller) return smallest
    smallest = smaller
  }
  return smallest
}

/** The same for a world about which nothing is asked. */
export function shrinkFacts(facts: GovernanceFacts, isSame: (smaller: GovernanceFacts) => boolean): GovernanceFacts {
  const question = { request: { account: '', locale: '', resourceType: '', family: 4 }, at: 0 } as const
  return shrink({ facts, room: [], question }, (smaller) => isSame(smaller.facts)).facts
}

export const caseOf = ({ facts, room }: TrialWorld, question: Question): Case => ({ facts, room, question })

/** Nothing speaks of what is not there: only worlds that a store could give. */
function isSound({
  nodes,
  ipams,
  policies,
  assignments,
  pools,
  exceptions = [],
  candidates = [],
}: GovernanceFacts): boolean {
  const isNode = (id: string): boolean => nodes.some((node) => node.id === id)
  const isAccount = (id: string): boolean => /^\d/.test(id)
  const isPool = (id: string): boolean => pools.some((pool) => pool.id === id)
  const isPolicy = (id: string): boolean => policies.some(({ policyId }) => policyId === id)
  const documents = [...policies, ...candidates.flatMap(({ version }) => version ?? [])].flatMap((one) => one.documents)
  return (
    nodes.every(({ parentId }) => parentId === undefined || isNode(parentId)) &&
    [...policies, ...pools].every(({ ipamId }) => ipams.some(({ id }) => id === ipamId)) &&
    assignments.every(({ policyId, targetId }) => isPolicy(policyId) && (isNode(targetId) || isAccount(targetId))) &&
    candidates.every((one) => assignments.some((a) => a.policyId === one.policyId && a.targetId === one.targetId)) &&
    candidates.every(({ version, mode }) => version !== undefined || mode !== undefined) &&
    documents.every(({ rules }) => rules.every(({ pool }) => isPool(pool))) &&
    exceptions.every(({ grants }) => grants.pools.every(isPool))
  )
}

/** Every case that is smaller by one thing. What refers to a pool, a policy or an IPAM goes with it. */
function smallerCases({ facts, room, question }: Case): Case[] {
  const cases: Case[] = []
  const withFacts = (part: Partial<GovernanceFacts>): void => {
    cases.push({ facts: { ...facts, ...part }, room, question })
  }
  for (const { id } of facts.pools) cases.push({ facts: withoutPool(facts, id), room, question })
  for (const { policyId } of facts.policies) withFacts(withoutPolicy(facts, policyId))
  for (const key of ['assignments', 'exceptions', 'candidates', 'nodes', 'ipams', 'resourceTypes'] as const) {
    for (const list of withoutOne<unknown>(facts[key] ?? [])) withFacts({ [key]: list })
  }
  for (const node of facts.nodes) {
    const parent = facts.nodes.find(({ id }) => id === node.parentId)
    if (parent?.parentId !== undefined)
      withFacts({ nodes: changed(facts.nodes, node, { ...node, parentId: parent.parentId }) })
  }
  // Members that may be absent, and lists and texts inside: whatever can be taken away from any object.
  for (const key of ['nodes', 'ipams', 'policies', 'assignments', 'pools', 'exceptions', 'candidates'] as const) {
    const list = facts[key] ?? []
    for (const one of list)
      for (const smaller of plainer(one)) withFacts({ [key]: changed<unknown>(list, one, smaller) })
  }
  for (const request of plainer(question.request)) cases.push({ facts, room, question: { ...question, request } })
  for (const list of withoutOne(room)) cases.push({ facts, room: list, question })
  return cases
}

const changed = <T>(list: readonly T[], one: T, other: T): T[] => list.map((each) => (each === one ? other : each))
const withoutOne = <T>(list: readonly T[]): T[][] => list.map((_, n) => list.filter((_, other) => other !== n))

function withoutPool(facts: GovernanceFacts, id: string): GovernanceFacts {
  const rulesOf = <T extends { readonly documents: GovernanceFacts['policies'][number]['documents'] }>(
    version: T,
  ): T => ({
    ...version,
    documents: version.documents.map((document) => ({
      ...document,
      rules: document.rules.filter(({ pool }) => pool !== id),
    })),
  })
  return {
    ...facts,
    pools: facts.pools.filter((pool) => pool.id !== id),
    policies: facts.policies.map(rulesOf),
    candidates: facts.candidates?.map((one) => (one.version ? { ...one, version: rulesOf(one.version) } : one)),
    exceptions: facts.exceptions?.map((one) => ({
      ...one,
      grants: { ...one.grants, pools: one.grants.pools.filter((pool) => pool !== id) },
    })),
  }
}

function withoutPolicy(facts: GovernanceFacts, id: string): GovernanceFacts {
  const isOther = ({ policyId }: { readonly policyId: string }): boolean => policyId !== id
  return {
    ...facts,
    policies: facts.policies.filter(isOther),
    assignments: facts.assignments.filter(isOther),
    candidates: facts.candidates?.filter(isOther),
  }
}

/** Members of objects that a world can do without. */
const spare = [
  'tags',
  'delegatedAdministrator',
  'locale',
  'awsService',
  'divides',
  'minNetmaskLength',
  'maxNetmaskLength',
  'defaultNetmaskLength',
  'when',
  'size',
  'sizeIpv6',
  'accounts',
  'organizationalUnits',
  'resource',
  'netmaskLength',
  'explicit',
  'cidr',
  'pool',
  'scopeType',
  'version',
  'mode',
]
/** Lists whose elements a world can do without, and values that are the plainest. */
const lists = [
  'requiredTags',
  'cidrs',
  'sharedWith',
  'documents',
  'rules',
  'pools',
  'accounts',
  'organizationalUnits',
  'operatingRegions',
]
const plainest: Readonly<Record<string, unknown>> = {
  mode: 'enforce',
  kind: 'default',
  unmatched: 'provider',
  compatibility: 'strict',
  onExplicit: 'deny',
  onExhausted: 'deny',
  provider: false,
  startsAt: 0,
}
/** Without these an object is none: a version has a number, a rule its pool. */
const isNeeded = (key: string, of: object): boolean =>
  (key === 'version' && !('n' in of)) ||
  (key === 'mode' && 'kind' in of) ||
  (key === 'pool' && !('cidr' in of) && !isExplicit(of)) ||
  (key === 'locale' && !('ipamId' in of)) ||
  (key === 'scopeType' && 'ipamId' in of) ||
  (key === 'values' && 'key' in of)
const isExplicit = (of: object): boolean => Object.keys(of).every((key) => key === 'pool' || key === 'cidr')

/** Every object that is plainer by one member, at any depth. */
function plainer<T>(value: T): T[] {
  if (value instanceof Map) {
    return [...value.keys()].map((key) => new Map([...value].filter(([other]) => other !== key)) as T)
  }
  if (Array.isArray(value)) {
    return value.flatMap((one, n) => plainer(one).map((smaller) => value.with(n, smaller) as T))
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]): T[] => {
    const put = (other: unknown): T => ({ ...value, [key]: other })
    const { [key as keyof T]: _, ...rest } = value as Record<keyof T, unknown>
    const dropped = spare.includes(key) && member !== undefined && !isNeeded(key, value) ? [rest as T] : []
    const shorter = lists.includes(key) && Array.isArray(member) ? withoutOne(member).map(put) : []
    const isPlain =
      !(key in plainest) || member === plainest[key] || ((key === 'mode' || key === 'kind') && !('managedBy' in value))
    const simple = isPlain ? [] : [put(plainest[key])]
    return [...dropped, ...shorter, ...simple, ...plainer(member).map(put)]
  })
}
