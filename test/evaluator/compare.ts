// Asks both evaluators, and says in which parts of their answers they differ: only in what the policy model fixes.

import { conclude, decide } from '#model/policy/decide.ts'
import {
  type Candidate,
  type CandidateAnswer,
  candidatesInOrder,
  type Decision,
  type Denial,
  type Verdict,
  type WouldBe,
} from '#model/policy/decision.ts'
import { differenceKind } from '#model/policy/difference.ts'
import { builtInTypes } from '#model/policy/resource-types.ts'
import { compileSnapshot, type GovernanceFacts, type Snapshot } from '#model/policy/snapshot.ts'
import { spell } from './cidr.ts'
import {
  type Answer,
  evaluate,
  isSamePlace,
  type Place,
  pathOf,
  placesInOrder,
  type Refused,
  type Ruling,
  withCandidates,
} from './evaluator.ts'
import type { Question, TrialWorld } from './worlds.ts'

export interface Difference {
  /** The part of the answer, such as `denial.cause`. */
  readonly part: string
  readonly product: string
  readonly evaluator: string
  readonly sentences: readonly string[]
}

/** What both evaluators are asked in: the compiled snapshot of the product, and the facts that the other one reads. */
export interface Trial {
  readonly snapshot: Snapshot
  readonly facts: GovernanceFacts
  readonly candidateFacts?: GovernanceFacts
  readonly room: readonly string[]
}

const builtIn = [...builtInTypes.values()]

export function openTrial({ facts, room }: Pick<TrialWorld, 'facts' | 'room'>): Trial {
  const all = { ...facts, resourceTypes: [...builtIn, ...(facts.resourceTypes ?? [])] }
  return {
    snapshot: compileSnapshot(facts, 1),
    facts: { ...all, candidates: [] },
    candidateFacts: facts.candidates?.length ? withCandidates(all) : undefined,
    room,
  }
}

// Spelling -----------------------------------------------------------------------------------------------------------

const spellPlace = ({ pool, length, cidr }: Place): string => `${pool} /${length}${cidr ? ` ${spell(cidr)}` : ''}`
export const spellPlaces = (places: readonly Place[]): string => `[${places.map(spellPlace).join(', ')}]`
const placesOf = (candidates: readonly Candidate[]): Place[] =>
  candidates.map(({ pool, netmaskLength, cidr }) => ({ pool, length: netmaskLength, cidr }))
const spellCandidates = (candidates: readonly Candidate[]): string => spellPlaces(placesOf(candidates))
const spellSpeaker = ({ policy, version, target }: { policy: string; version: number; target: string }): string =>
  `${policy}@${version} on ${target}`

// Comparing ----------------------------------------------------------------------------------------------------------

/** Collects where two spellings are not the same, and where one is none of those allowed. */
class Differences {
  readonly found: Difference[] = []
  same(part: string, product: string | undefined, evaluator: string | undefined, { sentences }: Ruling): void {
    if (product === evaluator) return
    this.found.push({ part, product: String(product), evaluator: String(evaluator), sentences })
  }
  oneOf(part: string, product: string | undefined, allowed: readonly string[], { sentences }: Ruling): void {
    if (product !== undefined && allowed.includes(product)) return
    const evaluator = allowed.length === 1 ? allowed[0]! : `one of ${allowed.join(', ')}`
    this.found.push({ part, product: String(product), evaluator, sentences })
  }
}

/** Part by part, what one ruling says and what the product says that it is. */
interface Said {
  readonly outcome: string
  readonly candidates: readonly Candidate[]
  readonly denial?: Denial
  readonly exception?: string
}

function compareRuling(differences: Differences, prefix: string, said: Said, ruling: Ruling): void {
  differences.same(`${prefix}candidates`, spellCandidates(said.candidates), spellPlaces(ruling.places), ruling)
  differences.same(`${prefix}exception`, said.exception, ruling.exception, ruling)
  if (ruling.outcome === 'deny' && said.denial) compareDenial(differences, `${prefix}denial.`, said.denial, ruling)
}

function compareDenial(differences: Differences, prefix: string, denial: Denial, ruling: Ruling): void {
  const { causes, by, setting, pools, missingTags } = ruling.refused!
  differences.oneOf(`${prefix}cause`, denial.cause, causes, ruling)
  if (!causes.includes(denial.cause)) return
  if (setting) differences.same(`${prefix}setting`, denial.setting, setting, ruling)
  if (by && by.length > 0) {
    differences.oneOf(`${prefix}by`, denial.by && spellSpeaker(denial.by), by.map(spellSpeaker), ruling)
  }
  if (pools) differences.oneOf(`${prefix}pool`, denial.pool, pools, ruling)
  if (missingTags && denial.cause === 'tags') {
    const spellTags = (keys: readonly string[] | undefined): string => [...new Set(keys)].sort().join(', ')
    differences.same(`${prefix}missingTags`, spellTags(denial.missingTags), spellTags(missingTags), ruling)
  }
}

/** What must be told apart, what may be, and what is the same. */
type Apart = 'certain' | 'open' | 'same'

const sharesCause = (a: Refused | undefined, b: Refused | undefined): Apart => {
  if (!a || !b) return a === b ? 'same' : 'certain'
  if (!a.causes.some((cause) => b.causes.includes(cause))) return 'certain'
  // Two rules of pools can be meant by one cause.
  if (a.causes.includes('pool-rule')) return 'open'
  return JSON.stringify(a) === JSON.stringify(b) ? 'same' : 'open'
}

function apart(a: Ruling, b: Ruling): Apart {
  if (a.outcome !== b.outcome || spellPlaces(a.places) !== spellPlaces(b.places)) return 'certain'
  const causes = sharesCause(a.refused, b.refused)
  if (causes !== 'same') return causes
  const rest = ({ onExhausted, exception, reserve, speaker }: Ruling): string =>
    JSON.stringify([onExhausted, exception, reserve && [reserve.exception, spellPlaces(reserve.places)], speaker])
  return rest(a) === rest(b) ? 'same' : 'open'
}

/** «The decision records `wouldBe`, also where both would deny for different causes.» */
function compareWouldBe(differences: Differences, wouldBe: WouldBe | undefined, answer: Answer): void {
  const { enforced, warned, observed } = answer
  const byWarn = apart(enforced, warned)
  const byObserve = apart(enforced, observed)
  if (!wouldBe) {
    if (byObserve === 'certain' || byWarn === 'certain') {
      const { outcome, places } = byObserve === 'certain' ? observed : warned
      differences.same('wouldBe', undefined, `${outcome} ${spellPlaces(places)}`, observed)
    }
    return
  }
  const spelled = `${wouldBe.mode} ${wouldBe.outcome} ${spellCandidates(wouldBe.candidates)}`
  if (byObserve === 'same' && byWarn === 'same') {
    differences.same('wouldBe', spelled, undefined, observed)
    return
  }
  const of = wouldBe.mode === 'warn' ? warned : observed
  if (apart(enforced, of) === 'same') {
    differences.same('wouldBe.mode', spelled, 'the other mode', of)
    return
  }
  differences.same('wouldBe.outcome', wouldBe.outcome, of.outcome, of)
  if (wouldBe.outcome === of.outcome) compareRuling(differences, 'wouldBe.', wouldBe, of)
}

/** The numbers of the candidates on the account's path, as one text. */
function candidatesOnPath({ facts, snapshot }: Trial, { request }: Question): string {
  const numbers = pathOf(facts, request.account).flatMap((id) =>
    (snapshot.candidates?.byTarget.get(id) ?? []).map(({ n }) => n),
  )
  return spellNumbers(numbers)
}
const spellNumbers = (numbers: readonly number[]): string => numbers.toSorted((a, b) => a - b).join(', ')

/** What a candidate's world would have answered, and whether that is another answer. */
function compareCandidate(
  differences: Differences,
  said: CandidateAnswer | undefined,
  live: Answer,
  { other, numbers }: { readonly other: Answer | undefined; readonly numbers: string },
): void {
  if (!other) {
    differences.same('candidate', said?.outcome, undefined, live.enforced)
    return
  }
  const { enforced } = other
  const isOther = live.outcome !== other.outcome ? 'certain' : apart(live.enforced, enforced)
  if (!said) {
    const first = ({ places }: Ruling): string => spellPlaces(places.slice(0, 1))
    const isCertain =
      live.outcome !== other.outcome ||
      first(enforced) !== first(live.enforced) ||
      sharesCause(enforced.refused, live.enforced.refused) === 'certain'
    if (isCertain)
      differences.same('candidate', undefined, `${other.outcome} ${spellPlaces(enforced.places)}`, enforced)
    return
  }
  if (isOther === 'same') {
    differences.same('candidate', said.outcome, undefined, enforced)
    return
  }
  differences.same('candidate.outcome', said.outcome, other.outcome, enforced)
  if (said.outcome === other.outcome) compareRuling(differences, 'candidate.', said, enforced)
  differences.same('candidate.assignments', spellNumbers(said.assignments.map(({ n }) => n)), numbers, enforced)
}

/**
 * «A candidate that gives the same outcome from the same first pool that has room makes no difference worth listing; another
 * order of pools further back is told apart as such.»
 */
function compareDifference(
  differences: Differences,
  { room }: Trial,
  decision: Decision,
  { live, other }: { readonly live: Answer; readonly other: Answer },
): void {
  const { candidate } = decision
  const kind = candidate && differenceKind(decision, candidate)
  if (other.outcome === 'deny') {
    differences.same('difference', kind, 'newly-denied', other.enforced)
    return
  }
  const tried = placesInOrder(live.enforced)
  const served = tried.findIndex(({ pool }) => room.includes(pool))
  // What was tried and what has room is known; whether a pool that only the candidate names has any is not.
  const isFull = (place: Place): boolean => tried.slice(0, served).some((one) => isSamePlace(one, place))
  // The answer of a candidate does not tell what an exception adds to it.
  const first = placesInOrder({ ...other.enforced, reserve: undefined }).find((place) => !isFull(place))
  if (first && first.pool !== tried[served]!.pool && room.includes(first.pool)) {
    differences.same('difference', kind, 'other-pool', other.enforced)
    return
  }
  if (!first || !isSamePlace(first, tried[served]!) || live.outcome !== other.outcome) return
  const poolsOf = (places: readonly { readonly pool: string }[]): string => places.map(({ pool }) => pool).join(' ')
  const isSameOrder = poolsOf(decision.candidates) === poolsOf(other.enforced.places)
  if (kind !== undefined || !isSameOrder) differences.oneOf('difference', kind, ['other-order'], other.enforced)
}

/** Everything in which the two answers to a question differ (nothing where they agree), and how the product decides it. */
export function differencesOf(
  trial: Trial,
  question: Question,
): { readonly outcome: Answer['outcome']; readonly differences: readonly Difference[] } {
  const { request, at } = question
  const verdict = decide(trial.snapshot, request, new Date(at))
  const answer = evaluate(trial.facts, request, at)
  const numbers = candidatesOnPath(trial, question)
  const other = numbers === '' ? undefined : evaluate(trial.candidateFacts!, request, at)
  const { enforced } = answer
  const differences = new Differences()
  differences.same('outcome', verdict.outcome, answer.outcome, answer.outcome === 'warn' ? answer.warned : enforced)
  if (answer.mode) differences.same('mode', verdict.mode, answer.mode, enforced)
  if (verdict.outcome === answer.outcome) {
    compareRuling(differences, '', verdict, enforced)
    compareWouldBe(differences, verdict.wouldBe, answer)
  }
  compareCandidate(differences, verdict.candidate, answer, { other, numbers })
  if (verdict.outcome === answer.outcome && verdict.outcome !== 'deny') {
    const { speaker } = enforced
    const said = verdict.policy && `${verdict.policy.id}@${verdict.policy.version} on ${verdict.target}`
    differences.same('policy', said, speaker && spellSpeaker(speaker), enforced)
    compareAllocation(differences, trial, question, { verdict, live: answer, other })
  }
  return { outcome: verdict.outcome, differences: differences.found }
}

/** The allocator's part: the same places in the same order, and the same end where the first with room is found, or none. */
function compareAllocation(
  differences: Differences,
  trial: Trial,
  { request, at }: Question,
  { verdict, live, other }: { readonly verdict: Verdict; readonly live: Answer; readonly other: Answer | undefined },
): void {
  const { enforced } = live
  differences.same('reserve.exception', verdict.reserve?.exception, enforced.reserve?.exception, enforced)
  const tried = placesInOrder(enforced)
  differences.same('order', spellCandidates(candidatesInOrder(verdict)), spellPlaces(tried), enforced)
  const serving = tried.find(({ pool }) => trial.room.includes(pool))
  const identity = { id: 'decision-1', at: new Date(at), request }
  if (!serving) {
    const decision = conclude(verdict, identity, 'exhausted')
    differences.same('decision.outcome', decision.outcome, 'deny', enforced)
    differences.same('decision.denial.cause', decision.denial?.cause, 'exhausted', enforced)
    return
  }
  const cidr = serving.cidr ?? { family: request.family, first: 0n, length: serving.length }
  const decision = conclude(verdict, identity, { pool: serving.pool, cidr })
  const isReserve = enforced.reserve?.places.includes(serving)
  const exception = isReserve ? enforced.reserve?.exception : enforced.exception
  differences.same('decision.outcome', decision.outcome, live.outcome, enforced)
  differences.same('decision.pool', decision.pool, serving.pool, enforced)
  differences.same('decision.exception', decision.exception, exception, enforced)
  if (other) compareDifference(differences, trial, decision, { live, other })
}
