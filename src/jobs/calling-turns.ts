// Who is called next: the places for calls are few, and whoever has much to tell to slow targets is one among others.
import { accountableOf } from '#model/principal.ts'
import type { DueDelivery } from '#operations/notification/delivering.ts'

/** Targets that are called at the same time, of all. */
export const callsAtOnceMax = 64
/** Of these, so many are for what those of the top have set. */
export const callsReserve = 16
export const callsOfNodeMax = 4
/** Below one unit at the top, with all that is below it; those of the top have not set it. */
export const callsPerTopUnitMax = 16
/** Of one who sets subscriptions, with services of theirs, and is none of the top. */
export const callsOfSetterMax = 12
/** Of whose turns are kept: who is forgotten is next. */
const turnsKept = 10_000

/** For whom something is told, as far as others wait for it. */
export type Called = Pick<DueDelivery, 'subscription' | 'unit' | 'isAtTop'>

/** Names of units, of setters and of subscriptions are never alike. */
const groupOf = ({ unit, isAtTop }: Called): string => (isAtTop ? 'top' : unit)
const setterOf = ({ subscription }: Called): string => accountableOf(subscription.setBy)

/** When units, setters and subscriptions have had their turn. It is only remembered: a server that begins gives all of them the first one. */
export class CallingTurns {
  readonly #last = new Map<string, number>()
  #turn = 0

  /**
   * The one that is called next, if there is a place for any: of the unit that is called least and has waited longest, of it the
   * setter likewise, and of theirs the subscription that has waited longest.
   */
  next<Due extends Called>(due: readonly Due[], running: readonly Called[]): Due | undefined {
    if (running.length >= callsAtOnceMax) return undefined
    const units = countBy(running, groupOf)
    const setters = countBy(running, setterOf)
    const nodes = countBy(running, ({ subscription }) => subscription.node)
    const ofParts = running.filter(({ isAtTop }) => !isAtTop).length
    const mayBegin = (one: Due): boolean =>
      count(nodes, one.subscription.node) < callsOfNodeMax &&
      (one.isAtTop ||
        (ofParts < callsAtOnceMax - callsReserve &&
          count(units, groupOf(one)) < callsPerTopUnitMax &&
          count(setters, setterOf(one)) < callsOfSetterMax))
    const rank = (one: Due): readonly number[] => [
      count(units, groupOf(one)),
      this.#lastOf(groupOf(one)),
      count(setters, setterOf(one)),
      this.#lastOf(setterOf(one)),
      this.#lastOf(one.subscription.id),
    ]
    let first: { readonly one: Due; readonly rank: readonly number[] } | undefined
    for (const one of due) {
      if (!mayBegin(one)) continue
      const its = rank(one)
      if (!first || isBefore(its, first.rank)) first = { one, rank: its }
    }
    return first?.one
  }
  /** That one is called now. */
  began(one: Called): void {
    this.#turn++
    for (const key of [groupOf(one), setterOf(one), one.subscription.id]) {
      // Behind all others, so that those before it are forgotten first.
      this.#last.delete(key)
      this.#last.set(key, this.#turn)
    }
    for (const key of this.#last.keys()) {
      if (this.#last.size <= turnsKept) break
      this.#last.delete(key)
    }
  }
  #lastOf(key: string): number {
    return this.#last.get(key) ?? 0
  }
}

function countBy(running: readonly Called[], keyOf: (one: Called) => string): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const one of running) found.set(keyOf(one), (found.get(keyOf(one)) ?? 0) + 1)
  return found
}
const count = (counts: ReadonlyMap<string, number>, key: string): number => counts.get(key) ?? 0
/** The first number in which they differ says it; of equals, the first that is found goes on. */
function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, index) => value !== b[index])
  return at >= 0 && a[at]! < b[at]!
}
