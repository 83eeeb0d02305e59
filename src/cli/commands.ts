// The words of the command line that are no operations of the native API, for `program.ts` and the reference page alike.

import { type OwnFlag, outputs } from './own-flags.ts'

export interface CommandOption extends Pick<OwnFlag, 'choices' | 'letter'> {
  /** Without the dashes. */
  readonly flag: string
  /** What stands for its value, such as `NAME`; without one it is there or not. */
  readonly value?: string
  readonly meaning: string
  readonly isRequired?: true
}

export interface CommandWords {
  /** The words that call it, such as `keys create`. */
  readonly words: string
  /** `<NAME>` must be there, `[NAME]` may. */
  readonly argument?: string
  readonly options?: readonly CommandOption[]
  readonly meaning: string
}

const account: CommandOption = {
  flag: 'account',
  value: 'N',
  meaning: 'The number of an account, its id in its cloud, or its name.',
}

export const output: CommandOption = {
  flag: 'output',
  letter: 'o',
  value: 'FORMAT',
  choices: outputs,
  meaning: 'How to print it: as a table for people, JSON, YAML or CSV, in the envelope of all lists.',
}

/** Which role the operator gives whom it is for, and where. */
const boundRole = [
  { flag: 'role', value: 'ROLE', meaning: '`organization-administrator` by default.' },
  {
    flag: 'node',
    value: 'NODE',
    meaning: 'Where the role holds: a node by its id, or an account or unit by its name; everywhere by default.',
  },
  {
    flag: 'break-glass',
    value: 'REASON',
    meaning:
      'Why the role is given at once where change control is required: a finding until somebody else has reviewed it.',
  },
] as const

const backupKey = {
  flag: 'key-file',
  value: 'FILE',
  meaning: 'What the backup is sealed with: 64 hexadecimal digits (`openssl rand -hex 32`).',
} as const

/** At the server itself, on its database. Each has its work in `main.ts`. */
export const commandWords = {
  serve: { words: 'serve', meaning: 'Run the server.' },
  createKey: {
    words: 'keys create',
    options: [
      { ...account, isRequired: true },
      { flag: 'user', value: 'NAME', meaning: 'Whose key it is to be.', isRequired: true },
      output,
    ],
    meaning: 'Make an access key for a user of an account, and print it once.',
  },
  operatorToken: {
    words: 'operator token',
    options: [
      { flag: 'principal', value: 'user:NAME', meaning: 'Whom it is for, or `service:NAME`.', isRequired: true },
      ...boundRole,
      output,
    ],
    meaning: 'Make a token of the native API that ends in an hour, and bind a role to its principal.',
  },
  operatorConsole: {
    words: 'operator console',
    options: [
      { flag: 'principal', value: 'user:NAME', meaning: 'Who is to be signed in.', isRequired: true },
      ...boundRole,
      output,
    ],
    meaning:
      'Print a link that signs a browser in to the console once, within ten minutes, and bind a role to its principal.',
  },
  listKeys: {
    words: 'keys list',
    options: [{ ...account, isRequired: true }, output],
    meaning: 'List the access keys and the sessions of an account.',
  },
  disableKey: {
    words: 'keys disable',
    argument: '[KEY]',
    options: [{ ...account, meaning: 'In place of KEY: all of this account.' }, output],
    meaning:
      'End an access key, or all of an account, and the sessions opened with them: for every request that begins afterwards, on every server.',
  },
  migrate: {
    words: 'migrate',
    meaning:
      "Bring the schema up to date while no server of another version has the database. In PostgreSQL, as its owner: make it where it is missing, and give the servers' user exactly the rights that it needs.",
  },
  accept: {
    words: 'database accept',
    meaning:
      'Where nothing is written: take the clock as right although the record is ahead of it, and after a restore that was meant the database in PostgreSQL as it is, without what this server had acknowledged beyond it.',
  },
  explain: {
    words: 'explain',
    argument: '[DECISION]',
    meaning:
      'Tell why a decision came out as it did, or what an account would get; at the server itself without a token.',
  },
  decisionsKeep: {
    words: 'decisions keep',
    argument: '[TIME]',
    options: [output],
    meaning:
      'Set how long decisions, and findings that are over, are kept, such as `400d`, or `for-good`; without TIME, print it. On PostgreSQL as the owner of the schema.',
  },
  check: {
    words: 'check',
    options: [output],
    meaning: 'Prove that every address of every pool is free, allocated or resting, and none twice.',
  },
  auditVerify: {
    words: 'audit verify',
    argument: '[PATH-OR-URL]',
    options: [
      {
        flag: 'key',
        value: 'KEY',
        meaning: 'The public key that signs the log, or a file with it; without it, those that the database has.',
      },
      {
        flag: 'checkpoint',
        value: 'FILE',
        meaning: 'A checkpoint that was kept elsewhere: whether the log still begins with what it was then.',
      },
      output,
    ],
    meaning:
      'Prove that nobody has changed what is on record, and say where somebody has: in the database of this server or, with PATH, of a folder that was exported, a pack, or the proof of one change, or with a URL the log of a server anywhere; these need nothing but the public key.',
  },
  auditKey: {
    words: 'audit key',
    options: [
      { flag: 'witness', meaning: 'As they sign for the logs of others: for who names this server as a witness.' },
      output,
    ],
    meaning: 'Print the public keys that sign the log of evidence, the newest first.',
  },
  auditNewKey: {
    words: 'audit new-key',
    options: [output],
    meaning: 'Make a new key that signs the log of evidence from now on, and print its public part.',
  },
  auditExport: {
    words: 'audit export',
    options: [{ flag: 'to', value: 'FOLDER', meaning: 'The folder; what is there goes on.', isRequired: true }, output],
    meaning: 'Write the log of evidence to a folder, as C2SP tiles and checkpoints: for whoever is to keep it.',
  },
  auditProve: {
    words: 'audit prove',
    argument: '<CHANGE>',
    meaning: 'Print a change, by its id, with the proof that it is in the log of evidence.',
  },
  auditErase: {
    words: 'audit erase',
    options: [
      { flag: 'principal', value: 'ARN', meaning: 'Who, as `cadastre change list` shows them.', isRequired: true },
      output,
    ],
    meaning:
      'Erase who somebody was, their keys and from where they asked, from what is on record of requests; what was done stays, and stays proven. On PostgreSQL as the owner of the schema.',
  },
  auditPack: {
    words: 'audit pack',
    options: [
      { flag: 'to', value: 'FILE', meaning: 'The file, which must not be there yet.', isRequired: true },
      { flag: 'from', value: 'TIME', meaning: 'The beginning of the period; that of the record by default.' },
      { flag: 'until', value: 'TIME', meaning: 'The end of the period, which is not in it; now by default.' },
      {
        flag: 'node',
        value: 'ID',
        meaning: 'The root, a unit or an account, with all below it; everything by default.',
      },
      output,
    ],
    meaning:
      'Write what is on record of a period, with its proofs, change requests, compliance by day and what was in force at its end, to one signed file. Without a database in the data folder, the server makes it that you are signed in to.',
  },
  backup: {
    words: 'backup',
    options: [
      {
        flag: 'to',
        value: 'FILE',
        meaning:
          'A file that is not there yet, on a disk with room for twice the database; `-` is the standard output.',
      },
      backupKey,
      output,
    ],
    meaning:
      'Write everything as of now to one file, while servers work: of either engine, for either. The sealing key of the server is not in it.',
  },
  backupVerify: {
    words: 'backup verify',
    argument: '<FILE>',
    options: [backupKey, output],
    meaning:
      'Restore a backup into nothing, with the sealing key that is configured, and prove that every address of every pool is free, allocated or resting, and none twice.',
  },
  restore: {
    words: 'restore',
    argument: '<FILE>',
    options: [backupKey, output],
    meaning:
      'Put a backup into the data folder, or the PostgreSQL, that is configured and has no database yet: all of it, or nothing.',
  },
  move: {
    words: 'move',
    options: [
      { flag: 'from', value: 'sqlite:FOLDER', meaning: 'The data folder of a server that is stopped.' },
      { flag: 'to', value: 'URL', meaning: 'As in CADASTRE_DATABASE_URL, such as `postgres://USER@HOST/DATABASE`.' },
    ],
    meaning:
      'Move everything from the embedded database of a server that is stopped to an empty PostgreSQL, and prove that it is the same there.',
  },
  version: { words: 'version', options: [output], meaning: 'Print the version.' },
} as const satisfies Record<string, CommandWords>
export type LocalCommand = keyof typeof commandWords

/** Those that completion is written for. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** What the command line does for itself. */
export const ownWords = {
  login: {
    words: 'login',
    options: [
      { flag: 'url', value: 'URL', meaning: 'The server; that of the profile by default.' },
      {
        flag: 'profile',
        value: 'NAME',
        meaning:
          'The profile to keep it in, which leaves the one in use as it is; `default`, which is used from now on, by default.',
      },
      { flag: 'token', value: '-', meaning: 'Read a token from the standard input, and sign in with that.' },
    ],
    meaning: 'Sign in with your browser, or with a token, and keep who you are in a profile.',
  },
  logout: {
    words: 'logout',
    options: [{ flag: 'profile', value: 'NAME', meaning: 'The profile; the one in use by default.' }],
    meaning: 'End the token of a profile at the server, and forget it.',
  },
  listProfiles: {
    words: 'profile list',
    options: [output],
    meaning: 'List the profiles.',
  },
  useProfile: { words: 'profile use', argument: '<NAME>', meaning: 'Use a profile from now on.' },
  removeProfile: {
    words: 'profile remove',
    argument: '<NAME>',
    meaning: 'Forget a profile, without asking its server: its token goes on until it expires.',
  },
  completion: {
    words: 'completion',
    argument: '<SHELL>',
    meaning: 'Print what makes a shell complete these words: bash, zsh or fish.',
  },
} as const satisfies Record<string, CommandWords>
export type OwnCommand = keyof typeof ownWords

/** How a command is written, such as `keys create --account N --user NAME`. */
export function usageOf({ words, argument, options = [] }: CommandWords): string {
  const flags = options.map(({ flag, value, isRequired }) =>
    isRequired ? `--${flag} ${value}` : `[--${flag}${value === undefined ? '' : ` ${value}`}]`,
  )
  return [words, argument?.replace(/^<(.*)>$/, '$1'), ...flags].filter(Boolean).join(' ')
}
