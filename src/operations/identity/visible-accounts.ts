// Whose rows a list has to read: where the caller may see only some accounts, theirs alone, so that what others have costs it nothing.
import { isAccountId } from '#model/organization.ts'
import type { Snapshot } from '#model/policy/snapshot.ts'
import { type NativePrincipal, partiesOf } from '#model/principal.ts'
import { type Action, everywhere } from '#model/roles.ts'
import type { ReadContext } from '../operation.ts'
import { permitterThen } from '../record/object-places.ts'
import { gives, permitter, provenAt } from './authority.ts'

/** Who may see more accounts than these reads the rows of all, and passes over what is hidden. */
export const visibleAccountsMax = 100
/** Units of the caller's of which it is known who was ever in them. */
const formerUnitsMax = 1_000
/** What was ever in them: of more, the rows of all accounts are read. */
const formerMax = 1_000

/** At which moments the caller may have been permitted to see an account's rows. */
type When = 'now' | 'ever'

/**
 * All accounts of which the caller may see rows: by what is permitted now, or (`ever`) also of the time when an account was in a
 * unit of the caller's. Undefined where these are too many to be read one by one. Whether a row may be seen is still asked of each.
 */
export async function visibleAccounts(
  context: ReadContext,
  action: Action,
  when: When,
): Promise<readonly string[] | undefined> {
  const snapshot = await context.snapshot()
  const { native } = context.caller
  if (!native) return []
  const question = `${action} ${when} ${provenAt(native, context.now)}`
  const ofSnapshot = known.get(snapshot) ?? new WeakMap<NativePrincipal, Map<string, Found>>()
  const ofCaller = ofSnapshot.get(native) ?? new Map<string, Found>()
  const answered = ofCaller.get(question)
  if (answered) return answered.accounts
  const accounts = await findVisible(context, snapshot, action, when)
  known.set(snapshot, ofSnapshot.set(native, ofCaller.set(question, { accounts })))
  return accounts
}

/** Holders whose allocations are read one by one; of more, those of everybody are read in order instead. */
export const holdersMax = 4_096

/**
 * The numbers by which these accounts hold what they have, of a type or locale where one is given. Undefined where the accounts are
 * (everybody), or the holders too many: what is hidden is passed over then.
 */
export async function holdersOf(
  { tx }: ReadContext,
  accounts: readonly string[] | undefined,
  { resourceType, locale }: { readonly resourceType?: string | undefined; readonly locale?: string | undefined } = {},
): Promise<readonly number[] | undefined> {
  if (!accounts) return undefined
  const found = await tx.allocationLists.holders({ accounts, resourceType, region: locale })
  return found.length > holdersMax ? undefined : found.map(({ n }) => n)
}

interface Found {
  readonly accounts: readonly string[] | undefined
}
/** What was answered before: a snapshot knows every move that came before it, and no row comes to an account by another way. */
const known = new WeakMap<Snapshot, WeakMap<NativePrincipal, Map<string, Found>>>()

async function findVisible(
  context: ReadContext,
  snapshot: Snapshot,
  action: Action,
  when: When,
): Promise<readonly string[] | undefined> {
  const isPermitted = await permitter(context, action)
  if (isPermitted(everywhere)) return undefined
  const { name, groups } = partiesOf(context.caller.native!, context.now)[0]!
  // Makers of a token can only take away: what the holder's own roles do not reach, nobody's do.
  const bound = snapshot.bindings.ofAll([name, ...groups]).filter((one) => gives(one, action))
  const accounts = new Set<string>()
  const units: string[] = []
  const seen = new Set<string>()
  const waiting = bound.map(({ node }) => node)
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    if (isAccountId(node)) {
      if (isPermitted(node)) accounts.add(node)
      if (accounts.size > visibleAccountsMax) return undefined
      continue
    }
    if (snapshot.nodes.has(node) && isPermitted(node)) units.push(node)
    waiting.push(...(childrenOf(snapshot).get(node) ?? []))
  }
  if (when === 'ever' && units.length > 0) {
    const former = await everBelow(context, units)
    if (!former) return undefined
    const wasPermitted = await permitterThen(context, action)
    for (const account of former) {
      if (!isAccountId(account)) continue
      if (accounts.has(account) || !(await wasPermitted(account, 0, Number.POSITIVE_INFINITY))) continue
      accounts.add(account)
      if (accounts.size > visibleAccountsMax) return undefined
    }
  }
  return [...accounts].sort()
}

/** Accounts and units that were ever in these units, or in what was ever below them; undefined where they are too many. */
export async function everBelow(
  { tx }: ReadContext,
  units: readonly string[],
): Promise<ReadonlySet<string> | undefined> {
  const accounts = new Set<string>()
  const seen = new Set(units)
  for (let level = units; level.length > 0; ) {
    if (seen.size > formerUnitsMax) return undefined
    const found = await tx.history.everIn(level, formerMax + 1)
    if (found.length > formerMax) return undefined
    const below = found.filter(({ id }) => !isAccountId(id) && !seen.has(id)).map(({ id }) => id)
    for (const { id } of found) if (isAccountId(id)) accounts.add(id)
    for (const id of below) seen.add(id)
    level = below
  }
  return accounts.size > formerMax ? undefined : new Set([...accounts, ...seen])
}

/** What is directly below each unit: made once for a snapshot. */
export function childrenOf(snapshot: Snapshot): ReadonlyMap<string, readonly string[]> {
  const made = children.get(snapshot)
  if (made) return made
  const found = new Map<string, string[]>()
  for (const { id, parentId } of snapshot.nodes.values()) {
    if (parentId === undefined) continue
    const beside = found.get(parentId)
    if (beside) beside.push(id)
    else found.set(parentId, [id])
  }
  children.set(snapshot, found)
  return found
}
const children = new WeakMap<Snapshot, ReadonlyMap<string, readonly string[]>>()
