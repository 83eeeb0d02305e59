// Change requests as they are made: by somebody or a clock, at once or in stages, and taken back again.
import {
  type Approval,
  type ChangeRequest,
  type ChangeRequestAction,
  countingApprovals,
  freezeAt,
  hasEnough,
  neededFor,
  rolloutsMax,
  rolloutsPerTopUnitMax,
  rolloutsReserve,
  type Standing,
  strictest,
  unreviewedPerRequesterMax,
  windowProblem,
  writersOf,
} from '#model/change-request.ts'
import { type Halt, isUnwatched, partOfStage, type Rollout } from '#model/change-rollout.ts'
import { isAbove } from '#model/impact-class.ts'
import type { Attribution } from '#model/policy/exception.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { accountableFor, sharedIdentity } from '#model/principal.ts'
import type { Problem } from '#model/problems/problem.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import { type Action, everywhere } from '#model/roles.ts'
import { AheadOutdated } from '../ahead.ts'
import { setterOf } from '../estate/rule-setter.ts'
import { accessOfToken, mayAtTop, permitter, requirePermission } from '../identity/authority.ts'
import type { ReadContext, Tried, TriedWell, WriteContext } from '../operation.ts'
import { attributionOf } from '../policy/own-break-glass.ts'
import { standingOf, topOf } from '../record/object-places.ts'
import { rulingOf } from './control.ts'
import { controlIn, type Inverse, inverseOf, inverseOfBoth, noInverse } from './inverse.ts'
import { absent, act, type Content, contentOf, getChange, keep, numberOf, preparedInverse } from './kept-requests.ts'
import { type Made, madeOf, togetherWith } from './made.ts'
import type { Answered, ListHow } from './proposed.ts'
import { isSimulated, requireSimulated } from './simulations.ts'
import { type DoAll, impactIn, isEnd, needsOf, refuseOutside, withImpact } from './trying.ts'

// At once -------------------------------------------------------------------------------------------------------------

/**
 * Makes the change, in the transaction of the request, on the right of whoever applies it. Whether enough have approved it is asked of what
 * it would do now.
 */
export async function applyChange(
  context: WriteContext,
  id: string,
  { contentHash, tried, doAll }: { readonly contentHash: string; readonly tried: Tried; readonly doAll: DoAll },
): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  return make(context, before, { kind: 'apply', contentHash, ...attributionOf(context) }, { tried, doAll })
}

async function make(
  context: WriteContext,
  before: ChangeRequest,
  action: ChangeRequestAction & { readonly kind: 'apply' },
  { tried, doAll }: { readonly tried: Tried; readonly doAll: DoAll },
): Promise<ChangeRequest> {
  act(before, action)
  await refuseOtherState(context, before)
  const content = await contentOf(context, before)
  if (!content.bindings) {
    refuse({ code: 'IncorrectState', what: 'change-request', id: before.id, problem: { why: 'never-bound' } })
  }
  const found = await withImpact(context, before, tried)
  const { approvals, lost } = await standingApprovals(context, found)
  const freeze = 'refused' in tried ? undefined : freezeAt(freezesOf(tried), context.now)
  const applied = act({ ...found, approvals }, { ...action, lost, ...(freeze ? { freeze } : {}) })
  if (found.needed?.isSimulated) await requireSimulated(context, found)
  if (!('refused' in tried)) await requireWriters(context, before, tried)
  const part = partOfStage(content.operations, before.rollout, 0)
  const made = await makeAndPrepare(context, before, { content, part, doAll })
  return keep(context, before.rollout ? await beginRollout(context, applied, before.rollout, made) : applied, before)
}

/** Makes the change at once, in an emergency. It is a finding until somebody else has reviewed it. */
export async function breakGlassOnChange(
  context: WriteContext,
  id: string,
  { contentHash, reason, doAll }: { readonly contentHash: string; readonly reason: string; readonly doAll: DoAll },
): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  const author = attributionOf(context)
  const applied = act(before, { kind: 'break-glass', contentHash, reason, ...author })
  await refuseUnreviewed(context, author)
  await refuseOtherState(context, before)
  await makeAndPrepare(context, before, { content: await contentOf(context, before), part: {}, doAll })
  return keep(context, applied, before)
}
async function refuseUnreviewed({ tx }: WriteContext, author: Attribution): Promise<void> {
  const used = await tx.changeRequests.countUnreviewed(accountableFor(author), unreviewedPerRequesterMax)
  if (used < unreviewedPerRequesterMax) return
  refuse({
    code: 'LimitExceeded',
    what: { of: 'unreviewed-changes' },
    limit: unreviewedPerRequesterMax,
    used,
    countedFor: { per: 'changes', requester: accountableFor(author) },
    remedy: { do: 'have-reviewed' },
  })
}

// By a clock ----------------------------------------------------------------------------------------------------------

/** Makes one whose window has opened, on the right of whoever submitted it last. Of one that another server has made: nothing. */
export async function applyDueChange(
  context: WriteContext,
  id: string,
  { tried, doAll }: { readonly tried: Tried; readonly doAll: DoAll },
): Promise<void> {
  const before = await getChange(context, id)
  if (!isDue(context, before)) return
  const action = { kind: 'apply', contentHash: before.contentHash, ...attributionOf(context) } as const
  await make(context, before, action, { tried, doAll })
}
const isDue = ({ now }: ReadContext, { appliesAt }: ChangeRequest): boolean =>
  appliesAt !== undefined && appliesAt <= now

/** It could not be made by itself: it stays as it is, and waits for somebody; while changes are frozen, for the end of that. */
export async function postponeChange(context: WriteContext, id: string, refusal: Refusal): Promise<void> {
  const before = await getChange(context, id)
  const until = frozenUntil(refusal, context.now)
  if (before.status === 'scheduled' && before.progress) {
    if (before.progress.nextAt > context.now) return
    const at = context.now
    if (until !== undefined) await keep(context, { ...before, progress: { ...before.progress, nextAt: until } }, before)
    else await keep(context, { ...before, status: 'halted', halted: { ...haltFor(context, refusal), at } }, before)
    return
  }
  if (!isDue(context, before)) return
  if (until !== undefined) {
    await keep(context, before, before, until)
    return
  }
  const because = problemOf(refusal)
  const failed = { at: context.now, code: refusal.code, ...(because ? { because } : {}) }
  await keep(context, { ...before, failed }, before)
}

/** A clock that was ahead has begun to watch its stage: it is watched from now on, for as long as it says. */
export async function watchAnew(context: WriteContext, id: string): Promise<void> {
  const before = await getChange(context, id)
  const { progress, rollout, status } = before
  if (status !== 'scheduled' || !progress || !rollout || progress.since <= context.now) return
  const { sinceNumber: _, ...watched } = watchedFromNow(context, before)
  await keep(context, { ...before, progress: { ...progress, ...watched } }, before)
}
/** The last stage that was made, for as long as it says. */
function watchedFromNow(context: WriteContext, { progress, rollout }: ChangeRequest) {
  const { soakSeconds } = rollout!.stages[progress!.stage - 1]!
  return { since: context.now, sinceNumber: context.newSequence(), nextAt: context.now + soakSeconds * 1_000 }
}
function problemOf(refusal: Refusal): Problem | undefined {
  if ('problem' in refusal && typeof refusal.problem === 'object') return refusal.problem
  return 'because' in refusal && typeof refusal.because === 'object' ? (refusal.because as Problem) : undefined
}
/** A freeze may be lifted before its end, or be shortened: what waits for it is looked at again after this long. */
const freezeLookMs = 3_600_000
function frozenUntil(refusal: Refusal, now: number): number | undefined {
  const problem = problemOf(refusal)
  return problem?.why === 'frozen' ? Math.min(problem.until, now + freezeLookMs) : undefined
}
function haltFor({ caller: { native } }: WriteContext, refusal: Refusal): Halt {
  const because = problemOf(refusal)
  if (because?.why === 'window-over') return { why: 'window', until: because.until }
  return { why: 'refused', code: refusal.code, ...(native ? { by: native.name } : {}), ...(because ? { because } : {}) }
}

// In stages -----------------------------------------------------------------------------------------------------------

/** The first stage is made: the others follow by themselves, on the right of whoever applied it, by name. */
async function beginRollout(
  context: WriteContext,
  request: ChangeRequest,
  rollout: Rollout,
  made: Made,
): Promise<ChangeRequest> {
  await refuseTooManyRollouts(context, request.node)
  const runner = setterOf(context)
  await context.tx.changeRequests.setRunner(numberOf(context, request.id), runner)
  return withProgress(context, request, { rollout, stage: 1, made })
}

function withProgress(
  context: WriteContext,
  request: ChangeRequest,
  { rollout, stage, made }: { readonly rollout: Rollout; readonly stage: number; readonly made: Made },
): ChangeRequest {
  const { ended: _, ...rest } = request
  const { soakSeconds } = rollout.stages[stage - 1]!
  return {
    ...rest,
    status: 'scheduled',
    progress: {
      ...{ stage, stages: rollout.stages.length, since: context.now, sinceNumber: context.newSequence() },
      nextAt: context.now + soakSeconds * 1_000,
      ...togetherWith(request.progress, made),
    },
  }
}

/** Makes the next stage of a rollout that is due, or ends it where there is none. Where nobody has approved what it would do, or they may not any more, it is halted. */
export async function advanceChange(context: WriteContext, id: string, next: NextStage): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  const { progress, rollout, status } = before
  // Another server may have done so.
  if (status !== 'scheduled' || !progress || !rollout || progress.nextAt > context.now) return before
  const found = isEnd(before) ? undefined : await findStageHalt(context, before, next.tried)
  if (found) return keep(context, { ...before, status: 'halted', halted: { ...found, at: context.now } }, before)
  return goOn(context, before, { doAll: next.doAll })
}
export interface NextStage {
  readonly tried: Tried
  readonly doAll: DoAll
}

/**
 * Why the next stage is not what was approved: it would do now what is of a class above that, or those do not vouch for it any more who
 * wrote and approved it.
 */
async function findStageHalt(
  context: WriteContext,
  request: ChangeRequest,
  tried: Tried,
): Promise<Extract<Halt, { why: 'impact-changed' | 'unvouched' }> | undefined> {
  const unable = await findUnableRunner(context, request)
  if (unable) return { why: 'unvouched', because: unable }
  if ('refused' in tried) throw tried.refused
  if (tried.epoch !== context.tx.governanceEpoch) throw new AheadOutdated()
  refuseOutside(request.node, tried)
  const found = impactIn(tried, request.node, context.now).class
  const approved = request.impact!.class
  if (isAbove(found, approved)) return { why: 'impact-changed', class: found, approved }
  const because =
    (await findLackOfApprovals(context, request, tried)) ?? (await findUnableWriter(context, request, tried))
  return because && { why: 'unvouched', because }
}

/** By the rules of now, and no fewer than it was begun with: rules that were tightened since hold for what is left of it, too. */
async function findLackOfApprovals(
  context: WriteContext,
  request: ChangeRequest,
  { rulings }: TriedWell,
): Promise<Problem | undefined> {
  const { approvals, lost } = await standingApprovals(context, request)
  const then = request.needed!
  const needed = rulings.length === 0 ? then : strictest([then, neededFor(request.impact!.class, rulings)])
  const { approvers, ofRoot } = needed
  if (!hasEnough(approvals, needed)) {
    const asks = { approved: approvals.length, approvers, ofRoot }
    return lost.length > 0 ? { why: 'stage-approvals-lost', lost, ...asks } : { why: 'stage-needs-more', ...asks }
  }
  const isAsked = needed.isSimulated && !then.isSimulated
  return isAsked && !(await isSimulated(context, request)) ? { why: 'stage-not-simulated' } : undefined
}

/** Whoever it goes on by, who may not do so any more: what a stage does is asked of them as it is done. */
async function findUnableRunner(context: WriteContext, { node }: ChangeRequest) {
  const { native } = context.caller
  const action = 'change:propose'
  const place = await standingOf(context, node)
  if (!native || (await permitter(context, action))(place)) return undefined
  return { why: 'runner-may-not', runner: native.name, action, node: place } as const
}

/** @param emergency what this stage is made in: one of a stage before it says nothing of it */
async function goOn(
  context: WriteContext,
  before: ChangeRequest,
  { emergency, doAll }: { readonly emergency?: string | undefined; readonly doAll: DoAll },
): Promise<ChangeRequest> {
  const { progress, rollout } = before
  const { stage, stages } = progress!
  if (stage >= stages) {
    return keep(context, { ...before, status: 'applied', ended: attributionOf(context) }, before)
  }
  await refuseOtherState(context, before)
  const content = await contentOf(context, before)
  const part = partOfStage(content.operations, rollout, stage)
  const outside = emergency === undefined ? windowProblem(before.window, context.now) : undefined
  if (outside) refuse({ code: 'IncorrectState', what: 'change-request', id: before.id, problem: outside })
  const made = await makeAndPrepare(context, before, { content, part, doAll })
  if (emergency === undefined) await refuseFrozen(context, before)
  return keep(context, withProgress(context, before, { rollout: rollout!, stage: stage + 1, made }), before)
}

/** Halts a rollout: nothing more is made of it before somebody resumes or reverts it. */
export async function haltChange(context: WriteContext, id: string, halt: Halt): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  if (before.status !== 'scheduled') return before
  return keep(context, { ...before, status: 'halted', halted: { ...halt, at: context.now } }, before)
}
/** The same, where somebody sees what no rule does: at any time. */
export async function haltByHand(context: WriteContext, id: string, note: string): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  return keep(context, act(before, { kind: 'halt', note, ...attributionOf(context) }), before)
}

/**
 * Goes on with one that was halted, on the right of whoever resumes it: its next stage is made now. Where the last one was not watched for as long as
 * it says, it is watched anew before; in an emergency it is not.
 */
export async function resumeChange(
  context: WriteContext,
  id: string,
  { emergency, tried, doAll }: NextStage & { readonly emergency?: string | undefined },
): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  const resumed = act(before, { kind: 'resume', ...(await inEmergency(context, before, emergency)) })
  await refuseTooManyRollouts(context, before.node)
  const found = isEnd(before) ? undefined : await findStageHalt(context, before, tried)
  if (found && emergency === undefined) {
    const problem = found.why === 'unvouched' ? found.because : ({ ...found, why: 'stage-above-approved' } as const)
    refuse({ code: 'IncorrectState', what: 'change-request', id, problem })
  }
  await context.tx.changeRequests.setRunner(numberOf(context, id), setterOf(context))
  if (emergency === undefined && isUnwatched(before.halted!, before.progress!, before.rollout!)) {
    return keep(context, { ...resumed, progress: { ...before.progress!, ...watchedFromNow(context, before) } }, before)
  }
  return goOn(context, resumed, { emergency, doAll })
}
/** Those that are scheduled are watched in turns: of many of a part, others would wait for theirs. */
async function refuseTooManyRollouts(context: WriteContext, node: string): Promise<void> {
  const isAtTop = await mayAtTop(context, 'change:propose', [await topOf(context)])
  const all = await context.tx.changeRequests.nodesRollingOut(rolloutsMax)
  const snapshot = await context.snapshot()
  const unit = pathOf(snapshot, node)[1] ?? node
  const below = isAtTop ? 0 : all.filter((one) => pathOf(snapshot, one).includes(unit)).length
  const bounds = [
    [rolloutsPerTopUnitMax, below, { per: 'unit', unit }],
    [isAtTop ? rolloutsMax : rolloutsMax - rolloutsReserve, all.length, { per: 'installation' }],
  ] as const
  for (const [limit, used, countedFor] of bounds) {
    if (used < limit) continue
    refuse({ code: 'LimitExceeded', what: { of: 'rollouts' }, limit, used, countedFor })
  }
}
/** Who does it; with a reason, in an emergency, for which the right to approve is needed. */
async function inEmergency(context: WriteContext, before: ChangeRequest, emergency: string | undefined) {
  const author = attributionOf(context)
  if (emergency === undefined) return author
  const place = { node: await standingOf(context, before.node), absent: absent(before.id) }
  await requirePermission(context, 'change:approve', place)
  await refuseUnreviewed(context, author)
  return { emergency, ...author }
}

// Back again ----------------------------------------------------------------------------------------------------------

/** Makes again what was before, as far as that was prepared and nobody has changed it since. */
export async function revertChange(
  context: WriteContext,
  id: string,
  { note, emergency, doAll }: { readonly note: string; readonly emergency?: string | undefined; readonly doAll: DoAll },
): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  const reverted = act(before, { kind: 'revert', note, ...(await inEmergency(context, before, emergency)) })
  const inverse = await preparedInverse(context, id)
  if (!inverse || inverse.operations.length === 0) {
    refuse({ code: 'IncorrectState', what: 'change-request', id, problem: { why: 'no-inverse' } })
  }
  refuseLessControl(id, inverse)
  const made = Object.keys(inverse.versions)
  const latest = await context.tx.history.latestVersions(made)
  const objects = made.filter((object) => latest.get(object) !== inverse.versions[object])
  if (objects.length > 0) {
    refuse({ code: 'IncorrectState', what: 'change-request', id, problem: { why: 'changed-since', objects } })
  }
  await doAll(context, inverse.operations)
  if (emergency === undefined) await refuseFrozen(context, reverted)
  return keep(context, reverted, before)
}
function refuseLessControl(id: string, inverse: Inverse): void {
  const found = controlIn(inverse)
  if (!found) return
  const problem = { why: 'revert-of-control', ipamId: String(found.input.ipamId) } as const
  refuse({ code: 'IncorrectState', what: 'change-request', id, problem })
}

// What is made --------------------------------------------------------------------------------------------------------

/** Makes a part of the change, and prepares what undoes it. */
async function makeAndPrepare(
  context: WriteContext,
  request: ChangeRequest,
  {
    content: { operations, bindings },
    part,
    doAll,
  }: { readonly content: Content; readonly part: Pick<ListHow, 'from' | 'to'>; readonly doAll: DoAll },
): Promise<Made> {
  const { tx } = context
  const n = numberOf(context, request.id)
  const answered = (await tx.changeRequests.madeBy(n)) as readonly Answered[]
  const { made } = await context.writtenBy(writersOf(request), () =>
    doAll(context, operations, { ...part, bindings, made: answered }),
  )
  if (made.length < operations.length) await tx.changeRequests.keepMade(n, made)
  const subjects = tx.subjects.acted()
  const before = ((await tx.changeRequests.inverseOf(n)) as Inverse | undefined) ?? noInverse
  await tx.changeRequests.keepInverse(n, inverseOfBoth(before, await inverseOf(tx, subjects), subjects))
  return madeOf(tx, subjects)
}

/** Refuses what was planned for objects as they are not any more, but by stages of its own. */
async function refuseOtherState(context: ReadContext, { id, plannedFor }: ChangeRequest): Promise<void> {
  if (plannedFor === undefined) return
  const basis = await context.tx.changeRequests.basisOf(numberOf(context, id))
  const expected = { ...basis, ...(await preparedInverse(context, id))?.versions }
  const latest = await context.tx.history.latestVersions(Object.keys(expected))
  const objects = Object.keys(expected).filter((object) => latest.get(object) !== expected[object])
  if (objects.length === 0) return
  refuse({ code: 'IncorrectState', what: 'change-request', id, problem: { why: 'planned-for-other', objects } })
}

const freezesOf = ({ rulings }: TriedWell) => rulings.flatMap(({ changeFreezes }) => changeFreezes)

/** Refuses what was just made while changes of it are frozen. */
async function refuseFrozen(context: WriteContext, { id }: ChangeRequest): Promise<void> {
  const { tx, now } = context
  const rulings = await rulingOf(context, tx.subjects.acted())
  const freeze = freezeAt(
    rulings.flatMap(({ changeFreezes }) => changeFreezes),
    now,
  )
  if (!freeze) return
  const { until, reason } = freeze
  refuse({ code: 'IncorrectState', what: 'change-request', id, problem: { why: 'frozen', until, reason } })
}

// Who still may -------------------------------------------------------------------------------------------------------

/** Whether somebody who did something may still do it, by the roles of now: that of a group counts where it was proved then. */
function mayStill(
  { by, at, groups = [], makers = [], makerGroups = [] }: Standing,
  { snapshot, now }: { readonly snapshot: Snapshot; readonly now: number },
  { action, path }: { readonly action: Action; readonly path: readonly string[] },
): boolean {
  const proved = makerGroups.map((one) => (one.until > at ? { ...one, until: Number.POSITIVE_INFINITY } : one))
  const holder = { name: by, groups, makers, makerGroups: proved }
  return accessOfToken(snapshot, holder, { action, node: path.at(-1)!, now, path }).isPermitted
}

/** The approvals of those who may still approve, and whose others are. */
async function standingApprovals(
  context: WriteContext,
  request: ChangeRequest,
): Promise<{ readonly approvals: readonly Approval[]; readonly lost: readonly string[] }> {
  const { now } = context
  const at = { snapshot: await context.snapshot(), now }
  const path = pathOf(at.snapshot, await standingOf(context, request.node))
  const top = [await topOf(context)]
  const action = 'change:approve'
  const counting = countingApprovals(request)
  const mayApprove = (one: Approval): boolean =>
    mayStill(one, at, { action, path }) &&
    writersOf(request).every((writer) => sharedIdentity(writer, one) === undefined)
  const approvals = counting.filter(mayApprove).map((one) => ({
    ...one,
    isOfRoot: [top, [everywhere]].some((way) => mayStill(one, at, { action, path: way })),
  }))
  return { approvals, lost: counting.filter((one) => !mayApprove(one)).map(({ by }) => by) }
}

/** Refuses what somebody has written who may not do it any more: an approval of others is for what they may. */
async function requireWriters(context: WriteContext, request: ChangeRequest, tried: TriedWell): Promise<void> {
  const because = await findUnableWriter(context, request, tried)
  if (because) refuseWriter(because)
}
/** The same as it is submitted: nobody is asked to approve what could never be made. */
export async function requireAbleWriters(context: WriteContext, request: ChangeRequest, tried: Tried): Promise<void> {
  const found = 'refused' in tried ? undefined : await findUnableWriter(context, request, tried)
  if (found) refuseWriter({ ...found, why: 'writer-cannot' })
}
interface Unable {
  readonly writer: string
  readonly action: Action
  readonly node: string
}
type UnableWriter = (Unable & { readonly why: 'writer-may-not' }) | (Unable & { readonly why: 'writer-cannot' })
function refuseWriter(because: UnableWriter): never {
  const { action, writer: principal, node } = because
  return refuse({ code: 'NotAuthorized', action, because, reason: 'no-role', principal, node })
}

/**
 * One of those who wrote it who may not propose it any more, or not do themselves what it does. Which operation is whose nobody can tell, so
 * that each of them has to be able to do all of it: else whoever may do less would only have to let somebody else edit what they wrote.
 */
async function findUnableWriter(context: WriteContext, request: ChangeRequest, tried: TriedWell) {
  const at = { snapshot: await context.snapshot(), now: context.now }
  const path = pathOf(at.snapshot, await standingOf(context, request.node))
  const needs = needsOf(tried).filter(({ action }) => !action.endsWith(':read'))
  for (const writer of writersOf(request)) {
    const need = [{ action: 'change:propose', path } as const, ...needs].find((one) => !mayStill(writer, at, one))
    if (need) return { why: 'writer-may-not', writer: writer.by, action: need.action, node: need.path.at(-1)! } as const
  }
  return undefined
}
