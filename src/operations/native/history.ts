// The time machine: who held an address or a range, and what an account or a resource held, at a moment or between two.
import { z } from 'zod'
import { type Cidr, formatCidr, fromKey, parseAddress, parseCidr, toKey } from '#model/cidr.ts'
import { formatId, kindOf, parseId } from '#model/identifier.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Reason } from '#store/journal.ts'
import type { AddressPlace, Tenure } from '#store/timeline.ts'
import { readCursor, writeCursor } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { type Place, permitter } from './authority.ts'
import { nativeRead } from './definition.ts'
import { accountId, formatInstant, instant, pageOf, pageSizeDefault, paging, parseInstant } from './shapes.ts'

/** Rows looked at for one page; with fewer matches the page is shorter and says where to go on. */
const rowsPerPageMax = 20_000
const resourceTenuresMax = 10_000
const always = Number.MAX_SAFE_INTEGER

const span = {
  at: instant.optional().describe('Only what was held at this moment. Without any, all that is known.'),
  from: instant.optional().describe('Only what was held at this moment or later.'),
  until: instant.optional().describe('Only what was held before this moment.'),
}
const tenure = z.object({
  cidr: z.string(),
  poolId: z.string().describe('The pool that it came from, also where that is gone by now.'),
  account: accountId,
  resourceType: z.string(),
  resourceId: z.string().optional(),
  allocationId: z.string().optional(),
  locale: z.string().optional(),
  description: z.string().optional(),
  heldFrom: instant,
  heldUntil: instant.optional().describe('Absent: it is held now.'),
  hold: z
    .enum(['held', 'lapsed', 'dropped'])
    .optional()
    .describe('Where the space was only held, for what never became an allocation: whether it is still.'),
  decisionId: z.string().optional().describe('Why: the decision that gave the space.'),
  isDecisionForgotten: z
    .literal(true)
    .optional()
    .describe('The decision is no longer kept, and with it the policy and who asked.'),
  policy: z.object({ policyId: z.string(), version: z.number().int() }).optional(),
  requestedBy: z
    .object({ principal: z.string(), sourceAddress: z.string(), action: z.string(), requestId: z.string() })
    .optional(),
})
const tenureColumns = ['cidr', 'account', 'resourceType', 'resourceId', 'heldFrom', 'heldUntil', 'decisionId']

export const findHolders = nativeRead({
  name: 'findHolders',
  summary: 'Tell who held an address or a range, when, why, and who asked.',
  description:
    'Finds whatever held the address, contained it, or lay inside the range. In address order; as far as you may see it.',
  action: 'history:read',
  input: z.strictObject({
    cidr: z
      .string()
      .max(64)
      .refine((text) => readRange(text) !== undefined, 'an address or a CIDR without host bits is expected')
      .describe('An address, or a CIDR.'),
    ...span,
    ...paging,
  }),
  output: pageOf(tenure),
  rest: { method: 'GET', path: '/history/addresses' },
  cli: 'history address',
  columns: tenureColumns,
  refusals: ['InvalidPaginationToken', 'InvalidParameterCombination'],
  at: 'filtered',
  async run(context, { cidr, limit = pageSizeDefault, cursor, ...wish }) {
    const range = readRange(cidr)!
    const after = placeIn(cursor, range)
    return gather(context, wish, limit, {
      after,
      read: (place, size) => context.tx.tenures.around(range, place, size),
      placeOf: (row) => ({ first: toKey(row.cidr), length: row.cidr.length, from: row.from, n: row.n }),
      write: ({ first, length, from, n }) => [Buffer.from(first).toString('hex'), length, from, n].join(':'),
    })
  },
})

export const findHoldingsOfAccount = nativeRead({
  name: 'findHoldingsOfAccount',
  summary: 'Tell what an account held: first what it gave back, in that order, then what it holds now.',
  action: 'history:read',
  input: z.strictObject({ account: accountId, ...span, ...paging }),
  output: pageOf(tenure),
  rest: { method: 'GET', path: '/history/accounts/{account}' },
  cli: 'history account',
  columns: tenureColumns,
  refusals: ['NotFound', 'InvalidPaginationToken', 'InvalidParameterCombination'],
  at: async (context, { account }): Promise<Place> => {
    const absent = { code: 'NotFound', what: 'account', id: account } as const
    if (!(await context.tx.organizations.findAccount(account))) refuse(absent)
    return { node: account, absent }
  },
  async run(context, { account, limit = pageSizeDefault, cursor, ...wish }) {
    const since = spanOf(wish).from
    return gather(context, wish, limit, {
      after: accountPlaceIn(cursor),
      async read(place, size) {
        const rows = place?.until === always ? [] : await context.tx.tenures.givenBackBy(account, since, place, size)
        if (rows.length === size) return rows
        const { space } = context.tx
        const [after, left] = [place?.until === always ? place.n : 0, size - rows.length]
        const now = [
          ...(await space.ofAccount(account, after, left)),
          ...(await space.holds.list({ account }, after, left)).map((hold) => ({ ...hold, hold: 'held' as const })),
        ]
        return [
          ...rows,
          ...now
            .sort((a, b) => a.n - b.n)
            .slice(0, left)
            .map(({ createdAt, ...rest }): Tenure => ({ ...rest, from: createdAt, until: undefined })),
        ]
      },
      placeOf: (row) => ({ until: row.until ?? always, n: row.n }),
      write: ({ until, n }) => `${until}:${n}`,
    })
  },
})

export const findHoldingsOfResource = nativeRead({
  name: 'findHoldingsOfResource',
  summary: 'Tell which space a resource held: an Elastic IP, a VPC, an allocation, or whatever id you gave it.',
  action: 'history:read',
  input: z.strictObject({ resourceId: z.string().min(1).max(256), ...span }),
  output: pageOf(tenure),
  rest: { method: 'GET', path: '/history/resources/{resourceId}' },
  cli: 'history resource',
  columns: tenureColumns,
  refusals: ['InvalidParameterCombination'],
  at: 'filtered',
  async run(context, { resourceId, ...wish }) {
    const { from, until } = spanOf(wish)
    const isPermitted = await permitter(context, 'history:read')
    const kind = kindOf(resourceId)
    const n =
      kind === 'address' || kind === 'allocation' ? parseId(kind, context.tx.installation, resourceId) : undefined
    const byNumber = n === undefined ? undefined : await context.tx.tenures.ofNumber(n)
    const rows = byNumber ? [byNumber] : await context.tx.tenures.ofResource(resourceId, resourceTenuresMax)
    const seen = rows.filter((row) => overlapsSpan(row, from, until) && isPermitted(row.account))
    return { items: await describeAll(context, seen) }
  },
})

export const getObjectHistory = nativeRead({
  name: 'getObjectHistory',
  summary:
    'Show every state of an IPAM, scope, pool, policy, VPC, role binding or other object, or the one at a moment.',
  action: 'history:read',
  input: z.strictObject({ objectId: z.string().min(1).max(128), at: span.at }),
  output: pageOf(
    z.object({
      objectId: z.string(),
      kind: z.string(),
      version: z.number().int(),
      from: instant,
      until: instant.optional(),
      state: z.record(z.string(), z.unknown()),
    }),
  ),
  rest: { method: 'GET', path: '/history/objects/{objectId}' },
  cli: 'history object',
  columns: ['version', 'from', 'until', 'kind'],
  refusals: ['NotFound'],
  at: async (context, { objectId }): Promise<Place> => {
    const absent = { code: 'NotFound', what: 'resource', id: objectId } as const
    const [first] = await context.tx.history.versions(objectId)
    return first ? { node: first.account, absent } : refuse(absent)
  },
  async run(context, { objectId, at }) {
    const versions =
      at === undefined
        ? await context.tx.history.versions(objectId)
        : [await context.tx.history.asOf(objectId, parseInstant(at))].filter((version) => version !== undefined)
    return {
      items: versions.map(({ kind, version, from_at, until_at, body }) => ({
        objectId,
        kind,
        version,
        from: formatInstant(from_at),
        until: until_at === null ? undefined : formatInstant(until_at),
        state: JSON.parse(body) as Record<string, unknown>,
      })),
    }
  },
})

// The request --------------------------------------------------------------------------------------------------------

const readRange = (text: string): Cidr | undefined => parseAddress(text) ?? parseCidr(text)

interface SpanWish {
  readonly at?: string
  readonly from?: string
  readonly until?: string
}
/** Milliseconds since 1970, from the first to before the second. */
function spanOf({ at, from, until }: SpanWish): { from: number; until: number } {
  if (at !== undefined && (from !== undefined || until !== undefined)) {
    const problem = 'Only one of `at` and `from`, `until` can be given.'
    refuse({ code: 'InvalidParameterCombination', problem })
  }
  if (at !== undefined) return { from: parseInstant(at), until: parseInstant(at) + 1 }
  const wanted = {
    from: from === undefined ? 0 : parseInstant(from),
    until: until === undefined ? always : parseInstant(until),
  }
  if (wanted.from >= wanted.until) refuseValue('until', until, `it must be after \`from\` (${from})`)
  return wanted
}
/** What ends at a moment was held before it, and by nobody at it. */
const overlapsSpan = (row: Tenure, from: number, until: number): boolean =>
  row.from < until && (row.until ?? always) > from

const badCursor = (cursor: string): never => refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: cursor })

function placeIn(cursor: string | undefined, { family }: Cidr): AddressPlace | undefined {
  const place = readCursor(cursor, 'cursor')
  if (place === undefined) return undefined
  const [, first, length, from, n] = /^([0-9a-f]{32}):(\d{1,3}):(\d{1,16}):(\d{1,16})$/.exec(place) ?? []
  if (first === undefined || Number(length) > (family === 4 ? 32 : 128)) return badCursor(cursor!)
  const key = toKey(fromKey(new Uint8Array(Buffer.from(first, 'hex')), Number(length)))
  return { first: key, length: Number(length), from: Number(from), n: Number(n) }
}
function accountPlaceIn(cursor: string | undefined): { until: number; n: number } | undefined {
  const place = readCursor(cursor, 'cursor')
  if (place === undefined) return undefined
  const [, until, n] = /^(\d{1,16}):(\d{1,16})$/.exec(place) ?? []
  return until === undefined ? badCursor(cursor!) : { until: Number(until), n: Number(n) }
}

// The answer ---------------------------------------------------------------------------------------------------------

interface Listing<P> {
  readonly after: P | undefined
  read(after: P | undefined, limit: number): Promise<readonly Tenure[]>
  placeOf(row: Tenure): P
  write(place: P): string
}

/** One page of what was held in the span and may be seen. */
async function gather<P>(
  context: ReadContext,
  wish: SpanWish,
  limit: number,
  { after, read, placeOf, write }: Listing<P>,
): Promise<{ items: z.output<typeof tenure>[]; nextCursor?: string }> {
  const { from, until } = spanOf(wish)
  const isPermitted = await permitter(context, 'history:read')
  const page: Tenure[] = []
  let place = after
  for (let rowsRead = 0; rowsRead < rowsPerPageMax; ) {
    const rows = await read(place, limit + 1)
    for (const row of rows) {
      const isWanted = overlapsSpan(row, from, until) && isPermitted(row.account)
      if (isWanted && page.length === limit)
        return { items: await describeAll(context, page), nextCursor: writeCursor(write(place!)) }
      if (isWanted) page.push(row)
      place = placeOf(row)
    }
    if (rows.length <= limit) return { items: await describeAll(context, page) }
    rowsRead += rows.length
  }
  return { items: await describeAll(context, page), nextCursor: writeCursor(write(place!)) }
}

async function describeAll(context: ReadContext, rows: readonly Tenure[]): Promise<z.output<typeof tenure>[]> {
  const reasons = await context.tx.journal.findReasons(rows.flatMap(({ decision }) => decision ?? []))
  return rows.map((row) => describe(context, row, reasons.get(row.decision ?? -1)))
}

function describe({ tx, now }: ReadContext, row: Tenure, reason: Reason | undefined): z.output<typeof tenure> {
  const isAddress = row.resourceType === 'eip' && !row.hold
  const isOver = row.until !== undefined && row.until <= now
  return {
    cidr: formatCidr(row.cidr),
    poolId: formatId('pool', tx.installation, row.pool),
    account: row.account,
    resourceType: row.resourceType,
    resourceId: row.resourceId ?? (isAddress ? formatId('address', tx.installation, row.n) : undefined),
    allocationId: formatId('allocation', tx.installation, row.n),
    locale: row.region,
    description: row.description,
    heldFrom: formatInstant(row.from),
    heldUntil: row.until === undefined ? undefined : formatInstant(row.until),
    hold: row.hold === 'held' && isOver ? 'lapsed' : row.hold,
    decisionId: row.decision === undefined ? undefined : formatId('decision', tx.installation, row.decision),
    isDecisionForgotten: row.decision === undefined || reason ? undefined : true,
    policy: reason?.policy && { policyId: reason.policy.id, version: reason.policy.version },
    requestedBy: reason && {
      principal: reason.principal,
      sourceAddress: reason.sourceAddress,
      action: reason.action,
      requestId: reason.requestId,
    },
  }
}
