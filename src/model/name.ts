// What pools, IPAMs, scopes, policies and networks can be called by whoever gives them a name as such.
import { hasDigitsOf, idKinds } from './identifier.ts'
import { isTargetId } from './organization.ts'
import { provider } from './policy/decision.ts'
import type { Problem } from './problems/problem.ts'
import { everywhere } from './roles.ts'
import { textProblem } from './text.ts'

/** Of a name that is given as such. A tag `Name` that came over EC2 may be longer, and is the name too. */
export const nameCharactersMax = 128

/** What is wrong with a name; undefined where nothing is. */
export function nameProblem(name: string): Problem | undefined {
  const problem = textProblem(name, nameCharactersMax)
  if (problem) return problem
  return isIdLike(name) ? { why: 'id-like' } : undefined
}

/**
 * What is wrong with a new name of a unit or an account; undefined where nothing is. Ways of names are parted by slashes.
 * @param own the number of an account, which it may be called by
 */
export function nodeNameProblem(name: string, own?: string): Problem | undefined {
  if (name.includes('/')) return { why: 'slash-in-name' }
  return isIdLike(name) && name !== own ? { why: 'id-like' } : undefined
}
/** Whether nothing of the organization answers to a text as its name: what was called so before goes by its id. */
export const isNoNodeName = (text: string): boolean => nodeNameProblem(text) !== undefined

/** Whether a text stands for something by what it is, so that no name is looked for. */
export const isIdLike = (text: string): boolean =>
  isTargetId(text) || text === everywhere || text === provider || idKinds.some((kind) => hasDigitsOf(kind, text))
