// What a change has made of objects: each as it was before, and as it is.
import type { ReadTransaction } from '#store/store.ts'
import type { Subject } from '#store/subjects.ts'
import type { HistoryBody } from '#store/tables/history.ts'

/** An object of a change, as it is on record before and after it; undefined where it is not there. */
export interface ChangedObject {
  readonly id: string
  readonly kind: string | undefined
  readonly was: HistoryBody | undefined
  readonly is: HistoryBody | undefined
  /** It is named, and has no version of its own. */
  readonly isNamedOnly: boolean
}
/** Of what a transaction has changed, in the order in which it did. */
export async function changedObjects(
  tx: ReadTransaction,
  subjects: readonly Subject[],
): Promise<readonly ChangedObject[]> {
  const versions = await tx.history.findVersions(
    subjects.flatMap(({ id, before, after }) =>
      [before, after].flatMap((version) => (version === undefined ? [] : [[id, version] as const])),
    ),
  )
  const bodyOf = (id: string, version: number | undefined): HistoryBody | undefined => {
    const found = version === undefined ? undefined : versions.get(`${id}/${version}`)
    return found && tx.history.bodyOf(found)
  }
  return subjects.map(({ id, before, after }) => ({
    id,
    kind: versions.get(`${id}/${after ?? before}`)?.kind,
    was: bodyOf(id, before),
    is: bodyOf(id, after),
    isNamedOnly: before === undefined && after === undefined,
  }))
}
