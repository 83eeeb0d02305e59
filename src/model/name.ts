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

/** Whether a text stands for something by what it is, so that no name is looked for. */
export const isIdLike = (text: string): boolean =>
  isTargetId(text) || text === everywhere || text === provider || idKinds.some((kind) => hasDigitsOf(kind, text))
