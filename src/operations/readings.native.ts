// How things of one kind are read over the native API: a list of what one may see, and one by its id. Names, routes, words and refusals
// follow from the kind.
import { z } from 'zod'
import { type KindWith, kinds } from '#model/kinds.ts'
import type { Refusal } from '#model/refusal.ts'
import type { Page, PageAsked } from './listing.ts'
import { type NativeOperation, nativeRead } from './operation.native.ts'
import type { ReadContext } from './operation.ts'
import type { Readable } from './readable.ts'
import { answerPage, nameOf, pageAsked, pageOf, paging } from './shapes.native.ts'

/** The kinds that have a name in requests. */
type Kind = KindWith<'plural'> & KindWith<'read'>

interface Reading<Filter extends z.ZodRawShape, Shape extends z.ZodType, Row, Described> {
  readonly kind: Kind
  /** As a sentence has one, where that is not the kind itself. */
  readonly title?: string
  readonly filter: Filter
  readonly output: Shape
  readonly columns: readonly string[]
  /** Of the list, beside cursors of other lists. */
  readonly listRefusals?: readonly Refusal['code'][]
  readonly readable: Readable<Row, Described>
  list(
    context: ReadContext,
    filter: z.output<z.ZodObject<Filter>>,
    asked: PageAsked<string>,
  ): Promise<Page<Described, string>>
  show(described: Described): z.output<Shape>
}

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1)

/** The two operations, and the reading that changes of one are compared with. */
export function nativeReadings<Filter extends z.ZodRawShape, Shape extends z.ZodType, Row, Described>({
  kind,
  title = kind,
  filter,
  output,
  columns,
  listRefusals = [],
  readable,
  list,
  show,
}: Reading<Filter, Shape, Row, Described>): { readonly list: NativeOperation; readonly get: NativeOperation } {
  const { plural, read: action } = kinds[kind]
  const path = `/${plural.toLowerCase()}`
  const member = `${kind}Id`
  const input = z.strictObject({ ...paging, ...filter })
  const one = z.strictObject({ [member]: nameOf[kind] })
  const idIn = (given: z.output<typeof one>): string => (given as Readonly<Record<string, string>>)[member]!
  return {
    list: nativeRead({
      name: `list${capital(plural.toLowerCase())}`,
      summary: `List ${plural}, as far as you may see them.`,
      action,
      input,
      output: pageOf(output),
      rest: { method: 'GET', path },
      cli: `${kind} list`,
      columns,
      refusals: ['InvalidPaginationToken', ...listRefusals],
      at: 'filtered',
      run: async (context, given) => {
        const page = await list(context, given as z.output<z.ZodObject<Filter>>, pageAsked(given as object))
        return answerPage(page, show) as never
      },
    }),
    get: nativeRead({
      name: `get${capital(kind)}`,
      summary: `Show one ${title}.`,
      action,
      input: one,
      output,
      rest: { method: 'GET', path: `${path}/{${member}}` },
      cli: `${kind} show`,
      refusals: ['NotFound', 'MalformedId'],
      at: (context, given) => readable.placeOf(context, idIn(given)),
      run: async (context, given) => show(await readable.getDescribed(context, idIn(given))),
    }),
  }
}
