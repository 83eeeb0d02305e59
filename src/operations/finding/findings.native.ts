// Findings over the native API, in words that are made here of their facts.
import { z } from 'zod'
import { asffOf } from '#formats/exports/asff.ts'
import { junit } from '#formats/exports/junit.ts'
import { ocsfFindings } from '#formats/exports/ocsf.ts'
import { sarifOf } from '#formats/exports/sarif.ts'
import { findingStatuses, severities } from '#model/finding.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import { namesShape } from '../policy/shapes.native.ts'
import {
  answerPage,
  filterOf,
  formatInstant,
  idText,
  instant,
  localeName,
  nameShapes,
  nodeId,
  nodeName,
  pageAsked,
  pageOf,
  paging,
  parseInstant,
  principalName,
  sentence,
  typeName,
} from '../shapes.native.ts'
import { controlNames, controls } from './controls.ts'
import {
  type DescribedFinding,
  getDescribedFinding,
  listFindings as listFindingsOf,
  listOpenings,
  placeOfFinding,
  suppressFinding as suppress,
  suppressionDaysMax,
  unsuppressFinding as unsuppress,
} from './findings.ts'

const findingId = idText('finding').describe('`finding-…`.')
const reason = sentence(1_000)
const controlName = z
  .string()
  .max(64)
  .meta({ id: 'ControlName', description: 'What watches for it.', examples: [controlNames[0]!] })
const status = z.enum(findingStatuses).meta({ id: 'FindingStatus' })
const severity = z.enum(severities).meta({ id: 'Severity' })
const facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])).meta({
  id: 'FindingFacts',
  description: 'What was seen, by name: what there is to it depends on the control.',
  examples: [{ cidr: '203.0.113.7/32' }],
})
const suppression = z
  .object({ reason: z.string(), until: instant, by: principalName, at: instant })
  .meta({ id: 'Suppression' })
const words = z.string().meta({
  examples: ['203.0.113.7/32 would not be given again with the tags that there are by now.'],
})
const finding = z.object({
  findingId,
  control: controlName.describe(
    'With `resource` and `sourceId`, the identity of the finding: it reopens and never doubles.',
  ),
  severity,
  status,
  resource: z.string().describe('What it is about, by its id.'),
  sourceId: idText('source').optional().describe('Which source tells it.'),
  node: nodeId.describe('Where it may be read: whose it is.'),
  resourceType: typeName.optional(),
  locale: localeName.optional(),
  summary: words.describe('One sentence for people, made of the facts.'),
  facts,
  firstSeenAt: instant,
  openedAt: instant.describe('When it opened last.'),
  lastSeenAt: instant.describe('When it was last seen, to the day.'),
  resolvedAt: instant.optional(),
  suppression: suppression.optional().describe('Who set it aside, why and until when.'),
  names: namesShape,
})
const opening = z.object({
  number: z.number().int().min(1),
  isSuppressed: z.boolean().describe('Whether it was set aside.'),
  summary: words,
  facts,
  from: instant,
  until: instant.optional().describe('Absent: it goes on.'),
})
nameShapes({ Finding: finding, FindingOpening: opening })

/** Each is one value; another format is another entry. */
const findingExports = {
  sarif: sarifOf(controls),
  junit,
  asff: asffOf(controls),
  ocsf: ocsfFindings,
}

const listOfControls = controls.map(({ name, summary }) => `\`${name}\`: ${summary}`).join(' ')

export const listFindings = nativeRead({
  name: 'listFindings',
  summary: 'List findings, the one that was found last first, as far as you may see them.',
  description: `A page may be shorter than its \`limit\`, or empty, and still have a \`nextCursor\`. ${listOfControls}`,
  action: 'finding:read',
  input: z.strictObject({
    ...paging,
    control: controlName.optional().describe('Only those of this control.'),
    status: status.optional().describe('Only those in this state.'),
    severity: severity.optional().describe('Only those of this severity.'),
    node: nodeName.optional().describe('Only those at this node and below.'),
    sourceId: idText('source').optional().describe('Only those that this source tells.'),
    resource: z.string().max(1_024).optional().describe('Only those about what has this id.'),
    resourceType: typeName.optional().describe('Only those about resources of this type.'),
    locale: localeName.optional().describe('Only those about what is there.'),
  }),
  output: pageOf(finding),
  rest: { method: 'GET', path: '/findings', exports: findingExports },
  cli: 'finding list',
  columns: ['findingId', 'severity', 'status', 'control', 'summary', 'node', 'openedAt'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  run: async (context, { sourceId: source, ...asked }) =>
    answerPage(await listFindingsOf(context, { ...filterOf(asked), source }, pageAsked(asked)), show),
})

export const getFinding = nativeRead({
  name: 'getFinding',
  summary: 'Show one finding.',
  action: 'finding:read',
  input: z.strictObject({ findingId }),
  output: finding,
  rest: { method: 'GET', path: '/findings/{findingId}' },
  cli: 'finding show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfFinding,
  run: async (context, input) => show(await getDescribedFinding(context, input.findingId)),
})

export const listFindingOpenings = nativeRead({
  name: 'listFindingOpenings',
  summary: 'List when a finding was open, and what it said then, the latest first.',
  action: 'finding:read',
  input: z.strictObject({ ...paging, findingId }),
  output: pageOf(opening),
  rest: { method: 'GET', path: '/findings/{findingId}/openings' },
  cli: 'finding history',
  columns: ['number', 'from', 'until', 'isSuppressed', 'summary'],
  refusals: ['NotFound', 'MalformedId', 'InvalidPaginationToken'],
  at: placeOfFinding,
  run: async (context, { findingId, ...asked }) =>
    answerPage(await listOpenings(context, findingId, pageAsked(asked)), ({ opening: one, control }) => ({
      number: one.number,
      isSuppressed: one.isSuppressed,
      summary: control.words(one.facts),
      facts: showFacts(one.facts),
      from: formatInstant(one.from),
      ...(one.until === undefined ? {} : { until: formatInstant(one.until) }),
    })),
})

export const suppressFinding = nativeWrite({
  name: 'suppressFinding',
  summary: 'Set a finding aside for a time, with a reason.',
  description: `It ends by itself, at most ${suppressionDaysMax} days from now. What is set aside does not comply for that: it stays in the denominator of every score.`,
  action: 'finding:manage',
  input: z.strictObject({
    findingId,
    reason: reason.describe('Why, for whoever looks later.'),
    until: instant.describe('When it ends.'),
  }),
  output: finding,
  rest: { method: 'POST', path: '/findings/{findingId}/suppress' },
  cli: 'finding suppress',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState'],
  changes: getFinding,
  at: placeOfFinding,
  run: async (context, { findingId, reason, until }) =>
    show(await suppress(context, findingId, { reason, until: parseInstant(until) })),
})

export const unsuppressFinding = nativeWrite({
  name: 'unsuppressFinding',
  summary: 'Open a finding again that was set aside.',
  action: 'finding:manage',
  input: z.strictObject({ findingId }),
  output: finding,
  rest: { method: 'POST', path: '/findings/{findingId}/unsuppress' },
  cli: 'finding unsuppress',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState'],
  changes: getFinding,
  at: placeOfFinding,
  run: async (context, { findingId }) => show(await unsuppress(context, findingId)),
})

export const findingOperations = [
  listFindings,
  getFinding,
  listFindingOpenings,
  suppressFinding,
  unsuppressFinding,
] as const

// The answer ---------------------------------------------------------------------------------------------------------

const showFacts = (stored: DescribedFinding['finding']['facts']): z.output<typeof facts> =>
  Object.fromEntries(
    Object.entries(stored).map(([name, value]) => [name, typeof value === 'object' ? [...value] : value]),
  )

function show({ id, finding: found, control, names }: DescribedFinding): z.output<typeof finding> {
  const { suppression: aside, resolvedAt } = found
  return {
    findingId: id,
    control: found.control,
    severity: control.severity,
    status: found.status,
    resource: found.resource,
    ...(found.source === '' ? {} : { sourceId: found.source }),
    node: found.node,
    resourceType: found.resourceType,
    locale: found.locale,
    summary: control.words(found.facts),
    facts: showFacts(found.facts),
    firstSeenAt: formatInstant(found.firstSeenAt),
    openedAt: formatInstant(found.openedAt),
    lastSeenAt: formatInstant(found.lastSeenAt),
    ...(resolvedAt === undefined ? {} : { resolvedAt: formatInstant(resolvedAt) }),
    ...(aside ? { suppression: { ...aside, until: formatInstant(aside.until), at: formatInstant(aside.at) } } : {}),
    names: { ...names },
  }
}
