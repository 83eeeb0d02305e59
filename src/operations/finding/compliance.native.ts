// Compliance over the native API: how much of what is there is as policy would give it, on any day.
import { z } from 'zod'
import { nativeRead } from '../operation.native.ts'
import { formatInstant, instant, localeName, nameShapes, nodeName, parseInstant, typeName } from '../shapes.native.ts'
import { type ComplianceGroup, complianceAt, complianceKeys } from './compliance.ts'

const groupsMax = 1_000
const count = z.number().int().min(0)
const method =
  'score = compliant / (applicable − exempt), in percent. Applicable is what policy has a say about: compliant, noncompliant, ignored and exempt. What was set aside (ignored) stays in it.'
const group = z.object({
  group: z
    .string()
    .describe('What it is about; `total` is all together.')
    .meta({ examples: ['222222222222'] }),
  name: z.string().optional().describe('What the account or unit is called now.'),
  score: z.number().min(0).max(100).optional().describe('Percent, rounded down. Absent where nothing has to comply.'),
  compliant: count.describe('As the policies in force then would give it.'),
  noncompliant: count.describe('Policy would not give it.'),
  exempt: count.describe('Given under an exception alone.'),
  ignored: count.describe('Does not comply, and the finding was set aside.'),
  unmanaged: count.describe('Of no pool, and no document speaks against it.'),
  unknown: count.describe('Not looked at yet.'),
  applicable: count,
})
const report = z.object({
  items: z.array(group).describe('The worst first, and all together at the end.'),
  groupCount: count.describe('How many groups there are.'),
  at: instant.describe('The moment that it is about.'),
  askedAt: instant,
  askedBy: z
    .string()
    .describe('Who asked, and therefore whose eyes it is seen with.')
    .meta({ examples: ['user:olga'] }),
  installation: z
    .string()
    .describe('Which installation: its five digits, as in every id.')
    .meta({ examples: ['059bb'] }),
  evaluatedFrom: instant.optional().describe('Of moments before it nothing is known.'),
  forgottenBefore: instant
    .optional()
    .describe('Findings that ended before it are forgotten, as the operator has said; absent where none is gone.'),
  evaluatedUntil: instant.describe('What was made since is unknown.'),
  pendingScans: count.describe('What is being looked at anew: until it is 0, numbers of now may change.'),
  method: z
    .string()
    .describe('How the score is made.')
    .meta({ examples: [method] }),
})
nameShapes({ ComplianceGroup: group, ComplianceReport: report })

export const getCompliance = nativeRead({
  name: 'getCompliance',
  summary: 'Count how much of the space in use is as policy would give it, now or at a moment.',
  description: `${method} Of a moment in the past it is counted from who had space then and from what was open of it. Units are those that accounts are in now. By rule, only what does not comply or is exempt has a group.`,
  action: 'finding:read',
  input: z.strictObject({
    by: z.enum(complianceKeys).default('type').describe('What it is counted by.'),
    node: nodeName.optional().describe('Only at this node and below.'),
    resourceType: typeName.optional().describe('Only of this type.'),
    locale: localeName.optional().describe('Only what is there.'),
    at: instant.optional().describe('At this moment; now by default.'),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(groupsMax)
      .default(groupsMax)
      .describe('How many groups at most: the worst come first.'),
  }),
  output: report,
  rest: { method: 'GET', path: '/compliance' },
  cli: 'compliance',
  columns: [
    'group',
    'name',
    'score',
    'compliant',
    'noncompliant',
    'exempt',
    'ignored',
    'unmanaged',
    'unknown',
    'applicable',
  ],
  refusals: [],
  at: 'filtered',
  async run(context, { at, ...asked }) {
    const found = await complianceAt(context, { ...asked, at: at === undefined ? undefined : parseInstant(at) })
    return {
      items: [...found.groups, found.total].map(show),
      groupCount: found.groupCount,
      at: formatInstant(found.at),
      askedAt: formatInstant(context.now),
      askedBy: context.caller.native!.name,
      installation: found.installation,
      ...(found.evaluatedFrom === undefined ? {} : { evaluatedFrom: formatInstant(found.evaluatedFrom) }),
      ...(found.forgottenBefore === undefined ? {} : { forgottenBefore: formatInstant(found.forgottenBefore) }),
      evaluatedUntil: formatInstant(found.evaluatedUntil),
      pendingScans: found.pendingScans,
      method,
    }
  },
})

const show = ({ ...found }: ComplianceGroup): z.output<typeof group> => found
