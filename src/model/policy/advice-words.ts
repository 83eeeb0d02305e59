// What to do after a denial, in words: the shortest way to comply, and the ready command that asks for an exception.

import { type Action, roleNames, roles } from '../roles.ts'
import type { Advice, ExceptionWay } from './advice.ts'
import { nameIds } from './explain.ts'
import { describeNext } from './nearest-change.ts'

/** For programs. */
export interface AdviceInWords {
  readonly nearestChange: string
  readonly exceptionCommand?: string
  readonly mayRequestException?: boolean
}

export const adviceInWords = (advice: Advice): AdviceInWords => {
  const { exception, nearest, names } = advice
  return {
    nearestChange: nameIds(describeNext({ outcome: 'deny' }, nearest)!, names),
    ...(exception && { exceptionCommand: exceptionCommand(exception.decision) }),
    ...(exception?.mayRequest !== undefined && { mayRequestException: exception.mayRequest }),
  }
}

/** For how long a ready command asks; whoever takes it says another time where that does not do. */
const readyFor = '7d'

/** Runs as it is; the reason is for whoever runs it to replace. */
export const exceptionCommand = (decision: string): string =>
  `cadastre exception request --decision ${decision} --for ${readyFor} --reason 'WHY'`

/** A line for each of the two, for people. */
export function linesOfAdvice(advice: Advice): readonly string[] {
  const { nearestChange } = adviceInWords(advice)
  return [`Nearest change: ${nearestChange}`, ...(advice.exception ? [lineOfException(advice.exception)] : [])]
}

function lineOfException({ decision, account, mayRequest, contact }: ExceptionWay): string {
  const command = `\`${exceptionCommand(decision)}\``
  const needs = `${rolesThatMay('exception:request')} at account ${account}`
  if (mayRequest) return `To request an exception: ${command}.`
  if (mayRequest === undefined) return `To request an exception, as somebody with ${needs}: ${command}.`
  const whom = contact === undefined ? `somebody with ${needs}` : `${contact}, or somebody with ${needs},`
  return `You may not request an exception yourself: ask ${whom} to run ${command}.`
}

/** Those that somebody is given for this; whoever administrates all has all rights, and is not named. */
const rolesThatMay = (action: Action): string =>
  roleNames
    .filter((name) => name !== 'organization-administrator')
    .filter((name) => (roles[name].actions as readonly Action[]).includes(action))
    .map((name) => `\`${name}\``)
    .join(' or ')
