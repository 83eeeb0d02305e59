// Holds: space kept for a limited time, for a plan, a webhook or an approval that is still pending. It is confirmed, given up, or lapses by itself.
import { assert } from '#model/assert.ts'
import { type Cidr, formatCidr } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { conclude, decide } from '#model/policy/decide.ts'
import type { AllocationRequest, Candidate, ToldDecision, Verdict } from '#model/policy/decision.ts'
import { type Exception, holdTimeProblem, stateAt } from '#model/policy/exception.ts'
import { withException } from '#model/policy/snapshot.ts'
import { toldOf } from '#model/policy/told.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Hold } from '#store/tables/holds.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { putTags } from '../organization/tagging.ts'
import { contactOfPool } from '../policy/labels.ts'
import {
  authorizeHeldSpace,
  candidateFor,
  type GrantOptions,
  type Taken,
  takeAsDecided,
  takeCandidate,
} from './grant.ts'

/** The longest that space can be held, from the moment it was first held: extending goes no further. */
export const holdSecondsMax = 7 * 86_400

export interface HoldParams {
  /** What policy is asked now, and again when the hold is confirmed. */
  readonly request: AllocationRequest
  readonly seconds: number
  readonly resourceId?: string
  readonly description?: string
}

const options: GrantOptions = { whenFull: 'capacity', isFromPools: true, isHeld: true }

/** Asks policy, and holds what it gives. Refuses as a grant does. */
export async function placeHold(context: WriteContext, params: HoldParams): Promise<Hold> {
  return keep(context, params, await takeAsDecided(context, params.request, options))
}

/**
 * Holds space though policy has said no, while somebody may still say yes. It gives nothing away: confirming asks policy,
 * and without an exception in force by then the answer is no again.
 * @param candidate the pool, and the block or length, as an exception would allow them
 */
export async function holdForApproval(context: WriteContext, params: HoldParams, candidate: Candidate): Promise<Hold> {
  const taken = await takeCandidate(context, candidate, params.request, options)
  if (taken) return keep(context, params, taken)
  const { pool, netmaskLength, cidr } = candidate
  if (cidr) {
    refuse({
      code: 'CidrConflict',
      field: 'cidr',
      value: formatCidr(cidr),
      problem: { why: 'not-free' },
    })
  }
  const contact = await contactOfPool(context.tx, pool)
  return refuse({ code: 'Exhausted', pool, length: netmaskLength, ...(contact === undefined ? {} : { contact }) })
}

/**
 * The held space is an allocation from now on, since when it was held. Policy is asked again: what it denies by now stays
 * held until it lapses.
 */
export async function confirmHold(
  context: WriteContext,
  hold: Hold,
  changes: { readonly resourceId?: string; readonly description?: string } = {},
): Promise<Allocation> {
  const { request: asked, expiresAt: _, version: __, changedAt: ___, ...held } = hold
  const request = changes.resourceId === undefined ? asked : { ...asked, resource: changes.resourceId }
  const pool = await poolOf(context, hold)
  const { number, decision } = await authorizeHeldSpace(context, request, { pool, cidr: hold.cidr })
  const allocation: Allocation = {
    ...held,
    resourceId: changes.resourceId ?? held.resourceId,
    description: changes.description ?? held.description,
    decision: number,
  }
  if (decision.exception !== undefined) {
    await context.tx.exceptions.use(decision.exception, { ...allocation, decision: number, allocation: hold.n })
  }
  await context.tx.space.confirm(hold, allocation)
  const id = formatId('allocation', context.tx.installation, hold.n)
  const home = formatId('address', context.tx.installation, hold.n)
  await putTags(
    context.actingFor(hold.account, hold.region),
    hold.resourceType === 'eip'
      ? { id: home, type: 'elastic-ip', account: hold.account }
      : {
          id,
          type: 'ipam-pool-allocation',
          account: hold.account,
          nameParent: formatId('pool', context.tx.installation, hold.pool),
        },
    [...(request.tags ?? [])].map(([key, value]) => ({ key, value })),
  )
  context.changed(id)
  return allocation
}

/**
 * Holds it from now on for so many seconds; no longer than a hold can be in all. Policy is asked again, as when it is
 * confirmed; what waits for an exception is evaluated as if that were in force.
 */
export async function extendHold(context: WriteContext, hold: Hold, seconds: number): Promise<Hold> {
  const expiresAt = context.now + seconds * 1_000
  const latest = hold.createdAt + holdSecondsMax * 1_000
  if (expiresAt > latest) {
    refuseValue('expiresInSeconds', seconds, { why: 'held-since', since: hold.createdAt, latest })
  }
  const pool = await poolOf(context, hold)
  const exception = await context.tx.exceptions.ofHold(hold.n)
  if (exception && waitsAt(exception, context.now)) {
    const wrong = holdTimeProblem(exception, expiresAt)
    if (wrong) refuseValue('expiresInSeconds', seconds, wrong)
    await refuseVainWait(context, hold, { exception, pool })
  } else {
    await authorizeHeldSpace(context, hold.request, { pool, cidr: hold.cidr })
  }
  await context.tx.space.extend(hold, expiresAt)
  context.changed(formatId('allocation', context.tx.installation, hold.n))
  return { ...hold, expiresAt }
}

/** Somebody may still approve it, or it was approved for later. */
function waitsAt(exception: Exception, now: number): boolean {
  const state = stateAt(exception, now)
  return state === 'requested' || state === 'approved'
}

/** Refuses to wait any longer for an exception that would not give what is held for it any more. */
async function refuseVainWait(
  context: WriteContext,
  { request, cidr }: Hold,
  { exception, pool }: { readonly exception: Exception; readonly pool: Pool },
): Promise<void> {
  const { verdict, told } = await askUnder(context, exception, { ...request, netmaskLength: cidr.length })
  if (verdict.outcome !== 'deny' && candidateFor(verdict, { pool: pool.id, cidr })) return
  refuse({ code: 'NotEligible', problem: { why: 'not-even-with', exception: exception.id }, told: told() })
}

/** What policy would say of a request if an exception were in force, from when it begins; and the facts of that. */
export async function askUnder(
  context: ReadContext,
  exception: Exception,
  request: AllocationRequest,
): Promise<{ readonly verdict: Verdict; told(): ToldDecision }> {
  const at = new Date(Math.max(context.now, exception.startsAt))
  const verdict = decide(withException(await context.snapshot(), exception), request, at)
  const told = () => {
    const { id: _, ...answer } = conclude(verdict, { id: '', at, request }, undefined)
    return toldOf(answer)
  }
  return { verdict, told }
}

/** Describes a hold anew, and says with which tags policy is asked when it is confirmed; without any, with those of before. */
export async function describeHold(
  context: WriteContext,
  hold: Hold,
  { description, tags }: { readonly description: string | undefined; readonly tags?: ReadonlyMap<string, string> },
): Promise<void> {
  const kept = tags ?? hold.request.tags ?? new Map<string, string>()
  if (description !== hold.description || !isSameMap(kept, hold.request.tags)) {
    await context.tx.space.holds.describe(hold, description, kept)
  }
  context.changed(formatId('allocation', context.tx.installation, hold.n))
}

/** Gives up what was held. It is free at once: nobody used it. */
export async function dropHold(context: WriteContext, hold: Hold): Promise<void> {
  await context.tx.space.drop(hold)
  context.changed(formatId('allocation', context.tx.installation, hold.n))
}

/** A hold by the number of its allocation; undefined where there is none, or none any more. */
export async function findHold({ tx }: ReadContext, n: number): Promise<Hold | undefined> {
  return tx.space.holds.find(n)
}

const isSameMap = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string> = new Map()): boolean =>
  a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)

async function keep(
  context: WriteContext,
  params: HoldParams,
  { cidr, pool, ...taken }: Partial<Taken> & { cidr: Cidr },
) {
  assert(pool !== undefined, 'only space of pools is held')
  const { request, seconds, resourceId, description } = params
  const hold: Hold = {
    n: context.newSequence(),
    pool: pool.n,
    cidr,
    resourceType: request.resourceType,
    resourceId,
    account: request.account,
    region: request.locale,
    description,
    decision: taken.number,
    createdAt: context.now,
    expiresAt: context.now + seconds * 1_000,
    request,
  }
  await context.tx.space.hold(hold)
  context.changed(formatId('allocation', context.tx.installation, hold.n))
  return hold
}

async function poolOf({ tx }: WriteContext, { pool }: Hold): Promise<Pool> {
  const found = await tx.pools.findByNumber(pool)
  assert(found !== undefined, 'a pool stays while space in it is held')
  return found
}
