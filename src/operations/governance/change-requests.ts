// Change requests: proposed with what they would do, approved by others than those who wrote them, and applied as they were approved
// (policy-model §8).
import {
  type Approval,
  actOn,
  appliesAtOf,
  approvalRulesDefault,
  awaitsReview,
  type ChangeImpact,
  type ChangeRequest,
  type ChangeRequestAction,
  type ChangeRequestProblem,
  type ChangeWindow,
  classOf,
  countingApprovals,
  editorsMax,
  freezeAt,
  openPerNodeMax,
  openPerRequesterAndNodeMax,
  openPerRequesterMax,
  recordedImpact,
  rolloutsMax,
  rolloutsPerTopUnitMax,
  rolloutsReserve,
  type Standing,
  strictest,
  unreviewedPerRequesterMax,
  windowProblem,
  writersOf,
} from '#model/change-request.ts'
import { fits, type Halt, partOfStage, type Rollout } from '#model/change-rollout.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { type ImpactClass, isAbove } from '#model/impact-class.ts'
import { isAccountId } from '#model/organization.ts'
import type { Attribution } from '#model/policy/exception.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { accountableFor, sharedIdentity } from '#model/principal.ts'
import type { Problem } from '#model/problems/problem.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import { type Action, everywhere } from '#model/roles.ts'
import { AheadOutdated } from '../ahead.ts'
import { setterOf } from '../estate/rule-setter.ts'
import { changeReview } from '../finding/change-review.ts'
import { settle } from '../finding/settle.ts'
import { refuseMalformed } from '../identifiers.ts'
import { accessOfToken, mayAtTop, type Place, requirePermission } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.ts'
import { tellOfChange } from '../notification/change-events.ts'
import type { Ahead, ReadContext, Tried, TriedWell, WriteContext } from '../operation.ts'
import { attributionOf } from '../policy/own-break-glass.ts'
import { standingOf, topOf } from '../record/object-places.ts'
import { contentHashOf } from './content-hash.ts'
import { rulingOf } from './control.ts'
import { type Inverse, inverseOf, inverseOfBoth, noInverse } from './inverse.ts'
import { countWriting, refuseLongList } from './list-bounds.ts'
import { type Made, madeOf, togetherWith } from './made.ts'
import type { Answered, Binding, DoneList, ListHow, ProposedOperation } from './proposed.ts'
import { requireSimulated } from './simulations.ts'
import { requireEpoch } from './state.ts'

/** Does all of them, in one transaction. */
export type DoAll = (
  context: WriteContext,
  operations: readonly ProposedOperation[],
  how?: ListHow,
) => Promise<DoneList>

export interface Proposal {
  readonly node: string
  readonly reason: string
  readonly operations: readonly ProposedOperation[]
  readonly window?: ChangeWindow | undefined
  readonly rollout?: Rollout | undefined
  /** The state that it was planned for. */
  readonly expectedEpoch?: number | undefined
}
export interface ProposalChanges {
  readonly reason?: string | undefined
  readonly operations?: readonly ProposedOperation[] | undefined
  /** `null`: any time. */
  readonly window?: ChangeWindow | null | undefined
  /** `null`: all at once. */
  readonly rollout?: Rollout | null | undefined
  /** What was looked at. */
  readonly contentHash?: string | undefined
  /** The state that the operations were planned for; of others than before, undefined: for none. */
  readonly expectedEpoch?: number | undefined
}

// Proposing ----------------------------------------------------------------------------------------------------------

/**
 * Proposes a change. It is tried on the right of whoever proposes it: who may not make it does not propose it either.
 * @param tried undefined: it is a draft, which nothing is known of yet
 */
export async function proposeChange(
  context: WriteContext,
  proposal: Proposal,
  tried: Tried | undefined,
): Promise<ChangeRequest> {
  const author = standingAs(context)
  await refuseLongList(context, proposal.operations)
  requireEpoch(context, proposal.expectedEpoch)
  refuseWindow(context, proposal.window)
  refuseUnfit(proposal)
  await refuseUnreadablePools(context, proposal.rollout)
  const n = context.newSequence()
  const bindings = bindingsFound(tried)
  const draft: ChangeRequest = {
    id: formatId('changeRequest', context.tx.installation, n),
    node: proposal.node,
    reason: proposal.reason,
    contentHash: contentHashOf({ ...proposal, bindings }),
    status: 'draft',
    author,
    editors: [],
    approvals: [],
    ...(proposal.window ? { window: proposal.window } : {}),
    ...(proposal.rollout ? { rollout: proposal.rollout } : {}),
    ...boundTo(proposal.expectedEpoch, tried),
  }
  await refuseBeyondBounds(context, draft)
  const proposed = tried ? act(await withImpact(context, draft, tried), { kind: 'submit', ...author }) : draft
  await countWriting(context, proposal.operations)
  await context.tx.changeRequests.insert(n, proposed, { operations: proposal.operations, bindings })
  await keepBasis(context, proposed, tried)
  await keepRunner(context, proposed)
  await recordVersion(context, proposed)
  await tellOfChange(context.tx, undefined, proposed)
  return proposed
}

/** Changes what it says: whoever does becomes one of those who wrote it, and what was approved is void. */
export async function editChange(
  context: WriteContext,
  id: string,
  changes: ProposalChanges,
  tried: Tried | undefined,
): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  if (changes.contentHash !== undefined && changes.contentHash !== before.contentHash) {
    const problem = { why: 'other-content', now: before.contentHash } as const
    refuse({ code: 'IncorrectState', what: 'change-request', id, problem })
  }
  const operations = changes.operations ?? (await contentOf(context, before)).operations
  await refuseLongList(context, operations)
  requireEpoch(context, changes.expectedEpoch)
  const { window: _, rollout: __, plannedFor, ...rest } = before
  const isSameOperations = changes.operations === undefined && changes.expectedEpoch === undefined
  const bound = isSameOperations
    ? { ...(plannedFor === undefined ? {} : { plannedFor }) }
    : boundTo(changes.expectedEpoch, tried)
  const window = changes.window === undefined ? before.window : (changes.window ?? undefined)
  const rollout = changes.rollout === undefined ? before.rollout : (changes.rollout ?? undefined)
  refuseWindow(context, changes.window ?? undefined)
  const timed = { ...(window ? { window } : {}), ...(rollout ? { rollout } : {}) }
  const edited = { ...rest, reason: changes.reason ?? before.reason, ...timed, ...bound }
  const bindings = before.status === 'draft' ? undefined : bindingsFound(tried)
  const said = { ...edited, operations, window, rollout, bindings }
  refuseUnfit(said)
  await refuseUnreadablePools(context, rollout)
  const author = standingAs(context)
  const written = act(edited, { kind: 'edit', contentHash: contentHashOf(said), ...author })
  if (written.editors.length > editorsMax) {
    refuse({ code: 'LimitExceeded', what: { of: 'editors' }, limit: editorsMax, used: before.editors.length })
  }
  const changed =
    written.status === 'draft' ? written : act(await withImpact(context, written, tried), { kind: 'submit', ...author })
  await say(context, changed, { operations, bindings })
  await unsay(context, before, changed)
  await keepRunner(context, changed)
  if (!isSameOperations) await keepBasis(context, changed, tried)
  return keep(context, changed, before)
}

/** Submits a draft, or finds anew what it would do. */
export async function submitChange(context: WriteContext, id: string, tried: Tried): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  const action = { kind: 'submit', ...standingAs(context) } as const
  // Whoever may not submit it is told nothing of what came of trying it.
  act(before, action)
  const found = await withImpact(context, before, tried)
  const { operations } = await contentOf(context, before)
  // What its names stand for may be something else than when it was approved.
  const bindings = bindingsFound(tried)
  const submitted = act({ ...found, contentHash: contentHashOf({ ...before, operations, bindings }) }, action)
  await say(context, submitted, { operations, bindings })
  await unsay(context, before, submitted)
  await keepRunner(context, submitted)
  return keep(context, submitted, before)
}

// Deciding -----------------------------------------------------------------------------------------------------------

/** @param contentHash what was looked at: nothing else is approved */
export async function approveChange(context: WriteContext, id: string, contentHash: string): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  const isOfRoot = await mayAtTop(context, 'change:approve', [await topOf(context)])
  const approved = act(before, { kind: 'approve', contentHash, isOfRoot, ...standingAs(context) })
  if (before.needed?.isSimulated) await requireSimulated(context, before)
  return keep(context, approved, before)
}

/** Sends it back to those who wrote it, as a draft. */
export async function rejectChange(context: WriteContext, id: string, note: string): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  return keep(context, act(before, { kind: 'reject', note, ...attributionOf(context) }), before)
}

export async function abandonChange(context: WriteContext, id: string, note?: string): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  const why = note === undefined ? {} : { note }
  return keep(context, act(before, { kind: 'abandon', ...why, ...attributionOf(context) }), before)
}

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
  if (!('refused' in tried)) await requireWriters(context, before, tried)
  const part = partOfStage(content.operations, before.rollout, 0)
  const made = await makeAndPrepare(context, before.id, { content, part, doAll })
  return keep(context, before.rollout ? await beginRollout(context, applied, before.rollout, made) : applied, before)
}

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
  const until = frozenUntil(refusal)
  if (before.status === 'scheduled' && before.progress) {
    if (before.progress.nextAt > context.now) return
    const at = context.now
    if (until !== undefined) await keep(context, { ...before, progress: { ...before.progress, nextAt: until } }, before)
    else await keep(context, { ...before, status: 'halted', halted: { ...haltFor(refusal), at } }, before)
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
function problemOf(refusal: Refusal): Problem | undefined {
  if ('problem' in refusal && typeof refusal.problem === 'object') return refusal.problem
  return 'because' in refusal && typeof refusal.because === 'object' ? (refusal.because as Problem) : undefined
}
function frozenUntil(refusal: Refusal): number | undefined {
  const problem = problemOf(refusal)
  return problem?.why === 'frozen' ? problem.until : undefined
}
function haltFor(refusal: Refusal): Halt {
  const problem = problemOf(refusal)
  return problem?.why === 'window-over'
    ? { why: 'window', until: problem.until }
    : { why: 'refused', code: refusal.code }
}

/** Makes a part of the change, and prepares what undoes it. */
async function makeAndPrepare(
  context: WriteContext,
  id: string,
  {
    content: { operations, bindings },
    part,
    doAll,
  }: { readonly content: Content; readonly part: Pick<ListHow, 'from' | 'to'>; readonly doAll: DoAll },
): Promise<Made> {
  const { tx } = context
  const n = numberOf(context, id)
  const answered = (await tx.changeRequests.madeBy(n)) as readonly Answered[]
  const { made } = await doAll(context, operations, { ...part, bindings, made: answered })
  if (made.length < operations.length) await tx.changeRequests.keepMade(n, made)
  const subjects = tx.subjects.named()
  const before = ((await tx.changeRequests.inverseOf(n)) as Inverse | undefined) ?? noInverse
  await tx.changeRequests.keepInverse(n, inverseOfBoth(before, await inverseOf(tx, subjects)))
  return madeOf(tx, subjects)
}

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

/** Makes the next stage of a rollout that is due, or ends it where there is none. Where it would do what nobody has approved, it is halted. */
export async function advanceChange(context: WriteContext, id: string, next: NextStage): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  const { progress, rollout, status } = before
  // Another server may have done so.
  if (status !== 'scheduled' || !progress || !rollout || progress.nextAt > context.now) return before
  const worse = isEnd(before) ? undefined : worseThanApproved(context, before, next.tried)
  if (worse) return keep(context, { ...before, status: 'halted', halted: { ...worse, at: context.now } }, before)
  return goOn(context, before, next.doAll)
}
export interface NextStage {
  readonly tried: Tried
  readonly doAll: DoAll
}
const isEnd = ({ progress }: ChangeRequest): boolean => progress!.stage >= progress!.stages

/** What the next stage would do now is of a class above what was approved: what is there has changed since then. */
function worseThanApproved(
  context: WriteContext,
  { node, impact }: ChangeRequest,
  tried: Tried,
): { readonly why: 'impact-changed'; readonly class: ImpactClass; readonly approved: ImpactClass } | undefined {
  if ('refused' in tried) throw tried.refused
  if (tried.epoch !== context.tx.governanceEpoch) throw new AheadOutdated()
  refuseOutside(node, tried)
  const found = impactIn(tried, context.now).class
  const approved = impact!.class
  return isAbove(found, approved) ? { why: 'impact-changed', class: found, approved } : undefined
}

async function goOn(context: WriteContext, before: ChangeRequest, doAll: DoAll): Promise<ChangeRequest> {
  const { progress, rollout } = before
  const { stage, stages } = progress!
  if (stage >= stages) {
    return keep(context, { ...before, status: 'applied', ended: attributionOf(context) }, before)
  }
  await refuseOtherState(context, before)
  const content = await contentOf(context, before)
  const part = partOfStage(content.operations, rollout, stage)
  const outside = before.breakGlass ? undefined : windowProblem(before.window, context.now)
  if (outside) refuse({ code: 'IncorrectState', what: 'change-request', id: before.id, problem: outside })
  const made = await makeAndPrepare(context, before.id, { content, part, doAll })
  await refuseFrozen(context, before)
  return keep(context, withProgress(context, before, { rollout: rollout!, stage: stage + 1, made }), before)
}

/** Refuses what was just made while changes of it are frozen, but in an emergency. */
async function refuseFrozen({ tx, now }: WriteContext, { id, breakGlass }: ChangeRequest): Promise<void> {
  if (breakGlass) return
  const rulings = await rulingOf(tx, tx.subjects.named())
  const freeze = freezeAt(
    rulings.flatMap(({ changeFreezes }) => changeFreezes),
    now,
  )
  if (!freeze) return
  const { until, reason } = freeze
  refuse({ code: 'IncorrectState', what: 'change-request', id, problem: { why: 'frozen', until, reason } })
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

/** Goes on with one that was halted: its next stage is made now, on the right of whoever resumes it. */
export async function resumeChange(
  context: WriteContext,
  id: string,
  { emergency, tried, doAll }: NextStage & { readonly emergency?: string | undefined },
): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  const resumed = act(before, { kind: 'resume', ...(await inEmergency(context, before, emergency)) })
  await refuseTooManyRollouts(context, before.node)
  const worse = isEnd(before) ? undefined : worseThanApproved(context, before, tried)
  if (worse && emergency === undefined) {
    refuse({ code: 'IncorrectState', what: 'change-request', id, problem: { ...worse, why: 'stage-above-approved' } })
  }
  await context.tx.changeRequests.setRunner(numberOf(context, id), setterOf(context))
  return goOn(context, resumed, doAll)
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
  await refuseFrozen(context, reverted)
  return keep(context, reverted, before)
}
/** What says how changes are controlled is changed as it says, whatever was approved of the change that it was in. */
function refuseLessControl(id: string, { operations }: Inverse): void {
  const members = ['changeControl', 'changeApprovals']
  const found = operations.find(
    ({ operation, input }) => operation === 'updateIpam' && members.some((one) => one in input),
  )
  if (!found) return
  const problem = { why: 'revert-of-control', ipamId: String(found.input.ipamId) } as const
  refuse({ code: 'IncorrectState', what: 'change-request', id, problem })
}
export const preparedInverse = async (context: ReadContext, id: string): Promise<Inverse | undefined> =>
  (await context.tx.changeRequests.inverseOf(numberOf(context, id))) as Inverse | undefined

// The state that it was planned for ----------------------------------------------------------------------------------

/** Of what nobody has tried, it is not known what it changes: it is bound to nothing. */
const boundTo = (expectedEpoch: number | undefined, tried: Tried | undefined): Pick<ChangeRequest, 'plannedFor'> =>
  expectedEpoch === undefined || !tried || 'refused' in tried ? {} : { plannedFor: expectedEpoch }

async function keepBasis(context: WriteContext, request: ChangeRequest, tried: Tried | undefined): Promise<void> {
  const basis = request.plannedFor === undefined || !tried || 'refused' in tried ? undefined : tried.before
  await context.tx.changeRequests.keepBasis(numberOf(context, request.id), basis)
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
  await makeAndPrepare(context, id, { content: await contentOf(context, before), part: {}, doAll })
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

/** Says that somebody else has looked at a break-glass, which ends its finding. */
export async function reviewChange(context: WriteContext, id: string, note: string): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  return keep(context, act(before, { kind: 'review', note, ...attributionOf(context) }), before)
}

// Who still may ------------------------------------------------------------------------------------------------------

const standingAs = (context: WriteContext): Standing => {
  const { groups, makerGroups = [] } = context.caller.native!
  return {
    ...attributionOf(context),
    ...(groups.length > 0 ? { groups } : {}),
    ...(makerGroups.length > 0 ? { makerGroups } : {}),
  }
}

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
  const { now } = context
  const at = { snapshot: await context.snapshot(), now }
  const action = 'change:propose'
  const path = pathOf(at.snapshot, await standingOf(context, request.node))
  const needs = needsOf(tried).filter((one) => !one.action.endsWith(':read'))
  for (const writer of writersOf(request)) {
    // What the author wrote may be of an editor by now, and needs what they may: of others, that they may propose.
    const asked = writer === request.author && request.editors.length === 0 ? needs : []
    for (const need of [{ action, path } as const, ...asked]) {
      if (mayStill(writer, at, need)) continue
      const node = need.path.at(-1)!
      const because = { why: 'writer-may-not', writer: writer.by, node } as const
      refuse({ code: 'NotAuthorized', action: need.action, because, reason: 'no-role', principal: writer.by, node })
    }
  }
}

/** On whose right a clock makes it, by name: whoever submitted it last. */
async function keepRunner(context: WriteContext, { id, status, window }: ChangeRequest): Promise<void> {
  if (status === 'draft' || window?.from === undefined) return
  await context.tx.changeRequests.setRunner(numberOf(context, id), setterOf(context))
}

// What it would do ---------------------------------------------------------------------------------------------------

/** What trying the operations of a request anew comes to; of one that is not there, nothing is tried. */
export const tryChange = (ahead: Ahead, id: string, doAll: DoAll, changes: ProposalChanges = {}): Promise<Tried> =>
  ahead.attempt(async (context) => {
    const request = await getChange(context, id)
    requireEpoch(context, changes.expectedEpoch)
    return doAll(context, changes.operations ?? (await contentOf(context, request)).operations)
  })
/** The same of what was approved. */
export const tryBound = (ahead: Ahead, id: string, doAll: DoAll): Promise<Tried> =>
  ahead.attempt(async (context) => {
    const { operations, bindings } = await contentOf(context, await getChange(context, id))
    return doAll(context, operations, { bindings })
  })
/** The same of the next stage of a rollout; behind its last one, nothing is tried. */
export const tryStage = (ahead: Ahead, id: string, doAll: DoAll): Promise<Tried> =>
  ahead.attempt(async (context) => {
    const request = await getChange(context, id)
    const { progress, rollout } = request
    if (!progress || isEnd(request)) return undefined
    const { operations, bindings } = await contentOf(context, request)
    const made = (await context.tx.changeRequests.madeBy(numberOf(context, id))) as readonly Answered[]
    return doAll(context, operations, { ...partOfStage(operations, rollout, progress.stage), bindings, made })
  })
/** What the names in operations that were tried stand for. */
const bindingsFound = (tried: Tried | undefined): readonly Binding[] | undefined =>
  tried && !('refused' in tried) ? (tried.answer as DoneList).bindings : undefined

/** The request with what it would do by the rules of now, and how many have to approve that. */
async function withImpact(
  context: WriteContext,
  request: ChangeRequest,
  tried: Tried | undefined,
): Promise<ChangeRequest> {
  // What could not be tried is refused as the operation refused it: others waited for that once.
  if (tried && 'refused' in tried) throw tried.refused
  if (tried?.epoch !== context.tx.governanceEpoch) throw new AheadOutdated()
  refuseOutside(request.node, tried)
  const impact = impactIn(tried, context.now)
  const { rulings } = tried
  const said = rulings.flatMap(({ changeApprovals }) => changeApprovals?.[impact.class] ?? [])
  const { left } = tried
  const told = left.length === 0 ? impact : { ...impact, left }
  return { ...request, impact: told, needed: said.length === 0 ? approvalRulesDefault[impact.class] : strictest(said) }
}

/** Needs for the request itself are those of whoever asks, and not of what it changes. */
const needsOf = ({ needs }: TriedWell) => needs.filter(({ action }) => !action.startsWith('change:'))

function refuseOutside(node: string, tried: TriedWell): void {
  if (node === everywhere) return
  for (const { path } of needsOf(tried)) {
    const other = path.at(-1)!
    if (!path.includes(node)) refuseValue('node', node, { why: 'outside-of-node', node, other })
  }
}

function impactIn(tried: TriedWell, at: number): ChangeImpact {
  const { hasUnseen = false, ...found } = tried.impact ?? {
    evaluated: 0,
    isWhole: true,
    noncompliant: 0,
    compliant: 0,
    groups: [],
    samples: [],
  }
  const acting = needsOf(tried).map(({ path }) => path.at(-1))
  // What others have who are hidden from whoever proposes it must not tell by the class which tags it has (I8).
  const isWhole = found.isWhole && !hasUnseen
  const nodes = [...tried.nodes, ...acting]
  return { ...found, class: classOf({ ...found, isWhole, nodes }), epoch: tried.epoch, at }
}

function refuseUnfit({ operations, rollout }: Pick<Proposal, 'operations' | 'rollout'>): void {
  if (!rollout || fits(rollout, operations.length)) return
  refuseValue('rollout.stages', rollout.stages.length, { why: 'stages-have-all', operations: operations.length })
}

/** How full a pool is tells whether a rollout is halted: whoever says so has to see it, and what is hidden is as absent. */
async function refuseUnreadablePools(context: WriteContext, rollout: Rollout | undefined): Promise<void> {
  for (const { poolId } of rollout?.haltOn?.pools ?? []) {
    const absentPool: Refusal = { code: 'NotFound', what: 'ipam-pool', id: poolId }
    const pool = (await context.tx.pools.find(poolId)) ?? refuse(absentPool)
    await requirePermission(context, 'ipam:read', { node: pool.account, absent: absentPool })
  }
}

function refuseWindow({ now }: ReadContext, window: ChangeWindow | undefined): void {
  if (window?.until === undefined) return
  if (window.until <= Math.max(now, window.from ?? now)) {
    refuseValue('window.until', new Date(window.until).toISOString(), { why: 'window-ends-first' })
  }
}

async function refuseBeyondBounds({ tx }: ReadContext, { author, node }: ChangeRequest): Promise<void> {
  const accountable = accountableFor(author)
  const counts = [
    { accountable, node, max: openPerRequesterAndNodeMax },
    { accountable, max: openPerRequesterMax },
    { node, max: openPerNodeMax },
  ]
  for (const count of counts) {
    const used = await tx.changeRequests.countOpen(count)
    if (used < count.max) continue
    refuse({
      code: 'LimitExceeded',
      what: { of: 'open-change-requests' },
      limit: count.max,
      used,
      countedFor: {
        per: 'changes',
        ...(count.accountable === undefined ? {} : { requester: count.accountable }),
        ...(count.node === undefined ? {} : { node: count.node }),
      },
      remedy: { do: 'end-change-requests' },
    })
  }
}

// What is there ------------------------------------------------------------------------------------------------------

const absent = (id: string): Refusal => ({ code: 'NotFound', what: 'change-request', id })

export async function getChange(context: ReadContext, id: string): Promise<ChangeRequest> {
  refuseMalformed('changeRequest', id)
  const n = parseId('changeRequest', context.tx.installation, id)
  const found = n === undefined ? undefined : await context.tx.changeRequests.find(n)
  return found ?? refuse(absent(id))
}

export interface Content {
  readonly operations: readonly ProposedOperation[]
  /** Undefined of a draft. */
  readonly bindings: readonly Binding[] | undefined
}
export async function contentOf(
  context: ReadContext,
  { id, contentHash }: Pick<ChangeRequest, 'id' | 'contentHash'>,
): Promise<Content> {
  return (await context.tx.changeRequests.contentOf(numberOf(context, id), contentHash)) as Content
}

/** Where it is read and decided: at its node, or where that stood. */
export async function placeOfChange(
  context: ReadContext,
  { changeRequestId: id }: { readonly changeRequestId: string },
): Promise<Place> {
  const { node } = await getChange(context, id)
  return { node: await standingOf(context, node), absent: absent(id) }
}
export const placeOfProposal = (context: ReadContext, { node }: { readonly node: string }): Promise<Place> =>
  placeOfNode(context, node)

/** What it says from now on; what it said once may be said again. */
async function say(context: WriteContext, { id, contentHash }: ChangeRequest, content: Content): Promise<void> {
  const { changeRequests } = context.tx
  const n = numberOf(context, id)
  if ((await changeRequests.contentOf(n, contentHash)) !== undefined) return
  await countWriting(context, content.operations)
  await changeRequests.say(n, contentHash, content)
}

const numberOf = ({ tx }: ReadContext, id: string): number => parseId('changeRequest', tx.installation, id)!

/** @param postponed until when it is not made by itself */
async function keep(
  context: WriteContext,
  changed: ChangeRequest,
  before: ChangeRequest,
  postponed?: number,
): Promise<ChangeRequest> {
  const { appliesAt: _, ...rest } = changed
  const appliesAt = appliesAtOf(changed, postponed)
  const request: ChangeRequest = appliesAt === undefined ? rest : { ...rest, appliesAt }
  await context.tx.changeRequests.update(numberOf(context, request.id), request)
  if (request.breakGlass) {
    const facts = awaitsReview(request) ? { requestedBy: (request.breakGlass.broken ?? request.ended!).by } : undefined
    await settle(context.tx, changeReview, [{ resource: request.id, node: request.node, facts }])
  }
  await recordVersion(context, request)
  await tellOfChange(context.tx, before, request)
  return request
}

/** What it said before, which nobody has approved, is not kept: else a draft keeps all that it ever said. */
async function unsay(context: WriteContext, before: ChangeRequest, changed: ChangeRequest): Promise<void> {
  if (before.contentHash === changed.contentHash) return
  if (before.approvals.some(({ contentHash }) => contentHash === before.contentHash)) return
  await context.tx.changeRequests.unsay(numberOf(context, before.id), before.contentHash)
}

function act(request: ChangeRequest, action: ChangeRequestAction): ChangeRequest {
  const outcome = actOn(request, action)
  return 'refused' in outcome ? refuseAction(request, outcome.refused) : outcome.request
}

function refuseAction({ id, node }: ChangeRequest, problem: ChangeRequestProblem): never {
  if (problem.kind === 'state') {
    return refuse({ code: 'IncorrectState', what: 'change-request', id, problem: problem.problem })
  }
  if (problem.kind === 'not-yours') {
    const { author, by } = problem
    return refuse({
      code: 'NotAuthorized',
      action: 'change:propose',
      because: { why: 'not-written-by-you', author, by },
    })
  }
  const { wrote, by, shared } = problem
  const also = wrote === by ? {} : { shared }
  return refuse({
    code: 'NotAuthorized',
    action: 'change:approve',
    because: { why: 'wrote-it', wrote, by, request: id, node, ...also },
  })
}

/** Puts the request as it is now into the history; what it says stands beside it, by its hash. */
async function recordVersion(context: WriteContext, request: ChangeRequest): Promise<void> {
  const { id, node, impact } = request
  const account = isAccountId(node) ? node : context.caller.account
  // Of which groups somebody is, their sign-in says, and no record that others read.
  const named = ({ groups: _, makerGroups: __, ...one }: Standing) => one
  const { author, editors } = request
  const people = {
    author: named(author),
    editors: editors.map(named),
    approvals: countingApprovals(request).map(named),
  }
  const body = { ...request, ...people, impact: impact && recordedImpact(impact) }
  await context.tx.history.changed({ id, kind: 'change-request', account }, body)
  context.changed(id)
}
