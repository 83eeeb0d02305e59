// Runs a command of the native API: the words become a request, the answer what people or scripts read.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { type Severity, severities } from '#model/finding.ts'
import { type OutputGiven, outputOf, type Printing, printAnswer, printEvents, printPages } from './answers.ts'
import { type Given, requestOf, withMoments } from './arguments.ts'
import { type Answer, exportOf, follow, type Page, pagesOf, partsOf, Refused, send } from './client.ts'
import { endingOf, exitCodes, Stopped } from './exit-codes.ts'
import { formatOf } from './formats.ts'
import { fold } from './measure.ts'
import type { NativeCommand, NativeParameter } from './native-command.ts'
import { paintOf } from './paint.ts'
import { printable } from './printable.ts'
import { getServer, type Server } from './profiles.ts'
import { type Asked, afterNoAnswer, wordsOf } from './refusals.ts'
import { type InputRow, rowsIn } from './rows.ts'
import { withWholeIds } from './short-ids.ts'
import type { Surroundings } from './surroundings.ts'

/** The flags of `own-flags.ts`, as they were given. */
export interface OwnGiven extends OutputGiven {
  readonly profile?: string
  readonly url?: string
  readonly dryRun?: boolean
  readonly impact?: boolean
  readonly idempotencyKey?: string
  readonly ifMatch?: string
  readonly all?: boolean
  readonly follow?: boolean
  readonly importAccount?: string
  readonly importRegion?: string
  readonly failOn?: Severity
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
  const moments = withMoments(command, words, clock)
  const server = await getServer(around.settings, own)
  const given = await withWholeIds(command, moments, server)
  const idempotencyKey = command.isRepeatable ? (own.idempotencyKey ?? randomUUID()) : undefined
  const paint = paintOf(around.colours.err)
  const asked: Asked = {
    command,
    given,
    server,
    idempotencyKey,
    commands,
    zone: clock.zone,
    isDryRun: isDry(own),
    paint,
  }
  try {
    await perform({ command, given, own }, { ...asked, server }, around)
    return await endingOfFindings({ command, given, own }, server, around)
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

async function refused({ problem }: Refused, asked: Asked, own: OwnGiven, around: Surroundings): Promise<number> {
  const format = formatOf(outputOf(own))
  around.err(format?.isWhole ? await format.answer(JSON.stringify(problem), {}) : wordsOf(problem, asked))
  return exitCodes[endingOf(problem)].code
}

async function perform(params: Params, asked: Asked & { server: Server }, around: Surroundings) {
  const { command, own } = params
  const read = (source: string): Promise<string> => readSource(source, around)
  const { given, rows } = await withRows(command, params.given, read)
  if (rows) return performRows({ command, given, own }, asked, rows, around)
  const { server, idempotencyKey, commands } = asked
  const request = await requestOf(command, given, read)
  const format = own.output as string | undefined
  if (format !== undefined && command.exports?.includes(format)) {
    const { importAccount, importRegion } = own
    Object.assign(request.query, { format }, importAccount && { importAccount }, importRegion && { importRegion })
    for await (const text of exportOf(server, request)) around.out(text)
    return
  }
  const printing: Printing = { command, own, server, around }
  if (own.follow) return printEvents(follow(server, request), printing)
  if (isDry(own)) request.query.dryRun = 'true'
  if (own.all && command.outcome !== undefined) {
    const counts: Counts = new Map()
    try {
      const parts = partsOf(server, request, idempotencyKey)
      return await printPages(counting(parts, { outcome: command.outcome, counts }, around), printing)
    } finally {
      // Also where it did not come to its end: what was done stays done.
      around.err(`Done: ${printable(summaryOf(counts))}.\n`)
    }
  }
  if (own.all || isDrawn({ command, given, own })) return printPages(pagesOf(server, request), printing)
  const answer = await send(server, request, {
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    ...(own.ifMatch === undefined ? {} : { 'if-match': own.ifMatch }),
  })
  await printAnswer(own.impact ? impactIn(answer) : answer.text, printing)
  noteMore(answer.text, { command, given, own }, around)
  const isState = own.field === undefined && commands.some(({ changes }) => changes === command.name)
  for (const note of notesOf(answer, isState, own.impact === true)) around.err(`${printable(note)}\n`)
}

/** For pipelines: whether there is an open one that is bad enough, of those that the list is about. */
async function endingOfFindings(
  { command, given, own }: Params,
  server: Server,
  around: Surroundings,
): Promise<number> {
  const { failOn } = own
  if (failOn === undefined) return exitCodes.done.code
  const bad = severities.slice(0, severities.indexOf(failOn) + 1)
  const { cursor: _, limit: __, ...filter } = given
  const wanted = given.severity === undefined ? bad : bad.filter((severity) => severity === given.severity)
  for (const severity of wanted) {
    const asked = { ...filter, status: 'open', severity }
    const request = await requestOf(command, asked, (source) => readSource(source, around))
    for await (const { items } of pagesOf(server, request)) {
      if (items.length === 0) continue
      around.err(`There are open findings of severity ${severity}.\n`)
      return exitCodes.findings.code
    }
  }
  return exitCodes.done.code
}

/** The lines of the file that a list is given by, where they are no JSON array that fits into one request. */
async function withRows(
  { parameters }: NativeCommand,
  given: Given,
  read: (source: string) => Promise<string>,
): Promise<{ readonly given: Given; readonly rows?: Rows }> {
  const parameter = parameters.find((one): one is RowsParameter => one.rows !== undefined)
  const source = parameter && given[parameter.name]
  if (!parameter || typeof source !== 'string' || !(source === '-' || source.startsWith('@'))) return { given }
  const text = await read(source === '-' ? '-' : source.slice(1))
  const rows = rowsIn(text, parameter.rows.kinds)
  const isOne = text.trimStart().startsWith('[') && rows.length <= parameter.rows.max
  return isOne ? { given: { ...given, [parameter.name]: text } } : { given, rows: { parameter, rows } }
}
interface Rows {
  readonly parameter: RowsParameter
  readonly rows: readonly InputRow[]
}
type RowsParameter = NativeParameter & { readonly rows: NonNullable<NativeParameter['rows']> }

/** So many lines in one request as it takes, one request after another. What is wrong with one is said with its line. */
async function performRows(
  { command, own }: Params,
  { server, idempotencyKey }: Asked & { server: Server },
  { parameter, rows }: Rows,
  around: Surroundings,
): Promise<void> {
  const items: Page['items'][number][] = []
  const { method, path } = command
  const query: Record<string, string> = isDry(own) ? { dryRun: 'true' } : {}
  for (let at = 0; at < rows.length; at += parameter.rows.max) {
    const some = rows.slice(at, at + parameter.rows.max)
    const body = { [parameter.name]: some.map(({ value }) => value) }
    // Each has a name of its own, so that a repeat of all of them has no second effect.
    const headers: Record<string, string> = {}
    if (idempotencyKey !== undefined) headers['idempotency-key'] = `${idempotencyKey}-${at}`
    try {
      const { text } = await send(server, { method, path, query, body }, headers)
      items.push(...((JSON.parse(text) as Record<string, Page['items']>)[parameter.name] ?? []))
    } catch (error) {
      throw withLine(error, { before: rows.slice(0, at), some })
    }
  }
  const printing: Printing = { command, own, server, around }
  if (own.field === undefined && !formatOf(outputOf(own))) return around.out(`Done: ${items.length}.\n`)
  await printAnswer(JSON.stringify({ [parameter.name]: items }), printing)
}

/** What is known of the lines around one that failed. */
function withLine(
  error: unknown,
  { before, some }: { readonly before: readonly InputRow[]; readonly some: readonly InputRow[] },
): unknown {
  const span = (lines: readonly InputRow[]) => `${lines[0]!.line} to ${lines.at(-1)!.line}`
  const done = before.length === 0 ? '' : ` Lines ${span(before)} were done before.`
  if (error instanceof Stopped) {
    return new Stopped(error.ending, `Lines ${span(some)}: ${error.message}${done}`, error.nextSteps)
  }
  if (!(error instanceof Refused)) return error
  const { problem, url } = error
  const { index, ...facts } = problem
  const line = typeof index === 'number' ? some[index]?.line : undefined
  const what = problem.detail.replace(/^Number \d+: /, '')
  const where = line === undefined ? `Lines ${span(some)}` : `Line ${line}`
  const none = some.length > 1 ? ` Of lines ${span(some)} nothing was done.` : ''
  return new Refused(
    { ...facts, ...(line === undefined ? {} : { line }), detail: `${where}: ${what}${none}${done}` },
    url,
  )
}

/** How often what was done. */
type Counts = Map<string, number>
const summaryOf = (counts: Counts): string =>
  [...counts].map(([name, count]) => `${count} ${name}`).join(', ') || 'nothing'

/** Says on a terminal how far it has come. */
async function* counting(
  parts: AsyncIterable<Page>,
  { outcome, counts }: { readonly outcome: string; readonly counts: Counts },
  { err, width }: Surroundings,
): AsyncGenerator<Page> {
  for await (const part of parts) {
    for (const item of part.items) {
      const name = String(item[outcome])
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    if (width !== undefined) err(`${printable(summaryOf(counts))} …\n`)
    yield part
  }
}

interface Fresh {
  readonly freshness?: string
  readonly takenAt?: string
}
/** What rests on what a source has told says so where that is old. */
function noteStale({ freshness, takenAt }: Fresh, around: Surroundings): void {
  if (freshness === 'never') around.err('The source has told nothing yet.\n')
  if (freshness === 'stale' && takenAt !== undefined)
    around.err(`The source is stale: it has told nothing since ${printable(takenAt)}.\n`)
}

/** A tree has all its pages: one alone would be branches without what they hang under. */
const isDrawn = ({ command, given, own }: Params): boolean =>
  command.tree !== undefined &&
  outputOf(own) === 'table' &&
  own.field === undefined &&
  given.limit === undefined &&
  given.cursor === undefined

/** Where the format does not say it itself. */
function noteMore(text: string, { command, given, own }: Params, around: Surroundings): void {
  if (text === '' || formatOf(outputOf(own))?.isWhole) return
  noteStale(JSON.parse(text) as Fresh, around)
  if (command.outcome !== undefined && (JSON.parse(text) as { readonly next?: string }).next !== undefined)
    around.err('There is more: --all does all of it.\n')
  if (!command.isPaged) return
  const { nextCursor } = JSON.parse(text) as Partial<Page>
  // Whoever wants one member of so many items has said how many.
  const isEnough = own.field !== undefined && given.limit !== undefined
  // In the order of time a list that grows goes on for ever.
  const isReadOn = command.streamId !== undefined && (given.order !== undefined || given.latest !== undefined)
  if (nextCursor === undefined || isReadOn || isEnough) return
  // A cursor is longer than a line of a terminal: who reads there asks for all.
  const more = 'There is more: --all shows all of it; -o json says where it goes on.'
  const { width } = around
  around.err(width === undefined ? `There is more: --all, or\n  --cursor ${nextCursor}\n` : `${fold(more, width)}\n`)
}

async function readSource(source: string, { input }: Surroundings): Promise<string> {
  if (source === '-') return textOf(input)
  try {
    return await readFile(source, 'utf8')
  } catch (error) {
    throw new Stopped('wrongWords', `\`@${source}\` cannot be read: ${(error as Error).message}.`)
  }
}

const isDry = ({ dryRun = false, impact = false }: OwnGiven): boolean => dryRun || impact

const impactHeader = 'x-cadastre-impact'
/** What the change would make of space in use, as JSON; where it changes nothing of governance there is nothing to tell. */
const impactIn = ({ headers }: Answer): string =>
  headers.get(impactHeader) ?? JSON.stringify({ noncompliant: 0, compliant: 0, evaluated: 0, isWhole: true })

/** The same in a line. */
function impactNote({ headers }: Answer): string[] {
  const told = headers.get(impactHeader)
  if (told === null) return []
  const { noncompliant, compliant, evaluated, isWhole } = JSON.parse(told) as Record<string, number> & {
    isWhole: boolean
  }
  const of = `of ${evaluated} in use${isWhole ? '' : ', and there is more'}`
  return [`Impact: ${noncompliant} would comply no more, and ${compliant} would again, ${of}; --impact shows which.`]
}

/** What the headers say beside the answer. */
function notesOf(answer: Answer, isState: boolean, isImpact: boolean): string[] {
  const { headers } = answer
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
    ...(isImpact ? [] : impactNote(answer)),
    ...(headers.has('x-cadastre-dry-run') ? ['Dry run: nothing was changed.'] : []),
    ...(isState && headers.has('etag') ? [`ETag: ${headers.get('etag')}`] : []),
  ]
}
