// Where objects live, and lived, for whoever may read their history: not where those were at home who made them.
import { kindOfNoun, kinds } from '#model/kinds.ts'
import { isAccountId } from '#model/organization.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { type Action, everywhere } from '#model/roles.ts'
import { isOfAccount } from '#model/token.ts'
import type { HistoryVersion } from '#store/tables/history.ts'
import { accessOn, type Place, permitter } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'

/** Units above a unit that is gone: the tree is no deeper. */
const depthMax = 20
/**
 * Moves of one account that are looked at for the units that it was in, the latest. Other changes of it count for nothing here: they
 * would cost whoever administers it one request each.
 */
const movesMax = 100_000

/**
 * The node at which an object's history may be read: where its kind says that one is; of a token of a person, or of what the operator
 * made, the top. Where a unit is gone, the nearest node above it that stands.
 */
export async function placeOfObject(context: ReadContext, id: string, version: HistoryVersion): Promise<string> {
  return (await standingAt(context, await nodeOf(context, id, version))) ?? version.account
}

/** Where what was at a node is to be looked at: the node, or where it is gone the nearest above it that stands. */
export const standingOf = async (context: ReadContext, node: string): Promise<string> =>
  (await standingAt(context, node)) ?? node

/** The same of many, by the nodes: of those that are gone, the units above are looked up level by level. */
export async function standingOfMany(
  context: ReadContext,
  nodes: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const isStanding = await standingTest(context)
  const found = new Map<string, string>()
  let left = new Map([...new Set(nodes)].map((node) => [node, node]))
  for (let depth = 0; left.size > 0 && depth < depthMax; depth++) {
    const gone = [...left].filter(([, at]) => !isStanding(at))
    for (const [node, at] of left) if (isStanding(at)) found.set(node, at)
    const units = await context.tx.history.findLatest(gone.map(([, at]) => at))
    left = new Map(
      gone.flatMap(([node, at]) => {
        const unit = units.get(at)
        const above = unit && (context.tx.history.bodyOf(unit).parentId as string | undefined)
        if (above === undefined) found.set(node, node)
        return above === undefined ? [] : [[node, above] as const]
      }),
    )
  }
  for (const node of left.keys()) found.set(node, node)
  return found
}

async function standingTest(context: ReadContext): Promise<(node: string) => boolean> {
  const { nodes } = await context.snapshot()
  return (node) => isAccountId(node) || node === everywhere || nodes.has(node)
}

/** The node itself where it stands, else the nearest above it; undefined where nothing is known of it. */
async function standingAt(context: ReadContext, named: string | undefined): Promise<string | undefined> {
  const isStanding = await standingTest(context)
  let node = named
  for (let depth = 0; node !== undefined && !isStanding(node); depth++) {
    if (depth === depthMax) return undefined
    const unit = await context.tx.history.latest(node)
    node = unit && (context.tx.history.bodyOf(unit).parentId as string | undefined)
  }
  return node
}

async function nodeOf(context: ReadContext, id: string, version: HistoryVersion): Promise<string> {
  const { kind, account } = version
  const { place } = kindOfNoun[kind] ?? {}
  if (place === 'itself') return id
  if (place === undefined && kind !== kinds.apiToken.noun) return account
  const body = context.tx.history.bodyOf(version)
  if (place !== undefined) return body[place] as string
  return isOfAccount(body as unknown as RememberedToken) ? account : topOf(context)
}

type RememberedToken = Parameters<typeof isOfAccount>[0]
/** The root; `*` where there is no organization. */
export async function topOf(context: ReadContext): Promise<string> {
  const snapshot = await context.snapshot()
  // All nodes are of one tree.
  const [first] = snapshot.nodes.keys()
  return first === undefined ? everywhere : pathOf(snapshot, first)[0]!
}

/** Where an account was from one moment to another. */
interface Stay {
  readonly unit: string
  readonly from: number
  readonly until: number
}

/** Whether the caller may do something at a node as it is now, or was somewhere between two moments. */
export type PermittedThen = (node: string, from: number, until?: number) => Promise<boolean>

/**
 * The same as `permitter`, and besides for what was in a unit of the caller's at the time: an account that has moved away
 * takes along what comes, and not what was.
 */
export async function permitterThen(context: ReadContext, action: Action): Promise<PermittedThen> {
  const find = await finderThen(context, action)
  return async (node, from, until) => (await find(node, from, until)) !== undefined
}

/** The place to ask for what was at a node at a moment: the node, or where it was then if that is what permits it. */
export async function placeThen(context: ReadContext, action: Action, place: Place, from: number, until?: number) {
  const find = await finderThen(context, action)
  return { ...place, node: (await find(place.node, from, until)) ?? place.node }
}

/** Answers the node that permits it, of a node as it is now or was somewhere between two moments. */
export type FindThen = (node: string, from: number, until?: number) => Promise<string | undefined>

/**
 * Tells up to which moment the caller knows of what was at a node between two moments: for good where it is permitted there now, and
 * else until the account left the unit of the caller's for the last time then; undefined where it is permitted nowhere. What
 * came to an end after that moment is told as if it were not over (invariant I8).
 */
export async function knowerThen(
  context: ReadContext,
  action: Action,
): Promise<(node: string, from: number, until?: number) => Promise<number | undefined>> {
  const see = await seerThen(context, action)
  return async (node, from, until) => (await see(node, from, until))?.until
}

/** Finds the node that permits it. */
export async function finderThen(context: ReadContext, action: Action): Promise<FindThen> {
  const see = await seerThen(context, action)
  return async (node, from, until) => (await see(node, from, until))?.node
}

interface Seen {
  /** That permits it. */
  readonly node: string
  /** When the account left it; `Infinity` where that is now. */
  readonly until: number
}
/**
 * Finds the node that permits it: the node itself, or the unit that it was in; undefined where none does. A former unit permits it
 * as if the account stood there still: what is forbidden at the account holds for its record too, and its present place has
 * answered already.
 */
async function seerThen(
  context: ReadContext,
  action: Action,
): Promise<(node: string, from: number, until?: number) => Promise<Seen | undefined>> {
  const isPermitted = await permitter(context, action)
  const snapshot = await context.snapshot()
  const { nodes } = snapshot
  let hasUnits = false
  for (const { id, kind } of nodes.values()) {
    hasUnits = kind !== 'account' && isPermitted(id)
    if (hasUnits) break
  }
  const known = new Map<string, Promise<readonly Stay[]>>()
  const staysOf = (account: string): Promise<readonly Stay[]> => {
    const stays = known.get(account) ?? findStays(context, account)
    known.set(account, stays)
    return stays
  }
  return async (node, from, until = from + 1) => {
    if (isPermitted(node)) return { node, until: Infinity }
    if (!hasUnits || !isAccountId(node)) return undefined
    const mayIn = (unit: string): boolean =>
      isPermitted(unit) && accessOn(snapshot, context, action, node, [...pathOf(snapshot, unit), node]).isPermitted
    const stays = await staysOf(node)
    // The latest of them is the first.
    const stay = stays.find((stay) => stay.from < until && stay.until > from && mayIn(stay.unit))
    return stay && { node: stay.unit, until: stay.until }
  }
}

/** The units that an account was in, or what stands above them by now. */
async function findStays(context: ReadContext, account: string): Promise<readonly Stay[]> {
  const stays: Stay[] = []
  const standing = new Map<string, string | undefined>()
  let until = Infinity
  for (const { from, unit: named } of await context.tx.history.movesOf(account, movesMax)) {
    if (!standing.has(named)) standing.set(named, named === '' ? undefined : await standingAt(context, named))
    const unit = standing.get(named)
    if (unit !== undefined) stays.push({ unit, from, until })
    until = from
  }
  return stays
}
