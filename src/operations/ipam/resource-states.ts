// What an IPAM says of resources: in which scope each CIDR is, whether a pool gave it and its rules are met, and whether it shares
// addresses with something else there.
import { contains, formatCidr, sizeOf } from '#model/cidr.ts'
import { looksAtOthers, meetsRules } from '#model/discovery.ts'
import { formatId } from '#model/identifier.ts'
import type { PoolFacts } from '#model/policy/snapshot.ts'
import { nameKey } from '#model/tags.ts'
import type { ResourceMark } from '#store/tables/discoveries.ts'
import type { Ipam } from '#store/tables/ipams.ts'
import type { IpSource, VpcCidr } from '#store/tables/vpcs.ts'
import type { ReadContext } from '../operation.ts'
import { isOwnNetworkHere } from '../space/own-networks.ts'
import type { DiscoveredCidr, Seeing } from './discovered.ts'

export interface ResourceState extends DiscoveredCidr {
  readonly scopeId: string
  /** The pool of the IPAM that gave it. */
  readonly pool: PoolFacts | undefined
  readonly name: string | undefined
  readonly tags: ReadonlyMap<string, string>
  /** How much of it is used, of 1; undefined where nobody can tell. */
  readonly usage: number | undefined
  /** Undefined: nothing manages what is of its kind. */
  readonly management: 'managed' | 'unmanaged' | 'ignored' | undefined
  readonly compliance: 'compliant' | 'noncompliant' | 'unmanaged' | 'ignored' | undefined
  readonly overlap: 'overlapping' | 'nonoverlapping' | 'ignored' | undefined
}

/** Overlaps are looked for this many at a time: between two looks others have their turn. */
const probedAtOnce = 40

export interface StatesAsked {
  /** Whether what is in a scope is asked for. */
  isWanted?(scopeId: string): boolean
  /** Nobody asks what else has the same addresses. */
  readonly isWithoutOverlaps?: boolean
}

/** The states of what an IPAM sees, in its order; with what belongs to all of it read at once. */
export async function describeStates(
  context: ReadContext,
  ipam: Ipam,
  seeing: Seeing,
  found: readonly DiscoveredCidr[],
  { isWanted = () => true, isWithoutOverlaps = false }: StatesAsked = {},
): Promise<readonly (ResourceState | undefined)[]> {
  const snapshot = await context.snapshot()
  const around = await readAround(context, ipam, found)
  const placed = found.map((one) => {
    const scopeId = scopeOf(ipam, one, around)
    return isWanted(scopeId) ? { one, scopeId } : undefined
  })
  const overlaps = isWithoutOverlaps ? new Set<Placement>() : await overlapsOf(context, ipam, seeing, placed, around)
  return placed.map((placement) => {
    if (!placement) return undefined
    const { one, scopeId } = placement
    const pool = around.poolOf(one)
    const tags = around.tagsOf(one)
    const isManageable = one.kind === 'vpc' || one.kind === 'eip'
    const isIgnored = isManageable && around.markOf(one)?.isIgnored === true
    const { account, region: locale, cidr } = one
    const met = pool && meetsRules(snapshot, pool, { account, locale, cidr, tags }) ? 'compliant' : 'noncompliant'
    return {
      ...one,
      ipSource: sourceOf(one, pool),
      scopeId,
      pool: isIgnored ? undefined : pool,
      tags,
      name: tags.get(nameKey) ?? one.observed?.observation.body.name,
      usage: around.usageOf(one),
      management: isManageable ? (isIgnored ? 'ignored' : pool ? 'managed' : 'unmanaged') : undefined,
      compliance: isManageable ? (isIgnored ? 'ignored' : pool ? met : 'unmanaged') : undefined,
      overlap: isManageable
        ? isIgnored
          ? 'ignored'
          : overlaps.has(placement)
            ? 'overlapping'
            : 'nonoverlapping'
        : undefined,
    }
  })
}

const sourceOf = ({ kind, ipSource }: DiscoveredCidr, pool: PoolFacts | undefined): IpSource =>
  kind === 'eip' && pool?.publicIpSource !== undefined ? (pool.publicIpSource as IpSource) : ipSource

// In which scope -----------------------------------------------------------------------------------------------------

/** What stands around a CIDR: its pool, its VPC's blocks, its tags, what somebody said of it, and what is in it. */
interface Around {
  poolOf(one: DiscoveredCidr): PoolFacts | undefined
  blockAround(one: DiscoveredCidr): VpcCidr | undefined
  markOf(one: Pick<DiscoveredCidr, 'resourceId' | 'cidr'>): ResourceMark | undefined
  tagsOf(one: DiscoveredCidr): ReadonlyMap<string, string>
  usageOf(one: DiscoveredCidr): number | undefined
}

/** Where a pool of the IPAM gave it; where it was moved to; else in the default scope of its kind of addresses. */
function scopeOf(ipam: Ipam, one: DiscoveredCidr, around: Around): string {
  const own = one.kind === 'vpc' || one.kind === 'eip' ? undefined : around.blockAround(one)
  const block: DiscoveredCidr = own
    ? { ...one, kind: 'vpc', resourceId: own.vpcId, cidr: own.cidr, allocation: own.allocation, ipSource: own.ipSource }
    : one
  const pool = around.poolOf(block)
  if (pool) return pool.scopeId
  if (block.ipSource !== 'none' || block.kind === 'eip') return ipam.publicScopeId
  return around.markOf(block)?.scopeId ?? one.observed?.source.scopeId ?? ipam.privateScopeId
}

async function readAround(context: ReadContext, ipam: Ipam, found: readonly DiscoveredCidr[]): Promise<Around> {
  const { tx } = context
  const { pools } = await context.snapshot()
  const vpcIds = [...new Set(found.flatMap(({ vpcId }) => vpcId ?? []))]
  const blocks = await tx.vpcs.cidrsOf(vpcIds)
  const numbers = [...found, ...[...blocks.values()].flat()].flatMap(({ allocation }) => allocation ?? [])
  const allocations = new Map((await tx.allocations.some([...new Set(numbers)])).map((one) => [one.n, one]))
  const poolIds = new Map(
    (await tx.pools.some([...new Set([...allocations.values()].map(({ pool }) => pool))])).map(({ n, id }) => [n, id]),
  )
  const resourceIds = [...new Set([...vpcIds, ...found.map(({ resourceId }) => resourceId)])]
  const marks = new Map(
    (await tx.discoveries.marksOf(ipam.id, resourceIds)).map((mark) => [keyOf(mark), mark] as const),
  )
  const tags = await tx.tags.ofMany(taggedIds(context, found))
  const shares = await tx.discovered.subnetShares(
    found.flatMap(({ kind, resourceId }) => (kind === 'vpc' ? [resourceId] : [])),
  )
  const used = await tx.natGateways.countPrivateIps(
    found.flatMap(({ kind, resourceId, cidr }) => (kind === 'subnet' && cidr.family === 4 ? [resourceId] : [])),
  )
  return {
    poolOf({ allocation: n }) {
      const allocation = n === undefined ? undefined : allocations.get(n)
      const pool = allocation && pools.get(poolIds.get(allocation.pool) ?? '')
      return pool?.ipamId === ipam.id ? pool : undefined
    },
    blockAround: ({ vpcId, cidr }) =>
      blocks.get(vpcId ?? '')?.find((block) => block.cidr.family === cidr.family && contains(block.cidr, cidr)),
    markOf: (one) => marks.get(keyOf(one)),
    tagsOf(one) {
      if (one.observed) return new Map(Object.entries(one.observed.observation.body.tags))
      return new Map((tags.get(tagIdOf(context, one)) ?? []).map(({ key, value }) => [key, value]))
    },
    usageOf({ kind, resourceId, cidr, observed }) {
      if (observed) return undefined
      if (kind === 'vpc') {
        const bits = cidr.family === 4 ? 32 : 64
        const whole = [...(blocks.get(resourceId) ?? [])]
          .filter((block) => block.cidr.family === cidr.family)
          .reduce((sum, block) => sum + 2 ** (bits - block.cidr.length), 0)
        return whole === 0 ? undefined : (shares.get(resourceId)?.[cidr.family] ?? 0) / whole
      }
      if (kind === 'subnet' && cidr.family === 4) return (used.get(resourceId) ?? 0) / Number(sizeOf(cidr))
      return undefined
    },
  }
}
const keyOf = ({ resourceId, cidr }: Pick<DiscoveredCidr, 'resourceId' | 'cidr'>): string =>
  `${resourceId} ${formatCidr(cidr)}`

/** Tags of what lives elsewhere are those of its allocation. */
function tagIdOf({ tx }: ReadContext, { kind, resourceId, allocation }: DiscoveredCidr): string {
  const isOwn =
    kind === 'eip' || kind === 'network-interface' || isOwnNetworkHere({ tx }, { resourceType: kind, resourceId })
  return isOwn || allocation === undefined ? resourceId : formatId('allocation', tx.installation, allocation)
}
const taggedIds = (context: ReadContext, found: readonly DiscoveredCidr[]): readonly string[] => [
  ...new Set(found.flatMap((one) => (one.observed ? [] : [tagIdOf(context, one)]))),
]

// Overlaps -----------------------------------------------------------------------------------------------------------

interface Placement {
  readonly one: DiscoveredCidr
  readonly scopeId: string
}
async function overlapsOf(
  context: ReadContext,
  ipam: Ipam,
  { account, regions }: Seeing,
  placed: readonly (Placement | undefined)[],
  around: Around,
): Promise<ReadonlySet<Placement>> {
  const found = new Set<Placement>()
  const others = looksAtOthers(await context.snapshot(), account)
  const looked = placed.flatMap((one) =>
    one && one.one.kind === 'vpc' && around.markOf(one.one)?.isIgnored !== true ? [one] : [],
  )
  for (const [scopeId, ofScope] of Map.groupBy(looked, (one) => one.scopeId)) {
    for (let at = 0; at < ofScope.length; at += probedAtOnce) {
      if (at > 0) await context.tx.nextTurn()
      const some = ofScope.slice(at, at + probedAtOnce)
      const isDefault = scopeId === ipam.privateScopeId
      const scope = { ipamId: ipam.id, scopeId, isDefault, account: others ? undefined : account, regions }
      const probes = some.map(({ one }) => ({
        cidr: one.cidr,
        resourceId: one.resourceId,
        isGiven: around.poolOf(one) !== undefined,
      }))
      for (const index of await context.tx.discovered.overlapping(scope, probes)) found.add(some[index]!)
    }
  }
  return found
}
