// What a server has of everything governed, as far as the caller may see it, as things with names.
import { type Destination, pagesOf, Refused, send } from '#cli/client.ts'
import { Stopped } from '#cli/exit-codes.ts'
import type { DocumentParams, RuleCondition } from '#model/policy/document.ts'
import type { Compatibility } from '#model/policy/values.ts'
import {
  AccountNames,
  canonical,
  Estate,
  keyUnder,
  type Members,
  nearness,
  partOf,
  rootKey,
  type Thing,
  type ThingKind,
  unitKey,
} from './estate.ts'
import {
  actsAlready,
  draftLabel,
  draftsByContent,
  pairOf,
  plain,
  sortedCidrs,
  sortedTexts,
  wholeAssignment,
  wholeDocument,
} from './members.ts'
import { ipamMembers, policyMembers, poolChangeable, poolFixed } from './shape.ts'

type Item = Readonly<Record<string, unknown>>
const textOf = (value: unknown): string => value as string

/** Beyond so many CIDRs, the list of pools does not have all of one. */
const cidrsInTree = 20
/** Of a policy, the newest: those behind are what somebody left. */
const draftsMax = 100
/** How often all is read again where it changes meanwhile. */
const attemptsMax = 5

export interface ServerRead {
  readonly estate: Estate
  readonly epoch: number
  /** What nobody changes by files. */
  readonly exceptions: readonly Item[]
  /** Pools that plan what is inside of a network: they come and go with it. */
  readonly inside: readonly Item[]
  /** How accounts are written, and whose what is. */
  readonly accounts: AccountNames
  readonly ownerOf: (thing: Thing) => string | undefined
  /** The id of the root, where there is an organization. */
  readonly rootId: string | undefined
}

/** Names of which the server is asked whose is meant; of more, none is. */
const namesAskedMax = 100

/**
 * Reads all of it as it was at one moment: where it changes meanwhile, it is read again.
 * @param owners by the name of an IPAM, whose it is, as files say it
 */
export async function readServer(
  to: Destination,
  owners: ReadonlyMap<string, string> = new Map(),
): Promise<ServerRead> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const epoch = await epochOf(to)
    const read = await new ServerReader(to, owners).read()
    if ((await epochOf(to)) === epoch) return { ...read, epoch }
  }
  throw new Stopped('tryLater', 'What is governed there changes faster than it can be read.', ['Try again.'])
}

export const epochOf = async (to: Destination): Promise<number> =>
  (await ask<{ epoch: number }>(to, '/governance')).epoch

const ask = async <T>(to: Destination, path: string): Promise<T> =>
  JSON.parse((await send(to, { method: 'GET', path, query: {}, body: undefined })).text) as T

/** Undefined where it is not there, or not for the caller to see. */
async function find<T>(to: Destination, path: string): Promise<T | undefined> {
  try {
    return await ask<T>(to, path)
  } catch (error) {
    // Both are told in the same words, and what is not seen is no part of the files.
    if (error instanceof Refused && [403, 404].includes(error.problem.status)) return undefined
    throw error
  }
}

class ServerReader {
  readonly #to: Destination
  readonly #estate = new Estate()
  /** Keys by id: of units, accounts, IPAMs, scopes, pools, policies. */
  readonly #keys = new Map<string, string>()
  readonly #accounts = new AccountNames()
  readonly #owners = new Map<string, string>()
  readonly #compatibilities = new Map<string, unknown>()
  /** By policy and version, what a draft is called. */
  readonly #drafts = new Map<string, string>()
  /** By id, how many of one name there are in the same place, it among them. */
  readonly #namesakes = new Map<unknown, number>()

  readonly #ownersInFiles: ReadonlyMap<string, string>

  constructor(to: Destination, ownersInFiles: ReadonlyMap<string, string>) {
    this.#to = to
    this.#ownersInFiles = ownersInFiles
  }

  async read(): Promise<Omit<ServerRead, 'epoch'>> {
    const organization = await find<Item>(this.#to, '/organization')
    const units = await this.#list('/organizational-units')
    const rootId = organization ? textOf(organization.rootId) : rootOf(units)
    if (rootId !== undefined) this.#keys.set(rootId, rootKey)
    this.#addUnits(units)
    const accounts = await this.#list('/accounts')
    for (const account of accounts) this.#addAccount(account, organization?.delegatedAdministrator)
    if (organization) {
      const members = plain('organization', { ipamAdministrator: organization.delegatedAdministrator })
      this.#add({ kind: 'organization', key: rootKey, members })
    }
    for (const { isBuiltIn, ...type } of await this.#list('/resource-types')) {
      if (!isBuiltIn)
        this.#add({ kind: 'resourceType', key: textOf(type.resourceType), members: plain('resourceType', type) })
    }
    const ipams = await this.#list('/ipams')
    await this.#nameIpams(ipams)
    for (const ipam of ipams) this.#addIpam(ipam)
    const scopes = await this.#list('/scopes')
    // Default scopes go by what they are for, whatever they are called.
    this.#countNames(
      scopes.filter(({ isDefault }) => !isDefault),
      ({ ipamId }) => ipamId,
    )
    for (const scope of scopes) this.#addScope(scope)
    const inside = await this.#addPools()
    const policies = await this.#list('/policies')
    this.#countNames(policies, ({ ipamId }) => ipamId)
    const candidates = await this.#list('/candidates')
    const byPolicy = Map.groupBy(candidates, ({ policyId }) => policyId)
    for (const policy of policies) await this.#addPolicy(policy, byPolicy.get(policy.policyId) ?? [])
    await this.#addAssignments(candidates)
    for (const binding of await this.#list('/role-bindings')) this.#addBinding(binding)
    const exceptions = await this.#list('/exceptions')
    return {
      estate: this.#estate,
      exceptions: exceptions.map((one) => this.#exception(one)),
      inside,
      accounts: this.#accounts,
      ownerOf: ({ id }) => (id === undefined ? undefined : this.#owners.get(id)),
      rootId,
    }
  }

  /** @param isWanted of a list that is in the order of that: it is read as far as they go, and no further than so many */
  async #list(path: string, isWanted = (_: Item): boolean => true, most = Number.POSITIVE_INFINITY): Promise<Item[]> {
    const items: Item[] = []
    try {
      for await (const page of pagesOf(this.#to, { method: 'GET', path, query: {}, body: undefined })) {
        const wanted = page.items.filter(isWanted)
        items.push(...wanted)
        if (wanted.length < page.items.length || items.length >= most) return items.slice(0, most)
      }
    } catch (error) {
      // What may not be listed at all is no part of the files.
      if (error instanceof Refused && error.problem.status === 403) return []
      throw error
    }
    return items
  }

  // The organization ------------------------------------------------------------------------------------------------------

  /** Whatever their order: each behind what it is under. */
  #addUnits(units: readonly Item[]): void {
    for (let left = [...units]; left.length > 0; ) {
      const next = left.filter((unit) => this.#keys.has(textOf(unit.parentId)))
      // Those under what the caller does not see have no path to be named by.
      if (next.length === 0) return
      for (const { unitId, name, parentId, tags } of next) {
        const parent = this.#keys.get(textOf(parentId))!
        const key = unitKey(parent, textOf(name))
        this.#keys.set(textOf(unitId), key)
        const members = plain('unit', { tags })
        this.#add({ kind: 'unit', key, parent, name: textOf(name), members, id: textOf(unitId) })
      }
      left = left.filter((unit) => !next.includes(unit))
    }
  }

  #addAccount(
    { account, name, parentId, status, email, cloud, externalId, contact, tags }: Item,
    administrator: unknown,
  ): void {
    const number = textOf(account)
    const parent = parentId === undefined ? undefined : this.#keys.get(textOf(parentId))
    const { speaksForAll, atRoot, below } = nearness
    this.#accounts.add(
      textOf(name),
      number,
      number === administrator ? speaksForAll : parent === rootKey ? atRoot : below,
    )
    if (parent === undefined) return
    const members = plain('account', { name, email, cloud, externalId, contact, tags, parent, status })
    this.#keys.set(number, number)
    this.#add({ kind: 'account', key: number, parent, name: textOf(name), members, id: number })
  }

  // Address space -----------------------------------------------------------------------------------------------------------

  #addIpam(ipam: Item): void {
    const { ipamId, name, account, region } = ipam
    const facts: Item = Object.fromEntries(ipamMembers.map((member) => [member, ipam[member]]))
    const key = this.#keyOf('ipam', undefined, ipamId, name)
    this.#owners.set(textOf(ipamId), this.#node(textOf(account)))
    this.#compatibilities.set(key, facts.policyCompatibility)
    const operatingRegions = sortedTexts(facts.operatingRegions as string[])
    const members = plain('ipam', { ...facts, account, region, operatingRegions })
    this.#add({ kind: 'ipam', key, ...named(name), members, id: textOf(ipamId) })
  }

  #addScope({ scopeId, name, ipamId, account, scopeType, isDefault, description, tags }: Item): void {
    const parent = this.#keys.get(textOf(ipamId))
    if (parent === undefined) return
    const isTaken = name === 'private' || name === 'public'
    const key = isDefault
      ? this.#keyOf('scope', parent, scopeId, scopeType)
      : this.#keyOf('scope', parent, scopeId, isTaken ? undefined : name)
    this.#owners.set(textOf(scopeId), textOf(account))
    const members = plain('scope', { description, tags, ...(isDefault ? { name } : {}) })
    this.#add({ kind: 'scope', key, parent, ...named(name), members, id: textOf(scopeId) })
  }

  /** Answers those that are inside of networks. */
  async #addPools(): Promise<readonly Item[]> {
    const pools = await this.#list('/pools')
    this.#countNames(pools, ({ parentPoolId, scopeId }) => parentPoolId ?? scopeId)
    const trees = new Map((await this.#list('/pools/tree')).map((pool) => [pool.poolId, pool]))
    const left = new Map<unknown, Item>()
    for (const pool of pools.toSorted((a, b) => Number(a.depth) - Number(b.depth))) {
      const { poolId, name, parentPoolId, scopeId } = pool
      const network = pool.sourceVpcId ?? pool.sourceAllocationId
      const parent = this.#keys.get(textOf(parentPoolId ?? scopeId))
      const facts = Object.fromEntries([...poolFixed, ...poolChangeable].map((member) => [member, pool[member]]))
      const members = plain('pool', {
        ...facts,
        family: pool.family,
        cidrs: await this.#cidrsOf(textOf(poolId), trees.get(poolId)?.cidrs as string[] | undefined),
        sharedWith: sortedTexts((pool.sharedWith as string[]).map((node) => this.#node(node))),
      })
      if (network !== undefined || left.has(parentPoolId) || parent === undefined) {
        const { reservedFirst, reservedLast, account } = pool
        const within = { network, under: parent ?? parentPoolId, account: this.#node(textOf(account)) }
        left.set(poolId, { poolId, name, ...within, ...members, reservedFirst, reservedLast })
        continue
      }
      const key = this.#keyOf('pool', parent, poolId, name)
      this.#owners.set(textOf(poolId), textOf(pool.account))
      this.#add({ kind: 'pool', key, parent, ...named(name), members, id: textOf(poolId) })
    }
    return [...left.values()]
  }
  async #cidrsOf(poolId: string, shown: readonly string[] = []): Promise<string[]> {
    if (shown.length === 0) return []
    if (shown.length < cidrsInTree) return sortedCidrs(shown)
    const all = await this.#list(`/pools/${poolId}/cidrs`)
    return sortedCidrs(all.filter(({ state }) => state === 'provisioned').map(({ cidr }) => textOf(cidr)))
  }

  // Policies ------------------------------------------------------------------------------------------------------------------

  async #addPolicy(policy: Item, candidates: readonly Item[]): Promise<void> {
    const { policyId, name, ipamId, account, compatibility, version } = policy
    const facts = Object.fromEntries(policyMembers.map((member) => [member, policy[member]]))
    const parent = this.#keys.get(textOf(ipamId))
    if (parent === undefined) return
    const key = this.#keyOf('policy', parent, policyId, name)
    this.#owners.set(textOf(policyId), textOf(account))
    const listed = await this.#list(`/policies/${textOf(policyId)}/documents`)
    const documents = this.#documents(listed, compatibility as Compatibility)
    const tried = candidates.flatMap((candidate) => (candidate.version as number | undefined) ?? [])
    const drafts = await this.#draftsOf(textOf(policyId), version as number, tried)
    const members = { ...plain('policy', facts), compatibility, documents, drafts, assignments: {} }
    this.#add({ kind: 'policy', key, parent, ...named(name), members, id: textOf(policyId) })
  }
  #documents(listed: readonly Item[], compatibility: Compatibility): Record<string, Members> {
    const documents: Record<string, Members> = {}
    for (const document of listed) {
      // One without rules counts as absent.
      if ((document.rules as unknown[]).length === 0) continue
      const rules = (document.rules as Item[]).map(({ poolId, when }) => ({
        pool: this.#named(textOf(poolId)),
        ...(when === undefined ? {} : { when: this.#condition(when as RuleCondition) }),
      }))
      const params = { ...document, rules } as unknown as DocumentParams
      documents[pairOf(document as never)] = wholeDocument(params, compatibility)
    }
    return documents
  }
  /**
   * What a policy may say one day: versions that are candidates, and those that are newer than the one in force. Of several that say the
   * same there is one, by the version that is a candidate.
   */
  async #draftsOf(policyId: string, inForce: number, tried: readonly number[]): Promise<Record<string, Members>> {
    const versions = new Set(tried)
    const path = `/policies/${policyId}/versions`
    for (const { version } of await this.#list(path, (one) => (one.version as number) > inForce, draftsMax))
      versions.add(version as number)
    const drafts: Record<string, Members> = {}
    for (const version of versions) {
      const draft = await find<Item>(this.#to, `${path}/${version}`)
      if (!draft) continue
      const compatibility = draft.compatibility as Compatibility
      const content = { compatibility, documents: this.#documents(draft.documents as Item[], compatibility) }
      const same = draftsByContent(drafts).get(canonical(content))
      this.#drafts.set(`${policyId} ${version}`, same ?? draftLabel(version))
      if (same === undefined) drafts[draftLabel(version)] = content
    }
    return drafts
  }
  #condition({ accounts, organizationalUnits, tags }: RuleCondition): Members {
    return {
      ...(accounts ? { accounts: sortedTexts(accounts.map((account) => this.#node(account))) } : {}),
      ...(organizationalUnits
        ? { organizationalUnits: sortedTexts(organizationalUnits.map((node) => this.#node(node))) }
        : {}),
      ...(tags ? { tags } : {}),
    }
  }

  async #addAssignments(candidates: readonly Item[]): Promise<void> {
    const policies = this.#estate.of('policy')
    const byAssignment = new Map(candidates.map((one) => [`${one.policyId} ${one.targetId}`, this.#candidate(one)]))
    for (const { policyId, targetId, kind, mode } of await this.#list('/assignments')) {
      const policy = policies.get(this.#keys.get(textOf(policyId)) ?? '')
      if (!policy) continue
      const assignments = policy.members.assignments as Record<string, Members>
      const candidate = byAssignment.get(`${policyId} ${targetId}`)
      const assignment = wholeAssignment({ kind, mode, candidate })
      // What acts already by now says nothing, and no server would take it as a candidate.
      const isSaid = candidate !== undefined && !actsAlready(policy.members, assignment)
      assignments[this.#node(textOf(targetId))] = isSaid ? assignment : wholeAssignment({ kind, mode })
    }
  }
  #candidate({ policyId, version, mode }: Item): Members {
    const draft = version === undefined ? undefined : this.#drafts.get(`${policyId} ${version}`)
    return { ...(draft === undefined ? {} : { draft }), ...(mode === undefined ? {} : { mode }) }
  }

  #addBinding({ bindingId, principal, role, node, effect }: Item): void {
    const at = node === '*' ? '*' : this.#node(textOf(node))
    const key = `${textOf(principal)} ${textOf(role)} ${at} ${textOf(effect)}`
    this.#add({ kind: 'roleBinding', key, members: { principal, role, node: at, effect }, id: textOf(bindingId) })
  }

  /** What a reader wants to know of it. */
  #exception({
    exceptionId,
    target,
    locale,
    resourceType,
    reason,
    state,
    startsAt,
    expiresAt,
    isBreakGlass,
    grants,
    requested,
    approved,
  }: Item): Item {
    const at = target === undefined ? undefined : this.#node(textOf(target))
    const { pools = [], ...allowed } = (grants ?? {}) as { readonly pools?: readonly string[] }
    const by = (act: unknown) => (act as Item | undefined)?.by
    return {
      exceptionId,
      target: at,
      locale,
      resourceType,
      pools: pools.map((pool) => this.#named(pool)),
      ...allowed,
      reason,
      requestedBy: by(requested),
      approvedBy: by(approved),
      state,
      startsAt,
      expiresAt,
      ...(isBreakGlass ? { isBreakGlass } : {}),
    }
  }

  // Names -----------------------------------------------------------------------------------------------------------------------

  /**
   * Which IPAM goes by a name that several have: whoever makes one may call it anything. It is the one of the account that the files say;
   * else the one that the server takes for it, which looks at whose they are. How old they are says nothing.
   */
  async #nameIpams(ipams: readonly Item[]): Promise<void> {
    let asked = 0
    for (const [name, found] of Map.groupBy(ipams, ({ name }) => name)) {
      if (!isName(name)) continue
      const said = this.#ownersInFiles.get(name)
      let meant = found
      if (said !== undefined) meant = found.filter(({ account }) => account === this.#accounts.find(said))
      else if (found.length > 1 && asked++ < namesAskedMax) {
        const one = await this.#ipamCalled(name)
        if (one !== undefined) meant = found.filter(({ ipamId }) => ipamId === one)
      }
      // Where none is of the account that the files say, the name is of one that is still to be made.
      const [one, other] = meant
      for (const { ipamId } of found) this.#namesakes.set(ipamId, !other && one?.ipamId === ipamId ? 1 : 2)
      const ids = meant.map(({ ipamId }) => textOf(ipamId))
      if (other) this.#estate.addSeveral('ipam', partOf(name), ids)
    }
  }
  /** Undefined where it could be several, or is another thing for the server. */
  async #ipamCalled(name: string): Promise<string | undefined> {
    try {
      return (await ask<{ ipamId: string }>(this.#to, `/ipams/${encodeURIComponent(name)}`)).ipamId
    } catch (error) {
      if (error instanceof Refused && error.problem.status < 500) return undefined
      throw error
    }
  }

  /** How many right under one thing have the name of each. */
  #countNames(items: readonly Item[], parentOf: (item: Item) => unknown): void {
    for (const found of Map.groupBy(items, (item) => canonical([parentOf(item), item.name])).values())
      for (const item of found) this.#namesakes.set(idIn(item), found.length)
  }

  /** The key of something new; by its id where it has no name, or another one under the same has it, too. */
  #keyOf(kind: ThingKind, parent: string | undefined, id: unknown, name: unknown): string {
    const byName = isName(name) ? keyUnder(parent, partOf(name)) : undefined
    const isOne = byName !== undefined && (this.#namesakes.get(id) ?? 1) === 1
    const key = isOne && !this.#estate.of(kind).has(byName) ? byName : keyUnder(parent, textOf(id))
    if (byName !== undefined && !isOne && kind !== 'ipam')
      this.#estate.addSeveral(kind, byName, [...(this.#estate.several(kind, byName) ?? []), textOf(id)])
    this.#keys.set(textOf(id), key)
    return key
  }
  #node = (id: string): string => this.#named(id)
  #named(id: string): string {
    const key = this.#keys.get(id)
    if (key === undefined) this.#estate.mentioned.add(id)
    return key ?? id
  }
  #add(thing: Thing): void {
    this.#estate.add(thing)
  }
}

const named = (name: unknown): { name?: string } => (isName(name) ? { name } : {})
const isName = (name: unknown): name is string => typeof name === 'string' && name !== ''
const idIn = ({ poolId, scopeId, policyId }: Item): unknown => poolId ?? policyId ?? scopeId
/** The root is what units are under that is no unit: it has no answer of its own for whoever may not see the organization. */
const rootOf = (units: readonly Item[]): string | undefined =>
  units.map(({ parentId }) => textOf(parentId)).find((parent) => parent.startsWith('r-'))
