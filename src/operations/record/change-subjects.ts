// What audit entries changed: of each subject what it said before the entry and after it. Read in bulk, for all entries of a page.
import { kindOf, spaceNumberIn } from '#model/identifier.ts'
import { kinds } from '#model/kinds.ts'
import type { Subject } from '#store/subjects.ts'
import type { HistoryBody, HistoryVersion } from '#store/tables/history.ts'
import type { ListedEntry } from '#store/tables/record-lists.ts'
import type { DescribedTenure, Tenure } from '#store/tables/timeline.ts'
import type { ReadContext } from '../operation.ts'
import { poolNamer } from './history.ts'
import { type PermittedThen, permitterThen, placeOfObject } from './object-places.ts'

export interface TenureChange {
  readonly before?: DescribedTenure | undefined
  readonly after?: DescribedTenure | undefined
}

/**
 * What tenures said before entries and after them, by their numbers; nothing where there was no such tenure. Where several requests
 * changed one within one millisecond, each of their entries tells of all of that, but for the one that began it.
 */
async function tenuresAround(
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

// The subjects of entries --------------------------------------------------------------------------------------------

/** What an entry changed of one object, as far as the caller may see it: with neither state, nothing. */
export interface ChangedSubject {
  readonly id: string
  /** Absent where nothing is on record about the object, or not for the caller to see. */
  readonly kind?: string | undefined
  readonly before?: SubjectState | undefined
  readonly after?: SubjectState | undefined
}
/** A version of the object's history; of an allocation or Elastic IP, which has none, a state of its tenure. */
export type SubjectState =
  | { readonly version: HistoryVersion; readonly body: HistoryBody }
  | { readonly tenure: DescribedTenure; readonly poolId: string }

/** Of entries on one page, each with some of its subjects: what they changed, as far as the caller may see it. */
export async function changedSubjects(
  context: ReadContext,
  asked: readonly { readonly entry: ListedEntry; readonly subjects: readonly Subject[] }[],
): Promise<readonly (readonly ChangedSubject[])[]> {
  const isPermitted = await permitterThen(context, 'history:read')
  const wanted = asked.flatMap(({ subjects }) =>
    subjects.flatMap(({ id, before, after }) =>
      [before, after].filter((version) => version !== undefined).map((version) => [id, version] as const),
    ),
  )
  const versions = await context.tx.history.findVersions(wanted)
  const versionOf = async (id: string, version: number | undefined): Promise<HistoryVersion | undefined> => {
    const found = version === undefined ? undefined : versions.get(`${id}/${version}`)
    if (!found) return undefined
    const { fromAt: from, untilAt: until } = found
    return (await isPermitted(await placeOfObject(context, id, found), from, until ?? Infinity)) ? found : undefined
  }
  const held = asked.flatMap(({ entry, subjects }) =>
    subjects.flatMap((subject) => {
      const n = tenureNumber(context, entry, subject)
      return n === undefined ? [] : [{ objectId: subject.id, n, entry }]
    }),
  )
  const tenures = await changedTenures(context, held, isPermitted)
  let at = 0
  const all: ChangedSubject[][] = []
  for (const { entry, subjects } of asked) {
    const changed: ChangedSubject[] = []
    for (const subject of subjects) {
      const { id, before, after } = subject
      if (tenureNumber(context, entry, subject) !== undefined) changed.push(tenures[at++]!)
      else changed.push(ofVersions(context, id, await versionOf(id, before), await versionOf(id, after)))
    }
    all.push(changed)
  }
  return all
}

function ofVersions(
  { tx }: ReadContext,
  id: string,
  before: HistoryVersion | undefined,
  after: HistoryVersion | undefined,
): ChangedSubject {
  const stateOf = (version: HistoryVersion | undefined) => version && { version, body: tx.history.bodyOf(version) }
  return { id, kind: (after ?? before)?.kind, before: stateOf(before), after: stateOf(after) }
}

/** What allocations and Elastic IPs were before entries and after them, as far as the caller may see it. */
async function changedTenures(
  context: ReadContext,
  asked: readonly { readonly objectId: string; readonly n: number; readonly entry: ListedEntry }[],
  isPermitted: PermittedThen,
): Promise<readonly ChangedSubject[]> {
  const changes = await tenuresAround(context, asked)
  const nameOf = await poolNamer(context)
  const stateOf = (tenure: DescribedTenure | undefined) => tenure && { tenure, poolId: nameOf(tenure.pool) }
  const changed: ChangedSubject[] = []
  for (const [index, { objectId: id, entry }] of asked.entries()) {
    const { before, after } = changes[index]!
    const owner = after ?? before
    if (!owner || !(await isPermitted(owner.account, entry.at))) {
      changed.push({ id })
      continue
    }
    const kind = kinds[kindOf(id) === 'address' ? 'address' : 'allocation'].noun
    changed.push({ id, kind, before: stateOf(before), after: stateOf(after) })
  }
  return changed
}

/** The number of an allocation or Elastic IP that an entry changed, which has no versions; undefined for all else. */
function tenureNumber({ tx }: ReadContext, entry: ListedEntry, { id, before, after }: Subject): number | undefined {
  if (before !== undefined || after !== undefined || entry.outcome !== 'Success') return undefined
  return spaceNumberIn(tx.installation, id)
}
