// What somebody asks an exception for, completed: from a denial on record, and from what follows without being said.

import { rulesProblem } from '#model/policy/eligibility.ts'
import type { ExceptionGrants } from '#model/policy/exception.ts'
import { answerTo, describeNext, nearestException, nearestOwnChange } from '#model/policy/nearest-change.ts'
import { resolve } from '#model/policy/resolve.ts'
import { grantables } from '#model/policy/settings.ts'
import type { PoolFacts } from '#model/policy/snapshot.ts'
import { partiesOf } from '#model/principal.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { type Action, everywhere, roles } from '#model/roles.ts'
import type { RecordedDecision } from '#store/tables/journal.ts'
import type { Place } from '../identity/authority.ts'
import { findKnownPool } from '../ipam/known-pools.ts'
import type { ReadContext } from '../operation.ts'
import { getRecorded, placeOfDecision } from '../record/decisions.ts'
import { permitterThen } from '../record/object-places.ts'
import { roomFor } from '../space/availability.ts'
import { type ExceptionParams, placeOfTarget } from './exceptions.ts'
import { sightOf } from './sight.ts'

/** When it ends: at a moment, or so long after it begins. */
export interface ExceptionEnd {
  readonly at?: number
  readonly afterMs?: number
}

/** What is said; the rest follows from the decision, from the pool, and from where the caller may ask. */
export interface ExceptionDraft
  extends Omit<ExceptionParams, 'target' | 'locale' | 'resourceType' | 'grants' | 'expiresAt'> {
  /** The id of a denial. */
  readonly decision?: string | undefined
  readonly target?: string | undefined
  readonly locale?: string | undefined
  readonly resourceType?: string | undefined
  readonly pool?: string | undefined
  readonly provider?: boolean | undefined
  readonly netmaskLength?: number | undefined
  readonly grants?: ExceptionGrants | undefined
  readonly end: ExceptionEnd
}

/** Where it is asked for: at its target, and of a decision that names it, for whoever may see that. */
export async function placeOfDraft(
  context: ReadContext,
  { decision, target }: Pick<ExceptionDraft, 'decision' | 'target'>,
): Promise<Place> {
  if (target !== undefined) return placeOfTarget(context, { target })
  if (decision !== undefined) {
    const { absent } = await placeOfDecision(context, { decisionId: decision })
    const { request } = await getRecorded(context, decision)
    return { ...(await placeOfTarget(context, { target: request.account })), ...(absent && { absent }) }
  }
  return placeOfTarget(context, { target: await onlyTarget(context) })
}

export async function completeException(context: ReadContext, draft: ExceptionDraft): Promise<ExceptionParams> {
  const { decision, pool: poolId, provider, netmaskLength, grants, end, target, locale, resourceType, ...rest } = draft
  const denied = decision === undefined ? undefined : (await getVisible(context, decision)).request
  const at = target ?? denied?.account ?? (await onlyTarget(context))
  const pool = poolId === undefined ? undefined : await getKnownPool(context, at, poolId)
  const where = {
    target: at,
    locale: locale ?? denied?.locale ?? pool?.locale ?? missing('locale'),
  }
  const type =
    resourceType ?? denied?.resourceType ?? (pool && (await onlyType(context, where, pool))) ?? missing('resourceType')
  return {
    ...rest,
    ...where,
    resourceType: type,
    grants: grantsIn(draft, pool) ?? (decision === undefined ? missing('grants') : await grantsFor(context, decision)),
    expiresAt: endOf(end, rest.startsAt ?? context.now),
  }
}

/** A pool of which neither the target nor the caller may know does not exist (invariant I8). */
async function getKnownPool(context: ReadContext, target: string, id: string): Promise<PoolFacts> {
  const known = await findKnownPool(context, target, id)
  return known ? known.pool : refuse({ code: 'NotFound', what: 'ipam-pool', id })
}

export function endOf({ at, afterMs }: ExceptionEnd, startsAt: number): number {
  if (at !== undefined && afterMs !== undefined) {
    refuse({ code: 'InvalidParameterCombination', problem: { why: 'end-twice' } })
  }
  return at ?? (afterMs === undefined ? missing('expiresAt') : startsAt + afterMs)
}

const missing = (field: string): never => refuse({ code: 'MissingParameter', field })

/** Undefined where nothing is said. */
function grantsIn(
  { pool: id, provider, netmaskLength, grants }: ExceptionDraft,
  pool: PoolFacts | undefined,
): ExceptionGrants | undefined {
  const isFlat = id !== undefined || provider !== undefined || netmaskLength !== undefined
  if (grants) {
    return isFlat ? refuse({ code: 'InvalidParameterCombination', problem: { why: 'grants-twice' } }) : grants
  }
  if (!isFlat) return undefined
  return {
    pools: id === undefined ? [] : [id],
    provider: provider ?? false,
    ...(netmaskLength === undefined ? {} : lengthGranted(netmaskLength, pool)),
  }
}

/** Of the family of the pool; without one, of the one that has such a length. */
function lengthGranted(length: number, pool: PoolFacts | undefined): Partial<ExceptionGrants> {
  const family = pool?.family ?? (length > 32 ? 6 : 4)
  const asked = { account: '', locale: '', resourceType: '', family, netmaskLength: length } as const
  return Object.fromEntries(
    grantables.flatMap(({ name, grant }) => {
      const needed = grant.needed(asked)
      return needed ? [[name, needed]] : []
    }),
  )
}

// From a denial --------------------------------------------------------------------------------------------------------

/** Whoever may ask for exceptions of an account need not see its decisions: to them it is absent (invariant I8). */
async function getVisible(context: ReadContext, id: string): Promise<RecordedDecision> {
  const recorded = await getRecorded(context, id)
  const { account } = recorded.request
  if (await (await permitterThen(context, 'decision:read'))(account, recorded.at.getTime())) return recorded
  return refuse((await placeOfDecision(context, { decisionId: id })).absent!)
}

/** The least that would have the same request granted, by the policies and the space that there are now. */
async function grantsFor(context: ReadContext, id: string): Promise<ExceptionGrants> {
  const { outcome, request } = await getVisible(context, id)
  const refuseIt = (problem: Parameters<typeof refuseValue>[2]): never => refuseValue('decisionId', id, problem)
  if (outcome !== 'deny') refuseIt({ why: 'not-denied' })
  const snapshot = await context.snapshot()
  const sight = await sightOf(context, request)
  const world = { snapshot, now: new Date(context.now), room: await roomFor(context.tx, snapshot, request, sight) }
  const { verdict, served } = answerTo(world, request)
  if (verdict.outcome !== 'deny' && served) refuseIt({ why: 'granted-by-now' })
  const nearest = nearestException(world, request, sight)
  if (nearest) return nearest.change.grants
  return refuseIt({
    why: 'no-exception-helps',
    next: describeNext({ outcome: 'deny' }, nearestOwnChange(world, request))!,
  })
}

// What follows ---------------------------------------------------------------------------------------------------------

const requesting: Action = 'exception:request'

/** The one node at which the caller's roles let them ask; where there are several, they must say. */
async function onlyTarget(context: ReadContext): Promise<string> {
  const { native } = context.caller
  if (!native) return missing('target')
  const [holder] = partiesOf(native, context.now)
  const { bindings } = await context.snapshot()
  const nodes = new Set(
    bindings
      .ofAll([holder!.name, ...holder!.groups])
      .filter(
        ({ effect, role }) => effect === 'permit' && (roles[role].actions as readonly Action[]).includes(requesting),
      )
      .map(({ node }) => node),
  )
  const [node] = nodes
  return nodes.size === 1 && node !== undefined && node !== everywhere ? node : missing('target')
}

/** The one type that the pool could serve and for which policy lists pools like it there: what there can be an exception from. */
async function onlyType(
  context: ReadContext,
  { target, locale }: { readonly target: string; readonly locale: string },
  pool: PoolFacts,
): Promise<string | undefined> {
  const snapshot = await context.snapshot()
  const ipam = snapshot.ipams.get(pool.ipamId)!
  const isLike = (id: string): boolean => {
    const other = snapshot.pools.get(id)
    return other?.scopeType === pool.scopeType && other.family === pool.family
  }
  const fitting = [...snapshot.resourceTypes.keys()].filter((resourceType) => {
    const pair = { locale, resourceType }
    if (rulesProblem({ ipam, ...pair }, [pool], snapshot.resourceTypes)) return false
    return resolve(snapshot, 'enforce', target, pair).document?.rules.some((rule) => isLike(rule.pool)) === true
  })
  return fitting.length === 1 ? fitting[0] : undefined
}
