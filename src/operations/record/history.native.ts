// The time machine: who held an address or a range, and what an account or a resource held, at a moment or between two.
import { z } from 'zod'
import { type Cidr, formatCidr, fromKey, nearCidrProblem, parseAddress, parseCidr, toKey } from '#model/cidr.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { provider } from '#model/policy/decision.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { HistoryVersion } from '#store/tables/history.ts'
import type { Reason } from '#store/tables/journal.ts'
import type { AccountPlace, AddressPlace, DescribedTenure, NumberPlace, Tenure } from '#store/tables/timeline.ts'
import type { Place } from '../identity/authority.ts'
import { visibleAccounts } from '../identity/visible-accounts.ts'
import { nativeRead } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import {
  accountId,
  accountName,
  asOf,
  formatInstant,
  instant,
  nameShapes,
  namesIn,
  nextStep,
  pageSizeDefault,
  paging,
  parseInstant,
  recordPageOf,
  scopeName,
  showMakers,
  usedMakers,
} from '../shapes.native.ts'
import { shownTags, tagMap } from '../space/shapes.native.ts'
import { knowerThen, placeOfObject, placeThen } from './object-places.ts'
import { placesOfPools } from './pool-scopes.ts'

/** Rows looked at for one page; with fewer matches the page is shorter and says where to go on. */
const rowsPerPageMax = 20_000
const always = Number.MAX_SAFE_INTEGER
/** How old a cursor of an account's list may be: what ended since its first page is sorted anew for each page. */
const accountCursorMsMax = 86_400_000

const span = {
  at: instant.optional().describe('Only what was so at this moment. Without any, all that is known.'),
  from: instant.optional().describe('Only what was so at this moment or later.'),
  until: instant.optional().describe('Only what was so before this moment.'),
}
const scopeFilter = {
  scopeId: scopeName.optional().describe('Only what was of a pool of this scope: several may have the same addresses.'),
}
const knownUntil = instant
  .optional()
  .describe('When the account left the unit for which you may read this: whether it was over later is not told.')
const association = z.object({
  associationId: z.string(),
  resourceId: z.string().describe('The instance, network interface or NAT gateway.'),
  resourceType: z
    .enum(['instance', 'network-interface', 'nat-gateway', 'rnat'])
    .describe('`rnat`: a regional NAT gateway.'),
  networkInterfaceId: z.string().optional(),
  privateIp: z.string().optional(),
})
const state = z.enum(['held', 'allocated'])
const tenure = z.object({
  cidr: z.string(),
  poolId: z
    .string()
    .describe('The pool that it came from, also where that is gone by now; `provider` for space of the provider.'),
  scopeId: z.string().optional().describe('The scope of that pool; absent for space of the provider.'),
  account: accountId,
  state: state.describe('`held`: for a limited time, to be confirmed.'),
  resourceType: z.string(),
  resourceId: z.string().optional(),
  allocationId: z.string(),
  locale: z.string().optional(),
  description: z.string().optional(),
  tags: shownTags,
  association: association.optional().describe('What used it, where it was an Elastic IP.'),
  expiresAt: instant.optional().describe('When it was to lapse, where it was held.'),
  from: instant.describe('Since when all of this was so.'),
  until: instant.optional().describe('Until when. Absent: it is so now, or at `knownUntil`.'),
  knownUntil,
  heldFrom: instant.describe('Since when the space was had, whatever was said of it.'),
  heldUntil: instant.optional().describe('Until when. Absent: it is had now, or at `knownUntil`.'),
  ending: z
    .enum(['released', 'lapsed', 'dropped'])
    .optional()
    .describe('How that ended; what was only held may have lapsed, or been given up.'),
  decisionId: z.string().optional().describe('Why: the decision that gave or confirmed it.'),
  isDecisionForgotten: z
    .literal(true)
    .optional()
    .describe('The decision is no longer kept, and with it the policy and who asked.'),
  policy: z.object({ policyId: z.string(), version: z.number().int() }).optional(),
  requestedBy: z
    .object({
      principal: z.string(),
      makers: usedMakers,
      sourceAddress: z.string(),
      action: z.string(),
      requestId: z.string(),
    })
    .optional(),
})
nameShapes({ AddressAssociation: association, Tenure: tenure })
type ShownTenure = z.output<typeof tenure>
const tenureColumns = ['cidr', 'account', 'from', 'until', 'resourceId', 'resourceType', 'decisionId']
const rowsInWords =
  'Each row tells what was so from one moment to another: whenever a name, a description, tags, an association or the end of a hold changes, or a hold is confirmed, the next row begins. Of a moment up to `asOf`, nothing changes any more but that `until`, `heldUntil` and `ending` are filled in when they come.'

export const findHolders = nativeRead({
  name: 'findHolders',
  summary: 'Tell who held an address or a range, when, why, and who asked.',
  description: `Finds whatever held the address, contained it, or lay inside the range. In address order; as far as you may see it. ${rowsInWords}`,
  action: 'history:read',
  input: z.strictObject({
    cidr: z
      .string()
      .max(64)
      .refine((text) => readRange(text) !== undefined, {
        error: ({ input }) => nearCidrProblem(String(input)) ?? 'an address or a CIDR without host bits is expected',
      })
      .describe('An address, or a CIDR.'),
    ...span,
    ...scopeFilter,
    ...paging,
  }),
  output: recordPageOf(tenure),
  rest: { method: 'GET', path: '/history/addresses' },
  cli: 'history address',
  columns: tenureColumns,
  refusals: ['InvalidPaginationToken', 'InvalidParameterCombination'],
  at: 'filtered',
  async run(context, { cidr, limit = pageSizeDefault, cursor, ...params }) {
    const range = readRange(cidr)!
    const accounts = await visibleAccounts(context, 'history:read', 'ever')
    return gather(context, params, limit, {
      after: addressPlaceIn(cursor, range),
      read: (place, size) => context.tx.tenures.around(range, place, size, accounts),
      placeOf: ({ cidr, heldFrom, n, version }) => ({ first: toKey(cidr), length: cidr.length, heldFrom, n, version }),
      write: ({ first, length, heldFrom, n, version }) =>
        [Buffer.from(first).toString('hex'), length, heldFrom, n, version].join(':'),
    })
  },
})

export const findHoldingsOfAccount = nativeRead({
  name: 'findHoldingsOfAccount',
  summary:
    'Tell what an account held: first what is over, in the order in which it ended, then all else, oldest first.',
  description: `What is over counts as of the first page: a list that is read page by page loses nothing that ends meanwhile. A cursor is good for a day. ${rowsInWords}`,
  action: 'history:read',
  input: z.strictObject({ account: accountName, ...span, ...scopeFilter, ...paging }),
  output: recordPageOf(tenure),
  rest: { method: 'GET', path: '/history/accounts/{account}' },
  cli: 'history account',
  columns: tenureColumns,
  refusals: ['NotFound', 'InvalidPaginationToken', 'InvalidParameterCombination'],
  at: async (context, { account }): Promise<Place> => {
    const absent = { code: 'NotFound', what: 'account', id: account } as const
    if (!(await context.tx.organizations.findNumber(account))) refuse(absent)
    return placeThen(context, 'history:read', { node: account, absent }, 0, always)
  },
  async run(context, { account, limit = pageSizeDefault, cursor, ...params }) {
    const since = spanOf(params).from
    // For who may read only what was, the list is as of the moment from which on nothing is told: its order would tell it.
    const knows = await knowerThen(context, 'history:read')
    const known = (await knows(account, 0, always)) ?? 0
    const begun = accountPlaceIn(context, cursor, known)
    const final = begun?.final ?? Math.min(context.tx.asOf, known - 1)
    return gather<AccountPlace>(context, params, limit, {
      after: begun?.place,
      read: (place, size) => context.tx.tenures.ofAccount(account, { since, final }, place, size),
      placeOf: ({ endsAt, n, version }) => ({
        until: endsAt !== undefined && endsAt <= final ? endsAt : undefined,
        n,
        version,
      }),
      write: ({ until, n, version }) => [final, until ?? '', n, version].join(':'),
    })
  },
})

export const findHoldingsOfResource = nativeRead({
  name: 'findHoldingsOfResource',
  summary:
    'Tell which space a resource held: an Elastic IP, a VPC, a NAT gateway, an allocation, or whatever id you gave it.',
  description: `Also what an instance, a network interface or a NAT gateway was associated with. Oldest first. ${rowsInWords}`,
  action: 'history:read',
  input: z.strictObject({ resourceId: z.string().min(1).max(256), ...span, ...scopeFilter, ...paging }),
  output: recordPageOf(tenure),
  rest: { method: 'GET', path: '/history/resources/{resourceId}' },
  cli: 'history resource',
  columns: tenureColumns,
  refusals: ['InvalidPaginationToken', 'InvalidParameterCombination'],
  at: 'filtered',
  async run(context, { resourceId, limit = pageSizeDefault, cursor, ...params }) {
    const { tenures } = context.tx
    const n = await allocationNumber(context, resourceId)
    const accounts = await visibleAccounts(context, 'history:read', 'ever')
    return gather<NumberPlace>(context, params, limit, {
      after: numberPlaceIn(cursor),
      read: (place, size) =>
        n === undefined
          ? tenures.ofResource(resourceId, place, size, accounts)
          : tenures.ofNumber(n, place?.version ?? 0, size),
      placeOf: ({ n, version }) => ({ n, version }),
      write: ({ n, version }) => [n, version].join(':'),
    })
  },
})

const objectState = z.object({
  objectId: z.string(),
  kind: z.string(),
  version: z.number().int(),
  from: instant,
  until: instant.optional(),
  knownUntil,
  principal: z.string().optional().describe('Who made it so, where that is on record beside it.'),
  makers: usedMakers,
  action: z.string().optional().describe('By what.'),
  changeId: z.string().optional().describe('The change with which it began. Of an allocation: absent.'),
  decisionId: z.string().optional().describe('The decision of policy by which it could be so.'),
  state: z.record(z.string(), z.unknown()),
})
nameShapes({ ObjectState: objectState })

export const getObjectHistory = nativeRead({
  name: 'getObjectHistory',
  summary:
    'Show every state of an IPAM, scope, pool, policy, VPC, allocation, Elastic IP, role binding or other object, or the one at a moment.',
  description:
    'Newest first, each with who made it so. Of a moment up to `asOf`, nothing changes any more but that `until` is filled in when it comes.',
  action: 'history:read',
  input: z.strictObject({ objectId: z.string().min(1).max(128), ...span, ...paging }),
  output: recordPageOf(objectState),
  rest: { method: 'GET', path: '/history/objects/{objectId}' },
  cli: 'history object',
  columns: ['version', 'from', 'until', 'principal', 'action', 'kind', 'changeId', 'decisionId'],
  refusals: ['NotFound', 'InvalidPaginationToken', 'InvalidParameterCombination'],
  at: async (context, { objectId }): Promise<Place> => {
    const absent = { code: 'NotFound', what: 'resource', id: objectId } as const
    const { node, from, until } = (await lifeOfObject(context, objectId)) ?? refuse(absent)
    return placeThen(context, 'history:read', { node, absent }, from, until)
  },
  async run(context, { objectId, limit = pageSizeDefault, cursor, ...params }) {
    const { from, until } = spanOf(params)
    const place = versionPlaceIn(cursor)
    const n = await allocationNumber(context, objectId)
    const states = n === undefined ? statesOfObject(context, objectId) : statesOfTenure(context, objectId, n)
    const knows = await knowerThen(context, 'history:read')
    const { node } = (await lifeOfObject(context, objectId))!
    /** As far as the caller knows of it; undefined where that is nothing, or nothing of the span. */
    const told = async (one: ObjectState): Promise<ObjectState | undefined> => {
      const [begins, ends] = [parseInstant(one.from), one.until === undefined ? always : parseInstant(one.until)]
      if (begins >= until || ends <= from) return undefined
      const known = await knows(node, begins, ends)
      if (known === undefined || from >= known) return undefined
      return { ...one, until: ends < known ? one.until : undefined, ...knownAs(known) }
    }
    const items: ObjectState[] = []
    const answer = async (nextCursor?: string) => ({
      items: await states.explain(items),
      nextCursor,
      asOf: asOf(context),
    })
    if (params.at !== undefined) {
      for (const one of await states.at(parseInstant(params.at))) {
        const state = await told(one)
        if (state) items.push(state)
      }
      return answer()
    }
    const write = (version: number): string => (place.isOldestFirst ? String(version) : `<${version}`)
    let last = place.version
    let shown = last
    for (let looked = 0; looked < rowsPerPageMax; ) {
      const size = await nextStep(context, looked, limit)
      const found = await (place.isOldestFirst ? states.after(last, size) : states.before(last, size))
      for (const one of found) {
        const state = await told(one)
        if (state && items.length === limit) return answer(write(shown))
        last = one.version
        if (!state) continue
        items.push(state)
        shown = last
      }
      if (found.length < size) return answer()
      looked += found.length
    }
    return answer(write(last))
  },
})

// Objects ------------------------------------------------------------------------------------------------------------

interface Life {
  /** Where it lives, or lived last. */
  readonly node: string
  readonly from: number
  readonly until: number
}
/**
 * Where an object lives, and since when and until when it was there at all: who might read its account at other times only is
 * told of none of its states, and so not that there is one (invariant I8). Undefined where nothing is on record of it.
 */
async function lifeOfObject(context: ReadContext, objectId: string): Promise<Life | undefined> {
  const { history, tenures } = context.tx
  const n = await allocationNumber(context, objectId)
  if (n !== undefined) {
    const { account, heldFrom, endsAt } = (await tenures.latestOf(n))!
    return { node: account, from: heldFrom, until: endsAt ?? always }
  }
  const latest = await history.latest(objectId)
  if (!latest) return undefined
  const [first] = await history.versions(objectId, 0, 1)
  const node = await placeOfObject(context, objectId, latest)
  return { node, from: first!.fromAt, until: latest.untilAt ?? always }
}

type ObjectState = z.output<typeof objectState>
/** What an object said, as it is told: without who its makers are for the identity provider. */
export const stateIn = (body: string): Record<string, unknown> =>
  JSON.parse(body, (member, value: unknown) =>
    member === 'makers' && Array.isArray(value) ? namesIn(value as string[]) : value,
  ) as Record<string, unknown>

interface ObjectStates {
  /** Those after a version, oldest first; before one, newest first. */
  after(version: number, limit: number): Promise<readonly ObjectState[]>
  before(version: number, limit: number): Promise<readonly ObjectState[]>
  /** With who made each so. */
  explain(states: readonly ObjectState[]): Promise<ObjectState[]>
  /** The one at a moment, where there was one. */
  at(moment: number): Promise<readonly ObjectState[]>
}

function statesOfObject(context: ReadContext, objectId: string): ObjectStates {
  const { tx } = context
  const show = ({ kind, version, fromAt, untilAt, body }: HistoryVersion): ObjectState => ({
    objectId,
    kind,
    version,
    from: formatInstant(fromAt),
    until: untilAt === undefined ? undefined : formatInstant(untilAt),
    state: stateIn(body),
  })
  return {
    after: async (version, limit) => (await tx.history.versions(objectId, version, limit)).map(show),
    before: async (version, limit) => (await tx.history.versionsBefore(objectId, version, limit)).map(show),
    explain: (states) => withMakers(context, objectId, states),
    at: async (moment) => [await tx.history.asOf(objectId, moment)].flatMap((found) => (found ? [show(found)] : [])),
  }
}

/** Entries about an object that are read for who began its versions. */
const beginningsMax = 1_000

async function withMakers(
  { tx }: ReadContext,
  objectId: string,
  states: readonly ObjectState[],
): Promise<ObjectState[]> {
  if (states.length === 0) return []
  const since = Math.min(...states.map(({ from }) => parseInstant(from)))
  const beginnings = await tx.recordLists.beginningsOf(objectId, since, beginningsMax)
  const of = (one: ObjectState) => beginnings.get(one.version)
  const entries = await tx.recordLists.entries([...new Set(states.flatMap((one) => of(one)?.entry ?? []))], 1)
  const reasons = await tx.journal.findReasons(states.flatMap((one) => of(one)?.firstDecision ?? []))
  return states.map((one) => {
    const begun = of(one)
    const entry = begun && entries.get(begun.entry)
    if (!entry) return one
    const { firstDecision } = begun
    return {
      ...one,
      principal: entry.principal,
      ...showMakers(entry.makers),
      action: entry.action,
      changeId: String(entry.n),
      // Of what is no longer kept, nothing is left but the number.
      decisionId:
        firstDecision !== undefined && reasons.has(firstDecision)
          ? formatId('decision', tx.installation, firstDecision)
          : undefined,
    }
  })
}

/** Allocations and Elastic IPs are objects too: their states are those of their tenure, under whichever name is asked. */
function statesOfTenure(context: ReadContext, objectId: string, n: number): ObjectStates {
  const show = async (rows: readonly Tenure[]): Promise<ObjectState[]> => {
    const described = await context.tx.tenures.describe(rows)
    const shown = await describeAll(context, rows)
    return shown.map(({ from, until, heldFrom, heldUntil: _, ending: __, ...rest }, index) => {
      const { policy: ___, requestedBy, isDecisionForgotten: ____, ...state } = rest
      const { version, resourceType } = described[index]!
      // Who asked for the space is on record beside it, and not who has tagged it since.
      const { principal, makers, action }: Partial<typeof requestedBy & object> =
        version === 1 ? (requestedBy ?? {}) : {}
      return {
        objectId,
        kind: resourceType === 'eip' ? 'elastic-ip' : 'ipam-pool-allocation',
        version,
        from,
        until,
        principal,
        makers,
        action,
        decisionId: state.decisionId,
        state: { ...state, createdAt: heldFrom },
      }
    })
  }
  return {
    after: async (version, limit) => show(await context.tx.tenures.ofNumber(n, version, limit)),
    before: async (version, limit) => show(await context.tx.tenures.ofNumberBefore(n, version, limit)),
    explain: async (states) => [...states],
    at: async (moment) => show([await context.tx.tenures.stateAt(n, moment)].flatMap((found) => found ?? [])),
  }
}

/** The number of the allocation or Elastic IP that an id names; undefined for all else. */
async function allocationNumber({ tx }: ReadContext, id: string): Promise<number | undefined> {
  const n = parseId('allocation', tx.installation, id)
  if (n !== undefined) return (await tx.tenures.latestOf(n)) && n
  const address = parseId('address', tx.installation, id)
  const found = address === undefined ? undefined : await tx.tenures.latestOf(address)
  return found?.resourceType === 'eip' ? address : undefined
}

// The request --------------------------------------------------------------------------------------------------------

const readRange = (text: string): Cidr | undefined => parseAddress(text) ?? parseCidr(text)

interface SpanParams {
  readonly at?: string
  readonly from?: string
  readonly until?: string
  readonly scopeId?: string
}
/** Milliseconds since 1970, from the first to before the second. */
function spanOf({ at, from, until }: SpanParams): { from: number; until: number } {
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
  row.from < until && (row.endsAt ?? always) > from

const badCursor = (cursor: string): never => refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: cursor })

/** The numbers that a cursor is made of, after `head`; undefined where there is no cursor. */
function numbersIn(cursor: string | undefined, pattern: RegExp): readonly string[] | undefined {
  const place = cursor
  if (place === undefined) return undefined
  const found = pattern.exec(place)
  return found ? found.slice(1) : badCursor(cursor!)
}

function addressPlaceIn(cursor: string | undefined, { family }: Cidr): AddressPlace | undefined {
  const found = numbersIn(cursor, /^([0-9a-f]{32}):(\d{1,3}):(\d{1,16}):(\d{1,16}):(\d{1,16})$/)
  if (!found) return undefined
  const [length, heldFrom, n, version] = found.slice(1).map(Number) as [number, number, number, number]
  if (length > (family === 4 ? 32 : 128)) return badCursor(cursor!)
  const first = toKey(fromKey(new Uint8Array(Buffer.from(found[0]!, 'hex')), length))
  return { first, length, heldFrom, n, version }
}
function accountPlaceIn(
  { now }: ReadContext,
  cursor: string | undefined,
  known: number,
): { readonly final: number; readonly place: AccountPlace } | undefined {
  const found = numbersIn(cursor, /^(\d{1,16}):(\d{0,16}):(\d{1,16}):(\d{1,16})$/)
  if (!found) return undefined
  const [final, until, n, version] = found.map(Number) as [number, number, number, number]
  const isOld = final < now - accountCursorMsMax && final !== known - 1
  if (final > now || isOld) return badCursor(cursor!)
  return { final, place: { until: found[1] === '' ? undefined : until, n, version } }
}
function numberPlaceIn(cursor: string | undefined): NumberPlace | undefined {
  const found = numbersIn(cursor, /^(\d{1,16}):(\d{1,16})$/)
  return found && { n: Number(found[0]), version: Number(found[1]) }
}
/** A cursor from before lists began with what is newest goes on as it began. */
function versionPlaceIn(cursor: string | undefined): { readonly version: number; readonly isOldestFirst: boolean } {
  const found = numbersIn(cursor, /^(<?)(\d{1,16})$/)
  if (!found) return { version: always, isOldestFirst: false }
  return { version: Number(found[1]), isOldestFirst: found[0] === '' }
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
  params: SpanParams,
  limit: number,
  { after, read, placeOf, write }: Listing<P>,
): Promise<{ items: ShownTenure[]; nextCursor?: string; asOf: string }> {
  const { from, until } = spanOf(params)
  const knows = await knowerThen(context, 'history:read')
  const page: Tenure[] = []
  const knownUntil: number[] = []
  const answer = async (nextCursor?: string) => ({
    items: await describeAll(context, page, knownUntil),
    nextCursor,
    asOf: asOf(context),
  })
  let place = after
  let shown = after
  for (let rowsRead = 0; rowsRead < rowsPerPageMax; ) {
    const size = await nextStep(context, rowsRead, limit)
    const rows = await read(place, size)
    const isInScope = await scopeTest(context, params.scopeId, rows)
    for (const row of rows) {
      const isInSpan = overlapsSpan(row, from, until) && isInScope(row)
      const known = isInSpan ? await knows(row.account, row.from, row.endsAt ?? always) : undefined
      const isWanted = known !== undefined && from < known
      if (isWanted && page.length === limit) return answer(write(shown!))
      place = placeOf(row)
      if (!isWanted) continue
      page.push(row)
      knownUntil.push(known)
      shown = place
    }
    if (rows.length < size) return answer()
    rowsRead += rows.length
  }
  return answer(write(place!))
}

async function scopeTest(
  context: ReadContext,
  scopeId: string | undefined,
  rows: readonly Tenure[],
): Promise<(row: Tenure) => boolean> {
  if (scopeId === undefined) return () => true
  const places = await placesOfPools(
    context,
    rows.map(({ pool }) => pool),
  )
  return ({ pool }) => places.get(pool)?.scopeId === scopeId
}

/** @param knownUntil of each row, up to when the caller knows of it; without it, all that there is */
async function describeAll(
  context: ReadContext,
  rows: readonly Tenure[],
  knownUntil: readonly number[] = [],
): Promise<ShownTenure[]> {
  const reasons = await context.tx.journal.findReasons(rows.flatMap(({ decision }) => decision ?? []))
  const nameOf = await poolNamer(context)
  const places = await placesOfPools(
    context,
    rows.map(({ pool }) => pool),
  )
  const described = await context.tx.tenures.describe(rows)
  return described.map((row, index) => {
    const told = endsWithin(row, knownUntil[index] ?? Infinity)
    const place = { poolId: nameOf(row.pool), scopeId: places.get(row.pool)?.scopeId }
    const shown = describe(context, told, reasons.get(row.decision ?? -1), place)
    return { ...shown, ...knownAs(knownUntil[index] ?? Infinity) }
  })
}

/** Without ends that came when the caller knew of it no more. */
function endsWithin(row: DescribedTenure, known: number): DescribedTenure {
  const { until, heldUntil } = row
  const isEndKnown = heldUntil === undefined || heldUntil < known
  return {
    ...row,
    until: until !== undefined && until < known ? until : undefined,
    ...(isEndKnown ? {} : { heldUntil: undefined, ending: undefined }),
  }
}
const knownAs = (known: number): { knownUntil?: string } =>
  known === Infinity ? {} : { knownUntil: formatInstant(known) }

/** A pool by its number, also one that is gone; the provider's own go by its name. */
export async function poolNamer({ tx }: ReadContext): Promise<(pool: number) => string> {
  const own = [await tx.pools.ofProvider(4), await tx.pools.ofProvider(6)].map((pool) => pool?.n)
  return (pool) => (own.includes(pool) ? provider : formatId('pool', tx.installation, pool))
}

function describe(
  { tx }: ReadContext,
  row: DescribedTenure,
  reason: Reason | undefined,
  { poolId, scopeId }: Pick<ShownTenure, 'poolId' | 'scopeId'>,
): ShownTenure {
  const isAddress = row.resourceType === 'eip' && row.state === 'allocated'
  return {
    cidr: formatCidr(row.cidr),
    poolId,
    scopeId,
    account: row.account,
    state: row.state,
    resourceType: row.resourceType,
    resourceId: row.resourceId ?? (isAddress ? formatId('address', tx.installation, row.n) : undefined),
    allocationId: formatId('allocation', tx.installation, row.n),
    locale: row.region,
    description: row.description,
    tags: tagMap([...row.tags].map(([key, value]) => ({ key, value }))),
    association: row.association,
    expiresAt: row.expiresAt === undefined ? undefined : formatInstant(row.expiresAt),
    from: formatInstant(row.from),
    until: row.until === undefined ? undefined : formatInstant(row.until),
    heldFrom: formatInstant(row.heldFrom),
    heldUntil: row.heldUntil === undefined ? undefined : formatInstant(row.heldUntil),
    ending: row.ending,
    decisionId: row.decision === undefined ? undefined : formatId('decision', tx.installation, row.decision),
    isDecisionForgotten: row.decision === undefined || reason ? undefined : true,
    policy: reason?.policy && { policyId: reason.policy.id, version: reason.policy.version },
    requestedBy: reason && {
      principal: reason.principal,
      ...showMakers(reason.makers),
      sourceAddress: reason.sourceAddress,
      action: reason.action,
      requestId: reason.requestId,
    },
  }
}
