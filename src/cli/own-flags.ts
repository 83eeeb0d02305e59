// The flags that the command line itself gives to the commands of the native API, whatever their parameters.

import { severities } from '#model/finding.ts'
import { type FormatName, formats } from './formats.ts'

/** How an answer is printed. */
export const outputs: readonly Output[] = ['table', ...(Object.keys(formats) as FormatName[])]
export type Output = 'table' | FormatName
const meanings = Object.values(formats).map(({ meaning }) => meaning)
export const forms = ['short', 'standard', 'long'] as const
export type Form = (typeof forms)[number]

export interface OwnFlag {
  /** Undefined: it is there or not. */
  readonly value?: string
  /** Undefined: whatever fits the value. */
  readonly choices?: readonly string[]
  /** One letter that is short for it. */
  readonly letter?: string
  /** It is about how the answer is printed, and stands with the others of this kind in `--help`. */
  readonly isOfOutput?: true
  readonly meaning: string
}

export const ownFlags = {
  output: {
    value: 'FORMAT',
    choices: outputs,
    letter: 'o',
    isOfOutput: true,
    meaning: `How to print the answer: as a table for people (the default), ${meanings.slice(0, -1).join(', ')}, or ${meanings.at(-1)}.`,
  },
  json: {
    isOfOutput: true,
    meaning: 'Short for `-o json`; a refusal of the server is JSON too, on the standard error.',
  },
  wide: {
    isOfOutput: true,
    meaning: 'All columns and whole ids, however long the lines; so is whatever is not printed on a terminal.',
  },
  field: {
    value: 'NAME',
    isOfOutput: true,
    meaning: 'Print this member of the answer alone, of a list a line for each item; `a.b` is the `b` of `a`.',
  },
  form: { value: 'FORM', choices: forms, isOfOutput: true, meaning: 'How much to say: short, standard or long.' },
  'import-account': {
    value: 'ACCOUNT',
    isOfOutput: true,
    meaning: 'With `-o asff`: the account of AWS that imports it; yours by default.',
  },
  'import-region': { value: 'REGION', isOfOutput: true, meaning: 'With `-o asff`: the Region that imports it.' },
  'fail-on': {
    value: 'SEVERITY',
    choices: severities,
    meaning:
      'End with the exit code 10 where there are open ones of this severity or a worse one, whatever is printed.',
  },
  all: { isOfOutput: true, meaning: 'Follow the pages to the end; of what is done in parts, do all of them.' },
  follow: { isOfOutput: true, meaning: 'Go on with what comes, until interrupted.' },
  'dry-run': { meaning: 'Decide and answer as always, but change nothing.' },
  impact: {
    meaning: 'Change nothing, and say which space in use would comply with policy no more, and which would again.',
  },
  'idempotency-key': {
    value: 'KEY',
    meaning: 'Your own name for this request: a repeat within a day has no second effect. Drawn by default.',
  },
  'if-match': { value: 'ETAG', meaning: 'Refuse where it is no longer as you read it; `show` says the ETAG.' },
  profile: { value: 'NAME', meaning: 'The profile to use, of those that `cadastre login` made.' },
  url: { value: 'URL', meaning: 'The server to ask, such as `https://cadastre.example.com`.' },
  help: { meaning: 'Say how it is called.' },
} as const satisfies Record<string, OwnFlag>
