// The headers that name the decisions behind an answer or a refusal: the protocols have no member for them.
import { type InUse, inUseInWords } from '#model/in-use.ts'
import { type DecisionOnRecord, isWarning } from '#model/policy/decision.ts'
import { explainDecision } from '#model/policy/explain.ts'
import type { Refused } from '#model/refusal.ts'
import { type Answer, DryRunSucceeded, decisionsBehind } from '#operations/execute.ts'

export type Headers = readonly (readonly [name: string, value: string])[]

/** Decisions that one answer names: as many as one request can ask for. */
const namedMax = 100
const noteLengthMax = 1_000

/**
 * `x-cadastre-decision` has the ids of all decisions (for `cadastre explain`), in the order in which they were made, and
 * `x-cadastre-warning` what to change where a policy warns or has steered elsewhere, and what sources say is in use of what a preview
 * shows.
 */
export function headersOf({ decisions, inUse = [] }: Answer): Headers {
  if (decisions.length === 0) return warningOf(decisions, inUse)
  return [['x-cadastre-decision', namesOf(decisions)], ...warningOf(decisions, inUse)]
}

/** Of a refusal: the decisions that said no, or the methods that are allowed (RFC 9110, section 10.2.1). Of a dry run that would succeed: why, since its decisions are on no record. */
export function headersOfRefusal(error: Refused): Headers {
  if (error instanceof DryRunSucceeded) return [...headersOfDryRun(error), ...headersOfImpact(error)]
  if (error.refusal.code === 'MethodNotAllowed') return [['Allow', error.refusal.allowed.join(', ')]]
  const decisions = decisionsBehind(error)
  return decisions.length === 0 ? [] : [['x-cadastre-decision', namesOf(decisions)]]
}

/** `x-cadastre-impact`, as JSON: what the change would make of space that is in use. */
const headersOfImpact = ({ impact }: DryRunSucceeded): Headers =>
  impact === undefined ? [] : [['x-cadastre-impact', asciiJson(impact)]]
const asciiJson = (value: object): string =>
  JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

function headersOfDryRun({ answer: { decisions }, inUse }: DryRunSucceeded): Headers {
  if (decisions.length === 0) return warningOf(decisions, inUse)
  return [['x-cadastre-explanation', inHeader(decisions.map(inWords))], ...warningOf(decisions, inUse)]
}

const namesOf = (decisions: readonly DecisionOnRecord[]): string =>
  decisions
    .slice(0, namedMax)
    .map(({ id }) => id)
    .join(', ')

function warningOf(decisions: readonly DecisionOnRecord[], inUse: readonly InUse[]): Headers {
  const warnings = decisions.filter(({ outcome, wouldBe }) => outcome === 'steer' || isWarning(wouldBe))
  if (warnings.length === 0 && inUse.length === 0) return []
  return [['x-cadastre-warning', inHeader([...inUse.map(inUseInWords), ...warnings.map(warningIn)])]]
}

/** What a policy warns of is in the lines; the sentence says what was granted. */
const warningIn = (decision: DecisionOnRecord): string =>
  decision.outcome === 'steer' ? inWords(decision) : explainDecision(decision).lines.join(' ')
function inWords(decision: DecisionOnRecord): string {
  const { sentence, lines } = explainDecision(decision)
  return [sentence, ...lines].join(' ')
}

const inHeader = (notes: readonly string[]): string =>
  [...new Set(notes)]
    .join(' ')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, noteLengthMax)
