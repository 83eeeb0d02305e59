// Whether policies in files stand against each other: by the rules of the server, without one.
import { type Conflict, conflictsIn } from '#model/policy/conflicts.ts'
import type { PolicyDocument, PolicyVersion } from '#model/policy/document.ts'
import { settingNames } from '#model/policy/settings.ts'
import { compileSnapshot, type GovernanceFacts, type NodeFacts, type PoolFacts } from '#model/policy/snapshot.ts'
import type { AssignmentKind, Compatibility, Mode } from '#model/policy/values.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { type Estate, type FileProblem, type Members, type Position, rootKey, type Thing } from './estate.ts'

const conflictsMax = 100
/** All facts are compiled for each of them. */
const candidatesMax = 100

/** One for each two policies and pair that no account could follow both of. */
export function conflictsOf(estate: Estate): FileProblem[] {
  const problems = new Map<string, FileProblem>()
  const policies = [...estate.of('policy').values()]
  for (const conflict of conflictsIn(compileSnapshot(factsOf(estate, policies), 0))) {
    const key = keyOf(conflict)
    if (problems.has(key)) continue
    const other = conflict.parties[1]!
    problems.set(key, {
      ...placeOf(estate, other),
      path: 'assignments',
      problem: inWords(conflict),
      value: other.policy,
    })
    if (problems.size >= conflictsMax) break
  }
  return [...problems.values()]
}

/**
 * What would stand against each other once a candidate acts, beside what does so anyway: each alone, as one is let act after the other. The
 * server takes such a candidate, which is there to be looked at, and does not let it act.
 */
export function candidateConflictsOf(estate: Estate): FileProblem[] {
  const policies = [...estate.of('policy').values()]
  const tried = policies.flatMap((policy) => candidatesIn(policy).map((target) => ({ policy, target })))
  if (tried.length === 0) return []
  const now = new Set(conflictsOf(estate).map(({ problem }) => problem))
  const problems: FileProblem[] = []
  for (const { policy, target } of tried.slice(0, candidatesMax)) {
    const then = policies.map((one) => (one === policy ? withCandidate(policy, target) : one))
    for (const conflict of conflictsIn(compileSnapshot(factsOf(estate, then), 0))) {
      if (now.has(inWords(conflict))) continue
      const problem = `once it acts, ${inWords(conflict)}`
      problems.push({
        ...placeOf(estate, { policy: policy.key, target }),
        path: 'assignments.candidate',
        problem,
        isWarning: true,
      })
      // One tells that it cannot act as it is.
      break
    }
    if (problems.length >= conflictsMax) break
  }
  return problems
}
const candidatesIn = ({ members }: Thing): readonly string[] =>
  Object.entries(members.assignments as Record<string, Members>).flatMap(([target, { candidate }]) =>
    candidate === undefined ? [] : [target],
  )
/** A version is in force for all assignments of its policy, a mode for one. */
function withCandidate(policy: Thing, target: string): Thing {
  const { drafts, assignments } = policy.members as Readonly<Record<'drafts' | 'assignments', Record<string, Members>>>
  const { candidate, ...assignment } = assignments[target]!
  const { draft, mode = assignment.mode } = candidate as { readonly draft?: string; readonly mode?: unknown }
  const said = draft === undefined ? {} : drafts[draft]
  const then = { ...assignments, [target]: { ...assignment, mode } }
  return { ...policy, members: { ...policy.members, ...said, assignments: then } }
}

const keyOf = ({ parties }: Conflict): string => parties.map(({ policy, target }) => `${policy} ${target}`).join(' ')
function placeOf(
  estate: Estate,
  { policy: key, target }: { readonly policy: string; readonly target: string },
): Position {
  const policy = estate.of('policy').get(key)!
  return policy.places?.get(`assignments ${target}`) ?? policy.at!
}
function inWords({ node, locale, resourceType, parties, problem }: Conflict): string {
  const [first, second] = parties.map(({ policy, target }) => `\`${policy}\` on ${target}`)
  return `${second} and ${first} stand against each other for ${resourceType} in ${locale} of ${node}: ${problemInWords(problem)}`
}

function factsOf(estate: Estate, policies: readonly Thing[]): GovernanceFacts {
  const assignments = policies.flatMap(({ key, members }) =>
    Object.entries(members.assignments as Record<string, Members>).map(([targetId, { kind, mode }]) => ({
      policyId: key,
      targetId,
      kind: kind as AssignmentKind,
      mode: mode as Mode,
      managedBy: 'delegated-administrator-for-ipam' as const,
    })),
  )
  const ipams = [...estate.of('ipam').values()]
  return {
    nodes: nodesOf(
      estate,
      assignments.map(({ targetId }) => targetId),
    ),
    ipams: ipams.map(({ key, members }) => ({
      id: key,
      account: String(members.account ?? ''),
      tier: 'advanced',
      unmatched: members.unmatched === 'deny' ? 'deny' : 'provider',
      operatingRegions: (members.operatingRegions ?? []) as string[],
    })),
    policies: policies.map(versionOf),
    assignments,
    pools: poolsOf(estate, policies),
  }
}

/** With targets that no file speaks of: where they are is not known, and each is taken to be right under the root. */
function nodesOf(estate: Estate, targets: readonly string[]): NodeFacts[] {
  const nodes = new Map<string, NodeFacts>([[rootKey, { id: rootKey, kind: 'root' }]])
  const tagsOf = (members: Members) => new Map(Object.entries((members.tags ?? {}) as Record<string, string>))
  for (const { key, parent, members } of estate.of('unit').values()) {
    nodes.set(key, { id: key, kind: 'organizational-unit', parentId: parent!, tags: tagsOf(members) })
  }
  for (const { key, parent, members } of estate.of('account').values()) {
    nodes.set(key, { id: key, kind: 'account', parentId: parent!, tags: tagsOf(members) })
  }
  for (const target of targets) {
    if (!nodes.has(target))
      nodes.set(target, {
        id: target,
        kind: target.startsWith('/') ? 'organizational-unit' : 'account',
        parentId: rootKey,
      })
  }
  return [...nodes.values()]
}

function versionOf({ key, parent, members }: Thing): PolicyVersion {
  const documents = Object.values(members.documents as Record<string, Members>).map(
    ({ locale, resourceType, rules, ...given }) =>
      ({
        locale,
        resourceType,
        rules,
        settings: Object.fromEntries(settingNames.map((name) => [name, given[name]])),
      }) as unknown as PolicyDocument,
  )
  return {
    policyId: key,
    version: 1,
    ipamId: parent!,
    account: '',
    compatibility: members.compatibility as Compatibility,
    documents,
    bytes: 0,
  }
}

function poolsOf(estate: Estate, policies: readonly Thing[]): PoolFacts[] {
  const known = estate.of('pool')
  const listed = policies.flatMap(({ members }) =>
    Object.values(members.documents as Record<string, Members>).flatMap(({ rules }) =>
      (rules as { pool: string }[]).map(({ pool }) => pool),
    ),
  )
  return [...new Set([...known.keys(), ...listed])].map((key) => {
    const { family, locale } = known.get(key)?.members ?? {}
    return {
      id: key,
      ipamId: key.split('/')[0]!,
      account: '',
      scopeId: key.split('/').slice(0, 2).join('/'),
      scopeType: 'private',
      // Of one that no file has, it is not known: then it counts with those that most have.
      family: family === 'ipv6' ? 6 : 4,
      ...(locale === undefined ? {} : { locale: locale as string }),
      requiredTags: [],
      cidrs: [],
      sharedWith: [],
    }
  })
}
