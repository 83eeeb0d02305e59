// Where something is: every space in which an address or range lies, from the top-level pool to whoever has it, and what was
// there before. Each caller finds what the lists of the same things show them.
import { type Cidr, contains, overlaps, parseCidr, toKey } from '#model/cidr.ts'
import { parseId } from '#model/identifier.ts'
import { type EffectiveView, effectiveAt } from '#model/policy/effective.ts'
import type { BroughtNetwork, PlacedCidr } from '#store/tables/finding.ts'
import type { Scope } from '#store/tables/ipams.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { AddressPlace, DescribedTenure, Tenure } from '#store/tables/timeline.ts'
import { permitter } from '../identity/authority.ts'
import { visibleAccounts } from '../identity/visible-accounts.ts'
import type { ReadContext } from '../operation.ts'
import { seesAllTaken } from '../space/availability.ts'
import { reservedType } from '../space/reserved.ts'
import { permitterThen } from './object-places.ts'
import { type PoolPlace, placesOfPools } from './pool-scopes.ts'

/** Spaces that one answer tells of: so many scopes have the address. */
export const placesMax = 20
/** Of what lies in a range, in each space. */
export const insideMax = 20
/** The latest tenures that are over, in each space. */
export const beforeMax = 5

/** Rows of one step, and rows looked at in all for what may be seen among them. */
const stepRows = 200
const rowsMax = 2_000
/** What lies in a range is read until there are so many. */
const insideRowsMax = 400
/** The latest of one block that are read: those of several spaces are among them. */
const endedPerBlock = 20

/** Of the chain: each step lies in the one before it. */
export type Step =
  | { readonly kind: 'pool'; readonly pool: Pool; readonly cidr: Cidr }
  /** The pool of something that the caller sees, where the pool is not theirs to see. */
  | { readonly kind: 'hidden-pool'; readonly n: number }
  | { readonly kind: 'tenure'; readonly tenure: DescribedTenure }
  | {
      readonly kind: 'vpc' | 'subnet'
      readonly id: string
      readonly account: string
      readonly region: string
      readonly cidr: Cidr
    }
  | {
      readonly kind: 'quarantine'
      readonly cidr: Cidr
      /** Who gave it back, as far as it is the caller's to see. */
      readonly account: string | undefined
      readonly endsAt: number
    }

/** `other`: it has something, of which the caller may see nothing. `reserved`: its network keeps it, and no host gets it. */
export type SpaceState = 'allocated' | 'held' | 'reserved' | 'quarantined' | 'free' | 'partly-used' | 'other'

export interface FoundPlace {
  /** `network`: a VPC that brought its block, which lies in no scope. */
  readonly space: 'public' | 'private' | 'provider' | 'network'
  readonly scope: Scope | undefined
  readonly chain: readonly Step[]
  /** Undefined where the pool is not the caller's to see, and nothing that they may see has it. */
  readonly state: SpaceState | undefined
  /** Of a range: what lies in it. */
  readonly inside: readonly Step[]
  readonly hasMoreInside: boolean
  /** What is in force for whoever has it, where the caller may read it. */
  readonly view: EffectiveView | undefined
  readonly before: readonly DescribedTenure[]
}

/** What is gathered of one space before it is described. */
interface Gathered {
  readonly key: string
  readonly place: PoolPlace
  readonly network: BroughtNetwork | undefined
  readonly pools: PlacedCidr[]
  readonly poolsInside: PlacedCidr[]
  readonly around: Tenure[]
  readonly inside: Tenure[]
  readonly before: Tenure[]
  hasMoreInside: boolean
  /** That of the VPC which is the innermost here: its own pools plan it. */
  planned: Gathered | undefined
}

/** Every space in which a range lies, as far as the caller may see what is there. */
export async function findPlaces(
  context: ReadContext,
  range: Cidr,
): Promise<{ readonly places: readonly FoundPlace[]; readonly hasMore: boolean }> {
  const { tx } = context
  const pools = await readPools(context, range)
  await tx.nextTurn()
  const present = await readPresent(context, range)
  await tx.nextTurn()
  const ended = await readEnded(context, range)
  await tx.nextTurn()
  const networks = await readNetworks(context, range)
  const numbers = [...present.rows, ...ended].map(({ pool }) => pool)
  const placeOf = await placesOfPools(context, numbers, pools.byNumber)
  const all = gather(range, { pools, present, ended, networks, placeOf })
  if (isOfProvider(context, range) && !all.has(providerKey)) {
    all.set(providerKey, empty(providerKey, { scopeId: undefined, plansVpc: undefined }))
  }
  const places = joinPlanned([...all.values()])
  const shown = places.slice(0, placesMax)
  const described = await describeTenures(context, shown)
  const found: FoundPlace[] = []
  for (const one of shown) {
    await tx.nextTurn()
    found.push(await describePlace(context, range, one, { described, byNumber: pools.byNumber }))
  }
  return { places: found, hasMore: places.length > placesMax || pools.isCut || present.isCut }
}

// Reading ------------------------------------------------------------------------------------------------------------

interface ReadPools {
  readonly around: readonly PlacedCidr[]
  readonly inside: readonly PlacedCidr[]
  readonly byNumber: ReadonlyMap<number, Pool>
  readonly isCut: boolean
  readonly isInsideCut: boolean
}

async function readPools(context: ReadContext, range: Cidr): Promise<ReadPools> {
  const { tx } = context
  const isPermitted = await permitter(context, 'ipam:read')
  const owners = await visibleAccounts(context, 'ipam:read', 'now')
  const byNumber = new Map<number, Pool>()
  const visible = async (rows: readonly PlacedCidr[]): Promise<PlacedCidr[]> => {
    const missing = rows.map(({ pool }) => pool).filter((n) => !byNumber.has(n))
    for (const pool of await tx.pools.some(missing)) {
      // The provider's own pools are nobody's to see.
      if (pool.scopeId !== undefined && isPermitted(pool.account)) byNumber.set(pool.n, pool)
    }
    return rows.filter(({ pool, cidr }) => byNumber.has(pool) && cidr.family === range.family)
  }
  const around: PlacedCidr[] = []
  let after: PlacedCidr | undefined
  let isCut = false
  for (let looked = 0; ; ) {
    const rows = await tx.finding.poolCidrsAround(range, after, stepRows, owners)
    around.push(...(await visible(rows)))
    if (rows.length < stepRows) break
    looked += rows.length
    after = rows.at(-1)
    isCut = looked >= rowsMax
    if (isCut) break
    await tx.nextTurn()
  }
  const rows = await tx.finding.poolCidrsInside(range, insideRowsMax, owners)
  return { around, inside: await visible(rows), byNumber, isCut, isInsideCut: rows.length === insideRowsMax }
}

interface ReadPresent {
  readonly rows: readonly Tenure[]
  readonly isCut: boolean
  readonly isInsideCut: boolean
}

async function readPresent(context: ReadContext, range: Cidr): Promise<ReadPresent> {
  const { tx } = context
  const isPermitted = await permitter(context, 'allocation:read')
  const accounts = await visibleAccounts(context, 'allocation:read', 'now')
  const found: Tenure[] = []
  let after: AddressPlace | undefined
  for (let looked = 0; ; ) {
    const rows = await tx.tenures.presentAround(range, after, stepRows, accounts)
    // What has lapsed is over, swept or not.
    found.push(...rows.filter((row) => row.heldUntil === undefined && isPermitted(row.account)))
    if (rows.length < stepRows) return { rows: found, isCut: false, isInsideCut: false }
    looked += rows.length
    const last = rows.at(-1)!
    // Whatever lies around comes first.
    const isInside = !contains(last.cidr, range)
    if (looked >= rowsMax || (isInside && looked >= insideRowsMax)) {
      return { rows: found, isCut: !isInside, isInsideCut: true }
    }
    after = {
      first: toKey(last.cidr),
      length: last.cidr.length,
      heldFrom: last.heldFrom,
      n: last.n,
      version: last.version,
    }
    await tx.nextTurn()
  }
}

/** What was there and is over, newest first, of whoever the caller may read the history of. */
async function readEnded(context: ReadContext, range: Cidr): Promise<readonly Tenure[]> {
  const accounts = await visibleAccounts(context, 'history:read', 'ever')
  if (accounts?.length === 0) return []
  const isPermitted = await permitterThen(context, 'history:read')
  const found: Tenure[] = []
  for (const row of await context.tx.tenures.endedAround(range, endedPerBlock, accounts)) {
    // That a pool had it is told by what its own space was.
    if (row.resourceType === linkType) continue
    if (await isPermitted(row.account, row.from, row.endsAt)) found.push(row)
  }
  return found
}
/** What a pool gives another one. */
const linkType = 'ipam-pool'

async function readNetworks(context: ReadContext, range: Cidr): Promise<readonly BroughtNetwork[]> {
  const isPermitted = await permitter(context, 'allocation:read')
  const accounts = await visibleAccounts(context, 'allocation:read', 'now')
  const found = await context.tx.finding.networksAround(range, stepRows, accounts)
  return found.filter(({ account, cidr }) => isPermitted(account) && cidr.family === range.family)
}

function isOfProvider({ settings }: ReadContext, range: Cidr): boolean {
  const own = parseCidr(range.family === 4 ? settings.providerIpv4Cidr : settings.providerIpv6Cidr)
  return own !== undefined && overlaps(own, range)
}

// Putting together ---------------------------------------------------------------------------------------------------

const providerKey = 'provider'
/** Addresses are told apart by their scope; what plans the inside of a VPC is a space of its own. */
const keyOf = ({ scopeId, plansVpc }: PoolPlace): string => plansVpc ?? scopeId ?? providerKey

const empty = (key: string, place: PoolPlace, network?: BroughtNetwork): Gathered => ({
  key,
  place,
  network,
  pools: [],
  poolsInside: [],
  around: [],
  inside: [],
  before: [],
  hasMoreInside: false,
  planned: undefined,
})

interface Read {
  readonly pools: ReadPools
  readonly present: ReadPresent
  readonly ended: readonly Tenure[]
  readonly networks: readonly BroughtNetwork[]
  readonly placeOf: ReadonlyMap<number, PoolPlace>
}

function gather(range: Cidr, { pools, present, ended, networks, placeOf }: Read): Map<string, Gathered> {
  const all = new Map<string, Gathered>()
  const at = (place: PoolPlace): Gathered => {
    const key = keyOf(place)
    const found = all.get(key) ?? empty(key, place)
    all.set(key, found)
    return found
  }
  const atPool = ({ pool }: PlacedCidr): Gathered => {
    const { scopeId, sourceResource } = pools.byNumber.get(pool)!
    return at({ scopeId, plansVpc: sourceResource?.id })
  }
  for (const placed of pools.around) atPool(placed).pools.push(placed)
  for (const placed of pools.inside) atPool(placed).poolsInside.push(placed)
  const unknown: PoolPlace = { scopeId: undefined, plansVpc: undefined }
  for (const tenure of present.rows) {
    const gathered = at(placeOf.get(tenure.pool) ?? unknown)
    if (contains(tenure.cidr, range)) gathered.around.push(tenure)
    else gathered.inside.push(tenure)
  }
  // A pool that is gone without a trace says nothing of where it was.
  for (const tenure of ended) {
    const place = placeOf.get(tenure.pool)
    if (place) at(place).before.push(tenure)
  }
  for (const network of networks) {
    const key = `brought ${network.vpcId}`
    all.set(key, empty(key, unknown, network))
  }
  for (const gathered of all.values()) {
    gathered.hasMoreInside = present.isInsideCut || pools.isInsideCut
  }
  return all
}

/** What plans a VPC belongs behind the VPC, where that is found too. */
function joinPlanned(all: readonly Gathered[]): Gathered[] {
  const planning = new Map(all.flatMap((one) => (one.place.plansVpc === undefined ? [] : [[one.place.plansVpc, one]])))
  const joined = new Set<Gathered>()
  for (const one of all) {
    const vpcs = [
      ...one.around.flatMap(({ resourceType, resourceId }) => (resourceType === 'vpc' ? (resourceId ?? []) : [])),
      ...(one.network ? [one.network.vpcId] : []),
    ]
    const planned = vpcs.map((vpc) => planning.get(vpc)).find((found) => found !== undefined && found !== one)
    if (!planned) continue
    one.planned = planned
    joined.add(planned)
  }
  return all.filter((one) => !joined.has(one)).sort((a, b) => (a.key < b.key ? -1 : 1))
}

// Describing ---------------------------------------------------------------------------------------------------------

interface Described {
  /** As `tenureKey` names them. */
  readonly described: ReadonlyMap<string, DescribedTenure>
  readonly byNumber: ReadonlyMap<number, Pool>
}
const tenureKey = ({ n, version }: Tenure): string => `${n}/${version}`

/** All that is shown of all places at once. */
async function describeTenures(
  { tx }: ReadContext,
  places: readonly Gathered[],
): Promise<ReadonlyMap<string, DescribedTenure>> {
  const each = [...places, ...places.flatMap(({ planned }) => planned ?? [])]
  const rows = each.flatMap(({ around, inside, before }) => [
    ...around,
    ...inside.slice(0, insideMax),
    ...before.slice(0, beforeMax),
  ])
  const described = await tx.tenures.describe(rows)
  return new Map(described.map((row) => [tenureKey(row), row]))
}

async function describePlace(
  context: ReadContext,
  range: Cidr,
  gathered: Gathered,
  { described, byNumber }: Described,
): Promise<FoundPlace> {
  const { tx } = context
  const { place, network, planned } = gathered
  const parts = planned ? [gathered, planned] : [gathered]
  const chain: Step[] = network ? [{ kind: 'vpc', ...network, id: network.vpcId }] : []
  for (const part of parts) chain.push(...chainOf(part, byNumber, described))
  const subnet = await subnetIn(context, chain, range)
  if (subnet) chain.push(subnet)
  const insides = parts.flatMap((part) => insideOf(part, byNumber, described))
  const { state, resting } = await stateOf(context, range, parts.at(-1)!, { chain, insides, byNumber })
  if (resting) chain.push(resting)
  const scope = place.scopeId === undefined ? undefined : await tx.ipams.findScope(place.scopeId)
  const mayRead = await permitter(context, 'ipam:read')
  const before = parts
    .flatMap((part) => part.before.slice(0, beforeMax))
    .sort((a, b) => b.endsAt! - a.endsAt!)
    .slice(0, beforeMax)
    .map((row) => described.get(tenureKey(row))!)
  return {
    space: network ? 'network' : place.scopeId === undefined ? 'provider' : (scope?.kind ?? 'private'),
    scope: scope && mayRead(scope.account) ? scope : undefined,
    chain,
    state,
    inside: insides.slice(0, insideMax),
    hasMoreInside:
      insides.length > insideMax || parts.some((part) => part.hasMoreInside || part.inside.length > insideMax),
    view: await viewOf(context, chain),
    before,
  }
}

/** Pools from the top, each with what is held of it: a pool that divides that comes behind it. */
function chainOf(
  { pools, around }: Gathered,
  byNumber: Described['byNumber'],
  described: Described['described'],
): readonly Step[] {
  const inOrder = pools
    .map(({ pool, cidr }) => ({ kind: 'pool', pool: byNumber.get(pool)!, cidr }) as const)
    .sort((a, b) => a.pool.depth - b.pool.depth || a.cidr.length - b.cidr.length)
  const shown = new Set(inOrder.map(({ pool }) => pool.id))
  const held = around.filter(
    ({ resourceType, resourceId }) => resourceType !== linkType || !shown.has(resourceId ?? ''),
  )
  const chain: Step[] = []
  // What lies further inside was allocated later, from a pool that divides what was allocated before.
  for (const row of held.toSorted((a, b) => a.n - b.n)) {
    const at = inOrder.findIndex(({ pool }) => pool.n === row.pool)
    chain.push(...inOrder.splice(0, at + 1))
    if (!byNumber.has(row.pool)) chain.push({ kind: 'hidden-pool', n: row.pool })
    chain.push({ kind: 'tenure', tenure: described.get(tenureKey(row))! })
  }
  return [...chain, ...inOrder]
}

/** In address order. What a pool below was given and that pool's own CIDR are one. */
function insideOf(
  { poolsInside, inside }: Gathered,
  byNumber: Described['byNumber'],
  described: Described['described'],
): readonly Step[] {
  const pools = poolsInside.map(({ pool, cidr }) => ({ kind: 'pool', pool: byNumber.get(pool)!, cidr }) as const)
  const shown = new Set(pools.map(({ pool }) => pool.id))
  const held = inside
    .slice(0, insideMax)
    .filter(({ resourceType, resourceId }) => resourceType !== linkType || !shown.has(resourceId ?? ''))
    .map((row) => ({ kind: 'tenure', tenure: described.get(tenureKey(row))! }) as const)
  return [...pools, ...held].sort((a, b) => {
    const [one, other] = [blockOf(a), blockOf(b)]
    return Buffer.compare(toKey(one), toKey(other)) || one.length - other.length
  })
}
const blockOf = (step: Extract<Step, { kind: 'pool' | 'tenure' }>): Cidr =>
  step.kind === 'pool' ? step.cidr : step.tenure.cidr

/** The subnet of the innermost VPC that EC2 made, where none is found as an allocation already. */
async function subnetIn({ tx }: ReadContext, chain: readonly Step[], range: Cidr): Promise<Step | undefined> {
  const named = chain.flatMap((step) => {
    if (step.kind === 'vpc') return [step.id]
    if (step.kind !== 'tenure') return []
    const { resourceType, resourceId } = step.tenure
    return resourceType === 'vpc' || resourceType === 'subnet' ? [resourceId ?? ''] : []
  })
  const last = named.at(-1)
  if (last === undefined || parseId('vpc', tx.installation, last) === undefined) return undefined
  const vpc = await tx.vpcs.find(last)
  const subnet = vpc && (await tx.vpcs.subnetOverlapping(last, range))
  if (!subnet || !contains(subnet.cidr, range)) return undefined
  return { kind: 'subnet', id: subnet.id, account: vpc.account, region: vpc.region, cidr: subnet.cidr }
}

const stateOfTenure = ({ state, resourceType }: DescribedTenure): SpaceState =>
  state === 'held' ? 'held' : resourceType === reservedType ? 'reserved' : 'allocated'

async function stateOf(
  context: ReadContext,
  range: Cidr,
  innermost: Gathered,
  {
    chain,
    insides,
    byNumber,
  }: { readonly chain: readonly Step[]; readonly insides: readonly Step[]; readonly byNumber: Described['byNumber'] },
): Promise<{ readonly state: SpaceState | undefined; readonly resting?: Step }> {
  const held = chain.findLast((step) => step.kind === 'tenure')
  const last = chain.at(-1)
  // Inside of a network that somebody has, it is what it is in the pool that divides that.
  const isInside = last?.kind === 'pool' && last.pool.divides !== undefined && last.pool.sourceResource === undefined
  if (held && !isInside) return { state: stateOfTenure(held.tenure) }
  if (chain.some(({ kind }) => kind === 'vpc')) return { state: 'allocated' }
  const pool = await poolToAsk(context, range, innermost, byNumber)
  if (pool === undefined) return { state: insides.length > 0 ? 'partly-used' : undefined }
  const { finding } = context.tx
  const rest = await finding.restingAround(pool, range)
  if (rest && !rest.isOver && !rest.isHeld) {
    const isPermitted = await permitter(context, 'allocation:read')
    const account = isPermitted(rest.account) ? rest.account : undefined
    return { state: 'quarantined', resting: { kind: 'quarantine', cidr: rest.cidr, account, endsAt: rest.endsAt } }
  }
  if (insides.length > 0) return { state: 'partly-used' }
  const isFree = rest ? rest.isOver : await finding.isFree(pool, range)
  return { state: isFree ? 'free' : 'other' }
}

/** The pool from which it would be taken, where the caller may see that. */
async function poolToAsk(
  context: ReadContext,
  range: Cidr,
  { key, pools }: Gathered,
  byNumber: Described['byNumber'],
): Promise<number | undefined> {
  const own = pools.map(({ pool }) => byNumber.get(pool)!).sort((a, b) => b.depth - a.depth)[0]
  if (own || key !== providerKey) return own?.n
  // Of everybody's: for whoever may see everything, since that it is not free tells that somebody has it.
  return (await seesAllTaken(context)) ? (await context.tx.pools.ofProvider(range.family))?.n : undefined
}

/** What is in force for whoever has it: for the type and place of the innermost. */
async function viewOf(context: ReadContext, chain: readonly Step[]): Promise<EffectiveView | undefined> {
  const held = chain.findLast((step) => step.kind === 'tenure')
  if (!held) return undefined
  const { account, region, resourceType } = held.tenure
  if (region === undefined || !(await permitter(context, 'policy:read'))(account)) return undefined
  return effectiveAt(await context.snapshot(), account, { locale: region, resourceType }, new Date(context.now))
}
