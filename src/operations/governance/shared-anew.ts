// Whom a change gives pools to, or takes them from: all that is there can take space otherwise, whatever has any so far.
import { kindOf } from '#model/identifier.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Subject } from '#store/subjects.ts'
import type { HistoryBody } from '#store/tables/history.ts'
import { changedObjects } from './changed-objects.ts'

/** Nodes that a pool is shared with on one side of the change alone; within the transaction that has made it. */
export async function sharedAnew(tx: ReadTransaction, subjects: readonly Subject[]): Promise<readonly string[]> {
  const pools = subjects.filter(({ id, after }) => kindOf(id) === 'pool' && after !== undefined)
  const nodes = new Set<string>()
  for (const changed of await changedObjects(tx, pools)) {
    const [was, is] = [nodesOf(changed.was), nodesOf(changed.is)]
    for (const node of [...was, ...is]) if (!was.includes(node) || !is.includes(node)) nodes.add(node)
  }
  return [...nodes]
}
const nodesOf = (body: HistoryBody | undefined) => (body?.sharedWith as readonly string[] | undefined) ?? []
