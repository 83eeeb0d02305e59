// Following the record for findings, as the job of a server does it.
import assert from 'node:assert/strict'
import { isBehind, takeTurn, type Worker } from '#operations/finding/follow.ts'
import type { Store } from '#store/store.ts'

const usualTurns = 2_000

/** Until nothing is left to do; answers how much was looked at. */
export async function followAll(
  store: Store,
  worker: Worker = { id: 'of this test' },
  turnsMax = usualTurns,
): Promise<number> {
  let looked = 0
  for (let turn = 0; await store.read((tx) => isBehind(tx, worker)); turn++) {
    looked += (await takeTurn(store, worker)).looked
    assert(turn < turnsMax, 'it comes to its end')
  }
  return looked
}
