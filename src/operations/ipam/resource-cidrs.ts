// Resources as an IPAM sees them, listed with their states; one of them is ignored, looked at again, or moved to another scope.
import { type Cidr, equals, formatCidr } from '#model/cidr.ts'
import { isLookedAt } from '#model/discovery.ts'
import { kindOf } from '#model/identifier.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Ipam, Scope } from '#store/tables/ipams.ts'
import { type Matching, type Page, type PageAsked, readFrom, readSlicedPage } from '../listing.ts'
import { giveBack } from '../network/blocks.ts'
import { recordVpc } from '../network/vpcs.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { refuseFreeTier } from './access.ts'
import {
  type DiscoveredCidr,
  type DiscoveredFilter,
  type DiscoveredRow,
  discoveredKinds,
  findDiscovered,
  readDiscovered,
  readGiven,
  type Seeing,
  seeingOf,
  seenBounds,
} from './discovered.ts'
import { describeStates, type ResourceState } from './resource-states.ts'

/** Our own bound: CIDRs of resources of which an IPAM keeps that they are ignored, or moved. */
const marksPerIpamMax = 10_000

export interface ResourceFilter extends DiscoveredFilter {
  readonly scopeId?: string | undefined
  readonly resourceId?: string | undefined
  /** One of the IPAM. */
  readonly poolId?: string | undefined
}

/** What an IPAM sees, with its states. */
export async function listResourceStates(
  context: ReadContext,
  ipam: Ipam,
  { scopeId, resourceId, poolId, ...filter }: ResourceFilter,
  asked: PageAsked<string>,
  matching: Matching<ResourceState>,
): Promise<Page<ResourceState, string>> {
  const seeing = await seeingOf(context, ipam)
  const { read, isThere } = await readerOf(context, seeing, { resourceId, poolId, ...filter })
  return readSlicedPage<DiscoveredRow, ResourceState>(context, asked, {
    readSlice: read,
    isThere,
    placeOf: ({ place }) => place,
    bounds: seenBounds,
    async show(rows) {
      const found = rows.flatMap((row) => row.found ?? [])
      const states = await describeStates(context, ipam, seeing, found, {
        isWanted: (scope) => scopeId === undefined || scope === scopeId,
      })
      const byFound = new Map(found.map((one, index) => [one, states[index]]))
      return matching(
        rows.map((row) => {
          const state = row.found && byFound.get(row.found)
          return poolId === undefined || state?.pool?.id === poolId ? state : undefined
        }),
      )
    },
  })
}

/** By the resource, the pool, or whatever is seen. */
async function readerOf(
  context: ReadContext,
  seeing: Seeing,
  { resourceId, poolId, ...filter }: Omit<ResourceFilter, 'scopeId'>,
) {
  const { kinds = discoveredKinds, account } = filter
  if (resourceId !== undefined) {
    const isSeen = await seer(context, seeing, { account })
    const seen = await findDiscovered(context, { seeing, account, isSeen }, resourceId)
    const found = seen.filter(({ kind }) => kinds.includes(kind))
    const rows = found.map((one, index) => ({ place: String(index).padStart(6, '0'), found: one }))
    const from = readFrom<DiscoveredRow>(rows, ({ place }, after) => place > after)
    return {
      isThere: true,
      async read(after: string | undefined, limit: number) {
        const some = from(after, limit)
        return { rows: some, next: some.length < limit ? undefined : some.at(-1)!.place }
      },
    }
  }
  const pool = poolId === undefined ? undefined : await context.tx.pools.find(poolId)
  const isSeen = await seer(context, seeing, filter)
  return {
    isThere: false,
    async read(after: string | undefined, limit: number) {
      if (poolId === undefined) return readDiscovered(context, seeing, filter, after, limit)
      if (!pool) return { rows: [], next: undefined }
      const rows = await readGiven(context, pool.n, after, limit)
      return {
        rows: rows.map(({ place, found }) => ({ place, ...(found && isSeen(found) ? { found } : {}) })),
        next: rows.length < limit ? undefined : rows.at(-1)!.place,
      }
    },
  }
}

async function seer(context: ReadContext, seeing: Seeing, { kinds = discoveredKinds, account }: DiscoveredFilter) {
  const snapshot = await context.snapshot()
  return (one: DiscoveredCidr): boolean =>
    seeing.regions.includes(one.region) &&
    isLookedAt(snapshot, seeing, one.account) &&
    kinds.includes(one.kind) &&
    (account === undefined || one.account === account)
}
/** The CIDRs of one resource, as far as they are seen, and the caller is permitted. */
async function seenAs(
  context: ReadContext,
  seeing: Seeing,
  id: string,
  isPermitted: (account: string) => boolean,
): Promise<readonly DiscoveredCidr[]> {
  const isThere = await seer(context, seeing, {})
  const isSeen = (one: DiscoveredCidr): boolean => isThere(one) && isPermitted(one.account)
  return findDiscovered(context, { seeing, isSeen }, id)
}

// Ignoring and moving ------------------------------------------------------------------------------------------------

export interface MarkRequest {
  readonly resourceId: string
  readonly cidr: Cidr
  /** Where the caller says that it is. */
  readonly region?: string | undefined
  /** In which scope the caller says that it is. */
  readonly scopeId?: string | undefined
  /** Undefined: as it is. */
  readonly isLookedAt?: boolean | undefined
  /** Another private scope of the same IPAM. */
  readonly destination?: Scope | undefined
}

/**
 * Says of a CIDR of a VPC that it is ignored, or not, or that it is in another private scope. One that is ignored gives its space back
 * to its pool; one that a pool gave moves once its space is given back.
 */
export async function markResource(
  context: WriteContext,
  ipam: Ipam,
  request: MarkRequest,
  isPermitted: (account: string) => boolean = () => true,
): Promise<ResourceState> {
  const { resourceId, cidr, destination, scopeId } = request
  const seeing = await seeingOf(context, ipam)
  const found = await getSeen(context, seeing, request, isPermitted)
  const [before] = await describeStates(context, ipam, seeing, [found])
  if (scopeId !== undefined && before!.scopeId !== scopeId) {
    refuseValue('scopeId', scopeId, {
      why: 'is-in-scope',
      cidr: formatCidr(cidr),
      resource: resourceId,
      scope: before!.scopeId,
    })
  }
  if (found.kind !== 'vpc' || before!.scopeId === ipam.publicScopeId) {
    const problem = { why: 'only-private-networks-are-marked' } as const
    refuse({ code: 'NotEligible', problem })
  }
  if (destination) {
    refuseFreeTier(ipam, 'scope')
    if (destination.kind !== 'private' || destination.ipamId !== ipam.id) {
      refuseValue('destinationScopeId', destination.id, { why: 'no-private-scope-here' })
    }
  }
  const [mark] = (await context.tx.discoveries.marksOf(ipam.id, [resourceId])).filter((one) => equals(one.cidr, cidr))
  if (!mark && (await context.tx.discoveries.countMarks(ipam.id, marksPerIpamMax)) >= marksPerIpamMax) {
    const what = { of: 'marks' } as const
    refuse({ code: 'LimitExceeded', what, limit: marksPerIpamMax, used: marksPerIpamMax })
  }
  const moved = destination ? (destination.id === ipam.privateScopeId ? undefined : destination.id) : mark?.scopeId
  const isIgnored = request.isLookedAt === undefined ? mark?.isIgnored === true : !request.isLookedAt
  const next = { ipamId: ipam.id, resourceId, cidr, scopeId: moved, isIgnored }
  if (next.isIgnored || moved !== undefined) await context.tx.discoveries.mark(next)
  else await context.tx.discoveries.unmark(next)
  if (next.isIgnored && before!.pool) await giveBackOf(context, found)
  context.changed(resourceId)
  const seen = await seenAs(context, seeing, resourceId, isPermitted)
  const [after] = await describeStates(context, ipam, seeing, [seen.find((one) => equals(one.cidr, cidr))!])
  return after!
}

/** A network that the register has keeps its block, which no pool holds any longer. */
async function giveBackOf(context: WriteContext, { resourceId, cidr, allocation }: DiscoveredCidr): Promise<void> {
  if (kindOf(resourceId) === 'vpc') {
    const [planner] = await context.tx.pools.planning(resourceId)
    if (planner) {
      const problem = { why: 'pool-plans-it', pool: planner.id } as const
      refuse({ code: 'DependencyViolation', what: 'vpc', id: resourceId, problem })
    }
    const block = (await context.tx.vpcs.cidrs(resourceId)).find((one) => equals(one.cidr, cidr))
    if (block) {
      await context.tx.vpcs.setHolding(block.associationId, { allocation: undefined, poolId: undefined })
      await giveBack(context, allocation)
      await recordVpc(context, resourceId)
      return
    }
  }
  const because = { why: 'held-for-network-elsewhere' } as const
  refuse({ code: 'NotSupported', what: { feature: 'ignoring' }, because })
}

const cidrsToldMax = 200

/** One CIDR of a resource; what is not seen is absent (invariant I8). */
async function getSeen(
  context: ReadContext,
  seeing: Seeing,
  { resourceId: id, cidr, region }: MarkRequest,
  isPermitted: (account: string) => boolean,
): Promise<DiscoveredCidr> {
  const seen = await seenAs(context, seeing, id, isPermitted)
  if (seen.length === 0) refuse({ code: 'NotFound', what: kindOf(id) === 'vpc' ? 'vpc' : 'resource', id })
  const found = seen.find((one) => equals(one.cidr, cidr))
  if (!found) {
    refuseValue('cidr', formatCidr(cidr), {
      why: 'resource-has-cidrs',
      resource: id,
      cidrs: seen.slice(0, cidrsToldMax).map((one) => formatCidr(one.cidr)),
    })
  }
  if (region !== undefined && found.region !== region)
    refuseValue('region', region, { why: 'resource-in-region', resource: id, region: found.region })
  return found
}
