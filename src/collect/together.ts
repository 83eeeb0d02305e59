// Several listings at once, so many and no more, each as fast as whoever reads them.

type Task<T> = () => AsyncGenerator<T>
type Step<T> =
  | { readonly from: AsyncGenerator<T>; readonly result: IteratorResult<T> }
  | { readonly task: IteratorResult<Task<T>> }

/** What all tasks yield, in the order in which it comes. Of each that runs one value is waiting at most. The first that throws ends the others. */
export async function* together<T>(tasks: AsyncGenerator<Task<T>>, atOnce: number): AsyncGenerator<T> {
  const running = new Map<AsyncGenerator<T>, Promise<Step<T>>>()
  let coming: Promise<Step<T>> | undefined
  let isMore = true
  const advance = (from: AsyncGenerator<T>): void =>
    void running.set(
      from,
      from.next().then((result) => ({ from, result })),
    )
  try {
    for (;;) {
      if (isMore && running.size < atOnce) coming ??= tasks.next().then((task) => ({ task }))
      const waiting = [...(coming ? [coming] : []), ...running.values()]
      if (waiting.length === 0) return
      const step = await Promise.race(waiting)
      if ('task' in step) {
        coming = undefined
        if (step.task.done) isMore = false
        else advance(step.task.value())
      } else {
        // Behind the others: of those that are ready the first one is taken, and none may keep the others from their turn.
        running.delete(step.from)
        if (step.result.done) continue
        advance(step.from)
        yield step.result.value
      }
    }
  } finally {
    // Each closes what it has opened, whatever ended it.
    await Promise.allSettled([...running.keys(), tasks].map((one) => one.return(undefined)))
  }
}
