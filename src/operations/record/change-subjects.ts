// What an audit entry changed of allocations and Elastic IPs: what each said before the entry and after it. Read in bulk, for all
// entries of a page.
import type { ListedEntry } from '#store/tables/record-lists.ts'
import type { DescribedTenure, Tenure } from '#store/tables/timeline.ts'
import type { ReadContext } from '../operation.ts'

export interface TenureChange {
  readonly before?: DescribedTenure | undefined
  readonly after?: DescribedTenure | undefined
}

/**
 * What tenures said before entries and after them, by their numbers; nothing where there was no such tenure. Where several requests
 * changed one within one millisecond, each of their entries tells of all of that, but for the one that began it.
 */
export async function tenuresAround(
  { tx }: ReadContext,
  asked: readonly { readonly n: number; readonly entry: ListedEntry }[],
): Promise<readonly TenureChange[]> {
  const firsts = await tx.tenures.firstStates(asked.map(({ n }) => n))
  const between = await tx.recordLists.anyEntryBetween(
    asked.flatMap(({ n, entry }) => (isOfMoment(firsts.get(n), entry) ? [[n, entry.n] as const] : [])),
  )
  const hasBegun = (n: number, entry: ListedEntry): boolean =>
    !isOfMoment(firsts.get(n), entry) || between.has(`${n}/${entry.n}`)
  const moments = asked.flatMap(({ n, entry }) =>
    firsts.has(n) && hasBegun(n, entry)
      ? ([
          [n, entry.at - 1],
          [n, entry.at],
        ] as const)
      : [],
  )
  const states = await tx.tenures.statesAt(moments)
  const pairs = asked.map(({ n, entry }) => {
    const first = firsts.get(n)
    if (!first) return []
    if (!hasBegun(n, entry)) return [undefined, first]
    return [states.get(`${n}/${entry.at - 1}`) ?? first, states.get(`${n}/${entry.at}`)]
  })
  const described = await tx.tenures.describe(pairs.flat().filter((row): row is Tenure => row !== undefined))
  let at = 0
  const next = (row: Tenure | undefined): DescribedTenure | undefined => row && described[at++]
  return pairs.map(([before, after]) => ({ before: next(before), after: next(after) }))
}

/** Whether it may be the entry that began the tenure. */
const isOfMoment = (first: Tenure | undefined, { at }: ListedEntry): boolean =>
  first !== undefined && first.heldFrom >= at
