// Following the record for findings, as the job of a server does it.
import assert from 'node:assert/strict'
import { isBehind, type Pace, type Turn, takeTurn, type Worker } from '#operations/finding/follow.ts'
import { ScanTurns } from '#operations/finding/scan-turns.ts'
import type { Store } from '#store/store.ts'

const usualTurns = 2_000

/** Nobody else asks for anything. */
export const alone: Pace = { step: (work) => work(), isCrowded: () => false, hearsOthers() {} }

/** One turn of a server that has none behind it. */
export const turnOf = (store: Store, id: string): Promise<Turn> =>
  takeTurn(store, { id, turns: new ScanTurns() }, alone)

/** Until nothing is left to do; answers how much was looked at. */
export async function followAll(
  store: Store,
  { id }: Pick<Worker, 'id'> = { id: 'of this test' },
  turnsMax = usualTurns,
): Promise<number> {
  const worker = { id, turns: new ScanTurns() }
  let looked = 0
  for (let turn = 0; await store.read((tx) => isBehind(tx, worker)); turn++) {
    looked += (await takeTurn(store, worker, alone)).looked
    assert(turn < turnsMax, 'it comes to its end')
  }
  return looked
}
