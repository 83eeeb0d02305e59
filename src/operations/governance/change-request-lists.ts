// Change requests as one may see them: what they would do is told of the accounts whose space one may see.
import type { ChangeImpact, ChangeRequest, ChangeRequestState } from '#model/change-request.ts'
import { kindOfNoun } from '#model/kinds.ts'
import { everywhere } from '#model/roles.ts'
import { mayThroughout, permitter } from '../identity/authority.ts'
import { nodesBelow, visibleNodes } from '../identity/nodes-below.ts'
import { latestFirst, type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { placeOfObject, standingOf, standingOfMany } from '../record/object-places.ts'
import { seenRequests } from './asked-again.ts'
import type { Inverse } from './inverse.ts'
import { type Content, contentOf, getChange, preparedInverse } from './kept-requests.ts'
import type { ProposedOperation } from './proposed.ts'

export interface ChangeRequestFilter {
  readonly state?: ChangeRequestState | undefined
  /** At it and below. */
  readonly node?: string | undefined
  readonly author?: string | undefined
}

/** Those that the caller may see, the latest first. */
export async function listChanges(
  context: ReadContext,
  { state, node, author }: ChangeRequestFilter,
  asked: PageAsked<string>,
): Promise<Page<ChangeRequest, string>> {
  const isPermitted = await permitter(context, 'change:read')
  const below = node === undefined ? undefined : await nodesBelow(context, node)
  const isWanted = (request: ChangeRequest): boolean =>
    (state === undefined || request.status === state) &&
    (author === undefined || request.author.by === author) &&
    (below === undefined || below.includes(request.node))
  const visible = await visibleNodes(context, 'change:read')
  const nodes = below && visible ? below.filter((one) => visible.includes(one)) : (below ?? visible)
  const range = nodes
    ? ({ by: 'node', keys: nodes } as const)
    : author !== undefined
      ? ({ by: 'author', keys: [author] } as const)
      : state === undefined
        ? undefined
        : ({ by: 'status', keys: [state] } as const)
  return readPage(context, asked, {
    read: (before, limit) => context.tx.changeRequests.before(range, latestFirst.read(before), limit),
    placeOf: ({ n }) => latestFirst.write(n),
    async show(rows) {
      const standing = await standingOfMany(
        context,
        rows.map(({ request }) => request.node),
      )
      const seen = rows.map(({ request }) =>
        isWanted(request) && isPermitted(standing.get(request.node)!) ? request : undefined,
      )
      const shown = await withVisibleImpact(
        context,
        seen.filter((one) => one !== undefined),
      )
      const byId = new Map(shown.map((one) => [one.id, one]))
      return seen.map((one) => one && byId.get(one.id))
    },
    bounds: { isHeavy: true },
  })
}

export interface DescribedChange {
  readonly request: ChangeRequest
  readonly content: Content
  /** What would undo it, of one that was applied: of the objects that one may read. */
  readonly inverse: VisibleInverse | undefined
}
export async function describeChange(context: ReadContext, request: ChangeRequest): Promise<DescribedChange> {
  const [shown] = await withVisibleImpact(context, [request])
  const prepared = request.status === 'reverted' ? undefined : await preparedInverse(context, request.id)
  const inverse = prepared && (await visibleInverse(context, prepared))
  return { request: shown!, content: await contentOf(context, request), inverse }
}

/** Reads something of each, and lets others have their turn in between. */
export async function inTurns<Item, Told>(
  { tx }: ReadContext,
  items: readonly Item[],
  read: (item: Item, index: number) => Promise<Told>,
): Promise<Told[]> {
  const told: Told[] = []
  for (const [index, item] of items.entries()) {
    await tx.nextTurn()
    told.push(await read(item, index))
  }
  return told
}

export interface VisibleInverse extends Pick<Inverse, 'operations' | 'left'> {
  /** Whether that is all. */
  readonly isWhole: boolean
}

/** What an operation makes again is what its object was: it is shown to whoever may read that. */
async function visibleInverse(context: ReadContext, { operations, left }: Inverse): Promise<VisibleInverse> {
  const idOf = ({ input }: ProposedOperation): string => String(Object.values(input)[0])
  const latest = await context.tx.history.findLatest([...new Set(operations.map(idOf))])
  const shown: ProposedOperation[] = []
  for (const one of operations) {
    const id = idOf(one)
    const version = latest.get(id)
    // Of a binding that is to be made again nothing has the id yet.
    const isBinding = one.operation === 'createRoleBinding'
    const action = isBinding ? 'role:read' : version && kindOfNoun[version.kind]?.read
    const place = isBinding
      ? await standingOf(context, String(one.input.node))
      : version && (await placeOfObject(context, id, version))
    if ((await permitter(context, action ?? 'history:read'))(place ?? everywhere)) shown.push(one)
  }
  return { operations: shown, left, isWhole: shown.length === operations.length }
}
export const getDescribedChange = async (context: ReadContext, id: string): Promise<DescribedChange> =>
  describeChange(context, await getChange(context, id))

/** What is hidden is as if it were not there (I8); that not all is told is. */
async function withVisibleImpact(
  context: ReadContext,
  requests: readonly ChangeRequest[],
): Promise<readonly ChangeRequest[]> {
  const maySee = await permitter(context, 'allocation:read')
  const nodes = [...new Set(requests.map(({ node }) => node))]
  // Whether all is told must not tell whether those who are hidden have something: it is asked of all that the request can be about.
  const seen = await Promise.all(nodes.map((node) => mayThroughout(context, 'allocation:read', node)))
  const seesAll = new Set(nodes.filter((_, index) => seen[index]))
  const shown: ChangeRequest[] = []
  const ofRequests = await seenRequests(context)
  for (const { impact, ...request } of requests) {
    const visible = impact && visiblePart(impact, maySee)
    const asked = visible?.requests
    const told = visible && {
      ...visible,
      ...(seesAll.has(request.node) ? {} : { isWhole: false }),
      ...(asked ? { requests: await ofRequests(asked) } : {}),
    }
    shown.push(told ? { ...request, impact: told } : request)
  }
  return shown
}

function visiblePart(impact: ChangeImpact, maySee: (account: string) => boolean): ChangeImpact {
  const groups = impact.groups.filter(({ account }) => maySee(account))
  const { accounts = {} } = impact
  const seen = Object.keys(accounts).filter(maySee)
  if (groups.length === impact.groups.length && seen.length === Object.keys(accounts).length) return impact
  const sum = (of: 'noncompliant' | 'compliant'): number => groups.reduce((total, group) => total + group[of], 0)
  return {
    ...impact,
    evaluated: seen.reduce((total, account) => total + accounts[account]!, 0),
    groups,
    samples: impact.samples.filter(({ account }) => maySee(account)),
    noncompliant: sum('noncompliant'),
    compliant: sum('compliant'),
    isWhole: false,
  }
}
