// Change requests: proposed with what they would do, approved by others than those who wrote them, and applied as they were approved
// (policy-model §8).
import {
  actOn,
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
  strictest,
  unreviewedPerRequesterMax,
} from '#model/change-request.ts'
import { fits, type Halt, partOfStage, type Rollout } from '#model/change-rollout.ts'
import { formatId, kindOf, parseId } from '#model/identifier.ts'
import { isAccountId } from '#model/organization.ts'
import { accountableFor } from '#model/principal.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import { everywhere } from '#model/roles.ts'
import { AheadOutdated } from '../ahead.ts'
import { setterOf } from '../estate/rule-setter.ts'
import { changeReview } from '../finding/change-review.ts'
import { settle } from '../finding/settle.ts'
import { refuseMalformed } from '../identifiers.ts'
import { mayAtTop, type Place } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.ts'
import type { Ahead, ReadContext, Tried, TriedWell, WriteContext } from '../operation.ts'
import { attributionOf } from '../policy/own-break-glass.ts'
import { standingOf, topOf } from '../record/object-places.ts'
import { contentHashOf } from './content-hash.ts'
import { type Inverse, inverseOf, inverseOfBoth, noInverse } from './inverse.ts'
import { countWriting, refuseLongList } from './list-bounds.ts'
import type { Binding, DoneList, ListHow, Made, ProposedOperation } from './proposed.ts'
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
  const author = attributionOf(context)
  await refuseLongList(context, proposal.operations)
  requireEpoch(context, proposal.expectedEpoch)
  refuseWindow(context, proposal.window)
  refuseUnfit(proposal)
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
  await recordVersion(context, proposed)
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
  const author = attributionOf(context)
  const written = act(edited, { kind: 'edit', contentHash: contentHashOf(said), ...author })
  if (written.editors.length > editorsMax) {
    refuse({ code: 'LimitExceeded', what: { of: 'editors' }, limit: editorsMax, used: before.editors.length })
  }
  const changed =
    written.status === 'draft' ? written : act(await withImpact(context, written, tried), { kind: 'submit', ...author })
  await say(context, changed, { operations, bindings })
  if (!isSameOperations) await keepBasis(context, changed, tried)
  return keep(context, changed)
}

/** Submits a draft, or finds anew what it would do. */
export async function submitChange(context: WriteContext, id: string, tried: Tried): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  const action = { kind: 'submit', ...attributionOf(context) } as const
  // Whoever may not submit it is told nothing of what came of trying it.
  act(before, action)
  const found = await withImpact(context, before, tried)
  const { operations } = await contentOf(context, before)
  // What its names stand for may be something else than when it was approved.
  const bindings = bindingsFound(tried)
  const submitted = act({ ...found, contentHash: contentHashOf({ ...before, operations, bindings }) }, action)
  await say(context, submitted, { operations, bindings })
  return keep(context, submitted)
}

// Deciding -----------------------------------------------------------------------------------------------------------

/** @param contentHash what was looked at: nothing else is approved */
export async function approveChange(context: WriteContext, id: string, contentHash: string): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  const isOfRoot = await mayAtTop(context, 'change:approve', [await topOf(context)])
  const approved = act(before, { kind: 'approve', contentHash, isOfRoot, ...attributionOf(context) })
  if (before.needed?.isSimulated) await requireSimulated(context, before)
  return keep(context, approved)
}

/** Sends it back to those who wrote it, as a draft. */
export const rejectChange = async (context: WriteContext, id: string, note: string): Promise<ChangeRequest> =>
  keep(context, act(await getChange(context, id), { kind: 'reject', note, ...attributionOf(context) }))

export const abandonChange = async (context: WriteContext, id: string, note?: string): Promise<ChangeRequest> =>
  keep(
    context,
    act(await getChange(context, id), {
      kind: 'abandon',
      ...(note === undefined ? {} : { note }),
      ...attributionOf(context),
    }),
  )

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
  const action = { kind: 'apply', contentHash, ...attributionOf(context) } as const
  act(before, action)
  await refuseOtherState(context, before)
  const content = await contentOf(context, before)
  if (!content.bindings) {
    refuse({ code: 'IncorrectState', what: 'change-request', id, problem: { why: 'never-bound' } })
  }
  const found = await withImpact(context, before, tried)
  const freeze = 'refused' in tried ? undefined : freezeAt(freezesOf(tried), context.now)
  const applied = act(found, { ...action, ...(freeze ? { freeze } : {}) })
  const policies = await makeAndPrepare(context, id, {
    content,
    part: partOfStage(content.operations, before.rollout, 0),
    doAll,
  })
  return keep(context, before.rollout ? await beginRollout(context, applied, before.rollout, policies) : applied)
}

/** Makes a part of the change, and prepares what undoes it; answers which policies it has changed. */
async function makeAndPrepare(
  context: WriteContext,
  id: string,
  {
    content: { operations, bindings },
    part,
    doAll,
  }: { readonly content: Content; readonly part: Pick<ListHow, 'from' | 'to'>; readonly doAll: DoAll },
): Promise<readonly string[]> {
  const { tx } = context
  const n = numberOf(context, id)
  const before = (await tx.changeRequests.madeBy(n)) as readonly Made[]
  const { made } = await doAll(context, operations, { ...part, bindings, made: before })
  if (made.length < operations.length) await tx.changeRequests.keepMade(n, made)
  const subjects = tx.subjects.named()
  const inverse = ((await tx.changeRequests.inverseOf(n)) as Inverse | undefined) ?? noInverse
  await tx.changeRequests.keepInverse(n, inverseOfBoth(inverse, await inverseOf(tx, subjects)))
  return subjects.flatMap((one) => (kindOf(one.id) === 'policy' ? one.id : []))
}

/** The first stage is made: the others follow by themselves, on the right of whoever applied it, by name. */
async function beginRollout(
  context: WriteContext,
  request: ChangeRequest,
  rollout: Rollout,
  policies: readonly string[],
): Promise<ChangeRequest> {
  const runner = setterOf(context)
  await context.tx.changeRequests.setRunner(numberOf(context, request.id), runner)
  return withProgress(context, request, { rollout, stage: 1, policies })
}

function withProgress(
  context: WriteContext,
  request: ChangeRequest,
  {
    rollout,
    stage,
    policies,
  }: { readonly rollout: Rollout; readonly stage: number; readonly policies: readonly string[] },
): ChangeRequest {
  const { ended: _, ...rest } = request
  const { soakSeconds } = rollout.stages[stage - 1]!
  const before = request.progress?.policies ?? []
  return {
    ...rest,
    status: 'scheduled',
    progress: {
      ...{ stage, stages: rollout.stages.length, since: context.now, sinceNumber: context.newSequence() },
      nextAt: context.now + soakSeconds * 1_000,
      policies: [...new Set([...before, ...policies])],
    },
  }
}

/** Makes the next stage of a rollout that is due, or ends it where there is none. */
export async function advanceChange(context: WriteContext, id: string, doAll: DoAll): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  const { progress, rollout, status } = before
  // Another server may have done so.
  if (status !== 'scheduled' || !progress || !rollout || progress.nextAt > context.now) return before
  return goOn(context, before, doAll)
}
async function goOn(context: WriteContext, before: ChangeRequest, doAll: DoAll): Promise<ChangeRequest> {
  const { progress, rollout } = before
  const { stage, stages } = progress!
  if (stage >= stages) {
    const { by, at } = { by: before.author.by, at: context.now }
    return keep(context, { ...before, status: 'applied', ended: { by, at } })
  }
  await refuseOtherState(context, before)
  const content = await contentOf(context, before)
  const part = partOfStage(content.operations, rollout, stage)
  const policies = await makeAndPrepare(context, before.id, { content, part, doAll })
  return keep(context, withProgress(context, before, { rollout: rollout!, stage: stage + 1, policies }))
}

/** Halts a rollout: nothing more is made of it before somebody resumes or reverts it. */
export async function haltChange(context: WriteContext, id: string, halt: Halt): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  if (before.status !== 'scheduled') return before
  return keep(context, { ...before, status: 'halted', halted: { ...halt, at: context.now } })
}

/** Goes on with one that was halted: its next stage is made now, on the right of whoever resumes it. */
export async function resumeChange(context: WriteContext, id: string, doAll: DoAll): Promise<ChangeRequest> {
  const resumed = act(await getChange(context, id), { kind: 'resume', ...attributionOf(context) })
  await context.tx.changeRequests.setRunner(numberOf(context, id), setterOf(context))
  return goOn(context, resumed, doAll)
}

/** Makes again what was before, as far as that was prepared and nobody has changed it since. */
export async function revertChange(
  context: WriteContext,
  id: string,
  { note, doAll }: { readonly note: string; readonly doAll: DoAll },
): Promise<ChangeRequest> {
  const reverted = act(await getChange(context, id), { kind: 'revert', note, ...attributionOf(context) })
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
  return keep(context, reverted)
}
/** What says how changes are controlled is changed as it says, whatever was approved of the change that it was in. */
function refuseLessControl(id: string, { operations }: Inverse): void {
  const members = ['changeControl', 'changeApprovals', 'changeFreezes']
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
  const used = await context.tx.changeRequests.countUnreviewed(accountableFor(author), unreviewedPerRequesterMax)
  if (used >= unreviewedPerRequesterMax) {
    refuse({
      code: 'LimitExceeded',
      what: { of: 'unreviewed-changes' },
      limit: unreviewedPerRequesterMax,
      used,
      countedFor: { per: 'changes', requester: accountableFor(author) },
      remedy: { do: 'have-reviewed' },
    })
  }
  await refuseOtherState(context, before)
  await makeAndPrepare(context, id, { content: await contentOf(context, before), part: {}, doAll })
  return keep(context, applied)
}

/** Says that somebody else has looked at a break-glass, which ends its finding. */
export const reviewChange = async (context: WriteContext, id: string, note: string): Promise<ChangeRequest> =>
  keep(context, act(await getChange(context, id), { kind: 'review', note, ...attributionOf(context) }))

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
  return { ...request, impact, needed: said.length === 0 ? approvalRulesDefault[impact.class] : strictest(said) }
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

async function keep(context: WriteContext, request: ChangeRequest): Promise<ChangeRequest> {
  await context.tx.changeRequests.update(numberOf(context, request.id), request)
  if (request.breakGlass) {
    const facts = awaitsReview(request) ? { requestedBy: (request.breakGlass.broken ?? request.ended!).by } : undefined
    await settle(context.tx, changeReview, [{ resource: request.id, node: request.node, facts }])
  }
  await recordVersion(context, request)
  return request
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
  const body = { ...request, approvals: countingApprovals(request), impact: impact && recordedImpact(impact) }
  await context.tx.history.changed({ id, kind: 'change-request', account }, body)
  context.changed(id)
}
