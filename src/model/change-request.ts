// Change requests: a change of governance that is proposed, looked at by others, and made as it was approved (policy-model §8).

import type { Halt, Rollout, RolloutProgress } from './change-rollout.ts'
import { type ImpactClass, isAbove } from './impact-class.ts'
import type { Attribution } from './policy/exception.ts'
import { type MakerGroups, sharedIdentity } from './principal.ts'
import type { Problem } from './problems/problem.ts'

export const changeRequestStates = [
  'draft',
  'in-review',
  'approved',
  'scheduled',
  'applied',
  'halted',
  'reverted',
  'abandoned',
] as const
export type ChangeRequestState = (typeof changeRequestStates)[number]

/** Those that wait for somebody: what is in another one stays as it is. */
const openStates: ReadonlySet<ChangeRequestState> = new Set(['draft', 'in-review', 'approved', 'scheduled', 'halted'])
export const isOpen = (state: ChangeRequestState): boolean => openStates.has(state)

// What it would do ---------------------------------------------------------------------------------------------------

export interface ImpactFacts {
  readonly noncompliant: number
  /** Requests of the last days that would be denied, and are not now. */
  readonly newlyDenied: number
  readonly isWhole: boolean
  /** Nodes whose space it can touch; undefined among them: everything. */
  readonly nodes: readonly (string | undefined)[]
  /** Whether these are together all of the organization, or some of them outside of where it is decided on. */
  readonly reachesAll?: boolean
}
export function classOf({ noncompliant, newlyDenied, isWhole, nodes, reachesAll }: ImpactFacts): ImpactClass {
  if (reachesAll) return 'central'
  if (nodes.some((node) => node === undefined || node === '*' || node.startsWith('r-'))) return 'central'
  return noncompliant > 0 || newlyDenied > 0 || !isWhole ? 'noncompliant' : 'contained'
}

// Who has to approve it ----------------------------------------------------------------------------------------------

/** So many persons; of these, so many who may approve at the root. */
export interface Needed {
  readonly approvers: number
  readonly ofRoot: number
  /** Whether it is approved only once it was simulated. */
  readonly isSimulated?: boolean | undefined
}
export type ApprovalRules = Readonly<Record<ImpactClass, Needed>>
export const approvalRulesDefault: ApprovalRules = {
  contained: { approvers: 1, ofRoot: 0 },
  noncompliant: { approvers: 2, ofRoot: 0 },
  central: { approvers: 2, ofRoot: 1 },
}
/** What several rules ask for together: the most of each. */
export const strictest = (all: readonly Needed[]): Needed =>
  all.reduce(
    (most, one) => ({
      approvers: Math.max(most.approvers, one.approvers, one.ofRoot),
      ofRoot: Math.max(most.ofRoot, one.ofRoot),
      ...(most.isSimulated || one.isSimulated ? { isSimulated: true } : {}),
    }),
    { approvers: 0, ofRoot: 0 } as Needed,
  )
/** What those ask for who have a say in what it changes: who says nothing of approvals asks for what is asked by default. */
export const neededFor = (
  found: ImpactClass,
  rulings: readonly { readonly changeApprovals?: ApprovalRules | undefined }[],
): Needed =>
  strictest(
    (rulings.length === 0 ? [{}] : rulings).map(({ changeApprovals = approvalRulesDefault }) => changeApprovals[found]),
  )

/** Whether what is governed changes by change requests alone. */
export const changeControlValues = ['none', 'required'] as const
export type ChangeControl = (typeof changeControlValues)[number]

/** While nothing is applied but in emergencies. */
export interface ChangeFreeze {
  readonly from: number
  readonly until: number
  readonly reason: string
}
export const freezeAt = (freezes: readonly ChangeFreeze[], now: number): ChangeFreeze | undefined =>
  freezes.find(({ from, until }) => from <= now && now < until)

/** Whoever did something, with the groups that sign-ins proved of them then: whether they still may is asked of roles when it is made. */
export interface Standing extends Attribution {
  readonly groups?: readonly string[]
  readonly makerGroups?: readonly MakerGroups[]
}

/** Bound to what was approved: its content, and what that does. */
export interface Approval extends Standing {
  readonly contentHash: string
  readonly impactClass: ImpactClass
  /** Whether whoever approved may do so at the root. */
  readonly isOfRoot: boolean
}

/** Those that count for what it says and does now: who approved what would do more has approved what does less, such as once requests are older. */
export const countingApprovals = ({
  approvals,
  contentHash,
  impact,
}: Pick<ChangeRequest, 'approvals' | 'contentHash' | 'impact'>): readonly Approval[] =>
  approvals.filter(
    (one) => one.contentHash === contentHash && impact !== undefined && !isAbove(impact.class, one.impactClass),
  )

export function hasEnough(approvals: readonly Approval[], { approvers, ofRoot }: Needed): boolean {
  return approvals.length >= approvers && approvals.filter(({ isOfRoot }) => isOfRoot).length >= ofRoot
}

// One ----------------------------------------------------------------------------------------------------------------

/** What it would make of space that is in use. */
export interface FoundImpact {
  readonly evaluated: number
  readonly isWhole: boolean
  readonly noncompliant: number
  readonly compliant: number
  readonly groups: readonly ImpactGroup[]
  readonly samples: readonly ImpactSample[]
  /** How much was looked at of each account; of very many, undefined. */
  readonly accounts?: Readonly<Record<string, number>>
}
/**
 * What it would make of the requests of the last days, by rules alone. `newlyDenied`: also what would get nothing since nothing is listed for it
 * any more.
 */
export interface RequestCounts {
  readonly asked: number
  readonly newlyDenied: number
  readonly newlyAllowed: number
  readonly elsewhere: number
}
export interface RequestGroup extends RequestCounts {
  readonly account: string
  readonly resourceType: string
}
export interface RequestSampleOfImpact {
  readonly decisionId: string
  readonly account: string
}
export interface RequestsFound extends RequestCounts {
  /** Of so many days, from one moment until another. */
  readonly days: number
  readonly from: number
  readonly until: number
  /** Whether these are all that it can reach. */
  readonly isWhole: boolean
  /** The most denied first. */
  readonly groups: readonly RequestGroup[]
  /** Those that would be denied first. */
  readonly samples: readonly RequestSampleOfImpact[]
  /** What it can reach; of very many, undefined. */
  readonly nodes?: readonly string[]
  /** Who has asked; of very many, undefined. */
  readonly accounts?: readonly string[]
}

/** Which operation of what was prepared to undo a change is refused, and how; without an operation, there is none that undoes it. */
export interface RevertRefused {
  readonly code: string
  readonly operation?: string
}
export interface ChangeImpact extends FoundImpact {
  /** Undefined where it reaches no rules, and of what was found before this was looked at. */
  readonly requests?: RequestsFound
  /** What no inverse would make again as it is now: objects by their ids, and new ones by what they are. */
  readonly left?: readonly string[]
  /** What would undo it was tried, and refused. */
  readonly revertRefused?: RevertRefused
  readonly class: ImpactClass
  /** Of governance, that it was found at. */
  readonly epoch: number
  readonly at: number
}
/**
 * What the record keeps of an impact. What it would make of the space of each account is told at the request alone, of the accounts that
 * one may see: the record of an object is read as a whole.
 */
export const recordedImpact = ({ class: found, epoch, at }: ChangeImpact): Partial<ChangeImpact> => ({
  class: found,
  epoch,
  at,
})
export interface ImpactGroup {
  readonly account: string
  readonly resourceType: string
  readonly noncompliant: number
  readonly compliant: number
}
export interface ImpactSample {
  readonly id: string
  readonly cidr: string
  readonly account: string
  readonly becomes: 'compliant' | 'noncompliant'
  readonly setting?: string
}

/** When it may be applied. */
export interface ChangeWindow {
  readonly from?: number
  readonly until?: number
}

export interface ChangeRequest {
  readonly id: string
  /** What it changes is there or below, and there it is decided on. */
  readonly node: string
  readonly reason: string
  readonly contentHash: string
  readonly status: ChangeRequestState
  readonly author: Standing
  /** Whoever has changed what it says, but the author. */
  readonly editors: readonly Standing[]
  readonly approvals: readonly Approval[]
  /** Undefined before it was submitted. */
  readonly impact?: ChangeImpact
  /** By the rules that held when the impact was found. */
  readonly needed?: Needed
  readonly window?: ChangeWindow
  /** When it is made by itself, of one that was approved. */
  readonly appliesAt?: number
  /** Why it was not made by itself, until it is submitted, edited or made. */
  readonly failed?: { readonly at: number; readonly code: string; readonly because?: Problem }
  /** The state of governance that it was planned for: who has changed what it changes since then stands in its way. */
  readonly plannedFor?: number
  readonly rollout?: Rollout
  /** Of one that is rolled out, or was. */
  readonly progress?: RolloutProgress
  readonly halted?: Halt & { readonly at: number }
  /** Who rejected it last, and why, until it is submitted again. */
  readonly rejected?: Attribution & { readonly note: string }
  /** In which something was done with it, in their order: each is open until somebody else has reviewed it. */
  readonly emergencies?: readonly Emergency[]
  /** Who applied, reverted or abandoned it. */
  readonly ended?: Attribution & { readonly note?: string }
}

/** What was done without approvals, or whatever windows and freezes are. */
export interface Emergency {
  readonly reason: string
  readonly broken: Attribution
  readonly reviewed?: Attribution & { readonly note: string }
}

export type ChangeRequestAction =
  | ({ readonly kind: 'edit'; readonly contentHash: string } & Standing)
  | ({ readonly kind: 'submit' } & Standing)
  | ({ readonly kind: 'approve'; readonly contentHash: string; readonly isOfRoot: boolean } & Standing)
  | ({ readonly kind: 'reject'; readonly note: string } & Attribution)
  | ({ readonly kind: 'abandon'; readonly note?: string } & Attribution)
  | ({
      readonly kind: 'apply'
      readonly contentHash: string
      readonly freeze?: ChangeFreeze
      /** Who has approved it and may not any more. */
      readonly lost?: readonly string[]
    } & Attribution)
  | ({ readonly kind: 'halt'; readonly note: string } & Attribution)
  | ({ readonly kind: 'break-glass'; readonly contentHash: string; readonly reason: string } & Attribution)
  | ({ readonly kind: 'review'; readonly note: string } & Attribution)
  | ({ readonly kind: 'resume'; readonly emergency?: string } & Attribution)
  | ({ readonly kind: 'revert'; readonly note: string; readonly emergency?: string } & Attribution)

export type ChangeRequestProblem =
  | { readonly kind: 'same-person'; readonly wrote: string; readonly by: string; readonly shared: string }
  | { readonly kind: 'not-yours'; readonly author: string; readonly by: string }
  | { readonly kind: 'state'; readonly problem: Problem }
export type ChangeRequestOutcome = { readonly request: ChangeRequest } | { readonly refused: ChangeRequestProblem }

/** In which states something can be done with one. */
const statesFor: Readonly<Record<ChangeRequestAction['kind'], readonly ChangeRequestState[]>> = {
  edit: ['draft', 'in-review', 'approved'],
  submit: ['draft', 'in-review', 'approved'],
  approve: ['in-review', 'approved'],
  reject: ['in-review', 'approved'],
  abandon: ['draft', 'in-review', 'approved'],
  apply: ['approved'],
  'break-glass': ['in-review', 'approved'],
  review: ['applied', 'reverted', 'scheduled', 'halted'],
  halt: ['scheduled'],
  resume: ['halted'],
  revert: ['scheduled', 'halted', 'applied'],
}

/** What becomes of one, or why nothing does. */
export function actOn(request: ChangeRequest, action: ChangeRequestAction): ChangeRequestOutcome {
  const { status } = request
  if (!statesFor[action.kind].includes(status))
    return refused({ why: 'change-state', state: status, action: action.kind })
  switch (action.kind) {
    case 'edit':
      return edit(request, action)
    case 'submit':
      return submit(request, action)
    case 'approve':
      return approve(request, action)
    case 'reject':
      return {
        request: {
          ...request,
          status: 'draft',
          approvals: [],
          rejected: { ...doneBy(action), note: action.note },
        },
      }
    case 'abandon':
      return {
        request: {
          ...request,
          status: 'abandoned',
          ended: { ...doneBy(action), ...(action.note === undefined ? {} : { note: action.note }) },
        },
      }
    case 'apply':
      return apply(request, action)
    case 'break-glass':
      return breakGlass(request, action)
    case 'review':
      return review(request, action)
    case 'halt': {
      const { by, note } = action
      return { request: { ...request, status: 'halted', halted: { why: 'asked', by, note, at: action.at } } }
    }
    case 'resume': {
      // What is left of it may be nothing: its window is asked for its next stage.
      const { halted: _, ...rest } = request
      return { request: inEmergency({ ...rest, status: 'scheduled' }, action) }
    }
    case 'revert': {
      const reverted: ChangeRequest = {
        ...request,
        status: 'reverted',
        ended: { ...doneBy(action), note: action.note },
      }
      const broken = inEmergency(reverted, action)
      const wrong = action.emergency === undefined ? revertProblem(request, action.at) : undefined
      return wrong ? refused(wrong) : { request: broken }
    }
  }
}

/** Whatever its window and freezes are, and so a finding until somebody else has reviewed it, beside those that were before. */
function inEmergency(
  request: ChangeRequest,
  { emergency, ...by }: { emergency?: string } & Attribution,
): ChangeRequest {
  if (emergency === undefined) return request
  return { ...request, emergencies: [...(request.emergencies ?? []), { reason: emergency, broken: doneBy(by) }] }
}

/** For so long what was approved covers that it is taken back: later that is a change like any other, also of what somebody keeps halted. */
const revertableMs = 3 * 86_400_000
function revertProblem({ status, ended, halted, window }: ChangeRequest, now: number): Problem | undefined {
  if (status === 'applied' && now >= ended!.at + revertableMs) return { why: 'revert-late', appliedAt: ended!.at }
  if (status === 'halted' && halted && now >= halted.at + revertableMs)
    return { why: 'revert-late-of-halt', haltedAt: halted.at }
  return windowProblem(window, now)
}

const refused = (problem: Problem): ChangeRequestOutcome => ({ refused: { kind: 'state', problem } })

/** An edit voids what was approved, also where it is an edit back: nobody has to compare. */
function edit(request: ChangeRequest, action: Standing & { contentHash: string }): ChangeRequestOutcome {
  const isKnown = writersOf(request).some((one) => isSame(one, action))
  const { failed: _, ...rest } = request
  return {
    request: {
      ...rest,
      status: request.status === 'draft' ? 'draft' : 'in-review',
      contentHash: action.contentHash,
      approvals: [],
      editors: isKnown ? request.editors : [...request.editors, standing(action)],
    },
  }
}

/** Again, it finds the impact anew: what was approved counts on where that is of the same class. */
function submit(request: ChangeRequest, action: Attribution): ChangeRequestOutcome {
  if (!writersOf(request).some((one) => isSame(one, action))) {
    return { refused: { kind: 'not-yours', author: request.author.by, by: action.by } }
  }
  const { rejected: _, failed: __, ...rest } = request
  const approvals = countingApprovals(request)
  return { request: { ...rest, approvals, status: standingOf({ ...rest, approvals }) } }
}

/** Of one that is in review: whether enough have approved it. */
export function standingOf(
  request: Pick<ChangeRequest, 'approvals' | 'contentHash' | 'impact' | 'needed'>,
): ChangeRequestState {
  const { needed } = request
  const isEnough = needed !== undefined && hasEnough(countingApprovals(request), needed)
  return isEnough ? 'approved' : 'in-review'
}

function approve(
  request: ChangeRequest,
  action: Standing & { contentHash: string; isOfRoot: boolean },
): ChangeRequestOutcome {
  const { contentHash, impact, status } = request
  for (const one of writersOf(request)) {
    const shared = sharedIdentity(one, action)
    if (shared !== undefined) return { refused: { kind: 'same-person', wrote: one.by, by: action.by, shared } }
  }
  if (action.contentHash !== contentHash) return refused({ why: 'other-content', now: contentHash })
  const before = countingApprovals(request)
  const own = before.find((one) => sharedIdentity(one, action) !== undefined)
  if (own) return refused({ why: 'approved-already', by: own.by })
  const approval: Approval = {
    ...standing(action),
    contentHash,
    impactClass: impact!.class,
    isOfRoot: action.isOfRoot,
  }
  const { failed: _, ...rest } = request
  const approved = { ...rest, approvals: [...before, approval] }
  return { request: { ...approved, status: status === 'approved' ? status : standingOf(approved) } }
}

/** By whom it may be is for roles; that it was approved as it is now, and may be now, is asked here. */
function apply(
  request: ChangeRequest,
  action: Attribution & { contentHash: string; freeze?: ChangeFreeze; lost?: readonly string[] },
): ChangeRequestOutcome {
  const { contentHash, needed, window } = request
  if (action.contentHash !== contentHash) return refused({ why: 'other-content', now: contentHash })
  const counting = countingApprovals(request)
  if (!needed || !hasEnough(counting, needed)) {
    const asks = { approved: counting.length, ...(needed ?? { approvers: 0, ofRoot: 0 }) }
    const { lost = [] } = action
    return refused(lost.length > 0 ? { why: 'approvals-lost', lost, ...asks } : { why: 'impact-changed', ...asks })
  }
  const wrong = windowProblem(window, action.at)
  if (wrong) return refused(wrong)
  const { freeze } = action
  if (freeze) return refused({ why: 'frozen', until: freeze.until, reason: freeze.reason })
  const { failed: _, ...rest } = request
  return { request: { ...rest, status: 'applied', ended: doneBy(action) } }
}

/** At once, whoever has approved it and whatever the window is. */
function breakGlass(
  request: ChangeRequest,
  action: Attribution & { contentHash: string; reason: string },
): ChangeRequestOutcome {
  if (action.contentHash !== request.contentHash) return refused({ why: 'other-content', now: request.contentHash })
  const applied: ChangeRequest = { ...request, status: 'applied', ended: doneBy(action) }
  return { request: inEmergency(applied, { ...action, emergency: action.reason }) }
}

/** By somebody who neither wrote it, nor did anything with it in an emergency, nor undid it: who looks at it looks at all of them. */
function review(request: ChangeRequest, action: Attribution & { note: string }): ChangeRequestOutcome {
  const { emergencies = [], ended } = request
  const last = emergencies.at(-1)
  if (!last) return refused({ why: 'only-break-glass-is-reviewed' })
  if (unreviewedOf(request).length === 0) return refused({ why: 'reviewed-already', by: last.reviewed!.by })
  const parts = [...(ended ? [ended] : []), ...emergencies.map(({ broken }) => broken), ...writersOf(request)]
  for (const one of parts) {
    const shared = sharedIdentity(one, action)
    if (shared !== undefined) return { refused: { kind: 'same-person', wrote: one.by, by: action.by, shared } }
  }
  const reviewed = { ...doneBy(action), note: action.note }
  return { request: { ...request, emergencies: emergencies.map((one) => ({ reviewed, ...one })) } }
}

/** What must still be looked at by somebody else, for as long as it takes. */
export const unreviewedOf = ({ emergencies = [] }: ChangeRequest): readonly Emergency[] =>
  emergencies.filter(({ reviewed }) => !reviewed)

export function windowProblem(window: ChangeWindow | undefined, now: number): Problem | undefined {
  if (window?.from !== undefined && now < window.from) return { why: 'window-ahead', from: window.from }
  if (window?.until !== undefined && now >= window.until) return { why: 'window-over', until: window.until }
  return undefined
}

export const writersOf = ({ author, editors }: Pick<ChangeRequest, 'author' | 'editors'>): readonly Attribution[] => [
  author,
  ...editors,
]
const isSame = (one: Attribution, other: Attribution): boolean => sharedIdentity(one, other) !== undefined

const standing = (action: Standing): Standing => ({
  ...doneBy(action),
  ...(action.groups && action.groups.length > 0 ? { groups: action.groups } : {}),
  ...(action.makerGroups && action.makerGroups.length > 0 ? { makerGroups: action.makerGroups } : {}),
})

/** When one that was approved is made by itself: when its window opens, unless that was tried. */
export function appliesAtOf(
  { status, window, failed }: Pick<ChangeRequest, 'status' | 'window' | 'failed'>,
  postponed?: number,
): number | undefined {
  if (status !== 'approved' || failed || window?.from === undefined) return undefined
  return Math.max(window.from, postponed ?? window.from)
}

/** Who and when alone. */
const doneBy = ({ by, at, subject, makers }: Attribution): Attribution => ({
  by,
  at,
  ...(subject === undefined ? {} : { subject }),
  ...(makers && makers.length > 0 ? { makers } : {}),
})

// Bounds -------------------------------------------------------------------------------------------------------------

/** Of what waits for somebody: for one requester, with the services that have their tokens from them, and at one node. */
export const openPerRequesterMax = 100
export const openPerNodeMax = 1_000
/** Of one requester, at one node: others can still propose there. */
export const openPerRequesterAndNodeMax = 50
/** Persons who have written at one request. */
export const editorsMax = 50
/** Rollouts that are scheduled at once: each is watched in turn. The last ones are for who may propose changes at the top. */
export const rolloutsMax = 1_000
export const rolloutsReserve = 200
/** Of these, below a unit that is below the root. */
export const rolloutsPerTopUnitMax = 100
/** Emergencies of one requester that nobody else has reviewed: more are not begun. */
export const unreviewedPerRequesterMax = 5
