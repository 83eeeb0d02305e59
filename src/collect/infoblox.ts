// Infoblox NIOS, over WAPI or from a CSV export.
import {
  type Around,
  type Collected,
  type Collector,
  listed,
  listOf,
  memberOf,
  SourceTrouble,
  textOf,
} from './collector.ts'
import { Pages } from './pages.ts'
import { addressOf, blockAround, blockOf, entriesOf, type Found, placeBetween, seen } from './seen.ts'
import { apiProblem, baseOf, basicAuthorization } from './service.ts'
import type { Row } from './table-cells.ts'
import { rowsOf } from './table-file.ts'

export const infoblox: Collector = {
  kind: 'infoblox',
  summary: 'Read networks, ranges and fixed addresses of Infoblox NIOS, over WAPI or from its CSV export.',
  options: [
    { flag: 'api', value: 'URL', meaning: 'Its WAPI with the version, such as `https://infoblox.example/wapi/v2.12`.' },
    {
      flag: 'file',
      value: 'FILE',
      meaning: 'In place of `--api`: a CSV export, of one kind of object or many; `-` is the standard input.',
    },
  ],
  variables: { INFOBLOX_USER: 'Who asks over WAPI.', INFOBLOX_PASSWORD: 'The password of INFOBLOX_USER.' },
  rights: {
    words:
      'A user in an admin group with API access alone, and “Read-Only” on all network views, networks, ranges, fixed addresses and host records. What it may not read is missing without a word.',
  },
  optionsProblem: (options) =>
    options.has('api') === options.has('file')
      ? 'give `--api` or `--file`'
      : options.has('api') && !wapi.test(baseOf(options.get('api')!) ?? '')
        ? `${apiProblem}, and ends with \`/wapi/v2.12\` or another version`
        : undefined,
  collect: (around) => (around.options.has('file') ? fromTable(around) : fromApi(around)),
}
const wapi = /\/wapi\/v\d+(\.\d+)*$/

// What both have -------------------------------------------------------------------------------------------------------

const defaultView = 'default'

/** References change with what they refer to, and blocks are unique in a view: so a block is its own id. */
const networkAt = (kind: 'network' | 'container', cidr: string, view: string | undefined): Found => ({
  kind,
  cidr,
  id: cidr,
  space: view || defaultView,
  ...(kind === 'network' ? { type: 'onprem:network' } : {}),
})

/** Addresses of hosts stand in the host and alone. */
class Hosts {
  readonly #known = new Set<string>();
  *at(cidr: string | undefined, view: string | undefined, more: Omit<Found, 'kind'>): Generator<Collected> {
    const space = view || defaultView
    const once = `${space} ${cidr} ${more.name ?? ''}`
    if (cidr === undefined || this.#known.has(once)) return
    this.#known.add(once)
    yield seen({ kind: 'address', type: 'onprem:host', cidr, space, state: 'in-use', ...more })
  }
}

// Over WAPI ------------------------------------------------------------------------------------------------------------

interface WapiList {
  readonly name: string
  readonly fields: string
  read(row: unknown, hosts: Hosts): Iterable<Collected>
}

function network(kind: 'network' | 'container'): WapiList['read'] {
  return function* (row) {
    const cidr = blockOf(memberOf(row, 'network'))
    if (cidr === undefined) return
    const above = textOf(row, 'network_container')
    yield seen({
      ...networkAt(kind, cidr, textOf(row, 'network_view')),
      parent: above === undefined || above === '/' ? undefined : blockOf(above),
      name: textOf(row, 'comment'),
      state: 'in-use',
      tags: attributesOf(row),
    })
  }
}
function* range(row: unknown): Generator<Collected> {
  const place = placeBetween(memberOf(row, 'start_addr'), memberOf(row, 'end_addr'))
  const parent = blockOf(memberOf(row, 'network'))
  const space = textOf(row, 'network_view') ?? defaultView
  const name = textOf(row, 'name') ?? textOf(row, 'comment')
  if (place) yield seen({ kind: 'range', ...place, space, parent, name, state: 'in-use', tags: attributesOf(row) })
}
const fixed =
  (member: string): WapiList['read'] =>
  (row, hosts) => {
    const name = textOf(row, 'name') ?? textOf(row, 'comment')
    const more = { name, parent: blockOf(memberOf(row, 'network')), tags: attributesOf(row) }
    return hosts.at(addressOf(memberOf(row, member)), textOf(row, 'network_view'), more)
  }
function* record(row: unknown, hosts: Hosts): Generator<Collected> {
  const name = textOf(row, 'name')
  const addresses = [
    ...listOf(row, 'ipv4addrs').map((one) => memberOf(one, 'ipv4addr')),
    ...listOf(row, 'ipv6addrs').map((one) => memberOf(one, 'ipv6addr')),
  ]
  for (const address of addresses)
    yield* hosts.at(addressOf(address), textOf(row, 'network_view'), { id: name, name, tags: attributesOf(row) })
}

const networkFields = 'network,network_view,comment,extattrs,network_container'
const rangeFields = 'start_addr,end_addr,network,network_view,name,comment,extattrs'
/** Containers are not among networks. */
const lists: readonly WapiList[] = [
  { name: 'networkcontainer', fields: networkFields, read: network('container') },
  { name: 'ipv6networkcontainer', fields: networkFields, read: network('container') },
  { name: 'network', fields: networkFields, read: network('network') },
  { name: 'ipv6network', fields: networkFields, read: network('network') },
  { name: 'range', fields: rangeFields, read: range },
  { name: 'ipv6range', fields: rangeFields, read: range },
  { name: 'record:host', fields: 'name,network_view,ipv4addrs,ipv6addrs,extattrs', read: record },
  { name: 'fixedaddress', fields: 'ipv4addr,network,network_view,name,comment,extattrs', read: fixed('ipv4addr') },
  { name: 'ipv6fixedaddress', fields: 'ipv6addr,network,network_view,name,comment,extattrs', read: fixed('ipv6addr') },
]
const rowsPerPage = 1_000

async function* fromApi(around: Around): AsyncGenerator<Collected> {
  const base = baseOf(around.options.get('api')!)!
  const [user, password] = [around.variable('INFOBLOX_USER'), around.variable('INFOBLOX_PASSWORD')]
  if (user === undefined || password === undefined) throw new SourceTrouble('Set INFOBLOX_USER and INFOBLOX_PASSWORD.')
  const headers = { authorization: basicAuthorization(user, password) }
  const hosts = new Hosts()
  for (const { name, fields, read } of lists) {
    yield* listed({ account: '', locale: '' }, async function* () {
      // Without pages, the list is cut at any number that is given, and is an error where none is.
      let query = `_return_fields=${fields}&_max_results=${rowsPerPage}&_paging=1&_return_as_object=1`
      const pages = new Pages()
      for (let page = 0; ; page++) {
        around.progress(`${name}: page ${page + 1}`)
        const answer = await around.ask({ url: `${base}/${name}?${query}`, headers })
        if (!Array.isArray(memberOf(answer, 'result'))) throw new SourceTrouble(`${name}: it answered no list.`)
        for (const row of listOf(answer, 'result')) yield* read(row, hosts)
        const next = textOf(answer, 'next_page_id')
        if (next === undefined) return
        const problem = pages.problemOf(next)
        if (problem) throw new SourceTrouble(`The list of ${name} ${problem}.`)
        query = `_page_id=${encodeURIComponent(next)}`
      }
    })
  }
}

/** `{"Site": {"value": "Oslo"}}`. */
const attributesOf = (row: unknown): [string, unknown][] =>
  entriesOf(memberOf(row, 'extattrs')).map(([name, attribute]) => [name, memberOf(attribute, 'value')])

// From a CSV export ----------------------------------------------------------------------------------------------------

type Cell = (name: string) => string | undefined
type ReadRow = (
  cell: Cell,
  attributes: readonly (readonly [string, string])[],
  hosts: Hosts,
) => Iterable<Collected> | undefined

function tableNetwork(kind: 'network' | 'container'): ReadRow {
  return (cell, tags) => {
    // Of IPv4 a mask, in either form; of IPv6 a length. Host bits are no mistake in these files.
    const cidr = masked(cell('address'), cell('netmask') ?? cell('cidr'))
    return cidr === undefined
      ? undefined
      : [seen({ ...networkAt(kind, cidr, cell('network_view')), name: cell('comment'), state: 'in-use', tags })]
  }
}
const tableRange: ReadRow = (cell, tags) => {
  const place = placeBetween(cell('start_address'), cell('end_address'))
  const space = cell('network_view') ?? defaultView
  return (
    place && [seen({ kind: 'range', ...place, space, name: cell('name') ?? cell('comment'), state: 'in-use', tags })]
  )
}
const tableAddress: ReadRow = (cell, tags, hosts) => {
  const cidr = addressOf(cell('ip_address') ?? cell('address'))
  const name = cell('parent') ?? cell('name') ?? cell('comment')
  return cidr === undefined ? undefined : hosts.at(cidr, cell('network_view'), { id: cell('parent'), name, tags })
}
const tableHost: ReadRow = (cell, tags, hosts) => {
  const name = cell('fqdn')
  const texts = [cell('addresses'), cell('ipv6_addresses')].flatMap((text) => text?.split(',') ?? [])
  const addresses = texts.map((text) => addressOf(text))
  if (addresses.includes(undefined)) return undefined
  return addresses.flatMap((cidr) => [...hosts.at(cidr, cell('network_view'), { id: name, name, tags })])
}
const tableReaders: Readonly<Record<string, ReadRow>> = {
  network: tableNetwork('network'),
  ipv6network: tableNetwork('network'),
  networkcontainer: tableNetwork('container'),
  ipv6networkcontainer: tableNetwork('container'),
  dhcprange: tableRange,
  ipv6dhcprange: tableRange,
  fixedaddress: tableAddress,
  ipv6fixedaddress: tableAddress,
  hostrecord: tableHost,
  hostaddress: tableAddress,
  ipv6hostaddress: tableAddress,
}

/** A row that begins with `header-TYPE` names the columns of the rows of that type, until another one does. */
async function* fromTable({ options, read, note }: Around): AsyncGenerator<Collected> {
  const headers = new Map<string, readonly string[]>()
  const hosts = new Hosts()
  let unreadable = 0
  const left = new Map<string, number>()
  for await (const { line, cells } of rowsOf(read(options.get('file')!))) {
    const type = cells[0]!.toLowerCase()
    const named = /^header-(.+)$/.exec(type)?.[1]
    if (named !== undefined) {
      headers.set(
        named,
        cells.map((name) => name.replace(/\*$/, '')),
      )
      continue
    }
    if (headers.size === 0)
      throw new SourceTrouble(`Line ${line} comes before any \`header-…\`; is it a CSV export of Infoblox?`)
    const readRow = tableReaders[type]
    const header = headers.get(type)
    if (!readRow || !header) {
      left.set(type, (left.get(type) ?? 0) + 1)
      continue
    }
    const found = readRow(cellsOf(header, { line, cells }), attributesIn(header, cells), hosts)
    if (found) yield* found
    else {
      unreadable++
      note(`line ${line}: no address or block of this ${type} can be read`)
    }
  }
  if (headers.size === 0) throw new SourceTrouble('It is empty.')
  for (const [type, count] of [...left].sort()) note(`${count} of ${type}: not read`)
  if (unreadable > 0)
    yield { unlisted: { account: '', locale: '', reason: `${unreadable} of its lines could not be read.` } }
}

function cellsOf(header: readonly string[], { cells }: Row): Cell {
  const lower = header.map((name) => name.toLowerCase())
  return (name) => cells[lower.indexOf(name)] || undefined
}
const attributesIn = (header: readonly string[], cells: readonly string[]): (readonly [string, string])[] =>
  header.flatMap((name, at) =>
    /^ea-/i.test(name) && cells[at] ? [[name.slice('EA-'.length), cells[at]] as const] : [],
  )

function masked(address: string | undefined, mask: string | undefined): string | undefined {
  const length = mask?.includes('.') ? lengthOf(mask) : mask
  return blockAround(address, length)
}
/** Of `255.255.255.0`; undefined where its ones are not all in front. */
function lengthOf(mask: string): number | undefined {
  const bits = mask
    .split('.')
    .map((octet) => Number(octet).toString(2).padStart(8, '0'))
    .join('')
  return /^1*0*$/.test(bits) && bits.length === 32 ? bits.replaceAll('0', '').length : undefined
}
