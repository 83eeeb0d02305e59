// Lists that stand in an order, and copies of them with a little changed.

/** The place of the first for which it holds, where it holds for all after that one. */
export function lowerBound<T>(list: readonly T[], holds: (item: T) => boolean): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(list[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}

/** A copy of a list in an order without some that are there, and with others. */
export function exchanged<T>(
  list: readonly T[],
  { former, added }: { readonly former: readonly T[]; readonly added: readonly T[] },
  compare: (a: T, b: T) => number,
): readonly T[] {
  const copy = [...list]
  for (const one of former)
    copy.splice(
      lowerBound(copy, (other) => compare(other, one) >= 0),
      1,
    )
  for (const one of added)
    copy.splice(
      lowerBound(copy, (other) => compare(other, one) >= 0),
      0,
      one,
    )
  return copy
}
