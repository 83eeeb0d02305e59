// Answers of commands that ask no server: in the formats and the envelope of those that do.
import { formatOf } from './formats.ts'
import type { Output } from './own-flags.ts'
import { paintOf } from './paint.ts'
import type { Surroundings } from './surroundings.ts'
import { type Item, renderObject, renderTable } from './table.ts'

export interface OwnAnswer {
  /** A list has `items`; whatever else there is, is one thing. */
  readonly answer: Item | { readonly items: readonly Item[] }
  /** The members, in their order: all of them are columns. */
  readonly fields: readonly string[]
  /** What is printed where no format was asked for; undefined: a table. */
  readonly text?: string
}

/** @param output undefined where it was not said */
export async function printOwn(
  { answer, fields, text }: OwnAnswer,
  output: Output | undefined,
  { out, width, clock, colours }: Surroundings,
): Promise<void> {
  if (output === undefined && text !== undefined) return out(text)
  const format = formatOf(output ?? 'table')
  const json = JSON.stringify(answer)
  if (format) {
    return out(await format.answer(json, { columns: fields, fields, isOnTerminal: width !== undefined }))
  }
  const { zone } = clock()
  const { items } = answer as { readonly items?: readonly Item[] }
  if (items === undefined) return out(renderObject(answer as Item, zone))
  if (items.length === 0) return out('There are none.\n')
  out(renderTable(fields, items, { width, zone, paint: paintOf(colours.out) }).text)
}
