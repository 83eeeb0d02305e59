// What a text in a request may name, of several kinds at once: accounts and inner nodes of the organization, whatever has a tag `Name`, and
// what goes by an id that no name is looked for.
import { kinds } from '#model/kinds.ts'
import { type Noun, refuse } from '#model/refusal.ts'
import type { Action } from '#model/roles.ts'
import type { Tenure } from '#store/tables/timeline.ts'
import { alikePerStep } from './alike.ts'
import { permitter } from './identity/authority.ts'
import { visibleAccounts } from './identity/visible-accounts.ts'
import {
  findAccount,
  findThing,
  type Looked,
  listAccounts,
  listThings,
  listUnits,
  type NameableKind,
  namedMax,
  pathsOf,
  refuseSeveral,
} from './names.ts'
import type { ReadContext } from './operation.ts'
import { permitterThen, placeOfObject } from './record/object-places.ts'

/** What may be named, by its id or its name: names are replaced by numbers and ids before all else. */
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
  /** Nothing goes by a name for it; in a list of changes, a label stands for that of what an operation before makes. */
  readonly isNumber?: true
}
export const isOfAccount = ({ accounts, units, kinds }: Named): boolean => accounts === true && !units && !kinds

interface Sought {
  readonly named: Named
  readonly action: Action
  readonly looked: Looked
}

/**
 * The id of the one thing that goes by a name, among those that the caller may see or do the action at: others neither answer to their
 * name nor make it ambiguous (invariant I8). No kind goes before another.
 */
export async function findNamed(
  context: ReadContext,
  { named, action, looked }: Sought,
  name: string,
): Promise<string> {
  if (isOfAccount(named)) return findAccount(context, action, name)
  const { accounts, units, orElse } = named
  const sought = named.kinds ?? []
  const [only] = sought
  if (!accounts && !units && !orElse && only && sought.length === 1)
    return findThing(context, { kind: only, action, looked }, name)
  if (orElse && (await isKnown(context, action, orElse, name))) return name

  const found = new Set<string>()
  const paths = new Map<string, readonly string[]>()
  if (accounts) for (const number of await listAccounts(context, action, name)) found.add(number)
  if (units) {
    for (const [id, path] of await listUnits(context, action, name)) {
      found.add(id)
      paths.set(id, path)
    }
  }
  const things = new Map<NameableKind, readonly string[]>()
  for (const kind of sought) {
    const ids = await listThings(context, { kind, action, looked }, name)
    things.set(kind, ids)
    for (const id of ids) found.add(id)
  }
  const [one, ...others] = [...found].sort()
  if (one === undefined) return orElse ? name : refuse({ code: 'NotFound', what: nounOf(named), id: name })
  if (others.length === 0) return one
  for (const [kind, ids] of things) {
    const shown = ids.slice(0, namedMax)
    for (const [id, path] of await pathsOf(context, { kind, action, looked }, shown)) paths.set(id, path)
  }
  const { plural, field } = wordsOf(named)
  return refuseSeveral(field, plural, name, [one, ...others], paths)
}

function nounOf({ accounts, kinds: sought }: Named): Noun {
  if (sought) return sought.length === 1 ? kinds[sought[0]!].noun : 'resource'
  return accounts ? 'organization-target' : 'organizational-unit'
}
function wordsOf({ accounts, kinds: sought, orElse }: Named): { readonly plural: string; readonly field: string } {
  if (sought) return { plural: 'things', field: orElse === 'object' ? 'objectId' : 'resourceId' }
  return accounts ? { plural: 'nodes', field: 'node' } : { plural: 'organizational units', field: 'unitId' }
}

/** Whether a text is the id of something on record that the caller may see, or of what uses space elsewhere: it goes before names. */
async function isKnown(
  context: ReadContext,
  action: Action,
  orElse: NonNullable<Named['orElse']>,
  text: string,
): Promise<boolean> {
  const { history, tenures } = context.tx
  if (orElse === 'object') {
    const version = await history.latest(text)
    if (!version) return false
    // What is hidden is no more known than what is not there.
    const isPermitted = await permitterThen(context, action)
    return isPermitted(await placeOfObject(context, text, version), 0, Number.POSITIVE_INFINITY)
  }
  const isPermitted = await permitter(context, action)
  const accounts = await visibleAccounts(context, action, 'ever')
  let after: Tenure | undefined
  // What is hidden behind many more tenures that others had of the same is looked for no further: it counts as a name then.
  for (const size of [knownFirst, alikePerStep]) {
    const rows = await tenures.ofResource(text, after, size, accounts)
    if (rows.some(({ account }) => isPermitted(account))) return true
    if (rows.length < size) return false
    after = rows.at(-1)
  }
  return false
}
/** Mostly the newest tenure tells already, however many there are. */
const knownFirst = 2
