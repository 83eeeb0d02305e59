// Who and what goes by a name: the number of the one account, and the id of the one unit, IPAM, scope, pool, policy, allocation or network
// that is called so, as far as the caller may see them.
import { formatId, kindOf, parseId } from '#model/identifier.ts'
import { type KindWith, kinds } from '#model/kinds.ts'
import { isTargetId } from '#model/organization.ts'
import { mayUsePool } from '#model/policy/resolve.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { type Noun, refuse } from '#model/refusal.ts'
import type { Action } from '#model/roles.ts'
import { nameKey } from '#model/tags.ts'
import { alikePerStep } from './alike.ts'
import { permitter } from './identity/authority.ts'
import { visibleAccounts } from './identity/visible-accounts.ts'
import type { ReadContext } from './operation.ts'
import { accountsCalled, unitsCalled } from './organization/called.ts'
import { listTagged } from './tagged.ts'

/** What goes by a name, beside nodes of the organization. */
export type NameableKind = KindWith<'plural'>
/** What a text in a request may name, by its id or its name: names are replaced by numbers and ids before all else. */
export interface Named {
  readonly accounts?: true
  /** Organizational units, and the root. */
  readonly units?: true
  readonly kinds?: readonly NameableKind[]
  /**
   * It may also be what no name is looked for: the id of whatever is on record, or what uses space, by its name elsewhere. A text that
   * nothing is called stays as it is.
   */
  readonly orElse?: 'object' | 'resource'
}

// Accounts -----------------------------------------------------------------------------------------------------------

/**
 * The number of the one account that is called so, among those that the caller may see or do the action at: others neither answer
 * to their name nor make it ambiguous (invariant I8).
 */
export async function findAccount(context: ReadContext, action: Action, name: string): Promise<string> {
  const [one, other] = await listAccountsCalled(context, action, name)
  if (one === undefined) return refuse({ code: 'NotFound', what: 'account', id: name })
  if (other === undefined) return one
  const problem = `several accounts are called so, such as \`${one}\` and \`${other}\`: give the number`
  return refuse({ code: 'InvalidParameterValue', field: 'account', value: name, problem })
}

/** Two where there are more. */
async function listAccountsCalled(context: ReadContext, action: Action, name: string): Promise<readonly string[]> {
  const counts = await nodeCounter(context, action)
  const [read, permitted] = [
    await visibleAccounts(context, 'organization:read', 'now'),
    await visibleAccounts(context, action, 'now'),
  ]
  return accountsCalled(context.tx, name, counts, read && permitted && [...read, ...permitted])
}
/** Which nodes of the organization answer to their name. */
async function nodeCounter(context: ReadContext, action: Action): Promise<(node: string) => boolean> {
  const [isRead, isPermitted] = [await permitter(context, 'organization:read'), await permitter(context, action)]
  return (node) => isRead(node) || isPermitted(node)
}

// Everything else ----------------------------------------------------------------------------------------------------

/** Of what several have as their name, so many are named in the refusal. */
const namedMax = 5

export interface Sought {
  readonly named: Named
  readonly action: Action
  /** Those that the request names: what they may take from can be named for them. */
  readonly accounts: ReadonlySet<string>
  readonly usable: () => Promise<Usable>
}
export interface Usable {
  /** Whether one of the accounts may take from a pool. */
  readonly may: (id: string) => boolean
  /** Whose those pools are. */
  readonly owners: readonly string[]
}

/**
 * The id of the one thing that goes by a name, or by the last part of a path of names, among those that the caller may see, do the
 * action at or have space from: others neither answer to their name nor make it ambiguous (invariant I8). A name with a slash does
 * not go before a path: whoever may name something could otherwise have it taken for another one.
 */
export async function findThing(context: ReadContext, sought: Sought, name: string): Promise<string> {
  const { orElse } = sought.named
  if (orElse && (await isKnown(context, sought, orElse, name))) return name
  const found = new Set(await listCalled(context, sought, name))
  const parts = name.split('/')
  if (parts.length > 1) {
    const last = await listCalled(context, sought, parts.at(-1)!)
    for (const id of await under(context, sought, parts.slice(0, -1), last)) found.add(id)
  }
  const [one, ...others] = [...found].sort()
  if (one === undefined) return orElse ? name : refuse({ code: 'NotFound', what: nounOf(sought.named), id: name })
  if (others.length === 0) return one
  const shown = [one, ...others].slice(0, namedMax)
  const paths = await pathsOf(context, sought, shown)
  const listed = shown.map((id) => `\`${id}\`${paths.get(id)!.length > 1 ? ` (${paths.get(id)!.join('/')})` : ''}`)
  const more = found.size > shown.length ? ' and more' : ''
  const { plural, field } = wordsOf(sought.named)
  const problem = `several ${plural} are called so: ${listed.join(', ')}${more}; give the id, or the name with what it is under`
  return refuse({ code: 'InvalidParameterValue', field, value: name, problem })
}
/** What is sought, where it is of one kind alone. */
const onlyKind = ({ accounts, units, kinds: sought = [] }: Named): NameableKind | undefined =>
  accounts || units || sought.length > 1 ? undefined : sought[0]
function nounOf(named: Named): Noun {
  const kind = onlyKind(named)
  if (kind) return kinds[kind].noun
  if (named.kinds) return 'resource'
  return named.accounts ? 'organization-target' : 'organizational-unit'
}
function wordsOf(named: Named): { readonly plural: string; readonly field: string } {
  const kind = onlyKind(named)
  if (kind) return { plural: kinds[kind].plural, field: `${kind}Id` }
  if (named.kinds) return { plural: 'things', field: named.orElse === 'object' ? 'objectId' : 'resourceId' }
  return named.accounts ? { plural: 'nodes', field: 'node' } : { plural: 'organizational units', field: 'unitId' }
}

/** Whether a text is the id of something on record, or of what uses space elsewhere: it goes before what is called so. */
async function isKnown(
  context: ReadContext,
  { action }: Sought,
  orElse: NonNullable<Named['orElse']>,
  text: string,
): Promise<boolean> {
  const { history, tenures } = context.tx
  if (orElse === 'object') return (await history.latest(text)) !== undefined
  const isPermitted = await permitter(context, action)
  const accounts = await visibleAccounts(context, action, 'ever')
  const rows = await tenures.ofResource(text, undefined, alikePerStep, accounts)
  return rows.some(({ account }) => isPermitted(account))
}

/** Those that are called so, of whoever the caller may see or act for. */
async function listCalled(context: ReadContext, sought: Sought, name: string): Promise<string[]> {
  if (name === '') return []
  const { named, action } = sought
  const ids = new Set<string>()
  if (named.accounts) for (const id of await listAccountsCalled(context, action, name)) ids.add(id)
  if (named.units) for (const id of await unitsCalled(context.tx, name, await nodeCounter(context, action))) ids.add(id)
  for (const kind of named.kinds ?? []) for (const id of await listOfKind(context, sought, kind, name)) ids.add(id)
  return [...ids].sort()
}
async function listOfKind(
  context: ReadContext,
  { action, usable }: Sought,
  kind: NameableKind,
  name: string,
): Promise<readonly string[]> {
  const { tagType: type, read } = kinds[kind]
  const named = { key: nameKey, value: name, type }
  const ids: string[] = []
  for (const each of new Set<Action>([read, action])) {
    const isPermitted = await permitter(context, each)
    const visible = await visibleAccounts(context, each, 'now')
    for (const { id } of await listTagged(context, named, visible, ({ account }) => isPermitted(account))) ids.push(id)
  }
  if (kind === 'pool') {
    const { may, owners } = await usable()
    if (owners.length > 0)
      for (const { id } of await listTagged(context, named, owners, ({ id }) => may(id))) ids.push(id)
  }
  return ids
}

/**
 * Which pools of others the accounts of a request may take from, of those for which the caller may do the action: found once for as
 * many as it has named so far, however many names it has.
 */
export function usableOf(
  context: ReadContext,
  action: Action,
  accounts: ReadonlySet<string>,
  known: Map<string, Promise<Usable>>,
): Promise<Usable> {
  const key = String(accounts.size)
  const found = known.get(key) ?? findUsable(context, action, [...accounts])
  known.set(key, found)
  return found
}
async function findUsable(context: ReadContext, action: Action, accounts: readonly string[]): Promise<Usable> {
  const isPermitted = await permitter(context, action)
  const users = accounts.filter((account) => isPermitted(account))
  if (users.length === 0) return { may: () => false, owners: [] }
  const snapshot = await context.snapshot()
  const may = (id: string): boolean => users.some((account) => mayUsePool(snapshot, account, id, context.now))
  const owners = new Set<string>()
  for (const { id, account } of snapshot.pools.values()) if (!owners.has(account) && may(id)) owners.add(account)
  return { may, owners: [...owners].sort() }
}

/** Those of some things whose path of names ends with these, right above them. */
async function under(
  context: ReadContext,
  sought: Sought,
  above: readonly string[],
  ids: readonly string[],
): Promise<string[]> {
  const chains = await chainsOf(context, sought, ids)
  const names = await namesIn(context, chains)
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
async function pathsOf(
  context: ReadContext,
  sought: Sought,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const chains = await chainsOf(context, sought, ids)
  const names = await namesIn(context, chains)
  const paths = new Map<string, string[]>()
  for (const [id, chain] of chains) {
    const first = chain.findLastIndex((one) => !names.has(one))
    paths.set(
      id,
      chain.slice(Math.max(first, 0)).map((one) => names.get(one) ?? one),
    )
  }
  return paths
}

/** What all of them are called: nodes by the tree, all else by tags. */
async function namesIn(
  { tx }: ReadContext,
  chains: ReadonlyMap<string, readonly string[]>,
): Promise<ReadonlyMap<string, string>> {
  const [nodes, things] = [[...chains.values()].flat().filter(isTargetId), [...chains.values()].flat()]
  return new Map([...(await tx.tags.names(things)), ...(await tx.organizations.namesOf([...new Set(nodes)]))])
}

/** The ids of what each is under, from the top down to itself: of what the caller may see of it, right above. */
async function chainsOf(
  context: ReadContext,
  sought: Sought,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const chains = new Map<string, readonly string[]>()
  for (const id of ids) chains.set(id, [...(await aboveOf(context, sought, id)), id])
  return chains
}
/** What a thing is under, as far as the caller may see it. */
async function aboveOf(context: ReadContext, sought: Sought, id: string): Promise<readonly string[]> {
  const { tx } = context
  const snapshot = await context.snapshot()
  if (isTargetId(id)) {
    const counts = await nodeCounter(context, sought.action)
    const above = pathOf(snapshot, id).slice(0, -1)
    return above.slice(above.findLastIndex((node) => !counts(node)) + 1)
  }
  const [isRead, isPermitted] = [await permitter(context, 'ipam:read'), await permitter(context, sought.action)]
  const isOpen = (owner: string | undefined): boolean => owner !== undefined && (isRead(owner) || isPermitted(owner))
  const kind = kindOf(id)
  if (kind === 'pool') {
    const above = (await tx.pools.chainOf(id)).slice(0, -1)
    if (isOpen(snapshot.pools.get(id)?.account)) return above
    const { may } = sought.named.kinds?.includes('pool') ? await sought.usable() : { may: () => false }
    return above.slice(above.findLastIndex((one) => !may(one)) + 1)
  }
  if (kind === 'allocation') return poolsAbove(context, sought, id)
  if (kind === 'subnet' || kind === 'natGateway') {
    // A network and what is in it are one account's.
    const vpc = (kind === 'subnet' ? await tx.vpcs.findSubnet(id) : await tx.natGateways.find(id))?.vpcId
    return vpc === undefined ? [] : [vpc]
  }
  const parent = kind === 'scope' || kind === 'policy' ? await ipamOf(context, kind, id) : undefined
  return parent !== undefined && isOpen(snapshot.ipams.get(parent)?.account) ? [parent] : []
}
/** The pools that an allocation lies in, as far as the caller may see them, or its account may take from them. */
async function poolsAbove(context: ReadContext, { action, accounts }: Sought, id: string): Promise<readonly string[]> {
  const { tx } = context
  const n = parseId('allocation', tx.installation, id)
  const found = n === undefined ? undefined : await tx.allocations.find(n)
  if (!found) return []
  const pool = formatId('pool', tx.installation, found.pool)
  const owner = (await context.snapshot()).pools.get(pool)?.account
  const isOpen = owner !== undefined && (await permitter(context, 'ipam:read'))(owner)
  const { may } = await findUsable(context, action, [...accounts, found.account])
  const chain = await tx.pools.chainOf(pool)
  return isOpen ? chain : chain.slice(chain.findLastIndex((one) => !may(one)) + 1)
}
const ipamOf = async ({ tx }: ReadContext, kind: 'scope' | 'policy', id: string): Promise<string | undefined> =>
  (kind === 'scope' ? await tx.ipams.findScope(id) : await tx.policies.find(id))?.ipamId
