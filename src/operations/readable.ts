// What is read by its id, and listed: of each kind its rows, found where they are and where they may be read, with their tags.
import { type KindWith, kinds } from '#model/kinds.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import type { Action } from '#model/roles.ts'
import type { Tag } from '#model/tags.ts'
import type { Awaitable } from '#store/sql.ts'
import { refuseMalformed } from './identifiers.ts'
import { mayAnywhere, type Place, permitter } from './identity/authority.ts'
import { nothing, type Page, type PageAsked, type PageBounds, readPage } from './listing.ts'
import type { ReadContext } from './operation.ts'

interface VisibleList<Row, Item> {
  readonly read: (after: string | undefined, limit: number) => Awaitable<readonly Row[]>
  placeOf(row: Row): string
  /** Where the action must be permitted to whoever sees it; of several nodes, at one of them. */
  nodeOf(row: Row): string | readonly string[]
  /** What is said of rows that the caller sees, in their order, with what belongs to all of them read at once. */
  describe(rows: readonly Row[]): Awaitable<readonly (Item | undefined)[]>
  readonly bounds?: PageBounds<Item>
}

/** A page of what the caller may see: nothing is read of what is hidden but its row, and of whoever may see nothing anywhere, no row. */
export async function listVisible<Row, Item>(
  context: ReadContext,
  action: Action,
  asked: PageAsked<string>,
  { read, placeOf, nodeOf, describe, bounds }: VisibleList<Row, Item>,
): Promise<Page<Item, string>> {
  const isPermitted = await permitter(context, action)
  if (!(await mayAnywhere(context, action))) return nothing
  return readPage(context, asked, {
    read,
    placeOf,
    ...(bounds && { bounds }),
    async show(rows) {
      const seen = rows.filter((row) => [nodeOf(row)].flat().some(isPermitted))
      const described = await describe(seen)
      const items = new Map(seen.map((row, index) => [row, described[index]]))
      return rows.map((row) => items.get(row))
    },
  })
}

/** A row with its tags, its name among them. */
export interface WithTags<Row> {
  readonly row: Row
  readonly tags: readonly Tag[]
}
export async function withTags<Row extends { readonly id: string }>(
  { tx }: ReadContext,
  rows: readonly Row[],
): Promise<readonly WithTags<Row>[]> {
  const tags = await tx.tags.ofMany(rows.map(({ id }) => id))
  return rows.map((row) => ({ row, tags: tags.get(row.id) ?? [] }))
}

/** An account's own, by its id: whoever may read what the account has of the kind may read it. */
export interface Readable<Row, Described> {
  absent(id: string): Refusal
  get(context: ReadContext, id: string): Promise<Row>
  /** What a request names beside what it is about: where the caller may not read it, it is absent. */
  getVisible(context: ReadContext, id: string): Promise<Row>
  /** Where an action on it must be permitted. */
  placeOf(context: ReadContext, id: string): Promise<Place>
  describe(context: ReadContext, rows: readonly Row[]): Promise<readonly Described[]>
  describeOne(context: ReadContext, row: Row): Promise<Described>
  getDescribed(context: ReadContext, id: string): Promise<Described>
  list(
    context: ReadContext,
    asked: PageAsked<string>,
    listed: Pick<VisibleList<Row, Described>, 'read'> & Partial<Pick<VisibleList<Row, Described>, 'placeOf'>>,
  ): Promise<Page<Described, string>>
}

/** Malformed ids are refused as what they are; what is hidden and what is absent alike (invariant I8). */
export function readable<Row extends { readonly id: string; readonly account: string }, Described>(
  kind: KindWith<'prefix'> & KindWith<'noun'> & KindWith<'read'>,
  {
    find,
    describe,
  }: {
    find(context: ReadContext, id: string): Awaitable<Row | undefined>
    describe(context: ReadContext, rows: readonly Row[]): Promise<readonly Described[]>
  },
): Readable<Row, Described> {
  const { noun: what, read: action } = kinds[kind]
  const absent = (id: string): Refusal => ({ code: 'NotFound', what, id })
  const get = async (context: ReadContext, id: string): Promise<Row> => {
    refuseMalformed(kind, id)
    return (await find(context, id)) ?? refuse(absent(id))
  }
  const describeOne = async (context: ReadContext, row: Row): Promise<Described> => (await describe(context, [row]))[0]!
  return {
    absent,
    get,
    async getVisible(context, id) {
      const row = await get(context, id)
      const isPermitted = await permitter(context, action)
      return isPermitted(row.account) ? row : refuse(absent(id))
    },
    placeOf: async (context, id) => ({ node: (await get(context, id)).account, absent: absent(id) }),
    describe,
    describeOne,
    getDescribed: async (context, id) => describeOne(context, await get(context, id)),
    list: (context, asked, listed) =>
      listVisible(context, action, asked, {
        placeOf: ({ id }) => id,
        nodeOf: ({ account }) => account,
        describe: (rows) => describe(context, rows),
        ...listed,
      }),
  }
}
