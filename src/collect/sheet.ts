// Networks and addresses in tables that people keep: which column means what, and what stands in a cell.

import { type Around, type Collected, type CollectorOption, SourceTrouble, shownText } from './collector.ts'
import { seen } from './seen.ts'
import { pairsOf } from './service.ts'
import { namedColumns, says, shown } from './sheet-columns.ts'
import { type SheetRow, type SheetSettings, Table } from './sheet-rows.ts'
import { guessColumns, guessedColumnsMax, meanings } from './sheet-words.ts'

export const sheetOptions: readonly CollectorOption[] = [
  {
    flag: 'columns',
    value: 'MEANING=COLUMN,…',
    meaning: `Which column means what: ${Object.keys(meanings).join(', ')}, or the name of a tag; the columns by what stands above them, or as \`#1\` by their places where nothing does. Without it they are guessed and shown; \`guess\` takes the guess.`,
  },
  {
    flag: 'fill-down',
    value: 'MEANINGS',
    meaning: 'Of these an empty cell means what stands above it, as in merged cells: `place,space`.',
  },
  {
    flag: 'mapping',
    value: 'FILE',
    meaning:
      'Keeps what columns mean, with `--fill-down`, `--space` and `--locales`, for next time. Without `--columns` the guess is written there to be looked at, where there is no such file yet.',
  },
  { flag: 'space', value: 'NAME', meaning: 'The routing domain of all of it, where no column says one.' },
  {
    flag: 'locales',
    value: 'SITE=LOCALE,…',
    meaning:
      'Locales of sites, as they are called in the table, such as `Frankfurt=eu-central-1`. By default `onprem:SITE`.',
  },
]

export function sheetOptionsProblem(options: ReadonlyMap<string, string>): string | undefined {
  if (options.get('mapping') === '-') return '`--mapping` takes a file'
  const columns = options.get('columns')
  if (columns !== undefined && columns !== 'guess') {
    const pairs = pairsOf(columns)
    if (!pairs) return '`--columns` takes `MEANING=COLUMN`, several separated by commas'
    if (!['network', 'address', 'first'].some((meaning) => pairs.has(meaning)))
      return '`--columns` must say which column is the `network`, the `address`, or the `first` address'
    if (pairs.has('first') !== pairs.has('last')) return '`--columns` takes `first` and `last` together'
  }
  if (!pairsOf(options.get('locales'))) return '`--locales` takes `SITE=LOCALE`, several separated by commas'
  return undefined
}

// Columns --------------------------------------------------------------------------------------------------------------

/** Titles and empty lines may stand above the header. */
const headerLinesMax = 50
/** Of lines that could not be read, where nothing is sent for them. */
const namedMax = 20

// Next time ------------------------------------------------------------------------------------------------------------

/** What is kept of a table, as its options say it. */
const keptFlags = ['columns', 'fill-down', 'space', 'locales'] as const

/** The file of `--mapping`: what the same table meant last time. */
class Mapping {
  readonly file: string | undefined
  /** Those that are given, and behind them those that are kept. */
  readonly options: ReadonlyMap<string, string>
  isKept = false
  readonly #around: Around
  readonly #isNews: boolean

  private constructor(around: Around, kept: ReadonlyMap<string, string> | undefined) {
    this.#around = around
    this.file = around.options.get('mapping')
    this.options = new Map([...(kept ?? []), ...around.options])
    this.#isNews = !kept || keptFlags.some((flag) => around.options.has(flag))
  }
  static async open(around: Around): Promise<Mapping> {
    const file = around.options.get('mapping')
    const text = file === undefined ? undefined : await around.kept(file)
    return new Mapping(around, text === undefined ? undefined : optionsIn(file!, text))
  }

  /** Keeps what the columns of the first header mean, where the file does not say it already. */
  async keep(columns: string): Promise<void> {
    if (this.file === undefined || this.isKept || !this.#isNews) return
    const said = keptFlags.flatMap((flag) => {
      const value = flag === 'columns' ? columns : this.options.get(flag)
      return value === undefined ? [] : [[flag, value] as const]
    })
    await this.#around.keep(this.file, `${JSON.stringify(Object.fromEntries(said), undefined, 2)}\n`)
    this.isKept = true
  }
}

function optionsIn(file: string, text: string): ReadonlyMap<string, string> {
  let said: unknown
  try {
    said = JSON.parse(text)
  } catch {
    said = undefined
  }
  const allowed = `it has ${keptFlags.map((flag) => `\`${flag}\``).join(', ')}, as JSON, each as its option takes it`
  if (typeof said !== 'object' || said === null || Array.isArray(said))
    throw new SourceTrouble(`\`${file}\` is no mapping: ${allowed}.`)
  const options = new Map<string, string>()
  for (const [flag, value] of Object.entries(said)) {
    if (!keptFlags.some((kept) => kept === flag) || typeof value !== 'string')
      throw new SourceTrouble(`\`${file}\`: \`${shownText(flag, 100)}\` is not expected so: ${allowed}.`)
    options.set(flag, value)
  }
  const problem = sheetOptionsProblem(options)
  if (problem) throw new SourceTrouble(`\`${file}\`: ${problem}.`)
  return options
}

// Rows -----------------------------------------------------------------------------------------------------------------

export async function* observeRows(around: Around, rows: AsyncIterable<SheetRow>): AsyncGenerator<Collected> {
  const { note } = around
  const mapping = await Mapping.open(around)
  const { options } = mapping
  const asked = options.get('columns')
  const named = asked === undefined || asked === 'guess' ? undefined : pairsOf(asked)!
  const hasHeader = !named || [...named.values()].some((name) => !name.startsWith('#'))
  const settings: SheetSettings = {
    space: options.get('space') ?? '',
    locales: pairsOf(options.get('locales'))!,
    filled: new Set(
      options
        .get('fill-down')
        ?.split(',')
        .map((meaning) => meaning.trim()),
    ),
  }
  let table: Table | undefined
  let sheet: string | undefined
  let above = 0
  let hasAny = false
  let problems = 0
  const shownProblems: string[] = []
  const isSkipped = options.get('on-problem') === 'skip'
  const known = new Map<string, number>()
  for await (const row of rows) {
    if (row.sheet !== sheet) {
      if (sheet !== undefined && !table) note(`${sheet}: it has no such columns`)
      sheet = row.sheet
      table = undefined
      above = 0
    }
    if (!table) {
      const columns = named ? namedColumns(named, row) : guessColumns(row.cells)
      if (!columns || !says(columns)) {
        above++
        if (above >= headerLinesMax && sheet === undefined) break
        continue
      }
      const meant = shown(columns, row.cells)
      await mapping.keep(meant)
      if (asked === undefined)
        throw new SourceTrouble(
          `Line ${row.line} seems to be the header. Look whether its columns mean this, and run it again with \`--columns '${meant}'\`${mapping.isKept ? `, or as it is: \`${mapping.file}\` says the same, and can be changed` : ''}.`,
        )
      table = new Table(columns, settings)
      hasAny = true
      if (row.cells.length > guessedColumnsMax)
        note(`line ${row.line}: ${row.cells.length} columns, of which ${columns.size} are read`)
      if (hasHeader) continue
    }
    const where = `${sheet === undefined ? '' : `${sheet}, `}line ${row.line}`
    const found = table.read(row)
    if ('nothing' in found) {
      note(`${where}: \`${found.nothing}\` has no address; where a formula makes it, its value was not kept`)
      continue
    }
    if ('problem' in found) {
      problems++
      if (isSkipped) note(`${where}: ${found.problem}`)
      else if (shownProblems.length < namedMax) shownProblems.push(`${where}: ${found.problem}`)
      continue
    }
    for (const { isImplied, ...one } of found.found) {
      const once = `${one.kind} ${one.space} ${one.cidr ?? one.range}`
      const before = known.get(once)
      if (before === undefined) {
        known.set(once, row.line)
        yield seen(one)
      } else if (!isImplied) note(`${where}: \`${one.cidr ?? one.range}\` stands in line ${before} already`)
    }
  }
  if (!hasAny)
    throw new SourceTrouble(
      named
        ? 'No line has all the columns that `--columns` names.'
        : 'No line names a network or an address as people do; name the columns with `--columns`.',
    )
  // So it looks where formulas were never computed: all of it would be taken for gone.
  if (known.size === 0 && problems === 0)
    throw new SourceTrouble('Below its header no line has a network or an address.')
  if (problems === 0) return
  if (!isSkipped)
    throw new SourceTrouble(
      `${problems} of its lines could not be read; \`--on-problem skip\` leaves them out. ${shownProblems.join('. ')}.`,
    )
  yield { unlisted: { account: '', locale: '', reason: `${problems} of its lines could not be read.` } }
}
