// Things by name. Whatever names an account in a request of the native API is its number, its id in its cloud, or a name that no other
// has; whatever names a unit, an IPAM, a scope, a pool, a policy, an allocation or a network is its id, or such a name.
import { z } from 'zod'
import { assert } from '#model/assert.ts'
import { formatId, kindOf, parseId } from '#model/identifier.ts'
import { kinds } from '#model/kinds.ts'
import { isIdLike } from '#model/name.ts'
import { isAccountId, isTargetId } from '#model/organization.ts'
import { mayUsePool } from '#model/policy/resolve.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { type Noun, numbered, refuse } from '#model/refusal.ts'
import { type Action, everywhere } from '#model/roles.ts'
import { nameKey } from '#model/tags.ts'
import { alikePerStep } from './alike.ts'
import { permitter } from './identity/authority.ts'
import { visibleAccounts } from './identity/visible-accounts.ts'
import type { ReadContext } from './operation.ts'
import { accountsCalled, unitsCalled } from './organization/called.ts'
import { type NameableKind, type Named, nameMarks } from './shapes.native.ts'
import { listTagged } from './tagged.ts'

/** Names that are looked for in one request; numbers and ids cost nothing. */
const namesMax = 1_000

/** Gives a request the numbers and ids of what it names. */
export type Naming = <Input>(context: ReadContext, action: Action, input: Input) => Promise<Input>

type Resolve = (mark: Named, name: string) => Promise<string>

/** What replaces names in the requests of an operation; undefined where they can name nothing. */
export function namingOf(input: z.ZodType): Naming | undefined {
  const walk = walkOf(input)
  return (
    walk &&
    (async (context, action, given) => {
      const found = new Map<string, string>()
      const accounts = new Set([context.caller.account])
      const usable = new Map<string, Promise<Usable>>()
      const resolve: Resolve = async (mark, name) => {
        if (isPlain(mark, name)) {
          if (isAccountId(name)) accounts.add(name)
          return name
        }
        const key = JSON.stringify([mark, name])
        const known = found.get(key)
        if (known !== undefined) return known
        if (found.size >= namesMax) {
          refuse({
            code: 'LimitExceeded',
            what: isOfAccount(mark) ? 'names of accounts' : 'names',
            limit: namesMax,
            used: found.size + 1,
            isOfRequest: true,
          })
        }
        const usableNow = () => usableOf(context, action, accounts, usable)
        const id = isOfAccount(mark)
          ? await findAccount(context, action, name)
          : await findThing(context, { named: mark, action, accounts, usable: usableNow }, name)
        found.set(key, id)
        if (mark.accounts && isAccountId(id)) accounts.add(id)
        return id
      }
      return (await walk(given, resolve)) as typeof given
    })
  )
}

const isOfAccount = ({ accounts, units, kinds }: Named): boolean => accounts === true && !units && !kinds
/** Whether a text stands for something without a look. */
function isPlain({ accounts, units, kinds }: Named, text: string): boolean {
  if (kinds) return isIdLike(text)
  return (accounts && isAccountId(text)) || (units === true && (isTargetId(text) || text === everywhere))
}

// Accounts -----------------------------------------------------------------------------------------------------------

/**
 * The number of the one account that is called so, among those that the caller may see or do the action at: others neither answer
 * to their name nor make it ambiguous (invariant I8).
 */
async function findAccount(context: ReadContext, action: Action, name: string): Promise<string> {
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

interface Sought {
  readonly named: Named
  readonly action: Action
  /** Those that the request names: what they may take from can be named for them. */
  readonly accounts: ReadonlySet<string>
  readonly usable: () => Promise<Usable>
}
interface Usable {
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
async function findThing(context: ReadContext, sought: Sought, name: string): Promise<string> {
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
function usableOf(
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

// Requests -----------------------------------------------------------------------------------------------------------

type Walk = (value: unknown, resolve: Resolve) => Promise<unknown>

/** The way to the marked texts in values of a shape; undefined where there are none. */
function walkOf(schema: z.core.$ZodType): Walk | undefined {
  const mark = nameMarks.get(schema)
  if (mark) return async (value, resolve) => (typeof value === 'string' ? resolve(mark, value) : value)
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
      return walkOf(def.innerType)
    case 'array':
      return walkOfArray(walkOf(def.element), isRequest(def.element))
    case 'object':
      return walkOfObject(def.shape)
    default:
      assert(!holdsMark(schema), `what is named inside a shape of the type \`${def.type}\` would pass as it is`)
      return undefined
  }
}

/** Whether a marked shape is anywhere in a shape, whatever its kind. */
function holdsMark(schema: z.core.$ZodType, seen = new Set<unknown>()): boolean {
  if (nameMarks.get(schema)) return true
  if (seen.has(schema)) return false
  seen.add(schema)
  const { def } = (schema as z.core.$ZodTypes)._zod
  const parts = def.type === 'lazy' ? [def.getter()] : Object.values(def)
  return parts.some((part) => holdsMarkedPart(part, seen))
}
function holdsMarkedPart(part: unknown, seen: Set<unknown>): boolean {
  if (typeof part !== 'object' || part === null) return false
  if (part instanceof z.core.$ZodType) return holdsMark(part, seen)
  const isPlain = Array.isArray(part) || Object.getPrototypeOf(part) === Object.prototype
  return isPlain && Object.values(part).some((inner) => holdsMarkedPart(inner, seen))
}

/** Of several at once, each names its own account, and a refusal says which one it was. */
const isRequest = (schema: z.core.$ZodType): boolean => {
  const { def } = (schema as z.core.$ZodTypes)._zod
  return def.type === 'object' && Object.values(def.shape).some((member) => nameMarks.get(member)?.accounts)
}

function walkOfArray(walk: Walk | undefined, isNumbered: boolean): Walk | undefined {
  return (
    walk &&
    (async (value, resolve) => {
      if (!Array.isArray(value)) return value
      const walked: unknown[] = []
      for (const [index, one] of value.entries()) {
        const walkOne = () => walk(one, resolve)
        walked.push(await (isNumbered ? numbered(index, walkOne) : walkOne()))
      }
      return walked
    })
  )
}

function walkOfObject(shape: z.core.$ZodShape): Walk | undefined {
  const walks = Object.entries(shape).flatMap(([name, schema]) => {
    const walk = walkOf(schema)
    return walk ? [[name, walk] as const] : []
  })
  if (walks.length === 0) return undefined
  // Accounts first: what they may take from can be named for them.
  const isAccount = (name: string): boolean => nameMarks.get(innermost(shape[name]!))?.accounts === true
  walks.sort(([a], [b]) => Number(isAccount(b)) - Number(isAccount(a)))
  return async (value, resolve) => {
    if (typeof value !== 'object' || value === null) return value
    const walked: Record<string, unknown> = { ...value }
    for (const [name, walk] of walks) {
      if (walked[name] !== undefined) walked[name] = await walk(walked[name], resolve)
    }
    return walked
  }
}

/** Whether a parameter is an id or name of things that are here alone, or a list of them: their ids can be written short. */
export function namesThing(schema: z.core.$ZodType): boolean {
  const inner = innermost(schema)
  const { def } = (inner as z.core.$ZodTypes)._zod
  const named = nameMarks.get(inner)
  return (
    (named?.kinds !== undefined && named.orElse !== 'resource') || (def.type === 'array' && namesThing(def.element))
  )
}

/** A shape without that it may be left out. */
const innermost = (schema: z.core.$ZodType): z.core.$ZodType => {
  const { def } = (schema as z.core.$ZodTypes)._zod
  return def.type === 'optional' || def.type === 'nullable' || def.type === 'default'
    ? innermost(def.innerType)
    : schema
}
