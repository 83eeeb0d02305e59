// Whether policies in files stand against each other: by the rules of the server, without one.
import { conflictsIn } from '#model/policy/conflicts.ts'
import type { PolicyDocument, PolicyVersion } from '#model/policy/document.ts'
import { settingNames } from '#model/policy/settings.ts'
import { compileSnapshot, type GovernanceFacts, type NodeFacts, type PoolFacts } from '#model/policy/snapshot.ts'
import type { AssignmentKind, Compatibility, Mode } from '#model/policy/values.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { type Estate, type FileProblem, type Members, rootKey, type Thing } from './estate.ts'

const conflictsMax = 100

/** One for each two policies and pair that no account could follow both of. */
export function conflictsOf(estate: Estate): FileProblem[] {
  const problems = new Map<string, FileProblem>()
  for (const { node, locale, resourceType, parties, problem } of conflictsIn(compileSnapshot(factsOf(estate), 0))) {
    const [one, other] = parties
    const key = parties.map(({ policy, target }) => `${policy} ${target}`).join(' ')
    if (problems.has(key)) continue
    const policy = estate.of('policy').get(other!.policy)!
    const at = policy.places?.get(`assignments ${other!.target}`) ?? policy.at!
    const [first, second] = [one!, other!].map(({ policy, target }) => `\`${policy}\` on ${target}`)
    problems.set(key, {
      ...at,
      path: 'assignments',
      problem: `${second} and ${first} stand against each other for ${resourceType} in ${locale} of ${node}: ${problemInWords(problem)}`,
      value: other!.policy,
    })
    if (problems.size >= conflictsMax) break
  }
  return [...problems.values()]
}

function factsOf(estate: Estate): GovernanceFacts {
  const policies = [...estate.of('policy').values()]
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
