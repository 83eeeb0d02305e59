// Who and what goes by a name: the number of the one account, and the id of the one IPAM, scope, pool, policy or allocation that is
// called so, as far as the caller may see them.
import { formatId, parseId } from '#model/identifier.ts'
import { type KindWith, kinds } from '#model/kinds.ts'
import { mayUsePool } from '#model/policy/resolve.ts'
import { refuse } from '#model/refusal.ts'
import type { Action } from '#model/roles.ts'
import { nameKey } from '#model/tags.ts'
import { permitter } from './identity/authority.ts'
import { visibleAccounts } from './identity/visible-accounts.ts'
import type { ReadContext } from './operation.ts'
import { accountsCalled } from './organization/called.ts'
import { listTagged } from './tagged.ts'

/** What goes by a name, beside accounts and nodes. */
export type NameableKind = KindWith<'plural'>

// Accounts -----------------------------------------------------------------------------------------------------------

/**
 * The number of the one account that is called so, among those that the caller may see or do the action at: others neither answer
 * to their name nor make it ambiguous (invariant I8).
 */
export async function findAccount(context: ReadContext, action: Action, name: string): Promise<string> {
  const [isRead, isPermitted] = [await permitter(context, 'organization:read'), await permitter(context, action)]
  const counts = (number: string): boolean => isRead(number) || isPermitted(number)
  const [read, permitted] = [
    await visibleAccounts(context, 'organization:read', 'now'),
    await visibleAccounts(context, action, 'now'),
  ]
  const among = read && permitted && [...read, ...permitted]
  const [one, other] = await accountsCalled(context.tx, name, counts, among)
  if (one === undefined) return refuse({ code: 'NotFound', what: 'account', id: name })
  if (other === undefined) return one
  const problem = `several accounts are called so, such as \`${one}\` and \`${other}\`: give the number`
  return refuse({ code: 'InvalidParameterValue', field: 'account', value: name, problem })
}

// Everything else ----------------------------------------------------------------------------------------------------

/** Of what several have as their name, so many are named in the refusal. */
const namedMax = 5

export interface Sought {
  readonly kind: NameableKind
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
  const { noun: type, plural } = kinds[sought.kind]
  const field = `${sought.kind}Id`
  const whole = await listCalled(context, sought, name)
  const parts = name.split('/')
  const placed =
    parts.length === 1
      ? []
      : await under(context, sought, parts.slice(0, -1), await listCalled(context, sought, parts.at(-1)!))
  const found = [...new Set([...whole, ...placed])].sort()
  const [one, ...others] = found
  if (one === undefined) return refuse({ code: 'NotFound', what: type, id: name })
  if (others.length === 0) return one
  const shown = found.slice(0, namedMax)
  const paths = await pathsOf(context, sought, shown)
  const listed = shown.map((id) => `\`${id}\`${paths.get(id)!.length > 1 ? ` (${paths.get(id)!.join('/')})` : ''}`)
  const more = found.length > shown.length ? ' and more' : ''
  const problem = `several ${plural} are called so: ${listed.join(', ')}${more}; give the id, or the name with what it is under`
  return refuse({ code: 'InvalidParameterValue', field, value: name, problem })
}

/** Those that are called so, of whoever the caller may see or act for. */
async function listCalled(context: ReadContext, { kind, action, usable }: Sought, name: string): Promise<string[]> {
  if (name === '') return []
  const { noun: type, read } = kinds[kind]
  const named = { key: nameKey, value: name, type }
  const ids = new Set<string>()
  for (const each of new Set<Action>([read, action])) {
    const isPermitted = await permitter(context, each)
    const visible = await visibleAccounts(context, each, 'now')
    for (const { id } of await listTagged(context, named, visible, ({ account }) => isPermitted(account))) ids.add(id)
  }
  if (kind === 'pool') {
    const { may, owners } = await usable()
    if (owners.length > 0)
      for (const { id } of await listTagged(context, named, owners, ({ id }) => may(id))) ids.add(id)
  }
  return [...ids].sort()
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
  const names = await context.tx.tags.names([...chains.values()].flat())
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
  const names = await context.tx.tags.names([...chains.values()].flat())
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

/** The ids of what each is under, from the IPAM down to itself: of what the caller may see of it, right above. */
async function chainsOf(
  context: ReadContext,
  sought: Sought,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { kind, action } = sought
  const { tx } = context
  const { pools, ipams } = await context.snapshot()
  const [isRead, isPermitted] = [await permitter(context, 'ipam:read'), await permitter(context, action)]
  const may = kind === 'pool' ? (await sought.usable()).may : () => false
  const chains = new Map<string, readonly string[]>()
  for (const id of ids) {
    if (kind === 'pool') {
      const owner = pools.get(id)?.account
      const isOpen = owner !== undefined && (isRead(owner) || isPermitted(owner))
      const chain = await tx.pools.chainOf(id)
      const hidden = isOpen ? -1 : chain.findLastIndex((one) => one !== id && !may(one))
      chains.set(id, chain.slice(hidden + 1))
    } else if (kind === 'allocation') {
      chains.set(id, [...(await poolsAbove(context, sought, id)), id])
    } else {
      const parent = kind === 'ipam' ? undefined : await ipamOf(context, kind, id)
      const owner = parent === undefined ? undefined : ipams.get(parent)?.account
      chains.set(id, [...(owner !== undefined && (isRead(owner) || isPermitted(owner)) ? [parent!] : []), id])
    }
  }
  return chains
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
