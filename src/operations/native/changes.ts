// What was changed or refused, by whom: the audit entries in the order of time, to read on from wherever one was.
import { z } from 'zod'
import { formatId } from '#model/identifier.ts'
import { refuse } from '#model/refusal.ts'
import type { ListedEntry } from '#store/record-lists.ts'
import { readCursor, writeCursor } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { type Place, permitter } from './authority.ts'
import {
  describeSubjects,
  lengthOfSubject,
  namesOf,
  type SubjectShown,
  shortened,
  subjectShape,
} from './change-subjects.ts'
import { nativeRead } from './definition.ts'
import {
  accountId,
  asOf,
  finality,
  formatInstant,
  instant,
  pageOf,
  pageSizeDefault,
  paging,
  parseInstant,
  showMakers,
  usedMakers,
} from './shapes.ts'

/** Subjects that a list names of each change, and of how many it tells what changed. */
const subjectsListed = 100
const differencesListed = 10
/** Of all changes on a page: with more the page is shorter. */
const differencesPerPage = 1_000
/** Characters of what changed, as JSON, on one page of the subjects of a change. */
const lengthPerPage = 1_000_000

const changeId = z
  .string()
  .max(16)
  .describe('A number that grows with time; as `cursor` it reads on behind this change.')
const change = z.object({
  changeId,
  at: instant,
  action: z.string().describe('The operation, such as `AllocateAddress` or `createRoleBinding`.'),
  outcome: z.string().describe('`Success`, or the code of the refusal.'),
  isDryRun: z
    .literal(true)
    .optional()
    .describe('It was refused in a dry run, which would have changed nothing anyway.'),
  times: z
    .number()
    .int()
    .optional()
    .describe('For how many refusals of the principal it stands, where there were too many to list each.'),
  subjects: z
    .array(z.string())
    .describe(
      `Ids of what was created, changed or deleted, or of what a refusal was about: the first ${subjectsListed}. Of decisions that were forgotten: the first and the last, and how many.`,
    ),
  subjectCount: z.number().int().describe('How many there are: the list of subjects has them all.'),
  differences: z
    .array(subjectShape)
    .describe(
      `What changed of the first ${differencesListed} subjects, member by member, with the old and the new value, as far as you may see the object.`,
    ),
  account: accountId.describe('Of whoever asked.'),
  principal: z.string(),
  makers: usedMakers,
  credential: z.string().describe('The access key or token that was used.'),
  sourceAddress: z.string(),
  region: z.string(),
  requestId: z.string(),
})

export const listChanges = nativeRead({
  name: 'listChanges',
  summary: 'List changes and refusals, oldest first, as far as you may see them.',
  description:
    'The last page has a `nextCursor` too: what comes later is read from there. With `Accept: text/event-stream` the list goes on as server-sent events; `Last-Event-ID` resumes it.',
  action: 'history:read',
  input: z.strictObject({
    ...paging,
    account: accountId.optional().describe('Only those that this account asked for.'),
    principal: z.string().max(256).optional().describe('Only those of this principal, by ARN.'),
    action: z.string().max(128).optional(),
    subject: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Only those about the object with this id: that changed it, or refused to.'),
    from: instant.optional().describe('Only those at this moment or later.'),
    latest: z.stringbool().optional().describe('`true`: begin behind the last change that there is.'),
  }),
  output: z.object({ items: z.array(change), nextCursor: z.string(), ...finality }),
  rest: { method: 'GET', path: '/changes', streamId: 'changeId' },
  cli: 'change list',
  columns: ['changeId', 'at', 'principal', 'makers', 'action', 'outcome', 'subjects'],
  refusals: ['InvalidPaginationToken', 'LimitExceeded'],
  at: 'filtered',
  async run(context, { limit = pageSizeDefault, cursor, from, latest, subject, ...rest }) {
    const filter = { ...rest, subject: subject === undefined ? undefined : namesOf(context, subject) }
    const { recordLists } = context.tx
    const isPermitted = await permitter(context, 'history:read')
    const begin = from === undefined ? 0 : (await recordLists.firstSince('audit_entry', parseInstant(from))) - 1
    const after = numberIn(cursor) ?? (latest ? await recordLists.lastEntry() : begin)
    const found = await recordLists.entriesAfter(filter, after, limit)
    const entries = await recordLists.entries(found.numbers, subjectsListed)
    const page: ListedEntry[] = []
    let { last } = found
    let differences = 0
    for (const n of found.numbers) {
      const entry = entries.get(n)!
      if (!isPermitted(entry.account)) continue
      differences += Math.min(entry.subjects.length, differencesListed)
      if (differences > differencesPerPage) {
        last = page.at(-1)!.n
        break
      }
      page.push(entry)
    }
    const items = await describeEntries(context, page, isPermitted)
    return { items, nextCursor: writeCursor(String(last)), asOf: asOf(context) }
  },
})

export const getChange = nativeRead({
  name: 'getChange',
  summary: 'Show one change or refusal, with the decisions that were made.',
  action: 'history:read',
  input: z.strictObject({ changeId }),
  output: change.extend({
    decisionIds: z.array(z.string()).describe('Of policy, on the way. Those that are no longer kept are left out.'),
  }),
  rest: { method: 'GET', path: '/changes/{changeId}' },
  cli: 'change show',
  refusals: ['NotFound'],
  at: placeOfChange,
  async run(context, input) {
    const entry = await getEntry(context, input.changeId)
    const isPermitted = await permitter(context, 'history:read')
    const [described] = await describeEntries(context, [entry], isPermitted)
    const decisions = await context.tx.journal.decisionsOf(entry.n)
    return {
      ...described!,
      decisionIds: decisions.map(({ n }) => formatId('decision', context.tx.installation, n)),
    }
  },
})

export const listSubjectsOfChange = nativeRead({
  name: 'listSubjectsOfChange',
  summary: 'List what a change was about, each object with the old and the new value of what changed.',
  action: 'history:read',
  input: z.strictObject({ changeId, ...paging }),
  output: pageOf(subjectShape),
  rest: { method: 'GET', path: '/changes/{changeId}/subjects' },
  cli: 'change subjects',
  columns: ['objectId', 'kind', 'versionBefore', 'versionAfter', 'members'],
  refusals: ['NotFound', 'InvalidPaginationToken'],
  at: placeOfChange,
  async run(context, { changeId, limit = pageSizeDefault, cursor }) {
    const entry = await getEntry(context, changeId)
    const isPermitted = await permitter(context, 'history:read')
    const from = numberIn(cursor) ?? 0
    const subjects = await context.tx.recordLists.subjectsOf(entry.n, from, limit + 1)
    const items: SubjectShown[] = []
    let length = 0
    for (const subject of subjects.slice(0, limit)) {
      // One at a time: their states may be long.
      const [[shown]] = (await describeSubjects(context, [{ entry, subjects: [subject] }], isPermitted)) as [
        [SubjectShown],
      ]
      length += lengthOfSubject(shown)
      if (items.length > 0 && length > lengthPerPage) break
      items.push(shown)
    }
    return items.length < subjects.length ? { items, nextCursor: writeCursor(String(from + items.length)) } : { items }
  },
})

async function placeOfChange(context: ReadContext, input: { readonly changeId: string }): Promise<Place> {
  const { account } = await getEntry(context, input.changeId)
  return { node: account, absent: absentChange(input.changeId) }
}
const absentChange = (id: string) => ({ code: 'NotFound', what: 'change', id }) as const

async function getEntry({ tx }: ReadContext, id: string): Promise<ListedEntry> {
  const n = /^\d{1,16}$/.test(id) ? Number(id) : undefined
  const entry = n === undefined ? undefined : (await tx.recordLists.entries([n], subjectsListed)).get(n)
  return entry ?? refuse(absentChange(id))
}

function numberIn(cursor: string | undefined): number | undefined {
  if (cursor !== undefined && /^\d{1,16}$/.test(cursor)) return Number(cursor)
  const place = readCursor(cursor, 'cursor')
  if (place === undefined) return undefined
  if (!/^\d{1,16}$/.test(place)) refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: cursor! })
  return Number(place)
}

async function describeEntries(
  context: ReadContext,
  entries: readonly ListedEntry[],
  isPermitted: (account: string) => boolean,
): Promise<z.output<typeof change>[]> {
  const asked = entries.map((entry) => ({ entry, subjects: entry.subjects.slice(0, differencesListed) }))
  const differences = await describeSubjects(context, asked, isPermitted)
  return entries.map((entry, index) => describe(entry, differences[index]!))
}

const describe = (entry: ListedEntry, differences: readonly SubjectShown[]): z.output<typeof change> => ({
  changeId: String(entry.n),
  at: formatInstant(entry.at),
  action: entry.action,
  outcome: entry.outcome,
  isDryRun: entry.isDryRun ? true : undefined,
  times: entry.times > 1 ? entry.times : undefined,
  subjects: entry.subjects.map(({ id }) => id),
  subjectCount: entry.subjectCount,
  differences: differences.filter(({ members }) => members.length > 0).map(shortened),
  account: entry.account,
  principal: entry.principal,
  ...showMakers(entry.makers),
  credential: entry.accessKeyId,
  sourceAddress: entry.sourceAddress,
  region: entry.region,
  requestId: entry.requestId,
})
