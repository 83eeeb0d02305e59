// What was changed or refused, by whom: the audit entries in the order of time, to read on from wherever one was.
import { z } from 'zod'
import { ocsfChanges } from '#formats/exports/ocsf.ts'
import { refuse } from '#model/refusal.ts'
import { proofOfChange } from '../evidence/change-proofs.ts'
import { idOf } from '../identifiers.ts'
import type { Place } from '../identity/authority.ts'
import { nativeRead } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import {
  accountId,
  accountName,
  answerPage,
  asOf,
  flag,
  formatInstant,
  instant,
  nameShapes,
  objectName,
  pageAsked,
  pageSizeDefault,
  paging,
  poolName,
  recordPageOf,
  showMakers,
  usedMakers,
} from '../shapes.native.ts'
import { type SeenEntry, subjectsPerPageMax } from './change-places.ts'
import { lengthOfSubject, type SubjectShown, shortened, showSubject, subjectShape } from './change-subjects.native.ts'
import { changedSubjects } from './change-subjects.ts'
import {
  absentChange,
  type ChangePlace,
  decisionsOfChange,
  differencesListed,
  getChange as getSeen,
  listChanges as list,
  listSubjects,
  subjectsListed,
} from './changes.ts'
import { between, readSpan } from './shapes.native.ts'

export const changeId = z
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

const orders = ['newest-first', 'oldest-first'] as const

export const listChanges = nativeRead({
  name: 'listChanges',
  summary: 'List changes and refusals, newest first, as far as you may see them.',
  description:
    'You see what is about objects of a node where you may, now or when it happened, whoever did it; what is about no object, and what was refused, also where you may at the account of whoever asked. To read on from where you were, ask for `oldest-first` (or, from now on, for `latest`): its last page has a `nextCursor` too, from which what comes later is read; and a `changeId` as `cursor` reads on behind that change. With `Accept: text/event-stream` it goes on in the order of time.',
  action: 'history:read',
  input: z.strictObject({
    ...paging,
    order: z
      .enum(orders)
      .optional()
      .describe(
        '`oldest-first`: in the order of time, to be read on. A cursor goes on in the order in which it began.',
      ),
    account: accountName.optional().describe('Only those that this account asked for.'),
    principal: z.string().max(256).optional().describe('Only those of this principal, by ARN.'),
    action: z.string().max(128).optional(),
    subject: objectName.optional().describe('Only those that changed this object, or refused to.'),
    poolId: poolName.optional().describe('Only those about this pool, or about space of it.'),
    ...between,
    latest: flag
      .optional()
      .describe('`true`: nothing that there is, and a `nextCursor` from which what comes is read.'),
  }),
  output: recordPageOf(change),
  rest: {
    method: 'GET',
    path: '/changes',
    stream: { id: 'changeId', input: { order: 'oldest-first' } },
    exports: { ocsf: ocsfChanges },
  },
  cli: 'change list',
  columns: ['changeId', 'at', 'action', 'outcome', 'principal', 'subjects', 'makers'],
  refusals: ['InvalidPaginationToken', 'LimitExceeded'],
  at: 'filtered',
  async run(context, { limit = pageSizeDefault, cursor, order, latest, from, until, ...filter }) {
    const asked = { limit, after: placeIn(cursor, order) }
    const { changes, next } = await list(context, asked, filter, readSpan({ from, until }), {
      isNewestFirst: order !== 'oldest-first',
      isLatest: latest ?? false,
    })
    return {
      items: await describeEntries(context, changes),
      nextCursor: next && `${next.isNewestFirst ? '<' : ''}${next.n}`,
      asOf: asOf(context),
    }
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
    const decisions = await decisionsOfChange(context, seen)
    return { ...described!, decisionIds: decisions.map((n) => idOf(context, 'decision', n)) }
  },
})

export const getProofOfChange = nativeRead({
  name: 'getProofOfChange',
  summary: 'Show that a change is in the log of evidence as it was written.',
  description:
    'The log has a leaf for each change and refusal, from the transaction that wrote it: a salted hash. `record` opens it, and is what `cadastre audit verify` checks with a public key alone; it shows all of the change, so only those get it who may see every change.',
  action: 'history:read',
  input: z.strictObject({ changeId }),
  output: z.object({
    changeId,
    leaf: z.string().describe('What the leaf holds: 32 bytes in hexadecimal.'),
    proof: z
      .string()
      .optional()
      .describe(
        'That it is in the tree of the newest checkpoint, as C2SP `tlog-proof`; absent for the minute until it is.',
      ),
    record: z.string().optional().describe('All that the leaf commits to, as JSON, with its proof.'),
    keys: z.array(z.string()).describe('The public keys that sign the log, newest first.'),
  }),
  rest: { method: 'GET', path: '/changes/{changeId}/proof' },
  cli: 'change proof',
  refusals: ['NotFound'],
  at: placeOfChange,
  async run(context, { changeId: id }) {
    const { leaf, proof, record, keys } = await proofOfChange(context, id)
    return { changeId: id, leaf, proof, record: record && JSON.stringify(record), keys: [...keys] }
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
  async run(context, { changeId, ...params }) {
    const page = await listSubjects(context, changeId, pageAsked(params), (found) =>
      lengthOfSubject(showSubject(context, found)),
    )
    return { ...answerPage(page, (found) => showSubject(context, found)), asOf: asOf(context) }
  },
})

async function placeOfChange(context: ReadContext, { changeId }: { readonly changeId: string }): Promise<Place> {
  const { node } = await getSeen(context, changeId, 0)
  return { node, absent: absentChange(changeId) }
}

/** The change whose id it is, in the order of time; a cursor of ours says its order. */
function placeIn(cursor: string | undefined, order: (typeof orders)[number] | undefined): ChangePlace | undefined {
  if (cursor === undefined) return undefined
  const [, sign, n] = /^(<?)(\d{1,16})$/.exec(cursor) ?? []
  const isNewestFirst = sign === '<'
  if (n === undefined || (order !== undefined && isNewestFirst !== (order === 'newest-first'))) {
    refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: cursor })
  }
  return { n: Number(n), isNewestFirst }
}

export async function describeEntries(
  context: ReadContext,
  seen: readonly SeenEntry[],
): Promise<z.output<typeof change>[]> {
  const asked = seen.map(({ entry, subjects }) => ({ entry, subjects: subjects.slice(0, differencesListed) }))
  const differences = await changedSubjects(context, asked)
  return seen.map((one, index) =>
    describe(
      one,
      differences[index]!.map((found) => showSubject(context, found)),
    ),
  )
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
