// NetBox 4 and Nautobot 2 and later, over their REST APIs or from what these answered.
import type { ObservedState } from '#model/observation.ts'
import {
  type Around,
  type Collected,
  type Collector,
  listed,
  listOf,
  memberOf,
  SourceTrouble,
  strangeValues,
  textOf,
} from './collector.ts'
import { valuesOf } from './json.ts'
import { Pages } from './pages.ts'
import { addressOf, blockOf, entriesOf, type Found, placeBetween, seen } from './seen.ts'
import { apiProblem, baseOf, idOf, pairsOf } from './service.ts'
import { siteLocale } from './site.ts'

export const netbox: Collector = {
  kind: 'netbox',
  summary: 'Read aggregates, prefixes, ranges and addresses of NetBox or Nautobot.',
  options: [
    {
      flag: 'api',
      value: 'URL',
      meaning: 'Where it is, such as `https://netbox.example`. Which of the two it is, it says itself.',
    },
    {
      flag: 'file',
      value: 'FILE',
      meaning:
        'In place of `--api`: what the lists of its API answered, several behind each other; `-` is the standard input.',
    },
    {
      flag: 'types',
      value: 'ROLE=TYPE,…',
      meaning:
        'Resource types of what has a role, by its slug. By default networks are `onprem:network`, and addresses `onprem:host`.',
    },
    {
      flag: 'locales',
      value: 'SITE=LOCALE,…',
      meaning: 'Locales of sites, by their slugs, such as `fra1=eu-central-1`. By default `onprem:SITE`.',
    },
  ],
  variables: { NETBOX_TOKEN: 'A token of the API, of either version; that of Nautobot too.' },
  rights: {
    words:
      'A token without “write enabled”, of a user who may view (`view`) `ipam.aggregate`, `ipam.prefix`, `ipam.iprange`, `ipam.ipaddress` and `ipam.vrf`, in Nautobot `ipam.namespace` too, without constraints: what a token may not see is missing without a word, and would be taken for gone.',
  },
  optionsProblem,
  collect,
}

function optionsProblem(options: ReadonlyMap<string, string>): string | undefined {
  if (options.has('api') === options.has('file')) return 'give `--api` or `--file`'
  if (options.has('api') && baseOf(options.get('api')!) === undefined) return apiProblem
  for (const flag of ['types', 'locales'])
    if (!pairsOf(options.get(flag))) return `\`--${flag}\` takes \`NAME=VALUE\`, several separated by commas`
  return undefined
}

async function* collect(around: Around): AsyncGenerator<Collected> {
  const reader = new Reader(around)
  const file = around.options.get('file')
  if (file === undefined) yield* fromApi(around, reader)
  else yield* fromFile(around, reader, file)
  yield* reader.end()
}

// Where answers come from ----------------------------------------------------------------------------------------------

/** What names others first: VRFs and namespaces are spaces, and prefixes say in which one an address of Nautobot lies. */
const netboxLists = [
  ['vrfs', 'id,url,name,rd,tenant'],
  ['aggregates', 'id,url,prefix,rir,tenant,description,tags,custom_fields'],
  [
    'prefixes',
    'id,url,prefix,vrf,scope_type,scope,site,tenant,vlan,status,role,is_pool,description,tags,custom_fields',
  ],
  ['ip-ranges', 'id,url,start_address,end_address,vrf,tenant,status,role,description,tags,custom_fields'],
  ['ip-addresses', 'id,url,address,vrf,tenant,status,role,dns_name,description,tags,custom_fields'],
] as const
const nautobotLists = ['namespaces', 'prefixes', 'ip-addresses'] as const
/** The most that both give by default. */
const rowsPerPage = 1_000

async function* fromApi(around: Around, reader: Reader): AsyncGenerator<Collected> {
  const base = baseOf(around.options.get('api')!, /\/api$/)!
  const token = around.variable('NETBOX_TOKEN')
  if (token === undefined) throw new SourceTrouble('Set NETBOX_TOKEN to a token of its API.')
  // Tokens of the second version say so at their beginning.
  const headers = { authorization: `${token.startsWith('nbt_') ? 'Bearer' : 'Token'} ${token}` }
  const status = await around.ask({ url: `${base}/api/status/`, headers })
  const isNautobot = memberOf(status, 'nautobot-version') !== undefined
  // In an order that no two rows share, or pages repeat some and lack others.
  const lists = isNautobot
    ? nautobotLists.map((name) => [name, `depth=1&limit=${rowsPerPage}`] as const)
    : netboxLists.map(([name, fields]) => [name, `fields=${fields}&ordering=id&limit=${rowsPerPage}`] as const)
  for (const [name, query] of lists) {
    yield* listed({ account: '', locale: '' }, async function* () {
      const rows = new Set<string>()
      let search: string | undefined = `?${query}`
      let count: unknown
      const pages = new Pages()
      while (search !== undefined) {
        around.progress(`${name}: ${rows.size}`)
        const known = rows.size
        const answer = await around.ask({ url: `${base}/api/ipam/${name}/${search}`, headers })
        for (const row of listOf(answer, 'results')) {
          rows.add(idOf(row, 'id') ?? '')
          yield* reader.row(row, name)
        }
        count = memberOf(answer, 'count')
        const next: string | undefined = searchOf(textOf(answer, 'next'))
        // Whoever names another next page each time, and has nothing new on it, goes on for ever.
        const problem =
          next === undefined
            ? undefined
            : rows.size === known
              ? 'has no end: a page has nothing that those before it have not'
              : pages.problemOf(next)
        if (problem) throw new SourceTrouble(`The list of ${name} ${problem}.`)
        search = next
      }
      if (typeof count === 'number' && rows.size < count)
        throw new SourceTrouble(`It has ${count} ${name}, and listed ${rows.size}: they changed meanwhile.`)
    })
  }
}

/** Of the next page only what is asked: behind a proxy it names another host, to which the token must not go. */
const searchOf = (next: string | undefined): string | undefined =>
  next !== undefined && URL.canParse(next) ? new URL(next).search : undefined

async function* fromFile({ read }: Around, reader: Reader, file: string): AsyncGenerator<Collected> {
  let values = 0
  const isCut = new Map<string, boolean>()
  for await (const value of valuesOf(read(file))) {
    values++
    const results = memberOf(value, 'results')
    const rows = Array.isArray(results) ? results : [value]
    for (const row of rows) yield* reader.row(row, listNameOf(row))
    if (Array.isArray(results)) isCut.set(listNameOf(rows[0]) ?? '', textOf(value, 'next') !== undefined)
  }
  if (values === 0) throw new SourceTrouble('It is empty; is it what the API answered?')
  for (const [name, isSo] of isCut)
    if (isSo)
      yield { unlisted: { account: '', locale: '', reason: `The last page of ${name} says that there is more.` } }
}
const listNameOf = (row: unknown): string | undefined => /\/api\/ipam\/([a-z-]+)\//.exec(textOf(row, 'url') ?? '')?.[1]

// What they say --------------------------------------------------------------------------------------------------------

/** A reference by what it is called for programs; in Nautobot that is its name. */
const called = (value: unknown): string | undefined =>
  textOf(value, 'slug') ?? textOf(value, 'name') ?? textOf(value, 'display')
/** A choice, `{"value", "label"}`; in Nautobot an object. */
const chosen = (value: unknown): string | undefined => textOf(value, 'value') ?? textOf(value, 'name')

const states: Readonly<Record<string, ObservedState>> = {
  container: 'in-use',
  active: 'in-use',
  dhcp: 'in-use',
  slaac: 'in-use',
  reserved: 'planned',
  deprecated: 'releasing',
}

class Reader {
  readonly #around: Around
  readonly #types: ReadonlyMap<string, string>
  readonly #locales: ReadonlyMap<string, string>
  readonly #known = new Set<string>()
  /** Names of namespaces, and of VRFs what space they are and whose, by their ids. */
  readonly #namespaces = new Map<string, string>()
  readonly #vrfs = new Map<string, unknown>()
  /** Of Nautobot: in which space each prefix lies. */
  readonly #spaces = new Map<string, string>()
  #left = 0
  #strange = 0

  constructor(around: Around) {
    this.#around = around
    this.#types = pairsOf(around.options.get('types'))!
    this.#locales = pairsOf(around.options.get('locales'))!
  }

  *row(row: unknown, list: string | undefined): Generator<Collected> {
    const id = idOf(row, 'id')
    const read = list === undefined ? undefined : readers[list]
    if (id === undefined || list === undefined) {
      this.#strange++
      return
    }
    if (!read) {
      this.#left++
      return
    }
    // Pages of a list that changes meanwhile repeat rows.
    const once = `${list} ${id}`
    if (this.#known.has(once)) return
    this.#known.add(once)
    if (read === 'namespaces') this.#namespaces.set(id, textOf(row, 'name') ?? '')
    else if (read === 'vrfs') this.#vrfs.set(id, row)
    else yield* this.#observe(row, id, read)
  }

  *#observe(row: unknown, id: string, read: Read): Generator<Collected> {
    const found = read(row)
    if (!found) {
      this.#around.note(`\`${id}\` has neither a block nor a range that can be read`)
      this.#unreadable++
      return
    }
    const sourceState = chosen(memberOf(row, 'status'))
    const role = called(memberOf(row, 'role')) ?? chosen(memberOf(row, 'role'))
    const space = this.#spaceOf(row)
    const parent = memberOf(row, 'parent')
    const above = idOf(parent, 'id')
    if (memberOf(row, 'namespace') !== undefined) this.#spaces.set(id, space)
    yield seen({
      ...found,
      id,
      space,
      parent: above,
      account: this.#accountOf(row),
      locale: this.#localeOf(row),
      type: found.type === undefined ? undefined : (this.#types.get(role ?? '') ?? found.type),
      name: textOf(row, 'dns_name') ?? textOf(row, 'description'),
      state: states[sourceState?.toLowerCase() ?? ''] ?? (sourceState === undefined ? 'in-use' : 'unknown'),
      sourceState,
      tags: this.#tagsOf(row, role),
    })
  }
  #unreadable = 0

  /** A VRF’s route distinguisher tells it from others, where it has one; its name need not. */
  #spaceOf(row: unknown): string {
    const namespace = memberOf(row, 'namespace')
    if (namespace !== undefined) {
      const name =
        textOf(namespace, 'name') ?? this.#namespaces.get(idOf(namespace, 'id') ?? '') ?? idOf(namespace, 'id') ?? ''
      return name === defaultNamespace ? '' : name
    }
    const inside = this.#spaces.get(idOf(memberOf(row, 'parent'), 'id') ?? '')
    if (inside !== undefined) return inside
    const vrf = memberOf(row, 'vrf')
    const vrfId = idOf(vrf, 'id')
    if (vrfId === undefined) return ''
    return textOf(vrf, 'rd') ?? textOf(this.#vrfs.get(vrfId), 'rd') ?? `vrf/${vrfId}`
  }

  #accountOf(row: unknown): string | undefined {
    const vrf = this.#vrfs.get(idOf(memberOf(row, 'vrf'), 'id') ?? '')
    return called(memberOf(row, 'tenant')) ?? called(memberOf(vrf, 'tenant'))
  }

  /** Before NetBox 4.2 a site, since then a scope, which can be a region of many sites; in Nautobot one location or several. */
  #localeOf(row: unknown): string {
    const scope = textOf(row, 'scope_type') === 'dcim.site' ? memberOf(row, 'scope') : undefined
    const locations = listOf(row, 'locations')
    const place =
      memberOf(row, 'site') ?? scope ?? memberOf(row, 'location') ?? (locations.length === 1 ? locations[0] : undefined)
    return siteLocale(called(place), this.#locales)
  }

  *#tagsOf(row: unknown, role: string | undefined): Generator<readonly [string, unknown]> {
    for (const tag of listOf(row, 'tags')) yield [called(tag) ?? '', '']
    yield ['role', role]
    yield ['vlan', memberOf(memberOf(row, 'vlan'), 'vid')]
    yield ['vrf', textOf(memberOf(row, 'vrf'), 'name')]
    yield ['rir', called(memberOf(row, 'rir'))]
    // A choice or another object is meant by its name.
    for (const [name, value] of entriesOf(memberOf(row, 'custom_fields')))
      yield [name, typeof value === 'object' ? (called(value) ?? textOf(value, 'label')) : value]
  }

  *end(): Generator<Collected> {
    if (this.#left > 0)
      this.#around.note(`${this.#left} objects were left out: they are no prefixes, ranges or addresses`)
    if (this.#strange > 0) yield strangeValues(this.#strange, 'an id and the `url` of the API')
    if (this.#unreadable > 0)
      yield { unlisted: { account: '', locale: '', reason: `${this.#unreadable} objects could not be read.` } }
  }
}
const defaultNamespace = 'Global'

type Read = (row: unknown) => Found | undefined
const readers: Readonly<Record<string, Read | 'namespaces' | 'vrfs'>> = {
  namespaces: 'namespaces',
  vrfs: 'vrfs',
  aggregates(row) {
    const cidr = blockOf(memberOf(row, 'prefix'))
    return cidr === undefined ? undefined : { kind: 'container', cidr }
  },
  prefixes(row) {
    const cidr = blockOf(memberOf(row, 'prefix'))
    if (cidr === undefined) return undefined
    const type = chosen(memberOf(row, 'type'))
    if (type === 'container' || chosen(memberOf(row, 'status')) === 'container') return { kind: 'container', cidr }
    const isPool = type === 'pool' || memberOf(row, 'is_pool') === true
    return { kind: isPool ? 'pool' : 'network', cidr, type: 'onprem:network' }
  },
  'ip-ranges'(row) {
    const place = placeBetween(memberOf(row, 'start_address'), memberOf(row, 'end_address'))
    return place && { kind: 'range', ...place }
  },
  /** With the mask of its network, and still one address. */
  'ip-addresses'(row) {
    const cidr = addressOf(memberOf(row, 'address'))
    return cidr === undefined ? undefined : { kind: 'address', cidr, type: 'onprem:host' }
  },
}
