// Decide, allocate, record: how every address and block is handed out, whoever asks and whatever for.
import { assert } from '#model/assert.ts'
import { type Cidr, contains, equals, formatCidr, overlaps, parseCidr } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { isForeignLocale } from '#model/locale.ts'
import { conclude, decide } from '#model/policy/decide.ts'
import {
  type AllocationRequest,
  type Candidate,
  candidatesInOrder,
  type Decision,
  type Denial,
  provider,
  type Verdict,
} from '#model/policy/decision.ts'
import { nothing, spelled } from '#model/policy/denial.ts'
import { type EvaluatedUse, givesFrom, isGivenByRules } from '#model/policy/existing.ts'
import { canBeDivided } from '#model/policy/nesting.ts'
import { mayUsePool } from '#model/policy/resolve.ts'
import type { Snapshot } from '#model/policy/snapshot.ts'
import { denialFacts, toldOf } from '#model/policy/told.ts'
import type { Problem } from '#model/problems/problem.ts'
import { publicSpace } from '#model/public-space.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import type { AddressAssociation } from '#store/tables/addresses.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Pool } from '#store/tables/pools.ts'
import { isSomebodyElses, observedBeside } from '../estate/in-use.ts'
import { getUsableFacts } from '../ipam/known-pools.ts'
import { isPlanEnded, refuseEndedPlan } from '../ipam/plans.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { refuseNewSpace } from '../organization/account-states.ts'
import { withLabels } from '../policy/labels.ts'
import { isCrowded, refuseBeyondProviderShare } from './provider-share.ts'
import { blocksReservedIn, endsOf, mayBeOfNetworks, reservedProblem, reserveEnds, takeForNetwork } from './reserved.ts'
import { endTenure } from './tenures.ts'

/** For what the space is taken. */
export interface Holder {
  /** As the EC2 API calls it: `eip`, `vpc`, `subnet`, `custom`, `ipam-pool`. */
  readonly resourceType: string
  /** Undefined for Elastic IPs and custom allocations, whose identifier is made of the allocation's number. */
  readonly resourceId?: string
  readonly description?: string
}

export interface GrantOptions {
  /** How EC2 says that nothing is left: in its size wording (blocks) or as missing capacity (addresses). */
  readonly whenFull: 'size' | 'capacity'
  readonly allowed?: readonly Cidr[]
  readonly disallowed?: readonly Cidr[] | undefined
  /** The VPC whose subnets have what they have. */
  readonly besideSubnetsOf?: string | undefined
  /** What the caller names must be in a pool: nothing is brought along, as blocks for networks can be. */
  readonly isFromPools?: true
  /** The space is only held: what rests cannot be had, not even by who gave it back, or giving up a hold would end its rest. */
  readonly isHeld?: true
  /** It is in use already: whoever says so is right. */
  readonly isInUse?: true
}

export interface Grant {
  readonly cidr: Cidr
  readonly decision: Decision
  /** Undefined where the caller brought space that no pool holds. */
  readonly allocation?: Allocation
  readonly pool?: Pool
}

/** A pool as its owner or a principal it is shared with may name it; see `getUsableFacts` for what others are told. */
export async function getUsablePool(context: ReadContext, id: string): Promise<Pool> {
  const pool = await findPool(context, id, () => context.tx.pools.find(id))
  if (!pool?.scopeId || !mayUsePool(await context.snapshot(), context.caller.account, id, context.now)) {
    await getUsableFacts(context, context.caller.account, id)
    refuse({ code: 'NotFound', what: 'ipam-pool', id })
  }
  return pool
}

/**
 * Asks policy, takes the space, and puts both on record; all in the caller's transaction.
 * Refuses where policy denies, or where no candidate has room and policy does not fall back to the provider; by the members
 * `cidr`, `poolId` and `netmaskLength` of the request, and by `family`, `scopeType` and `resourceType`.
 */
export async function grant(
  context: WriteContext,
  request: AllocationRequest,
  holder: Holder,
  options: GrantOptions,
): Promise<Grant> {
  const { cidr, pool, decision, number } = await takeAsDecided(context, request, options)
  const n = pool && context.newSequence()
  if (decision.exception !== undefined) {
    const { account } = request
    const { resourceType, resourceId } = holder
    const used = { decision: number, allocation: n, cidr, resourceType, resourceId, account }
    await context.tx.exceptions.use(decision.exception, used)
  }
  if (!pool || n === undefined) return { cidr, decision }
  const allocation: Allocation = {
    n,
    pool: pool.n,
    cidr,
    resourceType: holder.resourceType,
    resourceId: holder.resourceId,
    account: request.account,
    region: context.region,
    description: holder.description,
    decision: number,
    createdAt: context.now,
  }
  await context.tx.space.record(allocation)
  return { cidr, decision, allocation, pool }
}

/**
 * Space that is in use already, whoever gave it: it is taken as it is, and what policy says of it is on record with it, also where that
 * is no. Nothing that anybody asks for is given this way. Undefined, and nothing taken, where the pool has not all of it free.
 */
export async function takeInUse(
  context: WriteContext,
  { answer, ...asked }: EvaluatedUse,
  { pool, cidr }: { readonly pool: Pool; readonly cidr: Cidr },
  holder: Holder,
): Promise<{ readonly allocation: Allocation; readonly decision: Decision } | undefined> {
  const { explicit: _, ...unnamed } = asked.request
  const exactly = { pool: pool.id, cidr, netmaskLength: cidr.length }
  const taken = await takeCandidate(context, exactly, unnamed, { whenFull: 'size', isFromPools: true, isInUse: true })
  if (!taken) return undefined
  assert(taken.pool?.id === pool.id && equals(taken.cidr, cidr), 'what is in use is taken as it is')
  const number = context.newSequence()
  const isAllowed = answer === 'allowed'
  // Whoever has it could have named it exactly.
  const request = isAllowed ? { ...unnamed, explicit: { pool: pool.id, cidr } } : asked.request
  const at = new Date(context.now)
  const verdict = isAllowed ? decide(await context.snapshot(), request, at) : asked.verdict
  assert(!isAllowed || givesFrom(verdict, pool.id, cidr), 'what complies could have been asked for')
  const identity = { id: formatId('decision', context.tx.installation, number), at, request }
  const decision: Decision = isAllowed
    ? conclude(verdict, identity, { pool: pool.id, cidr })
    : {
        ...conclude(verdict, identity, undefined),
        outcome: 'deny',
        // What it would have let have is somewhere else.
        exception: undefined,
        denial: verdict.denial ?? notFrom(verdict, pool.id),
      }
  context.record(decision)
  const { account } = request
  const { resourceType, resourceId, description } = holder
  const n = context.newSequence()
  if (decision.exception !== undefined) {
    const used = { decision: number, allocation: n, cidr, resourceType, resourceId, account }
    await context.tx.exceptions.use(decision.exception, used)
  }
  const { region } = context
  const allocation: Allocation = {
    ...{ n, pool: pool.n, cidr, resourceType, resourceId, account, region, description, decision: number },
    createdAt: context.now,
  }
  await context.tx.space.record(allocation)
  return { allocation, decision }
}
/** Policy says where from, and this is from somewhere else. */
function notFrom({ policy, target, candidates, ifExhausted }: Verdict, pool: string): Denial {
  const { owner } = ifExhausted
  return {
    cause: policy ? 'explicit' : 'unmatched',
    setting: policy ? 'on-explicit' : 'unmatched',
    value: { is: pool },
    allowed: policy ? { pools: candidates.map((one) => one.pool) } : nothing,
    by:
      policy && target !== undefined && owner !== undefined
        ? { policy: policy.id, version: policy.version, target, owner }
        : undefined,
    owner,
  }
}

/** Space that is nobody's yet: who takes it must say whose it is. */
export interface Taken {
  readonly cidr: Cidr
  /** Undefined where the caller brought space that no pool holds. */
  readonly pool?: Pool
  readonly decision: Decision
  readonly number: number
}

/** The part of a grant that holds have too: asks policy, takes the space, and puts the decision on record. */
export async function takeAsDecided(
  context: WriteContext,
  request: AllocationRequest,
  options: GrantOptions,
): Promise<Taken> {
  const snapshot = context.snapshotAtHand ?? (await context.snapshot())
  refuseNewSpace(snapshot, request.account)
  const { verdict, number, identity } = ask(context, snapshot, request)
  if (verdict.outcome === 'deny') {
    const decision = conclude(verdict, identity, undefined)
    if (options.isFromPools && verdict.denial?.pool === provider) refuseWithoutPool(context, request, decision)
    return refuseDecision(context, decision)
  }
  for (const candidate of candidatesInOrder(verdict)) {
    const taken = await takeCandidate(context, candidate, request, options)
    if (!taken) continue
    assertAsDecided(candidate, request, options, taken)
    const decision = conclude(verdict, identity, { pool: candidate.pool, cidr: taken.cidr })
    context.record(decision, { isGiven: isGivenByRules(snapshot, decision) })
    return { cidr: taken.cidr, pool: taken.pool, decision, number }
  }
  return refuseExhausted(context, request, verdict, conclude(verdict, identity, 'exhausted'), options)
}

/** What is handed out is what policy was asked about and allowed, and nothing else (invariant I4). */
function assertAsDecided(
  { pool, cidr: wanted, netmaskLength }: Candidate,
  { family }: AllocationRequest,
  { allowed, disallowed = [] }: GrantOptions,
  taken: { readonly cidr: Cidr; readonly pool?: Pool },
): void {
  const { cidr } = taken
  const facts = () =>
    `${formatCidr(cidr)} of ${taken.pool?.id ?? 'no pool'} is given where ${wanted ? formatCidr(wanted) : `a /${netmaskLength}`} of ${pool} (IPv${family}) was allowed`
  assert(cidr.family === family && (pool === provider || pool === taken.pool?.id), facts)
  assert(wanted ? equals(cidr, wanted) : cidr.length === netmaskLength, facts)
  if (wanted) return
  assert(!allowed || allowed.some((region) => contains(region, cidr)), facts)
  assert(!disallowed.some((other) => overlaps(other, cidr)), facts)
}

/** Asks policy without taking anything: what `grant` would try, for previews. Refuses as `grant` does. */
export async function previewGrant(
  context: WriteContext,
  request: AllocationRequest,
  options: GrantOptions,
): Promise<Cidr> {
  refuseNewSpace(await context.snapshot(), request.account)
  const { verdict, identity } = ask(context, await context.snapshot(), request)
  if (verdict.outcome === 'deny') return refuseDecision(context, conclude(verdict, identity, undefined))
  const { account } = request
  for (const candidate of candidatesInOrder(verdict)) {
    const pool = await poolOf(context, candidate.pool, request.family)
    if (isPlanEnded(await context.snapshot(), pool)) continue
    if (endsOf(pool)) await reserveEnds(context, pool)
    const cidr = await previewBlock(context, pool, candidate, request, options)
    if (!cidr) continue
    if (pool.scopeId !== undefined) {
      context.wouldGive({ pool: pool.id, cidr, account, isNamed: request.explicit?.cidr !== undefined })
    }
    return cidr
  }
  return refuseExhausted(context, request, verdict, conclude(verdict, identity, 'exhausted'), options)
}

/** The block that a pool would give an account next, of those that policy lets it have. */
export async function previewNext(
  context: ReadContext,
  pool: Pool,
  wanted: Pick<WantedBlock, 'account' | 'length'>,
): Promise<Cidr | undefined> {
  const disallowed = await around(context, pool, wanted, { avoids: pool.avoidsObserved === true })
  return disallowed && context.tx.space.preview(pool.n, pool.family, { length: wanted.length, disallowed })
}

/** What `takeBlock` would take, and nothing is taken. */
async function previewBlock(
  context: WriteContext,
  pool: Pool,
  candidate: Candidate,
  { account }: AllocationRequest,
  options: GrantOptions,
): Promise<Cidr | undefined> {
  const { space } = context.tx
  const avoids = pool.avoidsObserved === true
  if (candidate.cidr) {
    if (avoids && (await isSomebodyElses(context, pool, candidate.cidr, account))) return undefined
    if (await isOfSubnet(context, pool, candidate.cidr)) return undefined
    return (await space.previewExactly(pool.n, candidate.cidr)) ? candidate.cidr : undefined
  }
  const params = { length: candidate.netmaskLength, allowed: options.allowed }
  const disallowed = await around(context, pool, { ...params, account }, { ...options, avoids })
  return disallowed && space.preview(pool.n, pool.family, { ...params, disallowed })
}

/**
 * Asks policy about an address that the caller already holds and now wants to use, and puts the decision on record; takes
 * nothing. Refuses where policy denies, and where it would steer elsewhere: what is named cannot become another.
 * @param request names the address and the pool that holds it (`provider` for the provider's own)
 */
export async function authorizeHeldAddress(
  context: WriteContext,
  request: AllocationRequest & { readonly explicit: { readonly pool: string; readonly cidr: Cidr } },
): Promise<Decision> {
  const { verdict, number, identity } = ask(context, await context.snapshot(), request)
  if (verdict.outcome === 'deny') return refuseDecision(context, conclude(verdict, identity, undefined))
  const { pool, cidr } = request.explicit
  const isAllowed = verdict.candidates.some((candidate) => candidate.pool === pool && candidate.cidr)
  if (!isAllowed) return refuseElsewhere(context, verdict, identity, pool)
  const decision = conclude(verdict, identity, { pool, cidr })
  context.record(decision)
  if (decision.exception !== undefined) {
    const { resourceType, resource, account } = request
    const used = { decision: number, cidr, resourceType, resourceId: resource, account }
    await context.tx.exceptions.use(decision.exception, used)
  }
  return decision
}

/**
 * Asks policy again what it was asked when space was held, for the length that is held, and puts the decision on record;
 * takes nothing. Refuses where policy denies by now, or would give other space.
 */
export async function authorizeHeldSpace(
  context: WriteContext,
  question: AllocationRequest,
  held: { readonly pool: Pool; readonly cidr: Cidr },
): Promise<{ readonly decision: Decision; readonly number: number }> {
  refuseNewSpace(await context.snapshot(), question.account)
  if (isPlanEnded(await context.snapshot(), held.pool)) refuseEndedPlan(held.pool)
  const request = { ...question, netmaskLength: held.cidr.length }
  const { verdict, identity, number } = ask(context, await context.snapshot(), request)
  if (verdict.outcome === 'deny') return refuseDecision(context, conclude(verdict, identity, undefined))
  const pool = held.pool.scopeId === undefined ? provider : held.pool.id
  const candidate = candidateFor(verdict, { pool, cidr: held.cidr })
  if (!candidate) return refuseElsewhere(context, verdict, identity, pool)
  // The others were not tried this time, so nothing is said of them.
  const only = { ...verdict, candidates: [candidate], endings: new Map() }
  const decision = conclude(only, identity, { pool, cidr: held.cidr })
  context.record(decision)
  return { decision, number }
}

/** What a verdict would let the allocator try, and that what is held can be; undefined where it would be other space. */
export const candidateFor = (
  verdict: Verdict,
  held: { readonly pool: string; readonly cidr: Cidr },
): Candidate | undefined =>
  candidatesInOrder(verdict).find(
    ({ pool, netmaskLength, cidr }) =>
      pool === held.pool && netmaskLength === held.cidr.length && (!cidr || equals(cidr, held.cidr)),
  )

/** What is held or named cannot become another. */
function refuseElsewhere(context: WriteContext, verdict: Verdict, identity: Identity, pool: string): Promise<never> {
  const { candidates } = verdict
  return refuseDecision(context, {
    ...conclude(verdict, identity, undefined),
    outcome: 'deny',
    denial: {
      ...notFrom(verdict, pool),
      cause: 'explicit',
      setting: 'on-explicit',
      allowed: { pools: candidates.map((one) => one.pool) },
    },
  })
}

/**
 * Ends an allocation with its tags; its space rests as long as its pool says before anybody else can have it.
 * @param association what used an Elastic IP until now, where that ends in the same request
 */
export async function release(
  context: WriteContext,
  allocation: Allocation,
  association?: AddressAssociation,
): Promise<void> {
  const pool = await context.tx.pools.findByNumber(allocation.pool)
  await endTenure(context, allocation, context.now + (await quarantineMs(context, pool)), association)
}

/** How long released space of a pool rests, in milliseconds. */
export async function quarantineMs(context: WriteContext, pool: Pool | undefined): Promise<number> {
  if (pool?.quarantineSeconds !== undefined) return pool.quarantineSeconds * 1000
  const isPublic = !pool?.scopeId || (await context.snapshot()).pools.get(pool.id)?.scopeType === 'public'
  return isPublic ? context.settings.quarantineSecondsPublic * 1000 : 0
}

/** The provider's own space of a family; made from the configured range when it is first needed. */
export async function providerPool(context: WriteContext, family: 4 | 6): Promise<Pool> {
  const known = await context.tx.pools.ofProvider(family)
  // To take space is nothing governed, and whoever takes first changes nothing for others.
  return known ?? context.tx.aside(() => makeProviderPool(context, family))
}
async function makeProviderPool(context: WriteContext, family: 4 | 6): Promise<Pool> {
  const n = context.newSequence()
  const pool: Pool = {
    n,
    id: formatId('pool', context.tx.installation, n),
    scopeId: undefined,
    ipamId: undefined,
    account: provider,
    parent: undefined,
    depth: 1,
    locale: undefined,
    family,
    description: 'Provider-assigned addresses',
    awsService: undefined,
    publicIpSource: 'amazon',
    publiclyAdvertisable: undefined,
    autoImport: false,
    minNetmaskLength: undefined,
    maxNetmaskLength: undefined,
    defaultNetmaskLength: undefined,
    requiredTags: [],
    sourceResource: undefined,
    sourceAllocation: undefined,
    divides: undefined,
    reservedFirst: undefined,
    reservedLast: undefined,
    quarantineSeconds: undefined,
    avoidsObserved: undefined,
    isLocaleInherited: false,
    createdAt: context.now,
  }
  const cidr = parseCidr(family === 4 ? context.settings.providerIpv4Cidr : context.settings.providerIpv6Cidr)!
  // The setting may have changed since the range was kept free for the provider.
  if (await context.tx.pools.topLevelOverlap(publicSpace, cidr)) {
    refuse({ code: 'NotEligible', problem: { why: 'provider-range-taken', family, range: formatCidr(cidr) } })
  }
  await context.tx.pools.insert(pool)
  await context.tx.pools.insertCidr({
    id: context.newId('poolCidr'),
    pool: n,
    cidr,
    state: 'provisioned',
    failureCode: undefined,
    failure: undefined,
    parentAllocation: undefined,
    createdAt: context.now,
  })
  await context.tx.space.add(n, cidr)
  await context.governanceChanged('nothing')
  return pool
}

interface Identity {
  readonly id: string
  readonly at: Date
  readonly request: AllocationRequest
}
function ask(context: WriteContext, snapshot: Snapshot, request: AllocationRequest) {
  const at = new Date(context.now)
  const verdict = decide(snapshot, request, at)
  const number = context.newSequence()
  const id = formatId('decision', context.tx.installation, number)
  return { verdict, number, identity: { id, at, request } }
}

/** Pools change only where governance does, so one reading is good for a snapshot's life. */
const poolsOfSnapshot = new WeakMap<Snapshot, Map<string, Pool>>()

async function findPool(
  context: ReadContext,
  name: string,
  find: () => Promise<Pool | undefined>,
): Promise<Pool | undefined> {
  const snapshot = context.snapshotAtHand ?? (await context.snapshot())
  const pools = poolsOfSnapshot.get(snapshot) ?? new Map<string, Pool>()
  poolsOfSnapshot.set(snapshot, pools)
  const known = pools.get(name)
  if (known) return known
  const pool = await find()
  // A provider pool that was just made has moved the epoch: it is remembered with the next snapshot, if it commits.
  if (pool && context.isCounted && (await context.snapshot()) === snapshot) pools.set(name, pool)
  return pool
}
const poolName = (id: string, family: 4 | 6): string => (id === provider ? `${id}-${family}` : id)
/** A pool that was read before, since governance changed last. */
function poolAtHand({ snapshotAtHand }: ReadContext, id: string, family: 4 | 6): Pool | undefined {
  return snapshotAtHand && poolsOfSnapshot.get(snapshotAtHand)?.get(poolName(id, family))
}
async function poolOf(context: WriteContext, id: string, family: 4 | 6): Promise<Pool> {
  const find = id === provider ? () => providerPool(context, family) : () => context.tx.pools.find(id)
  const pool = await findPool(context, poolName(id, family), find)
  return pool ?? refuse({ code: 'NotFound', what: 'ipam-pool', id })
}

/** Takes one candidate, where it has room. Whether it may be taken is for who calls to have asked. */
export async function takeCandidate(
  context: WriteContext,
  candidate: Candidate,
  request: AllocationRequest,
  options: GrantOptions,
): Promise<{ cidr: Cidr; pool?: Pool } | undefined> {
  if (candidate.pool === provider) {
    // Space that the caller brings into a private network: nobody hands it out, so there is nothing to take.
    const isBrought = candidate.cidr && request.scopeType !== 'public' && !options.isFromPools
    if (isBrought) return { cidr: candidate.cidr! }
    // The provider stands for Amazon: it has no private space, and none for other clouds and sites.
    if (request.scopeType === 'private' || isForeignLocale(request.locale)) return undefined
  }
  const { family } = request
  const pool = poolAtHand(context, candidate.pool, family) ?? (await poolOf(context, candidate.pool, family))
  if (pool.sourceResource && isPlanEnded(await context.snapshot(), pool)) {
    return request.explicit?.pool === pool.id ? refuseEndedPlan(pool) : undefined
  }
  if (candidate.pool === provider) return takeOfProvider(context, pool, candidate, request, options)
  const take = () => takeBlock(context, pool, candidate, request, options)
  const cidr = endsOf(pool) ? await takeBesideReserved(context, pool, candidate, request, take) : await take()
  return cidr && { cidr, pool }
}

async function takeBlock(
  context: WriteContext,
  pool: Pool,
  candidate: Candidate,
  { account }: AllocationRequest,
  options: GrantOptions,
): Promise<Cidr | undefined> {
  const { space } = context.tx
  const avoids = pool.avoidsObserved === true && !options.isInUse
  if (candidate.cidr) {
    if (avoids && (await isSomebodyElses(context, pool, candidate.cidr, account))) return undefined
    if (await isOfSubnet(context, pool, candidate.cidr)) return undefined
    const isFree =
      (await space.takeExactly(pool.n, candidate.cidr)) === 'taken' ||
      (!options.isHeld && (await context.tx.resting.reclaim(pool.n, candidate.cidr, account)))
    return isFree ? candidate.cidr : undefined
  }
  const params = { length: candidate.netmaskLength, allowed: options.allowed }
  const disallowed = await around(context, pool, { ...params, account }, { ...options, avoids })
  return disallowed && space.take(pool.n, pool.family, { ...params, disallowed })
}

/** What divides a network hands out nothing that the network reserves, but to networks inside where the cloud does not say so. */
async function takeBesideReserved(
  context: WriteContext,
  pool: Pool,
  candidate: Candidate,
  { resourceType }: AllocationRequest,
  take: () => Promise<Cidr | undefined>,
): Promise<Cidr | undefined> {
  const { resourceTypes } = await context.snapshot()
  const type = resourceTypes.get(resourceType)
  if (mayBeOfNetworks(pool, resourceTypes)) {
    if (type && canBeDivided(type)) return takeForNetwork(context, pool, { ...candidate, type }, take)
    await reserveEnds(context, pool)
  }
  const { cidr } = candidate
  if (cidr && (await blocksReservedIn(context, pool)).some((block) => overlaps(block, cidr))) return undefined
  return take()
}

/** The provider's space is everybody's: where little is left, nobody gets more than their share of it. */
async function takeOfProvider(
  context: WriteContext,
  pool: Pool,
  { cidr: wanted, netmaskLength: length }: Candidate,
  { account }: AllocationRequest,
  options: GrantOptions,
): Promise<{ cidr: Cidr; pool: Pool } | undefined> {
  const { space } = context.tx
  const { allowed, isHeld } = options
  // What rests of the account's own is counted as its own already.
  if (wanted && !isHeld && (await context.tx.resting.reclaim(pool.n, wanted, account))) return { cidr: wanted, pool }
  const before = isCrowded(context, pool)
  if (before) await refuseBeyondProviderShare(context, pool, { account, length })
  const takeAround = async () => {
    const disallowed = await around(context, pool, { length, allowed, account }, options)
    return disallowed && space.take(pool.n, pool.family, { length, allowed, disallowed })
  }
  const cidr = wanted ? (await space.takeExactly(pool.n, wanted)) === 'taken' && wanted : await takeAround()
  if (!cidr) return undefined
  // Who takes reads the counters: it was not to be read for this alone.
  if (before === undefined && isCrowded(context, pool)) {
    await refuseBeyondProviderShare(context, pool, { account, length })
  }
  return { cidr, pool }
}

/** What subnets of the VPC that a pool plans have already, wherever they have it from, the pool does not hand out. */
const isOfSubnet = async ({ tx }: ReadContext, { sourceResource }: Pool, cidr: Cidr): Promise<boolean> =>
  sourceResource !== undefined && (await tx.vpcs.subnetOverlapping(sourceResource.id, cidr)) !== undefined

/** Subnets that are gone around at once, and how often: a VPC may have very many, and everybody waits meanwhile. */
const subnetsAtOnce = 128
const subnetsPassed = 16
/** Where something is in use beside subnets, and the other way round. */
const roundsMax = 8

interface WantedBlock {
  readonly length: number
  readonly allowed?: readonly Cidr[] | undefined
  readonly account: string
}
type Around = Pick<GrantOptions, 'disallowed' | 'besideSubnetsOf'> & { readonly avoids?: boolean }
/** What a pool is to go around for what it gives next to be nobody's: not all of it, but what stands there; undefined: that is too much. */
async function around(
  context: ReadContext,
  pool: Pool,
  { account, ...wanted }: WantedBlock,
  { disallowed = [], besideSubnetsOf, avoids }: Around,
): Promise<readonly Cidr[] | undefined> {
  const vpcs = [...new Set([pool.sourceResource?.id, besideSubnetsOf])].filter((id) => id !== undefined)
  if (vpcs.length === 0 && !avoids) return disallowed
  let found: readonly Cidr[] = disallowed
  for (let round = 0; round < roundsMax; round++) {
    const before = found.length
    for (const vpcId of vpcs) {
      const held = await besideSubnets(context, pool, vpcId, { ...wanted, disallowed: found })
      if (!held) return undefined
      found = [...found, ...held]
    }
    if (avoids) {
      const seen = await observedBeside(context, pool, { ...wanted, account, disallowed: found })
      if (!seen) return undefined
      found = [...found, ...seen]
    }
    // With one of them alone there is nobody beside whom the other would have to look again.
    if (found.length === before || vpcs.length + (avoids ? 1 : 0) === 1) return found
  }
  return undefined
}

async function besideSubnets(
  { tx }: ReadContext,
  pool: Pool,
  vpcId: string,
  { disallowed, ...wanted }: Omit<WantedBlock, 'account'> & { readonly disallowed: readonly Cidr[] },
): Promise<readonly Cidr[] | undefined> {
  const held: Cidr[] = []
  for (let passed = 0; passed < subnetsPassed; passed++) {
    const next = await tx.space.preview(pool.n, pool.family, { ...wanted, disallowed: [...disallowed, ...held] })
    const subnet = next && (await tx.vpcs.subnetOverlapping(vpcId, next))
    if (!subnet) return held
    held.push(...(await tx.vpcs.subnetBlocksFrom(vpcId, subnet.cidr, subnetsAtOnce)))
    await tx.nextTurn()
  }
  return undefined
}

async function refuseDecision(context: WriteContext, decision: Decision): Promise<never> {
  context.record(decision)
  const explained = await withLabels(context.tx, await context.snapshot(), decision)
  const told = toldOf(explained)
  const refusal = decision.denial && refusalOfPool(decision.denial)
  return refuse(
    refusal ? { ...refusal, told } : { code: 'DeniedByPolicy', decision: decision.id, told, ...denialFacts(explained) },
  )
}

/** What a request of no type of resource has wrong, by the name of the decision's setting. */
const memberOf: Readonly<Record<string, string>> = {
  'address-family': 'family',
  'netmask-length': 'netmaskLength',
  'resource-type': 'resourceType',
  scope: 'scopeType',
}

/** Where the pool itself or the kind of resource says no, EC2 has codes and wording of its own, which clients match on. */
function refusalOfPool({
  cause,
  setting,
  value: asked,
  allowed,
  isWithheld,
  pool,
  missingTags,
}: Denial): Refusal | undefined {
  const value = spelled(asked) ?? ''
  if (cause === 'resource-type') {
    return { code: 'InvalidParameterValue', field: memberOf[setting]!, value, problem: { why: 'policy-says' } }
  }
  if (cause !== 'pool-rule') return undefined
  if (missingTags && pool !== undefined) return { code: 'MissingRequiredTags', pool, missing: missingTags }
  if (setting === 'cidr') {
    const problem = {
      why: 'not-in-pool',
      pool: pool!,
      cidrs: isWithheld ? 'withheld' : 'oneOf' in allowed ? allowed.oneOf : [],
    } as const
    return { code: 'InvalidParameterValue', field: 'cidr', value, problem }
  }
  if (setting === 'netmask-length') {
    return { code: 'InvalidParameterCombination', problem: { why: 'no-default-length' } }
  }
  return setting.endsWith('netmask-length')
    ? { code: 'InvalidParameterValue', field: 'netmaskLength', value, problem: { why: 'policy-says' } }
    : { code: 'InvalidParameterValue', field: 'poolId', value: pool ?? value, problem: { why: 'policy-says' } }
}

async function refuseExhausted(
  context: WriteContext,
  request: AllocationRequest,
  verdict: Verdict,
  decision: Decision,
  options: GrantOptions,
): Promise<never> {
  if (options.isFromPools) refuseWithoutPool(context, request, decision)
  context.record(decision)
  const wanted = verdict.candidates.find(({ cidr }) => cidr)?.cidr
  if (wanted) await refuseBlock(context, { verdict, wanted, account: request.account })
  const candidate = verdict.candidates[0]!
  const explained = await withLabels(context.tx, await context.snapshot(), decision)
  if (!decision.policy && options.whenFull === 'size') {
    refuse({
      code: 'InvalidParameterValue',
      field: 'netmaskLength',
      value: String(candidate.netmaskLength),
      problem: { why: 'too-big-for-pool', contact: explained.poolContact },
    })
  }
  refuse({
    code: 'Exhausted',
    decision: decision.id,
    pool: candidate.pool,
    length: candidate.netmaskLength,
    told: toldOf(explained),
    ...denialFacts(explained),
  })
}

/** Where nothing names a pool, and the provider has no such space, looking would find nothing. */
function refuseWithoutPool(
  context: WriteContext,
  { resourceType, locale, scopeType }: AllocationRequest,
  decision: Decision,
): void {
  if (decision.candidates.some(({ pool }) => pool !== provider)) return
  if (scopeType !== 'private' && !isForeignLocale(locale)) return
  context.record(decision)
  refuse({ code: 'NotEligible', problem: { why: 'no-pool-given', resourceType, locale } })
}

interface Wanted {
  readonly verdict: Verdict
  readonly wanted: Cidr
  readonly account: string
}

/** Why a certain block cannot be had. Names what stands in the way, but nobody else's resource. */
async function refuseBlock(context: WriteContext, { verdict, wanted, account }: Wanted): Promise<never> {
  const value = formatCidr(wanted)
  const pool = await poolAround(context, verdict, wanted)
  if (!pool) refuseValue('cidr', value, { why: 'not-in-space' })
  const rest = await context.tx.resting.in(pool.n, wanted)
  const conflict = (problem: Problem): never => refuse({ code: 'CidrConflict', field: 'cidr', value, problem })
  if (rest && rest.until > context.now) {
    if (rest.isHeld) conflict({ why: 'held-for-somebody' })
    conflict({ why: 'in-quarantine', until: rest.until })
  }
  const [holder] = await context.tx.allocations.inside(pool.n, wanted, 1)
  const reserved = await reservedProblem(context, pool, wanted)
  if (reserved !== undefined) conflict(reserved)
  return conflict(
    holder?.account === account
      ? {
          why: 'overlaps-allocation',
          allocation: formatId('allocation', context.tx.installation, holder.n),
          cidr: formatCidr(holder.cidr),
        }
      : { why: 'allocated-already' },
  )
}

async function poolAround(context: WriteContext, verdict: Verdict, wanted: Cidr): Promise<Pool | undefined> {
  for (const candidate of verdict.candidates) {
    const pool = await poolOf(context, candidate.pool, wanted.family)
    const cidrs = await context.tx.pools.cidrs(pool.n)
    if (cidrs.some(({ cidr }) => contains(cidr, wanted))) return pool
  }
  return undefined
}
