// The flags that the command line itself gives to the commands of the native API, whatever their parameters.

export interface OwnFlag {
  /** Undefined: it is there or not. */
  readonly value?: string
  readonly meaning: string
}

export const ownFlags = {
  json: { meaning: "Print the API's JSON; a refusal of the server is JSON too, on the standard error." },
  field: {
    value: 'NAME',
    meaning: 'Print this member of the answer alone, of a list a line for each item; `a.b` is the `b` of `a`.',
  },
  profile: { value: 'NAME', meaning: 'The profile to use, of those that `cadastre login` made.' },
  url: { value: 'URL', meaning: 'The server to ask, such as `https://cadastre.example.com`.' },
  'dry-run': { meaning: 'Decide and answer as always, but change nothing.' },
  'idempotency-key': {
    value: 'KEY',
    meaning: 'Your own name for this request: a repeat within a day has no second effect. Drawn by default.',
  },
  'if-match': { value: 'ETAG', meaning: 'Refuse where it is no longer as you read it; `show` says the ETAG.' },
  all: { meaning: 'Follow the pages to the end.' },
  follow: { meaning: 'Go on with what comes, until interrupted.' },
  form: { value: 'FORM', meaning: 'How much to say: short, standard or long.' },
  help: { meaning: 'Say how it is called.' },
} as const satisfies Record<string, OwnFlag>

export const forms = ['short', 'standard', 'long'] as const
export type Form = (typeof forms)[number]
