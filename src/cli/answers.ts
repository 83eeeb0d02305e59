// Answers, printed as they were asked for: a table or lines for people, JSON, YAML, CSV.
import type { Page } from './client.ts'
import { Stopped } from './exit-codes.ts'
import { type Answered, formatOf, type PagePrinter } from './formats.ts'
import type { Found } from './found.ts'
import { fold, padEnd, widthOf } from './measure.ts'
import type { NativeCommand } from './native-command.ts'
import type { Form, Output } from './own-flags.ts'
import { paintOf } from './paint.ts'
import { printable } from './printable.ts'
import type { Server } from './profiles.ts'
import { installationOf, shortener } from './short-ids.ts'
import type { Surroundings } from './surroundings.ts'
import { cellOf, columnsOf, fieldOf, inDeclaredOrder, type Looks, renderObject, renderTable } from './table.ts'

/** The flags that say how. */
export interface OutputGiven {
  readonly output?: Output
  readonly json?: boolean
  readonly wide?: boolean
  readonly field?: string
  readonly form?: Form
}

export interface Printing {
  readonly command: NativeCommand
  readonly own: OutputGiven
  readonly server: Server
  readonly around: Surroundings
}

export const outputOf = ({ output, json }: OutputGiven): Output => output ?? (json ? 'json' : 'table')

/** @param text the body of the answer, as it came; empty where there is nothing to say */
export async function printAnswer(text: string, printing: Printing): Promise<void> {
  const { command, own, around } = printing
  const { field } = own
  const format = formatOf(outputOf(own))
  if (text === '') return around.out(!format && field === undefined ? 'Done.\n' : '')
  if (format) return around.out(await format.answer(text, answeredOf(printing)))
  const answer = JSON.parse(text) as Readonly<Record<string, unknown>>
  const { items } = answer as Partial<Page>
  if (Array.isArray(items)) return printItems(items, printing)
  if (field !== undefined) return around.out(fieldOf([answer], field))
  if (command.hasMessages) {
    const { messages } = answer as { readonly messages: Readonly<Record<Form, string>> }
    return around.out(`${printable(messages[own.form ?? 'standard']).trimEnd()}\n`)
  }
  if (command.hasPlaces) {
    const { renderFound } = await import('./found.ts')
    return around.out(renderFound(answer as unknown as Found, await looksOf(printing)))
  }
  const ordered = withNames(inDeclaredOrder(answer, command.fields ?? []))
  around.out(renderObject(ordered, around.clock().zone, command.counts))
}

/** Where an answer says what the ids in it are called, people read the names beside them. */
function withNames({ names, ...answer }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (typeof names !== 'object' || names === null) return names === undefined ? answer : { ...answer, names }
  const named = new Map(Object.entries(names as Readonly<Record<string, string>>))
  const beside = (value: unknown): unknown => {
    if (typeof value === 'string') return named.has(value) ? `${value} (${named.get(value)})` : value
    if (Array.isArray(value)) return value.map(beside)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, beside(member)]))
  }
  return beside(answer) as Readonly<Record<string, unknown>>
}

const answeredOf = ({ command: { words, fields, columns }, around: { width } }: Printing): Answered => ({
  title: `cadastre ${words}`,
  fields,
  columns,
  isOnTerminal: width !== undefined,
})

// Lists --------------------------------------------------------------------------------------------------------------

async function printItems(items: Page['items'], printing: Printing): Promise<void> {
  const { command, own, around } = printing
  if (own.field !== undefined) return around.out(fieldOf(items, own.field))
  if (items.length === 0) return around.out('There are none.\n')
  const declared = command.columns ?? columnsOf(items)
  // Where nothing in a list goes by a name, there is no room for names.
  const columns = declared.filter((name) => name !== 'name' || items.some((item) => item.name))
  const looks = await looksOf(printing)
  const { text, leftOut } = command.tree
    ? await renderTree(command.tree, columns, items, looks)
    : renderTable(columns, items, looks)
  around.out(text)
  if (leftOut.length === 0) return
  const note = `Left out for want of width: ${leftOut.join(', ')}. \`--wide\` shows them.`
  around.err(`${fold(note, around.width)}\n`)
}

async function renderTree(
  tree: NonNullable<NativeCommand['tree']>,
  columns: readonly string[],
  items: Page['items'],
  looks: Looks,
) {
  const { treeOf, withUsage } = await import('./tree.ts')
  const branches = treeOf(tree, withUsage(tree, items))
  return renderTable(
    columns,
    branches.map(({ item }) => item),
    {
      ...looks,
      drawings: branches.map(({ drawing }) => drawing),
      whole: tree.usage,
    },
  )
}

/** What does not go to a terminal is for a file or a program: nothing is cut, left out or shortened there. */
async function looksOf({ own, server, around: { width, colours, clock } }: Printing): Promise<Looks> {
  const looks = { zone: clock().zone, paint: paintOf(colours.out) }
  if (width === undefined || own.wide) return looks
  return { ...looks, width, shorten: shortener(await installationOf(server)) }
}

/**
 * Every page in one answer, in the envelope of a single one. JSON and CSV are printed page by page; a table needs all its rows
 * first, to know its widths.
 */
export async function printPages(pages: AsyncIterable<Page>, printing: Printing): Promise<void> {
  const { command, own, around } = printing
  const format = formatOf(outputOf(own))
  const printer = await format?.pages(answeredOf(printing))
  if (printer) return printByPage(pages, printer, printing)
  const items: Page['items'][number][] = []
  let rest: object = {}
  for await (const page of pages) {
    // One by one: a call takes only so many arguments.
    for (const item of page.items) items.push(item)
    rest = restOf(page, rest, command)
  }
  if (!format) return printItems(items, printing)
  around.out(await format.answer(JSON.stringify({ items, ...rest }), answeredOf(printing)))
}

async function printByPage(
  pages: AsyncIterable<Page>,
  printer: PagePrinter,
  { command, around }: Printing,
): Promise<void> {
  let rest: object = {}
  around.out(printer.begin)
  for await (const page of pages) {
    around.out(printer.page(page.items))
    rest = restOf(page, rest, command)
  }
  around.out(printer.end(rest))
}

/** What a page says beside its items: of all of them, what holds for all. A list that grows says where it goes on. */
function restOf({ items: _items, nextCursor, ...rest }: Page, before: { asOf?: string }, command: NativeCommand) {
  const { asOf } = rest as { asOf?: string }
  const first = before.asOf ?? asOf
  return {
    ...rest,
    ...(first === undefined ? {} : { asOf: first }),
    ...(nextCursor === undefined || command.streamId === undefined ? {} : { nextCursor }),
  }
}

// What grows ---------------------------------------------------------------------------------------------------------

/** One line each, or a document. The server hangs up when it stops, or when the token ends. */
export async function printEvents(
  events: AsyncIterable<{ id: string; data: string }>,
  printing: Printing,
): Promise<never> {
  const { around } = printing
  let last: string | undefined
  const print = await eventPrinter(printing)
  for await (const { id, data } of events) {
    last = id
    around.out(print(data))
  }
  const again = last === undefined ? 'Follow again.' : `\`--follow --cursor ${last}\` goes on behind what you saw.`
  throw new Stopped('tryLater', 'The server has hung up.', [again])
}

async function eventPrinter(printing: Printing): Promise<(data: string) => string> {
  const { command, own, around } = printing
  const format = formatOf(outputOf(own))
  if (format) return format.events(answeredOf(printing))
  const widths = new Map<string, number>()
  const { zone } = around.clock()
  return (data) => `${lineOf(command.columns ?? [], JSON.parse(data) as Page['items'][number], { widths, zone })}\n`
}

/** Columns grow as they must: what comes is not known before. */
function lineOf(
  columns: readonly string[],
  item: Page['items'][number],
  { widths, zone }: { readonly widths: Map<string, number>; readonly zone: string },
): string {
  const cells = columns.map((name) => {
    const cell = cellOf(item[name], zone)
    widths.set(name, Math.max(widthOf(cell), widths.get(name) ?? 0))
    return padEnd(cell, widths.get(name)!)
  })
  return cells.join('  ').trimEnd()
}
