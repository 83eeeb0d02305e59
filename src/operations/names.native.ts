// Things by name. Whatever names an account in a request of the native API is its number, its id in its cloud, or a name that no other
// has; whatever names a unit, an IPAM, a scope, a pool, a policy, an allocation or a network is its id, or such a name.
import { z } from 'zod'
import { assert } from '#model/assert.ts'
import { isIdLike } from '#model/name.ts'
import { isAccountId, isTargetId } from '#model/organization.ts'
import { numbered, refuse } from '#model/refusal.ts'
import { type Action, everywhere } from '#model/roles.ts'
import { findNamed, isOfAccount, type Named } from './named.ts'
import { Looked } from './names.ts'
import type { ReadContext } from './operation.ts'
import { nameMarks } from './shapes.native.ts'

/** Names that are looked for in one request; numbers and ids cost nothing. */
const namesMax = 1_000

/** Gives a request the numbers and ids of what it names. */
export type Naming = <Input>(context: ReadContext, action: Action, input: Input, met?: NamesMet) => Promise<Input>
/** What the names of a request stand for, each once, in the order in which they are met. */
export interface NamesMet {
  /** As they were found before: nothing is looked for again. */
  readonly known?: readonly string[] | undefined
  readonly found: string[]
}

type Resolve = (mark: Named, name: string) => Promise<string>

/** What replaces names in the requests of an operation; undefined where they can name nothing. */
export function namingOf(input: z.ZodType): Naming | undefined {
  const walk = walkOf(input)
  return (
    walk &&
    (async (context, action, given, met) => {
      const looked = new Looked(context, action)
      const nameAccount = (id: string): void => {
        if (isAccountId(id)) looked.nameAccount(id)
      }
      const find = async ({ mark, name, place }: MetName): Promise<string> => {
        if (place >= namesMax) {
          const of = isOfAccount(mark) ? 'account-names' : 'names'
          refuse({ code: 'LimitExceeded', what: { of }, limit: namesMax, used: place + 1, isOfRequest: true })
        }
        const id = met?.known?.[place] ?? (await findNamed(context, { named: mark, action, looked }, name))
        met?.found.push(id)
        if (mark.accounts) nameAccount(id)
        return id
      }
      return (await replaceEach(walk, given, find, { onPlain: nameAccount })) as typeof given
    })
  )
}

/** A name that has to be looked for, and its place among those of its request. */
interface MetName {
  readonly mark: Named
  readonly name: string
  readonly place: number
}
interface Passed {
  /** Texts that are something else than a name. */
  readonly isElse?: (text: string) => boolean
  /** What stands for itself. */
  readonly onPlain?: (text: string) => void
}
/**
 * Replaces the names in a request by what they stand for. Each is met once, in the order of the walk, and what a list of operations was
 * bound to is kept in that order: whatever looks at names does so here.
 */
async function replaceEach(
  walk: Walk | undefined,
  given: unknown,
  replace: (met: MetName) => string | Promise<string>,
  { isElse, onPlain }: Passed,
): Promise<unknown> {
  const found = new Map<string, string>()
  const resolve: Resolve = async (mark, name) => {
    if (isPlain(mark, name)) {
      onPlain?.(name)
      return name
    }
    if (isElse?.(name)) return name
    const key = JSON.stringify([mark, name])
    const stands = found.get(key) ?? (await replace({ mark, name, place: found.size }))
    found.set(key, stands)
    return stands
  }
  return walk ? walk(given, resolve) : given
}

/** What puts something else in place of some names in the input of an operation: those that only whoever asks knows. */
export function replacerOf(input: z.ZodType): (given: object, replace: (name: string) => string) => Promise<object> {
  const walk = walkOf(input)
  return async (given, replace) => (walk ? ((await walk(given, async (_, name) => replace(name))) as object) : given)
}

/** The names in a request that `namingOf` would look for, in its order, but for those that are something else. */
export async function namesIn(input: z.ZodType, given: object, isElse: (text: string) => boolean): Promise<string[]> {
  const names: string[] = []
  const note = ({ name }: MetName): string => {
    names.push(name)
    return name
  }
  await replaceEach(walkOf(input), given, note, { isElse })
  return names
}

/** A request with what its names were found to stand for, in the order in which they are met; references into a list stay names. */
export async function withKnown(
  input: z.ZodType,
  given: object,
  known: readonly string[],
  isElse: (text: string) => boolean,
): Promise<object> {
  const stands = ({ name, place }: MetName): string => {
    const id = known[place]
    return id === undefined || id.startsWith('$') ? name : id
  }
  return (await replaceEach(walkOf(input), given, stands, { isElse })) as object
}

/** Whether a text stands for something without a look. */
function isPlain({ accounts, units, kinds, isNumber }: Named, text: string): boolean {
  if (isNumber) return true
  if (kinds) return isIdLike(text)
  return (accounts && isAccountId(text)) || (units === true && (isTargetId(text) || text === everywhere))
}

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
