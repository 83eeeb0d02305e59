// What the command line ends with: one number for each kind of end, for scripts to tell them apart.

export const exitCodes = {
  done: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'something else failed' },
  wrongWords: {
    code: 2,
    meaning: 'wrong words: a command, flag or value that is not allowed, here or by the server (400)',
  },
  notSignedIn: { code: 3, meaning: 'not signed in: no token, or one that is over (401)' },
  denied: { code: 4, meaning: 'denied, by policy or for want of a role (403)' },
  notFound: { code: 5, meaning: 'there is no such thing, or you may not see it (404), or it is no longer kept (410)' },
  conflict: { code: 6, meaning: 'it conflicts with what is there, or that has changed meanwhile (409, 412, 422)' },
  exhausted: { code: 7, meaning: 'no space is left (507)' },
  tryLater: {
    code: 8,
    meaning: 'not now: too many requests, trouble at the server, or no way to it (429, 503, network)',
  },
  changes: { code: 9, meaning: 'there is something to change, where `--exit-code` asks for that' },
  findings: { code: 10, meaning: 'there are open findings of the severity that `--fail-on` names, or of a worse one' },
} as const
export type Ending = keyof typeof exitCodes

const endingsByStatus: Readonly<Record<number, Ending>> = {
  400: 'wrongWords',
  401: 'notSignedIn',
  403: 'denied',
  404: 'notFound',
  409: 'conflict',
  410: 'notFound',
  412: 'conflict',
  422: 'conflict',
  429: 'tryLater',
  503: 'tryLater',
  507: 'exhausted',
}

/** How a command ends that the server refused. */
export function endingOf({ status, code }: { readonly status: number; readonly code: string }): Ending {
  // The route is missing, or what it would do, and not what it leads to.
  if (code === 'InvalidAction' || code === 'NotSupported') return 'failed'
  return endingsByStatus[status] ?? 'failed'
}

/** Ends the command with a sentence, and what to do about it. */
export class Stopped extends Error {
  readonly ending: Ending
  readonly nextSteps: readonly string[]
  constructor(ending: Ending, sentence: string, nextSteps: readonly string[] = []) {
    super(sentence)
    this.name = 'Stopped'
    this.ending = ending
    this.nextSteps = nextSteps
  }
}

/** Wrong words: exit code 2, and how it should have been. */
export class UsageProblem extends Error {}
