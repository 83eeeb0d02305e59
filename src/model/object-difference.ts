// What is different between two states of an object, member by member.
import { orderedJson } from './ordered-json.ts'

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
  isThere(one) || isThere(other) ? orderedJson(one) === orderedJson(other) : true
