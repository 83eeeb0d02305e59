// Google Cloud: what its command line and its APIs print, and what Cloud Asset Inventory exports.
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
import { addressOf, blockAround, blockOf, entriesOf, type Found, seen } from './seen.ts'

export const gcp: Collector = {
  kind: 'gcp',
  summary: 'Read networks, subnetworks and addresses of Google Cloud projects, by `gcloud` or from what it saved.',
  options: [
    {
      flag: 'file',
      value: 'FILE',
      meaning:
        'What `gcloud … list --format=json`, `gcloud asset export` or the API answered, several behind each other; `-` is the standard input. Without it `gcloud` is run.',
    },
    {
      flag: 'project',
      value: 'IDS',
      meaning: 'Only these projects, separated by commas. Name the hosts of shared networks too.',
    },
  ],
  rights: {
    words:
      'On the organization, a folder or each project: this role, which reads nothing else. `gcloud iam roles create cadastreCollector --organization=ID --file=FILE` makes it.',
    document: { language: 'yaml', text: roleText() },
  },
  optionsProblem: (options) =>
    options.has('file') && options.has('project')
      ? 'a file has what it has: `--project` is for running `gcloud`'
      : undefined,
  collect,
}

async function* collect(around: Around): AsyncGenerator<Collected> {
  const reader = new Reader(around)
  const file = around.options.get('file')
  if (file === undefined) yield* fromProjects(around, reader)
  else yield* fromFile(around, reader, file)
  yield* reader.end()
}

// Where answers come from ----------------------------------------------------------------------------------------------

/**
 * By what is asked first: what lies in a network names its subnetwork alone, and an address that is reserved is not counted again where
 * it is used. The members are named, so that keys, passwords and start-up scripts never leave the command line.
 */
const commands: readonly (readonly [words: string, members: string])[] = [
  ['compute networks list', 'selfLink,name,IPv4Range,internalIpv6Range'],
  [
    'compute networks subnets list',
    'selfLink,name,network,region,ipCidrRange,secondaryIpRanges,internalIpv6Prefix,externalIpv6Prefix,purpose,state',
  ],
  ['network-connectivity internal-ranges list', 'name,ipCidrRange,network,usage,labels'],
  ['compute public-advertised-prefixes list', 'selfLink,name,ipCidrRange,status'],
  [
    'compute public-delegated-prefixes list',
    'selfLink,name,region,ipCidrRange,status,parentPrefix,publicDelegatedSubPrefixs',
  ],
  [
    'compute addresses list',
    'selfLink,name,region,address,prefixLength,addressType,purpose,status,network,subnetwork,labels',
  ],
  ['compute forwarding-rules list', 'selfLink,name,region,IPAddress,loadBalancingScheme,network,subnetwork,labels'],
  ['compute vpn-gateways list', 'selfLink,name,region,vpnInterfaces,labels'],
  ['compute instances list', 'selfLink,name,zone,status,networkInterfaces,labels'],
  [
    'container clusters list',
    'selfLink,name,location,network,networkConfig.network,networkConfig.subnetwork,status,resourceLabels,clusterIpv4Cidr,servicesIpv4Cidr,ipAllocationPolicy,privateClusterConfig.masterIpv4CidrBlock',
  ],
]

async function* fromProjects(around: Around, reader: Reader): AsyncGenerator<Collected> {
  const projects = await projectsOf(around)
  for (const [words, members] of commands) {
    for (const project of projects) {
      around.progress(`${project}: ${words}`)
      yield* listed({ account: project, locale: '' }, async function* () {
        let warned = ''
        const args = [...words.split(' '), `--project=${project}`, `--format=json(${members})`, '--quiet']
        try {
          const answer = parseOutput(await around.run('gcloud', args, (text) => (warned = text)), 'gcloud')
          for (const one of Array.isArray(answer) ? answer : []) yield* reader.value(one, project)
        } catch (error) {
          if (error instanceof SourceTrouble && isSwitchedOff(error.said)) return
          throw error
        }
        // Places that did not answer are named beside a list without them.
        for (const locale of placesIn(warned))
          yield { unlisted: { account: project, locale, reason: `\`gcloud ${words}\`: it did not answer.` } }
      })
    }
  }
}

/** An API that nobody has switched on has nothing: the answer says where to do it. */
const isSwitchedOff = (said: string): boolean => said.includes('SERVICE_DISABLED') || said.includes('/apis/api/')

async function projectsOf({ options, run }: Around): Promise<readonly string[]> {
  const named = options.get('project')
  if (named !== undefined) return named.split(',').map((id) => id.trim())
  const args = ['projects', 'list', '--format=json(projectId,lifecycleState)', '--quiet']
  const answer = parseOutput(await run('gcloud', args), 'gcloud')
  const found = (Array.isArray(answer) ? answer : []).flatMap((one: unknown) => {
    const id = textOf(one, 'projectId')
    // Each script of a spreadsheet is a project `sys-…`, of which an organization has thousands, and none has a network.
    return id === undefined || id.startsWith('sys-') || textOf(one, 'lifecycleState') !== 'ACTIVE' ? [] : [id]
  })
  if (found.length === 0) throw new SourceTrouble('`gcloud` sees no project; run `gcloud auth login`.')
  return found
}

async function* fromFile({ read }: Around, reader: Reader, file: string): AsyncGenerator<Collected> {
  let values = 0
  for await (const value of valuesOf(read(file))) {
    values++
    yield* reader.value(value)
  }
  if (values === 0) throw new SourceTrouble('It is empty; is it what `gcloud` printed?')
}

// What they say --------------------------------------------------------------------------------------------------------

/** Of a URL what all its forms share: hosts and versions of the API differ, and an asset's name has neither. */
function pathOf(url: string | undefined): string | undefined {
  const at = url?.indexOf('projects/') ?? -1
  return at < 0 ? undefined : url!.slice(at)
}
const last = (path: string | undefined): string | undefined => path?.split('/').at(-1)
const projectOf = (path: string): string => path.split('/')[1]!
/** `subnetworks` of `projects/p/regions/r/subnetworks/s`. */
const collectionOf = (path: string): string | undefined => path.split('/').at(-2)

interface Item {
  readonly value: unknown
  readonly path: string
  readonly name: string
  /** What every observation of it has. */
  readonly shared: Omit<Found, 'kind'>
}

/** What is known only once all is read: in which network a subnetwork lies, and which addresses are reserved. */
type Waiting = { readonly order: number; observe(): Iterable<Collected> }

class Reader {
  readonly #around: Around
  readonly #known = new Set<string>()
  /** The network of each subnetwork. */
  readonly #networks = new Map<string, string>()
  /** Spaces with addresses in them that were observed. */
  readonly #observed = new Set<string>()
  readonly #waiting: Waiting[] = []
  readonly #left = new Map<string, number>()
  readonly #isCut = new Map<string, string>()
  #outside = 0
  #strange = 0

  constructor(around: Around) {
    this.#around = around
  }

  /** One object, or the answer of a list in any of its forms. */
  *value(value: unknown, project?: string): Generator<Collected> {
    const lists = listsIn(value)
    if (!lists) return yield* this.#object(value, project)
    const about = textOf(value, 'kind') ?? lists.find(({ name }) => name !== '')?.name ?? ''
    if (textOf(value, 'nextPageToken') !== undefined) this.#isCut.set(about, 'Its last page says that there is more.')
    else if (this.#isCut.get(about)) this.#isCut.delete(about)
    const silent = ['unreachable', 'unreachables', 'missingZones'].flatMap((name) => listOf(value, name)).map(String)
    for (const { name, warning } of lists)
      if (warning !== undefined && warning !== nothingThere) silent.push(`${name}: ${warning}`)
    for (const place of silent)
      yield { unlisted: { account: project ?? '', locale: placeOf(place), reason: `${place} did not answer.` } }
    for (const { items } of lists) for (const one of items) yield* this.#object(one, project)
  }

  *#object(value: unknown, project: string | undefined): Generator<Collected> {
    // An asset of the inventory holds the object.
    const asset =
      memberOf(memberOf(value, 'resource'), 'data') ?? memberOf(listOf(value, 'versionedResources')[0], 'resource')
    if (asset !== undefined) return yield* this.#object(asset, project)
    const path = pathOf(textOf(value, 'selfLink')) ?? pathOf(textOf(value, 'name'))
    const collection = path === undefined ? undefined : collectionOf(path)
    if (path === undefined || collection === undefined) {
      this.#strange++
      return
    }
    if (this.#known.has(path)) return
    this.#known.add(path)
    const read = readers[collection]
    if (!read) this.#left.set(collection, (this.#left.get(collection) ?? 0) + 1)
    else yield* read(itemOf(value, path), this)
  }

  placeSubnetwork(path: string, network: string): void {
    this.#networks.set(path, network)
  }
  later(order: number, observe: () => Iterable<Collected>): void {
    this.#waiting.push({ order, observe })
  }
  /** The network, or, where the subnetwork alone is known and no list has it, that. */
  spaceOf(network: string | undefined, subnetwork: string | undefined): string | undefined {
    if (network !== undefined || subnetwork === undefined) return network
    const found = this.#networks.get(subnetwork)
    if (found === undefined) this.#outside++
    return found ?? subnetwork
  }
  /** Whether nothing has said so yet that the address is there; from now on it has been said. */
  isNew(space: string | undefined, cidr: string): boolean {
    const at = `${space ?? ''} ${cidr}`
    if (this.#observed.has(at)) return false
    this.#observed.add(at)
    return true
  }

  *end(): Generator<Collected> {
    // Within one order as they came.
    for (const { observe } of this.#waiting.sort((a, b) => a.order - b.order)) yield* observe()
    const { note } = this.#around
    if (this.#outside > 0)
      note(
        `${this.#outside} addresses are in subnetworks that are not listed, so their networks are not known: list the host projects too`,
      )
    for (const [name, count] of [...this.#left].sort())
      note(`${count} of ${name}: not read, they hold no addresses of their own`)
    if (this.#strange > 0) yield strangeValues(this.#strange, 'the URL of an object')
    for (const reason of this.#isCut.values()) yield { unlisted: { account: '', locale: '', reason } }
  }
}

interface Listed {
  /** Of the scope, such as `regions/europe-west6`. */
  readonly name: string
  readonly items: readonly unknown[]
  /** Why there may be more. */
  readonly warning?: string
}
/** A scope without such objects says so by a warning. */
const nothingThere = 'NO_RESULTS_ON_PAGE'
/** `regions/europe-west6`, `europe-west6-a`: where nothing is taken for gone. */
function placeOf(text: string): string {
  const [, place] = /(?:^|\/)((?:[a-z]+-)+[a-z]+\d+)(?:-[a-z])?(?:$|[/:])/.exec(text) ?? []
  return place === undefined ? '' : `gcp:${place}`
}

const placesIn = (warned: string): ReadonlySet<string> =>
  new Set(
    warned
      .split('\n')
      .filter((line) => line.startsWith('WARNING:'))
      .flatMap((line) => line.split(/[^\w/-]+/).map(placeOf))
      .filter((place) => place !== ''),
  )

/** The lists of an answer; undefined where it is an object. */
function listsIn(value: unknown): Listed[] | undefined {
  const items = memberOf(value, 'items')
  if (Array.isArray(items)) return [{ name: '', items }]
  // An aggregated list: by scopes, with the name of the collection in each.
  if (typeof items === 'object' && items !== null)
    return Object.entries(items).map(([name, scope]) => ({
      name,
      items: Object.values(scope ?? {}).find(Array.isArray) ?? [],
      warning: textOf(memberOf(scope, 'warning'), 'code'),
    }))
  for (const name of ['assets', 'clusters', 'internalRanges', 'results']) {
    const found = memberOf(value, name)
    if (Array.isArray(found)) return [{ name, items: found }]
  }
  // An answer without anything has no list either.
  const hasName = textOf(value, 'selfLink') ?? textOf(value, 'name') ?? memberOf(value, 'resource')
  return hasName === undefined && textOf(value, 'kind')?.endsWith('List') ? [{ name: '', items: [] }] : undefined
}

function itemOf(value: unknown, path: string): Item {
  const sourceState = textOf(value, 'status') ?? textOf(value, 'state')
  const zone = last(pathOf(textOf(value, 'zone'))) ?? /\/zones\/([^/]+)/.exec(path)?.[1]
  const region = textOf(value, 'region') ?? textOf(value, 'location')
  const place = last(region) ?? zone?.replace(/-[a-z]$/, '') ?? /\/(?:regions|locations)\/([^/]+)/.exec(path)?.[1]
  const name = last(textOf(value, 'name')) ?? last(path)!
  return {
    value,
    path,
    name,
    shared: {
      id: path,
      account: projectOf(path),
      locale: localeOf(place),
      zone,
      name,
      state: states[sourceState ?? ''] ?? 'unknown',
      sourceState,
      tags: entriesOf(memberOf(value, 'labels') ?? memberOf(value, 'resourceLabels')),
    },
  }
}
const localeOf = (place: string | undefined): string =>
  place === undefined || place === 'global' ? '' : `gcp:${place.replace(/^((?:[a-z]+-)+[a-z]+\d+)-[a-z]$/, '$1')}`

const states: Readonly<Record<string, ObservedState>> = {
  // Subnetworks, gateways, clusters.
  READY: 'in-use',
  DRAINING: 'releasing',
  // Addresses.
  RESERVING: 'planned',
  RESERVED: 'free',
  IN_USE: 'in-use',
  // Machines: one that is stopped keeps its addresses inside.
  PROVISIONING: 'planned',
  STAGING: 'planned',
  RUNNING: 'in-use',
  STOPPING: 'in-use',
  STOPPED: 'in-use',
  SUSPENDED: 'in-use',
  TERMINATED: 'in-use',
  // Prefixes.
  ANNOUNCED: 'in-use',
  ANNOUNCED_TO_INTERNET: 'in-use',
  ANNOUNCED_TO_GOOGLE: 'in-use',
  ACTIVE: 'in-use',
  DELETING: 'releasing',
}

const linkOf = (value: unknown, name: string): string | undefined => pathOf(textOf(value, name))
const inUse = { state: 'in-use' } as const

type Read = (item: Item, reader: Reader) => Iterable<Collected>
/** By the collection in their URLs. */
const readers: Readonly<Record<string, Read>> = {
  networks: network,
  subnetworks: subnetwork,
  internalRanges: internalRange,
  publicAdvertisedPrefixes: advertisedPrefix,
  publicDelegatedPrefixes: delegatedPrefix,
  addresses: address,
  forwardingRules: forwardingRule,
  vpnGateways: vpnGateway,
  instances: instance,
  clusters: cluster,
}

/** Of a network itself only old ones have a block, and the inside of IPv6. */
function* network({ value, path, shared }: Item): Generator<Collected> {
  for (const text of [memberOf(value, 'IPv4Range'), memberOf(value, 'internalIpv6Range')]) {
    const cidr = blockOf(text)
    if (cidr !== undefined) yield seen({ ...shared, kind: 'network', cidr, space: path, ...inUse })
  }
}

/** `ipv6CidrRange` is for Google's own use. */
function* subnetwork({ value, path, name, shared }: Item, reader: Reader): Generator<Collected> {
  const space = linkOf(value, 'network') ?? path
  reader.placeSubnetwork(path, space)
  const own = { ...shared, kind: 'subnet', space, type: 'gcp:subnetwork', parent: space } as const
  const state = shared.state === 'unknown' ? 'in-use' : shared.state
  for (const range of ['ipCidrRange', 'internalIpv6Prefix', 'externalIpv6Prefix']) {
    const cidr = blockOf(memberOf(value, range))
    if (cidr !== undefined) yield seen({ ...own, cidr, state })
  }
  for (const one of listOf(value, 'secondaryIpRanges')) {
    const cidr = blockOf(memberOf(one, 'ipCidrRange'))
    const range = textOf(one, 'rangeName') ?? ''
    if (cidr !== undefined)
      yield seen({ ...own, cidr, key: `${path}#${range}`, name: `${name} ${range}`, parent: path, state })
  }
}

/** What is kept of a network for something: for itself, or for the other side of a connection. */
function* internalRange({ value, shared }: Item): Generator<Collected> {
  const cidr = blockOf(memberOf(value, 'ipCidrRange'))
  const space = linkOf(value, 'network')
  const usage = textOf(value, 'usage')
  const kind = usage === 'EXTERNAL_TO_VPC' ? 'peer-range' : 'container'
  if (cidr !== undefined)
    yield seen({ ...shared, kind, cidr, space, parent: space, state: 'planned', sourceState: usage })
}

function* advertisedPrefix({ value, shared }: Item): Generator<Collected> {
  const cidr = blockOf(memberOf(value, 'ipCidrRange'))
  if (cidr !== undefined) yield seen({ ...shared, kind: 'container', cidr })
}

function* delegatedPrefix({ value, path, shared }: Item): Generator<Collected> {
  const cidr = blockOf(memberOf(value, 'ipCidrRange'))
  if (cidr !== undefined) yield seen({ ...shared, kind: 'pool', cidr, parent: linkOf(value, 'parentPrefix') })
  for (const one of listOf(value, 'publicDelegatedSubPrefixs')) {
    const part = blockOf(memberOf(one, 'ipCidrRange'))
    if (part === undefined) continue
    const name = textOf(one, 'name') ?? ''
    const account = textOf(one, 'delegateeProject') ?? shared.account
    const sourceState = textOf(one, 'status')
    const state = states[sourceState ?? ''] ?? 'unknown'
    yield seen({
      ...shared,
      kind: 'allocation',
      cidr: part,
      key: `${path}#${name}`,
      name,
      account,
      parent: path,
      state,
      sourceState,
    })
  }
}

/** Nothing yet: it is observed once all is read. */
const later: readonly Collected[] = []

function address({ value, shared }: Item, reader: Reader): Iterable<Collected> {
  const text = memberOf(value, 'address')
  const one = addressOf(text)
  if (one === undefined) return later
  // A length makes a range of it, such as what Google's own services take of a network.
  const cidr = blockAround(text, memberOf(value, 'prefixLength')) ?? one
  const [networkPath, subnetworkPath] = [linkOf(value, 'network'), linkOf(value, 'subnetwork')]
  const kind = cidr === one ? ({ kind: 'address', type: 'gcp:address' } as const) : ({ kind: 'range' } as const)
  reader.later(0, function* () {
    const space = reader.spaceOf(networkPath, subnetworkPath)
    reader.isNew(space, cidr)
    yield seen({ ...shared, ...kind, cidr, space, parent: subnetworkPath ?? networkPath })
  })
  return later
}

/** Addresses that were not reserved stand here alone. Rules for several ports share one. */
function forwardingRule({ value, shared }: Item, reader: Reader): Iterable<Collected> {
  const cidr = blockOf(memberOf(value, 'IPAddress'))
  if (cidr === undefined) return later
  const [networkPath, subnetworkPath] = [linkOf(value, 'network'), linkOf(value, 'subnetwork')]
  // Of IPv6 the addresses outside are those of a subnetwork too.
  const isInside = cidr.includes(':') || !textOf(value, 'loadBalancingScheme')?.startsWith('EXTERNAL')
  reader.later(1, function* () {
    const space = isInside ? reader.spaceOf(networkPath, subnetworkPath) : undefined
    const parent = isInside ? (subnetworkPath ?? networkPath) : undefined
    if (reader.isNew(space, cidr))
      yield seen({ ...shared, kind: 'load-balancer', type: 'gcp:address', cidr, space, parent, ...inUse })
  })
  return later
}

function* vpnGateway({ value, shared }: Item): Generator<Collected> {
  for (const one of listOf(value, 'vpnInterfaces')) {
    const cidr = addressOf(memberOf(one, 'ipAddress'))
    if (cidr !== undefined) yield seen({ ...shared, kind: 'address', type: 'gcp:address', cidr, ...inUse })
  }
}

function instance({ value, shared }: Item, reader: Reader): Iterable<Collected> {
  // What else a machine has, such as its start-up script, is not kept until then.
  const cards = listOf(value, 'networkInterfaces')
  reader.later(2, function* () {
    for (const card of cards) yield* interfaceOf(shared, card, reader)
  })
  return later
}
function* interfaceOf(shared: Item['shared'], card: unknown, reader: Reader): Generator<Collected> {
  const subnetworkPath = linkOf(card, 'subnetwork')
  const space = reader.spaceOf(linkOf(card, 'network'), subnetworkPath)
  const own = { ...shared, type: 'gcp:address' }
  const one = (cidr: string | undefined, at: { space?: string; parent?: string }): Collected[] =>
    cidr !== undefined && reader.isNew(at.space, cidr) ? [seen({ ...own, ...at, kind: 'address', cidr })] : []
  const inside = { space, parent: subnetworkPath }
  yield* one(addressOf(memberOf(card, 'networkIP')), inside)
  yield* one(addressOf(memberOf(card, 'ipv6Address')), inside)
  for (const alias of listOf(card, 'aliasIpRanges')) {
    const cidr = blockOf(memberOf(alias, 'ipCidrRange'))
    if (cidr !== undefined) yield seen({ ...shared, kind: 'range', cidr, ...inside })
  }
  for (const access of listOf(card, 'accessConfigs')) yield* one(addressOf(memberOf(access, 'natIP')), {})
  for (const access of listOf(card, 'ipv6AccessConfigs'))
    yield* one(addressOf(memberOf(access, 'externalIpv6')), inside)
}

/** A cluster's ranges are secondary ranges of its subnetwork, and observed there, but for those of its own. */
function* cluster({ value, path, shared }: Item): Generator<Collected> {
  const policy = memberOf(value, 'ipAllocationPolicy')
  const own = { ...shared, type: 'k8s:network', space: path, ...inUse }
  const ranges = [
    [
      'pod-range',
      'clusterSecondaryRangeName',
      textOf(value, 'clusterIpv4Cidr') ?? textOf(policy, 'clusterIpv4CidrBlock'),
    ],
    [
      'service-range',
      'servicesSecondaryRangeName',
      textOf(value, 'servicesIpv4Cidr') ?? textOf(policy, 'servicesIpv4CidrBlock'),
    ],
  ] as const
  for (const [kind, rangeName, text] of ranges) {
    const cidr = textOf(policy, rangeName) === undefined ? blockOf(text) : undefined
    if (cidr !== undefined) yield seen({ ...own, kind, cidr })
  }
  const services6 = blockOf(memberOf(policy, 'servicesIpv6CidrBlock'))
  if (services6 !== undefined) yield seen({ ...own, kind: 'service-range', cidr: services6 })
  // It lies in Google's network, and nothing of ours may be the same.
  const control = blockOf(memberOf(memberOf(value, 'privateClusterConfig'), 'masterIpv4CidrBlock'))
  if (control !== undefined)
    yield seen({ ...shared, kind: 'peer-range', cidr: control, space: networkOf(value, path), ...inUse })
}
/** A cluster names its network by the bare name, in the project of its subnetwork. */
function networkOf(value: unknown, path: string): string {
  const policyPath = linkOf(memberOf(value, 'networkConfig'), 'network')
  const project = projectOf(linkOf(memberOf(value, 'networkConfig'), 'subnetwork') ?? path)
  return (
    policyPath ?? linkOf(value, 'network') ?? `projects/${project}/global/networks/${textOf(value, 'network') ?? ''}`
  )
}

function roleText(): string {
  const permissions = [
    'resourcemanager.projects.get',
    'resourcemanager.projects.list',
    'compute.projects.get',
    'compute.networks.list',
    'compute.subnetworks.list',
    'compute.addresses.list',
    'compute.globalAddresses.list',
    'compute.forwardingRules.list',
    'compute.globalForwardingRules.list',
    'compute.vpnGateways.list',
    'compute.instances.list',
    'compute.publicAdvertisedPrefixes.list',
    'compute.publicDelegatedPrefixes.list',
    'networkconnectivity.internalRanges.list',
    'container.clusters.list',
  ]
  const included = permissions.map((name) => `  - ${name}`).join('\n')
  return `title: Cadastre collector\ndescription: Reads which networks and addresses there are.\nstage: GA\nincludedPermissions:\n${included}\n`
}
