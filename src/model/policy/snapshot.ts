// A compiled, immutable view of all governance facts at one epoch: what every decision is made on.

import { Bindings } from '../bindings.ts'
import type { Cidr } from '../cidr.ts'
import { joinKey } from '../key.ts'
import type { NamingFacts } from '../problems/phrases.ts'
import type { RoleBinding } from '../roles.ts'
import { finish, groupInSteps, indexInSteps, type Steps } from '../steps.ts'
import type { Party, Verdict } from './decision.ts'
import type { Assignment, AssignmentCandidate, PolicyDocument, PolicyVersion } from './document.ts'
import type { ExceptionFacts } from './exception.ts'
import { ExceptionIndex } from './exception-index.ts'
import { type Registry, type ResourceType, registryOf } from './resource-types.ts'
import type { ResolvedSettings } from './settings.ts'
import type { Reason, SkipReason, TraceStep } from './trace.ts'
import type { RequiredTag } from './values.ts'

/** A node of the organization tree. `tags` are those that administrators set on it. */
export interface NodeFacts {
  readonly id: string
  readonly kind: 'root' | 'organizational-unit' | 'account'
  readonly parentId?: string
  readonly tags?: ReadonlyMap<string, string>
  /** Of an account that is not active: it gets no new space. */
  readonly state?: 'suspended' | 'closed'
  /** Of an account: whom to ask about what it owns. */
  readonly contact?: string
}

export interface IpamFacts {
  readonly id: string
  readonly account: string
  readonly tier: 'free' | 'advanced'
  /** What a request gets where no document applies. */
  readonly unmatched: 'provider' | 'deny'
  readonly operatingRegions: readonly string[]
}

export interface PoolFacts {
  readonly id: string
  readonly ipamId: string
  readonly account: string
  readonly scopeId: string
  readonly scopeType: 'public' | 'private'
  readonly family: 4 | 6
  /** Undefined is what EC2 calls `None`: a container, of which only custom allocations can be made, where its IPAM operates. */
  readonly locale?: string
  readonly awsService?: string
  readonly publicIpSource?: string
  /** The type of the network whose inside it divides: not everything is made inside of everything. */
  readonly divides?: string
  /** As in EC2, the minimum is the shortest prefix. */
  readonly minNetmaskLength?: number
  readonly maxNetmaskLength?: number
  readonly defaultNetmaskLength?: number
  readonly requiredTags: readonly RequiredTag[]
  /** Provisioned. */
  readonly cidrs: readonly Cidr[]
  /** Ids of accounts, organizational units and roots. */
  readonly sharedWith: readonly string[]
}

export interface GovernanceFacts {
  readonly nodes: readonly NodeFacts[]
  readonly ipams: readonly IpamFacts[]
  /** The version in force of each policy. */
  readonly policies: readonly PolicyVersion[]
  readonly assignments: readonly Assignment[]
  readonly pools: readonly PoolFacts[]
  /** The account whose IPAM speaks for the whole organization. */
  readonly delegatedAdministrator?: string
  readonly bindings?: readonly RoleBinding[]
  /** The approved ones: whether they are in force follows from the moment of each request. */
  readonly exceptions?: readonly ExceptionFacts[]
  readonly candidates?: readonly AssignmentCandidate[]
  /** What administrators added to the registry. */
  readonly resourceTypes?: readonly ResourceType[]
}

/** The same with what there can be very many of as it is kept from one epoch to the next. */
export type KnownFacts = Omit<GovernanceFacts, 'nodes' | 'pools' | 'bindings' | 'exceptions'> & {
  readonly nodes: ReadonlyMap<string, NodeFacts>
  readonly pools: ReadonlyMap<string, PoolFacts>
  readonly bindings: Bindings
  readonly exceptions: ExceptionIndex
}

/** A rule of the document that gives the order, with what conditions and finals made of it. */
export interface ResolvedRule {
  readonly pool: string
  /** Its place in the document, counted from 1. */
  readonly number: number
  /** Why it does not apply to the account; undefined where it does. */
  readonly skipped?: SkipReason | Reason<'outside'>
  /** The final that does not list it for the account, where that is why. */
  readonly excludedBy?: Party
}

/** The documents in force for one account and pair, merged (policy-model §3). */
export interface ResolvedDocument extends ResolvedSettings {
  /** Who gives the order of pools. */
  readonly by: Party
  readonly rules: readonly ResolvedRule[]
}

/** Which assignments count: those that enforce; these and those that warn; all that are not off. */
export type World = 'enforce' | 'warn' | 'observe'

export interface Resolution {
  readonly document?: ResolvedDocument
  /** Where no document applies: the strictest word of the IPAMs that have a say, and whose it is. */
  readonly unmatched: { readonly value: 'provider' | 'deny'; readonly ipam?: string }
  readonly steps: readonly TraceStep[]
}

/** A map that forgets its oldest entry when full, so that no stream of requests can grow it without bound. */
export class BoundedMap<V> {
  readonly #entries = new Map<string, V>()
  readonly #entriesMax: number
  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax
  }
  get(key: string): V | undefined {
    return this.#entries.get(key)
  }
  set(key: string, value: V): void {
    if (this.#entries.size >= this.#entriesMax) {
      const oldest = this.#entries.keys().next()
      if (!oldest.done) this.#entries.delete(oldest.value)
    }
    this.#entries.set(key, value)
  }
  clear(): void {
    this.#entries.clear()
  }
}

/** The last verdict for a request, and whether the request's tags had a part in it. */
export interface CachedVerdict {
  readonly verdict: Verdict
  readonly readsTags: boolean
}

export interface Snapshot {
  /** The governance epoch that the facts were read at. */
  readonly epoch: number
  readonly nodes: ReadonlyMap<string, NodeFacts>
  readonly ipams: ReadonlyMap<string, IpamFacts>
  readonly policies: ReadonlyMap<string, PolicyVersion>
  /** Versions that are not in force and that an assignment names, by policy and number. */
  readonly otherVersions: ReadonlyMap<string, PolicyVersion>
  readonly pools: ReadonlyMap<string, PoolFacts>
  readonly assignmentsByTarget: ReadonlyMap<string, readonly Assignment[]>
  readonly delegatedAdministrator?: string
  readonly bindings: Bindings
  readonly exceptions: ExceptionIndex
  /** Present where an assignment has a candidate. */
  readonly candidates?: CandidateWorld
  readonly resourceTypes: Registry
  /** Filled as decisions ask; nothing in them can change what a decision is, only how soon. */
  readonly caches: {
    readonly paths: BoundedMap<readonly string[]>
    readonly resolutions: BoundedMap<Resolution>
    readonly verdicts: BoundedMap<CachedVerdict>
    readonly grants: BoundedMap<ReadonlySet<string>>
    /** Undefined until it is asked. */
    sharing?: Sharing
  }
}

/** Whose pools are, and with whom they are shared. */
export interface Sharing {
  /** By node, the owners of the pools that are shared with it. */
  readonly owners: ReadonlyMap<string, ReadonlySet<string>>
  /** By node, the pools that are shared with it. */
  readonly shared: ReadonlyMap<string, readonly string[]>
  /** By account, the pools that it owns. */
  readonly owned: ReadonlyMap<string, readonly string[]>
}

/** The same facts with every candidate in the place of its assignment: what is asked there never acts. */
export interface CandidateWorld {
  readonly snapshot: Snapshot
  readonly byTarget: ReadonlyMap<string, readonly AssignmentCandidate[]>
}

const entriesMax = 20_000

/** Compiles facts for deciding. Costs one pass over the facts; paths and documents are resolved when first asked for. */
export const compileSnapshot = (facts: GovernanceFacts | KnownFacts, epoch: number): Snapshot =>
  finish(compileInSteps(facts, epoch))

/** The same in steps: an organization can be large. */
export function* compileInSteps(facts: GovernanceFacts | KnownFacts, epoch: number): Steps<Snapshot> {
  const { candidates = [], ...live } = isKnown(facts) ? facts : { ...facts, ...(yield* collect(facts)) }
  const snapshot = yield* compile(live, epoch)
  if (candidates.length === 0) return snapshot
  const world = yield* compile(withCandidates(live, candidates), epoch, candidates)
  return { ...snapshot, candidates: { snapshot: world, byTarget: Map.groupBy(candidates, ({ targetId }) => targetId) } }
}

const isKnown = (facts: GovernanceFacts | KnownFacts): facts is KnownFacts => 'get' in facts.nodes

function withCandidates(facts: KnownFacts, candidates: readonly AssignmentCandidate[]): KnownFacts {
  const byAssignment = new Map(candidates.map((one) => [joinKey(one.policyId, one.targetId), one]))
  const become = (assignment: Assignment): Assignment => {
    const candidate = byAssignment.get(joinKey(assignment.policyId, assignment.targetId))
    if (!candidate) return assignment
    const { mode = assignment.mode, version } = candidate
    return { ...assignment, mode, ...(version ? { version: version.version } : {}) }
  }
  return { ...facts, assignments: facts.assignments.map(become) }
}

const versionKey = (policyId: string, version: number): string => joinKey(policyId, String(version))

/** The version that an assignment enables: the one in force, unless it names another. */
export const versionOf = (snapshot: Snapshot, { policyId, version }: Assignment): PolicyVersion =>
  version === undefined ? snapshot.policies.get(policyId)! : snapshot.otherVersions.get(versionKey(policyId, version))!

/**
 * Where something is named by a policy: `target` is that of the assignment whose candidate version names it, undefined where
 * it is the version in force.
 */
export interface Naming {
  readonly policy: PolicyVersion
  readonly target?: string
}

/** Every policy that names something in a document, by the version in force or by that of a candidate. */
export function policiesNaming(snapshot: Snapshot, isNamedIn: (document: PolicyDocument) => boolean): Naming[] {
  const inForce = [...snapshot.policies.values()].map((policy): Naming => ({ policy }))
  const candidates = [...(snapshot.candidates?.byTarget.values() ?? [])]
    .flat()
    .flatMap(({ version, targetId }): Naming[] => (version ? [{ policy: version, target: targetId }] : []))
  return [...inForce, ...candidates].filter(({ policy }) => policy.documents.some(isNamedIn))
}

/** For refusals. */
export const factsOfNaming = ({ policy: { policyId: policy, version }, target }: Naming): NamingFacts =>
  target === undefined ? { policy } : { policy, version, target }

function* compile(facts: KnownFacts, epoch: number, candidates: readonly AssignmentCandidate[] = []): Steps<Snapshot> {
  const policies = yield* indexInSteps(facts.policies, ({ policyId }) => policyId)
  const inForce = facts.assignments.filter(({ mode, policyId }) => mode !== 'off' && policies.has(policyId))
  const assignmentsByTarget = yield* groupInSteps(inForce, ({ targetId }) => targetId)
  const { nodes, pools, bindings, exceptions } = facts
  yield
  return {
    epoch,
    nodes,
    ipams: new Map(facts.ipams.map((ipam) => [ipam.id, ipam])),
    policies,
    otherVersions: new Map(
      candidates.flatMap(({ policyId, version }) =>
        version ? [[versionKey(policyId, version.version), version] as const] : [],
      ),
    ),
    pools,
    assignmentsByTarget,
    delegatedAdministrator: facts.delegatedAdministrator,
    bindings,
    resourceTypes: registryOf(facts.resourceTypes ?? []),
    exceptions,
    caches: emptyCaches(),
  }
}

function* collect({
  nodes,
  pools,
  bindings = [],
  exceptions = [],
}: GovernanceFacts): Steps<Pick<KnownFacts, 'nodes' | 'pools' | 'bindings' | 'exceptions'>> {
  return {
    nodes: yield* indexInSteps(nodes, ({ id }) => id),
    pools: yield* indexInSteps(pools, ({ id }) => id),
    bindings: yield* Bindings.collect(yield* indexInSteps(bindings, ({ id }) => id)),
    exceptions: yield* ExceptionIndex.collect(yield* indexInSteps(exceptions, ({ id }) => id)),
  }
}

/** For a snapshot that begins, and for one that is another in a part: what was remembered of it is not so there. */
export const emptyCaches = (): Snapshot['caches'] => ({
  paths: new BoundedMap(entriesMax),
  resolutions: new BoundedMap(entriesMax),
  verdicts: new BoundedMap(entriesMax),
  grants: new BoundedMap(entriesMax),
})

/** The same facts with one more exception: what would be decided, were it approved. Candidates have no part in it. */
export function withException(snapshot: Snapshot, exception: ExceptionFacts): Snapshot {
  const exceptions = snapshot.exceptions.with(new Map([[exception.id, exception]]))
  return { ...snapshot, exceptions, candidates: undefined, caches: emptyCaches() }
}

/** Root, organizational units, account, in this order. An account outside the organization is a path of its own. */
export function pathOf(snapshot: Snapshot, account: string): readonly string[] {
  const known = snapshot.caches.paths.get(account)
  if (known) return known
  const path: string[] = [account]
  let parentId = snapshot.nodes.get(account)?.parentId
  while (parentId !== undefined && !path.includes(parentId)) {
    path.push(parentId)
    parentId = snapshot.nodes.get(parentId)?.parentId
  }
  path.reverse()
  snapshot.caches.paths.set(account, path)
  return path
}
