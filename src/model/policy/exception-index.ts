// The exceptions of a snapshot, and which of them speak of a request (policy-model §7).
import { joinKey } from '../key.ts'
import { type Changes, type Collection, Overlaid } from '../overlaid.ts'
import { exchanged, lowerBound } from '../sorted.ts'
import { eachInSteps, type Steps } from '../steps.ts'
import { nameKey } from '../tags.ts'
import { type ExceptionFacts, isInForce } from './exception.ts'

/** In the order of their ends; of one moment, in that of their ids. */
type ByEnd = readonly ExceptionFacts[]
interface OfTarget {
  /** By locale and resource type. */
  readonly byPair: ReadonlyMap<string, ByEnd>
  /** By each pool that they grant. */
  readonly byPool: ReadonlyMap<string, ByEnd>
}
interface Parts {
  readonly byId: Overlaid<string, ExceptionFacts>
  readonly byEnd: ByEnd
  /** Ascending. */
  readonly starts: readonly number[]
  readonly byTarget: Overlaid<string, OfTarget>
  /** How many ask for the resource's name. */
  readonly withResource: number
}

/**
 * All exceptions of a snapshot, by where and for what they hold, and there in the order of their ends: those that are over
 * stand together, so that a decision need not look at them one by one, however many there were.
 */
export class ExceptionIndex implements Collection<ExceptionFacts, ExceptionIndex> {
  readonly #parts: Parts

  private constructor(parts: Parts) {
    this.#parts = parts
  }
  static *collect(byId: ReadonlyMap<string, ExceptionFacts>): Steps<ExceptionIndex> {
    const byEnd = [...byId.values()].sort(inOrderOfEnds)
    yield
    const starts = byEnd.map(({ startsAt }) => startsAt).sort(ascending)
    const targets = new Map<string, ExceptionFacts[]>()
    yield* eachInSteps(byEnd, (exception) => {
      const own = targets.get(exception.target)
      if (own) own.push(exception)
      else targets.set(exception.target, [exception])
    })
    const byTarget = new Map<string, OfTarget>()
    let withResource = 0
    for (const [target, own] of targets) {
      byTarget.set(target, ofTarget(own))
      withResource += countWithResource(own)
      yield
    }
    return new ExceptionIndex({
      byId: new Overlaid(byId),
      byEnd,
      starts,
      byTarget: new Overlaid(byTarget),
      withResource,
    })
  }

  get overlaid(): number {
    return this.#parts.byId.overlaid
  }
  get size(): number {
    return this.#parts.byEnd.length
  }
  get readsResource(): boolean {
    return this.#parts.withResource > 0
  }
  with(changed: Changes<string, ExceptionFacts>): ExceptionIndex {
    const { byId, byEnd, starts, byTarget, withResource } = this.#parts
    const added = [...changed.values()].filter((exception) => exception !== undefined)
    const former = [...changed.keys()].map((id) => byId.get(id)).filter((exception) => exception !== undefined)
    const targets = new Map<string, OfTarget | undefined>()
    for (const target of new Set([...added, ...former].map((exception) => exception.target))) {
      const isOwn = (exception: ExceptionFacts) => exception.target === target
      targets.set(target, changedTarget(byTarget.get(target), former.filter(isOwn), added.filter(isOwn)))
    }
    const startOf = ({ startsAt }: ExceptionFacts) => startsAt
    return new ExceptionIndex({
      byId: byId.with(changed),
      byEnd: exchanged(byEnd, { former, added }, inOrderOfEnds),
      starts: exchanged(starts, { former: former.map(startOf), added: added.map(startOf) }, ascending),
      byTarget: byTarget.with(targets),
      withResource: withResource - countWithResource(former) + countWithResource(added),
    })
  }
  get(id: string): ExceptionFacts | undefined {
    return this.#parts.byId.get(id)
  }
  at(node: string): OfTarget | undefined {
    return this.#parts.byTarget.get(node)
  }
  values(): MapIterator<ExceptionFacts> {
    return this.#parts.byId.values()
  }
  [Symbol.iterator](): MapIterator<[string, ExceptionFacts]> {
    return this.#parts.byId.entries()
  }

  /** How many times one has started or ended by then: the same number, the same exceptions in force. */
  periodAt(now: number): number {
    const { byEnd, starts } = this.#parts
    return lowerBound(starts, (startsAt) => startsAt > now) + countOver(byEnd, now)
  }
  /** Those that were over at a moment, or of those that were over at another one all but the latest. */
  forgettable({ endedBy, now, latestMax }: Record<'endedBy' | 'now' | 'latestMax', number>): readonly ExceptionFacts[] {
    const { byEnd } = this.#parts
    return byEnd.slice(0, Math.max(countOver(byEnd, endedBy), countOver(byEnd, now) - latestMax))
  }
}

/** Those of one target, given in the order of their ends. */
function ofTarget(own: ByEnd): OfTarget {
  const byPool = new Map<string, ExceptionFacts[]>()
  for (const exception of own) {
    for (const pool of exception.grants.pools) {
      const granting = byPool.get(pool) ?? []
      byPool.set(pool, granting)
      granting.push(exception)
    }
  }
  return { byPair: Map.groupBy(own, keyOfPair), byPool }
}

/** The same without some that are there, and with others: what these say nothing of is shared. Undefined where nothing is left. */
function changedTarget(before: OfTarget | undefined, former: ByEnd, added: ByEnd): OfTarget | undefined {
  const byPair = changedLists(before?.byPair, { former, added }, (exception) => [keyOfPair(exception)])
  if (byPair.size === 0) return undefined
  return { byPair, byPool: changedLists(before?.byPool, { former, added }, ({ grants }) => grants.pools) }
}
function changedLists(
  before: ReadonlyMap<string, ByEnd> = new Map(),
  { former, added }: { readonly former: ByEnd; readonly added: ByEnd },
  keysOf: (exception: ExceptionFacts) => readonly string[],
): ReadonlyMap<string, ByEnd> {
  const lists = new Map(before)
  for (const key of new Set([...former, ...added].flatMap(keysOf))) {
    const has = (exception: ExceptionFacts) => keysOf(exception).includes(key)
    const changes = { former: former.filter(has), added: added.filter(has) }
    const list = exchanged(before.get(key) ?? [], changes, inOrderOfEnds)
    if (list.length === 0) lists.delete(key)
    else lists.set(key, list)
  }
  return lists
}

const countWithResource = (some: readonly ExceptionFacts[]): number =>
  some.filter(({ resource }) => resource !== undefined).length

const ascending = (a: number, b: number): number => a - b
const inOrderOfIds = (a: ExceptionFacts, b: ExceptionFacts): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
const inOrderOfEnds = (a: ExceptionFacts, b: ExceptionFacts): number => a.expiresAt - b.expiresAt || inOrderOfIds(a, b)

interface Pair {
  readonly locale: string
  readonly resourceType: string
}
const keyOfPair = ({ locale, resourceType }: Pair): string => joinKey(locale, resourceType)

/** How many of them are over: all that stand before the first one that is not. */
const countOver = (list: ByEnd, now: number): number => lowerBound(list, ({ expiresAt }) => expiresAt > now)

interface Speaker extends Pair {
  readonly resource?: string
  readonly tags?: ReadonlyMap<string, string>
}

/** What a resource is called where it is asked for: its id elsewhere, and its tag `Name`, which is all that one of EC2 has. */
export const namesAsked = ({ resource, tags }: Pick<Speaker, 'resource' | 'tags'>): readonly string[] =>
  [resource, tags?.get(nameKey)].filter((name) => name !== undefined)

/**
 * Of those that are over, only the latest are looked at, on each node: they can only tell why something is denied by now.
 * How many there were before must not make a decision slower.
 */
export const overSeenMax = 5

export interface Speaking {
  /** Those of the account first, those of the root last. */
  readonly inForce: readonly ExceptionFacts[]
  /** Those that are not yet in force, and the latest of those that are over. */
  readonly others: readonly ExceptionFacts[]
}

/** Those that speak of a request. */
export function exceptionsFor(
  exceptions: ExceptionIndex,
  path: readonly string[],
  asked: Speaker,
  now: number,
): Speaking {
  const inForce: ExceptionFacts[] = []
  const others: ExceptionFacts[] = []
  if (exceptions.size === 0) return { inForce, others }
  const names = namesAsked(asked)
  for (const node of path.toReversed()) {
    const list = exceptions.at(node)?.byPair.get(keyOfPair(asked))
    if (!list) continue
    const over = countOver(list, now)
    const latest = list.slice(Math.max(0, over - overSeenMax), over)
    for (const exception of [...list.slice(over).sort(inOrderOfIds), ...latest.reverse()]) {
      const { resource } = exception
      if (resource !== undefined && !names.some((name) => matchesPattern(resource, name))) continue
      if (isInForce(exception, now)) inForce.push(exception)
      else others.push(exception)
    }
  }
  return { inForce, others }
}

/** Those on the path that speak of a pair and are in force, or will be: of the account first, of the root last. */
export const exceptionsNotOver = (
  exceptions: ExceptionIndex,
  path: readonly string[],
  pair: Pair,
  now: number,
): readonly ExceptionFacts[] =>
  path.toReversed().flatMap((node) => {
    const list = exceptions.at(node)?.byPair.get(keyOfPair(pair)) ?? []
    return list.slice(countOver(list, now)).sort(inOrderOfIds)
  })

/** Whether an exception in force on the path grants the pool, whatever for. */
export const isPoolExcepted = (
  exceptions: ExceptionIndex,
  path: readonly string[],
  pool: string,
  now: number,
): boolean =>
  path.some((node) => {
    const list = exceptions.at(node)?.byPool.get(pool) ?? []
    // Where it counts by being shared, it is by that alone that it is known.
    const isLeave = (exception: ExceptionFacts): boolean => !exception.sharedPools?.includes(pool)
    return list.slice(countOver(list, now)).some((exception) => isLeave(exception) && isInForce(exception, now))
  })

/** The pools that exceptions in force for a node grant. */
export const poolsExceptedAt = (exceptions: ExceptionIndex, node: string, now: number): readonly string[] =>
  [...(exceptions.at(node)?.byPool.keys() ?? [])].filter((pool) => isPoolExcepted(exceptions, [node], pool, now))

/** `*` stands for any text. Greedy with one point to come back to: at worst the product of both lengths. */
export function matchesPattern(pattern: string, text: string): boolean {
  let at = 0
  let inPattern = 0
  let star = -1
  let resumeAt = 0
  while (at < text.length) {
    if (pattern[inPattern] === '*') {
      star = inPattern++
      resumeAt = at
    } else if (pattern[inPattern] === text[at]) {
      inPattern++
      at++
    } else if (star >= 0) {
      inPattern = star + 1
      at = ++resumeAt
    } else return false
  }
  while (pattern[inPattern] === '*') inPattern++
  return inPattern === pattern.length
}
