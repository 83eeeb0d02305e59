// A decision in words, in three lengths: one line, one sentence with a line per fact and whom to ask, and all of it.

import { articleFor } from '../article.ts'
import { formatCidr } from '../cidr.ts'
import {
  type AllocationRequest,
  type CandidateAnswer,
  type Denial,
  isWarning,
  provider,
  type ToldAnswer,
  type ToldDecision,
  type WordedDenial,
  type WouldBe,
} from './decision.ts'
import { denialInWords } from './denial-words.ts'
import { gateOf } from './settings.ts'
import { type Explained, type Names, paramsOf, toldOf } from './told.ts'
import type { WordedStep } from './trace.ts'
import { inWords } from './trace-words.ts'

export interface Explanation {
  readonly sentence: string
  readonly lines: readonly string[]
}

const special = /[\\^$.*+?()[\]{}|]/g
/** A text with names behind the ids in it: `ID` (NAME). */
export function nameIds(text: string, names: Names | undefined): string {
  if (!names || names.size === 0) return text
  const ids = [...names.keys()].map((id) => id.replaceAll(special, '\\$&')).join('|')
  return text.replaceAll(
    new RegExp(`(?<![\\w-])(${ids})(?![\\w-])(\`?)`, 'g'),
    (_, id: string, tick: string) => `${id}${tick} (${names.get(id)})`,
  )
}

/** `short`: one line for a table or a log. `standard`: what a caller is told. `long`: all there is to say, with the trace. */
export type Form = 'short' | 'standard' | 'long'
export const forms = ['short', 'standard', 'long'] as const satisfies readonly Form[]
export const shortCharactersMax = 120

/** A decision in one of the forms. `next` is a sentence that says what would alter a denial. */
export function messageOf(
  decision: Explained,
  form: Form,
  { names, next }: { readonly names?: Names; readonly next?: string } = {},
): string {
  if (form === 'short') return shortMessage(decision)
  if (form === 'long') return renderDecision(decision, names, next)
  const { sentence, lines } = explainDecision(decision)
  const watched = watchedLines(decision).map((line) => nameIds(line, names))
  return [sentence, ...lines, ...watched, ...(next ? [`Nearest change: ${nameIds(next, names)}`] : [])].join('\n')
}

const cut = (text: string): string =>
  text.length > shortCharactersMax ? `${text.slice(0, shortCharactersMax - 1)}…` : text

/** At most 120 characters. What decided stands first, so that what is cut is the least. */
export function shortMessage(decision: Explained): string {
  const { wouldBe, candidate } = decision
  const message = shortAnswer(decision)
  // A warning is the answer itself.
  const watched = [
    ...(wouldBe && !isWarning(wouldBe) ? [`observed: ${wouldBe.outcome}`] : []),
    ...(candidate ? [`candidate: ${candidate.outcome}`] : []),
  ]
  const whole = [message, ...watched].join('; ')
  return whole.length > shortCharactersMax ? message : whole
}

function shortAnswer(decision: Explained): string {
  const { outcome, request, cidr, pool, wouldBe } = decision
  if (outcome === 'deny') return cut(`Denied: ${shortDenial(decision.denial!, request)}`)
  const what = cidr ? formatCidr(cidr) : `${request.resourceType} in ${request.locale}`
  const under = decision.exception === undefined ? '' : ` under ${decision.exception}`
  const granted = `${what} from ${pool ?? decision.candidates[0]?.pool ?? provider}${under}`
  if (outcome === 'steer') return cut(`Steered: ${granted}, not from ${paramsOf(request)}`)
  if (outcome === 'warn' && wouldBe) {
    const would = wouldBe.denial
      ? shortDenial(wouldBe.denial, request)
      : `it would come from ${wouldBe.candidates[0]?.pool}`
    return cut(`Warning: ${would}; got ${granted}`)
  }
  return cut(`Allowed: ${granted}`)
}

function shortDenial(denial: Denial, request: AllocationRequest): string {
  const worded = denialInWords(denial)
  const { cause, setting, value, allowed, missingTags, pool } = worded
  const listed = allowed.length > 0 ? `; allowed: ${allowed.join(', ')}` : ''
  const pair = `${request.resourceType} in ${request.locale}`
  switch (cause) {
    case 'tags':
    case 'size':
    case 'setting':
      return gateOf(denial)!.short(worded)
    case 'explicit':
      return `${value} is not listed for ${pair}${listed}`
    case 'no-rule':
      return `no rule serves ${pair} for ${request.account}`
    case 'pool-rule':
      return missingTags
        ? `${pool} asks for tags: ${missingTags.join(', ')}`
        : `${pool} does not allow ${setting} ${value}${listed}`
    case 'unmatched':
      return `no policy speaks of ${pair}`
    case 'exhausted':
      return `no free space left: ${value}`
    case 'resource-type':
      return `${setting} ${value} is not for ${request.resourceType}${listed}`
  }
}

/** What a caller is told: which policy decided, by what, on what value, and what is allowed. */
export const explainDecision = (decision: Explained): Explanation => wordsOfTold(toldOf(decision))

/** The same in words: a sentence, and a line for each fact. */
export function wordsOfTold(told: ToldDecision): Explanation {
  const { sentence, lines } = told.outcome === 'deny' ? explainDenial(told) : explainGrant(told)
  const names = new Map(Object.entries(told.names ?? {}))
  return { sentence: nameIds(sentence, names), lines: lines.map((line) => nameIds(line, names)) }
}

/** Why it is so, in one sentence, or in fewer words where a step of the trace says it. */
export const reasonOfTold = (told: ToldDecision): string =>
  told.because ? inWords(told.because, told.request).because : wordsOfTold(told).sentence

/** The whole decision with its trace, as plain text for `cadastre explain`. */
export function renderDecision(decision: Explained, names: Names = new Map(), next?: string): string {
  const { sentence, lines } = explainDecision(decision)
  const denial = decision.denial && denialInWords(decision.denial)
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['decision', decision.id ?? 'none: nobody has asked for this'],
    ['at', decision.at.toISOString()],
    ['account', withName(decision.request.account, names)],
    ['asked for', askedFor(decision.request)],
    ['outcome', `${decision.outcome} (${decision.mode})`],
    ['policy', decision.policy && `${withName(decision.policy.id, names)} version ${decision.policy.version}`],
    ['enabled on', decision.target && withName(decision.target, names)],
    ['document', decision.document && `${decision.document.resourceType} in ${decision.document.locale}`],
    ['candidates', decision.candidates.map(({ pool }) => withName(pool, names)).join(', ') || undefined],
    ['from', decision.pool && withName(decision.pool, names)],
    ['block', decision.cidr && formatCidr(decision.cidr)],
    ['exception', decision.exception],
    ['would be', decision.wouldBe && renderWouldBe(decision.wouldBe, names)],
    ['candidate', decision.candidate && renderAnswer(decision.candidate, names)],
    ['expected', denial && (denial.allowed.join(', ') || 'nothing')],
    ['actual', denial && (denial.value || 'none')],
    ['next', next === undefined ? undefined : nameIds(next, names)],
  ]
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined)
  return [
    sentence,
    '',
    ...known.map(([name, value]) => `${name.padEnd(12)}${value}`),
    '',
    'trace',
    ...decision.trace.map((step, index) => renderStep(inWords(step, decision.request), index + 1, names)),
    '',
    ...lines,
    '',
  ].join('\n')
}

/** What assignments that observe or warn would have made of it, were they enforced. */
const renderWouldBe = (wouldBe: WouldBe, names: Names): string =>
  `${renderAnswer(wouldBe, names)}; it is in mode ${wouldBe.mode}`

function renderAnswer(
  { outcome, policy, target, candidates, denial }: WouldBe | CandidateAnswer,
  names: Names,
): string {
  const by = policy
    ? `, by ${withName(policy.id, names)} version ${policy.version} on ${withName(target ?? '', names)}`
    : ''
  const from = candidates.length > 0 ? ` from ${candidates.map(({ pool }) => withName(pool, names)).join(', ')}` : ''
  const because = denial ? ` (${denial.setting}: ${denialInWords(denial).value})` : ''
  return `${outcome}${from}${because}${by}`
}

const withName = (id: string, names: Names): string => (names.has(id) ? `${id} (${names.get(id)})` : id)

const renderStep = ({ kind, subject, result, because }: WordedStep, number: number, names: Names): string =>
  `${String(number).padStart(3)}. ${result.padEnd(5)}${kind.padEnd(10)}${withName(subject, names)}: ${because}`

function askedFor({ resourceType, locale, family, netmaskLength, explicit }: AllocationRequest): string {
  const what = explicit?.cidr
    ? formatCidr(explicit.cidr)
    : netmaskLength === undefined
      ? `ipv${family}`
      : `ipv${family} /${netmaskLength}`
  return `${resourceType} in ${locale}, ${what}${explicit?.pool === undefined ? '' : ` from ${explicit.pool}`}`
}

const denialSentences: {
  readonly [C in Denial['cause']]: (denial: WordedDenial, request: Pick<AllocationRequest, 'resourceType'>) => string
} = {
  tags: gateSentence,
  size: gateSentence,
  setting: gateSentence,
  explicit: ({ value, setting }) =>
    setting === 'pool' ? `does not give you pool \`${value}\`` : `does not let you choose \`${value}\``,
  'no-rule': ({ value, setting }) =>
    setting === 'on-exhausted'
      ? `does not let ${value} fall back to provider space, and no allocation rule serves it`
      : `has no allocation rule that serves ${value}`,
  'pool-rule': ({ pool, setting, value }, { resourceType }) =>
    setting === 'default-netmask-length'
      ? `${upperArticle(resourceType)} \`${resourceType}\` cannot have \`${value}\`, the default netmask length of pool \`${pool}\``
      : `Pool \`${pool}\` does not allow ${setting} \`${value}\``,
  unmatched: ({ value }) => `No policy speaks of ${value}, and nothing is given outside policy`,
  exhausted: ({ value }) => `No free space is left: ${value}`,
  'resource-type': ({ setting, value }, { resourceType }) =>
    `${upperArticle(resourceType)} \`${resourceType}\` cannot have ${setting} \`${value}\``,
}

/** Of a setting that denies by itself. */
function gateSentence(denial: WordedDenial): string {
  return gateOf(denial)!.sentence(denial)
}

const upperArticle = (type: string): string => (articleFor(type) === 'an' ? 'An' : 'A')

/** These causes are a policy's doing, so that the sentence begins with the policy's name. */
const policyCauses: readonly Denial['cause'][] = ['tags', 'size', 'setting', 'explicit', 'no-rule']

function explainDenial(decision: ToldDecision): Explanation {
  const denial = denialInWords(decision.denial!)
  const { by, cause, allowed, missingTags, endedException } = denial
  const words = denialSentences[cause](denial, decision.request)
  const isPolicys = policyCauses.includes(cause)
  const subject = by ? `Policy \`${by.policy}\` version ${by.version}, enabled on \`${by.target}\`,` : 'Policy'
  const tail = allowed.length > 0 ? `; allowed: ${allowed.map((value) => `\`${value}\``).join(', ')}` : ''
  const policy =
    by ??
    (decision.policy && { policy: decision.policy.id, version: decision.policy.version, target: decision.target! })
  const lines = [
    ...(policy ? [`Policy: \`${policy.policy}\` version ${policy.version}, enabled on \`${policy.target}\`.`] : []),
    ...(decision.document ? [`Document: ${decision.document.resourceType} in ${decision.document.locale}.`] : []),
    `Decided by: ${isPolicys || cause === 'exhausted' ? 'setting' : cause === 'pool-rule' ? `pool \`${denial.pool}\`` : 'rule'} \`${denial.setting}\`.`,
    `Value: ${denial.value || 'none'}.`,
    `Allowed: ${allowed.join(', ') || 'nothing'}.`,
    ...(missingTags ? [`Missing tags: ${missingTags.join(', ')}.`] : []),
    ...(endedException
      ? [`Exception \`${endedException.id}\` would have let it through; it ended at ${endedException.endedAt}.`]
      : []),
    ...warningLines(decision),
    ...(decision.poolContact === undefined
      ? []
      : [`For space in pool \`${denial.pool}\`, ask ${decision.poolContact}.`]),
    askLine(decision),
  ]
  return { sentence: `${isPolicys ? `${subject} ${words}` : words}${tail}.`, lines }
}

function explainGrant(decision: ToldDecision): Explanation {
  const { policy, target, request, outcome, pool } = decision
  const under = decision.exception === undefined ? '' : ` under exception \`${decision.exception}\``
  const by = policy
    ? `by policy \`${policy.id}\` version ${policy.version}, enabled on \`${target}\``
    : 'as no policy enforced here speaks of it'
  const from = pool === undefined || pool === provider ? 'provider-assigned space' : `pool \`${pool}\``
  const rule = decision.candidates.find((candidate) => candidate.pool === pool)?.rule
  const { cidr: block } = decision
  const onPaper = `would come${block ? ` as ${block}` : ''}`
  const got = decision.id === undefined ? onPaper : `got${block ? ` ${block}` : ''}`
  const steer = outcome === 'steer' ? `; your choice \`${request.named ?? ''}\` is not listed and was not followed` : ''
  return {
    sentence: `${upperArticle(request.resourceType)} ${request.resourceType} in ${request.locale} ${got} from ${from}${under}, ${by}${rule ? `, rule ${rule}` : ''}${steer}.`,
    lines: warningLines(decision),
  }
}

/** What assignments that do not act would have done. */
const warningLines = ({ warning, request }: ToldDecision): readonly string[] =>
  warning ? [`Warning: ${wouldText(warning, request)}`] : []

/** What is not for the caller, but for whoever tries a policy out: what those that only watch would have answered. */
const watchedLines = ({ wouldBe, candidate, request }: Explained): readonly string[] => [
  ...(wouldBe && !isWarning(wouldBe) ? [`Observed: ${wouldText(wouldBe, request)}`] : []),
  ...(candidate ? [`Candidate: ${wouldText(candidate, request)}`] : []),
]

function wouldText(
  { policy, target, denial, candidates }: ToldAnswer,
  request: Pick<AllocationRequest, 'resourceType'>,
): string {
  const who = policy ? `Policy \`${policy.id}\` version ${policy.version} on \`${target}\`` : 'Policy'
  if (!denial) return `${who} would take it from ${candidates.map(({ pool }) => `\`${pool}\``).join(', ')}.`
  const worded = denialInWords(denial)
  const allowed = worded.allowed.length > 0 ? `; allowed: ${worded.allowed.join(', ')}` : ''
  const words = denialSentences[denial.cause](worded, request)
  const text = policyCauses.includes(denial.cause)
    ? `${who} would deny this: it ${words}`
    : `This would be denied: ${words}`
  return `${text}${allowed}.`
}

function askLine({ denial, id, contact }: ToldDecision): string {
  const { by, cause, owner, pool } = denial!
  if (cause === 'resource-type') return 'Change the request; there is no exception to this.'
  const exceptions = gateOf(denial!)?.exceptions
  if (exceptions && 'remedy' in exceptions) return exceptions.remedy
  const what = by ? `policy \`${by.policy}\`` : cause === 'pool-rule' && pool ? `pool \`${pool}\`` : 'the IPAM'
  return `For an exception, ask ${owner ? `account ${owner}${contact === undefined ? '' : ` (${contact})`}, ` : ''}the owner of ${what}${id === undefined ? '' : `, naming ${id}`}.`
}
