// The one evaluator: what an account gets for a request, on a snapshot of the facts (policy-model §§4 and 5).

import { bitsOf, type Cidr, contains, formatCidr } from '../cidr.ts'
import { missingTags } from '../pool.ts'
import {
  type AllocationRequest,
  type AllocatorResult,
  type Candidate,
  type Decision,
  type Denial,
  type Party,
  provider,
  type TraceStep,
  type Verdict,
  type WouldBe,
} from './decision.ts'
import { formatRequiredTag, type Mode, type OnExhausted } from './document.ts'
import { fitPool, type Misfit, valueOfTags, type Want } from './pool-fit.ts'
import { hasMode, isOwnOrShared, resolve } from './resolve.ts'
import { findResourceType, type ResourceType, resourceTypeNames } from './resource-types.ts'
import type { ResolvedDocument, Snapshot, World } from './snapshot.ts'

/**
 * Decides a request: the pools that may serve it, in order, or why none may. Pure; `now` is the database's clock.
 * The caller has been authorized, and has answered NotFound for an explicit pool that `mayUsePool` says no to.
 *
 * What the assignments that enforce make of the request is what happens. Those that warn or observe are evaluated as if
 * they enforced, and what they would have changed is recorded in `wouldBe`; they never change candidates.
 *
 * Equal requests on one snapshot get the same frozen object, except where a certain block is named.
 */
export function decide(snapshot: Snapshot, request: AllocationRequest, _now: Date): Verdict {
  if (request.explicit?.cidr) return judge(snapshot, request).verdict
  const key = keyOf(request)
  const known = snapshot.caches.verdicts.get(key)
  if (known && !(known.readsTags && request.tags)) return known.verdict
  const judged = judge(snapshot, request)
  const isNameKnown = request.explicit?.pool === undefined || snapshot.pools.has(request.explicit.pool)
  if (isNameKnown && !(judged.readsTags && request.tags)) snapshot.caches.verdicts.set(key, judged)
  return judged.verdict
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
  return {
    id,
    at,
    request,
    outcome: isExhausted ? 'deny' : verdict.outcome,
    mode: verdict.mode,
    wouldBe: verdict.wouldBe,
    policy: verdict.policy,
    target: verdict.target,
    document: verdict.document,
    candidates: verdict.candidates,
    pool: served?.pool,
    cidr: served?.cidr,
    denial,
    trace: endingOf(verdict, isExhausted ? '' : served?.pool),
  }
}

/** `pool` is empty where all were exhausted, and undefined where the allocator was not asked. */
function endingOf(verdict: Verdict, pool: string | undefined): readonly TraceStep[] {
  if (pool === undefined) return verdict.trace
  const known = verdict.endings.get(pool)
  if (known) return known
  const steps = [...verdict.trace]
  const at = verdict.candidates.findIndex((candidate) => candidate.pool === pool)
  for (const candidate of at < 0 ? verdict.candidates : verdict.candidates.slice(0, at)) {
    const because = candidate.cidr
      ? `${formatCidr(candidate.cidr)} is not free`
      : `no /${candidate.netmaskLength} is free`
    steps.push({ kind: 'pool', subject: candidate.pool, result: 'miss', because })
  }
  if (pool === '') {
    steps.push({ kind: 'exhausted', subject: 'on-exhausted', result: 'fail', because: 'no candidate has room' })
  } else if (at < 0) {
    const because = 'no candidate has room, and on-exhausted is provider'
    steps.push({ kind: 'exhausted', subject: pool, result: 'hit', because })
  } else {
    steps.push({ kind: 'pool', subject: pool, result: 'hit', because: 'it served the request' })
  }
  const ending = Object.freeze(steps)
  verdict.endings.set(pool, ending)
  return ending
}

/** The account's length stands before it, so that no account or locale can be made to look like another pair. */
function keyOf({
  account,
  locale,
  resourceType,
  family,
  scopeType,
  netmaskLength,
  explicit,
}: AllocationRequest): string {
  return `${family}${scopeType ?? ''}/${netmaskLength ?? ''}/${resourceType}/${account.length}/${account}${locale}\n${explicit?.pool ?? ''}`
}

/** What one world makes of a request. */
interface Judgement {
  readonly outcome: 'allow' | 'steer' | 'deny'
  readonly candidates: readonly Candidate[]
  readonly onExhausted: OnExhausted
  readonly by?: Party
  readonly denial?: Denial
  readonly exhaustedBy?: Party
  readonly steps: readonly TraceStep[]
  readonly readsTags: boolean
}

function judge(snapshot: Snapshot, request: AllocationRequest): { verdict: Verdict; readsTags: boolean } {
  const live = judgeIn(snapshot, request, 'enforce')
  const others = (['warn', 'observe'] as const)
    .filter((mode) => hasMode(snapshot, request.account, mode))
    .map((mode) => ({ mode, judgement: judgeIn(snapshot, request, mode) }))
  const different = others.find(({ judgement }) => differs(judgement, live))
  const wouldBe = different && wouldBeOf(different.mode, different.judgement)
  const warns = wouldBe?.mode === 'warn' && live.outcome === 'allow'
  const { locale, resourceType } = request
  const verdict: Verdict = Object.freeze({
    outcome: warns ? 'warn' : live.outcome,
    candidates: live.candidates,
    onExhausted: live.onExhausted,
    mode: modeOf(live, others),
    wouldBe,
    policy: policyOf(live.by),
    target: live.by?.target,
    document: live.by && { locale, resourceType },
    denial: live.denial,
    ifExhausted: exhaustion(live),
    trace: Object.freeze(different ? [...live.steps, stepOf(different.mode, different.judgement)] : [...live.steps]),
    endings: new Map<string, readonly TraceStep[]>(),
  })
  return { verdict, readsTags: live.readsTags || others.some(({ judgement }) => judgement.readsTags) }
}

const policyOf = (by: Party | undefined) => by && { id: by.policy, version: by.version }

const wouldBeOf = (mode: 'warn' | 'observe', { outcome, candidates, by, denial }: Judgement): WouldBe =>
  Object.freeze({ mode, outcome, candidates, policy: policyOf(by), target: by?.target, denial })

/** Refusing everything that no document speaks of is enforcement too, though no assignment does it. */
function modeOf(live: Judgement, others: readonly { mode: Mode; judgement: Judgement }[]): Mode {
  if (live.by || live.denial?.cause === 'unmatched') return 'enforce'
  return others.find(({ judgement }) => judgement.by)?.mode ?? 'off'
}

const sameCandidates = (a: readonly Candidate[], b: readonly Candidate[]): boolean =>
  a.length === b.length &&
  a.every((one, i) => one.pool === b[i]!.pool && one.netmaskLength === b[i]!.netmaskLength && !one.cidr === !b[i]!.cidr)

const differs = (a: Judgement, b: Judgement): boolean =>
  a.outcome !== b.outcome || a.onExhausted !== b.onExhausted || !sameCandidates(a.candidates, b.candidates)

function stepOf(mode: 'warn' | 'observe', { outcome, by, candidates }: Judgement): TraceStep {
  const instead = outcome === 'deny' ? 'denied' : `given ${candidates.map(({ pool }) => pool).join(', ')}`
  const because = `assignments in mode ${mode} do not act; enforced, the request would be ${instead}`
  return { kind: 'target', subject: by?.policy ?? 'policy', result: 'skip', because }
}

function exhaustion({ candidates, exhaustedBy, by }: Judgement): Denial {
  const wanted = candidates.map(
    ({ pool, netmaskLength, cidr }) => `${cidr ? formatCidr(cidr) : `/${netmaskLength}`} in ${pool}`,
  )
  return {
    cause: 'exhausted',
    setting: 'on-exhausted',
    value: wanted.join(', '),
    allowed: [],
    by: exhaustedBy,
    owner: (exhaustedBy ?? by)?.owner,
    pool: candidates[0]?.pool,
  }
}

function judgeIn(snapshot: Snapshot, request: AllocationRequest, world: World): Judgement {
  const type = findResourceType(request.resourceType)
  const wrong = typeDenial(request, type)
  if (wrong) return denied(wrong, [], { readsTags: false })
  const { document, unmatched, steps } = resolve(snapshot, world, request.account, request)
  return document
    ? judgeDocument(snapshot, { request, type: type! }, document, steps)
    : judgeUnmatched(snapshot, { request, type: type! }, unmatched, steps)
}

function denied(
  denial: Denial,
  steps: readonly TraceStep[],
  { by, readsTags }: { readonly by?: Party; readonly readsTags: boolean },
): Judgement {
  return { outcome: 'deny', candidates: [], onExhausted: 'deny', by, denial, steps, readsTags }
}

/** What is no request for this type of resource at all. */
function typeDenial(request: AllocationRequest, type: ResourceType | undefined): Denial | undefined {
  const deny = (setting: string, value: string, allowed: readonly string[]): Denial => ({
    cause: 'resource-type',
    setting,
    value,
    allowed,
  })
  if (!type) return deny('resource-type', request.resourceType, resourceTypeNames)
  const { family, scopeType, netmaskLength, explicit } = request
  const lengths = type.lengths[family]
  if (!lengths)
    return deny(
      'address-family',
      `ipv${family}`,
      Object.keys(type.lengths).map((known) => `ipv${known}`),
    )
  if (scopeType && !type.scopeTypes.includes(scopeType)) return deny('scope', scopeType, type.scopeTypes)
  if (explicit?.cidr && explicit.cidr.family !== family) {
    return deny('address-family', `ipv${explicit.cidr.family}`, [`ipv${family}`])
  }
  const length = explicit?.cidr?.length ?? netmaskLength
  if (length !== undefined && (length < lengths.min || length > lengths.max)) {
    return deny('netmask-length', `/${length}`, [`/${lengths.min} to /${lengths.max}`])
  }
  return undefined
}

interface Asked {
  readonly request: AllocationRequest
  readonly type: ResourceType
}

function judgeUnmatched(
  snapshot: Snapshot,
  { request, type }: Asked,
  unmatched: { readonly value: OnExhausted; readonly ipam?: string },
  above: readonly TraceStep[],
): Judgement {
  const { resourceType, locale, explicit } = request
  const pair = `${resourceType} in ${locale}`
  if (unmatched.value === 'deny') {
    const because = `no document speaks of ${pair}, and ${unmatched.ipam} lets nothing pass outside policy`
    const owner = snapshot.ipams.get(unmatched.ipam!)?.account
    const denial: Denial = { cause: 'unmatched', setting: 'unmatched', value: pair, allowed: [], owner }
    const step: TraceStep = { kind: 'document', subject: unmatched.ipam!, result: 'fail', because }
    return denied(denial, [...above, step], { readsTags: false })
  }
  const none: TraceStep = { kind: 'document', subject: pair, result: 'miss', because: 'no document speaks of it' }
  const steps = [...above, none]
  if (explicit?.pool === undefined || explicit.pool === provider) {
    const candidates = Object.freeze([providerFor({ request, type }, explicit?.cidr)])
    return { outcome: 'allow', candidates, onExhausted: 'deny', steps, readsTags: false }
  }
  return judgeNamedPool(
    snapshot,
    { request, type, cidr: explicit.cidr, netmaskLength: request.netmaskLength },
    steps,
    {},
  )
}

/** One pool that the caller named and may have: it alone is tried, and where it has no room the answer is no, as in EC2. */
function judgeNamedPool(
  snapshot: Snapshot,
  want: Want,
  above: readonly TraceStep[],
  { by, isListed = false, readsTags = false }: { by?: Party; isListed?: boolean; readsTags?: boolean },
): Judgement {
  const name = want.request.explicit!.pool!
  const askedTags = readsTags || readsTagsOf(snapshot, name, want.type)
  if (!isListed && !isOwnOrShared(snapshot, want.request.account, name)) {
    const denial: Denial = { cause: 'explicit', setting: 'pool', value: name, allowed: [], by, owner: by?.owner }
    const because = 'the account does not own it, and it is not shared with it'
    const step: TraceStep = { kind: 'explicit', subject: name, result: 'fail', because }
    return denied(denial, [...above, step], { by, readsTags })
  }
  const fit = fitPool(snapshot, name, want)
  if ('denial' in fit) {
    const step: TraceStep = { kind: 'pool', subject: name, result: 'fail', because: fit.because }
    return denied(fit.denial, [...above, step], { by, readsTags: askedTags })
  }
  const because = isListed
    ? 'the caller named it, and the rules list it'
    : 'the caller named it, and nothing forbids it'
  return {
    outcome: 'allow',
    candidates: Object.freeze([fit.candidate]),
    onExhausted: 'deny',
    by,
    steps: [...above, { kind: 'explicit', subject: name, result: 'hit', because }],
    readsTags: askedTags,
  }
}

const readsTagsOf = (snapshot: Snapshot, pool: string, type: ResourceType): boolean =>
  !type.isReservation && (snapshot.pools.get(pool)?.requiredTags.length ?? 0) > 0

function providerFor({ request, type }: Asked, cidr?: Cidr): Candidate {
  const netmaskLength =
    cidr?.length ?? request.netmaskLength ?? type.lengths[request.family]?.default ?? bitsOf(request.family)
  return Object.freeze({ pool: provider, netmaskLength, cidr })
}

function judgeDocument(
  snapshot: Snapshot,
  { request, type }: Asked,
  document: ResolvedDocument,
  above: readonly TraceStep[],
): Judgement {
  const { by } = document
  const readsTags = document.requiredTags.length > 0
  const gate = tagsGate(request, document) ?? sizeGate({ request, type }, document)
  if (gate) return denied(gate.denial, [...above, gate.step], { by, readsTags })

  const size = request.family === 4 ? document.size : document.sizeIpv6
  const { cidr, pool } = request.explicit ?? {}
  const wanted = cidr?.length ?? request.netmaskLength
  const netmaskLength = type.takes === 'address' ? bitsOf(request.family) : (wanted ?? size?.default.value)
  const open = document.rules.filter(({ skipped }) => skipped === undefined)

  if (pool !== undefined) {
    const rule = open.find((rule) => rule.pool === pool)
    const want: Want = { request, type, cidr, netmaskLength, rule: rule?.number }
    if (rule) return judgeNamedPool(snapshot, want, above, { by, isListed: true, readsTags })
    const wish = wishGate(document, open, pool)
    if (wish.denial) return denied(wish.denial, [...above, wish.step], { by, readsTags })
    if (document.onExplicit.value === 'allow') {
      if (pool === provider) {
        const candidates = Object.freeze([providerFor({ request, type }, cidr)])
        return { outcome: 'allow', candidates, onExhausted: 'deny', by, steps: [...above, wish.step], readsTags }
      }
      return judgeNamedPool(snapshot, want, [...above, wish.step], { by, readsTags })
    }
    return judgeRules(snapshot, { request, type, netmaskLength }, document, {
      steps: [...above, wish.step],
      isSteered: true,
    })
  }
  if (cidr) {
    const holding = open.filter((rule) => snapshot.pools.get(rule.pool)?.cidrs.some((block) => contains(block, cidr)))
    const text = formatCidr(cidr)
    if (holding.length > 0) {
      const because = `it lies in ${holding.map((rule) => rule.pool).join(', ')}`
      const steps: TraceStep[] = [...above, { kind: 'explicit', subject: text, result: 'hit', because }]
      const rules = document.rules.map((rule) =>
        rule.skipped === undefined && !holding.includes(rule)
          ? { ...rule, skipped: `${text} is not in its CIDRs` }
          : rule,
      )
      const judged = judgeRules(snapshot, { request, type, netmaskLength, cidr }, { ...document, rules }, { steps })
      return { ...judged, onExhausted: 'deny' }
    }
    const wish = wishGate(document, open, text)
    if (wish.denial) return denied(wish.denial, [...above, wish.step], { by, readsTags })
    if (document.onExplicit.value === 'allow') {
      const candidates = Object.freeze([providerFor({ request, type }, cidr)])
      return { outcome: 'allow', candidates, onExhausted: 'deny', by, steps: [...above, wish.step], readsTags }
    }
    return judgeRules(snapshot, { request, type, netmaskLength }, document, {
      steps: [...above, wish.step],
      isSteered: true,
    })
  }
  return judgeRules(snapshot, { request, type, netmaskLength }, document, { steps: above })
}

interface Gate {
  readonly denial: Denial
  readonly step: TraceStep
}

function tagsGate({ tags }: AllocationRequest, { requiredTags }: ResolvedDocument): Gate | undefined {
  const missing = requiredTags.filter(({ value }) => missingTags([value], tags).length > 0)
  const first = missing[0]
  if (!first) return undefined
  const required = missing.map(({ value }) => value)
  const missingTexts = required.map(formatRequiredTag)
  return {
    denial: {
      cause: 'tags',
      setting: 'required-tags',
      value: valueOfTags(required, tags),
      allowed: requiredTags.map(({ value }) => formatRequiredTag(value)),
      by: first.by,
      owner: first.by.owner,
      missingTags: missingTexts,
    },
    step: { kind: 'tags', subject: first.by.policy, result: 'fail', because: `it asks for ${missingTexts.join(', ')}` },
  }
}

function sizeGate({ request, type }: Asked, document: ResolvedDocument): Gate | undefined {
  const size = request.family === 4 ? document.size : document.sizeIpv6
  const length = request.explicit?.cidr?.length ?? request.netmaskLength
  if (!size || length === undefined || type.takes === 'address') return undefined
  if (length >= size.min.value && length <= size.max.value) return undefined
  const bound = length < size.min.value ? size.min : size.max
  const allowed = `/${size.min.value} to /${size.max.value}`
  return {
    denial: {
      cause: 'size',
      setting: request.family === 4 ? 'size' : 'size-ipv6',
      value: `/${length}`,
      allowed: [allowed],
      by: bound.by,
      owner: bound.by.owner,
    },
    step: { kind: 'size', subject: bound.by.policy, result: 'fail', because: `/${length} is outside ${allowed}` },
  }
}

/** What `onExplicit` makes of a wish that no open rule lists. */
function wishGate(
  { onExplicit }: ResolvedDocument,
  open: readonly { pool: string }[],
  wish: string,
): Partial<Gate> & { step: TraceStep } {
  const unlisted = `the rules do not list it, and on-explicit is ${onExplicit.value}`
  if (onExplicit.value !== 'deny') {
    const isSteer = onExplicit.value === 'steer'
    const because = isSteer ? `${unlisted}: the rules are used instead` : unlisted
    return { step: { kind: 'explicit', subject: wish, result: isSteer ? 'skip' : 'hit', because } }
  }
  return {
    denial: {
      cause: 'explicit',
      setting: 'on-explicit',
      value: wish,
      allowed: open.map(({ pool }) => pool),
      by: onExplicit.by,
      owner: onExplicit.by.owner,
    },
    step: { kind: 'explicit', subject: wish, result: 'fail', because: unlisted },
  }
}

/**
 * The rules in order. Where none can serve, a request that asks for what a listed pool does not give is refused, or
 * asking wrongly would be a way to provider space, and so is one for which finals leave nothing. Where no rule is meant
 * for the account, `onExhausted` decides, as where no pool has room.
 */
function judgeRules(
  snapshot: Snapshot,
  want: Want,
  document: ResolvedDocument,
  { steps: above, isSteered = false }: { readonly steps: readonly TraceStep[]; readonly isSteered?: boolean },
): Judgement {
  const { by, onExhausted } = document
  const steps = [...above]
  const candidates: Candidate[] = []
  let fault: Misfit | undefined
  let readsTags = document.requiredTags.length > 0
  for (const { pool, number, skipped } of document.rules) {
    if (skipped !== undefined) {
      steps.push({ kind: 'rule', subject: pool, result: 'skip', because: skipped })
      continue
    }
    readsTags ||= readsTagsOf(snapshot, pool, want.type)
    const fit = fitPool(snapshot, pool, { ...want, rule: number })
    if ('denial' in fit) {
      if (fit.isRequestsFault) fault ??= fit
      steps.push({ kind: 'rule', subject: pool, result: 'fail', because: fit.because })
    } else {
      steps.push({ kind: 'rule', subject: pool, result: 'hit', because: `rule ${number} lists it` })
      candidates.push(fit.candidate)
    }
  }
  const outcome = isSteered ? 'steer' : 'allow'
  const end = { outcome, by, exhaustedBy: onExhausted.by, steps, readsTags } as const
  if (candidates.length > 0) {
    return { ...end, candidates: Object.freeze(candidates), onExhausted: onExhausted.value }
  }
  if (fault) return denied(fault.denial, steps, { by, readsTags })
  const isNarrowed = document.rules.some(({ excludedBy }) => excludedBy)
  if (onExhausted.value === 'provider' && !want.cidr && !isNarrowed) {
    steps.push({
      kind: 'exhausted',
      subject: provider,
      result: 'hit',
      because: 'no rule can serve, and on-exhausted is provider',
    })
    return { ...end, candidates: Object.freeze([providerFor(want)]), onExhausted: 'deny' }
  }
  const { resourceType, locale, account } = want.request
  const denial: Denial = {
    cause: 'no-rule',
    setting: 'allocation-rules',
    value: `${resourceType} in ${locale} for ${account}`,
    allowed: [],
    by,
    owner: by.owner,
  }
  return denied(denial, steps, { by, readsTags })
}
