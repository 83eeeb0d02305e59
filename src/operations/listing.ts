// Filters and pages, the same for every operation that lists.
import { refuse } from '#model/refusal.ts'
import type { Awaitable } from '#store/sql.ts'
import type { ReadContext } from './operation.ts'

export interface Filter {
  readonly Name?: string
  readonly Values?: readonly string[]
}
export interface TagLike {
  readonly Key?: string
  readonly Value?: string
}

const filterValuesMax = 200
/** EC2 documents no default; the least that can be asked for. */
const pageSizeDefault = 1_000
/** Rows read for one page. A filter that matches less gives a shorter page with a token to go on. */
const rowsPerPageMax = 10_000
/** Rows of a list that are read and described at once; between two such steps other requests have their turn. */
export const rowsPerStep = 200

/** The values of one filter field of an item; undefined where the item has none. */
export type FilterFields<T> = Readonly<Record<string, (item: T) => string | readonly string[] | undefined>>

/** The field of a filter that EC2 has for what there is none of here, such as Outposts: it matches nothing. */
export const nothing = (): undefined => undefined

/**
 * A predicate for EC2 filters: values of one filter are alternatives (without any it matches nothing), different filters
 * must all hold, `*` and `?` are wildcards and `\` takes their meaning away. `tag:KEY` and `tag-key` are understood where `tagsOf` is given.
 * An unknown name is refused. Source: EC2 User Guide, "List and filter using the CLI and API".
 */
export function filterBy<T>(
  filters: readonly Filter[] | undefined,
  fields: FilterFields<T>,
  tagsOf?: (item: T) => readonly TagLike[],
): (item: T) => boolean {
  const tests = (filters ?? []).map(({ Name: name, Values: values = [] }, index) => {
    if (name === undefined) refuse({ code: 'MissingParameter', field: `Filter.${index + 1}.Name` })
    if (values.length > filterValuesMax) {
      refuse({
        code: 'InvalidParameterValue',
        field: `Filter.${index + 1}.Value`,
        value: String(values.length),
        problem: `at most ${filterValuesMax} values are allowed`,
      })
    }
    const matchers = values.map(wildcard)
    const some = (texts: string | readonly string[] | undefined): boolean =>
      texts !== undefined &&
      (typeof texts === 'string' ? [texts] : texts).some((text) => matchers.some((matches) => matches(text)))
    if (tagsOf && name.startsWith('tag:')) {
      const key = name.slice(4)
      return (item: T) =>
        some(
          tagsOf(item)
            .filter((tag) => tag.Key === key)
            .map((tag) => tag.Value ?? ''),
        )
    }
    if (tagsOf && name === 'tag-key') return (item: T) => some(tagsOf(item).map((tag) => tag.Key ?? ''))
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (!field) {
      refuse({
        code: 'InvalidFilter',
        name,
        allowed: [...Object.keys(fields), ...(tagsOf ? ['tag:<key>', 'tag-key'] : [])],
      })
    }
    return (item: T) => some(field(item))
  })
  return (item) => tests.every((test) => test(item))
}

/** Matches in time linear in both lengths (no regular expression is made of what a caller sends). */
function wildcard(pattern: string): (text: string) => boolean {
  if (!/[*?\\]/.test(pattern)) return (text) => text === pattern
  const tokens: (string | typeof anyText | typeof anyCharacter)[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!
    if (character === '\\' && at + 1 < pattern.length) tokens.push(pattern[++at]!)
    else tokens.push(character === '*' ? anyText : character === '?' ? anyCharacter : character)
  }
  return (text) => matchTokens(tokens, text)
}
const anyText = Symbol('any text')
const anyCharacter = Symbol('any character')

/** Greedy with one point to come back to: the last `*`. */
function matchTokens(tokens: readonly (string | symbol)[], text: string): boolean {
  let token = 0
  let at = 0
  let star = -1
  let starAt = 0
  while (at < text.length) {
    if (token < tokens.length && tokens[token] === anyText) {
      star = token++
      starAt = at
    } else if (token < tokens.length && (tokens[token] === anyCharacter || tokens[token] === text[at])) {
      token++
      at++
    } else if (star >= 0) {
      token = star + 1
      at = ++starAt
    } else return false
  }
  while (token < tokens.length && tokens[token] === anyText) token++
  return token === tokens.length
}

export interface PageParams {
  readonly MaxResults?: number
  /** The place in the list's order behind which the page begins: `page-tokens.ts` has opened the token by then. */
  readonly NextToken?: string
}

/** Up to `limit` rows behind a place, in the order of their places; without one, the first. */
export interface ReadRows<Row> {
  (after: string | undefined, limit: number): Awaitable<readonly Row[]>
  /** They were all found before the first step, and would be found anew where the reading begins again. */
  readonly isThere?: true
}

/** How a list is read, a step at a time. */
export interface Listed<Row, Item> {
  readonly read: ReadRows<Row>
  placeOf(row: Row): string
  /** What is shown of each row, with what belongs to all of them read at once; undefined where it is not shown. */
  show(rows: readonly Row[]): Promise<readonly (Item | undefined)[]>
}

/**
 * One page of a list that is read in steps, so that it costs no more than what it shows or has to look at. Where others wait for
 * its connection, it goes on behind the last step in another transaction: as pages do, it shows what is there when it comes by.
 */
export async function readPage<Row, Item>(
  { tx, progress }: Pick<ReadContext, 'progress'> & { readonly tx: Pick<ReadContext['tx'], 'nextTurn' | 'keepsSoFar'> },
  params: PageParams,
  { read, placeOf, show }: Listed<Row, Item>,
): Promise<{ readonly items: Item[]; readonly NextToken: string | undefined }> {
  const size = params.MaxResults ?? pageSizeDefault
  const sofar = progress.next(() => ({ items: [] as Item[], place: params.NextToken, looked: 0 }))
  const { items } = sofar
  while (sofar.looked < rowsPerPageMax) {
    // One row more than a small page tells whether there is another page; what matches little is read in whole steps.
    const limit = sofar.looked === 0 ? Math.min(rowsPerStep, size + 1) : rowsPerStep
    if (sofar.looked > 0) await tx.nextTurn()
    const rows = await read(sofar.place, limit)
    const shown = await show(rows)
    for (const [index, row] of rows.entries()) {
      const item = shown[index]
      // One more than the page holds tells that there is a next page.
      if (item !== undefined && items.length === size) return { items, NextToken: sofar.place }
      if (item !== undefined) items.push(item)
      sofar.place = placeOf(row)
    }
    if (rows.length < limit) return { items, NextToken: undefined }
    sofar.looked += rows.length
    if (!read.isThere) tx.keepsSoFar()
  }
  return { items, NextToken: sofar.place }
}

/** The `read` of a list that is there already, in its order. */
export const readFrom = <Row>(
  rows: readonly Row[],
  isBehind: (row: Row, place: string) => boolean,
): Listed<Row, never>['read'] => {
  const read = (after: string | undefined, limit: number): readonly Row[] => {
    const from = after === undefined ? 0 : rows.findIndex((row) => isBehind(row, after))
    return from < 0 ? [] : rows.slice(from, from + limit)
  }
  return Object.assign(read, { isThere: true as const })
}
/** The same of things that stand in the order of their ids. */
export const readById = <Row extends { readonly id: string }>(rows: readonly Row[]): Listed<Row, never>['read'] =>
  readFrom(
    rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    ({ id }, place) => id > place,
  )

/** One page of a list in a total order; `placeOf` is unique and ascending (compared as text). */
export function page<T>(
  items: readonly T[],
  params: PageParams,
  placeOf: (item: T) => string,
  sizeDefault = 1000,
): { items: T[]; NextToken?: string } {
  const after = params.NextToken
  const rest = after === undefined ? items : items.filter((item) => placeOf(item) > after)
  const size = params.MaxResults ?? sizeDefault
  const shown = rest.slice(0, size)
  return rest.length > size ? { items: shown, NextToken: placeOf(shown.at(-1)!) } : { items: shown }
}

/** EC2 refuses identifiers together with paging: a list of ids is complete by itself. */
export function refuseIdsWithPaging(ids: readonly string[] | undefined, field: string, params: PageParams): void {
  if (ids && ids.length > 0 && params.MaxResults !== undefined) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: `\`MaxResults\` cannot be used together with \`${field}\`.`,
    })
  }
}
