// Long work in steps, so that whoever runs it can let others have their turn in between; what comes of it is the same.

/** Yields after each step of a millisecond or so. */
export type Steps<T> = Generator<undefined, T>

const itemsPerStep = 1_000

/** All of it at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Does something with each item. */
export function* eachInSteps<T>(items: Iterable<T>, take: (item: T) => void): Steps<void> {
  let taken = 0
  for (const item of items) {
    take(item)
    if (++taken % itemsPerStep === 0) yield
  }
}

/** Where several have the same key, the last one is found. */
export function* indexInSteps<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Steps<Map<K, T>> {
  const index = new Map<K, T>()
  yield* eachInSteps(items, (item) => index.set(keyOf(item), item))
  return index
}

/** As `Map.groupBy`. */
export function* groupInSteps<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Steps<Map<K, T[]>> {
  const groups = new Map<K, T[]>()
  yield* eachInSteps(items, (item) => {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  })
  return groups
}
