// The nearest change that would alter an answer: a few single changes in order, each confirmed by deciding again.

import { contains, formatCidr } from '../cidr.ts'
import { isForeignLocale } from '../locale.ts'
import { decide } from './decide.ts'
import { type AllocationRequest, type Candidate, candidatesInOrder, provider, type Verdict } from './decision.ts'
import type { ExceptionGrants } from './exception.ts'
import { resolve } from './resolve.ts'
import { findResourceType, isNetwork, type ResourceType } from './resource-types.ts'
import type { Trial as SettingTrial } from './setting.ts'
import { type GrantedSettings, gates, grantables } from './settings.ts'
import { type PoolFacts, type Snapshot, withException } from './snapshot.ts'
import type { RequiredTag } from './values.ts'

/** What there is to take, as somebody looked it up before: the model asks no database. */
export interface Room {
  /** Whether a pool, or the provider, has a free block of this length. */
  has(pool: string, netmaskLength: number): boolean
  /** Whether this block is a part of it, taken or not. */
  holds(pool: string, cidr: NonNullable<Candidate['cidr']>): boolean
  /** Whether exactly this block can be taken from it. */
  canTake(pool: string, cidr: NonNullable<Candidate['cidr']>): boolean
}

/** One thing to change. All but an exception are the caller's own to make. */
export type Change =
  /** Policy or space have changed since: to ask again is enough. */
  | { readonly kind: 'ask-again' }
  | { readonly kind: 'drop-explicit'; readonly dropped: string }
  | { readonly kind: 'other-pool'; readonly pool: string; readonly insteadOf: string }
  | SettingTrial['change']
  | { readonly kind: 'family'; readonly family: 4 | 6 }
  /** Asked for, and approved by somebody else. */
  | { readonly kind: 'exception'; readonly grants: ExceptionGrants }

export interface NearestChange {
  readonly change: Change
  /** The request with the change. */
  readonly request: AllocationRequest
  readonly outcome: 'allow' | 'steer' | 'warn'
  /** Where the space would come from. */
  readonly pool: string
}

interface World {
  readonly snapshot: Snapshot
  readonly now: Date
  readonly room: Room
}

/** What whoever is told may know beside what the account could take by itself (invariant I8). */
export interface Sight {
  /** Of a pool that the request does not name. */
  isSeen(pool: PoolFacts): boolean
  /** That somebody has a block of a pool, or of the provider, which the account has no right to take. */
  isTakenSeen(pool: string): boolean
}
export const seesAll: Sight = { isSeen: () => true, isTakenSeen: () => true }

/**
 * Of the pools that a block lies in and that are seen, those of which an exception is thought of: each is a decision of its own, and somebody
 * may have made a thousand of them around one block.
 */
export const poolsAroundMax = 20

/** The pools that a block lies in: where it could come from, if the account may have any of them. Those with the least around it come first. */
export function poolsAround(
  snapshot: Snapshot,
  { explicit, scopeType }: AllocationRequest,
  isSeen: Sight['isSeen'],
): readonly PoolFacts[] {
  const cidr = explicit?.cidr
  if (!cidr) return []
  const found: { readonly pool: PoolFacts; readonly length: number }[] = []
  for (const pool of snapshot.pools.values()) {
    if (scopeType !== undefined && pool.scopeType !== scopeType) continue
    const block = pool.cidrs.find((one) => contains(one, cidr))
    if (block) found.push({ pool, length: block.length })
  }
  const around: PoolFacts[] = []
  for (const { pool } of found.sort((a, b) => b.length - a.length)) {
    if (around.length === poolsAroundMax) break
    if (isSeen(pool)) around.push(pool)
  }
  return around
}

/** What a request would get now: the verdict, and the candidate that has room. */
export function answerTo(
  { snapshot, now, room }: World,
  request: AllocationRequest,
): { readonly verdict: Verdict; readonly served?: Candidate } {
  const verdict = decide(snapshot, request, now)
  if (verdict.outcome === 'deny') return { verdict }
  return { verdict, served: candidatesInOrder(verdict).find((candidate) => hasRoom(room, request, candidate)) }
}

/**
 * The first change that turns the denial of a request into a grant; undefined where no single one of these does.
 * @param sight by default that of the operator
 */
export const nearestChange = (world: World, request: AllocationRequest, sight?: Sight): NearestChange | undefined =>
  nearestOwnChange(world, request) ?? nearestException(world, request, sight)

/** The same of those that are the caller's own to make. */
export function nearestOwnChange(world: World, request: AllocationRequest): NearestChange | undefined {
  const type = findResourceType(request.resourceType, world.snapshot.resourceTypes)
  if (!type) return undefined
  for (const { change, changed } of trials(world.snapshot, request, type)) {
    const { verdict, served } = answerTo(world, changed)
    if (verdict.outcome !== 'deny' && served)
      return { change, request: changed, outcome: verdict.outcome, pool: served.pool }
  }
  return undefined
}

/**
 * The least that an exception must grant for a request that is denied to be given as it is; undefined where no exception helps. Whoever
 * may not know whether a block is taken is told of one all the same.
 * @param sight as for `nearestChange`
 */
export function nearestException(
  world: World,
  request: AllocationRequest,
  { isSeen, isTakenSeen }: Sight = seesAll,
): (NearestChange & { readonly change: { readonly kind: 'exception' } }) | undefined {
  const { room } = world
  if (!findResourceType(request.resourceType, world.snapshot.resourceTypes)) return undefined
  const told: Room = {
    ...room,
    canTake: (pool, cidr) => (isTakenSeen(pool) ? room.canTake(pool, cidr) : room.holds(pool, cidr)),
  }
  const around = poolsAround(world.snapshot, request, isSeen)
  for (const grants of grantsFor(request, around)) {
    const snapshot = withGrants(world, request, grants)
    const { verdict, served } = answerTo({ ...world, snapshot, room: told }, request)
    if (verdict.outcome !== 'deny' && served)
      return { change: { kind: 'exception', grants }, request, outcome: verdict.outcome, pool: served.pool }
  }
  return undefined
}

/** The least first: what one setting grants, what all do, then the pool that was named, those that hold the block or the provider, then both. */
function* grantsFor(request: AllocationRequest, around: readonly PoolFacts[]): Generator<ExceptionGrants> {
  const needed = grantables.flatMap(({ name, grant }) => {
    const lengths = grant.needed(request)
    return lengths ? [[name, lengths] as const] : []
  })
  const settings: GrantedSettings | undefined = needed.length === 0 ? undefined : Object.fromEntries(needed)
  for (const [name, lengths] of needed) yield { pools: [], provider: false, [name]: lengths }
  if (needed.length > 1) yield { pools: [], provider: false, ...settings }
  const named = request.explicit?.pool
  const ofPool = (pool: string) => ({ pools: [pool], provider: false })
  const ofProvider = { pools: [], provider: true }
  const places =
    named === undefined
      ? [...around.map(({ id }) => ofPool(id)), ofProvider]
      : [named === provider ? ofProvider : ofPool(named)]
  yield* places
  if (settings) yield* places.map((place) => ({ ...place, ...settings }))
}

/** The world in which the account had an exception with these grants. */
function withGrants(
  { snapshot, now }: World,
  { account, locale, resourceType }: AllocationRequest,
  grants: ExceptionGrants,
): Snapshot {
  const startsAt = now.getTime()
  const exception = {
    // Behind all ids, as the one of what is asked for now would be.
    id: '~',
    target: account,
    locale,
    resourceType,
    grants,
    startsAt,
    expiresAt: startsAt + 1,
  }
  return withException(snapshot, exception)
}

/**
 * The provider has no private space, and none for other clouds and sites; what a caller brings into a private network
 * nobody hands out.
 */
function hasRoom(
  room: Room,
  { scopeType, locale, resourceType }: AllocationRequest,
  { pool, cidr, netmaskLength }: Candidate,
): boolean {
  if (pool === provider) {
    if (cidr && scopeType !== 'public' && isNetwork(resourceType)) return true
    if (scopeType === 'private' || isForeignLocale(locale)) return false
  }
  return cidr ? room.canTake(pool, cidr) : room.has(pool, netmaskLength)
}

interface Trial {
  readonly change: Change
  readonly changed: AllocationRequest
}

function* trials(snapshot: Snapshot, request: AllocationRequest, type: ResourceType): Generator<Trial> {
  yield { change: { kind: 'ask-again' }, changed: request }
  // A reservation by hand names its pool or it is none, so that another pool comes first there.
  if (!type.isReservation) yield* dropExplicit(request)
  yield* otherPools(snapshot, request)
  if (type.isReservation) yield* dropExplicit(request)
  yield* otherSettings(snapshot, request, type)
  yield* otherFamily(request, type)
}

function* dropExplicit(request: AllocationRequest): Generator<Trial> {
  const { explicit, ...changed } = request
  if (explicit === undefined) return
  // Without its block, what the caller named as a block still needs its size.
  const netmaskLength = request.netmaskLength ?? explicit.cidr?.length
  const { pool, cidr } = explicit
  if (pool !== undefined && cidr) {
    const dropped = formatCidr(cidr)
    yield { change: { kind: 'drop-explicit', dropped }, changed: { ...changed, netmaskLength, explicit: { pool } } }
  }
  const dropped = pool ?? formatCidr(cidr!)
  yield { change: { kind: 'drop-explicit', dropped }, changed: { ...changed, netmaskLength } }
}

function* otherPools(snapshot: Snapshot, request: AllocationRequest): Generator<Trial> {
  const named = request.explicit?.pool
  if (named === undefined) return
  for (const pool of listedPools(snapshot, request)) {
    if (pool === named) continue
    const netmaskLength = request.netmaskLength ?? request.explicit?.cidr?.length
    const changed = { ...request, netmaskLength, explicit: { pool } }
    yield { change: { kind: 'other-pool', pool, insteadOf: named }, changed }
  }
}

const listedPools = (snapshot: Snapshot, request: AllocationRequest): readonly string[] =>
  (resolve(snapshot, 'enforce', request.account, request).document?.rules ?? [])
    .filter(({ skipped }) => skipped === undefined)
    .map(({ pool }) => pool)

/** What might pass the gates of settings, in the order in which they are asked. */
function* otherSettings(snapshot: Snapshot, request: AllocationRequest, type: ResourceType): Generator<Trial> {
  const { document } = resolve(snapshot, 'enforce', request.account, request)
  const named = request.explicit?.pool
  const ids = [...(named === undefined ? [] : [named]), ...listedPools(snapshot, request)]
  const pools = ids.flatMap((id) => snapshot.pools.get(id) ?? [])
  for (const { name, gate } of gates) yield* gate.trials({ request, type }, document?.[name], pools)
}

function* otherFamily(request: AllocationRequest, type: ResourceType): Generator<Trial> {
  const family = request.family === 4 ? 6 : 4
  if (!type.lengths[family] || request.explicit?.cidr) return
  yield { change: { kind: 'family', family }, changed: { ...request, family, netmaskLength: undefined } }
}

/** What would alter a decision, as a sentence: where a denial has no nearest change, that there is none. */
export function describeNext(
  { outcome }: { readonly outcome: string },
  nearest: NearestChange | undefined,
): string | undefined {
  if (nearest) return describeChange(nearest)
  return outcome === 'deny' ? 'none: no single change of the request, and no exception, would be granted.' : undefined
}

/** As one sentence, an imperative to whoever may make it. */
export function describeChange({ change, pool }: NearestChange): string {
  const from = pool === provider ? 'provider-assigned space' : `pool \`${pool}\``
  switch (change.kind) {
    case 'ask-again':
      return `Ask again: by now it would come from ${from}.`
    case 'drop-explicit':
      return `Do not name \`${change.dropped}\`: it would come from ${from}.`
    case 'other-pool':
      return `Name pool \`${change.pool}\` in place of \`${change.insteadOf}\`.`
    case 'add-tags':
      return `Add ${change.tags.map(nameOfTag).join(', ')}: it would come from ${from}.`
    case 'size':
      return `Ask for a /${change.netmaskLength}${change.insteadOf === undefined ? '' : ` in place of a /${change.insteadOf}`}: it would come from ${from}.`
    case 'family':
      return `Ask for IPv${change.family}: it would come from ${from}.`
    case 'exception':
      return `Ask for an exception that grants ${grantsText(change.grants)}: approved by somebody else, it would come from ${from}.`
  }
}
const nameOfTag = ({ key, value }: RequiredTag): string =>
  value === undefined ? `the tag \`${key}\` with any value` : `the tag \`${key}=${value}\``
const grantsText = ({ pools, provider: isProvider, ...settings }: ExceptionGrants): string => {
  const [length] = grantables.flatMap(({ name }) => settings[name]?.min ?? [])
  return [
    ...pools.map((pool) => `pool \`${pool}\``),
    ...(isProvider ? ['provider-assigned space'] : []),
    ...(length === undefined ? [] : [`a /${length}`]),
  ].join(' and ')
}
