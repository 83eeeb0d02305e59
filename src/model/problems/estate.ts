// What is wrong with sources, the snapshots that they send, and spans of the record.
import type { Nested, Say } from './said.ts'

export const estateProblems = {
  'source-there': ({ name, node }: { name: string; node: string }) =>
    `there is a source \`${name}\` at \`${node}\` already`,
  'private-scope-expected': () => 'a private scope is expected: public space has one scope alone',
  'several-sources': ({ sources: [one, other] }: { sources: readonly [SourceFacts, SourceFacts] }) =>
    `several sources are called so, such as ${sourceText(one)} and ${sourceText(other)}; give the id`,
  'source-elsewhere': ({ source }: { source: SourceFacts }) =>
    `the source called so, ${sourceText(source)}, is not where the right to report is bound; give the id`,

  'not-at-source': ({ node }: { node: string }) => `the source speaks of \`${node}\` and what is below it`,

  // Snapshots
  'being-taken': ({ snapshot }: { snapshot: number }) => `Its snapshot ${snapshot} is being taken; wait for its end`,
  'snapshot-over': ({ snapshot }: { snapshot: number }) => `Its snapshot ${snapshot} is over`,
  'in-the-future': () => 'it is in the future; is the clock of the collector right?',
  'later-expected': ({ snapshot, at }: { snapshot: number; at: string }) =>
    `a later moment than that of snapshot ${snapshot}, \`${at}\`, is expected`,
  'empty-body': () => 'the body is empty, and a snapshot is expected',
  'head-expected': () => 'the first line must be the head, such as `{"snapshot":{"takenAt":"2026-11-25T09:30:00Z"}}`',
  'cut-off': ({ line, observations }: { line: number; observations: number }) =>
    `it was cut off after line ${line}: the last line must be the end, such as \`{"end":{"observations":${observations}}}\``,
  'lines-lost': ({ observations }: { observations: number }) =>
    `${observations} lines with observations came; something was lost on the way`,
  'line-wrong': ({ problem, count }: { problem: Nested | string; count: number }, { words }: Say) =>
    `${typeof problem === 'string' ? problem : words(problem)}${count > 1 ? `; ${count} lines are wrong` : ''}`,

  // Lines of snapshots. These are kept: a reason keeps its name and its facts for good.
  'after-end': () => 'nothing is expected after the end',
  'head-twice': () => 'there is a head already, on the first line',
  'on-earlier-line': () => 'the same object has it on an earlier line',
  'account-elsewhere': ({ node }: { node: string }) =>
    `the source speaks of accounts at \`${node}\` and below, and none there is called so`,

  // Differences and findings
  'either-shown-or-filters': () => 'Give either `shown`, or filters, or `everything`.',
  'shown-expected': () => 'what a list of differences calls `shown` is expected, such as `observed-17@5e884898`',
  'not-as-shown': () => 'It says something else than what was shown. Look at it again.',
  'say-which-differences': () => 'Say which differences: `shown`, a filter such as `difference`, or `everything`.',
  'next-expected': () => '`next` of the part before is expected',
  'must-lie-ahead': () => 'it must lie ahead',
  'must-lie-within': ({ days }: { days: number }) => `it must lie within ${days} days`,
  'is-resolved': () => 'it is resolved',
  'never-suppressed': ({ control }: { control: string }) =>
    `findings of \`${control}\` are not suppressed: they are over once somebody else has done what they ask for`,
  'is-not-suppressed': () => 'it is not suppressed',

  // Spans
  'at-or-span': () => 'Only one of `at` and `from`, `until` can be given.',
  'until-after-from': ({ from }: { from: string }) => `it must be after \`from\` (${from})`,
}

interface SourceFacts {
  readonly id: string
  readonly node: string
}
const sourceText = ({ id, node }: SourceFacts): string => `\`${id}\` at \`${node}\``
