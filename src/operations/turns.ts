// Long work of the model, run so that other requests have their turn in between.
import type { Steps } from '#model/steps.ts'
import type { ReadTransaction } from '#store/store.ts'

/** Others have their turn after each step. What the work reads must be of this transaction, or never change. */
export async function inTurns<T>(tx: Pick<ReadTransaction, 'nextTurn'>, steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    await tx.nextTurn()
  }
}
