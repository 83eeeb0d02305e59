// Change requests: proposed with what they would do, and approved by others than those who wrote them (policy-model §8). `making.ts` has
// how they are made then.
import {
  type ChangeRequest,
  type ChangeWindow,
  editorsMax,
  openPerNodeMax,
  openPerRequesterAndNodeMax,
  openPerRequesterMax,
  type Standing,
} from '#model/change-request.ts'
import { fits, type Rollout } from '#model/change-rollout.ts'
import { formatId } from '#model/identifier.ts'
import { accountableFor } from '#model/principal.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import { setterOf } from '../estate/rule-setter.ts'
import { mayAtTop, requirePermission } from '../identity/authority.ts'
import type { ReadContext, Tried, WriteContext } from '../operation.ts'
import { attributionOf } from '../policy/own-break-glass.ts'
import { topOf } from '../record/object-places.ts'
import { contentHashOf } from './content-hash.ts'
import { act, type Content, contentOf, getChange, keep, keepNew, numberOf } from './kept-requests.ts'
import { countWriting, refuseLongList } from './list-bounds.ts'
import { requireAbleWriters } from './making.ts'
import type { ProposedOperation } from './proposed.ts'
import { requireSimulated } from './simulations.ts'
import { requireEpoch } from './state.ts'
import { bindingsFound, withImpact } from './trying.ts'

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
  await keepNew(context, n, proposed, { operations: proposal.operations, bindings })
  await keepBasis(context, proposed, tried)
  await keepRunner(context, proposed)
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
  // What somebody has written at who may do less could never be made: they are named before anybody has approved it.
  await requireAbleWriters(context, before, tried)
  const { operations } = await contentOf(context, before)
  // What its names stand for may be something else than when it was approved.
  const bindings = bindingsFound(tried)
  const submitted = act({ ...found, contentHash: contentHashOf({ ...before, operations, bindings }) }, action)
  await say(context, submitted, { operations, bindings })
  await unsay(context, before, submitted)
  await keepRunner(context, submitted)
  return keep(context, submitted, before)
}

// Deciding ------------------------------------------------------------------------------------------------------------

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

/** Says that somebody else has looked at a break-glass, which ends its finding. */
export async function reviewChange(context: WriteContext, id: string, note: string): Promise<ChangeRequest> {
  const before = await getChange(context, id)
  return keep(context, act(before, { kind: 'review', note, ...attributionOf(context) }), before)
}

// What is kept of it beside what it says ------------------------------------------------------------------------------

/** What it says from now on; what it said once may be said again. */
async function say(context: WriteContext, { id, contentHash }: ChangeRequest, content: Content): Promise<void> {
  const { changeRequests } = context.tx
  const n = numberOf(context, id)
  if ((await changeRequests.contentOf(n, contentHash)) !== undefined) return
  await countWriting(context, content.operations)
  await changeRequests.say(n, contentHash, content)
}

/** What it said before, which nobody has approved, is not kept: else a draft keeps all that it ever said. */
async function unsay(context: WriteContext, before: ChangeRequest, changed: ChangeRequest): Promise<void> {
  if (before.contentHash === changed.contentHash) return
  if (before.approvals.some(({ contentHash }) => contentHash === before.contentHash)) return
  await context.tx.changeRequests.unsay(numberOf(context, before.id), before.contentHash)
}

/** Of what nobody has tried, it is not known what it changes: it is bound to nothing. */
const boundTo = (expectedEpoch: number | undefined, tried: Tried | undefined): Pick<ChangeRequest, 'plannedFor'> =>
  expectedEpoch === undefined || !tried || 'refused' in tried ? {} : { plannedFor: expectedEpoch }

async function keepBasis(context: WriteContext, request: ChangeRequest, tried: Tried | undefined): Promise<void> {
  const basis = request.plannedFor === undefined || !tried || 'refused' in tried ? undefined : tried.before
  await context.tx.changeRequests.keepBasis(numberOf(context, request.id), basis)
}

const standingAs = (context: WriteContext): Standing => {
  const { groups, makerGroups = [] } = context.caller.native!
  return {
    ...attributionOf(context),
    ...(groups.length > 0 ? { groups } : {}),
    ...(makerGroups.length > 0 ? { makerGroups } : {}),
  }
}

/** On whose right a clock makes it, by name: whoever submitted it last. */
async function keepRunner(context: WriteContext, { id, status, window }: ChangeRequest): Promise<void> {
  if (status === 'draft' || window?.from === undefined) return
  await context.tx.changeRequests.setRunner(numberOf(context, id), setterOf(context))
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
