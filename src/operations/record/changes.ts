// What was changed or refused, by whom: the audit entries, newest first, or oldest first to read on from wherever one was.
import { parseId } from '#model/identifier.ts'
import { refuse } from '#model/refusal.ts'
import { everywhere } from '#model/roles.ts'
import type { Subject } from '#store/subjects.ts'
import { mayAnywhere, mayThroughout } from '../identity/authority.ts'
import { numberIn, type Page, type PageAsked, readSlicedPage, type Slice } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { placesOf, type SeenEntry, seenEntries, spaceNumber, subjectsPerPageMax } from './change-places.ts'
import { type ChangedSubject, changedSubjects } from './change-subjects.ts'
import { namesOf } from './object-names.ts'
import { finderThen, permitterThen } from './object-places.ts'
import { lookedAt, rangeOfSpan, type Span } from './spans.ts'

/** Subjects that a list names of each change, and of how many it tells what changed. */
export const subjectsListed = 100
export const differencesListed = 10
/** Of all changes on a page: with more the page is shorter. */
const differencesPerPage = 1_000
/** Entries looked at for one page; with fewer to be seen the page is shorter. */
const entriesPerPageMax = 5_000
/** The same of the changes of one pool, which no index finds: what is passed over is looked up like what is found. */
const entriesOfPoolMax = 400
/**
 * Of a list that asks for what may be hidden: one page of it is of so many entries of the record, or of entries with so many subjects,
 * whatever they are about. So where it ends tells nothing of what was found and not shown.
 */
const stretch = { entries: 5_000, subjects: 20_000 }
/** Of which each may have a hundred subjects. A page of 100 is read in one. */
const entriesPerStep = 101

export interface ChangeFilter {
  /** Whoever asked. */
  readonly account?: string
  /** By ARN. */
  readonly principal?: string
  readonly action?: string
  /** The id of an object that it was about. */
  readonly subject?: string
  /** About this pool, or about what was of it. */
  readonly poolId?: string
}
/** From where a list goes on, and which way: numbers of entries. */
export interface ChangePlace {
  readonly n: number
  readonly isNewestFirst: boolean
}

/** One page of changes, as far as the caller may see them. Of a list that is read on there is always a next page: what comes later. */
export async function listChanges(
  context: ReadContext,
  { limit, after: place }: PageAsked<ChangePlace>,
  { subject, poolId, ...rest }: ChangeFilter,
  span: Span,
  { isNewestFirst = true, isLatest = false }: { readonly isNewestFirst?: boolean; readonly isLatest?: boolean } = {},
): Promise<{ readonly changes: readonly SeenEntry[]; readonly next: ChangePlace | undefined }> {
  const { recordLists } = context.tx
  const about = subject === undefined ? undefined : namesOf(context, subject)
  const filter = { ...rest, subject: about }
  const { first, end } = await rangeOfSpan(context, 'audit_entry', span)
  const isForward = place === undefined ? !isNewestFirst || isLatest : !place.isNewestFirst
  const begin = isForward ? (isLatest ? await recordLists.lastEntry() : first - 1) : end
  const read = isForward ? recordLists.entriesAfter.bind(recordLists) : recordLists.entriesBefore.bind(recordLists)

  // Whoever may read the history of nothing has nobody's read.
  const mayRead = await mayAnywhere(context, 'history:read')
  const mayBeHidden = mayRead && !(await isOpen(context, { ...rest, about }))
  const from = place?.n ?? begin
  const whole = mayBeHidden ? await recordLists.stretchEnd(from, { isNewestFirst: !isForward }, stretch) : undefined
  const isLast = whole === undefined || (isForward ? whole >= end : whole <= first)
  const [low, high] = isLast ? [first, end] : isForward ? [first, whole + 1] : [whole, end]

  async function readSlice(after = begin, size: number): Promise<Slice<SeenEntry, number>> {
    if (!mayRead) return { rows: [], next: undefined }
    const found = await read(filter, after, size)
    const numbers = found.numbers.filter((n) => (isForward ? n < high : n >= low))
    const isPast = numbers.length < found.numbers.length || (isForward ? found.last >= high : found.last < low)
    const entries = await recordLists.entries(numbers, subjectsListed)
    const inOrder = numbers.map((n) => entries.get(n)!)
    const { seen: all, last } = await seenEntries(context, inOrder, { about, subjectsMax: subjectsListed })
    const seen = poolId === undefined ? all : await ofPool(context, poolId, all)
    // No more subjects than these are looked at for one page.
    if (last !== inOrder.at(-1)?.n)
      return { rows: seen, next: last!, looked: mayBeHidden ? 1 : Number.POSITIVE_INFINITY }
    if (found.isWhole || isPast) return { rows: seen, next: undefined }
    return { rows: seen, next: found.last, looked: mayBeHidden ? 1 : lookedAt(found) }
  }
  const lengths = new Map<string, number>()
  const compared = ({ subjects }: SeenEntry) => subjects.slice(0, differencesListed).flatMap(versionsIn)
  const { items, next } = await readSlicedPage<SeenEntry, SeenEntry, number>(
    context,
    { limit, after: place?.n },
    {
      readSlice,
      placeOf: ({ entry }) => entry.n,
      async show(rows) {
        const found = await context.tx.history.lengthsOf(rows.flatMap(compared))
        for (const [version, bytes] of found) lengths.set(version, bytes)
        return rows
      },
      bounds: {
        bytesOf: (entry) =>
          compared(entry).reduce((sum, [id, version]) => sum + (lengths.get(`${id}/${version}`) ?? 0), 0),
        rowsMax: mayBeHidden ? Number.POSITIVE_INFINITY : poolId === undefined ? entriesPerPageMax : entriesOfPoolMax,
        stepMax: entriesPerStep,
        weightOf: ({ subjects }) => Math.min(subjects.length, differencesListed),
        weightMax: differencesPerPage,
      },
    },
  )
  const behind = next ?? (isLast ? undefined : whole)
  if (behind !== undefined) return { changes: items, next: { n: behind, isNewestFirst: !isForward } }
  if (!isForward) return { changes: items, next: undefined }
  // A place that tells how far the record goes, and not which entry that is not shown was the last one found.
  const n = Math.max(place?.n ?? begin, Math.min(end - 1, await recordLists.lastEntry()))
  return { changes: items, next: { n, isNewestFirst: false } }
}

/** Of entries those that are about a pool, or about space of it: each with these subjects first. */
async function ofPool(context: ReadContext, poolId: string, seen: readonly SeenEntry[]): Promise<readonly SeenEntry[]> {
  const { tx } = context
  const pool = parseId('pool', tx.installation, poolId)
  const numbers = seen.flatMap(({ subjects }) => subjects.flatMap(({ id }) => spaceNumber(context, id) ?? []))
  const pools = await tx.pastSpace.poolsOf(numbers)
  const isOfPool = ({ id }: Subject): boolean =>
    id === poolId || (pool !== undefined && pools.get(spaceNumber(context, id) ?? -1) === pool)
  return seen.flatMap((entry) => {
    const own = entry.subjects.filter(isOfPool)
    return own.length === 0 ? [] : [{ ...entry, subjects: [...own, ...entry.subjects.filter((one) => !isOfPool(one))] }]
  })
}

/**
 * Whether the caller may see, now or formerly, what a list asks for by its name: whoever may see everything, or the object, or the account
 * of whoever asked. How much there is of anything else tells that it is there (invariant I8).
 */
async function isOpen(
  context: ReadContext,
  { about, account, principal }: { about: readonly string[] | undefined } & Pick<ChangeFilter, 'account' | 'principal'>,
): Promise<boolean> {
  const named = [about, account, principal].filter((one) => one !== undefined)
  if (named.length === 0 || (await mayThroughout(context, 'history:read', everywhere))) return true
  const find = await finderThen(context, 'history:read')
  const isSeen = async (node: string | undefined): Promise<boolean> =>
    node !== undefined && (await find(node, 0, Number.POSITIVE_INFINITY)) !== undefined
  if (about) {
    const places = await placesOf(
      context,
      about.map((id) => ({ id })),
    )
    let isAnySeen = false
    for (const node of new Set(places)) isAnySeen ||= await isSeen(node)
    if (!isAnySeen) return false
  }
  if (account !== undefined && !(await isSeen(account))) return false
  // `arn:cadastre::ACCOUNT:user/NAME`, and likewise where AWS has the name.
  return principal === undefined || isSeen(principal.split(':')[4])
}

/** A change or refusal, with so many of its subjects; where it is not to be seen, it is absent (invariant I8). */
export async function getChange(context: ReadContext, id: string, subjectsMax: number): Promise<SeenEntry> {
  const n = /^\d{1,16}$/.test(id) && (await mayAnywhere(context, 'history:read')) ? Number(id) : undefined
  const entry = n === undefined ? undefined : (await context.tx.recordLists.entries([n], subjectsListed)).get(n)
  const { seen } = await seenEntries(context, entry ? [entry] : [], { subjectsMax })
  return seen[0] ?? refuse(absentChange(id))
}
export const absentChange = (id: string) => ({ code: 'NotFound', what: 'change', id }) as const

/** As many of its subjects as are ever looked at. */
const getWholeChange = (context: ReadContext, id: string): Promise<SeenEntry> =>
  getChange(context, id, subjectsPerPageMax)

/** Weight of what changed on one page of the subjects of a change. */
const weightPerPage = 1_000_000
/** Bytes of states of objects that are read and parsed at once, unless one alone has more. */
const bytesPerStep = 262_144

/** What a change was about, object after object. Their states may be long, as `lengthOf` tells. */
export async function listSubjects(
  context: ReadContext,
  id: string,
  asked: PageAsked<string>,
  lengthOf: (subject: ChangedSubject) => number,
): Promise<Page<ChangedSubject, string>> {
  const { entry, subjects } = await getWholeChange(context, id)
  return readSlicedPage(context, asked, {
    async readSlice(after = '0', size) {
      const begin = numberIn(after)
      const some = subjects.slice(begin, begin + size)
      const rows = some
        .slice(0, await countShort(context, some))
        .map((subject, index) => ({ subject, place: begin + index + 1 }))
      const end = begin + rows.length
      return { rows, next: end < subjects.length ? String(end) : undefined }
    },
    placeOf: ({ place }) => String(place),
    show: async (rows) =>
      (await changedSubjects(context, [{ entry, subjects: rows.map(({ subject }) => subject) }]))[0]!,
    bounds: { weightOf: lengthOf, weightMax: weightPerPage },
    isThere: true,
  })
}
const versionsIn = ({ id, before, after }: Subject): readonly (readonly [id: string, version: number])[] =>
  [before, after].flatMap((version) => (version === undefined ? [] : [[id, version] as const]))

/** How many of the first of these have states that are read at once. */
async function countShort({ tx }: ReadContext, subjects: readonly Subject[]): Promise<number> {
  const bytes = await tx.history.lengthsOf(subjects.flatMap(versionsIn))
  let sum = 0
  for (const [index, subject] of subjects.entries()) {
    for (const [id, version] of versionsIn(subject)) sum += bytes.get(`${id}/${version}`) ?? 0
    if (sum > bytesPerStep) return Math.max(index, 1)
  }
  return subjects.length
}

/** The numbers of the decisions that were made for a change, as far as they are kept and the caller may see them. */
export async function decisionsOfChange(context: ReadContext, { entry }: SeenEntry): Promise<readonly number[]> {
  const isPermitted = await permitterThen(context, 'history:read')
  const numbers: number[] = []
  for (const { n, at, request } of await context.tx.journal.decisionsOf(entry.n)) {
    if (await isPermitted(request.account, at.getTime())) numbers.push(n)
  }
  return numbers
}
