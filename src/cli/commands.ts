// The words of the command line, for `main.ts`, `cadastre help` and the reference page alike.

export interface CommandWords {
  /** The words that call it, such as `keys create`. */
  readonly words: string
  readonly usage: string
  readonly meaning: string
}

export const commandWords = {
  serve: { words: 'serve', usage: '', meaning: 'Run the server.' },
  createKey: {
    words: 'keys create',
    usage: '--account N --user NAME',
    meaning: 'Make an access key for a user of an account, and print it once.',
  },
  operatorToken: {
    words: 'operator token',
    usage: '--principal user:NAME [--role ROLE] [--node NODE]',
    meaning:
      'At the server itself: make a token of the native API that ends in an hour, and bind a role to its principal (organization-administrator, everywhere, unless said otherwise).',
  },
  listKeys: {
    words: 'keys list',
    usage: '--account N',
    meaning: 'List the access keys and the sessions of an account.',
  },
  disableKey: {
    words: 'keys disable',
    usage: 'KEY | --account N',
    meaning:
      'End an access key, or all of an account, and the sessions opened with them: for every request that begins afterwards, on every server.',
  },
  migrate: {
    words: 'migrate',
    usage: '',
    meaning:
      "Make or migrate the schema in PostgreSQL as its owner, and give the servers' user exactly the rights that it needs.",
  },
  accept: {
    words: 'database accept',
    usage: '',
    meaning:
      'After a restore that was meant: take the database in PostgreSQL as it is, without what this server had acknowledged beyond it.',
  },
  explain: { words: 'explain', usage: 'DECISION', meaning: 'Tell why a decision came out as it did.' },
  check: {
    words: 'check',
    usage: '',
    meaning: 'Prove that every address of every pool is free, allocated or resting, and none twice.',
  },
  move: {
    words: 'move',
    usage: '--from sqlite:FOLDER --to postgres://…',
    meaning:
      'Move everything from the embedded database of a server that is stopped to an empty PostgreSQL, and prove that it is the same there.',
  },
  version: { words: 'version', usage: '', meaning: 'Print the version.' },
  help: { words: 'help', usage: '', meaning: 'Print this.' },
} as const satisfies Record<string, CommandWords>
