// The words of the commands for policy as files: they alone are read where another command runs.
import { type CommandOption, type CommandWords, output } from '#cli/commands.ts'

const server: readonly CommandOption[] = [
  { flag: 'profile', value: 'NAME', meaning: 'The profile to use, of those that `cadastre login` made.' },
  { flag: 'url', value: 'URL', meaning: 'The server to ask, such as `https://cadastre.example.com`.' },
]
const remove: CommandOption = {
  flag: 'remove',
  meaning:
    'Also remove what the server has and the files do not, of the kinds that the files have; else it is listed and kept.',
}

export const fileWords = {
  schema: { words: 'schema', meaning: 'Print the JSON Schema of policy files, for editors and other programs.' },
  validate: {
    words: 'validate',
    argument: '<DIR>',
    options: [output],
    meaning:
      'Check a directory of policy files without a server: names, values, and policies that stand against each other.',
  },
  export: {
    words: 'export',
    options: [
      {
        flag: 'dir',
        value: 'DIR',
        meaning: 'Where to write the files; what this command wrote there before is replaced.',
        isRequired: true,
      },
      ...server,
    ],
    meaning: 'Write everything governed that you may see as files, with names in place of ids.',
  },
  plan: {
    words: 'plan',
    argument: '<DIR>',
    options: [
      remove,
      {
        flag: 'out',
        value: 'FILE',
        meaning:
          'Keep the plan, for `cadastre apply FILE`: it applies to the state that it was made for, and to no other.',
      },
      { flag: 'markdown', meaning: 'Print it for a comment on a pull request.' },
      { flag: 'exit-code', meaning: 'End with 9 where there is something to change.' },
      ...server,
      output,
    ],
    meaning: 'Show what would change on the server to be as the files say, for whom, and what would comply no more.',
  },
  apply: {
    words: 'apply',
    argument: '<DIR-OR-PLAN>',
    options: [
      remove,
      { flag: 'dry-run', meaning: 'Try all of it at the server, and change nothing.' },
      {
        flag: 'request',
        meaning:
          'Propose all of it as one change request, for others to approve. Said again, it goes on with that one: it is applied once it is approved.',
      },
      {
        flag: 'reason',
        value: 'TEXT',
        meaning: 'With `--request`: what for, for whoever approves and for the record.',
      },
      {
        flag: 'node',
        value: 'NODE',
        meaning:
          'With `--request`: a node at or above all that changes, such as `/Prod`, where it is decided on; the root by default.',
      },
      {
        flag: 'window',
        value: 'JSON',
        meaning: 'With `--request`: when it may be applied, as `{"from": MOMENT, "until": MOMENT}`.',
      },
      {
        flag: 'rollout',
        value: 'JSON',
        meaning: 'With `--request`: in which stages it is made, as `cadastre change-request propose` takes them.',
      },
      ...server,
      output,
    ],
    meaning:
      'Make the server as a directory of policy files says, or as a plan does: in one transaction, or by a change request.',
  },
  simulate: {
    words: 'simulate',
    options: [
      {
        flag: 'dir',
        value: 'DIR',
        meaning: 'What would be done: the server is as a directory of policy files says.',
      },
      remove,
      {
        flag: 'operations',
        value: 'JSON',
        meaning:
          'In place of `--dir`: a list of operations as `governance apply` takes it, as JSON, `@FILE`, or `-` for the standard input.',
      },
      { flag: 'simulation', value: 'ID', meaning: 'In place of `--dir`: one that was begun.' },
      { flag: 'days', value: 'NUMBER', meaning: 'Requests of so many days are asked again; 30 by default.' },
      ...server,
      output,
    ],
    meaning:
      'Ask what a change of governance would make of the requests on record, of space in use and of pools, wait for the answer and print it.',
  },
} as const satisfies Record<string, CommandWords>
export type FileCommand = keyof typeof fileWords
