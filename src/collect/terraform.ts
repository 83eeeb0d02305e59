// Terraform and OpenTofu: what they keep of the networks and addresses that they made.
import type { ObservedState } from '#model/observation.ts'
import { type Around, type Collected, type Collector, listOf, memberOf, SourceTrouble, textOf } from './collector.ts'
import { valuesOf } from './json.ts'
import { addressOf, blockAround, blockOf, entriesOf, type Found, scalarText, seen } from './seen.ts'

export const terraform: Collector = {
  kind: 'terraform',
  summary: 'Read the networks and addresses in states and plans of Terraform or OpenTofu.',
  options: [
    {
      flag: 'file',
      value: 'FILE',
      meaning:
        'What `terraform show -json` or `terraform state pull` printed, several behind each other; `-` is the standard input.',
      isRequired: true,
    },
    { flag: 'locale', value: 'LOCALE', meaning: 'Where it is, where a resource does not say, such as `eu-central-1`.' },
  ],
  rights: {
    words:
      'Reading the state, which is everything that it holds, secrets too: run `terraform show -json | cadastre collect terraform --file -` where that is permitted anyway. Of each resource the members that hold addresses are read, and nothing else leaves the collector.',
  },
  collect,
}

/** A resource in any of the forms: shown, planned, or of the state as it is kept. */
interface Resource {
  readonly type: string
  readonly address: string
  /** Without what was said to be secret. */
  readonly values: unknown
  readonly isPlanned: boolean
}

async function* collect(around: Around): AsyncGenerator<Collected> {
  const { options, note } = around
  const left = new Map<string, number>()
  const known = new Set<string>()
  const isNew = ({ kind, id, key, cidr }: Found): boolean => {
    const once = `${kind} ${key ?? id} ${cidr}`
    if (known.has(once)) return false
    known.add(once)
    return true
  }
  /** Subnets inside of networks: one that is a resource too says more of itself. */
  const late: Found[] = []
  let documents = 0
  for await (const document of valuesOf(around.read(options.get('file')!))) {
    documents++
    for (const resource of resourcesIn(document)) {
      const read = readers[resource.type]
      if (!read) {
        left.set(resource.type, (left.get(resource.type) ?? 0) + 1)
        continue
      }
      const shared = sharedOf(resource, options)
      for (const { isInline, ...found } of read(resource.values, shared)) {
        const part = { ...shared, ...found }
        if (isInline) late.push(part)
        else if (isNew(part)) yield seen(part)
      }
    }
  }
  if (documents === 0) throw new SourceTrouble('It is empty; is it what `terraform show -json` printed?')
  for (const part of late) if (isNew(part)) yield seen(part)
  const total = [...left.values()].reduce((sum, count) => sum + count, 0)
  if (total > 0) note(`${total} resources of ${left.size} other types were not read`)
}

// The forms ------------------------------------------------------------------------------------------------------------

const depthMax = 100

function* resourcesIn(document: unknown): Generator<Resource> {
  // The state as it is kept has its resources at the top.
  if (memberOf(document, 'version') !== undefined && Array.isArray(memberOf(document, 'resources'))) {
    yield* keptIn(document)
    return
  }
  const [values, planned] = [memberOf(document, 'values'), memberOf(document, 'planned_values')]
  if (values === undefined && planned === undefined && memberOf(document, 'format_version') === undefined)
    throw new SourceTrouble('It is neither a state nor a plan; is it what `terraform show -json` printed?')
  yield* shownIn(memberOf(planned ?? values, 'root_module'), planned !== undefined, 0)
}

function* shownIn(module: unknown, isPlanned: boolean, depth: number): Generator<Resource> {
  if (depth > depthMax) throw new SourceTrouble('Its modules lie too deep in each other.')
  for (const one of listOf(module, 'resources')) {
    const type = textOf(one, 'type')
    // What is only looked up is somebody else's; what was replaced is on its way out, and the new one stands beside it.
    if (type === undefined || textOf(one, 'mode') === 'data' || textOf(one, 'deposed_key') !== undefined) continue
    const secret = entriesOf(memberOf(one, 'sensitive_values')).flatMap(([name, isSo]) => (isSo === true ? [name] : []))
    yield { type, address: textOf(one, 'address') ?? type, values: without(secret, memberOf(one, 'values')), isPlanned }
  }
  for (const child of listOf(module, 'child_modules')) yield* shownIn(child, isPlanned, depth + 1)
}

function* keptIn(document: unknown): Generator<Resource> {
  for (const one of listOf(document, 'resources')) {
    const type = textOf(one, 'type')
    if (type === undefined || textOf(one, 'mode') === 'data') continue
    const name = [textOf(one, 'module'), type, textOf(one, 'name')].filter(Boolean).join('.')
    for (const instance of listOf(one, 'instances')) {
      if (textOf(instance, 'deposed') !== undefined) continue
      const index = memberOf(instance, 'index_key')
      const address = index === undefined ? name : `${name}[${JSON.stringify(index)}]`
      // Paths; the first step is the member.
      const secret = listOf(instance, 'sensitive_attributes').map(
        (path) => textOf(Array.isArray(path) ? path[0] : path, 'value') ?? '',
      )
      const values = memberOf(instance, 'attributes') ?? deepened(memberOf(instance, 'attributes_flat'))
      yield { type, address, values: without(secret, values), isPlanned: false }
    }
  }
}

/** What providers have not written again since Terraform 0.12: `tags.Name`, `tags.%` and `address_space.0`, `address_space.#`. */
function deepened(flat: unknown): unknown {
  type Node = Map<string, Node | unknown>
  const root: Node = new Map()
  for (const [path, value] of entriesOf(flat)) {
    const steps = path.split('.')
    const last = steps.pop()!
    let node: Node = root
    for (const step of steps) {
      const inner = node.get(step)
      const next: Node = inner instanceof Map ? inner : new Map()
      node.set(step, next)
      node = next
    }
    node.set(last, value)
  }
  const built = (node: unknown): unknown => {
    if (!(node instanceof Map)) return node
    const members = [...(node as Node)].filter(([name]) => name !== '#' && name !== '%')
    if (node.has('#')) return members.map(([, inner]) => built(inner))
    return Object.fromEntries(members.map(([name, inner]) => [name, built(inner)]))
  }
  return built(root)
}

const without = (secret: readonly string[], values: unknown): unknown =>
  secret.length === 0 ? values : Object.fromEntries(entriesOf(values).filter(([name]) => !secret.includes(name)))

// The resources --------------------------------------------------------------------------------------------------------

type Shared = Omit<Found, 'kind'>
type Part = Found & { /** Inside of another one, and perhaps a resource too. */ readonly isInline?: true }

function sharedOf({ address, values, isPlanned, type }: Resource, options: ReadonlyMap<string, string>): Shared {
  const id = textOf(values, 'id') ?? textOf(values, 'self_link')
  const arn = textOf(values, 'arn')?.split(':')
  const place = placeOf(type, values, id)
  const tags = entriesOf(memberOf(values, 'tags_all') ?? memberOf(values, 'tags') ?? memberOf(values, 'labels'))
  const state: ObservedState = isPlanned ? 'planned' : 'in-use'
  return {
    id: id ?? address,
    account: place.account ?? textOf(values, 'owner_id') ?? (arn?.[4] || undefined),
    locale: place.locale ?? textOf(values, 'region') ?? (arn?.[3] || undefined) ?? options.get('locale'),
    name: nameIn(tags) ?? textOf(values, 'name') ?? address,
    state,
    tags,
  }
}
const nameIn = (tags: readonly [string, unknown][]): string | undefined => {
  const found = tags.find(([name]) => name === 'Name')
  return found && scalarText(found[1])
}

function placeOf(
  type: string,
  values: unknown,
  id: string | undefined,
): { readonly account?: string; readonly locale?: string } {
  if (type.startsWith('azurerm_')) {
    const location = textOf(values, 'location')?.replaceAll(' ', '').toLowerCase()
    const account = /^\/subscriptions\/([^/]+)/i.exec(id ?? '')?.[1]?.toLowerCase()
    return { account, locale: location === undefined ? '' : `azure:${location}` }
  }
  if (type.startsWith('google_')) {
    const region = textOf(values, 'region')?.split('/').at(-1)
    return { account: textOf(values, 'project'), locale: region === undefined ? '' : `gcp:${region}` }
  }
  return {}
}

type Read = (values: unknown, shared: Shared) => Iterable<Part>

const texts = (values: unknown, ...names: readonly string[]): string[] =>
  names.flatMap((name) => {
    const found = memberOf(values, name)
    return (Array.isArray(found) ? found : [found]).filter(
      (text): text is string => typeof text === 'string' && text !== '',
    )
  })
/** Blocks of the named members, each once. What is unset, and what is not known yet, is null. */
const blocks = (values: unknown, ...names: readonly string[]): string[] => [
  ...new Set(
    texts(values, ...names)
      .map(blockOf)
      .filter((cidr) => cidr !== undefined),
  ),
]
const addresses = (values: unknown, ...names: readonly string[]): string[] => [
  ...new Set(
    texts(values, ...names)
      .map(addressOf)
      .filter((cidr) => cidr !== undefined),
  ),
]
/** The network of `…/virtualNetworks/hub/subnets/a`, by the same spelling as where Azure is asked itself. */
const azureNetwork = (id: string | undefined): string | undefined => id?.toLowerCase().split('/subnets/')[0]
const googlePath = (url: string | undefined): string | undefined => {
  const at = url?.indexOf('projects/') ?? -1
  return at < 0 ? undefined : url!.slice(at)
}

const readers: Readonly<Record<string, Read>> = {
  aws_vpc: (values, { id }) =>
    blocks(values, 'cidr_block', 'ipv6_cidr_block').map((cidr) => ({ kind: 'network', type: 'vpc', cidr, space: id })),
  aws_vpc_ipv4_cidr_block_association: associated,
  aws_vpc_ipv6_cidr_block_association: associated,
  aws_subnet(values) {
    const space = textOf(values, 'vpc_id')
    const zone = textOf(values, 'availability_zone_id')
    return blocks(values, 'cidr_block', 'ipv6_cidr_block').map((cidr) => ({
      kind: 'subnet',
      type: 'subnet',
      cidr,
      space,
      parent: space,
      zone,
    }))
  },
  aws_eip: (values) =>
    addresses(values, 'public_ip').map((cidr) => ({
      kind: 'address',
      type: 'eip',
      cidr,
      parent: textOf(values, 'public_ipv4_pool'),
    })),
  /** Its public address is an Elastic IP, which is a resource of its own; a regional one has no subnet. */
  aws_nat_gateway: (values) =>
    addresses(values, 'private_ip', 'secondary_private_ip_addresses').map((cidr) => ({
      kind: 'nat-gateway',
      cidr,
      space: textOf(values, 'vpc_id') ?? textOf(values, 'subnet_id'),
      parent: textOf(values, 'subnet_id'),
    })),
  aws_vpc_ipam_pool_cidr_allocation: (values) =>
    blocks(values, 'cidr').map((cidr) => ({
      kind: 'allocation',
      cidr,
      id: textOf(values, 'ipam_pool_allocation_id'),
      space: textOf(values, 'ipam_pool_id'),
      parent: textOf(values, 'ipam_pool_id'),
    })),
  *azurerm_virtual_network(values, { id }) {
    const space = id!.toLowerCase()
    for (const cidr of blocks(values, 'address_space'))
      yield { kind: 'network', type: 'azure:virtual-network', cidr, key: space, space }
    for (const inline of listOf(values, 'subnet')) {
      const own = textOf(inline, 'id') ?? `${id}/subnets/${textOf(inline, 'name') ?? ''}`
      yield* azureSubnets(inline, own, textOf(inline, 'name')).map((part) => ({ ...part, isInline: true as const }))
    }
  },
  azurerm_subnet: (values, { id, name }) => azureSubnets(values, id!, name),
  azurerm_public_ip: (values, { id }) =>
    addresses(values, 'ip_address').map((cidr) => ({
      kind: 'address',
      type: 'azure:public-ip',
      cidr,
      key: id!.toLowerCase(),
    })),
  azurerm_public_ip_prefix: (values, { id }) =>
    blocks(values, 'ip_prefix').map((cidr) => ({
      kind: 'pool',
      type: 'azure:public-ip-prefix',
      cidr,
      key: id!.toLowerCase(),
    })),
  google_compute_network(values) {
    const id = googlePath(textOf(values, 'self_link'))
    return blocks(values, 'internal_ipv6_range').map((cidr) => ({ kind: 'network', cidr, id, space: id }))
  },
  *google_compute_subnetwork(values, { id: stated, name }) {
    const id = googlePath(textOf(values, 'self_link')) ?? stated!
    const space = googlePath(textOf(values, 'network')) ?? id
    const own = { kind: 'subnet', type: 'gcp:subnetwork', id, space } as const
    for (const cidr of blocks(values, 'ip_cidr_range', 'internal_ipv6_prefix', 'external_ipv6_prefix'))
      yield { ...own, cidr, parent: space }
    for (const secondary of listOf(values, 'secondary_ip_range')) {
      const range = textOf(secondary, 'range_name') ?? ''
      for (const cidr of blocks(secondary, 'ip_cidr_range'))
        yield { ...own, cidr, key: `${id}#${range}`, name: `${name} ${range}`, parent: id }
    }
  },
  google_compute_address: googleAddress,
  google_compute_global_address: googleAddress,
}

/** Further blocks of a VPC are resources of their own, of the VPC. */
function* associated(values: unknown): Generator<Part> {
  const vpc = textOf(values, 'vpc_id')
  for (const cidr of blocks(values, 'cidr_block', 'ipv6_cidr_block'))
    yield { kind: 'network', type: 'vpc', cidr, id: vpc, space: vpc }
}

function azureSubnets(values: unknown, id: string, name: string | undefined): Part[] {
  const space = azureNetwork(id)
  return blocks(values, 'address_prefixes', 'address_prefix').map((cidr) => ({
    kind: 'subnet',
    type: 'azure:subnet',
    cidr,
    id,
    key: id.toLowerCase(),
    space,
    parent: space,
    name,
  }))
}

/** With a length it is a range, such as what Google's own services take of a network. */
function* googleAddress(values: unknown): Generator<Part> {
  const text = memberOf(values, 'address')
  const one = addressOf(text)
  if (one === undefined) return
  const length = memberOf(values, 'prefix_length')
  const cidr = (length ? blockAround(text, length) : undefined) ?? one
  const [network, subnetwork] = [googlePath(textOf(values, 'network')), googlePath(textOf(values, 'subnetwork'))]
  const kind = cidr === one ? ({ kind: 'address', type: 'gcp:address' } as const) : ({ kind: 'range' } as const)
  const id = googlePath(textOf(values, 'self_link'))
  yield {
    ...kind,
    cidr,
    ...(id === undefined ? {} : { id }),
    space: network ?? subnetwork,
    parent: subnetwork ?? network,
  }
}
