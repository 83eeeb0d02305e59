// How things of one kind are read over the native API: a list of what one may see, and one by its id. Names, routes, words and refusals
// follow from the kind.
import { z } from 'zod'
import { type KindWith, kinds, nameOfNoun } from '#model/kinds.ts'
import type { Refusal } from '#model/refusal.ts'
import type { Page, PageAsked } from './listing.ts'
import { type NativeOperation, nativeRead } from './operation.native.ts'
import type { ReadContext } from './operation.ts'
import type { Readable } from './readable.ts'
import { answerPage, idText, nameOf, pageAsked, pageOf, paging } from './shapes.native.ts'

/** The kinds of Cadastre's own that the native API has by their ids. */
type Kind = KindWith<'isOwn'> & KindWith<'path'> & KindWith<'read'>

interface Reading<Filter extends z.ZodRawShape, Shape extends z.ZodType, Row, Described> {
  readonly kind: Kind
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
  filter,
  output,
  columns,
  listRefusals = [],
  readable,
  list,
  show,
}: Reading<Filter, Shape, Row, Described>): { readonly list: NativeOperation; readonly get: NativeOperation } {
  const { noun, read: action, word, path: pathOfOne } = kinds[kind]
  const path = pathOfOne.replace('/{id}', '')
  const words = path.slice(1).split('-')
  const plural = 'plural' in kinds[kind] ? kinds[kind].plural : words.join(' ')
  const member = `${kind}Id`
  const input = z.strictObject({ ...paging, ...filter })
  const one = z.strictObject({ [member]: kind in nameOf ? nameOf[kind as keyof typeof nameOf] : idText(kind) })
  const idIn = (given: z.output<typeof one>): string => (given as Readonly<Record<string, string>>)[member]!
  return {
    list: nativeRead({
      name: `list${words.map(capital).join('')}`,
      summary: `List ${plural}, as far as you may see them.`,
      action,
      input,
      output: pageOf(output),
      rest: { method: 'GET', path },
      cli: `${word} list`,
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
      summary: `Show one ${nameOfNoun(noun)}.`,
      action,
      input: one,
      output,
      rest: { method: 'GET', path: `${path}/{${member}}` },
      cli: `${word} show`,
      refusals: ['NotFound', 'MalformedId'],
      at: (context, given) => readable.placeOf(context, idIn(given)),
      run: async (context, given) => show(await readable.getDescribed(context, idIn(given))),
    }),
  }
}
