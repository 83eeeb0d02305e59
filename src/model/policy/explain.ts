// A decision in words: one sentence, then one line per fact, and at last whom to ask (policy-model §5).

import { formatCidr } from '../cidr.ts'
import {
  type AllocationRequest,
  type Decision,
  type Denial,
  provider,
  type TraceStep,
  type WouldBe,
} from './decision.ts'

export interface Explanation {
  readonly sentence: string
  readonly lines: readonly string[]
}

/** Names to show beside ids, by id; where one is missing, the id stands alone. */
export type Names = ReadonlyMap<string, string>

/** What a caller is told: which policy decided, by what, on what value, and what is allowed. */
export function explainDecision(decision: Decision): Explanation {
  return decision.outcome === 'deny' ? explainDenial(decision) : explainGrant(decision)
}

/** The whole decision with its trace, as plain text for `cadastre explain`. */
export function renderDecision(decision: Decision, names: Names = new Map()): string {
  const { sentence, lines } = explainDecision(decision)
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['decision', decision.id],
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
    ['would be', decision.wouldBe && renderWouldBe(decision.wouldBe, names)],
  ]
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined)
  return [
    sentence,
    '',
    ...known.map(([name, value]) => `${name.padEnd(12)}${value}`),
    '',
    'trace',
    ...decision.trace.map((step, index) => renderStep(step, index + 1, names)),
    '',
    ...lines,
    '',
  ].join('\n')
}

/** What assignments that observe or warn would have made of it, were they enforced. */
function renderWouldBe({ mode, outcome, policy, target, candidates, denial }: WouldBe, names: Names): string {
  const by = policy
    ? `, by ${withName(policy.id, names)} version ${policy.version} on ${withName(target ?? '', names)}`
    : ''
  const from = candidates.length > 0 ? ` from ${candidates.map(({ pool }) => withName(pool, names)).join(', ')}` : ''
  const because = denial ? ` (${denial.setting}: ${denial.value})` : ''
  return `${outcome}${from}${because}${by}; it is in mode ${mode}`
}

const withName = (id: string, names: Names): string => (names.has(id) ? `${id} (${names.get(id)})` : id)

const renderStep = ({ kind, subject, result, because }: TraceStep, number: number, names: Names): string =>
  `${String(number).padStart(3)}. ${result.padEnd(5)}${kind.padEnd(10)}${withName(subject, names)}: ${because}`

function askedFor({ resourceType, locale, family, netmaskLength, explicit }: AllocationRequest): string {
  const what = explicit?.cidr
    ? formatCidr(explicit.cidr)
    : netmaskLength === undefined
      ? `ipv${family}`
      : `ipv${family} /${netmaskLength}`
  return `${resourceType} in ${locale}, ${what}${explicit?.pool === undefined ? '' : ` from ${explicit.pool}`}`
}

const denialSentences: { readonly [C in Denial['cause']]: (denial: Denial, request: AllocationRequest) => string } = {
  tags: ({ value }) => `requires tags that the request does not carry (${value})`,
  size: ({ value }) => `does not allow a ${value}`,
  explicit: ({ value, setting }) =>
    setting === 'pool' ? `does not give you pool \`${value}\`` : `does not let you choose \`${value}\``,
  'no-rule': ({ value }) => `has no allocation rule that serves ${value}`,
  'pool-rule': ({ pool, setting, value }) => `Pool \`${pool}\` does not allow ${setting} \`${value}\``,
  unmatched: ({ value }) => `No policy speaks of ${value}, and nothing is given outside policy`,
  exhausted: ({ value }) => `No free space is left: ${value}`,
  'resource-type': ({ setting, value }, { resourceType }) =>
    `A \`${resourceType}\` cannot have ${setting} \`${value}\``,
}

/** These causes are a policy's doing, so that the sentence begins with the policy's name. */
const policyCauses: readonly Denial['cause'][] = ['tags', 'size', 'explicit', 'no-rule']

function explainDenial(decision: Decision): Explanation {
  const denial = decision.denial!
  const { by, cause, allowed, missingTags } = denial
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
    ...wouldBeLines(decision),
    askLine(decision),
  ]
  return { sentence: `${isPolicys ? `${subject} ${words}` : words}${tail}.`, lines }
}

function explainGrant(decision: Decision): Explanation {
  const { policy, target, request, outcome, pool } = decision
  const by = policy
    ? `by policy \`${policy.id}\` version ${policy.version}, enabled on \`${target}\``
    : 'as no policy enforced here speaks of it'
  const from = pool === undefined || pool === provider ? 'provider-assigned space' : `pool \`${pool}\``
  const rule = decision.candidates.find((candidate) => candidate.pool === pool)?.rule
  const block = decision.cidr ? ` ${formatCidr(decision.cidr)}` : ''
  const steer = outcome === 'steer' ? `; your choice \`${wishOf(request)}\` is not listed and was not followed` : ''
  return {
    sentence: `${articleFor(request.resourceType)} ${request.resourceType} in ${request.locale} got${block} from ${from}, ${by}${rule ? `, rule ${rule}` : ''}${steer}.`,
    lines: wouldBeLines(decision),
  }
}

const wishOf = ({ explicit }: AllocationRequest): string =>
  explicit?.pool ?? (explicit?.cidr ? formatCidr(explicit.cidr) : '')

/** What assignments that do not act would have done. Only those that warn speak to the caller; `trace` has the others. */
function wouldBeLines({ wouldBe, request }: Decision): readonly string[] {
  if (wouldBe?.mode !== 'warn') return []
  const { policy, target, denial, candidates } = wouldBe
  const who = policy ? `Policy \`${policy.id}\` version ${policy.version} on \`${target}\`` : 'Policy'
  if (!denial) return [`Warning: ${who} would take it from ${candidates.map(({ pool }) => `\`${pool}\``).join(', ')}.`]
  const allowed = denial.allowed.length > 0 ? `; allowed: ${denial.allowed.join(', ')}` : ''
  const words = denialSentences[denial.cause](denial, request)
  const text = policyCauses.includes(denial.cause)
    ? `${who} would deny this: it ${words}`
    : `This would be denied: ${words}`
  return [`Warning: ${text}${allowed}.`]
}

function askLine({ denial, id }: Decision): string {
  const { by, cause, owner, pool } = denial!
  if (cause === 'resource-type') return 'Change the request; there is no exception to this.'
  const what = by ? `policy \`${by.policy}\`` : cause === 'pool-rule' && pool ? `pool \`${pool}\`` : 'the IPAM'
  return `For an exception, ask ${owner ? `account ${owner}, ` : ''}the owner of ${what}, naming ${id}.`
}

const articleFor = (noun: string): string => (/^[aeiou]/.test(noun) ? 'An' : 'A')
