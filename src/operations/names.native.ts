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
      const found = new Map<string, string>()
      const looked = new Looked(context, action)
      const resolve: Resolve = async (mark, name) => {
        if (isPlain(mark, name)) {
          if (isAccountId(name)) looked.nameAccount(name)
          return name
        }
        const key = JSON.stringify([mark, name])
        const known = found.get(key)
        if (known !== undefined) return known
        if (found.size >= namesMax) {
          refuse({
            code: 'LimitExceeded',
            what: { of: isOfAccount(mark) ? 'account-names' : 'names' },
            limit: namesMax,
            used: found.size + 1,
            isOfRequest: true,
          })
        }
        const before = met?.known?.[met.found.length]
        const id = before ?? (await findNamed(context, { named: mark, action, looked }, name))
        met?.found.push(id)
        found.set(key, id)
        if (mark.accounts && isAccountId(id)) looked.nameAccount(id)
        return id
      }
      return (await walk(given, resolve)) as typeof given
    })
  )
}

/** The input of an operation with some of its names replaced: those that only whoever asks knows. */
export async function replaceNames(
  input: z.ZodType,
  given: object,
  replace: (name: string) => string,
): Promise<object> {
  const walk = walkOf(input)
  return walk ? ((await walk(given, async (_, name) => replace(name))) as object) : given
}

/** The names in a request that `namingOf` would look for, in its order, but for those that are something else. */
export async function namesIn(input: z.ZodType, given: object, isElse: (text: string) => boolean): Promise<string[]> {
  const names = new Map<string, string>()
  const walk = walkOf(input)
  await walk?.(given, async (mark, name) => {
    if (!isPlain(mark, name) && !isElse(name)) names.set(JSON.stringify([mark, name]), name)
    return name
  })
  return [...names.values()]
}

/** A request with what its names were found to stand for, in the order in which they are met; references into a list stay names. */
export async function withKnown(
  input: z.ZodType,
  given: object,
  known: readonly string[],
  isElse: (text: string) => boolean,
): Promise<object> {
  const found = new Map<string, string>()
  const walk = walkOf(input)
  const walked = await walk?.(given, async (mark, name) => {
    if (isPlain(mark, name) || isElse(name)) return name
    const key = JSON.stringify([mark, name])
    const id = found.get(key) ?? known[found.size] ?? name
    found.set(key, id)
    return id.startsWith('$') ? name : id
  })
  return (walked as object | undefined) ?? given
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
