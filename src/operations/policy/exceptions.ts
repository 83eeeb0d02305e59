// Exceptions: asked for, approved by somebody else, in force for a while, and over at the moment that was said (policy-model §7).
import type { EventName } from '#model/event.ts'
import { isAccountId } from '#model/organization.ts'
import { rulesProblem } from '#model/policy/eligibility.ts'
import {
  type ActionProblem,
  type Attribution,
  applyAction,
  type Exception,
  type ExceptionAction,
  type ExceptionGrants,
  timeProblem,
} from '#model/policy/exception.ts'
import { exceptionBounds, factsOfReached, kindOfException } from '#model/policy/exception-bounds.ts'
import { isOwnOrShared } from '#model/policy/resolve.ts'
import { findResourceType, namesOf } from '#model/policy/resource-types.ts'
import { grantables } from '#model/policy/settings.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { everywhere } from '#model/roles.ts'
import { refuseMalformed } from '../identifiers.ts'
import { accessAt, type Place, permitter, refuseWithoutRole } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.ts'
import { findKnownPool } from '../ipam/known-pools.ts'
import { tellOfException } from '../notification/exception-events.ts'
import { requesterOf } from '../notification/telling.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { refuseNewSpace } from '../organization/account-states.ts'
import { standingOf } from '../record/object-places.ts'
import { dropPending, holdWhilePending, type PendingHoldParams } from '../space/holds-for-approval.ts'
import { checkLocaleOf } from '../space/request-parts.ts'
import { attributionOf, refuseWhileUnreviewed } from './own-break-glass.ts'

/** What is asked for; moments in milliseconds since 1970. */
export interface ExceptionParams {
  readonly target: string
  /** Only for resources whose id, or tag `Name`, matches. */
  readonly resource?: string
  readonly locale: string
  readonly resourceType: string
  readonly grants: ExceptionGrants
  readonly reason: string
  /** As soon as it is approved by default. */
  readonly startsAt?: number
  readonly expiresAt: number
  /** What is to be kept while it waits for approval. */
  readonly hold?: PendingHoldParams
}

// Asking -------------------------------------------------------------------------------------------------------------

/** Asks for an exception, which is in force once somebody else has approved it. */
export const requestException = (context: WriteContext, params: ExceptionParams): Promise<Exception> =>
  create(context, params, false)

/** Makes an exception that is in force at once, and a finding until somebody else has reviewed it. */
export const breakGlass = (context: WriteContext, params: ExceptionParams): Promise<Exception> =>
  create(context, params, true)

/** Asks for a later end, which somebody else must approve again. */
export const renewException = (
  context: WriteContext,
  id: string,
  { expiresAt, reason }: { readonly expiresAt: number; readonly reason: string },
): Promise<Exception> => change(context, id, { kind: 'renew', expiresAt, reason, ...askerIn(context) })

// Deciding -----------------------------------------------------------------------------------------------------------

/**
 * Approves an exception, or its renewal.
 * @param until the end that is approved; needed for a renewal, so that none is approved that came later
 */
export async function approveException(context: WriteContext, id: string, until?: number): Promise<Exception> {
  const sharedPools = await poolsByPermission(context, await getException(context, id))
  return change(context, id, { kind: 'approve', until, ...attributionOf(context) }, sharedPools)
}

/** Denies an exception, or only the renewal that is asked for. */
export const denyException = (context: WriteContext, id: string, note?: string): Promise<Exception> =>
  change(context, id, { kind: 'deny', note, ...attributionOf(context) })

/** Ends an exception at once. What was taken under it stays, as a finding. */
export const revokeException = (context: WriteContext, id: string, note?: string): Promise<Exception> =>
  change(context, id, { kind: 'revoke', note, ...attributionOf(context) })

/** Says that somebody else has looked at a break-glass, which ends its finding. */
export const reviewException = (context: WriteContext, id: string, note: string): Promise<Exception> =>
  change(context, id, { kind: 'review', note, ...attributionOf(context) })

/** With whoever wrote it into a change request behind them: none of those approves it, either. */
function askerIn(context: WriteContext): Attribution {
  const asker = attributionOf(context)
  const behind = context.writers.flatMap((writer) => [writer.by, writer.subject, ...(writer.makers ?? [])])
  const others = behind.filter((one) => one !== undefined && one !== asker.by && one !== asker.subject) as string[]
  if (others.length === 0) return asker
  return { ...asker, makers: [...new Set([...(asker.makers ?? []), ...others])] }
}

// What is asked ------------------------------------------------------------------------------------------------------

async function create(context: WriteContext, input: ExceptionParams, isBreakGlass: boolean): Promise<Exception> {
  await refuseUnknownPair(context, input)
  refuseNewSpace(await context.snapshot(), input.target)
  await refuseUnfitSizes(context, input)
  await refuseUnfitPools(context, input)
  // Only of pools that are known to be there for the caller: others are absent.
  const sharedPools = isBreakGlass ? await poolsByPermission(context, input) : []
  const times = {
    startsAt: input.startsAt ?? context.now,
    expiresAt: input.expiresAt,
  }
  const wrong = timeProblem(times, { now: context.now, isBreakGlass })
  if (wrong) refuseValue(wrong.field, textOf(times[wrong.field]), wrong.problem)
  const asked = askerIn(context)
  const wanted: Exception = {
    id: context.newId('exception'),
    target: input.target,
    resource: input.resource,
    locale: input.locale,
    resourceType: input.resourceType,
    grants: input.grants,
    ...(sharedPools.length > 0 ? { sharedPools } : {}),
    reason: input.reason,
    ...times,
    status: isBreakGlass ? 'approved' : 'requested',
    isBreakGlass,
    requested: asked,
    asked,
  }
  const { tx } = context
  if (isBreakGlass) await refuseWhileUnreviewed(context, wanted)
  await refuseBeyondBounds(context, wanted)
  const created = input.hold ? { ...wanted, hold: (await holdWhilePending(context, wanted, input.hold)).n } : wanted
  await tx.exceptions.insert(created)
  const kind = isBreakGlass ? 'break-glass.used' : 'exception.requested'
  await tellOfException(tx, kind, created, { requester: requesterOf(context) })
  await recordVersion(context, created)
  return created
}

/** One by one each of the bounds that count the exception, as it will be. */
async function refuseBeyondBounds({ tx }: ReadContext, exception: Exception): Promise<void> {
  const kind = kindOfException(exception)
  for (const bound of exceptionBounds) {
    if (bound.kind !== kind) continue
    const used = await tx.exceptions.count(bound, exception)
    if (used >= bound.max) refuse({ code: 'LimitExceeded', ...factsOfReached(bound, exception, used) })
  }
}

async function refuseUnknownPair(context: ReadContext, { locale, resourceType }: ExceptionParams): Promise<void> {
  const { resourceTypes } = await context.snapshot()
  if (!findResourceType(resourceType, resourceTypes)) {
    refuseValue('resourceType', resourceType, { why: 'one-of-types', known: namesOf(resourceTypes) })
  }
  checkLocaleOf(context, resourceType, 'locale', locale)
}

async function refuseUnfitSizes(context: ReadContext, { grants, resourceType }: ExceptionParams): Promise<void> {
  const { pools, provider } = grants
  if (pools.length === 0 && !provider && grantables.every(({ name }) => !grants[name])) {
    refuseValue('grants', '{}', { why: 'grants-nothing', grantable: grantables.map(({ name }) => name) })
  }
  const type = findResourceType(resourceType, (await context.snapshot()).resourceTypes)!
  for (const { name, grant } of grantables) {
    const [asked, bounds] = [grants[name], grant.possible(type)]
    if (!asked) continue
    const given = `${asked.min} to ${asked.max}`
    if (!bounds) {
      refuseValue(`grants.${name}`, given, { why: 'no-choice-of-it', resourceType })
    }
    if (asked.min <= asked.max && asked.min >= bounds.min && asked.max <= bounds.max) continue
    const { min, max } = bounds
    refuseValue(`grants.${name}`, given, { why: 'grant-outside', resourceType, min, max })
  }
}

/** A pool of which neither the target nor the caller may know does not exist (invariant I8). */
async function refuseUnfitPools(
  context: ReadContext,
  { target, grants, locale, resourceType }: ExceptionParams,
): Promise<void> {
  const snapshot = await context.snapshot()
  for (const [index, id] of grants.pools.entries()) {
    const known = await findKnownPool(context, target, id)
    if (!known) refuse({ code: 'NotFound', what: 'ipam-pool', id })
    const { pool } = known
    const field = `grants.pools.${index}`
    if (grants.pools.indexOf(id) !== index) refuseValue(field, id, { why: 'pool-listed-twice' })
    const wrong = rulesProblem(
      { ipam: snapshot.ipams.get(pool.ipamId)!, locale, resourceType },
      [pool],
      snapshot.resourceTypes,
    )
    if (wrong) refuseValue(field, id, wrong.problem)
  }
}

/**
 * An exception is itself the permission to use its pools: whoever gives it must have a say over them. Where they have none, their owner
 * gives the permission by sharing the pool with the target, and may take it back: these are answered.
 */
async function poolsByPermission(
  context: ReadContext,
  { target, grants }: Pick<ExceptionParams, 'target' | 'grants'>,
): Promise<readonly string[]> {
  const snapshot = await context.snapshot()
  const maySee = await permitter(context, 'ipam:read')
  const action = 'exception:approve'
  const mayApproveAt = await permitter(context, action)
  const shared: string[] = []
  for (const id of grants.pools) {
    const pool = snapshot.pools.get(id)
    if (!pool || pool.account === target) continue
    if (isOwnOrShared(snapshot, target, id)) {
      if (!mayApproveAt(pool.account)) shared.push(id)
      continue
    }
    if ((await accessAt(context, action, pool.account)).isPermitted) continue
    const because = { why: 'not-shared-and-not-yours', pool: id, target } as const
    if (maySee(pool.account)) {
      refuseWithoutRole(context, action, pool.account, { ...because, owner: pool.account })
    }
    // Whose it is, is not told to who may not see it.
    refuse({ code: 'NotAuthorized', action, because, reason: 'no-role' })
  }
  return shared
}

/** Where it is asked for: at its target. */
export async function placeOfTarget(context: ReadContext, { target }: { readonly target: string }): Promise<Place> {
  if (target === everywhere) refuseValue('target', target, { why: 'no-target' })
  return placeOfNode(context, target)
}

// What is there ------------------------------------------------------------------------------------------------------

export async function getException(context: ReadContext, id: string): Promise<Exception> {
  refuseMalformed('exception', id)
  return (await context.tx.exceptions.find(id)) ?? refuse({ code: 'NotFound', what: 'exception', id })
}

/** Where it is read and decided: at its target, or where that stood. */
export async function placeOfException(context: ReadContext, input: { readonly exceptionId: string }): Promise<Place> {
  const { id, target } = await getException(context, input.exceptionId)
  return { node: await standingOf(context, target), absent: { code: 'NotFound', what: 'exception', id } }
}

async function change(
  context: WriteContext,
  id: string,
  action: ExceptionAction,
  sharedPools?: readonly string[],
): Promise<Exception> {
  const before = await getException(context, id)
  const acted = applyAction(before, action)
  if ('refused' in acted) return refuseAction(before, action, acted.refused)
  const { sharedPools: _, ...others } = acted.exception
  const withShared = sharedPools?.length ? { ...others, sharedPools } : others
  const outcome = { exception: sharedPools === undefined ? acted.exception : withShared }
  // A renewal of one that is still in force adds nothing.
  const isCounted = before.status === 'approved' && context.now < before.expiresAt
  if (action.kind === 'approve' && !isCounted) await refuseBeyondBounds(context, outcome.exception)
  await context.tx.exceptions.update(outcome.exception)
  await dropPending(context, outcome.exception)
  await tellOfException(context.tx, toldAs[action.kind], outcome.exception, {
    by: action.by,
    note: 'note' in action ? action.note : undefined,
    renewal:
      action.kind === 'renew' || action.kind === 'deny' ? (outcome.exception.renewal ?? before.renewal) : undefined,
    requester: requesterOf(context),
  })
  await recordVersion(context, outcome.exception)
  return outcome.exception
}

const toldAs = {
  approve: 'exception.approved',
  deny: 'exception.denied',
  revoke: 'exception.revoked',
  renew: 'exception.requested',
  review: 'break-glass.reviewed',
} as const satisfies Record<ExceptionAction['kind'], EventName>

function refuseAction({ id, target }: Exception, action: ExceptionAction, problem: ActionProblem): never {
  if (problem.kind === 'state') refuse({ code: 'IncorrectState', what: 'exception', id, problem: problem.problem })
  // Only a renewal names a time.
  if (problem.kind === 'time') {
    refuseValue(problem.field, 'expiresAt' in action ? textOf(action.expiresAt) : '', problem.problem)
  }
  const { asked, by, shared } = problem
  const also = asked === by ? {} : { shared }
  return refuse({
    code: 'NotAuthorized',
    action: 'exception:approve',
    because: { why: 'asked-for-it', asked, by, exception: id, action: action.kind, target, ...also },
  })
}

/** Puts the exception as it is now into the history. */
async function recordVersion(context: WriteContext, stored: Exception): Promise<void> {
  const { id, target } = stored
  const account = isAccountId(target) ? target : context.caller.account
  await context.tx.history.changed({ id, kind: 'exception', account }, stored)
  context.changed(id)
  await context.governanceChanged('nothing')
}

const textOf = (moment: number): string => new Date(moment).toISOString()
