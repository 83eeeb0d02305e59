// Azure: what its command line prints and its APIs answer, in any of the three shapes in which people have it.
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
import { parseOutput, valuesOf } from './json.ts'
import { Pages } from './pages.ts'
import { addressOf, blockAround, blockOf, entriesOf, type Found, seen } from './seen.ts'

export const azure: Collector = {
  kind: 'azure',
  summary:
    'Read virtual networks, subnets, public and private addresses of Azure subscriptions, by `az` or from what it saved.',
  options: [
    {
      flag: 'file',
      value: 'FILE',
      meaning:
        'What `az network … list`, `az graph query` or the API answered, several behind each other; `-` is the standard input. Without it `az` is run.',
    },
    { flag: 'subscription', value: 'IDS', meaning: 'Only these subscriptions, separated by commas.' },
    {
      flag: 'ask',
      value: 'lists|graph',
      meaning:
        'Which API: the lists of each subscription (the default), or Resource Graph, which answers for a thousand resources at once and may be minutes behind.',
    },
  ],
  rights: {
    words:
      'The role `Reader` on a management group, or this one, which reads nothing else. Save it as a file, name your management group in it, and run `az role definition create --role-definition FILE`.',
    document: { language: 'json', text: roleText() },
  },
  optionsProblem,
  collect,
}

function optionsProblem(options: ReadonlyMap<string, string>): string | undefined {
  const ask = options.get('ask')
  if (ask !== undefined && ask !== 'lists' && ask !== 'graph') return '`--ask` takes `lists` or `graph`'
  return options.has('file') && (options.has('subscription') || ask !== undefined)
    ? 'a file has what it has: `--subscription` and `--ask` are for running `az`'
    : undefined
}

async function* collect(around: Around): AsyncGenerator<Collected> {
  const reader = new Reader(around)
  const file = around.options.get('file')
  if (file !== undefined) yield* fromFile(around, reader, file)
  else if (around.options.get('ask') === 'graph')
    yield* listed({ account: '', locale: '' }, () => fromGraph(around, reader))
  else yield* fromSubscriptions(around, reader)
  yield* reader.end()
}

// Where answers come from ----------------------------------------------------------------------------------------------

/** How the answer of a list says that there is more: the API, Resource Graph's API, and the command line's shape of the latter. */
const moreOf = (answer: unknown): string | undefined =>
  textOf(answer, 'nextLink') ??
  textOf(answer, '$skipToken') ??
  textOf(answer, 'skip_token') ??
  textOf(answer, 'skipToken')
const rowsOf = (answer: unknown): readonly unknown[] | undefined =>
  [memberOf(answer, 'value'), memberOf(answer, 'data')].find((rows) => Array.isArray(rows))

async function* fromFile({ read }: Around, reader: Reader, file: string): AsyncGenerator<Collected> {
  let rows = 0
  let expected = 0
  let values = 0
  /** Whether the last list of a type said that there is more. */
  const isCut = new Map<string, boolean>()
  for await (const value of valuesOf(read(file))) {
    values++
    const list = rowsOf(value)
    if (list) {
      // The pages of one query: each says how many rows there are in all of them.
      const total = memberOf(value, 'totalRecords') ?? memberOf(value, 'total_records')
      if (typeof total === 'number') {
        if (rows === expected) expected += total
        rows += list.length
      }
      const about = typeof total === 'number' ? '' : (typeOf(text(list[0], 'id') ?? '') ?? '')
      isCut.set(about, moreOf(value) !== undefined || memberOf(value, 'resultTruncated') === 'true')
    }
    for (const one of list ?? [value]) yield* reader.resource(one)
  }
  if (values === 0) throw new SourceTrouble('It is empty; is it what `az` printed?')
  if (rows < expected || [...isCut.values()].includes(true))
    yield {
      unlisted: {
        account: '',
        locale: '',
        reason: 'The file ends before the list does: its last page says that there is more.',
      },
    }
}

/** What the core of the command line lists, each of one subscription. */
const commands = [
  'network vnet list',
  'network public-ip list',
  'network public-ip prefix list',
  'network lb list',
  'network application-gateway list',
  'network nic list',
  'aks list',
].map((words) => words.split(' '))
/** What it lists with extensions alone, asked for without them. */
const apiTypes = ['customIpPrefixes', 'virtualHubs', 'azureFirewalls', 'p2sVpnGateways', 'vpnSites']
/** What the API lists for one resource group alone. */
const groupTypes = ['virtualNetworkGateways', 'localNetworkGateways']
const apiVersion = 'api-version=2024-05-01'
const network = 'Microsoft.Network'

async function* fromSubscriptions(around: Around, reader: Reader): AsyncGenerator<Collected> {
  for (const { id, state } of await subscriptionsOf(around)) {
    const part = { account: id.toLowerCase(), locale: '' }
    if (state !== enabled) {
      yield { unlisted: { ...part, reason: `The subscription is ${state}.` } }
      continue
    }
    const read = (name: string, rows: () => AsyncIterable<unknown>) => {
      around.progress(`${id}: ${name}`)
      return listed(part, async function* () {
        try {
          for await (const row of rows()) yield* reader.resource(row)
        } catch (error) {
          // Nobody has used such a thing there.
          if (error instanceof SourceTrouble && error.said.includes('MissingSubscriptionRegistration')) return
          throw error
        }
      })
    }
    for (const words of commands)
      yield* read(words.join(' '), () => rowsPrinted(around, [...words, '--subscription', id]))
    const place = `/subscriptions/${id}/providers/${network}`
    for (const type of apiTypes) yield* read(type, () => rowsAnswered(around, `${place}/${type}?${apiVersion}`))
    for (const type of groupTypes) yield* read(type, () => eachAnswered(around, id, `${network}/${type}`))
    yield* read('IPAM pools', () => poolsAnswered(around, `${place}/networkManagers?${apiVersion}`))
  }
}
const enabled = 'Enabled'

interface Subscription {
  readonly id: string
  readonly state: string
}
async function subscriptionsOf(around: Around): Promise<readonly Subscription[]> {
  const named = around.options.get('subscription')
  if (named !== undefined) return named.split(',').map((id) => ({ id: id.trim(), state: enabled }))
  const answer = await az(around, ['account', 'list'])
  const found = (Array.isArray(answer) ? answer : []).flatMap((one: unknown) => {
    const id = textOf(one, 'id')
    return id === undefined ? [] : [{ id, state: textOf(one, 'state') ?? enabled }]
  })
  if (found.length === 0) throw new SourceTrouble('`az` sees no subscription; run `az login`.')
  return found
}

async function az({ run }: Around, args: readonly string[]): Promise<unknown> {
  // The command line puts a file in place of `@FILE`, whichever argument it is, and some of these are what Azure answered.
  const file = args.find((arg) => arg.startsWith('@'))
  if (file !== undefined)
    throw new SourceTrouble(`It answered \`${file.slice(0, shownMax)}\`, which is no id and no URL.`)
  return parseOutput(await run('az', [...args, '--only-show-errors', '--output', 'json']), 'az')
}

async function* rowsPrinted(around: Around, args: readonly string[]): AsyncGenerator<unknown> {
  const answer = await az(around, args)
  if (Array.isArray(answer)) yield* answer
}

const shownMax = 100

const askFor = (around: Around, url: string): Promise<unknown> => az(around, ['rest', '--method', 'get', '--url', url])

/** All pages of a list of the API. */
async function* rowsAnswered(around: Around, first: string): AsyncGenerator<unknown> {
  let url: string | undefined = first
  const pages = new Pages()
  while (url !== undefined) {
    const answer = await askFor(around, url)
    yield* listOf(answer, 'value')
    url = pathOf(textOf(answer, 'nextLink'))
    const problem = url && pages.problemOf(url)
    if (problem) throw new SourceTrouble(`The list ${problem}.`)
  }
}
/** Of the next page only what is asked: the command line asks the host that its person has signed in to, and no other that is named. */
function pathOf(next: string | undefined): string | undefined {
  if (next === undefined) return undefined
  const url = URL.parse(next)
  if (url?.protocol !== 'https:') throw new SourceTrouble('It names a next page that is no URL.')
  return `${url.pathname}${url.search}`
}

async function* eachAnswered(around: Around, subscription: string, type: string): AsyncGenerator<unknown> {
  for await (const row of rowsPrinted(around, [
    'resource',
    'list',
    '--subscription',
    subscription,
    '--resource-type',
    type,
  ])) {
    const id = textOf(row, 'id')
    if (id !== undefined) yield await askFor(around, `${id}?${apiVersion}`)
  }
}

async function* poolsAnswered(around: Around, managers: string): AsyncGenerator<unknown> {
  for await (const manager of rowsAnswered(around, managers)) {
    for await (const pool of rowsAnswered(around, `${textOf(manager, 'id')}/ipamPools?${apiVersion}`)) {
      yield pool
      yield* rowsAnswered(around, `${textOf(pool, 'id')}/staticCidrs?${apiVersion}`)
    }
  }
}

const graphUrl = '/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01'
/** At most, and by default. */
const graphRows = 1_000

/** Whole properties, not one row for each subnet: `mv-expand` stops at 128 without a word. Sorted, or pages would not fit each other. */
async function* fromGraph(around: Around, reader: Reader): AsyncGenerator<Collected> {
  const types = [...readers.keys()].map((type) => `'${type}'`).join(', ')
  const query = `Resources | where type in~ (${types}) | project id, name, type, location, tags, properties | order by id asc`
  const subscriptions = around.options
    .get('subscription')
    ?.split(',')
    .map((id) => id.trim())
  const pages = new Pages()
  let skipToken: string | undefined
  let rows = 0
  for (;;) {
    around.progress(`Resource Graph: ${rows} resources`)
    const options = {
      $top: graphRows,
      resultFormat: 'objectArray',
      ...(skipToken === undefined ? {} : { $skipToken: skipToken }),
    }
    const body = JSON.stringify({ ...(subscriptions ? { subscriptions } : {}), query, options })
    const answer = await az(around, ['rest', '--method', 'post', '--url', graphUrl, '--body', body])
    const data = listOf(answer, 'data')
    rows += data.length
    for (const row of data) yield* reader.resource(row)
    skipToken = moreOf(answer)
    if (skipToken !== undefined) {
      const problem = pages.problemOf(skipToken)
      if (problem) throw new SourceTrouble(`The list of Resource Graph ${problem}.`)
      continue
    }
    const total = memberOf(answer, 'totalRecords')
    if (memberOf(answer, 'resultTruncated') === 'true' || (typeof total === 'number' && rows < total))
      throw new SourceTrouble(
        `Resource Graph answered ${rows} of ${String(total)} resources, and no way to the others.`,
      )
    return
  }
}

// What they say --------------------------------------------------------------------------------------------------------

/** The member of an object, below `properties` or not: by its name in any case, since the command line and PowerShell write it their way. */
function field(value: unknown, name: string): unknown {
  return inAnyCase(inAnyCase(value, 'properties'), name) ?? inAnyCase(value, name)
}
function inAnyCase(value: unknown, name: string): unknown {
  const exact = memberOf(value, name)
  if (exact !== undefined || typeof value !== 'object' || value === null) return exact ?? undefined
  const lower = name.toLowerCase()
  const found = Object.keys(value).find((key) => key.toLowerCase() === lower)
  return found === undefined ? undefined : memberOf(value, found)
}
function texts(value: unknown, ...names: readonly string[]): string[] {
  const found = names
    .flatMap((name) => field(value, name) ?? [])
    .filter((text) => typeof text === 'string' && text !== '')
  return [...new Set(found as string[])]
}
const text = (value: unknown, name: string): string | undefined => texts(value, name)[0]
const list = (value: unknown, name: string): readonly unknown[] => {
  const found = field(value, name)
  // PowerShell writes lists in lists so.
  return Array.isArray(found) ? found : listOf(found, 'value')
}
const has = (value: unknown, name: string): boolean => {
  const found = field(value, name)
  return Array.isArray(found) ? found.length > 0 : found !== undefined && found !== null
}
/**
 * The id of what is named, in small letters: Azure changes the case of ids from call to call, and does not mean anything by it. So
 * it is of all that ids are compared by: keys, parents and spaces. The id itself stays as it was received.
 */
const keyOf = (value: unknown, name: string): string | undefined => text(field(value, name), 'id')?.toLowerCase()
const upTo = (key: string | undefined, part: string): string | undefined => key?.split(part)[0]
const networkOf = (subnet: string | undefined): string | undefined => upTo(subnet, '/subnets/')

interface Resource {
  readonly value: unknown
  readonly key: string
  /** What every observation of it has. */
  readonly shared: Omit<Found, 'kind'> & { readonly id: string }
}
type Read = (resource: Resource) => Iterable<Found>

class Reader {
  readonly #around: Around
  /** Keys of what was read: a subnet stands in its network, and in a list of its own. */
  readonly #known = new Set<string>()
  readonly #subnets: Resource[] = []
  /** How many there were of each type that holds no addresses. */
  readonly #left = new Map<string, number>()
  readonly #unreadable = new Set<string>()
  #scaleSets = 0
  #strange = 0

  constructor(around: Around) {
    this.#around = around
  }

  *resource(value: unknown): Generator<Collected> {
    const id = text(value, 'id')
    const type = id === undefined ? undefined : typeOf(id)
    if (id === undefined || type === undefined) {
      this.#strange++
      return
    }
    const key = id.toLowerCase()
    const resource: Resource = { value, key, shared: sharedOf(id, value) }
    const read = readers.get(type)
    if (type === subnetType) {
      this.#subnets.push(resource)
      return
    }
    if (!read) {
      this.#left.set(type, (this.#left.get(type) ?? 0) + 1)
      return
    }
    if (this.#known.has(key)) return
    this.#known.add(key)
    if (typeof field(value, 'addressSpace') === 'string') {
      this.#unreadable.add(accountOf(key))
      return
    }
    for (const found of read(resource)) yield this.#found(resource, found)
    if (type === networkType) yield* this.#subnetsOf(resource)
  }

  *#subnetsOf(of: Resource): Generator<Collected> {
    for (const value of list(of.value, 'subnets')) {
      const name = text(value, 'name') ?? ''
      const id = text(value, 'id') ?? `${of.shared.id}/subnets/${name}`
      const { locale } = of.shared
      yield* this.#subnet({ value, key: id.toLowerCase(), shared: { ...sharedOf(id, value), locale } })
    }
  }

  *#subnet(resource: Resource): Generator<Collected> {
    if (this.#known.has(resource.key)) return
    this.#known.add(resource.key)
    this.#scaleSets += list(resource.value, 'ipConfigurations').filter((one) =>
      text(one, 'id')?.toLowerCase().includes('/virtualmachinescalesets/'),
    ).length
    for (const found of subnet(resource)) yield this.#found(resource, found)
  }

  #found({ key, shared }: Resource, found: Found): Collected {
    return seen({ ...shared, ...(key === shared.id ? {} : { key }), ...found })
  }

  /** What stood alone: a subnet whose network says where it is may come behind it. */
  *end(): Generator<Collected> {
    for (const resource of this.#subnets) yield* this.#subnet(resource)
    const { note } = this.#around
    for (const [type, count] of [...this.#left].sort())
      note(`${count} of type ${type}: not read, they hold no addresses of their own`)
    if (this.#scaleSets > 0)
      note(`${this.#scaleSets} network interfaces are of scale sets, whose addresses no list of interfaces has`)
    if (this.#strange > 0) yield strangeValues(this.#strange, 'the id of a resource')
    for (const account of this.#unreadable)
      yield {
        unlisted: { account, locale: '', reason: 'Its networks are cut off: `ConvertTo-Json` needs `-Depth 20`.' },
      }
  }
}

/** `microsoft.network/virtualnetworks/subnets` of an id; undefined where it is none of a resource. */
function typeOf(id: string): string | undefined {
  const [, provider, ...rest] = /\/providers\/([^/]+)\/(.+)$/i.exec(id) ?? []
  if (provider === undefined) return undefined
  return [provider, ...rest[0]!.split('/').filter((_, at) => at % 2 === 0)].join('/').toLowerCase()
}
const accountOf = (id: string): string => /^\/subscriptions\/([^/]+)/i.exec(id)?.[1]?.toLowerCase() ?? ''

function sharedOf(id: string, value: unknown): Resource['shared'] {
  const sourceState = text(value, 'provisioningState')
  return {
    id,
    account: accountOf(id),
    locale: localeOf(text(value, 'location')),
    name: text(value, 'name') ?? id.split('/').at(-1)!,
    state: stateOf(sourceState),
    sourceState,
    tags: entriesOf(field(value, 'tags') ?? field(value, 'tag')),
  }
}

/** Some answers have the name that people see: `West Europe`. */
function localeOf(location: string | undefined): string {
  const name = location?.replaceAll(' ', '').toLowerCase() ?? ''
  return name === '' || name === 'global' ? '' : `azure:${name}`
}

/** A change that failed left what was there before: whether that is in use is not said. */
const states: Readonly<Record<string, ObservedState>> = {
  succeeded: 'in-use',
  updating: 'in-use',
  creating: 'planned',
  deleting: 'releasing',
  commissioned: 'in-use',
  commissionednointernetadvertise: 'in-use',
  commissioning: 'in-use',
  provisioning: 'planned',
  provisioned: 'planned',
  deprovisioning: 'releasing',
  decommissioning: 'releasing',
}
const stateOf = (sourceState: string | undefined): ObservedState =>
  states[sourceState?.toLowerCase() ?? ''] ?? 'unknown'
/** What exists by itself, and is in use where something has it. */
const attached = ({ shared: { state } }: Resource, isAttached: boolean): ObservedState =>
  state === 'in-use' && !isAttached ? 'free' : state!

const networkType = 'microsoft.network/virtualnetworks'
const subnetType = `${networkType}/subnets`

function* blocks(texts: readonly string[], found: (cidr: string, text: string) => Found): Generator<Found> {
  for (const text of texts) {
    const cidr = blockOf(text)
    if (cidr !== undefined) yield found(cidr, text)
  }
}

/** Peerings repeat the other side's space, which that network has; so do pools with what they gave, which is its parent. */
function* virtualNetwork({ value, key }: Resource): Generator<Found> {
  const space = field(value, 'addressSpace')
  const pools = new Map(
    list(space, 'ipamPoolPrefixAllocations').flatMap((one) =>
      texts(one, 'allocatedAddressPrefixes').map((prefix) => [prefix, text(one, 'id') ?? keyOf(one, 'pool')] as const),
    ),
  )
  yield* blocks(texts(space, 'addressPrefixes'), (cidr, prefix) => ({
    kind: 'network',
    cidr,
    space: key,
    type: 'azure:virtual-network',
    parent: pools.get(prefix)?.toLowerCase(),
  }))
}

/** One prefix stands in either of two members, by how and when the subnet was made. */
const subnet: Read = ({ value, key }) =>
  blocks(texts(value, 'addressPrefix', 'addressPrefixes'), (cidr) => ({
    kind: 'subnet',
    cidr,
    space: networkOf(key),
    type: 'azure:subnet',
    parent: networkOf(key),
  }))

/** What has no address is one that is given when something uses it. */
function* publicAddress(resource: Resource): Generator<Found> {
  const { value } = resource
  const cidr = addressOf(text(value, 'ipAddress'))
  if (cidr === undefined) return
  const state = attached(resource, has(value, 'ipConfiguration') || has(value, 'natGateway'))
  yield { kind: 'address', cidr, type: 'azure:public-ip', parent: keyOf(value, 'publicIPPrefix'), state }
}

function* publicPrefix(resource: Resource): Generator<Found> {
  const { value } = resource
  const state = attached(resource, has(value, 'publicIPAddresses') || has(value, 'natGateway'))
  for (const found of blocks(texts(value, 'ipPrefix'), (cidr) => ({ kind: 'pool', cidr })))
    yield { ...found, type: 'azure:public-ip-prefix', parent: keyOf(value, 'customIPPrefix'), state }
}

const ownPrefix: Read = ({ value }) => {
  const sourceState = text(value, 'commissionedState')
  const state = stateOf(sourceState)
  const parent = keyOf(value, 'customIpPrefixParent')
  return blocks(texts(value, 'cidr'), (cidr) => ({ kind: 'container', cidr, parent, state, sourceState }))
}

function* networkInterface(resource: Resource): Generator<Found> {
  const { value } = resource
  const state = attached(resource, has(value, 'virtualMachine') || has(value, 'privateEndpoint'))
  for (const one of list(value, 'ipConfigurations')) {
    const parent = keyOf(one, 'subnet')
    const at = { space: networkOf(parent), parent, state }
    const address = text(one, 'privateIPAddress')
    const length = field(one, 'privateIPAddressPrefixLength')
    const cidr = addressOf(address)
    const block = blockAround(address, length) ?? cidr
    if (block === undefined) continue
    // An interface can hold a whole block, which is not only its first address.
    if (block === cidr) yield { kind: 'address', cidr, type: 'azure:network-interface', ...at }
    else yield { kind: 'range', cidr: block, ...at }
  }
}

/** Of load balancers, gateways and firewalls: a public address that they have is an object of its own, and observed there. */
const frontends =
  (name: string, kind: Found['kind']): Read =>
  ({ value }) =>
    list(value, name).flatMap((one) => {
      const cidr = addressOf(text(one, 'privateIPAddress'))
      const parent = keyOf(one, 'subnet')
      return cidr === undefined ? [] : [{ kind, cidr, space: networkOf(parent), parent }]
    })

function* firewall(resource: Resource): Generator<Found> {
  yield* frontends('ipConfigurations', 'address')(resource)
  const hub = field(resource.value, 'hubIPAddresses')
  const cidr = addressOf(text(hub, 'privateIPAddress'))
  if (cidr !== undefined) yield { kind: 'address', cidr, space: keyOf(resource.value, 'virtualHub') }
  // Those of a hub are no objects of their own.
  for (const one of list(field(hub, 'publicIPs'), 'addresses')) {
    const address = addressOf(text(one, 'address'))
    if (address !== undefined) yield { kind: 'address', cidr: address }
  }
}

/** A hub is a network of its own kind, which no list of virtual networks has. */
const hub: Read = ({ value, key }) =>
  blocks(texts(value, 'addressPrefix'), (cidr) => ({
    kind: 'network',
    cidr,
    space: key,
    parent: keyOf(value, 'virtualWan'),
  }))

const clients = (value: unknown, space: string | undefined): Iterable<Found> =>
  blocks(texts(field(value, 'vpnClientAddressPool'), 'addressPrefixes'), (cidr) => ({ kind: 'vpn-pool', cidr, space }))

const networkGateway: Read = ({ value, key }) => {
  const subnetKey = list(value, 'ipConfigurations')
    .map((one) => keyOf(one, 'subnet'))
    .find(Boolean)
  return clients(field(value, 'vpnClientConfiguration'), networkOf(subnetKey) ?? key)
}
const clientGateway: Read = ({ value, key }) =>
  list(value, 'p2SConnectionConfigurations').flatMap((one) => [...clients(one, keyOf(value, 'virtualHub') ?? key)])

const otherSide =
  (name: string): Read =>
  ({ value, key }) =>
    blocks(texts(field(value, name), 'addressPrefixes'), (cidr) => ({ kind: 'peer-range', cidr, space: key }))

const pool: Read = ({ value, key }) => {
  const space = upTo(key, '/ipampools/')
  const above = text(value, 'parentPoolName')
  const parent = above === undefined ? space : `${space}/ipampools/${above.toLowerCase()}`
  return blocks(texts(value, 'addressPrefixes'), (cidr) => ({ kind: 'pool', cidr, space, parent }))
}
const staticCidr: Read = ({ value, key }) =>
  blocks(texts(value, 'addressPrefixes'), (cidr) => ({
    kind: 'reservation',
    cidr,
    space: upTo(key, '/ipampools/'),
    parent: upTo(key, '/staticcidrs/'),
  }))

/** Their ranges are their own, and the same ones in most clusters. Pods that have addresses of a subnet have no range. */
function* cluster({ value, key }: Resource): Generator<Found> {
  const profile = field(value, 'networkProfile')
  const range =
    (kind: 'pod-range' | 'service-range') =>
    (cidr: string): Found => ({ kind, cidr, space: key, type: 'k8s:network' })
  yield* blocks(texts(profile, 'serviceCidr', 'serviceCidrs'), range('service-range'))
  yield* blocks(texts(profile, 'podCidr', 'podCidrs'), range('pod-range'))
}

/** NAT gateways are not here: they only name public addresses and prefixes, which say by whom they are used. */
const readers: ReadonlyMap<string, Read> = new Map<string, Read>([
  [networkType, virtualNetwork],
  ['microsoft.network/publicipaddresses', publicAddress],
  ['microsoft.network/publicipprefixes', publicPrefix],
  ['microsoft.network/customipprefixes', ownPrefix],
  ['microsoft.network/networkinterfaces', networkInterface],
  ['microsoft.network/loadbalancers', frontends('frontendIPConfigurations', 'load-balancer')],
  ['microsoft.network/applicationgateways', frontends('frontendIPConfigurations', 'load-balancer')],
  ['microsoft.network/azurefirewalls', firewall],
  ['microsoft.network/virtualhubs', hub],
  ['microsoft.network/virtualnetworkgateways', networkGateway],
  ['microsoft.network/p2svpngateways', clientGateway],
  ['microsoft.network/localnetworkgateways', otherSide('localNetworkAddressSpace')],
  ['microsoft.network/vpnsites', otherSide('addressSpace')],
  ['microsoft.network/networkmanagers/ipampools', pool],
  ['microsoft.network/networkmanagers/ipampools/staticcidrs', staticCidr],
  ['microsoft.containerservice/managedclusters', cluster],
])

function roleText(): string {
  const types = [
    'virtualNetworks',
    'virtualNetworks/subnets',
    'publicIPAddresses',
    'publicIPPrefixes',
    'customIpPrefixes',
    'networkInterfaces',
    'loadBalancers',
    'applicationGateways',
    'azureFirewalls',
    'virtualHubs',
    'virtualNetworkGateways',
    'p2sVpnGateways',
    'localNetworkGateways',
    'vpnSites',
    'networkManagers',
    'networkManagers/ipamPools',
    'networkManagers/ipamPools/staticCidrs',
  ]
  const role = {
    Name: 'Cadastre collector',
    IsCustom: true,
    Description: 'Reads which networks and addresses there are.',
    Actions: [
      'Microsoft.Resources/subscriptions/read',
      'Microsoft.Resources/subscriptions/resources/read',
      ...types.map((type) => `Microsoft.Network/${type}/read`),
      'Microsoft.ContainerService/managedClusters/read',
    ],
    NotActions: [],
    AssignableScopes: ['/providers/Microsoft.Management/managementGroups/NAME'],
  }
  return JSON.stringify(role, null, 2)
}
