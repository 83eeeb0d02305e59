// The time machine over the native API: what was held and what objects were, newest first.
import { z } from 'zod'
import { type Cidr, formatCidr, fromKey, nearCidrProblem, parseAddress, parseCidr, toKey } from '#model/cidr.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { refuse } from '#model/refusal.ts'
import type { HistoryBody } from '#store/tables/history.ts'
import type { AroundPlace, NumberPlace } from '#store/tables/timeline.ts'
import { idOf } from '../identifiers.ts'
import type { Page } from '../listing.ts'
import { nativeRead } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import {
  accountId,
  accountName,
  asOf,
  formatInstant,
  holderName,
  instant,
  nameShapes,
  namesIn,
  objectName,
  pageSizeDefault,
  paging,
  recordPageOf,
  scopeName,
  showMakers,
  usedMakers,
} from '../shapes.native.ts'
import { shownTags, tagMap } from '../space/shapes.native.ts'
import {
  type AccountListPlace,
  type HeldFilter,
  type HeldTenure,
  isPlaceKept,
  listHolders,
  listHoldingsOfAccount,
  listHoldingsOfResource,
  listStates,
  type ObjectState,
  placeOfHoldings,
  placeOfLife,
} from './history.ts'
import { readSpan, type SpanInput, span } from './shapes.native.ts'

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
const tenureColumns = ['cidr', 'account', 'from', 'until', 'resourceId', 'resourceType', 'decisionId']
const rowsInWords =
  'Each row tells what was so from one moment to another: whenever a name, a description, tags, an association or the end of a hold changes, or a hold is confirmed, the next row begins. Of a moment up to `asOf`, nothing changes any more but that `until`, `heldUntil` and `ending` are filled in when they come.'

const heldFilter = ({ scopeId, ...moments }: SpanInput & { readonly scopeId?: string | undefined }): HeldFilter => ({
  ...readSpan(moments),
  scopeId,
})
const showPage = <P>(context: ReadContext, { items, next }: Page<HeldTenure, P>, write: (place: P) => string) => ({
  items: items.map((one) => describe(context, one)),
  nextCursor: next && `<${write(next)}`,
  asOf: asOf(context),
})

export const findHolders = nativeRead({
  name: 'findHolders',
  summary: 'Tell who held an address or a range, when, why, and who asked.',
  description: `First what held all of it, newest first; of a range then what lay inside, in the order of addresses, and of each block newest first. As far as you may see it. ${rowsInWords}`,
  action: 'history:read',
  input: z.strictObject({
    cidr: z
      .string()
      .max(64)
      .refine((text) => readRange(text) !== undefined, {
        error: ({ input }) =>
          problemInWords(nearCidrProblem(String(input))) ?? 'an address or a CIDR without host bits is expected',
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
    const asked = { limit, after: aroundPlaceIn(cursor, range) }
    return showPage(context, await listHolders(context, range, heldFilter(params), asked), (place) =>
      [
        ...('first' in place ? [Buffer.from(place.first).toString('hex'), place.length] : []),
        place.heldFrom,
        place.n,
        place.version,
      ].join(':'),
    )
  },
})

export const findHoldingsOfAccount = nativeRead({
  name: 'findHoldingsOfAccount',
  summary: 'Tell what an account held: first what it has now, newest first, then what is over, what ended last first.',
  description: `What is over counts as of the first page: a list that is read page by page loses nothing that ends meanwhile. A cursor is good for a day. ${rowsInWords}`,
  action: 'history:read',
  input: z.strictObject({ account: accountName, ...span, ...scopeFilter, ...paging }),
  output: recordPageOf(tenure),
  rest: { method: 'GET', path: '/history/accounts/{account}' },
  cli: 'history account',
  columns: tenureColumns,
  refusals: ['NotFound', 'InvalidPaginationToken', 'InvalidParameterCombination'],
  at: (context, { account }) => placeOfHoldings(context, account),
  async run(context, { account, limit = pageSizeDefault, cursor, ...params }) {
    const filter = heldFilter(params)
    const after = accountPlaceIn(cursor)
    if (after && !(await isPlaceKept(context, account, after))) badCursor(cursor!)
    return showPage(
      context,
      await listHoldingsOfAccount(context, account, filter, { limit, after }),
      ({ final, place }) => [final, place.until ?? '', place.n, place.version].join(':'),
    )
  },
})

export const findHoldingsOfResource = nativeRead({
  name: 'findHoldingsOfResource',
  summary:
    'Tell which space a resource held: an Elastic IP, a VPC, a NAT gateway, an allocation, or whatever id you gave it.',
  description: `Also what an instance, a network interface or a NAT gateway was associated with. Newest first. ${rowsInWords}`,
  action: 'history:read',
  input: z.strictObject({ resourceId: holderName, ...span, ...scopeFilter, ...paging }),
  output: recordPageOf(tenure),
  rest: { method: 'GET', path: '/history/resources/{resourceId}' },
  cli: 'history resource',
  columns: tenureColumns,
  refusals: ['InvalidPaginationToken', 'InvalidParameterCombination'],
  at: 'filtered',
  async run(context, { resourceId, limit = pageSizeDefault, cursor, ...params }) {
    const asked = { limit, after: numberPlaceIn(cursor) }
    const page = await listHoldingsOfResource(context, resourceId, heldFilter(params), asked)
    return showPage(context, page, ({ n, version }) => [n, version].join(':'))
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
  input: z.strictObject({ objectId: objectName, ...span, ...paging }),
  output: recordPageOf(objectState),
  rest: { method: 'GET', path: '/history/objects/{objectId}' },
  cli: 'history object',
  columns: ['version', 'from', 'until', 'principal', 'action', 'kind', 'changeId', 'decisionId'],
  refusals: ['NotFound', 'InvalidPaginationToken', 'InvalidParameterCombination'],
  at: (context, { objectId }) => placeOfLife(context, objectId),
  async run(context, { objectId, limit = pageSizeDefault, cursor, ...params }) {
    const asked = { limit, after: versionPlaceIn(cursor) }
    const { items, next } = await listStates(context, objectId, readSpan(params), asked)
    return {
      items: items.map((state) => describeState(context, objectId, state)),
      nextCursor: next === undefined ? undefined : `<${next}`,
      asOf: asOf(context),
    }
  },
})

// The request --------------------------------------------------------------------------------------------------------

const readRange = (text: string): Cidr | undefined => parseAddress(text) ?? parseCidr(text)

const badCursor = (cursor: string): never => refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: cursor })

/** The parts that a cursor is made of; undefined where there is no cursor. One of a list that began with what is oldest is refused. */
function partsIn(cursor: string | undefined, pattern: RegExp): readonly string[] | undefined {
  if (cursor === undefined) return undefined
  return pattern.exec(cursor)?.slice(1) ?? badCursor(cursor)
}

function aroundPlaceIn(cursor: string | undefined, { family }: Cidr): AroundPlace | undefined {
  const found = partsIn(cursor, /^<(?:([0-9a-f]{32}):(\d{1,3}):)?(-1|\d{1,16}):(\d{1,16}):(\d{1,16})$/)
  if (!found) return undefined
  const [hex, ...numbers] = found
  const [length, heldFrom, n, version] = numbers.map(Number) as [number, number, number, number]
  if (!hex) return { heldFrom, n, version }
  if (length > (family === 4 ? 32 : 128)) return badCursor(cursor!)
  const first = toKey(fromKey(new Uint8Array(Buffer.from(hex, 'hex')), length))
  return { first, length, heldFrom, n, version }
}
function accountPlaceIn(cursor: string | undefined): AccountListPlace | undefined {
  const found = partsIn(cursor, /^<(\d{1,16}):(\d{0,16}):(\d{1,16}):(\d{1,16})$/)
  if (!found) return undefined
  const [final, until, n, version] = found.map(Number) as [number, number, number, number]
  return { final, place: { until: found[1] === '' ? undefined : until, n, version } }
}
function numberPlaceIn(cursor: string | undefined): NumberPlace | undefined {
  const found = partsIn(cursor, /^<(\d{1,16}):(\d{1,16})$/)
  return found && { n: Number(found[0]), version: Number(found[1]) }
}
function versionPlaceIn(cursor: string | undefined): number | undefined {
  const found = partsIn(cursor, /^<(\d{1,16})$/)
  return found && Number(found[0])
}

// The answer ---------------------------------------------------------------------------------------------------------

const knownAs = (known: number): { knownUntil?: string } =>
  known === Infinity ? {} : { knownUntil: formatInstant(known) }

function describe(
  context: ReadContext,
  { tenure: row, knownUntil, poolId, scopeId, reason }: HeldTenure,
): z.output<typeof tenure> {
  const isAddress = row.resourceType === 'eip' && row.state === 'allocated'
  return {
    cidr: formatCidr(row.cidr),
    poolId,
    scopeId,
    account: row.account,
    state: row.state,
    resourceType: row.resourceType,
    resourceId: row.resourceId ?? (isAddress ? idOf(context, 'address', row.n) : undefined),
    allocationId: idOf(context, 'allocation', row.n),
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
    decisionId: row.decision === undefined ? undefined : idOf(context, 'decision', row.decision),
    isDecisionForgotten: row.decision === undefined || reason ? undefined : true,
    policy: reason?.policy && { policyId: reason.policy.id, version: reason.policy.version },
    requestedBy: reason && {
      principal: reason.principal,
      ...showMakers(reason.makers),
      sourceAddress: reason.sourceAddress,
      action: reason.action,
      requestId: reason.requestId,
    },
    ...knownAs(knownUntil),
  }
}

type ShownState = z.output<typeof objectState>

function describeState(context: ReadContext, objectId: string, state: ObjectState): ShownState {
  const { version, from, until, knownUntil, body } = state
  const times = {
    version,
    from: formatInstant(from),
    until: until === undefined ? undefined : formatInstant(until),
    ...knownAs(knownUntil),
  }
  if ('held' in body) return { objectId, ...times, ...describeHeld(context, body.held) }
  const { stored, content, maker } = body
  const said = { objectId, kind: stored.kind, ...times, state: stateIn(content) }
  if (!maker) return said
  const { entry, decision } = maker
  return {
    ...said,
    principal: entry.principal,
    ...showMakers(entry.makers),
    action: entry.action,
    changeId: String(entry.n),
    decisionId: decision === undefined ? undefined : idOf(context, 'decision', decision),
  }
}

/** Allocations and Elastic IPs are objects too: their states are those of their tenure, under whichever name is asked. */
function describeHeld(
  context: ReadContext,
  held: HeldTenure,
): Pick<ShownState, 'kind' | 'principal' | 'makers' | 'action' | 'decisionId' | 'state'> {
  const { from: _, until: __, heldFrom, heldUntil: ___, ending: ____, ...rest } = describe(context, held)
  const { policy: _____, requestedBy, isDecisionForgotten: ______, ...state } = rest
  const { version, resourceType } = held.tenure
  // Who asked for the space is on record beside it, and not who has tagged it since.
  const { principal, makers, action }: Partial<typeof requestedBy & object> = version === 1 ? (requestedBy ?? {}) : {}
  return {
    kind: resourceType === 'eip' ? 'elastic-ip' : 'ipam-pool-allocation',
    principal,
    makers,
    action,
    decisionId: state.decisionId,
    state: { ...state, createdAt: heldFrom },
  }
}

/** What an object said, as it is told: without who its makers are for the identity provider. */
export const stateIn = (body: HistoryBody): Record<string, unknown> => withoutHolders(body) as Record<string, unknown>
/** As deep as JSON goes that is kept: a few levels. */
function withoutHolders(value: unknown, member?: string): unknown {
  if (Array.isArray(value)) {
    return member === 'makers' ? namesIn(value as string[]) : value.map((one) => withoutHolders(one))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutHolders(one, name)]))
}
