// Runs a command of the native API: the words become a request, the answer what people or scripts read.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { type Given, requestOf, withMoments } from './arguments.ts'
import { type Answer, follow, type Page, pagesOf, Refused, send } from './client.ts'
import { endingOf, exitCodes, Stopped } from './exit-codes.ts'
import type { NativeCommand } from './native-command.ts'
import type { Form } from './own-flags.ts'
import { getServer, type Server } from './profiles.ts'
import { type Asked, afterNoAnswer, wordsOf } from './refusals.ts'
import type { Surroundings } from './surroundings.ts'
import {
  cellOf,
  columnsOf,
  fieldOf,
  inDeclaredOrder,
  printable,
  printableJson,
  renderObject,
  renderTable,
} from './table.ts'

/** The flags of `own-flags.ts`, as they were given. */
export interface OwnGiven {
  readonly json?: boolean
  readonly field?: string
  readonly profile?: string
  readonly url?: string
  readonly dryRun?: boolean
  readonly idempotencyKey?: string
  readonly ifMatch?: string
  readonly all?: boolean
  readonly follow?: boolean
  readonly form?: Form
}

export interface Params {
  readonly command: NativeCommand
  readonly given: Given
  readonly own: OwnGiven
}

export async function runNative(
  { command, given: words, own }: Params,
  commands: readonly NativeCommand[],
  around: Surroundings,
): Promise<number> {
  checkField(command, own.field)
  const clock = around.clock()
  const given = withMoments(command, words, clock)
  const server = await getServer(around.settings, own)
  const idempotencyKey = command.isRepeatable ? (own.idempotencyKey ?? randomUUID()) : undefined
  const asked: Asked = { command, given, server, idempotencyKey, commands, zone: clock.zone, isDryRun: own.dryRun }
  try {
    await perform({ command, given, own }, { ...asked, server }, around)
    return exitCodes.done.code
  } catch (error) {
    if (error instanceof Refused) return refused(error, asked, own, around)
    if (error instanceof Stopped && error.ending === 'tryLater' && command.isWrite) {
      throw new Stopped('tryLater', error.message, [...error.nextSteps, `${afterNoAnswer(asked)}.`])
    }
    throw error
  }
}

/** Before anything is asked: what is made and shown once would be lost. */
function checkField({ fields, words }: NativeCommand, field: string | undefined): void {
  if (field === undefined || fields === undefined) return
  const isThere = fields.some((name) =>
    name.endsWith('.*') ? `${field}.`.startsWith(name.slice(0, -1)) : name === field,
  )
  if (isThere) return
  if (fields.length === 0) throw new Stopped('wrongWords', `\`--field\`: \`${words}\` answers nothing.`)
  const names = [...new Set(fields.map((name) => name.split('.')[0]))]
  throw new Stopped('wrongWords', `\`--field\`: the answer has no \`${field}\`; it has ${names.join(', ')}.`)
}

function refused({ problem }: Refused, asked: Asked, { json }: OwnGiven, around: Surroundings): number {
  around.err(json ? `${printableJson(JSON.stringify(problem))}\n` : wordsOf(problem, asked))
  return exitCodes[endingOf(problem)].code
}

async function perform({ command, given, own }: Params, asked: Asked & { server: Server }, around: Surroundings) {
  const { server, idempotencyKey, commands } = asked
  const request = await requestOf(command, given, (source) => readSource(source, around))
  if (own.follow) return printEvents(follow(server, request), command, own, around)
  if (own.all) return printPages(pagesOf(server, request), command, own, around)
  if (own.dryRun) request.query.dryRun = 'true'
  const answer = await send(server, request, {
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    ...(own.ifMatch === undefined ? {} : { 'if-match': own.ifMatch }),
  })
  if (own.json) around.out(answer.text === '' ? '' : `${printableJson(answer.text)}\n`)
  else
    around.out(
      answer.text === '' ? 'Done.\n' : inWords({ command, given, own }, JSON.parse(answer.text) as object, around),
    )
  const isState = own.field === undefined && commands.some(({ changes }) => changes === command.name)
  for (const note of notesOf(answer, isState)) around.err(`${printable(note)}\n`)
}

async function readSource(source: string, { input }: Surroundings): Promise<string> {
  if (source === '-') return textOf(input)
  try {
    return await readFile(source, 'utf8')
  } catch (error) {
    throw new Stopped('wrongWords', `\`@${source}\` cannot be read: ${(error as Error).message}.`)
  }
}

/** What the headers say beside the answer. */
function notesOf({ headers }: Answer, isState: boolean): string[] {
  const notes: (readonly [string, string])[] = [
    ['x-cadastre-warning', 'Warning: '],
    ['x-cadastre-decision', 'Decision: '],
    ['x-cadastre-explanation', 'Policy: '],
  ]
  return [
    ...notes.flatMap(([header, words]) => {
      const value = headers.get(header)
      return value === null ? [] : [`${words}${value}`]
    }),
    ...(headers.has('x-cadastre-dry-run') ? ['Dry run: nothing was changed.'] : []),
    ...(isState && headers.has('etag') ? [`ETag: ${headers.get('etag')}`] : []),
  ]
}

function inWords({ command, given, own }: Params, answer: object, around: Surroundings): string {
  const { field, form = 'standard' } = own
  if (command.hasMessages && field === undefined) {
    return `${printable((answer as { messages: Record<Form, string> }).messages[form]).trimEnd()}\n`
  }
  const { items, nextCursor } = answer as Partial<Page>
  if (!Array.isArray(items)) {
    if (field !== undefined) return fieldOf([answer], field)
    return renderObject(inDeclaredOrder(answer as Record<string, unknown>, command.fields ?? []), around.clock().zone)
  }
  const isMore = nextCursor !== undefined && command.streamId === undefined
  // Whoever wants one member of so many items has said how many.
  const isEnough = field !== undefined && given.limit !== undefined
  if (isMore && !isEnough) around.err(`There is more: --all, or --cursor ${nextCursor}\n`)
  return listInWords({ command, own }, items, around)
}

function listInWords(
  { command, own }: Pick<Params, 'command' | 'own'>,
  items: Page['items'],
  { width, clock }: Surroundings,
): string {
  if (own.field !== undefined) return fieldOf(items, own.field)
  if (items.length === 0) return 'There are none.\n'
  return renderTable(command.columns ?? columnsOf(items), items, { width, zone: clock().zone })
}

/** JSON is one array, printed page by page; a table needs all its rows first, to know its widths. */
async function printPages(pages: AsyncIterable<Page>, command: NativeCommand, own: OwnGiven, around: Surroundings) {
  const { json } = own
  const rows: Page['items'][number][] = []
  let count = 0
  for await (const { items } of pages) {
    if (!json) rows.push(...items)
    else for (const item of items) around.out(`${count++ === 0 ? '[' : ','}${printableJson(JSON.stringify(item))}`)
  }
  if (json) around.out(count === 0 ? '[]\n' : ']\n')
  else around.out(listInWords({ command, own }, rows, around))
}

/** One line each. The server hangs up when it stops, or when the token ends. */
async function printEvents(
  events: AsyncIterable<{ id: string; data: string }>,
  command: NativeCommand,
  { json }: OwnGiven,
  around: Surroundings,
): Promise<never> {
  let last: string | undefined
  const widths = new Map<string, number>()
  const { zone } = around.clock()
  for await (const { id, data } of events) {
    last = id
    const item = () => lineOf(command.columns ?? [], JSON.parse(data) as object, { widths, zone })
    around.out(`${json ? printableJson(data) : item()}\n`)
  }
  const again = last === undefined ? 'Follow again.' : `\`--follow --cursor ${last}\` goes on behind what you saw.`
  throw new Stopped('tryLater', 'The server has hung up.', [again])
}

/** Columns grow as they must: what comes is not known before. */
function lineOf(
  columns: readonly string[],
  item: object,
  { widths, zone }: { readonly widths: Map<string, number>; readonly zone: string },
): string {
  const cells = columns.map((name) => {
    const cell = cellOf((item as Record<string, unknown>)[name], zone)
    widths.set(name, Math.max(cell.length, widths.get(name) ?? 0))
    return cell.padEnd(widths.get(name)!)
  })
  return cells.join('  ').trimEnd()
}
