// phpIPAM, over its REST API or from the table that its administration page exports.
import { formatAddress } from '#model/cidr.ts'
import type { ObservedState } from '#model/observation.ts'
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
import { addressOf, blockAround, blockOf, type Found, seen } from './seen.ts'
import { apiProblem, baseOf, basicAuthorization, idOf } from './service.ts'
import { siteLocale } from './site.ts'
import { columnsOf, rowsOf } from './table-file.ts'

export const phpipam: Collector = {
  kind: 'phpipam',
  summary: 'Read the subnets and addresses of phpIPAM.',
  options: [
    {
      flag: 'api',
      value: 'URL',
      meaning: 'Its API with the id of the app, such as `https://phpipam.example/api/collector`.',
    },
    {
      flag: 'file',
      value: 'FILE',
      meaning:
        'In place of `--api`: subnets or addresses as Administration › Import/Export gives them in English, saved as CSV; `-` is the standard input.',
    },
  ],
  variables: {
    PHPIPAM_TOKEN: 'The code of an app with the security “SSL with App code token”.',
    PHPIPAM_USER: 'In place of the code: a user, with PHPIPAM_PASSWORD.',
    PHPIPAM_PASSWORD: 'The password of PHPIPAM_USER.',
  },
  rights: {
    words:
      'An app of the API with the permission “Read”, and for a user “Read” on every section. What it may not read is missing without a word.',
  },
  optionsProblem: (options) =>
    options.has('api') === options.has('file')
      ? 'give `--api` or `--file`'
      : options.has('api') && baseOf(options.get('api')!) === undefined
        ? apiProblem
        : undefined,
  collect: (around) => (around.options.has('file') ? fromTable(around) : fromApi(around)),
}

// Over the API ---------------------------------------------------------------------------------------------------------

async function* fromApi(around: Around): AsyncGenerator<Collected> {
  const get = await signIn(around)
  const vrfs = new Map<string, string>()
  for (const vrf of await get('vrf')) {
    // By the name of the controller, the same member is called one or the other.
    const id = idOf(vrf, 'vrfId') ?? idOf(vrf, 'id')
    if (id !== undefined) vrfs.set(id, textOf(vrf, 'name') ?? id)
  }
  const sections = await get('sections')
  if (sections.length === 0) throw new SourceTrouble('It shows no section; may the app read any?')
  for (const section of sections) {
    const id = idOf(section, 'id') ?? ''
    const name = textOf(section, 'name') ?? id
    around.progress(name)
    yield* listed({ account: name, locale: '' }, () => inSection(around, get, { name, vrfs, rows: [], id }))
  }
}

type Get = (path: string) => Promise<readonly unknown[]>

async function signIn(around: Around): Promise<Get> {
  const base = baseOf(around.options.get('api')!)!
  const [code, user, password] = ['PHPIPAM_TOKEN', 'PHPIPAM_USER', 'PHPIPAM_PASSWORD'].map((name) =>
    around.variable(name),
  )
  let token = code
  if (token === undefined) {
    if (user === undefined || password === undefined)
      throw new SourceTrouble('Set PHPIPAM_TOKEN, or PHPIPAM_USER and PHPIPAM_PASSWORD.')
    const headers = { authorization: basicAuthorization(user, password) }
    const answer = await around.ask({ url: `${base}/user/`, method: 'POST', headers })
    token = textOf(memberOf(answer, 'data'), 'token')
    if (token === undefined) throw new SourceTrouble('It gave no token for that user and password.')
  }
  const headers = { token }
  return async (path) => {
    try {
      const answer = await around.ask({ url: `${base}/${path}/`, headers })
      const success = memberOf(answer, 'success')
      // In old versions 0 or 1, and as an answer that is all right.
      if (success !== true && success !== 1 && success !== '1' && memberOf(answer, 'code') !== 404)
        throw new SourceTrouble(`${path}: ${textOf(answer, 'message') ?? 'it answered without success'}.`)
      return listOf(answer, 'data')
    } catch (error) {
      // So it says that there are none.
      if (error instanceof SourceTrouble && error.status === 404) return []
      throw error
    }
  }
}

interface Section {
  readonly id: string
  readonly name: string
  readonly vrfs: ReadonlyMap<string, string>
  /** Subnets and folders. */
  readonly rows: readonly unknown[]
}

/** The lists of sections have folders too, without which the tree has holes. */
async function* inSection(around: Around, get: Get, section: Section): AsyncGenerator<Collected> {
  const rows = await get(`sections/${section.id}/subnets`)
  const byId = new Map(rows.map((row) => [idOf(row, 'id') ?? '', row]))
  for (const [id, row] of byId) {
    if (isSet(row, 'isFolder')) continue
    const shared = sharedOf(row, section)
    const found = subnet(row, shared, aboveOf(row, byId))
    if (found) yield found
    else {
      around.note(
        `subnet ${id} of section ${section.name}: \`${String(memberOf(row, 'subnet'))}/${String(memberOf(row, 'mask'))}\` is no block`,
      )
      yield { unlisted: { account: section.name, locale: '', reason: `Subnet ${id} could not be read.` } }
    }
    for (const one of await get(`subnets/${id}/addresses`)) {
      const address = host(one, shared, id)
      if (address) yield address
    }
  }
}

/** The nearest subnet above: folders between are none. */
function aboveOf(row: unknown, byId: ReadonlyMap<string, unknown>): string | undefined {
  const passed = new Set<string>()
  for (let id = idOf(row, 'masterSubnetId'); id !== undefined && id !== '0' && !passed.has(id); ) {
    passed.add(id)
    const above = byId.get(id)
    if (above === undefined) return undefined
    if (!isSet(above, 'isFolder')) return id
    id = idOf(above, 'masterSubnetId')
  }
  return undefined
}

const isSet = (row: unknown, name: string): boolean => idOf(row, name) === '1' || memberOf(row, name) === true

type Shared = Pick<Found, 'account' | 'space' | 'locale'>
/** The same block may be in two sections, and in two VRFs. */
const spaceOf = (section: string, vrf: string | undefined): string =>
  vrf === undefined ? section : `${section}/${vrf}`

function sharedOf(row: unknown, { name, vrfs }: Section): Shared {
  const vrf = idOf(row, 'vrfId')
  return {
    account: name,
    space: spaceOf(name, vrf === undefined || vrf === '0' ? undefined : (vrfs.get(vrf) ?? vrf)),
    // An object, or where there is none an empty list.
    locale: siteLocale(textOf(memberOf(row, 'location'), 'name')),
  }
}

function subnet(row: unknown, shared: Shared, parent: string | undefined): Collected | undefined {
  const cidr = blockAround(dotted(memberOf(row, 'subnet')), memberOf(row, 'mask'))
  if (cidr === undefined) return undefined
  return seen({
    ...shared,
    kind: isSet(row, 'isPool') ? 'pool' : 'network',
    type: 'onprem:network',
    cidr,
    id: idOf(row, 'id'),
    name: textOf(row, 'description'),
    parent,
    ...stateOf(idOf(row, 'tag') ?? idOf(row, 'state')),
    tags: customOf(row),
  })
}

function host(row: unknown, shared: Shared, subnetId: string): Collected | undefined {
  const cidr = addressOf(dotted(memberOf(row, 'ip') ?? memberOf(row, 'ip_addr')))
  if (cidr === undefined) return undefined
  const text = (name: string) => textOf(row, name)
  return seen({
    ...shared,
    kind: 'address',
    type: 'onprem:host',
    cidr,
    id: idOf(row, 'id'),
    name: text('hostname') ?? text('description'),
    parent: subnetId,
    ...stateOf(idOf(row, 'tag') ?? idOf(row, 'state')),
    tags: [['owner', text('owner')], ['mac', text('mac')], ...customOf(row)],
  })
}

function* customOf(row: unknown): Generator<readonly [string, unknown]> {
  for (const [name, value] of Object.entries(row as object))
    if (name.startsWith('custom_') && value !== '') yield [name.slice('custom_'.length), value]
}

/** What every installation has; further ones are made by their people. One that is offline is still somebody's. */
const states: Readonly<Record<string, readonly [ObservedState, string]>> = {
  '1': ['in-use', 'Offline'],
  '2': ['in-use', 'Used'],
  '3': ['planned', 'Reserved'],
  '4': ['in-use', 'DHCP'],
}
function stateOf(tag: string | undefined): Pick<Found, 'state' | 'sourceState'> {
  const [state, sourceState] = states[tag ?? ''] ?? ['unknown', tag === undefined ? undefined : `tag ${tag}`]
  return { state, sourceState }
}

const decimal = /^\d{1,39}$/
/** The database, and what is taken from it, has addresses as decimal numbers; those of IPv6 fit into no Number. */
function dotted(value: unknown): unknown {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string' || !decimal.test(text)) return value
  const first = BigInt(text)
  if (first < 1n << 32n) return formatAddress({ family: 4, first, length: 32 })
  return first < 1n << 128n ? formatAddress({ family: 6, first, length: 128 }) : value
}

// From its table -------------------------------------------------------------------------------------------------------

async function* fromTable({ options, read, note }: Around): AsyncGenerator<Collected> {
  let columns: ReadonlyMap<string, number> | undefined
  let header: readonly string[] = []
  let unreadable = 0
  for await (const { line, cells } of rowsOf(read(options.get('file')!))) {
    if (!columns) {
      columns = columnsOf(cells)
      header = cells
      if (!columns.has('section') || !(columns.has('ip address') || columns.has('subnet')))
        throw new SourceTrouble(
          `Line ${line} has no \`Section\` with \`Subnet\` or \`IP Address\`: another table is read by \`cadastre collect csv\`.`,
        )
      continue
    }
    const cell = (name: string): string | undefined => {
      const text = cells[columns!.get(name) ?? -1]
      return text === '' || text === undefined || nothing.has(text) ? undefined : text
    }
    const isAddresses = columns.has('ip address')
    const text = cell(isAddresses ? 'ip address' : 'subnet') ?? ''
    // A folder is no network.
    if (!isAddresses && /\(folder\)$/.test(text)) continue
    const cidr = isAddresses ? addressOf(text) : blockOf(text)
    if (cidr === undefined) {
      unreadable++
      note(`line ${line}: \`${text}\` is no ${isAddresses ? 'address' : 'block'}`)
      continue
    }
    const section = cell('section') ?? ''
    const shared = { account: section, space: spaceOf(section, cell('vrf')), cidr }
    const more = header
      .map((name, at) => [name, cells[at]] as const)
      .filter(([name, value]) => !own.has(name.toLowerCase()) && value !== '')
    yield isAddresses
      ? seen({
          ...shared,
          kind: 'address',
          type: 'onprem:host',
          id: cidr,
          name: cell('hostname') ?? cell('description'),
          parent: blockOf(cell('subnet')),
          ...(tags.get(cell('tag') ?? '') ?? { state: 'unknown', sourceState: cell('tag') }),
          tags: [['owner', cell('owner')], ['mac', cell('mac')], ...more],
        })
      : seen({
          ...shared,
          kind: 'network',
          type: 'onprem:network',
          id: cidr,
          name: cell('description'),
          parent: blockOf(cell('master subnet')?.split(' ')[0]),
          tags: [['vlan', cell('vlan')], ...more],
        })
  }
  if (!columns) throw new SourceTrouble('It is empty.')
  if (unreadable > 0)
    yield { unlisted: { account: '', locale: '', reason: `${unreadable} of its lines could not be read.` } }
}
/** What the table says where there is none. */
const nothing: ReadonlySet<string> = new Set(['NA', 'N/A', '/', '-', 'default'])
const tags = new Map(
  Object.values(states).map(([state, sourceState]) => [sourceState, { state, sourceState }] as const),
)
/** Columns of its own; others are fields that were added. */
const own: ReadonlySet<string> = new Set([
  'section',
  'subnet',
  'description',
  'vlan',
  'vlan domain',
  'vrf',
  'master subnet',
  'requests',
  'host check',
  'discover',
  'ip address',
  'hostname',
  'mac',
  'owner',
  'device',
  'note',
  'tag',
  'gateway',
])
