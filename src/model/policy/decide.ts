// The one evaluator: what an account gets for a request, on a snapshot of the facts (policy-model §§4 and 5).

import { bitsOf, type Cidr, contains, formatCidr } from '../cidr.ts'
import { joinKey } from '../key.ts'
import {
  type AllocationRequest,
  type AllocatorResult,
  type Candidate,
  type CandidateAnswer,
  type Decision,
  type Denial,
  isWarning,
  type Party,
  provider,
  type Reserve,
  type Verdict,
  type WouldBe,
} from './decision.ts'
import { type DenialAllowed, type DenialValue, nothing } from './denial.ts'
import { differenceKind } from './difference.ts'
import type { ExceptionFacts } from './exception.ts'
import { exceptionsFor, namesAsked } from './exception-index.ts'
import { fitPool, fitProvider, type Misfit, type Want } from './pool-fit.ts'
import { hasMode, isOwnOrShared, resolve } from './resolve.ts'
import { findResourceType, type ResourceType } from './resource-types.ts'
import type { Asked, Lengths } from './setting.ts'
import { type GrantableName, gates, grantedIn, isEnough, settingOf, sizeIn } from './settings.ts'
import { pathOf, type Resolution, type ResolvedDocument, type Snapshot, type World } from './snapshot.ts'
import type { ExceptionReason, Granted, TraceStep } from './trace.ts'
import type { Mode, OnExhausted } from './values.ts'

/**
 * Decides a request: the pools that may serve it, in order, or why none may. Pure; `now` is the database's clock.
 * The caller has been authorized, and has answered NotFound for an explicit pool that `mayUsePool` says no to.
 *
 * What the assignments that enforce make of the request is what happens. Those that warn or observe are evaluated as if
 * they enforced, and what they would have changed is recorded in `wouldBe`; they never change candidates.
 *
 * Equal requests on one snapshot get the same frozen object, except where a certain block is named, and for as long as
 * no exception starts or expires.
 */
export function decide(snapshot: Snapshot, request: AllocationRequest, now: Date): Verdict {
  if (request.explicit?.cidr) return evaluate(snapshot, request, now.getTime()).verdict
  const key = snapshot.exceptions.size === 0 ? keyOf(request) : keyAt(snapshot, request, now.getTime())
  const known = snapshot.caches.verdicts.get(key)
  if (known && !(known.readsTags && request.tags)) return known.verdict
  const evaluated = evaluate(snapshot, request, now.getTime())
  const isNameKnown = request.explicit?.pool === undefined || snapshot.pools.has(request.explicit.pool)
  if (isNameKnown && !(evaluated.readsTags && request.tags)) snapshot.caches.verdicts.set(key, evaluated)
  return evaluated.verdict
}

/**
 * Turns a verdict and the allocator's result into the decision to record.
 * The trace is shared by all requests that ended the same way, and so holds nothing of the single request.
 */
export function conclude(
  verdict: Verdict,
  { id, at, request }: { readonly id: string; readonly at: Date; readonly request: AllocationRequest },
  result: AllocatorResult,
): Decision {
  const isExhausted = result === 'exhausted'
  const served = isExhausted ? undefined : result
  const denial = isExhausted ? verdict.ifExhausted : verdict.denial
  const reserve = served && isOfReserve(verdict, served.pool) ? verdict.reserve : undefined
  const candidates = reserve ? [...verdict.candidates, ...reserve.candidates] : verdict.candidates
  const live = { outcome: isExhausted ? 'deny' : verdict.outcome, denial, candidates, pool: served?.pool } as const
  return {
    id,
    at,
    request,
    outcome: live.outcome,
    denial,
    candidates,
    pool: live.pool,
    mode: verdict.mode,
    wouldBe: verdict.wouldBe,
    candidate: verdict.candidate && differenceKind(live, verdict.candidate) ? verdict.candidate : undefined,
    policy: verdict.policy,
    target: verdict.target,
    document: verdict.document,
    cidr: served?.cidr,
    exception: verdict.exception ?? reserve?.exception,
    trace: endingOf(verdict, isExhausted ? '' : served?.pool),
  }
}

/** `pool` is empty where all were exhausted, and undefined where the allocator was not asked. */
function endingOf(verdict: Verdict, pool: string | undefined): readonly TraceStep[] {
  if (pool === undefined) return verdict.trace
  const known = verdict.endings.get(pool)
  if (known) return known
  const steps = [...verdict.trace]
  const isReserve = isOfReserve(verdict, pool)
  const tried = isReserve || pool === '' ? [...verdict.candidates, ...reserveOf(verdict)] : verdict.candidates
  const at = tried.findIndex((candidate) => candidate.pool === pool)
  for (const candidate of at < 0 ? tried : tried.slice(0, at)) {
    const reason = candidate.cidr
      ? ({ why: 'cidr-taken', cidr: formatCidr(candidate.cidr) } as const)
      : ({ why: 'full', length: candidate.netmaskLength } as const)
    steps.push({ kind: 'pool', subject: candidate.pool, result: 'miss', ...reason })
  }
  if (pool === '') {
    steps.push({ kind: 'exhausted', subject: 'on-exhausted', result: 'fail', why: 'no-room' })
  } else if (at < 0) {
    steps.push({ kind: 'exhausted', subject: pool, result: 'hit', why: 'no-room-else' })
  } else {
    if (isReserve) {
      steps.push({ kind: 'exception', subject: verdict.reserve!.exception, result: 'hit', why: 'of-reserve' })
    }
    steps.push({ kind: 'pool', subject: pool, result: 'hit', why: 'served' })
  }
  const ending = Object.freeze(steps)
  verdict.endings.set(pool, ending)
  return ending
}

const reserveOf = ({ reserve }: Verdict): readonly Candidate[] => reserve?.candidates ?? []
/** The reserve holds nothing that policy itself would have tried. */
const isOfReserve = (verdict: Verdict, pool: string): boolean =>
  reserveOf(verdict).some((candidate) => candidate.pool === pool)

/** With exceptions, a verdict is good until the next one starts or expires; where one asks for it, for one resource. */
function keyAt(snapshot: Snapshot, request: AllocationRequest, now: number): string {
  const { exceptions } = snapshot
  const names = exceptions.readsResource ? namesAsked(request) : []
  return joinKey(keyOf(request), String(exceptions.periodAt(now)), ...names)
}

/** Everything that a verdict depends on, but for tags, a CIDR and the moment. */
function keyOf({
  account,
  locale,
  resourceType,
  family,
  scopeType,
  netmaskLength,
  explicit,
}: AllocationRequest): string {
  const plain = `${family}${scopeType ?? ''}/${netmaskLength ?? ''}/${explicit ? 'explicit' : ''}`
  return joinKey(plain, account, locale, resourceType, explicit?.pool)
}

/** What one world makes of a request. */
interface Evaluation {
  readonly outcome: 'allow' | 'steer' | 'deny'
  readonly candidates: readonly Candidate[]
  readonly onExhausted: OnExhausted
  readonly by?: Party
  readonly denial?: Denial
  readonly exhaustedBy?: Party
  readonly exception?: string
  readonly reserve?: Reserve
  /** What the caller named was ignored, whatever came of it. */
  readonly isSteered?: boolean
  readonly steps: readonly TraceStep[]
  readonly readsTags: boolean
}

function evaluate(
  snapshot: Snapshot,
  request: AllocationRequest,
  now: number,
): { verdict: Verdict; readsTags: boolean } {
  const live = evaluateIn(snapshot, request, 'enforce', now)
  const others = (['warn', 'observe'] as const)
    .filter((mode) => hasMode(snapshot, request.account, mode))
    .map((mode) => ({ mode, evaluation: evaluateIn(snapshot, request, mode, now) }))
  const apart = others.filter(({ evaluation }) => differs(evaluation, live))
  // What would be denied or steered tells more than what would only be served from elsewhere.
  const different = apart.find(({ evaluation }) => evaluation.outcome !== 'allow') ?? apart[0]
  const wouldBe = different && wouldBeOf(different.mode, different.evaluation)
  const warns = isWarning(wouldBe) && live.outcome === 'allow'
  const { locale, resourceType } = request
  const outcome = warns ? 'warn' : live.outcome
  const answer = snapshot.candidates && candidateAnswer(snapshot, request, now, { ...live, outcome })
  const verdict: Verdict = Object.freeze({
    outcome,
    candidates: live.candidates,
    onExhausted: live.onExhausted,
    exception: live.exception,
    reserve: live.reserve,
    mode: modeOf(live, others),
    wouldBe,
    candidate: answer?.candidate,
    policy: policyOf(live.by),
    target: live.by?.target,
    document: live.by && { locale, resourceType },
    denial: live.denial,
    ifExhausted: exhaustion(live),
    trace: Object.freeze(different ? [...live.steps, stepOf(different.mode, different.evaluation)] : [...live.steps]),
    endings: new Map<string, readonly TraceStep[]>(),
  })
  const readsTags =
    live.readsTags || others.some(({ evaluation }) => evaluation.readsTags) || answer?.readsTags === true
  return { verdict, readsTags }
}

/**
 * Asks the same evaluator in the world where the candidates on the account's path have replaced what they stand beside.
 * Undefined where there is none on the path; `candidate` is undefined where the answer is the same: outcome, pools, what
 * happens when these are full, and what denies. Who decides, and by which version, makes no difference.
 */
function candidateAnswer(
  snapshot: Snapshot,
  request: AllocationRequest,
  now: number,
  live: Omit<Evaluation, 'outcome'> & Pick<Verdict, 'outcome'>,
): { readonly candidate?: CandidateAnswer; readonly readsTags: boolean } | undefined {
  const { byTarget, snapshot: world } = snapshot.candidates!
  const onPath = pathOf(snapshot, request.account).flatMap((node) => byTarget.get(node) ?? [])
  if (onPath.length === 0) return undefined
  const { verdict, readsTags } = evaluate(world, request, now)
  const { outcome, candidates, onExhausted, policy, target, denial, exception } = verdict
  const isSame =
    outcome === live.outcome &&
    onExhausted === live.onExhausted &&
    sameCandidates(candidates, live.candidates) &&
    sameReason(denial, live.denial)
  if (isSame) return { readsTags }
  const assignments = onPath.map(({ n, policyId, targetId, version, mode }) => ({
    n,
    policy: policyId,
    target: targetId,
    version: version?.version,
    mode,
  }))
  const answer = { outcome, candidates, onExhausted, policy, target, denial, exception, assignments }
  return { candidate: Object.freeze(answer), readsTags }
}

const policyOf = (by: Party | undefined) => by && { id: by.policy, version: by.version }

const wouldBeOf = (mode: 'warn' | 'observe', { outcome, candidates, by, denial, exception }: Evaluation): WouldBe =>
  Object.freeze({ mode, outcome, candidates, policy: policyOf(by), target: by?.target, denial, exception })

/** Refusing everything that no document speaks of is enforcement too, though no assignment does it. */
function modeOf(live: Evaluation, others: readonly { mode: Mode; evaluation: Evaluation }[]): Mode {
  if (live.by || live.exception !== undefined || live.denial?.cause === 'unmatched') return 'enforce'
  return others.find(({ evaluation }) => evaluation.by)?.mode ?? 'off'
}

const sameCandidates = (a: readonly Candidate[], b: readonly Candidate[]): boolean =>
  a.length === b.length &&
  a.every((one, i) => one.pool === b[i]!.pool && one.netmaskLength === b[i]!.netmaskLength && !one.cidr === !b[i]!.cidr)

const differs = (a: Evaluation, b: Evaluation): boolean =>
  a.outcome !== b.outcome ||
  a.onExhausted !== b.onExhausted ||
  !sameCandidates(a.candidates, b.candidates) ||
  !sameReason(a.denial, b.denial)

const sameReason = (a: Denial | undefined, b: Denial | undefined): boolean =>
  a?.cause === b?.cause && a?.setting === b?.setting

function stepOf(mode: 'warn' | 'observe', { outcome, by, candidates }: Evaluation): TraceStep {
  const subject = by ? { subject: by.policy } : {}
  const pools = outcome === 'deny' ? {} : { pools: candidates.map(({ pool }) => pool) }
  return { kind: 'target', ...subject, result: 'skip', why: 'watching', mode, ...pools }
}

function exhaustion({ candidates, exhaustedBy, by }: Evaluation): Denial {
  const wanted = candidates.map(({ pool, netmaskLength: length, cidr }) =>
    cidr ? { pool, cidr: formatCidr(cidr) } : { pool, length },
  )
  return {
    cause: 'exhausted',
    setting: 'on-exhausted',
    value: { wanted },
    allowed: nothing,
    by: exhaustedBy,
    owner: (exhaustedBy ?? by)?.owner,
    pool: candidates[0]?.pool,
  }
}

function evaluateIn(snapshot: Snapshot, request: AllocationRequest, world: World, now: number): Evaluation {
  const type = findResourceType(request.resourceType, snapshot.resourceTypes)
  const wrong = typeDenial(snapshot, request, type)
  if (wrong) return denied(wrong, [], { readsTags: false })
  const asked: Asked = { request, type: type! }
  const resolution = resolve(snapshot, world, request.account, request)
  const { document, unmatched, steps } = resolution
  const plain = document
    ? evaluateDocument(snapshot, asked, document, steps)
    : evaluateUnmatched(snapshot, asked, unmatched, steps)
  return snapshot.exceptions.size === 0 ? plain : evaluateExcepted(snapshot, asked, { resolution, plain, now })
}

function denied(
  denial: Denial,
  steps: readonly TraceStep[],
  { by, readsTags, isSteered }: Pick<Evaluation, 'by' | 'readsTags' | 'isSteered'>,
): Evaluation {
  return { outcome: 'deny', candidates: [], onExhausted: 'deny', by, denial, isSteered, steps, readsTags }
}

/** What is no request for this type of resource at all. */
function typeDenial(
  { resourceTypes }: Snapshot,
  request: AllocationRequest,
  type: ResourceType | undefined,
): Denial | undefined {
  const deny = (setting: string, value: DenialValue, allowed: DenialAllowed): Denial => ({
    cause: 'resource-type',
    setting,
    value,
    allowed,
  })
  if (!type) return deny('resource-type', { is: request.resourceType }, { oneOf: [...resourceTypes.keys()] })
  const { family, scopeType, netmaskLength, explicit } = request
  const lengths = type.lengths[family]
  if (!lengths) {
    const families = ([4, 6] as const).filter((known) => type.lengths[known] !== undefined)
    return deny('address-family', { family }, { families })
  }
  if (scopeType && !type.scopeTypes.includes(scopeType)) {
    return deny('scope', { is: scopeType }, { oneOf: type.scopeTypes })
  }
  if (explicit?.cidr && explicit.cidr.family !== family) {
    return deny('address-family', { family: explicit.cidr.family }, { families: [family] })
  }
  const length = explicit?.cidr?.length ?? netmaskLength
  if (length !== undefined && (length < lengths.min || length > lengths.max)) {
    return deny('netmask-length', { length }, { lengths: { min: lengths.min, max: lengths.max } })
  }
  return undefined
}

function evaluateUnmatched(
  snapshot: Snapshot,
  { request, type }: Asked,
  unmatched: { readonly value: OnExhausted; readonly ipam?: string },
  above: readonly TraceStep[],
): Evaluation {
  const { resourceType, locale, explicit } = request
  if (unmatched.value === 'deny') {
    const owner = snapshot.ipams.get(unmatched.ipam!)?.account
    const denial: Denial = {
      cause: 'unmatched',
      setting: 'unmatched',
      value: { resourceType, locale },
      allowed: nothing,
      owner,
    }
    const step: TraceStep = { kind: 'document', subject: unmatched.ipam!, result: 'fail', why: 'unmatched' }
    return denied(denial, [...above, step], { readsTags: false })
  }
  const none: TraceStep = { kind: 'document', result: 'miss', why: 'no-document' }
  const steps = [...above, none]
  const want = wantOf({ request, type }, undefined, explicit?.cidr)
  if (explicit?.pool === undefined || explicit.pool === provider) return evaluateProvider(want, steps, {})
  return evaluateNamedPool(snapshot, want, steps, {})
}

/** One pool that the caller named and may have: it alone is tried, and where it has no room the answer is no, as in EC2. */
function evaluateNamedPool(
  snapshot: Snapshot,
  want: Want,
  above: readonly TraceStep[],
  { by, isListed = false, readsTags = false }: { by?: Party; isListed?: boolean; readsTags?: boolean },
): Evaluation {
  const name = want.request.explicit!.pool!
  const askedTags = readsTags || readsTagsOf(snapshot, name, want.type)
  if (!isListed && !isOwnOrShared(snapshot, want.request.account, name)) {
    const value = { is: name }
    const denial: Denial = { cause: 'explicit', setting: 'pool', value, allowed: nothing, by, owner: by?.owner }
    const step: TraceStep = { kind: 'explicit', subject: name, result: 'fail', why: 'not-shared' }
    return denied(denial, [...above, step], { by, readsTags })
  }
  const fit = fitPool(snapshot, name, want)
  if ('denial' in fit) {
    const step: TraceStep = { kind: 'pool', subject: name, result: 'fail', ...fit.reason }
    return denied(fit.denial, [...above, step], { by, readsTags: askedTags })
  }
  const why = isListed ? 'named-listed' : 'named-allowed'
  return {
    outcome: 'allow',
    candidates: Object.freeze([fit.candidate]),
    onExhausted: 'deny',
    by,
    steps: [...above, { kind: 'explicit', subject: name, result: 'hit', why }],
    readsTags: askedTags,
  }
}

const readsTagsOf = (snapshot: Snapshot, pool: string, type: ResourceType): boolean =>
  !type.isReservation && (snapshot.pools.get(pool)?.requiredTags.length ?? 0) > 0

/** Provider space for a request that may have it. It alone is tried. */
function evaluateProvider(
  want: Want,
  above: readonly TraceStep[],
  { by, readsTags = false }: { readonly by?: Party; readonly readsTags?: boolean },
): Evaluation {
  const fit = fitProvider(want)
  if ('denial' in fit) {
    const step: TraceStep = { kind: 'pool', subject: provider, result: 'fail', ...fit.reason }
    return denied(fit.denial, [...above, step], { by, readsTags })
  }
  const candidates = Object.freeze([fit.candidate])
  return { outcome: 'allow', candidates, onExhausted: 'deny', by, steps: above, readsTags }
}

function evaluateDocument(
  snapshot: Snapshot,
  { request, type }: Asked,
  document: ResolvedDocument,
  above: readonly TraceStep[],
): Evaluation {
  const { by } = document
  const readsTags = readsTagsIn(document)
  for (const { name, gate } of gates) {
    const found = gate.find({ request, type }, document[name])
    if (found) return denied(found.denial, [...above, found.step], { by, readsTags })
  }

  const { cidr, pool } = request.explicit ?? {}
  const want = wantOf({ request, type }, document)
  const open = document.rules.filter(({ skipped }) => skipped === undefined)

  if (pool !== undefined) {
    const rule = open.find((rule) => rule.pool === pool)
    const named: Want = { ...want, cidr, rule: rule?.number }
    if (rule) return evaluateNamedPool(snapshot, named, above, { by, isListed: true, readsTags })
    const params = paramsGate(document, open, pool)
    if (params.denial) return denied(params.denial, [...above, params.step], { by, readsTags })
    if (document.onExplicit.value === 'allow') {
      return pool === provider
        ? evaluateProvider(named, [...above, params.step], { by, readsTags })
        : evaluateNamedPool(snapshot, named, [...above, params.step], { by, readsTags })
    }
    return evaluateRules(snapshot, want, document, { steps: [...above, params.step], isSteered: true })
  }
  if (cidr) {
    const holding = open.filter((rule) => isInPool(snapshot, rule.pool, cidr))
    const text = formatCidr(cidr)
    if (holding.length > 0) {
      const pools = holding.map((rule) => rule.pool)
      const steps: TraceStep[] = [...above, { kind: 'explicit', subject: text, result: 'hit', why: 'lies-in', pools }]
      const rules = document.rules.map((rule) =>
        rule.skipped === undefined && !holding.includes(rule)
          ? { ...rule, skipped: { why: 'outside', cidr: text } as const }
          : rule,
      )
      const evaluated = evaluateRules(snapshot, { ...want, cidr }, { ...document, rules }, { steps })
      return { ...evaluated, onExhausted: 'deny' }
    }
    const params = paramsGate(document, open, text)
    if (params.denial) return denied(params.denial, [...above, params.step], { by, readsTags })
    if (document.onExplicit.value === 'allow') {
      return evaluateProvider({ ...want, cidr }, [...above, params.step], { by, readsTags })
    }
    return evaluateRules(snapshot, want, document, { steps: [...above, params.step], isSteered: true })
  }
  return evaluateRules(snapshot, want, document, { steps: above })
}

const readsTagsIn = (document: ResolvedDocument): boolean =>
  gates.some(({ name, gate }) => gate.readsTags(document[name]))

const isInPool = ({ pools }: Snapshot, pool: string, cidr: Cidr): boolean =>
  pools.get(pool)?.cidrs.some((block) => contains(block, cidr)) === true

/** What is asked of each pool, and of the provider: the length that the request says, or else policy; undefined leaves it to the pool. */
function wantOf({ request, type }: Asked, document: ResolvedDocument | undefined, cidr?: Cidr): Want {
  const lengths: Lengths = type.lengths[request.family]!
  if (type.takes === 'address') return { request, type, cidr, netmaskLength: bitsOf(request.family), lengths }
  const size = sizeIn(document, request.family)
  const netmaskLength = request.explicit?.cidr?.length ?? request.netmaskLength ?? size?.default.value
  const bounds = size ? { min: size.min.value, max: size.max.value } : lengths
  return { request, type, cidr, netmaskLength, lengths: bounds }
}

/** What `onExplicit` makes of a request that no open rule lists. */
function paramsGate(
  { onExplicit }: ResolvedDocument,
  open: readonly { pool: string }[],
  params: string,
): { readonly denial?: Denial; readonly step: TraceStep } {
  const unlisted = { kind: 'explicit', subject: params, why: 'unlisted', onExplicit: onExplicit.value } as const
  if (onExplicit.value !== 'deny') {
    return { step: { ...unlisted, result: onExplicit.value === 'steer' ? 'skip' : 'hit' } }
  }
  return {
    denial: {
      cause: 'explicit',
      setting: 'on-explicit',
      value: { is: params },
      allowed: { pools: open.map(({ pool }) => pool) },
      by: onExplicit.by,
      owner: onExplicit.by.owner,
    },
    step: { ...unlisted, result: 'fail' },
  }
}

/**
 * The rules in order. Where none can serve, a request that asks for what a listed pool does not give is refused, or
 * asking wrongly would be a way to provider space, and so is one for which finals leave nothing. Where no rule is meant
 * for the account, `onExhausted` decides, as where no pool has room.
 */
function evaluateRules(
  snapshot: Snapshot,
  want: Want,
  document: ResolvedDocument,
  { steps: above, isSteered = false }: { readonly steps: readonly TraceStep[]; readonly isSteered?: boolean },
): Evaluation {
  const { by, onExhausted } = document
  const steps = [...above]
  const candidates: Candidate[] = []
  let fault: Misfit | undefined
  let misplaced: Misfit | undefined
  let readsTags = readsTagsIn(document)
  for (const { pool, number, skipped } of document.rules) {
    if (skipped !== undefined) {
      steps.push({ kind: 'rule', subject: pool, result: 'skip', ...skipped })
      continue
    }
    readsTags ||= readsTagsOf(snapshot, pool, want.type)
    const fit = fitPool(snapshot, pool, { ...want, rule: number })
    if ('denial' in fit) {
      if (fit.isRequestsFault) fault ??= fit
      else misplaced ??= fit
      steps.push({ kind: 'rule', subject: pool, result: 'fail', ...fit.reason })
    } else {
      steps.push({ kind: 'rule', subject: pool, result: 'hit', why: 'listed', rule: number })
      candidates.push(fit.candidate)
    }
  }
  const outcome = isSteered ? 'steer' : 'allow'
  const end = { outcome, by, exhaustedBy: onExhausted.by, isSteered, steps, readsTags } as const
  if (candidates.length > 0) {
    return { ...end, candidates: Object.freeze(candidates), onExhausted: onExhausted.value }
  }
  // Who names a CIDR has chosen its pools, and could have chosen others.
  const wrong = fault ?? (want.cidr && misplaced)
  if (wrong) return denied(wrong.denial, steps, { by, readsTags, isSteered })
  const narrowedBy = document.rules.find(({ excludedBy }) => excludedBy)?.excludedBy
  if (onExhausted.value === 'provider' && !want.cidr && !narrowedBy) {
    steps.push({ kind: 'exhausted', subject: provider, result: 'hit', why: 'no-rule-else' })
    const evaluated = evaluateProvider(want, steps, { by, readsTags })
    return {
      ...evaluated,
      isSteered,
      ...(evaluated.outcome === 'deny' ? {} : { outcome, exhaustedBy: onExhausted.by }),
    }
  }
  const { resourceType, locale, account } = want.request
  const decidedBy = narrowedBy ?? onExhausted.by
  const denial: Denial = {
    cause: 'no-rule',
    setting: narrowedBy || decidedBy === by ? 'allocation-rules' : 'on-exhausted',
    value: { resourceType, locale, account },
    allowed: nothing,
    by: decidedBy,
    owner: decidedBy.owner,
  }
  return denied(denial, steps, { by, readsTags, isSteered })
}

// Exceptions ---------------------------------------------------------------------------------------------------------

/** Enough to see why; a unit may have had more of them in the time that ended ones are remembered for. */
const exceptionStepsMax = 20

interface Plain {
  readonly resolution: Resolution
  /** The evaluation as it is without any exception. */
  readonly plain: Evaluation
  readonly now: number
}

/**
 * What exceptions make of a evaluation. An exception only ever allows more, never less and nothing else:
 * - What policy allows without one stays exactly as it is, and names no exception. What the exception grants is tried
 *   only after all that, where nothing has room: never in place of a pool, or of the pools around a CIDR, that is listed
 *   and that the caller named. Who is steered away from what was named is served as though nothing had been.
 * - What policy denies, or steers away from a request, is evaluated once more with the grants: its pools count as listed, so
 *   that a request for one of them is honoured; `provider` likewise; a length within `size` passes policy's bounds.
 * - The tags that policy requires, and what the pools themselves ask for, hold as ever. The exception is itself the permission
 *   to use its pools, though, shared or not.
 * Exceptions do not add up: each is tried alone, because nobody approved what two of them make together. The first that
 * lets the request through is named; those of the account are tried first, those of the root last.
 */
function evaluateExcepted(snapshot: Snapshot, asked: Asked, { resolution, plain, now }: Plain): Evaluation {
  const path = pathOf(snapshot, asked.request.account)
  const { inForce, others } = exceptionsFor(snapshot.exceptions, path, asked.request, now)
  if (inForce.length === 0 && others.length === 0) return plain
  const steps: TraceStep[] = []
  const note = ({ id: subject }: ExceptionFacts, { result, reason }: Pick<Tried, 'result' | 'reason'>) =>
    steps.push({ kind: 'exception', subject, result, ...reason })
  let evaluated: Evaluation | undefined
  let { readsTags } = plain
  for (const exception of inForce) {
    // One that only adds to what a steered request gets leaves it to the others to honour what was named.
    if (evaluated && (evaluated.exception !== undefined || !evaluated.isSteered)) {
      note(exception, { result: 'skip', reason: { why: 'needless' } })
      continue
    }
    const tried = evaluateUnder(snapshot, asked, { resolution, plain }, exception)
    if (!evaluated || tried.result === 'hit') evaluated = tried.evaluation
    readsTags ||= tried.readsTags
    note(exception, tried)
  }
  let ended: Denial['endedException']
  for (const exception of others) {
    const { id, startsAt, expiresAt } = exception
    const isOver = now >= expiresAt
    const reason: ExceptionReason = isOver ? { why: 'expired', at: expiresAt } : { why: 'begins', at: startsAt }
    note(exception, { result: 'miss', reason })
    if (!isOver || ended || evaluated || plain.outcome !== 'deny') continue
    const tried = evaluateUnder(snapshot, asked, { resolution, plain }, exception)
    readsTags ||= tried.readsTags
    if (tried.result === 'hit') ended = { id, endedAt: new Date(expiresAt).toISOString() }
  }
  const { steps: above, ...rest } = evaluated ?? plain
  const denial = ended && rest.denial ? { denial: { ...rest.denial, endedException: ended } } : {}
  return {
    ...rest,
    ...denial,
    readsTags: readsTags || rest.readsTags,
    steps: [...above, ...steps.slice(0, exceptionStepsMax)],
  }
}

interface Tried {
  /** Undefined where the exception changes nothing. */
  readonly evaluation?: Evaluation
  readonly result: 'hit' | 'miss' | 'skip'
  readonly reason: ExceptionReason
  /** Also where it changes nothing: with other tags it might. */
  readonly readsTags: boolean
}

function evaluateUnder(
  snapshot: Snapshot,
  asked: Asked,
  { resolution, plain }: Omit<Plain, 'now'>,
  exception: ExceptionFacts,
): Tried {
  const { request } = asked
  const { document, steps } = resolution
  const miss = (reason: ExceptionReason, readsTags = plain.readsTags): Tried => ({ result: 'miss', reason, readsTags })
  const hit = (evaluation: Evaluation): Tried => ({
    evaluation: { ...evaluation, exception: exception.id },
    readsTags: evaluation.readsTags,
    result: 'hit',
    reason: { why: 'grants', ...grantedBy(exception), until: exception.expiresAt },
  })

  const failed = document ? gates.filter(({ name, gate }) => gate.find(asked, document[name])) : []
  for (const { name, gate } of failed) {
    if ('because' in gate.exceptions) return miss({ why: 'none-from', setting: settingOf(name).word })
    if (!isEnough(exception.grants[name as GrantableName], gate.exceptions.grant.needed(asked.request))) {
      return miss({ why: 'size-not-granted', ...grantedBy(exception) })
    }
  }
  const asGranted = document && { ...document, ...Object.fromEntries(failed.map(({ name }) => [name, undefined])) }
  const base = asGranted && failed.length > 0 ? evaluateDocument(snapshot, asked, asGranted, steps) : plain

  const granted = fitGrants(snapshot, asked, asGranted, exception)
  // Where what was named is ignored, the exception is for a request that names nothing.
  const added = base.isSteered ? fitGrants(snapshot, asked, asGranted, exception, {}) : granted
  const readsTags = plain.readsTags || base.readsTags || granted.readsTags || added.readsTags
  const serve = (outcome: 'allow' | 'steer', found: readonly Candidate[]): Tried =>
    hit({
      outcome,
      candidates: Object.freeze(found),
      onExhausted: 'deny',
      by: document?.by,
      steps: base.steps,
      readsTags,
    })
  if (base.outcome !== 'allow' && granted.candidates.length > 0) return serve('allow', granted.candidates)
  if (base.outcome === 'deny') {
    return added.candidates.length > 0 ? serve('steer', added.candidates) : miss(granted.reason, readsTags)
  }
  const more = isListedCidr(request, base) ? [] : added.candidates.filter(({ pool }) => !isTriedBy(base, pool))
  const reserve = more.length === 0 ? undefined : Object.freeze({ exception: exception.id, candidates: more })
  if (base !== plain) return hit({ ...base, reserve, readsTags })
  if (!reserve) return { result: 'skip', reason: { why: 'same-without' }, readsTags }
  return { evaluation: { ...plain, reserve, readsTags }, result: 'skip', reason: { why: 'in-reserve' }, readsTags }
}

/** All pools that are listed and have the CIDR are tried, and nothing else. */
const isListedCidr = ({ explicit }: AllocationRequest, { candidates, isSteered }: Evaluation): boolean =>
  explicit?.cidr !== undefined && !isSteered && candidates.some(({ pool }) => pool !== provider)

const isTriedBy = ({ candidates, onExhausted }: Evaluation, pool: string): boolean =>
  candidates.some((candidate) => candidate.pool === pool) || (pool === provider && onExhausted === 'provider')

const grantedBy = ({ grants }: ExceptionFacts): Granted => ({
  ...(grants.pools.length > 0 ? { pools: grants.pools } : {}),
  ...(grants.provider ? { provider: true } : {}),
  ...Object.fromEntries(grantedIn(grants).map(({ name, granted: { min, max } }) => [name, { min, max }])),
})

/** Those of an exception's pools, and the provider after them, that can serve the request as it was asked. */
function fitGrants(
  snapshot: Snapshot,
  asked: Asked,
  document: ResolvedDocument | undefined,
  exception: ExceptionFacts,
  { cidr, pool: named }: NonNullable<AllocationRequest['explicit']> = asked.request.explicit ?? {},
): { readonly candidates: Candidate[]; readonly reason: ExceptionReason; readonly readsTags: boolean } {
  const { type } = asked
  const want = wantOf(asked, document, cidr)
  const candidates: Candidate[] = []
  let reason: ExceptionReason = {
    why: 'others',
    ...grantedBy(exception),
    ...(named === undefined ? {} : { named }),
  }
  let readsTags = false
  const { account } = asked.request
  // Whoever approved these had no say over them: the permission is the owner's, who shares them.
  const isLeft = (pool: string): boolean =>
    !exception.sharedPools?.includes(pool) || isOwnOrShared(snapshot, account, pool)
  const pools = exception.grants.pools.filter(isLeft)
  for (const pool of exception.grants.pools) {
    if (named !== undefined && named !== pool) continue
    if (!pools.includes(pool)) {
      reason = { why: 'unshared', pool }
      continue
    }
    readsTags ||= readsTagsOf(snapshot, pool, type)
    const fit = fitPool(snapshot, pool, want)
    if ('candidate' in fit) candidates.push(fit.candidate)
    else reason = { ...fit.reason, pool }
  }
  const listed = (document?.rules ?? []).filter(({ skipped }) => skipped === undefined).map(({ pool }) => pool)
  // A CIDR of a pool that is listed is taken from there: it is none that the caller brings.
  const isElsewhere = cidr && [...pools, ...listed].some((pool) => isInPool(snapshot, pool, cidr))
  const isOpen = named === undefined ? !isElsewhere : named === provider
  if (exception.grants.provider && isOpen) {
    const fit = fitProvider(want)
    if ('candidate' in fit) candidates.push(fit.candidate)
    else reason = { ...fit.reason, pool: provider }
  }
  return { candidates, reason, readsTags }
}
