// A row of a table that somebody keeps, read as what is there: networks, addresses and ranges in cells as people write them. The console
// reads tables with it, too, so that nothing here is of one program alone.
import type { WrittenObservation } from '#formats/observations.ts'
import { bitsOf, parseAddress, parseCidr, parseLooseCidr } from '#model/cidr.ts'
import { addressOf, blockOf, type Found, placeBetween } from './seen.ts'
import type { Columns } from './sheet-columns.ts'
import { type Meaning, meanings, saysNothing, stateIn } from './sheet-words.ts'
import { siteLocale } from './site.ts'
import type { Row } from './table-cells.ts'

export interface SheetRow extends Row {
  /** Of a workbook. */
  readonly sheet?: string
}

export interface SheetSettings {
  readonly space: string
  readonly locales: ReadonlyMap<string, string>
  readonly filled: ReadonlySet<string>
}

type Seen = Found & { /** The network of an address, which other addresses have too. */ readonly isImplied?: true }
export type ReadRow =
  | { readonly found: readonly Seen[] }
  | { readonly problem: string }
  /** What has a name and no address. */
  | { readonly nothing: string }

const places = ['network', 'address', 'first', 'last'] as const

export class Table {
  readonly #columns: Columns
  readonly #settings: SheetSettings
  /** What stood last in columns that are filled down. */
  readonly #last = new Map<string, string>()

  constructor(columns: Columns, settings: SheetSettings) {
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
