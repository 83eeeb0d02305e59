// The cursors of lists, in one place: what `run` reads and answers is a place in the list's order; what callers see is sealed.
import { orderedJson } from '#model/ordered-json.ts'
import { refuse } from '#model/refusal.ts'
import type { ReadContext } from './operation.ts'

export interface PagedFacts {
  readonly name: string
  readonly rest: { readonly stream?: object }
}

/** What only says where a list begins, or how much is answered: the next page may be asked for without it. */
const beginnings: readonly string[] = ['limit', 'cursor', 'latest', 'order']

/** The id of an item of a growing list, and of its event: it names what was shown. */
const idPattern = /^(?:\d{1,16}|[a-z]+(?:-[a-z]+)*-[0-9a-f]{17})$/

/**
 * Runs a list with the place that its cursor stands for, and seals the place where it goes on. A cursor is of the operation,
 * its filters and the caller: any other is refused, and nothing can be read from it.
 */
export async function withCursors<Output>(
  context: ReadContext,
  { name, rest }: PagedFacts,
  input: { readonly cursor?: string },
  run: (input: { readonly cursor?: string }) => Promise<Output>,
): Promise<Output> {
  const { pageTokens } = context.tx
  const bound = boundTo(context, name, input, rest.stream === undefined ? [] : ['from'])
  const { cursor } = input
  const isId = rest.stream !== undefined && cursor !== undefined && idPattern.test(cursor)
  const place = cursor === undefined || isId ? cursor : pageTokens.open(cursor, bound)
  if (cursor !== undefined && place === undefined) {
    refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: cursor })
  }
  const output = await run({ ...input, cursor: place })
  const { nextCursor } = output as { readonly nextCursor?: string }
  return nextCursor === undefined ? output : { ...output, nextCursor: pageTokens.seal(nextCursor, bound) }
}

/** The operation, what is asked for, and who asks: with tokens of other makers somebody may see other things. */
export function boundTo(
  { caller, tx }: Pick<ReadContext, 'caller' | 'tx'>,
  name: string,
  input: object,
  more: readonly string[],
): string {
  const asked = Object.entries(input).filter(([member]) => !beginnings.includes(member) && !more.includes(member))
  const { account, arn, native } = caller
  return orderedJson([
    tx.installation,
    name,
    account,
    native?.name ?? arn,
    native?.makers ?? [],
    Object.fromEntries(asked),
  ])!
}
