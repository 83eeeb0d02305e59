// What held exactly a block in a scope, and when: networks that stand there without a pool first, then the record, newest first. What
// networks without a pool held that are gone is in their own histories alone.
import { type Cidr, equals } from '#model/cidr.ts'
import { isLookedAt, looksAtOthers } from '#model/discovery.ts'
import { formatId } from '#model/identifier.ts'
import { refuse } from '#model/refusal.ts'
import { nameKey } from '#model/tags.ts'
import type { Ipam, Scope } from '#store/tables/ipams.ts'
import type { DescribedTenure, Tenure, TimePlace } from '#store/tables/timeline.ts'
import { type Page, type PageAsked, partsOfPlace, readSlicedPage, type Slice } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { placesOfPools } from '../record/pool-scopes.ts'
import { refuseFreeTier } from './access.ts'
import { type DiscoveredCidr, findBlocks, seeingOf } from './discovered.ts'
import { describeStates, type ResourceState } from './resource-states.ts'

/** Tenures looked at for one page: they stand in four tables, each of which is read as far. */
const tenuresPerPageMax = 2_500

export interface HeldBlock
  extends Pick<DiscoveredCidr, 'kind' | 'resourceId' | 'account' | 'region' | 'cidr' | 'vpcId'> {
  readonly name: string | undefined
  readonly from: number
  /** Undefined: it holds it still. */
  readonly until: number | undefined
  /** As it is now, where it holds the block still; what it was then, nobody wrote down. */
  readonly state: ResourceState | undefined
}
export interface HeldAsked {
  readonly cidr: Cidr
  readonly vpcId?: string | undefined
  /** Of a moment alone, both are that. */
  readonly from: number
  readonly until: number
}

/** A stretch of time in which something had the block. */
interface Held {
  readonly found: DiscoveredCidr
  readonly name: string | undefined
  readonly from: number
  readonly until: number | undefined
}
interface Row {
  readonly place: string
  readonly present?: Held
  readonly tenure?: Tenure
}

export async function listHeldBlocks(
  context: ReadContext,
  { scope, ipam }: { readonly scope: Scope; readonly ipam: Ipam },
  { cidr, vpcId, from, until }: HeldAsked,
  asked: PageAsked<string>,
): Promise<Page<HeldBlock, string>> {
  refuseFreeTier(ipam, 'address-history')
  if (from > until) refuse({ code: 'InvalidParameterCombination', problem: { why: 'ends-before-begin' } })
  const seeing = await seeingOf(context, ipam)
  const snapshot = await context.snapshot()
  const accounts = looksAtOthers(snapshot, ipam.account) ? undefined : [ipam.account]
  const isWanted = ({ found, from: since, until: end }: Held): boolean =>
    isLookedAt(snapshot, seeing, found.account) &&
    seeing.regions.includes(found.region) &&
    (vpcId === undefined || found.vpcId === vpcId) &&
    since <= until &&
    (end ?? Number.POSITIVE_INFINITY) > from

  return readSlicedPage<Row, HeldBlock>(context, asked, {
    readSlice: (after, limit) => readHeld(context, cidr, accounts, after, limit),
    placeOf: ({ place }) => place,
    bounds: { rowsMax: tenuresPerPageMax },
    async show(rows) {
      const recorded = await describeHeld(
        context,
        rows.flatMap(({ tenure }) => tenure ?? []),
        scope,
        ipam,
      )
      const all = rows.map(({ present, tenure }) => present ?? recorded.get(keyOf(tenure!)))
      const held = all.map((one) => (one && isWanted(one) ? one : undefined))
      const now = held.flatMap((one) => (one && one.until === undefined ? [one.found] : []))
      const states = await describeStates(context, ipam, seeing, now)
      const stateOf = new Map(now.map((found, index) => [found, states[index]]))
      return held.map((one) => {
        if (!one) return undefined
        const state = stateOf.get(one.found)
        // What the record does not know to be of a pool of the scope is where its state says.
        if (state && state.scopeId !== scope.id) return undefined
        return { ...one.found, from: one.from, until: one.until, state, name: state?.name ?? one.name }
      })
    },
  })
}

/** What stands there, then what is on record; a place of either says which. */
async function readHeld(
  context: ReadContext,
  cidr: Cidr,
  accounts: readonly string[] | undefined,
  after: string | undefined,
  limit: number,
): Promise<Slice<Row, string>> {
  const [, index] = /^present,(\d+)$/.exec(after ?? 'present,0') ?? []
  if (index !== undefined) {
    const standing = await findBlocks(context, cidr)
    const rows = standing.slice(Number(index), Number(index) + limit).map(
      ({ found, since }, at): Row => ({
        place: `present,${Number(index) + at + 1}`,
        present: { found, name: undefined, from: since, until: undefined },
      }),
    )
    return { rows, next: Number(index) + rows.length < standing.length ? rows.at(-1)!.place : 'record', looked: 1 }
  }
  const place = after === 'record' ? undefined : placeIn(after!)
  const { rows, next } = await context.tx.tenures.around(cidr, place, limit, accounts)
  // What lay inside of the block comes last, and is not asked for.
  const isOver = next === undefined || 'first' in next
  return {
    rows: rows.filter((row) => equals(row.cidr, cidr)).map((tenure) => ({ place: formatPlace(tenure), tenure })),
    next: isOver ? undefined : formatPlace(next),
    looked: Math.max(1, rows.length),
  }
}
const formatPlace = ({ heldFrom, n, version }: TimePlace): string => `${heldFrom},${n},${version}`
function placeIn(text: string): TimePlace {
  const [heldFrom, n, version] = partsOfPlace(text, /^(\d{1,16}),(\d{1,16}),(\d{1,16})$/).map(Number)
  return { heldFrom: heldFrom!, n: n!, version: version! }
}
const keyOf = ({ n, version }: Pick<Tenure, 'n' | 'version'>): string => `${n} ${version}`

/** What tenures in pools of the scope say of networks and Elastic IPs; what is of no pool of an IPAM is public. */
async function describeHeld(
  context: ReadContext,
  tenures: readonly Tenure[],
  scope: Scope,
  ipam: Ipam,
): Promise<ReadonlyMap<string, Held>> {
  if (tenures.length === 0) return new Map()
  const { tx } = context
  const places = await placesOfPools(
    context,
    tenures.map(({ pool }) => pool),
  )
  const isIn = ({ pool }: Tenure): boolean => (places.get(pool)?.scopeId ?? ipam.publicScopeId) === scope.id
  const described = await tx.tenures.describe(tenures.filter(isIn))
  const subnets = new Map(
    (
      await tx.vpcs.someSubnets(
        described.flatMap(({ resourceType, resourceId }) => (resourceType === 'subnet' ? (resourceId ?? []) : [])),
      )
    ).map((subnet) => [subnet.id, subnet.vpcId]),
  )
  return new Map(
    described.flatMap((one) => {
      const isOfProvider = places.get(one.pool)?.scopeId === undefined
      const held = heldAs(context, one, subnets, isOfProvider)
      return held ? [[keyOf(one), held] as const] : []
    }),
  )
}

function heldAs(
  { tx }: ReadContext,
  { n, cidr, state, resourceType, resourceId, account, region = '', tags, from, until }: DescribedTenure,
  subnets: ReadonlyMap<string, string>,
  isOfProvider: boolean,
): Held | undefined {
  if (state !== 'allocated') return undefined
  const rest = { name: tags.get(nameKey), from, until }
  const known = {
    cidr,
    account,
    region,
    allocation: n,
    ipSource: isOfProvider ? ('amazon' as const) : ('none' as const),
  }
  switch (resourceType) {
    case 'eip':
      return { found: { kind: 'eip', resourceId: formatId('address', tx.installation, n), ...known }, ...rest }
    case 'vpc':
      return resourceId === undefined
        ? undefined
        : { found: { kind: 'vpc', resourceId, vpcId: resourceId, ...known }, ...rest }
    case 'subnet':
      return resourceId === undefined
        ? undefined
        : { found: { kind: 'subnet', resourceId, vpcId: subnets.get(resourceId), ...known }, ...rest }
    default:
      return undefined
  }
}
