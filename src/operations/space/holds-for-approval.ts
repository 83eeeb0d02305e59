// Space that a request for an exception keeps while somebody may still say yes: what it may keep, and what became of it.
import { type Cidr, formatCidr, sizeOf } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { isAccountId } from '#model/organization.ts'
import { type AllocationRequest, type Candidate, candidatesInOrder } from '#model/policy/decision.ts'
import {
  type Exception,
  holdTimeProblem,
  isWithinShare,
  leavesEnough,
  pendingPerRequesterAndTargetMax,
  pendingPerRequesterMax,
  pendingPerTargetMax,
} from '#model/policy/exception.ts'
import { isOwnOrShared } from '#model/policy/resolve.ts'
import type { PoolFacts } from '#model/policy/snapshot.ts'
import { accountableFor } from '#model/principal.ts'
import { naming, refuse, refuseValue } from '#model/refusal.ts'
import type { Hold } from '#store/tables/holds.ts'
import { accessAt, refuseWithoutRole, requirePermission } from '../identity/authority.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { refuseNewSpace } from '../organization/account-states.ts'
import { askUnder, dropHold, findHold, holdForApproval } from './holds.ts'
import { refuseOwnNetwork } from './own-networks.ts'
import { refuseResourceOfEip, refuseUnfitNetwork } from './request-parts.ts'

/** What is to be kept for a target that is one account. */
export interface PendingHoldParams {
  /** One of the exception's pools; needed where it names several. */
  readonly poolId?: string
  readonly cidr?: Cidr
  readonly netmaskLength?: number
  readonly expiresInSeconds: number
  readonly resourceId?: string
  readonly description?: string
  readonly tags?: ReadonlyMap<string, string>
}

/** `dropped`: it was given up, or the exception was denied or revoked. */
export const pendingStates = ['held', 'allocated', 'released', 'lapsed', 'dropped'] as const
/** What has become of what was kept. */
export interface PendingHold {
  readonly allocationId: string
  readonly state: (typeof pendingStates)[number]
  readonly cidr: Cidr
  /** Absent where the pool is gone. */
  readonly poolId: string | undefined
  /** When it lapses, while it is held. */
  readonly expiresAt?: number | undefined
}

/** The hold is a part of the request for an exception. */
const members = { cidr: 'hold.cidr', poolId: 'hold.poolId', netmaskLength: 'hold.netmaskLength' }

/**
 * Keeps space for what an exception would allow, were it approved: nothing that policy or the pool would deny even then.
 * It gives nothing away, and yet takes something from others for a time, so that asking alone is not enough: whoever asks
 * must be permitted to allocate for the target, and have a say over a pool that its owner has not shared with the target.
 */
export async function holdWhilePending(
  context: WriteContext,
  asked: Exception,
  params: PendingHoldParams,
): Promise<Hold> {
  await requirePermission(context, 'allocation:manage', { node: asked.target })
  refuseNewSpace(await context.snapshot(), asked.target)
  const { pool, request } = await readParams(context, asked, params)
  await requireSayOver(context, asked.target, pool)
  const wrong = holdTimeProblem(asked, context.now + params.expiresInSeconds * 1_000)
  if (wrong) refuseValue('hold.expiresInSeconds', params.expiresInSeconds, wrong)
  await refuseTooManyPending(context, asked)
  const candidate = await candidateUnder(context, asked, { request, pool: pool.id })
  await refuseTooMuch(context, asked, pool, candidate.netmaskLength)
  const { expiresInSeconds: seconds, resourceId, description } = params
  const hold = { request, seconds, resourceId, description }
  return naming(members, () => holdForApproval(context, hold, candidate))
}

async function refuseTooManyPending({ tx }: ReadContext, { target, requested }: Exception): Promise<void> {
  const accountable = accountableFor(requested)
  const requester = accountable
  for (const [counted, limit, countedFor] of [
    [{ target, accountable }, pendingPerRequesterAndTargetMax, { per: 'pending', requester, target }],
    [{ accountable }, pendingPerRequesterMax, { per: 'pending', requester }],
    [{ target }, pendingPerTargetMax, { per: 'pending', target }],
  ] as const) {
    const used = await tx.exceptions.countPending(counted)
    if (used < limit) continue
    const remedy = { do: 'ask-without-hold' } as const
    refuse({ code: 'LimitExceeded', what: { of: 'pending-holds' }, limit, used, countedFor, remedy })
  }
}

/** Frees what is still only held for an exception that will not be; what was confirmed stays, as a finding. */
export async function dropPending(context: WriteContext, { hold, status }: Exception): Promise<void> {
  if (hold === undefined || (status !== 'denied' && status !== 'revoked')) return
  const found = await findHold(context, hold)
  if (found) await dropHold(context, found)
}

/** What has become of what exceptions kept, by their ids; of one that kept nothing there is nothing. */
export async function pendingOf(
  { tx }: ReadContext,
  exceptions: readonly Exception[],
): Promise<ReadonlyMap<string, PendingHold>> {
  const tenures = await tx.tenures.latestOfMany(exceptions.flatMap(({ hold }) => hold ?? []))
  const pools = await tx.pools.some([...tenures.values()].map(({ pool }) => pool))
  const poolIds = new Map(pools.map(({ n, id }) => [n, id]))
  return new Map(
    exceptions.flatMap(({ id, hold }) => {
      const tenure = tenures.get(hold ?? -1)
      if (!tenure) return []
      const { n, pool, cidr, expiresAt, ending } = tenure
      const state = ending ?? tenure.state
      const allocationId = formatId('allocation', tx.installation, n)
      const pending = { allocationId, state, cidr, poolId: poolIds.get(pool) }
      return [[id, state === 'held' ? { ...pending, expiresAt } : pending] as const]
    }),
  )
}

interface Asked {
  readonly pool: PoolFacts
  readonly request: AllocationRequest
}

async function readParams(context: ReadContext, asked: Exception, params: PendingHoldParams): Promise<Asked> {
  const { target, locale, resourceType, grants } = asked
  if (!isAccountId(target)) {
    refuseValue('target', target, { why: 'held-for-one-account' })
  }
  const id = params.poolId ?? grants.pools[0]
  if (id === undefined) {
    refuseValue('grants.pools', '[]', { why: 'held-in-one-pool' })
  }
  const { pools } = grants
  if (!pools.includes(id)) refuseValue('hold.poolId', id, { why: 'one-of-granted', pools })
  if (params.poolId === undefined && pools.length > 1) {
    refuse({ code: 'InvalidParameterCombination', problem: { why: 'which-of-granted', pools } })
  }
  if (params.cidr !== undefined && params.netmaskLength !== undefined) {
    const problem = { why: 'only-one-of', members: ['hold.cidr', 'hold.netmaskLength'] } as const
    refuse({ code: 'InvalidParameterCombination', problem })
  }
  const snapshot = await context.snapshot()
  const pool = snapshot.pools.get(id)!
  refuseOwnNetwork(context.tx.installation, { resourceType, resourceId: params.resourceId })
  if (resourceType === 'eip') refuseResourceOfEip(params.resourceId, 'hold.resourceId')
  const { cidr: block } = params
  if (block && block.family !== pool.family) {
    refuseValue('hold.cidr', formatCidr(block), { why: 'named-pool-of-family', pool: id, family: pool.family })
  }
  refuseUnfitNetwork(resourceType, block)
  return {
    pool,
    request: {
      account: target,
      locale,
      resourceType,
      family: pool.family,
      scopeType: pool.scopeType,
      netmaskLength: params.netmaskLength,
      explicit: { pool: id, cidr: block },
      ...(params.resourceId === undefined ? {} : { resource: params.resourceId }),
      ...(params.tags ? { tags: params.tags } : {}),
    },
  }
}

/** The owner has said that the target may take from a pool by sharing it; else whoever asks must be one who can. */
async function requireSayOver(context: ReadContext, target: string, { id, account }: PoolFacts): Promise<void> {
  if (isOwnOrShared(await context.snapshot(), target, id)) return
  if ((await accessAt(context, 'allocation:manage', account)).isPermitted) return
  const because = { why: 'no-say-over-pool', pool: id, target, owner: account } as const
  refuseWithoutRole(context, 'allocation:manage', account, because)
}

/** What policy would let the allocator try in the pool, with the exception in force. */
async function candidateUnder(
  context: ReadContext,
  asked: Exception,
  { request, pool }: { readonly request: AllocationRequest; readonly pool: string },
): Promise<Candidate> {
  const { verdict, told } = await askUnder(context, asked, request)
  const candidate = candidatesInOrder(verdict).find((one) => one.pool === pool)
  if (verdict.outcome !== 'deny' && candidate) return candidate
  // What kept the exception from helping; where it does not speak of the request at all, what policy says without it.
  const because = verdict.trace.find(
    ({ kind, subject, result }) => kind === 'exception' && subject === asked.id && result === 'miss',
  )
  return refuse({
    code: 'InvalidParameterValue',
    field: 'hold',
    value: pool,
    problem: { why: 'not-even-with' },
    told: { ...told(), ...(because ? { because } : {}) },
  })
}

async function refuseTooMuch(
  { tx }: ReadContext,
  { requested }: Exception,
  { id, family }: PoolFacts,
  length: number,
): Promise<void> {
  const { n } = (await tx.pools.find(id))!
  const { free } = await tx.space.utilization(n)
  const pending = await tx.exceptions.pendingIn(n, family)
  const wanted = sizeOf({ family, first: 0n, length })
  if (free < wanted) return
  const accountable = accountableFor(requested)
  const own = await tx.exceptions.pendingIn(n, family, accountable)
  if (leavesEnough({ free, pending, wanted })) {
    if (isWithinShare({ free, pending, own, wanted })) return
    const problem = { why: 'pending-share-of-one', requester: accountable, pool: id, length } as const
    refuse({ code: 'NotEligible', problem })
  }
  refuse({ code: 'NotEligible', problem: { why: 'pending-share-of-all', pool: id, length } })
}
