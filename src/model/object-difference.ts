// What is different between two states of an object, member by member.

/** A member that has changed. Absent: it was not there. */
export interface MemberDifference {
  readonly member: string
  readonly before?: unknown
  readonly after?: unknown
}

type State = Readonly<Record<string, unknown>>

/**
 * The members of which the two states differ, in the order of their names; all of them where the object was made or has
 * ended, which is told by the other state being undefined.
 */
export function differenceOf(before: State | undefined, after: State | undefined): MemberDifference[] {
  const members = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])
  return [...members]
    .filter((member) => !isSame(before?.[member], after?.[member]))
    .sort()
    .map((member) => ({
      member,
      ...(isThere(before?.[member]) ? { before: before![member] } : {}),
      ...(isThere(after?.[member]) ? { after: after![member] } : {}),
    }))
}

/** In a state of the history a member that is null says that there is none. */
const isThere = (value: unknown): boolean => value !== undefined && value !== null
const isSame = (one: unknown, other: unknown): boolean =>
  isThere(one) || isThere(other) ? JSON.stringify(inOrder(one)) === JSON.stringify(inOrder(other)) : true

/** With the members of objects in the order of their names: in which they were written says nothing. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, member]) => [name, inOrder(member)]),
  )
}
