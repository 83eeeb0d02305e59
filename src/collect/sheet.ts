// Networks and addresses in tables that people keep: which column means what, and what stands in a cell.

import type { WrittenObservation } from '#formats/observations.ts'
import { bitsOf, parseAddress, parseCidr, parseLooseCidr } from '#model/cidr.ts'
import { type Around, type Collected, type CollectorOption, SourceTrouble, shownText } from './collector.ts'
import { addressOf, blockOf, type Found, placeBetween, seen } from './seen.ts'
import { pairsOf, siteLocale } from './service.ts'
import {
  guessColumns,
  guessedColumnsMax,
  type Meaning,
  meanings,
  plainWord,
  saysNothing,
  stateIn,
} from './sheet-words.ts'
import type { Row } from './table-file.ts'

export interface SheetRow extends Row {
  /** Of a workbook. */
  readonly sheet?: string
}

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

/** The place of each meaning. */
type Columns = ReadonlyMap<string, number>

/** Titles and empty lines may stand above the header. */
const headerLinesMax = 50
/** Of lines that could not be read, where nothing is sent for them. */
const namedMax = 20

/** The columns that are named, where a row is the header that has them all; by places alone there is no header. */
function namedColumns(named: ReadonlyMap<string, string>, row: SheetRow): Columns | undefined {
  const places = [...named].map(([meaning, name]) => {
    const place = /^#(\d+)$/.exec(name)?.[1]
    return [
      meaning,
      place === undefined ? row.cells.findIndex((cell) => plainWord(cell) === plainWord(name)) : Number(place) - 1,
    ] as const
  })
  return places.every(([, at]) => at >= 0) ? new Map(places) : undefined
}

const says = (columns: Columns): boolean =>
  columns.has('network') || columns.has('address') || (columns.has('first') && columns.has('last'))

/** What a person has to look at, in the words of the option that confirms it. */
const shown = (columns: Columns, header: readonly string[]): string =>
  [...columns].map(([meaning, at]) => `${meaning}=${/[,='#]/.test(header[at]!) ? `#${at + 1}` : header[at]}`).join(',')

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

interface Settings {
  readonly space: string
  readonly locales: ReadonlyMap<string, string>
  readonly filled: ReadonlySet<string>
}

export async function* observeRows(around: Around, rows: AsyncIterable<SheetRow>): AsyncGenerator<Collected> {
  const { note } = around
  const mapping = await Mapping.open(around)
  const { options } = mapping
  const asked = options.get('columns')
  const named = asked === undefined || asked === 'guess' ? undefined : pairsOf(asked)!
  const hasHeader = !named || [...named.values()].some((name) => !name.startsWith('#'))
  const settings: Settings = {
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

type Seen = Found & { /** The network of an address, which other addresses have too. */ readonly isImplied?: true }
type ReadRow =
  | { readonly found: readonly Seen[] }
  | { readonly problem: string }
  /** What has a name and no address. */
  | { readonly nothing: string }

const places = ['network', 'address', 'first', 'last'] as const

class Table {
  readonly #columns: Columns
  readonly #settings: Settings
  /** What stood last in columns that are filled down. */
  readonly #last = new Map<string, string>()

  constructor(columns: Columns, settings: Settings) {
    this.#columns = columns
    this.#settings = settings
  }

  #cell(cells: readonly string[], meaning: string): string {
    const text = cells[this.#columns.get(meaning) ?? -1]?.trim() ?? ''
    if (!this.#settings.filled.has(meaning)) return text
    if (text !== '') this.#last.set(meaning, text)
    return text === '' ? (this.#last.get(meaning) ?? '') : text
  }

  read({ cells, sheet }: SheetRow): ReadRow {
    const cell = (meaning: Meaning): string => this.#cell(cells, meaning)
    const stateText = cell('state')
    const [network, address, first, last] = [cell('network'), cell('address'), cell('first'), cell('last')].map(
      (text) => (saysNothing(text) || stateIn(text) !== undefined ? '' : text),
    ) as [string, string, string, string]
    const shared = {
      name: cell('name'),
      space: cell('space') || this.#settings.space,
      account: cell('account'),
      locale: siteLocale(cell('place') || undefined, this.#settings.locales),
      state: stateIn(stateText) ?? (stateText === '' ? ('in-use' as const) : ('unknown' as const)),
      sourceState: stateText,
      tags: [...this.#tags(cells), ...(sheet === undefined ? [] : [['sheet', sheet] as const])],
    }
    if (network === '' && address === '' && first === '' && last === '') {
      // A line between tables, or one that says that something is free, is meant to be without.
      const isMeant = places.some((meaning) => cell(meaning) !== '')
      return isMeant || shared.name === '' ? { found: [] } : { nothing: shared.name }
    }
    const found: Seen[] = []
    const problems: string[] = []
    const take = (read: Places | string, kind: 'network' | 'address' | 'range'): Places => {
      if (typeof read !== 'string') return read
      problems.push(`\`${kind}\`: ${read}`)
      return []
    }
    const networks = network === '' ? [] : take(networksIn(network, cell('mask')), 'network')
    const hosts = address === '' ? [] : take(addressesIn(address, network === '' ? cell('mask') : ''), 'address')
    const ranges = first === '' && last === '' ? [] : take(rangeIn(first, last), 'range')
    if (problems.length > 0) return { problem: problems.join('; ') }
    const isOfHost = hosts.length > 0
    for (const place of networks)
      found.push({
        ...(isOfHost ? { space: shared.space, locale: shared.locale, isImplied: true as const } : shared),
        ...kindOf(place),
        id: place.cidr,
      })
    const parent = networks.length === 1 ? networks[0]!.cidr : undefined
    for (const place of hosts) found.push({ ...shared, ...kindOf(place), id: place.cidr, parent })
    for (const place of ranges) found.push({ ...shared, ...place, kind: 'range', parent })
    return { found }
  }

  *#tags(cells: readonly string[]): Generator<readonly [string, string]> {
    for (const meaning of this.#columns.keys()) {
      const text = meaning in meanings ? '' : this.#cell(cells, meaning)
      if (text !== '') yield [meaning, text]
    }
  }
}

const kindOf = (place: Place): Pick<Found, 'kind' | 'type' | 'cidr' | 'range'> =>
  place.isHost
    ? { kind: 'address', type: 'onprem:host', cidr: place.cidr }
    : place.cidr === undefined
      ? { kind: 'range', range: place.range }
      : { kind: 'network', type: 'onprem:network', cidr: place.cidr }

// Cells ----------------------------------------------------------------------------------------------------------------

type Place = Pick<WrittenObservation, 'cidr' | 'range'> & { readonly isHost?: true }
type Places = readonly Place[]

/** Several in one cell. */
const partsOf = (text: string): string[] =>
  text
    .split(/[,;\n]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** Each part read; a text says what is wrong with the first that cannot be. */
function each(text: string, read: (part: string) => Place | string): Places | string {
  const places: Place[] = []
  for (const part of partsOf(text)) {
    const place = read(part)
    if (typeof place === 'string') return place
    places.push(place)
  }
  return places
}

/** Zeros in front are octal to some programs and padding to most people: whoever knows may write it without them. */
const isPadded = (text: string): boolean => /(?:^|[^\d])0\d+(?:\.\d+){3}|\d\.0\d/.test(text)

export function networksIn(text: string, mask = ''): Places | string {
  return each(text, (part) => {
    if (isPadded(part)) return `\`${part}\` has zeros in front, which mean two things`
    // `192.0.2.0 / 24`, `192.0.2.0 255.255.255.0`
    const [address, length, ...rest] = part.split(/[/\s]+/)
    const said = length ?? (mask.trim() === '' ? undefined : mask.trim().replace(/^\//, ''))
    const star = starred(part)
    if (star !== undefined) return { cidr: star }
    const isRange = /[-–—]/.test(part)
    if (!isRange && rest.length === 0 && said !== undefined && address !== undefined) return masked(address, said)
    const range = isRange ? rangeText(part) : undefined
    if (range) return range
    return !isRange && addressOf(part) !== undefined ? `\`${part}\` has neither a length nor a mask` : unreadable(part)
  })
}

function masked(address: string, said: string): Place | string {
  const length = said.includes('.') ? maskLength(said) : /^\d{1,3}$/.test(said) ? Number(said) : undefined
  if (length === undefined) return `\`${said}\` is no mask`
  const text = `${address}/${length}`
  const block = parseCidr(text)
  if (block) return { cidr: blockOf(text)! }
  const around = parseLooseCidr(text)
  return around ? `\`${text}\` has host bits set: \`${blockOf(text)}\` is the network around it` : unreadable(text)
}

/** Of `255.255.255.0`; undefined where its ones are not all in front. What counts from the other end is no mask here. */
function maskLength(mask: string): number | undefined {
  const address = parseAddress(mask)
  if (address?.family !== 4) return undefined
  const bits = address.first.toString(2).padStart(32, '0')
  return /^1*0*$/.test(bits) ? bits.replaceAll('0', '').length : undefined
}

/** `192.0.2.*` and `192.0.2.x`: as many numbers as are said. */
function starred(text: string): string | undefined {
  const [, numbers, stars] = /^((?:\d{1,3}\.){1,3})((?:[*xX])(?:\.[*xX])*)$/.exec(text) ?? []
  if (numbers === undefined || stars === undefined) return undefined
  const count = numbers.split('.').length - 1
  if (count + stars.split('.').length !== 4) return undefined
  return blockOf(
    `${numbers}${Array(4 - count)
      .fill('0')
      .join('.')}/${count * 8}`,
  )
}

/** `192.0.2.10-192.0.2.20`, `192.0.2.10-20`, `192.0.2.0 - .255`. */
function rangeText(text: string): Place | string | undefined {
  const [first, end, ...rest] = text.split(/[-–—]/).map((one) => one.trim())
  if (!first || !end || rest.length > 0) return undefined
  const last = /^\.?\d{1,3}$/.test(end) ? first.replace(/(?<!\d)\d+$/, end.replace('.', '')) : end
  const read = rangeIn(first, last)
  return typeof read === 'string' ? read : read[0]
}

function rangeIn(first: string, last: string): Places | string {
  if (isPadded(first) || isPadded(last)) return `\`${first}\` and \`${last}\`: zeros in front mean two things`
  const [from, to] = [addressOf(first), addressOf(last)]
  if (from === undefined || to === undefined) return unreadable(from === undefined ? first : last)
  const place = placeBetween(first, last)
  return place ? [place] : `\`${first}\` is not below \`${last}\``
}

/** An address with a mask is a host in that network, but for the one that is the network itself. */
export function addressesIn(text: string, mask = ''): Places | string {
  return each(text, (part) => {
    if (isPadded(part)) return `\`${part}\` has zeros in front, which mean two things`
    if (/[-–—]/.test(part) || starred(part) !== undefined) {
      const read = networksIn(part)
      return typeof read === 'string' ? read : read[0]!
    }
    const [address, length] = part.split(/[/\s]+/) as [string, string?]
    const cidr = addressOf(address)
    if (cidr === undefined) return unreadable(part)
    const said = length ?? (mask.trim() === '' ? undefined : mask.trim().replace(/^\//, ''))
    const network = said === undefined ? undefined : masked(address, said)
    if (
      typeof network === 'object' &&
      network.cidr !== cidr &&
      lengthOf(network.cidr!) < bitsOf(parseCidr(cidr)!.family) - 1
    )
      return network
    return { cidr, isHost: true }
  })
}
const lengthOf = (cidr: string): number => parseCidr(cidr)!.length

/** Spreadsheets make numbers of what looks like one: `10.1`, `192168100`. */
const unreadable = (text: string): string =>
  /^\d+([.,]\d+)?$/.test(text)
    ? `\`${text}\` is a number; a spreadsheet may have made it of an address`
    : /^\d{4}-\d\d-\d\d$/.test(text)
      ? `\`${text}\` is a day; a spreadsheet may have made it of an address`
      : `\`${text}\` is neither a network, nor a range, nor an address`
