// Accounts by name: whatever names one in a request of the native API is its number, its id in its cloud, or a name that no other has.
import type { z } from 'zod'
import { isAccountId, isTargetId } from '#model/organization.ts'
import { numbered, refuse } from '#model/refusal.ts'
import { type Action, everywhere } from '#model/roles.ts'
import { permitter } from './identity/authority.ts'
import { visibleAccounts } from './identity/visible-accounts.ts'
import type { ReadContext } from './operation.ts'
import { accountsCalled } from './organization/called.ts'
import { accountMarks } from './shapes.native.ts'

/** Names that are looked for in one request; numbers cost nothing. */
const namesMax = 1_000

/** Gives a request the numbers of the accounts that it names. */
export type Naming = <Input>(context: ReadContext, action: Action, input: Input) => Promise<Input>

/** What replaces names in the requests of an operation; undefined where they can name no account. */
export function namingOf(input: z.ZodType): Naming | undefined {
  const walk = walkOf(input)
  return (
    walk &&
    (async (context, action, given) => {
      const found = new Map<string, string>()
      const numberOf = async (name: string): Promise<string> => {
        if (isAccountId(name)) return name
        const known = found.get(name)
        if (known !== undefined) return known
        if (found.size >= namesMax) {
          refuse({
            code: 'LimitExceeded',
            what: 'names of accounts',
            limit: namesMax,
            used: found.size + 1,
            isOfRequest: true,
          })
        }
        const number = await findByName(context, action, name)
        found.set(name, number)
        return number
      }
      return (await walk(given, numberOf)) as typeof given
    })
  )
}

/**
 * The number of the one account that is called so, among those that the caller may see or do the action at: others neither answer
 * to their name nor make it ambiguous (invariant I8).
 */
async function findByName(context: ReadContext, action: Action, name: string): Promise<string> {
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

type Walk = (value: unknown, numberOf: (name: string) => Promise<string>) => Promise<unknown>

/** The way to the marked texts in values of a shape; undefined where there are none. */
function walkOf(schema: z.core.$ZodType): Walk | undefined {
  const mark = accountMarks.get(schema)
  if (mark) {
    return async (value, numberOf) =>
      typeof value !== 'string' || (mark.orNode && (isTargetId(value) || value === everywhere))
        ? value
        : numberOf(value)
  }
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
      return undefined
  }
}

/** Of several at once, each names its own account, and a refusal says which one it was. */
const isRequest = (schema: z.core.$ZodType): boolean => {
  const { def } = (schema as z.core.$ZodTypes)._zod
  return def.type === 'object' && Object.values(def.shape).some((member) => accountMarks.get(member))
}

function walkOfArray(walk: Walk | undefined, isNumbered: boolean): Walk | undefined {
  return (
    walk &&
    (async (value, numberOf) => {
      if (!Array.isArray(value)) return value
      const walked: unknown[] = []
      for (const [index, one] of value.entries()) {
        const numberIn = () => walk(one, numberOf)
        walked.push(await (isNumbered ? numbered(index, numberIn) : numberIn()))
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
  return async (value, numberOf) => {
    if (typeof value !== 'object' || value === null) return value
    const walked: Record<string, unknown> = { ...value }
    for (const [name, walk] of walks) {
      if (walked[name] !== undefined) walked[name] = await walk(walked[name], numberOf)
    }
    return walked
  }
}
