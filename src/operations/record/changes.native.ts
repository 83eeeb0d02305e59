// What was changed or refused, by whom: the audit entries in the order of time, to read on from wherever one was.
import { z } from 'zod'
import { formatId } from '#model/identifier.ts'
import { refuse } from '#model/refusal.ts'
import type { Place } from '../identity/authority.ts'
import { nativeRead } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import {
  accountId,
  accountName,
  asOf,
  finality,
  flag,
  formatInstant,
  instant,
  nameShapes,
  pageSizeDefault,
  paging,
  parseInstant,
  recordPageOf,
  showMakers,
  usedMakers,
} from '../shapes.native.ts'
import { type SeenEntry, seenEntries, subjectsPerPageMax } from './change-places.ts'
import {
  describeSubjects,
  lengthOfSubject,
  type SubjectShown,
  shortened,
  subjectShape,
} from './change-subjects.native.ts'
import { namesOf } from './object-names.ts'
import { permitterThen } from './object-places.ts'

/** Subjects that a list names of each change, and of how many it tells what changed. */
const subjectsListed = 100
const differencesListed = 10
/** Of all changes on a page: with more the page is shorter. */
const differencesPerPage = 1_000
/** Entries read at once, also for a short page, and looked at for one page; with fewer to be seen the page is shorter. */
const stepSize = 200
const entriesPerPageMax = 5_000
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
      `Ids of what was created, changed or deleted, or of what a refusal was about, as far as you may see them: the first ${subjectsListed}. Of decisions that were forgotten: the first and the last, and how many.`,
    ),
  subjectCount: z
    .number()
    .int()
    .describe(`How many there are, as far as you may see them: at most ${subjectsPerPageMax} are looked at.`),
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
nameShapes({ Change: change })

export const listChanges = nativeRead({
  name: 'listChanges',
  summary: 'List changes and refusals, oldest first, as far as you may see them.',
  description:
    'You see what is about objects of a node where you may, now or when it happened, whoever did it; what is about no object, and what was refused, also where you may at the account of whoever asked. The last page has a `nextCursor` too: what comes later is read from there. With `Accept: text/event-stream` the list goes on as server-sent events; `Last-Event-ID` resumes it.',
  action: 'history:read',
  input: z.strictObject({
    ...paging,
    account: accountName.optional().describe('Only those that this account asked for.'),
    principal: z.string().max(256).optional().describe('Only those of this principal, by ARN.'),
    action: z.string().max(128).optional(),
    subject: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Only those about the object with this id: that changed it, or refused to.'),
    from: instant.optional().describe('Only those at this moment or later.'),
    until: instant.optional().describe('Only those before this moment.'),
    latest: flag.optional().describe('`true`: begin behind the last change that there is.'),
  }),
  output: z.object({ items: z.array(change), nextCursor: z.string(), ...finality }),
  rest: { method: 'GET', path: '/changes', streamId: 'changeId' },
  cli: 'change list',
  columns: ['changeId', 'at', 'action', 'outcome', 'principal', 'subjects', 'makers'],
  refusals: ['InvalidPaginationToken', 'LimitExceeded'],
  at: 'filtered',
  async run(context, { limit = pageSizeDefault, cursor, from, until, latest, subject, ...rest }) {
    const about = subject === undefined ? undefined : namesOf(context, subject)
    const filter = { ...rest, subject: about }
    const { recordLists } = context.tx
    const begin = from === undefined ? 0 : (await recordLists.firstSince('audit_entry', parseInstant(from))) - 1
    const end = until === undefined ? Infinity : await recordLists.firstSince('audit_entry', parseInstant(until))
    const page: SeenEntry[] = []
    const answer = async (last: number) => ({
      items: await describeEntries(context, page),
      nextCursor: String(last),
      asOf: asOf(context),
    })
    let after = numberIn(cursor) ?? (latest ? await recordLists.lastEntry() : begin)
    let differences = 0
    for (let looked = 0; looked < entriesPerPageMax; ) {
      const found = await recordLists.entriesAfter(filter, after, Math.max(limit, stepSize))
      const numbers = found.numbers.filter((n) => n < end)
      const isPast = numbers.length < found.numbers.length || found.last >= end
      const entries = await recordLists.entries(numbers, subjectsListed)
      const inOrder = numbers.map((n) => entries.get(n)!)
      const { seen, last } = await seenEntries(context, inOrder, { about, subjectsMax: subjectsListed })
      for (const one of seen) {
        differences += Math.min(one.subjects.length, differencesListed)
        if (page.length === limit || (page.length > 0 && differences > differencesPerPage)) {
          return answer(page.at(-1)!.entry.n)
        }
        page.push(one)
      }
      if (last !== inOrder.at(-1)?.n) return answer(last!)
      // A cursor that tells how far the record goes, and not which entry that is not shown was the last one found.
      if (found.isWhole || isPast) return answer(Math.max(after, Math.min(end - 1, await recordLists.lastEntry())))
      // Much was passed over: what there is by now, and where to go on.
      if (found.numbers.length === 0) return answer(found.last)
      after = found.last
      looked += found.numbers.length
    }
    return answer(after)
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
    const seen = await getSeen(context, input.changeId, subjectsListed)
    const [described] = await describeEntries(context, [seen])
    const isPermitted = await permitterThen(context, 'history:read')
    const decisionIds: string[] = []
    for (const { n, at, request } of await context.tx.journal.decisionsOf(seen.entry.n)) {
      const isSeen = await isPermitted(request.account, at.getTime())
      if (isSeen) decisionIds.push(formatId('decision', context.tx.installation, n))
    }
    return { ...described!, decisionIds }
  },
})

export const listSubjectsOfChange = nativeRead({
  name: 'listSubjectsOfChange',
  summary: 'List what a change was about, each object with the old and the new value of what changed.',
  action: 'history:read',
  input: z.strictObject({ changeId, ...paging }),
  output: recordPageOf(subjectShape),
  rest: { method: 'GET', path: '/changes/{changeId}/subjects' },
  cli: 'change subjects',
  columns: ['objectId', 'kind', 'versionBefore', 'versionAfter', 'members'],
  refusals: ['NotFound', 'InvalidPaginationToken'],
  at: placeOfChange,
  async run(context, { changeId, limit = pageSizeDefault, cursor }) {
    const { entry, subjects: seen } = await getSeen(context, changeId, subjectsPerPageMax)
    const from = numberIn(cursor) ?? 0
    const subjects = seen.slice(from, from + limit + 1)
    const items: SubjectShown[] = []
    let length = 0
    for (const subject of subjects.slice(0, limit)) {
      // One at a time: their states may be long.
      const [[shown]] = (await describeSubjects(context, [{ entry, subjects: [subject] }])) as [[SubjectShown]]
      length += lengthOfSubject(shown)
      if (items.length > 0 && length > lengthPerPage) break
      items.push(shown)
    }
    const nextCursor = items.length < subjects.length ? String(from + items.length) : undefined
    return { items, nextCursor, asOf: asOf(context) }
  },
})

const absentChange = (id: string) => ({ code: 'NotFound', what: 'change', id }) as const

async function placeOfChange(context: ReadContext, { changeId }: { readonly changeId: string }): Promise<Place> {
  const { node } = await getSeen(context, changeId, 0)
  return { node, absent: absentChange(changeId) }
}

/** Who may see a change is said by what it was about; where it is not to be seen, it is absent. */
async function getSeen(context: ReadContext, id: string, subjectsMax: number): Promise<SeenEntry> {
  const n = /^\d{1,16}$/.test(id) ? Number(id) : undefined
  const entry = n === undefined ? undefined : (await context.tx.recordLists.entries([n], subjectsListed)).get(n)
  const { seen } = await seenEntries(context, entry ? [entry] : [], { subjectsMax })
  return seen[0] ?? refuse(absentChange(id))
}

function numberIn(cursor: string | undefined): number | undefined {
  if (cursor !== undefined && /^\d{1,16}$/.test(cursor)) return Number(cursor)
  const place = cursor
  if (place === undefined) return undefined
  if (!/^\d{1,16}$/.test(place)) refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: cursor! })
  return Number(place)
}

async function describeEntries(context: ReadContext, seen: readonly SeenEntry[]): Promise<z.output<typeof change>[]> {
  const asked = seen.map(({ entry, subjects }) => ({ entry, subjects: subjects.slice(0, differencesListed) }))
  const differences = await describeSubjects(context, asked)
  return seen.map((one, index) => describe(one, differences[index]!))
}

const describe = (
  { entry, subjects, count }: SeenEntry,
  differences: readonly SubjectShown[],
): z.output<typeof change> => ({
  changeId: String(entry.n),
  at: formatInstant(entry.at),
  action: entry.action,
  outcome: entry.outcome,
  isDryRun: entry.isDryRun ? true : undefined,
  times: entry.times > 1 ? entry.times : undefined,
  subjects: subjects.map(({ id }) => id),
  subjectCount: count,
  differences: differences.filter(({ members }) => members.length > 0).map(shortened),
  account: entry.account,
  principal: entry.principal,
  ...showMakers(entry.makers),
  credential: entry.accessKeyId,
  sourceAddress: entry.sourceAddress,
  region: entry.region,
  requestId: entry.requestId,
})
