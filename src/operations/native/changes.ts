// What was changed or refused, by whom: the audit entries in the order of time, to read on from wherever one was.
import { z } from 'zod'
import { refuse } from '#model/refusal.ts'
import type { ListedEntry } from '#store/record-lists.ts'
import { readCursor, writeCursor } from '../listing.ts'
import { permitter } from './authority.ts'
import { nativeRead } from './definition.ts'
import { accountId, asOf, finality, formatInstant, instant, pageSizeDefault, paging, parseInstant } from './shapes.ts'

const change = z.object({
  changeId: z.string().describe('A number that grows with time; as `cursor` it reads on behind this change.'),
  at: instant,
  action: z.string().describe('The operation, such as `AllocateAddress` or `createRoleBinding`.'),
  outcome: z.string().describe('`Success`, or the code of the refusal.'),
  subjects: z
    .array(z.string())
    .describe(
      'Ids of what was created, changed or deleted. Of decisions that were forgotten: the first, the last, and how many.',
    ),
  account: accountId.describe('Of whoever asked.'),
  principal: z.string(),
  credential: z.string().describe('The access key or token that was used.'),
  sourceAddress: z.string(),
  region: z.string(),
  requestId: z.string(),
})

export const listChanges = nativeRead({
  name: 'listChanges',
  summary: 'List changes and denials, oldest first, as far as you may see them.',
  description:
    'The last page has a `nextCursor` too: what comes later is read from there. With `Accept: text/event-stream` the list goes on as server-sent events; `Last-Event-ID` resumes it.',
  action: 'history:read',
  input: z.strictObject({
    ...paging,
    account: accountId.optional().describe('Only those that this account asked for.'),
    principal: z.string().max(256).optional().describe('Only those of this principal, by ARN.'),
    action: z.string().max(128).optional(),
    from: instant.optional().describe('Only those at this moment or later.'),
    latest: z.stringbool().optional().describe('`true`: begin behind the last change that there is.'),
  }),
  output: z.object({ items: z.array(change), nextCursor: z.string(), ...finality }),
  rest: { method: 'GET', path: '/changes', streamId: 'changeId' },
  cli: 'change list',
  columns: ['changeId', 'at', 'principal', 'action', 'outcome', 'subjects'],
  refusals: ['InvalidPaginationToken', 'LimitExceeded'],
  at: 'filtered',
  async run(context, { limit = pageSizeDefault, cursor, from, latest, ...filter }) {
    const { recordLists } = context.tx
    const isPermitted = await permitter(context, 'history:read')
    const begin = from === undefined ? 0 : (await recordLists.firstSince('audit_entry', parseInstant(from))) - 1
    let after = numberIn(cursor) ?? (latest ? await recordLists.lastEntry() : begin)
    const items: z.output<typeof change>[] = []
    const found = await recordLists.entriesAfter(filter, after, limit)
    const entries = await recordLists.entries(found.numbers)
    for (const n of found.numbers) {
      const entry = entries.get(n)!
      if (isPermitted(entry.account)) items.push(describe(entry))
    }
    after = found.last
    return { items, nextCursor: writeCursor(String(after)), asOf: asOf(context) }
  },
})

function numberIn(cursor: string | undefined): number | undefined {
  if (cursor !== undefined && /^\d{1,16}$/.test(cursor)) return Number(cursor)
  const place = readCursor(cursor, 'cursor')
  if (place === undefined) return undefined
  if (!/^\d{1,16}$/.test(place)) refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: cursor! })
  return Number(place)
}

const describe = (entry: ListedEntry): z.output<typeof change> => ({
  changeId: String(entry.n),
  at: formatInstant(entry.at),
  action: entry.action,
  outcome: entry.outcome,
  subjects: [...entry.subjects],
  account: entry.account,
  principal: entry.principal,
  credential: entry.accessKeyId,
  sourceAddress: entry.sourceAddress,
  region: entry.region,
  requestId: entry.requestId,
})
