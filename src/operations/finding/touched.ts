// What changes on record can touch: the space that is to be looked at anew, and no more of it than that.
import { isDeepStrictEqual } from 'node:util'
import { type IdKind, kindOf, spaceNumberIn } from '#model/identifier.ts'
import { isTargetId } from '#model/organization.ts'
import { provider } from '#model/policy/decision.ts'
import type { PolicyDocument } from '#model/policy/document.ts'
import type { Snapshot } from '#model/policy/snapshot.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Subject } from '#store/subjects.ts'
import type { Scope } from '#store/tables/finding-scans.ts'
import type { HistoryBody, HistoryVersion } from '#store/tables/history.ts'
import { snapshotOf } from '../snapshot.ts'
import { mayBeBrought } from './spaces.ts'

/** What entries are about, and what became of it. */
export interface Touched {
  /** Numbers of allocations that have changed, or are gone since a moment. */
  readonly spaces: ReadonlyMap<number, number>
  /** Networks whose tags, or space, have changed. */
  readonly networks: ReadonlySet<string>
  readonly exceptions: ReadonlySet<string>
  readonly scopes: readonly Scope[]
}
export interface Followed {
  readonly at: number
  readonly subjects: readonly Subject[]
}

/** Kinds of which no change can touch what policy says about space that is there. Of one that is not here everything is looked at. */
const untouching: ReadonlySet<IdKind> = new Set<IdKind>([
  ...(['roleBinding', 'apiToken', 'source', 'finding', 'decision', 'scope', 'poolCidr', 'addressAssociation'] as const),
  ...(['resourceDiscovery', 'resourceDiscoveryAssociation', 'networkInterface', 'subnetCidrReservation'] as const),
  ...(['internetGateway', 'egressOnlyInternetGateway', 'routeTable', 'routeTableAssociation', 'dhcpOptions'] as const),
  ...(['securityGroup', 'securityGroupRule', 'networkAcl', 'networkAclAssociation'] as const),
  ...(['vpcCidrAssociation', 'subnetCidrAssociation', 'simulation'] as const),
])
const networks = new Set(['vpc', 'subnet', 'natGateway'])

/** What of a node says nothing of where it stands and of its tags. */
const namesOfNode = ['name', 'email', 'contact', 'externalId', 'cloud', 'joinedAt', 'joinedMethod']
/** What of an IPAM says how things change, and nothing of space. */
const changeRules = ['changeControl', 'changeApprovals', 'changeFreezes']
/** What of a pool policy does not ask for. */
const labelsOfPool = ['description', 'tags', 'contact', 'name', 'autoImport']

/** @param hasMoved whether the epoch of governance has: then a change of something that is not known here may have changed anything */
export async function touchedBy(
  tx: ReadTransaction,
  entries: readonly Followed[],
  { hasMoved }: { readonly hasMoved: boolean },
): Promise<Touched> {
  const spaces = new Map<number, number>()
  const nets = new Set<string>()
  const exceptions = new Set<string>()
  const scopes: Scope[] = []
  const versions = await tx.history.findVersions(
    entries.flatMap(({ subjects }) =>
      subjects.flatMap(({ id, before, after }) =>
        [before, after].flatMap((version) => (version === undefined ? [] : [[id, version] as const])),
      ),
    ),
  )
  const snapshot = (): Promise<Snapshot> => snapshotOf(tx, { keep: true })
  for (const { at, subjects } of entries) {
    const isOfCidrs = subjects.some(({ id }) => kindOf(id) === 'poolCidr')
    for (const { id, before, after } of subjects) {
      const kind = kindOf(id)
      const n = spaceNumberIn(tx.installation, id)
      const was = versionOf(versions, id, before)
      const is = versionOf(versions, id, after)
      if (n !== undefined) spaces.set(n, at)
      else if (kind !== undefined && networks.has(kind)) nets.add(id)
      else if (kind === 'exception') exceptions.add(id)
      else if (kind === 'policy') scopes.push(...scopesOfPolicy(await contents(tx, id, was, is)))
      else if (kind === 'pool') {
        scopes.push(...scopesOfPool(tx, id, was, is))
        if (isOfCidrs) scopes.push(...scopesOfCidrs(await snapshot(), id))
      } else if (kind === 'ipam') scopes.push(...scopesOfIpam(tx, await snapshot(), id, was, is))
      else if (isTargetId(id)) {
        // Where an assignment has changed, its policy says so itself.
        if (was || is) scopes.push(...scopesOfNode(tx, id, was, is))
      } else if ((was ?? is)?.kind === 'resource-type') scopes.push({ resourceType: id })
      // What has a history and is none of these may be about anything: who speaks for all, or what a newer server knows.
      else if ((was ?? is) && !(kind !== undefined && untouching.has(kind)) && hasMoved) scopes.push({})
    }
  }
  return { spaces, networks: nets, exceptions, scopes }
}

/** Several changes of one thing have it looked at once. */
export const distinctScopes = (scopes: readonly Scope[]): readonly Scope[] => [
  ...new Map(scopes.map((scope) => [JSON.stringify(scope), scope])).values(),
]

function versionOf(versions: ReadonlyMap<string, HistoryVersion>, id: string, version: number | undefined) {
  return version === undefined ? undefined : versions.get(`${id}/${version}`)
}

// Policies -----------------------------------------------------------------------------------------------------------

interface PolicyState {
  readonly assignments: readonly Assigned[]
  readonly compatibility: string
  readonly documents: readonly PolicyDocument[]
}
interface Assigned {
  readonly targetId: string
  readonly kind: string
  readonly mode: string
  readonly managedBy: string
}
interface Change {
  readonly was: PolicyState | undefined
  readonly is: PolicyState | undefined
}

async function contents(
  tx: ReadTransaction,
  id: string,
  was: HistoryVersion | undefined,
  is: HistoryVersion | undefined,
): Promise<Change> {
  const stateOf = async (version: HistoryVersion | undefined): Promise<PolicyState | undefined> => {
    if (!version) return undefined
    const body = tx.history.bodyOf(version)
    const stored = await tx.policies.findVersion(id, body.version as number)
    const { compatibility = '', documents = [] } = stored?.body ?? {}
    const acting = (body.assignments as readonly Assigned[]).filter(({ mode }) => mode === 'enforce')
    return { assignments: acting, compatibility, documents }
  }
  return { was: await stateOf(was), is: await stateOf(is) }
}

/** Of a policy that is enforced as before, the pairs whose documents differ; of one that is enforced otherwise, all below the target. */
function scopesOfPolicy({ was, is }: Change): readonly Scope[] {
  const before = new Map((was?.assignments ?? []).map((one) => [one.targetId, one]))
  const after = new Map((is?.assignments ?? []).map((one) => [one.targetId, one]))
  const pairs = changedPairs(was, is)
  const scopes: Scope[] = []
  for (const node of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(node), after.get(node)]
    const isSame = old && now && old.kind === now.kind && old.managedBy === now.managedBy
    if (!isSame || pairs === 'all') scopes.push({ node })
    else for (const pair of pairs) scopes.push({ node, ...pair })
  }
  return scopes
}

interface Pair {
  readonly resourceType: string
  readonly locale: string
}
/** More than these are one look at everything below. */
const pairsMax = 20

function changedPairs(was: PolicyState | undefined, is: PolicyState | undefined): readonly Pair[] | 'all' {
  if (!was || !is || was.compatibility !== is.compatibility) return 'all'
  const keyOf = ({ locale, resourceType }: Pair): string => `${locale} ${resourceType}`
  const old = new Map(was.documents.map((document) => [keyOf(document), document]))
  const now = new Map(is.documents.map((document) => [keyOf(document), document]))
  const pairs: Pair[] = []
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const [a, b] = [old.get(key), now.get(key)]
    if (isDeepStrictEqual(a, b)) continue
    const { locale, resourceType } = (a ?? b)!
    pairs.push({ locale, resourceType })
  }
  return pairs.length > pairsMax ? 'all' : pairs
}

// All else -----------------------------------------------------------------------------------------------------------

const without = (body: HistoryBody, names: readonly string[]): HistoryBody =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)))
/** A pool without what policy does not ask for. */
export const withoutPoolLabels = (body: HistoryBody): HistoryBody => without(body, labelsOfPool)
function differ(
  tx: ReadTransaction,
  was: HistoryVersion | undefined,
  is: HistoryVersion | undefined,
  but: readonly string[],
): boolean {
  if (!was || !is) return true
  return !isDeepStrictEqual(without(tx.history.bodyOf(was), but), without(tx.history.bodyOf(is), but))
}

const scopesOfNode = (
  tx: ReadTransaction,
  node: string,
  was: HistoryVersion | undefined,
  is: HistoryVersion | undefined,
): readonly Scope[] => (differ(tx, was, is, namesOfNode) ? [{ node }] : [])

/** What comes from it; and what the provider gave to those who may use it, which may be only since nothing else fitted. */
const scopesOfPool = (
  tx: ReadTransaction,
  pool: string,
  was: HistoryVersion | undefined,
  is: HistoryVersion | undefined,
): readonly Scope[] => {
  if (!was || !differ(tx, was, is, labelsOfPool)) return []
  const bodies = [was, is].flatMap((version) => (version ? [tx.history.bodyOf(version)] : []))
  const isShared = bodies.some(({ sharedWith }) => (sharedWith as readonly string[] | undefined)?.length !== 0)
  // One that is gone had nothing any more.
  return [...(is ? [{ pool }] : []), isShared ? { pool: provider } : { node: bodies[0]!.account as string }]
}

/** Who brings along what lies in a pool that policy lists was to take it from there. */
function scopesOfCidrs({ policies, assignmentsByTarget }: Snapshot, pool: string): readonly Scope[] {
  const pairs = new Map<string, readonly Scope[]>()
  for (const { policyId, documents } of policies.values()) {
    const listing = documents.filter(
      (one) => mayBeBrought(one) && one.rules.some((allocationRule) => allocationRule.pool === pool),
    )
    if (listing.length > 0)
      pairs.set(
        policyId,
        listing.map(({ locale, resourceType }) => ({ resourceType, locale })),
      )
  }
  if (pairs.size === 0) return []
  return [...assignmentsByTarget].flatMap(([node, assignments]) =>
    assignments.flatMap(({ policyId }) => (pairs.get(policyId) ?? []).map((pair) => ({ node, ...pair }))),
  )
}

/** Rules read of an IPAM whether what no policy speaks of may be had, and where and for whom its pools are. */
function scopesOfIpam(
  tx: ReadTransaction,
  { delegatedAdministrator, policies, pools, assignmentsByTarget }: Snapshot,
  ipam: string,
  was: HistoryVersion | undefined,
  is: HistoryVersion | undefined,
): readonly Scope[] {
  const [before, after] = [was, is].map((version) => version && tx.history.bodyOf(version))
  const account = (after ?? before)!.account as string
  const isStrict = (body: HistoryBody | undefined): boolean => body?.unmatched === 'deny'
  const scopes: Scope[] = []
  if (isStrict(before) !== isStrict(after)) {
    // That is about its own account, about all others where it is the delegated administrator's, and where its policies are enabled.
    const targets = [...assignmentsByTarget].flatMap(([target, assigned]) =>
      assigned.some(({ policyId }) => policies.get(policyId)?.ipamId === ipam) ? [target] : [],
    )
    if (account === delegatedAdministrator) scopes.push({})
    else scopes.push(...[...new Set([account, ...targets])].map((node) => ({ node })))
  }
  if (!before || !after || !differ(tx, was, is, ['description', 'tags', 'name', 'unmatched', ...changeRules]))
    return scopes
  const own = [...pools.values()].filter(({ ipamId }) => ipamId === ipam)
  if (own.length === 0) return scopes
  const isShared = own.some(({ sharedWith }) => sharedWith.length > 0)
  return [...scopes, ...own.map(({ id: pool }) => ({ pool })), isShared ? { pool: provider } : { node: account }]
}
