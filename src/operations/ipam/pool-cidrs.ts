// What can be done with the CIDRs of pools: provisioned from a scope, a parent pool, Amazon or a VPC, and taken away again.
import { assert } from '#model/assert.ts'
import { bitsOf, type Cidr, equals, formatCidr, overlaps, parseCidr, toKey } from '#model/cidr.ts'
import type { CidrFailure } from '#model/cidr-failure.ts'
import { subtract } from '#model/free-space.ts'
import { formatId } from '#model/identifier.ts'
import { amazonLengthProblem, cidrProblem, liesWithin, type PoolProblem } from '#model/pool.ts'
import type { Problem } from '#model/problems/problem.ts'
import { publicSpace, publicSpaceProblem } from '#model/public-space.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Ipam } from '#store/tables/ipams.ts'
import type { NewPoolCidr, Pool, PoolCidr } from '#store/tables/pools.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { refuseNewSpace } from '../organization/account-states.ts'
import { refuseTooManyPoolCidrs } from '../policy/account-bounds.ts'
import { providerPool } from '../space/grant.ts'
import { refuseBeyondProviderShare } from '../space/provider-share.ts'
import { endsOf, giveUpReserved, reserveEnds } from '../space/reserved.ts'
import { type PoolAt, refuseTooMany } from './access.ts'
import { isPlanEnded, refuseEndedPlan } from './plans.ts'
import { finishDeprovisioning, hasLeft, removeSpace } from './pool-removal.ts'

/** Our own bound, above Amazon's quota of 50; failed ones count, so that retries cannot grow the list without end. */
const cidrsPerPoolMax = 1_000
/** Where unique local space is chosen from when only a length is given (VPC IPAM User Guide, private IPv6), and the lengths. */
const uniqueLocalSpace: Cidr = { family: 6, first: 0xfd80n << 112n, length: 9 }
const uniqueLocalLengthMax = 60

/** One of the two. */
export interface CidrSpec {
  /** This space. */
  readonly cidr?: Cidr
  /** Any space of this length. */
  readonly netmaskLength?: number
  /** The request proves that the space is the caller's own. */
  readonly hasProof?: boolean
}

/**
 * Gives a pool space: from its parent, its scope, or wherever its space comes from.
 * @param context acts for the owner of the pool, in its home Region
 * @param action what the caller is not authorized to do where it may not provision public space, as its API calls it
 * @returns the CIDR, which is `failed-provision` where the space cannot be had: whether that is refused is for the face
 */
export async function provisionPoolCidr(
  context: WriteContext,
  poolAt: PoolAt,
  spec: CidrSpec,
  action: string,
): Promise<PoolCidr> {
  const params = readParams(spec)
  const { pool } = poolAt
  await finishDeprovisioning(context)
  const source = await sourceOf(context, poolAt)
  await refuseUnlessMayProvision(context, source, poolAt, action)
  const snapshot = await context.snapshot()
  refuseNewSpace(snapshot, pool.account)
  if (isPlanEnded(snapshot, pool)) refuseEndedPlan(pool)
  await refuseUnfit(context, source, poolAt, params)
  if (!spec.hasProof) refuseWithoutProof(context, source, poolAt)
  const before = await context.tx.pools.cidrs(pool.n)
  const same = before.filter((one) => params.cidr && equals(one.cidr, params.cidr))
  refuseProvisioned(pool, same)
  for (const failed of same) await forget(context, pool, failed)
  refuseTooMany({ of: 'cidrs-in-pool' }, cidrsPerPoolMax, before.length - same.length + 1)
  await refuseTooManyPoolCidrs(context, pool.account)

  const got = await takeFrom(context, source, poolAt, params)
  const provisioned: NewPoolCidr = {
    id: context.newId('poolCidr'),
    pool: pool.n,
    cidr: got.cidr,
    state: got.failure === undefined ? 'provisioned' : 'failed-provision',
    failureCode: got.failure === undefined ? undefined : 'cidr-not-available',
    failure: got.failure,
    parentAllocation: got.allocation,
    createdAt: context.now,
  }
  await context.tx.pools.insertCidr(provisioned)
  if (provisioned.state === 'provisioned') {
    await context.tx.space.add(pool.n, provisioned.cidr)
    await reserveEnds(context, pool)
    await context.governanceChanged('nothing')
  }
  context.tx.history.began(...versionOf(pool, provisioned))
  context.changed(pool.id, provisioned.id)
  return { ...provisioned, leavesAt: undefined }
}

/**
 * Takes space away from a pool. Where released space in it still rests, it leaves the pool when the last rest ends.
 * @returns the CIDR as it was, and why it cannot be taken away: whether that is refused is for the face
 */
export async function deprovisionPoolCidr(
  context: WriteContext,
  pool: Pool,
  cidr: Cidr,
): Promise<{ readonly was: PoolCidr; readonly problem: CidrFailure | undefined }> {
  await finishDeprovisioning(context)
  const was = await getProvisioned(context, pool, cidr)
  let problem: CidrFailure | undefined
  if (was.state === 'failed-provision') await forget(context, pool, was)
  else if (was.state !== 'pending-deprovision') problem = await takeAway(context, pool, was)
  context.changed(pool.id, was.id)
  return { was, problem }
}

/** Gives a pool space, or refuses: nothing stays of what failed. The parameters are those of `provisionPoolCidr`. */
export async function provisionAtOnce(...params: Parameters<typeof provisionPoolCidr>): Promise<PoolCidr> {
  const made = await provisionPoolCidr(...params)
  if (made.state === 'failed-provision') {
    const problem = { why: 'cidr-failure', failure: made.failure } as const
    refuse({ code: 'CidrConflict', field: 'cidr', value: formatCidr(made.cidr), problem })
  }
  return made
}

/** Takes space away from a pool that has it, or refuses. */
export async function deprovisionAtOnce(context: WriteContext, pool: Pool, cidr: Cidr): Promise<void> {
  if (!(await context.tx.pools.cidrs(pool.n)).some((row) => equals(row.cidr, cidr))) {
    refuseValue('cidr', formatCidr(cidr), { why: 'was-not-given', pool: pool.id })
  }
  const { was, problem } = await deprovisionPoolCidr(context, pool, cidr)
  if (problem !== undefined)
    refuse({ code: 'InUse', what: 'ipam-pool-cidr', id: was.id, problem: { why: 'cidr-failure', failure: problem } })
}

export interface PlacedCidr {
  /** By which lists go on after it. */
  readonly place: string
  readonly row: PoolCidr
}
/** All that a pool was given and still has, in address order; larger blocks first, and the id tells those apart that failed. */
export async function listPoolCidrs({ tx, now }: ReadContext, pool: Pool): Promise<readonly PlacedCidr[]> {
  return (await tx.pools.cidrs(pool.n))
    .filter((row) => !hasLeft(row, now))
    .map((row) => ({ place: placeOf(row), row }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
}
const placeOf = ({ id, cidr }: PoolCidr): string =>
  `${Buffer.from(toKey(cidr)).toString('hex')}/${String(cidr.length).padStart(3, '0')}/${id}`

type Params =
  | { readonly cidr: Cidr; readonly length?: undefined }
  | { readonly cidr?: undefined; readonly length: number }

function readParams({ cidr, netmaskLength: length }: CidrSpec): Params {
  if (cidr !== undefined && length === undefined) return { cidr }
  if (cidr === undefined && length !== undefined) return { length }
  return refuseCombination({ why: 'exactly-one-of', members: ['cidr', 'netmaskLength'] })
}

// Where space comes from ---------------------------------------------------------------------------------------------

type Source =
  | { readonly kind: 'parent'; readonly parent: Pool }
  | { readonly kind: 'vpc'; readonly vpcId: string; readonly cidrs: readonly Cidr[] }
  | { readonly kind: 'allocation'; readonly allocation: Allocation }
  | { readonly kind: 'amazon' }
  | { readonly kind: 'scope' }

/** A pool under a planning pool plans the same VPC, and takes from its parent as any other. */
async function sourceOf(context: WriteContext, { pool }: PoolAt): Promise<Source> {
  if (pool.sourceAllocation !== undefined) {
    const allocation = await context.tx.allocations.find(pool.sourceAllocation)
    assert(allocation !== undefined, 'what a pool divides stays as long as the pool')
    return { kind: 'allocation', allocation }
  }
  const parent = pool.parent === undefined ? undefined : await context.tx.pools.findByNumber(pool.parent)
  const plan = pool.sourceResource
  if (plan && !parent?.sourceResource) {
    const vpc = await context.tx.vpcs.find(plan.id)
    const cidrs = vpc ? await context.tx.vpcs.cidrs(vpc.id) : []
    return { kind: 'vpc', vpcId: plan.id, cidrs: cidrs.map(({ cidr }) => cidr) }
  }
  if (parent) return { kind: 'parent', parent }
  return { kind: pool.publicIpSource === 'amazon' ? 'amazon' : 'scope' }
}

const scopeTypeOf = ({ pool, ipam }: PoolAt): 'public' | 'private' =>
  pool.scopeId === ipam.publicScopeId ? 'public' : 'private'

/** Public space at the top, one's own or Amazon's, is given to a pool by those accounts alone that may. */
async function refuseUnlessMayProvision(
  context: WriteContext,
  { kind }: Source,
  poolAt: PoolAt,
  action: string,
): Promise<void> {
  if (scopeTypeOf(poolAt) === 'private' || (kind !== 'scope' && kind !== 'amazon')) return
  const { account } = poolAt.pool
  const { delegatedAdministrator, nodes } = await context.snapshot()
  const because = publicSpaceProblem(account, {
    managementAccount: (await context.tx.organizations.find())?.managementAccount,
    administrator: delegatedAdministrator,
    isMember: nodes.has(account),
    added: context.settings.publicSpaceAccounts,
  })
  if (because !== undefined) refuse({ code: 'NotAuthorized', action, because })
}

/** What no state of the pools could make right. */
async function refuseUnfit(context: WriteContext, source: Source, poolAt: PoolAt, params: Params): Promise<void> {
  const { pool, ipam } = poolAt
  if (params.cidr) refuseProblem(cidrProblem(kindOf(poolAt, ipam), params.cidr))
  else if (!Number.isInteger(params.length) || params.length < 0 || params.length > bitsOf(pool.family)) {
    refuseValue('netmaskLength', params.length, { why: 'lengths-of-pool', bits: bitsOf(pool.family) })
  }
  if (source.kind === 'amazon') {
    if (params.cidr) refuseCombination({ why: 'amazon-by-length' })
    refuseProblem(amazonLengthProblem(pool.family, params.length))
  }
  if (source.kind === 'vpc') refuseForeignToVpc(source, params)
  if (source.kind === 'allocation') refuseForeignToAllocation(source.allocation, params)
  if (source.kind === 'scope' && params.cidr) await refuseProviderSpace(context, poolAt, params.cidr)
  if (source.kind === 'scope' && !params.cidr) refuseLengthInScope(poolAt, params.length)
}

const kindOf = (poolAt: PoolAt, { isPrivateGuaEnabled }: Ipam) => ({
  family: poolAt.pool.family,
  scopeType: scopeTypeOf(poolAt),
  isPrivateGuaEnabled,
})

function refuseProblem(problem: PoolProblem | undefined): void {
  if (problem) refuseValue(problem.field, problem.value, problem.problem)
}
function refuseCombination(problem: Problem): never {
  refuse({ code: 'InvalidParameterCombination', problem })
}

function refuseForeignToVpc({ vpcId, cidrs }: Extract<Source, { kind: 'vpc' }>, params: Params): void {
  if (!params.cidr) refuseCombination({ why: 'source-by-cidr' })
  if (cidrs.some((cidr) => equals(cidr, params.cidr))) return
  const problem = { why: 'cidr-of-network', network: vpcId, cidrs: cidrs.map(formatCidr) } as const
  refuseValue('cidr', formatCidr(params.cidr), problem)
}

function refuseForeignToAllocation({ cidr }: Allocation, params: Params): void {
  if (params.cidr && equals(cidr, params.cidr)) return
  const problem = { why: 'block-of-allocation', cidr: formatCidr(cidr) } as const
  if (params.cidr) refuseValue('cidr', formatCidr(params.cidr), problem)
  refuseValue('netmaskLength', params.length, problem)
}

/** The provider's range is in use already, whatever the scope: an address would be handed out twice. */
async function refuseProviderSpace(context: WriteContext, poolAt: PoolAt, cidr: Cidr): Promise<void> {
  if (scopeTypeOf(poolAt) === 'private') return
  const known = await context.tx.pools.ofProvider(cidr.family)
  const { providerIpv4Cidr, providerIpv6Cidr } = context.settings
  const ranges = known
    ? (await context.tx.pools.cidrs(known.n)).map((range) => range.cidr)
    : [parseCidr(cidr.family === 4 ? providerIpv4Cidr : providerIpv6Cidr)!]
  const range = ranges.find((one) => overlaps(one, cidr))
  if (range) refuseValue('cidr', formatCidr(cidr), { why: 'range-of-provider', range: formatCidr(range) })
}

function refuseLengthInScope(poolAt: PoolAt, length: number): void {
  const { family } = poolAt.pool
  if (scopeTypeOf(poolAt) === 'public' || family === 4) refuseCombination({ why: 'top-level-by-cidr' })
  const { length: min } = uniqueLocalSpace
  if (length >= min && length <= uniqueLocalLengthMax) return
  refuseValue('netmaskLength', length, { why: 'unique-local-lengths', min, max: uniqueLocalLengthMax })
}

/** Amazon asks for proof that public space is one's own. Here the operator is the authority, unless the setting says otherwise. */
function refuseWithoutProof(context: WriteContext, source: Source, poolAt: PoolAt): void {
  if (!context.settings.requireCidrAuthorization) return
  if (source.kind !== 'scope' || scopeTypeOf(poolAt) === 'private') return
  refuseCombination({ why: 'needs-authorization' })
}

// Taking -------------------------------------------------------------------------------------------------------------

/** Space that was taken, or that could not be. */
interface Got {
  readonly cidr: Cidr
  /** The allocation in the pool that it was taken from. */
  readonly allocation?: number
  readonly failure?: CidrFailure
}

async function takeFrom(context: WriteContext, source: Source, poolAt: PoolAt, params: Params): Promise<Got> {
  if (source.kind === 'parent') return takeFromParent(context, source.parent, poolAt.pool, params)
  if (source.kind === 'amazon') return takeFromProvider(context, poolAt.pool, params.length!)
  if (source.kind === 'vpc') return planVpc(context, source.vpcId, poolAt.pool, params.cidr!)
  if (source.kind === 'allocation') return { cidr: source.allocation.cidr, allocation: source.allocation.n }
  return takeFromScope(context, poolAt, params)
}

async function takeFromParent(context: WriteContext, parent: Pool, pool: Pool, params: Params): Promise<Got> {
  // A network inside may have given back what the parent keeps from hosts.
  if (endsOf(parent)) await reserveEnds(context, parent)
  if (params.cidr) {
    const taken = await context.tx.space.takeExactly(parent.n, params.cidr)
    if (taken === 'taken') return { cidr: params.cidr, allocation: await allocate(context, parent, pool, params.cidr) }
    return { cidr: params.cidr, failure: await whyNotFree(context, parent, params.cidr) }
  }
  const cidr = await context.tx.space.take(parent.n, parent.family, { length: params.length })
  if (!cidr) refuseTooBig(params.length)
  return { cidr, allocation: await allocate(context, parent, pool, cidr) }
}

async function takeFromProvider(context: WriteContext, pool: Pool, length: number): Promise<Got> {
  const source = await providerPool(context, pool.family)
  await refuseBeyondProviderShare(context, source, { account: pool.account, length })
  const cidr = await context.tx.space.take(source.n, source.family, { length })
  if (!cidr) refuseTooBig(length)
  return { cidr, allocation: await allocate(context, source, pool, cidr) }
}

/** One pool per block of a VPC plans it, in whatever scope. */
async function planVpc(context: WriteContext, vpcId: string, pool: Pool, cidr: Cidr): Promise<Got> {
  const planned = await context.tx.pools.topLevelOverlap(vpcId, cidr)
  if (!planned) return { cidr }
  const other = (await context.tx.pools.findByNumber(planned.pool))!
  const by = other.account === pool.account ? { by: other.id } : {}
  return { cidr, failure: { why: 'planned', network: vpcId, ...by } }
}

/** Invariant I1: what top-level pools hold never overlaps in a private scope, nor public space in the installation. */
async function takeFromScope(context: WriteContext, poolAt: PoolAt, params: Params): Promise<Got> {
  const { pool } = poolAt
  if (params.cidr) {
    const isPublic = scopeTypeOf(poolAt) === 'public'
    const other = await context.tx.pools.topLevelOverlap(isPublic ? publicSpace : pool.scopeId!, params.cidr)
    if (!other) return { cidr: params.cidr }
    const holder = (await context.tx.pools.findByNumber(other.pool))!
    const overlap = { cidr: formatCidr(other.cidr), pool: holder.id }
    if (!isPublic) return { cidr: params.cidr, failure: { why: 'overlaps', ...overlap } }
    // Whose it is, is told to its owner alone (invariant I8).
    const known = holder.account === pool.account ? { overlaps: overlap } : {}
    return { cidr: params.cidr, failure: { why: 'public', cidr: formatCidr(params.cidr), ...known } }
  }
  const taken = (await context.tx.pools.topLevelCidrs(pool.scopeId!, pool.family)).map(({ cidr }) => cidr)
  const gap = subtract(uniqueLocalSpace, taken).find(({ length }) => length <= params.length)
  return gap ? { cidr: { ...gap, length: params.length } } : refuseTooBig(params.length)
}

/** Nothing is known by the length alone that could be shown as failed, so this is said at once. */
function refuseTooBig(length: number): never {
  refuseValue('netmaskLength', length, { why: 'too-big-for-pool' })
}

/** The child's space is an allocation in the pool that it comes from. */
async function allocate(context: WriteContext, source: Pool, pool: Pool, cidr: Cidr): Promise<number> {
  const n = context.newSequence()
  await context.tx.space.record({
    n,
    pool: source.n,
    cidr,
    resourceType: 'ipam-pool',
    resourceId: pool.id,
    account: pool.account,
    region: context.region,
    description: undefined,
    decision: undefined,
    createdAt: context.now,
  })
  context.changed(formatId('allocation', context.tx.installation, n))
  return n
}

async function whyNotFree(context: WriteContext, parent: Pool, cidr: Cidr): Promise<CidrFailure> {
  const space = (await context.tx.pools.cidrs(parent.n)).filter(({ state }) => state !== 'failed-provision')
  if (
    !liesWithin(
      space.map((one) => one.cidr),
      cidr,
    )
  ) {
    return { why: 'outside-source', source: parent.id }
  }
  const rest = await context.tx.resting.in(parent.n, cidr)
  if (rest && rest.until > context.now) return { why: rest.isHeld ? 'held' : 'in-quarantine', until: rest.until }
  return { why: 'taken-in-source', source: parent.id }
}

// Giving back --------------------------------------------------------------------------------------------------------

/** The CIDR as it was provisioned; of several that failed, the first. */
async function getProvisioned(context: WriteContext, pool: Pool, cidr: Cidr): Promise<PoolCidr> {
  const same = (await context.tx.pools.cidrs(pool.n)).filter((one) => equals(one.cidr, cidr))
  const provisioned = same.find(({ state }) => state !== 'failed-provision') ?? same[0]
  if (provisioned) return provisioned
  const problem = { why: 'in-invalid-state', cidr: formatCidr(cidr) } as const
  return refuse({ code: 'IncorrectState', what: 'ipam-pool', id: pool.id, problem })
}

/**
 * Takes the CIDR out of the pool, at once where all of it is free, or when the last rest in it ends.
 * @returns why it cannot be taken
 */
async function takeAway(context: WriteContext, pool: Pool, provisioned: PoolCidr): Promise<CidrFailure | undefined> {
  await context.tx.resting.endAll(pool.n)
  const { id, cidr } = provisioned
  if (endsOf(pool)) await giveUpReserved(context, pool, cidr)
  const fail = async (failure: CidrFailure): Promise<CidrFailure> => {
    const code = 'cidr-not-available'
    if (endsOf(pool)) await reserveEnds(context, pool)
    await context.tx.pools.setCidrState(id, 'failed-deprovision', { code, failure })
    const failed = { state: 'failed-deprovision', failureCode: code, failure } as const
    await recordVersion(context, pool, { ...provisioned, ...failed })
    return failure
  }
  if ((await context.tx.allocations.inside(pool.n, cidr, 1)).length > 0) {
    return fail({ why: 'has-allocations' })
  }
  // What is held may become an allocation.
  const heldUntil = await context.tx.resting.heldUntil(pool.n, cidr)
  if (heldUntil !== undefined) return fail({ why: 'held', until: heldUntil })
  if (await context.tx.resting.in(pool.n, cidr)) {
    if (provisioned.state === 'failed-deprovision') await context.tx.pools.setCidrState(id, 'provisioned')
    const leavesAt = await context.tx.resting.restAsOne({ id, pool: pool.n, cidr, account: pool.account })
    context.tx.pools.forgetCidrs(pool.n)
    const pending = {
      state: 'pending-deprovision',
      failureCode: undefined,
      failure: undefined,
      leavesAt,
    } as const
    await recordVersion(context, pool, { ...provisioned, ...pending })
    return undefined
  }
  await removeSpace(context, pool, provisioned)
  await context.governanceChanged('nothing')
  return undefined
}

/**
 * Clients know a CIDR of a pool by its text: of two that are equal, Terraform would lose the first one. What failed before gives way to
 * another attempt.
 */
function refuseProvisioned(pool: Pool, same: readonly PoolCidr[]): void {
  const provisioned = same.find(({ state }) => state !== 'failed-provision')
  if (!provisioned) return
  const { id, cidr, leavesAt } = provisioned
  const has = { pool: pool.id, id }
  const problem: Problem =
    leavesAt === undefined ? { why: 'has-cidr-already', ...has } : { why: 'has-cidr-still', ...has, leavesAt }
  refuse({ code: 'CidrConflict', field: 'cidr', value: formatCidr(cidr), problem })
}
async function forget(context: WriteContext, pool: Pool, failed: PoolCidr): Promise<void> {
  const { id } = failed
  await context.tx.pools.deleteCidr(failed)
  await context.tx.history.changed({ id, kind: 'ipam-pool-cidr', account: pool.account }, undefined)
}

async function recordVersion(context: WriteContext, pool: Pool, cidr: PoolCidr | NewPoolCidr): Promise<void> {
  await context.tx.history.changed(...versionOf(pool, cidr))
  context.changed(pool.id, cidr.id)
}
const versionOf = (pool: Pool, cidr: PoolCidr | NewPoolCidr) =>
  [
    { id: cidr.id, kind: 'ipam-pool-cidr', account: pool.account },
    { ...cidr, pool: pool.id, cidr: formatCidr(cidr.cidr) },
  ] as const
