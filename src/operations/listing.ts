// One page of a list, the same for every list of every API: it is read in steps, what belongs to the rows of a step is read in bulk,
// and between two steps other requests have their turn. So a page costs no more than what it shows or has to look at. Where others
// wait for its connection, it goes on behind the last step in another transaction.
import { refuse } from '#model/refusal.ts'
import type { Awaitable } from '#store/sql.ts'
import type { ReadContext } from './operation.ts'
import { roughBytes } from './rough-bytes.ts'

/** See `PageBounds`. */
const rowsPerPageMax = 4_000
/** Rows of a list that are read and described at once. */
export const rowsPerStep = 200
/**
 * About how many bytes a page has, whatever its items: with more it ends before the item that would be too much. It is written in one go,
 * and whoever made the items large is not always who reads them.
 */
export const pageBytesMax = 4_194_304
/** The same of what is read and described at once, where items may be large. */
const stepBytesMax = 1_048_576
/** Of such items the first ones, of which nothing is known. */
const heavyFirst = 5
/** What has turns of others in between when it is shown counts as so many rows more for each. */
const rowsPerTurn = 100

export interface PageAsked<Place> {
  readonly limit: number
  /** The page begins behind it; undefined: it is the first one. */
  readonly after: Place | undefined
}
export interface Page<Item, Place> {
  readonly items: Item[]
  /** Behind which the next page begins; undefined on the last one. */
  readonly next: Place | undefined
}

/** Of whoever may see nothing. */
export const nothing: Page<never, never> = { items: [], next: undefined }

interface Shown<Row, Item, Place> {
  placeOf(row: Row): Place
  /** What is shown of each row, with what belongs to all of them read at once; undefined where it is not shown. */
  show(rows: readonly Row[]): Awaitable<readonly (Item | undefined)[]>
  readonly bounds?: PageBounds<Item>
}
/** What a page costs at most, where it is something else than for most lists. */
export interface PageBounds<Item> {
  /** Rows looked at for one page. Where fewer of them are shown the page is shorter, and says where to go on. */
  readonly rowsMax?: number
  /** Rows that are read and described at once. */
  readonly stepMax?: number
  /** One may be as large as a page: so few are read at once as those before them let expect to be small enough together. */
  readonly isHeavy?: true
  /** What an item makes the page longer by, beside what stands in it: what is read of it once the page is found. */
  bytesOf?(item: Item): number
  /** How much of a page an item takes beside others: with more than `weightMax` the page ends before it. */
  weightOf?(item: Item): number
  readonly weightMax?: number
}
/** How a list is read, a step at a time. Places are in the order of the list, and those of rows never change. */
export interface Listed<Row, Item, Place = string> extends Shown<Row, Item, Place> {
  readonly read: ReadRows<Row, Place>
}
/** Up to `limit` rows behind a place, in order; without one, the first. Where there are fewer, they are the last. */
export interface ReadRows<Row, Place = string> {
  (after: Place | undefined, limit: number): Awaitable<readonly Row[]>
  /** All were found before the first step, and would be found anew where the reading begins again. */
  readonly isThere?: true
}
/** How a list is read that passes over rows by itself. */
export interface Sliced<Row, Item, Place = string> extends Shown<Row, Item, Place> {
  readSlice(after: Place | undefined, limit: number): Awaitable<Slice<Row, Place>>
  /** As in `ReadRows`. */
  readonly isThere?: boolean
}
export interface Slice<Row, Place> {
  readonly rows: readonly Row[]
  /** Behind which to go on; undefined where nothing more comes. */
  readonly next: Place | undefined
  /** How many rows were looked at for these; as many as there are where nothing else is said. */
  readonly looked?: number
}

interface Turns extends Pick<ReadContext, 'progress'> {
  readonly tx: Pick<ReadContext['tx'], 'nextTurn' | 'keepsSoFar' | 'turns'>
}

export const readPage = <Row, Item, Place = string>(
  context: Turns,
  asked: PageAsked<Place>,
  { read, ...shown }: Listed<Row, Item, Place>,
): Promise<Page<Item, Place>> =>
  readSlicedPage(context, asked, {
    ...shown,
    isThere: read.isThere === true,
    async readSlice(after, limit) {
      const rows = await read(after, limit)
      return { rows, next: rows.length < limit ? undefined : shown.placeOf(rows.at(-1)!) }
    },
  })

/** How far a page has come: the steps that ended with another one to follow. The last one is read again where it must be. */
interface SoFar<Item, Place> {
  readonly items: Item[]
  /** Of these items, those of such steps. */
  count: number
  place: Place | undefined
  /** Where a full page goes on: behind what was shown, whatever hidden rows come next. */
  last: Place | undefined
  isAllShown: boolean
  weight: number
  bytes: number
  looked: number
}

export async function readSlicedPage<Row, Item, Place = string>(
  { tx, progress }: Turns,
  { limit, after }: PageAsked<Place>,
  { readSlice, placeOf, show, bounds = {}, isThere = false }: Sliced<Row, Item, Place>,
): Promise<Page<Item, Place>> {
  const {
    rowsMax = rowsPerPageMax,
    stepMax = rowsPerStep,
    isHeavy,
    bytesOf,
    weightOf = () => 0,
    weightMax = 0,
  } = bounds
  const begin = { items: [], count: 0, place: after, last: after, isAllShown: true, weight: 0, bytes: 0, looked: 0 }
  const sofar = progress.next((): SoFar<Item, Place> => begin)
  const { items } = sofar
  items.length = sofar.count
  let { place, last, isAllShown, weight, bytes, looked } = sofar
  /** Rows of the step before that fit into one. */
  let fitting = isHeavy ? heavyFirst : stepMax
  while (looked < rowsMax) {
    // One row more than the page lacks tells whether there is another page; what shows little is read in whole steps.
    const most = Math.min(stepMax, fitting)
    const size = isAllShown ? Math.min(most, limit - items.length + 1) : most
    if (looked > 0) await tx.nextTurn()
    const slice = await readSlice(place, size)
    const { rows, next } = slice
    if (rows.length === 0) isAllShown = false
    const turnsBefore = tx.turns
    const all = await show(rows)
    looked += (tx.turns - turnsBefore) * rowsPerTurn
    for (const [index, row] of rows.entries()) {
      const item = all[index]
      if (item === undefined) {
        isAllShown = false
        continue
      }
      // One more than the page holds tells that there is a next page.
      weight += weightOf(item)
      bytes += roughBytes(item) + (bytesOf?.(item) ?? 0)
      const isFull = items.length === limit || weight > weightMax || bytes > pageBytesMax
      if (isFull && items.length > 0) return { items, next: last }
      items.push(item)
      last = placeOf(row)
    }
    place = next
    if (next === undefined) break
    looked += Math.max(1, slice.looked ?? rows.length)
    if (isHeavy) fitting = fittingOf(rows)
    Object.assign(sofar, { count: items.length, place, last, isAllShown, weight, bytes, looked })
    if (!isThere) tx.keepsSoFar()
  }
  return { items, next: place }
}

/** How many rows like these fit into a step. */
function fittingOf(rows: readonly unknown[]): number {
  const bytes = rows.reduce((sum: number, row) => sum + roughBytes(row), 0)
  return bytes === 0 ? rowsPerStep : Math.max(1, Math.floor((stepBytesMax * rows.length) / bytes))
}

/** What a list without pages is read from: it is answered whole, but read in steps, in as many transactions as it takes. */
interface Whole<Row, Item> {
  readonly read: ReadRows<Row>
  placeOf(row: Row): string
  show(rows: readonly Row[]): Awaitable<readonly (Item | undefined)[]>
}
export async function readAll<Row, Item>(
  { tx, progress }: Turns,
  { read, placeOf, show }: Whole<Row, Item>,
): Promise<Item[]> {
  const sofar = progress.next(() => ({ items: [] as Item[], after: undefined as string | undefined }))
  for (;;) {
    const step = await read(sofar.after, rowsPerStep)
    for (const item of await show(step)) if (item !== undefined) sofar.items.push(item)
    if (step.length < rowsPerStep) return sofar.items
    sofar.after = placeOf(step.at(-1)!)
    if (!read.isThere) tx.keepsSoFar()
    await tx.nextTurn()
  }
}

/** The `read` of a list that is there already, in its order. */
export const readFrom = <Row>(
  rows: readonly Row[],
  isBehind: (row: Row, place: string) => boolean,
): ((after: string | undefined, limit: number) => readonly Row[]) & { readonly isThere: true } =>
  Object.assign(
    (after: string | undefined, limit: number): readonly Row[] => {
      const from = after === undefined ? 0 : rows.findIndex((row) => isBehind(row, after))
      return from < 0 ? [] : rows.slice(from, from + limit)
    },
    { isThere: true as const },
  )
/** The same of things that stand in the order of their ids. */
export const readById = <Row extends { readonly id: string }>(rows: readonly Row[]) =>
  readFrom(
    rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    ({ id }, place) => id > place,
  )
export interface TurnGiving {
  readonly tx: Pick<ReadContext['tx'], 'nextTurn'>
}
/** What was compared since others had their turn. */
export interface Compared {
  characters: number
}
/** Characters compared until others have their turn: a millisecond or two. */
const comparedPerTurn = 2_000_000

/** Keeps the items that pass a test, which counts what it compares; undefined stands in the place of all else. */
export async function keepMatching<Item>(
  { tx }: TurnGiving,
  items: readonly (Item | undefined)[],
  test: (item: Item) => boolean,
  compared: Compared,
): Promise<(Item | undefined)[]> {
  const kept: (Item | undefined)[] = []
  for (const item of items) {
    kept.push(item !== undefined && test(item) ? item : undefined)
    if (compared.characters < comparedPerTurn) continue
    compared.characters = 0
    await tx.nextTurn()
  }
  return kept
}

/** Keeps what a filter finds; undefined stands in the place of all else. */
export type Matching<Item> = (items: readonly (Item | undefined)[]) => Awaitable<readonly (Item | undefined)[]>

/** What stands in a place of a list. A cursor from when the list had another order is refused. */
export function partsOfPlace(place: string, pattern: RegExp): readonly string[] {
  const [, ...parts] = pattern.exec(place) ?? []
  if (parts.length === 0) refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: place })
  return parts
}
/** Places of lists that begin with the latest, by numbers. */
export const latestFirst = {
  write: (n: number): string => `<${n}`,
  /** No number is larger where the list begins. */
  read: (place: string | undefined): number =>
    place === undefined ? Number.MAX_SAFE_INTEGER : Number(partsOfPlace(place, /^<(\d{1,16})$/)[0]),
}

/** The number that a cursor stands for; anything else was not written by us. */
export function numberIn(cursor: string): number {
  if (!/^\d{1,15}$/.test(cursor)) refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: cursor })
  return Number(cursor)
}

/** Up to which moment what a reading says is final; of one that had several transactions, as the first saw it. */
export const asOf = ({ tx, progress }: ReadContext): number => progress.asOf ?? tx.asOf
