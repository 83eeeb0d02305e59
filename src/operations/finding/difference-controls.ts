// Controls of what sources tell: each kind of difference between one and the register, and sources that have gone silent.
import type { Severity } from '#model/finding.ts'
import type { DifferenceKind } from '#model/observed-difference.ts'
import { type Control, control } from './control.ts'

/** What is said of a difference. */
export type DifferenceFacts = {
  readonly cidr: string
  /** As the source calls them. */
  readonly id?: string
  readonly owner?: string
  readonly kind?: string
  /** What policy would have said. */
  readonly policy?: string
  readonly allocationId?: string
  /** What it overlaps with. */
  readonly overlaps?: string
}

const nameOf = ({ cidr, id }: DifferenceFacts): string => (id === undefined ? cidr : `${cidr} (${id})`)
const registeredOf = ({ allocationId }: DifferenceFacts): string => allocationId ?? 'an allocation'

type Words = readonly [severity: Severity, summary: string, words: (facts: DifferenceFacts) => string]
const kinds: { readonly [K in DifferenceKind]: Words } = {
  unregistered: [
    'medium',
    'What a source says is there, and nobody has registered.',
    (facts) => `${nameOf(facts)} is there, and nobody has registered it.`,
  ],
  'unregistered-public': [
    'high',
    'Public space that a source says is there, and nobody has registered.',
    (facts) => `${nameOf(facts)} is there and public, and nobody has registered it.`,
  ],
  'other-owner': [
    'high',
    'What a source says somebody has, and the register has for another account.',
    (facts) =>
      `${nameOf(facts)} is of ${facts.owner ?? 'nobody known'}, and ${registeredOf(facts)} is of another account.`,
  ],
  'other-resource': [
    'medium',
    'What the register has for another resource than a source says.',
    (facts) => `${nameOf(facts)} is there, and ${registeredOf(facts)} is for another resource.`,
  ],
  'other-block': [
    'medium',
    'A resource that has other space than the register says.',
    (facts) => `${nameOf(facts)} is there, and ${registeredOf(facts)} has another block for it.`,
  ],
  gone: [
    'low',
    'What the register has, and a source says is gone.',
    (facts) => `${nameOf(facts)} is gone, and ${registeredOf(facts)} has it still.`,
  ],
  overlap: [
    'high',
    'What overlaps with something else in one space.',
    (facts) => `${nameOf(facts)} overlaps with ${facts.overlaps ?? 'something else'} in one space.`,
  ],
  unseen: [
    'low',
    'What the register has, and a source does not tell of.',
    (facts) => `${registeredOf(facts)} (${facts.cidr}) is registered, and the source does not tell of it.`,
  ],
}

/** By the kind of difference. Names never change: they are a part of what a finding is. */
export const differenceControls = Object.fromEntries(
  Object.entries(kinds).map(([kind, [severity, summary, words]]) => [
    kind,
    control<DifferenceFacts>({ name: `difference-${kind}`, severity, about: 'observation', summary, words }),
  ]),
) as { readonly [K in DifferenceKind]: Control }

export const sourceStale = control<{ readonly name: string; readonly takenAt: string }>({
  name: 'source-stale',
  severity: 'medium',
  about: 'source',
  summary: 'A source whose last listing is older than it should be.',
  words: ({ name, takenAt }) => `${name} has told nothing since ${takenAt}.`,
})
