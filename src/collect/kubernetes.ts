// Kubernetes: what `kubectl` prints of nodes, services and the pools of network plugins.
import { contains, parseCidr } from '#model/cidr.ts'
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
import { addressOf, blockOf, entriesOf, type Found, isPublic, placeBetween, placeOf, seen } from './seen.ts'

/** By groups of the API; that of Kubernetes itself has no name. What a cluster does not have is not asked for. */
const resources: Readonly<Record<string, readonly string[]>> = {
  '': ['nodes', 'services'],
  'networking.k8s.io': ['servicecidrs'],
  'metallb.io': ['ipaddresspools'],
  'crd.projectcalico.org': ['ippools', 'blockaffinities', 'ipreservations'],
  'cilium.io': ['ciliumpodippools', 'ciliumloadbalancerippools', 'ciliumnodes'],
}

export const kubernetes: Collector = {
  kind: 'kubernetes',
  summary: 'Read the ranges, pools and load balancers of a Kubernetes cluster, by `kubectl` or from what it saved.',
  options: [
    {
      flag: 'file',
      value: 'FILE',
      meaning:
        'What `kubectl get … -A -o json` printed, several behind each other; `-` is the standard input. Without it `kubectl` is run.',
    },
    {
      flag: 'cluster',
      value: 'NAME',
      meaning:
        'What the cluster is called here: its account is NAME, its locale `k8s:NAME`. By default the UID of its namespace `kube-system`.',
    },
    { flag: 'context', value: 'NAME', meaning: 'The context of `kubectl`; by default its current one.' },
    {
      flag: 'network',
      value: 'ID',
      meaning:
        'The network that the nodes and load balancers are in, such as the id of a VPC. By default one of the cluster’s own, so that equal addresses of two clusters are no conflict.',
    },
  ],
  rights: {
    words:
      'This role for a service account of the collector, bound with a ClusterRoleBinding: `kubectl apply -f FILE`. It lists what holds addresses, and no secret. The built-in `view` has neither nodes nor the pools of network plugins.',
    document: { language: 'yaml', text: roleText() },
  },
  optionsProblem,
  collect,
}

function optionsProblem(options: ReadonlyMap<string, string>): string | undefined {
  if (options.has('file') && options.has('context'))
    return 'a file has what it has: `--context` is for running `kubectl`'
  const cluster = options.get('cluster')
  return cluster === undefined || clusterPattern.test(cluster)
    ? undefined
    : '`--cluster` may hold up to 64 letters, digits, dots, dashes and underscores'
}
const clusterPattern = /^[A-Za-z0-9._-]{1,64}$/

async function* collect(around: Around): AsyncGenerator<Collected> {
  const reader = new Reader(around)
  const file = around.options.get('file')
  if (file === undefined) yield* fromCluster(around, reader)
  else await fromFile(around, reader, file)
  yield* reader.end()
}

// Where answers come from ----------------------------------------------------------------------------------------------

async function fromFile({ read }: Around, reader: Reader, file: string): Promise<void> {
  let values = 0
  for await (const value of valuesOf(read(file))) {
    values++
    reader.value(value)
  }
  if (values === 0) throw new SourceTrouble('It is empty; is it what `kubectl get -o json` printed?')
}

const nothing: readonly Collected[] = []

async function* fromCluster(around: Around, reader: Reader): AsyncGenerator<Collected> {
  const context = around.options.get('context')
  const kubectl = async (...args: readonly string[]) =>
    parseOutput(
      await around.run('kubectl', context === undefined ? args : [`--context=${context}`, ...args]),
      'kubectl',
    )
  const served = await servedBy(kubectl)
  if (reader.cluster === '') reader.value(await kubectl('get', 'namespace', 'kube-system', '-o', 'json'))
  const part = { account: reader.cluster, locale: reader.locale }
  const read = (...args: readonly string[]) => {
    around.progress(args.join(' '))
    return listed(part, async function* () {
      reader.value(await kubectl('get', ...args, '-o', 'json'))
      // Until all of it is known.
      yield* nothing
    })
  }
  for (const [group, names] of Object.entries(resources)) {
    for (const name of names.filter((each) => group === '' || served.has(`${each}.${group}`)))
      yield* read(group === '' ? name : `${name}.${group}`, '-A')
  }
  // Before there were ServiceCIDRs, only the command lines of the control plane said it; where somebody else runs that, nothing does.
  if (!served.has('servicecidrs.networking.k8s.io'))
    yield* read('pods', '-n', 'kube-system', '-l', 'component in (kube-apiserver,kube-controller-manager)')
}

/** The resources of the groups that are of interest, as `NAME.GROUP`. */
async function servedBy(kubectl: (...args: readonly string[]) => Promise<unknown>): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const group of listOf(await kubectl('get', '--raw', '/apis'), 'groups')) {
    const name = textOf(group, 'name')
    if (name === undefined || name === '' || !Object.hasOwn(resources, name)) continue
    for (const version of listOf(group, 'versions')) {
      const answer = await kubectl('get', '--raw', `/apis/${textOf(version, 'groupVersion')}`)
      for (const resource of listOf(answer, 'resources')) found.add(`${textOf(resource, 'name')}.${name}`)
    }
  }
  return found
}

// What they say --------------------------------------------------------------------------------------------------------

interface Item {
  readonly value: unknown
  readonly spec: unknown
  readonly status: unknown
  readonly id: string
  readonly shared: Omit<Found, 'kind'>
}

/** A part of what was found: what is known of the cluster as a whole decides whether and where it is observed. */
type Part = Found & {
  /** In which routing domain: that of pods and services, or that of the nodes. */
  readonly in: 'cluster' | 'network'
}

class Reader {
  readonly #around: Around
  readonly #parts: Part[] = []
  readonly #known = new Set<string>()
  readonly #left = new Map<string, number>()
  #uid: string | undefined
  #isCut = false
  /** Where a network plugin hands out addresses of pods, the ranges of nodes mean nothing. */
  #pools = 0
  #nodeRanges: Part[] = []
  #names = 0
  #strange = 0
  readonly #unreadable: string[] = []

  constructor(around: Around) {
    this.#around = around
  }

  get cluster(): string {
    return this.#around.options.get('cluster') ?? this.#uid ?? ''
  }
  get locale(): string {
    return this.cluster === '' ? '' : `k8s:${this.cluster}`
  }

  /** One object, or a list of them. */
  value(value: unknown): void {
    const items = memberOf(value, 'items')
    if (!Array.isArray(items)) {
      this.#object(value, undefined)
      return
    }
    if (textOf(memberOf(value, 'metadata'), 'continue') !== undefined) this.#isCut = true
    // The API names the kind once, `kubectl` in each.
    const kind = textOf(value, 'kind')?.replace(/List$/, '')
    for (const one of items) this.#object(one, kind)
  }

  #object(value: unknown, kindOfList: string | undefined): void {
    const kind = textOf(value, 'kind') ?? kindOfList
    const metadata = memberOf(value, 'metadata')
    const name = textOf(metadata, 'name')
    if (!kind || name === undefined) {
      this.#strange++
      return
    }
    if (kind === 'Namespace') {
      if (name === 'kube-system') this.#uid = textOf(metadata, 'uid')
      return
    }
    const namespace = textOf(metadata, 'namespace')
    const id = namespace === undefined ? name : `${namespace}/${name}`
    const once = `${kind} ${id}`
    if (this.#known.has(once)) return
    this.#known.add(once)
    const read = readers[kind]
    if (!read) {
      this.#left.set(kind, (this.#left.get(kind) ?? 0) + 1)
      return
    }
    // Annotations hold what was applied, with all that was in it.
    const shared = { id, name, tags: entriesOf(memberOf(metadata, 'labels')) }
    read({ value, spec: memberOf(value, 'spec'), status: memberOf(value, 'status'), id, shared }, this)
  }

  add(part: Part): void {
    this.#parts.push(part)
  }
  /** A pool from which pods get their addresses. */
  addPodPool(part: Part): void {
    this.#pools++
    this.#parts.push(part)
  }
  addNodeRange(part: Part): void {
    this.#nodeRanges.push(part)
  }
  addOnce(part: Part): void {
    if (!this.#parts.some(({ kind, cidr }) => kind === part.kind && cidr === part.cidr)) this.#parts.push(part)
  }
  countName(): void {
    this.#names++
  }
  leave(kind: string, id: string, text: unknown): void {
    this.#unreadable.push(`${kind} \`${id}\`: \`${String(text)}\` is neither a block nor a range`)
  }

  *end(): Generator<Collected> {
    const { note, options } = this.#around
    const { cluster, locale } = this
    if (cluster === '')
      throw new SourceTrouble(
        'Nothing says which cluster it is: name it with `--cluster`, or add `kubectl get namespace kube-system -o json`.',
      )
    const own = `k8s:${cluster}`
    const network = options.get('network') ?? `${own}/nodes`
    const pools = this.#parts.filter(({ kind }) => kind === 'pool')
    const ranges = this.#pools > 0 ? [] : this.#nodeRanges
    for (const { in: place, ...found } of [...this.#parts, ...ranges]) {
      const isShared = place === 'network' && found.cidr !== undefined && isPublic(found.cidr)
      const space = place === 'cluster' ? own : isShared ? undefined : network
      // A block of a node does not say which pool it is of.
      const parent = found.kind === 'allocation' ? (found.parent ?? holderOf(pools, found.cidr)) : found.parent
      yield seen({ ...found, space, parent, account: cluster, locale })
    }
    if (this.#pools > 0 && this.#nodeRanges.length > 0)
      note(
        `the ranges of ${this.#nodeRanges.length} nodes were left out: a network plugin has pools of its own for pods`,
      )
    if (this.#names > 0) note(`${this.#names} load balancers have names and no addresses: what a name leads to changes`)
    for (const text of this.#unreadable) note(text)
    for (const [kind, count] of [...this.#left].sort())
      note(`${count} of kind ${kind}: not read, they hold no addresses of their own`)
    if (this.#strange > 0) yield strangeValues(this.#strange, 'a kind and a name')
    if (this.#isCut || this.#unreadable.length > 0) {
      const reason = this.#isCut
        ? 'A list says that there is more.'
        : `${this.#unreadable.length} blocks could not be read.`
      yield { unlisted: { account: cluster, locale, reason } }
    }
  }
}

function holderOf(pools: readonly Part[], cidr: string | undefined): string | undefined {
  const block = cidr === undefined ? undefined : parseCidr(cidr)
  return block && pools.find((pool) => pool.cidr !== undefined && contains(parseCidr(pool.cidr)!, block))?.id
}

const readers: Readonly<Record<string, (item: Item, reader: Reader) => void>> = {
  Node: node,
  Service: service,
  ServiceCIDR: serviceCidr,
  IPAddress: serviceAddress,
  Pod: controlPlane,
  IPAddressPool: addressPool,
  IPPool: podPool,
  BlockAffinity: affinity,
  IPReservation: reservation,
  CiliumPodIPPool: ciliumPodPool,
  CiliumLoadBalancerIPPool: ciliumAddressPool,
  CiliumNode: ciliumNode,
}

const ranges = (spec: unknown, many: string, one: string): readonly unknown[] => {
  const found = listOf(spec, many)
  return found.length > 0 ? found : [memberOf(spec, one)].filter((text) => typeof text === 'string' && text !== '')
}
const inUse = { state: 'in-use' } as const

function node({ spec, status, shared }: Item, reader: Reader): void {
  for (const text of ranges(spec, 'podCIDRs', 'podCIDR')) {
    const cidr = blockOf(text)
    if (cidr !== undefined)
      reader.addNodeRange({ ...shared, kind: 'pod-range', type: 'k8s:network', cidr, in: 'cluster', ...inUse })
  }
  for (const one of listOf(status, 'addresses')) {
    const type = textOf(one, 'type')
    const cidr = type === 'InternalIP' || type === 'ExternalIP' ? addressOf(memberOf(one, 'address')) : undefined
    if (cidr !== undefined) reader.add({ ...shared, kind: 'address', cidr, in: 'network', ...inUse })
  }
}

/** A name in place of an address is not looked up: what it leads to changes by the hour. */
function service({ spec, status, shared }: Item, reader: Reader): void {
  for (const text of ranges(spec, 'clusterIPs', 'clusterIP')) {
    // `None` is a service without an address.
    const cidr = addressOf(text)
    if (cidr !== undefined) reader.add({ ...shared, kind: 'address', cidr, in: 'cluster', ...inUse })
  }
  for (const text of listOf(spec, 'externalIPs')) {
    const cidr = addressOf(text)
    if (cidr !== undefined) reader.add({ ...shared, kind: 'address', cidr, in: 'network', ...inUse })
  }
  if (textOf(spec, 'type') !== 'LoadBalancer') return
  const own = { ...shared, kind: 'load-balancer', type: 'k8s:load-balancer', in: 'network' } as const
  const ingress = listOf(memberOf(status, 'loadBalancer'), 'ingress')
  for (const one of ingress) {
    const cidr = addressOf(memberOf(one, 'ip'))
    if (cidr !== undefined) reader.add({ ...own, cidr, ...inUse })
    else if (textOf(one, 'hostname') !== undefined) reader.countName()
  }
  const asked = ingress.length === 0 ? addressOf(memberOf(spec, 'loadBalancerIP')) : undefined
  if (asked !== undefined) reader.add({ ...own, cidr: asked, state: 'planned' })
}

function serviceCidr({ spec, status, shared }: Item, reader: Reader): void {
  const isLeaving = listOf(status, 'conditions').some((one) => textOf(one, 'reason') === 'Terminating')
  const state: ObservedState = isLeaving ? 'releasing' : 'in-use'
  for (const text of listOf(spec, 'cidrs')) {
    const cidr = blockOf(text)
    if (cidr !== undefined)
      reader.add({ ...shared, kind: 'service-range', type: 'k8s:network', cidr, in: 'cluster', state })
  }
}

/** Its name is the address. Those of services stand in the services. */
function serviceAddress({ spec, shared }: Item, reader: Reader): void {
  const owner = memberOf(spec, 'parentRef')
  const cidr = textOf(owner, 'resource') === 'services' ? undefined : addressOf(shared.name)
  if (cidr === undefined) return
  const name = [textOf(owner, 'namespace'), textOf(owner, 'name')].filter(Boolean).join('/')
  reader.add({ ...shared, name, kind: 'address', cidr, in: 'cluster', ...inUse })
}

const flags = [
  ['--service-cluster-ip-range=', 'service-range'],
  ['--cluster-cidr=', 'pod-range'],
] as const
/** Of the command lines of the control plane these two flags, and nothing else. */
function controlPlane({ spec }: Item, reader: Reader): void {
  for (const container of listOf(spec, 'containers')) {
    for (const word of [...listOf(container, 'command'), ...listOf(container, 'args')]) {
      for (const [flag, kind] of flags) {
        if (typeof word !== 'string' || !word.startsWith(flag)) continue
        for (const text of word.slice(flag.length).split(',')) {
          const cidr = blockOf(text)
          const id = flag.slice('--'.length, -1)
          // Several servers, and both programs, say the same.
          if (cidr !== undefined)
            reader.addOnce({ kind, type: 'k8s:network', cidr, id, name: id, in: 'cluster', ...inUse })
        }
      }
    }
  }
}

/** MetalLB: blocks, or ranges that need be none. */
function addressPool({ spec, id, shared }: Item, reader: Reader): void {
  for (const text of listOf(spec, 'addresses')) {
    const place = placeOf(text)
    if (place) reader.add({ ...shared, kind: 'pool', ...place, in: 'network', ...inUse })
    else reader.leave('IPAddressPool', id, text)
  }
}

/** Calico: one that is disabled gives nothing more, and what it gave stays. */
function podPool({ spec, id, shared }: Item, reader: Reader): void {
  const text = memberOf(spec, 'cidr')
  const cidr = blockOf(text)
  if (cidr === undefined) {
    reader.leave('IPPool', id, text)
    return
  }
  const isDisabled = memberOf(spec, 'disabled') === true
  const state: ObservedState = isDisabled ? 'releasing' : 'in-use'
  const uses = listOf(spec, 'allowedUses')
  const isOfServices = uses.length > 0 && uses.every((use) => use === 'LoadBalancer')
  const part = { ...shared, kind: 'pool', cidr, state, sourceState: isDisabled ? 'disabled' : undefined } as const
  if (isOfServices) reader.add({ ...part, in: 'network' })
  else reader.addPodPool({ ...part, type: 'k8s:network', in: 'cluster' })
}

/** The block of a node. As a resource of its own it says `deleted` as a text. */
function affinity({ spec, shared }: Item, reader: Reader): void {
  const cidr = blockOf(memberOf(spec, 'cidr'))
  if (cidr === undefined || String(memberOf(spec, 'deleted')) === 'true') return
  const sourceState = textOf(spec, 'state')
  const state = affinityStates[sourceState ?? ''] ?? 'unknown'
  reader.add({
    ...shared,
    name: textOf(spec, 'node') ?? shared.name,
    kind: 'allocation',
    cidr,
    in: 'cluster',
    state,
    sourceState,
  })
}
const affinityStates: Readonly<Record<string, ObservedState>> = {
  confirmed: 'in-use',
  pending: 'planned',
  pendingDeletion: 'releasing',
}

function reservation({ spec, shared }: Item, reader: Reader): void {
  for (const text of listOf(spec, 'reservedCIDRs')) {
    const cidr = blockOf(text)
    if (cidr !== undefined) reader.add({ ...shared, kind: 'reservation', cidr, in: 'cluster', ...inUse })
  }
}

function ciliumPodPool({ spec, id, shared }: Item, reader: Reader): void {
  for (const text of ['ipv4', 'ipv6'].flatMap((family) => listOf(memberOf(spec, family), 'cidrs'))) {
    const cidr = blockOf(text)
    if (cidr !== undefined)
      reader.addPodPool({ ...shared, kind: 'pool', type: 'k8s:network', cidr, in: 'cluster', ...inUse })
    else reader.leave('CiliumPodIPPool', id, text)
  }
}

/** Blocks, or a first and last address; in older ones `cidrs`. Host bits in a block mean the whole of it. */
function ciliumAddressPool({ spec, id, shared }: Item, reader: Reader): void {
  const state: ObservedState = memberOf(spec, 'disabled') === true ? 'releasing' : 'in-use'
  for (const one of [...listOf(spec, 'blocks'), ...listOf(spec, 'cidrs')]) {
    const start = memberOf(one, 'start')
    const place =
      start === undefined ? placeOf(memberOf(one, 'cidr')) : placeBetween(start, memberOf(one, 'stop') ?? start)
    if (place) reader.add({ ...shared, kind: 'pool', ...place, in: 'network', state })
    else reader.leave('CiliumLoadBalancerIPPool', id, JSON.stringify(one))
  }
}

/** What Cilium gave a node, whatever Kubernetes gave it. */
function ciliumNode({ spec, shared }: Item, reader: Reader): void {
  const ipam = memberOf(spec, 'ipam')
  const own = { ...shared, kind: 'allocation', in: 'cluster', ...inUse } as const
  for (const text of listOf(ipam, 'podCIDRs')) {
    const cidr = blockOf(text)
    if (cidr !== undefined) reader.addPodPool({ ...own, cidr })
  }
  for (const pool of listOf(memberOf(ipam, 'pools'), 'allocated')) {
    for (const text of listOf(pool, 'cidrs')) {
      const cidr = blockOf(text)
      if (cidr !== undefined) reader.addPodPool({ ...own, cidr, parent: textOf(pool, 'pool') })
    }
  }
}

function roleText(): string {
  const rule = (group: string, names: readonly string[]): string =>
    `  - apiGroups: ["${group}"]\n    resources: [${names.join(', ')}]\n    verbs: [get, list]\n`
  const rules = Object.entries(resources).map(([group, names]) =>
    rule(group, group === '' ? [...names, 'namespaces'] : names),
  )
  const head = (kind: string, rest = '') =>
    `apiVersion: rbac.authorization.k8s.io/v1\nkind: ${kind}\nmetadata:\n  name: cadastre-collector\n${rest}rules:\n`
  // Only clusters without ServiceCIDRs need the second one.
  return `${head('ClusterRole')}${rules.join('')}---\n${head('Role', '  namespace: kube-system\n')}${rule('', ['pods'])}`
}
