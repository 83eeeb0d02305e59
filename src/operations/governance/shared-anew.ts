// Whom a change gives pools to, or takes them from: all that is there can take space otherwise, whatever has any so far.
import { kindOf } from '#model/identifier.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Subject } from '#store/subjects.ts'

/** Nodes that a pool is shared with on one side of the change alone; within the transaction that has made it. */
export async function sharedAnew(tx: ReadTransaction, subjects: readonly Subject[]): Promise<readonly string[]> {
  const pools = subjects.filter(({ id, after }) => kindOf(id) === 'pool' && after !== undefined)
  const asked = pools.flatMap(({ id, before, after }) =>
    [before, after].flatMap((version) => (version === undefined ? [] : [[id, version] as const])),
  )
  if (asked.length === 0) return []
  const versions = await tx.history.findVersions(asked)
  const sharedAt = (id: string, version: number | undefined): readonly string[] => {
    const found = versions.get(`${id}/${version}`)
    return (found && (tx.history.bodyOf(found).sharedWith as readonly string[] | undefined)) ?? []
  }
  const nodes = new Set<string>()
  for (const { id, before, after } of pools) {
    const [was, is] = [sharedAt(id, before), sharedAt(id, after)]
    for (const node of [...was, ...is]) if (!was.includes(node) || !is.includes(node)) nodes.add(node)
  }
  return [...nodes]
}
