// Who and what goes by a name: the number of the one account, and the id of the one IPAM, scope, pool, policy, allocation or network that
// is called so, as far as the caller may see them.
import { formatId, parseId } from '#model/identifier.ts'
import { type KindWith, kinds } from '#model/kinds.ts'
import { isTargetId } from '#model/organization.ts'
import { mayUsePool } from '#model/policy/resolve.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { UsablePools } from '#model/policy/usable-pools.ts'
import { refuse } from '#model/refusal.ts'
import type { Action } from '#model/roles.ts'
import { nameKey } from '#model/tags.ts'
import type { TaggedObject } from '#store/tables/finding.ts'
import { permitter } from './identity/authority.ts'
import { visibleAccounts } from './identity/visible-accounts.ts'
import type { ReadContext } from './operation.ts'
import { accountsCalled, unitsCalled } from './organization/called.ts'
import { listAllTagged, listTagged } from './tagged.ts'

/** What goes by a name, beside accounts and nodes. */
export type NameableKind = KindWith<'plural'>

// Accounts -----------------------------------------------------------------------------------------------------------

/**
 * The number of the one account that is called so, among those that the caller may see or do the action at: others neither answer
 * to their name nor make it ambiguous (invariant I8).
 */
export async function findAccount(context: ReadContext, action: Action, name: string): Promise<string> {
  const [one, other] = await listAccounts(context, action, name)
  if (one === undefined) return refuse({ code: 'NotFound', what: 'account', id: name })
  if (other === undefined) return one
  const problem = { why: 'several-accounts', one, other } as const
  return refuse({ code: 'InvalidParameterValue', field: 'account', value: name, problem })
}

/** Those that are called so, or by the last part of a path of names; two where there are more. */
export async function listAccounts(context: ReadContext, action: Action, name: string): Promise<readonly string[]> {
  const counts = await nodeCounter(context, action)
  const [read, permitted] = [
    await visibleAccounts(context, 'organization:read', 'now'),
    await visibleAccounts(context, action, 'now'),
  ]
  const among = read && permitted && [...read, ...permitted]
  const whole = await nearestCalled(context, { name, counts, among })
  const slash = name.lastIndexOf('/')
  const [above, last] = [name.slice(0, Math.max(slash, 0)), name.slice(slash + 1)]
  if (above === '' || last === '') return whole
  const snapshot = await context.snapshot()
  const parents = isTargetId(above) ? new Set([above]) : new Set((await listUnits(context, action, above)).keys())
  const isUnder = (number: string): boolean => parents.has(pathOf(snapshot, number).at(-2) ?? '') && counts(number)
  const placed = parents.size === 0 ? [] : await accountsCalled(context.tx, last, isUnder, among)
  return [...new Set([...whole, ...placed])]
}
/**
 * Of several, those that speak for the organization go first, and then those right below its root: whoever names an account further below
 * would otherwise make ambiguous what those above call theirs.
 */
async function nearestCalled(
  context: ReadContext,
  {
    name,
    counts,
    among,
  }: {
    readonly name: string
    readonly counts: (node: string) => boolean
    readonly among: readonly string[] | undefined
  },
): Promise<readonly string[]> {
  const { tx } = context
  const all = await accountsCalled(tx, name, counts, among)
  if (all.length < 2) return all
  const snapshot = await context.snapshot()
  const speaking = [snapshot.delegatedAdministrator, (await tx.organizations.find())?.managementAccount]
  for (const isNear of [
    (number: string) => speaking.includes(number),
    (number: string) => pathOf(snapshot, number).length <= 2,
  ]) {
    const near = await accountsCalled(tx, name, (number) => isNear(number) && counts(number), among)
    if (near.length > 0) return near
  }
  return all
}
/** Which nodes of the organization answer to their name. */
export async function nodeCounter(context: ReadContext, action: Action): Promise<(node: string) => boolean> {
  const [isRead, isPermitted] = [await permitter(context, 'organization:read'), await permitter(context, action)]
  return (node) => isRead(node) || isPermitted(node)
}

// Units --------------------------------------------------------------------------------------------------------------

/** Those that go by a name, or by the last part of a path of names: each with what it is under, as far as the caller may see it. */
export async function listUnits(
  context: ReadContext,
  action: Action,
  name: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { tx } = context
  const counts = await nodeCounter(context, action)
  const snapshot = await context.snapshot()
  const chainOf = (id: string): readonly string[] => {
    const path = pathOf(snapshot, id)
    return path.slice(path.findLastIndex((node) => node !== id && !counts(node)) + 1)
  }
  const parts = name.split('/')
  const last = parts.at(-1)!
  const whole = new Set(await unitsCalled(tx, name, counts))
  const placed = parts.length === 1 || last === '' ? [] : await unitsCalled(tx, last, counts)
  const chains = new Map([...whole, ...placed].map((id) => [id, chainOf(id)] as const))
  const names = await tx.organizations.namesOf([...new Set([...chains.values()].flat())].filter(isTargetId))
  const isUnder = (chain: readonly string[]): boolean =>
    chain.length >= parts.length &&
    parts.every((part, index) => {
      const node = chain.at(index - parts.length)!
      return part === node || part === names.get(node)
    })
  return new Map(
    [...chains]
      .filter(([id, chain]) => whole.has(id) || isUnder(chain))
      .map(([id, chain]) => [id, chain.map((node) => names.get(node) ?? node)] as const),
  )
}

// Everything else ----------------------------------------------------------------------------------------------------

/** Of what several have as their name, so many are named in the refusal. */
export const namedMax = 5

/** With more owners than these, what is called so is read of all, and looked through for what may be used. */
const ownersAskedMax = 100

export interface Sought {
  readonly kind: NameableKind
  readonly action: Action
  readonly looked: Looked
}

type Tagged = Parameters<typeof listTagged>[1]

/**
 * What was looked for in one request: the same is not looked for again, however many names need it. Names are many, and so is what
 * is called alike; the request may be one of those that change something, for which all others wait.
 */
export class Looked {
  readonly #context: ReadContext
  readonly #action: Action
  readonly #rows = new Map<string, readonly TaggedObject[]>()
  readonly #owners = new Map<string, string>()
  readonly #asked = new Map<string, Set<string>>()
  readonly #under = new Map<readonly TaggedObject[], ReadonlyMap<string, readonly string[]>>()
  readonly #chains = new Map<string, readonly string[]>()
  readonly #names = new Map<string, string | undefined>()
  /** Those that the request has named so far and nobody has asked for: what they may take from can be named for them. */
  readonly #accounts: string[]
  #usable: UsablePools | undefined

  constructor(context: ReadContext, action: Action) {
    this.#context = context
    this.#action = action
    this.#accounts = [context.caller.account]
  }
  nameAccount(account: string): void {
    this.#accounts.push(account)
  }
  /** The pools that the accounts which the request has named may take from, of those for which the caller may do the action. */
  async usable(): Promise<UsablePools> {
    const isPermitted = await permitter(this.#context, this.#action)
    this.#usable ??= new UsablePools(await this.#context.snapshot(), this.#context.now)
    for (const account of this.#accounts.splice(0)) if (isPermitted(account)) this.#usable.add(account)
    return this.#usable
  }
  /** @param what by which it is told from what else is looked for */
  async rows(what: string, read: () => Promise<readonly TaggedObject[]>): Promise<readonly TaggedObject[]> {
    const found = this.#rows.get(what) ?? (await read())
    this.#note(what, found)
    return found
  }
  #note(what: string, found: readonly TaggedObject[]): void {
    this.#rows.set(what, found)
    for (const { id, account } of found) this.#owners.set(id, account)
  }
  /** Whose it is, of what was found. */
  ownerOf(id: string): string | undefined {
    return this.#owners.get(id)
  }
  /** Those of some owners, of whom there are more with each account that the request names. */
  async rowsOfOwners(named: Tagged, owners: ReadonlySet<string>): Promise<readonly TaggedObject[]> {
    const what = `${named.type} of owners ${named.value}`
    if (owners.size > ownersAskedMax) return this.rows(`all ${what}`, () => listAllTagged(this.#context, named))
    const asked = this.#asked.get(what) ?? new Set()
    this.#asked.set(what, asked)
    const more = [...owners].filter((owner) => !asked.has(owner)).sort()
    const found = this.#rows.get(what) ?? []
    if (more.length === 0) return found
    for (const owner of more) asked.add(owner)
    const all = [...found, ...(await listTagged(this.#context, named, more, () => true))]
    this.#note(what, all)
    return all
  }
  /** The ids of those that are right under something called so, whoever sees it; of all where that is not known beforehand. */
  async under(
    kind: NameableKind,
    above: string | undefined,
    rows: readonly TaggedObject[],
  ): Promise<readonly string[]> {
    if (above === undefined || kind === 'allocation') return rows.map(({ id }) => id)
    const known = this.#under.get(rows) ?? (await this.#groupByParent(kind, rows))
    this.#under.set(rows, known)
    return known.get(above) ?? []
  }
  /** Under the id of what each is right under, and under its name. */
  async #groupByParent(
    kind: NameableKind,
    rows: readonly TaggedObject[],
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const ids = rows.map(({ id }) => id)
    const chains = await this.chains(kind, ids)
    const parentOf = (id: string): string => chains.get(id)!.at(-2) ?? ''
    const names = await this.names(ids.map(parentOf))
    const groups = new Map<string, string[]>()
    for (const id of ids) {
      for (const part of new Set([parentOf(id), names.get(parentOf(id)) ?? ''])) {
        const group = groups.get(part)
        if (group) group.push(id)
        else groups.set(part, [id])
      }
    }
    return groups
  }
  /** What things are under, whoever sees it: the IPAM, the scope and the pools, and themselves. */
  async chains(kind: NameableKind, ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const asked = ids.filter((id) => !this.#chains.has(id))
    if (asked.length > 0) {
      const read = await this.#readChains(kind, asked)
      for (const id of asked) this.#chains.set(id, read.get(id) ?? [id])
    }
    return this.#chains
  }
  async #readChains(kind: NameableKind, ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const { tx } = this.#context
    if (kind === 'pool') return tx.pools.chainsOf(ids)
    if (kind === 'subnet' || kind === 'natGateway') {
      const inside = kind === 'subnet' ? await tx.vpcs.someSubnets(ids) : (await tx.natGateways.findMany(ids)).values()
      return new Map([...inside].map(({ id, vpcId }) => [id, [vpcId, id]]))
    }
    if (kind !== 'scope' && kind !== 'policy') return new Map()
    return new Map([...(await tx.ipams.parentsOf(kind, ids))].map(([id, parent]) => [id, [parent, id]]))
  }
  async names(ids: readonly string[]): Promise<{ get(id: string): string | undefined }> {
    const asked = [...new Set(ids)].filter((id) => !this.#names.has(id))
    if (asked.length > 0) {
      const read = await this.#context.tx.tags.names(asked)
      for (const id of asked) this.#names.set(id, read.get(id))
    }
    return this.#names
  }
}

/**
 * The id of the one thing that goes by a name, or by the last part of a path of names, among those that the caller may see, do the
 * action at or have space from: others neither answer to their name nor make it ambiguous (invariant I8). A name with a slash does
 * not go before a path: whoever may name something could otherwise have it taken for another one.
 */
export async function findThing(context: ReadContext, sought: Sought, name: string): Promise<string> {
  const { noun: type, plural } = kinds[sought.kind]
  const [one, ...others] = await listThings(context, sought, name)
  if (one === undefined) return refuse({ code: 'NotFound', what: type, id: name })
  if (others.length === 0) return one
  const paths = await pathsOf(context, sought, [one, ...others].slice(0, namedMax))
  return refuseSeveral(`${sought.kind}Id`, plural, name, [one, ...others], paths)
}

/** Of what several have as their name: each with what it is under, as far as the caller may see it. */
export function refuseSeveral(
  field: string,
  plural: string,
  name: string,
  found: readonly string[],
  paths: ReadonlyMap<string, readonly string[]>,
): never {
  const shown = found.slice(0, namedMax).map((id) => ({ id, path: paths.get(id) ?? [id] }))
  const problem = { why: 'several-things', plural, found: shown, isAll: found.length <= namedMax } as const
  return refuse({ code: 'InvalidParameterValue', field, value: name, problem })
}

/** All that go by a name, or by the last part of a path of names, in the order of their ids. */
export async function listThings(context: ReadContext, sought: Sought, name: string): Promise<readonly string[]> {
  const whole = await listCalled(context, sought, name)
  const parts = name.split('/')
  const placed =
    parts.length === 1
      ? []
      : await under(context, sought, parts.slice(0, -1), await listCalled(context, sought, parts.at(-1)!, parts.at(-2)))
  const found = [...new Set([...whole, ...placed])].sort()
  if (found.length < 2) return found
  const meant = sought.kind === 'pool' ? await withoutUnasked(context, sought, found) : found
  return meant.length > 1 ? nearest(context, sought, meant) : meant
}

/**
 * Of things where the caller has a right, those of the organization's IPAM administrator and of the caller's own account go before all
 * others: whoever names something below would otherwise make ambiguous what those above call theirs.
 */
async function nearest(
  context: ReadContext,
  { kind, action, looked }: Sought,
  found: readonly string[],
): Promise<readonly string[]> {
  const { delegatedAdministrator } = await context.snapshot()
  const [isRead, isPermitted] = [await permitter(context, kinds[kind].read), await permitter(context, action)]
  const hasRight = (id: string): boolean => {
    const owner = looked.ownerOf(id)
    return owner !== undefined && (isRead(owner) || isPermitted(owner))
  }
  // What others only share is told apart by who may use what, and not by this.
  if (!found.every(hasRight)) return found
  const near = found.filter((id) => [delegatedAdministrator, context.caller.account].includes(looked.ownerOf(id)))
  return near.length > 0 ? near : found
}

/**
 * Pools that others have shared unasked go after all others of a name: whoever shares one with an account would otherwise make ambiguous
 * what it calls its own, or those that it was given.
 */
async function withoutUnasked(
  context: ReadContext,
  { kind, action, looked }: Sought,
  found: readonly string[],
): Promise<readonly string[]> {
  const { pools } = await context.snapshot()
  const [isRead, isPermitted] = [await permitter(context, kinds[kind].read), await permitter(context, action)]
  const usable = await looked.usable()
  const meant = found.filter((id) => {
    const owner = pools.get(id)?.account
    return owner !== undefined && (isRead(owner) || isPermitted(owner) || usable.isMeant(id))
  })
  return meant.length > 0 ? meant : found
}

/**
 * Those that are called so, of whoever the caller may see or act for.
 * @param above what they are right under, by its name or id, where that is said: the others are passed over before anything is asked of them
 */
async function listCalled(
  context: ReadContext,
  sought: Sought,
  name: string,
  above?: string,
): Promise<readonly string[]> {
  if (name === '') return []
  const { kind, action, looked } = sought
  const { tagType: type, read } = kinds[kind]
  const named = { key: nameKey, value: name, type }
  const ids = new Set<string>()
  for (const each of new Set<Action>([read, action])) {
    const rows = await looked.rows(`${type} ${each} ${name}`, async () => {
      const isPermitted = await permitter(context, each)
      const visible = await visibleAccounts(context, each, 'now')
      return listTagged(context, named, visible, ({ account }) => isPermitted(account))
    })
    for (const id of await looked.under(kind, above, rows)) ids.add(id)
  }
  if (kind === 'pool') {
    const usable = await looked.usable()
    const rows = await looked.rowsOfOwners(named, usable.owners)
    for (const id of await looked.under(kind, above, rows)) if (usable.has(id)) ids.add(id)
  }
  return [...ids].sort()
}

/** Those of some things whose path of names ends with these, right above them. */
async function under(
  context: ReadContext,
  sought: Sought,
  above: readonly string[],
  ids: readonly string[],
): Promise<string[]> {
  const chains = await chainsOf(context, sought, ids)
  const names = await sought.looked.names([...chains.values()].flat())
  return ids.filter((id) => {
    const parents = chains.get(id)!.slice(0, -1)
    return (
      parents.length >= above.length &&
      above.every((part, index) => {
        const parent = parents.at(index - above.length)!
        return part === parent || part === names.get(parent)
      })
    )
  })
}

/** How things can be named with what they are under: by names, or by ids where there are none. */
export async function pathsOf(
  context: ReadContext,
  sought: Sought,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const chains = await chainsOf(context, sought, ids)
  const names = await sought.looked.names([...chains.values()].flat())
  const paths = new Map<string, string[]>()
  for (const [id, chain] of chains) {
    const first = chain.findLastIndex((one) => names.get(one) === undefined)
    paths.set(
      id,
      chain.slice(Math.max(first, 0)).map((one) => names.get(one) ?? one),
    )
  }
  return paths
}

/** The ids of what each is under, from the IPAM down to itself: of what the caller may see of it, right above. */
async function chainsOf(
  context: ReadContext,
  sought: Sought,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { kind, action, looked } = sought
  const { pools, ipams } = await context.snapshot()
  const [isRead, isPermitted] = [await permitter(context, 'ipam:read'), await permitter(context, action)]
  const isOpen = (owner: string | undefined): boolean => owner !== undefined && (isRead(owner) || isPermitted(owner))
  const chains = new Map<string, readonly string[]>()
  if (kind === 'allocation') {
    for (const id of ids) chains.set(id, [...(await poolsAbove(context, sought, id)), id])
    return chains
  }
  const all = await looked.chains(kind, ids)
  const usable = kind === 'pool' ? await looked.usable() : undefined
  // A VPC and what is in it are one account's.
  const isOwn = kind === 'subnet' || kind === 'natGateway'
  for (const id of ids) {
    const chain = all.get(id)!
    const isHidden = usable
      ? (one: string): boolean => one !== id && !usable.has(one)
      : (one: string): boolean => one !== id && !isOwn && !isOpen(ipams.get(one)?.account)
    const hidden = usable && isOpen(pools.get(id)?.account) ? -1 : chain.findLastIndex(isHidden)
    chains.set(id, chain.slice(hidden + 1))
  }
  return chains
}
/** The pools that an allocation lies in, as far as the caller may see them, or its account may take from them. */
async function poolsAbove(context: ReadContext, { action, looked }: Sought, id: string): Promise<readonly string[]> {
  const { tx } = context
  const n = parseId('allocation', tx.installation, id)
  const found = n === undefined ? undefined : await tx.allocations.find(n)
  if (!found) return []
  const pool = formatId('pool', tx.installation, found.pool)
  const snapshot = await context.snapshot()
  const owner = snapshot.pools.get(pool)?.account
  const isOpen = owner !== undefined && (await permitter(context, 'ipam:read'))(owner)
  const usable = await looked.usable()
  const isUser = (await permitter(context, action))(found.account)
  const may = (one: string): boolean =>
    usable.has(one) || (isUser && mayUsePool(snapshot, found.account, one, context.now))
  const chain = (await looked.chains('pool', [pool])).get(pool)!
  return isOpen ? chain : chain.slice(chain.findLastIndex((one) => !may(one)) + 1)
}
