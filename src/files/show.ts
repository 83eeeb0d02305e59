// Plans and problems in words: for a terminal, and for a comment on a pull request.
import { printable } from '#cli/printable.ts'
import type { Change, Drift, MemberChange } from './comparing.ts'
import { canonical, type FileProblem, type Members, nounOf } from './estate.ts'
import type { Missing, Plan } from './plan.ts'
import { neededWords } from './requesting.ts'

const listedMax = 200
const valueCharactersMax = 200

/** One line each, as editors and pipelines find the place. */
export const problemLines = (problems: readonly FileProblem[]): string =>
  problems.map((problem) => `${printable(problemLine(problem))}\n`).join('')

function problemLine({ file, line, column, path, problem, value, allowed, meant, isWarning }: FileProblem): string {
  // Once is enough.
  const isSaid = value === undefined || problem.includes(`\`${value}\``)
  return [
    `${file}:${line}:${column}: ${isWarning ? 'warning: ' : ''}${path === '' ? '' : `${path}: `}${problem}${isSaid ? '' : ` \`${value}\``}.`,
    ...(meant === undefined ? [] : [`Did you mean \`${meant}\`?`]),
    ...(allowed === undefined || allowed === meant ? [] : [`Allowed: ${allowed}.`]),
  ].join(' ')
}

const signs = { create: '+', change: '~', remove: '-' } as const

export function planText(plan: Plan): string {
  const lines = [
    ...plan.changes.slice(0, listedMax).flatMap(linesOf),
    ...more(plan.changes.length - listedMax, 'more changes'),
  ]
  if (plan.kept.length > 0) {
    lines.push('', 'On the server and not in the files, and kept (`--remove` removes them):')
    lines.push(...plan.kept.slice(0, listedMax).map(keptLine), ...more(plan.kept.length - listedMax, 'more'))
  }
  lines.push('', summaryOf(plan), ...impactLines(plan), ...requestLinesOf(plan), ...refusalLines(plan))
  return `${lines.map(printable).join('\n').replace(/^\n/, '')}\n`
}

export function planMarkdown(plan: Plan): string {
  const { changes, kept } = plan
  const lines = [
    '### Cadastre plan',
    '',
    inMarkdown(summaryOf(plan)),
    ...impactLines(plan).map(inMarkdown),
    ...requestLinesOf(plan).map(inMarkdown),
    ...refusalLines(plan).map((line) => `**${inMarkdown(line)}**`),
  ]
  if (changes.length > 0) {
    const body = [
      ...changes.slice(0, listedMax).flatMap(linesOf),
      ...more(changes.length - listedMax, 'more changes'),
    ].map(printable)
    // Longer than any in what stands there: nothing that somebody named ends the block.
    const fence = '`'.repeat(Math.max(3, ...body.map((line) => longestRun(line) + 1)))
    lines.push('', `${fence}diff`, ...body.map((line) => line.replace(/^~/, '!')), fence)
  }
  if (kept.length > 0) {
    lines.push('', '<details><summary>On the server and not in the files, and kept</summary>', '')
    lines.push(
      ...kept.slice(0, listedMax).map((one) => `- ${inMarkdown(keptLine(one))}`),
      ...more(kept.length - listedMax, 'more'),
      '',
      '</details>',
    )
  }
  return `${lines.map(printable).join('\n')}\n`
}
const longestRun = (text: string): number => Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
/** Names are anybody's: they make neither links nor headings. */
const inMarkdown = (text: string): string => text.replaceAll(/[\\`*_[\]<>#|!@]/g, (sign) => `\\${sign}`)

function linesOf({
  kind,
  action,
  key,
  owner,
  keyBefore,
  members,
  for: audience,
  at,
  alike,
  drift,
  id,
}: Change): string[] {
  const whom = audience.length === 0 ? '' : `, for ${audience.join(', ')}`
  const where = at === undefined ? '' : ` (${at.file}:${at.line})`
  const was = keyBefore === undefined || keyBefore === key ? '' : `, which was \`${keyBefore}\``
  const which = id === undefined || id === key ? '' : ` ${id}`
  return [
    `${signs[action]} ${nounOf[kind]} \`${key}\`${which}${ofOwner(owner)}${was}${whom}${where}`,
    ...members.flatMap(apart).map((member) => `    ${memberText(member)}`),
    ...(alike === undefined
      ? []
      : [`    differs in case alone from \`${alike}\`, which is another one: with its id in a comment it is renamed`]),
    ...(drift ? [`    changed on the server: ${driftText(drift)}`] : []),
  ]
}
/** Of a document or an assignment that was there, what it says otherwise; the name of a new one says where it is for already. */
function apart({ member, before, after }: MemberChange): MemberChange[] {
  if (!/^(documents|drafts|assignments) /.test(member)) return [{ member, before, after }]
  const [was, is] = [partsOf(before), partsOf(after)]
  if (!was || !is) return [{ member, before: was, after: is }]
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((part) =>
    canonical(was[part]) === canonical(is[part])
      ? []
      : [{ member: `${member}, ${part}`, before: was[part], after: is[part] }],
  )
}
function partsOf(value: unknown): Members | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { locale: _, resourceType: _type, ...parts } = value as Members
  return parts
}
const memberText = ({ member, before, after }: MemberChange): string => {
  if (before === undefined) return `${member}: ${brief(after)}`
  return `${member}: ${brief(before)} → ${after === undefined ? 'nothing' : brief(after)}`
}
const driftText = ({ action, principal, at }: Drift): string => `${action} by ${principal} at ${at}`
const ofOwner = (owner: string | undefined): string => (owner === undefined ? '' : ` of ${owner}`)
const keptLine = ({ kind, key, owner, id, drift }: Missing): string =>
  `${nounOf[kind]} \`${key}\`${id === undefined || id === key ? '' : ` ${id}`}${ofOwner(owner)}${drift ? `, ${driftText(drift)}` : ''}`
const more = (count: number, what: string): string[] => (count > 0 ? [`… and ${count} ${what}`] : [])

function brief(value: unknown): string {
  const text = typeof value === 'string' ? value : canonical(value)
  return text.length > valueCharactersMax ? `${text.slice(0, valueCharactersMax)}…` : text
}

export function summaryOf({ changes, kept }: Pick<Plan, 'changes' | 'kept'>): string {
  const count = (action: Change['action']): number => changes.filter((change) => change.action === action).length
  if (changes.length === 0)
    return kept.length === 0 ? 'Nothing to change: the server is as the files say.' : 'Nothing to change.'
  return `To create: ${count('create')}. To change: ${count('change')}. To remove: ${count('remove')}.`
}

function impactLines({ impact }: Plan): string[] {
  if (!impact || impact.noncompliant + impact.compliant === 0) return []
  const { noncompliant, compliant, evaluated, isWhole, groups, samples } = impact
  return [
    `Of ${evaluated}${isWhole ? '' : ' or more'} spaces in use that it touches, ${noncompliant} would comply no more, and ${compliant} would again.`,
    ...groups.map(
      (group) =>
        `  account ${group.account}, ${group.resourceType}: ${group.noncompliant} no more, ${group.compliant} again`,
    ),
    ...samples.map(
      (one) =>
        `  ${one.cidr} (${one.id}) of ${one.account}: ${one.becomes}${one.setting === undefined ? '' : `, by ${one.setting}`}`,
    ),
  ]
}
const requestLinesOf = ({ request }: Plan): string[] =>
  request ? [`Change control is required: it goes by a change request, and ${neededWords(request.needed)}.`] : []
export const refusalLines = ({ refusal }: Plan): string[] =>
  refusal
    ? [
        `The server would refuse it${refusal.about === undefined ? '' : `, at \`${refusal.about}\``}: ${refusal.detail} (${refusal.code})`,
      ]
    : []
