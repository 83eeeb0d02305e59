// Puts a difference between the two evaluators on paper: the world, the request, both answers, and the sentences.

import type { RuleCondition } from '#model/policy/document.ts'
import { type Block, spell } from './cidr.ts'
import type { Difference } from './compare.ts'
import type { Case } from './shrink.ts'

/** A value on one line: blocks as they are written, maps as objects, nothing that is absent. */
export function show(value: unknown): string {
  const isBlock = (one: object): one is Block => 'first' in one && 'length' in one
  if (value instanceof Map) return show(Object.fromEntries(value))
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  if (isBlock(value)) return spell(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{ ${members.map(([key, member]) => `${key}: ${show(member)}`).join(', ')} }`
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`)
const showWhen = (when: RuleCondition | undefined): string => (when ? ` when ${show(when)}` : '')

export function showWorld({ facts, room }: Pick<Case, 'facts' | 'room'>): string[] {
  const { nodes, ipams, policies, assignments, pools, exceptions = [], candidates = [], resourceTypes = [] } = facts
  const showDocuments = (documents: (typeof policies)[number]['documents']): string[] =>
    documents.flatMap(({ locale, resourceType, settings, rules }) => [
      `document ${resourceType} in ${locale}: ${show(settings)}`,
      ...indent(rules.map(({ pool, when }) => `${pool}${showWhen(when)}`)),
    ])
  return [
    `delegated administrator: ${facts.delegatedAdministrator}`,
    ...nodes.map((node) => `node ${show(node)}`),
    ...ipams.map((ipam) => `ipam ${show(ipam)}`),
    ...resourceTypes.map((type) => `type ${show(type)}`),
    ...pools.map((pool) => `${pool.id}: ${show({ ...pool, id: undefined, scopeId: undefined })}`),
    ...policies.flatMap(({ policyId, version, ipamId, compatibility, documents }) => [
      `${policyId}@${version} of ${ipamId}, ${compatibility}`,
      ...indent(showDocuments(documents)),
    ]),
    ...assignments.map(
      ({ policyId, targetId, kind, mode, managedBy }) =>
        `${policyId} on ${targetId}: ${kind}, ${mode}, by ${managedBy}`,
    ),
    ...candidates.flatMap(({ n, policyId, targetId, mode, version }) => [
      `candidate ${n} for ${policyId} on ${targetId}: ${mode ?? 'same mode'}, ${version ? `version ${version.version}` : 'same version'}`,
      ...indent(showDocuments(version?.documents ?? [])),
    ]),
    ...exceptions.map((exception) => show(exception)),
    `room in: ${room.join(', ')}`,
  ]
}

/** Readable without the code: what was asked where, what each answered, and by which sentences. */
export function report({ facts, room, question }: Case, differences: readonly Difference[], origin: string): string {
  return [
    `The evaluators differ (${origin}).`,
    'World:',
    ...indent(showWorld({ facts, room })),
    `Request at ${question.at}: ${show(question.request)}`,
    ...differences.flatMap(({ part, product, evaluator, sentences }) => [
      `${part}:`,
      `  product:   ${product}`,
      `  evaluator: ${evaluator}`,
      ...[...new Set(sentences)].map((sentence) => `    ${sentence}`),
    ]),
  ].join('\n')
}
