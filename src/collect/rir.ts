// The registries' daily files of what they have delegated (NRO, "RIR statistics exchange format", delegated-extended).
import type { WrittenObservation } from '#formats/observations.ts'
import { formatRange } from '#model/address-range.ts'
import { bitsOf, formatCidr, parseAddress, parseCidr } from '#model/cidr.ts'
import { type Around, type Collected, type Collector, SourceTrouble } from './collector.ts'
import { linesOf } from './lines.ts'

export const rir: Collector = {
  kind: 'rir',
  summary: 'Read what a registry has delegated, from its daily delegated-extended file.',
  options: [
    { flag: 'file', value: 'FILE', meaning: 'The file; `-` is the standard input.', isRequired: true },
    {
      flag: 'holder',
      value: 'ID',
      meaning: 'Only what the holder with this opaque id has, the last column of the file.',
    },
    { flag: 'country', value: 'CC', meaning: 'Only what was delegated in this country, such as `CH`.' },
  ],
  rights: { words: 'None: the files are public.' },
  collect,
}

interface Totals {
  readonly registry: string
  readonly records: number
}

async function* collect({ options, read, note }: Around): AsyncGenerator<Collected> {
  const [holder, country] = [options.get('holder'), options.get('country')?.toUpperCase()]
  let totals: Totals | undefined
  let records = 0
  let left = 0
  let number = 0
  for await (const line of linesOf(read(options.get('file')!))) {
    number++
    if (line === '' || line.startsWith('#')) continue
    const cells = line.split('|')
    if (!totals) {
      totals = readHead(cells)
      continue
    }
    if (cells.at(-1) === 'summary') continue
    records++
    const [registry = '', cc = '', type = '', start = '', value = '', date = '', status = '', id = ''] = cells
    if (type !== 'ipv4' && type !== 'ipv6') continue
    if ((holder !== undefined && id !== holder) || (country !== undefined && cc !== country)) continue
    // Nobody has it: the registry itself keeps it.
    if (status !== 'allocated' && status !== 'assigned') continue
    const place = type === 'ipv4' ? readIpv4(start, value) : readIpv6(start, value)
    if (!place) {
      left++
      note(`line ${number}: \`${start}\` and \`${value}\` are no ${type} block`)
      continue
    }
    const tags = Object.fromEntries(
      Object.entries({ registry, country: cc, delegated: date, holder: id }).filter(([, text]) => text !== ''),
    )
    yield { found: { kind: 'registration', ...place, id, state: 'in-use', sourceState: status, tags } }
  }
  if (!totals)
    throw new SourceTrouble('It has no line with the version and the registry; is it a delegated-extended file?')
  // The records of the head are those of the whole file: fewer are what a broken download leaves.
  if (records !== totals.records)
    yield {
      unlisted: {
        account: '',
        locale: '',
        reason: `The file says that it has ${totals.records} records, and has ${records}.`,
      },
    }
  else if (left > 0) yield { unlisted: { account: '', locale: '', reason: `${left} of its lines could not be read.` } }
}

/** `version|registry|serial|records|…`. */
function readHead([version = '', registry = '', , records = '']: readonly string[]): Totals {
  if (!/^2(?:\.\d+)?$/.test(version) || !/^\d+$/.test(records))
    throw new SourceTrouble('Its first line is not `2|registry|serial|records|…`; is it a delegated-extended file?')
  return { registry, records: Number(records) }
}

type Place = Pick<WrittenObservation, 'cidr' | 'range'>
/** So many addresses from the first one: any number, not a block alone. */
function readIpv4(start: string, count: string): Place | undefined {
  const first = parseAddress(start)
  const addresses = Number(count)
  if (first?.family !== 4 || !/^\d{1,10}$/.test(count) || addresses < 1) return undefined
  const end = first.first + BigInt(addresses) - 1n
  if (end >= 1n << BigInt(bitsOf(4))) return undefined
  return { range: formatRange({ first, last: { family: 4, first: end, length: 32 } }) }
}

/** A block by its prefix length. */
function readIpv6(start: string, length: string): Place | undefined {
  const block = parseCidr(`${start}/${length}`)
  return block?.family === 6 ? { cidr: formatCidr(block) } : undefined
}
