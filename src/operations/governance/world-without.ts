// The rules as they would be without a change: what it has changed is as it was before, and all else as it is now.
import { type Cidr, equals, parseCidr } from '#model/cidr.ts'
import { type Changes, Overlaid } from '#model/overlaid.ts'
import type { Assignment, PolicyVersion } from '#model/policy/document.ts'
import type { ExceptionFacts } from '#model/policy/exception.ts'
import type { ResourceType } from '#model/policy/resource-types.ts'
import { emptyCaches, type IpamFacts, type NodeFacts, type PoolFacts, type Snapshot } from '#model/policy/snapshot.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { HistoryBody } from '#store/tables/history.ts'
import { ipamService } from '../organization/delegated-administrators.ts'
import type { Inverse } from './inverse.ts'

/** What would be decided by, had a change not been made. */
export interface WorldWithout {
  readonly snapshot: Snapshot
  /** Pools that had more space than the change has left them: whether there was room in them is not known. */
  readonly roomier: ReadonlySet<string>
}

interface Was {
  readonly id: string
  /** Undefined: it was not there. */
  readonly was: HistoryBody | undefined
  /** As the change has made it; undefined where it has taken it away. */
  readonly is: HistoryBody | undefined
}

export async function worldWithout(
  tx: ReadTransaction,
  snapshot: Snapshot,
  { before, versions }: Required<Pick<Inverse, 'before' | 'versions'>>,
): Promise<WorldWithout> {
  const byKind = await changesByKind(tx, before, versions)
  const of = (kind: string): readonly Was[] => byKind.get(kind) ?? []
  const cidrs = of('ipam-pool-cidr')
  const nodes = ['account', 'organizational-unit', 'root'].flatMap(of)
  return {
    snapshot: {
      ...snapshot,
      nodes: new Overlaid(snapshot.nodes, changesOf(nodes, nodeIn)),
      ipams: new Overlaid(
        snapshot.ipams,
        changesOf(of('ipam'), (body) => body as unknown as IpamFacts),
      ),
      ...(await policiesWithout(tx, snapshot, of('ipam-policy'))),
      pools: new Overlaid(snapshot.pools, await poolsWithout(tx, snapshot, of('ipam-pool'), cidrs)),
      exceptions: snapshot.exceptions.with(changesOf(of('exception'), exceptionIn)),
      resourceTypes: new Overlaid(
        snapshot.resourceTypes,
        changesOf(of('resource-type'), (body) => body as unknown as ResourceType),
      ),
      delegatedAdministrator: administratorWithout(snapshot, of('delegated-administrator')),
      candidates: undefined,
      caches: emptyCaches(),
    },
    roomier: new Set(cidrs.flatMap(({ was, is }) => (hasSpace(was) && !hasSpace(is) ? [was!.pool as string] : []))),
  }
}

async function changesByKind(
  tx: ReadTransaction,
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Promise<ReadonlyMap<string, readonly Was[]>> {
  const ids = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const found = await tx.history.findVersions([before, after].flatMap((versions) => Object.entries(versions)))
  const versionOf = (id: string, versions: Readonly<Record<string, number>>) => found.get(`${id}/${versions[id]}`)
  const byKind = new Map<string, Was[]>()
  for (const id of ids) {
    const [was, is] = [versionOf(id, before), versionOf(id, after)]
    const kind = (was ?? is)?.kind
    if (kind === undefined) continue
    const one = { id, was: was && tx.history.bodyOf(was), is: is && tx.history.bodyOf(is) }
    if (!was && !isMadeAt(one.is!, is!.fromAt)) continue
    byKind.set(kind, [...(byKind.get(kind) ?? []), one])
  }
  return byKind
}
/** What was there before there was a record of it is left as it is: how it was nobody knows. */
const isMadeAt = ({ createdAt }: HistoryBody, at: number): boolean => createdAt === undefined || createdAt === at

const changesOf = <V>(changed: readonly Was[], read: (body: HistoryBody) => V | undefined): Changes<string, V> =>
  new Map(changed.map(({ id, was }) => [id, was && read(was)]))

function nodeIn({ id, kind, parentId, tags = {}, status, contact }: HistoryBody): NodeFacts {
  const own = Object.entries(tags as Readonly<Record<string, string>>)
  return {
    ...{ id, kind },
    ...(parentId === undefined ? {} : { parentId }),
    ...(own.length === 0 ? {} : { tags: new Map(own) }),
    ...(status === undefined ? {} : { state: status }),
    ...(contact === undefined ? {} : { contact }),
  } as NodeFacts
}

const exceptionIn = (body: HistoryBody): ExceptionFacts | undefined =>
  body.status === 'approved' ? (body as unknown as ExceptionFacts) : undefined

function administratorWithout({ delegatedAdministrator }: Snapshot, changed: readonly Was[]): string | undefined {
  const ofIpam = changed.filter(({ was, is }) => (was ?? is)!.servicePrincipal === ipamService)
  if (ofIpam.length === 0) return delegatedAdministrator
  return ofIpam.find(({ was }) => was)?.was?.account as string | undefined
}

async function policiesWithout(
  tx: ReadTransaction,
  { policies, assignmentsByTarget }: Snapshot,
  changed: readonly Was[],
): Promise<Pick<Snapshot, 'policies' | 'assignmentsByTarget'>> {
  if (changed.length === 0) return { policies, assignmentsByTarget }
  const versions = new Map<string, PolicyVersion | undefined>()
  const assigned: Assignment[] = []
  for (const { id, was } of changed) {
    const version = was && (await tx.policies.findVersion(id, was.version as number))
    versions.set(id, version && versionIn(was, version))
    if (was) assigned.push(...((was.assignments ?? []) as readonly Assignment[]))
    await tx.nextTurn()
  }
  const others = [...assignmentsByTarget.values()].flat().filter(({ policyId }) => !versions.has(policyId))
  const all = [...others, ...assigned.filter(({ mode }) => mode !== 'off')]
  return {
    policies: new Overlaid(policies, versions),
    assignmentsByTarget: Map.groupBy(all, ({ targetId }) => targetId),
  }
}
const versionIn = (
  { id, ipamId, account }: HistoryBody,
  { version, body }: { readonly version: number; readonly body: Pick<PolicyVersion, 'compatibility' | 'documents'> },
): PolicyVersion => ({ policyId: id, version, ipamId, account, ...body }) as PolicyVersion

async function poolsWithout(
  tx: ReadTransaction,
  { pools }: Snapshot,
  changed: readonly Was[],
  cidrs: readonly Was[],
): Promise<Changes<string, PoolFacts>> {
  const found = new Map<string, PoolFacts | undefined>()
  for (const { id, was } of changed) {
    const known = pools.get(id)
    const scopeType = known?.scopeType ?? (was && (await scopeTypeOf(tx, was.scopeId as string)))
    found.set(id, was && ({ cidrs: [], divides: known?.divides, ...was, scopeType } as unknown as PoolFacts))
    if (was && known) found.set(id, { ...found.get(id)!, cidrs: known.cidrs })
  }
  for (const { was, is } of cidrs) {
    const id = (was ?? is)!.pool as string
    const pool = found.has(id) ? found.get(id) : pools.get(id)
    if (pool) found.set(id, { ...pool, cidrs: cidrsWithout(pool.cidrs, was, is) })
  }
  return found
}
const hasSpace = (body: HistoryBody | undefined): boolean => body !== undefined && body.state !== 'failed-provision'
function cidrsWithout(
  now: readonly Cidr[],
  was: HistoryBody | undefined,
  is: HistoryBody | undefined,
): readonly Cidr[] {
  const cidr = parseCidr((was ?? is)!.cidr as string)!
  const others = now.filter((one) => !equals(one, cidr))
  return hasSpace(was) ? [...others, cidr] : others
}
/** Also of one that is gone. */
const scopeTypeOf = async (tx: ReadTransaction, id: string): Promise<unknown> => {
  const latest = await tx.history.latest(id)
  return latest && tx.history.bodyOf(latest).kind
}
