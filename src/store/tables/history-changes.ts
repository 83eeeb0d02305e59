// What a version of a large object keeps where another one stands before it: what has changed of its tags and parts, and all else as it is. So one
// rule of a security group with 500 costs what a rule does, and not what the group does. From time to time all of it is kept again.

type Body = Readonly<Record<string, unknown>>
type Item = Readonly<Record<string, unknown>>

/** Shorter ones are kept whole each time. */
export const wholeLengthMax = 2_048
/** Versions that say what has changed, behind one that says all: so many are read for one, and no more than are as long as that one. */
export const changesBehindWholeMax = 100

/** What has changed of a member: what there is otherwise or more now, and what is there no longer, by its key. */
interface Change<T> {
  readonly put: T
  readonly gone: readonly string[]
}
/** What has changed since the version before; of a member that is not here, nothing has. */
export interface Changes {
  readonly tags?: Change<Readonly<Record<string, string>>>
  readonly parts?: Readonly<Record<string, Change<readonly Item[]>>>
}
/** Where it stands in what is kept. It says behind which version that says all: hashes of versions hold that, too. */
const member = 'changedSince'
interface Kept extends Changes {
  readonly version: number
}

/** Members of these kinds that are lists of parts, each with an id or a key, in the order of these. */
const partMembers = ['routes', 'rules', 'entries', 'associations'] as const
const kindsWithParts: ReadonlySet<string> = new Set(['route-table', 'security-group', 'network-acl'])
const partMembersOf = (kind: string): readonly string[] => (kindsWithParts.has(kind) ? partMembers : [])

const keyOf = ({ id, key }: Item): string | undefined => (id ?? key) as string | undefined
const inOrder = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number =>
  one < other ? -1 : one > other ? 1 : 0
const isRecord = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is kept of a body: all of it but tags and parts, and of these what has changed since a version that says all. */
export function changedText(kind: string, body: Body, version: number, changes: Changes): string {
  const apart = new Set(['tags', ...partMembersOf(kind)])
  const rest = Object.entries(body).filter(([name]) => !apart.has(name))
  const kept: Kept = { version, ...changes }
  return JSON.stringify({ ...Object.fromEntries(rest), [member]: kept })
}

/** What has changed of tags. */
export function changedTags(before: Body, after: Body): Changes['tags'] {
  const put = Object.entries(after).filter(([key, value]) => !Object.hasOwn(before, key) || before[key] !== value)
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key))
  return put.length + gone.length === 0 ? undefined : { put: Object.fromEntries(put) as Record<string, string>, gone }
}

/** What has changed from one body to another; undefined where that cannot be said by keys. */
export function changesBetween(kind: string, before: Body, after: Body): Changes | undefined {
  if (isRecord(before.tags) !== isRecord(after.tags)) return undefined
  const parts: Record<string, Change<readonly Item[]>> = {}
  for (const name of partMembersOf(kind)) {
    const [were, are] = [itemsIn(before[name]), itemsIn(after[name])]
    if (!were || !are) return undefined
    const put = [...are].filter(([key, item]) => JSON.stringify(item) !== JSON.stringify(were.get(key)))
    const gone = [...were.keys()].filter((key) => !are.has(key))
    if (put.length + gone.length > 0) parts[name] = { put: put.map(([, item]) => item), gone }
  }
  const tags = isRecord(before.tags) && isRecord(after.tags) ? changedTags(before.tags, after.tags) : undefined
  return { ...(tags && { tags }), ...(Object.keys(parts).length > 0 && { parts }) }
}
function itemsIn(list: unknown): Map<string, Item> | undefined {
  const items = new Map<string, Item>()
  for (const item of (list ?? []) as readonly Item[]) {
    const key = keyOf(item)
    if (key === undefined || items.has(key)) return undefined
    items.set(key, item)
  }
  return items
}

/** What the last of some versions says as a whole: the first says all, each other one what has changed since that before it. */
export function withChanges(kind: string, whole: Body, kept: readonly string[]): Body {
  let said = whole
  const tags = isRecord(whole.tags) ? new Map(Object.entries(whole.tags)) : undefined
  const parts = new Map(partMembersOf(kind).map((name) => [name, itemsIn(whole[name]) ?? new Map<string, Item>()]))
  for (const text of kept) {
    const { [member]: changes, ...rest } = JSON.parse(text) as Body & { readonly [member]: Kept }
    said = rest
    for (const key of changes.tags?.gone ?? []) tags?.delete(key)
    for (const [key, value] of Object.entries(changes.tags?.put ?? {})) tags?.set(key, value)
    for (const [name, { put, gone }] of Object.entries(changes.parts ?? {})) {
      for (const key of gone) parts.get(name)?.delete(key)
      for (const item of put) parts.get(name)?.set(keyOf(item)!, item)
    }
  }
  const lists = [...parts].flatMap(([name, items]) =>
    items.size === 0 ? [] : [[name, [...items].sort(inOrder).map(([, item]) => item)] as const],
  )
  return { ...said, ...Object.fromEntries(lists), ...(tags && { tags: Object.fromEntries([...tags].sort(inOrder)) }) }
}
